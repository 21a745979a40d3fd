// Checkpoints: a frozen memtable is merged into the tree in one write transaction.
//
//   active --freeze (commit leader)--> frozen --merge (here)--> merged, retained while validation may need it --> gone
//
// For each key the newest version becomes current (or the key is deleted); what it supersedes goes to history as far as
// a snapshot may still ask for it. The transaction also records the log position of the next memtable, so that replay
// after a crash applies every commit exactly once; log segments before it are free afterwards.
//
// Threads: a thread runs only while there is something to merge. checkpoint.mutex: one merge at a time.
#include "kv/local/history_int.h"
#include "kv/local/spaces_int.h"

#include "base/util.h"

struct merge {
    struct store *s;
    struct tree_write w;
    uint64_t oldest_readable;
    struct buf versions; // history of the key at hand
    struct buf stamped;
    bool heavy; // see history_store
    struct space_counter spaces;
};

// A version superseded at or before oldest_readable is visible to no snapshot that may still be read.
static bool worth_keeping(const struct merge *m, uint64_t superseded_at)
{
    return superseded_at > m->oldest_readable;
}

static int keep_history(struct merge *m, struct str key, const struct version *newest)
{
    buf_clear(&m->versions);
    uint64_t superseded_at = newest->at;
    for (const struct version *v = newest->older; v != NULL && worth_keeping(m, superseded_at); v = v->older) {
        if (!v->deleted)
            history_append(&m->versions, v->at, superseded_at, version_value(v));
        superseded_at = v->at;
    }
    struct str current;
    if (worth_keeping(m, superseded_at)) {
        int rc = tree_get(m->w.txn, m->s->tree.data, key, &current);
        if (rc == 0)
            history_append(&m->versions, tree_stamp(current), superseded_at, tree_value(current));
        else if (rc != MDB_NOTFOUND)
            return rc;
    }
    return m->versions.len > 0 ? history_store(&m->w, key, &m->versions, &m->heavy) : 0;
}

static int merge_key(struct merge *m, struct skip_node *node)
{
    const struct version *newest = memtable_newest_of(node);
    struct str key = skip_key(node);
    arena_reset(&m->w.scratch);
    int rc = spaces_count(&m->spaces, key, newest);
    if (rc == 0)
        rc = keep_history(m, key, newest);
    if (rc != 0)
        return rc;
    if (newest->deleted) {
        rc = tree_delete(m->w.txn, m->s->tree.data, key, &m->w.scratch);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    buf_clear(&m->stamped);
    buf_append(&m->stamped, &newest->at, TREE_STAMP_BYTES);
    buf_str(&m->stamped, version_value(newest));
    return tree_put(m->w.txn, m->s->tree.data, key, buf_view(&m->stamped), &m->w.scratch);
}

static int merge_all(struct merge *m, struct memtable *frozen)
{
    struct store *s = m->s;
    int rc = history_prepare(&m->w, s, m->oldest_readable);
    if (rc == 0)
        rc = spaces_begin(&m->spaces, s->space_of, &m->w);
    for (struct skip_node *node = skip_first(&frozen->keys); node != NULL && rc == 0; node = skip_next(node))
        rc = merge_key(m, node);
    return rc == 0 ? spaces_end(&m->spaces) : rc;
}

static int merge(struct store *s, struct memtable *frozen, uint64_t next_log_first)
{
    struct tree_state state = tree_newest_state(&s->tree);
    struct merge m = {.s = s, .oldest_readable = store_raise_oldest_readable(s, history_bound(&state))};
    int rc = tree_write_begin(&s->tree, &m.w);
    if (rc != 0)
        return rc;
    rc = merge_all(&m, frozen);
    buf_release(&m.versions);
    buf_release(&m.stamped);
    if (rc != 0) {
        tree_write_abort(&m.w);
        return rc;
    }
    s->checkpoint.history_heavy = m.heavy;
    m.w.state.version = memtable_max(frozen);
    m.w.state.log_first = next_log_first;
    rc = tree_write_commit(&m.w);
    return rc == 0 && s->data_path != NULL ? page_sums_update(&s->sums, s->os, s->dir, s->data_path) : rc;
}

// The oldest memtable that is neither active nor merged; *next is the one that came after it.
static struct memtable *oldest_unmerged(struct view *view, struct memtable **next)
{
    for (unsigned i = view->count; i-- > 1;) {
        if (memtable_max(view->tables[i]) > view->merged) {
            *next = view->tables[i - 1];
            return view->tables[i];
        }
    }
    return NULL;
}

int checkpoint_merge_oldest(struct store *s)
{
    struct view *view = view_acquire(s, 0);
    struct memtable *next, *frozen = oldest_unmerged(view, &next);
    int rc = 0;
    if (frozen != NULL) {
        rc = merge(s, frozen, next->log_first);
        if (rc == 0) {
            view_set_merged(s, memtable_max(frozen));
            atomic_fetch_sub_explicit(&s->checkpoint.unmerged_frozen, 1, memory_order_relaxed);
            atomic_fetch_add_explicit(&s->stats.checkpoints, 1, memory_order_relaxed);
            if (s->dir != NULL)
                log_free_before(&s->log, next->log_first);
        }
    }
    view_unref(view);
    return rc;
}

static void announce_progress(struct store *s)
{
    atomic_fetch_add_explicit(&s->checkpoint.progress, 1, memory_order_release);
    os_wake_all(&s->checkpoint.progress);
}

// Merges until nothing frozen is left.
static enum kv_result merge_frozen(struct store *s)
{
    pthread_mutex_lock(&s->checkpoint.mutex);
    while (!store_failed(s) && atomic_load_explicit(&s->checkpoint.unmerged_frozen, memory_order_relaxed) > 0) {
        int rc = checkpoint_merge_oldest(s);
        if (rc != 0)
            store_fail(s, "writing a checkpoint", mdb_strerror(rc));
        announce_progress(s);
    }
    pthread_mutex_unlock(&s->checkpoint.mutex);
    return store_failed(s) ? KV_IO : KV_OK;
}

// True when the thread has to go on; else it has left `running`.
static bool more_work(struct store *s)
{
    pthread_mutex_lock(&s->checkpoint.state_mutex);
    bool more = !store_failed(s) && atomic_load_explicit(&s->checkpoint.unmerged_frozen, memory_order_relaxed) > 0;
    s->checkpoint.running = more;
    pthread_mutex_unlock(&s->checkpoint.state_mutex);
    return more;
}

static void *checkpoint_thread(void *arg)
{
    struct store *s = arg;
    do
        (void)merge_frozen(s);
    while (more_work(s));
    return NULL;
}

void checkpoint_kick(struct store *s)
{
    pthread_mutex_lock(&s->checkpoint.state_mutex);
    if (!s->checkpoint.running) {
        if (s->checkpoint.joinable)
            pthread_join(s->checkpoint.thread, NULL); // it has nothing left to do but return
        s->checkpoint.joinable = pthread_create(&s->checkpoint.thread, NULL, checkpoint_thread, s) == 0;
        s->checkpoint.running = s->checkpoint.joinable;
        if (!s->checkpoint.joinable)
            log_warning("cannot start a checkpoint thread; writers will merge by themselves");
    }
    pthread_mutex_unlock(&s->checkpoint.state_mutex);
}

void checkpoint_join(struct store *s)
{
    pthread_mutex_lock(&s->checkpoint.state_mutex);
    bool joinable = s->checkpoint.joinable;
    s->checkpoint.joinable = false;
    pthread_mutex_unlock(&s->checkpoint.state_mutex);
    if (joinable)
        pthread_join(s->checkpoint.thread, NULL);
}

static bool thread_running(struct store *s)
{
    pthread_mutex_lock(&s->checkpoint.state_mutex);
    bool running = s->checkpoint.running;
    pthread_mutex_unlock(&s->checkpoint.state_mutex);
    return running;
}

enum kv_result checkpoint_throttle(struct store *s)
{
    for (;;) {
        uint32_t seen = atomic_load_explicit(&s->checkpoint.progress, memory_order_acquire);
        if (LIKELY(atomic_load_explicit(&s->checkpoint.unmerged_frozen, memory_order_relaxed) <= UNMERGED_FROZEN_MAX))
            return KV_OK;
        if (store_failed(s))
            return KV_IO;
        if (!thread_running(s)) {
            enum kv_result r = merge_frozen(s);
            if (r != KV_OK)
                return r;
            continue;
        }
        block_enter();
        os_wait(&s->checkpoint.progress, seen, -1);
        block_leave();
    }
}

enum kv_result checkpoint_now(struct kv *kv)
{
    struct store *s = store_of(kv);
    enum kv_result r = store_failed(s) ? KV_IO : commit_freeze(s);
    return r == KV_OK ? merge_frozen(s) : r;
}
