// Array operators and functions, and what turns arrays and ranges into rows: unnest(), generate_series().
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/decimal.h"

static struct array open_arg(const struct eval_context *ec, const struct datum *args, int i)
{
    return array_open(fn_arg_type(ec, i), args[i].s);
}

static bool equal_or_both_null(struct type t, struct datum a, struct datum b)
{
    return a.null || b.null ? a.null && b.null : datum_compare(t, &a, &b) == 0;
}

// ---- operators

static int check_has_array(struct type element, struct err *err)
{
    if (type_has_array(element))
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "arrays of %s are not supported", type_family_name(element));
}

BODY(concat)
{
    if (args[0].null || args[1].null) {
        *out = args[0].null ? args[1] : args[0];
        return 0;
    }
    return fn_return_str(out, array_concat(ec->arena, fn_result_type(ec), args[0].s, args[1].s));
}

BODY(append)
{
    TRY(check_has_array(type_element(fn_result_type(ec)), err));
    struct str base = args[0].null ? array_build(ec->arena, type_element(fn_result_type(ec)), NULL, 0) : args[0].s;
    return fn_return_str(out, array_append(ec->arena, fn_result_type(ec), base, args[1]));
}
BODY(prepend)
{
    TRY(check_has_array(type_element(fn_result_type(ec)), err));
    struct str base = args[1].null ? array_build(ec->arena, type_element(fn_result_type(ec)), NULL, 0) : args[1].s;
    return fn_return_str(out, array_prepend(ec->arena, fn_result_type(ec), args[0], base));
}

static bool array_has(const struct array *a, struct datum item)
{
    for (uint32_t i = 0; i < a->count; i++) {
        struct datum d = array_get(a, i);
        if (!d.null && !item.null && datum_compare(a->element, &d, &item) == 0)
            return true;
    }
    return false;
}

static bool array_includes(const struct array *a, const struct array *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (!array_has(a, array_get(b, i)))
            return false;
    }
    return true;
}

BODY(contains)
{
    struct array a = open_arg(ec, args, 0), b = open_arg(ec, args, 1);
    return fn_return_bool(out, array_includes(&a, &b));
}
BODY(contained_by)
{
    struct array a = open_arg(ec, args, 0), b = open_arg(ec, args, 1);
    return fn_return_bool(out, array_includes(&b, &a));
}
BODY(overlaps)
{
    struct array a = open_arg(ec, args, 0), b = open_arg(ec, args, 1);
    for (uint32_t i = 0; i < b.count; i++) {
        if (array_has(&a, array_get(&b, i)))
            return fn_return_bool(out, true);
    }
    return fn_return_bool(out, false);
}

// ---- functions

BODY(length)
{
    struct array a = open_arg(ec, args, 0);
    return args[1].i == 1 && a.count > 0 ? fn_return_int(out, a.count) : fn_return_null(out);
}
// int2vector and oidvector count from 0.
static int64_t lower_bound(struct type t)
{
    return t.oid == TYPE_OID_INT2VECTOR || t.oid == TYPE_OID_OIDVECTOR ? 0 : 1;
}
BODY(lower)
{
    struct array a = open_arg(ec, args, 0);
    return args[1].i == 1 && a.count > 0 ? fn_return_int(out, lower_bound(fn_arg_type(ec, 0))) : fn_return_null(out);
}
BODY(upper)
{
    struct array a = open_arg(ec, args, 0);
    return args[1].i == 1 && a.count > 0 ? fn_return_int(out, a.count - 1 + lower_bound(fn_arg_type(ec, 0)))
                                         : fn_return_null(out);
}
BODY(array_ndims)
{
    struct array a = open_arg(ec, args, 0);
    return a.count > 0 ? fn_return_int(out, 1) : fn_return_null(out);
}
BODY(array_dims)
{
    struct array a = open_arg(ec, args, 0);
    if (a.count == 0)
        return fn_return_null(out);
    return fn_return_str(out, arena_printf(ec->arena, "[1:%u]", a.count));
}
BODY(trim_array)
{
    struct array a = open_arg(ec, args, 0);
    if (args[1].i < 0 || args[1].i > a.count)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "number of elements to trim must be between 0 and %u", a.count);
    uint32_t n = a.count - (uint32_t)args[1].i;
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, n + 1);
    for (uint32_t i = 0; i < n; i++)
        items[i] = array_get(&a, i);
    return fn_return_str(out, array_build(ec->arena, a.element, items, n));
}
BODY(array_fill)
{
    if (args[1].null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "dimension array or low bound array cannot be null");
    struct array dimensions = open_arg(ec, args, 1);
    if (dimensions.count > 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: nested arrays");
    struct datum n = dimensions.count == 0 ? datum_int(0) : array_get(&dimensions, 0);
    if (n.null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "dimension values cannot be null");
    if (n.i < 0 || n.i > FN_STRING_BYTES_MAX / 16)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed");
    TRY(check_has_array(fn_arg_type(ec, 0), err));
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, (size_t)n.i + 1);
    for (int64_t i = 0; i < n.i; i++)
        items[i] = args[0];
    return fn_return_str(out, array_build(ec->arena, fn_arg_type(ec, 0), items, (uint32_t)n.i));
}
BODY(cardinality)
{
    return fn_return_int(out, open_arg(ec, args, 0).count);
}

BODY(position)
{
    if (args[0].null)
        return fn_return_null(out);
    struct array a = open_arg(ec, args, 0);
    int64_t from = n_args > 2 && !args[2].null ? MAX(args[2].i, 1) : 1;
    for (int64_t i = from - 1; i < a.count; i++) {
        if (equal_or_both_null(a.element, array_get(&a, (uint32_t)i), args[1]))
            return fn_return_int(out, i + 1);
    }
    return fn_return_null(out);
}
BODY(positions)
{
    if (args[0].null)
        return fn_return_null(out);
    struct array a = open_arg(ec, args, 0);
    struct datum *found = ARENA_ARRAY(ec->arena, struct datum, a.count);
    uint32_t n = 0;
    for (uint32_t i = 0; i < a.count; i++) {
        if (equal_or_both_null(a.element, array_get(&a, i), args[1]))
            found[n++] = datum_int(i + 1);
    }
    return fn_return_str(out, array_build(ec->arena, T_INT8, found, n));
}
BODY(remove_item)
{
    if (args[0].null)
        return fn_return_null(out);
    struct array a = open_arg(ec, args, 0);
    struct datum *kept = ARENA_ARRAY(ec->arena, struct datum, a.count);
    uint32_t n = 0;
    for (uint32_t i = 0; i < a.count; i++) {
        kept[n] = array_get(&a, i);
        n += !equal_or_both_null(a.element, kept[n], args[1]);
    }
    return fn_return_str(out, array_build(ec->arena, a.element, kept, n));
}
BODY(replace_item)
{
    if (args[0].null)
        return fn_return_null(out);
    struct array a = open_arg(ec, args, 0);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, a.count);
    for (uint32_t i = 0; i < a.count; i++) {
        items[i] = array_get(&a, i);
        if (equal_or_both_null(a.element, items[i], args[1]))
            items[i] = args[2];
    }
    return fn_return_str(out, array_build(ec->arena, a.element, items, a.count));
}

BODY(to_string)
{
    if (args[0].null || args[1].null)
        return fn_return_null(out);
    struct array a = open_arg(ec, args, 0);
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    bool any = false;
    for (uint32_t i = 0; i < a.count; i++) {
        struct datum d = array_get(&a, i);
        if (d.null && (n_args < 3 || args[2].null))
            continue;
        if (any)
            buf_str(&b, args[1].s);
        any = true;
        if (d.null)
            buf_str(&b, args[2].s);
        else
            datum_print(&b, a.element, d, ec->vc);
    }
    return fn_return_buf(ec, &b, out, err);
}

// Pieces of a string as array elements: by separator, or by character when it is NULL.
typedef int add_piece(void *arg, struct datum piece, struct err *err);

static int split_string(const struct datum *args, int n_args, add_piece *add, void *arg, struct err *err)
{
    struct str s = args[0].s;
    for (size_t at = 0, more = s.len > 0; more;) {
        size_t end = at;
        ptrdiff_t next = -1;
        if (args[1].null)
            utf8_next(s, &end);
        else if (args[1].s.len > 0)
            next = str_find(s, args[1].s, at);
        if (!args[1].null)
            end = next < 0 ? s.len : (size_t)next;
        struct str piece = str_slice(s, at, end);
        bool is_null = n_args > 2 && !args[2].null && str_eq(piece, args[2].s);
        TRY(add(arg, is_null ? DATUM_NULL : datum_str(piece), err));
        at = args[1].null ? end : end + args[1].s.len;
        more = args[1].null ? at < s.len : next >= 0;
    }
    return 0;
}

struct pieces {
    struct arena *arena;
    ARENA_VEC(struct datum) items;
};

static int keep_piece(void *arg, struct datum piece, struct err *err)
{
    struct pieces *list = arg;
    ARENA_PUSH(list->arena, &list->items, piece);
    return 0;
}

BODY(string_to_array)
{
    struct pieces list = {.arena = ec->arena};
    if (args[0].null)
        return fn_return_null(out);
    TRY(split_string(args, n_args, keep_piece, &list, err));
    return fn_return_str(out, array_build(ec->arena, T_STRING, list.items.ptr, (uint32_t)list.items.len));
}

static int emit_piece(void *arg, struct datum piece, struct err *err)
{
    struct fn_emit *emit = arg;
    return emit->row(emit, &piece, err);
}

static int string_to_table(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                           struct err *err)
{
    return args[0].null ? 0 : split_string(args, n_args, emit_piece, emit, err);
}

// ---- rows of arrays

static int unnest(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit, struct err *err)
{
    struct array a = open_arg(ec, args, 0);
    for (uint32_t i = 0; i < a.count; i++) {
        struct datum row = array_get(&a, i);
        TRY(emit->row(emit, &row, err));
    }
    return 0;
}

static int expand_array(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                        struct err *err)
{
    struct array a = open_arg(ec, args, 0);
    for (uint32_t i = 0; i < a.count; i++) {
        struct datum row[2] = {array_get(&a, i), datum_int(i + 1)};
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

static int generate_subscripts(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                               struct err *err)
{
    struct array a = open_arg(ec, args, 0);
    bool reverse = n_args > 2 && args[2].b;
    int64_t low = lower_bound(fn_arg_type(ec, 0));
    for (uint32_t i = 0; i < a.count && (n_args < 2 || args[1].i == 1); i++) {
        struct datum row = datum_int(low + (reverse ? a.count - 1 - i : i));
        TRY(emit->row(emit, &row, err));
    }
    return 0;
}

// ---- series

static int fault_zero_step(struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "step cannot be 0");
}

static int series_int(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    int64_t v = args[0].i, last = args[1].i, step = n_args > 2 ? args[2].i : 1;
    if (step == 0)
        return fault_zero_step(err);
    while (step > 0 ? v <= last : v >= last) {
        struct datum row = datum_int(v);
        TRY(emit->row(emit, &row, err));
        if (__builtin_add_overflow(v, step, &v))
            break;
    }
    return 0;
}

static int series_decimal(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                          struct err *err)
{
    struct decimal v = decimal_of(args[0]), last = decimal_of(args[1]);
    struct decimal step = n_args > 2 ? decimal_of(args[2]) : decimal_from_i64(1);
    int sign = decimal_sign(&step);
    if (v.form != DECIMAL_FINITE || last.form != DECIMAL_FINITE || step.form != DECIMAL_FINITE)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "bounds and step of a series must be finite");
    if (sign == 0)
        return fault_zero_step(err);
    while (decimal_compare(&v, &last) * sign <= 0) {
        struct datum row = datum_decimal(ec->arena, &v);
        TRY(emit->row(emit, &row, err));
        struct decimal next;
        TRY(decimal_add(ec->arena, &v, &step, &next, err));
        v = next;
    }
    return 0;
}

// Steps are counted from the start, so that month ends do not drift.
static int series_time(const struct datum *args, const struct zone *z, struct fn_emit *emit, struct err *err)
{
    int sign = interval_compare(args[2].iv, (struct interval){0});
    if (sign == 0)
        return fault_zero_step(err);
    int64_t v = args[0].i;
    for (int64_t i = 1; sign > 0 ? v <= args[1].i : v >= args[1].i; i++) {
        struct datum row = datum_int(v);
        TRY(emit->row(emit, &row, err));
        struct interval distance;
        TRY(interval_mul_int(args[2].iv, i, &distance, err));
        TRY(timestamp_add(args[0].i, distance, z, &v, err));
    }
    return 0;
}
static int series_timestamp(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                            struct err *err)
{
    return series_time(args, NULL, emit, err);
}
static int series_timestamptz(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                              struct err *err)
{
    return series_time(args, fn_zone(ec), emit, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/array.def"
};
const struct fn_family fn_family_array = {"ARRAY", rows, ARRAY_LEN(rows)};
