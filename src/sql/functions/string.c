// Functions on strings and their BYTES twins. Strings count in code points, BYTES in bytes; ASCII strings take the
// short way. Case maps by code point (no locale).
#include "sql/functions/functions_int.h"
#include "sql/parse/ast_print.h"
#include "types/array.h"
#include "types/bits.h"
#include "types/text.h"
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

static bool is_ascii(struct str s)
{
    uint8_t any = 0;
    for (size_t i = 0; i < s.len; i++)
        any |= (uint8_t)s.ptr[i];
    return any < 0x80;
}

// ---- lengths

BODY(string_length)
{
    return fn_return_int(out, (int64_t)utf8_length(args[0].s));
}
KERNEL(string_length_v)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t r = sel != NULL ? sel[k] : k;
        out->i[r] = out->nulls[r] ? 0 : (int64_t)utf8_length(args[0]->s[r & args[0]->mask]);
    }
    return 0;
}
BODY(byte_length)
{
    return fn_return_int(out, (int64_t)args[0].s.len);
}
BODY(byte_bit_length)
{
    return fn_return_int(out, (int64_t)args[0].s.len * 8);
}
BODY(bit_length)
{
    return fn_return_int(out, bits_count(args[0].s));
}
BODY(bit_octet_length)
{
    return fn_return_int(out, (bits_count(args[0].s) + 7) / 8);
}

// ---- concatenation

BODY(concat_two)
{
    size_t n = args[0].s.len + args[1].s.len;
    TRY(fn_check_length(n, err));
    char *p = arena_alloc(ec->arena, n);
    memcpy(p, args[0].s.ptr, args[0].s.len);
    memcpy(p + args[0].s.len, args[1].s.ptr, args[1].s.len);
    return fn_return_str(out, (struct str){p, n});
}

BODY(concat_bits)
{
    return fn_return_str(out, bits_concat(ec->arena, args[0].s, args[1].s));
}

// Bit by bit from the right; the shorter one has zeros before it.
static struct str combine_bits(struct arena *a, struct str x, struct str y, char op)
{
    uint32_t nx = bits_count(x), ny = bits_count(y), n = MAX(nx, ny);
    struct str out = bits_new(a, n);
    for (uint32_t i = 0; i < n; i++) {
        bool p = i < nx && bits_get(x, nx - 1 - i), q = i < ny && bits_get(y, ny - 1 - i);
        bits_put(out, n - 1 - i, op == '&' ? p && q : op == '|' ? p || q : p != q);
    }
    return out;
}

static int bitmask(struct eval_context *ec, const struct datum *args, char op, struct datum *out, struct err *err)
{
    struct str bits[2];
    for (int i = 0; i < 2; i++) {
        bits[i] = args[i].s;
        if (fn_arg_type(ec, i).family == TYPE_STRING)
            TRY(bits_parse(ec->arena, args[i].s, &bits[i], err));
    }
    return fn_return_str(out, combine_bits(ec->arena, bits[0], bits[1], op));
}
BODY(bitmask_and)
{
    return bitmask(ec, args, '&', out, err);
}
BODY(bitmask_or)
{
    return bitmask(ec, args, '|', out, err);
}
BODY(bitmask_xor)
{
    return bitmask(ec, args, '#', out, err);
}

// Text of one value: as clients get it (t and f), which the cast to STRING is but for BOOL.
static int append_output(struct eval_context *ec, struct type t, struct datum d, struct buf *b, struct err *err)
{
    if (!type_is(t, TYPE_BOOL))
        return fn_text_of(ec, t, d, b, err);
    datum_print(b, t, d, ec->vc);
    return 0;
}

// The arguments from the first on, NULLs left out, with a separator between them.
static int concat_list(struct eval_context *ec, const struct datum *args, int first, int n_args, struct str separator,
                       struct datum *out, struct err *err)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    bool any = false;
    for (int i = first; i < n_args; i++) {
        if (args[i].null)
            continue;
        if (any)
            buf_str(&b, separator);
        any = true;
        int rc = append_output(ec, fn_arg_type(ec, i), args[i], &b, err);
        if (rc != 0) {
            buf_release(&b);
            return rc;
        }
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(concat)
{
    return concat_list(ec, args, 0, n_args, STR_EMPTY, out, err);
}
// The operator takes the cast to STRING.
BODY(concat_text)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    for (int i = 0; i < n_args; i++) {
        int rc = fn_text_of(ec, fn_arg_type(ec, i), args[i], &b, err);
        if (rc != 0) {
            buf_release(&b);
            return rc;
        }
    }
    return fn_return_buf(ec, &b, out, err);
}
BODY(concat_ws)
{
    return args[0].null ? fn_return_null(out) : concat_list(ec, args, 1, n_args, args[0].s, out, err);
}

// ---- case

static int map_case(struct eval_context *ec, struct str s, UChar32 (*map)(UChar32), struct datum *out, struct err *err)
{
    struct buf b = BUF_INIT;
    for (size_t at = 0; at < s.len;) {
        int32_t c = utf8_next(s, &at);
        utf8_put(&b, c < 0 ? 0xFFFD : (uint32_t)map(c));
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(lower)
{
    if (!is_ascii(args[0].s))
        return map_case(ec, args[0].s, u_tolower, out, err);
    char *p = arena_alloc(ec->arena, args[0].s.len);
    for (size_t i = 0; i < args[0].s.len; i++) {
        char c = args[0].s.ptr[i];
        p[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return fn_return_str(out, (struct str){p, args[0].s.len});
}

BODY(upper)
{
    if (!is_ascii(args[0].s))
        return map_case(ec, args[0].s, u_toupper, out, err);
    char *p = arena_alloc(ec->arena, args[0].s.len);
    for (size_t i = 0; i < args[0].s.len; i++) {
        char c = args[0].s.ptr[i];
        p[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    return fn_return_str(out, (struct str){p, args[0].s.len});
}

BODY(initcap)
{
    struct buf b = BUF_INIT;
    bool in_word = false;
    for (size_t at = 0; at < args[0].s.len;) {
        int32_t c = utf8_next(args[0].s, &at);
        utf8_put(&b, (uint32_t)(in_word ? u_tolower(c) : u_totitle(c)));
        in_word = u_isalnum(c);
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(unaccent)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);
    struct buf b = BUF_INIT;
    for (size_t at = 0; at < args[0].s.len;) {
        int32_t c = utf8_next(args[0].s, &at);
        UChar parts[8];
        int32_t n = unorm2_getDecomposition(nfd, c, parts, ARRAY_LEN(parts), &status);
        UChar32 base = c;
        if (n > 0)
            U16_GET(parts, 0, 0, n, base);
        if (u_charType(base) != U_NON_SPACING_MARK)
            utf8_put(&b, (uint32_t)base);
    }
    return fn_return_buf(ec, &b, out, err);
}

// ---- parts of strings. Positions start at 1.

// The code points [from, from + count) of s, from 0; out of range parts are cut.
static struct str slice_chars(struct str s, int64_t from, int64_t count)
{
    int64_t end;
    if (__builtin_add_overflow(from, count, &end))
        end = INT64_MAX;
    from = MAX(from, 0);
    if (end <= from || (uint64_t)from >= s.len)
        return STR_EMPTY;
    size_t a = utf8_offset(s, (size_t)from);
    struct str rest = str_slice(s, a, s.len);
    return str_slice(rest, 0,
                     (size_t)end - (size_t)from >= rest.len ? rest.len : utf8_offset(rest, (size_t)(end - from)));
}

static struct str slice_bytes(struct str s, int64_t from, int64_t count)
{
    int64_t end;
    if (__builtin_add_overflow(from, count, &end))
        end = INT64_MAX;
    from = MAX(from, 0);
    end = MIN(end, (int64_t)s.len);
    return end <= from ? STR_EMPTY : str_slice(s, (size_t)from, (size_t)end);
}

static int check_substring(int64_t length, struct err *err)
{
    if (length < 0)
        return err_set(err, ERR_SUBSTRING_ERROR, "negative substring length %lld not allowed", (long long)length);
    return 0;
}

// Position 1 is index 0; INT64_MIN stays far left.
static int64_t index_of(int64_t position)
{
    return position == INT64_MIN ? position : position - 1;
}

BODY(substring_from)
{
    return fn_return_str(out, slice_chars(args[0].s, MAX(index_of(args[1].i), 0), INT64_MAX));
}
BODY(substring_for)
{
    TRY(check_substring(args[2].i, err));
    return fn_return_str(out, slice_chars(args[0].s, index_of(args[1].i), args[2].i));
}
BODY(bytes_substring_from)
{
    return fn_return_str(out, slice_bytes(args[0].s, MAX(index_of(args[1].i), 0), INT64_MAX));
}
BODY(bytes_substring_for)
{
    TRY(check_substring(args[2].i, err));
    return fn_return_str(out, slice_bytes(args[0].s, index_of(args[1].i), args[2].i));
}
BODY(bits_substring_for)
{
    int64_t from = index_of(args[1].i), count = n_args > 2 ? args[2].i : INT64_MAX, end;
    TRY(check_substring(count, err));
    if (__builtin_add_overflow(from, count, &end))
        end = INT64_MAX;
    from = MAX(from, 0);
    end = MIN(end, (int64_t)bits_count(args[0].s));
    return fn_return_str(out, end <= from ? bits_new(ec->arena, 0)
                                          : bits_slice(ec->arena, args[0].s, (uint32_t)from, (uint32_t)(end - from)));
}

// n first characters; negative: all but the last -n.
static int64_t left_count(int64_t n, size_t length)
{
    return n >= 0 ? MIN(n, (int64_t)length) : MAX((int64_t)length + n, 0);
}

BODY(left)
{
    return fn_return_str(out, slice_chars(args[0].s, 0, left_count(args[1].i, utf8_length(args[0].s))));
}
BODY(right)
{
    int64_t length = (int64_t)utf8_length(args[0].s), n = left_count(args[1].i, (size_t)length);
    return fn_return_str(out, slice_chars(args[0].s, length - n, n));
}
BODY(bytes_left)
{
    return fn_return_str(out, slice_bytes(args[0].s, 0, left_count(args[1].i, args[0].s.len)));
}
BODY(bytes_right)
{
    int64_t length = (int64_t)args[0].s.len, n = left_count(args[1].i, args[0].s.len);
    return fn_return_str(out, slice_bytes(args[0].s, length - n, n));
}

static int overlay(struct eval_context *ec, struct str s, struct str by, int64_t position, int64_t count,
                   struct datum *out, struct err *err)
{
    if (position < 1)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "non-positive substring length not allowed: %lld",
                       (long long)position);
    struct str before = slice_chars(s, 0, position - 1);
    int64_t skip;
    struct str after = STR_EMPTY;
    if (!__builtin_add_overflow(position - 1, count, &skip))
        after = slice_chars(s, MAX(skip, 0), INT64_MAX);
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    buf_str(&b, before);
    buf_str(&b, by);
    buf_str(&b, after);
    return fn_return_buf(ec, &b, out, err);
}

BODY(overlay_at)
{
    return overlay(ec, args[0].s, args[1].s, args[2].i, (int64_t)utf8_length(args[1].s), out, err);
}
BODY(overlay_for)
{
    return overlay(ec, args[0].s, args[1].s, args[2].i, args[3].i, out, err);
}

BODY(strpos)
{
    ptrdiff_t at = str_find(args[0].s, args[1].s, 0);
    return fn_return_int(out, at < 0 ? 0 : (int64_t)utf8_length(str_slice(args[0].s, 0, (size_t)at)) + 1);
}
BODY(bytes_strpos)
{
    return fn_return_int(out, str_find(args[0].s, args[1].s, 0) + 1);
}
BODY(starts_with)
{
    return fn_return_bool(out, str_has_prefix(args[0].s, args[1].s));
}

// The n-th field, from the end when n is negative.
static struct str field_at(struct str s, struct str separator, int64_t n)
{
    if (separator.len == 0)
        return n == 1 || n == -1 ? s : STR_EMPTY;
    if (n < 0) {
        int64_t fields = 1;
        for (ptrdiff_t at = 0; (at = str_find(s, separator, (size_t)at)) >= 0; at += (ptrdiff_t)separator.len)
            fields++;
        n += fields + 1;
    }
    size_t from = 0;
    for (; n > 1; n--) {
        ptrdiff_t at = str_find(s, separator, from);
        if (at < 0)
            return STR_EMPTY;
        from = (size_t)at + separator.len;
    }
    ptrdiff_t end = str_find(s, separator, from);
    return n < 1 ? STR_EMPTY : str_slice(s, from, end < 0 ? s.len : (size_t)end);
}

BODY(split_part)
{
    if (args[2].i == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "field position must not be zero");
    return fn_return_str(out, field_at(args[0].s, args[1].s, args[2].i));
}

// Everything before the count-th separator; after it, counted from the end, when negative.
BODY(substring_index)
{
    struct str s = args[0].s, separator = args[1].s;
    int64_t count = args[2].i;
    if (count == 0 || separator.len == 0)
        return fn_return_str(out, STR_EMPTY);
    int64_t total = 0;
    for (ptrdiff_t at = 0; (at = str_find(s, separator, (size_t)at)) >= 0; at += (ptrdiff_t)separator.len)
        total++;
    int64_t wanted = count > 0 ? count : total + count + 1; // the separator cut at, from 1
    if (wanted > total || wanted < 1)
        return fn_return_str(out, s);
    ptrdiff_t at = -(ptrdiff_t)separator.len;
    for (int64_t i = 0; i < wanted; i++)
        at = str_find(s, separator, (size_t)(at + (ptrdiff_t)separator.len));
    return fn_return_str(out,
                         count > 0 ? str_slice(s, 0, (size_t)at) : str_slice(s, (size_t)at + separator.len, s.len));
}

// ---- trimming and padding

static bool in_set(struct str set, int32_t c)
{
    for (size_t at = 0; at < set.len;) {
        if (utf8_next(set, &at) == c)
            return true;
    }
    return false;
}

static struct str trim_left(struct str s, struct str set)
{
    for (size_t at = 0; at < s.len;) {
        size_t start = at;
        if (!in_set(set, utf8_next(s, &at)))
            return str_slice(s, start, s.len);
    }
    return STR_EMPTY;
}

static struct str trim_right(struct str s, struct str set)
{
    while (s.len > 0) {
        size_t start = s.len - 1;
        while (start > 0 && ((uint8_t)s.ptr[start] & 0xC0) == 0x80)
            start--;
        size_t at = start;
        if (!in_set(set, utf8_next(s, &at)))
            return s;
        s.len = start;
    }
    return s;
}

#define WHITE_SPACE STR(" \t\n\v\f\r")
BODY(ltrim)
{
    return fn_return_str(out, trim_left(args[0].s, n_args > 1 ? args[1].s : WHITE_SPACE));
}
BODY(rtrim)
{
    return fn_return_str(out, trim_right(args[0].s, n_args > 1 ? args[1].s : WHITE_SPACE));
}
BODY(btrim)
{
    struct str set = n_args > 1 ? args[1].s : WHITE_SPACE;
    return fn_return_str(out, trim_right(trim_left(args[0].s, set), set));
}

static int pad(struct eval_context *ec, const struct datum *args, int n_args, bool left, struct datum *out,
               struct err *err)
{
    struct str s = args[0].s, fill = n_args > 2 ? args[2].s : STR(" ");
    int64_t length = MAX(args[1].i, 0), have = (int64_t)utf8_length(s);
    TRY(fn_check_length((size_t)length, err));
    if (length <= have || fill.len == 0)
        return fn_return_str(out, slice_chars(s, 0, length));
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    if (!left)
        buf_str(&b, s);
    size_t at = 0;
    for (int64_t i = have; i < length; i++) {
        size_t start = at == fill.len ? 0 : at;
        at = start;
        utf8_next(fill, &at);
        buf_str(&b, str_slice(fill, start, at));
    }
    if (left)
        buf_str(&b, s);
    return fn_return_buf(ec, &b, out, err);
}

BODY(lpad)
{
    return pad(ec, args, n_args, true, out, err);
}
BODY(rpad)
{
    return pad(ec, args, n_args, false, out, err);
}

// ---- rewriting

BODY(replace)
{
    struct str s = args[0].s, from = args[1].s;
    ptrdiff_t at = from.len > 0 ? str_find(s, from, 0) : -1;
    if (at < 0)
        return fn_return_str(out, s);
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    size_t done = 0;
    for (; at >= 0; at = str_find(s, from, done)) {
        buf_str(&b, str_slice(s, done, (size_t)at));
        buf_str(&b, args[2].s);
        done = (size_t)at + from.len;
    }
    buf_str(&b, str_slice(s, done, s.len));
    return fn_return_buf(ec, &b, out, err);
}

// Code points of args[1] become those of args[2] at the same place, or vanish.
BODY(translate)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    for (size_t at = 0; at < args[0].s.len;) {
        int32_t c = utf8_next(args[0].s, &at), to = c;
        size_t j = 0;
        for (size_t i = 0; i < args[1].s.len;) {
            int32_t from = utf8_next(args[1].s, &i);
            int32_t candidate = j < args[2].s.len ? utf8_next(args[2].s, &j) : -2;
            if (from == c) {
                to = candidate;
                break;
            }
        }
        if (to >= 0)
            utf8_put(&b, (uint32_t)to);
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(reverse)
{
    struct str s = args[0].s;
    char *p = arena_alloc(ec->arena, s.len), *end = p + s.len;
    for (size_t at = 0; at < s.len;) {
        size_t start = at;
        utf8_next(s, &at);
        end -= at - start;
        memcpy(end, s.ptr + start, at - start);
    }
    return fn_return_str(out, (struct str){p, s.len});
}

BODY(repeat)
{
    struct str s = args[0].s;
    if (args[1].i <= 0 || s.len == 0)
        return fn_return_str(out, STR_EMPTY);
    size_t total;
    if (__builtin_mul_overflow(s.len, (size_t)args[1].i, &total))
        total = SIZE_MAX;
    TRY(fn_check_length(total, err));
    char *p = arena_alloc(ec->arena, total);
    for (size_t at = 0; at < total; at += s.len)
        memcpy(p + at, s.ptr, s.len);
    return fn_return_str(out, (struct str){p, total});
}

// ---- characters

BODY(ascii)
{
    if (args[0].s.len == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the input string must not be empty");
    size_t at = 0;
    return fn_return_int(out, utf8_next(args[0].s, &at));
}

BODY(chr)
{
    if (args[0].i < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "input value must be >= 0");
    if (args[0].i > 0x10FFFF)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "input value must be <= 1114111 (maximum Unicode code point)");
    struct buf b = BUF_INIT;
    utf8_put(&b, (uint32_t)args[0].i);
    return fn_return_buf(ec, &b, out, err);
}

BODY(int_to_hex)
{
    return fn_return_str(out, arena_printf(ec->arena, "%llx", (unsigned long long)args[0].i));
}
BODY(bytes_to_hex)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    hex_encode(&b, args[0].s);
    return fn_return_buf(ec, &b, out, err);
}

// Digits as English words: 21 is two-one.
BODY(to_english)
{
    static const char *const words[] = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    char digits[20];
    size_t n = i64_format(digits, args[0].i);
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&b, '-');
        buf_cstr(&b, digits[i] == '-' ? "minus" : words[digits[i] - '0']);
    }
    return fn_return_buf(ec, &b, out, err);
}

// ---- quoting

BODY(quote_ident)
{
    struct buf b = BUF_INIT;
    print_identifier(&b, args[0].s);
    return fn_return_buf(ec, &b, out, err);
}

BODY(quote_literal)
{
    struct buf text = BUF_INIT, b = BUF_INIT;
    int rc = fn_text_of(ec, fn_arg_type(ec, 0), args[0], &text, err);
    if (rc == 0) {
        sql_quote_string(&b, buf_view(&text));
        rc = fn_return_buf(ec, &b, out, err);
    }
    buf_release(&text);
    return rc;
}

BODY(quote_nullable)
{
    return args[0].null ? fn_return_str(out, STR("NULL")) : quote_literal(ec, args, n_args, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/string.def"
};
const struct fn_family fn_family_string = {"STRING AND BYTE", rows, ARRAY_LEN(rows)};
