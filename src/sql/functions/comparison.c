// Comparison operators of all families. Mixed numbers compare by value; dates and times of different kinds compare as
// instants of the session's time zone; tuples and their NULLs follow SQL's three-valued rules.
#include "sql/functions/kernel_int.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/tuple.h"
#include "types/vector.h"
#include <math.h>

// ---- three-way comparisons of one pair

static inline int three_way(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

// NaN sorts before every number and equals itself.
static inline int compare_doubles(double a, double b)
{
    if (UNLIKELY(isnan(a) || isnan(b)))
        return isnan(b) - isnan(a);
    return (a > b) - (a < b);
}

static int compare_decimals(const struct decimal *a, const struct decimal *b)
{
    return decimal_compare(a, b);
}

static int compare_decimal_int(struct str x, int64_t y)
{
    struct decimal a = decimal_decode(x), b = decimal_from_i64(y);
    return compare_decimals(&a, &b);
}

static int compare_decimal_double(struct str x, double y)
{
    struct decimal a = decimal_decode(x), b = decimal_from_double(y, false);
    return compare_decimals(&a, &b);
}

static int64_t date_micros(int64_t date)
{
    int64_t micros;
    if (timestamp_from_date(date, &micros, NULL) != 0)
        return date < 0 ? INT64_MIN + 1 : INT64_MAX - 1; // finite, beyond every timestamp
    return micros;
}

static int compare_date_timestamp(int64_t date, int64_t ts)
{
    return three_way(date_micros(date), ts);
}

static int compare_date_timestamptz(struct eval_context *ec, int64_t date, int64_t ts)
{
    return three_way(zone_to_utc(fn_zone(ec), date_micros(date)), ts);
}

static int compare_timestamp_timestamptz(struct eval_context *ec, int64_t a, int64_t b)
{
    return three_way(zone_to_utc(fn_zone(ec), a), b);
}

static int compare_time_timetz(struct eval_context *ec, int64_t time, struct str tz)
{
    struct timetz a = {.micros = time, .seconds_east = zone_offset_at(fn_zone(ec), ec->txn_micros)};
    return timetz_compare(a, timetz_decode(tz));
}

// ---- the six operators from one three-way comparison `c` of args[0] and args[1]

#define SIX(name, c)                          \
    BODY(name##_eq)                           \
    {                                         \
        return fn_return_bool(out, (c) == 0); \
    }                                         \
    BODY(name##_ne)                           \
    {                                         \
        return fn_return_bool(out, (c) != 0); \
    }                                         \
    BODY(name##_lt)                           \
    {                                         \
        return fn_return_bool(out, (c) < 0);  \
    }                                         \
    BODY(name##_le)                           \
    {                                         \
        return fn_return_bool(out, (c) <= 0); \
    }                                         \
    BODY(name##_gt)                           \
    {                                         \
        return fn_return_bool(out, (c) > 0);  \
    }                                         \
    BODY(name##_ge)                           \
    {                                         \
        return fn_return_bool(out, (c) >= 0); \
    }

SIX(bool, (int)args[0].b - (int)args[1].b)
SIX(int, three_way(args[0].i, args[1].i))
SIX(float, compare_doubles(args[0].f, args[1].f))
SIX(decimal, datum_compare(T_DECIMAL, &args[0], &args[1]))
SIX(int_float, compare_doubles((double)args[0].i, args[1].f))
SIX(float_int, compare_doubles(args[0].f, (double)args[1].i))
SIX(decimal_int, compare_decimal_int(args[0].s, args[1].i))
SIX(int_decimal, -compare_decimal_int(args[1].s, args[0].i))
SIX(decimal_float, compare_decimal_double(args[0].s, args[1].f))
SIX(float_decimal, -compare_decimal_double(args[1].s, args[0].f))
SIX(bytes, str_cmp(args[0].s, args[1].s)) // STRING, BYTES, UUID, INET, TSQUERY: bytewise
SIX(interval, interval_compare(args[0].iv, args[1].iv))
SIX(timetz, datum_compare(T_TIMETZ, &args[0], &args[1]))
SIX(jsonb, datum_compare(T_JSONB, &args[0], &args[1]))
SIX(collated, datum_compare(fn_arg_type(ec, 0), &args[0], &args[1]))
SIX(tsvector, datum_compare(T_TSVECTOR, &args[0], &args[1]))
SIX(vector, vector_compare(args[0].s, args[1].s))
SIX(bit, datum_compare(T_VARBIT, &args[0], &args[1]))
SIX(array, datum_compare(fn_arg_type(ec, 0), &args[0], &args[1]))
SIX(date_timestamp, compare_date_timestamp(args[0].i, args[1].i))
SIX(timestamp_date, -compare_date_timestamp(args[1].i, args[0].i))
SIX(date_timestamptz, compare_date_timestamptz(ec, args[0].i, args[1].i))
SIX(timestamptz_date, -compare_date_timestamptz(ec, args[1].i, args[0].i))
SIX(timestamp_timestamptz, compare_timestamp_timestamptz(ec, args[0].i, args[1].i))
SIX(timestamptz_timestamp, -compare_timestamp_timestamptz(ec, args[1].i, args[0].i))
SIX(time_timetz, compare_time_timetz(ec, args[0].i, args[1].s))
SIX(timetz_time, -compare_time_timetz(ec, args[1].i, args[0].s))

// ---- vector kernels

#define SIX_KERNELS(name, f)                    \
    KERNEL_BINARY(name##_eq_v, f, f, b, a == b) \
    KERNEL_BINARY(name##_ne_v, f, f, b, a != b) \
    KERNEL_BINARY(name##_lt_v, f, f, b, a < b)  \
    KERNEL_BINARY(name##_le_v, f, f, b, a <= b) \
    KERNEL_BINARY(name##_gt_v, f, f, b, a > b)  \
    KERNEL_BINARY(name##_ge_v, f, f, b, a >= b)
SIX_KERNELS(int, i) // INT, OID, DATE, TIME, TIMESTAMP, TIMESTAMPTZ
SIX_KERNELS(bool, b)

#define SIX_KERNELS_BY(macro, name, xf, yf, compare)                                               \
    macro(name##_eq_v, xf, yf, b, (compare) == 0) macro(name##_ne_v, xf, yf, b, (compare) != 0)    \
        macro(name##_lt_v, xf, yf, b, (compare) < 0) macro(name##_le_v, xf, yf, b, (compare) <= 0) \
            macro(name##_gt_v, xf, yf, b, (compare) > 0) macro(name##_ge_v, xf, yf, b, (compare) >= 0)
SIX_KERNELS_BY(KERNEL_BINARY, float, f, f, compare_doubles(a, b))
SIX_KERNELS_BY(KERNEL_BINARY, int_float, i, f, compare_doubles((double)a, b))
SIX_KERNELS_BY(KERNEL_BINARY, float_int, f, i, compare_doubles(a, (double)b))

KERNEL_BINARY_PTR(bytes_eq_v, s, s, b, str_eq(*a, *b))
KERNEL_BINARY_PTR(bytes_ne_v, s, s, b, !str_eq(*a, *b))
KERNEL_BINARY_PTR(bytes_lt_v, s, s, b, str_cmp(*a, *b) < 0)
KERNEL_BINARY_PTR(bytes_le_v, s, s, b, str_cmp(*a, *b) <= 0)
KERNEL_BINARY_PTR(bytes_gt_v, s, s, b, str_cmp(*a, *b) > 0)
KERNEL_BINARY_PTR(bytes_ge_v, s, s, b, str_cmp(*a, *b) >= 0)
SIX_KERNELS_BY(KERNEL_BINARY_PTR, decimal, s, s,
               datum_compare(T_DECIMAL, &(struct datum){.s = *a}, &(struct datum){.s = *b}))

// ---- tuples

// Fields of different types (ROW(1, 2) = ROW(1, 2.0)) compare as decimals or instants.
static int compare_fields(struct eval_context *ec, const struct tuple_field *a, const struct tuple_field *b, int *c,
                          struct err *err)
{
    struct type common = a->type;
    struct datum x = a->value, y = b->value;
    if (a->type.family != b->type.family) {
        bool numbers = type_is(a->type, TYPE_INT) || type_is(a->type, TYPE_FLOAT) || type_is(a->type, TYPE_DECIMAL);
        common = numbers ? T_DECIMAL : cast_allowed(a->type, b->type) == CAST_IMPLICIT ? b->type : a->type;
        if (cast_allowed(a->type, common) == CAST_NONE || cast_allowed(b->type, common) == CAST_NONE)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported comparison: %s to %s",
                           type_family_name(a->type), type_family_name(b->type));
        TRY(cast_datum(ec, a->type, common, false, x, &x, err));
        TRY(cast_datum(ec, b->type, common, false, y, &y, err));
    }
    *c = datum_compare(common, &x, &y);
    return 0;
}

static int check_tuple_lengths(struct str x, struct str y, struct err *err)
{
    if (tuple_count(x) == tuple_count(y))
        return 0;
    return err_set(err, ERR_DATATYPE_MISMATCH, "expected tuple of length %u, got tuple of length %u", tuple_count(x),
                   tuple_count(y));
}

// Sets *equal; *unknown when the answer depends on a NULL.
static int tuples_equal(struct eval_context *ec, struct str x, struct str y, bool *equal, bool *unknown,
                        struct err *err)
{
    TRY(check_tuple_lengths(x, y, err));
    struct tuple_field a, b;
    *equal = true;
    *unknown = false;
    struct tuple_reader i = tuple_open(fn_arg_type(ec, 0), x), j = tuple_open(fn_arg_type(ec, 1), y);
    while (tuple_next(&i, &a) && tuple_next(&j, &b)) {
        if (a.value.null || b.value.null) {
            *unknown = true;
            continue;
        }
        int c;
        TRY(compare_fields(ec, &a, &b, &c, err));
        if (c != 0) {
            *equal = false;
            *unknown = false;
            return 0;
        }
    }
    return 0;
}

// Order by the first fields that differ.
static int tuples_order(struct eval_context *ec, struct str x, struct str y, int *c, bool *unknown, struct err *err)
{
    TRY(check_tuple_lengths(x, y, err));
    struct tuple_field a, b;
    *c = 0;
    *unknown = false;
    struct tuple_reader i = tuple_open(fn_arg_type(ec, 0), x), j = tuple_open(fn_arg_type(ec, 1), y);
    while (*c == 0 && tuple_next(&i, &a) && tuple_next(&j, &b)) {
        if (a.value.null || b.value.null) {
            *unknown = true;
            return 0;
        }
        TRY(compare_fields(ec, &a, &b, c, err));
    }
    return 0;
}

BODY(tuple_eq)
{
    bool equal, unknown;
    TRY(tuples_equal(ec, args[0].s, args[1].s, &equal, &unknown, err));
    return unknown ? fn_return_null(out) : fn_return_bool(out, equal);
}

BODY(tuple_ne)
{
    bool equal, unknown;
    TRY(tuples_equal(ec, args[0].s, args[1].s, &equal, &unknown, err));
    return unknown ? fn_return_null(out) : fn_return_bool(out, !equal);
}

#define TUPLE_ORDER(name, op)                                               \
    BODY(name)                                                              \
    {                                                                       \
        int c;                                                              \
        bool unknown;                                                       \
        TRY(tuples_order(ec, args[0].s, args[1].s, &c, &unknown, err));     \
        return unknown ? fn_return_null(out) : fn_return_bool(out, c op 0); \
    }
TUPLE_ORDER(tuple_lt, <)
TUPLE_ORDER(tuple_le, <=)
TUPLE_ORDER(tuple_gt, >)
TUPLE_ORDER(tuple_ge, >=)

// ---- functions about NULL

BODY(num_nulls)
{
    int64_t nulls = 0;
    for (int i = 0; i < n_args; i++)
        nulls += args[i].null;
    return fn_return_int(out, nulls);
}

BODY(num_nonnulls)
{
    int64_t values = 0;
    for (int i = 0; i < n_args; i++)
        values += !args[i].null;
    return fn_return_int(out, values);
}

static const struct fn_row rows[] = {
#include "sql/functions/comparison.def"
};
const struct fn_family fn_family_comparison = {"COMPARISON", rows, ARRAY_LEN(rows)};
