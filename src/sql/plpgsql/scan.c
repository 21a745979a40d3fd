// The tokens of a body as its parser sees them, and runs of text that are SQL's.
#include "sql/plpgsql/plpgsql_int.h"
#include <stdarg.h>
#include <stdio.h>

void pl_advance(struct pl_parser *p)
{
    lexer_next(&p->lexer, &p->t);
}

bool pl_is_word(const struct pl_parser *p, const char *word)
{
    return lexer_kind(&p->lexer, &p->t) == TOKEN_WORD && str_eqc(p->t.text, word);
}

bool pl_is(const struct pl_parser *p, const char *spelling)
{
    return lexer_kind(&p->lexer, &p->t) == TOKEN_OTHER && str_eqc(p->t.text, spelling);
}

bool pl_is_name(const struct pl_parser *p)
{
    enum token_kind kind = lexer_kind(&p->lexer, &p->t);
    return kind == TOKEN_WORD || kind == TOKEN_QUOTED;
}

bool pl_take_word(struct pl_parser *p, const char *word)
{
    bool found = pl_is_word(p, word);
    if (found)
        pl_advance(p);
    return found;
}

bool pl_take(struct pl_parser *p, const char *spelling)
{
    bool found = pl_is(p, spelling);
    if (found)
        pl_advance(p);
    return found;
}

static int byte_at(const struct pl_parser *p, size_t at)
{
    return at < p->lexer.in.len ? (unsigned char)p->lexer.in.ptr[at] : -1;
}

bool pl_at_assign(const struct pl_parser *p)
{
    return pl_is(p, "=") || (pl_is(p, ":") && byte_at(p, p->t.start + 1) == '=');
}

void pl_skip_assign(struct pl_parser *p)
{
    if (pl_is(p, ":"))
        pl_advance(p);
    pl_advance(p);
}

bool pl_at_range(const struct pl_parser *p)
{
    return byte_at(p, p->t.start) == '.' && byte_at(p, p->t.start + 1) == '.' && p->t.id != 0;
}

int pl_line(struct pl_parser *p)
{
    if (p->t.start < p->counted_to) {
        p->counted_to = 0;
        p->counted_line = 1;
    }
    for (; p->counted_to < p->t.start; p->counted_to++)
        p->counted_line += p->lexer.in.ptr[p->counted_to] == '\n';
    return p->counted_line;
}

// ---- errors

static int at_token(struct pl_parser *p, const char *what, struct err *err)
{
    if (p->t.id == LEX_ERROR)
        return err_set(err, ERR_SYNTAX_ERROR, "lexical error: %.*s", STR_FMT(p->t.text));
    if (p->t.id == 0)
        return err_set(err, ERR_SYNTAX_ERROR, "%s at end of input", what);
    return err_set(err, ERR_SYNTAX_ERROR, "%s at or near \"%.*s\"", what,
                   STR_FMT(str_slice(p->lexer.in, p->t.start, p->t.end)));
}

int pl_syntax(struct pl_parser *p, struct err *err)
{
    return at_token(p, "syntax error", err);
}

int pl_error(struct pl_parser *p, struct err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str what = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    return at_token(p, what.ptr, err);
}

int pl_expect_word(struct pl_parser *p, const char *word, struct err *err)
{
    return pl_take_word(p, word) ? 0 : pl_syntax(p, err);
}

int pl_expect(struct pl_parser *p, const char *spelling, struct err *err)
{
    return pl_take(p, spelling) ? 0 : pl_syntax(p, err);
}

int pl_take_name(struct pl_parser *p, struct str *out, struct err *err)
{
    if (!pl_is_name(p))
        return pl_syntax(p, err);
    *out = p->t.text;
    pl_advance(p);
    return 0;
}

// ---- runs of text

static bool at_end(struct pl_parser *p, const char *ends)
{
    bool name = lexer_kind(&p->lexer, &p->t) == TOKEN_WORD;
    bool other = lexer_kind(&p->lexer, &p->t) == TOKEN_OTHER;
    for (const char *at = ends; *at != '\0'; at += *at == ' ') {
        size_t len = strcspn(at, " ");
        struct str end = {at, len};
        at += len;
        if (str_eqc(end, "..")   ? pl_at_range(p)
            : str_eqc(end, ":=") ? pl_at_assign(p)
                                 : (name || other) && str_eq(end, p->t.text))
            return true;
    }
    return false;
}

// How a token changes how deep the next one is in parentheses; CASE … END has WHEN, THEN and ELSE of its own.
static int nesting(struct pl_parser *p)
{
    if (pl_is(p, "(") || pl_is(p, "[") || pl_is_word(p, "case"))
        return 1;
    return pl_is(p, ")") || pl_is(p, "]") || pl_is_word(p, "end") ? -1 : 0;
}

int pl_take_text(struct pl_parser *p, const char *ends, const char *what, const char *until, struct pl_text *out,
                 struct err *err)
{
    size_t start = p->t.start, end = start;
    int depth = 0;
    out->line = pl_line(p);
    while (depth > 0 || !at_end(p, ends)) {
        if (p->t.id == 0 || p->t.id == LEX_ERROR || (pl_is(p, ";") && !at_end(p, ends)))
            return p->t.id == LEX_ERROR || depth <= 0 || p->t.id == 0
                       ? p->t.id != LEX_ERROR && until != NULL
                             ? pl_error(p, err, "missing \"%s\" at end of SQL expression", until)
                             : pl_syntax(p, err)
                       : pl_error(p, err, "mismatched parentheses");
        int change = nesting(p);
        if (depth + change < 0)
            return pl_error(p, err, "mismatched parentheses");
        depth += change;
        end = p->t.end;
        pl_advance(p);
    }
    out->text = str_slice(p->lexer.in, start, end);
    return out->text.len == 0 ? pl_error(p, err, "missing %s", what) : 0;
}
