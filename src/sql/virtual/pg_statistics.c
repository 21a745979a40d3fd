// pg_stats: what was last counted of the values of columns. Values are texts, whatever their type.
#include "base/util.h"
#include "catalog/histogram.h"
#include "sql/virtual/virtual_int.h"
#include "types/array.h"
#include <stdlib.h>

static struct datum text_of(struct exec_context *x, struct type t, struct datum value)
{
    struct buf b = BUF_INIT;
    datum_print(&b, t, value, x->eval.vc);
    return datum_take(x, &b);
}

static struct datum bounds(struct exec_context *x, const struct histogram *h)
{
    struct datum *items = ARENA_ARRAY(x->eval.arena, struct datum, h->n + 1);
    for (size_t i = 0; i < h->n; i++)
        items[i] = text_of(x, h->type, h->buckets[i].upper);
    return datum_str(array_build(x->eval.arena, T_STRING, items, (uint32_t)h->n));
}

static int by_frequency(const void *a, const void *b)
{
    const struct histogram_bucket *x = a, *y = b;
    return (x->equal < y->equal) - (x->equal > y->equal);
}

// Values that are clearly more frequent than the average one, the most frequent first.
static void common_values(struct exec_context *x, const struct histogram *h, double rows, double distinct,
                          struct datum *row)
{
    struct arena *a = x->eval.arena;
    struct histogram_bucket *sorted = arena_dup(a, h->buckets, h->n * sizeof(*sorted));
    struct datum *values = ARENA_ARRAY(a, struct datum, h->n + 1),
                 *frequencies = ARENA_ARRAY(a, struct datum, h->n + 1);
    uint32_t n = 0;
    qsort(sorted, h->n, sizeof(*sorted), by_frequency);
    for (; n < h->n && sorted[n].equal > 1.25 * rows / distinct && sorted[n].equal > 1; n++) {
        values[n] = text_of(x, h->type, sorted[n].upper);
        frequencies[n] = datum_float((float)(sorted[n].equal / rows));
    }
    if (n == 0)
        return;
    row[pg_stats_most_common_vals] = datum_str(array_build(a, T_STRING, values, n));
    row[pg_stats_most_common_freqs] = datum_str(array_build(a, T_FLOAT4, frequencies, n));
}

static int statistic_row(struct exec_context *x, const struct relation *r, const struct cat_statistic *s,
                         struct virtual_rows *rows, struct err *err)
{
    const struct cat_column *c = cat_column_by_id(r->table, s->columns[0]);
    struct histogram h;
    if (c == NULL || column_hidden(x, r->table, c) || s->rows == 0)
        return 0;
    double n = (double)s->rows, distinct = (double)MAX(s->distinct, 1);
    ROW(pg_stats);
    row[pg_stats_schemaname] = datum_str(r->schema->name);
    row[pg_stats_tablename] = datum_str(r->table->name);
    row[pg_stats_attname] = datum_str(c->name);
    row[pg_stats_inherited] = datum_bool(false);
    row[pg_stats_null_frac] = datum_float((float)((double)s->nulls / n));
    row[pg_stats_avg_width] = datum_int(s->avg_size);
    row[pg_stats_n_distinct] =
        datum_float((float)(distinct > n / 10 ? -distinct / n : distinct)); // as PostgreSQL says it
    if (s->histogram.len > 0 && histogram_decode(x->eval.arena, c->type, s->histogram, &h)) {
        row[pg_stats_histogram_bounds] = bounds(x, &h);
        common_values(x, &h, n, distinct, row);
    }
    return virtual_row(rows, row, err);
}

// The newest of each column.
static int table_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    struct cat_statistic *list;
    size_t n;
    TRY(cat_statistics(x->view, x->eval.arena, r->table->id, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool newest = list[i].n_columns == 1;
        for (size_t k = i + 1; k < n; k++)
            newest &= list[k].n_columns != 1 || list[k].columns[0] != list[i].columns[0];
        if (newest)
            TRY(statistic_row(x, r, &list[i], rows, err));
    }
    return 0;
}

GENERATOR(pg_stats_rows)
{
    return relations_each_accessible(x, filter, pg_stats_tablename, SCOPE_STORED, table_rows, rows, err);
}
