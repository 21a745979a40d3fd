// Order-preserving byte encodings of single values: memcmp over the encoding orders like the values.
//
// Every value starts with a tag byte below 0x80 and is prefix-free, so encodings may be concatenated, and the
// complement of every byte (KEY_DESC) reverses the order. A first byte of 0x80 or more therefore tells a descending
// value apart without a schema. NULL has the lowest tag: first ascending, last descending.
//
//   int      small values in the tag itself, others 1-8 big-endian bytes, the length in the tag
//   bytes    0x00 escaped as 00 FF, terminated by 00 01
//   float    IEEE bits made monotonic; NaN first, -0 equals 0
//   decimal  sign tag, decimal exponent as int, digits in base 100 (each + 1), terminated by 00; complemented when
//            negative. Trailing zeros are not kept: equal numbers have equal keys.
//   array    element encodings, terminated by 00
//   json     a tag per kind in the order of kinds; containers: count, then elements or key-value pairs, then 00
#ifndef KEYS_ENCODING_H
#define KEYS_ENCODING_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

enum key_direction { KEY_ASC, KEY_DESC };

// The first byte of an ascending value. Stored on disk: never renumber.
enum key_tag {
    KEY_TAG_END = 0x00, // of an array; never starts a value
    KEY_TAG_NULL = 0x01,
    KEY_TAG_INT_MIN = 0x02,      // 0x02..0x09: negative, 8..1 bytes follow
    KEY_TAG_INT_ZERO = 0x0A,     // 0x0A..0x49: 0..63
    KEY_TAG_INT_POSITIVE = 0x4A, // 0x4A..0x51: 1..8 bytes follow
    KEY_TAG_FALSE = 0x52,
    KEY_TAG_TRUE = 0x53,
    KEY_TAG_FLOAT = 0x54,
    KEY_TAG_DECIMAL_NAN = 0x55,
    KEY_TAG_DECIMAL_NEGATIVE = 0x56,
    KEY_TAG_DECIMAL_ZERO = 0x57,
    KEY_TAG_DECIMAL_POSITIVE = 0x58,
    KEY_TAG_BYTES = 0x59,
    KEY_TAG_STRING = 0x5A,
    KEY_TAG_UUID = 0x5B,
    KEY_TAG_DATE = 0x5C,
    KEY_TAG_TIME = 0x5D,
    KEY_TAG_TIMESTAMP = 0x5E,
    KEY_TAG_INTERVAL = 0x5F,
    KEY_TAG_ARRAY = 0x60,
    KEY_TAG_JSON_EMPTY_ARRAY = 0x61,
    KEY_TAG_JSON_NULL = 0x62,
    KEY_TAG_JSON_STRING = 0x63,
    KEY_TAG_JSON_NUMBER = 0x64,
    KEY_TAG_JSON_FALSE = 0x65,
    KEY_TAG_JSON_TRUE = 0x66,
    KEY_TAG_JSON_ARRAY = 0x67,
    KEY_TAG_JSON_OBJECT = 0x68,
    KEY_TAG_BITS = 0x69,   // bytes, then the number of bits as int
    KEY_TAG_TIMETZ = 0x6A, // two ints
};

// Writers append the ascending form. key_complement turns what was appended since `from` into the descending form.
void key_put_null(struct buf *b);
void key_put_bool(struct buf *b, bool v);
void key_put_int(struct buf *b, int64_t v);
void key_put_float(struct buf *b, double v);
void key_put_bytes(struct buf *b, enum key_tag tag, struct str v); // KEY_TAG_BYTES, _STRING, _JSON_STRING, _BITS
void key_put_uuid(struct buf *b, const uint8_t v[16]);
void key_put_tagged_int(struct buf *b, enum key_tag tag, int64_t v); // KEY_TAG_DATE, _TIME, _TIMESTAMP, _TIMETZ
// An interval by its length (12 months, 30-day months, 24-hour days), as microseconds in 128 bits.
void key_put_interval(struct buf *b, __int128 micros);
static inline void key_complement(struct buf *b, size_t from)
{
    for (size_t i = from; i < b->len; i++)
        b->ptr[i] = (char)~b->ptr[i];
}

enum key_decimal_kind { KEY_DECIMAL_FINITE, KEY_DECIMAL_INFINITE, KEY_DECIMAL_NAN };
// The number 0.d1d2d3... * 10^exponent. `digits` are ASCII, d1 not '0'; zero has no digits. Trailing zeros are allowed
// when writing and absent after reading.
struct key_decimal {
    enum key_decimal_kind kind;
    bool negative;
    int64_t exponent;
    struct str digits;
};
void key_put_decimal(struct buf *b, const struct key_decimal *v);

// Reads values off the front of a key. `mask` is 0 for an ascending and 0xFF for a descending value and may change
// between values. Readers return false, leaving the position undefined, on bytes no writer produces.
struct key_reader {
    const uint8_t *at, *end;
    uint8_t mask;
};
static inline struct key_reader key_reader(struct str key)
{
    const uint8_t *p = (const uint8_t *)key.ptr;
    return (struct key_reader){p, p + key.len, 0};
}
static inline void key_reader_direction(struct key_reader *r, enum key_direction d)
{
    r->mask = d == KEY_DESC ? 0xFF : 0;
}
static inline size_t key_reader_left(const struct key_reader *r)
{
    return (size_t)(r->end - r->at);
}
// The next tag without consuming it; -1 at the end.
static inline int key_peek(const struct key_reader *r)
{
    return r->at < r->end ? *r->at ^ r->mask : -1;
}
bool key_get_null(struct key_reader *r); // false and nothing consumed when the next value is not NULL
bool key_get_bool(struct key_reader *r, bool *out) MUST_CHECK;
bool key_get_int(struct key_reader *r, int64_t *out) MUST_CHECK;
bool key_get_float(struct key_reader *r, double *out) MUST_CHECK;
// A view into the key when nothing had to be unescaped, else memory of the arena.
bool key_get_bytes(struct key_reader *r, enum key_tag tag, struct arena *a, struct str *out) MUST_CHECK;
bool key_get_uuid(struct key_reader *r, uint8_t out[16]) MUST_CHECK;
bool key_get_tagged_int(struct key_reader *r, enum key_tag tag, int64_t *out) MUST_CHECK;
bool key_get_interval(struct key_reader *r, __int128 *micros) MUST_CHECK;
bool key_get_decimal(struct key_reader *r, struct arena *a, struct key_decimal *out) MUST_CHECK;
// Passes over one value of any kind; its direction is taken from the tag.
bool key_skip(struct key_reader *r) MUST_CHECK;

// Unsigned integers without tag, ordered, 1 byte up to 240 (ids in key prefixes, counts in row headers).
void key_put_uvarint(struct buf *b, uint64_t v);
bool key_get_uvarint(struct key_reader *r, uint64_t *out) MUST_CHECK;

#endif
