// Tuples (ROW(…), records) as encoded in a datum of TYPE_TUPLE: self-describing, each field with its type, an optional
// label and its value.
#ifndef TYPES_TUPLE_H
#define TYPES_TUPLE_H

#include "types/types.h"

struct tuple_field {
    struct type type;
    struct str label; // empty when there is none
    struct datum value;
};

// Borrows the fields' bytes only during the call.
struct str tuple_build(struct arena *a, const struct tuple_field *fields, uint32_t n);
uint32_t tuple_count(struct str bytes);
// Iterates: `for (size_t at = 0; tuple_next(bytes, &at, &field);)`. Strings borrow from `bytes`.
bool tuple_next(struct str bytes, size_t *at, struct tuple_field *out);
bool tuple_get(struct str bytes, uint32_t i, struct tuple_field *out);
// (1,"a b",)
void tuple_print(struct buf *out, struct str bytes, const struct value_context *vc);
// Field by field; a shorter tuple sorts first.
int tuple_compare(struct str a, struct str b);

#endif
