// SHOW RANGES: the ranges between split points, and the tables and indexes that are parts of them; SHOW RANGE … FOR
// ROW.
#include "catalog/splits.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "sql/session/splits_int.h"

enum { RANGE_COLUMNS_MAX = 32 };

struct ranges {
    struct show *sh;
    bool keys, tables, indexes, details, cluster;
    const struct cat_database *database; // of the tables asked about; NULL: of all
    const struct cat_table *table;       // the one asked about; NULL: all
    const struct cat_index *index;       // likewise
    struct cat_range *list;
    int64_t *bytes; // of each; NULL: not asked for
    size_t n;
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

int show_index(struct show *sh, const struct ast_index_name *name, const struct cat_database *database,
               const struct cat_table **t, const struct cat_index **index, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    *index = NULL;
    if (name->table != NULL) {
        TRY(show_table(sh, name->table, t, err));
        *index = cat_index_by_name(*t, name->index);
    } else {
        TRY(cat_list_tables(sh->view, sh->arena, database->id, 0, &tables, &n, err));
        for (size_t i = 0; i < n && *index == NULL; i++) {
            *t = tables[i];
            *index = cat_index_by_name(tables[i], name->index);
        }
    }
    if (*index == NULL)
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
        TRY(show_index(r->sh, ast_as_index_name(object), r->database, &r->table, &r->index, err));
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
    const struct cat_range *range;
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

static struct kv_range span_of(const struct ranges *r)
{
    uint64_t cluster = catalog_cluster(r->sh->session->engine->catalog);
    return r->index != NULL ? key_index_range(r->sh->arena, cluster, r->table->id, r->index->id)
                            : key_table_range(r->sh->arena, cluster, r->table->id);
}

// A key beside the span of what was asked about: inside of it without the names of table and index.
static struct datum part_key(struct row *row, struct str key, bool is_end)
{
    const struct ranges *r = row->r;
    struct kv_range span = span_of(r);
    struct buf b = BUF_INIT, text = BUF_INIT;
    int skip = r->index != NULL ? 3 : 2;
    key_print(&text, key);
    struct str rest = buf_view(&text);
    for (size_t at = 0; skip > 0; skip--) {
        ptrdiff_t slash = str_find(rest, STR("/"), at + 1);
        at = slash < 0 ? rest.len : (size_t)slash;
        if (skip == 1)
            rest = str_slice(rest, at, rest.len);
    }
    const char *what = r->index != NULL ? "Index" : "Table";
    if (key.ptr == NULL || str_cmp(key, span.end) > 0)
        buf_printf(&b, "<after:%.*s>", STR_FMT(buf_view(&text)));
    else if (str_cmp(key, span.start) < 0)
        buf_printf(&b, "<before:%.*s>", STR_FMT(buf_view(&text)));
    else if (str_eq(key, is_end ? span.end : span.start))
        buf_printf(&b, "…/<%s%s>", what, is_end ? "Max" : "Min");
    else
        buf_printf(&b, "…%.*s", STR_FMT(rest));
    buf_release(&text);
    return show_take(r->sh, &b);
}

static struct datum range_key(struct row *row, struct str key, bool is_end)
{
    struct buf b = BUF_INIT;
    if (row->r->table != NULL)
        return part_key(row, key, is_end);
    key_print(&b, key);
    return show_take(row->r->sh, &b);
}

static void put_range_keys(struct row *row)
{
    static const struct cat_range none = {.start = {"", 0}};
    const struct cat_range *range = row->range != NULL ? row->range : &none;
    put(row, "start_key", TYPE_OID_STRING, range_key(row, range->start, false));
    if (row->r->keys)
        put(row, "raw_start_key", TYPE_OID_BYTES, datum_str(range->start));
    put(row, "end_key", TYPE_OID_STRING, range_key(row, range->end, true));
    if (row->r->keys)
        put(row, "raw_end_key", TYPE_OID_BYTES, datum_str(range->end.ptr != NULL ? range->end : STR("\xff\xff")));
    put(row, "range_id", TYPE_OID_INT8, datum_int(range->id));
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

// Of the only range of the system cluster it is known.
static int range_bytes(struct show *sh, const struct cat_range *r, bool only, int64_t *bytes, struct err *err)
{
    struct virtual_session *vs = &sh->session->virtual_session;
    struct kv_stats stats;
    if (!only || catalog_cluster(sh->session->engine->catalog) != KEY_CLUSTER_DEFAULT)
        return cat_range_bytes(sh->view, sh->arena, r, bytes, err);
    kv_get_stats(vs->ops->kv(vs), &stats);
    *bytes = (int64_t)stats.live_bytes;
    return 0;
}

static struct datum megabytes(const struct row *row)
{
    if (row->range == NULL || row->r->bytes == NULL)
        return DATUM_NULL;
    return datum_float((double)row->r->bytes[row->range - row->r->list] / 1e6);
}

static void put_replicas(struct row *row)
{
    struct show *sh = row->r->sh;
    struct datum one = datum_int(1), nowhere = {.s = STR_EMPTY};
    struct datum replicas = datum_str(array_build(sh->arena, T_INT8, &one, 1));
    struct datum none = datum_str(array_build(sh->arena, T_INT8, NULL, 0));
    if (row->r->details) {
        put(row, "range_size_mb", TYPE_OID_FLOAT8, megabytes(row));
        put(row, "lease_holder", TYPE_OID_INT8, one);
        put(row, "lease_holder_locality", TYPE_OID_STRING, nowhere);
    }
    put(row, "replicas", TYPE_OID_INT8_ARRAY, replicas);
    put(row, "replica_localities", TYPE_OID_STRING_ARRAY, datum_str(array_build(sh->arena, T_STRING, &nowhere, 1)));
    put(row, "voting_replicas", TYPE_OID_INT8_ARRAY, replicas);
    put(row, "non_voting_replicas", TYPE_OID_INT8_ARRAY, none);
    put(row, "learner_replicas", TYPE_OID_INT8_ARRAY, none);
    int64_t until = row->range != NULL ? row->range->until_micros : 0;
    put(row, "split_enforced_until", TYPE_OID_TIMESTAMP, until != 0 ? datum_int(until) : DATUM_NULL);
}

static void put_row(struct ranges *r, const struct cat_range *range, struct datum *values, struct str database,
                    struct str schema, const struct cat_table *t, const struct cat_index *index)
{
    struct row row = {.r = r, .values = values, .range = range};
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

// A row for each range that has something of the span.
static void span_rows(struct ranges *r, struct kv_range span, struct str database, struct str schema,
                      const struct cat_table *t, const struct cat_index *index)
{
    for (size_t i = 0; i < r->n; i++)
        if (cat_range_overlaps(&r->list[i], span))
            put_row(r, &r->list[i], show_row(r->sh), database, schema, t, index);
}

static bool has_keys(const struct cat_table *t)
{
    return t->kind == CAT_TABLE || t->kind == CAT_MATERIALIZED_VIEW || t->kind == CAT_SEQUENCE;
}

static void table_rows(struct ranges *r, struct str database, struct str schema, const struct cat_table *t)
{
    struct arena *a = r->sh->arena;
    uint64_t cluster = catalog_cluster(r->sh->session->engine->catalog);
    if (!has_keys(t))
        return;
    if (!r->indexes) {
        span_rows(r, key_table_range(a, cluster, t->id), database, schema, t, NULL);
        return;
    }
    if (t->primary != NULL)
        span_rows(r, key_index_range(a, cluster, t->id, t->primary->id), database, schema, t, t->primary);
    for (size_t i = 0; i < t->n_indexes; i++)
        span_rows(r, key_index_range(a, cluster, t->id, t->indexes[i].id), database, schema, t, &t->indexes[i]);
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

// Without tables and indexes: those that have something of the database, or all.
static int plain_rows(struct ranges *r, struct err *err)
{
    const struct cat_table **tables;
    size_t n = 0;
    uint64_t cluster = catalog_cluster(r->sh->session->engine->catalog);
    if (r->database != NULL)
        TRY(cat_list_tables(r->sh->view, r->sh->arena, r->database->id, 0, &tables, &n, err));
    for (size_t i = 0; i < r->n; i++) {
        bool wanted = r->database == NULL || n == 0;
        for (size_t k = 0; k < n && !wanted; k++)
            wanted = has_keys(tables[k]) &&
                     cat_range_overlaps(&r->list[i], key_table_range(r->sh->arena, cluster, tables[k]->id));
        if (wanted)
            put_row(r, &r->list[i], show_row(r->sh), STR_EMPTY, STR_EMPTY, NULL, NULL);
    }
    return 0;
}

static int list_ranges(struct ranges *r, struct err *err)
{
    TRY(cat_ranges(r->sh->view, r->sh->arena, &r->list, &r->n, err));
    if (!r->details)
        return 0;
    r->bytes = ARENA_ARRAY(r->sh->arena, int64_t, r->n);
    for (size_t i = 0; i < r->n; i++)
        TRY(range_bytes(r->sh, &r->list[i], r->n == 1, &r->bytes[i], err));
    return 0;
}

// ---- FOR ROW

static void row_range(struct ranges *r, const struct cat_range *range)
{
    struct show *sh = r->sh;
    struct datum one = datum_int(1), nowhere = {.s = STR_EMPTY};
    struct row row = {.r = r, .range = range};
    struct datum *values = show_row(sh);
    values[0] = range_key(&row, range->start, false);
    values[1] = range_key(&row, range->end, true);
    values[2] = datum_int(range->id);
    values[3] = one;
    values[4] = nowhere;
    values[5] = datum_str(array_build(sh->arena, T_INT8, &one, 1));
    values[6] = datum_str(array_build(sh->arena, T_STRING, &nowhere, 1));
}

static int show_range_of_row(struct ranges *r, struct err *err)
{
    static const struct show_column columns[] = {{"start_key", TYPE_OID_STRING},
                                                 {"end_key", TYPE_OID_STRING},
                                                 {"range_id", TYPE_OID_INT8},
                                                 {"lease_holder", TYPE_OID_INT8},
                                                 {"lease_holder_locality", TYPE_OID_STRING},
                                                 {"replicas", TYPE_OID_INT8_ARRAY},
                                                 {"replica_localities", TYPE_OID_STRING_ARRAY}};
    struct arena *a = r->sh->arena;
    struct split_keys keys;
    struct ast_values *values = AST_NEW(a, VALUES, values, 0);
    struct ast_select *query = AST_NEW(a, SELECT, select, 0);
    show_columns(r->sh, columns, ARRAY_LEN(columns));
    if (r->table == NULL || r->table->primary == NULL)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "SHOW RANGE ... FOR ROW needs a table or an index");
    TRY(cat_check_table_privilege(r->sh->view, r->sh->session->user, r->table, CAT_PRIVILEGE_SELECT, err));
    ast_list_push(a, &values->rows, r->sh->ast->expr);
    query->body = &values->base;
    const struct cat_index *index = r->index != NULL ? r->index : r->table->primary;
    TRY(split_keys(r->sh, r->table, index, &query->base, true, &keys, err));
    for (size_t i = r->n; i-- > 0;)
        if (str_cmp(r->list[i].start, keys.v.ptr[0]) <= 0) {
            row_range(r, &r->list[i]);
            break;
        }
    return 0;
}

int show_ranges(struct show *sh, struct err *err)
{
    struct ranges r = {.sh = sh};
    const struct cat_database **databases;
    size_t n;
    TRY(read_options(&r, err));
    TRY(find_target(&r, err));
    TRY(list_ranges(&r, err));
    if (sh->ast->expr != NULL)
        return show_range_of_row(&r, err);
    if (r.table == NULL && (r.tables || r.indexes))
        TRY(need_admin(&r, err));
    put_row(&r, NULL, NULL, STR_EMPTY, STR_EMPTY, NULL, NULL);
    show_columns(sh, r.columns, r.n_columns);
    if (r.table != NULL && !r.indexes) {
        span_rows(&r, span_of(&r), STR_EMPTY, STR_EMPTY, NULL, NULL);
        return 0;
    }
    if (!r.tables && !r.indexes)
        return plain_rows(&r, err);
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
