// INET: an IPv4 or IPv6 address with a prefix length. Encoded as family byte (4 or 6), prefix byte and 4 or 16 address
// bytes, so that bytewise order is the order of INET.
#ifndef TYPES_INET_H
#define TYPES_INET_H

#include "types/types.h"

struct inet {
    uint8_t family; // 4 or 6
    uint8_t prefix; // 0-32 or 0-128
    uint8_t address[16];
};

struct inet inet_decode(struct str bytes);
struct str inet_encode(struct arena *a, const struct inet *v);
static inline size_t inet_address_len(const struct inet *v)
{
    return v->family == 6 ? 16 : 4;
}
int inet_parse(struct str text, struct inet *out, struct err *err) MUST_CHECK; // 22P02
void inet_print(struct buf *out, const struct inet *v);                        // 10.0.0.1, 10.0.0.0/8
void inet_print_host(struct buf *out, const struct inet *v);                   // without the prefix

// A network: no bits behind the prefix, and of IPv4 as much as is written (10.1 is 10.1.0.0/16, 192.168
// 192.168.0.0/24). 22P02.
int cidr_parse(struct str text, struct inet *out, struct err *err) MUST_CHECK;
void cidr_print(struct buf *out, const struct inet *v); // always with the prefix
// Clears the bits behind the prefix; false when there were none.
bool inet_clear_host(struct inet *v);

#endif
