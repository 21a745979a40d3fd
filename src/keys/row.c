#include "keys/row.h"
#include "keys/encoding.h"

static uint8_t slot_width(struct type t)
{
    if (type_is(t, TYPE_VOID))
        return 0;
    if (type_is(t, TYPE_UUID))
        return 16;
    switch (type_physical(t)) {
    case PHYSICAL_BOOL:
        return 1;
    case PHYSICAL_I64:
    case PHYSICAL_F64:
        return 8;
    case PHYSICAL_INTERVAL:
        return 16;
    case PHYSICAL_STR:
        return ROW_VARIABLE;
    }
    __builtin_unreachable();
}

void row_layout_init(struct row_layout *l, struct arena *a, const struct type *types, uint32_t n)
{
    uint8_t *widths = ARENA_ARRAY(a, uint8_t, n);
    uint32_t *fixed_bytes = ARENA_ARRAY(a, uint32_t, (size_t)n + 1);
    uint32_t *variables = ARENA_ARRAY(a, uint32_t, (size_t)n + 1);
    for (uint32_t i = 0; i < n; i++) {
        widths[i] = slot_width(types[i]);
        bool variable = widths[i] == ROW_VARIABLE;
        fixed_bytes[i + 1] = fixed_bytes[i] + (variable ? 0 : widths[i]);
        variables[i + 1] = variables[i] + variable;
    }
    *l = (struct row_layout){n, arena_dup(a, types, size_mul(n, sizeof(*types))), widths, fixed_bytes, variables};
}

static void put_nulls(struct buf *out, const struct row_layout *l, const struct datum *slots)
{
    size_t at = out->len;
    buf_fill(out, 0, (l->n + 7) / 8);
    for (uint32_t i = 0; i < l->n && !out->failed; i++)
        if (slots[i].null || l->widths[i] == 0)
            out->ptr[at + i / 8] |= (char)(1 << i % 8);
}

static void put_fixed(struct buf *out, struct type t, const struct datum *d, uint8_t width)
{
    if (d->null) {
        buf_fill(out, 0, width);
    } else if (type_is(t, TYPE_UUID)) {
        INVARIANT(d->s.len == 16);
        buf_append(out, d->s.ptr, 16);
    } else if (width == 1) {
        buf_putc(out, d->b);
    } else {
        buf_append(out, &d->i, width); // i, f and iv share their address
    }
}

static void put_offsets(struct buf *out, const struct row_layout *l, const struct datum *slots, bool wide)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        if (l->widths[i] != ROW_VARIABLE)
            continue;
        end += slots[i].null ? 0 : (uint32_t)slots[i].s.len;
        buf_append(out, &end, wide ? 4 : 2);
    }
}

void row_encode(struct buf *out, const struct row_layout *l, const struct datum *slots)
{
    bool has_nulls = false;
    size_t data_bytes = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        has_nulls |= slots[i].null || l->widths[i] == 0;
        if (l->widths[i] == ROW_VARIABLE && !slots[i].null)
            data_bytes = size_add(data_bytes, slots[i].s.len);
    }
    INVARIANT(data_bytes <= UINT32_MAX);
    bool wide = data_bytes > UINT16_MAX;
    buf_putc(out, (char)(ROW_FORMAT | (has_nulls ? ROW_HAS_NULLS : 0) | (wide ? ROW_WIDE : 0)));
    key_put_uvarint(out, l->n);
    if (has_nulls)
        put_nulls(out, l, slots);
    for (uint32_t i = 0; i < l->n; i++)
        if (l->widths[i] != ROW_VARIABLE)
            put_fixed(out, l->types[i], &slots[i], l->widths[i]);
    put_offsets(out, l, slots, wide);
    for (uint32_t i = 0; i < l->n; i++)
        if (l->widths[i] == ROW_VARIABLE && !slots[i].null)
            buf_str(out, slots[i].s);
}

static int damaged(struct err *err)
{
    return err_set(err, ERR_DATA_CORRUPTED, "row value is damaged");
}

int row_view_init(struct row_view *v, const struct row_layout *l, struct str bytes, struct err *err)
{
    struct key_reader r = key_reader(bytes);
    uint64_t n;
    if (bytes.len < 2)
        return damaged(err);
    uint8_t head = *r.at++;
    if (LIKELY(*r.at < 0x80)) // one byte of the count, without a call
        n = *r.at++;
    else if (!key_get_uvarint(&r, &n))
        return damaged(err);
    if ((head & ROW_FORMAT_MASK) != ROW_FORMAT || n > l->n)
        return damaged(err);
    *v = (struct row_view){.layout = l, .n = (uint32_t)n, .wide = head & ROW_WIDE};
    size_t nulls_bytes = head & ROW_HAS_NULLS ? (n + 7) / 8 : 0;
    size_t offsets_bytes = (size_t)l->variables[n] * (v->wide ? 4 : 2);
    if (key_reader_left(&r) < nulls_bytes + l->fixed_bytes[n] + offsets_bytes)
        return damaged(err);
    v->nulls = nulls_bytes > 0 ? r.at : NULL;
    v->fixed = r.at + nulls_bytes;
    v->offsets = v->fixed + l->fixed_bytes[n];
    v->data = v->offsets + offsets_bytes;
    v->data_bytes = (size_t)(r.end - v->data);
    return 0;
}

static inline bool slot_null(const struct row_view *v, uint32_t slot)
{
    return v->nulls != NULL && v->nulls[slot / 8] >> slot % 8 & 1;
}

static inline uint32_t offset_at(const struct row_view *v, uint32_t k)
{
    uint32_t wide;
    uint16_t narrow;
    if (v->wide) {
        memcpy(&wide, v->offsets + (size_t)k * 4, 4);
        return wide;
    }
    memcpy(&narrow, v->offsets + (size_t)k * 2, 2);
    return narrow;
}

static inline bool get_variable(const struct row_view *v, uint32_t slot, struct str *out)
{
    uint32_t k = v->layout->variables[slot];
    uint32_t start = k == 0 ? 0 : offset_at(v, k - 1), end = offset_at(v, k);
    *out = (struct str){(const char *)v->data + start, end - start};
    return start <= end && end <= v->data_bytes;
}

enum row_slot row_get(const struct row_view *v, uint32_t slot, struct datum *out)
{
    const struct row_layout *l = v->layout;
    *out = DATUM_NULL;
    if (slot >= v->n)
        return ROW_SLOT_ABSENT;
    if (slot_null(v, slot) || l->widths[slot] == 0)
        return ROW_SLOT_NULL;
    out->null = false;
    const uint8_t *p = v->fixed + l->fixed_bytes[slot];
    if (l->widths[slot] == ROW_VARIABLE) {
        if (get_variable(v, slot, &out->s))
            return ROW_SLOT_VALUE;
        *out = DATUM_NULL;
        return ROW_SLOT_DAMAGED;
    }
    if (type_is(l->types[slot], TYPE_UUID))
        out->s = (struct str){(const char *)p, 16};
    else if (l->widths[slot] == 1)
        out->b = *p != 0;
    else
        memcpy(&out->i, p, l->widths[slot]);
    return ROW_SLOT_VALUE;
}

// Rows are decoded a chunk at a time, column by column within the chunk.
enum { CHUNK_ROWS = 32 };

// True when the slot is present and not NULL in every row of the chunk.
static bool chunk_dense(const struct row_view *views, uint32_t n, uint32_t slot)
{
    for (uint32_t r = 0; r < n; r++)
        if (slot >= views[r].n || slot_null(&views[r], slot))
            return false;
    return true;
}

// Values that are plain copies of fixed slots.
static void decode_dense_fixed(const struct row_view *views, uint32_t n, uint32_t slot, struct vec *col, uint32_t at)
{
    size_t offset = views[0].layout->fixed_bytes[slot];
    if (col->physical == PHYSICAL_BOOL) {
        for (uint32_t r = 0; r < n; r++)
            col->b[at + r] = views[r].fixed[offset] != 0;
    } else if (col->physical == PHYSICAL_INTERVAL) {
        for (uint32_t r = 0; r < n; r++)
            memcpy(&col->iv[at + r], views[r].fixed + offset, 16);
    } else if (col->physical == PHYSICAL_STR) {
        for (uint32_t r = 0; r < n; r++)
            col->s[at + r] = (struct str){(const char *)views[r].fixed + offset, 16};
    } else {
        for (uint32_t r = 0; r < n; r++)
            memcpy(&col->i[at + r], views[r].fixed + offset, 8);
    }
    if (col->nulls != NULL)
        memset(col->nulls + at, 0, n);
}

static bool decode_dense_variable(const struct row_view *views, uint32_t n, uint32_t slot, struct vec *col, uint32_t at)
{
    bool ok = true;
    for (uint32_t r = 0; r < n; r++)
        ok &= get_variable(&views[r], slot, &col->s[at + r]);
    if (col->nulls != NULL)
        memset(col->nulls + at, 0, n);
    return ok;
}

static bool decode_sparse(const struct row_view *views, uint32_t n, uint32_t slot, struct datum absent, struct vec *col,
                          uint32_t at)
{
    for (uint32_t r = 0; r < n; r++) {
        struct datum d;
        enum row_slot state = row_get(&views[r], slot, &d);
        if (state == ROW_SLOT_DAMAGED)
            return false;
        vec_set(col, at + r, state == ROW_SLOT_ABSENT ? absent : d);
    }
    return true;
}

static bool decode_slot(const struct row_view *views, uint32_t n, uint32_t slot, struct datum absent, struct vec *col,
                        uint32_t at)
{
    const struct row_layout *l = views[0].layout;
    if (l->widths[slot] == 0 || !chunk_dense(views, n, slot))
        return decode_sparse(views, n, slot, absent, col, at);
    if (l->widths[slot] == ROW_VARIABLE)
        return decode_dense_variable(views, n, slot, col, at);
    decode_dense_fixed(views, n, slot, col, at);
    return true;
}

int row_decode_vecs(const struct row_layout *l, const struct kv_pair *rows, uint32_t n, const uint32_t *slots,
                    uint32_t nslots, const struct datum *absent, struct vec *const *cols, uint32_t first,
                    struct err *err)
{
    struct row_view views[CHUNK_ROWS];
    for (uint32_t done = 0; done < n; done += CHUNK_ROWS) {
        uint32_t chunk = MIN(n - done, (uint32_t)CHUNK_ROWS);
        for (uint32_t r = 0; r < chunk; r++)
            TRY(row_view_init(&views[r], l, rows[done + r].value, err));
        for (uint32_t k = 0; k < nslots; k++)
            if (!decode_slot(views, chunk, slots[k], absent != NULL ? absent[k] : DATUM_NULL, cols[k], first + done))
                return damaged(err);
    }
    return 0;
}
