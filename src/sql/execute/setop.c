// UNION, INTERSECT, EXCEPT. Columns correspond by position. Except for UNION ALL, rows are numbered by a hash table:
// UNION passes new rows; INTERSECT and EXCEPT count the rows of the right side first.
#include "sql/execute/execute_int.h"

struct set_op_op {
    struct op op;
    struct hash_rows *seen;
    int64_t *counts; // rows of the right side not yet used up, per number
    uint32_t counts_cap;
    bool on_right;
    uint16_t *sel;
};

static int ensure_counts(struct set_op_op *s)
{
    uint32_t n = hash_rows_count(s->seen);
    if (n <= s->counts_cap)
        return 0;
    uint32_t cap = MAX(n, MAX(s->counts_cap * 2, (uint32_t)BATCH_ROWS_MAX));
    s->counts = mem_realloc(s->counts, size_mul(cap, sizeof(*s->counts)));
    memset(s->counts + s->counts_cap, 0, (cap - s->counts_cap) * sizeof(*s->counts));
    s->counts_cap = cap;
    return 0;
}

static int count_right(struct set_op_op *s, struct err *err)
{
    uint32_t ids[BATCH_ROWS_MAX];
    TRY(op_open(s->op.right, err));
    for (;;) {
        TRY(op_next(s->op.right, err));
        const struct batch *in = &s->op.right->out;
        if (in->n == 0)
            return 0;
        TRY(check_interrupt(s->op.x, err));
        TRY(hash_rows_ids(s->seen, in, NULL, ids, err));
        TRY(ensure_counts(s));
        for (uint32_t k = 0; k < in->n; k++)
            s->counts[ids[k]]++;
    }
}

// Which of the left side's rows stay.
static int subtract(struct set_op_op *s, const struct batch *in, uint32_t *n, struct err *err)
{
    const struct plan *p = s->op.plan;
    bool intersect = p->set.op == SET_INTERSECT;
    uint32_t ids[BATCH_ROWS_MAX];
    TRY(hash_rows_ids(s->seen, in, NULL, ids, err));
    TRY(ensure_counts(s));
    *n = 0;
    for (uint32_t k = 0; k < in->n; k++) {
        int64_t *count = &s->counts[ids[k]];
        bool keep;
        if (p->set.all) {
            keep = intersect ? *count > 0 : *count <= 0;
            (*count)--;
        } else { // each row once: INT64_MIN marks what has been passed
            keep = *count != INT64_MIN && (*count > 0) == intersect;
            if (keep)
                *count = INT64_MIN;
        }
        if (keep)
            s->sel[(*n)++] = (uint16_t)batch_row(in, k);
    }
    return 0;
}

static int set_op_next(struct op *op, struct err *err)
{
    struct set_op_op *s = (struct set_op_op *)op;
    const struct plan *p = op->plan;
    for (;;) {
        struct op *source = s->on_right ? op->right : op->input;
        TRY(op_next(source, err));
        op->out = source->out;
        if (op->out.n == 0) {
            if (p->set.op != SET_UNION || s->on_right)
                return 0;
            s->on_right = true;
            TRY(op_open(op->right, err));
            continue;
        }
        if (p->set.op == SET_UNION && p->set.all)
            return 0;
        uint32_t n;
        if (p->set.op == SET_UNION)
            TRY(hash_rows_add(s->seen, &source->out, NULL, s->sel, &n, err));
        else
            TRY(subtract(s, &source->out, &n, err));
        op->out.sel = s->sel;
        op->out.n = n;
        if (n > 0)
            return 0;
    }
}

static int set_op_open(struct op *op, struct err *err)
{
    struct set_op_op *s = (struct set_op_op *)op;
    s->on_right = false;
    hash_rows_reset(s->seen);
    if (s->counts_cap > 0)
        memset(s->counts, 0, s->counts_cap * sizeof(*s->counts));
    if (op->plan->set.op != SET_UNION)
        TRY(count_right(s, err));
    return op_open(op->input, err);
}

static void set_op_close(struct op *op)
{
    struct set_op_op *s = (struct set_op_op *)op;
    mem_free(s->counts);
    s->counts = NULL;
    s->counts_cap = 0;
}

static const struct op_ops set_op_ops = {set_op_open, set_op_next, set_op_close};

struct op *set_op_build(struct exec_context *x, const struct plan *p)
{
    struct set_op_op *s = OP_NEW(x, p, &set_op_ops, struct set_op_op);
    s->op.input = op_build(x, p->input);
    s->op.right = op_build(x, p->right);
    s->seen = hash_rows_new(x, plan_types(x, p->cols, p->n_cols), p->n_cols);
    s->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    return &s->op;
}
