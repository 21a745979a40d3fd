// crdb_internal's functions about names, the user, settings, statistics, versions.
#include "sql/functions/functions_int.h"
#include "sql/functions/oids.h"
#include "sql/functions/regtypes_int.h"
#include "base/util.h"
#include "base/version.h"
#include "catalog/catalog.h"
#include "crypto/scram.h"
#include "keys/keys.h"
#include "sql/parse/ast_print.h"
#include "types/array.h"
#include "types/decimal.h"
#include "types/json.h"
#include <math.h>
#include <stdlib.h>

// ---- the user

BODY(is_admin)
{
    TRY(fn_need_catalog(ec, err));
    *out = (struct datum){0};
    return cat_is_admin(ec->catalog, ec->user, &out->b, err);
}

// Options that are system privileges too; LOGIN is everybody's who can ask.
BODY(has_role_option)
{
    uint32_t privilege = cat_system_privilege_of(args[0].s);
    bool login = str_ieqc(args[0].s, "LOGIN");
    TRY(fn_need_catalog(ec, err));
    if (privilege == 0 && !login)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unrecognized role option: %.*s", STR_FMT(args[0].s));
    *out = (struct datum){.b = login};
    if (!login)
        TRY(cat_has_system_privilege(ec->catalog, ec->user, privilege, &out->b, err));
    return out->b ? 0 : cat_is_admin(ec->catalog, ec->user, &out->b, err);
}

BODY(can_view_job)
{
    TRY(fn_need_catalog(ec, err));
    if (str_eq(args[0].s, ec->user))
        return fn_return_bool(out, true);
    *out = (struct datum){0};
    return cat_has_system_privilege(ec->catalog, ec->user, CAT_SYSTEM_VIEWJOB | CAT_SYSTEM_CONTROLJOB, &out->b, err);
}

static int name_of_privilege(struct str key, struct datum *out, struct err *err)
{
    uint32_t privilege = cat_privilege_of(key), system = cat_system_privilege_of(key);
    if (privilege == 0 && system == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "not a valid privilege: \"%.*s\"", STR_FMT(key));
    *out = datum_str(str_of(privilege != 0 ? cat_privilege_name(privilege) : cat_system_privilege_name(system)));
    return 0;
}

BODY(privilege_name)
{
    return name_of_privilege(args[0].s, out, err);
}

BODY(privilege_names)
{
    struct array keys = array_open(fn_arg_type(ec, 0), args[0].s);
    struct datum *names = ARENA_ARRAY(ec->arena, struct datum, keys.count);
    for (uint32_t i = 0; i < keys.count; i++) {
        names[i] = array_get(&keys, i);
        if (!names[i].null)
            TRY(name_of_privilege(names[i].s, &names[i], err));
    }
    return fn_return_str(out, array_build(ec->arena, T_STRING, names, keys.count));
}

// ---- names

BODY(database_id)
{
    const struct cat_database *d;
    TRY(fn_need_catalog(ec, err));
    TRY(cat_database_by_name(ec->catalog, args[0].s, &d, err));
    return d != NULL ? fn_return_int(out, d->id) : fn_return_null(out);
}

static int find_in_schema(struct eval_context *ec, int64_t database, int64_t schema, struct str name, struct datum *out,
                          struct err *err)
{
    const struct cat_table *t = NULL;
    const struct cat_type *type = NULL;
    *out = DATUM_NULL;
    if (database <= 0 || database > UINT32_MAX || schema <= 0 || schema > UINT32_MAX)
        return 0;
    TRY(cat_table_by_name(ec->catalog, (uint32_t)database, (uint32_t)schema, name, &t, err));
    if (t == NULL)
        TRY(cat_type_by_name(ec->catalog, (uint32_t)database, (uint32_t)schema, name, &type, err));
    if (t != NULL || type != NULL)
        *out = datum_int(t != NULL ? t->id : type->id);
    return 0;
}

static int find_database(struct eval_context *ec, int64_t id, const struct cat_database **d, struct err *err)
{
    TRY(fn_need_catalog(ec, err));
    *d = NULL;
    return id > 0 && id <= UINT32_MAX ? cat_database_by_id(ec->catalog, (uint32_t)id, d, err) : 0;
}

BODY(namespace_id)
{
    const struct cat_database *d;
    TRY(find_database(ec, args[0].i, &d, err));
    if (d != NULL)
        return find_in_schema(ec, d->id, d->public_schema_id, args[1].s, out, err);
    if (args[0].i != 0)
        return fn_return_null(out);
    TRY(cat_database_by_name(ec->catalog, args[1].s, &d, err));
    return d != NULL ? fn_return_int(out, d->id) : fn_return_null(out);
}

BODY(namespace_id_in_schema)
{
    const struct cat_database *d;
    const struct cat_schema *s = NULL;
    TRY(find_database(ec, args[0].i, &d, err));
    if (args[1].i != 0)
        return find_in_schema(ec, args[0].i, args[1].i, args[2].s, out, err);
    if (args[0].i == 0) {
        TRY(cat_database_by_name(ec->catalog, args[2].s, &d, err));
        return d != NULL ? fn_return_int(out, d->id) : fn_return_null(out);
    }
    if (d != NULL)
        TRY(cat_schema_by_name(ec->catalog, d->id, args[2].s, &s, err));
    return s != NULL ? fn_return_int(out, s->id) : fn_return_null(out);
}

static int check_sight(struct eval_context *ec, const struct cat_table *t, bool *visible, struct err *err)
{
    struct err refused = ERR_INIT;
    int rc = cat_check_any_privilege(ec->catalog, ec->user, t, &refused);
    err_reset(&refused);
    *visible = rc == 0;
    return rc == 0 || rc == ERR_INSUFFICIENT_PRIVILEGE ? 0 : err_set(err, rc, "the catalog cannot be read");
}

BODY(qualified_name)
{
    const struct cat_table *t = NULL;
    const struct cat_schema *s = NULL;
    const struct cat_database *d = NULL;
    bool visible = false;
    TRY(fn_need_catalog(ec, err));
    if (args[0].i > 0 && args[0].i <= UINT32_MAX)
        TRY(cat_table_by_id(ec->catalog, (uint32_t)args[0].i, &t, err));
    if (t != NULL)
        TRY(check_sight(ec, t, &visible, err));
    if (visible) {
        TRY(cat_schema_by_id(ec->catalog, t->schema_id, &s, err));
        TRY(cat_database_by_id(ec->catalog, t->database_id, &d, err));
    }
    if (s == NULL || d == NULL)
        return fn_return_null(out);
    struct buf b = BUF_INIT;
    print_identifier(&b, d->name);
    buf_putc(&b, '.');
    print_identifier(&b, s->name);
    buf_putc(&b, '.');
    print_identifier(&b, t->name);
    return fn_return_buf(ec, &b, out, err);
}

static int find_table(struct eval_context *ec, struct str name, const struct cat_table **t, struct err *err)
{
    bool found;
    int64_t oid;
    TRY(fn_need_catalog(ec, err));
    TRY(reg_parse(ec, T_REGCLASS, name, false, &found, &oid, err));
    TRY(cat_table_by_id(ec->catalog, (uint32_t)oid, t, err));
    if (*t == NULL)
        return err_set(err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", STR_FMT(name));
    return cat_check_any_privilege(ec->catalog, ec->user, *t, err);
}

static struct str constraint_name(const struct oid_constraint *c)
{
    return c->index != NULL ? c->index->name : c->check != NULL ? c->check->name : c->foreign_key->name;
}

static bool find_constraint(const struct cat_table *t, struct str name, struct oid_constraint *c)
{
    for (uint32_t i = 0; oid_constraint_at(t, i, c); i++)
        if (str_eq(constraint_name(c), name))
            return true;
    return false;
}

BODY(is_constraint_active)
{
    const struct cat_table *t;
    struct oid_constraint c;
    TRY(find_table(ec, args[0].s, &t, err));
    if (!find_constraint(t, args[1].s, &c))
        return fn_return_bool(out, false);
    bool pending = c.index != NULL   ? c.index->state != CAT_INDEX_PUBLIC
                   : c.check != NULL ? c.check->pending != CAT_PENDING_NONE
                                     : c.foreign_key->pending != CAT_PENDING_NONE;
    return fn_return_bool(out, !pending);
}

BODY(revalidate_unique)
{
    const struct cat_table *t;
    struct oid_constraint c;
    TRY(find_table(ec, args[0].s, &t, err));
    if (!find_constraint(t, args[1].s, &c) || c.index == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT,
                       "unique constraint with name \"%.*s\" does not exist on table \"%.*s\"", STR_FMT(args[1].s),
                       STR_FMT(t->name));
    return fn_return_str(out, STR_EMPTY);
}

BODY(revalidate_table)
{
    const struct cat_table *t;
    TRY(find_table(ec, args[0].s, &t, err));
    return fn_return_str(out, STR_EMPTY);
}

BODY(nothing_to_do)
{
    return fn_return_str(out, STR_EMPTY);
}

BODY(type_is_indexable)
{
    struct type t;
    bool found;
    TRY(cat_type_of_oid(ec->catalog, (uint32_t)args[0].i, &t, &found, err));
    return fn_return_bool(out, found && key_type_is_indexable(t));
}

BODY(reg_of_oid)
{
    return fn_return_int(out, args[0].i);
}

// ---- values

BODY(assignment_cast)
{
    struct type from = fn_arg_type(ec, 0), to = fn_arg_type(ec, 1);
    *out = args[0];
    if (args[0].null)
        return 0;
    if (cast_allowed(from, to) < CAST_ASSIGNMENT)
        return err_set(err, ERR_CANNOT_COERCE, "invalid assignment cast: %s -> %s", type_family_name(from),
                       type_family_name(to));
    return cast_datum(ec, from, to, false, args[0], out, err);
}

static int round_to(struct eval_context *ec, struct datum in, int64_t scale, struct datum *out, struct err *err)
{
    struct decimal d = decimal_of(in), rounded;
    if (scale < 0 || scale > 2000)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "scale %lld must be from 0 to 2000", (long long)scale);
    TRY(decimal_rescale(ec->arena, &d, (int32_t)scale, DECIMAL_HALF_UP, &rounded, err));
    *out = datum_decimal(ec->arena, &rounded);
    return 0;
}

BODY(round_decimal)
{
    return round_to(ec, args[0], args[1].i, out, err);
}

BODY(round_decimals)
{
    struct array list = array_open(fn_arg_type(ec, 0), args[0].s);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, list.count);
    for (uint32_t i = 0; i < list.count; i++) {
        items[i] = array_get(&list, i);
        if (!items[i].null)
            TRY(round_to(ec, items[i], args[1].i, &items[i], err));
    }
    return fn_return_str(out, array_build(ec->arena, list.element, items, list.count));
}

BODY(humanize_bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = fabs((double)args[0].i);
    size_t unit = 0;
    for (; value >= 1024; value /= 1024)
        unit++;
    value = unit == 0 ? value : floor(value * 10 + 0.5) / 10;
    const char *sign = args[0].i < 0 ? "-" : "";
    return fn_return_str(
        out, arena_printf(ec->arena, "%s%.*f %s", sign, unit > 0 && value < 10 ? 1 : 0, value, units[unit]));
}

BODY(hash_format)
{
    struct scram_verifier verifier;
    if (str_has_prefix(args[0].s, STR("CRDB-BCRYPT$")) || str_has_prefix(args[0].s, STR("$2a$")))
        return fn_return_str(out, STR("crdb-bcrypt"));
    if (scram_verifier_parse(&verifier, args[0].s))
        return fn_return_str(out, STR("scram-sha-256"));
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "hash format not recognized");
}

// ---- versions

BODY(active_version)
{
    struct json_builder b;
    struct str text = STR(VERSION_MAJOR_MINOR), json;
    int64_t major = 0, minor = 0;
    ptrdiff_t dot = str_find(text, STR("."), 0);
    INVARIANT(str_to_i64(str_slice(text, 0, (size_t)dot), &major));
    INVARIANT(str_to_i64(str_slice(text, (size_t)dot + 1, text.len), &minor));
    json_builder_init(&b);
    json_begin_object(&b);
    const struct {
        const char *key;
        int64_t value;
    } members[] = {{"internal", 0}, {"majorVal", major}, {"minorVal", minor}, {"patch", 0}};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_key(&b, str_of(members[i].key));
        json_add_i64(&b, members[i].value);
    }
    json_end(&b);
    int rc = json_builder_finish(&b, ec->arena, &json, err);
    json_builder_release(&b);
    return rc != 0 ? rc : fn_return_str(out, json);
}

// "25.4" and, on the way from one series to the next, "25.3-8" and "25.3-upgrading-to-25.4-step-008".
BODY(release_series)
{
    struct str text = args[0].s;
    ptrdiff_t to = str_find(text, STR("-to-"), 0);
    struct str last = to < 0 ? text : str_slice(text, (size_t)to + 4, text.len);
    ptrdiff_t dot = str_find(last, STR("."), 0), dash = str_find(last, STR("-"), 0);
    int64_t major, minor;
    size_t end = dash < 0 ? last.len : (size_t)dash;
    if (dot < 0 || (size_t)dot >= end || !str_to_i64(str_slice(last, 0, (size_t)dot), &major) ||
        !str_to_i64(str_slice(last, (size_t)dot + 1, end), &minor))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid version %.*s", STR_FMT(text));
    int64_t per_year = major < 24 ? 2 : major == 24 ? 3 : 4;
    if (to < 0 && dash >= 0 && ++minor > per_year) {
        major++;
        minor = 1;
    }
    return fn_return_str(out, arena_printf(ec->arena, "%lld.%lld", (long long)major, (long long)minor));
}

// ---- what there is none of

BODY(always_false)
{
    return fn_return_bool(out, false);
}
BODY(always_true)
{
    return fn_return_bool(out, true);
}
BODY(no_trace)
{
    return fn_return_null(out);
}
BODY(no_text)
{
    return fn_return_str(out, STR_EMPTY);
}
static int no_pending_jobs(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                           struct err *err)
{
    (void)ec, (void)args, (void)n_args, (void)emit, (void)err;
    return 0;
}

// ---- the server

static int need_repair(struct eval_context *ec, struct err *err)
{
    TRY(fn_need_session(ec, err));
    return cat_check_system_privilege(ec->catalog, ec->user, CAT_SYSTEM_REPAIRCLUSTER, err);
}

BODY(write_log)
{
    struct buf line = BUF_INIT;
    TRY(need_repair(ec, err));
    for (size_t i = 0; i < MIN(args[0].s.len, (size_t)1024); i++)
        buf_putc(&line, (unsigned char)args[0].s.ptr[i] < ' ' ? ' ' : args[0].s.ptr[i]);
    log_info("crdb_internal.log: %s", buf_c(&line));
    buf_release(&line);
    return fn_return_str(out, STR_EMPTY);
}

BODY(reset_sql_stats)
{
    TRY(need_repair(ec, err));
    ec->session->reset_statistics(ec->session);
    return fn_return_bool(out, true);
}

BODY(reset_index_usage_stats)
{
    TRY(need_repair(ec, err));
    ec->session->reset_index_usage(ec->session);
    return fn_return_bool(out, true);
}

BODY(serialize_session)
{
    struct str bytes;
    TRY(fn_need_session(ec, err));
    TRY(ec->session->serialize(ec->session, ec->arena, &bytes, err));
    return fn_return_str(out, bytes);
}

BODY(deserialize_session)
{
    TRY(fn_need_session(ec, err));
    TRY(ec->session->deserialize(ec->session, args[0].s, err));
    return fn_return_bool(out, true);
}

BODY(clear_cache)
{
    TRY(need_repair(ec, err));
    return fn_return_str(out, STR_EMPTY);
}

BODY(setting_default)
{
    struct str text;
    TRY(fn_need_session(ec, err));
    TRY(ec->session->cluster_setting(ec->session, ec->arena, args[0].s, STR_NONE, &text, err));
    return fn_return_str(out, text);
}

BODY(setting_decoded)
{
    struct str text;
    TRY(fn_need_session(ec, err));
    TRY(ec->session->cluster_setting(ec->session, ec->arena, args[0].s, args[1].s, &text, err));
    return fn_return_str(out, text);
}

static int show_create_all(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                           struct err *err)
{
    struct str name = str_of(ec->call->fn->name);
    size_t prefix = strlen("crdb_internal.show_create_all_");
    (void)n_args;
    TRY(fn_need_session(ec, err));
    return ec->session->show_create_all(ec->session, ec->arena, str_slice(name, prefix, name.len), args[0].s, emit,
                                        err);
}

static const struct fn_row rows[] = {
#include "sql/functions/internals.def"
};
const struct fn_family fn_family_internals = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
