// The frame of execution: building operator trees, common table expressions, interrupts, the public entry points.
#include "sql/execute/execute_int.h"
#include "sql/execute/mutate_int.h"
#include "sql/execute/spill_int.h"

static const op_builder builders[PLAN_KIND_COUNT] = {
    [PLAN_SCAN] = scan_build,
    [PLAN_VIRTUAL_SCAN] = virtual_scan_build,
    [PLAN_VALUES] = values_build,
    [PLAN_FILTER] = filter_build,
    [PLAN_PROJECT] = project_build,
    [PLAN_HASH_JOIN] = hash_join_build,
    [PLAN_MERGE_JOIN] = merge_join_build,
    [PLAN_LOOKUP_JOIN] = lookup_join_build,
    [PLAN_NESTED_JOIN] = nested_join_build,
    [PLAN_GROUP] = group_build,
    [PLAN_DISTINCT] = distinct_build,
    [PLAN_SORT] = sort_build,
    [PLAN_LIMIT] = limit_build,
    [PLAN_SET_OP] = set_op_build,
    [PLAN_WINDOW] = window_build,
    [PLAN_SRF] = srf_build,
    [PLAN_ORDINALITY] = ordinality_build,
    [PLAN_COUNTER] = counter_build,
    [PLAN_CTE] = cte_build,
    [PLAN_RECURSIVE] = recursive_build,
    [PLAN_MAX_ONE] = max_one_build,
    [PLAN_INSERT] = mutation_build,
    [PLAN_UPDATE] = mutation_build,
    [PLAN_DELETE] = mutation_build,
};

struct op_list {
    struct op_list *next;
    struct op *op;
};

struct op *op_new(struct exec_context *x, const struct plan *p, const struct op_ops *ops, size_t size)
{
    struct op *op = arena_zalloc(x->arena, size);
    op->ops = ops;
    op->x = x;
    op->plan = p;
    arena_init(&op->batch, x->budget);
    struct op_list *node = ARENA_NEW(x->arena, struct op_list); // so that close reaches operators of subqueries too
    node->op = op;
    node->next = x->all_ops;
    x->all_ops = node;
    return op;
}

struct op *op_build(struct exec_context *x, const struct plan *p)
{
    return builders[p->kind](x, p);
}

int op_open(struct op *op, struct err *err)
{
    return op->ops->open(op, err);
}

int op_next(struct op *op, struct err *err)
{
    TRY(check_interrupt(op->x, err));
    TRY(op->ops->next(op, err));
    if (op->x->actual_rows != NULL)
        op->x->actual_rows[op->plan->number] += op->out.n;
    return 0;
}

int check_interrupt(struct exec_context *x, struct err *err)
{
    if (x->interrupted != NULL)
        TRY(x->interrupted(x->interrupted_arg, err));
    return budget_check(x->budget, err);
}

// ---- common table expressions: rows are computed once, as far as they are read; in statements that change something
// all of them, before anything is written

struct cte_state {
    const struct cte_plan *plan;
    struct op *op; // NULL until first read
    struct row_store rows;
    bool complete;
    struct row_store *working; // recursive: what the step reads now
};

static void cte_states(struct exec_context *x)
{
    x->ctes = ARENA_ARRAY(x->arena, struct cte_state, x->plan->n_ctes);
    for (uint32_t i = 0; i < x->plan->n_ctes; i++) {
        struct cte_state *st = &x->ctes[i];
        st->plan = &x->plan->ctes[i];
        if (st->plan->plan != NULL)
            row_store_init(&st->rows, x, plan_types(x, st->plan->plan->cols, st->plan->plan->n_cols),
                           st->plan->plan->n_cols);
    }
}

// One more batch of rows, or `complete`.
static int cte_more(struct exec_context *x, struct cte_state *st, struct err *err)
{
    struct arena *saved = x->eval.arena;
    int rc = 0;
    if (st->op == NULL) {
        st->op = op_build(x, st->plan->plan);
        rc = op_open(st->op, err);
    }
    if (rc == 0)
        rc = op_next(st->op, err);
    st->complete = rc == 0 && st->op->out.n == 0;
    if (rc == 0 && !st->complete)
        rc = row_store_append(&st->rows, &st->op->out, NULL, err);
    x->eval.arena = saved;
    return rc;
}

static int cte_all(struct exec_context *x, struct cte_state *st, struct err *err)
{
    while (!st->complete)
        TRY(cte_more(x, st, err));
    return 0;
}

struct cte_op {
    struct op op;
    struct cte_state *state;
    uint32_t at;
};

static int cte_open(struct op *op, struct err *err)
{
    struct cte_op *c = (struct cte_op *)op;
    c->at = 0;
    bool all = op->x->plan->query->has_mutation && !op->plan->cte.working_table;
    return all ? cte_all(op->x, c->state, err) : 0;
}

static int cte_next(struct op *op, struct err *err)
{
    struct cte_op *c = (struct cte_op *)op;
    const struct row_store *rows = op->plan->cte.working_table ? c->state->working : &c->state->rows;
    while (c->at == rows->n_rows && !op->plan->cte.working_table && !c->state->complete)
        TRY(cte_more(op->x, c->state, err));
    uint32_t n = MIN(rows->n_rows - c->at, (uint32_t)BATCH_ROWS_MAX);
    if (n > 0)
        row_store_read(rows, NULL, c->at, n, op->out.cols);
    c->at += n;
    op->out.n = n;
    return 0;
}

static const struct op_ops cte_ops = {cte_open, cte_next, NULL};

struct op *cte_build(struct exec_context *x, const struct plan *p)
{
    struct cte_op *c = OP_NEW(x, p, &cte_ops, struct cte_op);
    c->state = &x->ctes[p->cte.number];
    batch_init(&c->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, BATCH_ROWS_MAX);
    return &c->op;
}

// ---- WITH RECURSIVE: rows of the start, then of the step over the last round's rows, until a round adds none

struct recursive_op {
    struct op op;
    struct cte_state *state;
    struct row_store rounds[2];
    uint32_t current; // the round being read out
    uint32_t at;
    struct hash_rows *seen; // UNION: all rows so far
    bool started;
};

static int run_round(struct recursive_op *r, struct op *source, struct row_store *into, struct err *err)
{
    row_store_reset(into);
    TRY(op_open(source, err));
    for (;;) {
        TRY(op_next(source, err));
        if (source->out.n == 0)
            return 0;
        if (r->seen == NULL) {
            TRY(row_store_append(into, &source->out, NULL, err));
            continue;
        }
        uint16_t fresh[BATCH_ROWS_MAX];
        uint32_t n;
        TRY(hash_rows_add(r->seen, &source->out, NULL, fresh, &n, err));
        struct batch only = source->out;
        only.sel = fresh;
        only.n = n;
        TRY(row_store_append(into, &only, NULL, err));
    }
}

static int recursive_open(struct op *op, struct err *err)
{
    struct recursive_op *r = (struct recursive_op *)op;
    const struct plan *p = op->plan;
    r->at = r->current = 0;
    if (p->recursive.distinct)
        r->seen = hash_rows_new(op->x, plan_types(op->x, p->cols, p->n_cols), p->n_cols);
    return run_round(r, op->input, &r->rounds[0], err);
}

static int recursive_next(struct op *op, struct err *err)
{
    struct recursive_op *r = (struct recursive_op *)op;
    struct row_store *now = &r->rounds[r->current];
    if (r->at == now->n_rows) {
        op->out.n = 0;
        if (now->n_rows == 0)
            return 0;
        r->state->working = now;
        struct row_store *next = &r->rounds[1 - r->current];
        TRY(run_round(r, op->right, next, err));
        r->current = 1 - r->current;
        r->at = 0;
        now = next;
    }
    uint32_t n = MIN(now->n_rows - r->at, (uint32_t)BATCH_ROWS_MAX);
    if (n > 0)
        row_store_read(now, NULL, r->at, n, op->out.cols);
    r->at += n;
    op->out.n = n;
    return 0;
}

static void recursive_close(struct op *op)
{
    struct recursive_op *r = (struct recursive_op *)op;
    row_store_release(&r->rounds[0]);
    row_store_release(&r->rounds[1]);
}

static const struct op_ops recursive_ops = {recursive_open, recursive_next, recursive_close};

struct op *recursive_build(struct exec_context *x, const struct plan *p)
{
    struct recursive_op *r = OP_NEW(x, p, &recursive_ops, struct recursive_op);
    r->state = &x->ctes[p->recursive.number];
    r->op.input = op_build(x, p->input);
    r->op.right = op_build(x, p->right);
    struct type *types = plan_types(x, p->cols, p->n_cols);
    row_store_init(&r->rounds[0], x, types, p->n_cols);
    row_store_init(&r->rounds[1], x, types, p->n_cols);
    batch_init(&r->op.out, x->arena, types, p->n_cols, BATCH_ROWS_MAX);
    return &r->op;
}

// ---- entry points

int exec_open(struct exec_context *x, const struct statement_plan *plan, struct err *err)
{
    x->plan = plan;
    x->outer = ARENA_ARRAY(x->arena, struct datum, plan->query->columns.len);
    x->eval.arena = x->arena;
    x->read_flags = KV_READ_MARKED;
    x->read_mark = kv_mark(x->txn);
    cte_states(x);
    for (uint32_t i = 0; i < plan->n_ctes; i++) {
        if (plan->ctes[i].has_mutation)
            TRY(cte_all(x, &x->ctes[i], err));
    }
    x->root = op_build(x, plan->root);
    return op_open(x->root, err);
}

int exec_next(struct exec_context *x, struct batch *out, struct err *err)
{
    TRY(op_next(x->root, err));
    *out = x->root->out;
    if (out->n > 0)
        return 0;
    TRY(cascades_run(x, err));
    return x->triggers_wait ? 0 : triggers_run(x, err);
}

int exec_drain(struct exec_context *x, struct err *err)
{
    struct batch b;
    do {
        TRY(exec_next(x, &b, err));
    } while (b.n > 0);
    return 0;
}

void exec_close(struct exec_context *x)
{
    for (struct op_list *l = x->all_ops; l != NULL; l = l->next) {
        if (l->op->ops->close != NULL)
            l->op->ops->close(l->op);
        arena_release(&l->op->batch);
    }
    x->all_ops = NULL;
    for (uint32_t i = 0; x->ctes != NULL && i < x->plan->n_ctes; i++) {
        if (x->ctes[i].plan->plan != NULL)
            row_store_release(&x->ctes[i].rows);
    }
    subqueries_release(x);
    hash_rows_release_all(x);
    spill_release(x);
}
