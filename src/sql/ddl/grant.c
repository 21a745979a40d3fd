// GRANT and REVOKE, of privileges on objects and of roles.

#include "sql/ddl/grant_int.h"

// ---- which privileges an object has

static const struct {
    const char *name;
    uint32_t privileges;
} objects[] = {
    [GRANT_TABLE] = {"table", CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_DROP | CAT_PRIVILEGE_SELECT | CAT_PRIVILEGE_INSERT |
                                  CAT_PRIVILEGE_UPDATE | CAT_PRIVILEGE_DELETE | CAT_PRIVILEGE_ZONECONFIG |
                                  CAT_PRIVILEGE_BACKUP | CAT_PRIVILEGE_CHANGEFEED | CAT_PRIVILEGE_TRIGGER |
                                  CAT_PRIVILEGE_MAINTAIN},
    [GRANT_SEQUENCE] = {"sequence", CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_DROP | CAT_PRIVILEGE_SELECT |
                                        CAT_PRIVILEGE_INSERT | CAT_PRIVILEGE_UPDATE | CAT_PRIVILEGE_DELETE |
                                        CAT_PRIVILEGE_USAGE | CAT_PRIVILEGE_ZONECONFIG},
    [GRANT_DATABASE] = {"database", CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_DROP | CAT_PRIVILEGE_CONNECT |
                                        CAT_PRIVILEGE_BACKUP | CAT_PRIVILEGE_RESTORE | CAT_PRIVILEGE_ZONECONFIG},
    [GRANT_SCHEMA] = {"schema", CAT_PRIVILEGE_CREATE | CAT_PRIVILEGE_USAGE},
    [GRANT_TYPE] = {"type", CAT_PRIVILEGE_USAGE},
    [GRANT_FUNCTION] = {"function", CAT_PRIVILEGE_EXECUTE},
};

static int parse_privileges(struct grant_work *w, struct err *err)
{
    for (size_t i = 0; i < w->s->privileges.n; i++) {
        struct str name = ast_as_name(w->s->privileges.items[i])->name;
        uint32_t bit = cat_privilege_of(name);
        if (bit == 0)
            return err_set(err, ERR_SYNTAX_ERROR, "not a valid privilege: \"%.*s\"", STR_FMT(name));
        w->privileges |= bit;
    }
    return 0;
}

int grant_check_applicable(const struct grant_work *w, enum grant_object kind, struct err *err)
{
    uint32_t bad = w->privileges & ~(objects[kind].privileges | CAT_PRIVILEGE_ALL);
    if (bad == 0)
        return 0;
    return err_set(err, ERR_INVALID_GRANT_OPERATION, "invalid privilege type %s for %s", cat_privilege_name(bad & -bad),
                   objects[kind].name);
}

static int check_grantees(const struct grant_work *w, struct err *err)
{
    for (size_t i = 0; i < w->s->grantees.n; i++) {
        struct str name = ast_as_name(w->s->grantees.items[i])->name;
        const struct cat_role *r;
        bool everybody = str_eqc(name, "public");
        if (!everybody)
            TRY(ddl_need_role(w->dc, name, &r, err));
        if (everybody && w->s->grant_option && !w->s->revoke)
            return err_set(err, ERR_INVALID_GRANT_OPERATION, "grant options cannot be granted to \"public\" role");
    }
    return 0;
}

int grant_work_open(struct grant_work *w, struct ddl_context *dc, const struct ast_grant *s, struct err *err)
{
    *w = (struct grant_work){.dc = dc, .s = s};
    TRY(parse_privileges(w, err));
    return check_grantees(w, err);
}

// ---- changing an access list

// ALL stands for whatever the object has; a list that names everything is ALL.
static uint32_t expand(uint32_t bits, uint32_t all)
{
    return bits & CAT_PRIVILEGE_ALL ? all : bits;
}

static uint32_t collapse(uint32_t bits, uint32_t all)
{
    bool several = (all & (all - 1)) != 0;
    return several && (bits & all) == all ? CAT_PRIVILEGE_ALL : bits;
}

static struct cat_grant changed_grant(const struct grant_work *w, struct cat_grant g, uint32_t all)
{
    uint32_t bits = expand(w->privileges, all), has = expand(g.privileges, all), may = expand(g.grantable, all);
    if (!w->s->revoke) {
        has |= bits;
        may |= w->s->grant_option ? bits : 0;
    } else {
        may &= ~bits;
        has &= w->s->grant_option ? has : ~bits; // REVOKE GRANT OPTION FOR leaves the privilege
    }
    g.privileges = collapse(has, all);
    g.grantable = collapse(may, all);
    return g;
}

int grant_change(const struct grant_work *w, struct cat_acl *acl, struct str grantee, enum grant_object kind,
                 struct str name, struct err *err)
{
    struct arena *a = w->dc->arena;
    struct cat_grant *list = ARENA_ARRAY(a, struct cat_grant, acl->n_grants + 1);
    size_t n = 0;
    bool found = false;
    if (w->s->revoke && (str_eqc(grantee, "root") || str_eqc(grantee, "admin")))
        return err_set(err, ERR_INVALID_GRANT_OPERATION, "user %.*s must have exactly ALL privileges on %s \"%.*s\"",
                       STR_FMT(grantee), objects[kind].name, STR_FMT(name));
    for (size_t i = 0; i < acl->n_grants; i++) {
        struct cat_grant g = acl->grants[i];
        if (str_eq(g.grantee, grantee)) {
            found = true;
            g = changed_grant(w, g, objects[kind].privileges);
        }
        if (g.privileges != 0)
            list[n++] = g;
    }
    if (!found && !w->s->revoke) {
        size_t at = n; // lists are in name order
        while (at > 0 && str_cmp(list[at - 1].grantee, grantee) > 0)
            at--;
        memmove(&list[at + 1], &list[at], (n - at) * sizeof(*list));
        list[at] = changed_grant(w, (struct cat_grant){.grantee = arena_str(a, grantee)}, objects[kind].privileges);
        n++;
    }
    acl->grants = list;
    acl->n_grants = n;
    return 0;
}

int grant_no_option(struct ddl_context *dc, const struct ast_grant *s, struct err *err)
{
    struct buf names = BUF_INIT;
    for (size_t i = 0; i < s->privileges.n; i++)
        buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", STR_FMT(ast_as_name(s->privileges.items[i])->name));
    int rc = err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s missing WITH GRANT OPTION privilege on %s%s",
                     STR_FMT(dc->scope.user), s->privileges.n > 1 ? "one or more of " : "", buf_c(&names));
    buf_release(&names);
    return rc;
}

static int change_acl(const struct grant_work *w, struct cat_acl *acl, enum grant_object kind, struct str name,
                      struct err *err)
{
    bool may;
    TRY(grant_check_applicable(w, kind, err));
    TRY(cat_has_grant_option(w->dc->view, w->dc->scope.user, acl, w->privileges, &may, err));
    if (!may || str_eqc(acl->owner, "node"))
        return grant_no_option(w->dc, w->s, err);
    for (size_t i = 0; i < w->s->grantees.n; i++)
        TRY(grant_change(w, acl, ast_as_name(w->s->grantees.items[i])->name, kind, name, err));
    return 0;
}

// ---- targets

static int grant_on_relation(const struct grant_work *w, const struct cat_table *t, struct err *err)
{
    struct cat_table changed = *t;
    if (t->kind == CAT_VIRTUAL)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "cannot change the privileges of virtual table \"%.*s\"",
                       STR_FMT(t->name));
    TRY(change_acl(w, &changed.acl, t->kind == CAT_SEQUENCE ? GRANT_SEQUENCE : GRANT_TABLE, t->name, err));
    // Who writes already loses nothing by it.
    return w->s->revoke ? cat_put_table(w->dc->view, &changed, err)
                        : cat_put_table_compatible(w->dc->view, &changed, err);
}

static int grant_on_tables_of(const struct grant_work *w, uint32_t database_id, uint32_t schema_id, bool sequences,
                              bool tables_too, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(w->dc->view, w->dc->arena, database_id, schema_id, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool is_sequence = tables[i]->kind == CAT_SEQUENCE;
        if (tables[i]->kind != CAT_VIRTUAL && (is_sequence ? sequences : tables_too))
            TRY(grant_on_relation(w, tables[i], err));
    }
    return 0;
}

// db.schema.* or schema.*
static int grant_on_star(const struct grant_work *w, const struct ast_column_ref *r, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *s = NULL;
    struct str schema = r->table.ptr != NULL ? r->table : r->schema;
    if (schema.ptr == NULL) {
        TRY(ddl_current_database(w->dc, &d, err));
        return grant_on_tables_of(w, d->id, d->public_schema_id, true, true, err);
    }
    if (r->table.ptr != NULL && r->schema.ptr != NULL)
        TRY(ddl_find_database(w->dc, r->schema, false, &d, err));
    else
        TRY(ddl_current_database(w->dc, &d, err));
    TRY(cat_schema_by_name(w->dc->view, d->id, schema, &s, err));
    if (s == NULL) { // database.*
        TRY(ddl_find_database(w->dc, schema, false, &d, err));
        return grant_on_tables_of(w, d->id, d->public_schema_id, true, true, err);
    }
    return grant_on_tables_of(w, d->id, s->id, true, true, err);
}

static int grant_on_named_relation(const struct grant_work *w, const struct ast *target, struct err *err)
{
    const struct cat_table *t;
    if (ast_is(target, AST_COLUMN_REF))
        return grant_on_star(w, ast_as_column_ref(target), err);
    TRY(ddl_find_relation(w->dc, target, false, &t, err));
    if (w->s->target == AST_GRANT_ON_SEQUENCE && t->kind != CAT_SEQUENCE)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a sequence", STR_FMT(t->name));
    return grant_on_relation(w, t, err);
}

static int grant_on_database(const struct grant_work *w, const struct ast *target, struct err *err)
{
    const struct cat_database *d;
    struct ddl_parts p = ddl_parts_of(target);
    TRY(ddl_find_database(w->dc, p.parts[p.n - 1], false, &d, err));
    struct cat_database changed = *d;
    TRY(change_acl(w, &changed.acl, GRANT_DATABASE, d->name, err));
    return cat_put_database(w->dc->view, &changed, err);
}

static int find_schema(const struct grant_work *w, const struct ast *target, const struct cat_schema **s,
                       const struct cat_database **d, struct err *err)
{
    TRY(ddl_find_schema(w->dc, target, false, s, d, err));
    if ((*s)->is_virtual)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "cannot change the privileges of virtual schema \"%.*s\"",
                       STR_FMT((*s)->name));
    return 0;
}

static int grant_on_schema(const struct grant_work *w, const struct ast *target, struct err *err)
{
    const struct cat_schema *s;
    const struct cat_database *d;
    TRY(find_schema(w, target, &s, &d, err));
    struct cat_schema changed = *s;
    TRY(change_acl(w, &changed.acl, GRANT_SCHEMA, s->name, err));
    return cat_put_schema(w->dc->view, &changed, err);
}

static int grant_on_all_in_schema(const struct grant_work *w, const struct ast *target, bool sequences, struct err *err)
{
    const struct cat_schema *s;
    const struct cat_database *d;
    TRY(grant_check_applicable(w, sequences ? GRANT_SEQUENCE : GRANT_TABLE, err));
    TRY(find_schema(w, target, &s, &d, err));
    return grant_on_tables_of(w, d->id, s->id, sequences, !sequences, err);
}

static int grant_on_type(const struct grant_work *w, const struct ast *target, struct err *err)
{
    const struct cat_type *t;
    TRY(ddl_find_type(w->dc, target, false, &t, err));
    struct cat_type changed = *t;
    TRY(change_acl(w, &changed.acl, GRANT_TYPE, t->name, err));
    return cat_put_type(w->dc->view, &changed, err);
}

static int change_function(const struct grant_work *w, const struct cat_function *f, struct err *err)
{
    struct cat_function changed = *f;
    TRY(change_acl(w, &changed.acl, GRANT_FUNCTION, f->name, err));
    return cat_put_function(w->dc->view, &changed, err);
}

static int grant_on_function(const struct grant_work *w, const struct ast *target, bool procedure, struct err *err)
{
    const struct cat_function *f;
    TRY(ddl_find_function(w->dc, target, procedure, false, &f, err));
    return change_function(w, f, err);
}

static int grant_on_functions_in_schema(const struct grant_work *w, const struct ast *target, bool procedures,
                                        struct err *err)
{
    const struct cat_schema *s;
    const struct cat_database *d;
    const struct cat_function **list;
    size_t n;
    TRY(grant_check_applicable(w, GRANT_FUNCTION, err));
    TRY(find_schema(w, target, &s, &d, err));
    TRY(cat_list_functions(w->dc->view, w->dc->arena, d->id, s->id, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        if (list[i]->is_procedure == procedures)
            TRY(change_function(w, list[i], err));
    return 0;
}

static int grant_on_target(const struct grant_work *w, const struct ast *target, struct err *err)
{
    switch (w->s->target) {
    case AST_GRANT_ON_TABLE:
    case AST_GRANT_ON_SEQUENCE:
        return grant_on_named_relation(w, target, err);
    case AST_GRANT_ON_DATABASE:
        return grant_on_database(w, target, err);
    case AST_GRANT_ON_SCHEMA:
        return grant_on_schema(w, target, err);
    case AST_GRANT_ON_TYPE:
        return grant_on_type(w, target, err);
    case AST_GRANT_ON_FUNCTION:
        return grant_on_function(w, target, false, err);
    case AST_GRANT_ON_PROCEDURE:
        return grant_on_function(w, target, true, err);
    case AST_GRANT_ON_ALL_FUNCTIONS_IN_SCHEMA:
        return grant_on_functions_in_schema(w, target, false, err);
    case AST_GRANT_ON_ALL_PROCEDURES_IN_SCHEMA:
        return grant_on_functions_in_schema(w, target, true, err);
    case AST_GRANT_ON_ALL_TABLES_IN_SCHEMA:
        return grant_on_all_in_schema(w, target, false, err);
    case AST_GRANT_ON_ALL_SEQUENCES_IN_SCHEMA:
        return grant_on_all_in_schema(w, target, true, err);
    default:
        return ddl_unimplemented(err, "GRANT on %s", ast_grant_target_sql(w->s->target));
    }
}

int ddl_grant(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_grant *s = ast_as_grant(statement);
    struct grant_work w;
    if (s->target == AST_GRANT_ON_SYSTEM)
        return grant_system(dc, s, err);
    TRY(grant_work_open(&w, dc, s, err));
    for (size_t i = 0; i < w.s->targets.n; i++)
        TRY(grant_on_target(&w, w.s->targets.items[i], err));
    return 0;
}

// ---- roles

static int need_role_admin(struct ddl_context *dc, struct str role, struct err *err)
{
    const struct cat_role *r;
    bool admin;
    TRY(cat_is_admin(dc->view, dc->scope.user, &admin, err));
    if (admin)
        return 0;
    TRY(cat_role_by_name(dc->view, dc->scope.user, &r, err));
    for (size_t i = 0; r != NULL && i < r->n_member_of; i++)
        if (r->member_admin[i] && str_eq(r->member_of[i], role))
            return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "%.*s must have admin option on role \"%.*s\"",
                   STR_FMT(dc->scope.user), STR_FMT(role));
}

static bool direct_member(const struct cat_role *r, struct str role, bool *with_admin)
{
    for (size_t i = 0; i < r->n_member_of; i++)
        if (str_eq(r->member_of[i], role)) {
            *with_admin = r->member_admin[i];
            return true;
        }
    return false;
}

static int grant_role(struct ddl_context *dc, struct str role, const struct cat_role *member, bool admin_option,
                      struct err *err)
{
    bool cycle, with_admin = false;
    if (str_eq(role, member->name))
        return err_set(err, ERR_INVALID_GRANT_OPERATION, "%.*s cannot be a member of itself", STR_FMT(role));
    TRY(cat_is_member(dc->view, role, member->name, &cycle, err));
    if (cycle)
        return err_set(err, ERR_INVALID_GRANT_OPERATION, "making %.*s a member of %.*s would create a cycle",
                       STR_FMT(member->name), STR_FMT(role));
    if (direct_member(member, role, &with_admin) && (with_admin || !admin_option))
        return 0;
    return cat_put_member(dc->view, role, member->name, admin_option, err);
}

static int revoke_role(struct ddl_context *dc, struct str role, const struct cat_role *member, bool admin_option,
                       struct err *err)
{
    bool with_admin;
    if (str_eqc(role, "admin") && str_eqc(member->name, "root"))
        return err_set(err, ERR_OBJECT_IN_USE,
                       "role/user root cannot be removed from role admin or lose the ADMIN OPTION");
    if (!direct_member(member, role, &with_admin))
        return 0;
    return admin_option ? cat_put_member(dc->view, role, member->name, false, err)
                        : cat_remove_member(dc->view, role, member->name, err);
}

int ddl_grant_role(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_grant_role *s = ast_as_grant_role(statement);
    for (size_t i = 0; i < s->roles.n; i++) {
        struct str role = ast_as_name(s->roles.items[i])->name;
        const struct cat_role *r, *member;
        TRY(ddl_need_role(dc, role, &r, err));
        TRY(need_role_admin(dc, role, err));
        for (size_t k = 0; k < s->members.n; k++) {
            TRY(ddl_need_role(dc, ast_as_name(s->members.items[k])->name, &member, err));
            if (s->revoke)
                TRY(revoke_role(dc, role, member, s->admin_option, err));
            else
                TRY(grant_role(dc, role, member, s->admin_option, err));
        }
    }
    return 0;
}
