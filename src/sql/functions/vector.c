// VECTOR: arithmetic element by element, distances.
#include "sql/functions/functions_int.h"
#include "types/vector.h"
#include <math.h>

static int check_same(struct str x, struct str y, struct err *err)
{
    if (x.len == y.len)
        return 0;
    return err_set(err, ERR_DATA_EXCEPTION, "different vector dimensions %u and %u", vector_dimensions(x),
                   vector_dimensions(y));
}

// ---- arithmetic

#define ELEMENTWISE(name, expr, underflows)                                                           \
    BODY(name)                                                                                        \
    {                                                                                                 \
        struct str x = args[0].s, y = args[1].s, result;                                              \
        TRY(check_same(x, y, err));                                                                   \
        result = vector_new(ec->arena, vector_dimensions(x));                                         \
        for (uint32_t i = 0; i < vector_dimensions(x); i++) {                                         \
            float a = vector_get(x, i), b = vector_get(y, i), r = (expr);                             \
            if (isinf(r))                                                                             \
                return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");  \
            if ((underflows) && r == 0 && a != 0 && b != 0)                                           \
                return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow"); \
            vector_put(result, i, r);                                                                 \
        }                                                                                             \
        return fn_return_str(out, result);                                                            \
    }
ELEMENTWISE(vector_plus, a + b, false)
ELEMENTWISE(vector_minus, a - b, false)
ELEMENTWISE(vector_times, a *b, true)

// ---- distances

static double product(struct str x, struct str y)
{
    double sum = 0;
    for (uint32_t i = 0; i < vector_dimensions(x); i++)
        sum += (double)vector_get(x, i) * (double)vector_get(y, i);
    return sum;
}

BODY(inner_product)
{
    TRY(check_same(args[0].s, args[1].s, err));
    return fn_return_float(out, product(args[0].s, args[1].s));
}

BODY(negative_inner_product)
{
    TRY(check_same(args[0].s, args[1].s, err));
    return fn_return_float(out, -product(args[0].s, args[1].s));
}

// NaN when one has no direction.
BODY(cosine_distance)
{
    struct str x = args[0].s, y = args[1].s;
    TRY(check_same(x, y, err));
    double cosine = product(x, y) / sqrt(product(x, x) * product(y, y));
    return fn_return_float(out, isnan(cosine) ? NAN : 1 - fmax(-1, fmin(1, cosine)));
}

BODY(l1_distance)
{
    struct str x = args[0].s, y = args[1].s;
    double sum = 0;
    TRY(check_same(x, y, err));
    for (uint32_t i = 0; i < vector_dimensions(x); i++)
        sum += fabs((double)vector_get(x, i) - (double)vector_get(y, i));
    return fn_return_float(out, sum);
}

BODY(l2_distance)
{
    struct str x = args[0].s, y = args[1].s;
    double sum = 0;
    TRY(check_same(x, y, err));
    for (uint32_t i = 0; i < vector_dimensions(x); i++) {
        double d = (double)vector_get(x, i) - (double)vector_get(y, i);
        sum += d * d;
    }
    return fn_return_float(out, sqrt(sum));
}

BODY(dimensions)
{
    return fn_return_int(out, vector_dimensions(args[0].s));
}

BODY(norm)
{
    return fn_return_float(out, sqrt(product(args[0].s, args[0].s)));
}

static const struct fn_row rows[] = {
#include "sql/functions/vector.def"
};
const struct fn_family fn_family_vector = {"PGVECTOR", rows, ARRAY_LEN(rows)};
