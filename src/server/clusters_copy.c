// Copies of a cluster's keys: clones, snapshots, and going back to one.
//
// A copy is made in chunks, each a transaction that writes keys nobody else uses, from one read-only transaction, so it
// is of one version. Going back compares the keys of two versions side by side and writes the differences in one
// transaction, which conflicts with whoever changes the cluster meanwhile. The versions of catalog and roles, under
// which engines cache, only grow: they are raised instead of set back. So are the numbers for new objects.
#include "base/util.h"
#include "keys/keys.h"
#include "server/clusters_int.h"

enum { CHUNK_BYTES = 4 << 20, BATCH_KEYS = 1024 };

static struct kv_range space_range(struct arena *a, uint64_t space, struct str *prefix)
{
    struct buf b = BUF_INIT;
    key_put_cluster(&b, space);
    *prefix = arena_str(a, buf_view(&b));
    buf_release(&b);
    return key_prefix_range(a, *prefix);
}

// ---- copying

struct copy {
    struct clusters *c;
    struct kv_txn *write;
    size_t bytes, bytes_max; // of the transaction
    struct str prefix;       // of the source
    uint64_t to;
    struct buf key;
    uint64_t pairs;
};

static int copy_commit(struct copy *copy, struct err *err)
{
    struct kv_txn *txn = copy->write;
    uint64_t version;
    copy->write = NULL;
    copy->bytes = 0;
    if (txn != NULL)
        TRY_STORE(kv_commit(txn, &version), err);
    return 0;
}

static int copy_pair(struct copy *copy, const struct kv_pair *p, struct err *err)
{
    if (copy->write == NULL)
        TRY_STORE(kv_begin(copy->c->kv, &(struct kv_begin_options){0}, &copy->write), err);
    buf_clear(&copy->key);
    key_put_cluster(&copy->key, copy->to);
    buf_str(&copy->key, str_slice(p->key, copy->prefix.len, p->key.len));
    TRY_STORE(kv_put(copy->write, buf_view(&copy->key), p->value), err);
    copy->pairs++;
    copy->bytes += copy->key.len + p->value.len;
    return copy->bytes >= copy->bytes_max ? copy_commit(copy, err) : 0;
}

static int copy_scan(struct copy *copy, struct kv_scan *scan, struct err *err)
{
    struct kv_batch batch;
    enum kv_result r;
    while ((r = kv_scan_next(scan, BATCH_KEYS, &batch)) == KV_OK && batch.n > 0)
        for (size_t i = 0; i < batch.n; i++)
            TRY(copy_pair(copy, &batch.pairs[i], err));
    TRY_STORE(r, err);
    return copy_commit(copy, err);
}

// Copies what is under one number to another, which has nothing yet. *pairs: how many.
static int copy_space(struct clusters *c, uint64_t from, uint64_t to, uint64_t *pairs, struct err *err)
{
    struct kv_txn *source;
    struct kv_scan *scan;
    struct arena a;
    TRY_STORE(kv_begin(c->kv, &(struct kv_begin_options){.read_only = true}, &source), err);
    arena_init(&a, NULL);
    struct copy copy = {.c = c, .to = to, .bytes_max = MIN(kv_limits(c->kv).txn_bytes_max / 4, (size_t)CHUNK_BYTES)};
    struct kv_range range = space_range(&a, from, &copy.prefix);
    enum kv_result r = kv_scan_open(source, range, KV_READ_SNAPSHOT, 0, &scan);
    int rc = r == KV_OK ? copy_scan(&copy, scan, err) : sql_store_error(r, err);
    if (copy.write != NULL)
        kv_abort(copy.write);
    kv_abort(source);
    buf_release(&copy.key);
    arena_release(&a);
    *pairs = copy.pairs;
    return rc;
}

// ---- clones

struct clone_work {
    struct cluster_spec from;
    struct cluster_record source, copy;
    struct str name;
    bool has_data;
};

static int begin_clone(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct clone_work *w = arg;
    if (cluster_is_system(w->from))
        w->source = (struct cluster_record){.id = CLUSTER_SYSTEM_ID, .state = CLUSTER_STATE_READY};
    else
        TRY(cluster_record_find(txn, a, w->from, &w->source, err));
    if (w->source.state != CLUSTER_STATE_READY)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "tenant is not ready: data state is \"%s\"",
                       cluster_state_name(w->source.state));
    w->copy = (struct cluster_record){
        .name = w->name,
        .state = CLUSTER_STATE_ADD,
        .in_service = w->source.in_service,
        .created_micros = clock_wall_ns() / 1000,
        .limits = w->source.limits,
    };
    TRY(cluster_next_id(txn, &w->copy.id, err));
    TRY(cluster_name_put(txn, w->name, w->copy.id, err));
    return cluster_record_put(txn, &w->copy, err);
}

static int put_uuid(struct kv_txn *txn, uint64_t id, struct err *err)
{
    struct buf key = BUF_INIT;
    uint8_t uuid[16];
    secure_random(uuid, sizeof(uuid));
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40); // version 4
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
    key_put_meta(&key, KEY_META_CLUSTER);
    key_put_uvarint(&key, id);
    enum kv_result r = kv_put(txn, buf_view(&key), (struct str){(const char *)uuid, sizeof(uuid)});
    buf_release(&key);
    TRY_STORE(r, err);
    return 0;
}

// One that has no data yet gets it like a new one, and the UUID with it.
static int end_clone(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct clone_work *w = arg;
    if (w->has_data)
        TRY(put_uuid(txn, w->copy.id, err));
    w->copy.state = CLUSTER_STATE_READY;
    return cluster_record_put(txn, &w->copy, err);
}

// What was copied before the failure is purged.
static int abandon(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct cluster_record *r = arg;
    if (r->name.len > 0)
        TRY(cluster_name_delete(txn, r->name, err));
    r->name = STR_EMPTY;
    r->state = CLUSTER_STATE_DROP;
    r->dropped_micros = r->purge_micros = clock_wall_ns() / 1000;
    return cluster_record_put(txn, r, err);
}

static int give_up(struct clusters *c, struct cluster_record *r, int rc)
{
    struct err ignored = ERR_INIT;
    if (cluster_change(c, abandon, r, &ignored) != 0)
        log_error("an unfinished copy of a virtual cluster was left: %s", ignored.message);
    err_reset(&ignored);
    clusters_wake_purger(c);
    return rc;
}

int clusters_clone(struct clusters *c, struct cluster_spec from, struct str name, uint64_t *id, struct err *err)
{
    struct clone_work w = {.from = from, .name = name};
    struct arena a;
    uint64_t pairs;
    TRY(clusters_check_name(name, err));
    arena_init(&a, NULL);
    int rc = cluster_txn(c, false, &a, begin_clone, &w, err);
    if (rc == 0) {
        rc = copy_space(c, w.source.id, w.copy.id, &pairs, err);
        w.has_data = pairs > 0;
        if (rc == 0)
            rc = cluster_change(c, end_clone, &w, err);
        if (rc != 0)
            rc = give_up(c, &w.copy, rc);
    }
    arena_release(&a);
    atomic_store(&c->has_others, true);
    clusters_update_history(c);
    if (rc == 0 && id != NULL)
        *id = w.copy.id;
    return rc;
}

// ---- from a backup

static int begin_fill(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct clone_work *w = arg;
    w->copy =
        (struct cluster_record){.name = w->name, .state = CLUSTER_STATE_ADD, .created_micros = clock_wall_ns() / 1000};
    TRY(cluster_next_id(txn, &w->copy.id, err));
    TRY(cluster_name_put(txn, w->name, w->copy.id, err));
    return cluster_record_put(txn, &w->copy, err);
}

static int copy_source(struct copy *copy, const struct sql_pair_source *source, struct err *err)
{
    struct kv_pair p;
    for (bool found = true; found;) {
        TRY(source->next(source->arg, &p.key, &p.value, &found, err));
        if (found)
            TRY(copy_pair(copy, &p, err));
    }
    return copy_commit(copy, err);
}

// A job that goes on after a restart may ask before what was unfinished then has been given up.
static int wait_until_recovered(struct clusters *c, struct err *err)
{
    pthread_mutex_lock(&c->mutex);
    while (!c->recovered && !atomic_load(&c->closing))
        pthread_cond_wait(&c->changed, &c->mutex);
    bool recovered = c->recovered;
    pthread_mutex_unlock(&c->mutex);
    return recovered ? 0 : err_set(err, ERR_ADMIN_SHUTDOWN, "server is shutting down");
}

int clusters_fill(struct clusters *c, struct str name, const struct sql_pair_source *source, struct err *err)
{
    struct clone_work w = {.name = name};
    struct copy copy = {.c = c, .bytes_max = MIN(kv_limits(c->kv).txn_bytes_max / 4, (size_t)CHUNK_BYTES)};
    TRY(clusters_check_name(name, err));
    TRY(wait_until_recovered(c, err));
    TRY(cluster_change(c, begin_fill, &w, err));
    atomic_store(&c->has_others, true);
    copy.to = w.copy.id;
    int rc = copy_source(&copy, source, err);
    if (copy.write != NULL)
        kv_abort(copy.write);
    buf_release(&copy.key);
    w.has_data = copy.pairs > 0;
    if (rc == 0)
        rc = cluster_change(c, end_clone, &w, err);
    return rc == 0 ? 0 : give_up(c, &w.copy, rc);
}

// ---- snapshots

struct snapshot_work {
    uint64_t id;
    struct cluster_record copy;
};

static int begin_snapshot(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct snapshot_work *w = arg;
    w->copy = (struct cluster_record){.state = CLUSTER_STATE_ADD, .created_micros = clock_wall_ns() / 1000};
    TRY(cluster_next_id(txn, &w->copy.id, err));
    return cluster_record_put(txn, &w->copy, err);
}

// The copy becomes the cluster's; the one before is purged.
static int end_snapshot(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct snapshot_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, (struct cluster_spec){.id = w->id}, &r, err));
    TRY(cluster_record_delete(txn, w->copy.id, err));
    if (r.snapshot != 0) {
        struct cluster_record before = {.id = r.snapshot};
        TRY(abandon(txn, a, &before, err));
    }
    r.snapshot = w->copy.id;
    r.snapshot_micros = w->copy.created_micros;
    return cluster_record_put(txn, &r, err);
}

// An id, and the engine, which fills a cluster that was never used.
static int open_for(struct clusters *c, struct cluster_spec spec, uint64_t *id, struct sql_engine **engine,
                    struct err *err)
{
    struct cluster_info info;
    struct arena a;
    TRY(cluster_not_system(spec, "reset", err));
    arena_init(&a, NULL);
    int rc = clusters_find(c, &a, spec, &info, err);
    if (rc == 0 && info.state != CLUSTER_STATE_READY)
        rc = err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "tenant is not ready: data state is \"%s\"",
                     cluster_state_name(info.state));
    if (rc == 0)
        rc = clusters_acquire(c, (struct cluster_spec){.id = info.id}, engine, err);
    *id = info.id;
    arena_release(&a);
    return rc;
}

int clusters_snapshot(struct clusters *c, struct cluster_spec spec, struct err *err)
{
    struct snapshot_work w = {0};
    struct sql_engine *engine;
    uint64_t pairs;
    TRY(open_for(c, spec, &w.id, &engine, err));
    sql_engine_forget_sequences(engine, true);
    int rc = cluster_change(c, begin_snapshot, &w, err);
    if (rc == 0) {
        rc = copy_space(c, w.id, w.copy.id, &pairs, err);
        if (rc == 0)
            rc = cluster_change(c, end_snapshot, &w, err);
        if (rc != 0)
            rc = give_up(c, &w.copy, rc);
    }
    clusters_release(c, engine);
    clusters_wake_purger(c);
    return rc;
}

// ---- going back

struct cursor {
    struct kv_scan *scan;
    struct kv_batch batch;
    size_t at;
    size_t prefix_len;
};

static int cursor_open(struct cursor *s, struct kv_txn *txn, struct arena *a, uint64_t space, unsigned flags,
                       struct err *err)
{
    struct str prefix;
    struct kv_range range = space_range(a, space, &prefix);
    *s = (struct cursor){.prefix_len = prefix.len};
    TRY_STORE(kv_scan_open(txn, range, flags, 0, &s->scan), err);
    return 0;
}

// The next pair, NULL at the end; *key without the prefix.
static int cursor_peek(struct cursor *s, const struct kv_pair **out, struct str *key, struct err *err)
{
    *out = NULL;
    if (s->at == s->batch.n) {
        TRY_STORE(kv_scan_next(s->scan, BATCH_KEYS, &s->batch), err);
        s->at = 0;
        if (s->batch.n == 0)
            return 0;
    }
    *out = &s->batch.pairs[s->at];
    *key = str_slice((*out)->key, s->prefix_len, (*out)->key.len);
    return 0;
}

struct difference {
    struct str key;   // without prefix
    struct str value; // ptr NULL: the key goes
};

struct reset_work {
    uint64_t id, source_space; // the source's keys are there …
    uint64_t version;          // … as of this version; 0: now
    struct kv *kv;
    struct kv_txn *source;
    ARENA_VEC(struct difference) differences;
};

// What is not set back: counters under which others cache, and numbers given to objects of the catalog.
static bool is_kept(struct str key)
{
    struct key_reader r = key_reader(key);
    uint64_t table, index;
    if (!key_get_uvarint(&r, &table) || !key_get_uvarint(&r, &index) || index != KEY_INDEX_RECORDS ||
        key_reader_left(&r) == 0)
        return false;
    return *r.at == KEY_TABLE_VERSION || (*r.at == KEY_TABLE_SEQUENCE && table < KEY_TABLE_FIRST_USER);
}

static void add_difference(struct reset_work *w, struct arena *a, struct str key, struct str value)
{
    if (!is_kept(key))
        ARENA_PUSH(a, &w->differences, ((struct difference){key, value}));
}

// Slices stay valid until the transactions end, so differences borrow them. They are written when both scans are done:
// a scan may see later writes of its own transaction.
static int compare(struct reset_work *w, struct arena *a, struct cursor *was, struct cursor *is, struct err *err)
{
    for (;;) {
        const struct kv_pair *p, *q;
        struct str before, now;
        TRY(cursor_peek(was, &p, &before, err));
        TRY(cursor_peek(is, &q, &now, err));
        if (p == NULL && q == NULL)
            return 0;
        int order = p == NULL ? 1 : q == NULL ? -1 : str_cmp(before, now);
        if (order > 0)
            add_difference(w, a, now, STR_NONE);
        else if (order < 0 || !str_eq(p->value, q->value))
            add_difference(w, a, before, p->value);
        was->at += order <= 0;
        is->at += order >= 0;
    }
}

static int raise_versions(struct kv_txn *txn, uint64_t id, struct err *err)
{
    static const uint64_t tables[] = {KEY_TABLE_DESCRIPTOR, KEY_TABLE_USERS};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        struct buf key = BUF_INIT;
        key_put_table_item(&key, id, tables[i], KEY_TABLE_VERSION);
        enum kv_result r = kv_add(txn, buf_view(&key), 1);
        buf_release(&key);
        TRY_STORE(r, err);
    }
    return 0;
}

static int write_differences(struct reset_work *w, struct kv_txn *txn, struct err *err)
{
    struct buf key = BUF_INIT;
    enum kv_result r = KV_OK;
    for (size_t i = 0; i < w->differences.len && r == KV_OK; i++) {
        const struct difference *d = &w->differences.ptr[i];
        buf_clear(&key);
        key_put_cluster(&key, w->id);
        buf_str(&key, d->key);
        r = d->value.ptr != NULL ? kv_put(txn, buf_view(&key), d->value) : kv_delete(txn, buf_view(&key));
    }
    buf_release(&key);
    TRY_STORE(r, err);
    return w->differences.len > 0 ? raise_versions(txn, w->id, err) : 0;
}

static int no_data(const struct reset_work *w, struct err *err)
{
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "the virtual cluster had no data at that time");
    return err_detail(err, "It was first used later than version %llu.", (unsigned long long)w->version);
}

static int reset(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct reset_work *w = arg;
    struct cursor was, is;
    const struct kv_pair *first;
    struct str key;
    w->differences.ptr = NULL;
    w->differences.len = w->differences.cap = 0;
    TRY(cursor_open(&was, w->source, a, w->source_space, KV_READ_SNAPSHOT, err));
    TRY(cursor_open(&is, txn, a, w->id, 0, err));
    TRY(cursor_peek(&was, &first, &key, err));
    if (first == NULL)
        return no_data(w, err);
    int rc = compare(w, a, &was, &is, err);
    kv_scan_close(was.scan);
    kv_scan_close(is.scan);
    return rc != 0 ? rc : write_differences(w, txn, err);
}

static int find_snapshot(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct reset_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, (struct cluster_spec){.id = w->id}, &r, err));
    w->source_space = r.snapshot;
    if (r.snapshot != 0)
        return 0;
    err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "tenant \"%.*s\" has no snapshot", STR_FMT(r.name));
    return err_hint(err, "Use ALTER VIRTUAL CLUSTER SET SNAPSHOT to take one.");
}

static int reset_to(struct clusters *c, struct reset_work *w, struct err *err)
{
    struct kv_begin_options options = {.read_only = true, .as_of = w->version};
    if (w->version == 0)
        TRY(cluster_change(c, find_snapshot, w, err));
    TRY_STORE(kv_begin(c->kv, &options, &w->source), err);
    int rc = cluster_change(c, reset, w, err);
    kv_abort(w->source);
    clusters_update_history(c);
    return rc;
}

int clusters_reset(struct clusters *c, struct cluster_spec spec, uint64_t version, struct err *err)
{
    struct reset_work w = {.version = version, .kv = c->kv};
    struct sql_engine *engine;
    TRY(open_for(c, spec, &w.id, &engine, err));
    w.source_space = w.id;
    int rc = reset_to(c, &w, err);
    if (rc == 0)
        sql_engine_forget_sequences(engine, false);
    clusters_release(c, engine);
    return rc;
}
