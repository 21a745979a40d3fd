// Statements that do something: RETURN, RAISE, ASSERT, EXECUTE, PERFORM, GET DIAGNOSTICS, cursors, the transaction.
#include "sql/plpgsql/plpgsql_int.h"
#include "base/util.h"

// ---- RETURN

static int misplaced(struct pl_parser *p, struct err *err, const char *what)
{
    return err_set(err, ERR_DATATYPE_MISMATCH, "%s", what);
}

static int take_return_query(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_list list = {0};
    struct pl_text text;
    if (!p->input->returns_set)
        return misplaced(p, err, "cannot use RETURN QUERY in a non-SETOF function");
    s->kind = PL_RETURN_QUERY;
    if (!pl_take_word(p, "execute")) {
        TRY(pl_take_text(p, ";", "query", NULL, &text, err));
        return pl_make_sql(p, PL_SQL_QUERY, text, &s->use.value, err);
    }
    s->kind = PL_RETURN_EXECUTE;
    TRY(pl_take_expression(p, "using ;", ";", &s->use.value, err));
    TRY(pl_take_using(p, ";", &list, err));
    s->use.arguments = list.v.ptr;
    s->use.n_arguments = list.v.len;
    return 0;
}

static int take_return_next(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    s->kind = PL_RETURN_NEXT;
    if (!p->input->returns_set)
        return misplaced(p, err, "cannot use RETURN NEXT in a non-SETOF function");
    if (!p->input->has_outputs)
        return pl_take_expression(p, ";", ";", &s->use.value, err);
    return pl_is(p, ";") ? 0 : misplaced(p, err, "RETURN NEXT cannot have a parameter in function with OUT parameters");
}

// What says that RETURN has no value; NULL: it has one.
static const char *valueless(const struct pl_input *in)
{
    if (in->returns_set)
        return "RETURN cannot have a parameter in function returning set";
    if (in->procedure)
        return "RETURN cannot have a parameter in a procedure";
    if (in->returns_void)
        return "RETURN cannot have a parameter in function returning void";
    return in->has_outputs ? "RETURN cannot have a parameter in function with OUT parameters" : NULL;
}

static int take_return(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    pl_advance(p);
    if (pl_take_word(p, "next"))
        return take_return_next(p, s, err);
    if (pl_take_word(p, "query"))
        return take_return_query(p, s, err);
    const char *why_not = valueless(p->input);
    if (why_not == NULL)
        return pl_take_expression(p, ";", ";", &s->use.value, err);
    if (pl_is(p, ";"))
        return 0;
    misplaced(p, err, why_not);
    return p->input->returns_set ? err_hint(err, "Use RETURN NEXT or RETURN QUERY.") : ERR_DATATYPE_MISMATCH;
}

// ---- RAISE

static int take_code(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    if (pl_take_word(p, "sqlstate")) {
        s->raise.code = err_code_of(p->t.text);
        if (lexer_kind(&p->lexer, &p->t) != TOKEN_STRING)
            return pl_syntax(p, err);
        if (s->raise.code == 0)
            return pl_error(p, err, "invalid SQLSTATE code");
        s->raise.condition = p->t.text;
        pl_advance(p);
        return 0;
    }
    size_t at = 0;
    TRY(pl_take_name(p, &s->raise.condition, err));
    s->raise.code = pl_condition_code(s->raise.condition, &at);
    return s->raise.code != 0 ? 0
                              : err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized exception condition \"%.*s\"",
                                        STR_FMT(s->raise.condition));
}

static size_t count_places(struct str format)
{
    size_t n = 0;
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%')
            continue;
        if (i + 1 < format.len && format.ptr[i + 1] == '%')
            i++;
        else
            n++;
    }
    return n;
}

static int take_format(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_list list = {0};
    s->raise.format = p->t.text;
    pl_advance(p);
    if (pl_take(p, ","))
        TRY(pl_take_expressions(p, "using ;", &list, err));
    s->raise.arguments = list.v.ptr;
    s->raise.n_arguments = list.v.len;
    size_t places = count_places(s->raise.format);
    if (places == list.v.len)
        return 0;
    return err_set(err, ERR_SYNTAX_ERROR, "too %s parameters specified for RAISE",
                   places > list.v.len ? "few" : "many");
}

static int take_raise_options(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    static const char *const names[] = {
        [PL_RAISE_MESSAGE] = "message",   [PL_RAISE_DETAIL] = "detail", [PL_RAISE_HINT] = "hint",
        [PL_RAISE_ERRCODE] = "errcode",   [PL_RAISE_COLUMN] = "column", [PL_RAISE_CONSTRAINT] = "constraint",
        [PL_RAISE_DATATYPE] = "datatype", [PL_RAISE_TABLE] = "table",   [PL_RAISE_SCHEMA] = "schema",
    };
    do {
        size_t i = 0;
        while (i < ARRAY_LEN(names) && !pl_is_word(p, names[i]))
            i++;
        if (i == ARRAY_LEN(names))
            return pl_error(p, err, "unrecognized RAISE statement option");
        pl_advance(p);
        if (!pl_at_assign(p))
            return pl_error(p, err, "syntax error, expected \"=\"");
        pl_skip_assign(p);
        if (s->raise.options[i] != NULL)
            return err_set(err, ERR_SYNTAX_ERROR, "RAISE option already specified: %s", names[i]);
        TRY(pl_take_expression(p, ", ;", ";", &s->raise.options[i], err));
    } while (pl_take(p, ","));
    return 0;
}

static int take_raise(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    static const char *const levels[] = {
        [PL_DEBUG] = "debug",   [PL_LOG] = "log",         [PL_INFO] = "info",
        [PL_NOTICE] = "notice", [PL_WARNING] = "warning", [PL_EXCEPTION] = "exception",
    };
    pl_advance(p);
    s->raise.level = PL_EXCEPTION;
    s->raise.format = s->raise.condition = STR_NONE;
    if (pl_is(p, ";")) {
        s->raise.again = true;
        return p->handlers > 0 ? 0
                               : err_set(err, ERR_SYNTAX_ERROR,
                                         "RAISE without parameters cannot be used outside an exception handler");
    }
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (!pl_take_word(p, levels[i]))
            continue;
        s->raise.level = (enum pl_level)i;
        if (pl_is(p, ";"))
            return pl_syntax(p, err);
        break;
    }
    if (lexer_kind(&p->lexer, &p->t) == TOKEN_STRING)
        TRY(take_format(p, s, err));
    else if (!pl_is_word(p, "using"))
        TRY(take_code(p, s, err));
    return pl_take_word(p, "using") ? take_raise_options(p, s, err) : 0;
}

static int take_assert(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    pl_advance(p);
    TRY(pl_take_expression(p, ", ;", ";", &s->assert.condition, err));
    return pl_take(p, ",") ? pl_take_expression(p, ";", ";", &s->assert.message, err) : 0;
}

// ---- SQL

static int take_execute(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_list list = {0};
    pl_advance(p);
    TRY(pl_take_expression(p, "into using ;", ";", &s->sql.sql, err));
    while (!pl_is(p, ";")) {
        if (pl_is_word(p, "into") && s->sql.into.n == 0) {
            pl_advance(p);
            bool strict = pl_take_word(p, "strict");
            TRY(pl_take_targets(p, &s->sql.into, err));
            s->sql.into.strict = strict;
        } else if (pl_is_word(p, "using") && list.v.len == 0) {
            TRY(pl_take_using(p, "into ;", &list, err));
        } else {
            return pl_syntax(p, err);
        }
    }
    s->sql.arguments = list.v.ptr;
    s->sql.n_arguments = list.v.len;
    return 0;
}

static int take_perform(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    pl_advance(p);
    TRY(pl_take_expression(p, ";", ";", &s->use.value, err));
    struct pl_sql *sql = (struct pl_sql *)s->use.value;
    sql->text = arena_printf(p->arena, "SELECT %.*s", STR_FMT(sql->text));
    return 0;
}

static int take_call(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_text text;
    TRY(pl_take_text(p, ";", "expression", ";", &text, err));
    return pl_make_sql(p, PL_SQL_STATEMENT, text, &s->use.value, err);
}

// ---- GET DIAGNOSTICS

static int find_diagnostic(struct pl_parser *p, bool stacked, enum pl_diagnostic *out, struct err *err)
{
    static const struct {
        const char *name;
        bool stacked;
    } items[] = {
#define PL_DIAGNOSTIC(KIND, name, stacked) {name, stacked},
#include "sql/plpgsql/diagnostics.def"
#undef PL_DIAGNOSTIC
    };
    size_t i = 0;
    while (i < ARRAY_LEN(items) && !pl_is_word(p, items[i].name))
        i++;
    if (i == ARRAY_LEN(items))
        return pl_error(p, err, "unrecognized GET DIAGNOSTICS item");
    if (items[i].stacked != stacked)
        return err_set(err, ERR_SYNTAX_ERROR, "diagnostics item %.*s is not allowed in GET %s DIAGNOSTICS",
                       STR_FMT(str_slice(p->lexer.in, p->t.start, p->t.end)), stacked ? "STACKED" : "CURRENT");
    *out = (enum pl_diagnostic)i;
    pl_advance(p);
    return 0;
}

static int take_diagnostics(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    ARENA_VEC(struct pl_diagnostic_item) list = {0};
    pl_advance(p);
    s->diagnostics.stacked = pl_take_word(p, "stacked");
    if (!s->diagnostics.stacked)
        pl_take_word(p, "current");
    TRY(pl_expect_word(p, "diagnostics", err));
    do {
        struct pl_diagnostic_item item;
        TRY(pl_take_target(p, &item.target, err));
        if (!pl_at_assign(p))
            return pl_syntax(p, err);
        pl_skip_assign(p);
        TRY(find_diagnostic(p, s->diagnostics.stacked, &item.what, err));
        ARENA_PUSH(p->arena, &list, item);
    } while (pl_take(p, ","));
    s->diagnostics.items = list.ptr;
    s->diagnostics.n_items = list.len;
    return 0;
}

// ---- cursors

static int take_cursor_name(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    size_t used;
    struct str name = p->t.text;
    if (lexer_kind(&p->lexer, &p->t) == TOKEN_PLACEHOLDER) {
        name = arena_printf(p->arena, "$%.*s", STR_FMT(p->t.text));
        pl_advance(p);
    } else {
        TRY(pl_take_name(p, &name, err));
    }
    if (pl_find_variable(p->names, &name, 1, &s->cursor.variable, &used))
        return 0;
    return err_set(err, ERR_SYNTAX_ERROR, "\"%.*s\" is not a known variable", STR_FMT(name));
}

static int take_open_for(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_list list = {0};
    struct pl_text text;
    s->cursor.dynamic = pl_take_word(p, "execute");
    if (!s->cursor.dynamic) {
        TRY(pl_take_text(p, ";", "query", NULL, &text, err));
        return pl_make_sql(p, PL_SQL_QUERY, text, &s->cursor.query, err);
    }
    TRY(pl_take_expression(p, "using ;", ";", &s->cursor.query, err));
    TRY(pl_take_using(p, ";", &list, err));
    s->cursor.arguments = list.v.ptr;
    s->cursor.n_arguments = list.v.len;
    return 0;
}

static int take_open(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    struct pl_list list = {0};
    pl_advance(p);
    TRY(take_cursor_name(p, s, err));
    const struct pl_variable of = p->variables.ptr[s->cursor.variable], *v = &of;
    if (v->kind != PL_VARIABLE_CURSOR) {
        if (pl_take_word(p, "no"))
            TRY(pl_expect_word(p, "scroll", err));
        else if (pl_is_word(p, "scroll"))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SCROLL cursors are not supported");
        if (!pl_take_word(p, "for"))
            return pl_error(p, err, "syntax error, expected \"FOR\"");
        return take_open_for(p, s, err);
    }
    if (v->n_cursor_arguments > 0 && !pl_is(p, "("))
        return err_set(err, ERR_SYNTAX_ERROR, "cursor \"%.*s\" has arguments", STR_FMT(v->name));
    if (v->n_cursor_arguments == 0 && pl_is(p, "("))
        return err_set(err, ERR_SYNTAX_ERROR, "cursor \"%.*s\" has no arguments", STR_FMT(v->name));
    if (!pl_take(p, "("))
        return 0;
    TRY(pl_take_cursor_arguments(p, v, &list, err));
    s->cursor.arguments = list.v.ptr;
    s->cursor.n_arguments = list.v.len;
    return 0;
}

// What FETCH and MOVE begin with, up to the cursor.
static int take_direction(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    static const struct {
        const char *word;
        enum pl_fetch_direction direction;
        int64_t count; // 0: an expression comes
    } words[] = {
        {"next", PL_FETCH_FORWARD, 1},        {"prior", PL_FETCH_BACKWARD, 1},    {"first", PL_FETCH_ABSOLUTE, 1},
        {"last", PL_FETCH_ABSOLUTE, -1},      {"absolute", PL_FETCH_ABSOLUTE, 0}, {"relative", PL_FETCH_RELATIVE, 0},
        {"all", PL_FETCH_FORWARD, INT64_MAX}, {"forward", PL_FETCH_FORWARD, 0},   {"backward", PL_FETCH_BACKWARD, 0},
    };
    s->cursor.fixed_count = 1;
    size_t i = 0;
    while (i < ARRAY_LEN(words) && !pl_is_word(p, words[i].word))
        i++;
    const struct token *next = lexer_peek(&p->lexer, 0);
    bool alone = str_eqc(next->text, "into") || str_eqc(next->text, ";");
    if (alone || (i == ARRAY_LEN(words) && pl_is_name(p) && !pl_is_word(p, "from") && !pl_is_word(p, "in")))
        return 0; // the cursor itself
    if (i < ARRAY_LEN(words)) {
        s->cursor.direction = words[i].direction;
        s->cursor.fixed_count = words[i].count != 0 ? words[i].count : 1;
        pl_advance(p);
    }
    if (i < ARRAY_LEN(words) && words[i].count == 0 && pl_take_word(p, "all"))
        s->cursor.fixed_count = INT64_MAX;
    bool counted = i == ARRAY_LEN(words) || words[i].count == 0;
    if (counted && s->cursor.fixed_count == 1 && !pl_is_word(p, "from") && !pl_is_word(p, "in"))
        TRY(pl_take_expression(p, "from in", "FROM", &s->cursor.count, err));
    if (!pl_take_word(p, "from"))
        pl_take_word(p, "in");
    return 0;
}

static int take_fetch(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    s->cursor.move = pl_is_word(p, "move");
    pl_advance(p);
    TRY(take_direction(p, s, err));
    TRY(take_cursor_name(p, s, err));
    if (s->cursor.move)
        return 0;
    if (s->cursor.fixed_count == INT64_MAX || (s->cursor.count != NULL && s->cursor.direction <= PL_FETCH_BACKWARD))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "FETCH statement cannot return multiple rows");
    TRY(pl_expect_word(p, "into", err));
    return pl_take_targets(p, &s->cursor.targets, err);
}

static int take_close(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    pl_advance(p);
    return take_cursor_name(p, s, err);
}

static int take_txn(struct pl_parser *p, struct pl_statement *s, struct err *err)
{
    pl_advance(p);
    if (pl_take_word(p, "and")) {
        pl_take_word(p, "no");
        TRY(pl_expect_word(p, "chain", err));
    }
    return 0;
}

const struct pl_taking pl_effect_takings[] = {
    {"return", PL_RETURN, take_return},
    {"raise", PL_RAISE, take_raise},
    {"assert", PL_ASSERT, take_assert},
    {"execute", PL_EXECUTE, take_execute},
    {"perform", PL_PERFORM, take_perform},
    {"call", PL_CALL, take_call},
    {"do", PL_DO, take_call},
    {"get", PL_DIAGNOSTICS, take_diagnostics},
    {"open", PL_OPEN, take_open},
    {"fetch", PL_FETCH, take_fetch},
    {"move", PL_FETCH, take_fetch},
    {"close", PL_CLOSE, take_close},
    {"commit", PL_COMMIT, take_txn},
    {"rollback", PL_ROLLBACK, take_txn},
    {NULL},
};
