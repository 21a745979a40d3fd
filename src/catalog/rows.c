#include "catalog/rows.h"
#include "keys/keys.h"

static bool held_by_key(const struct cat_table *t, const struct cat_column *c)
{
    for (size_t i = 0; t->primary != NULL && i < t->primary->n_columns; i++)
        if (t->primary->columns[i].column_id == c->id)
            return !key_type_is_lossy(c->type);
    return false;
}

void cat_row_layout_init(struct row_layout *out, struct arena *a, const struct cat_table *t)
{
    uint32_t n = t->next_column_id - 1;
    struct type *types = arena_dup(a, t->slot_types, size_mul(n, sizeof(struct type)));
    for (size_t i = 0; i < t->n_columns; i++)
        if (held_by_key(t, &t->columns[i]))
            types[t->columns[i].id - 1] = T_VOID;
    row_layout_init(out, a, types, n);
}

static size_t position_of(const struct cat_table *t, uint32_t column_id)
{
    const struct cat_column *c = cat_column_by_id(t, column_id);
    INVARIANT(c != NULL);
    return (size_t)(c - t->columns);
}

void cat_row_key(struct buf *out, uint32_t cluster, const struct cat_table *t, const struct datum *values)
{
    key_put_index(out, cluster, t->id, t->primary->id);
    for (size_t i = 0; i < t->primary->n_columns; i++) {
        const struct cat_index_column *ic = &t->primary->columns[i];
        size_t at = position_of(t, ic->column_id);
        key_put_datum(out, t->columns[at].type, &values[at], ic->descending ? KEY_DESC : KEY_ASC);
    }
}

void cat_row_value(struct buf *out, const struct cat_table *t, const struct datum *values)
{
    struct datum *slots = mem_alloc(size_mul(t->next_column_id, sizeof(struct datum)));
    for (uint32_t i = 0; i + 1 < t->next_column_id; i++)
        slots[i] = DATUM_NULL;
    for (size_t i = 0; i < t->n_columns; i++)
        slots[t->columns[i].id - 1] = values[i];
    row_encode(out, t->row_layout, slots);
    mem_free(slots);
}

static int decode_key(struct arena *a, const struct cat_table *t, struct str key, struct datum *values, struct err *err)
{
    struct key_reader r = key_reader(key);
    struct key_prefix prefix;
    if (!key_get_prefix(&r, &prefix))
        return err_set(err, ERR_DATA_CORRUPTED, "row key is damaged");
    for (size_t i = 0; i < t->primary->n_columns; i++) {
        const struct cat_index_column *ic = &t->primary->columns[i];
        size_t at = position_of(t, ic->column_id);
        TRY(key_get_datum(&r, a, t->columns[at].type, ic->descending ? KEY_DESC : KEY_ASC, &values[at], err));
    }
    return 0;
}

int cat_row_decode(struct arena *a, const struct cat_table *t, struct str key, struct str value, struct datum *values,
                   struct err *err)
{
    struct row_view view;
    TRY(row_view_init(&view, t->row_layout, value, err));
    TRY(decode_key(a, t, key, values, err));
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (type_is(t->row_layout->types[c->id - 1], TYPE_VOID))
            continue; // had from the key
        enum row_slot state = row_get(&view, c->id - 1, &values[i]);
        if (state == ROW_SLOT_DAMAGED)
            return err_set(err, ERR_DATA_CORRUPTED, "row value is damaged");
        if (state == ROW_SLOT_ABSENT && c->has_missing_value)
            values[i] = c->missing_value;
    }
    return 0;
}
