// INET: addresses and networks.
#include "sql/functions/functions_int.h"
#include "types/inet.h"

static int return_inet(struct eval_context *ec, const struct inet *v, struct datum *out)
{
    return fn_return_str(out, inet_encode(ec->arena, v));
}

static unsigned width(const struct inet *v)
{
    return v->family == 6 ? 128 : 32;
}

// Sets the bits from the prefix on to `ones`.
static void fill_host(struct inet *v, unsigned prefix, bool ones)
{
    for (unsigned bit = prefix; bit < width(v); bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);
        v->address[bit / 8] = (uint8_t)(ones ? v->address[bit / 8] | mask : v->address[bit / 8] & ~mask);
    }
}

// ---- operators

static bool network_contains(struct str outer, struct str inner, bool strictly)
{
    struct inet a = inet_decode(outer), b = inet_decode(inner);
    if (a.family != b.family || a.prefix > b.prefix || (strictly && a.prefix == b.prefix))
        return false;
    unsigned prefix = a.prefix;
    fill_host(&a, prefix, false);
    fill_host(&b, prefix, false);
    return memcmp(a.address, b.address, inet_address_len(&a)) == 0;
}

BODY(contained_by)
{
    return fn_return_bool(out, network_contains(args[1].s, args[0].s, true));
}
BODY(contains)
{
    return fn_return_bool(out, network_contains(args[0].s, args[1].s, true));
}
BODY(contained_by_or_equals)
{
    return fn_return_bool(out, network_contains(args[1].s, args[0].s, false));
}
BODY(contains_or_equals)
{
    return fn_return_bool(out, network_contains(args[0].s, args[1].s, false));
}
BODY(overlap)
{
    return fn_return_bool(out, network_contains(args[0].s, args[1].s, false) ||
                                   network_contains(args[1].s, args[0].s, false));
}

static int combine(struct eval_context *ec, const struct datum *args, bool and, struct datum *out, struct err *err)
{
    struct inet a = inet_decode(args[0].s), b = inet_decode(args[1].s);
    if (a.family != b.family)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot %s inet values of different sizes", and? "AND" : "OR");
    for (size_t i = 0; i < inet_address_len(&a); i++)
        a.address[i] = and? a.address[i] & b.address[i] : a.address[i] | b.address[i];
    a.prefix = MAX(a.prefix, b.prefix);
    return return_inet(ec, &a, out);
}
BODY(inet_and)
{
    return combine(ec, args, true, out, err);
}
BODY(inet_or)
{
    return combine(ec, args, false, out, err);
}
BODY(inet_not)
{
    struct inet a = inet_decode(args[0].s);
    for (size_t i = 0; i < inet_address_len(&a); i++)
        a.address[i] = (uint8_t)~a.address[i];
    return return_inet(ec, &a, out);
}

static unsigned __int128 address_number(const struct inet *v)
{
    unsigned __int128 n = 0;
    for (size_t i = 0; i < inet_address_len(v); i++)
        n = n << 8 | v->address[i];
    return n;
}

static int move_address(struct eval_context *ec, struct inet v, __int128 by, struct datum *out, struct err *err)
{
    unsigned __int128 old = address_number(&v), moved = old + (unsigned __int128)by;
    bool wrapped = by < 0 ? moved > old : moved < old;
    if (wrapped || (v.family == 4 && moved >> 32 != 0))
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "result out of range");
    for (size_t i = inet_address_len(&v); i-- > 0; moved >>= 8)
        v.address[i] = (uint8_t)moved;
    return return_inet(ec, &v, out);
}
BODY(inet_plus_int)
{
    return move_address(ec, inet_decode(args[0].s), args[1].i, out, err);
}
BODY(int_plus_inet)
{
    return move_address(ec, inet_decode(args[1].s), args[0].i, out, err);
}
BODY(inet_minus_int)
{
    return move_address(ec, inet_decode(args[0].s), -(__int128)args[1].i, out, err);
}
BODY(inet_minus_inet)
{
    struct inet a = inet_decode(args[0].s), b = inet_decode(args[1].s);
    __int128 distance = (__int128)(address_number(&a) - address_number(&b));
    if (a.family != b.family)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot subtract inet addresses with different sizes");
    if (distance != (int64_t)distance)
        return err_set(err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "result out of range");
    return fn_return_int(out, (int64_t)distance);
}

// ---- functions

static int return_text(struct eval_context *ec, const struct inet *v, void (*print)(struct buf *, const struct inet *),
                       struct datum *out, struct err *err)
{
    struct buf b = BUF_INIT;
    print(&b, v);
    return fn_return_buf(ec, &b, out, err);
}

BODY(abbrev)
{
    struct inet v = inet_decode(args[0].s);
    return return_text(ec, &v, inet_print, out, err);
}
// IPv4 networks without the bytes that are all host.
BODY(abbrev_network)
{
    struct inet v = inet_decode(args[0].s);
    struct buf b = BUF_INIT;
    if (v.family == 6) {
        inet_print_host(&b, &v);
    } else {
        for (unsigned i = 0; i == 0 || i * 8 < v.prefix; i++)
            buf_printf(&b, "%s%u", i > 0 ? "." : "", v.address[i]);
    }
    buf_printf(&b, "/%u", v.prefix);
    return fn_return_buf(ec, &b, out, err);
}
BODY(host)
{
    struct inet v = inet_decode(args[0].s);
    return return_text(ec, &v, inet_print_host, out, err);
}
BODY(text)
{
    struct inet v = inet_decode(args[0].s);
    struct buf b = BUF_INIT;
    inet_print_host(&b, &v);
    buf_printf(&b, "/%u", v.prefix);
    return fn_return_buf(ec, &b, out, err);
}
BODY(broadcast)
{
    struct inet v = inet_decode(args[0].s);
    fill_host(&v, v.prefix, true);
    return return_inet(ec, &v, out);
}
BODY(family)
{
    return fn_return_int(out, inet_decode(args[0].s).family);
}
BODY(masklen)
{
    return fn_return_int(out, inet_decode(args[0].s).prefix);
}

static int mask_of(struct eval_context *ec, struct str bytes, bool of_host, struct datum *out)
{
    struct inet v = inet_decode(bytes);
    unsigned prefix = v.prefix;
    memset(v.address, of_host ? 0 : 0xFF, sizeof(v.address));
    fill_host(&v, prefix, of_host);
    v.prefix = (uint8_t)width(&v);
    return return_inet(ec, &v, out);
}
BODY(hostmask)
{
    return mask_of(ec, args[0].s, true, out);
}
BODY(netmask)
{
    return mask_of(ec, args[0].s, false, out);
}
BODY(network)
{
    struct inet v = inet_decode(args[0].s);
    fill_host(&v, v.prefix, false);
    return return_inet(ec, &v, out);
}
BODY(set_masklen)
{
    struct inet v = inet_decode(args[0].s);
    if (args[1].i < 0 || args[1].i > width(&v))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid mask length: %lld", (long long)args[1].i);
    v.prefix = (uint8_t)args[1].i;
    return return_inet(ec, &v, out);
}
BODY(set_masklen_network)
{
    TRY(set_masklen(ec, args, n_args, out, err));
    struct inet v = inet_decode(out->s);
    fill_host(&v, v.prefix, false);
    return return_inet(ec, &v, out);
}
BODY(merge)
{
    struct inet a = inet_decode(args[0].s), b = inet_decode(args[1].s);
    if (a.family != b.family)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot merge addresses from different families");
    unsigned same = 0, most = MIN(a.prefix, b.prefix);
    while (same < most && (a.address[same / 8] >> (7 - same % 8) & 1) == (b.address[same / 8] >> (7 - same % 8) & 1))
        same++;
    fill_host(&a, same, false);
    a.prefix = (uint8_t)same;
    return return_inet(ec, &a, out);
}
BODY(same_family)
{
    return fn_return_bool(out, inet_decode(args[0].s).family == inet_decode(args[1].s).family);
}

// Addresses as bytes: 4 of IPv4 (also where it is written in IPv6's way), 16 of IPv6.
BODY(to_ip)
{
    struct inet v;
    if (str_find(args[0].s, STR("/"), 0) >= 0 || inet_parse(args[0].s, &v, NULL) != 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid IP format: %.*s", STR_FMT(args[0].s));
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    struct buf b = BUF_INIT;
    if (v.family == 4)
        buf_append(&b, mapped, sizeof(mapped));
    buf_append(&b, v.address, inet_address_len(&v));
    return fn_return_buf(ec, &b, out, err);
}
BODY(from_ip)
{
    struct inet v = {.family = args[0].s.len == 4 ? 4 : 6};
    v.prefix = (uint8_t)width(&v);
    if (args[0].s.len != inet_address_len(&v))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid IP format: expected 4 or 16 bytes, got %zu",
                       args[0].s.len);
    memcpy(v.address, args[0].s.ptr, args[0].s.len);
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (v.family == 6 && memcmp(v.address, mapped, sizeof(mapped)) == 0) {
        memmove(v.address, v.address + sizeof(mapped), 4);
        v.family = 4;
    }
    return return_text(ec, &v, inet_print_host, out, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/inet.def"
};
const struct fn_family fn_family_inet = {"INET", rows, ARRAY_LEN(rows)};
