// Dates and times: arithmetic operators, the clock, fields, truncation, construction. to_char() is in
// format_datetime.c.
#include "sql/functions/functions_int.h"
#include "sql/functions/datetime_format_int.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include <math.h>
#include <stdlib.h>

static int return_interval(struct datum *out, struct interval iv)
{
    *out = (struct datum){.iv = iv};
    return 0;
}

// ---- operators

BODY(date_plus_days)
{
    *out = (struct datum){0};
    return date_add_days(args[0].i, args[1].i, &out->i, err);
}
BODY(days_plus_date)
{
    *out = (struct datum){0};
    return date_add_days(args[1].i, args[0].i, &out->i, err);
}
BODY(date_minus_days)
{
    *out = (struct datum){0};
    if (args[1].i == INT64_MIN)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "date out of range");
    return date_add_days(args[0].i, -args[1].i, &out->i, err);
}
BODY(date_minus_date)
{
    if (datetime_is_infinite(args[0].i) || datetime_is_infinite(args[1].i))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates");
    return fn_return_int(out, args[0].i - args[1].i);
}

static int date_and_time(int64_t date, int64_t time, struct datum *out, struct err *err)
{
    *out = (struct datum){0};
    TRY(timestamp_from_date(date, &out->i, err));
    if (!datetime_is_infinite(out->i))
        out->i += time;
    return timestamp_check(out->i, err);
}
BODY(date_plus_time)
{
    return date_and_time(args[0].i, args[1].i, out, err);
}
BODY(time_plus_date)
{
    return date_and_time(args[1].i, args[0].i, out, err);
}
BODY(date_minus_time)
{
    return date_and_time(args[0].i, -args[1].i, out, err);
}
BODY(date_plus_timetz)
{
    struct timetz t = timetz_decode(args[1].s);
    return date_and_time(args[0].i, t.micros - t.seconds_east * MICROS_PER_SECOND, out, err);
}
BODY(timetz_plus_date)
{
    const struct datum swapped[2] = {args[1], args[0]};
    return date_plus_timetz(ec, swapped, n_args, out, err);
}

BODY(date_plus_interval)
{
    *out = (struct datum){0};
    int64_t micros;
    TRY(timestamp_from_date(args[0].i, &micros, err));
    return timestamp_add(micros, args[1].iv, NULL, &out->i, err);
}
BODY(interval_plus_date)
{
    const struct datum swapped[2] = {args[1], args[0]};
    return date_plus_interval(ec, swapped, n_args, out, err);
}
BODY(date_minus_interval)
{
    *out = (struct datum){0};
    int64_t micros;
    TRY(timestamp_from_date(args[0].i, &micros, err));
    return timestamp_sub(micros, args[1].iv, NULL, &out->i, err);
}
BODY(timestamp_plus_interval)
{
    *out = (struct datum){0};
    return timestamp_add(args[0].i, args[1].iv, NULL, &out->i, err);
}
BODY(interval_plus_timestamp)
{
    *out = (struct datum){0};
    return timestamp_add(args[1].i, args[0].iv, NULL, &out->i, err);
}
BODY(timestamp_minus_interval)
{
    *out = (struct datum){0};
    return timestamp_sub(args[0].i, args[1].iv, NULL, &out->i, err);
}
BODY(timestamptz_plus_interval)
{
    *out = (struct datum){0};
    return timestamp_add(args[0].i, args[1].iv, fn_zone(ec), &out->i, err);
}
BODY(interval_plus_timestamptz)
{
    *out = (struct datum){0};
    return timestamp_add(args[1].i, args[0].iv, fn_zone(ec), &out->i, err);
}
BODY(timestamptz_minus_interval)
{
    *out = (struct datum){0};
    return timestamp_sub(args[0].i, args[1].iv, fn_zone(ec), &out->i, err);
}
BODY(timestamp_minus_timestamp)
{
    *out = (struct datum){0};
    return timestamp_diff(args[0].i, args[1].i, &out->iv, err);
}
BODY(timestamp_minus_timestamptz)
{
    *out = (struct datum){0};
    return timestamp_diff(zone_to_utc(fn_zone(ec), args[0].i), args[1].i, &out->iv, err);
}
BODY(timestamptz_minus_timestamp)
{
    *out = (struct datum){0};
    return timestamp_diff(args[0].i, zone_to_utc(fn_zone(ec), args[1].i), &out->iv, err);
}

static struct datum time_shift(int64_t time, struct interval by, int sign)
{
    by.micros *= sign;
    return datum_int(time_add(time, by));
}
BODY(time_plus_interval)
{
    *out = time_shift(args[0].i, args[1].iv, 1);
    return 0;
}
BODY(interval_plus_time)
{
    *out = time_shift(args[1].i, args[0].iv, 1);
    return 0;
}
BODY(time_minus_interval)
{
    *out = time_shift(args[0].i, args[1].iv, -1);
    return 0;
}
BODY(time_minus_time)
{
    return return_interval(out, (struct interval){.micros = args[0].i - args[1].i});
}

static int timetz_shift(struct eval_context *ec, struct str t, struct interval by, int sign, struct datum *out)
{
    struct timetz v = timetz_decode(t);
    v.micros = time_shift(v.micros, by, sign).i;
    return fn_return_str(out, timetz_encode(ec->arena, v));
}
BODY(timetz_plus_interval)
{
    return timetz_shift(ec, args[0].s, args[1].iv, 1, out);
}
BODY(interval_plus_timetz)
{
    return timetz_shift(ec, args[1].s, args[0].iv, 1, out);
}
BODY(timetz_minus_interval)
{
    return timetz_shift(ec, args[0].s, args[1].iv, -1, out);
}

BODY(interval_plus_interval)
{
    *out = (struct datum){0};
    return interval_add(args[0].iv, args[1].iv, &out->iv, err);
}
BODY(interval_minus_interval)
{
    *out = (struct datum){0};
    return interval_sub(args[0].iv, args[1].iv, &out->iv, err);
}
BODY(op_interval_negate)
{
    *out = (struct datum){0};
    return interval_negate(args[0].iv, &out->iv, err);
}
BODY(interval_times_int)
{
    *out = (struct datum){0};
    return interval_mul_int(args[0].iv, args[1].i, &out->iv, err);
}
BODY(int_times_interval)
{
    *out = (struct datum){0};
    return interval_mul_int(args[1].iv, args[0].i, &out->iv, err);
}
BODY(interval_times_float)
{
    *out = (struct datum){0};
    return interval_mul_float(args[0].iv, args[1].f, &out->iv, err);
}
BODY(float_times_interval)
{
    *out = (struct datum){0};
    return interval_mul_float(args[1].iv, args[0].f, &out->iv, err);
}

static int times_decimal(struct interval iv, struct datum by, struct datum *out, struct err *err)
{
    struct decimal d = decimal_of(by);
    double f;
    *out = (struct datum){0};
    if (!decimal_to_double(&d, &f))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "interval out of range");
    return interval_mul_float(iv, f, &out->iv, err);
}
BODY(interval_times_decimal)
{
    return times_decimal(args[0].iv, args[1], out, err);
}
BODY(decimal_times_interval)
{
    return times_decimal(args[1].iv, args[0], out, err);
}
BODY(interval_over_int)
{
    *out = (struct datum){0};
    return interval_div_int(args[0].iv, args[1].i, &out->iv, err);
}
BODY(interval_over_float)
{
    *out = (struct datum){0};
    return interval_div_float(args[0].iv, args[1].f, &out->iv, err);
}

// ---- the clock

BODY(now)
{
    return fn_return_int(out, ec->txn_micros);
}

static int check_precision(int64_t precision, struct err *err)
{
    if (precision < 0 || precision > 6)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "precision %lld out of range", (long long)precision);
    return 0;
}

BODY(now_rounded)
{
    TRY(check_precision(args[0].i, err));
    return fn_return_int(out, micros_round(ec->txn_micros, (int)args[0].i));
}
BODY(local_now)
{
    return fn_return_int(out, zone_to_local(fn_zone(ec), ec->txn_micros));
}
BODY(local_now_rounded)
{
    TRY(check_precision(args[0].i, err));
    return fn_return_int(out, micros_round(zone_to_local(fn_zone(ec), ec->txn_micros), (int)args[0].i));
}
BODY(statement_now)
{
    return fn_return_int(out, ec->statement_micros);
}
BODY(clock_now)
{
    return fn_return_int(out, clock_wall_ns() / 1000);
}
BODY(today)
{
    return fn_return_int(out, date_from_timestamp(zone_to_local(fn_zone(ec), ec->txn_micros)));
}

static int64_t time_of_day(int64_t micros)
{
    return micros - micros_floor_div(micros, MICROS_PER_DAY) * MICROS_PER_DAY;
}

BODY(local_time)
{
    int64_t micros = time_of_day(zone_to_local(fn_zone(ec), ec->txn_micros));
    if (n_args > 0) {
        TRY(check_precision(args[0].i, err));
        micros = micros_round(micros, (int)args[0].i);
    }
    return fn_return_int(out, micros);
}
BODY(current_time)
{
    struct datum local;
    TRY(local_time(ec, args, n_args, &local, err));
    struct timetz t = {.micros = local.i, .seconds_east = zone_offset_at(fn_zone(ec), ec->txn_micros)};
    return fn_return_str(out, timetz_encode(ec->arena, t));
}
BODY(timeofday)
{
    struct buf b = BUF_INIT;
    int64_t micros = clock_wall_ns() / 1000;
    TRY(datetime_format(&b, zone_to_local(fn_zone(ec), micros), micros, fn_zone(ec),
                        STR("Dy Mon DD HH24:MI:SS.US YYYY TZ"), err));
    return fn_return_buf(ec, &b, out, err);
}

// ---- fields

#define EXTRACT(name, type)                                                           \
    BODY(name)                                                                        \
    {                                                                                 \
        *out = (struct datum){0};                                                     \
        return datetime_extract(type, args[1], args[0].s, fn_zone(ec), &out->f, err); \
    }
EXTRACT(extract_date, T_DATE)
EXTRACT(extract_time, T_TIME)
EXTRACT(extract_timetz, T_TIMETZ)
EXTRACT(extract_timestamp, T_TIMESTAMP)
EXTRACT(extract_timestamptz, T_TIMESTAMPTZ)
EXTRACT(extract_interval, T_INTERVAL)

BODY(extract_duration)
{
    double seconds = interval_to_seconds(args[1].iv);
    enum datetime_field field;
    if (!datetime_field_from_name(args[0].s, &field))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value: %.*s", STR_FMT(args[0].s));
    switch (field) {
    case FIELD_HOUR:
        return fn_return_int(out, (int64_t)(seconds / 3600));
    case FIELD_MINUTE:
        return fn_return_int(out, (int64_t)(seconds / 60));
    case FIELD_SECOND:
        return fn_return_int(out, (int64_t)seconds);
    case FIELD_MILLISECOND:
        return fn_return_int(out, (int64_t)(seconds * 1e3));
    case FIELD_MICROSECOND:
        return fn_return_int(out, (int64_t)(seconds * 1e6));
    default:
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value: %.*s", STR_FMT(args[0].s));
    }
}

BODY(trunc_timestamp)
{
    *out = (struct datum){0};
    return timestamp_trunc(args[1].i, args[0].s, NULL, &out->i, err);
}
BODY(trunc_timestamptz)
{
    *out = (struct datum){0};
    return timestamp_trunc(args[1].i, args[0].s, fn_zone(ec), &out->i, err);
}
BODY(trunc_timestamptz_in)
{
    const struct zone *z;
    *out = (struct datum){0};
    TRY(zone_find(args[2].s, ZONE_SIGN_POSIX, &z, err));
    return timestamp_trunc(args[1].i, args[0].s, z, &out->i, err);
}
BODY(trunc_date)
{
    int64_t micros;
    *out = (struct datum){0};
    TRY(timestamp_from_date(args[1].i, &micros, err));
    return timestamp_trunc(zone_to_utc(fn_zone(ec), micros), args[0].s, fn_zone(ec), &out->i, err);
}
BODY(trunc_time)
{
    int64_t micros;
    TRY(time_trunc(args[1].i, args[0].s, &micros, err));
    return return_interval(out, (struct interval){.micros = micros});
}
BODY(trunc_interval)
{
    *out = (struct datum){0};
    return interval_trunc(args[1].iv, args[0].s, &out->iv, err);
}

// Start of the bin of that width, counted from an origin, which holds the time.
BODY(date_bin)
{
    struct interval width = args[0].iv;
    if (width.months != 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "timestamps cannot be binned into intervals containing months or years");
    int64_t step;
    if (__builtin_mul_overflow((int64_t)width.days, MICROS_PER_DAY, &step) ||
        __builtin_add_overflow(step, width.micros, &step) || step <= 0)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "stride must be greater than zero");
    if (datetime_is_infinite(args[1].i))
        return fn_return_int(out, args[1].i);
    if (datetime_is_infinite(args[2].i))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "origin out of range");
    int64_t distance;
    if (__builtin_sub_overflow(args[1].i, args[2].i, &distance))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    return fn_return_int(out, args[2].i + micros_floor_div(distance, step) * step);
}

BODY(age_between)
{
    *out = (struct datum){0};
    return timestamp_age(args[0].i, args[1].i, &out->iv, err);
}
BODY(age_between_tz)
{
    *out = (struct datum){0};
    const struct zone *z = fn_zone(ec);
    return timestamp_age(zone_to_local(z, args[0].i), zone_to_local(z, args[1].i), &out->iv, err);
}

static int64_t local_midnight(struct eval_context *ec)
{
    int64_t local = zone_to_local(fn_zone(ec), ec->txn_micros);
    return local - time_of_day(local);
}
BODY(age_of)
{
    *out = (struct datum){0};
    return timestamp_age(local_midnight(ec), args[0].i, &out->iv, err);
}
BODY(age_of_tz)
{
    *out = (struct datum){0};
    return timestamp_age(local_midnight(ec), zone_to_local(fn_zone(ec), args[0].i), &out->iv, err);
}

BODY(is_finite)
{
    return fn_return_bool(out, !datetime_is_infinite(args[0].i));
}
BODY(interval_is_finite)
{
    return fn_return_bool(out, true);
}
BODY(justify_hours)
{
    return return_interval(out, interval_justify_hours(args[0].iv));
}
BODY(justify_days)
{
    return return_interval(out, interval_justify_days(args[0].iv));
}
BODY(justify_interval)
{
    return return_interval(out, interval_justify(args[0].iv));
}

// (start1, end1) OVERLAPS (start2, end2); ends may come first, and may be intervals.
static int overlaps(int64_t s1, int64_t e1, int64_t s2, int64_t e2, struct datum *out)
{
    int64_t low1 = MIN(s1, e1), high1 = MAX(s1, e1), low2 = MIN(s2, e2), high2 = MAX(s2, e2);
    if (low1 == low2)
        return fn_return_bool(out, true);
    return fn_return_bool(out, low1 < low2 ? low2 < high1 : low1 < high2);
}
BODY(overlaps_points)
{
    return overlaps(args[0].i, args[1].i, args[2].i, args[3].i, out);
}
BODY(overlaps_intervals)
{
    int64_t e1, e2;
    TRY(timestamp_add(args[0].i, args[1].iv, NULL, &e1, err));
    TRY(timestamp_add(args[2].i, args[3].iv, NULL, &e2, err));
    return overlaps(args[0].i, e1, args[2].i, e2, out);
}
BODY(overlaps_intervals_tz)
{
    int64_t e1, e2;
    TRY(timestamp_add(args[0].i, args[1].iv, fn_zone(ec), &e1, err));
    TRY(timestamp_add(args[2].i, args[3].iv, fn_zone(ec), &e2, err));
    return overlaps(args[0].i, e1, args[2].i, e2, out);
}

static int end_of(struct datum start, struct datum end, bool is_interval, const struct zone *z, int64_t *out,
                  struct err *err)
{
    *out = end.i;
    return is_interval ? timestamp_add(start.i, end.iv, z, out, err) : 0;
}
static int overlaps_of(struct eval_context *ec, const struct datum *args, const struct zone *z, struct datum *out,
                       struct err *err)
{
    int64_t e1, e2;
    TRY(end_of(args[0], args[1], type_is(fn_arg_type(ec, 1), TYPE_INTERVAL), z, &e1, err));
    TRY(end_of(args[2], args[3], type_is(fn_arg_type(ec, 3), TYPE_INTERVAL), z, &e2, err));
    return overlaps(args[0].i, e1, args[2].i, e2, out);
}
BODY(overlaps_mixed)
{
    return overlaps_of(ec, args, NULL, out, err);
}
BODY(overlaps_mixed_tz)
{
    return overlaps_of(ec, args, fn_zone(ec), out, err);
}
BODY(overlaps_dates)
{
    struct datum points[4] = {[1] = args[1], [3] = args[3]};
    TRY(timestamp_from_date(args[0].i, &points[0].i, err));
    TRY(timestamp_from_date(args[2].i, &points[2].i, err));
    return overlaps_intervals(ec, points, n_args, out, err);
}
BODY(overlaps_times)
{
    return overlaps(args[0].i, time_of_day(args[0].i + args[1].iv.micros), args[2].i,
                    time_of_day(args[2].i + args[3].iv.micros), out);
}

static int64_t timetz_instant(struct datum d, int64_t later)
{
    struct timetz t = timetz_decode(d.s);
    return (later == 0 ? t.micros : time_of_day(t.micros + later)) - t.seconds_east * MICROS_PER_SECOND;
}
BODY(overlaps_timetz)
{
    return overlaps(timetz_instant(args[0], 0), timetz_instant(args[1], 0), timetz_instant(args[2], 0),
                    timetz_instant(args[3], 0), out);
}
BODY(overlaps_timetz_intervals)
{
    return overlaps(timetz_instant(args[0], 0), timetz_instant(args[0], args[1].iv.micros), timetz_instant(args[2], 0),
                    timetz_instant(args[2], args[3].iv.micros), out);
}

// ---- construction

BODY(make_date)
{
    *out = (struct datum){0};
    if (args[0].i == 0)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "year value of 0 is not valid");
    int64_t year = args[0].i < 0 ? args[0].i + 1 : args[0].i;
    return date_make(year, (int)MAX(MIN(args[1].i, 1000), -1), (int)MAX(MIN(args[2].i, 1000), -1), &out->i, err);
}

static int make_time_of_day(int64_t hour, int64_t minute, double second, int64_t *out, struct err *err)
{
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60) ||
        (hour == 24 && (minute > 0 || second > 0)))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "time field value out of range: %lld:%02lld:%g",
                       (long long)hour, (long long)minute, second);
    *out = hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + (int64_t)llrint(second * 1e6);
    return 0;
}

BODY(make_time)
{
    *out = (struct datum){0};
    return make_time_of_day(args[0].i, args[1].i, args[2].f, &out->i, err);
}
BODY(make_timestamp)
{
    struct datum date = {0};
    int64_t time = 0;
    TRY(make_date(ec, args, 3, &date, err));
    TRY(make_time_of_day(args[3].i, args[4].i, args[5].f, &time, err));
    return date_and_time(date.i, time, out, err);
}
BODY(make_timestamptz)
{
    const struct zone *z = fn_zone(ec);
    if (n_args > 6)
        TRY(zone_find(args[6].s, ZONE_SIGN_POSIX, &z, err));
    TRY(make_timestamp(ec, args, 6, out, err));
    out->i = zone_to_utc(z, out->i);
    return 0;
}

// Years, months, weeks, days, hours, minutes, seconds; those left out are 0.
BODY(make_interval)
{
    int64_t v[6] = {0}, months, days;
    double seconds = n_args > 6 ? args[6].f : 0;
    for (int i = 0; i < MIN(n_args, 6); i++)
        v[i] = args[i].i;
    bool ok = !__builtin_mul_overflow(v[0], 12, &months) && !__builtin_add_overflow(months, v[1], &months) &&
              !__builtin_mul_overflow(v[2], 7, &days) && !__builtin_add_overflow(days, v[3], &days) &&
              months == (int32_t)months && days == (int32_t)days && llabs(v[4]) < INT32_MAX &&
              llabs(v[5]) < INT32_MAX && fabs(seconds) < 1e12;
    if (!ok)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "interval out of range");
    return return_interval(
        out, (struct interval){(int32_t)months, (int32_t)days,
                               v[4] * MICROS_PER_HOUR + v[5] * MICROS_PER_MINUTE + (int64_t)llrint(seconds * 1e6)});
}

BODY(to_timestamp)
{
    double seconds = args[0].f;
    if (isnan(seconds))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp cannot be NaN");
    if (isinf(seconds))
        return fn_return_int(out, seconds > 0 ? DATETIME_INFINITY : DATETIME_MINUS_INFINITY);
    if (fabs(seconds) > 9.3e12)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range: \"%g\"", seconds);
    *out = datum_int((int64_t)llrint(seconds * 1e6));
    return timestamp_check(out->i, err);
}

// ---- zones

BODY(timezone_timestamp)
{
    const struct zone *z;
    TRY(zone_find(args[0].s, ZONE_SIGN_POSIX, &z, err));
    return fn_return_int(out, zone_to_utc(z, args[1].i));
}
BODY(timezone_timestamptz)
{
    const struct zone *z;
    TRY(zone_find(args[0].s, ZONE_SIGN_POSIX, &z, err));
    return fn_return_int(out, zone_to_local(z, args[1].i));
}

BODY(timezone_string)
{
    struct datum both[2] = {args[0]};
    TRY(datum_parse(ec->arena, T_TIMESTAMPTZ, args[1].s, ec->vc, &both[1], err));
    return timezone_timestamptz(ec, both, n_args, out, err);
}

static int timetz_in_zone(struct eval_context *ec, struct timetz t, struct str zone, struct datum *out, struct err *err)
{
    const struct zone *z;
    TRY(zone_find(zone, ZONE_SIGN_POSIX, &z, err));
    int32_t east = zone_offset_at(z, ec->txn_micros);
    t.micros = time_of_day(t.micros + (int64_t)(east - t.seconds_east) * MICROS_PER_SECOND);
    t.seconds_east = east;
    return fn_return_str(out, timetz_encode(ec->arena, t));
}
BODY(timezone_timetz)
{
    return timetz_in_zone(ec, timetz_decode(args[1].s), args[0].s, out, err);
}
BODY(timezone_time)
{
    struct timetz t = {.micros = args[1].i, .seconds_east = zone_offset_at(fn_zone(ec), ec->txn_micros)};
    return timetz_in_zone(ec, t, args[0].s, out, err);
}

// The arguments the other way round.
#define ZONE_LAST(name)                                    \
    BODY(name##_of)                                        \
    {                                                      \
        const struct datum turned[2] = {args[1], args[0]}; \
        return name(ec, turned, n_args, out, err);         \
    }
ZONE_LAST(timezone_timestamp)
ZONE_LAST(timezone_timestamptz)
ZONE_LAST(timezone_timetz)
ZONE_LAST(timezone_time)

// ---- text

static int format(struct eval_context *ec, int64_t local, int64_t utc, const struct zone *z, struct str picture,
                  struct datum *out, struct err *err)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    int rc = datetime_format(&b, local, utc, z, picture, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}
BODY(to_char_timestamp)
{
    return format(ec, args[0].i, args[0].i, NULL, args[1].s, out, err);
}
BODY(to_char_timestamptz)
{
    return format(ec, zone_to_local(fn_zone(ec), args[0].i), args[0].i, fn_zone(ec), args[1].s, out, err);
}
BODY(to_char_date)
{
    int64_t micros;
    TRY(timestamp_from_date(args[0].i, &micros, err));
    return format(ec, micros, micros, NULL, args[1].s, out, err);
}
BODY(to_char_interval)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    int rc = interval_format(&b, args[0].iv, args[1].s, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}
BODY(text_of)
{
    struct buf b = BUF_INIT;
    TRY(fn_text_of(ec, fn_arg_type(ec, 0), args[0], &b, err));
    return fn_return_buf(ec, &b, out, err);
}

BODY(interval_text)
{
    struct buf b = BUF_INIT;
    interval_print(&b, args[0].iv, INTERVAL_STYLE_POSTGRES);
    return fn_return_buf(ec, &b, out, err);
}

BODY(strftime_timestamp)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    datetime_strftime(&b, args[0].i, args[1].s);
    return fn_return_buf(ec, &b, out, err);
}
BODY(strftime_timestamptz)
{
    const struct datum local[2] = {datum_int(zone_to_local(fn_zone(ec), args[0].i)), args[1]};
    return strftime_timestamp(ec, local, n_args, out, err);
}
BODY(strftime_date)
{
    struct datum local[2] = {[1] = args[1]};
    TRY(timestamp_from_date(args[0].i, &local[0].i, err));
    return strftime_timestamp(ec, local, n_args, out, err);
}

BODY(to_date)
{
    int64_t micros;
    TRY(datetime_scan(args[0].s, args[1].s, &micros, err));
    return fn_return_int(out, date_from_timestamp(micros));
}
BODY(to_timestamp_of_text)
{
    int64_t micros;
    TRY(datetime_scan(args[0].s, args[1].s, &micros, err));
    return fn_return_int(out, zone_to_utc(fn_zone(ec), micros));
}

// ---- timestamps of reads

BODY(follower_read_timestamp)
{
    return fn_return_int(out, ec->statement_micros - FOLLOWER_READ_MICROS);
}

BODY(with_min_timestamp)
{
    if (args[0].i > ec->statement_micros)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "timestamp for with_min_timestamp must be less than or equal to statement_timestamp()");
    return fn_return_int(out, args[0].i);
}

BODY(with_max_staleness)
{
    int64_t oldest;
    struct interval age = {.months = -args[0].iv.months, .days = -args[0].iv.days, .micros = -args[0].iv.micros};
    TRY(timestamp_add(ec->statement_micros, age, NULL, &oldest, err));
    if (oldest > ec->statement_micros)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "interval duration for with_max_staleness must be greater or equal to 0");
    return fn_return_int(out, oldest);
}

static const struct fn_row rows[] = {
#include "sql/functions/datetime.def"
};
const struct fn_family fn_family_datetime = {"DATE AND TIME", rows, ARRAY_LEN(rows)};
