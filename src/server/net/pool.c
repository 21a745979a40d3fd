#include "server/net/pool.h"
#include "base/err.h"
#include "base/util.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    WORKER_STACK_BYTES = 8 * 1024 * 1024, // SQL recursion is bounded for this size
    PARK_SECONDS = 5,
};
static const int64_t tick_ns = 20 * 1000 * 1000;

struct worker_state {
    struct worker worker;
    pthread_cond_t wake;
    bool woken;                 // under pool->lock: taken off the parked list
    struct worker_state *below; // next parked
    int block_depth;            // this thread's
};

struct pool {
    struct pool_options options;
    int epoll_fd, stop_fd;
    struct source stop_source;

    pthread_mutex_t lock;
    pthread_cond_t changed; // a worker ended
    struct worker *workers;
    struct worker_state *parked; // last parked first: its stack is warm
    size_t n_workers, n_polling, n_running;
    bool stopping;

    // The watch. `ticking` is read without the lock by workers: a worker that starts running after the watch decided to
    // sleep sees it false and wakes it; n_running is re-read by the watch after clearing it.
    pthread_t watch_thread;
    pthread_mutex_t watch_lock;
    pthread_cond_t watch_wake;
    atomic_bool ticking;
    _Atomic int64_t alarm_at;
    bool watch_stopping;
    size_t bonus; // extra workers allowed to run, under `lock`
};

static void *worker_main(void *arg);

// ---- workers come and go

static void start_worker(struct pool *pool)
{
    struct worker_state *w = mem_zalloc(sizeof(*w));
    pthread_attr_t attr;
    pthread_t thread;
    w->worker.pool = pool;
    w->worker.state = w;
    pthread_cond_init(&w->wake, NULL);
    w->worker.next = pool->workers;
    pool->workers = &w->worker;
    pool->n_workers++;
    pool->n_polling++; // on its behalf, so that nobody else is started meanwhile
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WORKER_STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, worker_main, w);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return;
    log_warning("cannot start a worker thread: %s", strerror(rc));
    pool->workers = w->worker.next;
    pool->n_workers--;
    pool->n_polling--;
    pthread_cond_destroy(&w->wake);
    mem_free(w);
}

// Keeps invariant 2. Under the lock.
static void ensure_poller(struct pool *pool)
{
    if (pool->n_polling > 0 || pool->n_running >= pool->options.target + pool->bonus || pool->stopping)
        return;
    struct worker_state *w = pool->parked;
    if (w == NULL) {
        start_worker(pool);
        return;
    }
    pool->parked = w->below;
    w->woken = true;
    pool->n_polling++;
    pthread_cond_signal(&w->wake);
}

static void unlink_parked(struct pool *pool, struct worker_state *w)
{
    for (struct worker_state **at = &pool->parked; *at != NULL; at = &(*at)->below)
        if (*at == w) {
            *at = w->below;
            return;
        }
}

// Waits to be needed. False when it was not for a while. Under the lock.
static bool park(struct pool *pool, struct worker_state *w)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PARK_SECONDS;
    w->woken = false;
    w->below = pool->parked;
    pool->parked = w;
    while (!w->woken && !pool->stopping)
        if (pthread_cond_timedwait(&w->wake, &pool->lock, &until) == ETIMEDOUT)
            break;
    if (w->woken)
        return true;
    unlink_parked(pool, w);
    return false;
}

// From running to polling. False when the worker shall end.
static bool begin_polling(struct worker_state *w, bool was_running)
{
    struct pool *pool = w->worker.pool;
    bool go_on = true;
    pthread_mutex_lock(&pool->lock);
    pool->n_running -= was_running;
    if (pool->stopping)
        go_on = false;
    else if (was_running && pool->n_polling > 0 && pool->n_polling + pool->n_running >= pool->options.target)
        go_on = park(pool, w);
    else
        pool->n_polling += was_running;
    pthread_mutex_unlock(&pool->lock);
    return go_on;
}

static void wake_watch(struct pool *pool)
{
    pthread_mutex_lock(&pool->watch_lock);
    pthread_cond_signal(&pool->watch_wake);
    pthread_mutex_unlock(&pool->watch_lock);
}

static void begin_running(struct worker_state *w)
{
    struct pool *pool = w->worker.pool;
    pthread_mutex_lock(&pool->lock);
    pool->n_polling--;
    pool->n_running++;
    ensure_poller(pool);
    pthread_mutex_unlock(&pool->lock);
    atomic_fetch_add_explicit(&w->worker.runs, 1, memory_order_relaxed);
    if (!atomic_load(&pool->ticking) && !atomic_exchange(&pool->ticking, true))
        wake_watch(pool);
}

// ---- blocking (invariant 1)

static void block_begin(void *arg)
{
    struct worker_state *w = arg;
    if (w->block_depth++ > 0)
        return;
    pthread_mutex_lock(&w->worker.pool->lock);
    w->worker.pool->n_running--;
    ensure_poller(w->worker.pool);
    pthread_mutex_unlock(&w->worker.pool->lock);
}

static void block_end(void *arg)
{
    struct worker_state *w = arg;
    if (--w->block_depth > 0)
        return;
    pthread_mutex_lock(&w->worker.pool->lock);
    w->worker.pool->n_running++;
    pthread_mutex_unlock(&w->worker.pool->lock);
}

// ---- the loop

static void worker_end(struct worker_state *w)
{
    struct pool *pool = w->worker.pool;
    mem_free(w->worker.read_buffer);
    buf_release(&w->worker.spare);
    pthread_mutex_lock(&pool->lock);
    for (struct worker **at = &pool->workers; *at != NULL; at = &(*at)->next)
        if (*at == &w->worker) {
            *at = w->worker.next;
            break;
        }
    pool->n_workers--;
    pthread_cond_signal(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&w->wake);
    mem_free(w);
}

static void *worker_main(void *arg)
{
    struct worker_state *w = arg;
    struct pool *pool = w->worker.pool;
    struct block_hooks hooks = {block_begin, block_end, w};
    bool was_running = false;
    w->worker.read_buffer = mem_alloc(WORKER_READ_BYTES);
    block_hooks_install(&hooks);
    while (begin_polling(w, was_running)) {
        struct epoll_event event; // one at a time: what else is ready belongs to other workers
        int n;
        do
            n = epoll_wait(pool->epoll_fd, &event, 1, -1);
        while (n < 0 && errno == EINTR);
        INVARIANT(n == 1);
        begin_running(w);
        was_running = true;
        struct source *source = event.data.ptr;
        if (source == &pool->stop_source)
            continue;
        atomic_exchange_explicit(&source->armed, false, memory_order_acquire);
        source->ready(source, &w->worker, event.events);
    }
    block_hooks_install(NULL);
    worker_end(w);
    return NULL;
}

// ---- the watch

static void timespec_of(struct timespec *t, int64_t ns)
{
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
}

// Lets one more worker run when all are busy and none came back since the last tick.
static void relieve(struct pool *pool, uint64_t *runs_before)
{
    uint64_t runs = 0;
    pthread_mutex_lock(&pool->lock);
    for (struct worker *w = pool->workers; w != NULL; w = w->next)
        runs += atomic_load_explicit(&w->runs, memory_order_relaxed);
    if (pool->n_polling > 0)
        pool->bonus = 0;
    else if (runs == *runs_before && pool->n_running >= pool->options.target) {
        pool->bonus = pool->n_running + 1 - pool->options.target;
        ensure_poller(pool);
    }
    *runs_before = runs;
    pthread_mutex_unlock(&pool->lock);
}

// Running or blocked.
static bool any_running(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t resting = pool->n_polling;
    for (struct worker_state *w = pool->parked; w != NULL; w = w->below)
        resting++;
    bool any = resting < pool->n_workers;
    pthread_mutex_unlock(&pool->lock);
    return any;
}

// Sleeps until the next tick or alarm. Under watch_lock.
static void watch_sleep(struct pool *pool)
{
    int64_t until = atomic_load(&pool->alarm_at);
    if (atomic_load(&pool->ticking))
        until = MIN(until, clock_mono_ns() + tick_ns);
    if (until == INT64_MAX) {
        pthread_cond_wait(&pool->watch_wake, &pool->watch_lock);
        return;
    }
    struct timespec t;
    timespec_of(&t, until);
    pthread_cond_timedwait(&pool->watch_wake, &pool->watch_lock, &t);
}

static void *watch_main(void *arg)
{
    struct pool *pool = arg;
    uint64_t runs_before = 0;
    bool idle_before = false;
    pthread_mutex_lock(&pool->watch_lock);
    while (!pool->watch_stopping) {
        watch_sleep(pool);
        pthread_mutex_unlock(&pool->watch_lock);
        int64_t now = clock_mono_ns();
        bool alarm = atomic_load(&pool->alarm_at) <= now;
        if (alarm)
            atomic_store(&pool->alarm_at, INT64_MAX);
        if (atomic_load(&pool->ticking))
            relieve(pool, &runs_before);
        pool_alarm(pool, pool->options.watch(pool->options.arg, now, alarm));
        bool idle = !any_running(pool);
        if (idle && idle_before && atomic_load(&pool->ticking)) {
            atomic_store(&pool->ticking, false);
            if (any_running(pool))
                atomic_store(&pool->ticking, true);
        }
        idle_before = idle;
        pthread_mutex_lock(&pool->watch_lock);
    }
    pthread_mutex_unlock(&pool->watch_lock);
    return NULL;
}

void pool_alarm(struct pool *pool, int64_t at)
{
    int64_t before = atomic_load(&pool->alarm_at);
    do
        if (at >= before)
            return;
    while (!atomic_compare_exchange_weak(&pool->alarm_at, &before, at));
    if (!pthread_equal(pthread_self(), pool->watch_thread))
        wake_watch(pool);
}

// ---- life of the pool

static int open_descriptors(struct pool *pool, struct err *err)
{
    pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    pool->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &pool->stop_source};
    if (pool->epoll_fd < 0 || pool->stop_fd < 0 || epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, pool->stop_fd, &event) != 0)
        return err_set(err, ERR_SYSTEM_ERROR, "cannot create an epoll set: %s", strerror(errno));
    return 0;
}

static void pool_free(struct pool *pool)
{
    close(pool->epoll_fd);
    close(pool->stop_fd);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->watch_lock);
    pthread_cond_destroy(&pool->changed);
    pthread_cond_destroy(&pool->watch_wake);
    mem_free(pool);
}

int pool_start(const struct pool_options *options, struct pool **out, struct err *err)
{
    struct pool *pool = mem_zalloc(sizeof(*pool));
    pthread_condattr_t monotonic;
    pool->options = *options;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->watch_lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->watch_wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    atomic_store(&pool->alarm_at, INT64_MAX);
    int rc = open_descriptors(pool, err);
    // The watch waits for the lock until watch_thread is set for pool_alarm.
    pthread_mutex_lock(&pool->watch_lock);
    if (rc == 0 && pthread_create(&pool->watch_thread, NULL, watch_main, pool) != 0)
        rc = err_set(err, ERR_INSUFFICIENT_RESOURCES, "cannot start a thread: %s", strerror(errno));
    pthread_mutex_unlock(&pool->watch_lock);
    if (rc != 0) {
        pool_free(pool);
        return rc;
    }
    pthread_mutex_lock(&pool->lock);
    ensure_poller(pool);
    pthread_mutex_unlock(&pool->lock);
    *out = pool;
    return 0;
}

void pool_stop(struct pool *pool)
{
    uint64_t one = 1;
    pthread_mutex_lock(&pool->watch_lock);
    pool->watch_stopping = true;
    pthread_cond_signal(&pool->watch_wake);
    pthread_mutex_unlock(&pool->watch_lock);
    pthread_join(pool->watch_thread, NULL);

    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    for (struct worker_state *w = pool->parked; w != NULL; w = w->below)
        pthread_cond_signal(&w->wake);
    INVARIANT(write(pool->stop_fd, &one, sizeof(one)) == sizeof(one));
    while (pool->n_workers > 0)
        pthread_cond_wait(&pool->changed, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    pool_free(pool);
}

int pool_add(struct pool *pool, int fd, struct source *source)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.ptr = source};
    if (epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return errno;
    return 0;
}

void pool_arm(struct pool *pool, int fd, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.ptr = source};
    atomic_store_explicit(&source->armed, true, memory_order_release);
    // Another worker may run and close the descriptor before the call returns, but not before it has used it. Written
    // as a bare system call because ThreadSanitizer's epoll_ctl does not know that order.
    INVARIANT(syscall(SYS_epoll_ctl, pool->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0);
}

void pool_visit_workers(struct pool *pool, void (*visit)(void *arg, struct worker *worker), void *arg)
{
    pthread_mutex_lock(&pool->lock);
    for (struct worker *w = pool->workers; w != NULL; w = w->next)
        visit(arg, w);
    pthread_mutex_unlock(&pool->lock);
}

size_t pool_workers(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t n = pool->n_workers;
    pthread_mutex_unlock(&pool->lock);
    return n;
}
