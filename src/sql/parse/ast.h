// The abstract syntax tree. Nodes are generated from ast.def: `struct ast_select` with kind AST_SELECT, and so on;
// their enumerations from ast_enums.def. Every node begins with `struct ast`. A tree lives in the arena given to the
// parser, is immutable once parsed, and borrows from the statement text's copy in that arena only. Nesting is at most
// AST_DEPTH_MAX, so that recursive passes need no check of their own.
#ifndef SQL_PARSE_AST_H
#define SQL_PARSE_AST_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

// Deepest nesting of nodes; the parser refuses more with 54001. Chains of AND and OR are flat and do not count.
// Printing takes about 400 bytes of stack a level; a pass of up to 500 fits a stack of 256 kB.
#define AST_DEPTH_MAX 400

enum ast_kind {
#define AST(KIND, name, ...) AST_##KIND,
#include "sql/parse/ast.def"
#undef AST
    AST_KIND_COUNT
};

// clang-format off
#define ENUM_BEGIN(type) enum type {
#define VALUE(constant, sql) constant,
#define ENUM_END(type) }; const char *type##_sql(enum type v);
#include "sql/parse/ast_enums.def"
#undef ENUM_BEGIN
#undef VALUE
#undef ENUM_END
// clang-format on

struct ast {
    enum ast_kind kind;
    int position; // 1-based character offset into the source text; 0: none
};

// Built by ast_list_push only: its capacity follows from n.
struct ast_list {
    struct ast **items;
    size_t n;
};

#define NODE(field) struct ast *field;
#define LIST(field) struct ast_list field;
#define TEXT(field) struct str field; // ptr NULL: absent
#define FLAG(field) bool field;
#define INT(field) int64_t field;
#define CHOICE(type, field) enum type field;
#define AST(KIND, name, ...) \
    struct ast_##name {      \
        struct ast base;     \
        __VA_ARGS__          \
    };
#include "sql/parse/ast.def"
#undef AST
#undef NODE
#undef LIST
#undef TEXT
#undef FLAG
#undef INT
#undef CHOICE

// Checked downcasts: `const struct ast_select *s = ast_as_select(node)`. The node must be of that kind.
#define AST(KIND, name, ...)                                                  \
    static inline const struct ast_##name *ast_as_##name(const struct ast *n) \
    {                                                                         \
        INVARIANT(n->kind == AST_##KIND);                                     \
        return (const struct ast_##name *)n;                                  \
    }
#include "sql/parse/ast.def"
#undef AST

static inline bool ast_is(const struct ast *n, enum ast_kind kind)
{
    return n != NULL && n->kind == kind;
}

// Comparisons give BOOL; the other operators are arithmetic.
static inline bool ast_op_is_comparison(enum ast_op op)
{
    return op >= AST_OP_EQ;
}

// A zeroed node of the kind's size.
struct ast *ast_new(struct arena *a, enum ast_kind kind, int position);
// Typed form: `struct ast_select *s = AST_NEW(a, SELECT, select, position)`.
#define AST_NEW(a, KIND, name, position) ((struct ast_##name *)ast_new((a), AST_##KIND, (position)))
void ast_list_push(struct arena *a, struct ast_list *list, struct ast *item);

// Reflection -----------------------------------------------------------------------------------------------------
enum ast_field_type {
    AST_FIELD_END,
    AST_FIELD_NODE,
    AST_FIELD_LIST,
    AST_FIELD_TEXT,
    AST_FIELD_FLAG,
    AST_FIELD_INT,
    AST_FIELD_CHOICE
};

struct ast_field {
    enum ast_field_type type;
    size_t offset;
    const char *name;
    const char *(*choice_sql)(int value); // CHOICE only
};

const char *ast_kind_name(enum ast_kind kind); // "select", as in ast.def
// The fields in order, ended by AST_FIELD_END.
const struct ast_field *ast_fields(enum ast_kind kind);
// Calls `visit` on the node and, where it returns true, on all its descendants in order. NULL is not visited.
void ast_walk(struct ast *n, bool (*visit)(void *arg, struct ast *n), void *arg);
// Structural equality; positions are not compared. NULL equals NULL.
bool ast_equal(const struct ast *a, const struct ast *b);
// Deep copy, text included, into another arena.
struct ast *ast_copy(struct arena *a, const struct ast *n);
// An indented listing for debugging and tests.
void ast_dump(struct buf *out, const struct ast *n);
// True when no path is longer than `max` nodes.
bool ast_depth_within(const struct ast *n, int max);

// Statements -----------------------------------------------------------------------------------------------------
// The command tag without row counts: "SELECT", "INSERT", "CREATE TABLE", "DROP VIEW", "BEGIN" …
const char *ast_tag(const struct ast *statement);
bool ast_is_ddl(const struct ast *statement);         // changes the schema, roles or privileges
bool ast_returns_rows(const struct ast *statement);   // has a RowDescription
bool ast_is_read_only(const struct ast *statement);   // allowed in a READ ONLY transaction
bool ast_is_txn_control(const struct ast *statement); // BEGIN, COMMIT, SAVEPOINT … : run by the session itself

#endif
