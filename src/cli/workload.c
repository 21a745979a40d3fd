// The runner of load generators. One thread per connection; the main thread prints a line per interval from the
// threads' histograms, which a mutex per thread guards.
#include "cli/workload_int.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HEADER_EVERY_LINES 20
#define SQLSTATE_RETRY "40001"

struct run;

struct worker {
    struct run *run;
    pthread_t thread;
    bool started;
    PGconn *conn;
    struct rng rng;
    pthread_mutex_t lock; // guards `latencies`
    struct histogram latencies;
};

struct run {
    const struct workload *workload;
    const struct workload_options *options;
    struct worker *workers;
    int64_t start_ns;
    _Atomic int64_t ops_left; // relaxed: a counter
    _Atomic uint64_t errors;  // relaxed: a counter
    atomic_bool stop;         // relaxed: polled between operations
    pthread_mutex_t failure_lock;
    struct err failure; // the first one; guarded by failure_lock
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    interrupted = 1;
}

// --- setting up

static int record_failure(const PGresult *result, struct err *err)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    struct str text = str_trim(str_of(message != NULL ? message : PQresultErrorMessage(result)));
    return err_set(err, code != NULL ? err_code_of(str_of(code)) : ERR_CONNECTION_FAILURE, "%.*s", STR_FMT(text));
}

int workload_execute(PGconn *conn, const char *sql, struct err *err)
{
    PGresult *result = PQexec(conn, sql);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
    int rc = ok ? 0 : record_failure(result, err);
    PQclear(result);
    return rc;
}

static void discard_notice(void *arg, const char *message)
{
}

static PGconn *connect_to(struct workload_options *options, struct str database, struct err *err)
{
    options->conn.url.database = database;
    PGconn *conn = conn_open(&options->conn, err);
    if (conn != NULL)
        PQsetNoticeProcessor(conn, discard_notice, NULL);
    return conn;
}

static struct str database_of(const struct workload *workload, const struct workload_options *options)
{
    return str_of(options->database != NULL ? options->database : workload->name);
}

static int create_database(struct workload_options *options, struct str database, struct err *err)
{
    PGconn *conn = connect_to(options, options->conn.url.database, err);
    if (conn == NULL)
        return err->code;
    char *name = PQescapeIdentifier(conn, database.ptr, database.len);
    struct buf sql = BUF_INIT;
    int rc = 0;
    if (options->drop) {
        buf_printf(&sql, "DROP DATABASE IF EXISTS %s CASCADE", name);
        rc = workload_execute(conn, buf_c(&sql), err);
    }
    buf_clear(&sql);
    buf_printf(&sql, "CREATE DATABASE %s", name);
    if (rc == 0)
        rc = workload_execute(conn, buf_c(&sql), err);
    if (rc == ERR_DUPLICATE_DATABASE) {
        err_reset(err);
        rc = 0;
    }
    buf_release(&sql);
    PQfreemem(name);
    PQfinish(conn);
    return rc;
}

int workload_init(const struct workload *workload, struct workload_options *options, struct err *err)
{
    struct str database = database_of(workload, options);
    TRY(create_database(options, database, err));
    PGconn *conn = connect_to(options, database, err);
    if (conn == NULL)
        return err->code;
    int rc = workload->init(conn, options, err);
    PQfinish(conn);
    return rc;
}

// --- the threads

static bool take_operation(struct run *run)
{
    if (atomic_load_explicit(&run->stop, memory_order_relaxed))
        return false;
    return atomic_fetch_sub_explicit(&run->ops_left, 1, memory_order_relaxed) > 0;
}

static void note_failure(struct run *run, const PGresult *result)
{
    pthread_mutex_lock(&run->failure_lock);
    if (run->failure.code == 0)
        record_failure(result, &run->failure);
    pthread_mutex_unlock(&run->failure_lock);
    atomic_store_explicit(&run->stop, true, memory_order_relaxed);
}

// One operation, repeated while the server asks for a retry. False when the worker has to end.
static bool operate(struct worker *w)
{
    struct run *run = w->run;
    for (;;) {
        PGresult *result = run->workload->operate(w->conn, &w->rng, run->options);
        ExecStatusType status = PQresultStatus(result);
        const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
        bool retry = code != NULL && strcmp(code, SQLSTATE_RETRY) == 0;
        bool lost = PQstatus(w->conn) != CONNECTION_OK;
        if (!ok)
            atomic_fetch_add_explicit(&run->errors, 1, memory_order_relaxed);
        if (!ok && !retry && (lost || !run->options->tolerate_errors))
            note_failure(run, result);
        PQclear(result);
        if (ok || !retry)
            return ok || (!lost && run->options->tolerate_errors);
        if (atomic_load_explicit(&run->stop, memory_order_relaxed))
            return false;
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    while (take_operation(w->run)) {
        int64_t start_ns = clock_mono_ns();
        if (!operate(w))
            break;
        uint64_t elapsed_ns = (uint64_t)(clock_mono_ns() - start_ns);
        pthread_mutex_lock(&w->lock);
        histogram_add(&w->latencies, elapsed_ns);
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static int start_workers(struct run *run, struct workload_options *options, struct err *err)
{
    struct str database = database_of(run->workload, options);
    for (int64_t i = 0; i < options->concurrency; i++) {
        struct worker *w = &run->workers[i];
        w->run = run;
        rng_seed(&w->rng, (uint64_t)options->seed + (uint64_t)i);
        pthread_mutex_init(&w->lock, NULL);
        w->conn = connect_to(options, database, err);
        if (w->conn == NULL)
            return err->code;
        TRY(run->workload->prepare(w->conn, err));
    }
    run->start_ns = clock_mono_ns();
    for (int64_t i = 0; i < options->concurrency; i++) {
        int rc = pthread_create(&run->workers[i].thread, NULL, work, &run->workers[i]);
        if (rc != 0)
            return err_set(err, ERR_SYSTEM_ERROR, "cannot start a thread: %s", strerror(rc));
        run->workers[i].started = true;
    }
    return 0;
}

static void stop_workers(struct run *run)
{
    atomic_store_explicit(&run->stop, true, memory_order_relaxed);
    for (int64_t i = 0; i < run->options->concurrency; i++) {
        struct worker *w = &run->workers[i];
        if (w->started)
            pthread_join(w->thread, NULL);
        if (w->conn != NULL)
            PQfinish(w->conn);
    }
}

// --- reporting

static void collect(struct run *run, struct histogram *out)
{
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < run->options->concurrency; i++) {
        struct worker *w = &run->workers[i];
        pthread_mutex_lock(&w->lock);
        histogram_merge(out, &w->latencies);
        pthread_mutex_unlock(&w->lock);
    }
}

static void print_interval(struct run *run, const struct histogram *all, const struct histogram *before,
                           double elapsed_s, double interval_s, int line)
{
    static struct histogram recent; // one reporter; too large for the stack
    recent = *all;
    histogram_subtract(&recent, before);
    if (line % HEADER_EVERY_LINES == 0)
        puts("_elapsed___errors__ops/sec(inst)___ops/sec(cum)__p50(ms)__p95(ms)__p99(ms)_pMax(ms)");
    printf("%7.1fs %8" PRIu64 " %14.1f %14.1f %8.1f %8.1f %8.1f %8.1f %s\n", elapsed_s, (uint64_t)run->errors,
           (double)recent.total / interval_s, (double)all->total / elapsed_s, histogram_quantile_ms(&recent, 0.5),
           histogram_quantile_ms(&recent, 0.95), histogram_quantile_ms(&recent, 0.99), (double)recent.max_ns / 1e6,
           run->workload->operation);
    fflush(stdout);
}

static void print_total(struct run *run, const struct histogram *all, double elapsed_s, const char *title,
                        const char *name)
{
    double average_ms = all->total == 0 ? 0 : (double)all->sum_ns / (double)all->total / 1e6;
    printf("\n_elapsed___errors_____ops(total)___ops/sec(cum)__avg(ms)__p50(ms)__p95(ms)__p99(ms)_pMax(ms)__%s\n",
           title);
    printf("%7.1fs %8" PRIu64 " %14" PRIu64 " %14.1f %8.1f %8.1f %8.1f %8.1f %8.1f  %s\n", elapsed_s,
           (uint64_t)run->errors, all->total, (double)all->total / elapsed_s, average_ms,
           histogram_quantile_ms(all, 0.5), histogram_quantile_ms(all, 0.95), histogram_quantile_ms(all, 0.99),
           (double)all->max_ns / 1e6, name);
}

static double seconds_since(int64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) / 1e9;
}

static bool finished(struct run *run)
{
    int64_t elapsed_ns = clock_mono_ns() - run->start_ns, duration_ns = run->options->duration_ns;
    return interrupted || atomic_load_explicit(&run->stop, memory_order_relaxed) ||
           atomic_load_explicit(&run->ops_left, memory_order_relaxed) <= 0 ||
           (duration_ns > 0 && elapsed_ns >= duration_ns);
}

// Prints a line per interval until the run is over.
static void watch(struct run *run, struct histogram *all, struct histogram *before)
{
    struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};
    double last_s = 0, every_s = (double)run->options->display_every_ns / 1e9;
    int line = 0;
    while (!finished(run)) {
        nanosleep(&tick, NULL);
        double elapsed_s = seconds_since(run->start_ns);
        if (elapsed_s - last_s < every_s)
            continue;
        collect(run, all);
        print_interval(run, all, before, elapsed_s, elapsed_s - last_s, line++);
        *before = *all;
        last_s = elapsed_s;
    }
}

static int run_workers(struct run *run, struct workload_options *options, struct err *err)
{
    struct histogram *all = mem_zalloc(sizeof *all), *before = mem_zalloc(sizeof *before);
    int rc = start_workers(run, options, err);
    if (rc == 0)
        watch(run, all, before);
    stop_workers(run);
    double elapsed_s = seconds_since(run->start_ns);
    if (rc == 0) {
        collect(run, all);
        print_total(run, all, elapsed_s, "total", run->workload->operation);
        print_total(run, all, elapsed_s, "result", "");
    }
    if (rc == 0 && run->failure.code != 0) {
        rc = run->failure.code;
        err_take(err, &run->failure);
    }
    mem_free(all);
    mem_free(before);
    return rc;
}

int workload_run(const struct workload *workload, struct workload_options *options, struct err *err)
{
    if (options->init || options->drop)
        TRY(workload_init(workload, options, err));
    struct run run = {
        .workload = workload,
        .options = options,
        .workers = mem_zalloc(size_mul(sizeof(struct worker), (size_t)options->concurrency)),
        .ops_left = options->max_ops > 0 ? options->max_ops : INT64_MAX,
        .failure_lock = PTHREAD_MUTEX_INITIALIZER,
    };
    signal(SIGINT, on_interrupt);
    int rc = run_workers(&run, options, err);
    signal(SIGINT, SIG_DFL);
    err_reset(&run.failure);
    mem_free(run.workers);
    return rc;
}
