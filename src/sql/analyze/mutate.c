// INSERT, UPSERT, UPDATE and DELETE: defaults, computed columns, checks, partial index predicates and RETURNING
// expanded.
#include "sql/analyze/analyze_int.h"
#include "sql/analyze/imply.h"
#include "sql/parse/parse.h"

// ---- expressions stored with a table

// Table columns by name over the given col_ids (0: not visible). `alias` empty: unqualified and by the table's name.
static struct scope *table_scope(struct analyzer *an, struct scope *outer, const struct cat_table *t,
                                 const col_id *cols, struct str alias)
{
    struct scope *s = scope_new(an, outer);
    uint32_t key = t->primary != NULL && alias.len > 0 ? t->primary->columns[0].column_id : 0;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (cols[i] != 0 && !cat_column_inaccessible(&t->columns[i]))
            scope_add(an, s,
                      (struct scope_column){.name = t->columns[i].name,
                                            .table = alias,
                                            .column = cols[i],
                                            .hidden = t->columns[i].hidden,
                                            .key_of = t->columns[i].id == key ? t->id : 0});
    }
    return s;
}

// The table that a statement changes, under its own name, by schema and database too.
static int qualify_scope(struct analyzer *an, struct scope *s, const struct cat_table *t, struct str alias,
                         struct err *err)
{
    const struct cat_schema *schema;
    if (!str_eq(alias, t->name))
        return 0;
    TRY(cat_schema_by_id(an->options->view, t->schema_id, &schema, err));
    for (size_t i = 0; i < s->columns.len && schema != NULL; i++) {
        s->columns.ptr[i].schema = schema->name;
        s->columns.ptr[i].database = an->options->scope.database;
    }
    return 0;
}

// The names in it are those of the table's database.
static int stored_expr(struct analyzer *an, const struct cat_table *t, struct scope *s, struct str sql,
                       struct type want, struct str what, struct expr **out, struct err *err)
{
    struct ast *node;
    const struct analyze_options *options = an->options;
    TRY(parse_expr(an->arena, sql, &node, err));
    TRY(analyze_in_database(an, t->database_id, err));
    struct select_context *saved = an->select;
    an->select = NULL;
    int rc = expr_analyze_assign(an, s, node, want, what, out, err);
    an->select = saved;
    an->options = options;
    return rc;
}

static int column_default(struct analyzer *an, const struct cat_table *t, const struct cat_column *c, struct expr **out,
                          struct err *err)
{
    if (c->default_sql.len == 0) {
        *out = expr_const(an->arena, c->type, DATUM_NULL);
        return 0;
    }
    return stored_expr(an, t, scope_new(an, NULL), c->default_sql, c->type, c->name, out, err);
}

static int table_checks(struct analyzer *an, const struct cat_table *t, const col_id *row, struct expr ***checks,
                        uint32_t *n, const struct cat_check ***descriptors, struct err *err)
{
    *checks = ARENA_ARRAY(an->arena, struct expr *, t->n_checks);
    *descriptors = ARENA_ARRAY(an->arena, const struct cat_check *, t->n_checks);
    *n = (uint32_t)t->n_checks;
    struct scope *s = t->n_checks > 0 ? table_scope(an, NULL, t, row, t->name) : NULL;
    for (size_t i = 0; i < t->n_checks; i++) {
        (*descriptors)[i] = &t->checks[i];
        TRY(stored_expr(an, t, s, t->checks[i].sql, T_BOOL, t->checks[i].name, &(*checks)[i], err));
    }
    return 0;
}

static int index_predicates(struct analyzer *an, const struct cat_table *t, const col_id *row, struct expr ***out,
                            struct err *err)
{
    *out = ARENA_ARRAY(an->arena, struct expr *, t->n_indexes);
    struct scope *s = NULL;
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (t->indexes[i].predicate_sql.len == 0)
            continue;
        if (s == NULL)
            s = table_scope(an, NULL, t, row, t->name);
        TRY(stored_expr(an, t, s, t->indexes[i].predicate_sql, T_BOOL, t->indexes[i].name, &(*out)[i], err));
    }
    return 0;
}

static bool is_indexed(const struct cat_table *t, uint32_t column_id)
{
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        for (size_t k = 0; index != NULL && k < index->n_columns; k++) {
            if (index->columns[k].column_id == column_id)
                return true;
        }
    }
    return false;
}

int table_index_exprs(struct analyzer *an, const struct cat_table *t, const col_id *cols, struct rel *scan,
                      struct err *err)
{
    bool partial = false;
    struct scope *s = NULL;
    for (size_t i = 0; i < t->n_indexes; i++)
        partial |= t->indexes[i].predicate_sql.len > 0;
    if (partial)
        TRY(index_predicates(an, t, cols, &scan->scan.predicates, err));
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (c->computed_sql.len == 0 || !is_indexed(t, c->id))
            continue;
        if (s == NULL) {
            s = table_scope(an, NULL, t, cols, t->name);
            scan->scan.computed = ARENA_ARRAY(an->arena, struct expr *, t->n_columns + 1); // and a system column
        }
        TRY(stored_expr(an, t, s, c->computed_sql, c->type, c->name, &scan->scan.computed[i], err));
    }
    return 0;
}

static bool has_computed(const struct cat_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].computed_sql.len > 0)
            return true;
    }
    return false;
}

// A projection that passes `input` through and adds items.
static struct rel *extend(struct analyzer *an, struct rel *input, const struct projection *items, uint32_t n)
{
    struct projection *all = ARENA_ARRAY(an->arena, struct projection, input->n_cols + n);
    for (uint32_t i = 0; i < input->n_cols; i++)
        all[i] = (struct projection){input->cols[i], expr_column(an->query, input->cols[i])};
    if (n > 0)
        memcpy(all + input->n_cols, items, n * sizeof(*items));
    return project_items(an, input, all, input->n_cols + n);
}

// Adds the computed columns of `row` (slots 0 where computed) above `input`.
static int add_computed(struct analyzer *an, const struct cat_table *t, col_id *row, struct rel **rel, struct err *err)
{
    if (!has_computed(t))
        return 0;
    struct scope *s = table_scope(an, NULL, t, row, t->name);
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, t->n_columns);
    uint32_t n = 0;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (c->computed_sql.len == 0)
            continue;
        TRY(stored_expr(an, t, s, c->computed_sql, c->type, c->name, &items[n].expr, err));
        row[i] = items[n].column = query_add_column(an->query, c->name, c->type);
        n++;
    }
    *rel = extend(an, *rel, items, n);
    return 0;
}

// ---- shared pieces

static int target_table(struct analyzer *an, const struct ast *node, const struct cat_table **table, struct str *alias,
                        struct err *err)
{
    const struct ast_aliased_table *at = ast_as_aliased_table(node);
    if (at->source->kind == AST_ALIASED_TABLE) // [id AS t]
        at = ast_as_aliased_table(at->source);
    if (at->source->kind == AST_TABLE_ID && ast_as_table_id(at->source)->column_ids.n > 0)
        return unsupported(err, node, "columns of a numeric table reference that is changed");
    TRY(at->source->kind == AST_TABLE_ID ? from_resolve_id(an, at, table, err)
                                         : from_resolve(an, at->source, table, err));
    *alias = at->alias.ptr != NULL ? at->alias : (*table)->name;
    static const char *const kinds[] = {"", "view", "materialized view", "sequence", "virtual table"};
    bool filled = an->options->fills_materialized_views && (*table)->kind == CAT_MATERIALIZED_VIEW;
    if ((*table)->kind != CAT_TABLE && !filled) {
        err_set(err, (*table)->kind == CAT_VIRTUAL ? ERR_INSUFFICIENT_PRIVILEGE : ERR_WRONG_OBJECT_TYPE,
                "cannot run mutations on %s \"%.*s\"", kinds[(*table)->kind], STR_FMT((*table)->name));
        return err_at(err, node->position);
    }
    return 0;
}

static int find_column(const struct cat_table *t, struct str name, int position, size_t *out, struct err *err)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (str_eq(t->columns[i].name, name) && !cat_column_inaccessible(&t->columns[i])) {
            *out = i;
            return 0;
        }
    }
    if (cat_system_column(name) != CAT_SYSTEM_NONE)
        err_set(err, ERR_INVALID_COLUMN_REFERENCE, "cannot modify system column \"%.*s\"", STR_FMT(name));
    else
        err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", STR_FMT(name));
    return err_at(err, position);
}

static int refuse_computed(const struct cat_column *c, int position, struct err *err)
{
    if (c->computed_sql.len == 0)
        return 0;
    err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot write directly to computed column \"%.*s\"",
            STR_FMT(c->name));
    return err_at(err, position);
}

static int refuse_identity(const struct cat_column *c, int position, struct err *err)
{
    if (c->identity != 'a')
        return 0;
    err_set(err, ERR_GENERATED_ALWAYS, "cannot insert into column \"%.*s\"", STR_FMT(c->name));
    err_detail(err, "Column \"%.*s\" is an identity column defined as GENERATED ALWAYS.", STR_FMT(c->name));
    err_hint(err, "Use OVERRIDING SYSTEM VALUE to override.");
    return err_at(err, position);
}

// RETURNING over the mutation; without it the mutation has no columns.
static int returning(struct analyzer *an, struct scope *outer, struct rel *mutation, const struct ast_list *targets,
                     struct str alias, struct scope *from, struct select_result *out, struct err *err)
{
    struct mutation *m = mutation->mutation;
    *out = (struct select_result){.rel = mutation};
    if (targets->n == 0) {
        mutation->cols = NULL;
        mutation->n_cols = 0;
        return 0;
    }
    const struct cat_table *t = m->table;
    use_relation(an, t, CAT_PRIVILEGE_SELECT);
    uint32_t n_table = (uint32_t)t->n_columns, n_in = from != NULL ? mutation->input->n_cols : 0;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n_table + n_in);
    for (uint32_t i = 0; i < n_table; i++) {
        cols[i] = query_add_column(an->query, t->columns[i].name, t->columns[i].type);
        struct col_info *info = query_column(an->query, cols[i]);
        info->table = t;
        info->table_column_id = t->columns[i].id;
    }
    if (n_in > 0)
        memcpy(cols + n_table, mutation->input->cols, n_in * sizeof(*cols));
    m->returning = true;
    m->return_cols = cols;
    mutation->cols = cols;
    mutation->n_cols = n_table + n_in;
    struct scope *s = table_scope(an, outer, t, cols, alias);
    TRY(qualify_scope(an, s, t, alias, err));
    if (from != NULL)
        scope_append(an, s, from);
    struct projection *items;
    struct str *names;
    uint32_t n;
    struct select_context sc = {.clause = "RETURNING"};
    struct select_context *saved = an->select;
    an->select = &sc;
    int rc = targets_analyze(an, s, targets, &items, &names, &n, err);
    an->select = saved;
    TRY(rc);
    out->rel = project_items(an, mutation, items, n);
    out->cols = out->rel->cols;
    out->names = names;
    out->n_cols = n;
    return 0;
}

// ---- INSERT

struct insert_target {
    const struct cat_table *table;
    const size_t *columns; // positions in table->columns, in the order of the source
    size_t n_columns;
    bool listed; // explicit column list
};

static int insert_columns(struct analyzer *an, const struct ast_insert *ins, const struct cat_table *t,
                          struct insert_target *out, struct err *err)
{
    size_t *columns = ARENA_ARRAY(an->arena, size_t, t->n_columns + ins->columns.n);
    size_t n = 0;
    out->listed = ins->columns.n > 0;
    for (size_t i = 0; i < ins->columns.n; i++) {
        const struct ast *node = ins->columns.items[i];
        struct str name = node->kind == AST_NAME ? ast_as_name(node)->name : ast_as_column_ref(node)->column;
        TRY(find_column(t, name, node->position, &columns[n], err));
        TRY(refuse_computed(&t->columns[columns[n]], node->position, err));
        for (size_t k = 0; k < n; k++) {
            if (columns[k] == columns[n]) {
                err_set(err, ERR_SYNTAX_ERROR, "multiple assignments to the same column \"%.*s\"", STR_FMT(name));
                return err_at(err, node->position);
            }
        }
        n++;
    }
    for (size_t i = 0; i < t->n_columns && !out->listed; i++) {
        if (!t->columns[i].hidden)
            columns[n++] = i;
    }
    out->table = t;
    out->columns = columns;
    out->n_columns = n;
    return 0;
}

static int wrong_width(size_t n_values, size_t n_targets, int position, struct err *err)
{
    bool more_values = n_values > n_targets;
    err_set(err, ERR_SYNTAX_ERROR, "INSERT has more %s than %s, %zu expressions for %zu targets",
            more_values ? "expressions" : "target columns", more_values ? "target columns" : "expressions", n_values,
            n_targets);
    return err_at(err, position);
}

static int insert_cell(struct analyzer *an, struct scope *s, const struct cat_table *t, const struct cat_column *c,
                       const struct ast *cell, struct expr **out, struct err *err)
{
    if (cell->kind == AST_DEFAULT)
        return column_default(an, t, c, out, err);
    TRY(refuse_computed(c, cell->position, err));
    TRY(refuse_identity(c, cell->position, err));
    return expr_analyze_assign(an, s, cell, c->type, c->name, out, err);
}

static int insert_values(struct analyzer *an, struct scope *s, const struct ast_values *v, struct insert_target *target,
                         struct rel **out, struct err *err)
{
    uint32_t n_rows = (uint32_t)v->rows.n;
    size_t n = n_rows > 0 ? ast_as_tuple(v->rows.items[0])->items.n : 0;
    if (n > target->n_columns || (target->listed && n != target->n_columns))
        return wrong_width(n, target->n_columns, v->base.position, err);
    target->n_columns = n;
    struct rel *r = rel_new(an->arena, REL_VALUES, NULL);
    r->values.rows = ARENA_ARRAY(an->arena, struct expr **, n_rows);
    r->values.n_rows = n_rows;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n);
    for (size_t c = 0; c < n; c++) {
        const struct cat_column *column = &target->table->columns[target->columns[c]];
        cols[c] = query_add_column(an->query, column->name, column->type);
    }
    for (uint32_t i = 0; i < n_rows; i++) {
        const struct ast_tuple *row = ast_as_tuple(v->rows.items[i]);
        if (row->items.n != n) {
            err_set(err, ERR_SYNTAX_ERROR, "VALUES lists must all be the same length, expected %zu columns, found %zu",
                    n, row->items.n);
            return err_at(err, row->base.position);
        }
        r->values.rows[i] = ARENA_ARRAY(an->arena, struct expr *, n);
        for (size_t c = 0; c < n; c++)
            TRY(insert_cell(an, s, target->table, &target->table->columns[target->columns[c]], row->items.items[c],
                            &r->values.rows[i][c], err));
    }
    r->cols = cols;
    r->n_cols = (uint32_t)n;
    *out = r;
    return 0;
}

static int insert_query(struct analyzer *an, struct scope *s, const struct ast *query, struct insert_target *target,
                        struct rel **out, struct err *err)
{
    struct type *want = ARENA_ARRAY(an->arena, struct type, target->n_columns);
    for (size_t i = 0; i < target->n_columns; i++)
        want[i] = target->table->columns[target->columns[i]].type;
    struct select_result sub;
    TRY(select_analyze(an, s, query, want, target->n_columns, &sub, err));
    if (sub.n_cols > target->n_columns || (target->listed && sub.n_cols != target->n_columns))
        return wrong_width(sub.n_cols, target->n_columns, query->position, err);
    target->n_columns = sub.n_cols;
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, sub.n_cols);
    for (uint32_t i = 0; i < sub.n_cols; i++) {
        const struct cat_column *c = &target->table->columns[target->columns[i]];
        TRY(refuse_computed(c, query->position, err));
        TRY(refuse_identity(c, query->position, err));
        TRY(expr_coerce_assign(an, expr_column(an->query, sub.cols[i]), c->type, c->name, &items[i].expr, err));
        items[i].column = query_add_column(an->query, c->name, c->type);
    }
    *out = project_items(an, sub.rel, items, sub.n_cols);
    return 0;
}

static const struct ast_values *plain_values(const struct ast *query)
{
    if (query->kind != AST_SELECT)
        return NULL;
    const struct ast_select *sel = ast_as_select(query);
    bool plain = sel->with == NULL && sel->order_by.n == 0 && sel->limit == NULL && sel->offset == NULL;
    return plain && sel->body->kind == AST_VALUES ? ast_as_values(sel->body) : NULL;
}

// One new column per table column: the source's, the default, or computed.
static int insert_row(struct analyzer *an, const struct insert_target *target, struct rel *source, col_id **row,
                      struct rel **out, struct err *err)
{
    const struct cat_table *t = target->table;
    *row = ARENA_ARRAY(an->arena, col_id, t->n_columns);
    for (size_t i = 0; i < target->n_columns; i++)
        (*row)[target->columns[i]] = source->cols[i];
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, t->n_columns);
    uint32_t n = 0;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (c->computed_sql.len > 0)
            (*row)[i] = 0; // a DEFAULT written for it: computed below
        if ((*row)[i] != 0 || c->computed_sql.len > 0)
            continue;
        TRY(column_default(an, t, c, &items[n].expr, err));
        (*row)[i] = items[n].column = query_add_column(an->query, c->name, c->type);
        n++;
    }
    *out = n > 0 ? extend(an, source, items, n) : source;
    return add_computed(an, t, *row, out, err);
}

static bool same_columns(const struct cat_index *index, const struct cat_table *t, const size_t *columns, size_t n)
{
    size_t shard = cat_index_shards(t, index) > 0 ? 1 : 0; // follows from the others
    if (index->n_columns != n + shard)
        return false;
    for (size_t i = shard; i < n + shard; i++) {
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found |= t->columns[columns[k]].id == index->columns[i].column_id;
        if (!found)
            return false;
    }
    return true;
}

// Whether a partial index has every row that ON CONFLICT's WHERE speaks of.
static int arbiter_serves(struct analyzer *an, const struct cat_table *t, const struct cat_index *index,
                          const struct ast_on_conflict *oc, bool *out, struct err *err)
{
    *out = index->predicate_sql.len == 0;
    if (*out || oc->arbiter_where == NULL)
        return 0;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++)
        cols[i] = query_add_column(an->query, t->columns[i].name, t->columns[i].type);
    struct scope *s = table_scope(an, NULL, t, cols, t->name);
    struct expr *predicate, *where;
    TRY(stored_expr(an, t, s, index->predicate_sql, T_BOOL, index->name, &predicate, err));
    TRY(expr_analyze_bool(an, s, oc->arbiter_where, "WHERE", &where, err));
    bool and = where->kind == EXPR_AND;
    *out = filter_implies(an->query, and? where->args : &where, and? where->n_args : 1, predicate);
    return 0;
}

static int arbiter_by_columns(struct analyzer *an, const struct cat_table *t, const struct ast_on_conflict *oc,
                              const struct cat_index **out, struct err *err)
{
    size_t *columns = ARENA_ARRAY(an->arena, size_t, oc->columns.n);
    for (size_t i = 0; i < oc->columns.n; i++)
        TRY(find_column(t, ast_as_name(oc->columns.items[i])->name, oc->base.position, &columns[i], err));
    if (same_columns(t->primary, t, columns, oc->columns.n)) {
        *out = t->primary;
        return 0;
    }
    for (size_t i = 0; i < t->n_indexes; i++) {
        const struct cat_index *index = &t->indexes[i];
        if (!index->unique || index->state != CAT_INDEX_PUBLIC || !same_columns(index, t, columns, oc->columns.n))
            continue;
        bool serves;
        TRY(arbiter_serves(an, t, index, oc, &serves, err));
        if (serves) {
            *out = index;
            return 0;
        }
    }
    err_set(err, ERR_INVALID_COLUMN_REFERENCE,
            "there is no unique or exclusion constraint matching the ON CONFLICT specification");
    return err_at(err, oc->base.position);
}

static int find_arbiter(struct analyzer *an, const struct cat_table *t, const struct ast_on_conflict *oc,
                        const struct cat_index **out, struct err *err)
{
    *out = NULL;
    if (oc->constraint.ptr != NULL) {
        const struct cat_index *index = cat_index_by_name(t, oc->constraint);
        if (index == NULL || !index->unique || index->state != CAT_INDEX_PUBLIC) {
            err_set(err, ERR_UNDEFINED_OBJECT, "unique constraint \"%.*s\" for table \"%.*s\" does not exist",
                    STR_FMT(oc->constraint), STR_FMT(t->name));
            return err_at(err, oc->base.position);
        }
        *out = index;
        return 0;
    }
    if (oc->columns.n == 0)
        return 0;
    return arbiter_by_columns(an, t, oc, out, err);
}

// Assignments SET a = x, (b, c) = (y, z): one expression per column.
struct assignments {
    struct projection *items;
    size_t *columns; // positions in the table
    uint32_t n;
};

static int assign(struct analyzer *an, struct scope *s, const struct cat_table *t, const struct ast *name,
                  const struct ast *value, struct expr *ready, struct assignments *out, struct err *err)
{
    struct str column_name = name->kind == AST_NAME ? ast_as_name(name)->name : ast_as_column_ref(name)->column;
    size_t at;
    TRY(find_column(t, column_name, name->position, &at, err));
    const struct cat_column *c = &t->columns[at];
    TRY(refuse_computed(c, name->position, err));
    for (uint32_t i = 0; i < out->n; i++) {
        if (out->columns[i] == at) {
            err_set(err, ERR_SYNTAX_ERROR, "multiple assignments to the same column \"%.*s\"", STR_FMT(column_name));
            return err_at(err, name->position);
        }
    }
    struct expr *e;
    if (ready != NULL)
        TRY(expr_coerce_assign(an, ready, c->type, c->name, &e, err));
    else if (value->kind == AST_DEFAULT)
        TRY(column_default(an, t, c, &e, err));
    else
        TRY(expr_analyze_assign(an, s, value, c->type, c->name, &e, err));
    out->items[out->n] = (struct projection){query_add_column(an->query, c->name, c->type), e};
    out->columns[out->n++] = at;
    return 0;
}

// SET (a, b) = (SELECT …): the fields of one row, all NULL without one.
static int assign_row(struct analyzer *an, struct scope *s, const struct cat_table *t, const struct ast_set_clause *sc,
                      struct assignments *out, struct err *err)
{
    struct expr *row;
    TRY(row_subquery(an, s, sc->value, (uint32_t)sc->columns.n, &row, err));
    for (size_t i = 0; i < sc->columns.n; i++) {
        struct expr *field = expr_new(an->arena, EXPR_FIELD, row->field_types[i], 1);
        field->args[0] = row;
        field->parameter = (uint32_t)i;
        TRY(assign(an, s, t, sc->columns.items[i], NULL, field, out, err));
    }
    return 0;
}

static int assign_tuple(struct analyzer *an, struct scope *s, const struct cat_table *t,
                        const struct ast_set_clause *sc, struct assignments *out, struct err *err)
{
    if (sc->value->kind == AST_SUBQUERY)
        return assign_row(an, s, t, sc, out, err);
    if (sc->value->kind != AST_TUPLE)
        return unsupported(err, sc->value, "assignment of a row that is no list of values");
    const struct ast_tuple *values = ast_as_tuple(sc->value);
    if (values->items.n != sc->columns.n) {
        err_set(err, ERR_SYNTAX_ERROR, "number of columns (%zu) does not match number of values (%zu)", sc->columns.n,
                values->items.n);
        return err_at(err, sc->base.position);
    }
    for (size_t i = 0; i < sc->columns.n; i++)
        TRY(assign(an, s, t, sc->columns.items[i], values->items.items[i], NULL, out, err));
    return 0;
}

static int set_clauses(struct analyzer *an, struct scope *s, const struct cat_table *t, const struct ast_list *set,
                       struct assignments *out, struct err *err)
{
    *out = (struct assignments){ARENA_ARRAY(an->arena, struct projection, t->n_columns + 1),
                                ARENA_ARRAY(an->arena, size_t, t->n_columns + 1), 0};
    for (size_t i = 0; i < set->n; i++) {
        const struct ast_set_clause *sc = ast_as_set_clause(set->items[i]);
        if (sc->tuple)
            TRY(assign_tuple(an, s, t, sc, out, err));
        else
            TRY(assign(an, s, t, sc->columns.items[0], sc->value, NULL, out, err));
    }
    return 0;
}

// The value of a column that a job is adding: a row that does not have it yet gets it with the change.
static int added_column(struct analyzer *an, const struct cat_table *t, const struct cat_column *c, col_id old,
                        struct expr **out, struct err *err)
{
    struct expr *e = expr_new(an->arena, EXPR_COALESCE, c->type, 2);
    e->args[0] = expr_column(an->query, old);
    *out = e;
    return column_default(an, t, c, &e->args[1], err);
}

// ON UPDATE expressions of columns that are not assigned, columns of `old` rows that are being added.
static int on_update_columns(struct analyzer *an, const struct cat_table *t, const col_id *old, struct assignments *set,
                             struct err *err)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        bool assigned = false;
        for (uint32_t k = 0; k < set->n; k++)
            assigned |= set->columns[k] == i;
        bool added = c->state == CAT_COLUMN_WRITE_ONLY && c->default_sql.len > 0;
        if (assigned || (c->on_update_sql.len == 0 && !added))
            continue;
        struct expr *e;
        if (added)
            TRY(added_column(an, t, c, old[i], &e, err));
        else
            TRY(stored_expr(an, t, scope_new(an, NULL), c->on_update_sql, c->type, c->name, &e, err));
        set->items[set->n] = (struct projection){query_add_column(an->query, c->name, c->type), e};
        set->columns[set->n++] = i;
    }
    return 0;
}

// The row after the assignments, computed columns included: projections over old row and assignments, in two layers
// flattened into `m->set` (later ones may use earlier ones).
static int conflict_row(struct analyzer *an, struct mutation *m, struct assignments *set, struct err *err)
{
    const struct cat_table *t = m->table;
    col_id *row = ARENA_ARRAY(an->arena, col_id, t->n_columns), *changed = ARENA_ARRAY(an->arena, col_id, t->n_columns);
    memcpy(row, m->old_cols, t->n_columns * sizeof(*row));
    for (uint32_t i = 0; i < set->n; i++)
        row[set->columns[i]] = changed[set->columns[i]] = set->items[i].column;
    struct scope *s = table_scope(an, NULL, t, row, t->name);
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, set->n + t->n_columns);
    uint32_t n = set->n;
    memcpy(items, set->items, set->n * sizeof(*items));
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (c->computed_sql.len == 0)
            continue;
        TRY(stored_expr(an, t, s, c->computed_sql, c->type, c->name, &items[n].expr, err));
        changed[i] = row[i] = items[n].column = query_add_column(an->query, c->name, c->type);
        n++;
    }
    m->set = items;
    m->n_set = n;
    m->set_cols = changed;
    uint32_t n_checks;
    const struct cat_check **descriptors;
    TRY(table_checks(an, t, row, &m->set_checks, &n_checks, &descriptors, err));
    return index_predicates(an, t, row, &m->set_predicates, err);
}

static void existing_row(struct analyzer *an, struct mutation *m)
{
    const struct cat_table *t = m->table;
    col_id *old = ARENA_ARRAY(an->arena, col_id, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++)
        old[i] = query_add_column(an->query, t->columns[i].name, t->columns[i].type);
    m->old_cols = old;
}

static int on_conflict(struct analyzer *an, struct scope *outer, const struct ast_on_conflict *oc, struct str alias,
                       struct mutation *m, struct err *err)
{
    const struct cat_table *t = m->table;
    m->on_conflict = true;
    m->do_nothing = oc->do_nothing;
    TRY(find_arbiter(an, t, oc, &m->arbiter, err));
    use_relation(an, t, CAT_PRIVILEGE_SELECT);
    if (oc->do_nothing)
        return 0;
    if (m->arbiter == NULL) {
        err_set(err, ERR_SYNTAX_ERROR, "ON CONFLICT DO UPDATE requires inference specification or constraint name");
        return err_at(err, oc->base.position);
    }
    use_relation(an, t, CAT_PRIVILEGE_UPDATE);
    existing_row(an, m);
    struct scope *s = table_scope(an, outer, t, m->old_cols, alias);
    TRY(qualify_scope(an, s, t, alias, err));
    for (size_t i = 0; i < t->n_columns; i++)
        scope_add(an, s,
                  (struct scope_column){.name = t->columns[i].name,
                                        .table = STR("excluded"),
                                        .column = m->new_cols[i],
                                        .qualified_only = true,
                                        .hidden = true});
    struct assignments set;
    TRY(set_clauses(an, s, t, &oc->set, &set, err));
    TRY(on_update_columns(an, t, m->old_cols, &set, err));
    if (oc->where != NULL)
        TRY(expr_analyze_bool(an, s, oc->where, "WHERE", &m->set_where, err));
    TRY(conflict_row(an, m, &set, err));
    return index_predicates(an, t, m->old_cols, &m->old_predicates, err);
}

static bool in_primary_key(const struct cat_table *t, uint32_t column_id)
{
    for (size_t i = 0; i < t->primary->n_columns; i++) {
        if (t->primary->columns[i].column_id == column_id)
            return true;
    }
    return false;
}

// UPSERT is ON CONFLICT (primary key) DO UPDATE SET the listed columns (all, without a list).
static int upsert(struct analyzer *an, const struct insert_target *target, struct mutation *m, struct err *err)
{
    const struct cat_table *t = m->table;
    m->on_conflict = m->upsert = true;
    m->arbiter = t->primary;
    use_relation(an, t, CAT_PRIVILEGE_SELECT | CAT_PRIVILEGE_UPDATE);
    existing_row(an, m);
    struct assignments set = {ARENA_ARRAY(an->arena, struct projection, t->n_columns + 1),
                              ARENA_ARRAY(an->arena, size_t, t->n_columns + 1), 0};
    for (size_t i = 0; i < t->n_columns; i++) {
        bool listed = !target->listed && !t->columns[i].hidden;
        for (size_t k = 0; k < target->n_columns; k++)
            listed |= target->columns[k] == i;
        if (!listed || t->columns[i].computed_sql.len > 0 || in_primary_key(t, t->columns[i].id))
            continue;
        set.items[set.n] = (struct projection){query_add_column(an->query, t->columns[i].name, t->columns[i].type),
                                               expr_column(an->query, m->new_cols[i])};
        set.columns[set.n++] = i;
    }
    TRY(on_update_columns(an, t, m->old_cols, &set, err));
    TRY(conflict_row(an, m, &set, err));
    return index_predicates(an, t, m->old_cols, &m->old_predicates, err);
}

int insert_analyze(struct analyzer *an, struct scope *outer, const struct ast_insert *ins, struct select_result *out,
                   struct err *err)
{
    const struct cat_table *t;
    struct str alias;
    struct scope *s = scope_new(an, outer);
    TRY(with_analyze(an, s, ins->with, err));
    TRY(target_table(an, ins->table, &t, &alias, err));
    use_relation(an, t, CAT_PRIVILEGE_INSERT);
    struct insert_target target;
    TRY(insert_columns(an, ins, t, &target, err));
    struct rel *source = NULL;
    if (ins->default_values) {
        target.n_columns = 0;
        source = rel_new(an->arena, REL_VALUES, NULL);
        source->values.n_rows = 1;
        source->values.rows = ARENA_ARRAY(an->arena, struct expr **, 1);
    } else if (plain_values(ins->query) != NULL) {
        TRY(insert_values(an, s, plain_values(ins->query), &target, &source, err));
    } else {
        TRY(insert_query(an, s, ins->query, &target, &source, err));
    }
    struct mutation *m = ARENA_NEW(an->arena, struct mutation);
    m->table = t;
    col_id *row;
    struct rel *input;
    TRY(insert_row(an, &target, source, &row, &input, err));
    m->new_cols = row;
    TRY(table_checks(an, t, row, &m->checks, &m->n_checks, &m->check_descriptors, err));
    TRY(index_predicates(an, t, row, &m->new_predicates, err));
    if (ins->upsert)
        TRY(upsert(an, &target, m, err));
    else if (ins->on_conflict != NULL)
        TRY(on_conflict(an, s, ast_as_on_conflict(ins->on_conflict), alias, m, err));
    struct rel *r = rel_new(an->arena, REL_INSERT, input);
    r->mutation = m;
    an->query->has_mutation = true;
    return returning(an, s, r, &ins->returning, alias, NULL, out, err);
}

// ---- UPDATE and DELETE

// The rows to change: target table first, then FROM/USING, filtered, each target row once, ordered and limited.
static int rows_to_change(struct analyzer *an, struct scope *outer, const struct ast *table_node,
                          const struct cat_table *t, struct str alias, const struct ast_list *from,
                          const struct ast *where, const struct ast_list *order, const struct ast *limit,
                          uint32_t privilege, struct scope *s, struct scope **from_scope, struct rel **target,
                          struct rel **out, struct err *err)
{
    struct rel *scan;
    use_relation(an, t, privilege | (where != NULL ? CAT_PRIVILEGE_SELECT : 0));
    TRY(from_table(an, s, t, alias, ast_as_aliased_table(table_node)->hint, true, privilege, &scan, err));
    TRY(qualify_scope(an, s, t, alias, err));
    scan->scan.hints.avoid_full_scan |= an->options->avoid_full_scans_in_mutations;
    *out = *target = scan;
    if (from->n > 0) {
        struct rel *others;
        *from_scope = scope_new(an, NULL);
        TRY(from_analyze(an, s, from, *from_scope, &others, err));
        scope_append(an, s, *from_scope);
        struct rel *join = rel_new(an->arena, REL_JOIN, scan);
        join->right = others;
        join->join.kind = JOIN_INNER;
        struct col_set free = col_set_new(an->arena, an->query), left = col_set_new(an->arena, an->query);
        rel_outer_columns(an->query, others, &free);
        col_set_add_list(&left, scan->cols, scan->n_cols);
        join->join.lateral = col_set_intersects(&free, &left);
        col_id *cols = ARENA_ARRAY(an->arena, col_id, scan->n_cols + others->n_cols);
        memcpy(cols, scan->cols, scan->n_cols * sizeof(*cols));
        memcpy(cols + scan->n_cols, others->cols, others->n_cols * sizeof(*cols));
        join->cols = cols;
        join->n_cols = scan->n_cols + others->n_cols;
        *out = join;
    }
    if (where != NULL) {
        struct rel *f = rel_new(an->arena, REL_FILTER, *out);
        TRY(expr_analyze_bool(an, s, where, "WHERE", &f->predicate, err));
        *out = f;
    }
    if (from->n > 0) {
        struct rel *d = rel_new(an->arena, REL_DISTINCT, *out);
        col_id *keys = ARENA_ARRAY(an->arena, col_id, t->primary->n_columns);
        for (size_t i = 0; i < t->primary->n_columns; i++) {
            for (size_t k = 0; k < t->n_columns; k++) {
                if (t->columns[k].id == t->primary->columns[i].column_id)
                    keys[i] = scan->cols[k];
            }
        }
        d->distinct.keys = keys;
        d->distinct.n_keys = (uint32_t)t->primary->n_columns;
        *out = d;
    }
    if (order->n > 0) {
        struct ast_list items_of;
        TRY(order_expand(an, order, &items_of, err));
        order = &items_of;
        struct sort_key *keys = ARENA_ARRAY(an->arena, struct sort_key, order->n);
        struct projection *items = ARENA_ARRAY(an->arena, struct projection, order->n);
        for (size_t i = 0; i < order->n; i++) {
            const struct ast_order_item *item = ast_as_order_item(order->items[i]);
            TRY(order_key(an, item, &keys[i], err));
            TRY(expr_analyze(an, s, item->expr, T_ANYELEMENT, &items[i].expr, err));
            bool plain = items[i].expr->kind == EXPR_COLUMN;
            items[i].column =
                plain ? items[i].expr->column : query_add_column(an->query, STR("sort_key"), items[i].expr->type);
            keys[i].expr = expr_column(an->query, items[i].column);
        }
        struct rel *sort = rel_new(an->arena, REL_SORT, extend(an, *out, items, (uint32_t)order->n));
        sort->sort.keys = keys;
        sort->sort.n_keys = (uint32_t)order->n;
        *out = sort;
    }
    return limit_analyze(an, *out, limit, NULL, out, err);
}

// Rows are locked by the scan when all that it finds are changed, so that a statement waits before it reads; else when
// the condition, the join or the limit above the scan has chosen them.
static void lock_rows(struct mutation *m, struct rel *scan, const struct rel *input, enum lock_strength lock)
{
    while (input->kind == REL_LIMIT || (input->kind == REL_FILTER && !expr_has_subquery(input->predicate)))
        input = input->input;
    if (input == scan)
        scan->scan.lock = lock;
    else
        m->lock = lock;
}

static bool in_unique_key(const struct cat_table *t, uint32_t column_id)
{
    for (size_t i = 0; i < t->n_indexes; i++) {
        const struct cat_index *index = &t->indexes[i];
        for (size_t k = 0; k < index->n_columns && index->unique; k++) {
            if (index->columns[k].column_id == column_id)
                return true;
        }
    }
    return in_primary_key(t, column_id);
}

// Rows that refer to one whose keys stay need not wait. Triggers may change any column.
static enum lock_strength update_strength(const struct cat_table *t, const col_id *changed)
{
    for (size_t i = 0; i < t->n_triggers; i++) {
        const struct cat_trigger *g = &t->triggers[i];
        if (g->timing == 'b' && g->per_row && (g->events & CAT_TRIGGER_UPDATE))
            return LOCK_UPDATE;
    }
    for (size_t i = 0; i < t->n_columns; i++) {
        if (changed[i] != 0 && in_unique_key(t, t->columns[i].id))
            return LOCK_UPDATE;
    }
    return LOCK_NO_KEY_UPDATE;
}

static int safe_update(struct analyzer *an, const char *verb, const struct ast *where, const struct ast *limit,
                       struct err *err)
{
    if (!an->options->safe_updates || where != NULL || limit != NULL)
        return 0;
    return err_set(err, ERR_WARNING, "rejected (sql_safe_updates = true): %s without WHERE or LIMIT clause", verb);
}

static const col_id *scan_columns(const struct scope *s, const struct cat_table *t, struct analyzer *an)
{
    col_id *cols = ARENA_ARRAY(an->arena, col_id, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++) // from_table adds them first, in table order
        cols[i] = s->columns.ptr[i].column;
    return cols;
}

int update_analyze(struct analyzer *an, struct scope *outer, const struct ast_update *upd, struct select_result *out,
                   struct err *err)
{
    const struct cat_table *t;
    struct str alias;
    struct scope *with = scope_new(an, outer);
    TRY(with_analyze(an, with, upd->with, err));
    TRY(safe_update(an, "UPDATE", upd->where, upd->limit, err));
    TRY(target_table(an, upd->table, &t, &alias, err));
    struct scope *s = scope_new(an, with), *from = NULL;
    struct rel *input, *scan;
    TRY(rows_to_change(an, with, upd->table, t, alias, &upd->from, upd->where, &upd->order_by, upd->limit,
                       CAT_PRIVILEGE_UPDATE, s, &from, &scan, &input, err));
    struct mutation *m = ARENA_NEW(an->arena, struct mutation);
    m->table = t;
    m->old_cols = scan_columns(s, t, an);
    struct assignments set;
    TRY(set_clauses(an, s, t, &upd->set, &set, err));
    TRY(on_update_columns(an, t, m->old_cols, &set, err));
    struct rel *projected = extend(an, input, set.items, set.n);
    col_id *row = ARENA_ARRAY(an->arena, col_id, t->n_columns), *changed = ARENA_ARRAY(an->arena, col_id, t->n_columns);
    memcpy(row, m->old_cols, t->n_columns * sizeof(*row));
    for (uint32_t i = 0; i < set.n; i++)
        row[set.columns[i]] = changed[set.columns[i]] = set.items[i].column;
    TRY(add_computed(an, t, row, &projected, err));
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].computed_sql.len > 0)
            changed[i] = row[i];
    }
    m->new_cols = changed;
    lock_rows(m, scan, input, update_strength(t, changed));
    TRY(table_checks(an, t, row, &m->checks, &m->n_checks, &m->check_descriptors, err));
    TRY(index_predicates(an, t, row, &m->new_predicates, err));
    TRY(index_predicates(an, t, m->old_cols, &m->old_predicates, err));
    struct rel *r = rel_new(an->arena, REL_UPDATE, projected);
    r->mutation = m;
    an->query->has_mutation = true;
    struct scope *extra = from != NULL ? from : scope_new(an, NULL);
    return returning(an, with, r, &upd->returning, alias, extra, out, err);
}

int delete_analyze(struct analyzer *an, struct scope *outer, const struct ast_delete *del, struct select_result *out,
                   struct err *err)
{
    const struct cat_table *t;
    struct str alias;
    struct scope *with = scope_new(an, outer);
    if (del->batch)
        return unsupported(err, &del->base, "DELETE BATCH");
    TRY(with_analyze(an, with, del->with, err));
    TRY(safe_update(an, "DELETE", del->where, del->limit, err));
    TRY(target_table(an, del->table, &t, &alias, err));
    struct scope *s = scope_new(an, with), *from = NULL;
    struct rel *input, *scan;
    TRY(rows_to_change(an, with, del->table, t, alias, &del->using, del->where, &del->order_by, del->limit,
                       CAT_PRIVILEGE_DELETE, s, &from, &scan, &input, err));
    struct mutation *m = ARENA_NEW(an->arena, struct mutation);
    m->table = t;
    m->old_cols = scan_columns(s, t, an);
    lock_rows(m, scan, input, LOCK_UPDATE);
    TRY(index_predicates(an, t, m->old_cols, &m->old_predicates, err));
    struct rel *r = rel_new(an->arena, REL_DELETE, input);
    r->mutation = m;
    an->query->has_mutation = true;
    struct scope *extra = from != NULL ? from : scope_new(an, NULL);
    return returning(an, with, r, &del->returning, alias, extra, out, err);
}

// ---- COPY FROM

int copy_analyze(struct analyzer *an, const struct ast_copy *copy, struct select_result *out,
                 const col_id **source_cols, size_t *n_source_cols, struct err *err)
{
    const struct cat_table *t;
    TRY(from_resolve(an, copy->table, &t, err));
    bool filled = an->options->fills_materialized_views && t->kind == CAT_MATERIALIZED_VIEW;
    if (t->kind != CAT_TABLE && !filled)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "cannot copy to \"%.*s\": not a table", STR_FMT(t->name));
    use_relation(an, t, CAT_PRIVILEGE_INSERT);
    struct ast_insert fake = {.columns = copy->columns};
    struct insert_target target;
    TRY(insert_columns(an, &fake, t, &target, err));
    struct rel *source = rel_new(an->arena, REL_VALUES, NULL);
    col_id *cols = ARENA_ARRAY(an->arena, col_id, target.n_columns);
    for (size_t i = 0; i < target.n_columns; i++) {
        const struct cat_column *c = &t->columns[target.columns[i]];
        cols[i] = query_add_column(an->query, c->name, c->type);
    }
    source->cols = cols;
    source->n_cols = (uint32_t)target.n_columns;
    struct mutation *m = ARENA_NEW(an->arena, struct mutation);
    m->table = t;
    col_id *row;
    struct rel *input;
    TRY(insert_row(an, &target, source, &row, &input, err));
    m->new_cols = row;
    TRY(table_checks(an, t, row, &m->checks, &m->n_checks, &m->check_descriptors, err));
    TRY(index_predicates(an, t, row, &m->new_predicates, err));
    struct rel *r = rel_new(an->arena, REL_INSERT, input);
    r->mutation = m;
    r->cols = NULL;
    r->n_cols = 0;
    an->query->has_mutation = true;
    *source_cols = cols;
    *n_source_cols = target.n_columns;
    *out = (struct select_result){.rel = r};
    return 0;
}
