// Server-side TLS contexts: node certificate and key, client CA. Reloading replaces the context for connections to
// come; open ones keep theirs. Thread-safe.
#ifndef SERVER_NET_TLS_H
#define SERVER_NET_TLS_H

#include "base/base.h"
#include "base/str.h"

#include <openssl/ssl.h>

struct buf;
struct err;
struct tls;

// Reads ca.crt (or ca-client.crt when there), node.crt and node.key. F0000 naming the file and what is wrong with it.
int tls_open(const char *certs_dir, struct tls **out, struct err *err) MUST_CHECK;
void tls_close(struct tls *tls);
// On error the old certificates stay in use.
int tls_reload(struct tls *tls, struct err *err) MUST_CHECK;
// A new server-side connection over the descriptor. NULL when memory is short.
SSL *tls_accept(struct tls *tls, int fd, bool ask_client_certificate);
// Common name of the verified client certificate. False when the client presented none (or one without a usable name).
bool tls_client_name(SSL *ssl, struct buf *out);
// The first label of the host name the client asked for, when only a wildcard of the server's certificate matches it:
// "alpha" of "alpha.db.example.com" under a certificate for db.example.com and *.db.example.com. False otherwise.
bool tls_host_label(SSL *ssl, struct buf *out);
// Hash of the certificate that the server presented: RFC 5929 tls-server-end-point.
bool tls_server_end_point(SSL *ssl, struct buf *out);
// A secret that stays the same as long as the node key does: 32 bytes, for mock SCRAM salts.
void tls_secret(struct tls *tls, uint8_t out[32]);

#endif
