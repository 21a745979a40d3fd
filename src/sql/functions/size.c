// Sizes of relations and databases, by reading the keys and values that are there.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "sql/functions/oids.h"

static int need_store(const struct eval_context *ec, struct err *err)
{
    if (ec->catalog != NULL && ec->txn != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "sizes cannot be asked for in this context");
}

enum { PAIRS_PER_BATCH = 1024 };

static int add_index_bytes(struct eval_context *ec, const struct cat_table *t, const struct cat_index *index,
                           int64_t *bytes, struct err *err)
{
    uint32_t cluster = catalog_cluster(cat_view_catalog(ec->catalog));
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    enum kv_result r =
        kv_scan_open(ec->txn, key_index_range(ec->arena, cluster, t->id, index->id), KV_READ_SNAPSHOT, 0, &scan);
    if (r != KV_OK)
        return cat_kv_error(ec->txn, (int)r, err);
    while (r == KV_OK && batch.n > 0) {
        r = kv_scan_next(scan, PAIRS_PER_BATCH, &batch);
        for (size_t i = 0; r == KV_OK && i < batch.n; i++)
            *bytes += (int64_t)(batch.pairs[i].key.len + batch.pairs[i].value.len);
    }
    kv_scan_close(scan);
    return r == KV_OK ? 0 : cat_kv_error(ec->txn, (int)r, err);
}

static int add_secondary_bytes(struct eval_context *ec, const struct cat_table *t, int64_t *bytes, struct err *err)
{
    for (size_t i = 0; i < t->n_indexes; i++)
        TRY(add_index_bytes(ec, t, &t->indexes[i], bytes, err));
    return 0;
}

static int add_total_bytes(struct eval_context *ec, const struct cat_table *t, int64_t *bytes, struct err *err)
{
    if (t->primary != NULL)
        TRY(add_index_bytes(ec, t, t->primary, bytes, err));
    return add_secondary_bytes(ec, t, bytes, err);
}

// A table by its OID, or the table of an index and the index.
static int find_relation(struct eval_context *ec, int64_t oid, const struct cat_table **t,
                         const struct cat_index **index, struct err *err)
{
    TRY(need_store(ec, err));
    *t = NULL;
    *index = NULL;
    if (oid <= 0 || oid > UINT32_MAX)
        return 0;
    TRY(cat_table_by_id(ec->catalog, (uint32_t)oid, t, err));
    if (*t != NULL || !oid_is_index((uint32_t)oid))
        return 0;
    TRY(cat_table_by_id(ec->catalog, oid_table_id((uint32_t)oid), t, err));
    *index = *t != NULL ? oid_find_index(*t, (uint32_t)oid) : NULL;
    if (*index == NULL)
        *t = NULL;
    return 0;
}

BODY(relation_size)
{
    const struct cat_table *t;
    const struct cat_index *index;
    int64_t bytes = 0;
    TRY(find_relation(ec, args[0].i, &t, &index, err));
    if (t == NULL)
        return fn_return_null(out);
    if (index == NULL)
        index = t->primary;
    if (index != NULL)
        TRY(add_index_bytes(ec, t, index, &bytes, err));
    return fn_return_int(out, bytes);
}

BODY(indexes_size)
{
    const struct cat_table *t;
    const struct cat_index *index;
    int64_t bytes = 0;
    TRY(find_relation(ec, args[0].i, &t, &index, err));
    if (t == NULL)
        return fn_return_null(out);
    if (index == NULL)
        TRY(add_secondary_bytes(ec, t, &bytes, err));
    return fn_return_int(out, bytes);
}

BODY(total_relation_size)
{
    const struct cat_table *t;
    const struct cat_index *index;
    int64_t bytes = 0;
    TRY(find_relation(ec, args[0].i, &t, &index, err));
    if (t == NULL)
        return fn_return_null(out);
    if (index != NULL)
        TRY(add_index_bytes(ec, t, index, &bytes, err));
    else
        TRY(add_total_bytes(ec, t, &bytes, err));
    return fn_return_int(out, bytes);
}

static int database_size(struct eval_context *ec, const struct cat_database *d, struct datum *out, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    int64_t bytes = 0;
    TRY(cat_list_tables(ec->catalog, ec->arena, d->id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(add_total_bytes(ec, tables[i], &bytes, err));
    return fn_return_int(out, bytes);
}

BODY(database_size_by_name)
{
    const struct cat_database *d;
    TRY(need_store(ec, err));
    TRY(cat_database_by_name(ec->catalog, args[0].s, &d, err));
    if (d == NULL)
        return err_set(err, ERR_INVALID_CATALOG_NAME, "database \"%.*s\" does not exist", STR_FMT(args[0].s));
    return database_size(ec, d, out, err);
}

BODY(database_size_by_oid)
{
    const struct cat_database *d;
    TRY(need_store(ec, err));
    TRY(cat_database_by_id(ec->catalog, (uint32_t)args[0].i, &d, err));
    return d != NULL ? database_size(ec, d, out, err) : fn_return_null(out);
}

// There is one tablespace.
BODY(tablespace_size)
{
    const struct cat_database **databases;
    size_t n;
    int64_t bytes = 0;
    TRY(need_store(ec, err));
    TRY(cat_list_databases(ec->catalog, ec->arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct datum size;
        TRY(database_size(ec, databases[i], &size, err));
        bytes += size.i;
    }
    return fn_return_int(out, bytes);
}

// ---- tables in a row

static int span_stats_row(struct eval_context *ec, const struct cat_table *t, struct fn_emit *emit, struct err *err)
{
    int64_t bytes = 0;
    TRY(add_total_bytes(ec, t, &bytes, err));
    const struct datum row[] = {datum_int(t->database_id),
                                datum_int(t->id),
                                datum_int(1),
                                datum_int(bytes),
                                datum_int(bytes),
                                datum_int(bytes),
                                datum_float(bytes > 0 ? 1 : 0)};
    return emit->row(emit, row, err);
}

static int span_stats_of(struct eval_context *ec, uint32_t database_id, int64_t table_id, struct fn_emit *emit,
                         struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(ec->catalog, ec->arena, database_id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        if (table_id == 0 || tables[i]->id == table_id)
            TRY(span_stats_row(ec, tables[i], emit, err));
    return 0;
}

static int span_stats(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    const struct cat_database **databases;
    size_t n;
    TRY(need_store(ec, err));
    TRY(cat_check_activity_privilege(ec->catalog, ec->user, err));
    for (int i = 0; i < n_args; i++)
        if (args[i].i <= 0 || args[i].i > UINT32_MAX)
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "provided %s must be greater than 0",
                           i == 0 ? "database id" : "table id");
    TRY(cat_list_databases(ec->catalog, ec->arena, &databases, &n, err));
    for (size_t i = 0; i < n; i++)
        if (n_args == 0 || databases[i]->id == args[0].i)
            TRY(span_stats_of(ec, databases[i]->id, n_args > 1 ? args[1].i : 0, emit, err));
    return 0;
}

static const struct fn_row rows[] = {
#include "sql/functions/size.def"
};
const struct fn_family fn_family_size = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
