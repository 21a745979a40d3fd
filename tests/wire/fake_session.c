// session.h without SQL: canned statements that make the wire protocol do everything it can. Statements are separated
// by ';':
//
//     echo TEXT          one row; $1 … stand for parameters
//     rows N             N rows (int8, text, bool)
//     big BYTES N        N rows of BYTES bytes
//     uuid               one row: uuid, int2, int4, bytes, NULL
//     error CODE TEXT    an error with all fields; fatal TEXT: one that ends the session
//     notice TEXT        a notice
//     set NAME VALUE     a ParameterStatus; show NAME: a startup parameter, or the virtual_cluster_name
//     begin, commit, rollback
//     sleep MS, spin MS  waits blocked or burning, until cancelled
//     idle MS            the session ends when idle so long
//     buffer BYTES       results_buffer_size
//     retry              a row, taken back if it has not left, then the row again
//     copy from stdin, copy to stdout N
//
// Users: root, alice (password "secret"), nologin, expired (password "secret"), nopassword.
#include "fake_session.h"
#include "base/map.h"
#include "base/util.h"
#include "crypto/scram.h"
#include "sql/session/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sql_engine {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct session *sessions; // under lock
    const char *name;         // of the virtual cluster
    struct scram_verifier secret;
};

struct prepared {
    char *text;
    uint32_t oids[16];
    size_t n_oids;
};

struct portal {
    char *text; // parameters put in
    int16_t formats[16];
    size_t n_formats;
    int64_t at; // rows sent
};

struct session {
    struct sql_engine *engine;
    struct session *next;
    int32_t pid, secret;
    atomic_bool cancelled;
    char status;
    bool failed; // since the last Sync
    bool in_copy;
    size_t copied;
    char *rest; // of the text behind COPY
    size_t buffer_bytes;
    int64_t idle_ns;
    struct map statements, portals, parameters;
    struct arena described;
    struct buf user;
};

atomic_size_t fake_sessions_alive;
static _Atomic int32_t next_pid;

// ---- engine

int sql_engine_open(const struct sql_engine_options *options, struct sql_engine **out, struct err *err)
{
    struct sql_engine *e = mem_zalloc(sizeof(*e));
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    e->name = options->virtual_cluster_name;
    scram_verifier_build(&e->secret, STR("secret"), SCRAM_ITERATIONS_DEFAULT);
    *out = e;
    return 0;
}

void sql_engine_close(struct sql_engine *e)
{
    INVARIANT(e->sessions == NULL);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->changed);
    mem_free(e);
}

struct str sql_engine_cluster_id(const struct sql_engine *e)
{
    return STR("00000000-0000-4000-8000-000000000000");
}

bool sql_engine_is_new(const struct sql_engine *e)
{
    return true;
}

struct str sql_version_string(void)
{
    return STR("CockroachDB CCL v25.4.2 (x86_64-pc-linux-gnu, built 2025/12/01 00:00:00, go1.25)");
}

size_t sql_engine_session_count(struct sql_engine *e)
{
    return atomic_load(&fake_sessions_alive);
}

int sql_engine_settings(struct sql_engine *e, struct arena *a, const char *const *names, size_t n, struct str *values,
                        struct err *err)
{
    for (size_t i = 0; i < n; i++)
        values[i] = STR_EMPTY;
    return 0;
}

bool session_is_ended(const struct session *s)
{
    return false;
}

int sql_lookup_user(struct sql_engine *e, struct arena *a, struct str name, struct sql_user *out, struct err *err)
{
    static const char *const names[] = {"root", "alice", "nologin", "expired", "nopassword"};
    *out = (struct sql_user){.verifier = STR_EMPTY};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eqc(name, names[i]))
            out->exists = true;
    if (!out->exists)
        return 0;
    out->is_admin = str_eqc(name, "root");
    out->can_login = !str_eqc(name, "nologin");
    out->expired = str_eqc(name, "expired");
    if (!str_eqc(name, "nopassword")) {
        struct buf text = BUF_INIT;
        scram_verifier_print(&e->secret, &text);
        out->verifier = arena_str(a, buf_view(&text));
        buf_release(&text);
    }
    return 0;
}

int sql_ensure_user(struct sql_engine *e, struct str name, struct str verifier, bool admin, struct err *err)
{
    return 0;
}

bool sql_engine_cancel(struct sql_engine *e, int32_t pid, int32_t secret)
{
    bool found = false;
    pthread_mutex_lock(&e->lock);
    for (struct session *s = e->sessions; s != NULL; s = s->next)
        if (s->pid == pid && s->secret == secret) {
            atomic_store(&s->cancelled, true);
            found = true;
        }
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return found;
}

// ---- sessions

int session_new(struct sql_engine *e, const struct session_options *options, struct session **out, struct err *err)
{
    for (size_t i = 0; i < options->n_parameters; i++)
        if (str_has_prefix(options->parameters[i].name, STR("unknown")))
            return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%.*s\"",
                           STR_FMT(options->parameters[i].name));
    struct session *s = mem_zalloc(sizeof(*s));
    s->engine = e;
    s->status = 'I';
    s->buffer_bytes = 16 * 1024;
    arena_init(&s->described, NULL);
    buf_str(&s->user, options->user);
    for (size_t i = 0; i < options->n_parameters; i++)
        free(map_put(&s->parameters, options->parameters[i].name, str_dup_c(options->parameters[i].value)));
    free(map_put(&s->parameters, STR("database"), str_dup_c(options->database)));
    free(map_put(&s->parameters, STR("virtual_cluster_name"), str_dup_c(str_of(e->name))));
    free(map_put(&s->parameters, STR("auth_method"), str_dup_c(options->auth_method)));
    pthread_mutex_lock(&e->lock);
    s->pid = ++next_pid;
    secure_random(&s->secret, sizeof(s->secret));
    s->next = e->sessions;
    e->sessions = s;
    pthread_mutex_unlock(&e->lock);
    atomic_fetch_add(&fake_sessions_alive, 1);
    *out = s;
    return 0;
}

static void portal_free(struct portal *p)
{
    if (p != NULL)
        free(p->text);
    free(p);
}

static void prepared_free(struct prepared *p)
{
    if (p != NULL)
        free(p->text);
    free(p);
}

static void drop_portals(struct session *s)
{
    struct map_entry *entry;
    for (size_t it = 0; (entry = map_next(&s->portals, &it)) != NULL;)
        portal_free(entry->value);
    map_clear(&s->portals);
}

void session_free(struct session *s)
{
    struct map_entry *entry;
    pthread_mutex_lock(&s->engine->lock);
    for (struct session **at = &s->engine->sessions; *at != NULL; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    pthread_mutex_unlock(&s->engine->lock);
    drop_portals(s);
    for (size_t it = 0; (entry = map_next(&s->statements, &it)) != NULL;)
        prepared_free(entry->value);
    for (size_t it = 0; (entry = map_next(&s->parameters, &it)) != NULL;)
        free(entry->value);
    map_release(&s->statements);
    map_release(&s->portals);
    map_release(&s->parameters);
    arena_release(&s->described);
    buf_release(&s->user);
    free(s->rest);
    mem_free(s);
    atomic_fetch_sub(&fake_sessions_alive, 1);
}

void session_backend_key(const struct session *s, int32_t *pid, int32_t *secret)
{
    *pid = s->pid;
    *secret = s->secret;
}

void session_take_notifications(struct session *s,
                                void (*visit)(void *arg, int32_t pid, struct str channel, struct str payload),
                                void *arg)
{
}

void session_visit_parameters(struct session *s, void (*visit)(void *arg, const char *name, struct str value),
                              void *arg)
{
    static const char *const values[][2] = {
        {"server_version", "13.0.0"},          {"server_encoding", "UTF8"}, {"client_encoding", "UTF8"},
        {"standard_conforming_strings", "on"}, {"integer_datetimes", "on"}, {"DateStyle", "ISO, MDY"},
        {"IntervalStyle", "postgres"},         {"TimeZone", "UTC"},         {"application_name", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        visit(arg, values[i][0], str_of(values[i][1]));
    visit(arg, "crdb_version", sql_version_string());
    visit(arg, "session_authorization", buf_view(&s->user));
}

void session_visit_warnings(struct session *s, void (*visit)(void *arg, const struct err *warning), void *arg)
{
}

char session_transaction_status(const struct session *s)
{
    return s->status;
}

const struct value_context *session_value_context(const struct session *s)
{
    static const struct value_context context;
    return &context;
}

int64_t session_idle_deadline(const struct session *s, struct err *err)
{
    if (s->idle_ns == 0)
        return 0;
    err_set(err, ERR_IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout");
    err->severity = ERR_SEVERITY_FATAL;
    return clock_mono_ns() + s->idle_ns;
}

size_t session_results_buffer_bytes(const struct session *s)
{
    return s->buffer_bytes;
}

// ---- results

static const struct result_column rows_columns[] = {
    {.name = {"i", 1}, .type = {.family = TYPE_INT, .width = 64, .oid = TYPE_OID_INT8}, .table_oid = 52, .attnum = 1},
    {.name = {"t", 1}, .type = {.family = TYPE_STRING, .oid = TYPE_OID_STRING}},
    {.name = {"b", 1}, .type = {.family = TYPE_BOOL, .oid = TYPE_OID_BOOL}},
};
static const struct result_column text_column[] = {
    {.name = {"?column?", 8}, .type = {.family = TYPE_STRING, .oid = TYPE_OID_STRING}},
};
static const struct result_column uuid_columns[] = {
    {.name = {"u", 1}, .type = {.family = TYPE_UUID, .oid = TYPE_OID_UUID}},
    {.name = {"i2", 2}, .type = {.family = TYPE_INT, .width = 16, .oid = TYPE_OID_INT2}},
    {.name = {"i4", 2}, .type = {.family = TYPE_INT, .width = 32, .oid = TYPE_OID_INT4}},
    {.name = {"y", 1}, .type = {.family = TYPE_BYTES, .oid = TYPE_OID_BYTES}},
    {.name = {"n", 1}, .type = {.family = TYPE_STRING, .oid = TYPE_OID_STRING}},
};

struct statement {
    struct str verb, argument;
};

static struct statement split(struct str text)
{
    ptrdiff_t blank;
    text = str_trim(text);
    blank = str_find(text, STR(" "), 0);
    if (blank < 0)
        return (struct statement){text, STR_EMPTY};
    return (struct statement){str_slice(text, 0, (size_t)blank), str_slice(text, (size_t)blank + 1, text.len)};
}

static int64_t number(struct str s)
{
    int64_t v = 0;
    (void)!str_to_i64(str_trim(s), &v);
    return v;
}

static void columns_of(struct statement st, const struct result_column **columns, size_t *n)
{
    *columns = text_column;
    *n = 1;
    if (str_ieqc(st.verb, "rows")) {
        *columns = rows_columns;
        *n = ARRAY_LEN(rows_columns);
    } else if (str_ieqc(st.verb, "uuid")) {
        *columns = uuid_columns;
        *n = ARRAY_LEN(uuid_columns);
    } else if (!str_ieqc(st.verb, "echo") && !str_ieqc(st.verb, "big") && !str_ieqc(st.verb, "retry") &&
               !str_ieqc(st.verb, "show")) {
        *n = 0;
    }
}

static int send_texts(struct result_sink *sink, const struct str *texts, uint32_t n, struct err *err)
{
    struct arena a;
    arena_init(&a, NULL);
    struct vec v;
    vec_init(&v, &a, T_STRING, n);
    for (uint32_t i = 0; i < n; i++)
        vec_set(&v, i, datum_str(texts[i]));
    struct batch batch = {.n = n, .cols = &v, .ncols = 1};
    int rc = sink->ops->rows(sink, &batch, err);
    arena_release(&a);
    return rc;
}

static int send_numbers(struct result_sink *sink, int64_t from, int64_t to, struct err *err)
{
    int rc = 0;
    while (rc == 0 && from < to) {
        struct arena a;
        arena_init(&a, NULL);
        uint32_t n = (uint32_t)MIN(to - from, BATCH_ROWS_MAX);
        struct vec cols[3];
        vec_init(&cols[0], &a, T_INT8, n);
        vec_init(&cols[1], &a, T_STRING, n);
        vec_init(&cols[2], &a, T_BOOL, n);
        for (uint32_t i = 0; i < n; i++) {
            vec_set(&cols[0], i, datum_int(from + i));
            vec_set(&cols[1], i, datum_str(arena_printf(&a, "t%lld", (long long)(from + i))));
            vec_set(&cols[2], i, i % 2 == 1 ? DATUM_NULL : datum_bool(true));
        }
        struct batch batch = {.n = n, .cols = cols, .ncols = 3};
        rc = sink->ops->rows(sink, &batch, err);
        from += n;
        arena_release(&a);
    }
    return rc;
}

static int send_uuid(struct result_sink *sink, struct err *err)
{
    struct arena a;
    arena_init(&a, NULL);
    struct vec cols[5];
    vec_init(&cols[0], &a, T_UUID, 1);
    vec_init(&cols[1], &a, T_INT2, 1);
    vec_init(&cols[2], &a, T_INT4, 1);
    vec_init(&cols[3], &a, T_BYTES, 1);
    vec_init(&cols[4], &a, T_STRING, 1);
    vec_set(&cols[0], 0, datum_str(STR("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef")));
    vec_set(&cols[1], 0, datum_int(-2));
    vec_set(&cols[2], 0, datum_int(INT32_MIN));
    vec_set(&cols[3], 0, datum_str(STR("\x01\xff")));
    vec_set(&cols[4], 0, DATUM_NULL);
    struct batch batch = {.n = 1, .cols = cols, .ncols = 5};
    int rc = sink->ops->rows(sink, &batch, err);
    arena_release(&a);
    return rc;
}

// ---- statements

static int cancelled(struct session *s, struct err *err)
{
    if (!atomic_exchange(&s->cancelled, false))
        return 0;
    return err_set(err, ERR_QUERY_CANCELED, "query execution canceled");
}

static int run_sleep(struct session *s, int64_t ms, struct err *err)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    block_enter();
    pthread_mutex_lock(&s->engine->lock);
    while (!atomic_load(&s->cancelled))
        if (pthread_cond_timedwait(&s->engine->changed, &s->engine->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&s->engine->lock);
    block_leave();
    return cancelled(s, err);
}

static int run_spin(struct session *s, int64_t ms, struct err *err)
{
    int64_t until = clock_mono_ns() + ms * 1000000;
    while (clock_mono_ns() < until && !atomic_load(&s->cancelled))
        ;
    return cancelled(s, err);
}

static int run_error(struct str argument, bool fatal, struct err *err)
{
    struct statement st = split(argument);
    int code = fatal ? ERR_ADMIN_SHUTDOWN : err_code_of(st.verb);
    err_set(err, code, "%.*s", STR_FMT(fatal ? argument : st.argument));
    err_detail(err, "the detail");
    err_hint(err, "the hint");
    err_at(err, 7);
    err_set_names(err, STR("public"), STR("tab"), STR("col"), STR("con"));
    if (fatal)
        err->severity = ERR_SEVERITY_FATAL;
    return code;
}

static int run_big(struct session *s, struct str argument, struct result_sink *sink, struct err *err)
{
    struct statement st = split(argument);
    size_t bytes = (size_t)number(st.verb);
    int64_t n = number(st.argument);
    char *text = mem_alloc(bytes + 1);
    struct str row = {text, bytes};
    memset(text, 'x', bytes);
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < n; i++) {
        rc = send_texts(sink, &row, 1, err);
        if (rc == 0)
            rc = cancelled(s, err);
    }
    mem_free(text);
    return rc;
}

static int run_retry(struct result_sink *sink, struct err *err)
{
    size_t mark = sink->ops->mark(sink);
    struct str row = STR("first");
    TRY(send_texts(sink, &row, 1, err));
    bool taken_back = sink->ops->rewind(sink, mark);
    row = taken_back ? STR("again") : STR("kept");
    return send_texts(sink, &row, 1, err);
}

static int run_copy_out(struct result_sink *sink, int64_t n, struct err *err)
{
    char line[32];
    sink->ops->copy_begin(sink, false, COPY_FORMAT_TEXT, 2);
    for (int64_t i = 0; i < n; i++) {
        snprintf(line, sizeof(line), "%lld\tline\n", (long long)i);
        TRY(sink->ops->copy_data(sink, str_of(line), err));
    }
    sink->ops->copy_done(sink);
    return 0;
}

static void complete(struct result_sink *sink, const char *verb, int64_t n)
{
    char tag[64];
    snprintf(tag, sizeof(tag), n >= 0 ? "%s %lld" : "%s", verb, (long long)n);
    sink->ops->complete(sink, str_of(tag));
}

static int run_rows(struct session *s, struct statement st, struct result_sink *sink, int64_t *n, struct err *err)
{
    *n = 1;
    if (str_ieqc(st.verb, "echo"))
        return send_texts(sink, &st.argument, 1, err);
    if (str_ieqc(st.verb, "show")) {
        const char *value = map_get(&s->parameters, st.argument);
        struct str row = str_of(value != NULL ? value : "");
        return send_texts(sink, &row, 1, err);
    }
    if (str_ieqc(st.verb, "uuid"))
        return send_uuid(sink, err);
    if (str_ieqc(st.verb, "retry"))
        return run_retry(sink, err);
    if (str_ieqc(st.verb, "big")) {
        *n = number(split(st.argument).argument);
        return run_big(s, st.argument, sink, err);
    }
    *n = number(st.argument);
    return send_numbers(sink, 0, *n, err);
}

static int run_set(struct session *s, struct str argument, struct result_sink *sink, struct err *err)
{
    struct statement st = split(argument);
    char *name = str_dup_c(st.verb);
    sink->ops->parameter(sink, name, st.argument);
    free(name);
    complete(sink, "SET", -1);
    return 0;
}

static int run_transaction(struct session *s, struct str verb, struct result_sink *sink)
{
    if (str_ieqc(verb, "begin")) {
        s->status = 'T';
        complete(sink, "BEGIN", -1);
        return 0;
    }
    complete(sink, s->status == 'E' || str_ieqc(verb, "rollback") ? "ROLLBACK" : "COMMIT", -1);
    s->status = 'I';
    drop_portals(s);
    return 0;
}

static int run_other(struct session *s, struct statement st, struct result_sink *sink, struct err *err)
{
    if (str_ieqc(st.verb, "error") || str_ieqc(st.verb, "fatal"))
        return run_error(st.argument, str_ieqc(st.verb, "fatal"), err);
    if (str_ieqc(st.verb, "set"))
        return run_set(s, st.argument, sink, err);
    if (str_ieqc(st.verb, "begin") || str_ieqc(st.verb, "commit") || str_ieqc(st.verb, "rollback"))
        return run_transaction(s, st.verb, sink);
    if (str_ieqc(st.verb, "notice")) {
        struct err notice = ERR_INIT;
        err_set(&notice, ERR_SUCCESSFUL_COMPLETION, "%.*s", STR_FMT(st.argument));
        notice.severity = ERR_SEVERITY_NOTICE;
        sink->ops->notice(sink, &notice);
        err_reset(&notice);
    } else if (str_ieqc(st.verb, "sleep")) {
        TRY(run_sleep(s, number(st.argument), err));
    } else if (str_ieqc(st.verb, "spin")) {
        TRY(run_spin(s, number(st.argument), err));
    } else if (str_ieqc(st.verb, "idle")) {
        s->idle_ns = number(st.argument) * 1000000;
    } else if (str_ieqc(st.verb, "buffer")) {
        s->buffer_bytes = (size_t)number(st.argument);
    } else if (str_ieqc(st.verb, "copy") && str_find(st.argument, STR("from"), 0) >= 0) {
        sink->ops->copy_begin(sink, true, COPY_FORMAT_TEXT, 2);
        s->in_copy = true;
        s->copied = 0;
        return 0;
    } else if (str_ieqc(st.verb, "copy")) {
        int64_t n = number(split(split(st.argument).argument).argument);
        TRY(run_copy_out(sink, n, err));
        complete(sink, "COPY", n);
        return 0;
    } else {
        return err_set(err, ERR_SYNTAX_ERROR, "at or near \"%.*s\": syntax error", STR_FMT(st.verb));
    }
    complete(sink, "OK", -1);
    return 0;
}

static int run_statement(struct session *s, struct str text, bool describe, struct result_sink *sink, struct err *err)
{
    struct statement st = split(text);
    const struct result_column *columns;
    size_t n;
    int64_t rows = 0;
    if (s->status == 'E' && !str_ieqc(st.verb, "rollback") && !str_ieqc(st.verb, "commit"))
        return err_set(err, ERR_IN_FAILED_SQL_TRANSACTION,
                       "current transaction is aborted, commands ignored until end of transaction block");
    columns_of(st, &columns, &n);
    if (n == 0)
        return run_other(s, st, sink, err);
    if (describe)
        sink->ops->describe(sink, columns, n);
    TRY(run_rows(s, st, sink, &rows, err));
    complete(sink, "SELECT", rows);
    return 0;
}

static void fail(struct session *s)
{
    s->failed = true;
    if (s->status == 'T')
        s->status = 'E';
}

static int run_text(struct session *s, struct str text, struct result_sink *sink, struct err *err)
{
    bool any = false;
    while (text.len > 0) {
        ptrdiff_t end = str_find(text, STR(";"), 0);
        struct str one = str_trim(str_slice(text, 0, end < 0 ? text.len : (size_t)end));
        text = end < 0 ? STR_EMPTY : str_slice(text, (size_t)end + 1, text.len);
        if (one.len == 0 || str_has_prefix(one, STR("--")))
            continue;
        any = true;
        int rc = run_statement(s, one, true, sink, err);
        if (rc != 0) {
            fail(s);
            return rc;
        }
        if (s->in_copy) {
            s->rest = str_dup_c(text);
            return 0;
        }
    }
    if (!any)
        sink->ops->empty(sink);
    return 0;
}

int session_query(struct session *s, struct str text, struct result_sink *sink, struct err *err)
{
    s->failed = false;
    return run_text(s, text, sink, err);
}

// ---- COPY

bool session_in_copy(const struct session *s)
{
    return s->in_copy;
}

int session_copy_data(struct session *s, struct str bytes, struct result_sink *sink, struct err *err)
{
    s->copied += bytes.len;
    if (str_find(bytes, STR("bad"), 0) < 0)
        return 0;
    s->in_copy = false;
    fail(s);
    free(s->rest);
    s->rest = NULL;
    return err_set(err, ERR_BAD_COPY_FILE_FORMAT, "bad line");
}

int session_copy_done(struct session *s, struct result_sink *sink, struct err *err)
{
    char *rest = s->rest;
    s->in_copy = false;
    s->rest = NULL;
    complete(sink, "COPY", (int64_t)s->copied);
    struct str text = rest != NULL ? str_trim(str_of(rest)) : STR_EMPTY;
    int rc = text.len > 0 ? run_text(s, text, sink, err) : 0;
    free(rest);
    return rc;
}

int session_copy_fail(struct session *s, struct str reason, struct result_sink *sink, struct err *err)
{
    s->in_copy = false;
    free(s->rest);
    s->rest = NULL;
    fail(s);
    return err_set(err, ERR_QUERY_CANCELED, "COPY from stdin failed: %.*s", STR_FMT(reason));
}

// ---- extended protocol

int session_parse(struct session *s, struct str name, struct str text, const uint32_t *oids, size_t n_oids,
                  struct result_sink *sink, struct err *err)
{
    if (str_has_prefix(text, STR("syntax"))) {
        fail(s);
        return err_set(err, ERR_SYNTAX_ERROR, "at or near \"syntax\": syntax error");
    }
    struct prepared *p = mem_zalloc(sizeof(*p));
    p->text = str_dup_c(text);
    for (size_t i = 1; i <= ARRAY_LEN(p->oids); i++) {
        char mark[8];
        snprintf(mark, sizeof(mark), "$%zu", i);
        if (str_find(text, str_of(mark), 0) < 0)
            break;
        p->oids[i - 1] = i <= n_oids && oids[i - 1] != 0 ? oids[i - 1] : TYPE_OID_STRING;
        p->n_oids = i;
    }
    prepared_free(map_put(&s->statements, name, p));
    return 0;
}

static void describe(struct session *s, struct str text, struct statement_description *out)
{
    struct statement st = split(text);
    columns_of(st, &out->columns, &out->n_columns);
    out->returns_rows = out->n_columns > 0;
}

int session_describe_statement(struct session *s, struct str name, struct statement_description *out, struct err *err)
{
    struct prepared *p = map_get(&s->statements, name);
    if (p == NULL) {
        fail(s);
        return err_set(err, ERR_INVALID_SQL_STATEMENT_NAME, "unknown prepared statement \"%.*s\"", STR_FMT(name));
    }
    *out = (struct statement_description){.parameter_oids = p->oids, .n_parameters = p->n_oids};
    describe(s, str_of(p->text), out);
    return 0;
}

// The text with $1 … replaced; a binary integer is printed, anything else taken as text.
static char *substitute(const struct prepared *p, const struct bind_arguments *b)
{
    struct buf out = BUF_INIT;
    for (const char *c = p->text; *c != 0; c++) {
        size_t i = *c == '$' && c[1] >= '1' && c[1] <= '9' ? (size_t)(c[1] - '1') : SIZE_MAX;
        if (i >= b->n_values) {
            buf_putc(&out, *c);
            continue;
        }
        c++;
        bool binary = b->n_parameter_formats > 0 && b->parameter_formats[b->n_parameter_formats > 1 ? i : 0] == 1;
        if (b->values[i].null)
            buf_cstr(&out, "NULL");
        else if (binary && b->values[i].bytes.len == 4)
            buf_printf(&out, "%d", (int)load_be32(b->values[i].bytes.ptr));
        else
            buf_str(&out, b->values[i].bytes);
    }
    char *text = str_dup_c(buf_view(&out));
    buf_release(&out);
    return text;
}

int session_bind(struct session *s, const struct bind_arguments *b, struct err *err)
{
    struct prepared *p = map_get(&s->statements, b->statement);
    if (p == NULL || p->n_oids != b->n_values) {
        fail(s);
        if (p == NULL)
            return err_set(err, ERR_INVALID_SQL_STATEMENT_NAME, "unknown prepared statement \"%.*s\"",
                           STR_FMT(b->statement));
        return err_set(err, ERR_PROTOCOL_VIOLATION, "expected %zu arguments, got %zu", p->n_oids, b->n_values);
    }
    struct portal *portal = mem_zalloc(sizeof(*portal));
    struct statement_description d = {0};
    portal->text = substitute(p, b);
    describe(s, str_of(portal->text), &d);
    portal->n_formats = d.n_columns;
    for (size_t i = 0; i < d.n_columns && b->n_result_formats > 0; i++)
        portal->formats[i] = b->result_formats[b->n_result_formats > 1 ? i : 0];
    portal_free(map_put(&s->portals, b->portal, portal));
    return 0;
}

static struct portal *find_portal(struct session *s, struct str name, struct err *err)
{
    struct portal *p = map_get(&s->portals, name);
    if (p == NULL) {
        fail(s);
        err_set(err, ERR_INVALID_CURSOR_NAME, "unknown portal \"%.*s\"", STR_FMT(name));
    }
    return p;
}

int session_describe_portal(struct session *s, struct str name, struct statement_description *out, struct err *err)
{
    struct portal *p = find_portal(s, name, err);
    if (p == NULL)
        return ERR_INVALID_CURSOR_NAME;
    *out = (struct statement_description){.formats = p->formats};
    describe(s, str_of(p->text), out);
    return 0;
}

int session_execute(struct session *s, struct str name, int64_t max_rows, struct result_sink *sink, struct err *err)
{
    struct portal *p = find_portal(s, name, err);
    if (p == NULL)
        return ERR_INVALID_CURSOR_NAME;
    struct statement st = split(str_of(p->text));
    if (st.verb.len == 0) {
        sink->ops->empty(sink);
        return 0;
    }
    int rc;
    if (str_ieqc(st.verb, "rows")) {
        int64_t n = number(st.argument), to = max_rows > 0 ? MIN(n, p->at + max_rows) : n;
        rc = send_numbers(sink, p->at, to, err);
        if (rc == 0 && to < n)
            sink->ops->suspended(sink);
        else if (rc == 0)
            complete(sink, "SELECT", to - p->at);
        p->at = to;
    } else {
        rc = run_statement(s, str_of(p->text), false, sink, err);
    }
    if (rc != 0)
        fail(s);
    return rc;
}

void session_close_statement(struct session *s, struct str name)
{
    prepared_free(map_remove(&s->statements, name));
}

void session_close_portal(struct session *s, struct str name)
{
    portal_free(map_remove(&s->portals, name));
}

int session_sync(struct session *s, struct result_sink *sink, struct err *err)
{
    s->failed = false;
    if (s->status == 'I')
        drop_portals(s);
    return 0;
}

void session_protocol_error(struct session *s)
{
    fail(s);
}
