// Statements of PL/pgSQL that run SQL: INTO, EXECUTE, PERFORM, RETURN QUERY, FOR over rows.
#include "sql/session/plpgsql_int.h"

// ---- one row or none into variables

static int too_many_rows(struct err *err)
{
    err_set(err, ERR_TOO_MANY_ROWS, "query returned more than one row");
    return err_hint(err, "Make sure the query returns a single row, or use LIMIT 1.");
}

// *n: the rows that there were, as far as they were looked at.
static int take_into(struct pl_frame *f, struct pl_rows *rows, const struct pl_shape *shape,
                     const struct pl_targets *into, uint64_t *n, struct err *err)
{
    bool found, second = false, change = rows->e->plan->query->has_mutation;
    struct arena a;
    TRY(pl_rows_next(rows, &found, err));
    arena_init(&a, &f->s->budget);
    struct datum *values = ARENA_ARRAY(&a, struct datum, shape->n + 1);
    for (uint32_t i = 0; i < shape->n && found; i++) // before the next row takes its place
        values[i] = datum_copy(&a, shape->types[i], rows->values[i]);
    int rc = 0;
    if (found && (into->strict || change))
        rc = pl_rows_next(rows, &second, err);
    if (rc == 0 && second)
        rc = too_many_rows(err);
    if (rc == 0 && !found && into->strict)
        rc = err_set(err, ERR_NO_DATA_FOUND, "query returned no rows");
    if (rc == 0)
        rc = pl_assign_row(f, into, shape, found ? values : NULL, err);
    arena_release(&a);
    *n = found;
    return rc;
}

static int no_destination(struct err *err)
{
    err_set(err, ERR_SYNTAX_ERROR, "query has no destination for result data");
    return err_hint(err, "If you want to discard the results of a SELECT, use PERFORM instead.");
}

// Runs a plan to its end. *n: its rows, or those it changed.
static int run_plan(struct pl_frame *f, struct pl_plan *p, const struct datum *parameters, struct str text,
                    const struct pl_targets *into, uint64_t *n, struct err *err)
{
    struct pl_rows rows;
    TRY(pl_rows_open(f, p, parameters, text, &rows, err));
    bool change = p->query->has_mutation;
    uint64_t rest = 0;
    *n = 0;
    int rc = into->n > 0 ? take_into(f, &rows, &p->shape, into, n, err) : 0;
    if (rc == 0 && (change || into->n == 0))
        rc = pl_rows_drain(&rows, &rest, err);
    *n += rest;
    if (change && (into->n == 0 || rows.e->x.rows_affected > 0))
        *n = rows.e->x.rows_affected;
    pl_rows_close(&rows);
    return rc;
}

// ---- statements that are no queries

// Notices go where they would, rows nowhere.
struct quiet_sink {
    struct result_sink sink; // first member
    struct result_sink *to;
};

static void quiet_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int quiet_rows(struct result_sink *sink, const struct batch *b, struct err *err)
{
    return 0;
}

static void quiet_notice(struct result_sink *sink, const struct err *notice)
{
    struct result_sink *to = ((struct quiet_sink *)sink)->to;
    to->ops->notice(to, notice);
}

static void quiet_parameter(struct result_sink *sink, const char *name, struct str value)
{
    struct result_sink *to = ((struct quiet_sink *)sink)->to;
    to->ops->parameter(to, name, value);
}

static const struct result_sink_ops quiet_ops = {
    .describe = quiet_describe, .rows = quiet_rows, .notice = quiet_notice, .parameter = quiet_parameter};

static int refuse_statement(const struct ast *ast, struct err *err)
{
    switch (ast->kind) {
    case AST_BEGIN:
    case AST_SAVEPOINT:
    case AST_RELEASE:
    case AST_ROLLBACK_TO:
    case AST_COMMIT:
    case AST_ROLLBACK:
    case AST_SET_TRANSACTION:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unsupported transaction command in PL/pgSQL");
    case AST_COPY:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot COPY to/from client in PL/pgSQL");
    case AST_EXECUTE:
    case AST_FETCH:
    case AST_BACKUP:
    case AST_RESTORE:
    case AST_INSPECT:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s usage inside a function definition",
                       ast_tag(ast));
    default:
        return 0;
    }
}

static int run_utility(struct pl_frame *f, const struct ast *ast, struct str text, struct err *err)
{
    struct session *s = f->s;
    struct statement_input in = {.ast = ast, .text = text};
    struct quiet_sink quiet = {{&quiet_ops}, s->sink};
    struct arena a;
    struct str tag;
    TRY(refuse_statement(ast, err));
    arena_init(&a, &s->budget);
    if (s->sink != NULL)
        s->sink = &quiet.sink;
    int rc = run_statement(s, &in, false, &a, &tag, err);
    if (rc != 0)
        (void)err_context(err, "SQL statement \"%.*s\"", STR_FMT(text));
    s->sink = quiet.to;
    arena_release(&a);
    f->row_count = 0;
    eval_context_init(s, &f->x.eval, &f->scratch); // SET, CREATE TEMPORARY TABLE
    return rc;
}

static bool is_query(const struct ast *ast)
{
    return ast->kind == AST_SELECT || ast->kind == AST_INSERT || ast->kind == AST_UPDATE || ast->kind == AST_DELETE;
}

// ---- SQL

static int run_query(struct pl_frame *f, const struct pl_statement *s, struct pl_plan *p, struct err *err)
{
    const struct pl_targets *into = &s->sql.into;
    uint64_t n;
    if (into->n == 0 && p->query->returns_rows)
        return no_destination(err);
    if (into->n > 0 && !p->query->returns_rows)
        return err_set(err, ERR_SYNTAX_ERROR, "INTO used with a command that cannot return data");
    TRY(run_plan(f, p, pl_parameters(f, p, NULL), s->sql.sql->text, into, &n, err));
    f->row_count = n;
    pl_set_found(f, n > 0);
    return 0;
}

int pl_run_sql(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_plan *p;
    int rc;
    arena_reset(&f->scratch);
    if (!is_query(s->sql.sql->ast)) {
        if (s->sql.into.n > 0)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s ... INTO", ast_tag(s->sql.sql->ast));
        rc = run_utility(f, s->sql.sql->ast, s->sql.sql->text, err);
    } else {
        rc = pl_plan_take(f, s->sql.sql, &p, err);
        if (rc == 0) {
            rc = run_query(f, s, p, err);
            pl_plan_done(f->s, p);
        }
    }
    return rc;
}

int pl_run_perform(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    static const struct pl_targets nothing = {0};
    struct pl_plan *p;
    uint64_t n = 1;
    arena_reset(&f->scratch);
    int rc = pl_plan_take(f, s->use.value, &p, err);
    if (rc == 0 && p->scalar != NULL) {
        struct pl_value ignored;
        pl_plan_done(f->s, p);
        f->running = s->use.value->text;
        rc = pl_evaluate(f, s->use.value, &ignored, err);
        if (rc != 0)
            (void)err_context(err, "SQL statement \"%.*s\"", STR_FMT(f->running));
        f->running = STR_EMPTY;
    } else if (rc == 0) {
        rc = run_plan(f, p, pl_parameters(f, p, NULL), s->use.value->text, &nothing, &n, err);
        pl_plan_done(f->s, p);
    }
    f->row_count = n;
    if (rc == 0)
        pl_set_found(f, n > 0);
    return rc;
}

// ---- text

static int dynamic_parameters(struct pl_frame *f, struct pl_dynamic *d, const struct pl_sql *const *arguments, size_t n,
                              struct err *err)
{
    struct type *types = ARENA_ARRAY(&d->arena, struct type, n + 1);
    d->types = types;
    d->parameters = ARENA_ARRAY(&d->arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct pl_value v;
        TRY(pl_evaluate(f, arguments[i], &v, err));
        types[i] = type_is(v.type, TYPE_UNKNOWN) ? T_STRING : v.type;
        d->parameters[i] = datum_copy(&d->arena, v.type, v.value);
    }
    return 0;
}

static int dynamic_parse(struct pl_frame *f, struct pl_dynamic *d, const struct pl_sql *text, struct err *err)
{
    struct parsed_statements parsed;
    TRY(pl_evaluate_text(f, text, &d->arena, &d->text, err));
    if (d->text.ptr == NULL)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "query string argument of EXECUTE is null");
    int rc = parse_sql(&d->arena, d->text, &f->r->options, &parsed, err);
    err_at(err, 0);
    TRY(rc);
    if (parsed.n > 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: several statements in one EXECUTE");
    d->ast = parsed.n == 1 ? parsed.items[0].ast : NULL;
    const struct ast *rows = NULL;
    if (d->ast != NULL)
        TRY(statement_source(f->s, &d->arena, d->ast, &rows, err)); // SHOW, EXPLAIN
    if (rows != NULL)
        d->ast = rows;
    return 0;
}

int pl_dynamic_open(struct pl_frame *f, struct pl_dynamic *d, const struct pl_sql *text,
                    const struct pl_sql *const *arguments, size_t n, struct err *err)
{
    *d = (struct pl_dynamic){0};
    arena_init(&d->arena, &f->s->budget);
    TRY(dynamic_parse(f, d, text, err));
    TRY(dynamic_parameters(f, d, arguments, n, err));
    arena_reset(&f->scratch);
    if (d->ast == NULL || !is_query(d->ast))
        return 0;
    return pl_plan_text(f, d->ast, d->types, n, &d->plan, err);
}

void pl_dynamic_close(struct pl_frame *f, struct pl_dynamic *d)
{
    pl_plan_done(f->s, d->plan);
    arena_release(&d->arena);
}

static int run_dynamic(struct pl_frame *f, const struct pl_statement *s, struct pl_dynamic *d, struct err *err)
{
    uint64_t n;
    f->row_count = 0;
    if (d->ast == NULL)
        return 0;
    int rc;
    if (d->plan != NULL) {
        if (s->sql.into.n > 0 && !d->plan->query->returns_rows)
            return err_set(err, ERR_SYNTAX_ERROR, "INTO used with a command that cannot return data");
        rc = run_plan(f, d->plan, d->parameters, d->text, &s->sql.into, &n, err);
        f->row_count = rc == 0 ? n : 0;
    } else {
        rc = run_utility(f, d->ast, d->text, err);
    }
    return rc;
}

int pl_run_execute(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_dynamic d;
    int rc = pl_dynamic_open(f, &d, s->sql.sql, s->sql.arguments, s->sql.n_arguments, err);
    if (rc == 0)
        rc = run_dynamic(f, s, &d, err);
    pl_dynamic_close(f, &d);
    return rc;
}

// ---- RETURN QUERY

static int emit_all(struct pl_frame *f, struct pl_plan *p, const struct datum *parameters, struct str text,
                    struct err *err)
{
    struct pl_rows rows;
    bool found = true;
    uint64_t n = 0;
    if (p->shape.n != f->r->n_columns && !(f->r->n_columns == 1 && type_is(f->r->columns[0].type, TYPE_TUPLE))) {
        err_set(err, ERR_DATATYPE_MISMATCH, "structure of query does not match function result type");
        return err_detail(err, "Number of returned columns (%u) does not match expected column count (%zu).",
                          p->shape.n, f->r->n_columns);
    }
    TRY(pl_rows_open(f, p, parameters, text, &rows, err));
    int rc = 0;
    while (rc == 0 && found) {
        rc = pl_rows_next(&rows, &found, err);
        if (rc == 0 && found) {
            arena_reset(&f->scratch);
            rc = pl_emit_row(f, &p->shape, rows.values, err);
            n++;
        }
    }
    pl_rows_close(&rows);
    f->row_count = n;
    if (rc == 0)
        pl_set_found(f, n > 0);
    return rc;
}

int pl_run_return_query(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_plan *p;
    if (s->kind == PL_RETURN_QUERY) {
        struct arena keep;
        arena_reset(&f->scratch);
        TRY(pl_plan_take(f, s->use.value, &p, err));
        arena_init(&keep, &f->s->budget);
        int rc = emit_all(f, p, pl_parameters(f, p, &keep), s->use.value->text, err);
        arena_release(&keep);
        pl_plan_done(f->s, p);
        return rc;
    }
    struct pl_dynamic d;
    int rc = pl_dynamic_open(f, &d, s->use.value, s->use.arguments, s->use.n_arguments, err);
    if (rc == 0 && d.plan == NULL)
        rc = err_set(err, ERR_SYNTAX_ERROR, "cannot open %s as a query", d.ast != NULL ? ast_tag(d.ast) : "nothing");
    if (rc == 0)
        rc = emit_all(f, d.plan, d.parameters, d.text, err);
    pl_dynamic_close(f, &d);
    return rc;
}

// ---- FOR

static int loop_over(struct pl_frame *f, const struct pl_statement *s, struct pl_plan *p,
                     const struct datum *parameters, struct str text, enum pl_outcome *out, struct err *err)
{
    struct pl_rows rows;
    bool found = true, any = false, on = true;
    TRY(pl_rows_open(f, p, parameters, text, &rows, err));
    int rc = 0;
    while (rc == 0 && on) {
        f->at = s;
        rc = pl_rows_next(&rows, &found, err);
        if (rc != 0 || !found)
            break;
        any = true;
        rc = session_interrupted(f->s, err);
        if (rc == 0)
            rc = budget_check(&f->s->budget, err);
        if (rc == 0)
            rc = pl_assign_row(f, &s->for_query.targets, &p->shape, rows.values, err);
        if (rc == 0)
            rc = pl_run_body(f, &s->for_query.body, out, err);
        on = rc == 0 && pl_loop_goes_on(f, s, out);
    }
    if (rc == 0 && !any)
        rc = pl_assign_row(f, &s->for_query.targets, &p->shape, NULL, err);
    pl_rows_close(&rows);
    if (rc == 0)
        pl_set_found(f, any);
    return rc;
}

static int for_text(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    struct pl_dynamic d;
    int rc = pl_dynamic_open(f, &d, s->for_query.query, s->for_query.arguments, s->for_query.n_arguments, err);
    if (rc == 0 && d.plan == NULL)
        rc = err_set(err, ERR_INVALID_CURSOR_DEFINITION, "cannot open %s query as cursor",
                     d.ast != NULL ? ast_tag(d.ast) : "empty");
    if (rc == 0)
        rc = loop_over(f, s, d.plan, d.parameters, d.text, out, err);
    pl_dynamic_close(f, &d);
    return rc;
}

int pl_run_for_query(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    const struct pl_sql *query = s->for_query.query;
    struct arena keep;
    struct pl_plan *p;
    if (s->kind == PL_FOR_EXECUTE)
        return for_text(f, s, out, err);
    if (s->kind == PL_FOR_CURSOR) {
        const struct pl_variable *cursor = &f->r->tree.variables[s->for_query.cursor];
        query = cursor->cursor;
        TRY(pl_cursor_arguments(f, cursor, s->for_query.arguments, s->for_query.n_arguments, err));
    }
    if (!is_query(query->ast))
        return err_set(err, ERR_INVALID_CURSOR_DEFINITION, "cannot open %s query as cursor", ast_tag(query->ast));
    arena_reset(&f->scratch);
    TRY(pl_plan_take(f, query, &p, err));
    arena_init(&keep, &f->s->budget);
    int rc = p->query->returns_rows
                 ? loop_over(f, s, p, pl_parameters(f, p, &keep), query->text, out, err)
                 : err_set(err, ERR_INVALID_CURSOR_DEFINITION, "cannot open %s query as cursor", ast_tag(query->ast));
    arena_release(&keep);
    pl_plan_done(f->s, p);
    return rc;
}

// ---- CALL

// The arguments in the places of output parameters are what these go to, when there is one for every parameter.
static int output_targets(struct arena *a, const struct pl_sql *sql, const struct cat_function *fn,
                          struct pl_targets *out, struct err *err)
{
    const struct ast_func_call *call = ast_as_func_call(ast_as_call(sql->ast)->call);
    struct pl_target *items = ARENA_ARRAY(a, struct pl_target, fn->n_params + 1);
    size_t k = 0;
    *out = (struct pl_targets){.items = items};
    for (size_t i = 0; i < fn->n_params; i++) {
        bool written = call->args.n == fn->n_params || cat_param_is_input(&fn->params[i]);
        if (!written || k >= call->args.n)
            continue;
        const struct ast *arg = call->args.items[k++];
        size_t used;
        struct pl_target *t = &items[out->n];
        if (fn->params[i].mode == 'i')
            continue;
        struct str parts[2] = {STR_NONE, STR_NONE};
        size_t n = 0;
        if (arg->kind == AST_COLUMN_REF && ast_as_column_ref(arg)->table.ptr != NULL)
            parts[n++] = ast_as_column_ref(arg)->table;
        if (arg->kind == AST_COLUMN_REF)
            parts[n++] = ast_as_column_ref(arg)->column;
        if (n == 0 || !pl_find_variable(sql->names, parts, n, &t->variable, &used))
            return err_set(err, ERR_SYNTAX_ERROR,
                           "procedure parameter \"%.*s\" is an output parameter but corresponding argument is not "
                           "writable",
                           STR_FMT(fn->params[i].name));
        if (used < n) {
            struct pl_step *step = ARENA_NEW(a, struct pl_step);
            step->field = parts[used];
            t->steps = step;
            t->n_steps = 1;
        }
        out->n++;
    }
    return 0;
}

static int assign_outputs(struct pl_frame *f, struct arena *a, const struct pl_plan *p,
                          const struct pl_targets *targets, struct pl_value v, struct err *err)
{
    struct cat_function_column *columns;
    struct pl_shape shape;
    struct datum *values = &v.value;
    if (targets->n == 0)
        return 0;
    size_t n = cat_function_columns(p->procedure, a, &columns);
    if (n == 1)
        shape = (struct pl_shape){1, &v.type, &columns[0].name};
    else if (v.value.null)
        return pl_assign_row(f, targets, &(struct pl_shape){0}, NULL, err);
    else
        pl_tuple_fields(a, v, &shape, &values);
    return pl_assign_row(f, targets, &shape, values, err);
}

static int call(struct pl_frame *f, const struct pl_sql *sql, const struct pl_plan *p, struct arena *a, struct err *err)
{
    struct pl_targets targets = {0};
    struct pl_value v;
    if (p->procedure != NULL)
        TRY(output_targets(a, sql, p->procedure, &targets, err));
    f->running = sql->text;
    int rc = pl_evaluate(f, sql, &v, err);
    if (rc != 0)
        (void)err_context(err, "SQL statement \"%.*s\"", STR_FMT(sql->text));
    f->running = STR_EMPTY;
    TRY(rc);
    v.value = datum_copy(a, v.type, v.value);
    return assign_outputs(f, a, p, &targets, v, err);
}

int pl_run_call(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_plan *p;
    struct arena a;
    TRY(pl_plan_take(f, s->use.value, &p, err));
    arena_init(&a, &f->s->budget);
    int rc = call(f, s->use.value, p, &a, err);
    arena_release(&a);
    pl_plan_done(f->s, p);
    return rc;
}

// ---- COMMIT, ROLLBACK

static int may_end(const struct pl_frame *f, const char *what, struct err *err)
{
    for (; f != NULL; f = f->caller) {
        if (!f->r->f->is_procedure)
            return err_set(err, ERR_INVALID_TRANSACTION_TERMINATION, "invalid transaction termination");
        if (f->guards > 0)
            return err_set(err, ERR_INVALID_TRANSACTION_TERMINATION, "cannot %s while a subtransaction is active",
                           what);
        if (f->open_rows > 0)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s in a loop over rows", what);
    }
    return 0;
}

int pl_run_txn(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    bool commit = s->kind == PL_COMMIT;
    TRY(may_end(f, commit ? "commit" : "roll back", err));
    TRY(txn_end_in_procedure(f->s, commit, err));
    for (; f != NULL; f = f->caller) {
        f->x.txn = f->s->txn;
        f->x.view = f->s->view;
        eval_context_init(f->s, &f->x.eval, &f->scratch);
    }
    return 0;
}
