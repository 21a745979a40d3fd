// crdb_internal's functions about keys, the user, and statistics. Those that tools know and that mean nothing here say
// so.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include "keys/keys.h"
#include "types/array.h"

static int need_catalog(const struct eval_context *ec, struct err *err)
{
    if (ec->catalog != NULL && ec->session != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

BODY(unsupported)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() is not supported", ec->call->fn->name);
}

BODY(is_admin)
{
    TRY(need_catalog(ec, err));
    *out = (struct datum){0};
    return cat_is_admin(ec->catalog, ec->user, &out->b, err);
}

// Options that are system privileges too; LOGIN is everybody's who can ask.
BODY(has_role_option)
{
    uint32_t privilege = cat_system_privilege_of(args[0].s);
    bool login = str_ieqc(args[0].s, "LOGIN");
    TRY(need_catalog(ec, err));
    if (privilege == 0 && !login)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized role option: %.*s", STR_FMT(args[0].s));
    *out = (struct datum){.b = login};
    if (!login)
        TRY(cat_has_system_privilege(ec->catalog, ec->user, privilege, &out->b, err));
    return out->b ? 0 : cat_is_admin(ec->catalog, ec->user, &out->b, err);
}

BODY(pretty_key)
{
    struct buf b = BUF_INIT;
    key_print(&b, args[0].s);
    struct str text = buf_view(&b);
    for (int64_t skip = args[1].i; skip > 0 && text.len > 0; skip--) {
        ptrdiff_t slash = str_find(text, STR("/"), 1);
        text = str_slice(text, slash < 0 ? text.len : (size_t)slash, text.len);
    }
    text = arena_str(ec->arena, text);
    buf_release(&b);
    return fn_return_str(out, text);
}

static int return_span(struct eval_context *ec, struct kv_range range, struct datum *out)
{
    struct datum ends[2] = {datum_str(range.start), datum_str(range.end)};
    return fn_return_str(out, array_build(ec->arena, T_BYTES, ends, 2));
}

static bool is_id(int64_t n)
{
    return n >= 0 && n <= UINT32_MAX;
}

BODY(table_span)
{
    TRY(need_catalog(ec, err));
    if (!is_id(args[0].i))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "no such table: %lld", (long long)args[0].i);
    uint32_t cluster = catalog_cluster(cat_view_catalog(ec->catalog));
    return return_span(ec, key_table_range(ec->arena, cluster, (uint64_t)args[0].i), out);
}

BODY(index_span)
{
    TRY(need_catalog(ec, err));
    if (!is_id(args[0].i) || !is_id(args[1].i))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "no such index: %lld/%lld", (long long)args[0].i,
                       (long long)args[1].i);
    uint32_t cluster = catalog_cluster(cat_view_catalog(ec->catalog));
    return return_span(ec, key_index_range(ec->arena, cluster, (uint64_t)args[0].i, (uint64_t)args[1].i), out);
}

BODY(reset_sql_stats)
{
    TRY(need_catalog(ec, err));
    TRY(cat_check_system_privilege(ec->catalog, ec->user, CAT_SYSTEM_REPAIRCLUSTER, err));
    ec->session->reset_statistics(ec->session);
    return fn_return_bool(out, true);
}

BODY(reset_index_usage_stats)
{
    TRY(need_catalog(ec, err));
    TRY(cat_check_system_privilege(ec->catalog, ec->user, CAT_SYSTEM_REPAIRCLUSTER, err));
    ec->session->reset_index_usage(ec->session);
    return fn_return_bool(out, true);
}

static const struct fn_row rows[] = {
#include "sql/functions/internals.def"
};
const struct fn_family fn_family_internals = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
