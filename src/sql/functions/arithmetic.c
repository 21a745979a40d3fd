// Arithmetic and bitwise operators of INT, FLOAT and DECIMAL. INT overflow is 22003, division by zero 22012; an INT
// quotient is a DECIMAL; FLOAT overflow is Infinity.
#include "sql/functions/kernel_int.h"
#include "types/decimal.h"
#include <math.h>

static int fault_int_range(struct err *err)
{
    return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
}

static int fault_division(struct err *err)
{
    return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
}

static int fault_shift(struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "shift argument out of range");
}

// ---- INT

#define INT_CHECKED(name, builtin)                                 \
    BODY(name)                                                     \
    {                                                              \
        int64_t v;                                                 \
        if (UNLIKELY(builtin(args[0].i, args[1].i, &v)))           \
            return fault_int_range(err);                           \
        return fn_return_int(out, v);                              \
    }                                                              \
    KERNEL_CHECKED(name##_v, i, i, i, ({                           \
                       int64_t v_;                                 \
                       bad |= builtin(a, b, &v_) & !out->nulls[r]; \
                       v_;                                         \
                   }),                                             \
                   fault_int_range(err))
INT_CHECKED(int_add, __builtin_add_overflow)
INT_CHECKED(int_sub, __builtin_sub_overflow)
INT_CHECKED(int_mul, __builtin_mul_overflow)

BODY(int_floor_div)
{
    if (args[1].i == 0)
        return fault_division(err);
    if (args[1].i == -1 && args[0].i == INT64_MIN)
        return fault_int_range(err);
    return fn_return_int(out, args[0].i / args[1].i);
}

BODY(int_mod)
{
    if (args[1].i == 0)
        return fault_division(err);
    return fn_return_int(out, args[1].i == -1 ? 0 : args[0].i % args[1].i);
}
KERNEL_CHECKED(int_mod_v, i, i, i, ({
                   bad |= (b == 0) & !out->nulls[r];
                   b == 0 || b == -1 ? 0 : a % b;
               }),
               fault_division(err))

// A negative exponent has an integral result for 1 and -1 only.
static int int_pow_negative(int64_t base, int64_t exponent, struct datum *out, struct err *err)
{
    if (base == 0)
        return fault_division(err);
    if (base != 1 && base != -1)
        return fault_int_range(err);
    return fn_return_int(out, exponent % 2 == 0 ? 1 : base);
}

BODY(int_pow)
{
    int64_t base = args[0].i, exponent = args[1].i, result = 1;
    if (exponent < 0)
        return int_pow_negative(base, exponent, out, err);
    while (exponent > 0) {
        if ((exponent & 1) && __builtin_mul_overflow(result, base, &result))
            return fault_int_range(err);
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base))
            return fault_int_range(err);
    }
    return fn_return_int(out, result);
}

BODY(int_neg)
{
    if (args[0].i == INT64_MIN)
        return fault_int_range(err);
    return fn_return_int(out, -args[0].i);
}

BODY(identity)
{
    *out = args[0];
    return 0;
}

BODY(int_not)
{
    return fn_return_int(out, ~args[0].i);
}
BODY(int_and)
{
    return fn_return_int(out, args[0].i & args[1].i);
}
BODY(int_or)
{
    return fn_return_int(out, args[0].i | args[1].i);
}
BODY(int_xor)
{
    return fn_return_int(out, args[0].i ^ args[1].i);
}
BODY(int_shift_left)
{
    if (args[1].i < 0 || args[1].i >= 64)
        return fault_shift(err);
    return fn_return_int(out, (int64_t)((uint64_t)args[0].i << args[1].i));
}
BODY(int_shift_right)
{
    if (args[1].i < 0 || args[1].i >= 64)
        return fault_shift(err);
    return fn_return_int(out, args[0].i >> args[1].i);
}

// ---- FLOAT

BODY(float_add)
{
    return fn_return_float(out, args[0].f + args[1].f);
}
KERNEL_BINARY(float_add_v, f, f, f, a + b)
BODY(float_sub)
{
    return fn_return_float(out, args[0].f - args[1].f);
}
KERNEL_BINARY(float_sub_v, f, f, f, a - b)
BODY(float_mul)
{
    return fn_return_float(out, args[0].f * args[1].f);
}
KERNEL_BINARY(float_mul_v, f, f, f, a *b)
BODY(float_div)
{
    if (args[1].f == 0)
        return fault_division(err);
    return fn_return_float(out, args[0].f / args[1].f);
}
KERNEL_CHECKED(float_div_v, f, f, f, ({
                   bad |= (b == 0) & !out->nulls[r];
                   a / b;
               }),
               fault_division(err))
BODY(float_floor_div)
{
    if (args[1].f == 0)
        return fault_division(err);
    return fn_return_float(out, trunc(args[0].f / args[1].f));
}
BODY(float_mod)
{
    if (args[1].f == 0)
        return fault_division(err);
    return fn_return_float(out, fmod(args[0].f, args[1].f));
}
BODY(float_pow)
{
    return fn_return_float(out, pow(args[0].f, args[1].f));
}
BODY(float_neg)
{
    return fn_return_float(out, -args[0].f);
}
BODY(float_sqrt)
{
    if (args[0].f < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot take square root of a negative number");
    return fn_return_float(out, sqrt(args[0].f));
}
BODY(float_cbrt)
{
    return fn_return_float(out, fn_cbrt(args[0].f));
}

// ---- DECIMAL and mixes with INT

typedef int decimal_operation(struct arena *a, const struct decimal *x, const struct decimal *y, struct decimal *out,
                              struct err *err);

static int decimal_apply(struct eval_context *ec, decimal_operation *op, struct decimal x, struct decimal y,
                         struct datum *out, struct err *err)
{
    struct decimal result;
    TRY(op(ec->arena, &x, &y, &result, err));
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

#define DECIMAL_BODIES(name, op)                                                                  \
    BODY(decimal_##name##_decimal)                                                                \
    {                                                                                             \
        return decimal_apply(ec, op, decimal_of(args[0]), decimal_of(args[1]), out, err);         \
    }                                                                                             \
    BODY(decimal_##name##_int)                                                                    \
    {                                                                                             \
        return decimal_apply(ec, op, decimal_of(args[0]), decimal_from_i64(args[1].i), out, err); \
    }                                                                                             \
    BODY(int_##name##_decimal)                                                                    \
    {                                                                                             \
        return decimal_apply(ec, op, decimal_from_i64(args[0].i), decimal_of(args[1]), out, err); \
    }
DECIMAL_BODIES(add, decimal_add)
DECIMAL_BODIES(sub, decimal_sub)
DECIMAL_BODIES(mul, decimal_mul)
DECIMAL_BODIES(quo, decimal_quo)
DECIMAL_BODIES(floor_div, decimal_quo_integer)
DECIMAL_BODIES(rem, decimal_rem)
DECIMAL_BODIES(pow, decimal_pow)

BODY(int_quo_int)
{
    return decimal_apply(ec, decimal_quo, decimal_from_i64(args[0].i), decimal_from_i64(args[1].i), out, err);
}

BODY(decimal_neg)
{
    struct decimal v = decimal_of(args[0]);
    if (!decimal_is_zero(&v) && v.form != DECIMAL_NAN)
        v.negative = !v.negative;
    *out = datum_decimal(ec->arena, &v);
    return 0;
}

BODY(op_decimal_sqrt)
{
    struct decimal v = decimal_of(args[0]), result;
    TRY(decimal_sqrt(ec->arena, &v, &result, err));
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

BODY(op_decimal_cbrt)
{
    struct decimal v = decimal_of(args[0]), result;
    TRY(decimal_cbrt(ec->arena, &v, &result, err));
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

static const struct fn_row rows[] = {
#include "sql/functions/arithmetic.def"
};
const struct fn_family fn_family_arithmetic = {"ARITHMETIC", rows, ARRAY_LEN(rows)};
