// crdb_internal: databases, tables, columns, indexes.
#include "sql/ddl/show_create.h"
#include "sql/parse/ast_print.h"
#include "sql/virtual/virtual_int.h"

// ---- databases

static struct datum create_database(struct exec_context *x, const struct cat_database *d)
{
    struct buf b = BUF_INIT;
    show_create_database(&b, d);
    return datum_take(x, &b);
}

GENERATOR(crdb_databases_rows)
{
    const struct cat_database **list;
    size_t n;
    TRY(cat_list_databases(x->view, x->eval.arena, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool seen;
        TRY(cat_sees_database(x->view, x->eval.user, list[i], &seen, err));
        if (!seen)
            continue;
        ROW(crdb_databases);
        row[crdb_databases_id] = datum_int(list[i]->id);
        row[crdb_databases_name] = datum_str(list[i]->name);
        row[crdb_databases_owner] = datum_str(list[i]->acl.owner);
        row[crdb_databases_regions] = array_of_texts(x, NULL, 0);
        row[crdb_databases_create_statement] = create_database(x, list[i]);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- tables

static int tables_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    ROW(crdb_tables);
    row[crdb_tables_table_id] = datum_int(r->table->id);
    row[crdb_tables_parent_id] = datum_int(r->database->id);
    row[crdb_tables_name] = datum_str(r->table->name);
    row[crdb_tables_database_name] = datum_str(r->database->name);
    row[crdb_tables_version] = datum_int((int64_t)r->table->version);
    row[crdb_tables_format_version] = datum_c("InterleavedFormatVersion");
    row[crdb_tables_state] = datum_c("PUBLIC");
    row[crdb_tables_audit_mode] = datum_c("DISABLED");
    row[crdb_tables_schema_name] = datum_str(r->schema->name);
    row[crdb_tables_parent_schema_id] = datum_int(r->schema->id);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_tables_rows)
{
    return relations_each(x, NULL, -1, -1, SCOPE_ALL_DATABASES, tables_row, rows, err);
}

static int row_statistics_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                              struct err *err)
{
    int64_t n = 0;
    if (r->table->kind != CAT_TABLE && r->table->kind != CAT_MATERIALIZED_VIEW)
        return 0;
    TRY(cat_row_count(x->view, r->table->id, &n, err));
    ROW(crdb_table_row_statistics);
    row[crdb_table_row_statistics_table_id] = datum_int(r->table->id);
    row[crdb_table_row_statistics_table_name] = datum_str(r->table->name);
    row[crdb_table_row_statistics_estimated_row_count] = datum_int(n);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_table_row_statistics_rows)
{
    return relations_each(x, NULL, -1, -1, SCOPE_ALL_DATABASES, row_statistics_row, rows, err);
}

// ---- columns

static int columns_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < r->table->n_columns; i++) {
        const struct cat_column *c = &r->table->columns[i];
        if (cat_column_inaccessible(c))
            continue;
        struct buf type = BUF_INIT;
        ROW(crdb_table_columns);
        type_print(&type, c->type);
        row[crdb_table_columns_descriptor_id] = datum_int(r->table->id);
        row[crdb_table_columns_descriptor_name] = datum_str(r->table->name);
        row[crdb_table_columns_column_id] = datum_int(c->id);
        row[crdb_table_columns_column_name] = datum_str(c->name);
        row[crdb_table_columns_column_type] = datum_take(x, &type);
        row[crdb_table_columns_nullable] = datum_bool(!c->not_null);
        row[crdb_table_columns_default_expr] = c->default_sql.len > 0 ? datum_str(c->default_sql) : DATUM_NULL;
        row[crdb_table_columns_hidden] = datum_bool(c->hidden);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_table_columns_rows)
{
    return relations_each(x, filter, crdb_table_columns_descriptor_id, -1, SCOPE_STORED, columns_rows, rows, err);
}

// ---- indexes

typedef int (*index_row)(struct exec_context *x, const struct relation *r, const struct cat_index *index,
                         struct virtual_rows *rows, struct err *err);

static int each_index(struct exec_context *x, const struct relation *r, index_row make, struct virtual_rows *rows,
                      struct err *err)
{
    if (r->table->primary != NULL && r->table->kind != CAT_SEQUENCE)
        TRY(make(x, r, r->table->primary, rows, err));
    for (size_t i = 0; i < r->table->n_indexes; i++)
        if (r->table->indexes[i].replaces == 0)
            TRY(make(x, r, &r->table->indexes[i], rows, err));
    return 0;
}

static int indexes_row(struct exec_context *x, const struct relation *r, const struct cat_index *index,
                       struct virtual_rows *rows, struct err *err)
{
    ROW(crdb_table_indexes);
    struct buf b = BUF_INIT;
    int rc = cat_text_create_index(&b, x->view, r->table, index, err);
    row[crdb_table_indexes_create_statement] = datum_take(x, &b);
    if (rc != 0)
        return rc;
    row[crdb_table_indexes_descriptor_id] = datum_int(r->table->id);
    row[crdb_table_indexes_descriptor_name] = datum_str(r->table->name);
    row[crdb_table_indexes_index_id] = datum_int(index->id);
    row[crdb_table_indexes_index_name] = datum_str(index->name);
    row[crdb_table_indexes_index_type] = datum_c(index == r->table->primary ? "primary" : "secondary");
    row[crdb_table_indexes_is_unique] = datum_bool(index->unique);
    row[crdb_table_indexes_is_inverted] = datum_bool(index->kind == CAT_INDEX_INVERTED);
    row[crdb_table_indexes_is_sharded] = datum_bool(false);
    row[crdb_table_indexes_is_visible] = datum_bool(cat_index_visibility(index) == 1);
    row[crdb_table_indexes_visibility] = datum_float(cat_index_visibility(index));
    return virtual_row(rows, row, err);
}

static int indexes_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    return each_index(x, r, indexes_row, rows, err);
}

GENERATOR(crdb_table_indexes_rows)
{
    return relations_each(x, filter, crdb_table_indexes_descriptor_id, -1, SCOPE_STORED, indexes_rows, rows, err);
}

static int usage_row(struct exec_context *x, const struct relation *r, const struct cat_index *index,
                     struct virtual_rows *rows, struct err *err)
{
    struct virtual_session *vs = virtual_session_of(x);
    uint64_t reads;
    int64_t last_micros;
    vs->ops->index_usage(vs, r->table->id, index->id, &reads, &last_micros);
    ROW(crdb_index_usage_statistics);
    row[crdb_index_usage_statistics_table_id] = datum_int(r->table->id);
    row[crdb_index_usage_statistics_index_id] = datum_int(index->id);
    row[crdb_index_usage_statistics_total_reads] = datum_int((int64_t)reads);
    if (last_micros != 0)
        row[crdb_index_usage_statistics_last_read] = datum_int(last_micros);
    return virtual_row(rows, row, err);
}

static int usage_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    return each_index(x, r, usage_row, rows, err);
}

GENERATOR(crdb_index_usage_rows)
{
    return relations_each(x, filter, crdb_index_usage_statistics_table_id, -1, SCOPE_STORED, usage_rows, rows, err);
}

static int index_column_row(const struct relation *r, const struct cat_index *index, uint32_t column_id,
                            const char *kind, const char *direction, struct virtual_rows *rows, struct err *err)
{
    const struct cat_column *c = cat_column_by_id(r->table, column_id);
    ROW(crdb_index_columns);
    row[crdb_index_columns_descriptor_id] = datum_int(r->table->id);
    row[crdb_index_columns_descriptor_name] = datum_str(r->table->name);
    row[crdb_index_columns_index_id] = datum_int(index->id);
    row[crdb_index_columns_index_name] = datum_str(index->name);
    row[crdb_index_columns_column_type] = datum_c(kind);
    row[crdb_index_columns_column_id] = datum_int(column_id);
    row[crdb_index_columns_column_name] = c != NULL ? datum_str(c->name) : DATUM_NULL;
    row[crdb_index_columns_column_direction] = datum_c(direction);
    row[crdb_index_columns_implicit] = datum_bool(false);
    return virtual_row(rows, row, err);
}

static int index_column_rows(struct exec_context *x, const struct relation *r, const struct cat_index *index,
                             struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < index->n_columns; i++)
        TRY(index_column_row(r, index, index->columns[i].column_id, "key",
                             index->columns[i].descending ? "DESC" : "ASC", rows, err));
    for (size_t i = 0; i < index->n_storing; i++)
        TRY(index_column_row(r, index, index->storing[i], "storing", NULL, rows, err));
    return 0;
}

static int index_columns_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                              struct err *err)
{
    return each_index(x, r, index_column_rows, rows, err);
}

GENERATOR(crdb_index_columns_rows)
{
    return relations_each(x, filter, crdb_index_columns_descriptor_id, -1, SCOPE_STORED, index_columns_rows, rows, err);
}

// ---- create_statements

static int create_text(struct exec_context *x, const struct cat_table *t, struct datum *out, struct err *err)
{
    struct buf b = BUF_INIT;
    int rc = show_create_relation(&b, x->view, t, err);
    *out = datum_take(x, &b);
    return rc;
}

static int foreign_key_statements(struct exec_context *x, const struct relation *r, struct datum *out, struct err *err)
{
    const struct cat_table *t = r->table;
    struct str *texts = ARENA_ARRAY(x->eval.arena, struct str, t->n_outbound + 1);
    for (size_t i = 0; i < t->n_outbound; i++) {
        struct buf b = BUF_INIT;
        buf_cstr(&b, "ALTER TABLE ");
        print_identifier(&b, r->schema->name);
        buf_putc(&b, '.');
        print_identifier(&b, t->name);
        buf_cstr(&b, " ADD CONSTRAINT ");
        print_identifier(&b, t->outbound[i].name);
        buf_putc(&b, ' ');
        int rc = cat_text_foreign_key(&b, x->view, t, &t->outbound[i], true, err);
        texts[i] = datum_take(x, &b).s;
        if (rc != 0)
            return rc;
    }
    *out = array_of_texts(x, texts, t->n_outbound);
    return 0;
}

static int redactable(struct exec_context *x, const struct cat_table *t, struct virtual_rows *rows, struct datum *out,
                      struct err *err)
{
    struct buf b = BUF_INIT;
    if (!virtual_wants(rows, crdb_create_statements_create_redactable))
        return 0;
    struct cat_table shown = show_marked(x->eval.arena, t, false);
    int rc = show_create_relation(&b, x->view, &shown, err);
    *out = datum_take(x, &b);
    return rc;
}

static int create_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    struct cat_table without_foreign_keys = *r->table;
    without_foreign_keys.n_outbound = 0;
    ROW(crdb_create_statements);
    row[crdb_create_statements_database_id] = datum_int(r->database->id);
    row[crdb_create_statements_database_name] = datum_str(r->database->name);
    row[crdb_create_statements_schema_name] = datum_str(r->schema->name);
    row[crdb_create_statements_descriptor_id] = datum_int(r->table->id);
    row[crdb_create_statements_descriptor_type] = datum_c(cat_relation_kind_name(r->table));
    row[crdb_create_statements_descriptor_name] = datum_str(r->table->name);
    TRY(create_text(x, r->table, &row[crdb_create_statements_create_statement], err));
    row[crdb_create_statements_state] = datum_c("PUBLIC");
    TRY(create_text(x, &without_foreign_keys, &row[crdb_create_statements_create_nofks], err));
    TRY(foreign_key_statements(x, r, &row[crdb_create_statements_alter_statements], err));
    row[crdb_create_statements_validate_statements] = array_of_texts(x, NULL, 0);
    row[crdb_create_statements_has_partitions] = datum_bool(false);
    row[crdb_create_statements_is_multi_region] = datum_bool(false);
    row[crdb_create_statements_is_virtual] = datum_bool(false);
    row[crdb_create_statements_is_temporary] = datum_bool(false);
    TRY(redactable(x, r->table, rows, &row[crdb_create_statements_create_redactable], err));
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_create_statements_rows)
{
    return relations_each(x, filter, crdb_create_statements_descriptor_id, -1, SCOPE_STORED, create_row, rows, err);
}

static int create_type_row(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                           struct virtual_rows *rows, struct err *err)
{
    struct buf b = BUF_INIT;
    struct str *labels = ARENA_ARRAY(x->eval.arena, struct str, t->def.n_labels + 1);
    for (size_t i = 0; i < t->def.n_labels; i++)
        labels[i] = t->def.labels[i].text;
    cat_text_create_type(&b, t);
    ROW(crdb_create_type_statements);
    row[crdb_create_type_statements_database_id] = datum_int(d->id);
    row[crdb_create_type_statements_database_name] = datum_str(d->name);
    row[crdb_create_type_statements_schema_name] = datum_str(t->def.schema);
    row[crdb_create_type_statements_descriptor_id] = datum_int(t->id);
    row[crdb_create_type_statements_descriptor_name] = datum_str(t->name);
    row[crdb_create_type_statements_create_statement] = datum_take(x, &b);
    if (type_is(t->type, TYPE_ENUM))
        row[crdb_create_type_statements_enum_members] = array_of_texts(x, labels, t->def.n_labels);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_create_type_rows)
{
    return user_types_each(x, create_type_row, rows, err);
}
