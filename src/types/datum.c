// Values and column vectors: dispatch by type family, copying, vectors.
#include "types/types_int.h"
#include "types/array.h"
#include "types/collation.h"
#include "types/text.h"
#include "types/tuple.h"

#define OPS(f) \
    f##_parse_datum, f##_print_datum, f##_from_binary_datum, f##_to_binary_datum, f##_compare_datum, f##_hash_datum
const struct family_ops family_ops[TYPE_FAMILY_COUNT] = {
    [TYPE_UNKNOWN] = {"unknown", "unknown[]", OPS(unknown), LITERAL_QUOTED},
    [TYPE_BOOL] = {"bool", "bool[]", OPS(bool), LITERAL_BARE},
    [TYPE_INT] = {"int", "int[]", OPS(int), LITERAL_BARE},
    [TYPE_FLOAT] = {"float", "float[]", OPS(float), LITERAL_BARE},
    [TYPE_DECIMAL] = {"decimal", "decimal[]", OPS(decimal), LITERAL_BARE},
    [TYPE_STRING] = {"string", "string[]", OPS(string), LITERAL_QUOTED},
    [TYPE_BYTES] = {"bytes", "bytes[]", OPS(bytes), LITERAL_QUOTED},
    [TYPE_UUID] = {"uuid", "uuid[]", OPS(uuid), LITERAL_QUOTED},
    [TYPE_DATE] = {"date", "date[]", OPS(date), LITERAL_QUOTED},
    [TYPE_TIME] = {"time", "time[]", OPS(time), LITERAL_QUOTED},
    [TYPE_TIMETZ] = {"timetz", "timetz[]", OPS(timetz), LITERAL_QUOTED},
    [TYPE_TIMESTAMP] = {"timestamp", "timestamp[]", OPS(timestamp), LITERAL_QUOTED},
    [TYPE_TIMESTAMPTZ] = {"timestamptz", "timestamptz[]", OPS(timestamptz), LITERAL_QUOTED},
    [TYPE_INTERVAL] = {"interval", "interval[]", OPS(interval), LITERAL_QUOTED},
    [TYPE_JSONB] = {"jsonb", "jsonb[]", OPS(json), LITERAL_QUOTED},
    [TYPE_INET] = {"inet", "inet[]", OPS(inet), LITERAL_QUOTED},
    [TYPE_BIT] = {"varbit", "varbit[]", OPS(bits), LITERAL_BITS},
    [TYPE_OID] = {"oid", "oid[]", OPS(oid), LITERAL_BARE},
    [TYPE_ARRAY] = {"array", "array[]", OPS(array), LITERAL_ARRAY},
    [TYPE_TUPLE] = {"tuple", "tuple[]", OPS(tuple), LITERAL_TUPLE},
    [TYPE_COLLATED] = {"collatedstring", "collatedstring[]", OPS(collated), LITERAL_QUOTED},
    [TYPE_TSVECTOR] = {"tsvector", "tsvector[]", OPS(tsvector), LITERAL_QUOTED},
    [TYPE_TSQUERY] = {"tsquery", "tsquery[]", OPS(tsquery), LITERAL_QUOTED},
    [TYPE_VECTOR] = {"vector", "vector[]", OPS(vector), LITERAL_QUOTED},
    [TYPE_LTREE] = {"ltree", "ltree[]", OPS(ltree), LITERAL_QUOTED},
    [TYPE_ACLITEM] = {"aclitem", "aclitem[]", OPS(aclitem), LITERAL_QUOTED},
    [TYPE_MACADDR] = {"macaddr", "macaddr[]", OPS(macaddr), LITERAL_QUOTED},
    [TYPE_MACADDR8] = {"macaddr8", "macaddr8[]", OPS(macaddr8), LITERAL_QUOTED},
    [TYPE_TID] = {"tid", "tid[]", OPS(tid), LITERAL_QUOTED},
    [TYPE_PG_LSN] = {"pg_lsn", "pg_lsn[]", OPS(lsn), LITERAL_QUOTED},
    [TYPE_REFCURSOR] = {"refcursor", "refcursor[]", OPS(string), LITERAL_QUOTED},
    [TYPE_JSONPATH] = {"jsonpath", "jsonpath[]", OPS(path), LITERAL_QUOTED},
    [TYPE_ENUM] = {"enum", "enum[]", OPS(enum), LITERAL_QUOTED},
    [TYPE_VOID] = {"void", "void[]", OPS(unknown), LITERAL_QUOTED},
    [TYPE_ANY] = {"anyelement", "anyelement[]", OPS(unknown), LITERAL_QUOTED},
};
#undef OPS

static const struct value_context default_context;

int parse_error(struct err *err, struct str text, struct type t, const char *cause)
{
    struct buf quoted = BUF_INIT;
    go_quote(&quoted, text.len > 1000 ? str_slice(text, 0, 1000) : text);
    int rc = err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "could not parse %s as type %s%s%s", buf_c(&quoted),
                     type_family_name(t), cause != NULL ? ": " : "", cause != NULL ? cause : "");
    buf_release(&quoted);
    return rc;
}

int binary_error(struct err *err, struct type t)
{
    return err_set(err, ERR_INVALID_BINARY_REPRESENTATION, "incorrect binary data format for type %s",
                   type_family_name(t));
}

int datum_parse(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                struct err *err)
{
    out->null = false;
    return family_ops[t.family].parse(a, t, text, vc != NULL ? vc : &default_context, out, err);
}

void datum_print(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    family_ops[t.family].print(out, t, d, vc != NULL ? vc : &default_context);
}

int datum_from_binary(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err)
{
    out->null = false;
    return family_ops[t.family].from_binary(a, t, bytes, out, err);
}

void datum_to_binary(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    family_ops[t.family].to_binary(out, t, d, vc != NULL ? vc : &default_context);
}

int datum_compare(struct type t, const struct datum *a, const struct datum *b)
{
    if (UNLIKELY(a->null || b->null))
        return (int)b->null - (int)a->null;
    switch ((enum type_family)t.family) { // the hot families without an indirect call
    case TYPE_INT:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_OID:
    case TYPE_ENUM:
        return (a->i > b->i) - (a->i < b->i);
    case TYPE_STRING:
    case TYPE_BYTES:
    case TYPE_UUID:
        return str_cmp(a->s, b->s);
    default:
        return family_ops[t.family].compare(t, a, b);
    }
}

uint64_t datum_hash(struct type t, const struct datum *d, uint64_t seed)
{
    if (d->null)
        return hash_u64(seed ^ 0x6E756C6C);
    switch ((enum type_family)t.family) {
    case TYPE_INT:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_OID:
    case TYPE_ENUM:
        return hash_u64((uint64_t)d->i ^ seed);
    case TYPE_STRING:
    case TYPE_BYTES:
    case TYPE_UUID:
        return hash_bytes(d->s.ptr, d->s.len, seed);
    default:
        return family_ops[t.family].hash(t, d, seed);
    }
}

struct datum datum_copy(struct arena *a, struct type t, struct datum d)
{
    if (!d.null && type_physical(t) == PHYSICAL_STR)
        d.s = arena_str(a, d.s);
    return d;
}

// The type name of an annotation: STRING for all strings, no modifiers, as stored defaults print.
static void print_annotation(struct buf *out, struct type t)
{
    buf_cstr(out, ":::");
    struct type e = t.family == TYPE_ARRAY ? type_element(t) : t;
    switch ((enum type_family)e.family) {
    case TYPE_STRING:
        buf_cstr(out, e.oid == TYPE_OID_NAME || e.oid == TYPE_OID_QCHAR ? (e.oid == TYPE_OID_NAME ? "NAME" : "\"char\"")
                                                                        : "STRING");
        break;
    case TYPE_INT:
        buf_cstr(out, "INT8");
        break;
    case TYPE_FLOAT:
        buf_cstr(out, "FLOAT8");
        break;
    default: {
        struct type plain = e;
        if (!type_from_oid(e.oid, &plain))
            plain = e;
        type_print(out, plain);
    }
    }
    if (t.family == TYPE_ARRAY)
        buf_cstr(out, "[]");
}

// Numbers and booleans: bare where SQL reads them back as such, quoted for NaN and infinities.
static void print_bare(struct buf *out, struct type t, struct datum d, bool annotate)
{
    if (t.family == TYPE_BOOL) {
        buf_cstr(out, d.b ? "true" : "false");
        return;
    }
    struct buf text = BUF_INIT;
    datum_print(&text, t, d, NULL);
    struct str s = buf_view(&text);
    bool negative = s.ptr[0] == '-';
    bool number = is_digit(s.ptr[negative ? 1 : 0]);
    const char *open = !number ? "'" : annotate && negative ? "(" : "";
    const char *close = !number ? "'" : annotate && negative ? ")" : "";
    bool whole =
        number && t.family == TYPE_FLOAT && memchr(s.ptr, '.', s.len) == NULL && memchr(s.ptr, 'e', s.len) == NULL;
    buf_cstr(out, open);
    buf_str(out, s);
    buf_cstr(out, whole ? ".0" : "");
    buf_cstr(out, close);
    if (annotate)
        print_annotation(out, t);
    else if (!number)
        buf_cstr(out, t.family == TYPE_FLOAT ? "::FLOAT8" : "::DECIMAL");
    buf_release(&text);
}

static void print_array_literal(struct buf *out, struct type t, struct datum d, bool annotate)
{
    struct array array = array_open(t, d.s);
    buf_cstr(out, "ARRAY[");
    for (uint32_t i = 0; i < array.count; i++) {
        buf_cstr(out, i == 0 ? "" : ", ");
        datum_print_sql(out, array.element, array_get(&array, i), annotate);
    }
    buf_putc(out, ']');
    if (annotate)
        print_annotation(out, t);
    else if (array.count == 0) {
        buf_cstr(out, "::");
        type_print(out, t);
    }
}

static void print_quoted(struct buf *out, struct type t, struct datum d, bool annotate)
{
    if (t.family == TYPE_STRING || t.family == TYPE_COLLATED) {
        sql_quote_string(out, d.s);
        if (t.family == TYPE_COLLATED && !type_is_citext(t))
            buf_printf(out, annotate ? ":::STRING COLLATE %s" : " COLLATE %s", collation_name(t.scale));
    } else if (t.family == TYPE_BYTES) { // '\x61': a backslash is plain in ordinary literals
        buf_putc(out, '\'');
        bytes_print(out, d.s, BYTEA_OUTPUT_HEX);
        buf_putc(out, '\'');
    } else {
        struct buf text = BUF_INIT;
        datum_print(&text, t, d, NULL);
        sql_quote_string(out, buf_view(&text));
        buf_release(&text);
    }
    if (annotate && (t.family != TYPE_COLLATED || type_is_citext(t)))
        print_annotation(out, t);
}

static void print_tuple_literal(struct buf *out, struct type t, struct datum d, bool annotate)
{
    if (t.def != NULL) {
        print_quoted(out, t, d, annotate);
        return;
    }
    struct tuple_reader r = tuple_open(t, d.s);
    struct tuple_field f;
    uint32_t n = 0;
    buf_putc(out, '(');
    for (; tuple_next(&r, &f); n++) {
        buf_cstr(out, n == 0 ? "" : ", ");
        datum_print_sql(out, f.type, f.value, annotate);
    }
    buf_cstr(out, n == 1 ? ",)" : ")");
}

void datum_print_sql(struct buf *out, struct type t, struct datum d, bool annotate)
{
    if (d.null) {
        buf_cstr(out, "NULL");
        return;
    }
    switch (family_ops[t.family].literal) {
    case LITERAL_BARE:
        print_bare(out, t, d, annotate);
        break;
    case LITERAL_QUOTED:
        print_quoted(out, t, d, annotate);
        break;
    case LITERAL_BITS:
        buf_cstr(out, "B'");
        datum_print(out, t, d, NULL);
        buf_putc(out, '\'');
        break;
    case LITERAL_ARRAY:
        print_array_literal(out, t, d, annotate);
        break;
    case LITERAL_TUPLE:
        print_tuple_literal(out, t, d, annotate);
        break;
    }
}

void datum_payload_write(char *out, enum physical p, struct datum d)
{
    switch (p) {
    case PHYSICAL_BOOL:
        out[0] = (char)d.b;
        break;
    case PHYSICAL_I64:
        memcpy(out, &d.i, 8);
        break;
    case PHYSICAL_F64:
        memcpy(out, &d.f, 8);
        break;
    case PHYSICAL_INTERVAL:
        memcpy(out, &d.iv, sizeof(d.iv));
        break;
    case PHYSICAL_STR:
        if (d.s.len != 0)
            memcpy(out, d.s.ptr, d.s.len);
        break;
    }
}

struct datum datum_payload_read(enum physical p, struct str bytes)
{
    struct datum d = {0};
    if (p != PHYSICAL_STR && bytes.len < physical_size[p])
        return d;
    switch (p) {
    case PHYSICAL_BOOL:
        d.b = bytes.ptr[0] != 0;
        break;
    case PHYSICAL_I64:
        memcpy(&d.i, bytes.ptr, 8);
        break;
    case PHYSICAL_F64:
        memcpy(&d.f, bytes.ptr, 8);
        break;
    case PHYSICAL_INTERVAL:
        memcpy(&d.iv, bytes.ptr, sizeof(d.iv));
        break;
    case PHYSICAL_STR:
        d.s = bytes;
        break;
    }
    return d;
}

void vec_init(struct vec *v, struct arena *a, struct type t, uint32_t rows)
{
    enum physical p = type_physical(t);
    *v = (struct vec){.type = t, .physical = (uint8_t)p, .mask = UINT32_MAX};
    v->data = arena_alloc(a, size_mul(physical_size[p], rows));
    v->nulls = arena_zalloc(a, rows);
}

void vec_init_const(struct vec *v, struct arena *a, struct type t, struct datum d)
{
    vec_init(v, a, t, 1);
    v->mask = 0;
    vec_set(v, 0, d);
}
