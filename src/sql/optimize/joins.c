// Join order: a tree of inner joins is taken apart, what follows from its conditions is added, and it is put together
// again: up to reorder_joins_limit relations in the cheapest of all shapes, by dynamic programming over the sets of
// relations (Selinger and others 1979; bushy trees included); more of them left-deep, smallest result first.
//
// Columns that equalities connect form a class. Two sides of a join are connected by one equality of each class that
// has columns on both: the others follow from those below.
#include "sql/optimize/optimize_int.h"
#include <math.h>

enum { REORDER_MAX = 32, SEARCH_MAX = 12 };

struct class_member {
    struct expr *column;
    uint32_t leaf;
};
struct column_class {
    ARENA_VEC(struct class_member) members;
    ARENA_VEC(struct expr *) equalities; // as written
};

struct join_condition {
    struct expr *expr;
    uint32_t leaves; // it reads: bits
};

struct join_tree {
    ARENA_VEC(struct rel *) leaves;
    struct conjuncts written; // as collected
    ARENA_VEC(struct column_class) classes;
    ARENA_VEC(struct join_condition) conditions;
    struct col_set *leaf_cols;
    struct plan **plans; // of the leaves, for their estimates
};

// Whether a join's sides may be taken apart.
static bool is_free(const struct rel *join)
{
    return join->join.kind == JOIN_INNER && !join->join.lateral && join->join.hint == JOIN_HINT_NONE;
}

static bool collect(struct optimizer *o, struct rel *r, struct join_tree *t)
{
    if (r->kind == REL_JOIN && is_free(r)) {
        conjuncts_add(o, &t->written, r->join.on);
        return collect(o, r->input, t) && collect(o, r->right, t);
    }
    if (r->kind == REL_FILTER && r->input->kind == REL_JOIN && is_free(r->input) && !expr_has_subquery(r->predicate)) {
        conjuncts_add(o, &t->written, r->predicate);
        return collect(o, r->input, t);
    }
    ARENA_PUSH(o->arena, &t->leaves, r);
    return t->leaves.len <= REORDER_MAX;
}

// ---- conditions

static uint32_t leaves_of(struct optimizer *o, const struct join_tree *t, const struct expr *e)
{
    struct col_set cols = col_set_new(o->arena, o->q);
    uint32_t leaves = 0;
    expr_columns(e, &cols);
    for (uint32_t i = 0; i < t->leaves.len; i++)
        leaves |= col_set_intersects(&cols, &t->leaf_cols[i]) ? 1u << i : 0;
    return leaves;
}

static int leaf_of(const struct join_tree *t, col_id c)
{
    for (uint32_t i = 0; i < t->leaves.len; i++) {
        if (col_set_has(&t->leaf_cols[i], c))
            return (int)i;
    }
    return -1;
}

// column = column of two leaves, in values that are equal to each other across columns.
static bool is_equality(const struct join_tree *t, const struct expr *e)
{
    if (e->kind != EXPR_CALL || e->n_args != 2 || !e->fn->is_operator || strcmp(e->fn->name, "=") != 0)
        return false;
    const struct expr *l = e->args[0], *r = e->args[1];
    if (l->kind != EXPR_COLUMN || r->kind != EXPR_COLUMN || l->type.family != r->type.family ||
        l->type.family == TYPE_TUPLE || (l->type.oid == TYPE_OID_BPCHAR) != (r->type.oid == TYPE_OID_BPCHAR))
        return false;
    int a = leaf_of(t, l->column), b = leaf_of(t, r->column);
    return a >= 0 && b >= 0 && a != b;
}

static bool class_has(const struct column_class *c, const struct expr *column)
{
    for (size_t i = 0; i < c->members.len; i++) {
        if (c->members.ptr[i].column->column == column->column)
            return true;
    }
    return false;
}

static void class_add(struct optimizer *o, struct join_tree *t, struct column_class *c, struct expr *column)
{
    struct class_member m = {column, (uint32_t)leaf_of(t, column->column)};
    if (!class_has(c, column))
        ARENA_PUSH(o->arena, &c->members, m);
}

static void class_merge(struct optimizer *o, struct column_class *into, const struct column_class *from)
{
    for (size_t i = 0; i < from->members.len; i++) {
        if (!class_has(into, from->members.ptr[i].column))
            ARENA_PUSH(o->arena, &into->members, from->members.ptr[i]);
    }
    for (size_t i = 0; i < from->equalities.len; i++)
        ARENA_PUSH(o->arena, &into->equalities, from->equalities.ptr[i]);
}

// Puts an equality where it belongs: the classes that know its columns become one.
static void add_equality(struct optimizer *o, struct join_tree *t, struct expr *e)
{
    struct column_class fresh = {0};
    class_add(o, t, &fresh, e->args[0]);
    class_add(o, t, &fresh, e->args[1]);
    ARENA_PUSH(o->arena, &fresh.equalities, e);
    size_t kept = 0;
    for (size_t i = 0; i < t->classes.len; i++) {
        struct column_class *c = &t->classes.ptr[i];
        bool same = rule_on(o, OPTIMIZE_RULE_IMPLIED_EQUALITIES) && c->equalities.ptr[0]->fn == e->fn &&
                    (class_has(c, e->args[0]) || class_has(c, e->args[1]));
        if (same)
            class_merge(o, &fresh, c);
        else
            t->classes.ptr[kept++] = *c;
    }
    t->classes.len = kept;
    ARENA_PUSH(o->arena, &t->classes, fresh);
}

static void sort_conditions(struct optimizer *o, struct join_tree *t)
{
    t->leaf_cols = ARENA_ARRAY(o->arena, struct col_set, t->leaves.len);
    for (size_t i = 0; i < t->leaves.len; i++) {
        t->leaf_cols[i] = col_set_new(o->arena, o->q);
        col_set_add_list(&t->leaf_cols[i], t->leaves.ptr[i]->cols, t->leaves.ptr[i]->n_cols);
    }
    for (size_t i = 0; i < t->written.items.len; i++) {
        struct expr *e = t->written.items.ptr[i];
        struct join_condition c = {e, leaves_of(o, t, e)};
        if (is_equality(t, e))
            add_equality(o, t, e);
        else
            ARENA_PUSH(o->arena, &t->conditions, c);
    }
}

static struct expr *equality(struct optimizer *o, const struct column_class *c, struct expr *l, struct expr *r)
{
    struct expr *e = arena_dup(o->arena, c->equalities.ptr[0], sizeof(*e));
    e->args = ARENA_ARRAY(o->arena, struct expr *, 2);
    e->args[0] = l;
    e->args[1] = r;
    return e;
}

// The equality by which the class connects two sets of leaves; as written where there is one. NULL: it does not.
static struct expr *connecting(struct optimizer *o, const struct column_class *c, uint32_t left, uint32_t right)
{
    struct expr *l = NULL, *r = NULL;
    for (size_t i = 0; i < c->members.len; i++) {
        const struct class_member *m = &c->members.ptr[i];
        if (l == NULL && (left >> m->leaf & 1) != 0)
            l = m->column;
        if (r == NULL && (right >> m->leaf & 1) != 0)
            r = m->column;
    }
    if (l == NULL || r == NULL)
        return NULL;
    for (size_t i = 0; i < c->equalities.len; i++) {
        struct expr *e = c->equalities.ptr[i];
        uint32_t sides = 0;
        for (size_t k = 0; k < c->members.len; k++) {
            const struct class_member *m = &c->members.ptr[k];
            if (m->column->column == e->args[0]->column || m->column->column == e->args[1]->column)
                sides |= ((left >> m->leaf & 1) != 0 ? 1u : 0) | ((right >> m->leaf & 1) != 0 ? 2u : 0);
        }
        if (sides == 3)
            return e;
    }
    return equality(o, c, l, r);
}

// ---- what follows from the conditions

static struct expr *constant_of(const struct rel *leaf, const struct column_class *c, col_id column)
{
    if (leaf->kind != REL_FILTER)
        return NULL;
    const struct expr *p = leaf->predicate;
    struct expr *const *items = p->kind == EXPR_AND ? p->args : (struct expr *const *)&p;
    for (uint32_t i = 0; i < (p->kind == EXPR_AND ? p->n_args : 1); i++) {
        const struct expr *e = items[i];
        if (e->kind != EXPR_CALL || e->fn != c->equalities.ptr[0]->fn)
            continue;
        for (int side = 0; side < 2; side++) {
            struct expr *value = e->args[1 - side];
            if (e->args[side]->kind == EXPR_COLUMN && e->args[side]->column == column &&
                (value->kind == EXPR_CONST || value->kind == EXPR_PARAM))
                return value;
        }
    }
    return NULL;
}

// A constant that one column of the class equals is that of the others; columns of one leaf are equal already there.
static void derive_class(struct optimizer *o, struct join_tree *t, const struct column_class *c)
{
    struct expr *value = NULL;
    for (size_t i = 0; i < c->members.len && value == NULL; i++)
        value = constant_of(t->leaves.ptr[c->members.ptr[i].leaf], c, c->members.ptr[i].column->column);
    for (size_t i = 0; i < c->members.len; i++) {
        const struct class_member *m = &c->members.ptr[i];
        struct rel **leaf = &t->leaves.ptr[m->leaf];
        if (value != NULL) {
            if (constant_of(*leaf, c, m->column->column) == NULL)
                *leaf = push_or_filter(o, *leaf, equality(o, c, m->column, value));
            col_set_add(&o->fixed, m->column->column);
        }
        for (size_t k = 0; k < i; k++) {
            if (c->members.ptr[k].leaf != m->leaf)
                continue;
            *leaf = push_or_filter(o, *leaf, equality(o, c, c->members.ptr[k].column, m->column));
            break;
        }
    }
}

// What every alternative of an OR asks of one leaf, as an OR of it; NULL when one asks nothing.
static struct expr *alternatives_on(struct optimizer *o, struct join_tree *t, const struct expr *e, uint32_t leaf)
{
    struct expr *all = expr_new(o->arena, EXPR_OR, T_BOOL, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++) {
        struct conjuncts own = {0}, kept = {0};
        conjuncts_add(o, &own, e->args[i]);
        for (size_t k = 0; k < own.items.len; k++) {
            if (leaves_of(o, t, own.items.ptr[k]) == 1u << leaf)
                ARENA_PUSH(o->arena, &kept.items, own.items.ptr[k]);
        }
        all->args[i] = conjuncts_join(o, &kept);
        if (all->args[i] == NULL)
            return NULL;
    }
    return all;
}

static void derive_or(struct optimizer *o, struct join_tree *t, struct expr *e)
{
    if (e->kind != EXPR_OR || expr_has_subquery(e) || expr_volatility(e) == FN_VOLATILE ||
        !rule_on(o, OPTIMIZE_RULE_DERIVE_FROM_OR))
        return;
    struct implied_part implied = {.condition = e, .part = 1};
    for (uint32_t leaf = 0; leaf < t->leaves.len; leaf++) {
        struct expr *part = alternatives_on(o, t, e, leaf);
        struct conjuncts one = {0};
        if (part == NULL)
            continue;
        conjuncts_add(o, &one, part);
        implied.part *= filter_selectivity(o, &one);
        t->leaves.ptr[leaf] = push_or_filter(o, t->leaves.ptr[leaf], part);
    }
    if (implied.part < 1)
        ARENA_PUSH(o->arena, &o->implied, implied);
}

static void derive(struct optimizer *o, struct join_tree *t)
{
    for (size_t i = 0; i < t->classes.len && rule_on(o, OPTIMIZE_RULE_IMPLIED_EQUALITIES); i++)
        derive_class(o, t, &t->classes.ptr[i]);
    for (size_t i = 0; i < t->conditions.len; i++)
        derive_or(o, t, t->conditions.ptr[i].expr);
}

// ---- putting together

struct rel *join_pair(struct optimizer *o, struct rel *l, struct rel *r, struct expr *on)
{
    struct rel *j = rel_new(o->arena, REL_JOIN, l);
    j->right = r;
    j->join.kind = JOIN_INNER;
    j->join.on = on;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, l->n_cols + r->n_cols);
    memcpy(cols, l->cols, l->n_cols * sizeof(*cols));
    memcpy(cols + l->n_cols, r->cols, r->n_cols * sizeof(*cols));
    j->cols = cols;
    j->n_cols = l->n_cols + r->n_cols;
    return j;
}

// The conditions of a join of two sets: equalities of classes, then the others that read both.
static struct conjuncts conditions_between(struct optimizer *o, const struct join_tree *t, uint32_t left,
                                           uint32_t right, uint32_t *n_keys)
{
    struct conjuncts on = {0};
    for (size_t i = 0; i < t->classes.len; i++) {
        struct expr *e = connecting(o, &t->classes.ptr[i], left, right);
        if (e != NULL)
            ARENA_PUSH(o->arena, &on.items, e);
    }
    *n_keys = (uint32_t)on.items.len;
    for (size_t i = 0; i < t->conditions.len; i++) {
        uint32_t leaves = t->conditions.ptr[i].leaves;
        if ((leaves & left) != 0 && (leaves & right) != 0 && (leaves & ~(left | right)) == 0)
            ARENA_PUSH(o->arena, &on.items, t->conditions.ptr[i].expr);
    }
    return on;
}

// A set of leaves joined: the cheapest way found.
struct joined {
    double rows, cost; // cost negative: none
    uint32_t left, right;
    bool bounded; // plan_bounded
};

static struct join_key key_between(const struct join_tree *t, const struct expr *e, uint32_t left)
{
    bool first = (left >> leaf_of(t, e->args[0]->column) & 1) != 0;
    return (struct join_key){.left = e->args[first ? 0 : 1], .right = e->args[first ? 1 : 0]};
}

static double joined_rows(struct optimizer *o, const struct join_tree *t, const struct joined *l,
                          const struct joined *r, uint32_t left, const struct conjuncts *on, uint32_t n_keys)
{
    struct join_key *keys = ARENA_ARRAY(o->arena, struct join_key, n_keys);
    struct conjuncts rest = {0};
    for (size_t i = 0; i < on->items.len; i++) {
        if (i < n_keys)
            keys[i] = key_between(t, on->items.ptr[i], left);
        else
            ARENA_PUSH(o->arena, &rest.items, on->items.ptr[i]);
    }
    return join_rows(o, JOIN_INNER, l->rows, r->rows, keys, n_keys, conjuncts_join(o, &rest));
}

// Looking up the rows of a leaf for one row of the others; negative when there is no index for it.
static double leaf_lookup_cost(struct optimizer *o, const struct rel *leaf, const struct conjuncts *on)
{
    struct access_path path;
    struct conjuncts both = {0};
    if (!rule_on(o, OPTIMIZE_RULE_LOOKUP_JOIN) || !lookup_possible(leaf))
        return -1;
    for (size_t i = 0; i < on->items.len; i++)
        ARENA_PUSH(o->arena, &both.items, on->items.ptr[i]);
    conjuncts_add(o, &both, leaf->kind == REL_FILTER ? leaf->predicate : NULL);
    struct access_request request = {
        .scan = leaf->kind == REL_FILTER ? leaf->input : leaf, .filter = &both, .lookup = true};
    return access_best(o, &request, &path) ? path.cost : -1;
}

static double joined_cost(struct optimizer *o, const struct join_tree *t, const struct joined *l,
                          const struct joined *r, uint32_t right, const struct conjuncts *on, uint32_t n_keys)
{
    double cost = hash_join_cost(l->cost, l->rows, r->cost, r->rows, n_keys);
    if ((right & (right - 1)) == 0 && on->items.len > 0) {
        double lookup = leaf_lookup_cost(o, t->leaves.ptr[__builtin_ctz(right)], on);
        if (lookup >= 0)
            cost = fmin(cost, l->cost + l->rows * lookup);
    }
    return cost;
}

// A catalog relation looked up for each of few rows.
static void try_catalog(struct optimizer *o, const struct join_tree *t, struct joined *set, const struct joined *l,
                        uint32_t left, uint32_t right, const struct conjuncts *on)
{
    double rows = 0, lookup = -1;
    if (l->bounded && (right & (right - 1)) == 0)
        lookup = virtual_lookup_cost(o, t->leaves.ptr[__builtin_ctz(right)], on, &rows);
    if (lookup < 0)
        return;
    double cost = l->cost + l->rows * lookup;
    set->rows = fmin(set->rows, l->rows * rows);
    if (set->cost >= 0 && cost >= set->cost)
        return;
    set->cost = cost;
    set->left = left;
    set->right = right;
}

// Tries a set as the join of two; `crossed`: also when no condition connects them.
static void try_split(struct optimizer *o, struct join_tree *t, struct joined *sets, uint32_t left, uint32_t right,
                      bool crossed)
{
    struct joined *l = &sets[left], *r = &sets[right], *set = &sets[left | right];
    uint32_t n_keys;
    if (l->cost < 0 || r->cost < 0)
        return;
    struct conjuncts on = conditions_between(o, t, left, right, &n_keys);
    if (on.items.len == 0 && !crossed)
        return;
    if (set->cost < 0)
        set->rows = joined_rows(o, t, l, r, left, &on, n_keys);
    set->bounded |= l->bounded || r->bounded;
    try_catalog(o, t, set, l, left, right, &on);
    try_catalog(o, t, set, r, right, left, &on);
    for (int side = 0; side < 2; side++) {
        double cost = joined_cost(o, t, side == 0 ? l : r, side == 0 ? r : l, side == 0 ? right : left, &on, n_keys) +
                      set->rows * 0.1;
        if (set->cost >= 0 && cost >= set->cost)
            continue;
        set->cost = cost;
        set->left = side == 0 ? left : right;
        set->right = side == 0 ? right : left;
    }
}

static struct rel *build_set(struct optimizer *o, struct join_tree *t, const struct joined *sets, uint32_t set)
{
    if ((set & (set - 1)) == 0)
        return t->leaves.ptr[__builtin_ctz(set)];
    uint32_t left = sets[set].left, right = sets[set].right, n_keys;
    struct conjuncts on = conditions_between(o, t, left, right, &n_keys);
    struct rel *l = build_set(o, t, sets, left), *r = build_set(o, t, sets, right);
    return join_pair(o, l, r, conjuncts_join(o, &on));
}

static struct rel *search(struct optimizer *o, struct join_tree *t)
{
    uint32_t n = (uint32_t)t->leaves.len, all = (1u << n) - 1;
    struct joined *sets = ARENA_ARRAY(o->arena, struct joined, all + 1);
    for (int crossed = 0; crossed < 2; crossed++) {
        for (uint32_t set = 1; set <= all; set++) {
            sets[set].cost = -1;
            if ((set & (set - 1)) == 0) {
                const struct plan *p = t->plans[__builtin_ctz(set)];
                sets[set] = (struct joined){.rows = p->rows, .cost = p->cost, .bounded = plan_bounded(p)};
                continue;
            }
            uint32_t lowest = set & -set, rest = set & ~lowest;
            for (uint32_t some = (rest - 1) & rest;; some = (some - 1) & rest) { // every split once
                try_split(o, t, sets, lowest | some, set & ~(lowest | some), crossed == 1);
                if (some == 0)
                    break;
            }
        }
        if (sets[all].cost >= 0)
            break;
    }
    return build_set(o, t, sets, all);
}

// The cheapest relation first, then always the one that is connected and makes the fewest rows.
static struct rel *greedy(struct optimizer *o, struct join_tree *t)
{
    uint32_t n = (uint32_t)t->leaves.len, first = 0, done, n_keys;
    for (uint32_t i = 1; i < n; i++)
        first = t->plans[i]->rows < t->plans[first]->rows ? i : first;
    struct joined have = {.rows = t->plans[first]->rows};
    struct rel *joined = t->leaves.ptr[first];
    for (done = 1u << first; done != (n == 32 ? UINT32_MAX : (1u << n) - 1);) {
        uint32_t best = n;
        double best_rows = 0;
        bool best_connected = false;
        for (uint32_t i = 0; i < n; i++) {
            if ((done >> i & 1) != 0)
                continue;
            struct conjuncts on = conditions_between(o, t, done, 1u << i, &n_keys);
            struct joined next = {.rows = t->plans[i]->rows};
            double rows = joined_rows(o, t, &have, &next, done, &on, n_keys);
            bool connected = on.items.len > 0;
            if (best == n || (connected && !best_connected) || (connected == best_connected && rows < best_rows)) {
                best = i;
                best_rows = rows;
                best_connected = connected;
            }
        }
        struct conjuncts on = conditions_between(o, t, done, 1u << best, &n_keys);
        joined = join_pair(o, joined, t->leaves.ptr[best], conjuncts_join(o, &on));
        have.rows = best_rows;
        done |= 1u << best;
    }
    return joined;
}

// Conditions that read one leaf or none are not for a join to check.
static struct rel *with_rest(struct optimizer *o, const struct join_tree *t, struct rel *joined)
{
    struct conjuncts rest = {0};
    for (size_t i = 0; i < t->conditions.len; i++) {
        uint32_t leaves = t->conditions.ptr[i].leaves;
        if ((leaves & (leaves - 1)) == 0)
            ARENA_PUSH(o->arena, &rest.items, t->conditions.ptr[i].expr);
    }
    if (rest.items.len == 0)
        return joined;
    struct rel *f = rel_new(o->arena, REL_FILTER, joined);
    f->predicate = conjuncts_join(o, &rest);
    return f;
}

// Which of two comes first is decided with how they are joined.
static struct rel *only_pair(struct optimizer *o, const struct join_tree *t)
{
    uint32_t n_keys;
    struct conjuncts on = conditions_between(o, t, 1, 2, &n_keys);
    return join_pair(o, t->leaves.ptr[0], t->leaves.ptr[1], conjuncts_join(o, &on));
}

static struct rel *in_order(struct optimizer *o, struct join_tree *t)
{
    t->plans = ARENA_ARRAY(o->arena, struct plan *, t->leaves.len);
    for (size_t i = 0; i < t->leaves.len; i++)
        t->plans[i] = plan_rel(o, t->leaves.ptr[i], NULL, 0, 0);
    bool few = (int64_t)t->leaves.len <= MIN(o->options->reorder_joins_limit, SEARCH_MAX);
    return few ? search(o, t) : greedy(o, t);
}

struct rel *reorder(struct optimizer *o, struct rel *r)
{
    if (r == NULL)
        return NULL;
    struct join_tree t = {0};
    if (r->kind == REL_JOIN && is_free(r) && rule_on(o, OPTIMIZE_RULE_REORDER_JOINS) &&
        o->options->reorder_joins_limit > 0 && collect(o, r, &t)) {
        sort_conditions(o, &t);
        derive(o, &t);
        for (size_t i = 0; i < t.leaves.len; i++)
            t.leaves.ptr[i] = reorder(o, t.leaves.ptr[i]);
        return with_rest(o, &t, t.leaves.len == 2 ? only_pair(o, &t) : in_order(o, &t));
    }
    r->input = reorder(o, r->input);
    r->right = reorder(o, r->right);
    return r;
}
