// Schema changes over the rows of a table: filling indexes, validating constraints, rewriting rows.
//
// Each service reads the whole primary index in batches and keeps one batch in memory. The scan is remembered as a
// read, so that a row committed meanwhile by a transaction that did not see the new descriptor is a conflict.
#include "sql/execute/mutate_int.h"
#include <stdlib.h>

// `start`: the first key to be looked at, empty: of the table.
static int walk_open(struct table_walk *w, struct exec_context *x, const struct cat_table *t, unsigned flags,
                     struct str start, struct err *err)
{
    uint32_t n = (uint32_t)t->n_columns;
    *w = (struct table_walk){.x = x,
                             .ta = table_access(x, t),
                             .batch_rows = BATCH_ROWS_MAX,
                             .row = ARENA_ARRAY(x->arena, struct datum, n),
                             .cols = ARENA_ARRAY(x->arena, col_id, n)};
    uint32_t *wanted = ARENA_ARRAY(x->arena, uint32_t, n);
    struct type *types = ARENA_ARRAY(x->arena, struct type, n);
    for (uint32_t i = 0; i < n; i++) {
        wanted[i] = i;
        types[i] = t->columns[i].type;
        w->cols[i] = i + 1;
    }
    row_decoder_init(&w->decoder, x, w->ta, &w->ta->primary, wanted, n);
    batch_init(&w->batch, x->arena, types, n, BATCH_ROWS_MAX);
    arena_init(&w->arena, x->budget);
    struct str prefix = w->ta->primary.prefix;
    struct kv_range range = {start.len > 0 ? start : prefix, key_prefix_end(x->arena, prefix)};
    KV_TRY(x, kv_scan_open(x->txn, range, flags, 0, &w->scan), err);
    return 0;
}

static int walk_next(struct table_walk *w, struct err *err)
{
    struct exec_context *x = w->x;
    TRY(check_interrupt(x, err));
    arena_reset(&w->arena);
    x->eval.arena = &w->arena;
    struct kv_batch pairs;
    KV_TRY(x, kv_scan_next(w->scan, w->batch_rows, &pairs), err);
    w->last = pairs.n > 0 ? pairs.pairs[pairs.n - 1].key : STR_NONE;
    for (uint32_t i = 0; i < w->batch.ncols; i++) {
        if (w->batch.cols[i].has_nulls)
            memset(w->batch.cols[i].nulls, 0, BATCH_ROWS_MAX);
        w->batch.cols[i].has_nulls = false;
    }
    w->batch.n = (uint32_t)pairs.n;
    w->batch.sel = NULL;
    x->rows_read += pairs.n;
    return pairs.n == 0 ? 0 : row_decode(&w->decoder, pairs.pairs, (uint32_t)pairs.n, w->batch.cols, 0, err);
}

const struct datum *walk_row(struct table_walk *w, uint32_t row)
{
    for (uint32_t i = 0; i < w->batch.ncols; i++)
        w->row[i] = vec_get(&w->batch.cols[i], row);
    return w->row;
}

static void walk_close(struct table_walk *w)
{
    kv_scan_close(w->scan);
    arena_release(&w->arena);
    w->x->eval.arena = w->x->arena;
}

int walk_table(struct exec_context *x, const struct cat_table *t, unsigned flags, walk_visit visit, void *arg,
               struct err *err)
{
    struct table_walk w;
    int rc = walk_open(&w, x, t, flags, STR_EMPTY, err);
    while (rc == 0) {
        rc = walk_next(&w, err);
        if (rc != 0 || w.batch.n == 0)
            break;
        rc = visit(&w, arg, err);
    }
    walk_close(&w);
    return rc;
}

// The same with a piece of the rows.
static int walk_piece(struct exec_context *x, const struct cat_table *t, unsigned flags, struct table_piece *piece,
                      walk_visit visit, void *arg, struct err *err)
{
    struct table_walk w;
    struct str last = STR_NONE;
    int rc = walk_open(&w, x, t, flags, piece->start, err);
    w.batch_rows = MIN(piece->rows_max, (uint32_t)BATCH_ROWS_MAX);
    for (uint32_t rows = 0; rc == 0 && rows < piece->rows_max; rows += w.batch.n) {
        rc = walk_next(&w, err);
        last = w.last;
        if (rc != 0 || w.batch.n == 0)
            break;
        rc = visit(&w, arg, err);
    }
    piece->next = last.ptr != NULL ? key_next(piece->arena, last) : STR_EMPTY;
    walk_close(&w);
    return rc;
}

static int validate_rows(struct exec_context *x, const struct cat_table *t, struct table_piece *piece, walk_visit visit,
                         void *arg, struct err *err)
{
    return piece == NULL ? walk_table(x, t, KV_READ_VALIDATED, visit, arg, err)
                         : walk_piece(x, t, KV_READ_SNAPSHOT, piece, visit, arg, err);
}

// "a=1, b='x'": the row as errors show it.
static void describe_row(struct buf *out, const struct cat_table *t, const struct datum *row)
{
    bool first = true;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (c->hidden)
            continue;
        buf_printf(out, "%s%.*s=", first ? "" : ", ", STR_FMT(c->name));
        if (row[i].null)
            buf_cstr(out, "NULL");
        else
            datum_print_sql(out, c->type, row[i], false);
        first = false;
    }
}

// ---- indexes

// Entries of an index that was empty when the fill began. They are written in key order, a chunk at a time: the write
// buffer takes ascending keys much faster than scattered ones. They cannot come from elsewhere, so they need no lock.
struct index_fill {
    struct exec_context *x;
    const struct table_access *ta;
    const struct table_index *ti;
    struct arena arena; // of the chunk
    ARENA_VEC(struct kv_pair) entries;
    size_t bytes;
    bool flushed;  // earlier chunks have been written
    bool kept;     // by writers too: entries may be there already
    bool same_row; // … and are of the row that has the key
    uint64_t put;
    struct buf value;
};
enum { FILL_CHUNK_BYTES = 4 << 20 };

static void fill_init(struct index_fill *f, struct exec_context *x, const struct table_access *ta,
                      const struct table_index *ti)
{
    *f = (struct index_fill){.x = x, .ta = ta, .ti = ti};
    arena_init(&f->arena, x->budget);
}

static void fill_release(struct index_fill *f)
{
    arena_release(&f->arena);
    buf_release(&f->value);
}

static int compare_entries(const void *l, const void *r)
{
    return str_cmp(((const struct kv_pair *)l)->key, ((const struct kv_pair *)r)->key);
}

static int duplicate_entry(struct index_fill *f, const struct kv_pair *entry, struct err *err)
{
    struct row_decoder d;
    const struct table_index *ti = f->ti;
    struct datum *row = ARENA_ARRAY(f->x->arena, struct datum, f->ta->n_columns);
    struct vec *cols = ARENA_ARRAY(f->x->arena, struct vec, ti->n_key);
    f->x->eval.arena = f->x->arena;
    row_decoder_init(&d, f->x, f->ta, ti, ti->key_columns, ti->n_key);
    for (uint32_t i = 0; i < ti->n_key; i++)
        vec_init(&cols[i], f->x->arena, ti->key_types[i], 1);
    TRY(row_decode(&d, entry, 1, cols, 0, err));
    for (uint32_t i = 0; i < ti->n_key; i++)
        row[ti->key_columns[i]] = vec_get(&cols[i], 0);
    return duplicate_key(f->x, f->ta, ti, row, err);
}

// Keys of other than unique indexes end in the row's own key and never meet.
static int check_entry(struct index_fill *f, size_t i, struct err *err)
{
    const struct kv_pair *entry = &f->entries.ptr[i];
    struct kv_value existing = {0};
    if (!f->ti->index->unique)
        return 0;
    if (i > 0 && str_eq(entry[-1].key, entry->key))
        return duplicate_entry(f, entry, err);
    if (f->flushed)
        KV_TRY(f->x, kv_get(f->x->txn, entry->key, KV_READ_SNAPSHOT, &existing), err);
    return existing.found ? duplicate_entry(f, entry, err) : 0;
}

// An entry that its row, or an earlier attempt, may have put.
static int put_kept(struct index_fill *f, size_t i, struct err *err)
{
    const struct kv_pair *entry = &f->entries.ptr[i];
    struct kv_value existing;
    bool unique = f->ti->index->unique;
    if (unique && i > 0 && str_eq(entry[-1].key, entry->key))
        return duplicate_entry(f, entry, err);
    KV_TRY(f->x, kv_get(f->x->txn, entry->key, KV_READ_VALIDATED, &existing), err);
    // A row put before keeps the values it got then, by a volatile default.
    if (existing.found && (f->same_row || str_eq(existing.value, entry->value)))
        return 0;
    if (existing.found && unique)
        return duplicate_entry(f, entry, err);
    KV_TRY(f->x, kv_put(f->x->txn, entry->key, entry->value), err);
    f->put++;
    return 0;
}

static int put_new(struct index_fill *f, size_t i, struct err *err)
{
    TRY(check_entry(f, i, err));
    KV_TRY(f->x, kv_put(f->x->txn, f->entries.ptr[i].key, f->entries.ptr[i].value), err);
    return 0;
}

static int fill_flush(struct index_fill *f, struct err *err)
{
    if (f->entries.len > 1)
        qsort(f->entries.ptr, f->entries.len, sizeof(*f->entries.ptr), compare_entries);
    for (size_t i = 0; i < f->entries.len; i++)
        TRY(f->kept ? put_kept(f, i, err) : put_new(f, i, err));
    f->flushed |= f->entries.len > 0;
    arena_reset(&f->arena);
    f->entries.ptr = NULL;
    f->entries.len = f->entries.cap = f->bytes = 0;
    return check_interrupt(f->x, err);
}

static int fill_add(struct index_fill *f, const struct datum *row, struct err *err)
{
    buf_clear(&f->value);
    index_value(&f->value, f->ta, f->ti, row);
    struct inverted_keys keys = index_keys(&f->arena, f->ta, f->ti, row);
    struct str value = arena_str(&f->arena, buf_view(&f->value));
    for (size_t i = 0; i < keys.v.len; i++) {
        struct kv_pair entry = {keys.v.ptr[i], value};
        ARENA_PUSH(&f->arena, &f->entries, entry);
        f->bytes += sizeof(entry) + entry.key.len + entry.value.len;
    }
    return f->bytes < FILL_CHUNK_BYTES ? 0 : fill_flush(f, err);
}

struct backfill {
    struct index_fill fill;
    struct ev *predicate;
    const struct table_exprs *exprs; // of an index of whole rows
};

// A row as the index that is to be the primary one holds it: with a default where a column being added has no value.
static int complete_row(struct backfill *b, struct datum *row, struct err *err)
{
    struct exec_context *x = b->fill.x;
    const struct cat_table *t = b->fill.ta->table;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (c->state == CAT_COLUMN_WRITE_ONLY && c->default_sql.len > 0 && row[i].null)
            TRY(exec_scalar(x, b->exprs->defaults[i], &row[i], err));
    }
    return write_check_not_null(x, b->fill.ta, row, err);
}

static int backfill_batch(struct table_walk *w, void *arg, struct err *err)
{
    struct backfill *b = arg;
    uint16_t sel[BATCH_ROWS_MAX];
    struct batch rows = w->batch;
    if (b->predicate != NULL) {
        TRY(ev_filter(b->predicate, &w->batch, sel, &rows.n, err));
        rows.sel = sel;
    }
    for (uint32_t k = 0; k < rows.n; k++) {
        const struct datum *row = walk_row(w, batch_row(&rows, k));
        if (b->exprs != NULL)
            TRY(complete_row(b, w->row, err));
        TRY(fill_add(&b->fill, row, err));
    }
    return 0;
}

static struct ev *compile_over(struct exec_context *x, const struct cat_table *t, const struct expr *e)
{
    if (e == NULL)
        return NULL;
    col_id *cols = ARENA_ARRAY(x->arena, col_id, t->n_columns);
    for (uint32_t i = 0; i < t->n_columns; i++)
        cols[i] = i + 1;
    return ev_compile(x, e, cols, (uint32_t)t->n_columns);
}

int exec_backfill_index(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                        const struct expr *predicate, struct err *err)
{
    struct backfill b = {.predicate = compile_over(x, t, predicate)};
    const struct table_access *ta = table_access(x, t);
    fill_init(&b.fill, x, ta, table_index_of(ta, index));
    int rc = walk_table(x, t, KV_READ_VALIDATED, backfill_batch, &b, err);
    if (rc == 0)
        rc = fill_flush(&b.fill, err);
    fill_release(&b.fill);
    return rc;
}

int exec_backfill_piece(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                        const struct expr *predicate, struct table_piece *piece, struct err *err)
{
    struct backfill b = {.predicate = compile_over(x, t, predicate)};
    const struct table_access *ta = table_access(x, t);
    fill_init(&b.fill, x, ta, table_index_of(ta, index));
    b.fill.kept = true;
    b.fill.same_row = cat_index_keeps_key(t, index);
    int rc = index->rows ? x->table_exprs(x->table_exprs_arg, x->arena, t, &b.exprs, err) : 0;
    if (rc == 0)
        rc = walk_piece(x, t, KV_READ_VALIDATED, piece, backfill_batch, &b, err);
    if (rc == 0)
        rc = fill_flush(&b.fill, err);
    piece->put = b.fill.put;
    fill_release(&b.fill);
    return rc;
}

// ---- constraints

struct validation {
    const struct cat_table *table;
    const struct cat_check *check;
    struct ev *ev;
    uint32_t column;
    const struct cat_foreign_key *fk;
};

static int failed_row(const struct validation *v, int code, const char *what, struct str name, const char *rest,
                      const struct datum *row, struct err *err)
{
    struct buf b = BUF_INIT;
    describe_row(&b, v->table, row);
    err_set(err, code, "validation of %s \"%.*s\"%s failed on row: %s", what, STR_FMT(name), rest, buf_c(&b));
    buf_release(&b);
    return code;
}

static int validate_check_batch(struct table_walk *w, void *arg, struct err *err)
{
    const struct validation *v = arg;
    const struct vec *ok;
    TRY(ev_eval(v->ev, &w->batch, &ok, err));
    for (uint32_t k = 0; k < w->batch.n; k++) {
        struct datum d = vec_get(ok, k);
        if (d.null || d.b)
            continue;
        failed_row(v, ERR_CHECK_VIOLATION, "CHECK", v->check->sql, "", walk_row(w, k), err);
        err_set_names(err, STR("public"), v->table->name, STR_NONE, v->check->name);
        return ERR_CHECK_VIOLATION;
    }
    return 0;
}

int exec_validate_check(struct exec_context *x, const struct cat_table *t, const struct cat_check *check,
                        const struct expr *condition, struct table_piece *piece, struct err *err)
{
    struct validation v = {.table = t, .check = check, .ev = compile_over(x, t, condition)};
    return validate_rows(x, t, piece, validate_check_batch, &v, err);
}

static int validate_not_null_batch(struct table_walk *w, void *arg, struct err *err)
{
    const struct validation *v = arg;
    for (uint32_t k = 0; k < w->batch.n; k++) {
        if (!vec_is_null(&w->batch.cols[v->column], k))
            continue;
        struct str name = v->table->columns[v->column].name;
        failed_row(v, ERR_NOT_NULL_VIOLATION, "column", name, " NOT NULL", walk_row(w, k), err);
        err_set_names(err, STR("public"), v->table->name, name, STR_NONE);
        return ERR_NOT_NULL_VIOLATION;
    }
    return 0;
}

int exec_validate_not_null(struct exec_context *x, const struct cat_table *t, uint32_t column_id,
                           struct table_piece *piece, struct err *err)
{
    struct validation v = {.table = t};
    while (t->columns[v.column].id != column_id)
        v.column++;
    return validate_rows(x, t, piece, validate_not_null_batch, &v, err);
}

static int validate_foreign_key_batch(struct table_walk *w, void *arg, struct err *err)
{
    const struct validation *v = arg;
    for (uint32_t k = 0; k < w->batch.n; k++)
        TRY(foreign_validate_row(w->x, w->ta, v->fk, walk_row(w, k), err));
    return 0;
}

int exec_validate_foreign_key(struct exec_context *x, const struct cat_table *t, const struct cat_foreign_key *fk,
                              struct table_piece *piece, struct err *err)
{
    struct validation v = {.table = t, .fk = fk};
    return validate_rows(x, t, piece, validate_foreign_key_batch, &v, err);
}

// ---- rewriting

struct rewrite {
    const struct table_access *to;
    bool new_key;                    // rows are written under another primary index
    uint32_t *source;                // per column of the new form: position in the old one, when it is copied
    struct ev **values;              // … or what computes it
    struct index_fill primary;       // with new_key
    struct index_fill **secondaries; // per secondary index; NULL: not to be filled
    struct ev **members;             // per secondary index: the predicate, NULL: none
    struct batch out;                // rows in the new form
    struct datum *row;
    struct buf key, value;
};

static int compute_rows(struct table_walk *w, struct rewrite *r, struct err *err)
{
    for (uint32_t i = 0; i < r->out.ncols; i++) {
        if (r->values[i] == NULL) {
            r->out.cols[i] = w->batch.cols[r->source[i]];
            continue;
        }
        const struct vec *v;
        TRY(ev_eval(r->values[i], &w->batch, &v, err));
        r->out.cols[i] = *v;
    }
    r->out.n = w->batch.n;
    return 0;
}

static int write_row(struct exec_context *x, struct rewrite *r, struct err *err)
{
    const struct table_index *primary = &r->to->primary;
    TRY(write_check_not_null(x, r->to, r->row, err));
    if (r->new_key)
        return fill_add(&r->primary, r->row, err);
    buf_clear(&r->key);
    buf_clear(&r->value);
    index_key(&r->key, primary, r->row, NULL);
    index_value(&r->value, r->to, primary, r->row);
    KV_TRY(x, kv_put(x->txn, buf_view(&r->key), buf_view(&r->value)), err);
    return 0;
}

static int rewrite_batch(struct table_walk *w, void *arg, struct err *err)
{
    struct rewrite *r = arg;
    const struct cat_table *t = r->to->table;
    TRY(compute_rows(w, r, err));
    for (uint32_t k = 0; k < r->out.n; k++) {
        for (uint32_t i = 0; i < r->out.ncols; i++)
            r->row[i] = vec_get(&r->out.cols[i], k);
        TRY(write_row(w->x, r, err));
        for (size_t i = 0; i < t->n_indexes; i++) {
            struct datum member = datum_bool(r->secondaries[i] != NULL);
            if (member.b && r->members[i] != NULL)
                TRY(ev_row(r->members[i], &r->out, k, &member, err));
            if (!member.null && member.b)
                TRY(fill_add(r->secondaries[i], r->row, err));
        }
    }
    return 0;
}

static void map_columns(struct exec_context *x, struct rewrite *r, const struct cat_table *from,
                        const struct cat_table *to, const struct expr *const *values)
{
    uint32_t n = (uint32_t)to->n_columns;
    r->source = ARENA_ARRAY(x->arena, uint32_t, n);
    r->values = ARENA_ARRAY(x->arena, struct ev *, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct cat_column *old = cat_column_by_id(from, to->columns[i].id);
        if (values[i] != NULL)
            r->values[i] = compile_over(x, from, values[i]);
        else if (old != NULL)
            r->source[i] = (uint32_t)(old - from->columns);
        else // a new column without a value
            r->values[i] = compile_over(x, from, expr_const(x->arena, to->columns[i].type, DATUM_NULL));
    }
}

static int indexes_to_fill(struct exec_context *x, struct rewrite *r, const struct cat_table *from,
                           const struct cat_table *to, struct err *err)
{
    r->secondaries = ARENA_ARRAY(x->arena, struct index_fill *, to->n_indexes + 1);
    r->members = ARENA_ARRAY(x->arena, struct ev *, to->n_indexes + 1);
    const struct table_exprs *exprs = NULL;
    for (size_t i = 0; i < to->n_indexes; i++) {
        if (cat_index_by_id(from, to->indexes[i].id) != NULL)
            continue;
        r->secondaries[i] = ARENA_NEW(x->arena, struct index_fill);
        fill_init(r->secondaries[i], x, r->to, &r->to->indexes[i]);
        if (to->indexes[i].predicate_sql.len == 0)
            continue;
        if (exprs == NULL)
            TRY(x->table_exprs(x->table_exprs_arg, x->arena, to, &exprs, err));
        r->members[i] = compile_over(x, to, exprs->predicates[i]);
    }
    return 0;
}

static int rewrite_flush(struct rewrite *r, struct err *err)
{
    TRY(fill_flush(&r->primary, err));
    for (size_t i = 0; i < r->to->table->n_indexes; i++) {
        if (r->secondaries[i] != NULL)
            TRY(fill_flush(r->secondaries[i], err));
    }
    return 0;
}

static void rewrite_release(struct rewrite *r)
{
    fill_release(&r->primary);
    for (size_t i = 0; i < r->to->table->n_indexes; i++) {
        if (r->secondaries[i] != NULL)
            fill_release(r->secondaries[i]);
    }
    buf_release(&r->key);
    buf_release(&r->value);
}

int exec_rewrite_table(struct exec_context *x, const struct cat_table *from, const struct cat_table *to,
                       const struct expr *const *values, struct err *err)
{
    struct rewrite r = {.to = table_access(x, to),
                        .new_key = from->primary->id != to->primary->id,
                        .out = {.ncols = (uint32_t)to->n_columns},
                        .row = ARENA_ARRAY(x->arena, struct datum, to->n_columns)};
    r.out.cols = ARENA_ARRAY(x->arena, struct vec, to->n_columns);
    fill_init(&r.primary, x, r.to, &r.to->primary);
    map_columns(x, &r, from, to, values);
    int rc = indexes_to_fill(x, &r, from, to, err);
    if (rc == 0)
        rc = walk_table(x, from, KV_READ_VALIDATED, rewrite_batch, &r, err);
    if (rc == 0)
        rc = rewrite_flush(&r, err);
    rewrite_release(&r);
    return rc;
}
