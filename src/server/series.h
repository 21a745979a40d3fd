// Metrics over time, in memory: a sample of every metric each ten seconds while anything happens or somebody looks,
// kept for an hour, and one each ten minutes, kept for a week. The memory is bounded and taken when first needed.
//
// A timer drives it (net_options.tick). It stops when nothing has moved since the last sample and nobody has looked for
// a minute, and starts again with the next activity of a connection: an idle server samples nothing and does not wake.
//
// Thread-safe.
#ifndef SERVER_SERIES_H
#define SERVER_SERIES_H

#include "base/arena.h"
#include "base/base.h"

struct series;

struct series_info {
    const char *name, *kind, *help; // kind: "counter", "gauge"
};
struct series_options {
    const struct series_info *infos;
    size_t n;
    void (*sample)(void *arg, uint64_t *values); // n of them
    uint64_t (*activity)(void *arg);             // moves while anything happens
    void *arg;
};
struct series *series_new(const struct series_options *options);
void series_free(struct series *s); // NULL allowed

// The timer, at this monotonic time: samples if it is time. Returns when it wants to be called again, INT64_MAX: not
// before something happens.
int64_t series_tick(struct series *s, int64_t now);
// Somebody looks: samples if the newest one is old.
void series_look(struct series *s);

struct series_point {
    int64_t at_s; // since the Unix epoch
    uint64_t value;
};
struct series_data {
    const struct series_info *info;
    const struct series_point *points; // oldest first
    size_t n;
};
size_t series_count(const struct series *s);
const struct series_info *series_info(const struct series *s, size_t i);
void series_read(struct series *s, struct arena *a, size_t i, int64_t from_s, int64_t to_s, struct series_data *out);

#endif
