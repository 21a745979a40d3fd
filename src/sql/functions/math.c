// Mathematical functions. FLOAT ones are the C library's; DECIMAL ones keep 20 significant digits (types/decimal.h).
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include "types/decimal.h"
#include <math.h>

// ---- FLOAT -> FLOAT

#define FLOAT1(name, expr)                 \
    BODY(name)                             \
    {                                      \
        double x = args[0].f;              \
        return fn_return_float(out, expr); \
    }
#define DEGREES(x) ((x) * (180 / M_PI))
#define RADIANS(x) ((x) * (M_PI / 180))
FLOAT1(float_abs, fabs(x))
FLOAT1(float_acos, acos(x))
FLOAT1(float_acosd, DEGREES(acos(x)))
FLOAT1(float_acosh, acosh(x))
FLOAT1(float_asin, asin(x))
FLOAT1(float_asind, DEGREES(asin(x)))
FLOAT1(float_asinh, asinh(x))
FLOAT1(float_atan, atan(x))
FLOAT1(float_atand, DEGREES(atan(x)))
FLOAT1(float_atanh, atanh(x))
FLOAT1(float_cbrt, fn_cbrt(x))
FLOAT1(float_ceil, ceil(x))
FLOAT1(float_cos, cos(x))
FLOAT1(float_cosd, cos(RADIANS(x)))
FLOAT1(float_cosh, cosh(x))
FLOAT1(float_cot, 1 / tan(x))
FLOAT1(float_cotd, 1 / tan(RADIANS(x)))
FLOAT1(float_degrees, DEGREES(x))
FLOAT1(float_erf, erf(x))
FLOAT1(float_erfc, erfc(x))
FLOAT1(float_exp, exp(x))
FLOAT1(float_floor, floor(x))
FLOAT1(float_radians, RADIANS(x))
FLOAT1(float_round, rint(x)) // half to even
FLOAT1(float_sign, isnan(x) ? x : (double)((x > 0) - (x < 0)))
FLOAT1(float_sin, sin(x))
FLOAT1(float_sind, sin(RADIANS(x)))
FLOAT1(float_sinh, sinh(x))
FLOAT1(float_tan, tan(x))
FLOAT1(float_tand, tan(RADIANS(x)))
FLOAT1(float_tanh, tanh(x))
FLOAT1(float_trunc, trunc(x))

BODY(float_atan2)
{
    return fn_return_float(out, atan2(args[0].f, args[1].f));
}
BODY(float_atan2d)
{
    return fn_return_float(out, DEGREES(atan2(args[0].f, args[1].f)));
}
BODY(pi)
{
    return fn_return_float(out, M_PI);
}
BODY(float_isnan)
{
    return fn_return_bool(out, isnan(args[0].f));
}

static int fault_log_domain(bool zero, struct err *err)
{
    return err_set(err, ERR_INVALID_ARGUMENT_FOR_LOG,
                   zero ? "cannot take logarithm of zero" : "cannot take logarithm of a negative number");
}

BODY(float_ln)
{
    if (args[0].f <= 0)
        return fault_log_domain(args[0].f == 0, err);
    return fn_return_float(out, log(args[0].f));
}
BODY(float_log10)
{
    if (args[0].f <= 0)
        return fault_log_domain(args[0].f == 0, err);
    return fn_return_float(out, log10(args[0].f));
}
BODY(float_log_base)
{
    if (args[0].f <= 0 || args[1].f <= 0)
        return fault_log_domain(args[0].f == 0 || args[1].f == 0, err);
    return fn_return_float(out, log10(args[1].f) / log10(args[0].f));
}
BODY(float_sqrt)
{
    if (args[0].f < 0)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_POWER_FUNCTION, "cannot take square root of a negative number");
    return fn_return_float(out, sqrt(args[0].f));
}
BODY(float_pow)
{
    return fn_return_float(out, pow(args[0].f, args[1].f));
}
BODY(float_div)
{
    if (args[1].f == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    return fn_return_float(out, trunc(args[0].f / args[1].f));
}
BODY(float_mod)
{
    if (args[1].f == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    return fn_return_float(out, fmod(args[0].f, args[1].f));
}

// Rounds through the shortest decimal form, so that round(2.675, 2) sees 2.675.
BODY(float_round_digits)
{
    if (!isfinite(args[0].f))
        return fn_return_float(out, args[0].f);
    struct decimal x = decimal_from_double(args[0].f, false), rounded;
    int64_t digits = args[1].i;
    if (digits > DECIMAL_EXPONENT_MAX)
        return fn_return_float(out, args[0].f);
    if (digits < -400)
        return fn_return_float(out, 0);
    TRY(decimal_rescale(ec->arena, &x, (int32_t)digits, DECIMAL_HALF_EVEN, &rounded, err));
    if (!decimal_to_double(&rounded, &out->f))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "float out of range");
    out->null = false;
    return 0;
}

// ---- INT

BODY(int_abs)
{
    if (args[0].i == INT64_MIN)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "abs of min integer value (-9223372036854775808) not defined");
    return fn_return_int(out, args[0].i < 0 ? -args[0].i : args[0].i);
}
BODY(int_to_float)
{
    return fn_return_float(out, (double)args[0].i);
}
BODY(int_sign)
{
    return fn_return_int(out, (args[0].i > 0) - (args[0].i < 0));
}
BODY(int_div)
{
    if (args[1].i == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    if (args[1].i == -1 && args[0].i == INT64_MIN)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return fn_return_int(out, args[0].i / args[1].i);
}
BODY(int_mod)
{
    if (args[1].i == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    return fn_return_int(out, args[1].i == -1 ? 0 : args[0].i % args[1].i);
}
BODY(int_power)
{
    struct decimal x = decimal_from_i64(args[0].i), y = decimal_from_i64(args[1].i), result;
    TRY(decimal_pow(ec->arena, &x, &y, &result, err));
    if (!decimal_to_i64(&result, &out->i))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    out->null = false;
    return 0;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

static uint64_t gcd_u64(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

BODY(int_gcd)
{
    uint64_t g = gcd_u64(magnitude(args[0].i), magnitude(args[1].i));
    if (g > INT64_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return fn_return_int(out, (int64_t)g);
}
BODY(int_lcm)
{
    uint64_t a = magnitude(args[0].i), b = magnitude(args[1].i), v;
    if (a == 0 || b == 0)
        return fn_return_int(out, 0);
    if (__builtin_mul_overflow(a / gcd_u64(a, b), b, &v) || v > INT64_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return fn_return_int(out, (int64_t)v);
}

BODY(factorial)
{
    enum { FACTORIAL_MAX = 1000 }; // beyond it the result leaves DECIMAL's range
    if (args[0].i < 0)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "factorial of a negative number is undefined");
    if (args[0].i > FACTORIAL_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    struct decimal product = decimal_from_i64(1);
    for (int64_t i = 2; i <= args[0].i; i++) {
        struct decimal factor = decimal_from_i64(i), next;
        TRY(decimal_mul(ec->arena, &product, &factor, &next, err));
        product = next;
    }
    *out = datum_decimal(ec->arena, &product);
    return 0;
}

// ---- DECIMAL

typedef int decimal_function(struct arena *a, const struct decimal *x, struct decimal *out, struct err *err);

static int decimal_call(struct eval_context *ec, decimal_function *f, struct datum x, struct datum *out,
                        struct err *err)
{
    struct decimal d = decimal_of(x), result;
    TRY(f(ec->arena, &d, &result, err));
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

#define DECIMAL1(name, function)                              \
    BODY(name)                                                \
    {                                                         \
        return decimal_call(ec, function, args[0], out, err); \
    }
DECIMAL1(fn_decimal_sqrt, decimal_sqrt)
DECIMAL1(fn_decimal_cbrt, decimal_cbrt)
DECIMAL1(fn_decimal_exp, decimal_exp)
DECIMAL1(fn_decimal_ln, decimal_ln)
DECIMAL1(fn_decimal_log10, decimal_log10)

typedef int decimal_operation(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                              struct err *err);

static int decimal_call2(struct eval_context *ec, decimal_operation *f, const struct datum *args, struct datum *out,
                         struct err *err)
{
    struct decimal x = decimal_of(args[0]), y = decimal_of(args[1]), result;
    TRY(f(ec->arena, &x, &y, &result, err));
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

BODY(fn_decimal_pow)
{
    return decimal_call2(ec, decimal_pow, args, out, err);
}
BODY(fn_decimal_div)
{
    return decimal_call2(ec, decimal_quo_integer, args, out, err);
}
BODY(fn_decimal_mod)
{
    return decimal_call2(ec, decimal_rem, args, out, err);
}

BODY(fn_decimal_log_base)
{
    struct decimal base = decimal_of(args[0]), x = decimal_of(args[1]), log_base, log_x, result;
    TRY(decimal_ln(ec->arena, &base, &log_base, err));
    TRY(decimal_ln(ec->arena, &x, &log_x, err));
    TRY(decimal_quo(ec->arena, &log_x, &log_base, &result, err));
    decimal_round_precision(ec->arena, &result, DECIMAL_PRECISION - 1, &result);
    struct decimal reduced; // 3.000000 is 3
    decimal_reduce(ec->arena, &result, &reduced);
    *out = datum_decimal(ec->arena, reduced.exponent <= 0 ? &reduced : &result);
    return 0;
}

// Euclid's algorithm on decimals: 0 with two zeros.
static int decimal_gcd(struct arena *a, struct decimal x, struct decimal y, struct decimal *out, struct err *err)
{
    while (!decimal_is_zero(&y)) {
        struct decimal rest;
        TRY(decimal_rem(a, &x, &y, &rest, err));
        x = y;
        y = rest;
    }
    x.negative = false;
    *out = x;
    return 0;
}

static bool is_finite_pair(const struct decimal *x, const struct decimal *y)
{
    return x->form == DECIMAL_FINITE && y->form == DECIMAL_FINITE;
}

BODY(fn_decimal_gcd)
{
    struct decimal x = decimal_of(args[0]), y = decimal_of(args[1]), result = {.form = DECIMAL_NAN};
    int32_t scale = MAX(decimal_scale(&x), decimal_scale(&y));
    if (is_finite_pair(&x, &y)) {
        TRY(decimal_gcd(ec->arena, x, y, &result, err));
        TRY(decimal_rescale(ec->arena, &result, scale, DECIMAL_DOWN, &result, err));
    }
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

BODY(fn_decimal_lcm)
{
    struct decimal x = decimal_of(args[0]), y = decimal_of(args[1]), gcd, times, result = {.form = DECIMAL_NAN};
    if (is_finite_pair(&x, &y)) {
        TRY(decimal_gcd(ec->arena, x, y, &gcd, err));
        times = DECIMAL_ZERO;
        if (!decimal_is_zero(&x) && !decimal_is_zero(&y))
            TRY(decimal_quo_integer(ec->arena, &x, &gcd, &times, err));
        TRY(decimal_mul(ec->arena, &times, &y, &result, err));
        TRY(decimal_rescale(ec->arena, &result, MAX(decimal_scale(&x), decimal_scale(&y)), DECIMAL_DOWN, &result, err));
        result.negative = false;
    }
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

BODY(fn_decimal_abs)
{
    struct decimal d = decimal_of(args[0]);
    d.negative = false;
    *out = datum_decimal(ec->arena, &d);
    return 0;
}
BODY(fn_decimal_sign)
{
    struct decimal d = decimal_of(args[0]);
    struct decimal sign = d.form == DECIMAL_NAN ? d : decimal_from_i64(decimal_sign(&d));
    *out = datum_decimal(ec->arena, &sign);
    return 0;
}
BODY(decimal_isnan)
{
    return fn_return_bool(out, decimal_of(args[0]).form == DECIMAL_NAN);
}

static int rescale(struct eval_context *ec, struct datum x, int64_t scale, enum decimal_rounding mode,
                   struct datum *out, struct err *err)
{
    struct decimal d = decimal_of(x), result;
    if (scale > DECIMAL_EXPONENT_MAX || scale < -DECIMAL_EXPONENT_MAX)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    TRY(decimal_rescale(ec->arena, &d, (int32_t)scale, mode, &result, err));
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

BODY(fn_decimal_ceil)
{
    return rescale(ec, args[0], 0, DECIMAL_CEILING, out, err);
}
BODY(fn_decimal_floor)
{
    return rescale(ec, args[0], 0, DECIMAL_FLOOR, out, err);
}
BODY(fn_decimal_round)
{
    return rescale(ec, args[0], 0, DECIMAL_HALF_UP, out, err);
}
BODY(fn_decimal_round_digits)
{
    return rescale(ec, args[0], args[1].i, DECIMAL_HALF_UP, out, err);
}
BODY(fn_decimal_trunc)
{
    return rescale(ec, args[0], 0, DECIMAL_DOWN, out, err);
}
BODY(fn_decimal_trunc_digits)
{
    return rescale(ec, args[0], args[1].i, DECIMAL_DOWN, out, err);
}

BODY(fn_decimal_scale)
{
    struct decimal d = decimal_of(args[0]);
    return d.form == DECIMAL_FINITE ? fn_return_int(out, decimal_scale(&d)) : fn_return_null(out);
}
BODY(fn_decimal_min_scale)
{
    struct decimal d = decimal_of(args[0]), reduced;
    if (d.form != DECIMAL_FINITE)
        return fn_return_null(out);
    decimal_reduce(ec->arena, &d, &reduced);
    return fn_return_int(out, decimal_scale(&reduced));
}
BODY(fn_decimal_trim_scale)
{
    struct decimal d = decimal_of(args[0]), reduced;
    decimal_reduce(ec->arena, &d, &reduced);
    return rescale(ec, args[0], decimal_scale(&reduced), DECIMAL_DOWN, out, err);
}

// Logarithms of integers are decimals, as CockroachDB has it.
#define OF_INT(name, n, body)                               \
    BODY(name)                                              \
    {                                                       \
        struct datum decimals[n];                           \
        for (int i = 0; i < n; i++) {                       \
            struct decimal d = decimal_from_i64(args[i].i); \
            decimals[i] = datum_decimal(ec->arena, &d);     \
        }                                                   \
        return body(ec, decimals, n, out, err);             \
    }
OF_INT(int_ln, 1, fn_decimal_ln)
OF_INT(int_log10, 1, fn_decimal_log10)
OF_INT(int_log_base, 2, fn_decimal_log_base)

// ---- width_bucket

static int fault_bucket(const char *text, struct err *err)
{
    return err_set(err, ERR_INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, "%s", text);
}

BODY(width_bucket_float)
{
    double x = args[0].f, low = args[1].f, high = args[2].f;
    int64_t count = args[3].i;
    if (count <= 0)
        return fault_bucket("count must be greater than zero", err);
    if (isnan(x) || isnan(low) || isnan(high))
        return fault_bucket("operand, lower bound, and upper bound cannot be NaN", err);
    if (isinf(low) || isinf(high))
        return fault_bucket("lower and upper bounds must be finite", err);
    if (low == high)
        return fault_bucket("lower bound cannot equal upper bound", err);
    double position = (x - low) / (high - low);
    if (position < 0)
        return fn_return_int(out, 0);
    if (position >= 1)
        return fn_return_int(out, count + 1);
    return fn_return_int(out, (int64_t)floor(position * (double)count) + 1);
}

BODY(width_bucket_decimal)
{
    struct datum floats[4] = {[3] = args[3]};
    for (int i = 0; i < 3; i++) {
        struct decimal d = decimal_of(args[i]);
        if (!decimal_to_double(&d, &floats[i].f))
            return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    }
    return width_bucket_float(ec, floats, n_args, out, err);
}

BODY(width_bucket_int)
{
    struct datum floats[4] = {[3] = args[3]};
    for (int i = 0; i < 3; i++)
        floats[i].f = (double)args[i].i;
    return width_bucket_float(ec, floats, n_args, out, err);
}

BODY(width_bucket_array)
{
    struct array thresholds = array_open(fn_arg_type(ec, 1), args[1].s);
    int64_t bucket = 0;
    for (uint32_t i = 0; i < thresholds.count; i++) {
        struct datum t = array_get(&thresholds, i);
        if (datum_compare(thresholds.element, &t, &args[0]) <= 0)
            bucket = i + 1;
    }
    return fn_return_int(out, bucket);
}

// ---- random numbers

// The statement's generator, or one of the thread's when there is none.
static struct rng *random_source(struct eval_context *ec)
{
    static _Thread_local struct rng own;
    static _Thread_local bool seeded;
    if (ec->rng != NULL)
        return ec->rng;
    if (!seeded) {
        uint64_t seed;
        secure_random(&seed, sizeof(seed));
        rng_seed(&own, seed);
        seeded = true;
    }
    return &own;
}

BODY(fn_random)
{
    return fn_return_float(out, rng_unit(random_source(ec)));
}

BODY(random_between)
{
    int64_t low = args[0].i, high = args[1].i;
    if (low > high)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "lower bound must be less than or equal to upper bound");
    uint64_t n = (uint64_t)high - (uint64_t)low + 1; // 0: all there are
    uint64_t v = n != 0 ? rng_below(random_source(ec), n) : rng_u64(random_source(ec));
    return fn_return_int(out, (int64_t)((uint64_t)low + v));
}

BODY(float_gamma)
{
    double x = args[0].f;
    double r = tgamma(x);
    if ((isinf(r) && !isinf(x)) || (isnan(r) && !isnan(x)))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
    return fn_return_float(out, r);
}
BODY(float_lgamma)
{
    int sign;
    double r = lgamma_r(args[0].f, &sign);
    if (isinf(r) && !isinf(args[0].f))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
    return fn_return_float(out, r);
}

static double normal(struct rng *rng) // Box and Muller
{
    double u = 1 - rng_unit(rng), v = rng_unit(rng);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

BODY(random_normal)
{
    return fn_return_float(out, normal(random_source(ec)));
}
BODY(random_normal_of)
{
    return fn_return_float(out, args[0].f + args[1].f * normal(random_source(ec)));
}

BODY(setseed)
{
    if (!(args[0].f >= -1 && args[0].f <= 1))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "setseed parameter %g is out of allowed range [-1,1]",
                       args[0].f);
    rng_seed(random_source(ec), (uint64_t)(int64_t)(args[0].f * 0x1p52));
    return fn_return_str(out, STR_EMPTY);
}

static const struct fn_row rows[] = {
#include "sql/functions/math.def"
};
const struct fn_family fn_family_math = {"MATH AND NUMERIC", rows, ARRAY_LEN(rows)};
