// The executor: runs a physical plan as a tree of operators that pull batches of column vectors.
//
// One `struct exec_context` per execution of a statement. Operators live in its arena; what they hold of data is
// charged to its budget. A batch handed out stays valid until the next call on the operator that made it.
#ifndef SQL_EXECUTE_EXECUTE_H
#define SQL_EXECUTE_EXECUTE_H

#include "base/budget.h"
#include "kv/kv.h"
#include "sql/optimize/plan.h"
#include <stdatomic.h>

struct op;
struct check_sink; // catalog/check.h
struct os;

// Expressions stored with a table, over its columns numbered 1..n in table order; for rows that foreign key actions
// touch.
struct table_exprs {
    struct expr **checks;     // per check
    struct expr **predicates; // per secondary index; NULL: not partial
    struct expr **defaults;   // per column; SET DEFAULT
};

struct exec_context {
    struct eval_context eval; // its arena is pointed at the running operator's batch arena
    struct arena *arena;      // statement lifetime
    struct kv_txn *txn;
    struct cat_view *view;
    uint32_t cluster;
    const struct statement_plan *plan;
    const struct datum *parameters;
    bool parameters_change; // between evaluations of an expression compiled once
    struct budget *budget;
    // Polled once per batch; returns nonzero (57014 …) when the statement must stop.
    int (*interrupted)(void *arg, struct err *err);
    void *interrupted_arg;
    int64_t lock_timeout_ns;
    bool read_only; // writes are refused with 25006
    // Analyzes a table's stored expressions; the result lives in `a`.
    int (*table_exprs)(void *arg, struct arena *a, const struct cat_table *t, const struct table_exprs **out,
                       struct err *err);
    // The same of what computes one column.
    int (*computed_expr)(void *arg, struct arena *a, const struct cat_table *t, const struct cat_column *c,
                         struct expr **out, struct err *err);
    // The same of a trigger's WHEN, over old and new row: columns 1..n and n+1..2n.
    int (*trigger_condition)(void *arg, struct arena *a, const struct cat_table *t, const struct cat_trigger *g,
                             struct expr **out, struct err *err);
    void *table_exprs_arg;
    bool replica;                     // session_replication_role: triggers 'R' fire, not 'O'
    bool triggers_may_cascade;        // unsafe_allow_triggers_modifying_cascades
    int64_t cascade_limit;            // foreign_key_cascades_limit
    struct deferred_checks *deferred; // of the transaction; NULL: no check waits for its end
    // Operators that hold more than this put rows into a temporary file in `temp_dir`; NULL: they do not.
    size_t work_memory_bytes;
    const struct os *os;
    const char *temp_dir;
    // Told of rows written, per table; may be NULL.
    void (*rows_changed)(void *arg, const struct cat_table *t, uint64_t rows);
    void *rows_changed_arg;
    // Told of each index that a scan or lookup join of the plan reads, once per execution; may be NULL.
    void (*index_read)(void *arg, const struct cat_table *t, const struct cat_index *index);
    void *index_read_arg;
    uint32_t batch_rows_max; // of scans; 0: BATCH_ROWS_MAX (tests)
    uint64_t *actual_rows;   // EXPLAIN ANALYZE: per plan node, by its number in depth-first order; else NULL
    uint64_t *spilled_bytes; // … and the disk space it took, at most
    // Results of data changes.
    uint64_t rows_affected; // of the top-level mutation
    uint64_t rows_read, rows_written, bytes_read;
    uint64_t spilled_bytes_max; // disk space taken by temporary files, at most
    // Private to the executor.
    unsigned read_flags; // KV_READ_MARKED once the statement has begun: it does not see what it writes itself
    uint64_t read_mark;
    struct datum *outer; // values of outer columns, by col_id
    struct cte_state *ctes;
    struct op *root;
    struct op_list *all_ops;
    struct hash_rows *hash_tables;
    struct subquery_state *subqueries;
    struct cascade *cascades, **cascades_tail; // foreign key work waiting, in order
    int64_t cascades_done;
    struct table_triggers *triggers;     // of tables written to
    struct trigger_queue *trigger_queue; // made when first needed, unless the caller gave one that he runs
    bool triggers_wait;                  // … by exec_run_triggers
    // COPY FROM: rows for the plan's empty PLAN_VALUES, else NULL.
    struct batch *copy_batch;
    struct table_access *tables; // layouts of tables in use
    struct spill_file *spill;
    struct spill_stream *spill_streams;
    void *virtual_arg; // given to virtual tables
};

// ---- trigger.c

// AFTER triggers that wait for the end of their statement, which for COPY is made of several executions.
struct trigger_queue {
    struct arena *arena;
    struct trigger_event *first, **tail;
    struct trigger_statement *statements;
};
int triggers_run(struct exec_context *x, struct err *err) MUST_CHECK;
// The triggers of TRUNCATE of the table.
int exec_fire_truncate(struct exec_context *x, const struct cat_table *t, bool before, struct err *err) MUST_CHECK;

// ---- deferred.c: foreign keys whose checks wait for the end of the transaction

// What waits is a key that some row refers to while no row has it, or did when a statement ended. It is looked at again
// as things are then, so it does not matter whether the statement was undone.
// Constraint triggers wait too, with the rows they are for; they are undone with their statement (deferred_rewind).
struct deferred_checks {
    struct arena arena; // of the transaction
    struct deferred_check *checks, **tail;
    struct deferred_event *events, **events_tail;
    size_t n_events, n_waiting;
    uint64_t fired;              // counts those that have
    struct deferred_mode *modes; // of SET CONSTRAINTS, newest first
};
void deferred_init(struct deferred_checks *d, struct budget *budget);
void deferred_clear(struct deferred_checks *d);        // the transaction has ended
void deferred_clear_checks(struct deferred_checks *d); // it starts again, in the modes it has
// SET CONSTRAINTS; table_id CAT_ID_NONE: ALL.
void deferred_set_mode(struct deferred_checks *d, uint32_t table_id, struct str name, bool deferred);
bool deferred_is(const struct deferred_checks *d, const struct cat_foreign_key *fk);
bool deferred_is_trigger(const struct deferred_checks *d, const struct cat_table *t, const struct cat_trigger *g);
void deferred_add_event(struct deferred_checks *d, const struct cat_table *t, const struct cat_trigger *g,
                        uint32_t event, const struct datum *old_row, const struct datum *new_row);
// Where a savepoint stands; going back to it takes back events queued since, and that others have fired.
struct deferred_mark {
    size_t n_events;
    uint64_t fired;
};
struct deferred_mark deferred_mark(const struct deferred_checks *d);
void deferred_rewind(struct deferred_checks *d, struct deferred_mark mark);
// Fires triggers and checks keys that wait, of constraints that are not deferred, or of all (23503).
int deferred_run(struct exec_context *x, bool all, struct err *err) MUST_CHECK;

// Builds the operators and opens them: CTEs with mutations run here. The context is filled in by the caller up to
// `copy_batch` and must stay where it is.
int exec_open(struct exec_context *x, const struct statement_plan *plan, struct err *err) MUST_CHECK;
// Next rows, columns in the order of the root plan's cols; n == 0 at the end. Runs deferred work (foreign key cascades)
// before it reports the end.
int exec_next(struct exec_context *x, struct batch *out, struct err *err) MUST_CHECK;
// Runs to the end, discarding rows.
int exec_drain(struct exec_context *x, struct err *err) MUST_CHECK;
// Frees scans; memory goes with the arena. Safe after a failed open.
void exec_close(struct exec_context *x);

// Evaluates one expression without input columns (LIMIT, SET, EXECUTE arguments, defaults).
int exec_scalar(struct exec_context *x, const struct expr *e, struct datum *out, struct err *err) MUST_CHECK;

// The same for one evaluated again and again, over parameters that change. The result is valid until the next
// evaluation or the reset of the arena that x->eval.arena points at.
struct ev;
struct ev *exec_compile(struct exec_context *x, const struct expr *e);
int exec_evaluate(struct ev *ev, struct datum *out, struct err *err) MUST_CHECK;

// ---- virtual tables (pg_catalog …): one row source each, implemented in sql/virtual

struct virtual_rows; // collects rows
// Adds a row: one datum per table column, in order; bytes are copied.
int virtual_row(struct virtual_rows *rows, const struct datum *values, struct err *err) MUST_CHECK;
// Whether anybody looks at the column: one that takes work to make may stay NULL else.
bool virtual_wants(const struct virtual_rows *rows, uint32_t column);
// An equality known of one of the table's virtual_lookups columns (catalog.h): rows that do not match may be left out.
struct virtual_filter {
    uint32_t column; // position in the table
    struct datum value;
    bool pattern;  // of a name: _ in the value stands for any character, what follows a backslash for itself
    bool any_case; // of a pattern
};
struct virtual_table {
    int (*generate)(struct exec_context *x, const struct virtual_filter *filter, struct virtual_rows *rows,
                    struct err *err);
};

// ---- services for DDL: work over the rows of a table. Expressions read the table's columns, numbered 1..n in table
// order. The context needs a plan whose query has no subqueries.

// Fills an index from the primary one; 23505 on duplicates. `predicate` NULL: not partial.
int exec_backfill_index(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                        const struct expr *predicate, struct err *err) MUST_CHECK;
// A piece of the rows of a table.
struct table_piece {
    struct str start; // a key; empty: the first row
    uint32_t rows_max;
    struct arena *arena; // for `next`
    struct str next;     // result: where to go on, empty at the end
    uint64_t put;        // result: entries put
};
// A piece of an index that writers keep meanwhile: entries that are missing or wrong are put. 23505 when another row
// has the entry of a unique one.
int exec_backfill_piece(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                        const struct expr *predicate, struct table_piece *piece, struct err *err) MUST_CHECK;
// Statistics over a set of columns (positions in the table): values that differ, rows in which all are NULL, bytes.
struct table_statistic {
    const uint32_t *columns;
    size_t n_columns;
    int64_t distinct, nulls, avg_size;
    struct str histogram; // of one column: encoded (catalog/histogram.h); empty: none
};
struct table_statistics {
    ARENA_VEC(struct table_statistic) v;
};
// Reads the whole table, as of the transaction's snapshot, and fills in the list. `rows_hint`: as many as it is thought
// to have.
int exec_collect_statistics(struct exec_context *x, const struct cat_table *t, struct table_statistic *list, size_t n,
                            int64_t rows_hint, int64_t *rows, struct err *err) MUST_CHECK;
// Every row satisfies the check (23514), has a value in the column (23502), refers to a row that exists (23503). With a
// piece only its rows are looked at, as of the snapshot: of a constraint that writers keep meanwhile.
int exec_validate_check(struct exec_context *x, const struct cat_table *t, const struct cat_check *check,
                        const struct expr *condition, struct table_piece *piece, struct err *err) MUST_CHECK;
int exec_validate_not_null(struct exec_context *x, const struct cat_table *t, uint32_t column_id,
                           struct table_piece *piece, struct err *err) MUST_CHECK;
int exec_validate_foreign_key(struct exec_context *x, const struct cat_table *t, const struct cat_foreign_key *fk,
                              struct table_piece *piece, struct err *err) MUST_CHECK;
// Writes every row of `from` in the shape of `to` (same table id). `values[i]` computes column i of `to` over the
// columns of `from` (NULL: copy the column with the same id). Under another primary index id the old rows stay, under
// the same one they are overwritten; secondary indexes whose id `from` lacks are filled.
int exec_rewrite_table(struct exec_context *x, const struct cat_table *from, const struct cat_table *to,
                       const struct expr *const *values, struct err *err) MUST_CHECK;

// Checks rows, index entries, constraints and the row counter of a table; what is wrong goes to the sink. An error says
// that the check could not be done.
int exec_check_table(struct exec_context *x, const struct cat_table *t, struct check_sink *sink,
                     struct err *err) MUST_CHECK;

#endif
