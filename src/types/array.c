// Encoding, text and wire forms of arrays.
#include "types/array.h"
#include "types/types_int.h"
#include "base/map.h"

enum { HEAD_LEN = 5, FLAG_NULLS = 1, FLAG_VARIABLE = 2 };

static bool bitmap_get(const uint8_t *bits, uint32_t i)
{
    return bits != NULL && (bits[i / 8] >> (i % 8) & 1) != 0;
}

struct array array_open(struct type t, struct str s)
{
    struct array a = {.element = type_element(t)};
    enum physical p = type_physical(a.element);
    if (s.len < HEAD_LEN)
        return a;
    uint32_t count = load_le32(s.ptr);
    uint8_t flags = (uint8_t)s.ptr[4];
    size_t at = HEAD_LEN, left = s.len - HEAD_LEN;
    size_t bitmap = (flags & FLAG_NULLS) != 0 ? ((size_t)count + 7) / 8 : 0;
    bool variable = (flags & FLAG_VARIABLE) != 0;
    size_t fixed = variable ? (size_t)count * 4 : (size_t)count * physical_size[p];
    if (variable != (p == PHYSICAL_STR) || left < bitmap || left - bitmap < fixed)
        return a;
    a.count = count;
    a.null_bitmap = bitmap != 0 ? (const uint8_t *)s.ptr + at : NULL;
    at += bitmap;
    a.ends = variable ? s.ptr + at : NULL;
    at += variable ? fixed : 0;
    a.data = s.ptr + at;
    a.data_len = s.len - at;
    return a;
}

struct datum array_get(const struct array *a, uint32_t i)
{
    if (bitmap_get(a->null_bitmap, i))
        return DATUM_NULL;
    enum physical p = type_physical(a->element);
    if (p != PHYSICAL_STR)
        return datum_payload_read(
            p, str_slice((struct str){a->data, a->data_len}, (size_t)i * physical_size[p], a->data_len));
    size_t from = i == 0 ? 0 : load_le32(a->ends + 4 * ((size_t)i - 1)), to = load_le32(a->ends + 4 * (size_t)i);
    if (from > to || to > a->data_len)
        return datum_str(STR_EMPTY);
    return datum_str((struct str){a->data + from, to - from});
}

struct str array_build(struct arena *arena, struct type element, const struct datum *items, uint32_t n)
{
    enum physical p = type_physical(element);
    bool variable = p == PHYSICAL_STR, nulls = false;
    size_t data = 0;
    for (uint32_t i = 0; i < n; i++) {
        nulls |= items[i].null;
        data = size_add(data, variable ? (items[i].null ? 0 : items[i].s.len) : physical_size[p]);
    }
    INVARIANT(!variable || data <= UINT32_MAX);
    size_t bitmap = nulls ? ((size_t)n + 7) / 8 : 0;
    size_t len = size_add(HEAD_LEN + bitmap + (variable ? (size_t)n * 4 : 0), data);
    char *out = arena_alloc_aligned(arena, len, 1);
    store_le32(out, n);
    out[4] = (char)((nulls ? FLAG_NULLS : 0) | (variable ? FLAG_VARIABLE : 0));
    char *bits = out + HEAD_LEN, *ends = bits + bitmap, *at = ends + (variable ? (size_t)n * 4 : 0);
    memset(bits, 0, bitmap);
    const char *from = at;
    for (uint32_t i = 0; i < n; i++) {
        if (items[i].null)
            bits[i / 8] = (char)(bits[i / 8] | 1 << (i % 8));
        struct datum zero = {0};
        struct datum d = items[i].null ? zero : items[i];
        datum_payload_write(at, p, d);
        at += datum_payload_len(p, d);
        if (variable)
            store_le32(ends + 4 * (size_t)i, (uint32_t)(at - from));
    }
    return (struct str){out, len};
}

static struct str join(struct arena *a, const struct array *x, const struct array *y)
{
    uint32_t n = x->count + y->count;
    INVARIANT(n >= x->count);
    struct datum *items = ARENA_ARRAY(a, struct datum, n);
    for (uint32_t i = 0; i < x->count; i++)
        items[i] = array_get(x, i);
    for (uint32_t i = 0; i < y->count; i++)
        items[x->count + i] = array_get(y, i);
    return array_build(a, x->element, items, n);
}

struct str array_concat(struct arena *a, struct type t, struct str x, struct str y)
{
    struct array left = array_open(t, x), right = array_open(t, y);
    return join(a, &left, &right);
}

struct str array_append(struct arena *a, struct type t, struct str x, struct datum item)
{
    return array_concat(a, t, x, array_build(a, type_element(t), &item, 1));
}

struct str array_prepend(struct arena *a, struct type t, struct datum item, struct str x)
{
    return array_concat(a, t, array_build(a, type_element(t), &item, 1), x);
}

// --- text ---------------------------------------------------------------------------------------------------------

struct array_reader {
    struct arena *arena;
    struct type type, element;
    struct str text;
    size_t at;
    const struct value_context *vc;
    struct err *err;
    ARENA_VEC(struct datum) items;
};

static int malformed(struct array_reader *r, const char *cause)
{
    return parse_error(r->err, r->text, r->type, cause);
}

static char peek(const struct array_reader *r)
{
    return r->at < r->text.len ? r->text.ptr[r->at] : '\0';
}

static void skip_blanks(struct array_reader *r)
{
    while (is_blank(peek(r)))
        r->at++;
}

// Unescapes into the arena; stops behind the closing quote.
static int read_quoted(struct array_reader *r, struct str *out)
{
    char *copy = arena_alloc_aligned(r->arena, r->text.len - r->at + 1, 1);
    size_t n = 0;
    for (r->at++; r->at < r->text.len && peek(r) != '"'; r->at++) {
        if (peek(r) == '\\' && ++r->at == r->text.len)
            break;
        copy[n++] = peek(r);
    }
    if (r->at >= r->text.len)
        return malformed(r, "malformed array");
    r->at++;
    *out = (struct str){copy, n};
    return 0;
}

static int read_bare(struct array_reader *r, struct str *out, bool *escaped)
{
    size_t from = r->at, n = 0;
    *escaped = false;
    char *copy = NULL;
    for (; r->at < r->text.len && peek(r) != ',' && peek(r) != '}'; r->at++) {
        if (peek(r) == '"' || peek(r) == '{')
            return malformed(r, "malformed array");
        if (peek(r) == '\\') {
            if (!*escaped) { // copy what came before the first escape
                copy = arena_alloc_aligned(r->arena, r->text.len - from, 1);
                memcpy(copy, r->text.ptr + from, n);
                *escaped = true;
            }
            if (++r->at == r->text.len)
                return malformed(r, "malformed array");
        }
        if (*escaped)
            copy[n] = peek(r);
        n++;
    }
    *out = *escaped ? (struct str){copy, n} : str_trim(str_slice(r->text, from, from + n));
    return out->len == 0 ? malformed(r, "malformed array") : 0;
}

static int read_item(struct array_reader *r)
{
    struct str text;
    bool escaped = true;
    if (peek(r) == '{')
        return err_set(r->err, ERR_FEATURE_NOT_SUPPORTED,
                       "could not parse \"%.*s\" as type %s: unimplemented: nested arrays not supported",
                       (int)MIN(r->text.len, (size_t)1000), r->text.ptr, type_family_name(r->type));
    if (peek(r) == '"')
        TRY(read_quoted(r, &text));
    else
        TRY(read_bare(r, &text, &escaped));
    struct datum d = DATUM_NULL;
    if (escaped || !str_ieqc(text, "null")) {
        int rc = datum_parse(r->arena, r->element, text, r->vc, &d, r->err);
        if (rc != 0) {
            struct buf quoted = BUF_INIT;
            buf_str(&quoted, str_slice(r->text, 0, MIN(r->text.len, (size_t)1000)));
            err_wrap(r->err, "could not parse \"%s\" as type %s", buf_c(&quoted), type_family_name(r->type));
            buf_release(&quoted);
            return rc;
        }
    }
    ARENA_PUSH(r->arena, &r->items, d);
    return 0;
}

static int read_items(struct array_reader *r)
{
    skip_blanks(r);
    if (peek(r) != '{')
        return malformed(r, "array must be enclosed in { and }");
    r->at++;
    skip_blanks(r);
    while (peek(r) != '}' || r->items.len != 0) {
        skip_blanks(r);
        if (r->at >= r->text.len)
            return malformed(r, "malformed array");
        TRY(read_item(r));
        skip_blanks(r);
        if (peek(r) == '}')
            break;
        if (peek(r) != ',')
            return malformed(r, "malformed array");
        r->at++;
    }
    r->at++;
    skip_blanks(r);
    return r->at < r->text.len ? malformed(r, "extra text after closing right brace") : 0;
}

// "1 2 3", as int2vector and oidvector are written.
static int read_vector(struct array_reader *r)
{
    for (skip_blanks(r); r->at < r->text.len; skip_blanks(r)) {
        size_t from = r->at;
        while (r->at < r->text.len && !is_blank(peek(r)))
            r->at++;
        struct datum d;
        TRY(datum_parse(r->arena, r->element, str_slice(r->text, from, r->at), r->vc, &d, r->err));
        ARENA_PUSH(r->arena, &r->items, d);
    }
    return 0;
}

static bool is_vector(struct type t)
{
    return t.oid == TYPE_OID_INT2VECTOR || t.oid == TYPE_OID_OIDVECTOR;
}

int array_parse(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct str *out,
                struct err *err)
{
    struct array_reader r = {.arena = a, .type = t, .element = type_element(t), .text = text, .vc = vc, .err = err};
    TRY(is_vector(t) && (text.len == 0 || text.ptr[0] != '{') ? read_vector(&r) : read_items(&r));
    *out = array_build(a, r.element, r.items.ptr, (uint32_t)r.items.len);
    return 0;
}

static bool needs_quotes(struct str s)
{
    if (s.len == 0 || str_ieqc(s, "null"))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || is_blank(c))
            return true;
    }
    return false;
}

static void print_quoted(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, s.ptr[i]);
    }
    buf_putc(out, '"');
}

void array_print(struct buf *out, struct type t, struct str bytes, const struct value_context *vc)
{
    struct array a = array_open(t, bytes);
    bool vector = is_vector(t);
    struct buf text = BUF_INIT;
    buf_cstr(out, vector ? "" : "{");
    for (uint32_t i = 0; i < a.count; i++) {
        if (i > 0)
            buf_putc(out, vector ? ' ' : ',');
        struct datum d = array_get(&a, i);
        if (d.null) {
            buf_cstr(out, "NULL");
            continue;
        }
        buf_clear(&text);
        datum_print(&text, a.element, d, vc);
        if (needs_quotes(buf_view(&text)))
            print_quoted(out, buf_view(&text));
        else
            buf_str(out, buf_view(&text));
    }
    buf_cstr(out, vector ? "" : "}");
    buf_release(&text);
}

// --- family functions ---------------------------------------------------------------------------------------------

int array_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                      struct datum *out, struct err *err)
{
    return array_parse(a, t, text, vc, &out->s, err);
}

void array_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    array_print(out, t, d.s, vc);
}

// dimensions, has-nulls flag, element OID, then per dimension length and lower bound, then the items with lengths.
int array_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (s.len < 12)
        return binary_error(err, t);
    uint32_t dimensions = load_be32(s.ptr), oid = load_be32(s.ptr + 8);
    struct type element = type_element(t), sent;
    if (element.def != NULL && oid == element.oid)
        sent = element;
    else if (!type_from_oid(oid, &sent) || sent.family != element.family)
        return err_set(err, ERR_DATATYPE_MISMATCH, "wrong element type");
    if (dimensions == 0) {
        out->s = array_build(a, element, NULL, 0);
        return s.len == 12 ? 0 : binary_error(err, t);
    }
    if (dimensions != 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: nested arrays not supported");
    if (s.len < 20)
        return binary_error(err, t);
    uint32_t count = load_be32(s.ptr + 12);
    if (count > (s.len - 20) / 4) // every item has at least its length
        return binary_error(err, t);
    struct datum *items = ARENA_ARRAY(a, struct datum, count);
    size_t at = 20;
    for (uint32_t i = 0; i < count; i++) {
        if (s.len - at < 4)
            return binary_error(err, t);
        int32_t len = (int32_t)load_be32(s.ptr + at);
        at += 4;
        items[i] = DATUM_NULL;
        if (len == -1)
            continue;
        if (len < 0 || (size_t)len > s.len - at)
            return binary_error(err, t);
        // The sent element type tells the width: an int4[] is welcome where an int8[] is expected.
        TRY(datum_from_binary(a, sent, str_slice(s, at, at + (size_t)len), &items[i], err));
        at += (size_t)len;
    }
    out->s = array_build(a, element, items, count);
    return at == s.len ? 0 : binary_error(err, t);
}

void array_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct array a = array_open(t, d.s);
    buf_be32(out, a.count > 0 ? 1 : 0);
    buf_be32(out, a.null_bitmap != NULL);
    buf_be32(out, a.element.oid);
    if (a.count == 0)
        return;
    buf_be32(out, a.count);
    buf_be32(out, is_vector(t) ? 0 : 1);
    for (uint32_t i = 0; i < a.count; i++) {
        struct datum item = array_get(&a, i);
        size_t at = out->len;
        buf_be32(out, UINT32_MAX);
        if (item.null)
            continue;
        datum_to_binary(out, a.element, item, vc);
        if (!out->failed)
            buf_patch_be32(out, at, (uint32_t)(out->len - at - 4));
    }
}

int array_compare_datum(struct type t, const struct datum *x, const struct datum *y)
{
    struct array a = array_open(t, x->s), b = array_open(t, y->s);
    for (uint32_t i = 0; i < MIN(a.count, b.count); i++) {
        struct datum p = array_get(&a, i), q = array_get(&b, i);
        int c = datum_compare(a.element, &p, &q);
        if (c != 0)
            return c;
    }
    return (a.count > b.count) - (a.count < b.count);
}

uint64_t array_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    struct array a = array_open(t, d->s);
    for (uint32_t i = 0; i < a.count; i++) {
        struct datum item = array_get(&a, i);
        seed = datum_hash(a.element, &item, seed + 1);
    }
    return hash_u64(seed ^ a.count);
}
