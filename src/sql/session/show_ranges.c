// SHOW RANGES: everything is one range, which each table and index asked about is a part of.
#include "keys/keys.h"
#include "kv/kv.h"
#include "sql/session/show_int.h"

enum { RANGE_COLUMNS_MAX = 32 };

struct ranges {
    struct show *sh;
    bool keys, tables, indexes, details, cluster;
    const struct cat_database *database; // of the tables asked about; NULL: of all
    const struct cat_table *table;       // the one asked about; NULL: all
    const struct cat_index *index;       // likewise
    struct show_column columns[RANGE_COLUMNS_MAX];
    size_t n_columns;
};

static int read_options(struct ranges *r, struct err *err)
{
    const struct {
        const char *name;
        bool *flag;
    } options[] = {{"keys", &r->keys}, {"tables", &r->tables}, {"indexes", &r->indexes}, {"details", &r->details}};
    for (size_t i = 0; i < r->sh->ast->options.n; i++) {
        struct str name = ast_as_option(r->sh->ast->options.items[i])->name;
        bool known = false;
        for (size_t k = 0; k < ARRAY_LEN(options); k++) {
            if (!str_ieqc(name, options[k].name))
                continue;
            *options[k].flag = known = true;
        }
        if (str_ieqc(name, "explain"))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: SHOW RANGES WITH EXPLAIN");
        if (!known)
            return err_set(err, ERR_SYNTAX_ERROR, "unknown option: %.*s", STR_FMT(name));
    }
    if (r->tables && r->indexes)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot use WITH INDEXES and WITH TABLES together");
    return 0;
}

static int find_index(struct ranges *r, const struct ast_index_name *name, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    if (name->table != NULL) {
        TRY(show_table(r->sh, name->table, &r->table, err));
        r->index = cat_index_by_name(r->table, name->index);
    } else {
        TRY(cat_list_tables(r->sh->view, r->sh->arena, r->database->id, 0, &tables, &n, err));
        for (size_t i = 0; i < n && r->index == NULL; i++) {
            r->table = tables[i];
            r->index = cat_index_by_name(tables[i], name->index);
        }
    }
    if (r->index == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "index \"%.*s\" does not exist", STR_FMT(name->index));
    return 0;
}

static int find_target(struct ranges *r, struct err *err)
{
    const struct ast *object = r->sh->ast->object;
    r->cluster = r->sh->ast->name.ptr != NULL;
    if (r->cluster)
        return 0;
    if (object != NULL && object->kind == AST_NAME)
        return show_database(r->sh, ast_as_name(object)->name, &r->database, err);
    TRY(show_current_database(r->sh, &r->database, err));
    if (object == NULL)
        return 0;
    if (r->tables)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot use WITH TABLES with SHOW RANGES FROM [INDEX|TABLE]");
    if (object->kind == AST_INDEX_NAME && r->indexes)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot use WITH INDEXES with SHOW RANGES FROM INDEX");
    if (object->kind == AST_INDEX_NAME)
        TRY(find_index(r, ast_as_index_name(object), err));
    else
        TRY(show_table(r->sh, object, &r->table, err));
    TRY(cat_check_any_privilege(r->sh->view, r->sh->session->user, r->table, err));
    if (r->table->kind == CAT_VIRTUAL)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "SHOW RANGES may not be called on a virtual table");
    return 0;
}

// ---- columns and rows: each column is named where its value is made

struct row {
    struct ranges *r;
    struct datum *values; // NULL: only names are wanted
    size_t n;
};

static void put(struct row *row, const char *name, uint32_t type_oid, struct datum value)
{
    INVARIANT(row->n < RANGE_COLUMNS_MAX);
    if (row->values == NULL)
        row->r->columns[row->n] = (struct show_column){name, type_oid};
    else
        row->values[row->n] = value;
    row->n++;
}

static void put_key(struct row *row, const char *name, const char *raw_name, struct str key)
{
    struct buf b = BUF_INIT;
    key_print(&b, key);
    put(row, name, TYPE_OID_STRING, show_take(row->r->sh, &b));
    if (row->r->keys)
        put(row, raw_name, TYPE_OID_BYTES, datum_str(key));
}

static void put_range_keys(struct row *row)
{
    bool part = row->r->table != NULL; // of the range, which begins before it and ends after it
    put(row, "start_key", TYPE_OID_STRING, datum_c(part ? "<before:/Min>" : "/Min"));
    if (row->r->keys)
        put(row, "raw_start_key", TYPE_OID_BYTES, datum_str(STR_EMPTY));
    put(row, "end_key", TYPE_OID_STRING, datum_c(part ? "<after:/Max>" : "/Max"));
    if (row->r->keys)
        put(row, "raw_end_key", TYPE_OID_BYTES, datum_str(STR("\xff\xff")));
    put(row, "range_id", TYPE_OID_INT8, datum_int(1));
}

static void put_table(struct row *row, struct str database, struct str schema, const struct cat_table *t)
{
    struct show *sh = row->r->sh;
    uint64_t cluster = catalog_cluster(sh->session->engine->catalog);
    struct kv_range range = key_table_range(sh->arena, cluster, t->id);
    if (row->r->cluster)
        put(row, "database_name", TYPE_OID_STRING, datum_str(database));
    put(row, "schema_name", TYPE_OID_STRING, datum_str(schema));
    put(row, "table_name", TYPE_OID_STRING, datum_str(t->name));
    put(row, "table_id", TYPE_OID_INT8, datum_int(t->id));
    put_key(row, "table_start_key", "raw_table_start_key", range.start);
    put_key(row, "table_end_key", "raw_table_end_key", range.end);
}

static void put_index(struct row *row, const struct cat_table *t, const struct cat_index *index)
{
    struct show *sh = row->r->sh;
    uint64_t cluster = catalog_cluster(sh->session->engine->catalog);
    struct kv_range range = key_index_range(sh->arena, cluster, t->id, index->id);
    put(row, "index_name", TYPE_OID_STRING, datum_str(index->name));
    put(row, "index_id", TYPE_OID_INT8, datum_int(index->id));
    put_key(row, "index_start_key", "raw_index_start_key", range.start);
    put_key(row, "index_end_key", "raw_index_end_key", range.end);
}

static struct datum megabytes(struct show *sh)
{
    struct virtual_session *vs = &sh->session->virtual_session;
    struct kv_stats stats;
    kv_get_stats(vs->ops->kv(vs), &stats);
    return datum_float((double)stats.live_bytes / 1e6);
}

static void put_replicas(struct row *row)
{
    struct show *sh = row->r->sh;
    struct datum one = datum_int(1), nowhere = {.s = STR_EMPTY};
    struct datum replicas = datum_str(array_build(sh->arena, T_INT8, &one, 1));
    struct datum none = datum_str(array_build(sh->arena, T_INT8, NULL, 0));
    if (row->r->details) {
        put(row, "range_size_mb", TYPE_OID_FLOAT8, megabytes(sh));
        put(row, "lease_holder", TYPE_OID_INT8, one);
        put(row, "lease_holder_locality", TYPE_OID_STRING, nowhere);
    }
    put(row, "replicas", TYPE_OID_INT8_ARRAY, replicas);
    put(row, "replica_localities", TYPE_OID_STRING_ARRAY, datum_str(array_build(sh->arena, T_STRING, &nowhere, 1)));
    put(row, "voting_replicas", TYPE_OID_INT8_ARRAY, replicas);
    put(row, "non_voting_replicas", TYPE_OID_INT8_ARRAY, none);
    put(row, "learner_replicas", TYPE_OID_INT8_ARRAY, none);
    put(row, "split_enforced_until", TYPE_OID_TIMESTAMP, DATUM_NULL);
}

static void put_row(struct ranges *r, struct datum *values, struct str database, struct str schema,
                    const struct cat_table *t, const struct cat_index *index)
{
    struct row row = {.r = r, .values = values};
    static const struct cat_table no_table = {0};
    static const struct cat_index no_index = {0};
    bool of_table = r->tables || (r->indexes && r->table == NULL);
    put_range_keys(&row);
    if (of_table)
        put_table(&row, database, schema, t != NULL ? t : &no_table);
    if (r->indexes)
        put_index(&row, t != NULL ? t : &no_table, index != NULL ? index : &no_index);
    put_replicas(&row);
    r->n_columns = row.n;
}

static void table_rows(struct ranges *r, struct str database, struct str schema, const struct cat_table *t)
{
    if (t->kind != CAT_TABLE && t->kind != CAT_MATERIALIZED_VIEW && t->kind != CAT_SEQUENCE)
        return;
    if (!r->indexes) {
        put_row(r, show_row(r->sh), database, schema, t, NULL);
        return;
    }
    if (t->primary != NULL)
        put_row(r, show_row(r->sh), database, schema, t, t->primary);
    for (size_t i = 0; i < t->n_indexes; i++)
        put_row(r, show_row(r->sh), database, schema, t, &t->indexes[i]);
}

static int database_rows(struct ranges *r, const struct cat_database *d, struct err *err)
{
    const struct cat_schema **schemas;
    const struct cat_table **tables;
    size_t n, n_tables;
    TRY(cat_list_schemas(r->sh->view, r->sh->arena, d->id, &schemas, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (schemas[i]->is_virtual)
            continue;
        TRY(cat_list_tables(r->sh->view, r->sh->arena, d->id, schemas[i]->id, &tables, &n_tables, err));
        for (size_t k = 0; k < n_tables; k++)
            table_rows(r, d->name, schemas[i]->name, tables[k]);
    }
    return 0;
}

static int need_admin(struct ranges *r, struct err *err)
{
    bool admin;
    TRY(cat_is_admin(r->sh->view, r->sh->session->user, &admin, err));
    if (admin)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                   "only users with the ZONECONFIG privilege or the admin role can use SHOW RANGES");
}

int show_ranges(struct show *sh, struct err *err)
{
    struct ranges r = {.sh = sh};
    const struct cat_database **databases;
    size_t n;
    TRY(read_options(&r, err));
    TRY(find_target(&r, err));
    if (r.table == NULL && (r.tables || r.indexes))
        TRY(need_admin(&r, err));
    put_row(&r, NULL, STR_EMPTY, STR_EMPTY, NULL, NULL);
    show_columns(sh, r.columns, r.n_columns);
    if (!r.tables && !r.indexes) {
        put_row(&r, show_row(sh), STR_EMPTY, STR_EMPTY, NULL, NULL);
        return 0;
    }
    if (r.table != NULL) {
        table_rows(&r, STR_EMPTY, STR_EMPTY, r.table);
        return 0;
    }
    if (r.database != NULL)
        return database_rows(&r, r.database, err);
    TRY(cat_list_databases(sh->view, sh->arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(database_rows(&r, databases[i], err));
    return 0;
}
