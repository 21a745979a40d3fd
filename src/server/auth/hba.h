// Authentication rules (server.host_based_authentication.configuration) and identity maps
// (server.identity_map.configuration): their text, in the form of PostgreSQL's pg_hba.conf and pg_ident.conf as
// CockroachDB reads them, and what they decide. Pure: no sockets, no users.
#ifndef SERVER_AUTH_HBA_H
#define SERVER_AUTH_HBA_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum hba_method {
    HBA_TRUST,
    HBA_REJECT,
    HBA_PASSWORD,      // in clear text, through TLS or a Unix socket
    HBA_SCRAM,         // scram-sha-256
    HBA_CERT,          // a client certificate
    HBA_CERT_PASSWORD, // a client certificate if there is one, else SCRAM-SHA-256: cert-password, cert-scram-sha-256
};
enum hba_connection { // bits
    HBA_LOCAL = 1,
    HBA_TLS = 2,
    HBA_PLAIN = 4,
};
struct hba_address {
    bool is_v6;
    uint8_t bytes[16]; // 4 of them for IPv4
};
struct hba_rule {
    unsigned connections; // bits of hba_connection
    const struct str *users;
    size_t n_users; // 0: all
    bool any_address;
    struct hba_address address;
    unsigned prefix_bits;
    enum hba_method method;
    struct str map; // identity map; empty: none
};
struct hba {
    const struct hba_rule *rules;
    size_t n;
};

// Empty text: the default rules. Errors: 22023 with the line, 0A000 for what CockroachDB or Palmetto does not have.
int hba_parse(struct arena *a, struct str text, struct hba *out, struct err *err) MUST_CHECK;
// The first rule that fits; NULL: none. Before all rules comes one that lets root in by certificate or password.
const struct hba_rule *hba_find(const struct hba *hba, enum hba_connection connection, struct str user,
                                const struct hba_address *address);
// "127.0.0.1:50000", "[::1]:50000"; false for what is no IP address. IPv4 within IPv6 is IPv4.
bool hba_parse_peer(struct str peer, struct hba_address *out) MUST_CHECK;
const char *hba_method_name(enum hba_method method);

struct identity_map {
    struct str name, system, database; // system: "/" begins a regular expression, whose \1 may stand in database
};
struct identity_maps {
    const struct identity_map *items;
    size_t n;
};
int identity_maps_parse(struct arena *a, struct str text, struct identity_maps *out, struct err *err) MUST_CHECK;
// Whether the map lets the system identity be this user. Never root or node.
bool identity_maps_allow(const struct identity_maps *maps, struct str map, struct str system, struct str user);

// For settings of these names: the errors of above. Others: 0.
int auth_check_setting(struct str name, struct str value, struct err *err) MUST_CHECK;

#define AUTH_HBA_SETTING "server.host_based_authentication.configuration"
#define AUTH_IDENTITY_SETTING "server.identity_map.configuration"

#endif
