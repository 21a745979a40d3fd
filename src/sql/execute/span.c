// Index constraints to key ranges. Alternatives (IN lists, = ANY) are sorted and made unique, so that ranges are
// disjoint and in key order.
#include "keys/encoding.h"
#include "sql/execute/execute_int.h"
#include <stdlib.h>

static struct ev *compile_one(struct exec_context *x, const struct expr *e, const col_id *cols, uint32_t n_cols)
{
    return e == NULL ? NULL : ev_compile(x, e, cols, n_cols);
}

static struct ev **compile_list(struct exec_context *x, struct expr *const *list, uint32_t n, const col_id *cols,
                                uint32_t n_cols)
{
    struct ev **out = ARENA_ARRAY(x->arena, struct ev *, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] = ev_compile(x, list[i], cols, n_cols);
    return out;
}

static void compile(struct constraint_eval *ce, struct exec_context *x, const struct scan_plan *sp,
                    const struct index_constraint *c, const col_id *cols, uint32_t n_cols)
{
    *ce = (struct constraint_eval){
        .sp = sp, .constraint = c, .ti = table_index_of(table_access(x, sp->table), sp->index)};
    ce->equal = compile_list(x, c->equal, c->n_equal, cols, n_cols);
    ce->any = compile_list(x, c->any, c->n_any, cols, n_cols);
    ce->any_array = compile_one(x, c->any_array, cols, n_cols);
    ce->low = compile_one(x, c->low, cols, n_cols);
    ce->high = compile_one(x, c->high, cols, n_cols);
    ce->inverted = compile_one(x, c->inverted, cols, n_cols);
    ce->path = compile_list(x, c->path, c->n_path, cols, n_cols);
}

void constraint_compile(struct constraint_eval *ce, struct exec_context *x, const struct scan_plan *sp,
                        const col_id *cols, uint32_t n_cols)
{
    compile(ce, x, sp, &sp->constraint, cols, n_cols);
    if (sp->n_more > 0)
        ce->more = arena_zalloc(x->arena, size_mul(sp->n_more, sizeof(*ce->more)));
    for (uint32_t i = 0; i < sp->n_more; i++)
        compile(&ce->more[i], x, sp, &sp->more[i], cols, n_cols);
}

static const struct batch no_input = {.n = 1};

static int value_of(struct ev *ev, const struct batch *in, uint32_t row, struct datum *out, struct err *err)
{
    return ev_row(ev, in != NULL ? in : &no_input, row, out, err);
}

static struct str prefix_end(struct arena *a, struct str prefix)
{
    return key_prefix_end(a, prefix);
}

static struct str key_with(struct arena *a, struct str prefix, struct type t, struct datum d, uint8_t direction)
{
    struct buf b = BUF_INIT;
    buf_str(&b, prefix);
    key_put_datum(&b, t, &d, (enum key_direction)direction);
    struct str key = arena_str(a, buf_view(&b));
    buf_release(&b);
    return key;
}

static _Thread_local struct type sort_type;
static int compare_datums(const void *a, const void *b)
{
    return datum_compare(sort_type, a, b);
}

// The alternatives for the next column, NULLs dropped.
static int alternatives(struct constraint_eval *ce, struct arena *a, const struct batch *in, uint32_t row,
                        struct datum **out, uint32_t *n, struct err *err)
{
    const struct index_constraint *c = ce->constraint;
    *n = 0;
    struct type t = ce->ti->key_types[c->n_equal];
    if (ce->any_array != NULL) {
        struct datum d;
        TRY(value_of(ce->any_array, in, row, &d, err));
        if (d.null)
            return 0;
        struct array items = array_open(c->any_array->type, d.s);
        *out = ARENA_ARRAY(a, struct datum, items.count);
        for (uint32_t i = 0; i < items.count; i++) {
            struct datum item = array_get(&items, i);
            if (!item.null)
                (*out)[(*n)++] = item;
        }
    } else {
        *out = ARENA_ARRAY(a, struct datum, c->n_any);
        for (uint32_t i = 0; i < c->n_any; i++) {
            struct datum item;
            TRY(value_of(ce->any[i], in, row, &item, err));
            if (!item.null)
                (*out)[(*n)++] = item;
        }
    }
    sort_type = t;
    if (*n > 0)
        qsort(*out, *n, sizeof(**out), compare_datums);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *n; i++) {
        if (kept == 0 || datum_compare(t, &(*out)[kept - 1], &(*out)[i]) != 0)
            (*out)[kept++] = (*out)[i];
    }
    *n = kept;
    return 0;
}

static int range_column(struct constraint_eval *ce, struct arena *a, const struct batch *in, uint32_t row,
                        struct str prefix, struct kv_range *out, bool *empty, struct err *err)
{
    const struct index_constraint *c = ce->constraint;
    uint8_t direction = ce->ti->key_desc[c->n_equal];
    struct type t = ce->ti->key_types[c->n_equal];
    struct str null_key = key_with(a, prefix, t, DATUM_NULL, direction);
    // In key order of an ascending column: NULLs, low, high. Descending reverses it.
    bool asc = direction == KEY_ASC;
    struct str low = asc ? prefix_end(a, null_key) : prefix, high = asc ? prefix_end(a, prefix) : null_key;
    struct ev *first = asc ? ce->low : ce->high, *last = asc ? ce->high : ce->low;
    bool first_exclusive = asc ? c->low_exclusive : c->high_exclusive;
    bool last_exclusive = asc ? c->high_exclusive : c->low_exclusive;
    struct datum d;
    if (first != NULL) {
        TRY(value_of(first, in, row, &d, err));
        *empty |= d.null;
        struct str key = key_with(a, prefix, t, d, direction);
        low = first_exclusive ? prefix_end(a, key) : key;
    }
    if (last != NULL) {
        TRY(value_of(last, in, row, &d, err));
        *empty |= d.null;
        struct str key = key_with(a, prefix, t, d, direction);
        high = last_exclusive ? key : prefix_end(a, key);
    }
    *out = (struct kv_range){low, high};
    *empty |= high.ptr != NULL && str_cmp(low, high) >= 0;
    return 0;
}

static void add_prefix_range(struct arena *a, struct scan_ranges *out, struct str prefix)
{
    out->ranges[out->n++] = (struct kv_range){prefix, out->points ? STR_NONE : prefix_end(a, prefix)};
}

static void key_ranges(struct arena *a, const struct inverted_keys *keys, struct str prefix, struct scan_ranges *out)
{
    struct buf b = BUF_INIT;
    out->n = 0;
    out->ranges = ARENA_ARRAY(a, struct kv_range, keys->v.len);
    for (size_t i = 0; i < keys->v.len; i++) {
        buf_clear(&b);
        buf_str(&b, prefix);
        key_put_bytes(&b, KEY_TAG_BYTES, keys->v.ptr[i]);
        b.len -= 2; // the end mark: longer keys too
        struct str start = arena_str(a, buf_view(&b));
        out->ranges[out->n++] = (struct kv_range){start, prefix_end(a, start)};
    }
    buf_release(&b);
}

enum { PROBE_ENTRIES_MAX = 4096, PROBE_ALTERNATIVES_MAX = 16 };

// Entries in the ranges, counted up to `most`. What is read decides nothing but the way: it is not remembered.
static int count_entries(struct exec_context *x, const struct scan_ranges *r, uint64_t most, uint64_t *n,
                         struct err *err)
{
    *n = 0;
    for (uint32_t i = 0; i < r->n && *n < most; i++) {
        struct kv_scan *scan;
        struct kv_batch batch;
        KV_TRY(x, kv_scan_open(x->txn, r->ranges[i], KV_READ_SNAPSHOT, most - *n, &scan), err);
        do {
            enum kv_result rc = kv_scan_next(scan, BATCH_ROWS_MAX, &batch);
            if (rc != KV_OK) {
                kv_scan_close(scan);
                return kv_error(x, rc, err);
            }
            *n += batch.n;
        } while (batch.n > 0 && *n < most);
        kv_scan_close(scan);
    }
    return 0;
}

// Of the words that must all be there the one that occurs least: all are counted, none further than the best so far.
static int rarest_ranges(struct exec_context *x, struct arena *a, const struct datum *query, struct str prefix,
                         struct scan_ranges *out, struct err *err)
{
    struct inverted_keys alternatives[PROBE_ALTERNATIVES_MAX];
    size_t n = inverted_alternatives(a, query, alternatives, PROBE_ALTERNATIVES_MAX);
    uint64_t fewest = PROBE_ENTRIES_MAX, entries;
    for (size_t i = 0; n > 1 && i < n && fewest > 0; i++) {
        struct scan_ranges candidate = *out;
        key_ranges(a, &alternatives[i], prefix, &candidate);
        TRY(count_entries(x, &candidate, fewest, &entries, err));
        if (entries < fewest) {
            fewest = entries;
            *out = candidate;
        }
    }
    return 0;
}

// Ranges of the keys of an inverted column that begin with what the operand asks for.
static int inverted_ranges(struct constraint_eval *ce, struct exec_context *x, struct arena *a, const struct batch *in,
                           uint32_t row, struct str prefix, struct scan_ranges *out, struct err *err)
{
    const struct index_constraint *c = ce->constraint;
    struct datum operand, *path = ARENA_ARRAY(a, struct datum, c->n_path);
    struct type *types = ARENA_ARRAY(a, struct type, c->n_path);
    TRY(value_of(ce->inverted, in, row, &operand, err));
    for (uint32_t i = 0; i < c->n_path; i++) {
        TRY(value_of(ce->path[i], in, row, &path[i], err));
        types[i] = c->path[i]->type;
    }
    const struct cat_table *t = ce->sp->table;
    struct type column = cat_column_by_id(t, ce->ti->index->columns[ce->ti->n_key - 1].column_id)->type;
    struct inverted_keys keys =
        inverted_search(a, column, c->inverted_op, c->inverted->type, &operand, path, types, c->n_path);
    key_ranges(a, &keys, prefix, out);
    return c->inverted_op == INVERTED_MATCHES && !operand.null ? rarest_ranges(x, a, &operand, prefix, out, err) : 0;
}

static int one_constraint(struct constraint_eval *ce, struct exec_context *x, struct arena *a, const struct batch *in,
                          uint32_t row, struct scan_ranges *out, struct err *err)
{
    const struct index_constraint *c = ce->constraint;
    *out = (struct scan_ranges){.points = ce->sp->unique_point};
    struct str prefix = ce->ti->prefix;
    for (uint32_t i = 0; i < c->n_equal; i++) {
        struct datum d;
        TRY(value_of(ce->equal[i], in, row, &d, err));
        if (d.null && (i >= 64 || !(c->equal_nulls >> i & 1)))
            return 0;
        prefix = key_with(a, prefix, ce->ti->key_types[i], d, ce->ti->key_desc[i]);
    }
    if (c->inverted != NULL)
        return inverted_ranges(ce, x, a, in, row, prefix, out, err);
    if (c->n_any > 0 || c->any_array != NULL) {
        struct datum *items;
        uint32_t n;
        TRY(alternatives(ce, a, in, row, &items, &n, err));
        out->ranges = ARENA_ARRAY(a, struct kv_range, n);
        bool descending = ce->ti->key_desc[c->n_equal] == KEY_DESC;
        for (uint32_t i = 0; i < n; i++)
            add_prefix_range(a, out,
                             key_with(a, prefix, ce->ti->key_types[c->n_equal], items[descending ? n - 1 - i : i],
                                      ce->ti->key_desc[c->n_equal]));
        return 0;
    }
    out->ranges = ARENA_ARRAY(a, struct kv_range, 1);
    if (c->low == NULL && c->high == NULL && !c->not_null) {
        add_prefix_range(a, out, prefix);
        return 0;
    }
    bool empty = false;
    TRY(range_column(ce, a, in, row, prefix, &out->ranges[0], &empty, err));
    out->n = empty ? 0 : 1;
    return 0;
}

static int compare_ranges(const void *l, const void *r)
{
    const struct kv_range *a = l, *b = r;
    return str_cmp(a->start, b->start);
}

// Those of several constraints, in key order, each key once.
static void merge_ranges(struct scan_ranges *s)
{
    uint32_t kept = 0;
    if (s->n > 1)
        qsort(s->ranges, s->n, sizeof(*s->ranges), compare_ranges);
    for (uint32_t i = 0; i < s->n; i++) {
        struct kv_range *last = kept > 0 ? &s->ranges[kept - 1] : NULL, *r = &s->ranges[i];
        if (last == NULL || (last->end.ptr != NULL && str_cmp(last->end, r->start) < 0))
            s->ranges[kept++] = *r;
        else if (last->end.ptr != NULL && (r->end.ptr == NULL || str_cmp(last->end, r->end) < 0))
            last->end = r->end;
    }
    s->n = kept;
}

int constraint_ranges(struct constraint_eval *ce, struct exec_context *x, struct arena *a, const struct batch *in,
                      uint32_t row, struct scan_ranges *out, struct err *err)
{
    (void)x;
    TRY(one_constraint(ce, x, a, in, row, out, err));
    for (uint32_t i = 0; i < ce->sp->n_more; i++) {
        struct scan_ranges next, all;
        TRY(one_constraint(&ce->more[i], x, a, in, row, &next, err));
        all.ranges = arena_zalloc(a, size_mul(out->n + next.n + 1, sizeof(*all.ranges)));
        all.n = out->n + next.n;
        if (out->n > 0)
            memcpy(all.ranges, out->ranges, out->n * sizeof(*out->ranges));
        if (next.n > 0)
            memcpy(all.ranges + out->n, next.ranges, next.n * sizeof(*next.ranges));
        out->ranges = all.ranges;
        out->n = all.n;
    }
    if (ce->sp->n_more > 0 || ce->constraint->inverted != NULL)
        merge_ranges(out);
    return 0;
}
