// Column pruning: from the top down, every relation keeps only the columns that something above it reads.
#include "sql/optimize/optimize_int.h"

static uint32_t keep(struct optimizer *o, const col_id *cols, uint32_t n, const struct col_set *needed,
                     const col_id **out)
{
    col_id *kept = ARENA_ARRAY(o->arena, col_id, n);
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (col_set_has(needed, cols[i]))
            kept[m++] = cols[i];
    }
    *out = kept;
    return m;
}

static struct col_set copy_set(struct optimizer *o, const struct col_set *s)
{
    struct col_set c = col_set_new(o->arena, o->q);
    col_set_union(&c, s);
    return c;
}

static void prune_scan(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    col_id *cols = ARENA_ARRAY(o->arena, col_id, r->n_cols);
    uint32_t *ids = ARENA_ARRAY(o->arena, uint32_t, r->n_cols), n = 0;
    for (uint32_t i = 0; i < r->n_cols; i++) {
        if (!col_set_has(needed, r->cols[i]))
            continue;
        cols[n] = r->cols[i];
        ids[n++] = r->scan.table_columns[i];
    }
    r->cols = cols;
    r->scan.table_columns = ids;
    r->n_cols = n;
}

// Also what is volatile is computed, read or not: nextval() counts.
static void prune_project(struct optimizer *o, struct rel *r, const struct col_set *read)
{
    struct col_set below = col_set_new(o->arena, o->q), needed = copy_set(o, read);
    for (uint32_t i = 0; i < r->project.n_items; i++)
        if (expr_volatility(r->project.items[i].expr) == FN_VOLATILE)
            col_set_add(&needed, r->project.items[i].column);
    r->n_cols = keep(o, r->cols, r->n_cols, &needed, &r->cols);
    uint32_t n = 0;
    struct col_set passed = col_set_new(o->arena, o->q);
    col_set_add_list(&passed, r->cols, r->n_cols);
    for (uint32_t i = 0; i < r->project.n_items; i++) {
        if (!col_set_has(&needed, r->project.items[i].column))
            continue;
        expr_columns(r->project.items[i].expr, &below);
        col_set_remove(&passed, r->project.items[i].column);
        r->project.items[n++] = r->project.items[i];
    }
    r->project.n_items = n;
    col_set_union(&below, &passed);
    prune(o, r->input, &below);
}

static void prune_join(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    struct col_set below = copy_set(o, needed);
    if (r->join.on != NULL)
        expr_columns(r->join.on, &below);
    rel_outer_columns(o->q, r->right, &below);
    r->n_cols = keep(o, r->cols, r->n_cols, needed, &r->cols);
    prune(o, r->input, &below);
    prune(o, r->right, &below);
    // A join hands on all columns of its inputs, in order.
    bool right = r->join.kind != JOIN_SEMI && r->join.kind != JOIN_ANTI;
    uint32_t n = r->input->n_cols + (right ? r->right->n_cols : 0);
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n);
    memcpy(cols, r->input->cols, r->input->n_cols * sizeof(*cols));
    if (right)
        memcpy(cols + r->input->n_cols, r->right->cols, r->right->n_cols * sizeof(*cols));
    r->cols = cols;
    r->n_cols = n;
}

static void prune_group(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    struct col_set below = col_set_new(o->arena, o->q);
    if (r->group.n_deciding > 0) {
        struct col_set kept = copy_set(o, needed);
        col_set_add_list(&kept, r->group.keys, r->group.n_deciding);
        r->group.n_keys = keep(o, r->group.keys, r->group.n_keys, &kept, &r->group.keys);
    }
    col_set_add_list(&below, r->group.keys, r->group.n_keys);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->group.n_aggregates; i++) {
        if (!col_set_has(needed, r->group.aggregates[i].column))
            continue;
        expr_columns(r->group.aggregates[i].expr, &below);
        r->group.aggregates[n++] = r->group.aggregates[i];
    }
    r->group.n_aggregates = n;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, r->group.n_keys + n);
    memcpy(cols, r->group.keys, r->group.n_keys * sizeof(*cols));
    for (uint32_t i = 0; i < n; i++)
        cols[r->group.n_keys + i] = r->group.aggregates[i].column;
    r->cols = cols;
    r->n_cols = r->group.n_keys + n;
    prune(o, r->input, &below);
}

// Operators whose output is the input's columns followed by their own.
static void append_own(struct optimizer *o, struct rel *r, const col_id *own, uint32_t n_own)
{
    col_id *cols = ARENA_ARRAY(o->arena, col_id, r->input->n_cols + n_own);
    if (r->input->n_cols > 0)
        memcpy(cols, r->input->cols, r->input->n_cols * sizeof(*cols));
    if (n_own > 0)
        memcpy(cols + r->input->n_cols, own, n_own * sizeof(*cols));
    r->cols = cols;
    r->n_cols = r->input->n_cols + n_own;
}

static void prune_window(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    struct col_set below = copy_set(o, needed);
    col_id *own = ARENA_ARRAY(o->arena, col_id, r->window.n_functions);
    for (uint32_t i = 0; i < r->window.n_functions; i++) {
        expr_columns(r->window.functions[i].expr, &below);
        struct window_frame *f = r->window.functions[i].expr->frame;
        if (f != NULL && f->start_offset != NULL)
            expr_columns(f->start_offset, &below);
        if (f != NULL && f->end_offset != NULL)
            expr_columns(f->end_offset, &below);
        own[i] = r->window.functions[i].column;
    }
    prune(o, r->input, &below);
    append_own(o, r, own, r->window.n_functions);
}

static void prune_srf(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    struct col_set below = copy_set(o, needed);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->srf.n_calls; i++) {
        expr_columns(r->srf.calls[i], &below);
        n += r->srf.n_call_cols[i];
    }
    col_id *own = ARENA_ARRAY(o->arena, col_id, n);
    n = 0;
    for (uint32_t i = 0; i < r->srf.n_calls; i++) {
        memcpy(own + n, r->srf.call_cols[i], r->srf.n_call_cols[i] * sizeof(*own));
        n += r->srf.n_call_cols[i];
    }
    prune(o, r->input, &below);
    append_own(o, r, own, n);
}

static void prune_through(struct optimizer *o, struct rel *r, const struct col_set *below)
{
    prune(o, r->input, below);
    r->cols = r->input->cols;
    r->n_cols = r->input->n_cols;
}

static void prune_all(struct optimizer *o, struct rel *r)
{
    if (r == NULL)
        return;
    struct col_set all = col_set_new(o->arena, o->q);
    col_set_add_list(&all, r->cols, r->n_cols);
    prune(o, r, &all);
}

// A change takes all columns that its input has, and RETURNING gives them after those of the table, but for versions of
// rows that nothing asks for.
static void prune_change(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    struct col_set below = col_set_new(o->arena, o->q);
    uint32_t n_table = (uint32_t)r->mutation->table->n_columns;
    bool passed = r->n_cols > n_table;
    for (uint32_t i = 0; i < r->input->n_cols; i++) {
        col_id c = r->input->cols[i];
        if (query_column(o->q, c)->table_column_id != CAT_COLUMN_VERSION || col_set_has(needed, c))
            col_set_add(&below, c);
    }
    prune(o, r->input, &below);
    if (!passed)
        return;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n_table + r->input->n_cols);
    memcpy(cols, r->cols, n_table * sizeof(*cols));
    if (r->input->n_cols > 0)
        memcpy(cols + n_table, r->input->cols, r->input->n_cols * sizeof(*cols));
    r->cols = cols;
    r->n_cols = n_table + r->input->n_cols;
}

void prune(struct optimizer *o, struct rel *r, const struct col_set *needed)
{
    struct col_set below = copy_set(o, needed);
    switch (r->kind) {
    case REL_SCAN:
        prune_scan(o, r, needed);
        break;
    case REL_PROJECT:
        prune_project(o, r, needed);
        break;
    case REL_JOIN:
        prune_join(o, r, needed);
        break;
    case REL_GROUP:
        prune_group(o, r, needed);
        break;
    case REL_WINDOW:
        prune_window(o, r, needed);
        break;
    case REL_SRF:
        prune_srf(o, r, needed);
        break;
    case REL_FILTER:
        if (r->input->kind == REL_SCAN) {
            struct col_set *above = ARENA_NEW(o->arena, struct col_set);
            *above = copy_set(o, needed);
            r->input->scan.needed = above;
        }
        expr_columns(r->predicate, &below);
        prune_through(o, r, &below);
        break;
    case REL_SORT:
        for (uint32_t i = 0; i < r->sort.n_keys; i++)
            expr_columns(r->sort.keys[i].expr, &below);
        prune_through(o, r, &below);
        break;
    case REL_DISTINCT:
        col_set_add_list(&below, r->distinct.keys, r->distinct.n_keys);
        prune_through(o, r, &below);
        break;
    case REL_LIMIT:
    case REL_MAX_ONE:
        prune_through(o, r, &below);
        break;
    case REL_ORDINALITY:
        prune(o, r->input, &below);
        append_own(o, r, &r->ordinality.column, 1);
        break;
    case REL_INSERT:
    case REL_UPDATE:
    case REL_DELETE:
        prune_change(o, r, needed);
        break;
    case REL_SET_OP: // columns correspond by position: all stay
    case REL_RECURSIVE:
        prune_all(o, r->input);
        prune_all(o, r->right);
        break;
    default:
        break;
    }
}
