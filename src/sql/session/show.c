// SHOW: each form is a row of a table with its columns and a function that makes the rows. This file runs them, sends
// the result, and turns it into a query for [SHOW …] in FROM. The functions are in show_*.c by subject.
#include "sql/session/show_int.h"

static const struct show_form *const show_forms[] = {show_session_forms, show_schema_forms,
                                                     show_table_forms,   show_access_forms,
                                                     show_cluster_forms, show_virtual_cluster_forms};

static const struct show_form *find_form(enum ast_show_what what)
{
    for (size_t i = 0; i < ARRAY_LEN(show_forms); i++)
        for (const struct show_form *f = show_forms[i]; f->run != NULL; f++)
            if (f->what == what)
                return f;
    return NULL;
}

void show_columns(struct show *sh, const struct show_column *columns, size_t n)
{
    const char **names = ARENA_ARRAY(sh->arena, const char *, n);
    struct type *types = ARENA_ARRAY(sh->arena, struct type, n);
    for (size_t i = 0; i < n; i++) {
        bool known = type_from_oid(columns[i].type_oid, &types[i]);
        INVARIANT(known);
        names[i] = columns[i].name;
    }
    sh->out->names = names;
    sh->out->types = types;
    sh->out->n_columns = n;
}

struct datum *show_row(struct show *sh)
{
    struct datum *row = ARENA_ARRAY(sh->arena, struct datum, sh->out->n_columns);
    for (size_t i = 0; i < sh->out->n_columns; i++)
        row[i] = DATUM_NULL;
    ARENA_PUSH(sh->arena, &sh->out->rows, row);
    return row;
}

static int run_form(struct show *sh, const struct show_form *f, struct err *err)
{
    size_t n = 0;
    while (n < SHOW_COLUMNS_MAX && f->columns[n].name != NULL)
        n++;
    show_columns(sh, f->columns, n);
    return f->run(sh, err);
}

int show_run(struct session *s, struct arena *a, const struct ast *statement, struct show_result *out, struct err *err)
{
    const struct ast_show *ast = ast_as_show(statement);
    const struct show_form *f = find_form(ast->what);
    *out = (struct show_result){.arena = a};
    if (f == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SHOW %s", ast_show_what_sql(ast->what));
    struct show sh = {.session = s, .arena = a, .view = s->view, .ast = ast, .out = out};
    return run_form(&sh, f, err);
}

int show_create_all(struct session *s, struct arena *a, struct str objects, struct str database,
                    struct show_result *out, struct err *err)
{
    static const struct {
        const char *objects;
        enum ast_show_what what;
    } forms[] = {{"tables", AST_SHOW_CREATE_ALL_TABLES},
                 {"schemas", AST_SHOW_CREATE_ALL_SCHEMAS},
                 {"types", AST_SHOW_CREATE_ALL_TYPES},
                 {"routines", AST_SHOW_CREATE_ALL_ROUTINES},
                 {"triggers", AST_SHOW_CREATE_ALL_TRIGGERS}};
    struct show sh = {.session = s, .arena = a, .view = s->view, .out = out, .database = database};
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(forms) && !str_eqc(objects, forms[i].objects))
        i++;
    *out = (struct show_result){.arena = a};
    return run_form(&sh, find_form(forms[i].what), err);
}

// ---- sending

static int send_batch(struct session *s, const struct show_result *r, size_t from, uint32_t n, struct arena *a,
                      struct err *err)
{
    struct batch b = {.n = n, .ncols = (uint32_t)r->n_columns};
    b.cols = ARENA_ARRAY(a, struct vec, r->n_columns);
    for (size_t c = 0; c < r->n_columns; c++) {
        vec_init(&b.cols[c], a, r->types[c], n);
        for (uint32_t i = 0; i < n; i++)
            vec_set(&b.cols[c], i, r->rows.ptr[from + i][c]);
    }
    return s->sink->ops->rows(s->sink, &b, err);
}

int show_send(struct session *s, const struct show_result *r, bool describe, struct err *err)
{
    struct arena a;
    int rc = 0;
    arena_init(&a, NULL);
    if (describe) {
        struct result_column *columns = ARENA_ARRAY(&a, struct result_column, r->n_columns);
        for (size_t i = 0; i < r->n_columns; i++)
            columns[i] = (struct result_column){.name = str_of(r->names[i]), .type = r->types[i]};
        s->sink->ops->describe(s->sink, columns, r->n_columns);
    }
    for (size_t at = 0; at < r->rows.len && rc == 0; at += BATCH_ROWS_MAX) {
        uint32_t n = (uint32_t)MIN(r->rows.len - at, (size_t)BATCH_ROWS_MAX);
        rc = send_batch(s, r, at, n, &a, err);
        arena_reset(&a);
    }
    arena_release(&a);
    return rc;
}

// ---- as a query: SELECT c1::T1 AS n1, … FROM (VALUES …) AS show(c1, …) [WHERE false]

static struct ast *type_node(struct arena *a, struct type t)
{
    struct ast_type_name *n = AST_NEW(a, TYPE_NAME, type_name, 0);
    n->oid = t.oid;
    return &n->base;
}

static struct ast *value_node(struct arena *a, struct type t, struct datum d)
{
    if (d.null)
        return ast_new(a, AST_NULL_LITERAL, 0);
    struct value_context utc = {0};
    struct buf b = BUF_INIT;
    datum_print(&b, t, d, &utc);
    struct ast_string *text = AST_NEW(a, STRING, string, 0);
    text->value = arena_str(a, buf_view(&b));
    buf_release(&b);
    return &text->base;
}

static struct ast *row_node(struct arena *a, const struct show_result *r, const struct datum *row)
{
    struct ast_tuple *tuple = AST_NEW(a, TUPLE, tuple, 0);
    for (size_t c = 0; c < r->n_columns; c++)
        ast_list_push(a, &tuple->items, value_node(a, r->types[c], row != NULL ? row[c] : DATUM_NULL));
    return &tuple->base;
}

// An empty result is one row of NULLs that a false condition removes.
static struct ast *values_source(struct arena *a, const struct show_result *r)
{
    struct ast_values *values = AST_NEW(a, VALUES, values, 0);
    for (size_t i = 0; i < MAX(r->rows.len, (size_t)1); i++)
        ast_list_push(a, &values->rows, row_node(a, r, i < r->rows.len ? r->rows.ptr[i] : NULL));
    struct ast_select *query = AST_NEW(a, SELECT, select, 0);
    query->body = &values->base;
    struct ast_subquery *subquery = AST_NEW(a, SUBQUERY, subquery, 0);
    subquery->query = &query->base;
    struct ast_aliased_table *source = AST_NEW(a, ALIASED_TABLE, aliased_table, 0);
    source->source = &subquery->base;
    source->alias = STR("show");
    for (size_t c = 0; c < r->n_columns; c++) {
        struct ast_name *name = AST_NEW(a, NAME, name, 0);
        name->name = arena_printf(a, "column%zu", c + 1);
        ast_list_push(a, &source->columns, &name->base);
    }
    return &source->base;
}

static struct ast *target_node(struct arena *a, const struct show_result *r, size_t c)
{
    struct ast_column_ref *ref = AST_NEW(a, COLUMN_REF, column_ref, 0);
    ref->column = arena_printf(a, "column%zu", c + 1);
    struct ast_cast *cast = AST_NEW(a, CAST, cast, 0);
    cast->operand = &ref->base;
    cast->type = type_node(a, r->types[c]);
    struct ast_target *target = AST_NEW(a, TARGET, target, 0);
    target->expr = &cast->base;
    target->alias = arena_str(a, str_of(r->names[c]));
    return &target->base;
}

const struct ast *show_as_query(struct arena *a, const struct show_result *r)
{
    struct ast_select_core *core = AST_NEW(a, SELECT_CORE, select_core, 0);
    for (size_t c = 0; c < r->n_columns; c++)
        ast_list_push(a, &core->targets, target_node(a, r, c));
    ast_list_push(a, &core->from, values_source(a, r));
    if (r->rows.len == 0)
        core->where = &AST_NEW(a, BOOLEAN, boolean, 0)->base;
    struct ast_select *query = AST_NEW(a, SELECT, select, 0);
    query->body = &core->base;
    return &query->base;
}
