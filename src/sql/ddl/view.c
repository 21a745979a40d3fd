// CREATE VIEW, CREATE MATERIALIZED VIEW and REFRESH.

#include "keys/keys.h"
#include "sql/ddl/ddl_int.h"
#include "sql/parse/parse.h"

static int name_count(size_t named, size_t has, struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "CREATE VIEW specifies %zu column name%s, but data source has %zu column%s",
                   named, named == 1 ? "" : "s", has, has == 1 ? "" : "s");
}

static int add_columns(struct table_edit *e, const struct ast_create_view *s, const struct ddl_query *q,
                       struct err *err)
{
    if (s->columns.n > 0 && s->columns.n != q->n_columns)
        return name_count(s->columns.n, q->n_columns, err);
    for (size_t i = 0; i < q->n_columns; i++) {
        struct str name = s->columns.n > 0 ? ast_as_name(s->columns.items[i])->name : q->names[i];
        if (edit_column(e, name) != NULL)
            return err_set(err, ERR_DUPLICATE_COLUMN, "duplicate column name: \"%.*s\"", STR_FMT(name));
        if (s->materialized)
            TRY(edit_check_name(name, err));
        struct type type = type_is(q->types[i], TYPE_UNKNOWN) ? T_STRING : q->types[i];
        edit_add_column(e, (struct cat_column){.name = name, .type = type});
    }
    return 0;
}

// A materialized view stores its rows under a hidden key.
static void add_storage(struct table_edit *e, struct ddl_context *dc)
{
    struct cat_index_column *key = ARENA_NEW(dc->arena, struct cat_index_column);
    key->column_id = edit_add_column(e, (struct cat_column){.name = STR("rowid"),
                                                            .type = T_INT8,
                                                            .not_null = true,
                                                            .hidden = true,
                                                            .default_sql = STR("unique_rowid()")})
                         ->id;
    e->primary = (struct cat_index){.id = KEY_INDEX_PRIMARY,
                                    .name = arena_printf(dc->arena, "%.*s_pkey", STR_FMT(e->t.name)),
                                    .unique = true,
                                    .is_constraint = true,
                                    .columns = key,
                                    .n_columns = 1};
    e->has_primary = true;
    e->t.next_index_id = KEY_INDEX_PRIMARY + 1;
}

// CREATE OR REPLACE may add columns at the end, nothing else.
static int check_replacement(const struct cat_table *old, const struct table_edit *e, struct err *err)
{
    if (e->columns.len < old->n_columns)
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "cannot drop columns from view");
    for (size_t i = 0; i < old->n_columns; i++) {
        const struct cat_column *a = &old->columns[i], *b = &e->columns.ptr[i];
        if (!str_eq(a->name, b->name))
            return err_set(err, ERR_INVALID_TABLE_DEFINITION, "cannot change name of view column \"%.*s\" to \"%.*s\"",
                           STR_FMT(a->name), STR_FMT(b->name));
        if (!type_identical(a->type, b->type))
            return err_set(err, ERR_INVALID_TABLE_DEFINITION,
                           "cannot change type of view column \"%.*s\" from %s to %s", STR_FMT(a->name),
                           type_family_name(a->type), type_family_name(b->type));
    }
    return 0;
}

static int replace_dependencies(struct ddl_context *dc, const struct cat_table *old, const struct table_edit *e,
                                struct err *err)
{
    for (size_t i = 0; old != NULL && i < old->n_depends_on; i++)
        TRY(ddl_remove_dependent(dc, old->depends_on[i], old->id, err));
    for (size_t i = 0; i < e->depends_on.len; i++)
        TRY(ddl_add_dependent(dc, e->depends_on.ptr[i], e->t.id, err));
    return 0;
}

static int fill(struct ddl_context *dc, uint32_t id, const struct ast *query, int64_t *rows, struct err *err)
{
    struct ddl_services *services = dc->services;
    const struct cat_table *t;
    size_t n = 0;
    TRY(cat_table_by_id(dc->view, id, &t, err));
    uint32_t *ids = ARENA_ARRAY(dc->arena, uint32_t, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++)
        if (!t->columns[i].hidden)
            ids[n++] = t->columns[i].id;
    return services->insert_query(services, dc, t, ids, n, query, rows, err);
}

static int begin_view(struct table_edit *e, struct ddl_context *dc, const struct ddl_target *target,
                      const struct ast_create_view *s, struct err *err)
{
    struct cat_table t = {.database_id = target->database->id,
                          .schema_id = target->schema->id,
                          .name = target->name,
                          .kind = s->materialized ? CAT_MATERIALIZED_VIEW : CAT_VIEW,
                          .next_column_id = 1,
                          .next_index_id = 1};
    if (target->existing != NULL) {
        t.id = target->existing->id;
        t.acl = target->existing->acl;
        t.comment = target->existing->comment;
        t.version = target->existing->version;
        t.depended_on_by = target->existing->depended_on_by;
        t.n_depended_on_by = target->existing->n_depended_on_by;
    } else {
        t.acl = ddl_new_acl(dc, target->database, target->schema, CAT_DEFAULTS_TABLES, dc->scope.user, 0);
        TRY(cat_new_id(dc->view, &t.id, err));
    }
    edit_open(e, dc->arena, &t);
    return 0;
}

static int check_target(struct ddl_context *dc, const struct ddl_target *target, const struct ast_create_view *s,
                        bool *done, struct err *err)
{
    *done = false;
    if (target->existing == NULL)
        return 0;
    *done = !s->replace;
    if (!s->replace)
        return ddl_already_exists(dc, target, s->if_not_exists, err);
    if (target->existing->kind != CAT_VIEW)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a view", STR_FMT(target->name));
    return ddl_need_table(dc, target->existing, CAT_PRIVILEGE_DROP, err);
}

// A view of something temporary is temporary.
static int reads_temporary(struct ddl_context *dc, const struct ddl_query *q, bool *out, struct err *err)
{
    for (size_t i = 0; i < q->n_relations && !*out; i++) {
        const struct cat_table *t;
        const struct cat_schema *s = NULL;
        TRY(cat_table_by_id(dc->view, q->relations[i], &t, err));
        if (t != NULL)
            TRY(cat_schema_by_id(dc->view, t->schema_id, &s, err));
        *out = s != NULL && cat_schema_is_temporary(s->name);
    }
    return 0;
}

// WITH (security_invoker [= true]): the tables answer to who reads the view, not to its owner.
static int view_options(const struct ast_create_view *s, struct str *out, struct err *err)
{
    *out = STR_EMPTY;
    for (size_t i = 0; i < s->options.n; i++) {
        const struct ast_option *o = ast_as_option(s->options.items[i]);
        if (!str_eqc(o->name, "security_invoker"))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized view option \"%.*s\"", STR_FMT(o->name));
        if (o->value != NULL && !ast_is(o->value, AST_BOOLEAN))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "parameter \"security_invoker\" requires a Boolean value");
        *out = o->value == NULL || ast_as_boolean(o->value)->value ? STR("security_invoker = true") : STR_EMPTY;
    }
    return 0;
}

int ddl_create_view(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_view *s = ast_as_create_view(statement);
    struct ddl_services *services = dc->services;
    struct ddl_query q = {0};
    struct ddl_target target;
    struct table_edit e;
    bool done;
    bool temporary = s->persistence == AST_PERSISTENCE_TEMPORARY;
    TRY(services->describe_query(services, dc, s->query, &q, err));
    if (!temporary)
        TRY(reads_temporary(dc, &q, &temporary, err));
    TRY(ddl_find_target_in(dc, s->name, temporary, &target, out, err));
    TRY(check_target(dc, &target, s, &done, err));
    out->changed_schema = !done;
    if (done)
        return 0;
    TRY(begin_view(&e, dc, &target, s, err));
    TRY(add_columns(&e, s, &q, err));
    if (target.existing != NULL)
        TRY(check_replacement(target.existing, &e, err));
    if (s->materialized)
        add_storage(&e, dc);
    if (!s->materialized)
        TRY(view_options(s, &e.t.storage_parameters, err));
    e.t.view_sql = q.sql;
    for (size_t i = 0; i < q.n_relations; i++)
        ARENA_PUSH(dc->arena, &e.depends_on, q.relations[i]);
    TRY(edit_save(&e, dc, err));
    TRY(replace_dependencies(dc, target.existing, &e, err));
    return s->materialized && s->with_data != AST_WITH_DATA_NO ? fill(dc, e.t.id, s->query, &out->rows, err) : 0;
}

int ddl_refresh_view(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_refresh_view *s = ast_as_refresh_view(statement);
    const struct cat_table *t;
    struct parsed_statements p;
    TRY(ddl_find_relation(dc, s->name, false, &t, err));
    if (t->kind != CAT_MATERIALIZED_VIEW)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a materialized view", STR_FMT(t->name));
    TRY(ddl_need_owner(dc, &t->acl, "materialized view", t->name, err));
    TRY(cat_delete_data(dc->view, t->id, 0, err));
    out->changed_schema = false;
    if (s->with_data == AST_WITH_DATA_NO)
        return 0;
    TRY(parse_sql(dc->arena, t->view_sql, NULL, &p, err));
    return fill(dc, t->id, p.items[0].ast, &out->rows, err);
}
