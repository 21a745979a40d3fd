// CREATE TRIGGER and what changes, switches and drops triggers. They are part of their table's descriptor.

#include "sql/ddl/drop_int.h"
#include "sql/ddl/trigger_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include <stdlib.h>

// ---- changing the list

static int compare_triggers(const void *a, const void *b)
{
    const struct cat_trigger *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

// A copy of the table's triggers that may be changed, with room for one more.
static struct cat_trigger *copy_triggers(struct arena *a, const struct cat_table *t)
{
    struct cat_trigger *list = ARENA_ARRAY(a, struct cat_trigger, t->n_triggers + 1);
    if (t->n_triggers > 0)
        memcpy(list, t->triggers, t->n_triggers * sizeof(*list));
    return list;
}

static int put_triggers(struct ddl_context *dc, const struct cat_table *t, struct cat_trigger *list, size_t n,
                        struct err *err)
{
    struct cat_table changed = *t;
    if (n > 0)
        qsort(list, n, sizeof(*list), compare_triggers);
    changed.triggers = list;
    changed.n_triggers = n;
    return cat_put_table(dc->view, &changed, err);
}

static int no_trigger(const struct cat_table *t, struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "trigger \"%.*s\" of relation \"%.*s\" does not exist", STR_FMT(name),
                   STR_FMT(t->name));
}

static int already_exists(const struct cat_table *t, struct str name, struct err *err)
{
    return err_set(err, ERR_DUPLICATE_OBJECT, "trigger \"%.*s\" for relation \"%.*s\" already exists", STR_FMT(name),
                   STR_FMT(t->name));
}

// ---- CREATE TRIGGER: the table and the function

static int refuse_view(const struct ast_create_trigger *s, const struct cat_table *t, struct err *err)
{
    for (size_t i = 0; i < s->events.n; i++) {
        if (ast_as_trigger_event(s->events.items[i])->verb != AST_TRIGGER_TRUNCATE)
            continue;
        err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is a view", STR_FMT(t->name));
        return err_detail(err, "Views cannot have TRUNCATE triggers.");
    }
    if (s->timing == AST_TRIGGER_INSTEAD_OF || !s->per_row)
        return ddl_unimplemented(err, "triggers on views");
    err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is a view", STR_FMT(t->name));
    return err_detail(err, "Views cannot have row-level BEFORE or AFTER triggers.");
}

static int find_table(struct ddl_context *dc, const struct ast_create_trigger *s, const struct cat_table **out,
                      struct err *err)
{
    const struct cat_table *t;
    TRY(ddl_find_relation(dc, s->table, false, &t, err));
    if (t->kind == CAT_VIRTUAL || t->database_id == CAT_ID_SYSTEM_DATABASE)
        return cat_no_privilege(err, dc->scope.user, CAT_PRIVILEGE_TRIGGER, "relation", t->name);
    if (t->kind == CAT_VIEW)
        return refuse_view(s, t, err);
    if (t->kind != CAT_TABLE) {
        err_set(err, ERR_WRONG_OBJECT_TYPE, "relation \"%.*s\" cannot have triggers", STR_FMT(t->name));
        return err_detail(err, "This operation is not supported for %ss.", cat_relation_kind_name(t));
    }
    if (s->timing == AST_TRIGGER_INSTEAD_OF) {
        err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is a table", STR_FMT(t->name));
        return err_detail(err, "Tables cannot have INSTEAD OF triggers.");
    }
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_TRIGGER, err));
    *out = t;
    return 0;
}

static int find_function(struct ddl_context *dc, const struct ast *name, const struct cat_table *t,
                         const struct cat_function **out, struct err *err)
{
    struct ast_func_signature *signature = AST_NEW(dc->arena, FUNC_SIGNATURE, func_signature, 0);
    signature->name = (struct ast *)name;
    signature->has_args = true;
    const struct cat_function *f;
    bool allowed;
    TRY(ddl_find_function(dc, &signature->base, false, true, &f, err));
    if (f == NULL)
        return err_set(err, ERR_UNDEFINED_FUNCTION, "unknown function: %.*s()", STR_FMT(ddl_object_text(dc, name)));
    if (f->result.oid != TYPE_OID_TRIGGER)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "function %.*s must return type trigger", STR_FMT(f->name));
    if (f->database_id != t->database_id)
        return ddl_unimplemented(err, "cross-database function references not allowed");
    TRY(cat_has_privilege(dc->view, dc->scope.user, &f->acl, CAT_PRIVILEGE_EXECUTE, &allowed, err));
    if (!allowed)
        return cat_no_privilege(err, dc->scope.user, CAT_PRIVILEGE_EXECUTE, "function", f->name);
    *out = f;
    return 0;
}

// ---- events and columns

static int read_column(struct ddl_context *dc, const struct cat_table *t, struct str name, struct cat_trigger *g,
                       struct err *err)
{
    const struct cat_column *c = cat_column_by_name(t, name);
    if (c == NULL || cat_column_inaccessible(c))
        return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" of relation \"%.*s\" does not exist", STR_FMT(name),
                       STR_FMT(t->name));
    uint32_t *ids = ARENA_ARRAY(dc->arena, uint32_t, g->n_columns + 1);
    for (size_t i = 0; i < g->n_columns; i++) {
        ids[i] = g->columns[i];
        if (ids[i] == c->id)
            return err_set(err, ERR_DUPLICATE_COLUMN, "column \"%.*s\" specified more than once", STR_FMT(name));
    }
    ids[g->n_columns++] = c->id;
    g->columns = ids;
    return 0;
}

static int read_events(struct ddl_context *dc, const struct ast_create_trigger *s, const struct cat_table *t,
                       struct cat_trigger *g, struct err *err)
{
    static const uint32_t bits[] = {
        [AST_TRIGGER_INSERT] = CAT_TRIGGER_INSERT,
        [AST_TRIGGER_UPDATE] = CAT_TRIGGER_UPDATE,
        [AST_TRIGGER_DELETE] = CAT_TRIGGER_DELETE,
        [AST_TRIGGER_TRUNCATE] = CAT_TRIGGER_TRUNCATE,
    };
    for (size_t i = 0; i < s->events.n; i++) {
        const struct ast_trigger_event *e = ast_as_trigger_event(s->events.items[i]);
        if (g->events & bits[e->verb])
            return err_set(err, ERR_SYNTAX_ERROR, "duplicate trigger events specified");
        g->events |= bits[e->verb];
        for (size_t k = 0; k < e->columns.n; k++)
            TRY(read_column(dc, t, ast_as_name(e->columns.items[k])->name, g, err));
    }
    if (g->per_row && (g->events & CAT_TRIGGER_TRUNCATE))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "TRUNCATE FOR EACH ROW triggers are not supported");
    return 0;
}

// ---- constraint triggers

static int read_constraint(struct ddl_context *dc, const struct ast_create_trigger *s, struct cat_trigger *g,
                           struct err *err)
{
    const struct cat_table *referenced;
    if (!s->constraint) {
        if (s->deferrable != AST_DEFERRABLE_DEFAULT || s->referenced != NULL)
            return err_set(err, ERR_SYNTAX_ERROR, "only constraint triggers can be deferrable or refer to a table");
        return 0;
    }
    if (s->replace)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "CREATE OR REPLACE CONSTRAINT TRIGGER is not supported");
    if (g->timing != 'a' || !g->per_row)
        return err_set(err, ERR_SYNTAX_ERROR, "constraint triggers must be AFTER and FOR EACH ROW");
    g->is_constraint = true;
    g->deferrable = s->deferrable == AST_DEFERRABLE_IMMEDIATE || s->deferrable == AST_DEFERRABLE_DEFERRED;
    g->deferred = s->deferrable == AST_DEFERRABLE_DEFERRED;
    if (s->referenced == NULL)
        return 0;
    TRY(ddl_find_table(dc, s->referenced, false, &referenced, err));
    g->referenced_table_id = referenced->id;
    return 0;
}

// ---- transition tables

static int read_transition(const struct ast_transition *tr, struct cat_trigger *g, struct err *err)
{
    struct str *name = tr->is_new ? &g->new_table : &g->old_table;
    const char *which = tr->is_new ? "NEW" : "OLD";
    uint32_t fits = CAT_TRIGGER_UPDATE | (tr->is_new ? CAT_TRIGGER_INSERT : CAT_TRIGGER_DELETE);
    if (tr->row) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "ROW variable naming in the REFERENCING clause is not supported");
        return err_hint(err, "Use OLD TABLE or NEW TABLE for naming transition tables.");
    }
    if (g->timing != 'a')
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION,
                       "transition table name can only be specified for an AFTER trigger");
    if (g->events & CAT_TRIGGER_TRUNCATE)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "TRUNCATE triggers cannot specify transition tables");
    if ((g->events & (g->events - 1)) != 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "transition tables cannot be specified for triggers with more than one event");
    if (g->n_columns > 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "transition tables cannot be specified for triggers with column lists");
    if (!(g->events & fits))
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "%s TABLE can only be specified for %s or UPDATE trigger",
                       which, tr->is_new ? "an INSERT" : "a DELETE");
    if (name->len > 0)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot specify %s more than once", which);
    *name = tr->name;
    if (str_eq(g->old_table, g->new_table))
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "OLD TABLE name and NEW TABLE name cannot be the same");
    return 0;
}

static int read_transitions(const struct ast_create_trigger *s, struct cat_trigger *g, struct err *err)
{
    for (size_t i = 0; i < s->transitions.n; i++)
        TRY(read_transition(ast_as_transition(s->transitions.items[i]), g, err));
    return 0;
}

// ---- WHEN

// What a condition says of the rows: new.column, new.*, new, (new).column.
struct row_search {
    const struct cat_table *table;
    struct arena *arena;
    bool old, new;
    ARENA_VEC(uint32_t) columns;
    const struct cat_column *computed; // of the new row
};

static void add_column(struct row_search *s, struct str name, bool is_new)
{
    const struct cat_column *c = cat_column_by_name(s->table, name);
    if (c == NULL)
        return;
    if (is_new && c->computed_sql.len > 0)
        s->computed = c;
    for (size_t i = 0; i < s->columns.len; i++) {
        if (s->columns.ptr[i] == c->id)
            return;
    }
    ARENA_PUSH(s->arena, &s->columns, c->id);
}

static bool find_rows(void *arg, struct ast *n)
{
    struct row_search *s = arg;
    if (n->kind == AST_FIELD_ACCESS && ast_is(ast_as_field_access(n)->operand, AST_COLUMN_REF)) {
        const struct ast_column_ref *row = ast_as_column_ref(ast_as_field_access(n)->operand);
        if (row->table.ptr == NULL && !row->star && ast_as_field_access(n)->name.ptr != NULL)
            add_column(s, ast_as_field_access(n)->name, str_eqc(row->column, "new"));
    }
    if (n->kind != AST_COLUMN_REF)
        return true;
    const struct ast_column_ref *c = ast_as_column_ref(n);
    struct str row = c->table.ptr != NULL ? c->table : c->column;
    s->new |= str_eqc(row, "new");
    s->old |= str_eqc(row, "old");
    if (c->table.ptr != NULL && !c->star)
        add_column(s, c->column, str_eqc(row, "new"));
    return true;
}

static int check_rows(const struct row_search *s, const struct cat_trigger *g, struct err *err)
{
    const char *event = !s->new && !s->old                           ? NULL
                        : !g->per_row                                ? "statement"
                        : s->old && (g->events & CAT_TRIGGER_INSERT) ? "INSERT"
                        : s->new && (g->events & CAT_TRIGGER_DELETE) ? "DELETE"
                                                                     : NULL;
    if (event != NULL)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "%s trigger's WHEN condition cannot reference %s", event,
                       !g->per_row                        ? "column values"
                       : str_eqc(str_of(event), "INSERT") ? "OLD values"
                                                          : "NEW values");
    if (g->timing == 'b' && s->computed != NULL) {
        err_set(err, ERR_INVALID_OBJECT_DEFINITION,
                "BEFORE trigger's WHEN condition cannot reference NEW generated columns");
        return err_detail(err, "Column \"%.*s\" is a generated column.", STR_FMT(s->computed->name));
    }
    return 0;
}

static int read_when(struct ddl_context *dc, const struct ast_create_trigger *s, const struct cat_table *t,
                     struct cat_trigger *g, struct err *err)
{
    struct row_search rows = {.table = t, .arena = dc->arena};
    if (s->when == NULL)
        return 0;
    ast_walk((struct ast *)s->when, find_rows, &rows);
    TRY(check_rows(&rows, g, err));
    TRY(dc->services->check_trigger_condition(dc->services, dc, t, s->when, &g->when_sql, err));
    g->when_columns = rows.columns.ptr;
    g->n_when_columns = rows.columns.len;
    return 0;
}

// ---- CREATE TRIGGER

static void read_args(struct ddl_context *dc, const struct ast_create_trigger *s, struct cat_trigger *g)
{
    struct str *args = ARENA_ARRAY(dc->arena, struct str, s->args.n + 1);
    for (size_t i = 0; i < s->args.n; i++)
        args[i] = ast_as_string(s->args.items[i])->value;
    g->args = args;
    g->n_args = s->args.n;
}

static int read_trigger(struct ddl_context *dc, const struct ast_create_trigger *s, const struct cat_table *t,
                        struct cat_trigger *g, struct err *err)
{
    const struct cat_function *f;
    *g = (struct cat_trigger){
        .name = s->name, .timing = s->timing == AST_TRIGGER_BEFORE ? 'b' : 'a', .per_row = s->per_row, .enabled = 'O'};
    TRY(read_events(dc, s, t, g, err));
    TRY(read_constraint(dc, s, g, err));
    TRY(read_transitions(s, g, err));
    TRY(read_when(dc, s, t, g, err));
    TRY(find_function(dc, s->function, t, &f, err));
    read_args(dc, s, g);
    g->function_id = f->id;
    return cat_put_function(dc->view, f, err); // so that who drops it meanwhile conflicts
}

int ddl_create_trigger(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_trigger *s = ast_as_create_trigger(statement);
    const struct cat_table *t;
    struct cat_trigger g;
    TRY(find_table(dc, s, &t, err));
    TRY(ddl_lock_table(dc, t, err));
    const struct cat_trigger *same = cat_trigger_by_name(t, s->name);
    if (same != NULL && !s->replace)
        return already_exists(t, s->name, err);
    if (same != NULL && same->is_constraint)
        return err_set(err, ERR_DUPLICATE_OBJECT, "trigger \"%.*s\" for relation \"%.*s\" is a constraint trigger",
                       STR_FMT(s->name), STR_FMT(t->name));
    TRY(read_trigger(dc, s, t, &g, err));
    struct cat_trigger *list = copy_triggers(dc->arena, t);
    size_t at = same != NULL ? (size_t)(same - t->triggers) : t->n_triggers;
    for (size_t i = 0; i < t->n_triggers; i++)
        g.id = MAX(g.id, t->triggers[i].id);
    g.id++;
    if (same != NULL) {
        g.id = same->id;
        g.comment = same->comment;
    }
    list[at] = g;
    return put_triggers(dc, t, list, MAX(at + 1, t->n_triggers), err);
}

// ---- DROP, RENAME, COMMENT, ENABLE and DISABLE

static int drop_where(struct ddl_context *dc, const struct cat_table *t,
                      bool (*gone)(const struct cat_trigger *, void *), void *arg, struct err *err)
{
    struct cat_trigger *list = copy_triggers(dc->arena, t);
    size_t kept = 0;
    for (size_t i = 0; i < t->n_triggers; i++) {
        if (!gone(&t->triggers[i], arg))
            list[kept++] = t->triggers[i];
        else if (t->triggers[i].comment.len > 0)
            TRY(cat_comment_put(dc->view, CAT_COMMENT_TRIGGER, t->id, t->triggers[i].id, STR_NONE, err));
    }
    if (kept == t->n_triggers)
        return 0;
    return put_triggers(dc, t, list, kept, err);
}

static bool has_name(const struct cat_trigger *g, void *arg)
{
    return str_eq(g->name, *(const struct str *)arg);
}

static bool calls_function(const struct cat_trigger *g, void *arg)
{
    return g->function_id == *(const uint32_t *)arg;
}

int drop_trigger(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    const struct cat_table *t;
    struct str name = ast_as_name(s->names.items[0])->name;
    out->changed_schema = false;
    TRY(ddl_find_relation(dc, s->table, s->if_exists, &t, err));
    if (t == NULL)
        return 0;
    if (cat_trigger_by_name(t, name) == NULL) {
        if (!s->if_exists)
            return no_trigger(t, name, err);
        ddl_notice(dc, ERR_SUCCESSFUL_COMPLETION, "trigger \"%.*s\" for relation \"%.*s\" does not exist, skipping",
                   STR_FMT(name), STR_FMT(t->name));
        return 0;
    }
    TRY(ddl_need_owner(dc, &t->acl, "relation", t->name, err));
    TRY(ddl_lock_table(dc, t, err));
    out->changed_schema = true;
    return drop_where(dc, t, has_name, &name, err);
}

int ddl_alter_trigger(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err)
{
    const struct cat_table *t;
    struct str name = ast_as_name(s->name)->name;
    TRY(ddl_find_table(dc, s->table, false, &t, err));
    TRY(ddl_need_owner(dc, &t->acl, "relation", t->name, err));
    TRY(ddl_lock_table(dc, t, err));
    const struct cat_trigger *g = cat_trigger_by_name(t, name);
    if (g == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "trigger \"%.*s\" for table \"%.*s\" does not exist", STR_FMT(name),
                       STR_FMT(t->name));
    if (str_eq(name, s->new_name))
        return 0;
    if (cat_trigger_by_name(t, s->new_name) != NULL)
        return already_exists(t, s->new_name, err);
    struct cat_trigger *list = copy_triggers(dc->arena, t);
    list[g - t->triggers].name = s->new_name;
    return put_triggers(dc, t, list, t->n_triggers, err);
}

int ddl_comment_trigger(struct ddl_context *dc, const struct ast_comment_on *s, struct err *err)
{
    const struct cat_table *t;
    TRY(ddl_find_table(dc, s->name, false, &t, err));
    const struct cat_trigger *g = cat_trigger_by_name(t, s->constraint);
    if (g == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "trigger \"%.*s\" for table \"%.*s\" does not exist",
                       STR_FMT(s->constraint), STR_FMT(t->name));
    TRY(ddl_need_owner(dc, &t->acl, "relation", t->name, err));
    struct cat_table changed = *t;
    struct cat_trigger *list = copy_triggers(dc->arena, t);
    list[g - t->triggers].comment = s->comment.ptr != NULL ? s->comment : STR_EMPTY;
    changed.triggers = list;
    TRY(cat_put_table_compatible(dc->view, &changed, err));
    return cat_comment_put(dc->view, CAT_COMMENT_TRIGGER, t->id, g->id, s->comment, err);
}

int trigger_switch(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    static const char states[] = {[AST_ALTER_ENABLE_TRIGGER] = 'O',
                                  [AST_ALTER_ENABLE_ALWAYS_TRIGGER] = 'A',
                                  [AST_ALTER_ENABLE_REPLICA_TRIGGER] = 'R',
                                  [AST_ALTER_DISABLE_TRIGGER] = 'D'};
    struct cat_table *t = &w->edit.t;
    struct cat_trigger *list = copy_triggers(w->dc->arena, t);
    bool found = cmd->name.ptr == NULL;
    for (size_t i = 0; i < t->n_triggers; i++) {
        if (cmd->name.ptr != NULL && !str_eq(list[i].name, cmd->name))
            continue;
        list[i].enabled = states[cmd->action];
        found = true;
    }
    t->triggers = list;
    return found ? 0
                 : err_set(err, ERR_UNDEFINED_OBJECT, "trigger \"%.*s\" for table \"%.*s\" does not exist",
                           STR_FMT(cmd->name), STR_FMT(t->name));
}

// ---- what triggers use

bool table_triggers_call(const struct cat_table *t, const struct cat_function *f)
{
    for (size_t i = 0; i < t->n_triggers; i++) {
        if (t->triggers[i].function_id == f->id)
            return true;
    }
    return false;
}

int drop_triggers_calling(struct ddl_context *dc, const struct cat_function *f, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    uint32_t id = f->id;
    if (f->result.oid != TYPE_OID_TRIGGER)
        return 0;
    TRY(cat_list_tables(dc->view, dc->arena, f->database_id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!table_triggers_call(tables[i], f))
            continue;
        TRY(ddl_lock_table(dc, tables[i], err));
        TRY(drop_where(dc, tables[i], calls_function, &id, err));
    }
    return 0;
}

static bool in_list(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static const struct cat_trigger *trigger_using(const struct cat_table *t, uint32_t column_id)
{
    for (size_t i = 0; i < t->n_triggers; i++) {
        const struct cat_trigger *g = &t->triggers[i];
        if (in_list(g->columns, g->n_columns, column_id) || in_list(g->when_columns, g->n_when_columns, column_id))
            return g;
    }
    return NULL;
}

int triggers_drop_column(struct table_work *w, const struct cat_column *c, bool cascade, struct err *err)
{
    struct cat_table *t = &w->edit.t;
    struct cat_trigger *list = copy_triggers(w->dc->arena, t);
    const struct cat_trigger *g;
    while ((g = trigger_using(t, c->id)) != NULL) {
        if (!cascade) {
            err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                    "cannot drop column \"%.*s\" because trigger \"%.*s\" on table \"%.*s\" depends on it",
                    STR_FMT(c->name), STR_FMT(g->name), STR_FMT(t->name));
            return err_hint(err, "you can drop %.*s instead.", STR_FMT(g->name));
        }
        size_t at = (size_t)(g - t->triggers);
        TRY(cat_comment_put(w->dc->view, CAT_COMMENT_TRIGGER, t->id, g->id, STR_NONE, err));
        memmove(list + at, list + at + 1, (t->n_triggers - at - 1) * sizeof(*list));
        t->triggers = list;
        t->n_triggers--;
    }
    return 0;
}

int triggers_keep_type(struct table_work *w, const struct cat_column *c, struct err *err)
{
    const struct cat_trigger *g = trigger_using(&w->edit.t, c->id);
    if (g == NULL)
        return 0;
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot alter type of a column used in a trigger definition");
    return err_detail(err, "trigger %.*s on table %.*s depends on column \"%.*s\"", STR_FMT(g->name),
                      STR_FMT(w->edit.t.name), STR_FMT(c->name));
}

struct renaming {
    struct str from, to;
};

static bool rename_reference(void *arg, struct ast *n)
{
    const struct renaming *r = arg;
    if (n->kind == AST_COLUMN_REF) {
        struct ast_column_ref *c = (struct ast_column_ref *)n;
        if (c->table.ptr != NULL && !c->star && str_eq(c->column, r->from))
            c->column = r->to;
    } else if (n->kind == AST_FIELD_ACCESS && str_eq(ast_as_field_access(n)->name, r->from)) {
        ((struct ast_field_access *)n)->name = r->to;
    }
    return true;
}

static struct str renamed(struct arena *a, struct str sql, struct renaming r)
{
    struct ast *expr;
    if (sql.len == 0 || parse_expr(a, sql, &expr, NULL) != 0)
        return sql;
    struct buf b = BUF_INIT;
    ast_walk(expr, rename_reference, &r);
    ast_print(&b, expr, AST_PRINT_DEFAULT);
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

void triggers_rename_column(struct table_work *w, struct str from, struct str to)
{
    struct cat_table *t = &w->edit.t;
    struct cat_trigger *list = copy_triggers(w->dc->arena, t);
    for (size_t i = 0; i < t->n_triggers; i++)
        list[i].when_sql = renamed(w->dc->arena, list[i].when_sql, (struct renaming){from, to});
    t->triggers = list;
}
