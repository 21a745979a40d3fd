// Foreign keys. A reference is checked when its row is written; when the referenced row is not there yet, again at the
// end of the statement. What a referenced row's change or removal means for the rows that reference it is queued and
// done at the end of the statement, one key at a time, until nothing is left.
#include "sql/execute/mutate_int.h"

enum cascade_kind { CASCADE_REFERENCE, CASCADE_PARENT };

struct cascade {
    struct cascade *next;
    enum cascade_kind kind;
    const struct cat_foreign_key *fk;
    const struct table_access *table;      // of the row at hand: origin (REFERENCE) or referenced (PARENT)
    struct datum *old_values, *new_values; // of the key, in fk column order; new_values NULL: removed
    bool update;
};

static void queue(struct exec_context *x, struct cascade c)
{
    struct cascade *copy = arena_dup(x->arena, &c, sizeof(c));
    copy->next = NULL;
    if (x->cascades_tail == NULL)
        x->cascades_tail = &x->cascades;
    *x->cascades_tail = copy;
    x->cascades_tail = &copy->next;
}

static uint32_t position(const struct cat_table *t, uint32_t column_id)
{
    uint32_t i = 0;
    while (t->columns[i].id != column_id)
        i++;
    return i;
}

static struct datum *key_values(struct exec_context *x, const struct cat_table *t, const uint32_t *columns, size_t n,
                                const struct datum *row)
{
    struct datum *values = ARENA_ARRAY(x->arena, struct datum, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = position(t, columns[i]);
        values[i] = datum_copy(x->arena, t->columns[at].type, row[at]);
    }
    return values;
}

static bool same_values(const struct cat_table *t, const uint32_t *columns, size_t n, const struct datum *a,
                        const struct datum *b)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = position(t, columns[i]);
        if (a[at].null != b[at].null || (!a[at].null && datum_compare(t->columns[at].type, &a[at], &b[at]) != 0))
            return false;
    }
    return true;
}

static bool covers(const struct cat_index *index, const uint32_t *columns, size_t n)
{
    if (index->n_columns < n || index->predicate_sql.len > 0 || index->state != CAT_INDEX_PUBLIC ||
        index->kind != CAT_INDEX_BTREE)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < n; k++)
            found |= index->columns[k].column_id == columns[i];
        if (!found)
            return false;
    }
    return true;
}

// An index whose leading columns are the key's, in any order; NULL when there is none.
static const struct table_index *find_index(const struct table_access *ta, const uint32_t *columns, size_t n,
                                            bool unique)
{
    if (covers(ta->table->primary, columns, n) && (!unique || ta->table->primary->n_columns == n))
        return &ta->primary;
    for (size_t i = 0; i < ta->table->n_indexes; i++) {
        const struct cat_index *index = &ta->table->indexes[i];
        if (covers(index, columns, n) && (!unique || (index->unique && index->n_columns == n)))
            return &ta->indexes[i];
    }
    return NULL;
}

static void put_values(struct buf *key, const struct table_access *ta, const struct table_index *ti,
                       const uint32_t *columns, size_t n, const struct datum *values)
{
    buf_str(key, ti->prefix);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < n; i++) {
            if (ti->index->columns[k].column_id == columns[i])
                key_put_datum(key, ti->key_types[k], &values[i], (enum key_direction)ti->key_desc[k]);
        }
    }
}

// A table that rows are looked up in for others keeps its schema, as does one that is written to. When that has changed
// already, it is too late to plan for it: a conflict.
static int lock_related(struct exec_context *x, const struct cat_table *t, struct err *err)
{
    bool moved;
    if (x->read_only || cat_table_locked(x->view, t, KV_LOCK_KEY_SHARE))
        return 0;
    cat_view_set_lock_wait(x->view, x->lock_timeout_ns, false);
    return cat_table_lock(x->view, t, KV_LOCK_KEY_SHARE, KV_LOCK_WAIT, &moved, err);
}

static int table_of(struct exec_context *x, uint32_t id, const struct table_access **out, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_table_by_id(x->view, id, &t, err));
    if (t == NULL)
        return err_set(err, ERR_INTERNAL_ERROR, "foreign key of table %u, which does not exist", id);
    TRY(cat_table_depend(x->view, t, true, err));
    TRY(lock_related(x, t, err));
    *out = table_access(x, t);
    return 0;
}

static void describe_key(struct buf *names, struct buf *texts, const struct cat_table *t, const uint32_t *columns,
                         size_t n, const struct datum *values)
{
    for (size_t i = 0; i < n; i++) {
        const struct cat_column *c = cat_column_by_id(t, columns[i]);
        buf_printf(names, "%s%.*s", i > 0 ? ", " : "", STR_FMT(c->name));
        buf_cstr(texts, i > 0 ? ", " : "");
        if (values[i].null)
            buf_cstr(texts, "NULL");
        else
            datum_print_sql(texts, c->type, values[i], false);
    }
}

// ---- references

// What becomes of a referenced key that was found: it must not go before a row that refers to it is committed. A
// written reference locks it, so that whoever wants to remove it waits; its row may change otherwise. What a schema
// change or a bulk load sees is validated by the commit. A key whose check may wait is not locked before it is there:
// others may bring it.
enum reference_use { REFERENCE_SEEN, REFERENCE_WRITTEN, REFERENCE_DEFERRED };

static enum reference_use use_of(const struct exec_context *x, const struct cat_foreign_key *fk)
{
    return x->deferred != NULL && deferred_is(x->deferred, fk) ? REFERENCE_DEFERRED : REFERENCE_WRITTEN;
}

static enum kv_result read_reference(struct exec_context *x, struct str key, enum reference_use use, struct kv_value *v)
{
    if (use == REFERENCE_SEEN || is_bulk_load(x))
        return kv_get(x->txn, key, KV_READ_VALIDATED, v);
    enum kv_result r = use == REFERENCE_DEFERRED ? kv_get(x->txn, key, KV_READ_SNAPSHOT, v) : KV_OK;
    if (r != KV_OK || (use == REFERENCE_DEFERRED && !v->found))
        return r;
    r = kv_lock(x->txn, key, KV_LOCK_KEY_SHARE, KV_LOCK_WAIT, x->lock_timeout_ns);
    return r == KV_OK ? kv_get(x->txn, key, KV_READ_SNAPSHOT, v) : r;
}

static int reference_exists(struct exec_context *x, const struct cat_foreign_key *fk, const struct datum *values,
                            enum reference_use use, bool *exists, struct err *err)
{
    const struct table_access *parent;
    TRY(table_of(x, fk->referenced_table_id, &parent, err));
    const struct table_index *ti = find_index(parent, fk->referenced_columns, fk->n_columns, true);
    if (ti == NULL)
        return err_set(err, ERR_INTERNAL_ERROR, "no unique index for foreign key \"%.*s\"", STR_FMT(fk->name));
    struct buf key = BUF_INIT;
    put_values(&key, parent, ti, fk->referenced_columns, fk->n_columns, values);
    struct kv_value v;
    enum kv_result r = read_reference(x, buf_view(&key), use, &v);
    buf_release(&key);
    if (r != KV_OK)
        return kv_error(x, r, err);
    *exists = v.found;
    return 0;
}

static int missing_reference(struct exec_context *x, const struct cascade *c, struct err *err)
{
    const struct cat_foreign_key *fk = c->fk;
    const struct cat_table *t = c->table->table;
    const struct table_access *parent;
    TRY(table_of(x, fk->referenced_table_id, &parent, err));
    struct buf names = BUF_INIT, texts = BUF_INIT;
    describe_key(&names, &texts, t, fk->origin_columns, fk->n_columns, c->new_values);
    err_set(err, ERR_FOREIGN_KEY_VIOLATION, "%s on table \"%.*s\" violates foreign key constraint \"%.*s\"",
            x->eval.postgresql ? "insert or update"
            : c->update        ? "update"
                               : "insert",
            STR_FMT(t->name), STR_FMT(fk->name));
    err_detail(err, "Key (%s)=(%s) is not present in table \"%.*s\".", buf_c(&names), buf_c(&texts),
               STR_FMT(parent->table->name));
    err_set_names(err, STR("public"), t->name, STR_NONE, fk->name);
    buf_release(&names);
    buf_release(&texts);
    return ERR_FOREIGN_KEY_VIOLATION;
}

// MATCH SIMPLE: any NULL satisfies. MATCH FULL: all or none.
static int is_reference(const struct cat_foreign_key *fk, const struct datum *values, bool *out, struct err *err)
{
    size_t nulls = 0;
    for (size_t i = 0; i < fk->n_columns; i++)
        nulls += values[i].null;
    *out = nulls == 0;
    if (fk->match_full && nulls > 0 && nulls < fk->n_columns)
        return err_set(err, ERR_FOREIGN_KEY_VIOLATION,
                       "missing value for some columns of foreign key constraint \"%.*s\" with MATCH FULL",
                       STR_FMT(fk->name));
    return 0;
}

int foreign_check_references(struct exec_context *x, const struct table_access *ta, const struct datum *old_row,
                             const struct datum *new_row, struct err *err)
{
    const struct cat_table *t = ta->table;
    for (size_t i = 0; i < t->n_outbound; i++) {
        const struct cat_foreign_key *fk = &t->outbound[i];
        if (old_row != NULL && same_values(t, fk->origin_columns, fk->n_columns, old_row, new_row))
            continue;
        struct datum *values = key_values(x, t, fk->origin_columns, fk->n_columns, new_row);
        bool references, exists;
        TRY(is_reference(fk, values, &references, err));
        if (!references)
            continue;
        TRY(reference_exists(x, fk, values, use_of(x, fk), &exists, err));
        if (!exists)
            queue(
                x,
                (struct cascade){
                    .kind = CASCADE_REFERENCE, .fk = fk, .table = ta, .new_values = values, .update = old_row != NULL});
    }
    return 0;
}

static int unmatched_row(struct exec_context *x, const struct table_access *ta, const struct cat_foreign_key *fk,
                         const struct datum *row, struct err *err)
{
    const struct cat_table *t = ta->table;
    const struct table_access *parent;
    TRY(table_of(x, fk->referenced_table_id, &parent, err));
    struct buf text = BUF_INIT;
    for (uint32_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        bool shown = false;
        for (size_t k = 0; k < fk->n_columns; k++)
            shown |= fk->origin_columns[k] == c->id;
        for (uint32_t k = 0; k < ta->primary.n_key; k++)
            shown |= ta->primary.key_columns[k] == i;
        if (!shown)
            continue;
        buf_printf(&text, "%s%.*s=", text.len > 0 ? ", " : "", STR_FMT(c->name));
        datum_print_sql(&text, c->type, row[i], false);
    }
    err_set(err, ERR_FOREIGN_KEY_VIOLATION, "foreign key violation: \"%.*s\" row %s has no match in \"%.*s\"",
            STR_FMT(t->name), buf_c(&text), STR_FMT(parent->table->name));
    err_set_names(err, STR("public"), t->name, STR_NONE, fk->name);
    buf_release(&text);
    return ERR_FOREIGN_KEY_VIOLATION;
}

int foreign_validate_row(struct exec_context *x, const struct table_access *ta, const struct cat_foreign_key *fk,
                         const struct datum *row, struct err *err)
{
    struct datum *values = ARENA_ARRAY(x->eval.arena, struct datum, fk->n_columns);
    for (size_t i = 0; i < fk->n_columns; i++)
        values[i] = row[position(ta->table, fk->origin_columns[i])];
    bool references, exists = true;
    TRY(is_reference(fk, values, &references, err));
    if (references)
        TRY(reference_exists(x, fk, values, REFERENCE_SEEN, &exists, err));
    return exists ? 0 : unmatched_row(x, ta, fk, row, err);
}

// ---- actions

// Who refers to a row by a key other than its primary one locks that key, so whoever removes it must do the same.
static int lock_referenced(struct exec_context *x, const struct table_access *ta, const struct cat_foreign_key *fk,
                           const struct datum *values, struct err *err)
{
    const struct table_index *ti = find_index(ta, fk->referenced_columns, fk->n_columns, true);
    if (ti == NULL || ti == &ta->primary)
        return 0;
    struct buf key = BUF_INIT;
    put_values(&key, ta, ti, fk->referenced_columns, fk->n_columns, values);
    enum kv_result r = kv_lock(x->txn, buf_view(&key), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, x->lock_timeout_ns);
    buf_release(&key);
    return r == KV_OK ? 0 : kv_error(x, r, err);
}

int foreign_queue_actions(struct exec_context *x, const struct table_access *ta, const struct datum *old_row,
                          const struct datum *new_row, struct err *err)
{
    const struct cat_table *t = ta->table;
    for (size_t i = 0; i < t->n_inbound; i++) {
        const struct cat_foreign_key *fk = &t->inbound[i];
        if (new_row != NULL && same_values(t, fk->referenced_columns, fk->n_columns, old_row, new_row))
            continue;
        struct datum *values = key_values(x, t, fk->referenced_columns, fk->n_columns, old_row);
        bool whole = true;
        for (size_t k = 0; k < fk->n_columns; k++)
            whole &= !values[k].null;
        if (!whole)
            continue;
        TRY(lock_referenced(x, ta, fk, values, err));
        struct datum *now = new_row == NULL ? NULL : key_values(x, t, fk->referenced_columns, fk->n_columns, new_row);
        queue(x, (struct cascade){.kind = CASCADE_PARENT,
                                  .fk = fk,
                                  .table = ta,
                                  .old_values = values,
                                  .new_values = now,
                                  .update = new_row != NULL});
    }
    return 0;
}

struct child_rows {
    ARENA_VEC(struct datum *) rows;
};

static bool references_key(const struct cat_table *t, const struct cat_foreign_key *fk, const struct datum *row,
                           const struct datum *values)
{
    for (size_t i = 0; i < fk->n_columns; i++) {
        uint32_t at = position(t, fk->origin_columns[i]);
        if (row[at].null || datum_compare(t->columns[at].type, &row[at], &values[i]) != 0)
            return false;
    }
    return true;
}

static int add_child(struct exec_context *x, const struct table_access *child, const struct cat_foreign_key *fk,
                     const struct datum *values, struct str key, struct str value, bool lock, struct child_rows *out,
                     struct err *err)
{
    struct datum *row = ARENA_ARRAY(x->arena, struct datum, child->n_columns);
    TRY(read_row(x, child, key, value, row, err));
    if (!references_key(child->table, fk, row, values))
        return 0;
    if (lock)
        KV_TRY(x, kv_lock(x->txn, key, KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, x->lock_timeout_ns), err);
    ARENA_PUSH(x->arena, &out->rows, row);
    return 0;
}

static int entry_row(struct exec_context *x, const struct table_access *child, const struct table_index *ti,
                     const struct kv_pair *pair, struct kv_pair *out, struct err *err)
{
    struct row_decoder d;
    row_decoder_init(&d, x, child, ti, child->primary.key_columns, child->primary.n_key);
    struct vec *cols = ARENA_ARRAY(x->arena, struct vec, child->primary.n_key);
    for (uint32_t i = 0; i < child->primary.n_key; i++)
        vec_init(&cols[i], x->arena, child->primary.key_types[i], 1);
    TRY(row_decode(&d, pair, 1, cols, 0, err));
    struct buf key = BUF_INIT;
    buf_str(&key, child->primary.prefix);
    for (uint32_t i = 0; i < child->primary.n_key; i++) {
        struct datum v = vec_get(&cols[i], 0);
        key_put_datum(&key, child->primary.key_types[i], &v, (enum key_direction)child->primary.key_desc[i]);
    }
    out->key = arena_str(x->arena, buf_view(&key));
    buf_release(&key);
    struct kv_value v;
    KV_TRY(x, kv_get(x->txn, out->key, 0, &v), err);
    out->value = v.value;
    return v.found ? 0 : err_set(err, ERR_DATA_CORRUPTED, "index entry without row");
}

static int find_children(struct exec_context *x, const struct table_access *child, const struct cat_foreign_key *fk,
                         const struct datum *values, bool only_one, struct child_rows *out, struct err *err)
{
    const struct table_index *ti = find_index(child, fk->origin_columns, fk->n_columns, false);
    struct buf prefix = BUF_INIT;
    if (ti != NULL)
        put_values(&prefix, child, ti, fk->origin_columns, fk->n_columns, values);
    else
        buf_str(&prefix, child->primary.prefix);
    struct str start = arena_str(x->arena, buf_view(&prefix));
    buf_release(&prefix);
    struct kv_range range = {start, key_prefix_end(x->arena, start)};
    struct kv_scan *scan;
    KV_TRY(x, kv_refresh(x->txn), err); // rows that came before the referenced one was locked must be seen
    KV_TRY(x, kv_scan_open(x->txn, range, KV_READ_VALIDATED, 0, &scan), err);
    int rc = 0;
    while (rc == 0 && !(only_one && out->rows.len > 0)) {
        struct kv_batch b;
        enum kv_result r = kv_scan_next(scan, 256, &b);
        rc = r == KV_OK ? check_interrupt(x, err) : kv_error(x, r, err);
        if (b.n == 0)
            break;
        for (size_t i = 0; i < b.n && rc == 0; i++) {
            struct kv_pair pair = b.pairs[i];
            if (ti != NULL && ti != &child->primary)
                rc = entry_row(x, child, ti, &b.pairs[i], &pair, err);
            if (rc == 0)
                rc = add_child(x, child, fk, values, pair.key, pair.value, !only_one, out, err);
        }
    }
    kv_scan_close(scan);
    return rc;
}

static int still_referenced(struct exec_context *x, const struct cascade *c, const struct cat_table *child,
                            struct err *err)
{
    const struct cat_table *t = c->table->table;
    struct buf names = BUF_INIT, texts = BUF_INIT;
    describe_key(&names, &texts, t, c->fk->referenced_columns, c->fk->n_columns, c->old_values);
    err_set(err, ERR_FOREIGN_KEY_VIOLATION,
            "%s on table \"%.*s\" violates foreign key constraint \"%.*s\" on table \"%.*s\"",
            x->eval.postgresql ? "update or delete"
            : c->update        ? "update"
                               : "delete",
            STR_FMT(t->name), STR_FMT(c->fk->name), STR_FMT(child->name));
    err_detail(err, "Key (%s)=(%s) is still referenced from table \"%.*s\".", buf_c(&names), buf_c(&texts),
               STR_FMT(child->name));
    err_set_names(err, STR("public"), child->name, STR_NONE, c->fk->name);
    buf_release(&names);
    buf_release(&texts);
    return ERR_FOREIGN_KEY_VIOLATION;
}

struct child_exprs {
    const struct table_exprs *exprs;
    struct ev **checks, **predicates, **computed;
    const col_id *cols;
};

static int compile_child(struct exec_context *x, const struct cat_table *t, struct child_exprs *out, struct err *err)
{
    *out = (struct child_exprs){0};
    TRY(x->table_exprs(x->table_exprs_arg, x->arena, t, &out->exprs, err));
    col_id *cols = ARENA_ARRAY(x->arena, col_id, t->n_columns);
    for (uint32_t i = 0; i < t->n_columns; i++)
        cols[i] = i + 1;
    out->cols = cols;
    out->checks = ARENA_ARRAY(x->arena, struct ev *, t->n_checks);
    out->predicates = ARENA_ARRAY(x->arena, struct ev *, t->n_indexes);
    out->computed = ARENA_ARRAY(x->arena, struct ev *, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++) {
        struct expr *e;
        if (t->columns[i].computed_sql.len == 0)
            continue;
        TRY(x->computed_expr(x->table_exprs_arg, x->arena, t, &t->columns[i], &e, err));
        out->computed[i] = ev_compile(x, e, cols, (uint32_t)t->n_columns);
    }
    for (size_t i = 0; i < t->n_checks; i++)
        out->checks[i] = ev_compile(x, out->exprs->checks[i], cols, (uint32_t)t->n_columns);
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (out->exprs->predicates[i] != NULL)
            out->predicates[i] = ev_compile(x, out->exprs->predicates[i], cols, (uint32_t)t->n_columns);
    }
    return 0;
}

static void row_batch(struct exec_context *x, const struct cat_table *t, const struct datum *row, struct batch *out)
{
    *out = (struct batch){
        .n = 1, .ncols = (uint32_t)t->n_columns, .cols = ARENA_ARRAY(x->arena, struct vec, t->n_columns)};
    for (uint32_t i = 0; i < t->n_columns; i++)
        vec_init_const(&out->cols[i], x->arena, t->columns[i].type, row[i]);
}

static int membership(struct exec_context *x, const struct cat_table *t, struct child_exprs *ce,
                      const struct datum *row, bool *member, struct err *err)
{
    struct batch b;
    row_batch(x, t, row, &b);
    for (size_t i = 0; i < t->n_indexes; i++) {
        struct datum d = datum_bool(true);
        if (ce->predicates[i] != NULL)
            TRY(ev_row(ce->predicates[i], &b, 0, &d, err));
        member[i] = !d.null && d.b;
    }
    return 0;
}

static int child_checks(struct exec_context *x, const struct cat_table *t, struct child_exprs *ce,
                        const struct datum *row, struct err *err)
{
    struct batch b;
    row_batch(x, t, row, &b);
    for (size_t i = 0; i < t->n_checks; i++) {
        struct datum d;
        TRY(ev_row(ce->checks[i], &b, 0, &d, err));
        if (!d.null && !d.b)
            return check_violation(x, t, &t->checks[i], err);
    }
    return 0;
}

int check_violation(const struct exec_context *x, const struct cat_table *t, const struct cat_check *check,
                    struct err *err)
{
    if (x->eval.postgresql)
        err_set(err, ERR_CHECK_VIOLATION, "new row for relation \"%.*s\" violates check constraint \"%.*s\"",
                STR_FMT(t->name), STR_FMT(check->name));
    else
        err_set(err, ERR_CHECK_VIOLATION, "failed to satisfy CHECK constraint (%.*s)", STR_FMT(check->sql));
    err_set_names(err, STR("public"), t->name, STR_NONE, check->name);
    return ERR_CHECK_VIOLATION;
}

// Computed columns follow from the others; a column being added gets its default with the change.
static int compute_columns(struct exec_context *x, const struct cat_table *t, struct child_exprs *ce, struct datum *row,
                           struct err *err)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        struct batch b;
        if (ce->computed[i] == NULL && t->columns[i].state == CAT_COLUMN_WRITE_ONLY && row[i].null)
            TRY(exec_scalar(x, ce->exprs->defaults[i], &row[i], err));
        if (ce->computed[i] == NULL)
            continue;
        row_batch(x, t, row, &b);
        TRY(ev_row(ce->computed[i], &b, 0, &row[i], err));
    }
    return 0;
}

static int queue_reference(struct exec_context *x, const struct table_access *ta, const struct cat_foreign_key *fk,
                           const struct datum *row, struct err *err)
{
    struct datum *values = key_values(x, ta->table, fk->origin_columns, fk->n_columns, row);
    bool references;
    TRY(is_reference(fk, values, &references, err));
    if (references)
        queue(x,
              (struct cascade){.kind = CASCADE_REFERENCE, .fk = fk, .table = ta, .new_values = values, .update = true});
    return 0;
}

// Rows of a table with triggers that an action changes or deletes.
struct child_triggers {
    struct table_triggers *list; // NULL: there are none
    uint32_t event;
    bool *set;         // columns of the key
    bool others_wrote; // a trigger did
};

static int open_child_triggers(struct exec_context *x, const struct cascade *c, const struct table_access *child,
                               uint32_t event, struct child_triggers *out, struct err *err)
{
    *out = (struct child_triggers){.event = event};
    TRY(triggers_of(x, child, &out->list, err));
    if (out->list == NULL)
        return 0;
    out->set = ARENA_ARRAY(x->arena, bool, child->n_columns);
    for (size_t i = 0; i < c->fk->n_columns; i++)
        out->set[position(child->table, c->fk->origin_columns[i])] = true;
    return triggers_before_statement(x, out->list, event, out->set, err);
}

static bool same_rows(const struct cat_table *t, const struct datum *a, const struct datum *b)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (a[i].null != b[i].null || (!a[i].null && datum_compare(t->columns[i].type, &a[i], &b[i]) != 0))
            return false;
    }
    return true;
}

// The row is as it was found, though triggers have written meanwhile.
static int child_unchanged(struct exec_context *x, const struct table_access *child, const struct datum *row,
                           struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    index_key(&key, &child->primary, row, NULL);
    struct str row_key = arena_str(x->arena, buf_view(&key));
    buf_release(&key);
    KV_TRY(x, kv_get(x->txn, row_key, KV_READ_SNAPSHOT, &v), err);
    struct datum *now = ARENA_ARRAY(x->arena, struct datum, child->n_columns);
    if (v.found)
        TRY(read_row(x, child, row_key, v.value, now, err));
    return v.found && same_rows(child->table, row, now) ? 0 : changed_by_trigger(err);
}

// What a foreign key's action does is not a trigger's to change: the key would be violated.
static int child_before(struct exec_context *x, const struct table_access *child, struct child_triggers *ct,
                        const struct datum *row, struct datum *changed, bool *skip, struct err *err)
{
    struct trigger_outcome done;
    struct datum *wanted = changed != NULL ? arena_dup(x->arena, changed, child->n_columns * sizeof(*row)) : NULL;
    *skip = false;
    if (ct->list == NULL)
        return 0;
    uint64_t mark = kv_mark(x->txn);
    TRY(triggers_before_row(x, ct->list, ct->event, ct->set, row, changed, &done, err));
    *skip = done.skip;
    bool altered = done.skip || (wanted != NULL && !same_rows(child->table, wanted, changed));
    if (altered && !x->triggers_may_cascade) {
        err_set(err, ERR_TRIGGERED_DATA_CHANGE_VIOLATION,
                "trigger \"%.*s\" attempted to modify or filter a row in a cascade operation", STR_FMT(done.by->name));
        err_detail(err,
                   "changing the rows updated or deleted by a foreign-key cascade can cause constraint violations, "
                   "and therefore is not allowed");
        return err_hint(err, "to enable this behavior (with risk of constraint violation), set the session variable "
                             "'unsafe_allow_triggers_modifying_cascades' to true");
    }
    ct->others_wrote |= kv_mark(x->txn) != mark;
    return done.skip || !ct->others_wrote ? 0 : child_unchanged(x, child, row, err);
}

static int change_child(struct exec_context *x, const struct cascade *c, const struct table_access *child,
                        const struct datum *row, enum cat_fk_action action, struct child_exprs *ce,
                        struct child_triggers *ct, struct err *err)
{
    bool skip;
    const struct cat_table *t = child->table;
    struct datum *changed = arena_dup(x->arena, row, child->n_columns * sizeof(*row));
    for (size_t i = 0; i < c->fk->n_columns; i++) {
        uint32_t at = position(t, c->fk->origin_columns[i]);
        changed[at] = action == CAT_FK_CASCADE ? c->new_values[i] : DATUM_NULL;
        if (action == CAT_FK_SET_DEFAULT)
            TRY(exec_scalar(x, ce->exprs->defaults[at], &changed[at], err));
    }
    TRY(child_before(x, child, ct, row, changed, &skip, err));
    if (skip)
        return 0;
    TRY(compute_columns(x, t, ce, changed, err));
    bool *was = ARENA_ARRAY(x->arena, bool, t->n_indexes + 1), *is = ARENA_ARRAY(x->arena, bool, t->n_indexes + 1);
    TRY(child_checks(x, t, ce, changed, err));
    TRY(membership(x, t, ce, row, was, err));
    TRY(membership(x, t, ce, changed, is, err));
    TRY(write_update(x, child, row, changed, was, is, err));
    if (ct->list != NULL)
        TRY(triggers_after_row(x, ct->list, ct->event, ct->set, row, changed, err));
    // A default that is the value at hand changes nothing but must refer to a row all the same.
    return action == CAT_FK_SET_DEFAULT ? queue_reference(x, child, c->fk, changed, err) : 0;
}

static int delete_child(struct exec_context *x, const struct table_access *child, const struct datum *row,
                        struct child_triggers *ct, struct err *err)
{
    bool skip;
    TRY(child_before(x, child, ct, row, NULL, &skip, err));
    if (skip)
        return 0;
    TRY(write_delete(x, child, row, NULL, err));
    TRY(cat_add_row_count(x->view, child->table->id, -1, err));
    return ct->list == NULL ? 0 : triggers_after_row(x, ct->list, ct->event, NULL, row, NULL, err);
}

static int run_parent(struct exec_context *x, const struct cascade *c, struct err *err)
{
    enum cat_fk_action action = c->update ? c->fk->on_update : c->fk->on_delete;
    const struct table_access *child;
    TRY(table_of(x, c->fk->origin_table_id, &child, err));
    bool refuse = action == CAT_FK_NO_ACTION || action == CAT_FK_RESTRICT;
    struct child_rows children = {0};
    if (refuse) { // the key may have been written again meanwhile
        bool exists;
        TRY(reference_exists(x, c->fk, c->old_values, REFERENCE_SEEN, &exists, err));
        if (exists)
            return 0;
    }
    bool deletes = action == CAT_FK_CASCADE && !c->update;
    struct child_triggers ct = {0};
    if (!refuse)
        TRY(open_child_triggers(x, c, child, deletes ? CAT_TRIGGER_DELETE : CAT_TRIGGER_UPDATE, &ct, err));
    TRY(find_children(x, child, c->fk, c->old_values, refuse, &children, err));
    if (children.rows.len == 0)
        return ct.list == NULL ? 0 : triggers_after_statement(x, ct.list, ct.event, ct.set, err);
    if (refuse) {
        struct deferred_failure f = {c->fk, c->table->table, c->old_values, .of_referenced = true, .update = c->update};
        bool put_off = action == CAT_FK_NO_ACTION && deferred_put_off(x, &f);
        return put_off ? 0 : still_referenced(x, c, child->table, err);
    }
    struct child_exprs ce;
    TRY(compile_child(x, child->table, &ce, err));
    for (size_t i = 0; i < children.rows.len; i++) {
        if (deletes)
            TRY(delete_child(x, child, children.rows.ptr[i], &ct, err));
        else
            TRY(change_child(x, c, child, children.rows.ptr[i], action, &ce, &ct, err));
    }
    return ct.list == NULL ? 0 : triggers_after_statement(x, ct.list, ct.event, ct.set, err);
}

int cascades_run(struct exec_context *x, struct err *err)
{
    while (x->cascades != NULL) {
        struct cascade *c = x->cascades;
        x->cascades = c->next;
        if (x->cascades == NULL)
            x->cascades_tail = &x->cascades;
        if (x->cascade_limit > 0 && ++x->cascades_done > x->cascade_limit * 1000)
            return err_set(err, ERR_TRIGGERED_DATA_CHANGE_VIOLATION, "cascades limit (%lld) reached",
                           (long long)x->cascade_limit);
        TRY(check_interrupt(x, err));
        x->eval.arena = x->arena;
        if (c->kind == CASCADE_PARENT) {
            TRY(run_parent(x, c, err));
            continue;
        }
        bool exists;
        TRY(reference_exists(x, c->fk, c->new_values, use_of(x, c->fk), &exists, err));
        struct deferred_failure f = {c->fk, c->table->table, c->new_values, .update = c->update};
        if (!exists && !deferred_put_off(x, &f))
            return missing_reference(x, c, err);
    }
    return 0;
}

int foreign_check_key(struct exec_context *x, const struct deferred_failure *f, struct err *err)
{
    bool exists;
    TRY(reference_exists(x, f->fk, f->values, REFERENCE_WRITTEN, &exists, err));
    if (exists)
        return 0;
    const struct table_access *child;
    struct child_rows children = {0};
    TRY(table_of(x, f->fk->origin_table_id, &child, err));
    TRY(find_children(x, child, f->fk, f->values, true, &children, err));
    if (children.rows.len == 0)
        return 0;
    struct datum *values = arena_dup(x->arena, f->values, f->fk->n_columns * sizeof(*values));
    struct cascade c = {.fk = f->fk, .table = table_access(x, f->table), .update = f->update};
    if (!f->of_referenced) {
        c.new_values = values;
        return missing_reference(x, &c, err);
    }
    c.old_values = values;
    return still_referenced(x, &c, child->table, err);
}
