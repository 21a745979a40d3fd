// Buffered rows: blocks of ROW_STORE_BLOCK_ROWS rows, column by column inside a block, so that reading back is a copy
// per column. Bytes are copied into the store's arena, whose budget is the statement's.
#include "sql/execute/execute_int.h"

// One block: per column an array of slots, then an array of nulls.
enum { SLOT_BYTES = ROW_STORE_SLOT_BYTES };

struct type *plan_types(struct exec_context *x, const col_id *cols, uint32_t n)
{
    struct type *types = ARENA_ARRAY(x->arena, struct type, n);
    for (uint32_t i = 0; i < n; i++)
        types[i] = query_column(x->plan->query, cols[i])->type;
    return types;
}

void batch_init(struct batch *b, struct arena *a, const struct type *types, uint32_t n_cols, uint32_t rows)
{
    *b = (struct batch){.cols = ARENA_ARRAY(a, struct vec, n_cols), .ncols = n_cols};
    for (uint32_t i = 0; i < n_cols; i++)
        vec_init(&b->cols[i], a, types[i], rows);
}

void row_store_init(struct row_store *rs, struct exec_context *x, const struct type *types, uint32_t n_cols)
{
    *rs = (struct row_store){.x = x, .n_cols = n_cols};
    arena_init(&rs->arena, x->budget);
    rs->types = arena_dup(x->arena, types, n_cols * sizeof(*types));
    rs->physicals = ARENA_ARRAY(x->arena, uint8_t, n_cols);
    for (uint32_t i = 0; i < n_cols; i++)
        rs->physicals[i] = (uint8_t)type_physical(types[i]);
    rs->row_bytes = n_cols * (SLOT_BYTES + 1);
}

void row_store_reset(struct row_store *rs)
{
    arena_reset(&rs->arena);
    rs->blocks.ptr = NULL;
    rs->blocks.len = rs->blocks.cap = 0;
    rs->n_rows = 0;
}

void row_store_release(struct row_store *rs)
{
    arena_release(&rs->arena);
    rs->blocks.ptr = NULL;
    rs->blocks.len = rs->blocks.cap = 0;
    rs->n_rows = 0;
}

size_t row_store_bytes(const struct row_store *rs)
{
    return rs->n_rows == 0 ? 0 : arena_bytes(&rs->arena);
}

static char *block_nulls(char *block, uint32_t col)
{
    return block + (size_t)col * ROW_STORE_BLOCK_ROWS * (SLOT_BYTES + 1) + (size_t)ROW_STORE_BLOCK_ROWS * SLOT_BYTES;
}

static char *block_slot(char *block, uint32_t col, uint32_t at)
{
    return block + (size_t)col * ROW_STORE_BLOCK_ROWS * (SLOT_BYTES + 1) + (size_t)at * SLOT_BYTES;
}

static void store_value(struct row_store *rs, char *slot, const struct vec *v, uint32_t row)
{
    row &= v->mask;
    switch ((enum physical)v->physical) {
    case PHYSICAL_BOOL:
        *(uint8_t *)slot = v->b[row];
        break;
    case PHYSICAL_I64:
        memcpy(slot, &v->i[row], 8);
        break;
    case PHYSICAL_F64:
        memcpy(slot, &v->f[row], 8);
        break;
    case PHYSICAL_INTERVAL:
        memcpy(slot, &v->iv[row], sizeof(struct interval));
        break;
    case PHYSICAL_STR: {
        struct str s = v->s[row];
        char *copy = arena_alloc(&rs->arena, s.len);
        if (s.len > 0)
            memcpy(copy, s.ptr, s.len);
        s.ptr = copy;
        memcpy(slot, &s, sizeof(s));
        break;
    }
    }
}

static void append_row(struct row_store *rs, const struct batch *b, uint32_t row, const uint32_t *positions)
{
    uint32_t at = rs->n_rows % ROW_STORE_BLOCK_ROWS;
    if (at == 0)
        ARENA_PUSH(&rs->arena, &rs->blocks,
                   arena_alloc(&rs->arena, MAX((size_t)rs->row_bytes * ROW_STORE_BLOCK_ROWS, (size_t)1)));
    char *block = rs->blocks.ptr[rs->blocks.len - 1];
    for (uint32_t c = 0; c < rs->n_cols; c++) {
        const struct vec *v = &b->cols[positions != NULL ? positions[c] : c];
        bool null = vec_is_null(v, row);
        block_nulls(block, c)[at] = null;
        if (!null)
            store_value(rs, block_slot(block, c, at), v, row);
    }
    rs->n_rows++;
}

int row_store_append(struct row_store *rs, const struct batch *b, const uint32_t *positions, struct err *err)
{
    for (uint32_t k = 0; k < b->n; k++)
        append_row(rs, b, batch_row(b, k), positions);
    return budget_check(rs->x->budget, err);
}

struct datum row_store_get(const struct row_store *rs, uint32_t row, uint32_t col)
{
    const char *slot = row_store_slot(rs, row, col);
    struct datum d = {0};
    if (slot == NULL)
        return DATUM_NULL;
    switch ((enum physical)rs->physicals[col]) {
    case PHYSICAL_BOOL:
        d.b = *(const uint8_t *)slot;
        break;
    case PHYSICAL_I64:
        memcpy(&d.i, slot, 8);
        break;
    case PHYSICAL_F64:
        memcpy(&d.f, slot, 8);
        break;
    case PHYSICAL_INTERVAL:
        memcpy(&d.iv, slot, sizeof(d.iv));
        break;
    case PHYSICAL_STR:
        memcpy(&d.s, slot, sizeof(d.s));
        break;
    }
    return d;
}

void row_store_read(const struct row_store *rs, const uint32_t *ids, uint32_t first, uint32_t n, struct vec *cols)
{
    for (uint32_t c = 0; c < rs->n_cols; c++) {
        if (cols[c].has_nulls)
            memset(cols[c].nulls, 0, n);
        cols[c].has_nulls = false;
        for (uint32_t i = 0; i < n; i++)
            vec_set(&cols[c], i, row_store_get(rs, ids != NULL ? ids[i] : first + i, c));
    }
}
