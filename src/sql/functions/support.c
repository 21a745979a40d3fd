// Helpers shared by the bodies of all families.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
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

static int need(const struct eval_context *ec, bool there, struct err *err)
{
    if (there)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

int fn_need_catalog(const struct eval_context *ec, struct err *err)
{
    return need(ec, ec->catalog != NULL, err);
}

int fn_need_store(const struct eval_context *ec, struct err *err)
{
    return need(ec, ec->catalog != NULL && ec->txn != NULL, err);
}

int fn_need_session(const struct eval_context *ec, struct err *err)
{
    return need(ec, ec->catalog != NULL && ec->session != NULL, err);
}

int fn_need_admin(const struct eval_context *ec, struct err *err)
{
    bool admin;
    TRY(fn_need_catalog(ec, err));
    TRY(cat_is_admin(ec->catalog, ec->user, &admin, err));
    if (admin)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "%s() requires admin privilege", ec->call->fn->name);
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
