// information_schema: constraints and the columns they use.
#include "sql/virtual/virtual_int.h"

// A NOT NULL column counts as a check: <schema>_<table>_<column>_not_null.
static struct str not_null_name(struct exec_context *x, const struct relation *r, const struct cat_column *c)
{
    return arena_printf(x->eval.arena, "%u_%u_%u_not_null", r->schema->id, r->table->id, c->id);
}

static struct str constraint_name(const struct oid_constraint *c)
{
    if (c->index != NULL)
        return c->index->name;
    return c->check != NULL ? c->check->name : c->foreign_key->name;
}

static const char *constraint_type(const struct cat_table *t, const struct oid_constraint *c)
{
    if (c->index != NULL)
        return c->index == t->primary ? "PRIMARY KEY" : "UNIQUE";
    return c->check != NULL ? "CHECK" : "FOREIGN KEY";
}

// Column ids of a constraint.
static const uint32_t *constraint_columns(struct exec_context *x, const struct oid_constraint *c, size_t *n)
{
    if (c->check != NULL) {
        *n = c->check->n_columns;
        return c->check->columns;
    }
    if (c->foreign_key != NULL) {
        *n = c->foreign_key->n_columns;
        return c->foreign_key->origin_columns;
    }
    uint32_t *ids = ARENA_ARRAY(x->eval.arena, uint32_t, c->index->n_columns + 1);
    *n = c->index->n_columns;
    for (size_t i = 0; i < *n; i++)
        ids[i] = c->index->columns[i].column_id;
    return ids;
}

static struct datum column_name(const struct cat_table *t, uint32_t id)
{
    const struct cat_column *c = t != NULL ? cat_column_by_id(t, id) : NULL;
    return c != NULL ? datum_str(c->name) : DATUM_NULL;
}

// The lookups of these relations are by name of the table or of a constraint.
static int each_named(struct exec_context *x, const struct virtual_filter *filter, relation_row row,
                      struct virtual_rows *rows, struct err *err)
{
    int name_column = filter != NULL ? (int)filter->column : -1;
    return relations_each_accessible(x, filter, name_column, SCOPE_STORED, row, rows, err);
}

// ---- table_constraints

static int constraint_row(const struct relation *r, struct str name, const char *type, const struct cat_foreign_key *fk,
                          struct virtual_rows *rows, struct err *err)
{
    ROW(table_constraints);
    row[table_constraints_constraint_catalog] = datum_str(r->database->name);
    row[table_constraints_constraint_schema] = datum_str(r->schema->name);
    row[table_constraints_constraint_name] = datum_str(name);
    row[table_constraints_table_catalog] = datum_str(r->database->name);
    row[table_constraints_table_schema] = datum_str(r->schema->name);
    row[table_constraints_table_name] = datum_str(r->table->name);
    row[table_constraints_constraint_type] = datum_c(type);
    row[table_constraints_is_deferrable] = datum_c(fk != NULL && fk->deferrable ? "YES" : "NO");
    row[table_constraints_initially_deferred] = datum_c(fk != NULL && fk->deferred ? "YES" : "NO");
    row[table_constraints_enforced] = datum_c("YES");
    return virtual_row(rows, row, err);
}

static int constraint_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    struct oid_constraint c;
    if (r->table->kind != CAT_TABLE)
        return 0;
    for (uint32_t i = 0; oid_constraint_at(r->table, i, &c); i++)
        if (c.index == NULL || !constraint_hidden(x, r->table, c.index))
            TRY(constraint_row(r, constraint_name(&c), constraint_type(r->table, &c), c.foreign_key, rows, err));
    for (size_t i = 0; i < r->table->n_columns; i++)
        if (r->table->columns[i].not_null && !column_hidden(x, r->table, &r->table->columns[i]))
            TRY(constraint_row(r, not_null_name(x, r, &r->table->columns[i]), "CHECK", NULL, rows, err));
    return 0;
}

GENERATOR(info_table_constraints_rows)
{
    return each_named(x, filter, constraint_rows, rows, err);
}

// ---- key_column_usage

static int usage_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    struct oid_constraint c;
    for (uint32_t i = 0; r->table->kind == CAT_TABLE && oid_constraint_at(r->table, i, &c); i++) {
        size_t n;
        const uint32_t *ids = constraint_columns(x, &c, &n);
        if (c.index != NULL && constraint_hidden(x, r->table, c.index))
            continue;
        for (size_t k = 0; c.check == NULL && k < n; k++) {
            ROW(key_column_usage);
            row[key_column_usage_constraint_catalog] = datum_str(r->database->name);
            row[key_column_usage_constraint_schema] = datum_str(r->schema->name);
            row[key_column_usage_constraint_name] = datum_str(constraint_name(&c));
            row[key_column_usage_table_catalog] = datum_str(r->database->name);
            row[key_column_usage_table_schema] = datum_str(r->schema->name);
            row[key_column_usage_table_name] = datum_str(r->table->name);
            row[key_column_usage_column_name] = column_name(r->table, ids[k]);
            row[key_column_usage_ordinal_position] = datum_int((int64_t)k + 1);
            if (c.foreign_key != NULL)
                row[key_column_usage_position_in_unique_constraint] = datum_int((int64_t)k + 1);
            TRY(virtual_row(rows, row, err));
        }
    }
    return 0;
}

GENERATOR(info_key_column_usage_rows)
{
    return each_named(x, filter, usage_rows, rows, err);
}

// ---- referential_constraints

static bool has_column(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static bool is_key_of(const struct cat_index *index, const struct cat_foreign_key *fk)
{
    if (!index->unique || index->n_columns != fk->n_columns)
        return false;
    for (size_t i = 0; i < index->n_columns; i++)
        if (!has_column(fk->referenced_columns, fk->n_columns, index->columns[i].column_id))
            return false;
    return true;
}

static struct datum referenced_key(const struct cat_table *t, const struct cat_foreign_key *fk)
{
    if (t->primary != NULL && is_key_of(t->primary, fk))
        return datum_str(t->primary->name);
    for (size_t i = 0; i < t->n_indexes; i++)
        if (is_key_of(&t->indexes[i], fk))
            return datum_str(t->indexes[i].name);
    return DATUM_NULL;
}

static int reference_row(struct exec_context *x, const struct relation *r, const struct cat_foreign_key *fk,
                         struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *referenced;
    const struct cat_schema *schema = NULL;
    ROW(referential_constraints);
    TRY(cat_table_by_id(x->view, fk->referenced_table_id, &referenced, err));
    if (referenced != NULL)
        TRY(cat_schema_by_id(x->view, referenced->schema_id, &schema, err));
    row[referential_constraints_constraint_catalog] = datum_str(r->database->name);
    row[referential_constraints_constraint_schema] = datum_str(r->schema->name);
    row[referential_constraints_constraint_name] = datum_str(fk->name);
    row[referential_constraints_unique_constraint_catalog] = datum_str(r->database->name);
    row[referential_constraints_unique_constraint_schema] = schema != NULL ? datum_str(schema->name) : DATUM_NULL;
    row[referential_constraints_match_option] = datum_c(fk->match_full ? "FULL" : "NONE");
    row[referential_constraints_update_rule] = datum_c(cat_fk_action_name(fk->on_update));
    row[referential_constraints_delete_rule] = datum_c(cat_fk_action_name(fk->on_delete));
    row[referential_constraints_table_name] = datum_str(r->table->name);
    if (referenced != NULL) {
        row[referential_constraints_unique_constraint_name] = referenced_key(referenced, fk);
        row[referential_constraints_referenced_table_name] = datum_str(referenced->name);
    }
    return virtual_row(rows, row, err);
}

static int reference_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < r->table->n_outbound; i++)
        TRY(reference_row(x, r, &r->table->outbound[i], rows, err));
    return 0;
}

GENERATOR(info_referential_constraints_rows)
{
    return each_named(x, filter, reference_rows, rows, err);
}

// ---- constraint_column_usage: for foreign keys the referenced columns

static int column_usage_row(const struct relation *of, const struct relation *r, struct str name, uint32_t column_id,
                            struct virtual_rows *rows, struct err *err)
{
    ROW(constraint_column_usage);
    row[constraint_column_usage_table_catalog] = datum_str(of->database->name);
    row[constraint_column_usage_table_schema] = datum_str(of->schema->name);
    row[constraint_column_usage_table_name] = datum_str(of->table->name);
    row[constraint_column_usage_column_name] = column_name(of->table, column_id);
    row[constraint_column_usage_constraint_catalog] = datum_str(r->database->name);
    row[constraint_column_usage_constraint_schema] = datum_str(r->schema->name);
    row[constraint_column_usage_constraint_name] = datum_str(name);
    return virtual_row(rows, row, err);
}

static int column_usage_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                             struct err *err)
{
    struct oid_constraint c;
    for (uint32_t i = 0; r->table->kind == CAT_TABLE && oid_constraint_at(r->table, i, &c); i++) {
        struct relation of = *r;
        size_t n;
        const uint32_t *ids = constraint_columns(x, &c, &n);
        if (c.index != NULL && constraint_hidden(x, r->table, c.index))
            continue;
        if (c.foreign_key != NULL) {
            TRY(cat_table_by_id(x->view, c.foreign_key->referenced_table_id, &of.table, err));
            if (of.table == NULL)
                continue;
            TRY(cat_schema_by_id(x->view, of.table->schema_id, &of.schema, err));
            ids = c.foreign_key->referenced_columns;
        }
        for (size_t k = 0; k < n; k++)
            TRY(column_usage_row(&of, r, constraint_name(&c), ids[k], rows, err));
    }
    return 0;
}

GENERATOR(info_constraint_column_usage_rows)
{
    return each_named(x, filter, column_usage_rows, rows, err);
}

// ---- check_constraints

static int check_row(const struct relation *r, struct str name, struct datum clause, struct virtual_rows *rows,
                     struct err *err)
{
    ROW(check_constraints);
    row[check_constraints_constraint_catalog] = datum_str(r->database->name);
    row[check_constraints_constraint_schema] = datum_str(r->schema->name);
    row[check_constraints_constraint_name] = datum_str(name);
    row[check_constraints_check_clause] = clause;
    return virtual_row(rows, row, err);
}

static int check_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    for (size_t i = 0; i < t->n_checks; i++) {
        struct datum expr = datum_expr(x, t->checks[i].sql);
        struct str clause = arena_printf(x->eval.arena, "((%.*s))", STR_FMT(expr.s));
        TRY(check_row(r, t->checks[i].name, datum_str(clause), rows, err));
    }
    for (size_t i = 0; t->kind == CAT_TABLE && i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (!c->not_null)
            continue;
        struct str clause = arena_printf(x->eval.arena, "%.*s IS NOT NULL", STR_FMT(c->name));
        TRY(check_row(r, not_null_name(x, r, c), datum_str(clause), rows, err));
    }
    return 0;
}

GENERATOR(info_check_constraints_rows)
{
    return each_named(x, filter, check_rows, rows, err);
}
