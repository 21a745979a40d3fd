#include "base/buf.h"
#include "base/util.h"
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST_BYTES = 64 };

void buf_release(struct buf *b)
{
    mem_free(b->ptr);
    *b = (struct buf){.max = b->max};
}

bool buf_reserve(struct buf *b, size_t more)
{
    if (b->failed)
        return false;
    size_t want = size_add(b->len, more);
    if (b->max != 0 && want > b->max) {
        b->failed = true;
        return false;
    }
    if (want > b->cap) {
        size_t cap = MAX(want, MAX(size_mul(b->cap, 2), (size_t)BUF_FIRST_BYTES));
        b->ptr = mem_realloc(b->ptr, cap);
        b->cap = cap;
    }
    return true;
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    size_t room = b->failed ? 0 : b->cap - b->len;
    int n = vsnprintf(room > 0 ? b->ptr + b->len : NULL, room, fmt, ap); // most texts fit
    INVARIANT(n >= 0);
    bool fits = (size_t)n < room;
    if (!fits && buf_reserve(b, (size_t)n + 1))
        fits = vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, again) == n;
    b->len += fits ? (size_t)n : 0;
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_fill(struct buf *b, char c, size_t n)
{
    if (n != 0 && buf_reserve(b, n)) {
        memset(b->ptr + b->len, c, n);
        b->len += n;
    }
}

void buf_be16(struct buf *b, uint16_t v)
{
    v = __builtin_bswap16(v);
    buf_append(b, &v, 2);
}

void buf_be32(struct buf *b, uint32_t v)
{
    v = __builtin_bswap32(v);
    buf_append(b, &v, 4);
}

void buf_be64(struct buf *b, uint64_t v)
{
    v = __builtin_bswap64(v);
    buf_append(b, &v, 8);
}

void buf_patch_be32(struct buf *b, size_t at, uint32_t v)
{
    if (!b->failed && at + 4 <= b->len)
        store_be32(b->ptr + at, v);
}

void buf_quoted(struct buf *b, struct str s, char quote)
{
    buf_putc(b, quote);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == quote)
            buf_putc(b, quote);
        buf_putc(b, s.ptr[i]);
    }
    buf_putc(b, quote);
}

void buf_consume(struct buf *b, size_t n)
{
    INVARIANT(n <= b->len);
    if (n == 0)
        return;
    memmove(b->ptr, b->ptr + n, b->len - n);
    b->len -= n;
}

const char *buf_c(struct buf *b)
{
    if (!buf_reserve(b, 1))
        return "";
    b->ptr[b->len] = '\0';
    return b->ptr;
}

void size_print(struct buf *b, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double shown = (double)bytes;
    size_t unit = 0;
    for (; shown >= 1024 && unit + 1 < ARRAY_LEN(units); unit++)
        shown /= 1024;
    shown = (double)(uint64_t)(shown * 10 + 0.5) / 10;
    buf_printf(b, "%.*f %s", unit > 0 && shown < 10 ? 1 : 0, shown, units[unit]);
}
