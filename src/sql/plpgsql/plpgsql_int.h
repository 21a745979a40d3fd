// Private to the parser of PL/pgSQL.
#ifndef SQL_PLPGSQL_PLPGSQL_INT_H
#define SQL_PLPGSQL_PLPGSQL_INT_H

#include "sql/parse/lexer.h"
#include "sql/plpgsql/plpgsql.h"

struct pl_parser {
    struct arena *arena;
    const struct pl_input *input;
    struct lexer lexer;
    struct token t; // the current one
    const struct pl_name *names;
    ARENA_VEC(struct pl_variable) variables;
    ARENA_VEC(const struct pl_sql *) sql;
    enum pl_conflict conflict;
    uint32_t depth;    // of statements in statements
    uint32_t handlers; // that the current statement is inside of
    size_t counted_to; // lines are counted up to here
    int counted_line;
};

// ---- tokens (scan.c)

void pl_advance(struct pl_parser *p);
bool pl_is_word(const struct pl_parser *p, const char *word); // the current token, in lower case
bool pl_is(const struct pl_parser *p, const char *spelling);  // punctuation
bool pl_is_name(const struct pl_parser *p);                   // a word or a quoted name
bool pl_take_word(struct pl_parser *p, const char *word);     // and goes on
bool pl_take(struct pl_parser *p, const char *spelling);
bool pl_at_assign(const struct pl_parser *p); // = or :=
void pl_skip_assign(struct pl_parser *p);
bool pl_at_range(const struct pl_parser *p);         // ..
int pl_line(struct pl_parser *p);                    // of the current token
int pl_syntax(struct pl_parser *p, struct err *err); // syntax error at or near "…"
int pl_error(struct pl_parser *p, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4); // … at or near "…"
int pl_expect_word(struct pl_parser *p, const char *word, struct err *err) MUST_CHECK;
int pl_expect(struct pl_parser *p, const char *spelling, struct err *err) MUST_CHECK;
int pl_take_name(struct pl_parser *p, struct str *out, struct err *err) MUST_CHECK;

// Source text from the current token up to one of the words or spellings (separated by spaces) outside of parentheses,
// which is the current token then; ".." among them is a range. `what` is missing when the text is empty, `until`
// when the body or statement ends before it.
struct pl_text {
    struct str text;
    int line;
};
int pl_take_text(struct pl_parser *p, const char *ends, const char *what, const char *until, struct pl_text *out,
                 struct err *err) MUST_CHECK;

// ---- SQL (sql.c)

int pl_make_sql(struct pl_parser *p, enum pl_sql_kind kind, struct pl_text text, const struct pl_sql **out,
                struct err *err) MUST_CHECK;
int pl_take_expression(struct pl_parser *p, const char *ends, const char *until, const struct pl_sql **out,
                       struct err *err) MUST_CHECK;
// expr, expr … up to one of the ends.
struct pl_list {
    ARENA_VEC(const struct pl_sql *) v;
};
int pl_take_expressions(struct pl_parser *p, const char *ends, struct pl_list *out, struct err *err) MUST_CHECK;
// The arguments of a cursor, after the parenthesis: by position, or name := expr; in the order of its declaration.
int pl_take_cursor_arguments(struct pl_parser *p, const struct pl_variable *cursor, struct pl_list *out,
                             struct err *err) MUST_CHECK;
// USING expr, expr …, when it is there.
int pl_take_using(struct pl_parser *p, const char *ends, struct pl_list *out, struct err *err) MUST_CHECK;
// A statement up to ';', without the INTO that it may have.
int pl_take_statement(struct pl_parser *p, const struct pl_sql **out, struct pl_targets *into,
                      struct err *err) MUST_CHECK;
int pl_take_target(struct pl_parser *p, struct pl_target *out, struct err *err) MUST_CHECK;
int pl_take_targets(struct pl_parser *p, struct pl_targets *out, struct err *err) MUST_CHECK; // of INTO, FOR
// Whether an assignment begins here.
bool pl_at_assignment(struct pl_parser *p);

// ---- names and variables (declare.c)

uint32_t pl_add_variable(struct pl_parser *p, struct pl_variable v); // without a name in sight
void pl_add_name(struct pl_parser *p, struct str name, uint32_t variable);
void pl_open_scope(struct pl_parser *p, struct str label, bool loop);
const struct pl_name *pl_find_label(const struct pl_parser *p, struct str label);
int pl_declarations(struct pl_parser *p, const uint32_t **variables, size_t *n, struct err *err) MUST_CHECK;

// ---- statements (statements.c)

int pl_take_block(struct pl_parser *p, struct str label, struct pl_statement **out, struct err *err) MUST_CHECK;
int pl_take_label(struct pl_parser *p, struct str *out, struct err *err) MUST_CHECK; // <<label>>, or none
// Statements up to one of the words, which is the current token then.
int pl_take_body(struct pl_parser *p, const char *ends, struct pl_body *out, struct err *err) MUST_CHECK;
struct pl_statement *pl_statement_new(struct pl_parser *p, enum pl_statement_kind kind, int line);
int pl_end_of_statement(struct pl_parser *p, struct err *err) MUST_CHECK; // ;
// The statement that begins with this word; *found: there is one. The files of statements have a part each.
typedef int (*pl_taker)(struct pl_parser *p, struct pl_statement *s, struct err *err);
struct pl_taking {
    const char *word;
    enum pl_statement_kind kind;
    pl_taker take;
};
extern const struct pl_taking pl_loop_takings[], pl_effect_takings[]; // loops.c, effects.c; word NULL at the end

#endif
