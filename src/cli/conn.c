// Connection options: from flags and URL to libpq parameters.
#include "cli/url_int.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void conn_options_release(struct conn_options *options)
{
    arena_release(&options->arena);
}

int conn_options_apply_url(struct conn_options *options, struct str text, struct err *err)
{
    struct url given;
    TRY(url_parse(&options->arena, text, &given, err));
    struct {
        struct str from, *to;
    } const fields[] = {{given.user, &options->url.user},
                        {given.password, &options->url.password},
                        {given.host, &options->url.host},
                        {given.port, &options->url.port},
                        {given.database, &options->url.database}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].from.len > 0)
            *fields[i].to = fields[i].from;
    for (size_t i = 0; i < given.params.len; i++)
        url_set_param(&options->url, arena_cstr(&options->arena, given.params.ptr[i].name), given.params.ptr[i].value);
    return 0;
}

int conn_apply_url(void *target, const char *value, struct err *err)
{
    return conn_options_apply_url(target, str_of(value), err);
}

int conn_apply_host(void *target, const char *value, struct err *err)
{
    struct conn_options *options = target;
    struct str text = str_of(value);
    ptrdiff_t colon = str_find(text, STR(":"), 0);
    bool v6 = colon >= 0 && str_find(text, STR(":"), (size_t)colon + 1) >= 0;
    if (text.len > 0 && text.ptr[0] == '[') {
        ptrdiff_t bracket = str_find(text, STR("]"), 0);
        if (bracket < 0)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "missing ']' in address");
        options->url.host = str_slice(text, 1, (size_t)bracket);
        if ((size_t)bracket + 2 < text.len && text.ptr[bracket + 1] == ':')
            return conn_apply_port(target, value + bracket + 2, err);
        return 0;
    }
    if (colon < 0 || v6) {
        options->url.host = text;
        return 0;
    }
    if (colon > 0)
        options->url.host = str_slice(text, 0, (size_t)colon);
    return conn_apply_port(target, value + colon + 1, err);
}

int conn_apply_port(void *target, const char *value, struct err *err)
{
    int64_t port;
    if (!str_to_i64(str_of(value), &port) || port < 0 || port > 65535)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "port must be a number from 0 to 65535");
    ((struct conn_options *)target)->url.port = str_of(value);
    return 0;
}

int conn_apply_user(void *target, const char *value, struct err *err)
{
    ((struct conn_options *)target)->url.user = str_of(value);
    return 0;
}

int conn_apply_database(void *target, const char *value, struct err *err)
{
    ((struct conn_options *)target)->url.database = str_of(value);
    return 0;
}

int conn_apply_insecure(void *target, const char *value, struct err *err)
{
    bool yes = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    if (!yes && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "must be true or false");
    ((struct conn_options *)target)->insecure = yes;
    return 0;
}

int conn_apply_certs_dir(void *target, const char *value, struct err *err)
{
    ((struct conn_options *)target)->certs_dir = value;
    return 0;
}

static void set_default(struct str *field, const char *value)
{
    if (field->len == 0)
        *field = str_of(value);
}

// Points `param` at a file of the certificate directory when the file exists and the URL does not say otherwise.
static bool use_certs_file(struct conn_options *options, const char *param, struct str path)
{
    bool exists = access(path.ptr, R_OK) == 0;
    if (exists && url_param(&options->url, param).ptr == NULL)
        url_set_param(&options->url, param, path);
    return exists;
}

static int complete_tls(struct conn_options *options, struct err *err)
{
    struct url *url = &options->url;
    struct arena *arena = &options->arena;
    if (options->insecure) {
        url_set_param(url, "sslmode", STR("disable"));
        return 0;
    }
    struct str mode = url_param(url, "sslmode");
    bool chosen = options->certs_dir != NULL;
    // A URL that says how to check the server, or not to check it, needs nothing of the default directory.
    bool unchecked = mode.ptr != NULL && !str_has_prefix(mode, STR("verify"));
    if (str_eqc(mode, "disable") || (!chosen && (unchecked || url_param(url, "sslrootcert").ptr != NULL)))
        return 0;
    const char *home = getenv("HOME");
    const char *dir =
        chosen ? options->certs_dir : arena_printf(arena, "%s/.palmetto-certs", home != NULL ? home : ".").ptr;
    bool ca = use_certs_file(options, "sslrootcert", arena_printf(arena, "%s/ca.crt", dir));
    if (chosen && !ca)
        return err_set(err, ERR_CONFIG_FILE_ERROR,
                       "cannot load certificates: no CA certificate found in \"%s\"; does the certs dir exist?", dir);
    struct str cert = arena_printf(arena, "%s/client.%.*s.crt", dir, STR_FMT(url->user));
    struct str key = arena_printf(arena, "%s/client.%.*s.key", dir, STR_FMT(url->user));
    if (access(cert.ptr, R_OK) == 0 && access(key.ptr, R_OK) == 0) {
        use_certs_file(options, "sslcert", cert);
        use_certs_file(options, "sslkey", key);
    }
    if (mode.ptr == NULL)
        url_set_param(url, "sslmode", ca ? STR("verify-full") : STR("prefer"));
    return 0;
}

int conn_options_complete(struct conn_options *options, struct err *err)
{
    struct url *url = &options->url;
    set_default(&url->user, "root");
    set_default(&url->host, "localhost");
    set_default(&url->port, "26257");
    set_default(&url->database, "defaultdb");
    if (options->application_name[0] != '\0' && url_param(url, "application_name").ptr == NULL)
        url_set_param(url, "application_name", str_of(options->application_name));
    return complete_tls(options, err);
}

static bool is_libpq_keyword(const PQconninfoOption *known, struct str name)
{
    for (; known->keyword != NULL; known++)
        if (str_eqc(name, known->keyword))
            return true;
    return false;
}

struct keywords {
    const char *names[64], *values[64];
    size_t len;
};

static void add_keyword(struct keywords *k, const char *name, const char *value)
{
    if (k->len + 1 < ARRAY_LEN(k->names)) {
        k->names[k->len] = name;
        k->values[k->len++] = value;
    }
}

// Parameters that libpq does not know are session variables, as in CockroachDB's URLs: they travel in `options`.
static void collect_params(const struct url *url, struct keywords *k, struct buf *session_options)
{
    PQconninfoOption *known = PQconndefaults();
    struct str given = url_param(url, "options");
    if (given.ptr != NULL)
        buf_str(session_options, given);
    for (size_t i = 0; known != NULL && i < url->params.len; i++) {
        struct url_param p = url->params.ptr[i];
        if (str_eqc(p.name, "options") || str_eqc(p.name, "sslinline"))
            continue;
        if (is_libpq_keyword(known, p.name)) {
            add_keyword(k, arena_cstr(url->arena, p.name), arena_cstr(url->arena, p.value));
            continue;
        }
        buf_printf(session_options, "%s-c %.*s=", session_options->len > 0 ? " " : "", STR_FMT(p.name));
        for (size_t c = 0; c < p.value.len; c++) {
            if (p.value.ptr[c] == ' ' || p.value.ptr[c] == '\\')
                buf_putc(session_options, '\\');
            buf_putc(session_options, p.value.ptr[c]);
        }
    }
    PQconninfoFree(known);
}

PGconn *conn_open(const struct conn_options *options, struct err *err)
{
    const struct url *url = &options->url;
    struct arena *arena = options->url.arena;
    struct keywords k = {.len = 0};
    struct buf session_options = BUF_INIT;
    add_keyword(&k, "host", arena_cstr(arena, url->host));
    add_keyword(&k, "port", arena_cstr(arena, url->port));
    add_keyword(&k, "user", arena_cstr(arena, url->user));
    add_keyword(&k, "dbname", arena_cstr(arena, url->database));
    if (url->password.len > 0)
        add_keyword(&k, "password", arena_cstr(arena, url->password));
    collect_params(url, &k, &session_options);
    if (session_options.len > 0)
        add_keyword(&k, "options", buf_c(&session_options));
    PGconn *conn = PQconnectdbParams(k.names, k.values, 0);
    buf_release(&session_options);
    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    struct str message = str_trim(str_of(PQerrorMessage(conn)));
    err_set(err, ERR_CONNECTION_FAILURE, "cannot dial server.\nIs the server running?\n%.*s", STR_FMT(message));
    PQfinish(conn);
    return NULL;
}
