#include "base/cron.h"
#include <ctype.h>
#include <time.h>

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, DAYS_LOOKED_AT = 5 * 366 };

static int bad(struct err *err, struct str text, const char *what)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid cron expression \"%.*s\": %s", STR_FMT(text), what);
}

// ---- fields

struct field {
    int low, high;
    const char *names; // three letters each, from `low` on
};
static const struct field fields[] = {
    {0, 59, ""},
    {0, 23, ""},
    {1, 31, ""},
    {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {0, 6, "sunmontuewedthufrisat"},
};
enum { FIELDS = 5 };

static bool read_number(const struct field *f, struct str s, int *out)
{
    int64_t n;
    if (str_to_i64(s, &n) && n >= f->low && n <= f->high && isdigit((unsigned char)s.ptr[0])) {
        *out = (int)n;
        return true;
    }
    for (int i = 0; s.len == 3 && f->names[3 * i] != '\0'; i++) {
        if (str_ieq(s, (struct str){f->names + 3 * (ptrdiff_t)i, 3})) {
            *out = f->low + i;
            return true;
        }
    }
    return false;
}

// One item of a list: * or a or a-b, each with /n.
static bool read_item(const struct field *f, struct str s, uint64_t *bits, bool *any)
{
    int64_t step = 1;
    int from = f->low, to = f->high;
    ptrdiff_t slash = str_find(s, STR("/"), 0);
    if (slash >= 0 && (!str_to_i64(str_slice(s, (size_t)slash + 1, s.len), &step) || step < 1))
        return false;
    struct str range = slash >= 0 ? str_slice(s, 0, (size_t)slash) : s;
    bool all = str_eqc(range, "*") || str_eqc(range, "?");
    ptrdiff_t dash = str_find(range, STR("-"), 0);
    if (!all && dash < 0) {
        if (!read_number(f, range, &from))
            return false;
        to = slash >= 0 ? f->high : from;
    } else if (!all) {
        if (!read_number(f, str_slice(range, 0, (size_t)dash), &from) ||
            !read_number(f, str_slice(range, (size_t)dash + 1, range.len), &to) || from > to)
            return false;
    }
    for (int64_t i = from; i <= to; i += step)
        *bits |= 1ull << i;
    *any |= all && step == 1;
    return true;
}

static bool read_field(const struct field *f, struct str s, uint64_t *bits, bool *any)
{
    size_t at = 0;
    *bits = 0;
    *any = false;
    for (;;) {
        ptrdiff_t comma = str_find(s, STR(","), at);
        size_t end = comma < 0 ? s.len : (size_t)comma;
        if (!read_item(f, str_slice(s, at, end), bits, any))
            return false;
        if (comma < 0)
            return true;
        at = end + 1;
    }
}

static int read_fields(struct str text, struct cron *out, struct err *err)
{
    uint64_t bits[FIELDS];
    bool any[FIELDS];
    size_t n = 0;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\t')
            end++;
        if (end > at) {
            if (n == FIELDS)
                return bad(err, text, "expected exactly 5 fields");
            if (!read_field(&fields[n], str_slice(text, at, end), &bits[n], &any[n]))
                return bad(err, text, "a field cannot be read or is out of range");
            n++;
        }
        at = end + 1;
    }
    if (n != FIELDS)
        return bad(err, text, "expected exactly 5 fields");
    *out = (struct cron){.minutes = bits[0],
                         .hours = (uint32_t)bits[1],
                         .days = (uint32_t)bits[2],
                         .months = (uint32_t)bits[3],
                         .weekdays = (uint32_t)bits[4],
                         .any_day = any[2],
                         .any_weekday = any[4]};
    return 0;
}

// ---- the words

static const struct {
    const char *name, *fields;
} words[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};

static int64_t unit_s(char unit)
{
    return unit == 'h' ? HOUR_S : unit == 'm' ? MINUTE_S : unit == 's' ? 1 : 0;
}

// 1h30m, 90s.
static int read_every(struct str text, struct str duration, struct cron *out, struct err *err)
{
    enum { EVERY_MAX_S = 366 * DAY_S };
    int64_t total = 0, n = 0;
    bool digits = false;
    for (size_t i = 0; i < duration.len; i++) {
        char c = duration.ptr[i];
        if (isdigit((unsigned char)c)) {
            n = n * 10 + (c - '0');
            digits = true;
        } else if (digits && unit_s(c) != 0) {
            total += n * unit_s(c);
            n = 0;
            digits = false;
        } else {
            return bad(err, text, "the duration cannot be read");
        }
        if (n > EVERY_MAX_S || total > EVERY_MAX_S)
            return bad(err, text, "the duration is too long");
    }
    if (digits || total == 0)
        return bad(err, text, "the duration cannot be read");
    *out = (struct cron){.every_s = total};
    return 0;
}

int cron_parse(struct str text, struct cron *out, struct err *err)
{
    struct str s = str_trim(text);
    if (str_has_prefix(s, STR("@every ")))
        return read_every(text, str_trim(str_slice(s, sizeof("@every"), s.len)), out, err);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eqc(s, words[i].name))
            return read_fields(str_of(words[i].fields), out, err);
    }
    if (s.len > 0 && s.ptr[0] == '@')
        return bad(err, text, "unrecognized descriptor");
    return read_fields(s, out, err);
}

// ---- times

static bool is_day(const struct cron *c, const struct tm *t)
{
    bool day = c->days >> t->tm_mday & 1, weekday = c->weekdays >> t->tm_wday & 1;
    bool both = c->any_day || c->any_weekday;
    return (c->months >> (t->tm_mon + 1) & 1) && (both ? day && weekday : day || weekday);
}

// The first minute of the day at or after `second` of it; -1: none.
static int64_t within_day(const struct cron *c, int64_t second)
{
    for (int64_t minute = (second + MINUTE_S - 1) / MINUTE_S; minute < DAY_S / MINUTE_S; minute++) {
        if ((c->hours >> minute / 60 & 1) && (c->minutes >> minute % 60 & 1))
            return minute * MINUTE_S;
    }
    return -1;
}

int64_t cron_next(const struct cron *c, int64_t after)
{
    if (c->every_s != 0)
        return after + c->every_s;
    int64_t day = (after + 1) / DAY_S * DAY_S;
    int64_t second = after + 1 - day;
    for (int i = 0; i < DAYS_LOOKED_AT; i++, day += DAY_S, second = 0) {
        struct tm t;
        time_t start = (time_t)day;
        gmtime_r(&start, &t);
        int64_t at = is_day(c, &t) ? within_day(c, second) : -1;
        if (at >= 0)
            return day + at;
    }
    return 0;
}
