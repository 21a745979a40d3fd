// BIT and VARBIT: encoded as a big-endian u32 count of bits and the bits packed from the high end, padded with zeros
// (also the wire's binary form).
#ifndef TYPES_BITS_H
#define TYPES_BITS_H

#include "types/types.h"

uint32_t bits_count(struct str bits);
bool bits_get(struct str bits, uint32_t i); // i < bits_count
// `n` zero bits, to be filled through bits_put.
struct str bits_new(struct arena *a, uint32_t n);
void bits_put(struct str bits, uint32_t i, bool v);
int bits_parse(struct arena *a, struct str text, struct str *out, struct err *err) MUST_CHECK; // "1011", "x1F": 22P02
void bits_print(struct buf *out, struct str bits);
int bits_compare(struct str a, struct str b);
struct str bits_slice(struct arena *a, struct str bits, uint32_t from, uint32_t n);
struct str bits_concat(struct arena *a, struct str x, struct str y);
// The low `width` bits of v, and back (sign not extended).
struct str bits_from_i64(struct arena *a, int64_t v, uint32_t width);
int64_t bits_to_i64(struct str bits);

#endif
