// What a role owns or is granted: REASSIGN OWNED, DROP OWNED, and what stands in the way of DROP ROLE.

#include "sql/ddl/drop_int.h"
#include "sql/ddl/owned_int.h"

// ---- everything that has an access list

enum object_kind { OBJECT_FUNCTION, OBJECT_RELATION, OBJECT_TYPE, OBJECT_SCHEMA, OBJECT_DATABASE };
struct object {
    enum object_kind kind;
    union {
        const struct cat_function *function;
        const struct cat_table *table;
        const struct cat_type *type;
        const struct cat_schema *schema;
        const struct cat_database *database;
    };
};
struct objects {
    struct object *items;
    size_t n;
};

#define PUSH_ALL(list, count, KIND, member) \
    for (size_t i = (count); i-- > 0;)      \
    ARENA_PUSH(dc->arena, &found, ((struct object){.kind = KIND, .member = (list)[i]}))

// Of a database, in an order in which they can be dropped; those of one kind the newest first as far as names tell.
static int list_objects(struct ddl_context *dc, const struct cat_database *d, struct objects *out, struct err *err)
{
    ARENA_VEC(struct object) found = {0};
    const struct cat_function **functions;
    const struct cat_table **tables;
    const struct cat_type **types;
    const struct cat_schema **schemas;
    size_t n;
    TRY(cat_list_functions(dc->view, dc->arena, d->id, 0, STR_EMPTY, &functions, &n, err));
    PUSH_ALL(functions, n, OBJECT_FUNCTION, function);
    TRY(cat_list_tables(dc->view, dc->arena, d->id, 0, &tables, &n, err));
    PUSH_ALL(tables, n, OBJECT_RELATION, table);
    TRY(cat_list_types(dc->view, dc->arena, d->id, 0, &types, &n, err));
    PUSH_ALL(types, n, OBJECT_TYPE, type);
    TRY(cat_list_schemas(dc->view, dc->arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!schemas[i]->is_virtual)
            ARENA_PUSH(dc->arena, &found, ((struct object){.kind = OBJECT_SCHEMA, .schema = schemas[i]}));
    ARENA_PUSH(dc->arena, &found, ((struct object){.kind = OBJECT_DATABASE, .database = d}));
    *out = (struct objects){found.ptr, found.len};
    return 0;
}

static const struct cat_acl *acl_of(const struct object *o)
{
    switch (o->kind) {
    case OBJECT_FUNCTION:
        return &o->function->acl;
    case OBJECT_RELATION:
        return &o->table->acl;
    case OBJECT_TYPE:
        return &o->type->acl;
    case OBJECT_SCHEMA:
        return &o->schema->acl;
    case OBJECT_DATABASE:
        break;
    }
    return &o->database->acl;
}

#define PUT_COPY(type, member, put)          \
    {                                        \
        struct type changed = *o->member;    \
        changed.acl = *acl;                  \
        return put(dc->view, &changed, err); \
    }

static int put_acl(struct ddl_context *dc, const struct object *o, const struct cat_acl *acl, struct err *err)
{
    switch (o->kind) {
    case OBJECT_FUNCTION:
        PUT_COPY(cat_function, function, cat_put_function);
    case OBJECT_RELATION:
        PUT_COPY(cat_table, table, cat_put_table);
    case OBJECT_TYPE:
        PUT_COPY(cat_type, type, cat_put_type);
    case OBJECT_SCHEMA:
        PUT_COPY(cat_schema, schema, cat_put_schema);
    case OBJECT_DATABASE:
        break;
    }
    PUT_COPY(cat_database, database, cat_put_database);
}

static const char *kind_of(const struct object *o)
{
    switch (o->kind) {
    case OBJECT_FUNCTION:
        return o->function->is_procedure ? "procedure" : "function";
    case OBJECT_RELATION:
        return cat_relation_kind_name(o->table);
    case OBJECT_TYPE:
        return "type";
    case OBJECT_SCHEMA:
        return "schema";
    case OBJECT_DATABASE:
        break;
    }
    return "database";
}

static struct str in_schema(struct ddl_context *dc, const struct cat_database *d, uint32_t schema_id, struct str name)
{
    const struct cat_schema *s = NULL;
    if (cat_schema_by_id(dc->view, schema_id, &s, NULL) != 0 || s == NULL)
        return name;
    return arena_printf(dc->arena, "%.*s.%.*s.%.*s", STR_FMT(d->name), STR_FMT(s->name), STR_FMT(name));
}

static struct str name_of(struct ddl_context *dc, const struct cat_database *d, const struct object *o)
{
    switch (o->kind) {
    case OBJECT_FUNCTION:
        return in_schema(dc, d, o->function->schema_id, o->function->name);
    case OBJECT_RELATION:
        return in_schema(dc, d, o->table->schema_id, o->table->name);
    case OBJECT_TYPE:
        return in_schema(dc, d, o->type->schema_id, o->type->name);
    case OBJECT_SCHEMA:
        return o->schema->name;
    case OBJECT_DATABASE:
        break;
    }
    return d->name;
}

static const struct cat_defaults *defaults_of(const struct object *o, size_t *n)
{
    *n = o->kind == OBJECT_SCHEMA ? o->schema->n_defaults : o->kind == OBJECT_DATABASE ? o->database->n_defaults : 0;
    return o->kind == OBJECT_SCHEMA ? o->schema->defaults : o->kind == OBJECT_DATABASE ? o->database->defaults : NULL;
}

static bool has_grant(const struct cat_acl *acl, struct str role)
{
    for (size_t i = 0; i < acl->n_grants; i++)
        if (str_eq(acl->grants[i].grantee, role))
            return true;
    return false;
}

// ---- DROP ROLE

struct held {
    struct ddl_context *dc;
    struct str role;
    struct buf owned;  // a line each, with a line feed before it
    struct buf grants; // names, comma separated
    struct buf hint;   // what takes default privileges away
};

static const struct {
    char kind;
    const char *objects, *keyword;
} default_words[] = {
    {CAT_DEFAULTS_TABLES, "relations", "TABLES"},
    {CAT_DEFAULTS_SEQUENCES, "sequences", "SEQUENCES"},
    {CAT_DEFAULTS_TYPES, "types", "TYPES"},
    {CAT_DEFAULTS_SCHEMAS, "schemas", "SCHEMAS"},
    {CAT_DEFAULTS_FUNCTIONS, "functions", "FUNCTIONS"},
};

static void note_default(struct held *h, const struct cat_database *d, const struct object *o,
                         const struct cat_defaults *e)
{
    bool owner = str_eq(e->acl.owner, h->role), all = e->acl.owner.len == 0;
    size_t w = 0;
    struct buf who = BUF_INIT, where = BUF_INIT;
    if (!owner && !has_grant(&e->acl, h->role))
        return;
    while (default_words[w].kind != e->kind)
        w++;
    buf_printf(&who, all ? "FOR ALL ROLES" : "FOR ROLE %.*s", STR_FMT(e->acl.owner));
    if (o->kind == OBJECT_SCHEMA)
        buf_printf(&where, " IN SCHEMA %.*s", STR_FMT(o->schema->name));
    buf_printf(&h->owned, "\n%s default privileges on new %s %s%.*s in database %.*s%s%.*s",
               owner ? "owner of" : "privileges for", default_words[w].objects,
               all ? "for all roles" : "belonging to role ", STR_FMT(e->acl.owner), STR_FMT(d->name),
               o->kind == OBJECT_SCHEMA ? " in schema " : "",
               STR_FMT(o->kind == OBJECT_SCHEMA ? o->schema->name : STR_EMPTY));
    struct str grantee = owner && e->acl.n_grants > 0 ? e->acl.grants[0].grantee : h->role;
    buf_printf(&h->hint, "%sUSE %.*s; ALTER DEFAULT PRIVILEGES %s%s REVOKE ALL ON %s FROM %.*s;",
               h->hint.len > 0 ? "\n" : "", STR_FMT(d->name), buf_c(&who), buf_c(&where), default_words[w].keyword,
               STR_FMT(grantee));
    buf_release(&who);
    buf_release(&where);
}

static int note_database(struct held *h, const struct cat_database *d, struct err *err)
{
    struct objects objects;
    TRY(list_objects(h->dc, d, &objects, err));
    for (size_t i = objects.n; i-- > 0;) {
        const struct object *o = &objects.items[i];
        size_t n;
        const struct cat_defaults *defaults = defaults_of(o, &n);
        if (str_eq(acl_of(o)->owner, h->role))
            buf_printf(&h->owned, "\nowner of %s %.*s", kind_of(o), STR_FMT(name_of(h->dc, d, o)));
        if (has_grant(acl_of(o), h->role))
            buf_printf(&h->grants, "%s%.*s", h->grants.len > 0 ? ", " : "", STR_FMT(name_of(h->dc, d, o)));
        for (size_t k = 0; k < n; k++)
            note_default(h, d, o, &defaults[k]);
    }
    return 0;
}

static int note_all(struct held *h, struct err *err)
{
    const struct cat_database **databases;
    struct cat_grant system;
    size_t n;
    TRY(cat_system_grant_get(h->dc->view, h->role, &system, err));
    if (system.privileges != 0)
        buf_cstr(&h->grants, "system");
    TRY(cat_list_databases(h->dc->view, h->dc->arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(note_database(h, databases[i], err));
    return 0;
}

int owned_check_nothing(struct ddl_context *dc, struct str role, struct err *err)
{
    struct held h = {.dc = dc, .role = role};
    int rc = note_all(&h, err);
    if (rc == 0 && h.grants.len > 0)
        rc = err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop role/user %.*s: grants still exist on %s",
                     STR_FMT(role), buf_c(&h.grants));
    else if (rc == 0 && h.owned.len > 0)
        rc = err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                     "role %.*s cannot be dropped because some objects depend on it%s", STR_FMT(role), buf_c(&h.owned));
    if (rc == ERR_DEPENDENT_OBJECTS_STILL_EXIST && h.grants.len == 0 && h.hint.len > 0)
        rc = err_hint(err, "%s", buf_c(&h.hint));
    buf_release(&h.owned);
    buf_release(&h.grants);
    buf_release(&h.hint);
    return rc;
}

// ---- REASSIGN OWNED

static bool is_listed(const struct ast_list *roles, struct str name)
{
    for (size_t i = 0; i < roles->n; i++)
        if (str_eq(ast_as_name(roles->items[i])->name, name))
            return true;
    return false;
}

// The roles exist, the user belongs to each, and they are not the system's own.
static int check_roles(struct ddl_context *dc, const struct ast_list *roles, const char *action, struct err *err)
{
    for (size_t i = 0; i < roles->n; i++) {
        struct str name = ast_as_name(roles->items[i])->name;
        const struct cat_role *r;
        bool ok;
        TRY(ddl_need_role(dc, name, &r, err));
        if (str_eqc(name, "root") || str_eqc(name, "admin") || str_eqc(name, "node"))
            return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "cannot %s objects owned by role \"%.*s\" because they are required by the database system",
                           action, STR_FMT(name));
        TRY(cat_is_admin(dc->view, dc->scope.user, &ok, err));
        if (!ok)
            TRY(cat_is_member(dc->view, dc->scope.user, name, &ok, err));
        if (!ok)
            return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to %s objects", action);
    }
    return 0;
}

int ddl_reassign_owned(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_reassign_owned *s = ast_as_reassign_owned(statement);
    const struct cat_database *d;
    struct objects objects;
    TRY(check_roles(dc, &s->from, "reassign", err));
    TRY(ddl_check_new_owner(dc, s->to, err));
    TRY(ddl_current_database(dc, &d, err));
    TRY(list_objects(dc, d, &objects, err));
    for (size_t i = 0; i < objects.n; i++) {
        struct cat_acl acl = *acl_of(&objects.items[i]);
        if (!is_listed(&s->from, acl.owner))
            continue;
        acl.owner = s->to;
        TRY(put_acl(dc, &objects.items[i], &acl, err));
    }
    return 0;
}

// ---- DROP OWNED

static struct cat_acl without(struct arena *a, const struct cat_acl *acl, const struct ast_list *roles)
{
    struct cat_grant *kept = ARENA_ARRAY(a, struct cat_grant, acl->n_grants);
    struct cat_acl out = {.owner = acl->owner, .grants = kept};
    for (size_t i = 0; i < acl->n_grants; i++)
        if (!is_listed(roles, acl->grants[i].grantee))
            kept[out.n_grants++] = acl->grants[i];
    return out;
}

static const struct cat_defaults *defaults_without(struct arena *a, const struct object *o,
                                                   const struct ast_list *roles, size_t *n_kept)
{
    size_t n;
    const struct cat_defaults *list = defaults_of(o, &n);
    struct cat_defaults *kept = ARENA_ARRAY(a, struct cat_defaults, n + 1);
    *n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct cat_defaults e = list[i];
        e.acl = without(a, &e.acl, roles);
        if (!is_listed(roles, e.acl.owner) && (e.acl.n_grants > 0 || e.public_revoked))
            kept[(*n_kept)++] = e;
    }
    return kept;
}

static int revoke_from(struct ddl_context *dc, struct object *o, const struct ast_list *roles, struct err *err)
{
    struct cat_acl acl = without(dc->arena, acl_of(o), roles);
    size_t n, n_kept;
    const struct cat_defaults *kept = defaults_without(dc->arena, o, roles, &n_kept);
    struct cat_schema schema;
    struct cat_database database;
    defaults_of(o, &n);
    if (acl.n_grants == acl_of(o)->n_grants && n == 0)
        return 0;
    if (o->kind == OBJECT_SCHEMA) {
        schema = *o->schema;
        schema.defaults = kept;
        schema.n_defaults = n_kept;
        o->schema = &schema;
    } else if (o->kind == OBJECT_DATABASE) {
        database = *o->database;
        database.defaults = kept;
        database.n_defaults = n_kept;
        o->database = &database;
    }
    return put_acl(dc, o, &acl, err);
}

static int drop_object(struct ddl_context *dc, const struct cat_database *d, const struct object *o, bool cascade,
                       struct err *err)
{
    switch (o->kind) {
    case OBJECT_FUNCTION:
        return drop_function(dc, o->function, err);
    case OBJECT_TYPE:
        return drop_type(dc, o->type, err);
    case OBJECT_SCHEMA:
        return str_eqc(o->schema->name, "public") ? 0 : drop_schema(dc, d, o->schema, cascade, err);
    case OBJECT_RELATION: // all together
    case OBJECT_DATABASE: // the one the statement runs in
        break;
    }
    return 0;
}

static int drop_owned_relations(struct ddl_context *dc, const struct objects *objects, const struct ast_list *roles,
                                bool cascade, struct err *err)
{
    ARENA_VEC(uint32_t) ids = {0};
    for (size_t i = 0; i < objects->n; i++)
        if (objects->items[i].kind == OBJECT_RELATION && is_listed(roles, objects->items[i].table->acl.owner))
            ARENA_PUSH(dc->arena, &ids, objects->items[i].table->id);
    struct drop_set set = {ids.ptr, ids.len};
    return drop_relations(dc, &set, cascade, err);
}

static int check_no_system_privileges(struct ddl_context *dc, const struct ast_list *roles, struct err *err)
{
    for (size_t i = 0; i < roles->n; i++) {
        struct cat_grant g;
        TRY(cat_system_grant_get(dc->view, ast_as_name(roles->items[i])->name, &g, err));
        if (g.privileges == 0)
            continue;
        err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "cannot perform drop owned by because user %.*s has synthetic privileges", STR_FMT(g.grantee));
        return err_hint(err, "perform REVOKE SYSTEM ... for the relevant privileges");
    }
    return 0;
}

int ddl_drop_owned(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_drop_owned *s = ast_as_drop_owned(statement);
    const struct cat_database *d;
    struct objects objects;
    bool cascade = ddl_cascade(s->behavior), relations_gone = false;
    TRY(check_roles(dc, &s->roles, "drop", err));
    TRY(check_no_system_privileges(dc, &s->roles, err));
    TRY(ddl_current_database(dc, &d, err));
    TRY(list_objects(dc, d, &objects, err));
    for (size_t i = 0; i < objects.n; i++) {
        if (objects.items[i].kind > OBJECT_FUNCTION && !relations_gone)
            TRY(drop_owned_relations(dc, &objects, &s->roles, cascade, err));
        relations_gone |= objects.items[i].kind > OBJECT_FUNCTION;
        if (is_listed(&s->roles, acl_of(&objects.items[i])->owner))
            TRY(drop_object(dc, d, &objects.items[i], cascade, err));
    }
    TRY(ddl_current_database(dc, &d, err));
    TRY(list_objects(dc, d, &objects, err));
    for (size_t i = 0; i < objects.n; i++)
        TRY(revoke_from(dc, &objects.items[i], &s->roles, err));
    return 0;
}
