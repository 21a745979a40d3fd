// What schema changes need of the analyzer and the executor: expressions and queries checked and written canonically,
// rows inserted, validated, indexed and rewritten. Everything runs in the session's transaction and sees its own
// changes.
#include "sql/parse/ast_print.h"
#include "sql/session/as_of_int.h"
#include "sql/session/canonical_int.h"
#include "sql/session/jobs_int.h"
#include "sql/plpgsql/plpgsql.h"
#include "sql/session/session_int.h"

struct session_services {
    struct ddl_services ddl; // first member
    struct session *session;
};

static struct session *session_of(struct ddl_services *services)
{
    return ((struct session_services *)(void *)services)->session;
}

// ---- running executor services

struct service_run {
    struct arena arena;
    struct exec_context x;
    struct query query;
    struct statement_plan plan;
};

static void service_begin(struct service_run *r, struct session *s)
{
    arena_init(&r->arena, &s->budget);
    exec_context_init(s, &r->x, &r->arena, &s->budget);
    r->query = (struct query){.arena = &r->arena};
    r->plan = (struct statement_plan){.query = &r->query};
    r->x.plan = &r->plan;
}

static int service_end(struct service_run *r, int rc)
{
    exec_close(&r->x);
    arena_release(&r->arena);
    return rc;
}

// An expression stored with a table, with the names of its database; `over` NULL: it may use no columns.
static int stored_expr_over(struct session *s, struct arena *a, const struct cat_table *table,
                            const struct cat_table *over, struct str sql, struct type want, const char *context,
                            struct expr **out, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct ast *node;
    analyze_options_init(s, &options, &fold, a);
    TRY(analyze_options_in_database(s, &options, table->database_id, err));
    TRY(parse_expr(a, sql, &node, err));
    return analyze_table_expr(a, &options, over, node, want, context, &q, out, err);
}

static int stored_expr(struct session *s, struct arena *a, const struct cat_table *table, struct str sql,
                       struct type want, const char *context, struct expr **out, struct err *err)
{
    return stored_expr_over(s, a, table, table, sql, want, context, out, err);
}

int session_computed_expr(void *session, struct arena *a, const struct cat_table *t, const struct cat_column *c,
                          struct expr **out, struct err *err)
{
    return stored_expr(session, a, t, c->computed_sql, c->type, "COMPUTED COLUMN", out, err);
}

int session_table_exprs(void *session, struct arena *a, const struct cat_table *t, const struct table_exprs **out,
                        struct err *err)
{
    struct session *s = session;
    struct table_exprs *e = ARENA_NEW(a, struct table_exprs);
    e->checks = ARENA_ARRAY(a, struct expr *, t->n_checks);
    e->predicates = ARENA_ARRAY(a, struct expr *, t->n_indexes);
    e->defaults = ARENA_ARRAY(a, struct expr *, t->n_columns);
    for (size_t i = 0; i < t->n_checks; i++)
        TRY(stored_expr(s, a, t, t->checks[i].sql, T_BOOL, "CHECK", &e->checks[i], err));
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (t->indexes[i].predicate_sql.len > 0)
            TRY(stored_expr(s, a, t, t->indexes[i].predicate_sql, T_BOOL, "INDEX PREDICATE", &e->predicates[i], err));
    }
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        e->defaults[i] = expr_const(a, c->type, DATUM_NULL);
        if (c->default_sql.len > 0)
            TRY(stored_expr_over(s, a, t, NULL, c->default_sql, c->type, "DEFAULT", &e->defaults[i], err));
    }
    *out = e;
    return 0;
}

int session_trigger_condition(void *session, struct arena *a, const struct cat_table *t, const struct cat_trigger *g,
                              struct expr **out, struct err *err)
{
    struct session *s = session;
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct ast *node;
    analyze_options_init(s, &options, &fold, a);
    TRY(analyze_options_in_database(s, &options, t->database_id, err));
    TRY(parse_expr(a, g->when_sql, &node, err));
    return analyze_trigger_condition(a, &options, t, node, &q, out, err);
}

// NULL for an index that is not partial.
static int index_predicate(struct service_run *r, struct session *s, const struct cat_table *table,
                           const struct cat_index *index, struct expr **out, struct err *err)
{
    *out = NULL;
    if (index->predicate_sql.len == 0)
        return 0;
    return stored_expr(s, &r->arena, table, index->predicate_sql, T_BOOL, "INDEX PREDICATE", out, err);
}

static int backfill_index(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                          const struct cat_index *index, struct err *err)
{
    (void)dc;
    struct session *s = session_of(services);
    struct service_run r;
    struct expr *predicate;
    service_begin(&r, s);
    int rc = index_predicate(&r, s, table, index, &predicate, err);
    if (rc == 0)
        rc = exec_backfill_index(&r.x, table, index, predicate, err);
    return service_end(&r, rc);
}

int session_backfill_piece(struct session *s, const struct cat_table *table, const struct cat_index *index,
                           struct table_piece *piece, struct err *err)
{
    struct service_run r;
    struct expr *predicate;
    service_begin(&r, s);
    int rc = index_predicate(&r, s, table, index, &predicate, err);
    if (rc == 0)
        rc = exec_backfill_piece(&r.x, table, index, predicate, piece, err);
    return service_end(&r, rc);
}

int session_validate_check(struct session *s, const struct cat_table *table, const struct cat_check *check,
                           struct table_piece *piece, struct err *err)
{
    struct service_run r;
    struct expr *condition;
    service_begin(&r, s);
    if (check->pending == CAT_PENDING_NOT_NULL)
        return service_end(&r, exec_validate_not_null(&r.x, table, check->columns[0], piece, err));
    int rc = stored_expr(s, &r.arena, table, check->sql, T_BOOL, "CHECK", &condition, err);
    if (rc == 0)
        rc = exec_validate_check(&r.x, table, check, condition, piece, err);
    return service_end(&r, rc);
}

static int validate_check(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                          const struct cat_check *check, struct err *err)
{
    (void)dc;
    return session_validate_check(session_of(services), table, check, NULL, err);
}

static int validate_not_null(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                             const struct cat_column *column, struct err *err)
{
    (void)dc;
    struct service_run r;
    service_begin(&r, session_of(services));
    return service_end(&r, exec_validate_not_null(&r.x, table, column->id, NULL, err));
}

int session_validate_foreign_key(struct session *s, const struct cat_table *table, const struct cat_foreign_key *fk,
                                 struct table_piece *piece, struct err *err)
{
    struct service_run r;
    service_begin(&r, s);
    return service_end(&r, exec_validate_foreign_key(&r.x, table, fk, piece, err));
}

static int validate_foreign_key(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                                const struct cat_foreign_key *fk, struct err *err)
{
    (void)dc;
    return session_validate_foreign_key(session_of(services), table, fk, NULL, err);
}

static int column_values(struct session *s, struct arena *a, const struct cat_table *before,
                         const struct cat_table *after, const struct ddl_column_value *values, size_t n,
                         const struct expr **out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct cat_column *c = cat_column_by_id(after, values[i].column_id);
        struct expr *e;
        TRY(stored_expr(s, a, before, values[i].sql, c->type, "column value", &e, err));
        out[c - after->columns] = e;
    }
    return 0;
}

static int rewrite_table(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *before,
                         const struct cat_table *after, const struct ddl_column_value *values, size_t n_values,
                         struct err *err)
{
    (void)dc;
    struct session *s = session_of(services);
    struct service_run r;
    service_begin(&r, s);
    const struct expr **exprs = ARENA_ARRAY(&r.arena, const struct expr *, after->n_columns);
    int rc = column_values(s, &r.arena, before, after, values, n_values, exprs, err);
    if (rc == 0)
        rc = exec_rewrite_table(&r.x, before, after, exprs, err);
    return service_end(&r, rc);
}

// ---- expressions

static const char *const place_names[] = {
    [DDL_EXPR_DEFAULT] = "DEFAULT",
    [DDL_EXPR_ON_UPDATE] = "ON UPDATE",
    [DDL_EXPR_CHECK] = "CHECK",
    [DDL_EXPR_COMPUTED] = "COMPUTED COLUMN",
    [DDL_EXPR_PREDICATE] = "INDEX PREDICATE",
    [DDL_EXPR_INDEX] = "EXPRESSION INDEX ELEMENT",
    [DDL_EXPR_TTL] = "TTL EXPIRATION EXPRESSION",
    [DDL_EXPR_USING] = "ALTER COLUMN TYPE USING EXPRESSION",
};

static bool has_columns(enum ddl_expr_place place)
{
    return place != DDL_EXPR_DEFAULT && place != DDL_EXPR_ON_UPDATE;
}

struct column_search {
    const struct cat_table *table;
    struct arena *arena;
    ARENA_VEC(uint32_t) ids;
    bool any, computed; // any column, one that is itself computed
};

static bool find_column(void *arg, struct ast *n)
{
    struct column_search *cs = arg;
    if (n->kind != AST_COLUMN_REF)
        return true;
    cs->any = true;
    const struct cat_column *c = cs->table != NULL ? cat_column_by_name(cs->table, ast_as_column_ref(n)->column) : NULL;
    cs->computed |= c != NULL && c->computed_sql.len > 0;
    bool listed = c == NULL;
    for (size_t i = 0; i < cs->ids.len && !listed; i++)
        listed = cs->ids.ptr[i] == c->id;
    if (!listed)
        ARENA_PUSH(cs->arena, &cs->ids, c->id);
    return true;
}

static int check_volatility(const struct expr *e, enum ddl_expr_place place, struct err *err)
{
    if (place != DDL_EXPR_COMPUTED && place != DDL_EXPR_PREDICATE && place != DDL_EXPR_INDEX)
        return 0;
    switch (expr_volatility(e)) {
    case FN_VOLATILE:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "volatile functions are not allowed in %s", place_names[place]);
    case FN_STABLE:
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "context-dependent operators are not allowed in %s",
                       place_names[place]);
    default:
        return 0;
    }
}

// An expression without columns that is the same for every row has its value taken now. One that fails has none: it
// fails when it is used.
static void evaluate_now(struct session *s, struct arena *a, const struct expr *e, struct ddl_expr *out)
{
    struct service_run r;
    struct err ignored = ERR_INIT;
    if (expr_volatility(e) == FN_VOLATILE)
        return;
    service_begin(&r, s);
    out->is_constant = exec_scalar(&r.x, e, &out->value, &ignored) == 0;
    if (out->is_constant)
        out->value = datum_copy(a, e->type, out->value);
    service_end(&r, 0);
    err_reset(&ignored);
}

static int check_expr(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                      const struct ast *expr, struct type expected, enum ddl_expr_place place, struct ddl_expr *out,
                      struct err *err)
{
    struct session *s = session_of(services);
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct expr *e;
    *out = (struct ddl_expr){0};
    struct column_search cs = {.table = table, .arena = dc->arena};
    ast_walk((struct ast *)expr, find_column, &cs);
    if (cs.any && !has_columns(place))
        return err_set(err, ERR_SYNTAX_ERROR, "variable sub-expressions are not allowed in %s", place_names[place]);
    if (cs.computed && (place == DDL_EXPR_COMPUTED || place == DDL_EXPR_INDEX))
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "%s expression cannot reference computed columns",
                       place_names[place]);
    analyze_options_init(s, &options, &fold, dc->arena);
    const struct cat_table *visible = has_columns(place) ? table : NULL;
    struct type want = expected.family == TYPE_UNKNOWN ? T_ANYELEMENT : expected;
    TRY(analyze_table_expr(dc->arena, &options, visible, expr, want, place_names[place], &q, &e, err));
    TRY(check_volatility(e, place, err));
    out->type = e->type;
    out->columns = cs.ids.ptr;
    out->n_columns = cs.ids.len;
    struct canonical c = {.arena = dc->arena,
                          .options = &options,
                          .table = visible,
                          .want = want,
                          .context = place_names[place],
                          .query = q,
                          .expr = e};
    TRY(canonical_expr(&c, expr, err));
    out->sql = c.sql;
    out->sequences = c.sequences.ptr;
    out->n_sequences = c.sequences.len;
    if (!has_columns(place))
        evaluate_now(s, dc->arena, e, out);
    return 0;
}

static int check_trigger_condition(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                                   const struct ast *expr, struct str *sql, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct expr *e;
    analyze_options_init(session_of(services), &options, &fold, dc->arena);
    TRY(analyze_trigger_condition(dc->arena, &options, table, expr, &q, &e, err));
    struct canonical c = {.arena = dc->arena,
                          .options = &options,
                          .table = table,
                          .trigger = true,
                          .want = T_BOOL,
                          .context = "WHEN",
                          .query = q,
                          .expr = e};
    TRY(canonical_expr(&c, expr, err));
    *sql = c.sql;
    return 0;
}

static int fire_truncate(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                         bool before, struct err *err)
{
    (void)dc;
    struct service_run r;
    service_begin(&r, session_of(services));
    return service_end(&r, exec_fire_truncate(&r.x, table, before, err));
}

// ---- queries

static int describe_now(struct session *s, struct ddl_context *dc, const struct ast *query, struct ddl_query *out,
                        struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct arena *a = dc->arena;
    analyze_options_init(s, &options, &fold, a);
    TRY(analyze(a, &options, query, &q, err));
    if (q->n_parameters > 0)
        return parameter_missing(1, err);
    TRY(check_statement_privileges(s, q, err));
    *out = (struct ddl_query){.n_columns = q->n_output};
    struct str *names = ARENA_ARRAY(a, struct str, q->n_output);
    struct type *types = ARENA_ARRAY(a, struct type, q->n_output);
    for (uint32_t i = 0; i < q->n_output; i++) {
        names[i] = arena_str(a, q->output_names[i]);
        types[i] = query_column(q, q->output[i])->type;
    }
    out->names = names;
    out->types = types;
    struct canonical_query c = {.arena = a, .options = &options, .query = q};
    TRY(canonical_query(&c, query, err));
    out->sql = c.sql;
    out->relations = c.relations.ptr;
    out->n_relations = c.relations.len;
    return 0;
}

// The query as it is kept: without the time it is first read at.
static const struct ast *timeless(struct arena *a, const struct ast *query)
{
    struct ast *copy = ast_copy(a, query), *core = copy;
    while (core->kind == AST_SELECT)
        core = (struct ast *)ast_as_select(core)->body;
    if (core->kind == AST_SELECT_CORE)
        ((struct ast_select_core *)core)->as_of = NULL;
    return copy;
}

static int describe_query(struct ddl_services *services, struct ddl_context *dc, const struct ast *query,
                          struct ddl_query *out, struct err *err)
{
    struct session *s = session_of(services);
    struct past past;
    if (dc->read_version == 0)
        return describe_now(s, dc, query, out, err);
    TRY(past_open(s, dc->read_version, &past, err));
    past_switch(&past);
    int rc = describe_now(s, dc, timeless(dc->arena, query), out, err);
    past_switch(&past);
    past_close(&past);
    return rc;
}

static bool fits_body(const struct ast *ast)
{
    return ast->kind == AST_SELECT || ast->kind == AST_INSERT || ast->kind == AST_UPDATE || ast->kind == AST_DELETE;
}

// One statement of a body: its canonical text after those before it, its columns when it is the last.
static int check_statement(struct ddl_context *dc, const struct analyze_options *options, const struct ast *ast,
                           struct canonical_query *c, struct ddl_routine *out, struct err *err)
{
    struct query *q;
    if (!fits_body(ast))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s usage inside a function definition",
                       ast_tag(ast));
    TRY(analyze(dc->arena, options, ast, &q, err));
    if (q->n_parameters > options->n_parameter_oids)
        return err_set(err, ERR_UNDEFINED_PARAMETER, "there is no parameter $%u", q->n_parameters);
    struct type *types = ARENA_ARRAY(dc->arena, struct type, q->n_output);
    for (uint32_t i = 0; i < q->n_output; i++)
        types[i] = query_column(q, q->output[i])->type;
    out->types = types;
    out->n_columns = q->n_output;
    out->returns_rows = q->returns_rows && q->n_output > 0;
    out->has_mutation |= q->has_mutation;
    c->query = q;
    return canonical_query(c, ast, err);
}

// The body is only parsed: what it uses may come before it is called.
static int check_plpgsql(struct session *s, struct ddl_context *dc, const struct cat_function *f, struct str body,
                         struct ddl_routine *out, struct err *err)
{
    struct cat_function made = *f;
    struct pl_function tree;
    made.body = body;
    made.reading = session_reading(s);
    *out = (struct ddl_routine){.sql = body, .reading = made.reading};
    return setting_bool(s, SETTING_CHECK_FUNCTION_BODIES) ? plpgsql_parse(dc->arena, &made, &tree, err) : 0;
}

static int check_routine(struct ddl_services *services, struct ddl_context *dc, const struct cat_function *f,
                         struct str body, struct ddl_routine *out, struct err *err)
{
    struct session *s = session_of(services);
    struct analyze_options options;
    struct eval_context fold;
    struct parsed_statements parsed;
    if (f->plpgsql)
        return check_plpgsql(s, dc, f, body, out, err);
    struct parse_options as_sent = session_parse_options(s);
    TRY(parse_sql(dc->arena, body, &as_sent, &parsed, err));
    analyze_options_init(s, &options, &fold, dc->arena);
    routine_options(dc->arena, f, &options);
    *out = (struct ddl_routine){.sql = STR_EMPTY};
    struct canonical_query c = {.arena = dc->arena, .options = &options};
    for (size_t i = 0; i < parsed.n; i++) {
        TRY(check_statement(dc, &options, parsed.items[i].ast, &c, out, err));
        out->sql = arena_printf(dc->arena, "%.*s%s%.*s", STR_FMT(out->sql), i > 0 ? ";\n" : "", STR_FMT(c.sql));
    }
    out->relations = c.relations.ptr;
    out->n_relations = c.relations.len;
    return 0;
}

static struct ast *name_node(struct arena *a, struct str name)
{
    struct ast_name *n = AST_NEW(a, NAME, name, 0);
    n->name = name;
    return &n->base;
}

static int insert_statement(struct ddl_context *dc, const struct cat_table *table, const uint32_t *columns, size_t n,
                            const struct ast *query, struct ast **out, struct err *err)
{
    struct arena *a = dc->arena;
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(cat_database_by_id(dc->view, table->database_id, &d, err));
    TRY(cat_schema_by_id(dc->view, table->schema_id, &schema, err));
    struct ast_object_name *name = AST_NEW(a, OBJECT_NAME, object_name, 0);
    struct ast_aliased_table *target = AST_NEW(a, ALIASED_TABLE, aliased_table, 0);
    struct ast_insert *insert = AST_NEW(a, INSERT, insert, 0);
    name->database = d->name;
    name->schema = schema->name;
    name->name = table->name;
    target->source = &name->base;
    insert->table = &target->base;
    insert->query = (struct ast *)query;
    for (size_t i = 0; i < n; i++)
        ast_list_push(a, &insert->columns, name_node(a, cat_column_by_id(table, columns[i])->name));
    *out = &insert->base;
    return 0;
}

static int run_insert(struct session *s, struct arena *a, const struct ast *insert, int64_t *rows, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    analyze_options_init(s, &options, &fold, a);
    options.fills_materialized_views = true;
    TRY(analyze(a, &options, insert, &q, err));
    struct optimize_options opt;
    optimize_options_init(s, &opt);
    struct statement_plan *plan = optimize(q, &opt);
    struct execution *e;
    TRY(plan_conforms(plan, err));
    TRY(execution_start(s, plan, NULL, &e, err));
    int rc = exec_drain(&e->x, err);
    *rows = (int64_t)e->x.rows_affected;
    execution_free(e);
    return rc;
}

// ---- rows of the past written now

struct transfer {
    struct session *session;
    struct past past;
    struct statement_plan *insert;
    struct execution *reader;
    int64_t *rows;
};

static int plan_transfer(struct session *s, struct arena *a, const struct ast *insert, struct statement_plan **out,
                         struct err *err)
{
    const struct ast_insert *i = ast_as_insert(insert);
    struct ast_copy *copy = AST_NEW(a, COPY, copy, 0);
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    const col_id *columns;
    size_t n;
    copy->table = ast_as_aliased_table(i->table)->source;
    copy->columns = i->columns;
    copy->from = true;
    analyze_options_init(s, &options, &fold, a);
    options.fills_materialized_views = true;
    TRY(analyze_copy_target(a, &options, &copy->base, &q, &columns, &n, err));
    struct optimize_options opt;
    optimize_options_init(s, &opt);
    *out = optimize(q, &opt);
    return 0;
}

// One batch; *done at the end.
static int transfer_batch(struct transfer *t, bool *done, struct err *err)
{
    struct execution *e = t->reader, *writer;
    struct batch b;
    past_switch(&t->past);
    int rc = exec_next(&e->x, &b, err);
    past_switch(&t->past);
    TRY(rc);
    *done = b.n == 0;
    if (*done)
        return 0;
    const struct query *q = e->plan->query;
    for (uint32_t i = 0; i < q->n_output; i++)
        e->out_cols[i] = b.cols[e->map[i]];
    struct batch rows = {.n = b.n, .sel = b.sel, .cols = e->out_cols, .ncols = q->n_output};
    struct copy_piece piece = {.rows = rows, .last = true};
    TRY(execution_start_copy(t->session, t->insert, &piece, &writer, err));
    rc = exec_drain(&writer->x, err);
    *t->rows += (int64_t)writer->x.rows_affected;
    execution_free(writer);
    return rc;
}

static int start_reader(struct transfer *t, struct arena *a, const struct ast *query, struct err *err)
{
    struct statement_plan *plan;
    past_switch(&t->past);
    int rc = plan_statement(t->session, a, query, NULL, 0, &plan, err);
    if (rc == 0)
        rc = execution_start(t->session, plan, NULL, &t->reader, err);
    past_switch(&t->past);
    return rc;
}

static int run_transfer(struct session *s, struct arena *a, uint64_t version, const struct ast *insert, int64_t *rows,
                        struct err *err)
{
    struct transfer t = {.session = s, .rows = rows};
    *rows = 0;
    TRY(plan_transfer(s, a, insert, &t.insert, err));
    TRY(past_open(s, version, &t.past, err));
    int rc = start_reader(&t, a, timeless(a, ast_as_insert(insert)->query), err);
    for (bool done = false; rc == 0 && !done;)
        rc = transfer_batch(&t, &done, err);
    execution_free(t.reader);
    past_close(&t.past);
    return rc;
}

static int insert_query(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                        const uint32_t *columns, size_t n_columns, const struct ast *query, int64_t *rows,
                        struct err *err)
{
    struct session *s = session_of(services);
    struct ast *insert;
    struct arena a;
    TRY(insert_statement(dc, table, columns, n_columns, query, &insert, err));
    arena_init(&a, &s->budget);
    int rc = dc->read_version != 0 ? run_transfer(s, &a, dc->read_version, insert, rows, err)
                                   : run_insert(s, &a, insert, rows, err);
    arena_release(&a);
    return rc;
}

struct ddl_services *ddl_services_new(struct session *s, struct arena *a)
{
    struct session_services *services = ARENA_NEW(a, struct session_services);
    services->session = s;
    services->ddl = (struct ddl_services){
        .check_expr = check_expr,
        .describe_query = describe_query,
        .check_routine = check_routine,
        .insert_query = insert_query,
        .backfill_index = backfill_index,
        .rewrite_table = rewrite_table,
        .validate_check = validate_check,
        .validate_not_null = validate_not_null,
        .validate_foreign_key = validate_foreign_key,
        .check_trigger_condition = check_trigger_condition,
        .fire_truncate = fire_truncate,
    };
    return &services->ddl;
}
