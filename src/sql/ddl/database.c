// Databases and schemas: CREATE, ALTER … SET, DROP.

#include "catalog/zone.h"
#include "sql/ddl/drop_int.h"
#include "sql/ddl/settings_int.h"
#include "sql/ddl/trigger_int.h"
#include "sql/parse/ast_print.h"

// ---- CREATE DATABASE

static int may_create_database(struct ddl_context *dc, struct err *err)
{
    bool ok;
    TRY(cat_has_system_privilege(dc->view, dc->scope.user, CAT_SYSTEM_CREATEDB, &ok, err));
    return ok ? 0 : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to create database");
}

static struct str option_text(const struct ast_option *o)
{
    if (ast_is(o->value, AST_STRING))
        return ast_as_string(o->value)->value;
    return ast_is(o->value, AST_NAME) ? ast_as_name(o->value)->name : STR_EMPTY;
}

static int database_option(struct ddl_context *dc, const struct ast_option *o, struct str *owner, struct err *err)
{
    struct str value = option_text(o);
    if (str_eqc(o->name, "owner")) {
        *owner = value;
        return ddl_check_new_owner(dc, value, err);
    }
    if (str_eqc(o->name, "encoding")) {
        if (str_ieqc(value, "utf8") || str_ieqc(value, "utf-8") || str_ieqc(value, "unicode"))
            return 0;
        return ddl_unimplemented(err, "unsupported encoding: %.*s", STR_FMT(value));
    }
    if (str_eqc(o->name, "template")) {
        if (str_ieqc(value, "template0") || str_ieqc(value, "template1"))
            return 0;
        return ddl_unimplemented(err, "unsupported template: %.*s", STR_FMT(value));
    }
    if (str_eqc(o->name, "lc_collate") || str_eqc(o->name, "lc_ctype")) {
        if (str_ieqc(value, "C") || str_ieqc(value, "C.UTF-8") || str_ieqc(value, "en_US.UTF-8"))
            return 0;
        return ddl_unimplemented(err, "unsupported collation: %.*s", STR_FMT(value));
    }
    if (str_eqc(o->name, "connection limit") || str_eqc(o->name, "connection_limit")) {
        if (ast_is(o->value, AST_NUMBER) && ast_as_number(o->value)->value == -1)
            return 0;
        return ddl_unimplemented(err, "only connection limit -1 is supported");
    }
    return ddl_unimplemented(err, "database option %.*s", STR_FMT(o->name));
}

static int put_schema(struct ddl_context *dc, uint32_t id, const struct cat_database *d, struct str name,
                      struct str owner, uint32_t public_privileges, struct err *err)
{
    const struct cat_schema s = {.id = id,
                                 .database_id = d->id,
                                 .name = name,
                                 .acl = ddl_new_acl(dc, d, NULL, CAT_DEFAULTS_SCHEMAS, owner, public_privileges)};
    return cat_put_schema(dc->view, &s, err);
}

int ddl_create_database(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_database *s = ast_as_create_database(statement);
    const struct cat_database *existing;
    struct str owner = dc->scope.user;
    uint32_t id, public_id;
    if (s->name.len == 0)
        return err_set(err, ERR_SYNTAX_ERROR, "empty database name");
    TRY(may_create_database(dc, err));
    TRY(ddl_find_database(dc, s->name, true, &existing, err));
    if (existing != NULL) {
        out->changed_schema = false;
        if (!s->if_not_exists)
            return err_set(err, ERR_DUPLICATE_DATABASE, "database \"%.*s\" already exists", STR_FMT(s->name));
        ddl_notice(dc, ERR_DUPLICATE_DATABASE, "database \"%.*s\" already exists, skipping", STR_FMT(s->name));
        return 0;
    }
    for (size_t i = 0; i < s->options.n; i++)
        TRY(database_option(dc, ast_as_option(s->options.items[i]), &owner, err));
    TRY(cat_new_id(dc->view, &id, err));
    TRY(cat_new_id(dc->view, &public_id, err));
    const struct cat_database d = {.id = id,
                                   .name = s->name,
                                   .public_schema_id = public_id,
                                   .acl = cat_default_acl(dc->arena, owner, CAT_PRIVILEGE_CONNECT)};
    TRY(cat_put_database(dc->view, &d, err));
    return put_schema(dc, public_id, &d, STR("public"), STR("admin"), CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_USAGE, err);
}

int ddl_alter_database(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_alter_database *s = ast_as_alter_database(statement);
    const struct cat_database *d;
    TRY(ddl_find_database(dc, s->name, false, &d, err));
    TRY(ddl_need_owner(dc, &d->acl, "database", d->name, err));
    return settings_edit(dc, d->id, STR_EMPTY, s->set, err);
}

// ---- CREATE SCHEMA

static int check_schema_name(struct str name, struct err *err)
{
    if (!str_has_prefix(name, STR("pg_")))
        return 0;
    err_set(err, ERR_RESERVED_NAME, "unacceptable schema name \"%.*s\"", STR_FMT(name));
    return err_detail(err, "The prefix \"pg_\" is reserved for system schemas.");
}

int ddl_create_schema(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_schema *s = ast_as_create_schema(statement);
    const struct cat_database *d;
    const struct cat_schema *existing;
    struct str owner = s->owner.len > 0 ? s->owner : dc->scope.user, name = owner;
    uint32_t id;
    if (s->name != NULL) {
        struct ddl_parts p = ddl_parts_of(s->name);
        name = p.parts[p.n - 1];
        TRY(ddl_find_schema(dc, s->name, true, &existing, &d, err));
    } else {
        TRY(ddl_current_database(dc, &d, err));
        TRY(cat_schema_by_name(dc->view, d->id, name, &existing, err));
    }
    if (d == NULL)
        return err_set(err, ERR_UNDEFINED_DATABASE, "database does not exist");
    TRY(ddl_need_database(dc, d, CAT_PRIVILEGE_CREATE, err));
    if (existing != NULL) {
        out->changed_schema = false;
        if (!s->if_not_exists)
            return err_set(err, ERR_DUPLICATE_SCHEMA, "schema \"%.*s\" already exists", STR_FMT(name));
        ddl_notice(dc, ERR_DUPLICATE_SCHEMA, "schema \"%.*s\" already exists, skipping", STR_FMT(name));
        return 0;
    }
    TRY(check_schema_name(name, err));
    if (s->owner.len > 0)
        TRY(ddl_check_new_owner(dc, s->owner, err));
    TRY(cat_new_id(dc->view, &id, err));
    return put_schema(dc, id, d, name, owner, 0, err);
}

// ---- DROP SCHEMA, DROP DATABASE

static int drop_content(struct ddl_context *dc, uint32_t database_id, uint32_t schema_id, size_t *n, bool dry,
                        struct err *err)
{
    const struct cat_table **tables;
    TRY(cat_list_tables(dc->view, dc->arena, database_id, schema_id, &tables, n, err));
    const struct cat_type **types;
    size_t n_types;
    TRY(cat_list_types(dc->view, dc->arena, database_id, schema_id, &types, &n_types, err));
    const struct cat_function **functions;
    size_t n_functions;
    TRY(cat_list_functions(dc->view, dc->arena, database_id, schema_id, STR_EMPTY, &functions, &n_functions, err));
    *n += dry ? n_types + n_functions : 0;
    if (dry)
        return 0;
    uint32_t *ids = ARENA_ARRAY(dc->arena, uint32_t, *n);
    for (size_t i = 0; i < *n; i++)
        ids[i] = tables[i]->id;
    TRY(drop_functions_of(dc, database_id, schema_id, err));
    TRY(drop_relations(dc, &(struct drop_set){ids, *n}, true, err));
    return drop_types_of(dc, database_id, schema_id, err);
}

static int remove_schema(struct ddl_context *dc, const struct cat_schema *s, struct err *err)
{
    TRY(cat_comments_remove(dc->view, CAT_COMMENT_SCHEMA, s->id, err));
    return cat_remove(dc->view, s->id, err);
}

int drop_schema(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s, bool cascade,
                struct err *err)
{
    size_t n;
    if (s->is_virtual || str_eqc(s->name, "public"))
        return err_set(err, ERR_INVALID_SCHEMA_NAME, "cannot drop schema \"%.*s\"", STR_FMT(s->name));
    TRY(ddl_need_owner(dc, &s->acl, "schema", s->name, err));
    TRY(drop_content(dc, d->id, s->id, &n, true, err));
    if (n > 0 && !cascade)
        return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "schema \"%.*s\" is not empty and CASCADE was not specified", STR_FMT(s->name));
    TRY(drop_content(dc, d->id, s->id, &n, false, err));
    return remove_schema(dc, s, err);
}

int drop_schemas(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    out->changed_schema = false;
    for (size_t i = 0; i < s->names.n; i++) {
        const struct cat_database *d;
        const struct cat_schema *schema;
        TRY(ddl_find_schema(dc, s->names.items[i], s->if_exists, &schema, &d, err));
        if (schema == NULL)
            continue;
        TRY(drop_schema(dc, d, schema, ddl_cascade(s->behavior), err));
        out->changed_schema = true;
    }
    return 0;
}

static int check_database_drop(struct ddl_context *dc, const struct cat_database *d, enum ast_drop_behavior behavior,
                               struct err *err)
{
    size_t n;
    TRY(ddl_need_database(dc, d, CAT_PRIVILEGE_DROP, err));
    if (dc->safe_updates && str_eq(d->name, dc->scope.database))
        return err_set(err, ERR_WARNING, "rejected (sql_safe_updates = true): DROP DATABASE on current database");
    TRY(drop_content(dc, d->id, 0, &n, true, err));
    if (n > 0 && behavior == AST_DROP_RESTRICT)
        return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "database \"%.*s\" is not empty and RESTRICT was specified", STR_FMT(d->name));
    if (n > 0 && behavior == AST_DROP_DEFAULT && dc->safe_updates)
        return err_set(
            err, ERR_WARNING,
            "rejected (sql_safe_updates = true): DROP DATABASE on non-empty database without explicit CASCADE");
    return 0;
}

int ddl_drop_temporary(struct ddl_context *dc, struct str prefix, struct err *err)
{
    const struct cat_database **databases;
    const struct cat_schema **schemas;
    size_t n_databases, n, content;
    TRY(cat_list_databases(dc->view, dc->arena, &databases, &n_databases, err));
    for (size_t i = 0; i < n_databases; i++) {
        TRY(cat_list_schemas(dc->view, dc->arena, databases[i]->id, &schemas, &n, err));
        for (size_t k = 0; k < n; k++) {
            if (schemas[k]->is_virtual || !str_has_prefix(schemas[k]->name, prefix))
                continue;
            TRY(drop_content(dc, databases[i]->id, schemas[k]->id, &content, false, err));
            TRY(remove_schema(dc, schemas[k], err));
        }
    }
    return 0;
}

static int drop_database(struct ddl_context *dc, const struct cat_database *d, struct err *err)
{
    const struct cat_schema **schemas;
    size_t n;
    TRY(drop_content(dc, d->id, 0, &n, false, err));
    TRY(cat_list_schemas(dc->view, dc->arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!schemas[i]->is_virtual)
            TRY(remove_schema(dc, schemas[i], err));
    TRY(cat_comments_remove(dc->view, CAT_COMMENT_DATABASE, d->id, err));
    TRY(cat_zones_remove(dc->view, d->id, err));
    TRY(cat_role_settings_put(dc->view, d->id, STR_EMPTY, NULL, 0, err));
    return cat_remove(dc->view, d->id, err);
}

int drop_databases(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    out->changed_schema = false;
    for (size_t i = 0; i < s->names.n; i++) {
        const struct cat_database *d;
        struct ddl_parts p = ddl_parts_of(s->names.items[i]);
        TRY(ddl_find_database(dc, p.parts[p.n - 1], s->if_exists, &d, err));
        if (d == NULL)
            continue;
        TRY(check_database_drop(dc, d, s->behavior, err));
        TRY(drop_database(dc, d, err));
        out->changed_schema = true;
    }
    return 0;
}

// ---- DROP of any kind

int ddl_drop(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_drop *s = ast_as_drop(statement);
    switch (s->kind) {
    case AST_OBJECT_TABLE:
    case AST_OBJECT_VIEW:
    case AST_OBJECT_MATERIALIZED_VIEW:
    case AST_OBJECT_SEQUENCE:
        return drop_named_relations(dc, s, out, err);
    case AST_OBJECT_INDEX:
        return drop_indexes(dc, s, out, err);
    case AST_OBJECT_DATABASE:
        return drop_databases(dc, s, out, err);
    case AST_OBJECT_SCHEMA:
        return drop_schemas(dc, s, out, err);
    case AST_OBJECT_ROLE:
        return drop_roles(dc, s, out, err);
    case AST_OBJECT_FUNCTION:
    case AST_OBJECT_PROCEDURE:
        return drop_functions(dc, s, out, err);
    case AST_OBJECT_TYPE:
        return drop_types(dc, s, out, err);
    case AST_OBJECT_TRIGGER:
        return drop_trigger(dc, s, out, err);
    default:
        return ddl_unimplemented(err, "DROP %s", ast_object_sql(s->kind));
    }
}
