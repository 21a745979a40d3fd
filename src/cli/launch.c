#include "cli/launch_int.h"
#include "cli/url_int.h"
#include "server/certs.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *copy_range(const char *from, size_t len)
{
    return str_dup_c((struct str){from, len});
}

// "host:port", ":port", "host", "[v6]:port".
static int parse_address(const char *value, struct address *out, struct err *err)
{
    const char *colon = strrchr(value, ':'), *bracket = strrchr(value, ']');
    bool bare_v6 = value[0] != '[' && colon != NULL && strchr(value, ':') != colon;
    if (bare_v6 || (bracket != NULL && colon != NULL && colon < bracket))
        colon = NULL;
    size_t host_len = colon != NULL ? (size_t)(colon - value) : strlen(value);
    const char *host = value;
    if (value[0] == '[') {
        if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "missing ']' in address");
        host = value + 1;
        host_len = (size_t)(bracket - host);
    }
    out->host = host_len > 0 ? copy_range(host, host_len) : NULL;
    out->port = -1;
    int64_t port;
    if (colon != NULL && colon[1] != '\0') {
        if (!str_to_i64(str_of(colon + 1), &port) || port < 0 || port > 65535)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "port must be a number from 0 to 65535");
        out->port = (int)port;
    }
    return 0;
}

int launch_apply_listen(void *target, const char *value, struct err *err)
{
    return parse_address(value, &((struct launch_options *)target)->listen, err);
}

int launch_apply_http(void *target, const char *value, struct err *err)
{
    return parse_address(value, &((struct launch_options *)target)->http, err);
}

int launch_apply_advertise(void *target, const char *value, struct err *err)
{
    return parse_address(value, &((struct launch_options *)target)->advertise, err);
}

static int apply_store_field(struct store_spec *store, struct str field, struct err *err)
{
    ptrdiff_t equals = str_find(field, STR("="), 0);
    struct str name = equals < 0 ? STR("path") : str_slice(field, 0, (size_t)equals);
    struct str value = equals < 0 ? field : str_slice(field, (size_t)equals + 1, field.len);
    if (value.len == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "no value specified for %.*s", STR_FMT(name));
    if (str_eqc(name, "path")) {
        store->path = str_dup_c(value);
    } else if (str_eqc(name, "type")) {
        if (!str_eqc(value, "mem"))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%.*s is not a valid store type", STR_FMT(value));
        store->memory = true;
    } else if (str_eqc(name, "size")) {
        if (!size_parse(value, &store->size_bytes))
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "could not parse store size \"%.*s\"", STR_FMT(value));
    } else {
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%.*s is not a valid store field", STR_FMT(name));
    }
    return 0;
}

static int parse_store(struct str rest, struct store_spec *store, struct err *err)
{
    while (rest.len > 0) {
        ptrdiff_t comma = str_find(rest, STR(","), 0);
        size_t end = comma < 0 ? rest.len : (size_t)comma;
        TRY(apply_store_field(store, str_slice(rest, 0, end), err));
        rest = str_slice(rest, MIN(end + 1, rest.len), rest.len);
    }
    if (store->memory == (store->path != NULL))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       store->memory ? "path specified for in memory store" : "no path specified");
    if (!store->memory && store->size_bytes != 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "a size is not supported for a store on disk");
    if (store->memory && store->size_bytes == 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "size must be specified for an in memory store");
    return 0;
}

int launch_apply_store(void *target, const char *value, struct err *err)
{
    struct store_spec store = {0};
    int rc = parse_store(str_of(value), &store, err);
    if (rc == 0)
        ((struct launch_options *)target)->store = store;
    else
        mem_free((char *)store.path);
    return rc;
}

// --- certificates

static void add_host(const char **hosts, size_t *n, size_t max, const char *host)
{
    if (host == NULL || host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        return;
    for (size_t i = 0; i < *n; i++)
        if (strcmp(hosts[i], host) == 0)
            return;
    if (*n < max)
        hosts[(*n)++] = host;
}

static bool is_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

// Each virtual cluster is reachable as CLUSTER.HOST too.
static void add_wildcards(struct arena *arena, const char **hosts, size_t *n, size_t max)
{
    for (size_t i = *n; i-- > 0;)
        if (!is_address(hosts[i]))
            add_host(hosts, n, max, arena_printf(arena, "*.%s", hosts[i]).ptr);
}

int launch_ensure_certificates(const struct launch_options *options, struct err *err)
{
    if (options->insecure || certs_present(options->certs_dir))
        return 0;
    struct certs_options certs = {.dir = options->certs_dir, .key_kind = CERTS_KEY_KIND_EC_P256, .ca_key_reuse = true};
    const char *hosts[12];
    struct arena arena;
    size_t n = 0;
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    add_host(hosts, &n, ARRAY_LEN(hosts), "localhost");
    add_host(hosts, &n, ARRAY_LEN(hosts), "127.0.0.1");
    add_host(hosts, &n, ARRAY_LEN(hosts), "::1");
    add_host(hosts, &n, ARRAY_LEN(hosts), options->listen.host);
    add_host(hosts, &n, ARRAY_LEN(hosts), options->advertise.host);
    add_host(hosts, &n, ARRAY_LEN(hosts), name);
    arena_init(&arena, NULL);
    add_wildcards(&arena, hosts, &n, ARRAY_LEN(hosts));
    int rc = certs_create_ca(&certs, err);
    if (rc == 0)
        rc = certs_create_node(&certs, hosts, n, err);
    arena_release(&arena);
    return rc != 0 ? rc : certs_create_client(&certs, "root", err);
}

// --- the server

static int port_or(int port, int fallback)
{
    return port >= 0 ? port : fallback;
}

// Where backups go, "" when nowhere.
static void external_io_dir(const struct launch_options *options, struct buf *out)
{
    if (options->external_io_dir == NULL && !options->store.memory)
        buf_printf(out, "%s/extern", options->store.path);
    else if (options->external_io_dir != NULL && strcmp(options->external_io_dir, "disabled") != 0)
        buf_cstr(out, options->external_io_dir);
}

int launch_start(const struct launch_options *options, struct server **out, struct err *err)
{
    struct buf store_url = BUF_INIT, external = BUF_INIT;
    external_io_dir(options, &external);
    if (options->store.memory)
        buf_cstr(&store_url, "mem:");
    else
        buf_printf(&store_url, "local:%s", options->store.path);
    struct server_config config = {
        .store_url = buf_c(&store_url),
        .listen_host = options->listen.host,
        .listen_port = port_or(options->listen.port, SQL_PORT_DEFAULT),
        .http_host = options->http.host != NULL ? options->http.host : options->listen.host,
        .http_port = port_or(options->http.port, HTTP_PORT_DEFAULT),
        .advertise_host = options->advertise.host,
        .socket_dir = options->socket_dir,
        .certs_dir = options->certs_dir,
        .insecure = options->insecure,
        .cluster_name = options->cluster_name,
        .sql_memory_bytes_max = (size_t)options->sql_memory_bytes,
        .cache_bytes = (size_t)options->cache_bytes,
        .external_io_dir = buf_c(&external),
    };
    int rc = server_start(&config, out, err);
    buf_release(&store_url);
    buf_release(&external);
    return rc;
}

// --- telling others

int launch_write_file(const char *path, struct str text, struct err *err)
{
    struct buf temporary = BUF_INIT;
    buf_printf(&temporary, "%s.tmp%ld", path, (long)getpid());
    const char *name = buf_c(&temporary);
    FILE *file = fopen(name, "w");
    bool ok = file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len;
    if (file != NULL)
        ok &= fclose(file) == 0;
    int rc = 0;
    if (!ok || rename(name, path) != 0)
        rc = err_set(err, ERR_IO_ERROR, "cannot write %s: %s", path, strerror(errno));
    buf_release(&temporary);
    return rc;
}

int launch_write_files(const struct launch_options *options, struct server *server, struct err *err)
{
    struct buf text = BUF_INIT;
    int rc = 0;
    if (options->listening_url_file != NULL) {
        server_url(server, "root", NULL, NULL, &text);
        buf_putc(&text, '\n');
        rc = launch_write_file(options->listening_url_file, buf_view(&text), err);
    }
    if (rc == 0 && options->pid_file != NULL) {
        buf_clear(&text);
        buf_printf(&text, "%ld\n", (long)getpid());
        rc = launch_write_file(options->pid_file, buf_view(&text), err);
    }
    buf_release(&text);
    return rc;
}

struct str launch_url(struct arena *arena, const struct server *server, const char *user, const char *password,
                      const char *database)
{
    struct buf text = BUF_INIT;
    server_url(server, user, password, database, &text);
    struct str url = arena_printf(arena, "%.*s", STR_FMT(buf_view(&text)));
    buf_release(&text);
    return url;
}

struct str launch_jdbc_url(struct arena *arena, struct str text)
{
    struct url url;
    if (url_parse(arena, text, &url, NULL) != 0)
        return STR_EMPTY;
    return url_format(arena, &url, URL_STYLE_JDBC);
}

struct str launch_console_url(struct arena *arena, struct server *server)
{
    struct buf url = BUF_INIT;
    server_console_url(server, &url);
    struct str copy = arena_str(arena, buf_view(&url));
    buf_release(&url);
    return copy;
}
