// Group commit. Committers queue; the first one leads and handles the whole queue with one log append and one sync.
//
//   committer: validate -> queue -> (led? wait : lead)
//   leader:    take the queue; for each: validate what came since, number, insert, log -> sync -> publish -> release
//              locks -> pass leadership to the head of the new queue, if any -> wake the members
//
// Invariants
//  1. One thread leads at a time. Only it inserts into memtables, appends to the log and freezes.
//  2. Versions enter the active memtable in ascending order; the log has them in the same order.
//  3. A result is KV_OK only after a sync that covers the record. When an append or sync fails, every transaction of
//     the group is KV_AMBIGUOUS (recovery may find its record) and the store takes no more.
//  4. A member's handle belongs to the leader until its turn is TURN_DONE; its owner frees it.
#include "kv/local/store_int.h"

#include "base/map.h"
#include "base/util.h"

#include <sched.h>
#include <string.h>

enum { GATHER_YIELDS = 4, DEAD_PASSED_MAX = 500000 };

struct group {
    struct store *s;
    struct view *view;
    struct memtable *active;
    struct tree_reader *reader; // for counters; taken when needed
    bool freeze;
    bool logged; // something was appended
};

static uint64_t payload_bytes(struct txn *txn)
{
    uint64_t total = 0;
    for (struct skip_node *node = skip_first(&txn->writes); node != NULL; node = skip_next(node)) {
        const struct write *w = skip_payload(node);
        if (w != NULL)
            total += log_op_bytes(node->key_len, w->kind == WRITE_ADD ? sizeof(w->delta) : w->value.len);
    }
    return total;
}

// What a committer can do before its turn. `validated` is read before the view, so that nothing falls in between.
static enum kv_result prepare(struct txn *txn)
{
    struct store *s = txn->store;
    struct commit_request *q = &txn->request;
    q->payload_bytes = payload_bytes(txn);
    if (!validation_needed(txn))
        return KV_OK;
    q->validated = atomic_load_explicit(&s->inserted, memory_order_acquire);
    reads_normalize(&txn->reads);
    reads_normalize(&txn->lasting);
    struct view *view = view_acquire(s, txn->shard);
    enum kv_result r = (s->skip & KV_SKIP_VALIDATION) == 0 ? validate_commit(txn, view) : KV_OK;
    view_unref(view);
    return r;
}

static enum kv_result sum_counter(struct group *g, struct str key, int64_t delta, int64_t *sum)
{
    if (g->reader == NULL && (g->reader = tree_reader_take(&g->s->tree, 0)) == NULL)
        return KV_IO;
    struct found found;
    if (newest_value(g->view, &g->s->tree, g->reader->txn, key, &found) != 0)
        return KV_IO;
    int64_t before = found.at != 0 && !found.deleted ? counter_decode(found.value) : 0;
    *sum = (int64_t)((uint64_t)before + (uint64_t)delta);
    return KV_OK;
}

static enum kv_result insert_write(struct group *g, struct str key, const struct write *w, uint64_t at)
{
    bool logs = g->s->dir != NULL;
    if (w->kind == WRITE_ADD) {
        int64_t sum;
        enum kv_result r = sum_counter(g, key, w->delta, &sum);
        if (r != KV_OK)
            return r;
        memtable_add(g->active, key, at, false, (struct str){(const char *)&sum, sizeof(sum)});
        if (logs)
            log_op(&g->s->log, LOG_OP_ADD, key, (struct str){(const char *)&w->delta, sizeof(w->delta)});
        return KV_OK;
    }
    memtable_add(g->active, key, at, w->kind == WRITE_DELETE, w->value);
    if (logs)
        log_op(&g->s->log, w->kind == WRITE_PUT ? LOG_OP_PUT : LOG_OP_DELETE, key, w->value);
    return KV_OK;
}

static enum kv_result insert_all(struct group *g, struct txn *txn, uint64_t at)
{
    struct store *s = g->s;
    if (s->dir != NULL)
        log_begin(&s->log, at, txn->request.payload_bytes);
    for (struct skip_node *node = skip_first(&txn->writes); node != NULL; node = skip_next(node)) {
        const struct write *w = skip_payload(node);
        enum kv_result r = w != NULL ? insert_write(g, skip_key(node), w, at) : KV_OK;
        if (r != KV_OK) {
            store_fail(s, "reading a counter", "the store cannot be read");
            return r;
        }
    }
    if (s->dir != NULL)
        log_end(&s->log);
    g->logged = true;
    return KV_OK;
}

static struct recent_commit *recent_of(struct store *s, uint64_t version)
{
    return &s->recent[hash_u64(version) % RECENT_COMMITS];
}

static void note_author(struct store *s, const struct txn *txn, uint64_t version)
{
    struct recent_commit *c = recent_of(s, version);
    atomic_store_explicit(&c->version, 0, memory_order_relaxed);
    atomic_store_explicit(&c->id, txn->owner.id, memory_order_release); // who sees it sees the 0
    atomic_store_explicit(&c->tag, txn->owner.tag, memory_order_release);
    atomic_store_explicit(&c->version, version, memory_order_release);
}

void commit_author(struct store *s, uint64_t version, struct kv_conflict *out)
{
    struct recent_commit *c = recent_of(s, version);
    if (atomic_load_explicit(&c->version, memory_order_acquire) != version)
        return;
    uint64_t id = atomic_load_explicit(&c->id, memory_order_acquire);
    uint64_t tag = atomic_load_explicit(&c->tag, memory_order_acquire);
    if (atomic_load_explicit(&c->version, memory_order_relaxed) != version)
        return;
    out->other_id = id;
    out->other_tag = tag;
}

static void handle(struct group *g, struct commit_request *q)
{
    struct store *s = g->s;
    struct txn *txn = q->txn;
    if (txn == NULL) {
        g->freeze = true;
        q->result = KV_OK;
        return;
    }
    q->result = store_failed(s) ? KV_IO : KV_OK;
    if (q->result == KV_OK && validation_needed(txn) && (s->skip & KV_SKIP_LATE_VALIDATION) == 0)
        q->result = validate_since(txn, g->view, q->validated);
    if (q->result != KV_OK)
        return;
    uint64_t now = (uint64_t)s->os->wall_ns(s->os);
    q->version = MAX(now, s->last_version + 1);
    s->last_version = q->version;
    note_author(s, txn, q->version); // before others can run into it
    q->result = insert_all(g, txn, q->version);
    if (q->result == KV_OK)
        atomic_store_explicit(&s->inserted, q->version, memory_order_release);
}

static enum kv_result make_durable(struct group *g)
{
    struct store *s = g->s;
    if (!g->logged)
        return KV_OK;
    if (store_failed(s))
        return KV_AMBIGUOUS;
    if (s->dir != NULL) {
        block_enter();
        int error = log_sync(&s->log);
        block_leave();
        if (error != 0) {
            store_fail(s, s->log.failed, strerror(error));
            return KV_AMBIGUOUS;
        }
    }
    atomic_store_explicit(&s->durable, s->last_version, memory_order_release);
    return KV_OK;
}

// A new active memtable whose commits begin in a new log segment.
static enum kv_result freeze(struct group *g)
{
    struct store *s = g->s;
    if (store_failed(s))
        return KV_IO;
    if (memtable_max(g->active) == 0)
        return KV_OK;
    if (s->dir != NULL && log_roll(&s->log) != 0) {
        store_fail(s, s->log.failed, strerror(s->log.error));
        return KV_IO;
    }
    atomic_store_explicit(&s->checkpoint.dead_passed, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->checkpoint.unmerged_frozen, 1, memory_order_relaxed);
    view_push_active(s, memtable_new(s->dir != NULL ? s->log.segment : 0));
    return KV_OK;
}

static void finish_member(struct store *s, struct commit_request *q, enum kv_result durable)
{
    if (q->result == KV_OK && q->txn != NULL)
        q->result = durable;
    if (q->txn == NULL)
        return;
    if (q->result == KV_OK)
        atomic_fetch_add_explicit(&s->stats.commits, 1, memory_order_relaxed);
    lock_release_all(&s->locks, &q->txn->owner);
}

// When the group before had several members, they have just been woken and most are about to commit again: a leader
// lets them run for a moment rather than sync for itself alone.
static void gather(struct store *s)
{
    for (int i = 0; i < GATHER_YIELDS; i++) {
        pthread_mutex_lock(&s->queue.mutex);
        bool complete = s->queue.length >= s->queue.last_group;
        pthread_mutex_unlock(&s->queue.mutex);
        if (complete)
            return;
        sched_yield();
    }
}

static struct commit_request *take_queue(struct store *s)
{
    gather(s);
    pthread_mutex_lock(&s->queue.mutex);
    struct commit_request *first = s->queue.first;
    s->queue.first = s->queue.last = NULL;
    s->queue.last_group = s->queue.length;
    s->queue.length = 0;
    pthread_mutex_unlock(&s->queue.mutex);
    return first;
}

static void pass_leadership(struct store *s)
{
    pthread_mutex_lock(&s->queue.mutex);
    struct commit_request *next = s->queue.first;
    s->queue.led = next != NULL;
    pthread_mutex_unlock(&s->queue.mutex);
    if (next == NULL)
        return;
    atomic_store_explicit(&next->turn, TURN_LEAD, memory_order_release);
    os_wake(&next->turn);
}

static void wake_members(struct commit_request *first, struct commit_request *self)
{
    for (struct commit_request *q = first, *next; q != NULL; q = next) {
        next = q->next; // the handle is gone after TURN_DONE
        if (q == self)
            continue;
        atomic_store_explicit(&q->turn, TURN_DONE, memory_order_release);
        os_wake(&q->turn);
    }
}

// Does all the work for the requests from `first` on. Returns whether the background should merge.
static bool commit_group(struct store *s, struct commit_request *first)
{
    struct group g = {.s = s, .view = view_acquire(s, 0)};
    g.active = g.view->tables[0];
    for (struct commit_request *q = first; q != NULL; q = q->next)
        handle(&g, q);
    enum kv_result durable = make_durable(&g);
    for (struct commit_request *q = first; q != NULL; q = q->next)
        finish_member(s, q, durable);
    bool full = memtable_bytes(g.active) >= s->memtable_bytes ||
                atomic_load_explicit(&s->checkpoint.dead_passed, memory_order_relaxed) > DEAD_PASSED_MAX;
    enum kv_result frozen = g.freeze || full ? freeze(&g) : KV_OK;
    for (struct commit_request *q = first; q != NULL && g.freeze; q = q->next) {
        if (q->txn == NULL)
            q->result = frozen;
    }
    if (g.reader != NULL)
        tree_reader_give(&s->tree, g.reader, 0);
    view_unref(g.view);
    return full;
}

static void lead(struct store *s, struct commit_request *self)
{
    struct commit_request *first = take_queue(s);
    bool full = commit_group(s, first);
    pass_leadership(s);
    wake_members(first, self);
    if (full)
        checkpoint_kick(s);
}

// True when the caller leads.
static bool enqueue(struct store *s, struct commit_request *q)
{
    q->next = NULL;
    atomic_store_explicit(&q->turn, TURN_WAIT, memory_order_relaxed);
    pthread_mutex_lock(&s->queue.mutex);
    if (s->queue.last != NULL)
        s->queue.last->next = q;
    else
        s->queue.first = q;
    s->queue.last = q;
    s->queue.length++;
    bool leads = !s->queue.led;
    s->queue.led = true;
    pthread_mutex_unlock(&s->queue.mutex);
    return leads;
}

// Without a log there is no sync to share, and handing leadership over would cost more than a commit: whoever holds the
// mutex leads, for itself.
static void run_unlogged(struct store *s, struct commit_request *q)
{
    pthread_mutex_lock(&s->queue.unlogged_mutex);
    bool full = commit_group(s, q);
    pthread_mutex_unlock(&s->queue.unlogged_mutex);
    if (full)
        checkpoint_kick(s);
}

static void run(struct store *s, struct commit_request *q)
{
    if (s->dir == NULL) {
        run_unlogged(s, q);
        return;
    }
    uint32_t turn = TURN_LEAD;
    if (!enqueue(s, q)) {
        block_enter();
        while ((turn = atomic_load_explicit(&q->turn, memory_order_acquire)) == TURN_WAIT)
            os_wait(&q->turn, TURN_WAIT, -1);
        block_leave();
    }
    if (turn == TURN_LEAD)
        lead(s, q);
}

enum kv_result commit_freeze(struct store *s)
{
    struct commit_request q = {.txn = NULL};
    run(s, &q);
    return q.result;
}

static enum kv_result commit_writes(struct txn *txn, uint64_t *version)
{
    struct store *s = txn->store;
    struct commit_request *q = &txn->request;
    *q = (struct commit_request){.txn = txn};
    enum kv_result r = store_failed(s) ? KV_IO : checkpoint_throttle(s);
    if (r == KV_OK)
        r = prepare(txn);
    if (r != KV_OK)
        return r;
    run(s, q);
    *version = q->version;
    return q->result;
}

enum kv_result txn_commit(struct kv_txn *base, uint64_t *version)
{
    struct txn *txn = txn_of(base);
    enum kv_result r = txn_check(txn);
    *version = txn->snapshot; // without writes it takes place there, whatever has been committed since
    if (r == KV_OK && txn->write_count > 0)
        r = commit_writes(txn, version);
    if (r == KV_CONFLICT || r == KV_TOO_OLD)
        atomic_fetch_add_explicit(&txn->store->stats.conflicts, 1, memory_order_relaxed);
    if (r == KV_CONFLICT && txn->observer != NULL)
        txn->observer->conflicted(txn->observer, &txn->conflict);
    txn_end(txn);
    return r;
}
