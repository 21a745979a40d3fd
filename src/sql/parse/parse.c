// The entry points of the parser, the grammar's view of the lexer, and syntax errors in CockroachDB's form.
#include "sql/parse/parse.h"
#include "sql/parse/parse_int.h"
#include "sql/parse/grammar.h"
#include "base/util.h"
#include <stdarg.h>

// The grammar's view of the lexer --------------------------------------------------------------------------------

static bool peek_is(struct parser *p, size_t ahead, const int *ids, size_t n)
{
    int id = lexer_peek(&p->lexer, ahead)->id;
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

#define PEEK_IS(p, ahead, ...) \
    peek_is((p), (ahead), (const int[]){__VA_ARGS__}, ARRAY_LEN(((const int[]){__VA_ARGS__})))

static int not_token(struct parser *p)
{
    switch (lexer_peek(&p->lexer, 0)->id) {
    case K_BETWEEN:
    case K_IN:
    case K_LIKE:
    case K_ILIKE:
    case K_SIMILAR:
        return NOT_LA;
    case K_VISIBLE:
        return NOT_VISIBLE_LA;
    case K_DEFERRABLE:
        return NOT_DEFERRABLE_LA;
    case K_VALID:
        return NOT_VALID_LA;
    default:
        return K_NOT;
    }
}

// ON UPDATE CASCADE is a foreign key's action; ON UPDATE now() a column's expression.
static int on_token(struct parser *p)
{
    bool action = PEEK_IS(p, 0, K_DELETE, K_UPDATE) && PEEK_IS(p, 1, K_NO, K_RESTRICT, K_CASCADE, K_SET);
    return action ? ON_LA : K_ON;
}

// := before an argument is =>.
static int colon_token(struct parser *p)
{
    const struct token *next = lexer_peek(&p->lexer, 0);
    if (next->id != '=' || next->start != p->last.end)
        return ':';
    lexer_next(&p->lexer, &p->last);
    return ARGUMENT;
}

// Words whose role one token of lookahead in the automaton cannot tell.
static int contextual_token(struct parser *p, int id)
{
    switch (id) {
    case K_NOT:
        return not_token(p);
    case K_ON:
        return on_token(p);
    case K_WITH:
        return PEEK_IS(p, 0, K_TIME, K_ORDINALITY, K_BUCKET_COUNT) ? WITH_LA : id;
    case K_AS:
        return PEEK_IS(p, 0, K_OF) ? AS_LA : id;
    case K_GENERATED:
        return PEEK_IS(p, 0, K_ALWAYS, K_BY) ? GENERATED_LA : id;
    case ':':
        return colon_token(p);
    case K_NULLS:
        return PEEK_IS(p, 0, K_FIRST, K_LAST) ? NULLS_LA : id;
    default:
        return id;
    }
}

int sql_lex(SQL_STYPE *value, int *location, struct parser *p)
{
    if (p->start_token != 0) {
        int start = p->start_token;
        p->start_token = 0;
        *location = 1;
        return start;
    }
    struct token *t = &p->last;
    lexer_next(&p->lexer, t);
    value->str = t->text;
    *location = t->position;
    if (t->id == ';' && !p->single) {
        // The statement ends here; the grammar sees the end of its input.
        t->id = 0;
        t->text = STR("EOF");
        p->at_semicolon = true;
    }
    if (t->id == LEX_ERROR)
        return SQL_UNDEF;
    if (t->id != 0)
        p->statement_end = t->end;
    return contextual_token(p, t->id);
}

// Errors ---------------------------------------------------------------------------------------------------------

// Called by the automaton on a token that fits nowhere, and when its stack is full.
void sql_error(int *location, struct parser *p, const char *message)
{
    (void)location;
    if (p->code == 0)
        p->code = strcmp(message, "memory exhausted") == 0 ? ERR_STATEMENT_TOO_COMPLEX : ERR_SYNTAX_ERROR;
}

int parse_fail(struct parser *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    p->message = arena_vprintf(p->arena, fmt, ap).ptr;
    va_end(ap);
    p->code = ERR_SYNTAX_ERROR;
    return 1;
}

int parse_unimplemented(struct parser *p, const char *feature)
{
    p->message = arena_printf(p->arena, "unimplemented: %s is not supported", feature).ptr;
    p->hint = "You have attempted to use a feature that is not yet implemented.";
    p->code = ERR_FEATURE_NOT_SUPPORTED;
    return 1;
}

// Where the statement being parsed ends: at the next ';' or the end of the text. A lexical error hides the ';'.
static size_t end_of_statement(struct parser *p)
{
    struct token t = p->last;
    while (t.id != 0 && t.id != ';' && t.id != LEX_ERROR)
        lexer_next(&p->lexer, &t);
    return t.id == LEX_ERROR ? p->lexer.in.len : t.start;
}

// The source up to the end of the line the error is on, and a caret under the token.
static int add_source(struct parser *p, struct err *err)
{
    size_t at = p->last.start;
    struct str source = str_slice(p->lexer.in, p->statement_start, end_of_statement(p));
    size_t offset = at - p->statement_start;
    size_t line_start = offset, line_end = offset;
    while (line_start > 0 && source.ptr[line_start - 1] != '\n')
        line_start--;
    while (line_end < source.len && source.ptr[line_end] != '\n')
        line_end++;
    return err_detail(err, "source SQL:\n%.*s\n%*s^", (int)line_end, source.ptr, (int)(offset - line_start), "");
}

static int add_hint(struct parser *p, struct err *err)
{
    if (p->hint != NULL)
        return err_hint(err, "%s", p->hint);
    if (p->help != NULL)
        return err_hint(err, "try \\h %s", p->help);
    return err->code;
}

static int report_error(struct parser *p, struct err *err)
{
    if (p->code == ERR_STATEMENT_TOO_COMPLEX) {
        err_set(err, p->code, "stack depth limit exceeded");
        err_hint(err, "The statement is nested more than %d levels deep.", AST_DEPTH_MAX);
        return p->code;
    }
    if (p->last.id == LEX_ERROR)
        err_set(err, p->code, "lexical error: %.*s", STR_FMT(p->last.text));
    else if (p->message != NULL)
        err_set(err, p->code, "at or near \"%.*s\": syntax error: %s", STR_FMT(p->last.text), p->message);
    else
        err_set(err, p->code, "at or near \"%.*s\": syntax error", STR_FMT(p->last.text));
    if (err == NULL)
        return p->code;
    add_source(p, err);
    return add_hint(p, err);
}

// Entry points ---------------------------------------------------------------------------------------------------

// One statement, up to ';' or the end of the text.
static int parse_one(struct parser *p, struct err *err)
{
    p->result = p->into = p->into_core = NULL;
    p->n_nodes = 0;
    p->n_placeholders = 0;
    int rc = sql_parse(p);
    if (rc != 0 && p->code == 0)
        p->code = ERR_STATEMENT_TOO_COMPLEX;
    if (p->code == ERR_SYNTAX_ERROR && p->message == NULL && p->last.id != LEX_ERROR)
        parse_name_unimplemented(p);
    // Fewer nodes than levels allowed cannot be too deep.
    if (rc == 0 && p->n_nodes > AST_DEPTH_MAX && !ast_depth_within(p->result, AST_DEPTH_MAX))
        p->code = ERR_STATEMENT_TOO_COMPLEX;
    return p->code != 0 ? report_error(p, err) : 0;
}

static int check_length(struct str text, struct err *err)
{
    if (text.len <= PARSE_TEXT_BYTES_MAX)
        return 0;
    return err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "statement size %zu MiB bigger than maximum allowed size %zu MiB",
                   text.len >> 20, PARSE_TEXT_BYTES_MAX >> 20);
}

static void parser_init(struct parser *p, struct arena *a, struct str text, const struct parse_options *options)
{
    *p = (struct parser){.arena = a, .options = options};
    lexer_init(&p->lexer, a, arena_str(a, text));
}

int parse_sql(struct arena *a, struct str text, const struct parse_options *options, struct parsed_statements *out,
              struct err *err)
{
    ARENA_VEC(struct parsed_statement) statements = {0};
    *out = (struct parsed_statements){0};
    TRY(check_length(text, err));
    struct parser p;
    parser_init(&p, a, text, options);
    for (;;) {
        const struct token *first = lexer_peek(&p.lexer, 0);
        if (first->id == ';') {
            struct token skipped;
            lexer_next(&p.lexer, &skipped);
            continue;
        }
        if (first->id == 0)
            break;
        p.statement_start = first->start;
        int position = first->position;
        p.at_semicolon = false;
        TRY(parse_one(&p, err));
        struct parsed_statement s = {.ast = p.result,
                                     .text = str_slice(p.lexer.in, p.statement_start, p.statement_end),
                                     .n_placeholders = p.n_placeholders,
                                     .position = position};
        ARENA_PUSH(a, &statements, s);
        if (!p.at_semicolon)
            break;
    }
    *out = (struct parsed_statements){statements.ptr, statements.len};
    return 0;
}

static int parse_fragment(struct arena *a, struct str text, const struct parse_options *options, int start_token,
                          struct ast **out, struct err *err)
{
    *out = NULL;
    TRY(check_length(text, err));
    struct parser p;
    parser_init(&p, a, text, options);
    p.start_token = start_token;
    p.single = true;
    TRY(parse_one(&p, err));
    *out = p.result;
    return 0;
}

int parse_expr(struct arena *a, struct str text, struct ast **out, struct err *err)
{
    return parse_fragment(a, text, NULL, START_EXPR, out, err);
}

int parse_type(struct arena *a, struct str text, const struct parse_options *options, struct ast **out, struct err *err)
{
    return parse_fragment(a, text, options, START_TYPE, out, err);
}
