// The console's files. A path is looked up in a table, so no path leads anywhere else.
#include "base/util.h"
#include "server/http/assets.h"
#include "server/http/http.h"

static const struct asset *find(struct str path)
{
    size_t low = 0, high = assets_len;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_cmp(path, str_of(assets[middle].path));
        if (order == 0)
            return &assets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void say_not_built(struct http_response *r)
{
    r->content_type = "text/plain; charset=utf-8";
    buf_cstr(&r->body, "This server was built without the web console. Its API is at /api/v2, described at "
                       "/api/v2/openapi.yaml.\n");
}

bool http_static(const struct http_request *q, struct http_response *r)
{
    bool is_root = str_eqc(q->path, "/");
    const struct asset *asset = find(is_root ? STR("/index.html") : q->path);
    struct str known;
    if (asset == NULL && is_root)
        say_not_built(r);
    if (asset == NULL)
        return is_root;
    r->content_type = asset->content_type;
    r->cache_control = asset->immutable ? "public, max-age=31536000, immutable" : "no-cache";
    http_add_header(r, "ETag", "%s", asset->etag);
    if (http_header(q, "if-none-match", &known) && str_find(known, str_of(asset->etag), 0) >= 0) {
        r->status = 304;
        return true;
    }
    http_add_header(r, "Vary", "Accept-Encoding");
    if (asset->gzip && !http_accepts_coding(q, "gzip")) {
        r->status = 406;
        r->content_type = "text/plain; charset=utf-8";
        buf_cstr(&r->body, "This file is kept compressed: it needs Accept-Encoding: gzip.\n");
        return true;
    }
    if (asset->gzip)
        http_add_header(r, "Content-Encoding", "gzip");
    r->fixed = (struct str){(const char *)asset->bytes, asset->len};
    return true;
}
