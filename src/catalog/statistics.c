// Table statistics: rows of system.table_statistics, one per set of columns.
#include "catalog/catalog_int.h"
#include "types/array.h"

enum {
    COL_TABLE,
    COL_ID,
    COL_NAME,
    COL_COLUMNS,
    COL_CREATED,
    COL_ROWS,
    COL_DISTINCT,
    COL_NULLS,
    COL_HISTOGRAM,
    COL_SIZE
};

static void read_columns(struct arena *a, struct datum d, struct cat_statistic *s)
{
    struct array items = array_open(type_array_of(T_INT8), d.s);
    uint32_t *columns = ARENA_ARRAY(a, uint32_t, items.count);
    for (uint32_t i = 0; i < items.count; i++)
        columns[i] = (uint32_t)array_get(&items, i).i;
    s->columns = columns;
    s->n_columns = items.count;
}

static struct cat_statistic read_row(struct arena *a, const struct datum *values)
{
    struct cat_statistic s = {.table_id = (uint32_t)values[COL_TABLE].i,
                              .id = values[COL_ID].i,
                              .created_micros = values[COL_CREATED].i,
                              .rows = values[COL_ROWS].i,
                              .distinct = values[COL_DISTINCT].i,
                              .nulls = values[COL_NULLS].i,
                              .avg_size = values[COL_SIZE].i};
    s.name = values[COL_NAME].null ? STR_EMPTY : arena_str(a, values[COL_NAME].s);
    s.histogram = values[COL_HISTOGRAM].null ? STR_EMPTY : arena_str(a, values[COL_HISTOGRAM].s);
    read_columns(a, values[COL_COLUMNS], &s);
    return s;
}

int cat_statistics(struct cat_view *v, struct arena *a, uint32_t table_id, struct cat_statistic **out, size_t *n,
                   struct err *err)
{
    ARENA_VEC(struct cat_statistic) list = {0};
    struct datum key = datum_int(table_id), values[SYSTEM_COLUMNS_MAX];
    struct system_scan scan;
    bool found;
    TRY(system_scan_open(v->catalog, v->txn, a, SYSTEM_TABLE_STATISTICS, &key, 1, &scan, err));
    int rc;
    while ((rc = system_scan_next(&scan, values, &found, err)) == 0 && found) {
        struct cat_statistic s = read_row(a, values);
        ARENA_PUSH(a, &list, s);
    }
    system_scan_close(&scan);
    *out = list.ptr;
    *n = list.len;
    return rc;
}

int cat_statistic_by_id(struct cat_view *v, struct arena *a, int64_t id, struct cat_statistic *out, bool *found,
                        struct err *err)
{
    struct datum values[SYSTEM_COLUMNS_MAX];
    struct system_scan scan;
    bool more;
    *found = false;
    TRY(system_scan_open(v->catalog, v->txn, a, SYSTEM_TABLE_STATISTICS, NULL, 0, &scan, err));
    int rc;
    while ((rc = system_scan_next(&scan, values, &more, err)) == 0 && more && !*found) {
        *found = values[COL_ID].i == id;
        if (*found)
            *out = read_row(a, values);
    }
    system_scan_close(&scan);
    return rc;
}

static bool same_columns(const struct cat_statistic *a, const struct cat_statistic *b)
{
    if (a->n_columns != b->n_columns)
        return false;
    for (size_t i = 0; i < a->n_columns; i++)
        if (a->columns[i] != b->columns[i])
            return false;
    return true;
}

int cat_remove_statistics(struct cat_view *v, uint32_t table_id, struct err *err)
{
    struct datum key = datum_int(table_id);
    TRY(system_delete_prefix(v->catalog, v->txn, SYSTEM_TABLE_STATISTICS, &key, 1, err));
    return view_changed(v, err);
}

int cat_put_statistics(struct cat_view *v, struct arena *a, uint32_t table_id, const struct cat_statistic *list,
                       size_t n, struct err *err)
{
    struct cat_statistic *old;
    size_t n_old;
    TRY(cat_statistics(v, a, table_id, &old, &n_old, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_statistic *s = &list[i];
        struct datum values[SYSTEM_COLUMNS_MAX];
        for (size_t k = 0; k < SYSTEM_COLUMNS_MAX; k++)
            values[k] = DATUM_NULL;
        values[COL_TABLE] = datum_int(table_id);
        for (size_t k = 0; k < n_old; k++) {
            values[COL_ID] = datum_int(old[k].id);
            if (same_columns(&old[k], s))
                TRY(system_delete(v->catalog, v->txn, SYSTEM_TABLE_STATISTICS, values, err));
        }
        struct datum *columns = ARENA_ARRAY(a, struct datum, s->n_columns);
        for (size_t k = 0; k < s->n_columns; k++)
            columns[k] = datum_int(s->columns[k]);
        values[COL_ID] = datum_int(s->id);
        values[COL_NAME] = s->name.len > 0 ? datum_str(s->name) : DATUM_NULL;
        values[COL_COLUMNS] = datum_str(array_build(a, T_INT8, columns, (uint32_t)s->n_columns));
        values[COL_CREATED] = datum_int(s->created_micros);
        values[COL_ROWS] = datum_int(s->rows);
        values[COL_DISTINCT] = datum_int(s->distinct);
        values[COL_NULLS] = datum_int(s->nulls);
        values[COL_SIZE] = datum_int(s->avg_size);
        values[COL_HISTOGRAM] = s->histogram.len > 0 ? datum_str(s->histogram) : DATUM_NULL;
        TRY(system_put(v->catalog, v->txn, SYSTEM_TABLE_STATISTICS, values, err));
    }
    return view_changed(v, err);
}
