// How rows of a table are laid out in keys and values, and decoded into vectors.
//
// Primary index: key = primary key columns, value = every column by slot (id - 1); key columns take no room in the
// value unless reading them back from the key would lose something (key_type_is_lossy). Secondary index: key = indexed
// columns, followed by the primary key columns not among them when the index is not unique or an indexed column is
// NULL. Value = primary key columns that the key may lack (unique index), STORING columns, lossy columns. Virtual
// columns are computed from the decoded others; secondary indexes hold them like others.
#include "sql/execute/execute_int.h"

#include "types/decimal.h"

static uint32_t column_position(const struct cat_table *t, uint32_t column_id)
{
    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].id == column_id)
            return i;
    }
    INVARIANT(!"index of a column that does not exist");
    return 0;
}

static bool listed(const uint32_t *list, uint32_t n, uint32_t item)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] == item)
            return true;
    }
    return false;
}

static void index_prefix(struct exec_context *x, const struct cat_table *t, struct table_index *ti)
{
    struct buf b = BUF_INIT;
    key_put_index(&b, x->cluster, t->id, ti->index->id);
    ti->prefix = arena_str(x->arena, buf_view(&b));
    buf_release(&b);
}

static void index_columns(struct exec_context *x, const struct cat_table *t, struct table_index *ti)
{
    uint32_t n = (uint32_t)ti->index->n_columns;
    uint32_t *columns = ARENA_ARRAY(x->arena, uint32_t, n);
    uint8_t *desc = ARENA_ARRAY(x->arena, uint8_t, n);
    for (uint32_t i = 0; i < n; i++) {
        columns[i] = column_position(t, ti->index->columns[i].column_id);
        desc[i] = ti->index->columns[i].descending ? KEY_DESC : KEY_ASC;
    }
    struct type *types = ARENA_ARRAY(x->arena, struct type, n);
    for (uint32_t i = 0; i < n; i++)
        types[i] = t->columns[columns[i]].type;
    ti->inverted = ti->index->kind == CAT_INDEX_INVERTED;
    if (ti->inverted)
        types[n - 1] = T_BYTES;
    ti->n_key = n;
    ti->key_columns = columns;
    ti->key_types = types;
    ti->key_desc = desc;
}

static const struct cat_column *replacement_of(const struct cat_table *t, uint32_t column_id)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].replaces == column_id)
            return &t->columns[i];
    }
    return NULL;
}

// Where an index of whole rows has a column: -1 when its key does or it is computed, or not in this index.
static int32_t row_slot(const struct table_access *ta, const struct table_index *ti, uint32_t column)
{
    const struct cat_table *t = ta->table;
    const struct cat_column *c = &t->columns[column];
    bool next = ti != &ta->primary;
    bool becomes_stored = next && c->state == CAT_COLUMN_WRITE_ONLY;
    if (listed(ti->key_columns, ti->n_key, column) && !key_type_is_lossy(c->type))
        return -1;
    if ((cat_column_is_virtual(t, c) && !becomes_stored) || (next && replacement_of(t, c->id) != NULL))
        return -1;
    return (int32_t)(next && c->replaces != 0 ? c->replaces : c->id) - 1;
}

// Dropped columns keep their types; a slot that no column has takes no room when its column is in the key.
static void rows_layout(struct exec_context *x, struct table_access *ta, struct table_index *ti)
{
    const struct cat_table *t = ta->table;
    uint32_t n = t->next_column_id - 1;
    struct type *types = ARENA_ARRAY(x->arena, struct type, n);
    int32_t *slots = ARENA_ARRAY(x->arena, int32_t, t->n_columns);
    for (uint32_t i = 0; i < n; i++)
        types[i] = t->slot_types != NULL ? t->slot_types[i] : T_VOID;
    for (uint32_t i = 0; i < t->n_columns; i++)
        types[t->columns[i].id - 1] = T_VOID;
    for (uint32_t i = 0; i < t->n_columns; i++) {
        slots[i] = row_slot(ta, ti, i);
        if (slots[i] >= 0)
            types[slots[i]] = t->columns[i].type;
    }
    ti->slots = slots;
    row_layout_init(&ti->layout, x->arena, types, n);
}

static void missing_values(struct exec_context *x, struct table_access *ta)
{
    const struct cat_table *t = ta->table;
    uint32_t n = t->next_column_id - 1;
    ta->absent = ARENA_ARRAY(x->arena, struct datum, n);
    for (uint32_t i = 0; i < n; i++)
        ta->absent[i] = DATUM_NULL;
    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (t->columns[i].has_missing_value)
            ta->absent[t->columns[i].id - 1] = t->columns[i].missing_value;
    }
}

static bool same_key(const struct table_index *a, const struct table_index *b)
{
    return a->n_key == b->n_key && memcmp(a->key_columns, b->key_columns, a->n_key * sizeof(*a->key_columns)) == 0 &&
           memcmp(a->key_desc, b->key_desc, a->n_key * sizeof(*a->key_desc)) == 0;
}

// `pk`: the primary index, or the one that is to be.
static void secondary_layout(struct exec_context *x, const struct table_access *ta, const struct table_index *pk,
                             struct table_index *ti)
{
    const struct cat_table *t = ta->table;
    uint32_t *suffix = ARENA_ARRAY(x->arena, uint32_t, pk->n_key);
    uint32_t *stored = ARENA_ARRAY(x->arena, uint32_t, t->n_columns + pk->n_key), n_stored = 0;
    for (uint32_t i = 0; i < pk->n_key; i++) {
        if (!listed(ti->key_columns, ti->n_key, pk->key_columns[i]))
            suffix[ti->n_suffix++] = pk->key_columns[i];
    }
    struct type *suffix_types = ARENA_ARRAY(x->arena, struct type, pk->n_key);
    for (uint32_t i = 0; i < ti->n_suffix; i++)
        suffix_types[i] = t->columns[suffix[i]].type;
    ti->suffix_columns = suffix;
    ti->suffix_types = suffix_types;
    for (uint32_t i = 0; i < ti->n_suffix; i++) {
        if (ti->index->unique || key_type_is_lossy(t->columns[suffix[i]].type))
            stored[n_stored++] = suffix[i];
    }
    for (uint32_t i = 0; i < ti->n_key; i++) {
        if (key_type_is_lossy(ti->key_types[i]))
            stored[n_stored++] = ti->key_columns[i];
    }
    for (size_t i = 0; i < ti->index->n_storing; i++) {
        uint32_t at = column_position(t, ti->index->storing[i]);
        if (!listed(stored, n_stored, at) && !listed(ti->key_columns, ti->n_key, at) &&
            !listed(suffix, ti->n_suffix, at))
            stored[n_stored++] = at;
    }
    struct type *types = ARENA_ARRAY(x->arena, struct type, n_stored);
    for (uint32_t i = 0; i < n_stored; i++)
        types[i] = t->columns[stored[i]].type;
    ti->stored_columns = stored;
    ti->n_stored = n_stored;
    row_layout_init(&ti->layout, x->arena, types, n_stored);
}

const struct table_access *table_access(struct exec_context *x, const struct cat_table *t)
{
    for (struct table_access *ta = x->tables; ta != NULL; ta = ta->next) {
        if (ta->table == t)
            return ta;
    }
    struct table_access *ta = ARENA_NEW(x->arena, struct table_access);
    ta->table = t;
    ta->cluster = x->cluster;
    ta->n_columns = (uint32_t)t->n_columns;
    ta->primary.index = t->primary;
    index_prefix(x, t, &ta->primary);
    index_columns(x, t, &ta->primary);
    rows_layout(x, ta, &ta->primary);
    missing_values(x, ta);
    const struct table_index *next = &ta->primary;
    ta->indexes = ARENA_ARRAY(x->arena, struct table_index, t->n_indexes);
    for (size_t i = 0; i < t->n_indexes; i++) {
        struct table_index *ti = &ta->indexes[i];
        ti->index = &t->indexes[i];
        index_prefix(x, t, ti);
        index_columns(x, t, ti);
        if (ti->index->rows) {
            rows_layout(x, ta, ti);
            ti->mirror = same_key(ti, &ta->primary);
            next = ti;
        }
    }
    for (size_t i = 0; i < t->n_indexes; i++) {
        bool made = t->indexes[i].state == CAT_INDEX_WRITE_ONLY;
        if (!t->indexes[i].rows)
            secondary_layout(x, ta, made ? next : &ta->primary, &ta->indexes[i]);
    }
    ta->next = x->tables;
    x->tables = ta;
    return ta;
}

const struct table_index *table_index_of(const struct table_access *ta, const struct cat_index *index)
{
    if (index->id == ta->primary.index->id)
        return &ta->primary;
    for (size_t i = 0; i < ta->table->n_indexes; i++) {
        if (ta->indexes[i].index->id == index->id)
            return &ta->indexes[i];
    }
    INVARIANT(!"index of another table");
    return NULL;
}

void index_key(struct buf *out, const struct table_index *ti, const struct datum *row, bool *has_null)
{
    bool null = false;
    buf_str(out, ti->prefix);
    for (uint32_t i = 0; i < ti->n_key; i++) {
        const struct datum *d = &row[ti->key_columns[i]];
        null |= d->null;
        key_put_datum(out, ti->key_types[i], d, (enum key_direction)ti->key_desc[i]);
    }
    if (!ti->index->unique || null) {
        for (uint32_t i = 0; i < ti->n_suffix; i++)
            key_put_datum(out, ti->suffix_types[i], &row[ti->suffix_columns[i]], KEY_ASC);
    }
    if (has_null != NULL)
        *has_null = null;
}

struct inverted_keys index_keys(struct arena *a, const struct table_access *ta, const struct table_index *ti,
                                const struct datum *row)
{
    struct inverted_keys keys = {0};
    struct buf b = BUF_INIT;
    if (!ti->inverted) {
        index_key(&b, ti, row, NULL);
        ARENA_PUSH(a, &keys.v, arena_str(a, buf_view(&b)));
        buf_release(&b);
        return keys;
    }
    uint32_t last = ti->key_columns[ti->n_key - 1];
    keys = inverted_keys(a, ta->table->columns[last].type, &row[last]);
    for (size_t i = 0; i < keys.v.len; i++) {
        struct datum d = datum_str(keys.v.ptr[i]);
        buf_clear(&b);
        buf_str(&b, ti->prefix);
        for (uint32_t k = 0; k + 1 < ti->n_key; k++)
            key_put_datum(&b, ti->key_types[k], &row[ti->key_columns[k]], (enum key_direction)ti->key_desc[k]);
        key_put_datum(&b, T_BYTES, &d, KEY_ASC);
        for (uint32_t k = 0; k < ti->n_suffix; k++)
            key_put_datum(&b, ti->suffix_types[k], &row[ti->suffix_columns[k]], KEY_ASC);
        keys.v.ptr[i] = arena_str(a, buf_view(&b));
    }
    buf_release(&b);
    return keys;
}

void index_value(struct buf *out, const struct table_access *ta, const struct table_index *ti, const struct datum *row)
{
    if (ti->slots != NULL) {
        struct datum local[64];
        uint32_t n = ti->layout.n;
        struct datum *slots = n <= ARRAY_LEN(local) ? local : mem_alloc(size_mul(n, sizeof(*slots)));
        for (uint32_t i = 0; i < n; i++)
            slots[i] = DATUM_NULL;
        for (uint32_t i = 0; i < ta->n_columns; i++) {
            if (ti->slots[i] >= 0)
                slots[ti->slots[i]] = row[i];
        }
        row_encode(out, &ti->layout, slots);
        if (slots != local)
            mem_free(slots);
        return;
    }
    if (ti->n_stored == 0)
        return;
    struct datum local[64];
    struct datum *slots = ti->n_stored <= ARRAY_LEN(local) ? local : mem_alloc(size_mul(ti->n_stored, sizeof(*slots)));
    for (uint32_t i = 0; i < ti->n_stored; i++)
        slots[i] = row[ti->stored_columns[i]];
    row_encode(out, &ti->layout, slots);
    if (slots != local)
        mem_free(slots);
}

// ---- decoding

static int32_t position_in(const uint32_t *list, uint32_t n, uint32_t item)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] == item)
            return (int32_t)i;
    }
    return -1;
}

// Slot of a column in the index's value, or -1 when the value does not hold it.
static int32_t value_slot(const struct table_access *ta, const struct table_index *ti, uint32_t column)
{
    return ti->slots != NULL ? ti->slots[column] : position_in(ti->stored_columns, ti->n_stored, column);
}

// Rows do not hold the column and their keys have nothing it could be read from exactly.
static bool is_computed(const struct table_access *ta, const struct table_index *ti, uint32_t column)
{
    const struct cat_column *c = &ta->table->columns[column];
    return ti == &ta->primary && cat_column_is_virtual(ta->table, c) &&
           (!listed(ti->key_columns, ti->n_key, column) || key_type_is_lossy(c->type));
}

static void add_key_part(struct row_decoder *d, struct type t, uint8_t desc, uint32_t column)
{
    int32_t target = position_in(d->wanted, d->n_wanted, column);
    if (target >= 0 && (value_slot(d->ta, d->ti, column) >= 0 || is_computed(d->ta, d->ti, column)))
        target = -1; // the value has it exactly
    d->key_parts[d->n_from_key++] = (struct key_part){t, (enum key_direction)desc, target};
    if (target >= 0)
        d->n_key_parts = d->n_from_key;
}

uint32_t table_position(const struct cat_table *t, uint32_t column_id)
{
    return column_id == CAT_COLUMN_VERSION || column_id == CAT_COLUMN_TABLEOID ? (uint32_t)t->n_columns
                                                                               : column_position(t, column_id);
}

void row_decoder_init(struct row_decoder *d, struct exec_context *x, const struct table_access *ta,
                      const struct table_index *ti, const uint32_t *wanted, uint32_t n_wanted)
{
    *d = (struct row_decoder){.x = x, .ta = ta, .ti = ti, .n_wanted = n_wanted, .wanted = wanted, .version = -1};
    d->value_slots = ARENA_ARRAY(x->arena, uint32_t, n_wanted);
    d->value_targets = ARENA_ARRAY(x->arena, uint32_t, n_wanted);
    d->value_absent = ARENA_ARRAY(x->arena, struct datum, n_wanted);
    d->virtuals = ARENA_ARRAY(x->arena, uint32_t, n_wanted);
    for (uint32_t i = 0; i < n_wanted; i++) {
        if (wanted[i] == ta->n_columns) {
            d->version = (int32_t)i;
            continue;
        }
        int32_t slot = value_slot(ta, ti, wanted[i]);
        if (is_computed(ta, ti, wanted[i]))
            d->virtuals[d->n_virtuals++] = i;
        if (slot < 0)
            continue;
        d->value_slots[d->n_from_value] = (uint32_t)slot;
        d->value_absent[d->n_from_value] = ti == &ta->primary ? ta->absent[slot] : DATUM_NULL;
        d->value_targets[d->n_from_value++] = i;
    }
    d->key_parts = ARENA_ARRAY(x->arena, struct key_part, ti->n_key + ti->n_suffix);
    for (uint32_t i = 0; i < ti->n_key; i++)
        add_key_part(d, ti->key_types[i], ti->key_desc[i], ti->key_columns[i]);
    for (uint32_t i = 0; i < ti->n_suffix; i++)
        add_key_part(d, ti->suffix_types[i], KEY_ASC, ti->suffix_columns[i]);
    d->value_vecs = ARENA_ARRAY(x->arena, struct vec *, n_wanted);
}

static int decode_key(struct row_decoder *d, struct str key, struct vec *cols, uint32_t row, struct err *err)
{
    struct key_reader r = key_reader(str_slice(key, d->ti->prefix.len, key.len));
    for (uint32_t i = 0; i < d->n_key_parts; i++) {
        const struct key_part *part = &d->key_parts[i];
        if (part->target < 0) {
            if (!key_skip(&r))
                return err_set(err, ERR_DATA_CORRUPTED, "index key is damaged");
            continue;
        }
        struct datum value;
        TRY(key_get_datum(&r, d->x->eval.arena, part->type, part->direction, &value, err));
        vec_set(&cols[part->target], row, value);
    }
    return 0;
}

// ---- virtual columns

// How a column is computed from others of a row under its primary key.
struct virtual_column {
    struct row_decoder decoder; // of the columns it is computed from
    struct vec *cols;
    struct ev *ev; // over `cols`
};
enum { VIRTUAL_ROWS_MAX = 128 };

static int virtual_column_new(struct exec_context *x, const struct table_access *ta, uint32_t column,
                              struct virtual_column **out, struct err *err)
{
    struct virtual_column *v = ARENA_NEW(x->arena, struct virtual_column);
    const struct cat_table *t = ta->table;
    struct expr *e;
    uint32_t n = 0;
    TRY(x->computed_expr(x->table_exprs_arg, x->arena, t, &t->columns[column], &e, err));
    struct col_set used = {ARENA_ARRAY(x->arena, uint64_t, ta->n_columns / 64 + 1), ta->n_columns / 64 + 1};
    expr_columns(e, &used);
    uint32_t *wanted = ARENA_ARRAY(x->arena, uint32_t, ta->n_columns);
    col_id *ids = ARENA_ARRAY(x->arena, col_id, ta->n_columns);
    v->cols = ARENA_ARRAY(x->arena, struct vec, ta->n_columns);
    for (uint32_t i = 0; i < ta->n_columns; i++) {
        if (!col_set_has(&used, i + 1))
            continue;
        vec_init(&v->cols[n], x->arena, t->columns[i].type, VIRTUAL_ROWS_MAX);
        ids[n] = i + 1;
        wanted[n++] = i;
    }
    row_decoder_init(&v->decoder, x, ta, &ta->primary, wanted, n);
    v->ev = ev_compile(x, e, ids, n);
    *out = v;
    return 0;
}

static int compute_rows(struct virtual_column *v, const struct kv_pair *pairs, uint32_t n, struct type type,
                        struct vec *out, uint32_t first, struct err *err)
{
    struct arena *a = v->decoder.x->eval.arena;
    const struct vec *result;
    struct batch batch = {.n = n, .ncols = v->decoder.n_wanted, .cols = v->cols};
    for (uint32_t i = 0; i < batch.ncols; i++) {
        memset(v->cols[i].nulls, 0, n);
        v->cols[i].has_nulls = false;
    }
    TRY(row_decode(&v->decoder, pairs, n, v->cols, 0, err));
    TRY(ev_eval(v->ev, &batch, &result, err));
    for (uint32_t i = 0; i < n; i++)
        vec_set(out, first + i, datum_copy(a, type, vec_get(result, i)));
    return 0;
}

static int decode_virtual(struct row_decoder *d, uint32_t column, const struct kv_pair *pairs, uint32_t n,
                          struct vec *out, uint32_t first, struct err *err)
{
    struct table_access *ta = (struct table_access *)d->ta;
    if (ta->virtuals == NULL)
        ta->virtuals = ARENA_ARRAY(d->x->arena, struct virtual_column *, ta->n_columns);
    if (ta->virtuals[column] == NULL)
        TRY(virtual_column_new(d->x, ta, column, &ta->virtuals[column], err));
    for (uint32_t done = 0; done < n;) {
        uint32_t rows = MIN(n - done, (uint32_t)VIRTUAL_ROWS_MAX);
        TRY(compute_rows(ta->virtuals[column], pairs + done, rows, ta->table->columns[column].type, out, first + done,
                         err));
        done += rows;
    }
    return 0;
}

// The versions go into their column; *pairs are then those without them. A row that the transaction has written itself
// has that of its reads: what it will get is not known yet.
static int take_versions(struct row_decoder *d, const struct kv_pair **pairs, uint32_t n, struct vec *col,
                         uint32_t first, struct err *err)
{
    struct arena *a = d->x->eval.arena;
    struct kv_pair *bare = ARENA_ARRAY(a, struct kv_pair, n);
    for (uint32_t i = 0; i < n; i++) {
        bare[i] = (*pairs)[i];
        uint64_t version = kv_take_stamp(&bare[i].value);
        struct decimal timestamp;
        TRY(decimal_of_version(a, version != 0 ? version : kv_read_version(d->x->txn), &timestamp, err));
        vec_set(col, first + i, datum_decimal(a, &timestamp));
    }
    *pairs = bare;
    return 0;
}

int row_decode(struct row_decoder *d, const struct kv_pair *pairs, uint32_t n, struct vec *cols, uint32_t first,
               struct err *err)
{
    if (UNLIKELY(d->version >= 0))
        TRY(take_versions(d, &pairs, n, &cols[d->version], first, err));
    if (d->n_from_value > 0) {
        for (uint32_t i = 0; i < d->n_from_value; i++)
            d->value_vecs[i] = &cols[d->value_targets[i]];
        TRY(row_decode_vecs(&d->ti->layout, pairs, n, d->value_slots, d->n_from_value, d->value_absent, d->value_vecs,
                            first, err));
    }
    for (uint32_t i = 0; d->n_key_parts > 0 && i < n; i++)
        TRY(decode_key(d, pairs[i].key, cols, first + i, err));
    for (uint32_t i = 0; i < d->n_virtuals; i++) {
        uint32_t target = d->virtuals[i];
        TRY(decode_virtual(d, d->wanted[target], pairs, n, &cols[target], first, err));
    }
    return 0;
}
