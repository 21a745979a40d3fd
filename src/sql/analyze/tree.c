// Construction and walking of typed trees.
#include "sql/analyze/tree.h"
#include <string.h>

col_id query_add_column(struct query *q, struct str name, struct type type)
{
    if (q->columns.len == 0)
        ARENA_PUSH(q->arena, &q->columns, ((struct col_info){0}));
    ARENA_PUSH(q->arena, &q->columns, ((struct col_info){.name = name, .type = type}));
    return (col_id)(q->columns.len - 1);
}

struct expr *expr_new(struct arena *a, enum expr_kind kind, struct type type, uint32_t n_args)
{
    struct expr *e = ARENA_NEW(a, struct expr);
    e->kind = kind;
    e->type = type;
    e->n_args = n_args;
    if (n_args > 0)
        e->args = ARENA_ARRAY(a, struct expr *, n_args);
    return e;
}

struct expr *expr_const(struct arena *a, struct type type, struct datum value)
{
    struct expr *e = expr_new(a, EXPR_CONST, type, 0);
    e->value = value;
    return e;
}

struct expr *expr_column(struct query *q, col_id column)
{
    const struct col_info *info = query_column(q, column);
    struct expr *e = expr_new(q->arena, EXPR_COLUMN, info->type, 0);
    e->column = column;
    e->field_types = info->field_types;
    e->field_names = info->field_names;
    e->parameter = info->n_fields;
    return e;
}

struct expr *expr_bool(struct arena *a, bool value)
{
    return expr_const(a, T_BOOL, datum_bool(value));
}

static uint32_t conjunct_count(const struct expr *e)
{
    return e == NULL ? 0 : e->kind == EXPR_AND ? e->n_args : 1;
}

static void put_conjuncts(struct expr *into, uint32_t *n, struct expr *e)
{
    if (e == NULL)
        return;
    if (e->kind != EXPR_AND) {
        into->args[(*n)++] = e;
        return;
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        into->args[(*n)++] = e->args[i];
}

struct expr *expr_and(struct arena *a, struct expr *l, struct expr *r)
{
    if (l == NULL || r == NULL)
        return l != NULL ? l : r;
    struct expr *e = expr_new(a, EXPR_AND, T_BOOL, conjunct_count(l) + conjunct_count(r));
    uint32_t n = 0;
    put_conjuncts(e, &n, l);
    put_conjuncts(e, &n, r);
    return e;
}

struct rel *rel_new(struct arena *a, enum rel_kind kind, struct rel *input)
{
    struct rel *r = ARENA_NEW(a, struct rel);
    r->kind = kind;
    r->input = input;
    if (input != NULL) {
        r->cols = input->cols;
        r->n_cols = input->n_cols;
    }
    return r;
}

struct col_set col_set_new(struct arena *a, const struct query *q)
{
    uint32_t n = (uint32_t)(q->columns.len / 64 + 1);
    return (struct col_set){ARENA_ARRAY(a, uint64_t, n), n};
}

void col_set_remove(struct col_set *s, col_id c)
{
    if (c / 64 < s->n_words)
        s->words[c / 64] &= ~(1ull << (c % 64));
}

void col_set_union(struct col_set *into, const struct col_set *from)
{
    for (uint32_t i = 0; i < into->n_words && i < from->n_words; i++)
        into->words[i] |= from->words[i];
}

bool col_set_subset(const struct col_set *inner, const struct col_set *outer)
{
    for (uint32_t i = 0; i < inner->n_words; i++) {
        uint64_t o = i < outer->n_words ? outer->words[i] : 0;
        if ((inner->words[i] & ~o) != 0)
            return false;
    }
    return true;
}

bool col_set_intersects(const struct col_set *a, const struct col_set *b)
{
    for (uint32_t i = 0; i < a->n_words && i < b->n_words; i++) {
        if ((a->words[i] & b->words[i]) != 0)
            return true;
    }
    return false;
}

void col_set_add_list(struct col_set *s, const col_id *cols, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (cols[i] != 0)
            col_set_add(s, cols[i]);
    }
}

// ---- walking

typedef void (*rel_expr_fn)(void *arg, const struct expr *e);

static void visit_projections(const struct projection *items, uint32_t n, rel_expr_fn fn, void *arg)
{
    for (uint32_t i = 0; i < n; i++)
        fn(arg, items[i].expr);
}

static void visit_exprs(struct expr *const *items, uint32_t n, rel_expr_fn fn, void *arg)
{
    for (uint32_t i = 0; i < n; i++) {
        if (items[i] != NULL)
            fn(arg, items[i]);
    }
}

static void visit_mutation(const struct mutation *m, rel_expr_fn fn, void *arg)
{
    visit_exprs(m->checks, m->n_checks, fn, arg);
    visit_projections(m->set, m->n_set, fn, arg);
    if (m->set_where != NULL)
        fn(arg, m->set_where);
}

static void visit_rel_exprs(const struct rel *r, rel_expr_fn fn, void *arg)
{
    switch (r->kind) {
    case REL_VALUES:
        for (uint32_t i = 0; i < r->values.n_rows; i++)
            visit_exprs(r->values.rows[i], r->n_cols, fn, arg);
        break;
    case REL_FILTER:
        fn(arg, r->predicate);
        break;
    case REL_PROJECT:
        visit_projections(r->project.items, r->project.n_items, fn, arg);
        break;
    case REL_JOIN:
        if (r->join.on != NULL)
            fn(arg, r->join.on);
        break;
    case REL_GROUP:
        visit_projections(r->group.aggregates, r->group.n_aggregates, fn, arg);
        break;
    case REL_WINDOW:
        visit_projections(r->window.functions, r->window.n_functions, fn, arg);
        break;
    case REL_LIMIT:
        if (r->limit.count != NULL)
            fn(arg, r->limit.count);
        if (r->limit.offset != NULL)
            fn(arg, r->limit.offset);
        break;
    case REL_SRF:
        visit_exprs(r->srf.calls, r->srf.n_calls, fn, arg);
        break;
    case REL_INSERT:
    case REL_UPDATE:
    case REL_DELETE:
        visit_mutation(r->mutation, fn, arg);
        break;
    default:
        break;
    }
}

// Columns that a relation or one of its inputs produces.
static void add_produced(const struct rel *r, struct col_set *out)
{
    if (r == NULL)
        return;
    col_set_add_list(out, r->cols, r->n_cols);
    if (r->kind == REL_PROJECT) {
        for (uint32_t i = 0; i < r->project.n_items; i++)
            col_set_add(out, r->project.items[i].column);
    }
    if (r->kind == REL_INSERT || r->kind == REL_UPDATE || r->kind == REL_DELETE) {
        uint32_t n = (uint32_t)r->mutation->table->n_columns;
        if (r->mutation->old_cols != NULL)
            col_set_add_list(out, r->mutation->old_cols, n);
        if (r->mutation->return_cols != NULL)
            col_set_add_list(out, r->mutation->return_cols, n);
        for (uint32_t i = 0; i < r->mutation->n_set; i++)
            col_set_add(out, r->mutation->set[i].column);
    }
    add_produced(r->input, out);
    add_produced(r->right, out);
}

static void add_used(const struct rel *r, struct col_set *out);

static void add_expr_use(void *arg, const struct expr *e)
{
    expr_columns(e, arg);
}

static void add_used(const struct rel *r, struct col_set *out)
{
    if (r == NULL)
        return;
    visit_rel_exprs(r, add_expr_use, out);
    add_used(r->input, out);
    add_used(r->right, out);
}

void rel_outer_columns(struct query *q, const struct rel *r, struct col_set *out)
{
    struct col_set used = col_set_new(q->arena, q), produced = col_set_new(q->arena, q);
    add_used(r, &used);
    add_produced(r, &produced);
    for (uint32_t i = 0; i < out->n_words && i < used.n_words; i++)
        out->words[i] |= used.words[i] & ~(i < produced.n_words ? produced.words[i] : 0);
}

// Free columns of a subquery: used inside, produced outside.
static void add_subquery_columns(const struct rel *r, struct col_set *out)
{
    uint64_t *words = mem_zalloc(size_mul(2 * sizeof(uint64_t), out->n_words));
    struct col_set used = {words, out->n_words}, produced = {words + out->n_words, out->n_words};
    add_used(r, &used);
    add_produced(r, &produced);
    for (uint32_t i = 0; i < out->n_words; i++)
        out->words[i] |= used.words[i] & ~produced.words[i];
    mem_free(words);
}

void expr_columns(const struct expr *e, struct col_set *out)
{
    if (e->kind == EXPR_COLUMN) {
        if (e->column / 64 < out->n_words)
            col_set_add(out, e->column);
        return;
    }
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] != NULL)
            expr_columns(e->args[i], out);
    }
    for (uint32_t i = 0; i < e->n_order; i++)
        expr_columns(e->order[i].expr, out);
    for (uint32_t i = 0; i < e->n_partition; i++)
        expr_columns(e->partition[i], out);
    if (e->filter != NULL)
        expr_columns(e->filter, out);
    if (e->subquery != NULL)
        add_subquery_columns(e->subquery, out);
}

bool expr_has_subquery(const struct expr *e)
{
    if (e->subquery != NULL)
        return true;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] != NULL && expr_has_subquery(e->args[i]))
            return true;
    }
    return false;
}

enum fn_volatility expr_volatility(const struct expr *e)
{
    enum fn_volatility worst = e->kind == EXPR_CALL ? e->fn->volatility : FN_IMMUTABLE;
    if (worst == FN_LEAKPROOF)
        worst = FN_IMMUTABLE;
    if (e->kind == EXPR_CAST && cast_volatility(e->args[0]->type, e->type) == FN_STABLE)
        worst = FN_STABLE;
    if (e->kind == EXPR_PARAM || e->subquery != NULL)
        worst = FN_STABLE;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] != NULL) {
            enum fn_volatility v = expr_volatility(e->args[i]);
            worst = v > worst ? v : worst;
        }
    }
    return worst;
}

static bool args_equal(struct expr *const *a, uint32_t n_a, struct expr *const *b, uint32_t n_b)
{
    if (n_a != n_b)
        return false;
    for (uint32_t i = 0; i < n_a; i++) {
        if ((a[i] == NULL) != (b[i] == NULL) || (a[i] != NULL && !expr_equal(a[i], b[i])))
            return false;
    }
    return true;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->flag != b->flag || !type_identical(a->type, b->type) || a->column != b->column ||
        a->parameter != b->parameter || a->fn != b->fn || a->subquery != b->subquery)
        return false;
    if (a->kind == EXPR_CONST &&
        (a->value.null != b->value.null || (!a->value.null && datum_compare(a->type, &a->value, &b->value) != 0)))
        return false;
    if (a->kind == EXPR_AGGREGATE || a->kind == EXPR_WINDOW)
        return false;
    return args_equal(a->args, a->n_args, b->args, b->n_args);
}

struct expr *expr_map_columns(struct query *q, const struct expr *e, const col_id *map, uint32_t n_map)
{
    if (e->kind == EXPR_COLUMN) {
        col_id to = e->column < n_map ? map[e->column] : 0;
        return to != 0 ? expr_column(q, to) : (struct expr *)e;
    }
    if (e->n_args == 0)
        return (struct expr *)e;
    struct expr *copy = arena_dup(q->arena, e, sizeof(*e));
    copy->args = ARENA_ARRAY(q->arena, struct expr *, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++)
        copy->args[i] = e->args[i] == NULL ? NULL : expr_map_columns(q, e->args[i], map, n_map);
    return copy;
}
