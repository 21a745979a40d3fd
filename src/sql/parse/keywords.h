// The keyword table: what the lexer recognizes, what identifiers must be quoted for, what pg_get_keywords lists.
#ifndef SQL_PARSE_KEYWORDS_H
#define SQL_PARSE_KEYWORDS_H

#include "base/base.h"
#include "base/str.h"

enum keyword_category { KEYWORD_UNRESERVED, KEYWORD_COLUMN_NAME, KEYWORD_TYPE_OR_FUNCTION, KEYWORD_RESERVED };

struct keyword {
    struct str word; // lower case
    enum keyword_category category;
    bool bare_label; // may be a column label without AS
};

// All keywords, sorted by word.
const struct keyword *keyword_table(size_t *n);
// The keyword with this lower-case spelling, or NULL.
const struct keyword *keyword_find(struct str word);

#endif
