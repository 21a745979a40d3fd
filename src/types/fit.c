// datum_fit: making a value fit a column's modifiers, on assignment (errors) or explicit cast (truncation).
#include "types/array.h"
#include "types/bits.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/inet.h"
#include "types/types_int.h"
#include "types/vector.h"
#include "base/util.h"
#include <math.h>

static int too_long(struct type t, struct err *err)
{
    struct buf name = BUF_INIT;
    type_print(&name, t);
    int rc = err_set(err, ERR_STRING_DATA_RIGHT_TRUNCATION, "value too long for type %s", buf_c(&name));
    buf_release(&name);
    return rc;
}

static int fit_int(struct type t, int64_t v, struct err *err)
{
    if (t.width == 64 || t.width == 0 || (t.width == 32 ? v == (int32_t)v : v == (int16_t)v))
        return 0;
    return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range for type %s",
                   t.width == 32 ? "int4" : "int2");
}

static int fit_string(struct type t, bool cast, struct datum *d, struct err *err)
{
    if (t.oid == TYPE_OID_BPCHAR) {
        while (d->s.len > 0 && d->s.ptr[d->s.len - 1] == ' ')
            d->s.len--;
    }
    if (t.oid == TYPE_OID_QCHAR) {
        d->s.len = utf8_offset(d->s, 1);
        return 0;
    }
    if (t.oid == TYPE_OID_NAME) {
        d->s.len = d->s.len < 64 ? d->s.len : utf8_offset(str_slice(d->s, 0, 63), utf8_length(str_slice(d->s, 0, 63)));
        return 0;
    }
    size_t limit = (size_t)t.width;
    if (t.width <= 0 || d->s.len <= limit || utf8_length(d->s) <= limit)
        return 0;
    struct str kept = str_slice(d->s, 0, utf8_offset(d->s, limit));
    // The standard lets over-length blanks go silently for VARCHAR too.
    bool blanks = true;
    for (size_t i = kept.len; i < d->s.len; i++)
        blanks &= d->s.ptr[i] == ' ';
    if (!cast && !(blanks && t.oid != TYPE_OID_STRING))
        return too_long(t, err);
    d->s = kept;
    if (t.oid == TYPE_OID_BPCHAR) {
        while (d->s.len > 0 && d->s.ptr[d->s.len - 1] == ' ')
            d->s.len--;
    }
    return 0;
}

static int fit_decimal(struct arena *a, struct type t, struct datum *d, struct err *err)
{
    if (t.width <= 0)
        return 0;
    struct decimal v = decimal_of(*d), r;
    if (v.form == DECIMAL_NAN)
        return 0;
    bool fits = v.form == DECIMAL_FINITE;
    if (fits) {
        TRY(decimal_rescale(a, &v, t.scale, DECIMAL_HALF_UP, &r, err));
        fits = decimal_is_zero(&r) || decimal_digits(&r) + r.exponent <= t.width - t.scale;
    }
    if (!fits)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value with precision %d, scale %d must round to an absolute value less than 10^%d", t.width,
                       t.scale, t.width - t.scale);
    if (r.exponent != v.exponent)
        *d = datum_decimal(a, &r);
    return 0;
}

static int fit_bits(struct arena *a, struct type t, bool cast, struct datum *d, struct err *err)
{
    uint32_t n = bits_count(d->s), width = (uint32_t)t.width;
    if (t.width <= 0 || n == width || (t.oid == TYPE_OID_VARBIT && n < width))
        return 0;
    if (!cast && t.oid == TYPE_OID_VARBIT)
        return err_set(err, ERR_STRING_DATA_RIGHT_TRUNCATION, "bit string length %u too large for type VARBIT(%d)", n,
                       t.width);
    if (!cast)
        return err_set(err, ERR_STRING_DATA_LENGTH_MISMATCH, "bit string length %u does not match type BIT(%d)", n,
                       t.width);
    struct str kept = bits_slice(a, d->s, 0, width);
    d->s = n < width ? bits_concat(a, kept, bits_new(a, width - n)) : kept;
    return 0;
}

static int fit_array(struct arena *a, struct type t, bool cast, struct datum *d, struct err *err)
{
    struct type element = type_element(t);
    bool unlimited = element.family == TYPE_INT ? element.width == 64 : element.width <= 0;
    if (unlimited && element.oid != TYPE_OID_BPCHAR)
        return 0;
    struct array array = array_open(t, d->s);
    struct datum *items = ARENA_ARRAY(a, struct datum, array.count);
    for (uint32_t i = 0; i < array.count; i++) {
        struct datum item = array_get(&array, i);
        TRY(datum_fit(a, element, cast, item, &items[i], err));
    }
    d->s = array_build(a, element, items, array.count);
    return 0;
}

int datum_fit(struct arena *a, struct type t, bool cast, struct datum in, struct datum *out, struct err *err)
{
    *out = in;
    if (in.null)
        return 0;
    switch ((enum type_family)t.family) {
    case TYPE_INT:
        return fit_int(t, in.i, err);
    case TYPE_FLOAT:
        if (t.width == 32)
            out->f = (double)(float)in.f;
        return 0;
    case TYPE_STRING:
    case TYPE_COLLATED:
        return fit_string(t, cast, out, err);
    case TYPE_DECIMAL:
        return fit_decimal(a, t, out, err);
    case TYPE_BIT:
        return fit_bits(a, t, cast, out, err);
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        out->i = micros_round(in.i, t.width);
        return 0;
    case TYPE_TIMETZ:
        if (t.width >= 0 && t.width < 6) {
            struct timetz v = timetz_decode(in.s);
            v.micros = micros_round(v.micros, t.width);
            out->s = timetz_encode(a, v);
        }
        return 0;
    case TYPE_INTERVAL:
        out->iv.micros = micros_round(in.iv.micros, t.width);
        return 0;
    case TYPE_INET:
        if (t.oid == TYPE_OID_CIDR) { // what is no network becomes the network it is in
            struct inet v = inet_decode(in.s);
            if (inet_clear_host(&v))
                out->s = inet_encode(a, &v);
        }
        return 0;
    case TYPE_VECTOR:
        if (t.width > 0 && vector_dimensions(in.s) != (uint32_t)t.width)
            return err_set(err, ERR_DATA_EXCEPTION, "expected %d dimensions, not %u", t.width, vector_dimensions(in.s));
        return 0;
    case TYPE_ARRAY:
        return fit_array(a, t, cast, out, err);
    default:
        return 0;
    }
}
