// Private to src/sql/execute: rows in temporary files (spill.c), sorting beyond memory (sorter.c).
//
// An execution has at most one temporary file, made when first needed and removed from its directory at once; streams
// of rows share it. Operators spill when what they hold passes x->work_memory_bytes.
#ifndef SQL_EXECUTE_SPILL_INT_H
#define SQL_EXECUTE_SPILL_INT_H

#include "sql/execute/execute_int.h"

// ---- streams: rows are appended, then read once in the same order

struct spill_stream;
struct spill_stream *spill_stream_new(struct exec_context *x, const struct op *owner, const struct type *types,
                                      uint32_t n_cols);
// Gives memory and disk space back; NULL is allowed.
void spill_stream_free(struct spill_stream *s);
// Appends one row of a batch, its columns in order or those of `positions`. 53100 when the disk is full, 58030 on other
// failures.
int spill_append_row(struct spill_stream *s, const struct batch *b, const uint32_t *positions, uint32_t row,
                     struct err *err) MUST_CHECK;
int spill_append(struct spill_stream *s, const struct batch *b, const uint32_t *positions, struct err *err) MUST_CHECK;
// No more rows will be appended; reading starts.
int spill_finish(struct spill_stream *s, struct err *err) MUST_CHECK;
// Next rows into *out (the stream's own batch), n == 0 at the end; valid until the next read.
int spill_read(struct spill_stream *s, struct batch *out, struct err *err) MUST_CHECK;
void spill_release(struct exec_context *x); // by exec_close

// ---- partitions: rows that do not fit go to one of SPILL_PARTITIONS streams by a hash, to be worked on one stream
// after the other; what does not fit then is partitioned again by other bits of the hash

enum { SPILL_PARTITIONS = 16, SPILL_LEVELS = 8 };

static inline uint32_t spill_partition(uint64_t hash, uint32_t level)
{
    return (uint32_t)(hash >> (32 + 4 * level)) % SPILL_PARTITIONS;
}
// One or two streams of the same partition.
struct spill_part {
    struct spill_stream *streams[2];
    uint32_t level; // at which their rows are partitioned if they must be
};
// Parts waiting, last first. Zero is an empty list; memory by mem_alloc.
struct spill_parts {
    struct spill_part *parts;
    uint32_t n, cap;
};
// Where rows of the part at hand go.
struct spill_split {
    struct spill_stream *streams[2][SPILL_PARTITIONS];
    uint32_t level;
};
// Appends a row to the stream of its partition; `side` 0 or 1.
int spill_split_row(struct spill_split *split, struct op *owner, int side, const struct type *types, uint32_t n_cols,
                    const struct batch *b, uint32_t row, uint64_t hash, struct err *err) MUST_CHECK;
// Ends the appending: its parts are added to the list.
int spill_split_finish(struct spill_split *split, struct spill_parts *parts, struct err *err) MUST_CHECK;
// Takes the next part; false when there is none.
bool spill_parts_take(struct spill_parts *parts, struct spill_part *out);
void spill_part_free(struct spill_part *part);
void spill_parts_release(struct spill_parts *parts);
void spill_split_release(struct spill_split *split);

// ---- sorter: rows in, rows out in order; stable. Beyond the work memory sorted runs are written and merged.

struct sorter_key {
    uint32_t column;
    bool descending, nulls_last;
};
struct sorter {
    struct exec_context *x;
    const struct op *owner;
    struct row_store rows;
    const struct sorter_key *keys;
    uint32_t n_keys;
    uint32_t *order; // of the rows in memory, once sorted
    uint32_t order_cap;
    int64_t most;               // rows of each run that matter; INT64_MAX: all
    struct spill_stream **runs; // in the order of their rows' arrival
    uint32_t n_runs, runs_cap;
    struct sorter_merge *merge; // of the runs, while rows are read
    uint32_t at;
};
void sorter_init(struct sorter *s, const struct op *owner, const struct type *types, uint32_t n_cols,
                 const struct sorter_key *keys, uint32_t n_keys);
void sorter_reset(struct sorter *s);
void sorter_release(struct sorter *s);
int sorter_compare(const struct sorter *s, uint32_t key, const struct datum *x, const struct datum *y);
// Sorts what is in memory: s->order.
int sorter_order(struct sorter *s, struct err *err) MUST_CHECK;
int sorter_add(struct sorter *s, const struct batch *b, struct err *err) MUST_CHECK;
int sorter_finish(struct sorter *s, struct err *err) MUST_CHECK;
// Up to `most` rows into vectors laid out by vec_init; *n == 0 at the end. Bytes are valid until the next call.
int sorter_next(struct sorter *s, struct vec *cols, uint32_t most, uint32_t *n, struct err *err) MUST_CHECK;

#endif
