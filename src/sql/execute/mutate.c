// INSERT (with ON CONFLICT), UPDATE and DELETE as operators: per input row one change; the rows of RETURNING come out.
//
// When the input may read what is being written (a scan of the same table) it is read to the end first, so that a row
// is never met twice (the Halloween problem).
#include "base/map.h"
#include "sql/execute/mutate_int.h"

struct mutation_op {
    struct op op;
    const struct mutation *m;
    const struct table_access *ta;
    bool buffered;
    struct row_store rows;
    bool loaded;
    uint32_t at;
    struct batch in;          // rows at hand
    int64_t *old_at, *new_at; // positions of the table's columns in the input; -1: none
    struct ev **checks, **old_predicates, **new_predicates;
    bool *old_member, *new_member;
    struct datum *old_row, *new_row;
    bool counts;   // its rows are the statement's
    int64_t delta; // rows added less removed
    uint64_t changed;
    uint64_t mark; // of the transaction, after the last batch
    // ON CONFLICT DO UPDATE
    struct batch wide; // existing row, input row, assigned columns
    struct ev **set, **set_checks, **set_predicates, **existing_predicates;
    struct ev *set_where;
    int64_t *set_at; // position in wide of each table column's new value; -1: unchanged
    struct map touched;
    // Of a table with triggers, else NULL.
    struct table_triggers *triggers;
    bool *set_columns; // which an UPDATE, or the one of ON CONFLICT, assigns to
    struct batch one;  // an input row with the values that BEFORE triggers gave it
    bool others_wrote; // a trigger did
    bool finished;
};

// ---- setting up

static bool reads_table(const struct plan *p, const struct cat_table *t)
{
    if (p == NULL)
        return false;
    if (p->kind == PLAN_SCAN && p->scan.table->id == t->id && !p->scan.unique_point)
        return true;
    if (p->kind == PLAN_LOOKUP_JOIN && p->join.lookup.table->id == t->id)
        return true;
    if (p->kind == PLAN_CTE || p->kind == PLAN_RECURSIVE)
        return true;
    return reads_table(p->input, t) || reads_table(p->right, t);
}

static bool is_statement_mutation(const struct exec_context *x, const struct plan *p)
{
    const struct plan *at = x->plan->root;
    while (at != NULL && at->kind == PLAN_PROJECT)
        at = at->input;
    return at == p;
}

static int64_t *positions(struct exec_context *x, const struct cat_table *t, const col_id *cols,
                          const struct plan *input)
{
    int64_t *out = ARENA_ARRAY(x->arena, int64_t, t->n_columns);
    for (uint32_t i = 0; i < t->n_columns; i++)
        out[i] = cols == NULL || cols[i] == 0 ? -1 : col_position(input->cols, input->n_cols, cols[i]);
    return out;
}

static struct ev **compile_list(struct exec_context *x, struct expr *const *list, uint32_t n, const col_id *cols,
                                uint32_t n_cols)
{
    struct ev **out = ARENA_ARRAY(x->arena, struct ev *, n + 1);
    for (uint32_t i = 0; list != NULL && i < n; i++)
        out[i] = list[i] == NULL ? NULL : ev_compile(x, list[i], cols, n_cols);
    return out;
}

// Existing row, input row and assigned columns side by side.
static void conflict_build(struct mutation_op *o)
{
    struct exec_context *x = o->op.x;
    const struct mutation *m = o->m;
    const struct plan *input = o->op.plan->input;
    uint32_t n_table = o->ta->n_columns, n_in = input->n_cols, n = n_table + n_in + m->n_set;
    col_id *cols = ARENA_ARRAY(x->arena, col_id, n);
    memcpy(cols, m->old_cols, n_table * sizeof(*cols));
    memcpy(cols + n_table, input->cols, n_in * sizeof(*cols));
    for (uint32_t i = 0; i < m->n_set; i++)
        cols[n_table + n_in + i] = m->set[i].column;
    batch_init(&o->wide, x->arena, plan_types(x, cols, n), n, 1);
    o->set = ARENA_ARRAY(x->arena, struct ev *, m->n_set);
    for (uint32_t i = 0; i < m->n_set; i++)
        o->set[i] = ev_compile(x, m->set[i].expr, cols, n);
    o->set_where = m->set_where != NULL ? ev_compile(x, m->set_where, cols, n) : NULL;
    uint32_t n_indexes = (uint32_t)m->table->n_indexes;
    o->set_checks = compile_list(x, m->set_checks, m->n_checks, cols, n);
    o->set_predicates = compile_list(x, m->set_predicates, n_indexes, cols, n);
    o->existing_predicates = compile_list(x, m->old_predicates, n_indexes, cols, n);
    o->set_at = ARENA_ARRAY(x->arena, int64_t, n_table);
    for (uint32_t i = 0; i < n_table; i++)
        o->set_at[i] = m->set_cols[i] == 0 ? -1 : col_position(cols, n, m->set_cols[i]);
}

// ---- evaluating over the rows at hand

static int eval_vecs(struct mutation_op *o, struct ev **evs, uint32_t n, const struct vec **out, struct err *err)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = NULL;
        if (evs[i] != NULL)
            TRY(ev_eval(evs[i], &o->in, &out[i], err));
    }
    return 0;
}

static void member_of(const struct vec *const *predicates, uint32_t n, uint32_t row, bool *member)
{
    for (uint32_t i = 0; i < n; i++) {
        struct datum d = predicates[i] == NULL ? datum_bool(true) : vec_get(predicates[i], row);
        member[i] = !d.null && d.b;
    }
}

static int run_checks(struct mutation_op *o, struct err *err)
{
    const struct mutation *m = o->m;
    for (uint32_t i = 0; i < m->n_checks; i++) {
        const struct vec *v;
        TRY(ev_eval(o->checks[i], &o->in, &v, err));
        for (uint32_t k = 0; k < o->in.n; k++) {
            struct datum d = vec_get(v, batch_row(&o->in, k));
            if (!d.null && !d.b)
                return check_violation(o->op.x, m->table, m->check_descriptors[i], err);
        }
    }
    return 0;
}

// ---- RETURNING

static void emit(struct mutation_op *o, uint32_t row, const struct datum *values)
{
    struct batch *out = &o->op.out;
    if (!o->m->returning)
        return;
    uint32_t at = out->n++, n_table = o->ta->n_columns;
    for (uint32_t c = 0; c < n_table; c++)
        vec_set(&out->cols[c], at, values[c]);
    for (uint32_t c = n_table; c < out->ncols; c++)
        vec_set(&out->cols[c], at, vec_get(&o->in.cols[c - n_table], row));
}

// ---- rows of tables with triggers

static void vec_put(struct vec *v, struct datum d)
{
    v->nulls[0] = 0;
    v->has_nulls = false;
    vec_set(v, 0, d);
}

static int read_now(struct mutation_op *o, const struct datum *row, struct kv_value *out, struct err *err)
{
    struct exec_context *x = o->op.x;
    struct buf key = BUF_INIT;
    index_key(&key, &o->ta->primary, row, NULL);
    enum kv_result r = kv_get(x->txn, buf_view(&key), KV_READ_SNAPSHOT, out);
    buf_release(&key);
    return r == KV_OK ? 0 : kv_error(x, r, err);
}

// BEFORE ROW triggers, and what follows from what they did to the new row. The old one must still be there afterwards:
// its index entries are known from it.
static int before_row(struct mutation_op *o, uint32_t event, const struct datum *old_row, struct datum *new_row,
                      bool *skip, struct err *err)
{
    struct exec_context *x = o->op.x;
    struct trigger_outcome done;
    struct kv_value was, is;
    *skip = false;
    if (!triggers_before_any(o->triggers, event, o->set_columns))
        return 0;
    uint64_t mark = kv_mark(x->txn);
    if (old_row != NULL)
        TRY(read_now(o, old_row, &was, err));
    TRY(triggers_before_row(x, o->triggers, event, o->set_columns, old_row, new_row, &done, err));
    *skip = done.skip;
    o->others_wrote |= kv_mark(x->txn) != mark;
    if (done.skip)
        return 0;
    if (old_row != NULL && kv_mark(x->txn) != mark) {
        TRY(read_now(o, old_row, &is, err));
        if (was.found != is.found || !str_eq(was.value, is.value))
            return changed_by_trigger(err);
    }
    return done.changed ? triggers_compute(x, o->triggers, new_row, err) : 0;
}

// The input row with the new row's values in their places.
static void one_row(struct mutation_op *o, uint32_t row)
{
    for (uint32_t c = 0; c < o->one.ncols; c++)
        vec_put(&o->one.cols[c], vec_get(&o->in.cols[c], row));
    for (uint32_t c = 0; c < o->ta->n_columns; c++)
        vec_put(&o->one.cols[o->new_at[c] >= 0 ? o->new_at[c] : o->old_at[c]], o->new_row[c]);
    o->one.n = 1;
}

static int one_members(struct mutation_op *o, struct err *err)
{
    for (size_t i = 0; i < o->m->table->n_indexes; i++) {
        struct datum d = datum_bool(true);
        if (o->new_predicates[i] != NULL)
            TRY(ev_row(o->new_predicates[i], &o->one, 0, &d, err));
        o->new_member[i] = !d.null && d.b;
    }
    return 0;
}

static int one_checks(struct mutation_op *o, struct err *err)
{
    for (uint32_t i = 0; i < o->m->n_checks; i++) {
        struct datum d;
        TRY(ev_row(o->checks[i], &o->one, 0, &d, err));
        if (!d.null && !d.b)
            return check_violation(o->op.x, o->m->table, o->m->check_descriptors[i], err);
    }
    return 0;
}

// ---- INSERT

static int touch_once(struct mutation_op *o, const struct table_index *ti, const struct datum *row, struct err *err)
{
    struct buf key = BUF_INIT;
    bool has_null;
    index_key(&key, ti, row, &has_null);
    bool conflicts = !has_null || ti == &o->ta->primary; // NULLs differ from each other
    bool again = conflicts && map_put(&o->touched, buf_view(&key), o) != NULL;
    buf_release(&key);
    if (again)
        return err_set(err, ERR_CARDINALITY_VIOLATION,
                       "UPSERT or INSERT...ON CONFLICT command cannot affect row a second time");
    return 0;
}

// The existing row beside the one that meets it, as triggers have made that.
static void wide_row(struct mutation_op *o, const struct datum *existing, uint32_t row)
{
    struct batch *w = &o->wide;
    uint32_t n_table = o->ta->n_columns, n_in = o->in.ncols;
    const struct batch *in = o->triggers != NULL ? &o->one : &o->in;
    uint32_t at = o->triggers != NULL ? 0 : row;
    w->n = 1;
    for (uint32_t c = 0; c < w->ncols; c++) {
        w->cols[c].nulls[0] = 0;
        w->cols[c].has_nulls = false;
    }
    for (uint32_t c = 0; c < n_table; c++)
        vec_set(&w->cols[c], 0, existing[c]);
    for (uint32_t c = 0; c < n_in; c++)
        vec_set(&w->cols[n_table + c], 0, vec_get(&in->cols[c], at));
}

static int wide_assign(struct mutation_op *o, struct err *err)
{
    uint32_t first = o->ta->n_columns + o->in.ncols;
    for (uint32_t i = 0; i < o->m->n_set; i++) {
        struct datum d;
        TRY(ev_row(o->set[i], &o->wide, 0, &d, err));
        vec_set(&o->wide.cols[first + i], 0, d);
    }
    return 0;
}

static int wide_members(struct mutation_op *o, struct ev **predicates, bool *member, struct err *err)
{
    for (size_t i = 0; i < o->m->table->n_indexes; i++) {
        struct datum d = datum_bool(true);
        if (predicates[i] != NULL)
            TRY(ev_row(predicates[i], &o->wide, 0, &d, err));
        member[i] = !d.null && d.b;
    }
    return 0;
}

static int update_existing(struct mutation_op *o, struct datum *existing, uint32_t row, struct err *err)
{
    struct exec_context *x = o->op.x;
    wide_row(o, existing, row);
    if (o->set_where != NULL) {
        struct datum d;
        TRY(ev_row(o->set_where, &o->wide, 0, &d, err));
        if (d.null || !d.b)
            return 0;
    }
    TRY(wide_assign(o, err));
    for (uint32_t c = 0; c < o->ta->n_columns; c++)
        o->new_row[c] = o->set_at[c] < 0 ? existing[c] : vec_get(&o->wide.cols[o->set_at[c]], 0);
    TRY(wide_members(o, o->existing_predicates, o->old_member, err));
    if (o->triggers != NULL) {
        bool skip;
        TRY(before_row(o, CAT_TRIGGER_UPDATE, existing, o->new_row, &skip, err));
        if (skip)
            return 0;
        for (uint32_t c = 0; c < o->ta->n_columns; c++)
            vec_put(&o->wide.cols[o->set_at[c] < 0 ? c : o->set_at[c]], o->new_row[c]);
    }
    for (uint32_t i = 0; i < o->m->n_checks; i++) {
        struct datum d;
        TRY(ev_row(o->set_checks[i], &o->wide, 0, &d, err));
        if (!d.null && !d.b)
            return check_violation(x, o->m->table, o->m->check_descriptors[i], err);
    }
    TRY(wide_members(o, o->set_predicates, o->new_member, err));
    TRY(write_update(x, o->ta, existing, o->new_row, o->old_member, o->new_member, err));
    o->changed++;
    emit(o, row, o->new_row);
    if (o->triggers == NULL)
        return 0;
    return triggers_after_row(x, o->triggers, CAT_TRIGGER_UPDATE, o->set_columns, existing, o->new_row, err);
}

// *handled: the row met a conflict and is done with.
static int conflict(struct mutation_op *o, uint32_t row, bool *handled, struct err *err)
{
    struct exec_context *x = o->op.x;
    const struct mutation *m = o->m;
    *handled = false;
    if (m->arbiter != NULL) {
        const struct table_index *ti = table_index_of(o->ta, m->arbiter);
        if (!m->do_nothing)
            TRY(touch_once(o, ti, o->new_row, err));
        TRY(write_find_conflict(x, o->ta, ti, o->new_row, handled, o->old_row, err));
        return *handled && !m->do_nothing ? update_existing(o, o->old_row, row, err) : 0;
    }
    TRY(write_find_conflict(x, o->ta, &o->ta->primary, o->new_row, handled, o->old_row, err));
    for (size_t i = 0; i < m->table->n_indexes && !*handled; i++) {
        if (m->table->indexes[i].unique && o->new_member[i])
            TRY(write_find_conflict(x, o->ta, &o->ta->indexes[i], o->new_row, handled, o->old_row, err));
    }
    return 0;
}

static int insert_fired(struct mutation_op *o, uint32_t row, struct err *err)
{
    bool skip, handled = false;
    TRY(before_row(o, CAT_TRIGGER_INSERT, NULL, o->new_row, &skip, err));
    if (skip)
        return 0;
    one_row(o, row);
    TRY(one_members(o, err));
    if (o->m->on_conflict)
        TRY(conflict(o, row, &handled, err));
    if (handled)
        return 0;
    TRY(one_checks(o, err));
    TRY(write_insert(o->op.x, o->ta, o->new_row, o->new_member, err));
    o->delta++;
    o->changed++;
    emit(o, row, o->new_row);
    return triggers_after_row(o->op.x, o->triggers, CAT_TRIGGER_INSERT, NULL, NULL, o->new_row, err);
}

static int insert_rows(struct mutation_op *o, struct err *err)
{
    uint32_t n_indexes = (uint32_t)o->m->table->n_indexes;
    const struct vec **predicates = ARENA_ARRAY(&o->op.batch, const struct vec *, n_indexes + 1);
    if (o->triggers == NULL && (!o->m->on_conflict || o->m->do_nothing))
        TRY(run_checks(o, err));
    if (o->triggers == NULL)
        TRY(eval_vecs(o, o->new_predicates, n_indexes, predicates, err));
    for (uint32_t k = 0; k < o->in.n; k++) {
        uint32_t row = batch_row(&o->in, k);
        for (uint32_t c = 0; c < o->ta->n_columns; c++)
            o->new_row[c] = vec_get(&o->in.cols[o->new_at[c]], row);
        if (o->triggers != NULL) {
            TRY(insert_fired(o, row, err));
            continue;
        }
        member_of(predicates, n_indexes, row, o->new_member);
        bool handled = false;
        if (o->m->on_conflict)
            TRY(conflict(o, row, &handled, err));
        if (handled)
            continue;
        if (o->m->on_conflict && !o->m->do_nothing) { // checks of rows that are really inserted
            struct batch all = o->in;
            uint16_t one = (uint16_t)row;
            o->in.n = 1;
            o->in.sel = &one;
            int rc = run_checks(o, err);
            o->in = all;
            TRY(rc);
        }
        TRY(write_insert(o->op.x, o->ta, o->new_row, o->new_member, err));
        o->delta++;
        o->changed++;
        emit(o, row, o->new_row);
    }
    return 0;
}

// ---- UPDATE, DELETE

// Locks old_row unless the scan has; a newer version of it is a conflict, since it has been read.
static int lock_old(struct mutation_op *o, struct err *err)
{
    struct exec_context *x = o->op.x;
    if (o->m->lock == LOCK_NONE)
        return 0;
    struct buf key = BUF_INIT;
    index_key(&key, &o->ta->primary, o->old_row, NULL);
    enum kv_result r = kv_lock(x->txn, buf_view(&key), lock_mode(o->m->lock), KV_LOCK_WAIT, x->lock_timeout_ns);
    buf_release(&key);
    return r == KV_OK ? 0 : kv_error(x, r, err);
}

// What an UPDATE or DELETE has read is as old as its statement. When something else in the statement has written
// meanwhile (WITH, a function), a row that it has changed must not be changed again: its index entries are no longer
// those of old_row.
static int check_unchanged(struct mutation_op *o, struct err *err)
{
    struct exec_context *x = o->op.x;
    struct buf key = BUF_INIT;
    struct kv_value then, now;
    index_key(&key, &o->ta->primary, o->old_row, NULL);
    enum kv_result r = kv_get(txn_marked(x), buf_view(&key), x->read_flags, &then);
    if (r == KV_OK)
        r = kv_get(x->txn, buf_view(&key), 0, &now);
    buf_release(&key);
    if (r != KV_OK)
        return kv_error(x, r, err);
    if (then.found == now.found && str_eq(then.value, now.value))
        return 0;
    if (o->others_wrote)
        return changed_by_trigger(err);
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                   "multiple modification subqueries of the same table \"%.*s\" are not supported unless they all use "
                   "INSERT without ON CONFLICT; this is to prevent data corruption",
                   STR_FMT(o->m->table->name));
}

static bool others_wrote(const struct mutation_op *o)
{
    return kv_mark(o->op.x->txn) != o->mark;
}

static int update_fired(struct mutation_op *o, uint32_t row, struct err *err)
{
    struct exec_context *x = o->op.x;
    bool skip;
    TRY(before_row(o, CAT_TRIGGER_UPDATE, o->old_row, o->new_row, &skip, err));
    if (skip)
        return 0;
    one_row(o, row);
    TRY(one_members(o, err));
    TRY(one_checks(o, err));
    TRY(write_update(x, o->ta, o->old_row, o->new_row, o->old_member, o->new_member, err));
    o->changed++;
    emit(o, row, o->new_row);
    return triggers_after_row(x, o->triggers, CAT_TRIGGER_UPDATE, o->set_columns, o->old_row, o->new_row, err);
}

static int update_rows(struct mutation_op *o, struct err *err)
{
    bool others = others_wrote(o);
    uint32_t n_indexes = (uint32_t)o->m->table->n_indexes;
    const struct vec **was = ARENA_ARRAY(&o->op.batch, const struct vec *, n_indexes + 1);
    const struct vec **is = ARENA_ARRAY(&o->op.batch, const struct vec *, n_indexes + 1);
    if (o->triggers == NULL)
        TRY(run_checks(o, err));
    TRY(eval_vecs(o, o->old_predicates, n_indexes, was, err));
    if (o->triggers == NULL)
        TRY(eval_vecs(o, o->new_predicates, n_indexes, is, err));
    for (uint32_t k = 0; k < o->in.n; k++) {
        uint32_t row = batch_row(&o->in, k);
        for (uint32_t c = 0; c < o->ta->n_columns; c++) {
            o->old_row[c] = vec_get(&o->in.cols[o->old_at[c]], row);
            o->new_row[c] = o->new_at[c] < 0 ? o->old_row[c] : vec_get(&o->in.cols[o->new_at[c]], row);
        }
        TRY(lock_old(o, err));
        if (others || o->others_wrote)
            TRY(check_unchanged(o, err));
        member_of(was, n_indexes, row, o->old_member);
        if (o->triggers != NULL) {
            TRY(update_fired(o, row, err));
            continue;
        }
        member_of(is, n_indexes, row, o->new_member);
        TRY(write_update(o->op.x, o->ta, o->old_row, o->new_row, o->old_member, o->new_member, err));
        o->changed++;
        emit(o, row, o->new_row);
    }
    o->mark = kv_mark(o->op.x->txn);
    return 0;
}

static int delete_rows(struct mutation_op *o, struct err *err)
{
    bool others = others_wrote(o);
    uint32_t n_indexes = (uint32_t)o->m->table->n_indexes;
    const struct vec **was = ARENA_ARRAY(&o->op.batch, const struct vec *, n_indexes + 1);
    TRY(eval_vecs(o, o->old_predicates, n_indexes, was, err));
    for (uint32_t k = 0; k < o->in.n; k++) {
        uint32_t row = batch_row(&o->in, k);
        for (uint32_t c = 0; c < o->ta->n_columns; c++)
            o->old_row[c] = vec_get(&o->in.cols[o->old_at[c]], row);
        TRY(lock_old(o, err));
        if (others || o->others_wrote)
            TRY(check_unchanged(o, err));
        member_of(was, n_indexes, row, o->old_member);
        bool skip = false;
        if (o->triggers != NULL)
            TRY(before_row(o, CAT_TRIGGER_DELETE, o->old_row, NULL, &skip, err));
        if (skip)
            continue;
        TRY(write_delete(o->op.x, o->ta, o->old_row, o->old_member, err));
        o->delta--;
        o->changed++;
        emit(o, row, o->old_row);
        if (o->triggers != NULL)
            TRY(triggers_after_row(o->op.x, o->triggers, CAT_TRIGGER_DELETE, NULL, o->old_row, NULL, err));
    }
    o->mark = kv_mark(o->op.x->txn);
    return 0;
}

// ---- the operator

static int next_input(struct mutation_op *o, struct err *err)
{
    struct op *op = &o->op;
    if (!o->buffered) {
        TRY(op_next(op->input, err));
        o->in = op->input->out;
        return 0;
    }
    while (!o->loaded) {
        TRY(op_next(op->input, err));
        o->loaded = op->input->out.n == 0;
        TRY(row_store_append(&o->rows, &op->input->out, NULL, err));
    }
    uint32_t n = MIN(o->rows.n_rows - o->at, (uint32_t)BATCH_ROWS_MAX);
    if (n > 0)
        row_store_read(&o->rows, NULL, o->at, n, o->in.cols);
    o->at += n;
    o->in.n = n;
    o->in.sel = NULL;
    return 0;
}

static uint32_t own_event(const struct mutation_op *o)
{
    static const uint32_t events[] = {CAT_TRIGGER_INSERT, CAT_TRIGGER_UPDATE, CAT_TRIGGER_DELETE};
    return events[o->op.plan->kind - PLAN_INSERT];
}

static int finish(struct mutation_op *o, struct err *err)
{
    if (o->counts)
        o->op.x->rows_affected += o->changed;
    if (o->changed > 0 && o->op.x->rows_changed != NULL)
        o->op.x->rows_changed(o->op.x->rows_changed_arg, o->m->table, o->changed);
    o->changed = 0;
    if (o->delta != 0)
        TRY(cat_add_row_count(o->op.x->view, o->m->table->id, o->delta, err));
    o->delta = 0;
    if (o->triggers == NULL || o->finished)
        return 0;
    o->finished = true;
    if (o->set_columns != NULL && o->op.plan->kind == PLAN_INSERT)
        TRY(triggers_after_statement(o->op.x, o->triggers, CAT_TRIGGER_UPDATE, o->set_columns, err));
    return triggers_after_statement(o->op.x, o->triggers, own_event(o), o->set_columns, err);
}

// The columns that an UPDATE assigns to; computed ones follow.
static void note_set_columns(struct mutation_op *o)
{
    const struct mutation *m = o->m;
    bool update = o->op.plan->kind == PLAN_UPDATE;
    if (!update && (!m->on_conflict || m->do_nothing))
        return;
    o->set_columns = ARENA_ARRAY(o->op.x->arena, bool, o->ta->n_columns);
    for (uint32_t c = 0; c < o->ta->n_columns; c++)
        o->set_columns[c] = (update ? m->new_cols : m->set_cols)[c] != 0 && m->table->columns[c].computed_sql.len == 0;
}

// BEFORE STATEMENT triggers, before the first row is looked for.
static int open_triggers(struct mutation_op *o, struct err *err)
{
    struct exec_context *x = o->op.x;
    const struct plan *input = o->op.plan->input;
    o->finished = o->others_wrote = false;
    TRY(triggers_of(x, o->ta, &o->triggers, err));
    if (o->triggers == NULL)
        return 0;
    note_set_columns(o);
    batch_init(&o->one, x->arena, plan_types(x, input->cols, input->n_cols), input->n_cols, 1);
    x->eval.arena = x->arena;
    TRY(triggers_before_statement(x, o->triggers, own_event(o), o->set_columns, err));
    if (o->set_columns != NULL && o->op.plan->kind == PLAN_INSERT)
        TRY(triggers_before_statement(x, o->triggers, CAT_TRIGGER_UPDATE, o->set_columns, err));
    return 0;
}

static int mutation_next(struct op *op, struct err *err)
{
    struct mutation_op *o = (struct mutation_op *)op;
    do {
        TRY(check_interrupt(op->x, err));
        TRY(next_input(o, err));
        arena_reset(&op->batch);
        op->x->eval.arena = &op->batch;
        op->out.n = 0;
        op->out.sel = NULL;
        for (uint32_t c = 0; c < op->out.ncols; c++) {
            if (op->out.cols[c].has_nulls)
                memset(op->out.cols[c].nulls, 0, BATCH_ROWS_MAX);
            op->out.cols[c].has_nulls = false;
        }
        if (o->in.n == 0)
            return finish(o, err);
        if (op->plan->kind == PLAN_INSERT)
            TRY(insert_rows(o, err));
        else if (op->plan->kind == PLAN_UPDATE)
            TRY(update_rows(o, err));
        else
            TRY(delete_rows(o, err));
    } while (op->out.n == 0);
    return 0;
}

static int mutation_open(struct op *op, struct err *err)
{
    struct mutation_op *o = (struct mutation_op *)op;
    static const char *const verbs[] = {"INSERT", "UPDATE", "DELETE"};
    if (op->x->read_only)
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
                       verbs[op->plan->kind - PLAN_INSERT]);
    o->at = 0;
    o->mark = op->x->read_mark;
    o->loaded = false;
    if (o->buffered)
        row_store_reset(&o->rows);
    map_clear(&o->touched);
    if (o->m->table->n_triggers > 0)
        TRY(open_triggers(o, err));
    return op_open(op->input, err);
}

static void mutation_close(struct op *op)
{
    struct mutation_op *o = (struct mutation_op *)op;
    if (o->buffered)
        row_store_release(&o->rows);
    map_release(&o->touched);
}

static const struct op_ops mutation_ops = {mutation_open, mutation_next, mutation_close};

struct op *mutation_build(struct exec_context *x, const struct plan *p)
{
    struct mutation_op *o = OP_NEW(x, p, &mutation_ops, struct mutation_op);
    const struct mutation *m = p->mutation;
    const struct plan *input = p->input;
    o->m = m;
    o->ta = table_access(x, m->table);
    o->op.input = op_build(x, input);
    o->counts = is_statement_mutation(x, p);
    o->buffered = reads_table(input, m->table) || m->on_conflict;
    struct type *types = plan_types(x, input->cols, input->n_cols);
    if (o->buffered) {
        row_store_init(&o->rows, x, types, input->n_cols);
        batch_init(&o->in, x->arena, types, input->n_cols, BATCH_ROWS_MAX);
    }
    uint32_t n_table = o->ta->n_columns, n_indexes = (uint32_t)m->table->n_indexes;
    o->old_at = positions(x, m->table, p->kind == PLAN_INSERT ? NULL : m->old_cols, input);
    o->new_at = positions(x, m->table, m->new_cols, input);
    o->checks = compile_list(x, m->checks, m->n_checks, input->cols, input->n_cols);
    o->new_predicates = compile_list(x, m->new_predicates, n_indexes, input->cols, input->n_cols);
    o->old_predicates =
        p->kind == PLAN_INSERT ? NULL : compile_list(x, m->old_predicates, n_indexes, input->cols, input->n_cols);
    o->old_member = ARENA_ARRAY(x->arena, bool, n_indexes + 1);
    o->new_member = ARENA_ARRAY(x->arena, bool, n_indexes + 1);
    o->old_row = ARENA_ARRAY(x->arena, struct datum, n_table);
    o->new_row = ARENA_ARRAY(x->arena, struct datum, n_table);
    if (m->on_conflict && !m->do_nothing)
        conflict_build(o);
    if (m->returning)
        batch_init(&o->op.out, x->arena, plan_types(x, p->cols, p->n_cols), p->n_cols, BATCH_ROWS_MAX);
    return &o->op;
}
