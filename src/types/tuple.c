// Encoding, text and wire forms of tuples. u32 count, its highest bit set when the type is composite; then per field
// - of a composite type: a null byte, the value with its u32 length;
// - else: the struct type as it is in memory, a null byte, the label with its u32 length, the value with its u32
// length.
#include "types/tuple.h"
#include "types/types_int.h"
#include "base/map.h"

enum { FIELD_HEAD = sizeof(struct type) + 1 + 4, BOUND_HEAD = 1 };
static const uint32_t BOUND = UINT32_C(1) << 31;

static char *put_value(char *p, const struct tuple_field *f)
{
    enum physical physical = type_physical(f->type);
    size_t value = f->value.null ? 0 : datum_payload_len(physical, f->value);
    store_le32(p, (uint32_t)value);
    if (!f->value.null)
        datum_payload_write(p + 4, physical, f->value);
    return p + 4 + value;
}

static char *put_head(char *p, const struct tuple_field *f)
{
    memcpy(p, &f->type, sizeof(f->type));
    p[sizeof(f->type)] = (char)f->value.null;
    store_le32(p + sizeof(f->type) + 1, (uint32_t)f->label.len);
    p += FIELD_HEAD;
    if (f->label.len != 0)
        memcpy(p, f->label.ptr, f->label.len);
    return p + f->label.len;
}

struct str tuple_build(struct arena *a, struct type t, const struct tuple_field *fields, uint32_t n)
{
    bool bound = t.def != NULL;
    size_t len = 4;
    for (uint32_t i = 0; i < n; i++) {
        const struct tuple_field *f = &fields[i];
        len = size_add(len, 4 + (bound ? BOUND_HEAD : FIELD_HEAD + f->label.len));
        len = size_add(len, f->value.null ? 0 : datum_payload_len(type_physical(f->type), f->value));
    }
    char *out = arena_alloc_aligned(a, len, 1), *p = out + 4;
    store_le32(out, n | (bound ? BOUND : 0));
    for (uint32_t i = 0; i < n; i++) {
        if (bound)
            *p++ = (char)fields[i].value.null;
        else
            p = put_head(p, &fields[i]);
        p = put_value(p, &fields[i]);
    }
    return (struct str){out, len};
}

uint32_t tuple_count(struct str s)
{
    return s.len < 4 ? 0 : load_le32(s.ptr) & ~BOUND;
}

struct tuple_reader tuple_open(struct type t, struct str bytes)
{
    return (struct tuple_reader){.type = t, .bytes = bytes, .at = 4};
}

// The next field's type and label.
static bool next_head(struct tuple_reader *r, struct tuple_field *out, bool *null)
{
    struct str s = r->bytes;
    bool bound = s.len >= 4 && (load_le32(s.ptr) & BOUND) != 0;
    size_t head = bound ? BOUND_HEAD : FIELD_HEAD;
    if (s.len < r->at || s.len - r->at < head)
        return false;
    const char *p = s.ptr + r->at;
    r->at += head;
    if (bound) {
        const struct type_def *def = r->type.def;
        if (def == NULL || r->index >= def->n_fields)
            return false;
        *null = *p != 0;
        out->type = def->fields[r->index].type;
        out->label = def->fields[r->index].name;
        return true;
    }
    memcpy(&out->type, p, sizeof(out->type));
    *null = p[sizeof(out->type)] != 0;
    size_t label = load_le32(p + sizeof(out->type) + 1);
    if (out->type.family >= TYPE_FAMILY_COUNT || label > s.len - r->at)
        return false;
    out->label = str_slice(s, r->at, r->at + label);
    r->at += label;
    return true;
}

bool tuple_next(struct tuple_reader *r, struct tuple_field *out)
{
    bool null;
    if (!next_head(r, out, &null) || r->bytes.len - r->at < 4)
        return false;
    size_t value = load_le32(r->bytes.ptr + r->at);
    r->at += 4;
    if (value > r->bytes.len - r->at)
        return false;
    out->value = DATUM_NULL;
    if (!null)
        out->value = datum_payload_read(type_physical(out->type), str_slice(r->bytes, r->at, r->at + value));
    r->at += value;
    r->index++;
    return true;
}

bool tuple_get(struct type t, struct str s, uint32_t wanted, struct tuple_field *out)
{
    struct tuple_reader r = tuple_open(t, s);
    while (tuple_next(&r, out)) {
        if (r.index == wanted + 1)
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

void tuple_print(struct buf *out, struct type t, struct str bytes, const struct value_context *vc)
{
    struct tuple_field f;
    struct tuple_reader r = tuple_open(t, bytes);
    struct buf text = BUF_INIT;
    bool first = true;
    buf_putc(out, '(');
    for (; tuple_next(&r, &f); first = false) {
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

int tuple_compare(struct type ta, struct str a, struct type tb, struct str b)
{
    struct tuple_field x, y;
    struct tuple_reader ra = tuple_open(ta, a), rb = tuple_open(tb, b);
    for (;;) {
        bool more_a = tuple_next(&ra, &x), more_b = tuple_next(&rb, &y);
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

// --- reading text ---------------------------------------------------------------------------------------------------

struct record_reader {
    struct str text;
    size_t at;
    struct type type;
    struct err *err;
};

static int malformed(struct record_reader *r, const char *cause)
{
    return parse_error(r->err, r->text, r->type, cause);
}

// The next field's text up to the comma or parenthesis after it; nothing at all is NULL.
static int read_field(struct record_reader *r, struct buf *out, bool *null)
{
    bool quoted = false;
    *null = true;
    for (; r->at < r->text.len; r->at++) {
        char c = r->text.ptr[r->at];
        if (!quoted && (c == ',' || c == ')'))
            return 0;
        *null = false;
        if (c == '\\') {
            if (++r->at >= r->text.len)
                break;
            buf_putc(out, r->text.ptr[r->at]);
        } else if (c != '"') {
            buf_putc(out, c);
        } else if (quoted && r->at + 1 < r->text.len && r->text.ptr[r->at + 1] == '"') {
            buf_putc(out, '"');
            r->at++;
        } else {
            quoted = !quoted;
        }
    }
    return malformed(r, "malformed record literal");
}

static int read_record(struct record_reader *r, struct arena *a, const struct value_context *vc,
                       struct tuple_field *fields, uint32_t n)
{
    struct buf text = BUF_INIT;
    int rc = 0;
    r->at = 1;
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        buf_clear(&text);
        rc = read_field(r, &text, &fields[i].value.null);
        if (rc == 0 && !fields[i].value.null)
            rc = datum_parse(a, fields[i].type, arena_str(a, buf_view(&text)), vc, &fields[i].value, r->err);
        if (rc == 0)
            rc = datum_fit(a, fields[i].type, true, fields[i].value, &fields[i].value, r->err);
        bool last = i + 1 == n;
        if (rc == 0 && (r->text.ptr[r->at] == ')') != last)
            rc = malformed(r, last ? "malformed record literal: too many columns"
                                   : "malformed record literal: too few columns");
        r->at++;
    }
    buf_release(&text);
    return rc;
}

static struct tuple_field *fields_of(struct arena *a, const struct type_def *def)
{
    struct tuple_field *fields = ARENA_ARRAY(a, struct tuple_field, def->n_fields);
    for (size_t i = 0; i < def->n_fields; i++)
        fields[i] = (struct tuple_field){def->fields[i].type, def->fields[i].name, DATUM_NULL};
    return fields;
}

// --- family functions ---------------------------------------------------------------------------------------------

int tuple_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc,
                      struct datum *out, struct err *err)
{
    if (t.def == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
    struct record_reader r = {.text = str_trim(text), .type = t, .err = err};
    struct tuple_field *fields = fields_of(a, t.def);
    uint32_t n = (uint32_t)t.def->n_fields;
    if (r.text.len < 2 || r.text.ptr[0] != '(' || r.text.ptr[r.text.len - 1] != ')')
        return malformed(&r, "record must be enclosed in ( and )");
    TRY(read_record(&r, a, vc, fields, n));
    if (n > 0 ? r.at != r.text.len : r.text.len != 2)
        return malformed(&r, "malformed record literal");
    out->s = tuple_build(a, t, fields, n);
    return 0;
}

void tuple_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    tuple_print(out, t, d.s, vc);
}

// Number of fields, then for each the OID of its type, its length or -1, and the value.
int tuple_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (t.def == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
    struct tuple_field *fields = fields_of(a, t.def);
    uint32_t n = (uint32_t)t.def->n_fields;
    if (s.len < 4 || load_be32(s.ptr) != n)
        return binary_error(err, t);
    size_t at = 4;
    for (uint32_t i = 0; i < n; i++) {
        if (s.len - at < 8)
            return binary_error(err, t);
        uint32_t oid = load_be32(s.ptr + at);
        int32_t len = (int32_t)load_be32(s.ptr + at + 4);
        at += 8;
        if (oid != fields[i].type.oid)
            return err_set(err, ERR_DATATYPE_MISMATCH, "wrong data type: %u, expected %u", oid, fields[i].type.oid);
        if (len == -1)
            continue;
        if (len < 0 || (size_t)len > s.len - at)
            return binary_error(err, t);
        fields[i].value.null = false;
        TRY(datum_from_binary(a, fields[i].type, str_slice(s, at, at + (size_t)len), &fields[i].value, err));
        TRY(datum_fit(a, fields[i].type, true, fields[i].value, &fields[i].value, err));
        at += (size_t)len;
    }
    out->s = tuple_build(a, t, fields, n);
    return at == s.len ? 0 : binary_error(err, t);
}

void tuple_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct tuple_field f;
    struct tuple_reader r = tuple_open(t, d.s);
    buf_be32(out, tuple_count(d.s));
    while (tuple_next(&r, &f)) {
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
    return tuple_compare(t, a->s, t, b->s);
}

uint64_t tuple_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    struct tuple_field f;
    struct tuple_reader r = tuple_open(t, d->s);
    while (tuple_next(&r, &f))
        seed = datum_hash(f.type, &f.value, seed + 1);
    return hash_u64(seed);
}
