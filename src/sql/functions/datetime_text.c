// Text of dates and times in a style that the call names instead of the session's; strptime().
#include "sql/functions/functions_int.h"
#include "types/datetime.h"
#include <time.h>

// ---- styles

static int read_date_style(struct str text, enum date_order *order, struct err *err)
{
    *order = DATE_ORDER_MDY;
    if (date_style_parse(text, order))
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"datestyle\": \"%.*s\"",
                   STR_FMT(text));
}

static int read_interval_style(struct str text, enum interval_style *style, struct err *err)
{
    if (interval_style_parse(text, style))
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for parameter \"intervalstyle\": \"%.*s\"",
                   STR_FMT(text));
}

// In UTC, and the same at all times: what reads differently on another day is refused.
static int parse_absolute(struct eval_context *ec, struct type t, const char *what, const struct datum *args,
                          int n_args, struct datum *out, struct err *err)
{
    struct value_context vc = {0};
    struct datum other;
    if (n_args > 1)
        TRY(read_date_style(args[1].s, &vc.date_order, err));
    TRY(datum_parse(ec->arena, t, args[0].s, &vc, out, err));
    vc.txn_now_micros = 400 * MICROS_PER_DAY + MICROS_PER_HOUR;
    TRY(datum_parse(ec->arena, t, args[0].s, &vc, &other, err));
    if (datum_compare(t, out, &other) == 0)
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "relative %s are not supported", what);
}

#define PARSE_STYLED(name, type, what)                                 \
    BODY(name)                                                         \
    {                                                                  \
        return parse_absolute(ec, type, what, args, n_args, out, err); \
    }
PARSE_STYLED(parse_date_styled, T_DATE, "dates")
PARSE_STYLED(parse_time_styled, T_TIME, "times")
PARSE_STYLED(parse_timetz_styled, T_TIMETZ, "times")
PARSE_STYLED(parse_timestamp_styled, T_TIMESTAMP, "timestamps")

BODY(parse_interval_styled)
{
    struct value_context vc = {0};
    if (n_args > 1)
        TRY(read_interval_style(args[1].s, &vc.interval_style, err));
    return datum_parse(ec->arena, T_INTERVAL, args[0].s, &vc, out, err);
}

BODY(to_char_interval_style)
{
    struct buf b = BUF_INIT;
    enum interval_style style;
    TRY(read_interval_style(args[1].s, &style, err));
    interval_print(&b, args[0].iv, style);
    return fn_return_buf(ec, &b, out, err);
}

// Only the ISO form is written, whatever the order of fields is.
BODY(to_char_date_style)
{
    struct buf b = BUF_INIT;
    enum date_order order;
    TRY(read_date_style(args[1].s, &order, err));
    datum_print(&b, fn_arg_type(ec, 0), args[0], ec->vc);
    return fn_return_buf(ec, &b, out, err);
}

// ---- strptime

struct reading {
    const char *text; // what is left
    struct tm tm;
    int64_t micros;
};

// %f: up to nine digits of a fraction.
static bool read_fraction(struct reading *r)
{
    int64_t unit = MICROS_PER_SECOND;
    const char *from = r->text;
    for (r->micros = 0; *r->text >= '0' && *r->text <= '9' && r->text - from < 9; r->text++) {
        unit /= 10;
        r->micros += unit * (*r->text - '0');
    }
    return r->text > from;
}

// The C library reads what lies between %f's.
static bool read_piece(struct reading *r, const char *format)
{
    if (format[0] == '\0')
        return true;
    r->text = strptime(r->text, format, &r->tm);
    return r->text != NULL;
}

static bool read_all(struct reading *r, char *format)
{
    char *piece = format;
    for (char *p = format; *p != '\0'; p++) {
        if (p[0] != '%' || p[1] == '\0')
            continue;
        if (p[1] == 'f') {
            *p = '\0';
            if (!read_piece(r, piece) || !read_fraction(r))
                return false;
            piece = p + 2;
        }
        p++;
    }
    return read_piece(r, piece) && *r->text == '\0';
}

BODY(read_by_format)
{
    struct reading r = {.text = arena_cstr(ec->arena, args[0].s), .tm = {.tm_mday = 1, .tm_year = 70}};
    if (!read_all(&r, (char *)(uintptr_t)arena_cstr(ec->arena, args[1].s)))
        return err_set(err, ERR_INVALID_DATETIME_FORMAT, "could not parse \"%.*s\" by the format \"%.*s\"",
                       STR_FMT(args[0].s), STR_FMT(args[1].s));
    int64_t days;
    TRY(date_make((int64_t)r.tm.tm_year + 1900, r.tm.tm_mon + 1, r.tm.tm_mday, &days, err));
    TRY(timestamp_from_date(days, &out->i, err));
    out->null = false;
    out->i += r.tm.tm_hour * MICROS_PER_HOUR + r.tm.tm_min * MICROS_PER_MINUTE + r.tm.tm_sec * MICROS_PER_SECOND +
              r.micros - r.tm.tm_gmtoff * MICROS_PER_SECOND;
    return timestamp_check(out->i, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/datetime_text.def"
};
const struct fn_family fn_family_datetime_text = {"DATE AND TIME", rows, ARRAY_LEN(rows)};
