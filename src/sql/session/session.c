// A session's life, and the simple query protocol.
//
// Retries: a batch without transaction control is one implicit transaction; as long as nothing of its results has left
// the server it is run again from its first statement when it meets a conflict. In an explicit transaction only its
// first statement can be run again, under READ COMMITTED any.
#include "sql/session/session_int.h"
#include "sql/session/show_int.h"
#include "sql/parse/ast_print.h"
#include "sql/functions/advisory.h"
#include "types/datetime.h"
#include <stdio.h>

enum { RETRIES_MAX = 100 };

// ---- functions that need the session

static struct session *of_functions(struct session_functions *sf)
{
    return CONTAINER_OF(sf, struct session, functions);
}

static int fn_setting_get(struct session_functions *sf, struct arena *a, struct str name, bool missing_ok,
                          struct datum *out, struct err *err)
{
    struct str text;
    int rc = setting_get(of_functions(sf), a, name, &text, missing_ok ? NULL : err);
    *out = rc == 0 ? datum_str(text) : DATUM_NULL;
    return missing_ok ? 0 : rc;
}

static int fn_setting_set(struct session_functions *sf, struct str name, struct str value, bool local, struct err *err)
{
    return setting_set(of_functions(sf), name, value, local, err);
}

static int fn_sleep(struct session_functions *sf, int64_t micros, struct err *err)
{
    struct session *s = of_functions(sf);
    int64_t until = clock_mono_ns() + micros * 1000;
    block_enter();
    int rc = 0;
    while (rc == 0) {
        int64_t left = until - clock_mono_ns();
        if (left <= 0)
            break;
        struct timespec ts = {0, MIN(left, (int64_t)10000000)};
        nanosleep(&ts, NULL);
        rc = session_interrupted(s, err);
    }
    block_leave();
    return rc;
}

static int fn_force_retry(struct session_functions *sf, struct interval age, struct err *err)
{
    struct session *s = of_functions(sf);
    int64_t limit = interval_to_micros(age);
    if (s->statement_micros - s->txn_micros >= limit && clock_wall_ns() / 1000 - s->txn_micros >= limit)
        return 0;
    return err_set(err, ERR_SERIALIZATION_FAILURE,
                   "restart transaction: TransactionRetryWithProtoRefreshError: forced by crdb_internal.force_retry()");
}

static void fn_sequence_set(struct session_functions *sf, uint32_t id, int64_t value)
{
    struct session *s = of_functions(sf);
    struct str key = {(const char *)&id, sizeof(id)};
    int64_t *box = map_get(&s->sequence_values, key);
    if (box == NULL) {
        box = mem_alloc(sizeof(*box));
        map_put(&s->sequence_values, key, box);
    }
    *box = s->last_sequence_value = value;
    s->has_sequence_value = true;
}

static bool fn_sequence_get(struct session_functions *sf, uint32_t id, int64_t *value)
{
    int64_t *box = map_get(&of_functions(sf)->sequence_values, (struct str){(const char *)&id, sizeof(id)});
    if (box != NULL)
        *value = *box;
    return box != NULL;
}

static bool fn_sequence_last(struct session_functions *sf, int64_t *value)
{
    *value = of_functions(sf)->last_sequence_value;
    return of_functions(sf)->has_sequence_value;
}

static void fn_notice(struct session_functions *sf, const struct err *notice)
{
    send_notice_record(of_functions(sf), notice);
}

static int fn_call_routine(struct session_functions *sf, struct eval_context *ec, const struct cat_function *routine,
                           const struct datum *args, struct fn_emit *emit, uint64_t max_rows, struct err *err)
{
    return session_call_routine(of_functions(sf), ec, routine, args, emit, max_rows, err);
}

// Triggers fire triggers, each level on the stack of its thread.
static int fn_fire_trigger(struct session_functions *sf, struct eval_context *ec, const struct cat_function *f,
                           struct trigger_call *call, struct err *err)
{
    struct session *s = of_functions(sf);
    int64_t limit = MIN(setting_int(s, SETTING_RECURSION_DEPTH_LIMIT), (int64_t)TRIGGER_DEPTH_MAX);
    if (sf->trigger_depth >= limit)
        return err_set(err, ERR_STATEMENT_TOO_COMPLEX, "trigger reached recursion depth limit: %lld", (long long)limit);
    const struct trigger_call *outer = sf->trigger;
    sf->trigger_depth++;
    sf->trigger = call;
    int rc = session_call_trigger(s, ec, f, call, err);
    sf->trigger = outer;
    sf->trigger_depth--;
    return rc;
}

static int fn_signal_backend(struct session_functions *sf, int64_t pid, bool end, bool *found, struct err *err)
{
    return session_signal(of_functions(sf), pid, end, found, err);
}

static void fn_reset_statistics(struct session_functions *sf)
{
    sql_engine_reset_activity(of_functions(sf)->engine);
}

static int fn_notify(struct session_functions *sf, struct str channel, struct str payload, struct err *err)
{
    return notify_send(of_functions(sf), channel, payload, err);
}

static size_t fn_listening(struct session_functions *sf, struct arena *a, struct str **channels)
{
    return notify_listening(of_functions(sf), a, channels);
}

static double fn_notify_queue_usage(struct session_functions *sf)
{
    return notify_queue_usage(of_functions(sf));
}

static void fn_reset_index_usage(struct session_functions *sf)
{
    index_usage_reset(of_functions(sf)->engine->index_usage);
}

static int fn_cluster_setting(struct session_functions *sf, struct arena *a, struct str name, struct str value,
                              struct str *out, struct err *err)
{
    const struct cluster_setting *setting = cluster_setting_find(name);
    (void)sf;
    if (setting == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "unknown cluster setting '%.*s'", STR_FMT(name));
    if (value.ptr != NULL)
        return cluster_setting_decode(setting, value, a, out, err);
    *out = cluster_setting_encode(setting, str_of(setting->default_text), a);
    return 0;
}

static int fn_serialize(struct session_functions *sf, struct arena *a, struct str *out, struct err *err)
{
    return session_serialize(of_functions(sf), a, out, err);
}

static int fn_deserialize(struct session_functions *sf, struct str bytes, struct err *err)
{
    return session_deserialize(of_functions(sf), bytes, err);
}

static int fn_show_create_all(struct session_functions *sf, struct arena *a, struct str objects, struct str database,
                              struct fn_emit *emit, struct err *err)
{
    struct show_result result;
    TRY(show_create_all(of_functions(sf), a, objects, database, &result, err));
    for (size_t i = 0; i < result.rows.len; i++)
        TRY(emit->row(emit, result.rows.ptr[i], err));
    return 0;
}

static void functions_init(struct session *s)
{
    s->functions = (struct session_functions){.setting_get = fn_setting_get,
                                              .setting_set = fn_setting_set,
                                              .sleep = fn_sleep,
                                              .force_retry = fn_force_retry,
                                              .sequence_value_set = fn_sequence_set,
                                              .sequence_value_get = fn_sequence_get,
                                              .sequence_value_last = fn_sequence_last,
                                              .signal_backend = fn_signal_backend,
                                              .notice = fn_notice,
                                              .reset_statistics = fn_reset_statistics,
                                              .reset_index_usage = fn_reset_index_usage,
                                              .call_routine = fn_call_routine,
                                              .cluster_setting = fn_cluster_setting,
                                              .show_create_all = fn_show_create_all,
                                              .fire_trigger = fn_fire_trigger,
                                              .serialize = fn_serialize,
                                              .deserialize = fn_deserialize,
                                              .notify = fn_notify,
                                              .listening = fn_listening,
                                              .notify_queue_usage = fn_notify_queue_usage,
                                              .backend_pid = s->pid,
                                              .session_id = str_of(s->session_id),
                                              .client_address = s->client_address,
                                              .cluster_id = catalog_cluster_id(s->engine->catalog)};
}

// ---- life

static void registry_add(struct session *s)
{
    struct sql_engine *e = s->engine;
    static _Atomic uint32_t last_pid; // of the process: advisory locks and cancel requests know sessions by pid alone
    do
        s->pid = (int32_t)((atomic_fetch_add_explicit(&last_pid, 1, memory_order_relaxed) + 1) & INT32_MAX);
    while (s->pid == 0);
    pthread_mutex_lock(&e->mutex);
    secure_random(&s->secret, sizeof(s->secret));
    s->next = e->sessions;
    if (e->sessions != NULL)
        e->sessions->prev = s;
    e->sessions = s;
    e->n_sessions++;
    pthread_mutex_unlock(&e->mutex);
}

static void registry_remove(struct session *s)
{
    struct sql_engine *e = s->engine;
    pthread_mutex_lock(&e->mutex);
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        e->sessions = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    e->n_sessions--;
    pthread_mutex_unlock(&e->mutex);
}

// A default that holds no longer (of a setting or a value that there is not any more) keeps nobody out: the client is
// warned and the setting stays as it was.
static void apply_setting_list(struct session *s, const struct str *settings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *eq = memchr(settings[i].ptr, '=', settings[i].len);
        size_t at = eq != NULL ? (size_t)(eq - settings[i].ptr) : settings[i].len;
        struct err wrong = ERR_INIT;
        if (eq == NULL || setting_set(s, str_slice(settings[i], 0, at), str_slice(settings[i], at + 1, settings[i].len),
                                      false, &wrong) == 0)
            continue;
        wrong.severity = ERR_SEVERITY_WARNING;
        ARENA_PUSH(&s->arena, &s->login_warnings, wrong);
    }
}

void session_visit_warnings(struct session *s, void (*visit)(void *arg, const struct err *warning), void *arg)
{
    for (size_t i = 0; i < s->login_warnings.len; i++)
        visit(arg, &s->login_warnings.ptr[i]);
}

// server.max_connections_per_gateway: administrators always get in.
static int connection_limit(struct session *s, bool admin, struct err *err)
{
    struct str text;
    int64_t max;
    TRY(cat_setting_get(s->view, STR("server.max_connections_per_gateway"), &text, err));
    if (admin || text.ptr == NULL || !str_to_i64(text, &max) || max < 0 ||
        sql_engine_session_count(s->engine) <= (size_t)max)
        return 0;
    err_set(err, ERR_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
    return err_hint(err,
                    "the maximum number of allowed connections is %lld and can be modified using the "
                    "server.max_connections_per_gateway config key",
                    (long long)max);
}

// Sessions that a client of this user has open, of this cluster.
static size_t client_sessions(struct session *s)
{
    size_t n = 0;
    pthread_mutex_lock(&s->engine->mutex);
    for (const struct session *other = s->engine->sessions; other != NULL; other = other->next)
        n += str_eq(other->login_user, s->login_user) && !str_eqc(other->auth_method, INTERNAL_AUTH_METHOD);
    pthread_mutex_unlock(&s->engine->mutex);
    return n;
}

// CONNECTION LIMIT of the role, which does not hold for administrators nor for what the server does in a user's name.
static int role_connection_limit(struct session *s, bool admin, struct err *err)
{
    const struct cat_role *r;
    TRY(cat_role_by_name(s->view, s->login_user, &r, err));
    if (admin || r == NULL || r->connections_max < 0 || str_eqc(s->auth_method, INTERNAL_AUTH_METHOD) ||
        client_sessions(s) <= (size_t)r->connections_max)
        return 0;
    return err_set(err, ERR_TOO_MANY_CONNECTIONS, "too many connections for role \"%.*s\"", STR_FMT(s->login_user));
}

static int role_defaults(struct session *s, struct err *err)
{
    TRY(session_begin(s, TXN_IMPLICIT, err));
    const struct cat_database *d = NULL;
    struct str role = s->user;
    bool admin;
    int rc = cat_database_by_name(s->view, str_of(s->values[SETTING_DATABASE]), &d, err);
    for (int turn = 0; turn < 4 && rc == 0; turn++) { // all roles, then this one; everywhere, then in this database
        if (turn % 2 == 1 && d == NULL)
            continue;
        const struct str *settings;
        size_t n;
        rc = cat_role_settings_get(s->view, &s->arena, turn % 2 == 1 ? d->id : 0, turn < 2 ? STR_EMPTY : role,
                                   &settings, &n, err);
        if (rc == 0)
            apply_setting_list(s, settings, n);
    }
    if (rc == 0)
        rc = session_is_admin(s, &admin, err);
    if (rc == 0)
        rc = connection_limit(s, admin, err);
    if (rc == 0)
        rc = role_connection_limit(s, admin, err);
    if (rc == 0)
        setting_store(s, SETTING_IS_SUPERUSER, admin ? STR("on") : STR("off"));
    session_rollback(s);
    return rc;
}

static int startup(struct session *s, const struct session_options *o, struct err *err)
{
    setting_store(s, SETTING_DATABASE, o->database.len > 0 ? o->database : o->user);
    setting_store(s, SETTING_SESSION_USER, o->user);
    setting_store(s, SETTING_SESSION_AUTHORIZATION, o->user);
    setting_store(s, SETTING_SYSTEM_IDENTITY, o->system_identity.len > 0 ? o->system_identity : o->user);
    setting_store(s, SETTING_SESSION_ID, str_of(s->session_id));
    setting_store(s, SETTING_SSL, o->tls ? STR("on") : STR("off"));
    pthread_mutex_lock(&s->engine->mutex);
    setting_store(s, SETTING_VIRTUAL_CLUSTER_NAME, str_of(s->engine->virtual_cluster_name));
    pthread_mutex_unlock(&s->engine->mutex);
    TRY(role_defaults(s, err));
    for (size_t i = 0; i < o->n_parameters; i++)
        TRY(setting_set(s, o->parameters[i].name, o->parameters[i].value, false, err));
    settings_keep_login(s);
    return 0;
}

int session_new(struct sql_engine *engine, const struct session_options *o, struct session **out, struct err *err)
{
    struct session *s = mem_zalloc(sizeof(*s));
    s->engine = engine;
    s->virtual_session.ops = &session_virtual_ops;
    arena_init(&s->arena, NULL);
    arena_init(&s->describe, NULL);
    // Half of what there is for all: one session alone cannot keep the others from working.
    budget_init(&s->budget, "session", engine->budget.limit_bytes / 2, &engine->budget);
    deferred_init(&s->deferred, &s->budget);
    s->user = s->login_user = arena_str(&s->arena, o->user);
    s->client_address = arena_str(&s->arena, o->client_address);
    s->auth_method = arena_str(&s->arena, o->auth_method);
    s->tls = o->tls;
    s->notified = o->notified;
    s->notified_arg = o->notified_arg;
    s->started_micros = s->statement_micros = clock_wall_ns() / 1000;
    s->idle_since_ns = clock_mono_ns();
    s->written_bytes_max = UINT64_MAX;
    s->activity.epoch = 1;
    uint64_t id[2];
    secure_random(id, sizeof(id));
    rng_seed(&s->rng, id[0]);
    snprintf(s->session_id, sizeof(s->session_id), "%016llx%016llx", (unsigned long long)id[0],
             (unsigned long long)id[1]);
    snprintf(s->temp_schema, sizeof(s->temp_schema), "pg_temp_%s", s->session_id);
    registry_add(s);
    contention_observe(s);
    settings_init(s);
    functions_init(s);
    int rc = startup(s, o, err);
    if (rc != 0) {
        session_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

void session_free(struct session *s)
{
    copy_abort(s);
    session_rollback(s);
    session_end_temporary(s);
    activity_call_end(s, clock_mono_ns());
    activity_session_release(s);
    prepared_drop_all(s);
    advisory_end_session(s->functions.backend_pid);
    notify_session_free(s);
    registry_remove(s);
    for (size_t i = 0; i < s->login_warnings.len; i++)
        err_reset(&s->login_warnings.ptr[i]);
    settings_release(s);
    map_release(&s->prepared);
    map_release(&s->portals);
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->sequence_values, &it)) != NULL;)
        mem_free(e->value);
    map_release(&s->sequence_values);
    routines_release(s);
    mem_free(s->current_query);
    mem_free(s->shown.last_query);
    buf_release(&s->commit_conflict_key);
    arena_release(&s->describe);
    deferred_clear(&s->deferred);
    arena_release(&s->arena);
    mem_free(s);
}

void session_backend_key(const struct session *s, int32_t *pid, int32_t *secret)
{
    *pid = s->pid;
    *secret = s->secret;
}

void session_visit_parameters(struct session *s, void (*visit)(void *arg, const char *name, struct str value),
                              void *arg)
{
    static const struct {
        const char *name;
        int id;
    } sent[] = {{"server_version", SETTING_SERVER_VERSION},
                {"server_encoding", SETTING_SERVER_ENCODING},
                {"client_encoding", SETTING_CLIENT_ENCODING},
                {"application_name", SETTING_APPLICATION_NAME},
                {"DateStyle", SETTING_DATESTYLE},
                {"IntervalStyle", SETTING_INTERVALSTYLE},
                {"is_superuser", SETTING_IS_SUPERUSER},
                {"TimeZone", SETTING_TIMEZONE},
                {"integer_datetimes", SETTING_INTEGER_DATETIMES},
                {"standard_conforming_strings", SETTING_STANDARD_CONFORMING_STRINGS},
                {"crdb_version", SETTING_CRDB_VERSION},
                {"session_authorization", SETTING_SESSION_AUTHORIZATION}};
    for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
        if (sent[i].id == SETTING_CRDB_VERSION && session_dialect_is_postgresql(s))
            continue;
        visit(arg, sent[i].name, str_of(s->values[sent[i].id]));
    }
}

char session_transaction_status(const struct session *s)
{
    switch (s->txn_state) {
    case TXN_NONE:
    case TXN_IMPLICIT:
        return 'I';
    case TXN_ABORTED:
        return 'E';
    case TXN_EXPLICIT:
    case TXN_COMMIT_WAIT:
        break;
    }
    return 'T';
}

const struct value_context *session_value_context(const struct session *s)
{
    return &s->vc;
}

int64_t session_idle_deadline(const struct session *s, struct err *err)
{
    bool in_txn = s->txn_state != TXN_NONE;
    int64_t ms = setting_int(s, in_txn ? SETTING_IDLE_IN_TRANSACTION_SESSION_TIMEOUT : SETTING_IDLE_SESSION_TIMEOUT);
    if (ms <= 0)
        return 0;
    if (in_txn)
        err_set(err, ERR_IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                "terminating connection due to idle-in-transaction timeout");
    else
        err_set(err, ERR_IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout");
    err->severity = ERR_SEVERITY_FATAL;
    return s->idle_since_ns + timeout_ns(ms);
}

size_t session_results_buffer_bytes(const struct session *s)
{
    int64_t bytes = setting_int(s, SETTING_RESULTS_BUFFER_SIZE);
    return bytes > 0 ? (size_t)bytes : 0;
}

// ---- calls

void session_call_begin(struct session *s, struct result_sink *sink)
{
    s->sink = sink;
    budget_forgive(&s->budget);
    atomic_store_explicit(&s->cancel_requested, false, memory_order_relaxed);
    if (s->txn != NULL)
        kv_clear_cancel(s->txn);
}

void session_call_end(struct session *s)
{
    s->sink = NULL;
    s->statement_deadline_ns = 0;
    s->idle_since_ns = clock_mono_ns();
    activity_call_end(s, s->idle_since_ns);
    metering_end(s);
}

static char *put_hex(char *out, uint64_t value, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--)
        *out++ = "0123456789abcdef"[value >> 4 * (i - 1) & 15];
    return out;
}

void session_show_query(struct session *s, struct str text)
{
    char *copy = text.ptr == NULL ? NULL : str_dup_c(str_slice(text, 0, MIN(text.len, (size_t)4096)));
    pthread_mutex_lock(&s->engine->mutex);
    char *before = s->shown.last_query;
    if (s->current_query != NULL)
        s->shown.last_query = s->current_query;
    else
        before = NULL;
    s->current_query = copy;
    if (copy != NULL) {
        s->engine->last_query_ns = MAX(s->engine->last_query_ns + 1, (uint64_t)clock_wall_ns());
        *put_hex(put_hex(s->query_id, s->engine->last_query_ns, 16), 1, 16) = '\0';
    }
    s->query_started_micros = s->statement_micros;
    session_publish(s);
    pthread_mutex_unlock(&s->engine->mutex);
    mem_free(before);
}

// What has a password is shown without it.
void session_show_statement(struct session *s, const struct ast *ast, struct str text)
{
    if (ast->kind != AST_CREATE_ROLE && ast->kind != AST_ALTER_ROLE && ast->kind != AST_ALTER_VIRTUAL_CLUSTER) {
        session_show_query(s, text);
        return;
    }
    struct buf b = BUF_INIT;
    ast_print(&b, ast, AST_PRINT_DEFAULT);
    session_show_query(s, buf_view(&b));
    buf_release(&b);
}

// A lock wait that ended because the statement's or the transaction's time was up is a timeout of that. What should
// never happen leaves a line in the log.
int session_final_error(struct session *s, int rc, struct err *err)
{
    if (rc == ERR_INTERNAL_ERROR)
        log_error("internal error: %s", err->message);
    if (rc != ERR_LOCK_NOT_AVAILABLE || (s->statement_deadline_ns == 0 && s->txn_deadline_ns == 0))
        return rc;
    int64_t now = clock_mono_ns();
    if (s->statement_deadline_ns != 0 && now >= s->statement_deadline_ns)
        return err_set(err, ERR_QUERY_CANCELED, "query execution canceled due to statement timeout");
    if (s->txn_deadline_ns != 0 && now >= s->txn_deadline_ns)
        return err_set(err, ERR_QUERY_CANCELED, "query execution canceled due to transaction timeout");
    return rc;
}

void session_backoff(uint32_t attempt)
{
    if (attempt < 3)
        return;
    struct timespec ts = {0, MIN(20000000L, 100000L << MIN(attempt, 8u))};
    block_enter();
    nanosleep(&ts, NULL);
    block_leave();
}

struct batch_run {
    struct parsed_statements parsed;
    struct arena arena; // parse trees and tags
    size_t at;          // statement to run next
    size_t group_start; // first statement of the implicit transaction
    size_t group_mark;
    uint32_t attempts;
    bool again; // the next statement has run before: its time goes on
};

static bool next_ends_group(const struct batch_run *b, const struct session *s)
{
    if (b->at + 1 >= b->parsed.n)
        return true;
    if (!setting_bool(s, SETTING_ENABLE_IMPLICIT_TRANSACTION_FOR_BATCH_STATEMENTS))
        return true;
    const struct ast *next = b->parsed.items[b->at + 1].ast;
    return (ast_is_txn_control(next) && next->kind != AST_BEGIN) || next->kind == AST_COPY ||
           is_cluster_statement(next) || is_cluster_statement(b->parsed.items[b->at].ast);
}

// Retries end with the statement's time, or when it is canceled.
static int pause_before_retry(struct session *s, struct batch_run *b, struct err *err)
{
    session_backoff(b->attempts);
    err_reset(err);
    b->again = true;
    return session_interrupted(s, err);
}

// Decides what becomes of an error: 0 and b->at set to run again, or the error after cleaning up.
static int failed(struct session *s, struct batch_run *b, int rc, size_t statement_mark, struct err *err)
{
    bool implicit = s->txn_state == TXN_IMPLICIT || s->txn_state == TXN_NONE;
    if (rc == ERR_SERIALIZATION_FAILURE && !s->ended_txn && ++b->attempts < RETRIES_MAX) {
        if (implicit && s->sink->ops->rewind(s->sink, b->group_mark)) {
            activity_retry(s, true);
            b->at = b->group_start;
            rc = pause_before_retry(s, b, err);
            if (rc == 0)
                return s->txn != NULL ? txn_restart(s, err) : 0;
        } else if (!implicit && txn_can_retry(s, rc) && s->sink->ops->rewind(s->sink, statement_mark)) {
            activity_retry(s, false);
            rc = pause_before_retry(s, b, err);
            if (rc == 0)
                rc = txn_retry(s, err);
            if (rc == 0)
                return 0;
        }
    }
    rc = session_final_error(s, rc, err);
    s->activity.run.code = rc;
    if (implicit)
        session_rollback(s);
    else
        txn_fail(s, rc);
    return rc;
}

static int run_control(struct session *s, struct batch_run *b, const struct parsed_statement *st, struct err *err)
{
    struct str tag;
    if (s->txn_state == TXN_IMPLICIT && st->ast->kind != AST_BEGIN)
        TRY(session_commit(s, err));
    int rc = txn_run(s, st->ast, &tag, &b->arena, err);
    if (rc != 0) {
        txn_fail(s, rc);
        return rc;
    }
    s->sink->ops->complete(s->sink, tag);
    b->at++;
    return 0;
}

static int run_one(struct session *s, struct batch_run *b, bool *copying, struct err *err)
{
    const struct parsed_statement *st = &b->parsed.items[b->at];
    if (b->again)
        s->statement_micros = clock_wall_ns() / 1000;
    else
        statement_clock_start(s);
    b->again = false;
    session_show_statement(s, st->ast, st->text);
    TRY(txn_check_state(s, st->ast, err));
    if (ast_is_txn_control(st->ast))
        return run_control(s, b, st, err);
    size_t mark = s->sink->ops->mark(s->sink);
    activity_begin(s, st->ast, st->text, NULL);
    if (s->txn_state == TXN_NONE) {
        b->group_start = b->at;
        b->group_mark = mark;
        TRY(session_begin(s, TXN_IMPLICIT, err));
    }
    struct str tag = STR_EMPTY;
    if (st->ast->kind == AST_FETCH)
        s->statement_savepoint = 0; // its cursor goes on where it is
    int rc = st->ast->kind != AST_FETCH ? txn_statement_begin(s, err) : 0;
    if (rc == 0 && st->ast->kind == AST_COPY) {
        rc = copy_start(s, st->ast, &b->arena, &tag, copying, err);
    } else if (rc == 0) {
        struct statement_input in = {.ast = st->ast, .text = st->text};
        rc = run_statement(s, &in, true, &b->arena, &tag, err);
    }
    if (rc == 0 && *copying)
        return 0;
    if (rc == 0)
        s->statements_in_txn++;
    if (rc == 0 && s->txn_state == TXN_IMPLICIT && next_ends_group(b, s))
        rc = session_commit(s, err);
    if (rc != 0)
        return failed(s, b, rc, mark, err);
    s->sink->ops->complete(s->sink, tag);
    b->at++;
    return 0;
}

// What SHOW LAST QUERY STATISTICS tells, but for that statement itself and the others that shells send in between.
static void note_times(struct session *s, const struct batch_run *b, int64_t start_ns, int64_t parsed_ns)
{
    const struct ast *only = b->parsed.n == 1 ? b->parsed.items[0].ast : NULL;
    if (only != NULL && only->kind == AST_SHOW &&
        (ast_as_show(only)->what == AST_SHOW_LAST_QUERY_STATISTICS ||
         ast_as_show(only)->what == AST_SHOW_TRANSACTION_STATUS))
        return;
    int64_t end_ns = clock_mono_ns();
    s->last_parse_ns = (uint64_t)(parsed_ns - start_ns);
    s->last_exec_ns = (uint64_t)(end_ns - parsed_ns);
    s->last_service_ns = (uint64_t)(end_ns - start_ns);
}

static int run_batch(struct session *s, struct str text, struct err *err)
{
    struct batch_run b = {0};
    int64_t start_ns = clock_mono_ns();
    arena_init(&b.arena, &s->budget);
    struct parse_options options = session_parse_options(s);
    int rc = parse_sql(&b.arena, text, &options, &b.parsed, err);
    int64_t parsed_ns = clock_mono_ns();
    if (rc != 0)
        txn_fail(s, rc);
    else if (b.parsed.n == 0)
        s->sink->ops->empty(s->sink);
    bool copying = false;
    s->batch_statements = b.parsed.n;
    while (rc == 0 && b.at < b.parsed.n && !copying)
        rc = run_one(s, &b, &copying, err);
    if (rc == 0 && copying && b.at + 1 < b.parsed.n) { // the rest runs when the data has come
        const char *rest = b.parsed.items[b.at + 1].text.ptr;
        copy_set_rest(s, (struct str){rest, (size_t)(text.ptr + text.len - rest)});
    }
    s->batch_statements = 0;
    session_show_query(s, STR_NONE);
    note_times(s, &b, start_ns, parsed_ns);
    arena_release(&b.arena);
    return rc;
}

int session_query(struct session *s, struct str text, struct result_sink *sink, struct err *err)
{
    session_call_begin(s, sink);
    metering_begin(s);
    int rc = run_batch(s, text, err);
    if (rc != 0 && s->txn_state == TXN_IMPLICIT)
        session_rollback(s);
    session_call_end(s);
    return rc;
}
