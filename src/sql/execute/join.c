// Joins. One operator, three ways to find the candidates of a batch of left rows:
//   hash     the right side is read once into a hash table on the join keys (without keys: every row is a candidate)
//   merge    both sides are ordered by the join keys: the right side is read along with the left
//   lookup   the right side is an index; its rows are read for the key values of each left row
//   nested   the right side is run again for each left row, whose columns it uses
// Candidates are then filtered by what remains of the ON condition; unmatched rows of preserved sides follow.
//
// When the right side of a hash join passes the work memory, both sides are partitioned by their keys into temporary
// streams and the parts are joined one after the other.
#include "sql/execute/spill_int.h"

enum join_phase { JOIN_LOAD, JOIN_NEED_LEFT, JOIN_MATCHING, JOIN_UNMATCHED_LEFT, JOIN_UNMATCHED_RIGHT, JOIN_DONE };
enum { LEFT, RIGHT };
enum { NO_ROW = 0 }; // row numbers are 1-based in chains

struct join_op {
    struct op op;
    const struct batch *left; // rows at hand of the left side
    enum join_kind kind;
    enum join_phase phase;
    int (*find)(struct join_op *j, struct err *err); // fills heads for the left batch
    struct row_store rows;                           // right rows
    uint32_t *next;                                  // chain: next[row - 1]
    uint32_t next_cap;
    uint32_t heads[BATCH_ROWS_MAX];
    bool matched[BATCH_ROWS_MAX];
    uint8_t *right_matched; // FULL
    uint32_t left_k, candidate;
    uint32_t unmatched_at; // left rows before it have been given out; LEFT: all that belongs to them
    uint16_t *merged;      // LEFT: pairs and unmatched rows in the order of the left side
    struct type *wide_types;
    struct batch ordered; // LEFT: those rows; without columns before they are needed
    struct ev *on;
    uint16_t *sel;
    bool emits_right; // not SEMI, ANTI
    uint32_t n_left;
    struct batch wide; // left and right columns of candidate pairs
    uint32_t pair_k[BATCH_ROWS_MAX], pair_row[BATCH_ROWS_MAX];
    // hash
    struct hash_rows *table;
    struct ev **left_keys, **right_keys;
    struct batch key_batch;
    uint32_t *key_heads, *key_tails;
    uint32_t key_cap;
    bool loaded;
    struct spill_split split;
    struct spill_parts parts;
    struct spill_part part; // being joined; no stream: the inputs are
    bool in_part;
    struct batch part_left;
    struct type *side_types[2];
    // lookup
    struct constraint_eval constraint;
    const struct table_access *ta;
    struct row_decoder decoder, key_decoder;
    struct vec *key_cols;
    struct batch fetched;
    struct ev *lookup_filter;
    struct kv_pair *pairs;
    struct str *keys;
    struct kv_value *values;
    // merge
    struct row_store group; // right rows of the key at hand
    bool group_ready, right_done;
    uint32_t right_k;       // next live row of the right batch
    struct vec *right_vecs; // its keys
    // nested
    struct {
        col_id column;
        uint32_t position;
    } * outers;
    uint32_t n_outers;
};

// Appends rows to the right side; *first is the number of the first.
static int append_right(struct join_op *j, const struct batch *b, uint32_t *first, struct err *err)
{
    *first = j->rows.n_rows;
    TRY(row_store_append(&j->rows, b, NULL, err));
    if (j->rows.n_rows > j->next_cap) {
        j->next_cap = MAX(j->rows.n_rows, MAX(j->next_cap * 2, (uint32_t)BATCH_ROWS_MAX));
        j->next = mem_realloc(j->next, size_mul(j->next_cap, sizeof(*j->next)));
    }
    return 0;
}

static void link_right(struct join_op *j, uint32_t row, uint32_t *head, uint32_t *tail)
{
    j->next[row] = NO_ROW;
    if (*head == NO_ROW)
        *head = row + 1;
    else
        j->next[*tail - 1] = row + 1;
    *tail = row + 1;
}

static int add_right(struct join_op *j, const struct batch *b, uint32_t *head, uint32_t *tail, struct err *err)
{
    uint32_t first;
    TRY(append_right(j, b, &first, err));
    for (uint32_t r = first; r < j->rows.n_rows; r++)
        link_right(j, r, head, tail);
    return 0;
}

// ---- hash

static int find_hash(struct join_op *j, struct err *err);

static int eval_keys(struct join_op *j, struct ev **keys, const struct batch *in, bool *null_row, struct err *err)
{
    const struct plan *p = j->op.plan;
    j->key_batch.n = in->n;
    j->key_batch.sel = in->sel;
    for (uint32_t i = 0; i < p->join.n_keys; i++) {
        const struct vec *v;
        TRY(ev_eval(keys[i], in, &v, err));
        j->key_batch.cols[i] = *v;
        for (uint32_t k = 0; v->has_nulls && !p->join.keys[i].null_equal && k < in->n; k++)
            null_row[k] |= vec_is_null(v, batch_row(in, k));
    }
    return 0;
}

static int grow_key_heads(struct join_op *j, struct err *err)
{
    uint32_t n = hash_rows_count(j->table);
    if (n <= j->key_cap)
        return 0;
    uint32_t cap = MAX(n, MAX(j->key_cap * 2, (uint32_t)BATCH_ROWS_MAX));
    j->key_heads = mem_realloc(j->key_heads, size_mul(cap, sizeof(*j->key_heads)));
    j->key_tails = mem_realloc(j->key_tails, size_mul(cap, sizeof(*j->key_tails)));
    memset(j->key_heads + j->key_cap, 0, (cap - j->key_cap) * sizeof(*j->key_heads));
    memset(j->key_tails + j->key_cap, 0, (cap - j->key_cap) * sizeof(*j->key_tails));
    j->key_cap = cap;
    return 0;
}

static int build_batch(struct join_op *j, const struct batch *in, struct err *err)
{
    bool null_row[BATCH_ROWS_MAX] = {false};
    uint32_t ids[BATCH_ROWS_MAX];
    j->op.x->eval.arena = &j->op.batch;
    TRY(eval_keys(j, j->right_keys, in, null_row, err));
    TRY(hash_rows_ids(j->table, &j->key_batch, NULL, ids, err));
    TRY(grow_key_heads(j, err));
    uint16_t sel[BATCH_ROWS_MAX];
    struct batch kept = {.sel = sel, .cols = in->cols, .ncols = in->ncols};
    for (uint32_t k = 0; k < in->n; k++) {
        if (null_row[k] && j->kind != JOIN_FULL)
            continue;
        ids[kept.n] = null_row[k] ? UINT32_MAX : ids[k];
        sel[kept.n++] = (uint16_t)batch_row(in, k);
    }
    uint32_t first;
    TRY(append_right(j, &kept, &first, err));
    for (uint32_t i = 0; i < kept.n; i++) {
        if (ids[i] == UINT32_MAX) // kept for FULL, but in no chain
            j->next[first + i] = NO_ROW;
        else
            link_right(j, first + i, &j->key_heads[ids[i]], &j->key_tails[ids[i]]);
    }
    return 0;
}

// Rows of one side into the streams of their parts.
static int partition_batch(struct join_op *j, int side, const struct batch *in, struct err *err)
{
    bool null_row[BATCH_ROWS_MAX] = {false};
    arena_reset(&j->op.batch);
    j->op.x->eval.arena = &j->op.batch;
    TRY(eval_keys(j, side == LEFT ? j->left_keys : j->right_keys, in, null_row, err));
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        if (null_row[k] && j->kind != JOIN_FULL && !(side == LEFT && (j->kind == JOIN_LEFT || j->kind == JOIN_ANTI)))
            continue;
        TRY(spill_split_row(&j->split, &j->op, side, j->side_types[side], in->ncols, in, row,
                            hash_row(&j->key_batch, NULL, j->op.plan->join.n_keys, row), err));
    }
    return 0;
}

static int next_rows(struct join_op *j, int side, struct batch *out, struct err *err)
{
    TRY(check_interrupt(j->op.x, err));
    *out = (struct batch){0};
    if (j->in_part)
        return j->part.streams[side] != NULL ? spill_read(j->part.streams[side], out, err) : 0;
    struct op *source = side == LEFT ? j->op.input : j->op.right;
    TRY(op_next(source, err));
    *out = source->out;
    return 0;
}

static void forget_right(struct join_op *j)
{
    row_store_reset(&j->rows);
    hash_rows_reset(j->table);
    if (j->key_cap > 0) {
        memset(j->key_heads, 0, j->key_cap * sizeof(*j->key_heads));
        memset(j->key_tails, 0, j->key_cap * sizeof(*j->key_tails));
    }
    j->loaded = false;
}

// The right side does not fit: what is in memory, the rest and the left side go to streams.
static int partition_sides(struct join_op *j, struct err *err)
{
    struct arena a;
    struct batch in;
    int rc = 0;
    arena_init(&a, j->op.x->budget);
    batch_init(&in, &a, j->rows.types, j->rows.n_cols, BATCH_ROWS_MAX);
    for (uint32_t at = 0; at < j->rows.n_rows && rc == 0; at += in.n) {
        in.n = MIN(j->rows.n_rows - at, (uint32_t)BATCH_ROWS_MAX);
        row_store_read(&j->rows, NULL, at, in.n, in.cols);
        rc = partition_batch(j, RIGHT, &in, err);
    }
    arena_release(&a);
    forget_right(j);
    for (int side = RIGHT; side >= LEFT && rc == 0; side--) {
        do {
            rc = next_rows(j, side, &in, err);
            if (rc == 0 && in.n > 0)
                rc = partition_batch(j, side, &in, err);
        } while (rc == 0 && in.n > 0);
    }
    return rc != 0 ? rc : spill_split_finish(&j->split, &j->parts, err);
}

static bool right_too_large(const struct join_op *j)
{
    size_t links = (size_t)j->next_cap * sizeof(*j->next) + (size_t)j->key_cap * 2 * sizeof(*j->key_heads);
    return j->op.plan->join.n_keys > 0 && j->split.level < SPILL_LEVELS && j->rows.n_rows > 0 &&
           must_spill(j->op.x, row_store_bytes(&j->rows) + hash_rows_bytes(j->table) + links);
}

// Reads the right side of the inputs or of the part at hand.
static int load_right(struct join_op *j, struct err *err)
{
    if (!j->in_part)
        TRY(op_open(j->op.right, err));
    j->phase = JOIN_NEED_LEFT;
    for (;;) {
        struct batch in;
        TRY(next_rows(j, RIGHT, &in, err));
        if (in.n == 0)
            break;
        arena_reset(&j->op.batch);
        if (j->op.plan->join.n_keys > 0) {
            TRY(build_batch(j, &in, err));
        } else {
            TRY(grow_key_heads(j, err));
            TRY(add_right(j, &in, &j->key_heads[0], &j->key_tails[0], err));
        }
        if (right_too_large(j)) {
            j->phase = JOIN_DONE; // goes on with the parts
            return partition_sides(j, err);
        }
    }
    if (j->kind == JOIN_FULL)
        j->right_matched = ARENA_ARRAY(j->op.x->arena, uint8_t, j->rows.n_rows);
    j->loaded = true;
    return 0;
}

// Turns to the next part; false when there is none.
static bool next_part(struct join_op *j)
{
    if (j->find != find_hash)
        return false;
    spill_part_free(&j->part);
    j->in_part = spill_parts_take(&j->parts, &j->part);
    if (!j->in_part)
        return false;
    forget_right(j);
    j->split.level = j->part.level;
    j->phase = JOIN_LOAD;
    return true;
}

static int find_hash(struct join_op *j, struct err *err)
{
    const struct batch *left = j->left;
    const struct plan *p = j->op.plan;
    if (p->join.n_keys == 0) {
        for (uint32_t k = 0; k < left->n; k++)
            j->heads[k] = j->key_heads[0];
        return 0;
    }
    bool null_row[BATCH_ROWS_MAX] = {false};
    TRY(eval_keys(j, j->left_keys, left, null_row, err));
    for (uint32_t k = 0; k < left->n; k++) {
        uint32_t row = batch_row(left, k);
        int64_t id = null_row[k] ? -1
                                 : hash_rows_find(j->table, &j->key_batch, NULL, row,
                                                  hash_row(&j->key_batch, NULL, p->join.n_keys, row));
        j->heads[k] = id < 0 ? NO_ROW : j->key_heads[id];
    }
    return 0;
}

// ---- merge. Both sides come in ascending key order, NULLs first.

// Moves to the next right row; at the end right_done is set.
static int right_advance(struct join_op *j, struct err *err)
{
    struct op *right = j->op.right;
    if (j->right_k < right->out.n)
        j->right_k++;
    while (j->right_k >= right->out.n && !j->right_done) {
        TRY(op_next(right, err));
        j->right_k = 0;
        j->right_done = right->out.n == 0;
        for (uint32_t i = 0; i < j->op.plan->join.n_keys && !j->right_done; i++) {
            const struct vec *v;
            TRY(ev_eval(j->right_keys[i], &right->out, &v, err));
            j->right_vecs[i] = *v;
        }
    }
    return 0;
}

// Key of the right row at hand against a left row; a NULL on the right sorts first and never matches.
static int compare_sides(const struct join_op *j, uint32_t left_row)
{
    uint32_t right_row = batch_row(&j->op.right->out, j->right_k);
    for (uint32_t i = 0; i < j->op.plan->join.n_keys; i++) {
        struct datum l = vec_get(&j->key_batch.cols[i], left_row), r = vec_get(&j->right_vecs[i], right_row);
        if (r.null)
            return -1;
        int c = datum_compare(j->right_vecs[i].type, &r, &l);
        if (c != 0)
            return c;
    }
    return 0;
}

// The group at hand belongs to this left row's key.
static bool group_matches(const struct join_op *j, uint32_t left_row)
{
    if (!j->group_ready)
        return false;
    for (uint32_t i = 0; i < j->op.plan->join.n_keys; i++) {
        struct datum l = vec_get(&j->key_batch.cols[i], left_row);
        struct datum r = row_store_get(&j->group, 0, j->rows.n_cols + i);
        if (datum_compare(j->right_vecs[i].type, &r, &l) != 0)
            return false;
    }
    return true;
}

// Reads the right rows equal to this left row, each followed by its keys.
static int collect_group(struct join_op *j, uint32_t left_row, struct err *err)
{
    uint32_t n_cols = j->rows.n_cols, n_keys = j->op.plan->join.n_keys;
    row_store_reset(&j->group);
    j->group_ready = false;
    while (!j->right_done && compare_sides(j, left_row) < 0)
        TRY(right_advance(j, err));
    while (!j->right_done && compare_sides(j, left_row) == 0) {
        const struct batch *right = &j->op.right->out;
        uint16_t row = (uint16_t)batch_row(right, j->right_k);
        struct vec *cols = ARENA_ARRAY(&j->op.batch, struct vec, n_cols + n_keys);
        memcpy(cols, right->cols, n_cols * sizeof(*cols));
        memcpy(cols + n_cols, j->right_vecs, n_keys * sizeof(*cols));
        struct batch one = {.n = 1, .sel = &row, .cols = cols, .ncols = n_cols + n_keys};
        TRY(row_store_append(&j->group, &one, NULL, err));
        j->group_ready = true;
        TRY(right_advance(j, err));
    }
    return 0;
}

static int find_merge(struct join_op *j, struct err *err)
{
    const struct batch *left = j->left;
    bool null_row[BATCH_ROWS_MAX] = {false};
    row_store_reset(&j->rows);
    if (!j->loaded) {
        j->loaded = true;
        TRY(op_open(j->op.right, err));
        j->op.right->out.n = 0;
        j->right_k = 0;
        j->right_done = false;
        TRY(right_advance(j, err));
        j->op.x->eval.arena = &j->op.batch;
    }
    TRY(eval_keys(j, j->left_keys, left, null_row, err));
    uint32_t head = NO_ROW; // of the group's rows in j->rows; the store starts empty for every left batch
    for (uint32_t k = 0; k < left->n; k++) {
        uint32_t row = batch_row(left, k);
        j->heads[k] = NO_ROW;
        if (null_row[k])
            continue;
        if (!group_matches(j, row)) {
            TRY(collect_group(j, row, err));
            head = NO_ROW;
        }
        if (j->group_ready && head == NO_ROW) {
            uint32_t tail = NO_ROW;
            for (uint32_t from = 0; from < j->group.n_rows; from += BATCH_ROWS_MAX) {
                uint32_t n = MIN(j->group.n_rows - from, (uint32_t)BATCH_ROWS_MAX);
                row_store_read(&j->group, NULL, from, n, j->fetched.cols);
                j->fetched.n = n;
                TRY(add_right(j, &j->fetched, &head, &tail, err));
            }
        }
        j->heads[k] = j->group_ready ? head : NO_ROW;
    }
    return 0;
}

// ---- lookup

static int fetch_primary(struct join_op *j, uint32_t *n, struct err *err)
{
    struct exec_context *x = j->op.x;
    const struct table_index *pk = &j->ta->primary;
    for (uint32_t i = 0; i < pk->n_key; i++)
        j->key_cols[i].has_nulls = false;
    TRY(row_decode(&j->key_decoder, j->pairs, *n, j->key_cols, 0, err));
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < *n; i++) {
        buf_clear(&b);
        buf_str(&b, pk->prefix);
        for (uint32_t c = 0; c < pk->n_key; c++) {
            struct datum d = vec_get(&j->key_cols[c], i);
            key_put_datum(&b, pk->key_types[c], &d, (enum key_direction)pk->key_desc[c]);
        }
        j->keys[i] = arena_str(&j->op.batch, buf_view(&b));
    }
    buf_release(&b);
    unsigned flags = x->read_flags | row_decoder_flags(&j->decoder);
    KV_TRY(x, kv_get_many(txn_marked(x), j->keys, *n, flags, j->values), err);
    uint32_t found = 0;
    for (uint32_t i = 0; i < *n; i++) {
        if (j->values[i].found)
            j->pairs[found++] = (struct kv_pair){j->keys[i], j->values[i].value};
    }
    *n = found;
    return 0;
}

// Decodes the pairs at hand and adds those that pass the lookup's filter to the chain of left row k.
static int add_fetched(struct join_op *j, uint32_t n, uint32_t k, uint32_t *tail, struct err *err)
{
    const struct scan_plan *sp = &j->op.plan->join.lookup;
    j->op.x->rows_read += n;
    if (sp->lookup_primary && n > 0)
        TRY(fetch_primary(j, &n, err));
    if (n == 0)
        return 0;
    for (uint32_t c = 0; c < j->fetched.ncols; c++) {
        if (j->fetched.cols[c].has_nulls)
            memset(j->fetched.cols[c].nulls, 0, n);
        j->fetched.cols[c].has_nulls = false;
    }
    TRY(row_decode(&j->decoder, j->pairs, n, j->fetched.cols, 0, err));
    j->fetched.n = n;
    j->fetched.sel = NULL;
    if (j->lookup_filter != NULL) {
        TRY(ev_filter(j->lookup_filter, &j->fetched, j->sel, &j->fetched.n, err));
        j->fetched.sel = j->sel;
    }
    return add_right(j, &j->fetched, &j->heads[k], tail, err);
}

// How what the lookup finds is read: it is the rows, or entries that lead to them.
static unsigned found_flags(const struct join_op *j)
{
    bool rows = !j->op.plan->join.lookup.lookup_primary;
    return j->op.x->read_flags | (rows ? row_decoder_flags(&j->decoder) : 0);
}

// All left rows look up whole unique keys: one call fetches them.
static int find_points(struct join_op *j, struct err *err)
{
    struct exec_context *x = j->op.x;
    const struct batch *left = j->left;
    uint32_t n = 0, owner[BATCH_ROWS_MAX];
    for (uint32_t k = 0; k < left->n; k++) {
        struct scan_ranges ranges;
        TRY(constraint_ranges(&j->constraint, x, &j->op.batch, left, batch_row(left, k), &ranges, err));
        if (ranges.n == 0)
            continue;
        owner[n] = k;
        j->keys[n++] = ranges.ranges[0].start;
    }
    if (n == 0)
        return 0;
    KV_TRY(x, kv_get_many(txn_marked(x), j->keys, n, found_flags(j), j->values), err);
    struct str *keys = ARENA_ARRAY(&j->op.batch, struct str, n);
    struct kv_value *values = ARENA_ARRAY(&j->op.batch, struct kv_value, n);
    memcpy(keys, j->keys, n * sizeof(*keys));
    memcpy(values, j->values, n * sizeof(*values));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t tail = NO_ROW;
        if (!values[i].found)
            continue;
        j->pairs[0] = (struct kv_pair){keys[i], values[i].value};
        TRY(add_fetched(j, 1, owner[i], &tail, err));
    }
    return 0;
}

static int find_ranges(struct join_op *j, uint32_t k, struct err *err)
{
    struct exec_context *x = j->op.x;
    const struct batch *left = j->left;
    struct scan_ranges ranges;
    TRY(constraint_ranges(&j->constraint, x, &j->op.batch, left, batch_row(left, k), &ranges, err));
    uint32_t tail = NO_ROW;
    for (uint32_t i = 0; i < ranges.n; i++) {
        struct kv_scan *scan;
        struct kv_range range = ranges.ranges[i];
        if (ranges.points)
            range.end = key_prefix_end(&j->op.batch, range.start);
        KV_TRY(x, kv_scan_open(txn_marked(x), range, found_flags(j), 0, &scan), err);
        int rc = 0;
        for (;;) {
            struct kv_batch b;
            enum kv_result r = kv_scan_next(scan, BATCH_ROWS_MAX, &b);
            rc = r == KV_OK ? 0 : kv_error(x, r, err);
            if (rc != 0 || b.n == 0)
                break;
            memcpy(j->pairs, b.pairs, b.n * sizeof(*j->pairs));
            rc = add_fetched(j, (uint32_t)b.n, k, &tail, err);
            if (rc != 0)
                break;
        }
        kv_scan_close(scan);
        TRY(rc);
    }
    return 0;
}

static int find_lookup(struct join_op *j, struct err *err)
{
    const struct batch *left = j->left;
    const struct scan_plan *sp = &j->op.plan->join.lookup;
    row_store_reset(&j->rows);
    memset(j->heads, 0, left->n * sizeof(*j->heads));
    if (sp->unique_point && sp->constraint.n_any == 0 && sp->constraint.any_array == NULL)
        return find_points(j, err);
    for (uint32_t k = 0; k < left->n; k++)
        TRY(find_ranges(j, k, err));
    return 0;
}

// ---- nested

static int find_nested(struct join_op *j, struct err *err)
{
    struct exec_context *x = j->op.x;
    const struct batch *left = j->left;
    row_store_reset(&j->rows);
    memset(j->heads, 0, left->n * sizeof(*j->heads));
    for (uint32_t k = 0; k < left->n; k++) {
        for (uint32_t i = 0; i < j->n_outers; i++)
            x->outer[j->outers[i].column] = vec_get(&left->cols[j->outers[i].position], batch_row(left, k));
        uint32_t tail = NO_ROW;
        TRY(op_open(j->op.right, err));
        for (;;) {
            TRY(op_next(j->op.right, err));
            if (j->op.right->out.n == 0)
                break;
            TRY(add_right(j, &j->op.right->out, &j->heads[k], &tail, err));
        }
    }
    x->eval.arena = &j->op.batch;
    return 0;
}

// ---- matching

static void gather_left(struct join_op *j, struct batch *out, const uint32_t *ks, uint32_t n)
{
    const struct batch *left = j->left;
    for (uint32_t c = 0; c < j->n_left; c++) {
        struct vec *v = &out->cols[c];
        if (v->has_nulls)
            memset(v->nulls, 0, n);
        v->has_nulls = false;
        for (uint32_t i = 0; i < n; i++)
            vec_set(v, i, vec_get(&left->cols[c], batch_row(left, ks[i])));
    }
}

static uint32_t collect_pairs(struct join_op *j)
{
    const struct batch *left = j->left;
    uint32_t n = 0;
    // LEFT: rows that are passed may leave one each.
    while (n + (j->kind == JOIN_LEFT ? j->left_k - j->unmatched_at : 0) < BATCH_ROWS_MAX && j->left_k < left->n) {
        if (j->candidate == NO_ROW) {
            if (++j->left_k < left->n)
                j->candidate = j->heads[j->left_k];
            continue;
        }
        if (!j->emits_right && j->matched[j->left_k]) { // SEMI, ANTI: one match is enough
            j->candidate = NO_ROW;
            continue;
        }
        j->pair_k[n] = j->left_k;
        j->pair_row[n++] = j->candidate - 1;
        j->candidate = j->next[j->candidate - 1];
        if (!j->emits_right && j->on == NULL)
            j->candidate = NO_ROW;
    }
    return n;
}

// The rows of `wide` that `merged` lists, in that order: selections of batches ascend.
static void put_in_order(struct join_op *j, uint32_t n)
{
    struct batch *b = &j->ordered;
    if (b->cols == NULL)
        batch_init(b, j->op.x->arena, j->wide_types, j->wide.ncols, BATCH_ROWS_MAX);
    for (uint32_t c = 0; c < b->ncols; c++) {
        if (b->cols[c].has_nulls)
            memset(b->cols[c].nulls, 0, BATCH_ROWS_MAX);
        b->cols[c].has_nulls = false;
        for (uint32_t i = 0; i < n; i++)
            vec_set(&b->cols[c], i, vec_get(&j->wide.cols[c], j->merged[i]));
    }
    j->op.out.cols = b->cols;
    j->op.out.sel = NULL;
}

// LEFT: the passed rows that matched nothing go behind the pairs as rows of the batch, and into its order among them.
static void merge_unmatched(struct join_op *j, uint32_t n_pairs, uint32_t kept)
{
    const struct batch *left = j->left;
    uint32_t row = n_pairs, at = 0, n = 0;
    for (; j->unmatched_at < j->left_k; j->unmatched_at++) {
        uint32_t k = j->unmatched_at;
        while (at < kept && j->pair_k[j->sel[at]] <= k)
            j->merged[n++] = j->sel[at++];
        if (j->matched[k])
            continue;
        for (uint32_t c = 0; c < j->wide.ncols; c++)
            vec_set(&j->wide.cols[c], row, c < j->n_left ? vec_get(&left->cols[c], batch_row(left, k)) : DATUM_NULL);
        j->merged[n++] = (uint16_t)row++;
    }
    while (at < kept)
        j->merged[n++] = j->sel[at++];
    j->op.out.n = n;
    j->op.out.sel = j->merged;
    j->op.out.cols = j->wide.cols;
    if (kept > 0 && row > n_pairs)
        put_in_order(j, n);
}

static int match(struct join_op *j, struct err *err)
{
    struct op *op = &j->op;
    op->out.n = 0;
    uint32_t n = collect_pairs(j);
    if (n == 0 && (j->kind != JOIN_LEFT || j->unmatched_at == j->left->n)) {
        j->phase = j->kind == JOIN_LEFT ? JOIN_NEED_LEFT : JOIN_UNMATCHED_LEFT;
        j->unmatched_at = 0;
        return 0;
    }
    bool need_values = j->emits_right || j->on != NULL;
    gather_left(j, &j->wide, j->pair_k, n);
    if (need_values)
        row_store_read(&j->rows, j->pair_row, 0, n, j->wide.cols + j->n_left);
    j->wide.n = n;
    j->wide.sel = NULL;
    if (j->on != NULL) {
        op->x->eval.arena = &op->batch;
        TRY(ev_filter(j->on, &j->wide, j->sel, &j->wide.n, err));
        j->wide.sel = j->sel;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < j->wide.n; i++) {
        uint32_t at = batch_row(&j->wide, i);
        bool first = !j->matched[j->pair_k[at]];
        j->matched[j->pair_k[at]] = true;
        if (j->right_matched != NULL)
            j->right_matched[j->pair_row[at]] = 1;
        if (j->emits_right || (first && j->kind == JOIN_SEMI))
            j->sel[kept++] = (uint16_t)at;
    }
    op->out.n = kept;
    op->out.sel = j->sel;
    if (j->kind == JOIN_LEFT)
        merge_unmatched(j, n, kept);
    return 0;
}

static void null_columns(struct batch *b, uint32_t from, uint32_t to, uint32_t n)
{
    for (uint32_t c = from; c < to; c++) {
        for (uint32_t i = 0; i < n; i++)
            vec_set(&b->cols[c], i, DATUM_NULL);
    }
}

static void unmatched_left(struct join_op *j)
{
    const struct batch *left = j->left;
    bool preserved = j->kind == JOIN_FULL || j->kind == JOIN_ANTI;
    uint32_t n = 0;
    for (; preserved && j->unmatched_at < left->n; j->unmatched_at++) {
        if (!j->matched[j->unmatched_at])
            j->pair_k[n++] = j->unmatched_at;
    }
    gather_left(j, &j->wide, j->pair_k, n);
    if (j->emits_right)
        null_columns(&j->wide, j->n_left, j->wide.ncols, n);
    j->op.out.n = n;
    j->op.out.sel = NULL;
    j->phase = JOIN_NEED_LEFT;
}

static void unmatched_right(struct join_op *j)
{
    uint32_t n = 0;
    for (; j->unmatched_at < j->rows.n_rows && n < BATCH_ROWS_MAX; j->unmatched_at++) {
        if (!j->right_matched[j->unmatched_at])
            j->pair_row[n++] = j->unmatched_at;
    }
    for (uint32_t c = 0; c < j->n_left; c++)
        memset(j->wide.cols[c].nulls, 0, n);
    null_columns(&j->wide, 0, j->n_left, n);
    row_store_read(&j->rows, j->pair_row, 0, n, j->wide.cols + j->n_left);
    j->op.out.n = n;
    j->op.out.sel = NULL;
    if (n == 0)
        j->phase = JOIN_DONE;
}

static int need_left(struct join_op *j, struct err *err)
{
    struct op *op = &j->op;
    if (j->in_part) {
        TRY(next_rows(j, LEFT, &j->part_left, err));
        j->left = &j->part_left;
    } else {
        TRY(op_next(op->input, err));
        j->left = &op->input->out;
    }
    arena_reset(&op->batch);
    op->out.n = 0;
    if (j->left->n == 0) {
        j->phase = j->kind == JOIN_FULL ? JOIN_UNMATCHED_RIGHT : JOIN_DONE;
        j->unmatched_at = 0;
        return 0;
    }
    TRY(check_interrupt(op->x, err));
    op->x->eval.arena = &op->batch;
    TRY(j->find(j, err));
    memset(j->matched, 0, sizeof(j->matched));
    j->left_k = 0;
    j->unmatched_at = 0;
    j->candidate = j->heads[0];
    j->phase = JOIN_MATCHING;
    return 0;
}

static int join_next(struct op *op, struct err *err)
{
    struct join_op *j = (struct join_op *)op;
    op->out.n = 0;
    while (op->out.n == 0 && (j->phase != JOIN_DONE || next_part(j))) {
        switch (j->phase) {
        case JOIN_LOAD:
            TRY(load_right(j, err));
            break;
        case JOIN_NEED_LEFT:
            TRY(need_left(j, err));
            break;
        case JOIN_MATCHING:
            TRY(match(j, err));
            break;
        case JOIN_UNMATCHED_LEFT:
            unmatched_left(j);
            break;
        case JOIN_UNMATCHED_RIGHT:
            unmatched_right(j);
            break;
        case JOIN_DONE:
            break;
        }
    }
    return 0;
}

static void forget_parts(struct join_op *j)
{
    spill_split_release(&j->split);
    spill_parts_release(&j->parts);
    spill_part_free(&j->part);
    j->split.level = 0;
    j->in_part = false;
}

static int join_open(struct op *op, struct err *err)
{
    struct join_op *j = (struct join_op *)op;
    j->phase = JOIN_NEED_LEFT;
    if (j->find == find_merge) {
        row_store_reset(&j->group);
        j->group_ready = j->loaded = false;
    }
    if (j->find == find_hash) {
        // Outer columns inside the right side may have changed, so it is read again.
        forget_right(j);
        forget_parts(j);
        j->phase = JOIN_LOAD;
    }
    return op_open(op->input, err);
}

static void join_close(struct op *op)
{
    struct join_op *j = (struct join_op *)op;
    forget_parts(j);
    row_store_release(&j->rows);
    if (j->find == find_merge)
        row_store_release(&j->group);
    mem_free(j->next);
    mem_free(j->key_heads);
    mem_free(j->key_tails);
    j->next = j->key_heads = j->key_tails = NULL;
    j->next_cap = j->key_cap = 0;
}

static const struct op_ops join_ops = {join_open, join_next, join_close};

static struct join_op *join_new(struct exec_context *x, const struct plan *p, const col_id *right_cols,
                                uint32_t n_right)
{
    struct join_op *j = OP_NEW(x, p, &join_ops, struct join_op);
    j->kind = p->join.kind;
    j->op.input = op_build(x, p->input);
    j->emits_right = j->kind != JOIN_SEMI && j->kind != JOIN_ANTI;
    j->n_left = p->input->n_cols;
    row_store_init(&j->rows, x, plan_types(x, right_cols, n_right), n_right);
    uint32_t n = j->n_left + n_right;
    col_id *cols = ARENA_ARRAY(x->arena, col_id, n);
    for (uint32_t i = 0; i < n; i++)
        cols[i] = i < j->n_left ? p->input->cols[i] : right_cols[i - j->n_left];
    j->wide_types = plan_types(x, cols, n);
    batch_init(&j->wide, x->arena, j->wide_types, n, BATCH_ROWS_MAX);
    j->on = p->join.on != NULL ? ev_compile(x, p->join.on, cols, n) : NULL;
    j->sel = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    if (j->kind == JOIN_LEFT)
        j->merged = ARENA_ARRAY(x->arena, uint16_t, BATCH_ROWS_MAX);
    j->op.out = j->wide;
    j->op.out.ncols = j->emits_right ? n : j->n_left;
    return j;
}

struct op *hash_join_build(struct exec_context *x, const struct plan *p)
{
    struct join_op *j = join_new(x, p, p->right->cols, p->right->n_cols);
    j->find = find_hash;
    j->op.right = op_build(x, p->right);
    j->side_types[LEFT] = plan_types(x, p->input->cols, p->input->n_cols);
    j->side_types[RIGHT] = j->rows.types;
    uint32_t n = p->join.n_keys;
    j->left_keys = ARENA_ARRAY(x->arena, struct ev *, n);
    j->right_keys = ARENA_ARRAY(x->arena, struct ev *, n);
    struct type *types = ARENA_ARRAY(x->arena, struct type, MAX(n, 1u));
    for (uint32_t i = 0; i < n; i++) {
        j->left_keys[i] = ev_compile(x, p->join.keys[i].left, p->input->cols, p->input->n_cols);
        j->right_keys[i] = ev_compile(x, p->join.keys[i].right, p->right->cols, p->right->n_cols);
        types[i] = p->join.keys[i].right->type;
    }
    j->table = hash_rows_new(x, types, n);
    j->key_batch = (struct batch){.cols = ARENA_ARRAY(x->arena, struct vec, n), .ncols = n};
    if (n == 0) {
        j->key_cap = 1;
        j->key_heads = mem_zalloc(sizeof(*j->key_heads));
        j->key_tails = mem_zalloc(sizeof(*j->key_tails));
    }
    return &j->op;
}

struct op *lookup_join_build(struct exec_context *x, const struct plan *p)
{
    const struct scan_plan *sp = &p->join.lookup;
    uint32_t n = p->join.n_lookup_cols;
    struct join_op *j = join_new(x, p, p->join.lookup_cols, n);
    j->find = find_lookup;
    scan_note_indexes(x, sp);
    j->ta = table_access(x, sp->table);
    const struct table_index *ti = table_index_of(j->ta, sp->index);
    constraint_compile(&j->constraint, x, sp, p->input->cols, p->input->n_cols);
    uint32_t *wanted = ARENA_ARRAY(x->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        wanted[i] = table_position(sp->table, sp->table_columns[i]);
    row_decoder_init(&j->decoder, x, j->ta, sp->lookup_primary ? &j->ta->primary : ti, wanted, n);
    if (sp->lookup_primary) {
        const struct table_index *pk = &j->ta->primary;
        row_decoder_init(&j->key_decoder, x, j->ta, ti, pk->key_columns, pk->n_key);
        j->key_cols = ARENA_ARRAY(x->arena, struct vec, pk->n_key);
        for (uint32_t i = 0; i < pk->n_key; i++)
            vec_init(&j->key_cols[i], x->arena, pk->key_types[i], BATCH_ROWS_MAX);
    }
    batch_init(&j->fetched, x->arena, plan_types(x, p->join.lookup_cols, n), n, BATCH_ROWS_MAX);
    j->lookup_filter = sp->filter != NULL ? ev_compile(x, sp->filter, p->join.lookup_cols, n) : NULL;
    j->pairs = ARENA_ARRAY(x->arena, struct kv_pair, BATCH_ROWS_MAX);
    j->keys = ARENA_ARRAY(x->arena, struct str, BATCH_ROWS_MAX);
    j->values = ARENA_ARRAY(x->arena, struct kv_value, BATCH_ROWS_MAX);
    return &j->op;
}

struct op *nested_join_build(struct exec_context *x, const struct plan *p)
{
    if (!p->join.correlated)
        return hash_join_build(x, p); // without keys: every right row is a candidate
    struct join_op *j = join_new(x, p, p->right->cols, p->right->n_cols);
    j->find = find_nested;
    j->op.right = op_build(x, p->right);
    j->n_outers = p->input->n_cols;
    j->outers = arena_zalloc(x->arena, sizeof(*j->outers) * j->n_outers);
    for (uint32_t i = 0; i < j->n_outers; i++) {
        j->outers[i].column = p->input->cols[i];
        j->outers[i].position = i;
    }
    return &j->op;
}

struct op *merge_join_build(struct exec_context *x, const struct plan *p)
{
    uint32_t n_right = p->right->n_cols, n = p->join.n_keys;
    struct join_op *j = join_new(x, p, p->right->cols, n_right);
    j->find = find_merge;
    j->op.right = op_build(x, p->right);
    j->left_keys = ARENA_ARRAY(x->arena, struct ev *, n);
    j->right_keys = ARENA_ARRAY(x->arena, struct ev *, n);
    j->right_vecs = ARENA_ARRAY(x->arena, struct vec, n);
    struct type *types = ARENA_ARRAY(x->arena, struct type, n_right + n);
    memcpy(types, plan_types(x, p->right->cols, n_right), n_right * sizeof(*types));
    for (uint32_t i = 0; i < n; i++) {
        j->left_keys[i] = ev_compile(x, p->join.keys[i].left, p->input->cols, p->input->n_cols);
        j->right_keys[i] = ev_compile(x, p->join.keys[i].right, p->right->cols, n_right);
        types[n_right + i] = p->join.keys[i].right->type;
    }
    j->key_batch = (struct batch){.cols = ARENA_ARRAY(x->arena, struct vec, n), .ncols = n};
    row_store_init(&j->group, x, types, n_right + n);
    batch_init(&j->fetched, x->arena, types, n_right + n, BATCH_ROWS_MAX);
    return &j->op;
}
