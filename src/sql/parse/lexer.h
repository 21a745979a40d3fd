// SQL text to tokens, for the grammar and for languages around SQL that take its tokens apart (sql/plpgsql).
// Tokens are those of PostgreSQL's and CockroachDB's lexical rules; comments and space lie between them.
#ifndef SQL_PARSE_LEXER_H
#define SQL_PARSE_LEXER_H

#include "base/arena.h"
#include "base/str.h"

// One token. `text` is its value: folded name, unescaped string, numeral, or spelling; at the end "EOF". For LEX_ERROR
// it is the message.
struct token {
    int id;
    size_t start; // byte offset of its first character in the source
    size_t end;   // one past its last
    int position; // character offset, 1-based
    struct str text;
};

// Token ids beyond the grammar's.
enum { LEX_ERROR = -1 };

struct lexer {
    struct arena *arena;
    struct str in;
    size_t at;
    bool ascii;        // positions need no counting
    size_t counted_to; // bytes up to here hold `counted` characters
    size_t counted;
    struct token peeked[2]; // tokens read ahead, n_peeked of them
    size_t n_peeked;
};

void lexer_init(struct lexer *lx, struct arena *a, struct str in);
// The next token; id 0 at the end of the text, LEX_ERROR on a lexical error. Statements end at ';', returned as itself.
void lexer_next(struct lexer *lx, struct token *t);
// The token `ahead` (0 or 1) places after the current one, left to be read. Valid until the next call.
const struct token *lexer_peek(struct lexer *lx, size_t ahead);

// What a token is, for who does not know the grammar's ids.
enum token_kind {
    TOKEN_END,
    TOKEN_ERROR,
    TOKEN_WORD,   // a keyword or a name without quotes
    TOKEN_QUOTED, // a name in quotes
    TOKEN_STRING,
    TOKEN_PLACEHOLDER,
    TOKEN_OTHER, // numerals, operators, punctuation
};
enum token_kind lexer_kind(const struct lexer *lx, const struct token *t);

#endif
