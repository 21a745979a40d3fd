// PG_LSN: text "16/B374D848", wire form.
#include "types/lsn.h"
#include "types/types_int.h"

static bool parse_half(struct str s, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (hex_digit(s.ptr[i]) < 0)
            return false;
        *out = *out << 4 | (uint64_t)hex_digit(s.ptr[i]);
    }
    return s.len >= 1 && s.len <= 8;
}

int lsn_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                    struct err *err)
{
    uint64_t high, low;
    ptrdiff_t slash = str_find(text, STR("/"), 0);
    if (slash < 0 || !parse_half(str_slice(text, 0, (size_t)slash), &high) ||
        !parse_half(str_slice(text, (size_t)slash + 1, text.len), &low))
        return err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "could not parse pg_lsn: invalid value \"%.*s\"",
                       (int)MIN(text.len, (size_t)64), text.ptr);
    *out = lsn_datum(high << 32 | low);
    return 0;
}

void lsn_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_printf(out, "%X/%X", (uint32_t)(lsn_of(d) >> 32), (uint32_t)lsn_of(d));
}

int lsn_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    if (bytes.len != 8)
        return binary_error(err, t);
    *out = lsn_datum(load_be64(bytes.ptr));
    return 0;
}

void lsn_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    buf_be64(out, lsn_of(d));
}

int lsn_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return (a->i > b->i) - (a->i < b->i);
}

uint64_t lsn_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_u64((uint64_t)d->i ^ seed);
}
