// UNION, INTERSECT, EXCEPT. Columns correspond by position. Except for UNION ALL, rows are numbered by a hash table:
// UNION passes new rows; INTERSECT and EXCEPT count the rows of the right side first. Rows beyond the work memory are
// partitioned into temporary streams, side by side, and each part is treated like the whole.
#include "sql/execute/spill_int.h"

enum { LEFT, RIGHT };

struct set_op_op {
    struct op op;
    struct hash_rows *seen;
    int64_t *counts; // rows of the right side not yet used up, per number
    uint32_t counts_cap;
    bool on_right;
    bool counted; // the right side of INTERSECT and EXCEPT
    uint16_t *sel;
    struct type *types;
    struct spill_split split; // rows that are not in memory
    struct spill_parts parts;
    struct spill_part part; // at hand; no stream: the inputs are
    bool in_part;
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

// Rows of a side: of the input, or of the part at hand.
static int next_rows(struct set_op_op *s, int side, struct batch *out, struct err *err)
{
    TRY(check_interrupt(s->op.x, err));
    *out = (struct batch){0};
    if (s->in_part)
        return s->part.streams[side] != NULL ? spill_read(s->part.streams[side], out, err) : 0;
    struct op *source = side == LEFT ? s->op.input : s->op.right;
    TRY(op_next(source, err));
    *out = source->out;
    return 0;
}

static int number_rows(struct set_op_op *s, const struct batch *in, int side, uint32_t *ids, struct err *err)
{
    TRY(hash_rows_ids(s->seen, in, NULL, ids, err));
    TRY(ensure_counts(s));
    for (uint32_t k = 0; hash_rows_frozen(s->seen) && k < in->n; k++) {
        uint32_t row = batch_row(in, k), n_cols = s->op.plan->n_cols;
        if (ids[k] == NO_ID)
            TRY(spill_split_row(&s->split, &s->op, side, s->types, n_cols, in, row, hash_row(in, NULL, n_cols, row),
                                err));
    }
    if (s->split.level < SPILL_LEVELS && s->op.plan->n_cols > 0 && must_spill(s->op.x, hash_rows_bytes(s->seen)))
        hash_rows_freeze(s->seen);
    return 0;
}

static int count_right(struct set_op_op *s, struct err *err)
{
    uint32_t ids[BATCH_ROWS_MAX];
    struct batch in;
    for (;;) {
        TRY(next_rows(s, RIGHT, &in, err));
        if (in.n == 0)
            return 0;
        TRY(number_rows(s, &in, RIGHT, ids, err));
        for (uint32_t k = 0; k < in.n; k++) {
            if (ids[k] != NO_ID)
                s->counts[ids[k]]++;
        }
    }
}

// Which of the left side's rows stay.
static int subtract(struct set_op_op *s, const struct batch *in, uint32_t *n, struct err *err)
{
    const struct plan *p = s->op.plan;
    bool intersect = p->set.op == SET_INTERSECT;
    uint32_t ids[BATCH_ROWS_MAX];
    TRY(number_rows(s, in, LEFT, ids, err));
    *n = 0;
    for (uint32_t k = 0; k < in->n; k++) {
        if (ids[k] == NO_ID)
            continue;
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

static int only_new(struct set_op_op *s, const struct batch *in, uint32_t *n, struct err *err)
{
    uint32_t ids[BATCH_ROWS_MAX], seen = hash_rows_count(s->seen);
    TRY(number_rows(s, in, LEFT, ids, err));
    *n = 0;
    for (uint32_t k = 0; k < in->n; k++) {
        if (ids[k] == seen) { // numbers are given in order: a new row has the next one
            s->sel[(*n)++] = (uint16_t)batch_row(in, k);
            seen++;
        }
    }
    return 0;
}

static void forget_rows(struct set_op_op *s)
{
    hash_rows_reset(s->seen);
    if (s->counts_cap > 0)
        memset(s->counts, 0, s->counts_cap * sizeof(*s->counts));
}

// Turns to the next part; *more is false when there is none.
static int next_part(struct set_op_op *s, bool *more, struct err *err)
{
    TRY(spill_split_finish(&s->split, &s->parts, err));
    spill_part_free(&s->part);
    *more = s->in_part = spill_parts_take(&s->parts, &s->part);
    if (!*more)
        return 0;
    s->on_right = false;
    s->split.level = s->part.level;
    forget_rows(s);
    return s->op.plan->set.op != SET_UNION ? count_right(s, err) : 0;
}

// The next rows of the left side; for UNION, the right side's after them.
static int next_candidates(struct set_op_op *s, struct batch *in, struct err *err)
{
    bool more = true, both = s->op.plan->set.op == SET_UNION;
    while (more) {
        TRY(next_rows(s, s->on_right && !s->in_part ? RIGHT : LEFT, in, err));
        if (in->n > 0)
            return 0;
        if (both && !s->on_right && !s->in_part) {
            s->on_right = true;
            TRY(op_open(s->op.right, err));
        } else {
            TRY(next_part(s, &more, err));
        }
    }
    return 0;
}

static int set_op_next(struct op *op, struct err *err)
{
    struct set_op_op *s = (struct set_op_op *)op;
    const struct plan *p = op->plan;
    if (p->set.op != SET_UNION && !s->counted) {
        s->counted = true;
        TRY(op_open(op->right, err));
        TRY(count_right(s, err));
    }
    do {
        struct batch in;
        TRY(next_candidates(s, &in, err));
        op->out = in;
        if (in.n == 0 || (p->set.op == SET_UNION && p->set.all))
            return 0;
        TRY(p->set.op == SET_UNION ? only_new(s, &in, &op->out.n, err) : subtract(s, &in, &op->out.n, err));
        op->out.sel = s->sel;
    } while (op->out.n == 0);
    return 0;
}

static void forget_spilled(struct set_op_op *s)
{
    spill_split_release(&s->split);
    spill_parts_release(&s->parts);
    spill_part_free(&s->part);
    s->split.level = 0;
    s->in_part = false;
}

static int set_op_open(struct op *op, struct err *err)
{
    struct set_op_op *s = (struct set_op_op *)op;
    s->on_right = false;
    forget_spilled(s);
    forget_rows(s);
    s->counted = false;
    return op_open(op->input, err);
}

static void set_op_close(struct op *op)
{
    struct set_op_op *s = (struct set_op_op *)op;
    forget_spilled(s);
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
    s->types = plan_types(x, p->cols, p->n_cols);
    s->seen = hash_rows_new(x, s->types, p->n_cols);
    s->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    return &s->op;
}
