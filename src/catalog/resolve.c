// Names to objects: the search path, and what one, two and three parts may mean.

#include "catalog/catalog_int.h"
#include "sql/parse/ast_print.h"

static struct str join_parts(struct arena *a, const struct str *parts, size_t n)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&b, '.');
        print_identifier(&b, parts[i]);
    }
    struct str s = arena_str(a, buf_view(&b));
    buf_release(&b);
    return s;
}

// pg_temp is the session's own.
static struct str temp_name(const struct cat_name_scope *scope, struct str schema)
{
    return scope->temp_schema.len > 0 && str_eqc(schema, "pg_temp") ? scope->temp_schema : schema;
}

static struct str path_schema(const struct cat_name_scope *scope, size_t i)
{
    struct str name = scope->search_path[i];
    return str_eqc(name, "$user") ? scope->user : temp_name(scope, name);
}

static bool path_has(const struct cat_name_scope *scope, const char *schema)
{
    for (size_t i = 0; i < scope->n_search_path; i++)
        if (str_eqc(scope->search_path[i], schema))
            return true;
    return false;
}

// Looks for schema.name in a database that may be absent (0): virtual schemas exist without one.
static int table_in(struct cat_view *v, uint32_t database_id, struct str schema, struct str name,
                    const struct cat_table **out, bool *has_schema, struct err *err)
{
    const struct cat_schema *s;
    *out = NULL;
    TRY(cat_schema_by_name(v, database_id, schema, &s, err));
    *has_schema = s != NULL;
    return s != NULL ? cat_table_by_name(v, database_id, s->id, name, out, err) : 0;
}

static int database_id(struct cat_view *v, struct str name, uint32_t *out, struct err *err)
{
    const struct cat_database *d = NULL;
    if (name.len > 0)
        TRY(cat_database_by_name(v, name, &d, err));
    *out = d != NULL ? d->id : CAT_ID_NONE;
    return 0;
}

static int search(struct cat_view *v, const struct cat_name_scope *scope, uint32_t db, struct str name,
                  const struct cat_table **out, struct err *err)
{
    bool has_schema;
    if (scope->temp_schema.len > 0)
        TRY(table_in(v, db, scope->temp_schema, name, out, &has_schema, err));
    if (*out == NULL && !path_has(scope, "pg_catalog"))
        TRY(table_in(v, db, STR("pg_catalog"), name, out, &has_schema, err));
    for (size_t i = 0; i < scope->n_search_path && *out == NULL; i++)
        TRY(table_in(v, db, path_schema(scope, i), name, out, &has_schema, err));
    return 0;
}

// schema.name in the current database, or database.name meaning its public schema.
static int resolve_two(struct cat_view *v, const struct cat_name_scope *scope, uint32_t db, const struct str *parts,
                       const struct cat_table **out, struct err *err)
{
    bool has_schema;
    uint32_t other;
    TRY(table_in(v, db, temp_name(scope, parts[0]), parts[1], out, &has_schema, err));
    if (has_schema)
        return 0;
    TRY(database_id(v, parts[0], &other, err));
    return other != CAT_ID_NONE ? table_in(v, other, STR("public"), parts[1], out, &has_schema, err) : 0;
}

int cat_resolve_table(struct cat_view *v, const struct cat_name_scope *scope, const struct str *parts, size_t n_parts,
                      bool missing_ok, const struct cat_table **out, struct err *err)
{
    uint32_t db;
    bool has_schema;
    *out = NULL;
    TRY(database_id(v, n_parts == 3 ? parts[0] : scope->database, &db, err));
    if (n_parts == 1)
        TRY(search(v, scope, db, parts[0], out, err));
    else if (n_parts == 2)
        TRY(resolve_two(v, scope, db, parts, out, err));
    else if (db != CAT_ID_NONE || parts[0].len == 0)
        TRY(table_in(v, db, temp_name(scope, parts[1]), parts[2], out, &has_schema, err));
    if (*out != NULL || missing_ok)
        return 0;
    return err_set(err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist",
                   STR_FMT(join_parts(&v->arena, parts, n_parts)));
}

// ---- types

static int type_in(struct cat_view *v, uint32_t database_id, struct str schema, struct str name,
                   const struct cat_type **out, struct err *err)
{
    const struct cat_schema *s;
    TRY(cat_schema_by_name(v, database_id, schema, &s, err));
    return s != NULL && !s->is_virtual ? cat_type_by_name(v, database_id, s->id, name, out, err) : 0;
}

int cat_resolve_type(struct cat_view *v, const struct cat_name_scope *scope, const struct str *parts, size_t n_parts,
                     const struct cat_type **out, struct err *err)
{
    uint32_t db;
    struct str name = parts[n_parts - 1];
    *out = NULL;
    TRY(database_id(v, n_parts == 3 ? parts[0] : scope->database, &db, err));
    if (db == CAT_ID_NONE)
        return 0;
    if (n_parts > 1)
        return type_in(v, db, parts[n_parts - 2], name, out, err);
    for (size_t i = 0; i < scope->n_search_path && *out == NULL; i++)
        TRY(type_in(v, db, path_schema(scope, i), name, out, err));
    return 0;
}

// ---- functions

static int functions_in(struct cat_view *v, struct arena *a, uint32_t database_id, struct str schema, struct str name,
                        const struct cat_function ***out, size_t *n, struct err *err)
{
    const struct cat_schema *s;
    TRY(cat_schema_by_name(v, database_id, schema, &s, err));
    return s != NULL && !s->is_virtual ? cat_list_functions(v, a, database_id, s->id, name, out, n, err) : 0;
}

int cat_resolve_functions(struct cat_view *v, const struct cat_name_scope *scope, struct arena *a,
                          const struct str *parts, size_t n_parts, const struct cat_function ***out, size_t *n,
                          struct err *err)
{
    uint32_t db;
    struct str name = parts[n_parts - 1];
    *n = 0;
    TRY(database_id(v, n_parts == 3 ? parts[0] : scope->database, &db, err));
    if (db == CAT_ID_NONE)
        return 0;
    if (n_parts > 1)
        return functions_in(v, a, db, parts[n_parts - 2], name, out, n, err);
    for (size_t i = 0; i < scope->n_search_path && *n == 0; i++)
        TRY(functions_in(v, a, db, path_schema(scope, i), name, out, n, err));
    return 0;
}

// ---- targets of CREATE

static int first_of_path(struct cat_view *v, const struct cat_name_scope *scope, const struct cat_database *d,
                         const struct cat_schema **out, struct err *err)
{
    *out = NULL;
    for (size_t i = 0; i < scope->n_search_path && *out == NULL; i++) {
        TRY(cat_schema_by_name(v, d->id, path_schema(scope, i), out, err));
        if (*out != NULL && (*out)->is_virtual && !str_eqc(scope->search_path[i], "pg_catalog"))
            break;
    }
    return 0;
}

static int target_two(struct cat_view *v, const struct str *parts, const struct cat_database **d,
                      const struct cat_schema **s, struct err *err)
{
    if (*d != NULL)
        TRY(cat_schema_by_name(v, (*d)->id, parts[0], s, err));
    if (*s != NULL)
        return 0;
    TRY(cat_database_by_name(v, parts[0], d, err));
    return *d != NULL ? cat_schema_by_id(v, (*d)->public_schema_id, s, err) : 0;
}

int cat_resolve_target(struct cat_view *v, const struct cat_name_scope *scope, const struct str *parts, size_t n_parts,
                       const struct cat_database **database, const struct cat_schema **schema, struct err *err)
{
    struct str name = n_parts == 3 ? parts[0] : scope->database;
    *schema = NULL;
    *database = NULL;
    if (name.len > 0)
        TRY(cat_database_by_name(v, name, database, err));
    if (n_parts == 2)
        TRY(target_two(v, parts, database, schema, err));
    else if (*database != NULL && n_parts == 1)
        TRY(first_of_path(v, scope, *database, schema, err));
    else if (*database != NULL)
        TRY(cat_schema_by_name(v, (*database)->id, parts[1], schema, err));
    if (*schema != NULL && (*schema)->is_virtual)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "schema cannot be modified: \"%.*s\"",
                       STR_FMT((*schema)->name));
    if (*schema != NULL)
        return 0;
    err_set(err, ERR_INVALID_SCHEMA_NAME, "cannot create \"%.*s\" because the target database or schema does not exist",
            STR_FMT(join_parts(&v->arena, parts, n_parts)));
    return err_hint(err,
                    "verify that the current database and search_path are valid and/or the target database exists");
}
