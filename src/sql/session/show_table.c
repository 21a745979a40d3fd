// SHOW of one relation's parts: columns, indexes, constraints, the statement that creates it.
#include "catalog/text.h"
#include "sql/ddl/show_create.h"
#include "sql/session/show_int.h"
#include <stdlib.h>

// ---- what an index holds

static bool is_key_column(const struct cat_index *index, uint32_t id)
{
    for (size_t i = 0; i < index->n_columns; i++)
        if (index->columns[i].column_id == id)
            return true;
    return false;
}

static bool is_stored_column(const struct cat_table *t, const struct cat_index *index, const struct cat_column *c)
{
    if (index == t->primary)
        return !is_key_column(index, c->id) && !(c->computed_sql.len > 0 && c->computed_virtual);
    for (size_t i = 0; i < index->n_storing; i++)
        if (index->storing[i] == c->id)
            return true;
    return false;
}

// Columns of the primary key that a secondary index carries without naming them.
static bool is_implicit_column(const struct cat_table *t, const struct cat_index *index, uint32_t id)
{
    return index != t->primary && t->primary != NULL && is_key_column(t->primary, id) && !is_key_column(index, id);
}

static int compare_indexes(const void *a, const void *b)
{
    const struct cat_index *const *x = a, *const *y = b;
    return str_cmp((*x)->name, (*y)->name);
}

// By name; *n of them.
static const struct cat_index **sorted_indexes(struct arena *a, const struct cat_table *t, size_t *n)
{
    const struct cat_index **list = ARENA_ARRAY(a, const struct cat_index *, t->n_indexes + 1);
    *n = 0;
    if (t->primary != NULL)
        list[(*n)++] = t->primary;
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].state == CAT_INDEX_PUBLIC)
            list[(*n)++] = &t->indexes[i];
    qsort(list, *n, sizeof(*list), compare_indexes);
    return list;
}

// ---- COLUMNS

static struct datum type_text(struct show *sh, struct type t)
{
    struct buf b = BUF_INIT;
    type_print(&b, t);
    return show_take(sh, &b);
}

static struct datum column_default(struct show *sh, const struct cat_column *c)
{
    if (c->default_sql.len == 0)
        return DATUM_NULL;
    struct buf b = BUF_INIT;
    cat_text_expr_bare(&b, c->default_sql);
    return show_take(sh, &b);
}

static struct datum generation(struct show *sh, const struct cat_column *c)
{
    struct buf b = BUF_INIT;
    if (c->computed_sql.len > 0)
        cat_text_expr(&b, c->computed_sql);
    return show_take(sh, &b);
}

static struct datum indices_of(struct show *sh, const struct cat_table *t, const struct cat_column *c)
{
    size_t n, used = 0;
    const struct cat_index **list = sorted_indexes(sh->arena, t, &n);
    struct datum *names = ARENA_ARRAY(sh->arena, struct datum, n + 1);
    for (size_t i = 0; i < n; i++)
        if (is_key_column(list[i], c->id) || is_stored_column(t, list[i], c) || is_implicit_column(t, list[i], c->id))
            names[used++] = datum_str(list[i]->name);
    return datum_str(array_build(sh->arena, T_STRING, names, (uint32_t)used));
}

static int show_table_columns(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(show_described_table(sh, &t, err));
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (cat_column_inaccessible(c))
            continue;
        struct datum *row = show_row(sh);
        row[0] = datum_str(c->name);
        row[1] = type_text(sh, c->type);
        row[2] = datum_bool(!c->not_null);
        row[3] = column_default(sh, c);
        row[4] = generation(sh, c);
        row[5] = indices_of(sh, t, c);
        row[6] = datum_bool(c->hidden);
        if (sh->ast->with_comment)
            row[7] = c->comment.ptr != NULL ? datum_str(c->comment) : DATUM_NULL;
    }
    return 0;
}

// ---- INDEXES

struct index_row {
    const struct cat_table *table;
    const struct cat_index *index;
    int64_t seq;
};

static void index_row(struct show *sh, struct index_row *at, uint32_t column_id, const char *direction, bool storing,
                      bool implicit)
{
    const struct cat_column *c = cat_column_by_id(at->table, column_id);
    struct datum *row = show_row(sh);
    row[0] = datum_str(at->table->name);
    row[1] = datum_str(at->index->name);
    row[2] = datum_bool(!at->index->unique);
    row[3] = datum_int(at->seq++);
    row[4] = c != NULL ? datum_str(c->name) : DATUM_NULL;
    row[5] = c != NULL && c->computed_sql.len > 0 && c->hidden ? generation(sh, c) : row[4];
    row[6] = datum_c(direction);
    row[7] = datum_bool(storing);
    row[8] = datum_bool(implicit);
    row[9] = datum_bool(cat_index_visibility(at->index) == 1);
    row[10] = datum_float(cat_index_visibility(at->index));
    if (sh->ast->with_comment)
        row[11] = at->index->comment.ptr != NULL ? datum_str(at->index->comment) : DATUM_NULL;
}

static void index_rows(struct show *sh, const struct cat_table *t, const struct cat_index *index)
{
    struct index_row at = {t, index, 1};
    for (size_t i = 0; i < index->n_columns; i++)
        index_row(sh, &at, index->columns[i].column_id, index->columns[i].descending ? "DESC" : "ASC", false,
                  i == 0 && cat_index_shards(t, index) > 0);
    for (size_t i = 0; i < t->n_columns; i++)
        if (is_stored_column(t, index, &t->columns[i]))
            index_row(sh, &at, t->columns[i].id, "N/A", true, false);
    for (size_t i = 0; index != t->primary && t->primary != NULL && i < t->primary->n_columns; i++)
        if (is_implicit_column(t, index, t->primary->columns[i].column_id))
            index_row(sh, &at, t->primary->columns[i].column_id, "ASC", index->unique, true);
}

static void table_index_rows(struct show *sh, const struct cat_table *t)
{
    size_t n;
    const struct cat_index **list = sorted_indexes(sh->arena, t, &n);
    for (size_t i = 0; i < n; i++)
        index_rows(sh, t, list[i]);
}

static int show_indexes(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(show_described_table(sh, &t, err));
    table_index_rows(sh, t);
    return 0;
}

static int show_database_indexes(struct show *sh, struct err *err)
{
    const struct cat_database *d;
    const struct cat_table **tables;
    size_t n;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(show_database(sh, ast_as_name(sh->ast->object)->name, &d, err));
    TRY(cat_list_tables(sh->view, sh->arena, d->id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        table_index_rows(sh, tables[i]);
    return 0;
}

// ---- CONSTRAINTS

static struct datum *constraint_row(struct show *sh, const struct cat_table *t, struct str name, const char *type,
                                    struct datum details, bool validated)
{
    struct datum *row = show_row(sh);
    row[0] = datum_str(t->name);
    row[1] = datum_str(name);
    row[2] = datum_c(type);
    row[3] = details;
    row[4] = datum_bool(validated);
    return row;
}

static void unique_constraint(struct show *sh, const struct cat_table *t, const struct cat_index *index)
{
    struct buf b = BUF_INIT;
    cat_text_unique(&b, t, index);
    constraint_row(sh, t, index->name, index == t->primary ? "PRIMARY KEY" : "UNIQUE", show_take(sh, &b), true);
}

static int foreign_key_constraint(struct show *sh, const struct cat_table *t, const struct cat_foreign_key *fk,
                                  struct err *err)
{
    struct buf b = BUF_INIT;
    int rc = cat_text_foreign_key(&b, sh->view, t, fk, false, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    constraint_row(sh, t, fk->name, "FOREIGN KEY", show_take(sh, &b), fk->validated);
    return 0;
}

static int compare_constraints(const void *a, const void *b)
{
    struct datum *const *x = a, *const *y = b;
    return str_cmp((*x)[1].s, (*y)[1].s);
}

static int show_constraints(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    if (!sh->ast->with_comment)
        sh->out->n_columns--;
    TRY(show_described_table(sh, &t, err));
    if (t->primary != NULL)
        unique_constraint(sh, t, t->primary);
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].unique && t->indexes[i].replaces == 0)
            unique_constraint(sh, t, &t->indexes[i]);
    for (size_t i = 0; i < t->n_checks; i++) {
        struct buf b = BUF_INIT;
        cat_text_check(&b, &t->checks[i]);
        constraint_row(sh, t, t->checks[i].name, "CHECK", show_take(sh, &b), t->checks[i].validated);
    }
    for (size_t i = 0; i < t->n_outbound; i++)
        TRY(foreign_key_constraint(sh, t, &t->outbound[i], err));
    qsort(sh->out->rows.ptr, sh->out->rows.len, sizeof(*sh->out->rows.ptr), compare_constraints);
    for (size_t i = 0; i < sh->out->rows.len && sh->ast->with_comment; i++) {
        struct datum *row = sh->out->rows.ptr[i];
        struct str comment;
        TRY(cat_comment_get(sh->view, CAT_COMMENT_CONSTRAINT, t->id, cat_constraint_comment_id(row[1].s), &comment,
                            err));
        row[5] = comment.ptr != NULL ? datum_str(arena_str(sh->arena, comment)) : DATUM_NULL;
    }
    return 0;
}

// ---- CREATE

static int create_database(struct show *sh, struct err *err)
{
    static const struct show_column columns[] = {{"database_name", TYPE_OID_STRING},
                                                 {"create_statement", TYPE_OID_STRING}};
    const struct cat_database *d;
    show_columns(sh, columns, ARRAY_LEN(columns));
    TRY(show_database(sh, ast_as_name(sh->ast->object)->name, &d, err));
    struct buf b = BUF_INIT;
    show_create_database(&b, d);
    struct datum *row = show_row(sh);
    row[0] = datum_str(d->name);
    row[1] = show_take(sh, &b);
    return 0;
}

static int create_indexes(struct show *sh, struct err *err)
{
    static const struct show_column columns[] = {{"index_name", TYPE_OID_STRING},
                                                 {"create_statement", TYPE_OID_STRING}};
    const struct cat_table *t;
    size_t n;
    show_columns(sh, columns, ARRAY_LEN(columns));
    TRY(show_described_table(sh, &t, err));
    const struct cat_index **list = sorted_indexes(sh->arena, t, &n);
    for (size_t i = 0; i < n; i++) {
        if (list[i] == t->primary && sh->ast->name.len > 0)
            continue;
        struct buf b = BUF_INIT;
        int rc = cat_text_create_index(&b, sh->view, t, list[i], err);
        struct datum text = show_take(sh, &b);
        if (rc != 0)
            return rc;
        struct datum *row = show_row(sh);
        row[0] = datum_str(list[i]->name);
        row[1] = text;
    }
    return 0;
}

// SHOW CREATE TABLE shows any relation; the other forms only their own kind.
static bool kind_matches(enum ast_object wanted, const struct cat_table *t)
{
    switch (wanted) {
    case AST_OBJECT_VIEW:
        return t->kind == CAT_VIEW || t->kind == CAT_MATERIALIZED_VIEW;
    case AST_OBJECT_SEQUENCE:
        return t->kind == CAT_SEQUENCE;
    default:
        return true;
    }
}

// The name as the statement wrote it.
static struct str written_name(struct show *sh, const struct ast_object_name *name)
{
    struct buf b = BUF_INIT;
    if (name->database.ptr != NULL)
        buf_printf(&b, "%.*s.", STR_FMT(show_quoted(sh, name->database)));
    if (name->schema.ptr != NULL)
        buf_printf(&b, "%.*s.", STR_FMT(show_quoted(sh, name->schema)));
    buf_str(&b, show_quoted(sh, name->name));
    return show_take(sh, &b).s;
}

// Every overload of the name.
static int create_routines(struct show *sh, bool procedures, struct err *err)
{
    static const struct show_column columns[][2] = {
        {{"function_name", TYPE_OID_STRING}, {"create_statement", TYPE_OID_STRING}},
        {{"procedure_name", TYPE_OID_STRING}, {"create_statement", TYPE_OID_STRING}}};
    const struct ast_object_name *name = ast_as_object_name(sh->ast->object);
    const struct cat_function **list;
    size_t n, shown = 0;
    TRY(show_function(sh, sh->ast->object, &list, &n, err));
    show_columns(sh, columns[procedures], ARRAY_LEN(columns[0]));
    for (size_t i = 0; i < n; i++) {
        const struct cat_schema *schema;
        struct buf b = BUF_INIT;
        if (list[i]->is_procedure != procedures)
            continue;
        TRY(cat_schema_by_id(sh->view, list[i]->schema_id, &schema, err));
        cat_text_create_function(&b, list[i], schema != NULL ? schema->name : STR_EMPTY);
        struct datum text = show_take(sh, &b), *row = show_row(sh);
        row[0] = datum_str(list[i]->name);
        row[1] = text;
        shown++;
    }
    if (shown > 0)
        return 0;
    return err_set(err, ERR_UNDEFINED_FUNCTION, "unknown %s: %.*s()", procedures ? "procedure" : "function",
                   STR_FMT(name->name));
}

static int create_type(struct show *sh, struct err *err)
{
    static const struct show_column columns[] = {{"type_name", TYPE_OID_STRING}, {"create_statement", TYPE_OID_STRING}};
    const struct ast_object_name *n = ast_as_object_name(sh->ast->object);
    const struct cat_type *t;
    TRY(show_type(sh, sh->ast->object, &t, err));
    struct buf b = BUF_INIT;
    show_columns(sh, columns, ARRAY_LEN(columns));
    cat_text_create_type(&b, t);
    struct datum *row = show_row(sh);
    row[0] = datum_str(written_name(sh, n));
    row[1] = show_take(sh, &b);
    return 0;
}

// WITH REDACT, IGNORE_FOREIGN_KEYS: of relations.
static int create_options(struct show *sh, bool *redact, bool *ignore_foreign_keys, struct err *err)
{
    enum ast_object kind = sh->ast->object_kind;
    bool relation = sh->ast->what == AST_SHOW_CREATE &&
                    (kind == AST_OBJECT_TABLE || kind == AST_OBJECT_VIEW || kind == AST_OBJECT_SEQUENCE);
    *redact = *ignore_foreign_keys = false;
    for (size_t i = 0; i < sh->ast->options.n; i++) {
        struct str name = ast_as_option(sh->ast->options.items[i])->name;
        *redact |= str_ieqc(name, "redact");
        *ignore_foreign_keys |= str_ieqc(name, "ignore_foreign_keys");
        if (!relation || (!str_ieqc(name, "redact") && !str_ieqc(name, "ignore_foreign_keys")))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SHOW CREATE %s WITH %.*s",
                           ast_object_sql(kind), STR_FMT(name));
    }
    return 0;
}

static int create_trigger(struct show *sh, struct err *err)
{
    static const struct show_column columns[] = {{"trigger_name", TYPE_OID_STRING},
                                                 {"create_statement", TYPE_OID_STRING}};
    const struct cat_table *t;
    TRY(show_table(sh, sh->ast->object, &t, err));
    show_columns(sh, columns, ARRAY_LEN(columns));
    const struct cat_trigger *g = cat_trigger_by_name(t, sh->ast->name);
    if (g == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "trigger \"%.*s\" for table \"%.*s\" does not exist",
                       STR_FMT(sh->ast->name), STR_FMT(t->name));
    struct buf b = BUF_INIT;
    int rc = cat_text_trigger_qualified(&b, sh->view, t, g, err);
    struct datum text = show_take(sh, &b);
    if (rc != 0)
        return rc;
    struct datum *row = show_row(sh);
    row[0] = datum_str(g->name);
    row[1] = text;
    return 0;
}

static int show_triggers(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    TRY(show_table(sh, sh->ast->object, &t, err));
    for (size_t i = 0; i < t->n_triggers; i++) {
        struct datum *row = show_row(sh);
        row[0] = datum_str(t->triggers[i].name);
        row[1] = datum_bool(t->triggers[i].enabled != 'D');
    }
    return 0;
}

static int show_create(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    bool redact, ignore_foreign_keys;
    TRY(create_options(sh, &redact, &ignore_foreign_keys, err));
    switch (sh->ast->object_kind) {
    case AST_OBJECT_DATABASE:
        return create_database(sh, err);
    case AST_OBJECT_INDEX:
        return create_indexes(sh, err);
    case AST_OBJECT_FUNCTION:
    case AST_OBJECT_PROCEDURE:
        return create_routines(sh, sh->ast->object_kind == AST_OBJECT_PROCEDURE, err);
    case AST_OBJECT_TYPE:
        return create_type(sh, err);
    case AST_OBJECT_TRIGGER:
        return create_trigger(sh, err);
    default:
        break;
    }
    TRY(show_described_table(sh, &t, err));
    struct str name = written_name(sh, ast_as_object_name(sh->ast->object));
    if (!kind_matches(sh->ast->object_kind, t))
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a %s", STR_FMT(t->name),
                       sh->ast->object_kind == AST_OBJECT_VIEW ? "view" : "sequence");
    struct cat_table shown = redact ? show_marked(sh->arena, t, true) : *t;
    shown.n_outbound = ignore_foreign_keys ? 0 : t->n_outbound;
    struct buf b = BUF_INIT;
    int rc = show_create_relation(&b, sh->view, &shown, err);
    struct datum text = show_take(sh, &b);
    if (rc != 0)
        return rc;
    struct datum *row = show_row(sh);
    row[0] = datum_str(name);
    row[1] = text;
    return 0;
}

// ---- parts that tables do not have here

static int show_no_parts(struct show *sh, struct err *err)
{
    const struct cat_table *t;
    const struct cat_database *d;
    if (sh->ast->object->kind == AST_NAME)
        return show_database(sh, ast_as_name(sh->ast->object)->name, &d, err);
    if (sh->ast->object->kind == AST_INDEX_NAME) {
        const struct ast_index_name *name = ast_as_index_name(sh->ast->object);
        return name->table != NULL ? show_table(sh, name->table, &t, err) : 0;
    }
    return show_table(sh, sh->ast->object, &t, err);
}

#define TEXT(name)            \
    {                         \
        name, TYPE_OID_STRING \
    }
const struct show_form show_table_forms[] = {
    {AST_SHOW_COLUMNS,
     show_table_columns,
     {TEXT("column_name"),
      TEXT("data_type"),
      {"is_nullable", TYPE_OID_BOOL},
      TEXT("column_default"),
      TEXT("generation_expression"),
      {"indices", TYPE_OID_STRING_ARRAY},
      {"is_hidden", TYPE_OID_BOOL},
      TEXT("comment")}},
#define INDEX_COLUMNS                                                                                                 \
    {                                                                                                                 \
        TEXT("table_name"), TEXT("index_name"), {"non_unique", TYPE_OID_BOOL}, {"seq_in_index", TYPE_OID_INT8},       \
            TEXT("column_name"), TEXT("definition"), TEXT("direction"), {"storing", TYPE_OID_BOOL},                   \
            {"implicit", TYPE_OID_BOOL}, {"visible", TYPE_OID_BOOL}, {"visibility", TYPE_OID_FLOAT8}, TEXT("comment") \
    }
    {AST_SHOW_INDEXES, show_indexes, INDEX_COLUMNS},
    {AST_SHOW_DATABASE_INDEXES, show_database_indexes, INDEX_COLUMNS},
    {AST_SHOW_CONSTRAINTS,
     show_constraints,
     {TEXT("table_name"),
      TEXT("constraint_name"),
      TEXT("constraint_type"),
      TEXT("details"),
      {"validated", TYPE_OID_BOOL},
      TEXT("comment")}},
    {AST_SHOW_CREATE, show_create, {TEXT("table_name"), TEXT("create_statement")}},
    {AST_SHOW_PARTITIONS,
     show_no_parts,
     {TEXT("database_name"), TEXT("table_name"), TEXT("partition_name"), TEXT("parent_partition"), TEXT("column_names"),
      TEXT("index_name"), TEXT("partition_value"), TEXT("zone_config"), TEXT("full_zone_config")}},
    {AST_SHOW_TRIGGERS, show_triggers, {TEXT("trigger_name"), {"enabled", TYPE_OID_BOOL}}},
    {AST_SHOW_POLICIES,
     show_no_parts,
     {TEXT("name"),
      TEXT("cmd"),
      TEXT("type"),
      {"roles", TYPE_OID_STRING_ARRAY},
      TEXT("using_expr"),
      TEXT("with_check_expr")}},
    {AST_SHOW_STATISTICS,
     show_statistics,
     {TEXT("statistics_name"),
      {"column_names", TYPE_OID_STRING_ARRAY},
      {"created", TYPE_OID_TIMESTAMPTZ},
      {"row_count", TYPE_OID_INT8},
      {"distinct_count", TYPE_OID_INT8},
      {"null_count", TYPE_OID_INT8},
      {"avg_size", TYPE_OID_INT8},
      TEXT("partial_predicate"),
      {"histogram_id", TYPE_OID_INT8},
      {"full_histogram_id", TYPE_OID_INT8}}},
    {AST_SHOW_HISTOGRAM,
     show_histogram,
     {TEXT("upper_bound"),
      {"range_rows", TYPE_OID_INT8},
      {"distinct_range_rows", TYPE_OID_FLOAT8},
      {"equal_rows", TYPE_OID_INT8}}},
    {0},
};
