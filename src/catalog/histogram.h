// Histograms of one column's values that are not NULL, in the form of CockroachDB's: every bucket says how many rows
// equal its upper bound, how many lie between the bound before and its own, and how many different values those have.
// The first bucket's bound is the smallest value.
//
// Thread-safe: pure functions of their arguments.
#ifndef CATALOG_HISTOGRAM_H
#define CATALOG_HISTOGRAM_H

#include "base/arena.h"
#include "base/buf.h"
#include "types/types.h"

enum { HISTOGRAM_BUCKETS_MAX = 200, HISTOGRAM_SAMPLE_ROWS = 10000 };

struct histogram_bucket {
    struct datum upper;
    double equal, range, distinct_range;
};
struct histogram {
    struct type type;
    const struct histogram_bucket *buckets;
    size_t n;
    double rows; // of all buckets
};

// False: its values have no order, or none that tells anything.
bool histogram_possible(struct type t);
// From a sample, which is sorted in place and borrowed: values that are not NULL. `rows` and `distinct` are those of
// the column.
struct histogram histogram_build(struct arena *a, struct type t, struct datum *sample, size_t n, double rows,
                                 double distinct);

// Bytes of system.table_statistics.histogram.
void histogram_encode(struct buf *out, const struct histogram *h);
// False when the bytes are damaged or of another type than `t`.
bool histogram_decode(struct arena *a, struct type t, struct str bytes, struct histogram *out);

// An interval of values; NULL: open.
struct histogram_range {
    const struct datum *low, *high;
    bool low_exclusive, high_exclusive;
};
// Rows whose value lies in it, estimated: inside a bucket values are taken to be spread evenly.
double histogram_rows(const struct histogram *h, const struct histogram_range *r);

#endif
