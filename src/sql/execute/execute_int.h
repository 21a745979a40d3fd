// Private to src/sql/execute.
#ifndef SQL_EXECUTE_EXECUTE_INT_H
#define SQL_EXECUTE_EXECUTE_INT_H

#include "keys/inverted.h"
#include "keys/keys.h"
#include "keys/row.h"
#include "sql/execute/execute.h"
#include "types/array.h"
#include "types/tuple.h"

// ---- operators

struct op_ops {
    // Starts, or starts again from the beginning.
    int (*open)(struct op *op, struct err *err);
    // Fills op->out; n == 0: no more rows.
    int (*next)(struct op *op, struct err *err);
    void (*close)(struct op *op); // may be NULL
};

struct op {
    const struct op_ops *ops;
    struct exec_context *x;
    const struct plan *plan;
    struct op *input, *right;
    struct batch out;
    struct arena batch; // reset by op_next before each batch
    uint32_t number;    // of the plan node, for actual_rows
};

// Builds the operator of a plan node and its inputs.
struct op *op_build(struct exec_context *x, const struct plan *p);
int op_open(struct op *op, struct err *err) MUST_CHECK;
int op_next(struct op *op, struct err *err) MUST_CHECK; // result in op->out
void op_close(struct op *op);

// Constructors, one per operator file; they build inputs themselves.
struct op *op_new(struct exec_context *x, const struct plan *p, const struct op_ops *ops, size_t size);
#define OP_NEW(x, p, ops, type) ((type *)(void *)op_new((x), (p), (ops), sizeof(type)))
typedef struct op *(*op_builder)(struct exec_context *x, const struct plan *p);
void scan_note_indexes(struct exec_context *x, const struct scan_plan *sp); // in exec_context.index_read
struct op *scan_build(struct exec_context *x, const struct plan *p);
struct op *virtual_scan_build(struct exec_context *x, const struct plan *p);
struct op *values_build(struct exec_context *x, const struct plan *p);
struct op *filter_build(struct exec_context *x, const struct plan *p);
struct op *project_build(struct exec_context *x, const struct plan *p);
struct op *limit_build(struct exec_context *x, const struct plan *p);
struct op *counter_build(struct exec_context *x, const struct plan *p);
struct op *max_one_build(struct exec_context *x, const struct plan *p);
struct op *ordinality_build(struct exec_context *x, const struct plan *p);
struct op *srf_build(struct exec_context *x, const struct plan *p);
struct op *hash_join_build(struct exec_context *x, const struct plan *p);
struct op *merge_join_build(struct exec_context *x, const struct plan *p);
struct op *nested_join_build(struct exec_context *x, const struct plan *p);
struct op *lookup_join_build(struct exec_context *x, const struct plan *p);
struct op *group_build(struct exec_context *x, const struct plan *p);
struct op *distinct_build(struct exec_context *x, const struct plan *p);
struct op *sort_build(struct exec_context *x, const struct plan *p);
struct op *set_op_build(struct exec_context *x, const struct plan *p);
struct op *window_build(struct exec_context *x, const struct plan *p);
struct op *cte_build(struct exec_context *x, const struct plan *p);
struct op *recursive_build(struct exec_context *x, const struct plan *p);
struct op *mutation_build(struct exec_context *x, const struct plan *p);

static inline uint32_t batch_rows(const struct batch *b)
{
    return b->n == 0 ? 0 : b->sel != NULL ? (uint32_t)b->sel[b->n - 1] + 1 : b->n;
}

// ---- expressions (expr.c)

// A compiled expression. Evaluates over batches whose columns are laid out as told at compilation.
struct ev;
// `cols`: the col_id of each input column. Columns not among them are outer columns.
struct ev *ev_compile(struct exec_context *x, const struct expr *e, const col_id *cols, uint32_t n_cols);
// Result for the live rows of `in`; valid until the next evaluation of the same expression or the reset of the arena
// that x->eval.arena points at.
int ev_eval(struct ev *ev, const struct batch *in, const struct vec **out, struct err *err) MUST_CHECK;
// Evaluates for one row of `in` only.
int ev_row(struct ev *ev, const struct batch *in, uint32_t row, struct datum *out, struct err *err) MUST_CHECK;
// Live rows for which the BOOL expression is true: indexes into sel_out (room for n); returns their number in *n_out.
int ev_filter(struct ev *ev, const struct batch *in, uint16_t *sel_out, uint32_t *n_out, struct err *err) MUST_CHECK;
// Frees the rows of subqueries; by exec_close.
void subqueries_release(struct exec_context *x);
// Calls an overload on one row.
int fn_call_row(struct exec_context *x, const struct fn_call *call, const struct datum *args, struct datum *out,
                struct err *err) MUST_CHECK;
// Position of a column in a list, or -1.
static inline int64_t col_position(const col_id *cols, uint32_t n, col_id c)
{
    for (uint32_t i = 0; i < n; i++) {
        if (cols[i] == c)
            return i;
    }
    return -1;
}

// ---- buffered rows (rows.c): a growable store of rows with typed columns, charged to the statement

struct row_store {
    struct exec_context *x;
    struct arena arena; // values
    struct type *types;
    uint8_t *physicals;
    uint32_t n_cols;
    uint32_t row_bytes; // of one row in a block: n_cols null bytes, then the slots
    ARENA_VEC(char *) blocks;
    uint32_t n_rows;
};
enum { ROW_STORE_BLOCK_ROWS = 256, ROW_STORE_SLOT_BYTES = 16 };
void row_store_init(struct row_store *rs, struct exec_context *x, const struct type *types, uint32_t n_cols);
void row_store_reset(struct row_store *rs);
void row_store_release(struct row_store *rs);
size_t row_store_bytes(const struct row_store *rs);
// Appends the live rows of a batch (its first n_cols columns, or those of `positions`), copying bytes.
int row_store_append(struct row_store *rs, const struct batch *b, const uint32_t *positions,
                     struct err *err) MUST_CHECK;
struct datum row_store_get(const struct row_store *rs, uint32_t row, uint32_t col);
// Where a value lies, as its physical form; NULL when it is NULL.
static inline const char *row_store_slot(const struct row_store *rs, uint32_t row, uint32_t col)
{
    const char *column =
        rs->blocks.ptr[row / ROW_STORE_BLOCK_ROWS] + (size_t)col * ROW_STORE_BLOCK_ROWS * (ROW_STORE_SLOT_BYTES + 1);
    uint32_t at = row % ROW_STORE_BLOCK_ROWS;
    bool null = column[(size_t)ROW_STORE_BLOCK_ROWS * ROW_STORE_SLOT_BYTES + at] != 0;
    return null ? NULL : column + (size_t)at * ROW_STORE_SLOT_BYTES;
}
static inline int compare_int_slots(const char *x, const char *y)
{
    int64_t a, b;
    memcpy(&a, x, sizeof(a));
    memcpy(&b, y, sizeof(b));
    return (a > b) - (a < b);
}
// Reads rows `ids[0..n)` (NULL: from first on) into vectors laid out by vec_init with room for n.
void row_store_read(const struct row_store *rs, const uint32_t *ids, uint32_t first, uint32_t n, struct vec *cols);
void batch_init(struct batch *b, struct arena *a, const struct type *types, uint32_t n_cols, uint32_t rows);
struct type *plan_types(struct exec_context *x, const col_id *cols, uint32_t n);

// ---- hashed rows (hash.c): distinct rows numbered in order of first appearance

struct hash_rows;
// Freed by exec_close.
struct hash_rows *hash_rows_new(struct exec_context *x, const struct type *types, uint32_t n_cols);
// Rows are told apart by their first n columns alone; the others are kept as in the first such row.
void hash_rows_compare(struct hash_rows *h, uint32_t n);
void hash_rows_reset(struct hash_rows *h);
void hash_rows_release_all(struct exec_context *x);
uint32_t hash_rows_count(const struct hash_rows *h);
size_t hash_rows_bytes(const struct hash_rows *h);
const struct row_store *hash_rows_keys(const struct hash_rows *h);
uint64_t hash_row(const struct batch *b, const uint32_t *positions, uint32_t n, uint32_t row);
// Number of an equal row, or -1. NULLs are equal to each other. `positions`: columns of `b` to look at; NULL: 0, 1, ….
int64_t hash_rows_find(const struct hash_rows *h, const struct batch *b, const uint32_t *positions, uint32_t row,
                       uint64_t hash);
// From now on no row is added, until the next reset: unknown ones get NO_ID.
enum { NO_ID = UINT32_MAX };
void hash_rows_freeze(struct hash_rows *h);
bool hash_rows_frozen(const struct hash_rows *h);
// Numbers of the live rows, ids[k] for the k-th; new rows are added.
int hash_rows_ids(struct hash_rows *h, const struct batch *b, const uint32_t *positions, uint32_t *ids,
                  struct err *err) MUST_CHECK;
// Adds the live rows; `fresh` gets the indexes of those that were new.
int hash_rows_add(struct hash_rows *h, const struct batch *b, const uint32_t *positions, uint16_t *fresh, uint32_t *n,
                  struct err *err) MUST_CHECK;

// ---- tables (table.c): how rows of a table are laid out, encoded and found

struct table_index {
    const struct cat_index *index;
    bool inverted;               // the last column is entered under the keys of keys/inverted.h
    struct str prefix;           // /cluster/table/index
    uint32_t n_key;              // indexed columns
    const uint32_t *key_columns; // positions in table->columns
    const struct type *key_types;
    const uint8_t *key_desc; // enum key_direction
    uint32_t n_suffix;       // primary key columns appended (non-unique, or NULL in a unique key)
    const uint32_t *suffix_columns;
    const struct type *suffix_types;
    uint32_t n_stored; // columns in the entry's value
    const uint32_t *stored_columns;
    const int32_t *slots;     // of an index of whole rows: slot per column of the table, -1: the value does not hold it
    bool mirror;              // of whole rows under the key of the primary index
    struct row_layout layout; // of the value
};
struct table_access {
    struct table_access *next;
    const struct cat_table *table;
    uint32_t cluster;
    struct table_index primary;
    struct table_index *indexes; // parallel to table->indexes
    struct datum *absent;        // missing values per slot of the primary layout
    uint32_t n_columns;
    struct virtual_column **virtuals; // per column; made when first needed
    struct row_decoder *whole;        // of all columns; the same
    struct vec *whole_vecs;
};
// Made once per table and statement.
const struct table_access *table_access(struct exec_context *x, const struct cat_table *t);
const struct table_index *table_index_of(const struct table_access *ta, const struct cat_index *index);
// Key of a row in an index; *has_null tells whether an indexed column is NULL. `row`: one datum per table column.
void index_key(struct buf *out, const struct table_index *ti, const struct datum *row, bool *has_null);
// Keys of a row in any index; one unless it is inverted.
struct inverted_keys index_keys(struct arena *a, const struct table_access *ta, const struct table_index *ti,
                                const struct datum *row);
// Value of a row in an index (the primary's: the whole row).
void index_value(struct buf *out, const struct table_access *ta, const struct table_index *ti, const struct datum *row);
// Decodes pairs of an index into vectors for the wanted columns (positions in table->columns).
struct row_decoder {
    struct exec_context *x;
    const struct table_access *ta;
    const struct table_index *ti;
    uint32_t n_wanted;
    const uint32_t *wanted;
    uint32_t n_from_value; // wanted columns that come from the value
    uint32_t *value_slots;
    struct datum *value_absent;
    uint32_t *value_targets; // index into wanted
    struct vec **value_vecs; // scratch
    uint32_t n_from_key;
    struct key_part {
        struct type type;
        enum key_direction direction;
        int32_t target; // index into wanted, or -1: skipped
    } * key_parts;
    uint32_t n_key_parts; // up to the last wanted one
    uint32_t n_virtuals;
    uint32_t *virtuals; // indexes into wanted of columns that are computed
    int32_t version;    // index into wanted of CAT_COLUMN_VERSION; -1: not wanted
};
// Position of a column in table->columns; of a system column n_columns.
uint32_t table_position(const struct cat_table *t, uint32_t column_id);
void row_decoder_init(struct row_decoder *d, struct exec_context *x, const struct table_access *ta,
                      const struct table_index *ti, const uint32_t *wanted, uint32_t n_wanted);
// Flags that pairs for it must be read with.
static inline unsigned row_decoder_flags(const struct row_decoder *d)
{
    return d->version >= 0 ? KV_READ_STAMPED : 0;
}
int row_decode(struct row_decoder *d, const struct kv_pair *pairs, uint32_t n, struct vec *cols, uint32_t first,
               struct err *err) MUST_CHECK;

int kv_error(struct exec_context *x, enum kv_result r, struct err *err);
// The transaction, for reads with the statement's read_flags. Other statements of it may have read in between.
static inline struct kv_txn *txn_marked(struct exec_context *x)
{
    kv_set_read_mark(x->txn, x->read_mark);
    return x->txn;
}
enum kv_lock_mode lock_mode(enum lock_strength strength); // not of LOCK_NONE
#define KV_TRY(x, call, err)                     \
    do {                                         \
        enum kv_result kv_rc_ = (call);          \
        if (UNLIKELY(kv_rc_ != KV_OK))           \
            return kv_error((x), kv_rc_, (err)); \
    } while (0)

// ---- index constraints to key ranges (span.c)

struct scan_ranges {
    struct kv_range *ranges;
    uint32_t n;
    bool points; // every range is one whole key of a unique index
};
struct constraint_eval {
    const struct scan_plan *sp;
    const struct index_constraint *constraint;
    struct constraint_eval *more; // sp->n_more of them
    const struct table_index *ti;
    struct ev **equal, **any;
    struct ev *any_array, *low, *high;
    struct ev *inverted, **path;
};
void constraint_compile(struct constraint_eval *ce, struct exec_context *x, const struct scan_plan *sp,
                        const col_id *cols, uint32_t n_cols);
// Ranges for one row of `in` (live row `row`; NULL: no input), in key order; memory in `a`.
int constraint_ranges(struct constraint_eval *ce, struct exec_context *x, struct arena *a, const struct batch *in,
                      uint32_t row, struct scan_ranges *out, struct err *err) MUST_CHECK;

int check_interrupt(struct exec_context *x, struct err *err) MUST_CHECK;

// Whether an operator that holds so many bytes must put some into temporary files.
static inline bool must_spill(const struct exec_context *x, size_t bytes)
{
    return x->temp_dir != NULL && bytes > x->work_memory_bytes;
}

#endif
