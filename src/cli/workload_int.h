// Load generators. A workload creates its tables (init) and has one operation that many connections repeat (run); the
// runner measures and reports.
#ifndef CLI_WORKLOAD_INT_H
#define CLI_WORKLOAD_INT_H

#include "base/err.h"
#include "base/util.h"
#include "cli/url_int.h"
#include <stdatomic.h>

// Latencies in buckets whose width is 1/32 of their power of two: quantiles within 3 %.
#define HISTOGRAM_SUB_BITS 5
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SUB_BITS) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t sum_ns, max_ns;
};

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *into, const struct histogram *from);
// into -= from: what came between two snapshots. The maximum becomes that of the highest bucket left.
void histogram_subtract(struct histogram *into, const struct histogram *from);
// q in [0, 1]; 0 for an empty histogram.
double histogram_quantile_ms(const struct histogram *h, double q);

struct workload_options {
    struct conn_options conn;
    const char *database; // NULL: the workload's name
    int64_t rows;
    int64_t payload_bytes;
    int64_t read_percent; // kv
    int64_t concurrency;
    int64_t duration_ns; // 0: until max_ops or an interrupt
    int64_t max_ops;     // 0: unbounded
    int64_t display_every_ns;
    int64_t seed;
    bool drop, init, tolerate_errors;
};

struct workload {
    const char *name;
    const char *operation; // in the last column of the report
    int64_t rows_default;
    // Creates and fills the tables; the database exists and is the current one.
    int (*init)(PGconn *conn, const struct workload_options *options, struct err *err);
    // Once per connection.
    int (*prepare)(PGconn *conn, struct err *err);
    // One operation; the result of its last statement, which the runner judges and clears.
    PGresult *(*operate)(PGconn *conn, struct rng *rng, const struct workload_options *options);
};

extern const struct workload workload_bank, workload_kv;

int workload_init(const struct workload *workload, struct workload_options *options, struct err *err) MUST_CHECK;
// Fails when an operation failed for good and --tolerate-errors is not set.
int workload_run(const struct workload *workload, struct workload_options *options, struct err *err) MUST_CHECK;
int workload_execute(PGconn *conn, const char *sql, struct err *err) MUST_CHECK;

#endif
