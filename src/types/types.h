// SQL types, values and column vectors: the shapes that every layer above shares.
//
// A type is a small value (`struct type`), compared by its members. A value is a `struct datum`; bytes it points to
// belong to whoever produced it (an arena, a key-value slice, a column vector). A column of values is a `struct vec`.
// Nothing here knows the catalog. Thread-safe: all functions are pure except for their arena and output arguments.
#ifndef TYPES_TYPES_H
#define TYPES_TYPES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum type_family {
    TYPE_UNKNOWN, // type of an untyped NULL; no stored values
    TYPE_BOOL,
    TYPE_INT,
    TYPE_FLOAT,
    TYPE_DECIMAL,
    TYPE_STRING,
    TYPE_BYTES,
    TYPE_UUID,
    TYPE_DATE,
    TYPE_TIME,
    TYPE_TIMETZ,
    TYPE_TIMESTAMP,
    TYPE_TIMESTAMPTZ,
    TYPE_INTERVAL,
    TYPE_JSONB,
    TYPE_INET,
    TYPE_BIT,
    TYPE_OID,
    TYPE_ARRAY,
    TYPE_TUPLE,
    TYPE_COLLATED, // strings of a collation other than the default (types/collation.h)
    TYPE_TSVECTOR,
    TYPE_TSQUERY,
    TYPE_VECTOR,
    TYPE_PG_LSN,
    TYPE_REFCURSOR,
    TYPE_JSONPATH,
    TYPE_LTREE,
    TYPE_ACLITEM,
    TYPE_MACADDR,
    TYPE_MACADDR8,
    TYPE_TID,
    TYPE_ENUM, // user-defined; without a definition, in function signatures: any one
    TYPE_VOID,
    TYPE_ANY, // in function signatures: any type, the same for all ANY arguments; ANY array: any array of it
    TYPE_FAMILY_COUNT,
};

enum physical {
    PHYSICAL_BOOL, // uint8_t 0/1
    PHYSICAL_I64,  // int64_t: INT, OID (uint32 range), DATE (days), TIME and TIMESTAMP[TZ] (microseconds), ENUM, PG_LSN
    PHYSICAL_F64,  // double (FLOAT4 values are already rounded to float)
    PHYSICAL_INTERVAL, // struct interval
    PHYSICAL_STR,      // struct str: STRING, BYTES, UUID (16 bytes) and the encodings of decimal.h, json.h, array.h …
};

struct type_def;
struct type {
    uint8_t family;  // enum type_family
    uint8_t element; // family of the elements when family is TYPE_ARRAY
    int16_t scale;   // DECIMAL(p,s): s; COLLATED: the collation; else 0
    int32_t width;   // INT 16/32/64; FLOAT 32/64; STRING/BIT: length limit in characters, 0 none; DECIMAL: precision,
                     // 0 none; TIME…INTERVAL: fractional digits 0-6, -1 not given; VECTOR: dimensions, 0 any.
                     // Arrays: of the element type
    uint32_t oid;    // PostgreSQL type OID; for arrays the array's
    const struct type_def *def; // of a user-defined type and of arrays of it; else NULL
};

// What a user-defined type is. The catalog makes definitions and keeps each as long as it is open itself, so that types
// and values outlive plans and transactions; two of the same content are one.
struct type_label {
    struct str text;
    int64_t number; // what values hold; labels are in ascending order of it
};
struct type_field {
    struct str name;
    struct type type;
};
struct type_def {
    uint32_t oid, array_oid;
    struct str schema, name;
    struct str sql_name, pg_name;       // public.mood; mood: quoted where they must be
    const char *text_name, *array_name; // as error texts call it: mood, mood[]
    const struct type_label *labels;    // TYPE_ENUM
    size_t n_labels;
    bool is_composite;
    const struct type_field *fields; // TYPE_TUPLE, then is_composite
    size_t n_fields;
};
enum { TYPE_OID_USER_FIRST = 100000 }; // OIDs of user-defined types: this and the id of the descriptor

// TYPE_OID_INT8 and so on; TYPE_OID_INT8_ARRAY.
enum type_oid {
#define TYPE(NAME, family, width, oid, array_oid, sql, pg, typlen, phys) \
    TYPE_OID_##NAME = oid, TYPE_OID_##NAME##_ARRAY = array_oid,
#include "types/types.def"
#undef TYPE
};

// Strings whose case does not count: the collation of CITEXT, und_u_ks_level2.
enum { TYPE_COLLATION_CITEXT = 1 };
// A type of a row of types.def, where a constant is needed.
#define TYPE_OF_ROW(family_, width_, oid_)                                                              \
    {                                                                                                   \
        .family = TYPE_##family_, .scale = TYPE_##family_ == TYPE_COLLATED ? TYPE_COLLATION_CITEXT : 0, \
        .width = (width_), .oid = (oid_)                                                                \
    }

// T_INT8, T_STRING …: the plain types.
#define TYPE(NAME, family, width, oid, array_oid, sql, pg, typlen, phys) \
    static const struct type T_##NAME UNUSED = TYPE_OF_ROW(family, width, oid);
#include "types/types.def"
#undef TYPE

static inline bool type_is(struct type t, enum type_family family)
{
    return t.family == (uint8_t)family;
}
// Same family, same element family, same OID, same collation; modifiers (width, scale) ignored except INT/FLOAT width.
bool type_equivalent(struct type a, struct type b);
bool type_identical(struct type a, struct type b);
// False when the OID is unknown. Modifiers are the defaults.
bool type_from_oid(uint32_t oid, struct type *out);
// "int8", "character varying", "timestamptz", "text", "_int4" …: every spelling of PostgreSQL and CockroachDB, lower
// case, without modifiers or array suffix. INT means INT8.
bool type_from_name(struct str name, struct type *out);
// VARCHAR(10), DECIMAL(10,2), INT8[] …: CockroachDB's spelling.
void type_print(struct buf *out, struct type t);
// character varying(10), numeric(10,2), bigint[]: format_type()'s spelling.
void type_print_pg(struct buf *out, struct type t);
// In error texts: "int", "string", "decimal", "int[]".
const char *type_family_name(struct type t);
int type_len(struct type t);          // pg_type.typlen
int32_t type_modifier(struct type t); // atttypmod on the wire: -1 when none
struct type type_with_modifier(struct type t, int32_t typmod);
bool type_has_array(struct type element);
struct type type_array_of(struct type element);
struct type type_element(struct type array);
enum physical type_physical(struct type t);

struct interval {
    int32_t months;
    int32_t days;
    int64_t micros;
};

struct datum {
    union {
        bool b;
        int64_t i;
        double f;
        struct str s;
        struct interval iv;
    };
    bool null;
};

#define DATUM_NULL ((struct datum){.null = true})
static inline struct datum datum_int(int64_t v)
{
    return (struct datum){.i = v};
}
static inline struct datum datum_bool(bool v)
{
    return (struct datum){.b = v};
}
static inline struct datum datum_float(double v)
{
    return (struct datum){.f = v};
}
static inline struct datum datum_str(struct str v)
{
    return (struct datum){.s = v};
}
// Copies what the value points to into the arena.
struct datum datum_copy(struct arena *a, struct type t, struct datum d);

// What parsing and printing of values depends on; a session owns one. Zero-initialized is UTC with defaults.
struct zone; // a time zone, types/datetime.h
enum interval_style { INTERVAL_STYLE_POSTGRES, INTERVAL_STYLE_ISO_8601, INTERVAL_STYLE_SQL_STANDARD };
enum bytea_output { BYTEA_OUTPUT_HEX, BYTEA_OUTPUT_ESCAPE, BYTEA_OUTPUT_BASE64 };
enum date_order { DATE_ORDER_MDY, DATE_ORDER_DMY, DATE_ORDER_YMD };
struct value_context {
    const struct zone *zone; // NULL: UTC
    enum interval_style interval_style;
    enum bytea_output bytea_output;
    enum date_order date_order;
    int extra_float_digits; // 0 or more: shortest text that reads back exactly; negative: 15+n digits
    int64_t txn_now_micros; // 'now', 'today' literals
};

// Text form, as PostgreSQL's type input functions take it. Errors 22P02, 22003, 22007, 22008, 22001 with CockroachDB's
// words. Values that need memory are allocated in the arena; others may borrow `text`. Applies modifiers as a cast does
// only for precision of times; use datum_fit for length and scale checks.
int datum_parse(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                struct err *err) MUST_CHECK;
// Text form on the wire (the type's output function). Not called with NULL.
void datum_print(struct buf *out, struct type t, struct datum d, const struct value_context *vc);
// SQL literal that parses back: 'it''s', 1, 1.5:::DECIMAL. NULL prints NULL. With `annotate`, CockroachDB's :::TYPE
// forms as in stored defaults.
void datum_print_sql(struct buf *out, struct type t, struct datum d, bool annotate);
// Binary wire forms (PostgreSQL send/receive). Input is untrusted: every length is checked. 22P03 when malformed.
int datum_from_binary(struct arena *a, struct type t, struct str bytes, struct datum *out, struct err *err) MUST_CHECK;
void datum_to_binary(struct buf *out, struct type t, struct datum d, const struct value_context *vc);
// Makes a value fit the modifiers of a column: 22001 over-length (assignment) or truncation (explicit cast), DECIMAL
// rounding to scale and 22003, INT range by width 22003, time precision rounding, CHAR(n) trailing blanks, BIT lengths.
int datum_fit(struct arena *a, struct type t, bool explicit_cast, struct datum in, struct datum *out,
              struct err *err) MUST_CHECK;

// Total order of one type's values, as ORDER BY sees it: NULL first, NaN before all floats (CockroachDB), -0 = 0,
// strings bytewise. <0, 0, >0.
int datum_compare(struct type t, const struct datum *a, const struct datum *b);
// Equal values (datum_compare 0) hash alike, also across widths of INT and scales of DECIMAL.
uint64_t datum_hash(struct type t, const struct datum *d, uint64_t seed);

// The label of a value and the other way round; NULL when there is none.
const struct type_label *type_label_of(const struct type_def *def, int64_t number);
const struct type_label *type_label_named(const struct type_def *def, struct str text);

// A column of values. Row r's value is at index r & mask: mask is 0 for a constant vector (one value for all rows).
struct vec {
    struct type type;
    uint8_t physical; // enum physical of type
    bool has_nulls;   // false: `nulls` is not read and may be NULL
    uint32_t mask;    // UINT32_MAX, or 0 for a constant
    uint8_t *nulls;   // 1: NULL
    union {
        void *data;
        uint8_t *b;
        int64_t *i;
        double *f;
        struct interval *iv;
        struct str *s;
    };
};

enum { BATCH_ROWS_MAX = 1024 };
extern const uint8_t physical_size[];

// Storage for `rows` values (uninitialized) and a zeroed null array.
void vec_init(struct vec *v, struct arena *a, struct type t, uint32_t rows);
void vec_init_const(struct vec *v, struct arena *a, struct type t, struct datum d);
static inline bool vec_is_null(const struct vec *v, uint32_t row)
{
    return v->has_nulls && v->nulls[row & v->mask];
}
static inline struct datum vec_get(const struct vec *v, uint32_t row)
{
    row &= v->mask;
    if (v->has_nulls && v->nulls[row])
        return DATUM_NULL;
    switch ((enum physical)v->physical) {
    case PHYSICAL_BOOL:
        return datum_bool(v->b[row]);
    case PHYSICAL_I64:
        return datum_int(v->i[row]);
    case PHYSICAL_F64:
        return datum_float(v->f[row]);
    case PHYSICAL_INTERVAL:
        return (struct datum){.iv = v->iv[row]};
    case PHYSICAL_STR:
        return datum_str(v->s[row]);
    }
    __builtin_unreachable();
}
// Stores without copying what the datum points to.
static inline void vec_set(struct vec *v, uint32_t row, struct datum d)
{
    if (d.null) {
        v->has_nulls = true;
        v->nulls[row] = 1;
        if (v->physical == PHYSICAL_STR)
            v->s[row] = STR_EMPTY;
        return;
    }
    v->nulls[row] = 0;
    switch ((enum physical)v->physical) {
    case PHYSICAL_BOOL:
        v->b[row] = d.b;
        break;
    case PHYSICAL_I64:
        v->i[row] = d.i;
        break;
    case PHYSICAL_F64:
        v->f[row] = d.f;
        break;
    case PHYSICAL_INTERVAL:
        v->iv[row] = d.iv;
        break;
    case PHYSICAL_STR:
        v->s[row] = d.s;
        break;
    }
}

// Rows of several columns. Live rows are sel[0..n) when sel is set, else 0..n). At most BATCH_ROWS_MAX rows.
struct batch {
    uint32_t n;
    const uint16_t *sel;
    struct vec *cols;
    uint32_t ncols;
};
static inline uint32_t batch_row(const struct batch *b, uint32_t k)
{
    return b->sel != NULL ? b->sel[k] : k;
}

#endif
