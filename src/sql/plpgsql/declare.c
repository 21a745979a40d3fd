// Names in sight, and DECLARE.
#include "sql/plpgsql/plpgsql_int.h"

// ---- names

uint32_t pl_add_variable(struct pl_parser *p, struct pl_variable v)
{
    ARENA_PUSH(p->arena, &p->variables, v);
    return (uint32_t)p->variables.len - 1;
}

static struct pl_name *push_name(struct pl_parser *p, struct str name)
{
    struct pl_name *n = ARENA_NEW(p->arena, struct pl_name);
    n->outer = p->names;
    n->name = name;
    p->names = n;
    return n;
}

void pl_add_name(struct pl_parser *p, struct str name, uint32_t variable)
{
    push_name(p, name)->variable = variable;
}

void pl_open_scope(struct pl_parser *p, struct str label, bool loop)
{
    struct pl_name *n = push_name(p, label);
    n->is_label = true;
    n->is_loop = loop;
}

const struct pl_name *pl_find_label(const struct pl_parser *p, struct str label)
{
    for (const struct pl_name *n = p->names; n != NULL; n = n->outer)
        if (n->is_label && n->name.len > 0 && str_eq(n->name, label))
            return n;
    return NULL;
}

// The variable of this name in the scope whose names begin at `from`, and where that scope's label is.
static const struct pl_name *find_in_scope(const struct pl_name *from, struct str name, const struct pl_name **label)
{
    const struct pl_name *found = NULL;
    for (; from != NULL && !from->is_label; from = from->outer)
        if (found == NULL && str_eq(from->name, name))
            found = from;
    *label = from;
    return found;
}

bool pl_find_variable(const struct pl_name *names, const struct str *parts, size_t n_parts, uint32_t *variable,
                      size_t *used)
{
    while (names != NULL) {
        const struct pl_name *label, *found = find_in_scope(names, parts[0], &label);
        *used = 1;
        if (found == NULL && n_parts > 1 && label != NULL && label->name.len > 0 && str_eq(label->name, parts[0])) {
            const struct pl_name *again;
            found = find_in_scope(names, parts[1], &again);
            *used = 2;
        }
        if (found != NULL) {
            *variable = found->variable;
            return true;
        }
        names = label != NULL ? label->outer : NULL;
    }
    return false;
}

// ---- types

// a.b.c%TYPE, %ROWTYPE: the name's parts are in v->like.
static int take_like(struct pl_parser *p, struct pl_variable *v, struct err *err)
{
    size_t used;
    do {
        if (v->n_like == ARRAY_LEN(v->like))
            return pl_syntax(p, err);
        TRY(pl_take_name(p, &v->like[v->n_like++], err));
    } while (pl_take(p, "."));
    TRY(pl_expect(p, "%", err));
    v->like_variable = -1;
    if (pl_take_word(p, "rowtype")) {
        v->kind = PL_VARIABLE_ROW;
        return 0;
    }
    TRY(pl_expect_word(p, "type", err));
    v->kind = PL_VARIABLE_LIKE;
    uint32_t other;
    if (pl_find_variable(p->names, v->like, v->n_like, &other, &used) && used == v->n_like)
        v->like_variable = (int)other;
    else if (v->n_like == 1)
        return err_set(err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", STR_FMT(v->like[0]));
    return 0;
}

// Whether a % comes after the name here.
static bool at_like(struct pl_parser *p)
{
    struct lexer ahead = p->lexer;
    struct token t = p->t;
    for (bool name = true;; name = !name) {
        enum token_kind kind = lexer_kind(&ahead, &t);
        if (!name && kind == TOKEN_OTHER && str_eqc(t.text, "%"))
            return true;
        if (name ? kind != TOKEN_WORD && kind != TOKEN_QUOTED : !str_eqc(t.text, "."))
            return false;
        lexer_next(&ahead, &t);
    }
}

static int take_type(struct pl_parser *p, struct pl_variable *v, struct err *err)
{
    struct pl_text text;
    struct ast *type;
    if (at_like(p))
        return take_like(p, v, err);
    if (pl_take_word(p, "record")) {
        v->kind = PL_VARIABLE_RECORD;
        return 0;
    }
    TRY(pl_take_text(p, "; := default not collate , )", "data type declaration", NULL, &text, err));
    int rc = parse_type(p->arena, text.text, p->input->options, &type, err);
    err_at(err, 0);
    TRY(rc);
    v->kind = PL_VARIABLE;
    v->type = type;
    return 0;
}

// ---- declarations

static int check_new(struct pl_parser *p, struct str name, struct err *err)
{
    const struct pl_name *label;
    return find_in_scope(p->names, name, &label) != NULL ? pl_error(p, err, "duplicate declaration") : 0;
}

static int take_alias(struct pl_parser *p, struct str name, struct err *err)
{
    struct str parts[2];
    size_t n = 0, used;
    uint32_t variable;
    TRY(pl_expect_word(p, "for", err));
    if (lexer_kind(&p->lexer, &p->t) == TOKEN_PLACEHOLDER) {
        parts[n++] = arena_printf(p->arena, "$%.*s", STR_FMT(p->t.text));
        pl_advance(p);
    } else {
        TRY(pl_take_name(p, &parts[n++], err));
        if (pl_take(p, "."))
            TRY(pl_take_name(p, &parts[n++], err));
    }
    if (!pl_find_variable(p->names, parts, n, &variable, &used) || used != n)
        return err_set(err, ERR_UNDEFINED_OBJECT, "variable \"%.*s\" does not exist", STR_FMT(parts[n - 1]));
    pl_add_name(p, name, variable);
    return 0;
}

static int take_cursor_arguments(struct pl_parser *p, struct pl_variable *cursor, struct err *err)
{
    ARENA_VEC(uint32_t) list = {0};
    if (!pl_take(p, "("))
        return 0;
    do {
        struct pl_variable v = {.line = pl_line(p)};
        TRY(pl_take_name(p, &v.name, err));
        TRY(take_type(p, &v, err));
        uint32_t number = pl_add_variable(p, v);
        pl_add_name(p, v.name, number);
        ARENA_PUSH(p->arena, &list, number);
    } while (pl_take(p, ","));
    cursor->cursor_arguments = list.ptr;
    cursor->n_cursor_arguments = list.len;
    return pl_expect(p, ")", err);
}

// name CURSOR [(arguments)] FOR query
static int take_cursor(struct pl_parser *p, struct pl_variable v, struct err *err)
{
    struct pl_text text;
    const struct pl_name *before = p->names;
    v.kind = PL_VARIABLE_CURSOR;
    pl_open_scope(p, STR_EMPTY, false);
    TRY(take_cursor_arguments(p, &v, err));
    if (!pl_take_word(p, "for"))
        TRY(pl_expect_word(p, "is", err));
    TRY(pl_take_text(p, ";", "query", NULL, &text, err));
    TRY(pl_make_sql(p, PL_SQL_QUERY, text, &v.cursor, err));
    p->names = before;
    pl_add_name(p, v.name, pl_add_variable(p, v));
    return 0;
}

static int take_value(struct pl_parser *p, struct pl_variable *v, struct err *err)
{
    if (pl_take_word(p, "collate"))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: COLLATE of variables is not supported");
    if (pl_take_word(p, "not")) {
        TRY(pl_expect_word(p, "null", err));
        v->not_null = true;
    }
    bool given = pl_at_assign(p) || pl_is_word(p, "default");
    if (given) {
        pl_skip_assign(p);
        TRY(pl_take_expression(p, ";", ";", &v->default_value, err));
    }
    if (v->not_null && !given)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED,
                       "variable \"%.*s\" must have a default value, since it's "
                       "declared NOT NULL",
                       STR_FMT(v->name));
    return 0;
}

static int take_declaration(struct pl_parser *p, struct err *err)
{
    struct pl_variable v = {.line = pl_line(p)};
    TRY(check_new(p, p->t.text, err));
    TRY(pl_take_name(p, &v.name, err));
    if (pl_take_word(p, "alias"))
        return take_alias(p, v.name, err);
    bool no = pl_is_word(p, "no");
    if (pl_take_word(p, "no") || pl_is_word(p, "scroll")) {
        TRY(pl_expect_word(p, "scroll", err));
        if (!no)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SCROLL cursors are not supported");
    }
    if (pl_take_word(p, "cursor"))
        return take_cursor(p, v, err);
    v.constant = pl_take_word(p, "constant");
    TRY(take_type(p, &v, err));
    TRY(take_value(p, &v, err));
    pl_add_name(p, v.name, pl_add_variable(p, v));
    return 0;
}

int pl_declarations(struct pl_parser *p, const uint32_t **variables, size_t *n, struct err *err)
{
    ARENA_VEC(uint32_t) list = {0};
    while (!pl_is_word(p, "begin")) {
        if (pl_take_word(p, "declare"))
            continue;
        size_t first = p->variables.len;
        TRY(take_declaration(p, err));
        TRY(pl_end_of_statement(p, err));
        for (; first < p->variables.len; first++)
            ARENA_PUSH(p->arena, &list, (uint32_t)first);
    }
    *variables = list.ptr;
    *n = list.len;
    return 0;
}
