// Decimal arithmetic: tables of known results, random operations against GMP rationals, running sums.
#include "types_check.h"
#include "base/util.h"
#include <gmp.h>
#include <math.h>

typedef int binary_fn(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                      struct err *err);
typedef int unary_fn(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err);

static const struct {
    const char *x, *op, *y, *result;
} binaries[] = {
    {"1.10", "+", "2.2", "3.30"},
    {"1", "+", "-1.00", "0.00"},
    {"1e30", "+", "1e-30", "1000000000000000000000000000000.000000000000000000000000000001"},
    {"170141183460469231731687303715884105727", "+", "170141183460469231731687303715884105729",
     "340282366920938463463374607431768211456"},
    {"inf", "+", "-inf", "NaN"},
    {"inf", "+", "1", "Infinity"},
    {"1", "-", "inf", "-Infinity"},
    {"NaN", "+", "1", "NaN"},
    {"1.5", "-", "2", "-0.5"},
    {"1.5", "*", "-2.0", "-3.00"},
    {"99999999999999999999", "*", "99999999999999999999", "9999999999999999999800000000000000000001"},
    {"inf", "*", "0", "NaN"},
    {"inf", "*", "-2", "-Infinity"},
    {"1e1500", "*", "1e1500", "22003 decimal out of range"},
    {"1", "/", "3", "0.33333333333333333333"},
    {"2", "/", "3", "0.66666666666666666667"},
    {"10", "/", "4", "2.5"},
    {"6", "/", "2", "3"},
    {"100", "/", "10", "10"},
    {"1.00", "/", "1", "1.00"},
    {"1", "/", "8", "0.125"},
    {"-5", "/", "3", "-1.6666666666666666667"},
    {"0", "/", "5", "0"},
    {"1", "/", "0", "22012 division by zero"},
    {"0", "/", "0", "22012 division by zero"},
    {"1", "/", "inf", "0"},
    {"123456789012345678901234567890", "/", "7", "1.7636684144620811272E+28"},
    {"7", "//", "2", "3"},
    {"-7", "//", "2", "-3"},
    {"7.5", "//", "0.5", "15"},
    {"7", "%", "3", "1"},
    {"-7", "%", "3", "-1"},
    {"7.5", "%", "2", "1.5"},
    {"1e40", "%", "7", "4"},
    {"5", "%", "0", "22012 division by zero"},
    {"2", "^", "10", "1024"},
    {"1.5", "^", "2", "2.25"},
    {"2", "^", "-2", "0.25"},
    {"2", "^", "100", "1.2676506002282294015E+30"},
    {"4", "^", "0.5", "2.0000000000000000000"},
    {"2", "^", "0.5", "1.4142135623730950488"},
    {"-8", "^", "3", "-512"},
    {"0", "^", "0", "1"},
    {"0", "^", "-1", "2201F zero raised to a negative power is undefined"},
    {"-2", "^", "0.5", "2201F a negative number raised to a non-integer power yields a complex result"},
    {"10", "^", "5000", "22003 decimal out of range"},
};

static binary_fn *binary_of(const char *op)
{
    switch (op[0]) {
    case '+':
        return decimal_add;
    case '-':
        return decimal_sub;
    case '*':
        return decimal_mul;
    case '/':
        return op[1] == '/' ? decimal_quo_integer : decimal_quo;
    case '%':
        return decimal_rem;
    default:
        return decimal_pow;
    }
}

static void test_binaries(void)
{
    for (size_t i = 0; i < ARRAY_LEN(binaries); i++) {
        struct decimal x = dec(binaries[i].x), y = dec(binaries[i].y), r;
        struct err err = ERR_INIT;
        int rc = binary_of(binaries[i].op)(&arena, &x, &y, &r, &err);
        int before = check_failures;
        if (rc != 0)
            CHECK_STR(error_of(&err), binaries[i].result);
        else
            CHECK_STR(dec_text(&r), binaries[i].result);
        if (before != check_failures)
            printf("  %s %s %s\n", binaries[i].x, binaries[i].op, binaries[i].y);
    }
}

// Values from the digits of e, pi, ln 2 and so on.
static const struct {
    unary_fn *fn;
    const char *x, *result;
} unaries[] = {
    {decimal_sqrt, "4", "2"},
    {decimal_sqrt, "2", "1.4142135623730950488"},
    {decimal_sqrt, "0.25", "0.5"},
    {decimal_sqrt, "1e100", "1E+50"},
    {decimal_sqrt, "0", "0"},
    {decimal_sqrt, "-1", "2201F cannot take square root of a negative number"},
    {decimal_cbrt, "27", "3"},
    {decimal_cbrt, "-8", "-2"},
    {decimal_cbrt, "2", "1.2599210498948731648"},
    {decimal_ln, "1", "0"},
    {decimal_ln, "2", "0.69314718055994530942"},
    {decimal_ln, "10", "2.3025850929940456840"},
    {decimal_ln, "0.5", "-0.69314718055994530942"},
    {decimal_ln, "1.00000000000000000000000000000001", "1.0000000000000000000E-32"},
    {decimal_ln, "0", "2201E cannot take logarithm of zero"},
    {decimal_ln, "-1", "2201E cannot take logarithm of a negative number"},
    {decimal_log10, "100", "2"},
    {decimal_log10, "0.001", "-3"},
    {decimal_log10, "2", "0.30102999566398119521"},
    {decimal_exp, "0", "1"},
    {decimal_exp, "1", "2.7182818284590452354"},
    {decimal_exp, "-1", "0.36787944117144232160"},
    {decimal_exp, "100", "2.6881171418161354484E+43"},
    {decimal_exp, "100000", "22003 decimal out of range"},
    {decimal_exp, "-100000", "0"},
};

static void test_unaries(void)
{
    for (size_t i = 0; i < ARRAY_LEN(unaries); i++) {
        struct decimal x = dec(unaries[i].x), r;
        struct err err = ERR_INIT;
        int before = check_failures;
        if (unaries[i].fn(&arena, &x, &r, &err) != 0)
            CHECK_STR(error_of(&err), unaries[i].result);
        else
            CHECK_STR(dec_text(&r), unaries[i].result);
        if (before != check_failures)
            printf("  of %s\n", unaries[i].x);
    }
}

static const struct {
    const char *x;
    int scale;
    const char *half_up, *half_even, *down, *ceiling, *floor;
} roundings[] = {
    {"2.5", 0, "3", "2", "2", "3", "2"},
    {"-2.5", 0, "-3", "-2", "-2", "-2", "-3"},
    {"3.5", 0, "4", "4", "3", "4", "3"},
    {"1.005", 2, "1.01", "1.00", "1.00", "1.01", "1.00"},
    {"1.2", 3, "1.200", "1.200", "1.200", "1.200", "1.200"},
    {"1234", -2, "1200", "1200", "1200", "1300", "1200"},
    {"9999", -2, "10000", "10000", "9900", "10000", "9900"},
    {"49", -2, "0", "0", "0", "100", "0"},
    {"0.0000000000000000000000000000000000000000000000000001", 0, "0", "0", "0", "1", "0"},
    {"-0.4", 0, "0", "0", "0", "0", "-1"},
    {"1e3", 0, "1000", "1000", "1000", "1000", "1000"},
    {"99999999999999999999999999999999999999999999.5", 0, "100000000000000000000000000000000000000000000",
     "100000000000000000000000000000000000000000000", "99999999999999999999999999999999999999999999",
     "100000000000000000000000000000000000000000000", "99999999999999999999999999999999999999999999"},
    {"NaN", 2, "NaN", "NaN", "NaN", "NaN", "NaN"},
};

static void test_rounding(void)
{
    for (size_t i = 0; i < ARRAY_LEN(roundings); i++) {
        const char *const expected[] = {roundings[i].half_up, roundings[i].half_even, roundings[i].down,
                                        roundings[i].ceiling, roundings[i].floor};
        for (int mode = DECIMAL_HALF_UP; mode <= DECIMAL_FLOOR; mode++) {
            struct decimal x = dec(roundings[i].x), r;
            CHECK_INT(decimal_rescale(&arena, &x, roundings[i].scale, (enum decimal_rounding)mode, &r, NULL), 0);
            CHECK_STR(dec_text(&r), expected[mode]);
        }
    }
    struct decimal x = dec("1"), r;
    CHECK_INT(decimal_rescale(&arena, &x, 1000000000, DECIMAL_HALF_UP, &r, NULL), ERR_NUMERIC_VALUE_OUT_OF_RANGE);
    CHECK_INT(decimal_rescale(&arena, &x, -1000000000, DECIMAL_HALF_UP, &r, NULL), 0);
    CHECK(decimal_is_zero(&r));
}

static void test_conversions(void)
{
    struct decimal d = decimal_from_i64(INT64_MIN);
    int64_t v;
    CHECK_STR(dec_text(&d), "-9223372036854775808");
    CHECK(decimal_to_i64(&d, &v) && v == INT64_MIN);
    d = dec("9223372036854775807.4");
    CHECK(decimal_to_i64(&d, &v) && v == INT64_MAX);
    d = dec("9223372036854775807.5");
    CHECK(!decimal_to_i64(&d, &v));
    d = dec("-2.5");
    CHECK(decimal_to_i64(&d, &v) && v == -3);
    d = dec("1e-1000");
    CHECK(decimal_to_i64(&d, &v) && v == 0);
    d = dec("0.00000000000000000000000000000000000000000000000000000123456789012345678901234567890123456789012345");
    CHECK(decimal_to_i64(&d, &v) && v == 0);
    d = dec("NaN");
    CHECK(!decimal_to_i64(&d, &v));
    double f;
    d = dec("0.1");
    CHECK(decimal_to_double(&d, &f) && f == 0.1);
    d = dec("123456789012345678901234567890");
    CHECK(decimal_to_double(&d, &f) && f == 123456789012345678901234567890.0);
    d = dec("1e400");
    CHECK(!decimal_to_double(&d, &f));
    d = decimal_from_double(0.1, false);
    CHECK_STR(dec_text(&d), "0.1");
    d = decimal_from_double(-1500, false);
    CHECK_STR(dec_text(&d), "-1500");
    d = decimal_from_double((double)0.1f, true);
    CHECK_STR(dec_text(&d), "0.1");
    d = decimal_from_double(-INFINITY, false);
    CHECK_STR(dec_text(&d), "-Infinity");
    struct buf b = BUF_INIT;
    d = dec("1.5e10");
    decimal_print_plain(&b, &d);
    d = dec("-1e-9");
    decimal_print_plain(&b, &d);
    CHECK_STR(buf_view(&b), "15000000000-0.000000001");
    buf_release(&b);
    struct decimal r, x = dec("1.500");
    decimal_reduce(&arena, &x, &r);
    CHECK_STR(dec_text(&r), "1.5");
}

// --- against rationals --------------------------------------------------------------------------------------------

static void to_rational(mpq_t q, const struct decimal *d)
{
    struct buf b = BUF_INIT;
    decimal_coefficient_print(&b, d);
    mpq_init(q);
    mpz_set_str(mpq_numref(q), buf_c(&b), 10);
    buf_release(&b);
    mpz_t p;
    mpz_init(p);
    mpz_ui_pow_ui(p, 10, (unsigned long)(d->exponent < 0 ? -d->exponent : d->exponent));
    if (d->exponent < 0)
        mpz_set(mpq_denref(q), p);
    else
        mpz_mul(mpq_numref(q), mpq_numref(q), p);
    mpz_clear(p);
    mpq_canonicalize(q);
    if (d->negative)
        mpq_neg(q, q);
}

static struct decimal random_decimal(struct rng *rng)
{
    char text[120];
    size_t n = 0, digits = 1 + rng_below(rng, rng_below(rng, 4) == 0 ? 60 : 20);
    if (rng_below(rng, 2))
        text[n++] = '-';
    for (size_t i = 0; i < digits; i++)
        text[n++] = (char)('0' + (rng_below(rng, 3) == 0 ? 0 : rng_below(rng, 10)));
    n += (size_t)snprintf(text + n, sizeof(text) - n, "e%d", (int)rng_below(rng, 60) - 40);
    text[n] = '\0';
    return dec(text);
}

static void check_equals(const struct decimal *d, const mpq_t expected)
{
    mpq_t q;
    to_rational(q, d);
    CHECK(mpq_equal(q, expected));
    mpq_clear(q);
}

// |d - expected| is at most half a unit of the last of 20 digits.
static void check_rounded(const struct decimal *d, const mpq_t expected)
{
    CHECK(decimal_digits(d) <= DECIMAL_PRECISION);
    mpq_t q, unit;
    to_rational(q, d);
    struct decimal one_unit = {.lo = 1, .exponent = d->exponent - (int32_t)(DECIMAL_PRECISION - decimal_digits(d))};
    to_rational(unit, &one_unit);
    mpq_div_2exp(unit, unit, 1);
    mpq_sub(q, q, expected);
    mpq_abs(q, q);
    CHECK(mpq_cmp(q, unit) <= 0);
    mpq_clear(q);
    mpq_clear(unit);
}

static void check_encoding(const struct decimal *d)
{
    struct str bytes = decimal_encode(&arena, d);
    struct decimal back = decimal_decode(bytes);
    CHECK(str_eq(dec_text(d), dec_text(&back)));
    struct buf wire = BUF_INIT;
    decimal_to_binary(&wire, d);
    CHECK_INT(decimal_from_binary(&arena, buf_view(&wire), &back, NULL), 0);
    CHECK_INT(decimal_compare(d, &back), 0);
    CHECK(decimal_hash(d, 5) == decimal_hash(&back, 5));
    buf_release(&wire);
    struct decimal again = dec(arena_cstr(&arena, dec_text(d)));
    CHECK(str_eq(decimal_encode(&arena, &again), bytes));
}

// Many digits at the smallest exponents: their scale is beyond what a short value may have.
static void test_encoding_of_extremes(void)
{
    static const char *const texts[] = {"9.999999999999999999999999999999999999999999951E-1957", "1E-2000",
                                        "-1.5E-2000", "1.00000000000000000000000000000000000000000000000E-1990",
                                        "9E+2000"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct decimal d = dec(texts[i]);
        check_encoding(&d);
    }
}

static void test_random_against_rationals(void)
{
    struct rng rng;
    rng_seed(&rng, 7);
    for (int i = 0; i < 20000; i++) {
        struct decimal x = random_decimal(&rng), y = random_decimal(&rng), r;
        mpq_t p, q, expected;
        to_rational(p, &x);
        to_rational(q, &y);
        mpq_init(expected);
        int c = mpq_cmp(p, q);
        CHECK_INT(decimal_compare(&x, &y), (c > 0) - (c < 0));
        CHECK_INT(decimal_add(&arena, &x, &y, &r, NULL), 0);
        mpq_add(expected, p, q);
        check_equals(&r, expected);
        CHECK_INT(decimal_sub(&arena, &x, &y, &r, NULL), 0);
        mpq_sub(expected, p, q);
        check_equals(&r, expected);
        CHECK_INT(decimal_mul(&arena, &x, &y, &r, NULL), 0);
        mpq_mul(expected, p, q);
        check_equals(&r, expected);
        check_encoding(&r);
        if (mpq_sgn(q) != 0) {
            CHECK_INT(decimal_quo(&arena, &x, &y, &r, NULL), 0);
            mpq_div(expected, p, q);
            check_rounded(&r, expected);
            struct decimal whole, rest, product, sum; // x = (x // y) * y + x % y
            CHECK_INT(decimal_quo_integer(&arena, &x, &y, &whole, NULL), 0);
            CHECK_INT(decimal_rem(&arena, &x, &y, &rest, NULL), 0);
            CHECK_INT(decimal_mul(&arena, &whole, &y, &product, NULL), 0);
            CHECK_INT(decimal_add(&arena, &product, &rest, &sum, NULL), 0);
            CHECK_INT(decimal_compare(&sum, &x), 0);
        }
        mpq_clear(p);
        mpq_clear(q);
        mpq_clear(expected);
        arena_reset(&arena);
    }
}

static void test_random_identities(void)
{
    struct rng rng;
    rng_seed(&rng, 11);
    for (int i = 0; i < 500; i++) {
        struct decimal x = random_decimal(&rng), root, square, ln, back, difference, tolerance;
        x.negative = false;
        if (decimal_is_zero(&x))
            continue;
        CHECK_INT(decimal_sqrt(&arena, &x, &root, NULL), 0);
        CHECK_INT(decimal_mul(&arena, &root, &root, &square, NULL), 0);
        decimal_round_precision(&arena, &x, 18, &tolerance);
        CHECK_INT(decimal_sub(&arena, &square, &x, &difference, NULL), 0);
        difference.negative = false;
        tolerance.exponent -= 18;
        CHECK(decimal_compare(&difference, &tolerance) <= 0);
        CHECK_INT(decimal_ln(&arena, &x, &ln, NULL), 0);
        CHECK_INT(decimal_exp(&arena, &ln, &back, NULL), 0);
        CHECK_INT(decimal_sub(&arena, &back, &x, &difference, NULL), 0);
        difference.negative = false;
        tolerance.exponent += 1;
        CHECK(decimal_compare(&difference, &tolerance) <= 0);
        arena_reset(&arena);
    }
}

static void test_sums(void)
{
    struct decimal_sum s = {0};
    struct decimal total, expected = DECIMAL_ZERO;
    for (int i = 0; i < 1000; i++)
        decimal_sum_add_i64(&arena, &s, INT64_MAX);
    CHECK_INT(arena_bytes(&arena), 0);
    CHECK_INT(decimal_sum_total(&arena, &s, &total, NULL), 0);
    CHECK_STR(dec_text(&total), "9223372036854775807000");
    CHECK_INT(decimal_sum_average(&arena, &s, &total, NULL), 0);
    CHECK_STR(dec_text(&total), "9223372036854775807");
    struct rng rng;
    rng_seed(&rng, 3);
    struct decimal_sum left = {0}, right = {0};
    for (int i = 0; i < 2000; i++) {
        struct decimal v = random_decimal(&rng);
        CHECK_INT(decimal_sum_add(&arena, i % 2 ? &left : &right, &v, NULL), 0);
        CHECK_INT(decimal_add(&arena, &expected, &v, &expected, NULL), 0);
    }
    CHECK_INT(decimal_sum_merge(&arena, &left, &right, NULL), 0);
    CHECK_INT(decimal_sum_total(&arena, &left, &total, NULL), 0);
    CHECK_INT(decimal_compare(&total, &expected), 0);
    CHECK_INT(left.count, 2000);
    struct decimal infinity = dec("inf"), minus = dec("-inf"), scaled = dec("1.50");
    struct decimal_sum t = {0};
    CHECK_INT(decimal_sum_add(&arena, &t, &scaled, NULL), 0);
    decimal_sum_add_i64(&arena, &t, 2);
    CHECK_INT(decimal_sum_total(&arena, &t, &total, NULL), 0);
    CHECK_STR(dec_text(&total), "3.50");
    CHECK_INT(decimal_sum_add(&arena, &t, &infinity, NULL), 0);
    CHECK_INT(decimal_sum_total(&arena, &t, &total, NULL), 0);
    CHECK_STR(dec_text(&total), "Infinity");
    CHECK_INT(decimal_sum_add(&arena, &t, &minus, NULL), 0);
    CHECK_INT(decimal_sum_total(&arena, &t, &total, NULL), 0);
    CHECK_STR(dec_text(&total), "NaN");
}

#define RUN(name)                 \
    static void run_##name(void)  \
    {                             \
        arena_init(&arena, NULL); \
        test_##name();            \
        arena_release(&arena);    \
    }
RUN(binaries)
RUN(unaries)
RUN(rounding)
RUN(conversions)
RUN(encoding_of_extremes)
RUN(random_against_rationals)
RUN(random_identities)
RUN(sums)

CHECK_MAIN({"binaries", run_binaries}, {"unaries", run_unaries}, {"rounding", run_rounding},
           {"conversions", run_conversions}, {"encoding_of_extremes", run_encoding_of_extremes},
           {"random_against_rationals", run_random_against_rationals}, {"random_identities", run_random_identities},
           {"sums", run_sums})
