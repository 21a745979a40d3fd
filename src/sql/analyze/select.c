// SELECT, VALUES, set operations and WITH.
//
// One SELECT becomes, bottom up: FROM, filter (WHERE), group, filter (HAVING), window, set-returning functions, project
// (targets and sort expressions), distinct, sort, limit; each only when needed.
#include "sql/analyze/analyze_int.h"

// ---- small helpers

struct rel *project_items(struct analyzer *an, struct rel *input, struct projection *items, uint32_t n)
{
    struct rel *p = rel_new(an->arena, REL_PROJECT, input);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n);
    struct projection *computed = ARENA_ARRAY(an->arena, struct projection, n);
    uint32_t n_computed = 0;
    for (uint32_t i = 0; i < n; i++) {
        cols[i] = items[i].column;
        bool passed = items[i].expr->kind == EXPR_COLUMN && items[i].expr->column == items[i].column;
        for (uint32_t k = 0; k < i && !passed; k++)
            passed = cols[k] == cols[i];
        if (!passed)
            computed[n_computed++] = items[i];
    }
    p->cols = cols;
    p->n_cols = n;
    p->project.items = computed;
    p->project.n_items = n_computed;
    return p;
}

static struct rel *filter(struct analyzer *an, struct rel *input, struct expr *predicate)
{
    if (predicate == NULL)
        return input;
    struct rel *f = rel_new(an->arena, REL_FILTER, input);
    f->predicate = predicate;
    return f;
}

static bool is_outer(const struct scope *s, col_id column)
{
    for (const struct scope *at = s != NULL ? s->outer : NULL; at != NULL; at = at->outer) {
        for (size_t i = 0; i < at->columns.len; i++) {
            if (at->columns.ptr[i].column == column)
                return true;
        }
    }
    return false;
}

// The column of an expression: its own when it is one of this query, else a new one computed by a projection. A column
// of an enclosing query keeps its number for that one: here it would count as produced, and the query as uncorrelated.
// Without a scope there are none of these.
static struct projection projection_of(struct analyzer *an, const struct scope *s, struct expr *e, struct str name)
{
    if (e->kind == EXPR_COLUMN && e->column != 0 && !is_outer(s, e->column))
        return (struct projection){e->column, e};
    col_id c = query_add_column(an->query, name, e->type);
    struct col_info *info = query_column(an->query, c);
    info->field_types = e->field_types;
    info->field_names = e->field_names;
    info->n_fields = e->type.family == TYPE_TUPLE ? e->parameter : 0;
    return (struct projection){c, e};
}

static struct ast *index_order_item(struct analyzer *an, const struct ast_order_item *item,
                                    const struct ast_object_name *table, const struct cat_table *t, uint32_t column_id,
                                    bool descending)
{
    struct ast_column_ref *ref = AST_NEW(an->arena, COLUMN_REF, column_ref, item->base.position);
    ref->database = table->database;
    ref->schema = table->schema;
    ref->table = table->name;
    ref->column = cat_column_by_id(t, column_id)->name;
    struct ast_order_item *out = AST_NEW(an->arena, ORDER_ITEM, order_item, item->base.position);
    out->expr = &ref->base;
    out->direction = descending != (item->direction == AST_DIRECTION_DESC) ? AST_DIRECTION_DESC : AST_DIRECTION_ASC;
    return &out->base;
}

// ORDER BY INDEX t@i, PRIMARY KEY t: the columns of its key, whether the index is used or not.
static int order_of_index(struct analyzer *an, const struct ast_order_item *item, struct ast_list *out, struct err *err)
{
    const struct ast_index_name *name = ast_as_index_name(item->index);
    const struct ast_object_name *table = ast_as_object_name(name->table);
    const struct cat_table *t;
    TRY(from_resolve(an, name->table, &t, err));
    const struct cat_index *index = name->index.ptr == NULL ? t->primary : cat_index_by_name(t, name->index);
    if (index == NULL) {
        err_set(err, ERR_UNDEFINED_OBJECT, "index \"%.*s\" not found", STR_FMT(name->index));
        return err_at(err, name->base.position);
    }
    if (index->kind != CAT_INDEX_BTREE)
        return unsupported(err, &item->base, "ORDER BY INDEX of an inverted index");
    for (size_t i = 0; i < index->n_columns; i++)
        ast_list_push(an->arena, out,
                      index_order_item(an, item, table, t, index->columns[i].column_id, index->columns[i].descending));
    for (size_t i = 0; !index->unique && i < t->primary->n_columns; i++)
        ast_list_push(
            an->arena, out,
            index_order_item(an, item, table, t, t->primary->columns[i].column_id, t->primary->columns[i].descending));
    return 0;
}

int order_expand(struct analyzer *an, const struct ast_list *items, struct ast_list *out, struct err *err)
{
    *out = (struct ast_list){0};
    for (size_t i = 0; i < items->n; i++) {
        const struct ast_order_item *item = ast_as_order_item(items->items[i]);
        if (item->index != NULL)
            TRY(order_of_index(an, item, out, err));
        else
            ast_list_push(an->arena, out, items->items[i]);
    }
    return 0;
}

int order_key(struct analyzer *an, const struct ast_order_item *item, struct sort_key *key, struct err *err)
{
    key->descending = item->direction == AST_DIRECTION_DESC;
    // CockroachDB: NULLs are smaller than everything, so first ascending and last descending, unless told otherwise.
    key->nulls_last = item->nulls == AST_NULLS_DEFAULT ? key->descending != an->options->null_ordered_last
                                                       : item->nulls == AST_NULLS_LAST;
    if (item->nulls == AST_NULLS_DEFAULT && an->options->null_ordered_last)
        key->nulls_last = !key->descending;
    return 0;
}

int limit_analyze(struct analyzer *an, struct rel *input, const struct ast *limit, const struct ast *offset,
                  struct rel **out, struct err *err)
{
    *out = input;
    if (limit == NULL && offset == NULL)
        return 0;
    struct rel *l = rel_new(an->arena, REL_LIMIT, input);
    struct scope *none = scope_new(an, NULL);
    if (limit != NULL)
        TRY(expr_analyze_assign(an, none, limit, T_INT8, STR("LIMIT"), &l->limit.count, err));
    if (offset != NULL)
        TRY(expr_analyze_assign(an, none, offset, T_INT8, STR("OFFSET"), &l->limit.offset, err));
    *out = l;
    return 0;
}

// ---- targets

static struct str target_name(const struct ast *e)
{
    switch (e->kind) {
    case AST_COLUMN_REF:
        return ast_as_column_ref(e)->column;
    case AST_FUNC_CALL:
        return ast_as_object_name(ast_as_func_call(e)->name)->name;
    case AST_CAST: {
        const struct ast_cast *c = ast_as_cast(e);
        struct str inner = target_name(c->operand);
        return str_eqc(inner, "?column?") ? ast_as_type_name(c->type)->name : inner;
    }
    case AST_ANNOTATE:
        return target_name(ast_as_annotate(e)->operand);
    case AST_COLLATE:
        return target_name(ast_as_collate(e)->operand);
    case AST_FIELD_ACCESS:
        return ast_as_field_access(e)->name;
    case AST_SUBSCRIPT:
        return target_name(ast_as_subscript(e)->operand);
    case AST_CASE:
        return STR("case");
    case AST_COALESCE:
        return STR("coalesce");
    case AST_NULLIF:
        return STR("nullif");
    case AST_IF:
        return STR("if");
    case AST_IFERROR:
        return STR("iferror");
    case AST_EXISTS:
        return STR("exists");
    case AST_ARRAY:
    case AST_ARRAY_SUBQUERY:
        return STR("array");
    case AST_BOOLEAN:
        return STR("bool");
    case AST_TUPLE:
        return STR("row");
    case AST_SUBQUERY: {
        const struct ast *q = ast_as_subquery(e)->query;
        if (q->kind == AST_SELECT && ast_as_select(q)->body->kind == AST_SELECT_CORE) {
            const struct ast_select_core *core = ast_as_select_core(ast_as_select(q)->body);
            if (core->targets.n == 1) {
                const struct ast_target *t = ast_as_target(core->targets.items[0]);
                return t->alias.ptr != NULL ? t->alias : target_name(t->expr);
            }
        }
        return STR("?column?");
    }
    default:
        return STR("?column?");
    }
}

struct target_list {
    ARENA_VEC(struct projection) items;
    ARENA_VEC(struct str) names;
};

static void push_target(struct analyzer *an, const struct scope *s, struct target_list *list, struct expr *e,
                        struct str name)
{
    ARENA_PUSH(an->arena, &list->items, projection_of(an, s, e, name));
    ARENA_PUSH(an->arena, &list->names, name);
}

// The fields of a row, each a column.
static int expand_row(struct analyzer *an, struct scope *s, struct expr *operand, int position,
                      struct target_list *list, struct err *err)
{
    struct tuple_shape shape;
    if (!tuple_shape(an, operand, &shape)) {
        err_set(err, ERR_DATATYPE_MISMATCH, "type %s is not composite", type_family_name(operand->type));
        return err_at(err, position);
    }
    for (uint32_t i = 0; i < shape.n; i++) {
        struct expr *field;
        if (operand->kind == EXPR_TUPLE) {
            field = operand->args[i];
        } else {
            field = expr_new(an->arena, EXPR_FIELD, shape.types[i], 1);
            field->args[0] = operand;
            field->parameter = i;
        }
        struct str name = shape.names != NULL ? shape.names[i] : arena_printf(an->arena, "column%u", i + 1);
        push_target(an, s, list, field, name);
    }
    return 0;
}

static int expand_star(struct analyzer *an, struct scope *s, const struct ast_column_ref *ref, struct target_list *list,
                       struct err *err)
{
    bool any = false;
    for (struct scope *at = s; at != NULL && !any; at = ref->table.ptr != NULL ? at->outer : NULL) {
        for (size_t i = 0; i < at->columns.len; i++) {
            const struct scope_column *c = &at->columns.ptr[i];
            bool matches =
                ref->table.ptr == NULL ? !c->hidden : str_eq(c->table, ref->table) && (!c->hidden || c->qualified_only);
            if (c->system || !matches)
                continue;
            push_target(an, s, list, expr_column(an->query, c->column), c->name);
            any = true;
        }
    }
    struct expr *variable = NULL;
    if (!any && ref->table.ptr != NULL)
        TRY(variable_find(an, ref, &variable, err));
    if (variable != NULL)
        return expand_row(an, s, variable, ref->base.position, list, err);
    if (any)
        return 0;
    if (ref->table.ptr == NULL)
        err_set(err, ERR_SYNTAX_ERROR, "cannot use \"*\" without a FROM clause");
    else
        err_set(err, ERR_UNDEFINED_TABLE, "no data source named \"%.*s\"", STR_FMT(ref->table));
    return err_at(err, ref->base.position);
}

static int expand_tuple(struct analyzer *an, struct scope *s, const struct ast_field_access *f,
                        struct target_list *list, struct err *err)
{
    struct expr *operand;
    TRY(expr_analyze(an, s, f->operand, T_ANYELEMENT, &operand, err));
    return expand_row(an, s, operand, f->base.position, list, err);
}

static int collect_targets(struct analyzer *an, struct scope *s, const struct ast_list *targets,
                           const struct type *want, size_t n_want, struct target_list *list, struct err *err)
{
    for (size_t i = 0; i < targets->n; i++) {
        const struct ast_target *t = ast_as_target(targets->items[i]);
        if (t->expr->kind == AST_COLUMN_REF && ast_as_column_ref(t->expr)->star) {
            TRY(expand_star(an, s, ast_as_column_ref(t->expr), list, err));
            continue;
        }
        if (t->expr->kind == AST_FIELD_ACCESS && ast_as_field_access(t->expr)->star) {
            TRY(expand_tuple(an, s, ast_as_field_access(t->expr), list, err));
            continue;
        }
        struct expr *e;
        size_t column = list->items.len; // behind what a star has brought
        TRY(expr_analyze(an, s, t->expr, column < n_want ? want[column] : T_ANYELEMENT, &e, err));
        push_target(an, s, list, e, t->alias.ptr != NULL ? t->alias : target_name(t->expr));
    }
    return 0;
}

int targets_analyze(struct analyzer *an, struct scope *s, const struct ast_list *targets, struct projection **items,
                    struct str **names, uint32_t *n, struct err *err)
{
    struct target_list list = {0};
    TRY(collect_targets(an, s, targets, NULL, 0, &list, err));
    *items = list.items.ptr;
    *names = list.names.ptr;
    *n = (uint32_t)list.items.len;
    return 0;
}

// ---- grouping

struct grouping {
    struct analyzer *an;
    struct projection *keys;
    uint32_t n_keys, cap_keys;
    struct col_set from; // columns of the FROM clause
    struct rel *input;
    struct grouping_sets sets;
    bool expanded; // keys are not columns of the FROM clause
};

// A column of a table whose primary key is grouped by is determined by it.
static bool depends_on_keys(struct grouping *g, col_id c)
{
    const struct col_info *info = query_column(g->an->query, c);
    if (info->table == NULL || info->table->primary == NULL)
        return false;
    for (size_t i = 0; i < info->table->primary->n_columns; i++) {
        bool found = false;
        for (uint32_t k = 0; k < g->n_keys && !found; k++) {
            const struct col_info *key = query_column(g->an->query, g->keys[k].column);
            // Columns of one scan have neighbouring numbers in table order.
            found = key->table == info->table && key->table_column_id == info->table->primary->columns[i].column_id;
        }
        if (!found)
            return false;
    }
    return true;
}

static int group_rewrite(struct grouping *g, struct expr **slot, struct err *err)
{
    struct expr *e = *slot;
    for (uint32_t i = 0; i < g->n_keys; i++) {
        if (expr_equal(e, g->keys[i].expr)) {
            *slot = expr_column(g->an->query, g->keys[i].column);
            return 0;
        }
    }
    if (e->kind == EXPR_COLUMN) {
        if (!col_set_has(&g->from, e->column))
            return 0;
        if (!g->expanded && depends_on_keys(g, e->column) && g->n_keys < g->cap_keys) {
            g->keys[g->n_keys++] = (struct projection){e->column, e};
            return 0;
        }
        err_set(err, ERR_GROUPING_ERROR,
                "column \"%.*s\" must appear in the GROUP BY clause or be used in an aggregate function",
                STR_FMT(query_column(g->an->query, e->column)->name));
        return err_at(err, e->position);
    }
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] != NULL)
            TRY(group_rewrite(g, &e->args[i], err));
    }
    for (uint32_t i = 0; i < e->n_order; i++)
        TRY(group_rewrite(g, &e->order[i].expr, err));
    for (uint32_t i = 0; i < e->n_partition; i++)
        TRY(group_rewrite(g, &e->partition[i], err));
    return 0;
}

static int rewrite_projections(struct grouping *g, struct projection *items, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct expr *before = items[i].expr;
        TRY(group_rewrite(g, &items[i].expr, err));
        if (before->kind == EXPR_COLUMN && items[i].expr->kind == EXPR_COLUMN && items[i].expr != before)
            items[i].column = items[i].expr->column;
    }
    return 0;
}

static struct rel *group_rel(struct analyzer *an, struct grouping *g, struct select_context *sc)
{
    // Keys that are expressions become columns below the grouping; everything else passes through.
    uint32_t n_in = g->input->n_cols, n_items = 0;
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, n_in + g->n_keys);
    bool computed = false;
    for (uint32_t i = 0; i < n_in; i++)
        items[n_items++] = (struct projection){g->input->cols[i], expr_column(an->query, g->input->cols[i])};
    for (uint32_t i = 0; i < g->n_keys; i++) {
        if (g->keys[i].expr->kind != EXPR_COLUMN || g->keys[i].expr->column != g->keys[i].column) {
            items[n_items++] = g->keys[i];
            computed = true;
        }
    }
    struct rel *r = rel_new(an->arena, REL_GROUP, computed ? project_items(an, g->input, items, n_items) : g->input);
    col_id *keys = ARENA_ARRAY(an->arena, col_id, g->n_keys);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, g->n_keys + sc->aggregates.len);
    for (uint32_t i = 0; i < g->n_keys; i++)
        keys[i] = cols[i] = g->keys[i].column;
    for (size_t i = 0; i < sc->aggregates.len; i++)
        cols[g->n_keys + i] = sc->aggregates.ptr[i].column;
    r->group.keys = keys;
    r->group.n_keys = g->n_keys;
    r->group.aggregates = sc->aggregates.ptr;
    r->group.n_aggregates = (uint32_t)sc->aggregates.len;
    r->cols = cols;
    r->n_cols = g->n_keys + (uint32_t)sc->aggregates.len;
    return r;
}

// An ordinal in GROUP BY or ORDER BY: its target, or NULL when the expression is not an integer literal.
static int ordinal_target(const struct ast *e, const struct target_list *list, const char *clause,
                          const struct projection **out, struct err *err)
{
    *out = NULL;
    if (e->kind != AST_NUMBER)
        return 0;
    const struct ast_number *n = ast_as_number(e);
    if (!n->is_integer || !n->fits_int64) {
        err_set(err, ERR_SYNTAX_ERROR, "non-integer constant in %s: %.*s", clause, STR_FMT(n->text));
        return err_at(err, e->position);
    }
    if (n->value < 1 || (size_t)n->value > list->items.len) {
        err_set(err, ERR_INVALID_COLUMN_REFERENCE, "%s position %lld is not in select list", clause,
                (long long)n->value);
        return err_at(err, e->position);
    }
    *out = &list->items.ptr[n->value - 1];
    return 0;
}

// A bare name that is an output alias.
static int alias_target(const struct ast *e, const struct target_list *list, const char *clause,
                        const struct projection **out, struct err *err)
{
    *out = NULL;
    if (e->kind != AST_COLUMN_REF)
        return 0;
    const struct ast_column_ref *ref = ast_as_column_ref(e);
    if (ref->table.ptr != NULL || ref->star)
        return 0;
    for (size_t i = 0; i < list->items.len; i++) {
        if (!str_eq(list->names.ptr[i], ref->column))
            continue;
        if (*out != NULL && !expr_equal((*out)->expr, list->items.ptr[i].expr)) {
            err_set(err, ERR_AMBIGUOUS_ALIAS, "%s \"%.*s\" is ambiguous", clause, STR_FMT(ref->column));
            return err_at(err, e->position);
        }
        if (*out == NULL)
            *out = &list->items.ptr[i];
    }
    return 0;
}

static int group_key(struct analyzer *an, struct scope *s, const struct ast *e, const struct target_list *list,
                     struct projection *out, struct err *err)
{
    const struct projection *target;
    TRY(ordinal_target(e, list, "GROUP BY", &target, err));
    if (target == NULL && e->kind == AST_COLUMN_REF && ast_as_column_ref(e)->table.ptr == NULL &&
        !scope_has(s, ast_as_column_ref(e)->column))
        TRY(alias_target(e, list, "GROUP BY", &target, err));
    if (target != NULL) {
        *out = *target;
        // Its own column number: the target will refer to the key.
        if (out->expr->kind != EXPR_COLUMN)
            out->column = query_add_column(an->query, STR("group_key"), out->expr->type);
        return 0;
    }
    struct expr *key;
    TRY(expr_analyze(an, s, e, T_ANYELEMENT, &key, err));
    *out = projection_of(an, s, key, STR("group_key"));
    return 0;
}

// Of an aggregate or of grouping().
static bool has_aggregate_column(const struct expr *e, const struct select_context *sc)
{
    if (e->kind == EXPR_COLUMN) {
        for (size_t i = 0; i < sc->aggregates.len; i++) {
            if (sc->aggregates.ptr[i].column == e->column)
                return true;
        }
        for (size_t i = 0; i < sc->groupings.len; i++) {
            if (sc->groupings.ptr[i].column == e->column)
                return true;
        }
    }
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i] != NULL && has_aggregate_column(e->args[i], sc))
            return true;
    }
    return false;
}

struct group_items {
    struct analyzer *an;
    struct scope *scope;
    const struct target_list *targets;
    struct select_context *sc;
    struct grouping *g;
};

static int add_group_key(void *arg, const struct ast *e, uint32_t *index, struct err *err)
{
    const struct group_items *items = arg;
    struct grouping *g = items->g;
    struct projection key;
    TRY(group_key(items->an, items->scope, e, items->targets, &key, err));
    if (has_aggregate_column(key.expr, items->sc)) {
        err_set(err, ERR_GROUPING_ERROR, "aggregate functions are not allowed in GROUP BY");
        return err_at(err, e->position);
    }
    for (*index = 0; *index < g->n_keys; ++*index) {
        if (expr_equal(g->keys[*index].expr, key.expr))
            return 0;
    }
    g->keys[g->n_keys++] = key;
    return 0;
}

static int group_by(struct analyzer *an, struct scope *s, const struct ast_list *items, const struct target_list *list,
                    struct select_context *sc, struct grouping *g, struct err *err)
{
    struct group_items work = {an, s, list, sc, g};
    const struct grouping_keys keys = {add_group_key, &work};
    size_t n = grouping_expressions(items);
    g->cap_keys = (uint32_t)(n + an->query->columns.len + 8);
    g->keys = ARENA_ARRAY(an->arena, struct projection, g->cap_keys + 1 + sc->groupings.len);
    TRY(grouping_sets_analyze(an, items, &keys, &g->sets, err));
    bool all = g->sets.masks.len == 1 && (!g->sets.written || g->n_keys == 0);
    g->expanded = !all || sc->groupings.len > 0;
    // What is above the grouping sees keys that may be NULL, aggregates the columns themselves.
    for (uint32_t i = 0; i < g->n_keys && g->expanded; i++)
        g->keys[i].column =
            query_add_column(an->query, query_column(an->query, g->keys[i].column)->name, g->keys[i].expr->type);
    return 0;
}

// ---- the stages of one SELECT

struct core_state {
    struct analyzer *an;
    struct scope *scope;
    struct select_context sc;
    struct target_list targets;
    struct sort_key *keys;
    uint32_t n_keys;
    ARENA_VEC(struct projection) extra; // sort and DISTINCT ON expressions that are not targets
    struct rel *rel;
};

static struct projection *find_projection(struct core_state *cs, const struct expr *e)
{
    for (size_t i = 0; i < cs->targets.items.len; i++) {
        if (expr_equal(cs->targets.items.ptr[i].expr, e))
            return &cs->targets.items.ptr[i];
    }
    for (size_t i = 0; i < cs->extra.len; i++) {
        if (expr_equal(cs->extra.ptr[i].expr, e))
            return &cs->extra.ptr[i];
    }
    return NULL;
}

// The output column an ORDER BY or DISTINCT ON item stands for.
static int output_column(struct core_state *cs, const struct ast *e, const char *clause, col_id *out, struct err *err)
{
    const struct projection *target;
    TRY(ordinal_target(e, &cs->targets, clause, &target, err));
    if (target == NULL)
        TRY(alias_target(e, &cs->targets, clause, &target, err));
    if (target == NULL) {
        struct expr *key;
        TRY(expr_analyze(cs->an, cs->scope, e, T_ANYELEMENT, &key, err));
        target = find_projection(cs, key);
        if (target == NULL) {
            ARENA_PUSH(cs->an->arena, &cs->extra, projection_of(cs->an, cs->scope, key, STR("sort_key")));
            target = &cs->extra.ptr[cs->extra.len - 1];
        }
    }
    *out = target->column;
    return 0;
}

struct pending_key {
    enum { FROM_TARGET, FROM_EXTRA } list;
    size_t index;
};

// Sort keys are held as columns; grouping may still replace the column of a projection, so they are found again by
// place.
static void locate(struct core_state *cs, col_id c, struct pending_key *out)
{
    for (size_t i = 0; i < cs->targets.items.len; i++) {
        if (cs->targets.items.ptr[i].column == c) {
            *out = (struct pending_key){FROM_TARGET, i};
            return;
        }
    }
    for (size_t i = 0; i < cs->extra.len; i++) {
        if (cs->extra.ptr[i].column == c)
            *out = (struct pending_key){FROM_EXTRA, i};
    }
}

static col_id located(const struct core_state *cs, struct pending_key k)
{
    return k.list == FROM_TARGET ? cs->targets.items.ptr[k.index].column : cs->extra.ptr[k.index].column;
}

static int order_by(struct core_state *cs, const struct ast_list *written, struct err *err)
{
    struct ast_list items;
    TRY(order_expand(cs->an, written, &items, err));
    cs->n_keys = (uint32_t)items.n;
    cs->keys = ARENA_ARRAY(cs->an->arena, struct sort_key, items.n);
    for (size_t i = 0; i < items.n; i++) {
        const struct ast_order_item *item = ast_as_order_item(items.items[i]);
        TRY(order_key(cs->an, item, &cs->keys[i], err));
        col_id column;
        TRY(output_column(cs, item->expr, "ORDER BY", &column, err));
        cs->keys[i].expr = expr_column(cs->an->query, column);
    }
    return 0;
}

static int group_stage(struct core_state *cs, const struct ast_select_core *core, struct expr *having,
                       struct scope *from_scope, struct err *err)
{
    struct analyzer *an = cs->an;
    bool grouped = core->group_by.n > 0 || cs->sc.aggregates.len > 0 || cs->sc.groupings.len > 0;
    if (!grouped && core->having == NULL)
        return 0;
    struct grouping g = {.an = an, .input = cs->rel};
    TRY(group_by(an, from_scope, &core->group_by, &cs->targets, &cs->sc, &g, err));
    g.from = col_set_new(an->arena, an->query);
    col_set_add_list(&g.from, cs->rel->cols, cs->rel->n_cols);
    TRY(rewrite_projections(&g, cs->targets.items.ptr, cs->targets.items.len, err));
    TRY(rewrite_projections(&g, cs->extra.ptr, cs->extra.len, err));
    for (size_t i = 0; i < cs->sc.windows.len; i++) {
        struct expr *w = cs->sc.windows.ptr[i].expr;
        TRY(group_rewrite(&g, &w, err));
    }
    for (size_t i = 0; i < cs->sc.srf_calls.len; i++)
        TRY(group_rewrite(&g, &cs->sc.srf_calls.ptr[i], err));
    if (having != NULL)
        TRY(group_rewrite(&g, &having, err));
    if (g.expanded)
        TRY(grouping_sets_expand(an, &g.sets, &cs->sc, g.keys, &g.n_keys, &g.input, err));
    cs->rel = filter(an, group_rel(an, &g, &cs->sc), having);
    return 0;
}

static bool same_window(const struct expr *a, const struct expr *b)
{
    if (a->n_partition != b->n_partition || a->n_order != b->n_order)
        return false;
    for (uint32_t i = 0; i < a->n_partition; i++) {
        if (!expr_equal(a->partition[i], b->partition[i]))
            return false;
    }
    for (uint32_t i = 0; i < a->n_order; i++) {
        if (!expr_equal(a->order[i].expr, b->order[i].expr) || a->order[i].descending != b->order[i].descending ||
            a->order[i].nulls_last != b->order[i].nulls_last)
            return false;
    }
    return true;
}

static struct rel *append_cols(struct analyzer *an, struct rel *r, const col_id *more, uint32_t n)
{
    col_id *cols = ARENA_ARRAY(an->arena, col_id, r->n_cols + n);
    if (r->n_cols > 0)
        memcpy(cols, r->cols, r->n_cols * sizeof(*cols));
    if (n > 0)
        memcpy(cols + r->n_cols, more, n * sizeof(*cols));
    r->cols = cols;
    r->n_cols += n;
    return r;
}

static void window_stage(struct core_state *cs)
{
    struct analyzer *an = cs->an;
    size_t n = cs->sc.windows.len;
    bool *done = ARENA_ARRAY(an->arena, bool, n);
    for (size_t i = 0; i < n; i++) {
        if (done[i])
            continue;
        struct rel *w = rel_new(an->arena, REL_WINDOW, cs->rel);
        w->window.functions = ARENA_ARRAY(an->arena, struct projection, n - i);
        for (size_t k = i; k < n; k++) {
            if (done[k] || !same_window(cs->sc.windows.ptr[i].expr, cs->sc.windows.ptr[k].expr))
                continue;
            done[k] = true;
            w->window.functions[w->window.n_functions++] = cs->sc.windows.ptr[k];
            append_cols(an, w, &cs->sc.windows.ptr[k].column, 1);
        }
        cs->rel = w;
    }
}

static void srf_stage(struct core_state *cs)
{
    if (cs->sc.srf_calls.len == 0)
        return;
    struct rel *r = rel_new(cs->an->arena, REL_SRF, cs->rel);
    r->srf.calls = cs->sc.srf_calls.ptr;
    r->srf.call_cols = cs->sc.srf_cols.ptr;
    r->srf.n_call_cols = cs->sc.srf_n_cols.ptr;
    r->srf.n_calls = (uint32_t)cs->sc.srf_calls.len;
    for (uint32_t i = 0; i < r->srf.n_calls; i++)
        append_cols(cs->an, r, r->srf.call_cols[i], r->srf.n_call_cols[i]);
    cs->rel = r;
}

static void project_stage(struct core_state *cs)
{
    size_t n = cs->targets.items.len, m = cs->extra.len;
    struct projection *items = ARENA_ARRAY(cs->an->arena, struct projection, n + m);
    if (n > 0)
        memcpy(items, cs->targets.items.ptr, n * sizeof(*items));
    if (m > 0)
        memcpy(items + n, cs->extra.ptr, m * sizeof(*items));
    cs->rel = project_items(cs->an, cs->rel, items, (uint32_t)(n + m));
}

static struct rel *distinct_rel(struct analyzer *an, struct rel *input, const col_id *keys, uint32_t n)
{
    struct rel *d = rel_new(an->arena, REL_DISTINCT, input);
    d->distinct.keys = keys;
    d->distinct.n_keys = n;
    return d;
}

static struct rel *sort_rel(struct analyzer *an, struct rel *input, struct sort_key *keys, uint32_t n)
{
    if (n == 0)
        return input;
    struct rel *s = rel_new(an->arena, REL_SORT, input);
    s->sort.keys = keys;
    s->sort.n_keys = n;
    return s;
}

// DISTINCT ON with an order: the rest of its expressions goes behind those that begin the order, so that rows of a
// group are adjacent.
static void sort_by_groups(struct core_state *cs, const col_id *on, uint32_t n)
{
    struct analyzer *an = cs->an;
    struct sort_key *keys = ARENA_ARRAY(an->arena, struct sort_key, cs->n_keys + n);
    uint32_t at = MIN(cs->n_keys, n), n_keys = at;
    if (cs->n_keys == 0)
        return;
    memcpy(keys, cs->keys, at * sizeof(*keys));
    for (uint32_t i = 0; i < n; i++) {
        bool there = false;
        for (uint32_t k = 0; k < at; k++)
            there |= keys[k].expr->column == on[i];
        if (!there)
            keys[n_keys++] = (struct sort_key){.expr = expr_column(an->query, on[i])};
    }
    memcpy(keys + n_keys, cs->keys + at, (cs->n_keys - at) * sizeof(*keys));
    cs->keys = keys;
    cs->n_keys += n_keys - at;
}

static int distinct_stage(struct core_state *cs, const struct ast_select_core *core, const col_id *on, struct err *err)
{
    struct analyzer *an = cs->an;
    if (core->distinct_on.n > 0) { // the first row of each group in the order given
        for (uint32_t i = 0; i < cs->n_keys && i < core->distinct_on.n; i++) {
            bool listed = false;
            for (size_t k = 0; k < core->distinct_on.n; k++)
                listed |= on[k] == cs->keys[i].expr->column;
            if (!listed)
                return err_set(err, ERR_SYNTAX_ERROR,
                               "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
        }
        sort_by_groups(cs, on, (uint32_t)core->distinct_on.n);
        cs->rel = sort_rel(an, cs->rel, cs->keys, cs->n_keys);
        cs->rel = distinct_rel(an, cs->rel, on, (uint32_t)core->distinct_on.n);
        cs->rel->distinct.ordered = cs->n_keys > 0;
        return 0;
    }
    if (core->distinct) {
        if (cs->extra.len > 0)
            return err_set(err, ERR_SYNTAX_ERROR,
                           "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
        cs->rel = distinct_rel(an, cs->rel, cs->rel->cols, cs->rel->n_cols);
    }
    cs->rel = sort_rel(an, cs->rel, cs->keys, cs->n_keys);
    return 0;
}

static int analyze_targets(struct core_state *cs, const struct ast_select_core *core, const struct ast_list *sort,
                           const struct type *want, size_t n_want, struct expr **having, col_id *distinct_on,
                           struct err *err)
{
    struct analyzer *an = cs->an;
    TRY(collect_targets(an, cs->scope, &core->targets, want, n_want, &cs->targets, err));
    TRY(order_by(cs, sort, err));
    for (size_t i = 0; i < core->distinct_on.n; i++)
        TRY(output_column(cs, core->distinct_on.items[i], "DISTINCT ON", &distinct_on[i], err));
    if (core->having != NULL) {
        cs->sc.windows_allowed = cs->sc.srf_allowed = false;
        cs->sc.clause = "HAVING";
        TRY(expr_analyze_bool(an, cs->scope, core->having, "HAVING", having, err));
    }
    return 0;
}

static void finish_core(struct core_state *cs, struct select_result *out)
{
    uint32_t n = (uint32_t)cs->targets.items.len;
    col_id *cols = ARENA_ARRAY(cs->an->arena, col_id, n);
    for (uint32_t i = 0; i < n; i++)
        cols[i] = cs->targets.items.ptr[i].column;
    *out = (struct select_result){cs->rel, cols, cs->targets.names.ptr, n};
}

static int core_stages(struct core_state *cs, const struct ast_select_core *core, const struct ast_list *sort,
                       const struct type *want, size_t n_want, struct err *err)
{
    struct analyzer *an = cs->an;
    struct expr *having = NULL;
    col_id *distinct_on = ARENA_ARRAY(an->arena, col_id, core->distinct_on.n);
    cs->sc.scope = cs->sc.input_scope = cs->scope;
    cs->sc.named_windows = &core->windows;
    struct select_context *saved = an->select;
    an->select = &cs->sc;
    int rc = 0;
    if (core->where != NULL) {
        struct expr *where;
        cs->sc.clause = "WHERE";
        rc = expr_analyze_bool(an, cs->scope, core->where, "WHERE", &where, err);
        if (rc == 0)
            cs->rel = filter(an, cs->rel, where);
    }
    cs->sc.aggregates_allowed = cs->sc.windows_allowed = cs->sc.srf_allowed = true;
    if (rc == 0)
        rc = analyze_targets(cs, core, sort, want, n_want, &having, distinct_on, err);
    cs->sc.aggregates_allowed = false; // GROUP BY items
    cs->sc.clause = "GROUP BY";
    struct pending_key *keys = ARENA_ARRAY(an->arena, struct pending_key, cs->n_keys + core->distinct_on.n);
    if (rc == 0) {
        for (uint32_t i = 0; i < cs->n_keys; i++)
            locate(cs, cs->keys[i].expr->column, &keys[i]);
        for (size_t i = 0; i < core->distinct_on.n; i++)
            locate(cs, distinct_on[i], &keys[cs->n_keys + i]);
        rc = group_stage(cs, core, having, cs->scope, err);
    }
    an->select = saved;
    TRY(rc);
    for (uint32_t i = 0; i < cs->n_keys; i++)
        cs->keys[i].expr = expr_column(an->query, located(cs, keys[i]));
    for (size_t i = 0; i < core->distinct_on.n; i++)
        distinct_on[i] = located(cs, keys[cs->n_keys + i]);
    window_stage(cs);
    srf_stage(cs);
    project_stage(cs);
    return distinct_stage(cs, core, distinct_on, err);
}

static int core_analyze(struct analyzer *an, struct scope *outer, const struct ast_select_core *core,
                        const struct ast_list *sort, const struct type *want, size_t n_want, struct select_result *out,
                        struct err *err)
{
    struct core_state cs = {.an = an, .scope = scope_new(an, outer)};
    struct expr *as_of; // evaluated before the statement is analyzed; what is left to do here is typing placeholders
    if (core->as_of != NULL)
        TRY(expr_analyze(an, scope_new(an, NULL), core->as_of, T_STRING, &as_of, err));
    TRY(from_analyze(an, outer, &core->from, cs.scope, &cs.rel, err));
    TRY(core_stages(&cs, core, sort, want, n_want, err));
    finish_core(&cs, out);
    return 0;
}

// ---- VALUES and set operations

static int values_analyze(struct analyzer *an, struct scope *s, const struct ast_values *v, const struct type *want,
                          size_t n_want, struct select_result *out, struct err *err)
{
    uint32_t n_rows = (uint32_t)v->rows.n;
    uint32_t n = n_rows == 0 ? 0 : (uint32_t)ast_as_tuple(v->rows.items[0])->items.n;
    struct rel *r = rel_new(an->arena, REL_VALUES, NULL);
    r->values.rows = ARENA_ARRAY(an->arena, struct expr **, n_rows);
    r->values.n_rows = n_rows;
    for (uint32_t i = 0; i < n_rows; i++) {
        if (ast_as_tuple(v->rows.items[i])->items.n != n) {
            err_set(err, ERR_SYNTAX_ERROR, "VALUES lists must all be the same length, expected %u columns, found %zu",
                    n, ast_as_tuple(v->rows.items[i])->items.n);
            return err_at(err, v->rows.items[i]->position);
        }
        r->values.rows[i] = ARENA_ARRAY(an->arena, struct expr *, n);
    }
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n);
    struct str *names = ARENA_ARRAY(an->arena, struct str, n);
    struct ast_list column = {ARENA_ARRAY(an->arena, struct ast *, n_rows), n_rows};
    struct expr **items = ARENA_ARRAY(an->arena, struct expr *, n_rows);
    for (uint32_t c = 0; c < n; c++) {
        struct type t = c < n_want ? want[c] : T_ANYELEMENT;
        for (uint32_t i = 0; i < n_rows; i++)
            column.items[i] = ast_as_tuple(v->rows.items[i])->items.items[c];
        TRY(expr_analyze_list(an, s, &column, t, "VALUES", items, &t, err));
        for (uint32_t i = 0; i < n_rows; i++)
            r->values.rows[i][c] = items[i];
        names[c] = arena_printf(an->arena, "column%u", c + 1);
        cols[c] = query_add_column(an->query, names[c], t);
        if (t.family == TYPE_TUPLE && n_rows > 0) {
            query_column(an->query, cols[c])->field_types = items[0]->field_types;
            query_column(an->query, cols[c])->field_names = items[0]->field_names;
            query_column(an->query, cols[c])->n_fields = items[0]->parameter;
        }
    }
    r->cols = cols;
    r->n_cols = n;
    *out = (struct select_result){r, cols, names, n};
    return 0;
}

static int body_analyze(struct analyzer *an, struct scope *s, const struct ast *body, const struct type *want,
                        size_t n_want, struct select_result *out, struct err *err);

// Narrows to the output columns, cast to the given types.
static int project_to(struct analyzer *an, struct select_result *r, const struct type *types, struct err *err)
{
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, r->n_cols);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, r->n_cols);
    for (uint32_t i = 0; i < r->n_cols; i++) {
        struct expr *e;
        TRY(expr_cast(an, expr_column(an->query, r->cols[i]), types[i], false, &e, err));
        items[i] = projection_of(an, NULL, e, r->names[i]);
        for (uint32_t k = 0; k < i; k++) { // the same column twice needs two numbers
            if (items[k].column == items[i].column)
                items[i].column = query_add_column(an->query, r->names[i], types[i]);
        }
        cols[i] = items[i].column;
    }
    r->rel = project_items(an, r->rel, items, r->n_cols);
    r->cols = cols;
    return 0;
}

static int set_column_type(struct analyzer *an, const struct ast_set_op *op, struct select_result *l,
                           struct select_result *r, uint32_t i, struct type *out, struct err *err)
{
    struct expr *pair[2] = {expr_column(an->query, l->cols[i]), expr_column(an->query, r->cols[i])};
    struct err mismatch = ERR_INIT;
    int rc = expr_unify(an, pair, 2, ast_set_op_kind_sql(op->op), out, &mismatch);
    err_reset(&mismatch);
    if (rc != 0) {
        err_set(err, ERR_DATATYPE_MISMATCH, "%s types %s and %s cannot be matched", ast_set_op_kind_sql(op->op),
                type_family_name(query_column(an->query, l->cols[i])->type),
                type_family_name(query_column(an->query, r->cols[i])->type));
        return err_at(err, op->base.position);
    }
    return 0;
}

static int combine_sets(struct analyzer *an, const struct ast_set_op *op, struct select_result *l,
                        struct select_result *r, struct select_result *out, struct err *err)
{
    if (l->n_cols != r->n_cols) {
        err_set(err, ERR_SYNTAX_ERROR, "each %s query must have the same number of columns: %u vs %u",
                ast_set_op_kind_sql(op->op), l->n_cols, r->n_cols);
        return err_at(err, op->base.position);
    }
    uint32_t n = l->n_cols;
    struct type *types = ARENA_ARRAY(an->arena, struct type, n);
    for (uint32_t i = 0; i < n; i++)
        TRY(set_column_type(an, op, l, r, i, &types[i], err));
    TRY(project_to(an, l, types, err));
    TRY(project_to(an, r, types, err));
    struct rel *s = rel_new(an->arena, REL_SET_OP, l->rel);
    s->right = r->rel;
    s->set.op = op->op == AST_SET_UNION ? SET_UNION : op->op == AST_SET_INTERSECT ? SET_INTERSECT : SET_EXCEPT;
    s->set.all = op->all;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n);
    for (uint32_t i = 0; i < n; i++)
        cols[i] = query_add_column(an->query, l->names[i], types[i]);
    s->cols = cols;
    s->n_cols = n;
    *out = (struct select_result){s, cols, l->names, n};
    return 0;
}

static int set_op_analyze(struct analyzer *an, struct scope *s, const struct ast_set_op *op, const struct type *want,
                          size_t n_want, struct select_result *out, struct err *err)
{
    struct select_result l, r;
    TRY(body_analyze(an, s, op->left, want, n_want, &l, err));
    struct type *hint = ARENA_ARRAY(an->arena, struct type, l.n_cols);
    for (uint32_t i = 0; i < l.n_cols; i++) {
        hint[i] = query_column(an->query, l.cols[i])->type;
        if (hint[i].family == TYPE_UNKNOWN)
            hint[i] = T_ANYELEMENT;
    }
    TRY(body_analyze(an, s, op->right, hint, l.n_cols, &r, err));
    return combine_sets(an, op, &l, &r, out, err);
}

static int body_analyze(struct analyzer *an, struct scope *s, const struct ast *body, const struct type *want,
                        size_t n_want, struct select_result *out, struct err *err)
{
    static const struct ast_list no_order = {0};
    switch (body->kind) {
    case AST_SELECT_CORE:
        return core_analyze(an, s, ast_as_select_core(body), &no_order, want, n_want, out, err);
    case AST_VALUES:
        return values_analyze(an, s, ast_as_values(body), want, n_want, out, err);
    case AST_SET_OP:
        return set_op_analyze(an, s, ast_as_set_op(body), want, n_want, out, err);
    default:
        return select_analyze(an, s, body, want, n_want, out, err);
    }
}

// ORDER BY above VALUES or a set operation: output columns by name, ordinal, or expressions over them.
static int order_output(struct analyzer *an, struct scope *outer, const struct ast_list *sort,
                        struct select_result *out, struct err *err)
{
    if (sort->n == 0)
        return 0;
    struct core_state cs = {.an = an, .scope = scope_new(an, outer), .rel = out->rel};
    for (uint32_t i = 0; i < out->n_cols; i++) {
        scope_add(an, cs.scope, (struct scope_column){.name = out->names[i], .column = out->cols[i]});
        struct projection item = {out->cols[i], expr_column(an->query, out->cols[i])};
        ARENA_PUSH(an->arena, &cs.targets.items, item);
        ARENA_PUSH(an->arena, &cs.targets.names, out->names[i]);
    }
    TRY(order_by(&cs, sort, err));
    if (cs.extra.len > 0)
        project_stage(&cs);
    out->rel = sort_rel(an, cs.rel, cs.keys, cs.n_keys);
    return 0;
}

// ---- row locks

static void lock_scans(struct analyzer *an, struct rel *r, const struct ast_locking *l)
{
    if (r == NULL)
        return;
    static const enum lock_strength strengths[] = {[AST_LOCK_UPDATE] = LOCK_UPDATE,
                                                   [AST_LOCK_NO_KEY_UPDATE] = LOCK_NO_KEY_UPDATE,
                                                   [AST_LOCK_SHARE] = LOCK_SHARE,
                                                   [AST_LOCK_KEY_SHARE] = LOCK_KEY_SHARE,
                                                   [AST_LOCK_NONE] = LOCK_NONE};
    if (r->kind == REL_SCAN && r->scan.table->kind != CAT_VIRTUAL) {
        if (strengths[l->strength] > r->scan.lock)
            r->scan.lock = strengths[l->strength];
        r->scan.lock_wait = l->wait == AST_LOCK_WAIT_SKIP    ? LOCK_WAIT_SKIP
                            : l->wait == AST_LOCK_WAIT_ERROR ? LOCK_WAIT_NOWAIT
                                                             : r->scan.lock_wait;
        use_relation(an, r->scan.table, CAT_PRIVILEGE_UPDATE);
        an->query->row_lock = ast_lock_strength_sql(l->strength);
    }
    lock_scans(an, r->input, l);
    lock_scans(an, r->right, l);
}

// Why rows of this query cannot be locked: they are not rows of its tables. NULL: they can.
static const char *unlockable(const struct ast_select *sel, const struct rel *r)
{
    if (sel->body->kind == AST_SET_OP)
        return "UNION/INTERSECT/EXCEPT";
    if (sel->body->kind == AST_VALUES)
        return "VALUES";
    if (sel->body->kind != AST_SELECT_CORE)
        return NULL;
    const struct ast_select_core *core = ast_as_select_core(sel->body);
    if (core->distinct || core->distinct_on.n > 0)
        return "DISTINCT clause";
    if (core->group_by.n > 0)
        return "GROUP BY clause";
    if (core->having != NULL)
        return "HAVING clause";
    for (; r != NULL && r->kind != REL_JOIN && r->kind != REL_SET_OP; r = r->input) {
        if (r->kind == REL_GROUP)
            return "aggregate functions";
        if (r->kind == REL_WINDOW)
            return "window functions";
    }
    return NULL;
}

// FOR UPDATE OF a, b: what the query's own FROM calls so.
static int lock_named(struct analyzer *an, const struct ast_locking *l, size_t first, struct err *err)
{
    for (size_t i = 0; i < l->tables.n; i++) {
        const struct ast_object_name *name = ast_as_object_name(l->tables.items[i]);
        bool found = false;
        if (name->schema.ptr != NULL) {
            err_set(err, ERR_SYNTAX_ERROR, "%s must specify unqualified relation names",
                    ast_lock_strength_sql(l->strength));
            return err_at(err, name->base.position);
        }
        for (size_t k = first; k < an->sources.len; k++) {
            if (!str_eq(an->sources.ptr[k].name, name->name))
                continue;
            lock_scans(an, an->sources.ptr[k].rel, l);
            found = true;
        }
        if (!found) {
            err_set(err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" in %s clause not found in FROM clause",
                    STR_FMT(name->name), ast_lock_strength_sql(l->strength));
            return err_at(err, name->base.position);
        }
    }
    return 0;
}

// `first`: where the query's sources begin.
static int apply_locking(struct analyzer *an, const struct ast_select *sel, struct rel *r, size_t first,
                         struct err *err)
{
    for (size_t i = 0; i < sel->locking.n; i++) {
        const struct ast_locking *l = ast_as_locking(sel->locking.items[i]);
        if (l->strength == AST_LOCK_NONE)
            continue;
        const char *reason = unlockable(sel, r);
        if (reason != NULL) {
            err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s is not allowed with %s", ast_lock_strength_sql(l->strength),
                    reason);
            return err_at(err, l->base.position);
        }
        TRY(lock_named(an, l, first, err));
        if (l->tables.n == 0)
            lock_scans(an, r, l);
    }
    return 0;
}

// ---- WITH

static int bind_cte(struct analyzer *an, struct scope *s, const struct ast_cte *c, struct cte *cte,
                    const struct select_result *body, bool working_table, struct err *err)
{
    if (c->columns.n > body->n_cols) {
        err_set(err, ERR_INVALID_COLUMN_REFERENCE, "source \"%.*s\" has %u columns available but %zu columns specified",
                STR_FMT(c->name), body->n_cols, c->columns.n);
        return err_at(err, c->base.position);
    }
    struct str *names = ARENA_ARRAY(an->arena, struct str, body->n_cols);
    for (uint32_t i = 0; i < body->n_cols; i++)
        names[i] = i < c->columns.n ? ast_as_name(c->columns.items[i])->name : body->names[i];
    struct cte_binding *b = ARENA_NEW(an->arena, struct cte_binding);
    b->next = s->ctes;
    b->cte = cte;
    b->working_table = working_table;
    b->column_names = names;
    s->ctes = b;
    return 0;
}

static void narrow(struct analyzer *an, struct select_result *r)
{
    if (r->rel->n_cols == r->n_cols &&
        (r->n_cols == 0 || memcmp(r->rel->cols, r->cols, r->n_cols * sizeof(col_id)) == 0))
        return;
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, r->n_cols);
    for (uint32_t i = 0; i < r->n_cols; i++)
        items[i] = (struct projection){r->cols[i], expr_column(an->query, r->cols[i])};
    r->rel = project_items(an, r->rel, items, r->n_cols);
}

// body is `start UNION [ALL] step`, where step reads the name.
static int recursive_cte(struct analyzer *an, struct scope *s, const struct ast_cte *c, struct cte *cte,
                         const struct ast_set_op *op, struct select_result *out, struct err *err)
{
    struct select_result start, step;
    TRY(body_analyze(an, s, op->left, NULL, 0, &start, err));
    narrow(an, &start);
    cte->rel = start.rel; // types of the working table
    struct cte_binding *saved = s->ctes;
    TRY(bind_cte(an, s, c, cte, &start, true, err));
    struct type *types = ARENA_ARRAY(an->arena, struct type, start.n_cols);
    for (uint32_t i = 0; i < start.n_cols; i++)
        types[i] = query_column(an->query, start.cols[i])->type;
    TRY(body_analyze(an, s, op->right, types, start.n_cols, &step, err));
    s->ctes = saved;
    if (step.n_cols != start.n_cols)
        return err_set(err, ERR_SYNTAX_ERROR, "each UNION query must have the same number of columns: %u vs %u",
                       start.n_cols, step.n_cols);
    for (uint32_t i = 0; i < start.n_cols; i++) {
        struct type got = query_column(an->query, step.cols[i])->type;
        if (got.family != types[i].family && cast_allowed(got, types[i]) < CAST_IMPLICIT)
            return err_set(err, ERR_DATATYPE_MISMATCH, "UNION types %s and %s cannot be matched for WITH RECURSIVE",
                           type_family_name(types[i]), type_family_name(got));
    }
    TRY(project_to(an, &step, types, err));
    struct rel *r = rel_new(an->arena, REL_RECURSIVE, start.rel);
    r->right = step.rel;
    r->recursive.cte = cte;
    r->recursive.distinct = !op->all;
    *out = start;
    out->rel = r;
    cte->rel = r;
    return 0;
}

static const struct ast_set_op *recursive_body(const struct ast_cte *c)
{
    if (c->statement->kind != AST_SELECT)
        return NULL;
    const struct ast_select *sel = ast_as_select(c->statement);
    if (sel->body->kind != AST_SET_OP || sel->with != NULL)
        return NULL;
    const struct ast_set_op *op = ast_as_set_op(sel->body);
    return op->op == AST_SET_UNION ? op : NULL;
}

int with_analyze(struct analyzer *an, struct scope *s, const struct ast *node, struct err *err)
{
    if (node == NULL)
        return 0;
    const struct ast_with *with = ast_as_with(node);
    for (size_t i = 0; i < with->ctes.n; i++) {
        const struct ast_cte *c = ast_as_cte(with->ctes.items[i]);
        for (struct cte_binding *b = s->ctes; b != NULL; b = b->next) {
            if (str_eq(b->cte->name, c->name)) {
                err_set(err, ERR_DUPLICATE_ALIAS, "WITH query name %.*s specified more than once", STR_FMT(c->name));
                return err_at(err, c->base.position);
            }
        }
        struct cte *cte = ARENA_NEW(an->arena, struct cte);
        cte->name = c->name;
        cte->materialized = c->materialize == AST_MATERIALIZE_ALWAYS;
        cte->not_materialized = c->materialize == AST_MATERIALIZE_NEVER;
        const struct ast_set_op *op = with->recursive ? recursive_body(c) : NULL;
        struct select_result body;
        bool mutated = an->query->has_mutation;
        an->query->has_mutation = false;
        if (op != NULL) {
            cte->recursive = true;
            TRY(recursive_cte(an, s, c, cte, op, &body, err));
        } else {
            TRY(statement_analyze(an, s, c->statement, &body, err));
            narrow(an, &body);
            cte->rel = body.rel;
        }
        cte->has_mutation = an->query->has_mutation;
        an->query->has_mutation |= mutated;
        cte->number = (uint32_t)an->ctes.len;
        ARENA_PUSH(an->arena, &an->ctes, cte);
        TRY(bind_cte(an, s, c, cte, &body, false, err));
    }
    return 0;
}

int select_analyze(struct analyzer *an, struct scope *outer, const struct ast *node, const struct type *want,
                   size_t n_want, struct select_result *out, struct err *err)
{
    if (node->kind != AST_SELECT)
        return statement_analyze(an, outer, node, out, err);
    const struct ast_select *sel = ast_as_select(node);
    struct scope *s = scope_new(an, outer);
    size_t first = an->sources.len;
    TRY(with_analyze(an, s, sel->with, err));
    if (sel->body->kind == AST_SELECT_CORE) {
        TRY(core_analyze(an, s, ast_as_select_core(sel->body), &sel->order_by, want, n_want, out, err));
    } else {
        TRY(body_analyze(an, s, sel->body, want, n_want, out, err));
        TRY(order_output(an, s, &sel->order_by, out, err));
    }
    TRY(limit_analyze(an, out->rel, sel->limit_all ? NULL : sel->limit, sel->offset, &out->rel, err));
    TRY(apply_locking(an, sel, out->rel, first, err));
    an->sources.len = first;
    narrow(an, out);
    return 0;
}
