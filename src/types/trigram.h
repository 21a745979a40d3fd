// Trigrams of strings, as PostgreSQL's pg_trgm counts them: of each word in lower case, with two blanks before and one
// after it. A word is a run of letters and digits.
#ifndef TYPES_TRIGRAM_H
#define TYPES_TRIGRAM_H

#include "base/arena.h"
#include "base/buf.h"

struct trigram {
    int32_t c[3];
};
struct trigrams {
    ARENA_VEC(struct trigram) v; // sorted, each once
};

// All of them in the order of the text, and which begin and end a word.
struct placed_trigram {
    struct trigram trigram;
    bool begins, ends;
};
struct placed_trigrams {
    ARENA_VEC(struct placed_trigram) v;
};
struct placed_trigrams trigrams_in_order(struct arena *a, struct str s);
struct trigrams trigrams_of(struct arena *a, struct str s);
// Those that every string that matches the LIKE pattern has, in any case; backslash escapes.
struct trigrams trigrams_of_pattern(struct arena *a, struct str pattern);
void trigram_print(struct buf *out, const struct trigram *t); // its three characters
int trigram_compare(const void *a, const void *b);

#endif
