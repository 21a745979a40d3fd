// Private to window functions: window.c (the operator and the functions), window_frame.c (which rows a frame holds).
//
// Rows are addressed by their position in the sorted order.
#ifndef SQL_EXECUTE_WINDOW_INT_H
#define SQL_EXECUTE_WINDOW_INT_H

#include "sql/execute/spill_int.h"

struct window_op;

struct window_function {
    const struct expr *expr;
    int (*compute)(struct window_op *w, struct window_function *f, struct err *err); // the partition's results
    uint32_t *args;                                                                  // columns of the store
    int64_t filter;                                                                  // … of the filter; -1: none
    struct datum start_offset, end_offset;
    struct fn_call call;
    struct fn_call shift_down, shift_up; // RANGE: key - offset, key + offset
    struct datum *results;               // per position
    struct vec *vecs;                    // aggregates: arguments of a batch
    const struct vec **vec_pointers;
};

struct window_op {
    struct op op;
    struct type *types; // of rows: input columns, then computed ones
    uint32_t n_cols;
    struct sorter sorter;
    // Rows being worked on, whole partitions: all those of the sorter, or as many as were merged from files.
    const struct row_store *rows;
    uint32_t n;
    struct row_store chunk;
    struct batch merged; // rows that follow the chunk
    uint32_t merged_at;
    struct ev **computed; // per computed column
    uint32_t n_input, n_computed;
    uint32_t n_partition, n_order; // keys: columns of the store
    uint32_t *partition_columns, *order_columns;
    const struct sort_key *order_keys;
    struct window_function *functions;
    uint32_t n_functions;
    struct arena memory;             // of the rows at hand: everything below, results
    struct arena state_arena;        // of the aggregate state at hand
    const uint32_t *sorted;          // row numbers by position
    uint32_t *peer_start, *peer_end; // per position: rows equal in the order keys
    uint32_t *group_number;          // per position: peer groups counted from 0 within the partition
    uint32_t start, end;             // of the partition at hand
    uint32_t at;
    bool loaded;
    struct vec *read_cols; // of the whole store, for output
};

static inline struct datum window_value(const struct window_op *w, uint32_t position, uint32_t column)
{
    return row_store_get(w->rows, w->sorted[position], column);
}

// Up to three stretches of positions: a frame without what EXCLUDE takes out.
struct window_rows {
    uint32_t n;
    uint32_t lo[3], hi[3];
};
// Evaluates the offsets and prepares RANGE; once per execution.
int window_frame_open(struct window_op *w, struct window_function *f, struct err *err) MUST_CHECK;
// The frame of the row at a position of the current partition; memory for values in w->op.batch.
int window_frame_rows(struct window_op *w, struct window_function *f, uint32_t position, struct window_rows *out,
                      struct err *err) MUST_CHECK;

#endif
