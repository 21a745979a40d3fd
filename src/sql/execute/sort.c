// Sorting and top-k. Rows are buffered and their numbers sorted; with a limit the buffer is cut back to the best k
// whenever it has grown to several times that, and from then on only rows before the k-th best are buffered.
#include "sql/execute/execute_int.h"
#include <stdlib.h>

enum { TOP_K_SLACK = 4096 };

struct sort_op {
    struct op op;
    struct row_store rows;
    uint32_t *positions; // of the keys
    uint32_t *order;
    uint32_t order_cap;
    uint32_t at;
    int64_t k; // INT64_MAX: all
    bool loaded;
    bool cut; // the first k rows of the store are the best so far, in order
    uint16_t sel[BATCH_ROWS_MAX];
};

static int compare_values(const struct sort_op *s, uint32_t i, const struct datum *x, const struct datum *y)
{
    const struct sort_key *key = &s->op.plan->sort.keys[i];
    uint32_t col = s->positions[i];
    if (x->null || y->null)
        return x->null && y->null ? 0 : x->null != key->nulls_last ? -1 : 1;
    int c = s->rows.physicals[col] == PHYSICAL_I64 ? (x->i > y->i) - (x->i < y->i)
                                                   : datum_compare(s->rows.types[col], x, y);
    return key->descending ? -c : c;
}

static int compare_keys(const struct sort_op *s, uint32_t a, uint32_t b)
{
    const struct plan *p = s->op.plan;
    for (uint32_t i = 0; i < p->sort.n_keys; i++) {
        uint32_t col = s->positions[i];
        const char *left = row_store_slot(&s->rows, a, col), *right = row_store_slot(&s->rows, b, col);
        int c;
        if (left != NULL && right != NULL && s->rows.physicals[col] == PHYSICAL_I64) {
            c = compare_int_slots(left, right);
            c = p->sort.keys[i].descending ? -c : c;
        } else {
            struct datum x = row_store_get(&s->rows, a, col), y = row_store_get(&s->rows, b, col);
            c = compare_values(s, i, &x, &y);
        }
        if (c != 0)
            return c;
    }
    return a < b ? -1 : a > b; // stable
}

static int compare(const void *a, const void *b, void *arg)
{
    return compare_keys(arg, *(const uint32_t *)a, *(const uint32_t *)b);
}

static int sort_rows(struct sort_op *s, struct err *err)
{
    uint32_t n = s->rows.n_rows;
    if (n > s->order_cap) {
        TRY(budget_charge(s->op.x->budget, (size_t)(n - s->order_cap) * sizeof(*s->order), err));
        s->order = mem_realloc(s->order, size_mul(n, sizeof(*s->order)));
        s->order_cap = n;
    }
    for (uint32_t i = 0; i < n; i++)
        s->order[i] = i;
    if (n > 1)
        qsort_r(s->order, n, sizeof(*s->order), compare, s);
    return 0;
}

// Rebuilds the store with the best k rows only.
static int cut_back(struct sort_op *s, struct err *err)
{
    TRY(sort_rows(s, err));
    struct row_store kept;
    row_store_init(&kept, s->op.x, s->rows.types, s->rows.n_cols);
    int rc = 0;
    for (int64_t at = 0; at < s->k && rc == 0; at += BATCH_ROWS_MAX) {
        uint32_t n = (uint32_t)MIN(s->k - at, (int64_t)BATCH_ROWS_MAX);
        row_store_read(&s->rows, s->order + at, 0, n, s->op.out.cols);
        s->op.out.n = n;
        s->op.out.sel = NULL;
        rc = row_store_append(&kept, &s->op.out, NULL, err);
    }
    row_store_release(&s->rows);
    s->rows = kept;
    s->cut = true;
    return rc;
}

// Does a row of the input come before the k-th best? An equal one comes after it, being later.
static bool before_cut(const struct sort_op *s, const struct batch *in, uint32_t row)
{
    for (uint32_t i = 0; i < s->op.plan->sort.n_keys && s->k > 0; i++) {
        uint32_t col = s->positions[i];
        struct datum x = vec_get(&in->cols[col], row), y = row_store_get(&s->rows, (uint32_t)s->k - 1, col);
        int c = compare_values(s, i, &x, &y);
        if (c != 0)
            return c < 0;
    }
    return false;
}

static int add_candidates(struct sort_op *s, const struct batch *in, struct err *err)
{
    struct batch candidates = *in;
    candidates.sel = s->sel;
    candidates.n = 0;
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        if (before_cut(s, in, row))
            s->sel[candidates.n++] = (uint16_t)row;
    }
    return row_store_append(&s->rows, &candidates, NULL, err);
}

static int load(struct sort_op *s, struct err *err)
{
    struct op *op = &s->op;
    for (;;) {
        TRY(op_next(op->input, err));
        if (op->input->out.n == 0)
            break;
        TRY(check_interrupt(op->x, err));
        if (s->cut)
            TRY(add_candidates(s, &op->input->out, err));
        else
            TRY(row_store_append(&s->rows, &op->input->out, NULL, err));
        if (s->k < INT32_MAX / 2 && s->rows.n_rows > 2 * s->k + TOP_K_SLACK)
            TRY(cut_back(s, err));
    }
    s->loaded = true;
    return sort_rows(s, err);
}

static int sort_next(struct op *op, struct err *err)
{
    struct sort_op *s = (struct sort_op *)op;
    if (!s->loaded)
        TRY(load(s, err));
    uint32_t n = MIN(s->rows.n_rows - s->at, (uint32_t)BATCH_ROWS_MAX);
    if ((int64_t)s->at + n > s->k)
        n = (uint32_t)(s->k - s->at);
    if (n > 0)
        row_store_read(&s->rows, s->order + s->at, 0, n, op->out.cols);
    s->at += n;
    op->out.n = n;
    op->out.sel = NULL;
    return 0;
}

static int top_k(struct sort_op *s, struct err *err)
{
    s->k = INT64_MAX;
    const struct expr *parts[2] = {s->op.plan->sort.limit, s->op.plan->sort.offset};
    if (parts[0] == NULL)
        return 0;
    s->op.x->eval.arena = &s->op.batch;
    int64_t total = 0;
    for (int i = 0; i < 2; i++) {
        struct datum d;
        if (parts[i] == NULL)
            continue;
        TRY(exec_scalar(s->op.x, parts[i], &d, err));
        if (d.null && i == 0)
            return 0;
        if (!d.null && (d.i < 0 || __builtin_add_overflow(total, d.i, &total)))
            return 0; // LIMIT itself reports negative values
    }
    s->k = total;
    return 0;
}

static int sort_open(struct op *op, struct err *err)
{
    struct sort_op *s = (struct sort_op *)op;
    row_store_reset(&s->rows);
    s->loaded = s->cut = false;
    s->at = 0;
    TRY(top_k(s, err));
    return op_open(op->input, err);
}

static void sort_close(struct op *op)
{
    struct sort_op *s = (struct sort_op *)op;
    row_store_release(&s->rows);
    mem_free(s->order);
    if (op->x->budget != NULL)
        budget_release(op->x->budget, (size_t)s->order_cap * sizeof(*s->order));
    s->order = NULL;
    s->order_cap = 0;
}

static const struct op_ops sort_ops = {sort_open, sort_next, sort_close};

struct op *sort_build(struct exec_context *x, const struct plan *p)
{
    struct sort_op *s = OP_NEW(x, p, &sort_ops, struct sort_op);
    s->op.input = op_build(x, p->input);
    struct type *types = plan_types(x, p->cols, p->n_cols);
    row_store_init(&s->rows, x, types, p->n_cols);
    s->positions = ARENA_ARRAY(x->arena, uint32_t, p->sort.n_keys);
    for (uint32_t i = 0; i < p->sort.n_keys; i++)
        s->positions[i] = (uint32_t)col_position(p->cols, p->n_cols, p->sort.keys[i].expr->column);
    batch_init(&s->op.out, x->arena, types, p->n_cols, BATCH_ROWS_MAX);
    return &s->op;
}
