// Schema changes of large tables that a job completes: what a statement leaves to it, what becomes of it.
//
// The statement puts the table in a form that writers keep to from its commit on, and leaves the rows there were before
// to the job. So the last step asks nothing new of writers, and does not disturb those at work.

#include "sql/ddl/ddl_int.h"

bool online_can_defer(const struct table_work *w)
{
    return w->dc->online_job != 0 && !w->is_new;
}

void online_defer(struct table_work *w)
{
    w->edit.t.job = w->dc->online_job;
    w->dc->online_table_id = w->edit.t.id;
}

int online_none_pending(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    if (t->job == 0)
        return 0;
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

int ddl_online_publish(struct cat_view *v, struct arena *a, uint32_t table_id, struct err *err)
{
    const struct cat_table *t;
    struct table_edit e;
    TRY(cat_table_by_id(v, table_id, &t, err));
    edit_open(&e, a, t);
    e.t.job = 0;
    for (size_t i = 0; i < e.indexes.len; i++)
        e.indexes.ptr[i].state = CAT_INDEX_PUBLIC;
    publish_checks(&e);
    TRY(publish_foreign_keys(v, &e, err));
    return cat_put_table_compatible(v, edit_table(&e), err);
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
    revert_checks(&e);
    TRY(revert_foreign_keys(v, &e, err));
    return cat_put_table_compatible(v, edit_table(&e), err);
}
