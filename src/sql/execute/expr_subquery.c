// Subqueries in expressions. An uncorrelated one runs once per execution and its rows are kept; a correlated one runs
// for every row with the outer columns set.
#include "sql/execute/expr_int.h"

struct outer_column {
    col_id column;
    int64_t position; // in the input batch; -1: itself an outer column, already set
};

struct subquery_state {
    struct subquery_state *next; // of the execution
    struct op *op;
    const struct subquery_plan *plan;
    bool loaded; // rows holds the result (uncorrelated)
    struct row_store rows;
    struct outer_column *outers;
    uint32_t n_outers;
    struct fn_call call; // ANY_QUERY
    uint32_t *hash;      // ANY_QUERY with "=": 1-based rows by hash
    uint32_t hash_mask;
    bool has_null;
};

static const struct subquery_plan *find_plan(const struct exec_context *x, const struct rel *rel)
{
    for (uint32_t i = 0; i < x->plan->n_subqueries; i++) {
        if (x->plan->subqueries[i].rel == rel)
            return &x->plan->subqueries[i];
    }
    return NULL;
}

void subquery_compile(struct ev *ev, const col_id *cols, uint32_t n_cols)
{
    struct exec_context *x = ev->x;
    struct subquery_state *st = ARENA_NEW(x->arena, struct subquery_state);
    st->plan = find_plan(x, ev->expr->subquery);
    INVARIANT(st->plan != NULL);
    st->op = op_build(x, st->plan->plan);
    const struct plan *p = st->plan->plan;
    row_store_init(&st->rows, x, plan_types(x, p->cols, p->n_cols), p->n_cols);
    if (st->plan->correlated) {
        struct col_set free = col_set_new(x->arena, x->plan->query);
        rel_outer_columns(x->plan->query, st->plan->rel, &free);
        st->outers = ARENA_ARRAY(x->arena, struct outer_column, x->plan->query->columns.len);
        for (col_id c = 1; c < x->plan->query->columns.len; c++) {
            if (col_set_has(&free, c))
                st->outers[st->n_outers++] = (struct outer_column){c, col_position(cols, n_cols, c)};
        }
    }
    st->next = x->subqueries;
    x->subqueries = st;
    ev->subquery = st;
}

void subqueries_release(struct exec_context *x)
{
    for (struct subquery_state *st = x->subqueries; st != NULL; st = st->next)
        row_store_release(&st->rows);
    x->subqueries = NULL;
}

static int load(struct ev *ev, struct subquery_state *st, uint32_t rows_max, struct err *err)
{
    struct arena *saved = ev->x->eval.arena;
    row_store_reset(&st->rows);
    int rc = op_open(st->op, err);
    while (rc == 0 && st->rows.n_rows < rows_max) {
        rc = op_next(st->op, err);
        if (rc != 0 || st->op->out.n == 0)
            break;
        rc = row_store_append(&st->rows, &st->op->out, NULL, err);
    }
    ev->x->eval.arena = saved;
    return rc;
}

static void build_hash(struct ev *ev, struct subquery_state *st)
{
    uint32_t cap = 16;
    while (cap < st->rows.n_rows * 2)
        cap *= 2;
    st->hash_mask = cap - 1;
    st->hash = ARENA_ARRAY(ev->x->arena, uint32_t, cap);
    for (uint32_t r = 0; r < st->rows.n_rows; r++) {
        struct datum d = row_store_get(&st->rows, r, 0);
        if (d.null) {
            st->has_null = true;
            continue;
        }
        uint32_t at = (uint32_t)datum_hash(st->rows.types[0], &d, 0) & st->hash_mask;
        while (st->hash[at] != 0)
            at = (at + 1) & st->hash_mask;
        st->hash[at] = r + 1;
    }
}

static bool can_hash(const struct ev *ev, const struct subquery_state *st)
{
    const struct expr *l = ev->expr->args[0];
    return ev->expr->fn != NULL && strcmp(ev->expr->fn->name, "=") == 0 && !ev->expr->flag && l->kind != EXPR_TUPLE &&
           l->type.family == st->rows.types[0].family;
}

static struct datum ordering_holds(const char *symbol, int c)
{
    bool holds = symbol[0] == '<' ? c < 0 : c > 0;
    return datum_bool(holds || (c == 0 && symbol[1] == '='));
}

// Rows under < and its like: the first fields that differ decide, NULL when one of them is.
static struct datum order_rows(const char *symbol, const struct subquery_state *st, const struct datum *left,
                               uint32_t n, uint32_t r)
{
    int c = 0;
    for (uint32_t i = 0; i < n && c == 0; i++) {
        struct datum right = row_store_get(&st->rows, r, i);
        if (left[i].null || right.null)
            return DATUM_NULL;
        c = datum_compare(st->rows.types[i], &left[i], &right);
    }
    return ordering_holds(symbol, c);
}

// Rows under = (and <>): NULL when no fields differ and some are NULL.
static struct datum rows_equal(const struct subquery_state *st, const struct datum *left, uint32_t n, uint32_t r,
                               bool negated)
{
    bool null = false;
    for (uint32_t i = 0; i < n; i++) {
        struct datum right = row_store_get(&st->rows, r, i);
        bool unknown = left[i].null || right.null;
        if (!unknown && datum_compare(st->rows.types[i], &left[i], &right) != 0)
            return datum_bool(negated);
        null |= unknown;
    }
    return null ? DATUM_NULL : datum_bool(!negated);
}

// Whether a row of the subquery compares true.
static int compare_row(struct ev *ev, struct subquery_state *st, const struct datum *left, uint32_t n, uint32_t r,
                       struct datum *out, struct err *err)
{
    const struct expr *l = ev->expr->args[0];
    const char *symbol = ev->expr->fn->name;
    bool equality = strcmp(symbol, "=") == 0, inequality = strcmp(symbol, "<>") == 0;
    if (l->kind == EXPR_TUPLE) {
        *out = equality || inequality ? rows_equal(st, left, n, r, inequality) : order_rows(symbol, st, left, n, r);
        return 0;
    }
    struct type types[2] = {l->type, st->rows.types[0]};
    struct datum pair[2] = {left[0], row_store_get(&st->rows, r, 0)};
    struct fn_call call = {ev->expr->fn, types, 2, T_BOOL};
    return fn_call_row(ev->x, &call, pair, out, err);
}

static bool hash_has(struct subquery_state *st, const struct datum *d)
{
    struct type t = st->rows.types[0];
    for (uint32_t at = (uint32_t)datum_hash(t, d, 0) & st->hash_mask; st->hash[at] != 0;
         at = (at + 1) & st->hash_mask) {
        struct datum item = row_store_get(&st->rows, st->hash[at] - 1, 0);
        if (datum_compare(t, d, &item) == 0)
            return true;
    }
    return false;
}

static int any_query(struct ev *ev, struct subquery_state *st, const struct datum *left, uint32_t n, struct datum *out,
                     struct err *err)
{
    bool all = ev->expr->flag, null = false;
    if (st->hash != NULL && n == 1 && !left[0].null) {
        bool found = hash_has(st, &left[0]);
        *out = !found && st->has_null ? DATUM_NULL : datum_bool(found);
        return 0;
    }
    for (uint32_t r = 0; r < st->rows.n_rows; r++) {
        struct datum result;
        TRY(compare_row(ev, st, left, n, r, &result, err));
        null |= result.null;
        if (!result.null && result.b != all) {
            *out = datum_bool(!all);
            return 0;
        }
    }
    *out = null ? DATUM_NULL : datum_bool(all);
    return 0;
}

static int left_values(struct ev *ev, const struct batch *in, uint32_t row, struct datum *left, uint32_t *n,
                       struct err *err)
{
    struct ev *l = ev->args[0];
    *n = 1;
    if (l->expr->kind != EXPR_TUPLE)
        return ev_row(l, in, row, &left[0], err);
    *n = l->n_args;
    for (uint32_t i = 0; i < l->n_args; i++)
        TRY(ev_row(l->args[i], in, row, &left[i], err));
    return 0;
}

static int finish_row(struct ev *ev, struct subquery_state *st, const struct batch *in, uint32_t row, struct datum *out,
                      struct err *err)
{
    *out = DATUM_NULL;
    switch (ev->expr->kind) {
    case EXPR_EXISTS:
        *out = datum_bool((st->rows.n_rows > 0) != ev->expr->flag);
        return 0;
    case EXPR_SUBQUERY:
        if (st->rows.n_rows > 1)
            return err_set(err, ERR_CARDINALITY_VIOLATION,
                           "more than one row returned by a subquery used as an expression");
        if (st->rows.n_rows == 1)
            *out = datum_copy(ev->x->eval.arena, ev->expr->type, row_store_get(&st->rows, 0, 0));
        return 0;
    case EXPR_ARRAY_QUERY: {
        struct datum *items = ARENA_ARRAY(ev->x->eval.arena, struct datum, st->rows.n_rows);
        for (uint32_t i = 0; i < st->rows.n_rows; i++)
            items[i] = row_store_get(&st->rows, i, 0);
        *out = datum_str(array_build(ev->x->eval.arena, type_element(ev->expr->type), items, st->rows.n_rows));
        return 0;
    }
    default: {
        struct datum *left = ARENA_ARRAY(ev->x->eval.arena, struct datum, MAX(st->rows.n_cols, 1u));
        uint32_t n;
        TRY(left_values(ev, in, row, left, &n, err));
        return any_query(ev, st, left, n, out, err);
    }
    }
}

int eval_subquery(struct ev *ev, const struct batch *in, struct err *err)
{
    struct subquery_state *st = ev->subquery;
    struct vec *out = ev_out(ev, in, false);
    uint32_t rows_max = ev->expr->kind == EXPR_EXISTS ? 1 : ev->expr->kind == EXPR_SUBQUERY ? 2 : UINT32_MAX;
    if (!st->plan->correlated && !st->loaded && in->n > 0) {
        TRY(load(ev, st, rows_max, err));
        st->loaded = true;
        if (ev->expr->kind == EXPR_ANY_QUERY && can_hash(ev, st))
            build_hash(ev, st);
    }
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        if (st->plan->correlated) {
            for (uint32_t i = 0; i < st->n_outers; i++) {
                if (st->outers[i].position >= 0)
                    ev->x->outer[st->outers[i].column] = vec_get(&in->cols[st->outers[i].position], row);
            }
            TRY(load(ev, st, rows_max, err));
        }
        struct datum value;
        TRY(finish_row(ev, st, in, row, &value, err));
        vec_set(out, row, value);
    }
    return 0;
}
