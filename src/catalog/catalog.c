// Opening and closing the catalog of one cluster; registration of virtual relations.

#include "catalog/catalog.h"
#include "base/util.h"
#include "catalog/catalog_int.h"

enum { OPEN_ATTEMPTS_MAX = 10 };

static struct str item_key(struct catalog *c, enum system_table_kind k, enum key_table_item item)
{
    struct buf b = BUF_INIT;
    key_put_table_item(&b, c->cluster, c->system[k]->id, item);
    struct str key = arena_str(&c->arena, buf_view(&b));
    buf_release(&b);
    return key;
}

static struct catalog *catalog_new(struct kv *kv, uint32_t cluster)
{
    struct catalog *c = mem_zalloc(sizeof(*c));
    c->kv = kv;
    c->cluster = cluster;
    arena_init(&c->arena, NULL);
    pthread_mutex_init(&c->mutex, NULL);
    pthread_mutex_init(&c->sequences_mutex, NULL);
    pthread_mutex_init(&c->types_mutex, NULL);
    arena_init(&c->types_arena, NULL);
    system_tables_init(c);
    c->version_key = item_key(c, SYSTEM_DESCRIPTOR, KEY_TABLE_VERSION);
    c->roles_version_key = item_key(c, SYSTEM_USERS, KEY_TABLE_VERSION);
    return c;
}

// ---- the store's format and the cluster's id

static int check_format(struct kv_txn *txn, bool *found, struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    uint64_t version = 0;
    key_put_meta(&key, KEY_META_FORMAT);
    enum kv_result rc = kv_get(txn, buf_view(&key), 0, &v);
    buf_release(&key);
    TRY_KV(txn, rc, err);
    *found = v.found;
    if (!v.found)
        return 0;
    struct key_reader r = key_reader(v.value);
    if (!key_get_uvarint(&r, &version))
        return err_set(err, ERR_DATA_CORRUPTED, "store format record is damaged");
    if (version > CAT_FORMAT_VERSION)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "store has format version %llu, this binary reads versions up to %d",
                       (unsigned long long)version, CAT_FORMAT_VERSION);
    return 0;
}

static int put_format(struct kv_txn *txn, struct err *err)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    key_put_meta(&key, KEY_META_FORMAT);
    key_put_uvarint(&value, CAT_FORMAT_VERSION);
    enum kv_result rc = kv_put(txn, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    TRY_KV(txn, rc, err);
    return 0;
}

static void cluster_key(struct catalog *c, struct buf *key)
{
    key_put_meta(key, KEY_META_CLUSTER);
    key_put_uvarint(key, c->cluster);
}

static void set_cluster_id(struct catalog *c, const uint8_t uuid[16])
{
    struct buf b = BUF_INIT;
    datum_print(&b, T_UUID, datum_str((struct str){(const char *)uuid, 16}), &(struct value_context){0});
    c->cluster_id = arena_str(&c->arena, buf_view(&b));
    buf_release(&b);
}

static int read_cluster(struct catalog *c, struct kv_txn *txn, bool *found, struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    cluster_key(c, &key);
    enum kv_result rc = kv_get(txn, buf_view(&key), 0, &v);
    buf_release(&key);
    TRY_KV(txn, rc, err);
    *found = v.found;
    if (v.found && v.value.len != 16)
        return err_set(err, ERR_DATA_CORRUPTED, "cluster record is damaged");
    if (v.found)
        set_cluster_id(c, (const uint8_t *)v.value.ptr);
    return 0;
}

static int put_cluster(struct catalog *c, struct kv_txn *txn, struct err *err)
{
    struct buf key = BUF_INIT;
    uint8_t uuid[16];
    secure_random(uuid, sizeof(uuid));
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40); // version 4
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
    cluster_key(c, &key);
    enum kv_result rc = kv_put(txn, buf_view(&key), (struct str){(const char *)uuid, sizeof(uuid)});
    buf_release(&key);
    TRY_KV(txn, rc, err);
    set_cluster_id(c, uuid);
    return 0;
}

// ---- opening

static int prepare(struct catalog *c, struct kv_txn *txn, bool *bootstrapped, struct err *err)
{
    bool has_format = false, has_cluster = false;
    TRY(check_format(txn, &has_format, err));
    if (!has_format)
        TRY(put_format(txn, err));
    TRY(read_cluster(c, txn, &has_cluster, err));
    *bootstrapped = !has_cluster;
    if (has_cluster)
        return catalog_complete(c, txn, err);
    TRY(put_cluster(c, txn, err));
    return catalog_bootstrap(c, txn, err);
}

// Another process may bootstrap the same store at the same moment: then look again.
static int open_store(struct catalog *c, bool *bootstrapped, struct err *err)
{
    enum kv_result rc = KV_CONFLICT;
    for (int attempt = 0; attempt < OPEN_ATTEMPTS_MAX && rc == KV_CONFLICT; attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        TRY_KV(NULL, kv_begin(c->kv, &(struct kv_begin_options){0}, &txn), err);
        int failed = prepare(c, txn, bootstrapped, err);
        if (failed != 0) {
            kv_abort(txn);
            return failed;
        }
        rc = kv_commit(txn, &version);
    }
    TRY_KV(NULL, rc, err);
    return 0;
}

int catalog_open(struct kv *kv, uint32_t cluster, struct catalog **out, bool *bootstrapped, struct err *err)
{
    struct catalog *c = catalog_new(kv, cluster);
    int rc = open_store(c, bootstrapped, err);
    if (rc != 0) {
        catalog_close(c);
        return rc;
    }
    *out = c;
    return 0;
}

static void release_caches(struct catalog *c)
{
    struct map_entry *m;
    while (c->generations != NULL) {
        struct generation *g = c->generations;
        c->generations = g->next;
        cache_release(c, &g->cache);
        pthread_mutex_destroy(&g->mutex);
        mem_free(g);
    }
    for (size_t it = 0; (m = map_next(&c->recent, &it)) != NULL;)
        entry_unref(c, m->value);
    map_release(&c->recent);
    if (c->recent_roles != NULL)
        role_set_unref(c, c->recent_roles);
}

void catalog_close(struct catalog *c)
{
    if (c == NULL)
        return;
    sequences_release(c);
    release_caches(c);
    map_release(&c->virtual_ids);
    pthread_mutex_destroy(&c->mutex);
    pthread_mutex_destroy(&c->sequences_mutex);
    pthread_mutex_destroy(&c->types_mutex);
    map_release(&c->types);
    arena_release(&c->types_arena);
    arena_release(&c->arena);
    mem_free(c);
}

uint32_t catalog_cluster(const struct catalog *c)
{
    return c->cluster;
}

struct str catalog_cluster_id(const struct catalog *c)
{
    return c->cluster_id;
}

static void register_tables(struct catalog *c, const struct cat_virtual_schema *s)
{
    for (size_t k = 0; k < s->n_tables; k++) {
        uint32_t id = s->tables[k].id;
        map_put(&c->virtual_ids, (struct str){(const char *)&id, sizeof(id)}, (void *)&s->tables[k]);
    }
}

void catalog_register_virtual(struct catalog *c, const struct cat_virtual_schema *schemas, size_t n,
                              const struct cat_virtual_schema *system)
{
    c->system_virtual = arena_dup(&c->arena, system, sizeof(*system));
    register_tables(c, c->system_virtual);
    c->virtual_schemas = ARENA_ARRAY(&c->arena, struct cat_schema, n);
    c->virtual_tables = arena_dup(&c->arena, schemas, size_mul(n, sizeof(*schemas)));
    c->n_virtual = n;
    for (size_t i = 0; i < n; i++) {
        struct cat_grant *usage = ARENA_NEW(&c->arena, struct cat_grant);
        *usage = (struct cat_grant){STR("public"), CAT_PRIVILEGE_USAGE, 0};
        c->virtual_schemas[i] = (struct cat_schema){.id = schemas[i].id,
                                                    .name = str_of(schemas[i].name),
                                                    .acl = {STR("node"), usage, 1},
                                                    .is_virtual = true,
                                                    .version = 1};
        register_tables(c, &schemas[i]);
    }
}
