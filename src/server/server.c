// Putting a server together and taking it apart.
#include "server/server.h"
#include "base/arena.h"
#include "base/util.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "server/certs.h"
#include "os/os.h"
#include "server/auth/hba.h"
#include "server/server_int.h"
#include "sql/session/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX_DEFAULT = 10000,
    UNAUTHENTICATED_MAX = 1000, // sockets beyond the sessions allowed
    HTTP_CONNECTIONS_MAX = 500,
    INPUT_BYTES_MIN = 256 * 1024 * 1024,
};
static const int64_t second_ns = 1000000000;

// ---- start

static const char *copy_string(struct server *server, const char *s)
{
    return s != NULL ? arena_cstr(&server->strings, str_of(s)) : NULL;
}

static void copy_config(struct server *server, const struct server_config *config)
{
    struct server_config *c = &server->config;
    *c = *config;
    c->store_url = copy_string(server, c->store_url);
    c->listen_host = copy_string(server, c->listen_host != NULL ? c->listen_host : "");
    c->http_host = copy_string(server, c->http_host != NULL ? c->http_host : c->listen_host);
    c->advertise_host = copy_string(server, c->advertise_host);
    c->socket_dir = copy_string(server, c->socket_dir);
    c->external_io_dir = copy_string(server, c->external_io_dir);
    c->certs_dir = copy_string(server, c->certs_dir);
    c->cluster_name = copy_string(server, c->cluster_name);
    if (c->connections_max == 0)
        c->connections_max = CONNECTIONS_MAX_DEFAULT;
    if (c->drain_timeout_ns == 0)
        c->drain_timeout_ns = 10 * second_ns;
    if (c->login_timeout_ns == 0)
        c->login_timeout_ns = 10 * second_ns;
    if (c->write_timeout_ns == 0)
        c->write_timeout_ns = 600 * second_ns;
    if (c->workers == 0)
        c->workers = (size_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
}

static const char *reachable_host(struct server *server, const char *listen_host)
{
    static const char *const wildcards[] = {"", "0.0.0.0", "::", "*"};
    if (server->config.advertise_host != NULL && server->config.advertise_host[0] != 0)
        return server->config.advertise_host;
    for (size_t i = 0; i < ARRAY_LEN(wildcards); i++)
        if (strcmp(listen_host, wildcards[i]) == 0)
            return "localhost";
    return listen_host;
}

// Each connection is a descriptor.
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

// OpenSSL writes to sockets without MSG_NOSIGNAL.
static void ignore_broken_pipes(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, NULL);
    }
}

// What is due of the certificates. A failure is told and tried again: what is there may still be good.
static bool renew_certificates(struct server *server)
{
    static const int64_t retry_s = 3600;
    struct certs_options options = {.dir = server->config.certs_dir};
    struct err err = ERR_INIT;
    size_t renewed = 0;
    int64_t now_s = clock_wall_ns() / second_ns, next_s;
    server->renew_at_s = INT64_MAX;
    if (server->config.insecure)
        return false;
    if (certs_renew(&options, now_s, &renewed, &next_s, &err) != 0) {
        log_warning("certificates cannot be renewed: %s", err.message);
        next_s = now_s + retry_s;
    }
    err_reset(&err);
    server->renew_at_s = next_s;
    return renewed > 0;
}

static int open_tls(struct server *server, struct err *err)
{
    if (server->config.insecure) {
        secure_random(server->pgwire.secret, sizeof(server->pgwire.secret));
        return 0;
    }
    if (server->config.certs_dir == NULL)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "a secure server needs a directory of certificates");
    renew_certificates(server);
    TRY(tls_open(server->config.certs_dir, &server->tls, err));
    tls_secret(server->tls, server->pgwire.secret);
    return 0;
}

static int open_store(struct server *server, struct err *err)
{
    // How long history is kept is read from the store.
    struct kv_options options = {.memtable_bytes = server->config.cache_bytes,
                                 .history_ns = KV_HISTORY_FOREVER_S * INT64_C(1000000000),
                                 .space_of = key_counted_cluster};
    return kv_open(server->config.store_url, &options, &server->kv, err);
}

static void end_connections(void *arg, struct sql_engine *engine)
{
    struct server *server = arg;
    net_end(&server->net, pgwire_uses, engine);
}

static void end_session(void *arg, int32_t pid, int32_t secret)
{
    struct server *server = arg;
    uint64_t key = (uint64_t)(uint32_t)pid << 32 | (uint32_t)secret;
    net_end(&server->net, pgwire_has_key, &key);
}

// temp/ beside a store on disk; the system's directory for one in memory.
static int temp_dir(struct server *server, const char **out, struct err *err)
{
    struct str url = str_of(server->config.store_url), local = STR("local:");
    if (!str_has_prefix(url, local)) {
        const char *system = getenv("TMPDIR");
        *out = copy_string(server, system != NULL ? system : "/tmp");
        return 0;
    }
    *out = arena_printf(&server->strings, "%s/temp", server->config.store_url + local.len).ptr;
    int rc = os_real()->make_dir(os_real(), *out);
    if (rc != 0 && rc != EEXIST)
        return err_set(err, ERR_IO_ERROR, "cannot create %s: %s", *out, strerror(rc));
    return 0;
}

static int open_clusters(struct server *server, struct err *err)
{
    const char *temp;
    TRY(temp_dir(server, &temp, err));
    struct sql_engine_options options = {
        .os = os_real(),
        .temp_dir = temp,
        .kv = server->kv,
        .sql_memory_bytes_max = server->config.sql_memory_bytes_max,
        .insecure = server->config.insecure,
        .cluster_name = server->config.cluster_name,
        .sql_port = server->sql_port,
        .http_port = server->http_port,
        .advertise_host = str_of(server->host),
        .external_io_dir = server->config.external_io_dir,
        .check_setting = auth_check_setting,
        .end_session = end_session,
        .end_session_arg = server,
        .automatic_statistics = true,
        .metrics = server_list_metrics,
        .metrics_arg = server,
    };
    struct clusters_options clusters = {.engine = &options, .end_connections = end_connections, .arg = server};
    return clusters_open(server->kv, &clusters, &server->clusters, err);
}

static bool is_ready(void *arg)
{
    struct server *server = arg;
    return !atomic_load(&server->net.draining);
}

static void set_up_protocols(struct server *server)
{
    server->pgwire.insecure = server->config.insecure;
    server->pgwire.tls = server->tls;
    server->pgwire.sessions_max = server->config.connections_max;
    server->pgwire.login_timeout_ns = server->config.login_timeout_ns;
    server->http.tls = server->tls;
    server->http.connections_max = HTTP_CONNECTIONS_MAX;
    server->http.head_timeout_ns = server->config.login_timeout_ns;
    pgwire_full_message(&server->full_message);
}

static uint64_t activity(void *arg)
{
    struct server *server = arg;
    struct kv_stats kv;
    kv_get_stats(server->kv, &kv);
    return atomic_load_explicit(&server->net.bytes_received, memory_order_relaxed) + kv.commits + kv.syncs;
}

static void sampled(void *arg, int64_t at_s, bool is_coarse)
{
    struct server *server = arg;
    history_sampled(server->history, at_s, is_coarse);
}

static void open_series(struct server *server)
{
    struct series_options options = {
        .infos = server_metrics,
        .n = server_metrics_len,
        .sample = server_sample_metrics,
        .activity = activity,
        .sampled = sampled,
        .arg = server,
    };
    server->series = series_new(&options);
}

static int64_t tick(void *arg, int64_t now)
{
    struct server *server = arg;
    return series_tick(server->series, now);
}

static int open_history(struct server *server, struct err *err)
{
    struct history_options options = {server->kv, server->clusters, server->series};
    return history_open(&options, &server->history, err);
}

static int open_api(struct server *server, struct err *err)
{
    struct api_options options = {
        .kv = server->kv,
        .clusters = server->clusters,
        .series = server->series,
        .history = server->history,
        .certs_dir = server->config.insecure ? NULL : server->config.certs_dir,
        .host = server->host,
        .sql_port = server->sql_port,
        .http_port = server->http_port,
        .print_metrics = server_print_metrics,
        .is_ready = is_ready,
        .end_session = end_session,
        .arg = server,
    };
    TRY(api_open(&options, &server->api, err));
    api_serve(server->api, &server->http);
    return 0;
}

static int open_sql_listeners(struct server *server, struct err *err)
{
    const struct server_config *c = &server->config;
    struct listener_options options = {
        .host = c->listen_host,
        .port = c->listen_port,
        .connections_max = c->connections_max + PGWIRE_RESERVED_SESSIONS + UNAUTHENTICATED_MAX,
        .open = pgwire_open,
        .arg = &server->pgwire,
        .full_message = buf_view(&server->full_message),
    };
    int unused;
    TRY(net_listen(&server->net, &options, &server->sql_port, err));
    if (c->socket_dir == NULL || c->socket_dir[0] == 0)
        return 0;
    options.unix_path = server->socket_path =
        arena_printf(&server->strings, "%s/.s.PGSQL.%d", c->socket_dir, server->sql_port).ptr;
    return net_listen(&server->net, &options, &unused, err);
}

static int open_http_listener(struct server *server, struct err *err)
{
    const struct server_config *c = &server->config;
    struct listener_options options = {
        .host = c->http_host,
        .port = c->http_port,
        .connections_max = c->connections_max + PGWIRE_RESERVED_SESSIONS + UNAUTHENTICATED_MAX,
        .open = http_open,
        .arg = &server->http,
        .full_message = STR("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    };
    if (c->http_disabled)
        return 0;
    return net_listen(&server->net, &options, &server->http_port, err);
}

static int open_parts(struct server *server, struct err *err)
{
    TRY(open_tls(server, err));
    TRY(open_store(server, err));
    set_up_protocols(server);
    open_series(server);
    struct net_options options = {
        .workers = server->config.workers,
        .write_timeout_ns = server->config.write_timeout_ns,
        .input_bytes_max = MAX(server->config.sql_memory_bytes_max / 4, (size_t)INPUT_BYTES_MIN),
        .tick = tick,
        .tick_arg = server,
    };
    TRY(net_open(&server->net, &options, err));
    server->net_opened = true;
    TRY(open_sql_listeners(server, err));
    TRY(open_http_listener(server, err));
    TRY(open_clusters(server, err));
    server->pgwire.clusters = server->clusters;
    TRY(open_history(server, err));
    TRY(open_api(server, err));
    return 0;
}

static void server_free(struct server *server)
{
    if (server->net_opened)
        net_close(&server->net);
    api_close(server->api);
    history_close(server->history);
    series_free(server->series);
    clusters_close(server->clusters);
    if (server->kv != NULL)
        kv_close(server->kv);
    tls_close(server->tls);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    buf_release(&server->full_message);
    arena_release(&server->strings);
    mem_free(server);
}

int server_start(const struct server_config *config, struct server **out, struct err *err)
{
    struct server *server = mem_zalloc(sizeof(*server));
    arena_init(&server->strings, NULL);
    copy_config(server, config);
    server->host = reachable_host(server, server->config.listen_host);
    server->started_ns = clock_mono_ns();
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    raise_descriptor_limit();
    ignore_broken_pipes();
    int rc = open_parts(server, err);
    if (rc == 0)
        rc = net_accept(&server->net, err);
    if (rc != 0) {
        server_free(server);
        return rc;
    }
    *out = server;
    return 0;
}

// ---- signals

static volatile sig_atomic_t signal_fd = -1, stop_requested, reload_requested;

static void wake(int fd)
{
    uint64_t one = 1;
    (void)!write(fd, &one, sizeof(one));
}

static void on_signal(int number)
{
    int saved = errno;
    *(number == SIGHUP ? &reload_requested : &stop_requested) = 1;
    wake(signal_fd);
    errno = saved;
}

static const int handled_signals[] = {SIGTERM, SIGINT, SIGHUP};

static void install_handlers(struct sigaction old[])
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    stop_requested = reload_requested = 0;
    for (size_t i = 0; i < ARRAY_LEN(handled_signals); i++)
        sigaction(handled_signals[i], &action, &old[i]);
}

static void restore_handlers(const struct sigaction old[])
{
    for (size_t i = 0; i < ARRAY_LEN(handled_signals); i++)
        sigaction(handled_signals[i], &old[i], NULL);
}

static void reload(struct server *server)
{
    struct err err = ERR_INIT;
    reload_requested = 0;
    renew_certificates(server);
    if (server_reload_certificates(server, &err) != 0)
        log_error("certificates were not reloaded: %s", err.message);
    else
        log_info("certificates reloaded");
    err_reset(&err);
}

// Until the next certificate is due, but at most a day: the clock may be set. -1: nothing is.
static int renewal_wait_ms(const struct server *server)
{
    static const int64_t day_s = 24 * 3600;
    int64_t wait_s = server->renew_at_s - clock_wall_ns() / second_ns;
    if (server->renew_at_s == INT64_MAX)
        return -1;
    return (int)(MAX(MIN(wait_s, day_s), (int64_t)1) * 1000);
}

void server_wait(struct server *server)
{
    struct sigaction old[ARRAY_LEN(handled_signals)];
    struct pollfd fd = {.fd = server->wake_fd, .events = POLLIN};
    uint64_t wakes;
    signal_fd = server->wake_fd;
    install_handlers(old);
    while (!stop_requested && !atomic_load(&server->shutdown_requested)) {
        if (poll(&fd, 1, renewal_wait_ms(server)) > 0)
            (void)!read(server->wake_fd, &wakes, sizeof(wakes));
        if (reload_requested || clock_wall_ns() / second_ns >= server->renew_at_s)
            reload(server);
    }
    restore_handlers(old);
}

void server_shutdown(struct server *server)
{
    atomic_store(&server->shutdown_requested, true);
    wake(server->wake_fd);
}

void server_stop(struct server *server)
{
    net_drain(&server->net, server->config.drain_timeout_ns);
    server_free(server);
}

int server_reload_certificates(struct server *server, struct err *err)
{
    return server->tls != NULL ? tls_reload(server->tls, err) : 0;
}

// ---- questions

struct server_address server_sql_address(const struct server *server)
{
    return (struct server_address){server->host, server->sql_port};
}

struct server_address server_http_address(const struct server *server)
{
    return (struct server_address){server->host, server->http_port};
}

const char *server_socket_path(const struct server *server)
{
    return server->socket_path;
}

struct sql_engine *server_engine(struct server *server)
{
    return clusters_system(server->clusters);
}

void server_console_url(struct server *server, struct buf *out)
{
    bool v6 = strchr(server->host, ':') != NULL;
    struct buf token = BUF_INIT;
    if (server->http_port == 0)
        return;
    buf_printf(out, "%s://%s%s%s:%d", server->config.insecure ? "http" : "https", v6 ? "[" : "", server->host,
               v6 ? "]" : "", server->http_port);
    api_setup_token(server->api, &token);
    if (token.len > 0)
        buf_printf(out, "/#/setup?token=%.*s", STR_FMT(buf_view(&token)));
    buf_release(&token);
}

int server_add_console_account(struct server *server, struct str name, struct str password, struct err *err)
{
    return api_add_account(server->api, name, password, true, err);
}

struct clusters *server_clusters(struct server *server)
{
    return server->clusters;
}

void server_get_stats(struct server *server, struct server_stats *out)
{
    *out = (struct server_stats){
        .connections_accepted = atomic_load(&server->net.accepted),
        .connections_refused = atomic_load(&server->net.refused),
        .connections_open = atomic_load(&server->pgwire.sessions),
        .logins_failed = atomic_load(&server->pgwire.logins_failed),
        .queries = atomic_load(&server->pgwire.queries),
        .errors = atomic_load(&server->pgwire.errors),
        .bytes_received = atomic_load(&server->net.bytes_received),
        .bytes_sent = atomic_load(&server->net.bytes_sent),
        .workers = pool_workers(server->net.pool),
    };
}
