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

static int move(struct eval_context *ec, uint64_t lsn, struct decimal by, bool back, struct datum *out, struct err *err)
{
    int64_t bytes;
    uint64_t moved;
    if (!decimal_to_i64(&by, &bytes))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "pg_lsn out of range");
    bool wrapped = back ? __builtin_sub_overflow(lsn, bytes, &moved) : __builtin_add_overflow(lsn, bytes, &moved);
    if (wrapped)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "pg_lsn out of range");
    *out = lsn_datum(moved);
    return 0;
}
BODY(lsn_plus)
{
    return move(ec, lsn_of(args[0]), decimal_of(args[1]), false, out, err);
}
BODY(lsn_minus)
{
    return move(ec, lsn_of(args[0]), decimal_of(args[1]), true, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/lsn.def"
};
const struct fn_family fn_family_lsn = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
