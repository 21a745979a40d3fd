// Private to the interpreter of PL/pgSQL: plpgsql_routine.c (functions made ready, calls), plpgsql_plan.c (SQL in
// bodies), plpgsql_quick.c (expressions), plpgsql_value.c (variables), plpgsql_run.c (statements), plpgsql_query.c
// (statements that are SQL), plpgsql_cursor.c, plpgsql_raise.c (messages, exceptions).
//
// A body is parsed and its declarations get their types once per state of the catalog (struct pl_routine); a trigger
// function so for each table. Its pieces of SQL are planned when they are first run. Each call has a frame with the
// values of the variables and the expressions compiled over them; frames are used again.
#ifndef SQL_SESSION_PLPGSQL_INT_H
#define SQL_SESSION_PLPGSQL_INT_H

#include "sql/plpgsql/plpgsql.h"
#include "sql/session/session_int.h"
#include "types/array.h"
#include "types/tuple.h"

// The fields of a row.
struct pl_shape {
    uint32_t n;
    const struct type *types;
    const struct str *names;
};

// What a plan or routine was made for: it is good as long as nothing of this has changed.
struct pl_stamp {
    uint64_t catalog_version;    // 0: the transaction has changed the schema …
    uint64_t txn, schema_serial; // … then of this transaction, and of this change
    uint64_t settings_epoch;
};

// What a parameter of a plan is: a variable or a field of one.
struct pl_ref {
    uint32_t variable;
    int64_t field; // -1: all of it
    struct type type;
};

struct pl_record_use {
    uint32_t variable;
    const struct pl_shape *shape;
};

// A planned piece of SQL.
struct pl_plan {
    struct arena arena;
    struct pl_stamp stamp;
    struct cat_pin *pin;
    uint64_t serial; // tells it from those before it
    uint64_t variables_serial;
    uint32_t uses;
    bool stale; // freed with its last use
    struct query *query;
    struct statement_plan *plan; // NULL: `scalar` is all
    const struct expr *scalar;
    struct pl_quick *quick;               // … evaluated value by value; NULL: the executor's kernels do it
    const struct cat_function *procedure; // of CALL
    struct pl_shape shape;                // of its rows
    ARENA_VEC(struct pl_ref) refs;
    // Records that it reads, and the fields they had.
    ARENA_VEC(struct pl_record_use) records;
};

// A variable of a routine.
struct pl_info {
    struct type type;             // T_RECORD: any row
    const struct pl_shape *shape; // of a row of a fixed type
    bool is_row;
};

struct pl_frame;
struct pl_routine {
    struct arena arena;
    struct str key;
    struct pl_stamp stamp;
    struct cat_pin *pin;
    uint32_t uses;
    bool stale;
    const struct cat_function *f;
    struct str signature; // for CONTEXT
    struct parse_options options;
    struct pl_function tree;
    struct pl_info *variables;
    uint64_t variables_serial; // counts changes of their types: the operands of CASE
    struct pl_plan **plans;
    struct pl_frame *idle;
    uint32_t found;                // the variable FOUND
    uint32_t trigger_first;        // NEW, OLD, TG_NAME …
    const struct cat_table *table; // of a trigger
    const uint32_t *table_columns; // of NEW's fields: positions in the table
    struct cat_function_column *columns;
    size_t n_columns;
    const uint32_t *outputs; // variables of the columns; NULL: RETURN gives the row
};

// The value of a variable.
struct pl_slot {
    struct datum value;           // of what is no row
    const struct pl_shape *shape; // of a row; NULL: a record that was not assigned
    struct datum *fields;         // NULL: the row is NULL
    struct arena memory[2];       // of the value, and of the next one
    uint8_t side;
};

struct pl_value {
    struct type type;
    struct datum value;
};

enum pl_outcome { PL_NEXT_STATEMENT, PL_LEAVE, PL_AGAIN, PL_RETURNED };

struct pl_compiled {
    uint64_t serial; // of the plan; 0: none
    struct ev *ev;
};

struct pl_frame {
    struct pl_frame *next;
    struct pl_routine *r;
    struct session *s;
    struct arena arena;   // of the frame: compiled expressions, shapes of records
    struct arena scratch; // values of the expression evaluated last
    struct arena call;    // of one call
    struct exec_context x;
    struct statement_plan no_plan;
    struct query no_query;
    struct pl_slot *slots;
    struct pl_compiled *compiled;
    struct datum *parameters;
    size_t n_parameters;
    struct pl_seen_shape {
        struct pl_seen_shape *next;
        struct pl_shape shape;
    } * shapes;

    // Of one call.
    struct pl_frame *caller;
    bool rethrown; // the error under way knows already where it came up
    struct eval_context *ec;
    struct fn_emit *emit;
    uint64_t rows_emitted, rows_max;
    struct trigger_call *trigger;
    struct pl_value result; // of RETURN
    bool has_result;
    const struct pl_statement *at; // the statement that runs
    struct str running;            // … and the SQL of it; empty: none
    const char *doing;             // … or what else
    int line;                      // of a declaration, with `doing`
    struct str leave;              // label that EXIT or CONTINUE names; empty: the innermost loop
    const struct err *caught;      // in a handler
    uint32_t guards, open_rows;    // blocks with EXCEPTION, queries whose rows are being read: no COMMIT in them
    uint64_t row_count;            // GET DIAGNOSTICS
};

// ---- plpgsql_routine.c

struct pl_stamp pl_stamp_now(struct session *s);
bool pl_stamp_is(const struct pl_stamp *stamp, struct session *s);
void pl_signature(struct buf *out, const struct cat_function *f);
// Lines of CONTEXT: where the frame is; where it and those that called it are.
void pl_where_all(struct pl_frame *f, struct err *err);
void pl_where(struct pl_frame *f, struct err *err);

// ---- plpgsql_plan.c

// The plan of a piece, made now if need be; valid until pl_plan_done.
int pl_plan_take(struct pl_frame *f, const struct pl_sql *sql, struct pl_plan **out, struct err *err) MUST_CHECK;
// The same of text that has parameters of these types, for one use.
int pl_plan_text(struct pl_frame *f, const struct ast *ast, const struct type *types, size_t n, struct pl_plan **out,
                 struct err *err) MUST_CHECK;
void pl_plan_done(struct session *s, struct pl_plan *p);
// The parameters' values now; with `keep`, copies there. NULL: there are none.
struct datum *pl_parameters(struct pl_frame *f, const struct pl_plan *p, struct arena *keep);
// An expression's value; valid until the next evaluation.
int pl_evaluate(struct pl_frame *f, const struct pl_sql *sql, struct pl_value *out, struct err *err) MUST_CHECK;
int pl_evaluate_as(struct pl_frame *f, const struct pl_sql *sql, struct type t, struct datum *out,
                   struct err *err) MUST_CHECK;
// False for NULL.
int pl_evaluate_condition(struct pl_frame *f, const struct pl_sql *sql, bool *out, struct err *err) MUST_CHECK;
// As text, in `a`; STR_NONE for NULL.
int pl_evaluate_text(struct pl_frame *f, const struct pl_sql *sql, struct arena *a, struct str *out,
                     struct err *err) MUST_CHECK;

// Rows of a plan, one by one.
struct pl_rows {
    struct execution *e;
    struct batch batch;
    uint32_t at;
    uint32_t n_output;
    struct datum *values; // of the row
    struct pl_frame *f;
    struct str text; // for CONTEXT
    bool expression;
};
int pl_rows_open(struct pl_frame *f, struct pl_plan *p, const struct datum *parameters, struct str text,
                 struct pl_rows *out, struct err *err) MUST_CHECK;
int pl_rows_next(struct pl_rows *r, bool *found, struct err *err) MUST_CHECK;
int pl_rows_drain(struct pl_rows *r, uint64_t *n, struct err *err) MUST_CHECK; // *n: rows not read before
void pl_rows_close(struct pl_rows *r);

// ---- plpgsql_quick.c

// NULL when there is something in the expression that is not evaluated so.
struct pl_quick *pl_quick_compile(struct pl_frame *f, struct pl_plan *p, const struct expr *e);
int pl_quick_run(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err) MUST_CHECK;

// ---- plpgsql_value.c

int pl_cast(struct pl_frame *f, struct pl_value from, struct type to, struct datum *out, struct err *err) MUST_CHECK;
// A slot's whole value; rows are made in `a`.
struct pl_value pl_slot_value(struct pl_frame *f, uint32_t variable, struct arena *a);
int pl_set(struct pl_frame *f, uint32_t variable, struct pl_value v, struct err *err) MUST_CHECK;
void pl_set_now(struct pl_frame *f, uint32_t variable, struct datum d); // of the variable's own type
int pl_set_row(struct pl_frame *f, uint32_t variable, const struct pl_shape *shape, const struct datum *values,
               struct err *err) MUST_CHECK;
int pl_assign(struct pl_frame *f, const struct pl_target *t, struct pl_value v, struct err *err) MUST_CHECK;
// A row into variables; values NULL: they become NULL.
int pl_assign_row(struct pl_frame *f, const struct pl_targets *t, const struct pl_shape *shape,
                  const struct datum *values, struct err *err) MUST_CHECK;
bool pl_shape_equal(const struct pl_shape *a, const struct pl_shape *b);
// The fields of a tuple, in `a`.
void pl_tuple_fields(struct arena *a, struct pl_value v, struct pl_shape *shape, struct datum **values);
void pl_slot_release(struct pl_slot *slot);

// ---- plpgsql_run.c

int pl_run_block(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err) MUST_CHECK;
int pl_run_body(struct pl_frame *f, const struct pl_body *body, enum pl_outcome *out, struct err *err) MUST_CHECK;
// After the body of a loop has run: whether the loop goes on, and with what it ends otherwise.
bool pl_loop_goes_on(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out);
void pl_set_found(struct pl_frame *f, bool found);
int pl_emit_row(struct pl_frame *f, const struct pl_shape *shape, const struct datum *values,
                struct err *err) MUST_CHECK;
int pl_emit_value(struct pl_frame *f, struct pl_value v, struct err *err) MUST_CHECK;
int pl_emit_outputs(struct pl_frame *f, struct err *err) MUST_CHECK;

// ---- plpgsql_query.c

int pl_run_sql(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_execute(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_perform(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_return_query(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_txn(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK; // COMMIT, ROLLBACK
int pl_run_call(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
// A statement that is text, with its parameters.
struct pl_dynamic {
    struct arena arena;
    struct str text;
    const struct ast *ast; // NULL: there is no statement
    struct pl_plan *plan;  // NULL: it is no query
    const struct type *types;
    struct datum *parameters;
};
int pl_dynamic_open(struct pl_frame *f, struct pl_dynamic *d, const struct pl_sql *text,
                    const struct pl_sql *const *arguments, size_t n, struct err *err) MUST_CHECK;
void pl_dynamic_close(struct pl_frame *f, struct pl_dynamic *d); // after a failure too
int pl_run_for_query(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out,
                     struct err *err) MUST_CHECK;

// ---- plpgsql_cursor.c

int pl_run_open(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_fetch(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK; // and MOVE
int pl_run_close(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_cursor_arguments(struct pl_frame *f, const struct pl_variable *cursor, const struct pl_sql *const *arguments,
                        size_t n, struct err *err) MUST_CHECK;

// ---- plpgsql_raise.c

int pl_run_raise(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_assert(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
int pl_run_diagnostics(struct pl_frame *f, const struct pl_statement *s, struct err *err) MUST_CHECK;
// A block with EXCEPTION.
int pl_run_guarded(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err) MUST_CHECK;

#endif
