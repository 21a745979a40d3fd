// DROP of relations, and what depends on them: views, foreign keys, defaults that use a sequence, owned sequences.

#include "catalog/zone.h"
#include "sql/ddl/drop_int.h"
#include "sql/ddl/storage_int.h"
#include "sql/parse/parse.h"

static bool in_set(const struct drop_set *set, uint32_t id)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->ids[i] == id)
            return true;
    return false;
}

static int depends_error(const char *what, struct str name, const struct cat_table *view, struct err *err)
{
    err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop %s \"%.*s\" because %s \"%.*s\" depends on it", what,
            STR_FMT(name), cat_relation_kind_name(view), STR_FMT(view->name));
    return err_hint(err, "you can drop %.*s instead.", STR_FMT(view->name));
}

// ---- foreign keys

static int remove_foreign_key(struct table_edit *e, struct str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->outbound.len; i++)
        if (!str_eq(e->outbound.ptr[i].name, name))
            e->outbound.ptr[kept++] = e->outbound.ptr[i];
    e->outbound.len = kept;
    return 0;
}

int drop_foreign_key(struct table_work *w, struct str name, struct err *err)
{
    struct table_edit *e = &w->edit;
    struct cat_foreign_key fk = {0};
    for (size_t i = 0; i < e->outbound.len; i++)
        if (str_eq(e->outbound.ptr[i].name, name))
            fk = e->outbound.ptr[i];
    remove_foreign_key(e, name);
    if (fk.referenced_table_id != e->t.id)
        return foreign_key_unlink(w->dc, &fk, err);
    size_t kept = 0;
    for (size_t i = 0; i < e->inbound.len; i++)
        if (e->inbound.ptr[i].origin_table_id != e->t.id || !str_eq(e->inbound.ptr[i].name, name))
            e->inbound.ptr[kept++] = e->inbound.ptr[i];
    e->inbound.len = kept;
    return 0;
}

static int drop_inbound(struct ddl_context *dc, const struct cat_table *t, const struct drop_set *set, bool cascade,
                        struct err *err)
{
    for (size_t i = 0; i < t->n_inbound; i++) {
        const struct cat_foreign_key *fk = &t->inbound[i];
        const struct cat_table *origin;
        struct table_edit e;
        if (fk->origin_table_id == t->id)
            continue;
        TRY(cat_table_by_id(dc->view, fk->origin_table_id, &origin, err));
        if (origin == NULL)
            continue;
        if (!cascade && !in_set(set, origin->id))
            return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "\"%.*s\" is referenced by foreign key from table \"%.*s\"", STR_FMT(t->name),
                           STR_FMT(origin->name));
        edit_open(&e, dc->arena, origin);
        remove_foreign_key(&e, fk->name);
        TRY(edit_save(&e, dc, err));
    }
    return 0;
}

static int drop_outbound(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    for (size_t i = 0; i < t->n_outbound; i++)
        if (t->outbound[i].referenced_table_id != t->id)
            TRY(foreign_key_unlink(dc, &t->outbound[i], err));
    return 0;
}

// ---- dependents

static int drop_in_set(struct ddl_context *dc, uint32_t id, const struct drop_set *set, bool cascade, struct err *err);

// A table whose default uses the sequence loses the default.
static int drop_uses(struct ddl_context *dc, const struct cat_table *sequence, const struct cat_table *user,
                     struct err *err)
{
    struct table_edit e;
    edit_open(&e, dc->arena, user);
    for (size_t i = 0; i < e.columns.len; i++) {
        struct cat_column *c = &e.columns.ptr[i];
        if (c->owns_sequence_id == sequence->id)
            c->owns_sequence_id = 0;
        if (sql_mentions_name(c->default_sql, sequence->name))
            c->default_sql = STR_EMPTY;
    }
    size_t kept = 0;
    for (size_t i = 0; i < e.depends_on.len; i++)
        if (e.depends_on.ptr[i] != sequence->id)
            e.depends_on.ptr[kept++] = e.depends_on.ptr[i];
    e.depends_on.len = kept;
    return edit_save(&e, dc, err);
}

static int drop_dependents(struct ddl_context *dc, const struct cat_table *t, const struct drop_set *set, bool cascade,
                           struct err *err)
{
    TRY(drop_functions_using(dc, t, STR_EMPTY, cat_relation_kind_name(t), t->name, cascade, err));
    for (size_t i = 0; i < t->n_depended_on_by; i++) {
        const struct cat_table *r;
        TRY(cat_table_by_id(dc->view, t->depended_on_by[i], &r, err));
        if (r == NULL)
            continue;
        if (!cascade && !in_set(set, r->id)) {
            if (t->kind == CAT_SEQUENCE)
                return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                               "cannot drop sequence %.*s because other objects depend on it", STR_FMT(t->name));
            return depends_error("relation", t->name, r, err);
        }
        if (r->kind == CAT_TABLE)
            TRY(drop_uses(dc, t, r, err));
        else
            TRY(drop_in_set(dc, r->id, set, cascade, err));
    }
    return 0;
}

static int remove_comments(struct ddl_context *dc, uint32_t id, struct err *err)
{
    static const enum cat_comment_kind kinds[] = {CAT_COMMENT_TABLE, CAT_COMMENT_COLUMN, CAT_COMMENT_INDEX,
                                                  CAT_COMMENT_CONSTRAINT, CAT_COMMENT_TRIGGER};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        TRY(cat_comments_remove(dc->view, kinds[i], id, err));
    return cat_zones_remove(dc->view, id, err);
}

static int drop_owned_sequences(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        uint32_t id = t->columns[i].owns_sequence_id;
        const struct cat_table *s = NULL;
        if (id != 0)
            TRY(cat_table_by_id(dc->view, id, &s, err));
        if (s == NULL)
            continue;
        for (size_t k = 0; k < s->n_depended_on_by; k++)
            if (s->depended_on_by[k] != t->id)
                return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                               "cannot drop sequence %.*s because other objects depend on it", STR_FMT(s->name));
        TRY(cat_delete_data(dc->view, s->id, 0, err));
        TRY(remove_comments(dc, s->id, err));
        TRY(cat_remove(dc->view, s->id, err));
    }
    return 0;
}

static int forget_owner_column(struct ddl_context *dc, const struct cat_table *sequence, struct err *err)
{
    const struct cat_table *owner = NULL;
    struct table_edit e;
    if (sequence->sequence.owner_table_id != 0)
        TRY(cat_table_by_id(dc->view, sequence->sequence.owner_table_id, &owner, err));
    if (owner == NULL)
        return 0;
    edit_open(&e, dc->arena, owner);
    for (size_t i = 0; i < e.columns.len; i++)
        if (e.columns.ptr[i].owns_sequence_id == sequence->id)
            e.columns.ptr[i].owns_sequence_id = 0;
    return edit_save(&e, dc, err);
}

static int drop_in_set(struct ddl_context *dc, uint32_t id, const struct drop_set *set, bool cascade, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_table_by_id(dc->view, id, &t, err));
    if (t == NULL)
        return 0; // dropped by a cascade already
    TRY(drop_dependents(dc, t, set, cascade, err));
    TRY(drop_inbound(dc, t, set, cascade, err));
    TRY(drop_outbound(dc, t, err));
    TRY(drop_owned_sequences(dc, t, err));
    for (size_t i = 0; i < t->n_depends_on; i++)
        TRY(ddl_remove_dependent(dc, t->depends_on[i], t->id, err));
    if (t->kind == CAT_SEQUENCE)
        TRY(forget_owner_column(dc, t, err));
    if (t->kind != CAT_VIEW)
        TRY(cat_delete_data(dc->view, t->id, 0, err));
    TRY(remove_comments(dc, t->id, err));
    if (ttl_is_on(t))
        TRY(ttl_drop_schedule(dc, t->id, err));
    return cat_remove(dc->view, t->id, err);
}

int drop_relations(struct ddl_context *dc, const struct drop_set *set, bool cascade, struct err *err)
{
    for (size_t i = 0; i < set->n; i++)
        TRY(drop_in_set(dc, set->ids[i], set, cascade, err));
    return 0;
}

int drop_relation(struct ddl_context *dc, const struct cat_table *t, bool cascade, struct err *err)
{
    struct drop_set set = {&t->id, 1};
    return drop_in_set(dc, t->id, &set, cascade, err);
}

// ---- views that read a column

struct column_search {
    struct str table, column;
    struct ast *statement;
    bool found;
};

// Whether a name stands for the table in some FROM of the statement, so that columns can be read through it.
struct alias_search {
    struct str table, alias;
    bool known, found;
};

static bool search_alias(void *arg, struct ast *n)
{
    struct alias_search *s = arg;
    if (n->kind != AST_ALIASED_TABLE)
        return true;
    const struct ast_aliased_table *at = ast_as_aliased_table(n);
    bool named = at->source->kind == AST_OBJECT_NAME;
    struct str name = named ? ast_as_object_name(at->source)->name : STR("");
    if (str_eq(at->alias.ptr != NULL ? at->alias : name, s->alias)) {
        s->known = true;
        s->found |= named ? str_eq(name, s->table) : at->source->kind == AST_TABLE_ID || at->source->kind == AST_JOIN;
    }
    return true;
}

static bool names_table(const struct column_search *s, struct str alias, bool if_unknown)
{
    struct alias_search search = {s->table, alias, false, false};
    ast_walk(s->statement, search_alias, &search);
    return search.known ? search.found : if_unknown;
}

static bool reads_column(const struct column_search *s, const struct ast_column_ref *c)
{
    if (!c->star && !str_eq(c->column, s->column)) // the name of a table is all its columns
        return c->table.ptr == NULL && names_table(s, c->column, false);
    return c->table.ptr == NULL || names_table(s, c->table, true);
}

static bool joined_by(const struct ast_join *j, struct str column)
{
    for (size_t i = 0; i < j->using.n; i++) {
        if (str_eq(ast_as_name(j->using.items[i])->name, column))
            return true;
    }
    return j->natural;
}

static bool search_column(void *arg, struct ast *n)
{
    struct column_search *s = arg;
    if (n->kind == AST_COLUMN_REF)
        s->found |= reads_column(s, ast_as_column_ref(n));
    if (n->kind == AST_JOIN)
        s->found |= joined_by(ast_as_join(n), s->column);
    if (n->kind == AST_ALIASED_TABLE && ast_as_aliased_table(n)->columns.n > 0) // columns that go by other names
        s->found |= names_table(s, ast_as_aliased_table(n)->alias, true);
    return true;
}

bool query_mentions_column(struct str sql, struct str table, struct str column)
{
    struct arena a;
    struct parsed_statements p;
    struct column_search s = {table, column, NULL, false};
    arena_init(&a, NULL);
    s.found = parse_sql(&a, sql, NULL, &p, NULL) != 0;
    for (size_t i = 0; !s.found && i < p.n; i++) {
        s.statement = p.items[i].ast;
        ast_walk(s.statement, search_column, &s);
    }
    arena_release(&a);
    return s.found;
}

int drop_dependent_views(struct ddl_context *dc, const struct cat_table *t, const char *what, struct str name,
                         bool cascade, struct err *err)
{
    TRY(drop_functions_using(dc, t, name, what, name, cascade, err));
    for (size_t i = 0; i < t->n_depended_on_by; i++) {
        const struct cat_table *r;
        TRY(cat_table_by_id(dc->view, t->depended_on_by[i], &r, err));
        if (r == NULL || !query_mentions_column(r->view_sql, t->name, name))
            continue;
        if (!cascade)
            return depends_error(what, name, r, err);
        TRY(drop_relation(dc, r, true, err));
    }
    return 0;
}

// ---- DROP TABLE, VIEW, SEQUENCE

static int check_kind(const struct cat_table *t, enum ast_object kind, struct err *err)
{
    static const struct {
        enum ast_object object;
        enum cat_relation_kind relation;
        const char *name;
    } kinds[] = {
        {AST_OBJECT_TABLE, CAT_TABLE, "a table"},
        {AST_OBJECT_VIEW, CAT_VIEW, "a view"},
        {AST_OBJECT_MATERIALIZED_VIEW, CAT_MATERIALIZED_VIEW, "a materialized view"},
        {AST_OBJECT_SEQUENCE, CAT_SEQUENCE, "a sequence"},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].object == kind && kinds[i].relation != t->kind)
            return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not %s", STR_FMT(t->name), kinds[i].name);
    return 0;
}

int drop_named_relations(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    uint32_t *ids = ARENA_ARRAY(dc->arena, uint32_t, s->names.n);
    struct drop_set set = {ids, 0};
    for (size_t i = 0; i < s->names.n; i++) {
        const struct cat_table *t;
        TRY(ddl_find_relation(dc, s->names.items[i], s->if_exists, &t, err));
        if (t == NULL)
            continue;
        if (t->kind == CAT_VIRTUAL)
            return cat_no_privilege(err, dc->scope.user, CAT_PRIVILEGE_DROP, "relation", t->name);
        TRY(check_kind(t, s->kind, err));
        TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_DROP, err));
        TRY(ddl_lock_table(dc, t, err));
        ids[set.n++] = t->id;
    }
    out->changed_schema = set.n > 0;
    return drop_relations(dc, &set, ddl_cascade(s->behavior), err);
}
