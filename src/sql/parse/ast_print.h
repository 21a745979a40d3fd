// Syntax trees to canonical SQL text: upper-case keywords, identifiers quoted only where they must be, operators
// parenthesized where nested. Printing and parsing again gives an equal tree.
#ifndef SQL_PARSE_AST_PRINT_H
#define SQL_PARSE_AST_PRINT_H

#include "base/buf.h"
#include "base/str.h"
#include "sql/parse/ast.h"

enum ast_print_flag {
    AST_PRINT_DEFAULT = 0,
    AST_PRINT_HIDE_CONSTANTS = 1 << 0,   // constants and placeholders as _; long lists cut: for statement fingerprints
    AST_PRINT_PASSWORDS = 1 << 1,        // passwords in clear; else PASSWORD '*****'
    AST_PRINT_QUALIFY_NONE = 1 << 2,     // table names without database and schema
    AST_PRINT_PORTABLE = 1 << 3,         // as PostgreSQL reads it: no databases, text for STRING, '' in strings, casts
    AST_PRINT_MARK_CONSTANTS = 1 << 4,   // ‹1›: what redaction takes away
    AST_PRINT_REDACT_CONSTANTS = 1 << 5, // ‹×›
};

// Any node: a statement, a query, an expression, a type, a name.
void ast_print(struct buf *out, const struct ast *node, unsigned flags);
// An identifier, in double quotes when it is not a plain lower-case word or is a reserved keyword.
void print_identifier(struct buf *out, struct str name);
// A string literal: '…', or e'…' when it holds characters that need escapes.
void print_string_literal(struct buf *out, struct str value);

#endif
