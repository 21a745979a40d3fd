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

bool inet_clear_host(struct inet *v)
{
    bool cleared = false;
    for (unsigned bit = v->prefix; bit < inet_address_len(v) * 8; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);
        cleared |= (v->address[bit / 8] & mask) != 0;
        v->address[bit / 8] &= (uint8_t)~mask;
    }
    return cleared;
}

// "10.1" as 10.1.0.0, and how long the prefix is where none is written: as long as what is, at least that of its class.
static bool complete_v4(struct str text, struct str *address, char room[20], uint8_t *prefix)
{
    size_t octets = 1, first = 0;
    for (size_t i = 0; i < text.len; i++) {
        octets += text.ptr[i] == '.';
        if (octets == 1 && is_digit(text.ptr[i]) && i < 3)
            first = first * 10 + (size_t)(text.ptr[i] - '0');
    }
    if (octets > 4 || text.len == 0 || text.len > 15)
        return false;
    size_t of_class = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
    *prefix = (uint8_t)MAX(of_class, octets * 8);
    if (first == 224 && octets == 1)
        *prefix = 4; // multicast
    int n = snprintf(room, 20, "%.*s%s", STR_FMT(text), &".0.0.0"[(octets - 1) * 2]);
    *address = (struct str){room, (size_t)n};
    return n < 20;
}

static int bad_network(struct str text, const char *detail, struct err *err)
{
    int rc = err_set(err, ERR_INVALID_TEXT_REPRESENTATION, "invalid %s: \"%.*s\"",
                     detail != NULL ? "cidr value" : "input syntax for type cidr", STR_FMT(text));
    if (detail != NULL)
        err_detail(err, "%s", detail);
    return rc;
}

int cidr_parse(struct str text, struct inet *out, struct err *err)
{
    char room[20];
    struct str s = str_trim(text);
    ptrdiff_t slash = str_find(s, STR("/"), 0);
    struct str address = slash < 0 ? s : str_slice(s, 0, (size_t)slash);
    uint8_t prefix = 128;
    bool v6 = str_find(address, STR(":"), 0) >= 0;
    struct err ignored = ERR_INIT;
    bool ok = (v6 || complete_v4(address, &address, room, &prefix)) && inet_parse(address, out, &ignored) == 0;
    err_reset(&ignored);
    if (ok && slash >= 0)
        ok = parse_prefix(str_slice(s, (size_t)slash + 1, s.len), v6 ? 128 : 32, &prefix);
    if (!ok)
        return bad_network(text, NULL, err);
    out->prefix = prefix;
    return inet_clear_host(out) ? bad_network(text, "Value has bits set to right of mask.", err) : 0;
}

void cidr_print(struct buf *out, const struct inet *v)
{
    inet_print_host(out, v);
    buf_printf(out, "/%u", v->prefix);
}

int inet_parse_datum(struct arena *a, struct type t, struct str text, const struct value_context *vc, struct datum *out,
                     struct err *err)
{
    struct inet v;
    TRY((t.oid == TYPE_OID_CIDR ? cidr_parse : inet_parse)(text, &v, err));
    out->s = inet_encode(a, &v);
    return 0;
}

void inet_print_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct inet v = inet_decode(d.s);
    (t.oid == TYPE_OID_CIDR ? cidr_print : inet_print)(out, &v);
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
    if (t.oid == TYPE_OID_CIDR && inet_clear_host(&v))
        return binary_error(err, t);
    out->s = inet_encode(a, &v);
    return 0;
}

void inet_to_binary_datum(struct buf *out, struct type t, struct datum d, const struct value_context *vc)
{
    struct inet v = inet_decode(d.s);
    buf_putc(out, v.family == 6 ? 3 : 2);
    buf_putc(out, (char)v.prefix);
    buf_putc(out, t.oid == TYPE_OID_CIDR);
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
