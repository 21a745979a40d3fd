// Statistical aggregates. Variances of INT and DECIMAL are exact up to the last division; those of FLOAT, and
// everything of two variables, use the one-pass updates of Youngs and Cramer (1971).
#include "sql/functions/aggregate_int.h"
#include "types/decimal.h"
#include <math.h>

// ---- variance of DECIMAL and INT, from sums of values and squares

struct exact_moments {
    struct decimal_sum sum, squares;
};

static int exact_add(struct arena *arena, struct exact_moments *m, struct decimal v, struct err *err)
{
    struct decimal square;
    TRY(decimal_mul(arena, &v, &v, &square, err));
    TRY(decimal_sum_add(arena, &m->sum, &v, err));
    return decimal_sum_add(arena, &m->squares, &square, err);
}

ACCUMULATE(int_moments_accumulate)
{
    EACH_VALUE (k, r)
        TRY(exact_add(arena, states[k], decimal_from_i64(args[0]->i[r & args[0]->mask]), err));
    return 0;
}
ACCUMULATE(decimal_moments_accumulate)
{
    EACH_VALUE (k, r)
        TRY(exact_add(arena, states[k], decimal_decode(args[0]->s[r & args[0]->mask]), err));
    return 0;
}

// n * sum of squares - (sum)^2, which is n^2 times the population variance.
static int exact_spread(struct arena *a, const struct exact_moments *m, struct decimal *out, struct err *err)
{
    struct decimal n = decimal_from_i64(m->sum.count), sum, squares, left, right;
    TRY(decimal_sum_total(a, &m->sum, &sum, err));
    TRY(decimal_sum_total(a, &m->squares, &squares, err));
    TRY(decimal_mul(a, &n, &squares, &left, err));
    TRY(decimal_mul(a, &sum, &sum, &right, err));
    return decimal_sub(a, &left, &right, out, err);
}

enum spread { SPREAD_SQUARES, SPREAD_POPULATION, SPREAD_SAMPLE };

static int exact_result(struct eval_context *ec, const struct exact_moments *m, enum spread what, bool root,
                        struct datum *out, struct err *err)
{
    int64_t n = m->sum.count;
    if (n == 0 || (what == SPREAD_SAMPLE && n == 1))
        return fn_return_null(out);
    struct decimal spread, count = decimal_from_i64(n), divisor = count, result;
    TRY(exact_spread(ec->arena, m, &spread, err));
    if (what != SPREAD_SQUARES) {
        struct decimal other = decimal_from_i64(what == SPREAD_SAMPLE ? n - 1 : n);
        TRY(decimal_mul(ec->arena, &count, &other, &divisor, err));
    }
    TRY(decimal_quo(ec->arena, &spread, &divisor, &result, err));
    if (root) {
        struct decimal squared = result;
        TRY(decimal_sqrt(ec->arena, &squared, &result, err));
    }
    *out = datum_decimal(ec->arena, &result);
    return 0;
}

// ---- FLOAT, one variable

struct moments {
    int64_t n;
    double mean, m2;
};

ACCUMULATE(float_moments_accumulate)
{
    EACH_VALUE (k, r) {
        struct moments *m = states[k];
        double x = args[0]->f[r & args[0]->mask], delta = x - m->mean;
        m->n++;
        m->mean += delta / (double)m->n;
        m->m2 += delta * (x - m->mean);
    }
    return 0;
}

static int float_result(const struct moments *m, enum spread what, bool root, struct datum *out)
{
    if (m->n == 0 || (what == SPREAD_SAMPLE && m->n == 1))
        return fn_return_null(out);
    double v = m->m2;
    if (what != SPREAD_SQUARES)
        v /= (double)(what == SPREAD_SAMPLE ? m->n - 1 : m->n);
    return fn_return_float(out, root ? sqrt(v) : v);
}

#define SPREAD(name, what, root)                                                                                       \
    RESULT(exact_##name)                                                                                               \
    {                                                                                                                  \
        return exact_result(ec, state, what, root, out, err);                                                          \
    }                                                                                                                  \
    RESULT(float_##name)                                                                                               \
    {                                                                                                                  \
        return float_result(state, what, root, out);                                                                   \
    }                                                                                                                  \
    static const struct fn_aggregate name##_int = {sizeof(struct exact_moments), int_moments_accumulate, exact_##name, \
                                                   NULL, NULL};                                                        \
    static const struct fn_aggregate name##_decimal = {sizeof(struct exact_moments), decimal_moments_accumulate,       \
                                                       exact_##name, NULL, NULL};                                      \
    static const struct fn_aggregate name##_float = {sizeof(struct moments), float_moments_accumulate, float_##name,   \
                                                     NULL, NULL};
SPREAD(sqrdiff, SPREAD_SQUARES, false)
SPREAD(var_pop, SPREAD_POPULATION, false)
SPREAD(variance, SPREAD_SAMPLE, false)
SPREAD(stddev_pop, SPREAD_POPULATION, true)
SPREAD(stddev, SPREAD_SAMPLE, true)

// ---- FLOAT, two variables (y, x)

struct pairs {
    int64_t n;
    double sx, sy, sxx, syy, sxy; // sums; and sums of products of deviations
};

ACCUMULATE(pairs_accumulate)
{
    EACH_VALUE (k, r) {
        if (vec_is_null(args[1], r))
            continue;
        struct pairs *p = states[k];
        double y = args[0]->f[r & args[0]->mask], x = args[1]->f[r & args[1]->mask];
        p->n++;
        p->sx += x;
        p->sy += y;
        if (p->n == 1)
            continue;
        double count = (double)p->n, dx = x * count - p->sx, dy = y * count - p->sy;
        double scale = 1 / (count * (count - 1));
        p->sxx += dx * dx * scale;
        p->syy += dy * dy * scale;
        p->sxy += dx * dy * scale;
    }
    return 0;
}

// Result `value` when there are at least `least` pairs and `condition` holds, else NULL.
#define PAIRS(name, least, condition, value) \
    RESULT(name##_result)                    \
    {                                        \
        const struct pairs *p = state;       \
        double n = (double)p->n;             \
        if (n < (least) || !(condition))     \
            return fn_return_null(out);      \
        return fn_return_float(out, value);  \
    }                                        \
    static const struct fn_aggregate name = {sizeof(struct pairs), pairs_accumulate, name##_result, NULL, NULL};
PAIRS(corr, 1, p->sxx != 0 && p->syy != 0, p->sxy / sqrt(p->sxx * p->syy))
PAIRS(covar_pop, 1, true, p->sxy / n)
PAIRS(covar_samp, 2, true, p->sxy / (n - 1))
PAIRS(regr_avgx, 1, true, p->sx / n)
PAIRS(regr_avgy, 1, true, p->sy / n)
PAIRS(regr_intercept, 1, p->sxx != 0, (p->sy - p->sx * p->sxy / p->sxx) / n)
PAIRS(regr_r2, 1, p->sxx != 0, p->syy == 0 ? 1 : p->sxy * p->sxy / (p->sxx * p->syy))
PAIRS(regr_slope, 1, p->sxx != 0, p->sxy / p->sxx)
PAIRS(regr_sxx, 1, true, p->sxx)
PAIRS(regr_sxy, 1, true, p->sxy)
PAIRS(regr_syy, 1, true, p->syy)

RESULT(regr_count_result)
{
    return fn_return_int(out, ((const struct pairs *)state)->n);
}
static const struct fn_aggregate regr_count = {sizeof(struct pairs), pairs_accumulate, regr_count_result, NULL, NULL};

static const struct fn_row rows[] = {
#include "sql/functions/aggregates_statistics.def"
};
const struct fn_family fn_family_aggregates_statistics = {"AGGREGATE", rows, ARRAY_LEN(rows)};
