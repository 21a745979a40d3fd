// Growable byte buffer on malloc with a sticky failure: once over its maximum every append is ignored and `failed`
// stays set, so a builder checks once at the end. Not thread-safe.
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"
#include "base/str.h"
#include <stdarg.h>

struct buf {
    char *ptr;
    size_t len, cap;
    size_t max; // 0: unlimited
    bool failed;
};

#define BUF_INIT ((struct buf){0})

void buf_release(struct buf *b);
static inline void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}
// Makes room for `more` bytes; false (and failed) when that would pass max.
bool buf_reserve(struct buf *b, size_t more);
static inline void buf_append(struct buf *b, const void *ptr, size_t len)
{
    if (len == 0 || (b->cap - b->len < len && !buf_reserve(b, len)))
        return;
    memcpy(b->ptr + b->len, ptr, len);
    b->len += len;
}
static inline void buf_str(struct buf *b, struct str s)
{
    buf_append(b, s.ptr, s.len);
}
static inline void buf_cstr(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}
static inline void buf_putc(struct buf *b, char c)
{
    buf_append(b, &c, 1);
}
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
// Between quotes, a quote within doubled.
void buf_quoted(struct buf *b, struct str s, char quote);
void buf_fill(struct buf *b, char c, size_t n);
// Big-endian integers (wire protocol, keys).
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
// Overwrites at `at`, for lengths known only afterwards.
void buf_patch_be32(struct buf *b, size_t at, uint32_t v);
// Removes the first n bytes.
void buf_consume(struct buf *b, size_t n);
static inline struct str buf_view(const struct buf *b)
{
    return (struct str){b->ptr != NULL ? b->ptr : "", b->len};
}
// NUL-terminates (not counted in len) and returns the bytes.
const char *buf_c(struct buf *b);

static inline uint16_t load_be16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return __builtin_bswap16(v);
}
static inline uint32_t load_be32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}
static inline uint64_t load_be64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}
static inline void store_be16(void *p, uint16_t v)
{
    v = __builtin_bswap16(v);
    memcpy(p, &v, 2);
}
static inline void store_be32(void *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(p, &v, 4);
}
static inline void store_be64(void *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

#endif
