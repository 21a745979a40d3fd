// Finds out whether SQL text typed so far is complete: knows quotes, comments and dollar strings, nothing of grammar.
// Fed piece by piece; a piece must not end inside a token other than a string or block comment (whole lines do not).
#ifndef CLI_SCAN_INT_H
#define CLI_SCAN_INT_H

#include "base/base.h"
#include "base/str.h"

enum scan_state {
    SCAN_STATE_NORMAL,
    SCAN_STATE_STRING,         // '…', doubled quotes inside
    SCAN_STATE_ESCAPED_STRING, // e'…' or b'…', backslash escapes inside
    SCAN_STATE_IDENTIFIER,     // "…"
    SCAN_STATE_BLOCK_COMMENT,
    SCAN_STATE_DOLLAR_STRING,
};

struct sql_scanner {
    enum scan_state state;
    int comment_depth;
    char dollar_tag[72]; // "$tag$"
    size_t dollar_tag_len;
    bool in_statement; // a token was seen since the last semicolon
    bool complete;     // the last token was a semicolon
    int statements;    // statements ended by a semicolon so far
};

void sql_scanner_reset(struct sql_scanner *scanner);
void sql_scan(struct sql_scanner *scanner, struct str text);
// Nothing but white space, comments and semicolons so far.
static inline bool sql_scanner_empty(const struct sql_scanner *scanner)
{
    return !scanner->in_statement && scanner->statements == 0 && scanner->state == SCAN_STATE_NORMAL;
}

#endif
