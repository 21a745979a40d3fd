// Schema changes of large tables that a job completes: what a statement leaves to it, what becomes of it.
//
// The statement puts the table in a form that writers keep to from its commit on, and leaves the rows there were before
// to the job. So the last step asks nothing new of writers, and does not disturb those at work.
//
// Where rows get another form or key, they are written under another primary index: a write-only index of whole rows.
// Its columns are the table's, with write-only ones in place of those they replace; secondary indexes that rest on
// what changes are made anew beside it. The last step puts the new ones in the places of the old, which it drops.

#include "sql/ddl/ddl_int.h"
#include "sql/parse/ast_print.h"

bool online_can_defer(const struct table_work *w)
{
    return w->dc->online_job != 0 && !w->is_new;
}

void online_defer(struct table_work *w)
{
    w->edit.t.job = w->dc->online_job;
    w->dc->online_table_id = w->edit.t.id;
}

// NOT NULL of a large table: a check until all rows have been looked at.
void online_defer_not_null(struct table_work *w, const struct cat_column *c)
{
    struct arena *a = w->dc->arena;
    struct buf sql = BUF_INIT;
    uint32_t *columns = ARENA_ARRAY(a, uint32_t, 1);
    columns[0] = c->id;
    print_identifier(&sql, c->name);
    buf_cstr(&sql, " IS NOT NULL");
    struct cat_check check = {.name = arena_printf(a, "%.*s_auto_not_null", STR_FMT(c->name)),
                              .sql = arena_str(a, buf_view(&sql)),
                              .columns = columns,
                              .n_columns = 1,
                              .pending = CAT_PENDING_NOT_NULL};
    for (int i = 1; edit_has_constraint(&w->edit, check.name); i++)
        check.name = arena_printf(a, "%.*s_auto_not_null%d", STR_FMT(c->name), i);
    ARENA_PUSH(a, &w->edit.checks, check);
    online_defer(w);
    buf_release(&sql);
}

void online_replace_index(struct table_work *w, struct cat_index index)
{
    index.replaces = index.id;
    index.id = w->edit.t.next_index_id++;
    index.state = CAT_INDEX_WRITE_ONLY;
    ARENA_PUSH(w->dc->arena, &w->edit.indexes, index);
    online_defer(w);
}

void online_rewrite(struct table_work *w, struct cat_index primary)
{
    primary.id = w->edit.primary.id;
    primary.unique = true;
    primary.rows = true;
    online_replace_index(w, primary);
}

struct cat_index online_index_with(struct table_work *w, const struct cat_index *index, uint32_t from, uint32_t to)
{
    struct arena *a = w->dc->arena;
    struct cat_index copy = *index;
    struct cat_index_column *columns = arena_dup(a, index->columns, index->n_columns * sizeof(*columns));
    uint32_t *storing = arena_dup(a, index->storing, index->n_storing * sizeof(*storing));
    for (size_t i = 0; i < index->n_columns; i++)
        columns[i].column_id = columns[i].column_id == from ? to : columns[i].column_id;
    for (size_t i = 0; i < index->n_storing; i++)
        storing[i] = storing[i] == from ? to : storing[i];
    copy.columns = columns;
    copy.storing = storing;
    return copy;
}

int online_none_pending(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    if (t->job == 0)
        return 0;
    dc->being_changed = true;
    err_set(err, ERR_OBJECT_IN_USE, "relation \"%.*s\" is being changed by job %lld", STR_FMT(t->name),
            (long long)t->job);
    return err_hint(err, "See SHOW JOBS; the job can be waited for with SHOW JOB WHEN COMPLETE.");
}

// The copy in the referenced table.
static int set_inbound(struct cat_view *v, struct arena *a, const struct cat_foreign_key *fk, struct err *err)
{
    const struct cat_table *to;
    struct table_edit e;
    TRY(cat_table_by_id(v, fk->referenced_table_id, &to, err));
    if (to == NULL)
        return 0;
    edit_open(&e, a, to);
    for (size_t i = 0; i < e.inbound.len; i++)
        if (e.inbound.ptr[i].origin_table_id == fk->origin_table_id && str_eq(e.inbound.ptr[i].name, fk->name))
            e.inbound.ptr[i] = *fk;
    return cat_put_table_compatible(v, edit_table(&e), err);
}

static int publish_foreign_keys(struct cat_view *v, struct table_edit *e, struct err *err)
{
    for (size_t i = 0; i < e->outbound.len; i++) {
        struct cat_foreign_key *fk = &e->outbound.ptr[i];
        if (fk->pending == CAT_PENDING_NONE)
            continue;
        fk->pending = CAT_PENDING_NONE;
        fk->validated = true;
        for (size_t k = 0; k < e->inbound.len; k++)
            if (e->inbound.ptr[k].origin_table_id == e->t.id && str_eq(e->inbound.ptr[k].name, fk->name))
                e->inbound.ptr[k] = *fk;
        if (fk->referenced_table_id != e->t.id)
            TRY(set_inbound(v, e->a, fk, err));
    }
    return 0;
}

static void publish_checks(struct table_edit *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->checks.len; i++) {
        struct cat_check c = e->checks.ptr[i];
        if (c.pending == CAT_PENDING_NOT_NULL) {
            edit_column_by_id(e, c.columns[0])->not_null = true;
            continue;
        }
        c.validated |= c.pending != CAT_PENDING_NONE;
        c.pending = CAT_PENDING_NONE;
        e->checks.ptr[kept++] = c;
    }
    e->checks.len = kept;
}

// Columns in their new form: those that others replace, those that rows hold from now on.
static void publish_columns(struct table_edit *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->columns.len; i++) {
        struct cat_column c = e->columns.ptr[i];
        if (c.replaces != 0) {
            struct cat_column *old = edit_column_by_id(e, c.replaces);
            old->type = e->slot_types.ptr[old->id - 1] = c.type;
            old->default_sql = c.default_sql;
            old->has_missing_value = false;
        }
    }
    for (size_t i = 0; i < e->columns.len; i++) {
        struct cat_column c = e->columns.ptr[i];
        if (c.replaces != 0)
            continue;
        if (c.state == CAT_COLUMN_WRITE_ONLY) {
            c.state = CAT_COLUMN_PUBLIC;
            c.hidden = c.computed_virtual = false;
            e->slot_types.ptr[c.id - 1] = c.type;
        }
        e->columns.ptr[kept++] = c;
    }
    e->columns.len = kept;
}

// Ids of columns that replace others become those of the others.
static struct cat_index published_index(struct arena *a, const struct cat_table *t, const struct cat_index *index)
{
    struct cat_index out = *index;
    struct cat_index_column *columns = arena_dup(a, index->columns, index->n_columns * sizeof(*columns));
    uint32_t *storing = arena_dup(a, index->storing, index->n_storing * sizeof(*storing));
    for (size_t k = 0; k < t->n_columns; k++) {
        const struct cat_column *c = &t->columns[k];
        for (size_t i = 0; c->replaces != 0 && i < index->n_columns; i++)
            columns[i].column_id = columns[i].column_id == c->id ? c->replaces : columns[i].column_id;
        for (size_t i = 0; c->replaces != 0 && i < index->n_storing; i++)
            storing[i] = storing[i] == c->id ? c->replaces : storing[i];
    }
    out.columns = columns;
    out.storing = storing;
    out.state = CAT_INDEX_PUBLIC;
    out.rows = false;
    out.replaces = 0;
    return out;
}

static const struct cat_index *successor(const struct cat_table *t, uint32_t index_id)
{
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].replaces == index_id)
            return &t->indexes[i];
    return NULL;
}

static int publish_indexes(struct cat_view *v, struct table_edit *e, const struct cat_table *t, struct err *err)
{
    const struct cat_index *next = successor(t, t->primary->id);
    e->indexes.len = 0;
    if (next != NULL) {
        e->primary = published_index(e->a, t, next);
        TRY(cat_delete_data(v, t->id, t->primary->id, err));
    }
    for (size_t i = 0; i < t->n_indexes; i++) {
        const struct cat_index *index = &t->indexes[i];
        if (index->replaces != 0)
            continue; // in the place of the other
        next = successor(t, index->id);
        if (next != NULL)
            TRY(cat_delete_data(v, t->id, index->id, err));
        ARENA_PUSH(e->a, &e->indexes, published_index(e->a, t, next != NULL ? next : index));
    }
    return 0;
}

int ddl_online_publish(struct cat_view *v, struct arena *a, uint32_t table_id, struct err *err)
{
    const struct cat_table *t;
    struct table_edit e;
    TRY(cat_table_by_id(v, table_id, &t, err));
    edit_open(&e, a, t);
    e.t.job = 0;
    bool rewritten = cat_next_primary(t) != NULL;
    publish_checks(&e);
    TRY(publish_indexes(v, &e, t, err));
    publish_columns(&e);
    if (rewritten)
        primary_key_retire_hidden(&e, t->primary);
    index_columns_prune(&e);
    TRY(publish_foreign_keys(v, &e, err));
    // Who reads the old rows must not miss what is written to the new ones only.
    return rewritten ? cat_put_table(v, edit_table(&e), err) : cat_put_table_compatible(v, edit_table(&e), err);
}

// ---- giving up

static int revert_indexes(struct cat_view *v, struct table_edit *e, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->indexes.len; i++) {
        if (e->indexes.ptr[i].state == CAT_INDEX_PUBLIC)
            e->indexes.ptr[kept++] = e->indexes.ptr[i];
        else
            TRY(cat_delete_data_later(v, e->t.id, e->indexes.ptr[i].id, true, err));
    }
    e->indexes.len = kept;
    return 0;
}

static void revert_columns(struct table_edit *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->columns.len; i++) {
        if (e->columns.ptr[i].state == CAT_COLUMN_PUBLIC)
            e->columns.ptr[kept++] = e->columns.ptr[i];
        else
            families_remove_column(e, e->columns.ptr[i].id);
    }
    e->columns.len = kept;
}

static void revert_checks(struct table_edit *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->checks.len; i++) {
        struct cat_check c = e->checks.ptr[i];
        if (c.pending == CAT_PENDING_ADD || c.pending == CAT_PENDING_NOT_NULL)
            continue;
        c.pending = CAT_PENDING_NONE;
        e->checks.ptr[kept++] = c;
    }
    e->checks.len = kept;
}

static int unlink_inbound(struct cat_view *v, struct table_edit *own, const struct cat_foreign_key *fk, struct err *err)
{
    const struct cat_table *to;
    struct table_edit other, *e = own;
    if (fk->referenced_table_id != own->t.id) {
        TRY(cat_table_by_id(v, fk->referenced_table_id, &to, err));
        if (to == NULL)
            return 0;
        edit_open(&other, own->a, to);
        e = &other;
    }
    size_t kept = 0;
    for (size_t i = 0; i < e->inbound.len; i++)
        if (e->inbound.ptr[i].origin_table_id != fk->origin_table_id || !str_eq(e->inbound.ptr[i].name, fk->name))
            e->inbound.ptr[kept++] = e->inbound.ptr[i];
    e->inbound.len = kept;
    return e == own ? 0 : cat_put_table_compatible(v, edit_table(e), err);
}

static int revert_foreign_keys(struct cat_view *v, struct table_edit *e, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->outbound.len; i++) {
        struct cat_foreign_key fk = e->outbound.ptr[i];
        if (fk.pending == CAT_PENDING_ADD) {
            TRY(unlink_inbound(v, e, &fk, err));
            continue;
        }
        fk.pending = CAT_PENDING_NONE;
        e->outbound.ptr[kept++] = fk;
    }
    e->outbound.len = kept;
    return 0;
}

int ddl_online_revert(struct cat_view *v, struct arena *a, uint32_t table_id, int64_t job, struct err *err)
{
    const struct cat_table *t;
    struct table_edit e;
    TRY(cat_table_by_id(v, table_id, &t, err));
    if (t == NULL || t->job != job)
        return 0;
    edit_open(&e, a, t);
    e.t.job = 0;
    TRY(revert_indexes(v, &e, err));
    revert_columns(&e);
    index_columns_prune(&e);
    revert_checks(&e);
    TRY(revert_foreign_keys(v, &e, err));
    return cat_put_table_compatible(v, edit_table(&e), err);
}
