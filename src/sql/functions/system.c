// Functions about the session and the server: names in effect, settings, versions, waiting, sequences, notices.
#include "sql/functions/functions_int.h"
#include "sql/functions/regtypes_int.h"
#include "base/version.h"
#include "catalog/catalog.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/decimal.h"
#include "types/tid.h"
#include <math.h>

static int need_session(const struct eval_context *ec, struct err *err)
{
    if (ec->session != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

static int need_catalog(const struct eval_context *ec, struct err *err)
{
    if (ec->catalog != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

// ---- names in effect

BODY(current_database)
{
    return ec->database.len == 0 ? fn_return_null(out) : fn_return_str(out, ec->database);
}
BODY(current_user)
{
    return fn_return_str(out, ec->user);
}
BODY(session_user)
{
    return fn_return_str(out, ec->session_user);
}

// The search path's schemas that exist, "$user" replaced.
static int effective_schemas(struct eval_context *ec, bool implicit, struct datum *names, uint32_t *n, struct err *err)
{
    *n = 0;
    bool has_pg_catalog = false;
    for (size_t i = 0; i < ec->n_search_path; i++)
        has_pg_catalog |= str_eqc(ec->search_path[i], "pg_catalog");
    if (implicit && !has_pg_catalog)
        names[(*n)++] = datum_str(STR("pg_catalog"));
    for (size_t i = 0; i < ec->n_search_path; i++) {
        struct str name = str_eqc(ec->search_path[i], "$user") ? ec->user : ec->search_path[i];
        const struct cat_schema *schema = NULL;
        if (ec->catalog != NULL && ec->database_id != 0)
            TRY(cat_schema_by_name(ec->catalog, ec->database_id, name, &schema, err));
        if (schema != NULL)
            names[(*n)++] = datum_str(name);
    }
    return 0;
}

BODY(current_schema)
{
    struct datum *names = ARENA_ARRAY(ec->arena, struct datum, ec->n_search_path + 1);
    uint32_t n;
    TRY(effective_schemas(ec, false, names, &n, err));
    *out = n > 0 ? names[0] : DATUM_NULL;
    return 0;
}
BODY(current_schemas)
{
    struct datum *names = ARENA_ARRAY(ec->arena, struct datum, ec->n_search_path + 1);
    uint32_t n;
    TRY(effective_schemas(ec, args[0].b, names, &n, err));
    return fn_return_str(out, array_build(ec->arena, T_NAME, names, n));
}

// ---- settings

BODY(current_setting)
{
    TRY(need_session(ec, err));
    return ec->session->setting_get(ec->session, ec->arena, args[0].s, n_args > 1 && args[1].b, out, err);
}

BODY(set_config)
{
    TRY(need_session(ec, err));
    TRY(ec->session->setting_set(ec->session, args[0].s, args[1].s, args[2].b, err));
    return ec->session->setting_get(ec->session, ec->arena, args[0].s, false, out, err);
}

// ---- the server

BODY(version)
{
    return fn_return_str(out, ec->postgresql ? STR(VERSION_POSTGRESQL_TEXT) : STR(VERSION_TEXT));
}
BODY(executable_version)
{
    return fn_return_str(out, STR(VERSION_MAJOR_MINOR));
}

// "25.2" <= the version claimed?
BODY(is_at_least_version)
{
    int64_t wanted[2] = {0}, have[2] = {0};
    struct str texts[2] = {args[0].s, STR(VERSION_MAJOR_MINOR)};
    for (int t = 0; t < 2; t++) {
        int64_t *v = t == 0 ? wanted : have;
        ptrdiff_t dot = str_find(texts[t], STR("."), 0);
        size_t end = dot < 0 ? 0 : (size_t)dot + 1;
        while (end < texts[t].len && texts[t].ptr[end] >= '0' && texts[t].ptr[end] <= '9')
            end++;
        if (dot < 0 || !str_to_i64(str_slice(texts[t], 0, (size_t)dot), &v[0]) ||
            !str_to_i64(str_slice(texts[t], (size_t)dot + 1, end), &v[1]))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid version %.*s", STR_FMT(texts[t]));
    }
    return fn_return_bool(out, have[0] > wanted[0] || (have[0] == wanted[0] && have[1] >= wanted[1]));
}

BODY(backend_pid)
{
    return fn_return_int(out, ec->session != NULL ? ec->session->backend_pid : 0);
}
BODY(node_id)
{
    return fn_return_int(out, 1);
}

static int cluster_id_text(struct eval_context *ec, struct err *err, struct str *out)
{
    TRY(need_session(ec, err));
    *out = ec->session->cluster_id;
    return 0;
}
BODY(cluster_id)
{
    struct str text;
    TRY(cluster_id_text(ec, err, &text));
    return datum_parse(ec->arena, T_UUID, text, ec->vc, out, err);
}
BODY(empty_text)
{
    return fn_return_str(out, STR_EMPTY);
}
BODY(return_null)
{
    return fn_return_null(out);
}
BODY(return_true)
{
    return fn_return_bool(out, true);
}
BODY(return_false)
{
    return fn_return_bool(out, false);
}
BODY(trigger_depth)
{
    return fn_return_int(out, ec->session != NULL ? ec->session->trigger_depth : 0);
}

BODY(return_zero)
{
    return fn_return_int(out, 0);
}

// The session's temporary schema in the current database, NULL without one.
static int own_temp_schema(struct eval_context *ec, const struct cat_schema **out, struct err *err)
{
    *out = NULL;
    if (ec->catalog == NULL || ec->temp_schema.len == 0)
        return 0;
    return cat_schema_by_name(ec->catalog, ec->database_id, ec->temp_schema, out, err);
}
BODY(my_temp_schema)
{
    const struct cat_schema *own;
    TRY(own_temp_schema(ec, &own, err));
    return fn_return_int(out, own != NULL ? own->id : 0);
}
BODY(is_other_temp_schema)
{
    const struct cat_schema *own, *s = NULL;
    TRY(own_temp_schema(ec, &own, err));
    if (ec->catalog != NULL && args[0].i > 0 && args[0].i <= INT32_MAX)
        TRY(cat_schema_by_id(ec->catalog, (uint32_t)args[0].i, &s, err));
    return fn_return_bool(out, s != NULL && cat_schema_is_temporary(s->name) && (own == NULL || own->id != s->id));
}
BODY(client_address)
{
    if (ec->session == NULL || ec->session->client_address.len == 0)
        return fn_return_null(out);
    return datum_parse(ec->arena, T_INET, ec->session->client_address, ec->vc, out, err);
}
BODY(server_start)
{
    static int64_t started; // this process's first call is as near as a session can tell
    int64_t now = clock_wall_ns() / 1000, none = 0;
    __atomic_compare_exchange_n(&started, &none, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return fn_return_int(out, __atomic_load_n(&started, __ATOMIC_RELAXED));
}

BODY(encoding_to_char)
{
    return args[0].i == 6 ? fn_return_str(out, STR("UTF8")) : fn_return_null(out);
}
BODY(encoding_max_length)
{
    return args[0].i == 6 ? fn_return_int(out, 4) : fn_return_null(out);
}
BODY(char_to_encoding)
{
    bool utf8 = str_ieqc(args[0].s, "utf8") || str_ieqc(args[0].s, "utf-8");
    return fn_return_int(out, utf8 ? 6 : -1);
}
BODY(database_encoding)
{
    return fn_return_str(out, STR("UTF8"));
}

BODY(type_of)
{
    struct buf b = BUF_INIT;
    struct type t = fn_arg_type(ec, 0), plain;
    type_print_pg(&b, type_from_oid(t.oid, &plain) ? plain : t);
    return fn_return_buf(ec, &b, out, err);
}

BODY(column_size)
{
    size_t size = 0;
    for (int i = 0; i < n_args; i++) {
        if (!args[i].null)
            size += type_physical(fn_arg_type(ec, i)) == PHYSICAL_STR ? args[i].s.len : 8;
    }
    return fn_return_int(out, (int64_t)size);
}

BODY(datums_to_bytes)
{
    struct buf b = BUF_INIT;
    for (int i = 0; i < n_args; i++) {
        if (!key_type_is_indexable(fn_arg_type(ec, i)) && !args[i].null) {
            buf_release(&b);
            return err_set(err, ERR_DATATYPE_MISMATCH, "illegal argument %d of type %s", i,
                           type_family_name(fn_arg_type(ec, i)));
        }
        key_put_datum(&b, fn_arg_type(ec, i), &args[i], KEY_ASC);
    }
    *out = datum_str(arena_str(ec->arena, buf_view(&b)));
    buf_release(&b);
    return 0;
}

// ctid: numbers stand for themselves.
BODY(row_tid)
{
    struct buf b = BUF_INIT;
    if (n_args == 1 && type_is(fn_arg_type(ec, 0), TYPE_INT) && args[0].i >= 0) {
        *out = tid_of_number(ec->arena, (uint64_t)args[0].i);
        return 0;
    }
    for (int i = 0; i < n_args; i++)
        key_put_datum(&b, fn_arg_type(ec, i), &args[i], KEY_ASC);
    *out = tid_of_key(ec->arena, buf_view(&b));
    buf_release(&b);
    return 0;
}

// Its inverse: no two have the same number.
BODY(tid_int)
{
    uint64_t number;
    struct datum key;
    if (tid_number(args[0].s, &number))
        return number <= INT64_MAX ? fn_return_int(out, (int64_t)number) : fn_return_null(out);
    struct key_reader r = key_reader(tid_key(args[0].s));
    bool is_int = key_get_datum(&r, ec->arena, T_INT8, KEY_ASC, &key, NULL) == 0 && key_reader_left(&r) == 0;
    return is_int && !key.null && key.i < 0 ? fn_return_int(out, key.i) : fn_return_null(out);
}

BODY(pg_sleep)
{
    TRY(need_session(ec, err));
    if (args[0].f > 0 && isfinite(args[0].f))
        TRY(ec->session->sleep(ec->session, (int64_t)(args[0].f * 1e6), err));
    return fn_return_bool(out, true);
}

BODY(pg_sleep_for)
{
    int64_t until;
    TRY(need_session(ec, err));
    TRY(timestamp_add(0, args[0].iv, NULL, &until, err));
    if (until > 0)
        TRY(ec->session->sleep(ec->session, until, err));
    return fn_return_str(out, STR_EMPTY);
}

BODY(pg_sleep_until)
{
    int64_t micros;
    TRY(need_session(ec, err));
    if (args[0].i != DATETIME_INFINITY && !__builtin_sub_overflow(args[0].i, clock_wall_ns() / 1000, &micros) &&
        micros > 0)
        TRY(ec->session->sleep(ec->session, micros, err));
    return fn_return_str(out, STR_EMPTY);
}

BODY(txn_id)
{
    if (ec->txn == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
    return fn_return_int(out, (int64_t)(kv_txn_id(ec->txn) & INT64_MAX));
}

BODY(logical_timestamp)
{
    if (ec->txn == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cluster_logical_timestamp() cannot be used in this context");
    struct decimal timestamp;
    TRY(decimal_of_version(ec->arena, kv_read_version(ec->txn), &timestamp, err));
    *out = datum_decimal(ec->arena, &timestamp);
    return 0;
}

BODY(hlc_to_timestamp)
{
    struct decimal d = decimal_of(args[0]);
    int64_t nanos;
    if (!decimal_to_i64(&d, &nanos))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid timestamp");
    return fn_return_int(out, nanos / 1000);
}

BODY(gateway_region)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "no region set on the locality flag on this node");
}

BODY(primary_region)
{
    return err_set(err, ERR_INVALID_DATABASE_DEFINITION, "current database %.*s is not multi-region enabled",
                   STR_FMT(ec->database));
}

BODY(blocking_pids)
{
    return fn_return_str(out, array_build(ec->arena, T_INT8, NULL, 0));
}

static int return_size(struct eval_context *ec, int64_t v, struct datum *out)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;
    for (; unit + 1 < ARRAY_LEN(units) && (v >= 10240 || v <= -10240); unit++)
        v = v / 1024 + (v % 1024 >= 512) - (v % 1024 <= -512);
    return fn_return_str(out, arena_printf(ec->arena, "%lld %s", (long long)v, units[unit]));
}
BODY(size_pretty)
{
    return return_size(ec, args[0].i, out);
}
BODY(size_pretty_decimal)
{
    struct decimal d = decimal_of(args[0]);
    int64_t v;
    if (!decimal_to_i64(&d, &v))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return return_size(ec, v, out);
}

static int bad_size(struct str text, struct str unit, struct err *err)
{
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid size: \"%.*s\"", STR_FMT(text));
    if (unit.len > 0)
        err_detail(err, "Invalid size unit: \"%.*s\".", STR_FMT(unit));
    return ERR_INVALID_PARAMETER_VALUE;
}

BODY(size_bytes)
{
    static const char *const units[] = {"bytes", "kb", "mb", "gb", "tb", "pb"};
    struct str text = str_trim(args[0].s);
    size_t digits = 0, unit = 0;
    while (digits < text.len && strchr("+-.0123456789", text.ptr[digits]) != NULL)
        digits++;
    struct str name = str_trim(str_slice(text, digits, text.len));
    struct decimal n, bytes;
    bool out_of_range;
    if (!decimal_parse(ec->arena, str_slice(text, 0, digits), &n, &out_of_range))
        return bad_size(args[0].s, STR_EMPTY, err);
    while (unit < ARRAY_LEN(units) && name.len > 0 && !str_ieqc(name, units[unit]))
        unit++;
    if (str_ieqc(name, "b"))
        unit = 0;
    if (unit == ARRAY_LEN(units))
        return bad_size(args[0].s, name, err);
    struct decimal factor = decimal_from_i64(INT64_C(1) << (10 * unit));
    *out = (struct datum){0};
    TRY(decimal_mul(ec->arena, &n, &factor, &bytes, err));
    TRY(decimal_rescale(ec->arena, &bytes, 0, DECIMAL_HALF_UP, &bytes, err));
    if (!decimal_to_i64(&bytes, &out->i))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    return 0;
}

// ---- other sessions

static int signal_backend(struct eval_context *ec, int64_t pid, bool end, struct datum *out, struct err *err)
{
    bool found;
    TRY(need_session(ec, err));
    TRY(ec->session->signal_backend(ec->session, pid, end, &found, err));
    return fn_return_bool(out, found);
}
BODY(cancel_backend)
{
    return signal_backend(ec, args[0].i, false, out, err);
}
BODY(terminate_backend)
{
    return signal_backend(ec, args[0].i, true, out, err);
}

// ---- notifications

BODY(notify)
{
    struct str channel = args[0].null ? STR_EMPTY : args[0].s, payload = args[1].null ? STR_EMPTY : args[1].s;
    TRY(need_session(ec, err));
    *out = datum_str(STR_EMPTY);
    return ec->session->notify(ec->session, channel, payload, err);
}

static int listening_channels(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                              struct err *err)
{
    struct str *channels;
    TRY(need_session(ec, err));
    size_t n = ec->session->listening(ec->session, ec->arena, &channels);
    for (size_t i = 0; i < n; i++) {
        struct datum channel = datum_str(channels[i]);
        TRY(emit->row(emit, &channel, err));
    }
    return 0;
}

BODY(notification_queue_usage)
{
    TRY(need_session(ec, err));
    return fn_return_float(out, ec->session->notify_queue_usage(ec->session));
}

// ---- forced faults and notices

BODY(force_retry)
{
    TRY(need_session(ec, err));
    TRY(ec->session->force_retry(ec->session, args[0].iv, err));
    return fn_return_int(out, 0);
}

BODY(force_error)
{
    int code = err_code_of(args[0].s);
    return err_set(err, code != 0 ? code : ERR_UNCATEGORIZED, "%.*s", STR_FMT(args[1].s));
}

static int send_notice(struct eval_context *ec, enum err_severity severity, struct str text, struct datum *out,
                       struct err *err)
{
    TRY(need_session(ec, err));
    struct err notice = ERR_INIT;
    (void)err_set(&notice, severity == ERR_SEVERITY_WARNING ? ERR_WARNING : ERR_SUCCESSFUL_COMPLETION, "%.*s",
                  STR_FMT(text));
    notice.severity = severity;
    ec->session->notice(ec->session, &notice);
    err_reset(&notice);
    return fn_return_int(out, 0);
}
BODY(notice)
{
    return send_notice(ec, ERR_SEVERITY_NOTICE, args[0].s, out, err);
}
BODY(notice_of_severity)
{
    bool warning = str_ieqc(args[0].s, "warning");
    if (!warning && !str_ieqc(args[0].s, "notice"))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "severity %.*s is invalid", STR_FMT(args[0].s));
    return send_notice(ec, warning ? ERR_SEVERITY_WARNING : ERR_SEVERITY_NOTICE, args[1].s, out, err);
}

// ---- sequences

// By name only with USAGE of the schema, as other relations; whoever has the OID has looked it up before.
static int find_sequence(struct eval_context *ec, struct datum arg, const struct cat_table **out, struct err *err)
{
    TRY(need_catalog(ec, err));
    TRY(need_session(ec, err));
    int64_t oid = arg.i;
    if (type_is(fn_arg_type(ec, 0), TYPE_STRING)) {
        bool found;
        TRY(reg_parse(ec, T_REGCLASS, arg.s, false, &found, &oid, err));
    }
    TRY(cat_table_by_id(ec->catalog, (uint32_t)oid, out, err));
    if (*out != NULL && type_is(fn_arg_type(ec, 0), TYPE_STRING))
        TRY(cat_check_schema_usage(ec->catalog, ec->user, (*out)->schema_id, err));
    if (*out == NULL)
        return err_set(err, ERR_UNDEFINED_TABLE, "relation with OID %lld does not exist", (long long)oid);
    if ((*out)->kind != CAT_SEQUENCE)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a sequence", STR_FMT((*out)->name));
    return 0;
}

static int sequence_privilege(struct eval_context *ec, const struct cat_table *sequence, uint32_t either,
                              struct err *err)
{
    for (uint32_t bit = 1; bit <= either; bit <<= 1) {
        bool has = false;
        if (either & bit)
            TRY(cat_has_privilege(ec->catalog, ec->user, &sequence->acl, bit, &has, err));
        if (has)
            return 0;
    }
    return cat_no_privilege(err, ec->user, either & -either, "relation", sequence->name);
}

BODY(nextval)
{
    const struct cat_table *sequence;
    TRY(find_sequence(ec, args[0], &sequence, err));
    TRY(sequence_privilege(ec, sequence, CAT_PRIVILEGE_USAGE | CAT_PRIVILEGE_UPDATE, err));
    *out = (struct datum){0};
    TRY(cat_sequence_next(ec->catalog, sequence, &out->i, err));
    ec->session->sequence_value_set(ec->session, sequence->id, out->i);
    return 0;
}

BODY(currval)
{
    const struct cat_table *sequence;
    TRY(find_sequence(ec, args[0], &sequence, err));
    TRY(sequence_privilege(ec, sequence, CAT_PRIVILEGE_USAGE | CAT_PRIVILEGE_SELECT, err));
    *out = (struct datum){0};
    if (ec->session->sequence_value_get(ec->session, sequence->id, &out->i))
        return 0;
    return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                   "currval of sequence \"%.*s\" is not yet defined in this session", STR_FMT(sequence->name));
}

BODY(lastval)
{
    TRY(need_session(ec, err));
    *out = (struct datum){0};
    if (ec->session->sequence_value_last(ec->session, &out->i))
        return 0;
    return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "lastval is not yet defined in this session");
}

BODY(setval)
{
    const struct cat_table *sequence;
    TRY(find_sequence(ec, args[0], &sequence, err));
    TRY(sequence_privilege(ec, sequence, CAT_PRIVILEGE_UPDATE, err));
    int64_t value = args[1].i;
    bool is_called = n_args < 3 || args[2].b;
    if (value < sequence->sequence.min || value > sequence->sequence.max)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value %lld is out of bounds for sequence \"%.*s\" (%lld..%lld)", (long long)value,
                       STR_FMT(sequence->name), (long long)sequence->sequence.min, (long long)sequence->sequence.max);
    TRY(cat_sequence_set(ec->catalog, sequence, value, is_called, err));
    if (is_called)
        ec->session->sequence_value_set(ec->session, sequence->id, value);
    return fn_return_int(out, value);
}

static const struct fn_row rows[] = {
#include "sql/functions/system.def"
};
const struct fn_family fn_family_system = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
