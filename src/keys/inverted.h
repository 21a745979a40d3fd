// Inverted indexes: the keys under which a value is entered, and where to look for the values that an operator accepts.
//
//   JSONB    one key per leaf: the steps that lead to it (object keys; elements of an array without their position),
//   then
//            the scalar or a mark for an empty container
//   arrays   one key per element, or a mark for the empty array
//   TSVECTOR one key per lexeme: its bytes and a NUL; or a mark for the empty document
//   strings  one key per trigram, or a mark for strings without
//
// Keys are bytes, cut after INVERTED_KEY_BYTES_MAX. Every value that is not NULL has a key. A search gives prefixes of
// keys such that every value for which the operator is true has a key under one of them; what is found there must be
// checked again, and may be found more than once.
#ifndef KEYS_INVERTED_H
#define KEYS_INVERTED_H

#include "types/types.h"

enum { INVERTED_KEY_BYTES_MAX = 1024 };

struct inverted_keys {
    ARENA_VEC(struct str) v;
};

enum inverted_op {
    INVERTED_CONTAINS, // column @> operand
    INVERTED_KEY,      // column ? operand
    INVERTED_ANY_KEY,  // column ?| operand
    INVERTED_ALL_KEYS, // column ?& operand
    INVERTED_AT,       // column -> path … = operand
    INVERTED_OVERLAPS, // column && operand
    INVERTED_ELEMENT,  // operand = ANY (column)
    INVERTED_LIKE,     // column LIKE operand, in any case
    INVERTED_MATCHES,  // column @@ operand
    INVERTED_SIMILAR,  // column % operand
};

bool inverted_type(struct type t);
// Sorted, each once; none for NULL.
struct inverted_keys inverted_keys(struct arena *a, struct type t, const struct datum *d);
// `path`: steps of INVERTED_AT, strings or integers. No prefixes: the operator is true for nothing.
struct inverted_keys inverted_search(struct arena *a, struct type column, enum inverted_op op, struct type operand_type,
                                     const struct datum *operand, const struct datum *path,
                                     const struct type *path_types, uint32_t n_path);
// Of a search query: sets of prefixes of which each will do by itself, those of the parts that all must be there. None:
// all of the index. Which finds least only the index knows.
size_t inverted_alternatives(struct arena *a, const struct datum *query, struct inverted_keys *out, size_t max);

#endif
