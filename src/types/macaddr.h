// MACADDR and MACADDR8: addresses of network interfaces (EUI-48, EUI-64), encoded as their bytes.
#ifndef TYPES_MACADDR_H
#define TYPES_MACADDR_H

#include "types/types.h"

enum { MACADDR_BYTES = 6, MACADDR8_BYTES = 8 };

// As EUI-64: with ff:fe in the middle. `to` may be `from`.
void macaddr_widen(const uint8_t from[MACADDR_BYTES], uint8_t to[MACADDR8_BYTES]);
// 22003 when there is something else in the middle.
int macaddr_narrow(const uint8_t from[MACADDR8_BYTES], uint8_t to[MACADDR_BYTES], struct err *err) MUST_CHECK;

#endif
