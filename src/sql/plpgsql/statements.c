// Blocks, exception handlers, IF and CASE, assignments; which statement begins with which word.
#include "sql/plpgsql/plpgsql_int.h"
#include "base/util.h"

enum { DEPTH_MAX = 200 };

const char *pl_statement_name(const struct pl_statement *s)
{
    static const char *const names[] = {
#define PL_STATEMENT(KIND, name) [PL_##KIND] = name,
#include "sql/plpgsql/statements.def"
#undef PL_STATEMENT
    };
    switch (s->kind) {
    case PL_EXIT:
        return s->exit.is_continue ? "CONTINUE" : "EXIT";
    case PL_DIAGNOSTICS:
        return s->diagnostics.stacked ? "GET STACKED DIAGNOSTICS" : "GET DIAGNOSTICS";
    case PL_FETCH:
        return s->cursor.move ? "MOVE" : "FETCH";
    default:
        return names[s->kind];
    }
}

struct pl_statement *pl_statement_new(struct pl_parser *p, enum pl_statement_kind kind, int line)
{
    struct pl_statement *s = ARENA_NEW(p->arena, struct pl_statement);
    s->kind = kind;
    s->line = line;
    s->label = STR_EMPTY;
    return s;
}

int pl_end_of_statement(struct pl_parser *p, struct err *err)
{
    return pl_expect(p, ";", err);
}

int pl_take_label(struct pl_parser *p, struct str *out, struct err *err)
{
    *out = STR_EMPTY;
    if (!pl_take(p, "<<"))
        return 0;
    TRY(pl_take_name(p, out, err));
    return pl_expect(p, ">>", err);
}

// ---- exception handlers

static int unknown_condition(struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized exception condition \"%.*s\"", STR_FMT(name));
}

static int take_condition(struct pl_parser *p, struct pl_handler *h, struct err *err)
{
    ARENA_VEC(struct pl_condition) list = {(struct pl_condition *)h->conditions, h->n_conditions, h->n_conditions};
    struct str name = p->t.text;
    struct pl_condition c = {0};
    if (pl_take_word(p, "sqlstate")) {
        c.code = err_code_of(p->t.text);
        if (lexer_kind(&p->lexer, &p->t) != TOKEN_STRING)
            return pl_syntax(p, err);
        if (c.code == 0)
            return pl_error(p, err, "invalid SQLSTATE code");
        pl_advance(p);
        ARENA_PUSH(p->arena, &list, c);
    } else {
        TRY(pl_take_name(p, &name, err));
        c.others = str_eqc(name, "others");
        for (size_t at = 0; !c.others && (c.code = pl_condition_code(name, &at)) != 0;)
            ARENA_PUSH(p->arena, &list, c);
        if (c.others)
            ARENA_PUSH(p->arena, &list, c);
    }
    if (list.len == h->n_conditions)
        return unknown_condition(name, err);
    h->conditions = list.ptr;
    h->n_conditions = list.len;
    return 0;
}

static int take_handlers(struct pl_parser *p, struct pl_statement *block, struct err *err)
{
    ARENA_VEC(struct pl_handler) list = {0};
    const struct pl_name *before = p->names;
    pl_open_scope(p, STR_EMPTY, false);
    block->block.sqlstate =
        pl_add_variable(p, (struct pl_variable){.name = STR("sqlstate"), .kind = PL_VARIABLE_TEXT, .constant = true});
    block->block.sqlerrm =
        pl_add_variable(p, (struct pl_variable){.name = STR("sqlerrm"), .kind = PL_VARIABLE_TEXT, .constant = true});
    pl_add_name(p, STR("sqlstate"), block->block.sqlstate);
    pl_add_name(p, STR("sqlerrm"), block->block.sqlerrm);
    p->handlers++;
    while (pl_is_word(p, "when")) {
        struct pl_handler h = {.line = pl_line(p)};
        do {
            pl_advance(p);
            TRY(take_condition(p, &h, err));
        } while (pl_is_word(p, "or"));
        TRY(pl_expect_word(p, "then", err));
        TRY(pl_take_body(p, "when end", &h.body, err));
        ARENA_PUSH(p->arena, &list, h);
    }
    p->handlers--;
    p->names = before;
    if (list.len == 0)
        return pl_syntax(p, err);
    block->block.handlers = list.ptr;
    block->block.n_handlers = list.len;
    return 0;
}

// ---- blocks

int pl_take_block(struct pl_parser *p, struct str label, struct pl_statement **out, struct err *err)
{
    const struct pl_name *before = p->names;
    struct pl_statement *s = *out = pl_statement_new(p, PL_BLOCK, pl_line(p));
    s->label = label;
    pl_open_scope(p, label, false);
    if (pl_take_word(p, "declare"))
        TRY(pl_declarations(p, &s->block.variables, &s->block.n_variables, err));
    s->line = pl_line(p);
    TRY(pl_expect_word(p, "begin", err));
    TRY(pl_take_body(p, "exception end", &s->block.body, err));
    if (pl_take_word(p, "exception"))
        TRY(take_handlers(p, s, err));
    TRY(pl_expect_word(p, "end", err));
    p->names = before;
    if (!pl_is_name(p))
        return 0;
    if (label.len == 0)
        return err_set(err, ERR_SYNTAX_ERROR, "end label \"%.*s\" specified for unlabeled block", STR_FMT(p->t.text));
    if (!str_eq(label, p->t.text))
        return err_set(err, ERR_SYNTAX_ERROR, "end label \"%.*s\" differs from block's label \"%.*s\"",
                       STR_FMT(p->t.text), STR_FMT(label));
    pl_advance(p);
    return 0;
}

// ---- branches

struct branches {
    ARENA_VEC(struct pl_branch) v;
};

static int take_branch(struct pl_parser *p, struct branches *list, bool condition, const char *ends, struct err *err)
{
    struct pl_branch b = {0};
    if (condition) {
        TRY(pl_take_expression(p, "then", "THEN", &b.condition, err));
        pl_advance(p);
    }
    TRY(pl_take_body(p, ends, &b.body, err));
    ARENA_PUSH(p->arena, &list->v, b);
    return 0;
}

static int take_if(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct branches list = {0};
    do {
        pl_advance(p);
        TRY(take_branch(p, &list, true, "elsif elseif else end", err));
    } while (pl_is_word(p, "elsif") || pl_is_word(p, "elseif"));
    if (pl_take_word(p, "else"))
        TRY(take_branch(p, &list, false, "end", err));
    s->branches.branches = list.v.ptr;
    s->branches.n_branches = list.v.len;
    TRY(pl_expect_word(p, "end", err));
    return pl_expect_word(p, "if", err);
}

// WHEN a, b THEN is variable IN (a, b).
static int take_when(struct pl_parser *p, struct pl_statement *s, struct branches *list, struct str variable,
                     struct err *err)
{
    struct pl_branch b = {0};
    struct pl_text text;
    TRY(pl_take_text(p, "then", "expression", "THEN", &text, err));
    if (s->branches.operand != NULL)
        text.text = arena_printf(p->arena, "\"%.*s\" IN (%.*s)", STR_FMT(variable), STR_FMT(text.text));
    TRY(pl_make_sql(p, PL_SQL_EXPRESSION, text, &b.condition, err));
    pl_advance(p);
    TRY(pl_take_body(p, "when else end", &b.body, err));
    ARENA_PUSH(p->arena, &list->v, b);
    return 0;
}

static int take_case(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct branches list = {0};
    const struct pl_name *before = p->names;
    struct str name = STR_EMPTY;
    pl_advance(p);
    if (!pl_is_word(p, "when")) {
        TRY(pl_take_expression(p, "when", "WHEN", &s->branches.operand, err));
        name = arena_printf(p->arena, "__Case__Variable_%zu__", p->variables.len);
        s->branches.variable = pl_add_variable(p, (struct pl_variable){.name = name, .kind = PL_VARIABLE_ANY});
        pl_add_name(p, name, s->branches.variable);
    }
    while (pl_take_word(p, "when"))
        TRY(take_when(p, s, &list, name, err));
    s->branches.has_else = pl_take_word(p, "else");
    if (s->branches.has_else)
        TRY(take_branch(p, &list, false, "end", err));
    p->names = before;
    s->branches.branches = list.v.ptr;
    s->branches.n_branches = list.v.len;
    TRY(pl_expect_word(p, "end", err));
    return pl_expect_word(p, "case", err);
}

static int take_null(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    pl_advance(p);
    return 0;
}

static int take_assignment(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    TRY(pl_take_target(p, &s->assign.target, err));
    if (!pl_at_assign(p))
        return pl_syntax(p, err);
    pl_skip_assign(p);
    return pl_take_expression(p, ";", ";", &s->assign.value, err);
}

// ---- all of them

static const struct pl_taking branch_takings[] = {
    {"if", PL_IF, take_if},
    {"case", PL_CASE, take_case},
    {"null", PL_NULL, take_null},
    {NULL},
};

static const struct pl_taking *find_taking(struct pl_parser *p)
{
    const struct pl_taking *const tables[] = {branch_takings, pl_loop_takings, pl_effect_takings};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct pl_taking *t = tables[i]; t->word != NULL; t++)
            if (pl_is_word(p, t->word))
                return t;
    return NULL;
}

static int take_sql(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    if (!pl_is_name(p) && !pl_is(p, "("))
        return pl_syntax(p, err);
    return pl_take_statement(p, &s->sql.sql, &s->sql.into, err);
}

static int take_statement(struct pl_parser *p, struct pl_statement **out, struct err *err)
{
    struct str label;
    TRY(pl_take_label(p, &label, err));
    bool assignment = pl_at_assignment(p);
    if (!assignment && (pl_is_word(p, "declare") || pl_is_word(p, "begin"))) {
        TRY(pl_take_block(p, label, out, err));
        return pl_end_of_statement(p, err);
    }
    const struct pl_taking *t = assignment ? NULL : find_taking(p);
    struct pl_statement *s = *out = pl_statement_new(p,
                                                     assignment  ? PL_ASSIGN
                                                     : t != NULL ? t->kind
                                                                 : PL_SQL,
                                                     pl_line(p));
    if (label.len > 0 && (t == NULL || s->kind < PL_LOOP || s->kind > PL_FOREACH))
        return pl_syntax(p, err);
    s->label = label;
    TRY(assignment ? take_assignment(p, s, err) : t != NULL ? t->take(p, s, err) : take_sql(p, s, err));
    return pl_end_of_statement(p, err);
}

static bool at_any(struct pl_parser *p, const char *words)
{
    for (const char *at = words; *at != '\0'; at += *at == ' ') {
        size_t len = strcspn(at, " ");
        if (lexer_kind(&p->lexer, &p->t) == TOKEN_WORD && str_eq(p->t.text, (struct str){at, len}))
            return true;
        at += len;
    }
    return false;
}

int pl_take_body(struct pl_parser *p, const char *ends, struct pl_body *out, struct err *err)
{
    ARENA_VEC(struct pl_statement *) list = {0};
    if (p->depth >= DEPTH_MAX)
        return err_set(err, ERR_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    p->depth++;
    while (!at_any(p, ends)) {
        struct pl_statement *s;
        if (p->t.id == 0)
            return pl_syntax(p, err);
        TRY(take_statement(p, &s, err));
        ARENA_PUSH(p->arena, &list, s);
    }
    p->depth--;
    out->items = list.ptr;
    out->n = list.len;
    return 0;
}
