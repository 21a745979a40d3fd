// The parts of a server, shared by the files of this folder.
#ifndef SERVER_SERVER_INT_H
#define SERVER_SERVER_INT_H

#include "base/arena.h"
#include "server/clusters.h"
#include "server/api/api.h"
#include "server/http/http.h"
#include "server/net/net.h"
#include "server/pgwire/pgwire.h"
#include "server/history.h"
#include "server/series.h"
#include "server/server.h"

struct kv;

struct server {
    struct server_config config; // strings are in `strings`
    struct arena strings;
    struct kv *kv;
    struct clusters *clusters;
    struct tls *tls;
    struct net net;
    bool net_opened;
    struct pgwire pgwire;
    struct http http;
    struct series *series;
    struct history *history;
    struct api *api;
    struct buf full_message;
    int sql_port, http_port;
    const char *socket_path, *host;
    int wake_fd; // eventfd: signals and server_shutdown
    atomic_bool shutdown_requested;
    int64_t started_ns;
    int64_t renew_at_s; // when a certificate is due, since the Unix epoch; INT64_MAX: none
};

extern const struct series_info server_metrics[];
extern const size_t server_metrics_len;
void server_sample_metrics(void *server, uint64_t *values); // server_metrics_len of them
struct sql_metric;
void server_list_metrics(void *server, struct arena *a, struct sql_metric **out,
                         size_t *n); // sql_engine_options.metrics
void server_print_metrics(void *server, bool clusters, struct buf *out);

#endif
