// The HTTP API behind the web console, as console/openapi.yaml describes it, with health and metrics pages and the
// download of the CA certificate. It stands between server/http and the virtual clusters: a request is routed
// (routes.def), its sender recognized, and a handler runs on the worker that read it.
//
// Console accounts, their tokens and the sessions of people who signed in are records of the store, apart from SQL
// users of any cluster.
//
// Thread-safe.
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include "base/err.h"
#include "server/http/http.h"

struct api;
struct kv;
struct clusters;
struct history;
struct series;

// Borrowed until api_close.
struct api_options {
    struct kv *kv;
    struct clusters *clusters;
    struct series *series;
    struct history *history;
    const char *certs_dir; // NULL: insecure
    const char *host;      // as clients reach it
    int sql_port, http_port;
    void (*print_metrics)(void *arg, bool clusters, struct buf *out); // clusters: those of each too
    bool (*is_ready)(void *arg);
    void (*end_session)(void *arg, int32_t pid, int32_t secret); // closes the connection of a SQL session
    void *arg;
};
int api_open(const struct api_options *options, struct api **out, struct err *err) MUST_CHECK;
void api_close(struct api *api); // NULL allowed
// Makes it what `http` serves.
void api_serve(struct api *api, struct http *http);
// Appends the token of the one-time link that makes the first administrator; nothing when there is an account.
void api_setup_token(struct api *api, struct buf *out);
// An account made by the server's own will (demo). 42710 when it exists.
int api_add_account(struct api *api, struct str name, struct str password, bool admin, struct err *err) MUST_CHECK;

#endif
