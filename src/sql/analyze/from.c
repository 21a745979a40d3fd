// FROM: tables, views, joins, functions and subqueries as relations.
#include "sql/analyze/analyze_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

enum { VIEW_DEPTH_MAX = 64 };

void use_relation(struct analyzer *an, const struct cat_table *table, uint32_t privileges)
{
    for (size_t i = 0; i < an->relations.len; i++) {
        if (an->relations.ptr[i].table == table) {
            an->relations.ptr[i].privileges |= privileges;
            return;
        }
    }
    struct relation_use use = {table, privileges};
    ARENA_PUSH(an->arena, &an->relations, use);
}

int from_resolve(struct analyzer *an, const struct ast *name, const struct cat_table **out, struct err *err)
{
    const struct ast_object_name *n = ast_as_object_name(name);
    struct str parts[3];
    size_t n_parts = 0;
    if (n->database.ptr != NULL)
        parts[n_parts++] = n->database;
    if (n->schema.ptr != NULL)
        parts[n_parts++] = n->schema;
    parts[n_parts++] = n->name;
    int rc = cat_resolve_table(an->options->view, &an->options->scope, parts, n_parts, false, out, err);
    return rc == 0 ? 0 : err_at(err, name->position);
}

int from_resolve_id(struct analyzer *an, const struct ast_aliased_table *at, const struct cat_table **out,
                    struct err *err)
{
    const struct ast_table_id *ref = ast_as_table_id(at->source);
    TRY(cat_table_by_id(an->options->view, (uint32_t)ref->id, out, err));
    if (*out != NULL && ref->id <= UINT32_MAX)
        return 0;
    err_set(err, ERR_UNDEFINED_TABLE, "relation \"[%lld AS %.*s]\" does not exist", (long long)ref->id,
            STR_FMT(at->alias));
    return err_at(err, at->base.position);
}

static const struct cat_index *hinted_index(const struct cat_table *table, const struct ast_index_hint *h)
{
    if (h->index.ptr == NULL)
        return cat_index_by_id(table, (uint32_t)h->index_id);
    const struct cat_index *named = cat_index_by_name(table, h->index);
    return named == NULL && str_eqc(h->index, "primary") ? table->primary : named;
}

static int apply_hint(const struct cat_table *table, const struct ast *node, struct scan_hints *hints, struct err *err)
{
    if (node == NULL)
        return 0;
    const struct ast_index_hint *h = ast_as_index_hint(node);
    if (table->kind == CAT_VIRTUAL) {
        err_set(err, ERR_SYNTAX_ERROR, "index flags not allowed with virtual tables");
        return err_at(err, node->position);
    }
    hints->ascending = h->direction == AST_DIRECTION_ASC;
    hints->descending = h->direction == AST_DIRECTION_DESC;
    hints->no_full_scan = h->no_full_scan;
    hints->avoid_full_scan = h->avoid_full_scan;
    hints->no_index_join = h->no_index_join;
    hints->force_inverted = h->force_inverted;
    hints->force_zigzag = h->force_zigzag;
    if (h->index.ptr == NULL && h->index_id == 0)
        return 0;
    hints->index = hinted_index(table, h);
    if (hints->index != NULL && hints->index->state == CAT_INDEX_PUBLIC)
        return 0;
    if (h->index.ptr != NULL)
        err_set(err, ERR_UNDEFINED_OBJECT, "index \"%.*s\" not found", STR_FMT(h->index));
    else
        err_set(err, ERR_UNDEFINED_OBJECT, "index [%lld] not found", (long long)h->index_id);
    return err_at(err, node->position);
}

// Rows of catalog relations know the OID of their relation: PostgreSQL's tools join pg_description and pg_depend by it.
// Stored ones know when they were written. What else rows have beside their columns is constant (scope.c).
static void add_system_column(struct analyzer *an, struct scope *into, struct rel *scan, col_id *cols, uint32_t *ids,
                              struct scope_column named)
{
    const struct cat_table *t = scan->scan.table;
    bool stored = t->kind != CAT_VIRTUAL;
    named.name = stored ? STR("crdb_internal_mvcc_timestamp") : STR("tableoid");
    named.hidden = named.system = true;
    named.column = cols[scan->n_cols] = query_add_column(an->query, named.name, stored ? T_DECIMAL : T_OID);
    ids[scan->n_cols] = stored ? CAT_COLUMN_VERSION : CAT_COLUMN_TABLEOID;
    struct col_info *info = query_column(an->query, named.column);
    info->not_null = true;
    info->table = t;
    info->table_column_id = ids[scan->n_cols++];
    scope_add(an, into, named);
}

int from_table(struct analyzer *an, struct scope *into, const struct cat_table *table, struct str alias,
               const struct ast *hint, bool all_columns, uint32_t privileges, struct rel **out, struct err *err)
{
    use_relation(an, table, privileges);
    struct rel *scan = rel_new(an->arena, REL_SCAN, NULL);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, table->n_columns + 1);
    uint32_t *ids = ARENA_ARRAY(an->arena, uint32_t, table->n_columns + 1);
    struct str name = alias.ptr != NULL ? alias : table->name;
    const struct cat_schema *schema = NULL;
    uint32_t key = table->primary != NULL ? table->primary->columns[0].column_id : 0;
    if (alias.ptr == NULL)
        TRY(cat_schema_by_id(an->options->view, table->schema_id, &schema, err));
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct cat_column *c = &table->columns[i];
        cols[i] = query_add_column(an->query, c->name, c->type);
        ids[i] = c->id;
        struct col_info *info = query_column(an->query, cols[i]);
        info->not_null = c->not_null;
        info->table = table;
        info->table_column_id = c->id;
        scope_add(an, into,
                  (struct scope_column){.name = cat_column_inaccessible(c) ? STR_EMPTY : c->name,
                                        .table = name,
                                        .column = cols[i],
                                        .hidden = c->hidden,
                                        .key_of = key == c->id ? table->id : 0,
                                        .schema = schema != NULL ? schema->name : STR_NONE,
                                        .database = schema != NULL ? an->options->scope.database : STR_NONE});
    }
    scan->cols = cols;
    scan->n_cols = (uint32_t)table->n_columns;
    scan->scan.table = table;
    scan->scan.table_columns = ids;
    TRY(table_index_exprs(an, table, cols, scan, err));
    add_system_column(an, into, scan, cols, ids,
                      (struct scope_column){.table = name,
                                            .schema = schema != NULL ? schema->name : STR_NONE,
                                            .database = schema != NULL ? an->options->scope.database : STR_NONE});
    TRY(apply_hint(table, hint, &scan->scan.hints, err));
    *out = scan;
    return 0;
}

static struct str alias_name(const struct ast_aliased_table *at, size_t i)
{
    const struct ast *item = at->columns.items[i];
    return item->kind == AST_NAME ? ast_as_name(item)->name : ast_as_column_def(item)->name;
}

// Puts the columns of a derived table under its alias; `names` from the alias list override.
static int add_derived(struct analyzer *an, struct scope *into, const struct ast_aliased_table *at, struct str table,
                       const col_id *cols, const struct str *names, uint32_t n, struct err *err)
{
    if (at->columns.n > n) {
        err_set(err, ERR_INVALID_COLUMN_REFERENCE, "source \"%.*s\" has %u columns available but %zu columns specified",
                STR_FMT(table), n, at->columns.n);
        return err_at(err, at->base.position);
    }
    for (uint32_t i = 0; i < n; i++) {
        struct str name = names[i];
        if (i < at->columns.n)
            name = alias_name(at, i);
        scope_add(an, into, (struct scope_column){.name = name, .table = table, .column = cols[i]});
    }
    return 0;
}

static int from_cte(struct analyzer *an, struct scope *into, struct cte_binding *b, const struct ast_aliased_table *at,
                    struct rel **out, struct err *err)
{
    if (b->cte->rel->n_cols == 0) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "WITH clause \"%.*s\" does not return any columns",
                STR_FMT(b->cte->name));
        err_hint(err, "missing RETURNING clause?");
        return err_at(err, at->base.position);
    }
    struct rel *r = rel_new(an->arena, REL_CTE, NULL);
    r->cte.cte = b->cte;
    r->cte.working_table = b->working_table;
    b->cte->uses++;
    uint32_t n = b->cte->rel->n_cols;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n);
    for (uint32_t i = 0; i < n; i++) {
        struct col_info info = *query_column(an->query, b->cte->rel->cols[i]);
        cols[i] = query_add_column(an->query, b->column_names[i], info.type);
        query_column(an->query, cols[i])->field_types = info.field_types;
        query_column(an->query, cols[i])->field_names = info.field_names;
        query_column(an->query, cols[i])->n_fields = info.n_fields;
    }
    r->cols = cols;
    r->n_cols = n;
    *out = r;
    return add_derived(an, into, at, at->alias.ptr != NULL ? at->alias : b->cte->name, cols, b->column_names, n, err);
}

static int from_view(struct analyzer *an, struct scope *into, const struct cat_table *view,
                     const struct ast_aliased_table *at, struct rel **out, struct err *err)
{
    use_relation(an, view, CAT_PRIVILEGE_SELECT);
    if (++an->view_depth > VIEW_DEPTH_MAX)
        return err_set(err, ERR_STATEMENT_TOO_COMPLEX, "views nested too deeply");
    struct parsed_statements parsed;
    TRY(parse_sql(an->arena, view->view_sql, NULL, &parsed, err));
    INVARIANT(parsed.n == 1);
    struct select_result sub;
    struct scope *empty = scope_new(an, NULL);
    size_t uses_before = an->relations.len;
    const struct analyze_options *options = an->options;
    struct analyze_options of_view = *options;
    of_view.integer_sums = false; // its text is in no dialect
    an->options = &of_view;
    TRY(analyze_in_database(an, view->database_id, err));
    TRY(select_analyze(an, empty, parsed.items[0].ast, NULL, 0, &sub, err));
    an->options = options;
    for (size_t i = uses_before; i < an->relations.len && !cat_view_is_invoker(view); i++)
        an->relations.ptr[i].privileges = 0; // the view's owner answers for what it reads
    an->view_depth--;
    struct str *names = ARENA_ARRAY(an->arena, struct str, sub.n_cols);
    for (uint32_t i = 0; i < sub.n_cols; i++)
        names[i] = i < view->n_columns ? view->columns[i].name : sub.names[i];
    *out = sub.rel;
    return add_derived(an, into, at, at->alias.ptr != NULL ? at->alias : view->name, sub.cols, names, sub.n_cols, err);
}

static struct expr *of_sequence(struct analyzer *an, const char *function, const struct cat_table *sequence)
{
    size_t n;
    struct expr *e = expr_new(an->arena, EXPR_CALL, T_INT8, 1);
    e->fn = fn_lookup(str_of(function), &n)[0];
    e->args[0] = expr_const(an->arena, T_OID, datum_int(sequence->id));
    return e;
}

// A sequence read as a table: one row (last_value, log_cnt, is_called).
static int from_sequence(struct analyzer *an, struct scope *into, const struct cat_table *sequence,
                         const struct ast_aliased_table *at, struct rel **out, struct err *err)
{
    enum { COLUMNS = 3 };
    static const struct str names[COLUMNS] = {{"last_value", 10}, {"log_cnt", 7}, {"is_called", 9}};
    use_relation(an, sequence, CAT_PRIVILEGE_SELECT);
    struct expr *last = of_sequence(an, "crdb_internal.sequence_value", sequence);
    struct expr *taken = of_sequence(an, "pg_sequence_last_value", sequence); // NULL before the first nextval()
    struct expr *is_called = expr_new(an->arena, EXPR_IS_NULL, T_BOOL, 1);
    is_called->args[0] = taken;
    is_called->flag = true;
    struct rel *r = rel_new(an->arena, REL_VALUES, NULL);
    struct expr **row = ARENA_ARRAY(an->arena, struct expr *, COLUMNS);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, COLUMNS);
    row[0] = last;
    row[1] = expr_const(an->arena, T_INT8, datum_int(0));
    row[2] = is_called;
    for (int i = 0; i < COLUMNS; i++)
        cols[i] = query_add_column(an->query, names[i], row[i]->type);
    r->values.n_rows = 1;
    r->values.rows = ARENA_ARRAY(an->arena, struct expr **, 1);
    r->values.rows[0] = row;
    r->cols = cols;
    r->n_cols = COLUMNS;
    *out = r;
    return add_derived(an, into, at, at->alias.ptr != NULL ? at->alias : sequence->name, cols, names, COLUMNS, err);
}

static int from_relation(struct analyzer *an, struct scope *into, const struct cat_table *table,
                         const struct ast_aliased_table *at, struct rel **out, struct err *err)
{
    if (table->kind == CAT_VIEW)
        return from_view(an, into, table, at, out, err);
    if (table->kind == CAT_SEQUENCE)
        return from_sequence(an, into, table, at, out, err);
    size_t first = into->columns.len;
    TRY(from_table(an, into, table, at->alias, at->hint, true, CAT_PRIVILEGE_SELECT, out, err));
    for (size_t i = 0, k = 0; i < at->columns.n; k++) { // alias list names the visible columns in order
        if (k == table->n_columns) {
            err_set(err, ERR_INVALID_COLUMN_REFERENCE,
                    "source \"%.*s\" has %zu columns available but %zu columns specified",
                    STR_FMT(at->alias.ptr != NULL ? at->alias : table->name), table->n_columns, at->columns.n);
            return err_at(err, at->base.position);
        }
        if (!into->columns.ptr[first + k].hidden)
            into->columns.ptr[first + k].name = ast_as_name(at->columns.items[i++])->name;
    }
    return 0;
}

// A transition table: what a call of a set-returning function without arguments gives.
static int from_transition(struct analyzer *an, struct scope *into, const struct ast_aliased_table *at, bool is_new,
                           struct rel **out, struct err *err)
{
    const struct trigger_call *call = an->options->trigger;
    const struct cat_table *t = call->table;
    struct arena *a = an->arena;
    if (t->n_columns > UINT8_MAX)
        return unsupported(err, &at->base, "transition tables of more than 255 columns");
    struct fn_overload *fn = ARENA_NEW(a, struct fn_overload);
    struct fn_column *columns = ARENA_ARRAY(a, struct fn_column, t->n_columns);
    *fn = (struct fn_overload){.name = arena_cstr(a, ast_as_object_name(at->source)->name),
                               .kind = FN_SET_RETURNING,
                               .volatility = FN_VOLATILE,
                               .result = T_RECORD,
                               .set = is_new ? fn_transition_new : fn_transition_old,
                               .columns = columns,
                               .n_columns = (uint8_t)t->n_columns};
    struct rel *one = rel_new(a, REL_VALUES, NULL), *r = rel_new(a, REL_SRF, one);
    one->values.n_rows = 1;
    one->values.rows = ARENA_ARRAY(a, struct expr **, 1);
    col_id *cols = ARENA_ARRAY(a, col_id, t->n_columns);
    struct str name = at->alias.ptr != NULL ? at->alias : ast_as_object_name(at->source)->name;
    for (size_t i = 0, k = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        bool named = k < at->columns.n && !c->hidden;
        columns[i] = (struct fn_column){arena_cstr(a, c->name), c->type};
        cols[i] = query_add_column(an->query, c->name, c->type);
        scope_add(an, into,
                  (struct scope_column){.name = cat_column_inaccessible(c) ? STR_EMPTY
                                                : named                    ? alias_name(at, k)
                                                                           : c->name,
                                        .table = name,
                                        .column = cols[i],
                                        .hidden = c->hidden});
        k += !c->hidden;
    }
    r->srf.calls = ARENA_ARRAY(a, struct expr *, 1);
    r->srf.calls[0] = expr_new(a, EXPR_CALL, T_RECORD, 0);
    r->srf.calls[0]->fn = fn;
    r->cols = cols;
    r->n_cols = (uint32_t)t->n_columns;
    r->srf.call_cols = arena_dup(a, &r->cols, sizeof(r->cols));
    r->srf.n_call_cols = arena_dup(a, &r->n_cols, sizeof(r->n_cols));
    r->srf.n_calls = 1;
    an->query->stable = true;
    *out = r;
    return 0;
}

static bool is_transition(const struct analyzer *an, const struct ast_object_name *name, bool *is_new)
{
    const struct trigger_call *call = an->options->trigger;
    if (call == NULL || name->schema.ptr != NULL)
        return false;
    *is_new = str_eq(name->name, call->trigger->new_table);
    return *is_new || str_eq(name->name, call->trigger->old_table);
}

static int from_name(struct analyzer *an, struct scope *outer, struct scope *into, const struct ast_aliased_table *at,
                     struct rel **out, struct err *err)
{
    const struct ast_object_name *name = ast_as_object_name(at->source);
    struct cte_binding *cte = name->schema.ptr == NULL ? scope_find_cte(outer, name->name) : NULL;
    if (cte != NULL)
        return from_cte(an, into, cte, at, out, err);
    bool is_new;
    if (is_transition(an, name, &is_new))
        return from_transition(an, into, at, is_new, out, err);
    const struct cat_table *table;
    TRY(from_resolve(an, at->source, &table, err));
    return from_relation(an, into, table, at, out, err);
}

// [id(columns) AS t]: of the relation's columns those whose ids are listed, in that order.
static int listed_columns(struct analyzer *an, struct scope *into, size_t first, const struct cat_table *table,
                          const struct ast_aliased_table *at, struct err *err)
{
    const struct ast_list *ids = &ast_as_table_id(at->source)->column_ids;
    struct scope_column *all = ARENA_ARRAY(an->arena, struct scope_column, table->n_columns);
    size_t n = MIN(into->columns.len - first, table->n_columns);
    if (ids->n == 0)
        return 0;
    memcpy(all, into->columns.ptr + first, n * sizeof(*all));
    into->columns.len = first;
    for (size_t i = 0; i < ids->n; i++) {
        int64_t id = ast_as_number(ids->items[i])->value;
        size_t k = 0;
        while (k < n && table->columns[k].id != id)
            k++;
        if (k == n) {
            err_set(err, ERR_UNDEFINED_COLUMN, "column [%lld] does not exist", (long long)id);
            return err_at(err, at->base.position);
        }
        scope_add(an, into, all[k]);
        into->columns.ptr[into->columns.len - 1].hidden = false;
    }
    return 0;
}

// `at` holds the reference, which has a name of its own, and what may stand behind it.
static int from_id(struct analyzer *an, struct scope *into, const struct ast_aliased_table *at, struct rel **out,
                   struct err *err)
{
    const struct cat_table *table;
    const struct ast_aliased_table *reference = ast_as_aliased_table(at->source);
    struct ast_aliased_table named = *at;
    size_t first = into->columns.len;
    if (at->alias.ptr == NULL)
        named.alias = reference->alias;
    TRY(from_resolve_id(an, reference, &table, err));
    TRY(from_relation(an, into, table, &named, out, err));
    return listed_columns(an, into, first, table, reference, err);
}

// The functions of a ROWS FROM. unnest() of several arrays is as many calls side by side.
static const struct ast_rows_from *source_functions(struct analyzer *an, const struct ast *source)
{
    const struct ast_rows_from *rf = ast_as_rows_from(source);
    const struct ast *only = rf->functions.n == 1 ? rf->functions.items[0] : NULL;
    if (!ast_is(only, AST_FUNC_CALL) || ast_as_func_call(only)->args.n < 2 ||
        !str_eqc(ast_as_object_name(ast_as_func_call(only)->name)->name, "unnest"))
        return rf;
    struct ast_rows_from *spread = AST_NEW(an->arena, ROWS_FROM, rows_from, source->position);
    for (size_t i = 0; i < ast_as_func_call(only)->args.n; i++) {
        struct ast_func_call *call = AST_NEW(an->arena, FUNC_CALL, func_call, only->position);
        call->name = ast_as_func_call(only)->name;
        ast_list_push(an->arena, &call->args, ast_as_func_call(only)->args.items[i]);
        ast_list_push(an->arena, &spread->functions, &call->base);
    }
    return spread;
}

// Columns that the query says a function's rows have: AS t (a INT, b STRING). They make a type of this query.
static int column_definitions(struct analyzer *an, const struct ast_aliased_table *at, struct type *out,
                              struct err *err)
{
    struct type_def *def = ARENA_NEW(an->arena, struct type_def);
    struct type_field *fields = ARENA_ARRAY(an->arena, struct type_field, at->columns.n);
    for (size_t i = 0; i < at->columns.n; i++) {
        if (at->columns.items[i]->kind != AST_COLUMN_DEF) {
            err_set(err, ERR_SYNTAX_ERROR, "a column definition list must give every column a type");
            return err_at(err, at->base.position);
        }
        const struct ast_column_def *c = ast_as_column_def(at->columns.items[i]);
        fields[i].name = c->name;
        TRY(analyze_type(an->options->view, &an->options->scope, c->type, &fields[i].type, err));
    }
    *def = (struct type_def){.oid = TYPE_OID_RECORD,
                             .text_name = "record",
                             .array_name = "record[]",
                             .name = STR("record"),
                             .sql_name = STR("RECORD"),
                             .pg_name = STR("record"),
                             .is_composite = true,
                             .fields = fields,
                             .n_fields = at->columns.n};
    *out = T_RECORD;
    out->def = def;
    return 0;
}

static int no_definitions(const struct ast_aliased_table *at, struct err *err)
{
    err_set(err, ERR_SYNTAX_ERROR, "a column definition list is required for functions returning \"record\"");
    return err_at(err, at->base.position);
}

static int unwanted_definitions(const struct ast_aliased_table *at, struct err *err)
{
    err_set(err, ERR_SYNTAX_ERROR, "a column definition list is only allowed for functions returning \"record\"");
    return err_at(err, at->base.position);
}

static struct rel *fields_of(struct analyzer *an, struct rel *r, const struct tuple_shape *shape)
{
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, shape->n);
    for (uint32_t i = 0; i < shape->n; i++) {
        struct expr *field = expr_new(an->arena, EXPR_FIELD, shape->types[i], 1);
        struct str name = shape->names != NULL ? shape->names[i] : arena_printf(an->arena, "column%u", i + 1);
        field->args[0] = expr_column(an->query, r->cols[0]);
        field->parameter = i;
        items[i] = (struct projection){query_add_column(an->query, name, shape->types[i]), field};
    }
    return project_items(an, r, items, shape->n);
}

// One function with one column: a row in it is spread out.
static int from_row(struct analyzer *an, struct scope *into, const struct ast_aliased_table *at, struct expr *call,
                    struct rel **out, struct err *err)
{
    struct rel *r = *out;
    struct tuple_shape shape;
    struct col_info *info = query_column(an->query, r->cols[0]);
    bool is_call = call->kind == EXPR_CALL, record = info->type.family == TYPE_TUPLE;
    bool defined = at->columns.n > 0 && at->columns.items[0]->kind == AST_COLUMN_DEF;
    struct str name = is_call ? str_of(call->fn->name) : info->name;
    struct str table = at->alias.ptr != NULL ? at->alias : name;
    bool known = record && tuple_shape(an, call, &shape) && shape.n > 0;
    if (record && !known) {
        if (!is_call || !defined)
            return no_definitions(at, err);
        TRY(column_definitions(an, at, &call->type, err));
        info->type = call->type;
        known = tuple_shape(an, call, &shape);
    } else if (defined) {
        return unwanted_definitions(at, err);
    }
    if (!known) {
        struct str column = at->alias.ptr != NULL ? at->alias : info->name; // f() AS x names its only column x
        return add_derived(an, into, at, at->alias.ptr != NULL ? at->alias : info->name, r->cols, &column, 1, err);
    }
    *out = fields_of(an, r, &shape);
    struct str *names = ARENA_ARRAY(an->arena, struct str, shape.n);
    for (uint32_t i = 0; i < shape.n; i++)
        names[i] = query_column(an->query, (*out)->cols[i])->name;
    return add_derived(an, into, at, table, (*out)->cols, names, shape.n, err);
}

static int from_functions(struct analyzer *an, struct scope *outer, struct scope *into,
                          const struct ast_aliased_table *at, struct rel **out, struct err *err)
{
    const struct ast_rows_from *rf = source_functions(an, at->source);
    struct select_context sc = {.scope = outer, .input_scope = outer, .srf_allowed = true, .clause = "FROM"};
    struct select_context *saved = an->select;
    uint32_t n = (uint32_t)rf->functions.n;
    struct rel *one = rel_new(an->arena, REL_VALUES, NULL);
    one->values.n_rows = 1;
    one->values.rows = ARENA_ARRAY(an->arena, struct expr **, 1);
    struct rel *r = rel_new(an->arena, REL_SRF, one);
    ARENA_VEC(struct str) names = {0};
    ARENA_VEC(col_id) cols = {0};
    struct expr **calls = ARENA_ARRAY(an->arena, struct expr *, n);
    const col_id **call_cols = ARENA_ARRAY(an->arena, const col_id *, n);
    uint32_t *n_call_cols = ARENA_ARRAY(an->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *e = NULL;
        an->select = &sc;
        size_t before = sc.srf_calls.len;
        int rc = expr_analyze(an, outer, rf->functions.items[i], T_ANYELEMENT, &e, err);
        an->select = saved;
        TRY(rc);
        bool srf = sc.srf_calls.len > before;
        calls[i] = srf ? sc.srf_calls.ptr[before] : e;
        n_call_cols[i] = srf ? sc.srf_n_cols.ptr[before] : 1;
        col_id *single = ARENA_ARRAY(an->arena, col_id, 1);
        struct str name = STR("column1");
        const struct ast *f = rf->functions.items[i];
        if (f->kind == AST_FUNC_CALL)
            name = ast_as_object_name(ast_as_func_call(f)->name)->name;
        if (!srf)
            single[0] = query_add_column(an->query, name, e->type);
        call_cols[i] = srf ? sc.srf_cols.ptr[before] : single;
        for (uint32_t k = 0; k < n_call_cols[i]; k++) {
            bool one_column = n_call_cols[i] == 1;
            bool renamed = one_column && n == 1 && at->alias.ptr != NULL; // f() AS x names its only column x
            ARENA_PUSH(an->arena, &cols, call_cols[i][k]);
            ARENA_PUSH(an->arena, &names, renamed ? at->alias : query_column(an->query, call_cols[i][k])->name);
        }
    }
    r->srf.calls = calls;
    r->srf.call_cols = call_cols;
    r->srf.n_call_cols = n_call_cols;
    r->srf.n_calls = n;
    r->cols = cols.ptr;
    r->n_cols = (uint32_t)cols.len;
    *out = r;
    if (r->n_cols == 1 && n == 1)
        return from_row(an, into, at, calls[0], out, err);
    struct str table = at->alias.ptr != NULL ? at->alias : n > 0 ? names.ptr[0] : STR("rows_from");
    return add_derived(an, into, at, table, cols.ptr, names.ptr, (uint32_t)cols.len, err);
}

static int from_subquery(struct analyzer *an, struct scope *outer, struct scope *into,
                         const struct ast_aliased_table *at, const struct ast *query, struct rel **out, struct err *err)
{
    struct select_result sub;
    while (!at->lateral && outer != NULL && outer->lateral_only)
        outer = outer->outer;
    TRY(statement_analyze(an, outer, query, &sub, err));
    *out = sub.rel;
    return add_derived(an, into, at, at->alias.ptr != NULL ? at->alias : STR(""), sub.cols, sub.names, sub.n_cols, err);
}

static int no_columns(const struct ast *statement, struct err *err)
{
    struct buf b = BUF_INIT;
    ast_print(&b, statement, AST_PRINT_DEFAULT);
    err_set(err, ERR_UNDEFINED_COLUMN, "statement source \"%s\" does not return any columns", buf_c(&b));
    buf_release(&b);
    return err_at(err, statement->position);
}

static int from_statement(struct analyzer *an, struct scope *outer, struct scope *into,
                          const struct ast_aliased_table *at, struct rel **out, struct err *err)
{
    const struct ast *statement = ast_as_statement_source(at->source)->statement;
    const struct ast *query = NULL;
    if (statement->kind == AST_SELECT || statement->kind == AST_INSERT || statement->kind == AST_UPDATE ||
        statement->kind == AST_DELETE)
        query = statement;
    else if (an->options->statement_source != NULL)
        TRY(an->options->statement_source(an->options->statement_source_arg, an->arena, statement, &query, err));
    if (query == NULL)
        return unsupported(err, at->source, "this statement as a data source");
    TRY(from_subquery(an, outer, into, at, query, out, err));
    return (*out)->n_cols > 0 || query->kind == AST_SELECT ? 0 : no_columns(statement, err);
}

static int from_item(struct analyzer *an, struct scope *outer, const struct ast *item, struct scope *into,
                     struct rel **out, struct err *err);

static int add_ordinality(struct analyzer *an, struct scope *into, const struct ast_aliased_table *at, size_t first,
                          struct rel **rel)
{
    struct rel *r = rel_new(an->arena, REL_ORDINALITY, *rel);
    col_id column = query_add_column(an->query, STR("ordinality"), T_INT8);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, r->n_cols + 1);
    memcpy(cols, r->cols, r->n_cols * sizeof(*cols));
    cols[r->n_cols] = column;
    r->ordinality.column = column;
    r->cols = cols;
    r->n_cols++;
    struct str table = into->columns.len > first ? into->columns.ptr[first].table : at->alias;
    struct str name = STR("ordinality");
    size_t visible = into->columns.len - first;
    if (at->columns.n > visible)
        name = alias_name(at, visible);
    scope_add(an, into, (struct scope_column){.name = name, .table = table, .column = column});
    *rel = r;
    return 0;
}

// pg_show_all_settings(): PostgreSQL's pg_settings is a view over it, so its rows are those of pg_settings.
static bool is_all_settings(const struct ast *source)
{
    const struct ast *only = ast_as_rows_from(source)->functions.items[0];
    if (!ast_is(only, AST_FUNC_CALL) || ast_as_rows_from(source)->functions.n > 1 || ast_as_func_call(only)->args.n > 0)
        return false;
    const struct ast_object_name *name = ast_as_object_name(ast_as_func_call(only)->name);
    return str_eqc(name->name, "pg_show_all_settings") &&
           (name->schema.ptr == NULL || str_eqc(name->schema, "pg_catalog"));
}

static int from_all_settings(struct analyzer *an, struct scope *outer, struct scope *into,
                             const struct ast_aliased_table *at, struct rel **out, struct err *err)
{
    struct ast_aliased_table settings = *at;
    struct ast_object_name *name = AST_NEW(an->arena, OBJECT_NAME, object_name, at->source->position);
    name->schema = STR("pg_catalog");
    name->name = STR("pg_settings");
    settings.source = &name->base;
    if (at->alias.ptr == NULL)
        settings.alias = STR("pg_show_all_settings");
    return from_name(an, outer, into, &settings, out, err);
}

static int from_aliased(struct analyzer *an, struct scope *outer, const struct ast_aliased_table *at,
                        struct scope *into, struct rel **out, struct err *err)
{
    size_t first = into->columns.len;
    struct ast_aliased_table trimmed = *at;
    if (at->ordinality && at->columns.n > 0)
        trimmed.columns.n--; // the last name may be the ordinality column's; add_ordinality sees the whole list
    const struct ast_aliased_table *use = at;
    for (size_t i = 0; i < at->columns.n && at->source->kind != AST_ROWS_FROM; i++) {
        if (at->columns.items[i]->kind == AST_COLUMN_DEF)
            return unwanted_definitions(at, err);
    }
    switch (at->source->kind) {
    case AST_OBJECT_NAME:
        TRY(from_name(an, outer, into, use, out, err));
        break;
    case AST_SUBQUERY:
        TRY(from_subquery(an, outer, into, use, ast_as_subquery(at->source)->query, out, err));
        break;
    case AST_ROWS_FROM: {
        if (is_all_settings(at->source)) {
            TRY(from_all_settings(an, outer, into, at, out, err));
            break;
        }
        size_t n_args = source_functions(an, at->source)->functions.n;
        use = at->ordinality && at->columns.n > n_args ? &trimmed : at;
        TRY(from_functions(an, outer, into, use, out, err));
        break;
    }
    case AST_STATEMENT_SOURCE:
        TRY(from_statement(an, outer, into, use, out, err));
        break;
    case AST_JOIN: {
        struct scope *inner = scope_new(an, NULL);
        TRY(from_item(an, outer, at->source, inner, out, err));
        for (size_t i = 0; i < inner->columns.len; i++) {
            struct scope_column c = inner->columns.ptr[i];
            if (at->alias.ptr != NULL)
                c.table = at->alias;
            scope_add(an, into, c);
        }
        break;
    }
    case AST_ALIASED_TABLE:
        TRY(from_id(an, into, use, out, err));
        break;
    default:
        return unsupported(err, at->source, "this source");
    }
    struct str name = at->alias;
    if (name.ptr == NULL && at->source->kind == AST_OBJECT_NAME)
        name = ast_as_object_name(at->source)->name;
    if (name.ptr == NULL && at->source->kind == AST_ALIASED_TABLE)
        name = ast_as_aliased_table(at->source)->alias;
    if (name.ptr != NULL)
        ARENA_PUSH(an->arena, &an->sources, ((struct source){name, *out}));
    return at->ordinality ? add_ordinality(an, into, at, first, out) : 0;
}

// ---- joins

static struct rel *join_new(struct analyzer *an, enum join_kind kind, struct rel *l, struct rel *r, struct expr *on)
{
    struct rel *j = rel_new(an->arena, REL_JOIN, l);
    j->right = r;
    j->join.kind = kind;
    j->join.on = on;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, l->n_cols + r->n_cols);
    for (uint32_t i = 0; i < l->n_cols + r->n_cols; i++)
        cols[i] = i < l->n_cols ? l->cols[i] : r->cols[i - l->n_cols];
    j->cols = cols;
    j->n_cols = l->n_cols + r->n_cols;
    struct col_set free = col_set_new(an->arena, an->query), left = col_set_new(an->arena, an->query);
    rel_outer_columns(an->query, r, &free);
    col_set_add_list(&left, l->cols, l->n_cols);
    j->join.lateral = col_set_intersects(&free, &left);
    return j;
}

static const struct scope_column *find_join_column(struct scope *s, struct str name, bool *ambiguous)
{
    const struct scope_column *hit = NULL;
    for (size_t i = 0; i < s->columns.len; i++) {
        const struct scope_column *c = &s->columns.ptr[i];
        if (!str_eq(c->name, name) || c->qualified_only || c->system)
            continue;
        *ambiguous |= hit != NULL && hit->column != c->column;
        hit = c;
    }
    return hit;
}

static int using_column(struct analyzer *an, struct scope *l, struct scope *r, struct str name, enum join_kind kind,
                        struct expr **on, struct scope *merged, struct projection *coalesced, uint32_t *n_coalesced,
                        int position, struct err *err)
{
    bool ambiguous = false;
    struct scope_column *lc = (struct scope_column *)find_join_column(l, name, &ambiguous);
    struct scope_column *rc = (struct scope_column *)find_join_column(r, name, &ambiguous);
    if (ambiguous || lc == NULL || rc == NULL) {
        if (ambiguous)
            err_set(err, ERR_AMBIGUOUS_COLUMN, "common column name \"%.*s\" appears more than once", STR_FMT(name));
        else
            err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" specified in USING clause does not exist in %s table",
                    STR_FMT(name), lc == NULL ? "left" : "right");
        return err_at(err, position);
    }
    struct expr *eq;
    struct expr *left = expr_column(an->query, lc->column), *right = expr_column(an->query, rc->column);
    TRY(compare_exprs(an, "=", left, right, position, &eq, err));
    *on = expr_and(an->arena, *on, eq);
    struct scope_column out = {.name = name, .column = kind == JOIN_RIGHT ? rc->column : lc->column};
    if (kind == JOIN_FULL) {
        struct expr *c = expr_new(an->arena, EXPR_COALESCE, left->type, 2);
        c->args[0] = left;
        c->args[1] = right;
        TRY(expr_unify(an, c->args, 2, "USING", &c->type, err));
        out.column = query_add_column(an->query, name, c->type);
        coalesced[(*n_coalesced)++] = (struct projection){out.column, c};
    }
    lc->qualified_only = rc->qualified_only = true;
    lc->hidden = rc->hidden = true;
    scope_add(an, merged, out);
    return 0;
}

static int join_columns(struct analyzer *an, const struct ast_join *j, struct scope *l, struct scope *r,
                        struct ast_list *names)
{
    *names = j->using;
    if (!j->natural)
        return 0;
    struct ast_list common = {0};
    for (size_t i = 0; i < l->columns.len; i++) {
        const struct scope_column *c = &l->columns.ptr[i];
        if (c->hidden || c->qualified_only || !scope_has(r, c->name))
            continue;
        struct ast_name *n = AST_NEW(an->arena, NAME, name, 0);
        n->name = c->name;
        ast_list_push(an->arena, &common, &n->base);
    }
    *names = common;
    return 0;
}

static int join_hint(const struct ast_join *j, enum join_kind kind, enum join_hint *out, struct err *err)
{
    static const enum join_hint hints[] = {
        [AST_JOIN_HINT_NONE] = JOIN_HINT_NONE,         [AST_JOIN_HINT_HASH] = JOIN_HINT_HASH,
        [AST_JOIN_HINT_MERGE] = JOIN_HINT_MERGE,       [AST_JOIN_HINT_LOOKUP] = JOIN_HINT_LOOKUP,
        [AST_JOIN_HINT_INVERTED] = JOIN_HINT_INVERTED, [AST_JOIN_HINT_STRAIGHT] = JOIN_HINT_STRAIGHT};
    *out = hints[j->hint];
    if ((*out != JOIN_HINT_LOOKUP && *out != JOIN_HINT_INVERTED) || kind == JOIN_INNER || kind == JOIN_LEFT)
        return 0;
    err_set(err, ERR_SYNTAX_ERROR, "%s can only be used with INNER or LEFT joins", ast_join_hint_sql(j->hint));
    return err_at(err, j->base.position);
}

static int from_join(struct analyzer *an, struct scope *outer, const struct ast_join *j, struct scope *into,
                     struct rel **out, struct err *err)
{
    static const enum join_kind kinds[] = {[AST_JOIN_INNER] = JOIN_INNER,
                                           [AST_JOIN_LEFT] = JOIN_LEFT,
                                           [AST_JOIN_RIGHT] = JOIN_RIGHT,
                                           [AST_JOIN_FULL] = JOIN_FULL,
                                           [AST_JOIN_CROSS] = JOIN_INNER};
    enum join_kind kind = kinds[j->type];
    enum join_hint hint;
    TRY(join_hint(j, kind, &hint, err));
    struct scope *l = scope_new(an, outer), *r = scope_new(an, outer);
    struct rel *left, *right;
    TRY(from_item(an, outer, j->left, l, &left, err));
    bool sees_left = kind == JOIN_INNER || kind == JOIN_LEFT;
    struct scope *visible = scope_new(an, outer);
    visible->lateral_only = true;
    if (sees_left)
        scope_append(an, visible, l);
    TRY(from_item(an, visible, j->right, r, &right, err));
    struct ast_list using;
    TRY(join_columns(an, j, l, r, &using));
    struct expr *on = NULL;
    struct projection *coalesced = ARENA_ARRAY(an->arena, struct projection, using.n + 1);
    uint32_t n_coalesced = 0;
    struct scope *merged = scope_new(an, outer);
    for (size_t i = 0; i < using.n; i++)
        TRY(using_column(an, l, r, ast_as_name(using.items[i])->name, kind, &on, merged, coalesced, &n_coalesced,
                         j->base.position, err));
    scope_append(an, merged, l);
    scope_append(an, merged, r);
    if (j->on != NULL)
        TRY(expr_analyze_bool(an, merged, j->on, "ON", &on, err));
    *out = join_new(an, kind, left, right, on);
    (*out)->join.hint = hint;
    if (n_coalesced > 0) {
        uint32_t n_in = (*out)->n_cols;
        struct projection *items = ARENA_ARRAY(an->arena, struct projection, n_in + n_coalesced);
        for (uint32_t i = 0; i < n_in; i++)
            items[i] = (struct projection){(*out)->cols[i], expr_column(an->query, (*out)->cols[i])};
        memcpy(items + n_in, coalesced, n_coalesced * sizeof(*items));
        *out = project_items(an, *out, items, n_in + n_coalesced);
    }
    scope_append(an, into, merged);
    return 0;
}

static int from_item(struct analyzer *an, struct scope *outer, const struct ast *item, struct scope *into,
                     struct rel **out, struct err *err)
{
    if (item->kind == AST_JOIN)
        return from_join(an, outer, ast_as_join(item), into, out, err);
    return from_aliased(an, outer, ast_as_aliased_table(item), into, out, err);
}

int from_analyze(struct analyzer *an, struct scope *outer, const struct ast_list *from, struct scope *into,
                 struct rel **out, struct err *err)
{
    struct rel *all = NULL;
    for (size_t i = 0; i < from->n; i++) {
        struct scope *item_scope = scope_new(an, NULL);
        struct scope *visible = scope_new(an, outer); // LATERAL and functions see the items before them
        visible->lateral_only = true;
        scope_append(an, visible, into);
        struct rel *r;
        TRY(from_item(an, visible, from->items[i], item_scope, &r, err));
        for (size_t k = 0; k < item_scope->columns.len; k++) {
            struct str t = item_scope->columns.ptr[k].table;
            if (t.len > 0 && scope_has_table(into, t) && k == 0) {
                err_set(err, ERR_DUPLICATE_ALIAS, "source name \"%.*s\" specified more than once (missing AS clause)",
                        STR_FMT(t));
                return err_at(err, from->items[i]->position);
            }
        }
        scope_append(an, into, item_scope);
        all = all == NULL ? r : join_new(an, JOIN_INNER, all, r, NULL);
    }
    if (all == NULL) { // no FROM: one row without columns
        all = rel_new(an->arena, REL_VALUES, NULL);
        all->values.n_rows = 1;
        all->values.rows = ARENA_ARRAY(an->arena, struct expr **, 1);
    }
    *out = all;
    return 0;
}
