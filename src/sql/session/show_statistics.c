// SHOW STATISTICS, also as the JSON that INJECT STATISTICS takes, and SHOW HISTOGRAM.
#include "catalog/histogram.h"
#include "sql/session/show_int.h"
#include "types/json.h"
#include <math.h>

static void statistic_row(struct show *sh, const struct cat_table *t, const struct cat_statistic *s)
{
    struct datum *names = ARENA_ARRAY(sh->arena, struct datum, s->n_columns), *row;
    for (size_t i = 0; i < s->n_columns; i++) {
        const struct cat_column *c = cat_column_by_id(t, s->columns[i]);
        if (c == NULL) // dropped
            return;
        names[i] = datum_str(c->name);
    }
    row = show_row(sh);
    row[0] = s->name.len > 0 ? datum_str(s->name) : DATUM_NULL;
    row[1] = datum_str(array_build(sh->arena, T_STRING, names, (uint32_t)s->n_columns));
    row[2] = datum_int(s->created_micros);
    row[3] = datum_int(s->rows);
    row[4] = datum_int(s->distinct);
    row[5] = datum_int(s->nulls);
    row[6] = datum_int(s->avg_size);
    if (s->histogram.len > 0)
        row[8] = datum_int(s->id);
}

// ---- as JSON, which INJECT STATISTICS takes

static void add_text(struct json_builder *b, const char *key, struct str value)
{
    json_key(b, str_of(key));
    json_add_string(b, value);
}

static void add_printed(struct json_builder *b, const char *key, struct type t, struct datum d)
{
    struct value_context utc = {0};
    struct buf text = BUF_INIT;
    datum_print(&text, t, d, &utc);
    add_text(b, key, buf_view(&text));
    buf_release(&text);
}

static void add_int(struct json_builder *b, const char *key, int64_t value)
{
    json_key(b, str_of(key));
    json_add_i64(b, value);
}

static void add_double(struct json_builder *b, const char *key, double value)
{
    json_key(b, str_of(key));
    json_add_double(b, value);
}

static void add_histogram(struct show *sh, struct json_builder *b, const struct cat_column *c, struct str bytes)
{
    struct histogram h;
    struct buf type = BUF_INIT;
    if (bytes.len == 0 || !histogram_decode(sh->arena, c->type, bytes, &h))
        return;
    type_print(&type, c->type);
    add_text(b, "histo_col_type", buf_view(&type));
    buf_release(&type);
    json_key(b, STR("histo_buckets"));
    json_begin_array(b);
    for (size_t i = 0; i < h.n; i++) {
        json_begin_object(b);
        add_double(b, "num_eq", h.buckets[i].equal);
        add_double(b, "num_range", h.buckets[i].range);
        add_double(b, "distinct_range", h.buckets[i].distinct_range);
        add_printed(b, "upper_bound", c->type, h.buckets[i].upper);
        json_end(b);
    }
    json_end(b);
}

static bool has_all_columns(const struct cat_table *t, const struct cat_statistic *s)
{
    for (size_t i = 0; i < s->n_columns; i++)
        if (cat_column_by_id(t, s->columns[i]) == NULL)
            return false;
    return true;
}

static void add_statistic(struct show *sh, struct json_builder *b, const struct cat_table *t,
                          const struct cat_statistic *s)
{
    json_begin_object(b);
    if (s->name.len > 0)
        add_text(b, "name", s->name);
    json_key(b, STR("columns"));
    json_begin_array(b);
    for (size_t i = 0; i < s->n_columns; i++)
        json_add_string(b, cat_column_by_id(t, s->columns[i])->name);
    json_end(b);
    add_printed(b, "created_at", T_TIMESTAMPTZ, datum_int(s->created_micros));
    add_int(b, "row_count", s->rows);
    add_int(b, "distinct_count", s->distinct);
    add_int(b, "null_count", s->nulls);
    add_int(b, "avg_size", s->avg_size);
    if (s->n_columns == 1)
        add_histogram(sh, b, cat_column_by_id(t, s->columns[0]), s->histogram);
    json_end(b);
}

static int statistics_json(struct show *sh, const struct cat_table *t, const struct cat_statistic *list, size_t n,
                           struct err *err)
{
    static const struct show_column column = {"statistics", TYPE_OID_JSONB};
    struct json_builder b;
    struct str json;
    json_builder_init(&b);
    json_begin_array(&b);
    for (size_t i = 0; i < n; i++)
        if (has_all_columns(t, &list[i]))
            add_statistic(sh, &b, t, &list[i]);
    json_end(&b);
    int rc = json_builder_finish(&b, sh->arena, &json, err);
    json_builder_release(&b);
    TRY(rc);
    show_columns(sh, &column, 1);
    show_row(sh)[0] = datum_str(json);
    return 0;
}

// What was collected; before that the row count, which is always kept.
int show_statistics(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    int64_t rows = 0;
    bool as_json = str_eqc(sh->ast->name, "JSON");
    if (sh->ast->name.len > 0 && !as_json)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SHOW STATISTICS USING %.*s",
                       STR_FMT(sh->ast->name));
    TRY(show_described_table(sh, &t, err));
    if (t->primary == NULL)
        return 0;
    struct cat_statistic *list;
    size_t n;
    TRY(cat_statistics(sh->view, sh->arena, t->id, &list, &n, err));
    if (as_json)
        return statistics_json(sh, t, list, n, err);
    for (size_t i = 0; i < n; i++)
        statistic_row(sh, t, &list[i]);
    if (n > 0)
        return 0;
    TRY(cat_row_count(sh->view, t->id, &rows, err));
    struct datum *columns = ARENA_ARRAY(sh->arena, struct datum, t->primary->n_columns);
    for (size_t i = 0; i < t->primary->n_columns; i++)
        columns[i] = datum_str(cat_column_by_id(t, t->primary->columns[i].column_id)->name);
    struct datum *row = show_row(sh);
    row[0] = datum_c("__auto__");
    row[1] = datum_str(array_build(sh->arena, T_STRING, columns, (uint32_t)t->primary->n_columns));
    row[2] = datum_int(sh->session->statement_micros);
    row[3] = datum_int(rows);
    row[4] = datum_int(rows);
    row[5] = datum_int(0);
    return 0;
}

int show_histogram(struct show *sh, struct err *err)
{
    int64_t id = ast_as_number(sh->ast->expr)->value;
    struct cat_statistic s = {0};
    const struct cat_table *t;
    struct histogram h;
    bool found;
    TRY(cat_statistic_by_id(sh->view, sh->arena, id, &s, &found, err));
    if (!found || s.histogram.len == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "histogram %lld not found", (long long)id);
    TRY(cat_table_by_id(sh->view, s.table_id, &t, err));
    TRY(cat_check_any_privilege(sh->view, sh->session->user, t, err));
    const struct cat_column *c = cat_column_by_id(t, s.columns[0]);
    if (c == NULL || !histogram_decode(sh->arena, c->type, s.histogram, &h))
        return err_set(err, ERR_UNDEFINED_OBJECT, "histogram %lld not found", (long long)id);
    for (size_t i = 0; i < h.n; i++) {
        const struct histogram_bucket *b = &h.buckets[i];
        struct datum *row = show_row(sh);
        struct buf text = BUF_INIT;
        datum_print_sql(&text, c->type, b->upper, false);
        row[0] = show_take(sh, &text);
        row[1] = datum_int(llround(b->range));
        row[2] = datum_float(b->distinct_range);
        row[3] = datum_int(llround(b->equal));
    }
    return 0;
}
