// Arithmetic and order of intervals. A month counts 30 days and a day 24 hours where the fields have to be mixed.
#include "types/datetime.h"
#include "base/map.h"
#include <math.h>

static int out_of_range(struct err *err)
{
    return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "interval out of range");
}

static __int128 span_of(struct interval iv)
{
    return ((__int128)iv.months * DAYS_PER_MONTH + iv.days) * MICROS_PER_DAY + iv.micros;
}

int interval_compare(struct interval a, struct interval b)
{
    __int128 x = span_of(a), y = span_of(b);
    return (x > y) - (x < y);
}

int64_t interval_to_micros(struct interval iv)
{
    __int128 span = span_of(iv);
    return span > INT64_MAX ? INT64_MAX : span < INT64_MIN ? INT64_MIN : (int64_t)span;
}

uint64_t interval_hash(struct interval iv, uint64_t seed)
{
    unsigned __int128 span = (unsigned __int128)span_of(iv);
    return hash_u64(hash_u64((uint64_t)span ^ seed) ^ (uint64_t)(span >> 64));
}

int interval_add(struct interval a, struct interval b, struct interval *out, struct err *err)
{
    if (__builtin_add_overflow(a.months, b.months, &out->months) ||
        __builtin_add_overflow(a.days, b.days, &out->days) || __builtin_add_overflow(a.micros, b.micros, &out->micros))
        return out_of_range(err);
    return 0;
}

int interval_sub(struct interval a, struct interval b, struct interval *out, struct err *err)
{
    if (__builtin_sub_overflow(a.months, b.months, &out->months) ||
        __builtin_sub_overflow(a.days, b.days, &out->days) || __builtin_sub_overflow(a.micros, b.micros, &out->micros))
        return out_of_range(err);
    return 0;
}

int interval_negate(struct interval a, struct interval *out, struct err *err)
{
    return interval_sub((struct interval){0}, a, out, err);
}

int interval_mul_int(struct interval a, int64_t by, struct interval *out, struct err *err)
{
    if (__builtin_mul_overflow(a.months, by, &out->months) || __builtin_mul_overflow(a.days, by, &out->days) ||
        __builtin_mul_overflow(a.micros, by, &out->micros))
        return out_of_range(err);
    return 0;
}

// Fractions of months go to days, fractions of days to the time.
static int from_doubles(double months, double days, double micros, struct interval *out, struct err *err)
{
    double whole_months, whole_days;
    days += modf(months, &whole_months) * DAYS_PER_MONTH;
    double of_day = rint(modf(days, &whole_days) * (double)MICROS_PER_DAY);
    if (fabs(of_day) == (double)MICROS_PER_DAY) { // what was a hair below a whole day
        whole_days += copysign(1, of_day);
        of_day = 0;
    }
    micros = rint(micros + of_day);
    if (!(fabs(whole_months) <= INT32_MAX && fabs(whole_days) <= INT32_MAX && fabs(micros) < 9.2233720368547e18))
        return out_of_range(err);
    *out = (struct interval){(int32_t)whole_months, (int32_t)whole_days, (int64_t)micros};
    return 0;
}

int interval_mul_float(struct interval a, double by, struct interval *out, struct err *err)
{
    return from_doubles(a.months * by, a.days * by, (double)a.micros * by, out, err);
}

int interval_div_int(struct interval a, int64_t by, struct interval *out, struct err *err)
{
    if (by == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    int64_t months = a.months / by;
    int64_t day_units = a.months % by * DAYS_PER_MONTH; // |a.months| < 2^31
    int64_t days = a.days / by + day_units / by;
    __int128 rest = (__int128)(a.days % by + day_units % by) * MICROS_PER_DAY + a.micros;
    __int128 micros = rest / by;
    __int128 left = rest % by * 2, whole = by; // rounds half to even
    left = left < 0 ? -left : left;
    whole = whole < 0 ? -whole : whole;
    if (left > whole || (left == whole && micros % 2 != 0))
        micros += (rest < 0) == (by < 0) ? 1 : -1;
    *out = (struct interval){(int32_t)months, (int32_t)days, (int64_t)micros};
    return out->months != months || out->days != days || out->micros != micros ? out_of_range(err) : 0;
}

int interval_div_float(struct interval a, double by, struct interval *out, struct err *err)
{
    if (by == 0)
        return err_set(err, ERR_DIVISION_BY_ZERO, "division by zero");
    return from_doubles(a.months / by, a.days / by, (double)a.micros / by, out, err);
}

double interval_to_seconds(struct interval iv)
{
    double days = iv.months / 12 * 365.25 + (double)(iv.months % 12 * DAYS_PER_MONTH) + iv.days;
    return days * 86400.0 + (double)iv.micros / 1e6;
}

int interval_from_seconds(double seconds, struct interval *out, struct err *err)
{
    double micros = rint(seconds * 1e6);
    if (!(fabs(micros) < 9.2233720368547e18))
        return out_of_range(err);
    *out = (struct interval){.micros = (int64_t)micros};
    return 0;
}

struct interval interval_justify_hours(struct interval iv)
{
    int64_t days = iv.micros / MICROS_PER_DAY; // at most 10^8
    int64_t total = iv.days + days;
    int64_t micros = iv.micros % MICROS_PER_DAY;
    if (total > 0 && micros < 0) {
        micros += MICROS_PER_DAY;
        total--;
    } else if (total < 0 && micros > 0) {
        micros -= MICROS_PER_DAY;
        total++;
    }
    return (struct interval){iv.months, (int32_t)total, micros};
}

struct interval interval_justify_days(struct interval iv)
{
    int64_t months = iv.months + (int64_t)iv.days / DAYS_PER_MONTH;
    int64_t days = iv.days % DAYS_PER_MONTH;
    if (months > 0 && days < 0) {
        days += DAYS_PER_MONTH;
        months--;
    } else if (months < 0 && days > 0) {
        days -= DAYS_PER_MONTH;
        months++;
    }
    return (struct interval){(int32_t)months, (int32_t)days, iv.micros};
}

struct interval interval_justify(struct interval iv)
{
    struct interval v = interval_justify_days(interval_justify_hours(iv));
    bool days_positive = v.days > 0 || (v.days == 0 && v.micros > 0);
    bool days_negative = v.days < 0 || (v.days == 0 && v.micros < 0);
    if (v.months > 0 && days_negative) {
        v.days += DAYS_PER_MONTH;
        v.months--;
    } else if (v.months < 0 && days_positive) {
        v.days -= DAYS_PER_MONTH;
        v.months++;
    }
    return interval_justify_hours(v);
}

struct interval interval_truncate(struct interval iv, enum interval_field last)
{
    int64_t unit = last == INTERVAL_FIELD_HOUR ? MICROS_PER_HOUR : MICROS_PER_MINUTE;
    switch (last) {
    case INTERVAL_FIELD_ANY:
    case INTERVAL_FIELD_SECOND:
        return iv;
    case INTERVAL_FIELD_YEAR:
        return (struct interval){.months = iv.months / 12 * 12};
    case INTERVAL_FIELD_MONTH:
        return (struct interval){.months = iv.months};
    case INTERVAL_FIELD_DAY:
        iv.micros = 0;
        return iv;
    case INTERVAL_FIELD_HOUR:
    case INTERVAL_FIELD_MINUTE:
        iv.micros -= iv.micros % unit;
        return iv;
    }
    return iv;
}
