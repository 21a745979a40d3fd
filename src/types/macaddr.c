// MACADDR and MACADDR8: six or eight bytes, bytewise order. A MACADDR is the MACADDR8 with ff:fe in its middle.
#include "types/macaddr.h"
#include "types/types_int.h"

static bool is_spacer(char c)
{
    return c == ':' || c == '-' || c == '.';
}

// Six numbers of one or two digits with the same spacer between them: 8:0:2b:1:2:3.
static bool read_groups(struct str s, uint8_t out[MACADDR_BYTES])
{
    char spacer = '\0';
    size_t at = 0;
    for (size_t group = 0; group < MACADDR_BYTES; group++) {
        int value = 0, digits = 0;
        if (group > 0 && (at >= s.len || !is_spacer(s.ptr[at]) || (group > 1 && s.ptr[at] != spacer)))
            return false;
        if (group > 0)
            spacer = s.ptr[at++];
        for (; at < s.len && digits < 2 && hex_digit(s.ptr[at]) >= 0; at++, digits++)
            value = value * 16 + hex_digit(s.ptr[at]);
        if (digits == 0)
            return false;
        out[group] = (uint8_t)value;
    }
    return at == s.len;
}

// Pairs of digits with one kind of spacer, or none, between some of them.
static size_t read_pairs(struct str s, uint8_t out[MACADDR8_BYTES])
{
    size_t n = 0;
    char spacer = '\0';
    for (size_t at = 0; at < s.len; at += 2) {
        if (n > 0 && is_spacer(s.ptr[at]) && (spacer == '\0' || spacer == s.ptr[at]))
            spacer = s.ptr[at++];
        if (n == MACADDR8_BYTES || at + 1 >= s.len || hex_digit(s.ptr[at]) < 0 || hex_digit(s.ptr[at + 1]) < 0)
            return 0;
        out[n++] = (uint8_t)(hex_digit(s.ptr[at]) << 4 | hex_digit(s.ptr[at + 1]));
    }
    return n;
}

void macaddr_widen(const uint8_t from[MACADDR_BYTES], uint8_t to[MACADDR8_BYTES])
{
    const uint8_t wide[MACADDR8_BYTES] = {from[0], from[1], from[2], 0xFF, 0xFE, from[3], from[4], from[5]};
    memcpy(to, wide, MACADDR8_BYTES);
}

int macaddr_narrow(const uint8_t from[MACADDR8_BYTES], uint8_t to[MACADDR_BYTES], struct err *err)
{
    if (from[3] != 0xFF || from[4] != 0xFE)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "macaddr8 data out of range to convert to macaddr");
    const uint8_t narrow[MACADDR_BYTES] = {from[0], from[1], from[2], from[5], from[6], from[7]};
    memcpy(to, narrow, MACADDR_BYTES);
    return 0;
}

static int bad_syntax(const char *type, struct str text, struct err *err)
{
    return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s: \"%.*s\"", type,
                   STR_FMT(text));
}

int macaddr_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                        struct datum *out, struct err *err)
{
    uint8_t bytes[MACADDR8_BYTES];
    struct str s = str_trim(text);
    if (!read_groups(s, bytes) && read_pairs(s, bytes) != MACADDR_BYTES)
        return bad_syntax("macaddr", text, err);
    out->s = arena_str(a, (struct str){(const char *)bytes, MACADDR_BYTES});
    return 0;
}

int macaddr8_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                         struct datum *out, struct err *err)
{
    uint8_t bytes[MACADDR8_BYTES];
    size_t n = read_pairs(str_trim(text), bytes);
    if (n != MACADDR_BYTES && n != MACADDR8_BYTES)
        return bad_syntax("macaddr8", text, err);
    if (n == MACADDR_BYTES)
        macaddr_widen(bytes, bytes);
    out->s = arena_str(a, (struct str){(const char *)bytes, MACADDR8_BYTES});
    return 0;
}

void macaddr_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    for (size_t i = 0; i < d.s.len; i++)
        buf_printf(out, "%s%02x", i > 0 ? ":" : "", (unsigned)(uint8_t)d.s.ptr[i]);
}

void macaddr8_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    macaddr_print_datum(out, t, d, vc);
}

int macaddr_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (s.len != MACADDR_BYTES)
        return binary_error(err, t);
    out->s = arena_str(a, s);
    return 0;
}

int macaddr8_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    uint8_t bytes[MACADDR8_BYTES];
    if (s.len != MACADDR_BYTES && s.len != MACADDR8_BYTES)
        return binary_error(err, t);
    memcpy(bytes, s.ptr, s.len);
    if (s.len == MACADDR_BYTES)
        macaddr_widen(bytes, bytes);
    out->s = arena_str(a, (struct str){(const char *)bytes, MACADDR8_BYTES});
    return 0;
}

void macaddr_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

void macaddr8_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int macaddr_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

int macaddr8_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t macaddr_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}

uint64_t macaddr8_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
