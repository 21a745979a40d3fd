// Conversions between type families, one function per target.
#include "types/convert.h"
#include "types/array.h"
#include "types/bits.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/json.h"
#include "types/macaddr.h"
#include "types/types_int.h"
#include "types/vector.h"
#include <math.h>
#include <stdio.h>

struct conversion {
    struct arena *arena;
    struct type from, to;
    const struct value_context *vc;
    struct datum in;
    struct datum *out;
    struct err *err;
};

enum { NO_CONVERSION = -1 }; // never leaves this file

static int int_range(struct conversion *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
}

static int float_range(struct conversion *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "float out of range");
}

static int timestamp_range(struct conversion *c)
{
    return err_set(c->err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

static int parse_text(struct conversion *c)
{
    struct str text = c->in.s;
    if (c->to.family == TYPE_STRING || c->to.family == TYPE_UNKNOWN || c->to.family == TYPE_ANY) {
        c->out->s = text;
        return 0;
    }
    return datum_parse(c->arena, c->to, text, c->vc, c->out, c->err);
}

// JSON scalars become SQL ones; a JSON null becomes NULL (*done).
static int json_number(struct conversion *c, struct decimal *d, bool *done)
{
    struct str j = c->in.s;
    *done = json_kind(j) == JSON_NULL;
    if (*done)
        *c->out = DATUM_NULL;
    else if (json_kind(j) != JSON_NUMBER)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot cast jsonb %s to type %s", json_typeof(j),
                       type_family_name(c->to));
    *d = json_number_value(j);
    return 0;
}

static int decimal_to_int(struct conversion *c, const struct decimal *d)
{
    return decimal_to_i64(d, &c->out->i) ? 0 : int_range(c);
}

static int float_to_int(struct conversion *c, double v)
{
    v = rint(v); // half to even
    if (!(v > -0x1p63 && v < 0x1p63))
        return int_range(c);
    c->out->i = (int64_t)v;
    return 0;
}

static int to_int(struct conversion *c)
{
    struct decimal d;
    bool done;
    switch ((enum type_family)c->from.family) {
    case TYPE_BOOL:
        c->out->i = c->in.b;
        return 0;
    case TYPE_INT:
    case TYPE_OID:
        return 0;
    case TYPE_FLOAT:
        return float_to_int(c, c->in.f);
    case TYPE_DECIMAL:
        d = decimal_of(c->in);
        return decimal_to_int(c, &d);
    case TYPE_DATE:
        return datetime_is_infinite(c->in.i) ? int_range(c) : 0;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        if (datetime_is_infinite(c->in.i))
            return int_range(c);
        c->out->i = micros_floor_div(c->in.i, MICROS_PER_SECOND);
        return 0;
    case TYPE_INTERVAL:
        return float_to_int(c, trunc(interval_to_seconds(c->in.iv)));
    case TYPE_BIT:
        c->out->i = bits_to_i64(c->in.s);
        return 0;
    case TYPE_JSONB:
        TRY(json_number(c, &d, &done));
        return done ? 0 : decimal_to_int(c, &d);
    default:
        return NO_CONVERSION;
    }
}

static int to_bool(struct conversion *c)
{
    struct decimal d;
    switch ((enum type_family)c->from.family) {
    case TYPE_BOOL:
        return 0;
    case TYPE_INT:
        c->out->b = c->in.i != 0;
        return 0;
    case TYPE_FLOAT:
        c->out->b = c->in.f != 0;
        return 0;
    case TYPE_DECIMAL:
        d = decimal_of(c->in);
        c->out->b = decimal_sign(&d) != 0;
        return 0;
    case TYPE_JSONB: {
        enum json_kind kind = json_kind(c->in.s);
        if (kind == JSON_NULL)
            *c->out = DATUM_NULL;
        else if (kind == JSON_TRUE || kind == JSON_FALSE)
            c->out->b = kind == JSON_TRUE;
        else
            return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "cannot cast jsonb %s to type bool",
                           json_typeof(c->in.s));
        return 0;
    }
    default:
        return NO_CONVERSION;
    }
}

static int decimal_to_float(struct conversion *c, const struct decimal *d)
{
    return decimal_to_double(d, &c->out->f) ? 0 : float_range(c);
}

static int to_float(struct conversion *c)
{
    struct decimal d;
    bool done;
    switch ((enum type_family)c->from.family) {
    case TYPE_BOOL:
        c->out->f = c->in.b;
        return 0;
    case TYPE_INT:
        c->out->f = (double)c->in.i;
        return 0;
    case TYPE_FLOAT:
        return 0;
    case TYPE_DECIMAL:
        d = decimal_of(c->in);
        return decimal_to_float(c, &d);
    case TYPE_DATE:
        c->out->f = datetime_is_infinite(c->in.i) ? (c->in.i > 0 ? INFINITY : -INFINITY) : (double)c->in.i;
        return 0;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        c->out->f = datetime_is_infinite(c->in.i) ? (c->in.i > 0 ? INFINITY : -INFINITY) : (double)c->in.i / 1e6;
        return 0;
    case TYPE_INTERVAL:
        c->out->f = interval_to_seconds(c->in.iv);
        return 0;
    case TYPE_JSONB:
        TRY(json_number(c, &d, &done));
        return done ? 0 : decimal_to_float(c, &d);
    default:
        return NO_CONVERSION;
    }
}

static int to_decimal(struct conversion *c)
{
    struct decimal d;
    bool done = false;
    switch ((enum type_family)c->from.family) {
    case TYPE_BOOL:
        d = decimal_from_i64(c->in.b);
        break;
    case TYPE_INT:
        d = decimal_from_i64(c->in.i);
        break;
    case TYPE_FLOAT:
        d = decimal_from_double(c->in.f, c->from.width == 32);
        break;
    case TYPE_DECIMAL:
        return 0;
    case TYPE_DATE:
        if (datetime_is_infinite(c->in.i))
            return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "decimal out of range");
        d = decimal_from_i64(c->in.i);
        break;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        if (datetime_is_infinite(c->in.i))
            return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "decimal out of range");
        d = decimal_from_parts(c->in.i, -6);
        break;
    case TYPE_INTERVAL:
        d = decimal_from_double(interval_to_seconds(c->in.iv), false);
        break;
    case TYPE_JSONB:
        TRY(json_number(c, &d, &done));
        break;
    default:
        return NO_CONVERSION;
    }
    if (!done)
        *c->out = datum_decimal(c->arena, &d);
    return 0;
}

static int to_string(struct conversion *c)
{
    if (c->from.family == TYPE_BOOL) {
        c->out->s = c->in.b ? STR("true") : STR("false");
        return 0;
    }
    if (c->from.family == TYPE_STRING || c->from.family == TYPE_COLLATED || c->from.family == TYPE_UNKNOWN)
        return 0;
    struct buf text = BUF_INIT;
    datum_print(&text, c->from, c->in, c->vc);
    c->out->s = arena_str(c->arena, buf_view(&text));
    buf_release(&text);
    return 0;
}

static int to_bytes(struct conversion *c)
{
    return c->from.family == TYPE_BYTES || c->from.family == TYPE_UUID ? 0 : NO_CONVERSION;
}

static int to_uuid(struct conversion *c)
{
    if (c->from.family == TYPE_UUID)
        return 0;
    if (c->from.family != TYPE_BYTES)
        return NO_CONVERSION;
    if (c->in.s.len == 16)
        return 0;
    char cause[80];
    snprintf(cause, sizeof(cause), "uuid: UUID must be exactly 16 bytes long, got %zu bytes", c->in.s.len);
    return parse_error(c->err, c->in.s, c->to, cause);
}

static int to_date(struct conversion *c)
{
    switch ((enum type_family)c->from.family) {
    case TYPE_DATE:
        return 0;
    case TYPE_INT:
        return date_add_days(0, c->in.i, &c->out->i, c->err);
    case TYPE_TIMESTAMP:
        c->out->i = date_from_timestamp(c->in.i);
        return 0;
    case TYPE_TIMESTAMPTZ:
        c->out->i = date_from_timestamp(zone_to_local(c->vc->zone, c->in.i));
        return 0;
    default:
        return NO_CONVERSION;
    }
}

static int64_t time_of_day(int64_t micros)
{
    return micros - micros_floor_div(micros, MICROS_PER_DAY) * MICROS_PER_DAY;
}

static int to_time(struct conversion *c)
{
    switch ((enum type_family)c->from.family) {
    case TYPE_TIME:
        return 0;
    case TYPE_TIMETZ:
        c->out->i = timetz_decode(c->in.s).micros;
        return 0;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        if (datetime_is_infinite(c->in.i))
            return timestamp_range(c);
        c->out->i = time_of_day(c->from.family == TYPE_TIMESTAMP ? c->in.i : zone_to_local(c->vc->zone, c->in.i));
        return 0;
    case TYPE_INTERVAL:
        c->out->i = time_of_day(c->in.iv.micros);
        return 0;
    default:
        return NO_CONVERSION;
    }
}

static int to_timetz(struct conversion *c)
{
    struct timetz t;
    switch ((enum type_family)c->from.family) {
    case TYPE_TIMETZ:
        return 0;
    case TYPE_TIME:
        t = (struct timetz){c->in.i, zone_offset_at(c->vc->zone, c->vc->txn_now_micros)};
        break;
    case TYPE_TIMESTAMPTZ:
        if (datetime_is_infinite(c->in.i))
            return timestamp_range(c);
        t.seconds_east = zone_offset_at(c->vc->zone, c->in.i);
        t.micros = time_of_day(c->in.i + t.seconds_east * MICROS_PER_SECOND);
        break;
    default:
        return NO_CONVERSION;
    }
    c->out->s = timetz_encode(c->arena, t);
    return 0;
}

static int seconds_to_timestamp(struct conversion *c)
{
    if (__builtin_mul_overflow(c->in.i, MICROS_PER_SECOND, &c->out->i) || datetime_is_infinite(c->out->i))
        return timestamp_range(c);
    return timestamp_check(c->out->i, c->err);
}

static int to_timestamp(struct conversion *c)
{
    bool zoned = c->to.family == TYPE_TIMESTAMPTZ;
    switch ((enum type_family)c->from.family) {
    case TYPE_INT:
        return seconds_to_timestamp(c);
    case TYPE_DATE:
        TRY(timestamp_from_date(c->in.i, &c->out->i, c->err));
        c->out->i = zoned ? zone_to_utc(c->vc->zone, c->out->i) : c->out->i;
        return 0;
    case TYPE_TIMESTAMP:
        c->out->i = zoned ? zone_to_utc(c->vc->zone, c->in.i) : c->in.i;
        return 0;
    case TYPE_TIMESTAMPTZ:
        c->out->i = zoned ? c->in.i : zone_to_local(c->vc->zone, c->in.i);
        return 0;
    default:
        return NO_CONVERSION;
    }
}

static int to_interval(struct conversion *c)
{
    struct decimal d;
    double seconds;
    switch ((enum type_family)c->from.family) {
    case TYPE_INTERVAL:
        return 0;
    case TYPE_TIME:
        c->out->iv = (struct interval){.micros = c->in.i};
        return 0;
    case TYPE_INT:
        c->out->iv = (struct interval){0};
        if (__builtin_mul_overflow(c->in.i, MICROS_PER_SECOND, &c->out->iv.micros))
            return err_set(c->err, ERR_DATETIME_FIELD_OVERFLOW, "interval out of range");
        return 0;
    case TYPE_FLOAT:
        return interval_from_seconds(c->in.f, &c->out->iv, c->err);
    case TYPE_DECIMAL:
        d = decimal_of(c->in);
        if (!decimal_to_double(&d, &seconds))
            seconds = INFINITY;
        return interval_from_seconds(seconds, &c->out->iv, c->err);
    default:
        return NO_CONVERSION;
    }
}

static int to_json(struct conversion *c)
{
    switch ((enum type_family)c->from.family) {
    case TYPE_JSONB:
        return 0;
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_FLOAT:
    case TYPE_DECIMAL:
    case TYPE_ARRAY:
    case TYPE_TUPLE: {
        struct json_builder b;
        json_builder_init(&b);
        int rc = json_add_datum(&b, c->from, c->in, c->vc, c->err);
        if (rc == 0)
            return json_builder_finish(&b, c->arena, &c->out->s, c->err);
        json_builder_release(&b);
        return rc;
    }
    default:
        return NO_CONVERSION;
    }
}

static int to_bits(struct conversion *c)
{
    if (c->from.family == TYPE_BIT)
        return 0;
    if (c->from.family != TYPE_INT)
        return NO_CONVERSION;
    c->out->s = bits_from_i64(c->arena, c->in.i, c->to.width > 0 ? (uint32_t)c->to.width : 64);
    return 0;
}

static int to_oid(struct conversion *c)
{
    if (c->from.family == TYPE_OID)
        return 0;
    if (c->from.family != TYPE_INT)
        return NO_CONVERSION;
    if (c->in.i < 0 && c->in.i >= INT32_MIN) // as PostgreSQL reads the sign bit
        c->out->i = (int64_t)(uint32_t)c->in.i;
    if (c->out->i < 0 || c->out->i > (int64_t)UINT32_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range: %lld", (long long)c->in.i);
    return 0;
}

static int vector_to_array(struct conversion *c)
{
    uint32_t n = vector_dimensions(c->in.s);
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, n);
    if (c->to.element != TYPE_FLOAT)
        return NO_CONVERSION;
    for (uint32_t i = 0; i < n; i++)
        items[i] = datum_float((double)vector_get(c->in.s, i));
    c->out->s = array_build(c->arena, type_element(c->to), items, n);
    return 0;
}

static bool is_number_array(struct type t)
{
    return t.family == TYPE_ARRAY && (t.element == TYPE_INT || t.element == TYPE_FLOAT || t.element == TYPE_DECIMAL);
}

static int to_vector(struct conversion *c)
{
    if (is_number_array(c->from))
        return vector_from_array(c->arena, c->from, c->in.s, &c->out->s, c->err);
    return c->from.family == TYPE_VECTOR ? 0 : NO_CONVERSION;
}

static int to_array(struct conversion *c)
{
    if (c->from.family == TYPE_VECTOR)
        return vector_to_array(c);
    if (c->from.family != TYPE_ARRAY)
        return NO_CONVERSION;
    struct type element = type_element(c->to);
    struct array array = array_open(c->from, c->in.s);
    if (type_equivalent(array.element, element))
        return 0;
    struct datum *items = ARENA_ARRAY(c->arena, struct datum, array.count);
    for (uint32_t i = 0; i < array.count; i++)
        TRY(datum_convert_unfitted(c->arena, array.element, element, c->vc, array_get(&array, i), &items[i], c->err));
    c->out->s = array_build(c->arena, element, items, array.count);
    return 0;
}

static int to_same(struct conversion *c)
{
    return c->from.family == c->to.family && (c->to.def == NULL || c->from.oid == c->to.oid) ? 0 : NO_CONVERSION;
}

static int to_macaddr(struct conversion *c)
{
    uint8_t bytes[MACADDR8_BYTES];
    if (c->from.family == c->to.family)
        return 0;
    if (c->from.family != TYPE_MACADDR && c->from.family != TYPE_MACADDR8)
        return NO_CONVERSION;
    memcpy(bytes, c->in.s.ptr, c->in.s.len);
    bool narrow = c->to.family == TYPE_MACADDR;
    if (narrow)
        TRY(macaddr_narrow(bytes, bytes, c->err));
    else
        macaddr_widen(bytes, bytes);
    c->out->s = arena_str(c->arena, (struct str){(const char *)bytes, narrow ? MACADDR_BYTES : MACADDR8_BYTES});
    return 0;
}

static int (*const converters[TYPE_FAMILY_COUNT])(struct conversion *c) = {
    [TYPE_UNKNOWN] = to_same,      [TYPE_BOOL] = to_bool,
    [TYPE_INT] = to_int,           [TYPE_FLOAT] = to_float,
    [TYPE_DECIMAL] = to_decimal,   [TYPE_STRING] = to_string,
    [TYPE_BYTES] = to_bytes,       [TYPE_UUID] = to_uuid,
    [TYPE_DATE] = to_date,         [TYPE_TIME] = to_time,
    [TYPE_TIMETZ] = to_timetz,     [TYPE_TIMESTAMP] = to_timestamp,
    [TYPE_INTERVAL] = to_interval, [TYPE_TIMESTAMPTZ] = to_timestamp,
    [TYPE_JSONB] = to_json,        [TYPE_INET] = to_same,
    [TYPE_BIT] = to_bits,          [TYPE_OID] = to_oid,
    [TYPE_ARRAY] = to_array,       [TYPE_TUPLE] = to_same,
    [TYPE_VOID] = to_same,         [TYPE_ANY] = to_same,
    [TYPE_ENUM] = to_same,         [TYPE_TSVECTOR] = to_same,
    [TYPE_COLLATED] = to_same,     [TYPE_TSQUERY] = to_same,
    [TYPE_VECTOR] = to_vector,     [TYPE_PG_LSN] = to_same,
    [TYPE_REFCURSOR] = to_same,    [TYPE_JSONPATH] = to_same,
    [TYPE_LTREE] = to_same,        [TYPE_ACLITEM] = to_same,
    [TYPE_MACADDR] = to_macaddr,   [TYPE_MACADDR8] = to_macaddr,
    [TYPE_TID] = to_same,
};

// Families that text can be read as.
static bool is_text(struct type t)
{
    return t.family == TYPE_STRING || t.family == TYPE_UNKNOWN;
}

static int no_cast(struct type from, struct type to, struct err *err)
{
    return err_set(err, ERR_CANNOT_COERCE, "invalid cast: %s -> %s", type_family_name(from), type_family_name(to));
}

int datum_convert_unfitted(struct arena *a, struct type from, struct type to, const struct value_context *vc,
                           struct datum in, struct datum *out, struct err *err)
{
    static const struct value_context defaults;
    *out = in;
    if (in.null)
        return 0;
    struct conversion c = {a, from, to, vc != NULL ? vc : &defaults, in, out, err};
    int rc = is_text(from) && (to.family != TYPE_TUPLE || to.def != NULL) ? parse_text(&c) : converters[to.family](&c);
    return rc == NO_CONVERSION ? no_cast(from, to, err) : rc;
}

int datum_convert(struct arena *a, struct type from, struct type to, const struct value_context *vc, struct datum in,
                  struct datum *out, struct err *err)
{
    struct datum v;
    TRY(datum_convert_unfitted(a, from, to, vc, in, &v, err));
    return datum_fit(a, to, true, v, out, err);
}

// Bit masks of the families each target takes beside text and itself.
#define F(family) (UINT64_C(1) << TYPE_##family)
static const uint64_t sources[TYPE_FAMILY_COUNT] = {
    [TYPE_BOOL] = F(INT) | F(FLOAT) | F(DECIMAL) | F(JSONB),
    [TYPE_INT] = F(BOOL) | F(OID) | F(FLOAT) | F(DECIMAL) | F(DATE) | F(TIMESTAMP) | F(TIMESTAMPTZ) | F(INTERVAL) |
                 F(BIT) | F(JSONB),
    [TYPE_FLOAT] = F(BOOL) | F(INT) | F(DECIMAL) | F(DATE) | F(TIMESTAMP) | F(TIMESTAMPTZ) | F(INTERVAL) | F(JSONB),
    [TYPE_DECIMAL] = F(BOOL) | F(INT) | F(FLOAT) | F(DATE) | F(TIMESTAMP) | F(TIMESTAMPTZ) | F(INTERVAL) | F(JSONB),
    [TYPE_STRING] = ~UINT64_C(0),
    [TYPE_BYTES] = F(UUID),
    [TYPE_UUID] = F(BYTES),
    [TYPE_DATE] = F(INT) | F(TIMESTAMP) | F(TIMESTAMPTZ),
    [TYPE_TIME] = F(TIMETZ) | F(TIMESTAMP) | F(TIMESTAMPTZ) | F(INTERVAL),
    [TYPE_TIMETZ] = F(TIME) | F(TIMESTAMPTZ),
    [TYPE_TIMESTAMP] = F(INT) | F(DATE) | F(TIMESTAMPTZ),
    [TYPE_TIMESTAMPTZ] = F(INT) | F(DATE) | F(TIMESTAMP),
    [TYPE_INTERVAL] = F(TIME) | F(INT) | F(FLOAT) | F(DECIMAL),
    [TYPE_JSONB] = F(BOOL) | F(INT) | F(FLOAT) | F(DECIMAL) | F(ARRAY) | F(TUPLE),
    [TYPE_MACADDR] = F(MACADDR8),
    [TYPE_MACADDR8] = F(MACADDR),
    [TYPE_BIT] = F(INT),
    [TYPE_VECTOR] = F(ARRAY),
    [TYPE_ARRAY] = F(VECTOR),
    [TYPE_OID] = F(INT),
};
#undef F

bool datum_convertible(struct type from, struct type to)
{
    if (from.family == TYPE_ARRAY && to.family == TYPE_ARRAY)
        return datum_convertible(type_element(from), type_element(to));
    if (from.family == TYPE_VECTOR && to.family == TYPE_ARRAY)
        return to.element == TYPE_FLOAT;
    if (from.family == TYPE_ARRAY && to.family == TYPE_VECTOR)
        return is_number_array(from);
    if (is_text(from))
        return to.family != TYPE_TUPLE || to.def != NULL;
    return from.family == to.family || (sources[to.family] >> from.family & 1) != 0;
}
