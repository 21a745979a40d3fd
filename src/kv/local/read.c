// Point reads.
#include "kv/local/store_int.h"

#include "base/util.h"

#include <string.h>

static bool find_in_memtables(const struct view *view, struct str key, uint64_t snapshot, struct found *out)
{
    for (unsigned i = 0; i < view->count; i++) {
        struct memtable *m = view->tables[i];
        uint64_t max = memtable_max(m);
        if (max == 0)
            continue; // the active one, empty: says nothing about those behind it
        if (max <= view->merged && view->merged <= snapshot)
            return false; // this one and all older are in the tree
        struct skip_node *node = skip_find(&m->keys, key);
        struct version *v = node != NULL ? memtable_visible(node, snapshot) : NULL;
        if (v != NULL) {
            *out = (struct found){.at = v->at, .deleted = v->deleted, .value = version_value(v)};
            return true;
        }
    }
    return false;
}

static enum kv_result tree_failure(struct txn *txn, int rc)
{
    store_fail(txn->store, "reading the store", mdb_strerror(rc));
    return KV_IO;
}

static enum kv_result find_in_tree(struct txn *txn, struct str key, struct found *out)
{
    struct tree_reader *reader = txn_reader(txn);
    if (reader == NULL)
        return txn_no_reader(txn);
    struct str stamped;
    int rc = tree_get(reader->txn, txn->store->tree.data, key, &stamped);
    if (rc == 0 && (reader->state.version <= txn->snapshot || tree_stamp(stamped) <= txn->snapshot)) {
        *out = found_in_tree(stamped);
        return KV_OK;
    }
    if ((rc == 0 || rc == MDB_NOTFOUND) && reader->state.version > txn->snapshot)
        rc = history_lookup(reader, key, txn->snapshot, out);
    return rc == 0 || rc == MDB_NOTFOUND ? KV_OK : tree_failure(txn, rc);
}

enum kv_result read_committed(struct txn *txn, struct str key, struct found *out)
{
    *out = (struct found){0};
    if (find_in_memtables(txn->view, key, txn->snapshot, out) || txn->view->merged == 0)
        return KV_OK;
    return find_in_tree(txn, key, out);
}

enum kv_result found_add(struct txn *txn, const struct write *w, struct found *f)
{
    int64_t before = f->at != 0 && !f->deleted ? counter_decode(f->value) : 0;
    int64_t sum = (int64_t)((uint64_t)before + (uint64_t)w->delta);
    enum kv_result r = txn_charge(txn, sizeof(sum));
    if (r == KV_OK)
        *f = (struct found){.at = UINT64_MAX, .value = {arena_dup(&txn->arena, &sum, sizeof(sum)), sizeof(sum)}};
    return r;
}

enum kv_result found_stamp(struct txn *txn, struct found *f)
{
    if (f->in_tree) {
        f->value = (struct str){f->value.ptr - TREE_STAMP_BYTES, f->value.len + TREE_STAMP_BYTES};
        return KV_OK;
    }
    size_t len = KV_STAMP_BYTES + f->value.len;
    enum kv_result r = txn_charge(txn, len);
    if (r != KV_OK)
        return r;
    uint64_t version = f->at != UINT64_MAX ? f->at : 0;
    char *stamped = arena_alloc(&txn->arena, len);
    memcpy(stamped, &version, KV_STAMP_BYTES);
    if (f->value.len > 0)
        memcpy(stamped + KV_STAMP_BYTES, f->value.ptr, f->value.len);
    f->value = (struct str){stamped, len};
    return KV_OK;
}

static inline enum kv_result deliver(struct txn *txn, struct found *f, unsigned flags, struct kv_value *out)
{
    enum kv_result r = KV_OK;
    out->found = f->at != 0 && !f->deleted;
    if (UNLIKELY((flags & KV_READ_STAMPED) != 0) && out->found)
        r = found_stamp(txn, f);
    out->value = out->found ? f->value : STR_EMPTY;
    return r;
}

static enum kv_result get(struct txn *txn, struct str key, unsigned flags, struct kv_value *out)
{
    const struct write *w = write_under(write_find(txn, key), read_mark_for(txn, flags));
    struct found found;
    if (w != NULL && w->kind != WRITE_ADD) {
        found = (struct found){.at = UINT64_MAX, .deleted = w->kind == WRITE_DELETE, .value = w->value};
        return deliver(txn, &found, flags, out);
    }
    if (UNLIKELY(key.len == 0)) {
        *out = (struct kv_value){.value = STR_EMPTY};
        return KV_OK;
    }
    if ((flags & KV_READ_SNAPSHOT) == 0 && !txn->read_only) {
        enum kv_result r = reads_add_point(txn, reads_for(txn, flags), key);
        if (r != KV_OK)
            return r;
    }
    enum kv_result r = read_committed(txn, key, &found);
    if (r == KV_OK && w != NULL)
        r = found_add(txn, w, &found);
    return r == KV_OK ? deliver(txn, &found, flags, out) : r;
}

enum kv_result txn_get(struct kv_txn *base, struct str key, unsigned flags, struct kv_value *out)
{
    struct txn *txn = txn_of(base);
    enum kv_result r = txn_check(txn);
    return r == KV_OK ? get(txn, key, flags, out) : r;
}

enum kv_result txn_get_many(struct kv_txn *base, const struct str *keys, size_t n, unsigned flags, struct kv_value *out)
{
    struct txn *txn = txn_of(base);
    enum kv_result r = txn_check(txn);
    for (size_t i = 0; i < n && r == KV_OK; i++)
        r = get(txn, keys[i], flags, &out[i]);
    return r;
}

uint64_t view_newest_version(struct view *view, struct str key)
{
    for (unsigned i = 0; i < view->count; i++) {
        struct skip_node *node = skip_find(&view->tables[i]->keys, key);
        struct version *v = node != NULL ? memtable_newest_of(node) : NULL;
        if (v != NULL)
            return v->at;
    }
    return 0;
}

int newest_value(struct view *view, struct tree *tree, MDB_txn *txn, struct str key, struct found *out)
{
    *out = (struct found){0};
    if (find_in_memtables(view, key, UINT64_MAX, out))
        return 0;
    struct str stamped;
    int rc = tree_get(txn, tree->data, key, &stamped);
    if (rc == 0)
        *out = found_in_tree(stamped);
    return rc == MDB_NOTFOUND ? 0 : rc;
}
