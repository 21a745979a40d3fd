// Aggregates that collect their values: arrays, strings, JSON, ordered sets. Their states grow with the group in the
// group arena.
#include "sql/functions/aggregate_int.h"
#include "types/array.h"
#include "types/decimal.h"
#include "types/json.h"
#include <math.h>
#include <stdlib.h>

// ---- lists of values

struct collected {
    struct datum *items;
    size_t n, cap;
};

static void collect(struct arena *arena, struct collected *c, struct type t, struct datum d)
{
    if (c->n == c->cap)
        c->items = arena_grow(arena, c->items, c->n, &c->cap, sizeof(struct datum));
    c->items[c->n++] = datum_copy(arena, t, d);
}

ACCUMULATE(array_agg_accumulate)
{
    struct type t = args[0]->type;
    if (!type_has_array(t) || type_is(t, TYPE_ARRAY))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "arrays of %s are not supported", type_family_name(t));
    EACH_ROW (k, r)
        collect(arena, states[k], t, vec_get(args[0], r));
    return 0;
}

RESULT(array_agg_result)
{
    const struct collected *c = state;
    if (c->n == 0)
        return fn_return_null(out);
    struct type element = type_element(ec->call->result);
    return fn_return_str(out, array_build(ec->arena, element, c->items, (uint32_t)c->n));
}

static const struct fn_aggregate array_agg = {sizeof(struct collected), array_agg_accumulate, array_agg_result, NULL,
                                              NULL};

// Arrays one after the other.
ACCUMULATE(array_cat_agg_accumulate)
{
    struct type element = type_element(args[0]->type);
    EACH_VALUE (k, r) {
        struct array a = array_open(args[0]->type, args[0]->s[r & args[0]->mask]);
        for (uint32_t i = 0; i < a.count; i++)
            collect(arena, states[k], element, array_get(&a, i));
    }
    return 0;
}
static const struct fn_aggregate array_cat_agg = {sizeof(struct collected), array_cat_agg_accumulate, array_agg_result,
                                                  NULL, NULL};

// ---- strings

struct joined {
    char *text;
    size_t len, cap;
    bool seen;
};

static int join(struct arena *arena, struct joined *j, struct str s, struct err *err)
{
    TRY(fn_check_length(size_add(j->len, s.len), err));
    if (j->cap - j->len < s.len) {
        size_t cap = MAX(j->cap * 2, j->len + s.len + 32);
        char *grown = arena_alloc(arena, cap);
        if (j->len > 0)
            memcpy(grown, j->text, j->len);
        j->text = grown;
        j->cap = cap;
    }
    if (s.len > 0)
        memcpy(j->text + j->len, s.ptr, s.len);
    j->len += s.len;
    return 0;
}

ACCUMULATE(string_agg_accumulate)
{
    EACH_VALUE (k, r) {
        struct joined *j = states[k];
        if (n_args > 1 && j->seen && !vec_is_null(args[1], r))
            TRY(join(arena, j, args[1]->s[r & args[1]->mask], err));
        j->seen = true;
        TRY(join(arena, j, args[0]->s[r & args[0]->mask], err));
    }
    return 0;
}

RESULT(string_agg_result)
{
    const struct joined *j = state;
    if (!j->seen)
        return fn_return_null(out);
    return fn_return_str(out, j->len > 0 ? (struct str){j->text, j->len} : STR_EMPTY);
}

static const struct fn_aggregate string_agg = {sizeof(struct joined), string_agg_accumulate, string_agg_result, NULL,
                                               NULL};

// ---- JSON

struct json_items {
    struct type types[2]; // of key and value, or of value and nothing
    struct collected values[2];
};

ACCUMULATE(json_agg_accumulate)
{
    EACH_ROW (k, r) {
        struct json_items *j = states[k];
        for (int i = 0; i < n_args; i++) {
            j->types[i] = args[i]->type;
            collect(arena, &j->values[i], args[i]->type, vec_get(args[i], r));
        }
    }
    return 0;
}

static int add_item(struct eval_context *ec, struct json_builder *b, struct type t, struct datum d, struct err *err)
{
    if (!d.null)
        return json_add_datum(b, t, d, ec->vc, err);
    json_add_null(b);
    return 0;
}

static int finish(struct eval_context *ec, struct json_builder *b, int rc, struct datum *out, struct err *err)
{
    *out = (struct datum){0};
    json_end(b);
    if (rc == 0)
        rc = json_builder_finish(b, ec->arena, &out->s, err);
    json_builder_release(b);
    return rc;
}

RESULT(json_agg_result)
{
    const struct json_items *j = state;
    if (j->values[0].n == 0)
        return fn_return_null(out);
    struct json_builder b;
    int rc = 0;
    json_builder_init(&b);
    json_begin_array(&b);
    for (size_t i = 0; i < j->values[0].n && rc == 0; i++)
        rc = add_item(ec, &b, j->types[0], j->values[0].items[i], err);
    return finish(ec, &b, rc, out, err);
}

RESULT(json_object_agg_result)
{
    const struct json_items *j = state;
    if (j->values[0].n == 0)
        return fn_return_null(out);
    struct json_builder b;
    int rc = 0;
    json_builder_init(&b);
    json_begin_object(&b);
    for (size_t i = 0; i < j->values[0].n && rc == 0; i++) {
        struct datum key = j->values[0].items[i];
        if (key.null)
            rc = err_set(err, ERR_INVALID_PARAMETER_VALUE, "field name must not be null");
        else
            json_key(&b, key.s);
        if (rc == 0)
            rc = add_item(ec, &b, j->types[1], j->values[1].items[i], err);
    }
    return finish(ec, &b, rc, out, err);
}

static const struct fn_aggregate json_agg = {sizeof(struct json_items), json_agg_accumulate, json_agg_result, NULL,
                                             NULL};
static const struct fn_aggregate json_object_agg = {sizeof(struct json_items), json_agg_accumulate,
                                                    json_object_agg_result, NULL, NULL};

// ---- ordered sets: percentile_…(fraction) WITHIN GROUP (ORDER BY value) is called with (fraction, value)

struct ordered_set {
    struct type fraction_type, value_type;
    struct datum fraction;
    bool seen, descending;
    struct collected values;
};

ACCUMULATE(percentile_accumulate)
{
    EACH_ROW (k, r) {
        struct ordered_set *o = states[k];
        if (!o->seen) {
            o->seen = true;
            o->descending = n_args > 2;
            o->fraction_type = args[0]->type;
            o->value_type = args[1]->type;
            o->fraction = datum_copy(arena, args[0]->type, vec_get(args[0], r));
        }
        if (!vec_is_null(args[1], r))
            collect(arena, &o->values, args[1]->type, vec_get(args[1], r));
    }
    return 0;
}

static int compare_in(const void *a, const void *b, void *type)
{
    return datum_compare(*(const struct type *)type, a, b);
}

static int compare_descending(const void *a, const void *b, void *type)
{
    return datum_compare(*(const struct type *)type, b, a);
}

static int check_fraction(double f, struct err *err)
{
    if (f >= 0 && f <= 1)
        return 0;
    return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "percentile value %g is not between 0 and 1", f);
}

typedef struct datum percentile_of(const struct datum *sorted, size_t n, struct type t, double fraction);

static struct datum percentile_disc(const struct datum *sorted, size_t n, struct type t, double fraction)
{
    size_t i = (size_t)ceil(fraction * (double)n);
    return sorted[i == 0 ? 0 : i - 1];
}

static struct datum percentile_cont(const struct datum *sorted, size_t n, struct type t, double fraction)
{
    double position = fraction * (double)(n - 1), low = floor(position), part = position - low;
    const struct datum *a = &sorted[(size_t)low], *b = &sorted[(size_t)ceil(position)];
    if (type_is(t, TYPE_INTERVAL)) {
        struct interval iv = {.months = (int32_t)lrint(a->iv.months + part * (b->iv.months - a->iv.months)),
                              .days = (int32_t)lrint(a->iv.days + part * (b->iv.days - a->iv.days)),
                              .micros = a->iv.micros + (int64_t)llrint(part * (double)(b->iv.micros - a->iv.micros))};
        return (struct datum){.iv = iv};
    }
    return datum_float(a->f + part * (b->f - a->f));
}

static int percentiles(struct eval_context *ec, const struct ordered_set *o, percentile_of *percentile,
                       struct datum *out, struct err *err)
{
    if (o->values.n == 0 || o->fraction.null)
        return fn_return_null(out);
    struct type t = o->value_type;
    struct datum *sorted = arena_dup(ec->arena, o->values.items, o->values.n * sizeof(struct datum));
    qsort_r(sorted, o->values.n, sizeof(struct datum), o->descending ? compare_descending : compare_in, &t);
    if (!type_is(o->fraction_type, TYPE_ARRAY)) {
        TRY(check_fraction(o->fraction.f, err));
        *out = percentile(sorted, o->values.n, t, o->fraction.f);
        return 0;
    }
    struct array fractions = array_open(o->fraction_type, o->fraction.s);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, fractions.count);
    for (uint32_t i = 0; i < fractions.count; i++) {
        items[i] = array_get(&fractions, i);
        if (items[i].null)
            continue;
        TRY(check_fraction(items[i].f, err));
        items[i] = percentile(sorted, o->values.n, t, items[i].f);
    }
    return fn_return_str(out, array_build(ec->arena, t, items, fractions.count));
}

RESULT(percentile_disc_result)
{
    return percentiles(ec, state, percentile_disc, out, err);
}
RESULT(percentile_cont_result)
{
    return percentiles(ec, state, percentile_cont, out, err);
}

static const struct fn_aggregate percentile_disc_aggregate = {sizeof(struct ordered_set), percentile_accumulate,
                                                              percentile_disc_result, NULL, NULL};
static const struct fn_aggregate percentile_cont_aggregate = {sizeof(struct ordered_set), percentile_accumulate,
                                                              percentile_cont_result, NULL, NULL};

// mode() WITHIN GROUP (ORDER BY value) is called with (value): the first in order of the most frequent ones.
ACCUMULATE(mode_accumulate)
{
    EACH_VALUE (k, r) {
        struct ordered_set *o = states[k];
        o->descending = n_args > 1;
        o->value_type = args[0]->type;
        collect(arena, &o->values, args[0]->type, vec_get(args[0], r));
    }
    return 0;
}

RESULT(mode_result)
{
    const struct ordered_set *o = state;
    size_t best = 0, best_count = 0, first = 0;
    struct type t = o->value_type;
    if (o->values.n == 0)
        return fn_return_null(out);
    struct datum *sorted = arena_dup(ec->arena, o->values.items, o->values.n * sizeof(struct datum));
    qsort_r(sorted, o->values.n, sizeof(struct datum), o->descending ? compare_descending : compare_in, &t);
    for (size_t i = 0; i < o->values.n; i++) {
        if (datum_compare(t, &sorted[first], &sorted[i]) != 0)
            first = i;
        if (i - first + 1 > best_count) {
            best_count = i - first + 1;
            best = first;
        }
    }
    *out = sorted[best];
    return 0;
}

static const struct fn_aggregate mode_aggregate = {sizeof(struct ordered_set), mode_accumulate, mode_result, NULL,
                                                   NULL};

// ---- hypothetical sets: called with (x, value); NULLs have their place too

ACCUMULATE(hypothetical_accumulate)
{
    EACH_ROW (k, r) {
        struct ordered_set *o = states[k];
        if (!o->seen) {
            o->seen = true;
            o->descending = n_args > 2;
            o->value_type = args[1]->type;
            o->fraction = datum_copy(arena, args[0]->type, vec_get(args[0], r));
        }
        collect(arena, &o->values, args[1]->type, vec_get(args[1], r));
    }
    return 0;
}

struct standing {
    size_t before, different_before, peers;
};

static struct standing standing_of(struct eval_context *ec, const struct ordered_set *o)
{
    struct standing s = {0};
    struct type t = o->value_type;
    int (*compare)(const void *, const void *, void *) = o->descending ? compare_descending : compare_in;
    struct datum *sorted = arena_dup(ec->arena, o->values.items, o->values.n * sizeof(struct datum));
    if (o->values.n > 1)
        qsort_r(sorted, o->values.n, sizeof(struct datum), compare, &t);
    for (size_t i = 0; i < o->values.n; i++) {
        int c = compare(&sorted[i], &o->fraction, &t);
        s.before += c < 0;
        s.peers += c == 0;
        s.different_before += c < 0 && (i == 0 || compare(&sorted[i - 1], &sorted[i], &t) != 0);
    }
    return s;
}

RESULT(hypothetical_rank_result)
{
    return fn_return_int(out, (int64_t)standing_of(ec, state).before + 1);
}
RESULT(hypothetical_dense_rank_result)
{
    return fn_return_int(out, (int64_t)standing_of(ec, state).different_before + 1);
}
RESULT(hypothetical_percent_rank_result)
{
    const struct ordered_set *o = state;
    return fn_return_float(out, o->values.n == 0 ? 0 : (double)standing_of(ec, o).before / (double)o->values.n);
}
RESULT(hypothetical_cume_dist_result)
{
    const struct ordered_set *o = state;
    struct standing s = standing_of(ec, o);
    return fn_return_float(out, (double)(s.before + s.peers + 1) / (double)(o->values.n + 1));
}

#define HYPOTHETICAL_AGGREGATE(name)                                                                          \
    static const struct fn_aggregate name##_aggregate = {sizeof(struct ordered_set), hypothetical_accumulate, \
                                                         name##_result, NULL, NULL}
HYPOTHETICAL_AGGREGATE(hypothetical_rank);
HYPOTHETICAL_AGGREGATE(hypothetical_dense_rank);
HYPOTHETICAL_AGGREGATE(hypothetical_percent_rank);
HYPOTHETICAL_AGGREGATE(hypothetical_cume_dist);

static const struct fn_row rows[] = {
#include "sql/functions/aggregates_collect.def"
};
const struct fn_family fn_family_aggregates_collect = {"AGGREGATE", rows, ARRAY_LEN(rows)};
