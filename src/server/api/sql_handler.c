// POST …/sql: statements of people, results as JSON.
//
// Results are written into buffers as they come and put together at the end, since the session may take them back to
// run a statement again.
#include "server/api/api_int.h"
#include "types/datetime.h"

#include <ctype.h>

enum {
    STATEMENTS_MAX = 1000,
    RESULT_BYTES_DEFAULT = 100000,
    RESULT_BYTES_MAX = 16 * 1024 * 1024,
    TIMEOUT_MS_DEFAULT = 5000,
    TIMEOUT_MS_MAX = 600000,
    ATTEMPTS_MAX = 10,
};

struct statement_result {
    size_t statement; // from 1
    struct str tag;
    int64_t start_micros, end_micros;
    bool has_columns;
    struct str columns;             // JSON array
    size_t rows_at, rows_len;       // in sink->rows, objects with commas between
    size_t cells_at, cells_len;     // in sink->cells
    size_t notices_at, notices_len; // in sink->notices
};
// All that a rewind restores.
struct sink_state {
    size_t n_results, rows, cells, notices;
    struct statement_result open;
};
struct json_sink {
    struct result_sink sink; // first member
    struct arena *arena;
    struct session *session;
    bool want_cells;
    size_t bytes_max, statement;
    ARENA_VEC(struct str) names; // of the open result
    ARENA_VEC(struct statement_result) results;
    ARENA_VEC(struct sink_state) marks;
    struct statement_result open;
    struct buf rows, cells, notices;
};

static void begin_result(struct json_sink *j)
{
    j->open = (struct statement_result){.statement = j->statement, .start_micros = clock_wall_ns() / 1000};
    j->open.rows_at = j->rows.len;
    j->open.cells_at = j->cells.len;
    j->open.notices_at = j->notices.len;
}

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
    struct json_sink *j = (struct json_sink *)sink;
    struct buf text = BUF_INIT, type = BUF_INIT;
    struct jw w = {.out = &text};
    j->names.len = 0;
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        buf_clear(&type);
        type_print(&type, columns[i].type);
        jw_object(&w);
        jw_key(&w, "name");
        jw_str(&w, columns[i].name);
        jw_key(&w, "type");
        jw_str(&w, buf_view(&type));
        jw_key(&w, "oid");
        jw_i64(&w, columns[i].type.oid);
        jw_end(&w);
        ARENA_PUSH(j->arena, &j->names, arena_str(j->arena, columns[i].name));
    }
    jw_end(&w);
    j->open.has_columns = true;
    j->open.columns = arena_str(j->arena, buf_view(&text));
    buf_release(&text);
    buf_release(&type);
}

static int write_row(struct json_sink *j, const struct batch *batch, uint32_t row, bool as_object, struct buf *out,
                     struct err *err)
{
    struct jw w = {.out = out};
    if (as_object)
        jw_object(&w);
    else
        jw_array(&w);
    for (uint32_t c = 0; c < batch->ncols; c++) {
        if (as_object)
            jw_key_str(&w, c < j->names.len ? j->names.ptr[c] : STR_EMPTY);
        TRY(jw_datum(&w, j->arena, batch->cols[c].type, vec_get(&batch->cols[c], row),
                     session_value_context(j->session), err));
    }
    jw_end(&w);
    return 0;
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct json_sink *j = (struct json_sink *)sink;
    for (uint32_t k = 0; k < batch->n; k++) {
        if (j->rows.len > j->open.rows_at)
            buf_putc(&j->rows, ',');
        TRY(write_row(j, batch, batch_row(batch, k), true, &j->rows, err));
        if (j->want_cells && j->cells.len > j->open.cells_at)
            buf_putc(&j->cells, ',');
        if (j->want_cells)
            TRY(write_row(j, batch, batch_row(batch, k), false, &j->cells, err));
        if (j->rows.len > j->bytes_max) {
            err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "the result exceeds max_result_size of %zu bytes", j->bytes_max);
            return err_hint(err, "Add a LIMIT, or ask for a larger max_result_size.");
        }
    }
    return 0;
}

static void on_complete(struct result_sink *sink, struct str tag)
{
    struct json_sink *j = (struct json_sink *)sink;
    j->open.tag = arena_str(j->arena, tag);
    j->open.end_micros = clock_wall_ns() / 1000;
    j->open.rows_len = j->rows.len - j->open.rows_at;
    j->open.cells_len = j->cells.len - j->open.cells_at;
    j->open.notices_len = j->notices.len - j->open.notices_at;
    ARENA_PUSH(j->arena, &j->results, j->open);
    begin_result(j);
}

static void on_empty(struct result_sink *sink)
{
    on_complete(sink, STR_EMPTY);
}

static void on_suspended(struct result_sink *sink)
{
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
    struct json_sink *j = (struct json_sink *)sink;
    struct jw w = {.out = &j->notices};
    if (j->notices.len > j->open.notices_at)
        buf_putc(&j->notices, ',');
    jw_err(&w, notice);
}

static void on_parameter(struct result_sink *sink, const char *name, struct str value)
{
}

static void on_copy_begin(struct result_sink *sink, bool in, enum copy_format format, size_t n_columns)
{
}

static int on_copy_data(struct result_sink *sink, struct str bytes, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY is not supported over HTTP");
}

static size_t on_mark(struct result_sink *sink)
{
    struct json_sink *j = (struct json_sink *)sink;
    struct sink_state state = {j->results.len, j->rows.len, j->cells.len, j->notices.len, j->open};
    ARENA_PUSH(j->arena, &j->marks, state);
    return j->marks.len - 1;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    struct json_sink *j = (struct json_sink *)sink;
    const struct sink_state *state = &j->marks.ptr[mark];
    j->results.len = state->n_results;
    j->rows.len = state->rows;
    j->cells.len = state->cells;
    j->notices.len = state->notices;
    j->open = state->open;
    return true;
}

static const struct result_sink_ops json_ops = {
    .describe = on_describe,
    .rows = on_rows,
    .complete = on_complete,
    .empty = on_empty,
    .suspended = on_suspended,
    .notice = on_notice,
    .parameter = on_parameter,
    .copy_begin = on_copy_begin,
    .copy_data = on_copy_data,
    .copy_done = on_suspended,
    .mark = on_mark,
    .rewind = on_rewind,
};

// ---- the request

struct statement_request {
    struct str sql;
    const struct str *arguments; // ptr NULL: none asked for
    size_t n_arguments;
};
struct sql_request {
    struct api_sql_options options;
    bool separate, cells;
    int64_t bytes_max;
    struct statement_request *statements;
    size_t n;
};

static int read_arguments(struct api_call *call, struct str array, struct statement_request *out, struct err *err)
{
    if (json_kind(array) != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "arguments must be an array");
    struct str *values = arena_zalloc(call->arena, (json_count(array) + 1) * sizeof(*values));
    for (uint32_t i = 0; i < json_count(array); i++)
        if (!json_as_text(call->arena, json_at(array, i), &values[i]))
            values[i] = (struct str){0};
    out->arguments = values;
    out->n_arguments = json_count(array);
    return 0;
}

static int read_statements(struct api_call *call, struct sql_request *r, struct err *err)
{
    struct str list, arguments;
    if (!json_get_key(call->body, STR("statements"), &list) || json_kind(list) != JSON_ARRAY || json_count(list) == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the body needs an array \"statements\" with at least one");
    r->n = json_count(list);
    if (r->n > STATEMENTS_MAX)
        return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "at most %d statements", STATEMENTS_MAX);
    r->statements = arena_zalloc(call->arena, r->n * sizeof(*r->statements));
    for (size_t i = 0; i < r->n; i++) {
        struct str one = json_at(list, (uint32_t)i);
        TRY(body_need_str(one, "sql", &r->statements[i].sql, err));
        if (json_get_key(one, STR("arguments"), &arguments) && json_kind(arguments) != JSON_NULL)
            TRY(read_arguments(call, arguments, &r->statements[i], err));
    }
    return 0;
}

static int read_request(struct api_call *call, struct sql_request *r, struct err *err)
{
    struct str timeout;
    *r = (struct sql_request){.bytes_max = RESULT_BYTES_DEFAULT, .options.timeout_ms = TIMEOUT_MS_DEFAULT};
    body_str(call->body, "database", &r->options.database);
    body_str(call->body, "user", &r->options.user);
    if (!body_str(call->body, "application_name", &r->options.application_name))
        r->options.application_name = STR("$ api-v2-sql");
    if (body_str(call->body, "timeout", &timeout) && !api_duration_parse(timeout, &r->options.timeout_ms))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "timeout is not a duration such as 5s or 2m");
    if (r->options.timeout_ms <= 0 || r->options.timeout_ms > TIMEOUT_MS_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "timeout must be more than 0 and at most 10m");
    body_i64(call->body, "max_result_size", &r->bytes_max);
    if (r->bytes_max <= 0 || r->bytes_max > RESULT_BYTES_MAX)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "max_result_size must be from 1 to %d", RESULT_BYTES_MAX);
    r->separate = body_bool(call->body, "separate_txns");
    r->cells = body_bool(call->body, "cells");
    return read_statements(call, r, err);
}

// ---- running

static int refuse_copy(struct session *s, struct json_sink *j, struct err *err)
{
    struct err ignored = ERR_INIT;
    if (!session_in_copy(s))
        return 0;
    if (session_copy_fail(s, STR("not over HTTP"), &j->sink, &ignored) != 0)
        err_reset(&ignored);
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY FROM STDIN is not supported over HTTP");
}

static int run_with_arguments(struct session *s, struct json_sink *j, const struct statement_request *st,
                              struct err *err)
{
    struct statement_description d;
    struct err second = ERR_INIT;
    int rc = api_sql_prepare(s, j->arena, st->sql, st->arguments, st->n_arguments, &j->sink, &d, err);
    if (rc == 0 && d.returns_rows)
        on_describe(&j->sink, d.columns, d.n_columns);
    if (rc == 0)
        rc = session_execute(s, STR_EMPTY, 0, &j->sink, err);
    int ended = session_sync(s, &j->sink, rc == 0 ? err : &second);
    err_reset(&second);
    return rc != 0 ? rc : ended;
}

static int run_statement(struct session *s, struct json_sink *j, const struct statement_request *st, struct err *err)
{
    begin_result(j);
    if (st->arguments != NULL)
        return run_with_arguments(s, j, st, err);
    TRY(session_query(s, st->sql, &j->sink, err));
    return refuse_copy(s, j, err);
}

static int run_all(struct session *s, struct json_sink *j, const struct sql_request *r, struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        j->statement = i + 1;
        TRY(run_statement(s, j, &r->statements[i], err));
    }
    return 0;
}

// BEGIN and COMMIT leave no results of their own.
static int run_quietly(struct session *s, struct json_sink *j, const char *text, struct err *err)
{
    size_t n = j->results.len;
    int rc = session_query(s, str_of(text), &j->sink, err);
    j->results.len = n;
    return rc;
}

static int run_transaction(struct session *s, struct json_sink *j, const struct sql_request *r, struct err *err)
{
    struct err second = ERR_INIT;
    begin_result(j);
    TRY(run_quietly(s, j, "BEGIN", err));
    int rc = run_all(s, j, r, err);
    if (rc == 0 && session_transaction_status(s) != 'I')
        rc = run_quietly(s, j, "COMMIT", err);
    if (rc != 0 && session_transaction_status(s) != 'I' && run_quietly(s, j, "ROLLBACK", &second) != 0)
        err_reset(&second);
    return rc;
}

static int run_request(struct session *s, struct json_sink *j, const struct sql_request *r, int *retries,
                       struct err *err)
{
    if (r->n == 1 || r->separate)
        return run_all(s, j, r, err);
    size_t start = on_mark(&j->sink);
    for (*retries = 0;; ++*retries) {
        int rc = run_transaction(s, j, r, err);
        if (rc != ERR_SERIALIZATION_FAILURE || *retries >= ATTEMPTS_MAX)
            return rc;
        err_reset(err);
        on_rewind(&j->sink, start);
    }
}

// ---- the answer

// "INSERT 0 5" is INSERT and 5; "CREATE TABLE" has no number.
static void write_tag(struct jw *w, struct str tag)
{
    size_t end = tag.len, digits;
    int64_t n = 0;
    while (end > 0 && isdigit((unsigned char)tag.ptr[end - 1]))
        end--;
    digits = tag.len - end;
    if (digits > 0)
        str_to_i64(str_slice(tag, end, tag.len), &n);
    while (digits > 0 && end > 0 && (tag.ptr[end - 1] == ' ' || isdigit((unsigned char)tag.ptr[end - 1])))
        end--;
    jw_key(w, "tag");
    jw_str(w, str_slice(tag, 0, end));
    jw_key(w, "rows_affected");
    jw_i64(w, n);
}

static void write_part(struct jw *w, const char *key, const struct buf *from, size_t at, size_t len)
{
    jw_key(w, key);
    jw_array(w);
    if (len > 0)
        jw_raw(w, str_slice(buf_view(from), at, at + len));
    jw_end(w);
}

static void write_result(struct jw *w, const struct json_sink *j, const struct statement_result *r)
{
    jw_object(w);
    jw_key(w, "statement");
    jw_i64(w, (int64_t)r->statement);
    write_tag(w, r->tag);
    jw_key(w, "start");
    jw_time(w, r->start_micros);
    jw_key(w, "end");
    jw_time(w, r->end_micros);
    if (r->has_columns) {
        jw_key(w, "columns");
        jw_raw(w, r->columns);
        write_part(w, "rows", &j->rows, r->rows_at, r->rows_len);
        if (j->want_cells)
            write_part(w, "cells", &j->cells, r->cells_at, r->cells_len);
    }
    if (r->notices_len > 0)
        write_part(w, "notices", &j->notices, r->notices_at, r->notices_len);
    jw_end(w);
}

static void write_answer(struct jw *w, const struct sql_request *r, const struct json_sink *j, int retries,
                         const struct err *failure)
{
    jw_object(w);
    jw_key(w, "num_statements");
    jw_i64(w, (int64_t)r->n);
    jw_key(w, "request");
    jw_object(w);
    jw_key(w, "database");
    jw_str(w, r->options.database.ptr != NULL ? r->options.database : STR("defaultdb"));
    jw_key(w, "user");
    jw_str(w, r->options.user.ptr != NULL ? r->options.user : STR("root"));
    jw_end(w);
    jw_key(w, "execution");
    jw_object(w);
    jw_key(w, "retries");
    jw_i64(w, retries);
    jw_key(w, "txn_results");
    jw_array(w);
    for (size_t i = 0; i < j->results.len; i++)
        write_result(w, j, &j->results.ptr[i]);
    jw_end(w);
    jw_end(w);
    if (failure->code != 0) {
        jw_key(w, "error");
        jw_err(w, failure);
    }
    jw_end(w);
}

int api_sql(struct api_call *call, struct err *err)
{
    struct sql_request r;
    struct api_sql sql;
    struct err failure = ERR_INIT;
    int retries = 0;
    TRY(read_request(call, &r, err));
    TRY(api_sql_open(call, &r.options, &sql, err));
    struct json_sink j = {.sink.ops = &json_ops, .arena = call->arena, .session = sql.session};
    j.bytes_max = (size_t)r.bytes_max;
    j.want_cells = r.cells;
    if (run_request(sql.session, &j, &r, &retries, &failure) != 0 && failure.code == 0)
        failure.code = ERR_INTERNAL_ERROR;
    api_sql_close(&sql);
    write_answer(&call->json, &r, &j, retries, &failure);
    err_reset(&failure);
    buf_release(&j.rows);
    buf_release(&j.cells);
    buf_release(&j.notices);
    return 0;
}
