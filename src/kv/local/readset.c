// What a transaction has read: points and ranges as one list of spans. When it grows beyond bounds, neighbouring spans
// are joined: the transaction then also claims to have read what lies between them, which can only cost a retry.
#include "kv/local/store_int.h"

#include <stdlib.h>

bool span_before_end(const struct span *span, struct str key)
{
    if (span->end_kind == SPAN_END_NONE)
        return true;
    int c = str_cmp(key, span->end);
    return c < 0 || (c == 0 && span->end_kind == SPAN_END_INCLUDED);
}

static int by_start(const void *a, const void *b)
{
    return str_cmp(((const struct span *)a)->start, ((const struct span *)b)->start);
}

static bool ends_later(const struct span *a, const struct span *b)
{
    if (a->end_kind == SPAN_END_NONE || b->end_kind == SPAN_END_NONE)
        return a->end_kind == SPAN_END_NONE && b->end_kind != SPAN_END_NONE;
    int c = str_cmp(a->end, b->end);
    return c > 0 || (c == 0 && a->end_kind == SPAN_END_INCLUDED && b->end_kind == SPAN_END_EXCLUDED);
}

static void extend(struct span *into, const struct span *from)
{
    if (ends_later(from, into)) {
        into->end = from->end;
        into->end_kind = from->end_kind;
    }
}

static bool in_order(const struct span *spans, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (by_start(&spans[i - 1], &spans[i]) > 0)
            return false;
    }
    return true;
}

void reads_normalize(struct read_set *set)
{
    struct span *spans = set->spans.ptr;
    size_t n = set->spans.len, kept = 0;
    if (n < 2)
        return;
    set->epoch++;
    if (!in_order(spans, n)) // rows that are loaded in key order are
        qsort(spans, n, sizeof(*spans), by_start);
    for (size_t i = 1; i < n; i++) {
        if (span_before_end(&spans[kept], spans[i].start))
            extend(&spans[kept], &spans[i]);
        else
            spans[++kept] = spans[i];
    }
    set->spans.len = kept + 1;
}

void reads_forget(struct read_set *set)
{
    set->spans.len = 0;
    set->epoch++;
}

// Bytes that the starts of neighbours have in common: the more, the less lies between them.
enum { SHARED_MAX = 63 };
static size_t shared(const struct span *a, const struct span *b)
{
    size_t n = 0, most = MIN(MIN(a->start.len, b->start.len), (size_t)SHARED_MAX);
    while (n < most && a->start.ptr[n] == b->start.ptr[n])
        n++;
    return n;
}

// Joins neighbours that share at least so much, two by two.
static size_t join_alike(struct span *spans, size_t n, size_t least)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        spans[kept] = spans[i];
        if (i + 1 < n && shared(&spans[kept], &spans[i + 1]) >= least)
            extend(&spans[kept], &spans[++i]);
        kept++;
    }
    return kept;
}

// Joins the closest neighbours: rows of one table, not what was read of one table with what was read of another,
// between which others write.
static void coarsen(struct read_set *set)
{
    size_t alike[SHARED_MAX + 1] = {0};
    reads_normalize(set);
    size_t n = set->spans.len, least = SHARED_MAX;
    if (n <= READ_SPANS_MAX / 2)
        return;
    const struct span *spans = set->spans.ptr;
    for (size_t i = 1; i < n; i++)
        alike[shared(&spans[i - 1], &spans[i])]++;
    for (size_t sum = alike[least]; least > 0 && sum < n / 4 * 3; sum += alike[least])
        least--;
    set->spans.len = join_alike(set->spans.ptr, n, least);
}

struct read_set *reads_for(struct txn *txn, unsigned flags)
{
    return txn->isolation != KV_SERIALIZABLE && (flags & KV_READ_VALIDATED) != 0 ? &txn->lasting : &txn->reads;
}

enum kv_result reads_add(struct txn *txn, struct read_set *set, struct span span)
{
    if (set->spans.len >= READ_SPANS_MAX)
        coarsen(set);
    if (set->spans.len == set->spans.cap) {
        enum kv_result r = txn_charge(txn, MAX(set->spans.cap, (size_t)8) * sizeof(span));
        if (r != KV_OK)
            return r;
    }
    ARENA_PUSH(&txn->arena, &set->spans, span);
    return KV_OK;
}

enum kv_result reads_add_point(struct txn *txn, struct read_set *set, struct str key)
{
    if (txn->read_only)
        return KV_OK;
    // The same key again, as loops do, is not worth an entry.
    if (set->spans.len > 0) {
        const struct span *last = &set->spans.ptr[set->spans.len - 1];
        if (str_eq(last->start, key) && last->end_kind == SPAN_END_INCLUDED)
            return KV_OK;
    }
    enum kv_result r = txn_charge(txn, key.len);
    if (r != KV_OK)
        return r;
    struct str copy = arena_str(&txn->arena, key);
    return reads_add(txn, set, (struct span){copy, copy, SPAN_END_INCLUDED});
}

enum kv_result txn_add_read_conflict(struct kv_txn *base, struct kv_range range, unsigned flags)
{
    struct txn *txn = txn_of(base);
    if (txn->read_only)
        return KV_OK;
    enum kv_result r = txn_charge(txn, range.start.len + range.end.len);
    if (r != KV_OK)
        return r;
    struct span span = {arena_str(&txn->arena, range.start), STR_NONE, SPAN_END_NONE};
    if (range.end.ptr != NULL) {
        span.end = arena_str(&txn->arena, range.end);
        span.end_kind = SPAN_END_EXCLUDED;
    }
    return reads_add(txn, reads_for(txn, flags), span);
}

bool reads_contain(const struct read_set *set, struct str key)
{
    const struct span *spans = set->spans.ptr;
    size_t low = 0, high = set->spans.len; // first span that starts after the key
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(spans[middle].start, key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && span_before_end(&spans[low - 1], key);
}
