// Histograms: see histogram.h. Bounds are stored in the form of index keys.
#include "catalog/histogram.h"
#include "base/util.h"
#include "keys/keys.h"
#include "types/decimal.h"
#include <math.h>
#include <stdlib.h>

enum { HISTOGRAM_VERSION = 1 };

bool histogram_possible(struct type t)
{
    return key_type_is_indexable(t) && t.family != TYPE_ARRAY && t.family != TYPE_JSONB && t.family != TYPE_TUPLE;
}

// ---- building

static int by_value(const void *a, const void *b, void *type)
{
    return datum_compare(*(const struct type *)type, a, b);
}

// Values from `at` on that equal the one there.
static size_t run_length(struct type t, const struct datum *sample, size_t n, size_t at)
{
    size_t end = at + 1;
    while (end < n && datum_compare(t, &sample[at], &sample[end]) == 0)
        end++;
    return end - at;
}

struct histogram histogram_build(struct arena *a, struct type t, struct datum *sample, size_t n, double rows,
                                 double distinct)
{
    struct histogram h = {.type = t};
    if (n == 0)
        return h;
    qsort_r(sample, n, sizeof(*sample), by_value, &t);
    size_t different = 0;
    for (size_t i = 0; i < n; i += run_length(t, sample, n, i))
        different++;
    double each = rows / (double)n, hidden = fmax(1, distinct / (double)different);
    struct histogram_bucket *buckets = ARENA_ARRAY(a, struct histogram_bucket, HISTOGRAM_BUCKETS_MAX + 1), open = {0};
    size_t depth = n / HISTOGRAM_BUCKETS_MAX + 1, taken = 0;
    for (size_t i = 0; i < n;) {
        size_t run = run_length(t, sample, n, i);
        taken += run;
        if (h.n == 0 || taken >= depth || i + run == n) {
            open.upper = sample[i];
            open.equal = (double)run * each;
            buckets[h.n++] = open;
            open = (struct histogram_bucket){0};
            taken = 0;
        } else {
            open.range += (double)run * each;
            open.distinct_range = fmin(open.distinct_range + hidden, open.range);
        }
        i += run;
    }
    h.buckets = buckets;
    h.rows = rows;
    return h;
}

// ---- stored form: version, type's OID, number of buckets; then per bucket three doubles, length and bytes of the
// bound

static void put_double(struct buf *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_be64(out, bits);
}

void histogram_encode(struct buf *out, const struct histogram *h)
{
    buf_putc(out, HISTOGRAM_VERSION);
    buf_be32(out, h->type.oid);
    buf_be32(out, (uint32_t)h->n);
    for (size_t i = 0; i < h->n; i++) {
        const struct histogram_bucket *b = &h->buckets[i];
        put_double(out, b->equal);
        put_double(out, b->range);
        put_double(out, b->distinct_range);
        size_t at = out->len;
        buf_be32(out, 0);
        key_put_datum(out, h->type, &b->upper, KEY_ASC);
        buf_patch_be32(out, at, (uint32_t)(out->len - at - 4));
    }
}

struct bytes_reader {
    struct str left;
    bool bad;
};

static struct str take(struct bytes_reader *r, size_t n)
{
    struct str s = {r->left.ptr, n};
    r->bad |= n > r->left.len;
    if (r->bad)
        return STR_EMPTY;
    r->left = (struct str){r->left.ptr + n, r->left.len - n};
    return s;
}

static uint64_t take_number(struct bytes_reader *r, size_t bytes)
{
    struct str s = take(r, bytes);
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | (uint8_t)s.ptr[i];
    return v;
}

static double take_double(struct bytes_reader *r)
{
    uint64_t bits = take_number(r, 8);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

bool histogram_decode(struct arena *a, struct type t, struct str bytes, struct histogram *out)
{
    struct bytes_reader r = {.left = bytes};
    uint64_t version = take_number(&r, 1), oid = take_number(&r, 4), n = take_number(&r, 4);
    *out = (struct histogram){.type = t};
    if (r.bad || version != HISTOGRAM_VERSION || oid != t.oid || n > HISTOGRAM_BUCKETS_MAX + 1)
        return false;
    struct histogram_bucket *buckets = ARENA_ARRAY(a, struct histogram_bucket, n);
    for (uint64_t i = 0; i < n; i++) {
        struct histogram_bucket *b = &buckets[i];
        struct err e = {0};
        b->equal = take_double(&r);
        b->range = take_double(&r);
        b->distinct_range = take_double(&r);
        struct str bound = arena_str(a, take(&r, take_number(&r, 4)));
        struct key_reader key = key_reader(bound);
        if (r.bad || key_get_datum(&key, a, t, KEY_ASC, &b->upper, &e) != 0)
            return false;
        out->rows += b->equal + b->range;
    }
    out->buckets = buckets;
    out->n = n;
    return true;
}

// ---- estimates

// A number that grows with the value, for interpolation; of strings their bytes from `skip` on.
static double position(struct type t, const struct datum *d, size_t skip)
{
    double v = 0;
    switch (type_physical(t)) {
    case PHYSICAL_BOOL:
        return d->b;
    case PHYSICAL_I64:
        return (double)d->i;
    case PHYSICAL_F64:
        return d->f;
    case PHYSICAL_INTERVAL:
        return (double)d->iv.months * 30 + (double)d->iv.days + (double)d->iv.micros / 86400e6;
    case PHYSICAL_STR:
        break;
    }
    if (t.family == TYPE_DECIMAL) {
        struct decimal n = decimal_of(*d);
        return decimal_to_double(&n, &v) ? v : 0;
    }
    for (size_t i = skip; i < skip + 6; i++)
        v = v * 256 + (i < d->s.len ? (uint8_t)d->s.ptr[i] : 0);
    return v;
}

static size_t common_prefix(struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && a.ptr[n] == b.ptr[n])
        n++;
    return n;
}

// How far between two bounds the value is, 0 to 1.
static double part_of_way(struct type t, const struct datum *low, const struct datum *high, const struct datum *d)
{
    bool text = type_physical(t) == PHYSICAL_STR && t.family != TYPE_DECIMAL;
    size_t skip = text ? common_prefix(low->s, high->s) : 0;
    double a = position(t, low, skip), b = position(t, high, skip), x = position(t, d, skip);
    double part = b > a ? (x - a) / (b - a) : 0.5;
    return part >= 0 && part <= 1 ? part : 0.5;
}

// The bucket the value lies in: the first whose bound is not below it; h->n when it is above all.
static size_t bucket_of(const struct histogram *h, const struct datum *d)
{
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (datum_compare(h->type, &h->buckets[middle].upper, d) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Rows below the value, and those equal to it when asked for.
static double rows_up_to(const struct histogram *h, const struct datum *d, bool inclusive)
{
    size_t at = bucket_of(h, d);
    double rows = 0;
    for (size_t i = 0; i < at; i++)
        rows += h->buckets[i].equal + h->buckets[i].range;
    if (at == h->n)
        return rows;
    const struct histogram_bucket *b = &h->buckets[at];
    if (datum_compare(h->type, &b->upper, d) == 0)
        return rows + b->range + (inclusive ? b->equal : 0);
    return at == 0 ? 0 : rows + b->range * part_of_way(h->type, &h->buckets[at - 1].upper, &b->upper, d);
}

static double rows_equal(const struct histogram *h, const struct datum *d)
{
    size_t at = bucket_of(h, d);
    if (at == h->n)
        return 0;
    const struct histogram_bucket *b = &h->buckets[at];
    if (datum_compare(h->type, &b->upper, d) == 0)
        return b->equal;
    return b->range / fmax(1, b->distinct_range);
}

double histogram_rows(const struct histogram *h, const struct histogram_range *r)
{
    if ((r->low != NULL && r->low->null) || (r->high != NULL && r->high->null))
        return 0;
    if (r->low != NULL && r->high != NULL && datum_compare(h->type, r->low, r->high) == 0)
        return r->low_exclusive || r->high_exclusive ? 0 : rows_equal(h, r->low);
    double below = r->low != NULL ? rows_up_to(h, r->low, r->low_exclusive) : 0;
    double upto = r->high != NULL ? rows_up_to(h, r->high, !r->high_exclusive) : h->rows;
    return fmax(0, upto - below);
}
