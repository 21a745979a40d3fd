// Row values: the bytes stored under a row's key.
//
// A table gives each column a slot number when the column is created and never reuses it. A row holds the slots that
// existed when it was written; slots added later are absent from it and read as the column's constant default, so ADD
// COLUMN and DROP COLUMN rewrite nothing (a dropped slot is written as NULL from then on).
//
//   byte     format version (low 4 bits), ROW_HAS_NULLS, ROW_WIDE
//   uvarint  slot count n
//   bytes    null bitmap, (n + 7) / 8, bit set: NULL; only with ROW_HAS_NULLS
//   bytes    fixed-width slots in slot order, little-endian; NULLs take their room too, so that offsets are constants
//   u16[]    end offset of each variable slot, u32[] with ROW_WIDE
//   bytes    variable slots in slot order
//
// Widths: BOOL 1; INT, OID, DATE, TIME, TIMESTAMP[TZ], FLOAT 8; INTERVAL and UUID 16. Integers of all widths take 8 so
// that widening a column rewrites nothing. A slot of type VOID takes no room (a column held by the key): it always
// reads as NULL. Secondary index entries hold their STORING columns in the same form.
#ifndef KEYS_ROW_H
#define KEYS_ROW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "kv/kv.h"
#include "types/types.h"

enum { ROW_FORMAT = 1, ROW_FORMAT_MASK = 0x0F, ROW_HAS_NULLS = 0x10, ROW_WIDE = 0x20 };

// The slots of a table or index. Immutable once built; shared freely between threads.
struct row_layout {
    uint32_t n;
    const struct type *types;
    const uint8_t *widths;       // of each slot; ROW_VARIABLE for variable ones
    const uint32_t *fixed_bytes; // [n + 1]: room of the fixed slots before slot i
    const uint32_t *variables;   // [n + 1]: variable slots before slot i
};
enum { ROW_VARIABLE = 0xFF };
void row_layout_init(struct row_layout *l, struct arena *a, const struct type *types, uint32_t n);

// Appends the row. `slots` has one datum per slot of the layout. The caller bounds the sizes of values (the key-value
// store refuses what is over its limits).
void row_encode(struct buf *out, const struct row_layout *l, const struct datum *slots);

// A parsed header; borrows the row's bytes.
struct row_view {
    const struct row_layout *layout;
    uint32_t n;             // slots in the row, at most those of the layout
    bool wide;              // of the offsets
    const uint8_t *nulls;   // NULL: no slot is NULL
    const uint8_t *fixed;   // fixed slots
    const uint8_t *offsets; // end offsets of the variable slots
    const uint8_t *data;    // variable slots
    size_t data_bytes;
};
// XX001 when the bytes are not a row of the layout: too short, unknown format, more slots than the layout has.
int row_view_init(struct row_view *v, const struct row_layout *l, struct str bytes, struct err *err) MUST_CHECK;

enum row_slot { ROW_SLOT_VALUE, ROW_SLOT_NULL, ROW_SLOT_ABSENT, ROW_SLOT_DAMAGED };
// One slot. `out` is NULL unless ROW_SLOT_VALUE; strings borrow the row's bytes.
enum row_slot row_get(const struct row_view *v, uint32_t slot, struct datum *out);

// Decodes `slots[0..nslots)` of n rows into cols[0..nslots) at rows first..first+n-1. `absent` holds the default of
// each wanted slot for rows written before it existed (NULL: all are NULL). Strings borrow the pairs. The vectors were
// made by vec_init with room enough. XX001 on damage.
int row_decode_vecs(const struct row_layout *l, const struct kv_pair *rows, uint32_t n, const uint32_t *slots,
                    uint32_t nslots, const struct datum *absent, struct vec *const *cols, uint32_t first,
                    struct err *err) MUST_CHECK;

#endif
