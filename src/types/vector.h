// VECTOR: a list of 1 to VECTOR_DIMENSIONS_MAX finite floats, as pgvector's type of that name. Encoded as the floats in
// a row, little-endian; the number of dimensions follows from the length.
#ifndef TYPES_VECTOR_H
#define TYPES_VECTOR_H

#include "types/types.h"

enum { VECTOR_DIMENSIONS_MAX = 16000 };

static inline uint32_t vector_dimensions(struct str v)
{
    return (uint32_t)(v.len / sizeof(float));
}
static inline float vector_get(struct str v, uint32_t i) // i < vector_dimensions
{
    float f;
    memcpy(&f, v.ptr + i * sizeof(f), sizeof(f));
    return f;
}
// A vector to be filled in.
struct str vector_new(struct arena *a, uint32_t dimensions);
void vector_put(struct str v, uint32_t i, float f);
// "[1,2.5]": 22P02 for what is none, 22000 for infinite and undefined numbers, 54000 for too many.
int vector_parse(struct arena *a, struct str text, struct str *out, struct err *err) MUST_CHECK;
// From numbers (INT, FLOAT, DECIMAL) of an array: 22004 with NULLs among them.
int vector_from_array(struct arena *a, struct type array_type, struct str bytes, struct str *out,
                      struct err *err) MUST_CHECK;
// Element by element, then the shorter one first.
int vector_compare(struct str x, struct str y);

#endif
