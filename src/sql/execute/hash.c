// Hashing of rows: the table behind hash joins, grouping, DISTINCT and set operations.
//
// Distinct rows are numbered in order of first appearance. The table maps 64-bit hashes to those numbers by open
// addressing; the keys themselves are in a row store. Everything is charged to the statement.
#include "base/map.h"
#include "sql/execute/execute_int.h"

struct hash_rows {
    struct hash_rows *next; // of all tables of the execution
    struct exec_context *x;
    struct row_store keys;
    uint32_t *slots;  // 1-based row number; 0: empty
    uint64_t *hashes; // per row
    uint32_t cap, hashes_cap;
    uint32_t n_compared; // columns of the keys that tell them apart, the first
    size_t charged;
    bool frozen;
};

struct hash_rows *hash_rows_new(struct exec_context *x, const struct type *types, uint32_t n_cols)
{
    struct hash_rows *h = ARENA_NEW(x->arena, struct hash_rows);
    h->x = x;
    row_store_init(&h->keys, x, types, n_cols);
    h->n_compared = n_cols;
    h->next = x->hash_tables;
    x->hash_tables = h;
    return h;
}

void hash_rows_compare(struct hash_rows *h, uint32_t n)
{
    h->n_compared = n;
}

static void discharge(struct hash_rows *h)
{
    if (h->x->budget != NULL)
        budget_release(h->x->budget, h->charged);
    h->charged = 0;
}

void hash_rows_reset(struct hash_rows *h)
{
    h->frozen = false;
    row_store_reset(&h->keys);
    if (h->cap > 0)
        memset(h->slots, 0, h->cap * sizeof(*h->slots));
}

void hash_rows_release_all(struct exec_context *x)
{
    for (struct hash_rows *h = x->hash_tables; h != NULL; h = h->next) {
        row_store_release(&h->keys);
        mem_free(h->slots);
        mem_free(h->hashes);
        h->slots = NULL;
        h->hashes = NULL;
        h->cap = h->hashes_cap = 0;
        discharge(h);
    }
    x->hash_tables = NULL;
}

uint32_t hash_rows_count(const struct hash_rows *h)
{
    return h->keys.n_rows;
}

size_t hash_rows_bytes(const struct hash_rows *h)
{
    size_t per_row = sizeof(*h->hashes) + 2 * sizeof(*h->slots);
    return row_store_bytes(&h->keys) + h->keys.n_rows * per_row;
}

void hash_rows_freeze(struct hash_rows *h)
{
    h->frozen = true;
}

bool hash_rows_frozen(const struct hash_rows *h)
{
    return h->frozen;
}

const struct row_store *hash_rows_keys(const struct hash_rows *h)
{
    return &h->keys;
}

static int charge(struct hash_rows *h, size_t bytes, struct err *err)
{
    if (h->x->budget == NULL)
        return 0;
    TRY(budget_charge(h->x->budget, bytes, err));
    h->charged += bytes;
    return 0;
}

static int grow(struct hash_rows *h, uint32_t rows, struct err *err)
{
    if (rows > h->hashes_cap) {
        uint32_t cap = MAX(rows, MAX(h->hashes_cap * 2, 64u));
        TRY(charge(h, (size_t)(cap - h->hashes_cap) * sizeof(*h->hashes), err));
        h->hashes = mem_realloc(h->hashes, size_mul(cap, sizeof(*h->hashes)));
        h->hashes_cap = cap;
    }
    if ((uint64_t)rows * 2 <= h->cap)
        return 0;
    uint32_t cap = MAX(h->cap, 64u);
    while ((uint64_t)rows * 2 > cap)
        cap *= 2;
    TRY(charge(h, (size_t)(cap - h->cap) * sizeof(*h->slots), err));
    mem_free(h->slots);
    h->slots = mem_zalloc(size_mul(cap, sizeof(*h->slots)));
    h->cap = cap;
    for (uint32_t r = 0; r < h->keys.n_rows; r++) {
        uint32_t at = (uint32_t)h->hashes[r] & (cap - 1);
        while (h->slots[at] != 0)
            at = (at + 1) & (cap - 1);
        h->slots[at] = r + 1;
    }
    return 0;
}

static uint64_t hash_one(const struct vec *v, uint32_t row, uint64_t seed)
{
    uint32_t at = row & v->mask;
    if (v->has_nulls && v->nulls[at])
        return hash_u64(seed ^ 0x9E3779B97F4A7C15u);
    if (v->type.family == TYPE_INT)
        return hash_u64((uint64_t)v->i[at] ^ seed * 0x9E3779B97F4A7C15u) + seed;
    if (v->type.family == TYPE_STRING && v->type.oid != TYPE_OID_BPCHAR)
        return hash_bytes(v->s[at].ptr, v->s[at].len, seed);
    struct datum d = vec_get(v, row);
    return datum_hash(v->type, &d, seed);
}

uint64_t hash_row(const struct batch *b, const uint32_t *positions, uint32_t n, uint32_t row)
{
    uint64_t h = 0x12345;
    for (uint32_t c = 0; c < n; c++)
        h = hash_one(&b->cols[positions != NULL ? positions[c] : c], row, h);
    return h;
}

static bool same_key(const struct hash_rows *h, uint32_t r, const struct batch *b, const uint32_t *positions,
                     uint32_t row)
{
    for (uint32_t c = 0; c < h->n_compared; c++) {
        const struct vec *v = &b->cols[positions != NULL ? positions[c] : c];
        if (v->physical == PHYSICAL_I64 && !v->has_nulls) {
            const char *slot = row_store_slot(&h->keys, r, c);
            if (slot == NULL || compare_int_slots(slot, (const char *)&v->i[row & v->mask]) != 0)
                return false;
            continue;
        }
        struct datum x = row_store_get(&h->keys, r, c), y = vec_get(v, row);
        if (x.null || y.null) {
            if (x.null != y.null)
                return false;
        } else if (h->keys.physicals[c] == PHYSICAL_I64) {
            if (x.i != y.i)
                return false;
        } else if (datum_compare(h->keys.types[c], &x, &y) != 0) {
            return false;
        }
    }
    return true;
}

int64_t hash_rows_find(const struct hash_rows *h, const struct batch *b, const uint32_t *positions, uint32_t row,
                       uint64_t hash)
{
    if (h->cap == 0)
        return -1;
    for (uint32_t at = (uint32_t)hash & (h->cap - 1); h->slots[at] != 0; at = (at + 1) & (h->cap - 1)) {
        uint32_t r = h->slots[at] - 1;
        if (h->hashes[r] == hash && same_key(h, r, b, positions, row))
            return r;
    }
    return -1;
}

int hash_rows_ids(struct hash_rows *h, const struct batch *b, const uint32_t *positions, uint32_t *ids, struct err *err)
{
    if (!h->frozen)
        TRY(grow(h, h->keys.n_rows + b->n, err));
    for (uint32_t k = 0; k < b->n; k++) {
        uint32_t row = batch_row(b, k);
        uint64_t hash = hash_row(b, positions, h->n_compared, row);
        int64_t found = hash_rows_find(h, b, positions, row, hash);
        if (found >= 0) {
            ids[k] = (uint32_t)found;
            continue;
        }
        if (h->frozen) {
            ids[k] = NO_ID;
            continue;
        }
        uint16_t one = (uint16_t)row;
        struct batch single = {.n = 1, .sel = &one, .cols = b->cols, .ncols = b->ncols};
        ids[k] = h->keys.n_rows;
        TRY(row_store_append(&h->keys, &single, positions, err));
        h->hashes[ids[k]] = hash;
        uint32_t at = (uint32_t)hash & (h->cap - 1);
        while (h->slots[at] != 0)
            at = (at + 1) & (h->cap - 1);
        h->slots[at] = ids[k] + 1;
    }
    return 0;
}

int hash_rows_add(struct hash_rows *h, const struct batch *b, const uint32_t *positions, uint16_t *fresh, uint32_t *n,
                  struct err *err)
{
    uint32_t ids[BATCH_ROWS_MAX], seen = h->keys.n_rows;
    TRY(hash_rows_ids(h, b, positions, ids, err));
    *n = 0;
    for (uint32_t k = 0; k < b->n; k++) {
        if (ids[k] == seen) { // numbers are given in order: a new row has the next one
            fresh[(*n)++] = (uint16_t)batch_row(b, k);
            seen++;
        }
    }
    return 0;
}
