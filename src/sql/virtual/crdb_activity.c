// crdb_internal: sessions, running statements, locks.
#include "catalog/jobs.h"
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

// ---- locks

struct lock {
    struct str key;
    uint64_t txn_id;
    enum kv_lock_mode mode;
    bool granted;
    int64_t since_mono_ns;
};
struct lock_list {
    struct arena *arena;
    struct str prefix; // of the keys of this virtual cluster
    ARENA_VEC(struct lock) locks;
};

static void collect_lock(void *arg, const struct kv_lock_info *info)
{
    struct lock_list *list = arg;
    if (!str_has_prefix(info->key, list->prefix))
        return;
    ARENA_PUSH(list->arena, &list->locks,
               ((struct lock){arena_str(list->arena, info->key), info->txn_id, info->mode, info->granted,
                              info->since_mono_ns}));
}

// Names of what the key belongs to; keys of no table leave them NULL.
static int lock_object(struct exec_context *x, struct str key, struct datum *row, struct err *err)
{
    struct key_reader reader = key_reader(key);
    struct key_prefix prefix;
    const struct cat_table *t;
    const struct cat_schema *schema;
    const struct cat_database *d;
    const struct cat_index *index;
    if (!key_get_prefix(&reader, &prefix))
        return 0;
    row[crdb_cluster_locks_table_id] = datum_int((int64_t)prefix.table);
    TRY(cat_table_by_id(x->view, (uint32_t)prefix.table, &t, err));
    if (t == NULL)
        return 0;
    TRY(cat_schema_by_id(x->view, t->schema_id, &schema, err));
    TRY(cat_database_by_id(x->view, t->database_id, &d, err));
    index = cat_index_by_id(t, (uint32_t)prefix.index);
    row[crdb_cluster_locks_table_name] = datum_str(t->name);
    row[crdb_cluster_locks_schema_name] = schema != NULL ? datum_str(schema->name) : DATUM_NULL;
    row[crdb_cluster_locks_database_name] = d != NULL ? datum_str(d->name) : DATUM_NULL;
    row[crdb_cluster_locks_index_name] = index != NULL ? datum_str(index->name) : DATUM_NULL;
    return 0;
}

static bool is_contended(const struct lock_list *list, struct str key)
{
    for (size_t i = 0; i < list->locks.len; i++)
        if (!list->locks.ptr[i].granted && str_eq(list->locks.ptr[i].key, key))
            return true;
    return false;
}

// Transactions have 64-bit numbers here: the last half of the UUID.
static struct datum txn_uuid(struct exec_context *x, uint64_t id)
{
    char *bytes = arena_zalloc(x->eval.arena, 16);
    store_be64(bytes + 8, id);
    return datum_str((struct str){bytes, 16});
}

static int lock_row(struct exec_context *x, const struct lock_list *list, const struct lock *lock, int64_t now,
                    struct virtual_rows *rows, struct err *err)
{
    ROW(crdb_cluster_locks);
    struct buf pretty = BUF_INIT;
    key_print(&pretty, lock->key);
    row[crdb_cluster_locks_range_id] = datum_int(1);
    TRY(lock_object(x, lock->key, row, err));
    row[crdb_cluster_locks_lock_key] = datum_str(lock->key);
    row[crdb_cluster_locks_lock_key_pretty] = datum_take(x, &pretty);
    row[crdb_cluster_locks_txn_id] = txn_uuid(x, lock->txn_id);
    row[crdb_cluster_locks_lock_strength] = datum_c(lock->mode == KV_LOCK_SHARED ? "Shared" : "Exclusive");
    row[crdb_cluster_locks_durability] = datum_c("Unreplicated");
    row[crdb_cluster_locks_granted] = datum_bool(lock->granted);
    row[crdb_cluster_locks_contended] = datum_bool(is_contended(list, lock->key));
    row[crdb_cluster_locks_duration] = (struct datum){.iv = {.micros = (now - lock->since_mono_ns) / 1000}};
    row[crdb_cluster_locks_isolation_level] = DATUM_NULL;
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_cluster_locks_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct buf prefix = BUF_INIT;
    key_put_cluster(&prefix, catalog_cluster(cat_view_catalog(x->view)));
    struct lock_list list = {.arena = x->eval.arena, .prefix = datum_take(x, &prefix).s};
    int64_t now = clock_mono_ns();
    TRY(cat_check_activity_privilege(x->view, x->eval.user, err));
    kv_list_locks(vs->ops->kv(vs), collect_lock, &list);
    for (size_t i = 0; i < list.locks.len; i++)
        TRY(lock_row(x, &list, &list.locks.ptr[i], now, rows, err));
    return 0;
}

GENERATOR(crdb_jobs_rows)
{
    struct cat_job *jobs;
    size_t n;
    bool all;
    TRY(cat_job_list(cat_view_catalog(x->view), x->txn, x->eval.arena, &jobs, &n, err));
    TRY(cat_has_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWJOB | CAT_SYSTEM_CONTROLJOB, &all, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_job *job = &jobs[i];
        if (!all && !str_eq(job->owner, x->eval.user))
            continue;
        ROW(crdb_jobs);
        row[crdb_jobs_job_id] = datum_int(job->id);
        row[crdb_jobs_job_type] = datum_str(job->type);
        row[crdb_jobs_description] = datum_str(job->description);
        row[crdb_jobs_statement] = datum_str(STR_EMPTY);
        row[crdb_jobs_user_name] = datum_str(job->owner);
        row[crdb_jobs_status] = datum_c(cat_job_status_name(job->status));
        row[crdb_jobs_created] = datum_int(job->created_micros);
        row[crdb_jobs_finished] = time_or_null(job->finished_micros);
        row[crdb_jobs_modified] = time_or_null(job->modified_micros);
        row[crdb_jobs_fraction_completed] = datum_float(job->fraction);
        row[crdb_jobs_error] = datum_str(job->error);
        if (job->status == CAT_JOB_RUNNING || job->status == CAT_JOB_REVERTING)
            row[crdb_jobs_coordinator_id] = datum_int(1);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
