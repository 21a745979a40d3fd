// ALTER … RENAME TO, SET SCHEMA, OWNER TO for every kind of object.

#include "sql/ddl/trigger_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

// ---- relations

// View texts hold qualified names, so what a view reads keeps its name where views do not follow.
static int no_view_reads(struct ddl_context *dc, const struct cat_table *t, const char *action, struct err *err)
{
    struct str relation = arena_printf(dc->arena, "%s relation", action);
    TRY(ddl_no_function_uses(dc, t, STR_EMPTY, relation.ptr, t->name, err));
    bool follow = dc->postgresql && t->kind != CAT_SEQUENCE;
    for (size_t i = 0; i < t->n_depended_on_by && !follow; i++) {
        const struct cat_table *r;
        TRY(cat_table_by_id(dc->view, t->depended_on_by[i], &r, err));
        if (r == NULL || r->kind == CAT_TABLE)
            continue;
        err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot %s relation \"%.*s\" because view \"%.*s\" depends on it", action, STR_FMT(t->name),
                STR_FMT(r->name));
        return err_hint(err, "you can drop %.*s instead.", STR_FMT(r->name));
    }
    return 0;
}

struct literal_change {
    struct str name, qualified;
};

static bool change_literal(void *arg, struct ast *n)
{
    struct literal_change *c = arg;
    if (n->kind == AST_STRING && literal_names(ast_as_string(n)->value, c->name))
        ((struct ast_string *)n)->value = c->qualified;
    return true;
}

// Defaults name sequences in text: nextval('public.s'::REGCLASS) follows the sequence.
static void rename_in_default(struct ddl_context *dc, struct cat_column *c, struct str old_name, struct str qualified)
{
    struct ast *expr;
    if (!sql_mentions_name(c->default_sql, old_name) || parse_expr(dc->arena, c->default_sql, &expr, NULL) != 0)
        return;
    struct literal_change change = {old_name, qualified};
    struct buf b = BUF_INIT;
    ast_walk(expr, change_literal, &change);
    ast_print(&b, expr, AST_PRINT_DEFAULT);
    c->default_sql = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
}

static int follow_sequence(struct ddl_context *dc, const struct cat_table *old, const struct cat_table *now,
                           struct err *err)
{
    const struct cat_schema *s;
    struct buf b = BUF_INIT;
    TRY(cat_schema_by_id(dc->view, now->schema_id, &s, err));
    print_identifier(&b, s->name);
    buf_putc(&b, '.');
    print_identifier(&b, now->name);
    struct str qualified = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    for (size_t i = 0; i < old->n_depended_on_by; i++) {
        const struct cat_table *user;
        struct table_edit e;
        TRY(cat_table_by_id(dc->view, old->depended_on_by[i], &user, err));
        if (user == NULL || user->kind != CAT_TABLE)
            continue;
        edit_open(&e, dc->arena, user);
        for (size_t k = 0; k < e.columns.len; k++)
            rename_in_default(dc, &e.columns.ptr[k], old->name, qualified);
        TRY(edit_save(&e, dc, err));
    }
    return 0;
}

// ---- views of a relation that gets another name

// In a query old_schema.old_name becomes schema.name AS old_name: its columns are still found by the old name.
struct relation_change {
    struct str old_schema, old_name, schema, name;
};

static void change_source(const struct relation_change *c, struct ast_aliased_table *t)
{
    if (t->source->kind != AST_OBJECT_NAME)
        return;
    struct ast_object_name *n = (struct ast_object_name *)t->source;
    if (!str_eq(n->schema, c->old_schema) || !str_eq(n->name, c->old_name))
        return;
    n->schema = c->schema;
    n->name = c->name;
    if (t->alias.ptr == NULL && !str_eq(c->name, c->old_name))
        t->alias = c->old_name;
}

static bool change_reference(void *arg, struct ast *n)
{
    const struct relation_change *c = arg;
    struct ast_column_ref *ref = (struct ast_column_ref *)n;
    if (n->kind == AST_ALIASED_TABLE)
        change_source(c, (struct ast_aliased_table *)n);
    else if (n->kind == AST_COLUMN_REF && str_eq(ref->schema, c->old_schema) && str_eq(ref->table, c->old_name))
        ref->database = ref->schema = STR_NONE;
    return true;
}

static int change_view(struct ddl_context *dc, const struct cat_table *view, struct relation_change *c, struct err *err)
{
    struct parsed_statements p;
    struct table_edit e;
    struct buf b = BUF_INIT;
    TRY(parse_sql(dc->arena, view->view_sql, NULL, &p, err));
    ast_walk(p.items[0].ast, change_reference, c);
    ast_print(&b, p.items[0].ast, AST_PRINT_DEFAULT);
    edit_open(&e, dc->arena, view);
    e.t.view_sql = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return edit_save(&e, dc, err);
}

// What reads the relation, as it was, finds it under its new name.
static int views_follow(struct ddl_context *dc, const struct cat_table *old, struct str schema, struct str name,
                        struct err *err)
{
    const struct cat_schema *s;
    TRY(cat_schema_by_id(dc->view, old->schema_id, &s, err));
    struct relation_change change = {s->name, old->name, schema, name};
    for (size_t i = 0; i < old->n_depended_on_by; i++) {
        const struct cat_table *view;
        TRY(cat_table_by_id(dc->view, old->depended_on_by[i], &view, err));
        if (view != NULL && view->view_sql.len > 0)
            TRY(change_view(dc, view, &change, err));
    }
    return 0;
}

// To another name or schema; what has the name there already stops it.
static int move_relation(struct ddl_context *dc, const struct cat_table *t, const struct cat_schema *to,
                         struct str name, struct err *err)
{
    const struct cat_table *taken;
    struct cat_table moved = *t;
    if (to->id == t->schema_id && str_eq(name, t->name))
        return 0;
    TRY(ddl_lock_table(dc, t, err));
    TRY(cat_table_by_name(dc->view, t->database_id, to->id, name, &taken, err));
    if (taken != NULL)
        return err_set(err, ERR_DUPLICATE_TABLE, "relation \"%.*s\" already exists",
                       STR_FMT(ddl_qualified_name(dc, taken)));
    TRY(views_follow(dc, t, to->name, name, err));
    moved.name = name;
    moved.schema_id = to->id;
    TRY(cat_put_table(dc->view, &moved, err));
    return t->kind == CAT_SEQUENCE ? follow_sequence(dc, t, &moved, err) : 0;
}

static int rename_relation(struct ddl_context *dc, const struct cat_table *t, struct str name, struct err *err)
{
    const struct cat_schema *s;
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_DROP, err));
    TRY(cat_schema_by_id(dc->view, t->schema_id, &s, err));
    TRY(ddl_need_schema(dc, s, CAT_PRIVILEGE_CREATE, err));
    TRY(no_view_reads(dc, t, "rename", err));
    return move_relation(dc, t, s, name, err);
}

static int set_schema(struct ddl_context *dc, const struct cat_table *t, struct str name, struct err *err)
{
    const struct cat_schema *s;
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_DROP, err));
    const struct cat_schema *now;
    TRY(cat_schema_by_id(dc->view, t->schema_id, &now, err));
    if (cat_schema_is_temporary(name) || str_eqc(name, "pg_temp") || cat_schema_is_temporary(now->name))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot move objects into or out of temporary schemas");
    TRY(cat_schema_by_name(dc->view, t->database_id, name, &s, err));
    if (s == NULL)
        return err_set(err, ERR_UNDEFINED_SCHEMA, "unknown schema \"%.*s\"", STR_FMT(name));
    if (s->is_virtual)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot move objects into or out of virtual schemas: %.*s",
                       STR_FMT(name));
    TRY(ddl_need_schema(dc, s, CAT_PRIVILEGE_CREATE, err));
    TRY(no_view_reads(dc, t, "set schema on", err));
    return move_relation(dc, t, s, t->name, err);
}

static int set_relation_owner(struct ddl_context *dc, const struct cat_table *t, struct str owner, struct err *err)
{
    struct cat_table changed = *t;
    TRY(ddl_need_owner(dc, &t->acl, cat_relation_kind_name(t), t->name, err));
    TRY(ddl_check_new_owner(dc, owner, err));
    changed.acl.owner = owner;
    return cat_put_table(dc->view, &changed, err);
}

static int alter_relation(struct ddl_context *dc, const struct ast_alter_object *s, struct ddl_result *out,
                          struct err *err)
{
    const struct cat_table *t;
    TRY(ddl_find_relation(dc, s->name, s->if_exists, &t, err));
    out->changed_schema = t != NULL;
    if (t == NULL)
        return 0;
    if (t->kind == CAT_VIRTUAL)
        return cat_no_privilege(err, dc->scope.user, CAT_PRIVILEGE_CREATE, "relation", t->name);
    if (s->kind == AST_OBJECT_VIEW && t->kind != CAT_VIEW)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a view", STR_FMT(t->name));
    if (s->kind == AST_OBJECT_SEQUENCE && t->kind != CAT_SEQUENCE)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a sequence", STR_FMT(t->name));
    if (s->action == AST_ALTER_RENAME)
        return rename_relation(dc, t, s->new_name, err);
    if (s->action == AST_ALTER_SET_SCHEMA)
        return set_schema(dc, t, s->new_name, err);
    return set_relation_owner(dc, t, s->new_name, err);
}

// ---- schemas and databases

// A view anywhere in the database may name it in its text; those that follow do for a schema.
static int no_views_inside(struct ddl_context *dc, uint32_t database_id, uint32_t schema_id, const char *what,
                           struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(dc->view, dc->arena, database_id, schema_id, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < tables[i]->n_depended_on_by; k++) {
            const struct cat_table *r;
            TRY(cat_table_by_id(dc->view, tables[i]->depended_on_by[k], &r, err));
            bool follows = schema_id != 0 && dc->postgresql && tables[i]->kind != CAT_SEQUENCE;
            if (r == NULL || r->kind == CAT_TABLE || follows)
                continue;
            return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "cannot rename %s because relation \"%.*s\" depends on relation \"%.*s\"", what,
                           STR_FMT(ddl_qualified_name(dc, r)), STR_FMT(ddl_qualified_name(dc, tables[i])));
        }
    return 0;
}

static int rename_schema(struct ddl_context *dc, const struct cat_schema *s, struct str name, struct err *err)
{
    const struct cat_schema *taken;
    const struct cat_table **tables;
    struct cat_schema changed = *s;
    size_t n;
    if (str_eqc(s->name, "public"))
        return err_set(err, ERR_INVALID_SCHEMA_NAME, "cannot rename schema \"public\"");
    TRY(cat_schema_by_name(dc->view, s->database_id, name, &taken, err));
    if (taken != NULL)
        return err_set(err, ERR_DUPLICATE_SCHEMA, "schema \"%.*s\" already exists", STR_FMT(name));
    TRY(no_views_inside(dc, s->database_id, s->id, "schema", err));
    TRY(cat_list_tables(dc->view, dc->arena, s->database_id, s->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(views_follow(dc, tables[i], name, tables[i]->name, err));
    changed.name = name;
    TRY(cat_put_schema(dc->view, &changed, err));
    TRY(cat_list_tables(dc->view, dc->arena, s->database_id, s->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        if (tables[i]->kind == CAT_SEQUENCE)
            TRY(follow_sequence(dc, tables[i], tables[i], err));
    return ddl_types_follow_schema(dc, &changed, err);
}

static int alter_schema(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(ddl_find_schema(dc, s->name, false, &schema, &d, err));
    if (schema->is_virtual)
        return err_set(err, ERR_INVALID_SCHEMA_NAME, "cannot modify schema \"%.*s\"", STR_FMT(schema->name));
    TRY(ddl_need_owner(dc, &schema->acl, "schema", schema->name, err));
    if (s->action == AST_ALTER_RENAME)
        return rename_schema(dc, schema, s->new_name, err);
    TRY(ddl_check_new_owner(dc, s->new_name, err));
    struct cat_schema changed = *schema;
    changed.acl.owner = s->new_name;
    return cat_put_schema(dc->view, &changed, err);
}

static int alter_database(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err)
{
    const struct cat_database *d, *taken;
    struct ddl_parts p = ddl_parts_of(s->name);
    TRY(ddl_find_database(dc, p.parts[p.n - 1], false, &d, err));
    TRY(ddl_need_owner(dc, &d->acl, "database", d->name, err));
    struct cat_database changed = *d;
    if (s->action == AST_ALTER_RENAME) {
        if (dc->safe_updates && str_eq(d->name, dc->scope.database))
            return err_set(err, ERR_WARNING, "rejected (sql_safe_updates = true): RENAME DATABASE on current database");
        TRY(ddl_find_database(dc, s->new_name, true, &taken, err));
        if (taken != NULL)
            return err_set(err, ERR_DUPLICATE_DATABASE, "the new database name \"%.*s\" already exists",
                           STR_FMT(s->new_name));
        TRY(no_views_inside(dc, d->id, 0, "database", err));
        changed.name = s->new_name;
    } else {
        TRY(ddl_check_new_owner(dc, s->new_name, err));
        changed.acl.owner = s->new_name;
    }
    return cat_put_database(dc->view, &changed, err);
}

int ddl_alter_object(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_alter_object *s = ast_as_alter_object(statement);
    switch (s->kind) {
    case AST_OBJECT_TABLE:
    case AST_OBJECT_VIEW:
    case AST_OBJECT_MATERIALIZED_VIEW:
    case AST_OBJECT_SEQUENCE:
        return alter_relation(dc, s, out, err);
    case AST_OBJECT_INDEX:
        return alter_index(dc, s, out, err);
    case AST_OBJECT_SCHEMA:
        return alter_schema(dc, s, err);
    case AST_OBJECT_DATABASE:
        return alter_database(dc, s, err);
    case AST_OBJECT_FUNCTION:
    case AST_OBJECT_PROCEDURE:
        return ddl_alter_function_object(dc, s, err);
    case AST_OBJECT_TYPE:
        return ddl_alter_type_object(dc, s, err);
    case AST_OBJECT_TRIGGER:
        return ddl_alter_trigger(dc, s, err);
    default:
        return ddl_unimplemented(err, "ALTER %s", ast_object_sql(s->kind));
    }
}
