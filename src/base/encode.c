// Hex and base64 (RFC 4648).
#include "base/util.h"

void hex_encode(struct buf *b, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        buf_putc(b, digits[c >> 4]);
        buf_putc(b, digits[c & 15]);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(struct buf *b, struct str hex)
{
    if (hex.len % 2 != 0)
        return false;
    for (size_t i = 0; i < hex.len; i += 2) {
        int hi = hex_value(hex.ptr[i]), lo = hex_value(hex.ptr[i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        buf_putc(b, (char)(hi << 4 | lo));
    }
    return true;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *b, struct str bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = MIN((size_t)3, bytes.len - i);
        uint32_t w = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
        buf_putc(b, base64_digits[w >> 18]);
        buf_putc(b, base64_digits[w >> 12 & 63]);
        buf_putc(b, n > 1 ? base64_digits[w >> 6 & 63] : '=');
        buf_putc(b, n > 2 ? base64_digits[w & 63] : '=');
    }
}

static int base64_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(base64_digits, c);
    return at == NULL ? -1 : (int)(at - base64_digits);
}

bool base64_decode(struct buf *b, struct str text)
{
    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 4) {
        bool last = i + 4 == text.len;
        int pad = last && text.ptr[i + 3] == '=' ? (text.ptr[i + 2] == '=' ? 2 : 1) : 0;
        uint32_t w = 0;
        for (int k = 0; k < 4; k++) {
            int v = k >= 4 - pad ? 0 : base64_value(text.ptr[i + (size_t)k]);
            if (v < 0)
                return false;
            w = w << 6 | (uint32_t)v;
        }
        buf_putc(b, (char)(w >> 16));
        if (pad < 2)
            buf_putc(b, (char)(w >> 8));
        if (pad < 1)
            buf_putc(b, (char)w);
    }
    return true;
}
