// Type descriptors: lookup by OID and name, printing, modifiers, arrays.
#include "types/types_int.h"
#include "types/collation.h"

struct type_row {
    struct type type;
    uint32_t array_oid;
    const char *sql_name;
    const char *pg_name;
    int16_t len;
};

static const struct type_row rows[] = {
#define TYPE(NAME, family_, width_, oid_, array_oid, sql, pg, typlen, phys) \
    {TYPE_OF_ROW(family_, width_, oid_), array_oid, sql, pg, typlen},
#include "types/types.def"
#undef TYPE
};

enum row_index {
#define TYPE(NAME, ...) ROW_##NAME,
#include "types/types.def"
#undef TYPE
};

const uint8_t physical_size[] = {
    [PHYSICAL_BOOL] = 1,
    [PHYSICAL_I64] = 8,
    [PHYSICAL_F64] = 8,
    [PHYSICAL_INTERVAL] = sizeof(struct interval),
    [PHYSICAL_STR] = sizeof(struct str),
};

static const struct type_row *row_of(uint32_t oid)
{
    switch (oid) {
#define TYPE(NAME, family, width, oid_, ...) \
    case oid_:                               \
        return &rows[ROW_##NAME];
#include "types/types.def"
#undef TYPE
    }
    return NULL;
}

static const struct type_row *row_of_array(uint32_t array_oid)
{
    if (array_oid == 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].array_oid == array_oid)
            return &rows[i];
    }
    return NULL;
}

// The row that describes a type; a family's first row when the OID is foreign (types of the catalog).
static const struct type_row *row_for(struct type t)
{
    const struct type_row *r = row_of(t.oid);
    for (size_t i = 0; r == NULL && i < ARRAY_LEN(rows); i++) {
        if (rows[i].type.family == t.family)
            r = &rows[i];
    }
    return r != NULL ? r : &rows[0];
}

bool type_equivalent(struct type a, struct type b)
{
    return a.family == b.family && a.element == b.element && a.oid == b.oid &&
           (a.scale == b.scale || !type_has_collation(a));
}

bool type_identical(struct type a, struct type b)
{
    return type_equivalent(a, b) && a.width == b.width && a.scale == b.scale;
}

bool type_from_oid(uint32_t oid, struct type *out)
{
    const struct type_row *r = row_of(oid);
    if (r != NULL) {
        *out = r->type;
        return true;
    }
    r = row_of_array(oid);
    if (r != NULL)
        *out = type_array_of(r->type);
    return r != NULL;
}

static const struct {
    const char *name;
    enum row_index row;
} aliases[] = {
    {"bool", ROW_BOOL},
    {"boolean", ROW_BOOL},
    {"int", ROW_INT8},
    {"int8", ROW_INT8},
    {"int64", ROW_INT8},
    {"integer", ROW_INT8},
    {"bigint", ROW_INT8},
    {"int4", ROW_INT4},
    {"int2", ROW_INT2},
    {"smallint", ROW_INT2},
    {"float", ROW_FLOAT8},
    {"float8", ROW_FLOAT8},
    {"double precision", ROW_FLOAT8},
    {"float4", ROW_FLOAT4},
    {"real", ROW_FLOAT4},
    {"decimal", ROW_DECIMAL},
    {"numeric", ROW_DECIMAL},
    {"dec", ROW_DECIMAL},
    {"string", ROW_STRING},
    {"text", ROW_STRING},
    {"varchar", ROW_VARCHAR},
    {"character varying", ROW_VARCHAR},
    {"char varying", ROW_VARCHAR},
    {"char", ROW_BPCHAR},
    {"character", ROW_BPCHAR},
    {"bpchar", ROW_BPCHAR},
    {"\"char\"", ROW_QCHAR},
    {"citext", ROW_CITEXT},
    {"name", ROW_NAME},
    {"bytes", ROW_BYTES},
    {"bytea", ROW_BYTES},
    {"blob", ROW_BYTES},
    {"uuid", ROW_UUID},
    {"date", ROW_DATE},
    {"time", ROW_TIME},
    {"time without time zone", ROW_TIME},
    {"timetz", ROW_TIMETZ},
    {"time with time zone", ROW_TIMETZ},
    {"timestamp", ROW_TIMESTAMP},
    {"timestamp without time zone", ROW_TIMESTAMP},
    {"timestamptz", ROW_TIMESTAMPTZ},
    {"timestamp with time zone", ROW_TIMESTAMPTZ},
    {"interval", ROW_INTERVAL},
    {"jsonb", ROW_JSONB},
    {"json", ROW_JSONB},
    {"inet", ROW_INET},
    {"cidr", ROW_CIDR},
    {"macaddr", ROW_MACADDR},
    {"macaddr8", ROW_MACADDR8},
    {"tsvector", ROW_TSVECTOR},
    {"tsquery", ROW_TSQUERY},
    {"vector", ROW_VECTOR},
    {"ltree", ROW_LTREE},
    {"aclitem", ROW_ACLITEM},
    {"tid", ROW_TID},
    {"pg_lsn", ROW_PG_LSN},
    {"refcursor", ROW_REFCURSOR},
    {"jsonpath", ROW_JSONPATH},
    {"bit", ROW_BIT},
    {"varbit", ROW_VARBIT},
    {"bit varying", ROW_VARBIT},
    {"oid", ROW_OID},
    {"regclass", ROW_REGCLASS},
    {"regproc", ROW_REGPROC},
    {"regprocedure", ROW_REGPROCEDURE},
    {"regtype", ROW_REGTYPE},
    {"regnamespace", ROW_REGNAMESPACE},
    {"regrole", ROW_REGROLE},
    {"regconfig", ROW_REGCONFIG},
    {"regdictionary", ROW_REGDICTIONARY},
    {"regoperator", ROW_REGOPERATOR},
    {"int2vector", ROW_INT2VECTOR},
    {"oidvector", ROW_OIDVECTOR},
    {"record", ROW_RECORD},
    {"void", ROW_VOID},
    {"trigger", ROW_TRIGGER},
    {"unknown", ROW_UNKNOWN},
    {"anyelement", ROW_ANYELEMENT},
};

bool type_from_name(struct str name, struct type *out)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (str_eqc(name, aliases[i].name)) {
            *out = rows[aliases[i].row].type;
            return true;
        }
    }
    if (str_eqc(name, "anyarray") || str_eqc(name, "_record"))
        return type_from_oid(name.ptr[0] == 'a' ? 2277 : 2287, out);
    if (name.len < 2 || name.ptr[0] != '_')
        return false;
    struct type element;
    if (!type_from_name(str_slice(name, 1, name.len), &element) || !type_has_array(element))
        return false;
    *out = type_array_of(element);
    return true;
}

bool type_has_array(struct type element)
{
    if (element.def != NULL)
        return element.family != TYPE_ARRAY && element.def->array_oid != 0;
    const struct type_row *r = row_of(element.oid);
    return r != NULL && r->array_oid != 0;
}

struct type type_array_of(struct type element)
{
    const struct type_row *r = row_of(element.oid);
    return (struct type){.family = TYPE_ARRAY,
                         .element = element.family,
                         .scale = element.scale,
                         .width = element.width,
                         .oid = element.def != NULL ? element.def->array_oid
                                : r != NULL         ? r->array_oid
                                                    : 0,
                         .def = element.def};
}

struct type type_element(struct type array)
{
    if (array.oid == TYPE_OID_INT2VECTOR)
        return T_INT2;
    if (array.oid == TYPE_OID_OIDVECTOR)
        return T_OID;
    if (array.def != NULL)
        return (struct type){.family = array.element, .oid = array.def->oid, .def = array.def};
    const struct type_row *r = row_of_array(array.oid);
    struct type t = r != NULL ? r->type : (struct type){.family = array.element};
    t.scale = array.scale;
    t.width = array.width;
    if (array.element == TYPE_COLLATED)
        t.family = TYPE_COLLATED;
    return t;
}

enum physical type_physical(struct type t)
{
    static const uint8_t of_family[TYPE_FAMILY_COUNT] = {
        [TYPE_UNKNOWN] = PHYSICAL_STR,     [TYPE_BOOL] = PHYSICAL_BOOL,         [TYPE_INT] = PHYSICAL_I64,
        [TYPE_FLOAT] = PHYSICAL_F64,       [TYPE_DECIMAL] = PHYSICAL_STR,       [TYPE_STRING] = PHYSICAL_STR,
        [TYPE_BYTES] = PHYSICAL_STR,       [TYPE_UUID] = PHYSICAL_STR,          [TYPE_DATE] = PHYSICAL_I64,
        [TYPE_TIME] = PHYSICAL_I64,        [TYPE_TIMETZ] = PHYSICAL_STR,        [TYPE_TIMESTAMP] = PHYSICAL_I64,
        [TYPE_TIMESTAMPTZ] = PHYSICAL_I64, [TYPE_INTERVAL] = PHYSICAL_INTERVAL, [TYPE_JSONB] = PHYSICAL_STR,
        [TYPE_INET] = PHYSICAL_STR,        [TYPE_BIT] = PHYSICAL_STR,           [TYPE_OID] = PHYSICAL_I64,
        [TYPE_ARRAY] = PHYSICAL_STR,       [TYPE_TUPLE] = PHYSICAL_STR,         [TYPE_VOID] = PHYSICAL_STR,
        [TYPE_ANY] = PHYSICAL_STR,         [TYPE_ENUM] = PHYSICAL_I64,          [TYPE_COLLATED] = PHYSICAL_STR,
        [TYPE_VECTOR] = PHYSICAL_STR,      [TYPE_PG_LSN] = PHYSICAL_I64,        [TYPE_REFCURSOR] = PHYSICAL_STR,
        [TYPE_JSONPATH] = PHYSICAL_STR,    [TYPE_LTREE] = PHYSICAL_STR,         [TYPE_TSVECTOR] = PHYSICAL_STR,
        [TYPE_TSQUERY] = PHYSICAL_STR,     [TYPE_ACLITEM] = PHYSICAL_STR,       [TYPE_MACADDR] = PHYSICAL_STR,
        [TYPE_MACADDR8] = PHYSICAL_STR,    [TYPE_TID] = PHYSICAL_STR,
    };
    return (enum physical)of_family[t.family];
}

const char *type_family_name(struct type t)
{
    if (t.def != NULL)
        return t.family == TYPE_ARRAY ? t.def->array_name : t.def->text_name;
    if (type_is_citext(t))
        return t.family == TYPE_ARRAY ? "citext[]" : "citext";
    if (t.family == TYPE_COLLATED)
        return collation_type_name(t.scale);
    return t.family == TYPE_ARRAY ? family_ops[type_element(t).family].array_name : family_ops[t.family].name;
}

int type_len(struct type t)
{
    const struct type_row *r = row_of(t.oid);
    return r != NULL ? r->len : -1;
}

// (10), (10,2), (3): the modifiers in parentheses, as both spellings write them.
static void print_modifiers(struct buf *out, struct type t)
{
    switch ((enum type_family)t.family) {
    case TYPE_STRING:
    case TYPE_COLLATED:
    case TYPE_BIT:
    case TYPE_VECTOR:
        if (t.width > 0 && t.oid != TYPE_OID_QCHAR)
            buf_printf(out, "(%d)", t.width);
        break;
    case TYPE_DECIMAL:
        if (t.width > 0 && t.scale != 0)
            buf_printf(out, "(%d,%d)", t.width, t.scale);
        else if (t.width > 0)
            buf_printf(out, "(%d)", t.width);
        break;
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_INTERVAL:
        if (t.width >= 0)
            buf_printf(out, "(%d)", t.width);
        break;
    default:
        break;
    }
}

static void print_user_type(struct buf *out, struct type t, struct str name)
{
    buf_str(out, name);
    if (t.family == TYPE_ARRAY)
        buf_cstr(out, "[]");
}

void type_print(struct buf *out, struct type t)
{
    if (t.def != NULL) {
        print_user_type(out, t, t.def->sql_name);
        return;
    }
    if (type_has_collation(t) && !type_is_citext(t)) {
        struct type plain = t;
        plain.family = t.family == TYPE_ARRAY ? TYPE_ARRAY : TYPE_STRING;
        plain.element = t.family == TYPE_ARRAY ? TYPE_STRING : 0;
        plain.scale = 0;
        type_print(out, plain);
        buf_printf(out, " COLLATE %s", collation_name(t.scale));
        return;
    }
    if (t.family == TYPE_ARRAY && row_of(t.oid) == NULL) {
        type_print(out, type_element(t));
        buf_cstr(out, "[]");
        return;
    }
    if (t.oid == TYPE_OID_BPCHAR && t.width == 0) {
        buf_cstr(out, "BPCHAR");
        return;
    }
    buf_cstr(out, row_for(t)->sql_name);
    bool implied = t.width == 1 && (t.oid == TYPE_OID_BPCHAR || t.oid == TYPE_OID_BIT);
    if (!implied)
        print_modifiers(out, t);
}

void type_print_pg(struct buf *out, struct type t)
{
    if (t.def != NULL) {
        print_user_type(out, t, t.def->pg_name);
        return;
    }
    if (t.family == TYPE_ARRAY && row_of(t.oid) == NULL) {
        type_print_pg(out, type_element(t));
        buf_cstr(out, "[]");
        return;
    }
    const char *name = row_for(t)->pg_name;
    if (t.oid == TYPE_OID_STRING || t.oid == TYPE_OID_NAME) {
        buf_cstr(out, name);
        return;
    }
    if (t.oid == TYPE_OID_BPCHAR && t.width == 0) {
        buf_cstr(out, "bpchar");
        return;
    }
    if (t.family == TYPE_DECIMAL && t.width > 0) {
        buf_printf(out, "numeric(%d,%d)", t.width, t.scale);
        return;
    }
    // The precision of times stands after the first word: timestamp(3) without time zone.
    struct str whole = str_of(name);
    ptrdiff_t space = t.family >= TYPE_TIME && t.family <= TYPE_TIMESTAMPTZ ? str_find(whole, STR(" "), 0) : -1;
    size_t head = space < 0 ? whole.len : (size_t)space;
    buf_str(out, str_slice(whole, 0, head));
    print_modifiers(out, t);
    buf_str(out, str_slice(whole, head, whole.len));
}

int32_t type_modifier(struct type t)
{
    struct type e = t.family == TYPE_ARRAY ? type_element(t) : t;
    switch ((enum type_family)e.family) {
    case TYPE_STRING:
    case TYPE_COLLATED:
        return e.width > 0 && e.oid != TYPE_OID_QCHAR && e.oid != TYPE_OID_NAME ? e.width + 4 : -1;
    case TYPE_DECIMAL:
        return e.width > 0 ? ((e.width << 16) | (uint16_t)e.scale) + 4 : -1;
    case TYPE_BIT:
    case TYPE_VECTOR:
        return e.width > 0 ? e.width : -1;
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return e.width;
    case TYPE_INTERVAL:
        return e.width >= 0 ? (int32_t)((0x7FFFu << 16) | (uint32_t)e.width) : -1;
    default:
        return -1;
    }
}

struct type type_with_modifier(struct type t, int32_t typmod)
{
    if (typmod < 0)
        return t;
    struct type e = t.family == TYPE_ARRAY ? type_element(t) : t;
    switch ((enum type_family)e.family) {
    case TYPE_STRING:
    case TYPE_COLLATED:
        if (typmod > 4 && e.oid != TYPE_OID_QCHAR && e.oid != TYPE_OID_NAME)
            t.width = typmod - 4;
        break;
    case TYPE_DECIMAL:
        if (typmod >= 4) {
            t.width = (typmod - 4) >> 16;
            t.scale = (int16_t)((typmod - 4) & 0xFFFF);
        }
        break;
    case TYPE_BIT:
    case TYPE_VECTOR:
        t.width = typmod;
        break;
    case TYPE_TIME:
    case TYPE_TIMETZ:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_INTERVAL:
        t.width = (typmod & 0xFFFF) <= 6 ? typmod & 0xFFFF : -1;
        break;
    default:
        break;
    }
    return t;
}
