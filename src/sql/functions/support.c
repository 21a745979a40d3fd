// Helpers shared by the bodies of all families.
#include "sql/functions/functions_int.h"
#include <math.h>

int fn_return_buf(struct eval_context *ec, struct buf *b, struct datum *out, struct err *err)
{
    int rc = b->failed ? fn_check_length(SIZE_MAX, err) : 0;
    if (rc == 0)
        *out = datum_str(arena_str(ec->arena, buf_view(b)));
    buf_release(b);
    return rc;
}

int fn_check_length(size_t bytes, struct err *err)
{
    if (bytes > FN_STRING_BYTES_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "requested length too large, exceeds %d MiB",
                       FN_STRING_BYTES_MAX >> 20);
    return 0;
}

double fn_cbrt(double x)
{
    double r = cbrt(x);
    return isfinite(r) && r != 0 ? r - (r * r * r - x) / (3 * r * r) : r;
}

struct type fn_arg_type(const struct eval_context *ec, int i)
{
    const struct fn_call *call = ec->call;
    if (call->arg_types != NULL)
        return call->arg_types[i];
    return call->fn->args[MIN(i, call->fn->n_args - 1)];
}

struct type fn_result_type(const struct eval_context *ec)
{
    return ec->call->result;
}

int fn_text_of(struct eval_context *ec, struct type t, struct datum d, struct buf *out, struct err *err)
{
    if (type_is(t, TYPE_STRING)) {
        buf_str(out, d.s);
        return 0;
    }
    struct datum text;
    TRY(cast_datum(ec, t, T_STRING, true, d, &text, err));
    buf_str(out, text.s);
    return 0;
}
