// Transactions: begin, end, snapshots, locks, cancellation.
#include "kv/local/store_int.h"

#include "base/budget.h"
#include "base/util.h"

enum {
    LOCK_BYTES = 160,                // charged for a lock beside its key
    IDLE_ARENA_BYTES_MAX = 64 << 10, // memory kept by an idle handle
};

// Threads keep to a shard, so that its mutex and pools stay in one processor's cache.
static unsigned shard_of_thread(void)
{
    static _Atomic unsigned next;
    static _Thread_local unsigned mine; // 1 + shard; 0: not chosen
    if (UNLIKELY(mine == 0))
        mine = 1 + atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % SHARDS;
    return mine - 1;
}

static struct txn *take_idle(struct store *s, unsigned shard)
{
    struct shard *sh = &s->shards[shard];
    pthread_mutex_lock(&sh->mutex);
    struct txn *txn = sh->idle;
    if (txn != NULL)
        sh->idle = txn->next;
    pthread_mutex_unlock(&sh->mutex);
    if (txn == NULL) {
        txn = mem_zalloc(sizeof(*txn));
        arena_init(&txn->arena, NULL);
    }
    return txn;
}

static void forget_set(struct read_set *set)
{
    set->spans.ptr = NULL;
    set->spans.len = set->spans.cap = 0;
    set->epoch++;
}

static void forget_work(struct txn *txn)
{
    skip_init(&txn->writes, &txn->arena);
    txn->write_count = txn->write_bytes = 0;
    txn->writes_made = txn->read_mark = 0;
    txn->undo.ptr = NULL;
    txn->undo.len = txn->undo.cap = 0;
    txn->savepoints.ptr = NULL;
    txn->savepoints.len = txn->savepoints.cap = 0;
    forget_set(&txn->reads);
    forget_set(&txn->lasting);
    txn->conflict = (struct kv_conflict){.key = STR_NONE};
}

// Registering comes first: from then on the history that the snapshot needs is kept.
static enum kv_result register_checked(struct txn *txn)
{
    txn_register(txn);
    uint64_t oldest = atomic_load_explicit(&txn->store->oldest_readable, memory_order_acquire);
    return txn->as_of && txn->snapshot < oldest ? KV_TOO_OLD : KV_OK;
}

// Misses the last commit that was acknowledged.
static void be_stale(struct txn *txn)
{
    txn->as_of = true;
    txn->snapshot = atomic_load_explicit(&txn->store->durable, memory_order_acquire) - 1;
}

enum kv_result txn_begin(struct kv *kv, const struct kv_begin_options *options, struct kv_txn **out)
{
    struct store *s = store_of(kv);
    unsigned shard = shard_of_thread();
    struct txn *txn = take_idle(s, shard);
    txn->base.ops = &local_ops;
    txn->store = s;
    txn->shard = shard;
    txn->isolation = options->isolation;
    txn->as_of = options->as_of != 0;
    txn->read_only = options->read_only || txn->as_of;
    txn->budget = options->budget;
    txn->owner.id = atomic_fetch_add_explicit(&s->next_txn_id, 1, memory_order_relaxed);
    txn->owner.tag = options->tag;
    txn->owner.priority = options->priority;
    txn->owner.isolation = options->isolation;
    txn->observer = options->observer;
    atomic_store_explicit(&txn->owner.canceled, false, memory_order_relaxed);
    txn->began_mono_ns = s->limits.txn_duration_ns_max != 0 ? s->os->mono_ns(s->os) : 0;
    forget_work(txn);
    txn->snapshot = options->as_of;
    if (UNLIKELY((s->skip & KV_SKIP_FRESHNESS) != 0 && txn->read_only && !txn->as_of))
        be_stale(txn);
    enum kv_result r = register_checked(txn);
    if (r == KV_OK)
        *out = &txn->base;
    else
        txn_end(txn);
    return r;
}

static void drop_sources(struct txn *txn)
{
    while (txn->scans != NULL)
        scan_close((struct kv_scan *)txn->scans);
    for (struct retired *r = txn->retired; r != NULL; r = r->next) {
        if (r->reader != NULL)
            tree_reader_give(&txn->store->tree, r->reader, txn->shard);
        view_unref(r->view);
    }
    txn->retired = NULL;
    if (txn->reader != NULL)
        tree_reader_give(&txn->store->tree, txn->reader, txn->shard);
    txn->reader = NULL;
    view_unref(txn->view);
    txn->view = NULL;
}

static void drop_memory(struct txn *txn)
{
    if (txn->budget != NULL)
        budget_release(txn->budget, txn->charged_bytes);
    txn->charged_bytes = 0;
    if (txn->arena.next_block_bytes > IDLE_ARENA_BYTES_MAX)
        arena_release(&txn->arena);
    else
        arena_reset(&txn->arena);
    scan_shrink_idle(txn);
}

// Locks are released already or here; the handle goes back to its pool.
void txn_end(struct txn *txn)
{
    struct store *s = txn->store;
    lock_release_all(&s->locks, &txn->owner);
    txn->deadlocked = false;
    drop_sources(txn);
    txn_unregister(txn);
    drop_memory(txn);
    struct shard *sh = &s->shards[txn->shard];
    pthread_mutex_lock(&sh->mutex);
    txn->next = sh->idle;
    sh->idle = txn;
    pthread_mutex_unlock(&sh->mutex);
}

void txn_abort(struct kv_txn *base)
{
    txn_end(txn_of(base));
}

enum kv_result txn_reset(struct kv_txn *base)
{
    struct txn *txn = txn_of(base);
    struct store *s = txn->store;
    uint64_t as_of = txn->snapshot; // stays when asked for
    if (txn->deadlocked)
        lock_release_all(&s->locks, &txn->owner);
    txn->deadlocked = false;
    drop_sources(txn);
    txn_unregister(txn);
    drop_memory(txn);
    forget_work(txn);
    txn->began_mono_ns = s->limits.txn_duration_ns_max != 0 ? s->os->mono_ns(s->os) : 0;
    txn->snapshot = as_of;
    return register_checked(txn);
}

uint64_t txn_read_version(const struct kv_txn *base)
{
    return ((const struct txn *)base)->snapshot;
}

uint64_t txn_id(const struct kv_txn *base)
{
    return ((const struct txn *)base)->owner.id;
}

enum kv_isolation txn_isolation(const struct kv_txn *base)
{
    return ((const struct txn *)base)->isolation;
}

bool txn_has_writes(const struct kv_txn *base)
{
    return ((const struct txn *)base)->write_count > 0;
}

const struct kv_conflict *txn_last_conflict(const struct kv_txn *base)
{
    return &((const struct txn *)base)->conflict;
}

enum kv_result txn_charge(struct txn *txn, size_t bytes)
{
    if (txn->budget != NULL && !budget_try_charge(txn->budget, bytes))
        return KV_MEMORY;
    txn->charged_bytes += txn->budget != NULL ? bytes : 0;
    return KV_OK;
}

enum kv_result txn_check(struct txn *txn)
{
    if (LIKELY(txn->began_mono_ns == 0))
        return KV_OK;
    const struct os *os = txn->store->os;
    bool over = os->mono_ns(os) - txn->began_mono_ns > txn->store->limits.txn_duration_ns_max;
    return over ? KV_TOO_OLD : KV_OK;
}

struct tree_reader *txn_reader(struct txn *txn)
{
    if (LIKELY(txn->reader != NULL))
        return txn->reader;
    txn->reader = tree_reader_take(&txn->store->tree, txn->shard);
    INVARIANT(txn->reader == NULL || txn->reader->state.version >= txn->view->merged);
    return txn->reader;
}

enum kv_result txn_no_reader(struct txn *txn)
{
    return store_failed(txn->store) ? KV_IO : KV_MEMORY;
}

enum kv_result txn_refresh(struct kv_txn *base)
{
    struct txn *txn = txn_of(base);
    if (txn->as_of)
        return KV_OK;
    // What becomes durable after this is not looked at by the validation and stays behind the new snapshot.
    uint64_t now = atomic_load_explicit(&txn->store->durable, memory_order_acquire);
    if (now == txn->snapshot)
        return KV_OK;
    struct view *view = view_acquire(txn->store, txn->shard);
    enum kv_result r = (txn->store->skip & KV_SKIP_REFRESH) == 0 ? validate_reads(txn, view) : KV_OK;
    view_unref(view);
    if (r != KV_OK)
        return r;
    txn_reregister(txn, now);
    return KV_OK;
}

enum kv_result txn_new_statement(struct kv_txn *base)
{
    struct txn *txn = txn_of(base);
    if (txn->isolation != KV_READ_COMMITTED || txn->as_of)
        return KV_OK;
    reads_forget(&txn->reads);
    if (txn->write_count == 0)
        reads_forget(&txn->lasting);
    reads_normalize(&txn->lasting); // every statement depends on the same tables again
    scan_untrack_all(txn);
    return txn_refresh(base);
}

bool txn_must_reset(const struct kv_txn *base)
{
    return ((const struct txn *)base)->deadlocked;
}

void txn_cancel(struct kv_txn *base)
{
    struct txn *txn = txn_of(base);
    lock_cancel(&txn->store->locks, &txn->owner);
}

void txn_clear_cancel(struct kv_txn *base)
{
    atomic_store_explicit(&txn_of(base)->owner.canceled, false, memory_order_relaxed);
}

// The lock without what follows from having got it.
static enum kv_result take_lock(struct txn *txn, const struct lock_wanted *wanted)
{
    if (txn->read_only)
        return KV_READ_ONLY;
    enum kv_result r = txn_check(txn);
    if (r != KV_OK)
        return r;
    size_t held = txn->owner.held_count;
    struct lock_blocker blocker = {0};
    struct str key = wanted->key;
    r = lock_acquire(&txn->store->locks, &txn->owner, wanted, &blocker);
    txn->deadlocked |= r == KV_DEADLOCK;
    if (blocker.waited_ns > 0 && txn->observer != NULL)
        txn->observer->waited(txn->observer, &(struct kv_wait){key, blocker.id, blocker.tag, blocker.waited_ns, r});
    if (r != KV_OK)
        txn->conflict =
            (struct kv_conflict){.key = arena_str(&txn->arena, key), .other_id = blocker.id, .other_tag = blocker.tag};
    if (r == KV_DEADLOCK) {
        txn->conflict.n_cycle = txn->owner.n_cycle;
        txn->conflict.cycle = arena_dup(&txn->arena, txn->owner.cycle, txn->owner.n_cycle * sizeof(*txn->owner.cycle));
    }
    if (r == KV_OK && txn->owner.held_count > held)
        r = txn_charge(txn, LOCK_BYTES + key.len);
    return r;
}

// When the key has a newer version than the snapshot, that moves. Whoever held the lock before has let it go after its
// version was inserted; who writes without one is found by validation.
static enum kv_result catch_up(struct txn *txn, struct str key)
{
    if (atomic_load_explicit(&txn->store->inserted, memory_order_acquire) <= txn->snapshot)
        return KV_OK; // nobody has committed anything since
    struct view *view = view_acquire(txn->store, txn->shard);
    uint64_t newest = view_newest_version(view, key);
    view_unref(view);
    enum kv_result r = newest > txn->snapshot ? txn_refresh(&txn->base) : KV_OK;
    if (r == KV_CONFLICT && txn->observer != NULL)
        txn->observer->conflicted(txn->observer, &txn->conflict);
    return r;
}

enum kv_result txn_lock(struct kv_txn *base, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                        int64_t timeout_ns)
{
    struct txn *txn = txn_of(base);
    enum kv_result r = take_lock(txn, &(struct lock_wanted){key, mode, wait, timeout_ns, false});
    return r == KV_OK && wait == KV_LOCK_WAIT ? catch_up(txn, key) : r;
}

enum kv_result txn_lock_guard(struct kv_txn *base, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                              int64_t timeout_ns)
{
    struct txn *txn = txn_of(base);
    enum kv_result r = take_lock(txn, &(struct lock_wanted){key, mode, wait, timeout_ns, true});
    bool changed = r == KV_OK && lock_guard_changed(&txn->store->locks, key, txn->snapshot);
    return changed && wait == KV_LOCK_WAIT ? catch_up(txn, key) : r;
}
