// Certificate directories: creating a CA, node and client certificates, and listing what a directory holds. The file
// names and subjects are the ones CockroachDB uses:
//
//     ca.crt             certificates of the CAs that are trusted, newest first
//     ca.key             the CA's key, unless kept elsewhere
//     node.crt/.key      CN=node, the node's names and addresses as subject alternative names
//     client.X.crt/.key  CN=X for SQL user X
//
// Keys are written with mode 0600, certificates with 0644, a new directory gets 0700. Files appear by rename, never
// half written. Thread-safe as long as no two calls write the same directory.
// Errors: 58030 for files, F0000 for certificates and keys that are missing, unreadable or would be overwritten.
#ifndef SERVER_CERTS_H
#define SERVER_CERTS_H

#include "base/arena.h"
#include "base/err.h"

#define CERTS_LIFETIME_CA_S (87840 * (int64_t)3600)
#define CERTS_LIFETIME_S (43830 * (int64_t)3600)

enum certs_key_kind { CERTS_KEY_KIND_EC_P256, CERTS_KEY_KIND_RSA };

struct certs_options {
    const char *dir;
    const char *ca_key; // NULL: ca.key in dir
    int64_t lifetime_s; // 0: CERTS_LIFETIME_CA_S for a CA, CERTS_LIFETIME_S for the others
    enum certs_key_kind key_kind;
    int rsa_bits;      // for RSA
    bool overwrite;    // replace existing files
    bool ca_key_reuse; // create_ca: a CA key that exists already is used again
    bool pkcs8;        // create_client: also write the key as client.X.key.pk8 (PKCS #8, DER)
};

int certs_create_ca(const struct certs_options *options, struct err *err) MUST_CHECK;
// `hosts` are DNS names and IP addresses.
int certs_create_node(const struct certs_options *options, const char *const *hosts, size_t hosts_len,
                      struct err *err) MUST_CHECK;
int certs_create_client(const struct certs_options *options, const char *user, struct err *err) MUST_CHECK;

// Renews what is about to expire: the CA's, the node's and clients' certificates of the directory whose remaining time
// is less than a fifth of their whole, or 60 days where that is less. Subjects, names, keys and lifetimes stay, so what
// trusts them goes on. Without the CA's key nothing can be renewed, and what is due is only told in the log. `now_s` is
// in seconds since the Unix epoch. Sets the number renewed and when to come again.
int certs_renew(const struct certs_options *options, int64_t now_s, size_t *renewed, int64_t *next_s,
                struct err *err) MUST_CHECK;

// True when the directory has a CA certificate or a node certificate.
bool certs_present(const char *dir);

struct certs_entry {
    struct str usage; // "Certificate Authority", "Node", "Client"
    struct str cert_file, key_file;
    struct str expires; // YYYY/MM/DD
    struct str notes;   // "num certs: 1", "addresses: localhost,127.0.0.1", "user: root"
    struct str error;
    int64_t expires_s; // seconds since the Unix epoch
};

// Sorted: CA, node, clients by name. In `arena`.
int certs_list(const char *dir, struct arena *arena, struct certs_entry **out, size_t *out_len,
               struct err *err) MUST_CHECK;

#endif
