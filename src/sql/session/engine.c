// A cluster's half of SQL: its catalog, the registry of sessions, users.
#include "catalog/schedules.h"
#include "catalog/zone.h"
#include "sql/session/jobs_int.h"
#include "sql/session/session_int.h"
#include "sql/virtual/virtual.h"
#include "types/datetime.h"

// A short transaction of its own over the catalog.
struct short_txn {
    struct kv_txn *txn;
    struct cat_view *view;
};

static int short_begin(struct sql_engine *e, bool read_only, struct short_txn *t, struct err *err)
{
    struct kv_begin_options options = {.read_only = read_only};
    enum kv_result r = kv_begin(e->kv, &options, &t->txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = cat_view_open(e->catalog, t->txn, &t->view, err);
    if (rc != 0)
        kv_abort(t->txn);
    return rc;
}

static int short_end(struct short_txn *t, int rc, struct err *err)
{
    cat_view_close(t->view);
    if (rc != 0) {
        kv_abort(t->txn);
        return rc;
    }
    struct cat_txn_summary summary = cat_txn_summarize(t->txn);
    uint64_t version;
    enum kv_result r = kv_commit(t->txn, &version);
    return r == KV_OK ? 0 : cat_commit_error(&summary, (int)r, err);
}

// Temporary objects of sessions that a crash ended. A failure leaves them to the next start.
static void drop_left_temporary(struct sql_engine *e)
{
    struct short_txn t;
    struct arena a;
    struct err ignored = ERR_INIT;
    if (short_begin(e, false, &t, &ignored) == 0) {
        arena_init(&a, NULL);
        struct ddl_context dc = {.view = t.view, .txn = t.txn, .arena = &a, .scope = {.user = STR("root")}};
        int rc = ddl_drop_temporary(&dc, STR("pg_temp_"), &ignored);
        if (short_end(&t, rc, &ignored) != 0)
            log_warning("temporary objects of an earlier run were not removed");
        arena_release(&a);
    }
    err_reset(&ignored);
}

bool engine_has_schedules(struct sql_engine *e)
{
    struct short_txn t;
    struct arena a;
    struct cat_schedule *all;
    size_t n = 0;
    struct err ignored = ERR_INIT;
    if (!e->is_new && short_begin(e, true, &t, &ignored) == 0) {
        arena_init(&a, NULL);
        int rc = cat_schedule_list(t.view, &a, &all, &n, &ignored);
        if (short_end(&t, rc, &ignored) != 0)
            n = 1; // it will be said again
        arena_release(&a);
    }
    err_reset(&ignored);
    return n > 0;
}

enum { TRIM_EVENTS_EVERY_S = 3600 };

static int trim_events(struct cat_view *v, struct err *err)
{
    struct datum ttl;
    struct arena a;
    arena_init(&a, NULL);
    int rc = cluster_setting_get(v, "server.eventlog.ttl", &a, &ttl, err);
    arena_release(&a);
    TRY(rc);
    int64_t micros = interval_to_micros(ttl.iv);
    return micros > 0 ? cat_events_trim(v, clock_wall_ns() / 1000 - micros, err) : 0;
}

void engine_trim_events(struct sql_engine *e)
{
    int64_t now = clock_mono_ns(), last = atomic_load_explicit(&e->events_trimmed_ns, memory_order_relaxed);
    struct short_txn t;
    struct err ignored = ERR_INIT;
    if (last != 0 && now - last < TRIM_EVENTS_EVERY_S * INT64_C(1000000000))
        return;
    if (!atomic_compare_exchange_strong(&e->events_trimmed_ns, &last, now))
        return;
    if (short_begin(e, false, &t, &ignored) == 0 && short_end(&t, trim_events(t.view, &ignored), &ignored) != 0)
        log_warning("old events were not removed: %s", ignored.message);
    err_reset(&ignored);
}

int sql_history_wanted(struct sql_engine *engine, struct kv_txn *txn, uint64_t cluster, int64_t *ns, struct err *err)
{
    int64_t seconds;
    TRY(cat_zones_longest_ttl(engine->catalog, txn, cluster, &seconds, err));
    *ns = seconds * 1000000000;
    return 0;
}

int sql_engine_open(const struct sql_engine_options *options, struct sql_engine **out, struct err *err)
{
    struct sql_engine *e = mem_zalloc(sizeof(*e));
    e->kv = options->kv;
    e->started_micros = clock_wall_ns() / 1000;
    e->insecure = options->insecure;
    e->clusters = options->clusters;
    e->meter = options->meter;
    e->check_setting = options->check_setting;
    e->end_session = options->end_session;
    e->end_session_arg = options->end_session_arg;
    e->zones_changed = options->zones_changed;
    e->zones_changed_arg = options->zones_changed_arg;
    e->metrics = options->metrics;
    e->metrics_arg = options->metrics_arg;
    e->sql_port = options->sql_port;
    e->http_port = options->http_port;
    e->host = str_dup_c(options->advertise_host);
    e->external_io_dir = str_dup_c(str_of(options->external_io_dir != NULL ? options->external_io_dir : ""));
    e->cluster_name = str_dup_c(str_of(options->cluster_name != NULL ? options->cluster_name : ""));
    e->virtual_cluster_name =
        str_dup_c(str_of(options->virtual_cluster_name != NULL ? options->virtual_cluster_name : "system"));
    e->os = options->os;
    e->batch_rows_max = options->batch_rows_max;
    e->automatic_statistics = options->automatic_statistics;
    e->temp_dir = options->temp_dir != NULL ? str_dup_c(str_of(options->temp_dir)) : NULL;
    size_t limit = options->sql_memory_bytes_max != 0 ? options->sql_memory_bytes_max : SQL_MEMORY_BYTES_DEFAULT;
    budget_init(&e->budget, "root", limit, options->budget);
    pthread_mutex_init(&e->mutex, NULL);
    e->activity = activity_new();
    e->contention = contention_new();
    e->insights = insights_new();
    e->notify = notify_hub_new();
    e->index_usage = index_usage_new();
    pthread_mutex_init(&e->statistics_mutex, NULL);
    int rc = catalog_open(options->kv, options->cluster != 0 ? options->cluster : 1, &e->catalog, &e->is_new, err);
    if (rc != 0) {
        sql_engine_close(e);
        return rc;
    }
    rc = activity_load(e, err);
    if (rc != 0) {
        sql_engine_close(e);
        return rc;
    }
    virtual_register(e->catalog);
    insights_configure(e);
    if (kv_failure(e->kv) == NULL && !e->is_new)
        drop_left_temporary(e);
    e->jobs = jobs_new(e->kv, e->catalog, session_job_types, e);
    e->schedules = schedules_new(e);
    if (kv_failure(e->kv) == NULL)
        jobs_adopt(e->jobs);
    if (kv_failure(e->kv) == NULL && engine_has_schedules(e))
        schedules_adopt(e->schedules);
    *out = e;
    return 0;
}

void sql_engine_close(struct sql_engine *e)
{
    schedules_free(e->schedules);
    if (e->jobs != NULL) {
        jobs_free(e->jobs);
        sql_engine_save(e);
    }
    if (e->catalog != NULL)
        catalog_close(e->catalog);
    insights_free(e->insights);
    activity_free(e->activity);
    contention_free(e->contention);
    notify_hub_free(e->notify);
    index_usage_free(e->index_usage);
    pthread_mutex_destroy(&e->mutex);
    statistics_release(e);
    auto_statistics_release(e);
    pthread_mutex_destroy(&e->statistics_mutex);
    mem_free(e->host);
    mem_free(e->external_io_dir);
    mem_free(e->temp_dir);
    mem_free(e->cluster_name);
    mem_free(e->virtual_cluster_name);
    mem_free(e);
}

struct str sql_engine_cluster_id(const struct sql_engine *e)
{
    return catalog_cluster_id(e->catalog);
}

bool sql_engine_is_new(const struct sql_engine *e)
{
    return e->is_new;
}

void sql_engine_save(struct sql_engine *e)
{
    struct err err = ERR_INIT;
    if (kv_failure(e->kv) == NULL && activity_save(e, &err) != 0)
        log_warning("statistics of statements were not stored: %s", err.message);
    err_reset(&err);
}

void sql_engine_get_counters(struct sql_engine *e, struct sql_counters *out)
{
    *out = (struct sql_counters){
        .sessions = sql_engine_session_count(e),
        .statements = atomic_load_explicit(&e->activity->runs, memory_order_relaxed),
        .failures = atomic_load_explicit(&e->activity->failures, memory_order_relaxed),
    };
}

void sql_engine_reset_activity(struct sql_engine *e)
{
    activity_reset(e->activity);
    contention_reset(e->contention);
}

int64_t sql_engine_activity_since(struct sql_engine *e)
{
    return activity_since_micros(e->activity);
}

struct str sql_version_string(void)
{
    return STR(VERSION_TEXT);
}

int sql_store_error(int kv_result, struct err *err)
{
    return cat_kv_error(NULL, kv_result, err);
}

size_t sql_engine_session_count(struct sql_engine *e)
{
    pthread_mutex_lock(&e->mutex);
    size_t n = e->n_sessions;
    pthread_mutex_unlock(&e->mutex);
    return n;
}

bool sql_engine_find_session(struct sql_engine *e, struct str id, int32_t *pid, int32_t *secret)
{
    bool found = false;
    pthread_mutex_lock(&e->mutex);
    for (struct session *s = e->sessions; s != NULL && !found; s = s->next) {
        found = str_eqc(id, s->session_id) || (s->current_query != NULL && str_eqc(id, s->query_id));
        *pid = s->pid;
        *secret = s->secret;
    }
    pthread_mutex_unlock(&e->mutex);
    return found;
}

// Of the running statement. The mutex is held.
static void interrupt(struct session *s)
{
    atomic_store(&s->cancel_requested, true);
    struct kv_txn *txn = atomic_load(&s->waiting_txn);
    if (txn != NULL)
        kv_cancel(txn);
}

bool sql_engine_cancel(struct sql_engine *e, int32_t pid, int32_t secret)
{
    bool found = false;
    pthread_mutex_lock(&e->mutex);
    for (struct session *s = e->sessions; s != NULL; s = s->next) {
        if (s->pid != pid || s->secret != secret)
            continue;
        found = true;
        interrupt(s);
    }
    pthread_mutex_unlock(&e->mutex);
    return found;
}

// ---- sessions ended or interrupted by others

static struct session *find(struct sql_engine *e, enum ast_controlled what, struct str id)
{
    struct session *s = e->sessions;
    while (s != NULL && !str_eqc(id, what == AST_CONTROLLED_SESSIONS ? s->session_id : s->query_id))
        s = s->next;
    return s == NULL || (what == AST_CONTROLLED_QUERIES && s->current_query == NULL) ? NULL : s;
}

bool engine_find(struct sql_engine *e, enum ast_controlled what, struct str id, struct arena *a, struct str *user)
{
    pthread_mutex_lock(&e->mutex);
    const struct session *s = find(e, what, id);
    *user = s != NULL ? arena_str(a, s->login_user) : STR_NONE;
    pthread_mutex_unlock(&e->mutex);
    return user->ptr != NULL;
}

bool engine_cancel(struct sql_engine *e, enum ast_controlled what, struct str id)
{
    pthread_mutex_lock(&e->mutex);
    struct session *s = find(e, what, id);
    int32_t pid = s != NULL ? s->pid : 0, secret = s != NULL ? s->secret : 0;
    if (s != NULL && what == AST_CONTROLLED_SESSIONS)
        atomic_store(&s->terminate, true);
    if (s != NULL)
        interrupt(s);
    pthread_mutex_unlock(&e->mutex);
    if (s != NULL && what == AST_CONTROLLED_SESSIONS && e->end_session != NULL)
        e->end_session(e->end_session_arg, pid, secret);
    return s != NULL;
}

static struct session *find_pid(struct sql_engine *e, int64_t pid)
{
    struct session *s = e->sessions;
    while (s != NULL && s->pid != pid)
        s = s->next;
    return s;
}

bool engine_session_of(struct sql_engine *e, int64_t pid, struct arena *a, struct str *id, struct str *user)
{
    pthread_mutex_lock(&e->mutex);
    const struct session *s = find_pid(e, pid);
    if (s != NULL) {
        *id = arena_str(a, str_of(s->session_id));
        *user = arena_str(a, s->login_user);
    }
    pthread_mutex_unlock(&e->mutex);
    return s != NULL;
}

void engine_interrupt(struct sql_engine *e, int64_t pid)
{
    pthread_mutex_lock(&e->mutex);
    struct session *s = find_pid(e, pid);
    if (s != NULL)
        interrupt(s);
    pthread_mutex_unlock(&e->mutex);
}

int session_check_ended(const struct session *s, struct err *err)
{
    if (!atomic_load_explicit(&s->terminate, memory_order_relaxed))
        return 0;
    err_set(err, ERR_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    err->severity = ERR_SEVERITY_FATAL;
    return ERR_ADMIN_SHUTDOWN;
}

bool session_is_ended(const struct session *s)
{
    return atomic_load_explicit(&s->terminate, memory_order_relaxed);
}

void sql_engine_rename(struct sql_engine *e, const char *virtual_cluster_name)
{
    char *name = str_dup_c(str_of(virtual_cluster_name));
    pthread_mutex_lock(&e->mutex);
    char *before = e->virtual_cluster_name;
    e->virtual_cluster_name = name;
    pthread_mutex_unlock(&e->mutex);
    mem_free(before);
}

bool sql_engine_is_busy(struct sql_engine *e)
{
    return jobs_running(e->jobs) || schedules_waiting(e->schedules);
}

void sql_engine_forget_sequences(struct sql_engine *e, bool keep)
{
    cat_sequences_forget(e->catalog, keep);
}

// ---- users

static int may_login(struct cat_view *v, const struct cat_role *role, bool *out, struct err *err)
{
    bool no_sql = false;
    if (role != NULL && str_eqc(role->name, "root")) { // it cannot be locked out
        *out = true;
        return 0;
    }
    if (role != NULL)
        TRY(cat_has_system_privilege(v, role->name, CAT_SYSTEM_NOSQLLOGIN, &no_sql, err));
    *out = role != NULL && role->login && !no_sql;
    return 0;
}

static int lookup(struct cat_view *v, struct arena *a, struct str name, struct sql_user *out, struct err *err)
{
    const struct cat_role *role;
    *out = (struct sql_user){0};
    TRY(cat_role_by_name(v, name, &role, err));
    if (role == NULL)
        return 0;
    out->exists = true;
    TRY(may_login(v, role, &out->can_login, err));
    out->verifier = arena_str(a, role->verifier);
    out->expired = role->valid_until_micros != INT64_MAX && role->valid_until_micros < clock_wall_ns() / 1000;
    return cat_is_admin(v, name, &out->is_admin, err);
}

int sql_lookup_user(struct sql_engine *e, struct arena *a, struct str name, struct sql_user *out, struct err *err)
{
    struct short_txn t;
    TRY(short_begin(e, true, &t, err));
    return short_end(&t, lookup(t.view, a, name, out, err), err);
}

static int read_settings(struct cat_view *v, struct arena *a, const char *const *names, size_t n, struct str *values,
                         struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct cluster_setting *setting = cluster_setting_find(str_of(names[i]));
        bool is_default;
        values[i] = STR_EMPTY;
        if (setting != NULL)
            TRY(cluster_setting_value(v, setting, a, &values[i], &is_default, err));
    }
    return 0;
}

int sql_engine_settings(struct sql_engine *e, struct arena *a, const char *const *names, size_t n, struct str *values,
                        struct err *err)
{
    struct short_txn t;
    TRY(short_begin(e, true, &t, err));
    return short_end(&t, read_settings(t.view, a, names, n, values, err), err);
}

static int ensure(struct cat_view *v, struct str name, struct str verifier, bool admin, struct err *err)
{
    const struct cat_role *existing;
    TRY(cat_role_by_name(v, name, &existing, err));
    struct cat_role role =
        existing != NULL ? *existing : (struct cat_role){.name = name, .valid_until_micros = INT64_MAX};
    if (existing == NULL)
        TRY(cat_new_role_id(v, &role.id, err));
    role.login = true;
    role.verifier = verifier;
    TRY(cat_put_role(v, &role, err));
    bool member;
    TRY(cat_is_member(v, name, STR("admin"), &member, err));
    return admin && !member ? cat_put_member(v, STR("admin"), name, false, err) : 0;
}

int sql_ensure_user(struct sql_engine *e, struct str name, struct str verifier, bool admin, struct err *err)
{
    struct short_txn t;
    TRY(short_begin(e, false, &t, err));
    return short_end(&t, ensure(t.view, name, verifier, admin, err), err);
}

struct open_session {
    char id[40];
    struct str user;
};

static struct open_session *list_open(struct sql_engine *e, struct arena *a, size_t *n)
{
    *n = 0;
    pthread_mutex_lock(&e->mutex);
    struct open_session *list = ARENA_ARRAY(a, struct open_session, e->n_sessions + 1);
    for (const struct session *s = e->sessions; s != NULL; s = s->next) {
        if (s->job != NULL)
            continue;
        memcpy(list[*n].id, s->session_id, sizeof(list[*n].id));
        list[(*n)++].user = arena_str(a, s->login_user);
    }
    pthread_mutex_unlock(&e->mutex);
    return list;
}

static int end_revoked(struct sql_engine *e, struct cat_view *v, struct arena *a, struct err *err)
{
    size_t n;
    const struct open_session *list = list_open(e, a, &n);
    for (size_t i = 0; i < n; i++) {
        const struct cat_role *role;
        bool may;
        TRY(cat_role_by_name(v, list[i].user, &role, err));
        TRY(may_login(v, role, &may, err));
        if (!may)
            engine_cancel(e, AST_CONTROLLED_SESSIONS, str_of(list[i].id));
    }
    return 0;
}

void engine_end_revoked(struct sql_engine *e)
{
    struct short_txn t;
    struct arena a;
    struct err err = ERR_INIT;
    arena_init(&a, NULL);
    int rc = short_begin(e, true, &t, &err);
    if (rc == 0)
        rc = short_end(&t, end_revoked(e, t.view, &a, &err), &err);
    if (rc != 0)
        log_warning("sessions of revoked users were not looked for: %s", err.message);
    err_reset(&err);
    arena_release(&a);
}
