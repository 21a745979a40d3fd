// What the server remembers of the past, in the store: metrics over time, its own and those of each virtual cluster,
// and what statements have cost. Written by a thread of its own every ten minutes while samples are taken, and at the
// end: a crash forgets what came after.
//
// Of a cluster there are samples only while something changes: between two of them nothing did.
//
// Thread-safe.
#ifndef SERVER_HISTORY_H
#define SERVER_HISTORY_H

#include "server/series.h"

#include "base/err.h"

struct clusters;
struct history;
struct kv;

struct history_options {
    struct kv *kv;
    struct clusters *clusters;
    struct series *server; // is filled with what is stored
};
int history_open(const struct history_options *options, struct history **out, struct err *err) MUST_CHECK;
void history_close(struct history *h); // NULL allowed
// The server's series has taken a sample.
void history_sampled(struct history *h, int64_t at_s, bool is_coarse);

size_t history_cluster_metrics(uint64_t cluster); // how many it has
const struct series_info *history_cluster_info(size_t i);
// The points of one metric of a cluster, as series_read, and its value now.
int history_read(struct history *h, struct arena *a, uint64_t cluster, size_t i, int64_t from_s, int64_t to_s,
                 struct series_data *out, struct err *err) MUST_CHECK;
// The metrics of the clusters that are open, in Prometheus' text form.
void history_print_clusters(struct history *h, struct buf *out);

#endif
