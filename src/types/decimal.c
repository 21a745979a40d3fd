// Representation of decimals: encoding, coefficients, conversions, order.
#include "types/decimal_int.h"
#include "types/text.h"
#include "base/map.h"
#include <math.h>
#include <stdlib.h>

#define P9(x) ((u128)(x)*1000000000u)
#define P18(x) P9(P9(x))
#define NINE(f) f(1), f(10), f(100), f(1000), f(10000), f(100000), f(1000000), f(10000000), f(100000000)
#define P0(x) (u128)(x)
#define P27(x) P9(P18(x))
#define P36(x) P18(P18(x))
const u128 u128_powers[POWERS_OF_TEN] = {NINE(P0), NINE(P9), NINE(P18), NINE(P27), P36(1), P36(10), P36(100)};

enum { FLAG_FORM = 3, FLAG_NEGATIVE = 4 };
enum { DIGITS_MAX = 150000 };
enum { EXPONENT_SANE = DIGITS_MAX + DECIMAL_EXPONENT_MAX }; // beyond it an encoding is corrupt

int u128_digits(u128 v)
{
    if (v >> 64 == 0) {
        uint64_t w = (uint64_t)v;
        int n = 1;
        while (n < 20 && w >= (uint64_t)u128_powers[n])
            n++;
        return n;
    }
    int n = 20;
    while (n < POWERS_OF_TEN && v >= u128_powers[n])
        n++;
    return n;
}

size_t u128_format(char out[40], u128 v)
{
    const u128 chunk = u128_powers[18];
    char *p = out;
    char part[20];
    if (v >= chunk * chunk) {
        p += i64_format(p, (int64_t)(v / (chunk * chunk)));
        v %= chunk * chunk;
    }
    for (int k = 1; k >= 0; k--) {
        int64_t w = (int64_t)(k == 1 ? v / chunk : v % chunk);
        if (p == out && w == 0 && k == 1)
            continue;
        size_t n = i64_format(part, w);
        if (p != out) {
            memset(p, '0', 18 - n);
            p += 18 - n;
        }
        memcpy(p, part, n);
        p += n;
    }
    return (size_t)(p - out);
}

// --- GMP ----------------------------------------------------------------------------------------------------------

void mpz_init_coefficient(mpz_t z, const struct decimal *d)
{
    mpz_init(z);
    if (decimal_is_big(d)) {
        mpz_import(z, d->big.len, -1, 1, -1, 0, d->big.ptr);
    } else {
        uint64_t words[2] = {d->lo, d->hi};
        mpz_import(z, 2, -1, 8, 0, 0, words);
    }
}

void decimal_take_coefficient(struct arena *a, struct decimal *d, const mpz_t z)
{
    if (mpz_sizeinbase(z, 2) <= 128) {
        uint64_t words[2] = {0, 0};
        mpz_export(words, NULL, -1, 8, 0, 0, z);
        decimal_set_small(d, (u128)words[1] << 64 | words[0]);
        return;
    }
    size_t len = (mpz_sizeinbase(z, 2) + 7) / 8;
    char *bytes = arena_alloc_aligned(a, len, 1);
    mpz_export(bytes, NULL, -1, 1, -1, 0, z);
    d->lo = d->hi = 0;
    d->big = (struct str){bytes, len};
}

void mpz_pow10(mpz_t z, uint64_t n)
{
    mpz_ui_pow_ui(z, 10, n);
}

void mpz_mul_pow10(mpz_t z, uint64_t n)
{
    if (n == 0)
        return;
    mpz_t p;
    mpz_init(p);
    mpz_pow10(p, n);
    mpz_mul(z, z, p);
    mpz_clear(p);
}

int64_t mpz_digits(const mpz_t z)
{
    if (mpz_sgn(z) == 0)
        return 1;
    int64_t n = (int64_t)mpz_sizeinbase(z, 10); // exact or one too many
    mpz_t p;
    mpz_init(p);
    mpz_pow10(p, (uint64_t)(n - 1));
    if (mpz_cmpabs(z, p) < 0)
        n--;
    mpz_clear(p);
    return n;
}

// --- encoding -----------------------------------------------------------------------------------------------------

static size_t put_head(const struct decimal *d, char *out)
{
    out[0] = (char)(d->form | (d->negative ? FLAG_NEGATIVE : 0));
    if (d->form != DECIMAL_FINITE)
        return 1;
    uint32_t zigzag = (uint32_t)d->exponent << 1 ^ (uint32_t)(d->exponent >> 31);
    size_t n = 1;
    for (; zigzag >= 0x80; zigzag >>= 7)
        out[n++] = (char)(zigzag | 0x80);
    out[n++] = (char)zigzag;
    return n;
}

size_t decimal_encode_small(const struct decimal *d, char out[DECIMAL_SMALL_MAX])
{
    size_t n = put_head(d, out);
    if (d->form != DECIMAL_FINITE)
        return n;
    uint64_t words[2] = {d->lo, d->hi};
    memcpy(out + n, words, sizeof(words)); // there is room, whatever the head
    if (d->hi != 0)
        return n + 16 - (size_t)__builtin_clzll(d->hi) / 8;
    return d->lo != 0 ? n + 8 - (size_t)__builtin_clzll(d->lo) / 8 : n;
}

struct str decimal_encode(struct arena *a, const struct decimal *d)
{
    char head[DECIMAL_SMALL_MAX];
    if (!decimal_is_big(d))
        return arena_str(a, (struct str){head, decimal_encode_small(d, head)});
    size_t n = put_head(d, head);
    char *out = arena_alloc_aligned(a, size_add(n, d->big.len), 1);
    memcpy(out, head, n);
    memcpy(out + n, d->big.ptr, d->big.len);
    return (struct str){out, n + d->big.len};
}

// The number in these bytes, eight at most, the least significant one first.
static inline uint64_t get_bytes(const char *p, size_t len)
{
    if (len >= 4) {
        uint32_t low, high; // they overlap
        memcpy(&low, p, 4);
        memcpy(&high, p + len - 4, 4);
        return low | (uint64_t)high << 8 * (len - 4);
    }
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v |= (uint64_t)(uint8_t)p[i] << 8 * i;
    return v;
}

struct decimal decimal_decode(struct str s)
{
    struct decimal d = {0};
    if (s.len == 0)
        return d;
    d.form = (uint8_t)(s.ptr[0] & FLAG_FORM);
    d.negative = (s.ptr[0] & FLAG_NEGATIVE) != 0;
    if (d.form != DECIMAL_FINITE)
        return d;
    uint32_t zigzag = 0;
    size_t at = 1;
    for (unsigned shift = 0; at < s.len && shift < 32; shift += 7) {
        uint8_t byte = (uint8_t)s.ptr[at++];
        zigzag |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            break;
    }
    d.exponent = (int32_t)(zigzag >> 1 ^ (0 - (zigzag & 1)));
    d.exponent = MAX(MIN(d.exponent, EXPONENT_SANE), -EXPONENT_SANE);
    size_t len = s.len - at;
    while (len > 16 && s.ptr[at + len - 1] == 0)
        len--;
    if (len > 16) {
        d.big = str_slice(s, at, at + len);
    } else {
        d.lo = get_bytes(s.ptr + at, MIN(len, (size_t)8));
        d.hi = len > 8 ? get_bytes(s.ptr + at + 8, len - 8) : 0;
    }
    return d;
}

// --- construction -------------------------------------------------------------------------------------------------

struct decimal decimal_from_i64(int64_t v)
{
    return (struct decimal){.negative = v < 0, .lo = v < 0 ? 0 - (uint64_t)v : (uint64_t)v};
}

struct decimal decimal_from_u64(uint64_t v)
{
    return (struct decimal){.lo = v};
}

int decimal_of_version(struct arena *a, uint64_t version, struct decimal *out, struct err *err)
{
    struct decimal nanos = decimal_from_u64(version);
    return decimal_rescale(a, &nanos, 10, DECIMAL_DOWN, out, err);
}

struct decimal decimal_from_parts(int64_t unscaled, int32_t exponent)
{
    struct decimal d = decimal_from_i64(unscaled);
    d.exponent = exponent;
    return d;
}

struct decimal decimal_nan(void)
{
    return (struct decimal){.form = DECIMAL_NAN};
}

struct decimal decimal_infinity(bool negative)
{
    return (struct decimal){.form = DECIMAL_INFINITE, .negative = negative};
}

struct decimal decimal_from_double(double v, bool float4)
{
    if (isnan(v))
        return decimal_nan();
    if (isinf(v))
        return decimal_infinity(v < 0);
    struct decimal d = {.negative = v < 0};
    char digits[20];
    int point;
    int n = double_shortest(fabs(v), float4, digits, &point);
    for (int i = 0; i < n; i++)
        d.lo = d.lo * 10 + (uint64_t)(digits[i] - '0');
    d.exponent = point - n;
    u128 whole;
    if (d.exponent > 0 && u128_scale(d.lo, d.exponent, &whole)) { // 1500, not 1.5E+3
        decimal_set_small(&d, whole);
        d.exponent = 0;
    }
    return d;
}

bool decimal_to_double(const struct decimal *d, double *out)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->form != DECIMAL_FINITE) {
        *out = d->form == DECIMAL_NAN ? NAN : d->negative ? -INFINITY : INFINITY;
        return true;
    }
    if (!decimal_is_big(d) && d->hi == 0 && d->lo < UINT64_C(1) << 53 && abs(d->exponent) <= 22) {
        double v = (double)d->lo;
        v = d->exponent < 0 ? v / exact[-d->exponent] : v * exact[d->exponent];
        *out = d->negative ? -v : v;
        return true;
    }
    struct buf text = BUF_INIT;
    decimal_coefficient_print(&text, d);
    buf_printf(&text, "e%d", (int)d->exponent);
    double v = strtod(buf_c(&text), NULL);
    buf_release(&text);
    *out = d->negative ? -v : v;
    return !isinf(v);
}

bool decimal_to_i64(const struct decimal *d, int64_t *out)
{
    if (d->form != DECIMAL_FINITE)
        return false;
    if (decimal_is_zero(d)) {
        *out = 0;
        return true;
    }
    u128 v;
    if (d->exponent >= 0) {
        if (decimal_is_big(d) || !u128_scale(decimal_small(d), d->exponent, &v))
            return false;
    } else if (!decimal_is_big(d)) {
        int64_t drop = -(int64_t)d->exponent;
        u128 c = decimal_small(d);
        v = drop >= POWERS_OF_TEN ? 0 : c / u128_powers[drop];
        if (drop < POWERS_OF_TEN && c % u128_powers[drop] >= u128_powers[drop] - c % u128_powers[drop])
            v++;
    } else {
        mpz_t z, p;
        mpz_init_coefficient(z, d);
        mpz_init(p);
        mpz_pow10(p, (uint64_t) - (int64_t)d->exponent);
        mpz_mul_2exp(z, z, 1);
        mpz_add(z, z, p);
        mpz_mul_2exp(p, p, 1);
        mpz_tdiv_q(z, z, p);
        bool fits = mpz_sizeinbase(z, 2) <= 64;
        v = fits ? mpz_get_ui(z) : (u128)-1;
        mpz_clear(z);
        mpz_clear(p);
    }
    if (v > (u128)INT64_MAX + (d->negative ? 1 : 0))
        return false;
    *out = d->negative ? (int64_t)(0 - (uint64_t)v) : (int64_t)v;
    return true;
}

int decimal_range_error(struct err *err)
{
    return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "decimal out of range");
}

int decimal_finish(struct decimal *d, struct err *err)
{
    if (d->form != DECIMAL_FINITE)
        return 0;
    if (decimal_is_zero(d)) {
        d->negative = false;
        d->exponent = MAX(MIN(d->exponent, 0), -DECIMAL_EXPONENT_MAX);
        return 0;
    }
    if (!decimal_is_big(d) && d->exponent <= 0 && d->exponent > -DECIMAL_EXPONENT_MAX)
        return 0;
    int64_t digits = decimal_digits(d);
    int64_t adjusted = d->exponent + digits - 1;
    if (adjusted > DECIMAL_EXPONENT_MAX || adjusted < -DECIMAL_EXPONENT_MAX || digits > DIGITS_MAX)
        return decimal_range_error(err);
    return 0;
}

// --- order --------------------------------------------------------------------------------------------------------

int64_t decimal_digits(const struct decimal *d)
{
    if (!decimal_is_big(d))
        return u128_digits(decimal_small(d));
    mpz_t z;
    mpz_init_coefficient(z, d);
    int64_t n = mpz_digits(z);
    mpz_clear(z);
    return n;
}

int decimal_sign(const struct decimal *d)
{
    if (d->form == DECIMAL_NAN || decimal_is_zero(d))
        return 0;
    return d->negative ? -1 : 1;
}

static int compare_big(const struct decimal *x, const struct decimal *y)
{
    mpz_t a, b;
    mpz_init_coefficient(a, x);
    mpz_init_coefficient(b, y);
    int64_t diff = (int64_t)x->exponent - y->exponent;
    if (diff > 0)
        mpz_mul_pow10(a, (uint64_t)diff);
    else
        mpz_mul_pow10(b, (uint64_t)-diff);
    int c = mpz_cmp(a, b);
    mpz_clear(a);
    mpz_clear(b);
    return (c > 0) - (c < 0);
}

// Both finite and nonzero.
static int compare_magnitude(const struct decimal *x, const struct decimal *y)
{
    bool small = !decimal_is_big(x) && !decimal_is_big(y);
    if (small && x->exponent == y->exponent) {
        u128 a = decimal_small(x), b = decimal_small(y);
        return (a > b) - (a < b);
    }
    int64_t ax = x->exponent + decimal_digits(x), ay = y->exponent + decimal_digits(y);
    if (ax != ay)
        return ax < ay ? -1 : 1;
    if (!small)
        return compare_big(x, y);
    u128 a = decimal_small(x), b = decimal_small(y); // same magnitude: the scaled one has as many digits as the other
    int64_t diff = (int64_t)x->exponent - y->exponent;
    if (!u128_scale(diff > 0 ? a : b, diff > 0 ? diff : -diff, diff > 0 ? &a : &b))
        return compare_big(x, y);
    return (a > b) - (a < b);
}

// NaN, -Infinity, negative, zero, positive, Infinity.
static int order_class(const struct decimal *d)
{
    if (d->form == DECIMAL_NAN)
        return -3;
    if (d->form == DECIMAL_INFINITE)
        return d->negative ? -2 : 2;
    return decimal_sign(d);
}

int decimal_compare(const struct decimal *x, const struct decimal *y)
{
    int cx = order_class(x), cy = order_class(y);
    if (cx != cy)
        return cx < cy ? -1 : 1;
    if (cx != 1 && cx != -1)
        return 0;
    return cx * compare_magnitude(x, y);
}

// Removes the trailing zeros of a nonzero 128-bit coefficient, returns how many.
static int strip_zeros(u128 *v)
{
    int n = 0;
    for (; *v >> 64 != 0 && *v % 10 == 0; n++)
        *v /= 10;
    if (*v >> 64 == 0) {
        uint64_t w = (uint64_t)*v;
        for (; w % 10 == 0; n++)
            w /= 10;
        *v = w;
    }
    return n;
}

void decimal_reduce(struct arena *a, const struct decimal *x, struct decimal *out)
{
    *out = *x;
    if (x->form != DECIMAL_FINITE)
        return;
    if (decimal_is_zero(x)) {
        *out = DECIMAL_ZERO;
        return;
    }
    if (decimal_is_big(x)) {
        mpz_t z, ten;
        mpz_init_coefficient(z, x);
        mpz_init_set_ui(ten, 10);
        out->exponent += (int32_t)mpz_remove(z, z, ten);
        decimal_take_coefficient(a, out, z);
        mpz_clear(ten);
        mpz_clear(z);
        return;
    }
    u128 v = decimal_small(x);
    out->exponent += strip_zeros(&v);
    decimal_set_small(out, v);
}

uint64_t decimal_hash(const struct decimal *d, uint64_t seed)
{
    if (d->form != DECIMAL_FINITE || decimal_is_zero(d))
        return hash_u64(seed ^ (uint64_t)(order_class(d) + 8));
    struct decimal n;
    struct arena scratch = {0}; // used by coefficients over 128 bits only
    decimal_reduce(&scratch, d, &n);
    uint64_t h = seed ^ (uint64_t)(uint32_t)n.exponent << 1 ^ (uint64_t)n.negative;
    h = decimal_is_big(&n) ? hash_bytes(n.big.ptr, n.big.len, h) : hash_u64(hash_u64(n.lo ^ h) ^ n.hi);
    if (decimal_is_big(d))
        arena_release(&scratch);
    return h;
}
