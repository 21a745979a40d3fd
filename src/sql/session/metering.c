// What calls use and what the limits of the cluster allow, for the server's meter. Nothing here runs in an engine
// without one.
#include "sql/session/session_int.h"
#include <time.h>

static int64_t thread_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}

void metering_begin(struct session *s)
{
    if (s->engine->meter != NULL)
        s->cpu_start_ns = thread_cpu_ns();
}

void metering_end(struct session *s)
{
    if (s->engine->meter == NULL)
        return;
    struct sql_usage usage = {
        .cpu_ns = thread_cpu_ns() - s->cpu_start_ns,
        .read_bytes = s->meter.read_bytes,
        .written_bytes = s->meter.written_bytes,
    };
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
    err_set(err, ERR_DISK_FULL, "virtual cluster \"%s\" is out of storage", s->engine->virtual_cluster_name);
    return err_hint(err, "The statement writes more than the cluster's limit leaves room for. Delete data, or have the "
                         "limit raised.");
}
