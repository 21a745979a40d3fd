// SHOW of the cluster: settings, activity, jobs, zones. The cluster is one node that keeps one replica.
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"
#include "sql/virtual/zones.h"

// ---- settings

static int setting_row(struct show *sh, const struct cluster_setting *c, struct err *err)
{
    struct str value;
    bool is_default;
    TRY(cluster_setting_value(sh->view, c, sh->arena, &value, &is_default, err));
    struct datum *row = show_row(sh);
    row[0] = datum_c(c->name);
    row[1] = datum_str(value);
    row[2] = datum_c(c->type);
    row[3] = datum_bool(true);
    row[4] = datum_c(c->description);
    row[5] = datum_c(c->default_text);
    row[6] = datum_c(is_default ? "default" : "override");
    row[7] = datum_c(c->name);
    return 0;
}

static int show_cluster_settings(struct show *sh, struct err *err)
{
    size_t n;
    const struct cluster_setting *list = cluster_settings(&n);
    bool sql_only;
    TRY(cluster_settings_visible(sh->view, sh->session->user, &sql_only, "SHOW CLUSTER SETTINGS", err));
    for (size_t i = 0; i < n; i++)
        if (!sql_only || cluster_setting_is_sql(str_of(list[i].name)))
            TRY(setting_row(sh, &list[i], err));
    return 0;
}

// The type of the one column follows the setting's.
static int show_cluster_setting(struct show *sh, struct err *err)
{
    struct str name = sh->ast->name, value;
    const struct cluster_setting *c = cluster_setting_find(name);
    bool is_default;
    if (c == NULL)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unknown setting: \"%.*s\"", STR_FMT(name));
    TRY(cluster_setting_check_access(sh->view, sh->session->user, str_of(c->name), false, err));
    TRY(cluster_setting_value(sh->view, c, sh->arena, &value, &is_default, err));
    struct show_column column = {c->name, cluster_setting_type(c).oid};
    show_columns(sh, &column, 1);
    return datum_parse(sh->arena, sh->out->types[0], value, &sh->session->vc, &show_row(sh)[0], err);
}

// ---- activity

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

static int list_sessions(struct show *sh, struct virtual_session_info **out, size_t *n, struct err *err)
{
    struct virtual_session *vs = &sh->session->virtual_session;
    return vs->ops->sessions(vs, sh->arena, out, n, err);
}

static int show_sessions(struct show *sh, struct err *err)
{
    size_t n;
    struct virtual_session_info *list;
    TRY(list_sessions(sh, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool active = list[i].active_query.ptr != NULL;
        struct datum *row = show_row(sh);
        row[0] = datum_int(1);
        row[1] = datum_str(list[i].session_id);
        row[2] = datum_c(active ? "ACTIVE" : "IDLE");
        row[3] = datum_str(list[i].user);
        row[4] = datum_str(list[i].client_address);
        row[5] = datum_str(list[i].application_name);
        row[6] = datum_str(active ? list[i].active_query : STR_EMPTY);
        row[7] = datum_str(list[i].last_query.ptr != NULL ? list[i].last_query : STR_EMPTY);
        row[8] = datum_int(list[i].started_micros);
        row[9] = active ? time_or_null(list[i].query_started_micros) : DATUM_NULL;
        row[10] = datum_int((int64_t)list[i].txns_executed);
        row[11] = datum_int(0);
        row[12] = datum_int(0);
        row[13] = datum_str(list[i].auth_method);
    }
    return 0;
}

static int show_statements(struct show *sh, struct err *err)
{
    size_t n;
    struct virtual_session_info *list;
    TRY(list_sessions(sh, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (list[i].active_query.ptr == NULL)
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_str(list[i].query_id);
        row[1] = datum_int(1);
        row[2] = datum_str(list[i].session_id);
        row[3] = datum_str(list[i].user);
        row[4] = time_or_null(list[i].query_started_micros);
        row[5] = datum_str(list[i].active_query);
        row[6] = datum_str(list[i].client_address);
        row[7] = datum_str(list[i].application_name);
        row[8] = datum_bool(false);
        row[9] = datum_c("executing");
    }
    return 0;
}

static int show_transactions(struct show *sh, struct err *err)
{
    size_t n;
    struct virtual_session_info *list;
    TRY(list_sessions(sh, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!list[i].is_open_txn)
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_int(1);
        row[1] = datum_str(arena_printf(sh->arena, "00000000-0000-0000-%04x-%012llx", (unsigned)(list[i].txn >> 48),
                                        (unsigned long long)(list[i].txn & 0xFFFFFFFFFFFF)));
        row[2] = datum_str(list[i].application_name);
        row[3] = datum_int((int64_t)list[i].statements_in_txn);
        row[4] = datum_int(list[i].restarts);
        row[5] = datum_int(0);
    }
    return 0;
}

// ---- zones

static int show_zones(struct show *sh, struct err *err)
{
    struct zone_row *list;
    size_t n;
    TRY(zone_rows(sh->view, sh->session->user, sh->arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct datum *row = show_row(sh);
        row[0] = datum_str(list[i].target);
        row[1] = datum_str(cat_zone_sql(sh->arena, list[i].target, &list[i].zone));
    }
    return 0;
}

static int show_regions(struct show *sh, struct err *err)
{
    return 0;
}

static int show_survival_goal(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    if (sh->ast->object != NULL)
        TRY(show_database(sh, ast_as_name(sh->ast->object)->name, &d, err));
    else
        TRY(show_current_database(sh, &d, err));
    show_row(sh)[0] = datum_str(d->name);
    return 0;
}

static int show_locality(struct show *sh, struct err *err)
{
    show_row(sh)[0] = datum_str(STR_EMPTY);
    return 0;
}

// Changefeeds and the like: there are none.
static int show_none(struct show *sh, struct err *err)
{
    return 0;
}

#define TEXT(name)            \
    {                         \
        name, TYPE_OID_STRING \
    }
#define INT(name)           \
    {                       \
        name, TYPE_OID_INT8 \
    }
#define TIME(name)                 \
    {                              \
        name, TYPE_OID_TIMESTAMPTZ \
    }
#define JOB_COLUMNS                                                                                                 \
    {                                                                                                               \
        INT("job_id"), TEXT("job_type"), TEXT("description"), TEXT("statement"), TEXT("user_name"), TEXT("status"), \
            TEXT("running_status"), TIME("created"), TIME("started"), TIME("finished"), TIME("modified"),           \
            {"fraction_completed", TYPE_OID_FLOAT4}, TEXT("error"), INT("coordinator_id")                           \
    }
const struct show_form show_cluster_forms[] = {
    {AST_SHOW_CLUSTER_SETTING, show_cluster_setting, {{0}}},
    {AST_SHOW_CLUSTER_SETTINGS,
     show_cluster_settings,
     {TEXT("variable"),
      TEXT("value"),
      TEXT("setting_type"),
      {"public", TYPE_OID_BOOL},
      TEXT("description"),
      TEXT("default_value"),
      TEXT("origin"),
      TEXT("key")}},
    {AST_SHOW_SESSIONS,
     show_sessions,
     {INT("node_id"), TEXT("session_id"), TEXT("status"), TEXT("user_name"), TEXT("client_address"),
      TEXT("application_name"), TEXT("active_queries"), TEXT("last_active_query"), TIME("session_start"),
      TIME("active_query_start"), INT("num_txns_executed"), INT("trace_id"), INT("goroutine_id"),
      TEXT("authentication_method")}},
    {AST_SHOW_STATEMENTS,
     show_statements,
     {TEXT("query_id"),
      INT("node_id"),
      TEXT("session_id"),
      TEXT("user_name"),
      TIME("start"),
      TEXT("query"),
      TEXT("client_address"),
      TEXT("application_name"),
      {"distributed", TYPE_OID_BOOL},
      TEXT("phase")}},
    {AST_SHOW_TRANSACTIONS,
     show_transactions,
     {INT("node_id"), TEXT("txn_id"), TEXT("application_name"), INT("num_stmts"), INT("num_retries"),
      INT("num_auto_retries")}},
    {AST_SHOW_JOBS, show_jobs, JOB_COLUMNS},
    {AST_SHOW_BACKUPS, show_backups, {TEXT("path")}},
    {AST_SHOW_BACKUP,
     show_backup,
     {TEXT("database_name"),
      TEXT("parent_schema_name"),
      TEXT("object_name"),
      TEXT("object_type"),
      TEXT("backup_type"),
      {"start_time", TYPE_OID_TIMESTAMP},
      {"end_time", TYPE_OID_TIMESTAMP},
      INT("size_bytes"),
      INT("rows"),
      {"is_full_cluster", TYPE_OID_BOOL},
      TEXT("regions")}},
    {AST_SHOW_INSPECT_ERRORS, show_inspect_errors, {{0}}},
    {AST_SHOW_CHANGEFEED_JOBS, show_none, JOB_COLUMNS},
    {AST_SHOW_JOBS_FOR_SCHEDULES, show_jobs, JOB_COLUMNS},
    {AST_SHOW_SCHEDULES,
     show_schedules,
     {INT("id"),
      TEXT("label"),
      TEXT("schedule_status"),
      TIME("next_run"),
      TEXT("state"),
      TEXT("recurrence"),
      INT("jobsrunning"),
      TEXT("owner"),
      TIME("created"),
      TEXT("on_previous_running"),
      TEXT("on_execution_failure"),
      {"command", TYPE_OID_JSONB}}},
    {AST_SHOW_ZONE_CONFIGURATIONS, show_zones, {TEXT("target"), TEXT("raw_config_sql")}},
    {AST_SHOW_ZONE_CONFIGURATION, show_zone_configuration, {TEXT("target"), TEXT("raw_config_sql")}},
    {AST_SHOW_RANGES, show_ranges, {{0}}},
    {AST_SHOW_REGIONS,
     show_regions,
     {TEXT("region"),
      {"zones", TYPE_OID_STRING_ARRAY},
      {"database_names", TYPE_OID_STRING_ARRAY},
      {"primary_region_of", TYPE_OID_STRING_ARRAY},
      {"secondary_region_of", TYPE_OID_STRING_ARRAY}}},
    {AST_SHOW_SURVIVAL_GOAL, show_survival_goal, {TEXT("database"), TEXT("survival_goal")}},
    {AST_SHOW_LOCALITY, show_locality, {TEXT("locality")}},
    {AST_SHOW_FULL_TABLE_SCANS,
     show_none,
     {TEXT("query"),
      INT("count"),
      {"rows_read_avg", TYPE_OID_FLOAT8},
      {"bytes_read_avg", TYPE_OID_FLOAT8},
      {"service_lat_avg", TYPE_OID_FLOAT8},
      {"contention_time_avg", TYPE_OID_FLOAT8},
      {"max_mem_usage_avg", TYPE_OID_FLOAT8},
      {"network_bytes_avg", TYPE_OID_FLOAT8},
      {"max_retries", TYPE_OID_INT8}}},
    {AST_SHOW_EXTERNAL_CONNECTIONS,
     show_none,
     {TEXT("connection_name"), TEXT("connection_uri"), TEXT("connection_type")}},
    {0},
};
