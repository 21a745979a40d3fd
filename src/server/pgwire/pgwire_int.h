// The state of one client connection, shared by the files of this folder.
#ifndef SERVER_PGWIRE_PGWIRE_INT_H
#define SERVER_PGWIRE_PGWIRE_INT_H

#include "server/auth/auth.h"
#include "server/pgwire/backend.h"
#include "server/pgwire/pgwire.h"
#include "server/pgwire/protocol.h"
#include "server/pgwire/rows.h"

// What is needed until the client is authenticated.
struct login {
    struct auth auth;
    struct buf startup; // body of the startup message
};

struct pgconn {
    struct result_sink sink; // first member
    struct conn *conn;
    struct pgwire *server;
    struct framer framer;
    struct login *login; // from the startup message until the session begins
    // Of the cluster asked for, got from server->clusters by the startup message; read by other threads.
    _Atomic(struct sql_engine *) engine;
    struct session *session;
    struct arena *message;  // lives for one message; the worker's stack owns it
    int16_t *bound_formats; // result formats of the unnamed portal
    size_t n_bound_formats;
    struct result_formats formats; // of the rows being sent
    bool cluster_named;            // the client said which cluster it wants
    bool has_session_slot;
    bool skip_until_sync; // after an error in the extended protocol
    bool in_copy;         // COPY FROM STDIN: data is expected
    bool copy_extended;   // begun by Execute: no ReadyForQuery at its end
    // BackendKeyData for cancelling from other threads: pid << 32 | secret; 0: no session yet.
    _Atomic uint64_t key;
};

extern const struct result_sink_ops pgwire_sink_ops;

// Startup and login messages (startup.c).
enum conn_next pgwire_startup_message(struct pgconn *p, struct str body);
enum conn_next pgwire_login_message(struct pgconn *p, const struct frame *f);
void pgwire_login_free(struct pgconn *p);

// Messages of a session (messages.c).
enum conn_next pgwire_message(struct pgconn *p, const struct frame *f);
enum conn_next pgwire_message_too_big(struct pgconn *p, const struct frame *f);

// Appends the notifications that wait, unless a transaction is open.
void pgwire_send_notifications(struct pgconn *p);

// Appends the error and resets it; the connection closes when it is FATAL.
enum conn_next pgwire_send_error(struct pgconn *p, struct err *err);
// The same after making it FATAL.
enum conn_next pgwire_send_fatal(struct pgconn *p, struct err *err);

#endif
