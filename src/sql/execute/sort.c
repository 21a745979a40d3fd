// Sorting and top-k. Rows go through a sorter; with a limit what it holds is cut back to the best k rows whenever it
// has grown to several times that, and from then on only rows before the k-th best are taken. Rows that come in the
// order of the first keys are read only as far as those of the k-th one reach.
#include "sql/execute/spill_int.h"

enum { TOP_K_SLACK = 4096 };

struct sort_op {
    struct op op;
    struct sorter sorter;
    int64_t k; // INT64_MAX: all
    int64_t emitted;
    bool loaded;
    bool cut; // the first k rows of the store are the best so far, in order
    uint16_t sel[BATCH_ROWS_MAX];
};

// Rebuilds the store with the best k rows only.
static int cut_back(struct sort_op *s, struct err *err)
{
    struct row_store *rows = &s->sorter.rows, kept;
    TRY(sorter_order(&s->sorter, err));
    row_store_init(&kept, s->op.x, rows->types, rows->n_cols);
    int rc = 0;
    for (int64_t at = 0; at < s->k && rc == 0; at += BATCH_ROWS_MAX) {
        uint32_t n = (uint32_t)MIN(s->k - at, (int64_t)BATCH_ROWS_MAX);
        row_store_read(rows, s->sorter.order + at, 0, n, s->op.out.cols);
        s->op.out.n = n;
        s->op.out.sel = NULL;
        rc = row_store_append(&kept, &s->op.out, NULL, err);
    }
    row_store_release(rows);
    *rows = kept;
    s->cut = true;
    return rc;
}

// Does a row of the input come before the k-th best? An equal one comes after it, being later.
static bool before_cut(const struct sort_op *s, const struct batch *in, uint32_t row)
{
    for (uint32_t i = 0; i < s->sorter.n_keys && s->k > 0; i++) {
        uint32_t col = s->sorter.keys[i].column;
        struct datum x = vec_get(&in->cols[col], row), y = row_store_get(&s->sorter.rows, (uint32_t)s->k - 1, col);
        int c = sorter_compare(&s->sorter, i, &x, &y);
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
    return sorter_add(&s->sorter, &candidates, err);
}

// Whether no row to come can be among the best k: they come in the order of the first keys, and the last one of the
// input is behind the k-th best by those.
static bool complete(const struct sort_op *s, const struct batch *in)
{
    uint32_t n = s->op.plan->sort.n_ordered, row = batch_row(in, in->n - 1);
    if (n == 0 || s->k <= 0 || s->k > s->sorter.rows.n_rows)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t col = s->sorter.keys[i].column;
        struct datum x = vec_get(&in->cols[col], row), y = row_store_get(&s->sorter.rows, (uint32_t)s->k - 1, col);
        if (sorter_compare(&s->sorter, i, &x, &y) != 0)
            return true;
    }
    return false;
}

static int load(struct sort_op *s, struct err *err)
{
    struct op *op = &s->op;
    for (;;) {
        TRY(op_next(op->input, err));
        if (op->input->out.n == 0)
            break;
        if (s->cut)
            TRY(add_candidates(s, &op->input->out, err));
        else
            TRY(sorter_add(&s->sorter, &op->input->out, err));
        if (complete(s, &op->input->out))
            break;
        s->cut &= s->sorter.rows.n_rows > 0; // not any more once they are in a file
        if (s->k < INT32_MAX / 2 && s->sorter.rows.n_rows > 2 * s->k + TOP_K_SLACK)
            TRY(cut_back(s, err));
    }
    s->loaded = true;
    return sorter_finish(&s->sorter, err);
}

static int sort_next(struct op *op, struct err *err)
{
    struct sort_op *s = (struct sort_op *)op;
    if (!s->loaded)
        TRY(load(s, err));
    op->out.sel = NULL;
    uint32_t most = (uint32_t)MIN(s->k - s->emitted, (int64_t)BATCH_ROWS_MAX);
    TRY(sorter_next(&s->sorter, op->out.cols, most, &op->out.n, err));
    s->emitted += op->out.n;
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
    sorter_reset(&s->sorter);
    s->loaded = s->cut = false;
    s->emitted = 0;
    TRY(top_k(s, err));
    s->sorter.most = s->k;
    return op_open(op->input, err);
}

static void sort_close(struct op *op)
{
    sorter_release(&((struct sort_op *)op)->sorter);
}

static const struct op_ops sort_ops = {sort_open, sort_next, sort_close};

struct op *sort_build(struct exec_context *x, const struct plan *p)
{
    struct sort_op *s = OP_NEW(x, p, &sort_ops, struct sort_op);
    s->op.input = op_build(x, p->input);
    struct type *types = plan_types(x, p->cols, p->n_cols);
    struct sorter_key *keys = ARENA_ARRAY(x->arena, struct sorter_key, p->sort.n_keys);
    for (uint32_t i = 0; i < p->sort.n_keys; i++)
        keys[i] = (struct sorter_key){
            .column = (uint32_t)col_position(p->cols, p->n_cols, p->sort.keys[i].expr->column),
            .descending = p->sort.keys[i].descending,
            .nulls_last = p->sort.keys[i].nulls_last,
        };
    sorter_init(&s->sorter, &s->op, types, p->n_cols, keys, p->sort.n_keys);
    batch_init(&s->op.out, x->arena, types, p->n_cols, BATCH_ROWS_MAX);
    return &s->op;
}
