// Prepared statements: PREPARE, Parse, and the plans kept for them.
#include "sql/session/as_of_int.h"
#include "sql/session/jobs_int.h"
#include "sql/session/session_int.h"
#include "sql/session/splits_int.h"

void prepared_plan_free_in(struct sql_engine *e, struct prepared_plan *pp)
{
    if (pp == NULL || --pp->refs > 0)
        return;
    cat_unpin(e->catalog, pp->pin);
    arena_release(&pp->arena);
    mem_free(pp);
}

struct prepared *prepared_find(struct session *s, struct str name)
{
    return map_get(&s->prepared, name);
}

static void prepared_unref(struct session *s, struct prepared *p)
{
    if (--p->refs > 0)
        return;
    budget_release(&s->budget, p->charged_bytes);
    prepared_plan_free_in(s->engine, p->plan);
    activity_unref(&p->activity[0]);
    activity_unref(&p->activity[1]);
    arena_release(&p->arena);
    mem_free(p);
}

void prepared_release(struct session *s, struct prepared *p)
{
    prepared_unref(s, p);
}

void prepared_drop(struct session *s, struct prepared *p)
{
    map_remove(&s->prepared, p->name);
    prepared_unref(s, p);
}

void prepared_drop_all(struct session *s)
{
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->prepared, &it)) != NULL;)
        prepared_unref(s, e->value);
    map_clear(&s->prepared);
}

static bool plannable(const struct ast *ast)
{
    return ast != NULL &&
           (ast->kind == AST_SELECT || ast->kind == AST_INSERT || ast->kind == AST_UPDATE || ast->kind == AST_DELETE);
}

static int make_plan(struct session *s, const struct prepared *p, struct prepared_plan **out, struct err *err)
{
    struct prepared_plan *pp = mem_zalloc(sizeof(*pp));
    pp->refs = 1;
    arena_init(&pp->arena, NULL);
    uint32_t *oids = ARENA_ARRAY(&pp->arena, uint32_t, p->n_parameters);
    for (size_t i = 0; i < p->n_parameters; i++)
        oids[i] = p->parameter_types != NULL ? p->parameter_types[i].oid : p->parameter_oids[i];
    int rc = plan_statement(s, &pp->arena, p->ast, oids, p->n_parameters, &pp->plan, err);
    if (rc != 0) {
        prepared_plan_free_in(s->engine, pp);
        return rc;
    }
    pp->catalog_version = cat_view_version(s->view);
    pp->settings_epoch = s->settings_epoch;
    pp->pin = cat_view_pin(s->view);
    *out = pp;
    return 0;
}

static bool same_columns(const struct prepared *p, const struct statement_plan *plan)
{
    const struct query *q = plan->query;
    if (p->n_columns != q->n_output)
        return false;
    for (uint32_t i = 0; i < q->n_output; i++) {
        struct type t = q->columns.ptr[q->output[i]].type;
        if (t.family != TYPE_UNKNOWN && (t.family != p->columns[i].type.family || t.oid != p->columns[i].type.oid))
            return false;
    }
    return true;
}

int prepared_plan_now(struct session *s, struct prepared *p, struct statement_plan **out, struct err *err)
{
    uint64_t version = cat_view_version(s->view);
    struct prepared_plan *pp = p->plan;
    if (pp != NULL && version != 0 && pp->catalog_version == version && pp->settings_epoch == s->settings_epoch) {
        *out = pp->plan;
        return 0;
    }
    TRY(make_plan(s, p, &pp, err));
    if (!same_columns(p, pp->plan)) {
        prepared_plan_free_in(s->engine, pp);
        int rc = err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cached plan must not change result type");
        if (err != NULL)
            err->routine = "RevalidateCachedQuery"; // pgjdbc prepares the statement again then
        return rc;
    }
    prepared_plan_free_in(s->engine, p->plan);
    p->plan = pp;
    *out = pp->plan;
    return 0;
}

// ---- making

static int describe_query(struct session *s, struct prepared *p, struct err *err)
{
    if (p->as_of && !as_of_has_parameter(p->ast)) // names are those of that time
        TRY(as_of_begin(s, p->ast, &(struct as_of_arguments){0}, &p->arena, err));
    TRY(make_plan(s, p, &p->plan, err));
    const struct query *q = p->plan->plan->query;
    p->n_parameters = q->n_parameters;
    p->parameter_types = arena_dup(&p->arena, q->parameter_types, q->n_parameters * sizeof(struct type));
    p->columns = plan_columns(&p->arena, p->plan->plan, &p->n_columns);
    p->returns_rows = q->returns_rows;
    return 0;
}

static void named_columns(struct prepared *p, const char *const *names, const struct type *types, size_t n)
{
    p->columns = ARENA_ARRAY(&p->arena, struct result_column, n);
    for (size_t i = 0; i < n; i++)
        p->columns[i] = (struct result_column){.name = arena_str(&p->arena, str_of(names[i])), .type = types[i]};
    p->n_columns = n;
    p->returns_rows = true;
}

const uint32_t *bound_oids(const struct statement_input *in, struct arena *a, size_t *n)
{
    const struct prepared *p = in->prepared;
    *n = p != NULL && p->parameter_types != NULL ? p->n_parameters : 0;
    uint32_t *oids = ARENA_ARRAY(a, uint32_t, *n);
    for (size_t i = 0; i < *n; i++)
        oids[i] = p->parameter_types[i].oid;
    return oids;
}

// The query of a DECLARE or EXPLAIN, whose parameters are those of the statement around it; else NULL.
static const struct ast *query_inside(const struct ast *ast)
{
    const struct ast *query = ast->kind == AST_DECLARE_CURSOR ? ast_as_declare_cursor(ast)->query
                              : ast->kind == AST_EXPLAIN      ? ast_as_explain(ast)->statement
                                                              : NULL;
    return query != NULL && plannable(query) ? query : NULL;
}

static int describe_parameters(struct session *s, struct prepared *p, const struct ast *query, struct err *err)
{
    struct arena a;
    struct statement_plan *plan;
    arena_init(&a, NULL);
    int rc = plan_statement(s, &a, query, p->parameter_oids, p->n_parameters, &plan, err);
    if (rc == 0) {
        p->n_parameters = plan->query->n_parameters;
        p->parameter_types = arena_dup(&p->arena, plan->query->parameter_types, p->n_parameters * sizeof(struct type));
    }
    arena_release(&a);
    return rc;
}

int prepared_plan_locked(struct session *s, struct prepared *p, struct statement_plan **out, struct err *err)
{
    bool moved;
    do {
        TRY(prepared_plan_now(s, p, out, err));
        TRY(lock_written_tables(s, (*out)->query, &moved, err));
    } while (moved);
    return 0;
}

static int describe_other(struct session *s, struct prepared *p, struct err *err)
{
    const struct ast *query = query_inside(p->ast);
    if (query != NULL)
        TRY(describe_parameters(s, p, query, err));
    else
        p->n_parameters = 0;
    static const char *const info[] = {"info"};
    const struct type text = T_STRING;
    if (p->ast->kind == AST_SHOW) {
        struct show_result r;
        TRY(show_run(s, &p->arena, p->ast, &r, err));
        named_columns(p, r.names, r.types, r.n_columns);
    } else if (p->ast->kind == AST_EXPLAIN) {
        named_columns(p, info, &text, 1);
    } else if (is_split(p->ast)) {
        struct show_result r = {0};
        struct show sh = {.session = s, .arena = &p->arena, .out = &r};
        split_columns(&sh, p->ast);
        named_columns(p, r.names, r.types, r.n_columns);
    } else if (p->ast->kind == AST_BACKUP || p->ast->kind == AST_RESTORE) {
        named_columns(p, bulk_column_names, bulk_column_types(), bulk_is_detached(p->ast) ? 1 : BULK_COLUMNS);
    } else if (p->ast->kind == AST_CREATE_SCHEDULE) {
        named_columns(p, schedule_column_names, schedule_column_types(), SCHEDULE_COLUMNS);
    } else if (p->ast->kind == AST_EXECUTE) {
        struct prepared *other = prepared_find(s, ast_as_execute(p->ast)->name);
        if (other != NULL) {
            p->columns = other->columns;
            p->n_columns = other->n_columns;
            p->returns_rows = other->returns_rows;
        }
    } else if (p->ast->kind == AST_FETCH) {
        const struct result_column *columns;
        TRY(fetch_columns(s, p->ast, &columns, &p->n_columns, err));
        p->columns = arena_dup(&p->arena, columns, p->n_columns * sizeof(*columns));
        p->returns_rows = p->n_columns > 0;
    }
    return 0;
}

// A client may keep as many statements as the session's memory holds.
static int charge(struct session *s, struct prepared *p, struct err *err)
{
    size_t bytes = sizeof(*p) + arena_bytes(&p->arena);
    if (p->plan != NULL)
        bytes += sizeof(*p->plan) + arena_bytes(&p->plan->arena);
    TRY(budget_charge(&s->budget, bytes, err));
    p->charged_bytes = bytes;
    return 0;
}

int prepared_make(struct session *s, struct str name, struct str text, const struct ast *ast, const uint32_t *oids,
                  size_t n_oids, struct prepared **out, struct err *err)
{
    struct prepared *p = mem_zalloc(sizeof(*p));
    arena_init(&p->arena, NULL);
    p->refs = 1;
    p->name = arena_str(&p->arena, name);
    p->text = arena_str(&p->arena, text);
    p->created_micros = s->statement_micros;
    p->n_parameters = n_oids;
    p->parameter_oids = arena_dup(&p->arena, oids, n_oids * sizeof(*oids));
    int rc = 0;
    if (ast != NULL) {
        p->ast = ast_copy(&p->arena, ast);
    } else {
        struct parse_options options = session_parse_options(s);
        struct parsed_statements parsed = {0};
        rc = parse_sql(&p->arena, p->text, &options, &parsed, err);
        if (rc == 0 && parsed.n > 1)
            rc = err_set(err, ERR_SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement");
        p->ast = rc == 0 && parsed.n == 1 ? parsed.items[0].ast : NULL;
    }
    p->as_of = p->ast != NULL && as_of_anywhere(p->ast);
    if (rc == 0 && p->ast != NULL)
        rc = txn_check_state(s, p->ast, err);
    if (rc == 0 && p->ast != NULL && !ast_is_txn_control(p->ast)) {
        if (s->txn_state == TXN_NONE)
            rc = session_begin(s, TXN_IMPLICIT, err);
        if (rc == 0)
            rc = plannable(p->ast) ? describe_query(s, p, err) : describe_other(s, p, err);
    }
    if (rc == 0)
        rc = charge(s, p, err);
    if (rc != 0) {
        prepared_unref(s, p);
        return rc;
    }
    *out = p;
    return 0;
}

int prepared_types_now(struct session *s, struct prepared *p, struct err *err)
{
    for (size_t i = 0; p->parameter_types != NULL && i < p->n_parameters; i++) {
        struct type t;
        bool found;
        if (p->parameter_types[i].def == NULL)
            continue;
        if (s->txn_state == TXN_NONE)
            TRY(session_begin(s, TXN_IMPLICIT, err));
        TRY(cat_type_of_oid(s->view, p->parameter_types[i].oid, &t, &found, err));
        if (found)
            p->parameter_types[i] = t;
    }
    return 0;
}

// ---- PREPARE, EXECUTE, DEALLOCATE

static int duplicate(struct str name, struct err *err)
{
    return err_set(err, ERR_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%.*s\" already exists", STR_FMT(name));
}

static int unknown(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%.*s\" does not exist", STR_FMT(name));
}

int run_prepare(struct session *s, const struct ast *ast, struct err *err)
{
    const struct ast_prepare *p = ast_as_prepare(ast);
    if (prepared_find(s, p->name) != NULL)
        return duplicate(p->name, err);
    struct arena a;
    arena_init(&a, &s->budget);
    uint32_t *oids = ARENA_ARRAY(&a, uint32_t, p->types.n);
    struct analyze_options options;
    struct eval_context ec;
    analyze_options_init(s, &options, &ec, &a);
    int rc = 0;
    for (size_t i = 0; i < p->types.n && rc == 0; i++) {
        struct type t;
        rc = analyze_type(s->view, &options.scope, p->types.items[i], &t, err);
        oids[i] = rc == 0 ? t.oid : 0;
    }
    struct prepared *made = NULL;
    if (rc == 0)
        rc = prepared_make(s, p->name, STR_EMPTY, p->statement, oids, p->types.n, &made, err);
    arena_release(&a);
    TRY(rc);
    made->from_sql = true;
    map_put(&s->prepared, made->name, made);
    return 0;
}

static int execute_arguments(struct session *s, const struct ast_execute *ex, struct prepared *p, struct arena *a,
                             struct datum **out, struct err *err)
{
    if (ex->args.n != p->n_parameters)
        return err_set(err, ERR_SYNTAX_ERROR,
                       "wrong number of parameters for prepared statement \"%.*s\": expected "
                       "%zu, got %zu",
                       STR_FMT(ex->name), p->n_parameters, ex->args.n);
    *out = ARENA_ARRAY(a, struct datum, p->n_parameters);
    TRY(prepared_types_now(s, p, err));
    struct analyze_options options;
    struct eval_context ec;
    analyze_options_init(s, &options, &ec, a);
    for (size_t i = 0; i < p->n_parameters; i++) {
        struct query *q;
        struct expr *e;
        TRY(analyze_table_expr(a, &options, NULL, ex->args.items[i], p->parameter_types[i], "EXECUTE", &q, &e, err));
        struct exec_context x;
        struct statement_plan none = {.query = q};
        exec_context_init(s, &x, a, &s->budget);
        x.plan = &none;
        TRY(exec_scalar(&x, e, &(*out)[i], err));
    }
    return 0;
}

int run_execute(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct str *tag,
                struct err *err)
{
    const struct ast_execute *ex = ast_as_execute(ast);
    struct prepared *p = prepared_find(s, ex->name);
    if (p == NULL)
        return unknown(ex->name, err);
    struct datum *arguments;
    TRY(execute_arguments(s, ex, p, a, &arguments, err));
    p->refs++;
    struct statement_input in = {
        .ast = p->ast, .text = p->text, .parameters = arguments, .prepared = plannable(p->ast) ? p : NULL};
    int rc = run_statement(s, &in, describe, a, tag, err);
    prepared_unref(s, p);
    return rc;
}

int run_deallocate(struct session *s, const struct ast *ast, struct err *err)
{
    struct str name = ast_as_deallocate(ast)->name;
    if (name.ptr == NULL) {
        prepared_drop_all(s);
        return 0;
    }
    struct prepared *p = prepared_find(s, name);
    if (p == NULL)
        return unknown(name, err);
    prepared_drop(s, p);
    return 0;
}

// ---- protocol

int session_parse(struct session *s, struct str name, struct str text, const uint32_t *oids, size_t n_oids,
                  struct result_sink *sink, struct err *err)
{
    session_call_begin(s, sink);
    metering_begin(s);
    statement_clock_start(s);
    struct prepared *existing = prepared_find(s, name);
    int rc = 0;
    if (existing != NULL && name.len > 0)
        rc = duplicate(name, err);
    struct prepared *p = NULL;
    if (rc == 0) // types and columns are those of the newest catalog, as at execution
        rc = txn_statement_begin(s, err);
    if (rc == 0)
        rc = prepared_make(s, name, text, NULL, oids, n_oids, &p, err);
    if (rc == 0) {
        if (existing != NULL)
            prepared_drop(s, existing);
        map_put(&s->prepared, p->name, p);
    } else {
        txn_fail(s, rc);
    }
    session_call_end(s);
    return rc;
}

int session_describe_statement(struct session *s, struct str name, struct statement_description *out, struct err *err)
{
    struct prepared *p = prepared_find(s, name);
    if (p == NULL) {
        txn_fail(s, ERR_INVALID_SQL_STATEMENT_NAME);
        return unknown(name, err);
    }
    arena_reset(&s->describe);
    uint32_t *oids = ARENA_ARRAY(&s->describe, uint32_t, p->n_parameters);
    for (size_t i = 0; i < p->n_parameters; i++)
        oids[i] = p->parameter_types != NULL ? p->parameter_types[i].oid : p->parameter_oids[i];
    *out = (struct statement_description){.parameter_oids = oids,
                                          .n_parameters = p->n_parameters,
                                          .columns = p->columns,
                                          .n_columns = p->n_columns,
                                          .returns_rows = p->returns_rows};
    return 0;
}

void session_close_statement(struct session *s, struct str name)
{
    struct prepared *p = prepared_find(s, name);
    if (p != NULL)
        prepared_drop(s, p);
}
