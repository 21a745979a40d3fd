// ISO printing of dates and times, wire forms, and the functions of their families.
#include "types/datetime.h"
#include "types/text.h"
#include "types/types_int.h"
#include <stdlib.h>

// PostgreSQL counts from 2000-01-01.
#define PG_EPOCH_DAYS INT64_C(10957)
#define PG_EPOCH_MICROS (PG_EPOCH_DAYS * MICROS_PER_DAY)
enum { OFFSET_MAX = 16 * 3600 };

static char *put2(char *p, int v)
{
    p[0] = (char)('0' + v / 10);
    p[1] = (char)('0' + v % 10);
    return p + 2;
}

// At least four digits.
static char *put_year(char *p, int64_t year)
{
    if (year < 10000) {
        p = put2(p, (int)(year / 100));
        return put2(p, (int)(year % 100));
    }
    return p + i64_format(p, year);
}

static char *put_fraction(char *p, int micro)
{
    if (micro == 0)
        return p;
    *p++ = '.';
    for (int i = 5; i >= 0; i--) {
        p[i] = (char)('0' + micro % 10);
        micro /= 10;
    }
    p += 6;
    while (p[-1] == '0')
        p--;
    return p;
}

static char *put_date(char *p, const struct civil *c)
{
    p = put_year(p, c->year > 0 ? c->year : 1 - c->year);
    *p++ = '-';
    p = put2(p, c->month);
    *p++ = '-';
    return put2(p, c->day);
}

static char *put_time(char *p, int hour, int minute, int second, int micro)
{
    p = put2(p, hour);
    *p++ = ':';
    p = put2(p, minute);
    *p++ = ':';
    p = put2(p, second);
    return put_fraction(p, micro);
}

static bool print_infinite(struct buf *out, int64_t v)
{
    if (!datetime_is_infinite(v))
        return false;
    buf_cstr(out, v == DATETIME_INFINITY ? "infinity" : "-infinity");
    return true;
}

void date_print(struct buf *out, int64_t days)
{
    if (print_infinite(out, days))
        return;
    char text[40];
    struct civil c;
    civil_from_days(days, &c);
    buf_append(out, text, (size_t)(put_date(text, &c) - text));
    if (c.year <= 0)
        buf_cstr(out, " BC");
}

void time_print(struct buf *out, int64_t micros)
{
    char text[40];
    char *end = put_time(text, (int)(micros / MICROS_PER_HOUR), (int)(micros / MICROS_PER_MINUTE % 60),
                         (int)(micros / MICROS_PER_SECOND % 60), (int)(micros % MICROS_PER_SECOND));
    buf_append(out, text, (size_t)(end - text));
}

void zone_offset_print(struct buf *out, int32_t east)
{
    char text[12];
    char *p = text;
    int v = abs(east);
    *p++ = east < 0 ? '-' : '+';
    p = put2(p, v / 3600);
    if (v % 3600 != 0) {
        *p++ = ':';
        p = put2(p, v / 60 % 60);
    }
    if (v % 60 != 0) {
        *p++ = ':';
        p = put2(p, v % 60);
    }
    buf_append(out, text, (size_t)(p - text));
}

void timetz_print(struct buf *out, struct timetz t)
{
    time_print(out, t.micros);
    zone_offset_print(out, t.seconds_east);
}

static void print_civil(struct buf *out, const struct civil *c)
{
    char text[60];
    char *p = put_date(text, c);
    *p++ = ' ';
    p = put_time(p, c->hour, c->minute, c->second, c->micro);
    buf_append(out, text, (size_t)(p - text));
}

void timestamp_print(struct buf *out, int64_t micros)
{
    if (print_infinite(out, micros))
        return;
    struct civil c;
    civil_from_micros(micros, &c);
    print_civil(out, &c);
    if (c.year <= 0)
        buf_cstr(out, " BC");
}

void timestamptz_print(struct buf *out, int64_t micros, const struct zone *z)
{
    if (print_infinite(out, micros))
        return;
    int32_t offset = zone_offset_at(z, micros);
    struct civil c;
    civil_from_micros(micros + offset * MICROS_PER_SECOND, &c);
    print_civil(out, &c);
    if (offset == 0)
        buf_cstr(out, "+00");
    else
        zone_offset_print(out, offset);
    if (c.year <= 0)
        buf_cstr(out, " BC");
}

// --- TIMETZ encoding: the wire form, which counts zones west ------------------------------------------------------

struct timetz timetz_decode(struct str s)
{
    if (s.len < 12)
        return (struct timetz){0};
    struct timetz t = {(int64_t)load_be64(s.ptr), (int32_t)(0 - load_be32(s.ptr + 8))};
    bool valid =
        t.micros >= 0 && t.micros <= MICROS_PER_DAY && t.seconds_east >= -OFFSET_MAX && t.seconds_east <= OFFSET_MAX;
    return valid ? t : (struct timetz){0};
}

struct str timetz_encode(struct arena *a, struct timetz t)
{
    char *p = arena_alloc_aligned(a, 12, 1);
    store_be64(p, (uint64_t)t.micros);
    store_be32(p + 8, 0 - (uint32_t)t.seconds_east);
    return (struct str){p, 12};
}

int timetz_compare(struct timetz a, struct timetz b)
{
    int64_t x = a.micros - a.seconds_east * MICROS_PER_SECOND, y = b.micros - b.seconds_east * MICROS_PER_SECOND;
    if (x != y)
        return x < y ? -1 : 1;
    return (a.seconds_east < b.seconds_east) - (a.seconds_east > b.seconds_east); // west of it later
}

// --- family functions ---------------------------------------------------------------------------------------------

static int pg_to_unix(int64_t v, int64_t epoch, int64_t *out)
{
    if (datetime_is_infinite(v)) {
        *out = v;
        return 0;
    }
    return __builtin_add_overflow(v, epoch, out) || datetime_is_infinite(*out);
}

int date_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    return date_parse(text, vc, &out->i, err);
}

void date_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    date_print(out, d.i);
}

int date_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 4)
        return binary_error(err, t);
    int32_t v = (int32_t)load_be32(bytes.ptr);
    if (v == INT32_MAX || v == INT32_MIN)
        out->i = v == INT32_MAX ? DATETIME_INFINITY : DATETIME_MINUS_INFINITY;
    else
        return date_add_days(PG_EPOCH_DAYS, v, &out->i, err);
    return 0;
}

void date_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    int64_t v = d.i == DATETIME_INFINITY ? INT32_MAX : d.i == DATETIME_MINUS_INFINITY ? INT32_MIN : d.i - PG_EPOCH_DAYS;
    buf_be32(out, (uint32_t)v);
}

int date_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return int_compare_datum(t, a, b);
}

uint64_t date_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return int_hash_datum(t, d, seed);
}

int time_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    TRY(time_parse(text, vc, &out->i, err));
    out->i = micros_round(out->i, t.width);
    return 0;
}

void time_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    time_print(out, d.i);
}

int time_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 8)
        return binary_error(err, t);
    out->i = (int64_t)load_be64(bytes.ptr);
    if (out->i < 0 || out->i > MICROS_PER_DAY)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "time out of range");
    return 0;
}

void time_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_be64(out, (uint64_t)d.i);
}

int time_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return int_compare_datum(t, a, b);
}

uint64_t time_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return int_hash_datum(t, d, seed);
}

int timetz_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                       struct datum *out, struct err *err)
{
    struct timetz v;
    TRY(timetz_parse(text, vc, &v, err));
    v.micros = micros_round(v.micros, t.width);
    out->s = timetz_encode(a, v);
    return 0;
}

void timetz_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    timetz_print(out, timetz_decode(d.s));
}

int timetz_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 12)
        return binary_error(err, t);
    struct timetz v = {(int64_t)load_be64(bytes.ptr), 0};
    int32_t west = (int32_t)load_be32(bytes.ptr + 8);
    if (v.micros < 0 || v.micros > MICROS_PER_DAY || west < -OFFSET_MAX || west > OFFSET_MAX)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "time out of range");
    out->s = bytes;
    return 0;
}

void timetz_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_str(out, d.s);
}

int timetz_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return timetz_compare(timetz_decode(a->s), timetz_decode(b->s));
}

uint64_t timetz_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}

int timestamp_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                          struct datum *out, struct err *err)
{
    TRY(timestamp_parse(text, vc, &out->i, err));
    out->i = micros_round(out->i, t.width);
    return 0;
}

void timestamp_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    timestamp_print(out, d.i);
}

int timestamp_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 8)
        return binary_error(err, t);
    if (pg_to_unix((int64_t)load_be64(bytes.ptr), PG_EPOCH_MICROS, &out->i) != 0)
        return err_set(err, ERR_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    return timestamp_check(out->i, err);
}

void timestamp_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_be64(out, (uint64_t)(datetime_is_infinite(d.i) ? d.i : d.i - PG_EPOCH_MICROS));
}

int timestamp_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return int_compare_datum(t, a, b);
}

uint64_t timestamp_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return int_hash_datum(t, d, seed);
}

int timestamptz_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                            struct datum *out, struct err *err)
{
    TRY(timestamptz_parse(text, vc, &out->i, err));
    out->i = micros_round(out->i, t.width);
    return 0;
}

void timestamptz_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    timestamptz_print(out, d.i, vc->zone);
}

int timestamptz_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    return timestamp_from_binary_datum(a, t, bytes, out, err);
}

void timestamptz_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    timestamp_to_binary_datum(out, t, d, vc);
}

int timestamptz_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return int_compare_datum(t, a, b);
}

uint64_t timestamptz_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return int_hash_datum(t, d, seed);
}
