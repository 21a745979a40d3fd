// Joins that only add to the rows of their left side come after the inner joins around them: left joins, and laterals
// of functions over columns of the row. Inner joins often leave few rows, and join order puts together what stands in
// one tree.
#include "sql/optimize/optimize_int.h"

// Whether `child`, a side of an inner join under `on`, can be done after it: nothing of the condition is what it adds.
static bool can_wait(struct optimizer *o, const struct rel *child, const struct expr *on)
{
    bool lateral = child->kind == REL_JOIN && child->join.kind == JOIN_INNER && child->join.lateral;
    if (child->kind == REL_JOIN && child->join.hint != JOIN_HINT_NONE)
        return false;
    if (!lateral && (child->kind != REL_JOIN || child->join.kind != JOIN_LEFT))
        return false;
    struct col_set used = col_set_new(o->arena, o->q), added = col_set_new(o->arena, o->q);
    expr_columns(on, &used);
    col_set_add_list(&added, child->right->cols, child->right->n_cols);
    return !col_set_intersects(&used, &added);
}

static void join_cols(struct optimizer *o, struct rel *join)
{
    uint32_t n = join->input->n_cols, n_right = join->right->n_cols;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n + n_right);
    if (n > 0)
        memcpy(cols, join->input->cols, n * sizeof(*cols));
    if (n_right > 0)
        memcpy(cols + n, join->right->cols, n_right * sizeof(*cols));
    join->cols = cols;
    join->n_cols = n + n_right;
}

struct rel *without_projection(struct rel *r)
{
    while (r->kind == REL_PROJECT && r->project.n_items == 0)
        r = r->input;
    return r;
}

// (x LEFT JOIN y) JOIN z as (x JOIN z) LEFT JOIN y, from whichever side.
static struct rel *rotate(struct optimizer *o, struct rel *join)
{
    struct rel **sides[] = {&join->input, &join->right};
    for (int i = 0; i < 2; i++) {
        struct rel *child = without_projection(*sides[i]);
        if (!can_wait(o, child, join->join.on))
            continue;
        *sides[i] = child->input;
        join_cols(o, join);
        child->input = rotate(o, join);
        join_cols(o, child);
        return child;
    }
    return join;
}

struct rel *pull_up(struct optimizer *o, struct rel *r)
{
    if (r == NULL)
        return NULL;
    r->input = pull_up(o, r->input);
    r->right = pull_up(o, r->right);
    bool inner = r->kind == REL_JOIN && r->join.kind == JOIN_INNER && !r->join.lateral && r->join.on != NULL;
    if (!inner || r->join.hint != JOIN_HINT_NONE || !rule_on(o, OPTIMIZE_RULE_PULL_UP) ||
        expr_volatility(r->join.on) == FN_VOLATILE)
        return r;
    return rotate(o, r);
}
