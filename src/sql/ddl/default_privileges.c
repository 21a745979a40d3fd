// ALTER DEFAULT PRIVILEGES, and the access lists of new objects.
//
// A database and each of its schemas keep entries: what the objects of one kind that one role creates (or all roles)
// get beside the usual. Entries of the database and of the schema add up.

#include "sql/ddl/grant_int.h"

static const struct {
    enum ast_grant_target target;
    enum grant_object object;
    char kind;
} kinds[] = {
    {AST_GRANT_ON_TABLE, GRANT_TABLE, CAT_DEFAULTS_TABLES},
    {AST_GRANT_ON_SEQUENCE, GRANT_SEQUENCE, CAT_DEFAULTS_SEQUENCES},
    {AST_GRANT_ON_TYPE, GRANT_TYPE, CAT_DEFAULTS_TYPES},
    {AST_GRANT_ON_SCHEMA, GRANT_SCHEMA, CAT_DEFAULTS_SCHEMAS},
    {AST_GRANT_ON_FUNCTION, GRANT_FUNCTION, CAT_DEFAULTS_FUNCTIONS},
};

struct defaults_work {
    struct grant_work grant;
    enum grant_object object;
    char kind;
};

// ---- entries

static int compare_entries(const struct cat_defaults *a, struct str role, char kind)
{
    int c = str_cmp(a->acl.owner, role);
    return c != 0 ? c : (a->kind > kind) - (a->kind < kind);
}

// Whether public has by itself what is granted or revoked.
static bool changes_public(const struct defaults_work *w)
{
    uint32_t usual = w->kind == CAT_DEFAULTS_TYPES       ? CAT_PRIVILEGE_USAGE
                     : w->kind == CAT_DEFAULTS_FUNCTIONS ? CAT_PRIVILEGE_EXECUTE
                                                         : 0;
    return (w->grant.privileges & (usual | CAT_PRIVILEGE_ALL)) != 0 && usual != 0;
}

static int change_entry(const struct defaults_work *w, struct cat_defaults *e, bool of_database, struct err *err)
{
    const struct ast_grant *s = w->grant.s;
    for (size_t i = 0; i < s->grantees.n; i++) {
        struct str grantee = ast_as_name(s->grantees.items[i])->name;
        if (of_database && str_eqc(grantee, "public") && changes_public(w)) {
            e->public_revoked = s->revoke && !s->grant_option;
            continue;
        }
        TRY(grant_change(&w->grant, &e->acl, grantee, w->object, STR("default privileges"), err));
    }
    return 0;
}

// The list with the entry of the role changed, added in its place, or gone when nothing is left of it.
static int change_list(const struct defaults_work *w, struct str role, bool of_database,
                       const struct cat_defaults **list, size_t *n, struct err *err)
{
    struct cat_defaults *changed = ARENA_ARRAY(w->grant.dc->arena, struct cat_defaults, *n + 1);
    struct cat_defaults e = {.kind = w->kind, .acl = {.owner = role}};
    size_t kept = 0, i = 0;
    for (; i < *n && compare_entries(&(*list)[i], role, w->kind) < 0; i++)
        changed[kept++] = (*list)[i];
    if (i < *n && compare_entries(&(*list)[i], role, w->kind) == 0)
        e = (*list)[i++];
    TRY(change_entry(w, &e, of_database, err));
    if (e.acl.n_grants > 0 || e.public_revoked)
        changed[kept++] = e;
    for (; i < *n; i++)
        changed[kept++] = (*list)[i];
    *list = changed;
    *n = kept;
    return 0;
}

// ---- the statement

static int change_database(const struct defaults_work *w, struct str role, struct err *err)
{
    const struct cat_database *d;
    TRY(ddl_current_database(w->grant.dc, &d, err));
    struct cat_database changed = *d;
    TRY(change_list(w, role, true, &changed.defaults, &changed.n_defaults, err));
    return cat_put_database(w->grant.dc->view, &changed, err);
}

static int change_schema(const struct defaults_work *w, struct str role, const struct ast *name, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(ddl_find_schema(w->grant.dc, name, false, &schema, &d, err));
    if (schema->is_virtual)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "cannot change the privileges of virtual schema \"%.*s\"",
                       STR_FMT(schema->name));
    struct cat_schema changed = *schema;
    TRY(change_list(w, role, false, &changed.defaults, &changed.n_defaults, err));
    return cat_put_schema(w->grant.dc->view, &changed, err);
}

static int change_role(const struct defaults_work *w, const struct ast_alter_default_privileges *s, struct str role,
                       struct err *err)
{
    if (s->schemas.n == 0)
        return change_database(w, role, err);
    for (size_t i = 0; i < s->schemas.n; i++)
        TRY(change_schema(w, role, s->schemas.items[i], err));
    return 0;
}

static int check_role(struct ddl_context *dc, struct str role, struct err *err)
{
    const struct cat_role *r;
    bool ok;
    TRY(ddl_need_role(dc, role, &r, err));
    TRY(cat_is_admin(dc->view, dc->scope.user, &ok, err));
    if (!ok)
        TRY(cat_is_member(dc->view, dc->scope.user, role, &ok, err));
    return ok ? 0 : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "must be a member of %.*s", STR_FMT(role));
}

static int check_all_roles(struct ddl_context *dc, struct err *err)
{
    bool ok;
    TRY(cat_is_admin(dc->view, dc->scope.user, &ok, err));
    return ok ? 0
              : err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "must be an admin to ALTER DEFAULT PRIVILEGES FOR ALL ROLES");
}

static int check_grant(const struct defaults_work *w, const struct ast_alter_default_privileges *s, struct err *err)
{
    if (w->kind == CAT_DEFAULTS_SCHEMAS && s->schemas.n > 0)
        return err_set(err, ERR_INVALID_GRANT_OPERATION,
                       "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
    return grant_check_applicable(&w->grant, w->object, err);
}

int ddl_alter_default_privileges(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out,
                                 struct err *err)
{
    const struct ast_alter_default_privileges *s = ast_as_alter_default_privileges(statement);
    struct defaults_work w = {0};
    TRY(grant_work_open(&w.grant, dc, ast_as_grant(s->grant), err));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].target == w.grant.s->target) {
            w.object = kinds[i].object;
            w.kind = kinds[i].kind;
        }
    TRY(check_grant(&w, s, err));
    if (s->for_all_roles) {
        TRY(check_all_roles(dc, err));
        return change_role(&w, s, STR_EMPTY, err);
    }
    for (size_t i = 0; i < s->for_roles.n; i++) {
        struct str role = ast_as_name(s->for_roles.items[i])->name;
        TRY(check_role(dc, role, err));
        TRY(change_role(&w, s, role, err));
    }
    return s->for_roles.n > 0 ? 0 : change_role(&w, s, dc->scope.user, err);
}

// ---- new objects

struct new_acl {
    struct arena *a;
    struct str creator;
    char kind;
    uint32_t public_privileges;
    struct cat_acl acl;
};

static void add_grant(struct new_acl *n, const struct cat_grant *g)
{
    struct cat_grant *list = ARENA_ARRAY(n->a, struct cat_grant, n->acl.n_grants + 1);
    size_t at = 0;
    memcpy(list, n->acl.grants, n->acl.n_grants * sizeof(*list));
    while (at < n->acl.n_grants && str_cmp(list[at].grantee, g->grantee) < 0)
        at++;
    if (at < n->acl.n_grants && str_eq(list[at].grantee, g->grantee)) {
        list[at].privileges |= g->privileges;
        list[at].grantable |= g->grantable;
    } else {
        memmove(&list[at + 1], &list[at], (n->acl.n_grants - at) * sizeof(*list));
        list[at] = *g;
        n->acl.n_grants++;
    }
    n->acl.grants = list;
}

static bool is_for(const struct cat_defaults *e, const struct new_acl *n)
{
    return e->kind == n->kind && (e->acl.owner.len == 0 || str_eq(e->acl.owner, n->creator));
}

static void add_defaults(struct new_acl *n, const struct cat_defaults *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; is_for(&list[i], n) && k < list[i].acl.n_grants; k++)
            add_grant(n, &list[i].acl.grants[k]);
}

struct cat_acl ddl_new_acl(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s, char kind,
                           struct str owner, uint32_t public_privileges)
{
    struct new_acl n = {.a = dc->arena, .creator = dc->scope.user, .kind = kind};
    for (size_t i = 0; i < d->n_defaults; i++)
        if (is_for(&d->defaults[i], &n) && d->defaults[i].public_revoked)
            public_privileges = 0;
    n.acl = cat_default_acl(dc->arena, owner, public_privileges);
    add_defaults(&n, d->defaults, d->n_defaults);
    if (s != NULL)
        add_defaults(&n, s->defaults, s->n_defaults);
    return n.acl;
}
