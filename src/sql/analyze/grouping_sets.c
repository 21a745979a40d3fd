// GROUP BY with GROUPING SETS, ROLLUP and CUBE.
//
// Sets are masks over the keys. When there are several, the rows of the FROM clause are joined with a relation of one
// row per set, which says of each key whether the set has it; keys that it has not are NULL from there on, and the
// number of the set is one more key:
//
//     GROUP BY ROLLUP (a)  =  GROUP BY set, CASE WHEN has_a THEN a END  over  (…) × (VALUES (0, true), (1, false))
//
// A set without keys has one group even without rows: where there is one, the join keeps sets that have met no row, and
// what no row stands behind is dropped unless its set is empty, and is no matter of aggregates.
#include "sql/analyze/analyze_int.h"

enum { SETS_MAX = 4096, CUBE_MAX = 12, KEYS_MAX = 64 };

enum grouping_kind { GROUPING_PLAIN, GROUPING_ROLLUP, GROUPING_CUBE, GROUPING_SETS };

static enum grouping_kind grouping_kind(const struct ast *item)
{
    if (item->kind != AST_FUNC_CALL)
        return GROUPING_PLAIN;
    const struct ast_object_name *name = ast_as_object_name(ast_as_func_call(item)->name);
    if (name->schema.ptr != NULL)
        return GROUPING_PLAIN;
    if (str_eqc(name->name, "rollup"))
        return GROUPING_ROLLUP;
    if (str_eqc(name->name, "cube"))
        return GROUPING_CUBE;
    return str_eqc(name->name, "grouping sets") ? GROUPING_SETS : GROUPING_PLAIN;
}

size_t grouping_expressions(const struct ast_list *items)
{
    size_t n = 0;
    for (size_t i = 0; i < items->n; i++) {
        const struct ast *item = items->items[i];
        if (grouping_kind(item) != GROUPING_PLAIN)
            n += grouping_expressions(&ast_as_func_call(item)->args);
        else
            n += item->kind == AST_TUPLE ? ast_as_tuple(item)->items.n : 1;
    }
    return n;
}

// ---- sets

static int too_many(struct err *err)
{
    return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "too many grouping sets present (maximum %d)", SETS_MAX);
}

static int add_set(struct analyzer *an, struct grouping_sets *sets, uint64_t mask, struct err *err)
{
    if (sets->masks.len == SETS_MAX)
        return too_many(err);
    ARENA_PUSH(an->arena, &sets->masks, mask);
    return 0;
}

static int plain_mask(const struct grouping_keys *keys, const struct ast *item, uint64_t *mask, struct err *err)
{
    const struct ast_list single = {(struct ast **)&item, 1};
    const struct ast_list *parts = item->kind == AST_TUPLE ? &ast_as_tuple(item)->items : &single;
    *mask = 0;
    for (size_t i = 0; i < parts->n; i++) {
        uint32_t key;
        TRY(keys->add(keys->arg, parts->items[i], &key, err));
        // Sets of more keys exist only where no key is ever missing: their bits are not looked at.
        *mask |= key < KEYS_MAX ? 1ull << key : 0;
    }
    return 0;
}

static int element_masks(struct analyzer *an, const struct grouping_keys *keys, const struct ast_list *items,
                         uint64_t **out, struct err *err)
{
    *out = ARENA_ARRAY(an->arena, uint64_t, items->n);
    for (size_t i = 0; i < items->n; i++)
        TRY(plain_mask(keys, items->items[i], &(*out)[i], err));
    return 0;
}

static int rollup_sets(struct analyzer *an, const struct grouping_keys *keys, const struct ast_list *items,
                       struct grouping_sets *out, struct err *err)
{
    uint64_t *masks;
    TRY(element_masks(an, keys, items, &masks, err));
    for (size_t n = items->n + 1; n-- > 0;) {
        uint64_t mask = 0;
        for (size_t i = 0; i < n; i++)
            mask |= masks[i];
        TRY(add_set(an, out, mask, err));
    }
    return 0;
}

static int cube_sets(struct analyzer *an, const struct grouping_keys *keys, const struct ast_list *items,
                     struct grouping_sets *out, struct err *err)
{
    uint64_t *masks;
    if (items->n > CUBE_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "CUBE is limited to %d elements", CUBE_MAX);
    TRY(element_masks(an, keys, items, &masks, err));
    for (uint32_t subset = 1u << items->n; subset-- > 0;) {
        uint64_t mask = 0;
        for (size_t i = 0; i < items->n; i++)
            mask |= (subset >> (items->n - 1 - i) & 1) != 0 ? masks[i] : 0;
        TRY(add_set(an, out, mask, err));
    }
    return 0;
}

static int item_sets(struct analyzer *an, const struct grouping_keys *keys, const struct ast *item,
                     struct grouping_sets *out, struct err *err)
{
    uint64_t mask;
    enum grouping_kind kind = grouping_kind(item);
    if (kind == GROUPING_PLAIN) {
        TRY(plain_mask(keys, item, &mask, err));
        return add_set(an, out, mask, err);
    }
    const struct ast_list *items = &ast_as_func_call(item)->args;
    out->written = true;
    if (kind == GROUPING_ROLLUP)
        return rollup_sets(an, keys, items, out, err);
    if (kind == GROUPING_CUBE)
        return cube_sets(an, keys, items, out, err);
    for (size_t i = 0; i < items->n; i++)
        TRY(item_sets(an, keys, items->items[i], out, err));
    return 0;
}

// Each set of one with each of the other.
static int product(struct analyzer *an, const struct grouping_sets *left, const struct grouping_sets *right,
                   struct grouping_sets *out, struct err *err)
{
    *out = (struct grouping_sets){.written = left->written || right->written};
    for (size_t i = 0; i < left->masks.len; i++) {
        for (size_t k = 0; k < right->masks.len; k++)
            TRY(add_set(an, out, left->masks.ptr[i] | right->masks.ptr[k], err));
    }
    return 0;
}

int grouping_sets_analyze(struct analyzer *an, const struct ast_list *items, const struct grouping_keys *keys,
                          struct grouping_sets *out, struct err *err)
{
    *out = (struct grouping_sets){0};
    TRY(add_set(an, out, 0, err));
    for (size_t i = 0; i < items->n; i++) {
        struct grouping_sets before = *out, own = {0};
        TRY(item_sets(an, keys, items->items[i], &own, err));
        TRY(product(an, &before, &own, out, err));
    }
    return 0;
}

// ---- grouping()

int grouping_call(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct expr **out,
                  struct err *err)
{
    struct select_context *sc = an->select;
    struct grouping_call g = {.n_args = (uint32_t)call->args.n, .position = call->base.position};
    if (sc == NULL || !sc->aggregates_allowed || sc->in_aggregate) {
        err_set(err, ERR_GROUPING_ERROR, "grouping operations are not allowed in %s",
                sc == NULL || sc->clause == NULL ? "this context" : sc->clause);
        return err_at(err, call->base.position);
    }
    if (call->args.n > 31) {
        err_set(err, ERR_TOO_MANY_ARGUMENTS, "GROUPING must have fewer than 32 arguments");
        return err_at(err, call->base.position);
    }
    g.args = ARENA_ARRAY(an->arena, struct expr *, g.n_args);
    for (uint32_t i = 0; i < g.n_args; i++)
        TRY(expr_analyze(an, s, call->args.items[i], T_ANYELEMENT, &g.args[i], err));
    for (size_t i = 0; i < sc->groupings.len; i++) {
        const struct grouping_call *other = &sc->groupings.ptr[i];
        bool same = other->n_args == g.n_args;
        for (uint32_t k = 0; k < g.n_args && same; k++)
            same = expr_equal(other->args[k], g.args[k]);
        if (same)
            g.column = other->column;
    }
    if (g.column == 0) {
        g.column = query_add_column(an->query, STR("grouping"), T_INT8);
        ARENA_PUSH(an->arena, &sc->groupings, g);
    }
    *out = expr_column(an->query, g.column);
    return 0;
}

// One bit per argument, the last the least, set where the set has it not.
static int grouping_value(const struct grouping_call *call, const struct projection *keys, uint32_t n_keys,
                          uint64_t mask, int64_t *out, struct err *err)
{
    *out = 0;
    for (uint32_t i = 0; i < call->n_args; i++) {
        uint32_t key = 0;
        while (key < n_keys && !expr_equal(keys[key].expr, call->args[i]))
            key++;
        if (key == n_keys) {
            err_set(err, ERR_GROUPING_ERROR,
                    "arguments to GROUPING must be grouping expressions of the associated query level");
            return err_at(err, call->position);
        }
        *out = *out << 1 | (mask >> key & 1 ? 0 : 1);
    }
    return 0;
}

// ---- the relation

// Columns of the relation of sets: its number, whether it is empty, has_… per key, then grouping() per call.
enum { SET_NUMBER, SET_EMPTY, SET_HAS };

static int sets_rel(struct analyzer *an, const struct grouping_sets *sets, const struct projection *keys,
                    uint32_t n_keys, const struct select_context *sc, struct rel **out, struct err *err)
{
    uint32_t n = SET_HAS + n_keys + (uint32_t)sc->groupings.len;
    struct rel *r = rel_new(an->arena, REL_VALUES, NULL);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n);
    cols[SET_NUMBER] = query_add_column(an->query, STR("grouping_set"), T_INT8);
    cols[SET_EMPTY] = query_add_column(an->query, STR("grouping_empty"), T_BOOL);
    for (uint32_t i = 0; i < n_keys; i++)
        cols[SET_HAS + i] = query_add_column(an->query, STR("grouping_has"), T_BOOL);
    for (size_t i = 0; i < sc->groupings.len; i++)
        cols[SET_HAS + n_keys + i] = sc->groupings.ptr[i].column;
    r->values.n_rows = (uint32_t)sets->masks.len;
    r->values.rows = ARENA_ARRAY(an->arena, struct expr **, r->values.n_rows);
    for (uint32_t k = 0; k < r->values.n_rows; k++) {
        uint64_t mask = sets->masks.ptr[k];
        struct expr **row = r->values.rows[k] = ARENA_ARRAY(an->arena, struct expr *, n);
        row[SET_NUMBER] = expr_const(an->arena, T_INT8, datum_int(k));
        row[SET_EMPTY] = expr_bool(an->arena, mask == 0);
        for (uint32_t i = 0; i < n_keys; i++)
            row[SET_HAS + i] = expr_bool(an->arena, (mask >> i & 1) != 0);
        for (size_t i = 0; i < sc->groupings.len; i++) {
            int64_t value;
            TRY(grouping_value(&sc->groupings.ptr[i], keys, n_keys, mask, &value, err));
            row[SET_HAS + n_keys + i] = expr_const(an->arena, T_INT8, datum_int(value));
        }
    }
    r->cols = cols;
    r->n_cols = n;
    *out = r;
    return 0;
}

static struct rel *join_sets(struct analyzer *an, struct rel *input, struct rel *sets, enum join_kind kind)
{
    struct rel *j = rel_new(an->arena, REL_JOIN, input);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, input->n_cols + sets->n_cols);
    if (input->n_cols > 0)
        memcpy(cols, input->cols, input->n_cols * sizeof(*cols));
    memcpy(cols + input->n_cols, sets->cols, sets->n_cols * sizeof(*cols));
    j->right = sets;
    j->join.kind = kind;
    j->cols = cols;
    j->n_cols = input->n_cols + sets->n_cols;
    return j;
}

// The join that keeps sets without rows; *matched is NULL in what stands for them.
static struct rel *join_all_sets(struct analyzer *an, struct rel *input, struct rel *sets, col_id *matched)
{
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, input->n_cols + 1);
    for (uint32_t i = 0; i < input->n_cols; i++)
        items[i] = (struct projection){input->cols[i], expr_column(an->query, input->cols[i])};
    *matched = query_add_column(an->query, STR("grouping_matched"), T_BOOL);
    items[input->n_cols] = (struct projection){*matched, expr_bool(an->arena, true)};
    struct rel *j = join_sets(an, project_items(an, input, items, input->n_cols + 1), sets, JOIN_RIGHT);
    struct rel *f = rel_new(an->arena, REL_FILTER, j);
    f->predicate = expr_new(an->arena, EXPR_OR, T_BOOL, 2);
    f->predicate->args[0] = expr_column(an->query, *matched);
    f->predicate->args[1] = expr_column(an->query, sets->cols[SET_EMPTY]);
    return f;
}

static void mask_key(struct analyzer *an, struct projection *key, col_id has)
{
    struct expr *e = expr_new(an->arena, EXPR_CASE, key->expr->type, 3);
    e->args[0] = expr_column(an->query, has);
    e->args[1] = key->expr;
    e->args[2] = expr_const(an->arena, key->expr->type, DATUM_NULL);
    key->expr = e;
}

int grouping_sets_expand(struct analyzer *an, const struct grouping_sets *sets, struct select_context *sc,
                         struct projection *keys, uint32_t *n_keys, struct rel **input, struct err *err)
{
    uint32_t n = *n_keys;
    struct rel *values;
    if (n > KEYS_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "too many keys of grouping sets (maximum %d)", KEYS_MAX);
    TRY(sets_rel(an, sets, keys, n, sc, &values, err));
    bool any_empty = false;
    for (size_t i = 0; i < sets->masks.len; i++)
        any_empty |= sets->masks.ptr[i] == 0;
    col_id matched;
    *input = any_empty ? join_all_sets(an, *input, values, &matched) : join_sets(an, *input, values, JOIN_INNER);
    for (size_t i = 0; i < sc->aggregates.len && any_empty; i++) {
        struct expr *aggregate = sc->aggregates.ptr[i].expr;
        aggregate->filter = expr_and(an->arena, aggregate->filter, expr_column(an->query, matched));
    }
    for (uint32_t i = 0; i < n; i++)
        mask_key(an, &keys[i], values->cols[SET_HAS + i]);
    keys[(*n_keys)++] = (struct projection){values->cols[SET_NUMBER], expr_column(an->query, values->cols[SET_NUMBER])};
    for (size_t i = 0; i < sc->groupings.len; i++) {
        col_id c = sc->groupings.ptr[i].column;
        keys[(*n_keys)++] = (struct projection){c, expr_column(an->query, c)};
    }
    return 0;
}
