// PG_LSN: a position in a write-ahead log, 64 bits. Datums hold it with its highest bit turned over, so that the order
// of the signed numbers is that of the positions.
#ifndef TYPES_LSN_H
#define TYPES_LSN_H

#include "types/types.h"

static inline uint64_t lsn_of(struct datum d)
{
    return (uint64_t)d.i ^ UINT64_C(1) << 63;
}
static inline struct datum lsn_datum(uint64_t lsn)
{
    return datum_int((int64_t)(lsn ^ UINT64_C(1) << 63));
}

#endif
