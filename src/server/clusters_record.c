// Records of virtual clusters in the store, and transactions over them.
//
// A record is a sequence of uvarints, the name with its length before it; the first one is the version of the format.
#include "base/buf.h"
#include "base/util.h"
#include "keys/keys.h"
#include "server/clusters_int.h"

enum { RECORD_VERSION = 1, ATTEMPTS_MAX = 1000 };

// ---- transactions

static bool again(enum kv_result r, int rc)
{
    return r == KV_CONFLICT || r == KV_DEADLOCK || r == KV_TOO_OLD || (r == KV_OK && rc == ERR_SERIALIZATION_FAILURE);
}

int cluster_txn(struct clusters *c, bool read_only, struct arena *a, cluster_work *work, void *arg, struct err *err)
{
    enum kv_result r = KV_OK;
    int rc = 0;
    struct arena_mark mark = arena_mark(a);
    for (int attempt = 0; attempt == 0 || (attempt < ATTEMPTS_MAX && again(r, rc)); attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        arena_rewind(a, mark);
        TRY_STORE(kv_begin(c->kv, &(struct kv_begin_options){.read_only = read_only}, &txn), err);
        rc = work(txn, a, arg, err);
        r = KV_OK;
        if (rc == 0)
            r = kv_commit(txn, &version);
        else
            kv_abort(txn);
    }
    return rc != 0 || r == KV_OK ? rc : sql_store_error(r, err);
}

// ---- keys

static void id_key(struct buf *key, enum key_meta item, uint64_t id)
{
    key_put_meta(key, item);
    key_put_uvarint(key, id);
}

static int get(struct kv_txn *txn, struct buf *key, struct kv_value *out, struct err *err)
{
    enum kv_result r = kv_get(txn, buf_view(key), 0, out);
    buf_release(key);
    TRY_STORE(r, err);
    return 0;
}

static int put(struct kv_txn *txn, struct buf *key, struct buf *value, struct err *err)
{
    enum kv_result r = kv_put(txn, buf_view(key), buf_view(value));
    buf_release(key);
    buf_release(value);
    TRY_STORE(r, err);
    return 0;
}

static int erase(struct kv_txn *txn, struct buf *key, struct err *err)
{
    enum kv_result r = kv_delete(txn, buf_view(key));
    buf_release(key);
    TRY_STORE(r, err);
    return 0;
}

// ---- the record

static void encode(struct buf *out, const struct cluster_record *r)
{
    const uint64_t fields[] = {
        r->state,
        r->in_service,
        (uint64_t)r->created_micros,
        (uint64_t)r->dropped_micros,
        (uint64_t)r->purge_micros,
        r->snapshot,
        (uint64_t)r->snapshot_micros,
        (uint64_t)r->limits.storage_bytes,
        (uint64_t)r->limits.connections,
        (uint64_t)r->limits.request_units_per_month,
        (uint64_t)r->limits.request_units_burst,
    };
    key_put_uvarint(out, RECORD_VERSION);
    key_put_uvarint(out, r->name.len);
    buf_str(out, r->name);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        key_put_uvarint(out, fields[i]);
}

static bool decode(struct arena *a, struct str value, struct cluster_record *r)
{
    struct key_reader in = key_reader(value);
    uint64_t version, len, f[11];
    if (!key_get_uvarint(&in, &version) || version != RECORD_VERSION || !key_get_uvarint(&in, &len) ||
        len > key_reader_left(&in))
        return false;
    r->name = arena_str(a, (struct str){(const char *)in.at, len});
    in.at += len;
    for (size_t i = 0; i < ARRAY_LEN(f); i++)
        if (!key_get_uvarint(&in, &f[i]))
            return false;
    r->state = (enum cluster_state)f[0];
    r->in_service = f[1] != 0;
    r->created_micros = (int64_t)f[2];
    r->dropped_micros = (int64_t)f[3];
    r->purge_micros = (int64_t)f[4];
    r->snapshot = f[5];
    r->snapshot_micros = (int64_t)f[6];
    r->limits = (struct cluster_limits){(int64_t)f[7], (int64_t)f[8], (int64_t)f[9], (int64_t)f[10]};
    return true;
}

static int damaged(struct err *err)
{
    return err_set(err, ERR_DATA_CORRUPTED, "record of a virtual cluster is damaged");
}

int cluster_record_get(struct kv_txn *txn, struct arena *a, uint64_t id, struct cluster_record *out, bool *found,
                       struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    id_key(&key, KEY_META_CLUSTER_RECORD, id);
    TRY(get(txn, &key, &v, err));
    *found = v.found;
    *out = (struct cluster_record){.id = id};
    return v.found && !decode(a, v.value, out) ? damaged(err) : 0;
}

int cluster_record_put(struct kv_txn *txn, const struct cluster_record *r, struct err *err)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    id_key(&key, KEY_META_CLUSTER_RECORD, r->id);
    encode(&value, r);
    return put(txn, &key, &value, err);
}

static int erase_activity(struct kv_txn *txn, uint64_t id, struct err *err)
{
    struct buf prefix = BUF_INIT;
    struct arena a;
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    id_key(&prefix, KEY_META_ACTIVITY, id);
    arena_init(&a, NULL);
    enum kv_result r =
        kv_scan_open(txn, key_prefix_range(&a, buf_view(&prefix)), KV_READ_KEYS_ONLY | KV_READ_SNAPSHOT, 0, &scan);
    while (r == KV_OK && (r = kv_scan_next(scan, 256, &batch)) == KV_OK && batch.n > 0)
        for (size_t i = 0; i < batch.n && r == KV_OK; i++)
            r = kv_delete(txn, batch.pairs[i].key);
    kv_scan_close(scan);
    buf_release(&prefix);
    arena_release(&a);
    TRY_STORE(r, err);
    return 0;
}

int cluster_record_delete(struct kv_txn *txn, uint64_t id, struct err *err)
{
    static const enum key_meta items[] = {KEY_META_CLUSTER_RECORD, KEY_META_CLUSTER_USAGE, KEY_META_CLUSTER,
                                          KEY_META_SERIES, KEY_META_SERIES_COARSE};
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        struct buf key = BUF_INIT;
        id_key(&key, items[i], id);
        TRY(erase(txn, &key, err));
    }
    return erase_activity(txn, id, err);
}

static int decode_pair(struct arena *a, const struct kv_pair *p, struct cluster_record *r, struct err *err)
{
    struct key_reader in = key_reader(p->key);
    in.at += 2; // key space and item
    *r = (struct cluster_record){0};
    return key_get_uvarint(&in, &r->id) && decode(a, p->value, r) ? 0 : damaged(err);
}

int cluster_record_list(struct kv_txn *txn, struct arena *a, struct cluster_record **out, size_t *n, struct err *err)
{
    ARENA_VEC(struct cluster_record) list = {0};
    struct buf prefix = BUF_INIT;
    struct kv_scan *scan;
    struct kv_batch batch;
    key_put_meta(&prefix, KEY_META_CLUSTER_RECORD);
    enum kv_result r = kv_scan_open(txn, key_prefix_range(a, buf_view(&prefix)), 0, 0, &scan);
    buf_release(&prefix);
    TRY_STORE(r, err);
    while ((r = kv_scan_next(scan, 256, &batch)) == KV_OK && batch.n > 0)
        for (size_t i = 0; i < batch.n; i++) {
            struct cluster_record record;
            TRY(decode_pair(a, &batch.pairs[i], &record, err));
            ARENA_PUSH(a, &list, record);
        }
    TRY_STORE(r, err);
    kv_scan_close(scan);
    *out = list.ptr;
    *n = list.len;
    return 0;
}

// ---- names and numbers

static void name_key(struct buf *key, struct str name)
{
    key_put_meta(key, KEY_META_CLUSTER_NAME);
    buf_str(key, name);
}

int cluster_name_get(struct kv_txn *txn, struct str name, uint64_t *id, struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    name_key(&key, name);
    TRY(get(txn, &key, &v, err));
    struct key_reader in = key_reader(v.found ? v.value : STR_EMPTY);
    *id = 0;
    return v.found && !key_get_uvarint(&in, id) ? damaged(err) : 0;
}

int cluster_name_put(struct kv_txn *txn, struct str name, uint64_t id, struct err *err)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    uint64_t taken;
    TRY(cluster_name_get(txn, name, &taken, err));
    if (taken != 0 || str_eq(name, CLUSTER_SYSTEM_NAME))
        return err_set(err, ERR_DUPLICATE_OBJECT, "tenant with name \"%.*s\" already exists", STR_FMT(name));
    name_key(&key, name);
    key_put_uvarint(&value, id);
    return put(txn, &key, &value, err);
}

int cluster_name_delete(struct kv_txn *txn, struct str name, struct err *err)
{
    struct buf key = BUF_INIT;
    name_key(&key, name);
    return erase(txn, &key, err);
}

int cluster_has_data(struct kv_txn *txn, uint64_t id, bool *out, struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    id_key(&key, KEY_META_CLUSTER, id);
    TRY(get(txn, &key, &v, err));
    *out = v.found;
    return 0;
}

// Numbers are never used again.
int cluster_next_id(struct kv_txn *txn, uint64_t *id, struct err *err)
{
    struct buf key = BUF_INIT, value = BUF_INIT;
    struct kv_value v;
    key_put_meta(&key, KEY_META_NEXT_CLUSTER);
    TRY(get(txn, &key, &v, err));
    struct key_reader in = key_reader(v.found ? v.value : STR_EMPTY);
    *id = CLUSTER_SYSTEM_ID + 1;
    if (v.found && !key_get_uvarint(&in, id))
        return damaged(err);
    key_put_meta(&key, KEY_META_NEXT_CLUSTER);
    key_put_uvarint(&value, *id + 1);
    return put(txn, &key, &value, err);
}

int cluster_not_found(struct cluster_spec spec, struct err *err)
{
    if (spec.id != 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%llu\" does not exist", (unsigned long long)spec.id);
    return err_set(err, ERR_UNDEFINED_OBJECT, "tenant \"%.*s\" does not exist", STR_FMT(spec.name));
}

int cluster_record_find(struct kv_txn *txn, struct arena *a, struct cluster_spec spec, struct cluster_record *out,
                        struct err *err)
{
    uint64_t id = spec.id;
    bool found = false;
    if (id == 0)
        TRY(cluster_name_get(txn, spec.name, &id, err));
    if (id != 0)
        TRY(cluster_record_get(txn, a, id, out, &found, err));
    return found && out->name.len > 0 && out->state != CLUSTER_STATE_DROP ? 0 : cluster_not_found(spec, err);
}
