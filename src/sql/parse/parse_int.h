// What the lexer, the grammar's actions and the entry points share.
#ifndef SQL_PARSE_PARSE_INT_H
#define SQL_PARSE_PARSE_INT_H

#include "base/err.h"
#include "sql/parse/ast.h"
#include "sql/parse/keywords.h"
#include "sql/parse/lexer.h"
#include "sql/parse/parse.h"

struct parser {
    struct arena *arena;
    struct lexer lexer;
    const struct parse_options *options;
    int start_token;        // START_EXPR or START_TYPE first, else 0
    bool single;            // ';' does not end the text
    bool at_semicolon;      // the statement ended at one
    size_t statement_start; // byte offset of the statement's first token
    size_t statement_end;   // one past its last token
    struct token last;      // the token the grammar read last
    struct ast *result;
    struct ast *into, *into_core; // SELECT INTO: the CREATE_TABLE node to be, and the SELECT_CORE that said so
    size_t n_nodes;
    int n_placeholders;
    int code;            // of the error found, or 0
    const char *message; // syntax error text after "syntax error: ", or NULL
    const char *help;    // statement for the hint, or NULL
    const char *hint;    // overrides help
};

int keyword_token(const struct keyword *k);

// Nodes: MK(p, KIND, name, position, .field = …) is a new node as `struct ast *`. The node is filled where it lies: a
// thousand temporaries would make the automaton's frame huge in builds that do not share their stack slots.
void *parse_node(struct parser *p, size_t size); // uninitialized
#define MK(p, KIND, name, pos, ...) MK_AS(__COUNTER__, p, KIND, name, pos, __VA_ARGS__)
#define MK_AS(id, ...) MK_NAMED(id, __VA_ARGS__) // expands the counter
#define MK_NAMED(id, p, KIND, name, pos, ...)                                       \
    ({                                                                              \
        struct ast_##name *node_##id = parse_node((p), sizeof(*node_##id));         \
        *node_##id = (struct ast_##name){.base = {AST_##KIND, (pos)}, __VA_ARGS__}; \
        &node_##id->base;                                                           \
    })

// Actions (actions.c). `pos` is the position of the construct.
struct ast_list list_of(struct parser *p, struct ast *item); // empty for NULL
struct ast_list list_add(struct parser *p, struct ast_list list, struct ast *item);
struct ast *mk_name(struct parser *p, int pos, struct str name);
struct ast *mk_object(struct parser *p, int pos, struct str database, struct str schema, struct str name);
struct ast *mk_integer(struct parser *p, int pos, int64_t value);
struct ast *mk_number(struct parser *p, int pos, struct str text, bool is_integer);
struct ast *mk_placeholder(struct parser *p, int pos, struct str text);
struct ast *mk_negated(struct parser *p, int pos, struct ast *operand);
struct ast *mk_binary(struct parser *p, int pos, enum ast_op op, struct ast *left, struct ast *right);
struct ast *mk_like(struct parser *p, int pos, enum ast_op op, struct ast *left, struct ast *right, struct ast *escape);
struct ast *mk_logical(struct parser *p, int pos, enum ast_kind kind, struct ast *left, struct ast *right);
struct ast *mk_call(struct parser *p, int pos, const char *name, struct ast_list args);
struct ast *mk_option(struct parser *p, int pos, struct str name, struct ast *value);
struct ast *mk_type(struct parser *p, int pos, const char *name, struct ast_list modifiers);
struct ast *mk_int_type(struct parser *p, int pos);                      // INT, INTEGER: as default_int_size says
struct ast *mk_float_type(struct parser *p, int pos, int64_t precision); // NULL when out of range
struct ast *mk_char_type(struct parser *p, int pos, const char *name, struct ast_list modifiers);
struct ast *mk_named_type(struct parser *p, int pos, struct ast *object, struct ast_list modifiers);
struct ast *mk_text_option(struct parser *p, int pos, const char *name, struct str value);
struct ast *mk_name_tuple(struct parser *p, int pos, struct ast_list names);
struct ast *mk_setting(struct parser *p, int pos, enum ast_set_scope scope, const char *name, struct ast *value);
struct ast *mk_insert(struct parser *p, int pos, struct ast *with, struct ast *table, struct ast *rest,
                      struct ast *on_conflict, struct ast *returning);
struct ast *mk_drop(struct parser *p, int pos, enum ast_object kind, bool if_exists, struct ast_list names,
                    int behavior);
struct ast *mk_alter_object(struct parser *p, int pos, enum ast_object kind, struct ast *name, bool if_exists,
                            enum ast_alter_action action, struct str new_name);
struct ast *mk_fetch(struct parser *p, int pos, enum ast_fetch_direction direction, int64_t count, struct str cursor);
struct ast *mk_control(struct parser *p, int pos, int action, enum ast_controlled what, struct ast *ids,
                       bool if_exists);
// `options` is an INSPECT node with the rest.
struct ast *mk_inspect(struct parser *p, int pos, struct ast *options, struct ast *object, struct ast *as_of);
struct ast *mk_restore(struct parser *p, int pos, struct ast *targets, struct ast *subdirectory, struct ast_list from,
                       struct ast *as_of, struct ast_list options);
struct ast *values_of(struct parser *p, int pos, struct ast *expr); // the query VALUES (expr)
struct ast *query_body(struct ast *query); // the body of a SELECT without other clauses, else the SELECT itself
struct ast *query_of(struct parser *p, struct ast *body); // wraps a body in a SELECT unless it is one
// The statement itself, or the CREATE TABLE AS that its SELECT INTO means; NULL when INTO stands elsewhere than in the
// first SELECT of the statement.
struct ast *select_into(struct parser *p, struct ast *statement);
// Merging of clauses given in any order: NULL, or the name of what was given twice.
const char *merge_index_hint(struct ast_index_hint *into, const struct ast_index_hint *from);
const char *merge_txn_modes(struct ast_txn_modes *into, const struct ast_txn_modes *from);
// NULL, or what is wrong.
const char *check_column_constraints(struct ast_list constraints);
// Columns have types in CREATE TABLE, and none (nor indexes) in CREATE TABLE … AS.
bool check_table_elements(struct ast_list elements, bool create_as);
// An enum ast_index_method, with INDEX_METHOD_HASH for hash; INDEX_METHOD_MISSING when it is known and does not exist
// here; -1 when unknown.
enum { INDEX_METHOD_HASH = 1 << 8, INDEX_METHOD_MISSING = 1 << 9 };
int index_method_of(struct str name);
bool is_role_option(struct str word);
bool is_explain_option(struct str word);
bool is_bare_word(const struct ast_grant *g, const char *word); // a GRANT's only target is this unqualified name
void set_extension_option(struct ast_create_extension *e, const struct ast_option *option);
void set_statistics_options(struct ast_create_statistics *s, struct ast_list options);
int64_t int_of(struct parser *p, struct str text, bool *ok);
struct str str_upper(struct parser *p, struct str s);
struct ast_list upper_names(struct parser *p, struct ast_list names); // changes the NAME nodes in place
struct str str_join(struct parser *p, struct str a, const char *separator, struct str b);

// Record an error at the last token read; the grammar then does YYABORT. Always return 1.
int parse_fail(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3); // "syntax error: …", 42601
int parse_unimplemented(struct parser *p, const char *feature);           // 0A000
// Turns the syntax error at the last token into 0A000 where unimplemented.def knows what is meant.
void parse_name_unimplemented(struct parser *p);

int sql_parse(struct parser *p); // the automaton

#endif
