// Checking the rows of a table against its constraints and every index entry against its row.
//
// One pass over the primary index: each row decodes, stands under its own key, has no NULL where none may be, satisfies
// the validated checks and foreign keys, and has in every index exactly the entry it should have. Then one pass over
// each secondary index: with as many entries as rows ask for, none missing and each under another key, there can be no
// other; with more, each entry is looked at to find those without row.
//
// Unique constraints follow: the key of a unique index is the value, and a second row with it finds the entry of the
// first.
#include "catalog/check.h"
#include "sql/execute/mutate_int.h"

struct index_check {
    const struct table_index *ti;
    struct ev *predicate;        // NULL: not partial
    uint64_t expected;           // entries that rows ask for
    bool damaged;                // something was found
    bool skipped;                // not complete yet
    bool member[BATCH_ROWS_MAX]; // of the batch at hand
    struct kv_pair wanted[BATCH_ROWS_MAX];
    uint16_t rows[BATCH_ROWS_MAX]; // of `wanted`
};

struct table_check {
    struct exec_context *x;
    const struct cat_table *table;
    const struct table_access *ta;
    struct check_sink *sink;
    struct ev **conditions; // of checks; NULL: not validated
    struct index_check *indexes;
    struct row_decoder decoder;
    struct arena arena; // of the batch
    struct batch batch; // all columns, in table order
    const struct kv_pair *pairs;
    struct datum *row;
    struct buf key, value;
    uint64_t rows;
};

// ('x', 1): the primary key of the current row.
static struct str primary_key_text(struct table_check *c)
{
    const struct table_index *primary = &c->ta->primary;
    struct buf b = BUF_INIT;
    buf_putc(&b, '(');
    for (uint32_t i = 0; i < primary->n_key; i++) {
        const struct datum *d = &c->row[primary->key_columns[i]];
        buf_cstr(&b, i > 0 ? ", " : "");
        if (d->null)
            buf_cstr(&b, "NULL");
        else
            datum_print_sql(&b, primary->key_types[i], *d, false);
    }
    buf_putc(&b, ')');
    struct str text = arena_str(&c->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

static struct str key_text(struct table_check *c, struct str key)
{
    struct buf b = BUF_INIT;
    key_print(&b, key);
    struct str text = arena_str(&c->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

#define REPORT_ROW(c, type, ...) \
    check_report_table((c)->sink, (c)->x->view, (c)->table, STR_EMPTY, (type), primary_key_text(c), __VA_ARGS__)
#define REPORT_ENTRY(c, ic, type, primary_key, ...)                                                           \
    do {                                                                                                      \
        (ic)->damaged = true;                                                                                 \
        check_report_table((c)->sink, (c)->x->view, (c)->table, (ic)->ti->index->name, (type), (primary_key), \
                           __VA_ARGS__);                                                                      \
    } while (0)

static void load_row(struct table_check *c, uint32_t row)
{
    for (uint32_t i = 0; i < c->batch.ncols; i++)
        c->row[i] = vec_get(&c->batch.cols[i], row);
}

// ---- rows

static void check_keys_and_nulls(struct table_check *c)
{
    const struct cat_table *t = c->table;
    for (uint32_t k = 0; k < c->batch.n; k++) {
        load_row(c, k);
        buf_clear(&c->key);
        index_key(&c->key, &c->ta->primary, c->row, NULL);
        if (!str_eq(buf_view(&c->key), c->pairs[k].key))
            REPORT_ROW(c, "damaged_row", "the row's key does not say what the row does");
        for (uint32_t i = 0; i < c->batch.ncols; i++) {
            // Of a column that a job is making, these rows have nothing yet.
            if (t->columns[i].not_null && t->columns[i].state == CAT_COLUMN_PUBLIC && c->row[i].null)
                REPORT_ROW(c, "not_null_violation", "column \"%.*s\" is NULL", STR_FMT(t->columns[i].name));
        }
    }
}

static int check_conditions(struct table_check *c, struct err *err)
{
    for (size_t i = 0; i < c->table->n_checks; i++) {
        const struct vec *ok;
        if (c->conditions[i] == NULL)
            continue;
        TRY(ev_eval(c->conditions[i], &c->batch, &ok, err));
        for (uint32_t k = 0; k < c->batch.n; k++) {
            struct datum d = vec_get(ok, k);
            if (d.null || d.b)
                continue;
            load_row(c, k);
            REPORT_ROW(c, "check_violation", "CHECK \"%.*s\" is not satisfied", STR_FMT(c->table->checks[i].name));
        }
    }
    return 0;
}

static int check_references(struct table_check *c, struct err *err)
{
    struct err violation = ERR_INIT;
    for (size_t i = 0; i < c->table->n_outbound; i++) {
        const struct cat_foreign_key *fk = &c->table->outbound[i];
        for (uint32_t k = 0; fk->validated && k < c->batch.n; k++) {
            load_row(c, k);
            int rc = foreign_validate_row(c->x, c->ta, fk, c->row, &violation);
            if (rc == ERR_FOREIGN_KEY_VIOLATION)
                REPORT_ROW(c, "foreign_key_violation", "%s", violation.message);
            else if (rc != 0) {
                err_take(err, &violation);
                return rc;
            }
        }
    }
    err_reset(&violation);
    return 0;
}

static void compare_entry(struct table_check *c, struct index_check *ic, uint32_t i, const struct kv_value *found)
{
    const struct kv_pair *wanted = &ic->wanted[i];
    if (found->found && str_eq(found->value, wanted->value))
        return;
    load_row(c, ic->rows[i]);
    if (!found->found)
        REPORT_ENTRY(c, ic, "missing_secondary_index_entry", primary_key_text(c), "the row has no entry %.*s",
                     STR_FMT(key_text(c, wanted->key)));
    else
        REPORT_ENTRY(c, ic, "wrong_secondary_index_entry", primary_key_text(c),
                     "the entry %.*s does not say what the row does", STR_FMT(key_text(c, wanted->key)));
}

static int find_members(struct table_check *c, struct index_check *ic, struct err *err)
{
    for (uint32_t k = 0; k < c->batch.n; k++)
        ic->member[k] = ic->predicate == NULL;
    if (ic->predicate == NULL)
        return 0;
    uint16_t sel[BATCH_ROWS_MAX];
    uint32_t n;
    TRY(ev_filter(ic->predicate, &c->batch, sel, &n, err));
    for (uint32_t i = 0; i < n; i++)
        ic->member[sel[i]] = true;
    return 0;
}

static int compare_entries(struct table_check *c, struct index_check *ic, uint32_t n, struct err *err)
{
    struct kv_value *found = ARENA_ARRAY(&c->arena, struct kv_value, n);
    struct str *keys = ARENA_ARRAY(&c->arena, struct str, n);
    for (uint32_t i = 0; i < n; i++)
        keys[i] = ic->wanted[i].key;
    ic->expected += n;
    KV_TRY(c->x, kv_get_many(c->x->txn, keys, n, KV_READ_SNAPSHOT, found), err);
    for (uint32_t i = 0; i < n; i++)
        compare_entry(c, ic, i, &found[i]);
    return 0;
}

static int check_entries(struct table_check *c, struct index_check *ic, struct err *err)
{
    uint32_t n = 0;
    TRY(find_members(c, ic, err));
    for (uint32_t k = 0; k < c->batch.n; k++) {
        if (!ic->member[k])
            continue;
        load_row(c, k);
        buf_clear(&c->value);
        index_value(&c->value, c->ta, ic->ti, c->row);
        struct str value = arena_str(&c->arena, buf_view(&c->value));
        struct inverted_keys keys = index_keys(&c->arena, c->ta, ic->ti, c->row);
        for (size_t i = 0; i < keys.v.len; i++) {
            ic->wanted[n] = (struct kv_pair){keys.v.ptr[i], value};
            ic->rows[n++] = (uint16_t)k;
            if (n == BATCH_ROWS_MAX) {
                TRY(compare_entries(c, ic, n, err));
                n = 0;
            }
        }
    }
    return compare_entries(c, ic, n, err);
}

static void reset_batch(struct table_check *c, uint32_t n)
{
    for (uint32_t i = 0; i < c->batch.ncols; i++) {
        if (c->batch.cols[i].has_nulls)
            memset(c->batch.cols[i].nulls, 0, BATCH_ROWS_MAX);
        c->batch.cols[i].has_nulls = false;
    }
    c->batch.n = n;
}

static int check_batch(struct table_check *c, struct err *err)
{
    c->rows += c->batch.n;
    c->sink->rows += c->batch.n;
    check_keys_and_nulls(c);
    TRY(check_conditions(c, err));
    TRY(check_references(c, err));
    for (size_t i = 0; i < c->table->n_indexes; i++) {
        if (!c->indexes[i].skipped)
            TRY(check_entries(c, &c->indexes[i], err));
    }
    return 0;
}

// The first row of the batch from a pair. A virtual column that cannot be computed (ADD COLUMN takes one that divides
// by a zero in some row) is NULL: what the store has is no less right for it.
static int decode_single(struct table_check *c, const struct kv_pair *pair)
{
    reset_batch(c, 1);
    if (row_decode(&c->decoder, pair, 1, c->batch.cols, 0, NULL) == 0)
        return 0;
    struct row_decoder stored = c->decoder;
    stored.n_virtuals = 0;
    reset_batch(c, 1);
    for (uint32_t i = 0; i < c->decoder.n_virtuals; i++)
        vec_set(&c->batch.cols[c->decoder.virtuals[i]], 0, DATUM_NULL);
    return row_decode(&stored, pair, 1, c->batch.cols, 0, NULL);
}

// Rows of a batch that does not decode as a whole, one by one.
static int check_single(struct table_check *c, const struct kv_batch *pairs, struct err *err)
{
    for (size_t i = 0; i < pairs->n; i++) {
        c->pairs = &pairs->pairs[i];
        if (decode_single(c, c->pairs) == 0) {
            TRY(check_batch(c, err));
            continue;
        }
        c->rows++;
        check_report_table(c->sink, c->x->view, c->table, STR_EMPTY, "damaged_row", STR_EMPTY,
                           "the row %.*s cannot be decoded", STR_FMT(key_text(c, c->pairs->key)));
    }
    return 0;
}

static int check_rows(struct table_check *c, struct kv_scan *scan, struct err *err)
{
    for (;;) {
        struct kv_batch pairs;
        TRY(check_interrupt(c->x, err));
        arena_reset(&c->arena);
        c->x->eval.arena = &c->arena;
        KV_TRY(c->x, kv_scan_next(scan, BATCH_ROWS_MAX, &pairs), err);
        if (pairs.n == 0)
            return 0;
        c->pairs = pairs.pairs;
        reset_batch(c, (uint32_t)pairs.n);
        if (row_decode(&c->decoder, pairs.pairs, (uint32_t)pairs.n, c->batch.cols, 0, NULL) == 0)
            TRY(check_batch(c, err));
        else
            TRY(check_single(c, &pairs, err));
    }
}

// ---- entries

// The key of the row that an entry is of.
static int row_key_of(struct table_check *c, struct index_check *ic, struct row_decoder *d, struct vec *cols,
                      const struct kv_pair *entry)
{
    const struct table_index *primary = &c->ta->primary;
    for (uint32_t i = 0; i < primary->n_key; i++) {
        cols[i].nulls[0] = 0;
        cols[i].has_nulls = false;
    }
    TRY(row_decode(d, entry, 1, cols, 0, NULL));
    buf_clear(&c->key);
    buf_str(&c->key, primary->prefix);
    for (uint32_t i = 0; i < primary->n_key; i++) {
        struct datum v = vec_get(&cols[i], 0);
        key_put_datum(&c->key, primary->key_types[i], &v, (enum key_direction)primary->key_desc[i]);
    }
    return 0;
}

static int entry_belongs(struct table_check *c, struct index_check *ic, const struct kv_pair *entry,
                         const struct kv_value *row, bool *belongs, struct err *err)
{
    struct kv_pair pair = {buf_view(&c->key), row->value};
    *belongs = false;
    if (decode_single(c, &pair) != 0)
        return 0; // reported with the rows
    load_row(c, 0);
    TRY(find_members(c, ic, err));
    struct inverted_keys keys = index_keys(&c->arena, c->ta, ic->ti, c->row);
    for (size_t i = 0; i < keys.v.len; i++)
        *belongs |= ic->member[0] && str_eq(keys.v.ptr[i], entry->key);
    return 0;
}

static int check_entry(struct table_check *c, struct index_check *ic, struct row_decoder *d, struct vec *cols,
                       const struct kv_pair *entry, struct err *err)
{
    struct kv_value row;
    bool belongs;
    if (row_key_of(c, ic, d, cols, entry) != 0) {
        REPORT_ENTRY(c, ic, "damaged_index_entry", STR_EMPTY, "the entry %.*s cannot be decoded",
                     STR_FMT(key_text(c, entry->key)));
        return 0;
    }
    KV_TRY(c->x, kv_get(c->x->txn, buf_view(&c->key), KV_READ_SNAPSHOT, &row), err);
    if (!row.found) {
        REPORT_ENTRY(c, ic, "dangling_secondary_index_entry", key_text(c, buf_view(&c->key)),
                     "the entry %.*s is of a row that does not exist", STR_FMT(key_text(c, entry->key)));
        return 0;
    }
    TRY(entry_belongs(c, ic, entry, &row, &belongs, err));
    if (!belongs)
        REPORT_ENTRY(c, ic, "dangling_secondary_index_entry", primary_key_text(c),
                     "the entry %.*s is of a row that has other values now", STR_FMT(key_text(c, entry->key)));
    return 0;
}

static int scan_index(struct table_check *c, struct index_check *ic, unsigned flags, struct kv_scan **out,
                      struct err *err)
{
    struct str prefix = ic->ti->prefix;
    struct kv_range range = {prefix, key_prefix_end(c->x->arena, prefix)};
    KV_TRY(c->x, kv_scan_open(c->x->txn, range, flags | KV_READ_SNAPSHOT, 0, out), err);
    return 0;
}

static int count_entries(struct table_check *c, struct index_check *ic, uint64_t *out, struct err *err)
{
    struct kv_scan *scan;
    struct kv_batch pairs;
    *out = 0;
    TRY(scan_index(c, ic, KV_READ_KEYS_ONLY, &scan, err));
    do {
        TRY(check_interrupt(c->x, err));
        KV_TRY(c->x, kv_scan_next(scan, BATCH_ROWS_MAX, &pairs), err);
        *out += pairs.n;
    } while (pairs.n > 0);
    kv_scan_close(scan);
    return 0;
}

static int check_each_entry(struct table_check *c, struct index_check *ic, struct err *err)
{
    const struct table_index *primary = &c->ta->primary;
    struct row_decoder d;
    struct vec *cols = ARENA_ARRAY(c->x->arena, struct vec, primary->n_key);
    struct kv_scan *scan;
    for (uint32_t i = 0; i < primary->n_key; i++)
        vec_init(&cols[i], c->x->arena, primary->key_types[i], 1);
    row_decoder_init(&d, c->x, c->ta, ic->ti, primary->key_columns, primary->n_key);
    TRY(scan_index(c, ic, 0, &scan, err));
    for (;;) {
        struct kv_batch pairs;
        TRY(check_interrupt(c->x, err));
        KV_TRY(c->x, kv_scan_next(scan, BATCH_ROWS_MAX, &pairs), err);
        if (pairs.n == 0)
            break;
        for (size_t i = 0; i < pairs.n; i++) {
            arena_reset(&c->arena);
            TRY(check_entry(c, ic, &d, cols, &pairs.pairs[i], err));
        }
    }
    kv_scan_close(scan);
    return 0;
}

static int check_index(struct table_check *c, struct index_check *ic, struct err *err)
{
    uint64_t entries;
    c->x->eval.arena = &c->arena;
    TRY(count_entries(c, ic, &entries, err));
    c->sink->entries += entries;
    if (entries == ic->expected && !ic->damaged)
        return 0;
    return check_each_entry(c, ic, err);
}

// ---- tables

static struct ev *compile(struct table_check *c, const struct expr *e)
{
    col_id *cols = ARENA_ARRAY(c->x->arena, col_id, c->batch.ncols);
    for (uint32_t i = 0; i < c->batch.ncols; i++)
        cols[i] = i + 1;
    return ev_compile(c->x, e, cols, c->batch.ncols);
}

// NULL: the expressions stored with the table make no sense; reported.
static int stored_exprs(struct table_check *c, const struct table_exprs **out, struct err *err)
{
    struct err wrong = ERR_INIT;
    *out = NULL;
    int rc = c->x->table_exprs(c->x->table_exprs_arg, c->x->arena, c->table, out, &wrong);
    if (rc == 0)
        return 0;
    *out = NULL;
    check_report_table(c->sink, c->x->view, c->table, STR_EMPTY, "invalid_descriptor", STR_EMPTY,
                       "an expression of the table cannot be understood: %s", wrong.message);
    err_reset(&wrong);
    return check_interrupt(c->x, err);
}

static int prepare(struct table_check *c, struct err *err)
{
    struct exec_context *x = c->x;
    const struct cat_table *t = c->table;
    const struct table_exprs *exprs;
    uint32_t n = (uint32_t)t->n_columns;
    uint32_t *wanted = ARENA_ARRAY(x->arena, uint32_t, n);
    struct type *types = ARENA_ARRAY(x->arena, struct type, n);
    for (uint32_t i = 0; i < n; i++) {
        wanted[i] = i;
        types[i] = t->columns[i].type;
    }
    c->row = ARENA_ARRAY(x->arena, struct datum, n);
    row_decoder_init(&c->decoder, x, c->ta, &c->ta->primary, wanted, n);
    batch_init(&c->batch, x->arena, types, n, BATCH_ROWS_MAX);
    TRY(stored_exprs(c, &exprs, err));
    c->conditions = ARENA_ARRAY(x->arena, struct ev *, t->n_checks);
    for (size_t i = 0; i < t->n_checks; i++)
        c->conditions[i] = exprs != NULL && t->checks[i].validated ? compile(c, exprs->checks[i]) : NULL;
    c->indexes = ARENA_ARRAY(x->arena, struct index_check, t->n_indexes);
    for (size_t i = 0; i < t->n_indexes; i++) {
        bool partial = t->indexes[i].predicate_sql.len > 0;
        c->indexes[i].ti = &c->ta->indexes[i];
        c->indexes[i].skipped = t->indexes[i].state != CAT_INDEX_PUBLIC || (partial && exprs == NULL);
        if (partial && exprs != NULL)
            c->indexes[i].predicate = compile(c, exprs->predicates[i]);
    }
    return 0;
}

// Tables of the system database have no counters.
static int check_row_count(struct table_check *c, struct err *err)
{
    int64_t counted;
    if (c->table->id < CAT_ID_FIRST_USER)
        return 0;
    TRY(cat_row_count(c->x->view, c->table->id, &counted, err));
    if ((uint64_t)counted != c->rows)
        check_report_table(c->sink, c->x->view, c->table, STR_EMPTY, "wrong_row_count", STR_EMPTY,
                           "the table has %llu rows, its counter says %lld", (unsigned long long)c->rows,
                           (long long)counted);
    return 0;
}

static int check_table(struct table_check *c, struct err *err)
{
    struct kv_scan *scan;
    struct str prefix = c->ta->primary.prefix;
    struct kv_range range = {prefix, key_prefix_end(c->x->arena, prefix)};
    TRY(prepare(c, err));
    KV_TRY(c->x, kv_scan_open(c->x->txn, range, KV_READ_SNAPSHOT, 0, &scan), err);
    TRY(check_rows(c, scan, err));
    kv_scan_close(scan);
    for (size_t i = 0; i < c->table->n_indexes; i++) {
        if (!c->indexes[i].skipped)
            TRY(check_index(c, &c->indexes[i], err));
    }
    return check_row_count(c, err);
}

int exec_check_table(struct exec_context *x, const struct cat_table *t, struct check_sink *sink, struct err *err)
{
    struct table_check c = {.x = x, .table = t, .sink = sink, .ta = table_access(x, t)};
    arena_init(&c.arena, x->budget);
    sink->tables++;
    int rc = check_table(&c, err);
    x->eval.arena = x->arena;
    arena_release(&c.arena);
    buf_release(&c.key);
    buf_release(&c.value);
    return rc;
}
