// Correlated subqueries inside of expressions as joins: (SELECT count(*) FROM t WHERE t.a = o.a) in a list of results
// or a condition. The outer rows are numbered and left joined with the subquery's rows; the aggregates are then
// computed per outer row (Galindo-Legaria and Joshi 2001). An outer row without a match keeps one joined row, which the
// aggregates leave out by a column that no row of the subquery has NULL in: count() is 0 there, as over no rows.
#include "sql/optimize/optimize_int.h"

// Costs in units of one row read, as in access.c: beginning a subquery once more, a row of another of its tables found
// by an index, a row that is read and goes through a hash table, a row that is looked for there.
static const double RUN = 40, FIND = 50, HASHED = 6, PROBED = 4;

struct subquery_cost {
    double rows;       // of all its tables
    uint32_t n_tables; // of which
    double lookup;     // finding the rows of one by the condition through an index; negative: there is none
    double found;      // rows then
};

static void add_scan(struct optimizer *o, const struct rel *r, struct expr *on, struct subquery_cost *c)
{
    struct conjuncts conditions = {0};
    struct access_path path;
    conjuncts_add(o, &conditions, on);
    struct access_request request = {.scan = r, .filter = &conditions, .lookup = true};
    bool virtual = r->scan.table->kind != CAT_TABLE, found = !virtual && access_best(o, &request, &path);
    c->rows += rough_rows(o, r);
    c->n_tables++;
    double cost = virtual ? 0 : found ? path.cost : -1;
    if (cost < 0 || (c->lookup >= 0 && c->lookup <= cost))
        return;
    c->lookup = cost;
    c->found = virtual ? 1 : path.rows;
}

static void add_tables(struct optimizer *o, const struct rel *r, struct expr *on, struct subquery_cost *c)
{
    if (r == NULL)
        return;
    if (r->kind == REL_SCAN)
        add_scan(o, r, on, c);
    add_tables(o, r->input, on, c);
    add_tables(o, r->right, on, c);
}

// Whether the subquery costs less run for each row of `input` than read as a whole and joined. `first`: a row that is
// found ends it.
static bool better_per_row(struct optimizer *o, const struct rel *input, struct rel *sub, struct expr *on, bool first)
{
    struct subquery_cost c = {.lookup = -1};
    add_tables(o, sub, on, &c);
    if (!first && lookup_possible(without_projection(sub)))
        return false; // what an index finds, a lookup join finds for less
    double outer = rough_rows(o, input), found = first ? 1 : c.found;
    double once = RUN * c.n_tables + (c.lookup >= 0 ? c.lookup + found * FIND * (c.n_tables - 1) : c.rows);
    return outer * once < c.rows * HASHED + outer * PROBED;
}

// A column of the relation that is NULL in none of its rows; one is added where none is known.
static col_id present_column(struct optimizer *o, struct rel **r)
{
    const struct rel *scan = *r;
    while (scan->kind == REL_FILTER || (scan->kind == REL_PROJECT && scan->project.n_items == 0))
        scan = scan->input;
    for (uint32_t i = 0; scan->kind == REL_SCAN && i < scan->n_cols; i++) {
        col_id c = scan->cols[i];
        bool there = false;
        for (uint32_t k = 0; k < (*r)->n_cols; k++)
            there |= (*r)->cols[k] == c;
        if (there && query_column(o->q, c)->not_null)
            return c;
    }
    struct rel *p = rel_new(o->arena, REL_PROJECT, *r);
    p->project.items = ARENA_NEW(o->arena, struct projection);
    p->project.n_items = 1;
    p->project.items[0] =
        (struct projection){query_add_column(o->q, STR("present"), T_BOOL), expr_bool(o->arena, true)};
    col_id *cols = ARENA_ARRAY(o->arena, col_id, p->n_cols + 1);
    memcpy(cols, p->cols, p->n_cols * sizeof(*cols));
    cols[p->n_cols++] = p->project.items[0].column;
    p->cols = cols;
    *r = p;
    return p->project.items[0].column;
}

static struct expr *is_present(struct optimizer *o, col_id c)
{
    struct expr *e = expr_new(o->arena, EXPR_IS_NULL, T_BOOL, 1);
    e->args[0] = expr_column(o->q, c);
    e->flag = true;
    return e;
}

// The aggregates over the rows in which the column is not NULL.
static struct projection *only_present(struct optimizer *o, const struct projection *aggregates, uint32_t n, col_id c)
{
    struct projection *out = ARENA_ARRAY(o->arena, struct projection, n);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *e = arena_dup(o->arena, aggregates[i].expr, sizeof(*e));
        e->filter = expr_and(o->arena, is_present(o, c), e->filter);
        out[i] = (struct projection){aggregates[i].column, e};
    }
    return out;
}

static const col_id *joined_cols(struct optimizer *o, const col_id *a, uint32_t n_a, const col_id *b, uint32_t n_b)
{
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n_a + n_b);
    memcpy(cols, a, n_a * sizeof(*cols));
    memcpy(cols + n_a, b, n_b * sizeof(*cols));
    return cols;
}

// The rows of `input`, each with the aggregates over its rows of `sub`.
static struct rel *group_by_row(struct optimizer *o, struct rel *input, struct rel *sub, struct expr *on,
                                const struct projection *aggregates, uint32_t n)
{
    col_id present = present_column(o, &sub);
    struct rel *numbered = rel_new(o->arena, REL_ORDINALITY, input);
    numbered->ordinality.column = query_add_column(o->q, STR("rownum"), T_INT8);
    numbered->ordinality.any_order = true;
    query_column(o->q, numbered->ordinality.column)->not_null = true;
    numbered->cols = joined_cols(o, &numbered->ordinality.column, 1, input->cols, input->n_cols);
    numbered->n_cols = input->n_cols + 1;
    struct rel *join = join_pair(o, numbered, normalize(o, sub), on);
    join->join.kind = JOIN_LEFT;
    struct rel *g = rel_new(o->arena, REL_GROUP, join);
    g->group.keys = numbered->cols;
    g->group.n_keys = numbered->n_cols;
    g->group.n_deciding = 1;
    g->group.aggregates = only_present(o, aggregates, n, present);
    g->group.n_aggregates = n;
    col_id *own = ARENA_ARRAY(o->arena, col_id, n);
    for (uint32_t i = 0; i < n; i++)
        own[i] = aggregates[i].column;
    g->cols = joined_cols(o, numbered->cols, numbered->n_cols, own, n);
    g->n_cols = numbered->n_cols + n;
    return g;
}

static bool is_equality_of_two(const struct expr *e)
{
    return e->kind == EXPR_CALL && e->n_args == 2 && e->fn->is_operator && strcmp(e->fn->name, "=") == 0;
}

bool ties_by_equality(struct optimizer *o, const struct rel *sub, struct expr *on)
{
    struct conjuncts all = {0};
    struct col_set inside = col_set_new(o->arena, o->q);
    conjuncts_add(o, &all, on);
    col_set_add_list(&inside, sub->cols, sub->n_cols);
    for (size_t i = 0; i < all.items.len; i++) {
        const struct expr *e = all.items.ptr[i];
        if (!(e->kind == EXPR_IS_DISTINCT && e->flag) && !is_equality_of_two(e))
            continue;
        struct col_set l = col_set_new(o->arena, o->q), r = col_set_new(o->arena, o->q);
        expr_columns(e->args[0], &l);
        expr_columns(e->args[1], &r);
        if (e->args[0]->type.family == e->args[1]->type.family && e->args[0]->type.family != TYPE_TUPLE &&
            col_set_intersects(&l, &inside) != col_set_intersects(&r, &inside))
            return true;
    }
    return false;
}

// The subquery's rows without what ties them to those of `input`, which becomes a condition. False: it is not tied to
// them alone or not by its filters, or is better run for each.
static bool untie(struct optimizer *o, const struct rel *input, struct rel **sub, struct expr **on, bool first)
{
    struct col_set outer = col_set_new(o->arena, o->q), produced = col_set_new(o->arena, o->q);
    rel_outer_columns(o->q, *sub, &outer);
    col_set_add_list(&produced, input->cols, input->n_cols);
    *on = NULL;
    return col_set_intersects(&outer, &produced) && decorrelate(o, sub, on) && *on != NULL &&
           expr_volatility(*on) != FN_VOLATILE && ties_by_equality(o, *sub, *on) &&
           !better_per_row(o, input, *sub, *on, first);
}

// The grouping of (SELECT aggregates FROM …); NULL when it is none or must be computed as often as written.
static struct rel *scalar_group(struct rel *top)
{
    struct rel *g = top->kind == REL_PROJECT ? top->input : top;
    if (g->kind != REL_GROUP || g->group.n_keys > 0 || g->group.n_aggregates == 0)
        return NULL;
    for (uint32_t i = 0; top != g && i < top->project.n_items; i++) {
        const struct expr *e = top->project.items[i].expr;
        if (expr_volatility(e) == FN_VOLATILE || expr_has_subquery(e))
            return NULL;
    }
    for (uint32_t i = 0; i < g->group.n_aggregates; i++) {
        const struct expr *e = g->group.aggregates[i].expr;
        if (expr_volatility(e) == FN_VOLATILE || expr_has_subquery(e))
            return NULL;
    }
    return g;
}

// What a scalar subquery returns, of its own columns and the outer ones.
static struct expr *result_of(struct optimizer *o, const struct rel *top)
{
    for (uint32_t i = 0; top->kind == REL_PROJECT && i < top->project.n_items; i++) {
        if (top->project.items[i].column == top->cols[0])
            return top->project.items[i].expr;
    }
    return expr_column(o->q, top->cols[0]);
}

static struct expr *scalar_to_join(struct optimizer *o, struct rel **input, const struct expr *e)
{
    struct rel *g = scalar_group(e->subquery);
    struct expr *on;
    if (!rule_on(o, OPTIMIZE_RULE_SCALAR_TO_JOIN) || g == NULL)
        return NULL;
    struct rel *sub = g->input;
    if (!untie(o, *input, &sub, &on, false))
        return NULL;
    *input = group_by_row(o, *input, sub, on, g->group.aggregates, g->group.n_aggregates);
    return result_of(o, e->subquery);
}

// Whether the condition fixes all columns of a unique index of the table that the relation's rows are of.
static bool one_at_most(struct optimizer *o, const struct rel *r, struct expr *on)
{
    while (r->kind == REL_FILTER || r->kind == REL_PROJECT)
        r = r->input;
    struct conjuncts all = {0};
    struct col_set fixed = col_set_new(o->arena, o->q), inside = col_set_new(o->arena, o->q);
    if (r->kind != REL_SCAN || r->scan.table->kind != CAT_TABLE)
        return false;
    conjuncts_add(o, &all, on);
    col_set_add_list(&inside, r->cols, r->n_cols);
    for (size_t i = 0; i < all.items.len; i++) {
        const struct expr *e = all.items.ptr[i];
        for (int side = 0; side < 2 && is_equality_of_two(e); side++) {
            struct col_set other = col_set_new(o->arena, o->q);
            expr_columns(e->args[1 - side], &other);
            if (e->args[side]->kind == EXPR_COLUMN && e->args[0]->type.family == e->args[1]->type.family &&
                !col_set_intersects(&other, &inside))
                col_set_add(&fixed, e->args[side]->column);
        }
    }
    const struct cat_table *t = r->scan.table;
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        size_t n = 0;
        while (n < index->n_columns && col_set_has(&fixed, scan_column(r, index->columns[n].column_id)))
            n++;
        if (n == index->n_columns && index->unique && index->predicate_sql.len == 0 && index->state == CAT_INDEX_PUBLIC)
            return true;
    }
    return false;
}

// (SELECT column FROM t WHERE t.id = o.t) has one row at most: a left join, whose result is NULL where there is none.
static struct expr *scalar_to_lookup(struct optimizer *o, struct rel **input, const struct expr *e)
{
    struct rel *top = e->subquery, *sub = top;
    struct expr *on, *result = result_of(o, top);
    if (top->kind == REL_PROJECT)
        sub = top->input;
    if (!rule_on(o, OPTIMIZE_RULE_SCALAR_TO_LOOKUP) || expr_has_subquery(result) ||
        expr_volatility(result) == FN_VOLATILE || !untie(o, *input, &sub, &on, false) || !one_at_most(o, sub, on))
        return NULL;
    col_id present = present_column(o, &sub);
    *input = join_pair(o, *input, normalize(o, sub), on);
    (*input)->join.kind = JOIN_LEFT;
    struct expr *there = expr_new(o->arena, EXPR_CASE, e->type, 3);
    there->args[0] = is_present(o, present);
    there->args[1] = result;
    there->args[2] = expr_const(o->arena, e->type, DATUM_NULL);
    return there;
}

// LATERAL (SELECT aggregates FROM …) has one row for each row of the left side.
static struct rel *lateral_group(struct optimizer *o, struct rel *r)
{
    struct rel *top = r->right, *g = scalar_group(top);
    struct conjuncts conditions = {0};
    struct expr *on;
    conjuncts_add(o, &conditions, r->join.on);
    if (g == NULL || (r->join.kind == JOIN_LEFT && conditions.items.len > 0))
        return NULL;
    struct rel *sub = g->input;
    if (!untie(o, r->input, &sub, &on, false))
        return NULL;
    struct rel *p = rel_new(o->arena, REL_PROJECT, NULL);
    p->input = group_by_row(o, r->input, sub, on, g->group.aggregates, g->group.n_aggregates);
    if (top != g)
        p->project = top->project;
    p->cols = r->cols;
    p->n_cols = r->n_cols;
    struct rel *out = p;
    for (size_t i = 0; i < conditions.items.len; i++)
        out = push_or_filter(o, out, conditions.items.ptr[i]);
    return out;
}

struct rel *lateral_to_join(struct optimizer *o, struct rel *r)
{
    struct expr *on;
    struct rel *sub = r->right;
    if (!rule_on(o, OPTIMIZE_RULE_LATERAL_TO_JOIN) || !r->join.lateral ||
        (r->join.kind != JOIN_INNER && r->join.kind != JOIN_LEFT))
        return NULL;
    if (!untie(o, r->input, &sub, &on, false))
        return lateral_group(o, r);
    struct rel *join = arena_dup(o->arena, r, sizeof(*r));
    join->right = normalize(o, sub);
    join->join.on = expr_and(o->arena, on, r->join.on);
    join->join.lateral = false;
    return join;
}

static struct projection bool_or_of(struct optimizer *o, const char *name, struct expr *e)
{
    size_t n;
    struct projection p = {query_add_column(o->q, str_of(name), T_BOOL), expr_new(o->arena, EXPR_AGGREGATE, T_BOOL, 1)};
    p.expr->fn = fn_lookup(STR("bool_or"), &n)[0];
    p.expr->args[0] = e;
    return p;
}

// The side of an equality that is of the subquery; NULL: it is none between the subquery and what is outside.
static struct expr *tied_side(struct optimizer *o, const struct col_set *inside, const struct expr *e, int *side)
{
    if (!is_equality_of_two(e) || e->args[0]->type.family != e->args[1]->type.family ||
        e->args[0]->type.family == TYPE_TUPLE)
        return NULL;
    for (*side = 0; *side < 2; ++*side) {
        struct col_set own = col_set_new(o->arena, o->q), other = col_set_new(o->arena, o->q);
        expr_columns(e->args[*side], &own);
        expr_columns(e->args[1 - *side], &other);
        if (col_set_intersects(&own, inside) && col_set_subset(&own, inside) && !col_set_intersects(&other, inside))
            return e->args[*side];
    }
    return NULL;
}

// The different values that the condition compares of the subquery's rows, with a column that is never NULL, the last;
// the condition is then of those. NULL: it is more than equalities.
static struct rel *distinct_keys(struct optimizer *o, struct rel *sub, struct expr **on)
{
    struct conjuncts all = {0}, mapped = {0};
    struct col_set inside = col_set_new(o->arena, o->q);
    int side;
    conjuncts_add(o, &all, *on);
    col_set_add_list(&inside, sub->cols, sub->n_cols);
    uint32_t n = (uint32_t)all.items.len;
    for (uint32_t i = 0; i < n; i++) {
        if (tied_side(o, &inside, all.items.ptr[i], &side) == NULL)
            return NULL;
    }
    struct rel *p = rel_new(o->arena, REL_PROJECT, normalize(o, sub));
    col_id *keys = ARENA_ARRAY(o->arena, col_id, n + 1);
    p->project.items = ARENA_ARRAY(o->arena, struct projection, n);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *key = tied_side(o, &inside, all.items.ptr[i], &side);
        keys[i] = query_add_column(o->q, STR("key"), key->type);
        p->project.items[p->project.n_items++] = (struct projection){keys[i], key};
        struct expr *equal = arena_dup(o->arena, all.items.ptr[i], sizeof(*equal));
        equal->args = arena_dup(o->arena, equal->args, 2 * sizeof(*equal->args));
        equal->args[side] = expr_column(o->q, keys[i]);
        ARENA_PUSH(o->arena, &mapped.items, equal);
    }
    p->cols = keys;
    p->n_cols = n;
    struct rel *distinct = rel_new(o->arena, REL_DISTINCT, p), *present = rel_new(o->arena, REL_PROJECT, distinct);
    distinct->distinct.keys = keys;
    distinct->distinct.n_keys = n;
    col_id there = query_add_column(o->q, STR("present"), T_BOOL);
    present->project.items = ARENA_NEW(o->arena, struct projection);
    present->project.items[0] = (struct projection){there, expr_bool(o->arena, true)};
    present->project.n_items = 1;
    present->cols = joined_cols(o, keys, n, &there, 1);
    present->n_cols = n + 1;
    *on = conjuncts_join(o, &mapped);
    return present;
}

// EXISTS that is no condition by itself (those are semi joins): whether the row has any.
static struct expr *exists_to_join(struct optimizer *o, struct rel **input, const struct expr *e)
{
    struct rel *sub = e->subquery;
    struct expr *on;
    while (sub->kind == REL_PROJECT && sub->input->kind != REL_VALUES)
        sub = sub->input;
    if (!rule_on(o, OPTIMIZE_RULE_EXISTS_TO_JOIN) || !untie(o, *input, &sub, &on, true))
        return NULL;
    struct rel *keys = distinct_keys(o, sub, &on);
    struct expr *any;
    if (keys != NULL) {
        any = is_present(o, keys->cols[keys->n_cols - 1]);
        *input = join_pair(o, *input, keys, on);
        (*input)->join.kind = JOIN_LEFT;
    } else {
        struct projection found = bool_or_of(o, "exists", expr_bool(o->arena, true));
        *input = group_by_row(o, *input, sub, on, &found, 1);
        any = is_present(o, found.column);
    }
    any->flag = !e->flag;
    return any;
}

// IN and comparisons with ANY and ALL that are no conditions by themselves: whether a comparison decides the whole,
// else whether one is NULL.
static struct expr *any_to_join(struct optimizer *o, struct rel **input, const struct expr *e)
{
    struct rel *sub = e->subquery;
    struct expr *on, *compared = compare_columns(o, e);
    bool tuple = e->args[0]->kind == EXPR_TUPLE;
    if (!rule_on(o, OPTIMIZE_RULE_ANY_TO_JOIN) || compared == NULL || expr_has_subquery(compared) ||
        expr_volatility(compared) == FN_VOLATILE || (tuple && (e->flag || strcmp(e->fn->name, "=") != 0)) ||
        !untie(o, *input, &sub, &on, false))
        return NULL;
    struct expr *decides = compared, *null = expr_new(o->arena, EXPR_IS_NULL, T_BOOL, 1);
    null->args[0] = compared;
    if (e->flag) {
        decides = expr_new(o->arena, EXPR_NOT, T_BOOL, 1);
        decides->args[0] = compared;
    }
    struct projection *found = ARENA_ARRAY(o->arena, struct projection, 2);
    found[0] = bool_or_of(o, "found", decides);
    found[1] = bool_or_of(o, "unknown", null);
    *input = group_by_row(o, *input, sub, on, found, 2);
    struct expr *result = expr_new(o->arena, EXPR_CASE, T_BOOL, 5);
    result->args[0] = expr_column(o->q, found[0].column);
    result->args[1] = expr_bool(o->arena, !e->flag);
    result->args[2] = expr_column(o->q, found[1].column);
    result->args[3] = expr_const(o->arena, T_BOOL, DATUM_NULL);
    result->args[4] = expr_bool(o->arena, e->flag);
    return result;
}

// A subquery that stands in several places of an expression is one.
static struct expr *hoisted_before(struct optimizer *o, const struct rel *input, const struct expr *e)
{
    struct col_set produced = col_set_new(o->arena, o->q);
    col_set_add_list(&produced, input->cols, input->n_cols);
    for (size_t i = 0; i < o->hoisted.len; i++) {
        if (o->hoisted.ptr[i].subquery == e->subquery && col_set_has(&produced, o->hoisted.ptr[i].column))
            return o->hoisted.ptr[i].result;
    }
    return NULL;
}

static struct expr *hoist(struct optimizer *o, struct rel **input, struct expr *e)
{
    struct expr *joined = hoisted_before(o, *input, e);
    if (joined != NULL || e->type.family == TYPE_TUPLE)
        return joined;
    if (e->kind == EXPR_EXISTS)
        joined = exists_to_join(o, input, e);
    else if (e->kind == EXPR_ANY_QUERY)
        joined = any_to_join(o, input, e);
    else if (e->kind == EXPR_SUBQUERY)
        joined = scalar_to_join(o, input, e);
    if (joined == NULL && e->kind == EXPR_SUBQUERY)
        joined = scalar_to_lookup(o, input, e);
    if (joined != NULL) {
        struct hoisted h = {e->subquery, joined, (*input)->cols[(*input)->n_cols - 1]};
        ARENA_PUSH(o->arena, &o->hoisted, h);
    }
    return joined;
}

struct expr *hoist_subqueries(struct optimizer *o, struct rel **input, struct expr *e)
{
    if (!expr_has_subquery(e))
        return e;
    struct expr *joined = e->subquery != NULL ? hoist(o, input, e) : NULL;
    if (joined != NULL || e->kind == EXPR_IFERROR)
        return joined != NULL ? joined : e;
    // What may not be evaluated stays where it may not be.
    bool guarded = e->kind == EXPR_CASE || e->kind == EXPR_COALESCE;
    struct expr *copy = arena_dup(o->arena, e, sizeof(*e));
    copy->args = arena_dup(o->arena, e->args, e->n_args * sizeof(*e->args));
    for (uint32_t i = 0; i < (guarded ? 1 : e->n_args); i++)
        copy->args[i] = e->args[i] != NULL ? hoist_subqueries(o, input, e->args[i]) : NULL;
    return copy;
}
