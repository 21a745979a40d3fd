// information_schema: privileges and roles.
#include "sql/virtual/virtual_int.h"

static struct datum yes_no(bool yes)
{
    return datum_c(yes ? "YES" : "NO");
}

static bool grantable(const struct cat_grant *g, uint32_t bit)
{
    return (g->grantable & (bit | CAT_PRIVILEGE_ALL)) != 0;
}

// ---- of relations and schemas

static int table_grant_rows(const struct relation *r, const struct cat_grant *g, struct virtual_rows *rows,
                            struct err *err)
{
    for (unsigned i = 0; i < 32; i++) {
        if ((g->privileges & 1u << i) == 0)
            continue;
        ROW(table_privileges);
        row[table_privileges_grantee] = datum_str(g->grantee);
        row[table_privileges_table_catalog] = datum_str(r->database->name);
        row[table_privileges_table_schema] = datum_str(r->schema->name);
        row[table_privileges_table_name] = datum_str(r->table->name);
        row[table_privileges_privilege_type] = datum_c(cat_privilege_name(1u << i));
        row[table_privileges_is_grantable] = yes_no(grantable(g, 1u << i));
        row[table_privileges_with_hierarchy] = yes_no((1u << i) == CAT_PRIVILEGE_SELECT);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int table_privilege_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                                struct err *err)
{
    for (size_t i = 0; i < r->table->acl.n_grants; i++)
        TRY(table_grant_rows(r, &r->table->acl.grants[i], rows, err));
    return 0;
}

// role_table_grants has the same columns and rows.
GENERATOR(info_table_privileges_rows)
{
    return relations_each_accessible(x, filter, table_privileges_table_name, SCOPE_WITH_VIRTUAL, table_privilege_rows,
                                     rows, err);
}

static int schema_grant_rows(const struct cat_database *d, const struct cat_schema *s, const struct cat_grant *g,
                             struct virtual_rows *rows, struct err *err)
{
    for (unsigned i = 0; i < 32; i++) {
        if ((g->privileges & 1u << i) == 0)
            continue;
        ROW(schema_privileges);
        row[schema_privileges_grantee] = datum_str(g->grantee);
        row[schema_privileges_table_catalog] = datum_str(d->name);
        row[schema_privileges_table_schema] = datum_str(s->name);
        row[schema_privileges_privilege_type] = datum_c(cat_privilege_name(1u << i));
        row[schema_privileges_is_grantable] = yes_no(grantable(g, 1u << i));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(info_schema_privileges_rows)
{
    const struct cat_database *d;
    const struct cat_schema **schemas;
    size_t n;
    TRY(current_schemas(x, &d, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < schemas[i]->acl.n_grants; k++)
            TRY(schema_grant_rows(d, schemas[i], &schemas[i]->acl.grants[k], rows, err));
    return 0;
}

static int type_grant_rows(const struct cat_database *d, const struct cat_type *t, const struct cat_grant *g,
                           struct virtual_rows *rows, struct err *err)
{
    for (unsigned i = 0; i < 32; i++) {
        if ((g->privileges & 1u << i) == 0)
            continue;
        ROW(type_privileges);
        row[type_privileges_grantee] = datum_str(g->grantee);
        row[type_privileges_type_catalog] = datum_str(d->name);
        row[type_privileges_type_schema] = datum_str(t->def.schema);
        row[type_privileges_type_name] = datum_str(t->name);
        row[type_privileges_privilege_type] = datum_c(cat_privilege_name(1u << i));
        row[type_privileges_is_grantable] = yes_no(grantable(g, 1u << i));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int type_privilege_rows(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                               struct virtual_rows *rows, struct err *err)
{
    const struct cat_grant owner = {t->acl.owner, CAT_PRIVILEGE_ALL, CAT_PRIVILEGE_ALL};
    bool listed = t->acl.owner.len == 0;
    for (size_t i = 0; i < t->acl.n_grants; i++) {
        TRY(type_grant_rows(d, t, &t->acl.grants[i], rows, err));
        listed |= str_eq(t->acl.grants[i].grantee, t->acl.owner);
    }
    return listed ? 0 : type_grant_rows(d, t, &owner, rows, err);
}

GENERATOR(info_type_privileges_rows)
{
    return user_types_each(x, type_privilege_rows, rows, err);
}

// What the administrators may do in the current database.
GENERATOR(info_user_privileges_rows)
{
    static const char *const grantees[] = {"admin", "root"};
    for (size_t g = 0; g < ARRAY_LEN(grantees); g++) {
        for (unsigned i = 0; i < 32; i++) {
            const char *name = (1u << i) <= CAT_PRIVILEGE_MAINTAIN ? cat_privilege_name(1u << i) : NULL;
            if (name == NULL)
                continue;
            ROW(user_privileges);
            row[user_privileges_grantee] = datum_c(grantees[g]);
            row[user_privileges_table_catalog] = datum_str(x->eval.database);
            row[user_privileges_privilege_type] = datum_c(name);
            row[user_privileges_is_grantable] = yes_no(true);
            TRY(virtual_row(rows, row, err));
        }
    }
    return 0;
}

// ---- roles of the current user

GENERATOR(info_enabled_roles_rows)
{
    const struct cat_role **roles;
    size_t n;
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool member;
        TRY(cat_is_member(x->view, x->eval.user, roles[i]->name, &member, err));
        if (!member)
            continue;
        ROW(enabled_roles);
        row[enabled_roles_role_name] = datum_str(roles[i]->name);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int applicable_rows(struct exec_context *x, bool administrable_only, struct virtual_rows *rows, struct err *err)
{
    const struct cat_role **roles;
    size_t n;
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool member;
        TRY(cat_is_member(x->view, x->eval.user, roles[i]->name, &member, err));
        for (size_t k = 0; member && k < roles[i]->n_member_of; k++) {
            if (administrable_only && !roles[i]->member_admin[k])
                continue;
            ROW(applicable_roles);
            row[applicable_roles_grantee] = datum_str(roles[i]->name);
            row[applicable_roles_role_name] = datum_str(roles[i]->member_of[k]);
            row[applicable_roles_is_grantable] = yes_no(roles[i]->member_admin[k]);
            TRY(virtual_row(rows, row, err));
        }
    }
    return 0;
}

GENERATOR(info_applicable_roles_rows)
{
    return applicable_rows(x, false, rows, err);
}

GENERATOR(info_administrable_roles_rows)
{
    return applicable_rows(x, true, rows, err);
}
