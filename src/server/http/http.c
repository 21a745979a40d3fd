#include "server/http/http.h"
#include "base/util.h"

enum { HTTP_REQUEST_BYTES_MAX = 16 * 1024 };
static const int64_t request_timeout_ns = (int64_t)10 * 1000 * 1000 * 1000;

struct request {
    struct str method, path, query;
};

struct response {
    int status;
    const char *reason, *content_type;
    struct buf body;
};

// ---- pages

static void page_health(struct http *http, const struct request *q, struct response *r)
{
    bool asks_ready = str_find(q->query, STR("ready=1"), 0) >= 0 || str_find(q->query, STR("ready=true"), 0) >= 0;
    r->content_type = "application/json";
    if (!asks_ready || http->is_ready(http->arg)) {
        buf_cstr(&r->body, "{\n}");
        return;
    }
    r->status = 503;
    r->reason = "Service Unavailable";
    buf_cstr(&r->body, "{\n  \"error\": \"node is shutting down\",\n  \"code\": 14,\n"
                       "  \"message\": \"node is shutting down\"\n}");
}

static void page_metrics(struct http *http, const struct request *q, struct response *r)
{
    r->content_type = "text/plain; version=0.0.4";
    http->print_metrics(http->arg, &r->body);
}

static const struct page {
    const char *path;
    void (*print)(struct http *http, const struct request *q, struct response *r);
} pages[] = {
    {"/health", page_health},
    {"/_status/vars", page_metrics},
};

static void fail(struct response *r, int status, const char *reason)
{
    r->status = status;
    r->reason = reason;
    buf_clear(&r->body);
    buf_printf(&r->body, "%s\n", reason);
}

static void answer(struct http *http, const struct request *q, struct response *r)
{
    if (!str_eqc(q->method, "GET") && !str_eqc(q->method, "HEAD")) {
        fail(r, 405, "Method Not Allowed");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        if (str_eqc(q->path, pages[i].path)) {
            pages[i].print(http, q, r);
            return;
        }
    fail(r, 404, "Not Found");
}

// ---- requests and responses

// "GET /path?query HTTP/1.1"
static bool parse_request(struct str head, struct request *q)
{
    ptrdiff_t line_end = str_find(head, STR("\r\n"), 0);
    struct str line = str_slice(head, 0, (size_t)line_end);
    ptrdiff_t target = str_find(line, STR(" "), 0);
    ptrdiff_t version = target < 0 ? -1 : str_find(line, STR(" HTTP/1."), (size_t)target);
    if (target <= 0 || version <= target)
        return false;
    q->method = str_slice(line, 0, (size_t)target);
    q->path = str_slice(line, (size_t)target + 1, (size_t)version);
    q->query = STR_EMPTY;
    ptrdiff_t mark = str_find(q->path, STR("?"), 0);
    if (mark >= 0) {
        q->query = str_slice(q->path, (size_t)mark + 1, q->path.len);
        q->path = str_slice(q->path, 0, (size_t)mark);
    }
    return true;
}

static void send_response(struct conn *c, const struct response *r, bool with_body)
{
    buf_printf(&c->out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", r->status, r->reason,
               r->content_type, r->body.len);
    buf_cstr(&c->out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
    if (with_body)
        buf_str(&c->out, buf_view(&r->body));
}

static enum conn_next input(struct conn *c, struct str *bytes)
{
    struct response r = {.status = 200, .reason = "OK", .content_type = "text/plain"};
    struct request q = {.method = STR("GET")};
    ptrdiff_t end = str_find(*bytes, STR("\r\n\r\n"), 0);
    if (end < 0 && bytes->len <= HTTP_REQUEST_BYTES_MAX)
        return CONN_WAIT;
    if (end < 0 || !parse_request(str_slice(*bytes, 0, (size_t)end + 2), &q))
        fail(&r, 400, "Bad Request");
    else
        answer(c->state, &q, &r);
    send_response(c, &r, !str_eqc(q.method, "HEAD"));
    buf_release(&r.body);
    return CONN_CLOSE;
}

static void nothing(struct conn *c)
{
}

static void no_last_words(struct conn *c, enum conn_end why)
{
}

static const struct conn_handler handler = {
    .input = input,
    .end = no_last_words,
    .gone = nothing,
    .close = nothing,
    .free = nothing,
};

bool http_open(struct conn *c, void *arg)
{
    struct http *http = arg;
    c->handler = &handler;
    c->state = http;
    c->tls = http->tls;
    c->no_client_certificate = true;
    c->handshaking = http->tls != NULL;
    conn_set_deadline(c, clock_mono_ns() + request_timeout_ns);
    return true;
}
