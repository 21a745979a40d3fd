// crdb_internal: sessions, running statements.
#include "base/util.h"
#include "keys/keys.h"
#include "sql/virtual/virtual_int.h"

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

// cluster_sessions and node_sessions have the same columns; so have cluster_queries and node_queries.
GENERATOR(crdb_sessions_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_session_info *list;
    size_t n;
    TRY(vs->ops->sessions(vs, x->eval.arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool active = list[i].active_query.ptr != NULL;
        ROW(crdb_cluster_sessions);
        row[crdb_cluster_sessions_node_id] = datum_int(1);
        row[crdb_cluster_sessions_session_id] = datum_str(list[i].session_id);
        row[crdb_cluster_sessions_user_name] = datum_str(list[i].user);
        row[crdb_cluster_sessions_client_address] = datum_str(list[i].client_address);
        row[crdb_cluster_sessions_application_name] = datum_str(list[i].application_name);
        row[crdb_cluster_sessions_active_queries] = datum_str(active ? list[i].active_query : STR_EMPTY);
        row[crdb_cluster_sessions_last_active_query] =
            datum_str(list[i].last_query.ptr != NULL ? list[i].last_query : STR_EMPTY);
        row[crdb_cluster_sessions_num_txns_executed] = datum_int((int64_t)list[i].txns_executed);
        row[crdb_cluster_sessions_session_start] = datum_int(list[i].started_micros);
        row[crdb_cluster_sessions_active_query_start] =
            active ? time_or_null(list[i].query_started_micros) : DATUM_NULL;
        row[crdb_cluster_sessions_status] = datum_c(active ? "ACTIVE" : "IDLE");
        row[crdb_cluster_sessions_pg_backend_pid] = datum_int(list[i].pid);
        row[crdb_cluster_sessions_authentication_method] = datum_str(list[i].auth_method);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_queries_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_session_info *list;
    size_t n;
    TRY(vs->ops->sessions(vs, x->eval.arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (list[i].active_query.ptr == NULL)
            continue;
        ROW(crdb_cluster_queries);
        row[crdb_cluster_queries_query_id] = datum_str(list[i].query_id);
        row[crdb_cluster_queries_node_id] = datum_int(1);
        row[crdb_cluster_queries_session_id] = datum_str(list[i].session_id);
        row[crdb_cluster_queries_user_name] = datum_str(list[i].user);
        row[crdb_cluster_queries_start] = time_or_null(list[i].query_started_micros);
        row[crdb_cluster_queries_query] = datum_str(list[i].active_query);
        row[crdb_cluster_queries_client_address] = datum_str(list[i].client_address);
        row[crdb_cluster_queries_application_name] = datum_str(list[i].application_name);
        row[crdb_cluster_queries_distributed] = datum_bool(false);
        row[crdb_cluster_queries_phase] = datum_c("executing");
        row[crdb_cluster_queries_database] = datum_str(list[i].database);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
