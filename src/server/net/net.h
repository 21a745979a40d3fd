// Connections: sockets with buffers and optional TLS, run by the worker pool, and the listeners that accept them. What
// is spoken on a connection is a `struct conn_handler` (pgwire, http).
//
// Memory: an idle connection holds its struct, its handler's state and, with TLS, OpenSSL's; buffers are the worker's
// while it runs and are kept by the connection only when a message is incomplete or output is unsent.
//
// Threads: a connection is used by the worker that runs it. Fields that others read are atomic. net->lock guards the
// list of connections; whoever holds it may use a listed connection's descriptor, since closing unlinks first.
// Lock order: pool->lock before net->lock.
#ifndef SERVER_NET_NET_H
#define SERVER_NET_NET_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "server/net/pool.h"
#include "server/net/tls.h"

#include <pthread.h>
#include <stdatomic.h>

struct conn;
struct bell;

// Why the server ends a connection on its own.
enum conn_end {
    CONN_END_NONE,
    CONN_END_DEADLINE, // conn_set_deadline
    CONN_END_SHUTDOWN,
    CONN_END_ASKED,  // net_end
    CONN_END_MEMORY, // incomplete messages of all connections outgrew their budget
};

enum conn_next {
    CONN_WAIT,      // consumed what is complete; wait for more
    CONN_START_TLS, // send what is pending, then handshake; nothing after the consumed bytes may have arrived
    CONN_CLOSE,     // send what is pending, then close
};

struct conn_handler {
    // Bytes have arrived: consumes from the front of `bytes` what is complete.
    enum conn_next (*input)(struct conn *c, struct str *bytes);
    // Appends last words before the server closes the connection.
    void (*end)(struct conn *c, enum conn_end why);
    // What a worker runs for the connection shall end: the peer closed its side, or the server ends it. Any thread,
    // with net->lock held.
    void (*gone)(struct conn *c);
    // The connection closes: ends what may block or be long, while it is still listed.
    void (*close)(struct conn *c);
    // It is no longer listed: frees the state.
    void (*free)(struct conn *c);
    // conn_ring was called, and the connection is at rest: appends what is to be sent.
    void (*rung)(struct conn *c);
};

struct net {
    struct pool *pool;
    int64_t write_timeout_ns;

    pthread_mutex_t lock;
    pthread_cond_t closed; // a connection or a bell was closed
    struct conn *conns;    // under lock
    size_t n_conns;        // under lock
    size_t n_bells;        // under lock
    struct listener *listeners;
    atomic_bool draining; // written before looking for idle connections, read by workers after marking one idle

    int64_t (*tick)(void *arg, int64_t now);
    void *tick_arg;
    _Atomic int64_t tick_at; // 0: not before a connection is active

    struct budget input; // charged with large input buffers
    // Statistics: relaxed.
    _Atomic uint64_t accepted, refused, bytes_received, bytes_sent;
};

struct conn {
    struct source source;
    struct net *net;
    struct conn *prev, *next; // under net->lock
    const struct conn_handler *handler;
    void *state; // the handler's
    int fd;
    SSL *ssl; // NULL: plain
    struct tls *tls;
    struct worker *worker; // while running
    struct buf in;         // the front of an incomplete message
    size_t in_charged;     // to net->input
    struct buf out;
    size_t out_start;    // first unsent byte of out
    uint64_t sent_bytes; // since the connection began
    bool handshaking;
    bool unix_socket;
    bool no_client_certificate; // the handshake does not ask for one
    bool may_be_plain;          // a client that does not begin with TLS is heard in the clear: `ssl` stays NULL
    bool closing;               // close when the output is sent
    bool dead;                  // the peer is gone or too slow: no more writes
    atomic_bool busy;           // run by a worker
    atomic_bool held;           // by that worker or by the bell: who holds it may use what is not atomic
    atomic_bool rung;           // and not heard yet
    _Atomic(struct bell *) bell;
    atomic_bool in_transaction; // not idle for draining; set by the handler
    atomic_bool writing;        // at rest, but waiting for the peer to take output
    atomic_bool lost;           // the watch saw the peer close
    _Atomic int end;            // enum conn_end requested
    int64_t idle_deadline;      // the handler's: when to end if no input comes
    _Atomic int64_t deadline;   // what the watch looks at: set while at rest, 0: none
    char peer[64];              // "127.0.0.1:50000"
};

struct net_options {
    size_t workers;
    int64_t write_timeout_ns;
    size_t input_bytes_max; // of incomplete messages, all connections together
    // A timer that runs while it likes to: returns when it wants to be called again (monotonic ns), or INT64_MAX: when
    // a connection is active again. May be NULL. Called by the watch thread.
    int64_t (*tick)(void *arg, int64_t now);
    void *tick_arg;
};
int net_open(struct net *net, const struct net_options *options, struct err *err) MUST_CHECK;
// Stops accepting, ends idle connections, waits for busy ones up to the timeout, then tells handlers (`gone`) and
// closes what is left. The caller frees afterwards with net_close.
void net_drain(struct net *net, int64_t timeout_ns);
// Ends the connections that match; handlers of busy ones are told first (`gone`). Returns at once. `match` is called
// under net->lock.
void net_end(struct net *net, bool (*match)(struct conn *c, const void *arg), const void *arg);
// All connections are gone.
void net_close(struct net *net);

// ---- listeners

struct listener_options {
    const char *host; // NULL or "": all addresses
    int port;
    const char *unix_path;  // instead of host and port
    size_t connections_max; // of the whole net, beyond which connections are refused at once
    // Sets up handler, state and deadline of a new connection. False: close it.
    bool (*open)(struct conn *c, void *arg);
    void *arg;
    struct str full_message; // sent before refusing
};
// Listens on every address of the host; `port` gets the port bound. Connections are accepted from net_accept on.
int net_listen(struct net *net, const struct listener_options *options, int *port, struct err *err) MUST_CHECK;
int net_accept(struct net *net, struct err *err) MUST_CHECK;

// ---- for handlers

// Bytes of output not sent yet.
static inline size_t conn_unsent(const struct conn *c)
{
    return c->out.len - c->out_start;
}
// Sends all pending output, waiting for the peer. 08006 when it is gone or takes nothing for the write timeout.
int conn_flush(struct conn *c, struct err *err) MUST_CHECK;
// A position in the output, for conn_truncate: takes back what was appended since, false when part of it is sent.
static inline uint64_t conn_position(const struct conn *c)
{
    return c->sent_bytes + conn_unsent(c);
}
bool conn_truncate(struct conn *c, uint64_t position);
// When to end the connection if no input arrives until then (monotonic ns), 0: never.
static inline void conn_set_deadline(struct conn *c, int64_t at)
{
    c->idle_deadline = at;
}

// Has the handler's `rung` called soon, when no worker runs the connection. Any thread that keeps the connection from
// closing meanwhile, one at a time for a connection.
void conn_ring(struct conn *c);

// Starts the timer of net_options.tick if it has stopped.
void net_start_tick(struct net *net);

// Used by listeners.
struct conn *conn_new(struct net *net, int fd, const char *peer);
// Lists it and waits for input; with `handshaking` set it begins with TLS.
void conn_begin(struct conn *c);
void conn_free(struct conn *c);

#endif
