// Window frames: from ROWS, RANGE and GROUPS bounds and EXCLUDE to positions.
#include "sql/execute/window_int.h"

static const struct window_frame default_frame = {
    .mode = FRAME_RANGE, .start = FRAME_UNBOUNDED_PRECEDING, .end = FRAME_CURRENT_ROW};

static const struct window_frame *frame_of(const struct window_function *f)
{
    return f->expr->frame != NULL ? f->expr->frame : &default_frame;
}

// ---- offsets

static int bad_size(struct err *err)
{
    return err_set(err, ERR_INVALID_PRECEDING_OR_FOLLOWING_SIZE,
                   "invalid preceding or following size in window function");
}

static bool is_negative(struct type t, struct datum d)
{
    switch (t.family) {
    case TYPE_INT:
        return d.i < 0;
    case TYPE_FLOAT:
        return !(d.f >= 0);
    case TYPE_INTERVAL: {
        struct datum zero = {.iv = {0}};
        return datum_compare(t, &d, &zero) < 0;
    }
    default:
        return false;
    }
}

static int decimal_negative(struct exec_context *x, struct datum d, bool *out, struct err *err)
{
    struct datum zero;
    TRY(datum_parse(x->arena, T_DECIMAL, STR("0"), NULL, &zero, err));
    *out = datum_compare(T_DECIMAL, &d, &zero) < 0;
    return 0;
}

static int offset_value(struct window_op *w, const struct window_frame *frame, const struct expr *e, const char *which,
                        struct datum *out, struct err *err)
{
    struct exec_context *x = w->op.x;
    if (e == NULL)
        return 0;
    x->eval.arena = &w->memory;
    TRY(exec_scalar(x, e, out, err));
    if (out->null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null", which);
    *out = datum_copy(&w->memory, e->type, *out);
    bool negative = is_negative(e->type, *out);
    if (e->type.family == TYPE_DECIMAL)
        TRY(decimal_negative(x, *out, &negative, err));
    if (negative && frame->mode == FRAME_RANGE)
        return bad_size(err);
    if (negative)
        return err_set(err, ERR_INVALID_PRECEDING_OR_FOLLOWING_SIZE, "frame %s offset must not be negative", which);
    return 0;
}

static struct type shift_type(const struct window_op *w)
{
    struct type t = w->types[w->order_columns[0]];
    return t.family == TYPE_DATE ? T_TIMESTAMP : t; // DATE - INTERVAL is a TIMESTAMP
}

static int shift_operator(struct window_op *w, const char *symbol, struct type offset, struct fn_call *out,
                          struct err *err)
{
    struct type key = shift_type(w);
    size_t n;
    const struct fn_overload *const *all = fn_lookup_operator(str_of(symbol), &n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->n_args != 2 || all[i]->args[0].family != key.family || all[i]->args[1].family != offset.family)
            continue;
        struct type *types = ARENA_ARRAY(&w->memory, struct type, 2);
        types[0] = key;
        types[1] = offset;
        *out = (struct fn_call){all[i], types, 2, key};
        return 0;
    }
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                   "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s", type_family_name(key));
}

int window_frame_open(struct window_op *w, struct window_function *f, struct err *err)
{
    const struct window_frame *frame = frame_of(f);
    TRY(offset_value(w, frame, frame->start_offset, "starting", &f->start_offset, err));
    TRY(offset_value(w, frame, frame->end_offset, "ending", &f->end_offset, err));
    const struct expr *offset = frame->start_offset != NULL ? frame->start_offset : frame->end_offset;
    if (frame->mode != FRAME_RANGE || offset == NULL)
        return 0;
    if (shift_type(w).family == TYPE_TIME) // does not wrap around midnight as TIME - INTERVAL does
        return 0;
    TRY(shift_operator(w, "-", offset->type, &f->shift_down, err));
    return shift_operator(w, "+", offset->type, &f->shift_up, err);
}

// ---- RANGE with an offset

static int key_at(struct window_op *w, uint32_t position, struct datum *out, struct err *err)
{
    struct type t = w->types[w->order_columns[0]];
    *out = window_value(w, position, w->order_columns[0]);
    if (t.family != TYPE_DATE || out->null)
        return 0;
    return cast_datum(&w->op.x->eval, t, T_TIMESTAMP, true, *out, out, err);
}

// The key moved by the offset: towards the start of the order when `back`. False in *ok: beyond the type's range.
static int shifted_key(struct window_op *w, const struct window_function *f, uint32_t position, struct datum offset,
                       bool back, struct datum *out, bool *beyond, struct err *err)
{
    bool down = back != w->order_keys[0].descending;
    struct type t = shift_type(w);
    struct datum key;
    *beyond = false;
    TRY(key_at(w, position, &key, err));
    if (t.family == TYPE_TIME) {
        *out = datum_int(down ? key.i - offset.iv.micros : key.i + offset.iv.micros);
        return 0;
    }
    if (t.family == TYPE_INT) {
        *beyond =
            down ? __builtin_sub_overflow(key.i, offset.i, &out->i) : __builtin_add_overflow(key.i, offset.i, &out->i);
        out->null = false;
        return 0;
    }
    const struct datum args[2] = {key, offset};
    return fn_call_row(w->op.x, down ? &f->shift_down : &f->shift_up, args, out, err);
}

static bool key_is_null(const struct window_op *w, uint32_t position)
{
    return window_value(w, position, w->order_columns[0]).null;
}

// Rows of the partition with a key: those without are all at one end.
static void not_null_rows(const struct window_op *w, uint32_t *lo, uint32_t *hi)
{
    *lo = w->start;
    *hi = w->end;
    if (*lo < *hi && key_is_null(w, *lo))
        *lo = w->peer_end[*lo];
    if (*lo < *hi && key_is_null(w, *hi - 1))
        *hi = w->peer_start[*hi - 1];
}

// First position whose key is not before `bound` (after it, when `after`).
static int search_key(struct window_op *w, struct datum bound, bool after, uint32_t *out, struct err *err)
{
    uint32_t lo, hi;
    not_null_rows(w, &lo, &hi);
    struct type t = shift_type(w);
    while (lo < hi) {
        uint32_t middle = lo + (hi - lo) / 2;
        struct datum key;
        TRY(key_at(w, middle, &key, err));
        int c = datum_compare(t, &key, &bound);
        c = w->order_keys[0].descending ? -c : c;
        if (c < 0 || (after && c == 0))
            lo = middle + 1;
        else
            hi = middle;
    }
    *out = lo;
    return 0;
}

static int range_bound(struct window_op *w, const struct window_function *f, uint32_t position, struct datum offset,
                       bool back, bool is_end, uint32_t *out, struct err *err)
{
    if (key_is_null(w, position)) {
        *out = is_end ? w->peer_end[position] : w->peer_start[position];
        return 0;
    }
    struct datum bound;
    bool beyond;
    TRY(shifted_key(w, f, position, offset, back, &bound, &beyond, err));
    if (beyond) {
        uint32_t lo, hi;
        not_null_rows(w, &lo, &hi);
        *out = back ? lo : hi;
        return 0;
    }
    return search_key(w, bound, is_end, out, err);
}

// ---- bounds

static uint32_t clamp(const struct window_op *w, int64_t position)
{
    return position < w->start ? w->start : position > w->end ? w->end : (uint32_t)position;
}

static int64_t moved(uint32_t position, int64_t offset, bool back)
{
    int64_t out;
    if (__builtin_add_overflow((int64_t)position, back ? -offset : offset, &out))
        return back ? -1 : INT64_MAX;
    return out;
}

// Start (or end) of the peer group so many groups away.
static uint32_t group_bound(const struct window_op *w, uint32_t position, int64_t offset, bool back, bool is_end)
{
    int64_t wanted = moved(w->group_number[position], offset, back);
    uint32_t lo = w->start, hi = w->end;
    while (lo < hi) { // first position of a group with that number or more (end: more)
        uint32_t middle = lo + (hi - lo) / 2;
        if ((int64_t)w->group_number[middle] < wanted + is_end)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static int frame_bound(struct window_op *w, const struct window_function *f, uint32_t position, enum frame_bound bound,
                       struct datum offset, bool is_end, uint32_t *out, struct err *err)
{
    const struct window_frame *frame = frame_of(f);
    bool back = bound == FRAME_PRECEDING;
    switch (bound) {
    case FRAME_UNBOUNDED_PRECEDING:
        *out = w->start;
        return 0;
    case FRAME_UNBOUNDED_FOLLOWING:
        *out = w->end;
        return 0;
    case FRAME_CURRENT_ROW:
        if (frame->mode == FRAME_ROWS)
            *out = position + is_end;
        else
            *out = is_end ? w->peer_end[position] : w->peer_start[position];
        return 0;
    case FRAME_PRECEDING:
    case FRAME_FOLLOWING:
        break;
    }
    if (frame->mode == FRAME_RANGE)
        return range_bound(w, f, position, offset, back, is_end, out, err);
    if (frame->mode == FRAME_ROWS)
        *out = clamp(w, moved(position + is_end, offset.i, back));
    else
        *out = group_bound(w, position, MIN(offset.i, (int64_t)UINT32_MAX), back, is_end);
    return 0;
}

static void add_rows(struct window_rows *out, uint32_t lo, uint32_t hi)
{
    if (lo >= hi)
        return;
    out->lo[out->n] = lo;
    out->hi[out->n++] = hi;
}

int window_frame_rows(struct window_op *w, struct window_function *f, uint32_t position, struct window_rows *out,
                      struct err *err)
{
    const struct window_frame *frame = frame_of(f);
    uint32_t lo, hi;
    TRY(frame_bound(w, f, position, frame->start, f->start_offset, false, &lo, err));
    TRY(frame_bound(w, f, position, frame->end, f->end_offset, true, &hi, err));
    out->n = 0;
    if (frame->exclude == EXCLUDE_NONE) {
        add_rows(out, lo, hi);
        return 0;
    }
    bool only_row = frame->exclude == EXCLUDE_CURRENT_ROW;
    uint32_t cut_lo = only_row ? position : w->peer_start[position];
    uint32_t cut_hi = only_row ? position + 1 : w->peer_end[position];
    add_rows(out, lo, MIN(hi, cut_lo));
    if (frame->exclude == EXCLUDE_TIES && position >= lo && position < hi)
        add_rows(out, position, position + 1);
    add_rows(out, MAX(lo, cut_hi), hi);
    return 0;
}
