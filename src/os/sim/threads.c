#include "os/sim/threads.h"

#include "base/util.h"
#include "os/os.h"
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

#define EXPORTED __attribute__((visibility("default"), used))

enum { FIBERS_MAX = 256, STACK_BYTES = 4 << 20, LOOK_NS = 1000 };
static const int64_t epoch_ns = 1767225600ll * 1000000000; // 2026-01-01

enum fiber_state { FIBER_FREE, FIBER_READY, FIBER_WAITING, FIBER_ENDED };

struct fiber {
    enum fiber_state state;
    ucontext_t context;
    char *stack;
    void *(*start)(void *arg);
    void *arg, *result;
    const void *waits_for; // a word, a condition; NULL: the time alone
    int64_t deadline_ns;   // 0: none
    bool timed_out;
    char *own;        // its _Thread_local variables while others run
    void *fake_stack; // the address sanitizer's
};

static struct {
    bool running;
    struct rng rng;
    struct fiber fibers[FIBERS_MAX];
    size_t n, current;
    ucontext_t outside;
    void *outside_fake_stack;
    const void *outside_stack;
    size_t outside_stack_bytes;
    int64_t now_ns;
    uint64_t hash, steps;
    // The program's _Thread_local variables: where they are, and how they begin.
    char *own;
    const char *own_initial;
    size_t own_bytes, own_initial_bytes;
} sim;

void sim_threads_note(uint64_t what)
{
    sim.hash = (sim.hash ^ what) * 0x100000001b3u;
}

uint64_t sim_threads_hash(void)
{
    return sim.hash;
}

uint64_t sim_threads_steps(void)
{
    return sim.steps;
}

// ---- variables of a thread: all fibers have the same ones, whose content is exchanged

static int find_own(struct dl_phdr_info *info, size_t size, void *arg)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_TLS)
            continue;
        sim.own = info->dlpi_tls_data;
        sim.own_bytes = p->p_memsz;
        sim.own_initial = (const char *)(info->dlpi_addr + p->p_vaddr);
        sim.own_initial_bytes = p->p_filesz;
    }
    return 1; // the program itself comes first
}

static char *own_new(void)
{
    char *own = mem_zalloc(sim.own_bytes + 1);
    memcpy(own, sim.own_initial, sim.own_initial_bytes);
    return own;
}

static void own_exchange(char *from, const char *to)
{
    memcpy(from, sim.own, sim.own_bytes);
    memcpy(sim.own, to, sim.own_bytes);
}

// ---- switching

static void switched(void *fake_stack)
{
#ifdef __SANITIZE_ADDRESS__
    const void *from;
    size_t from_bytes;
    __sanitizer_finish_switch_fiber(fake_stack, &from, &from_bytes);
    if (sim.outside_stack == NULL) {
        sim.outside_stack = from;
        sim.outside_stack_bytes = from_bytes;
    }
#endif
}

static void switch_to(struct fiber *from, struct fiber *to)
{
    own_exchange(from->own, to->own);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(from->state == FIBER_ENDED ? NULL : &from->fake_stack, to->stack, STACK_BYTES);
#endif
    swapcontext(&from->context, &to->context);
    switched(from->fake_stack);
}

static void wake_overdue(void)
{
    for (size_t i = 0; i < sim.n; i++) {
        struct fiber *f = &sim.fibers[i];
        if (f->state == FIBER_WAITING && f->deadline_ns != 0 && f->deadline_ns <= sim.now_ns) {
            f->state = FIBER_READY;
            f->timed_out = true;
        }
    }
}

static size_t count_ready(void)
{
    size_t n = 0;
    for (size_t i = 0; i < sim.n; i++)
        n += sim.fibers[i].state == FIBER_READY;
    return n;
}

// Nobody can go on before the next deadline: time jumps there. False when there is none.
static bool pass_time(void)
{
    int64_t next = 0;
    for (size_t i = 0; i < sim.n; i++) {
        const struct fiber *f = &sim.fibers[i];
        if (f->state == FIBER_WAITING && f->deadline_ns != 0 && (next == 0 || f->deadline_ns < next))
            next = f->deadline_ns;
    }
    sim.now_ns = MAX(sim.now_ns, next);
    return next != 0;
}

static void *exit_stuck(void)
{
    printf("simulation: all threads wait for each other\n");
    for (size_t i = 0; i < sim.n; i++)
        if (sim.fibers[i].state == FIBER_WAITING)
            printf("  thread %zu waits for %p\n", i, sim.fibers[i].waits_for);
    fflush(stdout);
    abort();
}

// Lets somebody go on: the caller too, if it is ready.
static void schedule(void)
{
    struct fiber *from = &sim.fibers[sim.current];
    wake_overdue();
    size_t ready = count_ready();
    while (ready == 0) {
        if (!pass_time())
            exit_stuck();
        wake_overdue();
        ready = count_ready();
    }
    size_t chosen = rng_below(&sim.rng, ready), i = 0;
    while (sim.fibers[i].state != FIBER_READY || chosen-- > 0)
        i++;
    sim.steps++;
    sim_threads_note(i + 1);
    sim_threads_note((uint64_t)sim.now_ns);
    if (i == sim.current)
        return;
    sim.current = i;
    switch_to(from, &sim.fibers[i]);
}

// Somebody else may go on here.
static void meet(void)
{
    if (sim.running && rng_below(&sim.rng, 3) == 0)
        schedule();
}

// True when woken, false when the time was over.
static bool wait_for(const void *what, int64_t timeout_ns)
{
    struct fiber *f = &sim.fibers[sim.current];
    f->waits_for = what;
    f->deadline_ns = timeout_ns < 0 ? 0 : MAX(sim.now_ns + timeout_ns, (int64_t)1);
    f->timed_out = false;
    f->state = FIBER_WAITING;
    schedule();
    return !f->timed_out;
}

static void mark_ready(const void *what, bool all)
{
    size_t waiting = 0;
    for (size_t i = 0; i < sim.n; i++)
        waiting += sim.fibers[i].state == FIBER_WAITING && sim.fibers[i].waits_for == what;
    size_t chosen = waiting > 0 ? rng_below(&sim.rng, waiting) : 0, at = 0;
    for (size_t i = 0; i < sim.n; i++) {
        struct fiber *f = &sim.fibers[i];
        if (f->state == FIBER_WAITING && f->waits_for == what && (all || at++ == chosen))
            f->state = FIBER_READY;
    }
}

static void wake(const void *what, bool all)
{
    mark_ready(what, all);
    meet();
}

// ---- fibers

static void fiber_main(void)
{
    struct fiber *f = &sim.fibers[sim.current];
    switched(NULL);
    f->result = f->start(f->arg);
    f->state = FIBER_ENDED;
    mark_ready(f, true);
    bool left = false;
    for (size_t i = 0; i < sim.n; i++)
        left |= sim.fibers[i].state == FIBER_READY || sim.fibers[i].state == FIBER_WAITING;
    if (left)
        schedule();
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(NULL, sim.outside_stack, sim.outside_stack_bytes);
#endif
    setcontext(&sim.outside);
}

static size_t free_fiber(void)
{
    size_t i = 0;
    while (i < sim.n && sim.fibers[i].state != FIBER_FREE)
        i++;
    INVARIANT(i < FIBERS_MAX);
    sim.n = MAX(sim.n, i + 1);
    return i;
}

static size_t spawn(void *(*start)(void *arg), void *arg)
{
    size_t i = free_fiber();
    struct fiber *f = &sim.fibers[i];
    char *stack = f->stack;
    if (stack == NULL)
        stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    INVARIANT(stack != MAP_FAILED);
    mem_free(f->own);
    *f = (struct fiber){.state = FIBER_READY, .stack = stack, .own = own_new(), .start = start, .arg = arg};
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = stack;
    f->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&f->context, fiber_main, 0);
    return i;
}

struct first {
    void (*body)(void *arg);
    void *arg;
};

static void *run_first(void *arg)
{
    const struct first *first = arg;
    first->body(first->arg);
    return NULL;
}

void sim_threads_run(uint64_t seed, void (*body)(void *arg), void *arg)
{
    struct first first = {body, arg};
    INVARIANT(!sim.running);
    rng_seed(&sim.rng, seed);
    sim.n = 0;
    sim.now_ns = 1;
    sim.hash = 0xcbf29ce484222325u;
    sim.steps = 0;
    for (size_t i = 0; i < FIBERS_MAX; i++)
        sim.fibers[i].state = FIBER_FREE;
    dl_iterate_phdr(find_own, NULL);
    sim.current = spawn(run_first, &first);
    char *outside = own_new();
    own_exchange(outside, sim.fibers[0].own);
    sim.running = true;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&sim.outside_fake_stack, sim.fibers[0].stack, STACK_BYTES);
#endif
    swapcontext(&sim.outside, &sim.fibers[0].context);
    switched(sim.outside_fake_stack);
    memcpy(sim.own, outside, sim.own_bytes);
    mem_free(outside);
    sim.running = false;
}

// ---- where threads meet

EXPORTED int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    int rc;
    meet();
    while ((rc = pthread_mutex_trylock(mutex)) == EBUSY) {
        INVARIANT(sim.running);
        sim.now_ns += LOOK_NS;
        schedule();
    }
    return rc;
}

EXPORTED int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*start)(void *arg), void *arg)
{
    INVARIANT(sim.running);
    *out = (pthread_t)(spawn(start, arg) + 1);
    meet();
    return 0;
}

EXPORTED int pthread_join(pthread_t thread, void **result)
{
    struct fiber *f = &sim.fibers[thread - 1];
    while (f->state != FIBER_ENDED)
        (void)wait_for(f, -1);
    if (result != NULL)
        *result = f->result;
    f->state = FIBER_FREE;
    return 0;
}

EXPORTED int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    pthread_mutex_unlock(mutex);
    (void)wait_for(condition, -1);
    return pthread_mutex_lock(mutex);
}

EXPORTED int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    int64_t at = (int64_t)until->tv_sec * 1000000000 + until->tv_nsec;
    at -= at >= epoch_ns ? epoch_ns : 0; // of either clock
    pthread_mutex_unlock(mutex);
    bool woken = wait_for(condition, MAX(at - sim.now_ns, (int64_t)0));
    int rc = pthread_mutex_lock(mutex);
    return rc == 0 && !woken ? ETIMEDOUT : rc;
}

EXPORTED int pthread_cond_signal(pthread_cond_t *condition)
{
    wake(condition, false);
    return 0;
}

EXPORTED int pthread_cond_broadcast(pthread_cond_t *condition)
{
    wake(condition, true);
    return 0;
}

EXPORTED int sched_yield(void)
{
    if (!sim.running)
        return (int)syscall(SYS_sched_yield);
    sim.now_ns += LOOK_NS;
    schedule();
    return 0;
}

void os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    meet();
    if (*word == expected && rng_below(&sim.rng, 16) != 0) // else it wakes without a reason, as it may
        (void)wait_for(word, timeout_ns);
}

void os_wake(_Atomic uint32_t *word)
{
    wake(word, false);
}

void os_wake_all(_Atomic uint32_t *word)
{
    wake(word, true);
}

// ---- time and chance

EXPORTED int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (!sim.running)
        return (int)syscall(SYS_clock_gettime, clock, out);
    sim.now_ns += LOOK_NS;
    int64_t at = sim.now_ns + (clock == CLOCK_REALTIME ? epoch_ns : 0);
    *out = (struct timespec){.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
    return 0;
}

EXPORTED int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    if (!sim.running)
        return (int)syscall(SYS_nanosleep, wanted, left);
    (void)wait_for(NULL, (int64_t)wanted->tv_sec * 1000000000 + wanted->tv_nsec);
    return 0;
}

EXPORTED ssize_t getrandom(void *bytes, size_t len, unsigned flags)
{
    if (!sim.running)
        return syscall(SYS_getrandom, bytes, len, flags);
    for (size_t i = 0; i < len; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)rng_below(&sim.rng, 256);
    return (ssize_t)len;
}
