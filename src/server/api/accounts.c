// Console accounts, tokens and sessions as records of the store.
//
//   01 10 01 name          an account, JSON
//   01 10 02 hash          a token, JSON: the key is the SHA-256 of the secret, which is kept nowhere
//   01 10 03 hash          a session of somebody who signed in, likewise
//
// Passwords: scrypt (RFC 7914), N=16384 r=8 p=1, which takes 16 MiB for some tens of milliseconds; one at a time.
#include "crypto/crypto.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "server/api/api_int.h"

#include <openssl/crypto.h>

enum { KIND_ACCOUNT = 1, KIND_TOKEN = 2, KIND_SESSION = 3, SALT_BYTES = 16, SCRYPT_N = 16384, ATTEMPTS_MAX = 100 };

#define TRY_STORE(call, err)                        \
    do {                                            \
        enum kv_result store_rc_ = (call);          \
        if (store_rc_ != KV_OK)                     \
            return sql_store_error(store_rc_, err); \
    } while (0)

// ---- transactions

typedef int store_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err);

// Slices of what was read end with the transaction: `work` copies.
static int store_txn(struct api *api, bool read_only, struct arena *a, store_work *work, void *arg, struct err *err)
{
    enum kv_result r = KV_CONFLICT;
    for (int attempt = 0; attempt < ATTEMPTS_MAX && (r == KV_CONFLICT || r == KV_DEADLOCK); attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        TRY_STORE(kv_begin(api->options.kv, &(struct kv_begin_options){.read_only = read_only}, &txn), err);
        int rc = work(txn, a, arg, err);
        if (rc != 0) {
            kv_abort(txn);
            return rc;
        }
        r = kv_commit(txn, &version);
    }
    return r == KV_OK ? 0 : sql_store_error(r, err);
}

static struct str record_key(struct arena *a, int kind, struct str rest)
{
    struct buf key = BUF_INIT;
    key_put_meta(&key, KEY_META_CONSOLE);
    buf_putc(&key, (char)kind);
    buf_str(&key, rest);
    struct str copy = arena_str(a, buf_view(&key));
    buf_release(&key);
    return copy;
}

static int get_record(struct kv_txn *txn, struct arena *a, int kind, struct str rest, struct str *json, bool *found,
                      struct err *err)
{
    struct kv_value v;
    TRY_STORE(kv_get(txn, record_key(a, kind, rest), 0, &v), err);
    *found = v.found;
    return v.found ? json_parse(a, arena_str(a, v.value), json, err) : 0;
}

struct record {
    struct str key, json; // the key without its prefix
};
struct record_list {
    ARENA_VEC(struct record) records;
};

static int list_records(struct kv_txn *txn, struct arena *a, int kind, struct record_list *out, struct err *err)
{
    struct str prefix = record_key(a, kind, STR_EMPTY);
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    *out = (struct record_list){0};
    TRY_STORE(kv_scan_open(txn, key_prefix_range(a, prefix), 0, 0, &scan), err);
    while (batch.n > 0) {
        TRY_STORE(kv_scan_next(scan, 100, &batch), err);
        for (size_t i = 0; i < batch.n; i++) {
            struct record r = {.key = arena_str(a, str_slice(batch.pairs[i].key, prefix.len, batch.pairs[i].key.len))};
            TRY(json_parse(a, arena_str(a, batch.pairs[i].value), &r.json, err));
            ARENA_PUSH(a, &out->records, r);
        }
    }
    kv_scan_close(scan);
    return 0;
}

// ---- passwords

static void scrypt_hash(struct api *api, struct str password, struct str salt, uint8_t out[SHA256_BYTES])
{
    block_enter();
    pthread_mutex_lock(&api->password_lock);
    scrypt_sha256(password, salt, SCRYPT_N, out);
    pthread_mutex_unlock(&api->password_lock);
    block_leave();
}

static struct str make_verifier(struct api *api, struct arena *a, struct str password)
{
    uint8_t salt[SALT_BYTES], hash[SHA256_BYTES];
    struct buf text = BUF_INIT;
    secure_random(salt, sizeof(salt));
    scrypt_hash(api, password, (struct str){(char *)salt, sizeof(salt)}, hash);
    buf_cstr(&text, "scrypt$16384$8$1$");
    base64_encode(&text, (struct str){(char *)salt, sizeof(salt)});
    buf_putc(&text, '$');
    base64_encode(&text, (struct str){(char *)hash, sizeof(hash)});
    struct str verifier = arena_str(a, buf_view(&text));
    buf_release(&text);
    return verifier;
}

static bool split_verifier(struct str verifier, struct buf *salt, struct buf *hash)
{
    struct str rest = str_slice(verifier, MIN(verifier.len, strlen("scrypt$16384$8$1$")), verifier.len);
    ptrdiff_t dollar = str_find(rest, STR("$"), 0);
    return str_has_prefix(verifier, STR("scrypt$16384$8$1$")) && dollar > 0 &&
           base64_decode(salt, str_slice(rest, 0, (size_t)dollar)) &&
           base64_decode(hash, str_slice(rest, (size_t)dollar + 1, rest.len)) && hash->len == SHA256_BYTES;
}

bool account_check_password(struct api *api, const struct account *account, bool found, struct str password)
{
    struct buf salt = BUF_INIT, hash = BUF_INIT;
    uint8_t given[SHA256_BYTES];
    bool usable = found && split_verifier(account->verifier, &salt, &hash);
    scrypt_hash(api, password, usable ? buf_view(&salt) : STR("no such account!"), given);
    bool same = usable && equal_constant_time(given, hash.ptr, SHA256_BYTES);
    buf_release(&salt);
    buf_release(&hash);
    return same;
}

static int check_password_rules(struct str password, struct err *err)
{
    if (utf8_length(password) < PASSWORD_CHARACTERS_MIN)
        return err_set(err, ERR_INVALID_PASSWORD, "a password has at least %d characters", PASSWORD_CHARACTERS_MIN);
    if (password.len > 1000)
        return err_set(err, ERR_INVALID_PASSWORD, "a password has at most 1000 bytes");
    return 0;
}

// ---- accounts

static bool is_name_char(char c, bool first)
{
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alnum || (!first && (c == '.' || c == '_' || c == '-' || c == '@'));
}

static int check_name(struct str name, struct err *err)
{
    bool good = name.len > 0 && name.len <= ACCOUNT_NAME_BYTES_MAX;
    for (size_t i = 0; good && i < name.len; i++)
        good = is_name_char(name.ptr[i], i == 0);
    if (good)
        return 0;
    err_set(err, ERR_INVALID_NAME, "not a name for an account");
    return err_hint(err, "Letters, digits and . _ - @, at most %d.", ACCOUNT_NAME_BYTES_MAX);
}

static void read_account(struct str json, struct str name, struct account *out)
{
    *out = (struct account){.name = name, .admin = body_bool(json, "admin"), .clusters = STR_NONE};
    body_i64(json, "created", &out->created_micros);
    body_str(json, "verifier", &out->verifier);
    if (!body_str(json, "clusters", &out->clusters))
        out->clusters = STR_NONE;
}

static int put_account(struct kv_txn *txn, struct arena *a, const struct account *account, struct err *err)
{
    struct buf text = BUF_INIT;
    struct jw w = {.out = &text};
    jw_object(&w);
    jw_key(&w, "admin");
    jw_bool(&w, account->admin);
    jw_key(&w, "created");
    jw_i64(&w, account->created_micros);
    jw_key(&w, "verifier");
    jw_str(&w, account->verifier);
    jw_key(&w, "clusters");
    jw_str(&w, account->clusters);
    jw_end(&w);
    enum kv_result r = kv_put(txn, record_key(a, KIND_ACCOUNT, account->name), buf_view(&text));
    buf_release(&text);
    TRY_STORE(r, err);
    return 0;
}

struct account_work {
    struct str name;
    struct account account;
    bool found, first;
    struct account *list;
    size_t n;
};

static int get_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct account_work *work = arg;
    struct str json;
    TRY(get_record(txn, a, KIND_ACCOUNT, work->name, &json, &work->found, err));
    if (work->found)
        read_account(json, work->name, &work->account);
    return 0;
}

int account_get(struct api *api, struct arena *a, struct str name, struct account *out, bool *found, struct err *err)
{
    struct account_work work = {.name = name};
    TRY(store_txn(api, true, a, get_work, &work, err));
    *out = work.account;
    *found = work.found;
    return 0;
}

static int list_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct account_work *work = arg;
    struct record_list list;
    TRY(list_records(txn, a, KIND_ACCOUNT, &list, err));
    work->n = list.records.len;
    work->list = arena_zalloc(a, (list.records.len + 1) * sizeof(*work->list));
    for (size_t i = 0; i < work->n; i++)
        read_account(list.records.ptr[i].json, list.records.ptr[i].key, &work->list[i]);
    return 0;
}

int account_list(struct api *api, struct arena *a, struct account **out, size_t *n, struct err *err)
{
    struct account_work work = {0};
    TRY(store_txn(api, true, a, list_work, &work, err));
    *out = work.list;
    *n = work.n;
    return 0;
}

static int create_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct account_work *work = arg;
    TRY(list_work(txn, a, work, err));
    if (work->first && work->n > 0)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "there is an administrator already");
    for (size_t i = 0; i < work->n; i++)
        if (str_eq(work->list[i].name, work->account.name))
            return err_set(err, ERR_DUPLICATE_OBJECT, "account %.*s already exists", STR_FMT(work->account.name));
    return put_account(txn, a, &work->account, err);
}

int account_create(struct api *api, const struct account *account, struct str password, bool first, struct err *err)
{
    struct arena a;
    TRY(check_name(account->name, err));
    TRY(check_password_rules(password, err));
    arena_init(&a, NULL);
    struct account_work work = {.first = first, .account = *account};
    work.account.created_micros = clock_wall_ns() / 1000;
    work.account.verifier = make_verifier(api, &a, password);
    int rc = store_txn(api, false, &a, create_work, &work, err);
    arena_release(&a);
    return rc;
}

static int no_account(struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "account %.*s does not exist", STR_FMT(name));
}

// Tokens or sessions of the account; with `id` not empty only the token of this id.
static int delete_secrets(struct kv_txn *txn, struct arena *a, int kind, struct str account, struct str id,
                          size_t *deleted, struct err *err)
{
    struct record_list list;
    *deleted = 0;
    TRY(list_records(txn, a, kind, &list, err));
    for (size_t i = 0; i < list.records.len; i++) {
        struct str owner, token_id;
        body_str(list.records.ptr[i].json, "account", &owner);
        body_str(list.records.ptr[i].json, "id", &token_id);
        if (!str_eq(owner, account) || (id.len > 0 && !str_eq(token_id, id)))
            continue;
        TRY_STORE(kv_delete(txn, record_key(a, kind, list.records.ptr[i].key)), err);
        ++*deleted;
    }
    return 0;
}

// Ends the sessions that began with the old one.
static int password_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct account_work *work = arg;
    struct str verifier = work->account.verifier;
    struct account_work old = {.name = work->name};
    size_t sessions;
    TRY(get_work(txn, a, &old, err));
    if (!old.found)
        return no_account(work->name, err);
    TRY(delete_secrets(txn, a, KIND_SESSION, work->name, STR_EMPTY, &sessions, err));
    old.account.verifier = verifier;
    return put_account(txn, a, &old.account, err);
}

int account_set_password(struct api *api, struct str name, struct str password, struct err *err)
{
    struct arena a;
    TRY(check_password_rules(password, err));
    arena_init(&a, NULL);
    struct account_work work = {.name = name, .account.verifier = make_verifier(api, &a, password)};
    int rc = store_txn(api, false, &a, password_work, &work, err);
    arena_release(&a);
    return rc;
}

static int clusters_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    const struct account_work *work = arg;
    struct account_work old = {.name = work->name};
    TRY(get_work(txn, a, &old, err));
    if (!old.found)
        return no_account(work->name, err);
    old.account.clusters = work->account.clusters;
    return put_account(txn, a, &old.account, err);
}

int account_set_clusters(struct api *api, struct str name, struct str clusters, struct err *err)
{
    struct arena a;
    struct account_work work = {.name = name, .account.clusters = clusters};
    arena_init(&a, NULL);
    int rc = store_txn(api, false, &a, clusters_work, &work, err);
    arena_release(&a);
    return rc;
}

static int delete_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct account_work *work = arg;
    size_t admins = 0, deleted;
    bool found = false, admin = false;
    TRY(list_work(txn, a, work, err));
    for (size_t i = 0; i < work->n; i++) {
        admins += work->list[i].admin;
        if (str_eq(work->list[i].name, work->name)) {
            found = true;
            admin = work->list[i].admin;
        }
    }
    if (!found)
        return no_account(work->name, err);
    if (admin && admins == 1)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "the last administrator cannot be deleted");
    TRY(delete_secrets(txn, a, KIND_TOKEN, work->name, STR_EMPTY, &deleted, err));
    TRY(delete_secrets(txn, a, KIND_SESSION, work->name, STR_EMPTY, &deleted, err));
    TRY_STORE(kv_delete(txn, record_key(a, KIND_ACCOUNT, work->name)), err);
    return 0;
}

int account_delete(struct api *api, struct str name, struct err *err)
{
    struct arena a;
    struct account_work work = {.name = name};
    arena_init(&a, NULL);
    int rc = store_txn(api, false, &a, delete_work, &work, err);
    arena_release(&a);
    return rc;
}

// ---- tokens

struct token_work {
    struct api_token token; // of the account for lists and deletion
    struct str hash;
    struct account account;
    bool found;
    struct api_token *list;
    size_t n;
};

static struct str hash_of(struct arena *a, struct str secret)
{
    uint8_t hash[SHA256_BYTES];
    sha256(secret, hash);
    return arena_str(a, (struct str){(char *)hash, sizeof(hash)});
}

static int put_token_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct token_work *work = arg;
    struct buf text = BUF_INIT;
    struct jw w = {.out = &text};
    jw_object(&w);
    jw_key(&w, "id");
    jw_str(&w, work->token.id);
    jw_key(&w, "name");
    jw_str(&w, work->token.name);
    jw_key(&w, "account");
    jw_str(&w, work->token.account);
    jw_key(&w, "created");
    jw_i64(&w, work->token.created_micros);
    jw_key(&w, "expires");
    jw_i64(&w, work->token.expires_micros);
    jw_end(&w);
    enum kv_result r = kv_put(txn, record_key(a, KIND_TOKEN, work->hash), buf_view(&text));
    buf_release(&text);
    TRY_STORE(r, err);
    return 0;
}

int token_create(struct api *api, struct arena *a, const struct api_token *token, struct str *secret, struct err *err)
{
    char random[TOKEN_CHARACTERS + 1];
    random_token(random, TOKEN_CHARACTERS);
    *secret = arena_printf(a, "pal_%s", random);
    OPENSSL_cleanse(random, sizeof(random));
    struct token_work work = {.token = *token, .hash = hash_of(a, *secret)};
    return store_txn(api, false, a, put_token_work, &work, err);
}

static void read_token(struct str json, struct api_token *out)
{
    *out = (struct api_token){0};
    body_str(json, "id", &out->id);
    body_str(json, "name", &out->name);
    body_str(json, "account", &out->account);
    body_i64(json, "created", &out->created_micros);
    body_i64(json, "expires", &out->expires_micros);
}

static int list_tokens_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct token_work *work = arg;
    struct record_list list;
    TRY(list_records(txn, a, KIND_TOKEN, &list, err));
    work->list = arena_zalloc(a, (list.records.len + 1) * sizeof(*work->list));
    work->n = 0;
    for (size_t i = 0; i < list.records.len; i++) {
        read_token(list.records.ptr[i].json, &work->list[work->n]);
        work->n += str_eq(work->list[work->n].account, work->token.account);
    }
    return 0;
}

int token_list(struct api *api, struct arena *a, struct str account, struct api_token **out, size_t *n, struct err *err)
{
    struct token_work work = {.token.account = account};
    TRY(store_txn(api, true, a, list_tokens_work, &work, err));
    *out = work.list;
    *n = work.n;
    return 0;
}

static int delete_token_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct token_work *work = arg;
    TRY(delete_secrets(txn, a, KIND_TOKEN, work->token.account, work->token.id, &work->n, err));
    return work->n > 0 ? 0 : err_set(err, ERR_UNDEFINED_OBJECT, "there is no such token");
}

int token_delete(struct api *api, struct str account, struct str id, struct err *err)
{
    struct arena a;
    struct token_work work = {.token = {.account = account, .id = id}};
    arena_init(&a, NULL);
    int rc = store_txn(api, false, &a, delete_token_work, &work, err);
    arena_release(&a);
    return rc;
}

static int find_token_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct token_work *work = arg;
    struct str json;
    TRY(get_record(txn, a, KIND_TOKEN, work->hash, &json, &work->found, err));
    if (!work->found)
        return 0;
    read_token(json, &work->token);
    work->found = work->token.expires_micros == 0 || work->token.expires_micros > clock_wall_ns() / 1000;
    if (!work->found)
        return 0;
    TRY(get_record(txn, a, KIND_ACCOUNT, work->token.account, &json, &work->found, err));
    if (work->found)
        read_account(json, work->token.account, &work->account);
    return 0;
}

int token_find(struct api *api, struct arena *a, struct str secret, struct account *out, bool *found, struct err *err)
{
    struct token_work work = {.hash = hash_of(a, secret)};
    TRY(store_txn(api, true, a, find_token_work, &work, err));
    *out = work.account;
    *found = work.found;
    return 0;
}

// ---- sessions

struct session_work {
    const struct stored_session *put; // NULL: none
    const struct str *deleted;        // hashes
    size_t n_deleted;
    struct account_work accounts;
    struct stored_session *list;
    size_t n;
};

static int change_sessions_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    const struct session_work *work = arg;
    for (size_t i = 0; i < work->n_deleted; i++)
        TRY_STORE(kv_delete(txn, record_key(a, KIND_SESSION, work->deleted[i])), err);
    struct kv_value old = {.found = true};
    if (work->put != NULL && work->put->again)
        TRY_STORE(kv_get(txn, record_key(a, KIND_SESSION, work->put->hash), 0, &old), err);
    if (work->put == NULL || !old.found)
        return 0;
    struct buf text = BUF_INIT;
    struct jw w = {.out = &text};
    jw_object(&w);
    jw_key(&w, "account");
    jw_str(&w, work->put->account);
    jw_key(&w, "begun");
    jw_i64(&w, work->put->begun_micros);
    jw_key(&w, "used");
    jw_i64(&w, work->put->used_micros);
    jw_end(&w);
    enum kv_result r = kv_put(txn, record_key(a, KIND_SESSION, work->put->hash), buf_view(&text));
    buf_release(&text);
    TRY_STORE(r, err);
    return 0;
}

int sessions_change(struct api *api, const struct stored_session *put, const struct str *deleted, size_t n_deleted,
                    struct err *err)
{
    struct arena a;
    struct session_work work = {.put = put, .deleted = deleted, .n_deleted = n_deleted};
    arena_init(&a, NULL);
    int rc = store_txn(api, false, &a, change_sessions_work, &work, err);
    arena_release(&a);
    return rc;
}

// Those whose account is gone are left out.
static int list_sessions_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct session_work *work = arg;
    struct record_list list;
    TRY(list_work(txn, a, &work->accounts, err));
    TRY(list_records(txn, a, KIND_SESSION, &list, err));
    work->list = arena_zalloc(a, (list.records.len + 1) * sizeof(*work->list));
    work->n = 0;
    for (size_t i = 0; i < list.records.len; i++) {
        struct stored_session *s = &work->list[work->n];
        *s = (struct stored_session){.hash = list.records.ptr[i].key};
        body_str(list.records.ptr[i].json, "account", &s->account);
        body_i64(list.records.ptr[i].json, "begun", &s->begun_micros);
        body_i64(list.records.ptr[i].json, "used", &s->used_micros);
        for (size_t k = 0; k < work->accounts.n; k++)
            if (str_eq(work->accounts.list[k].name, s->account)) {
                s->admin = work->accounts.list[k].admin;
                work->n++;
            }
    }
    return 0;
}

int sessions_list(struct api *api, struct arena *a, struct stored_session **out, size_t *n, struct err *err)
{
    struct session_work work = {0};
    TRY(store_txn(api, true, a, list_sessions_work, &work, err));
    *out = work.list;
    *n = work.n;
    return 0;
}
