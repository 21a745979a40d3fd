// Semi joins with a right side that is made of more than a scan: SELECT … WHERE k IN (SELECT … FROM t WHERE …) with
// conditions on t's rows that cost something (subqueries, other semi joins). Where the left side has few rows, each
// looks up its rows of t, and only for those the rest of the right side runs. What is left is one row of the left side
// for any number of its matches: rows are numbered before and kept once by their number after.
#include "sql/optimize/optimize_int.h"

// Whether all that the condition reads of the right side is the base's.
static bool reads_base(struct optimizer *o, const struct expr *on, const struct rel *right, const struct rel *base)
{
    struct col_set cols = col_set_new(o->arena, o->q), there = col_set_new(o->arena, o->q);
    expr_columns(on, &cols);
    col_set_add_list(&there, base->cols, base->n_cols);
    for (uint32_t i = 0; i < right->n_cols; i++) {
        if (col_set_has(&cols, right->cols[i]) && !col_set_has(&there, right->cols[i]))
            return false;
    }
    return true;
}

// The columns of the left side behind those that are there.
static void pass_columns(struct optimizer *o, const col_id **list, uint32_t *n, const struct rel *left)
{
    col_id *cols = ARENA_ARRAY(o->arena, col_id, *n + left->n_cols);
    memcpy(cols, *list, *n * sizeof(*cols));
    memcpy(cols + *n, left->cols, left->n_cols * sizeof(*cols));
    *list = cols;
    *n += left->n_cols;
}

static bool computes_volatile(const struct rel *r)
{
    bool found = r->kind == REL_FILTER && expr_volatility(r->predicate) == FN_VOLATILE;
    for (uint32_t i = 0; r->kind == REL_PROJECT && i < r->project.n_items; i++)
        found |= expr_volatility(r->project.items[i].expr) == FN_VOLATILE;
    return found;
}

// Whether the relation makes its rows of those of its input, one by one.
static bool row_by_row(const struct rel *r)
{
    switch (r->kind) {
    case REL_FILTER:
    case REL_PROJECT:
        return !computes_volatile(r);
    case REL_JOIN:
        return !r->join.lateral && r->join.kind != JOIN_RIGHT && r->join.kind != JOIN_FULL;
    case REL_ORDINALITY:
        return r->ordinality.any_order;
    case REL_GROUP: // a subquery that has become a join
        return r->group.n_deciding > 0;
    default:
        return false;
    }
}

// The relation with its base joined to `join`'s left side, numbered, before all that is above the base; NULL: it is
// made of more, or the condition reads what is computed above the base.
static struct rel *join_base(struct optimizer *o, struct rel *r, struct rel *left, const struct rel *join)
{
    if (lookup_possible(r))
        return reads_base(o, join->join.on, join->right, r) ? join_pair(o, left, r, join->join.on) : NULL;
    if (!row_by_row(r))
        return NULL;
    struct rel *input = r->input;
    if (r->kind == REL_FILTER && input->kind == REL_SCAN) // it was to be checked inside the scan
        input = scan_needing(o, input, r->predicate);
    struct rel *below = join_base(o, input, left, join);
    if (below == NULL)
        return NULL;
    struct rel *copy = arena_dup(o->arena, r, sizeof(*r));
    copy->input = below;
    pass_columns(o, &copy->cols, &copy->n_cols, left);
    if (r->kind == REL_GROUP)
        pass_columns(o, &copy->group.keys, &copy->group.n_keys, left);
    return copy;
}

struct rel *semi_by_lookup(struct optimizer *o, struct rel *r)
{
    if (!rule_on(o, OPTIMIZE_RULE_SEMI_BY_LOOKUP) || r->join.kind != JOIN_SEMI || r->join.lateral ||
        r->join.on == NULL || lookup_possible(without_projection(r->right)) || expr_has_subquery(r->join.on) ||
        expr_volatility(r->join.on) == FN_VOLATILE)
        return NULL;
    struct rel *numbered = rel_new(o->arena, REL_ORDINALITY, r->input);
    col_id *number = ARENA_ARRAY(o->arena, col_id, 1);
    *number = numbered->ordinality.column = query_add_column(o->q, STR("rownum"), T_INT8);
    numbered->ordinality.any_order = true;
    query_column(o->q, *number)->not_null = true;
    numbered->cols = number;
    numbered->n_cols = 1;
    pass_columns(o, &numbered->cols, &numbered->n_cols, r->input);
    struct rel *joined = join_base(o, r->right, numbered, r);
    if (joined == NULL)
        return NULL;
    struct rel *once = rel_new(o->arena, REL_DISTINCT, joined);
    once->cols = joined->cols;
    once->n_cols = joined->n_cols;
    once->distinct.keys = number;
    once->distinct.n_keys = 1;
    return once;
}
