// Views, the register of live transactions, and what those still need of memtables and history.
#include "kv/local/store_int.h"

static void lock_all(struct store *s)
{
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_lock(&s->shards[i].mutex);
}

static void unlock_all(struct store *s)
{
    for (size_t i = SHARDS; i-- > 0;)
        pthread_mutex_unlock(&s->shards[i].mutex);
}

static struct view *view_ref(struct view *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void view_unref(struct view *v)
{
    if (v == NULL || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < v->count; i++)
        memtable_unref(v->tables[i]);
    mem_free(v);
}

struct view *view_acquire(struct store *s, unsigned shard)
{
    pthread_mutex_t *mutex = &s->shards[shard % SHARDS].mutex;
    pthread_mutex_lock(mutex);
    struct view *v = view_ref(s->view);
    pthread_mutex_unlock(mutex);
    return v;
}

// A view of `active`, if given, before `tables`; it takes over one reference of each.
static struct view *view_new(struct memtable *active, struct memtable **tables, unsigned count, uint64_t merged)
{
    unsigned first = active != NULL;
    struct view *v = mem_alloc(sizeof(*v) + (count + first) * sizeof(v->tables[0]));
    atomic_init(&v->refs, 1);
    v->merged = merged;
    v->count = count + first;
    if (active != NULL)
        v->tables[0] = active;
    memcpy(v->tables + first, tables, count * sizeof(v->tables[0]));
    return v;
}

void view_install(struct store *s, struct memtable **tables, unsigned count, uint64_t merged)
{
    struct view *v = view_new(NULL, tables, count, merged);
    lock_all(s);
    struct view *old = s->view;
    s->view = v;
    unlock_all(s);
    view_unref(old);
}

// Replaces the current view by one of `active`, if given (whose reference it takes over), and the first `count` tables
// of the old one; all shards are locked. Returns the old view, to be dropped after unlocking.
static struct view *swap_view(struct store *s, struct memtable *active, unsigned count, uint64_t merged)
{
    struct view *old = s->view;
    for (unsigned i = 0; i < count; i++)
        memtable_ref(old->tables[i]);
    s->view = view_new(active, old->tables, count, merged);
    return old;
}

void view_push_active(struct store *s, struct memtable *active)
{
    lock_all(s);
    struct view *old = swap_view(s, active, s->view->count, s->view->merged);
    unlock_all(s);
    view_unref(old);
}

static uint64_t oldest_snapshot(struct store *s, bool validators_only)
{
    uint64_t oldest = atomic_load_explicit(&s->durable, memory_order_acquire);
    for (size_t i = 0; i < SHARDS; i++) {
        for (struct txn *t = s->shards[i].live; t != NULL; t = t->next) {
            if (t->snapshot < oldest && !(validators_only && t->read_only))
                oldest = t->snapshot;
        }
    }
    return oldest;
}

uint64_t view_oldest_writer(struct store *s)
{
    lock_all(s);
    uint64_t oldest = oldest_snapshot(s, true);
    unlock_all(s);
    return oldest;
}

// How many of the view's tables, newest first, stay: those unmerged, and of the merged ones those that a live snapshot
// may have to validate against, within the bound.
static unsigned tables_to_keep(struct store *s, struct view *v, uint64_t merged)
{
    uint64_t needed_after = oldest_snapshot(s, true);
    size_t retained_bytes = 0;
    unsigned retained = 0, keep = 1; // the active one always
    uint64_t retained_max = 0;
    for (; keep < v->count; keep++) {
        struct memtable *m = v->tables[keep];
        uint64_t max = memtable_max(m);
        if (max > merged)
            continue;
        retained_bytes += memtable_bytes(m);
        if (max <= needed_after || retained_bytes > s->history_bytes_max || retained == RETAINED_TABLES_MAX)
            break;
        retained_max = MAX(retained_max, max);
        retained++;
    }
    if (keep < v->count)
        atomic_store_explicit(&s->validation_floor, memtable_max(v->tables[keep]), memory_order_release);
    atomic_store_explicit(&s->retained_max, retained_max, memory_order_relaxed);
    return keep;
}

static void set_merged_and_prune(struct store *s, uint64_t merged)
{
    lock_all(s);
    struct view *v = s->view, *old = NULL;
    merged = MAX(merged, v->merged);
    unsigned keep = tables_to_keep(s, v, merged);
    if (keep < v->count || merged > v->merged)
        old = swap_view(s, NULL, keep, merged);
    unlock_all(s);
    view_unref(old);
}

void view_set_merged(struct store *s, uint64_t merged)
{
    set_merged_and_prune(s, merged);
}

void view_prune(struct store *s)
{
    set_merged_and_prune(s, 0);
}

static void take_snapshot(struct txn *txn)
{
    struct store *s = txn->store;
    txn->snapshot = atomic_load_explicit(&s->durable, memory_order_acquire);
    txn->view = view_ref(s->view);
}

void txn_register(struct txn *txn)
{
    struct shard *shard = &txn->store->shards[txn->shard];
    pthread_mutex_lock(&shard->mutex);
    uint64_t as_of = txn->snapshot;
    take_snapshot(txn);
    if (txn->as_of)
        txn->snapshot = MIN(as_of, txn->snapshot);
    txn->previous = NULL;
    txn->next = shard->live;
    if (shard->live != NULL)
        shard->live->previous = txn;
    shard->live = txn;
    pthread_mutex_unlock(&shard->mutex);
}

void txn_reregister(struct txn *txn, uint64_t at)
{
    struct retired *r = ARENA_NEW(&txn->arena, struct retired);
    *r = (struct retired){.view = txn->view, .next = txn->retired};
    pthread_mutex_t *mutex = &txn->store->shards[txn->shard].mutex;
    pthread_mutex_lock(mutex);
    take_snapshot(txn);
    txn->snapshot = MIN(txn->snapshot, at);
    pthread_mutex_unlock(mutex);
    if (txn->view == r->view) { // the usual case: nothing to keep
        view_unref(r->view);
        return;
    }
    // A reader behind the new view would miss what has been merged since.
    if (txn->reader != NULL && txn->reader->state.version < txn->view->merged) {
        r->reader = txn->reader;
        txn->reader = NULL;
    }
    txn->retired = r;
}

void txn_unregister(struct txn *txn)
{
    struct store *s = txn->store;
    struct shard *shard = &s->shards[txn->shard];
    pthread_mutex_lock(&shard->mutex);
    if (txn->previous != NULL)
        txn->previous->next = txn->next;
    else
        shard->live = txn->next;
    if (txn->next != NULL)
        txn->next->previous = txn->previous;
    pthread_mutex_unlock(&shard->mutex);
    if (!txn->read_only && txn->snapshot < atomic_load_explicit(&s->retained_max, memory_order_relaxed))
        view_prune(s);
}

uint64_t store_raise_oldest_readable(struct store *s, uint64_t at_least)
{
    int64_t history_ns = atomic_load_explicit(&s->history_ns, memory_order_relaxed);
    lock_all(s);
    uint64_t live = oldest_snapshot(s, false);
    int64_t by_time = s->os->wall_ns(s->os) - history_ns;
    uint64_t oldest = MIN(live, MAX(at_least, (uint64_t)MAX(by_time, (int64_t)0)));
    oldest = MAX(oldest, atomic_load_explicit(&s->oldest_readable, memory_order_relaxed));
    atomic_store_explicit(&s->oldest_readable, oldest, memory_order_release);
    unlock_all(s);
    return oldest;
}
