// PL/pgSQL: the text of a body to a tree. PostgreSQL 15's language (chapter 43 of its manual), with its errors.
//
// The tree knows names and SQL, not types: which table or type a declaration means, and what a statement does, is found
// by who runs it (sql/session). Names of variables are resolved here, and each piece of SQL carries the names that are
// visible to it. Everything lives in the arena; the tree is immutable. Thread-safe: no state outside the arguments.
#ifndef SQL_PLPGSQL_PLPGSQL_H
#define SQL_PLPGSQL_PLPGSQL_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/parse/ast.h"
#include "sql/parse/parse.h"

// ---- names

// A name in sight: of a variable, or of a block, whose variables are those after it. A chain from the innermost.
struct pl_name {
    const struct pl_name *outer;
    struct str name;
    bool is_label; // of a block; empty when it has none
    bool is_loop;
    uint32_t variable;
};
// The variable that a name of n_parts parts begins with; *used: the parts that name it, the rest are fields.
bool pl_find_variable(const struct pl_name *names, const struct str *parts, size_t n_parts, uint32_t *variable,
                      size_t *used);

// ---- SQL in a body

enum pl_sql_kind { PL_SQL_EXPRESSION, PL_SQL_QUERY, PL_SQL_STATEMENT };
struct pl_sql {
    enum pl_sql_kind kind;
    struct str text;       // as written, for error texts
    const struct ast *ast; // a SELECT for an expression
    uint32_t number;       // each piece of a body has its own, from 0
    int line;
    const struct pl_name *names;
};

// ---- variables

enum pl_variable_kind {
    PL_VARIABLE,        // of `type`
    PL_VARIABLE_RECORD, // RECORD: what is assigned says its fields
    PL_VARIABLE_LIKE,   // name%TYPE
    PL_VARIABLE_ROW,    // name%ROWTYPE
    PL_VARIABLE_CURSOR, // bound to a query
    PL_VARIABLE_GIVEN,  // a parameter, or one that is always there: its type is the caller's to know
    PL_VARIABLE_INT,    // made here: FOR i IN 1..10; the text of SQLSTATE and SQLERRM
    PL_VARIABLE_TEXT,
    PL_VARIABLE_ANY, // CASE x: of the type of x
};
struct pl_variable {
    struct str name;
    int line;
    enum pl_variable_kind kind;
    const struct ast *type; // PL_VARIABLE
    struct str like[3];     // %TYPE, %ROWTYPE
    size_t n_like;
    int like_variable; // %TYPE of a variable; -1: of a column
    const struct pl_sql *default_value;
    bool constant, not_null;
    const struct pl_sql *cursor; // its query
    const uint32_t *cursor_arguments;
    size_t n_cursor_arguments;
};

// What can be assigned to: a variable, its field, an element of it …
struct pl_step {
    struct str field; // or else [index] or [index:to]
    const struct pl_sql *index, *to;
};
struct pl_target {
    uint32_t variable;
    const struct pl_step *steps;
    size_t n_steps;
    int line;
};
struct pl_targets {
    const struct pl_target *items;
    size_t n; // 0: nothing is assigned
    bool strict;
};

// ---- statements

struct pl_statement;
struct pl_body {
    struct pl_statement *const *items;
    size_t n;
};

struct pl_condition {
    bool others;
    int code; // of a class (…000): all of it
};
struct pl_handler {
    const struct pl_condition *conditions;
    size_t n_conditions;
    struct pl_body body;
    int line;
};

enum pl_statement_kind {
#define PL_STATEMENT(KIND, name) PL_##KIND,
#include "sql/plpgsql/statements.def"
#undef PL_STATEMENT
    PL_STATEMENT_COUNT
};
// As CONTEXT calls it: "assignment", "SQL statement".
const char *pl_statement_name(const struct pl_statement *s);

struct pl_branch { // IF, CASE; condition NULL: ELSE
    const struct pl_sql *condition;
    struct pl_body body;
};
enum pl_level { PL_DEBUG, PL_LOG, PL_INFO, PL_NOTICE, PL_WARNING, PL_EXCEPTION };
enum pl_raise_option {
    PL_RAISE_MESSAGE,
    PL_RAISE_DETAIL,
    PL_RAISE_HINT,
    PL_RAISE_ERRCODE,
    PL_RAISE_COLUMN,
    PL_RAISE_CONSTRAINT,
    PL_RAISE_DATATYPE,
    PL_RAISE_TABLE,
    PL_RAISE_SCHEMA,
    PL_RAISE_OPTION_COUNT
};
enum pl_diagnostic {
#define PL_DIAGNOSTIC(KIND, name, stacked) PL_DIAGNOSTIC_##KIND,
#include "sql/plpgsql/diagnostics.def"
#undef PL_DIAGNOSTIC
    PL_DIAGNOSTIC_COUNT
};
struct pl_diagnostic_item {
    enum pl_diagnostic what;
    struct pl_target target;
};
enum pl_fetch_direction { PL_FETCH_FORWARD, PL_FETCH_BACKWARD, PL_FETCH_ABSOLUTE, PL_FETCH_RELATIVE };

struct pl_statement {
    enum pl_statement_kind kind;
    int line;
    struct str label; // of blocks and loops; empty: none
    union {
        struct {                       // BLOCK
            const uint32_t *variables; // declared here
            size_t n_variables;
            struct pl_body body;
            const struct pl_handler *handlers;
            size_t n_handlers;
            uint32_t sqlstate, sqlerrm; // variables, when there are handlers
        } block;
        struct { // ASSIGN
            struct pl_target target;
            const struct pl_sql *value;
        } assign;
        struct { // IF; CASE without an operand
            const struct pl_branch *branches;
            size_t n_branches;
            const struct pl_sql *operand; // CASE x: goes into `variable`, and the branches compare
            uint32_t variable;
            bool has_else;
        } branches;
        struct { // LOOP, WHILE
            const struct pl_sql *condition;
            struct pl_body body;
        } loop;
        struct { // FOR i IN a..b
            uint32_t variable;
            const struct pl_sql *from, *to, *by;
            bool reverse;
            struct pl_body body;
        } for_integer;
        struct { // FOR row IN query, EXECUTE text, cursor
            struct pl_targets targets;
            const struct pl_sql *query; // or the text
            const struct pl_sql *const *arguments;
            size_t n_arguments;
            uint32_t cursor;
            struct pl_body body;
        } for_query;
        struct {
            struct pl_targets targets;
            int64_t slice;
            const struct pl_sql *array;
            struct pl_body body;
        } foreach;
        struct { // EXIT, CONTINUE
            bool is_continue;
            const struct pl_sql *condition; // NULL: always
        } exit;
        struct {                        // RETURN, RETURN NEXT, RETURN QUERY, RETURN QUERY EXECUTE, PERFORM, CALL
            const struct pl_sql *value; // NULL: none
            const struct pl_sql *const *arguments;
            size_t n_arguments;
            struct pl_targets targets; // CALL: of output parameters, as they are found
        } use;
        struct {
            enum pl_level level;
            bool again;           // RAISE alone
            int code;             // 0: not given
            struct str condition; // its name or text
            struct str format;    // ptr NULL: none
            const struct pl_sql *const *arguments;
            size_t n_arguments;
            const struct pl_sql *options[PL_RAISE_OPTION_COUNT];
        } raise;
        struct {
            const struct pl_sql *condition, *message;
        } assert;
        struct { // SQL, EXECUTE
            const struct pl_sql *sql;
            struct pl_targets into;
            const struct pl_sql *const *arguments;
            size_t n_arguments;
        } sql;
        struct {
            bool stacked;
            const struct pl_diagnostic_item *items;
            size_t n_items;
        } diagnostics;
        struct { // OPEN, FETCH, MOVE, CLOSE
            uint32_t variable;
            const struct pl_sql *query; // OPEN c FOR query, or FOR EXECUTE text
            bool dynamic;
            const struct pl_sql *const *arguments;
            size_t n_arguments;
            enum pl_fetch_direction direction;
            const struct pl_sql *count; // FETCH; NULL: fixed_count
            int64_t fixed_count;        // INT64_MAX: ALL
            bool move;
            struct pl_targets targets;
        } cursor;
    };
};

// ---- functions

enum pl_conflict { PL_CONFLICT_ERROR, PL_CONFLICT_VARIABLE, PL_CONFLICT_COLUMN }; // #variable_conflict

// What the body is of.
struct pl_input {
    struct str body;
    struct str name;                // of the function; empty: DO
    const struct str *given;        // names of the variables that are there, empty: none; the first are parameters,
    size_t n_given, n_parameters;   // also known as $1 …
    bool returns_set, returns_void; // procedures and DO are void
    bool has_outputs;               // OUT parameters, columns of a table
    bool procedure, trigger;
    const struct parse_options *options;
};
struct pl_function {
    const struct pl_variable *variables; // the given ones first
    size_t n_variables;
    const struct pl_sql *const *sql; // by number
    size_t n_sql;
    const struct pl_statement *block;
    enum pl_conflict conflict;
};

// Errors: 42601 and those of the parser of SQL; 42704 for unknown conditions; 42804 for a RETURN that does not fit.
int pl_parse(struct arena *a, const struct pl_input *input, struct pl_function *out, struct err *err) MUST_CHECK;

// The code of a condition's name, 0: there is none. A name may stand for several: *at counts them, from 0.
int pl_condition_code(struct str name, size_t *at);
// The first name of a code; NULL: none.
const char *pl_condition_name(int code);

#endif
