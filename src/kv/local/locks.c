#include "kv/local/locks_int.h"
#include "kv/kv_int.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/util.h"
#include "os/os.h"

#include <string.h>

enum lock_outcome { OUTCOME_WAITING, OUTCOME_GRANTED, OUTCOME_DEADLOCK, OUTCOME_CANCELED };

struct lock_request {
    struct lock_owner *owner;
    struct lock *lock;
    enum kv_lock_mode mode;
    bool upgrade;                  // the owner's granted request becomes stronger
    struct lock_request *next;     // in the lock's list
    struct lock_request *previous; // of those granted
    struct lock_request *held_next;
    int64_t since_mono_ns;
};

struct lock {
    struct lock *chain;
    uint64_t hash;
    struct lock_request *granted;
    struct lock_request *queue;                              // first in front
    size_t granted_in[KV_LOCK_EXCLUSIVE + 1], granted_count; // by mode, and all
    bool guard;
    struct str key;
    char bytes[];
};

enum { FIRST_BUCKETS = 256 };

void lock_table_init(struct lock_table *t, const struct os *os, const _Atomic uint64_t *durable)
{
    *t = (struct lock_table){.os = os, .bucket_count = FIRST_BUCKETS, .durable = durable};
    pthread_mutex_init(&t->mutex, NULL);
    t->buckets = mem_zalloc(FIRST_BUCKETS * sizeof(*t->buckets));
}

void lock_table_release(struct lock_table *t)
{
    INVARIANT(t->lock_count == 0);
    for (struct lock_request *r = t->free_requests, *next; r != NULL; r = next) {
        next = r->next;
        mem_free(r);
    }
    mem_free(t->buckets);
    pthread_mutex_destroy(&t->mutex);
}

static void grow(struct lock_table *t)
{
    size_t count = t->bucket_count * 2;
    struct lock **buckets = mem_zalloc(size_mul(count, sizeof(*buckets)));
    for (size_t i = 0; i < t->bucket_count; i++) {
        for (struct lock *l = t->buckets[i], *chain; l != NULL; l = chain) {
            chain = l->chain;
            l->chain = buckets[l->hash & (count - 1)];
            buckets[l->hash & (count - 1)] = l;
        }
    }
    mem_free(t->buckets);
    t->buckets = buckets;
    t->bucket_count = count;
}

static uint64_t hash_of(struct str key)
{
    return hash_bytes(key.ptr, key.len, 0);
}

static struct lock *lock_of(struct lock_table *t, struct str key)
{
    uint64_t hash = hash_of(key);
    for (struct lock *l = t->buckets[hash & (t->bucket_count - 1)]; l != NULL; l = l->chain) {
        if (l->hash == hash && str_eq(l->key, key))
            return l;
    }
    if (t->lock_count >= t->bucket_count)
        grow(t);
    struct lock *l = mem_alloc(sizeof(*l) + key.len);
    struct lock **bucket = &t->buckets[hash & (t->bucket_count - 1)];
    *l = (struct lock){.chain = *bucket, .hash = hash, .key = {l->bytes, key.len}};
    memcpy(l->bytes, key.ptr, key.len);
    *bucket = l;
    t->lock_count++;
    return l;
}

static void drop_if_unused(struct lock_table *t, struct lock *l)
{
    if (l->granted != NULL || l->queue != NULL)
        return;
    struct lock **at = &t->buckets[l->hash & (t->bucket_count - 1)];
    while (*at != l)
        at = &(*at)->chain;
    *at = l->chain;
    t->lock_count--;
    mem_free(l);
}

static struct lock_request *new_request(struct lock_table *t, struct lock *l, struct lock_owner *owner,
                                        enum kv_lock_mode mode)
{
    struct lock_request *r = t->free_requests;
    if (r != NULL)
        t->free_requests = r->next;
    else
        r = mem_alloc(sizeof(*r));
    *r = (struct lock_request){.owner = owner, .lock = l, .mode = mode, .since_mono_ns = t->os->mono_ns(t->os)};
    return r;
}

static void free_request(struct lock_table *t, struct lock_request *r)
{
    r->next = t->free_requests;
    t->free_requests = r;
}

static void unlink_queued(struct lock_request **list, struct lock_request *r)
{
    while (*list != r)
        list = &(*list)->next;
    *list = r->next;
}

static void unlink_granted(struct lock_request *r)
{
    struct lock *l = r->lock;
    if (r->previous != NULL)
        r->previous->next = r->next;
    else
        l->granted = r->next;
    if (r->next != NULL)
        r->next->previous = r->previous;
    l->granted_in[r->mode]--;
    l->granted_count--;
}

// The shorter of two lists has it: many may hold a guard, and one may hold many locks.
static struct lock_request *granted_to(struct lock *l, const struct lock_owner *owner)
{
    struct lock_request *r;
    if (owner->held_count < l->granted_count) {
        for (r = owner->held; r != NULL && r->lock != l;)
            r = r->held_next;
        return r;
    }
    for (r = l->granted; r != NULL && r->owner != owner;)
        r = r->next;
    return r;
}

static bool all_compatible(const struct lock *l, enum kv_lock_mode mode)
{
    for (enum kv_lock_mode m = KV_LOCK_KEY_SHARE; m <= KV_LOCK_EXCLUSIVE; m++) {
        if (l->granted_in[m] > 0 && !kv_lock_compatible(m, mode))
            return false;
    }
    return true;
}

// First holder that keeps `owner` from having the lock in `mode`, or NULL.
static struct lock_request *conflicting_holder(struct lock *l, const struct lock_owner *owner, enum kv_lock_mode mode)
{
    if (all_compatible(l, mode))
        return NULL;
    struct lock_request *r = l->granted;
    while (r != NULL && (r->owner == owner || kv_lock_compatible(r->mode, mode)))
        r = r->next;
    return r;
}

// First request in the queue that a new one in `mode` has to wait for.
static struct lock_request *conflicting_queued(struct lock *l, enum kv_lock_mode mode)
{
    struct lock_request *r = l->queue;
    while (r != NULL && kv_lock_compatible(r->mode, mode))
        r = r->next;
    return r;
}

static void hold(struct lock_request *r)
{
    struct lock *l = r->lock;
    r->previous = NULL;
    r->next = l->granted;
    if (l->granted != NULL)
        l->granted->previous = r;
    l->granted = r;
    l->granted_in[r->mode]++;
    l->granted_count++;
    r->held_next = r->owner->held;
    r->owner->held = r;
    r->owner->held_count++;
}

static void strengthen(struct lock_request *mine, enum kv_lock_mode mode)
{
    mine->lock->granted_in[mine->mode]--;
    mine->mode = mode;
    mine->lock->granted_in[mode]++;
}

static void end_wait(struct lock_owner *owner, enum lock_outcome outcome)
{
    owner->waiting = NULL;
    atomic_store_explicit(&owner->outcome, outcome, memory_order_release);
    os_wake(&owner->outcome);
}

static void grant(struct lock_table *t, struct lock_request *r)
{
    struct lock_owner *owner = r->owner;
    if (r->upgrade) {
        strengthen(granted_to(r->lock, owner), r->mode);
        free_request(t, r);
    } else {
        hold(r);
    }
    end_wait(owner, OUTCOME_GRANTED);
}

// Grants, in their order, all that wait for no holder and for none that stays in the queue in front of them.
static void grant_waiting(struct lock_table *t, struct lock *l)
{
    enum kv_lock_mode strongest = KV_LOCK_KEY_SHARE; // of those that stay: what is compatible with it is with all
    bool stays = false;
    for (struct lock_request **at = &l->queue, *r; (r = *at) != NULL;) {
        if (conflicting_holder(l, r->owner, r->mode) == NULL && (!stays || kv_lock_compatible(strongest, r->mode))) {
            *at = r->next;
            grant(t, r);
            continue;
        }
        strongest = MAX(strongest, r->mode);
        stays = true;
        if (strongest == KV_LOCK_EXCLUSIVE)
            return; // keeps all behind it
        at = &r->next;
    }
}

static void leave_queue(struct lock_table *t, struct lock_owner *owner, enum lock_outcome outcome)
{
    struct lock_request *r = owner->waiting;
    struct lock *l = r->lock;
    unlink_queued(&l->queue, r);
    free_request(t, r);
    end_wait(owner, outcome);
    grant_waiting(t, l);
    drop_if_unused(t, l);
}

static bool lower(const struct lock_owner *a, const struct lock_owner *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->id > b->id;
}

static bool reaches(struct lock_table *t, struct lock_owner *at, struct lock_owner *start);

static bool visit_holder(struct lock_table *t, struct lock_owner *holder, struct lock_owner *at,
                         struct lock_owner *start)
{
    if (holder == at || (holder != start && holder->searched == t->search))
        return false;
    holder->searched = t->search;
    holder->found_by = at;
    return holder == start || reaches(t, holder, start);
}

// The strongest mode that keeps the request back, its own or of one in front of it that it waits for, directly or over
// others: all of them wait for what is incompatible with that mode.
static enum kv_lock_mode waits_as(const struct lock_request *wanted)
{
    enum kv_lock_mode mode = wanted->mode, before;
    do {
        before = mode;
        for (const struct lock_request *r = wanted->lock->queue; r != wanted && mode != KV_LOCK_EXCLUSIVE;
             r = r->next) {
            if (r->mode > mode && !kv_lock_compatible(r->mode, mode))
                mode = r->mode;
        }
    } while (mode != before);
    return mode;
}

// Depth-first search along waits from `at`; true when it reaches `start`, with the way back in found_by. Who is queued
// ahead waits for the same lock, so its own waits need no visit: they lead to the holders.
static bool reaches(struct lock_table *t, struct lock_owner *at, struct lock_owner *start)
{
    struct lock_request *wanted = at->waiting;
    if (wanted == NULL)
        return false;
    enum kv_lock_mode mode = waits_as(wanted);
    for (struct lock_request *r = wanted->lock->queue; r != wanted; r = r->next) {
        if (r->owner == start && !kv_lock_compatible(r->mode, mode)) {
            start->found_by = at;
            return true;
        }
    }
    for (struct lock_request *r = wanted->lock->granted; r != NULL; r = r->next) {
        if (!kv_lock_compatible(r->mode, mode) && visit_holder(t, r->owner, at, start))
            return true;
    }
    return false;
}

// For the victim to tell: who waited for whom.
static void note_cycle(struct lock_owner *victim, const struct lock_owner *owner)
{
    victim->n_cycle = 0;
    const struct lock_owner *o = owner;
    do {
        victim->cycle[victim->n_cycle++] = o->tag;
        o = o->found_by;
    } while (o != owner && victim->n_cycle < LOCK_CYCLE_MAX);
}

// Breaks every cycle through `owner`, which has just begun to wait. One that holds nothing is waited for by nobody.
static void break_cycles(struct lock_table *t, struct lock_owner *owner)
{
    if (owner->held == NULL)
        return;
    while (owner->waiting != NULL) {
        t->search++;
        if (!reaches(t, owner, owner))
            return;
        struct lock_owner *victim = owner;
        for (struct lock_owner *o = owner->found_by; o != owner; o = o->found_by) {
            if (lower(o, victim))
                victim = o;
        }
        atomic_fetch_add_explicit(&t->deadlocks, 1, memory_order_relaxed);
        note_cycle(victim, owner);
        leave_queue(t, victim, OUTCOME_DEADLOCK);
    }
}

static enum kv_result result_of(enum lock_outcome outcome)
{
    static const enum kv_result results[] = {KV_TIMEOUT, KV_OK, KV_DEADLOCK, KV_CANCELED};
    return results[outcome];
}

// Blocks until the wait has an outcome. The table's mutex is not held.
static enum kv_result wait_for(struct lock_table *t, struct lock_owner *owner, int64_t timeout_ns)
{
    int64_t deadline = timeout_ns > 0 ? t->os->mono_ns(t->os) + timeout_ns : 0;
    block_enter();
    uint32_t outcome;
    while ((outcome = atomic_load_explicit(&owner->outcome, memory_order_acquire)) == OUTCOME_WAITING) {
        int64_t left = deadline == 0 ? -1 : deadline - t->os->mono_ns(t->os);
        if (deadline != 0 && left <= 0) {
            pthread_mutex_lock(&t->mutex);
            if (owner->waiting != NULL)
                leave_queue(t, owner, OUTCOME_WAITING);
            pthread_mutex_unlock(&t->mutex);
            outcome = atomic_load_explicit(&owner->outcome, memory_order_acquire);
            break;
        }
        os_wait(&owner->outcome, OUTCOME_WAITING, left);
    }
    block_leave();
    return result_of(outcome);
}

// Upgrades queue in front of all that hold nothing.
static void enqueue(struct lock *l, struct lock_request *r)
{
    struct lock_request **at = &l->queue;
    while (*at != NULL && (!r->upgrade || (*at)->upgrade))
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    r->owner->waiting = r;
    atomic_store_explicit(&r->owner->outcome, OUTCOME_WAITING, memory_order_relaxed);
}

// Tries without waiting. True when done, with the result; else the request stands in the queue.
static bool acquire_now(struct lock_table *t, struct lock_owner *owner, const struct lock_wanted *wanted,
                        struct lock_blocker *blocker, enum kv_result *result)
{
    struct lock *l = lock_of(t, wanted->key);
    enum kv_lock_mode mode = wanted->mode;
    l->guard |= wanted->guard;
    struct lock_request *mine = granted_to(l, owner), *holder = conflicting_holder(l, owner, mode);
    *result = KV_OK;
    if (mine != NULL && mine->mode >= mode)
        return true;
    if (holder == NULL && mine != NULL) {
        strengthen(mine, mode);
        return true;
    }
    if (holder == NULL)
        holder = conflicting_queued(l, mode);
    if (holder == NULL) {
        hold(new_request(t, l, owner, mode));
        return true;
    }
    struct lock_owner *other = holder->owner;
    *blocker = (struct lock_blocker){other->id, other->tag, 0};
    bool canceled = atomic_load_explicit(&owner->canceled, memory_order_relaxed);
    if (wanted->wait != KV_LOCK_WAIT || canceled) {
        *result = wanted->wait != KV_LOCK_WAIT ? KV_LOCK_UNAVAILABLE : KV_CANCELED;
        return true;
    }
    struct lock_request *r = new_request(t, l, owner, mode);
    r->upgrade = mine != NULL;
    enqueue(l, r);
    return false;
}

enum kv_result lock_acquire(struct lock_table *t, struct lock_owner *owner, const struct lock_wanted *wanted,
                            struct lock_blocker *blocker)
{
    enum kv_result result;
    pthread_mutex_lock(&t->mutex);
    bool done = acquire_now(t, owner, wanted, blocker, &result);
    if (!done)
        break_cycles(t, owner);
    pthread_mutex_unlock(&t->mutex);
    if (done)
        return result;
    atomic_fetch_add_explicit(&t->waits, 1, memory_order_relaxed);
    int64_t start = t->os->mono_ns(t->os);
    result = wait_for(t, owner, wanted->timeout_ns);
    blocker->waited_ns = MAX(t->os->mono_ns(t->os) - start, (int64_t)1);
    return result;
}

bool lock_guard_changed(const struct lock_table *t, struct str key, uint64_t version)
{
    const _Atomic uint64_t *released = &t->guard_released[hash_of(key) % LOCK_GUARD_SLOTS];
    return atomic_load_explicit(released, memory_order_acquire) > version;
}

static void note_release(struct lock_table *t, const struct lock_request *r)
{
    if (r->lock->guard && r->mode == KV_LOCK_EXCLUSIVE)
        atomic_store_explicit(&t->guard_released[r->lock->hash % LOCK_GUARD_SLOTS],
                              atomic_load_explicit(t->durable, memory_order_acquire), memory_order_release);
}

void lock_release_all(struct lock_table *t, struct lock_owner *owner)
{
    if (owner->held == NULL)
        return;
    pthread_mutex_lock(&t->mutex);
    INVARIANT(owner->waiting == NULL);
    for (struct lock_request *r = owner->held, *next; r != NULL; r = next) {
        next = r->held_next;
        struct lock *l = r->lock;
        note_release(t, r);
        unlink_granted(r);
        free_request(t, r);
        grant_waiting(t, l);
        drop_if_unused(t, l);
    }
    owner->held = NULL;
    owner->held_count = 0;
    pthread_mutex_unlock(&t->mutex);
}

void lock_cancel(struct lock_table *t, struct lock_owner *owner)
{
    pthread_mutex_lock(&t->mutex);
    atomic_store_explicit(&owner->canceled, true, memory_order_relaxed);
    if (owner->waiting != NULL)
        leave_queue(t, owner, OUTCOME_CANCELED);
    pthread_mutex_unlock(&t->mutex);
}

static void copy_requests(const struct lock_request *r, bool granted, struct arena *a, struct str key,
                          struct kv_lock_info **infos, size_t *n, size_t *cap)
{
    for (; r != NULL; r = r->next) {
        if (*n == *cap)
            *infos = arena_grow(a, *infos, *n, cap, sizeof(**infos));
        (*infos)[(*n)++] = (struct kv_lock_info){.key = key,
                                                 .txn_id = r->owner->id,
                                                 .tag = r->owner->tag,
                                                 .mode = r->mode,
                                                 .isolation = r->owner->isolation,
                                                 .granted = granted,
                                                 .since_mono_ns = r->since_mono_ns};
    }
}

void lock_list(struct lock_table *t, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg)
{
    struct arena a;
    arena_init(&a, NULL);
    struct kv_lock_info *infos = NULL;
    size_t n = 0, cap = 0;
    pthread_mutex_lock(&t->mutex);
    for (size_t i = 0; i < t->bucket_count; i++) {
        for (struct lock *l = t->buckets[i]; l != NULL; l = l->chain) {
            struct str key = arena_str(&a, l->key);
            copy_requests(l->granted, true, &a, key, &infos, &n, &cap);
            copy_requests(l->queue, false, &a, key, &infos, &n, &cap);
        }
    }
    pthread_mutex_unlock(&t->mutex);
    for (size_t i = 0; i < n; i++)
        visit(arg, &infos[i]);
    arena_release(&a);
}
