// The SQL/JSON path language: syntax trees of paths, and their reader.
#ifndef TYPES_JSONPATH_H
#define TYPES_JSONPATH_H

#include "types/types.h"

enum path_kind {
    PATH_ROOT,       // $
    PATH_CURRENT,    // @
    PATH_LAST,       // last, in subscripts
    PATH_VARIABLE,   // $name
    PATH_LITERAL,    // value
    PATH_KEY,        // left.name
    PATH_ANY_KEY,    // left.*
    PATH_ANY_DEPTH,  // left.**{from to to}
    PATH_SUBSCRIPTS, // left[items]; an item is an expression or a PATH_RANGE
    PATH_ANY_INDEX,  // left[*]
    PATH_RANGE,      // left to right
    PATH_FILTER,     // left ? (right)
    PATH_METHOD,     // left.name()
    PATH_ARITHMETIC, // left op right: + - * / %
    PATH_SIGN,       // op left: + -
    PATH_COMPARE,    // left op right: = ! < { > } for == != < <= > >=
    PATH_AND,
    PATH_OR,
    PATH_NOT,
    PATH_EXISTS,      // exists(left)
    PATH_STARTS_WITH, // left starts with right
    PATH_LIKE_REGEX,  // left like_regex name flag flags
    PATH_IS_UNKNOWN,  // (left) is unknown
};

struct path_node {
    enum path_kind kind;
    char op;
    struct path_node *left, *right;
    struct path_node *items, *next; // of subscripts
    struct str name, flags;
    uint32_t from, to; // levels; UINT32_MAX: the last
    struct str value;  // encoded JSON
};

struct path {
    bool strict;
    struct path_node *root;
};

static inline bool path_is_predicate(const struct path_node *n)
{
    return n->kind >= PATH_COMPARE;
}

// 42601 when the text is no path.
int path_parse(struct arena *a, struct str text, struct path *out, struct err *err) MUST_CHECK;

// Canonical text: reading it gives the same path.
void path_print(struct buf *out, const struct path *path);

#endif
