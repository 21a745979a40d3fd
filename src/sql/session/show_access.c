// SHOW of roles and privileges.
#include "catalog/text.h"
#include "sql/session/show_int.h"
#include <stdlib.h>

static struct datum texts(struct show *sh, const struct str *items, size_t n)
{
    struct datum *list = ARENA_ARRAY(sh->arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = datum_str(items[i]);
    return datum_str(array_build(sh->arena, T_STRING, list, (uint32_t)n));
}

static bool is_listed(const struct ast_list *names, struct str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(ast_as_name(names->items[i])->name, name))
            return true;
    return names->n == 0;
}

// ---- roles

// As if the system's tables were read.
static int may_list_roles(struct show *sh, struct err *err)
{
    static const char *const tables[] = {"users", "role_options", "role_members"};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        const struct cat_table *t;
        TRY(cat_table_by_name(sh->view, CAT_ID_SYSTEM_DATABASE, CAT_ID_SYSTEM_PUBLIC, str_of(tables[i]), &t, err));
        TRY(cat_check_table_privilege(sh->view, sh->session->user, t, CAT_PRIVILEGE_SELECT, err));
    }
    return 0;
}

static int show_roles(struct show *sh, struct err *err)
{
    const struct cat_role **roles;
    size_t n;
    TRY(may_list_roles(sh, err));
    TRY(cat_list_roles(sh->view, sh->arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (str_eqc(roles[i]->name, "node")) // the server itself
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_str(roles[i]->name);
        row[1] = texts(sh, roles[i]->options, roles[i]->n_options);
        row[2] = texts(sh, roles[i]->member_of, roles[i]->n_member_of);
    }
    return 0;
}

static int compare_members(const void *a, const void *b)
{
    struct datum *const *x = a, *const *y = b;
    int c = str_cmp((*x)[0].s, (*y)[0].s);
    return c != 0 ? c : str_cmp((*x)[1].s, (*y)[1].s);
}

static int show_grants_on_role(struct show *sh, struct err *err)
{
    const struct cat_role **roles;
    size_t n;
    TRY(cat_list_roles(sh->view, sh->arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; is_listed(&sh->ast->names, roles[i]->name) && k < roles[i]->n_member_of; k++) {
            if (!is_listed(&sh->ast->targets, roles[i]->member_of[k]))
                continue;
            struct datum *row = show_row(sh);
            row[0] = datum_str(roles[i]->member_of[k]);
            row[1] = datum_str(roles[i]->name);
            row[2] = datum_bool(roles[i]->member_admin[k]);
        }
    }
    qsort(sh->out->rows.ptr, sh->out->rows.len, sizeof(*sh->out->rows.ptr), compare_members);
    return 0;
}

// ---- privileges of objects

// What the rows about one object begin with.
struct granted_object {
    struct datum columns[4];
    size_t n_columns;
    const struct cat_acl *acl;
};

static void privilege_row(struct show *sh, const struct granted_object *o, struct str grantee, uint32_t bit,
                          bool grantable)
{
    struct datum *row = show_row(sh);
    memcpy(row, o->columns, o->n_columns * sizeof(*row));
    row[o->n_columns] = datum_str(grantee);
    row[o->n_columns + 1] = datum_c(cat_privilege_name(bit));
    row[o->n_columns + 2] = datum_bool(grantable);
}

static int compare_grants(const void *a, const void *b)
{
    const struct cat_grant *const *x = a, *const *y = b;
    return str_cmp((*x)->grantee, (*y)->grantee);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// In alphabetical order of the privileges' names.
static void grant_rows(struct show *sh, const struct granted_object *o, const struct cat_grant *g)
{
    const char *names[32];
    size_t n = 0;
    for (unsigned i = 0; i < 32; i++)
        if (g->privileges & 1u << i)
            names[n++] = cat_privilege_name(1u << i);
    qsort(names, n, sizeof(*names), compare_names);
    for (size_t i = 0; i < n; i++) {
        uint32_t bit = cat_privilege_of(str_of(names[i]));
        privilege_row(sh, o, g->grantee, bit, (g->grantable & (bit | CAT_PRIVILEGE_ALL)) != 0);
    }
}

// The owner has all privileges even when nothing was granted to him.
static void object_rows(struct show *sh, const struct granted_object *o)
{
    size_t n = o->acl->n_grants;
    bool has_owner = false;
    struct cat_grant owner = {o->acl->owner, CAT_PRIVILEGE_ALL, CAT_PRIVILEGE_ALL};
    const struct cat_grant **list = ARENA_ARRAY(sh->arena, const struct cat_grant *, n + 1);
    for (size_t i = 0; i < n; i++) {
        list[i] = &o->acl->grants[i];
        has_owner |= str_eq(list[i]->grantee, o->acl->owner);
    }
    if (!has_owner && o->acl->owner.len > 0 && !str_eqc(o->acl->owner, "node"))
        list[n++] = &owner;
    qsort(list, n, sizeof(*list), compare_grants);
    for (size_t i = 0; i < n; i++)
        if (is_listed(&sh->ast->names, list[i]->grantee))
            grant_rows(sh, o, list[i]);
}

static const struct show_column grantee_columns[] = {
    {"grantee", TYPE_OID_STRING}, {"privilege_type", TYPE_OID_STRING}, {"is_grantable", TYPE_OID_BOOL}};

static void object_columns(struct show *sh, const char *const *names, size_t n)
{
    struct show_column columns[8];
    for (size_t i = 0; i < n; i++)
        columns[i] = (struct show_column){names[i], TYPE_OID_STRING};
    memcpy(columns + n, grantee_columns, sizeof(grantee_columns));
    show_columns(sh, columns, n + ARRAY_LEN(grantee_columns));
}

static int grants_on_databases(struct show *sh, struct err *err)
{
    static const char *const names[] = {"database_name"};
    object_columns(sh, names, ARRAY_LEN(names));
    for (size_t i = 0; i < sh->ast->targets.n; i++) {
        const struct cat_database *d;
        TRY(show_database(sh, ast_as_name(sh->ast->targets.items[i])->name, &d, err));
        object_rows(sh, &(struct granted_object){{datum_str(d->name)}, 1, &d->acl});
    }
    return 0;
}

static int grants_on_schemas(struct show *sh, struct err *err)
{
    static const char *const names[] = {"database_name", "schema_name"};
    object_columns(sh, names, ARRAY_LEN(names));
    for (size_t i = 0; i < sh->ast->targets.n; i++) {
        const struct cat_database *d;
        const struct cat_schema *schema;
        TRY(show_place(sh, sh->ast->targets.items[i], &d, &schema, err));
        if (schema == NULL)
            return err_set(err, ERR_INVALID_SCHEMA_NAME, "unknown schema \"%.*s\"", STR_FMT(d->name));
        object_rows(sh, &(struct granted_object){{datum_str(d->name), datum_str(schema->name)}, 2, &schema->acl});
    }
    return 0;
}

static int relation_grants(struct show *sh, const struct cat_table *t, bool with_kind, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(cat_database_by_id(sh->view, t->database_id, &d, err));
    TRY(cat_schema_by_id(sh->view, t->schema_id, &schema, err));
    struct granted_object o = {.n_columns = with_kind ? 4 : 3, .acl = &t->acl};
    o.columns[0] = d != NULL ? datum_str(d->name) : DATUM_NULL;
    o.columns[1] = schema != NULL ? datum_str(schema->name) : DATUM_NULL;
    o.columns[2] = datum_str(t->name);
    o.columns[3] = datum_c(t->kind == CAT_SEQUENCE ? "sequence" : "table");
    object_rows(sh, &o);
    return 0;
}

static int grants_in_schema(struct show *sh, const struct cat_database *d, const struct cat_schema *schema,
                            struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(sh->view, sh->arena, d->id, schema != NULL ? schema->id : 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(relation_grants(sh, tables[i], false, err));
    return 0;
}

// *, schema.* and database.schema.*
static int grants_on_star(struct show *sh, const struct ast_column_ref *star, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    struct ast_object_name place = {.base.kind = AST_OBJECT_NAME, .schema = star->schema, .name = star->table};
    TRY(show_place(sh, star->table.ptr != NULL ? &place.base : NULL, &d, &schema, err));
    return grants_in_schema(sh, d, schema, err);
}

static int grants_on_tables(struct show *sh, struct err *err)
{
    static const char *const names[] = {"database_name", "schema_name", "table_name"};
    object_columns(sh, names, ARRAY_LEN(names));
    for (size_t i = 0; i < sh->ast->targets.n; i++) {
        const struct ast *target = sh->ast->targets.items[i];
        const struct cat_table *t;
        if (target->kind == AST_COLUMN_REF) {
            TRY(grants_on_star(sh, ast_as_column_ref(target), err));
            continue;
        }
        TRY(show_table(sh, target, &t, err));
        TRY(relation_grants(sh, t, false, err));
    }
    return 0;
}

static int grants_on_types(struct show *sh, struct err *err)
{
    static const char *const names[] = {"database_name", "schema_name", "type_name"};
    object_columns(sh, names, ARRAY_LEN(names));
    for (size_t i = 0; i < sh->ast->targets.n; i++) {
        const struct cat_type *t;
        const struct cat_database *d;
        TRY(show_type(sh, sh->ast->targets.items[i], &t, err));
        TRY(cat_database_by_id(sh->view, t->database_id, &d, err));
        struct datum database = d != NULL ? datum_str(d->name) : DATUM_NULL;
        object_rows(sh, &(struct granted_object){{database, datum_str(t->def.schema), datum_str(t->name)}, 3, &t->acl});
    }
    return 0;
}

static struct datum routine_signature(struct show *sh, const struct cat_function *f)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%.*s(", STR_FMT(f->name));
    cat_text_function_params(&b, f, true, true);
    buf_putc(&b, ')');
    return show_take(sh, &b);
}

static int grants_on_routines(struct show *sh, bool procedures, struct err *err)
{
    static const char *const names[] = {"database_name", "schema_name", "routine_id", "routine_signature"};
    object_columns(sh, names, ARRAY_LEN(names));
    for (size_t i = 0; i < sh->ast->targets.n; i++) {
        const struct cat_function *f;
        const struct cat_database *d;
        const struct cat_schema *schema;
        TRY(show_signature(sh, sh->ast->targets.items[i], procedures, &f, err));
        TRY(cat_database_by_id(sh->view, f->database_id, &d, err));
        TRY(cat_schema_by_id(sh->view, f->schema_id, &schema, err));
        struct datum id = datum_str(arena_printf(sh->arena, "%u", TYPE_OID_USER_FIRST + f->id));
        struct granted_object o = {{DATUM_NULL, DATUM_NULL, id, routine_signature(sh, f)}, 4, &f->acl};
        if (d != NULL && schema != NULL) {
            o.columns[0] = datum_str(d->name);
            o.columns[1] = datum_str(schema->name);
        }
        object_rows(sh, &o);
    }
    return 0;
}

// Types and routines among all the objects of a schema.
static int type_and_routine_grants(struct show *sh, const struct cat_database *d, const struct cat_schema *schema,
                                   struct err *err)
{
    const struct cat_type **types;
    const struct cat_function **routines;
    size_t n;
    struct datum in[] = {datum_str(d->name), datum_str(schema->name)};
    TRY(cat_list_types(sh->view, sh->arena, d->id, schema->id, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        object_rows(sh, &(struct granted_object){
                            {in[0], in[1], datum_str(types[i]->name), datum_c("type")}, 4, &types[i]->acl});
    TRY(cat_list_functions(sh->view, sh->arena, d->id, schema->id, STR_EMPTY, &routines, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct datum signature = routine_signature(sh, routines[i]);
        struct granted_object o = {{in[0], in[1], signature, datum_c("routine")}, 4, &routines[i]->acl};
        object_rows(sh, &o);
    }
    return 0;
}

static int all_grants(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema **schemas;
    size_t n;
    TRY(show_current_database(sh, &d, err));
    struct granted_object database = {{datum_str(d->name), DATUM_NULL, DATUM_NULL, datum_c("database")}, 4, &d->acl};
    object_rows(sh, &database);
    TRY(cat_list_schemas(sh->view, sh->arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct granted_object schema = {
            {datum_str(d->name), datum_str(schemas[i]->name), DATUM_NULL, datum_c("schema")}, 4, &schemas[i]->acl};
        const struct cat_table **tables;
        size_t n_tables;
        object_rows(sh, &schema);
        if (schemas[i]->is_virtual)
            continue;
        TRY(cat_list_tables(sh->view, sh->arena, d->id, schemas[i]->id, &tables, &n_tables, err));
        for (size_t k = 0; k < n_tables; k++)
            TRY(relation_grants(sh, tables[k], true, err));
        TRY(type_and_routine_grants(sh, d, schemas[i], err));
    }
    return 0;
}

static int show_grants(struct show *sh, struct err *err)
{
    for (size_t i = 0; i < sh->ast->names.n; i++) {
        struct str name = ast_as_name(sh->ast->names.items[i])->name;
        const struct cat_role *role;
        TRY(cat_role_by_name(sh->view, name, &role, err));
        if (role == NULL && !str_eqc(name, "public"))
            return err_set(err, ERR_UNDEFINED_OBJECT, "role/user \"%.*s\" does not exist", STR_FMT(name));
    }
    if (!sh->ast->on_target)
        return all_grants(sh, err);
    switch (sh->ast->target_kind) {
    case AST_GRANT_ON_TABLE:
    case AST_GRANT_ON_SEQUENCE:
        return grants_on_tables(sh, err);
    case AST_GRANT_ON_DATABASE:
        return grants_on_databases(sh, err);
    case AST_GRANT_ON_SCHEMA:
        return grants_on_schemas(sh, err);
    case AST_GRANT_ON_TYPE:
        return grants_on_types(sh, err);
    case AST_GRANT_ON_FUNCTION:
        return grants_on_routines(sh, false, err);
    case AST_GRANT_ON_PROCEDURE:
        return grants_on_routines(sh, true, err);
    default:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SHOW GRANTS ON %s",
                       ast_grant_target_sql(sh->ast->target_kind));
    }
}

static void system_grant_rows(struct show *sh, const struct cat_grant *g)
{
    for (unsigned i = 0; i < CAT_SYSTEM_PRIVILEGE_COUNT; i++) {
        uint32_t bit = 1u << i;
        if ((g->privileges & bit) == 0 || !is_listed(&sh->ast->names, g->grantee))
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_str(g->grantee);
        row[1] = datum_c(cat_system_privilege_name(bit));
        row[2] = datum_bool((g->grantable & (bit | CAT_SYSTEM_ALL)) != 0);
    }
}

static int show_system_grants(struct show *sh, struct err *err)
{
    const struct cat_role **roles;
    size_t n;
    struct cat_grant public_grant;
    TRY(cat_list_roles(sh->view, sh->arena, &roles, &n, err));
    TRY(cat_system_grant_get(sh->view, STR("public"), &public_grant, err));
    for (size_t i = 0; i < n; i++)
        system_grant_rows(sh, &roles[i]->system);
    system_grant_rows(sh, &public_grant);
    return 0;
}

// ---- defaults of objects to come and of session variables

static const struct {
    const char *object_type;
    char kind;
    uint32_t public_privilege; // what public has of such objects by itself
} default_kinds[] = {
    {"functions", CAT_DEFAULTS_FUNCTIONS, CAT_PRIVILEGE_EXECUTE},
    {"routines", CAT_DEFAULTS_FUNCTIONS, CAT_PRIVILEGE_EXECUTE},
    {"schemas", CAT_DEFAULTS_SCHEMAS, 0},
    {"sequences", CAT_DEFAULTS_SEQUENCES, 0},
    {"tables", CAT_DEFAULTS_TABLES, 0},
    {"types", CAT_DEFAULTS_TYPES, CAT_PRIVILEGE_USAGE},
};

struct defaults_list {
    const struct cat_defaults *items;
    size_t n;
    bool of_database; // what is there without being said is shown too
};

static void default_rows(struct show *sh, struct str role, const char *object_type, const struct cat_grant *g)
{
    struct granted_object o = {.n_columns = 3};
    o.columns[0] = role.len > 0 ? datum_str(role) : DATUM_NULL;
    o.columns[1] = datum_bool(role.len == 0);
    o.columns[2] = datum_c(object_type);
    grant_rows(sh, &o, g);
}

static void defaults_of_role(struct show *sh, const struct defaults_list *list, struct str role)
{
    for (size_t i = 0; i < ARRAY_LEN(default_kinds); i++) {
        const char *type = default_kinds[i].object_type;
        struct cat_grant everybody = {STR("public"), default_kinds[i].public_privilege, 0};
        for (size_t k = 0; k < list->n; k++) {
            const struct cat_defaults *e = &list->items[k];
            if (e->kind != default_kinds[i].kind || !str_eq(e->acl.owner, role))
                continue;
            for (size_t g = 0; g < e->acl.n_grants; g++)
                default_rows(sh, role, type, &e->acl.grants[g]);
            if (e->public_revoked)
                everybody.privileges = 0;
        }
        if (!list->of_database)
            continue;
        default_rows(sh, role, type, &everybody);
        if (role.len > 0)
            default_rows(sh, role, type, &(struct cat_grant){role, CAT_PRIVILEGE_ALL, CAT_PRIVILEGE_ALL});
    }
}

static int compare_defaults(const void *a, const void *b)
{
    struct datum *const *x = a, *const *y = b;
    static const size_t columns[] = {2, 3, 4};
    int c = 0;
    for (size_t i = 0; i < ARRAY_LEN(columns) && c == 0; i++)
        c = str_cmp((*x)[columns[i]].s, (*y)[columns[i]].s);
    return c;
}

static bool is_grantee(const struct show *sh, struct str name)
{
    bool found = false;
    for (size_t i = 0; i < sh->ast->targets.n; i++)
        found |= str_eq(ast_as_name(sh->ast->targets.items[i])->name, name);
    return found;
}

// FOR GRANTEE: what the named roles get by the defaults of all others.
static int defaults_of_grantees(struct show *sh, const struct defaults_list *list, struct err *err)
{
    const struct cat_role **roles;
    size_t n, kept = 0;
    TRY(cat_list_roles(sh->view, sh->arena, &roles, &n, err));
    defaults_of_role(sh, list, STR_EMPTY);
    for (size_t i = 0; i < n; i++)
        defaults_of_role(sh, list, roles[i]->name);
    for (size_t i = 0; i < sh->out->rows.len; i++)
        if (is_grantee(sh, sh->out->rows.ptr[i][3].s))
            sh->out->rows.ptr[kept++] = sh->out->rows.ptr[i];
    sh->out->rows.len = kept;
    return 0;
}

static int show_default_privileges(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema = NULL;
    size_t n = MAX(sh->ast->names.n, (size_t)1);
    if (sh->ast->object != NULL)
        TRY(show_place(sh, sh->ast->object, &d, &schema, err));
    else
        TRY(show_current_database(sh, &d, err));
    struct defaults_list list = {d->defaults, d->n_defaults, true};
    if (sh->ast->object != NULL)
        list = (struct defaults_list){schema != NULL ? schema->defaults : NULL, schema != NULL ? schema->n_defaults : 0,
                                      false};
    if (sh->ast->targets.n > 0)
        return defaults_of_grantees(sh, &list, err);
    for (size_t r = 0; r < n; r++) {
        struct str role = sh->ast->all           ? STR_EMPTY
                          : sh->ast->names.n > 0 ? ast_as_name(sh->ast->names.items[r])->name
                                                 : sh->session->user;
        size_t first = sh->out->rows.len;
        defaults_of_role(sh, &list, role);
        if (sh->out->rows.len > first)
            qsort(sh->out->rows.ptr + first, sh->out->rows.len - first, sizeof(*sh->out->rows.ptr), compare_defaults);
    }
    return 0;
}

static int role_settings(struct show *sh, const struct cat_database *d, struct str role, struct err *err)
{
    const struct str *settings;
    size_t n;
    TRY(cat_role_settings_get(sh->view, sh->arena, d != NULL ? d->id : 0, role, &settings, &n, err));
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t eq = str_find(settings[i], STR("="), 0);
        if (eq < 0)
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_str(str_slice(settings[i], 0, (size_t)eq));
        row[1] = datum_str(str_slice(settings[i], (size_t)eq + 1, settings[i].len));
        row[2] = d != NULL ? datum_str(d->name) : DATUM_NULL;
        row[3] = datum_bool(role.len == 0);
    }
    return 0;
}

static int show_default_variables(struct show *sh, struct err *err)
{
    const struct cat_database **list;
    size_t n;
    struct str role = sh->ast->all ? STR_EMPTY : sh->ast->name;
    const struct cat_role *found;
    if (role.len > 0) {
        TRY(cat_role_by_name(sh->view, role, &found, err));
        if (found == NULL)
            return err_set(err, ERR_UNDEFINED_OBJECT, "role/user \"%.*s\" does not exist", STR_FMT(role));
    }
    TRY(role_settings(sh, NULL, role, err));
    TRY(cat_list_databases(sh->view, sh->arena, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(role_settings(sh, list[i], role, err));
    return 0;
}

#define TEXT(name)            \
    {                         \
        name, TYPE_OID_STRING \
    }
#define ROLE_COLUMNS                                                                                \
    {                                                                                               \
        TEXT("username"), {"options", TYPE_OID_STRING_ARRAY}, {"member_of", TYPE_OID_STRING_ARRAY}, \
        {                                                                                           \
            "estimated_last_login_time", TYPE_OID_TIMESTAMPTZ                                       \
        }                                                                                           \
    }
const struct show_form show_access_forms[] = {
    {AST_SHOW_USERS, show_roles, ROLE_COLUMNS},
    {AST_SHOW_ROLES, show_roles, ROLE_COLUMNS},
    {AST_SHOW_GRANTS_ON_ROLE, show_grants_on_role, {TEXT("role_name"), TEXT("member"), {"is_admin", TYPE_OID_BOOL}}},
    {AST_SHOW_GRANTS,
     show_grants,
     {TEXT("database_name"),
      TEXT("schema_name"),
      TEXT("object_name"),
      TEXT("object_type"),
      TEXT("grantee"),
      TEXT("privilege_type"),
      {"is_grantable", TYPE_OID_BOOL}}},
    {AST_SHOW_SYSTEM_GRANTS,
     show_system_grants,
     {TEXT("grantee"), TEXT("privilege_type"), {"is_grantable", TYPE_OID_BOOL}}},
    {AST_SHOW_DEFAULT_PRIVILEGES,
     show_default_privileges,
     {TEXT("role"),
      {"for_all_roles", TYPE_OID_BOOL},
      TEXT("object_type"),
      TEXT("grantee"),
      TEXT("privilege_type"),
      {"is_grantable", TYPE_OID_BOOL}}},
    {AST_SHOW_DEFAULT_SESSION_VARIABLES,
     show_default_variables,
     {TEXT("session_variables"), TEXT("default_values"), TEXT("database"), {"inherited_globally", TYPE_OID_BOOL}}},
    {0},
};
