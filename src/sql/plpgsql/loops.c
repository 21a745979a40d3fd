// LOOP, WHILE, FOR, FOREACH, EXIT and CONTINUE.
#include "sql/plpgsql/plpgsql_int.h"

// LOOP … END LOOP [label]
static int take_loop_body(struct pl_parser *p, struct pl_statement *s, struct pl_body *body, struct err *err)
{
    TRY(pl_expect_word(p, "loop", err));
    TRY(pl_take_body(p, "end", body, err));
    pl_advance(p);
    TRY(pl_expect_word(p, "loop", err));
    if (!pl_is_name(p))
        return 0;
    if (s->label.len == 0)
        return err_set(err, ERR_SYNTAX_ERROR, "end label \"%.*s\" specified for unlabeled block", STR_FMT(p->t.text));
    if (!str_eq(s->label, p->t.text))
        return err_set(err, ERR_SYNTAX_ERROR, "end label \"%.*s\" differs from block's label \"%.*s\"",
                       STR_FMT(p->t.text), STR_FMT(s->label));
    pl_advance(p);
    return 0;
}

static int take_loop(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    const struct pl_name *before = p->names;
    pl_open_scope(p, s->label, true);
    if (pl_take_word(p, "while"))
        TRY(pl_take_expression(p, "loop", "LOOP", &s->loop.condition, err));
    TRY(take_loop_body(p, s, &s->loop.body, err));
    p->names = before;
    return 0;
}

// ---- FOR

static int take_integer(struct pl_parser *p, struct pl_statement *s, struct str name, struct pl_text from,
                        struct err *err)
{
    s->kind = PL_FOR_INTEGER;
    TRY(pl_make_sql(p, PL_SQL_EXPRESSION, from, &s->for_integer.from, err));
    p->lexer.at = p->t.start + 2; // a numeral may begin at the second point
    p->lexer.n_peeked = 0;
    pl_advance(p);
    TRY(pl_take_expression(p, "by loop", "LOOP", &s->for_integer.to, err));
    if (pl_take_word(p, "by"))
        TRY(pl_take_expression(p, "loop", "LOOP", &s->for_integer.by, err));
    s->for_integer.variable = pl_add_variable(p, (struct pl_variable){.name = name, .kind = PL_VARIABLE_INT});
    pl_add_name(p, name, s->for_integer.variable);
    return take_loop_body(p, s, &s->for_integer.body, err);
}

// The variable here when it is a cursor bound to a query, or -1.
static int64_t bound_cursor(struct pl_parser *p)
{
    uint32_t variable;
    size_t used;
    if (!pl_is_name(p) || !pl_find_variable(p->names, &p->t.text, 1, &variable, &used))
        return -1;
    return p->variables.ptr[variable].kind == PL_VARIABLE_CURSOR ? (int64_t)variable : -1;
}

static int take_over_cursor(struct pl_parser *p, struct pl_statement *s, struct str name, uint32_t cursor,
                            struct err *err)
{
    struct pl_list list = {0};
    s->kind = PL_FOR_CURSOR;
    s->for_query.cursor = cursor;
    struct pl_variable v = p->variables.ptr[cursor];
    pl_advance(p);
    if (v.n_cursor_arguments > 0 && !pl_is(p, "("))
        return err_set(err, ERR_SYNTAX_ERROR, "cursor \"%.*s\" has arguments", STR_FMT(v.name));
    if (pl_take(p, "("))
        TRY(pl_take_cursor_arguments(p, &v, &list, err));
    s->for_query.arguments = list.v.ptr;
    s->for_query.n_arguments = list.v.len;
    struct pl_target *row = ARENA_NEW(p->arena, struct pl_target);
    row->variable = pl_add_variable(p, (struct pl_variable){.name = name, .kind = PL_VARIABLE_RECORD});
    pl_add_name(p, name, row->variable);
    s->for_query.targets = (struct pl_targets){row, 1, false};
    return take_loop_body(p, s, &s->for_query.body, err);
}

static int take_execute(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_list list = {0};
    s->kind = PL_FOR_EXECUTE;
    TRY(pl_take_expression(p, "using loop", "LOOP", &s->for_query.query, err));
    TRY(pl_take_using(p, "loop", &list, err));
    s->for_query.arguments = list.v.ptr;
    s->for_query.n_arguments = list.v.len;
    return take_loop_body(p, s, &s->for_query.body, err);
}

// What the rows of the loop go into: variables that exist. `name` alone may be that of a new integer or record.
static int take_row_targets(struct pl_parser *p, const struct lexer *at, const struct token *first,
                            struct pl_statement *s, struct err *err)
{
    struct lexer after = p->lexer;
    struct token t = p->t;
    p->lexer = *at;
    p->t = *first;
    struct err e = ERR_INIT;
    int rc = pl_take_targets(p, &s->for_query.targets, &e);
    if (rc == ERR_SYNTAX_ERROR && e.message != NULL && strstr(e.message, "known variable") != NULL)
        err_set(&e, rc, "loop variable of loop over rows must be a record variable or list of scalar variables");
    err_take(err, &e);
    p->lexer = after;
    p->t = t;
    return rc;
}

static int skip_targets(struct pl_parser *p, struct err *err)
{
    while (!pl_is_word(p, "in")) {
        if (!pl_is_name(p) && !pl_is(p, ".") && !pl_is(p, ","))
            return pl_syntax(p, err);
        pl_advance(p);
    }
    pl_advance(p);
    return 0;
}

static int take_for(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    const struct pl_name *before = p->names;
    struct pl_text text;
    pl_open_scope(p, s->label, true);
    pl_advance(p);
    struct lexer at = p->lexer;
    struct token first = p->t;
    TRY(skip_targets(p, err));
    int64_t cursor = bound_cursor(p);
    int rc;
    if (cursor >= 0) {
        rc = take_over_cursor(p, s, first.text, (uint32_t)cursor, err);
    } else if (pl_take_word(p, "execute")) {
        TRY(take_row_targets(p, &at, &first, s, err));
        rc = take_execute(p, s, err);
    } else {
        bool reverse = pl_take_word(p, "reverse");
        TRY(pl_take_text(p, ".. loop", "expression", "LOOP", &text, err));
        if (pl_at_range(p)) {
            s->for_integer.reverse = reverse;
            rc = take_integer(p, s, first.text, text, err);
        } else {
            s->kind = PL_FOR_QUERY;
            if (reverse)
                return pl_error(p, err, "cannot specify REVERSE in query FOR loop");
            TRY(take_row_targets(p, &at, &first, s, err));
            TRY(pl_make_sql(p, PL_SQL_QUERY, text, &s->for_query.query, err));
            rc = take_loop_body(p, s, &s->for_query.body, err);
        }
    }
    p->names = before;
    return rc;
}

static int take_foreach(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    const struct pl_name *before = p->names;
    pl_open_scope(p, s->label, true);
    pl_advance(p);
    TRY(pl_take_targets(p, &s->foreach.targets, err));
    if (pl_take_word(p, "slice")) {
        if (!str_to_i64(p->t.text, &s->foreach.slice))
            return pl_syntax(p, err);
        pl_advance(p);
    }
    TRY(pl_expect_word(p, "in", err));
    TRY(pl_expect_word(p, "array", err));
    TRY(pl_take_expression(p, "loop", "LOOP", &s->foreach.array, err));
    TRY(take_loop_body(p, s, &s->foreach.body, err));
    p->names = before;
    return 0;
}

// ---- EXIT, CONTINUE

static bool in_loop(const struct pl_parser *p)
{
    for (const struct pl_name *n = p->names; n != NULL; n = n->outer)
        if (n->is_label && n->is_loop)
            return true;
    return false;
}

static int check_exit(struct pl_parser *p, const struct pl_statement *s, struct err *err)
{
    const struct pl_name *label = pl_find_label(p, s->label);
    if (s->label.len > 0 && label == NULL)
        return err_set(err, ERR_SYNTAX_ERROR,
                       "there is no label \"%.*s\" attached to any block or loop enclosing this statement",
                       STR_FMT(s->label));
    if (s->label.len > 0 && s->exit.is_continue && !label->is_loop)
        return err_set(err, ERR_SYNTAX_ERROR, "block label \"%.*s\" cannot be used in CONTINUE", STR_FMT(s->label));
    if (s->label.len == 0 && !in_loop(p))
        return err_set(err, ERR_SYNTAX_ERROR, "%s",
                       s->exit.is_continue ? "CONTINUE cannot be used outside a loop"
                                           : "EXIT cannot be used outside a loop, unless it has a label");
    return 0;
}

static int take_exit(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    s->exit.is_continue = pl_is_word(p, "continue");
    pl_advance(p);
    if (pl_is_name(p) && !pl_is_word(p, "when"))
        TRY(pl_take_name(p, &s->label, err));
    TRY(check_exit(p, s, err));
    return pl_take_word(p, "when") ? pl_take_expression(p, ";", ";", &s->exit.condition, err) : 0;
}

const struct pl_taking pl_loop_takings[] = {
    {"loop", PL_LOOP, take_loop},
    {"while", PL_WHILE, take_loop},
    {"for", PL_FOR_QUERY, take_for},
    {"foreach", PL_FOREACH, take_foreach},
    {"exit", PL_EXIT, take_exit},
    {"continue", PL_EXIT, take_exit},
    {NULL},
};
