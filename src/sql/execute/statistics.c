// Statistics of a table's rows: distinct values by a sketch (HyperLogLog, Flajolet and others 2007, with linear
// counting where few registers are set), NULLs, sizes. One pass over the primary index, not remembered as a read.
#include "base/map.h"
#include "sql/execute/mutate_int.h"
#include <math.h>

enum { SKETCH_BITS = 14, SKETCH_REGISTERS = 1 << SKETCH_BITS };

struct sketch {
    uint8_t *registers;
    int64_t nulls, bytes;
};

struct collection {
    const struct table_statistic *wanted;
    size_t n;
    struct sketch *sketches;
    int64_t rows;
};

static void sketch_add(struct sketch *s, uint64_t hash)
{
    uint64_t rest = hash << SKETCH_BITS | 1u << (SKETCH_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1), *r = &s->registers[hash >> (64 - SKETCH_BITS)];
    *r = MAX(*r, rank);
}

static int64_t sketch_count(const struct sketch *s)
{
    double sum = 0, m = SKETCH_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
    uint32_t empty = 0;
    for (uint32_t i = 0; i < SKETCH_REGISTERS; i++) {
        sum += ldexp(1, -s->registers[i]);
        empty += s->registers[i] == 0;
    }
    double estimate = alpha * m * m / sum;
    if (estimate <= 2.5 * m && empty > 0)
        estimate = m * log(m / empty);
    return llround(estimate);
}

static size_t value_bytes(struct type t, const struct datum *d)
{
    return d->null ? 0 : type_physical(t) == PHYSICAL_STR ? d->s.len : physical_size[type_physical(t)];
}

static void add_row(struct collection *c, const struct cat_table *t, const struct datum *row)
{
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
    (void)err;
    for (uint32_t k = 0; k < w->batch.n; k++)
        add_row(arg, w->ta->table, walk_row(w, k));
    return 0;
}

int exec_collect_statistics(struct exec_context *x, const struct cat_table *t, struct table_statistic *list, size_t n,
                            int64_t *rows, struct err *err)
{
    struct collection c = {.wanted = list, .n = n, .sketches = ARENA_ARRAY(x->arena, struct sketch, n)};
    for (size_t i = 0; i < n; i++)
        c.sketches[i].registers = ARENA_ARRAY(x->arena, uint8_t, SKETCH_REGISTERS);
    TRY(budget_check(x->budget, err));
    TRY(walk_table(x, t, KV_READ_SNAPSHOT, collect_batch, &c, err));
    *rows = c.rows;
    for (size_t i = 0; i < n; i++) {
        list[i].distinct = c.rows == 0 ? 0 : MIN(MAX(sketch_count(&c.sketches[i]), (int64_t)1), c.rows);
        list[i].nulls = c.sketches[i].nulls;
        list[i].avg_size = c.rows == 0 ? 0 : (c.sketches[i].bytes + c.rows / 2) / c.rows;
    }
    return 0;
}
