// The server's half of a SCRAM-SHA-256 login (RFC 5802, RFC 7677): two messages from the client, two to it. A pure
// state machine over bytes.
#ifndef SERVER_AUTH_SCRAM_EXCHANGE_H
#define SERVER_AUTH_SCRAM_EXCHANGE_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/scram.h"

enum { SCRAM_NONCE_BYTES = 18 }; // before base64

struct scram_exchange {
    struct scram_verifier verifier;
    bool mock;             // goes through the motions, then fails: the user does not exist or has no password
    bool binding_offered;  // SCRAM-SHA-256-PLUS was offered
    bool binding_used;     // and chosen by the client
    struct str binding;    // tls-server-end-point data, borrowed
    char nonce[32];        // the server's half; filled by scram_exchange_init
    struct buf gs2_header; // of the client's first message
    struct buf auth_message;
    struct buf full_nonce;
};

// `verifier` NULL: a mock exchange of that many iterations, whose salt is derived from `secret` and `user`, the same at
// every attempt.
void scram_exchange_init(struct scram_exchange *x, const struct scram_verifier *verifier, struct str secret,
                         struct str user, int mock_iterations);
void scram_exchange_release(struct scram_exchange *x);
// Takes client-first-message, appends server-first-message. 08P01 when malformed.
int scram_exchange_first(struct scram_exchange *x, struct str message, struct buf *out, struct err *err) MUST_CHECK;
// Takes client-final-message, appends server-final-message and sets `*proven` when the client knows the password.
// 08P01 when malformed.
int scram_exchange_final(struct scram_exchange *x, struct str message, struct buf *out, bool *proven,
                         struct err *err) MUST_CHECK;

#endif
