// crdb_internal: names and key spans of the relations of all databases, statements that make schemas.
#include "keys/keys.h"
#include "sql/ddl/show_create.h"
#include "sql/parse/ast_print.h"
#include "sql/virtual/virtual_int.h"

static int names_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    struct buf b = BUF_INIT;
    print_identifier(&b, r->database->name);
    buf_cstr(&b, ".");
    print_identifier(&b, r->schema->name);
    buf_cstr(&b, ".");
    print_identifier(&b, r->table->name);
    ROW(crdb_fully_qualified_names);
    row[crdb_fully_qualified_names_object_id] = datum_int(r->table->id);
    row[crdb_fully_qualified_names_schema_id] = datum_int(r->schema->id);
    row[crdb_fully_qualified_names_database_id] = datum_int(r->database->id);
    row[crdb_fully_qualified_names_object_name] = datum_str(r->table->name);
    row[crdb_fully_qualified_names_schema_name] = datum_str(r->schema->name);
    row[crdb_fully_qualified_names_database_name] = datum_str(r->database->name);
    row[crdb_fully_qualified_names_fq_name] = datum_take(x, &b);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_qualified_names_rows)
{
    return relations_each(x, filter, crdb_fully_qualified_names_object_id, -1, SCOPE_ALL_DATABASES, names_row, rows,
                          err);
}

static bool has_rows(const struct relation *r)
{
    return r->table->primary != NULL && r->table->kind != CAT_SEQUENCE;
}

static int table_span_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (!has_rows(r))
        return 0;
    struct kv_range span = key_table_range(x->eval.arena, x->cluster, r->table->id);
    ROW(crdb_table_spans);
    row[crdb_table_spans_descriptor_id] = datum_int(r->table->id);
    row[crdb_table_spans_start_key] = datum_str(span.start);
    row[crdb_table_spans_end_key] = datum_str(span.end);
    row[crdb_table_spans_dropped] = datum_bool(false);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_table_spans_rows)
{
    return relations_each(x, filter, crdb_table_spans_descriptor_id, -1, SCOPE_ALL_DATABASES, table_span_row, rows,
                          err);
}

static int index_span_row(struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                          struct virtual_rows *rows, struct err *err)
{
    struct kv_range span = key_index_range(x->eval.arena, x->cluster, t->id, index->id);
    ROW(crdb_index_spans);
    row[crdb_index_spans_descriptor_id] = datum_int(t->id);
    row[crdb_index_spans_index_id] = datum_int(index->id);
    row[crdb_index_spans_start_key] = datum_str(span.start);
    row[crdb_index_spans_end_key] = datum_str(span.end);
    return virtual_row(rows, row, err);
}

static int index_span_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (!has_rows(r))
        return 0;
    TRY(index_span_row(x, r->table, r->table->primary, rows, err));
    for (size_t i = 0; i < r->table->n_indexes; i++)
        TRY(index_span_row(x, r->table, &r->table->indexes[i], rows, err));
    return 0;
}

GENERATOR(crdb_index_spans_rows)
{
    return relations_each(x, filter, crdb_index_spans_descriptor_id, -1, SCOPE_ALL_DATABASES, index_span_rows, rows,
                          err);
}

GENERATOR(crdb_create_schemas_rows)
{
    const struct cat_database *d;
    const struct cat_schema **schemas;
    size_t n;
    TRY(current_schemas(x, &d, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct buf b = BUF_INIT;
        if (schemas[i]->is_virtual)
            continue;
        show_create_schema(&b, schemas[i]);
        ROW(crdb_create_schema_statements);
        row[crdb_create_schema_statements_database_id] = datum_int(d->id);
        row[crdb_create_schema_statements_database_name] = datum_str(d->name);
        row[crdb_create_schema_statements_schema_name] = datum_str(schemas[i]->name);
        row[crdb_create_schema_statements_descriptor_id] = datum_int(schemas[i]->id);
        row[crdb_create_schema_statements_create_statement] = datum_take(x, &b);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
