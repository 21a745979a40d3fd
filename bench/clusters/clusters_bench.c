// What virtual clusters cost, over a store on disk.
#include "base/util.h"
#include "kv/kv.h"
#include "server/clusters.h"
#include "sql/session/session.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kv *kv;
static struct clusters *clusters;

static void die(const struct err *err)
{
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

#define MUST(call)                  \
    do {                            \
        struct err err_ = ERR_INIT; \
        struct err *err = &err_;    \
        if ((call) != 0)            \
            die(err);               \
    } while (0)

// ---- SQL

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    return 0;
}

static void on_complete(struct result_sink *sink, struct str tag)
{
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
}

static size_t on_mark(struct result_sink *sink)
{
    return 0;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    return true;
}

static const struct result_sink_ops sink_ops = {.describe = on_describe,
                                                .rows = on_rows,
                                                .complete = on_complete,
                                                .notice = on_notice,
                                                .mark = on_mark,
                                                .rewind = on_rewind};
static struct result_sink sink = {&sink_ops};

static void run(struct session *s, const char *sql)
{
    MUST(session_query(s, str_of(sql), &sink, err));
}

static struct session *open_session(struct sql_engine *engine)
{
    struct session *s;
    struct session_options options = {.user = STR("root"), .database = STR("defaultdb")};
    MUST(session_new(engine, &options, &s, err));
    return s;
}

static struct sql_engine *acquire(const char *name)
{
    struct sql_engine *engine;
    MUST(clusters_acquire(clusters, cluster_named(str_of(name)), &engine, err));
    return engine;
}

static void first_query(const char *name)
{
    struct sql_engine *engine = acquire(name);
    struct session *s = open_session(engine);
    run(s, "SELECT 1");
    session_free(s);
    clusters_release(clusters, engine);
}

// ---- measuring

static int64_t disk_bytes(const char *dir)
{
    char path[4096];
    struct stat st;
    int64_t total = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
            total += st.st_blocks * 512;
    }
    closedir(d);
    return total;
}

static int64_t resident_bytes(void)
{
    long long total, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (fscanf(f, "%lld %lld", &total, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, int64_t *ns, int n)
{
    qsort(ns, (size_t)n, sizeof(*ns), compare);
    printf("%-58s median %8.2f ms, worst %8.2f ms\n", what, (double)ns[n / 2] / 1e6, (double)ns[n - 1] / 1e6);
}

static void checkpoint(void)
{
    if (kv_checkpoint(kv) != KV_OK)
        exit(1);
}

// ---- the measurements

static void make_clusters(const char *dir, int n, int64_t *ns)
{
    checkpoint();
    int64_t disk = disk_bytes(dir), memory = resident_bytes();
    for (int i = 0; i < n; i++) {
        char name[32];
        int64_t start = clock_mono_ns();
        snprintf(name, sizeof(name), "c-%d", i);
        MUST(clusters_create(clusters, str_of(name), &(struct cluster_create_options){.in_service = true}, NULL, err));
        first_query(name);
        ns[i] = clock_mono_ns() - start;
    }
    print_times("creation to first query", ns, n);
    checkpoint();
    printf("%-58s %.1f kB each\n", "disk of an empty one", (double)(disk_bytes(dir) - disk) / n / 1000);
    printf("%-58s %.1f kB each\n", "memory of unused ones, the store's recent data included",
           (double)(resident_bytes() - memory) / n / 1000);
}

static void open_again(int n, int64_t *ns)
{
    for (int i = 0; i < n; i++) {
        char name[32];
        int64_t start = clock_mono_ns();
        snprintf(name, sizeof(name), "c-%d", i);
        first_query(name);
        ns[i] = clock_mono_ns() - start;
    }
    print_times("opening again to first query", ns, n);
}

// Engines of clusters in use, each with one idle session.
static void hold_open(int n)
{
    struct sql_engine **engines = mem_alloc(sizeof(*engines) * (size_t)n);
    struct session **sessions = mem_alloc(sizeof(*sessions) * (size_t)n);
    int64_t memory = resident_bytes();
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "c-%d", i);
        engines[i] = acquire(name);
        sessions[i] = open_session(engines[i]);
        run(sessions[i], "SELECT 1");
    }
    printf("%-58s %.1f kB each\n", "memory of one in use, with a session",
           (double)(resident_bytes() - memory) / n / 1000);
    for (int i = 0; i < n; i++) {
        session_free(sessions[i]);
        clusters_release(clusters, engines[i]);
    }
    mem_free(engines);
    mem_free(sessions);
}

static void reset(const char *name, int tables, int rows, int times)
{
    char sql[200], what[100];
    int64_t ns[100];
    MUST(clusters_create(clusters, str_of(name), &(struct cluster_create_options){.in_service = true}, NULL, err));
    struct sql_engine *engine = acquire(name);
    struct session *s = open_session(engine);
    for (int i = 0; i < tables; i++) {
        snprintf(sql, sizeof(sql),
                 "CREATE TABLE t%d (a INT PRIMARY KEY, b STRING, c INT, INDEX (c));"
                 "INSERT INTO t%d SELECT g, 'some text ' || g::STRING, g %% 10 FROM generate_series(1, %d) AS x(g)",
                 i, i, rows);
        run(s, sql);
    }
    int64_t start = clock_mono_ns();
    MUST(clusters_snapshot(clusters, cluster_named(str_of(name)), err));
    printf("%-58s %.2f ms\n", "snapshot of the next one", (double)(clock_mono_ns() - start) / 1e6);
    for (int i = 0; i < times; i++) {
        run(s, "UPDATE t0 SET c = c + 1 WHERE a <= 100; DELETE FROM t0 WHERE a > 100 AND a < 200;"
               "CREATE TABLE u (a INT); DROP TABLE t1");
        start = clock_mono_ns();
        MUST(clusters_reset(clusters, cluster_named(str_of(name)), 0, err));
        ns[i] = clock_mono_ns() - start;
    }
    snprintf(what, sizeof(what), "reset of %d tables of %d rows", tables, rows);
    print_times(what, ns, times);
    session_free(s);
    clusters_release(clusters, engine);
}

static void bind(struct session *s)
{
    MUST(session_parse(s, STR("p"), STR("SELECT b FROM t WHERE a = 7"), NULL, 0, &sink, err));
}

static double point_reads(struct session *s)
{
    enum { QUERIES = 1000 };
    struct bind_arguments arguments = {.statement = STR("p")};
    int64_t start = clock_mono_ns();
    for (int i = 0; i < QUERIES; i++) {
        MUST(session_bind(s, &arguments, err));
        MUST(session_execute(s, STR(""), 0, &sink, err));
        MUST(session_sync(s, &sink, err));
    }
    return (double)(clock_mono_ns() - start) / QUERIES;
}

static void meter(void)
{
    struct sql_engine *engine = acquire("c-0");
    struct session *pair[2] = {open_session(clusters_system(clusters)), open_session(engine)};
    double best[2] = {1e12, 1e12};
    for (int k = 0; k < 2; k++) {
        run(pair[k], "CREATE TABLE t (a INT PRIMARY KEY, b STRING); INSERT INTO t VALUES (7, 'seven')");
        bind(pair[k]);
    }
    for (int round = 0; round < 200; round++)
        for (int k = 0; k < 2; k++)
            best[k] = MIN(best[k], point_reads(pair[k]));
    printf("%-58s %.0f ns, in the system cluster %.0f ns\n", "prepared point read in one", best[1], best[0]);
    session_free(pair[0]);
    session_free(pair[1]);
    clusters_release(clusters, engine);
}

int main(int argc, char **argv)
{
    char made[] = "/tmp/palmetto-bench-XXXXXX", url[4200], remove[4200];
    const char *dir = argc > 1 ? argv[1] : mkdtemp(made);
    int n = argc > 2 ? atoi(argv[2]) : 1000;
    int64_t *ns = mem_alloc(sizeof(*ns) * (size_t)MAX(n, 1));
    struct sql_engine_options engine = {.insecure = true};
    struct clusters_options options = {.engine = &engine};
    snprintf(url, sizeof(url), "local:%s", dir);
    MUST(kv_open(url, &(struct kv_options){0}, &kv, err));
    engine.kv = kv;
    MUST(clusters_open(kv, &options, &clusters, err));
    make_clusters(dir, n, ns);
    open_again(n, ns);
    hold_open(MIN(n, 200));
    reset("small", 20, 500, 20);
    reset("large", 20, 5000, 20);
    meter();
    clusters_close(clusters);
    kv_close(kv);
    mem_free(ns);
    snprintf(remove, sizeof(remove), "rm -r %s", dir);
    return argc <= 1 && system(remove) != 0;
}
