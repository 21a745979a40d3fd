// One-dimensional arrays of any element type, as encoded in a datum of TYPE_ARRAY:
//   u32 count, u8 flags (1: has nulls, 2: variable width), null bitmap when flagged, then fixed-width elements in a
//   row, or u32 end offsets followed by the bytes. All little-endian; access to the i-th element is O(1).
// The element type comes from the array's struct type. Subscripts in SQL start at 1; here at 0.
#ifndef TYPES_ARRAY_H
#define TYPES_ARRAY_H

#include "types/types.h"

struct array {
    struct type element;
    uint32_t count;
    const uint8_t *null_bitmap; // NULL: none is NULL
    const char *ends;           // variable width: u32 ends
    const char *data;
    size_t data_len;
};

// Borrows the datum's bytes. Malformed bytes give an empty array, never a wrong access.
struct array array_open(struct type array_type, struct str bytes);
struct datum array_get(const struct array *a, uint32_t i); // i < count; strings borrow
struct str array_build(struct arena *a, struct type element, const struct datum *items, uint32_t n);
struct str array_concat(struct arena *a, struct type array_type, struct str x, struct str y);
struct str array_append(struct arena *a, struct type array_type, struct str x, struct datum item);
struct str array_prepend(struct arena *a, struct type array_type, struct datum item, struct str x);
// {1,NULL,"a b"}
int array_parse(struct arena *a, struct type array_type, struct str text, const struct value_context *vc,
                struct str *out, struct err *err) MUST_CHECK;
void array_print(struct buf *out, struct type array_type, struct str bytes, const struct value_context *vc);

#endif
