// The server seen through pg_catalog: settings, sessions, prepared statements, cursors.
#include "sql/virtual/virtual_int.h"
#include "types/datetime.h"

static struct datum enum_values(struct exec_context *x, const char *values)
{
    struct str items[32], all = str_of(values);
    size_t n = 0;
    for (size_t at = 0; at <= all.len && n < ARRAY_LEN(items);) {
        ptrdiff_t bar = str_find(all, STR("|"), at);
        size_t end = bar < 0 ? all.len : (size_t)bar;
        items[n++] = str_slice(all, at, end);
        at = end + 1;
    }
    return array_of_texts(x, items, n);
}

GENERATOR(pg_settings_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_setting *settings;
    size_t n;
    vs->ops->settings(vs, x->eval.arena, &settings, &n);
    for (size_t i = 0; i < n; i++) {
        const struct virtual_setting *s = &settings[i];
        ROW(pg_settings);
        row[pg_settings_name] = datum_c(s->name);
        row[pg_settings_setting] = datum_str(s->value);
        row[pg_settings_category] = datum_c("");
        row[pg_settings_short_desc] = datum_c("");
        row[pg_settings_extra_desc] = datum_c("");
        row[pg_settings_context] = datum_c(s->read_only ? "internal" : "user");
        row[pg_settings_vartype] = datum_c(s->type);
        row[pg_settings_source] = datum_c(str_eq(s->value, s->default_value) ? "default" : "session");
        row[pg_settings_enumvals] = s->values != NULL ? enum_values(x, s->values) : DATUM_NULL;
        row[pg_settings_boot_val] = datum_str(s->default_value);
        row[pg_settings_reset_val] = datum_str(s->reset_value);
        row[pg_settings_pending_restart] = datum_bool(false);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- sessions

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

// "10.0.0.1:5432" and "[::1]:5432" to an INET and a port; what does not look like that stays NULL.
static void client_columns(struct exec_context *x, struct str address, struct datum *row)
{
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    int64_t port;
    if (colon == 0 || !str_to_i64(str_slice(address, colon, address.len), &port))
        return;
    struct str host = str_slice(address, 0, colon - 1);
    if (host.len > 1 && host.ptr[0] == '[')
        host = str_slice(host, 1, host.len - 1);
    struct err ignored = ERR_INIT;
    if (datum_parse(x->eval.arena, T_INET, host, x->eval.vc, &row[pg_stat_activity_client_addr], &ignored) != 0) {
        row[pg_stat_activity_client_addr] = DATUM_NULL;
        err_reset(&ignored);
        return;
    }
    row[pg_stat_activity_client_port] = datum_int(port);
}

static const char *activity_state(const struct virtual_session_info *s)
{
    if (s->active_query.ptr != NULL)
        return "active";
    return s->is_open_txn ? "idle in transaction" : "idle";
}

static int activity_row(struct exec_context *x, const struct virtual_session_info *s, struct virtual_rows *rows,
                        struct err *err)
{
    const struct cat_database *d;
    uint32_t user;
    ROW(pg_stat_activity);
    TRY(cat_database_by_name(x->view, s->database, &d, err));
    TRY(role_oid(x, s->user, &user, err));
    row[pg_stat_activity_datid] = d != NULL ? datum_int(d->id) : DATUM_NULL;
    row[pg_stat_activity_datname] = datum_text_or_null(s->database);
    row[pg_stat_activity_pid] = datum_int(s->pid);
    row[pg_stat_activity_usesysid] = datum_int(user);
    row[pg_stat_activity_usename] = datum_str(s->user);
    row[pg_stat_activity_application_name] = datum_str(s->application_name);
    client_columns(x, s->client_address, row);
    row[pg_stat_activity_backend_start] = time_or_null(s->started_micros);
    row[pg_stat_activity_xact_start] = time_or_null(s->txn_started_micros);
    row[pg_stat_activity_query_start] = time_or_null(s->query_started_micros);
    row[pg_stat_activity_state_change] = time_or_null(s->query_started_micros);
    row[pg_stat_activity_state] = datum_c(activity_state(s));
    struct str query = s->active_query.ptr != NULL ? s->active_query : s->last_query;
    row[pg_stat_activity_query] = datum_str(query.ptr != NULL ? query : STR_EMPTY);
    row[pg_stat_activity_backend_type] = datum_c("client backend");
    return virtual_row(rows, row, err);
}

GENERATOR(pg_stat_activity_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_session_info *sessions;
    size_t n;
    TRY(vs->ops->sessions(vs, x->eval.arena, &sessions, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(activity_row(x, &sessions[i], rows, err));
    return 0;
}

// ---- of this session

GENERATOR(pg_prepared_statements_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_prepared *list;
    size_t n;
    vs->ops->prepared(vs, x->eval.arena, &list, &n);
    for (size_t i = 0; i < n; i++) {
        if (list[i].name.len == 0)
            continue;
        ROW(pg_prepared_statements);
        row[pg_prepared_statements_name] = datum_str(list[i].name);
        row[pg_prepared_statements_statement] = datum_str(list[i].text);
        row[pg_prepared_statements_prepare_time] = datum_int(list[i].created_micros);
        row[pg_prepared_statements_parameter_types] = array_of_oids(x, list[i].parameter_oids, list[i].n_parameters);
        row[pg_prepared_statements_from_sql] = datum_bool(list[i].from_sql);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_cursors_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_cursor *list;
    size_t n;
    vs->ops->cursors(vs, x->eval.arena, &list, &n);
    for (size_t i = 0; i < n; i++) {
        ROW(pg_cursors);
        row[pg_cursors_name] = datum_str(list[i].name);
        row[pg_cursors_statement] = datum_str(list[i].text);
        row[pg_cursors_is_holdable] = datum_bool(list[i].hold);
        row[pg_cursors_is_binary] = datum_bool(false);
        row[pg_cursors_is_scrollable] = datum_bool(false);
        row[pg_cursors_creation_time] = datum_int(x->eval.statement_micros);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- time zones

struct zone_rows {
    struct exec_context *x;
    struct virtual_rows *rows;
    int rc;
    struct err *err;
};

// Summer time is what lies ahead of the lesser of the offsets half a year apart.
static void zone_row(void *arg, struct str name)
{
    struct zone_rows *z = arg;
    const struct zone *zone;
    const int64_t half_year = 182 * MICROS_PER_DAY, now = z->x->eval.statement_micros;
    if (z->rc != 0 || zone_find(name, ZONE_SIGN_ISO, &zone, NULL) != 0)
        return;
    struct buf abbreviation = BUF_INIT;
    int32_t offset = zone_offset_at(zone, now);
    ROW(pg_timezone_names);
    zone_abbreviation(&abbreviation, zone, now);
    row[pg_timezone_names_name] = datum_str(arena_str(z->x->eval.arena, name));
    row[pg_timezone_names_abbrev] = datum_take(z->x, &abbreviation);
    row[pg_timezone_names_utc_offset] = (struct datum){.iv = {.micros = offset * MICROS_PER_SECOND}};
    row[pg_timezone_names_is_dst] = datum_bool(offset > zone_offset_at(zone, now + half_year));
    z->rc = virtual_row(z->rows, row, z->err);
}

GENERATOR(pg_timezone_names_rows)
{
    struct zone_rows z = {.x = x, .rows = rows, .err = err};
    zone_each_name(zone_row, &z);
    return z.rc;
}
