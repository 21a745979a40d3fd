// The lock table: locks on keys in four modes, first in first out, held to the end of the transaction.
//
//   request:  (none) --acquire--> granted            compatible with all holders, nobody queued
//             (none) --acquire--> waiting --grant--> granted
//                                 waiting --deadlock victim, cancel, time-out--> (none)
//   A holder of a weaker lock that wants a stronger one waits in front of those that hold nothing (upgrade).
//
// Invariants
//  1. Granted requests of a lock are pairwise compatible; an owner has at most one.
//  2. A queued request is incompatible with a holder or with a request queued before it.
//  3. No cycle of waits survives the call that closed it: the lowest priority on it dies, of equals the youngest.
//
// Threads: one mutex guards table, locks and requests; nothing else is locked under it. Waiting happens outside on the
// owner's word, without CPU use.
#ifndef KV_LOCAL_LOCKS_INT_H
#define KV_LOCAL_LOCKS_INT_H

#include "kv/kv.h"
#include <pthread.h>
#include <stdatomic.h>

struct lock;
struct lock_request;
struct os;

enum { LOCK_CYCLE_MAX = 8, LOCK_GUARD_SLOTS = 256 };

struct lock_table {
    pthread_mutex_t mutex;
    const struct os *os;
    struct lock **buckets;
    size_t bucket_count, lock_count;
    struct lock_request *free_requests;
    uint64_t search; // number of the latest deadlock search
    // Per hash of a guard's key, the newest durable version when a transaction let go of it in the mode EXCLUSIVE: what
    // was written under it is not newer. Written before the lock passes on.
    _Atomic uint64_t guard_released[LOCK_GUARD_SLOTS];
    const _Atomic uint64_t *durable;
    _Atomic uint64_t waits, deadlocks;
};

// What the table knows of a transaction; embedded in it.
struct lock_owner {
    uint64_t id, tag;
    int priority;
    enum kv_isolation isolation;  // for lists
    atomic_bool canceled;         // sticky until cleared by the owner
    _Atomic uint32_t outcome;     // enum lock_outcome of the wait going on
    struct lock_request *held;    // granted
    struct lock_request *waiting; // at most one
    size_t held_count;
    uint64_t searched; // deadlock search that has been here
    struct lock_owner *found_by;
    uint64_t cycle[LOCK_CYCLE_MAX]; // of a deadlock's victim: tags of those on the cycle, as many as fit
    unsigned n_cycle;
};

struct lock_blocker {
    uint64_t id, tag;  // of one that stood in the way
    int64_t waited_ns; // 0: not at all
};

struct lock_wanted {
    struct str key;
    enum kv_lock_mode mode;
    enum kv_lock_wait wait;
    int64_t timeout_ns;
    bool guard; // kv_lock_guard
};

// `durable`: newest durable version.
void lock_table_init(struct lock_table *t, const struct os *os, const _Atomic uint64_t *durable);
void lock_table_release(struct lock_table *t);
// KV_OK, KV_LOCK_UNAVAILABLE, KV_TIMEOUT, KV_CANCELED or KV_DEADLOCK.
enum kv_result lock_acquire(struct lock_table *t, struct lock_owner *owner, const struct lock_wanted *wanted,
                            struct lock_blocker *blocker);
// Whether a guard that the owner holds may have been written after the version.
bool lock_guard_changed(const struct lock_table *t, struct str key, uint64_t version);
void lock_release_all(struct lock_table *t, struct lock_owner *owner);
void lock_cancel(struct lock_table *t, struct lock_owner *owner);
void lock_list(struct lock_table *t, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg);

#endif
