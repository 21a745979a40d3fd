// What types and their modifiers say, and whether a text can be read as a type.
#include "sql/functions/functions_int.h"
#include "sql/functions/regtypes_int.h"
#include "catalog/catalog.h"
#include "types/tuple.h"

// ---- information_schema

static int return_or_null(struct datum *out, bool some, int64_t v)
{
    return some ? fn_return_int(out, v) : fn_return_null(out);
}

enum { CHARACTER_BYTES_MAX = 4, UNLIMITED_BYTES = 1 << 30, MODIFIER_HEADER = 4, MICROS_DIGITS = 6 };

static bool has_length(int64_t oid)
{
    return oid == TYPE_OID_VARCHAR || oid == TYPE_OID_BPCHAR;
}

BODY(char_max_length)
{
    int64_t oid = args[0].i, modifier = args[1].i;
    bool bits = oid == TYPE_OID_BIT || oid == TYPE_OID_VARBIT;
    return return_or_null(out, modifier != -1 && (bits || has_length(oid)),
                          bits ? modifier : modifier - MODIFIER_HEADER);
}
BODY(char_octet_length)
{
    int64_t oid = args[0].i, modifier = args[1].i;
    bool unlimited = modifier == -1 || oid == TYPE_OID_STRING;
    return return_or_null(out, oid == TYPE_OID_STRING || has_length(oid),
                          unlimited ? UNLIMITED_BYTES
                                    : (MIN(modifier, INT32_MAX) - MODIFIER_HEADER) * CHARACTER_BYTES_MAX);
}

static const struct number_type {
    uint32_t oid;
    int bits, radix;
} number_types[] = {
    {TYPE_OID_INT2, 16, 2},   {TYPE_OID_INT4, 32, 2},   {TYPE_OID_INT8, 64, 2},
    {TYPE_OID_FLOAT4, 24, 2}, {TYPE_OID_FLOAT8, 53, 2}, {TYPE_OID_DECIMAL, 0, 10},
};

static const struct number_type *number_type(int64_t oid)
{
    for (size_t i = 0; i < ARRAY_LEN(number_types); i++) {
        if (number_types[i].oid == oid)
            return &number_types[i];
    }
    return NULL;
}

BODY(numeric_precision)
{
    const struct number_type *t = number_type(args[0].i);
    if (t != NULL && t->radix == 10)
        return return_or_null(out, args[1].i != -1, (args[1].i - MODIFIER_HEADER) >> 16 & 0xFFFF);
    return return_or_null(out, t != NULL, t != NULL ? t->bits : 0);
}
BODY(numeric_radix)
{
    const struct number_type *t = number_type(args[0].i);
    return return_or_null(out, t != NULL, t != NULL ? t->radix : 0);
}
BODY(numeric_scale)
{
    int64_t oid = args[0].i;
    if (oid == TYPE_OID_INT2 || oid == TYPE_OID_INT4 || oid == TYPE_OID_INT8)
        return fn_return_int(out, 0);
    return return_or_null(out, oid == TYPE_OID_DECIMAL && args[1].i != -1, (args[1].i - MODIFIER_HEADER) & 0xFFFF);
}
BODY(datetime_precision)
{
    int64_t modifier = args[1].i;
    switch (args[0].i) {
    case TYPE_OID_DATE:
        return fn_return_int(out, 0);
    case TYPE_OID_TIME:
    case TYPE_OID_TIMETZ:
    case TYPE_OID_TIMESTAMP:
    case TYPE_OID_TIMESTAMPTZ:
        return fn_return_int(out, modifier < 0 ? MICROS_DIGITS : modifier);
    case TYPE_OID_INTERVAL:
        return fn_return_int(out, modifier < 0 || (modifier & 0xFFFF) == 0xFFFF ? MICROS_DIGITS : modifier & 0xFFFF);
    default:
        return fn_return_null(out);
    }
}

// The fields of an interval's modifier, as PostgreSQL has them: a bit for each in its upper half.
enum { FIELD_MONTH = 1 << 1, FIELD_YEAR = 1 << 2, FIELD_DAY = 1 << 3 };
enum { FIELD_HOUR = 1 << 10, FIELD_MINUTE = 1 << 11, FIELD_SECOND = 1 << 12 };
static const struct interval_fields {
    int bits;
    const char *name;
} interval_fields[] = {
    {FIELD_YEAR, "YEAR"},
    {FIELD_MONTH, "MONTH"},
    {FIELD_DAY, "DAY"},
    {FIELD_HOUR, "HOUR"},
    {FIELD_MINUTE, "MINUTE"},
    {FIELD_SECOND, "SECOND"},
    {FIELD_YEAR | FIELD_MONTH, "YEAR TO MONTH"},
    {FIELD_DAY | FIELD_HOUR, "DAY TO HOUR"},
    {FIELD_DAY | FIELD_HOUR | FIELD_MINUTE, "DAY TO MINUTE"},
    {FIELD_DAY | FIELD_HOUR | FIELD_MINUTE | FIELD_SECOND, "DAY TO SECOND"},
    {FIELD_HOUR | FIELD_MINUTE, "HOUR TO MINUTE"},
    {FIELD_HOUR | FIELD_MINUTE | FIELD_SECOND, "HOUR TO SECOND"},
    {FIELD_MINUTE | FIELD_SECOND, "MINUTE TO SECOND"},
};

BODY(interval_type)
{
    int64_t bits = args[0].i == TYPE_OID_INTERVAL && args[1].i >= 0 ? args[1].i >> 16 & 0x7FFF : 0;
    for (size_t i = 0; i < ARRAY_LEN(interval_fields); i++) {
        if (interval_fields[i].bits == bits)
            return fn_return_str(out, str_of(interval_fields[i].name));
    }
    return fn_return_null(out);
}

// The n-th field of a row of pg_attribute, counted from 1.
static int attribute_field(struct eval_context *ec, struct str row, uint32_t n, struct datum *out, struct err *err)
{
    struct tuple_field f;
    if (!tuple_get(fn_arg_type(ec, 0), row, n - 1, &f) || type_physical(f.type) != PHYSICAL_I64)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the argument is no row of pg_attribute");
    *out = f.value;
    return 0;
}

BODY(true_type)
{
    enum { ATTTYPID = 3 };
    return attribute_field(ec, args[0].s, ATTTYPID, out, err);
}
BODY(true_modifier)
{
    enum { ATTTYPMOD = 9 };
    return attribute_field(ec, args[0].s, ATTTYPMOD, out, err);
}

// ---- reading

// "(10,2)" behind a name: the numbers. False when it is not that.
static bool read_modifiers(struct str text, int64_t numbers[2], size_t *n)
{
    *n = 0;
    while (*n < 2) {
        ptrdiff_t comma = str_find(text, STR(","), 0);
        size_t end = comma < 0 ? text.len : (size_t)comma;
        if (!str_to_i64(str_trim(str_slice(text, 0, end)), &numbers[(*n)++]))
            return false;
        if (comma < 0)
            return true;
        text = str_slice(text, end + 1, text.len);
    }
    return false;
}

static void set_modifiers(struct type *t, const int64_t numbers[2], size_t n)
{
    t->width = (int32_t)MAX(MIN(numbers[0], INT32_MAX / 4), 0);
    if (type_is(*t, TYPE_DECIMAL) && n > 1)
        t->scale = (int16_t)MAX(MIN(numbers[1], INT16_MAX), 0);
}

// The type of a name as SQL has it: varchar(3), timestamp(0) with time zone.
static int named_type(struct eval_context *ec, struct str text, struct type *out, struct err *err)
{
    struct str name = text;
    int64_t oid, numbers[2];
    size_t n = 0;
    bool found = false, readable = true;
    ptrdiff_t open = str_find(text, STR("("), 0), close = str_find(text, STR(")"), 0);
    if (open > 0 && close > open) {
        readable = read_modifiers(str_slice(text, (size_t)open + 1, (size_t)close), numbers, &n);
        struct str rest = str_slice(text, (size_t)close + 1, text.len);
        name = arena_printf(ec->arena, "%.*s%.*s", (int)open, text.ptr, STR_FMT(rest));
    }
    if (ec->catalog == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
    TRY(reg_parse(ec, T_REGTYPE, name, false, &found, &oid, err));
    if (found && readable)
        TRY(cat_type_of_oid(ec->catalog, (uint32_t)oid, out, &found, err));
    if (!found || !readable)
        return err_set(err, ERR_UNDEFINED_OBJECT, "type \"%.*s\" does not exist", STR_FMT(text));
    if (n > 0)
        set_modifiers(out, numbers, n);
    return 0;
}

// *fault tells why the text cannot be read.
static int try_input(struct eval_context *ec, const struct datum *args, bool *readable, struct err *fault,
                     struct err *err)
{
    struct type t;
    struct datum value;
    TRY(named_type(ec, args[1].s, &t, err));
    *readable = cast_datum(ec, T_STRING, t, false, args[0], &value, fault) == 0;
    return 0;
}

BODY(input_is_valid)
{
    bool readable;
    struct err fault = ERR_INIT;
    int rc = try_input(ec, args, &readable, &fault, err);
    err_reset(&fault);
    return rc != 0 ? rc : fn_return_bool(out, readable);
}

static int input_error_info(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                            struct err *err)
{
    bool readable;
    struct err fault = ERR_INIT;
    struct datum row[4] = {DATUM_NULL, DATUM_NULL, DATUM_NULL, DATUM_NULL};
    int rc = try_input(ec, args, &readable, &fault, err);
    const char *const texts[] = {fault.message, fault.detail, fault.hint};
    for (size_t i = 0; rc == 0 && !readable && i < ARRAY_LEN(texts); i++) {
        if (texts[i] != NULL)
            row[i] = datum_str(arena_str(ec->arena, str_of(texts[i])));
    }
    if (rc == 0 && !readable) {
        char state[6];
        err_sqlstate(fault.code, state);
        row[3] = datum_str(arena_str(ec->arena, str_of(state)));
    }
    err_reset(&fault);
    return rc != 0 ? rc : emit->row(emit, row, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/typmods.def"
};
const struct fn_family fn_family_typmods = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
