// Roots, logarithms and powers, correctly rounded to DECIMAL_PRECISION digits except where a result is a tie to within
// the guard digits. Computed in fixed point on GMP integers: a real v is round(v × 10^scale).
//
// ln: argument reduced to [0.75, 1.5) by powers of ten and two, then 2·atanh((m-1)/(m+1)).
// exp: argument reduced by multiples of ln 10 and by 2^-8, Taylor series, then squared eight times.
#include "types/decimal_int.h"

enum { GUARD_SCALE = 60, SCALE_MAX = 2200, POW_PRECISION = 60, EXP_HALVINGS = 8 };

// --- fixed point --------------------------------------------------------------------------------------------------

// |d| at the scale.
static void fixed_from(mpz_t out, const struct decimal *d, int64_t scale)
{
    mpz_init_coefficient(out, d);
    int64_t shift = scale + d->exponent;
    if (shift >= 0) {
        mpz_mul_pow10(out, (uint64_t)shift);
        return;
    }
    mpz_t p;
    mpz_init(p);
    mpz_pow10(p, (uint64_t)-shift);
    mpz_tdiv_q(out, out, p);
    mpz_clear(p);
}

static int fixed_result(struct arena *a, const mpz_t v, int64_t exponent, struct decimal *out, struct err *err)
{
    struct decimal d = {.negative = mpz_sgn(v) < 0, .exponent = (int32_t)exponent};
    decimal_take_coefficient(a, &d, v);
    decimal_round_precision(a, &d, DECIMAL_PRECISION, out);
    return decimal_finish(out, err);
}

static void fixed_mul(mpz_t out, const mpz_t x, const mpz_t y, const mpz_t one)
{
    mpz_mul(out, x, y);
    mpz_tdiv_q(out, out, one);
}

// out += factor × atanh(1/q)
static void add_atanh_inverse(mpz_t out, unsigned factor, unsigned q, const mpz_t one)
{
    mpz_t power, term;
    mpz_init(power);
    mpz_init(term);
    mpz_mul_ui(power, one, factor);
    mpz_tdiv_q_ui(power, power, q);
    for (unsigned k = 1; mpz_sgn(power) != 0; k += 2) {
        mpz_tdiv_q_ui(term, power, k);
        mpz_add(out, out, term);
        mpz_tdiv_q_ui(power, power, q * q);
    }
    mpz_clear(power);
    mpz_clear(term);
}

// Machin-like formulas.
static void fixed_ln2(mpz_t out, const mpz_t one)
{
    mpz_set_ui(out, 0);
    add_atanh_inverse(out, 14, 31, one);
    add_atanh_inverse(out, 10, 49, one);
    add_atanh_inverse(out, 6, 161, one);
}

static void fixed_ln10(mpz_t out, const mpz_t one)
{
    mpz_set_ui(out, 0);
    add_atanh_inverse(out, 46, 31, one);
    add_atanh_inverse(out, 34, 49, one);
    add_atanh_inverse(out, 20, 161, one);
}

// 2·atanh((m-1)/(m+1)) for m in [0.75, 1.5).
static void fixed_ln_near_one(mpz_t out, const mpz_t m, const mpz_t one)
{
    mpz_t y, square, term;
    mpz_init(y);
    mpz_init(square);
    mpz_init(term);
    mpz_sub(y, m, one);
    mpz_mul(y, y, one);
    mpz_add(term, m, one);
    mpz_tdiv_q(y, y, term);
    fixed_mul(square, y, y, one);
    mpz_set_ui(out, 0);
    for (unsigned k = 1; mpz_sgn(y) != 0; k += 2) {
        mpz_tdiv_q_ui(term, y, k);
        mpz_add(out, out, term);
        fixed_mul(y, y, square, one);
    }
    mpz_mul_2exp(out, out, 1);
    mpz_clear(y);
    mpz_clear(square);
    mpz_clear(term);
}

// ln of a positive finite decimal.
static void fixed_ln(mpz_t out, const struct decimal *x, const mpz_t one, int64_t scale)
{
    int64_t tens = x->exponent + decimal_digits(x) - 1;
    struct decimal mantissa = *x;
    mantissa.exponent = (int32_t)(x->exponent - tens); // in [1, 10)
    mpz_t m, constant, limit;
    fixed_from(m, &mantissa, scale);
    mpz_init(constant);
    mpz_init(limit);
    mpz_mul_ui(limit, one, 3);
    mpz_tdiv_q_2exp(limit, limit, 1);
    int64_t twos = 0;
    for (; mpz_cmp(m, limit) >= 0; twos++)
        mpz_tdiv_q_2exp(m, m, 1);
    fixed_ln_near_one(out, m, one);
    fixed_ln10(constant, one);
    mpz_mul_si(constant, constant, tens);
    mpz_add(out, out, constant);
    fixed_ln2(constant, one);
    mpz_mul_si(constant, constant, twos);
    mpz_add(out, out, constant);
    mpz_clear(m);
    mpz_clear(constant);
    mpz_clear(limit);
}

// e^r for |r| at most ln 10.
static void fixed_exp_small(mpz_t out, const mpz_t r, const mpz_t one)
{
    mpz_t x, term;
    mpz_init(x);
    mpz_init_set(term, one);
    mpz_tdiv_q_2exp(x, r, EXP_HALVINGS);
    mpz_set(out, one);
    for (unsigned k = 1; mpz_sgn(term) != 0; k++) {
        fixed_mul(term, term, x, one);
        mpz_tdiv_q_ui(term, term, k);
        mpz_add(out, out, term);
    }
    for (int i = 0; i < EXP_HALVINGS; i++)
        fixed_mul(out, out, out, one);
    mpz_clear(x);
    mpz_clear(term);
}

// e^v, rounded, for v at the scale and |v| below 10^5.
static int exp_of_fixed(struct arena *a, const mpz_t v, const mpz_t one, int64_t scale, struct decimal *out,
                        struct err *err)
{
    mpz_t ln10, tens, rest, e;
    mpz_init(ln10);
    mpz_init(tens);
    mpz_init(rest);
    mpz_init(e);
    fixed_ln10(ln10, one);
    mpz_fdiv_qr(tens, rest, v, ln10);
    fixed_exp_small(e, rest, one);
    int rc = fixed_result(a, e, mpz_get_si(tens) - scale, out, err);
    mpz_clear(ln10);
    mpz_clear(tens);
    mpz_clear(rest);
    mpz_clear(e);
    return rc;
}

// --- roots --------------------------------------------------------------------------------------------------------

// The n-th root (n 2 or 3) of a finite nonzero decimal's magnitude.
static int root(struct arena *a, const struct decimal *x, unsigned n, struct decimal *out, struct err *err)
{
    int64_t shift = (int64_t)n * (DECIMAL_PRECISION + 1) - decimal_digits(x);
    shift = MAX(shift, 0);
    while ((x->exponent - shift) % (int64_t)n != 0)
        shift++;
    mpz_t c, rest;
    mpz_init_coefficient(c, x);
    mpz_init(rest);
    mpz_mul_pow10(c, (uint64_t)shift);
    mpz_rootrem(c, rest, c, n);
    struct decimal r = {.negative = x->negative, .exponent = (int32_t)((x->exponent - shift) / (int64_t)n)};
    decimal_take_coefficient(a, &r, c);
    bool exact = mpz_sgn(rest) == 0;
    mpz_clear(c);
    mpz_clear(rest);
    if (exact) {
        int64_t ideal = x->exponent / (int64_t)n;
        struct decimal reduced;
        decimal_reduce(a, &r, &reduced);
        int64_t over = (int64_t)reduced.exponent - ideal;
        r = reduced;
        if (over > 0) {
            decimal_shift_coefficient(a, &reduced, (uint32_t)over, &r);
            r.exponent = (int32_t)ideal;
        }
    }
    decimal_round_precision(a, &r, DECIMAL_PRECISION, out);
    return decimal_finish(out, err);
}

int decimal_sqrt(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err)
{
    *out = *x;
    if (x->form == DECIMAL_NAN || decimal_is_zero(x))
        return 0;
    if (x->negative)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
    return x->form == DECIMAL_INFINITE ? 0 : root(a, x, 2, out, err);
}

int decimal_cbrt(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err)
{
    *out = *x;
    if (x->form != DECIMAL_FINITE || decimal_is_zero(x))
        return 0;
    return root(a, x, 3, out, err);
}

// --- logarithms ---------------------------------------------------------------------------------------------------

static int check_logarithm(const struct decimal *x, struct err *err)
{
    if (x->form == DECIMAL_NAN)
        return 0;
    if (decimal_is_zero(x))
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of zero");
    if (x->negative)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_LOG, "cannot take logarithm of a negative number");
    return 0;
}

// Near 1 the result is as small as the last digit of the argument: the scale follows its digits.
static int64_t logarithm_scale(const struct decimal *x)
{
    return MIN(GUARD_SCALE + decimal_digits(x), SCALE_MAX);
}

static int logarithm(struct arena *a, const struct decimal *x, bool base10, struct decimal *out, struct err *err)
{
    int64_t scale = logarithm_scale(x);
    mpz_t one, ln, base;
    mpz_init(one);
    mpz_init(ln);
    mpz_init(base);
    mpz_pow10(one, (uint64_t)scale);
    fixed_ln(ln, x, one, scale);
    if (base10) {
        fixed_ln10(base, one);
        mpz_mul(ln, ln, one);
        mpz_tdiv_q(ln, ln, base);
    }
    int rc = fixed_result(a, ln, -scale, out, err);
    mpz_clear(one);
    mpz_clear(ln);
    mpz_clear(base);
    return rc;
}

int decimal_ln(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err)
{
    TRY(check_logarithm(x, err));
    struct decimal one = decimal_from_i64(1);
    *out = *x;
    if (x->form != DECIMAL_FINITE)
        return 0;
    if (decimal_compare(x, &one) == 0) {
        *out = DECIMAL_ZERO;
        return 0;
    }
    return logarithm(a, x, false, out, err);
}

int decimal_log10(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err)
{
    TRY(check_logarithm(x, err));
    *out = *x;
    if (x->form != DECIMAL_FINITE)
        return 0;
    struct decimal reduced;
    decimal_reduce(a, x, &reduced);
    if (reduced.lo == 1 && reduced.hi == 0) { // a power of ten
        *out = decimal_from_i64(reduced.exponent);
        return 0;
    }
    return logarithm(a, x, true, out, err);
}

// --- powers -------------------------------------------------------------------------------------------------------

// exp() of a finite nonzero decimal below 10^4 in magnitude.
static int exp_finite(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err)
{
    mpz_t one, v;
    mpz_init(one);
    mpz_pow10(one, GUARD_SCALE);
    fixed_from(v, x, GUARD_SCALE);
    if (x->negative)
        mpz_neg(v, v);
    int rc = exp_of_fixed(a, v, one, GUARD_SCALE, out, err);
    mpz_clear(one);
    mpz_clear(v);
    return rc;
}

int decimal_exp(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err)
{
    *out = *x;
    if (x->form == DECIMAL_NAN || (x->form == DECIMAL_INFINITE && !x->negative))
        return 0;
    if (decimal_is_zero(x)) {
        *out = decimal_from_i64(1);
        return 0;
    }
    bool huge = x->form == DECIMAL_INFINITE || x->exponent + decimal_digits(x) > 4;
    if (huge && !x->negative)
        return decimal_range_error(err);
    if (!huge && !x->negative)
        return exp_finite(a, x, out, err);
    if (huge || exp_finite(a, x, out, NULL) != 0) // too small to tell from zero
        *out = DECIMAL_ZERO;
    return 0;
}

// By squaring, keeping POW_PRECISION digits.
static int pow_integer(struct arena *a, const struct decimal *x, uint64_t n, struct decimal *out, struct err *err)
{
    struct decimal result = decimal_from_i64(1), base = *x, t;
    for (;;) {
        if (n & 1) {
            TRY(decimal_mul(a, &result, &base, &t, err));
            decimal_round_precision(a, &t, POW_PRECISION, &result);
        }
        n >>= 1;
        if (n == 0)
            break;
        TRY(decimal_mul(a, &base, &base, &t, err));
        decimal_round_precision(a, &t, POW_PRECISION, &base);
    }
    *out = result;
    return 0;
}

static int pow_real(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                    struct err *err)
{
    int64_t whole = MAX(y->exponent + decimal_digits(y), 0);
    if (whole > 100)
        return decimal_range_error(err);
    int64_t scale = logarithm_scale(x) + whole;
    mpz_t one, v, c;
    mpz_init(one);
    mpz_init(v);
    mpz_pow10(one, (uint64_t)scale);
    fixed_ln(v, x, one, scale);
    fixed_from(c, y, scale);
    fixed_mul(v, v, c, one);
    if (y->negative)
        mpz_neg(v, v);
    mpz_mul_ui(c, one, 10000);
    int rc;
    if (mpz_cmpabs(v, c) >= 0)
        rc = decimal_range_error(err);
    else
        rc = exp_of_fixed(a, v, one, scale, out, err);
    mpz_clear(one);
    mpz_clear(v);
    mpz_clear(c);
    return rc;
}

// x^±Infinity and ±Infinity^y, as IEEE 754 has them for magnitudes.
static int pow_special(const struct decimal *x, const struct decimal *y, struct decimal *out)
{
    struct decimal one = decimal_from_i64(1), magnitude = *x;
    if (x->form == DECIMAL_NAN || y->form == DECIMAL_NAN) {
        *out = decimal_nan();
        return 0;
    }
    magnitude.negative = false;
    int c = decimal_compare(&magnitude, &one);
    if (c == 0)
        *out = one;
    else if ((c > 0) == !y->negative)
        *out = decimal_infinity(false);
    else
        *out = DECIMAL_ZERO;
    return 0;
}

int decimal_pow(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out, struct err *err)
{
    if (decimal_is_zero(y)) {
        *out = decimal_from_i64(1);
        return 0;
    }
    if (x->form != DECIMAL_FINITE || y->form != DECIMAL_FINITE)
        return pow_special(x, y, out);
    if (decimal_is_zero(x)) {
        if (y->negative)
            return err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                           "zero raised to a negative power is undefined");
        *out = DECIMAL_ZERO;
        return 0;
    }
    struct decimal whole, power;
    int64_t n;
    TRY(decimal_rescale(a, y, 0, DECIMAL_DOWN, &whole, err));
    bool integer = decimal_compare(&whole, y) == 0;
    if (x->negative && !integer)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION,
                       "a negative number raised to a non-integer power yields a complex result");
    if (!integer)
        return pow_real(a, x, y, out, err);
    if (!decimal_to_i64(&whole, &n))
        return decimal_range_error(err);
    TRY(pow_integer(a, x, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, &power, err));
    if (n > 0) {
        decimal_round_precision(a, &power, DECIMAL_PRECISION, out);
        return decimal_finish(out, err);
    }
    struct decimal one = decimal_from_i64(1);
    return decimal_quo(a, &one, &power, out, err);
}
