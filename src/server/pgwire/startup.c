// From the first bytes to ReadyForQuery: encryption requests, cancel requests, startup, login, the new session.
#include "base/util.h"
#include "server/clusters.h"
#include "server/pgwire/pgwire_int.h"
#include "server/pgwire/route.h"

static enum conn_next request_tls(struct pgconn *p)
{
    if (p->server->tls == NULL || p->conn->unix_socket) {
        buf_putc(&p->conn->out, 'N');
        return CONN_WAIT;
    }
    if (p->conn->ssl != NULL)
        return CONN_CLOSE; // TLS inside TLS
    buf_putc(&p->conn->out, 'S');
    return CONN_START_TLS;
}

void pgwire_login_free(struct pgconn *p)
{
    if (p->login == NULL)
        return;
    auth_release(&p->login->auth);
    buf_release(&p->login->startup);
    mem_free(p->login);
    p->login = NULL;
}

// ---- the session

// "replication" asks for another protocol; saying no to it is allowed. The rest is for the session to judge.
static int filter_parameters(struct startup_message *m, struct err *err)
{
    static const char *const negative[] = {"", "0", "f", "false", "n", "no", "off"};
    size_t kept = 0;
    for (size_t i = 0; i < m->n_parameters; i++) {
        if (!str_ieqc(m->parameters[i].name, "replication")) {
            m->parameters[kept++] = m->parameters[i];
            continue;
        }
        bool off = false;
        for (size_t k = 0; k < ARRAY_LEN(negative); k++)
            off = off || str_ieqc(m->parameters[i].value, negative[k]);
        if (!off)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "replication connections are not supported");
    }
    m->n_parameters = kept;
    return 0;
}

// Root may always get in: a few more sessions are reserved for it.
static int take_session_slot(struct pgconn *p, struct err *err)
{
    size_t max = p->server->sessions_max;
    if (str_eqc(str_of(p->login->auth.user), "root"))
        max += PGWIRE_RESERVED_SESSIONS;
    if (atomic_fetch_add(&p->server->sessions, 1) < max) {
        p->has_session_slot = true;
        return 0;
    }
    atomic_fetch_sub(&p->server->sessions, 1);
    return err_set(err, ERR_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
}

static void send_parameter(void *arg, const char *name, struct str value)
{
    backend_parameter_status(arg, name, value);
}

static void send_warning(void *arg, const struct err *warning)
{
    backend_notice(arg, warning);
}

static void notified(void *conn)
{
    conn_ring(conn);
}

static int begin_session(struct pgconn *p, struct err *err)
{
    struct startup_message m;
    struct buf *out = &p->conn->out;
    TRY(take_session_slot(p, err));
    TRY(startup_decode(p->message, buf_view(&p->login->startup), &m, err));
    TRY(filter_parameters(&m, err));
    TRY(route_startup(&m, STR_EMPTY, &(struct str){0}, err));
    struct session_options options = {
        .user = str_of(p->login->auth.user),
        .database = m.database,
        .client_address = str_of(p->conn->peer),
        .tls = p->conn->ssl != NULL,
        .auth_method = str_of(p->login->auth.method),
        .system_identity = buf_view(&p->login->auth.identity),
        .parameters = m.parameters,
        .n_parameters = m.n_parameters,
        .notified = notified,
        .notified_arg = p->conn,
    };
    TRY(session_new(p->engine, &options, &p->session, err));
    int32_t pid, secret;
    session_backend_key(p->session, &pid, &secret);
    atomic_store(&p->key, (uint64_t)(uint32_t)pid << 32 | (uint32_t)secret);
    backend_authentication_ok(out);
    session_visit_parameters(p->session, send_parameter, out);
    session_visit_warnings(p->session, send_warning, out);
    backend_key_data(out, pid, secret);
    backend_ready(out, session_transaction_status(p->session));
    if (p->login->auth.log)
        log_info("login: user %s, method %s (client %s)", p->login->auth.user, p->login->auth.method, p->conn->peer);
    return 0;
}

static enum conn_next finish_login(struct pgconn *p)
{
    struct err err = ERR_INIT;
    if (begin_session(p, &err) != 0)
        return pgwire_send_fatal(p, &err);
    pgwire_login_free(p);
    p->framer.phase = FRAMER_REGULAR;
    return CONN_WAIT;
}

// ---- login

static enum conn_next login_failed(struct pgconn *p, struct err *err)
{
    atomic_fetch_add_explicit(&p->server->logins_failed, 1, memory_order_relaxed);
    if (atomic_load(&p->engine) == clusters_system(p->server->clusters) && !p->cluster_named)
        clusters_add_login_hint(p->server->clusters, err);
    log_info("login failed: %s (client %s)", err->message, p->conn->peer);
    return pgwire_send_fatal(p, err);
}

static int begin_auth(struct pgconn *p, struct str user, enum auth_state *state, struct err *err)
{
    struct buf name = BUF_INIT, binding = BUF_INIT;
    struct auth_options options = {
        .engine = p->engine,
        .insecure = p->server->insecure,
        .connection = p->conn->unix_socket   ? HBA_LOCAL
                      : p->conn->ssl != NULL ? HBA_TLS
                                             : HBA_PLAIN,
        .peer = str_of(p->conn->peer),
        .secret = {(const char *)p->server->secret, sizeof(p->server->secret)},
    };
    if (p->conn->ssl != NULL) {
        options.has_certificate = tls_client_name(p->conn->ssl, &name);
        tls_server_end_point(p->conn->ssl, &binding);
    }
    options.certificate_name = buf_view(&name);
    options.channel_binding = buf_view(&binding);
    int rc = auth_begin(&p->login->auth, &options, user, &p->conn->out, state, err);
    buf_release(&name);
    buf_release(&binding);
    return rc;
}

// Finds the cluster that the client asks for; its engine is this connection's until it closes.
static int route(struct pgconn *p, struct startup_message *m, struct err *err)
{
    struct buf host = BUF_INIT;
    struct str cluster;
    struct sql_engine *engine = NULL;
    if (p->conn->ssl != NULL)
        tls_host_label(p->conn->ssl, &host);
    int rc = route_startup(m, buf_view(&host), &cluster, err);
    if (rc == 0)
        rc = clusters_connect(p->server->clusters, cluster.len > 0 ? cluster : CLUSTER_SYSTEM_NAME, &engine, err);
    if (rc == 0)
        atomic_store(&p->engine, engine);
    p->cluster_named = cluster.len > 0;
    buf_release(&host);
    return rc;
}

static enum conn_next start_login(struct pgconn *p, struct startup_message *m, struct str body)
{
    struct err err = ERR_INIT;
    enum auth_state state;
    if (!p->server->insecure && p->conn->ssl == NULL && !p->conn->unix_socket) {
        err_set(&err, ERR_PROTOCOL_VIOLATION, "node is running secure mode, SSL connection required");
        return pgwire_send_fatal(p, &err);
    }
    if (m->version != PROTOCOL_VERSION_3_0 || m->n_unknown_protocol_options > 0)
        backend_negotiate_version(&p->conn->out, PROTOCOL_VERSION_3_0, m->unknown_protocol_options,
                                  m->n_unknown_protocol_options);
    if (route(p, m, &err) != 0)
        return login_failed(p, &err);
    p->framer.phase = FRAMER_LOGIN;
    p->login = mem_zalloc(sizeof(*p->login));
    buf_str(&p->login->startup, body);
    if (begin_auth(p, m->user, &state, &err) != 0)
        return login_failed(p, &err);
    return state == AUTH_STATE_DONE ? finish_login(p) : CONN_WAIT;
}

enum conn_next pgwire_startup_message(struct pgconn *p, struct str body)
{
    struct startup_message m;
    struct err err = ERR_INIT;
    if (startup_decode(p->message, body, &m, &err) != 0)
        return pgwire_send_fatal(p, &err);
    switch (m.kind) {
    case STARTUP_SSL:
        return request_tls(p);
    case STARTUP_GSSENC:
        buf_putc(&p->conn->out, 'N');
        return CONN_WAIT;
    case STARTUP_CANCEL:
        clusters_cancel(p->server->clusters, m.cancel_pid, m.cancel_secret);
        return CONN_CLOSE;
    case STARTUP_SESSION:
        return start_login(p, &m, body);
    }
    __builtin_unreachable();
}

enum conn_next pgwire_login_message(struct pgconn *p, const struct frame *f)
{
    struct err err = ERR_INIT;
    enum auth_state state = AUTH_STATE_WAIT;
    if (f->type == 'X')
        return CONN_CLOSE;
    if (f->type != 'p') {
        err_set(&err, ERR_PROTOCOL_VIOLATION, "expected password response, got message type %d", f->type);
        return pgwire_send_fatal(p, &err);
    }
    if (auth_answer(&p->login->auth, f->body, &p->conn->out, &state, &err) != 0)
        return login_failed(p, &err);
    return state == AUTH_STATE_DONE ? finish_login(p) : CONN_WAIT;
}
