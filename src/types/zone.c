// Time zones: interned, immutable tables of transitions extracted once from ICU's copy of the IANA database (so that no
// system tzdata is needed), and fixed offsets. Lookups after the first are a binary search without ICU.
//
// Transitions are tabulated up to TABLE_END; later instants use the same place in the 400-year calendar cycle.
#include "types/datetime.h"
#include "base/map.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicode/ucal.h>
#include <unicode/uenum.h>

struct transition {
    int64_t at;    // UTC microseconds
    int32_t after; // seconds east from then on
};

struct zone {
    const char *name;
    int32_t first; // offset before the first transition; the offset of a fixed zone
    size_t n;
    const struct transition *transitions;
    bool fixed;
};

#define TABLE_END (INT64_C(171664) * MICROS_PER_DAY) // 2440-01-01: a cycle after today's rules have settled
#define CYCLE (INT64_C(146097) * MICROS_PER_DAY)

static const struct zone utc = {.name = "UTC", .fixed = true};
const struct zone *const zone_utc = &utc;

// Guards the maps below.
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map zones; // loaded: IANA zones by lower-case name, fixed zones by their name
static struct map names; // lower-case name to IANA name; filled at the first lookup

const char *zone_name(const struct zone *z)
{
    return z == NULL ? utc.name : z->name;
}

// --- offsets ------------------------------------------------------------------------------------------------------

// The same instant of an earlier cycle that the table covers.
static int64_t into_table(int64_t micros)
{
    return micros < TABLE_END ? micros : micros - ((micros - TABLE_END) / CYCLE + 1) * CYCLE;
}

int32_t zone_offset_at(const struct zone *z, int64_t utc_micros)
{
    if (z == NULL)
        return 0;
    if (z->n == 0)
        return z->first;
    int64_t at = into_table(utc_micros);
    size_t low = 0, high = z->n; // transitions before `low` are at or before the instant
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (z->transitions[mid].at <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low == 0 ? z->first : z->transitions[low - 1].after;
}

int32_t zone_offset_local(const struct zone *z, int64_t local_micros)
{
    if (z == NULL || z->n == 0)
        return z == NULL ? 0 : z->first;
    // Both candidates are the offsets a day around; the earlier one wins in gaps and overlaps.
    int32_t before = zone_offset_at(z, local_micros - MICROS_PER_DAY);
    int32_t after = zone_offset_at(z, local_micros + MICROS_PER_DAY);
    if (before == after)
        return zone_offset_at(z, local_micros - before * MICROS_PER_SECOND);
    if (zone_offset_at(z, local_micros - before * MICROS_PER_SECOND) == before)
        return before;
    if (zone_offset_at(z, local_micros - after * MICROS_PER_SECOND) == after)
        return after;
    return before;
}

// --- loading ------------------------------------------------------------------------------------------------------

static int32_t icu_offset(UCalendar *cal, double millis, UErrorCode *status)
{
    ucal_setMillis(cal, millis, status);
    return (ucal_get(cal, UCAL_ZONE_OFFSET, status) + ucal_get(cal, UCAL_DST_OFFSET, status)) / 1000;
}

static void read_transitions(struct zone *z, UCalendar *cal, UErrorCode *status)
{
    double end = (double)(TABLE_END / 1000);
    double at = (double)(days_from_civil(1800, 1, 1) * (MICROS_PER_DAY / 1000));
    z->first = icu_offset(cal, at, status);
    struct transition *list = NULL;
    size_t cap = 0;
    int32_t offset = z->first;
    while (U_SUCCESS(*status)) {
        ucal_setMillis(cal, at, status);
        double next;
        if (!ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_NEXT, &next, status) || next >= end)
            break;
        at = next;
        int32_t after = icu_offset(cal, at, status);
        if (after == offset)
            continue;
        if (z->n == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            list = mem_realloc(list, cap * sizeof(*list));
        }
        list[z->n++] = (struct transition){(int64_t)at * 1000, after};
        offset = after;
    }
    z->transitions = list;
}

// Names are ASCII; ICU wants UTF-16.
static int32_t to_utf16(struct str s, UChar out[64])
{
    if (s.len == 0 || s.len >= 64)
        return 0;
    for (size_t i = 0; i < s.len; i++)
        out[i] = (UChar)(unsigned char)s.ptr[i];
    return (int32_t)s.len;
}

void zone_each_name(void (*fn)(void *arg, struct str name), void *arg)
{
    UErrorCode status = U_ZERO_ERROR;
    UEnumeration *all = ucal_openTimeZones(&status);
    int32_t len;
    const char *name;
    while (U_SUCCESS(status) && (name = uenum_next(all, &len, &status)) != NULL)
        fn(arg, (struct str){name, (size_t)len});
    uenum_close(all);
}

static struct str lower_name(struct str name, char out[64])
{
    size_t len = MIN(name.len, (size_t)64);
    for (size_t i = 0; i < len; i++)
        out[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
    return (struct str){out, len};
}

static void remember_name(void *arg, struct str name)
{
    char lowered[64];
    if (name.len < sizeof(lowered))
        map_put(&names, lower_name(name, lowered), str_dup_c(name));
}

// By its lower-case name; NULL when there is no such zone.
static struct zone *load_iana(struct str name)
{
    if (names.len == 0)
        zone_each_name(remember_name, NULL);
    const char *canonical = map_get(&names, name);
    if (canonical == NULL)
        return NULL;
    UErrorCode status = U_ZERO_ERROR;
    UChar id[64];
    int32_t id_len = to_utf16(str_of(canonical), id);
    UCalendar *cal = ucal_open(id, id_len, "en", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status))
        return NULL;
    struct zone *z = mem_zalloc(sizeof(*z));
    read_transitions(z, cal, &status);
    ucal_close(cal);
    z->name = canonical;
    return z;
}

// --- lookup -------------------------------------------------------------------------------------------------------

const struct zone *zone_fixed(int32_t east)
{
    if (east == 0)
        return &utc;
    // Named as PostgreSQL names offset zones: <+03>-03, the POSIX form with its sign turned.
    struct buf name = BUF_INIT;
    buf_putc(&name, '<');
    zone_offset_print(&name, east);
    buf_putc(&name, '>');
    zone_offset_print(&name, -east);
    pthread_mutex_lock(&zones_lock);
    struct zone *z = map_get(&zones, buf_view(&name));
    if (z == NULL) {
        z = mem_zalloc(sizeof(*z));
        *z = (struct zone){.name = str_dup_c(buf_view(&name)), .first = east, .fixed = true};
        map_put(&zones, buf_view(&name), z);
    }
    pthread_mutex_unlock(&zones_lock);
    buf_release(&name);
    return z;
}

static bool read_number(struct str s, size_t *at, int max_digits, int *out)
{
    size_t from = *at;
    *out = 0;
    while (*at < s.len && *at - from < (size_t)max_digits && s.ptr[*at] >= '0' && s.ptr[*at] <= '9')
        *out = *out * 10 + (s.ptr[(*at)++] - '0');
    return *at > from;
}

// "+3", "-05:30", "+05:30:15", "+0530", "-8"; the whole string.
static bool parse_offset(struct str s, int32_t *seconds)
{
    size_t at = 0;
    bool negative = s.len > 0 && s.ptr[0] == '-';
    at += s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+');
    int h, m = 0, sec = 0;
    size_t digits_from = at;
    if (!read_number(s, &at, 4, &h))
        return false;
    if (at - digits_from > 2) {
        m = h % 100;
        h /= 100;
    } else if (at < s.len && s.ptr[at] == ':') {
        at++;
        if (!read_number(s, &at, 2, &m))
            return false;
        if (at < s.len && s.ptr[at] == ':') {
            at++;
            if (!read_number(s, &at, 2, &sec))
                return false;
        }
    }
    if (at != s.len || h > 24 || m > 59 || sec > 59)
        return false;
    *seconds = (h * 3600 + m * 60 + sec) * (negative ? -1 : 1);
    return true;
}

// Offsets alone or after UTC or GMT; <+03>-03 as zone_name gives it.
static const struct zone *find_offset(struct str s, enum zone_sign sign)
{
    int32_t seconds;
    ptrdiff_t close = str_find(s, STR(">"), 0);
    if (s.len > 0 && s.ptr[0] == '<' && close > 0) {
        if (!parse_offset(str_slice(s, 1, (size_t)close), &seconds))
            return NULL;
        return zone_fixed(seconds);
    }
    bool prefixed = s.len > 3 && (str_ieqc(str_slice(s, 0, 3), "utc") || str_ieqc(str_slice(s, 0, 3), "gmt"));
    if (prefixed)
        s = str_slice(s, 3, s.len);
    if (!parse_offset(s, &seconds))
        return NULL;
    return zone_fixed(sign == ZONE_SIGN_POSIX || prefixed ? -seconds : seconds);
}

int zone_find(struct str name, enum zone_sign sign, const struct zone **out, struct err *err)
{
    name = str_trim(name);
    if (str_ieqc(name, "utc") || str_ieqc(name, "z") || str_ieqc(name, "zulu") || str_ieqc(name, "default")) {
        *out = &utc;
        return 0;
    }
    char lowered[64];
    struct str key = lower_name(name, lowered);
    const struct zone *z = find_offset(name, sign);
    if (z == NULL && name.len < sizeof(lowered)) {
        pthread_mutex_lock(&zones_lock);
        z = map_get(&zones, key);
        if (z == NULL && (z = load_iana(key)) != NULL)
            map_put(&zones, key, (void *)(uintptr_t)z);
        pthread_mutex_unlock(&zones_lock);
    }
    if (z == NULL)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot find time zone \"%.*s\": unknown time zone %.*s",
                       STR_FMT(name), STR_FMT(name));
    *out = z;
    return 0;
}

void zone_abbreviation(struct buf *out, const struct zone *z, int64_t utc_micros)
{
    if (z == NULL || z == &utc) {
        buf_cstr(out, "UTC");
        return;
    }
    int32_t offset = zone_offset_at(z, utc_micros);
    if (z->fixed) {
        zone_offset_print(out, offset);
        return;
    }
    UErrorCode status = U_ZERO_ERROR;
    UChar id[64], text[64];
    UCalendar *cal = ucal_open(id, to_utf16(str_of(z->name), id), "en_US", UCAL_GREGORIAN, &status);
    ucal_setMillis(cal, (double)(utc_micros / 1000), &status);
    bool in_summer = U_SUCCESS(status) && ucal_get(cal, UCAL_DST_OFFSET, &status) != 0;
    int32_t n =
        ucal_getTimeZoneDisplayName(cal, in_summer ? UCAL_SHORT_DST : UCAL_SHORT_STANDARD, "en_US", text, 64, &status);
    ucal_close(cal);
    bool plain = U_SUCCESS(status) && n > 0 && n < 6; // "GMT+1" is ICU for "has none"
    for (int32_t i = 0; plain && i < n; i++)
        plain = text[i] >= 'A' && text[i] <= 'Z';
    if (!plain) {
        zone_offset_print(out, offset);
        return;
    }
    for (int32_t i = 0; i < n; i++)
        buf_putc(out, (char)text[i]);
}
