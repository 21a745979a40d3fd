// ALTER TABLE … COLUMN: adding, dropping, renaming columns and changing their properties.

#include "sql/ddl/storage_int.h"
#include "sql/ddl/drop_int.h"
#include "sql/ddl/trigger_int.h"
#include "sql/analyze/analyze.h"
#include "sql/functions/functions.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

static int need_column(struct table_work *w, struct str name, struct cat_column **out, struct err *err)
{
    return edit_need_column(&w->edit, name, out, err);
}

// The descriptor as saved, for services that look at rows.
static int save(struct table_work *w, const struct cat_table **out, struct err *err)
{
    TRY(edit_save(&w->edit, w->dc, err));
    return cat_table_by_id(w->dc->view, w->edit.t.id, out, err);
}

// ---- ADD COLUMN

// What existing rows have in the new column: a constant kept in the descriptor, or values written now.
static int fill_new_column(struct table_work *w, const struct cat_table *before, uint32_t column_id,
                           const struct ddl_expr *default_expr, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct cat_column *c = edit_column_by_id(&w->edit, column_id);
    const struct cat_table *after;
    struct ddl_column_value value = {column_id, c->computed_sql.len > 0 ? c->computed_sql : c->default_sql};
    if (c->computed_virtual) // computed when it is read
        value.sql = STR_EMPTY;
    if (c->computed_sql.len == 0 && default_expr != NULL && default_expr->is_constant) {
        c->has_missing_value = !default_expr->value.null;
        c->missing_value = default_expr->value;
        value.sql = STR_EMPTY;
    }
    if (value.sql.len > 0) {
        TRY(save(w, &after, err));
        TRY(s->rewrite_table(s, w->dc, before, after, &value, 1, err));
    }
    if (!c->not_null || (c->has_missing_value && value.sql.len == 0))
        return 0;
    TRY(save(w, &after, err));
    return s->validate_not_null(s, w->dc, after, cat_column_by_id(after, column_id), err);
}

// Whether the values of a new column can be left to a job: they are computed or a default without sequences, and
// nothing else came with the column.
static bool can_defer_column(const struct table_work *w, const struct cat_column *c,
                             const struct ddl_expr *default_expr)
{
    bool computed = c->computed_sql.len > 0 && !c->computed_virtual;
    bool filled = default_expr != NULL && !default_expr->is_constant && default_expr->n_sequences == 0;
    return online_can_defer(w) && (computed || filled) && !c->hidden && c->identity == 0 && w->new_sequences.len == 0 &&
           w->constraints.len == 0;
}

// The column is write-only until all rows have been written under another primary index with it.
static void defer_column(struct table_work *w, struct cat_column *c)
{
    c->state = CAT_COLUMN_WRITE_ONLY;
    c->hidden = true;
    if (c->computed_sql.len > 0) { // held by the rows of the new index only
        c->computed_virtual = true;
        w->edit.slot_types.ptr[c->id - 1] = T_VOID;
    }
    online_rewrite(w, w->edit.primary);
}

int alter_add_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    const struct ast_column_def *def = ast_as_column_def(cmd->def);
    const struct cat_table *before;
    struct ddl_expr default_expr;
    bool has_default = false;
    if (cmd->if_not_exists && edit_column(&w->edit, def->name) != NULL) {
        ddl_notice(w->dc, ERR_DUPLICATE_COLUMN, "column \"%.*s\" of relation \"%.*s\" already exists, skipping",
                   STR_FMT(def->name), STR_FMT(w->edit.t.name));
        return 0;
    }
    TRY(cat_table_by_id(w->dc->view, w->edit.t.id, &before, err));
    TRY(column_add(w, def, err));
    struct column_work cw = w->columns.ptr[0];
    if (cw.default_expr != NULL) {
        TRY(column_set_default(w, edit_column_by_id(&w->edit, cw.column_id), cw.default_expr, &default_expr, err));
        has_default = true;
        cw.default_expr = NULL;
    }
    TRY(column_finish(w, &cw, err));
    TRY(families_complete(&w->edit, err));
    struct cat_column *added = edit_column_by_id(&w->edit, cw.column_id);
    if (can_defer_column(w, added, has_default ? &default_expr : NULL)) {
        defer_column(w, added);
        return 0;
    }
    TRY(fill_new_column(w, before, cw.column_id, has_default ? &default_expr : NULL, err));
    for (size_t i = 0; i < w->new_sequences.len; i++)
        TRY(ddl_add_dependent(w->dc, w->new_sequences.ptr[i], w->edit.t.id, err));
    for (size_t i = 0; i < w->constraints.len; i++)
        TRY(constraint_add(w, w->constraints.ptr[i], err));
    return 0;
}

// ---- DROP COLUMN

static bool has_id(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static bool index_uses(const struct cat_index *index, uint32_t id)
{
    for (size_t i = 0; i < index->n_columns; i++)
        if (index->columns[i].column_id == id)
            return true;
    return has_id(index->storing, index->n_storing, id);
}

struct reference_search {
    struct str name;
    bool found;
};

static bool search_reference(void *arg, struct ast *n)
{
    struct reference_search *s = arg;
    if (n->kind == AST_COLUMN_REF)
        s->found |= str_eq(ast_as_column_ref(n)->column, s->name);
    return true;
}

bool expr_mentions(struct str sql, struct str column)
{
    struct arena a;
    struct ast *expr;
    struct reference_search s = {column, false};
    arena_init(&a, NULL);
    if (sql.len > 0 && parse_expr(&a, sql, &expr, NULL) == 0)
        ast_walk(expr, search_reference, &s);
    arena_release(&a);
    return s.found;
}

// Indexes over expressions or shards of the column go with it, as those over the column itself do.
static int drop_expression_indexes(struct table_work *w, const struct cat_column *c, bool cascade, struct err *err)
{
    struct table_edit *e = &w->edit;
    for (size_t i = 0; i < e->indexes.len;) {
        const struct cat_index *index = &e->indexes.ptr[i];
        bool uses = false;
        for (size_t k = 0; k < index->n_columns && !uses; k++) {
            const struct cat_column *key = edit_column_by_id(e, index->columns[k].column_id);
            uses = cat_column_of_index(key) && expr_mentions(key->computed_sql, c->name);
        }
        if (uses)
            TRY(index_drop(w, index->id, cascade, err));
        else
            i++;
    }
    return 0;
}

static int check_droppable(struct table_work *w, const struct cat_column *c, struct err *err)
{
    struct table_edit *e = &w->edit;
    if (w->dc->safe_updates)
        return err_set(
            err, ERR_WARNING,
            "rejected (sql_safe_updates = true): ALTER TABLE DROP COLUMN will remove all data in that column");
    TRY(ttl_keeps_column(w->dc, &e->t, c->name, "drop", err));
    if (index_uses(&e->primary, c->id))
        return err_set(err, ERR_INVALID_COLUMN_REFERENCE, "column \"%.*s\" is referenced by the primary key",
                       STR_FMT(c->name));
    for (size_t i = 0; i < e->columns.len; i++)
        if (expr_mentions(e->columns.ptr[i].computed_sql, c->name))
            return err_set(err, ERR_INVALID_COLUMN_REFERENCE,
                           "column \"%.*s\" is referenced by computed column \"%.*s\"", STR_FMT(c->name),
                           STR_FMT(e->columns.ptr[i].name));
    for (size_t i = 0; i < e->indexes.len; i++)
        if (!index_uses(&e->indexes.ptr[i], c->id) && expr_mentions(e->indexes.ptr[i].predicate_sql, c->name))
            return err_set(err, ERR_INVALID_COLUMN_REFERENCE,
                           "column \"%.*s\" cannot be dropped because it is referenced by partial index \"%.*s\"",
                           STR_FMT(c->name), STR_FMT(e->indexes.ptr[i].name));
    return 0;
}

static int drop_column_constraints(struct table_work *w, const struct cat_column *c, bool cascade, struct err *err)
{
    struct table_edit *e = &w->edit;
    size_t kept = 0;
    for (size_t i = 0; i < e->checks.len; i++)
        if (!has_id(e->checks.ptr[i].columns, e->checks.ptr[i].n_columns, c->id))
            e->checks.ptr[kept++] = e->checks.ptr[i];
    e->checks.len = kept;
    for (size_t i = 0; i < e->outbound.len;) {
        if (has_id(e->outbound.ptr[i].origin_columns, e->outbound.ptr[i].n_columns, c->id))
            TRY(drop_foreign_key(w, e->outbound.ptr[i].name, err));
        else
            i++;
    }
    for (size_t i = 0; i < e->indexes.len;) {
        if (index_uses(&e->indexes.ptr[i], c->id))
            TRY(index_drop(w, e->indexes.ptr[i].id, cascade, err));
        else
            i++;
    }
    return 0;
}

static int drop_owned_sequence(struct table_work *w, uint32_t sequence_id, struct err *err)
{
    const struct cat_table *s = NULL;
    if (sequence_id != 0)
        TRY(cat_table_by_id(w->dc->view, sequence_id, &s, err));
    return s != NULL ? drop_relation(w->dc, s, true, err) : 0;
}

int alter_drop_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct table_edit *e = &w->edit;
    struct cat_column *found = edit_column(e, cmd->name);
    if (found == NULL && cmd->if_exists)
        return 0;
    TRY(need_column(w, cmd->name, &found, err));
    struct cat_column c = *found;
    bool cascade = ddl_cascade(cmd->behavior);
    TRY(drop_expression_indexes(w, &c, cascade, err));
    TRY(check_droppable(w, &c, err));
    TRY(triggers_drop_column(w, &c, cascade, err));
    TRY(drop_dependent_views(w->dc, edit_table(e), "column", c.name, cascade, err));
    const struct cat_table *now; // dropped views have taken themselves off the list
    TRY(cat_table_by_id(w->dc->view, e->t.id, &now, err));
    e->depended_on_by.len = 0;
    for (size_t i = 0; i < now->n_depended_on_by; i++)
        ARENA_PUSH(w->dc->arena, &e->depended_on_by, now->depended_on_by[i]);
    TRY(drop_column_constraints(w, &c, cascade, err));
    families_remove_column(&w->edit, c.id);
    size_t kept = 0;
    for (size_t i = 0; i < e->columns.len; i++)
        if (e->columns.ptr[i].id != c.id)
            e->columns.ptr[kept++] = e->columns.ptr[i];
    e->columns.len = kept;
    TRY(column_prune_sequences(w, err));
    TRY(edit_save(e, w->dc, err));
    TRY(cat_comment_put(w->dc->view, CAT_COMMENT_COLUMN, e->t.id, c.id, STR_NONE, err));
    return drop_owned_sequence(w, c.owns_sequence_id, err);
}

// ---- RENAME COLUMN

struct renaming {
    struct str from, to;
};

static bool rename_reference(void *arg, struct ast *n)
{
    const struct renaming *r = arg;
    if (n->kind == AST_COLUMN_REF && str_eq(ast_as_column_ref(n)->column, r->from))
        ((struct ast_column_ref *)n)->column = r->to;
    return true;
}

static struct str renamed(struct arena *a, struct str sql, const struct renaming *r)
{
    struct ast *expr;
    if (sql.len == 0 || !expr_mentions(sql, r->from) || parse_expr(a, sql, &expr, NULL) != 0)
        return sql;
    struct buf b = BUF_INIT;
    ast_walk(expr, rename_reference, (void *)r);
    ast_print(&b, expr, AST_PRINT_DEFAULT);
    struct str out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return out;
}

static void rename_in_ttl(struct arena *a, struct cat_table *t, const struct renaming *r)
{
    struct str expression = ttl_expression(a, t);
    if (expression.ptr != NULL)
        t->storage_parameters = ttl_with_expression(a, t->storage_parameters, renamed(a, expression, r));
}

int alter_rename_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct table_edit *e = &w->edit;
    struct arena *a = w->dc->arena;
    struct cat_column *c;
    struct renaming r = {cmd->name, cmd->new_name};
    TRY(need_column(w, cmd->name, &c, err));
    if (str_eq(r.from, r.to))
        return 0;
    if (edit_column(e, cmd->new_name) != NULL)
        return err_set(err, ERR_DUPLICATE_COLUMN, "column \"%.*s\" of relation \"%.*s\" already exists",
                       STR_FMT(cmd->new_name), STR_FMT(e->t.name));
    TRY(ttl_keeps_own_column(&e->t, cmd->name, "rename", err));
    TRY(edit_check_name(cmd->new_name, err));
    TRY(ddl_no_function_uses(w->dc, edit_table(e), cmd->name, "rename column", cmd->name, err));
    for (size_t i = 0; i < e->depended_on_by.len; i++) {
        const struct cat_table *v;
        TRY(cat_table_by_id(w->dc->view, e->depended_on_by.ptr[i], &v, err));
        if (v == NULL || !query_mentions_column(v->view_sql, e->t.name, cmd->name))
            continue;
        err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                "cannot rename column \"%.*s\" because view \"%.*s\" depends on it", STR_FMT(cmd->name),
                STR_FMT(v->name));
        return err_hint(err, "you can drop %.*s instead.", STR_FMT(v->name));
    }
    c->name = cmd->new_name;
    for (size_t i = 0; i < e->columns.len; i++)
        e->columns.ptr[i].computed_sql = renamed(a, e->columns.ptr[i].computed_sql, &r);
    for (size_t i = 0; i < e->checks.len; i++)
        e->checks.ptr[i].sql = renamed(a, e->checks.ptr[i].sql, &r);
    for (size_t i = 0; i < e->indexes.len; i++)
        e->indexes.ptr[i].predicate_sql = renamed(a, e->indexes.ptr[i].predicate_sql, &r);
    rename_in_ttl(a, &e->t, &r);
    triggers_rename_column(w, r.from, r.to);
    return 0;
}

// ---- ALTER COLUMN … TYPE

// Stored values stay as they are and every old value is one of the new type.
static bool is_widening(struct type from, struct type to)
{
    if (from.family != to.family || from.element != to.element)
        return false;
    switch (from.family) {
    case TYPE_INT:
    case TYPE_FLOAT:
        return to.width >= from.width;
    case TYPE_COLLATED:
        if (from.scale != to.scale)
            return false;
        // fall through
    case TYPE_STRING:
        return from.oid != TYPE_OID_BPCHAR && to.oid != TYPE_OID_BPCHAR && to.oid != TYPE_OID_NAME &&
               to.oid != TYPE_OID_QCHAR && (to.width == 0 || (from.width != 0 && to.width >= from.width));
    case TYPE_DECIMAL:
        return to.width == 0 || (from.width != 0 && to.scale == from.scale && to.width >= from.width);
    default:
        return type_identical(from, to);
    }
}

// "c::T", checked as the value of the column in the new form.
static int cast_expr(struct table_work *w, const struct cat_column *c, struct type to,
                     const struct ast_alter_table_cmd *cmd, struct str *out, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ddl_expr checked = {0};
    struct ast *expr = cmd->expr;
    bool other_collation = type_has_collation(c->type) && type_has_collation(to) && c->type.family == to.family;
    if (expr == NULL && !other_collation && cast_allowed(c->type, to) < CAST_ASSIGNMENT) {
        struct buf t = BUF_INIT;
        type_print(&t, to);
        err_set(err, ERR_DATATYPE_MISMATCH, "column \"%.*s\" cannot be cast automatically to type %s", STR_FMT(c->name),
                buf_c(&t));
        err_hint(err, "You might need to specify \"USING %.*s::%s\".", STR_FMT(c->name), buf_c(&t));
        buf_release(&t);
        return ERR_DATATYPE_MISMATCH;
    }
    if (expr == NULL) {
        struct ast_column_ref *ref = AST_NEW(w->dc->arena, COLUMN_REF, column_ref, 0);
        ref->column = c->name;
        expr = &ref->base;
    }
    if (cmd->expr == NULL && other_collation) {
        struct ast_collate *collate = AST_NEW(w->dc->arena, COLLATE, collate, 0);
        collate->operand = expr;
        collate->collation = str_of(collation_name(to.scale));
        expr = &collate->base;
    }
    TRY(s->check_expr(s, w->dc, edit_table(&w->edit), expr, to, DDL_EXPR_USING, &checked, err));
    *out = checked.sql;
    return 0;
}

static int recheck_default(struct table_work *w, struct cat_column *c, struct err *err)
{
    struct ast *expr;
    struct ddl_expr checked;
    if (c->default_sql.len == 0 || c->identity != 0)
        return 0;
    TRY(parse_expr(w->dc->arena, c->default_sql, &expr, err));
    if (column_set_default(w, c, expr, &checked, err) != 0)
        return err_set(err, ERR_DATATYPE_MISMATCH, "default for column \"%.*s\" cannot be cast automatically",
                       STR_FMT(c->name));
    return 0;
}

static int recheck_expr(struct table_work *w, struct str sql, struct type type, enum ddl_expr_place place,
                        struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ast *expr;
    struct ddl_expr checked;
    if (sql.len == 0)
        return 0;
    TRY(parse_expr(w->dc->arena, sql, &expr, err));
    return s->check_expr(s, w->dc, edit_table(&w->edit), expr, type, place, &checked, err);
}

// What is computed from the column must still be so from one of its new type.
static int recheck_uses(struct table_work *w, struct cat_column *c, struct err *err)
{
    struct table_edit *e = &w->edit;
    TRY(recheck_default(w, c, err));
    TRY(recheck_expr(w, c->on_update_sql, c->type, DDL_EXPR_ON_UPDATE, err));
    for (size_t i = 0; i < e->checks.len; i++)
        if (has_id(e->checks.ptr[i].columns, e->checks.ptr[i].n_columns, c->id))
            TRY(recheck_expr(w, e->checks.ptr[i].sql, T_BOOL, DDL_EXPR_CHECK, err));
    for (size_t i = 0; i < e->indexes.len; i++)
        if (expr_mentions(e->indexes.ptr[i].predicate_sql, c->name))
            TRY(recheck_expr(w, e->indexes.ptr[i].predicate_sql, T_BOOL, DDL_EXPR_PREDICATE, err));
    return 0;
}

// The rows have other values now.
static int revalidate_checks(struct table_work *w, const struct cat_table *t, uint32_t column_id, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    for (size_t i = 0; i < t->n_checks; i++)
        if (t->checks[i].validated && has_id(t->checks[i].columns, t->checks[i].n_columns, column_id))
            TRY(s->validate_check(s, w->dc, t, &t->checks[i], err));
    return 0;
}

static bool in_foreign_key(const struct table_edit *e, uint32_t column_id)
{
    for (size_t i = 0; i < e->outbound.len; i++)
        if (has_id(e->outbound.ptr[i].origin_columns, e->outbound.ptr[i].n_columns, column_id))
            return true;
    for (size_t i = 0; i < e->inbound.len; i++)
        if (has_id(e->inbound.ptr[i].referenced_columns, e->inbound.ptr[i].n_columns, column_id))
            return true;
    return false;
}

// Whether a change of type can be left to a job: nothing but keys rests on the column.
static bool can_defer_type(const struct table_work *w, const struct cat_column *c)
{
    const struct table_edit *e = &w->edit;
    bool used = in_foreign_key(e, c->id) || c->on_update_sql.len > 0 || c->identity != 0;
    for (size_t i = 0; i < e->columns.len; i++)
        used |= expr_mentions(e->columns.ptr[i].computed_sql, c->name);
    for (size_t i = 0; i < e->checks.len; i++)
        used |= has_id(e->checks.ptr[i].columns, e->checks.ptr[i].n_columns, c->id);
    for (size_t i = 0; i < e->indexes.len; i++)
        used |= expr_mentions(e->indexes.ptr[i].predicate_sql, c->name);
    return online_can_defer(w) && !used;
}

// The column in its new type is computed beside the old one until all rows have been written with it.
static int defer_type(struct table_work *w, const struct cat_column *c, struct type to, struct str sql, struct err *err)
{
    struct table_edit *e = &w->edit;
    struct arena *a = w->dc->arena;
    uint32_t id = c->id;
    struct cat_column next = *c, checked = *c;
    checked.type = to;
    TRY(recheck_default(w, &checked, err)); // what the default will be
    next.name = arena_printf(a, "%.*s_new", STR_FMT(c->name));
    for (int i = 1; edit_column(e, next.name) != NULL; i++)
        next.name = arena_printf(a, "%.*s_new%d", STR_FMT(c->name), i);
    next.type = to;
    next.default_sql = checked.default_sql;
    next.computed_sql = sql;
    next.computed_virtual = next.hidden = true;
    next.has_missing_value = false;
    next.owns_sequence_id = 0;
    next.comment = STR_EMPTY;
    next.state = CAT_COLUMN_WRITE_ONLY;
    next.replaces = id;
    uint32_t next_id = edit_add_column(e, next)->id;
    online_rewrite(w, online_index_with(w, &e->primary, id, next_id));
    size_t n = e->indexes.len;
    for (size_t i = 0; i < n; i++) {
        struct cat_index index = e->indexes.ptr[i];
        if (index.state == CAT_INDEX_PUBLIC && (index_uses(&e->primary, id) || index_uses(&index, id)))
            online_replace_index(w, online_index_with(w, &index, id, next_id));
    }
    return 0;
}

static int rewrite_type(struct table_work *w, struct cat_column *c, struct type to,
                        const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct table_edit *e = &w->edit;
    const struct cat_table *before, *after;
    struct ddl_column_value value = {.column_id = c->id};
    TRY(cast_expr(w, c, to, cmd, &value.sql, err));
    if (can_defer_type(w, c))
        return defer_type(w, c, to, value.sql, err);
    TRY(cat_table_by_id(w->dc->view, e->t.id, &before, err));
    if (in_foreign_key(e, c->id))
        return ddl_unimplemented(err, "ALTER COLUMN TYPE of a column in a foreign key");
    bool in_key = index_uses(&e->primary, c->id);
    c->type = e->slot_types.ptr[c->id - 1] = to;
    c->has_missing_value = false;
    TRY(recheck_uses(w, c, err));
    e->primary.id = e->t.next_index_id++;
    e->primary.collations = index_collations(w, &e->primary);
    for (size_t i = 0; i < e->indexes.len; i++) {
        if (in_key || index_uses(&e->indexes.ptr[i], c->id) || expr_mentions(e->indexes.ptr[i].predicate_sql, c->name))
            e->indexes.ptr[i].id = e->t.next_index_id++;
        e->indexes.ptr[i].collations = index_collations(w, &e->indexes.ptr[i]);
    }
    TRY(save(w, &after, err));
    TRY(s->rewrite_table(s, w->dc, before, after, &value, 1, err));
    TRY(revalidate_checks(w, after, c->id, err));
    TRY(cat_delete_data(w->dc->view, before->id, before->primary->id, err));
    for (size_t i = 0; i < before->n_indexes; i++)
        if (cat_index_by_id(after, before->indexes[i].id) == NULL)
            TRY(cat_delete_data(w->dc->view, before->id, before->indexes[i].id, err));
    return 0;
}

static bool is_stored(const struct table_edit *e, const struct cat_column *c)
{
    return !type_is(e->slot_types.ptr[c->id - 1], TYPE_VOID);
}

// What computes the column, checked against the columns as they are now. An indexed expression takes the type it has.
static int recheck_computed(struct table_work *w, struct cat_column *c, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    bool indexed = cat_column_of_index(c);
    struct type want = indexed ? (struct type){.family = TYPE_UNKNOWN} : c->type;
    enum ddl_expr_place place = indexed ? DDL_EXPR_INDEX : DDL_EXPR_COMPUTED;
    struct ddl_expr checked = {0};
    struct ast *expr;
    TRY(parse_expr(w->dc->arena, c->computed_sql, &expr, err));
    TRY(s->check_expr(s, w->dc, edit_table(&w->edit), expr, want, place, &checked, err));
    c->computed_sql = checked.sql;
    c->type = indexed ? checked.type : c->type;
    return 0;
}

// Gives the indexes that rest on one of the columns new ids: they are to be filled.
static void renew_indexes(struct table_edit *e, const uint32_t *ids, size_t n)
{
    bool in_key = false;
    for (size_t k = 0; k < n; k++)
        in_key |= index_uses(&e->primary, ids[k]);
    if (in_key)
        e->primary.id = e->t.next_index_id++;
    for (size_t i = 0; i < e->indexes.len; i++) {
        bool uses = in_key;
        for (size_t k = 0; k < n; k++)
            uses |= index_uses(&e->indexes.ptr[i], ids[k]);
        if (uses)
            e->indexes.ptr[i].id = e->t.next_index_id++;
    }
}

// Computes columns anew: their own type has changed, or that of one they are computed from. `before`: the table without
// the change at hand; `rewrite`: the rows get another form.
static int recompute(struct table_work *w, const struct cat_table *before, const uint32_t *ids, size_t n, bool rewrite,
                     struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct table_edit *e = &w->edit;
    struct ddl_column_value *values = ARENA_ARRAY(w->dc->arena, struct ddl_column_value, n);
    const struct cat_table *after;
    bool stored = false;
    for (size_t i = 0; i < n; i++) {
        struct cat_column *c = edit_column_by_id(e, ids[i]);
        TRY(recheck_computed(w, c, err));
        values[i] = (struct ddl_column_value){c->id, c->computed_sql};
        stored |= is_stored(e, c);
    }
    uint32_t primary_id = e->primary.id, next_index_id = e->t.next_index_id;
    renew_indexes(e, ids, n);
    if (rewrite && e->primary.id == primary_id)
        e->primary.id = e->t.next_index_id++;
    TRY(save(w, &after, err));
    if (!stored && e->t.next_index_id == next_index_id)
        return 0;
    TRY(s->rewrite_table(s, w->dc, before, after, values, n, err));
    if (cat_index_by_id(after, before->primary->id) == NULL)
        TRY(cat_delete_data(w->dc->view, before->id, before->primary->id, err));
    for (size_t i = 0; i < before->n_indexes; i++)
        if (cat_index_by_id(after, before->indexes[i].id) == NULL)
            TRY(cat_delete_data(w->dc->view, before->id, before->indexes[i].id, err));
    return 0;
}

static int set_computed_type(struct table_work *w, struct cat_column *c, struct type to,
                             const struct ast_alter_table_cmd *cmd, struct err *err)
{
    const struct cat_table *before;
    uint32_t id = c->id;
    bool stored = is_stored(&w->edit, c);
    if (cmd->expr != NULL)
        return err_set(err, ERR_INVALID_COLUMN_DEFINITION,
                       "cannot specify USING when altering type of generated column");
    TRY(cat_table_by_id(w->dc->view, w->edit.t.id, &before, err));
    c->type = to;
    if (stored)
        w->edit.slot_types.ptr[id - 1] = to;
    return recompute(w, before, &id, 1, stored, err);
}

// Columns, hidden ones of indexes too, that are computed from this one.
static const uint32_t *computed_from(struct table_work *w, const struct cat_column *c, size_t *n)
{
    struct table_edit *e = &w->edit;
    uint32_t *ids = ARENA_ARRAY(w->dc->arena, uint32_t, e->columns.len);
    *n = 0;
    for (size_t i = 0; i < e->columns.len; i++)
        if (expr_mentions(e->columns.ptr[i].computed_sql, c->name))
            ids[(*n)++] = e->columns.ptr[i].id;
    return ids;
}

static int set_type(struct table_work *w, struct cat_column *c, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct type to;
    const struct cat_table *before;
    size_t n;
    TRY(column_read_type(w, cmd->type, &to, err));
    if (cmd->collation.ptr != NULL) {
        struct cat_column like = {.name = c->name, .type = to};
        TRY(column_set_collation(&like, cmd->collation, err));
        to = like.type;
    }
    if (type_identical(c->type, to) && cmd->expr == NULL)
        return 0;
    TRY(ttl_keeps_column(w->dc, &w->edit.t, c->name, "alter type of", err));
    TRY(drop_dependent_views(w->dc, edit_table(&w->edit), "type of column", c->name, false, err));
    if (c->computed_sql.len > 0)
        return set_computed_type(w, c, to, cmd, err);
    const uint32_t *users = computed_from(w, c, &n);
    if (!is_widening(c->type, to) || cmd->expr != NULL) {
        TRY(rewrite_type(w, c, to, cmd, err));
    } else {
        c->type = w->edit.slot_types.ptr[c->id - 1] = to;
        TRY(recheck_uses(w, c, err));
    }
    if (n == 0)
        return 0;
    TRY(save(w, &before, err));
    return recompute(w, before, users, n, false, err);
}

// ---- the other properties

static int set_default(struct table_work *w, struct cat_column *c, const struct ast *expr, struct err *err)
{
    struct ddl_expr checked;
    if (c->computed_sql.len > 0)
        return err_set(err, ERR_SYNTAX_ERROR, "computed column \"%.*s\" cannot also have a DEFAULT expression",
                       STR_FMT(c->name));
    if (c->identity != 0) {
        err_set(err, ERR_SYNTAX_ERROR, "column \"%.*s\" of relation \"%.*s\" is an identity column", STR_FMT(c->name),
                STR_FMT(w->edit.t.name));
        return err_hint(err, "Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
    }
    c->default_sql = STR_EMPTY;
    if (expr != NULL)
        TRY(column_set_default(w, c, expr, &checked, err));
    return column_prune_sequences(w, err);
}

static int set_not_null(struct table_work *w, struct cat_column *c, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    if (c->not_null)
        return 0;
    if (online_can_defer(w)) {
        online_defer_not_null(w, c);
        return 0;
    }
    TRY(s->validate_not_null(s, w->dc, edit_table(&w->edit), c, err));
    c->not_null = true;
    return 0;
}

static int drop_not_null(struct table_work *w, struct cat_column *c, struct err *err)
{
    if (index_uses(&w->edit.primary, c->id))
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "column \"%.*s\" is in a primary index", STR_FMT(c->name));
    if (c->identity != 0)
        return err_set(err, ERR_SYNTAX_ERROR, "column \"%.*s\" of relation \"%.*s\" is an identity column",
                       STR_FMT(c->name), STR_FMT(w->edit.t.name));
    c->not_null = false;
    return 0;
}

static int set_on_update(struct table_work *w, struct cat_column *c, const struct ast *expr, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct ddl_expr checked = {0};
    if (expr != NULL)
        TRY(s->check_expr(s, w->dc, edit_table(&w->edit), expr, c->type, DDL_EXPR_ON_UPDATE, &checked, err));
    c->on_update_sql = expr != NULL ? checked.sql : STR_EMPTY;
    return 0;
}

static int drop_stored(struct cat_column *c, struct err *err)
{
    if (c->computed_sql.len == 0 || c->computed_virtual)
        return err_set(err, ERR_INVALID_COLUMN_DEFINITION, "column \"%.*s\" is not a stored computed column",
                       STR_FMT(c->name));
    c->computed_sql = STR_EMPTY;
    return 0;
}

static int not_identity(const struct table_work *w, const struct cat_column *c, struct err *err)
{
    return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "column \"%.*s\" of relation \"%.*s\" is not an identity column", STR_FMT(c->name),
                   STR_FMT(w->edit.t.name));
}

static int drop_identity(struct table_work *w, struct cat_column *c, bool if_exists, struct err *err)
{
    if (c->identity == 0)
        return if_exists ? 0 : not_identity(w, c, err);
    uint32_t sequence = c->owns_sequence_id;
    c->identity = 0;
    c->owns_sequence_id = 0;
    c->default_sql = STR_EMPTY;
    TRY(column_prune_sequences(w, err));
    TRY(edit_save(&w->edit, w->dc, err));
    return drop_owned_sequence(w, sequence, err);
}

// SET GENERATED …, SET with an option of the sequence behind the column, RESTART.
static int set_identity(struct table_work *w, struct cat_column *c, const struct ast_list *options, struct err *err)
{
    struct ast_list of_sequence = {0};
    const struct cat_table *sequence;
    if (c->identity == 0)
        return not_identity(w, c, err);
    for (size_t i = 0; i < options->n; i++) {
        struct str name = ast_as_option(options->items[i])->name;
        if (str_eqc(name, "generated always"))
            c->identity = 'a';
        else if (str_eqc(name, "generated by default"))
            c->identity = 'd';
        else
            ast_list_push(w->dc->arena, &of_sequence, options->items[i]);
    }
    if (of_sequence.n == 0)
        return 0;
    TRY(cat_table_by_id(w->dc->view, c->owns_sequence_id, &sequence, err));
    return sequence_alter(w->dc, sequence, &of_sequence, err);
}

static int add_identity(struct table_work *w, struct cat_column *c, const struct ast_constraint *identity,
                        struct err *err)
{
    struct str table = w->edit.t.name;
    if (!c->not_null)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%.*s\" of relation \"%.*s\" must be declared NOT NULL before identity can be added",
                       STR_FMT(c->name), STR_FMT(table));
    if (c->identity != 0)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%.*s\" of relation \"%.*s\" is already an identity column", STR_FMT(c->name),
                       STR_FMT(table));
    if (c->default_sql.len > 0)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "column \"%.*s\" of relation \"%.*s\" already has a default value", STR_FMT(c->name),
                       STR_FMT(table));
    TRY(column_make_identity(w, c, identity, err));
    return ddl_add_dependent(w->dc, c->owns_sequence_id, w->edit.t.id, err);
}

// What statistics are to say of a column: they say what was counted.
static int check_options(const struct ast_list *options, struct err *err)
{
    for (size_t i = 0; i < options->n; i++) {
        struct str name = ast_as_option(options->items[i])->name;
        if (!str_eqc(name, "n_distinct") && !str_eqc(name, "n_distinct_inherited"))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized parameter \"%.*s\"", STR_FMT(name));
    }
    return 0;
}

int alter_column(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct cat_column *c;
    TRY(need_column(w, cmd->name, &c, err));
    switch (cmd->action) {
    case AST_ALTER_COLUMN_TYPE:
        TRY(triggers_keep_type(w, c, err));
        return set_type(w, c, cmd, err);
    case AST_ALTER_COLUMN_SET_DEFAULT:
    case AST_ALTER_COLUMN_DROP_DEFAULT:
        return set_default(w, c, cmd->action == AST_ALTER_COLUMN_SET_DEFAULT ? cmd->expr : NULL, err);
    case AST_ALTER_COLUMN_SET_ON_UPDATE:
    case AST_ALTER_COLUMN_DROP_ON_UPDATE:
        return set_on_update(w, c, cmd->action == AST_ALTER_COLUMN_SET_ON_UPDATE ? cmd->expr : NULL, err);
    case AST_ALTER_COLUMN_SET_NOT_NULL:
        return set_not_null(w, c, err);
    case AST_ALTER_COLUMN_DROP_NOT_NULL:
        return drop_not_null(w, c, err);
    case AST_ALTER_COLUMN_SET_VISIBLE:
    case AST_ALTER_COLUMN_SET_NOT_VISIBLE:
        c->hidden = cmd->action == AST_ALTER_COLUMN_SET_NOT_VISIBLE;
        return 0;
    case AST_ALTER_COLUMN_DROP_STORED:
        return drop_stored(c, err);
    case AST_ALTER_COLUMN_SET_OPTIONS:
    case AST_ALTER_COLUMN_RESET_OPTIONS:
        return check_options(&cmd->options, err);
    case AST_ALTER_COLUMN_ADD_IDENTITY:
        return add_identity(w, c, ast_as_constraint(cmd->def), err);
    case AST_ALTER_COLUMN_SET_IDENTITY:
        return set_identity(w, c, &cmd->options, err);
    case AST_ALTER_COLUMN_DROP_IDENTITY:
        return drop_identity(w, c, cmd->if_exists, err);
    default:
        return ddl_unimplemented(err, "ALTER COLUMN ... %s", ast_alter_table_action_sql(cmd->action));
    }
}
