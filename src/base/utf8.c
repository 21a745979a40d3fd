// UTF-8 per RFC 3629: no overlong forms, no surrogates, up to U+10FFFF.
#include "base/util.h"

int32_t utf8_next(struct str s, size_t *at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + *at;
    size_t left = s.len - *at;
    unsigned char c = p[0];
    if (c < 0x80) {
        *at += 1;
        return c;
    }
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < 0xC2 || c > 0xF4 || left < n) {
        *at += 1;
        return -1;
    }
    uint32_t cp = c & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *at += 1;
            return -1;
        }
        cp = cp << 6 | (p[i] & 0x3F);
    }
    if (cp < smallest[n] || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF)) {
        *at += 1;
        return -1;
    }
    *at += n;
    return (int32_t)cp;
}

void utf8_put(struct buf *b, uint32_t cp)
{
    if (cp < 0x80) {
        buf_putc(b, (char)cp);
    } else if (cp < 0x800) {
        buf_putc(b, (char)(0xC0 | cp >> 6));
        buf_putc(b, (char)(0x80 | (cp & 0x3F)));
    } else if (cp < 0x10000) {
        buf_putc(b, (char)(0xE0 | cp >> 12));
        buf_putc(b, (char)(0x80 | (cp >> 6 & 0x3F)));
        buf_putc(b, (char)(0x80 | (cp & 0x3F)));
    } else {
        buf_putc(b, (char)(0xF0 | cp >> 18));
        buf_putc(b, (char)(0x80 | (cp >> 12 & 0x3F)));
        buf_putc(b, (char)(0x80 | (cp >> 6 & 0x3F)));
        buf_putc(b, (char)(0x80 | (cp & 0x3F)));
    }
}

bool utf8_valid(struct str s)
{
    for (size_t at = 0; at < s.len;) {
        uint64_t eight;
        if (s.len - at >= sizeof(eight)) {
            memcpy(&eight, s.ptr + at, sizeof(eight));
            if ((eight & 0x8080808080808080u) == 0) { // all ASCII
                at += sizeof(eight);
                continue;
            }
        }
        if (utf8_next(s, &at) < 0)
            return false;
    }
    return true;
}

size_t utf8_length(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

size_t utf8_offset(struct str s, size_t n)
{
    size_t i = 0;
    for (; i < s.len; i++) {
        if (((unsigned char)s.ptr[i] & 0xC0) != 0x80 && n-- == 0)
            return i;
    }
    return i;
}

struct str utf8_char(struct str s, size_t at)
{
    size_t end = at;
    utf8_next(s, &end);
    return str_slice(s, at, end);
}
