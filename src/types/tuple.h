// Tuples (ROW(…), records) and values of composite types, as encoded in a datum of TYPE_TUPLE.
//
// A tuple of no named type describes itself: each field comes with its type and an optional label. It lives in memory
// only. A value of a composite type has values alone, its fields are those of the type's definition: that is what rows
// of tables hold.
#ifndef TYPES_TUPLE_H
#define TYPES_TUPLE_H

#include "types/types.h"

struct tuple_field {
    struct type type;
    struct str label; // empty when there is none
    struct datum value;
};

// Borrows the fields' bytes only during the call. With a composite type the fields' values are of its fields' types.
struct str tuple_build(struct arena *a, struct type t, const struct tuple_field *fields, uint32_t n);
uint32_t tuple_count(struct str bytes);

struct tuple_reader {
    struct type type;
    struct str bytes;
    size_t at;
    uint32_t index; // of the next field
};
struct tuple_reader tuple_open(struct type t, struct str bytes);
// False at the end. Strings borrow from the bytes and the definition.
bool tuple_next(struct tuple_reader *r, struct tuple_field *out);
bool tuple_get(struct type t, struct str bytes, uint32_t i, struct tuple_field *out);
// (1,"a b",)
void tuple_print(struct buf *out, struct type t, struct str bytes, const struct value_context *vc);
// Field by field; a shorter tuple sorts first.
int tuple_compare(struct type ta, struct str a, struct type tb, struct str b);

#endif
