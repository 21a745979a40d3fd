// Which casts exist, and the conversion of one value. The arithmetic of conversions is in types/convert.h; names behind
// OIDs are in regtypes.c.
#include "sql/functions/functions_int.h"
#include "sql/functions/regtypes_int.h"
#include "catalog/catalog.h"
#include "types/aclitem.h"
#include "types/array.h"
#include "types/convert.h"
#include "types/tuple.h"

struct cast_rule {
    uint8_t context, volatility;
};

static const struct cast_rule rules[TYPE_FAMILY_COUNT][TYPE_FAMILY_COUNT] = {
#define CAST(from, to, context_, volatility_) \
    [TYPE_##from][TYPE_##to] = {.context = CAST_##context_, .volatility = FN_##volatility_},
#include "sql/functions/casts.def"
#undef CAST
};

// INT8 -> INT4 may overflow: not implicit.
static enum cast_context cast_within_family(struct type from, struct type to)
{
    switch (from.family) {
    case TYPE_INT:
    case TYPE_FLOAT:
        return from.width > to.width ? CAST_ASSIGNMENT : CAST_IMPLICIT;
    case TYPE_ARRAY:
        return cast_allowed(type_element(from), type_element(to));
    case TYPE_INET:
        return to.oid == TYPE_OID_CIDR && from.oid != to.oid ? CAST_ASSIGNMENT : CAST_IMPLICIT;
    case TYPE_ENUM:
        return from.oid == to.oid || type_is_any_kind(to) ? CAST_IMPLICIT : CAST_NONE;
    case TYPE_COLLATED:
        return from.scale == to.scale || type_is_any_kind(to) ? CAST_IMPLICIT : CAST_EXPLICIT;
    case TYPE_TUPLE:
        return to.def == NULL || from.def == NULL || from.oid == to.oid ? CAST_IMPLICIT : CAST_NONE;
    case TYPE_OID:
        return from.oid == to.oid || from.oid == TYPE_OID_OID || to.oid == TYPE_OID_OID ? CAST_IMPLICIT : CAST_EXPLICIT;
    default:
        return CAST_IMPLICIT;
    }
}

enum cast_context cast_allowed(struct type from, struct type to)
{
    bool array_as_vector = (type_is(from, TYPE_ARRAY) && type_is(to, TYPE_VECTOR)) ||
                           (type_is(from, TYPE_VECTOR) && type_is(to, TYPE_ARRAY));
    if (array_as_vector && !datum_convertible(from, to)) // not every array is one of numbers
        return CAST_NONE;
    if (type_is(from, TYPE_UNKNOWN) || type_is(to, TYPE_ANY))
        return CAST_IMPLICIT;
    if (type_is_citext(from) && type_is(to, TYPE_STRING))
        return CAST_IMPLICIT;
    if (type_is(from, TYPE_STRING) && to.oid == TYPE_OID_REGCLASS)
        return CAST_IMPLICIT; // pg_table_size(name)
    if (from.family == to.family)
        return cast_within_family(from, to);
    return rules[from.family][to.family].context;
}

static bool is_reg(struct type t)
{
    return type_is(t, TYPE_OID) && t.oid != TYPE_OID_OID;
}

static bool is_reg_array(struct type t)
{
    return type_is(t, TYPE_ARRAY) && is_reg(type_element(t));
}

enum fn_volatility cast_volatility(struct type from, struct type to)
{
    if (type_is(from, TYPE_ARRAY) && type_is(to, TYPE_ARRAY))
        return cast_volatility(type_element(from), type_element(to));
    if (type_is(to, TYPE_OID) && to.oid == TYPE_OID_REGCONFIG)
        return FN_IMMUTABLE; // they never change
    if ((is_reg(to) || is_reg_array(to)) && type_is(from, TYPE_STRING))
        return FN_STABLE;
    return rules[from.family][to.family].volatility;
}

static int cast_reg_to_string(struct eval_context *ec, struct type from, struct datum in, struct datum *out,
                              struct err *err)
{
    struct buf b = BUF_INIT;
    int rc = fn_reg_print(ec, from, in.i, &b, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}

static int cast_string_to_reg(struct eval_context *ec, struct type to, struct datum in, struct datum *out,
                              struct err *err)
{
    bool found;
    int64_t oid;
    TRY(reg_parse(ec, to, in.s, false, &found, &oid, err));
    *out = datum_int(oid);
    return 0;
}

// The roles of an item exist, PUBLIC without saying.
static int cast_to_aclitem(struct eval_context *ec, struct datum in, struct datum *out, struct err *err)
{
    struct aclitem item;
    TRY(datum_parse(ec->arena, T_ACLITEM, in.s, ec->vc, out, err));
    TRY(aclitem_read(ec->arena, out->s, &item, err));
    const struct str names[] = {item.grantee, item.grantor};
    for (size_t i = 0; i < ARRAY_LEN(names) && ec->catalog != NULL; i++) {
        const struct cat_role *role;
        if (names[i].len == 0)
            continue;
        TRY(cat_role_by_name(ec->catalog, names[i], &role, err));
        if (role == NULL)
            return err_set(err, ERR_UNDEFINED_OBJECT, "role \"%.*s\" does not exist", STR_FMT(names[i]));
    }
    return 0;
}

// Element by element, so that elements may be of catalog types.
static int cast_array(struct eval_context *ec, struct type from, struct type to, bool explicit_cast, struct datum in,
                      struct datum *out, struct err *err)
{
    struct array a = array_open(from, in.s);
    struct type element = type_element(to);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, a.count);
    for (uint32_t i = 0; i < a.count; i++) {
        items[i] = array_get(&a, i);
        if (!items[i].null)
            TRY(cast_datum(ec, type_element(from), element, explicit_cast, items[i], &items[i], err));
    }
    *out = datum_str(array_build(ec->arena, element, items, a.count));
    return 0;
}

// '{a,b}' as an array of names, and back.
static int cast_reg_array(struct eval_context *ec, struct type from, struct type to, struct datum in, struct datum *out,
                          struct err *err)
{
    struct datum texts;
    struct type array = type_array_of(T_STRING);
    if (type_is(to, TYPE_ARRAY)) {
        TRY(datum_convert_unfitted(ec->arena, from, array, ec->vc, in, &texts, err));
        return cast_array(ec, array, to, true, texts, out, err);
    }
    TRY(cast_array(ec, from, array, true, in, &texts, err));
    return datum_convert_unfitted(ec->arena, array, to, ec->vc, texts, out, err);
}

// A row as a value of a composite type: field by field.
static int cast_row(struct eval_context *ec, struct type from, struct type to, struct datum in, struct datum *out,
                    struct err *err)
{
    uint32_t n = (uint32_t)to.def->n_fields;
    struct tuple_field *fields = ARENA_ARRAY(ec->arena, struct tuple_field, n), f;
    struct tuple_reader r = tuple_open(from, in.s);
    if (tuple_count(in.s) != n)
        return err_set(err, ERR_DATATYPE_MISMATCH, "invalid cast: %s -> %s", type_family_name(from),
                       type_family_name(to));
    for (uint32_t i = 0; i < n && tuple_next(&r, &f); i++) {
        fields[i] = (struct tuple_field){to.def->fields[i].type, STR_EMPTY, f.value};
        if (!f.value.null && cast_allowed(f.type, fields[i].type) == CAST_NONE)
            return err_set(err, ERR_CANNOT_COERCE, "invalid cast: %s -> %s", type_family_name(f.type),
                           type_family_name(fields[i].type));
        if (!f.value.null)
            TRY(cast_datum(ec, f.type, fields[i].type, true, f.value, &fields[i].value, err));
    }
    *out = datum_str(tuple_build(ec->arena, to, fields, n));
    return 0;
}

int cast_datum(struct eval_context *ec, struct type from, struct type to, bool explicit_cast, struct datum in,
               struct datum *out, struct err *err)
{
    struct datum value = in;
    if (in.null || type_is(from, TYPE_UNKNOWN))
        return fn_return_null(out);
    if (is_reg(from) && type_is(to, TYPE_STRING))
        TRY(cast_reg_to_string(ec, from, in, &value, err));
    else if (is_reg(to) && type_is(from, TYPE_STRING))
        TRY(cast_string_to_reg(ec, to, in, &value, err));
    else if (type_is(to, TYPE_ACLITEM) && type_is(from, TYPE_STRING))
        TRY(cast_to_aclitem(ec, in, &value, err));
    else if ((is_reg_array(from) && type_is(to, TYPE_STRING)) || (is_reg_array(to) && type_is(from, TYPE_STRING)))
        TRY(cast_reg_array(ec, from, to, in, &value, err));
    else if (type_is(from, TYPE_ARRAY) && type_is(to, TYPE_ARRAY) && !type_identical(from, to))
        return cast_array(ec, from, to, explicit_cast, in, out, err);
    else if (type_is(from, TYPE_TUPLE) && type_is(to, TYPE_TUPLE) && to.def != NULL && from.oid != to.oid)
        return cast_row(ec, from, to, in, out, err);
    else if (from.family != to.family || from.oid != to.oid)
        TRY(datum_convert_unfitted(ec->arena, from, to, ec->vc, in, &value, err));
    return datum_fit(ec->arena, to, explicit_cast, value, out, err);
}
