// crdb_internal: what statements and transactions have cost. Columns and the members of the JSON values are
// CockroachDB's; what is not measured is left out.
#include "base/map.h"
#include "base/util.h"
#include "sql/virtual/virtual_int.h"
#include "types/datetime.h"
#include "types/json.h"

static const int64_t interval_micros = 3600 * (int64_t)1000000;

static void add_text(struct json_builder *b, const char *key, struct str value)
{
    json_key(b, str_of(key));
    json_add_string(b, value);
}

static void add_int(struct json_builder *b, const char *key, uint64_t value)
{
    json_key(b, str_of(key));
    json_add_i64(b, (int64_t)value);
}

static void add_double(struct json_builder *b, const char *key, double value)
{
    json_key(b, str_of(key));
    json_add_double(b, value);
}

static void add_mean(struct json_builder *b, const char *key, double mean)
{
    json_key(b, str_of(key));
    json_begin_object(b);
    add_double(b, "mean", mean);
    json_end(b);
}

static void add_list(struct json_builder *b, const char *key, const struct str *items, size_t n)
{
    json_key(b, str_of(key));
    json_begin_array(b);
    for (size_t i = 0; i < n; i++)
        json_add_string(b, items[i]);
    json_end(b);
}

static struct str time_text(struct arena *a, int64_t micros)
{
    struct buf text = BUF_INIT;
    timestamp_print(&text, micros);
    struct str copy = arena_printf(a, "%.*sZ", STR_FMT(buf_view(&text)));
    ((char *)copy.ptr)[10] = 'T';
    buf_release(&text);
    return copy;
}

static int finish(struct json_builder *b, struct arena *a, struct datum *out, struct err *err)
{
    struct str json;
    int rc = json_builder_finish(b, a, &json, err);
    json_builder_release(b);
    if (rc == 0)
        *out = datum_str(json);
    return rc;
}

static double per_run(double total, const struct virtual_activity *v)
{
    return v->count > 0 ? total / (double)v->count : 0;
}

// { "statistics": { … } }, times in seconds.
static int statistics_json(struct arena *a, const struct virtual_activity *v, struct datum *out, struct err *err)
{
    struct json_builder b;
    char code[6] = "";
    if (v->last_error != 0)
        err_sqlstate(v->last_error, code);
    json_builder_init(&b);
    json_begin_object(&b);
    json_key(&b, STR("statistics"));
    json_begin_object(&b);
    add_int(&b, "cnt", v->count);
    add_int(&b, "failureCount", v->failures);
    add_int(&b, "maxRetries", v->retries);
    add_mean(&b, "numRows", per_run((double)v->rows, v));
    add_mean(&b, "svcLat", per_run(v->total_ms / 1e3, v));
    add_text(&b, "lastErrorCode", str_of(code));
    add_text(&b, "lastExecAt", time_text(a, v->last_micros));
    json_key(&b, STR("latencyInfo"));
    json_begin_object(&b);
    add_double(&b, "max", v->max_ms / 1e3);
    add_double(&b, "p50", v->p50_ms / 1e3);
    add_double(&b, "p90", v->p90_ms / 1e3);
    add_double(&b, "p99", v->p99_ms / 1e3);
    json_end(&b);
    json_end(&b);
    json_end(&b);
    return finish(&b, a, out, err);
}

static struct datum id_bytes(struct arena *a, uint64_t id)
{
    char *bytes = arena_alloc(a, sizeof(id));
    store_be64(bytes, id);
    return datum_str((struct str){bytes, sizeof(id)});
}

static struct datum hour_of(const struct virtual_activity *v)
{
    return datum_int(v->last_micros - v->last_micros % interval_micros);
}

static struct datum an_hour(void)
{
    return (struct datum){.iv = {.micros = interval_micros}};
}

static int list_activity(struct exec_context *x, bool transactions, struct virtual_activity **out, size_t *n,
                         struct err *err)
{
    struct virtual_session *vs = virtual_session_of(x);
    TRY(cat_check_activity_privilege(x->view, x->eval.user, err));
    return vs->ops->activity(vs, transactions, x->eval.arena, out, n, err);
}

static int statement_metadata(struct arena *a, const struct virtual_activity *v, struct datum *out, struct err *err)
{
    struct json_builder b;
    json_builder_init(&b);
    json_begin_object(&b);
    add_text(&b, "db", v->database);
    json_key(&b, STR("fullScan"));
    json_add_bool(&b, v->full_scan);
    json_key(&b, STR("implicitTxn"));
    json_add_bool(&b, v->implicit);
    add_text(&b, "query", v->query);
    add_text(&b, "querySummary", v->query);
    add_text(&b, "stmtType", str_of(v->kind));
    json_end(&b);
    return finish(&b, a, out, err);
}

static int plan_json(struct arena *a, struct str plan, struct datum *out, struct err *err)
{
    struct json_builder b;
    *out = DATUM_NULL;
    if (plan.ptr == NULL)
        return 0;
    json_builder_init(&b);
    json_add_string(&b, plan);
    return finish(&b, a, out, err);
}

GENERATOR(crdb_statement_statistics_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, false, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        ROW(crdb_statement_statistics);
        row[crdb_statement_statistics_aggregated_ts] = hour_of(v);
        row[crdb_statement_statistics_fingerprint_id] = id_bytes(a, v->id);
        row[crdb_statement_statistics_transaction_fingerprint_id] = id_bytes(a, 0);
        row[crdb_statement_statistics_plan_hash] = id_bytes(a, hash_bytes(v->plan.ptr, v->plan.len, 0));
        row[crdb_statement_statistics_app_name] = datum_str(v->application);
        TRY(statement_metadata(a, v, &row[crdb_statement_statistics_metadata], err));
        TRY(statistics_json(a, v, &row[crdb_statement_statistics_statistics], err));
        TRY(plan_json(a, v->plan, &row[crdb_statement_statistics_sampled_plan], err));
        row[crdb_statement_statistics_aggregation_interval] = an_hour();
        row[crdb_statement_statistics_index_recommendations] = array_of_texts(x, NULL, 0);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int transaction_metadata(struct arena *a, const struct virtual_activity *v, struct datum *out, struct err *err)
{
    struct json_builder b;
    json_builder_init(&b);
    json_begin_object(&b);
    add_list(&b, "stmtQueries", v->statements, v->n_statements);
    json_end(&b);
    return finish(&b, a, out, err);
}

GENERATOR(crdb_transaction_statistics_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, true, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        ROW(crdb_transaction_statistics);
        row[crdb_transaction_statistics_aggregated_ts] = hour_of(v);
        row[crdb_transaction_statistics_fingerprint_id] = id_bytes(a, v->id);
        row[crdb_transaction_statistics_app_name] = datum_str(v->application);
        TRY(transaction_metadata(a, v, &row[crdb_transaction_statistics_metadata], err));
        TRY(statistics_json(a, v, &row[crdb_transaction_statistics_statistics], err));
        row[crdb_transaction_statistics_aggregation_interval] = an_hour();
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static struct datum node_ids(struct exec_context *x)
{
    struct datum one = datum_int(1);
    return datum_str(array_build(x->eval.arena, T_INT8, &one, 1));
}

GENERATOR(crdb_node_statement_statistics_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, false, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        char code[6];
        ROW(crdb_node_statement_statistics);
        row[crdb_node_statement_statistics_node_id] = datum_int(1);
        row[crdb_node_statement_statistics_application_name] = datum_str(v->application);
        row[crdb_node_statement_statistics_flags] = datum_c("");
        row[crdb_node_statement_statistics_statement_id] =
            datum_str(arena_printf(a, "%llu", (unsigned long long)v->id));
        row[crdb_node_statement_statistics_key] = datum_str(v->query);
        row[crdb_node_statement_statistics_anonymized] = datum_str(v->query);
        row[crdb_node_statement_statistics_count] = datum_int((int64_t)v->count);
        row[crdb_node_statement_statistics_max_retries] = datum_int((int64_t)v->retries);
        err_sqlstate(v->last_error, code);
        if (v->last_error != 0)
            row[crdb_node_statement_statistics_last_error_code] = datum_str(arena_str(a, str_of(code)));
        row[crdb_node_statement_statistics_rows_avg] = datum_float(per_run((double)v->rows, v));
        row[crdb_node_statement_statistics_service_lat_avg] = datum_float(per_run(v->total_ms / 1e3, v));
        row[crdb_node_statement_statistics_implicit_txn] = datum_bool(v->implicit);
        row[crdb_node_statement_statistics_full_scan] = datum_bool(v->full_scan);
        TRY(plan_json(a, v->plan, &row[crdb_node_statement_statistics_sample_plan], err));
        row[crdb_node_statement_statistics_database_name] = datum_str(v->database);
        row[crdb_node_statement_statistics_exec_node_ids] = node_ids(x);
        row[crdb_node_statement_statistics_used_follower_read] = datum_bool(false);
        row[crdb_node_statement_statistics_index_recommendations] = array_of_texts(x, NULL, 0);
        row[crdb_node_statement_statistics_latency_seconds_max] = datum_float(v->max_ms / 1e3);
        row[crdb_node_statement_statistics_latency_seconds_p50] = datum_float(v->p50_ms / 1e3);
        row[crdb_node_statement_statistics_latency_seconds_p90] = datum_float(v->p90_ms / 1e3);
        row[crdb_node_statement_statistics_latency_seconds_p99] = datum_float(v->p99_ms / 1e3);
        row[crdb_node_statement_statistics_failure_count] = datum_int((int64_t)v->failures);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// The ids that the transaction's statements have in node_statement_statistics are not known: their texts stand for
// them.
GENERATOR(crdb_node_transaction_statistics_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, true, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        ROW(crdb_node_transaction_statistics);
        row[crdb_node_transaction_statistics_node_id] = datum_int(1);
        row[crdb_node_transaction_statistics_application_name] = datum_str(v->application);
        row[crdb_node_transaction_statistics_key] = datum_str(arena_printf(a, "%llu", (unsigned long long)v->id));
        row[crdb_node_transaction_statistics_statement_ids] = array_of_texts(x, v->statements, v->n_statements);
        row[crdb_node_transaction_statistics_count] = datum_int((int64_t)v->count);
        row[crdb_node_transaction_statistics_max_retries] = datum_int((int64_t)v->retries);
        row[crdb_node_transaction_statistics_service_lat_avg] = datum_float(per_run(v->total_ms / 1e3, v));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// What statements of the application have run as transactions of their own.
static uint64_t implicit_of(const struct virtual_activity *statements, size_t n, struct str application)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += statements[i].implicit && str_eq(statements[i].application, application) ? statements[i].count : 0;
    return count;
}

// Sums over the transactions of an application.
GENERATOR(crdb_node_txn_stats_rows)
{
    struct virtual_activity *list, *statements;
    size_t n, n_statements;
    TRY(list_activity(x, true, &list, &n, err));
    TRY(list_activity(x, false, &statements, &n_statements, err));
    for (size_t i = 0; i < n; i++) {
        struct virtual_activity sum = {.application = list[i].application};
        size_t first = 0;
        while (!str_eq(list[first].application, sum.application))
            first++;
        if (first < i)
            continue;
        for (size_t k = i; k < n; k++) {
            if (!str_eq(list[k].application, sum.application))
                continue;
            sum.count += list[k].count;
            sum.failures += list[k].failures;
            sum.total_ms += list[k].total_ms;
        }
        ROW(crdb_node_txn_stats);
        row[crdb_node_txn_stats_node_id] = datum_int(1);
        row[crdb_node_txn_stats_application_name] = datum_str(sum.application);
        row[crdb_node_txn_stats_txn_count] = datum_int((int64_t)sum.count);
        row[crdb_node_txn_stats_txn_time_avg_sec] = datum_float(per_run(sum.total_ms / 1e3, &sum));
        row[crdb_node_txn_stats_committed_count] = datum_int((int64_t)(sum.count - MIN(sum.failures, sum.count)));
        row[crdb_node_txn_stats_implicit_count] =
            datum_int((int64_t)MIN(implicit_of(statements, n_statements, sum.application), sum.count));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- the tables of the system database that persist them elsewhere

// The columns that are computed from the statistics.
struct measures {
    struct datum count, latency, total, p99;
};

static struct measures measures_of(const struct virtual_activity *v)
{
    return (struct measures){datum_int((int64_t)v->count), datum_float(per_run(v->total_ms / 1e3, v)),
                             datum_float(v->total_ms / 1e3), datum_float(v->p99_ms / 1e3)};
}

GENERATOR(system_statement_statistics_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, false, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        struct measures m = measures_of(v);
        ROW(system_statement_statistics);
        row[system_statement_statistics_aggregated_ts] = hour_of(v);
        row[system_statement_statistics_fingerprint_id] = id_bytes(a, v->id);
        row[system_statement_statistics_transaction_fingerprint_id] = id_bytes(a, 0);
        row[system_statement_statistics_plan_hash] = id_bytes(a, hash_bytes(v->plan.ptr, v->plan.len, 0));
        row[system_statement_statistics_app_name] = datum_str(v->application);
        row[system_statement_statistics_node_id] = datum_int(1);
        row[system_statement_statistics_agg_interval] = an_hour();
        TRY(statement_metadata(a, v, &row[system_statement_statistics_metadata], err));
        TRY(statistics_json(a, v, &row[system_statement_statistics_statistics], err));
        TRY(plan_json(a, v->plan, &row[system_statement_statistics_plan], err));
        row[system_statement_statistics_index_recommendations] = array_of_texts(x, NULL, 0);
        row[system_statement_statistics_execution_count] = m.count;
        row[system_statement_statistics_service_latency] = m.latency;
        row[system_statement_statistics_total_estimated_execution_time] = m.total;
        row[system_statement_statistics_p99_latency] = m.p99;
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(system_transaction_statistics_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, true, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        struct measures m = measures_of(v);
        ROW(system_transaction_statistics);
        row[system_transaction_statistics_aggregated_ts] = hour_of(v);
        row[system_transaction_statistics_fingerprint_id] = id_bytes(a, v->id);
        row[system_transaction_statistics_app_name] = datum_str(v->application);
        row[system_transaction_statistics_node_id] = datum_int(1);
        row[system_transaction_statistics_agg_interval] = an_hour();
        TRY(transaction_metadata(a, v, &row[system_transaction_statistics_metadata], err));
        TRY(statistics_json(a, v, &row[system_transaction_statistics_statistics], err));
        row[system_transaction_statistics_execution_count] = m.count;
        row[system_transaction_statistics_service_latency] = m.latency;
        row[system_transaction_statistics_total_estimated_execution_time] = m.total;
        row[system_transaction_statistics_p99_latency] = m.p99;
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// What is aggregated anew for every read is its own summary: statement_activity and transaction_activity have all of
// it, in system and in crdb_internal.
GENERATOR(statement_activity_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, false, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        struct measures m = measures_of(v);
        ROW(system_statement_activity);
        row[system_statement_activity_aggregated_ts] = hour_of(v);
        row[system_statement_activity_fingerprint_id] = id_bytes(a, v->id);
        row[system_statement_activity_transaction_fingerprint_id] = id_bytes(a, 0);
        row[system_statement_activity_plan_hash] = id_bytes(a, hash_bytes(v->plan.ptr, v->plan.len, 0));
        row[system_statement_activity_app_name] = datum_str(v->application);
        row[system_statement_activity_agg_interval] = an_hour();
        TRY(statement_metadata(a, v, &row[system_statement_activity_metadata], err));
        TRY(statistics_json(a, v, &row[system_statement_activity_statistics], err));
        TRY(plan_json(a, v->plan, &row[system_statement_activity_plan], err));
        row[system_statement_activity_index_recommendations] = array_of_texts(x, NULL, 0);
        row[system_statement_activity_execution_count] = m.count;
        row[system_statement_activity_execution_total_seconds] = m.total;
        row[system_statement_activity_service_latency_avg_seconds] = m.latency;
        row[system_statement_activity_service_latency_p99_seconds] = m.p99;
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static struct datum query_of(struct exec_context *x, const struct virtual_activity *v)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < v->n_statements; i++) {
        buf_cstr(&b, i > 0 ? " ; " : "");
        buf_str(&b, v->statements[i]);
    }
    return datum_take(x, &b);
}

GENERATOR(transaction_activity_rows)
{
    struct arena *a = x->eval.arena;
    struct virtual_activity *list;
    size_t n;
    TRY(list_activity(x, true, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct virtual_activity *v = &list[i];
        struct measures m = measures_of(v);
        ROW(system_transaction_activity);
        row[system_transaction_activity_aggregated_ts] = hour_of(v);
        row[system_transaction_activity_fingerprint_id] = id_bytes(a, v->id);
        row[system_transaction_activity_app_name] = datum_str(v->application);
        row[system_transaction_activity_agg_interval] = an_hour();
        TRY(transaction_metadata(a, v, &row[system_transaction_activity_metadata], err));
        TRY(statistics_json(a, v, &row[system_transaction_activity_statistics], err));
        row[system_transaction_activity_query] = query_of(x, v);
        row[system_transaction_activity_execution_count] = m.count;
        row[system_transaction_activity_execution_total_seconds] = m.total;
        row[system_transaction_activity_service_latency_avg_seconds] = m.latency;
        row[system_transaction_activity_service_latency_p99_seconds] = m.p99;
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
