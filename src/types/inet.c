// INET: text, wire form and the functions of the family.
#include "types/inet.h"
#include "types/types_int.h"
#include "base/map.h"
#include <arpa/inet.h>
#include <stdio.h>

struct inet inet_decode(struct str s)
{
    struct inet v = {.family = 4, .prefix = 32};
    if (s.len < 2)
        return v;
    v.family = s.ptr[0] == 6 ? 6 : 4;
    v.prefix = (uint8_t)s.ptr[1];
    memcpy(v.address, s.ptr + 2, MIN(s.len - 2, inet_address_len(&v)));
    return v;
}

struct str inet_encode(struct arena *a, const struct inet *v)
{
    size_t len = 2 + inet_address_len(v);
    char *out = arena_alloc_aligned(a, len, 1);
    out[0] = (char)v->family;
    out[1] = (char)v->prefix;
    memcpy(out + 2, v->address, len - 2);
    return (struct str){out, len};
}

static bool parse_prefix(struct str s, int most, uint8_t *out)
{
    int v = 0;
    if (s.len == 0 || s.len > 3)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.ptr[i]))
            return false;
        v = v * 10 + (s.ptr[i] - '0');
    }
    *out = (uint8_t)v;
    return v <= most;
}

int inet_parse(struct str text, struct inet *out, struct err *err)
{
    struct str s = str_trim(text);
    ptrdiff_t slash = str_find(s, STR("/"), 0);
    struct str host = slash < 0 ? s : str_slice(s, 0, (size_t)slash);
    char address[64] = {0};
    *out = (struct inet){0};
    bool ok = host.len > 0 && host.len < sizeof(address) && memchr(host.ptr, '\0', host.len) == NULL;
    if (ok) {
        memcpy(address, host.ptr, host.len);
        out->family = strchr(address, ':') != NULL ? 6 : 4;
        ok = inet_pton(out->family == 6 ? AF_INET6 : AF_INET, address, out->address) == 1;
    }
    int most = out->family == 6 ? 128 : 32;
    out->prefix = (uint8_t)most;
    if (ok && slash >= 0)
        ok = parse_prefix(str_slice(s, (size_t)slash + 1, s.len), most, &out->prefix);
    return ok ? 0 : parse_error(err, text, T_INET, "invalid IP");
}

void inet_print_host(struct buf *out, const struct inet *v)
{
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(v->family == 6 ? AF_INET6 : AF_INET, v->address, text, sizeof(text)) != NULL)
        buf_cstr(out, text);
}

void inet_print(struct buf *out, const struct inet *v)
{
    inet_print_host(out, v);
    if (v->prefix != (v->family == 6 ? 128 : 32))
        buf_printf(out, "/%u", v->prefix);
}

int inet_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    struct inet v;
    TRY(inet_parse(text, &v, err));
    out->s = inet_encode(a, &v);
    return 0;
}

void inet_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct inet v = inet_decode(d.s);
    inet_print(out, &v);
}

// PostgreSQL: family 2 or 3, bits, is_cidr, address length, address.
int inet_from_binary_datum(struct arena *a, struct type t, struct str s, struct datum *out, struct err *err)
{
    if (s.len < 4 || (s.ptr[0] != 2 && s.ptr[0] != 3))
        return binary_error(err, t);
    struct inet v = {.family = s.ptr[0] == 3 ? 6 : 4, .prefix = (uint8_t)s.ptr[1]};
    size_t len = inet_address_len(&v);
    if ((uint8_t)s.ptr[3] != len || s.len != 4 + len || v.prefix > len * 8)
        return binary_error(err, t);
    memcpy(v.address, s.ptr + 4, len);
    out->s = inet_encode(a, &v);
    return 0;
}

void inet_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct inet v = inet_decode(d.s);
    buf_putc(out, v.family == 6 ? 3 : 2);
    buf_putc(out, (char)v.prefix);
    buf_putc(out, 0);
    buf_putc(out, (char)inet_address_len(&v));
    buf_append(out, v.address, inet_address_len(&v));
}

int inet_compare_datum(struct type t, const struct datum *a, const struct datum *b)
{
    return str_cmp(a->s, b->s);
}

uint64_t inet_hash_datum(struct type t, const struct datum *d, uint64_t seed)
{
    return hash_bytes(d->s.ptr, d->s.len, seed);
}
