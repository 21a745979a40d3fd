// Metrics in Prometheus' text exposition format.
#include "base/util.h"
#include "kv/kv.h"
#include "server/server_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct metric_values {
    struct server_stats server;
    struct kv_stats kv;
    uint64_t uptime_s, rss_bytes;
};

static uint64_t resident_bytes(void)
{
    unsigned long long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_metric(struct buf *out, const char *name, const char *kind, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, kind, name, value);
}

void server_print_metrics(void *arg, struct buf *out)
{
    struct server *server = arg;
    struct metric_values values = {.rss_bytes = resident_bytes()}, *v = &values;
    v->uptime_s = (uint64_t)(clock_mono_ns() - server->started_ns) / 1000000000;
    server_get_stats(server, &v->server);
    kv_get_stats(server->kv, &v->kv);
#define METRIC(name, kind, help, expression) print_metric(out, name, #kind, help, expression);
#include "server/metrics.def"
#undef METRIC
}
