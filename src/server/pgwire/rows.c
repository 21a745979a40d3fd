#include "server/pgwire/rows.h"
#include "server/pgwire/backend.h"

enum { ROW_BYTES_MAX = 1 << 30 };

int16_t result_format_of(struct result_formats formats, size_t column)
{
    if (formats.n == 0)
        return 0;
    return formats.codes[column < formats.n ? column : 0];
}

// ---- encoders: a length and the value; not called with NULL

static void put_bytes(struct buf *out, const void *ptr, size_t len)
{
    buf_be32(out, (uint32_t)len);
    buf_append(out, ptr, len);
}

static void text_bool(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    put_bytes(out, v->b[row & v->mask] ? "t" : "f", 1);
}

static void text_int(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    char digits[24], *p = digits + sizeof(digits);
    int64_t value = v->i[row & v->mask];
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--p = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0)
        *--p = '-';
    put_bytes(out, p, (size_t)(digits + sizeof(digits) - p));
}

static void raw_str(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    struct str s = v->s[row & v->mask];
    put_bytes(out, s.ptr, s.len);
}

static void text_uuid(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    static const char hex[] = "0123456789abcdef";
    struct str s = v->s[row & v->mask];
    char text[36], *p = text;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[(uint8_t)s.ptr[i] >> 4];
        *p++ = hex[s.ptr[i] & 15];
    }
    put_bytes(out, text, sizeof(text));
}

static void text_any(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    size_t at = out->len;
    buf_be32(out, 0);
    datum_print(out, v->type, vec_get(v, row), vc);
    buf_patch_be32(out, at, (uint32_t)(out->len - at - 4));
}

static void binary_bool(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    char value = v->b[row & v->mask] != 0;
    put_bytes(out, &value, 1);
}

static void binary_int2(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    buf_be32(out, 2);
    buf_be16(out, (uint16_t)v->i[row & v->mask]);
}

static void binary_int4(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    buf_be32(out, 4);
    buf_be32(out, (uint32_t)v->i[row & v->mask]);
}

static void binary_int8(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    buf_be32(out, 8);
    buf_be64(out, (uint64_t)v->i[row & v->mask]);
}

static void binary_any(struct buf *out, const struct vec *v, uint32_t row, const struct value_context *vc)
{
    size_t at = out->len;
    buf_be32(out, 0);
    datum_to_binary(out, v->type, vec_get(v, row), vc);
    buf_patch_be32(out, at, (uint32_t)(out->len - at - 4));
}

static value_encoder choose(struct type t, bool binary)
{
    switch ((enum type_family)t.family) {
    case TYPE_BOOL:
        return binary ? binary_bool : text_bool;
    case TYPE_INT:
        if (!binary)
            return text_int;
        return t.width == 16 ? binary_int2 : t.width == 32 ? binary_int4 : binary_int8;
    case TYPE_STRING:
        // CHAR(n) is blank-padded, which printing knows.
        if (t.oid != TYPE_OID_BPCHAR && !(binary && t.oid == TYPE_OID_QCHAR))
            return raw_str;
        return binary ? binary_any : text_any;
    case TYPE_BYTES:
        return binary ? raw_str : text_any;
    case TYPE_UUID:
        return binary ? raw_str : text_uuid;
    default:
        return binary ? binary_any : text_any;
    }
}

void row_encoder_init(struct row_encoder *e, struct arena *a, const struct batch *batch, struct result_formats formats,
                      const struct value_context *vc)
{
    e->batch = batch;
    e->vc = vc;
    e->columns = ARENA_ARRAY(a, value_encoder, batch->ncols);
    for (uint32_t i = 0; i < batch->ncols; i++)
        e->columns[i] = choose(batch->cols[i].type, result_format_of(formats, i) == 1);
}

int row_encoder_append(const struct row_encoder *e, uint32_t k, struct buf *out, struct err *err)
{
    const struct batch *batch = e->batch;
    uint32_t row = batch_row(batch, k);
    size_t at = backend_begin(out, 'D');
    buf_be16(out, (uint16_t)batch->ncols);
    for (uint32_t i = 0; i < batch->ncols; i++) {
        if (vec_is_null(&batch->cols[i], row))
            buf_be32(out, UINT32_MAX);
        else
            e->columns[i](out, &batch->cols[i], row, e->vc);
    }
    if (out->len - at > ROW_BYTES_MAX) {
        size_t bytes = out->len - at;
        out->len = at - 1;
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "row of %zu bytes is too large to be sent", bytes);
    }
    backend_end(out, at);
    return 0;
}
