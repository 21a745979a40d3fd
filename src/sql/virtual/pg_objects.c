// Views over relations in pg_catalog: tables, views, sequences, rules, dependencies, comments.
#include "sql/virtual/virtual_int.h"

// ---- tables, views

static int tables_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind != CAT_TABLE && r->table->kind != CAT_VIRTUAL)
        return 0;
    ROW(pg_tables);
    row[pg_tables_schemaname] = datum_str(r->schema->name);
    row[pg_tables_tablename] = datum_str(r->table->name);
    row[pg_tables_tableowner] = datum_str(r->table->acl.owner);
    row[pg_tables_hasindexes] = datum_bool(r->table->primary != NULL || r->table->n_indexes > 0);
    row[pg_tables_hasrules] = datum_bool(false);
    row[pg_tables_hastriggers] =
        datum_bool(r->table->n_triggers > 0 || r->table->n_outbound > 0 || r->table->n_inbound > 0);
    row[pg_tables_rowsecurity] = datum_bool(false);
    return virtual_row(rows, row, err);
}

GENERATOR(pg_tables_rows)
{
    return relations_each(x, filter, -1, pg_tables_tablename, SCOPE_WITH_VIRTUAL, tables_row, rows, err);
}

static int views_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind != CAT_VIEW)
        return 0;
    ROW(pg_views);
    row[pg_views_schemaname] = datum_str(r->schema->name);
    row[pg_views_viewname] = datum_str(r->table->name);
    row[pg_views_viewowner] = datum_str(r->table->acl.owner);
    row[pg_views_definition] = datum_str(r->table->view_sql);
    return virtual_row(rows, row, err);
}

GENERATOR(pg_views_rows)
{
    return relations_each(x, filter, -1, pg_views_viewname, SCOPE_STORED, views_row, rows, err);
}

static int matviews_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind != CAT_MATERIALIZED_VIEW)
        return 0;
    ROW(pg_matviews);
    row[pg_matviews_schemaname] = datum_str(r->schema->name);
    row[pg_matviews_matviewname] = datum_str(r->table->name);
    row[pg_matviews_matviewowner] = datum_str(r->table->acl.owner);
    row[pg_matviews_hasindexes] = datum_bool(r->table->n_indexes > 0);
    row[pg_matviews_ispopulated] = datum_bool(true);
    row[pg_matviews_definition] = datum_str(r->table->view_sql);
    return virtual_row(rows, row, err);
}

GENERATOR(pg_matviews_rows)
{
    return relations_each(x, filter, -1, pg_matviews_matviewname, SCOPE_STORED, matviews_row, rows, err);
}

// A view is stored as the rule that rewrites it; the rule has the view's OID.
static int rewrite_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    if (r->table->kind != CAT_VIEW && r->table->kind != CAT_MATERIALIZED_VIEW)
        return 0;
    ROW(pg_rewrite);
    row[pg_rewrite_oid] = datum_int(r->table->id);
    row[pg_rewrite_rulename] = datum_c("_RETURN");
    row[pg_rewrite_ev_class] = datum_int(r->table->id);
    row[pg_rewrite_ev_type] = datum_c("1");
    row[pg_rewrite_ev_enabled] = datum_c("O");
    row[pg_rewrite_is_instead] = datum_bool(true);
    return virtual_row(rows, row, err);
}

GENERATOR(pg_rewrite_rows)
{
    int id_column = filter != NULL ? (int)filter->column : -1;
    return relations_each(x, filter, id_column, -1, SCOPE_STORED, rewrite_row, rows, err);
}

// ---- sequences

static int sequence_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_sequence *s = &r->table->sequence;
    if (r->table->kind != CAT_SEQUENCE)
        return 0;
    ROW(pg_sequence);
    row[pg_sequence_seqrelid] = datum_int(r->table->id);
    row[pg_sequence_seqtypid] = datum_int(s->type.oid);
    row[pg_sequence_seqstart] = datum_int(s->start);
    row[pg_sequence_seqincrement] = datum_int(s->increment);
    row[pg_sequence_seqmax] = datum_int(s->max);
    row[pg_sequence_seqmin] = datum_int(s->min);
    row[pg_sequence_seqcache] = datum_int(s->cache);
    row[pg_sequence_seqcycle] = datum_bool(s->cycle);
    return virtual_row(rows, row, err);
}

GENERATOR(pg_sequence_rows)
{
    return relations_each(x, filter, pg_sequence_seqrelid, -1, SCOPE_STORED, sequence_row, rows, err);
}

static int sequences_row(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_sequence *s = &r->table->sequence;
    if (r->table->kind != CAT_SEQUENCE)
        return 0;
    ROW(pg_sequences);
    int64_t last = 0;
    bool is_called = false;
    TRY(cat_sequence_peek(x->view, r->table, &last, &is_called, err));
    row[pg_sequences_schemaname] = datum_str(r->schema->name);
    row[pg_sequences_sequencename] = datum_str(r->table->name);
    row[pg_sequences_sequenceowner] = datum_str(r->table->acl.owner);
    row[pg_sequences_data_type] = datum_int(s->type.oid);
    row[pg_sequences_start_value] = datum_int(s->start);
    row[pg_sequences_min_value] = datum_int(s->min);
    row[pg_sequences_max_value] = datum_int(s->max);
    row[pg_sequences_increment_by] = datum_int(s->increment);
    row[pg_sequences_cycle] = datum_bool(s->cycle);
    row[pg_sequences_cache_size] = datum_int(s->cache);
    row[pg_sequences_last_value] = is_called ? datum_int(last) : DATUM_NULL;
    return virtual_row(rows, row, err);
}

GENERATOR(pg_sequences_rows)
{
    return relations_each(x, filter, -1, pg_sequences_sequencename, SCOPE_STORED, sequences_row, rows, err);
}

// ---- comments

static int description_row(uint32_t oid, uint32_t class_oid, uint32_t sub_id, struct str text,
                           struct virtual_rows *rows, struct err *err)
{
    if (text.ptr == NULL)
        return 0;
    ROW(pg_description);
    row[pg_description_objoid] = datum_int(oid);
    row[pg_description_classoid] = datum_int(class_oid);
    row[pg_description_objsubid] = datum_int(sub_id);
    row[pg_description_description] = datum_str(text);
    return virtual_row(rows, row, err);
}

static int table_descriptions(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                              struct err *err)
{
    const struct cat_table *t = r->table;
    uint32_t pg_class = virtual_table_oid("pg_catalog", "pg_class");
    uint32_t pg_constraint = virtual_table_oid("pg_catalog", "pg_constraint");
    struct oid_constraint c;
    TRY(description_row(t->id, pg_class, 0, t->comment, rows, err));
    for (size_t i = 0; i < t->n_columns; i++)
        TRY(description_row(t->id, pg_class, t->columns[i].id, t->columns[i].comment, rows, err));
    if (t->primary != NULL)
        TRY(description_row(oid_of_index(t->id, t->primary->id), pg_class, 0, t->primary->comment, rows, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        TRY(description_row(oid_of_index(t->id, t->indexes[i].id), pg_class, 0, t->indexes[i].comment, rows, err));
    for (uint32_t i = 0; oid_constraint_at(t, i, &c); i++) {
        struct str text, name = c.index != NULL ? c.index->name : c.check != NULL ? c.check->name : c.foreign_key->name;
        uint32_t sub_id = cat_constraint_comment_id(name);
        TRY(cat_comment_get(x->view, CAT_COMMENT_CONSTRAINT, t->id, sub_id, &text, err));
        TRY(description_row(c.oid, pg_constraint, 0, text, rows, err));
    }
    uint32_t pg_trigger = virtual_table_oid("pg_catalog", "pg_trigger");
    for (size_t i = 0; i < t->n_triggers; i++)
        TRY(description_row(oid_of_trigger(t->id, t->triggers[i].id), pg_trigger, 0, t->triggers[i].comment, rows,
                            err));
    return 0;
}

GENERATOR(pg_description_rows)
{
    const struct cat_schema **schemas;
    size_t n;
    TRY(relations_each(x, filter, pg_description_objoid, -1, SCOPE_STORED, table_descriptions, rows, err));
    TRY(cat_list_schemas(x->view, x->eval.arena, x->eval.database_id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct str text = STR_NONE;
        if (!schemas[i]->is_virtual)
            TRY(cat_comment_get(x->view, CAT_COMMENT_SCHEMA, schemas[i]->id, 0, &text, err));
        TRY(description_row(schemas[i]->id, virtual_table_oid("pg_catalog", "pg_namespace"), 0, text, rows, err));
    }
    return 0;
}

GENERATOR(pg_shdescription_rows)
{
    const struct cat_database **databases;
    size_t n;
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct str text;
        TRY(cat_comment_get(x->view, CAT_COMMENT_DATABASE, databases[i]->id, 0, &text, err));
        if (text.ptr == NULL)
            continue;
        ROW(pg_shdescription);
        row[pg_shdescription_objoid] = datum_int(databases[i]->id);
        row[pg_shdescription_classoid] = datum_int(virtual_table_oid("pg_catalog", "pg_database"));
        row[pg_shdescription_description] = datum_str(text);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- dependencies

struct depend {
    const char *class;
    uint32_t oid, sub_id;
};

static int depend_row(struct depend of, struct depend on, const char *kind, struct virtual_rows *rows, struct err *err)
{
    ROW(pg_depend);
    row[pg_depend_classid] = datum_int(virtual_table_oid("pg_catalog", of.class));
    row[pg_depend_objid] = datum_int(of.oid);
    row[pg_depend_objsubid] = datum_int(of.sub_id);
    row[pg_depend_refclassid] = datum_int(virtual_table_oid("pg_catalog", on.class));
    row[pg_depend_refobjid] = datum_int(on.oid);
    row[pg_depend_refobjsubid] = datum_int(on.sub_id);
    row[pg_depend_deptype] = datum_c(kind);
    return virtual_row(rows, row, err);
}

// A sequence is part of the identity column that owns it; of another it is a companion.
static int depend_owned(struct exec_context *x, const struct cat_table *t, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *owner;
    TRY(cat_table_by_id(x->view, t->sequence.owner_table_id, &owner, err));
    const struct cat_column *c = owner != NULL ? cat_column_by_id(owner, t->sequence.owner_column_id) : NULL;
    return depend_row((struct depend){"pg_class", t->id, 0},
                      (struct depend){"pg_class", t->sequence.owner_table_id, t->sequence.owner_column_id},
                      c != NULL && c->identity != 0 ? "i" : "a", rows, err);
}

// On the columns it refers to and on their index: pg_restore makes that first.
static int depend_foreign_key(struct exec_context *x, uint32_t oid, const struct cat_foreign_key *fk,
                              struct virtual_rows *rows, struct err *err)
{
    const struct depend of = {"pg_constraint", oid, 0};
    const struct cat_table *referenced;
    TRY(cat_table_by_id(x->view, fk->referenced_table_id, &referenced, err));
    for (size_t k = 0; k < fk->n_columns; k++)
        TRY(depend_row(of, (struct depend){"pg_class", fk->referenced_table_id, fk->referenced_columns[k]}, "n", rows,
                       err));
    uint32_t index = referenced != NULL ? (uint32_t)referenced_index(referenced, fk) : 0;
    return index != 0 ? depend_row(of, (struct depend){"pg_class", index, 0}, "n", rows, err) : 0;
}

static bool is_view(const struct cat_table *t)
{
    return t->kind == CAT_VIEW || t->kind == CAT_MATERIALIZED_VIEW;
}

static int depend_trigger(const struct cat_table *t, const struct cat_trigger *g, struct virtual_rows *rows,
                          struct err *err)
{
    const struct depend of = {"pg_trigger", oid_of_trigger(t->id, g->id), 0};
    TRY(depend_row(of, (struct depend){"pg_class", t->id, 0}, "a", rows, err));
    TRY(depend_row(of, (struct depend){"pg_proc", TYPE_OID_USER_FIRST + g->function_id, 0}, "n", rows, err));
    for (size_t i = 0; i < g->n_columns; i++)
        TRY(depend_row(of, (struct depend){"pg_class", t->id, g->columns[i]}, "n", rows, err));
    return 0;
}

// Foreign keys depend on what they reference, indexes on their constraints, triggers on table and function, views on
// what they read, owned sequences on their column.
static int depend_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    struct oid_constraint c;
    for (uint32_t i = 0; t->kind == CAT_TABLE && oid_constraint_at(t, i, &c); i++) {
        if (c.foreign_key != NULL)
            TRY(depend_foreign_key(x, c.oid, c.foreign_key, rows, err));
        else if (c.index != NULL)
            TRY(depend_row((struct depend){"pg_class", oid_of_index(t->id, c.index->id), 0},
                           (struct depend){"pg_constraint", c.oid, 0}, "i", rows, err));
    }
    const struct depend rule = {"pg_rewrite", t->id, 0}; // a view's, which is part of it and depends on what it reads
    if (is_view(t))
        TRY(depend_row(rule, (struct depend){"pg_class", t->id, 0}, "i", rows, err));
    for (size_t i = 0; is_view(t) && i < t->n_depends_on; i++)
        TRY(depend_row(rule, (struct depend){"pg_class", t->depends_on[i], 0}, "n", rows, err));
    for (size_t i = 0; i < t->n_triggers; i++)
        TRY(depend_trigger(t, &t->triggers[i], rows, err));
    return t->kind == CAT_SEQUENCE && t->sequence.owner_table_id != 0 ? depend_owned(x, t, rows, err) : 0;
}

// Routines depend on the relations that their bodies use, and on that whose rows they return.
static int depend_routines(struct exec_context *x, struct virtual_rows *rows, struct err *err)
{
    const struct cat_function **list;
    size_t n;
    if (x->eval.database_id == CAT_ID_NONE)
        return 0;
    TRY(cat_list_functions(x->view, x->eval.arena, x->eval.database_id, 0, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct depend of = {"pg_proc", TYPE_OID_USER_FIRST + list[i]->id, 0};
        for (size_t k = 0; k < list[i]->n_depends_on; k++)
            TRY(depend_row(of, (struct depend){"pg_class", list[i]->depends_on[k], 0}, "n", rows, err));
        if (list[i]->row_table != 0)
            TRY(depend_row(of, (struct depend){"pg_class", list[i]->row_table, 0}, "n", rows, err));
    }
    return 0;
}

static int depend_of(struct exec_context *x, uint32_t oid, struct virtual_rows *rows, struct err *err)
{
    struct virtual_filter one = {.column = pg_depend_objid, .value = datum_int(oid)};
    return relations_each(x, &one, pg_depend_objid, -1, SCOPE_STORED, depend_rows, rows, err);
}

// What depends on the relation: tables whose foreign keys reference it, views, its own rule, sequences that its columns
// own.
static int depend_on(struct exec_context *x, const struct cat_table *t, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < t->n_inbound; i++) {
        bool again = false;
        for (size_t k = 0; k < i && !again; k++)
            again = t->inbound[k].origin_table_id == t->inbound[i].origin_table_id;
        if (!again)
            TRY(depend_of(x, t->inbound[i].origin_table_id, rows, err));
    }
    for (size_t i = 0; i < t->n_depended_on_by; i++)
        TRY(depend_of(x, t->depended_on_by[i], rows, err));
    if (is_view(t))
        TRY(depend_of(x, t->id, rows, err));
    struct relations all;
    TRY(relations_list(x, SCOPE_STORED, &all, err));
    for (size_t i = 0; i < all.n; i++)
        if (all.items[i].table->kind == CAT_SEQUENCE && all.items[i].table->sequence.owner_table_id == t->id)
            TRY(depend_rows(x, &all.items[i], rows, err));
    return 0;
}

GENERATOR(pg_depend_rows)
{
    const struct cat_table *t = NULL;
    if (filter != NULL && filter->column == pg_depend_refobjid) {
        uint32_t oid = (uint32_t)filter->value.i;
        TRY(cat_table_by_id(x->view, oid_is_index(oid) ? oid_table_id(oid) : oid, &t, err));
        if (oid_is_constraint(oid))
            TRY(depend_of(x, oid_table_id(oid), rows, err));
        else if (t != NULL)
            TRY(depend_on(x, t, rows, err));
    } else {
        TRY(relations_each(x, filter, pg_depend_objid, -1, SCOPE_STORED, depend_rows, rows, err));
    }
    return depend_routines(x, rows, err);
}
