// Functions that convert: casts by the name of their type (date(x), text(x)) and the input and output functions of
// types that pg_type names (int8in, int8out, int8recv, int8send).
#include "sql/functions/functions_int.h"

BODY(cast_to_result)
{
    struct type from = fn_arg_type(ec, 0), to = ec->call->fn->result;
    if (cast_allowed(from, to) == CAST_NONE)
        return err_set(err, ERR_CANNOT_COERCE, "invalid cast: %s -> %s", type_family_name(from), type_family_name(to));
    return cast_datum(ec, from, to, true, args[0], out, err);
}

BODY(type_input)
{
    return cast_datum(ec, T_STRING, fn_result_type(ec), true, args[0], out, err);
}

BODY(type_output)
{
    struct buf b = BUF_INIT;
    struct type t = fn_arg_type(ec, 0);
    if (type_is(t, TYPE_OID) && t.oid != TYPE_OID_OID)
        TRY(fn_reg_print(ec, t, args[0].i, &b, err));
    else
        datum_print(&b, t, args[0], ec->vc);
    return fn_return_buf(ec, &b, out, err);
}

BODY(type_receive)
{
    return datum_from_binary(ec->arena, fn_result_type(ec), args[0].s, out, err);
}

BODY(type_send)
{
    struct buf b = BUF_INIT;
    datum_to_binary(&b, fn_arg_type(ec, 0), args[0], ec->vc);
    return fn_return_buf(ec, &b, out, err);
}

// Pseudo-types and containers are read with their element types, which these functions are not told.
BODY(container_input)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be called directly", ec->call->fn->name);
}

static const struct fn_row rows[] = {
#include "sql/functions/conversion.def"
};
const struct fn_family fn_family_conversion = {"COMPATIBILITY", rows, ARRAY_LEN(rows)};
