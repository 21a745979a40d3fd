// What start-single-node and demo share: from flags to a running server, certificates, banners, files that tell others
// where the server is.
#ifndef CLI_LAUNCH_INT_H
#define CLI_LAUNCH_INT_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/flags_int.h"
#include "server/server.h"

#define SQL_PORT_DEFAULT 26257
#define HTTP_PORT_DEFAULT 8080

struct address {
    const char *host; // NULL: not given
    int port;         // -1: not given
};

// --store=PATH, --store=path=PATH,size=…, --store=type=mem,size=…
struct store_spec {
    bool memory;
    const char *path; // not for memory
    int64_t size_bytes;
};

struct launch_options {
    struct address listen, http, advertise;
    struct store_spec store;
    const char *certs_dir;
    bool insecure;
    const char *listening_url_file, *pid_file, *socket_dir, *cluster_name;
    const char *external_io_dir; // NULL: extern in the store; "disabled"
    int64_t cache_bytes, sql_memory_bytes;
};

int launch_apply_listen(void *target, const char *value, struct err *err);
int launch_apply_http(void *target, const char *value, struct err *err);
int launch_apply_advertise(void *target, const char *value, struct err *err);
int launch_apply_store(void *target, const char *value, struct err *err);

// Creates CA, node and root client certificates in the directory when it holds none.
int launch_ensure_certificates(const struct launch_options *options, struct err *err) MUST_CHECK;
int launch_start(const struct launch_options *options, struct server **out, struct err *err) MUST_CHECK;
// --listening-url-file and --pid-file.
int launch_write_files(const struct launch_options *options, struct server *server, struct err *err) MUST_CHECK;
// "http://host:port" or "https://…", with the path of the one-time link while there is no console account; "" without a
// listener.
struct str launch_console_url(struct arena *arena, struct server *server);
// The URL as server_url makes it, with the JDBC form beside it when `jdbc` is set.
struct str launch_url(struct arena *arena, const struct server *server, const char *user, const char *password,
                      const char *database);
struct str launch_jdbc_url(struct arena *arena, struct str url);
int launch_write_file(const char *path, struct str text, struct err *err) MUST_CHECK;

#endif
