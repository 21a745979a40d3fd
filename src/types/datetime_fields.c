// extract(), date_part() and date_trunc(): the fields of dates, times and intervals.
#include "types/datetime.h"
#include "types/types_int.h"
#include <math.h>

static const struct {
    const char *name;
    enum datetime_field field;
} names[] = {
    {"millennium", FIELD_MILLENNIUM},
    {"millennia", FIELD_MILLENNIUM},
    {"millenniums", FIELD_MILLENNIUM},
    {"century", FIELD_CENTURY},
    {"centuries", FIELD_CENTURY},
    {"decade", FIELD_DECADE},
    {"decades", FIELD_DECADE},
    {"year", FIELD_YEAR},
    {"years", FIELD_YEAR},
    {"y", FIELD_YEAR},
    {"isoyear", FIELD_ISOYEAR},
    {"quarter", FIELD_QUARTER},
    {"qtr", FIELD_QUARTER},
    {"month", FIELD_MONTH},
    {"months", FIELD_MONTH},
    {"mon", FIELD_MONTH},
    {"mons", FIELD_MONTH},
    {"week", FIELD_WEEK},
    {"weeks", FIELD_WEEK},
    {"w", FIELD_WEEK},
    {"day", FIELD_DAY},
    {"days", FIELD_DAY},
    {"d", FIELD_DAY},
    {"hour", FIELD_HOUR},
    {"hours", FIELD_HOUR},
    {"h", FIELD_HOUR},
    {"minute", FIELD_MINUTE},
    {"minutes", FIELD_MINUTE},
    {"m", FIELD_MINUTE},
    {"second", FIELD_SECOND},
    {"seconds", FIELD_SECOND},
    {"s", FIELD_SECOND},
    {"millisecond", FIELD_MILLISECOND},
    {"milliseconds", FIELD_MILLISECOND},
    {"ms", FIELD_MILLISECOND},
    {"microsecond", FIELD_MICROSECOND},
    {"microseconds", FIELD_MICROSECOND},
    {"us", FIELD_MICROSECOND},
    {"dow", FIELD_DOW},
    {"dayofweek", FIELD_DOW},
    {"isodow", FIELD_ISODOW},
    {"doy", FIELD_DOY},
    {"dayofyear", FIELD_DOY},
    {"epoch", FIELD_EPOCH},
    {"julian", FIELD_JULIAN},
    {"timezone", FIELD_TIMEZONE},
    {"timezone_hour", FIELD_TIMEZONE_HOUR},
    {"timezone_minute", FIELD_TIMEZONE_MINUTE},
};

bool datetime_field_from_name(struct str name, enum datetime_field *out)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_ieqc(name, names[i].name)) {
            *out = names[i].field;
            return true;
        }
    }
    return false;
}

static int unsupported(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported timespan: %.*s", (int)MIN(name.len, (size_t)100),
                   name.ptr);
}

static int64_t century_of(int64_t year, int64_t years)
{
    return year > 0 ? (year + years - 1) / years : -((years - 1 - (year - 1)) / years);
}

// --- extract ------------------------------------------------------------------------------------------------------

// Fields of the time of day; false for others.
static bool time_field(enum datetime_field f, int64_t micros, double *out)
{
    int64_t of_minute = micros % MICROS_PER_MINUTE;
    switch (f) {
    case FIELD_HOUR:
        *out = (double)(micros / MICROS_PER_HOUR);
        return true;
    case FIELD_MINUTE:
        *out = (double)(micros / MICROS_PER_MINUTE % 60);
        return true;
    case FIELD_SECOND:
        *out = (double)of_minute / 1e6;
        return true;
    case FIELD_MILLISECOND:
        *out = (double)of_minute / 1e3;
        return true;
    case FIELD_MICROSECOND:
        *out = (double)of_minute;
        return true;
    default:
        return false;
    }
}

static bool date_field(enum datetime_field f, int64_t micros, double *out)
{
    struct civil c;
    civil_from_micros(micros, &c);
    int64_t days = days_from_civil(c.year, c.month, c.day), iso_year;
    int week = iso_week(days, &iso_year);
    int64_t v;
    switch (f) {
    case FIELD_MILLENNIUM:
        v = century_of(c.year, 1000);
        break;
    case FIELD_CENTURY:
        v = century_of(c.year, 100);
        break;
    case FIELD_DECADE:
        v = micros_floor_div(c.year, 10);
        break;
    case FIELD_YEAR:
        v = c.year > 0 ? c.year : c.year - 1;
        break;
    case FIELD_ISOYEAR:
        v = iso_year > 0 ? iso_year : iso_year - 1;
        break;
    case FIELD_QUARTER:
        v = (c.month - 1) / 3 + 1;
        break;
    case FIELD_MONTH:
        v = c.month;
        break;
    case FIELD_WEEK:
        v = week;
        break;
    case FIELD_DAY:
        v = c.day;
        break;
    case FIELD_DOW:
        v = day_of_week(days);
        break;
    case FIELD_ISODOW:
        v = (day_of_week(days) + 6) % 7 + 1;
        break;
    case FIELD_DOY:
        v = day_of_year(&c);
        break;
    case FIELD_JULIAN:
        *out = (double)(days + 2440588) + (double)(micros - days * MICROS_PER_DAY) / (double)MICROS_PER_DAY;
        return true;
    default:
        return false;
    }
    *out = (double)v;
    return true;
}

static bool zone_field(enum datetime_field f, int32_t offset, double *out)
{
    if (f == FIELD_TIMEZONE)
        *out = offset;
    else if (f == FIELD_TIMEZONE_HOUR)
        *out = offset / 3600;
    else if (f == FIELD_TIMEZONE_MINUTE)
        *out = offset / 60 % 60;
    else
        return false;
    return true;
}

static bool infinite_field(enum datetime_field f, int64_t micros, double *out)
{
    bool grows = f <= FIELD_ISOYEAR || f == FIELD_EPOCH || f == FIELD_JULIAN;
    *out = !grows ? 0 : micros == DATETIME_INFINITY ? INFINITY : -INFINITY;
    return true;
}

static bool timestamp_field(enum datetime_field f, int64_t micros, const struct zone *z, bool zoned, double *out)
{
    if (datetime_is_infinite(micros))
        return infinite_field(f, micros, out);
    if (f == FIELD_EPOCH) {
        *out = (double)micros / 1e6;
        return true;
    }
    int64_t local = zoned ? zone_to_local(z, micros) : micros;
    if (zoned && zone_field(f, (int32_t)((local - micros) / MICROS_PER_SECOND), out))
        return true;
    int64_t of_day = local - micros_floor_div(local, MICROS_PER_DAY) * MICROS_PER_DAY;
    return time_field(f, of_day, out) || date_field(f, local, out);
}

static bool interval_field(enum datetime_field f, struct interval iv, double *out)
{
    int64_t years = iv.months / 12, v;
    switch (f) {
    case FIELD_MILLENNIUM:
        v = years / 1000;
        break;
    case FIELD_CENTURY:
        v = years / 100;
        break;
    case FIELD_DECADE:
        v = years / 10;
        break;
    case FIELD_YEAR:
        v = years;
        break;
    case FIELD_QUARTER:
        v = iv.months % 12 / 3 + 1;
        break;
    case FIELD_MONTH:
        v = iv.months % 12;
        break;
    case FIELD_DAY:
        v = iv.days;
        break;
    case FIELD_EPOCH:
        *out = interval_to_seconds(iv);
        return true;
    default:
        return time_field(f, iv.micros, out);
    }
    *out = (double)v;
    return true;
}

static bool timetz_field(enum datetime_field f, struct timetz t, double *out)
{
    if (f == FIELD_EPOCH) {
        *out = (double)(t.micros - t.seconds_east * MICROS_PER_SECOND) / 1e6;
        return true;
    }
    return zone_field(f, t.seconds_east, out) || time_field(f, t.micros, out);
}

int datetime_extract(struct type t, struct datum d, struct str name, const struct zone *z, double *out, struct err *err)
{
    enum datetime_field f;
    bool ok = datetime_field_from_name(name, &f);
    int64_t micros;
    switch (ok ? (enum type_family)t.family : TYPE_UNKNOWN) {
    case TYPE_DATE:
        TRY(timestamp_from_date(d.i, &micros, err));
        ok = timestamp_field(f, micros, NULL, false, out);
        break;
    case TYPE_TIMESTAMP:
        ok = timestamp_field(f, d.i, NULL, false, out);
        break;
    case TYPE_TIMESTAMPTZ:
        ok = timestamp_field(f, d.i, z, true, out);
        break;
    case TYPE_TIME:
        *out = (double)d.i / 1e6;
        ok = f == FIELD_EPOCH || time_field(f, d.i, out);
        break;
    case TYPE_TIMETZ:
        ok = timetz_field(f, timetz_decode(d.s), out);
        break;
    case TYPE_INTERVAL:
        ok = interval_field(f, d.iv, out);
        break;
    default:
        ok = false;
    }
    return ok ? 0 : unsupported(name, err);
}

// --- truncation ---------------------------------------------------------------------------------------------------

static int64_t unit_micros(enum datetime_field f)
{
    switch (f) {
    case FIELD_HOUR:
        return MICROS_PER_HOUR;
    case FIELD_MINUTE:
        return MICROS_PER_MINUTE;
    case FIELD_SECOND:
        return MICROS_PER_SECOND;
    case FIELD_MILLISECOND:
        return 1000;
    case FIELD_MICROSECOND:
        return 1;
    default:
        return 0;
    }
}

// The first day of the span of years that holds the year.
static int64_t span_start(int64_t year, int64_t years)
{
    return year > 0 ? (year + years - 1) / years * years - (years - 1)
                    : -((years - 1 - (year - 1)) / years) * years + 1;
}

static bool trunc_date(enum datetime_field f, int64_t local, int64_t *out)
{
    struct civil c;
    civil_from_micros(local, &c);
    int64_t days = days_from_civil(c.year, c.month, c.day);
    switch (f) {
    case FIELD_MILLENNIUM:
        days = days_from_civil(span_start(c.year, 1000), 1, 1);
        break;
    case FIELD_CENTURY:
        days = days_from_civil(span_start(c.year, 100), 1, 1);
        break;
    case FIELD_DECADE:
        days = days_from_civil(micros_floor_div(c.year, 10) * 10, 1, 1);
        break;
    case FIELD_YEAR:
        days = days_from_civil(c.year, 1, 1);
        break;
    case FIELD_QUARTER:
        days = days_from_civil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
        break;
    case FIELD_MONTH:
        days = days_from_civil(c.year, c.month, 1);
        break;
    case FIELD_WEEK:
        days -= (day_of_week(days) + 6) % 7;
        break;
    case FIELD_DAY:
        break;
    default:
        return false;
    }
    *out = days * MICROS_PER_DAY;
    return true;
}

int timestamp_trunc(int64_t micros, struct str name, const struct zone *z, int64_t *out, struct err *err)
{
    enum datetime_field f;
    if (!datetime_field_from_name(name, &f))
        return unsupported(name, err);
    int64_t unit = unit_micros(f), local = zone_to_local(z, micros), truncated;
    *out = micros;
    if (datetime_is_infinite(micros))
        return 0;
    if (unit == 0 && !trunc_date(f, local, &truncated))
        return unsupported(name, err);
    if (unit != 0) // within the hour the offset stays that of the instant
        *out = micros_floor_div(local, unit) * unit - (local - micros);
    else
        *out = zone_to_utc(z, truncated);
    return timestamp_check(*out, err);
}

int interval_trunc(struct interval iv, struct str name, struct interval *out, struct err *err)
{
    enum datetime_field f;
    if (!datetime_field_from_name(name, &f))
        return unsupported(name, err);
    int64_t unit = unit_micros(f);
    int months = f == FIELD_MILLENNIUM ? 12000
                 : f == FIELD_CENTURY  ? 1200
                 : f == FIELD_DECADE   ? 120
                 : f == FIELD_YEAR     ? 12
                 : f == FIELD_QUARTER  ? 3
                 : f == FIELD_MONTH    ? 1
                                       : 0;
    *out = iv;
    if (unit != 0)
        out->micros -= iv.micros % unit;
    else if (f == FIELD_DAY)
        out->micros = 0;
    else if (months != 0)
        *out = (struct interval){.months = iv.months / months * months};
    else
        return unsupported(name, err);
    return 0;
}

int time_trunc(int64_t micros, struct str name, int64_t *out, struct err *err)
{
    enum datetime_field f;
    if (!datetime_field_from_name(name, &f) || unit_micros(f) == 0)
        return unsupported(name, err);
    *out = micros - micros % unit_micros(f);
    return 0;
}
