// Pieces of SQL in a body: expressions, queries and statements, what they assign to.
#include "sql/plpgsql/plpgsql_int.h"

// ---- pieces

static struct ast *one_more(struct arena *a, struct ast *index)
{
    struct ast_binary *sum = AST_NEW(a, BINARY, binary, index->position);
    struct ast_number *one = AST_NEW(a, NUMBER, number, index->position);
    one->text = STR("1");
    one->is_integer = one->fits_int64 = true;
    one->value = 1;
    sum->op = AST_OP_ADD;
    sum->left = index;
    sum->right = &one->base;
    return &sum->base;
}

// TG_ARGV begins with 0, unlike the arrays that there are here.
static bool shift_arguments(void *arg, struct ast *n)
{
    if (n->kind != AST_SUBSCRIPT)
        return true;
    struct ast_subscript *s = (struct ast_subscript *)n;
    if (!ast_is(s->operand, AST_COLUMN_REF) || !str_eqc(ast_as_column_ref(s->operand)->column, "tg_argv"))
        return true;
    if (s->begin != NULL)
        s->begin = one_more(arg, s->begin);
    if (s->end != NULL)
        s->end = one_more(arg, s->end);
    return true;
}

// The names of conditions are looked at by position only where they are errors of the piece alone.
static int parse_piece(struct pl_parser *p, enum pl_sql_kind kind, struct str text, const struct ast **out,
                       struct err *err)
{
    struct parsed_statements parsed;
    if (kind == PL_SQL_EXPRESSION)
        text = arena_printf(p->arena, "SELECT %.*s", STR_FMT(text));
    int rc = parse_sql(p->arena, text, p->input->options, &parsed, err);
    if (rc != 0) {
        err_at(err, 0);
        return rc;
    }
    if (parsed.n != 1 || (kind == PL_SQL_EXPRESSION && parsed.items[0].ast->kind != AST_SELECT))
        return pl_syntax(p, err);
    if (p->input->trigger)
        ast_walk((struct ast *)parsed.items[0].ast, shift_arguments, p->arena);
    *out = parsed.items[0].ast;
    return 0;
}

int pl_make_sql(struct pl_parser *p, enum pl_sql_kind kind, struct pl_text text, const struct pl_sql **out,
                struct err *err)
{
    struct pl_sql *sql = ARENA_NEW(p->arena, struct pl_sql);
    *sql = (struct pl_sql){.kind = kind, .text = text.text, .line = text.line, .names = p->names};
    TRY(parse_piece(p, kind, text.text, &sql->ast, err));
    sql->number = (uint32_t)p->sql.len;
    ARENA_PUSH(p->arena, &p->sql, sql);
    *out = sql;
    return 0;
}

int pl_take_expression(struct pl_parser *p, const char *ends, const char *until, const struct pl_sql **out,
                       struct err *err)
{
    struct pl_text text;
    TRY(pl_take_text(p, ends, "expression", until, &text, err));
    return pl_make_sql(p, PL_SQL_EXPRESSION, text, out, err);
}

int pl_take_expressions(struct pl_parser *p, const char *ends, struct pl_list *out, struct err *err)
{
    const char *all = arena_printf(p->arena, ", %s", ends).ptr;
    do {
        const struct pl_sql *e;
        TRY(pl_take_expression(p, all, NULL, &e, err));
        ARENA_PUSH(p->arena, &out->v, e);
    } while (pl_take(p, ","));
    return 0;
}

static int argument_place(struct pl_parser *p, const struct pl_variable *cursor, size_t *out, struct err *err)
{
    struct str name = p->t.text;
    const struct token *next = lexer_peek(&p->lexer, 0), *second = lexer_peek(&p->lexer, 1);
    bool named = pl_is_name(p) && ((str_eqc(next->text, ":") && str_eqc(second->text, "=")) ||
                                   (str_eqc(next->text, "=") && str_eqc(second->text, ">")));
    if (!named)
        return 0;
    size_t i = 0;
    while (i < cursor->n_cursor_arguments && !str_eq(p->variables.ptr[cursor->cursor_arguments[i]].name, name))
        i++;
    if (i == cursor->n_cursor_arguments)
        return err_set(err, ERR_SYNTAX_ERROR, "cursor \"%.*s\" has no argument named \"%.*s\"", STR_FMT(cursor->name),
                       STR_FMT(name));
    for (int k = 0; k < 3; k++)
        pl_advance(p);
    *out = i;
    return 0;
}

int pl_take_cursor_arguments(struct pl_parser *p, const struct pl_variable *cursor, struct pl_list *out,
                             struct err *err)
{
    size_t n = cursor->n_cursor_arguments, given = 0;
    const struct pl_sql **list = ARENA_ARRAY(p->arena, const struct pl_sql *, n + 1);
    do {
        size_t at = given;
        TRY(argument_place(p, cursor, &at, err));
        if (given++ >= n)
            return err_set(err, ERR_SYNTAX_ERROR, "too many arguments for cursor \"%.*s\"", STR_FMT(cursor->name));
        if (list[at] != NULL)
            return err_set(err, ERR_SYNTAX_ERROR,
                           "value for parameter \"%.*s\" of cursor \"%.*s\" specified more than once",
                           STR_FMT(p->variables.ptr[cursor->cursor_arguments[at]].name), STR_FMT(cursor->name));
        TRY(pl_take_expression(p, ", )", ")", &list[at], err));
    } while (pl_take(p, ","));
    if (given < n)
        return err_set(err, ERR_SYNTAX_ERROR, "not enough arguments for cursor \"%.*s\"", STR_FMT(cursor->name));
    for (size_t i = 0; i < n; i++)
        ARENA_PUSH(p->arena, &out->v, list[i]);
    return pl_expect(p, ")", err);
}

int pl_take_using(struct pl_parser *p, const char *ends, struct pl_list *out, struct err *err)
{
    return pl_take_word(p, "using") ? pl_take_expressions(p, ends, out, err) : 0;
}

// ---- targets

static int unknown_variable(struct str name, struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "\"%.*s\" is not a known variable", STR_FMT(name));
}

// A name of up to three parts: the variable, and the fields that the rest names.
static int take_variable(struct pl_parser *p, struct pl_target *out, struct err *err)
{
    struct str parts[3];
    size_t n = 0, used;
    struct str spelled = p->t.text;
    if (lexer_kind(&p->lexer, &p->t) == TOKEN_PLACEHOLDER) {
        parts[n++] = arena_printf(p->arena, "$%.*s", STR_FMT(p->t.text));
        pl_advance(p);
    } else {
        TRY(pl_take_name(p, &parts[n++], err));
    }
    while (n < 3 && pl_is(p, ".")) {
        pl_advance(p);
        TRY(pl_take_name(p, &parts[n++], err));
        spelled = arena_printf(p->arena, "%.*s.%.*s", STR_FMT(spelled), STR_FMT(parts[n - 1]));
    }
    if (!pl_find_variable(p->names, parts, n, &out->variable, &used))
        return unknown_variable(spelled, err);
    struct pl_step *steps = ARENA_ARRAY(p->arena, struct pl_step, n);
    for (; used < n; used++)
        steps[out->n_steps++].field = parts[used];
    out->steps = steps;
    return 0;
}

static int take_index(struct pl_parser *p, struct pl_step *step, struct err *err)
{
    TRY(pl_take_expression(p, "] :", "]", &step->index, err));
    if (pl_take(p, ":"))
        TRY(pl_take_expression(p, "]", "]", &step->to, err));
    return pl_expect(p, "]", err);
}

static int check_assignable(struct pl_parser *p, const struct pl_target *t, struct err *err)
{
    const struct pl_variable *v = &p->variables.ptr[t->variable];
    if (!v->constant)
        return 0;
    return err_set(err, ERR_ERROR_IN_ASSIGNMENT, "variable \"%.*s\" is declared CONSTANT", STR_FMT(v->name));
}

int pl_take_target(struct pl_parser *p, struct pl_target *out, struct err *err)
{
    *out = (struct pl_target){.line = pl_line(p)};
    TRY(take_variable(p, out, err));
    ARENA_VEC(struct pl_step) steps = {0};
    for (size_t i = 0; i < out->n_steps; i++)
        ARENA_PUSH(p->arena, &steps, out->steps[i]);
    while (pl_is(p, "[") || pl_is(p, ".")) {
        struct pl_step step = {.field = STR_EMPTY};
        if (pl_take(p, "["))
            TRY(take_index(p, &step, err));
        else {
            pl_advance(p);
            TRY(pl_take_name(p, &step.field, err));
        }
        ARENA_PUSH(p->arena, &steps, step);
    }
    out->steps = steps.ptr;
    out->n_steps = steps.len;
    return check_assignable(p, out, err);
}

int pl_take_targets(struct pl_parser *p, struct pl_targets *out, struct err *err)
{
    ARENA_VEC(struct pl_target) list = {0};
    do {
        struct pl_target t = {.line = pl_line(p)};
        TRY(take_variable(p, &t, err));
        TRY(check_assignable(p, &t, err));
        ARENA_PUSH(p->arena, &list, t);
    } while (pl_take(p, ","));
    out->items = list.ptr;
    out->n = list.len;
    return 0;
}

bool pl_at_assignment(struct pl_parser *p)
{
    enum token_kind kind = lexer_kind(&p->lexer, &p->t);
    if (kind != TOKEN_WORD && kind != TOKEN_QUOTED && kind != TOKEN_PLACEHOLDER)
        return false;
    const struct token *next = lexer_peek(&p->lexer, 0);
    if (lexer_kind(&p->lexer, next) != TOKEN_OTHER)
        return false;
    if (str_eqc(next->text, ":"))
        return str_eqc(lexer_peek(&p->lexer, 1)->text, "=");
    return str_eqc(next->text, "=") || str_eqc(next->text, "[") || str_eqc(next->text, ".");
}

// ---- statements

// What INSERT INTO and MERGE INTO name is a table.
static bool names_table(struct str before)
{
    return str_eqc(before, "insert") || str_eqc(before, "merge") || str_eqc(before, "upsert");
}

int pl_take_statement(struct pl_parser *p, const struct pl_sql **out, struct pl_targets *into, struct err *err)
{
    struct pl_text text = {.line = pl_line(p)};
    struct buf b = BUF_INIT;
    struct str before = STR_EMPTY;
    size_t from = p->t.start, end = from;
    *into = (struct pl_targets){0};
    int rc = 0;
    while (rc == 0 && !pl_is(p, ";")) {
        if (p->t.id == 0 || p->t.id == LEX_ERROR) {
            rc = p->t.id == 0 ? pl_error(p, err, "unexpected end of function definition") : pl_syntax(p, err);
        } else if (pl_is_word(p, "into") && !names_table(before)) {
            if (into->n > 0)
                rc = pl_error(p, err, "INTO specified more than once");
            buf_str(&b, str_slice(p->lexer.in, from, end));
            buf_putc(&b, ' ');
            pl_advance(p);
            into->strict = pl_take_word(p, "strict");
            if (rc == 0)
                rc = pl_take_targets(p, into, err);
            from = end = p->t.start;
        } else {
            before = p->t.text;
            end = p->t.end;
            pl_advance(p);
        }
    }
    buf_str(&b, str_slice(p->lexer.in, from, end));
    text.text = str_trim(arena_str(p->arena, buf_view(&b)));
    buf_release(&b);
    return rc != 0 ? rc : pl_make_sql(p, PL_SQL_STATEMENT, text, out, err);
}
