// SQL text to syntax trees. CockroachDB's dialect: its lexical rules, keywords and grammar, and its syntax errors.
// Thread-safe: no state outside the arena and the arguments.
#ifndef SQL_PARSE_PARSE_H
#define SQL_PARSE_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/parse/ast.h"

// Longest statement text; longer ones are refused with 54000.
#define PARSE_TEXT_BYTES_MAX ((size_t)16 << 20)

struct parsed_statement {
    struct ast *ast;
    struct str text;    // its slice of the source, without ';' and surrounding space; lives in the arena
    int n_placeholders; // the highest $n
    int position;       // 1-based character offset of `text` in the whole source
};

// Session settings that change how text is read. NULL wherever it is taken: the defaults.
struct parse_options {
    int default_int_size;  // what INT and INTEGER mean: 8 (or 0), or 4
    bool integer_division; // a / b: AST_OP_QUOTIENT
};

struct parsed_statements {
    struct parsed_statement *items;
    size_t n;
};

// Parses statements separated by ';'; empty ones leave nothing. Everything made lives in `a`, and so does a copy of
// what the nodes need of the text. Positions count from the start of `text`.
// Errors: 42601 with CockroachDB's message, DETAIL and HINT; 54001 too deeply nested; 54000 too long;
// 0A000 for constructs that CockroachDB knows and refuses in its parser.
int parse_sql(struct arena *a, struct str text, const struct parse_options *options, struct parsed_statements *out,
              struct err *err) MUST_CHECK;
// One expression, as stored for defaults, checks, partial indexes and computed columns.
int parse_expr(struct arena *a, struct str text, struct ast **out, struct err *err) MUST_CHECK;
// One type name: a TYPE_NAME node.
int parse_type(struct arena *a, struct str text, const struct parse_options *options, struct ast **out,
               struct err *err) MUST_CHECK;

#endif
