// Text and wire forms of intervals: PostgreSQL's verbose form, Go-like 2h30m, ISO 8601 and SQL standard.
#include "types/datetime.h"
#include "types/types_int.h"
#include <stdlib.h>

// --- units --------------------------------------------------------------------------------------------------------

struct unit {
    const char *name;
    enum { UNIT_MONTHS, UNIT_DAYS, UNIT_MICROS } kind;
    int64_t factor;
};

static const struct unit units[] = {
    {"microseconds", UNIT_MICROS, 1},
    {"microsecond", UNIT_MICROS, 1},
    {"microsec", UNIT_MICROS, 1},
    {"microsecs", UNIT_MICROS, 1},
    {"usec", UNIT_MICROS, 1},
    {"usecs", UNIT_MICROS, 1},
    {"useconds", UNIT_MICROS, 1},
    {"us", UNIT_MICROS, 1},
    {"\xc2\xb5s", UNIT_MICROS, 1},
    {"milliseconds", UNIT_MICROS, 1000},
    {"millisecond", UNIT_MICROS, 1000},
    {"msecond", UNIT_MICROS, 1000},
    {"mseconds", UNIT_MICROS, 1000},
    {"millisec", UNIT_MICROS, 1000},
    {"millisecs", UNIT_MICROS, 1000},
    {"msec", UNIT_MICROS, 1000},
    {"msecs", UNIT_MICROS, 1000},
    {"ms", UNIT_MICROS, 1000},
    {"seconds", UNIT_MICROS, MICROS_PER_SECOND},
    {"second", UNIT_MICROS, MICROS_PER_SECOND},
    {"secs", UNIT_MICROS, MICROS_PER_SECOND},
    {"sec", UNIT_MICROS, MICROS_PER_SECOND},
    {"s", UNIT_MICROS, MICROS_PER_SECOND},
    {"minutes", UNIT_MICROS, MICROS_PER_MINUTE},
    {"minute", UNIT_MICROS, MICROS_PER_MINUTE},
    {"mins", UNIT_MICROS, MICROS_PER_MINUTE},
    {"min", UNIT_MICROS, MICROS_PER_MINUTE},
    {"m", UNIT_MICROS, MICROS_PER_MINUTE},
    {"hours", UNIT_MICROS, MICROS_PER_HOUR},
    {"hour", UNIT_MICROS, MICROS_PER_HOUR},
    {"hrs", UNIT_MICROS, MICROS_PER_HOUR},
    {"hr", UNIT_MICROS, MICROS_PER_HOUR},
    {"h", UNIT_MICROS, MICROS_PER_HOUR},
    {"days", UNIT_DAYS, 1},
    {"day", UNIT_DAYS, 1},
    {"d", UNIT_DAYS, 1},
    {"weeks", UNIT_DAYS, 7},
    {"week", UNIT_DAYS, 7},
    {"w", UNIT_DAYS, 7},
    {"months", UNIT_MONTHS, 1},
    {"month", UNIT_MONTHS, 1},
    {"mons", UNIT_MONTHS, 1},
    {"mon", UNIT_MONTHS, 1},
    {"years", UNIT_MONTHS, 12},
    {"year", UNIT_MONTHS, 12},
    {"yrs", UNIT_MONTHS, 12},
    {"yr", UNIT_MONTHS, 12},
    {"y", UNIT_MONTHS, 12},
    {"decades", UNIT_MONTHS, 120},
    {"decade", UNIT_MONTHS, 120},
    {"centuries", UNIT_MONTHS, 1200},
    {"century", UNIT_MONTHS, 1200},
    {"millennia", UNIT_MONTHS, 12000},
    {"millennium", UNIT_MONTHS, 12000},
    {"mil", UNIT_MONTHS, 12000},
};

static const struct unit unit_year = {"year", UNIT_MONTHS, 12}, unit_month = {"month", UNIT_MONTHS, 1},
                         unit_day = {"day", UNIT_DAYS, 1}, unit_hour = {"hour", UNIT_MICROS, MICROS_PER_HOUR},
                         unit_minute = {"minute", UNIT_MICROS, MICROS_PER_MINUTE},
                         unit_second = {"second", UNIT_MICROS, MICROS_PER_SECOND}, unit_week = {"week", UNIT_DAYS, 7};

static const struct unit *find_unit(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (str_ieqc(name, units[i].name))
            return &units[i];
    }
    return NULL;
}

// --- the reader ---------------------------------------------------------------------------------------------------

// A number with sign and fraction: (whole + fraction / 10^18) × sign.
struct number {
    bool negative, explicit_sign;
    int64_t whole, fraction;
};

struct reader {
    struct str text;
    size_t at;
    struct err *err;
    __int128 months, days, micros;
    bool bare; // a number in the default unit has been read
};

static int interval_error(struct reader *r, const char *what, struct str detail)
{
    struct buf m = BUF_INIT;
    buf_printf(&m, "could not parse \"%.*s\" as type interval: interval: %s", (int)MIN(r->text.len, (size_t)200),
               r->text.ptr, what);
    if (detail.len != 0)
        buf_printf(&m, " \"%.*s\" in duration \"%.*s\"", (int)MIN(detail.len, (size_t)100), detail.ptr,
                   (int)MIN(r->text.len, (size_t)200), r->text.ptr);
    int rc = err_set(r->err, ERR_INVALID_DATETIME_FORMAT, "%s", buf_c(&m));
    buf_release(&m);
    return rc;
}

static int position_error(struct reader *r, const char *what)
{
    return err_set(r->err, ERR_INVALID_DATETIME_FORMAT,
                   "could not parse \"%.*s\" as type interval: interval: %s at position %zu: \"%.*s\"",
                   (int)MIN(r->text.len, (size_t)200), r->text.ptr, what, r->at, (int)MIN(r->text.len, (size_t)200),
                   r->text.ptr);
}

static char peek(const struct reader *r)
{
    return r->at < r->text.len ? r->text.ptr[r->at] : '\0';
}

static void skip_blanks(struct reader *r)
{
    while (is_blank(peek(r)) || peek(r) == ',')
        r->at++;
}

static bool read_digits(struct reader *r, int64_t *out)
{
    size_t from = r->at;
    *out = 0;
    for (; is_digit(peek(r)); r->at++) {
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, peek(r) - '0', out))
            *out = INT64_MAX;
    }
    return r->at > from;
}

// Digits after the point, scaled to 18 places.
static int64_t read_fraction(struct reader *r)
{
    int64_t v = 0;
    int n = 0;
    for (; is_digit(peek(r)); r->at++) {
        if (n < 18) {
            v = v * 10 + (peek(r) - '0');
            n++;
        }
    }
    for (; n < 18; n++)
        v *= 10;
    return v;
}

static bool read_number(struct reader *r, struct number *n)
{
    *n = (struct number){0};
    if (peek(r) == '-' || peek(r) == '+') {
        n->negative = peek(r) == '-';
        n->explicit_sign = true;
        r->at++;
    }
    bool any = read_digits(r, &n->whole);
    if (peek(r) == '.') {
        r->at++;
        any |= is_digit(peek(r));
        n->fraction = read_fraction(r);
    }
    return any;
}

// Whole units count fully; a fraction falls to the next finer field.
static void add_number(struct reader *r, struct number n, const struct unit *u)
{
    const __int128 one = 1000000000000000000;
    int sign = n.negative ? -1 : 1;
    __int128 whole = (__int128)n.whole * u->factor * sign, part = (__int128)n.fraction * u->factor * sign;
    if (u->kind == UNIT_MONTHS) {
        r->months += whole + part / one;
        part = part % one * DAYS_PER_MONTH;
        whole = 0;
    }
    if (u->kind != UNIT_MICROS) {
        r->days += whole + part / one;
        whole = 0;
        part = part % one * MICROS_PER_DAY;
    }
    r->micros += whole + (part + sign * one / 2) / one;
}

static int reader_result(struct reader *r, struct interval *out)
{
    *out = (struct interval){(int32_t)r->months, (int32_t)r->days, (int64_t)r->micros};
    if (out->months != r->months || out->days != r->days || out->micros != r->micros)
        return err_set(r->err, ERR_DATETIME_FIELD_OVERFLOW, "interval field value out of range: \"%.*s\"",
                       (int)MIN(r->text.len, (size_t)200), r->text.ptr);
    return 0;
}

// --- ISO 8601 -----------------------------------------------------------------------------------------------------

static const struct unit *iso_unit(char c, bool time)
{
    switch (c) {
    case 'Y':
        return time ? NULL : &unit_year;
    case 'M':
        return time ? &unit_minute : &unit_month;
    case 'W':
        return time ? NULL : &unit_week;
    case 'D':
        return time ? NULL : &unit_day;
    case 'H':
        return time ? &unit_hour : NULL;
    case 'S':
        return time ? &unit_second : NULL;
    default:
        return NULL;
    }
}

static int read_clock(struct reader *r, struct number first);

// P0001-02-03T04:05:06 after the first number.
static int read_iso_alternative(struct reader *r, struct number year)
{
    struct number month = {0}, day = {0}, hour;
    r->at++;
    bool ok = read_digits(r, &month.whole) && peek(r) == '-';
    r->at++;
    ok = ok && read_digits(r, &day.whole);
    if (!ok)
        return position_error(r, "invalid input syntax");
    add_number(r, year, &unit_year);
    add_number(r, month, &unit_month);
    add_number(r, day, &unit_day);
    if (peek(r) == 'T') {
        r->at++;
        if (!read_number(r, &hour) || peek(r) != ':')
            return position_error(r, "missing number");
        TRY(read_clock(r, hour));
    }
    return r->at == r->text.len ? 0 : position_error(r, "invalid input syntax");
}

static int read_iso(struct reader *r)
{
    bool time = false, any = false;
    for (r->at = 1; r->at < r->text.len;) {
        struct number n;
        if (peek(r) == 'T' && !time) {
            time = true;
            r->at++;
            continue;
        }
        if (!read_number(r, &n))
            return position_error(r, "missing number");
        if (peek(r) == '-' && !any && !time)
            return read_iso_alternative(r, n);
        if (peek(r) == ':' && time) {
            TRY(read_clock(r, n));
            any = true;
            continue;
        }
        const struct unit *u = iso_unit(peek(r), time);
        if (u == NULL)
            return position_error(r, "missing unit");
        r->at++;
        add_number(r, n, u);
        any = true;
    }
    return any ? 0 : position_error(r, "missing number");
}

// --- PostgreSQL and SQL standard ----------------------------------------------------------------------------------

// hh:mm, hh:mm:ss.f, and mm:ss.f when the second part has a fraction; `first` is read and a colon follows.
static int read_clock(struct reader *r, struct number first)
{
    struct number second = {.negative = first.negative}, third = {.negative = first.negative};
    r->at++;
    if (!read_digits(r, &second.whole))
        return position_error(r, "missing number");
    bool minutes_first = peek(r) == '.';
    if (peek(r) == ':') {
        r->at++;
        if (!read_digits(r, &third.whole))
            return position_error(r, "missing number");
    }
    if (peek(r) == '.') {
        r->at++;
        *(minutes_first ? &second.fraction : &third.fraction) = read_fraction(r);
    }
    if (first.fraction != 0 || second.whole > 59 || third.whole > 59)
        return err_set(r->err, ERR_DATETIME_FIELD_OVERFLOW, "interval field value out of range: \"%.*s\"",
                       (int)MIN(r->text.len, (size_t)200), r->text.ptr);
    add_number(r, first, minutes_first ? &unit_minute : &unit_hour);
    add_number(r, second, minutes_first ? &unit_second : &unit_minute);
    add_number(r, third, &unit_second);
    return 0;
}

// y-m, with `years` read and a dash next.
static int read_year_month(struct reader *r, struct number years)
{
    struct number months = {.negative = years.negative};
    r->at++;
    // 1970-01-01 is a date, not a number of days behind months.
    if (!read_digits(r, &months.whole) || months.whole > 11 || years.fraction != 0 || peek(r) == '-' || peek(r) == '+')
        return interval_error(r, "invalid input syntax", STR_EMPTY);
    add_number(r, years, &unit_year);
    add_number(r, months, &unit_month);
    return 0;
}

static struct str read_word(struct reader *r)
{
    size_t from = r->at;
    while (lower(peek(r)) >= 'a' && lower(peek(r)) <= 'z')
        r->at++;
    while ((unsigned char)peek(r) >= 0x80) // µs
        r->at++;
    while (lower(peek(r)) >= 'a' && lower(peek(r)) <= 'z')
        r->at++;
    return str_slice(r->text, from, r->at);
}

static const struct unit *default_unit(enum interval_field last)
{
    static const struct unit *const of_field[] = {&unit_second, &unit_year,   &unit_month, &unit_day,
                                                  &unit_hour,   &unit_minute, &unit_second};
    return of_field[last];
}

// What a number without unit means: days before a clock time, else the last field.
static const struct unit *bare_unit(struct reader *r, enum interval_field last)
{
    size_t i = r->at;
    while (i < r->text.len && (is_digit(r->text.ptr[i]) || r->text.ptr[i] == '-' || r->text.ptr[i] == '+'))
        i++;
    bool clock_follows = i < r->text.len && r->text.ptr[i] == ':';
    return clock_follows ? &unit_day : default_unit(last);
}

static int read_item(struct reader *r, enum interval_field last)
{
    struct number n;
    if (!read_number(r, &n))
        return position_error(r, "missing number");
    if (peek(r) == ':')
        return read_clock(r, n);
    if (peek(r) == '-' && r->at + 1 < r->text.len && is_digit(r->text.ptr[r->at + 1]))
        return read_year_month(r, n);
    skip_blanks(r);
    struct str word = read_word(r);
    if (word.len == 0) {
        const struct unit *u = bare_unit(r, last);
        if (r->bare)
            return interval_error(r, "invalid input syntax", STR_EMPTY);
        r->bare = true;
        add_number(r, n, u);
        return 0;
    }
    const struct unit *u = find_unit(word);
    if (u == NULL)
        return interval_error(r, "unknown unit", word);
    add_number(r, n, u);
    return 0;
}

static bool take_ago(struct reader *r)
{
    struct str rest = str_slice(r->text, r->at, r->text.len);
    if (rest.len != 3 || !str_ieqc(rest, "ago"))
        return false;
    r->months = -r->months;
    r->days = -r->days;
    r->micros = -r->micros;
    r->at = r->text.len;
    return true;
}

// In sql_standard style a leading minus without further signs negates everything: '-1-2 3 4:05'.
static bool negates_all(struct str s, enum interval_style style)
{
    if (style != INTERVAL_STYLE_SQL_STANDARD || s.len == 0 || s.ptr[0] != '-')
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if ((s.ptr[i] == '-' && !is_digit(s.ptr[i - 1])) || s.ptr[i] == '+')
            return false;
    }
    return true;
}

static int read_items(struct reader *r, enum interval_field last)
{
    bool any = false;
    if (peek(r) == '@')
        r->at++;
    for (skip_blanks(r); r->at < r->text.len; skip_blanks(r)) {
        if (any && take_ago(r))
            return 0;
        TRY(read_item(r, last));
        any = true;
    }
    return any ? 0 : position_error(r, "invalid input syntax");
}

int interval_parse(struct str text, enum interval_field last, enum interval_style style, struct interval *out,
                   struct err *err)
{
    struct reader r = {.text = str_trim(text), .err = err};
    if (peek(&r) == 'P') {
        TRY(read_iso(&r));
        return reader_result(&r, out);
    }
    bool negate = negates_all(r.text, style);
    if (negate)
        r.text = str_slice(r.text, 1, r.text.len);
    TRY(read_items(&r, last));
    if (negate) {
        r.months = -r.months;
        r.days = -r.days;
        r.micros = -r.micros;
    }
    return reader_result(&r, out);
}

// --- printing -----------------------------------------------------------------------------------------------------

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static void print_fraction(struct buf *out, uint64_t micros)
{
    char digits[8];
    int n = 6;
    if (micros == 0)
        return;
    for (int i = 5; i >= 0; i--, micros /= 10)
        digits[i] = (char)('0' + micros % 10);
    while (digits[n - 1] == '0')
        n--;
    buf_putc(out, '.');
    buf_append(out, digits, (size_t)n);
}

// [hh]h:mm:ss.f of a magnitude
static void print_clock(struct buf *out, uint64_t micros, int hour_digits)
{
    uint64_t seconds = micros / (uint64_t)MICROS_PER_SECOND;
    buf_printf(out, "%0*llu:%02u:%02u", hour_digits, (unsigned long long)(seconds / 3600),
               (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
    print_fraction(out, micros % (uint64_t)MICROS_PER_SECOND);
}

struct postgres_printer {
    struct buf *out;
    bool any, negative_before;
};

static void print_field(struct postgres_printer *p, int64_t v, const char *unit)
{
    if (v == 0)
        return;
    buf_printf(p->out, "%s%s%lld %s%s", p->any ? " " : "", p->negative_before && v > 0 ? "+" : "", (long long)v, unit,
               v == 1 ? "" : "s");
    p->negative_before = v < 0;
    p->any = true;
}

static void print_postgres(struct buf *out, struct interval iv)
{
    struct postgres_printer p = {.out = out};
    print_field(&p, iv.months / 12, "year");
    print_field(&p, iv.months % 12, "mon");
    print_field(&p, iv.days, "day");
    if (iv.micros == 0 && p.any)
        return;
    buf_cstr(out, p.any ? " " : "");
    buf_cstr(out, iv.micros < 0 ? "-" : p.negative_before ? "+" : "");
    print_clock(out, magnitude(iv.micros), 2);
}

static void print_iso_field(struct buf *out, int64_t v, char unit)
{
    if (v != 0)
        buf_printf(out, "%lld%c", (long long)v, unit);
}

static void print_iso(struct buf *out, struct interval iv)
{
    if (iv.months == 0 && iv.days == 0 && iv.micros == 0) {
        buf_cstr(out, "PT0S");
        return;
    }
    buf_putc(out, 'P');
    print_iso_field(out, iv.months / 12, 'Y');
    print_iso_field(out, iv.months % 12, 'M');
    print_iso_field(out, iv.days, 'D');
    if (iv.micros == 0)
        return;
    buf_putc(out, 'T');
    print_iso_field(out, iv.micros / MICROS_PER_HOUR, 'H');
    print_iso_field(out, iv.micros / MICROS_PER_MINUTE % 60, 'M');
    int64_t rest = iv.micros % MICROS_PER_MINUTE;
    if (rest == 0)
        return;
    buf_printf(out, "%s%llu", rest < 0 ? "-" : "", (unsigned long long)(magnitude(rest) / (uint64_t)MICROS_PER_SECOND));
    print_fraction(out, magnitude(rest) % (uint64_t)MICROS_PER_SECOND);
    buf_putc(out, 'S');
}

static void print_sql_standard(struct buf *out, struct interval iv)
{
    bool negative = iv.months < 0 || iv.days < 0 || iv.micros < 0;
    bool positive = iv.months > 0 || iv.days > 0 || iv.micros > 0;
    bool day_time = iv.days != 0 || iv.micros != 0;
    uint64_t months = magnitude(iv.months), days = magnitude(iv.days), micros = magnitude(iv.micros);
    if (!negative && !positive) {
        buf_putc(out, '0');
        return;
    }
    if ((negative && positive) || (months != 0 && day_time)) { // every part with its sign
        buf_printf(out, "%c%llu-%llu %c%llu %c", iv.months < 0 ? '-' : '+', (unsigned long long)months / 12,
                   (unsigned long long)months % 12, iv.days < 0 ? '-' : '+', (unsigned long long)days,
                   iv.micros < 0 ? '-' : '+');
        print_clock(out, micros, 1);
        return;
    }
    buf_cstr(out, negative ? "-" : "");
    if (months != 0) {
        buf_printf(out, "%llu-%llu", (unsigned long long)months / 12, (unsigned long long)months % 12);
        return;
    }
    if (days != 0)
        buf_printf(out, "%llu ", (unsigned long long)days);
    print_clock(out, micros, 1);
}

bool interval_style_parse(struct str text, enum interval_style *style)
{
    static const char *const names[] = {[INTERVAL_STYLE_POSTGRES] = "postgres",
                                        [INTERVAL_STYLE_ISO_8601] = "iso_8601",
                                        [INTERVAL_STYLE_SQL_STANDARD] = "sql_standard"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        *style = (enum interval_style)i;
        if (str_ieqc(text, names[i]))
            return true;
    }
    return false;
}

void interval_print(struct buf *out, struct interval iv, enum interval_style style)
{
    switch (style) {
    case INTERVAL_STYLE_POSTGRES:
        print_postgres(out, iv);
        break;
    case INTERVAL_STYLE_ISO_8601:
        print_iso(out, iv);
        break;
    case INTERVAL_STYLE_SQL_STANDARD:
        print_sql_standard(out, iv);
        break;
    }
}

// --- family functions ---------------------------------------------------------------------------------------------

int interval_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                         struct datum *out, struct err *err)
{
    TRY(interval_parse(text, INTERVAL_FIELD_ANY, vc->interval_style, &out->iv, err));
    out->iv.micros = micros_round(out->iv.micros, t.width);
    return 0;
}

void interval_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    interval_print(out, d.iv, vc->interval_style);
}

int interval_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 16)
        return binary_error(err, t);
    out->iv.micros = (int64_t)load_be64(bytes.ptr);
    out->iv.days = (int32_t)load_be32(bytes.ptr + 8);
    out->iv.months = (int32_t)load_be32(bytes.ptr + 12);
    return 0;
}

void interval_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_be64(out, (uint64_t)d.iv.micros);
    buf_be32(out, (uint32_t)d.iv.days);
    buf_be32(out, (uint32_t)d.iv.months);
}

int interval_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return interval_compare(a->iv, b->iv);
}

uint64_t interval_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return interval_hash(d->iv, seed);
}
