// JSON text: parser (RFC 8259) and printers, and the functions of the JSONB family.
#include "types/json_int.h"
#include "base/util.h"
#include <stdio.h>

struct json_reader {
    struct str text;
    size_t at;
    struct arena *arena;
    struct json_builder b;
    struct err *err;
    struct buf unescaped; // one string with escapes
    int depth;
};

static int fail(struct json_reader *r, const char *what)
{
    return err_set(r->err, ERR_INVALID_TEXT_REPRESENTATION, "could not parse JSON: %s", what);
}

static char peek(const struct json_reader *r)
{
    return r->at < r->text.len ? r->text.ptr[r->at] : '\0';
}

static void skip_blanks(struct json_reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
        r->at++;
}

static int unexpected(struct json_reader *r)
{
    if (r->at >= r->text.len)
        return fail(r, "unexpected EOF");
    char what[64];
    char c = peek(r);
    snprintf(what, sizeof(what),
             c >= ' ' && c < 0x7F ? "unable to decode JSON: invalid character '%c'" : "invalid character 0x%02x",
             (unsigned char)c);
    return fail(r, what);
}

// --- strings ------------------------------------------------------------------------------------------------------

static bool read_hex4(struct json_reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int v = hex_digit(peek(r));
        if (v < 0)
            return false;
        *out = *out << 4 | (uint32_t)v;
    }
    return true;
}

// After "\u"; pairs of surrogates join, lone ones become U+FFFD.
static int read_unicode(struct json_reader *r)
{
    uint32_t cp, low;
    if (!read_hex4(r, &cp))
        return unexpected(r);
    if (cp == 0)
        return err_set(r->err, ERR_UNTRANSLATABLE_CHARACTER,
                       "unsupported Unicode escape sequence: \\u0000 cannot be "
                       "converted to text");
    if (cp >= 0xD800 && cp < 0xDC00 && peek(r) == '\\' && r->at + 1 < r->text.len && r->text.ptr[r->at + 1] == 'u') {
        size_t back = r->at;
        r->at += 2;
        if (!read_hex4(r, &low))
            return unexpected(r);
        if (low >= 0xDC00 && low < 0xE000) {
            utf8_put(&r->unescaped, 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00));
            return 0;
        }
        r->at = back;
    }
    utf8_put(&r->unescaped, cp >= 0xD800 && cp < 0xE000 ? 0xFFFD : cp);
    return 0;
}

static int read_escape(struct json_reader *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    const char *hit = c == '\0' ? NULL : strchr(from, c);
    if (hit == NULL && c != 'u')
        return unexpected(r);
    r->at++;
    if (c == 'u')
        return read_unicode(r);
    buf_putc(&r->unescaped, to[hit - from]);
    return 0;
}

// Behind the opening quote. The result borrows from the text or from r->unescaped.
static int read_string(struct json_reader *r, struct str *out)
{
    size_t from = ++r->at;
    while (r->at < r->text.len && peek(r) != '"' && peek(r) != '\\' && (unsigned char)peek(r) >= ' ')
        r->at++;
    if (peek(r) == '"') {
        *out = str_slice(r->text, from, r->at++);
        return 0;
    }
    buf_clear(&r->unescaped);
    for (;;) {
        buf_str(&r->unescaped, str_slice(r->text, from, r->at));
        if (r->at >= r->text.len || (unsigned char)peek(r) < ' ')
            return unexpected(r);
        if (r->text.ptr[r->at++] == '"')
            break;
        TRY(read_escape(r));
        from = r->at;
        while (r->at < r->text.len && peek(r) != '"' && peek(r) != '\\' && (unsigned char)peek(r) >= ' ')
            r->at++;
    }
    *out = buf_view(&r->unescaped);
    return 0;
}

// --- numbers and words --------------------------------------------------------------------------------------------

static bool skip_digits(struct json_reader *r)
{
    size_t from = r->at;
    while (is_digit(peek(r)))
        r->at++;
    return r->at > from;
}

static int read_json_number(struct json_reader *r)
{
    size_t from = r->at;
    r->at += peek(r) == '-';
    bool leading_zero = peek(r) == '0';
    size_t digits = r->at;
    if (!skip_digits(r) || (leading_zero && r->at - digits > 1))
        return unexpected(r);
    if (peek(r) == '.') {
        r->at++;
        if (!skip_digits(r))
            return unexpected(r);
    }
    if (lower(peek(r)) == 'e') {
        r->at++;
        r->at += peek(r) == '-' || peek(r) == '+';
        if (!skip_digits(r))
            return unexpected(r);
    }
    struct decimal d;
    bool out_of_range;
    if (!decimal_parse(r->arena, str_slice(r->text, from, r->at), &d, &out_of_range))
        return fail(r, "number out of range");
    json_add_number(&r->b, &d);
    return 0;
}

static bool take_word(struct json_reader *r, struct str word)
{
    if (!str_has_prefix(str_slice(r->text, r->at, r->text.len), word))
        return false;
    r->at += word.len;
    return true;
}

// --- values -------------------------------------------------------------------------------------------------------

static int read_value(struct json_reader *r);

static int read_array(struct json_reader *r)
{
    r->at++;
    json_begin_array(&r->b);
    skip_blanks(r);
    for (bool first = true; peek(r) != ']' || !first; first = false) {
        TRY(read_value(r));
        skip_blanks(r);
        if (peek(r) == ']')
            break;
        if (peek(r) != ',')
            return unexpected(r);
        r->at++;
    }
    r->at++;
    json_end(&r->b);
    return 0;
}

static int read_object(struct json_reader *r)
{
    r->at++;
    json_begin_object(&r->b);
    skip_blanks(r);
    for (bool first = true; peek(r) != '}' || !first; first = false) {
        struct str key;
        skip_blanks(r);
        if (peek(r) != '"')
            return unexpected(r);
        TRY(read_string(r, &key));
        json_key(&r->b, key);
        skip_blanks(r);
        if (peek(r) != ':')
            return unexpected(r);
        r->at++;
        TRY(read_value(r));
        skip_blanks(r);
        if (peek(r) == '}')
            break;
        if (peek(r) != ',')
            return unexpected(r);
        r->at++;
    }
    r->at++;
    json_end(&r->b);
    return 0;
}

static int read_scalar(struct json_reader *r)
{
    struct str s;
    if (peek(r) == '"') {
        TRY(read_string(r, &s));
        json_add_string(&r->b, s);
    } else if (peek(r) == '-' || is_digit(peek(r))) {
        return read_json_number(r);
    } else if (take_word(r, STR("null"))) {
        json_add_null(&r->b);
    } else if (take_word(r, STR("true"))) {
        json_add_bool(&r->b, true);
    } else if (take_word(r, STR("false"))) {
        json_add_bool(&r->b, false);
    } else {
        return unexpected(r);
    }
    return 0;
}

static int read_value(struct json_reader *r)
{
    skip_blanks(r);
    if (peek(r) != '{' && peek(r) != '[')
        return read_scalar(r);
    if (r->depth == JSON_DEPTH_MAX)
        return err_set(r->err, ERR_STATEMENT_TOO_COMPLEX, "JSON value nested deeper than %d levels", JSON_DEPTH_MAX);
    r->depth++;
    TRY(peek(r) == '{' ? read_object(r) : read_array(r));
    r->depth--;
    return 0;
}

static int read_document(struct json_reader *r)
{
    if (!utf8_valid(r->text))
        return err_set(r->err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
    TRY(read_value(r));
    skip_blanks(r);
    return r->at < r->text.len ? fail(r, "trailing characters after JSON document") : 0;
}

int json_parse(struct arena *a, struct str text, struct str *out, struct err *err)
{
    struct json_reader r = {.text = text, .arena = a, .err = err, .unescaped.max = JSON_LEN_MAX};
    json_builder_init(&r.b);
    int rc = read_document(&r);
    buf_release(&r.unescaped);
    if (rc == 0)
        return json_builder_finish(&r.b, a, out, err);
    json_builder_release(&r.b);
    return rc;
}

// --- printing -----------------------------------------------------------------------------------------------------

void json_print_string(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (LIKELY(c >= ' ' && c != '"' && c != '\\'))
            continue;
        buf_str(out, str_slice(s, from, i));
        from = i + 1;
        static const char short_from[] = "\"\\\b\f\n\r\t", short_to[] = "\"\\bfnrt";
        const char *hit = c == 0 ? NULL : strchr(short_from, c);
        if (hit != NULL) {
            buf_putc(out, '\\');
            buf_putc(out, short_to[hit - short_from]);
        } else {
            buf_printf(out, "\\u%04x", c);
        }
    }
    buf_str(out, str_slice(s, from, s.len));
    buf_putc(out, '"');
}

static void print_scalar(struct buf *out, struct str j)
{
    switch (json_kind(j)) {
    case JSON_FALSE:
        buf_cstr(out, "false");
        break;
    case JSON_TRUE:
        buf_cstr(out, "true");
        break;
    case JSON_NUMBER: {
        struct decimal d = json_number_value(j);
        decimal_print(out, &d);
        break;
    }
    case JSON_STRING:
        json_print_string(out, json_string_value(j));
        break;
    default:
        buf_cstr(out, "null");
    }
}

static void new_line(struct buf *out, int indent)
{
    buf_putc(out, '\n');
    buf_fill(out, ' ', (size_t)indent * 4);
}

// indent -1: on one line.
static void print_value(struct buf *out, struct str j, int indent)
{
    if (!json_is_container(j)) {
        print_scalar(out, j);
        return;
    }
    bool object = json_kind(j) == JSON_OBJECT;
    uint32_t n = json_count(j);
    bool lines = indent >= 0 && n > 0;
    buf_putc(out, object ? '{' : '[');
    for (uint32_t i = 0; i < n; i++) {
        struct str key, value = STR_EMPTY;
        if (i > 0)
            buf_cstr(out, lines ? "," : ", ");
        if (lines)
            new_line(out, indent + 1);
        if (object) {
            json_pair_at(j, i, &key, &value);
            json_print_string(out, key);
            buf_cstr(out, ": ");
        } else {
            value = json_at(j, i);
        }
        print_value(out, value, indent < 0 ? -1 : indent + 1);
    }
    if (lines)
        new_line(out, indent);
    buf_putc(out, object ? '}' : ']');
}

void json_print(struct buf *out, struct str j)
{
    print_value(out, j, -1);
}

void json_print_pretty(struct buf *out, struct str j)
{
    print_value(out, j, 0);
}

// --- family functions ---------------------------------------------------------------------------------------------

int json_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    return json_parse(a, text, &out->s, err);
}

void json_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    json_print(out, d.s);
}

// jsonb's wire form is a version byte and the text; json's is the text.
int json_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (t.oid != TYPE_OID_JSON) {
        if (s.len == 0 || s.ptr[0] != 1)
            return binary_error(err, t);
        s = str_slice(s, 1, s.len);
    }
    return json_parse(a, s, &out->s, err);
}

void json_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    if (t.oid != TYPE_OID_JSON)
        buf_putc(out, 1);
    json_print(out, d.s);
}

int json_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return json_compare(a->s, b->s);
}

uint64_t json_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return json_hash(d->s, seed);
}
