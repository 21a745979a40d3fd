// What the forms of SHOW share: names in the session's scope.
#include "sql/parse/ast_print.h"
#include "sql/session/show_int.h"

static struct cat_name_scope scope_of(const struct session *s)
{
    return (struct cat_name_scope){.database = str_of(s->values[SETTING_DATABASE]),
                                   .search_path = s->search_path,
                                   .n_search_path = s->n_search_path,
                                   .user = s->user,
                                   .temp_schema = session_temp_schema(s)};
}

int show_table(struct show *sh, const struct ast *object, const struct cat_table **out, struct err *err)
{
    const struct ast_object_name *name = ast_as_object_name(object);
    struct cat_name_scope scope = scope_of(sh->session);
    struct str parts[3];
    size_t n = 0;
    if (name->database.ptr != NULL)
        parts[n++] = name->database;
    if (name->schema.ptr != NULL)
        parts[n++] = name->schema;
    parts[n++] = name->name;
    return cat_resolve_table(sh->view, &scope, parts, n, false, out, err);
}

int show_described_table(struct show *sh, const struct cat_table **out, struct err *err)
{
    TRY(show_table(sh, sh->ast->object, out, err));
    return cat_check_any_privilege(sh->view, sh->session->user, *out, err);
}

int show_type(struct show *sh, const struct ast *object, const struct cat_type **out, struct err *err)
{
    const struct ast_object_name *n = ast_as_object_name(object);
    const struct str all[] = {n->database, n->schema, n->name};
    size_t first = n->database.ptr != NULL ? 0 : n->schema.ptr != NULL ? 1 : 2;
    struct cat_name_scope scope = scope_of(sh->session);
    TRY(cat_resolve_type(sh->view, &scope, all + first, ARRAY_LEN(all) - first, out, err));
    if (*out != NULL)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "type \"%.*s%s%.*s\" does not exist", STR_FMT(n->schema),
                   n->schema.ptr != NULL ? "." : "", STR_FMT(n->name));
}

int show_function(struct show *sh, const struct ast *object, const struct cat_function ***out, size_t *n,
                  struct err *err)
{
    const struct ast_object_name *name = ast_as_object_name(object);
    const struct str all[] = {name->database, name->schema, name->name};
    size_t first = name->database.ptr != NULL ? 0 : name->schema.ptr != NULL ? 1 : 2;
    struct cat_name_scope scope = scope_of(sh->session);
    return cat_resolve_functions(sh->view, &scope, sh->arena, all + first, ARRAY_LEN(all) - first, out, n, err);
}

int show_signature(struct show *sh, const struct ast *signature, bool procedure, const struct cat_function **out,
                   struct err *err)
{
    struct ddl_context dc = {.view = sh->view, .arena = sh->arena, .scope = scope_of(sh->session)};
    return ddl_find_function(&dc, signature, procedure, false, out, err);
}

int show_database(struct show *sh, struct str name, const struct cat_database **out, struct err *err)
{
    TRY(cat_database_by_name(sh->view, name, out, err));
    if (*out == NULL)
        return err_set(err, ERR_INVALID_CATALOG_NAME, "database \"%.*s\" does not exist", STR_FMT(name));
    return 0;
}

int show_current_database(struct show *sh, const struct cat_database **out, struct err *err)
{
    struct str name = sh->database.ptr != NULL ? sh->database : str_of(sh->session->values[SETTING_DATABASE]);
    if (name.len == 0)
        return err_set(err, ERR_INVALID_NAME, "no database specified");
    return show_database(sh, name, out, err);
}

static int schema_of(struct show *sh, const struct cat_database *database, struct str name,
                     const struct cat_schema **out, struct err *err)
{
    TRY(cat_schema_by_name(sh->view, database->id, name, out, err));
    if (*out == NULL)
        return err_set(err, ERR_INVALID_SCHEMA_NAME, "unknown schema \"%.*s\"", STR_FMT(name));
    return 0;
}

// A single name is a schema of the current database if there is one, else a database.
static int place_by_name(struct show *sh, struct str name, const struct cat_database **database,
                         const struct cat_schema **schema, struct err *err)
{
    struct str current = str_of(sh->session->values[SETTING_DATABASE]);
    TRY(cat_database_by_name(sh->view, current, database, err));
    if (*database != NULL)
        TRY(cat_schema_by_name(sh->view, (*database)->id, name, schema, err));
    if (*schema != NULL)
        return 0;
    TRY(cat_database_by_name(sh->view, name, database, err));
    if (*database == NULL)
        return err_set(err, ERR_INVALID_CATALOG_NAME, "target database or schema does not exist: \"%.*s\"",
                       STR_FMT(name));
    return 0;
}

int show_place(struct show *sh, const struct ast *object, const struct cat_database **database,
               const struct cat_schema **schema, struct err *err)
{
    *schema = NULL;
    if (object == NULL)
        return show_current_database(sh, database, err);
    if (object->kind == AST_NAME)
        return place_by_name(sh, ast_as_name(object)->name, database, schema, err);
    const struct ast_object_name *name = ast_as_object_name(object);
    struct str outer = name->schema.ptr != NULL ? name->schema : name->database;
    if (outer.ptr == NULL)
        return place_by_name(sh, name->name, database, schema, err);
    TRY(show_database(sh, outer, database, err));
    return schema_of(sh, *database, name->name, schema, err);
}

struct str show_quoted(struct show *sh, struct str name)
{
    struct buf b = BUF_INIT;
    print_identifier(&b, name);
    return show_take(sh, &b).s;
}
