// The calendar and arithmetic of dates and timestamps.
// Day numbers follow H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (era of 400 years, March-based years).
#include "types/datetime.h"
#include <stdlib.h>

#define TIMESTAMP_MIN (INT64_C(-2440588) * MICROS_PER_DAY)      // 4714-11-24 BC
#define TIMESTAMP_MAX (INT64_C(106751982) * MICROS_PER_DAY - 1) // 294246-12-31 23:59:59.999999, days short of overflow
#define DATE_MIN INT64_C(-2440588)                              // 4714-11-24 BC
#define DATE_MAX INT64_C(2145042905)                            // 5874897-12-31

int64_t micros_floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = micros_floor_div(y, 400);
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void civil_from_days(int64_t days, struct civil *out)
{
    int64_t z = days + 719468;
    int64_t era = micros_floor_div(z, 146097);
    uint32_t doe = (uint32_t)(z - era * 146097);
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int64_t)yoe + era * 400 + (out->month <= 2);
}

void civil_from_micros(int64_t micros, struct civil *out)
{
    int64_t days = micros_floor_div(micros, MICROS_PER_DAY);
    int64_t rest = micros - days * MICROS_PER_DAY;
    civil_from_days(days, out);
    out->hour = (int)(rest / MICROS_PER_HOUR);
    out->minute = (int)(rest / MICROS_PER_MINUTE % 60);
    out->second = (int)(rest / MICROS_PER_SECOND % 60);
    out->micro = (int)(rest % MICROS_PER_SECOND);
}

int64_t micros_from_civil(const struct civil *c)
{
    return days_from_civil(c->year, c->month, c->day) * MICROS_PER_DAY + c->hour * MICROS_PER_HOUR +
           c->minute * MICROS_PER_MINUTE + c->second * MICROS_PER_SECOND + c->micro;
}

static bool is_leap(int64_t y)
{
    return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

int days_in_month(int64_t year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

int day_of_week(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

int day_of_year(const struct civil *c)
{
    return (int)(days_from_civil(c->year, c->month, c->day) - days_from_civil(c->year, 1, 1)) + 1;
}

int iso_week(int64_t days, int64_t *iso_year)
{
    int64_t monday_based = (day_of_week(days) + 6) % 7;
    struct civil thursday; // a week belongs to the year of its Thursday
    civil_from_days(days - monday_based + 3, &thursday);
    *iso_year = thursday.year;
    return (day_of_year(&thursday) - 1) / 7 + 1;
}

int date_make(int64_t year, int month, int day, int64_t *out, struct err *err)
{
    if (month < 1 || month > 12 || day < 1 || year < -4713 || year > 5874897 || day > days_in_month(year, month))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "date field value out of range: %lld-%02d-%02d",
                       (long long)year, month, day);
    *out = days_from_civil(year, month, day);
    if (*out < DATE_MIN || *out > DATE_MAX)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "date is out of range");
    return 0;
}

int timestamp_check(int64_t micros, struct err *err)
{
    if (datetime_is_infinite(micros) || (micros >= TIMESTAMP_MIN && micros <= TIMESTAMP_MAX))
        return 0;
    return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

int timestamp_from_date(int64_t days, int64_t *out, struct err *err)
{
    if (datetime_is_infinite(days)) {
        *out = days;
        return 0;
    }
    if (__builtin_mul_overflow(days, MICROS_PER_DAY, out) || datetime_is_infinite(*out))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    return timestamp_check(*out, err);
}

int64_t date_from_timestamp(int64_t micros)
{
    return datetime_is_infinite(micros) ? micros : micros_floor_div(micros, MICROS_PER_DAY);
}

int64_t micros_round(int64_t micros, int precision)
{
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10};
    if (precision < 0 || precision > 5 || datetime_is_infinite(micros))
        return micros;
    int64_t unit = units[precision], rest = micros % unit;
    micros -= rest;
    if (rest < unit - rest && rest > -unit - rest)
        return micros;
    int64_t rounded;
    return __builtin_add_overflow(micros, rest < 0 ? -unit : unit, &rounded) ? micros : rounded;
}

// --- arithmetic ---------------------------------------------------------------------------------------------------

static int overflow(struct err *err)
{
    return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

// Adds months on the calendar, clamped to the month's last day. False when the year leaves the supported range.
static bool add_months(int64_t *micros, int64_t months)
{
    struct civil c;
    civil_from_micros(*micros, &c);
    int64_t total = c.year * 12 + (c.month - 1) + months;
    c.year = micros_floor_div(total, 12);
    c.month = (int)(total - c.year * 12) + 1;
    if (c.year < -4714 || c.year > 294246)
        return false;
    c.day = MIN(c.day, days_in_month(c.year, c.month));
    *micros = micros_from_civil(&c);
    return true;
}

static int add_calendar(int64_t *local, int64_t months, int64_t days, struct err *err)
{
    if (months != 0 && !add_months(local, months))
        return overflow(err);
    int64_t span;
    if (__builtin_mul_overflow(days, MICROS_PER_DAY, &span) || __builtin_add_overflow(*local, span, local))
        return overflow(err);
    return timestamp_check(*local, err);
}

static int add_parts(int64_t micros, int64_t months, int64_t days, int64_t time, const struct zone *z, int64_t *out,
                     struct err *err)
{
    *out = micros;
    if (datetime_is_infinite(micros))
        return 0;
    if (months != 0 || days != 0) {
        int64_t local = zone_to_local(z, micros);
        TRY(add_calendar(&local, months, days, err));
        micros = zone_to_utc(z, local);
    }
    if (__builtin_add_overflow(micros, time, out) || datetime_is_infinite(*out))
        return overflow(err);
    return timestamp_check(*out, err);
}

int timestamp_add(int64_t micros, struct interval iv, const struct zone *z, int64_t *out, struct err *err)
{
    return add_parts(micros, iv.months, iv.days, iv.micros, z, out, err);
}

int timestamp_sub(int64_t micros, struct interval iv, const struct zone *z, int64_t *out, struct err *err)
{
    if (iv.micros == INT64_MIN)
        return overflow(err);
    return add_parts(micros, -(int64_t)iv.months, -(int64_t)iv.days, -iv.micros, z, out, err);
}

static int infinite_error(struct err *err)
{
    return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "cannot subtract infinite timestamps");
}

int timestamp_diff(int64_t a, int64_t b, struct interval *out, struct err *err)
{
    if (datetime_is_infinite(a) || datetime_is_infinite(b))
        return infinite_error(err);
    int64_t micros;
    if (__builtin_sub_overflow(a, b, &micros))
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "interval out of range");
    *out = (struct interval){.days = (int32_t)(micros / MICROS_PER_DAY), .micros = micros % MICROS_PER_DAY};
    return 0;
}

int timestamp_age(int64_t a, int64_t b, struct interval *out, struct err *err)
{
    if (datetime_is_infinite(a) || datetime_is_infinite(b))
        return infinite_error(err);
    bool negative = a < b;
    int64_t later = negative ? b : a, earlier = negative ? a : b;
    struct civil l, e;
    civil_from_micros(later, &l);
    civil_from_micros(earlier, &e);
    int64_t months = (l.year - e.year) * 12 + (l.month - e.month);
    int64_t days = l.day - e.day;
    int64_t micros = (later - days_from_civil(l.year, l.month, l.day) * MICROS_PER_DAY) -
                     (earlier - days_from_civil(e.year, e.month, e.day) * MICROS_PER_DAY);
    if (micros < 0) {
        micros += MICROS_PER_DAY;
        days--;
    }
    if (days < 0) { // borrow the days of the earlier date's month
        days += days_in_month(e.year, e.month);
        months--;
    }
    int sign = negative ? -1 : 1;
    *out = (struct interval){(int32_t)(sign * months), (int32_t)(sign * days), sign * micros};
    return 0;
}

int date_add_days(int64_t date, int64_t days, int64_t *out, struct err *err)
{
    *out = date;
    if (datetime_is_infinite(date))
        return 0;
    if (__builtin_add_overflow(date, days, out) || *out < DATE_MIN || *out > DATE_MAX)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "date is out of range");
    return 0;
}

int64_t time_add(int64_t micros, struct interval iv)
{
    int64_t sum = micros % MICROS_PER_DAY + iv.micros % MICROS_PER_DAY;
    return ((sum % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
}
