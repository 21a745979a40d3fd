// to_char() of dates, times and intervals by PostgreSQL's template patterns, the inverse for to_date()/to_timestamp(),
// and strftime(). A picture is cut into patterns by longest match; what is no pattern is copied.
#include "sql/functions/datetime_format_int.h"
#include "types/datetime.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum pattern {
    P_YYYY,
    P_YYY,
    P_YY,
    P_Y,
    P_COMMA_YEAR,
    P_IYYY,
    P_IYY,
    P_IY,
    P_I,
    P_CC,
    P_BC,
    P_Q,
    P_MM,
    P_MONTH,
    P_MON,
    P_RM,
    P_WW,
    P_W,
    P_IW,
    P_DDD,
    P_IDDD,
    P_DD,
    P_D,
    P_ID,
    P_DAY,
    P_DY,
    P_J,
    P_HH24,
    P_HH12,
    P_MI,
    P_SS,
    P_SSSS,
    P_MS,
    P_US,
    P_FF,
    P_AM,
    P_AM_DOTS,
    P_TZ,
    P_TZH,
    P_TZM,
    P_OF,
};

// Longer spellings first where one is the start of another. The case of letters of names is that of the spelling.
static const struct {
    const char *text;
    enum pattern pattern;
} spellings[] = {
    {"Y,YYY", P_COMMA_YEAR},
    {"YYYY", P_YYYY},
    {"YYY", P_YYY},
    {"YY", P_YY},
    {"Y", P_Y},
    {"IYYY", P_IYYY},
    {"IYY", P_IYY},
    {"IY", P_IY},
    {"IDDD", P_IDDD},
    {"ID", P_ID},
    {"IW", P_IW},
    {"I", P_I},
    {"CC", P_CC},
    {"BC", P_BC},
    {"AD", P_BC},
    {"Q", P_Q},
    {"MONTH", P_MONTH},
    {"MON", P_MON},
    {"MM", P_MM},
    {"MI", P_MI},
    {"MS", P_MS},
    {"RM", P_RM},
    {"WW", P_WW},
    {"W", P_W},
    {"DDD", P_DDD},
    {"DD", P_DD},
    {"DAY", P_DAY},
    {"DY", P_DY},
    {"D", P_D},
    {"J", P_J},
    {"HH24", P_HH24},
    {"HH12", P_HH12},
    {"HH", P_HH12},
    {"SSSSS", P_SSSS},
    {"SSSS", P_SSSS},
    {"SS", P_SS},
    {"US", P_US},
    {"FF1", P_FF},
    {"FF2", P_FF},
    {"FF3", P_FF},
    {"FF4", P_FF},
    {"FF5", P_FF},
    {"FF6", P_FF},
    {"A.M.", P_AM_DOTS},
    {"P.M.", P_AM_DOTS},
    {"AM", P_AM},
    {"PM", P_AM},
    {"TZH", P_TZH},
    {"TZM", P_TZM},
    {"TZ", P_TZ},
    {"OF", P_OF},
};

static const char *const month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
static const char *const day_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const roman_months[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

// What one picture is about: the fields of a time, or of an interval (whose hours may exceed 24).
struct moment {
    struct civil c;
    int64_t hours; // not reduced to a day
    int64_t days;
    int64_t utc;
    const struct zone *zone;
    bool is_interval;
};

// A pattern of a picture with its modifiers.
struct element {
    enum pattern pattern;
    struct str text; // as spelled
    bool fill_off;   // FM
    bool ordinal;    // TH or th follows
    bool ordinal_upper;
};

static bool has_prefix_any_case(struct str s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && str_ieq(str_slice(s, 0, n), (struct str){prefix, n});
}

// Reads an element at *at; false when a plain character is there.
static bool next_element(struct str picture, size_t *at, struct element *e)
{
    struct str rest = str_slice(picture, *at, picture.len);
    *e = (struct element){0};
    if (has_prefix_any_case(rest, "FM")) {
        e->fill_off = true;
        rest = str_slice(rest, 2, rest.len);
    } else if (has_prefix_any_case(rest, "TM") || has_prefix_any_case(rest, "FX")) {
        rest = str_slice(rest, 2, rest.len);
    }
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        if (!has_prefix_any_case(rest, spellings[i].text))
            continue;
        size_t n = strlen(spellings[i].text);
        e->pattern = spellings[i].pattern;
        e->text = str_slice(rest, 0, n);
        rest = str_slice(rest, n, rest.len);
        e->ordinal = has_prefix_any_case(rest, "TH");
        e->ordinal_upper = e->ordinal && rest.ptr[0] == 'T';
        *at = (size_t)(rest.ptr - picture.ptr) + (e->ordinal ? 2 : 0);
        return true;
    }
    return false;
}

// Copies "quoted text", \x or one plain character.
static void copy_plain(struct buf *out, struct str picture, size_t *at)
{
    char c = picture.ptr[(*at)++];
    if (c == '"') {
        while (*at < picture.len && picture.ptr[*at] != '"') {
            if (picture.ptr[*at] == '\\' && *at + 1 < picture.len)
                ++*at;
            buf_putc(out, picture.ptr[(*at)++]);
        }
        ++*at;
    } else if (c == '\\' && *at < picture.len) {
        buf_putc(out, picture.ptr[(*at)++]);
    } else {
        buf_putc(out, c);
    }
}

static void put_number(struct buf *out, const struct element *e, int width, int64_t v)
{
    char digits[32];
    int n = snprintf(digits, sizeof(digits), "%0*lld", e->fill_off ? 0 : width + (v < 0), (long long)v);
    buf_append(out, digits, (size_t)n);
    if (!e->ordinal)
        return;
    int64_t last = llabs(v) % 10, teens = llabs(v) % 100;
    const char *suffix = teens >= 11 && teens <= 13 ? "th"
                         : last == 1                ? "st"
                         : last == 2                ? "nd"
                         : last == 3                ? "rd"
                                                    : "th";
    buf_printf(out, "%c%c", e->ordinal_upper ? toupper(suffix[0]) : suffix[0],
               e->ordinal_upper ? toupper(suffix[1]) : suffix[1]);
}

// A name in the case of the pattern's spelling, padded to `width`.
static void put_name(struct buf *out, const struct element *e, const char *name, size_t len, size_t width)
{
    bool first_upper = isupper((unsigned char)e->text.ptr[0]);
    bool rest_upper = first_upper && e->text.len > 1 && isupper((unsigned char)e->text.ptr[1]);
    for (size_t i = 0; i < len; i++) {
        bool upper = i == 0 ? first_upper : rest_upper;
        buf_putc(out, (char)(upper ? toupper((unsigned char)name[i]) : tolower((unsigned char)name[i])));
    }
    if (!e->fill_off && len < width)
        buf_fill(out, ' ', width - len);
}

static int64_t power_of_ten(int n)
{
    int64_t v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

static void put_offset(struct buf *out, const struct element *e, const struct moment *m)
{
    int32_t east = zone_offset_at(m->zone, m->utc), minutes = abs(east) / 60;
    if (e->pattern == P_TZM) {
        buf_printf(out, "%02d", minutes % 60);
        return;
    }
    buf_printf(out, "%c%02d", east < 0 ? '-' : '+', minutes / 60);
    if (e->pattern == P_OF && minutes % 60 != 0)
        buf_printf(out, ":%02d", minutes % 60);
}

static void put_zone(struct buf *out, const struct element *e, const struct moment *m)
{
    size_t from = out->len;
    zone_abbreviation(out, m->zone, m->utc);
    for (size_t i = from; islower((unsigned char)e->text.ptr[0]) && i < out->len; i++)
        out->ptr[i] = (char)tolower((unsigned char)out->ptr[i]);
}

static int64_t shown_year(const struct moment *m)
{
    return m->is_interval || m->c.year > 0 ? m->c.year : 1 - m->c.year;
}

static void put_year_element(struct buf *out, const struct element *e, const struct moment *m)
{
    int64_t iso_year = m->c.year, year = shown_year(m);
    if (!m->is_interval)
        iso_week(m->days, &iso_year);
    switch (e->pattern) {
    case P_YYYY:
        put_number(out, e, 4, year);
        break;
    case P_YYY:
        put_number(out, e, 3, year % 1000);
        break;
    case P_YY:
        put_number(out, e, 2, year % 100);
        break;
    case P_Y:
        put_number(out, e, 1, year % 10);
        break;
    case P_COMMA_YEAR:
        buf_printf(out, "%lld,%03lld", (long long)year / 1000, (long long)year % 1000);
        break;
    case P_IYYY:
        put_number(out, e, 4, iso_year);
        break;
    case P_IYY:
        put_number(out, e, 3, iso_year % 1000);
        break;
    case P_IY:
        put_number(out, e, 2, iso_year % 100);
        break;
    case P_I:
        put_number(out, e, 1, iso_year % 10);
        break;
    case P_CC:
        put_number(out, e, 2, m->is_interval ? year / 100 : m->c.year > 0 ? (year + 99) / 100 : -((year + 99) / 100));
        break;
    default:
        put_name(out, e, m->c.year > 0 ? "AD" : "BC", 2, 0);
        break;
    }
}

// Of an interval, all its days.
static int64_t shown_day_of_year(const struct moment *m)
{
    return m->is_interval ? (m->c.year * 12 + m->c.month) * (int64_t)DAYS_PER_MONTH + m->c.day : day_of_year(&m->c);
}

static void put_month_element(struct buf *out, const struct element *e, const struct moment *m)
{
    int64_t iso_year, doy = shown_day_of_year(m);
    int month = m->c.month;
    bool named = month >= 1 && month <= 12;
    switch (e->pattern) {
    case P_Q:
        if (named)
            put_number(out, e, 1, (month + 2) / 3);
        break;
    case P_MM:
        put_number(out, e, 2, month);
        break;
    case P_MONTH:
        if (named)
            put_name(out, e, month_names[month - 1], strlen(month_names[month - 1]), 9);
        break;
    case P_MON:
        if (named)
            put_name(out, e, month_names[month - 1], 3, 3);
        break;
    case P_RM:
        if (named)
            put_name(out, e, roman_months[month - 1], strlen(roman_months[month - 1]), 4);
        break;
    case P_WW:
        put_number(out, e, 2, (doy - 1) / 7 + 1);
        break;
    case P_W:
        put_number(out, e, 1, (m->c.day - 1) / 7 + 1);
        break;
    default:
        put_number(out, e, 2, m->is_interval ? 0 : iso_week(m->days, &iso_year));
        break;
    }
}

static void put_day_element(struct buf *out, const struct element *e, const struct moment *m)
{
    int64_t iso_year;
    int dow = day_of_week(m->days), iso_dow = dow == 0 ? 7 : dow;
    switch (e->pattern) {
    case P_DDD:
        put_number(out, e, 3, shown_day_of_year(m));
        break;
    case P_IDDD:
        put_number(out, e, 3, (iso_week(m->days, &iso_year) - 1) * 7 + iso_dow);
        break;
    case P_DD:
        put_number(out, e, 2, m->c.day);
        break;
    case P_D:
        put_number(out, e, 1, dow + 1);
        break;
    case P_ID:
        put_number(out, e, 1, iso_dow);
        break;
    case P_DAY:
        put_name(out, e, day_names[dow], strlen(day_names[dow]), 9);
        break;
    case P_DY:
        put_name(out, e, day_names[dow], 3, 3);
        break;
    default: // Julian day
        put_number(out, e, 1, m->days + 2440588);
        break;
    }
}

static void put_time_element(struct buf *out, const struct element *e, const struct moment *m)
{
    int digits;
    switch (e->pattern) {
    case P_HH24:
        put_number(out, e, 2, m->hours);
        break;
    case P_HH12:
        put_number(out, e, 2, m->hours % 12 == 0 ? 12 : m->hours % 12);
        break;
    case P_MI:
        put_number(out, e, 2, m->c.minute);
        break;
    case P_SS:
        put_number(out, e, 2, m->c.second);
        break;
    case P_SSSS:
        put_number(out, e, 1, m->hours * 3600 + m->c.minute * 60 + m->c.second);
        break;
    case P_MS:
        put_number(out, e, 3, m->c.micro / 1000);
        break;
    case P_US:
        put_number(out, e, 6, m->c.micro);
        break;
    case P_FF:
        digits = e->text.ptr[2] - '0';
        put_number(out, e, digits, m->c.micro / power_of_ten(6 - digits));
        break;
    case P_AM:
        put_name(out, e, m->hours % 24 >= 12 ? "PM" : "AM", 2, 0);
        break;
    case P_AM_DOTS:
        buf_cstr(out, isupper((unsigned char)e->text.ptr[0]) ? m->hours % 24 >= 12 ? "P.M." : "A.M."
                      : m->hours % 24 >= 12                  ? "p.m."
                                                             : "a.m.");
        break;
    case P_TZ:
        put_zone(out, e, m);
        break;
    default:
        put_offset(out, e, m);
        break;
    }
}

static void format_moment(struct buf *out, const struct moment *m, struct str picture)
{
    for (size_t at = 0; at < picture.len;) {
        struct element e;
        if (!next_element(picture, &at, &e))
            copy_plain(out, picture, &at);
        else if (e.pattern <= P_BC)
            put_year_element(out, &e, m);
        else if (e.pattern <= P_IW)
            put_month_element(out, &e, m);
        else if (e.pattern < P_HH24)
            put_day_element(out, &e, m);
        else
            put_time_element(out, &e, m);
    }
}

int datetime_format(struct buf *out, int64_t local, int64_t utc, const struct zone *z, struct str picture,
                    struct err *err)
{
    if (datetime_is_infinite(local)) {
        timestamp_print(out, local);
        return 0;
    }
    struct moment m = {.utc = utc, .zone = z, .days = micros_floor_div(local, MICROS_PER_DAY)};
    civil_from_micros(local, &m.c);
    m.hours = m.c.hour;
    format_moment(out, &m, picture);
    return 0;
}

// Intervals have no names of days and months, no eras and no zones.
static int check_interval_picture(struct str picture, struct err *err)
{
    static const enum pattern refused[] = {P_BC, P_MONTH, P_MON, P_D, P_ID, P_DAY, P_DY, P_TZ, P_TZH, P_TZM, P_OF};
    for (size_t at = 0; at < picture.len;) {
        struct element e;
        if (!next_element(picture, &at, &e)) {
            struct buf ignored = BUF_INIT;
            copy_plain(&ignored, picture, &at);
            buf_release(&ignored);
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
            if (e.pattern == refused[i]) {
                err_set(err, ERR_INVALID_DATETIME_FORMAT, "invalid format specification for an interval value");
                return err_hint(err, "Intervals are not tied to specific calendar dates.");
            }
        }
    }
    return 0;
}

int interval_format(struct buf *out, struct interval iv, struct str picture, struct err *err)
{
    TRY(check_interval_picture(picture, err));
    int64_t seconds = iv.micros / MICROS_PER_SECOND;
    struct moment m = {.is_interval = true,
                       .c = {.year = iv.months / 12,
                             .month = iv.months % 12,
                             .day = iv.days,
                             .minute = (int)(seconds / 60 % 60),
                             .second = (int)(seconds % 60),
                             .micro = (int)(iv.micros % MICROS_PER_SECOND)},
                       .hours = seconds / 3600};
    format_moment(out, &m, picture);
    return 0;
}

// ---- strftime

static void put_conversion(struct buf *out, const struct tm *tm, const struct civil *c, char letter)
{
    if (letter == 'f') {
        buf_printf(out, "%06d", c->micro);
        return;
    }
    char format[3] = {'%', letter, '\0'}, text[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t n = strftime(text, sizeof(text), format, tm);
#pragma GCC diagnostic pop
    buf_append(out, text, n);
}

void datetime_strftime(struct buf *out, int64_t local, struct str format)
{
    struct civil c;
    civil_from_micros(local, &c);
    struct tm tm = {.tm_year = (int)(c.year - 1900),
                    .tm_mon = c.month - 1,
                    .tm_mday = c.day,
                    .tm_hour = c.hour,
                    .tm_min = c.minute,
                    .tm_sec = c.second,
                    .tm_wday = day_of_week(micros_floor_div(local, MICROS_PER_DAY)),
                    .tm_yday = day_of_year(&c) - 1,
                    .tm_zone = "UTC"};
    static const char known[] = "aAbBcCdDeFfghHIjklmMnprRsStTuUVwWxXyYzZ%";
    for (size_t i = 0; i < format.len; i++) {
        bool conversion = format.ptr[i] == '%' && i + 1 < format.len && strchr(known, format.ptr[i + 1]) != NULL;
        if (conversion)
            put_conversion(out, &tm, &c, format.ptr[++i]);
        else
            buf_putc(out, format.ptr[i]);
    }
}

// ---- reading by a picture

struct scan {
    struct str text;
    size_t at;
    int64_t year, month, day, day_of_year, hour, minute, second, micro, julian;
    bool pm, has_meridiem, bc;
};

static int scan_number(struct scan *s, int width_max, int64_t *out, struct err *err)
{
    while (s->at < s->text.len && s->text.ptr[s->at] == ' ')
        s->at++;
    size_t from = s->at;
    bool negative = s->at < s->text.len && s->text.ptr[s->at] == '-';
    s->at += negative;
    size_t digits = s->at;
    int64_t v = 0;
    while (s->at < s->text.len && s->at - digits < (size_t)width_max && isdigit((unsigned char)s->text.ptr[s->at]))
        v = v * 10 + (s->text.ptr[s->at++] - '0');
    if (s->at == digits)
        return err_set(err, ERR_INVALID_DATETIME_FORMAT, "invalid value \"%.*s\" in date or time",
                       STR_FMT(str_slice(s->text, from, MIN(s->text.len, from + 4))));
    *out = negative ? -v : v;
    return 0;
}

static int scan_name(struct scan *s, const char *const *names, int n, size_t abbreviated, int64_t *out, struct err *err)
{
    struct str rest = str_slice(s->text, s->at, s->text.len);
    for (int i = 0; i < n; i++) {
        size_t len = abbreviated != 0 ? abbreviated : strlen(names[i]);
        if (rest.len >= len && str_ieq(str_slice(rest, 0, len), (struct str){names[i], len})) {
            *out = i + 1;
            s->at += len;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID_DATETIME_FORMAT, "invalid value \"%.*s\" in date or time",
                   STR_FMT(str_slice(rest, 0, MIN(rest.len, 4))));
}

static int scan_fraction(struct scan *s, int digits, struct err *err)
{
    size_t from = s->at;
    TRY(scan_number(s, digits, &s->micro, err));
    s->micro *= power_of_ten(6 - (int)MIN(s->at - from, 6));
    return 0;
}

static int scan_letters(struct scan *s, size_t n, struct err *err)
{
    if (s->text.len - s->at < n)
        return err_set(err, ERR_INVALID_DATETIME_FORMAT, "date or time is too short for its format");
    s->at += n;
    return 0;
}

static int scan_element(struct scan *s, const struct element *e, struct err *err)
{
    int64_t ignored;
    switch (e->pattern) {
    case P_YYYY:
    case P_IYYY:
        return scan_number(s, 4, &s->year, err);
    case P_YYY:
    case P_YY:
    case P_Y:
        TRY(scan_number(s, 4, &s->year, err));
        if (s->year < 100)
            s->year += s->year < 70 ? 2000 : 1900;
        return 0;
    case P_MM:
        return scan_number(s, 2, &s->month, err);
    case P_MONTH:
        return scan_name(s, month_names, 12, 0, &s->month, err);
    case P_MON:
        return scan_name(s, month_names, 12, 3, &s->month, err);
    case P_DD:
        return scan_number(s, 2, &s->day, err);
    case P_DDD:
        return scan_number(s, 3, &s->day_of_year, err);
    case P_DAY:
        return scan_name(s, day_names, 7, 0, &ignored, err);
    case P_DY:
        return scan_name(s, day_names, 7, 3, &ignored, err);
    case P_J:
        return scan_number(s, 8, &s->julian, err);
    case P_HH24:
    case P_HH12:
        return scan_number(s, 2, &s->hour, err);
    case P_MI:
        return scan_number(s, 2, &s->minute, err);
    case P_SS:
        return scan_number(s, 2, &s->second, err);
    case P_MS:
        return scan_fraction(s, 3, err);
    case P_US:
        return scan_fraction(s, 6, err);
    case P_FF:
        return scan_fraction(s, e->text.ptr[2] - '0', err);
    case P_AM:
    case P_AM_DOTS:
        s->has_meridiem = true;
        s->pm = s->at < s->text.len && toupper((unsigned char)s->text.ptr[s->at]) == 'P';
        return scan_letters(s, e->text.len, err);
    case P_BC:
        s->bc = s->at < s->text.len && toupper((unsigned char)s->text.ptr[s->at]) == 'B';
        return scan_letters(s, 2, err);
    default:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "format pattern \"%.*s\" is not supported for reading",
                       STR_FMT(e->text));
    }
}

static int scan_result(const struct scan *s, int64_t *local, struct err *err)
{
    int64_t hour = s->hour, days;
    if (s->has_meridiem && (hour < 1 || hour > 12))
        return err_set(err, ERR_INVALID_DATETIME_FORMAT, "hour \"%lld\" is invalid for the 12-hour clock",
                       (long long)hour);
    if (s->has_meridiem)
        hour = hour % 12 + (s->pm ? 12 : 0);
    if (hour > 24 || s->minute > 59 || s->second > 59)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"%.*s\"",
                       STR_FMT(s->text));
    TRY(date_make(s->bc ? 1 - s->year : s->year, (int)s->month, (int)s->day, &days, err));
    if (s->day_of_year > 0)
        days = days_from_civil(s->year, 1, 1) + s->day_of_year - 1;
    if (s->julian > 0)
        days = s->julian - 2440588;
    TRY(timestamp_from_date(days, local, err));
    *local += hour * MICROS_PER_HOUR + s->minute * MICROS_PER_MINUTE + s->second * MICROS_PER_SECOND + s->micro;
    return 0;
}

int datetime_scan(struct str text, struct str picture, int64_t *local, struct err *err)
{
    struct scan s = {.text = str_trim(text), .year = 1, .month = 1, .day = 1};
    for (size_t at = 0; at < picture.len;) {
        struct element e;
        if (next_element(picture, &at, &e)) {
            TRY(scan_element(&s, &e, err));
        } else {
            struct buf skipped = BUF_INIT;
            copy_plain(&skipped, picture, &at);
            s.at = MIN(s.at + skipped.len, s.text.len);
            buf_release(&skipped);
        }
    }
    return scan_result(&s, local, err);
}
