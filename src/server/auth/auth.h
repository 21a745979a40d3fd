// Who may log in and how. An insecure server trusts. Otherwise the first rule of the cluster's
// server.host_based_authentication.configuration that fits the connection decides (hba.h); by default a client
// certificate must name the user, and without one the user proves the password by SCRAM-SHA-256. Plaintext connections
// are refused before this begins (Unix sockets excepted).
//
// That a user does not exist, has no password or may not log in shows only after a proof: until then all logins look
// alike.
#ifndef SERVER_AUTH_AUTH_H
#define SERVER_AUTH_AUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "server/auth/hba.h"
#include "server/auth/scram_exchange.h"

struct sql_engine;

struct auth_options {
    struct sql_engine *engine;
    bool insecure;
    enum hba_connection connection;
    struct str peer;             // "127.0.0.1:50000"
    bool has_certificate;        // the client presented a verified one
    struct str certificate_name; // its common name
    struct str channel_binding;  // tls-server-end-point data; empty: not TLS
    struct str secret;           // for mock exchanges
};

enum auth_state {
    AUTH_STATE_DONE, // logged in
    AUTH_STATE_WAIT, // messages were appended; wait for the client's answer
};

// One login in progress.
struct auth {
    char *user;          // as in the catalog: lower case
    const char *method;  // of the rule: "trust", "cert-password" …; of the default rules what was used: "cert" …
    struct buf identity; // what the user proved to be: his name, or that of the certificate
    struct buf binding;
    struct scram_exchange exchange;
    bool exchanging, saw_first;
    bool cleartext; // waits for a password
    bool can_login, expired;
    bool log; // logins that succeed too
};

// Zero-initialize before. Appends complete messages (Authentication…) to `out`, without AuthenticationOk. Errors: 28P01
// and 28000 as CockroachDB words them.
int auth_begin(struct auth *auth, const struct auth_options *options, struct str user, struct buf *out,
               enum auth_state *state, struct err *err) MUST_CHECK;
// The body of a 'p' message.
int auth_answer(struct auth *auth, struct str body, struct buf *out, enum auth_state *state,
                struct err *err) MUST_CHECK;
void auth_release(struct auth *auth);

#endif
