// What the server says of itself: health, metrics, certificates, how to connect.
#include "server/api/api_int.h"
#include "server/history.h"
#include "server/series.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

int api_health(struct api_call *call, struct err *err)
{
    struct str ready;
    bool asks = call_query(call, "ready", &ready) && (str_eqc(ready, "1") || str_eqc(ready, "true"));
    struct buf *out = &call->response->body;
    if (!asks || call->api->options.is_ready(call->api->options.arg)) {
        buf_cstr(out, "{\n}");
        return 0;
    }
    call->response->status = 503;
    buf_cstr(out, "{\n  \"error\": \"node is shutting down\",\n  \"code\": 14,\n"
                  "  \"message\": \"node is shutting down\"\n}");
    return 0;
}

// Which clusters there are is for accounts that see all of them.
int api_metrics(struct api_call *call, struct err *err)
{
    const struct identity *who = &call->admission->identity;
    call->response->content_type = "text/plain; version=0.0.4";
    bool clusters = who->known && (who->admin || who->clusters.ptr == NULL);
    call->api->options.print_metrics(call->api->options.arg, clusters, &call->response->body);
    return 0;
}

int api_openapi(struct api_call *call, struct err *err)
{
    call->response->content_type = "application/yaml";
    call->response->fixed = (struct str){api_description, api_description_len};
    return 0;
}

// ---- certificates

static FILE *open_certificate(const struct api *api, const char *name)
{
    struct buf path = BUF_INIT;
    buf_printf(&path, "%s/%s", api->options.certs_dir, name);
    FILE *f = fopen(buf_c(&path), "re");
    buf_release(&path);
    return f;
}

// Read every time: it may have been renewed.
int api_ca_certificate(struct api_call *call, struct err *err)
{
    char bytes[4096];
    if (call->api->options.certs_dir == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "the server is insecure: it has no certificate");
    FILE *f = open_certificate(call->api, "ca.crt");
    if (f == NULL)
        return err_set(err, ERR_IO_ERROR, "cannot read the CA certificate: %s", strerror(errno));
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), f)) > 0;)
        buf_append(&call->response->body, bytes, n);
    fclose(f);
    call->response->content_type = "application/x-pem-file";
    http_add_header(call->response, "Content-Disposition", "attachment; filename=\"root.crt\"");
    return 0;
}

static bool certificate_covers(const struct api *api, const char *host)
{
    FILE *f = api->options.certs_dir != NULL ? open_certificate(api, "node.crt") : NULL;
    if (f == NULL)
        return false;
    X509 *certificate = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    bool covers = certificate != NULL && X509_check_host(certificate, host, strlen(host), 0, NULL) == 1;
    X509_free(certificate);
    return covers;
}

// ---- connecting

static void member(struct jw *w, const char *key, struct str value)
{
    jw_key(w, key);
    jw_str(w, value);
}

int api_connection(struct api_call *call, struct err *err)
{
    const struct api_options *o = &call->api->options;
    struct cluster_info c;
    struct jw *w = &call->json;
    struct str none = {0};
    TRY(clusters_find(o->clusters, call->arena, call_cluster(call), &c, err));
    bool system = c.id == CLUSTER_SYSTEM_ID, v6 = strchr(o->host, ':') != NULL;
    struct str prefix = arena_printf(call->arena, "%.*s.", STR_FMT(c.name));
    struct str sni = arena_printf(call->arena, "%.*s.%s", STR_FMT(c.name), o->host);
    struct str ca =
        arena_printf(call->arena, "https://%s%s%s:%d/ca.crt", v6 ? "[" : "", o->host, v6 ? "]" : "", o->http_port);
    jw_object(w);
    member(w, "host", str_of(o->host));
    jw_key(w, "port");
    jw_i64(w, o->sql_port);
    member(w, "database", STR("defaultdb"));
    member(w, "cluster", c.name);
    member(w, "database_prefix", system ? STR_EMPTY : prefix);
    member(w, "options", system ? none : arena_printf(call->arena, "--cluster=%.*s", STR_FMT(c.name)));
    member(w, "sni_host", !system && certificate_covers(call->api, sni.ptr) ? sni : none);
    member(w, "ca_url", o->certs_dir != NULL ? ca : none);
    jw_key(w, "insecure");
    jw_bool(w, o->certs_dir == NULL);
    jw_end(w);
    return 0;
}

// ---- metrics over time

static void write_series(struct jw *w, const struct series_data *s)
{
    jw_object(w);
    member(w, "name", str_of(s->info->name));
    member(w, "kind", str_of(s->info->kind));
    member(w, "help", str_of(s->info->help));
    jw_key(w, "points");
    jw_array(w);
    for (size_t i = 0; i < s->n; i++) {
        jw_array(w);
        jw_i64(w, s->points[i].at_s);
        jw_i64(w, (int64_t)s->points[i].value);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
}

static bool is_named(struct str names, const char *name)
{
    size_t at = 0;
    for (ptrdiff_t found; (found = str_find(names, str_of(name), at)) >= 0; at = (size_t)found + 1) {
        size_t end = (size_t)found + strlen(name);
        if ((found == 0 || names.ptr[found - 1] == ',') && (end == names.len || names.ptr[end] == ','))
            return true;
    }
    return false;
}

static int64_t seconds_of(const struct api_call *call, const char *key, int64_t otherwise)
{
    struct str text;
    int64_t v;
    return call_query(call, key, &text) && str_to_i64(text, &v) ? v : otherwise;
}

struct series_wanted {
    struct str names; // separated by commas; empty: all
    int64_t from_s, to_s;
};

static bool is_wanted(const struct series_wanted *wanted, const struct series_info *info)
{
    return wanted->names.len == 0 || is_named(wanted->names, info->name);
}

static void write_server_series(struct api_call *call, const struct series_wanted *wanted)
{
    struct series *series = call->api->options.series;
    for (size_t i = 0; i < series_count(series); i++) {
        struct series_data data;
        if (!is_wanted(wanted, series_info(series, i)))
            continue;
        series_read(series, call->arena, i, wanted->from_s, wanted->to_s, &data);
        write_series(&call->json, &data);
    }
}

static int write_cluster_series(struct api_call *call, uint64_t cluster, const struct series_wanted *wanted,
                                struct err *err)
{
    for (size_t i = 0; i < history_cluster_metrics(cluster); i++) {
        struct series_data data;
        if (!is_wanted(wanted, history_cluster_info(i)))
            continue;
        TRY(history_read(call->api->options.history, call->arena, cluster, i, wanted->from_s, wanted->to_s, &data,
                         err));
        write_series(&call->json, &data);
    }
    return 0;
}

int api_series(struct api_call *call, struct err *err)
{
    struct jw *w = &call->json;
    struct str name = STR_NONE;
    struct cluster_info cluster;
    int64_t now_s = clock_wall_ns() / 1000000000;
    struct series_wanted wanted = {
        .names = STR_EMPTY,
        .from_s = seconds_of(call, "from", now_s - 3600),
        .to_s = seconds_of(call, "to", now_s),
    };
    call_query(call, "names", &wanted.names);
    bool of_cluster = call_query(call, "cluster", &name) && name.len > 0;
    TRY(of_cluster ? call_check_sight(call, name, err) : call_check_sees_all(call, err));
    if (of_cluster)
        TRY(clusters_find(call->api->options.clusters, call->arena, cluster_of(name), &cluster, err));
    series_look(call->api->options.series);
    jw_object(w);
    jw_key(w, "series");
    jw_array(w);
    if (of_cluster)
        TRY(write_cluster_series(call, cluster.id, &wanted, err));
    else
        write_server_series(call, &wanted);
    jw_end(w);
    jw_end(w);
    return 0;
}
