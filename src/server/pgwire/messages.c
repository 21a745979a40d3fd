// Messages of a session: simple and extended query, COPY FROM STDIN.
//
// Errors. Simple query: the error, then ReadyForQuery. Extended: the error, then everything up to Sync is skipped.
// COPY: as the protocol that began it; data still under way is dropped.
#include "base/util.h"
#include "server/pgwire/pgwire_int.h"

#include <stdio.h>

static void send_notification(void *arg, int32_t pid, struct str channel, struct str payload)
{
    struct pgconn *p = arg;
    backend_notification(&p->conn->out, pid, channel, payload);
}

void pgwire_send_notifications(struct pgconn *p)
{
    session_take_notifications(p->session, send_notification, p);
}

static void ready(struct pgconn *p)
{
    pgwire_send_notifications(p);
    backend_ready(&p->conn->out, session_transaction_status(p->session));
}

static enum conn_next fail_simple(struct pgconn *p, struct err *err)
{
    enum conn_next next = pgwire_send_error(p, err);
    if (next == CONN_WAIT)
        ready(p);
    return next;
}

static enum conn_next fail_extended(struct pgconn *p, struct err *err)
{
    p->skip_until_sync = true;
    return pgwire_send_error(p, err);
}

// A fault that the session has not seen.
static enum conn_next fail_protocol(struct pgconn *p, struct err *err)
{
    session_protocol_error(p->session);
    return fail_extended(p, err);
}

// ---- simple query

// After session_query or session_copy_done: the rest of the text may have begun a COPY.
static enum conn_next after_query(struct pgconn *p, int rc, struct err *err)
{
    p->in_copy = rc == 0 && session_in_copy(p->session);
    p->copy_extended = false;
    if (rc != 0)
        return fail_simple(p, err);
    if (!p->in_copy)
        ready(p);
    return CONN_WAIT;
}

static enum conn_next on_query(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct str text;
    atomic_fetch_add_explicit(&p->server->queries, 1, memory_order_relaxed);
    if (query_decode(body, &text, &err) != 0) {
        session_protocol_error(p->session);
        return fail_simple(p, &err);
    }
    p->formats = (struct result_formats){0};
    int rc = session_query(p->session, text, &p->sink, &err);
    return after_query(p, rc, &err);
}

// ---- extended query

static enum conn_next on_parse(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct parse_message m;
    if (parse_decode(p->message, body, &m, &err) != 0)
        return fail_protocol(p, &err);
    if (session_parse(p->session, m.name, m.text, m.parameter_oids, m.n_parameter_oids, &p->sink, &err) != 0)
        return fail_extended(p, &err);
    backend_simple(&p->conn->out, BACKEND_PARSE_COMPLETE);
    return CONN_WAIT;
}

// Execute needs the formats; those of the unnamed portal are kept here, others are asked for.
static void remember_formats(struct pgconn *p, const struct bind_arguments *m)
{
    if (m->portal.len > 0)
        return;
    if (m->n_result_formats > p->n_bound_formats)
        p->bound_formats = mem_realloc(p->bound_formats, size_mul(m->n_result_formats, sizeof(int16_t)));
    p->n_bound_formats = m->n_result_formats;
    if (m->n_result_formats > 0)
        memcpy(p->bound_formats, m->result_formats, m->n_result_formats * sizeof(int16_t));
}

static enum conn_next on_bind(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct bind_arguments m;
    if (bind_decode(p->message, body, &m, &err) != 0)
        return fail_protocol(p, &err);
    if (session_bind(p->session, &m, &err) != 0)
        return fail_extended(p, &err);
    remember_formats(p, &m);
    backend_simple(&p->conn->out, BACKEND_BIND_COMPLETE);
    return CONN_WAIT;
}

static enum conn_next on_describe(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct target_message m;
    struct statement_description d = {0};
    struct buf *out = &p->conn->out;
    if (target_decode(body, &m, &err) != 0)
        return fail_protocol(p, &err);
    int rc = m.kind == 'S' ? session_describe_statement(p->session, m.name, &d, &err)
                           : session_describe_portal(p->session, m.name, &d, &err);
    if (rc != 0)
        return fail_extended(p, &err);
    if (m.kind == 'S')
        backend_parameter_description(out, d.parameter_oids, d.n_parameters);
    if (d.returns_rows)
        backend_row_description(out, d.columns, d.n_columns, m.kind == 'P' ? d.formats : NULL);
    else
        backend_simple(out, BACKEND_NO_DATA);
    return CONN_WAIT;
}

static int find_formats(struct pgconn *p, struct str portal, struct err *err)
{
    if (portal.len == 0) {
        p->formats = (struct result_formats){p->bound_formats, p->n_bound_formats};
        return 0;
    }
    struct statement_description d = {0};
    TRY(session_describe_portal(p->session, portal, &d, err));
    p->formats = (struct result_formats){0};
    if (d.formats != NULL && d.n_columns > 0)
        p->formats =
            (struct result_formats){arena_dup(p->message, d.formats, d.n_columns * sizeof(int16_t)), d.n_columns};
    return 0;
}

static enum conn_next on_execute(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct execute_message m;
    atomic_fetch_add_explicit(&p->server->queries, 1, memory_order_relaxed);
    if (execute_decode(body, &m, &err) != 0)
        return fail_protocol(p, &err);
    if (find_formats(p, m.portal, &err) != 0 || session_execute(p->session, m.portal, m.max_rows, &p->sink, &err) != 0)
        return fail_extended(p, &err);
    p->in_copy = p->copy_extended = session_in_copy(p->session);
    return CONN_WAIT;
}

static enum conn_next on_close(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct target_message m;
    if (target_decode(body, &m, &err) != 0)
        return fail_protocol(p, &err);
    if (m.kind == 'S')
        session_close_statement(p->session, m.name);
    else
        session_close_portal(p->session, m.name);
    backend_simple(&p->conn->out, BACKEND_CLOSE_COMPLETE);
    return CONN_WAIT;
}

static enum conn_next on_sync(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    p->skip_until_sync = false;
    if (session_sync(p->session, &p->sink, &err) != 0)
        return fail_simple(p, &err);
    ready(p);
    return CONN_WAIT;
}

// Output is sent whenever no more input is there; a Flush amid a pipeline has it sent at once.
static enum conn_next on_flush(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    int rc = conn_flush(p->conn, &err);
    err_reset(&err);
    return rc == 0 ? CONN_WAIT : CONN_CLOSE;
}

static enum conn_next on_terminate(struct pgconn *p, struct str body)
{
    return CONN_CLOSE;
}

static enum conn_next ignore(struct pgconn *p, struct str body)
{
    return CONN_WAIT;
}

static enum conn_next on_function_call(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_FEATURE_NOT_SUPPORTED, "function call protocol messages are not supported");
    session_protocol_error(p->session);
    return fail_simple(p, &err);
}

// ---- COPY FROM STDIN

static enum conn_next fail_copy(struct pgconn *p, struct err *err)
{
    p->in_copy = false;
    return p->copy_extended ? fail_extended(p, err) : fail_simple(p, err);
}

static enum conn_next on_copy_data(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    if (session_copy_data(p->session, body, &p->sink, &err) != 0)
        return fail_copy(p, &err);
    return CONN_WAIT;
}

static enum conn_next on_copy_done(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    int rc = session_copy_done(p->session, &p->sink, &err);
    if (!p->copy_extended)
        return after_query(p, rc, &err);
    p->in_copy = false;
    return rc == 0 ? CONN_WAIT : fail_extended(p, &err);
}

static enum conn_next abort_copy(struct pgconn *p, struct str reason)
{
    struct err err = ERR_INIT;
    if (session_copy_fail(p->session, reason, &p->sink, &err) == 0)
        err_set(&err, ERR_QUERY_CANCELED, "COPY from stdin failed: %.*s", STR_FMT(reason));
    return fail_copy(p, &err);
}

static enum conn_next on_copy_fail(struct pgconn *p, struct str body)
{
    struct err err = ERR_INIT;
    struct str reason;
    if (copy_fail_decode(body, &reason, &err) != 0)
        reason = STR("invalid CopyFail message");
    err_reset(&err);
    return abort_copy(p, reason);
}

// The session's error says that the client cancelled; what it did wrong is more useful.
static enum conn_next break_copy(struct pgconn *p, struct err *why)
{
    struct err unused = ERR_INIT;
    (void)!session_copy_fail(p->session, STR("protocol violation"), &p->sink, &unused);
    err_reset(&unused);
    return fail_copy(p, why);
}

// ---- dispatch

struct message_type {
    char type;
    bool in_copy; // allowed while COPY FROM STDIN takes data
    enum conn_next (*idle)(struct pgconn *p, struct str body);
    enum conn_next (*copying)(struct pgconn *p, struct str body);
};

// Outside of COPY its messages are dropped: they were under way when it failed.
static const struct message_type message_types[] = {
    {'Q', false, on_query, NULL},         {'P', false, on_parse, NULL},      {'B', false, on_bind, NULL},
    {'D', false, on_describe, NULL},      {'E', false, on_execute, NULL},    {'C', false, on_close, NULL},
    {'S', true, on_sync, ignore},         {'H', true, on_flush, ignore},     {'X', true, on_terminate, on_terminate},
    {'F', false, on_function_call, NULL}, {'d', true, ignore, on_copy_data}, {'c', true, ignore, on_copy_done},
    {'f', true, ignore, on_copy_fail},
};

static const struct message_type *find_type(char type)
{
    for (size_t i = 0; i < ARRAY_LEN(message_types); i++)
        if (message_types[i].type == type)
            return &message_types[i];
    return NULL;
}

static void print_message_type(char type, char out[8])
{
    if (type > 0x20 && type < 0x7f)
        snprintf(out, 8, "%c", type);
    else
        snprintf(out, 8, "0x%02x", (unsigned char)type);
}

static enum conn_next unexpected(struct pgconn *p, char type)
{
    struct err err = ERR_INIT;
    char name[8];
    print_message_type(type, name);
    if (p->in_copy) {
        err_set(&err, ERR_PROTOCOL_VIOLATION, "unexpected message type %s during COPY from stdin", name);
        return break_copy(p, &err);
    }
    err_set(&err, ERR_PROTOCOL_VIOLATION, "unrecognized client message type %s", name);
    return fail_protocol(p, &err);
}

enum conn_next pgwire_message(struct pgconn *p, const struct frame *f)
{
    const struct message_type *t = find_type(f->type);
    if (p->skip_until_sync && f->type != 'S' && f->type != 'X')
        return CONN_WAIT;
    if (t == NULL || (p->in_copy && !t->in_copy))
        return unexpected(p, f->type);
    return p->in_copy ? t->copying(p, f->body) : t->idle(p, f->body);
}

// As CockroachDB prints sizes: 17 MiB, 1.5 GiB.
static void print_size(size_t bytes, char out[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < ARRAY_LEN(units)) {
        value /= 1024;
        unit++;
    }
    snprintf(out, 32, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

enum conn_next pgwire_message_too_big(struct pgconn *p, const struct frame *f)
{
    struct err err = ERR_INIT;
    char size[32], max[32];
    print_size(f->declared_bytes, size);
    print_size(p->framer.phase == FRAMER_REGULAR ? PROTOCOL_MESSAGE_BYTES_MAX : PROTOCOL_LOGIN_BYTES_MAX, max);
    err_set(&err, ERR_PROTOCOL_VIOLATION, "message size %s bigger than maximum allowed message size %s", size, max);
    if (p->framer.phase != FRAMER_REGULAR)
        return pgwire_send_fatal(p, &err);
    if (p->skip_until_sync) {
        err_reset(&err);
        return CONN_WAIT;
    }
    if (p->in_copy)
        return break_copy(p, &err);
    session_protocol_error(p->session);
    return f->type == 'Q' ? fail_simple(p, &err) : fail_extended(p, &err);
}
