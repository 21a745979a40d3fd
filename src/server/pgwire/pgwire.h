// The PostgreSQL wire protocol on connections of net/: logins, messages, results.
#ifndef SERVER_PGWIRE_PGWIRE_H
#define SERVER_PGWIRE_PGWIRE_H

#include "server/net/net.h"

struct clusters;

enum { PGWIRE_RESERVED_SESSIONS = 3 }; // for root, above sessions_max

// One per server, shared by its connections.
struct pgwire {
    struct clusters *clusters;
    bool insecure;
    struct tls *tls; // NULL when insecure
    size_t sessions_max;
    int64_t login_timeout_ns;
    uint8_t secret[32]; // for mock SCRAM exchanges

    _Atomic size_t sessions;
    // Statistics: relaxed.
    _Atomic uint64_t logins_failed, queries, errors;
};

// For listener_options.open; `arg` is the struct pgwire.
bool pgwire_open(struct conn *c, void *arg);
// Whether a connection is one of this engine's. Under net->lock.
bool pgwire_uses(struct conn *c, const void *engine);
// Whether its session has this backend key: points at pid << 32 | secret. Under net->lock.
bool pgwire_has_key(struct conn *c, const void *key);
// The message that refuses a connection when there are too many (listener_options.full_message).
void pgwire_full_message(struct buf *out);

#endif
