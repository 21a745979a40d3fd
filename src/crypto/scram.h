// SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) in the text form that PostgreSQL and CockroachDB store:
// SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>, the last three in base64. The exchange itself is in
// server/auth.
#ifndef CRYPTO_SCRAM_H
#define CRYPTO_SCRAM_H

#include "crypto/crypto.h"

enum {
    SCRAM_ITERATIONS_DEFAULT = 4096, // what RFC 7677 asks for at least: the client computes them at every login
    SCRAM_ITERATIONS_MIN = 1,        // accepted in verifiers made elsewhere
    SCRAM_ITERATIONS_MAX = 10000000,
    SCRAM_SALT_BYTES = 16,
    SCRAM_SALT_BYTES_MAX = 255,
};

struct scram_verifier {
    int iterations;
    size_t salt_len;
    uint8_t salt[SCRAM_SALT_BYTES_MAX];
    uint8_t stored_key[SHA256_BYTES];
    uint8_t server_key[SHA256_BYTES];
};

// With a new random salt. The password is prepared with SASLprep; one that cannot be is taken as its bytes.
void scram_verifier_build(struct scram_verifier *v, struct str password, int iterations);
// False when the text is not a verifier.
bool scram_verifier_parse(struct scram_verifier *v, struct str text) MUST_CHECK;
void scram_verifier_print(const struct scram_verifier *v, struct buf *out);
// For password logins without an exchange.
bool scram_verifier_check_password(const struct scram_verifier *v, struct str password) MUST_CHECK;

#endif
