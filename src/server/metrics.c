// Metrics: their values now, and in Prometheus' text exposition format.
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

const struct series_info server_metrics[] = {
#define METRIC(name, kind, help, expression) {name, #kind, help},
#include "server/metrics.def"
#undef METRIC
};
const size_t server_metrics_len = ARRAY_LEN(server_metrics);

void server_sample_metrics(void *arg, uint64_t *out)
{
    struct server *server = arg;
    struct metric_values values = {.rss_bytes = resident_bytes()}, *v = &values;
    v->uptime_s = (uint64_t)(clock_mono_ns() - server->started_ns) / 1000000000;
    server_get_stats(server, &v->server);
    kv_get_stats(server->kv, &v->kv);
#define METRIC(name, kind, help, expression) *out++ = (expression);
#include "server/metrics.def"
#undef METRIC
}

void server_print_metrics(void *arg, bool clusters, struct buf *out)
{
    struct server *server = arg;
    uint64_t values[ARRAY_LEN(server_metrics)];
    server_sample_metrics(server, values);
    for (size_t i = 0; i < ARRAY_LEN(server_metrics); i++) {
        const struct series_info *m = &server_metrics[i];
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", m->name, m->help, m->name, m->kind, m->name,
                   values[i]);
    }
    if (clusters)
        history_print_clusters(server->history, out);
}
