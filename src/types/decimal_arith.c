// Exact and correctly rounded arithmetic: sum, difference, product, quotient, remainder, rounding, running sums.
// Operands whose intermediate results fit 128 bits never leave registers; the rest goes through GMP.
#include "types/decimal_int.h"

static bool both_finite(const struct decimal *x, const struct decimal *y)
{
    return x->form == DECIMAL_FINITE && y->form == DECIMAL_FINITE;
}

static bool either_nan(const struct decimal *x, const struct decimal *y)
{
    return x->form == DECIMAL_NAN || y->form == DECIMAL_NAN;
}

// --- sum ----------------------------------------------------------------------------------------------------------

static struct decimal add_special(const struct decimal *x, const struct decimal *y)
{
    if (either_nan(x, y))
        return decimal_nan();
    if (x->form == DECIMAL_FINITE)
        return *y;
    if (y->form == DECIMAL_FINITE || x->negative == y->negative)
        return *x;
    return decimal_nan();
}

// Same exponent.
static bool add_small(const struct decimal *x, u128 cx, u128 cy, bool y_negative, struct decimal *out)
{
    u128 sum;
    bool negative = x->negative;
    if (negative == y_negative) {
        if (__builtin_add_overflow(cx, cy, &sum))
            return false;
    } else if (cx >= cy) {
        sum = cx - cy;
    } else {
        sum = cy - cx;
        negative = y_negative;
    }
    out->form = DECIMAL_FINITE;
    out->negative = negative && sum != 0;
    decimal_set_small(out, sum);
    return true;
}

static void add_big(struct arena *a, const struct decimal *x, const struct decimal *y, bool y_negative,
                    struct decimal *out)
{
    mpz_t p, q;
    mpz_init_coefficient(p, x);
    mpz_init_coefficient(q, y);
    int32_t exponent = MIN(x->exponent, y->exponent);
    mpz_mul_pow10(p, (uint64_t)((int64_t)x->exponent - exponent));
    mpz_mul_pow10(q, (uint64_t)((int64_t)y->exponent - exponent));
    if (x->negative)
        mpz_neg(p, p);
    if (y_negative)
        mpz_neg(q, q);
    mpz_add(p, p, q);
    *out = (struct decimal){.negative = mpz_sgn(p) < 0, .exponent = exponent};
    decimal_take_coefficient(a, out, p);
    mpz_clear(p);
    mpz_clear(q);
}

static int add_signed(struct arena *a, const struct decimal *x, const struct decimal *y, bool y_negative,
                      struct decimal *out, struct err *err)
{
    if (UNLIKELY(!both_finite(x, y))) {
        struct decimal signed_y = *y;
        signed_y.negative = y_negative;
        *out = add_special(x, &signed_y);
        return 0;
    }
    if (!decimal_is_big(x) && !decimal_is_big(y)) {
        u128 cx = decimal_small(x), cy = decimal_small(y);
        int64_t diff = (int64_t)x->exponent - y->exponent;
        bool aligned = diff >= 0 ? u128_scale(cx, diff, &cx) : u128_scale(cy, -diff, &cy);
        int32_t exponent = MIN(x->exponent, y->exponent);
        if (LIKELY(aligned && add_small(x, cx, cy, y_negative, out))) {
            out->exponent = exponent;
            return decimal_finish(out, err);
        }
    }
    add_big(a, x, y, y_negative, out);
    return decimal_finish(out, err);
}

int decimal_add(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out, struct err *err)
{
    return add_signed(a, x, y, y->negative, out, err);
}

int decimal_sub(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out, struct err *err)
{
    return add_signed(a, x, y, !y->negative, out, err);
}

// --- product ------------------------------------------------------------------------------------------------------

static int mul_special(const struct decimal *x, const struct decimal *y, struct decimal *out)
{
    bool undefined = either_nan(x, y) || decimal_is_zero(x) || decimal_is_zero(y);
    *out = undefined ? decimal_nan() : decimal_infinity(x->negative != y->negative);
    return 0;
}

int decimal_mul(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out, struct err *err)
{
    if (UNLIKELY(!both_finite(x, y)))
        return mul_special(x, y, out);
    struct decimal r = {.negative = x->negative != y->negative, .exponent = x->exponent + y->exponent};
    u128 product;
    if (!decimal_is_big(x) && !decimal_is_big(y) &&
        !__builtin_mul_overflow(decimal_small(x), decimal_small(y), &product)) {
        decimal_set_small(&r, product);
    } else {
        mpz_t p, q;
        mpz_init_coefficient(p, x);
        mpz_init_coefficient(q, y);
        mpz_mul(p, p, q);
        decimal_take_coefficient(a, &r, p);
        mpz_clear(p);
        mpz_clear(q);
    }
    *out = r;
    return decimal_finish(out, err);
}

// --- rounding -----------------------------------------------------------------------------------------------------

// Is the dropped part to be rounded up in magnitude? `half`: it compared with one half (-1, 0, 1); `odd`: of the
// quotient.
static bool rounds_up(enum decimal_rounding mode, int half, bool exact, bool odd, bool negative)
{
    switch (mode) {
    case DECIMAL_HALF_UP:
        return half >= 0;
    case DECIMAL_HALF_EVEN:
        return half > 0 || (half == 0 && odd);
    case DECIMAL_DOWN:
        return false;
    case DECIMAL_CEILING:
        return !exact && !negative;
    case DECIMAL_FLOOR:
        return !exact && negative;
    }
    __builtin_unreachable();
}

static void drop_small(struct decimal *d, int64_t drop, enum decimal_rounding mode)
{
    u128 c = decimal_small(d), q = 0, rest = c;
    int half = -1; // 10^39 is more than twice any coefficient of 128 bits
    if (drop < POWERS_OF_TEN) {
        q = c / u128_powers[drop];
        rest = c % u128_powers[drop];
        u128 other = u128_powers[drop] - rest;
        half = (rest > other) - (rest < other);
    }
    q += rounds_up(mode, half, rest == 0, q & 1, d->negative);
    decimal_set_small(d, q);
}

static void drop_big(struct arena *a, struct decimal *d, int64_t drop, enum decimal_rounding mode)
{
    mpz_t c, p, rest;
    mpz_init_coefficient(c, d);
    mpz_init(p);
    mpz_init(rest);
    mpz_pow10(p, (uint64_t)drop);
    mpz_tdiv_qr(c, rest, c, p);
    bool exact = mpz_sgn(rest) == 0;
    mpz_mul_2exp(rest, rest, 1);
    if (rounds_up(mode, mpz_cmp(rest, p), exact, mpz_odd_p(c), d->negative))
        mpz_add_ui(c, c, 1);
    decimal_take_coefficient(a, d, c);
    mpz_clear(c);
    mpz_clear(p);
    mpz_clear(rest);
}

// Drops `drop` > 0 digits of the coefficient.
static void drop_digits(struct arena *a, struct decimal *d, int64_t drop, enum decimal_rounding mode)
{
    if (decimal_is_big(d))
        drop_big(a, d, MIN(drop, decimal_digits(d) + 1), mode);
    else
        drop_small(d, drop, mode);
    d->exponent = (int32_t)MIN((int64_t)d->exponent + drop, INT32_MAX);
}

void decimal_shift_coefficient(struct arena *a, const struct decimal *x, uint32_t n, struct decimal *out)
{
    *out = *x;
    u128 scaled;
    if (!decimal_is_big(x) && u128_scale(decimal_small(x), n, &scaled)) {
        decimal_set_small(out, scaled);
        return;
    }
    mpz_t z;
    mpz_init_coefficient(z, x);
    mpz_mul_pow10(z, n);
    decimal_take_coefficient(a, out, z);
    mpz_clear(z);
}

int decimal_rescale(struct arena *a, const struct decimal *x, int32_t scale, enum decimal_rounding mode,
                    struct decimal *out, struct err *err)
{
    if (x->form == DECIMAL_FINITE && scale > DECIMAL_EXPONENT_MAX && x->exponent != -(int64_t)scale)
        return decimal_range_error(err);
    return decimal_set_scale(a, x, scale, mode, out, err);
}

int decimal_set_scale(struct arena *a, const struct decimal *x, int32_t scale, enum decimal_rounding mode,
                      struct decimal *out, struct err *err)
{
    *out = *x;
    if (x->form != DECIMAL_FINITE || x->exponent == -(int64_t)scale)
        return 0;
    int64_t target = -(int64_t)scale;
    if (x->exponent < target)
        drop_digits(a, out, target - x->exponent, mode);
    if (decimal_is_zero(out)) {
        out->exponent = (int32_t)MIN(target, 0);
        out->negative = false;
        return 0;
    }
    int64_t wanted = MIN(target, 0); // negative scales give back plain zeros
    if (out->exponent > wanted) {
        struct decimal coarse = *out;
        if (coarse.exponent > 2 * DECIMAL_EXPONENT_MAX)
            return decimal_range_error(err);
        decimal_shift_coefficient(a, &coarse, (uint32_t)(coarse.exponent - wanted), out);
        out->exponent = (int32_t)wanted;
    }
    return decimal_finish(out, err);
}

void decimal_round_precision(struct arena *a, const struct decimal *x, int precision, struct decimal *out)
{
    *out = *x;
    if (x->form != DECIMAL_FINITE)
        return;
    int64_t digits = decimal_digits(out);
    if (digits <= precision)
        return;
    drop_digits(a, out, digits - precision, DECIMAL_HALF_UP);
    if (decimal_digits(out) > precision) // 9.99 became 10.0
        drop_digits(a, out, 1, DECIMAL_HALF_UP);
}

// --- quotient -----------------------------------------------------------------------------------------------------

// Takes zeros off an exact quotient's coefficient until the exponent is that of the operands' difference.
static void strip_to_ideal(struct arena *a, struct decimal *q, int64_t ideal)
{
    struct decimal reduced;
    decimal_reduce(a, q, &reduced);
    int64_t over = reduced.exponent - ideal;
    if (over <= 0)
        *q = reduced;
    else
        decimal_shift_coefficient(a, &reduced, (uint32_t)over, q), q->exponent = (int32_t)ideal;
}

// Enough digits for the quotient to have DECIMAL_PRECISION + 1.
static int64_t quotient_shift(const struct decimal *x, const struct decimal *y)
{
    int64_t k = DECIMAL_PRECISION + 1 + decimal_digits(y) - decimal_digits(x);
    return MAX(k, 0);
}

static bool quo_big(struct arena *a, const struct decimal *x, const struct decimal *y, int64_t shift, struct decimal *q)
{
    mpz_t p, d, rest;
    mpz_init_coefficient(p, x);
    mpz_init_coefficient(d, y);
    mpz_init(rest);
    mpz_mul_pow10(p, (uint64_t)shift);
    mpz_tdiv_qr(p, rest, p, d);
    decimal_take_coefficient(a, q, p);
    bool exact = mpz_sgn(rest) == 0;
    mpz_clear(p);
    mpz_clear(d);
    mpz_clear(rest);
    return exact;
}

static int quo_special(const struct decimal *x, const struct decimal *y, struct decimal *out)
{
    bool negative = x->negative != y->negative;
    if (either_nan(x, y) || (x->form == DECIMAL_INFINITE && y->form == DECIMAL_INFINITE))
        *out = decimal_nan();
    else if (x->form == DECIMAL_INFINITE)
        *out = decimal_infinity(negative);
    else
        *out = DECIMAL_ZERO;
    return 0;
}

int decimal_quo(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out, struct err *err)
{
    if (decimal_is_zero(y))
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    if (!both_finite(x, y))
        return quo_special(x, y, out);
    int64_t ideal = (int64_t)x->exponent - y->exponent;
    struct decimal q = {.negative = x->negative != y->negative, .exponent = (int32_t)ideal};
    if (decimal_is_zero(x)) {
        *out = q;
        return decimal_finish(out, err);
    }
    int64_t shift = quotient_shift(x, y);
    u128 scaled;
    bool exact;
    if (!decimal_is_big(x) && !decimal_is_big(y) && u128_scale(decimal_small(x), shift, &scaled)) {
        decimal_set_small(&q, scaled / decimal_small(y));
        exact = scaled % decimal_small(y) == 0;
    } else {
        exact = quo_big(a, x, y, shift, &q);
    }
    q.exponent = (int32_t)(ideal - shift);
    if (exact)
        strip_to_ideal(a, &q, ideal);
    decimal_round_precision(a, &q, DECIMAL_PRECISION, out);
    return decimal_finish(out, err);
}

// Quotient (truncated, exponent 0) and remainder (common exponent) of the aligned coefficients.
static void divide_aligned(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *quotient,
                           struct decimal *rest)
{
    int32_t exponent = MIN(x->exponent, y->exponent);
    int64_t sx = (int64_t)x->exponent - exponent, sy = (int64_t)y->exponent - exponent;
    *quotient = (struct decimal){.negative = x->negative != y->negative};
    *rest = (struct decimal){.negative = x->negative, .exponent = exponent};
    u128 cx, cy;
    if (!decimal_is_big(x) && !decimal_is_big(y) && u128_scale(decimal_small(x), sx, &cx) &&
        u128_scale(decimal_small(y), sy, &cy)) {
        decimal_set_small(quotient, cx / cy);
        decimal_set_small(rest, cx % cy);
        return;
    }
    mpz_t p, d, r;
    mpz_init_coefficient(p, x);
    mpz_init_coefficient(d, y);
    mpz_init(r);
    mpz_mul_pow10(p, (uint64_t)sx);
    mpz_mul_pow10(d, (uint64_t)sy);
    mpz_tdiv_qr(p, r, p, d);
    decimal_take_coefficient(a, quotient, p);
    decimal_take_coefficient(a, rest, r);
    mpz_clear(p);
    mpz_clear(d);
    mpz_clear(r);
}

int decimal_quo_integer(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                        struct err *err)
{
    if (decimal_is_zero(y))
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    if (!both_finite(x, y))
        return quo_special(x, y, out);
    struct decimal q, rest;
    divide_aligned(a, x, y, &q, &rest);
    *out = q;
    return decimal_finish(out, err);
}

int decimal_rem(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out, struct err *err)
{
    if (decimal_is_zero(y))
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    if (!both_finite(x, y)) {
        *out = either_nan(x, y) || x->form == DECIMAL_INFINITE ? decimal_nan() : *x;
        return 0;
    }
    struct decimal q, rest;
    divide_aligned(a, x, y, &q, &rest);
    *out = rest;
    return decimal_finish(out, err);
}

// --- running sums -------------------------------------------------------------------------------------------------

static i128 sum_get(const struct decimal_sum *s)
{
    return (i128)((u128)s->hi << 64 | s->lo);
}

static void sum_set(struct decimal_sum *s, i128 v)
{
    s->lo = (uint64_t)(u128)v;
    s->hi = (uint64_t)((u128)v >> 64);
}

static struct decimal sum_small_part(const struct decimal_sum *s)
{
    i128 v = sum_get(s);
    struct decimal d = {.negative = v < 0, .exponent = s->exponent};
    decimal_set_small(&d, v < 0 ? 0 - (u128)v : (u128)v);
    return d;
}

// Moves the 128-bit part to the spilled one, leaving zero at `exponent`.
static int sum_spill(struct arena *a, struct decimal_sum *s, int32_t exponent, struct err *err)
{
    struct decimal part = sum_small_part(s);
    TRY(decimal_add(a, &s->spilled, &part, &s->spilled, err));
    sum_set(s, 0);
    s->exponent = exponent;
    return 0;
}

// The value in units of the sum's exponent; the sum is brought to a finer one first when the value needs it.
static bool sum_try_add(struct decimal_sum *s, const struct decimal *v)
{
    u128 c = decimal_small(v);
    i128 sum = sum_get(s);
    if (v->exponent > s->exponent) {
        if (!u128_scale(c, (int64_t)v->exponent - s->exponent, &c))
            return false;
    } else if (v->exponent < s->exponent) {
        u128 magnitude = sum < 0 ? 0 - (u128)sum : (u128)sum;
        if (!u128_scale(magnitude, (int64_t)s->exponent - v->exponent, &magnitude) || magnitude >> 127 != 0)
            return false;
        sum = sum < 0 ? -(i128)magnitude : (i128)magnitude;
    }
    if (c >> 127 != 0 || __builtin_add_overflow(sum, v->negative ? -(i128)c : (i128)c, &sum))
        return false;
    s->exponent = MIN(s->exponent, v->exponent);
    sum_set(s, sum);
    return true;
}

void decimal_sum_add_i64(struct arena *a, struct decimal_sum *s, int64_t v)
{
    i128 sum;
    if (LIKELY(s->exponent == 0 && !__builtin_add_overflow(sum_get(s), (i128)v, &sum))) {
        sum_set(s, sum);
        s->count++;
        return;
    }
    struct decimal d = decimal_from_i64(v);
    int rc = decimal_sum_add(a, s, &d, NULL);
    (void)rc; // an integer is never out of range beside values that were not
}

int decimal_sum_add(struct arena *a, struct decimal_sum *s, const struct decimal *v, struct err *err)
{
    s->count++;
    if (UNLIKELY(v->form != DECIMAL_FINITE)) {
        s->nan |= v->form == DECIMAL_NAN;
        s->plus_infinity |= v->form == DECIMAL_INFINITE && !v->negative;
        s->minus_infinity |= v->form == DECIMAL_INFINITE && v->negative;
        return 0;
    }
    if (LIKELY(!decimal_is_big(v) && sum_try_add(s, v)))
        return 0;
    TRY(sum_spill(a, s, v->exponent, err));
    if (!decimal_is_big(v) && sum_try_add(s, v))
        return 0;
    return decimal_add(a, &s->spilled, v, &s->spilled, err);
}

int decimal_sum_merge(struct arena *a, struct decimal_sum *into, const struct decimal_sum *from, struct err *err)
{
    int64_t count = into->count + from->count;
    struct decimal part = sum_small_part(from);
    TRY(decimal_sum_add(a, into, &part, err));
    TRY(decimal_add(a, &into->spilled, &from->spilled, &into->spilled, err));
    into->nan |= from->nan;
    into->plus_infinity |= from->plus_infinity;
    into->minus_infinity |= from->minus_infinity;
    into->count = count;
    return 0;
}

int decimal_sum_total(struct arena *a, const struct decimal_sum *s, struct decimal *out, struct err *err)
{
    if (s->nan || (s->plus_infinity && s->minus_infinity)) {
        *out = decimal_nan();
        return 0;
    }
    if (s->plus_infinity || s->minus_infinity) {
        *out = decimal_infinity(s->minus_infinity);
        return 0;
    }
    struct decimal part = sum_small_part(s);
    return decimal_add(a, &s->spilled, &part, out, err);
}

int decimal_sum_average(struct arena *a, const struct decimal_sum *s, struct decimal *out, struct err *err)
{
    struct decimal total, count = decimal_from_i64(s->count);
    TRY(decimal_sum_total(a, s, &total, err));
    return decimal_quo(a, &total, &count, out, err);
}
