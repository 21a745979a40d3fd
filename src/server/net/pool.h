// The worker pool: threads that share one epoll set of one-shot sources. A ready source is run by exactly one worker,
// to completion, and then arms itself again; between events nothing runs and nobody wakes.
//
// Invariants
// 1. At most `target` workers run unblocked, except for a moment after a blocked one goes on. A worker that calls
//    block_enter (base/util.h) stops counting; when no other is polling, a parked or new one takes its place.
// 2. Whenever something could become ready, some worker polls, or `target` workers are running. In the second case the
//    watch ticks, and if the running ones do not come back within a tick it lets one more run: a pool full of long
//    statements still accepts connections and cancel requests.
// 3. Without events there is no tick and no wake-up. Parked workers end after a few seconds.
//
// Lock order: pool->lock is a leaf; no callback is made under it.
#ifndef SERVER_NET_POOL_H
#define SERVER_NET_POOL_H

#include "base/base.h"
#include "base/buf.h"

#include <stdatomic.h>

struct err;
struct pool;
struct worker;

// Something in the epoll set. Embedded in a connection, a listener …
struct source {
    void (*ready)(struct source *source, struct worker *worker, uint32_t events);
    atomic_bool armed; // released when armed, acquired by the next run: orders the runs of different workers
};

enum { WORKER_READ_BYTES = 64 * 1024 };

// One thread's scratch, lent to the connection that it runs.
struct worker {
    struct pool *pool;
    struct worker *next;   // in pool->workers, under pool->lock
    char *read_buffer;     // WORKER_READ_BYTES
    struct buf spare;      // an output buffer
    void *_Atomic current; // what the worker is running: set by the owner of sources, read by watch callbacks
    _Atomic uint64_t runs; // events taken: tells the watch whether `current` is still the same run
    uint64_t runs_seen;    // the watch callback's: `runs` and time when it last changed
    int64_t seen_at;
    struct worker_state *state;
};

struct pool_options {
    size_t target; // workers that run at once
    // Called by the watch thread at each tick while workers run, and with `alarm` when one set by pool_alarm is due.
    // Returns when it wants the next alarm (monotonic ns), INT64_MAX for never.
    int64_t (*watch)(void *arg, int64_t now, bool alarm);
    void *arg;
};

int pool_start(const struct pool_options *options, struct pool **out, struct err *err) MUST_CHECK;
// Ends and joins all threads. Sources must not be running: the caller has closed them.
void pool_stop(struct pool *pool);

// Adds a descriptor, disarmed. 0 or errno.
int pool_add(struct pool *pool, int fd, struct source *source) MUST_CHECK;
// Arms it for one event (EPOLLIN, EPOLLOUT): the last thing that a worker does with a source, since another worker may
// run it before this returns.
void pool_arm(struct pool *pool, int fd, struct source *source, uint32_t events);
// Asks for the watch callback at `at` (monotonic ns) at the latest. Any thread; cheap when nothing gets earlier.
void pool_alarm(struct pool *pool, int64_t at);
// Calls back for every worker, under pool->lock.
void pool_visit_workers(struct pool *pool, void (*visit)(void *arg, struct worker *worker), void *arg);
size_t pool_workers(struct pool *pool);

#endif
