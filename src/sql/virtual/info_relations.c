// information_schema: relations, columns, sequences, views, indexes.
#include "sql/virtual/virtual_int.h"

static struct datum yes_no(bool yes)
{
    return datum_c(yes ? "YES" : "NO");
}

// ---- tables, views, schemata

static const char *table_type(const struct cat_table *t)
{
    switch (t->kind) {
    case CAT_VIEW:
        return "VIEW";
    case CAT_MATERIALIZED_VIEW:
        return "MATERIALIZED VIEW";
    case CAT_VIRTUAL:
        return cat_table_everywhere(t) ? "SYSTEM VIEW" : "BASE TABLE";
    case CAT_TABLE:
    case CAT_SEQUENCE:
        break;
    }
    return "BASE TABLE";
}

static int tables_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind == CAT_SEQUENCE)
        return 0;
    ROW(tables);
    row[tables_table_catalog] = datum_str(r->database->name);
    row[tables_table_schema] = datum_str(r->schema->name);
    row[tables_table_name] = datum_str(r->table->name);
    row[tables_table_type] = datum_c(table_type(r->table));
    row[tables_is_insertable_into] = yes_no(r->table->kind == CAT_TABLE);
    row[tables_version] = datum_int((int64_t)r->table->version);
    row[tables_is_typed] = yes_no(false);
    if (cat_schema_is_temporary(r->schema->name))
        row[tables_commit_action] = datum_c("PRESERVE");
    return virtual_row(rows, row, err);
}

GENERATOR(info_tables_rows)
{
    return relations_each_accessible(x, filter, tables_table_name, SCOPE_WITH_VIRTUAL, tables_row, rows, err);
}

static int views_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind != CAT_VIEW && r->table->kind != CAT_MATERIALIZED_VIEW)
        return 0;
    ROW(views);
    row[views_table_catalog] = datum_str(r->database->name);
    row[views_table_schema] = datum_str(r->schema->name);
    row[views_table_name] = datum_str(r->table->name);
    row[views_view_definition] = datum_str(r->table->view_sql);
    row[views_check_option] = DATUM_NULL;
    row[views_is_updatable] = yes_no(false);
    row[views_is_insertable_into] = yes_no(false);
    row[views_is_trigger_updatable] = yes_no(false);
    row[views_is_trigger_deletable] = yes_no(false);
    row[views_is_trigger_insertable_into] = yes_no(false);
    return virtual_row(rows, row, err);
}

GENERATOR(info_views_rows)
{
    return relations_each_accessible(x, filter, views_table_name, SCOPE_STORED, views_row, rows, err);
}

GENERATOR(info_schemata_rows)
{
    const struct cat_database *d;
    const struct cat_schema **schemas;
    size_t n;
    TRY(current_schemas(x, &d, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(schemata);
        row[schemata_catalog_name] = datum_str(d->name);
        row[schemata_schema_name] = datum_str(schemas[i]->name);
        row[schemata_schema_owner] = datum_str(schemas[i]->acl.owner);
        row[schemata_crdb_is_user_defined] = yes_no(!schemas[i]->is_virtual && schemas[i]->id != d->public_schema_id);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- columns

static struct datum type_name(struct exec_context *x, struct type t)
{
    if (type_is(t, TYPE_ARRAY))
        return datum_c("ARRAY");
    if (t.def != NULL)
        return datum_c("USER-DEFINED");
    if (t.oid == TYPE_OID_BPCHAR)
        return datum_c("character");
    struct buf b = BUF_INIT;
    struct type plain;
    type_print_pg(&b, type_from_oid(t.oid, &plain) ? plain : t);
    ptrdiff_t paren = str_find(buf_view(&b), STR("("), 0);
    if (paren > 0)
        b.len = (size_t)paren;
    return datum_take(x, &b);
}

static struct datum crdb_type(struct exec_context *x, struct type t)
{
    struct buf b = BUF_INIT;
    type_print(&b, t);
    return datum_take(x, &b);
}

static void numeric_columns(struct type t, struct datum *row)
{
    if (type_is(t, TYPE_INT)) {
        row[columns_numeric_precision] = datum_int(t.width);
        row[columns_numeric_precision_radix] = datum_int(2);
        row[columns_numeric_scale] = datum_int(0);
    } else if (type_is(t, TYPE_FLOAT)) {
        row[columns_numeric_precision] = datum_int(t.width == 32 ? 24 : 53);
        row[columns_numeric_precision_radix] = datum_int(2);
    } else if (type_is(t, TYPE_DECIMAL)) {
        row[columns_numeric_precision_radix] = datum_int(10);
        if (t.width > 0) {
            row[columns_numeric_precision] = datum_int(t.width);
            row[columns_numeric_scale] = datum_int(t.scale);
        }
    }
}

static void type_columns(struct exec_context *x, struct type t, struct datum *row)
{
    bool text = type_is(t, TYPE_STRING) || type_is(t, TYPE_COLLATED);
    if ((text || type_is(t, TYPE_BIT)) && t.width > 0) {
        row[columns_character_maximum_length] = datum_int(t.width);
        if (text)
            row[columns_character_octet_length] = datum_int(4 * (int64_t)t.width);
    }
    if (type_has_collation(t) && !type_is_citext(t)) {
        row[columns_collation_catalog] = datum_str(x->eval.database);
        row[columns_collation_schema] = datum_c("pg_catalog");
        row[columns_collation_name] = datum_c(collation_name(t.scale));
    }
    numeric_columns(t, row);
    if (type_is(t, TYPE_DATE))
        row[columns_datetime_precision] = datum_int(0);
    else if (t.family >= TYPE_TIME && t.family <= TYPE_INTERVAL)
        row[columns_datetime_precision] = datum_int(t.width < 0 ? 6 : t.width);
    const char *name = pg_type_name(t.oid);
    row[columns_udt_catalog] = datum_str(x->eval.database);
    row[columns_udt_schema] = datum_c("pg_catalog");
    row[columns_udt_name] = name != NULL ? datum_c(name) : DATUM_NULL;
    if (t.def != NULL) {
        bool array = type_is(t, TYPE_ARRAY);
        row[columns_udt_schema] = datum_str(t.def->schema);
        row[columns_udt_name] = datum_str(arena_printf(x->eval.arena, "%s%s", array ? "_" : "", t.def->text_name));
    }
}

static struct datum number_text(struct exec_context *x, int64_t n)
{
    return datum_str(arena_printf(x->eval.arena, "%lld", (long long)n));
}

static int identity_columns(struct exec_context *x, const struct cat_column *c, struct datum *row, struct err *err)
{
    const struct cat_table *sequence = NULL;
    row[columns_is_identity] = yes_no(c->identity != 0);
    if (c->identity == 0)
        return 0;
    row[columns_identity_generation] = datum_c(c->identity == 'a' ? "ALWAYS" : "BY DEFAULT");
    if (c->owns_sequence_id != 0)
        TRY(cat_table_by_id(x->view, c->owns_sequence_id, &sequence, err));
    if (sequence == NULL)
        return 0;
    row[columns_identity_start] = number_text(x, sequence->sequence.start);
    row[columns_identity_increment] = number_text(x, sequence->sequence.increment);
    row[columns_identity_maximum] = number_text(x, sequence->sequence.max);
    row[columns_identity_minimum] = number_text(x, sequence->sequence.min);
    row[columns_identity_cycle] = yes_no(false);
    return 0;
}

static struct datum bare_default(struct exec_context *x, const struct cat_column *c)
{
    if (c->default_sql.len == 0)
        return DATUM_NULL;
    struct buf b = BUF_INIT;
    (as_in_postgresql(x) ? cat_text_expr_portable : cat_text_expr_bare)(&b, c->default_sql);
    return datum_take(x, &b);
}

static int column_row(struct exec_context *x, const struct relation *r, const struct cat_column *c, size_t ordinal,
                      struct virtual_rows *rows, struct err *err)
{
    bool computed = c->computed_sql.len > 0;
    ROW(columns);
    row[columns_table_catalog] = datum_str(r->database->name);
    row[columns_table_schema] = datum_str(r->schema->name);
    row[columns_table_name] = datum_str(r->table->name);
    row[columns_column_name] = datum_str(c->name);
    row[columns_column_comment] = c->comment.ptr != NULL ? datum_str(c->comment) : DATUM_NULL;
    row[columns_ordinal_position] = datum_int((int64_t)ordinal);
    if (virtual_wants(rows, columns_column_default))
        row[columns_column_default] = bare_default(x, c);
    row[columns_is_nullable] = yes_no(!c->not_null);
    if (virtual_wants(rows, columns_data_type))
        row[columns_data_type] = type_name(x, c->type);
    if (virtual_wants(rows, columns_crdb_sql_type))
        row[columns_crdb_sql_type] = crdb_type(x, c->type);
    type_columns(x, c->type, row);
    if (virtual_wants(rows, columns_dtd_identifier))
        row[columns_dtd_identifier] = number_text(x, (int64_t)ordinal);
    row[columns_is_self_referencing] = yes_no(false);
    TRY(identity_columns(x, c, row, err));
    row[columns_is_generated] = datum_c(computed ? "ALWAYS" : "NEVER");
    row[columns_generation_expression] = datum_c("");
    if (computed && virtual_wants(rows, columns_generation_expression))
        row[columns_generation_expression] = datum_expr(x, c->computed_sql);
    row[columns_is_updatable] = yes_no(r->table->kind == CAT_TABLE && !computed);
    row[columns_is_hidden] = yes_no(c->hidden);
    row[columns_crdb_is_generated] = yes_no(computed);
    return virtual_row(rows, row, err);
}

static int column_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind == CAT_SEQUENCE)
        return 0;
    for (size_t i = 0; i < r->table->n_columns; i++)
        if (!cat_column_inaccessible(&r->table->columns[i]) && !column_hidden(x, r->table, &r->table->columns[i]))
            TRY(column_row(x, r, &r->table->columns[i], i + 1, rows, err));
    return 0;
}

GENERATOR(info_columns_rows)
{
    return relations_each_accessible(x, filter, columns_table_name, SCOPE_WITH_VIRTUAL, column_rows, rows, err);
}

// ---- columns of user-defined types

static int udt_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < r->table->n_columns; i++) {
        const struct cat_column *c = &r->table->columns[i];
        if (c->type.def == NULL || cat_column_inaccessible(c))
            continue;
        ROW(column_udt_usage);
        row[column_udt_usage_udt_catalog] = datum_str(r->database->name);
        row[column_udt_usage_udt_schema] = datum_str(c->type.def->schema);
        row[column_udt_usage_udt_name] = datum_str(c->type.def->name);
        row[column_udt_usage_table_catalog] = datum_str(r->database->name);
        row[column_udt_usage_table_schema] = datum_str(r->schema->name);
        row[column_udt_usage_table_name] = datum_str(r->table->name);
        row[column_udt_usage_column_name] = datum_str(c->name);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(info_column_udt_usage_rows)
{
    return relations_each_accessible(x, filter, column_udt_usage_table_name, SCOPE_STORED, udt_rows, rows, err);
}

// ---- sequences

static int sequence_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_sequence *s = &r->table->sequence;
    if (r->table->kind != CAT_SEQUENCE)
        return 0;
    ROW(sequences);
    row[sequences_sequence_catalog] = datum_str(r->database->name);
    row[sequences_sequence_schema] = datum_str(r->schema->name);
    row[sequences_sequence_name] = datum_str(r->table->name);
    row[sequences_data_type] = type_name(x, s->type);
    row[sequences_numeric_precision] = datum_int(s->type.width);
    row[sequences_numeric_precision_radix] = datum_int(2);
    row[sequences_numeric_scale] = datum_int(0);
    row[sequences_start_value] = number_text(x, s->start);
    row[sequences_minimum_value] = number_text(x, s->min);
    row[sequences_maximum_value] = number_text(x, s->max);
    row[sequences_increment] = number_text(x, s->increment);
    row[sequences_cycle_option] = yes_no(s->cycle);
    return virtual_row(rows, row, err);
}

GENERATOR(info_sequences_rows)
{
    return relations_each_accessible(x, filter, sequences_sequence_name, SCOPE_STORED, sequence_row, rows, err);
}

// ---- statistics: the columns of indexes

struct statistics_at {
    const struct relation *relation;
    const struct cat_index *index;
    int64_t seq;
};

static bool is_key_column(const struct cat_index *index, uint32_t id)
{
    for (size_t i = 0; i < index->n_columns; i++)
        if (index->columns[i].column_id == id)
            return true;
    return false;
}

static int statistics_row(struct statistics_at *at, uint32_t column_id, const char *direction, bool storing,
                          bool implicit, struct virtual_rows *rows, struct err *err)
{
    const struct relation *r = at->relation;
    const struct cat_column *c = cat_column_by_id(r->table, column_id);
    ROW(statistics);
    row[statistics_table_catalog] = datum_str(r->database->name);
    row[statistics_table_schema] = datum_str(r->schema->name);
    row[statistics_table_name] = datum_str(r->table->name);
    row[statistics_non_unique] = yes_no(!at->index->unique);
    row[statistics_index_schema] = datum_str(r->schema->name);
    row[statistics_index_name] = datum_str(at->index->name);
    row[statistics_seq_in_index] = datum_int(at->seq++);
    row[statistics_column_name] = c != NULL ? datum_str(c->name) : DATUM_NULL;
    row[statistics_direction] = datum_c(direction);
    row[statistics_storing] = yes_no(storing);
    row[statistics_implicit] = yes_no(implicit);
    row[statistics_is_visible] = yes_no(cat_index_visibility(at->index) == 1);
    row[statistics_visibility] = datum_float(cat_index_visibility(at->index));
    return virtual_row(rows, row, err);
}

static int index_statistics(const struct relation *r, const struct cat_index *index, struct virtual_rows *rows,
                            struct err *err)
{
    const struct cat_table *t = r->table;
    struct statistics_at at = {r, index, 1};
    bool primary = index == t->primary;
    for (size_t i = 0; i < index->n_columns; i++)
        TRY(statistics_row(&at, index->columns[i].column_id, index->columns[i].descending ? "DESC" : "ASC", false,
                           false, rows, err));
    for (size_t i = 0; i < index->n_storing; i++)
        TRY(statistics_row(&at, index->storing[i], "N/A", true, false, rows, err));
    for (size_t i = 0; primary && i < t->n_columns; i++)
        if (!is_key_column(index, t->columns[i].id) && !t->columns[i].computed_virtual)
            TRY(statistics_row(&at, t->columns[i].id, "N/A", true, false, rows, err));
    for (size_t i = 0; !primary && t->primary != NULL && i < t->primary->n_columns; i++)
        if (!is_key_column(index, t->primary->columns[i].column_id))
            TRY(statistics_row(&at, t->primary->columns[i].column_id, "ASC", index->unique, true, rows, err));
    return 0;
}

static int statistics_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->primary != NULL && r->table->kind != CAT_SEQUENCE)
        TRY(index_statistics(r, r->table->primary, rows, err));
    for (size_t i = 0; i < r->table->n_indexes; i++)
        if (r->table->indexes[i].replaces == 0)
            TRY(index_statistics(r, &r->table->indexes[i], rows, err));
    return 0;
}

GENERATOR(info_statistics_rows)
{
    int name_column = filter != NULL ? (int)filter->column : -1; // both lookups are names that lead to the table
    return relations_each_accessible(x, filter, name_column, SCOPE_STORED, statistics_rows, rows, err);
}

// ---- character sets, collations, variables

GENERATOR(info_character_sets_rows)
{
    ROW(character_sets);
    row[character_sets_character_set_name] = datum_c("UTF8");
    row[character_sets_character_repertoire] = datum_c("UCS");
    row[character_sets_form_of_use] = datum_c("UTF8");
    row[character_sets_default_collate_catalog] = datum_str(x->eval.database);
    return virtual_row(rows, row, err);
}

GENERATOR(info_collations_rows)
{
    static const char *const plain[] = {"default", "C", "POSIX"};
    char name[COLLATION_NAME_BYTES_MAX];
    uint32_t oid;
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(plain) || collation_next(&at, name, &oid); i++) {
        ROW(collations);
        row[collations_collation_catalog] = datum_str(x->eval.database);
        row[collations_collation_schema] = datum_c("pg_catalog");
        row[collations_collation_name] =
            i < ARRAY_LEN(plain) ? datum_c(plain[i]) : datum_str(arena_str(x->eval.arena, str_of(name)));
        row[collations_pad_attribute] = datum_c("NO PAD");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(info_collation_sets_rows)
{
    static const char *const plain[] = {"default", "C", "POSIX"};
    char name[COLLATION_NAME_BYTES_MAX];
    uint32_t oid;
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(plain) || collation_next(&at, name, &oid); i++) {
        ROW(collation_character_set_applicability);
        row[collation_character_set_applicability_collation_catalog] = datum_str(x->eval.database);
        row[collation_character_set_applicability_collation_schema] = datum_c("pg_catalog");
        row[collation_character_set_applicability_collation_name] =
            i < ARRAY_LEN(plain) ? datum_c(plain[i]) : datum_str(arena_str(x->eval.arena, str_of(name)));
        row[collation_character_set_applicability_character_set_name] = datum_c("UTF8");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(info_catalog_name_rows)
{
    ROW(information_schema_catalog_name);
    row[information_schema_catalog_name_catalog_name] = datum_str(x->eval.database);
    return virtual_row(rows, row, err);
}

GENERATOR(info_session_variables_rows)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct virtual_setting *settings;
    size_t n;
    vs->ops->settings(vs, x->eval.arena, &settings, &n);
    for (size_t i = 0; i < n; i++) {
        ROW(session_variables);
        row[session_variables_variable] = datum_c(settings[i].name);
        row[session_variables_value] = datum_str(settings[i].value);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
