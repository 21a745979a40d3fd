// Jobs, cluster settings, backups.
#include "server/api/api_int.h"

// ---- jobs

static const char jobs_query[] =
    "SELECT job_id::STRING AS id, job_type AS type, description, user_name AS user, status, "
    "fraction_completed::STRING AS \"fraction_completed:n\", created::TIMESTAMPTZ::STRING AS \"created_at:t\", "
    "finished::TIMESTAMPTZ::STRING AS \"finished_at:t\", nullif(error, '') AS error FROM crdb_internal.jobs "
    "ORDER BY created DESC LIMIT 1000";

int api_jobs(struct api_call *call, struct err *err)
{
    return api_sql_answer(call, "jobs", jobs_query, NULL, 0, err);
}

int api_jobs_control(struct api_call *call, struct err *err)
{
    static const char *const verbs[][2] = {{"pause", "PAUSE"}, {"resume", "RESUME"}, {"cancel", "CANCEL"}};
    const char *verb = NULL;
    struct api_sql sql;
    int64_t id;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_eqc(call_parameter(call, 2), verbs[i][0]))
            verb = verbs[i][1];
    if (verb == NULL || !str_to_i64(call_parameter(call, 1), &id))
        return err_set(err, ERR_UNDEFINED_OBJECT, "there is no such job or action");
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    int rc = api_sql_run(&sql, arena_printf(call->arena, "%s JOB %lld", verb, (long long)id), err);
    api_sql_close(&sql);
    TRY(rc);
    call_no_content(call);
    return 0;
}

// ---- settings

static const char settings_query[] = "SELECT variable AS name, value, type, default_value AS default, description "
                                     "FROM crdb_internal.cluster_settings ORDER BY variable";

int api_settings(struct api_call *call, struct err *err)
{
    return api_sql_answer(call, "settings", settings_query, NULL, 0, err);
}

// A setting's name stands in the statement as it is, so it must be one.
static int check_setting(struct api_sql *sql, struct str name, struct err *err)
{
    struct api_rows rows;
    bool good = name.len > 0;
    for (size_t i = 0; good && i < name.len; i++)
        good = (name.ptr[i] >= 'a' && name.ptr[i] <= 'z') || (name.ptr[i] >= '0' && name.ptr[i] <= '9') ||
               name.ptr[i] == '.' || name.ptr[i] == '_';
    if (good)
        TRY(api_sql_query(sql, "SELECT 1 FROM crdb_internal.cluster_settings WHERE variable = $1::STRING", &name, 1,
                          &rows, err));
    if (!good || rows.n == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "unknown cluster setting '%.*s'", STR_FMT(name));
    return 0;
}

static int put_setting(struct arena *a, struct buf *text, struct str name, struct str value, struct err *err)
{
    struct str as_text;
    enum json_kind kind = json_kind(value);
    buf_clear(text);
    if (kind == JSON_ARRAY || kind == JSON_OBJECT)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the value of a setting is a string, number or boolean");
    buf_printf(text, "%s CLUSTER SETTING %.*s", kind == JSON_NULL ? "RESET" : "SET", STR_FMT(name));
    if (kind == JSON_NULL)
        return 0;
    buf_cstr(text, " = ");
    if (json_as_text(a, value, &as_text) && kind == JSON_STRING)
        quote_text(text, as_text);
    else
        buf_str(text, as_text);
    return 0;
}

// All or none.
static int change_settings(struct api_sql *sql, struct str settings, struct err *err)
{
    struct buf text = BUF_INIT;
    struct str name, value;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < json_count(settings); i++) {
        json_pair_at(settings, i, &name, &value);
        rc = check_setting(sql, name, err);
    }
    if (rc == 0)
        rc = api_sql_run(sql, STR("BEGIN"), err);
    for (uint32_t i = 0; rc == 0 && i < json_count(settings); i++) {
        json_pair_at(settings, i, &name, &value);
        rc = put_setting(sql->call->arena, &text, name, value, err);
        if (rc == 0)
            rc = api_sql_run(sql, buf_view(&text), err);
    }
    buf_release(&text);
    if (rc == 0)
        rc = api_sql_run(sql, STR("COMMIT"), err);
    return rc;
}

int api_settings_change(struct api_call *call, struct err *err)
{
    struct str settings;
    struct api_sql sql;
    if (!json_get_key(call->body, STR("settings"), &settings) || json_kind(settings) != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the body needs an object \"settings\"");
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    int rc = change_settings(&sql, settings, err);
    api_sql_close(&sql);
    TRY(rc);
    call_no_content(call);
    return 0;
}

// ---- backups

static const char default_collection[] = "nodelocal://1/backups";

int api_backups(struct api_call *call, struct err *err)
{
    struct str in = str_of(default_collection);
    struct buf text = BUF_INIT;
    call_query(call, "in", &in);
    buf_cstr(&text, "SELECT path FROM [SHOW BACKUPS IN ");
    quote_text(&text, in);
    buf_cstr(&text, "]");
    int rc = api_sql_answer(call, "backups", buf_c(&text), NULL, 0, err);
    buf_release(&text);
    return rc;
}

static int take_backup(struct api_sql *sql, struct str into, struct err *err)
{
    struct buf text = BUF_INIT;
    struct str database;
    buf_cstr(&text, "BACKUP ");
    if (body_str(sql->call->body, "database", &database)) {
        buf_cstr(&text, "DATABASE ");
        quote_name(&text, database);
        buf_putc(&text, ' ');
    }
    buf_cstr(&text, "INTO ");
    quote_text(&text, into);
    jw_object(&sql->call->json);
    int rc = api_sql_members(sql, buf_c(&text), NULL, 0, "no backup was taken", err);
    jw_end(&sql->call->json);
    buf_release(&text);
    return rc;
}

int api_backups_create(struct api_call *call, struct err *err)
{
    enum { TIMEOUT_MS = 3600000 };
    struct str into;
    struct api_sql sql;
    if (!body_str(call->body, "into", &into))
        into = str_of(default_collection);
    TRY(api_sql_open(call, &(struct api_sql_options){.timeout_ms = TIMEOUT_MS}, &sql, err));
    int rc = take_backup(&sql, into, err);
    api_sql_close(&sql);
    return rc;
}
