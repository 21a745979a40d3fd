// Hashes, comparison and random passwords over OpenSSL. The lowest folder that knows OpenSSL; certificates and TLS
// live in server/. All functions are pure and thread-safe. They abort when OpenSSL itself fails (out of memory).
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

enum { SHA256_BYTES = 32 };

// First of all, before there are threads. OpenSSL is then not taken down when the process ends, which would free what
// threads that end at that moment free themselves.
void crypto_init(void);
void sha256(struct str bytes, uint8_t out[SHA256_BYTES]);
void hmac_sha256(struct str key, struct str bytes, uint8_t out[SHA256_BYTES]);
// RFC 8018 PBKDF2 with HMAC-SHA-256 and one output block.
void pbkdf2_sha256(struct str password, struct str salt, int iterations, uint8_t out[SHA256_BYTES]);
// RFC 7914 scrypt with r=8, p=1 and SHA256_BYTES of output; takes n kilobytes of memory. `n` is a power of two.
void scrypt_sha256(struct str password, struct str salt, uint64_t n, uint8_t out[SHA256_BYTES]);
// Takes the same time wherever the bytes differ.
bool equal_constant_time(const void *a, const void *b, size_t len);
// Appends `length` random letters and digits: about 5.95 bits each.
void random_password(struct buf *out, size_t length);

#endif
