// Grouping: groups are numbered by a hash of their keys; each has one block of aggregate states.
//
// Modifiers of an aggregate: FILTER narrows the rows; DISTINCT passes only rows whose (group, arguments) are new; ORDER
// BY sorts (group, arguments, order keys) and feeds them at the end.
//
// When groups and states pass the work memory no more groups are made: rows of others are partitioned into temporary
// streams, each of which is grouped after the groups at hand have left. DISTINCT does the same with its rows.
//
// When equal keys are adjacent the last group is the only one that can still grow: those before it leave with the
// batch.
#include "sql/execute/spill_int.h"

struct aggregate {
    const struct expr *expr;
    const struct fn_aggregate *fn;
    struct fn_call call;
    size_t offset; // of its state in a group's block
    struct ev **args;
    uint32_t n_args;
    struct ev *filter;
    struct ev **order;
    uint32_t n_order;
    struct type *wide_types;  // DISTINCT, ORDER BY: group number, arguments, order keys
    struct hash_rows *seen;   // DISTINCT: group number and arguments
    struct spill_split split; // … rows that might be new
    struct spill_parts parts;
    struct sorter *sorter; // ORDER BY
    const struct vec **vecs;
};

struct group_op {
    struct op op;
    struct hash_rows *groups;
    uint32_t *key_positions;
    struct aggregate *aggregates;
    uint32_t n_aggregates;
    size_t block_bytes;
    struct arena states_arena;
    ARENA_VEC(char *) states; // per group
    uint32_t at;
    bool done;
    struct type *input_types;
    struct spill_split split; // rows of groups that are not in memory
    struct spill_parts parts;
    struct spill_part part; // being grouped; no stream: the input is
    uint16_t *sel;
    void **row_states;
    // Ordered input: keys of the groups at hand, and what the last of them is carried over in.
    struct row_store keys, carried_keys;
    struct batch carried;
    struct arena old_arena; // of states: the group carried over may have parts here
    uint32_t leaving;       // groups that have left with the last batch
};

static int add_groups(struct group_op *g, uint32_t n, struct err *err)
{
    while (g->states.len < n)
        ARENA_PUSH(&g->states_arena, &g->states, arena_zalloc(&g->states_arena, MAX(g->block_bytes, (size_t)1)));
    return budget_check(g->op.x->budget, err);
}

static int accumulate(struct group_op *g, struct aggregate *a, const struct vec *const *args, const uint32_t *ids,
                      const uint16_t *sel, uint32_t n, struct err *err)
{
    for (uint32_t k = 0; k < n; k++)
        g->row_states[k] = g->states.ptr[ids[k]] + a->offset;
    g->op.x->eval.call = &a->call;
    return a->fn->accumulate(&g->op.x->eval, &g->states_arena, g->row_states, args, (int)a->n_args, sel, n, err);
}

static int eval_all(struct ev **evs, uint32_t n, const struct batch *in, struct vec *out, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct vec *v;
        TRY(ev_eval(evs[i], in, &v, err));
        out[i] = *v;
    }
    return 0;
}

static struct vec group_column(struct group_op *g, const struct batch *in, const uint32_t *ids)
{
    struct vec v;
    vec_init(&v, &g->op.batch, T_INT8, MAX(batch_rows(in), 1u));
    for (uint32_t k = 0; k < in->n; k++)
        v.i[batch_row(in, k)] = ids[k];
    return v;
}

static bool wants_wide(const struct aggregate *a)
{
    return a->seen != NULL || a->sorter != NULL;
}

// Group number, arguments and order keys of rows.
static int wide_rows(struct group_op *g, struct aggregate *a, const struct batch *rows, const uint32_t *ids,
                     struct batch *wide, struct err *err)
{
    uint32_t n = 1 + a->n_args + a->n_order;
    struct vec *cols = ARENA_ARRAY(&g->op.batch, struct vec, n);
    cols[0] = group_column(g, rows, ids);
    TRY(eval_all(a->args, a->n_args, rows, cols + 1, err));
    TRY(eval_all(a->order, a->n_order, rows, cols + 1 + a->n_args, err));
    *wide = (struct batch){.n = rows->n, .sel = rows->sel, .cols = cols, .ncols = n};
    return 0;
}

// Keeps the rows whose arguments are new for their group.
static int only_distinct(struct group_op *g, struct aggregate *a, struct batch *wide, struct err *err)
{
    uint32_t ids[BATCH_ROWS_MAX], seen = hash_rows_count(a->seen), n = 0;
    uint16_t *fresh = ARENA_ARRAY(&g->op.batch, uint16_t, BATCH_ROWS_MAX);
    TRY(hash_rows_ids(a->seen, wide, NULL, ids, err));
    for (uint32_t k = 0; k < wide->n; k++) {
        uint32_t row = batch_row(wide, k);
        if (ids[k] == NO_ID) {
            TRY(spill_split_row(&a->split, &g->op, 0, a->wide_types, wide->ncols, wide, row,
                                hash_row(wide, NULL, 1 + a->n_args, row), err));
        } else if (ids[k] == seen) { // numbers are given in order: a new row has the next one
            fresh[n++] = (uint16_t)row;
            seen++;
        }
    }
    wide->sel = fresh;
    wide->n = n;
    if (a->split.level < SPILL_LEVELS && must_spill(g->op.x, hash_rows_bytes(a->seen)))
        hash_rows_freeze(a->seen);
    return 0;
}

static int accumulate_wide(struct group_op *g, struct aggregate *a, const struct batch *wide, struct err *err)
{
    uint32_t ids[BATCH_ROWS_MAX];
    for (uint32_t k = 0; k < wide->n; k++)
        ids[k] = (uint32_t)wide->cols[0].i[batch_row(wide, k)];
    for (uint32_t i = 0; i < a->n_args; i++)
        a->vecs[i] = &wide->cols[1 + i];
    return accumulate(g, a, a->vecs, ids, wide->sel, wide->n, err);
}

static int feed_wide(struct group_op *g, struct aggregate *a, struct batch *wide, struct err *err)
{
    if (a->seen != NULL)
        TRY(only_distinct(g, a, wide, err));
    if (wide->n == 0)
        return 0;
    return a->sorter != NULL ? sorter_add(a->sorter, wide, err) : accumulate_wide(g, a, wide, err);
}

static int feed(struct group_op *g, struct aggregate *a, const struct batch *in, const uint32_t *all_ids,
                struct err *err)
{
    struct batch rows = *in, wide;
    uint32_t ids[BATCH_ROWS_MAX];
    memcpy(ids, all_ids, in->n * sizeof(*ids));
    if (a->filter != NULL) {
        TRY(ev_filter(a->filter, in, g->sel, &rows.n, err));
        rows.sel = g->sel;
        for (uint32_t k = 0, j = 0; k < in->n && j < rows.n; k++) {
            if (batch_row(in, k) == rows.sel[j])
                ids[j++] = all_ids[k];
        }
    }
    if (rows.n == 0)
        return 0;
    if (wants_wide(a)) {
        TRY(wide_rows(g, a, &rows, ids, &wide, err));
        return feed_wide(g, a, &wide, err);
    }
    for (uint32_t i = 0; i < a->n_args; i++)
        TRY(ev_eval(a->args[i], &rows, &a->vecs[i], err));
    return accumulate(g, a, a->vecs, ids, rows.sel, rows.n, err);
}

// DISTINCT: the rows that were put aside, a part after the other.
static int feed_parts(struct group_op *g, struct aggregate *a, struct err *err)
{
    struct spill_part part;
    TRY(spill_split_finish(&a->split, &a->parts, err));
    while (spill_parts_take(&a->parts, &part)) {
        struct batch wide;
        int rc = 0;
        hash_rows_reset(a->seen);
        a->split.level = part.level;
        do {
            arena_reset(&g->op.batch);
            rc = spill_read(part.streams[0], &wide, err);
            bool end = rc == 0 && wide.n == 0;
            if (end)
                break;
            if (rc == 0)
                rc = feed_wide(g, a, &wide, err);
        } while (rc == 0);
        spill_part_free(&part);
        TRY(rc);
        TRY(spill_split_finish(&a->split, &a->parts, err));
    }
    return 0;
}

static int feed_sorted(struct group_op *g, struct aggregate *a, struct err *err)
{
    struct batch b;
    arena_reset(&g->op.batch);
    batch_init(&b, &g->op.batch, a->wide_types, 1 + a->n_args + a->n_order, BATCH_ROWS_MAX);
    TRY(sorter_finish(a->sorter, err));
    do {
        TRY(sorter_next(a->sorter, b.cols, BATCH_ROWS_MAX, &b.n, err));
        TRY(accumulate_wide(g, a, &b, err));
    } while (b.n > 0);
    return 0;
}

// ---- the operator

static int next_input(struct group_op *g, struct batch *in, struct err *err)
{
    struct op *op = &g->op;
    if (g->part.streams[0] != NULL)
        return spill_read(g->part.streams[0], in, err);
    TRY(op_next(op->input, err));
    *in = op->input->out;
    return 0;
}

// Numbers of the rows' groups; rows whose group is not in memory leave the batch.
static int find_groups(struct group_op *g, struct batch *in, uint32_t *ids, struct err *err)
{
    TRY(hash_rows_ids(g->groups, in, g->key_positions, ids, err));
    TRY(add_groups(g, hash_rows_count(g->groups), err));
    if (!hash_rows_frozen(g->groups))
        return 0;
    uint16_t *known = ARENA_ARRAY(&g->op.batch, uint16_t, BATCH_ROWS_MAX);
    uint32_t n = 0;
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        if (ids[k] == NO_ID) {
            TRY(spill_split_row(&g->split, &g->op, 0, g->input_types, in->ncols, in, row,
                                hash_row(in, g->key_positions, g->op.plan->group.n_deciding, row), err));
            continue;
        }
        ids[n] = ids[k];
        known[n++] = (uint16_t)row;
    }
    in->sel = known;
    in->n = n;
    return 0;
}

// Groups the input or the part at hand.
static int consume(struct group_op *g, struct err *err)
{
    struct op *op = &g->op;
    uint32_t ids[BATCH_ROWS_MAX] = {0};
    if (op->plan->group.n_keys == 0)
        TRY(add_groups(g, 1, err));
    for (;;) {
        struct batch in;
        TRY(next_input(g, &in, err));
        if (in.n == 0)
            break;
        TRY(check_interrupt(op->x, err));
        arena_reset(&op->batch);
        op->x->eval.arena = &op->batch;
        if (op->plan->group.n_keys > 0)
            TRY(find_groups(g, &in, ids, err));
        for (uint32_t i = 0; i < g->n_aggregates && in.n > 0; i++)
            TRY(feed(g, &g->aggregates[i], &in, ids, err));
        if (g->split.level < SPILL_LEVELS && op->plan->group.n_keys > 0 &&
            must_spill(op->x, hash_rows_bytes(g->groups) + arena_bytes(&g->states_arena)))
            hash_rows_freeze(g->groups);
    }
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        struct aggregate *a = &g->aggregates[i];
        if (a->seen != NULL)
            TRY(feed_parts(g, a, err));
        if (a->sorter != NULL)
            TRY(feed_sorted(g, a, err));
    }
    return spill_split_finish(&g->split, &g->parts, err);
}

// The aggregates of n groups.
static int results(struct group_op *g, uint32_t first, uint32_t n, struct err *err)
{
    struct op *op = &g->op;
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        struct aggregate *a = &g->aggregates[i];
        struct vec *v = &op->out.cols[op->plan->group.n_keys + i];
        if (v->has_nulls)
            memset(v->nulls, 0, n);
        v->has_nulls = false;
        op->x->eval.call = &a->call;
        for (uint32_t k = 0; k < n; k++) {
            struct datum d = DATUM_NULL;
            TRY(a->fn->result(&op->x->eval, a->call.fn, g->states.ptr[first + k] + a->offset, &d, err));
            vec_set(v, k, d);
        }
    }
    return 0;
}

// ---- ordered input

static bool same_value(const struct vec *a, uint32_t row, const struct vec *b, uint32_t other)
{
    bool null = vec_is_null(a, row);
    if (null || vec_is_null(b, other))
        return null && vec_is_null(b, other);
    if (a->physical == PHYSICAL_I64)
        return a->i[row & a->mask] == b->i[other & b->mask];
    struct datum x = vec_get(a, row), y = vec_get(b, other);
    return datum_compare(a->type, &x, &y) == 0;
}

// Whether two rows have equal keys; `positions` NULL: the other batch has the keys alone.
static bool same_keys(const struct batch *in, uint32_t row, const uint32_t *positions, uint32_t n,
                      const struct batch *other, uint32_t other_row, const uint32_t *other_positions)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct vec *v = &other->cols[other_positions != NULL ? other_positions[i] : i];
        if (!same_value(&in->cols[positions[i]], row, v, other_row))
            return false;
    }
    return true;
}

// Numbers the groups of a batch, behind the one carried over.
static int number_groups(struct group_op *g, const struct batch *in, uint32_t *ids, struct err *err)
{
    uint32_t n_keys = g->op.plan->group.n_deciding, known = g->keys.n_rows;
    if (known > 0)
        row_store_read(&g->keys, NULL, known - 1, 1, g->carried.cols);
    for (uint32_t k = 0; k < in->n; k++) {
        uint16_t row = (uint16_t)batch_row(in, k);
        bool same = k > 0 ? same_keys(in, row, g->key_positions, n_keys, in, batch_row(in, k - 1), g->key_positions)
                          : known > 0 && same_keys(in, row, g->key_positions, n_keys, &g->carried, 0, NULL);
        if (!same) {
            struct batch one = {.n = 1, .sel = &row, .cols = in->cols, .ncols = in->ncols};
            TRY(row_store_append(&g->keys, &one, g->key_positions, err));
        }
        ids[k] = g->keys.n_rows - 1;
    }
    return add_groups(g, g->keys.n_rows, err);
}

enum { STATES_ROTATE_BYTES = 1 << 18 };

// The groups that have left are gone; the last one stays, with number 0. States of later groups go to the other arena
// from time to time, so that what is left of older ones can be freed when the last of those is gone.
static int carry_over(struct group_op *g, struct err *err)
{
    if (g->leaving == 0)
        return 0;
    char *last = g->leaving < g->states.len ? g->states.ptr[g->leaving] : NULL;
    row_store_reset(&g->carried_keys);
    if (last != NULL) {
        row_store_read(&g->keys, NULL, g->leaving, 1, g->carried.cols);
        g->carried.n = 1;
        TRY(row_store_append(&g->carried_keys, &g->carried, NULL, err));
    }
    struct row_store swap = g->keys;
    g->keys = g->carried_keys;
    g->carried_keys = swap;
    arena_reset(&g->old_arena);
    if (arena_bytes(&g->states_arena) > STATES_ROTATE_BYTES) {
        struct arena full = g->states_arena;
        g->states_arena = g->old_arena;
        g->old_arena = full;
        g->states.ptr = NULL;
        g->states.cap = 0;
    }
    g->states.len = 0;
    if (last != NULL)
        ARENA_PUSH(&g->states_arena, &g->states, last);
    g->leaving = 0;
    return 0;
}

static int ordered_next(struct op *op, struct err *err)
{
    struct group_op *g = (struct group_op *)op;
    uint32_t ids[BATCH_ROWS_MAX];
    TRY(carry_over(g, err));
    while (g->leaving == 0 && !g->done) {
        struct batch in;
        TRY(next_input(g, &in, err));
        TRY(check_interrupt(op->x, err));
        arena_reset(&op->batch);
        op->x->eval.arena = &op->batch;
        g->done = in.n == 0;
        if (in.n > 0)
            TRY(number_groups(g, &in, ids, err));
        for (uint32_t i = 0; i < g->n_aggregates && in.n > 0; i++)
            TRY(feed(g, &g->aggregates[i], &in, ids, err));
        g->leaving = (uint32_t)g->states.len - (g->done || g->states.len == 0 ? 0 : 1);
    }
    op->out.n = g->leaving;
    if (g->leaving > 0) {
        op->x->eval.arena = &op->batch;
        row_store_read(&g->keys, NULL, 0, g->leaving, op->out.cols);
        TRY(results(g, 0, g->leaving, err));
    }
    return 0;
}

static void forget_groups(struct group_op *g)
{
    row_store_reset(&g->keys);
    row_store_reset(&g->carried_keys);
    arena_reset(&g->old_arena);
    g->leaving = 0;
    g->done = false;
    g->at = 0;
    arena_reset(&g->states_arena);
    g->states.ptr = NULL;
    g->states.len = g->states.cap = 0;
    hash_rows_reset(g->groups);
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        struct aggregate *a = &g->aggregates[i];
        a->split.level = 0;
        if (a->seen != NULL)
            hash_rows_reset(a->seen);
        if (a->sorter != NULL)
            sorter_reset(a->sorter);
    }
}

// Turns to the next part; false when there is none.
static bool next_part(struct group_op *g)
{
    spill_part_free(&g->part);
    if (!spill_parts_take(&g->parts, &g->part))
        return false;
    forget_groups(g);
    g->split.level = g->part.level;
    return true;
}

static int group_next(struct op *op, struct err *err)
{
    struct group_op *g = (struct group_op *)op;
    while (!g->done || (g->at == g->states.len && next_part(g))) {
        TRY(consume(g, err));
        g->done = true;
    }
    arena_reset(&op->batch);
    op->x->eval.arena = &op->batch;
    uint32_t n_keys = op->plan->group.n_keys;
    uint32_t n = MIN((uint32_t)g->states.len - g->at, (uint32_t)BATCH_ROWS_MAX);
    op->out.n = n;
    if (n == 0)
        return 0;
    if (n_keys > 0)
        row_store_read(hash_rows_keys(g->groups), NULL, g->at, n, op->out.cols);
    TRY(results(g, g->at, n, err));
    g->at += n;
    return 0;
}

static void forget_spilled(struct group_op *g)
{
    spill_split_release(&g->split);
    spill_parts_release(&g->parts);
    spill_part_free(&g->part);
    g->split.level = 0;
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        spill_split_release(&g->aggregates[i].split);
        spill_parts_release(&g->aggregates[i].parts);
    }
}

static int group_open(struct op *op, struct err *err)
{
    struct group_op *g = (struct group_op *)op;
    forget_spilled(g);
    forget_groups(g);
    return op_open(op->input, err);
}

static void group_close(struct op *op)
{
    struct group_op *g = (struct group_op *)op;
    arena_release(&g->states_arena);
    arena_release(&g->old_arena);
    row_store_release(&g->keys);
    row_store_release(&g->carried_keys);
    forget_spilled(g);
    for (uint32_t i = 0; i < g->n_aggregates; i++) {
        if (g->aggregates[i].sorter != NULL)
            sorter_release(g->aggregates[i].sorter);
    }
}

static const struct op_ops group_ops = {group_open, group_next, group_close};
static const struct op_ops ordered_group_ops = {group_open, ordered_next, group_close};

static struct ev **compile_all(struct exec_context *x, struct expr *const *list, uint32_t n, const struct plan *input)
{
    struct ev **out = ARENA_ARRAY(x->arena, struct ev *, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] = ev_compile(x, list[i], input->cols, input->n_cols);
    return out;
}

static struct sorter *ordered_sorter(struct group_op *g, const struct aggregate *a)
{
    struct arena *memory = g->op.x->arena;
    struct sorter_key *keys = ARENA_ARRAY(memory, struct sorter_key, a->n_order);
    for (uint32_t i = 0; i < a->n_order; i++)
        keys[i] = (struct sorter_key){1 + a->n_args + i, a->expr->order[i].descending, a->expr->order[i].nulls_last};
    struct sorter *sorter = ARENA_NEW(memory, struct sorter);
    sorter_init(sorter, &g->op, a->wide_types, 1 + a->n_args + a->n_order, keys, a->n_order);
    return sorter;
}

static void aggregate_build(struct group_op *g, const struct expr *e, const struct plan *input, struct aggregate *a)
{
    struct exec_context *x = g->op.x;
    a->expr = e;
    a->fn = e->fn->aggregate;
    a->n_args = e->n_args;
    a->args = compile_all(x, e->args, e->n_args, input);
    a->vecs = ARENA_ARRAY(x->arena, const struct vec *, e->n_args);
    struct type *types = ARENA_ARRAY(x->arena, struct type, 1 + e->n_order + e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = e->args[i]->type;
    a->call =
        (struct fn_call){e->fn, arena_dup(x->arena, types, e->n_args * sizeof(*types)), (uint8_t)e->n_args, e->type};
    if (e->filter != NULL)
        a->filter = ev_compile(x, e->filter, input->cols, input->n_cols);
    a->order = ARENA_ARRAY(x->arena, struct ev *, e->n_order);
    a->n_order = e->n_order;
    memmove(types + 1, types, e->n_args * sizeof(*types));
    types[0] = T_INT8;
    for (uint32_t i = 0; i < e->n_order; i++) {
        a->order[i] = ev_compile(x, e->order[i].expr, input->cols, input->n_cols);
        types[1 + e->n_args + i] = e->order[i].expr->type;
    }
    a->wide_types = types;
    if (e->aggregate_distinct && e->n_args > 0)
        a->seen = hash_rows_new(x, types, 1 + e->n_args);
    if (e->n_order > 0)
        a->sorter = ordered_sorter(g, a);
    a->offset = g->block_bytes;
    g->block_bytes += (a->fn->state_bytes + 15) & ~(size_t)15;
}

struct op *group_build(struct exec_context *x, const struct plan *p)
{
    struct group_op *g = OP_NEW(x, p, p->group.ordered ? &ordered_group_ops : &group_ops, struct group_op);
    g->op.input = op_build(x, p->input);
    arena_init(&g->states_arena, x->budget);
    arena_init(&g->old_arena, x->budget);
    uint32_t n_keys = p->group.n_keys;
    const struct type *key_types = plan_types(x, p->group.keys, n_keys);
    row_store_init(&g->keys, x, key_types, n_keys);
    row_store_init(&g->carried_keys, x, key_types, n_keys);
    batch_init(&g->carried, x->arena, key_types, n_keys, 1);
    g->key_positions = ARENA_ARRAY(x->arena, uint32_t, n_keys);
    for (uint32_t i = 0; i < n_keys; i++)
        g->key_positions[i] = (uint32_t)col_position(p->input->cols, p->input->n_cols, p->group.keys[i]);
    g->input_types = plan_types(x, p->input->cols, p->input->n_cols);
    g->groups = hash_rows_new(x, key_types, n_keys);
    hash_rows_compare(g->groups, p->group.n_deciding);
    g->n_aggregates = p->group.n_aggregates;
    g->aggregates = ARENA_ARRAY(x->arena, struct aggregate, g->n_aggregates);
    for (uint32_t i = 0; i < g->n_aggregates; i++)
        aggregate_build(g, p->group.aggregates[i].expr, p->input, &g->aggregates[i]);
    g->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    g->row_states = ARENA_ARRAY(x->arena, void *, BATCH_ROWS_MAX);
    // Output: keys, then aggregates; the optimizer keeps p->cols so.
    batch_init(&g->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, BATCH_ROWS_MAX);
    return &g->op;
}

// ---- DISTINCT [ON]

struct distinct_op {
    struct op op;
    struct hash_rows *seen;
    uint32_t *positions;
    uint16_t *sel;
    struct type *types;
    struct spill_split split; // rows that might be new
    struct spill_parts parts;
    struct spill_part part; // being read; no stream: the input is
};

static void distinct_close(struct op *op)
{
    struct distinct_op *d = (struct distinct_op *)op;
    spill_split_release(&d->split);
    spill_parts_release(&d->parts);
    spill_part_free(&d->part);
    d->split.level = 0;
}

static int distinct_open(struct op *op, struct err *err)
{
    distinct_close(op);
    hash_rows_reset(((struct distinct_op *)op)->seen);
    return op_open(op->input, err);
}

// The input's rows, then those put aside.
static int distinct_input(struct distinct_op *d, struct batch *out, struct err *err)
{
    struct op *op = &d->op;
    for (;;) {
        if (d->part.streams[0] == NULL) {
            TRY(op_next(op->input, err));
            *out = op->input->out;
        } else {
            TRY(spill_read(d->part.streams[0], out, err));
        }
        if (out->n > 0)
            return check_interrupt(op->x, err);
        TRY(spill_split_finish(&d->split, &d->parts, err));
        spill_part_free(&d->part);
        if (!spill_parts_take(&d->parts, &d->part))
            return 0;
        d->split.level = d->part.level;
        hash_rows_reset(d->seen);
    }
}

static int distinct_next(struct op *op, struct err *err)
{
    struct distinct_op *d = (struct distinct_op *)op;
    uint32_t ids[BATCH_ROWS_MAX], n_keys = op->plan->distinct.n_keys;
    do {
        struct batch in;
        TRY(distinct_input(d, &in, err));
        op->out = in;
        op->out.sel = d->sel;
        op->out.n = 0;
        if (in.n == 0)
            return 0;
        uint32_t seen = hash_rows_count(d->seen);
        TRY(hash_rows_ids(d->seen, &in, d->positions, ids, err));
        for (uint32_t k = 0; k < in.n; k++) {
            uint32_t row = batch_row(&in, k);
            if (ids[k] == NO_ID) {
                TRY(spill_split_row(&d->split, op, 0, d->types, op->plan->n_cols, &in, row,
                                    hash_row(&in, d->positions, n_keys, row), err));
            } else if (ids[k] == seen) { // numbers are given in order: a new row has the next one
                d->sel[op->out.n++] = (uint16_t)row;
                seen++;
            }
        }
        if (d->split.level < SPILL_LEVELS && n_keys > 0 && must_spill(op->x, hash_rows_bytes(d->seen)))
            hash_rows_freeze(d->seen);
    } while (op->out.n == 0);
    return 0;
}

// Equal keys are adjacent: the row before is enough. That of the batch before is in `seen`.
static int ordered_distinct_next(struct op *op, struct err *err)
{
    struct distinct_op *d = (struct distinct_op *)op;
    uint32_t n_keys = op->plan->distinct.n_keys;
    do {
        TRY(op_next(op->input, err));
        const struct batch *in = &op->input->out;
        op->out = *in;
        op->out.sel = d->sel;
        op->out.n = 0;
        for (uint32_t k = 0; k < in->n; k++) {
            uint16_t row = (uint16_t)batch_row(in, k);
            bool same =
                k > 0 ? same_keys(in, row, d->positions, n_keys, in, batch_row(in, k - 1), d->positions)
                      : hash_rows_count(d->seen) > 0 && hash_rows_find(d->seen, in, d->positions, row,
                                                                       hash_row(in, d->positions, n_keys, row)) >= 0;
            if (!same)
                d->sel[op->out.n++] = row;
        }
        if (in->n == 0)
            return 0;
        uint32_t id;
        uint16_t last = (uint16_t)batch_row(in, in->n - 1);
        struct batch one = {.n = 1, .sel = &last, .cols = in->cols, .ncols = in->ncols};
        hash_rows_reset(d->seen);
        TRY(hash_rows_ids(d->seen, &one, d->positions, &id, err));
    } while (op->out.n == 0);
    return 0;
}

static const struct op_ops distinct_ops = {distinct_open, distinct_next, distinct_close};
static const struct op_ops ordered_distinct_ops = {distinct_open, ordered_distinct_next, distinct_close};

struct op *distinct_build(struct exec_context *x, const struct plan *p)
{
    const struct op_ops *ops = p->distinct.ordered ? &ordered_distinct_ops : &distinct_ops;
    struct distinct_op *d = OP_NEW(x, p, ops, struct distinct_op);
    d->op.input = op_build(x, p->input);
    uint32_t n = p->distinct.n_keys;
    d->types = plan_types(x, p->cols, p->n_cols);
    d->seen = hash_rows_new(x, plan_types(x, p->distinct.keys, n), n);
    d->positions = ARENA_ARRAY(x->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        d->positions[i] = (uint32_t)col_position(p->input->cols, p->input->n_cols, p->distinct.keys[i]);
    d->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    return &d->op;
}
