// Entry points: statements, table expressions, COPY.
#include "sql/analyze/analyze_int.h"
#include "sql/parse/ast_print.h"

int statement_analyze(struct analyzer *an, struct scope *outer, const struct ast *statement, struct select_result *out,
                      struct err *err)
{
    switch (statement->kind) {
    case AST_SELECT:
        return select_analyze(an, outer, statement, NULL, 0, out, err);
    case AST_INSERT:
        return insert_analyze(an, outer, ast_as_insert(statement), out, err);
    case AST_UPDATE:
        return update_analyze(an, outer, ast_as_update(statement), out, err);
    case AST_DELETE:
        return delete_analyze(an, outer, ast_as_delete(statement), out, err);
    default:
        break;
    }
    const struct ast *query = NULL;
    if (an->options->statement_source != NULL)
        TRY(an->options->statement_source(an->options->statement_source_arg, an->arena, statement, &query, err));
    if (query == NULL)
        return unsupported(err, statement, ast_tag(statement));
    return statement_analyze(an, outer, query, out, err);
}

static int analyzer_init(struct analyzer *an, struct arena *a, const struct analyze_options *options, struct err *err)
{
    *an = (struct analyzer){.arena = a, .options = options, .query = ARENA_NEW(a, struct query)};
    an->query->arena = a;
    ARENA_PUSH(a, &an->query->columns, ((struct col_info){0}));
    for (size_t i = 0; i < options->n_parameter_oids; i++) {
        struct type t = T_UNKNOWN;
        bool found = false;
        if (options->parameter_oids[i] != 0)
            TRY(cat_type_of_oid(options->view, options->parameter_oids[i], &t, &found, err));
        if (!found)
            t = T_UNKNOWN;
        ARENA_PUSH(a, &an->parameters, parameter_unlimited(t));
    }
    return 0;
}

static int finish(struct analyzer *an, const struct select_result *r, struct query **out, struct err *err)
{
    struct query *q = an->query;
    for (size_t i = 0; i < an->parameters.len; i++) {
        if (an->parameters.ptr[i].family == TYPE_UNKNOWN)
            return err_set(err, ERR_INDETERMINATE_DATATYPE, "could not determine data type of placeholder $%zu", i + 1);
    }
    q->root = r->rel;
    q->output = r->cols;
    q->output_names = r->names;
    q->n_output = r->n_cols;
    q->returns_rows =
        r->n_cols > 0 || (r->rel->kind != REL_INSERT && r->rel->kind != REL_UPDATE && r->rel->kind != REL_DELETE);
    q->ctes = an->ctes.ptr;
    q->n_ctes = (uint32_t)an->ctes.len;
    q->parameter_types = an->parameters.ptr;
    q->n_parameters = (uint32_t)an->parameters.len;
    q->relations = an->relations.ptr;
    q->n_relations = (uint32_t)an->relations.len;
    *out = q;
    return 0;
}

int analyze(struct arena *a, const struct analyze_options *options, const struct ast *statement, struct query **out,
            struct err *err)
{
    struct analyzer an;
    TRY(analyzer_init(&an, a, options, err));
    struct select_result r;
    TRY(statement_analyze(&an, NULL, statement, &r, err));
    return finish(&an, &r, out, err);
}

static int wrong_type(const struct ast *e, struct type want, struct type has, const char *context, struct err *err)
{
    struct buf text = BUF_INIT;
    ast_print(&text, e, AST_PRINT_DEFAULT);
    err_set(err, ERR_DATATYPE_MISMATCH, "expected %s expression to have type %s, but '%s' has type %s", context,
            type_family_name(want), buf_c(&text), type_family_name(has));
    buf_release(&text);
    return ERR_DATATYPE_MISMATCH;
}

int analyze_in_database(struct analyzer *an, uint32_t database_id, struct err *err)
{
    const struct cat_database *d = NULL;
    if (database_id != 0)
        TRY(cat_database_by_id(an->options->view, database_id, &d, err));
    bool here = d == NULL || str_eq(d->name, an->options->scope.database);
    if (here && an->options->variables == NULL)
        return 0;
    struct analyze_options *options = ARENA_NEW(an->arena, struct analyze_options);
    *options = *an->options;
    options->variables = NULL;
    if (!here) {
        options->scope.database = d->name;
        options->other_database = true;
    }
    an->options = options;
    return 0;
}

int parameter_missing(int64_t number, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_PARAMETER, "no value provided for placeholder: $%lld", (long long)number);
}

// What is stored with a table is evaluated without a statement around it.
static int check_by_itself(const struct analyzer *an, const struct expr *e, const char *context, struct err *err)
{
    if (expr_has_subquery(e))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "subqueries are not allowed in %s", context);
    bool bound = an->parameters.len <= an->options->n_parameter_oids;
    return bound ? 0 : parameter_missing((int64_t)an->parameters.len, err);
}

int analyze_table_expr(struct arena *a, const struct analyze_options *options, const struct cat_table *table,
                       const struct ast *e, struct type want, const char *context, struct query **query,
                       struct expr **out, struct err *err)
{
    struct analyzer an;
    TRY(analyzer_init(&an, a, options, err));
    struct select_context sc = {.clause = context};
    an.select = &sc;
    struct scope *s = scope_new(&an, NULL);
    for (size_t i = 0; table != NULL && i < table->n_columns; i++) {
        const struct cat_column *c = &table->columns[i];
        col_id id = query_add_column(an.query, c->name, c->type);
        scope_add(&an, s, (struct scope_column){.name = c->name, .table = table->name, .column = id});
    }
    TRY(expr_analyze(&an, s, e, want, out, err));
    if (want.family != TYPE_ANY && !type_identical((*out)->type, want)) {
        if ((*out)->type.family != TYPE_UNKNOWN && cast_allowed((*out)->type, want) < CAST_ASSIGNMENT)
            return wrong_type(e, want, (*out)->type, context, err);
        TRY(expr_cast(&an, *out, want, false, out, err));
    }
    TRY(check_by_itself(&an, *out, context, err));
    *query = an.query;
    return 0;
}

int analyze_trigger_condition(struct arena *a, const struct analyze_options *options, const struct cat_table *table,
                              const struct ast *e, struct query **query, struct expr **out, struct err *err)
{
    struct analyzer an;
    TRY(analyzer_init(&an, a, options, err));
    struct select_context sc = {.clause = "WHEN"};
    an.select = &sc;
    struct scope *s = scope_new(&an, NULL);
    for (size_t i = 0; i < 2 * table->n_columns; i++) {
        const struct cat_column *c = &table->columns[i % table->n_columns];
        col_id id = query_add_column(an.query, c->name, c->type);
        if (!cat_column_inaccessible(c))
            scope_add(&an, s,
                      (struct scope_column){.name = c->name,
                                            .table = i < table->n_columns ? STR("old") : STR("new"),
                                            .column = id,
                                            .hidden = c->hidden,
                                            .qualified_only = true});
    }
    TRY(expr_analyze_bool(&an, s, e, "WHEN", out, err));
    TRY(check_by_itself(&an, *out, "WHEN", err));
    *query = an.query;
    return 0;
}

int analyze_copy_target(struct arena *a, const struct analyze_options *options, const struct ast *copy,
                        struct query **out, const col_id **source_cols, size_t *n_source_cols, struct err *err)
{
    struct analyzer an;
    TRY(analyzer_init(&an, a, options, err));
    struct select_result r;
    TRY(copy_analyze(&an, ast_as_copy(copy), &r, source_cols, n_source_cols, err));
    return finish(&an, &r, out, err);
}
