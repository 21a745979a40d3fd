// One connection: reading, handshaking, sending, and the run of a worker over it.
#include "base/util.h"
#include "server/net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SPARE_BYTES_MAX = 256 * 1024, // larger output buffers are freed, not kept
    WAIT_CLOSE = 0,               // beside EPOLLIN and EPOLLOUT
};

static void conn_ready(struct source *source, struct worker *worker, uint32_t events);
static void bell_close(struct conn *c);

struct conn *conn_new(struct net *net, int fd, const char *peer)
{
    struct conn *c = mem_zalloc(sizeof(*c));
    c->source.ready = conn_ready;
    c->net = net;
    c->fd = fd;
    snprintf(c->peer, sizeof(c->peer), "%s", peer);
    return c;
}

// The last thing before the connection is armed: what the watch shall see.
static void rest(struct conn *c)
{
    bool writing = conn_unsent(c) > 0;
    int64_t deadline = writing ? clock_mono_ns() + c->net->write_timeout_ns : c->idle_deadline;
    atomic_store(&c->writing, writing);
    atomic_store(&c->deadline, deadline);
    if (deadline != 0)
        pool_alarm(c->net->pool, deadline);
}

void conn_begin(struct conn *c)
{
    struct net *net = c->net;
    pthread_mutex_lock(&net->lock);
    c->next = net->conns;
    if (c->next != NULL)
        c->next->prev = c;
    net->conns = c;
    net->n_conns++;
    pthread_mutex_unlock(&net->lock);
    rest(c);
    if (atomic_load(&net->draining))
        shutdown(c->fd, SHUT_RD); // net_drain may have looked at the list before
    pool_arm(net->pool, c->fd, &c->source, EPOLLIN);
}

static void unlink_conn(struct conn *c)
{
    struct net *net = c->net;
    pthread_mutex_lock(&net->lock);
    if (c->worker != NULL)
        atomic_store(&c->worker->current, NULL);
    if (c->prev != NULL || net->conns == c) {
        *(c->prev != NULL ? &c->prev->next : &net->conns) = c->next;
        if (c->next != NULL)
            c->next->prev = c->prev;
        net->n_conns--;
    }
    pthread_mutex_unlock(&net->lock);
}

// Reads away what the peer sent meanwhile: closing with unread bytes would reset the connection and could destroy last
// words under way.
static void linger(struct conn *c)
{
    char scrap[4096];
    shutdown(c->fd, SHUT_WR);
    for (int i = 0; i < 64 && recv(c->fd, scrap, sizeof(scrap), MSG_DONTWAIT) > 0; i++)
        ;
}

void conn_free(struct conn *c)
{
    struct net *net = c->net;
    if (c->handler != NULL)
        c->handler->close(c);
    bell_close(c);
    unlink_conn(c);
    if (c->handler != NULL)
        c->handler->free(c);
    if (c->ssl != NULL) {
        if (!c->dead && !c->handshaking)
            SSL_shutdown(c->ssl);
        ERR_clear_error();
        SSL_free(c->ssl);
    }
    linger(c);
    shutdown(c->fd, SHUT_RDWR); // the bell may have it open for another moment
    close(c->fd);
    budget_release(&net->input, c->in_charged);
    buf_release(&c->in);
    buf_release(&c->out);
    mem_free(c);
    pthread_mutex_lock(&net->lock);
    pthread_cond_broadcast(&net->closed);
    pthread_mutex_unlock(&net->lock);
}

// ---- bytes in and out

enum io { IO_DONE, IO_WANT_READ, IO_WANT_WRITE, IO_DEAD };

static enum io tls_result(struct conn *c, int rc)
{
    int why = SSL_get_error(c->ssl, rc);
    if (why == SSL_ERROR_WANT_READ)
        return IO_WANT_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return IO_WANT_WRITE;
    c->dead = why != SSL_ERROR_ZERO_RETURN;
    ERR_clear_error();
    return IO_DEAD;
}

// At least one byte, or why not. End of file is IO_DEAD.
static enum io read_some(struct conn *c, char *out, size_t max, size_t *n)
{
    if (c->ssl != NULL) {
        int rc = SSL_read_ex(c->ssl, out, max, n);
        return rc == 1 ? IO_DONE : tls_result(c, rc);
    }
    ssize_t got;
    do
        got = recv(c->fd, out, max, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        *n = (size_t)got;
        return IO_DONE;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return IO_WANT_READ;
    c->dead = got < 0;
    return IO_DEAD;
}

// True when the last read may have left bytes behind that epoll will not tell about, or is likely to have.
static bool more_to_read(struct conn *c, size_t asked, size_t got)
{
    return c->ssl != NULL ? SSL_has_pending(c->ssl) : asked == got;
}

static enum io write_some(struct conn *c)
{
    const char *at = c->out.ptr + c->out_start;
    size_t len = conn_unsent(c), n;
    if (c->ssl != NULL) {
        int rc = SSL_write_ex(c->ssl, at, len, &n);
        if (rc != 1)
            return tls_result(c, rc);
    } else {
        ssize_t sent;
        do
            sent = send(c->fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return IO_WANT_WRITE;
        if (sent < 0)
            return IO_DEAD;
        n = (size_t)sent;
    }
    c->out_start += n;
    c->sent_bytes += n;
    atomic_fetch_add_explicit(&c->net->bytes_sent, n, memory_order_relaxed);
    return IO_DONE;
}

// Sends what the peer takes without waiting.
static enum io send_pending(struct conn *c)
{
    enum io io = IO_DONE;
    if (c->dead)
        return IO_DEAD;
    while (conn_unsent(c) > 0 && io == IO_DONE)
        io = write_some(c);
    if (conn_unsent(c) == 0) {
        buf_clear(&c->out);
        c->out_start = 0;
    }
    if (io == IO_DEAD)
        c->dead = true;
    return io;
}

int conn_flush(struct conn *c, struct err *err)
{
    for (;;) {
        uint64_t before = c->sent_bytes;
        enum io io = send_pending(c);
        if (io == IO_DONE)
            return 0;
        if (io == IO_DEAD)
            return err_set(err, ERR_CONNECTION_FAILURE, "could not send data to client: connection lost");
        struct pollfd fd = {.fd = c->fd, .events = io == IO_WANT_READ ? POLLIN : POLLOUT};
        if (c->sent_bytes != before)
            continue;
        block_enter();
        int rc = poll(&fd, 1, (int)MIN(c->net->write_timeout_ns / 1000000, INT32_MAX));
        block_leave();
        if (rc == 0) {
            c->dead = true;
            return err_set(err, ERR_CONNECTION_FAILURE, "could not send data to client: it reads too slowly");
        }
    }
}

bool conn_truncate(struct conn *c, uint64_t position)
{
    if (position < c->sent_bytes)
        return false;
    c->out.len = c->out_start + (size_t)(position - c->sent_bytes);
    return true;
}

// ---- the bell
//
// How a connection at rest comes to speak: a source of its own for the same socket, armed by conn_ring and run when the
// socket takes output. It is armed or running at most once at a time, and freed by its last run when the connection has
// closed before. A connection that a worker runs rings again for itself at the end.

struct bell {
    struct source source;
    struct net *net;
    int fd;               // a duplicate: the epoll set knows sources by it
    atomic_bool armed;    // or running
    pthread_mutex_t lock; // taken before `held`, which is only tried
    struct conn *conn;    // under lock; NULL: closed
};

static void bell_arm(struct bell *b)
{
    if (!atomic_exchange(&b->armed, true))
        pool_arm(b->net->pool, b->fd, &b->source, EPOLLOUT);
}

static void count_bell(struct net *net, int more)
{
    pthread_mutex_lock(&net->lock);
    net->n_bells += (size_t)more;
    pthread_cond_broadcast(&net->closed);
    pthread_mutex_unlock(&net->lock);
}

static void bell_free(struct bell *b)
{
    struct net *net = b->net;
    if (b->fd >= 0)
        close(b->fd);
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
    count_bell(net, -1);
}

static void bell_close(struct conn *c)
{
    struct bell *b = atomic_load(&c->bell);
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    b->conn = NULL;
    bool is_last = !atomic_exchange(&b->armed, true);
    pthread_mutex_unlock(&b->lock);
    if (is_last)
        bell_free(b);
}

// The connection is held. True when the peer must take output first.
static bool speak(struct conn *c)
{
    if (c->closing || c->dead || c->handshaking || atomic_load(&c->end) != CONN_END_NONE)
        return false;
    if (conn_unsent(c) == 0 && atomic_exchange(&c->rung, false))
        c->handler->rung(c);
    enum io io = send_pending(c);
    if (conn_unsent(c) == 0) {
        buf_release(&c->out);
        c->out = BUF_INIT;
    }
    rest(c);
    return io == IO_WANT_WRITE;
}

static void bell_ready(struct source *source, struct worker *w, uint32_t events)
{
    struct bell *b = CONTAINER_OF(source, struct bell, source);
    bool again = false;
    pthread_mutex_lock(&b->lock);
    struct conn *c = b->conn;
    if (c == NULL) {
        pthread_mutex_unlock(&b->lock);
        bell_free(b);
        return;
    }
    if (!atomic_exchange(&c->held, true)) {
        again = speak(c);
        atomic_store(&c->held, false);
    }
    atomic_store(&b->armed, false);
    // Who runs the connection rings again when done; it may just have been.
    if (again || (atomic_load(&c->rung) && !atomic_load(&c->busy)))
        bell_arm(b);
    pthread_mutex_unlock(&b->lock);
}

static struct bell *bell_new(struct conn *c)
{
    struct bell *b = mem_zalloc(sizeof(*b));
    b->source.ready = bell_ready;
    b->net = c->net;
    b->conn = c;
    b->fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_init(&b->lock, NULL);
    count_bell(c->net, 1);
    if (b->fd >= 0 && pool_add(c->net->pool, b->fd, &b->source) == 0)
        return b;
    bell_free(b);
    return NULL;
}

void conn_ring(struct conn *c)
{
    struct bell *b = atomic_load(&c->bell);
    if (b == NULL) {
        b = bell_new(c);
        if (b == NULL)
            return; // no descriptor left: heard with the next command
        atomic_store(&c->bell, b);
    }
    atomic_store(&c->rung, true);
    bell_arm(b);
}

// ---- the run of a worker. Each step returns the events to wait for, or WAIT_CLOSE.

static uint32_t wait_for(enum io io)
{
    return io == IO_WANT_WRITE ? EPOLLOUT : io == IO_DEAD ? (uint32_t)WAIT_CLOSE : EPOLLIN;
}

// Whether the client speaks first, and something else than a TLS handshake record.
static bool speaks_plain(struct conn *c)
{
    enum { TLS_HANDSHAKE_RECORD = 22 };
    unsigned char first;
    return c->may_be_plain && recv(c->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first != TLS_HANDSHAKE_RECORD;
}

static uint32_t handshake(struct conn *c)
{
    if (c->ssl == NULL && speaks_plain(c)) {
        c->handshaking = false;
        return EPOLLIN;
    }
    if (c->ssl == NULL && (c->ssl = tls_accept(c->tls, c->fd, !c->no_client_certificate)) == NULL)
        return WAIT_CLOSE;
    int rc = SSL_do_handshake(c->ssl);
    if (rc == 1) {
        int on = 1; // the client may hold back its first message until its last one is acknowledged
        setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
        c->handshaking = false;
        return EPOLLIN;
    }
    enum io io = tls_result(c, rc);
    return wait_for(io);
}

// Hands bytes to the handler, the kept ones first, and keeps what it leaves.
static enum conn_next feed(struct conn *c, const char *fresh, size_t n)
{
    struct str bytes;
    bool kept = c->in.len > 0;
    if (fresh != NULL && kept)
        buf_append(&c->in, fresh, n);
    bytes = kept ? buf_view(&c->in) : (struct str){fresh, n};
    enum conn_next next = c->handler->input(c, &bytes);
    if (kept)
        buf_consume(&c->in, c->in.len - bytes.len);
    else
        buf_append(&c->in, bytes.ptr, bytes.len);
    if (c->in.len == 0)
        buf_release(&c->in);
    return next;
}

// Charges a large input buffer. False when all of them together are too large.
static bool charge_input(struct conn *c)
{
    enum { UNCHARGED_BYTES_MAX = 64 * 1024 };
    size_t bytes = c->in.cap > UNCHARGED_BYTES_MAX ? c->in.cap : 0;
    if (bytes > c->in_charged && !budget_try_charge(&c->net->input, bytes - c->in_charged))
        return false;
    if (bytes < c->in_charged)
        budget_release(&c->net->input, c->in_charged - bytes);
    c->in_charged = bytes;
    return true;
}

// Where to read: behind the kept bytes once they are many, so that a large message is not copied twice.
static enum io read_and_feed(struct conn *c, enum conn_next *next, bool *more)
{
    enum { READ_IN_PLACE_BYTES = 16 * 1024 };
    bool in_place = c->in.len >= READ_IN_PLACE_BYTES;
    size_t max = WORKER_READ_BYTES, n = 0;
    char *to = c->worker->read_buffer;
    if (in_place) {
        buf_reserve(&c->in, WORKER_READ_BYTES);
        max = c->in.cap - c->in.len;
        to = c->in.ptr + c->in.len;
    }
    enum io io = read_some(c, to, max, &n);
    if (io != IO_DONE)
        return io;
    atomic_fetch_add_explicit(&c->net->bytes_received, n, memory_order_relaxed);
    *more = more_to_read(c, max, n);
    if (in_place) {
        c->in.len += n;
        *next = feed(c, NULL, 0);
    } else {
        *next = feed(c, to, n);
    }
    return IO_DONE;
}

static bool begin_tls(struct conn *c)
{
    struct err err = ERR_INIT;
    // Bytes sent in the clear must not be taken for protected ones.
    if (c->in.len > 0 || c->ssl != NULL || c->tls == NULL || conn_flush(c, &err) != 0) {
        err_reset(&err);
        return false;
    }
    c->handshaking = true;
    return true;
}

// The server wants the connection to end, and it is between messages.
static bool must_end(struct conn *c)
{
    if (atomic_load(&c->end) == CONN_END_NONE && atomic_load(&c->net->draining) && !atomic_load(&c->in_transaction) &&
        conn_unsent(c) == 0)
        atomic_store(&c->end, CONN_END_SHUTDOWN);
    return atomic_load(&c->end) != CONN_END_NONE;
}

static uint32_t finish(struct conn *c)
{
    enum io io = send_pending(c);
    if (io == IO_WANT_WRITE || io == IO_WANT_READ)
        return wait_for(io);
    return io == IO_DEAD || c->closing ? (uint32_t)WAIT_CLOSE : EPOLLIN;
}

static uint32_t end_conn(struct conn *c)
{
    if (c->closing || c->handshaking)
        return WAIT_CLOSE; // the last words cannot be sent
    c->closing = true;
    c->handler->end(c, (enum conn_end)atomic_load(&c->end));
    return finish(c);
}

static uint32_t run(struct conn *c)
{
    if (must_end(c))
        return end_conn(c);
    if (conn_unsent(c) > 0 || c->closing) {
        uint32_t wait = finish(c);
        if (wait != EPOLLIN || conn_unsent(c) > 0)
            return wait;
    }
    bool more = true;
    while (more) {
        enum conn_next next = CONN_WAIT;
        if (c->handshaking) {
            uint32_t wait = handshake(c);
            if (c->handshaking)
                return wait;
        }
        enum io io = read_and_feed(c, &next, &more);
        if (io == IO_WANT_READ || io == IO_WANT_WRITE)
            break;
        if (io == IO_DEAD || next == CONN_CLOSE || (next == CONN_START_TLS && !begin_tls(c))) {
            c->closing = true;
            break;
        }
        if (!charge_input(c))
            atomic_store(&c->end, CONN_END_MEMORY);
        if (atomic_load(&c->end) != CONN_END_NONE)
            return end_conn(c);
        more = more || c->handshaking;
    }
    return finish(c);
}

// ---- lending of buffers

static void lend(struct conn *c, struct worker *w)
{
    while (atomic_exchange(&c->held, true))
        sched_yield(); // the bell speaks, without waiting for anything
    c->worker = w;
    atomic_store(&c->deadline, 0);
    if (c->out.ptr == NULL) {
        c->out = w->spare;
        w->spare = BUF_INIT;
    }
}

static void take_back(struct conn *c, struct worker *w)
{
    c->worker = NULL;
    if (c->out.len > 0)
        return;
    if (w->spare.ptr == NULL && c->out.cap <= SPARE_BYTES_MAX)
        w->spare = c->out;
    else
        buf_release(&c->out);
    c->out = BUF_INIT;
}

static void conn_ready(struct source *source, struct worker *w, uint32_t events)
{
    struct conn *c = CONTAINER_OF(source, struct conn, source);
    uint32_t wait;
    if (UNLIKELY(atomic_load_explicit(&c->net->tick_at, memory_order_relaxed) == 0))
        net_start_tick(c->net);
    atomic_store(&c->busy, true);
    atomic_store(&w->current, c);
    lend(c, w);
    wait = run(c);
    if (wait == WAIT_CLOSE) {
        conn_free(c);
        return;
    }
    take_back(c, w);
    rest(c);
    atomic_store(&w->current, NULL);
    atomic_store(&c->held, false);
    atomic_store(&c->busy, false);
    if (UNLIKELY(atomic_load(&c->rung)))
        bell_arm(atomic_load(&c->bell));
    // A drain that began meanwhile has either seen the connection at rest, or is seen here.
    if (must_end(c))
        shutdown(c->fd, SHUT_RD);
    pool_arm(c->net->pool, c->fd, &c->source, wait);
}
