// Statistics of a table's rows: distinct values by a sketch (HyperLogLog, Flajolet and others 2007, with linear
// counting where few registers are set), NULLs, sizes; histograms from a sample of about HISTOGRAM_SAMPLE_ROWS rows.
// One pass over the primary index, not remembered as a read.
#include "base/map.h"
#include "base/util.h"
#include "catalog/histogram.h"
#include "sql/execute/mutate_int.h"
#include <math.h>

enum { SKETCH_BITS = 14, SKETCH_REGISTERS = 1 << SKETCH_BITS, SAMPLED_BYTES_MAX = 128 };

struct sketch {
    uint8_t *registers;
    int64_t nulls, bytes;
    struct datum *sample; // values that are not NULL; NULL: no histogram is wanted
    size_t n_sample;
};

struct collection {
    const struct table_statistic *wanted;
    size_t n;
    struct sketch *sketches;
    int64_t rows;
    struct arena *arena;
    struct rng rng; // which rows are sampled
    double sampled; // part of all
    size_t sample_max;
};

static void sketch_add(struct sketch *s, uint64_t hash)
{
    uint64_t rest = hash << SKETCH_BITS | 1u << (SKETCH_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1), *r = &s->registers[hash >> (64 - SKETCH_BITS)];
    *r = MAX(*r, rank);
}

static int64_t sketch_count(const struct sketch *s)
{
    enum { RANKS = 66 - SKETCH_BITS }; // from 0, of a register without a value
    double sum = 0, m = SKETCH_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
    uint32_t of_rank[RANKS] = {0};
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++)
        of_rank[s->registers[i]]++;
    for (int i = 0; i < RANKS; i++)
        sum += ldexp(of_rank[i], -i);
    double estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && of_rank[0] > 0)
        estimate = m * log(m / of_rank[0]);
    return llround(estimate);
}

static size_t value_bytes(struct type t, const struct datum *d)
{
    return d->null ? 0 : type_physical(t) == PHYSICAL_STR ? d->s.len : physical_size[type_physical(t)];
}

// Long values are cut: their beginnings are what ranges tell apart.
static struct datum sampled_value(struct arena *a, struct type t, struct datum d)
{
    if ((t.family == TYPE_STRING || t.family == TYPE_BYTES) && d.s.len > SAMPLED_BYTES_MAX) {
        d.s.len = SAMPLED_BYTES_MAX;
        while (t.family == TYPE_STRING && d.s.len > 0 && ((uint8_t)d.s.ptr[d.s.len] & 0xC0) == 0x80)
            d.s.len--;
    }
    return datum_copy(a, t, d);
}

static void sample_row(struct collection *c, const struct cat_table *t, const struct datum *row)
{
    for (size_t i = 0; i < c->n; i++) {
        struct sketch *s = &c->sketches[i];
        uint32_t at = c->wanted[i].columns[0];
        if (s->sample != NULL && !row[at].null && s->n_sample < c->sample_max)
            s->sample[s->n_sample++] = sampled_value(c->arena, t->columns[at].type, row[at]);
    }
}

static void add_row(struct collection *c, const struct cat_table *t, const struct datum *row)
{
    if (c->sampled >= 1 || rng_unit(&c->rng) < c->sampled)
        sample_row(c, t, row);
    for (size_t i = 0; i < c->n; i++) {
        const struct table_statistic *w = &c->wanted[i];
        struct sketch *s = &c->sketches[i];
        uint64_t hash = 0x12345;
        bool all_null = true;
        for (size_t k = 0; k < w->n_columns; k++) {
            const struct datum *d = &row[w->columns[k]];
            struct type type = t->columns[w->columns[k]].type;
            hash = d->null ? hash_u64(hash ^ 0x9E3779B97F4A7C15u) : datum_hash(type, d, hash);
            all_null &= d->null;
            s->bytes += (int64_t)value_bytes(type, d);
        }
        s->nulls += all_null;
        sketch_add(s, hash_u64(hash));
    }
    c->rows++;
}

static int collect_batch(struct table_walk *w, void *arg, struct err *err)
{
    for (uint32_t k = 0; k < w->batch.n; k++)
        add_row(arg, w->ta->table, walk_row(w, k));
    return budget_check(w->x->budget, err);
}

// More rows than were thought to be there are sampled up to twice the wanted number, and then no more.
static void collection_init(struct collection *c, struct exec_context *x, const struct cat_table *t, int64_t rows_hint)
{
    double wanted = HISTOGRAM_SAMPLE_ROWS;
    c->arena = x->arena;
    c->sampled = (double)rows_hint > wanted ? wanted / (double)rows_hint : 1;
    c->sample_max = (size_t)MIN(2 * MAX(rows_hint, 100), 2 * (int64_t)HISTOGRAM_SAMPLE_ROWS);
    rng_seed(&c->rng, 1);
    for (size_t i = 0; i < c->n; i++) {
        struct sketch *s = &c->sketches[i];
        s->registers = ARENA_ARRAY(x->arena, uint8_t, SKETCH_REGISTERS);
        if (c->wanted[i].n_columns == 1 && histogram_possible(t->columns[c->wanted[i].columns[0]].type))
            s->sample = ARENA_ARRAY(x->arena, struct datum, c->sample_max);
    }
}

static struct str encoded_histogram(struct collection *c, const struct cat_table *t, size_t at, int64_t distinct)
{
    struct sketch *s = &c->sketches[at];
    if (s->n_sample == 0)
        return STR_EMPTY;
    struct type type = t->columns[c->wanted[at].columns[0]].type;
    struct histogram h =
        histogram_build(c->arena, type, s->sample, s->n_sample, (double)(c->rows - s->nulls), (double)distinct);
    struct buf b = BUF_INIT;
    histogram_encode(&b, &h);
    struct str bytes = arena_str(c->arena, buf_view(&b));
    buf_release(&b);
    return bytes;
}

int exec_collect_statistics(struct exec_context *x, const struct cat_table *t, struct table_statistic *list, size_t n,
                            int64_t rows_hint, int64_t *rows, struct err *err)
{
    struct collection c = {.wanted = list, .n = n, .sketches = ARENA_ARRAY(x->arena, struct sketch, n)};
    collection_init(&c, x, t, rows_hint);
    TRY(budget_check(x->budget, err));
    TRY(walk_table(x, t, KV_READ_SNAPSHOT, collect_batch, &c, err));
    *rows = c.rows;
    for (size_t i = 0; i < n; i++) {
        list[i].distinct = c.rows == 0 ? 0 : MIN(MAX(sketch_count(&c.sketches[i]), (int64_t)1), c.rows);
        list[i].nulls = c.sketches[i].nulls;
        list[i].avg_size = c.rows == 0 ? 0 : (c.sketches[i].bytes + c.rows / 2) / c.rows;
        list[i].histogram = encoded_histogram(&c, t, i, list[i].distinct);
    }
    return 0;
}
