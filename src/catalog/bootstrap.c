// What a new cluster contains: the system database with its tables, defaultdb and postgres, root, node and admin.

#include "catalog/catalog_int.h"

enum { ROLE_ID_ROOT = 1, ROLE_ID_ADMIN = 2, ROLE_ID_NODE = 3 };

struct cat_acl cat_default_acl(struct arena *a, struct str owner, uint32_t public_privileges)
{
    struct cat_grant *g = ARENA_ARRAY(a, struct cat_grant, 3);
    size_t n = 0;
    g[n++] = (struct cat_grant){STR("admin"), CAT_PRIVILEGE_ALL, CAT_PRIVILEGE_ALL};
    if (public_privileges != 0)
        g[n++] = (struct cat_grant){STR("public"), public_privileges, 0};
    g[n++] = (struct cat_grant){STR("root"), CAT_PRIVILEGE_ALL, CAT_PRIVILEGE_ALL};
    return (struct cat_acl){owner, g, n};
}

static int put_database(struct cat_view *v, uint32_t id, struct str name, uint32_t public_id, struct err *err)
{
    struct arena a;
    arena_init(&a, NULL);
    bool is_system = id == CAT_ID_SYSTEM_DATABASE;
    struct str owner = is_system ? STR("node") : STR("root"), schema_owner = is_system ? STR("node") : STR("admin");
    struct cat_database d = {.id = id,
                             .name = name,
                             .public_schema_id = public_id,
                             .acl = cat_default_acl(&a, owner, CAT_PRIVILEGE_CONNECT)};
    struct cat_schema s = {
        .id = public_id,
        .database_id = id,
        .name = STR("public"),
        .acl = cat_default_acl(&a, schema_owner,
                               is_system ? CAT_PRIVILEGE_USAGE : CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_USAGE)};
    int rc = cat_put_database(v, &d, err);
    if (rc == 0)
        rc = cat_put_schema(v, &s, err);
    arena_release(&a);
    return rc;
}

static int put_objects(struct catalog *c, struct cat_view *v, struct err *err)
{
    TRY(put_database(v, CAT_ID_SYSTEM_DATABASE, STR("system"), CAT_ID_SYSTEM_PUBLIC, err));
    TRY(put_database(v, CAT_ID_DEFAULTDB, STR("defaultdb"), CAT_ID_DEFAULTDB_PUBLIC, err));
    TRY(put_database(v, CAT_ID_POSTGRES, STR("postgres"), CAT_ID_POSTGRES_PUBLIC, err));
    for (size_t i = 0; i < SYSTEM_TABLE_COUNT; i++)
        TRY(cat_put_table(v, c->system[i], err));
    return 0;
}

static int put_roles(struct cat_view *v, struct err *err)
{
    const struct cat_role roles[] = {
        {.name = STR("admin"), .id = ROLE_ID_ADMIN, .is_role = true},
        {.name = STR("node"), .id = ROLE_ID_NODE, .is_role = true},
        {.name = STR("root"), .id = ROLE_ID_ROOT},
    };
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        TRY(cat_put_role(v, &roles[i], err));
    return cat_put_member(v, STR("admin"), STR("root"), true, err);
}

int catalog_bootstrap(struct catalog *c, struct kv_txn *txn, struct err *err)
{
    struct cat_view *v;
    TRY(cat_view_open(c, txn, &v, err));
    int rc = put_objects(c, v, err);
    if (rc == 0)
        rc = put_roles(v, err);
    cat_view_close(v);
    return rc;
}

// Tables of the system database that a cluster made by an earlier version lacks.
int catalog_complete(struct catalog *c, struct kv_txn *txn, struct err *err)
{
    struct cat_view *v;
    struct arena a;
    TRY(cat_view_open(c, txn, &v, err));
    arena_init(&a, NULL);
    int rc = 0;
    for (size_t i = 0; i < SYSTEM_TABLE_COUNT && rc == 0; i++) {
        struct datum key = datum_int(c->system[i]->id), row[SYSTEM_COLUMNS_MAX];
        bool found = true;
        rc = system_get(c, txn, &a, SYSTEM_DESCRIPTOR, KV_READ_SNAPSHOT, &key, row, &found, err);
        if (rc == 0 && !found)
            rc = cat_put_table(v, c->system[i], err);
    }
    arena_release(&a);
    cat_view_close(v);
    return rc;
}
