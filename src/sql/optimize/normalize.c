// Normalization: filters towards the scans, subquery predicates to joins, outer joins to inner ones.
#include "sql/optimize/optimize_int.h"

static const struct fn_overload *int_equality(void)
{
    size_t n;
    const struct fn_overload *const *all = fn_lookup_operator(STR("="), &n);
    for (size_t i = 0; i < n; i++) {
        if (type_is(all[i]->args[0], TYPE_INT) && type_is(all[i]->args[1], TYPE_INT))
            return all[i];
    }
    INVARIANT(!"integers are not compared");
    return NULL;
}

static bool is_call(const struct expr *e, const char *name)
{
    return e->kind == EXPR_CALL && strcmp(e->fn->name, name) == 0;
}

// A condition on the ctid of rows whose key is an integer as one on the key, which indexes know.
static struct expr *tid_condition(struct optimizer *o, struct expr *e)
{
    if (e->kind != EXPR_CALL || e->n_args != 2 || !e->fn->is_operator || strcmp(e->fn->name, "=") != 0 ||
        !type_is(e->args[0]->type, TYPE_TID))
        return e;
    uint32_t at = is_call(e->args[0], "crdb_internal.row_tid") ? 0 : 1;
    struct expr *tid = e->args[at];
    if (!is_call(tid, "crdb_internal.row_tid") || tid->n_args != 1 || !type_is(tid->args[0]->type, TYPE_INT))
        return e;
    size_t n;
    struct expr *key = expr_new(o->arena, EXPR_CALL, T_INT8, 1), *equal = expr_new(o->arena, EXPR_CALL, T_BOOL, 2);
    key->fn = fn_lookup(STR("crdb_internal.tid_int"), &n)[0];
    key->args[0] = e->args[1 - at];
    equal->fn = int_equality();
    equal->args[at] = tid->args[0];
    equal->args[1 - at] = is_call(key->args[0], "crdb_internal.row_tid") && key->args[0]->n_args == 1 &&
                                  type_is(key->args[0]->args[0]->type, TYPE_INT)
                              ? key->args[0]->args[0]
                              : key;
    return equal;
}

void conjuncts_add(struct optimizer *o, struct conjuncts *c, struct expr *e)
{
    if (e == NULL)
        return;
    if (e->kind == EXPR_AND) {
        for (uint32_t i = 0; i < e->n_args; i++)
            conjuncts_add(o, c, e->args[i]);
        return;
    }
    if (e->kind == EXPR_CONST && !e->value.null && e->value.b)
        return;
    ARENA_PUSH(o->arena, &c->items, rule_on(o, OPTIMIZE_RULE_KEYS_BY_CTID) ? tid_condition(o, e) : e);
}

struct expr *conjuncts_join(struct optimizer *o, const struct conjuncts *c)
{
    struct expr *all = NULL;
    for (size_t i = 0; i < c->items.len; i++)
        all = expr_and(o->arena, all, c->items.ptr[i]);
    return all;
}

static struct col_set produced(struct optimizer *o, const struct rel *r)
{
    struct col_set s = col_set_new(o->arena, o->q);
    col_set_add_list(&s, r->cols, r->n_cols);
    return s;
}

static struct col_set used(struct optimizer *o, const struct expr *e)
{
    struct col_set s = col_set_new(o->arena, o->q);
    expr_columns(e, &s);
    return s;
}

static struct rel *with_filter(struct optimizer *o, struct rel *r, struct expr *predicate)
{
    if (predicate == NULL)
        return r;
    if (r->kind == REL_FILTER) {
        r->predicate = expr_and(o->arena, r->predicate, predicate);
        return r;
    }
    struct rel *f = rel_new(o->arena, REL_FILTER, r);
    f->predicate = predicate;
    return f;
}

// ---- pushing one conjunct down. Returns the relation that now includes it, or NULL when it cannot go below `r`.

static struct rel *push(struct optimizer *o, struct rel *r, struct expr *e);

struct rel *push_or_filter(struct optimizer *o, struct rel *r, struct expr *e)
{
    struct rel *pushed = push(o, r, e);
    return pushed != NULL ? pushed : with_filter(o, r, e);
}

// The predicate in terms of a projection's input; NULL when it would duplicate volatile or expensive work.
static struct expr *substitute(struct optimizer *o, const struct rel *project, const struct expr *e)
{
    if (e->kind == EXPR_COLUMN) {
        for (uint32_t i = 0; i < project->project.n_items; i++) {
            struct expr *computed = project->project.items[i].expr;
            if (project->project.items[i].column == e->column)
                return expr_volatility(computed) == FN_VOLATILE || expr_has_subquery(computed) ? NULL : computed;
        }
        return (struct expr *)e;
    }
    if (e->subquery != NULL)
        return NULL;
    if (e->n_args == 0)
        return (struct expr *)e;
    struct expr *copy = arena_dup(o->arena, e, sizeof(*e));
    copy->args = ARENA_ARRAY(o->arena, struct expr *, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] == NULL)
            continue;
        copy->args[i] = substitute(o, project, e->args[i]);
        if (copy->args[i] == NULL)
            return NULL;
    }
    return copy;
}

static struct rel *push_project(struct optimizer *o, struct rel *r, struct expr *e)
{
    struct expr *below = substitute(o, r, e);
    if (below == NULL)
        return NULL;
    r->input = push_or_filter(o, r->input, below);
    return r;
}

// A comparison of a column of the given set is never true when the column is NULL.
static bool rejects_nulls(struct optimizer *o, const struct expr *e, const struct col_set *cols)
{
    if (e->kind == EXPR_IS_NULL && e->flag && e->args[0]->kind == EXPR_COLUMN)
        return col_set_has(cols, e->args[0]->column);
    if (e->kind == EXPR_COLUMN)
        return col_set_has(cols, e->column);
    if (e->kind == EXPR_IN && !e->flag)
        return e->args[0]->kind == EXPR_COLUMN && col_set_has(cols, e->args[0]->column);
    if (e->kind != EXPR_CALL || !e->fn->strict)
        return false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i]->kind == EXPR_COLUMN && col_set_has(cols, e->args[i]->column))
            return true;
    }
    return false;
}

static void outer_to_inner(struct optimizer *o, struct rel *join, const struct expr *e, const struct col_set *left,
                           const struct col_set *right)
{
    if (!rule_on(o, OPTIMIZE_RULE_OUTER_TO_INNER))
        return;
    enum join_kind *kind = &join->join.kind;
    bool no_left = rejects_nulls(o, e, left), no_right = rejects_nulls(o, e, right);
    if (*kind == JOIN_LEFT && no_right)
        *kind = JOIN_INNER;
    else if (*kind == JOIN_RIGHT && no_left)
        *kind = JOIN_INNER;
    else if (*kind == JOIN_FULL && no_left && no_right)
        *kind = JOIN_INNER;
    else if (*kind == JOIN_FULL && no_left)
        *kind = JOIN_LEFT;
    else if (*kind == JOIN_FULL && no_right)
        *kind = JOIN_RIGHT;
}

static bool is_equality(const struct expr *e)
{
    return e->kind == EXPR_CALL && e->n_args == 2 && e->fn->is_operator && strcmp(e->fn->name, "=") == 0;
}

// What equals a column of the left side that a constant is asked of equals the constant: rows of the right side that do
// not can match none of those that are left.
static void imply_right(struct optimizer *o, struct rel *join, const struct expr *e, const struct col_set *right)
{
    struct conjuncts on = {0};
    int side = is_equality(e) && e->args[0]->kind != EXPR_COLUMN ? 1 : 0;
    if (!rule_on(o, OPTIMIZE_RULE_IMPLIED_EQUALITIES) || !is_equality(e) || e->args[side]->kind != EXPR_COLUMN ||
        (e->args[1 - side]->kind != EXPR_CONST && e->args[1 - side]->kind != EXPR_PARAM))
        return;
    conjuncts_add(o, &on, join->join.on);
    for (size_t i = 0; i < on.items.len; i++) {
        const struct expr *c = on.items.ptr[i];
        for (int k = 0; k < 2 && is_equality(c) && c->fn == e->fn; k++) {
            const struct expr *l = c->args[k], *r = c->args[1 - k];
            if (l->kind != EXPR_COLUMN || l->column != e->args[side]->column || r->kind != EXPR_COLUMN ||
                !col_set_has(right, r->column) || (l->type.oid == TYPE_OID_BPCHAR) != (r->type.oid == TYPE_OID_BPCHAR))
                continue;
            struct expr *implied = arena_dup(o->arena, e, sizeof(*e));
            implied->args = ARENA_ARRAY(o->arena, struct expr *, 2);
            implied->args[side] = c->args[1 - k];
            implied->args[1 - side] = e->args[1 - side];
            join->right = push_or_filter(o, join->right, implied);
        }
    }
}

static struct rel *push_join(struct optimizer *o, struct rel *r, struct expr *e)
{
    struct col_set left = produced(o, r->input), right = produced(o, r->right), cols = used(o, e);
    outer_to_inner(o, r, e, &left, &right);
    bool on_left = !col_set_intersects(&cols, &right), on_right = !col_set_intersects(&cols, &left);
    enum join_kind kind = r->join.kind;
    bool reduces = kind == JOIN_SEMI || kind == JOIN_ANTI;
    if (reduces && rule_on(o, OPTIMIZE_RULE_SUBQUERIES_LAST) && !subqueries_are_constant(o, e))
        return NULL; // few rows are left to run it for
    bool keeps_left = kind == JOIN_INNER || kind == JOIN_LEFT || kind == JOIN_SEMI || kind == JOIN_ANTI;
    bool keeps_right = kind == JOIN_INNER || kind == JOIN_RIGHT;
    if (on_left && keeps_left) {
        r->input = push_or_filter(o, r->input, e);
        if (kind != JOIN_INNER && r->join.on != NULL && !r->join.lateral)
            imply_right(o, r, e, &right);
        return r;
    }
    if (on_right && keeps_right && !on_left) {
        r->right = push_or_filter(o, r->right, e);
        return r;
    }
    if (kind == JOIN_INNER) {
        r->join.on = expr_and(o->arena, r->join.on, e);
        return r;
    }
    return NULL;
}

static struct rel *push_keys(struct optimizer *o, struct rel *r, struct expr *e, const col_id *keys, uint32_t n)
{
    struct col_set allowed = col_set_new(o->arena, o->q), cols = used(o, e), inside = produced(o, r);
    col_set_add_list(&allowed, keys, n);
    for (uint32_t i = 0; i < cols.n_words; i++) { // outer columns are no obstacle
        if ((cols.words[i] & inside.words[i] & ~allowed.words[i]) != 0)
            return NULL;
    }
    if (n == 0)
        return NULL;
    r->input = push_or_filter(o, r->input, e);
    return r;
}

static struct rel *push_set_op(struct optimizer *o, struct rel *r, struct expr *e)
{
    if (expr_has_subquery(e))
        return NULL;
    col_id *map = ARENA_ARRAY(o->arena, col_id, o->q->columns.len);
    for (uint32_t i = 0; i < r->n_cols; i++)
        map[r->cols[i]] = r->input->cols[i];
    struct expr *l = expr_map_columns(o->q, e, map, (uint32_t)o->q->columns.len);
    for (uint32_t i = 0; i < r->n_cols; i++)
        map[r->cols[i]] = r->right->cols[i];
    struct expr *rr = expr_map_columns(o->q, e, map, (uint32_t)o->q->columns.len);
    r->input = push_or_filter(o, r->input, l);
    r->right = push_or_filter(o, r->right, rr);
    return r;
}

static struct rel *push(struct optimizer *o, struct rel *r, struct expr *e)
{
    if (!rule_on(o, OPTIMIZE_RULE_PUSH_FILTER) || expr_volatility(e) == FN_VOLATILE)
        return NULL;
    switch (r->kind) {
    case REL_FILTER: { // one filter per place: the access path is chosen from all its conjuncts
        struct rel *below = push(o, r->input, e);
        if (below != NULL)
            r->input = below;
        else
            r->predicate = expr_and(o->arena, r->predicate, e);
        return r;
    }
    case REL_PROJECT:
        return push_project(o, r, e);
    case REL_JOIN:
        return push_join(o, r, e);
    case REL_GROUP:
        return push_keys(o, r, e, r->group.keys, r->group.n_keys);
    case REL_DISTINCT:
        return push_keys(o, r, e, r->distinct.keys, r->distinct.n_keys);
    case REL_SORT:
        r->input = push_or_filter(o, r->input, e);
        return r;
    case REL_SRF:
        return push_keys(o, r, e, r->input->cols, r->input->n_cols);
    case REL_SET_OP:
        return push_set_op(o, r, e);
    case REL_ORDINALITY:
        return r->ordinality.any_order ? push_keys(o, r, e, r->input->cols, r->input->n_cols) : NULL;
    default:
        return NULL;
    }
}

// ---- subquery predicates to joins

// A projection's computed columns must not use outer columns.
static bool decorrelate_project(struct optimizer *o, struct rel **sub, struct expr **on, const struct col_set *outer)
{
    struct rel *r = arena_dup(o->arena, *sub, sizeof(*r));
    struct col_set computed = col_set_new(o->arena, o->q);
    for (uint32_t i = 0; i < r->project.n_items; i++)
        expr_columns(r->project.items[i].expr, &computed);
    if (col_set_intersects(&computed, outer) || !decorrelate(o, &r->input, on))
        return false;
    // The condition moved up may read any column of the input: let them all through.
    uint32_t n = r->n_cols;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n + r->input->n_cols);
    memcpy(cols, r->cols, n * sizeof(*cols));
    for (uint32_t i = 0; i < r->input->n_cols; i++) {
        bool there = false;
        for (uint32_t k = 0; k < n && !there; k++)
            there = cols[k] == r->input->cols[i];
        if (!there)
            cols[n++] = r->input->cols[i];
    }
    r->cols = cols;
    r->n_cols = n;
    *sub = r;
    return true;
}

// Only shapes whose rows do not depend on the outer columns otherwise are taken: projections, filters, scans and joins
// below.
bool decorrelate(struct optimizer *o, struct rel **sub, struct expr **on)
{
    struct rel *r = *sub;
    struct col_set outer = col_set_new(o->arena, o->q);
    rel_outer_columns(o->q, r, &outer);
    bool correlated = false;
    for (uint32_t i = 0; i < outer.n_words; i++)
        correlated |= outer.words[i] != 0;
    if (!correlated)
        return true;
    if (r->kind == REL_PROJECT)
        return decorrelate_project(o, sub, on, &outer);
    if (r->kind != REL_FILTER)
        return false;
    struct conjuncts all = {0}, kept = {0};
    conjuncts_add(o, &all, r->predicate);
    for (size_t i = 0; i < all.items.len; i++) {
        struct col_set cols = used(o, all.items.ptr[i]);
        if (!col_set_intersects(&cols, &outer))
            ARENA_PUSH(o->arena, &kept.items, all.items.ptr[i]);
        else if (expr_has_subquery(all.items.ptr[i]))
            return false;
        else
            *on = expr_and(o->arena, *on, all.items.ptr[i]);
    }
    struct rel *input = r->input;
    if (!decorrelate(o, &input, on))
        return false;
    *sub = with_filter(o, input, conjuncts_join(o, &kept));
    return true;
}

static struct rel *semi_join(struct optimizer *o, struct rel *left, struct rel *right, enum join_kind kind,
                             struct expr *on)
{
    struct rel *j = rel_new(o->arena, REL_JOIN, left);
    j->right = right;
    j->join.kind = kind;
    j->join.on = on;
    return j;
}

// EXISTS looks at no columns and no order.
static struct rel *strip_for_exists(struct rel *r)
{
    while (r->kind == REL_SORT || (r->kind == REL_PROJECT && r->input->kind != REL_VALUES) ||
           (r->kind == REL_DISTINCT && r->distinct.n_keys > 0))
        r = r->input;
    return r;
}

static struct rel *exists_to_semi_join(struct optimizer *o, struct rel *input, const struct expr *e)
{
    bool negated = e->kind == EXPR_NOT;
    const struct expr *exists = negated ? e->args[0] : e;
    if (!rule_on(o, OPTIMIZE_RULE_SEMI_JOIN_EXISTS) || exists->kind != EXPR_EXISTS)
        return NULL;
    struct rel *sub = strip_for_exists(exists->subquery);
    struct expr *on = NULL;
    if (!decorrelate(o, &sub, &on) || on == NULL)
        return NULL; // uncorrelated: evaluated once as an expression
    return semi_join(o, input, normalize(o, sub), negated != exists->flag ? JOIN_ANTI : JOIN_SEMI, on);
}

struct expr *compare_columns(struct optimizer *o, const struct expr *e)
{
    struct expr *left = e->args[0], *all = NULL;
    uint32_t n = left->kind == EXPR_TUPLE ? left->n_args : 1;
    for (uint32_t i = 0; i < n; i++) {
        struct expr *one = expr_new(o->arena, EXPR_CALL, T_BOOL, 2);
        one->fn = e->fn;
        one->args[0] = left->kind == EXPR_TUPLE ? left->args[i] : left;
        one->args[1] = expr_column(o->q, e->subquery->cols[i]);
        // The operator kept is the first pair's: only usable when the types agree.
        enum type_family first = left->kind == EXPR_TUPLE ? left->args[0]->type.family : left->type.family;
        if (one->args[0]->type.family != one->args[1]->type.family || first != one->args[0]->type.family)
            return NULL;
        all = expr_and(o->arena, all, one);
    }
    return all;
}

static struct rel *in_to_semi_join(struct optimizer *o, struct rel *input, const struct expr *e)
{
    if (!rule_on(o, OPTIMIZE_RULE_SEMI_JOIN_IN) || e->kind != EXPR_ANY_QUERY || e->flag ||
        strcmp(e->fn->name, "=") != 0)
        return NULL;
    struct rel *sub = e->subquery;
    struct expr *on = compare_columns(o, e);
    if (on == NULL || !decorrelate(o, &sub, &on))
        return NULL;
    return semi_join(o, input, normalize(o, sub), JOIN_SEMI, on);
}

// Whether an expression is a column that no row of the relation has NULL in.
static bool never_null(struct optimizer *o, const struct expr *e, const struct rel *r)
{
    if (e->kind != EXPR_COLUMN || !query_column(o->q, e->column)->not_null)
        return false;
    switch (r->kind) {
    case REL_SCAN:
        return true;
    case REL_FILTER:
    case REL_PROJECT:
    case REL_SORT:
    case REL_LIMIT:
    case REL_DISTINCT:
        return never_null(o, e, r->input);
    case REL_JOIN:
        return (r->join.kind == JOIN_INNER || r->join.kind == JOIN_SEMI || r->join.kind == JOIN_ANTI) &&
               never_null(o, e, r->input) && never_null(o, e, r->right);
    default:
        return false;
    }
}

static bool is_correlated(struct optimizer *o, const struct rel *r)
{
    struct col_set outer = col_set_new(o->arena, o->q);
    rel_outer_columns(o->q, r, &outer);
    for (uint32_t i = 0; i < outer.n_words; i++) {
        if (outer.words[i] != 0)
            return true;
    }
    return false;
}

// The rows of the subquery that decide a comparison with ANY or ALL: those for which it is true; negated (NOT … ANY,
// and ALL) those for which it is not what makes the whole true, NULL included.
static struct expr *deciding(struct optimizer *o, struct rel *input, const struct expr *e, bool negated)
{
    struct expr *compared = compare_columns(o, e), *left = e->args[0];
    if (compared == NULL || (!negated && !e->flag))
        return compared;
    if (!e->flag && left->kind != EXPR_TUPLE && compared->kind == EXPR_CALL && never_null(o, left, input) &&
        never_null(o, compared->args[1], e->subquery))
        return compared;
    struct expr *decides = expr_new(o->arena, EXPR_IS_DISTINCT, T_BOOL, 2);
    decides->args[0] = compared;
    decides->args[1] = expr_bool(o->arena, e->flag);
    return decides;
}

// NOT IN, and comparisons with ANY and ALL, of correlated subqueries. Others run once as expressions, unless NOT IN is
// but an anti join because nothing is NULL.
static struct rel *quantified_to_join(struct optimizer *o, struct rel *input, const struct expr *e)
{
    bool negated = e->kind == EXPR_NOT;
    const struct expr *any = negated ? e->args[0] : e;
    if (!rule_on(o, OPTIMIZE_RULE_QUANTIFIED_TO_JOIN) || any->kind != EXPR_ANY_QUERY || (negated && any->flag) ||
        expr_has_subquery(any->args[0]) || expr_volatility(any->args[0]) == FN_VOLATILE ||
        (any->args[0]->kind == EXPR_TUPLE && strcmp(any->fn->name, "=") != 0))
        return NULL;
    if (!negated && !any->flag && strcmp(any->fn->name, "=") == 0)
        return NULL; // IN
    struct rel *sub = any->subquery;
    struct expr *on = NULL, *decides = deciding(o, input, any, negated);
    bool equality = decides != NULL && decides->kind == EXPR_CALL && strcmp(decides->fn->name, "=") == 0;
    if (decides == NULL || (!is_correlated(o, sub) && !equality) || !decorrelate(o, &sub, &on) ||
        (!equality && !ties_by_equality(o, sub, on)))
        return NULL;
    enum join_kind kind = negated || any->flag ? JOIN_ANTI : JOIN_SEMI;
    return semi_join(o, input, normalize(o, sub), kind, expr_and(o->arena, on, decides));
}

// ---- the walk

// The alternative without the conditions that all alternatives have; NULL: nothing is left, it is true.
static struct expr *without(struct optimizer *o, struct expr *alternative, const struct conjuncts *common)
{
    struct conjuncts own = {0}, kept = {0};
    conjuncts_add(o, &own, alternative);
    for (size_t i = 0; i < own.items.len; i++) {
        bool shared = false;
        for (size_t k = 0; k < common->items.len && !shared; k++)
            shared = expr_equal(own.items.ptr[i], common->items.ptr[k]);
        if (!shared)
            ARENA_PUSH(o->arena, &kept.items, own.items.ptr[i]);
    }
    return conjuncts_join(o, &kept);
}

// (a AND b) OR (a AND c) as a AND (b OR c).
static struct expr *factor_or(struct optimizer *o, struct expr *e)
{
    struct conjuncts common = {0};
    if (e->kind != EXPR_OR || !rule_on(o, OPTIMIZE_RULE_FACTOR_OR) || expr_has_subquery(e) ||
        expr_volatility(e) == FN_VOLATILE)
        return e;
    conjuncts_add(o, &common, e->args[0]);
    for (uint32_t i = 1; i < e->n_args; i++) {
        struct conjuncts own = {0};
        size_t kept = 0;
        conjuncts_add(o, &own, e->args[i]);
        for (size_t k = 0; k < common.items.len; k++) {
            bool there = false;
            for (size_t m = 0; m < own.items.len && !there; m++)
                there = expr_equal(common.items.ptr[k], own.items.ptr[m]);
            if (there)
                common.items.ptr[kept++] = common.items.ptr[k];
        }
        common.items.len = kept;
    }
    if (common.items.len == 0)
        return e;
    struct expr *rest = expr_new(o->arena, EXPR_OR, T_BOOL, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++) {
        rest->args[i] = without(o, e->args[i], &common);
        if (rest->args[i] == NULL)
            return conjuncts_join(o, &common);
    }
    return expr_and(o->arena, conjuncts_join(o, &common), rest);
}

// The conjuncts of a condition, those common to the alternatives of an OR on their own.
static void condition_conjuncts(struct optimizer *o, struct conjuncts *out, struct expr *condition)
{
    struct conjuncts plain = {0};
    conjuncts_add(o, &plain, condition);
    for (size_t i = 0; i < plain.items.len; i++)
        conjuncts_add(o, out, factor_or(o, plain.items.ptr[i]));
}

// Conditions with correlated subqueries, which become joins where they can. The columns are those of the input.
static struct rel *filter_hoisted(struct optimizer *o, struct rel *input, const struct conjuncts *conditions)
{
    struct rel *joined = input;
    struct conjuncts plain = {0}, hoisted = {0};
    for (size_t i = 0; i < conditions->items.len; i++) {
        struct rel *before = joined;
        struct expr *e = hoist_subqueries(o, &joined, conditions->items.ptr[i]);
        ARENA_PUSH(o->arena, joined != before ? &hoisted.items : &plain.items, e);
    }
    if (joined == input) {
        for (size_t i = 0; i < plain.items.len; i++)
            input = push_or_filter(o, input, plain.items.ptr[i]);
        return input;
    }
    for (size_t i = 0; i < plain.items.len; i++)
        ARENA_PUSH(o->arena, &hoisted.items, plain.items.ptr[i]);
    struct rel *narrow = rel_new(o->arena, REL_PROJECT, with_filter(o, joined, conjuncts_join(o, &hoisted)));
    narrow->cols = input->cols;
    narrow->n_cols = input->n_cols;
    return narrow;
}

static void hoist_items(struct optimizer *o, struct rel *r)
{
    for (uint32_t i = 0; i < r->project.n_items; i++)
        r->project.items[i].expr = hoist_subqueries(o, &r->input, r->project.items[i].expr);
}

static struct rel *normalize_filter(struct optimizer *o, struct rel *r)
{
    struct conjuncts all = {0};
    condition_conjuncts(o, &all, r->predicate);
    struct rel *input = normalize(o, r->input);
    struct conjuncts later = {0};
    for (size_t i = 0; i < all.items.len; i++) {
        struct expr *e = all.items.ptr[i];
        struct rel *joined = exists_to_semi_join(o, input, e);
        if (joined == NULL)
            joined = in_to_semi_join(o, input, e);
        if (joined == NULL)
            joined = quantified_to_join(o, input, e);
        if (joined != NULL)
            input = joined;
        else if (rule_on(o, OPTIMIZE_RULE_SUBQUERIES_LAST) && !subqueries_are_constant(o, e))
            ARENA_PUSH(o->arena, &later.items, e);
        else
            input = push_or_filter(o, input, e);
    }
    return filter_hoisted(o, input, &later);
}

static void normalize_join_on(struct optimizer *o, struct rel *r)
{
    struct conjuncts all = {0}, kept = {0};
    condition_conjuncts(o, &all, r->join.on);
    struct col_set left = produced(o, r->input), right = produced(o, r->right);
    bool push_left = r->join.kind == JOIN_INNER || r->join.kind == JOIN_RIGHT || r->join.kind == JOIN_SEMI;
    bool push_right = r->join.kind != JOIN_FULL && r->join.kind != JOIN_RIGHT;
    push_left &= rule_on(o, OPTIMIZE_RULE_PUSH_FILTER);
    push_right &= rule_on(o, OPTIMIZE_RULE_PUSH_FILTER) && !r->join.lateral;
    for (size_t i = 0; i < all.items.len; i++) {
        struct expr *e = all.items.ptr[i];
        struct col_set cols = used(o, e);
        bool volatile_ = expr_volatility(e) == FN_VOLATILE;
        if (push_left && !volatile_ && !col_set_intersects(&cols, &right))
            r->input = push_or_filter(o, r->input, e);
        else if (push_right && !volatile_ && !col_set_intersects(&cols, &left))
            r->right = push_or_filter(o, r->right, e);
        else
            ARENA_PUSH(o->arena, &kept.items, e);
    }
    r->join.on = conjuncts_join(o, &kept);
}

// A common table expression that is read once becomes part of its reader.
static struct rel *inline_cte(struct optimizer *o, struct rel *r)
{
    if (r->kind != REL_CTE || r->cte.working_table || !o->plan->ctes[r->cte.cte->number].inlined)
        return r;
    struct rel *body = r->cte.cte->rel, *p = rel_new(o->arena, REL_PROJECT, body);
    p->project.items = ARENA_ARRAY(o->arena, struct projection, r->n_cols);
    p->project.n_items = r->n_cols;
    for (uint32_t i = 0; i < r->n_cols; i++)
        p->project.items[i] = (struct projection){r->cols[i], expr_column(o->q, body->cols[i])};
    p->cols = r->cols;
    p->n_cols = r->n_cols;
    return p;
}

static bool sorts_by(const struct rel *sort, col_id c)
{
    bool found = false;
    for (uint32_t i = 0; sort != NULL && i < sort->sort.n_keys; i++)
        found |= sort->sort.keys[i].expr->column == c;
    return found;
}

// Takes the projection's items with subqueries out, but for what the sort goes by; how many.
static uint32_t take_subqueries(struct rel *p, const struct rel *sort, struct projection *taken)
{
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; i < p->project.n_items; i++) {
        struct projection item = p->project.items[i];
        if (expr_has_subquery(item.expr) && !sorts_by(sort, item.column))
            taken[n++] = item;
        else
            p->project.items[kept++] = item;
    }
    p->project.n_items = kept;
    return n;
}

// All columns that the projection has below it and computes, for those above.
static void let_through(struct optimizer *o, struct rel *p)
{
    uint32_t n = p->input->n_cols;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n + p->project.n_items);
    if (n > 0)
        memcpy(cols, p->input->cols, n * sizeof(*cols));
    for (uint32_t i = 0; i < p->project.n_items; i++)
        cols[n++] = p->project.items[i].column;
    p->cols = cols;
    p->n_cols = n;
}

// Subqueries in what a query returns are computed for the rows that its limit has left.
static struct rel *subqueries_after_limit(struct optimizer *o, struct rel *limit)
{
    struct rel *above = limit->input, *sort, *p;
    while (above->kind == REL_PROJECT && above->project.n_items == 0)
        above = above->input;
    sort = above->kind == REL_SORT ? above : NULL;
    p = sort != NULL ? sort->input : above;
    if (!rule_on(o, OPTIMIZE_RULE_SUBQUERIES_AFTER_LIMIT) || p->kind != REL_PROJECT || p->project.n_items == 0)
        return limit;
    struct projection *taken = ARENA_ARRAY(o->arena, struct projection, p->project.n_items);
    uint32_t n = take_subqueries(p, sort, taken);
    if (n == 0)
        return limit;
    struct rel *late = rel_new(o->arena, REL_PROJECT, NULL), *narrow = rel_new(o->arena, REL_PROJECT, limit),
               *top = late;
    late->project.items = taken;
    late->project.n_items = n;
    let_through(o, p);
    limit->input = p;
    if (sort != NULL) { // the order is that of what is returned: a join on the way may lose it
        sort->cols = p->cols;
        sort->n_cols = p->n_cols;
        limit->input = sort;
        top = arena_dup(o->arena, sort, sizeof(*sort));
        top->input = late;
    }
    limit->cols = p->cols;
    limit->n_cols = p->n_cols;
    late->input = limit;
    let_through(o, late);
    top->cols = late->cols;
    top->n_cols = late->n_cols;
    narrow->input = top;
    return narrow;
}

struct rel *normalize(struct optimizer *o, struct rel *r)
{
    if (r == NULL)
        return NULL;
    r = inline_cte(o, r);
    if (r->kind == REL_LIMIT)
        r = subqueries_after_limit(o, r);
    if (r->kind == REL_FILTER)
        return normalize_filter(o, r);
    r->input = normalize(o, r->input);
    struct rel *join = r->kind == REL_JOIN ? lateral_to_join(o, r) : NULL;
    if (join != NULL)
        r = join;
    else
        r->right = normalize(o, r->right);
    if (r->kind == REL_JOIN)
        normalize_join_on(o, r);
    if (r->kind == REL_PROJECT && join == NULL)
        hoist_items(o, r);
    return r;
}
