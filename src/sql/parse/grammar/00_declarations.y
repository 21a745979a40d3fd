// The grammar of CockroachDB's SQL dialect: LALR(1), no conflicts. It builds the syntax tree and decides nothing else.
// Assembled by gen_grammar.py from the parts in grammar/, in the order of their numbers. Invariants:
//   1. Lists are left recursive, so the parser's stack does not grow with their length.
//   2. Every production whose first word names a statement has an `error` twin that names the statement for the hint;
//      it only runs after yyerror and always ends the parse.
//   3. Tokens with the suffix _LA are words whose meaning depends on the next word; the lexer side (parse.c) tells them.
%code requires {
#include "sql/parse/parse_int.h"
}
%code provides {
int sql_lex(SQL_STYPE *value, SQL_LTYPE *location, struct parser *p);
void sql_error(SQL_LTYPE *location, struct parser *p, const char *message);
}
%define api.pure full
%define api.location.type {int}
%define api.prefix {sql_}
%locations
%parse-param {struct parser *p}
%lex-param {struct parser *p}
%expect 0

%union {
    struct str str;
    struct ast *node;
    struct ast_list list;
    int64_t integer;
    int choice;
    bool flag;
}

%code {
#include "sql/parse/grammar.h"
// The position of a construct is that of its first token.
#define YYLLOC_DEFAULT(current, rhs, n) ((current) = (n) > 0 ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))
#define YYLTYPE_IS_TRIVIAL 1
#define YYSTYPE_IS_TRIVIAL 1
#define YYMAXDEPTH 10000

#define NODE(KIND, name, pos, ...) MK(p, KIND, name, pos, __VA_ARGS__)
#define LIST1(item) list_of(p, item)
#define PUSH(list, item) list_add(p, list, item)
#define AS(name, node) ((struct ast_##name *)(node))
#define HELP(statement)        \
    do {                       \
        p->help = (statement); \
        YYABORT;               \
    } while (0)
#define FAIL(...)                  \
    do {                           \
        parse_fail(p, __VA_ARGS__); \
        YYABORT;                   \
    } while (0)
#define UNIMPLEMENTED(feature)           \
    do {                                 \
        parse_unimplemented(p, feature); \
        YYABORT;                         \
    } while (0)




}

@TOKENS@
%token <str> IDENT "identifier" SCONST "string" BCONST "bytes" BITCONST "bit string" ICONST "integer" FCONST "number"
%token <str> PLACEHOLDER_NUMBER "placeholder"
%token START_EXPR START_TYPE
%token NOT_LA WITH_LA AS_LA GENERATED_LA NULLS_LA ON_LA NOT_VISIBLE_LA NOT_DEFERRABLE_LA NOT_VALID_LA
%token TYPECAST "::" ANNOTATION ":::" NOT_EQUALS "!=" LESS_EQUALS "<=" GREATER_EQUALS ">=" FLOORDIV "//"
%token LSHIFT "<<" RSHIFT ">>" CONCAT "||" SQRT "|/" CBRT "||/" GET "->" GET_TEXT "->>" PATH "#>" PATH_TEXT "#>>"
%token DELETE_PATH "#-" CONTAINS "@>" CONTAINED_BY "<@" CONTAINED_BY_EQ "<<=" CONTAINS_EQ ">>=" OVERLAPS_OP "&&"
%token SOME_EXISTS "?|" ALL_EXISTS "?&" TEXT_MATCH "@@" PATH_EXISTS "@?" DISTANCE "<->" COS_DISTANCE "<=>"
%token NEG_PRODUCT "<#>" NOT_REGEX "!~" REGEX_I "~*" NOT_REGEX_I "!~*" LIKE_OP "~~" NOT_LIKE_OP "!~~" ILIKE_OP "~~*"
%token ARGUMENT "=>" NOT_ILIKE_OP "!~~*" TEXT_NOT "!!" WORD_DISTANCE "<<->" WORD_DISTANCE_OF "<->>" STRICT_WORD_DISTANCE "<<<->"
%token STRICT_WORD_DISTANCE_OF "<->>>" WORD_SIMILAR "<%" WORD_SIMILAR_OF "%>" STRICT_WORD_SIMILAR "<<%"
%token STRICT_WORD_SIMILAR_OF "%>>"

// Lowest to highest.
%precedence NO_IF // a name that could begin with IF: IF [NOT] EXISTS wins
%precedence "IF"
%precedence NO_PERSISTENCE // SELECT INTO a name that could be TEMP …: the word wins
%precedence "TEMPORARY" "TEMP" "LOCAL" "GLOBAL" "UNLOGGED"
%precedence "SET" // ends the table of UPDATE rather than being its alias
%left "UNION" "EXCEPT"
%left "INTERSECT"
%left "OR"
%left "AND"
%precedence "NOT"
%nonassoc "IS" "ISNULL" "NOTNULL"
%nonassoc '<' '>' '=' "<=" ">=" "!="
%nonassoc '~' "BETWEEN" "IN" "LIKE" "ILIKE" "SIMILAR" "!~" "~*" "!~*" "~~" "!~~" "~~*" "!~~*" NOT_LA
%precedence "ESCAPE"
%nonassoc "@>" "<@" '?' "?|" "?&" "@@" "@?" "<%" "%>" "<<%" "%>>"
%precedence "UNBOUNDED" // in a frame, the word rather than a column of that name
%precedence "PARTITION" "RANGE" "ROWS" "GROUPS" "PRECEDING" "FOLLOWING" // begin a clause rather than name a window
%left "||" "->" "->>" "#>" "#>>" "#-" "<->" "<=>" "<#>" "<<->" "<->>" "<<<->" "<->>>" "OPERATOR"
%left '|'
%left '#'
%left '&'
%left "<<" ">>" "<<=" ">>=" "&&" "|/" "||/"
%left '+' '-'
%left '*' '/' "//" '%'
%left '^'
%left "AT"
%precedence "COLLATE"
%precedence UMINUS
%precedence ')'
%precedence ":::"
%precedence "::"
%left "JOIN" "CROSS" "LEFT" "FULL" "RIGHT" "INNER" "NATURAL"

