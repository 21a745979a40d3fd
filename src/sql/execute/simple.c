// The small operators: values, filter, project, limit, max-one-row, ordinality, row counters, set-returning functions.
#include "sql/execute/execute_int.h"

// ---- values

struct values_op {
    struct op op;
    struct ev ***rows; // compiled when first reached
    uint32_t at;
    bool copy_done;
};

static int values_open(struct op *op, struct err *err)
{
    struct values_op *v = (struct values_op *)op;
    v->at = 0;
    v->copy_done = false;
    return 0;
}

static int values_next(struct op *op, struct err *err)
{
    struct values_op *v = (struct values_op *)op;
    const struct plan *p = op->plan;
    struct exec_context *x = op->x;
    if (x->copy_batch != NULL && p->values.n_rows == 0) { // COPY FROM: the batch at hand, once
        op->out = v->copy_done ? (struct batch){0} : *x->copy_batch;
        v->copy_done = true;
        return 0;
    }
    static const struct batch none = {.n = 1};
    uint32_t n = MIN(p->values.n_rows - v->at, (uint32_t)BATCH_ROWS_MAX);
    for (uint32_t c = 0; c < op->out.ncols; c++) {
        if (op->out.cols[c].has_nulls)
            memset(op->out.cols[c].nulls, 0, n);
        op->out.cols[c].has_nulls = false;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct expr **row = p->values.rows[v->at + i];
        for (uint32_t c = 0; c < p->n_cols; c++) {
            struct datum d;
            if (row[c]->kind == EXPR_CONST)
                d = row[c]->value;
            else
                TRY(ev_row(ev_compile(x, row[c], NULL, 0), &none, 0, &d, err));
            vec_set(&op->out.cols[c], i, d);
        }
    }
    v->at += n;
    op->out.n = n;
    return 0;
}

static const struct op_ops values_ops = {values_open, values_next, NULL};

struct op *values_build(struct exec_context *x, const struct plan *p)
{
    struct values_op *v = OP_NEW(x, p, &values_ops, struct values_op);
    uint32_t rows = MAX(MIN(p->values.n_rows, (uint32_t)BATCH_ROWS_MAX), 1u);
    batch_init(&v->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, rows);
    return &v->op;
}

// ---- row counter

struct counter_op {
    struct op op;
    bool done;
};

static int counter_open(struct op *op, struct err *err)
{
    ((struct counter_op *)op)->done = false;
    return 0;
}

// A read like that of the rows: who commits another number of rows meanwhile is a conflict.
static int counter_next(struct op *op, struct err *err)
{
    struct counter_op *c = (struct counter_op *)op;
    int64_t rows;
    op->out.n = 0;
    if (c->done)
        return 0;
    kv_set_read_mark(op->x->txn, op->x->read_mark); // other statements of the transaction may have read in between
    TRY(cat_row_count_read(op->x->view, op->plan->counter.table->id, op->x->read_flags, &rows, err));
    for (uint32_t i = 0; i < op->out.ncols; i++)
        vec_set(&op->out.cols[i], 0, datum_int(rows));
    op->out.n = 1;
    c->done = true;
    return 0;
}

static const struct op_ops counter_ops = {counter_open, counter_next, NULL};

struct op *counter_build(struct exec_context *x, const struct plan *p)
{
    struct counter_op *c = OP_NEW(x, p, &counter_ops, struct counter_op);
    batch_init(&c->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, 1);
    return &c->op;
}

// ---- filter

struct filter_op {
    struct op op;
    struct ev *predicate;
    uint16_t *sel;
};

static int input_open(struct op *op, struct err *err)
{
    return op_open(op->input, err);
}

static int filter_next(struct op *op, struct err *err)
{
    struct filter_op *f = (struct filter_op *)op;
    do {
        TRY(op_next(op->input, err));
        op->x->eval.arena = &op->batch;
        arena_reset(&op->batch);
        op->out = op->input->out;
        if (op->out.n == 0)
            return 0;
        TRY(ev_filter(f->predicate, &op->input->out, f->sel, &op->out.n, err));
        op->out.sel = f->sel;
    } while (op->out.n == 0);
    return 0;
}

static const struct op_ops filter_ops = {input_open, filter_next, NULL};

struct op *filter_build(struct exec_context *x, const struct plan *p)
{
    struct filter_op *f = OP_NEW(x, p, &filter_ops, struct filter_op);
    f->op.input = op_build(x, p->input);
    f->predicate = ev_compile(x, p->predicate, p->input->cols, p->input->n_cols);
    f->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    return &f->op;
}

// ---- project

struct project_op {
    struct op op;
    struct ev **evs;     // per output column; NULL: passed through
    uint32_t *positions; // of passed columns in the input
};

static int project_next(struct op *op, struct err *err)
{
    struct project_op *p = (struct project_op *)op;
    TRY(op_next(op->input, err));
    op->x->eval.arena = &op->batch;
    arena_reset(&op->batch);
    const struct batch *in = &op->input->out;
    op->out.n = in->n;
    op->out.sel = in->sel;
    if (in->n == 0)
        return 0;
    for (uint32_t c = 0; c < op->out.ncols; c++) {
        if (p->evs[c] == NULL) {
            op->out.cols[c] = in->cols[p->positions[c]];
            continue;
        }
        const struct vec *v;
        TRY(ev_eval(p->evs[c], in, &v, err));
        op->out.cols[c] = *v;
    }
    return 0;
}

static const struct op_ops project_ops = {input_open, project_next, NULL};

static const struct expr *computed(const struct plan *p, col_id c)
{
    for (uint32_t i = 0; i < p->project.n_items; i++) {
        if (p->project.items[i].column == c)
            return p->project.items[i].expr;
    }
    return NULL;
}

struct op *project_build(struct exec_context *x, const struct plan *p)
{
    struct project_op *o = OP_NEW(x, p, &project_ops, struct project_op);
    o->op.input = op_build(x, p->input);
    o->evs = ARENA_ARRAY(x->arena, struct ev *, p->n_cols);
    o->positions = ARENA_ARRAY(x->arena, uint32_t, p->n_cols);
    o->op.out = (struct batch){.cols = ARENA_ARRAY(x->arena, struct vec, p->n_cols), .ncols = p->n_cols};
    for (uint32_t c = 0; c < p->n_cols; c++) {
        const struct expr *e = computed(p, p->cols[c]);
        int64_t at = col_position(p->input->cols, p->input->n_cols, p->cols[c]);
        if (e != NULL) {
            o->evs[c] = ev_compile(x, e, p->input->cols, p->input->n_cols);
        } else if (at >= 0) {
            o->positions[c] = (uint32_t)at;
        } else { // a column of an enclosing query
            o->evs[c] = ev_compile(x, expr_column(x->plan->query, p->cols[c]), NULL, 0);
        }
    }
    return &o->op;
}

// ---- limit

struct limit_op {
    struct op op;
    int64_t skip, left;
    uint16_t *sel;
};

static int limit_value(struct exec_context *x, const struct expr *e, int64_t otherwise, const char *clause, int code,
                       int64_t *out, struct err *err)
{
    *out = otherwise;
    if (e == NULL)
        return 0;
    struct datum d;
    TRY(exec_scalar(x, e, &d, err));
    if (d.null)
        return 0;
    if (d.i < 0)
        return err_set(err, code, "negative value for %s", clause);
    *out = d.i;
    return 0;
}

static int limit_open(struct op *op, struct err *err)
{
    struct limit_op *l = (struct limit_op *)op;
    op->x->eval.arena = &op->batch;
    TRY(limit_value(op->x, op->plan->limit.count, INT64_MAX, "LIMIT", ERR_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE, &l->left,
                    err));
    TRY(limit_value(op->x, op->plan->limit.offset, 0, "OFFSET", ERR_INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE, &l->skip,
                    err));
    return op_open(op->input, err);
}

static int limit_next(struct op *op, struct err *err)
{
    struct limit_op *l = (struct limit_op *)op;
    op->out.n = 0;
    while (l->left > 0) {
        TRY(op_next(op->input, err));
        const struct batch *in = &op->input->out;
        op->out = *in;
        if (in->n == 0)
            return 0;
        uint32_t skip = (uint32_t)MIN((int64_t)in->n, l->skip);
        l->skip -= skip;
        uint32_t n = (uint32_t)MIN((int64_t)(in->n - skip), l->left);
        l->left -= n;
        for (uint32_t k = 0; k < n; k++)
            l->sel[k] = (uint16_t)batch_row(in, skip + k);
        op->out.sel = l->sel;
        op->out.n = n;
        if (n > 0)
            return 0;
    }
    return 0;
}

static const struct op_ops limit_ops = {limit_open, limit_next, NULL};

struct op *limit_build(struct exec_context *x, const struct plan *p)
{
    struct limit_op *l = OP_NEW(x, p, &limit_ops, struct limit_op);
    l->op.input = op_build(x, p->input);
    l->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    return &l->op;
}

// ---- at most one row

struct max_one_op {
    struct op op;
    bool seen;
};

static int max_one_open(struct op *op, struct err *err)
{
    ((struct max_one_op *)op)->seen = false;
    return op_open(op->input, err);
}

static int max_one_next(struct op *op, struct err *err)
{
    struct max_one_op *m = (struct max_one_op *)op;
    TRY(op_next(op->input, err));
    op->out = op->input->out;
    if (op->out.n > 1 || (op->out.n == 1 && m->seen))
        return err_set(err, ERR_CARDINALITY_VIOLATION,
                       "more than one row returned by a subquery used as an expression");
    m->seen |= op->out.n == 1;
    return 0;
}

static const struct op_ops max_one_ops = {max_one_open, max_one_next, NULL};

struct op *max_one_build(struct exec_context *x, const struct plan *p)
{
    struct max_one_op *m = OP_NEW(x, p, &max_one_ops, struct max_one_op);
    m->op.input = op_build(x, p->input);
    return &m->op;
}

// ---- ordinality

struct ordinality_op {
    struct op op;
    int64_t n;
};

static int ordinality_open(struct op *op, struct err *err)
{
    ((struct ordinality_op *)op)->n = 0;
    return op_open(op->input, err);
}

static int ordinality_next(struct op *op, struct err *err)
{
    struct ordinality_op *o = (struct ordinality_op *)op;
    TRY(op_next(op->input, err));
    const struct batch *in = &op->input->out;
    op->out.n = in->n;
    op->out.sel = in->sel;
    memcpy(op->out.cols, in->cols, in->ncols * sizeof(struct vec));
    struct vec *v = &op->out.cols[op->out.ncols - 1];
    arena_reset(&op->batch);
    vec_init(v, &op->batch, T_INT8, MAX(batch_rows(in), 1u));
    for (uint32_t k = 0; k < in->n; k++)
        v->i[batch_row(in, k)] = ++o->n;
    return 0;
}

static const struct op_ops ordinality_ops = {ordinality_open, ordinality_next, NULL};

struct op *ordinality_build(struct exec_context *x, const struct plan *p)
{
    struct ordinality_op *o = OP_NEW(x, p, &ordinality_ops, struct ordinality_op);
    o->op.input = op_build(x, p->input);
    o->op.out =
        (struct batch){.cols = ARENA_ARRAY(x->arena, struct vec, p->input->n_cols + 1), .ncols = p->input->n_cols + 1};
    return &o->op;
}

// ---- set-returning functions: per input row, the rows of all calls side by side, shorter ones padded with NULL

struct srf_call {
    struct fn_emit emit; // first member
    struct ev **args;
    struct fn_call call;
    struct ev *scalar; // a call that is no set-returning function gives one row
    struct row_store rows;
    struct vec *row;
};

struct srf_op {
    struct op op;
    struct srf_call *calls;
    uint32_t input_at;    // live row of the input being expanded
    uint32_t row, n_rows; // within its expansion
    struct datum *line;
};

static int srf_emit(struct fn_emit *emit, const struct datum *columns, struct err *err)
{
    struct srf_call *c = (struct srf_call *)emit;
    struct batch one = {.n = 1, .cols = c->row, .ncols = c->rows.n_cols};
    for (uint32_t i = 0; i < c->rows.n_cols; i++) {
        c->row[i].nulls[0] = 0;
        c->row[i].has_nulls = false;
        vec_set(&c->row[i], 0, columns[i]);
    }
    TRY(row_store_append(&c->rows, &one, NULL, err));
    return c->rows.n_rows % BATCH_ROWS_MAX == 0 ? check_interrupt(c->rows.x, err) : 0;
}

static int run_call(struct srf_op *s, struct srf_call *c, uint32_t row, struct err *err)
{
    struct exec_context *x = s->op.x;
    const struct batch *in = &s->op.input->out;
    row_store_reset(&c->rows);
    struct datum args[FN_ARGS_MAX * 4];
    if (c->scalar != NULL) {
        TRY(ev_row(c->scalar, in, row, &args[0], err));
        return srf_emit(&c->emit, args, err);
    }
    for (uint32_t i = 0; i < c->call.n_args; i++) {
        TRY(ev_row(c->args[i], in, row, &args[i], err));
        if (args[i].null && c->call.fn->strict)
            return 0;
    }
    x->eval.call = &c->call;
    return c->call.fn->set(&x->eval, args, c->call.n_args, &c->emit, err);
}

static int expand_row(struct srf_op *s, uint32_t row, struct err *err)
{
    s->row = s->n_rows = 0;
    for (uint32_t i = 0; i < s->op.plan->srf.n_calls; i++) {
        TRY(run_call(s, &s->calls[i], row, err));
        s->n_rows = MAX(s->n_rows, s->calls[i].rows.n_rows);
    }
    return 0;
}

static void srf_line(struct srf_op *s, uint32_t input_row, uint32_t out_row)
{
    struct op *op = &s->op;
    const struct batch *in = &op->input->out;
    uint32_t c = 0;
    for (; c < in->ncols; c++)
        vec_set(&op->out.cols[c], out_row, vec_get(&in->cols[c], input_row));
    for (uint32_t i = 0; i < op->plan->srf.n_calls; i++) {
        struct row_store *rows = &s->calls[i].rows;
        for (uint32_t k = 0; k < rows->n_cols; k++) {
            struct datum d = s->row < rows->n_rows ? row_store_get(rows, s->row, k) : DATUM_NULL;
            if (!d.null && rows->physicals[k] == PHYSICAL_STR)
                d.s = arena_str(&op->batch, d.s); // the store is reset before the batch is used up
            vec_set(&op->out.cols[c++], out_row, d);
        }
    }
}

static int srf_next(struct op *op, struct err *err)
{
    struct srf_op *s = (struct srf_op *)op;
    arena_reset(&op->batch);
    uint32_t n = 0;
    for (uint32_t c = 0; c < op->out.ncols; c++) {
        if (op->out.cols[c].has_nulls)
            memset(op->out.cols[c].nulls, 0, BATCH_ROWS_MAX);
        op->out.cols[c].has_nulls = false;
    }
    while (n < BATCH_ROWS_MAX) {
        if (s->row == s->n_rows) {
            if (s->input_at == op->input->out.n) {
                if (n > 0)
                    break; // rows so far borrow the input batch
                TRY(op_next(op->input, err));
                s->input_at = 0;
                if (op->input->out.n == 0)
                    break;
            }
            op->x->eval.arena = &op->batch;
            TRY(expand_row(s, batch_row(&op->input->out, s->input_at++), err));
            continue;
        }
        srf_line(s, batch_row(&op->input->out, s->input_at - 1), n++);
        s->row++;
    }
    op->out.n = n;
    return 0;
}

static int srf_open(struct op *op, struct err *err)
{
    struct srf_op *s = (struct srf_op *)op;
    s->row = s->n_rows = s->input_at = 0;
    op->input->out.n = 0;
    return op_open(op->input, err);
}

static void srf_close(struct op *op)
{
    struct srf_op *s = (struct srf_op *)op;
    for (uint32_t i = 0; i < op->plan->srf.n_calls; i++)
        row_store_release(&s->calls[i].rows);
}

static const struct op_ops srf_ops = {srf_open, srf_next, srf_close};

static void srf_call_build(struct exec_context *x, const struct plan *p, uint32_t i, struct srf_call *c)
{
    const struct expr *e = p->srf.calls[i];
    c->emit.row = srf_emit;
    uint32_t n_cols = p->srf.n_call_cols[i];
    struct type *types = plan_types(x, p->srf.call_cols[i], n_cols);
    row_store_init(&c->rows, x, types, n_cols);
    c->row = ARENA_ARRAY(x->arena, struct vec, n_cols);
    for (uint32_t k = 0; k < n_cols; k++)
        vec_init(&c->row[k], x->arena, types[k], 1);
    if (e->kind != EXPR_CALL || e->fn->kind != FN_SET_RETURNING) {
        c->scalar = ev_compile(x, e, p->input->cols, p->input->n_cols);
        return;
    }
    c->args = ARENA_ARRAY(x->arena, struct ev *, e->n_args);
    struct type *arg_types = ARENA_ARRAY(x->arena, struct type, e->n_args);
    for (uint32_t k = 0; k < e->n_args; k++) {
        c->args[k] = ev_compile(x, e->args[k], p->input->cols, p->input->n_cols);
        arg_types[k] = e->args[k]->type;
    }
    c->call = (struct fn_call){e->fn, arg_types, (uint8_t)e->n_args, e->type};
}

struct op *srf_build(struct exec_context *x, const struct plan *p)
{
    struct srf_op *s = OP_NEW(x, p, &srf_ops, struct srf_op);
    s->op.input = op_build(x, p->input);
    s->calls = ARENA_ARRAY(x->arena, struct srf_call, p->srf.n_calls);
    uint32_t n = p->input->n_cols;
    for (uint32_t i = 0; i < p->srf.n_calls; i++) {
        srf_call_build(x, p, i, &s->calls[i]);
        n += p->srf.n_call_cols[i];
    }
    // Always input columns, then the calls' columns, in that order: the optimizer keeps p->cols so.
    INVARIANT(n == p->n_cols);
    batch_init(&s->op.out, x->arena, plan_types(x, p->cols, n), n, BATCH_ROWS_MAX);
    return &s->op;
}
