// What the printer's files share. Each node kind has a function print_<name>; they are declared here from ast.def and
// live in the print_*.c file of their subject.
#ifndef SQL_PARSE_PRINT_INT_H
#define SQL_PARSE_PRINT_INT_H

#include "sql/parse/ast.h"
#include "sql/parse/ast_print.h"

// What is done with constants: not to numbers that are none.
#define PRINT_CONSTANTS (unsigned)(AST_PRINT_HIDE_CONSTANTS | AST_PRINT_MARK_CONSTANTS | AST_PRINT_REDACT_CONSTANTS)

struct printer {
    struct buf *out;
    unsigned flags;
};

#define AST(KIND, name, ...) void print_##name(struct printer *pr, const struct ast_##name *n);
#include "sql/parse/ast.def"
#undef AST

void print_node(struct printer *pr, const struct ast *n);
void print_operand(struct printer *pr, const struct ast *n);    // in parentheses when it is an operator
void print_restricted(struct printer *pr, const struct ast *n); // in parentheses unless a b_expr

// Formatted output. %n struct ast *, %o the same as operand (parenthesized when an operator), %b the same where only a
// restricted expression may stand, %L struct ast_list separated by ", ", %i struct str as identifier, %q struct str as
// string literal, %t struct str as it is, %u struct str in upper case, %w struct str as a word in upper case or, where
// it is none, as identifier, %s C string, %d int64_t.
void emit(struct printer *pr, const char *fmt, ...);
// The same, only when the condition holds; the macros test what the one argument is made of.
#define emit_if(pr, cond, ...)       \
    do {                             \
        if (cond)                    \
            emit((pr), __VA_ARGS__); \
    } while (0)
#define emit_node(pr, fmt, node) emit_if(pr, (node) != NULL, fmt, (node))
#define emit_list(pr, fmt, list) emit_if(pr, (list).n > 0, fmt, (list))
#define emit_text(pr, fmt, text) emit_if(pr, (text).ptr != NULL, fmt, (text))
// A choice's SQL text after a space, unless empty.
void emit_choice(struct printer *pr, const char *sql);

// A word held in upper case, or quoted where it is none.
void print_upper_word(struct buf *out, struct str s);
// A dotted name, part by part.
void print_setting_name(struct printer *pr, struct str name);
// Options written as words: "INCREMENT 2 NO CYCLE".
void print_word_options(struct printer *pr, struct ast_list options);

#endif
