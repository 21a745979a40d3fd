// Results of the session into the connection's output buffer. What is in the buffer can be taken back; it is sent when
// it outgrows the session's results_buffer_size.
#include "server/pgwire/pgwire_int.h"

static struct buf *out_of(struct result_sink *sink)
{
    return &((struct pgconn *)sink)->conn->out;
}

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
    backend_row_description(out_of(sink), columns, n, NULL);
}

// However large the session's setting is: the buffer is not charged to its budget.
enum { UNSENT_BYTES_MAX = 64 * 1024 * 1024 };

static int flush_when_full(struct pgconn *p, size_t limit, struct err *err)
{
    if (conn_unsent(p->conn) <= MIN(limit, (size_t)UNSENT_BYTES_MAX))
        return 0;
    return conn_flush(p->conn, err);
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct pgconn *p = (struct pgconn *)sink;
    size_t limit = session_results_buffer_bytes(p->session);
    struct row_encoder encoder;
    struct arena_mark mark = arena_mark(p->message);
    int rc = 0;
    row_encoder_init(&encoder, p->message, batch, p->formats, session_value_context(p->session));
    for (uint32_t k = 0; rc == 0 && k < batch->n; k++) {
        rc = row_encoder_append(&encoder, k, &p->conn->out, err);
        if (rc == 0)
            rc = flush_when_full(p, limit, err);
    }
    arena_rewind(p->message, mark);
    return rc;
}

static void on_complete(struct result_sink *sink, struct str tag)
{
    backend_command_complete(out_of(sink), tag);
}

static void on_empty(struct result_sink *sink)
{
    backend_simple(out_of(sink), BACKEND_EMPTY_QUERY);
}

static void on_suspended(struct result_sink *sink)
{
    backend_simple(out_of(sink), BACKEND_PORTAL_SUSPENDED);
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
    backend_notice(out_of(sink), notice);
}

static void on_parameter(struct result_sink *sink, const char *name, struct str value)
{
    backend_parameter_status(out_of(sink), name, value);
}

static void on_copy_begin(struct result_sink *sink, bool in, enum copy_format format, size_t n_columns)
{
    backend_copy_response(out_of(sink), in, format, n_columns);
}

static int on_copy_data(struct result_sink *sink, struct str bytes, struct err *err)
{
    struct pgconn *p = (struct pgconn *)sink;
    backend_copy_data(&p->conn->out, bytes);
    return flush_when_full(p, session_results_buffer_bytes(p->session), err);
}

static void on_copy_done(struct result_sink *sink)
{
    backend_simple(out_of(sink), BACKEND_COPY_DONE);
}

static size_t on_mark(struct result_sink *sink)
{
    return conn_position(((struct pgconn *)sink)->conn);
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    return conn_truncate(((struct pgconn *)sink)->conn, mark);
}

const struct result_sink_ops pgwire_sink_ops = {
    .describe = on_describe,
    .rows = on_rows,
    .complete = on_complete,
    .empty = on_empty,
    .suspended = on_suspended,
    .notice = on_notice,
    .parameter = on_parameter,
    .copy_begin = on_copy_begin,
    .copy_data = on_copy_data,
    .copy_done = on_copy_done,
    .mark = on_mark,
    .rewind = on_rewind,
};
