// Private to the expression evaluator: expr.c (compilation, calls), expr_logic.c (three-valued logic and conditionals),
// expr_row.c (what is evaluated row by row), expr_subquery.c.
#ifndef SQL_EXECUTE_EXPR_INT_H
#define SQL_EXECUTE_EXPR_INT_H

#include "sql/execute/execute_int.h"

typedef int (*ev_fn)(struct ev *ev, const struct batch *in, struct err *err);

struct ev {
    ev_fn eval; // fills `result`
    struct exec_context *x;
    const struct expr *expr;
    struct ev **args;
    uint32_t n_args;
    const struct vec *result; // of the last evaluation
    struct vec out;           // own storage, when the result is not borrowed
    uint32_t capacity;        // rows of out
    uint32_t column;          // input position, or col_id of an outer column
    struct fn_call call;
    const struct vec **arg_vecs;
    bool constant_call; // same arguments give the same result: all-constant arguments are evaluated once per batch
    uint16_t *sel;      // scratch for conditionals
    struct subquery_state *subquery;
    struct in_set *in_set;
};

// Storage for the rows of `in`, nulls cleared. Constant storage when `constant`.
struct vec *ev_out(struct ev *ev, const struct batch *in, bool constant);
int ev_run(struct ev *ev, const struct batch *in, struct err *err) MUST_CHECK; // result in ev->result
struct ev *ev_new(struct exec_context *x, const struct expr *e, ev_fn eval);

int eval_and_or(struct ev *ev, const struct batch *in, struct err *err);
int eval_not(struct ev *ev, const struct batch *in, struct err *err);
int eval_is_null(struct ev *ev, const struct batch *in, struct err *err);
int eval_is_distinct(struct ev *ev, const struct batch *in, struct err *err);
int eval_case(struct ev *ev, const struct batch *in, struct err *err);
int eval_coalesce(struct ev *ev, const struct batch *in, struct err *err);
int eval_nullif(struct ev *ev, const struct batch *in, struct err *err);
int eval_extremum(struct ev *ev, const struct batch *in, struct err *err);
int eval_iferror(struct ev *ev, const struct batch *in, struct err *err);
int eval_in(struct ev *ev, const struct batch *in, struct err *err);
int eval_any(struct ev *ev, const struct batch *in, struct err *err);
int eval_array(struct ev *ev, const struct batch *in, struct err *err);
int eval_tuple(struct ev *ev, const struct batch *in, struct err *err);
int eval_field(struct ev *ev, const struct batch *in, struct err *err);
int eval_subscript(struct ev *ev, const struct batch *in, struct err *err);
int eval_subquery(struct ev *ev, const struct batch *in, struct err *err);
void subquery_compile(struct ev *ev, const col_id *cols, uint32_t n_cols);
void in_compile(struct ev *ev);

#endif
