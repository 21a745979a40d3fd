// Dates, times, timestamps, intervals and time zones.
//
// DATE is days since 1970-01-01, TIMESTAMP and TIMESTAMPTZ microseconds since 1970-01-01 00:00 (of no zone, and of
// UTC), TIME microseconds since midnight (0 to 24:00:00 inclusive), TIMETZ 12 bytes (struct timetz). The calendar is
// proleptic Gregorian; year 0 is 1 BC. Range 4714-11-24 BC to 294246-12-31 (timestamps) and 5874897-12-31 (dates).
// INT64_MAX and INT64_MIN are infinity and -infinity for dates and timestamps.
#ifndef TYPES_DATETIME_H
#define TYPES_DATETIME_H

#include "types/types.h"

#define MICROS_PER_SECOND INT64_C(1000000)
#define MICROS_PER_MINUTE (60 * MICROS_PER_SECOND)
#define MICROS_PER_HOUR (60 * MICROS_PER_MINUTE)
#define MICROS_PER_DAY (24 * MICROS_PER_HOUR)
#define DATETIME_INFINITY INT64_MAX
#define DATETIME_MINUS_INFINITY INT64_MIN
enum { DAYS_PER_MONTH = 30 }; // of intervals compared or divided

static inline bool datetime_is_infinite(int64_t v)
{
    return v == DATETIME_INFINITY || v == DATETIME_MINUS_INFINITY;
}

// --- calendar -----------------------------------------------------------------------------------------------------
struct civil {
    int64_t year; // astronomical: 0 is 1 BC
    int month;    // 1-12
    int day;      // 1-31
    int hour, minute, second, micro;
};
int64_t days_from_civil(int64_t year, int month, int day);
// Fills year, month, day only.
void civil_from_days(int64_t days, struct civil *out);
void civil_from_micros(int64_t micros, struct civil *out);
int64_t micros_from_civil(const struct civil *c); // no range check
int days_in_month(int64_t year, int month);
int day_of_week(int64_t days); // 0 Sunday
int day_of_year(const struct civil *c);
// ISO 8601 week number and the year it belongs to.
int iso_week(int64_t days, int64_t *iso_year);
// 22008 "year is out of range"-style errors when outside the supported range. Checked constructors for make_date() etc.
int date_make(int64_t year, int month, int day, int64_t *out, struct err *err) MUST_CHECK;
int timestamp_check(int64_t micros, struct err *err) MUST_CHECK; // infinities pass
// date -> timestamp at midnight; infinities map. 22008 when outside the range.
int timestamp_from_date(int64_t days, int64_t *out, struct err *err) MUST_CHECK;
int64_t date_from_timestamp(int64_t micros); // floor; infinities map
int64_t micros_floor_div(int64_t a, int64_t b);

// --- zones --------------------------------------------------------------------------------------------------------
// Zones are interned for the life of the process: compare by pointer, never free. Thread-safe.
struct zone;
extern const struct zone *const zone_utc;
// How "+3" and "UTC+3" count: east of Greenwich (SET TIME ZONE) or west (POSIX; AT TIME ZONE).
enum zone_sign { ZONE_SIGN_ISO, ZONE_SIGN_POSIX };
// IANA names in any case ("europe/berlin"), UTC, GMT, Z, abbreviations such as EST, offsets "+3", "-05:30", "UTC+3".
// 22023 invalid value for parameter "TimeZone"-style.
int zone_find(struct str name, enum zone_sign sign, const struct zone **out, struct err *err) MUST_CHECK;
const struct zone *zone_fixed(int32_t seconds_east);
const char *zone_name(const struct zone *z); // NULL is UTC
// Seconds east of UTC at an instant; at a wall-clock time (in a gap the offset before it, in an overlap the first, that
// is daylight time).
int32_t zone_offset_at(const struct zone *z, int64_t utc_micros);
int32_t zone_offset_local(const struct zone *z, int64_t local_micros);
static inline int64_t zone_to_local(const struct zone *z, int64_t utc_micros)
{
    return z == NULL || datetime_is_infinite(utc_micros)
               ? utc_micros
               : utc_micros + zone_offset_at(z, utc_micros) * MICROS_PER_SECOND;
}
static inline int64_t zone_to_utc(const struct zone *z, int64_t local_micros)
{
    return z == NULL || datetime_is_infinite(local_micros)
               ? local_micros
               : local_micros - zone_offset_local(z, local_micros) * MICROS_PER_SECOND;
}
// Abbreviation shown by to_char's TZ: "EST", "CEST", "+03".
void zone_abbreviation(struct buf *out, const struct zone *z, int64_t utc_micros);
// Calls `fn` with every IANA name known (pg_timezone_names).
void zone_each_name(void (*fn)(void *arg, struct str name), void *arg);

// --- TIMETZ -------------------------------------------------------------------------------------------------------
struct timetz {
    int64_t micros;       // local time of day
    int32_t seconds_east; // offset from UTC
};
struct timetz timetz_decode(struct str bytes);
struct str timetz_encode(struct arena *a, struct timetz t);
int timetz_compare(struct timetz a, struct timetz b);

// --- styles -------------------------------------------------------------------------------------------------------
// The order of fields that a DateStyle asks for ("ISO, DMY"); what it does not mention stays. False when it is none.
bool date_style_parse(struct str text, enum date_order *order) MUST_CHECK;
// postgres, iso_8601, sql_standard.
bool interval_style_parse(struct str text, enum interval_style *style) MUST_CHECK;

// --- text ---------------------------------------------------------------------------------------------------------
// Errors 22007 "parsing as type timestamp: …" and 22008; `precision` -1 keeps microseconds.
int date_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err) MUST_CHECK;
int time_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err) MUST_CHECK;
int timetz_parse(struct str text, const struct value_context *vc, struct timetz *out, struct err *err) MUST_CHECK;
int timestamp_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err) MUST_CHECK;
int timestamptz_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err) MUST_CHECK;
void date_print(struct buf *out, int64_t days);
void time_print(struct buf *out, int64_t micros);
void timetz_print(struct buf *out, struct timetz t);
void timestamp_print(struct buf *out, int64_t micros);
void timestamptz_print(struct buf *out, int64_t micros, const struct zone *z);
// "+00", "-03:30", "+00:19:32".
void zone_offset_print(struct buf *out, int32_t seconds_east);
// Rounds half away from zero to 0-6 fractional digits; -1 leaves.
int64_t micros_round(int64_t micros, int precision);

// --- intervals ----------------------------------------------------------------------------------------------------
// `fields` narrows as INTERVAL … YEAR TO MONTH does; a bare number counts in its last field (second by default).
enum interval_field {
    INTERVAL_FIELD_ANY,
    INTERVAL_FIELD_YEAR,
    INTERVAL_FIELD_MONTH,
    INTERVAL_FIELD_DAY,
    INTERVAL_FIELD_HOUR,
    INTERVAL_FIELD_MINUTE,
    INTERVAL_FIELD_SECOND,
};
int interval_parse(struct str text, enum interval_field last_field, enum interval_style style, struct interval *out,
                   struct err *err) MUST_CHECK;
void interval_print(struct buf *out, struct interval iv, enum interval_style style);
// Drops what is finer than the field (INTERVAL '1-2 3' YEAR).
struct interval interval_truncate(struct interval iv, enum interval_field last_field);
int interval_compare(struct interval a, struct interval b); // a month is 30 days, a day 24 hours
uint64_t interval_hash(struct interval iv, uint64_t seed);
// 22008 "interval out of range".
int interval_add(struct interval a, struct interval b, struct interval *out, struct err *err) MUST_CHECK;
int interval_sub(struct interval a, struct interval b, struct interval *out, struct err *err) MUST_CHECK;
int interval_mul_int(struct interval a, int64_t by, struct interval *out, struct err *err) MUST_CHECK;
int interval_mul_float(struct interval a, double by, struct interval *out, struct err *err) MUST_CHECK;
int interval_div_int(struct interval a, int64_t by, struct interval *out, struct err *err) MUST_CHECK; // 22012
int interval_div_float(struct interval a, double by, struct interval *out, struct err *err) MUST_CHECK;
int interval_negate(struct interval a, struct interval *out, struct err *err) MUST_CHECK;
int64_t interval_to_micros(struct interval iv); // a month is 30 days; the nearest that there is
double interval_to_seconds(struct interval iv); // a year 365.25 days, a month 30, as extract(epoch)
int interval_from_seconds(double seconds, struct interval *out, struct err *err) MUST_CHECK;
struct interval interval_justify_hours(struct interval iv);
struct interval interval_justify_days(struct interval iv);
struct interval interval_justify(struct interval iv);

// --- arithmetic ---------------------------------------------------------------------------------------------------
// Months first (clamped to the month's end), then days, then time. With a zone, days and months are of its wall clock.
// NULL zone: plain. Infinities stay. 22008 when out of range.
int timestamp_add(int64_t micros, struct interval iv, const struct zone *z, int64_t *out, struct err *err) MUST_CHECK;
int timestamp_sub(int64_t micros, struct interval iv, const struct zone *z, int64_t *out, struct err *err) MUST_CHECK;
// a - b as days and time of day (CockroachDB's `-`). 22008 for infinities.
int timestamp_diff(int64_t a, int64_t b, struct interval *out, struct err *err) MUST_CHECK;
// age(a, b): years, months, days, time.
int timestamp_age(int64_t a, int64_t b, struct interval *out, struct err *err) MUST_CHECK;
int date_add_days(int64_t date, int64_t days, int64_t *out, struct err *err) MUST_CHECK;
// time + interval wraps round midnight.
int64_t time_add(int64_t micros, struct interval iv);

// Fields of extract(), date_part() and date_trunc(): "year", "years", "y", "epoch", "isodow" …
enum datetime_field {
    FIELD_MILLENNIUM,
    FIELD_CENTURY,
    FIELD_DECADE,
    FIELD_YEAR,
    FIELD_ISOYEAR,
    FIELD_QUARTER,
    FIELD_MONTH,
    FIELD_WEEK,
    FIELD_DAY,
    FIELD_HOUR,
    FIELD_MINUTE,
    FIELD_SECOND,
    FIELD_MILLISECOND,
    FIELD_MICROSECOND,
    FIELD_DOW,
    FIELD_ISODOW,
    FIELD_DOY,
    FIELD_EPOCH,
    FIELD_JULIAN,
    FIELD_TIMEZONE,
    FIELD_TIMEZONE_HOUR,
    FIELD_TIMEZONE_MINUTE,
};
bool datetime_field_from_name(struct str name, enum datetime_field *out);
// `family` is TYPE_DATE, TYPE_TIMESTAMP, TYPE_TIMESTAMPTZ, TYPE_TIME, TYPE_TIMETZ or TYPE_INTERVAL; `name` is used in
// the 22023 text "unsupported timespan: …". Infinities give ±Infinity for year-like and epoch fields, else 0.
int datetime_extract(struct type t, struct datum d, struct str name, const struct zone *z, double *out,
                     struct err *err) MUST_CHECK;
// TIMESTAMP and TIMESTAMPTZ (in the zone).
int timestamp_trunc(int64_t micros, struct str name, const struct zone *z, int64_t *out, struct err *err) MUST_CHECK;
int interval_trunc(struct interval iv, struct str name, struct interval *out, struct err *err) MUST_CHECK;
int time_trunc(int64_t micros, struct str name, int64_t *out, struct err *err) MUST_CHECK;

#endif
