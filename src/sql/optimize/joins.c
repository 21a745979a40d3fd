// Join order: a tree of inner joins is taken apart and put together again left-deep, smallest result first, joining
// only relations connected by a condition while there are any.
#include "sql/optimize/optimize_int.h"
#include <math.h>

enum { REORDER_MAX = 32 };

struct join_tree {
    ARENA_VEC(struct rel *) leaves;
    struct conjuncts conditions;
};

static bool collect(struct optimizer *o, struct rel *r, struct join_tree *t)
{
    if (r->kind == REL_JOIN && r->join.kind == JOIN_INNER && !r->join.lateral) {
        conjuncts_add(o, &t->conditions, r->join.on);
        return collect(o, r->input, t) && collect(o, r->right, t);
    }
    if (r->kind == REL_FILTER && r->input->kind == REL_JOIN && r->input->join.kind == JOIN_INNER &&
        !r->input->join.lateral && !expr_has_subquery(r->predicate)) {
        conjuncts_add(o, &t->conditions, r->predicate);
        return collect(o, r->input, t);
    }
    ARENA_PUSH(o->arena, &t->leaves, r);
    return t->leaves.len <= REORDER_MAX;
}

static double leaf_rows(struct optimizer *o, const struct rel *r)
{
    switch (r->kind) {
    case REL_SCAN:
        return r->scan.table->kind == CAT_VIRTUAL ? 100 : table_rows(o, r->scan.table);
    case REL_FILTER: {
        struct conjuncts c = {0};
        conjuncts_add(o, &c, r->predicate);
        return fmax(1, leaf_rows(o, r->input) * filter_selectivity(o, &c));
    }
    case REL_VALUES:
        return r->values.n_rows;
    case REL_GROUP:
        return r->group.n_keys == 0 ? 1 : fmax(1, leaf_rows(o, r->input) / 10);
    case REL_JOIN:
        return fmax(leaf_rows(o, r->input), r->right != NULL ? leaf_rows(o, r->right) : 1);
    default:
        return r->input != NULL ? leaf_rows(o, r->input) : 1000;
    }
}

static struct rel *join_pair(struct optimizer *o, struct rel *l, struct rel *r, struct expr *on)
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

// Conditions that can be checked once `have` is available and involve the new relation; taken out of the list.
static struct expr *take_conditions(struct optimizer *o, struct conjuncts *c, const struct col_set *have,
                                    const struct col_set *all)
{
    struct expr *on = NULL;
    size_t n = 0;
    for (size_t i = 0; i < c->items.len; i++) {
        struct col_set cols = col_set_new(o->arena, o->q);
        expr_columns(c->items.ptr[i], &cols);
        bool ready = true;
        for (uint32_t w = 0; w < cols.n_words; w++)
            ready &= (cols.words[w] & all->words[w] & ~have->words[w]) == 0; // outer columns do not count
        if (ready)
            on = expr_and(o->arena, on, c->items.ptr[i]);
        else
            c->items.ptr[n++] = c->items.ptr[i];
    }
    c->items.len = n;
    return on;
}

static bool connected(struct optimizer *o, const struct conjuncts *c, const struct col_set *have,
                      const struct rel *leaf)
{
    struct col_set cols = col_set_new(o->arena, o->q);
    col_set_add_list(&cols, leaf->cols, leaf->n_cols);
    for (size_t i = 0; i < c->items.len; i++) {
        struct col_set e = col_set_new(o->arena, o->q);
        expr_columns(c->items.ptr[i], &e);
        if (col_set_intersects(&e, &cols) && col_set_intersects(&e, have))
            return true;
    }
    return false;
}

static struct rel *greedy(struct optimizer *o, struct join_tree *t)
{
    size_t n = t->leaves.len;
    bool *done = ARENA_ARRAY(o->arena, bool, n);
    double *rows = ARENA_ARRAY(o->arena, double, n);
    struct col_set all = col_set_new(o->arena, o->q), have = col_set_new(o->arena, o->q);
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        rows[i] = leaf_rows(o, t->leaves.ptr[i]);
        col_set_add_list(&all, t->leaves.ptr[i]->cols, t->leaves.ptr[i]->n_cols);
        if (rows[i] < rows[first])
            first = i;
    }
    struct rel *joined = t->leaves.ptr[first];
    done[first] = true;
    col_set_add_list(&have, joined->cols, joined->n_cols);
    for (size_t step = 1; step < n; step++) {
        size_t best = n;
        bool best_connected = false;
        for (size_t i = 0; i < n; i++) {
            if (done[i])
                continue;
            bool linked = connected(o, &t->conditions, &have, t->leaves.ptr[i]);
            if (best == n || (linked && !best_connected) || (linked == best_connected && rows[i] < rows[best])) {
                best = i;
                best_connected = linked;
            }
        }
        struct rel *leaf = t->leaves.ptr[best];
        done[best] = true;
        col_set_add_list(&have, leaf->cols, leaf->n_cols);
        joined = join_pair(o, joined, leaf, take_conditions(o, &t->conditions, &have, &all));
    }
    struct expr *rest = conjuncts_join(o, &t->conditions);
    if (rest != NULL) {
        struct rel *f = rel_new(o->arena, REL_FILTER, joined);
        f->predicate = rest;
        joined = f;
    }
    return joined;
}

struct rel *reorder(struct optimizer *o, struct rel *r)
{
    if (r == NULL)
        return NULL;
    if (r->kind == REL_JOIN && r->join.kind == JOIN_INNER && !r->join.lateral &&
        rule_on(o, OPTIMIZE_RULE_REORDER_JOINS)) {
        struct join_tree t = {0};
        if (collect(o, r, &t) && t.leaves.len > 2) {
            for (size_t i = 0; i < t.leaves.len; i++)
                t.leaves.ptr[i] = reorder(o, t.leaves.ptr[i]);
            return greedy(o, &t);
        }
    }
    r->input = reorder(o, r->input);
    r->right = reorder(o, r->right);
    return r;
}
