// A small HTTP/1.1 server for health checks and metrics on connections of net/: GET and HEAD, one request per
// connection.
//
//     /health          200 {} while the process lives
//     /health?ready=1  200 {} while it accepts SQL clients, else 503
//     /_status/vars    metrics in Prometheus' text format
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include "server/net/net.h"

// One per server.
struct http {
    struct tls *tls; // NULL: plain HTTP
    void (*print_metrics)(void *arg, struct buf *out);
    bool (*is_ready)(void *arg);
    void *arg;
};

// For listener_options.open; `arg` is the struct http.
bool http_open(struct conn *c, void *arg);

#endif
