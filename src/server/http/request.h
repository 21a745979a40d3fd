// Reading HTTP/1.1 requests (RFC 9110, 9112): pure functions over bytes, nothing kept. Strict where leniency has made
// trouble elsewhere: no folded lines, no bare CR, LF or NUL, one Content-Length of digits alone, no Transfer-Encoding
// (a body must tell its length first), a Host, a target that begins with a slash.
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/str.h"

enum { HTTP_HEAD_BYTES_MAX = 16 * 1024 };

enum http_method {
    HTTP_METHOD_GET, // HEAD too, with `head` set
    HTTP_METHOD_POST,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OTHER,
};

// Everything borrows the bytes that were read.
struct http_request {
    enum http_method method;
    bool head;
    struct str path, query;  // as sent: percent-encoded
    struct str header_lines; // each with its CRLF
    struct str body;
    size_t body_len; // as announced
    bool close;      // the client wants the connection closed, or is of HTTP/1.0
    bool expects_continue;
    bool tls;
    struct str peer;        // address of the client without its port
    struct http_conn *conn; // for http_on_cancel
    struct arena *arena;    // lives until the response is sent
    const void *admission;  // what `admit` of struct http found out
};

enum { HTTP_INCOMPLETE = 0, HTTP_OK = 200 };
// Reads the head at the front of `bytes`. HTTP_OK, then *head_len bytes were it; HTTP_INCOMPLETE; or the status of an
// error.
int http_parse_head(struct str bytes, struct http_request *out, size_t *head_len);
// The first field of that name, in any case. False when there is none.
bool http_header(const struct http_request *q, const char *name, struct str *value);
// A cookie's value.
bool http_cookie(const struct http_request *q, const char *name, struct str *value);
// True when the media type of Content-Type is this one, whatever its parameters.
bool http_content_type_is(const struct http_request *q, const char *type);
// Whether a content coding ("gzip") is welcome: any is without Accept-Encoding (RFC 9110, 12.5.3).
bool http_accepts_coding(const struct http_request *q, const char *coding);
// Undoes percent-encoding (and `+` for spaces in forms). False when it is malformed or holds a NUL or bad UTF-8.
bool http_decode(struct arena *a, struct str text, bool form, struct str *out);
// One field of a query or of a form's body, decoded. False when it is not there.
bool http_field(struct arena *a, struct str fields, const char *name, struct str *value);

#endif
