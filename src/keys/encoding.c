#include "keys/encoding.h"

enum {
    SMALL_INT_MAX = KEY_TAG_INT_POSITIVE - KEY_TAG_INT_ZERO - 1,
    ESCAPE = 0x00,
    ESCAPED_ZERO = 0xFF,
    ESCAPED_END = 0x01,
    DECIMAL_END = 0x00,
    DECIMAL_INFINITE = 0x7F, // above every exponent
    UVARINT_ONE_MAX = 240,   // the ordered variable-length integer of SQLite4
    UVARINT_TWO_MAX = 2287,
    UVARINT_THREE_MAX = 67823,
};

// Number of bytes of v without leading zeros, at least 1.
static int byte_width(uint64_t v)
{
    return v == 0 ? 1 : 8 - __builtin_clzll(v) / 8;
}

// Appends the low n bytes, big-endian.
static void put_be(struct buf *b, uint64_t v, int n)
{
    char bytes[8];
    store_be64(bytes, v);
    buf_append(b, bytes + 8 - n, (size_t)n);
}

// Consumes n bytes, big-endian.
static bool get_be(struct key_reader *r, int n, uint64_t *out)
{
    if (key_reader_left(r) < (size_t)n)
        return false;
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | (uint8_t)(*r->at++ ^ r->mask);
    *out = v;
    return true;
}

static bool get_byte(struct key_reader *r, uint8_t *out)
{
    if (r->at == r->end)
        return false;
    *out = *r->at++ ^ r->mask;
    return true;
}

static bool get_tag(struct key_reader *r, enum key_tag tag)
{
    if (key_peek(r) != (int)tag)
        return false;
    r->at++;
    return true;
}

void key_put_null(struct buf *b)
{
    buf_putc(b, KEY_TAG_NULL);
}

bool key_get_null(struct key_reader *r)
{
    return get_tag(r, KEY_TAG_NULL);
}

void key_put_bool(struct buf *b, bool v)
{
    buf_putc(b, v ? KEY_TAG_TRUE : KEY_TAG_FALSE);
}

bool key_get_bool(struct key_reader *r, bool *out)
{
    int tag = key_peek(r);
    *out = tag == KEY_TAG_TRUE;
    if (tag != KEY_TAG_TRUE && tag != KEY_TAG_FALSE)
        return false;
    r->at++;
    return true;
}

void key_put_int(struct buf *b, int64_t v)
{
    if (v >= 0 && v <= SMALL_INT_MAX) {
        buf_putc(b, (char)(KEY_TAG_INT_ZERO + v));
        return;
    }
    uint64_t magnitude = v < 0 ? ~(uint64_t)v : (uint64_t)v; // of negatives: -v - 1
    int n = byte_width(magnitude);
    buf_putc(b, (char)(v < 0 ? KEY_TAG_INT_ZERO - n : KEY_TAG_INT_POSITIVE + n - 1));
    put_be(b, (uint64_t)v, n);
}

bool key_get_int(struct key_reader *r, int64_t *out)
{
    int tag = key_peek(r);
    if (tag < KEY_TAG_INT_MIN || tag > KEY_TAG_INT_POSITIVE + 7)
        return false;
    r->at++;
    if (tag >= KEY_TAG_INT_ZERO && tag < KEY_TAG_INT_POSITIVE) {
        *out = tag - KEY_TAG_INT_ZERO;
        return true;
    }
    bool negative = tag < KEY_TAG_INT_ZERO;
    int n = negative ? KEY_TAG_INT_ZERO - tag : tag - KEY_TAG_INT_POSITIVE + 1;
    uint64_t v = 0;
    if (!get_be(r, n, &v))
        return false;
    if (negative && n < 8)
        v |= ~(uint64_t)0 << 8 * n;
    *out = (int64_t)v;
    // Only the shortest form is a key.
    return (*out < 0) == negative && byte_width(negative ? ~v : v) == n && (negative || v > SMALL_INT_MAX);
}

static const uint64_t sign_bit = (uint64_t)1 << 63;

void key_put_float(struct buf *b, double v)
{
    uint64_t bits = 0; // NaN
    if (v == v) {
        v += 0.0; // -0 becomes 0
        memcpy(&bits, &v, 8);
        bits = bits & sign_bit ? ~bits : bits | sign_bit;
    }
    buf_putc(b, KEY_TAG_FLOAT);
    put_be(b, bits, 8);
}

bool key_get_float(struct key_reader *r, double *out)
{
    uint64_t bits = 0;
    if (!get_tag(r, KEY_TAG_FLOAT) || !get_be(r, 8, &bits))
        return false;
    bits = bits == 0 ? UINT64_C(0x7FF8000000000000) : bits & sign_bit ? bits & ~sign_bit : ~bits;
    memcpy(out, &bits, 8);
    return true;
}

void key_put_bytes(struct buf *b, enum key_tag tag, struct str v)
{
    buf_putc(b, (char)tag);
    for (const char *p = v.ptr, *end = v.ptr + v.len; p < end;) {
        const char *zero = memchr(p, ESCAPE, (size_t)(end - p));
        const char *stop = zero != NULL ? zero + 1 : end;
        buf_append(b, p, (size_t)(stop - p));
        if (zero != NULL)
            buf_putc(b, (char)ESCAPED_ZERO);
        p = stop;
    }
    buf_append(b, (char[]){ESCAPE, ESCAPED_END}, 2);
}

// Finds the terminator; false when there is none. `zeros`: escaped zero bytes before it.
static bool bytes_end(const struct key_reader *r, const uint8_t **end, size_t *zeros)
{
    *zeros = 0;
    for (const uint8_t *p = r->at; p < r->end; p += 2) {
        p = memchr(p, ESCAPE ^ r->mask, (size_t)(r->end - p));
        if (p == NULL || p + 1 == r->end)
            return false;
        uint8_t code = p[1] ^ r->mask;
        *end = p;
        if (code == ESCAPED_END)
            return true;
        if (code != ESCAPED_ZERO)
            return false;
        ++*zeros;
    }
    return false;
}

static struct str bytes_unescape(const struct key_reader *r, const uint8_t *end, size_t zeros, struct arena *a)
{
    size_t len = (size_t)(end - r->at) - zeros;
    char *out = arena_alloc_aligned(a, len, 1);
    const uint8_t *p = r->at;
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(*p++ ^ r->mask);
        p += out[i] == ESCAPE;
    }
    return (struct str){out, len};
}

bool key_get_bytes(struct key_reader *r, enum key_tag tag, struct arena *a, struct str *out)
{
    const uint8_t *end;
    size_t zeros;
    if (!get_tag(r, tag) || !bytes_end(r, &end, &zeros))
        return false;
    if (r->mask == 0 && zeros == 0)
        *out = (struct str){(const char *)r->at, (size_t)(end - r->at)};
    else
        *out = bytes_unescape(r, end, zeros, a);
    r->at = end + 2;
    return true;
}

void key_put_uuid(struct buf *b, const uint8_t v[16])
{
    buf_putc(b, KEY_TAG_UUID);
    buf_append(b, v, 16);
}

bool key_get_uuid(struct key_reader *r, uint8_t out[16])
{
    if (!get_tag(r, KEY_TAG_UUID) || key_reader_left(r) < 16)
        return false;
    for (int i = 0; i < 16; i++)
        out[i] = *r->at++ ^ r->mask;
    return true;
}

void key_put_tagged_int(struct buf *b, enum key_tag tag, int64_t v)
{
    buf_putc(b, (char)tag);
    key_put_int(b, v);
}

bool key_get_tagged_int(struct key_reader *r, enum key_tag tag, int64_t *out)
{
    return get_tag(r, tag) && key_get_int(r, out);
}

void key_put_interval(struct buf *b, __int128 micros)
{
    buf_putc(b, KEY_TAG_INTERVAL);
    put_be(b, (uint64_t)(micros >> 64) ^ sign_bit, 8);
    put_be(b, (uint64_t)micros, 8);
}

bool key_get_interval(struct key_reader *r, __int128 *micros)
{
    uint64_t high = 0, low = 0;
    if (!get_tag(r, KEY_TAG_INTERVAL) || !get_be(r, 8, &high) || !get_be(r, 8, &low))
        return false;
    *micros = (__int128)((unsigned __int128)(high ^ sign_bit) << 64 | low);
    return true;
}

static void put_digit_pairs(struct buf *b, struct str digits)
{
    size_t len = digits.len;
    while (len > 0 && digits.ptr[len - 1] == '0')
        len--;
    for (size_t i = 0; i < len; i += 2) {
        int low = i + 1 < len ? digits.ptr[i + 1] - '0' : 0;
        buf_putc(b, (char)((digits.ptr[i] - '0') * 10 + low + 1));
    }
    buf_putc(b, DECIMAL_END);
}

void key_put_decimal(struct buf *b, const struct key_decimal *v)
{
    if (v->kind == KEY_DECIMAL_NAN) {
        buf_putc(b, KEY_TAG_DECIMAL_NAN);
        return;
    }
    if (v->kind == KEY_DECIMAL_FINITE && v->digits.len == 0) {
        buf_putc(b, KEY_TAG_DECIMAL_ZERO);
        return;
    }
    buf_putc(b, v->negative ? KEY_TAG_DECIMAL_NEGATIVE : KEY_TAG_DECIMAL_POSITIVE);
    size_t from = b->len;
    if (v->kind == KEY_DECIMAL_INFINITE) {
        buf_putc(b, DECIMAL_INFINITE);
    } else {
        key_put_int(b, v->exponent);
        put_digit_pairs(b, v->digits);
    }
    if (v->negative)
        key_complement(b, from);
}

static bool get_digit_pairs(struct key_reader *r, struct arena *a, struct str *out)
{
    const uint8_t *end = memchr(r->at, DECIMAL_END ^ r->mask, key_reader_left(r));
    if (end == NULL || end == r->at)
        return false;
    size_t len = 2 * (size_t)(end - r->at);
    char *digits = arena_alloc_aligned(a, len, 1);
    for (size_t i = 0; i < len; i += 2) {
        int pair = (*r->at++ ^ r->mask) - 1;
        if (pair > 99)
            return false;
        digits[i] = (char)('0' + pair / 10);
        digits[i + 1] = (char)('0' + pair % 10);
    }
    r->at++;
    if (digits[0] == '0' && digits[1] == '0')
        return false;
    len -= digits[len - 1] == '0';
    *out = (struct str){digits, len};
    return digits[0] != '0' && digits[len - 1] != '0';
}

static bool get_decimal_body(struct key_reader *r, struct arena *a, struct key_decimal *out)
{
    if (key_peek(r) == DECIMAL_INFINITE) {
        out->kind = KEY_DECIMAL_INFINITE;
        r->at++;
        return true;
    }
    return key_get_int(r, &out->exponent) && get_digit_pairs(r, a, &out->digits);
}

bool key_get_decimal(struct key_reader *r, struct arena *a, struct key_decimal *out)
{
    *out = (struct key_decimal){.kind = KEY_DECIMAL_FINITE, .digits = STR_EMPTY};
    uint8_t tag;
    if (!get_byte(r, &tag))
        return false;
    if (tag == KEY_TAG_DECIMAL_NAN)
        out->kind = KEY_DECIMAL_NAN;
    if (tag == KEY_TAG_DECIMAL_NAN || tag == KEY_TAG_DECIMAL_ZERO)
        return true;
    if (tag != KEY_TAG_DECIMAL_NEGATIVE && tag != KEY_TAG_DECIMAL_POSITIVE)
        return false;
    out->negative = tag == KEY_TAG_DECIMAL_NEGATIVE;
    uint8_t mask = r->mask;
    r->mask = out->negative ? (uint8_t)~mask : mask;
    bool ok = get_decimal_body(r, a, out);
    r->mask = mask;
    return ok;
}

static bool skip_bytes_of(struct key_reader *r, size_t n)
{
    if (key_reader_left(r) < n)
        return false;
    r->at += n;
    return true;
}

static bool skip_escaped(struct key_reader *r)
{
    const uint8_t *end;
    size_t zeros;
    if (!bytes_end(r, &end, &zeros))
        return false;
    r->at = end + 2;
    return true;
}

static bool skip_decimal(struct key_reader *r, bool negative)
{
    uint8_t mask = r->mask;
    r->mask = negative ? (uint8_t)~mask : mask;
    int64_t exponent;
    bool ok = false;
    if (key_peek(r) == DECIMAL_INFINITE) {
        r->at++;
        ok = true;
    } else if (key_get_int(r, &exponent)) {
        const uint8_t *end = memchr(r->at, DECIMAL_END ^ r->mask, key_reader_left(r));
        ok = end != NULL;
        r->at = ok ? end + 1 : r->at;
    }
    r->mask = mask;
    return ok;
}

enum { KEY_NESTING_MAX = 1000 };

static bool skip_value(struct key_reader *r, int depth);

// Values up to the end mark.
static bool skip_list(struct key_reader *r, int depth)
{
    while (key_peek(r) > KEY_TAG_END)
        if (!skip_value(r, depth + 1))
            return false;
    return get_tag(r, KEY_TAG_END);
}

static bool skip_value(struct key_reader *r, int depth)
{
    uint8_t tag;
    int64_t ignored;
    int next = key_peek(r);
    if (depth > KEY_NESTING_MAX)
        return false;
    if (next >= KEY_TAG_INT_MIN && next < KEY_TAG_FALSE)
        return key_get_int(r, &ignored);
    if (!get_byte(r, &tag))
        return false;
    switch (tag) {
    case KEY_TAG_NULL:
    case KEY_TAG_FALSE:
    case KEY_TAG_TRUE:
    case KEY_TAG_DECIMAL_NAN:
    case KEY_TAG_DECIMAL_ZERO:
    case KEY_TAG_JSON_EMPTY_ARRAY:
    case KEY_TAG_JSON_NULL:
    case KEY_TAG_JSON_FALSE:
    case KEY_TAG_JSON_TRUE:
        return true;
    case KEY_TAG_FLOAT:
        return skip_bytes_of(r, 8);
    case KEY_TAG_DECIMAL_NEGATIVE:
    case KEY_TAG_DECIMAL_POSITIVE:
        return skip_decimal(r, tag == KEY_TAG_DECIMAL_NEGATIVE);
    case KEY_TAG_BYTES:
    case KEY_TAG_STRING:
    case KEY_TAG_JSON_STRING:
        return skip_escaped(r);
    case KEY_TAG_UUID:
    case KEY_TAG_INTERVAL:
        return skip_bytes_of(r, 16);
    case KEY_TAG_DATE:
    case KEY_TAG_TIME:
    case KEY_TAG_TIMESTAMP:
        return key_get_int(r, &ignored);
    case KEY_TAG_BITS:
        return skip_escaped(r) && key_get_int(r, &ignored);
    case KEY_TAG_TIMETZ:
        return key_get_int(r, &ignored) && key_get_int(r, &ignored);
    case KEY_TAG_JSON_NUMBER:
        return skip_value(r, depth + 1);
    case KEY_TAG_JSON_ARRAY:
    case KEY_TAG_JSON_OBJECT:
        return key_get_int(r, &ignored) && skip_list(r, depth);
    case KEY_TAG_ARRAY:
        return skip_list(r, depth);
    default:
        return false;
    }
}

bool key_skip(struct key_reader *r)
{
    uint8_t mask = r->mask;
    r->mask = r->at < r->end && *r->at >= 0x80 ? 0xFF : 0;
    bool ok = skip_value(r, 0);
    r->mask = mask;
    return ok;
}

void key_put_uvarint(struct buf *b, uint64_t v)
{
    if (v <= UVARINT_ONE_MAX) {
        buf_putc(b, (char)v);
    } else if (v <= UVARINT_TWO_MAX) {
        v -= UVARINT_ONE_MAX;
        put_be(b, (UVARINT_ONE_MAX + 1 + v / 256) << 8 | v % 256, 2);
    } else if (v <= UVARINT_THREE_MAX) {
        put_be(b, (uint64_t)249 << 16 | (v - UVARINT_TWO_MAX - 1), 3);
    } else {
        int n = byte_width(v);
        buf_putc(b, (char)(247 + n));
        put_be(b, v, n);
    }
}

bool key_get_uvarint(struct key_reader *r, uint64_t *out)
{
    uint8_t first;
    uint64_t v = 0;
    *out = 0;
    if (!get_byte(r, &first))
        return false;
    if (first <= UVARINT_ONE_MAX) {
        *out = first;
        return true;
    }
    int n = first < 249 ? 1 : first == 249 ? 2 : first - 247;
    if (!get_be(r, n, &v))
        return false;
    if (first < 249)
        v += UVARINT_ONE_MAX + 256 * (uint64_t)(first - UVARINT_ONE_MAX - 1);
    else if (first == 249)
        v += UVARINT_TWO_MAX + 1;
    *out = v;
    return n < 3 || (byte_width(v) == n && v > UVARINT_THREE_MAX);
}
