// Dropping virtual clusters, bringing them back, and removing their data.
//
// A dropped cluster keeps its record, in state "drop", and its data until its time to be purged. A thread of its own
// purges; it lives while there is a record in that state and sleeps until the next one's time. A record without a name
// is a copy that nobody wants any more, or a cluster being purged: nothing brings it back.
#include "base/util.h"
#include "keys/keys.h"
#include "server/clusters_int.h"

#include <time.h>

enum { PURGE_KEYS = 10000 };                     // removed by one transaction
static const int64_t retry_micros = 1000 * 1000; // until an engine in use is looked at again

// ---- drop

struct drop_work {
    struct cluster_spec spec;
    int64_t undo_micros;
};

static int in_service(const struct cluster_record *r, struct err *err)
{
    err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot drop tenant \"%.*s\" in service mode shared",
            STR_FMT(r->name));
    return err_hint(err, "Use ALTER VIRTUAL CLUSTER STOP SERVICE before DROP VIRTUAL CLUSTER.");
}

static int drop(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct drop_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, w->spec, &r, err));
    if (r.in_service)
        return in_service(&r, err);
    if (r.state != CLUSTER_STATE_READY)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "tenant is not ready: data state is \"%s\"",
                       cluster_state_name(r.state));
    TRY(cluster_name_delete(txn, r.name, err));
    r.state = CLUSTER_STATE_DROP;
    r.dropped_micros = clock_wall_ns() / 1000;
    r.purge_micros = r.dropped_micros + w->undo_micros;
    return cluster_record_put(txn, &r, err);
}

int clusters_drop(struct clusters *c, struct cluster_spec spec, bool immediate, struct err *err)
{
    struct drop_work w = {spec, immediate ? 0 : c->undo_ns / 1000};
    TRY(cluster_not_system(spec, "drop", err));
    TRY(cluster_change(c, drop, &w, err));
    clusters_update_history(c);
    clusters_wake_purger(c);
    return 0;
}

// The dropped cluster meant: by number, or the last one that had the name.
static int find_dropped(struct kv_txn *txn, struct arena *a, struct cluster_spec spec, struct cluster_record *out,
                        struct err *err)
{
    struct cluster_record *list;
    size_t n;
    bool found = false;
    TRY(cluster_record_list(txn, a, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct cluster_record *r = &list[i];
        bool meant = spec.id != 0 ? r->id == spec.id : str_eq(r->name, spec.name);
        if (meant && r->state == CLUSTER_STATE_DROP && r->name.len > 0 &&
            (!found || r->dropped_micros >= out->dropped_micros)) {
            *out = *r;
            found = true;
        }
    }
    if (found)
        return 0;
    cluster_not_found(spec, err);
    return err_detail(err, "No dropped virtual cluster that could be brought back is meant by this.");
}

static int undrop(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    const struct cluster_spec *spec = arg;
    struct cluster_record r;
    TRY(find_dropped(txn, a, *spec, &r, err));
    TRY(cluster_name_put(txn, r.name, r.id, err));
    r.state = CLUSTER_STATE_READY;
    r.dropped_micros = r.purge_micros = 0;
    return cluster_record_put(txn, &r, err);
}

int clusters_undrop(struct clusters *c, struct cluster_spec spec, struct err *err)
{
    TRY(cluster_change(c, undrop, &spec, err));
    clusters_update_history(c);
    return 0;
}

// ---- purging

struct purge_range {
    uint64_t space;
    struct buf gone; // keys up to this one; empty: none yet
    struct buf last; // removed by the transaction
    bool done;
};

static int purge_chunk(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct purge_range *p = arg;
    struct buf prefix = BUF_INIT;
    struct kv_scan *scan;
    struct kv_batch batch;
    struct str last = STR_NONE;
    size_t n = 0;
    key_put_cluster(&prefix, p->space);
    struct kv_range range = key_prefix_range(a, arena_str(a, buf_view(&prefix)));
    buf_release(&prefix);
    if (p->gone.len > 0)
        range.start = buf_view(&p->gone);
    TRY_STORE(kv_scan_open(txn, range, KV_READ_KEYS_ONLY | KV_READ_SNAPSHOT, PURGE_KEYS, &scan), err);
    enum kv_result r;
    while ((r = kv_scan_next(scan, 256, &batch)) == KV_OK && batch.n > 0)
        for (size_t i = 0; i < batch.n; i++, n++) {
            last = batch.pairs[i].key;
            TRY_STORE(kv_delete(txn, last), err);
        }
    TRY_STORE(r, err);
    p->done = n < PURGE_KEYS;
    buf_clear(&p->last);
    buf_str(&p->last, last.ptr != NULL ? last : STR_EMPTY);
    return 0;
}

static int purge_space(struct clusters *c, uint64_t space, struct err *err)
{
    struct purge_range p = {.space = space};
    int rc = 0;
    while (rc == 0 && !p.done && !atomic_load(&c->closing)) {
        rc = cluster_change(c, purge_chunk, &p, err);
        struct buf removed = p.last;
        p.last = p.gone;
        p.gone = removed;
    }
    buf_release(&p.gone);
    buf_release(&p.last);
    return rc;
}

static int forget_name(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct cluster_record *r = arg;
    bool found;
    TRY(cluster_record_get(txn, a, r->id, r, &found, err));
    if (!found || r->state != CLUSTER_STATE_DROP) { // brought back meanwhile
        r->id = 0;
        return 0;
    }
    r->name = STR_EMPTY;
    return cluster_record_put(txn, r, err);
}

static int delete_record(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    const struct cluster_record *r = arg;
    return cluster_record_delete(txn, r->id, err);
}

static int purge(struct clusters *c, struct cluster_record *r, struct err *err)
{
    TRY(cluster_change(c, forget_name, r, err));
    if (r->id == 0)
        return 0;
    if (r->snapshot != 0)
        TRY(purge_space(c, r->snapshot, err));
    TRY(purge_space(c, r->id, err));
    return atomic_load(&c->closing) ? 0 : cluster_change(c, delete_record, r, err);
}

struct pending_work {
    struct cluster_record *records;
    size_t n;
};

static int list_records(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct pending_work *w = arg;
    return cluster_record_list(txn, a, &w->records, &w->n, err);
}

// Purges what is due. *next: when the next one is, INT64_MAX when there is none.
static int purge_due(struct clusters *c, struct arena *a, int64_t *next, struct err *err)
{
    struct pending_work w;
    int64_t now = clock_wall_ns() / 1000;
    bool in_use = false;
    *next = INT64_MAX;
    TRY(cluster_txn(c, true, a, list_records, &w, err));
    for (size_t i = 0; i < w.n && !atomic_load(&c->closing); i++) {
        struct cluster_record *r = &w.records[i];
        if (r->state != CLUSTER_STATE_DROP)
            continue;
        if (r->purge_micros > now)
            *next = MIN(*next, r->purge_micros);
        else if (!cluster_close_unused(c, r->id))
            in_use = true;
        else
            TRY(purge(c, r, err));
    }
    pthread_mutex_lock(&c->mutex);
    c->purge_waits = in_use; // give_back wakes; it may have done so just before this
    pthread_mutex_unlock(&c->mutex);
    if (in_use)
        *next = MIN(*next, now + retry_micros);
    return 0;
}

static void *purger(void *arg)
{
    struct clusters *c = arg;
    pthread_mutex_lock(&c->mutex);
    for (int64_t next = 0; next != INT64_MAX || c->purge_again;) {
        struct arena a;
        struct err err = ERR_INIT;
        c->purge_again = false;
        pthread_mutex_unlock(&c->mutex);
        arena_init(&a, NULL);
        if (purge_due(c, &a, &next, &err) != 0) {
            log_error("data of dropped virtual clusters was not removed: %s", err.message);
            next = INT64_MAX; // the next drop or start tries again
        }
        arena_release(&a);
        err_reset(&err);
        pthread_mutex_lock(&c->mutex);
        if (atomic_load(&c->closing))
            break;
        struct timespec until = {next / 1000000, next % 1000000 * 1000};
        while (next != INT64_MAX && !c->purge_again && !atomic_load(&c->closing) && clock_wall_ns() / 1000 < next)
            pthread_cond_timedwait(&c->purge_wake, &c->mutex, &until);
        if (atomic_load(&c->closing))
            break;
    }
    c->purging = false;
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

void clusters_wake_purger(struct clusters *c)
{
    pthread_mutex_lock(&c->mutex);
    c->purge_again = true;
    pthread_cond_broadcast(&c->purge_wake);
    if (!c->purging) {
        if (c->has_purger)
            pthread_join(c->purger, NULL); // it has ended
        c->purging = c->has_purger = pthread_create(&c->purger, NULL, purger, c) == 0;
    }
    pthread_mutex_unlock(&c->mutex);
}

void clusters_stop_purger(struct clusters *c)
{
    pthread_mutex_lock(&c->mutex);
    atomic_store(&c->closing, true);
    pthread_cond_broadcast(&c->purge_wake);
    pthread_cond_broadcast(&c->changed);
    bool join = c->has_purger;
    pthread_mutex_unlock(&c->mutex);
    if (join)
        pthread_join(c->purger, NULL);
}

// ---- start

struct recovery {
    bool any, unfinished; // clusters, and among them such as are not ready
};

// What was being filled is nothing: it is purged.
static int recover(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct recovery *found = arg;
    struct cluster_record *list;
    size_t n;
    TRY(cluster_record_list(txn, a, &list, &n, err));
    *found = (struct recovery){.any = n > 0};
    for (size_t i = 0; i < n; i++) {
        struct cluster_record *r = &list[i];
        found->unfinished = found->unfinished || r->state != CLUSTER_STATE_READY;
        if (r->state != CLUSTER_STATE_ADD)
            continue;
        if (r->name.len > 0)
            TRY(cluster_name_delete(txn, r->name, err));
        r->name = STR_EMPTY;
        r->state = CLUSTER_STATE_DROP;
        r->dropped_micros = r->purge_micros = clock_wall_ns() / 1000;
        TRY(cluster_record_put(txn, r, err));
    }
    return 0;
}

int clusters_recover(struct clusters *c, struct err *err)
{
    struct recovery found;
    TRY(cluster_change(c, recover, &found, err));
    atomic_store(&c->has_others, found.any);
    pthread_mutex_lock(&c->mutex);
    c->recovered = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    if (found.unfinished)
        clusters_wake_purger(c);
    return 0;
}
