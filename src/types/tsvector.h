// TSVECTOR: a document as sorted distinct words with the places where they occur, as PostgreSQL's type of that name.
// Encoded as u32 count, u32 end offsets, then per word: u16 length, the word, and a u16 per place. All little-endian;
// access to the i-th word is O(1), to a word O(log n).
#ifndef TYPES_TSVECTOR_H
#define TYPES_TSVECTOR_H

#include "types/types.h"

enum {
    TS_WORD_BYTES_MAX = 2046,
    TS_POSITION_MAX = 16383,
    TS_PLACES_MAX = 256, // of one word; later ones are dropped
    TS_VECTOR_BYTES_MAX = (1 << 20) - 1,
};

// A place is a position, 1 to TS_POSITION_MAX, and a weight: 3 is A, 0 is D. 0 stands for no place at all.
static inline uint16_t ts_place(uint32_t position, uint32_t weight)
{
    return (uint16_t)(weight << 14 | (position > TS_POSITION_MAX ? (uint32_t)TS_POSITION_MAX : position));
}
static inline uint32_t ts_position(uint16_t place)
{
    return place & TS_POSITION_MAX;
}
static inline uint32_t ts_weight(uint16_t place)
{
    return place >> 14;
}

struct ts_vector {
    uint32_t count;
    const char *ends, *data;
    size_t data_len;
};
struct ts_entry {
    struct str word;
    const char *places; // u16 each
    uint32_t n_places;
};
// Borrows the datum's bytes. Malformed bytes give an empty document, never a wrong access.
struct ts_vector ts_vector_open(struct str bytes);
struct ts_entry ts_vector_get(const struct ts_vector *v, uint32_t i); // i < count
static inline uint16_t ts_entry_place(const struct ts_entry *e, uint32_t i)
{
    uint16_t place;
    memcpy(&place, e->places + (size_t)i * 2, 2);
    return place;
}
// Index of the first word that is not less; count when all are.
uint32_t ts_vector_lower_bound(const struct ts_vector *v, struct str word);

// One occurrence of a word: what documents are built from.
struct ts_word {
    struct str word;
    uint16_t place; // 0: none
};
struct ts_words {
    ARENA_VEC(struct ts_word) v;
};
// Occurrences in any order, sorted in place; of two at one position the heavier counts. 54000 when the document gets
// too large.
int ts_vector_build(struct arena *a, struct ts_words *words, struct str *out, struct err *err) MUST_CHECK;
// All occurrences of a document, words without places once. Borrows.
void ts_vector_words(struct arena *a, struct str bytes, struct ts_words *out);

#endif
