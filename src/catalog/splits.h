// Ranges: the parts of a cluster's key space between split points. All are on the one node, and a split changes nothing
// but what is shown; it is kept for whoever asks. Rows of keys without a descriptor, like those of the event log.
#ifndef CATALOG_SPLITS_H
#define CATALOG_SPLITS_H

#include "catalog/catalog.h"

enum { KEY_TABLE_SPLITS = 47 };
#define CAT_SPLIT_FOREVER_MICROS INT64_C(9223372036854775) // 2262-04-11, as CockroachDB shows it

struct cat_range {
    struct str start, end; // start empty, end.ptr NULL: the ends of the key space
    int64_t id;
    int64_t until_micros; // how long the split at its start is wanted; 0: there is none
};
// In key order, at least one; splits whose time has passed are none. In `a`.
int cat_ranges(struct cat_view *v, struct arena *a, struct cat_range **out, size_t *n, struct err *err) MUST_CHECK;
bool cat_range_overlaps(const struct cat_range *r, struct kv_range span);
// Bytes of the keys and values in the range, of other virtual clusters those of the cluster alone: counted by reading.
int cat_range_bytes(struct cat_view *v, struct arena *a, const struct cat_range *r, int64_t *bytes,
                    struct err *err) MUST_CHECK;
// The range that begins at `key` exists until then.
int cat_split_put(struct cat_view *v, struct arena *a, struct str key, int64_t until_micros,
                  struct err *err) MUST_CHECK;
// Those at keys in the span.
int cat_splits_remove(struct cat_view *v, struct kv_range span, struct err *err) MUST_CHECK;

#endif
