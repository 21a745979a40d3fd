// Table scans: key ranges or points of one index, rows fetched from the primary index where the index lacks columns,
// filtered, and locked when asked.
//
// Locks: a row found by its whole key is locked before it is read, so that a contended update waits instead of failing;
// rows found by scanning are filtered first and locked then (a change in between is a conflict and the statement
// retries).
#include "sql/execute/execute_int.h"

enum { SCAN_FIRST_ROWS = 32 };

struct scan_op {
    struct op op;
    const struct scan_plan *sp;
    const struct table_access *ta;
    const struct table_index *ti;
    struct constraint_eval constraint;
    struct arena ranges_arena;
    struct scan_ranges ranges;
    uint32_t at; // next range or point
    struct kv_scan *scan;
    uint32_t want; // rows of the next batch
    uint64_t emitted;
    struct row_decoder decoder;         // rows as read
    struct row_decoder primary_decoder; // lookup_primary: the fetched rows
    struct row_decoder key_decoder;     // primary key columns of index entries
    struct vec *key_cols;
    struct hash_rows *fetched; // inverted: primary keys of rows found already
    struct ev *filter;
    uint16_t *sel;
    struct kv_pair *pairs;
    struct str *keys;
    struct kv_value *values;
};

int kv_error(struct exec_context *x, enum kv_result r, struct err *err)
{
    bool names_row = r == KV_LOCK_UNAVAILABLE || r == KV_TIMEOUT;
    int rc = names_row ? cat_kv_write_error(x->view, x->txn, (int)r, err) : cat_kv_error(x->txn, (int)r, err);
    cat_kv_detail(x->view, x->txn, (int)r, err);
    return rc;
}

enum kv_lock_mode lock_mode(enum lock_strength strength)
{
    static const enum kv_lock_mode modes[] = {[LOCK_KEY_SHARE] = KV_LOCK_KEY_SHARE,
                                              [LOCK_SHARE] = KV_LOCK_SHARED,
                                              [LOCK_NO_KEY_UPDATE] = KV_LOCK_NO_KEY_EXCLUSIVE,
                                              [LOCK_UPDATE] = KV_LOCK_EXCLUSIVE};
    return modes[strength];
}

static bool locks(const struct scan_op *s)
{
    return s->sp->lock != LOCK_NONE;
}

static int lock_key(struct scan_op *s, struct str key, bool *skipped, struct err *err)
{
    static const enum kv_lock_wait waits[] = {
        [LOCK_WAIT_BLOCK] = KV_LOCK_WAIT, [LOCK_WAIT_NOWAIT] = KV_LOCK_NOWAIT, [LOCK_WAIT_SKIP] = KV_LOCK_SKIP};
    struct exec_context *x = s->op.x;
    enum kv_lock_mode mode = lock_mode(s->sp->lock);
    enum kv_result r = kv_lock(x->txn, key, mode, waits[s->sp->lock_wait], x->lock_timeout_ns);
    if (r == KV_OK && s->sp->lock_wait != LOCK_WAIT_BLOCK) // it is ours; now the snapshot must see what is locked
        r = kv_lock(x->txn, key, mode, KV_LOCK_WAIT, 0);
    *skipped = r == KV_LOCK_UNAVAILABLE && s->sp->lock_wait == LOCK_WAIT_SKIP;
    return r == KV_OK || *skipped ? 0 : kv_error(x, r, err);
}

// SKIP LOCKED passes by what others hold, so its range is not remembered as read: it would conflict with every commit
// of theirs. What it returns is read once more when it is locked, which is remembered and sees a snapshot moved since.
static bool skips(const struct scan_op *s)
{
    return s->sp->lock_wait == LOCK_WAIT_SKIP && locks(s);
}

static int still_same(struct scan_op *s, const struct kv_pair *pair, unsigned flags, bool *found, bool *same,
                      struct err *err)
{
    struct kv_value now;
    KV_TRY(s->op.x, kv_get(txn_marked(s->op.x), pair->key, flags, &now), err);
    *found = now.found;
    *same = now.found && str_eq(now.value, pair->value);
    return 0;
}

// How what the constraint finds is read: it is the rows, or entries that lead to them.
static unsigned found_flags(const struct scan_op *s)
{
    return s->op.x->read_flags | (s->sp->lookup_primary ? 0 : row_decoder_flags(&s->decoder));
}

// Reads the given keys; those absent (or skipped) leave no pair. `entries`: the index entries that led to them, which
// must still be there when the rows are locked; NULL: none to look at.
static int read_points(struct scan_op *s, uint32_t n_keys, unsigned flags, bool lock, const struct kv_pair *entries,
                       uint32_t *n_pairs, struct err *err)
{
    struct exec_context *x = s->op.x;
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_keys; i++) {
        bool skipped = false, found, same = true;
        if (lock)
            TRY(lock_key(s, s->keys[i], &skipped, err));
        if (!skipped && entries != NULL)
            TRY(still_same(s, &entries[i], x->read_flags, &found, &same, err));
        if (!skipped && same)
            s->keys[n++] = s->keys[i];
    }
    if (n == 1)
        KV_TRY(x, kv_get(txn_marked(x), s->keys[0], flags, &s->values[0]), err);
    else if (n > 1)
        KV_TRY(x, kv_get_many(txn_marked(x), s->keys, n, flags, s->values), err);
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (s->values[i].found)
            s->pairs[found++] = (struct kv_pair){s->keys[i], s->values[i].value};
    }
    *n_pairs = found;
    return 0;
}

static int next_points(struct scan_op *s, uint32_t *n_pairs, struct err *err)
{
    bool reverse = s->sp->reverse, primary = s->ti == &s->ta->primary;
    uint32_t n = 0;
    while (n < s->want && s->at < s->ranges.n) {
        uint32_t i = reverse ? s->ranges.n - 1 - s->at : s->at;
        s->keys[n++] = s->ranges.ranges[i].start;
        s->at++;
    }
    return read_points(s, n, found_flags(s), locks(s) && primary, NULL, n_pairs, err);
}

static int next_range(struct scan_op *s, uint32_t *n_pairs, struct err *err)
{
    struct exec_context *x = s->op.x;
    while (*n_pairs == 0) {
        if (s->scan == NULL) {
            if (s->at == s->ranges.n)
                return 0;
            uint32_t i = s->sp->reverse ? s->ranges.n - 1 - s->at : s->at;
            s->at++;
            bool all_count = s->filter == NULL && s->sp->lock_wait != LOCK_WAIT_SKIP;
            uint64_t limit = all_count && s->sp->limit > 0 ? s->sp->limit - s->emitted : 0;
            unsigned flags =
                found_flags(s) | (s->sp->reverse ? KV_READ_REVERSE : 0) | (skips(s) ? KV_READ_SNAPSHOT : 0);
            KV_TRY(x, kv_scan_open(txn_marked(x), s->ranges.ranges[i], flags, limit, &s->scan), err);
        }
        struct kv_batch b;
        KV_TRY(x, kv_scan_next(s->scan, s->want, &b), err);
        if (b.n == 0) {
            kv_scan_close(s->scan);
            s->scan = NULL;
            continue;
        }
        memcpy(s->pairs, b.pairs, b.n * sizeof(*s->pairs));
        *n_pairs = (uint32_t)b.n;
    }
    return 0;
}

// Index entries to their rows in the primary index.
static int fetch_rows(struct scan_op *s, uint32_t *n_pairs, struct err *err)
{
    struct op *op = &s->op;
    const struct table_index *pk = &s->ta->primary;
    for (uint32_t i = 0; i < pk->n_key; i++)
        s->key_cols[i].has_nulls = false;
    TRY(row_decode(&s->key_decoder, s->pairs, *n_pairs, s->key_cols, 0, err));
    uint32_t n = *n_pairs;
    uint16_t fresh[BATCH_ROWS_MAX];
    if (s->fetched != NULL) {
        struct batch found = {.n = n, .cols = s->key_cols, .ncols = pk->n_key};
        TRY(hash_rows_add(s->fetched, &found, NULL, fresh, &n, err));
    }
    struct buf b = BUF_INIT;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = s->fetched != NULL ? fresh[k] : k;
        buf_clear(&b);
        buf_str(&b, pk->prefix);
        for (uint32_t c = 0; c < pk->n_key; c++) {
            struct datum d = vec_get(&s->key_cols[c], i);
            key_put_datum(&b, pk->key_types[c], &d, (enum key_direction)pk->key_desc[c]);
        }
        s->keys[k] = arena_str(&op->batch, buf_view(&b));
        s->pairs[k] = s->pairs[i];
    }
    buf_release(&b);
    unsigned flags = op->x->read_flags | row_decoder_flags(&s->primary_decoder);
    return read_points(s, n, flags, locks(s), skips(s) ? s->pairs : NULL, n_pairs, err);
}

static void clear_nulls(struct batch *b, uint32_t rows)
{
    for (uint32_t i = 0; i < b->ncols; i++) {
        if (b->cols[i].has_nulls)
            memset(b->cols[i].nulls, 0, rows);
        b->cols[i].has_nulls = false;
    }
}

// Locks the live rows that were read without lock; skipped ones leave the batch.
static int lock_live(struct scan_op *s, struct err *err)
{
    struct batch *b = &s->op.out;
    uint32_t n = 0;
    for (uint32_t k = 0; k < b->n; k++) {
        uint32_t row = batch_row(b, k);
        bool skipped, found = true, same = true;
        TRY(lock_key(s, s->pairs[row].key, &skipped, err));
        if (!skipped && skips(s))
            TRY(still_same(s, &s->pairs[row], found_flags(s), &found, &same, err));
        if (!skipped && found && !same) // it may not pass the filter any more
            return kv_error(s->op.x, KV_CONFLICT, err);
        if (!skipped && found)
            s->sel[n++] = (uint16_t)row;
    }
    b->sel = s->sel;
    b->n = n;
    return 0;
}

static int scan_batch(struct scan_op *s, uint32_t *n_pairs, struct err *err)
{
    struct op *op = &s->op;
    *n_pairs = 0;
    TRY(s->ranges.points ? next_points(s, n_pairs, err) : next_range(s, n_pairs, err));
    uint32_t read = *n_pairs;
    if (read == 0) {
        op->out.n = 0;
        return 0;
    }
    op->x->rows_read += read;
    if (s->sp->lookup_primary)
        TRY(fetch_rows(s, n_pairs, err));
    clear_nulls(&op->out, read);
    TRY(row_decode(s->sp->lookup_primary ? &s->primary_decoder : &s->decoder, s->pairs, *n_pairs, op->out.cols, 0,
                   err));
    op->out.n = *n_pairs;
    op->out.sel = NULL;
    if (s->filter != NULL && op->out.n > 0) {
        TRY(ev_filter(s->filter, &op->out, s->sel, &op->out.n, err));
        op->out.sel = s->sel;
    }
    bool locked = s->sp->lookup_primary || (s->ranges.points && s->ti == &s->ta->primary);
    if (locks(s) && !locked)
        TRY(lock_live(s, err));
    *n_pairs = read;
    return 0;
}

// Batches grow, but for those under a limit that lock: no row is locked that will not be returned.
static void want_more(struct scan_op *s)
{
    if (locks(s) && s->sp->limit > 0)
        s->want = (uint32_t)MIN(s->sp->limit - MIN(s->emitted, s->sp->limit), (uint64_t)s->want);
    else if (s->want < BATCH_ROWS_MAX && s->op.x->batch_rows_max == 0)
        s->want = MIN(s->want * 4, (uint32_t)BATCH_ROWS_MAX);
}

static int scan_next(struct op *op, struct err *err)
{
    struct scan_op *s = (struct scan_op *)op;
    op->out.n = 0;
    if (s->sp->limit > 0 && s->emitted >= s->sp->limit)
        return 0;
    uint32_t read;
    do {
        arena_reset(&op->batch);
        TRY(check_interrupt(op->x, err));
        struct arena *caller = op->x->eval.arena; // what is decoded lives as long as the batch
        op->x->eval.arena = &op->batch;
        int rc = scan_batch(s, &read, err);
        op->x->eval.arena = caller;
        TRY(rc);
        if (op->out.n == 0)
            want_more(s);
        bool more_points = s->ranges.points && s->at < s->ranges.n;
        if (read == 0 && !more_points)
            break;
    } while (op->out.n == 0);
    s->emitted += op->out.n;
    want_more(s);
    return 0;
}

static int scan_open(struct op *op, struct err *err)
{
    struct scan_op *s = (struct scan_op *)op;
    kv_scan_close(s->scan);
    s->scan = NULL;
    s->at = 0;
    s->emitted = 0;
    if (s->fetched != NULL)
        hash_rows_reset(s->fetched);
    s->want = s->sp->limit > 0 ? (uint32_t)MIN(s->sp->limit, (uint64_t)BATCH_ROWS_MAX) : SCAN_FIRST_ROWS;
    if (op->x->batch_rows_max > 0)
        s->want = MIN(s->want, op->x->batch_rows_max);
    arena_reset(&s->ranges_arena);
    op->x->eval.arena = &s->ranges_arena;
    return constraint_ranges(&s->constraint, op->x, &s->ranges_arena, NULL, 0, &s->ranges, err);
}

static void scan_close(struct op *op)
{
    struct scan_op *s = (struct scan_op *)op;
    kv_scan_close(s->scan);
    s->scan = NULL;
    arena_release(&s->ranges_arena);
}

static const struct op_ops scan_ops = {scan_open, scan_next, scan_close};

// The most rows one batch can have: unique points bound it, so that point reads stay small.
static uint32_t scan_capacity(const struct scan_plan *sp)
{
    if (sp->unique_point && sp->constraint.any_array == NULL)
        return MIN(MAX(sp->constraint.n_any, 1u), (uint32_t)BATCH_ROWS_MAX);
    return BATCH_ROWS_MAX;
}

void scan_note_indexes(struct exec_context *x, const struct scan_plan *sp)
{
    if (x->index_read == NULL)
        return;
    x->index_read(x->index_read_arg, sp->table, sp->index);
    if (sp->lookup_primary)
        x->index_read(x->index_read_arg, sp->table, sp->table->primary);
}

struct op *scan_build(struct exec_context *x, const struct plan *p)
{
    struct scan_op *s = OP_NEW(x, p, &scan_ops, struct scan_op);
    s->sp = &p->scan;
    scan_note_indexes(x, s->sp);
    s->ta = table_access(x, p->scan.table);
    s->ti = table_index_of(s->ta, p->scan.index);
    arena_init(&s->ranges_arena, x->budget);
    constraint_compile(&s->constraint, x, s->sp, NULL, 0);
    uint32_t rows = scan_capacity(s->sp);
    uint32_t *wanted = ARENA_ARRAY(x->arena, uint32_t, p->n_cols);
    for (uint32_t i = 0; i < p->n_cols; i++)
        wanted[i] = table_position(s->sp->table, s->sp->table_columns[i]);
    if (s->sp->lookup_primary) {
        row_decoder_init(&s->primary_decoder, x, s->ta, &s->ta->primary, wanted, p->n_cols);
        row_decoder_init(&s->key_decoder, x, s->ta, s->ti, s->ta->primary.key_columns, s->ta->primary.n_key);
        s->key_cols = ARENA_ARRAY(x->arena, struct vec, s->ta->primary.n_key);
        for (uint32_t i = 0; i < s->ta->primary.n_key; i++)
            vec_init(&s->key_cols[i], x->arena, s->ta->primary.key_types[i], rows);
        if (s->ti->inverted) // a row has many keys
            s->fetched = hash_rows_new(x, s->ta->primary.key_types, s->ta->primary.n_key);
    } else {
        row_decoder_init(&s->decoder, x, s->ta, s->ti, wanted, p->n_cols);
    }
    batch_init(&s->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, rows);
    s->filter = s->sp->filter != NULL ? ev_compile(x, s->sp->filter, p->cols, p->n_cols) : NULL;
    s->sel = ARENA_ARRAY(x->arena, uint16_t, rows);
    s->pairs = ARENA_ARRAY(x->arena, struct kv_pair, rows);
    s->keys = ARENA_ARRAY(x->arena, struct str, rows);
    s->values = ARENA_ARRAY(x->arena, struct kv_value, rows);
    return &s->op;
}

// ---- virtual tables

// Only the columns of the plan are kept.
struct virtual_rows {
    struct row_store store;
    struct vec *row;
    uint32_t *positions; // of the plan's columns in the table; that of tableoid is one behind the last
    bool *wanted;        // by position
    const struct cat_table *table;
};

struct virtual_scan_op {
    struct op op;
    struct virtual_rows rows;
    struct ev *lookup, *filter;
    uint32_t at;
    uint16_t *sel;
};

int virtual_row(struct virtual_rows *rows, const struct datum *values, struct err *err)
{
    struct batch one = {.n = 1, .cols = rows->row, .ncols = rows->store.n_cols};
    for (uint32_t i = 0; i < rows->store.n_cols; i++)
        vec_set(&rows->row[i], 0,
                rows->positions[i] == rows->table->n_columns ? datum_int(rows->table->id) : values[rows->positions[i]]);
    int rc = row_store_append(&rows->store, &one, NULL, err);
    for (uint32_t i = 0; i < rows->store.n_cols; i++) {
        rows->row[i].nulls[0] = 0;
        rows->row[i].has_nulls = false;
    }
    return rc;
}

bool virtual_wants(const struct virtual_rows *rows, uint32_t column)
{
    return rows->wanted[column];
}

static int virtual_open(struct op *op, struct err *err)
{
    struct virtual_scan_op *s = (struct virtual_scan_op *)op;
    const struct scan_plan *sp = &op->plan->scan;
    row_store_reset(&s->rows.store);
    s->at = 0;
    struct virtual_filter filter = {
        .column = sp->virtual_lookup - 1, .pattern = sp->virtual_pattern, .any_case = sp->virtual_any_case};
    bool filtered = s->lookup != NULL;
    op->x->eval.arena = &op->batch;
    if (filtered) {
        struct batch none = {.n = 1};
        TRY(ev_row(s->lookup, &none, 0, &filter.value, err));
        if (filter.value.null)
            return 0;
    }
    return sp->table->virtual_table->generate(op->x, filtered ? &filter : NULL, &s->rows, err);
}

static int virtual_next(struct op *op, struct err *err)
{
    struct virtual_scan_op *s = (struct virtual_scan_op *)op;
    op->out.n = 0;
    while (op->out.n == 0 && s->at < s->rows.store.n_rows) {
        uint32_t n = MIN(s->rows.store.n_rows - s->at, (uint32_t)BATCH_ROWS_MAX);
        for (uint32_t c = 0; c < op->out.ncols; c++) {
            struct vec *v = &op->out.cols[c];
            if (v->has_nulls)
                memset(v->nulls, 0, n);
            v->has_nulls = false;
            for (uint32_t i = 0; i < n; i++)
                vec_set(v, i, row_store_get(&s->rows.store, s->at + i, c));
        }
        s->at += n;
        op->out.n = n;
        op->out.sel = NULL;
        if (s->filter != NULL) {
            TRY(ev_filter(s->filter, &op->out, s->sel, &op->out.n, err));
            op->out.sel = s->sel;
        }
    }
    return 0;
}

static void virtual_close(struct op *op)
{
    row_store_release(&((struct virtual_scan_op *)op)->rows.store);
}

static const struct op_ops virtual_ops = {virtual_open, virtual_next, virtual_close};

struct op *virtual_scan_build(struct exec_context *x, const struct plan *p)
{
    struct virtual_scan_op *s = OP_NEW(x, p, &virtual_ops, struct virtual_scan_op);
    const struct cat_table *t = p->scan.table;
    const struct type *types = plan_types(x, p->cols, p->n_cols);
    s->rows.row = ARENA_ARRAY(x->arena, struct vec, p->n_cols);
    s->rows.positions = ARENA_ARRAY(x->arena, uint32_t, p->n_cols);
    s->rows.wanted = ARENA_ARRAY(x->arena, bool, t->n_columns + 1);
    s->rows.table = t;
    for (uint32_t i = 0; i < p->n_cols; i++) {
        uint32_t id = p->scan.table_columns[i];
        vec_init(&s->rows.row[i], x->arena, types[i], 1);
        s->rows.positions[i] = table_position(t, id);
        s->rows.wanted[s->rows.positions[i]] = true;
    }
    row_store_init(&s->rows.store, x, types, p->n_cols);
    if (p->scan.virtual_lookup > 0)
        s->lookup = ev_compile(x, p->scan.constraint.equal[0], NULL, 0);
    if (p->scan.filter != NULL)
        s->filter = ev_compile(x, p->scan.filter, p->cols, p->n_cols);
    s->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    batch_init(&s->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, BATCH_ROWS_MAX);
    return &s->op;
}
