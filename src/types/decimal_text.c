// Text and wire forms of decimals, and the functions of the DECIMAL family.
#include "types/decimal_int.h"
#include "types/types_int.h"
#include <stdlib.h>

// --- parsing ------------------------------------------------------------------------------------------------------

static bool parse_special(struct str s, bool negative, struct decimal *out)
{
    if (str_ieqc(s, "nan"))
        *out = decimal_nan();
    else if (str_ieqc(s, "inf") || str_ieqc(s, "infinity"))
        *out = decimal_infinity(negative);
    else
        return false;
    return true;
}

// Up to 38 digits without allocation; `end` is where the digits and the point end.
struct scanned {
    u128 small;
    size_t digits, end; // digits without leading zeros
    int64_t fraction;   // digits after the point
    bool any, big;
};

static struct scanned scan_digits(struct str s)
{
    struct scanned r = {0};
    bool point = false;
    for (; r.end < s.len; r.end++) {
        char c = s.ptr[r.end];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c))
            break;
        r.any = true;
        r.fraction += point;
        if (r.digits == 0 && c == '0')
            continue;
        if (++r.digits < POWERS_OF_TEN)
            r.small = r.small * 10 + (unsigned)(c - '0');
        else
            r.big = true;
    }
    return r;
}

static void take_big_digits(struct arena *a, struct str s, size_t end, struct decimal *out)
{
    char *digits = mem_alloc(end + 1);
    size_t n = 0;
    for (size_t i = 0; i < end; i++) {
        if (s.ptr[i] != '.')
            digits[n++] = s.ptr[i];
    }
    digits[n] = '\0';
    mpz_t z;
    mpz_init(z);
    mpz_set_str(z, digits, 10);
    decimal_take_coefficient(a, out, z);
    mpz_clear(z);
    mem_free(digits);
}

// "e-12" up to the end; clamps what is absurd.
static bool parse_exponent(struct str s, int64_t *out)
{
    if (s.len < 2 || lower(s.ptr[0]) != 'e')
        return false;
    size_t i = 1;
    bool negative = s.ptr[i] == '-';
    i += s.ptr[i] == '-' || s.ptr[i] == '+';
    if (i == s.len)
        return false;
    int64_t v = 0;
    for (; i < s.len; i++) {
        if (!is_digit(s.ptr[i]))
            return false;
        v = MIN(v * 10 + (s.ptr[i] - '0'), 100000000);
    }
    *out = negative ? -v : v;
    return true;
}

bool decimal_parse(struct arena *a, struct str s, struct decimal *out, bool *out_of_range)
{
    *out_of_range = false;
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = str_slice(s, 1, s.len);
    if (parse_special(s, negative, out))
        return true;
    struct scanned r = scan_digits(s);
    int64_t exponent = 0;
    if (!r.any || (r.end < s.len && !parse_exponent(str_slice(s, r.end, s.len), &exponent)))
        return false;
    *out = (struct decimal){.negative = negative};
    if (r.big)
        take_big_digits(a, s, r.end, out);
    else
        decimal_set_small(out, r.small);
    exponent -= r.fraction;
    out->exponent = (int32_t)MAX(MIN(exponent, 100000000), -100000000);
    *out_of_range = decimal_finish(out, NULL) != 0;
    return !*out_of_range;
}

// --- printing -----------------------------------------------------------------------------------------------------

void decimal_coefficient_print(struct buf *out, const struct decimal *d)
{
    if (!decimal_is_big(d)) {
        char digits[40];
        buf_append(out, digits, u128_format(digits, decimal_small(d)));
        return;
    }
    mpz_t z;
    mpz_init_coefficient(z, d);
    size_t room = mpz_sizeinbase(z, 10) + 2;
    if (buf_reserve(out, room)) {
        mpz_get_str(out->ptr + out->len, 10, z);
        out->len += strlen(out->ptr + out->len);
    }
    mpz_clear(z);
}

static bool print_special(struct buf *out, const struct decimal *d)
{
    if (d->form == DECIMAL_FINITE)
        return false;
    buf_cstr(out, d->form == DECIMAL_NAN ? "NaN" : d->negative ? "-Infinity" : "Infinity");
    return true;
}

// Exponent at most 0: digits with a point set into them.
static void print_fraction(struct buf *out, struct str digits, int64_t exponent)
{
    int64_t whole = (int64_t)digits.len + exponent;
    if (whole <= 0) {
        buf_cstr(out, "0.");
        buf_fill(out, '0', (size_t)-whole);
        buf_str(out, digits);
        return;
    }
    buf_str(out, str_slice(digits, 0, (size_t)whole));
    if (exponent < 0) {
        buf_putc(out, '.');
        buf_str(out, str_slice(digits, (size_t)whole, digits.len));
    }
}

static void print_scientific(struct buf *out, struct str digits, int64_t exponent)
{
    int64_t adjusted = exponent + (int64_t)digits.len - 1;
    buf_putc(out, digits.ptr[0]);
    if (digits.len > 1) {
        buf_putc(out, '.');
        buf_str(out, str_slice(digits, 1, digits.len));
    }
    buf_printf(out, "E%+lld", (long long)adjusted);
}

static void print_as(struct buf *out, const struct decimal *d, bool plain)
{
    if (print_special(out, d))
        return;
    char small[40];
    struct buf big = BUF_INIT;
    struct str digits;
    if (decimal_is_big(d)) {
        decimal_coefficient_print(&big, d);
        digits = buf_view(&big);
    } else {
        digits = (struct str){small, u128_format(small, decimal_small(d))};
    }
    int64_t adjusted = d->exponent + (int64_t)digits.len - 1;
    bool zero_plain = decimal_is_zero(d) && d->exponent >= -DECIMAL_EXPONENT_MAX;
    if (d->negative)
        buf_putc(out, '-');
    if (d->exponent <= 0 && (plain || adjusted >= -6 || zero_plain)) {
        print_fraction(out, digits, d->exponent);
    } else if (plain) {
        buf_str(out, digits);
        buf_fill(out, '0', decimal_is_zero(d) ? 0 : (size_t)d->exponent);
    } else {
        print_scientific(out, digits, d->exponent);
    }
    buf_release(&big);
}

void decimal_print(struct buf *out, const struct decimal *d)
{
    print_as(out, d, false);
}

void decimal_print_plain(struct buf *out, const struct decimal *d)
{
    print_as(out, d, true);
}

// --- PostgreSQL's wire form: groups of four decimal digits --------------------------------------------------------

enum { NUMERIC_NEGATIVE = 0x4000, NUMERIC_NAN = 0xC000, NUMERIC_INFINITY = 0xD000, NUMERIC_MINUS_INFINITY = 0xF000 };
enum { NUMERIC_SCALE_MAX = 0x3FFF };

static void numeric_head(struct buf *out, int groups, int weight, int sign, int scale)
{
    buf_be16(out, (uint16_t)groups);
    buf_be16(out, (uint16_t)weight);
    buf_be16(out, (uint16_t)sign);
    buf_be16(out, (uint16_t)scale);
}

// Digits padded on both sides so that the point falls between groups.
static void print_groups(struct buf *out, struct str digits, const struct decimal *d)
{
    int64_t point = (int64_t)digits.len + d->exponent; // digits before the point
    int64_t left = ((-point % 4) + 4) % 4;
    int64_t first_weight = (point + left) / 4 - 1;
    int64_t groups = (left + (int64_t)digits.len + 3) / 4;
    struct buf padded = BUF_INIT;
    buf_fill(&padded, '0', (size_t)left);
    buf_str(&padded, digits);
    buf_fill(&padded, '0', (size_t)(groups * 4 - left - (int64_t)digits.len));
    while (groups > 0 && memcmp(padded.ptr + (groups - 1) * 4, "0000", 4) == 0)
        groups--;
    numeric_head(out, (int)groups, (int)first_weight, d->negative ? NUMERIC_NEGATIVE : 0,
                 MIN(decimal_scale(d), NUMERIC_SCALE_MAX));
    for (int64_t i = 0; i < groups; i++) {
        const char *g = padded.ptr + i * 4;
        buf_be16(out, (uint16_t)((g[0] - '0') * 1000 + (g[1] - '0') * 100 + (g[2] - '0') * 10 + (g[3] - '0')));
    }
    buf_release(&padded);
}

void decimal_to_binary(struct buf *out, const struct decimal *d)
{
    if (d->form != DECIMAL_FINITE) {
        int sign = d->form == DECIMAL_NAN ? NUMERIC_NAN : d->negative ? NUMERIC_MINUS_INFINITY : NUMERIC_INFINITY;
        numeric_head(out, 0, 0, sign, 0);
        return;
    }
    if (decimal_is_zero(d)) {
        numeric_head(out, 0, 0, 0, MIN(decimal_scale(d), NUMERIC_SCALE_MAX));
        return;
    }
    struct buf digits = BUF_INIT;
    decimal_coefficient_print(&digits, d);
    print_groups(out, buf_view(&digits), d);
    buf_release(&digits);
}

static int numeric_coefficient(struct arena *a, const char *groups, size_t n, struct decimal *out, struct err *err)
{
    mpz_t z;
    mpz_init(z);
    u128 small = 0;
    bool big = n > 9;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        uint16_t g = load_be16(groups + 2 * i);
        if (g > 9999) {
            rc = binary_error(err, T_DECIMAL);
        } else if (!big) {
            small = small * 10000 + g;
        } else {
            mpz_mul_ui(z, z, 10000);
            mpz_add_ui(z, z, g);
        }
    }
    if (big)
        decimal_take_coefficient(a, out, z);
    else
        decimal_set_small(out, small);
    mpz_clear(z);
    return rc;
}

int decimal_from_binary(struct arena *a, struct str bytes, struct decimal *out, struct err *err)
{
    if (bytes.len < 8)
        return binary_error(err, T_DECIMAL);
    size_t n = load_be16(bytes.ptr);
    int weight = (int16_t)load_be16(bytes.ptr + 2);
    int sign = load_be16(bytes.ptr + 4);
    int scale = load_be16(bytes.ptr + 6);
    if (bytes.len != 8 + 2 * n || scale > NUMERIC_SCALE_MAX || n > INT16_MAX)
        return binary_error(err, T_DECIMAL);
    if (sign == NUMERIC_NAN || sign == NUMERIC_INFINITY || sign == NUMERIC_MINUS_INFINITY) {
        *out = sign == NUMERIC_NAN ? decimal_nan() : decimal_infinity(sign == NUMERIC_MINUS_INFINITY);
        return 0;
    }
    if (sign != 0 && sign != NUMERIC_NEGATIVE)
        return binary_error(err, T_DECIMAL);
    struct decimal d = {.negative = sign == NUMERIC_NEGATIVE, .exponent = (weight - (int)n + 1) * 4};
    TRY(numeric_coefficient(a, bytes.ptr + 8, n, &d, err));
    if (!decimal_is_zero(&d) && weight > DECIMAL_EXPONENT_MAX)
        return decimal_range_error(err);
    return decimal_set_scale(a, &d, scale, DECIMAL_DOWN, out, err);
}

// --- family functions ---------------------------------------------------------------------------------------------

int decimal_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                        struct datum *out, struct err *err)
{
    struct decimal d;
    bool out_of_range;
    if (!decimal_parse(a, str_trim(text), &d, &out_of_range))
        return parse_error(err, text, t, out_of_range ? "exponent out of range" : NULL);
    *out = datum_decimal(a, &d);
    return 0;
}

void decimal_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct decimal v = decimal_of(d);
    decimal_print(out, &v);
}

int decimal_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    struct decimal d;
    TRY(decimal_from_binary(a, bytes, &d, err));
    *out = datum_decimal(a, &d);
    return 0;
}

void decimal_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct decimal v = decimal_of(d);
    decimal_to_binary(out, &v);
}

int decimal_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    struct decimal x = decimal_of(*a), y = decimal_of(*b);
    return decimal_compare(&x, &y);
}

uint64_t decimal_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    struct decimal v = decimal_of(*d);
    return decimal_hash(&v, seed);
}
