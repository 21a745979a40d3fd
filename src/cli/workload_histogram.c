#include "cli/workload_int.h"

static size_t bucket_of(uint64_t ns)
{
    if (ns < 1u << HISTOGRAM_SUB_BITS)
        return ns;
    int shift = 63 - __builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
    return ((size_t)shift << HISTOGRAM_SUB_BITS) + (size_t)(ns >> shift);
}

// The largest value that falls into the bucket.
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < 2u << HISTOGRAM_SUB_BITS)
        return bucket;
    size_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t head = bucket - (shift << HISTOGRAM_SUB_BITS);
    return ((head + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->counts[bucket_of(ns)]++;
    h->total++;
    h->sum_ns += ns;
    h->max_ns = MAX(h->max_ns, ns);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
    into->sum_ns += from->sum_ns;
    into->max_ns = MAX(into->max_ns, from->max_ns);
}

void histogram_subtract(struct histogram *into, const struct histogram *from)
{
    size_t highest = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        into->counts[i] -= from->counts[i];
        if (into->counts[i] > 0)
            highest = i;
    }
    into->total -= from->total;
    into->sum_ns -= from->sum_ns;
    into->max_ns = into->total == 0 ? 0 : MIN(into->max_ns, bucket_end(highest));
}

double histogram_quantile_ms(const struct histogram *h, double q)
{
    uint64_t wanted = (uint64_t)(q * (double)h->total + 0.5), seen = 0;
    if (h->total == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= MAX(wanted, 1))
            return (double)MIN(bucket_end(i), h->max_ns) / 1e6;
    }
    return (double)h->max_ns / 1e6;
}
