// Normalization forms (Unicode Standard Annex 15) by ICU; escapes of code points.
#include "sql/functions/functions_int.h"
#include "base/util.h"
#include <ctype.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

// ---- normalization

static int find_form(struct str name, const UNormalizer2 **out, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    if (str_ieqc(name, "nfc"))
        *out = unorm2_getNFCInstance(&status);
    else if (str_ieqc(name, "nfd"))
        *out = unorm2_getNFDInstance(&status);
    else if (str_ieqc(name, "nfkc"))
        *out = unorm2_getNFKCInstance(&status);
    else if (str_ieqc(name, "nfkd"))
        *out = unorm2_getNFKDInstance(&status);
    else
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid normalization form: %.*s", STR_FMT(name));
    return U_SUCCESS(status) ? 0 : err_set(err, ERR_INTERNAL_ERROR, "%s", u_errorName(status));
}

// The text in a form, in the statement's arena.
static int in_form(struct eval_context *ec, const UNormalizer2 *form, struct str s, struct str *out, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t units = 0, bytes = 0;
    TRY(fn_check_length(s.len, err));
    UChar *text = ARENA_ARRAY(ec->arena, UChar, s.len + 1); // never more units than bytes
    u_strFromUTF8(text, (int32_t)s.len + 1, &units, s.ptr, (int32_t)s.len, &status);
    int32_t room = unorm2_normalize(form, text, units, NULL, 0, &status);
    if (status != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(status))
        return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\"");
    status = U_ZERO_ERROR;
    TRY(fn_check_length((size_t)room * 3, err)); // a unit takes three bytes at most
    UChar *normal = ARENA_ARRAY(ec->arena, UChar, (size_t)room + 1);
    room = unorm2_normalize(form, text, units, normal, room + 1, &status);
    char *utf8 = arena_alloc(ec->arena, (size_t)room * 3 + 1);
    u_strToUTF8(utf8, room * 3 + 1, &bytes, normal, room, &status);
    if (U_FAILURE(status))
        return err_set(err, ERR_INTERNAL_ERROR, "%s", u_errorName(status));
    *out = (struct str){utf8, (size_t)bytes};
    return 0;
}

static int of_call(struct eval_context *ec, const struct datum *args, int n_args, struct str *out, struct err *err)
{
    const UNormalizer2 *form;
    TRY(find_form(n_args > 1 ? args[1].s : STR("nfc"), &form, err));
    return in_form(ec, form, args[0].s, out, err);
}

BODY(normalize)
{
    *out = (struct datum){0};
    return of_call(ec, args, n_args, &out->s, err);
}

BODY(is_normalized)
{
    struct str normal;
    TRY(of_call(ec, args, n_args, &normal, err));
    return fn_return_bool(out, str_eq(normal, args[0].s));
}

// ---- escapes

// So many hexadecimal digits; -1 when they are none.
static int64_t read_digits(struct str s, size_t at, size_t n)
{
    int64_t v = 0;
    if (at + n > s.len)
        return -1;
    for (size_t i = at; i < at + n; i++) {
        char c = s.ptr[i];
        if (!isxdigit((unsigned char)c))
            return -1;
        v = v * 16 + (isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

// The code point of an escape after its backslash, and its length; -1 when it is none.
static int64_t read_escape(struct str s, size_t at, size_t *len)
{
    char kind = at < s.len ? s.ptr[at] : '\0';
    size_t digits = kind == '+' ? 6 : kind == 'U' ? 8 : 4, prefix = kind == '+' || kind == 'u' || kind == 'U';
    *len = prefix + digits;
    return read_digits(s, at + prefix, digits);
}

static int bad_escape(struct buf *b, struct err *err)
{
    buf_release(b);
    err_set(err, ERR_SYNTAX_ERROR, "invalid Unicode escape");
    return err_hint(err, "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
}

static int bad_pair(struct buf *b, struct err *err)
{
    buf_release(b);
    return err_set(err, ERR_SYNTAX_ERROR, "invalid Unicode surrogate pair");
}

BODY(unistr)
{
    struct str s = args[0].s;
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    int64_t high = 0; // the first half of a surrogate pair
    for (size_t i = 0; i < s.len;) {
        bool escape = s.ptr[i] == '\\' && !(i + 1 < s.len && s.ptr[i + 1] == '\\');
        size_t len = 0;
        int64_t c = escape ? read_escape(s, i + 1, &len) : 0;
        if (escape && (c < 0 || c > 0x10FFFF))
            return bad_escape(&b, err);
        bool second = escape && c >= 0xDC00 && c <= 0xDFFF;
        if (second != (high != 0))
            return bad_pair(&b, err);
        if (!escape) {
            i += s.ptr[i] == '\\';
            buf_putc(&b, s.ptr[i++]);
            continue;
        }
        i += 1 + len;
        bool first = c >= 0xD800 && c <= 0xDBFF;
        if (!first)
            utf8_put(&b, (uint32_t)(second ? 0x10000 + ((high - 0xD800) << 10) + (c - 0xDC00) : c));
        high = first ? c : 0;
    }
    if (high != 0)
        return bad_pair(&b, err);
    return fn_return_buf(ec, &b, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/unicode.def"
};
const struct fn_family fn_family_unicode = {"STRING AND BYTE", rows, ARRAY_LEN(rows)};
