// Metrics over time: a sample of every metric each ten seconds while anything happens or somebody looks, kept for an
// hour, and one each ten minutes, kept for a week. The memory is bounded and taken when needed.
//
// A timer drives it (net_options.tick). It stops when nothing has moved since the last sample and nobody has looked for
// a minute, and starts again with the next activity of a connection: an idle server samples nothing and does not wake.
//
// Thread-safe.
#ifndef SERVER_SERIES_H
#define SERVER_SERIES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

struct series;

struct series_info {
    const char *name, *kind, *help; // kind: "counter", "gauge"
};
enum series_ring { SERIES_FINE, SERIES_COARSE, SERIES_RINGS };
enum { SERIES_FINE_SECONDS = 10, SERIES_COARSE_SECONDS = 600 };
struct series_options {
    const struct series_info *infos;
    size_t n;
    // Of one that samples by itself; without these, samples are added.
    void (*sample)(void *arg, uint64_t *values);              // n of them
    uint64_t (*activity)(void *arg);                          // moves while anything happens
    void (*sampled)(void *arg, int64_t at_s, bool is_coarse); // after each sample, without locks; may be NULL
    void *arg;
};
struct series *series_new(const struct series_options *options);
void series_free(struct series *s); // NULL allowed

// The timer, at this monotonic time: samples if it is time. Returns when it wants to be called again, INT64_MAX: not
// before something happens.
int64_t series_tick(struct series *s, int64_t now);
// Somebody looks: samples if the newest one is old.
void series_look(struct series *s);

void series_add(struct series *s, enum series_ring ring, int64_t at_s, const uint64_t *values);

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
// The samples of a ring as bytes to be stored, and back into an empty ring. Metrics are known by their names: those the
// reader does not have are left out, those the writer did not have are zero. False: no such bytes; the ring stays
// empty.
void series_encode(struct series *s, enum series_ring ring, struct buf *out);
bool series_decode(struct series *s, enum series_ring ring, struct str bytes) MUST_CHECK;
void series_read(struct series *s, struct arena *a, size_t i, int64_t from_s, int64_t to_s, struct series_data *out);

#endif
