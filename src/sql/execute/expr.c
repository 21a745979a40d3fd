// Expression evaluation: a compiled expression is a tree of kernels over column vectors, run bottom up.
//
// Invariants
// 1. A kernel reads only live rows of its input and writes only those rows of its output.
// 2. Output rows have the indexes of input rows; a constant output (mask 0) stands for all of them.
// 3. Output storage is kept between batches and grows; the bytes of strings live in x->eval.arena.
#include "sql/execute/expr_int.h"

struct ev *ev_new(struct exec_context *x, const struct expr *e, ev_fn eval)
{
    struct ev *ev = ARENA_NEW(x->arena, struct ev);
    ev->x = x;
    ev->expr = e;
    ev->eval = eval;
    return ev;
}

int ev_run(struct ev *ev, const struct batch *in, struct err *err)
{
    return ev->eval(ev, in, err);
}

int ev_eval(struct ev *ev, const struct batch *in, const struct vec **out, struct err *err)
{
    TRY(ev->eval(ev, in, err));
    *out = ev->result;
    return 0;
}

struct vec *ev_out(struct ev *ev, const struct batch *in, bool constant)
{
    uint32_t rows = constant ? 1 : MAX(batch_rows(in), 1u);
    if (rows > ev->capacity) {
        ev->capacity = MIN(MAX(rows, ev->capacity * 2), (uint32_t)BATCH_ROWS_MAX);
        ev->capacity = MAX(ev->capacity, rows);
        vec_init(&ev->out, ev->x->arena, ev->expr->type, ev->capacity);
    } else if (ev->out.has_nulls) { // those of rows that this batch does not have as well: a later one may
        memset(ev->out.nulls, 0, ev->capacity);
    }
    ev->out.has_nulls = false;
    ev->out.mask = constant ? 0 : UINT32_MAX;
    ev->result = &ev->out;
    return &ev->out;
}

int ev_row(struct ev *ev, const struct batch *in, uint32_t row, struct datum *out, struct err *err)
{
    uint16_t one = (uint16_t)row;
    struct batch single = {.n = 1, .sel = &one, .cols = in->cols, .ncols = in->ncols};
    TRY(ev->eval(ev, &single, err));
    *out = vec_get(ev->result, row);
    return 0;
}

int ev_filter(struct ev *ev, const struct batch *in, uint16_t *sel_out, uint32_t *n_out, struct err *err)
{
    TRY(ev->eval(ev, in, err));
    const struct vec *v = ev->result;
    uint32_t n = 0;
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k), at = row & v->mask;
        sel_out[n] = (uint16_t)row;
        n += v->b[at] && !(v->has_nulls && v->nulls[at]);
    }
    *n_out = n;
    return 0;
}

// ---- leaves

static int eval_input_column(struct ev *ev, const struct batch *in, struct err *err)
{
    ev->result = &in->cols[ev->column];
    return 0;
}

static int eval_outer_column(struct ev *ev, const struct batch *in, struct err *err)
{
    vec_set(ev_out(ev, in, true), 0, ev->x->outer[ev->column]);
    return 0;
}

static int eval_parameter(struct ev *ev, const struct batch *in, struct err *err)
{
    vec_set(ev_out(ev, in, true), 0, ev->x->parameters[ev->expr->parameter]);
    return 0;
}

static int eval_constant(struct ev *ev, const struct batch *in, struct err *err)
{
    return 0; // result was set at compilation
}

static struct ev *constant(struct exec_context *x, const struct expr *e, struct datum value)
{
    struct ev *ev = ev_new(x, e, eval_constant);
    vec_init_const(&ev->out, x->arena, e->type, value);
    ev->result = &ev->out;
    return ev;
}

// ---- calls

static bool all_constant(const struct ev *ev)
{
    for (uint32_t i = 0; i < ev->n_args; i++) {
        if (ev->arg_vecs[i]->mask != 0)
            return false;
    }
    return true;
}

static void merge_nulls(struct vec *out, const struct vec *const *args, uint32_t n_args, const struct batch *in)
{
    for (uint32_t i = 0; i < n_args; i++) {
        const struct vec *a = args[i];
        if (!a->has_nulls)
            continue;
        for (uint32_t k = 0; k < in->n; k++) {
            uint32_t row = batch_row(in, k);
            out->nulls[row & out->mask] |= a->nulls[row & a->mask];
        }
        out->has_nulls = true;
    }
}

enum { CALLS_MAX = 64 }; // of functions that may take long, between two looks whether the statement shall end

static int call_rows(struct ev *ev, const struct batch *in, struct vec *out, struct err *err)
{
    const struct fn_overload *fn = ev->call.fn;
    struct datum local[FN_ARGS_MAX];
    struct datum *args = ev->n_args <= FN_ARGS_MAX ? local : ARENA_ARRAY(ev->x->eval.arena, struct datum, ev->n_args);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        bool null = false;
        if (k % CALLS_MAX == CALLS_MAX - 1)
            TRY(check_interrupt(ev->x, err));
        for (uint32_t i = 0; i < ev->n_args; i++) {
            args[i] = vec_get(ev->arg_vecs[i], row);
            null |= args[i].null;
        }
        struct datum value = DATUM_NULL;
        if (!(null && fn->strict)) {
            value.null = false;
            TRY(fn->scalar(&ev->x->eval, args, (int)ev->n_args, &value, err));
        }
        vec_set(out, row & out->mask, value);
    }
    return 0;
}

static int eval_call(struct ev *ev, const struct batch *in, struct err *err)
{
    for (uint32_t i = 0; i < ev->n_args; i++) {
        TRY(ev->args[i]->eval(ev->args[i], in, err));
        ev->arg_vecs[i] = ev->args[i]->result;
    }
    const struct fn_overload *fn = ev->call.fn;
    bool once = ev->constant_call && all_constant(ev);
    struct vec *out = ev_out(ev, in, once);
    struct batch first = {.n = MIN(in->n, 1u), .cols = in->cols, .ncols = in->ncols};
    const struct batch *rows = once ? &first : in;
    ev->x->eval.call = &ev->call;
    if (fn->vector == NULL)
        return call_rows(ev, rows, out, err);
    if (fn->strict)
        merge_nulls(out, ev->arg_vecs, ev->n_args, rows);
    return fn->vector(&ev->x->eval, ev->arg_vecs, (int)ev->n_args, out, rows->sel, rows->n, err);
}

int fn_call_row(struct exec_context *x, const struct fn_call *call, const struct datum *args, struct datum *out,
                struct err *err)
{
    for (uint32_t i = 0; i < call->n_args && call->fn->strict; i++) {
        if (args[i].null) {
            *out = DATUM_NULL;
            return 0;
        }
    }
    x->eval.call = call;
    if (call->fn->scalar != NULL) {
        *out = (struct datum){0};
        return call->fn->scalar(&x->eval, args, call->n_args, out, err);
    }
    struct vec vecs[FN_ARGS_MAX], result;
    const struct vec *pointers[FN_ARGS_MAX];
    for (uint32_t i = 0; i < call->n_args; i++) {
        vec_init_const(&vecs[i], x->eval.arena, call->arg_types[i], args[i]);
        pointers[i] = &vecs[i];
    }
    vec_init(&result, x->eval.arena, call->result, 1);
    TRY(call->fn->vector(&x->eval, pointers, call->n_args, &result, NULL, 1, err));
    *out = vec_get(&result, 0);
    return 0;
}

static int eval_cast(struct ev *ev, const struct batch *in, struct err *err)
{
    struct ev *arg = ev->args[0];
    TRY(arg->eval(arg, in, err));
    const struct vec *from = arg->result;
    bool once = from->mask == 0;
    struct vec *out = ev_out(ev, in, once);
    for (uint32_t k = 0; k < (once ? MIN(in->n, 1u) : in->n); k++) {
        uint32_t row = once ? 0 : batch_row(in, k);
        struct datum d = vec_get(from, row), converted = DATUM_NULL;
        if (!d.null) {
            converted.null = false;
            TRY(cast_datum(&ev->x->eval, from->type, ev->expr->type, ev->expr->flag, d, &converted, err));
        }
        vec_set(out, row, converted);
    }
    return 0;
}

// ---- compilation

static const ev_fn kernels[] = {
    [EXPR_CALL] = eval_call,
    [EXPR_CAST] = eval_cast,
    [EXPR_AND] = eval_and_or,
    [EXPR_OR] = eval_and_or,
    [EXPR_NOT] = eval_not,
    [EXPR_IS_NULL] = eval_is_null,
    [EXPR_IS_DISTINCT] = eval_is_distinct,
    [EXPR_CASE] = eval_case,
    [EXPR_COALESCE] = eval_coalesce,
    [EXPR_NULLIF] = eval_nullif,
    [EXPR_GREATEST] = eval_extremum,
    [EXPR_LEAST] = eval_extremum,
    [EXPR_IFERROR] = eval_iferror,
    [EXPR_IN] = eval_in,
    [EXPR_ANY] = eval_any,
    [EXPR_ARRAY] = eval_array,
    [EXPR_TUPLE] = eval_tuple,
    [EXPR_FIELD] = eval_field,
    [EXPR_SUBSCRIPT] = eval_subscript,
    [EXPR_SUBQUERY] = eval_subquery,
    [EXPR_EXISTS] = eval_subquery,
    [EXPR_ANY_QUERY] = eval_subquery,
    [EXPR_ARRAY_QUERY] = eval_subquery,
};

static void compile_call(struct ev *ev, const struct expr *e)
{
    struct type *types = ARENA_ARRAY(ev->x->arena, struct type, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = e->args[i]->type;
    ev->call = (struct fn_call){e->fn, types, (uint8_t)e->n_args, e->type};
    ev->arg_vecs = ARENA_ARRAY(ev->x->arena, const struct vec *, e->n_args);
    ev->constant_call = e->fn->volatility != FN_VOLATILE && e->n_args > 0;
    if (e->n_args == 0 && e->fn->volatility != FN_VOLATILE)
        ev->constant_call = true;
}

static struct ev *compile_column(struct exec_context *x, const struct expr *e, const col_id *cols, uint32_t n_cols)
{
    int64_t at = col_position(cols, n_cols, e->column);
    struct ev *ev = ev_new(x, e, at >= 0 ? eval_input_column : eval_outer_column);
    ev->column = at >= 0 ? (uint32_t)at : e->column;
    return ev;
}

struct ev *ev_compile(struct exec_context *x, const struct expr *e, const col_id *cols, uint32_t n_cols)
{
    if (e->kind == EXPR_COLUMN)
        return compile_column(x, e, cols, n_cols);
    if (e->kind == EXPR_CONST)
        return constant(x, e, e->value);
    if (e->kind == EXPR_PARAM && x->parameters_change)
        return ev_new(x, e, eval_parameter);
    if (e->kind == EXPR_PARAM)
        return constant(x, e, x->parameters[e->parameter]);
    INVARIANT((size_t)e->kind < ARRAY_LEN(kernels) && kernels[e->kind] != NULL);
    struct ev *ev = ev_new(x, e, kernels[e->kind]);
    ev->n_args = e->n_args;
    ev->args = ARENA_ARRAY(x->arena, struct ev *, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++)
        ev->args[i] = e->args[i] == NULL ? NULL : ev_compile(x, e->args[i], cols, n_cols);
    if (e->kind == EXPR_CALL)
        compile_call(ev, e);
    if (e->subquery != NULL)
        subquery_compile(ev, cols, n_cols);
    if (e->kind == EXPR_IN)
        in_compile(ev);
    return ev;
}

int exec_scalar(struct exec_context *x, const struct expr *e, struct datum *out, struct err *err)
{
    struct batch none = {.n = 1};
    struct ev *ev = ev_compile(x, e, NULL, 0);
    if (x->eval.arena == NULL)
        x->eval.arena = x->arena;
    return ev_row(ev, &none, 0, out, err);
}

struct ev *exec_compile(struct exec_context *x, const struct expr *e)
{
    return ev_compile(x, e, NULL, 0);
}

int exec_evaluate(struct ev *ev, struct datum *out, struct err *err)
{
    struct batch none = {.n = 1};
    TRY(ev->eval(ev, &none, err));
    *out = vec_get(ev->result, 0);
    return 0;
}
