// TRUNCATE: the table goes on under new index ids; the old keys are removed as one range.

#include "sql/ddl/ddl_int.h"

struct table_list {
    ARENA_VEC(const struct cat_table *) tables;
};

static bool listed(const struct table_list *list, uint32_t id)
{
    for (size_t i = 0; i < list->tables.len; i++)
        if (list->tables.ptr[i]->id == id)
            return true;
    return false;
}

static int add(struct ddl_context *dc, struct table_list *list, const struct cat_table *t, struct err *err)
{
    if (listed(list, t->id))
        return 0;
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_DROP, err));
    TRY(ddl_lock_table(dc, t, err));
    ARENA_PUSH(dc->arena, &list->tables, t);
    return 0;
}

// Tables that reference one of the list are added with CASCADE, else in the way.
static int add_referencing(struct ddl_context *dc, struct table_list *list, size_t at, bool cascade, struct err *err)
{
    const struct cat_table *t = list->tables.ptr[at];
    for (size_t i = 0; i < t->n_inbound; i++) {
        const struct cat_table *origin;
        TRY(cat_table_by_id(dc->view, t->inbound[i].origin_table_id, &origin, err));
        if (origin == NULL || listed(list, origin->id))
            continue;
        if (!cascade)
            return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                           "\"%.*s\" is referenced by foreign key from table \"%.*s\"", STR_FMT(t->name),
                           STR_FMT(origin->name));
        TRY(add(dc, list, origin, err));
    }
    return 0;
}

static int truncate_table(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    struct table_edit e;
    int64_t rows;
    edit_open(&e, dc->arena, t);
    e.primary.id = e.t.next_index_id++;
    for (size_t i = 0; i < e.indexes.len; i++)
        e.indexes.ptr[i].id = e.t.next_index_id++;
    TRY(edit_save(&e, dc, err));
    TRY(cat_delete_data(dc->view, t->id, t->primary->id, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        TRY(cat_delete_data(dc->view, t->id, t->indexes[i].id, err));
    TRY(cat_row_count(dc->view, t->id, &rows, err));
    return cat_add_row_count(dc->view, t->id, -rows, err);
}

// The sequences of SERIAL and IDENTITY columns start again.
static int restart_sequences(struct ddl_context *dc, const struct cat_table *t, struct err *err)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_table *s = NULL;
        if (t->columns[i].owns_sequence_id != 0)
            TRY(cat_table_by_id(dc->view, t->columns[i].owns_sequence_id, &s, err));
        if (s != NULL)
            TRY(cat_sequence_set(dc->view, s, s->sequence.start, false, err));
    }
    return 0;
}

static int fire_triggers(struct ddl_context *dc, const struct table_list *list, bool before, struct err *err)
{
    for (size_t i = 0; i < list->tables.len; i++) {
        const struct cat_table *t = list->tables.ptr[i];
        if (t->n_triggers > 0)
            TRY(dc->services->fire_truncate(dc->services, dc, t, before, err));
    }
    return 0;
}

int ddl_truncate(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_truncate *s = ast_as_truncate(statement);
    struct table_list list = {0};
    for (size_t i = 0; i < s->tables.n; i++) {
        const struct cat_table *t;
        TRY(ddl_find_table(dc, s->tables.items[i], false, &t, err));
        TRY(add(dc, &list, t, err));
    }
    for (size_t i = 0; i < list.tables.len; i++)
        TRY(add_referencing(dc, &list, i, ddl_cascade(s->behavior), err));
    for (size_t i = 0; i < list.tables.len; i++)
        TRY(online_none_pending(dc, list.tables.ptr[i], err));
    TRY(fire_triggers(dc, &list, true, err));
    for (size_t i = 0; i < list.tables.len; i++)
        TRY(truncate_table(dc, list.tables.ptr[i], err));
    for (size_t i = 0; i < list.tables.len && s->restart_identity; i++)
        TRY(restart_sequences(dc, list.tables.ptr[i], err));
    return fire_triggers(dc, &list, false, err);
}
