// Rows to keys: inserting, changing and deleting one row with all its index entries.
#include "sql/execute/mutate_int.h"

static bool in_index(const bool *member, size_t i)
{
    return member == NULL || member[i];
}

int duplicate_key(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                  const struct datum *row, struct err *err)
{
    struct buf names = BUF_INIT, values = BUF_INIT;
    uint32_t first = cat_index_shards(ta->table, ti->index) > 0 ? 1 : 0;
    for (uint32_t i = first; i < ti->n_key; i++) {
        const struct cat_column *c = &ta->table->columns[ti->key_columns[i]];
        if (i > first) {
            buf_cstr(&names, ", ");
            buf_cstr(&values, ", ");
        }
        buf_str(&names, cat_column_inaccessible(c) ? c->computed_sql : c->name);
        if (row[ti->key_columns[i]].null)
            buf_cstr(&values, "NULL");
        else
            datum_print_sql(&values, c->type, row[ti->key_columns[i]], false);
    }
    err_set(err, ERR_UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"%.*s\"",
            STR_FMT(ti->index->name));
    err_detail(err, "Key (%s)=(%s) already exists.", buf_c(&names), buf_c(&values));
    err_set_names(err, STR("public"), ta->table->name, STR_NONE, ti->index->name);
    buf_release(&names);
    buf_release(&values);
    return ERR_UNIQUE_VIOLATION;
}

// Full batches of COPY are a bulk load: it takes no lock per key. Concurrent inserts of one of its keys do not wait but
// conflict when they commit.
bool is_bulk_load(const struct exec_context *x)
{
    return x->copy_batch != NULL && x->copy_batch->n == BATCH_ROWS_MAX;
}

static int put_inverted(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                        const struct datum *row, struct err *err)
{
    struct arena a;
    struct buf value = BUF_INIT;
    arena_init(&a, x->budget);
    struct inverted_keys keys = index_keys(&a, ta, ti, row);
    index_value(&value, ta, ti, row);
    enum kv_result r = KV_OK;
    for (size_t i = 0; i < keys.v.len && r == KV_OK; i++)
        r = kv_put(x->txn, keys.v.ptr[i], buf_view(&value));
    buf_release(&value);
    arena_release(&a);
    return r == KV_OK ? 0 : kv_error(x, r, err);
}

static int delete_inverted(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                           const struct datum *row, struct err *err)
{
    struct arena a;
    arena_init(&a, x->budget);
    struct inverted_keys keys = index_keys(&a, ta, ti, row);
    enum kv_result r = KV_OK;
    for (size_t i = 0; i < keys.v.len && r == KV_OK; i++)
        r = kv_delete(x->txn, keys.v.ptr[i]);
    arena_release(&a);
    return r == KV_OK ? 0 : kv_error(x, r, err);
}

static int put_entry(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                     const struct datum *row, bool check_unique, struct err *err)
{
    if (ti->inverted)
        return put_inverted(x, ta, ti, row, err);
    struct buf key = BUF_INIT, value = BUF_INIT;
    bool has_null;
    index_key(&key, ti, row, &has_null);
    int rc = 0;
    if (check_unique && ti->index->unique && !has_null && !ti->mirror) {
        struct kv_value existing;
        // A lock first: concurrent inserts of the same key wait for each other instead of failing at commit.
        enum kv_result r = KV_OK;
        if (!is_bulk_load(x))
            r = kv_lock(x->txn, buf_view(&key), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, x->lock_timeout_ns);
        if (r == KV_OK)
            r = kv_get(x->txn, buf_view(&key), 0, &existing);
        if (r != KV_OK)
            rc = kv_error(x, r, err);
        else if (existing.found)
            rc = duplicate_key(x, ta, ti, row, err);
    }
    if (rc == 0) {
        index_value(&value, ta, ti, row);
        enum kv_result r = kv_put(x->txn, buf_view(&key), buf_view(&value));
        rc = r == KV_OK ? 0 : kv_error(x, r, err);
    }
    x->rows_written += ti == &ta->primary;
    buf_release(&key);
    buf_release(&value);
    return rc;
}

static int delete_entry(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                        const struct datum *row, struct err *err)
{
    if (ti->inverted)
        return delete_inverted(x, ta, ti, row, err);
    struct buf key = BUF_INIT;
    bool has_null;
    index_key(&key, ti, row, &has_null);
    enum kv_result r = KV_OK;
    // Who wants the key of a unique entry that may come back waits for it; rows have been locked by their primary keys.
    if (ti != &ta->primary && ti->index->unique && !has_null && !ti->mirror)
        r = kv_lock(x->txn, buf_view(&key), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, x->lock_timeout_ns);
    if (r == KV_OK)
        r = kv_delete(x->txn, buf_view(&key));
    buf_release(&key);
    return r == KV_OK ? 0 : kv_error(x, r, err);
}

int write_check_not_null(const struct exec_context *x, const struct table_access *ta, const struct datum *row,
                         struct err *err)
{
    for (uint32_t i = 0; i < ta->n_columns; i++) {
        const struct cat_column *c = &ta->table->columns[i];
        if (!c->not_null || !row[i].null)
            continue;
        struct str of = x->eval.postgresql ? ta->table->name : STR_EMPTY;
        err_set(err, ERR_NOT_NULL_VIOLATION, "null value in column \"%.*s\"%s%.*s%s violates not-null constraint",
                STR_FMT(c->name), of.len > 0 ? " of relation \"" : "", STR_FMT(of), of.len > 0 ? "\"" : "");
        err_set_names(err, STR("public"), ta->table->name, c->name, STR_NONE);
        return ERR_NOT_NULL_VIOLATION;
    }
    return 0;
}

int write_insert(struct exec_context *x, const struct table_access *ta, const struct datum *row, const bool *member,
                 struct err *err)
{
    TRY(write_check_not_null(x, ta, row, err));
    TRY(put_entry(x, ta, &ta->primary, row, true, err));
    for (size_t i = 0; i < ta->table->n_indexes; i++) {
        if (in_index(member, i))
            TRY(put_entry(x, ta, &ta->indexes[i], row, true, err));
    }
    return foreign_check_references(x, ta, NULL, row, err);
}

static bool same_columns(const struct table_access *ta, const uint32_t *columns, uint32_t n, const struct datum *a,
                         const struct datum *b)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct datum *l = &a[columns[i]], *r = &b[columns[i]];
        struct type t = ta->table->columns[columns[i]].type;
        if (l->null != r->null || (!l->null && datum_compare(t, l, r) != 0))
            return false;
    }
    return true;
}

// The same to the last bit: 1.0 and 1.00 are equal, and yet what an index stores of them is not.
static bool identical_columns(const struct table_access *ta, const uint32_t *columns, uint32_t n, const struct datum *a,
                              const struct datum *b)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct datum *l = &a[columns[i]], *r = &b[columns[i]];
        enum physical p = type_physical(ta->table->columns[columns[i]].type);
        if (l->null || r->null) {
            if (l->null != r->null)
                return false;
        } else if (p == PHYSICAL_STR ? !str_eq(l->s, r->s) : memcmp(l, r, physical_size[p]) != 0) {
            return false;
        }
    }
    return true;
}

static int update_index(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                        const struct datum *old_row, const struct datum *new_row, bool was, bool is, struct err *err)
{
    bool same_key = same_columns(ta, ti->key_columns, ti->n_key, old_row, new_row) &&
                    same_columns(ta, ti->suffix_columns, ti->n_suffix, old_row, new_row);
    if (was && is && same_key) {
        if (ti->slots == NULL && identical_columns(ta, ti->stored_columns, ti->n_stored, old_row, new_row))
            return 0;
        return put_entry(x, ta, ti, new_row, false, err);
    }
    if (was)
        TRY(delete_entry(x, ta, ti, old_row, err));
    return is ? put_entry(x, ta, ti, new_row, true, err) : 0;
}

int write_update(struct exec_context *x, const struct table_access *ta, const struct datum *old_row,
                 const struct datum *new_row, const bool *old_member, const bool *new_member, struct err *err)
{
    TRY(write_check_not_null(x, ta, new_row, err));
    TRY(update_index(x, ta, &ta->primary, old_row, new_row, true, true, err));
    for (size_t i = 0; i < ta->table->n_indexes; i++)
        TRY(update_index(x, ta, &ta->indexes[i], old_row, new_row, in_index(old_member, i), in_index(new_member, i),
                         err));
    TRY(foreign_check_references(x, ta, old_row, new_row, err));
    return foreign_queue_actions(x, ta, old_row, new_row, err);
}

int write_delete(struct exec_context *x, const struct table_access *ta, const struct datum *row, const bool *member,
                 struct err *err)
{
    TRY(delete_entry(x, ta, &ta->primary, row, err));
    for (size_t i = 0; i < ta->table->n_indexes; i++) {
        if (in_index(member, i))
            TRY(delete_entry(x, ta, &ta->indexes[i], row, err));
    }
    x->rows_written++;
    return foreign_queue_actions(x, ta, row, NULL, err);
}

static void all_columns(struct exec_context *x, const struct table_access *ta, uint32_t **wanted)
{
    *wanted = ARENA_ARRAY(x->arena, uint32_t, ta->n_columns);
    for (uint32_t i = 0; i < ta->n_columns; i++)
        (*wanted)[i] = i;
}

// The decoder of whole rows, made once per table.
static struct row_decoder *whole_row_decoder(struct exec_context *x, const struct table_access *cta)
{
    struct table_access *ta = (struct table_access *)cta;
    if (ta->whole == NULL) {
        uint32_t *wanted;
        all_columns(x, ta, &wanted);
        ta->whole = ARENA_NEW(x->arena, struct row_decoder);
        row_decoder_init(ta->whole, x, ta, &ta->primary, wanted, ta->n_columns);
        ta->whole_vecs = ARENA_ARRAY(x->arena, struct vec, ta->n_columns);
        for (uint32_t i = 0; i < ta->n_columns; i++)
            vec_init(&ta->whole_vecs[i], x->arena, ta->table->columns[i].type, 1);
    }
    return ta->whole;
}

int read_row(struct exec_context *x, const struct table_access *ta, struct str key, struct str value, struct datum *row,
             struct err *err)
{
    struct row_decoder *d = whole_row_decoder(x, ta);
    for (uint32_t i = 0; i < ta->n_columns; i++) {
        ta->whole_vecs[i].nulls[0] = 0;
        ta->whole_vecs[i].has_nulls = false;
    }
    struct kv_pair pair = {key, value};
    TRY(row_decode(d, &pair, 1, ta->whole_vecs, 0, err));
    for (uint32_t i = 0; i < ta->n_columns; i++)
        row[i] = vec_get(&ta->whole_vecs[i], 0);
    return 0;
}

static int fetch_by_entry(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                          struct str key, struct str value, struct buf *primary, struct err *err)
{
    struct row_decoder d;
    row_decoder_init(&d, x, ta, ti, ta->primary.key_columns, ta->primary.n_key);
    struct vec *cols = ARENA_ARRAY(x->eval.arena, struct vec, ta->primary.n_key);
    for (uint32_t i = 0; i < ta->primary.n_key; i++)
        vec_init(&cols[i], x->eval.arena, ta->primary.key_types[i], 1);
    struct kv_pair pair = {key, value};
    TRY(row_decode(&d, &pair, 1, cols, 0, err));
    buf_str(primary, ta->primary.prefix);
    for (uint32_t i = 0; i < ta->primary.n_key; i++) {
        struct datum v = vec_get(&cols[i], 0);
        key_put_datum(primary, ta->primary.key_types[i], &v, (enum key_direction)ta->primary.key_desc[i]);
    }
    return 0;
}

static int find_existing(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                         struct buf *key, bool *found, struct datum *existing, struct err *err)
{
    struct kv_value v;
    KV_TRY(x, kv_lock(x->txn, buf_view(key), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, x->lock_timeout_ns), err);
    KV_TRY(x, kv_get(x->txn, buf_view(key), 0, &v), err);
    *found = v.found;
    if (!v.found)
        return 0;
    struct str row_key = arena_str(x->eval.arena, buf_view(key));
    if (ti != &ta->primary) {
        buf_clear(key);
        TRY(fetch_by_entry(x, ta, ti, row_key, v.value, key, err));
        row_key = arena_str(x->eval.arena, buf_view(key));
        KV_TRY(x, kv_lock(x->txn, row_key, KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, x->lock_timeout_ns), err);
        KV_TRY(x, kv_get(x->txn, row_key, 0, &v), err);
        if (!v.found)
            return err_set(err, ERR_DATA_CORRUPTED, "index \"%.*s\" points at a row that does not exist",
                           STR_FMT(ti->index->name));
    }
    return read_row(x, ta, row_key, v.value, existing, err);
}

int write_find_conflict(struct exec_context *x, const struct table_access *ta, const struct table_index *ti,
                        const struct datum *row, bool *found, struct datum *existing, struct err *err)
{
    struct buf key = BUF_INIT;
    bool has_null;
    index_key(&key, ti, row, &has_null);
    *found = false;
    int rc = has_null && ti != &ta->primary ? 0 : find_existing(x, ta, ti, &key, found, existing, err);
    buf_release(&key);
    return rc;
}
