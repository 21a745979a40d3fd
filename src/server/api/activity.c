// What runs and has run: sessions, statements, transactions.
#include "server/api/api_int.h"

// Sessions of this API are not shown.
static const char sessions_query[] =
    "SELECT s.session_id AS id, s.user_name AS user, s.application_name, s.client_address, "
    "s.session_start::TIMESTAMPTZ::STRING AS \"started_at:t\", q.database, s.status, "
    "(s.kv_txn IS NOT NULL) AS \"in_transaction:b\", nullif(s.last_active_query, '') AS last_query, "
    "CASE WHEN q.query_id IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object('id', q.query_id, 'sql', "
    "q.query, "
    "'started_at', to_char(q.start, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')))::STRING END AS \"queries:j\" "
    "FROM crdb_internal.cluster_sessions s LEFT JOIN crdb_internal.cluster_queries q ON q.session_id = s.session_id "
    "WHERE s.application_name NOT LIKE '$ api%' ORDER BY s.session_start";

int api_sessions(struct api_call *call, struct err *err)
{
    return api_sql_answer(call, "sessions", sessions_query, NULL, 0, err);
}

static int find_session(struct api_call *call, struct sql_engine **engine, int32_t *pid, int32_t *secret,
                        struct err *err)
{
    TRY(clusters_acquire(call->api->options.clusters, call_cluster(call), engine, err));
    if (sql_engine_find_session(*engine, call_parameter(call, 1), pid, secret))
        return 0;
    clusters_release(call->api->options.clusters, *engine);
    return err_set(err, ERR_UNDEFINED_OBJECT, "there is no such session");
}

int api_sessions_cancel(struct api_call *call, struct err *err)
{
    struct sql_engine *engine;
    int32_t pid, secret;
    TRY(find_session(call, &engine, &pid, &secret, err));
    call->api->options.end_session(call->api->options.arg, pid, secret);
    clusters_release(call->api->options.clusters, engine);
    call_no_content(call);
    return 0;
}

// A session runs one statement at a time, which has its number.
int api_queries_cancel(struct api_call *call, struct err *err)
{
    struct sql_engine *engine;
    int32_t pid, secret;
    TRY(find_session(call, &engine, &pid, &secret, err));
    sql_engine_cancel(engine, pid, secret);
    clusters_release(call->api->options.clusters, engine);
    call_no_content(call);
    return 0;
}

int api_statements(struct api_call *call, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "statement statistics are not supported");
}

int api_transactions(struct api_call *call, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "transaction statistics are not supported");
}

int api_activity_reset(struct api_call *call, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "statement statistics are not supported");
}
