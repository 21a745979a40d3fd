// Window functions. Rows are buffered and sorted by partition and order keys; each function computes its results one
// partition at a time; rows leave in that order with the results added.
//
// Aggregates keep their state from row to row while the frame only grows at its end (the default frame, and every frame
// that starts UNBOUNDED PRECEDING); other frames are aggregated anew for each row whose frame differs from the last.
//
// Beyond the work memory the sorter merges rows from files, and partitions are worked on a few at a time; one partition
// must fit into memory.
#include "sql/execute/window_int.h"

// ---- functions over the partition [w->start, w->end)

static void set_result(struct window_op *w, struct window_function *f, uint32_t position, struct datum d)
{
    (void)w;
    f->results[position] = d;
}

static int row_number(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    for (uint32_t i = w->start; i < w->end; i++)
        set_result(w, f, i, datum_int((int64_t)(i - w->start) + 1));
    return 0;
}

static int rank(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    for (uint32_t i = w->start; i < w->end; i++)
        set_result(w, f, i, datum_int((int64_t)(w->peer_start[i] - w->start) + 1));
    return 0;
}

static int dense_rank(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    for (uint32_t i = w->start; i < w->end; i++)
        set_result(w, f, i, datum_int((int64_t)w->group_number[i] + 1));
    return 0;
}

static int percent_rank(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    uint32_t others = w->end - w->start - 1;
    for (uint32_t i = w->start; i < w->end; i++)
        set_result(w, f, i, datum_float(others == 0 ? 0 : (double)(w->peer_start[i] - w->start) / others));
    return 0;
}

static int cume_dist(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    for (uint32_t i = w->start; i < w->end; i++)
        set_result(w, f, i, datum_float((double)(w->peer_end[i] - w->start) / (w->end - w->start)));
    return 0;
}

// The first rest % buckets of them have a row more.
static int ntile(struct window_op *w, struct window_function *f, struct err *err)
{
    struct datum buckets = window_value(w, w->start, f->args[0]);
    if (!buckets.null && buckets.i <= 0)
        return err_set(err, ERR_INVALID_ARGUMENT_FOR_NTILE, "argument of ntile() must be greater than zero");
    int64_t rows = w->end - w->start;
    int64_t size = buckets.null ? 0 : rows / buckets.i, larger = buckets.null ? 0 : rows % buckets.i;
    for (uint32_t i = w->start; i < w->end; i++) {
        int64_t at = i - w->start, in_larger = larger * (size + 1);
        int64_t bucket = at < in_larger ? at / (size + 1) : larger + (at - in_larger) / MAX(size, (int64_t)1);
        set_result(w, f, i, buckets.null ? DATUM_NULL : datum_int(bucket + 1));
    }
    return 0;
}

static void offset_rows(struct window_op *w, struct window_function *f, bool back)
{
    for (uint32_t i = w->start; i < w->end; i++) {
        struct datum offset = datum_int(1), d = DATUM_NULL;
        if (f->expr->n_args > 1)
            offset = window_value(w, i, f->args[1]);
        int64_t at = i;
        bool outside = offset.null ||
                       (back ? __builtin_sub_overflow(at, offset.i, &at) : __builtin_add_overflow(at, offset.i, &at));
        outside |= at < w->start || at >= w->end;
        if (!outside)
            d = window_value(w, (uint32_t)at, f->args[0]);
        else if (!offset.null && f->expr->n_args > 2)
            d = window_value(w, i, f->args[2]);
        set_result(w, f, i, d);
    }
}

static int lag(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    offset_rows(w, f, true);
    return 0;
}

static int lead(struct window_op *w, struct window_function *f, struct err *err)
{
    (void)err;
    offset_rows(w, f, false);
    return 0;
}

static int first_value(struct window_op *w, struct window_function *f, struct err *err)
{
    for (uint32_t i = w->start; i < w->end; i++) {
        struct window_rows rows;
        TRY(window_frame_rows(w, f, i, &rows, err));
        set_result(w, f, i, rows.n == 0 ? DATUM_NULL : window_value(w, rows.lo[0], f->args[0]));
    }
    return 0;
}

static int last_value(struct window_op *w, struct window_function *f, struct err *err)
{
    for (uint32_t i = w->start; i < w->end; i++) {
        struct window_rows rows;
        TRY(window_frame_rows(w, f, i, &rows, err));
        set_result(w, f, i, rows.n == 0 ? DATUM_NULL : window_value(w, rows.hi[rows.n - 1] - 1, f->args[0]));
    }
    return 0;
}

static int nth_value(struct window_op *w, struct window_function *f, struct err *err)
{
    for (uint32_t i = w->start; i < w->end; i++) {
        struct window_rows rows;
        struct datum n = window_value(w, i, f->args[1]), d = DATUM_NULL;
        if (!n.null && n.i <= 0)
            return err_set(err, ERR_INVALID_ARGUMENT_FOR_NTH_VALUE,
                           "argument of nth_value() must be greater than zero");
        TRY(window_frame_rows(w, f, i, &rows, err));
        int64_t left = n.null ? INT64_MAX : n.i - 1;
        for (uint32_t k = 0; k < rows.n; k++) {
            int64_t size = rows.hi[k] - rows.lo[k];
            if (left < size) {
                d = window_value(w, rows.lo[k] + (uint32_t)left, f->args[0]);
                break;
            }
            left -= size;
        }
        set_result(w, f, i, d);
    }
    return 0;
}

// ---- aggregates

// Rows into the state, or out of it again.
static int flush_rows(struct window_op *w, struct window_function *f, void *state, bool out, const uint32_t *rows,
                      uint32_t n, struct err *err)
{
    const struct fn_aggregate *aggregate = f->expr->fn->aggregate;
    void *states[BATCH_ROWS_MAX];
    for (uint32_t k = 0; k < n; k++)
        states[k] = state;
    for (uint32_t a = 0; a < f->expr->n_args; a++) {
        f->vecs[a].has_nulls = false;
        for (uint32_t k = 0; k < n; k++) {
            f->vecs[a].nulls[k] = 0;
            vec_set(&f->vecs[a], k, row_store_get(w->rows, rows[k], f->args[a]));
        }
    }
    w->op.x->eval.call = &f->call;
    w->op.x->eval.arena = &w->op.batch;
    return (out ? aggregate->remove : aggregate->accumulate)(&w->op.x->eval, &w->state_arena, states, f->vec_pointers,
                                                             (int)f->expr->n_args, NULL, n, err);
}

static bool passes(const struct window_op *w, const struct window_function *f, uint32_t position)
{
    if (f->filter < 0)
        return true;
    struct datum pass = window_value(w, position, (uint32_t)f->filter);
    return !pass.null && pass.b;
}

static int move_rows(struct window_op *w, struct window_function *f, void *state, bool out, uint32_t lo, uint32_t hi,
                     struct err *err)
{
    uint32_t rows[BATCH_ROWS_MAX], n = 0;
    for (uint32_t i = lo; i < hi; i++) {
        if (!passes(w, f, i))
            continue;
        rows[n++] = w->sorted[i];
        if (n < BATCH_ROWS_MAX)
            continue;
        TRY(check_interrupt(w->op.x, err));
        TRY(flush_rows(w, f, state, out, rows, n, err));
        n = 0;
    }
    return n > 0 ? flush_rows(w, f, state, out, rows, n, err) : 0;
}

static bool same_rows(const struct window_rows *a, const struct window_rows *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->lo[i] != b->lo[i] || a->hi[i] != b->hi[i])
            return false;
    }
    return true;
}

// Brings the state from the rows of `was` to those of `rows`: adds what follows and takes out what is left behind,
// where the aggregate can do that and it is less than starting anew.
static int advance(struct window_op *w, struct window_function *f, void **state, const struct window_rows *was,
                   const struct window_rows *rows, struct err *err)
{
    bool moves = *state != NULL && was->n == 1 && rows->n == 1 && rows->lo[0] >= was->lo[0] &&
                 rows->lo[0] < was->hi[0] && rows->hi[0] >= was->hi[0];
    uint32_t left = moves ? rows->lo[0] - was->lo[0] : 0;
    if (moves && (left == 0 || (f->expr->fn->aggregate->remove != NULL && left <= was->hi[0] - rows->lo[0]))) {
        TRY(move_rows(w, f, *state, true, was->lo[0], rows->lo[0], err));
        return move_rows(w, f, *state, false, was->hi[0], rows->hi[0], err);
    }
    arena_reset(&w->state_arena);
    *state = arena_zalloc(&w->state_arena, MAX(f->expr->fn->aggregate->state_bytes, (size_t)1));
    for (uint32_t k = 0; k < rows->n; k++)
        TRY(move_rows(w, f, *state, false, rows->lo[k], rows->hi[k], err));
    return 0;
}

static int aggregate(struct window_op *w, struct window_function *f, struct err *err)
{
    struct exec_context *x = w->op.x;
    struct window_rows was = {0}, rows;
    void *state = NULL;
    struct datum d = DATUM_NULL;
    for (uint32_t i = w->start; i < w->end; i++) {
        if (i % BATCH_ROWS_MAX == 0) {
            TRY(check_interrupt(x, err));
            arena_reset(&w->op.batch);
        }
        x->eval.arena = &w->op.batch;
        TRY(window_frame_rows(w, f, i, &rows, err));
        if (state == NULL || !same_rows(&was, &rows)) {
            TRY(advance(w, f, &state, &was, &rows, err));
            x->eval.call = &f->call;
            d = DATUM_NULL;
            TRY(f->expr->fn->aggregate->result(&x->eval, f->expr->fn, state, &d, err));
            d = datum_copy(&w->memory, f->expr->type, d);
            was = rows;
        }
        set_result(w, f, i, d);
    }
    return 0;
}

// min and max: the positions of the frame that no later one beats, the best first.
struct candidates {
    uint32_t *positions;
    uint32_t first, end; // in use
    uint32_t lo, hi;     // the frame they are of
};

// Brings them to the frame [lo, hi), which usually begins and ends no earlier than the one before.
static void move_candidates(struct window_op *w, struct window_function *f, struct candidates *c, int direction,
                            uint32_t lo, uint32_t hi)
{
    if (lo < c->lo || hi < c->hi || lo >= c->hi) {
        c->first = c->end = 0; // going back, or nothing to keep
        c->hi = lo;
    }
    c->lo = lo;
    for (; c->hi < hi; c->hi++) {
        struct datum d = window_value(w, c->hi, f->args[0]);
        if (d.null || !passes(w, f, c->hi))
            continue;
        while (c->end > c->first) {
            struct datum last = window_value(w, c->positions[c->end - 1], f->args[0]);
            if (datum_compare(f->expr->args[0]->type, &d, &last) * direction <= 0)
                break;
            c->end--;
        }
        c->positions[c->end++] = c->hi;
    }
    while (c->first < c->end && c->positions[c->first] < lo)
        c->first++;
}

static int extreme(struct window_op *w, struct window_function *f, struct err *err)
{
    int direction = strcmp(f->expr->fn->name, "max") == 0 ? 1 : -1;
    struct candidates c = {
        .positions = ARENA_ARRAY(&w->memory, uint32_t, w->end - w->start), .lo = w->start, .hi = w->start};
    for (uint32_t i = w->start; i < w->end; i++) {
        struct window_rows rows;
        if (i % BATCH_ROWS_MAX == 0) {
            TRY(check_interrupt(w->op.x, err));
            arena_reset(&w->op.batch);
        }
        w->op.x->eval.arena = &w->op.batch;
        TRY(window_frame_rows(w, f, i, &rows, err));
        if (rows.n > 0)
            move_candidates(w, f, &c, direction, rows.lo[0], rows.hi[0]);
        bool any = rows.n > 0 && c.first < c.end;
        set_result(w, f, i, any ? window_value(w, c.positions[c.first], f->args[0]) : DATUM_NULL);
    }
    return 0;
}

static bool is_extreme(const struct expr *e)
{
    bool named = strcmp(e->fn->name, "min") == 0 || strcmp(e->fn->name, "max") == 0;
    return named && e->n_args == 1 && (e->frame == NULL || e->frame->exclude == EXCLUDE_NONE);
}

static const struct {
    const char *name;
    int (*compute)(struct window_op *w, struct window_function *f, struct err *err);
} window_functions[] = {
    {"row_number", row_number},
    {"rank", rank},
    {"dense_rank", dense_rank},
    {"percent_rank", percent_rank},
    {"cume_dist", cume_dist},
    {"ntile", ntile},
    {"lag", lag},
    {"lead", lead},
    {"first_value", first_value},
    {"last_value", last_value},
    {"nth_value", nth_value},
};

// ---- partitions

static int compare_column(const struct window_op *w, uint32_t a, uint32_t b, uint32_t column, bool descending,
                          bool nulls_last)
{
    struct datum l = row_store_get(w->rows, a, column), r = row_store_get(w->rows, b, column);
    if (l.null || r.null)
        return l.null == r.null ? 0 : l.null != nulls_last ? -1 : 1;
    int c = datum_compare(w->types[column], &l, &r);
    return descending ? -c : c;
}

static int compare_partition(const struct window_op *w, uint32_t a, uint32_t b)
{
    int c = 0;
    for (uint32_t i = 0; i < w->n_partition && c == 0; i++)
        c = compare_column(w, a, b, w->partition_columns[i], false, false);
    return c;
}

static int compare_order(const struct window_op *w, uint32_t a, uint32_t b)
{
    int c = 0;
    for (uint32_t i = 0; i < w->n_order && c == 0; i++)
        c = compare_column(w, a, b, w->order_columns[i], w->order_keys[i].descending, w->order_keys[i].nulls_last);
    return c;
}

// Peers of the partition that begins at w->start; sets w->end.
static void find_partition(struct window_op *w)
{
    uint32_t n = w->n, group = 0, first = w->start, i = w->start + 1;
    for (;; i++) {
        bool ends = i == n || compare_partition(w, w->sorted[i - 1], w->sorted[i]) != 0;
        if (!ends && compare_order(w, w->sorted[i - 1], w->sorted[i]) == 0)
            continue;
        for (uint32_t k = first; k < i; k++) {
            w->peer_start[k] = first;
            w->peer_end[k] = i;
            w->group_number[k] = group;
        }
        first = i;
        group++;
        if (ends)
            break;
    }
    w->end = i;
}

// ---- the operator

static int load(struct window_op *w, struct err *err)
{
    struct op *op = &w->op;
    struct batch wide = {.cols = ARENA_ARRAY(op->x->arena, struct vec, w->n_cols), .ncols = w->n_cols};
    for (;;) {
        TRY(op_next(op->input, err));
        const struct batch *in = &op->input->out;
        if (in->n == 0)
            break;
        arena_reset(&op->batch);
        op->x->eval.arena = &op->batch;
        memcpy(wide.cols, in->cols, w->n_input * sizeof(struct vec));
        for (uint32_t i = 0; i < w->n_computed; i++) {
            const struct vec *v;
            TRY(ev_eval(w->computed[i], in, &v, err));
            wide.cols[w->n_input + i] = *v;
        }
        wide.n = in->n;
        wide.sel = in->sel;
        TRY(sorter_add(&w->sorter, &wide, err));
    }
    w->loaded = true;
    return sorter_finish(&w->sorter, err);
}

// Whether a merged row belongs to the partition of the chunk's last row.
static bool continues(const struct window_op *w, uint32_t row)
{
    for (uint32_t i = 0; i < w->n_partition; i++) {
        uint32_t column = w->partition_columns[i];
        struct datum l = row_store_get(&w->chunk, w->chunk.n_rows - 1, column),
                     r = vec_get(&w->merged.cols[column], row);
        if (l.null != r.null || (!l.null && datum_compare(w->types[column], &l, &r) != 0))
            return false;
    }
    return true;
}

// Takes the merged rows up to where the chunk can end; *full when it does.
static int extend_chunk(struct window_op *w, bool *full, struct err *err)
{
    uint16_t sel[BATCH_ROWS_MAX];
    struct batch one = {.sel = sel, .n = 1, .cols = w->merged.cols, .ncols = w->n_cols};
    for (*full = false; w->merged_at < w->merged.n; w->merged_at++) {
        if (w->chunk.n_rows >= BATCH_ROWS_MAX && !continues(w, w->merged_at)) {
            *full = true;
            return 0;
        }
        sel[0] = (uint16_t)w->merged_at;
        TRY(row_store_append(&w->chunk, &one, NULL, err));
    }
    return 0;
}

static int merge_chunk(struct window_op *w, struct err *err)
{
    bool full = false;
    row_store_reset(&w->chunk);
    while (!full) {
        TRY(check_interrupt(w->op.x, err));
        if (w->merged_at == w->merged.n) {
            TRY(sorter_next(&w->sorter, w->merged.cols, BATCH_ROWS_MAX, &w->merged.n, err));
            w->merged_at = 0;
            if (w->merged.n == 0)
                break;
        }
        TRY(extend_chunk(w, &full, err));
    }
    w->rows = &w->chunk;
    uint32_t *sorted = ARENA_ARRAY(&w->memory, uint32_t, w->chunk.n_rows);
    for (uint32_t i = 0; i < w->chunk.n_rows; i++)
        sorted[i] = i;
    w->sorted = sorted;
    return 0;
}

// The next rows to work on; none at the end.
static int next_rows(struct window_op *w, struct err *err)
{
    bool first = !w->loaded;
    if (first)
        TRY(load(w, err));
    w->at = 0;
    arena_reset(&w->memory);
    if (w->sorter.merge != NULL) {
        TRY(merge_chunk(w, err));
    } else {
        w->rows = &w->sorter.rows;
        w->sorted = w->sorter.order;
    }
    w->n = w->sorter.merge != NULL || first ? w->rows->n_rows : 0;
    return 0;
}

static int compute(struct window_op *w, struct err *err)
{
    TRY(next_rows(w, err));
    uint32_t n = w->n;
    w->peer_start = ARENA_ARRAY(&w->memory, uint32_t, n);
    w->peer_end = ARENA_ARRAY(&w->memory, uint32_t, n);
    w->group_number = ARENA_ARRAY(&w->memory, uint32_t, n);
    for (uint32_t i = 0; i < w->n_functions; i++) {
        w->functions[i].results = ARENA_ARRAY(&w->memory, struct datum, n);
        TRY(window_frame_open(w, &w->functions[i], err));
    }
    for (w->start = 0; w->start < n; w->start = w->end) {
        find_partition(w);
        TRY(check_interrupt(w->op.x, err));
        arena_reset(&w->op.batch);
        w->op.x->eval.arena = &w->op.batch;
        for (uint32_t i = 0; i < w->n_functions; i++)
            TRY(w->functions[i].compute(w, &w->functions[i], err));
    }
    return 0;
}

static int window_next(struct op *op, struct err *err)
{
    struct window_op *w = (struct window_op *)op;
    if (w->at == w->n)
        TRY(compute(w, err));
    uint32_t n = MIN(w->n - w->at, (uint32_t)BATCH_ROWS_MAX);
    op->out.n = n;
    if (n == 0)
        return 0;
    row_store_read(w->rows, w->sorted + w->at, 0, n, w->read_cols);
    memcpy(op->out.cols, w->read_cols, w->n_input * sizeof(struct vec));
    for (uint32_t i = 0; i < w->n_functions; i++) {
        struct vec *v = &op->out.cols[w->n_input + i];
        v->has_nulls = false;
        memset(v->nulls, 0, n);
        for (uint32_t k = 0; k < n; k++)
            vec_set(v, k, w->functions[i].results[w->at + k]);
    }
    w->at += n;
    return 0;
}

static int window_open(struct op *op, struct err *err)
{
    struct window_op *w = (struct window_op *)op;
    sorter_reset(&w->sorter);
    row_store_reset(&w->chunk);
    arena_reset(&w->memory);
    arena_reset(&w->state_arena);
    w->loaded = false;
    w->at = w->n = w->merged_at = w->merged.n = 0;
    return op_open(op->input, err);
}

static void window_close(struct op *op)
{
    struct window_op *w = (struct window_op *)op;
    sorter_release(&w->sorter);
    row_store_release(&w->chunk);
    arena_release(&w->memory);
    arena_release(&w->state_arena);
}

static const struct op_ops window_ops = {window_open, window_next, window_close};

// ---- building

struct store_columns {
    struct type *types;
    uint32_t n;
};

// Column of the store that holds the expression; input columns are there already.
static uint32_t store_column(struct window_op *w, struct store_columns *columns, const struct expr *e)
{
    const struct plan *input = w->op.plan->input;
    int64_t at = e->kind == EXPR_COLUMN ? col_position(input->cols, input->n_cols, e->column) : -1;
    if (at >= 0)
        return (uint32_t)at;
    w->computed[w->n_computed++] = ev_compile(w->op.x, e, input->cols, input->n_cols);
    columns->types[columns->n] = e->type;
    return columns->n++;
}

static uint32_t computed_max(const struct plan *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->window.n_functions; i++) {
        const struct expr *e = p->window.functions[i].expr;
        n += e->n_args + e->n_partition + e->n_order + 1;
    }
    return n;
}

static void build_keys(struct window_op *w, struct store_columns *columns, const struct expr *e)
{
    struct arena *a = w->op.x->arena;
    w->n_partition = e->n_partition;
    w->n_order = e->n_order;
    w->order_keys = e->order;
    w->partition_columns = ARENA_ARRAY(a, uint32_t, e->n_partition);
    w->order_columns = ARENA_ARRAY(a, uint32_t, e->n_order);
    for (uint32_t i = 0; i < e->n_partition; i++)
        w->partition_columns[i] = store_column(w, columns, e->partition[i]);
    for (uint32_t i = 0; i < e->n_order; i++)
        w->order_columns[i] = store_column(w, columns, e->order[i].expr);
}

static void build_sorter(struct window_op *w)
{
    uint32_t n = w->n_partition + w->n_order;
    struct sorter_key *keys = ARENA_ARRAY(w->op.x->arena, struct sorter_key, n);
    for (uint32_t i = 0; i < w->n_partition; i++)
        keys[i] = (struct sorter_key){.column = w->partition_columns[i]};
    for (uint32_t i = 0; i < w->n_order; i++)
        keys[w->n_partition + i] =
            (struct sorter_key){w->order_columns[i], w->order_keys[i].descending, w->order_keys[i].nulls_last};
    sorter_init(&w->sorter, &w->op, w->types, w->n_cols, keys, n);
}

static void build_aggregate(struct window_op *w, struct window_function *f)
{
    struct arena *a = w->op.x->arena;
    f->compute = is_extreme(f->expr) ? extreme : aggregate;
    f->vecs = ARENA_ARRAY(a, struct vec, f->expr->n_args);
    f->vec_pointers = ARENA_ARRAY(a, const struct vec *, f->expr->n_args);
    for (uint32_t i = 0; i < f->expr->n_args; i++) {
        vec_init(&f->vecs[i], a, f->expr->args[i]->type, BATCH_ROWS_MAX);
        f->vec_pointers[i] = &f->vecs[i];
    }
}

static void build_function(struct window_op *w, struct store_columns *columns, const struct expr *e,
                           struct window_function *f)
{
    struct arena *a = w->op.x->arena;
    f->expr = e;
    f->args = ARENA_ARRAY(a, uint32_t, e->n_args);
    struct type *types = ARENA_ARRAY(a, struct type, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++) {
        f->args[i] = store_column(w, columns, e->args[i]);
        types[i] = e->args[i]->type;
    }
    f->filter = e->filter != NULL ? (int64_t)store_column(w, columns, e->filter) : -1;
    f->call = (struct fn_call){e->fn, types, (uint8_t)e->n_args, e->type};
    if (e->fn->kind == FN_AGGREGATE) {
        build_aggregate(w, f);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(window_functions); i++) {
        if (strcmp(e->fn->name, window_functions[i].name) == 0)
            f->compute = window_functions[i].compute;
    }
    INVARIANT(f->compute != NULL);
}

struct op *window_build(struct exec_context *x, const struct plan *p)
{
    struct window_op *w = OP_NEW(x, p, &window_ops, struct window_op);
    w->op.input = op_build(x, p->input);
    w->n_input = p->input->n_cols;
    arena_init(&w->memory, x->budget);
    arena_init(&w->state_arena, x->budget);
    uint32_t most = computed_max(p);
    w->computed = ARENA_ARRAY(x->arena, struct ev *, most);
    struct store_columns columns = {ARENA_ARRAY(x->arena, struct type, w->n_input + most), w->n_input};
    struct type *input_types = plan_types(x, p->input->cols, w->n_input);
    if (w->n_input > 0)
        memcpy(columns.types, input_types, w->n_input * sizeof(*input_types));
    build_keys(w, &columns, p->window.functions[0].expr);
    w->n_functions = p->window.n_functions;
    w->functions = ARENA_ARRAY(x->arena, struct window_function, w->n_functions);
    for (uint32_t i = 0; i < w->n_functions; i++)
        build_function(w, &columns, p->window.functions[i].expr, &w->functions[i]);
    w->types = columns.types;
    w->n_cols = columns.n;
    row_store_init(&w->chunk, x, columns.types, columns.n);
    build_sorter(w);
    struct batch whole;
    batch_init(&whole, x->arena, columns.types, columns.n, BATCH_ROWS_MAX);
    w->read_cols = whole.cols;
    batch_init(&w->merged, x->arena, columns.types, columns.n, BATCH_ROWS_MAX);
    batch_init(&w->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, BATCH_ROWS_MAX);
    return &w->op;
}
