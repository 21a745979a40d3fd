// An HTTP/1.1 server on connections of net/: what it serves is `handle` of struct http. Persistent connections,
// pipelined requests one after the other; a request runs to completion on the worker that read it and may block there
// (base/util.h block_enter), others go on meanwhile.
//
// Bounds: a head of HTTP_HEAD_BYTES_MAX; a body of what `admit` allows, asked before any of it is kept; one time limit
// for a whole request however it trickles in; `connections_max`. What a client may keep waiting is a struct and its
// request so far.
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include "server/http/request.h"
#include "server/net/net.h"

struct http_response {
    int status;
    const char *content_type;
    const char *cache_control; // NULL: no-store
    struct buf headers;        // more of them, each with its CRLF
    struct buf body;
    struct str fixed; // sent instead of `body` when ptr is not NULL: bytes that stay
};

// One per server.
struct http {
    struct tls *tls; // NULL: plain HTTP
    size_t connections_max;
    int64_t head_timeout_ns; // from its first byte; a body has a second more for each 16 kB
    // The head has arrived: may this request be sent here? 0, or the status and the body of a refusal in `r`. Sets the
    // bytes of body allowed, and may leave something in q->admission, of q->arena.
    int (*admit)(void *arg, struct http_request *q, size_t *body_max, struct http_response *r);
    // Answers a whole request. `r` is zeroed but for status 200.
    void (*handle)(void *arg, struct http_request *q, struct http_response *r);
    void *arg;
    _Atomic size_t connections;
};

// For listener_options.open; `arg` is the struct http.
bool http_open(struct conn *c, void *arg);

// While a request blocks: what to call, from another thread, when its client goes away or the server ends. NULL: no
// more. The call is made under a lock that the change of it takes too, so it does not come late.
void http_on_cancel(const struct http_request *q, void (*cancel)(void *arg), void *arg);

// A response that is one line of text.
void http_plain(struct http_response *r, int status);
void http_add_header(struct http_response *r, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
const char *http_reason(int status);

// The console's files (assets.h). False when there is none of that name.
bool http_static(const struct http_request *q, struct http_response *r);

#endif
