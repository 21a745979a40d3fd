// CREATE INDEX, DROP INDEX, and the ALTER INDEX forms.

#include "sql/ddl/drop_int.h"

static int find_indexed_relation(struct ddl_context *dc, const struct ast *name, const struct cat_table **out,
                                 struct err *err)
{
    TRY(ddl_find_relation(dc, name, false, out, err));
    if ((*out)->kind == CAT_MATERIALIZED_VIEW)
        return 0;
    return ddl_find_table(dc, name, false, out, err);
}

int ddl_create_index(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_index *s = ast_as_create_index(statement);
    const struct ast_index_def *def = ast_as_index_def(s->index);
    const struct cat_table *t;
    struct table_work w;
    struct cat_index index;
    TRY(find_indexed_relation(dc, s->table, &t, err));
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    TRY(ddl_lock_table(dc, t, err));
    TRY(online_none_pending(dc, t, err));
    if (s->if_not_exists && def->name.len > 0 && cat_index_by_name(t, def->name) != NULL) {
        ddl_notice(dc, ERR_DUPLICATE_TABLE, "index \"%.*s\" already exists, skipping", STR_FMT(def->name));
        out->changed_schema = false;
        return 0;
    }
    if (s->concurrently)
        ddl_notice(dc, ERR_SUCCESSFUL_COMPLETION,
                   "CONCURRENTLY is not required as all indexes are created concurrently");
    TRY(work_open(&w, dc, t, err));
    TRY(index_build(&w, def, &index, err));
    return index_add(&w, index, err);
}

// ---- finding an index by INDEX_NAME

static int ambiguous(struct str index, const struct cat_table *a, const struct cat_table *b, struct err *err)
{
    return err_set(err, ERR_AMBIGUOUS_PARAMETER, "index name \"%.*s\" is ambiguous (found in %.*s and %.*s)",
                   STR_FMT(index), STR_FMT(a->name), STR_FMT(b->name));
}

static int search_schema(struct ddl_context *dc, const struct cat_database *d, struct str schema, struct str index,
                         const struct cat_table **out, struct err *err)
{
    const struct cat_schema *s;
    const struct cat_table **tables;
    size_t n;
    TRY(cat_schema_by_name(dc->view, d->id, schema, &s, err));
    if (s == NULL || s->is_virtual)
        return 0;
    TRY(cat_list_tables(dc->view, dc->arena, d->id, s->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (cat_index_by_name(tables[i], index) == NULL)
            continue;
        if (*out != NULL)
            return ambiguous(index, *out, tables[i], err);
        *out = tables[i];
    }
    return 0;
}

// The table of an index named without its table.
static int search_path(struct ddl_context *dc, const struct ast_index_name *n, const struct cat_table **out,
                       struct err *err)
{
    const struct cat_database *d;
    *out = NULL;
    if (n->database.ptr != NULL)
        TRY(ddl_find_database(dc, n->database, false, &d, err));
    else
        TRY(ddl_current_database(dc, &d, err));
    if (n->schema.ptr != NULL)
        return search_schema(dc, d, n->schema, n->index, out, err);
    for (size_t i = 0; i < dc->scope.n_search_path && *out == NULL; i++) {
        struct str schema = dc->scope.search_path[i];
        TRY(search_schema(dc, d, str_eqc(schema, "$user") ? dc->scope.user : schema, n->index, out, err));
    }
    return 0;
}

int ddl_find_index(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_table **t,
                   const struct cat_index **index, struct err *err)
{
    const struct ast_index_name *n = ast_as_index_name(name);
    *index = NULL;
    if (n->table != NULL)
        TRY(ddl_find_relation(dc, n->table, missing_ok, t, err));
    else
        TRY(search_path(dc, n, t, err));
    if (*t != NULL)
        *index = cat_index_by_name(*t, n->index);
    if (*index != NULL || missing_ok)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "index \"%.*s\" does not exist", STR_FMT(n->index));
}

// ---- DROP INDEX

static const struct cat_index *edit_index(const struct table_edit *e, uint32_t id)
{
    for (size_t i = 0; i < e->indexes.len; i++)
        if (e->indexes.ptr[i].id == id)
            return &e->indexes.ptr[i];
    return NULL;
}

static void remove_index(struct table_edit *e, uint32_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->indexes.len; i++)
        if (e->indexes.ptr[i].id != id)
            e->indexes.ptr[kept++] = e->indexes.ptr[i];
    e->indexes.len = kept;
}

// Foreign keys of others that no other unique index would serve go, or stop the drop.
static int release_references(struct table_work *w, struct str index_name, bool cascade, struct err *err)
{
    struct table_edit *e = &w->edit;
    for (size_t i = 0; i < e->inbound.len;) {
        struct cat_foreign_key fk = e->inbound.ptr[i];
        const struct cat_table *origin;
        struct table_work other;
        if (unique_index_over(edit_table(e), fk.referenced_columns, fk.n_columns) != NULL) {
            i++;
            continue;
        }
        TRY(cat_table_by_id(w->dc->view, fk.origin_table_id, &origin, err));
        if (!cascade)
            return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "\"%.*s\" is referenced by foreign key from table \"%.*s\"", STR_FMT(index_name),
                           STR_FMT(origin != NULL ? origin->name : STR_EMPTY));
        if (fk.origin_table_id == e->t.id) {
            TRY(drop_foreign_key(w, fk.name, err));
            continue;
        }
        memmove(&e->inbound.ptr[i], &e->inbound.ptr[i + 1], (--e->inbound.len - i) * sizeof(fk));
        if (origin == NULL)
            continue;
        TRY(work_open(&other, w->dc, origin, err));
        size_t kept = 0;
        for (size_t k = 0; k < other.edit.outbound.len; k++)
            if (!str_eq(other.edit.outbound.ptr[k].name, fk.name))
                other.edit.outbound.ptr[kept++] = other.edit.outbound.ptr[k];
        other.edit.outbound.len = kept;
        TRY(edit_save(&other.edit, w->dc, err));
    }
    return 0;
}

int index_drop(struct table_work *w, uint32_t index_id, bool cascade, struct err *err)
{
    struct str name = edit_index(&w->edit, index_id)->name;
    remove_index(&w->edit, index_id);
    index_columns_prune(&w->edit);
    TRY(release_references(w, name, cascade, err));
    TRY(zone_drop_index(w->dc, w->edit.t.id, index_id, err));
    return cat_delete_data(w->dc->view, w->edit.t.id, index_id, err);
}

static int drop_index(struct ddl_context *dc, const struct cat_table *t, const struct cat_index *index, bool cascade,
                      struct err *err)
{
    struct table_work w;
    bool garbage = cat_view_left_garbage(dc->view);
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    TRY(ddl_lock_table(dc, t, err));
    TRY(online_none_pending(dc, t, err));
    if (index == t->primary) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot drop the primary index of a table using DROP INDEX");
        return err_hint(err, "instead, use ALTER TABLE ... ALTER PRIMARY KEY or use DROP CONSTRAINT ... PRIMARY KEY "
                             "followed by ADD CONSTRAINT ... PRIMARY KEY in a transaction");
    }
    if (index->is_constraint && !cascade) {
        err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST, "index \"%.*s\" is in use as unique constraint",
                STR_FMT(index->name));
        return err_hint(err, "use CASCADE if you really want to drop it.");
    }
    TRY(work_open(&w, dc, t, err));
    TRY(index_drop(&w, index->id, cascade, err));
    TRY(edit_save(&w.edit, dc, err));
    if (!garbage && cat_view_left_garbage(dc->view))
        ddl_notice(dc, ERR_SUCCESSFUL_COMPLETION, "the data for dropped indexes is reclaimed asynchronously");
    return 0;
}

int drop_indexes(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    const struct cat_table *t = NULL;
    const struct cat_index *index;
    out->changed_schema = false;
    for (size_t i = 0; i < s->names.n && s->names.n > 1; i++) { // of all before any is written
        TRY(ddl_find_index(dc, s->names.items[i], true, &t, &index, err));
        if (index == NULL)
            continue;
        TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
        TRY(ddl_lock_table(dc, t, err));
    }
    for (size_t i = 0; i < s->names.n; i++) {
        TRY(ddl_find_index(dc, s->names.items[i], s->if_exists, &t, &index, err));
        if (index == NULL)
            continue;
        TRY(drop_index(dc, t, index, ddl_cascade(s->behavior), err));
        out->changed_schema = true;
    }
    return 0;
}

// ---- ALTER INDEX

static int rename_index(struct table_work *w, struct cat_index *index, struct str name, struct err *err)
{
    if (edit_has_constraint(&w->edit, name))
        return err_set(err, ERR_DUPLICATE_TABLE, "index name \"%.*s\" already exists", STR_FMT(name));
    index->name = name;
    return 0;
}

int alter_index(struct ddl_context *dc, const struct ast_alter_object *s, struct ddl_result *out, struct err *err)
{
    const struct cat_table *t = NULL;
    const struct cat_index *found;
    struct table_work w;
    TRY(ddl_find_index(dc, s->name, s->if_exists, &t, &found, err));
    out->changed_schema = found != NULL;
    if (found == NULL)
        return 0;
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    TRY(ddl_lock_table(dc, t, err));
    TRY(online_none_pending(dc, t, err));
    TRY(work_open(&w, dc, t, err));
    struct cat_index *index = &w.edit.primary;
    for (size_t i = 0; i < w.edit.indexes.len; i++)
        if (w.edit.indexes.ptr[i].id == found->id)
            index = &w.edit.indexes.ptr[i];
    if (s->action == AST_ALTER_RENAME)
        TRY(rename_index(&w, index, s->new_name, err));
    else if (index == &w.edit.primary)
        return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "primary index cannot be invisible");
    else
        TRY(index_set_visibility(index, s->new_name, err));
    return edit_save(&w.edit, dc, err);
}
