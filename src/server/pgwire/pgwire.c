// A connection's life: frames are cut from the bytes and handed to startup.c or messages.c.
//
//   STARTUP --startup message--> LOGIN --proof--> REGULAR --Terminate, FATAL, end of file--> closed
//      | SSLRequest: TLS, then STARTUP again
//      | CancelRequest: closed
#include "base/util.h"
#include "server/clusters.h"
#include "server/pgwire/pgwire_int.h"

enum conn_next pgwire_send_error(struct pgconn *p, struct err *err)
{
    bool fatal = err->severity == ERR_SEVERITY_FATAL;
    atomic_fetch_add_explicit(&p->server->errors, 1, memory_order_relaxed);
    backend_error(&p->conn->out, err);
    err_reset(err);
    return fatal ? CONN_CLOSE : CONN_WAIT;
}

enum conn_next pgwire_send_fatal(struct pgconn *p, struct err *err)
{
    err->severity = ERR_SEVERITY_FATAL;
    return pgwire_send_error(p, err);
}

static enum conn_next invalid_length(struct pgconn *p)
{
    struct err err = ERR_INIT;
    if (p->framer.phase == FRAMER_STARTUP)
        return CONN_CLOSE; // not our protocol: silence, as PostgreSQL
    err_set(&err, ERR_PROTOCOL_VIOLATION, "invalid message length");
    return pgwire_send_fatal(p, &err);
}

static enum conn_next handle(struct pgconn *p, const struct frame *f)
{
    switch (p->framer.phase) {
    case FRAMER_STARTUP:
        return pgwire_startup_message(p, f->body);
    case FRAMER_LOGIN:
        return pgwire_login_message(p, f);
    case FRAMER_REGULAR:
        return pgwire_message(p, f);
    }
    __builtin_unreachable();
}

// What the connection does while nothing comes.
static void set_idle_state(struct pgconn *p)
{
    struct err err = ERR_INIT;
    if (p->session == NULL)
        return;
    atomic_store_explicit(&p->conn->in_transaction, p->in_copy || session_transaction_status(p->session) != 'I',
                          memory_order_relaxed);
    conn_set_deadline(p->conn, session_idle_deadline(p->session, &err));
    err_reset(&err);
}

static enum conn_next input_frames(struct pgconn *p, struct str *bytes)
{
    enum { UNSENT_BYTES_MAX = 64 * 1024 };
    for (;;) {
        struct frame f = {0};
        enum conn_next next = CONN_WAIT;
        switch (framer_next(&p->framer, bytes, &f)) {
        case FRAME_PARTIAL:
            return CONN_WAIT;
        case FRAME_INVALID:
            return invalid_length(p);
        case FRAME_TOO_BIG:
            next = pgwire_message_too_big(p, &f);
            break;
        case FRAME_COMPLETE:
            next = handle(p, &f);
            break;
        }
        if (next != CONN_WAIT)
            return next;
        arena_reset(p->message);
        struct err err = ERR_INIT;
        if (conn_unsent(p->conn) > UNSENT_BYTES_MAX && conn_flush(p->conn, &err) != 0) {
            err_reset(&err);
            return CONN_CLOSE;
        }
    }
}

static enum conn_next input(struct conn *c, struct str *bytes)
{
    struct pgconn *p = c->state;
    struct arena message;
    arena_init(&message, NULL);
    p->message = &message;
    enum conn_next next = input_frames(p, bytes);
    p->message = NULL;
    arena_release(&message);
    set_idle_state(p);
    return c->dead ? CONN_CLOSE : next;
}

static void end_login(struct pgconn *p, enum conn_end why, struct err *err)
{
    if (why == CONN_END_SHUTDOWN)
        err_set(err, ERR_ADMIN_SHUTDOWN, "server is not accepting clients, try another node");
    else if (why == CONN_END_ASKED)
        err_set(err, ERR_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    else
        err_set(err, ERR_QUERY_CANCELED, "canceling authentication due to timeout");
}

static void end(struct conn *c, enum conn_end why)
{
    struct pgconn *p = c->state;
    struct err err = ERR_INIT;
    if (p->framer.phase == FRAMER_STARTUP && c->ssl == NULL)
        return; // nobody has spoken the protocol yet
    if (p->session == NULL)
        end_login(p, why, &err);
    else if (session_is_ended(p->session))
        err_set(&err, ERR_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    else if (why == CONN_END_MEMORY)
        err_set(&err, ERR_OUT_OF_MEMORY, "memory budget exceeded: incomplete messages of all clients are too large");
    else if (why == CONN_END_ASKED)
        err_set(&err, ERR_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    else if (why == CONN_END_SHUTDOWN || session_idle_deadline(p->session, &err) == 0)
        err_set(&err, ERR_ADMIN_SHUTDOWN, "server is shutting down");
    pgwire_send_fatal(p, &err);
}

static void cancel(struct conn *c)
{
    struct pgconn *p = c->state;
    uint64_t key = atomic_load(&p->key);
    if (key != 0)
        clusters_cancel(p->server->clusters, (int32_t)(key >> 32), (int32_t)key);
}

static void free_state(struct conn *c)
{
    struct pgconn *p = c->state;
    // Under the lock: the watch or a drain may be about to cancel.
    pthread_mutex_lock(&c->net->lock);
    atomic_store(&p->key, 0);
    pthread_mutex_unlock(&c->net->lock);
    if (p->session != NULL)
        session_free(p->session);
    if (p->has_session_slot)
        atomic_fetch_sub(&p->server->sessions, 1);
    struct sql_engine *engine = atomic_exchange(&p->engine, NULL);
    if (engine != NULL)
        clusters_disconnect(p->server->clusters, engine);
    pgwire_login_free(p);
    mem_free(p->bound_formats);
    // The struct itself stays readable until the connection is unlisted: see conn_free.
}

static void release(struct conn *c)
{
    mem_free(c->state);
}

static void rung(struct conn *c)
{
    pgwire_send_notifications(c->state);
}

static const struct conn_handler handler = {
    .input = input,
    .end = end,
    .gone = cancel,
    .close = free_state,
    .free = release,
    .rung = rung,
};

bool pgwire_uses(struct conn *c, const void *engine)
{
    struct pgconn *p = c->state;
    return c->handler == &handler && atomic_load(&p->engine) == engine;
}

bool pgwire_has_key(struct conn *c, const void *key)
{
    struct pgconn *p = c->state;
    return c->handler == &handler && atomic_load(&p->key) == *(const uint64_t *)key;
}

bool pgwire_open(struct conn *c, void *arg)
{
    struct pgwire *server = arg;
    struct pgconn *p = mem_zalloc(sizeof(*p));
    p->sink.ops = &pgwire_sink_ops;
    p->conn = c;
    p->server = server;
    c->state = p;
    c->handler = &handler;
    c->tls = server->tls;
    conn_set_deadline(c, clock_mono_ns() + server->login_timeout_ns);
    return true;
}

void pgwire_full_message(struct buf *out)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
    err.severity = ERR_SEVERITY_FATAL;
    backend_error(out, &err);
    err_reset(&err);
}
