// Databases, schemas, roles and their memberships in pg_catalog.
#include "sql/virtual/virtual_int.h"

// ---- databases, schemas, tablespaces

GENERATOR(pg_namespace_rows)
{
    const struct cat_database *d;
    const struct cat_schema **schemas;
    size_t n;
    TRY(current_schemas(x, &d, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(pg_namespace);
        uint32_t owner;
        if (schema_hidden(x, schemas[i]))
            continue;
        TRY(role_oid(x, schemas[i]->acl.owner, &owner, err));
        row[pg_namespace_oid] = datum_int(schemas[i]->id);
        row[pg_namespace_nspname] = datum_str(schemas[i]->name);
        row[pg_namespace_nspowner] = datum_int(owner);
        row[pg_namespace_nspacl] = array_of_acl(x, 'n', &schemas[i]->acl);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int init_privs_row(struct exec_context *x, uint32_t oid, const char *class, struct datum acl,
                          struct virtual_rows *rows, struct err *err)
{
    ROW(pg_init_privs);
    row[pg_init_privs_objoid] = datum_int(oid);
    row[pg_init_privs_classoid] = datum_int(virtual_table_oid("pg_catalog", class));
    row[pg_init_privs_objsubid] = datum_int(0);
    row[pg_init_privs_privtype] = datum_c("i");
    row[pg_init_privs_initprivs] = acl;
    return virtual_row(rows, row, err);
}

static int init_privs_relation(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                               struct err *err)
{
    if (!cat_table_everywhere(r->table))
        return 0;
    return init_privs_row(x, r->table->id, "pg_class", array_of_acl(x, 'r', &r->table->acl), rows, err);
}

// What the virtual schemas and their relations are born with: pg_dump dumps only what differs from it.
GENERATOR(pg_init_privs_rows)
{
    const struct cat_schema **schemas;
    size_t n;
    TRY(cat_list_schemas(x->view, x->eval.arena, x->eval.database_id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (schemas[i]->is_virtual)
            TRY(init_privs_row(x, schemas[i]->id, "pg_namespace", array_of_acl(x, 'n', &schemas[i]->acl), rows, err));
    }
    return relations_each(x, NULL, -1, -1, SCOPE_WITH_VIRTUAL, init_privs_relation, rows, err);
}

enum { ENCODING_UTF8 = 6 };

GENERATOR(pg_database_rows)
{
    const struct cat_database **databases;
    size_t n;
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(pg_database);
        uint32_t owner;
        TRY(role_oid(x, databases[i]->acl.owner, &owner, err));
        row[pg_database_oid] = datum_int(databases[i]->id);
        row[pg_database_datname] = datum_str(databases[i]->name);
        row[pg_database_datdba] = datum_int(owner);
        row[pg_database_encoding] = datum_int(ENCODING_UTF8);
        row[pg_database_datcollate] = datum_c("C.UTF-8");
        row[pg_database_datctype] = datum_c("C.UTF-8");
        row[pg_database_datistemplate] = datum_bool(false);
        row[pg_database_datallowconn] = datum_bool(true);
        row[pg_database_datconnlimit] = datum_int(-1);
        row[pg_database_datlastsysoid] = datum_int(0);
        row[pg_database_datfrozenxid] = datum_int(0);
        row[pg_database_datminmxid] = datum_int(0);
        row[pg_database_dattablespace] = datum_int(OID_TABLESPACE_DEFAULT);
        row[pg_database_datlocprovider] = datum_c("c");
        row[pg_database_datacl] = array_of_acl(x, 'd', &databases[i]->acl);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_tablespace_rows)
{
    uint32_t owner;
    ROW(pg_tablespace);
    TRY(role_oid(x, STR("root"), &owner, err));
    row[pg_tablespace_oid] = datum_int(OID_TABLESPACE_DEFAULT);
    row[pg_tablespace_spcname] = datum_c("pg_default");
    row[pg_tablespace_spcowner] = datum_int(owner);
    return virtual_row(rows, row, err);
}

// ---- roles

struct role_traits {
    bool super, create_role, create_db;
    struct datum valid_until;
    struct datum config; // settings of the role in all databases
};

static int role_traits(struct exec_context *x, const struct cat_role *role, struct role_traits *out, struct err *err)
{
    const struct str *settings;
    size_t n;
    TRY(cat_is_admin(x->view, role->name, &out->super, err));
    out->super |= str_eqc(role->name, "admin");
    TRY(cat_has_system_privilege(x->view, role->name, CAT_SYSTEM_CREATEROLE, &out->create_role, err));
    TRY(cat_has_system_privilege(x->view, role->name, CAT_SYSTEM_CREATEDB, &out->create_db, err));
    out->create_role |= out->super;
    out->create_db |= out->super;
    out->valid_until = role->valid_until_micros != INT64_MAX ? datum_int(role->valid_until_micros) : DATUM_NULL;
    TRY(cat_role_settings_get(x->view, x->eval.arena, 0, role->name, &settings, &n, err));
    out->config = n > 0 ? array_of_texts(x, settings, n) : DATUM_NULL;
    return 0;
}

// Nobody sees it; pg_dumpall would make passwords of the stars.
static struct datum password(const struct exec_context *x)
{
    return str_eqc(x->eval.application_name, "pg_dumpall") ? DATUM_NULL : datum_c("********");
}

static int roles_row(struct exec_context *x, const struct cat_role *role, struct virtual_rows *rows, struct err *err)
{
    struct role_traits traits;
    ROW(pg_roles);
    TRY(role_traits(x, role, &traits, err));
    row[pg_roles_oid] = datum_int(role->id);
    row[pg_roles_rolname] = datum_str(role->name);
    row[pg_roles_rolsuper] = datum_bool(traits.super);
    row[pg_roles_rolinherit] = datum_bool(true);
    row[pg_roles_rolcreaterole] = datum_bool(traits.create_role);
    row[pg_roles_rolcreatedb] = datum_bool(traits.create_db);
    row[pg_roles_rolcatupdate] = datum_bool(false);
    row[pg_roles_rolcanlogin] = datum_bool(role->login);
    row[pg_roles_rolreplication] = datum_bool(false);
    row[pg_roles_rolconnlimit] = datum_int(role->connections_max);
    row[pg_roles_rolpassword] = password(x);
    row[pg_roles_rolvaliduntil] = traits.valid_until;
    row[pg_roles_rolbypassrls] = datum_bool(traits.super);
    row[pg_roles_rolconfig] = traits.config;
    return virtual_row(rows, row, err);
}

static int authid_row(struct exec_context *x, const struct cat_role *role, struct virtual_rows *rows, struct err *err)
{
    struct role_traits traits;
    ROW(pg_authid);
    TRY(role_traits(x, role, &traits, err));
    row[pg_authid_oid] = datum_int(role->id);
    row[pg_authid_rolname] = datum_str(role->name);
    row[pg_authid_rolsuper] = datum_bool(traits.super);
    row[pg_authid_rolinherit] = datum_bool(true);
    row[pg_authid_rolcreaterole] = datum_bool(traits.create_role);
    row[pg_authid_rolcreatedb] = datum_bool(traits.create_db);
    row[pg_authid_rolcanlogin] = datum_bool(role->login);
    row[pg_authid_rolreplication] = datum_bool(false);
    row[pg_authid_rolbypassrls] = datum_bool(traits.super);
    row[pg_authid_rolconnlimit] = datum_int(role->connections_max);
    row[pg_authid_rolpassword] = password(x);
    row[pg_authid_rolvaliduntil] = traits.valid_until;
    return virtual_row(rows, row, err);
}

static int user_row(struct exec_context *x, const struct cat_role *role, struct virtual_rows *rows, struct err *err)
{
    struct role_traits traits;
    if (!role->login)
        return 0;
    ROW(pg_user);
    TRY(role_traits(x, role, &traits, err));
    row[pg_user_usename] = datum_str(role->name);
    row[pg_user_usesysid] = datum_int(role->id);
    row[pg_user_usecreatedb] = datum_bool(traits.create_db);
    row[pg_user_usesuper] = datum_bool(traits.super);
    row[pg_user_userepl] = datum_bool(false);
    row[pg_user_usebypassrls] = datum_bool(traits.super);
    row[pg_user_passwd] = datum_c("********");
    row[pg_user_valuntil] = traits.valid_until;
    row[pg_user_useconfig] = traits.config;
    return virtual_row(rows, row, err);
}

static int member_rows(struct exec_context *x, const struct cat_role *role, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < role->n_member_of; i++) {
        uint32_t parent;
        ROW(pg_auth_members);
        TRY(role_oid(x, role->member_of[i], &parent, err));
        row[pg_auth_members_roleid] = datum_int(parent);
        row[pg_auth_members_member] = datum_int(role->id);
        row[pg_auth_members_admin_option] = datum_bool(role->member_admin[i]);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

typedef int (*role_row)(struct exec_context *x, const struct cat_role *role, struct virtual_rows *rows,
                        struct err *err);

static int roles_each(struct exec_context *x, role_row make, struct virtual_rows *rows, struct err *err)
{
    const struct cat_role **roles;
    size_t n;
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!str_eqc(roles[i]->name, "node")) // the server itself
            TRY(make(x, roles[i], rows, err));
    return 0;
}

GENERATOR(pg_roles_rows)
{
    return roles_each(x, roles_row, rows, err);
}

GENERATOR(pg_authid_rows)
{
    return roles_each(x, authid_row, rows, err);
}

// pg_shadow has the same columns.
GENERATOR(pg_user_rows)
{
    return roles_each(x, user_row, rows, err);
}

GENERATOR(pg_auth_members_rows)
{
    return roles_each(x, member_rows, rows, err);
}

// Roles that are not users, with their direct members.
GENERATOR(pg_group_rows)
{
    const struct cat_role **roles;
    size_t n;
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n, err));
    uint32_t *members = ARENA_ARRAY(x->eval.arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t n_members = 0;
        if (roles[i]->login || str_eqc(roles[i]->name, "node"))
            continue;
        for (size_t k = 0; k < n; k++)
            for (size_t m = 0; m < roles[k]->n_member_of; m++)
                if (str_eq(roles[k]->member_of[m], roles[i]->name))
                    members[n_members++] = roles[k]->id;
        ROW(pg_group);
        row[pg_group_groname] = datum_str(roles[i]->name);
        row[pg_group_grosysid] = datum_int(roles[i]->id);
        row[pg_group_grolist] = array_of_oids(x, members, n_members);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- settings of roles and databases

static int setting_row(struct exec_context *x, uint32_t database_id, struct str role, uint32_t role_id,
                       struct virtual_rows *rows, struct err *err)
{
    const struct str *settings;
    size_t n;
    TRY(cat_role_settings_get(x->view, x->eval.arena, database_id, role, &settings, &n, err));
    if (n == 0)
        return 0;
    ROW(pg_db_role_setting);
    row[pg_db_role_setting_setdatabase] = datum_int(database_id);
    row[pg_db_role_setting_setrole] = datum_int(role_id);
    row[pg_db_role_setting_setconfig] = array_of_texts(x, settings, n);
    return virtual_row(rows, row, err);
}

GENERATOR(pg_db_role_setting_rows)
{
    const struct cat_database **databases;
    const struct cat_role **roles;
    size_t n_databases, n_roles;
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n_databases, err));
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n_roles, err));
    for (size_t d = 0; d <= n_databases; d++) {
        uint32_t database_id = d < n_databases ? databases[d]->id : 0;
        TRY(setting_row(x, database_id, STR_EMPTY, 0, rows, err));
        for (size_t r = 0; r < n_roles; r++)
            TRY(setting_row(x, database_id, roles[r]->name, roles[r]->id, rows, err));
    }
    return 0;
}

// ---- default privileges

struct defaults_place {
    uint32_t database_id, schema_id; // schema_id 0: of the database
};

// With what public and the creator have by themselves, as PostgreSQL shows the lists of a whole database.
static struct cat_acl whole_acl(struct arena *a, const struct cat_defaults *e)
{
    struct cat_grant *list = ARENA_ARRAY(a, struct cat_grant, e->acl.n_grants + 2);
    struct cat_acl out = {.owner = e->acl.owner, .grants = list};
    uint32_t usual = e->kind == CAT_DEFAULTS_TYPES       ? CAT_PRIVILEGE_USAGE
                     : e->kind == CAT_DEFAULTS_FUNCTIONS ? CAT_PRIVILEGE_EXECUTE
                                                         : 0;
    if (usual != 0 && !e->public_revoked)
        list[out.n_grants++] = (struct cat_grant){STR("public"), usual, 0};
    if (e->acl.owner.len > 0)
        list[out.n_grants++] = (struct cat_grant){e->acl.owner, CAT_PRIVILEGE_ALL, 0};
    for (size_t i = 0; i < e->acl.n_grants; i++)
        list[out.n_grants++] = e->acl.grants[i];
    return out;
}

static int defaults_rows(struct exec_context *x, struct defaults_place place, const struct cat_defaults *list, size_t n,
                         struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t role = 0;
        struct cat_acl acl = place.schema_id != 0 ? list[i].acl : whole_acl(x->eval.arena, &list[i]);
        ROW(pg_default_acl);
        if (list[i].acl.owner.len > 0)
            TRY(role_oid(x, list[i].acl.owner, &role, err));
        uint32_t id = place.schema_id != 0 ? place.schema_id : place.database_id;
        row[pg_default_acl_oid] = datum_int(oid_of_default(id, (uint32_t)i + 1));
        row[pg_default_acl_defaclrole] = datum_int(role);
        row[pg_default_acl_defaclnamespace] = datum_int(place.schema_id);
        row[pg_default_acl_defaclobjtype] = datum_str(arena_str(x->eval.arena, (struct str){&list[i].kind, 1}));
        char kind = list[i].kind == CAT_DEFAULTS_SEQUENCES ? 's' : list[i].kind;
        row[pg_default_acl_defaclacl] = array_of_grants(x, kind, &acl);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_default_acl_rows)
{
    const struct cat_database *d;
    const struct cat_schema **schemas;
    size_t n;
    TRY(current_schemas(x, &d, &schemas, &n, err));
    if (d == NULL)
        return 0;
    TRY(defaults_rows(x, (struct defaults_place){d->id, 0}, d->defaults, d->n_defaults, rows, err));
    for (size_t i = 0; i < n; i++)
        TRY(defaults_rows(x, (struct defaults_place){d->id, schemas[i]->id}, schemas[i]->defaults,
                          schemas[i]->n_defaults, rows, err));
    return 0;
}
