// Private to data changes: mutate.c (operators), write.c (rows to keys), foreign.c (foreign keys and their actions).
#ifndef SQL_EXECUTE_MUTATE_INT_H
#define SQL_EXECUTE_MUTATE_INT_H

#include "sql/execute/execute_int.h"

// Which indexes a row belongs in: partial index predicates, evaluated; NULL: all.
int write_insert(struct exec_context *x, const struct table_access *ta, const struct datum *row, const bool *in_index,
                 struct err *err) MUST_CHECK;
int write_update(struct exec_context *x, const struct table_access *ta, const struct datum *old_row,
                 const struct datum *new_row, const bool *old_in_index, const bool *new_in_index,
                 struct err *err) MUST_CHECK;
int write_delete(struct exec_context *x, const struct table_access *ta, const struct datum *row, const bool *in_index,
                 struct err *err) MUST_CHECK;
// Reads the row that holds the key of `row` in a unique index; *found false when none (or a key column is NULL). Locks
// it.
int write_find_conflict(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                        const struct datum *row, bool *found, struct datum *existing, struct err *err) MUST_CHECK;
bool is_bulk_load(const struct exec_context *x); // COPY: no lock per row
int read_row(struct exec_context *x, const struct table_access *ta, struct str key, struct str value, struct datum *row,
             struct err *err) MUST_CHECK;
int duplicate_key(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                  const struct datum *row, struct err *err);

int write_check_not_null(const struct exec_context *x, const struct table_access *ta, const struct datum *row,
                         struct err *err) MUST_CHECK; // 23502

// Foreign keys of the row written: every reference exists (23503).
int foreign_check_references(struct exec_context *x, const struct table_access *ta, const struct datum *old_row,
                             const struct datum *new_row, struct err *err) MUST_CHECK;
// The same of a row already stored, for one key; nothing is queued or kept.
int foreign_validate_row(struct exec_context *x, const struct table_access *ta, const struct cat_foreign_key *fk,
                         const struct datum *row, struct err *err) MUST_CHECK;
// The row changes or goes (new_row NULL): queues what its referencing rows need.
int foreign_queue_actions(struct exec_context *x, const struct table_access *ta, const struct datum *old_row,
                          const struct datum *new_row, struct err *err) MUST_CHECK;
int check_violation(const struct exec_context *x, const struct cat_table *t, const struct cat_check *check,
                    struct err *err);
// deferred.c: a check that failed is to be made again at the end of the transaction, if its constraint is deferred.
// `values`: the key, in fk column order; `of_referenced`: it is the referenced row that has changed or gone.
struct deferred_failure {
    const struct cat_foreign_key *fk;
    const struct cat_table *table; // whose row was written
    const struct datum *values;
    bool of_referenced, update;
};
bool deferred_put_off(struct exec_context *x, const struct deferred_failure *f);
// Whether rows refer to the key though no row has it, as an error (23503).
int foreign_check_key(struct exec_context *x, const struct deferred_failure *f, struct err *err) MUST_CHECK;
// Runs queued actions until none is left.
int cascades_run(struct exec_context *x, struct err *err) MUST_CHECK;

// ---- trigger.c

// Calls an AFTER ROW trigger that has waited.
int trigger_fire_row(struct exec_context *x, const struct cat_table *t, const struct cat_trigger *g, uint32_t event,
                     const struct datum *old_row, const struct datum *new_row, struct err *err) MUST_CHECK;
int changed_by_trigger(struct err *err); // 27000: a row at hand is no longer as it was read
// Those of a table that may fire; NULL when there are none, which is all that tables without triggers cost.
int triggers_of(struct exec_context *x, const struct table_access *ta, struct table_triggers **out,
                struct err *err) MUST_CHECK;
// event: a bit CAT_TRIGGER_…; set: of UPDATE, which columns of the table the statement assigns to, else NULL.
struct trigger_outcome {
    bool skip, changed;
    const struct cat_trigger *by; // the last one called; NULL: none was
};
// BEFORE ROW triggers; new_row is changed in place (values in the arena of x->eval).
int triggers_before_row(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                        const struct datum *old_row, struct datum *new_row, struct trigger_outcome *out,
                        struct err *err) MUST_CHECK;
bool triggers_before_any(const struct table_triggers *tt, uint32_t event, const bool *set);
// Computed columns of a row that a trigger has changed.
int triggers_compute(struct exec_context *x, struct table_triggers *tt, struct datum *row, struct err *err) MUST_CHECK;
// Queues AFTER ROW triggers; the rows are copied.
int triggers_after_row(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                       const struct datum *old_row, const struct datum *new_row, struct err *err) MUST_CHECK;
// Statement-level ones: BEFORE once per table, event and statement; AFTER after what was queued so far, likewise.
int triggers_before_statement(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                              struct err *err) MUST_CHECK;
int triggers_after_statement(struct exec_context *x, struct table_triggers *tt, uint32_t event, const bool *set,
                             struct err *err) MUST_CHECK;

// ---- services.c: all rows of a table, a batch at a time

struct table_walk {
    struct exec_context *x;
    const struct table_access *ta;
    struct row_decoder decoder;
    struct arena arena; // of the batch
    struct kv_scan *scan;
    struct batch batch; // all columns, in table order
    struct datum *row;
    col_id *cols; // 1..n
    uint32_t batch_rows;
    struct str last; // key of the last row
};
// The k-th row of the batch, one datum per column.
const struct datum *walk_row(struct table_walk *w, uint32_t row);
// Calls `visit` with every batch of the table's rows. `flags`: how they are read (KV_READ_…).
typedef int (*walk_visit)(struct table_walk *w, void *arg, struct err *err);
int walk_table(struct exec_context *x, const struct cat_table *t, unsigned flags, walk_visit visit, void *arg,
               struct err *err) MUST_CHECK;

#endif
