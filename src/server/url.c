// Connection URLs.
#include "server/server_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_unreserved(char c, bool slash)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '~' || (slash && c == '/');
}

static void append_escaped(struct buf *out, const char *text, bool slash)
{
    for (const char *p = text; *p != 0; p++)
        if (is_unreserved(*p, slash))
            buf_putc(out, *p);
        else
            buf_printf(out, "%%%02X", (unsigned char)*p);
}

static void append_file(struct buf *out, const char *parameter, const char *dir, const char *file)
{
    buf_printf(out, "&%s=", parameter);
    append_escaped(out, dir, true);
    buf_putc(out, '/');
    append_escaped(out, file, false);
}

static void append_client_certificate(struct buf *out, const char *dir, const char *user)
{
    struct buf cert = BUF_INIT, key = BUF_INIT, path = BUF_INIT;
    buf_printf(&cert, "client.%s.crt", user);
    buf_printf(&key, "client.%s.key", user);
    buf_printf(&path, "%s/%s", dir, buf_c(&cert));
    if (access(buf_c(&path), R_OK) == 0) {
        append_file(out, "sslcert", dir, buf_c(&cert));
        append_file(out, "sslkey", dir, buf_c(&key));
    }
    buf_release(&cert);
    buf_release(&key);
    buf_release(&path);
}

static void append_tls_parameters(const struct server *server, const char *user, bool with_certificate, struct buf *out)
{
    char *absolute = realpath(server->config.certs_dir, NULL);
    const char *dir = absolute != NULL ? absolute : server->config.certs_dir;
    buf_cstr(out, "?sslmode=verify-full");
    append_file(out, "sslrootcert", dir, "ca.crt");
    if (with_certificate)
        append_client_certificate(out, dir, user);
    free(absolute);
}

void server_url(const struct server *server, const char *user, const char *password, const char *database,
                struct buf *out)
{
    buf_cstr(out, "postgresql://");
    append_escaped(out, user, false);
    if (password != NULL) {
        buf_putc(out, ':');
        append_escaped(out, password, false);
    }
    buf_printf(out, strchr(server->host, ':') != NULL ? "@[%s]:%d/" : "@%s:%d/", server->host, server->sql_port);
    append_escaped(out, database != NULL ? database : "defaultdb", false);
    if (server->config.insecure)
        buf_cstr(out, "?sslmode=disable");
    else
        append_tls_parameters(server, user, password == NULL, out);
}
