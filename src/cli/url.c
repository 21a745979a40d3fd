#include "cli/url_int.h"
#include "base/buf.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int unescape(struct arena *arena, struct str text, struct str *out, struct err *err)
{
    char *p = arena_alloc(arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            p[n++] = text.ptr[i];
            continue;
        }
        int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
        int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
        if (high < 0 || low < 0)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid URL escape \"%.*s\"",
                           (int)MIN((size_t)3, text.len - i), text.ptr + i);
        p[n++] = (char)(high << 4 | low);
        i += 2;
    }
    p[n] = '\0';
    *out = (struct str){p, n};
    return 0;
}

static ptrdiff_t find_last(struct str s, char c)
{
    for (size_t i = s.len; i > 0; i--)
        if (s.ptr[i - 1] == c)
            return (ptrdiff_t)i - 1;
    return -1;
}

// Splits at the first occurrence of `separator`; without one everything is head.
static struct str split(struct str s, const char *separator, struct str *tail)
{
    ptrdiff_t at = str_find(s, str_of(separator), 0);
    *tail = at < 0 ? STR_EMPTY : str_slice(s, (size_t)at + 1, s.len);
    return at < 0 ? s : str_slice(s, 0, (size_t)at);
}

static struct str *field_of(struct url *url, struct str param_name)
{
    return str_eqc(param_name, "host")       ? &url->host
           : str_eqc(param_name, "port")     ? &url->port
           : str_eqc(param_name, "user")     ? &url->user
           : str_eqc(param_name, "password") ? &url->password
           : str_eqc(param_name, "dbname")   ? &url->database
                                             : NULL;
}

static int parse_params(struct arena *arena, struct str query, struct url *url, struct err *err)
{
    while (query.len > 0) {
        struct str pair = split(query, "&", &query), name, value;
        name = split(pair, "=", &value);
        struct url_param param;
        TRY(unescape(arena, name, &param.name, err));
        TRY(unescape(arena, value, &param.value, err));
        struct str *field = field_of(url, param.name);
        if (field != NULL)
            *field = param.value;
        else if (param.name.len > 0)
            ARENA_PUSH(arena, &url->params, param);
    }
    return 0;
}

static int parse_host_port(struct arena *arena, struct str text, struct url *url, struct err *err)
{
    ptrdiff_t colon = find_last(text, ':');
    if (text.len > 0 && text.ptr[0] == '[') { // an IPv6 address
        ptrdiff_t bracket = find_last(text, ']');
        if (bracket < 0)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "missing ']' in host");
        url->host = arena_str(arena, str_slice(text, 1, (size_t)bracket));
        url->port = colon > bracket ? arena_str(arena, str_slice(text, (size_t)colon + 1, text.len)) : STR_EMPTY;
        return 0;
    }
    url->port = colon < 0 ? STR_EMPTY : arena_str(arena, str_slice(text, (size_t)colon + 1, text.len));
    return unescape(arena, colon < 0 ? text : str_slice(text, 0, (size_t)colon), &url->host, err);
}

int url_parse(struct arena *arena, struct str text, struct url *out, struct err *err)
{
    *out = (struct url){.arena = arena,
                        .user = STR_EMPTY,
                        .password = STR_EMPTY,
                        .host = STR_EMPTY,
                        .port = STR_EMPTY,
                        .database = STR_EMPTY};
    struct str rest, query, path, authority, userinfo;
    if (str_has_prefix(text, STR("postgresql://")))
        rest = str_slice(text, 13, text.len);
    else if (str_has_prefix(text, STR("postgres://")))
        rest = str_slice(text, 11, text.len);
    else
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "URL must start with postgresql:// or postgres://");
    rest = split(rest, "?", &query);
    authority = split(rest, "/", &path);
    ptrdiff_t at_sign = find_last(authority, '@');
    userinfo = at_sign < 0 ? STR_EMPTY : str_slice(authority, 0, (size_t)at_sign);
    authority = str_slice(authority, (size_t)(at_sign + 1), authority.len);
    struct str password, user = split(userinfo, ":", &password);
    TRY(unescape(arena, user, &out->user, err));
    TRY(unescape(arena, password, &out->password, err));
    TRY(unescape(arena, path, &out->database, err));
    TRY(parse_host_port(arena, authority, out, err));
    return parse_params(arena, query, out, err);
}

struct str url_param(const struct url *url, const char *name)
{
    for (size_t i = 0; i < url->params.len; i++)
        if (str_eqc(url->params.ptr[i].name, name))
            return url->params.ptr[i].value;
    return STR_NONE;
}

void url_set_param(struct url *url, const char *name, struct str value)
{
    struct url_param param = {arena_str(url->arena, str_of(name)), arena_str(url->arena, value)};
    for (size_t i = 0; i < url->params.len; i++) {
        if (str_eqc(url->params.ptr[i].name, name)) {
            url->params.ptr[i] = param;
            return;
        }
    }
    ARENA_PUSH(url->arena, &url->params, param);
}

void url_escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (isalnum(c) || strchr("-_.~/", c) != NULL)
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static void append_param(struct buf *b, char *separator, const char *name, struct str value)
{
    buf_printf(b, "%c%s=", *separator, name);
    url_escape(b, value);
    *separator = '&';
}

static void append_params(struct buf *b, char *separator, const struct url *url)
{
    for (size_t i = 0; i < url->params.len; i++)
        append_param(b, separator, arena_cstr(url->arena, url->params.ptr[i].name), url->params.ptr[i].value);
}

static void format_authority(struct buf *b, const struct url *url)
{
    bool v6 = str_find(url->host, STR(":"), 0) >= 0;
    buf_printf(b, v6 ? "[%.*s]" : "%.*s", STR_FMT(url->host));
    if (url->port.len > 0)
        buf_printf(b, ":%.*s", STR_FMT(url->port));
}

static void format_pq(struct buf *b, const struct url *url)
{
    bool socket = url->host.len > 0 && url->host.ptr[0] == '/';
    char separator = '?';
    buf_cstr(b, "postgresql://");
    url_escape(b, url->user);
    if (url->password.len > 0) {
        buf_putc(b, ':');
        url_escape(b, url->password);
    }
    if (url->user.len > 0)
        buf_putc(b, '@');
    if (!socket)
        format_authority(b, url);
    buf_putc(b, '/');
    url_escape(b, url->database);
    if (socket) {
        append_param(b, &separator, "host", url->host);
        if (url->port.len > 0)
            append_param(b, &separator, "port", url->port);
    }
    append_params(b, &separator, url);
}

static void format_jdbc(struct buf *b, const struct url *url)
{
    char separator = '?';
    buf_cstr(b, "jdbc:postgresql://");
    format_authority(b, url);
    buf_putc(b, '/');
    url_escape(b, url->database);
    append_params(b, &separator, url);
    if (url->user.len > 0)
        append_param(b, &separator, "user", url->user);
    if (url->password.len > 0)
        append_param(b, &separator, "password", url->password);
}

static void append_dsn(struct buf *b, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    if (b->len > 0)
        buf_putc(b, ' ');
    buf_printf(b, "%s=", name);
    bool plain = true;
    for (size_t i = 0; i < value.len; i++)
        plain &= !isspace((unsigned char)value.ptr[i]) && value.ptr[i] != '\'' && value.ptr[i] != '\\';
    if (!plain)
        buf_putc(b, '\'');
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\'' || value.ptr[i] == '\\')
            buf_putc(b, '\\');
        buf_putc(b, value.ptr[i]);
    }
    if (!plain)
        buf_putc(b, '\'');
}

static void format_dsn(struct buf *b, const struct url *url)
{
    append_dsn(b, "database", url->database);
    append_dsn(b, "user", url->user);
    append_dsn(b, "host", url->host);
    append_dsn(b, "port", url->port);
    append_dsn(b, "password", url->password);
    for (size_t i = 0; i < url->params.len; i++)
        append_dsn(b, arena_cstr(url->arena, url->params.ptr[i].name), url->params.ptr[i].value);
}

struct str url_format(struct arena *arena, const struct url *url, enum url_style style)
{
    struct buf b = BUF_INIT;
    switch (style) {
    case URL_STYLE_PQ:
    case URL_STYLE_CRDB:
        format_pq(&b, url);
        break;
    case URL_STYLE_DSN:
        format_dsn(&b, url);
        break;
    case URL_STYLE_JDBC:
        format_jdbc(&b, url);
        break;
    }
    struct str text = arena_str(arena, (struct str){buf_c(&b), b.len});
    buf_release(&b);
    return text;
}
