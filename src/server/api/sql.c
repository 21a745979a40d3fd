// SQL for handlers: a session of their own, rows as text, and rows as JSON.
#include "server/api/api_int.h"

static const char internal_application[] = "$ api";

// ---- sessions

static void cancel_session(void *arg)
{
    struct api_sql *sql = arg;
    sql_engine_cancel(sql->engine, (int32_t)(sql->key >> 32), (int32_t)sql->key);
}

// The path's first parameter: a number, or a name.
struct cluster_spec cluster_of(struct str text)
{
    int64_t id;
    if (str_to_i64(text, &id) && id > 0)
        return (struct cluster_spec){.id = (uint64_t)id};
    return cluster_named(text);
}

struct cluster_spec call_cluster(const struct api_call *call)
{
    return cluster_of(call_parameter(call, 0));
}

static struct str text_or(struct str text, struct str otherwise)
{
    return text.ptr != NULL ? text : otherwise;
}

static int check_user(struct api_call *call, struct sql_engine *engine, struct str user, struct err *err)
{
    struct sql_user found;
    TRY(sql_lookup_user(engine, call->arena, user, &found, err));
    if (!found.exists)
        return err_set(err, ERR_UNDEFINED_OBJECT, "role/user \"%.*s\" does not exist", STR_FMT(user));
    return 0;
}

int api_sql_open(struct api_call *call, const struct api_sql_options *o, struct api_sql *out, struct err *err)
{
    enum { TIMEOUT_MS = 30000 };
    struct str timeout =
        arena_printf(call->arena, "%lldms", (long long)(o->timeout_ms != 0 ? o->timeout_ms : TIMEOUT_MS));
    struct session_parameter parameters[] = {
        {STR("application_name"), text_or(o->application_name, STR(internal_application))},
        {STR("statement_timeout"), timeout},
    };
    struct session_options session = {
        .user = text_or(o->user, STR("root")),
        .database = text_or(o->database, STR("defaultdb")),
        .client_address = call->request->peer,
        .tls = call->request->tls,
        .auth_method = STR("console"),
        .parameters = parameters,
        .n_parameters = ARRAY_LEN(parameters),
    };
    int32_t pid, secret;
    *out = (struct api_sql){.call = call};
    TRY(clusters_acquire(call->api->options.clusters, call_cluster(call), &out->engine, err));
    int rc = check_user(call, out->engine, session.user, err);
    if (rc == 0)
        rc = session_new(out->engine, &session, &out->session, err);
    if (rc != 0) {
        clusters_release(call->api->options.clusters, out->engine);
        return rc;
    }
    session_backend_key(out->session, &pid, &secret);
    out->key = (uint64_t)(uint32_t)pid << 32 | (uint32_t)secret;
    http_on_cancel(call->request, cancel_session, out);
    return 0;
}

void api_sql_close(struct api_sql *sql)
{
    http_on_cancel(sql->call->request, NULL, NULL);
    session_free(sql->session);
    clusters_release(sql->call->api->options.clusters, sql->engine);
}

// ---- a sink that keeps rows as text

struct text_sink {
    struct result_sink sink; // first member
    struct arena *arena;
    const struct value_context *vc;
    size_t n_columns;
    ARENA_VEC(struct str) cells;
};

static void no_columns(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int keep_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct text_sink *t = (struct text_sink *)sink;
    struct buf text = BUF_INIT;
    for (uint32_t k = 0; k < batch->n; k++)
        for (uint32_t c = 0; c < batch->ncols; c++) {
            struct datum d = vec_get(&batch->cols[c], batch_row(batch, k));
            struct str cell = {0};
            if (!d.null) {
                buf_clear(&text);
                datum_print(&text, batch->cols[c].type, d, t->vc);
                cell = arena_str(t->arena, buf_view(&text));
            }
            ARENA_PUSH(t->arena, &t->cells, cell);
        }
    buf_release(&text);
    return 0;
}

static void no_tag(struct result_sink *sink, struct str tag)
{
}

static void nothing(struct result_sink *sink)
{
}

static void no_notice(struct result_sink *sink, const struct err *notice)
{
}

static void no_parameter(struct result_sink *sink, const char *name, struct str value)
{
}

static void no_copy(struct result_sink *sink, bool in, enum copy_format format, size_t n_columns)
{
}

static int no_copy_data(struct result_sink *sink, struct str bytes, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY is not supported over HTTP");
}

static size_t mark(struct result_sink *sink)
{
    return ((struct text_sink *)sink)->cells.len;
}

static bool rewind_to(struct result_sink *sink, size_t at)
{
    ((struct text_sink *)sink)->cells.len = at;
    return true;
}

static const struct result_sink_ops text_ops = {
    .describe = no_columns,
    .rows = keep_rows,
    .complete = no_tag,
    .empty = nothing,
    .suspended = nothing,
    .notice = no_notice,
    .parameter = no_parameter,
    .copy_begin = no_copy,
    .copy_data = no_copy_data,
    .copy_done = nothing,
    .mark = mark,
    .rewind = rewind_to,
};

// ---- queries

int api_sql_prepare(struct session *s, struct arena *a, struct str text, const struct str *arguments, size_t n,
                    struct result_sink *sink, struct statement_description *out, struct err *err)
{
    struct bind_value *values = arena_zalloc(a, (n + 1) * sizeof(*values));
    for (size_t i = 0; i < n; i++)
        values[i] = (struct bind_value){arguments[i].ptr == NULL, arguments[i]};
    struct bind_arguments bind = {.values = values, .n_values = n};
    TRY(session_parse(s, STR_EMPTY, text, NULL, 0, sink, err));
    TRY(session_bind(s, &bind, err));
    return session_describe_portal(s, STR_EMPTY, out, err);
}

// Runs one statement; `names` (may be NULL) gets its columns.
static int run_extended(struct api_sql *sql, struct text_sink *t, const char *text, const struct str *arguments,
                        size_t n, struct str **names, struct err *err)
{
    struct statement_description d;
    struct err second = ERR_INIT;
    *t = (struct text_sink){.sink.ops = &text_ops, .arena = sql->call->arena};
    t->vc = session_value_context(sql->session);
    int rc = api_sql_prepare(sql->session, t->arena, str_of(text), arguments, n, &t->sink, &d, err);
    if (rc == 0) {
        t->n_columns = d.n_columns;
        if (names != NULL)
            *names = arena_zalloc(t->arena, (d.n_columns + 1) * sizeof(**names));
        for (size_t i = 0; names != NULL && i < d.n_columns; i++)
            (*names)[i] = arena_str(t->arena, d.columns[i].name);
        rc = session_execute(sql->session, STR_EMPTY, 0, &t->sink, err);
    }
    int ended = session_sync(sql->session, &t->sink, rc == 0 ? err : &second);
    err_reset(&second);
    return rc != 0 ? rc : ended;
}

static struct api_rows rows_of(const struct text_sink *t)
{
    return (struct api_rows){t->n_columns > 0 ? t->cells.len / t->n_columns : 0, t->n_columns, t->cells.ptr};
}

int api_sql_query(struct api_sql *sql, const char *text, const struct str *arguments, size_t n, struct api_rows *rows,
                  struct err *err)
{
    struct text_sink t;
    TRY(run_extended(sql, &t, text, arguments, n, NULL, err));
    if (rows != NULL)
        *rows = rows_of(&t);
    return 0;
}

int api_sql_run(struct api_sql *sql, struct str text, struct err *err)
{
    struct text_sink t = {.sink.ops = &text_ops, .arena = sql->call->arena};
    t.vc = session_value_context(sql->session);
    return session_query(sql->session, text, &t.sink, err);
}

void quote_name(struct buf *out, struct str name)
{
    buf_quoted(out, name, '"');
}

void quote_text(struct buf *out, struct str text)
{
    buf_quoted(out, text, '\'');
}

// ---- rows as JSON

static void write_cell(struct jw *w, struct str name, struct str cell)
{
    char kind = name.len > 2 && name.ptr[name.len - 2] == ':' ? name.ptr[name.len - 1] : 0;
    jw_key_str(w, kind != 0 ? str_slice(name, 0, name.len - 2) : name);
    switch (kind) {
    case 'n':
        jw_sql_number(w, cell);
        break;
    case 'b':
        jw_sql_bool(w, cell);
        break;
    case 't':
        jw_sql_time(w, cell);
        break;
    case 'j':
        if (cell.ptr != NULL)
            jw_raw(w, cell);
        else
            jw_null(w);
        break;
    default:
        jw_str(w, cell);
    }
}

int api_sql_objects(struct api_sql *sql, const char *text, const struct str *arguments, size_t n, struct err *err)
{
    struct jw *w = &sql->call->json;
    struct text_sink t;
    struct str *names;
    TRY(run_extended(sql, &t, text, arguments, n, &names, err));
    struct api_rows rows = rows_of(&t);
    for (size_t i = 0; i < rows.n; i++) {
        jw_object(w);
        for (size_t c = 0; c < rows.n_columns; c++)
            write_cell(w, names[c], api_cell(&rows, i, c));
        jw_end(w);
    }
    return 0;
}

int api_sql_list(struct api_sql *sql, const char *key, const char *text, const struct str *arguments, size_t n,
                 struct err *err)
{
    jw_key(&sql->call->json, key);
    jw_array(&sql->call->json);
    int rc = api_sql_objects(sql, text, arguments, n, err);
    jw_end(&sql->call->json);
    return rc;
}

int api_sql_answer(struct api_call *call, const char *key, const char *text, const struct str *arguments, size_t n,
                   struct err *err)
{
    struct api_sql sql;
    TRY(api_sql_open(call, &(struct api_sql_options){0}, &sql, err));
    jw_object(&call->json);
    int rc = api_sql_list(&sql, key, text, arguments, n, err);
    jw_end(&call->json);
    api_sql_close(&sql);
    return rc;
}

int api_sql_members(struct api_sql *sql, const char *text, const struct str *arguments, size_t n, const char *missing,
                    struct err *err)
{
    struct text_sink t;
    struct str *names;
    TRY(run_extended(sql, &t, text, arguments, n, &names, err));
    struct api_rows rows = rows_of(&t);
    if (rows.n == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "%s", missing);
    for (size_t c = 0; c < rows.n_columns; c++)
        write_cell(&sql->call->json, names[c], api_cell(&rows, 0, c));
    return 0;
}
