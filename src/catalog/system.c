// The system database's tables: their descriptors, made from system_tables.def, and access to their rows.

#include "catalog/catalog_int.h"
#include "catalog/rows.h"

struct system_column {
    const char *name;
    uint32_t oid;
    bool not_null;
    const char *default_sql;
};
static const struct system_column system_columns[] = {
#define TYPE_OID_INT8_ARRAY 1016
#define TYPE_OID_STRING_ARRAY 1009
#define SYSTEM_TABLE(KIND, name, id, n_key) {NULL, 0, false, NULL},
#define SYSTEM_COLUMN(name, type, not_null, default_sql) {name, TYPE_OID_##type, not_null, default_sql},
#include "catalog/system_tables.def"
#undef SYSTEM_TABLE
#undef SYSTEM_COLUMN
    {NULL, 0, false, NULL},
};
static const struct {
    const char *name;
    uint32_t id;
    size_t n_key;
} system_tables[] = {
#define SYSTEM_TABLE(KIND, name, id, n_key) {#name, id, n_key},
#define SYSTEM_COLUMN(name, type, not_null, default_sql)
#include "catalog/system_tables.def"
#undef SYSTEM_TABLE
#undef SYSTEM_COLUMN
};

// To be read: what is in them is changed by statements that keep it consistent. Statistics may be brought from
// elsewhere.
static const struct cat_grant *system_grants(struct arena *a, size_t k)
{
    const uint32_t change = CAT_PRIVILEGE_INSERT | CAT_PRIVILEGE_UPDATE | CAT_PRIVILEGE_DELETE;
    const uint32_t held = CAT_PRIVILEGE_SELECT | (k == SYSTEM_TABLE_STATISTICS ? change : 0);
    struct cat_grant *g = ARENA_ARRAY(a, struct cat_grant, 2);
    g[0] = (struct cat_grant){STR("admin"), held, held};
    g[1] = (struct cat_grant){STR("root"), held, held};
    return g;
}

static struct cat_index *primary_of(struct arena *a, size_t n_key)
{
    struct cat_index *primary = ARENA_NEW(a, struct cat_index);
    struct cat_index_column *columns = ARENA_ARRAY(a, struct cat_index_column, n_key);
    for (size_t i = 0; i < n_key; i++)
        columns[i].column_id = (uint32_t)i + 1;
    *primary = (struct cat_index){
        .id = KEY_INDEX_PRIMARY, .name = STR("primary"), .unique = true, .columns = columns, .n_columns = n_key};
    return primary;
}

// `columns` is the first of the table's; they end with a NULL name.
static struct cat_table *table_of(struct arena *a, size_t k, const struct system_column *columns)
{
    uint32_t n = 0;
    while (columns[n].name != NULL)
        n++;
    INVARIANT(n <= SYSTEM_COLUMNS_MAX);
    struct cat_column *cols = ARENA_ARRAY(a, struct cat_column, n);
    struct type *types = ARENA_ARRAY(a, struct type, n);
    for (uint32_t i = 0; i < n; i++) {
        INVARIANT(type_from_oid(columns[i].oid, &types[i]));
        cols[i] = (struct cat_column){.id = i + 1,
                                      .name = str_of(columns[i].name),
                                      .type = types[i],
                                      .not_null = columns[i].not_null,
                                      .default_sql = str_of(columns[i].default_sql)};
    }
    struct cat_table *t = ARENA_NEW(a, struct cat_table);
    *t = (struct cat_table){.id = system_tables[k].id,
                            .database_id = CAT_ID_SYSTEM_DATABASE,
                            .schema_id = CAT_ID_SYSTEM_PUBLIC,
                            .name = str_of(system_tables[k].name),
                            .kind = CAT_TABLE,
                            .columns = cols,
                            .n_columns = n,
                            .next_column_id = n + 1,
                            .next_index_id = 2,
                            .slot_types = types,
                            .primary = primary_of(a, system_tables[k].n_key),
                            .acl = {STR("node"), system_grants(a, k), 2},
                            .version = 1};
    struct row_layout *layout = ARENA_NEW(a, struct row_layout);
    cat_row_layout_init(layout, a, t);
    t->row_layout = layout;
    return t;
}

void system_tables_init(struct catalog *c)
{
    const struct system_column *at = system_columns;
    for (size_t k = 0; k < SYSTEM_TABLE_COUNT; k++) {
        c->system[k] = table_of(&c->arena, k, ++at);
        at += c->system[k]->n_columns;
    }
}

void system_key(struct buf *out, const struct catalog *c, enum system_table_kind k, const struct datum *key, size_t n)
{
    const struct cat_table *t = c->system[k];
    key_put_index(out, c->cluster, t->id, t->primary->id);
    for (size_t i = 0; i < n; i++)
        key_put_datum(out, t->columns[i].type, &key[i], KEY_ASC);
}

int system_put(struct catalog *c, struct kv_txn *txn, enum system_table_kind k, const struct datum *values,
               struct err *err)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    system_key(&key, c, k, values, c->system[k]->primary->n_columns);
    cat_row_value(&value, c->system[k], values);
    enum kv_result rc = kv_put(txn, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    TRY_KV(txn, rc, err);
    return 0;
}

int system_get(struct catalog *c, struct kv_txn *txn, struct arena *a, enum system_table_kind k, unsigned flags,
               const struct datum *key, struct datum *values, bool *found, struct err *err)
{
    struct buf b = BUF_INIT;
    struct kv_value value;
    system_key(&b, c, k, key, c->system[k]->primary->n_columns);
    struct str k_bytes = arena_str(a, buf_view(&b));
    buf_release(&b);
    TRY_KV(txn, kv_get(txn, k_bytes, flags != 0 ? flags : KV_READ_VALIDATED, &value), err);
    *found = value.found;
    return value.found ? cat_row_decode(a, c->system[k], k_bytes, value.value, values, err) : 0;
}

int system_delete(struct catalog *c, struct kv_txn *txn, enum system_table_kind k, const struct datum *key,
                  struct err *err)
{
    struct buf b = BUF_INIT;
    system_key(&b, c, k, key, c->system[k]->primary->n_columns);
    enum kv_result rc = kv_delete(txn, buf_view(&b));
    buf_release(&b);
    TRY_KV(txn, rc, err);
    return 0;
}

static struct kv_range prefix_range(struct catalog *c, struct arena *a, enum system_table_kind k,
                                    const struct datum *key, size_t n)
{
    struct buf b = BUF_INIT;
    system_key(&b, c, k, key, n);
    struct str prefix = arena_str(a, buf_view(&b));
    buf_release(&b);
    return key_prefix_range(a, prefix);
}

int system_delete_prefix(struct catalog *c, struct kv_txn *txn, enum system_table_kind k, const struct datum *key,
                         size_t n, struct err *err)
{
    struct arena a;
    arena_init(&a, NULL);
    enum kv_result rc = kv_delete_range(txn, prefix_range(c, &a, k, key, n));
    arena_release(&a);
    TRY_KV(txn, rc, err);
    return 0;
}

int system_scan_open(struct catalog *c, struct kv_txn *txn, struct arena *a, enum system_table_kind k,
                     const struct datum *key, size_t n, struct system_scan *out, struct err *err)
{
    *out = (struct system_scan){.table = c->system[k], .txn = txn, .arena = a};
    TRY_KV(txn, kv_scan_open(txn, prefix_range(c, a, k, key, n), KV_READ_SNAPSHOT, 0, &out->scan), err);
    return 0;
}

int system_scan_next(struct system_scan *s, struct datum *values, bool *found, struct err *err)
{
    *found = false;
    if (s->at == s->batch.n) {
        TRY_KV(s->txn, kv_scan_next(s->scan, BATCH_ROWS_MAX, &s->batch), err);
        s->at = 0;
        if (s->batch.n == 0)
            return 0;
    }
    const struct kv_pair *p = &s->batch.pairs[s->at++];
    *found = true;
    return cat_row_decode(s->arena, s->table, p->key, p->value, values, err);
}

void system_scan_close(struct system_scan *s)
{
    kv_scan_close(s->scan);
    s->scan = NULL;
}
