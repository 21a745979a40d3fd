// ALTER TABLE … INJECT STATISTICS: what SHOW STATISTICS USING JSON has shown, here or at CockroachDB, takes the place
// of what is known of a table's columns.
#include "base/util.h"
#include "catalog/histogram.h"
#include "sql/ddl/ddl_int.h"
#include "types/json.h"

struct injection {
    struct ddl_context *dc;
    const struct cat_table *table;
    int64_t id; // of the next statistic
};

static int bad_statistics(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid statistics: %s", what);
}

static int get_number(struct str json, const char *key, double *out, struct err *err)
{
    struct str value;
    *out = 0;
    if (!json_get_key(json, str_of(key), &value) || json_kind(value) == JSON_NULL)
        return 0;
    if (json_kind(value) != JSON_NUMBER)
        return bad_statistics(err, "counts must be numbers");
    struct decimal d = json_number_value(value);
    return decimal_to_double(&d, out) && *out >= 0 && *out < 9e18 ? 0 : bad_statistics(err, "a count is out of range");
}

static int get_count(struct str json, const char *key, int64_t *out, struct err *err)
{
    double n;
    TRY(get_number(json, key, &n, err));
    *out = (int64_t)n;
    return 0;
}

static struct str get_text(struct str json, const char *key)
{
    struct str value;
    if (!json_get_key(json, str_of(key), &value) || json_kind(value) != JSON_STRING)
        return STR_EMPTY;
    return json_string_value(value);
}

static int get_columns(struct injection *in, struct str json, struct cat_statistic *s, struct err *err)
{
    struct str list;
    if (!json_get_key(json, STR("columns"), &list) || json_kind(list) != JSON_ARRAY || json_count(list) == 0)
        return bad_statistics(err, "columns are missing");
    uint32_t *ids = ARENA_ARRAY(in->dc->arena, uint32_t, json_count(list));
    for (uint32_t i = 0; i < json_count(list); i++) {
        struct str item = json_at(list, i);
        struct str name = json_kind(item) == JSON_STRING ? json_string_value(item) : STR_EMPTY;
        const struct cat_column *c = cat_column_by_name(in->table, name);
        if (c == NULL)
            return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", STR_FMT(name));
        ids[i] = c->id;
    }
    s->columns = ids;
    s->n_columns = json_count(list);
    return 0;
}

static int get_created(struct injection *in, struct str json, struct cat_statistic *s, struct err *err)
{
    struct value_context utc = {0};
    struct datum at;
    struct str text = get_text(json, "created_at");
    if (text.len == 0)
        return bad_statistics(err, "created_at is missing");
    TRY(datum_parse(in->dc->arena, T_TIMESTAMPTZ, text, &utc, &at, err));
    s->created_micros = at.i;
    return 0;
}

static int get_bucket(struct injection *in, struct type t, struct str json, struct histogram_bucket *b, struct err *err)
{
    struct value_context utc = {0};
    TRY(get_number(json, "num_eq", &b->equal, err));
    TRY(get_number(json, "num_range", &b->range, err));
    TRY(get_number(json, "distinct_range", &b->distinct_range, err));
    return datum_parse(in->dc->arena, t, get_text(json, "upper_bound"), &utc, &b->upper, err);
}

static int get_histogram(struct injection *in, struct str json, struct cat_statistic *s, struct err *err)
{
    struct str list;
    if (!json_get_key(json, STR("histo_buckets"), &list) || json_kind(list) != JSON_ARRAY || json_count(list) == 0)
        return 0;
    struct type t = cat_column_by_id(in->table, s->columns[0])->type;
    struct histogram h = {.type = t, .n = json_count(list)};
    if (s->n_columns != 1 || !histogram_possible(t))
        return bad_statistics(err, "there is no histogram of such columns");
    if (h.n > HISTOGRAM_BUCKETS_MAX + 1)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "a histogram has at most %d buckets",
                       HISTOGRAM_BUCKETS_MAX + 1);
    struct histogram_bucket *buckets = ARENA_ARRAY(in->dc->arena, struct histogram_bucket, h.n);
    for (uint32_t i = 0; i < h.n; i++) {
        TRY(get_bucket(in, t, json_at(list, i), &buckets[i], err));
        if (i > 0 && datum_compare(t, &buckets[i - 1].upper, &buckets[i].upper) >= 0)
            return bad_statistics(err, "bounds of a histogram must ascend");
        h.rows += buckets[i].equal + buckets[i].range;
    }
    h.buckets = buckets;
    struct buf b = BUF_INIT;
    histogram_encode(&b, &h);
    s->histogram = arena_str(in->dc->arena, buf_view(&b));
    buf_release(&b);
    return 0;
}

static int get_statistic(struct injection *in, struct str json, struct cat_statistic *s, struct err *err)
{
    *s = (struct cat_statistic){.table_id = in->table->id, .id = in->id++, .name = get_text(json, "name")};
    if (json_kind(json) != JSON_OBJECT)
        return bad_statistics(err, "a list of objects is expected");
    if (get_text(json, "partial_predicate").len > 0)
        return ddl_unimplemented(err, "partial statistics");
    TRY(get_columns(in, json, s, err));
    TRY(get_created(in, json, s, err));
    TRY(get_count(json, "row_count", &s->rows, err));
    TRY(get_count(json, "distinct_count", &s->distinct, err));
    TRY(get_count(json, "null_count", &s->nulls, err));
    TRY(get_count(json, "avg_size", &s->avg_size, err));
    return get_histogram(in, json, s, err);
}

int ddl_inject_statistics(struct ddl_context *dc, const struct cat_table *t, const struct ast *text, struct err *err)
{
    struct injection in = {dc, t, clock_wall_ns() / 1000 * 1024};
    struct ddl_expr e;
    TRY(dc->services->check_expr(dc->services, dc, NULL, text, T_JSONB, DDL_EXPR_DEFAULT, &e, err));
    if (!e.is_constant || e.value.null || json_kind(e.value.s) != JSON_ARRAY)
        return bad_statistics(err, "a constant list of objects is expected");
    uint32_t n = json_count(e.value.s);
    struct cat_statistic *list = ARENA_ARRAY(dc->arena, struct cat_statistic, n);
    for (uint32_t i = 0; i < n; i++)
        TRY(get_statistic(&in, json_at(e.value.s, i), &list[i], err));
    TRY(cat_remove_statistics(dc->view, t->id, err));
    return cat_put_statistics(dc->view, dc->arena, t->id, list, n, err);
}
