// Payloads and progress of jobs: strings and numbers one after the other. Stored: a job's own order is its format.
#ifndef JOBS_PAYLOAD_H
#define JOBS_PAYLOAD_H

#include "base/buf.h"
#include "base/str.h"

static inline void payload_put_u64(struct buf *b, uint64_t v)
{
    buf_be64(b, v);
}
static inline void payload_put_str(struct buf *b, struct str s)
{
    buf_be64(b, s.len);
    buf_str(b, s);
}

// Readers take from the front of `rest`. Past the end they give 0 and the empty string and leave *rest with ptr NULL.
static inline uint64_t payload_get_u64(struct str *rest)
{
    if (rest->ptr == NULL || rest->len < 8) {
        *rest = STR_NONE;
        return 0;
    }
    uint64_t v = load_be64(rest->ptr);
    *rest = str_slice(*rest, 8, rest->len);
    return v;
}
static inline struct str payload_get_str(struct str *rest)
{
    uint64_t len = payload_get_u64(rest);
    if (rest->ptr == NULL || len > rest->len) {
        *rest = STR_NONE;
        return STR_EMPTY;
    }
    struct str s = str_slice(*rest, 0, (size_t)len);
    *rest = str_slice(*rest, (size_t)len, rest->len);
    return s;
}

#endif
