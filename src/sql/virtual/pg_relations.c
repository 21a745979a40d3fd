// pg_class, pg_attribute, pg_attrdef: relations, their indexes, and the columns of both.
#include "sql/virtual/virtual_int.h"

// ---- pg_class

static const char *relation_kind(const struct cat_table *t)
{
    switch (t->kind) {
    case CAT_VIEW:
        return "v";
    case CAT_MATERIALIZED_VIEW:
        return "m";
    case CAT_SEQUENCE:
        return "S";
    case CAT_TABLE:
    case CAT_VIRTUAL:
        break;
    }
    return "r";
}

static void class_common(struct datum *row)
{
    static const uint8_t zero_oids[] = {pg_class_reltype,       pg_class_reloftype,     pg_class_relfilenode,
                                        pg_class_reltablespace, pg_class_reltoastrelid, pg_class_relrewrite,
                                        pg_class_relpages,      pg_class_relallvisible, pg_class_relfrozenxid,
                                        pg_class_relminmxid,    pg_class_relchecks};
    static const uint8_t flags[] = {pg_class_relhasindex,    pg_class_relisshared,        pg_class_relhasrules,
                                    pg_class_relhastriggers, pg_class_relhassubclass,     pg_class_relrowsecurity,
                                    pg_class_relispartition, pg_class_relforcerowsecurity};
    for (size_t i = 0; i < ARRAY_LEN(zero_oids); i++)
        row[zero_oids[i]] = datum_int(0);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        row[flags[i]] = datum_bool(false);
    row[pg_class_relpersistence] = datum_c("p");
    row[pg_class_relispopulated] = datum_bool(true);
}

static int table_tuples(struct exec_context *x, const struct cat_table *t, struct datum *out, struct err *err)
{
    int64_t n = 0;
    if (t->kind == CAT_TABLE || t->kind == CAT_MATERIALIZED_VIEW)
        TRY(cat_row_count(x->view, t->id, &n, err));
    *out = datum_float((float)n);
    return 0;
}

static int class_table(struct exec_context *x, const struct relation *r, struct datum *row, struct virtual_rows *rows,
                       struct err *err)
{
    const struct cat_table *t = r->table;
    row[pg_class_oid] = datum_int(t->id);
    row[pg_class_relname] = datum_str(t->name);
    row[pg_class_relam] = datum_int(0); // there is one way to keep tables
    if (virtual_wants(rows, pg_class_reltuples))
        TRY(table_tuples(x, t, &row[pg_class_reltuples], err));
    row[pg_class_relhasindex] = datum_bool(t->primary != NULL || t->n_indexes > 0);
    row[pg_class_relhasrules] = datum_bool(t->kind == CAT_VIEW || t->kind == CAT_MATERIALIZED_VIEW);
    row[pg_class_relhastriggers] =
        datum_bool(t->n_triggers > 0 || t->n_outbound > 0 || t->n_inbound > 0); // foreign keys are triggers there
    row[pg_class_relkind] = datum_c(relation_kind(t));
    row[pg_class_reltype] = datum_int(oid_of_row_type(t));
    row[pg_class_relnatts] = datum_int((int64_t)t->n_columns);
    row[pg_class_relchecks] = datum_int((int64_t)t->n_checks);
    row[pg_class_relreplident] = datum_c("d");
    if (cat_schema_is_temporary(r->schema->name))
        row[pg_class_relpersistence] = datum_c("t");
    if (virtual_wants(rows, pg_class_relacl))
        row[pg_class_relacl] = array_of_acl(x, t->kind == CAT_SEQUENCE ? 's' : 'r', &t->acl);
    return virtual_row(rows, row, err);
}

// The row is that of the table, whose schema, owner and persistence the index shares.
static int class_index(struct exec_context *x, const struct relation *r, const struct cat_index *index,
                       struct datum *row, struct virtual_rows *rows, struct err *err)
{
    row[pg_class_oid] = datum_int(oid_of_index(r->table->id, index->id));
    row[pg_class_relname] = datum_str(index->name);
    row[pg_class_relhasindex] = row[pg_class_relhasrules] = row[pg_class_relhastriggers] = datum_bool(false);
    row[pg_class_relchecks] = row[pg_class_reltype] = datum_int(0);
    row[pg_class_relacl] = DATUM_NULL;
    row[pg_class_relam] = datum_int(index->kind == CAT_INDEX_INVERTED ? OID_AM_INVERTED : OID_AM_PREFIX);
    if (virtual_wants(rows, pg_class_reltuples))
        TRY(table_tuples(x, r->table, &row[pg_class_reltuples], err));
    row[pg_class_relkind] = datum_c("i");
    row[pg_class_relnatts] = datum_int((int64_t)(index->n_columns + index->n_storing));
    row[pg_class_relreplident] = datum_c("n");
    return virtual_row(rows, row, err);
}

static int class_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    uint32_t owner;
    TRY(role_oid(x, t->acl.owner, &owner, err));
    ROW(pg_class);
    class_common(row);
    row[pg_class_relnamespace] = datum_int(r->schema->id);
    row[pg_class_relowner] = datum_int(owner);
    TRY(class_table(x, r, row, rows, err));
    if (t->primary != NULL && t->kind != CAT_SEQUENCE && !index_hidden(x, t, t->primary))
        TRY(class_index(x, r, t->primary, row, rows, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].replaces == 0)
            TRY(class_index(x, r, &t->indexes[i], row, rows, err));
    return 0;
}

static int class_composite(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                           struct virtual_rows *rows, struct err *err)
{
    uint32_t owner;
    if (!t->def.is_composite)
        return 0;
    TRY(role_oid(x, t->acl.owner, &owner, err));
    ROW(pg_class);
    class_common(row);
    row[pg_class_oid] = datum_int(t->id);
    row[pg_class_relname] = datum_str(t->name);
    row[pg_class_relnamespace] = datum_int(t->schema_id);
    row[pg_class_reltype] = datum_int(t->def.oid);
    row[pg_class_relowner] = datum_int(owner);
    row[pg_class_relam] = datum_int(0);
    row[pg_class_reltuples] = datum_float(0);
    row[pg_class_relkind] = datum_c("c");
    row[pg_class_relnatts] = datum_int((int64_t)t->def.n_fields);
    row[pg_class_relreplident] = datum_c("n");
    return virtual_row(rows, row, err);
}

GENERATOR(pg_class_rows)
{
    TRY(relations_each(x, filter, pg_class_oid, pg_class_relname, SCOPE_WITH_VIRTUAL, class_rows, rows, err));
    return user_types_each(x, class_composite, rows, err);
}

// ---- pg_attribute

// PostgreSQL 13 has stored ones only, and so has its pg_dump.
static const char *generated_letter(const struct exec_context *x, const struct cat_column *c)
{
    if (c->computed_sql.len == 0)
        return "";
    return c->computed_virtual && !for_pg_dump(x) ? "v" : "s";
}

static void attribute_type(struct datum *row, struct type t)
{
    int len = type_len(t);
    row[pg_attribute_atttypid] = datum_int(t.oid);
    row[pg_attribute_attlen] = datum_int(len);
    row[pg_attribute_attndims] = datum_int(type_is(t, TYPE_ARRAY));
    row[pg_attribute_atttypmod] = datum_int(type_modifier(t));
    row[pg_attribute_attbyval] = datum_bool(len > 0 && len <= 8);
    row[pg_attribute_attstorage] = datum_c(len > 0 ? "p" : "x");
    row[pg_attribute_attalign] = datum_c(len == 8 ? "d" : len == 2 ? "s" : len == 1 ? "c" : "i");
    row[pg_attribute_attcollation] = datum_int(collation_of(t));
}

static int attribute_row(const struct exec_context *x, uint32_t relation_oid, const struct cat_column *c,
                         int64_t number, bool of_index, struct virtual_rows *rows, struct err *err)
{
    ROW(pg_attribute);
    bool has_expression = (c->default_sql.len > 0 && c->identity == 0) || c->computed_sql.len > 0;
    row[pg_attribute_attrelid] = datum_int(relation_oid);
    row[pg_attribute_attname] = datum_str(c->name);
    attribute_type(row, c->type);
    row[pg_attribute_attstattarget] = datum_int(-1);
    row[pg_attribute_attnum] = datum_int(number);
    row[pg_attribute_attcacheoff] = datum_int(-1);
    row[pg_attribute_attnotnull] = datum_bool(c->not_null && !of_index);
    row[pg_attribute_atthasdef] = datum_bool(has_expression && !of_index);
    row[pg_attribute_atthasmissing] = datum_bool(false);
    row[pg_attribute_attidentity] = datum_c(of_index || c->identity == 0 ? "" : c->identity == 'a' ? "a" : "d");
    row[pg_attribute_attgenerated] = datum_c(of_index ? "" : generated_letter(x, c));
    row[pg_attribute_attisdropped] = datum_bool(false);
    row[pg_attribute_attislocal] = datum_bool(true);
    row[pg_attribute_attinhcount] = datum_int(0);
    row[pg_attribute_attishidden] = datum_bool(c->hidden);
    row[pg_attribute_attcompression] = datum_c("");
    return virtual_row(rows, row, err);
}

static int index_attributes(const struct exec_context *x, const struct cat_table *t, const struct cat_index *index,
                            struct virtual_rows *rows, struct err *err)
{
    uint32_t oid = oid_of_index(t->id, index->id);
    for (size_t i = 0; i < index->n_columns + index->n_storing; i++) {
        uint32_t id = i < index->n_columns ? index->columns[i].column_id : index->storing[i - index->n_columns];
        const struct cat_column *c = cat_column_by_id(t, id);
        if (c != NULL)
            TRY(attribute_row(x, oid, c, (int64_t)i + 1, true, rows, err));
    }
    return 0;
}

// Numbers that dropped columns had: pg_dump wants every number to be there, as PostgreSQL has them.
static int dropped_attributes(struct exec_context *x, const struct cat_table *t, int64_t from, int64_t below,
                              struct virtual_rows *rows, struct err *err)
{
    for (int64_t number = from; number < below; number++) {
        ROW(pg_attribute);
        row[pg_attribute_attrelid] = datum_int(t->id);
        row[pg_attribute_attname] =
            datum_str(arena_printf(x->eval.arena, "........pg.dropped.%lld........", (long long)number));
        row[pg_attribute_atttypid] = datum_int(0);
        row[pg_attribute_attnum] = datum_int(number);
        row[pg_attribute_attisdropped] = datum_bool(true);
        row[pg_attribute_attlen] = row[pg_attribute_attndims] = row[pg_attribute_attinhcount] = datum_int(0);
        row[pg_attribute_atttypmod] = row[pg_attribute_attstattarget] = datum_int(-1);
        row[pg_attribute_attnotnull] = row[pg_attribute_atthasdef] = datum_bool(false);
        row[pg_attribute_attislocal] = datum_bool(true);
        row[pg_attribute_attidentity] = row[pg_attribute_attgenerated] = datum_c("");
        row[pg_attribute_attcompression] = datum_c("");
        row[pg_attribute_attalign] = datum_c("i");
        row[pg_attribute_attstorage] = datum_c("p");
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int attribute_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    int64_t next = 1;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct cat_column *c = &t->columns[i];
        if (cat_column_inaccessible(c) || column_hidden(x, t, c))
            continue;
        if (for_pg_dump(x))
            TRY(dropped_attributes(x, t, next, c->id, rows, err));
        TRY(attribute_row(x, t->id, c, c->id, false, rows, err));
        next = (int64_t)c->id + 1;
    }
    if (t->primary != NULL && t->kind != CAT_SEQUENCE)
        TRY(index_attributes(x, t, t->primary, rows, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].replaces == 0)
            TRY(index_attributes(x, t, &t->indexes[i], rows, err));
    return 0;
}

static int attribute_fields(struct exec_context *x, const struct cat_database *d, const struct cat_type *t,
                            struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < t->def.n_fields; i++) {
        const struct cat_column field = {.name = t->def.fields[i].name, .type = t->def.fields[i].type};
        TRY(attribute_row(x, t->id, &field, (int64_t)i + 1, true, rows, err));
    }
    return 0;
}

GENERATOR(pg_attribute_rows)
{
    TRY(relations_each(x, filter, pg_attribute_attrelid, -1, SCOPE_WITH_VIRTUAL, attribute_rows, rows, err));
    return user_types_each(x, attribute_fields, rows, err);
}

// ---- pg_attrdef

static int default_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < r->table->n_columns; i++) {
        const struct cat_column *c = &r->table->columns[i];
        struct str sql = c->computed_sql.len > 0 ? c->computed_sql : c->default_sql;
        if (sql.len == 0 || c->identity != 0 ||
            column_hidden(x, r->table, c)) // the sequence of an identity column is no default
            continue;
        bool wanted = virtual_wants(rows, pg_attrdef_adbin) || virtual_wants(rows, pg_attrdef_adsrc);
        struct datum text = wanted ? datum_expr(x, sql) : DATUM_NULL;
        ROW(pg_attrdef);
        row[pg_attrdef_oid] = datum_int(oid_of_default(r->table->id, c->id));
        row[pg_attrdef_adrelid] = datum_int(r->table->id);
        row[pg_attrdef_adnum] = datum_int(c->id);
        row[pg_attrdef_adbin] = text;
        row[pg_attrdef_adsrc] = text;
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_attrdef_rows)
{
    struct virtual_filter of;
    if (filter != NULL && filter->column == pg_attrdef_oid) { // ids of tables are written whole up to 20 bits
        of = (struct virtual_filter){pg_attrdef_adrelid, datum_int(filter->value.i >> 10 & 0xFFFFF)};
        filter = (filter->value.i >> 30) == 1 ? &of : NULL;
    }
    return relations_each(x, filter, pg_attrdef_adrelid, -1, SCOPE_STORED, default_rows, rows, err);
}
