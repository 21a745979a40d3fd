// What runs and has run: sessions, statements, transactions.
#include "server/api/api_int.h"

// Sessions of this API are not shown.
static const char sessions_query[] =
    "SELECT s.session_id AS id, s.user_name AS user, s.application_name, s.client_address, "
    "s.session_start::TIMESTAMPTZ::STRING AS \"started_at:t\", a.datname AS database, s.status, "
    "(s.kv_txn IS NOT NULL) AS \"in_transaction:b\", nullif(s.last_active_query, '') AS last_query, "
    "CASE WHEN q.query_id IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object('id', q.query_id, 'sql', "
    "q.query, "
    "'started_at', to_char(q.start, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')))::STRING END AS \"queries:j\" "
    "FROM crdb_internal.cluster_sessions s LEFT JOIN crdb_internal.cluster_queries q ON q.session_id = s.session_id "
    "LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.pg_backend_pid "
    "WHERE s.application_name NOT LIKE '$ api%' ORDER BY s.session_start";

int api_sessions(struct api_call *call, struct err *err)
{
    return api_sql_answer(call, "sessions", sessions_query, NULL, 0, err);
}

static int find_session(struct api_call *call, struct str id, struct sql_engine **engine, int32_t *pid, int32_t *secret,
                        struct err *err)
{
    TRY(clusters_acquire(call->api->options.clusters, call_cluster(call), engine, err));
    if (sql_engine_find_session(*engine, id, pid, secret))
        return 0;
    clusters_release(call->api->options.clusters, *engine);
    return err_set(err, ERR_UNDEFINED_OBJECT, "there is no such session");
}

int api_sessions_cancel(struct api_call *call, struct err *err)
{
    struct sql_engine *engine;
    int32_t pid, secret;
    TRY(find_session(call, call_parameter(call, 1), &engine, &pid, &secret, err));
    call->api->options.end_session(call->api->options.arg, pid, secret);
    clusters_release(call->api->options.clusters, engine);
    call_no_content(call);
    return 0;
}

static int session_of_query(struct api_call *call, struct str query, struct str *session, struct err *err)
{
    static const char text[] = "SELECT session_id FROM crdb_internal.cluster_queries WHERE query_id = $1::STRING";
    struct api_sql sql;
    struct api_rows rows;
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    int rc = api_sql_query(&sql, text, &query, 1, &rows, err);
    api_sql_close(&sql);
    TRY(rc);
    if (rows.n == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "there is no such query");
    *session = api_cell(&rows, 0, 0);
    return 0;
}

int api_queries_cancel(struct api_call *call, struct err *err)
{
    struct sql_engine *engine;
    struct str session;
    int32_t pid, secret;
    TRY(session_of_query(call, call_parameter(call, 1), &session, err));
    TRY(find_session(call, session, &engine, &pid, &secret, err));
    sql_engine_cancel(engine, pid, secret);
    clusters_release(call->api->options.clusters, engine);
    call_no_content(call);
    return 0;
}

// ---- what has run, from crdb_internal

// What both have, of `st`, the statistics, in milliseconds.
#define COMMON_COLUMNS                                                                          \
    "SELECT encode(fingerprint_id, 'hex') AS fingerprint_id, app_name AS application_name, "    \
    "st->>'cnt' AS \"count:n\", st->>'failureCount' AS \"failures:n\", "                        \
    "((st->'svcLat'->>'mean')::FLOAT * (st->>'cnt')::FLOAT * 1000)::STRING AS \"total_ms:n\", " \
    "((st->'svcLat'->>'mean')::FLOAT * 1000)::STRING AS \"mean_ms:n\", "                        \
    "((st->'latencyInfo'->>'max')::FLOAT * 1000)::STRING AS \"max_ms:n\", "                     \
    "((st->'latencyInfo'->>'p50')::FLOAT * 1000)::STRING AS \"p50_ms:n\", "                     \
    "((st->'latencyInfo'->>'p99')::FLOAT * 1000)::STRING AS \"p99_ms:n\", "                     \
    "st->'numRows'->>'mean' AS \"rows:n\", st->>'lastExecAt' AS last_at, "
#define MOST_TIME_FIRST " ORDER BY (st->'svcLat'->>'mean')::FLOAT * (st->>'cnt')::FLOAT DESC"

static const char statements_query[] = COMMON_COLUMNS
    "metadata->>'query' AS query, metadata->>'db' AS database, metadata->>'stmtType' AS kind, "
    "metadata->>'implicitTxn' AS \"implicit_txn:b\", metadata->>'fullScan' AS \"full_scan:b\", "
    "sampled_plan#>>'{}' AS last_plan, nullif(st->>'lastErrorCode', '') AS last_error "
    "FROM (SELECT *, statistics->'statistics' AS st FROM crdb_internal.statement_statistics)" MOST_TIME_FIRST;

static const char transactions_query[] = COMMON_COLUMNS
    "(metadata->'stmtQueries')::STRING AS \"statements:j\", st->>'maxRetries' AS \"retries:n\" "
    "FROM (SELECT *, statistics->'statistics' AS st FROM crdb_internal.transaction_statistics)" MOST_TIME_FIRST;

static int answer_activity(struct api_call *call, const char *key, const char *query, struct err *err)
{
    struct api_sql sql;
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    jw_object(&call->json);
    jw_key(&call->json, "since");
    jw_time(&call->json, sql_engine_activity_since(sql.engine));
    int rc = api_sql_list(&sql, key, query, NULL, 0, err);
    jw_end(&call->json);
    api_sql_close(&sql);
    return rc;
}

int api_statements(struct api_call *call, struct err *err)
{
    return answer_activity(call, "statements", statements_query, err);
}

int api_transactions(struct api_call *call, struct err *err)
{
    return answer_activity(call, "transactions", transactions_query, err);
}

int api_activity_reset(struct api_call *call, struct err *err)
{
    struct sql_engine *engine;
    TRY(clusters_acquire(call->api->options.clusters, call_cluster(call), &engine, err));
    sql_engine_reset_activity(engine);
    clusters_release(call->api->options.clusters, engine);
    call_no_content(call);
    return 0;
}
