// crdb_internal: the catalog as it is stored, of all databases, for administrators; and references between databases.
// Descriptors are JSON in the shape of CockroachDB's, with what is the same here.
#include "catalog/zone.h"
#include "sql/functions/functions.h"
#include "sql/virtual/virtual_int.h"
#include "types/json.h"

static int need_admin(struct exec_context *x, const char *table, struct err *err)
{
    bool admin;
    TRY(cat_is_admin(x->view, x->eval.user, &admin, err));
    if (admin)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                   "only users with the admin role are allowed to read crdb_internal.%s", table);
}

// ---- names

static int name_row(uint32_t database, uint32_t schema, struct str name, uint32_t id, struct virtual_rows *rows,
                    struct err *err)
{
    ROW(crdb_kv_catalog_namespace);
    row[crdb_kv_catalog_namespace_parent_id] = datum_int(database);
    row[crdb_kv_catalog_namespace_parent_schema_id] = datum_int(schema);
    row[crdb_kv_catalog_namespace_name] = datum_str(name);
    row[crdb_kv_catalog_namespace_id] = datum_int(id);
    return virtual_row(rows, row, err);
}

static int database_names(struct exec_context *x, const struct cat_database *d, struct virtual_rows *rows,
                          struct err *err)
{
    const struct cat_schema **schemas;
    const struct cat_table **tables;
    const struct cat_type **types;
    size_t n;
    TRY(name_row(0, 0, d->name, d->id, rows, err));
    TRY(cat_list_schemas(x->view, x->eval.arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!schemas[i]->is_virtual)
            TRY(name_row(d->id, 0, schemas[i]->name, schemas[i]->id, rows, err));
    TRY(cat_list_tables(x->view, x->eval.arena, d->id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(name_row(d->id, tables[i]->schema_id, tables[i]->name, tables[i]->id, rows, err));
    TRY(cat_list_types(x->view, x->eval.arena, d->id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(name_row(d->id, types[i]->schema_id, types[i]->name, types[i]->id, rows, err));
    return 0;
}

GENERATOR(crdb_kv_namespace_rows)
{
    const struct cat_database **databases;
    size_t n;
    TRY(need_admin(x, "kv_catalog_namespace", err));
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(database_names(x, databases[i], rows, err));
    return 0;
}

// ---- descriptors

static void add_text(struct json_builder *b, const char *key, struct str value)
{
    json_key(b, str_of(key));
    json_add_string(b, value);
}

static void add_int(struct json_builder *b, const char *key, int64_t value)
{
    json_key(b, str_of(key));
    json_add_i64(b, value);
}

static void add_true(struct json_builder *b, const char *key, bool value)
{
    if (!value)
        return;
    json_key(b, str_of(key));
    json_add_bool(b, true);
}

static void begin(struct json_builder *b, const char *key)
{
    json_key(b, str_of(key));
    json_begin_object(b);
}

static void begin_list(struct json_builder *b, const char *key)
{
    json_key(b, str_of(key));
    json_begin_array(b);
}

static void add_type(struct json_builder *b, const char *key, struct type t)
{
    struct buf name = BUF_INIT;
    type_print(&name, t);
    begin(b, key);
    add_text(b, "family", str_of(type_family_name(t)));
    add_int(b, "oid", t.oid);
    add_text(b, "sql", buf_view(&name));
    json_end(b);
    buf_release(&name);
}

static void add_owner(struct json_builder *b, const struct cat_acl *acl)
{
    begin(b, "privileges");
    add_text(b, "ownerProto", acl->owner);
    json_end(b);
}

static void add_column(struct json_builder *b, const struct cat_column *c)
{
    json_begin_object(b);
    add_int(b, "id", c->id);
    add_text(b, "name", c->name);
    add_type(b, "type", c->type);
    add_true(b, "nullable", !c->not_null);
    add_true(b, "hidden", c->hidden);
    if (c->default_sql.len > 0)
        add_text(b, "defaultExpr", c->default_sql);
    if (c->on_update_sql.len > 0)
        add_text(b, "onUpdateExpr", c->on_update_sql);
    if (c->computed_sql.len > 0)
        add_text(b, "computeExpr", c->computed_sql);
    add_true(b, "virtual", c->computed_virtual);
    json_end(b);
}

static void add_ids(struct json_builder *b, const char *key, const uint32_t *ids, size_t n)
{
    begin_list(b, key);
    for (size_t i = 0; i < n; i++)
        json_add_i64(b, ids[i]);
    json_end(b);
}

static void add_index(struct json_builder *b, const struct cat_table *t, const struct cat_index *index)
{
    json_begin_object(b);
    add_int(b, "id", index->id);
    add_text(b, "name", index->name);
    add_true(b, "unique", index->unique);
    add_text(b, "type", index->kind == CAT_INDEX_INVERTED ? STR("INVERTED") : STR("FORWARD"));
    begin_list(b, "keyColumnIds");
    for (size_t i = 0; i < index->n_columns; i++)
        json_add_i64(b, index->columns[i].column_id);
    json_end(b);
    begin_list(b, "keyColumnNames");
    for (size_t i = 0; i < index->n_columns; i++)
        json_add_string(b, cat_column_by_id(t, index->columns[i].column_id)->name);
    json_end(b);
    begin_list(b, "keyColumnDirections");
    for (size_t i = 0; i < index->n_columns; i++)
        json_add_string(b, index->columns[i].descending ? STR("DESC") : STR("ASC"));
    json_end(b);
    add_ids(b, "storeColumnIds", index->storing, index->n_storing);
    if (index->predicate_sql.len > 0)
        add_text(b, "predicate", index->predicate_sql);
    add_true(b, "notVisible", index->not_visible);
    json_end(b);
}

static void add_constraints(struct json_builder *b, const struct cat_table *t)
{
    begin_list(b, "checks");
    for (size_t i = 0; i < t->n_checks; i++) {
        json_begin_object(b);
        add_text(b, "name", t->checks[i].name);
        add_text(b, "expr", t->checks[i].sql);
        add_ids(b, "columnIds", t->checks[i].columns, t->checks[i].n_columns);
        json_end(b);
    }
    json_end(b);
    begin_list(b, "outboundFks");
    for (size_t i = 0; i < t->n_outbound; i++) {
        const struct cat_foreign_key *fk = &t->outbound[i];
        json_begin_object(b);
        add_text(b, "name", fk->name);
        add_int(b, "referencedTableId", fk->referenced_table_id);
        add_ids(b, "originColumnIds", fk->origin_columns, fk->n_columns);
        add_ids(b, "referencedColumnIds", fk->referenced_columns, fk->n_columns);
        json_end(b);
    }
    json_end(b);
}

static void add_sequence(struct json_builder *b, const struct cat_sequence *s)
{
    begin(b, "sequenceOpts");
    add_int(b, "increment", s->increment);
    add_int(b, "minValue", s->min);
    add_int(b, "maxValue", s->max);
    add_int(b, "start", s->start);
    add_int(b, "cacheSize", s->cache);
    add_true(b, "virtual", s->is_virtual);
    json_end(b);
}

static void add_table(struct json_builder *b, const struct cat_table *t)
{
    begin(b, "table");
    add_int(b, "id", t->id);
    add_text(b, "name", t->name);
    add_int(b, "parentId", t->database_id);
    add_int(b, "unexposedParentSchemaId", t->schema_id);
    add_int(b, "version", (int64_t)t->version);
    begin_list(b, "columns");
    for (size_t i = 0; i < t->n_columns; i++)
        add_column(b, &t->columns[i]);
    json_end(b);
    add_int(b, "nextColumnId", t->next_column_id);
    if (t->primary != NULL) {
        json_key(b, STR("primaryIndex"));
        add_index(b, t, t->primary);
    }
    begin_list(b, "indexes");
    for (size_t i = 0; i < t->n_indexes; i++)
        add_index(b, t, &t->indexes[i]);
    json_end(b);
    add_int(b, "nextIndexId", t->next_index_id);
    add_constraints(b, t);
    if (t->view_sql.len > 0)
        add_text(b, "viewQuery", t->view_sql);
    add_true(b, "isMaterializedView", t->kind == CAT_MATERIALIZED_VIEW);
    add_ids(b, "dependsOn", t->depends_on, t->n_depends_on);
    if (t->kind == CAT_SEQUENCE)
        add_sequence(b, &t->sequence);
    add_owner(b, &t->acl);
    json_end(b);
}

static void add_named(struct json_builder *b, const char *kind, uint32_t id, uint32_t parent, struct str name,
                      uint64_t version, const struct cat_acl *acl)
{
    begin(b, kind);
    add_int(b, "id", id);
    add_text(b, "name", name);
    if (parent != 0)
        add_int(b, "parentId", parent);
    add_int(b, "version", (int64_t)version);
    add_owner(b, acl);
    json_end(b);
}

// Ends what begin_descriptor() began.
static int descriptor_row(struct exec_context *x, struct json_builder *b, uint32_t id, struct virtual_rows *rows,
                          struct err *err)
{
    struct str json;
    json_end(b);
    int rc = json_builder_finish(b, x->eval.arena, &json, err);
    json_builder_release(b);
    if (rc != 0)
        return rc;
    ROW(crdb_kv_catalog_descriptor);
    row[crdb_kv_catalog_descriptor_id] = datum_int(id);
    row[crdb_kv_catalog_descriptor_descriptor] = datum_str(json);
    return virtual_row(rows, row, err);
}

static void begin_descriptor(struct json_builder *b)
{
    json_builder_init(b);
    json_begin_object(b);
}

static bool wanted(const struct virtual_filter *filter, uint32_t id)
{
    return filter == NULL || filter->value.i == id;
}

static int table_descriptors(struct exec_context *x, const struct virtual_filter *filter, uint32_t database,
                             struct virtual_rows *rows, struct err *err)
{
    const struct cat_table **tables;
    struct json_builder b;
    size_t n;
    TRY(cat_list_tables(x->view, x->eval.arena, database, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!wanted(filter, tables[i]->id))
            continue;
        begin_descriptor(&b);
        add_table(&b, tables[i]);
        TRY(descriptor_row(x, &b, tables[i]->id, rows, err));
    }
    return 0;
}

static int other_descriptors(struct exec_context *x, const struct virtual_filter *filter, const struct cat_database *d,
                             struct virtual_rows *rows, struct err *err)
{
    const struct cat_schema **schemas;
    const struct cat_type **types;
    const struct cat_function **functions;
    struct json_builder b;
    size_t n;
#define DESCRIPTOR(kind, o, parent)                                               \
    if (wanted(filter, (o)->id)) {                                                \
        begin_descriptor(&b);                                                     \
        add_named(&b, kind, (o)->id, parent, (o)->name, (o)->version, &(o)->acl); \
        TRY(descriptor_row(x, &b, (o)->id, rows, err));                           \
    }
    DESCRIPTOR("database", d, 0)
    TRY(cat_list_schemas(x->view, x->eval.arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++)
        if (!schemas[i]->is_virtual)
            DESCRIPTOR("schema", schemas[i], d->id)
    TRY(cat_list_types(x->view, x->eval.arena, d->id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        DESCRIPTOR("type", types[i], d->id)
    TRY(cat_list_functions(x->view, x->eval.arena, d->id, 0, STR_EMPTY, &functions, &n, err));
    for (size_t i = 0; i < n; i++)
        DESCRIPTOR("function", functions[i], d->id)
#undef DESCRIPTOR
    return 0;
}

GENERATOR(crdb_kv_descriptor_rows)
{
    const struct cat_database **databases;
    size_t n;
    TRY(need_admin(x, "kv_catalog_descriptor", err));
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(other_descriptors(x, filter, databases[i], rows, err));
        TRY(table_descriptors(x, filter, databases[i]->id, rows, err));
    }
    return 0;
}

// ---- zones, comments, privileges, members

static int zone_json(struct exec_context *x, const struct cat_zone *zone, struct datum *out, struct err *err)
{
    struct json_builder b;
    struct str json;
    json_builder_init(&b);
    json_begin_object(&b);
    for (size_t i = 0; i < CAT_ZONE_VARIABLES; i++)
        if (zone->values[i].ptr != NULL)
            add_text(&b, cat_zone_variables[i].sql_name, zone->values[i]);
    json_end(&b);
    int rc = json_builder_finish(&b, x->eval.arena, &json, err);
    json_builder_release(&b);
    *out = rc == 0 ? datum_str(json) : DATUM_NULL;
    return rc;
}

GENERATOR(crdb_kv_zones_rows)
{
    struct cat_zone_entry *list;
    size_t n;
    TRY(need_admin(x, "kv_catalog_zones", err));
    TRY(cat_zone_list(x->view, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (list[i].index_id != 0)
            continue;
        ROW(crdb_kv_catalog_zones);
        row[crdb_kv_catalog_zones_id] = datum_int(list[i].id);
        TRY(zone_json(x, &list[i].zone, &row[crdb_kv_catalog_zones_config], err));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int comment_row(const char *class, uint32_t oid, uint32_t sub_id, struct str text, struct virtual_rows *rows,
                       struct err *err)
{
    if (text.ptr == NULL || text.len == 0)
        return 0;
    ROW(crdb_kv_catalog_comments);
    row[crdb_kv_catalog_comments_classoid] = datum_int(virtual_table_oid("pg_catalog", class));
    row[crdb_kv_catalog_comments_objoid] = datum_int(oid);
    row[crdb_kv_catalog_comments_objsubid] = datum_int(sub_id);
    row[crdb_kv_catalog_comments_description] = datum_str(text);
    return virtual_row(rows, row, err);
}

static int table_comments(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *t = r->table;
    struct oid_constraint c;
    TRY(comment_row("pg_class", t->id, 0, t->comment, rows, err));
    for (size_t i = 0; i < t->n_columns; i++)
        TRY(comment_row("pg_class", t->id, t->columns[i].id, t->columns[i].comment, rows, err));
    if (t->primary != NULL)
        TRY(comment_row("pg_class", oid_of_index(t->id, t->primary->id), 0, t->primary->comment, rows, err));
    for (size_t i = 0; i < t->n_indexes; i++)
        TRY(comment_row("pg_class", oid_of_index(t->id, t->indexes[i].id), 0, t->indexes[i].comment, rows, err));
    for (uint32_t i = 0; oid_constraint_at(t, i, &c); i++) {
        struct str text, name = c.index != NULL ? c.index->name : c.check != NULL ? c.check->name : c.foreign_key->name;
        TRY(cat_comment_get(x->view, CAT_COMMENT_CONSTRAINT, t->id, cat_constraint_comment_id(name), &text, err));
        TRY(comment_row("pg_constraint", c.oid, 0, text, rows, err));
    }
    return 0;
}

static int database_comments(struct exec_context *x, const struct cat_database *d, struct virtual_rows *rows,
                             struct err *err)
{
    const struct cat_schema **schemas;
    const struct cat_type **types;
    struct str text;
    size_t n;
    TRY(cat_comment_get(x->view, CAT_COMMENT_DATABASE, d->id, 0, &text, err));
    TRY(comment_row("pg_database", d->id, 0, text, rows, err));
    TRY(cat_list_schemas(x->view, x->eval.arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(cat_comment_get(x->view, CAT_COMMENT_SCHEMA, schemas[i]->id, 0, &text, err));
        TRY(comment_row("pg_namespace", schemas[i]->id, 0, text, rows, err));
    }
    TRY(cat_list_types(x->view, x->eval.arena, d->id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(cat_comment_get(x->view, CAT_COMMENT_TYPE, types[i]->id, 0, &text, err));
        TRY(comment_row("pg_type", types[i]->type.oid, 0, text, rows, err));
    }
    return 0;
}

GENERATOR(crdb_kv_comments_rows)
{
    const struct cat_database **databases;
    size_t n;
    TRY(relations_each(x, NULL, -1, -1, SCOPE_ALL_DATABASES, table_comments, rows, err));
    TRY(cat_list_databases(x->view, x->eval.arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(database_comments(x, databases[i], rows, err));
    return 0;
}

GENERATOR(crdb_kv_function_comments_rows)
{
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->is_operator)
            continue;
        ROW(crdb_kv_builtin_function_comments);
        row[crdb_kv_builtin_function_comments_oid] = datum_int(all[i]->oid);
        row[crdb_kv_builtin_function_comments_description] = datum_c(all[i]->description);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static struct datum privilege_names(struct exec_context *x, uint32_t privileges)
{
    struct str names[32];
    size_t n = 0;
    for (uint32_t bit = 1; bit != 0; bit <<= 1)
        if (privileges & bit)
            names[n++] = str_of(cat_system_privilege_name(bit));
    return array_of_texts(x, names, n);
}

static int privileges_row(struct exec_context *x, const struct cat_grant *g, uint32_t user_id,
                          struct virtual_rows *rows, struct err *err)
{
    if (g->privileges == 0)
        return 0;
    ROW(crdb_kv_system_privileges);
    row[crdb_kv_system_privileges_username] = datum_str(g->grantee);
    row[crdb_kv_system_privileges_path] = datum_c("/global/");
    row[crdb_kv_system_privileges_privileges] = privilege_names(x, g->privileges);
    row[crdb_kv_system_privileges_grant_options] = privilege_names(x, g->grantable);
    row[crdb_kv_system_privileges_user_id] = datum_int(user_id);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_kv_privileges_rows)
{
    const struct cat_role **roles;
    struct cat_grant everybody;
    size_t n;
    TRY(need_admin(x, "kv_system_privileges", err));
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(privileges_row(x, &roles[i]->system, roles[i]->id, rows, err));
    TRY(cat_system_grant_get(x->view, STR("public"), &everybody, err));
    return privileges_row(x, &everybody, 0, rows, err);
}

// A direct membership counts for itself; others through roles in between.
static int member_row(struct exec_context *x, const struct cat_role *member, const struct cat_role *of,
                      struct virtual_rows *rows, struct err *err)
{
    bool is_member, explicit = false, admin = false;
    TRY(cat_is_member(x->view, member->name, of->name, &is_member, err));
    if (!is_member || member == of)
        return 0;
    for (size_t i = 0; i < member->n_member_of; i++)
        if (str_eq(member->member_of[i], of->name)) {
            explicit = true;
            admin = member->member_admin[i];
        }
    ROW(crdb_kv_inherited_role_members);
    row[crdb_kv_inherited_role_members_role] = datum_str(of->name);
    row[crdb_kv_inherited_role_members_inheriting_member] = datum_str(member->name);
    row[crdb_kv_inherited_role_members_member_is_explicit] = datum_bool(explicit);
    row[crdb_kv_inherited_role_members_member_is_admin] = datum_bool(admin);
    return virtual_row(rows, row, err);
}

GENERATOR(crdb_kv_members_rows)
{
    const struct cat_role **roles;
    size_t n;
    TRY(cat_list_roles(x->view, x->eval.arena, &roles, &n, err));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            TRY(member_row(x, roles[k], roles[i], rows, err));
    return 0;
}

GENERATOR(crdb_pg_catalog_tables_rows)
{
    const struct cat_schema *s;
    const struct cat_table **tables;
    size_t n;
    TRY(cat_schema_by_name(x->view, x->eval.database_id, STR("pg_catalog"), &s, err));
    if (s == NULL)
        return 0;
    TRY(cat_list_tables(x->view, x->eval.arena, x->eval.database_id, s->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_pg_catalog_table_is_implemented);
        row[crdb_pg_catalog_table_is_implemented_name] = datum_str(tables[i]->name);
        row[crdb_pg_catalog_table_is_implemented_implemented] = datum_bool(!tables[i]->virtual_empty);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- references between databases

static int cross_row(struct exec_context *x, const struct relation *from, uint32_t to_id, const char *description,
                     struct virtual_rows *rows, struct err *err)
{
    const struct cat_table *to;
    const struct cat_schema *schema;
    const struct cat_database *database;
    TRY(cat_table_by_id(x->view, to_id, &to, err));
    if (to == NULL || to->database_id == from->table->database_id || to->database_id == 0)
        return 0;
    TRY(cat_schema_by_id(x->view, to->schema_id, &schema, err));
    TRY(cat_database_by_id(x->view, to->database_id, &database, err));
    ROW(crdb_cross_db_references);
    row[crdb_cross_db_references_object_database] = datum_str(from->database->name);
    row[crdb_cross_db_references_object_schema] = datum_str(from->schema->name);
    row[crdb_cross_db_references_object_name] = datum_str(from->table->name);
    row[crdb_cross_db_references_referenced_object_database] = datum_str(database != NULL ? database->name : STR_EMPTY);
    row[crdb_cross_db_references_referenced_object_schema] = datum_str(schema != NULL ? schema->name : STR_EMPTY);
    row[crdb_cross_db_references_referenced_object_name] = datum_str(to->name);
    row[crdb_cross_db_references_cross_database_reference_description] = datum_c(description);
    return virtual_row(rows, row, err);
}

static int cross_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    bool view = r->table->kind == CAT_VIEW || r->table->kind == CAT_MATERIALIZED_VIEW;
    for (size_t i = 0; i < r->table->n_outbound; i++)
        TRY(cross_row(x, r, r->table->outbound[i].referenced_table_id, "table foreign key reference", rows, err));
    for (size_t i = 0; i < r->table->n_depends_on; i++)
        TRY(cross_row(x, r, r->table->depends_on[i], view ? "view references table" : "table references sequence", rows,
                      err));
    if (r->table->kind == CAT_SEQUENCE && r->table->sequence.owner_table_id != 0)
        TRY(cross_row(x, r, r->table->sequence.owner_table_id, "sequences owning table", rows, err));
    return 0;
}

GENERATOR(crdb_cross_references_rows)
{
    return relations_each(x, NULL, -1, -1, SCOPE_ALL_DATABASES, cross_rows, rows, err);
}
