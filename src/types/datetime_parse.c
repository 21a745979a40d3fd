// Reading dates and times as people and programs write them: ISO 8601, PostgreSQL's and CockroachDB's forms, keywords.
//
// The text is taken apart into tokens that fill `struct scan`; then the target type takes the parts it needs.
#include "types/datetime.h"
#include "types/types_int.h"

enum { JULIAN_OF_EPOCH = 2440588 }; // 1970-01-01

enum special {
    SPECIAL_NONE,
    SPECIAL_EPOCH,
    SPECIAL_INFINITY,
    SPECIAL_MINUS_INFINITY,
    SPECIAL_NOW,
    SPECIAL_TODAY,
    SPECIAL_TOMORROW,
    SPECIAL_YESTERDAY,
};

struct scan {
    struct str text;
    size_t at;
    const struct value_context *vc;
    struct type type;
    struct err *err;
    enum special special;
    bool has_year, has_month, has_day, has_time, has_zone, bc, pm, has_meridiem, month_by_name, time_expected, julian;
    int64_t julian_day; // counts from 4714-11-24 BC; julian: given instead of year, month and day
    int year_digits;
    int64_t year;
    int month, day, day_of_year; // day_of_year 0: not given
    int hour, minute, second, micro;
    const struct zone *zone; // has_zone: NULL means the fixed offset
    int32_t offset;
};

static int syntax_error(struct scan *s)
{
    struct buf quoted = BUF_INIT;
    buf_putc(&quoted, '"');
    buf_str(&quoted, str_slice(s->text, 0, MIN(s->text.len, (size_t)200)));
    buf_putc(&quoted, '"');
    int rc = err_set(s->err, ERR_INVALID_DATETIME_FORMAT, "parsing as type %s: could not parse %s",
                     type_family_name(s->type), buf_c(&quoted));
    buf_release(&quoted);
    return rc;
}

static int range_error(struct scan *s, const char *field, int64_t value)
{
    return err_set(s->err, ERR_DATETIME_FIELD_OVERFLOW, "parsing as type %s: field %s value %lld is out of range",
                   type_family_name(s->type), field, (long long)value);
}

static int missing_error(struct scan *s, const char *what)
{
    return err_set(s->err, ERR_INVALID_DATETIME_FORMAT, "parsing as type %s: missing required %s fields",
                   type_family_name(s->type), what);
}

// --- tokens -------------------------------------------------------------------------------------------------------

static char peek(const struct scan *s, size_t ahead)
{
    return s->at + ahead < s->text.len ? s->text.ptr[s->at + ahead] : '\0';
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static struct str take_digits(struct scan *s)
{
    size_t from = s->at;
    while (is_digit(peek(s, 0)))
        s->at++;
    return str_slice(s->text, from, s->at);
}

static struct str take_letters(struct scan *s)
{
    size_t from = s->at;
    while (is_letter(peek(s, 0)))
        s->at++;
    return str_slice(s->text, from, s->at);
}

static int64_t number_of(struct str digits)
{
    int64_t v = 0;
    for (size_t i = 0; i < digits.len && v < INT64_C(1000000000000); i++)
        v = v * 10 + (digits.ptr[i] - '0');
    return v;
}

// Digits after the point as microseconds, rounded half up.
static int fraction_micros(struct str digits)
{
    int v = 0;
    for (size_t i = 0; i < 6; i++)
        v = v * 10 + (i < digits.len ? digits.ptr[i] - '0' : 0);
    return v + (digits.len > 6 && digits.ptr[6] >= '5');
}

static int month_of(struct str word)
{
    static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
    if (str_ieqc(word, "sept"))
        return 9;
    for (int i = 0; i < 12; i++) {
        if (str_ieqc(word, names[i]) || (word.len == 3 && str_ieq(word, (struct str){names[i], 3})))
            return i + 1;
    }
    return 0;
}

static bool is_weekday(struct str word)
{
    static const char *const names[] = {"sunday",   "monday", "tuesday", "wednesday", "thursday", "friday",
                                        "saturday", "tues",   "wednes",  "weds",      "thur",     "thurs"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_ieqc(word, names[i]) || (word.len == 3 && str_ieq(word, (struct str){names[i], 3})))
            return true;
    }
    return false;
}

static enum special special_of(struct str word)
{
    static const struct {
        const char *word;
        enum special special;
    } words[] = {
        {"epoch", SPECIAL_EPOCH},         {"infinity", SPECIAL_INFINITY},
        {"inf", SPECIAL_INFINITY},        {"now", SPECIAL_NOW},
        {"today", SPECIAL_TODAY},         {"tomorrow", SPECIAL_TOMORROW},
        {"yesterday", SPECIAL_YESTERDAY},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_ieqc(word, words[i].word))
            return words[i].special;
    }
    return SPECIAL_NONE;
}

// --- dates --------------------------------------------------------------------------------------------------------

static void set_year(struct scan *s, struct str digits)
{
    s->year = number_of(digits);
    s->year_digits = (int)digits.len;
    s->has_year = true;
}

static void set_month(struct scan *s, int month)
{
    s->month = month;
    s->has_month = true;
}

static void set_day(struct scan *s, struct str digits)
{
    s->day = (int)MIN(number_of(digits), 1000);
    s->has_day = true;
}

// Three numbers: year first when it has three digits or more, else by DateStyle.
static void set_three(struct scan *s, struct str a, struct str b, struct str c)
{
    if (a.len >= 3 || s->vc->date_order == DATE_ORDER_YMD) {
        set_year(s, a);
        set_month(s, (int)MIN(number_of(b), 1000));
        set_day(s, c);
        return;
    }
    bool day_first = s->vc->date_order == DATE_ORDER_DMY;
    set_month(s, (int)MIN(number_of(day_first ? b : a), 1000));
    set_day(s, day_first ? a : b);
    set_year(s, c);
}

// One named month between or before two numbers: 8-Jan-1999, 1999-Jan-08.
static void set_named(struct scan *s, struct str a, int month, struct str c)
{
    bool year_first = a.len >= 3 || (c.len <= 2 && s->vc->date_order == DATE_ORDER_YMD);
    set_month(s, month);
    s->month_by_name = true;
    set_year(s, year_first ? a : c);
    set_day(s, year_first ? c : a);
}

// `first` has been read and a separator follows.
static int scan_separated_date(struct scan *s, struct str first)
{
    char separator = peek(s, 0);
    s->at++;
    if (is_letter(peek(s, 0))) {
        int month = month_of(take_letters(s));
        if (month == 0 || peek(s, 0) != separator)
            return syntax_error(s);
        s->at++;
        set_named(s, first, month, take_digits(s));
        return 0;
    }
    struct str second = take_digits(s);
    if (second.len == 0)
        return syntax_error(s);
    if (peek(s, 0) != separator || !is_digit(peek(s, 1))) {
        if (second.len != 3 || first.len < 3) // 1999-008 or 1999.008
            return syntax_error(s);
        set_year(s, first);
        s->day_of_year = (int)number_of(second);
        s->has_month = s->has_day = true;
        return s->day_of_year == 0 ? range_error(s, "day", 0) : 0;
    }
    s->at++;
    set_three(s, first, second, take_digits(s));
    return 0;
}

static bool date_complete(const struct scan *s)
{
    return s->has_year && s->has_month && s->has_day;
}

// --- times --------------------------------------------------------------------------------------------------------

static int scan_fraction(struct scan *s)
{
    if (peek(s, 0) != '.' && peek(s, 0) != ',')
        return 0;
    if (!is_digit(peek(s, 1)))
        return peek(s, 0) == ',' ? 0 : syntax_error(s);
    s->at++;
    s->micro = fraction_micros(take_digits(s));
    return 0;
}

static int set_time(struct scan *s, int64_t hour, int64_t minute, int64_t second)
{
    if (s->has_time)
        return syntax_error(s);
    s->has_time = true;
    s->time_expected = false;
    if (hour > 24)
        return range_error(s, "hour", hour);
    if (minute > 59)
        return range_error(s, "minute", minute);
    if (second > 60)
        return range_error(s, "second", second);
    s->hour = (int)hour;
    s->minute = (int)minute;
    s->second = (int)second;
    return 0;
}

// After "hh" with a colon next.
static int scan_colon_time(struct scan *s, struct str hour)
{
    s->at++;
    struct str minute = take_digits(s), second = STR("0");
    if (minute.len == 0 || hour.len > 2 || minute.len > 2)
        return syntax_error(s);
    if (peek(s, 0) == ':') {
        s->at++;
        second = take_digits(s);
        if (second.len == 0 || second.len > 2)
            return syntax_error(s);
        TRY(scan_fraction(s));
    }
    return set_time(s, number_of(hour), number_of(minute), number_of(second));
}

// hh, hhmm, hhmmss with an optional fraction.
static int scan_packed_time(struct scan *s, struct str digits)
{
    if (digits.len != 2 && digits.len != 4 && digits.len != 6)
        return syntax_error(s);
    int64_t v = number_of(digits);
    if (digits.len == 6)
        TRY(scan_fraction(s));
    v *= digits.len == 2 ? 10000 : digits.len == 4 ? 100 : 1;
    return set_time(s, v / 10000, v / 100 % 100, v % 100);
}

// +hh, +hhmm, +hh:mm, +hh:mm:ss
static int scan_offset(struct scan *s)
{
    bool negative = peek(s, 0) == '-';
    s->at++;
    struct str digits = take_digits(s);
    int64_t h = number_of(digits), m = 0, sec = 0;
    if (digits.len == 0 || digits.len > 6 || s->has_zone)
        return syntax_error(s);
    if (digits.len > 4) {
        sec = h % 100;
        h /= 100;
    }
    if (digits.len > 2) {
        m = h % 100;
        h /= 100;
    }
    for (int64_t *part = digits.len > 2 ? NULL : &m; part != NULL && peek(s, 0) == ':';
         part = part == &m ? &sec : NULL) {
        s->at++;
        *part = number_of(take_digits(s));
    }
    if (h > 15 || m > 59 || sec > 59)
        return err_set(s->err, ERR_INVALID_TIME_ZONE_DISPLACEMENT_VALUE,
                       "parsing as type %s: time zone displacement out of range", type_family_name(s->type));
    s->offset = (int32_t)((h * 3600 + m * 60 + sec) * (negative ? -1 : 1));
    s->has_zone = true;
    return 0;
}

static int scan_zone_name(struct scan *s, size_t from)
{
    while (s->at < s->text.len && !is_blank(peek(s, 0)) && peek(s, 0) != ',')
        s->at++;
    struct err soft = ERR_INIT;
    int rc = s->has_zone ? 1 : zone_find(str_slice(s->text, from, s->at), ZONE_SIGN_POSIX, &s->zone, &soft);
    err_reset(&soft);
    s->has_zone = true;
    return rc != 0 ? syntax_error(s) : 0;
}

// --- the loop -----------------------------------------------------------------------------------------------------

bool date_style_parse(struct str text, enum date_order *order)
{
    for (size_t i = 0; i < text.len;) {
        size_t from = i;
        while (i < text.len && text.ptr[i] != ',')
            i++;
        struct str part = str_trim(str_slice(text, from, i++));
        if (str_ieqc(part, "mdy") || str_ieqc(part, "us") || str_ieqc(part, "noneuropean"))
            *order = DATE_ORDER_MDY;
        else if (str_ieqc(part, "dmy") || str_ieqc(part, "european"))
            *order = DATE_ORDER_DMY;
        else if (str_ieqc(part, "ymd"))
            *order = DATE_ORDER_YMD;
        else if (!str_ieqc(part, "iso") && !str_ieqc(part, "default"))
            return false;
    }
    return true;
}

static int scan_word(struct scan *s)
{
    size_t from = s->at;
    struct str word = take_letters(s);
    int month = s->has_month ? 0 : month_of(word);
    enum special special = special_of(word);
    if (special != SPECIAL_NONE) {
        s->special = special;
    } else if (month != 0) {
        set_month(s, month);
        s->month_by_name = true;
    } else if (str_ieqc(word, "am") || str_ieqc(word, "pm")) {
        s->has_meridiem = true;
        s->pm = lower(word.ptr[0]) == 'p';
    } else if (str_ieqc(word, "bc") || str_ieqc(word, "ad")) {
        s->bc = lower(word.ptr[0]) == 'b';
    } else if (str_ieqc(word, "allballs")) {
        s->has_zone = true;
        return set_time(s, 0, 0, 0);
    } else if (str_ieqc(word, "t") && is_digit(peek(s, 0))) {
        s->time_expected = true;
    } else if (str_ieqc(word, "j") && is_digit(peek(s, 0)) && !s->has_year && !s->has_month) {
        s->julian = s->has_year = s->has_month = s->has_day = true;
        s->year = s->year_digits = 4; // any year that resolves
        s->julian_day = number_of(take_digits(s));
    } else if (is_weekday(word) || str_ieqc(word, "at") || str_ieqc(word, "on")) {
        return 0; // noise
    } else {
        return scan_zone_name(s, from);
    }
    return 0;
}

// A number that no separator explains: by its length and by what is still missing.
static int scan_lone_number(struct scan *s, struct str digits)
{
    if (s->time_expected || (date_complete(s) && !s->has_time && digits.len >= 4))
        return scan_packed_time(s, digits);
    if (digits.len == 8 && !s->has_year && !s->has_month) {
        set_three(s, str_slice(digits, 0, 4), str_slice(digits, 4, 6), str_slice(digits, 6, 8));
        return 0;
    }
    bool time_type = s->type.family == TYPE_TIME || s->type.family == TYPE_TIMETZ;
    if (time_type && !s->has_time && (digits.len == 6 || digits.len == 4) && !s->has_month)
        return scan_packed_time(s, digits);
    if (digits.len == 6 && !s->has_year && !s->has_month) {
        set_year(s, str_slice(digits, 0, 2));
        set_month(s, (int)number_of(str_slice(digits, 2, 4)));
        set_day(s, str_slice(digits, 4, 6));
        return 0;
    }
    // "10 PM": an hour alone
    size_t after = s->at;
    while (after < s->text.len && is_blank(s->text.ptr[after]))
        after++;
    bool meridiem = s->text.len - after >= 2 && lower(s->text.ptr[after + 1]) == 'm' &&
                    (lower(s->text.ptr[after]) == 'a' || lower(s->text.ptr[after]) == 'p');
    if (meridiem && digits.len <= 2)
        return set_time(s, number_of(digits), 0, 0);
    if (!s->has_day && digits.len <= 2 && (s->month_by_name || !s->has_month))
        set_day(s, digits);
    else if (!s->has_year && (s->has_month || digits.len == 4)) // "Jan 8 1999", "1999 Jan 8"
        set_year(s, digits);
    else
        return syntax_error(s);
    return 0;
}

static int scan_number(struct scan *s)
{
    struct str digits = take_digits(s);
    char next = peek(s, 0);
    if (next == ':')
        return scan_colon_time(s, digits);
    bool separator = next == '-' || next == '/' || (next == '.' && !s->time_expected);
    if (separator && !s->has_year && !s->has_month)
        return scan_separated_date(s, digits);
    return scan_lone_number(s, digits);
}

static int scan_sign(struct scan *s)
{
    if (peek(s, 0) == '-' && (str_ieqc(str_slice(s->text, s->at + 1, s->text.len), "infinity") ||
                              str_ieqc(str_slice(s->text, s->at + 1, s->text.len), "inf"))) {
        s->special = SPECIAL_MINUS_INFINITY;
        s->at = s->text.len;
        return 0;
    }
    if (!s->has_time && !date_complete(s)) {
        if (s->has_month && peek(s, 0) == '-') { // Jan-08-1999
            s->at++;
            return 0;
        }
        return syntax_error(s);
    }
    return scan_offset(s);
}

static int scan_tokens(struct scan *s)
{
    while (s->at < s->text.len) {
        char c = peek(s, 0);
        if (is_blank(c) || c == ',')
            s->at++;
        else if (is_digit(c))
            TRY(scan_number(s));
        else if (is_letter(c))
            TRY(scan_word(s));
        else if (c == '+' || c == '-')
            TRY(scan_sign(s));
        else
            return syntax_error(s);
    }
    return 0;
}

// --- checks and results -------------------------------------------------------------------------------------------

static int resolve_year(struct scan *s)
{
    if (s->year_digits <= 2 && !s->bc)
        s->year += s->year < 70 ? 2000 : 1900;
    if (s->year == 0)
        return range_error(s, "year", 0);
    if (s->bc)
        s->year = 1 - s->year;
    return 0;
}

static int resolve_time(struct scan *s)
{
    if (s->has_meridiem) {
        if (!s->has_time || s->hour > 12)
            return syntax_error(s);
        s->hour = s->hour % 12 + (s->pm ? 12 : 0);
    }
    if (s->hour == 24 && (s->minute | s->second | s->micro) != 0)
        return range_error(s, "hour", 24);
    return 0;
}

static int scan_all(struct scan *s, struct str text, struct type t, const struct value_context *vc, struct err *err)
{
    *s = (struct scan){.text = str_trim(text), .vc = vc, .type = t, .err = err};
    if (s->text.len == 0)
        return err_set(err, ERR_INVALID_DATETIME_FORMAT, "parsing as type %s: empty or blank input",
                       type_family_name(t));
    TRY(scan_tokens(s));
    if (s->has_year)
        TRY(resolve_year(s));
    return resolve_time(s);
}

static int64_t time_of(const struct scan *s)
{
    return s->hour * MICROS_PER_HOUR + s->minute * MICROS_PER_MINUTE + s->second * MICROS_PER_SECOND + s->micro;
}

static int date_of(struct scan *s, int64_t *out)
{
    if (!date_complete(s))
        return missing_error(s, "date");
    if (s->julian)
        return date_add_days(-JULIAN_OF_EPOCH, s->julian_day, out, s->err);
    if (s->year > 5874897 || s->year < -4713)
        return err_set(s->err, ERR_DATETIME_FIELD_OVERFLOW, "%s is out of range: \"%.*s\"", type_family_name(s->type),
                       STR_FMT(s->text));
    if (s->day_of_year != 0) {
        int64_t first = days_from_civil(s->year, 1, 1);
        if (s->day_of_year > days_from_civil(s->year + 1, 1, 1) - first)
            return range_error(s, "day", s->day_of_year);
        return date_add_days(first, s->day_of_year - 1, out, s->err);
    }
    if (s->month < 1 || s->month > 12)
        return range_error(s, "month", s->month);
    if (s->day < 1 || s->day > days_in_month(s->year, s->month))
        return range_error(s, "day", s->day);
    return date_make(s->year, s->month, s->day, out, s->err);
}

// Local days of now, today … in the session's zone.
static int64_t special_days(const struct scan *s)
{
    int64_t today = date_from_timestamp(zone_to_local(s->vc->zone, s->vc->txn_now_micros));
    return today + (s->special == SPECIAL_TOMORROW) - (s->special == SPECIAL_YESTERDAY);
}

// Wall-clock microseconds; keywords are already complete (true).
static int local_timestamp(struct scan *s, bool *is_special, int64_t *out)
{
    *is_special = true;
    switch (s->special) {
    case SPECIAL_INFINITY:
        *out = DATETIME_INFINITY;
        return 0;
    case SPECIAL_MINUS_INFINITY:
        *out = DATETIME_MINUS_INFINITY;
        return 0;
    case SPECIAL_EPOCH:
        *out = 0;
        return 0;
    case SPECIAL_NOW:
        *out = s->vc->txn_now_micros;
        return 0;
    default:
        break;
    }
    *is_special = false;
    int64_t days;
    if (s->special != SPECIAL_NONE)
        days = special_days(s);
    else
        TRY(date_of(s, &days));
    TRY(timestamp_from_date(days, out, s->err));
    *out += time_of(s);
    return 0;
}

int date_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err)
{
    struct scan s;
    TRY(scan_all(&s, text, T_DATE, vc, err));
    switch (s.special) {
    case SPECIAL_INFINITY:
        *out = DATETIME_INFINITY;
        return 0;
    case SPECIAL_MINUS_INFINITY:
        *out = DATETIME_MINUS_INFINITY;
        return 0;
    case SPECIAL_EPOCH:
        *out = 0;
        return 0;
    case SPECIAL_NONE:
        return date_of(&s, out);
    default:
        *out = special_days(&s);
        return 0;
    }
}

// "2020-01-02 03:04:05.678" with optional T: the form programs send, without the scanner's bookkeeping.
static bool parse_iso(struct str s, int64_t *out)
{
    static const char shape[] = "dddd-dd-dd dd:dd:dd";
    if (s.len < sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool ok = shape[i] == 'd' ? is_digit(s.ptr[i]) : s.ptr[i] == shape[i] || (shape[i] == ' ' && s.ptr[i] == 'T');
        if (!ok)
            return false;
    }
    struct civil c = {.year = number_of(str_slice(s, 0, 4)),
                      .month = (int)number_of(str_slice(s, 5, 7)),
                      .day = (int)number_of(str_slice(s, 8, 10)),
                      .hour = (int)number_of(str_slice(s, 11, 13)),
                      .minute = (int)number_of(str_slice(s, 14, 16)),
                      .second = (int)number_of(str_slice(s, 17, 19))};
    if (s.len > 19) {
        struct str fraction = str_slice(s, 20, s.len);
        if (s.ptr[19] != '.' || fraction.len == 0 || fraction.len > 6)
            return false;
        for (size_t i = 0; i < fraction.len; i++) {
            if (!is_digit(fraction.ptr[i]))
                return false;
        }
        c.micro = fraction_micros(fraction);
    }
    if (c.year == 0 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > days_in_month(c.year, c.month) ||
        c.hour > 23 || c.minute > 59 || c.second > 59)
        return false;
    *out = micros_from_civil(&c);
    return true;
}

int timestamp_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err)
{
    if (LIKELY(parse_iso(text, out)))
        return 0;
    struct scan s;
    bool special;
    TRY(scan_all(&s, text, T_TIMESTAMP, vc, err));
    TRY(local_timestamp(&s, &special, out));
    if (s.special == SPECIAL_NOW)
        *out = zone_to_local(vc->zone, *out);
    return timestamp_check(*out, err);
}

// A trailing +00, +00:00 or Z, which programs send most.
static bool cut_utc_suffix(struct str *s)
{
    static const char *const suffixes[] = {"+00:00", "+00", "Z"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        size_t n = strlen(suffixes[i]);
        if (s->len > n + 18 && memcmp(s->ptr + s->len - n, suffixes[i], n) == 0) {
            s->len -= n;
            return true;
        }
    }
    return false;
}

int timestamptz_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err)
{
    struct str head = text;
    if (cut_utc_suffix(&head) && parse_iso(head, out))
        return 0;
    struct scan s;
    bool special;
    TRY(scan_all(&s, text, T_TIMESTAMPTZ, vc, err));
    TRY(local_timestamp(&s, &special, out));
    if (!special && s.has_zone && s.zone == NULL)
        *out -= s.offset * MICROS_PER_SECOND;
    else if (!special)
        *out = zone_to_utc(s.has_zone ? s.zone : vc->zone, *out);
    return timestamp_check(*out, err);
}

static int scan_time(struct scan *s, struct str text, struct type t, const struct value_context *vc, struct err *err)
{
    TRY(scan_all(s, text, t, vc, err));
    if (s->special == SPECIAL_NOW) {
        struct civil c;
        civil_from_micros(zone_to_local(vc->zone, vc->txn_now_micros), &c);
        s->hour = c.hour, s->minute = c.minute, s->second = c.second, s->micro = c.micro;
        return 0;
    }
    if (s->special != SPECIAL_NONE || !s->has_time)
        return syntax_error(s);
    return time_of(s) > MICROS_PER_DAY ? range_error(s, "hour", s->hour) : 0;
}

int time_parse(struct str text, const struct value_context *vc, int64_t *out, struct err *err)
{
    struct scan s;
    struct err inner = ERR_INIT;
    int rc = scan_time(&s, text, T_TIME, vc, &inner);
    *out = rc == 0 ? time_of(&s) : 0;
    if (rc == ERR_INVALID_DATETIME_FORMAT)
        rc = err_set(err, rc, "could not parse \"%.*s\" as type time", (int)MIN(text.len, (size_t)200), text.ptr);
    else if (rc != 0)
        err_take(err, &inner);
    err_reset(&inner);
    return rc;
}

int timetz_parse(struct str text, const struct value_context *vc, struct timetz *out, struct err *err)
{
    struct scan s;
    TRY(scan_time(&s, text, T_TIMETZ, vc, err));
    const struct zone *z = s.has_zone ? s.zone : vc->zone;
    out->micros = time_of(&s);
    if (s.has_zone && s.zone == NULL) {
        out->seconds_east = s.offset;
        return 0;
    }
    int64_t days, instant = vc->txn_now_micros;
    if (date_complete(&s)) {
        TRY(date_of(&s, &days));
        TRY(timestamp_from_date(days, &instant, err));
    }
    out->seconds_east = zone_offset_local(z, datetime_is_infinite(instant) ? 0 : instant);
    return 0;
}
