// VECTOR: text and wire forms, order, conversion from arrays.
#include "types/vector.h"
#include "types/array.h"
#include "types/decimal.h"
#include "types/text.h"
#include "types/types_int.h"
#include <math.h>

struct str vector_new(struct arena *a, uint32_t dimensions)
{
    size_t len = dimensions * sizeof(float);
    return (struct str){arena_zalloc(a, len), len};
}

void vector_put(struct str v, uint32_t i, float f)
{
    f += 0.0F;                                                       // -0 is 0
    memcpy((char *)(uintptr_t)v.ptr + i * sizeof(f), &f, sizeof(f)); // made by vector_new, so writable
}

static int put_checked(struct str v, uint32_t i, double d, struct err *err)
{
    if (isnan(d))
        return err_set(err, ERR_DATA_EXCEPTION, "NaN not allowed in vector");
    if (isinf((float)d))
        return err_set(err, ERR_DATA_EXCEPTION, "infinite value not allowed in vector");
    vector_put(v, i, (float)d);
    return 0;
}

static int check_dimensions(size_t n, struct err *err)
{
    if (n == 0)
        return err_set(err, ERR_DATA_EXCEPTION, "vector must have at least 1 dimension");
    if (n > VECTOR_DIMENSIONS_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "vector cannot have more than %d dimensions",
                       VECTOR_DIMENSIONS_MAX);
    return 0;
}

static int parse_element(struct str text, struct str v, uint32_t i, struct err *err)
{
    double d;
    struct str number = str_trim(text);
    if (number.len == 0)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type vector: empty string");
    int rc = double_parse(number, &d);
    if (rc == 0 && isinf((float)d) && !isinf(d))
        rc = ERR_NUMERIC_VALUE_OUT_OF_RANGE;
    if (rc == 0)
        return put_checked(v, i, d, err);
    return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                   "invalid input syntax for type vector: %.*s: strconv.ParseFloat: parsing \"%.*s\": %s",
                   STR_FMT(number), STR_FMT(number),
                   rc == ERR_NUMERIC_VALUE_OUT_OF_RANGE ? "value out of range" : "invalid syntax");
}

int vector_parse(struct arena *a, struct str text, struct str *out, struct err *err)
{
    struct str s = str_trim(text);
    if (s.len < 2 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                       "malformed vector literal: Vector contents must start with \"[\" and end with \"]\"");
    s = str_slice(s, 1, s.len - 1);
    size_t n = 1;
    for (size_t i = 0; i < s.len; i++)
        n += s.ptr[i] == ',';
    TRY(check_dimensions(n, err));
    *out = vector_new(a, (uint32_t)n);
    for (uint32_t i = 0; i < n; i++) {
        ptrdiff_t comma = str_find(s, STR(","), 0);
        size_t end = comma < 0 ? s.len : (size_t)comma;
        TRY(parse_element(str_slice(s, 0, end), *out, i, err));
        s = str_slice(s, MIN(end + 1, s.len), s.len);
    }
    return 0;
}

static double number_of(struct type t, struct datum d)
{
    double v = NAN;
    if (t.family == TYPE_DECIMAL) {
        struct decimal decimal = decimal_of(d);
        return decimal_to_double(&decimal, &v) ? v : NAN;
    }
    return t.family == TYPE_INT ? (double)d.i : d.f;
}

int vector_from_array(struct arena *a, struct type array_type, struct str bytes, struct str *out, struct err *err)
{
    struct array array = array_open(array_type, bytes);
    TRY(check_dimensions(array.count, err));
    *out = vector_new(a, array.count);
    for (uint32_t i = 0; i < array.count; i++) {
        struct datum d = array_get(&array, i);
        if (d.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "array must not contain nulls");
        TRY(put_checked(*out, i, number_of(array.element, d), err));
    }
    return 0;
}

int vector_compare(struct str x, struct str y)
{
    uint32_t n = vector_dimensions(x), m = vector_dimensions(y);
    for (uint32_t i = 0; i < MIN(n, m); i++) {
        float a = vector_get(x, i), b = vector_get(y, i);
        if (a != b)
            return a < b ? -1 : 1;
    }
    return (n > m) - (n < m);
}

int vector_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                       struct datum *out, struct err *err)
{
    return vector_parse(a, text, &out->s, err);
}

void vector_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_putc(out, '[');
    for (uint32_t i = 0; i < vector_dimensions(d.s); i++) {
        buf_cstr(out, i == 0 ? "" : ",");
        double_print(out, vector_get(d.s, i), true, 1);
    }
    buf_putc(out, ']');
}

// pgvector: u16 dimensions, u16 0, the floats.
int vector_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (s.len < 4 || s.len != 4 + sizeof(float) * load_be16(s.ptr) || load_be16(s.ptr + 2) != 0)
        return binary_error(err, t);
    uint32_t n = load_be16(s.ptr);
    TRY(check_dimensions(n, err));
    out->s = vector_new(a, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits = load_be32(s.ptr + 4 + 4 * i);
        float f;
        memcpy(&f, &bits, sizeof(f));
        TRY(put_checked(out->s, i, (double)f, err));
    }
    return 0;
}

void vector_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_be16(out, (uint16_t)vector_dimensions(d.s));
    buf_be16(out, 0);
    for (uint32_t i = 0; i < vector_dimensions(d.s); i++) {
        float f = vector_get(d.s, i);
        uint32_t bits;
        memcpy(&bits, &f, sizeof(bits));
        buf_be32(out, bits);
    }
}

int vector_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return vector_compare(a->s, b->s);
}

uint64_t vector_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
