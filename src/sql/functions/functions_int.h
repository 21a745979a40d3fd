// Inside src/sql/functions: the row macros of the .def tables and small helpers of the bodies.
//
// A family is one .def table plus one .c file with its bodies; the .c file ends with
//     static const struct fn_row rows[] = {
//     #include "sql/functions/math.def"
//     };
//     const struct fn_family fn_family_math = {"MATH AND NUMERIC", rows, ARRAY_LEN(rows)};
// and families.def lists it. Signatures are text, parsed once at start: "int, string... -> bool". Type names are those
// of SQL; `any` is T_ANYELEMENT, `every` any type of its own per argument, `t[]` an array, a trailing `...` repeats.
#ifndef SQL_FUNCTIONS_FUNCTIONS_INT_H
#define SQL_FUNCTIONS_FUNCTIONS_INT_H

#include "sql/functions/functions.h"

struct fn_row {
    const char *name;
    const char *signature;
    const char *columns; // set-returning: "key string, value jsonb"; NULL: one column
    const char *description;
    fn_scalar scalar;
    fn_vector vector;
    const struct fn_aggregate *aggregate;
    fn_set set;
    uint8_t kind;
    uint8_t volatility;
    bool is_operator;
    bool on_null; // called with NULL arguments
};

struct fn_family {
    const char *category;
    const struct fn_row *rows;
    size_t n_rows;
};

// Strict: NULL in, NULL out. FNV adds a kernel over vectors. FN_NULL rows see their NULLs.
#define FN(name_, signature_, volatility_, body, description_) \
    {.name = name_,                                            \
     .signature = signature_,                                  \
     .description = description_,                              \
     .scalar = body,                                           \
     .kind = FN_SCALAR,                                        \
     .volatility = FN_##volatility_},
#define FNV(name_, signature_, volatility_, body, kernel, description_) \
    {.name = name_,                                                     \
     .signature = signature_,                                           \
     .description = description_,                                       \
     .scalar = body,                                                    \
     .vector = kernel,                                                  \
     .kind = FN_SCALAR,                                                 \
     .volatility = FN_##volatility_},
#define FN_NULL(name_, signature_, volatility_, body, description_) \
    {.name = name_,                                                 \
     .signature = signature_,                                       \
     .description = description_,                                   \
     .scalar = body,                                                \
     .kind = FN_SCALAR,                                             \
     .volatility = FN_##volatility_,                                \
     .on_null = true},
// Operators are immutable and strict (OP_NULL: see their NULLs); OPV adds a kernel over vectors, OP_STABLE depends on
// the session's time zone.
#define OP(symbol, signature_, body) \
    {.name = symbol,                 \
     .signature = signature_,        \
     .scalar = body,                 \
     .kind = FN_SCALAR,              \
     .volatility = FN_IMMUTABLE,     \
     .is_operator = true},
#define OPV(symbol, signature_, body, kernel) \
    {.name = symbol,                          \
     .signature = signature_,                 \
     .scalar = body,                          \
     .vector = kernel,                        \
     .kind = FN_SCALAR,                       \
     .volatility = FN_IMMUTABLE,              \
     .is_operator = true},
#define OP_STABLE(symbol, signature_, body) \
    {.name = symbol,                        \
     .signature = signature_,               \
     .scalar = body,                        \
     .kind = FN_SCALAR,                     \
     .volatility = FN_STABLE,               \
     .is_operator = true},
#define OP_NULL(symbol, signature_, body) \
    {.name = symbol,                      \
     .signature = signature_,             \
     .scalar = body,                      \
     .kind = FN_SCALAR,                   \
     .volatility = FN_IMMUTABLE,          \
     .is_operator = true,                 \
     .on_null = true},
#define AGG(name, signature, aggregate, description) AGG_OF(name, signature, IMMUTABLE, aggregate, description)
#define AGG_STABLE(name, signature, aggregate, description) AGG_OF(name, signature, STABLE, aggregate, description)
#define AGG_OF(name_, signature_, volatility_, aggregate_, description_) \
    {.name = name_,                                                      \
     .signature = signature_,                                            \
     .description = description_,                                        \
     .aggregate = &(aggregate_),                                         \
     .kind = FN_AGGREGATE,                                               \
     .volatility = FN_##volatility_,                                     \
     .on_null = true},
#define WIN(name_, signature_, description_) \
    {.name = name_,                          \
     .signature = signature_,                \
     .description = description_,            \
     .kind = FN_WINDOW,                      \
     .volatility = FN_IMMUTABLE,             \
     .on_null = true},
#define SET(name_, signature_, volatility_, body, columns_, description_) \
    {.name = name_,                                                       \
     .signature = signature_,                                             \
     .columns = columns_,                                                 \
     .description = description_,                                         \
     .set = body,                                                         \
     .kind = FN_SET_RETURNING,                                            \
     .volatility = FN_##volatility_},

#define SET_NULL(name_, signature_, volatility_, body, columns_, description_) \
    {.name = name_,                                                            \
     .signature = signature_,                                                  \
     .columns = columns_,                                                      \
     .description = description_,                                              \
     .set = body,                                                              \
     .kind = FN_SET_RETURNING,                                                 \
     .volatility = FN_##volatility_,                                           \
     .on_null = true},

#define FAMILY(name) extern const struct fn_family fn_family_##name;
#include "sql/functions/families.def"
#undef FAMILY

// Opens the definition of a scalar body.
#define BODY(name) \
    static int name(struct eval_context *ec, const struct datum *args, int n_args, struct datum *out, struct err *err)
#define KERNEL(name)                                                                                     \
    static int name(struct eval_context *ec, const struct vec *const *args, int n_args, struct vec *out, \
                    const uint16_t *sel, uint32_t n, struct err *err)

static inline int fn_return_bool(struct datum *out, bool v)
{
    *out = datum_bool(v);
    return 0;
}
static inline int fn_return_int(struct datum *out, int64_t v)
{
    *out = datum_int(v);
    return 0;
}
static inline int fn_return_float(struct datum *out, double v)
{
    *out = datum_float(v);
    return 0;
}
static inline int fn_return_str(struct datum *out, struct str v)
{
    *out = datum_str(v);
    return 0;
}
static inline int fn_return_null(struct datum *out)
{
    *out = DATUM_NULL;
    return 0;
}
// Moves the text of a buffer into the statement's arena and releases the buffer. 54000 when it failed (over its max).
int fn_return_buf(struct eval_context *ec, struct buf *b, struct datum *out, struct err *err);

enum { FN_STRING_BYTES_MAX = 64 << 20 }; // a single computed string
// 54000 "requested length too large, exceeds 64 MiB".
int fn_check_length(size_t bytes, struct err *err) MUST_CHECK;

// 0A000 where the call has no catalog, no transaction, or no session: when constants are folded.
int fn_need_catalog(const struct eval_context *ec, struct err *err) MUST_CHECK;
int fn_need_store(const struct eval_context *ec, struct err *err) MUST_CHECK;
int fn_need_session(const struct eval_context *ec, struct err *err) MUST_CHECK;
int fn_need_admin(const struct eval_context *ec, struct err *err) MUST_CHECK; // 42501 for others

// The session's time zone; NULL is UTC.
static inline const struct zone *fn_zone(const struct eval_context *ec)
{
    return ec->vc != NULL ? ec->vc->zone : NULL;
}

// Cube root, exact for cubes: the C library's and one step of Newton's method.
double fn_cbrt(double x);

// Types of the call: arg_types when the caller said, else those of the overload.
struct type fn_arg_type(const struct eval_context *ec, int i);
struct type fn_result_type(const struct eval_context *ec);

// SQL text of a value as `::STRING` gives it (the types' output form; BOOL as true/false; reg* by name).
int fn_text_of(struct eval_context *ec, struct type t, struct datum d, struct buf *out, struct err *err) MUST_CHECK;

#endif
