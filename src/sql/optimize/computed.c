// Expressions that are indexed computed columns of a table (indexes on expressions make such columns) are read from the
// column, so that access paths see them.
#include "sql/optimize/optimize_int.h"

// The table scan below filters; NULL: something else.
static const struct rel *scan_below(const struct rel *r)
{
    while (r->kind == REL_FILTER)
        r = r->input;
    return r->kind == REL_SCAN && r->scan.computed != NULL ? r : NULL;
}

static struct expr *replace(struct optimizer *o, const struct rel *scan, struct expr *e)
{
    if (e == NULL)
        return NULL;
    for (uint32_t i = 0; i < scan->n_cols; i++) {
        const struct expr *computed = scan->scan.computed[i];
        if (computed != NULL && computed->kind != EXPR_COLUMN && expr_equal(e, computed))
            return expr_column(o->q, scan->cols[i]);
    }
    if (e->subquery != NULL || e->n_args == 0)
        return e;
    struct expr *copy = NULL;
    for (uint32_t i = 0; i < e->n_args; i++) {
        struct expr *arg = replace(o, scan, e->args[i]);
        if (arg == e->args[i])
            continue;
        if (copy == NULL) {
            copy = arena_dup(o->arena, e, sizeof(*e));
            copy->args = arena_dup(o->arena, e->args, e->n_args * sizeof(*e->args));
        }
        copy->args[i] = arg;
    }
    return copy != NULL ? copy : e;
}

static void use_in(struct optimizer *o, const struct rel *input, struct rel *r)
{
    const struct rel *scan = scan_below(input);
    if (scan == NULL)
        return;
    switch (r->kind) {
    case REL_FILTER:
        r->predicate = replace(o, scan, r->predicate);
        break;
    case REL_JOIN:
        r->join.on = replace(o, scan, r->join.on);
        break;
    case REL_PROJECT:
        for (uint32_t i = 0; i < r->project.n_items; i++)
            r->project.items[i].expr = replace(o, scan, r->project.items[i].expr);
        break;
    default:
        break;
    }
}

void use_computed(struct optimizer *o, struct rel *r)
{
    if (r == NULL || !rule_on(o, OPTIMIZE_RULE_INDEXED_EXPRESSIONS))
        return;
    if (r->input != NULL)
        use_in(o, r->input, r);
    if (r->right != NULL)
        use_in(o, r->right, r);
    use_computed(o, r->input);
    use_computed(o, r->right);
}
