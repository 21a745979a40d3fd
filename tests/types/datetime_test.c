// Calendar, zones, intervals, and arithmetic of dates and times.
#include "types_check.h"
#include "base/util.h"
#include <math.h>

static int64_t ts(const char *text)
{
    return datum_of(T_TIMESTAMPTZ, text).i;
}

static struct interval iv(const char *text)
{
    return datum_of(T_INTERVAL, text).iv;
}

static struct str ts_text(int64_t micros, const struct zone *z)
{
    struct buf b = BUF_INIT;
    timestamptz_print(&b, micros, z);
    struct str s = arena_str(&arena, buf_view(&b));
    buf_release(&b);
    return s;
}

static struct str iv_text(struct interval v, enum interval_style style)
{
    struct buf b = BUF_INIT;
    interval_print(&b, v, style);
    struct str s = arena_str(&arena, buf_view(&b));
    buf_release(&b);
    return s;
}

static const struct zone *zone(const char *name)
{
    const struct zone *z = NULL;
    CHECK_INT(zone_find(str_of(name), ZONE_SIGN_ISO, &z, NULL), 0);
    return z;
}

static void test_calendar(void)
{
    // Every day of 400 years against a plain count.
    int64_t day = days_from_civil(1800, 1, 1);
    for (int year = 1800; year < 2200; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int d = 1; d <= days_in_month(year, month); d++, day++) {
                struct civil c;
                civil_from_days(day, &c);
                if (c.year != year || c.month != month || c.day != d || days_from_civil(year, month, d) != day) {
                    CHECK(!"calendar");
                    return;
                }
            }
        }
    }
    CHECK_INT(days_from_civil(1970, 1, 1), 0);
    CHECK_INT(days_from_civil(0, 3, 1) - days_from_civil(0, 2, 1), 29); // 1 BC is a leap year
    CHECK_INT(day_of_week(0), 4);
    CHECK_INT(day_of_week(-4), 0);
    int64_t year;
    CHECK_INT(iso_week(days_from_civil(2021, 1, 3), &year), 53);
    CHECK_INT(year, 2020);
    CHECK_INT(iso_week(days_from_civil(2018, 12, 31), &year), 1);
    CHECK_INT(year, 2019);
    int64_t out;
    struct err err = ERR_INIT;
    CHECK(date_make(2021, 2, 29, &out, &err) != 0);
    CHECK_STR(error_of(&err), "22008 date field value out of range: 2021-02-29");
}

static void test_random_round_trips(void)
{
    struct rng rng;
    rng_seed(&rng, 5);
    static const char *const names[] = {"UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "-03:30"};
    for (int i = 0; i < 20000; i++) {
        const struct zone *z = zone(names[i % 5]);
        int64_t micros = (int64_t)rng_below(&rng, UINT64_C(400000000000000000)) - INT64_C(150000000000000000);
        struct value_context vc = {.zone = z};
        struct str text = ts_text(micros, z);
        int64_t back;
        CHECK_INT(timestamptz_parse(text, &vc, &back, NULL), 0);
        if (back != micros)
            printf("  %.*s\n", STR_FMT(text));
        CHECK_INT(back, micros);
        struct civil c;
        civil_from_micros(micros, &c);
        CHECK_INT(micros_from_civil(&c), micros);
        arena_reset(&arena);
    }
}

static void test_zones(void)
{
    const struct zone *ny = zone("america/new_york"), *berlin = zone("Europe/Berlin");
    CHECK_STR(str_of(zone_name(ny)), "America/New_York");
    CHECK(zone("America/New_York") == ny || strcmp(zone_name(zone("America/New_York")), zone_name(ny)) == 0);
    CHECK_STR(ts_text(ts("2020-03-08 06:59:59+00"), ny), "2020-03-08 01:59:59-05");
    CHECK_STR(ts_text(ts("2020-03-08 07:00:00+00"), ny), "2020-03-08 03:00:00-04");
    CHECK_STR(ts_text(ts("2020-11-01 05:59:59+00"), ny), "2020-11-01 01:59:59-04");
    CHECK_STR(ts_text(ts("2020-11-01 06:00:00+00"), ny), "2020-11-01 01:00:00-05");
    CHECK_STR(ts_text(ts("2020-07-01 00:00:00+00"), berlin), "2020-07-01 02:00:00+02");
    // Far years follow the rules in the 400-year cycle.
    CHECK_STR(ts_text(ts("2500-07-01 12:00:00+00"), ny), "2500-07-01 08:00:00-04");
    CHECK_STR(ts_text(ts("9999-01-01 12:00:00+00"), ny), "9999-01-01 07:00:00-05");
    // Local mean time before zones were introduced.
    CHECK_STR(ts_text(ts("1850-01-01 12:00:00+00"), ny), "1850-01-01 07:03:58-04:56:02");
    // A gap takes the offset before it, an overlap the first occurrence.
    struct value_context vc = {.zone = ny};
    int64_t v;
    CHECK_INT(timestamptz_parse(STR("2020-03-08 02:30:00"), &vc, &v, NULL), 0);
    CHECK_STR(ts_text(v, NULL), "2020-03-08 07:30:00+00");
    CHECK_INT(timestamptz_parse(STR("2020-11-01 01:30:00"), &vc, &v, NULL), 0);
    CHECK_STR(ts_text(v, NULL), "2020-11-01 05:30:00+00");
    const struct zone *plus, *posix, *utc3;
    CHECK_INT(zone_find(STR("+3"), ZONE_SIGN_ISO, &plus, NULL), 0);
    CHECK_INT(zone_offset_at(plus, 0), 3 * 3600);
    CHECK_STR(str_of(zone_name(plus)), "<+03>-03");
    CHECK(zone("<+03>-03") == plus);
    CHECK_INT(zone_find(STR("+3"), ZONE_SIGN_POSIX, &posix, NULL), 0);
    CHECK_INT(zone_offset_at(posix, 0), -3 * 3600);
    CHECK_INT(zone_find(STR("UTC+3"), ZONE_SIGN_ISO, &utc3, NULL), 0);
    CHECK(utc3 == posix);
    CHECK(zone("utc") == zone_utc && zone_fixed(0) == zone_utc);
    struct err err = ERR_INIT;
    CHECK(zone_find(STR("Nowhere/City"), ZONE_SIGN_ISO, &plus, &err) != 0);
    CHECK_STR(error_of(&err), "22023 cannot find time zone \"Nowhere/City\": unknown time zone Nowhere/City");
    struct buf b = BUF_INIT;
    zone_abbreviation(&b, ny, ts("2020-07-01"));
    zone_abbreviation(&b, zone("+05:30"), 0);
    CHECK_STR(buf_view(&b), "EDT+05:30");
    buf_release(&b);
}

static void test_intervals(void)
{
    static const struct {
        const char *in, *postgres, *iso, *sql;
    } styles[] = {
        {"1 year 2 mons 3 days 04:05:06.7", "1 year 2 mons 3 days 04:05:06.7", "P1Y2M3DT4H5M6.7S",
         "+1-2 +3 +4:05:06.7"},
        {"0", "00:00:00", "PT0S", "0"},
        {"1-2", "1 year 2 mons", "P1Y2M", "1-2"},
        {"3 4:05:06", "3 days 04:05:06", "P3DT4H5M6S", "3 4:05:06"},
        {"4:05:06", "04:05:06", "PT4H5M6S", "4:05:06"},
        {"-1 years -2 mons", "-1 years -2 mons", "P-1Y-2M", "-1-2"},
        {"-1 year -2 mons +3 days -04:05:06", "-1 years -2 mons +3 days -04:05:06", "P-1Y-2M3DT-4H-5M-6S",
         "-1-2 +3 -4:05:06"},
        {"-0.5s", "-00:00:00.5", "PT-0.5S", "-0:00:00.5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
        struct interval v = iv(styles[i].in);
        CHECK_STR(iv_text(v, INTERVAL_STYLE_POSTGRES), styles[i].postgres);
        CHECK_STR(iv_text(v, INTERVAL_STYLE_ISO_8601), styles[i].iso);
        CHECK_STR(iv_text(v, INTERVAL_STYLE_SQL_STANDARD), styles[i].sql);
        for (int style = INTERVAL_STYLE_POSTGRES; style <= INTERVAL_STYLE_SQL_STANDARD; style++) {
            struct interval back;
            CHECK_INT(interval_parse(iv_text(v, (enum interval_style)style), INTERVAL_FIELD_ANY,
                                     (enum interval_style)style, &back, NULL),
                      0);
            CHECK_INT(interval_compare(v, back), 0);
        }
    }
    struct interval r;
    CHECK_INT(interval_parse(STR("5"), INTERVAL_FIELD_DAY, INTERVAL_STYLE_POSTGRES, &r, NULL), 0);
    CHECK_INT(r.days, 5);
    r = interval_truncate(iv("1 year 2 mons 3 days 4:05:06"), INTERVAL_FIELD_MONTH);
    CHECK_STR(iv_text(r, INTERVAL_STYLE_POSTGRES), "1 year 2 mons");
    CHECK_INT(interval_mul_float(iv("1 mon"), 1.5, &r, NULL), 0);
    CHECK_STR(iv_text(r, INTERVAL_STYLE_POSTGRES), "1 mon 15 days");
    CHECK_INT(interval_div_int(iv("1 mon"), 4, &r, NULL), 0);
    CHECK_STR(iv_text(r, INTERVAL_STYLE_POSTGRES), "7 days 12:00:00");
    CHECK_INT(interval_div_int(iv("1 day"), 0, &r, NULL), ERR_DIVISION_BY_ZERO);
    CHECK_INT(interval_mul_int(iv("1 mon"), INT64_MAX, &r, NULL), ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(interval_div_int((struct interval){INT32_MIN, INT32_MIN, INT64_MIN}, -1, &r, NULL),
              ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(interval_negate((struct interval){INT32_MIN, 0, 0}, &r, NULL), ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_STR(iv_text((struct interval){INT32_MIN, INT32_MIN, INT64_MIN}, INTERVAL_STYLE_POSTGRES),
              "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808");
    CHECK_STR(iv_text(interval_justify_hours(iv("27:00:00")), INTERVAL_STYLE_POSTGRES), "1 day 03:00:00");
    CHECK_STR(iv_text(interval_justify_days(iv("35 days")), INTERVAL_STYLE_POSTGRES), "1 mon 5 days");
    CHECK_STR(iv_text(interval_justify(iv("1 mon -1 hour")), INTERVAL_STYLE_POSTGRES), "29 days 23:00:00");
    CHECK(interval_to_seconds(iv("1 year 1 mon 1 day 1s")) == 31557600.0 + 2592000 + 86400 + 1);
}

static void test_arithmetic(void)
{
    const struct zone *ny = zone("America/New_York");
    int64_t r;
    CHECK_INT(timestamp_add(ts("2020-01-31"), iv("1 mon"), NULL, &r, NULL), 0);
    CHECK_STR(ts_text(r, NULL), "2020-02-29 00:00:00+00");
    CHECK_INT(timestamp_sub(ts("2020-03-31"), iv("1 mon"), NULL, &r, NULL), 0);
    CHECK_STR(ts_text(r, NULL), "2020-02-29 00:00:00+00");
    // A day keeps the wall clock over the change to daylight time; 24 hours do not.
    CHECK_INT(timestamp_add(ts("2020-03-07 17:00+00"), iv("1 day"), ny, &r, NULL), 0);
    CHECK_STR(ts_text(r, ny), "2020-03-08 12:00:00-04");
    CHECK_INT(timestamp_add(ts("2020-03-07 17:00+00"), iv("24:00:00"), ny, &r, NULL), 0);
    CHECK_STR(ts_text(r, ny), "2020-03-08 13:00:00-04");
    CHECK_INT(timestamp_add(ts("294000-01-01"), iv("1000 years"), NULL, &r, NULL), ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(timestamp_add(ts("2020-01-01"), (struct interval){INT32_MAX, INT32_MAX, INT64_MAX}, NULL, &r, NULL),
              ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(timestamp_sub(ts("2020-01-01"), (struct interval){INT32_MIN, INT32_MIN, INT64_MIN}, NULL, &r, NULL),
              ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(timestamp_add(DATETIME_INFINITY, iv("1 day"), NULL, &r, NULL), 0);
    CHECK(r == DATETIME_INFINITY);
    struct interval d;
    CHECK_INT(timestamp_diff(ts("2020-01-03 01:00"), ts("2020-01-01"), &d, NULL), 0);
    CHECK_STR(iv_text(d, INTERVAL_STYLE_POSTGRES), "2 days 01:00:00");
    CHECK_INT(timestamp_age(ts("2001-04-10"), ts("1957-06-13"), &d, NULL), 0);
    CHECK_STR(iv_text(d, INTERVAL_STYLE_POSTGRES), "43 years 9 mons 27 days");
    CHECK_INT(timestamp_age(ts("1957-06-13"), ts("2001-04-10"), &d, NULL), 0);
    CHECK_STR(iv_text(d, INTERVAL_STYLE_POSTGRES), "-43 years -9 mons -27 days");
    CHECK_INT(timestamp_diff(DATETIME_INFINITY, 0, &d, NULL), ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(date_add_days(0, INT64_MAX - 1, &r, NULL), ERR_DATETIME_FIELD_OVERFLOW);
    CHECK_INT(time_add(23 * MICROS_PER_HOUR, iv("2:00:00")), MICROS_PER_HOUR);
    CHECK_INT(time_add(0, iv("-1s")), MICROS_PER_DAY - MICROS_PER_SECOND);
    CHECK_INT(micros_round(1500000, 0), 2000000);
    CHECK_INT(micros_round(-1500000, 0), -2000000);
    CHECK_INT(micros_round(-1499999, 0), -1000000);
}

static const struct {
    const char *type, *value, *field;
    double result;
} extracts[] = {
    {"timestamp", "2001-02-16 20:38:40.12", "century", 21},
    {"timestamp", "2000-12-16 12:21:13", "century", 20},
    {"timestamp", "2001-02-16 20:38:40.12", "decade", 200},
    {"timestamp", "2001-02-16 20:38:40.12", "millennium", 3},
    {"timestamp", "2001-02-16 20:38:40.12", "year", 2001},
    {"timestamp", "2001-02-16 20:38:40.12", "quarter", 1},
    {"timestamp", "2001-02-16 20:38:40.12", "month", 2},
    {"timestamp", "2001-02-16 20:38:40.12", "week", 7},
    {"timestamp", "2001-02-16 20:38:40.12", "day", 16},
    {"timestamp", "2001-02-16 20:38:40.12", "dow", 5},
    {"timestamp", "2001-02-18 20:38:40.12", "isodow", 7},
    {"timestamp", "2001-02-16 20:38:40.12", "doy", 47},
    {"timestamp", "2001-02-16 20:38:40.12", "hour", 20},
    {"timestamp", "2001-02-16 20:38:40.12", "minutes", 38},
    {"timestamp", "2001-02-16 20:38:40.12", "second", 40.12},
    {"timestamp", "2001-02-16 20:38:40.12", "millisecond", 40120},
    {"timestamp", "2001-02-16 20:38:40.12", "microsecond", 40120000},
    {"timestamp", "2001-02-16 20:38:40.12", "epoch", 982355920.12},
    {"timestamp", "2006-01-01", "isoyear", 2005},
    {"timestamp", "2006-01-01 12:00", "julian", 2453737.5},
    {"timestamp", "0044-03-15 BC", "year", -44},
    {"timestamp", "0044-03-15 BC", "century", -1},
    {"timestamp", "infinity", "year", INFINITY},
    {"timestamp", "infinity", "month", 0},
    {"timestamptz", "2001-02-16 20:38:40+00", "timezone", 0},
    {"date", "2001-02-16", "epoch", 982281600},
    {"time", "20:38:40.5", "second", 40.5},
    {"timetz", "20:38:40+02:30", "timezone_minute", 30},
    {"interval", "1 year 2 mons 3 days 04:05:06.5", "month", 2},
    {"interval", "1 year 2 mons 3 days 04:05:06.5", "epoch", 31557600.0 + 63 * 86400 + 14706.5},
    {"interval", "100:00:00", "hour", 100},
};

static void test_extract(void)
{
    double v;
    for (size_t i = 0; i < ARRAY_LEN(extracts); i++) {
        struct type t = type_of(extracts[i].type);
        CHECK_INT(datetime_extract(t, datum_of(t, extracts[i].value), str_of(extracts[i].field), NULL, &v, NULL), 0);
        if (v != extracts[i].result)
            printf("  %s of %s is %.17g\n", extracts[i].field, extracts[i].value, v);
        CHECK(v == extracts[i].result);
    }
    struct err err = ERR_INIT;
    CHECK(datetime_extract(T_DATE, datum_int(0), STR("foo"), NULL, &v, &err) != 0);
    CHECK_STR(error_of(&err), "22023 unsupported timespan: foo");
    CHECK(datetime_extract(T_TIME, datum_int(0), STR("year"), NULL, &v, NULL) == ERR_INVALID_PARAMETER_VALUE);
}

static void test_trunc(void)
{
    static const struct {
        const char *field, *value, *result;
    } rows[] = {
        {"millennium", "2020-08-15 13:14:15.123456", "2001-01-01 00:00:00+00"},
        {"century", "2000-08-15 13:14:15.123456", "1901-01-01 00:00:00+00"},
        {"decade", "2019-08-15 13:14:15.123456", "2010-01-01 00:00:00+00"},
        {"year", "2020-08-15 13:14:15.123456", "2020-01-01 00:00:00+00"},
        {"quarter", "2020-08-15 13:14:15.123456", "2020-07-01 00:00:00+00"},
        {"month", "2020-08-15 13:14:15.123456", "2020-08-01 00:00:00+00"},
        {"week", "2020-08-16 13:14:15.123456", "2020-08-10 00:00:00+00"},
        {"day", "2020-08-15 13:14:15.123456", "2020-08-15 00:00:00+00"},
        {"hour", "2020-08-15 13:14:15.123456", "2020-08-15 13:00:00+00"},
        {"minute", "1960-08-15 13:14:15.123456", "1960-08-15 13:14:00+00"},
        {"second", "2020-08-15 13:14:15.123456", "2020-08-15 13:14:15+00"},
        {"milliseconds", "2020-08-15 13:14:15.123456", "2020-08-15 13:14:15.123+00"},
    };
    int64_t r;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_INT(timestamp_trunc(ts(rows[i].value), str_of(rows[i].field), NULL, &r, NULL), 0);
        CHECK_STR(ts_text(r, NULL), rows[i].result);
    }
    const struct zone *ny = zone("America/New_York");
    CHECK_INT(timestamp_trunc(ts("2020-03-08 20:30+00"), STR("day"), ny, &r, NULL), 0);
    CHECK_STR(ts_text(r, ny), "2020-03-08 00:00:00-05");
    CHECK_INT(timestamp_trunc(0, STR("dow"), NULL, &r, NULL), ERR_INVALID_PARAMETER_VALUE);
    struct interval v;
    CHECK_INT(interval_trunc(iv("1 year 5 mons 3 days"), STR("quarter"), &v, NULL), 0);
    CHECK_STR(iv_text(v, INTERVAL_STYLE_POSTGRES), "1 year 3 mons");
    CHECK_INT(time_trunc(MICROS_PER_HOUR + 5, STR("second"), &r, NULL), 0);
    CHECK_INT(r, MICROS_PER_HOUR);
}

#define RUN(name)                 \
    static void run_##name(void)  \
    {                             \
        arena_init(&arena, NULL); \
        test_##name();            \
        arena_release(&arena);    \
    }
RUN(calendar)
RUN(random_round_trips)
RUN(zones)
RUN(intervals)
RUN(arithmetic)
RUN(extract)
RUN(trunc)

CHECK_MAIN({"calendar", run_calendar}, {"random_round_trips", run_random_round_trips}, {"zones", run_zones},
           {"intervals", run_intervals}, {"arithmetic", run_arithmetic}, {"extract", run_extract}, {"trunc", run_trunc})
