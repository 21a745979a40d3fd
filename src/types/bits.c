// BIT and VARBIT: packing, text and the functions of the family.
#include "types/bits.h"
#include "types/types_int.h"
#include "base/map.h"
#include "base/util.h"
#include <stdio.h>

uint32_t bits_count(struct str s)
{
    if (s.len < 4)
        return 0;
    uint64_t n = load_be32(s.ptr);
    return (uint32_t)MIN(n, (uint64_t)(s.len - 4) * 8);
}

bool bits_get(struct str s, uint32_t i)
{
    return ((uint8_t)s.ptr[4 + i / 8] >> (7 - i % 8) & 1) != 0;
}

struct str bits_new(struct arena *a, uint32_t n)
{
    size_t len = 4 + ((size_t)n + 7) / 8;
    char *out = arena_zalloc(a, len);
    store_be32(out, n);
    return (struct str){out, len};
}

void bits_put(struct str s, uint32_t i, bool v)
{
    char *byte = (char *)(uintptr_t)s.ptr + 4 + i / 8; // made by bits_new, so writable
    char mask = (char)(0x80 >> i % 8);
    *byte = (char)(v ? *byte | mask : *byte & ~mask);
}

static int digit_error(struct err *err, struct str s, size_t at, const char *kind)
{
    struct str c = utf8_char(s, at);
    return err_set(err, ERR_INVALID_TEXT_REPRESENTATION,
                   "could not parse string as bit array: \"%.*s\" is not a valid %s digit", STR_FMT(c), kind);
}

static int parse_hex(struct arena *a, struct str s, struct str *out, struct err *err)
{
    *out = bits_new(a, (uint32_t)s.len * 4);
    for (uint32_t i = 0; i < s.len; i++) {
        int v = hex_digit(s.ptr[i]);
        if (v < 0)
            return digit_error(err, s, i, "hexadecimal");
        for (uint32_t k = 0; k < 4; k++)
            bits_put(*out, i * 4 + k, v >> (3 - k) & 1);
    }
    return 0;
}

int bits_parse(struct arena *a, struct str s, struct str *out, struct err *err)
{
    if (s.len > INT32_MAX / 8)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "bit string length exceeds the maximum allowed");
    if (s.len > 0 && lower(s.ptr[0]) == 'x')
        return parse_hex(a, str_slice(s, 1, s.len), out, err);
    if (s.len > 0 && lower(s.ptr[0]) == 'b')
        s = str_slice(s, 1, s.len);
    *out = bits_new(a, (uint32_t)s.len);
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '0' && s.ptr[i] != '1')
            return digit_error(err, s, i, "binary");
        bits_put(*out, i, s.ptr[i] == '1');
    }
    return 0;
}

void bits_print(struct buf *out, struct str s)
{
    uint32_t n = bits_count(s);
    for (uint32_t i = 0; i < n; i++)
        buf_putc(out, bits_get(s, i) ? '1' : '0');
}

int bits_compare(struct str a, struct str b)
{
    struct str x = str_slice(a, MIN(a.len, (size_t)4), a.len), y = str_slice(b, MIN(b.len, (size_t)4), b.len);
    int c = str_cmp(x, y);
    uint32_t n = bits_count(a), m = bits_count(b);
    return c != 0 ? c : (n > m) - (n < m);
}

struct str bits_slice(struct arena *a, struct str s, uint32_t from, uint32_t n)
{
    uint32_t count = bits_count(s);
    from = MIN(from, count);
    n = MIN(n, count - from);
    struct str out = bits_new(a, n);
    for (uint32_t i = 0; i < n; i++)
        bits_put(out, i, bits_get(s, from + i));
    return out;
}

struct str bits_concat(struct arena *a, struct str x, struct str y)
{
    uint32_t n = bits_count(x), m = bits_count(y);
    struct str out = bits_new(a, n + m);
    for (uint32_t i = 0; i < n; i++)
        bits_put(out, i, bits_get(x, i));
    for (uint32_t i = 0; i < m; i++)
        bits_put(out, n + i, bits_get(y, i));
    return out;
}

struct str bits_from_i64(struct arena *a, int64_t v, uint32_t width)
{
    struct str out = bits_new(a, width);
    for (uint32_t i = 0; i < width; i++) {
        uint32_t shift = width - 1 - i;
        bits_put(out, i, shift < 64 ? (uint64_t)v >> shift & 1 : v < 0);
    }
    return out;
}

int64_t bits_to_i64(struct str s)
{
    uint32_t n = bits_count(s);
    uint64_t v = 0;
    for (uint32_t i = n > 64 ? n - 64 : 0; i < n; i++)
        v = v << 1 | bits_get(s, i);
    return (int64_t)v;
}

int bits_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    return bits_parse(a, text, &out->s, err);
}

void bits_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    bits_print(out, d.s);
}

int bits_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (s.len < 4 || load_be32(s.ptr) > INT32_MAX || s.len != 4 + ((size_t)load_be32(s.ptr) + 7) / 8)
        return binary_error(err, t);
    uint32_t n = load_be32(s.ptr);
    out->s = s;
    if (n % 8 != 0) { // padding must be zero for bytewise comparison
        struct str copy = arena_str(a, s);
        char *last = (char *)(uintptr_t)copy.ptr + copy.len - 1;
        *last = (char)(*last & (0xFF << (8 - n % 8)));
        out->s = copy;
    }
    return 0;
}

void bits_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int bits_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return bits_compare(a->s, b->s);
}

uint64_t bits_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
