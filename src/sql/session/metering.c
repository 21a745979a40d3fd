// What calls use and what the limits of the cluster allow, for the server's meter. Nothing here runs in an engine
// without one.
//
// Looking at a thread's CPU clock is a system call, as long as a tenth of a short statement. So a call below
// SHORT_NS is charged with the time that has passed; a longer one, which may have waited, with the CPU time of the
// thread since it last looked, which is at most STALE_NS before the call, and never with more than the time that has
// passed.
#include "sql/session/session_int.h"
#include <time.h>

enum { SHORT_NS = 100000, STALE_NS = 1000000 };

// What the thread's CPU clock showed, and when.
static _Thread_local struct {
    int64_t cpu_ns, mono_ns;
} looked;

static int64_t thread_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}

void metering_begin(struct session *s)
{
    if (s->engine->meter == NULL)
        return;
    s->metered_from_ns = clock_mono_ns();
    if (s->metered_from_ns - looked.mono_ns < STALE_NS)
        return;
    looked.cpu_ns = thread_cpu_ns();
    looked.mono_ns = s->metered_from_ns;
}

// Of the call, CPU time or a little more.
static int64_t call_ns(const struct session *s)
{
    if (s->metered_from_ns == 0)
        return 0;
    int64_t now = clock_mono_ns(), passed = now - s->metered_from_ns;
    if (passed < SHORT_NS)
        return passed;
    int64_t cpu = thread_cpu_ns(), used = cpu - looked.cpu_ns;
    looked.cpu_ns = cpu;
    looked.mono_ns = now;
    return MIN(used, passed);
}

void metering_end(struct session *s)
{
    if (s->engine->meter == NULL ||
        (s->metered_from_ns == 0 && s->meter.written_bytes == 0 && s->meter.read_bytes == 0))
        return;
    struct sql_usage usage = {
        .cpu_ns = call_ns(s),
        .read_bytes = s->meter.read_bytes,
        .written_bytes = s->meter.written_bytes,
    };
    s->metered_from_ns = 0;
    s->meter = (struct kv_meter){0};
    s->written_bytes_max = UINT64_MAX;
    s->engine->meter->used(s->engine->meter->arg, &usage);
}

int metering_admit(struct session *s, bool adds_data, struct err *err)
{
    const struct sql_meter *m = s->engine->meter;
    int64_t wait_micros = 0;
    uint64_t headroom = UINT64_MAX;
    if (m == NULL)
        return 0;
    TRY(m->admit(m->arg, adds_data, &wait_micros, &headroom, err));
    while (wait_micros > 0) {
        TRY(s->functions.sleep(&s->functions, wait_micros, err));
        TRY(m->admit(m->arg, adds_data, &wait_micros, &headroom, err));
    }
    if (__builtin_add_overflow(s->meter.written_bytes, headroom, &s->written_bytes_max))
        s->written_bytes_max = UINT64_MAX;
    return 0;
}

int metering_full(struct session *s, struct err *err)
{
    err_set(err, ERR_DISK_FULL, "virtual cluster \"%s\" is out of storage", s->values[SETTING_VIRTUAL_CLUSTER_NAME]);
    return err_hint(err, "The statement writes more than the cluster's limit leaves room for. Delete data, or have the "
                         "limit raised.");
}
