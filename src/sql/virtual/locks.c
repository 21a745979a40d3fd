// Row locks, held and waited for, of the cluster at hand: crdb_internal.cluster_locks and pg_catalog.pg_locks.
#include "base/util.h"
#include "keys/keys.h"
#include "sql/virtual/virtual_int.h"

struct lock {
    struct str key;
    uint64_t txn_id, tag;
    enum kv_lock_mode mode;
    enum kv_isolation isolation;
    bool granted;
    int64_t since_mono_ns;
};
struct lock_list {
    struct arena *arena;
    struct str prefix; // of the keys of this virtual cluster
    ARENA_VEC(struct lock) locks;
};

static void collect_lock(void *arg, const struct kv_lock_info *info)
{
    struct lock_list *list = arg;
    if (!str_has_prefix(info->key, list->prefix))
        return;
    ARENA_PUSH(list->arena, &list->locks,
               ((struct lock){arena_str(list->arena, info->key), info->txn_id, info->tag, info->mode, info->isolation,
                              info->granted, info->since_mono_ns}));
}

// Names of what the key belongs to; keys of no table leave them NULL.
static int lock_object(struct exec_context *x, struct str key, struct datum *row, struct err *err)
{
    struct key_reader reader = key_reader(key);
    struct key_prefix prefix;
    const struct cat_table *t;
    const struct cat_schema *schema;
    const struct cat_database *d;
    const struct cat_index *index;
    if (!key_get_prefix(&reader, &prefix))
        return 0;
    row[crdb_cluster_locks_table_id] = datum_int((int64_t)prefix.table);
    TRY(cat_table_by_id(x->view, (uint32_t)prefix.table, &t, err));
    if (t == NULL)
        return 0;
    TRY(cat_schema_by_id(x->view, t->schema_id, &schema, err));
    TRY(cat_database_by_id(x->view, t->database_id, &d, err));
    index = cat_index_by_id(t, (uint32_t)prefix.index);
    row[crdb_cluster_locks_table_name] = datum_str(t->name);
    row[crdb_cluster_locks_schema_name] = schema != NULL ? datum_str(schema->name) : DATUM_NULL;
    row[crdb_cluster_locks_database_name] = d != NULL ? datum_str(d->name) : DATUM_NULL;
    row[crdb_cluster_locks_index_name] = index != NULL ? datum_str(index->name) : DATUM_NULL;
    return 0;
}

static bool is_contended(const struct lock_list *list, struct str key)
{
    for (size_t i = 0; i < list->locks.len; i++)
        if (!list->locks.ptr[i].granted && str_eq(list->locks.ptr[i].key, key))
            return true;
    return false;
}

struct datum virtual_txn_uuid(struct exec_context *x, uint64_t id)
{
    char *bytes = arena_zalloc(x->eval.arena, 16);
    store_be64(bytes + 8, id);
    return datum_str((struct str){bytes, 16});
}

static int lock_row(struct exec_context *x, const struct lock_list *list, const struct lock *lock, int64_t now,
                    struct virtual_rows *rows, struct err *err)
{
    static const char *const isolations[] = {"SERIALIZABLE", "SNAPSHOT", "READ COMMITTED"};
    ROW(crdb_cluster_locks);
    struct buf pretty = BUF_INIT;
    key_print(&pretty, lock->key);
    row[crdb_cluster_locks_range_id] = datum_int(1);
    TRY(lock_object(x, lock->key, row, err));
    row[crdb_cluster_locks_lock_key] = datum_str(lock->key);
    row[crdb_cluster_locks_lock_key_pretty] = datum_take(x, &pretty);
    row[crdb_cluster_locks_txn_id] = virtual_txn_uuid(x, lock->txn_id);
    row[crdb_cluster_locks_lock_strength] = datum_c(lock->mode <= KV_LOCK_SHARED ? "Shared" : "Exclusive");
    row[crdb_cluster_locks_durability] = datum_c("Unreplicated");
    row[crdb_cluster_locks_granted] = datum_bool(lock->granted);
    row[crdb_cluster_locks_contended] = datum_bool(is_contended(list, lock->key));
    row[crdb_cluster_locks_duration] = (struct datum){.iv = {.micros = (now - lock->since_mono_ns) / 1000}};
    row[crdb_cluster_locks_isolation_level] = datum_c(isolations[lock->isolation]);
    return virtual_row(rows, row, err);
}

static struct lock_list list_locks(struct exec_context *x)
{
    struct virtual_session *vs = virtual_session_of(x);
    struct buf prefix = BUF_INIT;
    key_put_cluster(&prefix, catalog_cluster(cat_view_catalog(x->view)));
    struct lock_list list = {.arena = x->eval.arena, .prefix = datum_take(x, &prefix).s};
    kv_list_locks(vs->ops->kv(vs), collect_lock, &list);
    return list;
}

GENERATOR(crdb_cluster_locks_rows)
{
    struct lock_list list = list_locks(x);
    int64_t now = clock_mono_ns();
    TRY(cat_check_activity_privilege(x->view, x->eval.user, err));
    for (size_t i = 0; i < list.locks.len; i++)
        TRY(lock_row(x, &list, &list.locks.ptr[i], now, rows, err));
    return 0;
}

// PostgreSQL's table has a row per lock on a table or tuple; a row's key stands in no column.
GENERATOR(pg_locks_rows)
{
    static const char *const modes[] = {[KV_LOCK_KEY_SHARE] = "AccessShareLock",
                                        [KV_LOCK_SHARED] = "RowShareLock",
                                        [KV_LOCK_NO_KEY_EXCLUSIVE] = "ExclusiveLock",
                                        [KV_LOCK_EXCLUSIVE] = "AccessExclusiveLock"}; // PostgreSQL's for tuples
    static const char *const table_modes[] = {[KV_LOCK_KEY_SHARE] = "RowExclusiveLock",
                                              [KV_LOCK_SHARED] = "ShareLock",
                                              [KV_LOCK_NO_KEY_EXCLUSIVE] = "ShareUpdateExclusiveLock",
                                              [KV_LOCK_EXCLUSIVE] = "AccessExclusiveLock"};
    struct lock_list list = list_locks(x);
    for (size_t i = 0; i < list.locks.len; i++) {
        const struct lock *lock = &list.locks.ptr[i];
        struct key_reader reader = key_reader(lock->key);
        struct key_prefix prefix;
        if (!key_get_prefix(&reader, &prefix))
            continue;
        ROW(pg_locks);
        bool on_table = prefix.index == KEY_INDEX_RECORDS;
        row[pg_locks_locktype] = datum_c(on_table ? "relation" : "tuple");
        row[pg_locks_database] = datum_int(x->eval.database_id);
        row[pg_locks_relation] = datum_int((int64_t)prefix.table);
        row[pg_locks_virtualtransaction] =
            datum_str(arena_printf(x->eval.arena, "1/%llu", (unsigned long long)lock->txn_id));
        row[pg_locks_pid] = datum_int((int64_t)lock->tag);
        row[pg_locks_mode] = datum_c((on_table ? table_modes : modes)[lock->mode]);
        row[pg_locks_granted] = datum_bool(lock->granted);
        row[pg_locks_fastpath] = datum_bool(false);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
