// INT, FLOAT, BOOL and OID: text, binary, order.
#include "types/types_int.h"
#include "types/text.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                  "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

static size_t u64_format(char out[20], uint64_t v)
{
    char tmp[20];
    size_t at = sizeof(tmp);
    while (v >= 100) {
        at -= 2;
        memcpy(tmp + at, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(tmp + at, digit_pairs + v * 2, 2);
    } else {
        tmp[--at] = (char)('0' + v);
    }
    memcpy(out, tmp + at, sizeof(tmp) - at);
    return sizeof(tmp) - at;
}

size_t i64_format(char out[20], int64_t v)
{
    if (v >= 0)
        return u64_format(out, (uint64_t)v);
    out[0] = '-';
    char digits[20];
    size_t n = u64_format(digits, 0 - (uint64_t)v);
    memcpy(out + 1, digits, n);
    return n + 1;
}

void i64_print(struct buf *out, int64_t v)
{
    char text[20];
    buf_append(out, text, i64_format(text, v));
}

// 0x, 0o and 0b; 10 without a prefix (leading zeros do not mean octal).
static int radix_of(struct str *s)
{
    if (s->len < 3 || s->ptr[0] != '0')
        return 10;
    char c = lower(s->ptr[1]);
    int radix = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
    if (radix != 10)
        *s = str_slice(*s, 2, s->len);
    return radix;
}

static int parse_radix(struct str s, int radix, bool negative, int64_t *out)
{
    int64_t v = 0; // accumulated negatively, so that INT64_MIN parses
    bool overflow = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '_' && i > 0 && i + 1 < s.len && s.ptr[i - 1] != '_')
            continue;
        int d = hex_digit(s.ptr[i]);
        if (d < 0 || d >= radix)
            return ERR_INVALID_TEXT_REPRESENTATION;
        if (!overflow)
            overflow = __builtin_mul_overflow(v, radix, &v) || __builtin_sub_overflow(v, d, &v);
    }
    if (!overflow && !negative)
        overflow = __builtin_sub_overflow((int64_t)0, v, &v);
    if (overflow)
        return ERR_NUMERIC_VALUE_OUT_OF_RANGE;
    *out = v;
    return 0;
}

int i64_parse(struct str s, int64_t *out)
{
    s = str_trim(s);
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = str_slice(s, 1, s.len);
    if (s.len == 0)
        return ERR_INVALID_TEXT_REPRESENTATION;
    if (s.len <= 18) { // cannot overflow
        int64_t v = 0;
        size_t i = 0;
        for (; i < s.len && is_digit(s.ptr[i]); i++)
            v = v * 10 + (s.ptr[i] - '0');
        if (i == s.len) {
            *out = negative ? -v : v;
            return 0;
        }
    }
    int radix = radix_of(&s);
    return parse_radix(s, radix, negative, out);
}

// --- floats -------------------------------------------------------------------------------------------------------

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int strip_zeros(char digits[20], int n)
{
    while (n > 1 && digits[n - 1] == '0')
        n--;
    return n;
}

// m / 10^k with m below 2^53 and k at most 22 is correctly rounded, so at most 15 digits that give v back are its
// shortest text.
static bool shortest_exact(double v, char digits[20], int *n, int *point)
{
    if (v < 1e-7 || v >= 1e15)
        return false;
    for (int k = 0; k <= 15; k++) {
        double scaled = v * powers_of_ten[k];
        if (scaled >= 1e15)
            return false;
        uint64_t m = (uint64_t)(scaled + 0.5);
        if (m != 0 && (double)m / powers_of_ten[k] == v) {
            int len = (int)u64_format(digits, m);
            *point = len - k;
            *n = strip_zeros(digits, len);
            return true;
        }
    }
    return false;
}

// A binary float as mantissa × 2^exponent.
struct binary_float {
    uint64_t mantissa;
    int exponent;
    bool boundary; // the gap below is half of the gap above
};

static struct binary_float split_float(double v, bool float4)
{
    int digits = float4 ? FLT_MANT_DIG : DBL_MANT_DIG, exponent;
    double fraction = frexp(v, &exponent);
    struct binary_float b = {.mantissa = (uint64_t)ldexp(fraction, digits), .exponent = exponent - digits};
    b.boundary = b.mantissa == UINT64_C(1) << (digits - 1);
    return b;
}

// The shortest decimal within the rounding interval of v, in exact 128-bit integers, as Steele and White's algorithm
// finds it. Everything is scaled by 10^k × 2^(shift+1), so that v has 17 or 18 digits before the binary point; then
// digits are dropped while the nearest multiple of 10^j stays inside. For normal v from 1e-5 to 1e17.
static bool shortest_scaled(double v, bool float4, char digits[20], int *n, int *point)
{
    if (v < 1e-5 || v >= 1e17)
        return false;
    struct binary_float b = split_float(v, float4);
    // The logarithm of a value just below a power of ten may come out as that of the power.
    int k = MAX(16 - (int)floor(log10(v)), 0), shift = b.exponent < 0 ? -b.exponent : 0;
    unsigned __int128 unit = (unsigned __int128)1; // half of the gap above
    for (int i = 0; i < k; i++)
        unit *= 10;
    unit <<= b.exponent > 0 ? b.exponent : 0;
    unsigned __int128 value = 2 * unit * b.mantissa, below = b.boundary ? unit / 2 : unit;
    uint64_t whole = (uint64_t)(value >> (shift + 1)), best = 0, step = 1;
    bool inexact = ((unsigned __int128)whole << (shift + 1)) != value, even = b.mantissa % 2 == 0;
    int best_j = -1;
    for (int j = 0; j < 18; j++, step *= 10) {
        uint64_t q = whole / step, rest = whole % step, half = step / 2;
        bool half_inexact = step == 1 ? (value >> shift & 1) != 0 : rest > half || (rest == half && inexact);
        bool tie = step == 1 ? half_inexact && ((value >> shift) << shift) == value : rest == half && !inexact;
        q += tie ? q & 1 : half_inexact;
        unsigned __int128 candidate = (unsigned __int128)(q * step) << (shift + 1);
        unsigned __int128 gap = candidate >= value ? candidate - value : value - candidate;
        unsigned __int128 limit = candidate >= value ? unit : below;
        if (q == 0 || gap > limit || (gap == limit && !even))
            break;
        best = q;
        best_j = j;
    }
    if (best_j < 0)
        return false;
    int len = (int)u64_format(digits, best);
    *point = len + best_j - k;
    *n = strip_zeros(digits, len);
    return true;
}

static bool reads_back(const char *text, double v, bool float4)
{
    return float4 ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v;
}

// Splits "d.ddde±xx" as printf writes it.
static int split_scientific(const char *text, char digits[20], int *point)
{
    int n = 0;
    const char *p = text;
    for (; *p != 'e'; p++) {
        if (*p != '.')
            digits[n++] = *p;
    }
    *point = (int)strtol(p + 1, NULL, 10) + 1;
    return strip_zeros(digits, n);
}

int double_shortest(double v, bool float4, char digits[20], int *point)
{
    if (v == 0) {
        digits[0] = '0';
        *point = 1;
        return 1;
    }
    int n;
    if ((!float4 && shortest_exact(v, digits, &n, point)) || shortest_scaled(v, float4, digits, &n, point))
        return n;
    // Subnormals may need fewer digits than the guaranteed ones.
    bool subnormal = v < (float4 ? (double)FLT_MIN : DBL_MIN);
    int from = subnormal ? 1 : float4 ? FLT_DIG : DBL_DIG;
    int most = float4 ? 9 : 17;
    char text[40];
    for (int precision = from; precision <= most; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, v);
        if (precision == most || reads_back(text, v, float4))
            break;
    }
    return split_scientific(text, digits, point);
}

// Scientific outside 10^-4 … 10^most, as Go prints %g (most is 6 for shortest digits).
static void print_digits(struct buf *out, const char *digits, int n, int point, int most)
{
    int exponent = point - 1;
    if (exponent < -4 || exponent >= most) {
        buf_putc(out, digits[0]);
        if (n > 1) {
            buf_putc(out, '.');
            buf_append(out, digits + 1, (size_t)(n - 1));
        }
        buf_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    if (point <= 0) {
        buf_cstr(out, "0.");
        buf_fill(out, '0', (size_t)-point);
        buf_append(out, digits, (size_t)n);
        return;
    }
    int whole = MIN(point, n);
    buf_append(out, digits, (size_t)whole);
    buf_fill(out, '0', (size_t)(point - whole));
    if (n > whole) {
        buf_putc(out, '.');
        buf_append(out, digits + whole, (size_t)(n - whole));
    }
}

void double_print(struct buf *out, double v, bool float4, int extra_float_digits)
{
    if (isnan(v)) {
        buf_cstr(out, "NaN");
        return;
    }
    if (signbit(v))
        buf_putc(out, '-');
    v = fabs(v);
    if (isinf(v)) {
        buf_cstr(out, "Infinity");
        return;
    }
    char digits[20];
    int point, n;
    if (extra_float_digits >= 0) {
        n = double_shortest(v, float4, digits, &point);
        print_digits(out, digits, n, point, 6);
        return;
    }
    int precision = MAX((float4 ? FLT_DIG : DBL_DIG) + extra_float_digits, 1);
    char text[40];
    snprintf(text, sizeof(text), "%.*e", precision - 1, v);
    n = split_scientific(text, digits, &point);
    print_digits(out, digits, n, v == 0 ? 1 : point, precision);
}

static bool special_float(struct str s, double *out)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = str_slice(s, 1, s.len);
    if (str_ieqc(s, "inf") || str_ieqc(s, "infinity"))
        *out = negative ? -INFINITY : INFINITY;
    else if (str_ieqc(s, "nan"))
        *out = NAN;
    else
        return false;
    return true;
}

// Sign, digits with a point, exponent; hexadecimal with a p exponent. What strtod accepts beyond is refused.
static bool float_syntax(struct str s)
{
    size_t i = 0, digits = 0;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+'))
        i++;
    bool hex = s.len - i > 2 && s.ptr[i] == '0' && lower(s.ptr[i + 1]) == 'x';
    i += hex ? 2 : 0;
    for (bool point = false; i < s.len; i++) {
        if (s.ptr[i] == '.' && !point)
            point = true;
        else if (hex ? hex_digit(s.ptr[i]) >= 0 : is_digit(s.ptr[i]))
            digits++;
        else
            break;
    }
    if (digits == 0)
        return false;
    if (i == s.len)
        return true;
    if (lower(s.ptr[i++]) != (hex ? 'p' : 'e'))
        return false;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+'))
        i++;
    size_t from = i;
    while (i < s.len && is_digit(s.ptr[i]))
        i++;
    return i == s.len && i > from;
}

// At most 15 digits and a small scale: both are exact doubles, so that one division rounds correctly.
static bool parse_exact(struct str s, double *out)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t m = 0;
    size_t digits = 0, fraction = 0;
    bool point = false;
    for (size_t i = negative; i < s.len; i++) {
        if (is_digit(s.ptr[i])) {
            m = m * 10 + (uint64_t)(s.ptr[i] - '0');
            digits++;
            fraction += point;
        } else if (s.ptr[i] == '.' && !point) {
            point = true;
        } else {
            return false;
        }
        if (digits > 15)
            return false;
    }
    if (digits == 0)
        return false;
    double v = (double)m / powers_of_ten[fraction];
    *out = negative ? -v : v;
    return true;
}

int double_parse(struct str s, double *out)
{
    s = str_trim(s);
    if (parse_exact(s, out))
        return 0;
    if (special_float(s, out))
        return 0;
    if (!float_syntax(s))
        return ERR_INVALID_TEXT_REPRESENTATION;
    char small[64];
    char *text = s.len < sizeof(small) ? small : mem_alloc(s.len + 1);
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    *out = strtod(text, NULL);
    if (text != small)
        mem_free(text);
    return isinf(*out) ? ERR_NUMERIC_VALUE_OUT_OF_RANGE : 0;
}

bool bool_parse(struct str s, bool *out)
{
    static const struct {
        const char *word;
        size_t shortest;
        bool value;
    } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                 {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
    s = str_trim(s);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (s.len < words[i].shortest || s.len > strlen(words[i].word))
            continue;
        if (str_ieq(s, (struct str){words[i].word, s.len})) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

// --- family functions ---------------------------------------------------------------------------------------------

int bool_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    return bool_parse(text, &out->b) ? 0 : parse_error(err, text, t, "invalid bool value");
}

void bool_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_putc(out, d.b ? 't' : 'f');
}

int bool_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 1)
        return binary_error(err, t);
    out->b = bytes.ptr[0] != 0;
    return 0;
}

void bool_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_putc(out, d.b ? 1 : 0);
}

int bool_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return (int)a->b - (int)b->b;
}

uint64_t bool_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_u64((uint64_t)d->b ^ seed);
}

// The cause Go's strconv gives, which CockroachDB passes on.
static int strconv_error(struct err *err, struct str text, struct type t, const char *function, int code)
{
    struct buf cause = BUF_INIT;
    buf_printf(&cause, "strconv.%s: parsing ", function);
    go_quote(&cause, text.len > 1000 ? str_slice(text, 0, 1000) : text);
    buf_cstr(&cause, code == ERR_NUMERIC_VALUE_OUT_OF_RANGE ? ": value out of range" : ": invalid syntax");
    int rc = parse_error(err, text, t, buf_c(&cause));
    buf_release(&cause);
    return rc;
}

int int_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                    struct err *err)
{
    int rc = i64_parse(text, &out->i);
    return LIKELY(rc == 0) ? 0 : strconv_error(err, text, t, "ParseInt", rc);
}

void int_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    i64_print(out, d.i);
}

int int_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len == 8)
        out->i = (int64_t)load_be64(bytes.ptr);
    else if (bytes.len == 4)
        out->i = (int32_t)load_be32(bytes.ptr);
    else if (bytes.len == 2)
        out->i = (int16_t)load_be16(bytes.ptr);
    else
        return binary_error(err, t);
    return 0;
}

void int_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    if (t.width == 16)
        buf_be16(out, (uint16_t)d.i);
    else if (t.width == 32)
        buf_be32(out, (uint32_t)d.i);
    else
        buf_be64(out, (uint64_t)d.i);
}

int int_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return (a->i > b->i) - (a->i < b->i);
}

uint64_t int_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_u64((uint64_t)d->i ^ seed);
}

int float_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                      struct datum *out, struct err *err)
{
    int rc = double_parse(text, &out->f);
    if (rc != 0)
        return strconv_error(err, text, t, "ParseFloat", rc);
    if (t.width == 32)
        out->f = (double)(float)out->f;
    return 0;
}

void float_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    double_print(out, d.f, t.width == 32, vc->extra_float_digits);
}

int float_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len == 8) {
        uint64_t bits = load_be64(bytes.ptr);
        memcpy(&out->f, &bits, 8);
    } else if (bytes.len == 4) {
        uint32_t bits = load_be32(bytes.ptr);
        float f;
        memcpy(&f, &bits, 4);
        out->f = (double)f;
    } else {
        return binary_error(err, t);
    }
    if (t.width == 32)
        out->f = (double)(float)out->f;
    return 0;
}

void float_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    if (t.width == 32) {
        float f = (float)d.f;
        uint32_t bits;
        memcpy(&bits, &f, 4);
        buf_be32(out, bits);
    } else {
        uint64_t bits;
        memcpy(&bits, &d.f, 8);
        buf_be64(out, bits);
    }
}

int float_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    if (LIKELY(a->f < b->f))
        return -1;
    if (a->f > b->f)
        return 1;
    if (a->f == b->f)
        return 0;
    return (int)isnan(b->f) - (int)isnan(a->f); // NaN before all
}

uint64_t float_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    double v = isnan(d->f) ? NAN : d->f + 0.0; // -0 + 0 is 0
    uint64_t bits;
    memcpy(&bits, &v, 8);
    return hash_u64(bits ^ seed);
}

int oid_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                    struct err *err)
{
    if (t.oid != TYPE_OID_OID && str_eqc(text, "-")) { // how reg types print 0
        out->i = 0;
        return 0;
    }
    int rc = i64_parse(text, &out->i);
    if (rc != 0)
        return strconv_error(err, text, T_INT8, "ParseInt", rc);
    if (out->i < 0 && out->i >= INT32_MIN) // PostgreSQL reads small negative numbers as unsigned
        out->i = (int64_t)(uint32_t)out->i;
    if (out->i < 0 || out->i > (int64_t)UINT32_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "OID out of range: %lld", (long long)out->i);
    return 0;
}

void oid_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    if (d.i == 0 && t.oid != TYPE_OID_OID)
        buf_putc(out, '-');
    else
        i64_print(out, d.i);
}

int oid_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 4)
        return binary_error(err, t);
    out->i = (int64_t)load_be32(bytes.ptr);
    return 0;
}

void oid_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_be32(out, (uint32_t)d.i);
}

int oid_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return int_compare_datum(t, a, b);
}

uint64_t oid_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return int_hash_datum(t, d, seed);
}
