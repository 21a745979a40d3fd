// Cursors of PL/pgSQL: OPEN, FETCH, MOVE, CLOSE. A cursor is a portal of the session, whose name its variable holds;
// who gets the name, the client too, may fetch from it.
#include "sql/session/plpgsql_int.h"

static int name_of(struct pl_frame *f, uint32_t variable, struct str *out, struct err *err)
{
    struct datum d;
    TRY(pl_cast(f, pl_slot_value(f, variable, &f->scratch), T_STRING, &d, err));
    *out = d.null ? STR_NONE : arena_str(&f->scratch, d.s);
    return 0;
}

// ---- OPEN

// The name that OPEN is to take: the variable's, or a new one.
static int name_to_open(struct pl_frame *f, uint32_t variable, struct str *out, struct err *err)
{
    TRY(name_of(f, variable, out, err));
    while (out->ptr == NULL) {
        struct str name = arena_printf(&f->scratch, "<unnamed portal %u>", ++f->s->unnamed_cursors);
        if (map_get(&f->s->portals, name) == NULL)
            *out = name;
    }
    if (map_get(&f->s->portals, *out) == NULL)
        return 0;
    return err_set(err, ERR_DUPLICATE_CURSOR, "cursor \"%.*s\" already in use", STR_FMT(*out));
}

static int not_a_query(const struct ast *ast, struct err *err)
{
    return err_set(err, ERR_INVALID_CURSOR_DEFINITION, "cannot open %s query as cursor",
                   ast != NULL ? ast_tag(ast) : "empty");
}

static int start_portal(struct pl_frame *f, uint32_t variable, struct portal *p, struct err *err)
{
    struct datum name = datum_str(arena_str(&f->scratch, p->name));
    TRY(portal_start_plan(f->s, p, err));
    return pl_set(f, variable, (struct pl_value){T_STRING, name}, err);
}

static int open_query(struct pl_frame *f, uint32_t variable, const struct pl_sql *query, struct err *err)
{
    struct pl_plan *plan;
    struct str name;
    if (query->ast->kind != AST_SELECT)
        return not_a_query(query->ast, err);
    arena_reset(&f->scratch);
    TRY(name_to_open(f, variable, &name, err));
    TRY(pl_plan_take(f, query, &plan, err));
    struct portal *p = portal_for_plan(f->s, name, query->ast, plan);
    p->parameters = pl_parameters(f, plan, &p->arena);
    return start_portal(f, variable, p, err);
}

static int open_text(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_dynamic d;
    struct str name;
    int rc = pl_dynamic_open(f, &d, s->cursor.query, s->cursor.arguments, s->cursor.n_arguments, err);
    if (rc == 0 && (d.plan == NULL || d.ast->kind != AST_SELECT))
        rc = not_a_query(d.ast, err);
    if (rc == 0)
        rc = name_to_open(f, s->cursor.variable, &name, err);
    if (rc == 0) {
        struct portal *p = portal_for_plan(f->s, name, d.ast, d.plan);
        d.plan = NULL;
        p->parameters = ARENA_ARRAY(&p->arena, struct datum, s->cursor.n_arguments + 1);
        for (size_t i = 0; i < s->cursor.n_arguments; i++)
            p->parameters[i] = datum_copy(&p->arena, d.types[i], d.parameters[i]);
        rc = start_portal(f, s->cursor.variable, p, err);
    }
    pl_dynamic_close(f, &d);
    return rc;
}

int pl_cursor_arguments(struct pl_frame *f, const struct pl_variable *cursor, const struct pl_sql *const *arguments,
                        size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct pl_value v;
        TRY(pl_evaluate(f, arguments[i], &v, err));
        TRY(pl_set(f, cursor->cursor_arguments[i], v, err));
    }
    return 0;
}

int pl_run_open(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    const struct pl_variable *v = &f->r->tree.variables[s->cursor.variable];
    if (s->cursor.dynamic)
        return open_text(f, s, err);
    if (s->cursor.query != NULL)
        return open_query(f, s->cursor.variable, s->cursor.query, err);
    TRY(pl_cursor_arguments(f, v, s->cursor.arguments, s->cursor.n_arguments, err));
    return open_query(f, s->cursor.variable, v->cursor, err);
}

// ---- FETCH, MOVE, CLOSE

// Keeps the first row that comes, and its columns.
struct row_sink {
    struct result_sink sink; // first member
    struct result_sink *notices;
    struct arena *arena;
    struct pl_shape shape;
    struct datum *values; // NULL: none came
};

static void row_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
    struct row_sink *r = (struct row_sink *)sink;
    struct type *types = ARENA_ARRAY(r->arena, struct type, n);
    struct str *names = ARENA_ARRAY(r->arena, struct str, n);
    for (size_t i = 0; i < n; i++) {
        types[i] = columns[i].type;
        names[i] = arena_str(r->arena, columns[i].name);
    }
    r->shape = (struct pl_shape){(uint32_t)n, types, names};
}

static int row_rows(struct result_sink *sink, const struct batch *b, struct err *err)
{
    struct row_sink *r = (struct row_sink *)sink;
    struct type *types = (struct type *)r->shape.types;
    if (b->n == 0 || r->values != NULL)
        return 0;
    r->values = ARENA_ARRAY(r->arena, struct datum, b->ncols + 1);
    for (uint32_t i = 0; i < b->ncols; i++) {
        types[i] = b->cols[i].type;
        r->values[i] = datum_copy(r->arena, types[i], vec_get(&b->cols[i], batch_row(b, 0)));
    }
    return 0;
}

static void row_notice(struct result_sink *sink, const struct err *notice)
{
    struct result_sink *to = ((struct row_sink *)sink)->notices;
    to->ops->notice(to, notice);
}

static int fetch_of(struct pl_frame *f, const struct pl_statement *s, struct ast_fetch *out, struct err *err)
{
    int64_t count = s->cursor.fixed_count;
    if (s->cursor.count != NULL) {
        struct datum d;
        TRY(pl_evaluate_as(f, s->cursor.count, T_INT8, &d, err));
        if (d.null)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "relative or absolute cursor position is null");
        count = d.i;
    }
    bool all = count == INT64_MAX;
    *out = (struct ast_fetch){.base = {AST_FETCH, 0}, .move = s->cursor.move, .count = count};
    switch (s->cursor.direction) {
    case PL_FETCH_FORWARD:
        out->direction = all ? AST_FETCH_ALL : AST_FETCH_COUNT;
        break;
    case PL_FETCH_BACKWARD:
        out->direction = all ? AST_FETCH_BACKWARD_ALL : AST_FETCH_COUNT;
        out->count = -count;
        break;
    case PL_FETCH_ABSOLUTE:
        out->direction = AST_FETCH_ABSOLUTE;
        break;
    case PL_FETCH_RELATIVE:
        out->direction = AST_FETCH_RELATIVE;
        break;
    }
    return name_of(f, s->cursor.variable, &out->cursor, err);
}

static int no_name(struct pl_frame *f, uint32_t variable, struct err *err)
{
    return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "cursor variable \"%.*s\" is null",
                   STR_FMT(f->r->tree.variables[variable].name));
}

int pl_run_fetch(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    static const struct result_sink_ops ops = {.describe = row_describe, .rows = row_rows, .notice = row_notice};
    struct session *session = f->s;
    struct arena a;
    struct ast_fetch fetch;
    uint64_t n = 0;
    TRY(fetch_of(f, s, &fetch, err));
    if (fetch.cursor.ptr == NULL)
        return no_name(f, s->cursor.variable, err);
    arena_init(&a, &session->budget);
    struct row_sink sink = {{&ops}, session->sink, &a};
    session->sink = &sink.sink;
    int rc = cursor_fetch(session, &fetch, !fetch.move, &n, err);
    session->sink = sink.notices;
    if (rc == 0 && !fetch.move)
        rc = pl_assign_row(f, &s->cursor.targets, &sink.shape, sink.values, err);
    arena_release(&a);
    f->row_count = n;
    if (rc == 0)
        pl_set_found(f, n > 0);
    return rc;
}

int pl_run_close(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct ast_close_cursor close = {.base = {AST_CLOSE_CURSOR, 0}};
    TRY(name_of(f, s->cursor.variable, &close.name, err));
    if (close.name.ptr == NULL)
        return no_name(f, s->cursor.variable, err);
    return run_close_cursor(f->s, &close.base, err);
}
