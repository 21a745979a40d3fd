// crdb_internal: executions that were slow, failed, were retried often or waited for others, by CockroachDB's names of
// problems and causes. What is not measured is NULL.
#include "sql/virtual/virtual_int.h"

static int list(struct exec_context *x, bool transactions, struct virtual_insight **out, size_t *n, struct err *err)
{
    struct virtual_session *vs = virtual_session_of(x);
    TRY(cat_check_activity_privilege(x->view, x->eval.user, err));
    vs->ops->insights(vs, transactions, x->eval.arena, out, n);
    return 0;
}

static struct datum fingerprint(struct exec_context *x, uint64_t id)
{
    char *bytes = arena_zalloc(x->eval.arena, 8);
    store_be64(bytes, id);
    return datum_str((struct str){bytes, 8});
}

static const char *problem(const struct virtual_insight *i)
{
    return i->code != 0 ? "FailedExecution" : i->slow ? "SlowExecution" : "None";
}

static struct datum causes(struct exec_context *x, const struct virtual_insight *i)
{
    struct str names[2];
    size_t n = 0;
    if (i->contended)
        names[n++] = STR("HighContention");
    if (i->retried)
        names[n++] = STR("HighRetryCount");
    return array_of_texts(x, names, n);
}

static struct datum error_code(struct exec_context *x, int code)
{
    char text[6];
    if (code == 0)
        return DATUM_NULL;
    err_sqlstate(code, text);
    return datum_str(arena_str(x->eval.arena, str_of(text)));
}

static struct datum interval(int64_t ns)
{
    return (struct datum){.iv = {.micros = ns / 1000}};
}

static bool writes(const char *kind)
{
    static const char *const kinds[] = {"INSERT", "UPSERT", "UPDATE", "DELETE"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

// cluster_execution_insights and node_execution_insights have the same columns; so have those of transactions.
GENERATOR(crdb_execution_insights_rows)
{
    struct virtual_insight *all;
    size_t n;
    int64_t node = 1;
    TRY(list(x, false, &all, &n, err));
    for (size_t k = 0; k < n; k++) {
        const struct virtual_insight *i = &all[k];
        ROW(crdb_cluster_execution_insights);
        row[crdb_cluster_execution_insights_session_id] = datum_str(i->session_id);
        row[crdb_cluster_execution_insights_txn_id] = virtual_txn_uuid(x, i->txn);
        row[crdb_cluster_execution_insights_txn_fingerprint_id] = fingerprint(x, i->txn_fingerprint);
        row[crdb_cluster_execution_insights_stmt_id] = datum_str(i->statement_id);
        row[crdb_cluster_execution_insights_stmt_fingerprint_id] = fingerprint(x, i->statement);
        row[crdb_cluster_execution_insights_problem] = datum_c(problem(i));
        row[crdb_cluster_execution_insights_causes] = causes(x, i);
        row[crdb_cluster_execution_insights_query] = datum_str(i->query);
        row[crdb_cluster_execution_insights_status] = datum_c(i->code != 0 ? "Failed" : "Completed");
        row[crdb_cluster_execution_insights_start_time] = datum_int(i->start_micros);
        row[crdb_cluster_execution_insights_end_time] = datum_int(i->end_micros);
        row[crdb_cluster_execution_insights_full_scan] = datum_bool(i->full_scan);
        row[crdb_cluster_execution_insights_user_name] = datum_str(i->user);
        row[crdb_cluster_execution_insights_app_name] = datum_str(i->application);
        row[crdb_cluster_execution_insights_database_name] = datum_str(i->database);
        row[crdb_cluster_execution_insights_rows_written] = datum_int(writes(i->kind) ? (int64_t)i->rows : 0);
        row[crdb_cluster_execution_insights_retries] = datum_int((int64_t)i->retries);
        row[crdb_cluster_execution_insights_exec_node_ids] =
            datum_str(array_build(x->eval.arena, T_INT8, &(struct datum){.i = node}, 1));
        row[crdb_cluster_execution_insights_contention] = interval(i->contended_ns);
        row[crdb_cluster_execution_insights_index_recommendations] = array_of_texts(x, NULL, 0);
        row[crdb_cluster_execution_insights_implicit_txn] = datum_bool(i->implicit);
        row[crdb_cluster_execution_insights_error_code] = error_code(x, i->code);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// Ids of the transaction's statements that are insights themselves.
static struct datum statements_of(struct exec_context *x, const struct virtual_insight *statements, size_t n,
                                  uint64_t txn)
{
    ARENA_VEC(struct str) ids = {0};
    for (size_t i = 0; i < n; i++)
        if (statements[i].txn == txn)
            ARENA_PUSH(x->eval.arena, &ids, statements[i].statement_id);
    return array_of_texts(x, ids.ptr, ids.len);
}

GENERATOR(crdb_txn_insights_rows)
{
    struct virtual_insight *all, *statements;
    size_t n, n_statements;
    TRY(list(x, true, &all, &n, err));
    TRY(list(x, false, &statements, &n_statements, err));
    for (size_t k = 0; k < n; k++) {
        const struct virtual_insight *i = &all[k];
        struct str problems[] = {str_of(problem(i))};
        ROW(crdb_cluster_txn_execution_insights);
        row[crdb_cluster_txn_execution_insights_txn_id] = virtual_txn_uuid(x, i->txn);
        row[crdb_cluster_txn_execution_insights_txn_fingerprint_id] = fingerprint(x, i->txn_fingerprint);
        row[crdb_cluster_txn_execution_insights_query] = datum_str(i->query);
        row[crdb_cluster_txn_execution_insights_implicit_txn] = datum_bool(i->implicit);
        row[crdb_cluster_txn_execution_insights_session_id] = datum_str(i->session_id);
        row[crdb_cluster_txn_execution_insights_start_time] = datum_int(i->start_micros);
        row[crdb_cluster_txn_execution_insights_end_time] = datum_int(i->end_micros);
        row[crdb_cluster_txn_execution_insights_user_name] = datum_str(i->user);
        row[crdb_cluster_txn_execution_insights_app_name] = datum_str(i->application);
        row[crdb_cluster_txn_execution_insights_retries] = datum_int((int64_t)i->retries);
        row[crdb_cluster_txn_execution_insights_contention] = interval(i->contended_ns);
        row[crdb_cluster_txn_execution_insights_problems] = array_of_texts(x, problems, i->code != 0 || i->slow);
        row[crdb_cluster_txn_execution_insights_causes] = causes(x, i);
        row[crdb_cluster_txn_execution_insights_stmt_execution_ids] =
            statements_of(x, statements, n_statements, i->txn);
        row[crdb_cluster_txn_execution_insights_last_error_code] = error_code(x, i->code);
        row[crdb_cluster_txn_execution_insights_status] = datum_c(i->code != 0 ? "Failed" : "Completed");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
