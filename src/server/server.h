// A running server: store, SQL engine, listeners, worker pool. Several may run in one process (tests, demo).
//
//     struct server_config config = {0};
//     config.store_url = "local:/var/lib/palmetto";
//     config.certs_dir = "/etc/palmetto/certs";
//     TRY(server_start(&config, &server, err));
//     server_wait(server);   // until SIGTERM, SIGINT or server_shutdown
//     server_stop(server);   // drains and frees
//
// Threads: server_start, server_wait and server_stop are called by the thread that owns the server; the rest may be
// called from any thread while it runs.
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct clusters;
struct sql_engine;
struct server;

// Strings are copied by server_start. NULL or zero means the default in brackets.
struct server_config {
    const char *store_url;       // as kv_open takes it: "local:DIR", "mem:"
    const char *listen_host;     // [all addresses]
    int listen_port;             // 0: the system chooses one
    bool http_disabled;          // no HTTP listener
    const char *http_host;       // [listen_host]
    int http_port;               // 0: the system chooses one
    const char *advertise_host;  // in URLs [listen_host if it names an address, else localhost]
    const char *socket_dir;      // a Unix socket .s.PGSQL.<port> is made there [none]
    const char *certs_dir;       // ca.crt, node.crt, node.key; required unless insecure
    const char *external_io_dir; // where nodelocal://1 of backups is [nowhere]
    bool insecure;               // no TLS, every existing user is let in without a password
    const char *cluster_name;    // [none]
    size_t sql_memory_bytes_max; // of all sessions [sql_engine's default]
    size_t cache_bytes;          // memtable size of the store [kv's default]
    size_t connections_max;      // beyond it 53300; root has a few reserved slots more [10,000]
    int64_t drain_timeout_ns;    // busy sessions may finish for so long at shutdown [10 s]
    int64_t login_timeout_ns;    // from accept to authenticated; of an HTTP request's head [10 s]
    int64_t write_timeout_ns;    // a client that accepts no byte for so long is dropped [10 min]
    size_t workers;              // threads that run at once [number of processors]
};

// Opens the store and the SQL engine, reads the certificates, binds the listeners and starts the workers. On return
// clients can connect. Errors: those of kv_open (55006 for a directory in use) and sql_engine_open; 58000 when an
// address cannot be bound; F0000 for certificates that are missing or do not fit.
int server_start(const struct server_config *config, struct server **out, struct err *err) MUST_CHECK;

// Blocks until SIGTERM or SIGINT arrives or server_shutdown is called. SIGHUP renews and rereads the certificates; so
// does the day when one of them is due (certs_renew). One server of a process at a time may wait; the signals' former
// handlers are restored on return.
void server_wait(struct server *server);
// Makes server_wait return.
void server_shutdown(struct server *server);
// Refuses new connections, ends idle sessions (57P01), lets busy ones finish up to the drain timeout, cancels the rest,
// closes everything and frees the server.
void server_stop(struct server *server);
// Rereads certificates and keys for connections to come. On error the old ones stay.
int server_reload_certificates(struct server *server, struct err *err) MUST_CHECK;

// Where SQL and HTTP clients connect: host as advertised (an IPv6 address without brackets) and the port really bound.
// Valid until server_stop. HTTP port 0: no HTTP listener.
struct server_address {
    const char *host;
    int port;
};
struct server_address server_sql_address(const struct server *server);
struct server_address server_http_address(const struct server *server);
// Path of the Unix socket, or NULL.
const char *server_socket_path(const struct server *server);

// Appends a complete connection URL. `password` may be NULL; `database` NULL is defaultdb. Secure:
// postgresql://user:password@host:port/db?sslmode=verify-full&sslrootcert=…, with sslcert and sslkey when certs_dir
// holds a client certificate of the user and no password is given. Insecure: sslmode=disable.
void server_url(const struct server *server, const char *user, const char *password, const char *database,
                struct buf *out);

// The system cluster's, for banners and for creating the first users.
struct sql_engine *server_engine(struct server *server);
struct clusters *server_clusters(struct server *server);

// Checks a store that no server has open, "local:DIR", and changes nothing. Errors: those of kv_open, XX001 for files
// so damaged that what is in them cannot be looked at. Everything else that is wrong goes to check->found.
struct sql_check; // sql/session/session.h
int server_check_store(const char *store_url, struct sql_check *check, struct err *err) MUST_CHECK;

// Appends the console's URL; while it has no account, the one-time link that makes the first administrator. Nothing
// without an HTTP listener.
void server_console_url(struct server *server, struct buf *out);
// Makes a console administrator (demo). 42710 when the name is taken.
int server_add_console_account(struct server *server, struct str name, struct str password, struct err *err) MUST_CHECK;

struct server_stats {
    uint64_t connections_accepted, connections_refused, connections_open;
    uint64_t logins_failed;
    uint64_t queries, errors; // messages that ran a statement; ErrorResponses sent
    uint64_t bytes_received, bytes_sent;
    uint64_t workers; // threads alive
};
void server_get_stats(struct server *server, struct server_stats *out);

#endif
