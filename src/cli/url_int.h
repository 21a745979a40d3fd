// Connection URLs: postgresql://user:password@host:port/database?name=value&…, the discrete connection flags, and how
// both become libpq parameters.
#ifndef CLI_URL_INT_H
#define CLI_URL_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/flags_int.h"
#include <libpq-fe.h>

struct url_param {
    struct str name, value;
};

// Strings live in `arena`; an empty string means "not given".
struct url {
    struct arena *arena;
    struct str user, password, host, port, database;
    ARENA_VEC(struct url_param) params;
};

// Fails when the text is not a postgresql:// or postgres:// URL.
int url_parse(struct arena *arena, struct str text, struct url *out, struct err *err) MUST_CHECK;
struct str url_param(const struct url *url, const char *name); // STR_NONE when absent
void url_set_param(struct url *url, const char *name, struct str value);

enum url_style { URL_STYLE_PQ, URL_STYLE_DSN, URL_STYLE_JDBC, URL_STYLE_CRDB };
// Formats for libpq and its relatives, as a keyword/value string, for JDBC, or with CockroachDB's conventions.
struct str url_format(struct arena *arena, const struct url *url, enum url_style style);
void url_escape(struct buf *out, struct str text);

// What the connection flags say. The flags are applied in command-line order, so that the later of --url and a discrete
// flag wins.
struct conn_options {
    struct arena arena;
    struct url url;
    bool insecure;
    const char *certs_dir;        // NULL: ~/.palmetto-certs when it exists
    const char *application_name; // "": leave it out
};

#define CONN_OPTIONS_INIT(self, name)                                    \
    {                                                                    \
        .arena = {.next_block_bytes = 4096}, .application_name = (name), \
        .url = {.arena = &(self).arena,                                  \
                .user = {"", 0},                                         \
                .password = {"", 0},                                     \
                .host = {"", 0},                                         \
                .port = {"", 0},                                         \
                .database = {"", 0}},                                    \
    }
void conn_options_release(struct conn_options *options);
int conn_options_apply_url(struct conn_options *options, struct str text, struct err *err) MUST_CHECK;
// Fills in defaults (root, localhost, 26257, defaultdb) and the TLS parameters of the certificate directory.
int conn_options_complete(struct conn_options *options, struct err *err) MUST_CHECK;
// Opens a connection. The completed options stay usable for another one. Fails with libpq's message (08006), with
// `detail` untouched.
PGconn *conn_open(const struct conn_options *options, struct err *err);

int conn_apply_url(void *target, const char *value, struct err *err);
int conn_apply_host(void *target, const char *value, struct err *err);
int conn_apply_port(void *target, const char *value, struct err *err);
int conn_apply_user(void *target, const char *value, struct err *err);
int conn_apply_database(void *target, const char *value, struct err *err);
int conn_apply_insecure(void *target, const char *value, struct err *err);
int conn_apply_certs_dir(void *target, const char *value, struct err *err);

// The connection flags of every client verb; `o` is a struct conn_options.
#define CONN_FLAGS(o)                                                                                                \
    {"url", 0, FLAG_KIND_CUSTOM, &(o), "<url>", "connection URL", "URL", conn_apply_url},                            \
        {"host",           0,                                                                                        \
         FLAG_KIND_CUSTOM, &(o),                                                                                     \
         "<host[:port]>",  "server to connect to (default localhost:26257)",                                         \
         "HOST",           conn_apply_host},                                                                         \
        {"port", 'p', FLAG_KIND_CUSTOM, &(o), "<port>", "port to connect to", "PORT", conn_apply_port},              \
        {"user", 'u', FLAG_KIND_CUSTOM, &(o), "<name>", "user name (default root)", "USER", conn_apply_user},        \
        {"database",         'd', FLAG_KIND_CUSTOM, &(o), "<name>", "database (default defaultdb)", "DATABASE",      \
         conn_apply_database},                                                                                       \
        {"insecure", 0, FLAG_KIND_CUSTOM, &(o), NULL, "connect without TLS", "INSECURE", conn_apply_insecure, true}, \
    {                                                                                                                \
        "certs-dir", 0, FLAG_KIND_CUSTOM, &(o), "<path>", "directory of certificates and keys", "CERTS_DIR",         \
            conn_apply_certs_dir                                                                                     \
    }

#endif
