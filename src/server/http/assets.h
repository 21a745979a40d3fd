// Files of the web console, compiled into the binary. console/meson.build generates a C file that defines `assets`; a
// server built without the console has an empty table and says so on `/`.
//
// Files whose name carries a hash of their content are `immutable`: browsers keep them for a year. Others (index.html)
// are asked for again every time and answered 304 when the etag still fits.
#ifndef SERVER_HTTP_ASSETS_H
#define SERVER_HTTP_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
    const char *path;         // "/assets/index-3f2a.js": begins with a slash; "/index.html" is served for "/"
    const char *content_type; // "text/javascript; charset=utf-8"
    const char *etag;         // with its quotes
    const unsigned char *bytes;
    size_t len;
    bool gzip; // the bytes are compressed: Content-Encoding: gzip
    bool immutable;
};

// Sorted by path (strcmp).
extern const struct asset assets[];
extern const size_t assets_len;

#endif
