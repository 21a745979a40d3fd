// Encoding, text and wire forms of tuples: u32 count, then per field the struct type as it is in memory, a null byte,
// the label with its u32 length, and the value with its u32 length.
#include "types/tuple.h"
#include "types/types_int.h"
#include "base/map.h"

enum { FIELD_HEAD = sizeof(struct type) + 1 + 4 };

static size_t field_len(const struct tuple_field *f)
{
    size_t value = f->value.null ? 0 : datum_payload_len(type_physical(f->type), f->value);
    return size_add(FIELD_HEAD + 4 + f->label.len, value);
}

struct str tuple_build(struct arena *a, const struct tuple_field *fields, uint32_t n)
{
    size_t len = 4;
    for (uint32_t i = 0; i < n; i++)
        len = size_add(len, field_len(&fields[i]));
    char *out = arena_alloc_aligned(a, len, 1), *p = out + 4;
    store_le32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct tuple_field *f = &fields[i];
        enum physical physical = type_physical(f->type);
        memcpy(p, &f->type, sizeof(f->type));
        p[sizeof(f->type)] = (char)f->value.null;
        store_le32(p + sizeof(f->type) + 1, (uint32_t)f->label.len);
        p += FIELD_HEAD;
        if (f->label.len != 0)
            memcpy(p, f->label.ptr, f->label.len);
        p += f->label.len;
        size_t value = f->value.null ? 0 : datum_payload_len(physical, f->value);
        store_le32(p, (uint32_t)value);
        p += 4;
        if (!f->value.null)
            datum_payload_write(p, physical, f->value);
        p += value;
    }
    return (struct str){out, len};
}

uint32_t tuple_count(struct str s)
{
    return s.len < 4 ? 0 : load_le32(s.ptr);
}

bool tuple_next(struct str s, size_t *at, struct tuple_field *out)
{
    size_t i = MAX(*at, (size_t)4);
    if (s.len < i || s.len - i < FIELD_HEAD)
        return false;
    memcpy(&out->type, s.ptr + i, sizeof(out->type));
    bool null = s.ptr[i + sizeof(out->type)] != 0;
    size_t label = load_le32(s.ptr + i + sizeof(out->type) + 1);
    i += FIELD_HEAD;
    if (out->type.family >= TYPE_FAMILY_COUNT || label > s.len - i || s.len - i - label < 4)
        return false;
    out->label = str_slice(s, i, i + label);
    i += label;
    size_t value = load_le32(s.ptr + i);
    i += 4;
    if (value > s.len - i)
        return false;
    out->value = DATUM_NULL;
    if (!null)
        out->value = datum_payload_read(type_physical(out->type), str_slice(s, i, i + value));
    *at = i + value;
    return true;
}

bool tuple_get(struct str s, uint32_t wanted, struct tuple_field *out)
{
    size_t at = 0;
    for (uint32_t i = 0; tuple_next(s, &at, out); i++) {
        if (i == wanted)
            return true;
    }
    return false;
}

// --- text ---------------------------------------------------------------------------------------------------------

static bool needs_quotes(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || is_blank(c))
            return true;
    }
    return s.len == 0;
}

// PostgreSQL doubles quotes and backslashes here.
static void print_field(struct buf *out, struct str s)
{
    if (!needs_quotes(s)) {
        buf_str(out, s);
        return;
    }
    buf_putc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            buf_putc(out, s.ptr[i]);
        buf_putc(out, s.ptr[i]);
    }
    buf_putc(out, '"');
}

void tuple_print(struct buf *out, struct str bytes, const struct value_context *vc)
{
    struct tuple_field f;
    struct buf text = BUF_INIT;
    bool first = true;
    buf_putc(out, '(');
    for (size_t at = 0; tuple_next(bytes, &at, &f); first = false) {
        if (!first)
            buf_putc(out, ',');
        if (f.value.null)
            continue;
        buf_clear(&text);
        datum_print(&text, f.type, f.value, vc);
        print_field(out, buf_view(&text));
    }
    buf_putc(out, ')');
    buf_release(&text);
}

int tuple_compare(struct str a, struct str b)
{
    struct tuple_field x, y;
    size_t at = 0, bt = 0;
    for (;;) {
        bool more_a = tuple_next(a, &at, &x), more_b = tuple_next(b, &bt, &y);
        if (!more_a || !more_b)
            return (int)more_a - (int)more_b;
        if (x.type.family != y.type.family) {
            bool unknown = x.value.null || y.value.null;
            if (!unknown)
                return (int)x.type.family - (int)y.type.family;
        }
        int c = datum_compare(x.type, &x.value, &y.value);
        if (c != 0)
            return c;
    }
}

// --- family functions ---------------------------------------------------------------------------------------------

int tuple_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                      struct datum *out, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
}

void tuple_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    tuple_print(out, d.s, vc);
}

int tuple_from_binary_datum(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
}

void tuple_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct tuple_field f;
    buf_be32(out, tuple_count(d.s));
    for (size_t at = 0; tuple_next(d.s, &at, &f);) {
        buf_be32(out, f.type.oid);
        size_t from = out->len;
        buf_be32(out, UINT32_MAX);
        if (f.value.null)
            continue;
        datum_to_binary(out, f.type, f.value, vc);
        if (!out->failed)
            buf_patch_be32(out, from, (uint32_t)(out->len - from - 4));
    }
}

int tuple_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return tuple_compare(a->s, b->s);
}

uint64_t tuple_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    struct tuple_field f;
    for (size_t at = 0; tuple_next(d->s, &at, &f);)
        seed = datum_hash(f.type, &f.value, seed + 1);
    return hash_u64(seed);
}
