// Who is signed in, and who fails to: tables in memory, both bounded, under one mutex (a leaf).
//
// A session ends twelve hours after its last use, seven days after its begin, by logout, by a new password or the end
// of its account. Failed logins are counted per minute: by name and address, by address, by name.
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
static const int64_t idle_micros = 12 * 3600 * second_micros, lifetime_micros = 7 * 24 * 3600 * second_micros;

struct login {
    char *name;
    bool admin;
    int64_t begun_micros, used_micros;
    char csrf[TOKEN_CHARACTERS + 1];
};
struct counter {
    int64_t since_s;
    int failures;
};
struct login_table {
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

struct login_table *logins_new(void)
{
    struct login_table *t = mem_zalloc(sizeof(*t));
    pthread_mutex_init(&t->lock, NULL);
    return t;
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

// Those that ended, and the least recently used when there are too many.
static void make_room(struct login_table *t, int64_t now)
{
    struct map_entry *oldest = NULL;
    size_t it = 0;
    for (struct map_entry *e; (e = map_next(&t->logins, &it)) != NULL;) {
        struct login *l = e->value;
        if (expiry(l) <= now)
            login_free(map_remove(&t->logins, e->key));
        else if (oldest == NULL || l->used_micros < ((struct login *)oldest->value)->used_micros)
            oldest = e;
    }
    if (t->logins.len >= SESSIONS_MAX && oldest != NULL)
        login_free(map_remove(&t->logins, oldest->key));
}

static struct str key_of(struct str secret, uint8_t hash[SHA256_BYTES])
{
    sha256(secret, hash);
    return (struct str){(const char *)hash, SHA256_BYTES};
}

static void describe(const struct login *l, struct arena *a, struct str secret, struct identity *out)
{
    *out = (struct identity){
        .name = arena_str(a, str_of(l->name)),
        .known = true,
        .admin = l->admin,
        .secret = arena_str(a, secret),
        .csrf = arena_str(a, str_of(l->csrf)),
        .expires_micros = expiry(l),
    };
}

void logins_begin(struct login_table *t, struct arena *a, const struct account *account, struct identity *out)
{
    char secret[TOKEN_CHARACTERS + 1];
    uint8_t hash[SHA256_BYTES];
    struct login *l = mem_zalloc(sizeof(*l));
    random_token(secret, TOKEN_CHARACTERS);
    random_token(l->csrf, TOKEN_CHARACTERS);
    l->name = str_dup_c(account->name);
    l->admin = account->admin;
    l->begun_micros = l->used_micros = clock_wall_ns() / 1000;
    describe(l, a, str_of(secret), out);
    pthread_mutex_lock(&t->lock);
    make_room(t, l->begun_micros);
    map_put(&t->logins, key_of(str_of(secret), hash), l);
    pthread_mutex_unlock(&t->lock);
    OPENSSL_cleanse(secret, sizeof(secret));
}

bool logins_find(struct login_table *t, struct arena *a, struct str secret, struct identity *out)
{
    uint8_t hash[SHA256_BYTES];
    int64_t now = clock_wall_ns() / 1000;
    pthread_mutex_lock(&t->lock);
    struct login *l = map_get(&t->logins, key_of(secret, hash));
    bool live = l != NULL && expiry(l) > now;
    if (live) {
        l->used_micros = now;
        describe(l, a, secret, out);
    }
    pthread_mutex_unlock(&t->lock);
    return live;
}

void logins_end(struct login_table *t, struct str secret)
{
    uint8_t hash[SHA256_BYTES];
    pthread_mutex_lock(&t->lock);
    login_free(map_remove(&t->logins, key_of(secret, hash)));
    pthread_mutex_unlock(&t->lock);
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
