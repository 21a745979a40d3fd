// Who is signed in, and who fails to: tables in memory, both bounded, under one mutex (a leaf). Sessions are also
// records of the store, so that a restart signs nobody out; of their use the store learns once an hour.
//
// A session ends twelve hours after its last use, seven days after its begin, by logout, by a new password or the end
// of its account. Its CSRF token follows from its secret. Failed logins are counted per minute: by name and address, by
// address, by name.
#include "crypto/crypto.h"
#include "server/api/api_int.h"

#include <openssl/crypto.h>

enum {
    SESSIONS_MAX = 1000,
    FAILURES_MAX = 10000, // counters
    WINDOW_S = 60,
    FAILURES_PAIR = 5,     // of one name from one address
    FAILURES_ADDRESS = 20, // from one address
    FAILURES_NAME = 50,    // of one name from everywhere
};
static const int64_t second_micros = 1000000;
static const int64_t save_micros = 3600 * second_micros;
static const int64_t idle_micros = 12 * 3600 * second_micros, lifetime_micros = 7 * 24 * 3600 * second_micros;

struct login {
    char *name;
    bool admin;
    int64_t begun_micros, used_micros;
    int64_t saved_micros; // use that the store knows of
};
struct counter {
    int64_t since_s;
    int failures;
};
struct login_table {
    struct api *api;
    pthread_mutex_t lock;
    struct map logins;   // SHA-256 of the secret -> struct login
    struct map counters; // "kind name address" -> struct counter
};

void random_token(char *out, size_t characters)
{
    struct buf text = BUF_INIT;
    random_password(&text, characters);
    memcpy(out, text.ptr, characters);
    out[characters] = 0;
    OPENSSL_cleanse(text.ptr, text.len);
    buf_release(&text);
}

static void login_free(struct login *l)
{
    if (l == NULL)
        return;
    mem_free(l->name);
    mem_free(l);
}

static void clear_counters(struct login_table *t)
{
    size_t it = 0;
    for (struct map_entry *e; (e = map_next(&t->counters, &it)) != NULL;)
        mem_free(e->value);
    map_clear(&t->counters);
}

void logins_free(struct login_table *t)
{
    size_t it = 0;
    if (t == NULL)
        return;
    for (struct map_entry *e; (e = map_next(&t->logins, &it)) != NULL;)
        login_free(e->value);
    clear_counters(t);
    map_release(&t->logins);
    map_release(&t->counters);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

// ---- sessions

static int64_t expiry(const struct login *l)
{
    return MIN(l->used_micros + idle_micros, l->begun_micros + lifetime_micros);
}

struct hashes {
    ARENA_VEC(struct str) v;
};

static void take_out(struct login_table *t, struct arena *a, struct str hash, struct hashes *gone)
{
    ARENA_PUSH(a, &gone->v, arena_str(a, hash));
    login_free(map_remove(&t->logins, gone->v.ptr[gone->v.len - 1]));
}

// Those that ended, and the least recently used when there are too many.
static void make_room(struct login_table *t, struct arena *a, int64_t now, struct hashes *gone)
{
    struct map_entry *oldest = NULL;
    size_t it = 0;
    for (struct map_entry *e; (e = map_next(&t->logins, &it)) != NULL;) {
        struct login *l = e->value;
        if (expiry(l) <= now)
            take_out(t, a, e->key, gone);
        else if (oldest == NULL || l->used_micros < ((struct login *)oldest->value)->used_micros)
            oldest = e;
    }
    if (t->logins.len >= SESSIONS_MAX && oldest != NULL)
        take_out(t, a, oldest->key, gone);
}

static struct str key_of(struct str secret, uint8_t hash[SHA256_BYTES])
{
    sha256(secret, hash);
    return (struct str){(const char *)hash, SHA256_BYTES};
}

static struct str csrf_of(struct arena *a, struct str secret)
{
    uint8_t hash[SHA256_BYTES];
    struct buf text = BUF_INIT;
    sha256(arena_printf(a, "CSRF token of %.*s", STR_FMT(secret)), hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        buf_printf(&text, "%02x", hash[i]);
    struct str csrf = arena_str(a, buf_view(&text));
    buf_release(&text);
    return csrf;
}

static void describe(const struct login *l, struct arena *a, struct str secret, struct identity *out)
{
    *out = (struct identity){
        .name = arena_str(a, str_of(l->name)),
        .known = true,
        .admin = l->admin,
        .secret = arena_str(a, secret),
        .csrf = csrf_of(a, secret),
        .expires_micros = expiry(l),
    };
}

static struct login *login_new(struct str name, bool admin, int64_t begun_micros, int64_t used_micros)
{
    struct login *l = mem_zalloc(sizeof(*l));
    l->name = str_dup_c(name);
    l->admin = admin;
    l->begun_micros = begun_micros;
    l->used_micros = l->saved_micros = used_micros;
    return l;
}

// What cannot be stored is lost by the next restart, or comes back with it until it expires.
static void store(struct login_table *t, const struct stored_session *put, const struct str *gone, size_t n)
{
    struct err err = ERR_INIT;
    if (sessions_change(t->api, put, gone, n, &err) != 0)
        log_warning("console sessions were not stored: %s", err.message);
    err_reset(&err);
}

int logins_open(struct api *api, struct login_table **out, struct err *err)
{
    struct login_table *t = *out = mem_zalloc(sizeof(*t));
    struct stored_session *list;
    struct hashes gone = {0};
    struct arena a;
    size_t n = 0;
    t->api = api;
    pthread_mutex_init(&t->lock, NULL);
    arena_init(&a, NULL);
    int rc = sessions_list(api, &a, &list, &n, err);
    for (size_t i = 0; i < n; i++)
        map_put(&t->logins, list[i].hash,
                login_new(list[i].account, list[i].admin, list[i].begun_micros, list[i].used_micros));
    make_room(t, &a, clock_wall_ns() / 1000, &gone);
    if (gone.v.len > 0)
        store(t, NULL, gone.v.ptr, gone.v.len);
    arena_release(&a);
    return rc;
}

void logins_begin(struct login_table *t, struct arena *a, const struct account *account, struct identity *out)
{
    char secret[TOKEN_CHARACTERS + 1];
    uint8_t hash[SHA256_BYTES];
    struct hashes gone = {0};
    int64_t now = clock_wall_ns() / 1000;
    struct login *l = login_new(account->name, account->admin, now, now);
    random_token(secret, TOKEN_CHARACTERS);
    struct str key = key_of(str_of(secret), hash);
    describe(l, a, str_of(secret), out);
    pthread_mutex_lock(&t->lock);
    make_room(t, a, now, &gone);
    map_put(&t->logins, key, l);
    pthread_mutex_unlock(&t->lock);
    struct stored_session stored = {key, account->name, account->admin, now, now, false};
    store(t, &stored, gone.v.ptr, gone.v.len);
    OPENSSL_cleanse(secret, sizeof(secret));
}

bool logins_find(struct login_table *t, struct arena *a, struct str secret, struct identity *out)
{
    uint8_t hash[SHA256_BYTES];
    int64_t now = clock_wall_ns() / 1000;
    struct stored_session stored = {.hash = key_of(secret, hash), .used_micros = now, .again = true};
    bool save = false;
    pthread_mutex_lock(&t->lock);
    struct login *l = map_get(&t->logins, stored.hash);
    bool live = l != NULL && expiry(l) > now;
    if (live) {
        l->used_micros = now;
        describe(l, a, secret, out);
        save = now - l->saved_micros > save_micros;
        stored.account = out->name;
        stored.begun_micros = l->begun_micros;
        l->saved_micros = save ? now : l->saved_micros;
    }
    pthread_mutex_unlock(&t->lock);
    if (save)
        store(t, &stored, NULL, 0);
    return live;
}

void logins_end(struct login_table *t, struct str secret)
{
    uint8_t hash[SHA256_BYTES];
    struct str key = key_of(secret, hash);
    pthread_mutex_lock(&t->lock);
    login_free(map_remove(&t->logins, key));
    pthread_mutex_unlock(&t->lock);
    store(t, NULL, &key, 1);
}

void logins_end_account(struct login_table *t, struct str name)
{
    size_t it = 0;
    pthread_mutex_lock(&t->lock);
    for (struct map_entry *e; (e = map_next(&t->logins, &it)) != NULL;)
        if (str_eqc(name, ((struct login *)e->value)->name))
            login_free(map_remove(&t->logins, e->key));
    pthread_mutex_unlock(&t->lock);
}

size_t logins_count(struct login_table *t, struct str name)
{
    size_t n = 0, it = 0;
    int64_t now = clock_wall_ns() / 1000;
    pthread_mutex_lock(&t->lock);
    for (struct map_entry *e; (e = map_next(&t->logins, &it)) != NULL;)
        n += str_eqc(name, ((struct login *)e->value)->name) && expiry(e->value) > now;
    pthread_mutex_unlock(&t->lock);
    return n;
}

// ---- failures

static const struct {
    bool name, address;
    int failures_max;
} limits[] = {
    {true, true, FAILURES_PAIR},
    {false, true, FAILURES_ADDRESS},
    {true, false, FAILURES_NAME},
};

static void counter_key(struct buf *key, size_t kind, struct str name, struct str address)
{
    buf_clear(key);
    buf_printf(key, "%zu", kind);
    if (limits[kind].name)
        buf_printf(key, " %.*s", (int)MIN(name.len, (size_t)ACCOUNT_NAME_BYTES_MAX), name.ptr);
    if (limits[kind].address)
        buf_printf(key, " %.*s", STR_FMT(address));
}

static struct counter *counter_of(struct login_table *t, struct buf *key, int64_t now_s)
{
    struct counter *c = map_get(&t->counters, buf_view(key));
    if (c == NULL) {
        if (t->counters.len >= FAILURES_MAX)
            clear_counters(t);
        c = mem_zalloc(sizeof(*c));
        map_put(&t->counters, buf_view(key), c);
    }
    if (now_s - c->since_s >= WINDOW_S)
        *c = (struct counter){.since_s = now_s};
    return c;
}

int64_t logins_try(struct login_table *t, struct str name, struct str address)
{
    struct buf key = BUF_INIT;
    int64_t now_s = clock_mono_ns() / 1000000000 + WINDOW_S, wait_s = 0;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        counter_key(&key, i, name, address);
        struct counter *c = counter_of(t, &key, now_s);
        if (c->failures >= limits[i].failures_max)
            wait_s = MAX(wait_s, c->since_s + WINDOW_S - now_s);
    }
    for (size_t i = 0; wait_s == 0 && i < ARRAY_LEN(limits); i++) {
        counter_key(&key, i, name, address);
        counter_of(t, &key, now_s)->failures++;
    }
    pthread_mutex_unlock(&t->lock);
    buf_release(&key);
    return wait_s;
}

void logins_succeeded(struct login_table *t, struct str name, struct str address)
{
    struct buf key = BUF_INIT;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        counter_key(&key, i, name, address);
        struct counter *c = map_get(&t->counters, buf_view(&key));
        if (c != NULL && c->failures > 0)
            c->failures--;
    }
    pthread_mutex_unlock(&t->lock);
    buf_release(&key);
}
