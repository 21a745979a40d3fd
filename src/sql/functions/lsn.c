// PG_LSN: distances in bytes.
#include "sql/functions/functions_int.h"
#include "types/decimal.h"
#include "types/lsn.h"

BODY(lsn_minus_lsn)
{
    struct decimal x = decimal_from_u64(lsn_of(args[0])), y = decimal_from_u64(lsn_of(args[1])), distance;
    TRY(decimal_sub(ec->arena, &x, &y, &distance, err));
    return fn_return_str(out, decimal_encode(ec->arena, &distance));
}

// The datum of a position is the position less 2^63.
static int position_of(struct eval_context *ec, const struct decimal *v, struct datum *out, struct err *err)
{
    struct decimal whole, half = decimal_from_u64(UINT64_C(1) << 63), biased;
    TRY(decimal_rescale(ec->arena, v, 0, DECIMAL_HALF_UP, &whole, err));
    TRY(decimal_sub(ec->arena, &whole, &half, &biased, err));
    *out = (struct datum){0};
    if (!decimal_to_i64(&biased, &out->i))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "pg_lsn out of range");
    return 0;
}

BODY(lsn_plus)
{
    struct decimal lsn = decimal_from_u64(lsn_of(args[0])), by = decimal_of(args[1]), sum;
    if (by.form == DECIMAL_NAN)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot add NaN to pg_lsn");
    TRY(decimal_add(ec->arena, &lsn, &by, &sum, err));
    return position_of(ec, &sum, out, err);
}
BODY(plus_lsn)
{
    const struct datum swapped[2] = {args[1], args[0]};
    return lsn_plus(ec, swapped, n_args, out, err);
}
BODY(lsn_minus)
{
    struct decimal lsn = decimal_from_u64(lsn_of(args[0])), by = decimal_of(args[1]), rest;
    if (by.form == DECIMAL_NAN)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot subtract NaN from pg_lsn");
    TRY(decimal_sub(ec->arena, &lsn, &by, &rest, err));
    return position_of(ec, &rest, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/lsn.def"
};
const struct fn_family fn_family_lsn = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
