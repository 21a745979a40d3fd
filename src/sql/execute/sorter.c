// Sorting. Rows are buffered and their numbers sorted; when they pass the work memory they are written as a sorted run
// to the temporary file, and at the end the runs are merged, RUNS_MERGED at a time.
#include "sql/execute/spill_int.h"
#include <stdlib.h>

enum { RUNS_MERGED = 16 };

struct sorter_merge {
    struct merge_input {
        struct spill_stream *stream;
        struct batch batch;
        uint32_t at;
    } inputs[RUNS_MERGED];
    uint32_t n;
    uint32_t heap[RUNS_MERGED]; // inputs with rows, the one with the first row on top
    uint32_t n_heap;
};

void sorter_init(struct sorter *s, const struct op *owner, const struct type *types, uint32_t n_cols,
                 const struct sorter_key *keys, uint32_t n_keys)
{
    *s = (struct sorter){.x = owner->x, .owner = owner, .keys = keys, .n_keys = n_keys, .most = INT64_MAX};
    row_store_init(&s->rows, owner->x, types, n_cols);
}

static void forget_runs(struct sorter *s)
{
    for (uint32_t i = 0; i < s->n_runs; i++)
        spill_stream_free(s->runs[i]);
    s->n_runs = 0;
    mem_free(s->merge);
    s->merge = NULL;
}

void sorter_reset(struct sorter *s)
{
    row_store_reset(&s->rows);
    forget_runs(s);
    s->at = 0;
}

void sorter_release(struct sorter *s)
{
    row_store_release(&s->rows);
    forget_runs(s);
    mem_free(s->runs);
    mem_free(s->order);
    if (s->x->budget != NULL)
        budget_release(s->x->budget, (size_t)s->order_cap * sizeof(*s->order));
    s->runs = NULL;
    s->order = NULL;
    s->runs_cap = s->order_cap = 0;
}

// ---- order

int sorter_compare(const struct sorter *s, uint32_t key, const struct datum *x, const struct datum *y)
{
    const struct sorter_key *k = &s->keys[key];
    if (x->null || y->null)
        return x->null && y->null ? 0 : x->null != k->nulls_last ? -1 : 1;
    int c = s->rows.physicals[k->column] == PHYSICAL_I64 ? (x->i > y->i) - (x->i < y->i)
                                                         : datum_compare(s->rows.types[k->column], x, y);
    return k->descending ? -c : c;
}

static int compare_rows(const void *l, const void *r, void *arg)
{
    const struct sorter *s = arg;
    uint32_t a = *(const uint32_t *)l, b = *(const uint32_t *)r;
    for (uint32_t i = 0; i < s->n_keys; i++) {
        uint32_t col = s->keys[i].column;
        const char *left = row_store_slot(&s->rows, a, col), *right = row_store_slot(&s->rows, b, col);
        int c;
        if (left != NULL && right != NULL && s->rows.physicals[col] == PHYSICAL_I64) {
            c = compare_int_slots(left, right);
            c = s->keys[i].descending ? -c : c;
        } else {
            struct datum x = row_store_get(&s->rows, a, col), y = row_store_get(&s->rows, b, col);
            c = sorter_compare(s, i, &x, &y);
        }
        if (c != 0)
            return c;
    }
    return a < b ? -1 : a > b; // stable
}

int sorter_order(struct sorter *s, struct err *err)
{
    uint32_t n = s->rows.n_rows;
    if (n > s->order_cap) {
        if (s->x->budget != NULL)
            TRY(budget_charge(s->x->budget, (size_t)(n - s->order_cap) * sizeof(*s->order), err));
        s->order = mem_realloc(s->order, size_mul(n, sizeof(*s->order)));
        s->order_cap = n;
    }
    for (uint32_t i = 0; i < n; i++)
        s->order[i] = i;
    if (n > 1 && s->n_keys > 0)
        qsort_r(s->order, n, sizeof(*s->order), compare_rows, s);
    return 0;
}

// ---- runs

static struct spill_stream *new_run(struct sorter *s)
{
    return spill_stream_new(s->x, s->owner, s->rows.types, s->rows.n_cols);
}

static void add_run(struct sorter *s, struct spill_stream *run)
{
    if (s->n_runs == s->runs_cap) {
        s->runs_cap = MAX(s->runs_cap * 2, (uint32_t)RUNS_MERGED);
        s->runs = mem_realloc(s->runs, size_mul(s->runs_cap, sizeof(struct spill_stream *)));
    }
    s->runs[s->n_runs++] = run;
}

static int write_run(struct sorter *s, struct err *err)
{
    struct arena a;
    struct batch b;
    TRY(sorter_order(s, err));
    add_run(s, new_run(s));
    arena_init(&a, s->x->budget);
    batch_init(&b, &a, s->rows.types, s->rows.n_cols, BATCH_ROWS_MAX);
    uint32_t most = (uint32_t)MIN((int64_t)s->rows.n_rows, s->most);
    int rc = 0;
    for (uint32_t at = 0; at < most && rc == 0; at += b.n) {
        b.n = MIN(most - at, (uint32_t)BATCH_ROWS_MAX);
        row_store_read(&s->rows, s->order + at, 0, b.n, b.cols);
        rc = spill_append(s->runs[s->n_runs - 1], &b, NULL, err);
    }
    arena_release(&a);
    row_store_reset(&s->rows);
    return rc != 0 ? rc : spill_finish(s->runs[s->n_runs - 1], err);
}

int sorter_add(struct sorter *s, const struct batch *b, struct err *err)
{
    TRY(row_store_append(&s->rows, b, NULL, err));
    size_t bytes = row_store_bytes(&s->rows) + s->rows.n_rows * sizeof(*s->order);
    return must_spill(s->x, bytes) ? write_run(s, err) : 0;
}

// ---- merging

// The row at hand of one run comes before that of another; of equal rows the earlier run's.
static bool before(const struct sorter *s, uint32_t a, uint32_t b)
{
    const struct merge_input *l = &s->merge->inputs[a], *r = &s->merge->inputs[b];
    for (uint32_t i = 0; i < s->n_keys; i++) {
        struct datum x = vec_get(&l->batch.cols[s->keys[i].column], l->at),
                     y = vec_get(&r->batch.cols[s->keys[i].column], r->at);
        int c = sorter_compare(s, i, &x, &y);
        if (c != 0)
            return c < 0;
    }
    return a < b;
}

static void sift_down(struct sorter *s, uint32_t at)
{
    struct sorter_merge *m = s->merge;
    for (;;) {
        uint32_t first = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < m->n_heap; child++) {
            if (before(s, m->heap[child], m->heap[first]))
                first = child;
        }
        if (first == at)
            return;
        uint32_t swap = m->heap[at];
        m->heap[at] = m->heap[first];
        m->heap[first] = swap;
        at = first;
    }
}

// Merges runs [from, from + n).
static int merge_open(struct sorter *s, uint32_t from, uint32_t n, struct err *err)
{
    if (s->merge == NULL)
        s->merge = mem_alloc(sizeof(*s->merge));
    struct sorter_merge *m = s->merge;
    *m = (struct sorter_merge){.n = n};
    for (uint32_t i = 0; i < n; i++) {
        m->inputs[i].stream = s->runs[from + i];
        TRY(spill_read(m->inputs[i].stream, &m->inputs[i].batch, err));
        if (m->inputs[i].batch.n > 0)
            m->heap[m->n_heap++] = i;
    }
    for (uint32_t i = m->n_heap; i-- > 0;)
        sift_down(s, i);
    return 0;
}

// Takes the input on top to its next batch when it has none left: what was read from it before is gone then.
static int refill(struct sorter *s, struct err *err)
{
    struct sorter_merge *m = s->merge;
    struct merge_input *top = &m->inputs[m->heap[0]];
    if (top->at < top->batch.n)
        return 0;
    TRY(spill_read(top->stream, &top->batch, err));
    top->at = 0;
    if (top->batch.n == 0)
        m->heap[0] = m->heap[--m->n_heap];
    sift_down(s, 0);
    return 0;
}

static int merge_next(struct sorter *s, struct vec *cols, uint32_t most, uint32_t *n, struct err *err)
{
    struct sorter_merge *m = s->merge;
    *n = 0;
    for (uint32_t c = 0; c < s->rows.n_cols; c++)
        cols[c].has_nulls = true;
    if (m->n_heap > 0)
        TRY(refill(s, err));
    while (m->n_heap > 0 && *n < most) {
        struct merge_input *top = &m->inputs[m->heap[0]];
        for (uint32_t c = 0; c < s->rows.n_cols; c++) {
            cols[c].nulls[*n] = 0;
            vec_set(&cols[c], *n, vec_get(&top->batch.cols[c], top->at));
        }
        ++*n;
        if (++top->at == top->batch.n) // before its next batch is read, the rows go out
            break;
        sift_down(s, 0);
    }
    return 0;
}

// Makes one run of runs [from, from + n).
static int merge_runs(struct sorter *s, uint32_t from, uint32_t n, struct spill_stream *into, struct err *err)
{
    struct arena a;
    struct batch b;
    TRY(merge_open(s, from, n, err));
    arena_init(&a, s->x->budget);
    batch_init(&b, &a, s->rows.types, s->rows.n_cols, BATCH_ROWS_MAX);
    int rc = 0;
    do {
        rc = merge_next(s, b.cols, BATCH_ROWS_MAX, &b.n, err);
        if (rc == 0)
            rc = spill_append(into, &b, NULL, err);
    } while (rc == 0 && b.n > 0);
    arena_release(&a);
    return rc != 0 ? rc : spill_finish(into, err);
}

static int merge_pass(struct sorter *s, struct err *err)
{
    uint32_t made = 0;
    for (uint32_t from = 0; from < s->n_runs; from += RUNS_MERGED, made++) {
        TRY(check_interrupt(s->x, err));
        uint32_t n = MIN(s->n_runs - from, (uint32_t)RUNS_MERGED);
        struct spill_stream *into = new_run(s);
        int rc = merge_runs(s, from, n, into, err);
        for (uint32_t i = 0; i < n; i++) {
            spill_stream_free(s->runs[from + i]);
            s->runs[from + i] = NULL;
        }
        s->runs[made] = into;
        TRY(rc);
    }
    s->n_runs = made;
    return 0;
}

int sorter_finish(struct sorter *s, struct err *err)
{
    s->at = 0;
    if (s->n_runs == 0)
        return sorter_order(s, err);
    if (s->rows.n_rows > 0)
        TRY(write_run(s, err));
    row_store_release(&s->rows);
    while (s->n_runs > RUNS_MERGED)
        TRY(merge_pass(s, err));
    return merge_open(s, 0, s->n_runs, err);
}

int sorter_next(struct sorter *s, struct vec *cols, uint32_t most, uint32_t *n, struct err *err)
{
    if (s->merge != NULL)
        return merge_next(s, cols, most, n, err);
    *n = MIN(s->rows.n_rows - s->at, most);
    if (*n > 0)
        row_store_read(&s->rows, s->order + s->at, 0, *n, cols);
    s->at += *n;
    return 0;
}
