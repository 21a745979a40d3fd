// Heads of HTTP requests, and what is read from them.
#include "fuzz.h"
#include "server/http/request.h"

#include "base/util.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size}, value;
    struct http_request q;
    struct arena a;
    size_t head_len = 0;
    arena_init(&a, NULL);
    int status = http_parse_head(bytes, &q, &head_len);
    if (status == HTTP_OK && (head_len < 4 || head_len > size || head_len > HTTP_HEAD_BYTES_MAX))
        abort();
    if (status == HTTP_OK) {
        http_header(&q, "cookie", &value);
        http_cookie(&q, "session", &value);
        http_content_type_is(&q, "application/json");
        if (http_decode(&a, q.path, false, &value) && value.len > q.path.len)
            abort();
        http_field(&a, q.query, "a", &value);
    }
    arena_release(&a);
    return 0;
}

#define SEED(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

const struct str fuzz_seeds[] = {
    SEED("GET /a%20b?a=%41&b=c HTTP/1.1\r\nHost: x\r\nCookie: a=b; session=c\r\n\r\n"),
    SEED("POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
         "12\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"),
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);
