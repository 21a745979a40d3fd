// Finding what a statement names, and whether the user may change it.

#include "sql/ddl/ddl_int.h"
#include "sql/parse/ast_print.h"

struct ddl_parts ddl_parts_of(const struct ast *name)
{
    struct ddl_parts p = {0};
    if (name->kind == AST_NAME) {
        p.parts[p.n++] = ast_as_name(name)->name;
        return p;
    }
    const struct ast_object_name *o = ast_as_object_name(name);
    if (o->database.ptr != NULL)
        p.parts[p.n++] = o->database;
    if (o->schema.ptr != NULL)
        p.parts[p.n++] = o->schema;
    p.parts[p.n++] = o->name;
    return p;
}

struct str ddl_object_text(struct ddl_context *dc, const struct ast *name)
{
    struct buf b = BUF_INIT;
    ast_print(&b, name, AST_PRINT_DEFAULT);
    struct str s = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return s;
}

int ddl_find_relation(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_table **out,
                      struct err *err)
{
    struct ddl_parts p = ddl_parts_of(name);
    return cat_resolve_table(dc->view, &dc->scope, p.parts, p.n, missing_ok, out, err);
}

int ddl_find_table(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_table **out,
                   struct err *err)
{
    TRY(ddl_find_relation(dc, name, missing_ok, out, err));
    if (*out == NULL)
        return 0;
    if ((*out)->kind == CAT_VIRTUAL)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "%.*s is a virtual table and cannot be modified",
                       STR_FMT((*out)->name));
    if ((*out)->kind != CAT_TABLE)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a table", STR_FMT((*out)->name));
    return 0;
}

int ddl_lock_table(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    bool moved;
    if (cat_table_locked(dc->view, t, KV_LOCK_EXCLUSIVE))
        return 0;
    TRY(cat_table_lock(dc->view, t, KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, &moved, err));
    TRY(cat_view_catch_up(dc->view, &moved, err));
    dc->again = moved;
    return moved ? err_set(err, ERR_SERIALIZATION_FAILURE, "restart transaction: a lock was waited for") : 0;
}

int ddl_find_database(struct ddl_context *dc, struct str name, bool missing_ok, const struct cat_database **out,
                      struct err *err)
{
    TRY(cat_database_by_name(dc->view, name, out, err));
    if (*out != NULL || missing_ok)
        return 0;
    return err_set(err, ERR_UNDEFINED_DATABASE, "database \"%.*s\" does not exist", STR_FMT(name));
}

int ddl_current_database(struct ddl_context *dc, const struct cat_database **out, struct err *err)
{
    if (dc->scope.database.len == 0)
        return err_set(err, ERR_INVALID_NAME, "no database or schema specified");
    return ddl_find_database(dc, dc->scope.database, false, out, err);
}

int ddl_find_schema(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_schema **out,
                    const struct cat_database **database, struct err *err)
{
    struct ddl_parts p = ddl_parts_of(name);
    *out = NULL;
    if (p.n > 1)
        TRY(ddl_find_database(dc, p.parts[p.n - 2], missing_ok, database, err));
    else
        TRY(ddl_current_database(dc, database, err));
    if (*database != NULL)
        TRY(cat_schema_by_name(dc->view, (*database)->id, p.parts[p.n - 1], out, err));
    if (*out != NULL || missing_ok)
        return 0;
    return err_set(err, ERR_UNDEFINED_SCHEMA, "unknown schema \"%.*s\"", STR_FMT(p.parts[p.n - 1]));
}

// ---- where new relations go

int ddl_find_target(struct ddl_context *dc, const struct ast *name, struct ddl_target *out, struct err *err)
{
    struct ddl_parts p = ddl_parts_of(name);
    *out = (struct ddl_target){.name = p.parts[p.n - 1]};
    if (out->name.len == 0)
        return err_set(err, ERR_INVALID_NAME, "empty table name");
    TRY(cat_resolve_target(dc->view, &dc->scope, p.parts, p.n, &out->database, &out->schema, err));
    TRY(ddl_need_schema(dc, out->schema, CAT_PRIVILEGE_CREATE, err));
    return cat_table_by_name(dc->view, out->database->id, out->schema->id, out->name, &out->existing, err);
}

static int temp_schema(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema **out,
                       struct err *err)
{
    uint32_t id;
    if (!dc->temp_tables) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "temporary tables are only supported experimentally");
        return err_hint(err,
                        "You can enable temporary tables by running `SET experimental_enable_temp_tables = 'on'`.");
    }
    TRY(cat_schema_by_name(dc->view, d->id, dc->temp_schema, out, err));
    if (*out != NULL)
        return 0;
    TRY(cat_new_id(dc->view, &id, err));
    const struct cat_schema s = {
        .id = id, .database_id = d->id, .name = dc->temp_schema, .acl = cat_default_acl(dc->arena, dc->scope.user, 0)};
    TRY(cat_put_schema(dc->view, &s, err));
    return cat_schema_by_id(dc->view, id, out, err);
}

int ddl_find_target_in(struct ddl_context *dc, const struct ast *name, bool temporary, struct ddl_target *out,
                       struct ddl_result *result, struct err *err)
{
    struct ddl_parts p = ddl_parts_of(name);
    bool says = p.n > 1 && (str_eqc(p.parts[p.n - 2], "pg_temp") || str_eq(p.parts[p.n - 2], dc->temp_schema));
    if (!temporary && !says)
        return ddl_find_target(dc, name, out, err);
    if (p.n > 1 && !says)
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "cannot create temporary relation in non-temporary schema");
    *out = (struct ddl_target){.name = p.parts[p.n - 1]};
    if (p.n == 3)
        TRY(ddl_find_database(dc, p.parts[0], false, &out->database, err));
    else
        TRY(ddl_current_database(dc, &out->database, err));
    TRY(temp_schema(dc, out->database, &out->schema, err));
    result->made_temporary = true;
    return cat_table_by_name(dc->view, out->database->id, out->schema->id, out->name, &out->existing, err);
}

struct str ddl_qualified_name(struct ddl_context *dc, const struct cat_table *t)
{
    const struct cat_schema *s;
    const struct cat_database *d;
    struct buf b = BUF_INIT;
    if (cat_schema_by_id(dc->view, t->schema_id, &s, NULL) == 0 && s != NULL &&
        cat_database_by_id(dc->view, t->database_id, &d, NULL) == 0 && d != NULL) {
        print_identifier(&b, d->name);
        buf_putc(&b, '.');
        print_identifier(&b, s->name);
        buf_putc(&b, '.');
        print_identifier(&b, t->name);
    }
    struct str out = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return out;
}

int ddl_already_exists(struct ddl_context *dc, const struct ddl_target *t, bool if_not_exists, struct err *err)
{
    struct str name = ddl_qualified_name(dc, t->existing);
    if (!if_not_exists)
        return err_set(err, ERR_DUPLICATE_TABLE, "relation \"%.*s\" already exists", STR_FMT(name));
    ddl_notice(dc, ERR_DUPLICATE_TABLE, "relation \"%.*s\" already exists, skipping", STR_FMT(t->name));
    return 0;
}

// ---- privileges

int ddl_need_table(struct ddl_context *dc, const struct cat_table *t, uint32_t privilege, struct err *err)
{
    if (t->database_id == CAT_ID_SYSTEM_DATABASE)
        return cat_no_privilege(err, dc->scope.user, privilege, "relation", t->name);
    return cat_check_table_privilege(dc->view, dc->scope.user, t, privilege, err);
}

int ddl_need_schema(struct ddl_context *dc, const struct cat_schema *s, uint32_t privilege, struct err *err)
{
    bool ok;
    TRY(cat_has_privilege(dc->view, dc->scope.user, &s->acl, privilege, &ok, err));
    if (!ok || s->database_id == CAT_ID_SYSTEM_DATABASE)
        return cat_no_privilege(err, dc->scope.user, privilege, "schema", s->name);
    return 0;
}

int ddl_need_database(struct ddl_context *dc, const struct cat_database *d, uint32_t privilege, struct err *err)
{
    bool ok;
    TRY(cat_has_privilege(dc->view, dc->scope.user, &d->acl, privilege, &ok, err));
    if (!ok || d->id == CAT_ID_SYSTEM_DATABASE)
        return cat_no_privilege(err, dc->scope.user, privilege, "database", d->name);
    return 0;
}

int ddl_need_owner(struct ddl_context *dc, const struct cat_acl *acl, const char *object, struct str name,
                   struct err *err)
{
    bool ok;
    TRY(cat_is_owner(dc->view, dc->scope.user, acl, &ok, err));
    if (!ok || str_eqc(acl->owner, "node"))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "must be owner of %s %.*s", object, STR_FMT(name));
    return 0;
}

int ddl_need_admin(struct ddl_context *dc, const char *action, struct err *err)
{
    bool ok;
    TRY(cat_is_admin(dc->view, dc->scope.user, &ok, err));
    return ok ? 0
              : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only users with the admin role are allowed to %s", action);
}

int ddl_need_role(struct ddl_context *dc, struct str name, const struct cat_role **out, struct err *err)
{
    TRY(cat_role_by_name(dc->view, name, out, err));
    if (*out != NULL)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "role/user \"%.*s\" does not exist", STR_FMT(name));
}

int ddl_check_new_owner(struct ddl_context *dc, struct str owner, struct err *err)
{
    const struct cat_role *r;
    bool ok;
    TRY(ddl_need_role(dc, owner, &r, err));
    TRY(cat_is_admin(dc->view, dc->scope.user, &ok, err));
    if (!ok)
        TRY(cat_is_member(dc->view, dc->scope.user, owner, &ok, err));
    return ok ? 0 : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "must be member of role \"%.*s\"", STR_FMT(owner));
}
