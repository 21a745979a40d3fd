// STRING, BYTES, UUID and the types without values of their own (UNKNOWN, VOID): text, binary, SQL quoting.
#include "types/types_int.h"
#include "types/text.h"
#include <stdio.h>
#include "base/util.h"

void go_quote(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.len;) {
        size_t from = i;
        int32_t cp = utf8_next(s, &i);
        const char *escape = cp == '"'    ? "\\\""
                             : cp == '\\' ? "\\\\"
                             : cp == '\n' ? "\\n"
                             : cp == '\t' ? "\\t"
                             : cp == '\r' ? "\\r"
                             : cp == '\a' ? "\\a"
                             : cp == '\b' ? "\\b"
                             : cp == '\f' ? "\\f"
                             : cp == '\v' ? "\\v"
                                          : NULL;
        if (escape != NULL)
            buf_cstr(out, escape);
        else if (cp < ' ' || cp == 0x7F)
            buf_printf(out, "\\x%02x", (unsigned char)s.ptr[from]);
        else
            buf_str(out, str_slice(s, from, i));
    }
    buf_putc(out, '"');
}

static bool needs_escape(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == '\\' || s.ptr[i] == 0x7F)
            return true;
    }
    return false;
}

static void put_escaped(struct buf *out, char c)
{
    switch (c) {
    case '\n':
        buf_cstr(out, "\\n");
        break;
    case '\t':
        buf_cstr(out, "\\t");
        break;
    case '\r':
        buf_cstr(out, "\\r");
        break;
    case '\\':
        buf_cstr(out, "\\\\");
        break;
    case '\'':
        buf_cstr(out, "\\'");
        break;
    default:
        if ((unsigned char)c < ' ' || c == 0x7F)
            buf_printf(out, "\\x%02x", (unsigned char)c);
        else
            buf_putc(out, c);
    }
}

void sql_quote_string(struct buf *out, struct str s)
{
    if (needs_escape(s)) {
        buf_cstr(out, "e'");
        for (size_t i = 0; i < s.len; i++)
            put_escaped(out, s.ptr[i]);
    } else {
        buf_putc(out, '\'');
        for (size_t i = 0; i < s.len; i++)
            buf_append(out, s.ptr[i] == '\'' ? "''" : s.ptr + i, s.ptr[i] == '\'' ? 2 : 1);
    }
    buf_putc(out, '\'');
}

void sql_quote_bytes(struct buf *out, struct str s)
{
    buf_cstr(out, "b'");
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] >= 0x7F)
            buf_printf(out, "\\x%02x", (unsigned char)s.ptr[i]);
        else
            put_escaped(out, s.ptr[i]);
    }
    buf_putc(out, '\'');
}

// --- strings ------------------------------------------------------------------------------------------------------

int string_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                       struct datum *out, struct err *err)
{
    if ((text.len != 0 && memchr(text.ptr, '\0', text.len) != NULL) || !utf8_valid(text))
        return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
    if (t.oid == TYPE_OID_BPCHAR) { // trailing blanks do not count
        while (text.len > 0 && text.ptr[text.len - 1] == ' ')
            text.len--;
    }
    out->s = text;
    return 0;
}

void string_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
    if (t.oid == TYPE_OID_BPCHAR && t.width > 0) { // CHAR(n) is stored trimmed and shown padded
        size_t length = utf8_length(d.s);
        if (length < (size_t)t.width)
            buf_fill(out, ' ', (size_t)t.width - length);
    }
}

int string_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (t.oid == TYPE_OID_QCHAR && str_eq(bytes, (struct str){"", 1}))
        bytes = STR_EMPTY;
    return string_parse_datum(a, t, bytes, NULL, out, err);
}

void string_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    if (t.oid == TYPE_OID_QCHAR && d.s.len == 0)
        buf_putc(out, '\0'); // always one byte, as in PostgreSQL
    else
        string_print_datum(out, t, d, vc);
}

int string_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t string_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}

// --- bytes --------------------------------------------------------------------------------------------------------

static int parse_hex_bytes(struct arena *a, struct str whole, struct str *out, struct err *err)
{
    struct str hex = str_slice(whole, 2, whole.len);
    char *bytes = arena_alloc_aligned(a, hex.len / 2 + 1, 1);
    for (size_t i = 0; i < hex.len; i++) {
        int v = hex_digit(hex.ptr[i]);
        if (v < 0) {
            char cause[80];
            snprintf(cause, sizeof(cause), "encoding/hex: invalid byte: U+%04X '%c'", (unsigned char)hex.ptr[i],
                     hex.ptr[i] >= ' ' && hex.ptr[i] < 0x7F ? hex.ptr[i] : '?');
            return parse_error(err, whole, T_BYTES, cause);
        }
        if (i / 2 < hex.len / 2)
            bytes[i / 2] = (char)(i % 2 == 0 ? v << 4 : bytes[i / 2] | v);
    }
    if (hex.len % 2 != 0)
        return parse_error(err, whole, T_BYTES, "encoding/hex: odd length hex string");
    *out = (struct str){bytes, hex.len / 2};
    return 0;
}

static bool octal_escape(struct str s, size_t i, unsigned *v)
{
    if (s.len - i < 4)
        return false;
    *v = 0;
    for (size_t k = 1; k < 4; k++) {
        if (s.ptr[i + k] < '0' || s.ptr[i + k] > '7')
            return false;
        *v = *v * 8 + (unsigned)(s.ptr[i + k] - '0');
    }
    return *v <= 255;
}

int bytes_parse(struct arena *a, struct str s, struct str *out, struct err *err)
{
    if (s.len >= 2 && s.ptr[0] == '\\' && lower(s.ptr[1]) == 'x')
        return parse_hex_bytes(a, s, out, err);
    char *bytes = arena_alloc_aligned(a, s.len + 1, 1);
    size_t n = 0;
    unsigned v;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\\') {
            bytes[n++] = s.ptr[i];
        } else if (i + 1 < s.len && s.ptr[i + 1] == '\\') {
            bytes[n++] = '\\';
            i++;
        } else if (octal_escape(s, i, &v)) {
            bytes[n++] = (char)v;
            i += 3;
        } else {
            return parse_error(err, s, T_BYTES,
                               s.len - i < 4 ? "bytea encoded value ends with incomplete escape sequence"
                                             : "invalid bytea escape sequence");
        }
    }
    *out = (struct str){bytes, n};
    return 0;
}

void bytes_print(struct buf *out, struct str bytes, enum bytea_output format)
{
    switch (format) {
    case BYTEA_OUTPUT_HEX:
        buf_cstr(out, "\\x");
        hex_encode(out, bytes);
        break;
    case BYTEA_OUTPUT_BASE64:
        base64_encode(out, bytes);
        break;
    case BYTEA_OUTPUT_ESCAPE:
        for (size_t i = 0; i < bytes.len; i++) {
            unsigned char c = (unsigned char)bytes.ptr[i];
            if (c == '\\')
                buf_cstr(out, "\\\\");
            else if (c < ' ' || c >= 0x7F)
                buf_printf(out, "\\%03o", c);
            else
                buf_putc(out, (char)c);
        }
        break;
    }
}

int bytes_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                      struct datum *out, struct err *err)
{
    return bytes_parse(a, text, &out->s, err);
}

void bytes_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    bytes_print(out, d.s, vc->bytea_output);
}

int bytes_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    out->s = bytes;
    return 0;
}

void bytes_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int bytes_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t bytes_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}

// --- UUID ---------------------------------------------------------------------------------------------------------

bool uuid_parse(struct str s, uint8_t out[16])
{
    if (str_has_prefix(s, STR("urn:uuid:")))
        s = str_slice(s, 9, s.len);
    if (s.len >= 2 && s.ptr[0] == '{' && s.ptr[s.len - 1] == '}')
        s = str_slice(s, 1, s.len - 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '-' && n > 0 && n < 32 && n % 4 == 0 && s.ptr[i - 1] != '-')
            continue;
        int v = hex_digit(s.ptr[i]);
        if (v < 0 || n == 32)
            return false;
        out[n / 2] = (uint8_t)(n % 2 == 0 ? v << 4 : out[n / 2] | v);
        n++;
    }
    return n == 32;
}

void uuid_print(struct buf *out, const uint8_t u[16])
{
    static const char hex[] = "0123456789abcdef";
    char text[36];
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = hex[u[i] >> 4];
        text[at++] = hex[u[i] & 15];
    }
    buf_append(out, text, sizeof(text));
}

static int uuid_error(struct err *err, struct str text, struct type t)
{
    struct buf cause = BUF_INIT;
    size_t n = MIN(text.len, (size_t)1000);
    bool known_length = text.len == 32 || text.len == 36 || text.len == 38 || text.len == 45;
    buf_printf(&cause, "uuid: incorrect UUID %s: %.*s", known_length ? "format" : "length", (int)n, text.ptr);
    int rc = parse_error(err, text, t, buf_c(&cause));
    buf_release(&cause);
    return rc;
}

int uuid_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    uint8_t u[16];
    if (!uuid_parse(text, u))
        return uuid_error(err, text, t);
    char *bytes = arena_alloc_aligned(a, 16, 1);
    memcpy(bytes, u, 16);
    out->s = (struct str){bytes, 16};
    return 0;
}

void uuid_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    uint8_t u[16] = {0};
    memcpy(u, d.s.ptr, MIN(d.s.len, (size_t)16));
    uuid_print(out, u);
}

int uuid_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 16)
        return binary_error(err, t);
    out->s = bytes;
    return 0;
}

void uuid_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int uuid_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t uuid_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}

// --- UNKNOWN, VOID ------------------------------------------------------------------------------------------------

int unknown_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                        struct datum *out, struct err *err)
{
    return string_parse_datum(a, T_STRING, text, vc, out, err);
}

void unknown_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int unknown_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    return string_parse_datum(a, T_STRING, bytes, NULL, out, err);
}

void unknown_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int unknown_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t unknown_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
