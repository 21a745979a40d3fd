// An HTTP API that answers with what it got: "METHOD path query body". `/closed` is refused, bodies have 1,000 bytes at
// most.
#include "server/api/api.h"

int api_open(const struct api_options *options, struct api **out, struct err *err)
{
    *out = NULL;
    return 0;
}

void api_close(struct api *api)
{
}

static int admit(void *arg, struct http_request *q, size_t *body_max, struct http_response *r)
{
    *body_max = 1000;
    if (!str_eqc(q->path, "/closed"))
        return 0;
    http_plain(r, 403);
    return 403;
}

static void handle(void *arg, struct http_request *q, struct http_response *r)
{
    static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", "OTHER"};
    r->content_type = "text/plain";
    buf_printf(&r->body, "%s %.*s %.*s %.*s", methods[q->method], STR_FMT(q->path), STR_FMT(q->query),
               STR_FMT(q->body));
}

void api_serve(struct api *api, struct http *http)
{
    http->admit = admit;
    http->handle = handle;
}

void api_setup_token(struct api *api, struct buf *out)
{
}

int api_add_account(struct api *api, struct str name, struct str password, bool admin, struct err *err)
{
    return 0;
}
