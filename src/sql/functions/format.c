// format(), to_char() and to_number() of numbers, parse_ident(), prettify_statement().
#include "sql/functions/functions_int.h"
#include "sql/functions/regtypes_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include "types/array.h"
#include "types/decimal.h"
#include "types/text.h"
#include <ctype.h>
#include <stdio.h>

// ---- format('%-10s %1$I', …)

struct specifier {
    int64_t position; // of the argument, from 1; 0: the next one
    int64_t width;
    int64_t width_position; // *: the next argument (-1) or the n-th; 0: none
    bool left;
    char kind; // s, I, L, %
};

static int64_t read_number(struct str s, size_t *at)
{
    int64_t v = 0;
    while (*at < s.len && isdigit((unsigned char)s.ptr[*at]) && v < 1000000000)
        v = v * 10 + (s.ptr[(*at)++] - '0');
    return v;
}

// %[position$][-][width]kind, from after the %.
static int read_specifier(struct str s, size_t *at, struct specifier *f, struct err *err)
{
    *f = (struct specifier){0};
    size_t start = *at;
    int64_t number = read_number(s, at);
    if (*at > start && *at < s.len && s.ptr[*at] == '$') {
        f->position = number;
        ++*at;
    } else {
        *at = start;
    }
    if (*at < s.len && s.ptr[*at] == '-') {
        f->left = true;
        ++*at;
    }
    if (*at < s.len && s.ptr[*at] == '*') {
        ++*at;
        start = *at;
        number = read_number(s, at);
        f->width_position = *at > start && *at < s.len && s.ptr[*at] == '$' ? number : -1;
        *at += f->width_position > 0;
    } else {
        f->width = read_number(s, at);
    }
    if (*at >= s.len)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unterminated format() type specifier");
    f->kind = s.ptr[(*at)++];
    struct str kind = utf8_char(s, *at - 1);
    if (strchr("sIL%", f->kind) == NULL)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized format() type specifier \"%.*s\"",
                       STR_FMT(kind));
    return 0;
}

static int take_argument(int n_args, int64_t position, int *next, int *index, struct err *err)
{
    *index = position > 0 ? (int)MIN(position, INT32_MAX / 2) : *next;
    *next = *index + 1;
    if (*index >= n_args)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "too few arguments for format()");
    return 0;
}

// The text of an argument as %s, %I or %L shows it.
static int put_argument(struct eval_context *ec, char kind, int index, struct datum d, struct buf *out, struct err *err)
{
    if (d.null && kind == 'I')
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "NULL cannot be formatted as a SQL identifier");
    if (d.null) {
        if (kind == 'L')
            buf_cstr(out, "NULL");
        return 0;
    }
    struct buf text = BUF_INIT;
    int rc = fn_text_of(ec, fn_arg_type(ec, index), d, &text, err);
    if (rc == 0 && kind == 'I')
        print_identifier(out, buf_view(&text));
    else if (rc == 0 && kind == 'L')
        sql_quote_string(out, buf_view(&text));
    else if (rc == 0)
        buf_str(out, buf_view(&text));
    buf_release(&text);
    return rc;
}

static void pad(struct buf *out, size_t from, int64_t width, bool left)
{
    int64_t missing = width - (int64_t)utf8_length(str_slice(buf_view(out), from, out->len));
    if (missing <= 0)
        return;
    size_t n = out->len - from;
    buf_fill(out, ' ', (size_t)missing);
    if (left || out->failed)
        return;
    memmove(out->ptr + from + missing, out->ptr + from, n);
    memset(out->ptr + from, ' ', (size_t)missing);
}

static int format_one(struct eval_context *ec, const struct datum *args, int n_args, struct specifier f, int *next,
                      struct buf *out, struct err *err)
{
    int index;
    if (f.width_position != 0) {
        TRY(take_argument(n_args, f.width_position, next, &index, err));
        if (!type_is(fn_arg_type(ec, index), TYPE_INT))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "width of format() must be an integer");
        f.width = args[index].null ? 0 : args[index].i;
        f.left |= f.width < 0;
        f.width = f.width < 0 ? -MAX(f.width, -INT32_MAX) : f.width;
    }
    TRY(take_argument(n_args, f.position, next, &index, err));
    TRY(fn_check_length((size_t)f.width, err));
    size_t from = out->len;
    TRY(put_argument(ec, f.kind, index, args[index], out, err));
    pad(out, from, f.width, f.left);
    return 0;
}

static int format_all(struct eval_context *ec, const struct datum *args, int n_args, struct buf *out, struct err *err)
{
    struct str s = args[0].s;
    int next = 1;
    for (size_t at = 0; at < s.len;) {
        char c = s.ptr[at++];
        if (c != '%') {
            buf_putc(out, c);
            continue;
        }
        struct specifier f;
        TRY(read_specifier(s, &at, &f, err));
        if (f.kind == '%')
            buf_putc(out, '%');
        else
            TRY(format_one(ec, args, n_args, f, &next, out, err));
    }
    return 0;
}

BODY(format)
{
    if (args[0].null)
        return fn_return_null(out);
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    int rc = format_all(ec, args, n_args, &b, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}

// ---- to_char(number, '999,990.00')

struct number_picture {
    int digits, decimals; // 9 and 0 before and after the point
    int first_zero;       // digits from here on are always shown (from the left); INT32_MAX: none
    bool fill_off, has_point, sign_before, sign_after, minus_before, minus_after, angle, plus, exponent, roman, small;
};

static void read_picture(struct str picture, struct number_picture *p)
{
    *p = (struct number_picture){.first_zero = INT32_MAX};
    for (size_t i = 0; i < picture.len; i++) {
        char c = (char)toupper((unsigned char)picture.ptr[i]);
        char next = i + 1 < picture.len ? (char)toupper((unsigned char)picture.ptr[i + 1]) : '\0';
        if (c == '0' && !p->has_point && p->first_zero == INT32_MAX)
            p->first_zero = p->digits;
        if (c == '9' || c == '0')
            p->has_point ? p->decimals++ : p->digits++;
        p->has_point |= c == '.' || c == 'D';
        p->fill_off |= c == 'F' && next == 'M';
        p->sign_before |= c == 'S' && p->digits == 0;
        p->sign_after |= c == 'S' && p->digits > 0;
        p->minus_before |= c == 'M' && next == 'I' && p->digits == 0;
        p->minus_after |= c == 'M' && next == 'I' && p->digits > 0;
        p->angle |= c == 'P' && next == 'R';
        p->plus |= c == 'P' && next == 'L';
        p->exponent |= c == 'E';
        p->roman |= c == 'R' && next == 'N';
        p->small |= picture.ptr[i] == 'r';
    }
}

// Digits of |value| rounded to the picture's decimals: the integer part right-aligned in `digits`.
static int picture_digits(struct eval_context *ec, const struct decimal *value, const struct number_picture *p,
                          struct buf *digits, bool *overflow, struct err *err)
{
    struct decimal rounded;
    TRY(decimal_rescale(ec->arena, value, p->decimals, DECIMAL_HALF_UP, &rounded, err));
    struct buf coefficient = BUF_INIT;
    decimal_coefficient_print(&coefficient, &rounded);
    size_t wanted = (size_t)(p->digits + p->decimals), have = coefficient.len;
    *overflow = have > wanted && !decimal_is_zero(&rounded);
    if (*overflow) {
        buf_fill(digits, '#', wanted);
    } else {
        size_t extra = have > wanted ? have - wanted : 0;
        buf_fill(digits, '0', wanted - (have - extra));
        buf_str(digits, str_slice(buf_view(&coefficient), extra, have));
    }
    buf_release(&coefficient);
    return 0;
}

// Writes the picture with digits in place; leading zeros that the picture does not ask for become blanks.
static void put_picture(struct buf *out, struct str picture, const struct number_picture *p, const char *digits)
{
    int at = 0, first = 0, last = p->decimals == 0 ? p->digits - 1 : p->digits;
    while (first < last && first < p->first_zero && digits[first] == '0')
        first++;
    for (size_t i = 0; i < picture.len; i++) {
        char c = (char)toupper((unsigned char)picture.ptr[i]);
        if (c == '9' || c == '0') {
            if (at >= first)
                buf_putc(out, digits[at]);
            else if (!p->fill_off)
                buf_putc(out, ' ');
            at++;
        } else if (c == ',' || c == 'G') {
            if (at > first)
                buf_putc(out, ',');
            else if (!p->fill_off)
                buf_putc(out, ' ');
        } else if (c == '.' || c == 'D') {
            buf_putc(out, '.');
        } else if (c == '"') {
            for (i++; i < picture.len && picture.ptr[i] != '"'; i++)
                buf_putc(out, picture.ptr[i]);
        } else if (c == 'F' || c == 'M' || c == 'P') {
            i++; // FM, MI, PR, PL
        } else if (c != 'S') {
            buf_putc(out, c == 'L' ? ' ' : picture.ptr[i]); // no currency has a symbol here
        }
    }
}

// FM: zeros at the end of the decimals go unless a 0 of the picture keeps them.
static void trim_decimals(struct buf *b, struct str picture)
{
    size_t kept = 0, decimals = 0;
    bool after = false;
    for (size_t i = 0; i < picture.len; i++) {
        char c = (char)toupper((unsigned char)picture.ptr[i]);
        after |= c == '.' || c == 'D';
        decimals += after && (c == '9' || c == '0');
        kept = after && c == '0' ? decimals : kept;
    }
    for (; decimals > kept && b->len > 0 && b->ptr[b->len - 1] == '0'; decimals--)
        b->len--;
}

// Puts the sign just before the first character that is not blank.
static void put_sign(struct buf *out, struct str body, bool negative, const struct number_picture *p)
{
    size_t blanks = 0;
    while (blanks < body.len && body.ptr[blanks] == ' ')
        blanks++;
    char before = p->angle                    ? (negative ? '<' : ' ')
                  : p->sign_before || p->plus ? (negative ? '-' : '+')
                  : negative                  ? '-'
                                              : ' ';
    bool at_front = !p->sign_after && !p->minus_after && !p->minus_before;
    if (p->minus_before && (negative || !p->fill_off))
        buf_putc(out, negative ? '-' : ' ');
    buf_str(out, str_slice(body, 0, blanks));
    if (at_front && !(before == ' ' && p->fill_off))
        buf_putc(out, before);
    buf_str(out, str_slice(body, blanks, body.len));
    if (p->angle && (negative || !p->fill_off))
        buf_putc(out, negative ? '>' : ' ');
    if (p->sign_after)
        buf_putc(out, negative ? '-' : '+');
    if (p->minus_after && (negative || !p->fill_off))
        buf_putc(out, negative ? '-' : ' ');
}

// 9.99EEEE
static int put_exponent(const struct decimal *value, const struct number_picture *p, struct buf *out, struct err *err)
{
    double v;
    if (!decimal_to_double(value, &v))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    if (!(v < 0 || p->fill_off || p->sign_before))
        buf_putc(out, ' ');
    if (p->sign_before && v >= 0)
        buf_putc(out, '+');
    buf_printf(out, "%.*e", p->decimals, v);
    return 0;
}

static void roman_numeral(int64_t n, bool small, struct buf *out)
{
    static const struct {
        int value;
        const char *upper, *lower;
    } numerals[] = {{1000, "M", "m"}, {900, "CM", "cm"}, {500, "D", "d"},  {400, "CD", "cd"}, {100, "C", "c"},
                    {90, "XC", "xc"}, {50, "L", "l"},    {40, "XL", "xl"}, {10, "X", "x"},    {9, "IX", "ix"},
                    {5, "V", "v"},    {4, "IV", "iv"},   {1, "I", "i"}};
    for (size_t i = 0; i < ARRAY_LEN(numerals); i++) {
        for (; n >= numerals[i].value; n -= numerals[i].value)
            buf_cstr(out, small ? numerals[i].lower : numerals[i].upper);
    }
}

// RN: what is not from 1 to 3999 has no numeral.
static int put_roman(struct eval_context *ec, const struct decimal *value, const struct number_picture *p,
                     struct buf *out, struct err *err)
{
    enum { WIDTH = 15, LAST = 3999 };
    struct decimal whole = *value;
    int64_t n = 0;
    if (value->form == DECIMAL_FINITE)
        TRY(decimal_rescale(ec->arena, value, 0, DECIMAL_HALF_UP, &whole, err));
    if (whole.form != DECIMAL_FINITE || !decimal_to_i64(&whole, &n) || n < 1 || n > LAST) {
        buf_fill(out, '#', WIDTH);
        return 0;
    }
    struct buf text = BUF_INIT;
    roman_numeral(n, p->small, &text);
    buf_fill(out, ' ', p->fill_off ? 0 : WIDTH - text.len);
    buf_str(out, buf_view(&text));
    buf_release(&text);
    return 0;
}

// RN and EEEE stand for the whole number.
static int special_to_char(struct eval_context *ec, const struct decimal *value, const struct number_picture *p,
                           struct datum *out, struct err *err)
{
    struct buf text = BUF_INIT;
    int rc = p->roman ? put_roman(ec, value, p, &text, err) : put_exponent(value, p, &text, err);
    if (rc == 0)
        return fn_return_buf(ec, &text, out, err);
    buf_release(&text);
    return rc;
}

static int number_to_char(struct eval_context *ec, struct decimal value, struct str picture, struct datum *out,
                          struct err *err)
{
    struct number_picture p;
    struct buf digits = BUF_INIT, body = BUF_INIT, text = BUF_INIT;
    bool overflow = false, negative = value.negative;
    read_picture(picture, &p);
    if (p.roman || (p.exponent && value.form == DECIMAL_FINITE))
        return special_to_char(ec, &value, &p, out, err);
    value.negative = false;
    int rc = value.form == DECIMAL_FINITE ? picture_digits(ec, &value, &p, &digits, &overflow, err) : 0;
    if (value.form != DECIMAL_FINITE) {
        overflow = true;
        buf_fill(&digits, '#', (size_t)(p.digits + p.decimals));
    }
    if (rc == 0) {
        buf_putc(&digits, '\0');
        put_picture(&body, picture, &p, digits.ptr);
        if (p.fill_off && p.decimals > 0 && !overflow)
            trim_decimals(&body, picture);
        put_sign(&text, buf_view(&body), negative, &p);
        rc = fn_return_buf(ec, &text, out, err);
    }
    buf_release(&digits);
    buf_release(&body);
    return rc;
}

BODY(to_char_int)
{
    return number_to_char(ec, decimal_from_i64(args[0].i), args[1].s, out, err);
}
BODY(to_char_decimal)
{
    return number_to_char(ec, decimal_of(args[0]), args[1].s, out, err);
}
// Rounded as the binary number that it is.
BODY(to_char_float)
{
    enum { DIGITS_MAX = 400 };
    struct number_picture p;
    char text[DIGITS_MAX];
    struct decimal d = decimal_from_double(args[0].f, false);
    bool out_of_range;
    read_picture(args[1].s, &p);
    int n = p.exponent ? DIGITS_MAX : snprintf(text, sizeof(text), "%.*f", p.decimals, args[0].f);
    if (d.form == DECIMAL_FINITE && n < DIGITS_MAX &&
        !decimal_parse(ec->arena, (struct str){text, (size_t)n}, &d, &out_of_range))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    return number_to_char(ec, d, args[1].s, out, err);
}

// Digits, sign and point of the text; everything else is skipped.
BODY(to_number)
{
    struct buf b = BUF_INIT;
    bool negative = false, point = false;
    for (size_t i = 0; i < args[0].s.len; i++) {
        char c = args[0].s.ptr[i];
        negative |= c == '-' || c == '<';
        if (isdigit((unsigned char)c) || (c == '.' && !point))
            buf_putc(&b, c);
        point |= c == '.';
    }
    struct decimal d;
    bool out_of_range, ok = decimal_parse(ec->arena, buf_view(&b), &d, &out_of_range);
    buf_release(&b);
    if (!ok)
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type numeric: \"%.*s\"",
                       STR_FMT(args[0].s));
    d.negative = negative && !decimal_is_zero(&d);
    *out = datum_decimal(ec->arena, &d);
    return 0;
}

// One part of a qualified identifier, without its quotes; false: there is none.
static bool identifier_part(struct str text, size_t *at, struct buf *part)
{
    if (*at < text.len && text.ptr[*at] == '"') {
        for (++*at; *at < text.len; ++*at) {
            if (text.ptr[*at] == '"' && (*at + 1 == text.len || text.ptr[*at + 1] != '"'))
                break;
            *at += text.ptr[*at] == '"';
            buf_putc(part, text.ptr[*at]);
        }
        return (*at)++ < text.len && part->len > 0;
    }
    for (size_t from = *at; *at < text.len; ++*at) {
        unsigned char c = (unsigned char)text.ptr[*at];
        if (!isalpha(c) && c != '_' && c < 0x80 && (*at == from || (!isdigit(c) && c != '$')))
            break;
        buf_putc(part, (char)(c < 0x80 ? tolower(c) : c));
    }
    return part->len > 0;
}

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.len && isspace((unsigned char)text.ptr[at]))
        at++;
    return at;
}

BODY(parse_ident)
{
    ARENA_VEC(struct datum) parts = {0};
    struct str text = args[0].s;
    bool strict = n_args < 2 || args[1].b, more = true;
    for (size_t at = skip_blanks(text, 0); more; at = skip_blanks(text, at + 1)) {
        struct buf part = BUF_INIT;
        bool ok = identifier_part(text, &at, &part);
        ARENA_PUSH(ec->arena, &parts, datum_str(arena_str(ec->arena, buf_view(&part))));
        buf_release(&part);
        at = skip_blanks(text, at);
        more = at < text.len && text.ptr[at] == '.';
        if (!ok || (strict && !more && at < text.len))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "string is not a valid identifier: \"%.*s\"",
                           STR_FMT(text));
    }
    return fn_return_str(out, array_build(ec->arena, T_STRING, parts.ptr, (uint32_t)parts.len));
}

// ---- prettify_statement

BODY(prettify_statement)
{
    struct parsed_statements statements;
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    TRY(parse_sql(ec->arena, args[0].s, NULL, &statements, err));
    for (size_t i = 0; i < statements.n; i++) {
        buf_cstr(&b, i > 0 ? ";\n" : "");
        ast_print(&b, statements.items[i].ast, AST_PRINT_DEFAULT);
    }
    return fn_return_buf(ec, &b, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/format.def"
};
const struct fn_family fn_family_format = {"STRING AND BYTE", rows, ARRAY_LEN(rows)};
