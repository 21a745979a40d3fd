// Table descriptors being changed: growable copies of their lists.

#include "sql/ddl/ddl_int.h"

#define COPY_LIST(e, vec, items, n)                 \
    do {                                            \
        for (size_t i_ = 0; i_ < (n); i_++)         \
            ARENA_PUSH((e)->a, (vec), (items)[i_]); \
    } while (0)

void edit_open(struct table_edit *e, struct arena *a, const struct cat_table *t)
{
    *e = (struct table_edit){.a = a, .t = *t, .has_primary = t->primary != NULL};
    if (t->primary != NULL)
        e->primary = *t->primary;
    COPY_LIST(e, &e->columns, t->columns, t->n_columns);
    COPY_LIST(e, &e->slot_types, t->slot_types, t->next_column_id > 0 ? t->next_column_id - (size_t)1 : 0);
    COPY_LIST(e, &e->indexes, t->indexes, t->n_indexes);
    COPY_LIST(e, &e->checks, t->checks, t->n_checks);
    COPY_LIST(e, &e->outbound, t->outbound, t->n_outbound);
    COPY_LIST(e, &e->inbound, t->inbound, t->n_inbound);
    COPY_LIST(e, &e->families, t->families, t->n_families);
    COPY_LIST(e, &e->depends_on, t->depends_on, t->n_depends_on);
    COPY_LIST(e, &e->depended_on_by, t->depended_on_by, t->n_depended_on_by);
}

#define POINT_LIST(e, field)               \
    do {                                   \
        (e)->t.field = (e)->field.ptr;     \
        (e)->t.n_##field = (e)->field.len; \
    } while (0)

const struct cat_table *edit_table(struct table_edit *e)
{
    POINT_LIST(e, columns);
    POINT_LIST(e, indexes);
    POINT_LIST(e, checks);
    POINT_LIST(e, outbound);
    POINT_LIST(e, inbound);
    POINT_LIST(e, families);
    POINT_LIST(e, depends_on);
    POINT_LIST(e, depended_on_by);
    e->t.slot_types = e->slot_types.ptr;
    e->t.primary = e->has_primary ? &e->primary : NULL;
    return &e->t;
}

int edit_save(struct table_edit *e, struct ddl_context *dc, struct err *err)
{
    return cat_put_table(dc->view, edit_table(e), err);
}

int edit_save_compatible(struct table_edit *e, struct ddl_context *dc, struct err *err)
{
    return cat_put_table_compatible(dc->view, edit_table(e), err);
}

struct cat_column *edit_column(struct table_edit *e, struct str name)
{
    for (size_t i = 0; i < e->columns.len; i++)
        if (str_eq(e->columns.ptr[i].name, name))
            return &e->columns.ptr[i];
    return NULL;
}

struct cat_column *edit_column_by_id(struct table_edit *e, uint32_t id)
{
    for (size_t i = 0; i < e->columns.len; i++)
        if (e->columns.ptr[i].id == id)
            return &e->columns.ptr[i];
    return NULL;
}

int edit_need_column(struct table_edit *e, struct str name, struct cat_column **out, struct err *err)
{
    *out = edit_column(e, name);
    if (*out != NULL && cat_column_inaccessible(*out))
        *out = NULL;
    return *out != NULL ? 0 : err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", STR_FMT(name));
}

int edit_check_name(struct str name, struct err *err)
{
    enum cat_system_column same = cat_system_column(name);
    if (same == CAT_SYSTEM_NONE || same == CAT_SYSTEM_CTID)
        return 0;
    return err_set(err, ERR_DUPLICATE_COLUMN, "column name \"%.*s\" conflicts with a system column name",
                   STR_FMT(name));
}

struct cat_column *edit_add_column(struct table_edit *e, struct cat_column column)
{
    column.id = e->t.next_column_id++;
    ARENA_PUSH(e->a, &e->columns, column);
    ARENA_PUSH(e->a, &e->slot_types, column.computed_virtual ? T_VOID : column.type);
    return &e->columns.ptr[e->columns.len - 1];
}

bool edit_has_constraint(const struct table_edit *e, struct str name)
{
    if (e->has_primary && str_eq(e->primary.name, name))
        return true;
    for (size_t i = 0; i < e->indexes.len; i++)
        if (str_eq(e->indexes.ptr[i].name, name))
            return true;
    for (size_t i = 0; i < e->checks.len; i++)
        if (str_eq(e->checks.ptr[i].name, name))
            return true;
    for (size_t i = 0; i < e->outbound.len; i++)
        if (str_eq(e->outbound.ptr[i].name, name))
            return true;
    return false;
}

struct str edit_free_name(struct table_edit *e, const char *prefix, const uint32_t *columns, size_t n,
                          const char *suffix)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, prefix);
    for (size_t i = 0; i < n; i++) {
        const struct cat_column *c = edit_column_by_id(e, columns[i]);
        if (cat_column_inaccessible(c))
            buf_cstr(&b, "_expr");
        else if (!cat_column_of_index(c))
            buf_printf(&b, "_%.*s", STR_FMT(c->name));
    }
    buf_cstr(&b, suffix);
    struct str name = arena_str(e->a, buf_view(&b));
    for (int i = 1; edit_has_constraint(e, name); i++)
        name = arena_printf(e->a, "%s%d", buf_c(&b), i);
    buf_release(&b);
    return name;
}

static struct cat_family *family_of(struct table_edit *e, uint32_t id, struct cat_family *but)
{
    for (size_t i = 0; i < e->families.len; i++)
        for (size_t k = 0; k < e->families.ptr[i].n_columns; k++)
            if (e->families.ptr[i].columns[k] == id && &e->families.ptr[i] != but)
                return &e->families.ptr[i];
    return NULL;
}

static int check_family_name(struct table_edit *e, struct cat_family *f, struct err *err)
{
    for (struct cat_family *other = e->families.ptr; other < f; other++)
        if (str_eq(other->name, f->name))
            return err_set(err, ERR_INVALID_TABLE_DEFINITION, "duplicate family name: \"%.*s\"", STR_FMT(f->name));
    return 0;
}

static int check_family(struct table_edit *e, struct cat_family *f, struct err *err)
{
    for (size_t i = 0; i < f->n_columns; i++) {
        const struct cat_column *c = edit_column_by_id(e, f->columns[i]);
        const struct cat_family *other = family_of(e, f->columns[i], f);
        if (c != NULL && c->computed_virtual)
            return err_set(err, ERR_INVALID_TABLE_DEFINITION,
                           "virtual computed column \"%.*s\" cannot be part of a family", STR_FMT(c->name));
        if (other != NULL)
            return err_set(err, ERR_INVALID_TABLE_DEFINITION, "column \"%.*s\" is in both family %.*s and %.*s",
                           STR_FMT(c->name), STR_FMT(f->name), STR_FMT(other->name));
    }
    return 0;
}

int families_complete(struct table_edit *e, struct err *err)
{
    if (e->families.len == 0)
        return 0;
    for (size_t i = 0; i < e->families.len; i++)
        TRY(check_family_name(e, &e->families.ptr[i], err));
    for (size_t i = 0; i < e->families.len; i++)
        TRY(check_family(e, &e->families.ptr[i], err));
    for (size_t i = 0; i < e->columns.len; i++) {
        const struct cat_column *c = &e->columns.ptr[i];
        if (c->computed_virtual || family_of(e, c->id, NULL) != NULL)
            continue;
        struct cat_family *first = &e->families.ptr[0];
        uint32_t *ids = ARENA_ARRAY(e->a, uint32_t, first->n_columns + 1);
        if (first->n_columns > 0)
            memcpy(ids, first->columns, first->n_columns * sizeof(*ids));
        ids[first->n_columns++] = c->id;
        first->columns = ids;
    }
    return 0;
}

void families_remove_column(struct table_edit *e, uint32_t id)
{
    for (size_t i = 0; i < e->families.len; i++) {
        struct cat_family *f = &e->families.ptr[i];
        uint32_t *columns = ARENA_ARRAY(e->a, uint32_t, f->n_columns);
        size_t n = 0;
        for (size_t k = 0; k < f->n_columns; k++)
            if (f->columns[k] != id)
                columns[n++] = f->columns[k];
        f->columns = columns;
        f->n_columns = n;
    }
}

// ---- dependencies between relations

int ddl_add_dependent(struct ddl_context *dc, uint32_t relation, uint32_t dependent, struct err *err)
{
    const struct cat_table *t;
    struct table_edit e;
    TRY(cat_table_by_id(dc->view, relation, &t, err));
    if (t == NULL || t->kind == CAT_VIRTUAL)
        return 0;
    TRY(online_none_pending(dc, t, err)); // what it is to be like must not be relied on yet
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        if (t->depended_on_by[i] == dependent)
            return 0;
    edit_open(&e, dc->arena, t);
    ARENA_PUSH(dc->arena, &e.depended_on_by, dependent);
    return edit_save_compatible(&e, dc, err);
}

int ddl_remove_dependent(struct ddl_context *dc, uint32_t relation, uint32_t dependent, struct err *err)
{
    const struct cat_table *t;
    struct table_edit e;
    TRY(cat_table_by_id(dc->view, relation, &t, err));
    if (t == NULL || t->kind == CAT_VIRTUAL)
        return 0;
    edit_open(&e, dc->arena, t);
    e.depended_on_by.len = 0;
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        if (t->depended_on_by[i] != dependent)
            ARENA_PUSH(dc->arena, &e.depended_on_by, t->depended_on_by[i]);
    return edit_save_compatible(&e, dc, err);
}
