#include "server/http/request.h"
#include "base/buf.h"
#include "base/util.h"

#include <ctype.h>

// RFC 9110 tchar.
static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < 0x20 && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
            return true;
    return false;
}

// Cuts a line with its CRLF off the front.
static struct str take_line(struct str *rest)
{
    ptrdiff_t end = str_find(*rest, STR("\r\n"), 0);
    size_t len = end < 0 ? rest->len : (size_t)end;
    struct str line = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, MIN(len + 2, rest->len), rest->len);
    return line;
}

static void set_method(struct http_request *q, struct str name)
{
    static const char *const names[] = {"GET", "POST", "PATCH", "DELETE"};
    q->method = HTTP_METHOD_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eqc(name, names[i]))
            q->method = (enum http_method)i;
    if (str_eqc(name, "HEAD")) {
        q->method = HTTP_METHOD_GET;
        q->head = true;
    }
}

static void split_target(struct http_request *q, struct str target)
{
    ptrdiff_t mark = str_find(target, STR("?"), 0);
    q->path = mark < 0 ? target : str_slice(target, 0, (size_t)mark);
    q->query = mark < 0 ? STR_EMPTY : str_slice(target, (size_t)mark + 1, target.len);
}

// "GET /path?query HTTP/1.1"
static int parse_request_line(struct str line, struct http_request *q)
{
    ptrdiff_t first = str_find(line, STR(" "), 0);
    ptrdiff_t second = first < 0 ? -1 : str_find(line, STR(" "), (size_t)first + 1);
    if (second < 0 || has_control(line))
        return 400;
    struct str method = str_slice(line, 0, (size_t)first);
    struct str target = str_slice(line, (size_t)first + 1, (size_t)second);
    struct str version = str_slice(line, (size_t)second + 1, line.len);
    if (!is_token(method) || target.len == 0 || target.ptr[0] != '/')
        return 400;
    if (!str_eqc(version, "HTTP/1.1") && !str_eqc(version, "HTTP/1.0"))
        return str_has_prefix(version, STR("HTTP/")) ? 505 : 400;
    q->close = str_eqc(version, "HTTP/1.0");
    set_method(q, method);
    split_target(q, target);
    return HTTP_OK;
}

static bool next_field(struct str *rest, struct str *name, struct str *value)
{
    struct str line = take_line(rest);
    ptrdiff_t colon = str_find(line, STR(":"), 0);
    if (colon < 0)
        return false;
    *name = str_slice(line, 0, (size_t)colon);
    *value = str_trim(str_slice(line, (size_t)colon + 1, line.len));
    return true;
}

static int set_length(struct http_request *q, struct str value, bool *seen)
{
    int64_t n;
    if (*seen || value.len == 0 || value.len > 15)
        return 400;
    for (size_t i = 0; i < value.len; i++)
        if (!isdigit((unsigned char)value.ptr[i]))
            return 400;
    *seen = str_to_i64(value, &n);
    q->body_len = (size_t)n;
    return *seen ? HTTP_OK : 400;
}

static int parse_fields(struct http_request *q)
{
    bool has_length = false, has_host = false, is_old = q->close;
    struct str rest = q->header_lines, name, value;
    int status = HTTP_OK;
    while (rest.len > 0 && status == HTTP_OK) {
        if (!next_field(&rest, &name, &value) || !is_token(name) || has_control(value))
            return 400;
        if (str_ieqc(name, "content-length"))
            status = set_length(q, value, &has_length);
        else if (str_ieqc(name, "transfer-encoding"))
            status = 411;
        else if (str_ieqc(name, "host"))
            status = has_host ? 400 : HTTP_OK;
        else if (str_ieqc(name, "connection"))
            q->close = q->close || str_ieqc(value, "close");
        else if (str_ieqc(name, "expect"))
            q->expects_continue = str_ieqc(value, "100-continue");
        has_host = has_host || str_ieqc(name, "host");
    }
    return status == HTTP_OK && !has_host && !is_old ? 400 : status;
}

int http_parse_head(struct str bytes, struct http_request *out, size_t *head_len)
{
    *out = (struct http_request){0};
    ptrdiff_t end = str_find(str_slice(bytes, 0, MIN(bytes.len, (size_t)HTTP_HEAD_BYTES_MAX)), STR("\r\n\r\n"), 0);
    if (end < 0)
        return bytes.len >= HTTP_HEAD_BYTES_MAX ? 431 : HTTP_INCOMPLETE;
    struct str rest = str_slice(bytes, 0, (size_t)end + 2);
    int status = parse_request_line(take_line(&rest), out);
    out->header_lines = rest;
    if (status == HTTP_OK)
        status = parse_fields(out);
    *head_len = (size_t)end + 4;
    return status;
}

bool http_header(const struct http_request *q, const char *name, struct str *value)
{
    struct str rest = q->header_lines, field;
    while (rest.len > 0)
        if (next_field(&rest, &field, value) && str_ieqc(field, name))
            return true;
    *value = STR_EMPTY;
    return false;
}

// Cuts what stands before the separator off the front.
static struct str take_until(struct str *rest, char separator)
{
    const char *at = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - rest->ptr) : rest->len;
    struct str part = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, MIN(len + 1, rest->len), rest->len);
    return part;
}

// ";q=0", ";q=0.00"
static bool is_refused(struct str parameters)
{
    ptrdiff_t at = str_find(parameters, STR("q="), 0);
    if (at < 0)
        return false;
    struct str weight = str_trim(str_slice(parameters, (size_t)at + 2, parameters.len));
    for (size_t i = 0; i < weight.len; i++)
        if (weight.ptr[i] != '0' && weight.ptr[i] != '.')
            return false;
    return true;
}

bool http_accepts_coding(const struct http_request *q, const char *coding)
{
    struct str rest;
    bool any = false;
    if (!http_header(q, "accept-encoding", &rest))
        return true;
    while (rest.len > 0) {
        struct str item = take_until(&rest, ',');
        struct str name = str_trim(take_until(&item, ';'));
        if (str_ieqc(name, coding))
            return !is_refused(item);
        any = any || (str_eqc(name, "*") && !is_refused(item));
    }
    return any;
}

bool http_cookie(const struct http_request *q, const char *name, struct str *value)
{
    struct str rest;
    http_header(q, "cookie", &rest);
    while (rest.len > 0) {
        struct str pair = str_trim(take_until(&rest, ';'));
        if (str_eqc(take_until(&pair, '='), name)) {
            *value = pair;
            return true;
        }
    }
    *value = STR_EMPTY;
    return false;
}

bool http_content_type_is(const struct http_request *q, const char *type)
{
    struct str value;
    http_header(q, "content-type", &value);
    return str_ieqc(str_trim(take_until(&value, ';')), type);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_decode(struct arena *a, struct str text, bool form, struct str *out)
{
    char *to = arena_alloc(a, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        to[n++] = c;
    }
    *out = (struct str){to, n};
    return utf8_valid(*out);
}

bool http_field(struct arena *a, struct str fields, const char *name, struct str *value)
{
    while (fields.len > 0) {
        struct str pair = take_until(&fields, '&'), decoded;
        struct str key = take_until(&pair, '=');
        if (http_decode(a, key, true, &decoded) && str_eqc(decoded, name))
            return http_decode(a, pair, true, value);
    }
    return false;
}
