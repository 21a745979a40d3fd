// One connection: requests in, responses out.
//
// Invariants
// 1. A request is handled when its body is complete, and the next one only after its response is in the output; net/
// reads
//    no more input while output is unsent.
// 2. After a head that is malformed or refused with a body to come, nothing more can be trusted to be a head: the
// response
//    says `Connection: close` and the connection ends.
// 3. Memory for a body is taken only for what `admit` has allowed.
#include "server/http/http.h"
#include "base/util.h"

static const int64_t second_ns = 1000000000;
enum { BODY_BYTES_PER_SECOND = 16 * 1024, IDLE_SECONDS = 60 /* between requests */ };

struct http_conn {
    struct http *http;
    bool in_request;        // its first byte has come
    bool admitted;          // `admit` was asked for the request that is arriving
    size_t body_max;        // what it said
    pthread_mutex_t lock;   // a leaf but for what `cancel` takes
    void (*cancel)(void *); // under lock
    void *cancel_arg;
};

// ---- responses

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

void http_plain(struct http_response *r, int status)
{
    r->status = status;
    r->content_type = "text/plain; charset=utf-8";
    r->fixed = (struct str){0};
    buf_clear(&r->body);
    buf_printf(&r->body, "%s\n", http_reason(status));
}

void http_add_header(struct http_response *r, const char *name, const char *fmt, ...)
{
    va_list ap;
    buf_printf(&r->headers, "%s: ", name);
    va_start(ap, fmt);
    buf_vprintf(&r->headers, fmt, ap);
    va_end(ap);
    buf_cstr(&r->headers, "\r\n");
}

static const char security_headers[] =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
    "'none'\r\n";

static void send_response(struct conn *c, const struct http_response *r, bool head, bool close)
{
    struct str body = r->fixed.ptr != NULL ? r->fixed : buf_view(&r->body);
    buf_printf(&c->out, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
    if (r->content_type != NULL && r->status != 304)
        buf_printf(&c->out, "Content-Type: %s\r\n", r->content_type);
    if (r->status != 204 && r->status != 304)
        buf_printf(&c->out, "Content-Length: %zu\r\n", body.len);
    buf_printf(&c->out, "Cache-Control: %s\r\n", r->cache_control != NULL ? r->cache_control : "no-store");
    buf_cstr(&c->out, security_headers);
    buf_str(&c->out, buf_view(&r->headers));
    if (close)
        buf_cstr(&c->out, "Connection: close\r\n");
    buf_cstr(&c->out, "\r\n");
    if (!head && r->status != 204 && r->status != 304)
        buf_str(&c->out, body);
}

static void response_release(struct http_response *r)
{
    buf_release(&r->headers);
    buf_release(&r->body);
}

static enum conn_next refuse(struct conn *c, int status)
{
    struct http_response r = {0};
    http_plain(&r, status);
    send_response(c, &r, false, true);
    response_release(&r);
    return CONN_CLOSE;
}

// ---- requests

static struct str address_of(const char *peer)
{
    const char *colon = strrchr(peer, ':');
    return (struct str){peer, colon != NULL ? (size_t)(colon - peer) : strlen(peer)};
}

static void begin_request(struct conn *c, struct http_conn *h)
{
    if (h->in_request)
        return;
    h->in_request = true;
    h->admitted = false;
    conn_set_deadline(c, clock_mono_ns() + h->http->head_timeout_ns);
}

static void end_request(struct conn *c, struct http_conn *h)
{
    h->in_request = false;
    conn_set_deadline(c, clock_mono_ns() + IDLE_SECONDS * second_ns);
}

// Asks `admit`, once the request's head is there. False: it is refused, the response is written.
static bool admit(struct conn *c, struct http_conn *h, struct http_request *q)
{
    struct http_response r = {.status = HTTP_OK};
    int refused = h->http->admit(h->http->arg, q, &h->body_max, &r);
    if (refused == 0 && q->body_len > h->body_max)
        http_plain(&r, refused = 413);
    if (refused != 0)
        send_response(c, &r, q->head, q->close || q->body_len > 0);
    response_release(&r);
    if (refused != 0 || h->admitted)
        return refused == 0;
    h->admitted = true;
    int64_t body_ns = (int64_t)q->body_len / BODY_BYTES_PER_SECOND * second_ns;
    conn_set_deadline(c, clock_mono_ns() + h->http->head_timeout_ns + body_ns);
    return true;
}

enum step { STEP_WAIT, STEP_NEXT, STEP_CLOSE };

// Plain HTTP where TLS is spoken: nothing is said but where to go.
static enum step redirect(struct conn *c, struct http_request *q)
{
    struct http_response r = {.status = 301, .content_type = "text/plain; charset=utf-8"};
    struct str host;
    if (!http_header(q, "host", &host) || host.len == 0)
        http_plain(&r, 400);
    else
        http_add_header(&r, "Location", "https://%.*s%.*s%s%.*s", STR_FMT(host), STR_FMT(q->path),
                        q->query.len > 0 ? "?" : "", STR_FMT(q->query));
    send_response(c, &r, q->head, true);
    response_release(&r);
    return STEP_CLOSE;
}

static void handle(struct conn *c, struct http_conn *h, struct http_request *q)
{
    struct http_response r = {.status = HTTP_OK};
    h->http->handle(h->http->arg, q, &r);
    q->close = q->close || atomic_load(&c->net->draining);
    send_response(c, &r, q->head, q->close);
    response_release(&r);
    end_request(c, h);
}

// One request from the front of the bytes, if it is complete.
static enum step take_request(struct conn *c, struct http_conn *h, struct str *bytes, struct arena *arena)
{
    struct http_request q;
    size_t head_len;
    int status = http_parse_head(*bytes, &q, &head_len);
    begin_request(c, h);
    if (status == HTTP_INCOMPLETE)
        return STEP_WAIT;
    if (status != HTTP_OK) {
        refuse(c, status);
        return STEP_CLOSE;
    }
    if (h->http->tls != NULL && c->ssl == NULL)
        return redirect(c, &q);
    q.arena = arena;
    q.conn = h;
    q.tls = c->ssl != NULL;
    q.peer = address_of(c->peer);
    bool complete = bytes->len - head_len >= q.body_len, first_look = !h->admitted;
    if ((first_look || complete) && !admit(c, h, &q)) {
        end_request(c, h);
        *bytes = str_slice(*bytes, head_len, bytes->len);
        return q.close || q.body_len > 0 ? STEP_CLOSE : STEP_NEXT;
    }
    if (!complete) {
        if (first_look && q.expects_continue)
            buf_cstr(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        return STEP_WAIT;
    }
    q.body = str_slice(*bytes, head_len, head_len + q.body_len);
    handle(c, h, &q);
    *bytes = str_slice(*bytes, head_len + q.body_len, bytes->len);
    return q.close ? STEP_CLOSE : STEP_NEXT;
}

static enum conn_next input(struct conn *c, struct str *bytes)
{
    struct http_conn *h = c->state;
    struct arena arena;
    enum step step = STEP_NEXT;
    arena_init(&arena, NULL);
    while (step == STEP_NEXT && bytes->len > 0) {
        step = take_request(c, h, bytes, &arena);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return step == STEP_CLOSE ? CONN_CLOSE : CONN_WAIT;
}

// ---- the connection's life

static void last_words(struct conn *c, enum conn_end why)
{
    struct http_conn *h = c->state;
    if (h->in_request)
        refuse(c, why == CONN_END_DEADLINE ? 408 : 503);
}

static void gone(struct conn *c)
{
    struct http_conn *h = c->state;
    pthread_mutex_lock(&h->lock);
    if (h->cancel != NULL)
        h->cancel(h->cancel_arg);
    pthread_mutex_unlock(&h->lock);
}

void http_on_cancel(const struct http_request *q, void (*cancel)(void *arg), void *arg)
{
    struct http_conn *h = q->conn;
    pthread_mutex_lock(&h->lock);
    h->cancel = cancel;
    h->cancel_arg = arg;
    pthread_mutex_unlock(&h->lock);
}

static void closes(struct conn *c)
{
}

static void release(struct conn *c)
{
    struct http_conn *h = c->state;
    atomic_fetch_sub(&h->http->connections, 1);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

static const struct conn_handler handler = {
    .input = input,
    .end = last_words,
    .gone = gone,
    .close = closes,
    .free = release,
};

bool http_open(struct conn *c, void *arg)
{
    struct http *http = arg;
    if (atomic_fetch_add(&http->connections, 1) >= http->connections_max) {
        atomic_fetch_sub(&http->connections, 1);
        return false;
    }
    struct http_conn *h = mem_zalloc(sizeof(*h));
    h->http = http;
    pthread_mutex_init(&h->lock, NULL);
    c->handler = &handler;
    c->state = h;
    c->tls = http->tls;
    c->no_client_certificate = true;
    c->handshaking = http->tls != NULL;
    c->may_be_plain = true;
    conn_set_deadline(c, clock_mono_ns() + h->http->head_timeout_ns);
    return true;
}
