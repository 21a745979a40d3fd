// Keys of SQL values: which encoding a type uses, and the encodings of containers.

#include "keys/keys.h"
#include "types/array.h"
#include "types/bits.h"
#include "types/collation.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/json.h"

enum { PLAIN_ZEROS_MAX = 20 }; // 100 is read back as 100 and not as 1E+2

static void put_decimal(struct buf *b, const struct decimal *d)
{
    struct buf digits = BUF_INIT;
    struct key_decimal k = {.negative = d->negative, .digits = STR_EMPTY};
    if (d->form == DECIMAL_NAN) {
        k.kind = KEY_DECIMAL_NAN;
    } else if (d->form == DECIMAL_INFINITE) {
        k.kind = KEY_DECIMAL_INFINITE;
    } else if (!decimal_is_zero(d)) {
        decimal_coefficient_print(&digits, d);
        k.digits = buf_view(&digits);
        k.exponent = (int64_t)digits.len + d->exponent;
    }
    key_put_decimal(b, &k);
    buf_release(&digits);
}

static bool get_decimal(struct key_reader *r, struct arena *a, struct decimal *out)
{
    struct key_decimal k;
    bool out_of_range;
    if (!key_get_decimal(r, a, &k))
        return false;
    *out = (struct decimal){.negative = k.negative};
    if (k.kind != KEY_DECIMAL_FINITE || k.digits.len == 0) {
        out->form = k.kind == KEY_DECIMAL_NAN        ? DECIMAL_NAN
                    : k.kind == KEY_DECIMAL_INFINITE ? DECIMAL_INFINITE
                                                     : DECIMAL_FINITE;
        return true;
    }
    if (k.exponent > INT32_MAX || k.exponent < INT32_MIN)
        return false;
    int64_t exponent = k.exponent - (int64_t)k.digits.len;
    int zeros = exponent > 0 && exponent <= PLAIN_ZEROS_MAX ? (int)exponent : 0;
    struct str text = arena_printf(a, "%s%.*s%.*sE%lld", k.negative ? "-" : "", STR_FMT(k.digits), zeros,
                                   "00000000000000000000", (long long)(exponent - zeros));
    return decimal_parse(a, text, out, &out_of_range);
}

static void put_json(struct buf *b, struct str json)
{
    struct decimal number;
    uint32_t n = json_count(json);
    switch (json_kind(json)) {
    case JSON_NULL:
        buf_putc(b, KEY_TAG_JSON_NULL);
        return;
    case JSON_FALSE:
        buf_putc(b, KEY_TAG_JSON_FALSE);
        return;
    case JSON_TRUE:
        buf_putc(b, KEY_TAG_JSON_TRUE);
        return;
    case JSON_STRING:
        key_put_bytes(b, KEY_TAG_JSON_STRING, json_string_value(json));
        return;
    case JSON_NUMBER:
        buf_putc(b, KEY_TAG_JSON_NUMBER);
        number = json_number_value(json);
        put_decimal(b, &number);
        return;
    case JSON_ARRAY:
        if (n == 0) {
            buf_putc(b, KEY_TAG_JSON_EMPTY_ARRAY);
            return;
        }
        key_put_tagged_int(b, KEY_TAG_JSON_ARRAY, n);
        for (uint32_t i = 0; i < n; i++)
            put_json(b, json_at(json, i));
        buf_putc(b, KEY_TAG_END);
        return;
    case JSON_OBJECT:
        key_put_tagged_int(b, KEY_TAG_JSON_OBJECT, n);
        for (uint32_t i = 0; i < n; i++) {
            struct str name, value;
            json_pair_at(json, i, &name, &value);
            key_put_bytes(b, KEY_TAG_JSON_STRING, name);
            put_json(b, value);
        }
        buf_putc(b, KEY_TAG_END);
        return;
    }
}

static bool get_json(struct key_reader *r, struct arena *a, struct json_builder *out, int depth);

// Elements or pairs up to the end mark.
static bool get_json_items(struct key_reader *r, struct arena *a, struct json_builder *out, bool pairs, int depth)
{
    int64_t count;
    struct str name;
    r->at++;
    if (!key_get_int(r, &count))
        return false;
    for (; count > 0 && key_peek(r) > KEY_TAG_END; count--) {
        if (pairs) {
            if (!key_get_bytes(r, KEY_TAG_JSON_STRING, a, &name))
                return false;
            json_key(out, name);
        }
        if (!get_json(r, a, out, depth + 1))
            return false;
    }
    json_end(out);
    return count == 0 && key_peek(r) == KEY_TAG_END && r->at++ != NULL;
}

static bool get_json_number(struct key_reader *r, struct arena *a, struct json_builder *out)
{
    struct decimal number;
    r->at++;
    if (!get_decimal(r, a, &number) || number.form != DECIMAL_FINITE)
        return false;
    json_add_number(out, &number);
    return true;
}

static bool get_json(struct key_reader *r, struct arena *a, struct json_builder *out, int depth)
{
    struct str s;
    int tag = key_peek(r);
    if (depth > JSON_DEPTH_MAX)
        return false;
    switch (tag) {
    case KEY_TAG_JSON_NULL:
        json_add_null(out);
        return r->at++ != NULL;
    case KEY_TAG_JSON_FALSE:
    case KEY_TAG_JSON_TRUE:
        json_add_bool(out, tag == KEY_TAG_JSON_TRUE);
        return r->at++ != NULL;
    case KEY_TAG_JSON_EMPTY_ARRAY:
        json_begin_array(out);
        json_end(out);
        return r->at++ != NULL;
    case KEY_TAG_JSON_STRING:
        if (!key_get_bytes(r, KEY_TAG_JSON_STRING, a, &s))
            return false;
        json_add_string(out, s);
        return true;
    case KEY_TAG_JSON_NUMBER:
        return get_json_number(r, a, out);
    case KEY_TAG_JSON_ARRAY:
        json_begin_array(out);
        return get_json_items(r, a, out, false, depth);
    case KEY_TAG_JSON_OBJECT:
        json_begin_object(out);
        return get_json_items(r, a, out, true, depth);
    default:
        return false;
    }
}

static bool get_json_value(struct key_reader *r, struct arena *a, struct str *out)
{
    struct json_builder b;
    json_builder_init(&b);
    bool ok = get_json(r, a, &b, 0) && json_builder_finish(&b, a, out, NULL) == 0;
    json_builder_release(&b);
    return ok;
}

// Bytes of BIT: a count and packed bits. Ordered: the packed bits, then the count.
static void put_bits(struct buf *b, struct str bits)
{
    uint32_t n = bits_count(bits);
    key_put_bytes(b, KEY_TAG_BITS, str_slice(bits, bits.len - (n + 7) / 8, bits.len));
    key_put_int(b, n);
}

static bool get_bits(struct key_reader *r, struct arena *a, struct str *out)
{
    struct str packed;
    int64_t n;
    if (!key_get_bytes(r, KEY_TAG_BITS, a, &packed) || !key_get_int(r, &n) || n < 0 || n > UINT32_MAX ||
        packed.len != (size_t)(n + 7) / 8)
        return false;
    *out = bits_new(a, (uint32_t)n);
    for (uint32_t i = 0; i < (uint32_t)n; i++)
        bits_put(*out, i, (uint8_t)packed.ptr[i / 8] >> (7 - i % 8) & 1);
    return true;
}

static __int128 interval_micros(struct interval iv)
{
    return ((__int128)iv.months * DAYS_PER_MONTH + iv.days) * MICROS_PER_DAY + iv.micros;
}

// Takes as many whole units as fit an int32.
static int32_t take_units(__int128 *micros, int64_t unit)
{
    __int128 n = *micros / unit;
    n = n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : n;
    *micros -= n * unit;
    return (int32_t)n;
}

// An interval of that length; false for a length that no interval has.
static bool interval_of_micros(__int128 micros, struct interval *out)
{
    out->months = take_units(&micros, DAYS_PER_MONTH * MICROS_PER_DAY);
    out->days = take_units(&micros, MICROS_PER_DAY);
    out->micros = (int64_t)micros;
    return micros >= INT64_MIN && micros <= INT64_MAX;
}

// Ordered by the instant in UTC, then from west to east reversed as timetz_compare has it.
static void put_timetz(struct buf *b, struct timetz t)
{
    key_put_tagged_int(b, KEY_TAG_TIMETZ, t.micros - t.seconds_east * MICROS_PER_SECOND);
    key_put_int(b, -(int64_t)t.seconds_east);
}

static bool get_timetz(struct key_reader *r, struct arena *a, struct str *out)
{
    int64_t utc, west;
    if (!key_get_tagged_int(r, KEY_TAG_TIMETZ, &utc) || !key_get_int(r, &west) || west > MICROS_PER_DAY ||
        west < -MICROS_PER_DAY || utc > 4 * MICROS_PER_DAY || utc < -4 * MICROS_PER_DAY)
        return false;
    *out = timetz_encode(a, (struct timetz){utc - west * MICROS_PER_SECOND, (int32_t)-west});
    return true;
}

static void put_collated(struct buf *b, struct type t, struct str s)
{
    struct buf key = BUF_INIT;
    collation_key(t.scale, s, &key);
    key_put_bytes(b, KEY_TAG_STRING, buf_view(&key));
    buf_release(&key);
}

static void put_value(struct buf *b, struct type t, const struct datum *d);

static void put_array(struct buf *b, struct type t, struct str bytes)
{
    struct array array = array_open(t, bytes);
    buf_putc(b, KEY_TAG_ARRAY);
    for (uint32_t i = 0; i < array.count; i++) {
        struct datum item = array_get(&array, i);
        if (item.null)
            key_put_null(b);
        else
            put_value(b, array.element, &item);
    }
    buf_putc(b, KEY_TAG_END);
}

static bool get_value(struct key_reader *r, struct arena *a, struct type t, struct datum *out);

static bool get_array(struct key_reader *r, struct arena *a, struct type t, struct str *out)
{
    ARENA_VEC(struct datum) items = {0};
    struct type element = type_element(t);
    if (key_peek(r) != KEY_TAG_ARRAY)
        return false;
    for (r->at++; key_peek(r) > KEY_TAG_END;) {
        struct datum item = DATUM_NULL;
        if (!key_get_null(r)) {
            item.null = false;
            if (!get_value(r, a, element, &item))
                return false;
        }
        ARENA_PUSH(a, &items, item);
    }
    if (key_peek(r) != KEY_TAG_END)
        return false;
    r->at++;
    *out = array_build(a, element, items.ptr, (uint32_t)items.len);
    return true;
}

static void put_value(struct buf *b, struct type t, const struct datum *d)
{
    struct decimal number;
    switch ((enum type_family)t.family) {
    case TYPE_BOOL:
        key_put_bool(b, d->b);
        return;
    case TYPE_INT:
    case TYPE_OID:
    case TYPE_ENUM:
    case TYPE_PG_LSN:
        key_put_int(b, d->i);
        return;
    case TYPE_FLOAT:
        key_put_float(b, d->f);
        return;
    case TYPE_DECIMAL:
        number = decimal_of(*d);
        put_decimal(b, &number);
        return;
    case TYPE_STRING:
        key_put_bytes(b, KEY_TAG_STRING, d->s);
        return;
    case TYPE_COLLATED:
        put_collated(b, t, d->s);
        return;
    case TYPE_BYTES:
    case TYPE_INET:
    case TYPE_LTREE:
    case TYPE_ACLITEM:
    case TYPE_MACADDR:
    case TYPE_MACADDR8:
        key_put_bytes(b, KEY_TAG_BYTES, d->s);
        return;
    case TYPE_UUID:
        INVARIANT(d->s.len == 16);
        key_put_uuid(b, (const uint8_t *)d->s.ptr);
        return;
    case TYPE_DATE:
        key_put_tagged_int(b, KEY_TAG_DATE, d->i);
        return;
    case TYPE_TIME:
        key_put_tagged_int(b, KEY_TAG_TIME, d->i);
        return;
    case TYPE_TIMETZ:
        put_timetz(b, timetz_decode(d->s));
        return;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        key_put_tagged_int(b, KEY_TAG_TIMESTAMP, d->i);
        return;
    case TYPE_INTERVAL:
        key_put_interval(b, interval_micros(d->iv));
        return;
    case TYPE_JSONB:
        put_json(b, d->s);
        return;
    case TYPE_BIT:
        put_bits(b, d->s);
        return;
    case TYPE_ARRAY:
        put_array(b, t, d->s);
        return;
    default:
        INVARIANT(!"key of a type without order");
    }
}

static bool get_uuid(struct key_reader *r, struct arena *a, struct str *out)
{
    uint8_t *bytes = arena_alloc_aligned(a, 16, 1);
    *out = (struct str){(const char *)bytes, 16};
    return key_get_uuid(r, bytes);
}

static bool get_interval(struct key_reader *r, struct interval *out)
{
    __int128 micros;
    return key_get_interval(r, &micros) && interval_of_micros(micros, out);
}

static bool get_decimal_value(struct key_reader *r, struct arena *a, struct str *out)
{
    struct decimal number;
    if (!get_decimal(r, a, &number))
        return false;
    *out = decimal_encode(a, &number);
    return true;
}

static bool get_value(struct key_reader *r, struct arena *a, struct type t, struct datum *out)
{
    switch ((enum type_family)t.family) {
    case TYPE_BOOL:
        return key_get_bool(r, &out->b);
    case TYPE_INT:
    case TYPE_OID:
    case TYPE_ENUM:
    case TYPE_PG_LSN:
        return key_get_int(r, &out->i);
    case TYPE_FLOAT:
        return key_get_float(r, &out->f);
    case TYPE_DECIMAL:
        return get_decimal_value(r, a, &out->s);
    case TYPE_STRING:
    case TYPE_COLLATED: // only what it sorts by; the value has the string
        return key_get_bytes(r, KEY_TAG_STRING, a, &out->s);
    case TYPE_BYTES:
    case TYPE_INET:
    case TYPE_LTREE:
    case TYPE_ACLITEM:
    case TYPE_MACADDR:
    case TYPE_MACADDR8:
        return key_get_bytes(r, KEY_TAG_BYTES, a, &out->s);
    case TYPE_UUID:
        return get_uuid(r, a, &out->s);
    case TYPE_DATE:
        return key_get_tagged_int(r, KEY_TAG_DATE, &out->i);
    case TYPE_TIME:
        return key_get_tagged_int(r, KEY_TAG_TIME, &out->i);
    case TYPE_TIMETZ:
        return get_timetz(r, a, &out->s);
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return key_get_tagged_int(r, KEY_TAG_TIMESTAMP, &out->i);
    case TYPE_INTERVAL:
        return get_interval(r, &out->iv);
    case TYPE_JSONB:
        return get_json_value(r, a, &out->s);
    case TYPE_BIT:
        return get_bits(r, a, &out->s);
    case TYPE_ARRAY:
        return get_array(r, a, t, &out->s);
    default:
        return false;
    }
}

void key_put_datum(struct buf *b, struct type t, const struct datum *d, enum key_direction direction)
{
    size_t from = b->len;
    if (d->null)
        key_put_null(b);
    else
        put_value(b, t, d);
    if (direction == KEY_DESC)
        key_complement(b, from);
}

int key_get_datum(struct key_reader *r, struct arena *a, struct type t, enum key_direction direction, struct datum *out,
                  struct err *err)
{
    key_reader_direction(r, direction);
    *out = (struct datum){.null = key_get_null(r)};
    if (out->null || get_value(r, a, t, out))
        return 0;
    *out = DATUM_NULL;
    return err_set(err, ERR_DATA_CORRUPTED, "key is damaged");
}

bool key_type_is_lossy(struct type t)
{
    switch ((enum type_family)t.family) {
    case TYPE_FLOAT:
    case TYPE_DECIMAL:
    case TYPE_INTERVAL:
    case TYPE_JSONB:
    case TYPE_COLLATED:
        return true;
    case TYPE_ARRAY:
        return key_type_is_lossy(type_element(t));
    default:
        return false;
    }
}

bool key_type_is_indexable(struct type t)
{
    switch ((enum type_family)t.family) {
    case TYPE_UNKNOWN:
    case TYPE_TUPLE:
    case TYPE_TSVECTOR:
    case TYPE_TSQUERY:
    case TYPE_VECTOR:
    case TYPE_REFCURSOR:
    case TYPE_JSONPATH:
    case TYPE_TID:
    case TYPE_VOID:
    case TYPE_ANY:
        return false;
    case TYPE_ARRAY:
        return key_type_is_indexable(type_element(t));
    default:
        return true;
    }
}
