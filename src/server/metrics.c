// Metrics: their values now, and in Prometheus' text exposition format.
#include "base/util.h"
#include "kv/kv.h"
#include "server/server_int.h"
#include "sql/session/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct metric_values {
    struct server_stats server;
    struct kv_stats kv;
    uint64_t uptime_s, rss_bytes;
    uint64_t fs_bytes, fs_free_bytes;
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

// Of a store in memory nothing.
static void look_at_file_system(const char *store_url, struct metric_values *v)
{
    struct str local = STR("local:");
    struct statvfs fs;
    if (!str_has_prefix(str_of(store_url), local) || statvfs(store_url + local.len, &fs) != 0)
        return;
    v->fs_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    v->fs_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
}

const struct series_info server_metrics[] = {
#define METRIC(name, dotted, scope, kind, help, expression) {name, #kind, help},
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
    look_at_file_system(server->config.store_url, v);
#define METRIC(name, dotted, scope, kind, help, expression) *out++ = (expression);
#include "server/metrics.def"
#undef METRIC
}

void server_list_metrics(void *arg, struct arena *a, struct sql_metric **out, size_t *n)
{
    enum { NODE, STORE };
    static const struct sql_metric names[] = {
#define METRIC(name, dotted, scope, kind, help, expression) {dotted, (scope) == STORE, 0},
#include "server/metrics.def"
#undef METRIC
    };
    uint64_t values[ARRAY_LEN(server_metrics)];
    server_sample_metrics(arg, values);
    *out = arena_dup(a, names, sizeof(names));
    *n = ARRAY_LEN(names);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (*out)[i].value = (double)values[i];
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
