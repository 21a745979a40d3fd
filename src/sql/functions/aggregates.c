// Aggregates over single values: count, sums, averages, extremes, booleans and bits. Fixed-size states, no allocation
// per row except for a new extreme of a string.
#include "sql/functions/aggregate_int.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include <math.h>

// ---- count

ACCUMULATE(count_rows_accumulate)
{
    for (uint32_t k = 0; k < n; k++)
        ++*(int64_t *)states[k];
    return 0;
}

ACCUMULATE(count_accumulate)
{
    if (!args[0]->has_nulls)
        return count_rows_accumulate(ec, arena, states, args, n_args, sel, n, err);
    EACH_VALUE (k, r)
        ++*(int64_t *)states[k];
    return 0;
}

ACCUMULATE(count_rows_remove)
{
    for (uint32_t k = 0; k < n; k++)
        --*(int64_t *)states[k];
    return 0;
}

ACCUMULATE(count_remove)
{
    if (!args[0]->has_nulls)
        return count_rows_remove(ec, arena, states, args, n_args, sel, n, err);
    EACH_VALUE (k, r)
        --*(int64_t *)states[k];
    return 0;
}

RESULT(count_result)
{
    return fn_return_int(out, *(const int64_t *)state);
}

SAVE(count_save)
{
    buf_append(out, state, sizeof(int64_t));
}

LOAD(count_load)
{
    int64_t saved_count = 0;
    TRY(aggregate_read(&saved_count, sizeof(saved_count), saved, err));
    *(int64_t *)state += saved_count;
    return 0;
}

static const struct fn_aggregate count_rows_aggregate = {
    sizeof(int64_t), count_rows_accumulate, count_result, count_save, count_load, count_rows_remove};
static const struct fn_aggregate count_aggregate = {sizeof(int64_t), count_accumulate, count_result,
                                                    count_save,      count_load,       count_remove};

// ---- sum and average of INT: a 128-bit sum cannot overflow

struct int_sum {
    uint64_t lo;
    int64_t hi;
    int64_t count;
};

static inline void int_sum_add(struct int_sum *s, uint64_t lo, int64_t hi)
{
    s->hi += hi + __builtin_add_overflow(s->lo, lo, &s->lo);
}

static inline void int_sum_merge(struct int_sum *into, const struct int_sum *from)
{
    int_sum_add(into, from->lo, from->hi);
    into->count += from->count;
}

ACCUMULATE(int_sum_accumulate)
{
    const int64_t *values = args[0]->i;
    uint32_t mask = args[0]->mask;
    struct int_sum run = {0}; // consecutive rows of one group add up in registers
    struct int_sum *group = n > 0 ? states[0] : NULL;
    EACH_VALUE (k, r) {
        if (states[k] != group) {
            int_sum_merge(group, &run);
            run = (struct int_sum){0};
            group = states[k];
        }
        int64_t v = values[r & mask];
        int_sum_add(&run, (uint64_t)v, v >> 63);
        run.count++;
    }
    if (group != NULL)
        int_sum_merge(group, &run);
    return 0;
}

ACCUMULATE(int_sum_remove)
{
    EACH_VALUE (k, r) {
        struct int_sum *s = states[k];
        int64_t v = args[0]->i[r & args[0]->mask];
        int_sum_add(s, -(uint64_t)v, ~(v >> 63) + (v == 0));
        s->count--;
    }
    return 0;
}

static struct decimal int_sum_total(const struct int_sum *s)
{
    struct decimal d = {.lo = s->lo, .hi = (uint64_t)s->hi, .negative = s->hi < 0};
    if (d.negative) {
        d.hi = ~d.hi + (d.lo == 0);
        d.lo = -d.lo;
    }
    return d;
}

RESULT(int_sum_result)
{
    const struct int_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    struct decimal total = int_sum_total(s);
    *out = datum_decimal(ec->arena, &total);
    return 0;
}

RESULT(int_avg_result)
{
    const struct int_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    struct decimal total = int_sum_total(s), count = decimal_from_i64(s->count), average;
    TRY(decimal_quo(ec->arena, &total, &count, &average, err));
    *out = datum_decimal(ec->arena, &average);
    return 0;
}

// sum_int(): INT result, 22003 when it does not fit.
RESULT(sum_int_result)
{
    const struct int_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    if (s->hi != (int64_t)s->lo >> 63)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return fn_return_int(out, (int64_t)s->lo);
}

SAVE(int_sum_save)
{
    buf_append(out, state, sizeof(struct int_sum));
}

LOAD(int_sum_load)
{
    struct int_sum from;
    TRY(aggregate_read(&from, sizeof(from), saved, err));
    int_sum_merge(state, &from);
    return 0;
}

#define INT_SUM(name, result)                                                                    \
    static const struct fn_aggregate name = {sizeof(struct int_sum), int_sum_accumulate, result, \
                                             int_sum_save,           int_sum_load,       int_sum_remove}
INT_SUM(sum_of_int, int_sum_result);
INT_SUM(avg_of_int, int_avg_result);
INT_SUM(sum_int_of_int, sum_int_result);

// ---- FLOAT

struct float_sum {
    double sum;
    int64_t count;
};

ACCUMULATE(float_sum_accumulate)
{
    EACH_VALUE (k, r) {
        struct float_sum *s = states[k];
        s->sum += args[0]->f[r & args[0]->mask];
        s->count++;
    }
    return 0;
}

RESULT(float_sum_result)
{
    const struct float_sum *s = state;
    return s->count == 0 ? fn_return_null(out) : fn_return_float(out, s->sum);
}

RESULT(float_avg_result)
{
    const struct float_sum *s = state;
    return s->count == 0 ? fn_return_null(out) : fn_return_float(out, s->sum / (double)s->count);
}

SAVE(float_sum_save)
{
    buf_append(out, state, sizeof(struct float_sum));
}

LOAD(float_sum_load)
{
    struct float_sum from, *into = state;
    TRY(aggregate_read(&from, sizeof(from), saved, err));
    into->sum += from.sum;
    into->count += from.count;
    return 0;
}

static const struct fn_aggregate sum_of_float = {sizeof(struct float_sum), float_sum_accumulate, float_sum_result,
                                                 float_sum_save, float_sum_load};
static const struct fn_aggregate avg_of_float = {sizeof(struct float_sum), float_sum_accumulate, float_avg_result,
                                                 float_sum_save, float_sum_load};

// ---- DECIMAL

ACCUMULATE(decimal_sum_accumulate)
{
    EACH_VALUE (k, r) {
        struct decimal v = decimal_decode(args[0]->s[r & args[0]->mask]);
        TRY(decimal_sum_add(arena, states[k], &v, err));
    }
    return 0;
}

RESULT(decimal_sum_result)
{
    const struct decimal_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    struct decimal total;
    TRY(decimal_sum_total(ec->arena, s, &total, err));
    *out = datum_decimal(ec->arena, &total);
    return 0;
}

RESULT(decimal_avg_result)
{
    const struct decimal_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    struct decimal average;
    TRY(decimal_sum_average(ec->arena, s, &average, err));
    *out = datum_decimal(ec->arena, &average);
    return 0;
}

static const struct fn_aggregate sum_of_decimal = {sizeof(struct decimal_sum), decimal_sum_accumulate,
                                                   decimal_sum_result, NULL, NULL};
static const struct fn_aggregate avg_of_decimal = {sizeof(struct decimal_sum), decimal_sum_accumulate,
                                                   decimal_avg_result, NULL, NULL};

// ---- INTERVAL

struct interval_sum {
    struct interval sum;
    int64_t count;
};

ACCUMULATE(interval_sum_accumulate)
{
    EACH_VALUE (k, r) {
        struct interval_sum *s = states[k];
        TRY(interval_add(s->sum, args[0]->iv[r & args[0]->mask], &s->sum, err));
        s->count++;
    }
    return 0;
}

RESULT(interval_sum_result)
{
    const struct interval_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    *out = (struct datum){.iv = s->sum};
    return 0;
}

RESULT(interval_avg_result)
{
    const struct interval_sum *s = state;
    if (s->count == 0)
        return fn_return_null(out);
    *out = (struct datum){0};
    return interval_div_int(s->sum, s->count, &out->iv, err);
}

SAVE(interval_sum_save)
{
    buf_append(out, state, sizeof(struct interval_sum));
}

LOAD(interval_sum_load)
{
    struct interval_sum from, *into = state;
    TRY(aggregate_read(&from, sizeof(from), saved, err));
    into->count += from.count;
    return interval_add(into->sum, from.sum, &into->sum, err);
}

static const struct fn_aggregate sum_of_interval = {sizeof(struct interval_sum), interval_sum_accumulate,
                                                    interval_sum_result, interval_sum_save, interval_sum_load};
static const struct fn_aggregate avg_of_interval = {sizeof(struct interval_sum), interval_sum_accumulate,
                                                    interval_avg_result, interval_sum_save, interval_sum_load};

// ---- extremes

struct extreme {
    struct datum value;
    size_t cap; // bytes owned behind value.s
    bool seen;
};

static void extreme_keep(struct arena *arena, struct extreme *e, enum physical physical, struct datum d)
{
    e->seen = true;
    if (physical != PHYSICAL_STR) {
        e->value = d;
        return;
    }
    char *owned = (char *)(uintptr_t)e->value.s.ptr;
    if (e->cap < d.s.len || owned == NULL) {
        e->cap = d.s.len * 2 + 16;
        owned = arena_alloc(arena, e->cap);
    }
    memmove(owned, d.s.ptr, d.s.len);
    e->value = datum_str((struct str){owned, d.s.len});
}

static void extremes(struct arena *arena, void *const *states, const struct vec *v, const uint16_t *sel, uint32_t n,
                     int direction)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t r = sel != NULL ? sel[k] : k;
        if (vec_is_null(v, r))
            continue;
        struct extreme *e = states[k];
        struct datum d = vec_get(v, r);
        if (!e->seen || datum_compare(v->type, &d, &e->value) * direction > 0)
            extreme_keep(arena, e, v->physical, d);
    }
}

#define EXTREME_OF_I64(name, op)                                                                \
    static void name(void *const *states, const struct vec *v, const uint16_t *sel, uint32_t n) \
    {                                                                                           \
        for (uint32_t k = 0; k < n; k++) {                                                      \
            uint32_t r = sel != NULL ? sel[k] : k;                                              \
            if (vec_is_null(v, r))                                                              \
                continue;                                                                       \
            struct extreme *e = states[k];                                                      \
            int64_t x = v->i[r & v->mask];                                                      \
            if (!e->seen || x op e->value.i) {                                                  \
                e->seen = true;                                                                 \
                e->value.i = x;                                                                 \
            }                                                                                   \
        }                                                                                       \
    }
EXTREME_OF_I64(min_of_i64, <)
EXTREME_OF_I64(max_of_i64, >)

ACCUMULATE(min_accumulate)
{
    if (args[0]->physical == PHYSICAL_I64)
        min_of_i64(states, args[0], sel, n);
    else
        extremes(arena, states, args[0], sel, n, -1);
    return 0;
}

ACCUMULATE(max_accumulate)
{
    if (args[0]->physical == PHYSICAL_I64)
        max_of_i64(states, args[0], sel, n);
    else
        extremes(arena, states, args[0], sel, n, 1);
    return 0;
}

ACCUMULATE(any_value_accumulate)
{
    EACH_VALUE (k, r) {
        struct extreme *e = states[k];
        if (!e->seen)
            extreme_keep(arena, e, args[0]->physical, vec_get(args[0], r));
    }
    return 0;
}

RESULT(extreme_result)
{
    const struct extreme *e = state;
    if (!e->seen)
        return fn_return_null(out);
    *out = e->value;
    return 0;
}

static const struct fn_aggregate min_aggregate = {sizeof(struct extreme), min_accumulate, extreme_result, NULL, NULL};
static const struct fn_aggregate any_value_aggregate = {sizeof(struct extreme), any_value_accumulate, extreme_result,
                                                        NULL, NULL};
static const struct fn_aggregate max_aggregate = {sizeof(struct extreme), max_accumulate, extreme_result, NULL, NULL};

// ---- booleans and bits: one int64 and whether a value was seen

struct folded {
    int64_t value;
    bool seen;
};

#define FOLD(name, member, op)                                         \
    static inline void name##_add(struct folded *f, int64_t v)         \
    {                                                                  \
        f->value = f->seen ? (int64_t)(f->value op v) : v;             \
        f->seen = true;                                                \
    }                                                                  \
    ACCUMULATE(name##_accumulate)                                      \
    {                                                                  \
        EACH_VALUE (k, r)                                              \
            name##_add(states[k], args[0]->member[r & args[0]->mask]); \
        return 0;                                                      \
    }                                                                  \
    LOAD(name##_load)                                                  \
    {                                                                  \
        struct folded from;                                            \
        TRY(aggregate_read(&from, sizeof(from), saved, err));          \
        if (from.seen)                                                 \
            name##_add(state, from.value);                             \
        return 0;                                                      \
    }

SAVE(folded_save)
{
    buf_append(out, state, sizeof(struct folded));
}

RESULT(folded_bool_result)
{
    const struct folded *f = state;
    return f->seen ? fn_return_bool(out, f->value != 0) : fn_return_null(out);
}

RESULT(folded_int_result)
{
    const struct folded *f = state;
    return f->seen ? fn_return_int(out, f->value) : fn_return_null(out);
}

FOLD(bool_and, b, &)
FOLD(bool_or, b, |)
FOLD(bit_and, i, &)
FOLD(bit_or, i, |)
FOLD(xor_agg, i, ^)

#define FOLDED(name, result)                                                                               \
    static const struct fn_aggregate name##_aggregate = {sizeof(struct folded), name##_accumulate, result, \
                                                         folded_save, name##_load}
FOLDED(bool_and, folded_bool_result);
FOLDED(bool_or, folded_bool_result);
FOLDED(bit_and, folded_int_result);
FOLDED(bit_or, folded_int_result);
FOLDED(xor_agg, folded_int_result);

static const struct fn_row rows[] = {
#include "sql/functions/aggregates.def"
};
const struct fn_family fn_family_aggregates = {"AGGREGATE", rows, ARRAY_LEN(rows)};
