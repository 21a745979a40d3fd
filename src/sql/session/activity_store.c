// What statements have cost, over restarts: each fingerprint is a record of the store beside the cluster's data, so
// that clones and resets leave it alone.
//
//   01 0A cluster 00              since when there are statistics
//   01 0A cluster 01 fingerprint  of a statement
//   01 0A cluster 02 fingerprint  of a transaction
//
// Written when the engine closes and when the server asks for it, which it does seldom: a crash forgets what came
// after. Only what has changed is written; what is no longer in the tables goes.
#include "jobs/payload.h"
#include "keys/keys.h"
#include "sql/session/session_int.h"

enum { VERSION = 1, KIND_SINCE = 0, KIND_STATEMENT = 1, KIND_TRANSACTION = 2 };

static void put_prefix(struct buf *key, struct sql_engine *e)
{
    key_put_meta(key, KEY_META_ACTIVITY);
    key_put_uvarint(key, catalog_cluster(e->catalog));
}

static struct str record_key(struct arena *a, struct sql_engine *e, int kind, uint64_t id)
{
    struct buf key = BUF_INIT;
    put_prefix(&key, e);
    buf_putc(&key, (char)kind);
    if (kind != KIND_SINCE)
        buf_be64(&key, id);
    struct str copy = arena_str(a, buf_view(&key));
    buf_release(&key);
    return copy;
}

static uint64_t runs_of(const struct activity_entry *e)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ACTIVITY_BUCKETS; i++)
        n += atomic_load_explicit(&e->buckets[i], memory_order_relaxed);
    return n;
}

// ---- one entry

// Counters in the order in which they are stored, after the buckets.
#define COUNTERS(X) X(total_ns) X(rows) X(failures) X(retries) X(max_ns) X(last_micros) X(plan_micros)

static void encode(struct buf *out, const struct activity_entry *e)
{
    payload_put_u64(out, VERSION);
    payload_put_str(out, e->key);
    payload_put_str(out, e->query);
    payload_put_str(out, e->application);
    payload_put_str(out, e->database);
    payload_put_str(out, str_of(e->kind != NULL ? e->kind : ""));
    payload_put_u64(out, e->implicit);
    payload_put_u64(out, e->n_statements);
    for (size_t i = 0; i < e->n_statements; i++)
        payload_put_str(out, e->statements[i]);
    for (size_t i = 0; i < ACTIVITY_BUCKETS; i++)
        payload_put_u64(out, atomic_load_explicit(&e->buckets[i], memory_order_relaxed));
#define PUT(field) payload_put_u64(out, (uint64_t)atomic_load_explicit(&e->field, memory_order_relaxed));
    COUNTERS(PUT)
#undef PUT
    payload_put_u64(out, (uint64_t)atomic_load(&e->last_error));
    payload_put_u64(out, atomic_load(&e->full_scan));
    payload_put_str(out, str_of(e->plan != NULL ? e->plan : ""));
}

// Into the tables of an engine that is being opened. Under the lock.
static bool decode(struct activity *a, struct arena *arena, bool transaction, struct str in)
{
    struct activity_entry made = {0};
    if (payload_get_u64(&in) != VERSION)
        return false;
    struct str key = payload_get_str(&in);
    made.query = payload_get_str(&in);
    made.application = payload_get_str(&in);
    made.database = payload_get_str(&in);
    struct str kind = payload_get_str(&in);
    made.implicit = payload_get_u64(&in) != 0;
    made.n_statements = (size_t)payload_get_u64(&in);
    if (in.ptr == NULL || made.n_statements > ACTIVITY_TXN_STATEMENTS)
        return false;
    made.statements = ARENA_ARRAY(arena, struct str, made.n_statements);
    for (size_t i = 0; i < made.n_statements; i++)
        made.statements[i] = payload_get_str(&in);
    struct activity_entry *e = activity_entry_of(a, transaction ? &a->transactions : &a->statements, key, &made);
    e->kind = arena_str(&e->arena, kind).ptr;
    for (size_t i = 0; i < ACTIVITY_BUCKETS; i++)
        atomic_store(&e->buckets[i], payload_get_u64(&in));
#define GET(field) atomic_store(&e->field, (typeof(e->field + 0))payload_get_u64(&in));
    COUNTERS(GET)
#undef GET
    atomic_store(&e->last_error, (int)payload_get_u64(&in));
    atomic_store(&e->full_scan, payload_get_u64(&in) != 0);
    struct str plan = payload_get_str(&in);
    e->plan = plan.len > 0 ? str_dup_c(plan) : NULL;
    e->stored_runs = runs_of(e);
    activity_unref(&e);
    return in.ptr != NULL;
}

// ---- saving

struct change {
    struct activity_entry *entry; // with a reference
    struct str key, value;
    uint64_t runs;
};
struct changes {
    struct arena arena;
    ARENA_VEC(struct change) v;
    struct map kept; // keys of all that is in the tables
    bool reset;
    int64_t since_micros;
};

// Under the lock.
static void collect(struct sql_engine *e, struct map *table, int kind, struct changes *out)
{
    size_t it = 0;
    for (struct map_entry *m; (m = map_next(table, &it)) != NULL;) {
        struct activity_entry *entry = m->value;
        struct change c = {.runs = runs_of(entry)};
        if (c.runs == 0)
            continue;
        c.key = record_key(&out->arena, e, kind, entry->id);
        map_put(&out->kept, c.key, entry);
        if (c.runs == entry->stored_runs && !out->reset)
            continue;
        struct buf value = BUF_INIT;
        encode(&value, entry);
        c.value = arena_str(&out->arena, buf_view(&value));
        buf_release(&value);
        c.entry = entry;
        atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
        ARENA_PUSH(&out->arena, &out->v, c);
    }
}

static enum kv_result delete_others(struct kv_txn *txn, struct sql_engine *e, struct changes *c)
{
    struct buf prefix = BUF_INIT;
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    put_prefix(&prefix, e);
    struct kv_range range = key_prefix_range(&c->arena, arena_str(&c->arena, buf_view(&prefix)));
    size_t kind_at = prefix.len;
    buf_release(&prefix);
    enum kv_result r = kv_scan_open(txn, range, KV_READ_KEYS_ONLY | KV_READ_SNAPSHOT, 0, &scan);
    while (r == KV_OK && (r = kv_scan_next(scan, 256, &batch)) == KV_OK && batch.n > 0)
        for (size_t i = 0; i < batch.n && r == KV_OK; i++) {
            struct str key = batch.pairs[i].key;
            if (key.ptr[kind_at] != KIND_SINCE && map_get(&c->kept, key) == NULL)
                r = kv_delete(txn, key);
        }
    return r;
}

static enum kv_result write_changes(struct sql_engine *e, struct changes *c)
{
    struct kv_txn *txn;
    uint64_t version;
    char since[8];
    enum kv_result r = kv_begin(e->kv, &(struct kv_begin_options){0}, &txn);
    if (r != KV_OK)
        return r;
    store_be64(since, (uint64_t)c->since_micros);
    r = kv_put(txn, record_key(&c->arena, e, KIND_SINCE, 0), (struct str){since, sizeof(since)});
    for (size_t i = 0; i < c->v.len && r == KV_OK; i++)
        r = kv_put(txn, c->v.ptr[i].key, c->v.ptr[i].value);
    if (r == KV_OK)
        r = delete_others(txn, e, c);
    if (r == KV_OK)
        return kv_commit(txn, &version);
    kv_abort(txn);
    return r;
}

int activity_save(struct sql_engine *e, struct err *err)
{
    struct activity *a = e->activity;
    struct changes c = {0};
    enum kv_result r = KV_OK;
    arena_init(&c.arena, NULL);
    pthread_mutex_lock(&a->lock);
    c.reset = a->unsaved;
    c.since_micros = a->since_micros;
    collect(e, &a->statements, KIND_STATEMENT, &c);
    collect(e, &a->transactions, KIND_TRANSACTION, &c);
    a->unsaved = false;
    pthread_mutex_unlock(&a->lock);
    if (c.v.len > 0 || c.reset)
        r = write_changes(e, &c);
    for (size_t i = 0; i < c.v.len; i++) {
        if (r == KV_OK)
            c.v.ptr[i].entry->stored_runs = c.v.ptr[i].runs;
        activity_unref(&c.v.ptr[i].entry);
    }
    if (r != KV_OK) {
        pthread_mutex_lock(&a->lock);
        a->unsaved = a->unsaved || c.reset;
        pthread_mutex_unlock(&a->lock);
    }
    map_release(&c.kept);
    arena_release(&c.arena);
    return r == KV_OK ? 0 : sql_store_error(r, err);
}

// ---- loading

static void load_record(struct activity *a, struct arena *arena, int kind, struct str value)
{
    bool good = true;
    if (kind != KIND_SINCE)
        good = decode(a, arena, kind == KIND_TRANSACTION, value);
    else if (value.len == 8)
        a->since_micros = (int64_t)load_be64(value.ptr);
    if (!good)
        log_warning("statistics of a statement were stored in a form that is not known");
}

int activity_load(struct sql_engine *e, struct err *err)
{
    struct kv_txn *txn;
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    struct arena arena;
    struct buf prefix = BUF_INIT;
    enum kv_result r = kv_begin(e->kv, &(struct kv_begin_options){.read_only = true}, &txn);
    if (r != KV_OK)
        return sql_store_error(r, err);
    arena_init(&arena, NULL);
    put_prefix(&prefix, e);
    r = kv_scan_open(txn, key_prefix_range(&arena, buf_view(&prefix)), KV_READ_SNAPSHOT, 0, &scan);
    pthread_mutex_lock(&e->activity->lock);
    while (r == KV_OK && (r = kv_scan_next(scan, 256, &batch)) == KV_OK && batch.n > 0)
        for (size_t i = 0; i < batch.n; i++)
            load_record(e->activity, &arena, batch.pairs[i].key.ptr[prefix.len], batch.pairs[i].value);
    pthread_mutex_unlock(&e->activity->lock);
    kv_abort(txn);
    buf_release(&prefix);
    arena_release(&arena);
    return r == KV_OK ? 0 : sql_store_error(r, err);
}
