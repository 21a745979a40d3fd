// TSQUERY: what to look for in a TSVECTOR, as PostgreSQL's type of that name: words under !, &, | and <N> (followed by,
// N words later). A value is encoded as PostgreSQL's binary form: u32 count of nodes, then the nodes, an operator
// before its right and then its left operand; big-endian. No nodes: a query that matches nothing.
#ifndef TYPES_TSQUERY_H
#define TYPES_TSQUERY_H

#include "types/tsvector.h"

enum ts_kind { TS_VALUE = 0, TS_NOT = 1, TS_AND = 2, TS_OR = 3, TS_PHRASE = 4, TS_STOP }; // operators as on the wire

struct ts_node {
    uint8_t kind;
    uint8_t weights; // of a value: bit 3 is A, bit 0 is D; 0: any
    bool prefix;     // of a value: words that begin with it
    uint16_t depth;
    uint16_t distance;            // of TS_PHRASE
    struct str word;              // of a value
    struct ts_node *left, *right; // TS_NOT: its operand is `right`
};

enum { TS_DISTANCE_MAX = 16384, TS_QUERY_DEPTH_MAX = 1000 };

// NULL: the query without nodes. The tree is in the arena, its words borrow.
struct ts_node *ts_query_open(struct arena *a, struct str bytes);
struct str ts_query_encode(struct arena *a, const struct ts_node *root);
struct ts_node *ts_value_new(struct arena *a, struct str word, uint8_t weights, bool prefix);
// A part that no document has and none lacks (a stop word), until ts_query_without_stops.
struct ts_node *ts_stop_new(struct arena *a);
// Chains of & and of | always group from the left, so that a query and its text are one. 54000 beyond
// TS_QUERY_DEPTH_MAX levels.
int ts_operator_new(struct arena *a, enum ts_kind kind, struct ts_node *left, struct ts_node *right, uint16_t distance,
                    struct ts_node **out, struct err *err) MUST_CHECK;
// Drops stop words, widening the distances of phrases around them.
int ts_query_without_stops(struct arena *a, struct ts_node *root, struct ts_node **out, struct err *err) MUST_CHECK;

// Reads the text form: 'fat' & ( rat:*AB | !cat ) <2> dog. Each word becomes what `operand` makes of it.
struct ts_operand_reader {
    int (*operand)(struct ts_operand_reader *r, struct str word, uint8_t weights, bool prefix, struct ts_node **out,
                   struct err *err);
};
int ts_query_parse(struct arena *a, struct str text, struct ts_operand_reader *r, struct ts_node **out,
                   struct err *err) MUST_CHECK;

// ---- evaluation

enum ts_answer { TS_NO, TS_YES, TS_MAYBE }; // maybe: there are no positions to tell by

struct ts_places {
    ARENA_VEC(uint16_t) v; // positions, ascending
    bool negate;           // everywhere but there
    uint32_t width;        // of a phrase: words before the position that belong to it
};
// Whether a value occurs; fills the positions where it does when they are asked for.
struct ts_matcher {
    struct arena *arena;
    enum ts_answer (*find)(struct ts_matcher *m, const struct ts_node *value, struct ts_places *places_or_null);
};
bool ts_matches(struct ts_matcher *m, const struct ts_node *root); // NULL: false
// vector @@ query
bool ts_vector_matches(struct arena *a, struct str vector, struct str query);
// Whether an entry's word is the value's, or begins with it.
static inline bool ts_value_is(const struct ts_node *value, struct str word)
{
    return value->prefix ? str_has_prefix(word, value->word) : str_eq(word, value->word);
}

#endif
