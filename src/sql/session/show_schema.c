// SHOW of databases, schemas and what they contain.
#include "catalog/text.h"
#include "sql/ddl/show_create.h"
#include "sql/session/show_int.h"
#include <stdlib.h>

// ---- relations

static int64_t row_count(struct show *sh, const struct cat_table *t)
{
    int64_t n = 0;
    struct err e = ERR_INIT;
    if ((t->kind == CAT_TABLE || t->kind == CAT_MATERIALIZED_VIEW) && cat_row_count(sh->view, t->id, &n, &e) != 0)
        err_reset(&e);
    return n;
}

static int tables_of(struct show *sh, const struct cat_database *d, const struct cat_schema *schema, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(sh->view, sh->arena, d->id, schema->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct datum *row = show_row(sh);
        row[0] = datum_str(schema->name);
        row[1] = datum_str(tables[i]->name);
        row[2] = datum_c(tables[i]->kind == CAT_VIRTUAL ? "table" : cat_relation_kind_name(tables[i]));
        row[3] = datum_str(tables[i]->acl.owner);
        row[4] = tables[i]->kind == CAT_VIRTUAL ? DATUM_NULL : datum_int(row_count(sh, tables[i]));
        if (sh->ast->with_comment)
            row[6] = datum_str(tables[i]->comment.ptr != NULL ? tables[i]->comment : STR_EMPTY);
    }
    return 0;
}

static int show_tables(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema, **schemas;
    size_t n;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(show_place(sh, sh->ast->object, &d, &schema, err));
    if (schema != NULL)
        return tables_of(sh, d, schema, err);
    TRY(cat_list_schemas(sh->view, sh->arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!schemas[i]->is_virtual)
            TRY(tables_of(sh, d, schemas[i], err));
    return 0;
}

static int show_sequences(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_table **tables;
    size_t n;
    if (sh->ast->object != NULL)
        TRY(show_database(sh, ast_as_name(sh->ast->object)->name, &d, err));
    else
        TRY(show_current_database(sh, &d, err));
    TRY(cat_list_tables(sh->view, sh->arena, d->id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_schema *schema;
        if (tables[i]->kind != CAT_SEQUENCE)
            continue;
        TRY(cat_schema_by_id(sh->view, tables[i]->schema_id, &schema, err));
        struct datum *row = show_row(sh);
        row[0] = schema != NULL ? datum_str(schema->name) : DATUM_NULL;
        row[1] = datum_str(tables[i]->name);
    }
    return 0;
}

// ---- databases and schemas

static int show_databases(struct show *sh, struct err *err)
{
    const struct cat_database **list;
    size_t n;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(cat_list_databases(sh->view, sh->arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool seen;
        TRY(cat_sees_database(sh->view, sh->session->user, list[i], &seen, err));
        if (!seen)
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_str(list[i]->name);
        row[1] = datum_str(list[i]->acl.owner);
        row[4] = datum_str(array_build(sh->arena, T_STRING, NULL, 0));
        if (sh->ast->with_comment) {
            struct str comment;
            TRY(cat_comment_get(sh->view, CAT_COMMENT_DATABASE, list[i]->id, 0, &comment, err));
            row[6] = comment.ptr != NULL ? datum_str(arena_str(sh->arena, comment)) : DATUM_NULL;
        }
    }
    return 0;
}

static int show_schemas(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema **list;
    size_t n;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    if (sh->ast->object != NULL)
        TRY(show_database(sh, ast_as_name(sh->ast->object)->name, &d, err));
    else
        TRY(show_current_database(sh, &d, err));
    TRY(cat_list_schemas(sh->view, sh->arena, d->id, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct datum *row = show_row(sh);
        row[0] = datum_str(list[i]->name);
        row[1] = datum_str(list[i]->acl.owner);
        if (sh->ast->with_comment) {
            struct str comment;
            TRY(cat_comment_get(sh->view, CAT_COMMENT_SCHEMA, list[i]->id, 0, &comment, err));
            row[2] = comment.ptr != NULL ? datum_str(arena_str(sh->arena, comment)) : DATUM_NULL;
        }
    }
    return 0;
}

// ---- types

static int types_of(struct show *sh, const struct cat_type ***types, size_t *n, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(show_place(sh, sh->ast->object, &d, &schema, err));
    return cat_list_types(sh->view, sh->arena, d->id, schema != NULL ? schema->id : 0, types, n, err);
}

static int show_types(struct show *sh, struct err *err)
{
    const struct cat_type **types;
    size_t n;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(types_of(sh, &types, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct datum *row = show_row(sh);
        struct str comment;
        row[0] = datum_str(types[i]->def.schema);
        row[1] = datum_str(types[i]->name);
        row[2] = datum_str(types[i]->acl.owner);
        if (!sh->ast->with_comment)
            continue;
        TRY(cat_comment_get(sh->view, CAT_COMMENT_TYPE, types[i]->id, 0, &comment, err));
        row[3] = comment.ptr != NULL ? datum_str(arena_str(sh->arena, comment)) : DATUM_NULL;
    }
    return 0;
}

static int show_enums(struct show *sh, struct err *err)
{
    const struct cat_type **types;
    size_t n;
    TRY(types_of(sh, &types, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct type_def *def = &types[i]->def;
        if (!type_is(types[i]->type, TYPE_ENUM))
            continue;
        struct datum *row = show_row(sh), *labels = ARENA_ARRAY(sh->arena, struct datum, def->n_labels);
        for (size_t k = 0; k < def->n_labels; k++)
            labels[k] = datum_str(def->labels[k].text);
        row[0] = datum_str(def->schema);
        row[1] = datum_str(types[i]->name);
        row[2] = datum_str(array_build(sh->arena, T_STRING, labels, (uint32_t)def->n_labels));
        row[3] = datum_str(types[i]->acl.owner);
    }
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    const struct cat_type *const *x = a, *const *y = b;
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int show_create_all_types(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_type **types;
    size_t n;
    TRY(show_current_database(sh, &d, err));
    TRY(cat_list_types(sh->view, sh->arena, d->id, 0, &types, &n, err));
    qsort(types, n, sizeof(*types), compare_ids); // those used by others come first
    for (size_t i = 0; i < n; i++) {
        struct buf b = BUF_INIT;
        cat_text_create_type(&b, types[i]);
        buf_putc(&b, ';');
        show_row(sh)[0] = show_take(sh, &b);
    }
    return 0;
}

// ---- routines

static int show_routines(struct show *sh, bool procedures, struct err *err)
{
    static const char *const volatilities[] = {['i'] = "immutable", ['s'] = "stable", ['v'] = "volatile"};
    const struct cat_database *d;
    const struct cat_schema *schema;
    const struct cat_function **list;
    size_t n;
    TRY(show_place(sh, sh->ast->object, &d, &schema, err));
    TRY(cat_list_functions(sh->view, sh->arena, d->id, schema != NULL ? schema->id : 0, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_function *f = list[i];
        struct buf arguments = BUF_INIT, result = BUF_INIT;
        const struct cat_schema *in;
        if (f->is_procedure != procedures)
            continue;
        TRY(cat_schema_by_id(sh->view, f->schema_id, &in, err));
        cat_text_function_params(&arguments, f, false, true);
        type_print_pg(&result, f->result);
        struct datum result_type = show_take(sh, &result), *row = show_row(sh);
        row[0] = in != NULL ? datum_str(in->name) : DATUM_NULL;
        row[1] = datum_str(f->name);
        if (!procedures)
            row[2] = result_type;
        row[procedures ? 2 : 3] = show_take(sh, &arguments);
        row[procedures ? 3 : 4] = datum_c(procedures ? "proc" : "func");
        if (!procedures)
            row[5] = datum_c(volatilities[(unsigned char)f->volatility]);
    }
    return 0;
}

static int show_functions(struct show *sh, struct err *err)
{
    return show_routines(sh, false, err);
}

static int show_procedures(struct show *sh, struct err *err)
{
    return show_routines(sh, true, err);
}

static int show_create_all_routines(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_function **list;
    size_t n;
    TRY(show_current_database(sh, &d, err));
    TRY(cat_list_functions(sh->view, sh->arena, d->id, 0, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_schema *schema;
        struct buf b = BUF_INIT;
        TRY(cat_schema_by_id(sh->view, list[i]->schema_id, &schema, err));
        cat_text_create_function(&b, list[i], schema != NULL ? schema->name : STR_EMPTY);
        buf_putc(&b, ';');
        show_row(sh)[0] = show_take(sh, &b);
    }
    return 0;
}

// ---- CREATE ALL …

// Sequences, then tables, then views; what was created later may depend on what was created earlier.
static int compare_for_creation(const void *a, const void *b)
{
    static const int rank[] = {
        [CAT_SEQUENCE] = 0, [CAT_TABLE] = 1, [CAT_VIRTUAL] = 1, [CAT_VIEW] = 2, [CAT_MATERIALIZED_VIEW] = 2};
    const struct cat_table *const *x = a, *const *y = b;
    if (rank[(*x)->kind] != rank[(*y)->kind])
        return rank[(*x)->kind] - rank[(*y)->kind];
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int create_statement(struct show *sh, const struct cat_table *t, struct err *err)
{
    struct cat_table without_foreign_keys = *t;
    without_foreign_keys.n_outbound = 0;
    struct buf b = BUF_INIT;
    int rc = show_create_relation(&b, sh->view, &without_foreign_keys, err);
    buf_putc(&b, ';');
    struct datum text = show_take(sh, &b);
    if (rc == 0)
        show_row(sh)[0] = text;
    return rc;
}

// Foreign keys come after all tables, which may reference each other in circles.
static int foreign_key_statements(struct show *sh, const struct cat_table *t, bool validate, struct err *err)
{
    const struct cat_schema *schema;
    TRY(cat_schema_by_id(sh->view, t->schema_id, &schema, err));
    for (size_t i = 0; schema != NULL && i < t->n_outbound; i++) {
        struct buf b = BUF_INIT;
        int rc = 0;
        buf_printf(&b, "ALTER TABLE %.*s.", STR_FMT(show_quoted(sh, schema->name)));
        buf_printf(&b, "%.*s %s CONSTRAINT ", STR_FMT(show_quoted(sh, t->name)), validate ? "VALIDATE" : "ADD");
        buf_printf(&b, "%.*s", STR_FMT(show_quoted(sh, t->outbound[i].name)));
        if (!validate) {
            buf_putc(&b, ' ');
            rc = cat_text_foreign_key(&b, sh->view, t, &t->outbound[i], true, err);
        }
        buf_putc(&b, ';');
        struct datum text = show_take(sh, &b);
        if (rc != 0)
            return rc;
        show_row(sh)[0] = text;
    }
    return 0;
}

static int show_create_all_tables(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_table **tables;
    size_t n;
    TRY(show_current_database(sh, &d, err));
    TRY(cat_list_tables(sh->view, sh->arena, d->id, 0, &tables, &n, err));
    qsort(tables, n, sizeof(*tables), compare_for_creation);
    for (size_t i = 0; i < n; i++)
        TRY(create_statement(sh, tables[i], err));
    size_t before = sh->out->rows.len;
    for (size_t i = 0; i < n; i++)
        TRY(foreign_key_statements(sh, tables[i], false, err));
    if (sh->out->rows.len > before)
        show_row(sh)[0] = datum_c("-- Validate foreign key constraints. These can fail if there was unvalidated data "
                                  "during the SHOW CREATE ALL TABLES");
    for (size_t i = 0; i < n; i++)
        TRY(foreign_key_statements(sh, tables[i], true, err));
    return 0;
}

static int show_create_all_schemas(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema **list;
    size_t n;
    TRY(show_current_database(sh, &d, err));
    TRY(cat_list_schemas(sh->view, sh->arena, d->id, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (list[i]->is_virtual)
            continue;
        struct buf b = BUF_INIT;
        show_create_schema(&b, list[i]);
        buf_putc(&b, ';');
        show_row(sh)[0] = show_take(sh, &b);
    }
    return 0;
}

static int show_create_all_triggers(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_table **list;
    size_t n;
    TRY(show_current_database(sh, &d, err));
    TRY(cat_list_tables(sh->view, sh->arena, d->id, 0, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < list[i]->n_triggers; k++) {
            struct buf b = BUF_INIT;
            int rc = cat_text_trigger_qualified(&b, sh->view, list[i], &list[i]->triggers[k], err);
            buf_putc(&b, ';');
            struct datum text = show_take(sh, &b);
            TRY(rc);
            show_row(sh)[0] = text;
        }
    }
    return 0;
}

#define TEXT(name)            \
    {                         \
        name, TYPE_OID_STRING \
    }
const struct show_form show_schema_forms[] = {
    {AST_SHOW_TABLES,
     show_tables,
     {TEXT("schema_name"),
      TEXT("table_name"),
      TEXT("type"),
      TEXT("owner"),
      {"estimated_row_count", TYPE_OID_INT8},
      TEXT("locality"),
      TEXT("comment")}},
    {AST_SHOW_SEQUENCES, show_sequences, {TEXT("sequence_schema"), TEXT("sequence_name")}},
    {AST_SHOW_DATABASES,
     show_databases,
     {TEXT("database_name"),
      TEXT("owner"),
      TEXT("primary_region"),
      TEXT("secondary_region"),
      {"regions", TYPE_OID_STRING_ARRAY},
      TEXT("survival_goal"),
      TEXT("comment")}},
    {AST_SHOW_SCHEMAS, show_schemas, {TEXT("schema_name"), TEXT("owner"), TEXT("comment")}},
    {AST_SHOW_TYPES, show_types, {TEXT("schema"), TEXT("name"), TEXT("owner"), TEXT("comment")}},
    {AST_SHOW_ENUMS, show_enums, {TEXT("schema"), TEXT("name"), {"values", TYPE_OID_STRING_ARRAY}, TEXT("owner")}},
    {AST_SHOW_FUNCTIONS,
     show_functions,
     {TEXT("schema_name"), TEXT("function_name"), TEXT("result_data_type"), TEXT("argument_data_types"),
      TEXT("function_type"), TEXT("volatility")}},
    {AST_SHOW_PROCEDURES,
     show_procedures,
     {TEXT("schema_name"), TEXT("procedure_name"), TEXT("argument_data_types"), TEXT("procedure_type")}},
    {AST_SHOW_CREATE_ALL_TABLES, show_create_all_tables, {TEXT("create_statement")}},
    {AST_SHOW_CREATE_ALL_SCHEMAS, show_create_all_schemas, {TEXT("create_statement")}},
    {AST_SHOW_CREATE_ALL_TYPES, show_create_all_types, {TEXT("create_statement")}},
    {AST_SHOW_CREATE_ALL_ROUTINES, show_create_all_routines, {TEXT("create_statement")}},
    {AST_SHOW_CREATE_ALL_TRIGGERS, show_create_all_triggers, {TEXT("create_statement")}},
    {0},
};
