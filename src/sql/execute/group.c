// Grouping: groups are numbered by a hash of their keys; each has one block of aggregate states.
//
// Modifiers of an aggregate: FILTER narrows the rows; DISTINCT passes only rows whose (group, arguments) are new; ORDER
// BY buffers (group, order keys, arguments) and feeds them sorted at the end.
#include "sql/execute/execute_int.h"
#include <stdlib.h>

struct aggregate {
    const struct expr *expr;
    const struct fn_aggregate *fn;
    struct fn_call call;
    size_t offset; // of its state in a group's block
    struct ev **args;
    uint32_t n_args;
    struct ev *filter;
    struct hash_rows *seen; // DISTINCT: group number and arguments
    struct ev **order;
    struct row_store buffered; // ORDER BY: group number, order keys, arguments
    const struct vec **vecs;
};

struct group_op {
    struct op op;
    struct hash_rows *groups;
    uint32_t *key_positions;
    struct aggregate *aggregates;
    uint32_t n_aggregates;
    size_t block_bytes;
    struct arena states_arena;
    ARENA_VEC(char *) states; // per group
    uint32_t at;
    bool done;
    uint16_t *sel;
    void **row_states;
};

static int add_groups(struct group_op *g, uint32_t n, struct err *err)
{
    while (g->states.len < n)
        ARENA_PUSH(&g->states_arena, &g->states, arena_zalloc(&g->states_arena, MAX(g->block_bytes, (size_t)1)));
    return budget_check(g->op.x->budget, err);
}

static int accumulate(struct group_op *g, struct aggregate *a, const struct vec *const *args, const uint32_t *ids,
                      const uint16_t *sel, uint32_t n, struct err *err)
{
    for (uint32_t k = 0; k < n; k++)
        g->row_states[k] = g->states.ptr[ids[k]] + a->offset;
    g->op.x->eval.call = &a->call;
    return a->fn->accumulate(&g->op.x->eval, &g->states_arena, g->row_states, args, (int)a->n_args, sel, n, err);
}

static int eval_all(struct ev **evs, uint32_t n, const struct batch *in, struct vec *out, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct vec *v;
        TRY(ev_eval(evs[i], in, &v, err));
        out[i] = *v;
    }
    return 0;
}

static struct vec group_column(struct group_op *g, const struct batch *in, const uint32_t *ids)
{
    struct vec v;
    vec_init(&v, &g->op.batch, T_INT8, MAX(batch_rows(in), 1u));
    for (uint32_t k = 0; k < in->n; k++)
        v.i[batch_row(in, k)] = ids[k];
    return v;
}

// Keeps the rows whose arguments are new for their group.
static int only_distinct(struct group_op *g, struct aggregate *a, struct batch *rows, uint32_t *ids, struct err *err)
{
    struct vec *cols = ARENA_ARRAY(&g->op.batch, struct vec, a->n_args + 1);
    TRY(eval_all(a->args, a->n_args, rows, cols + 1, err));
    cols[0] = group_column(g, rows, ids);
    struct batch keyed = {.n = rows->n, .sel = rows->sel, .cols = cols, .ncols = a->n_args + 1};
    uint16_t *fresh = ARENA_ARRAY(&g->op.batch, uint16_t, BATCH_ROWS_MAX);
    uint32_t n;
    TRY(hash_rows_add(a->seen, &keyed, NULL, fresh, &n, err));
    for (uint32_t i = 0; i < n; i++)
        ids[i] = (uint32_t)cols[0].i[fresh[i]];
    rows->sel = fresh;
    rows->n = n;
    return 0;
}

static int buffer_ordered(struct group_op *g, struct aggregate *a, const struct batch *rows, const uint32_t *ids,
                          struct err *err)
{
    uint32_t n_order = a->expr->n_order, n = 1 + n_order + a->n_args;
    struct vec *cols = ARENA_ARRAY(&g->op.batch, struct vec, n);
    cols[0] = group_column(g, rows, ids);
    TRY(eval_all(a->order, n_order, rows, cols + 1, err));
    TRY(eval_all(a->args, a->n_args, rows, cols + 1 + n_order, err));
    struct batch wide = {.n = rows->n, .sel = rows->sel, .cols = cols, .ncols = n};
    return row_store_append(&a->buffered, &wide, NULL, err);
}

static int feed(struct group_op *g, struct aggregate *a, const struct batch *in, const uint32_t *all_ids,
                struct err *err)
{
    struct batch rows = *in;
    uint32_t ids[BATCH_ROWS_MAX];
    memcpy(ids, all_ids, in->n * sizeof(*ids));
    if (a->filter != NULL) {
        TRY(ev_filter(a->filter, in, g->sel, &rows.n, err));
        rows.sel = g->sel;
        for (uint32_t k = 0, j = 0; k < in->n && j < rows.n; k++) {
            if (batch_row(in, k) == rows.sel[j])
                ids[j++] = all_ids[k];
        }
    }
    if (a->seen != NULL && rows.n > 0)
        TRY(only_distinct(g, a, &rows, ids, err));
    if (rows.n == 0)
        return 0;
    if (a->order != NULL)
        return buffer_ordered(g, a, &rows, ids, err);
    for (uint32_t i = 0; i < a->n_args; i++)
        TRY(ev_eval(a->args[i], &rows, &a->vecs[i], err));
    return accumulate(g, a, a->vecs, ids, rows.sel, rows.n, err);
}

// ---- ordered aggregates

struct ordered_sort {
    const struct row_store *rows;
    const struct expr *expr;
};

static int compare_ordered(const void *l, const void *r, void *arg)
{
    const struct ordered_sort *s = arg;
    uint32_t a = *(const uint32_t *)l, b = *(const uint32_t *)r;
    for (uint32_t i = 0; i < s->expr->n_order; i++) {
        struct datum x = row_store_get(s->rows, a, 1 + i), y = row_store_get(s->rows, b, 1 + i);
        const struct sort_key *key = &s->expr->order[i];
        int c;
        if (x.null || y.null)
            c = x.null == y.null ? 0 : (x.null != key->nulls_last ? -1 : 1);
        else
            c = datum_compare(s->rows->types[1 + i], &x, &y) * (key->descending ? -1 : 1);
        if (c != 0)
            return c;
    }
    return a < b ? -1 : a > b;
}

static int feed_ordered(struct group_op *g, struct aggregate *a, struct err *err)
{
    uint32_t n = a->buffered.n_rows;
    uint32_t *rows = mem_alloc(size_mul(MAX(n, 1u), sizeof(*rows)));
    for (uint32_t i = 0; i < n; i++)
        rows[i] = i;
    struct ordered_sort sort = {&a->buffered, a->expr};
    qsort_r(rows, n, sizeof(*rows), compare_ordered, &sort);
    struct batch b;
    batch_init(&b, &g->op.batch, a->buffered.types, a->buffered.n_cols, BATCH_ROWS_MAX);
    int rc = 0;
    for (uint32_t at = 0; at < n && rc == 0; at += BATCH_ROWS_MAX) {
        uint32_t count = MIN(n - at, (uint32_t)BATCH_ROWS_MAX), ids[BATCH_ROWS_MAX];
        row_store_read(&a->buffered, rows + at, 0, count, b.cols);
        for (uint32_t k = 0; k < count; k++)
            ids[k] = (uint32_t)b.cols[0].i[k];
        for (uint32_t i = 0; i < a->n_args; i++)
            a->vecs[i] = &b.cols[1 + a->expr->n_order + i];
        rc = accumulate(g, a, a->vecs, ids, NULL, count, err);
    }
    mem_free(rows);
    return rc;
}

// ---- the operator

static int consume(struct group_op *g, struct err *err)
{
    struct op *op = &g->op;
    uint32_t ids[BATCH_ROWS_MAX] = {0};
    if (op->plan->group.n_keys == 0)
        TRY(add_groups(g, 1, err));
    for (;;) {
        TRY(op_next(op->input, err));
        const struct batch *in = &op->input->out;
        if (in->n == 0)
            break;
        TRY(check_interrupt(op->x, err));
        arena_reset(&op->batch);
        op->x->eval.arena = &op->batch;
        if (op->plan->group.n_keys > 0) {
            TRY(hash_rows_ids(g->groups, in, g->key_positions, ids, err));
            TRY(add_groups(g, hash_rows_count(g->groups), err));
        }
        for (uint32_t i = 0; i < g->n_aggregates; i++)
            TRY(feed(g, &g->aggregates[i], in, ids, err));
    }
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        if (g->aggregates[i].order != NULL)
            TRY(feed_ordered(g, &g->aggregates[i], err));
    }
    return 0;
}

static int group_next(struct op *op, struct err *err)
{
    struct group_op *g = (struct group_op *)op;
    if (!g->done) {
        TRY(consume(g, err));
        g->done = true;
    }
    arena_reset(&op->batch);
    op->x->eval.arena = &op->batch;
    uint32_t n_keys = op->plan->group.n_keys;
    uint32_t n = MIN((uint32_t)g->states.len - g->at, (uint32_t)BATCH_ROWS_MAX);
    op->out.n = n;
    if (n == 0)
        return 0;
    if (n_keys > 0)
        row_store_read(hash_rows_keys(g->groups), NULL, g->at, n, op->out.cols);
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        struct aggregate *a = &g->aggregates[i];
        struct vec *v = &op->out.cols[n_keys + i];
        if (v->has_nulls)
            memset(v->nulls, 0, n);
        v->has_nulls = false;
        op->x->eval.call = &a->call;
        for (uint32_t k = 0; k < n; k++) {
            struct datum d = DATUM_NULL;
            TRY(a->fn->result(&op->x->eval, a->call.fn, g->states.ptr[g->at + k] + a->offset, &d, err));
            vec_set(v, k, d);
        }
    }
    g->at += n;
    return 0;
}

static int group_open(struct op *op, struct err *err)
{
    struct group_op *g = (struct group_op *)op;
    g->done = false;
    g->at = 0;
    arena_reset(&g->states_arena);
    g->states.ptr = NULL;
    g->states.len = g->states.cap = 0;
    hash_rows_reset(g->groups);
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        if (g->aggregates[i].seen != NULL)
            hash_rows_reset(g->aggregates[i].seen);
        if (g->aggregates[i].order != NULL)
            row_store_reset(&g->aggregates[i].buffered);
    }
    return op_open(op->input, err);
}

static void group_close(struct op *op)
{
    struct group_op *g = (struct group_op *)op;
    arena_release(&g->states_arena);
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        if (g->aggregates[i].order != NULL)
            row_store_release(&g->aggregates[i].buffered);
    }
}

static const struct op_ops group_ops = {group_open, group_next, group_close};

static struct ev **compile_all(struct exec_context *x, struct expr *const *list, uint32_t n, const struct plan *input)
{
    struct ev **out = ARENA_ARRAY(x->arena, struct ev *, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] = ev_compile(x, list[i], input->cols, input->n_cols);
    return out;
}

static void aggregate_build(struct group_op *g, const struct expr *e, const struct plan *input, struct aggregate *a)
{
    struct exec_context *x = g->op.x;
    a->expr = e;
    a->fn = e->fn->aggregate;
    a->n_args = e->n_args;
    a->args = compile_all(x, e->args, e->n_args, input);
    a->vecs = ARENA_ARRAY(x->arena, const struct vec *, e->n_args);
    struct type *types = ARENA_ARRAY(x->arena, struct type, 1 + e->n_order + e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = e->args[i]->type;
    a->call =
        (struct fn_call){e->fn, arena_dup(x->arena, types, e->n_args * sizeof(*types)), (uint8_t)e->n_args, e->type};
    if (e->filter != NULL)
        a->filter = ev_compile(x, e->filter, input->cols, input->n_cols);
    if (e->aggregate_distinct && e->n_args > 0) {
        memmove(types + 1, types, e->n_args * sizeof(*types));
        types[0] = T_INT8;
        a->seen = hash_rows_new(x, types, 1 + e->n_args);
    }
    if (e->n_order > 0) {
        a->order = ARENA_ARRAY(x->arena, struct ev *, e->n_order);
        types[0] = T_INT8;
        for (uint32_t i = 0; i < e->n_order; i++) {
            a->order[i] = ev_compile(x, e->order[i].expr, input->cols, input->n_cols);
            types[1 + i] = e->order[i].expr->type;
        }
        for (uint32_t i = 0; i < e->n_args; i++)
            types[1 + e->n_order + i] = e->args[i]->type;
        row_store_init(&a->buffered, x, types, 1 + e->n_order + e->n_args);
    }
    a->offset = g->block_bytes;
    g->block_bytes += (a->fn->state_bytes + 15) & ~(size_t)15;
}

struct op *group_build(struct exec_context *x, const struct plan *p)
{
    struct group_op *g = OP_NEW(x, p, &group_ops, struct group_op);
    g->op.input = op_build(x, p->input);
    arena_init(&g->states_arena, x->budget);
    uint32_t n_keys = p->group.n_keys;
    g->key_positions = ARENA_ARRAY(x->arena, uint32_t, n_keys);
    for (uint32_t i = 0; i < n_keys; i++)
        g->key_positions[i] = (uint32_t)col_position(p->input->cols, p->input->n_cols, p->group.keys[i]);
    g->groups = hash_rows_new(x, plan_types(x, p->group.keys, n_keys), n_keys);
    g->n_aggregates = p->group.n_aggregates;
    g->aggregates = ARENA_ARRAY(x->arena, struct aggregate, g->n_aggregates);
    for (uint32_t i = 0; i < g->n_aggregates; i++)
        aggregate_build(g, p->group.aggregates[i].expr, p->input, &g->aggregates[i]);
    g->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    g->row_states = ARENA_ARRAY(x->arena, void *, BATCH_ROWS_MAX);
    // Output: keys, then aggregates; the optimizer keeps p->cols so.
    batch_init(&g->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, BATCH_ROWS_MAX);
    return &g->op;
}

// ---- DISTINCT [ON]

struct distinct_op {
    struct op op;
    struct hash_rows *seen;
    uint32_t *positions;
    uint16_t *sel;
};

static int distinct_open(struct op *op, struct err *err)
{
    hash_rows_reset(((struct distinct_op *)op)->seen);
    return op_open(op->input, err);
}

static int distinct_next(struct op *op, struct err *err)
{
    struct distinct_op *d = (struct distinct_op *)op;
    do {
        TRY(op_next(op->input, err));
        op->out = op->input->out;
        if (op->out.n == 0)
            return 0;
        TRY(hash_rows_add(d->seen, &op->input->out, d->positions, d->sel, &op->out.n, err));
        op->out.sel = d->sel;
    } while (op->out.n == 0);
    return 0;
}

static const struct op_ops distinct_ops = {distinct_open, distinct_next, NULL};

struct op *distinct_build(struct exec_context *x, const struct plan *p)
{
    struct distinct_op *d = OP_NEW(x, p, &distinct_ops, struct distinct_op);
    d->op.input = op_build(x, p->input);
    uint32_t n = p->distinct.n_keys;
    d->seen = hash_rows_new(x, plan_types(x, p->distinct.keys, n), n);
    d->positions = ARENA_ARRAY(x->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        d->positions[i] = (uint32_t)col_position(p->input->cols, p->input->n_cols, p->distinct.keys[i]);
    d->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    return &d->op;
}
