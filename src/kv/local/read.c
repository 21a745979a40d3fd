// Point reads.
#include "kv/local/store_int.h"

#include "base/util.h"

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
            *out = (struct found){v->at, v->deleted, version_value(v)};
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
        *out = (struct found){tree_stamp(stamped), false, tree_value(stamped)};
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

// The value under an own addition.
static enum kv_result add_to(struct txn *txn, const struct write *w, const struct found *base, struct str *out)
{
    int64_t before = base->at != 0 && !base->deleted ? counter_decode(base->value) : 0;
    int64_t sum = (int64_t)((uint64_t)before + (uint64_t)w->delta);
    enum kv_result r = txn_charge(txn, sizeof(sum));
    if (r == KV_OK)
        *out = (struct str){arena_dup(&txn->arena, &sum, sizeof(sum)), sizeof(sum)};
    return r;
}

static enum kv_result get(struct txn *txn, struct str key, unsigned flags, struct kv_value *out)
{
    const struct write *w = write_under(write_find(txn, key), read_mark_for(txn, flags));
    *out = (struct kv_value){.found = w != NULL && w->kind != WRITE_DELETE, .value = STR_EMPTY};
    if (w != NULL && w->kind != WRITE_ADD) {
        out->value = w->value;
        return KV_OK;
    }
    if (UNLIKELY(key.len == 0))
        return KV_OK;
    if ((flags & KV_READ_SNAPSHOT) == 0 && !txn->read_only) {
        enum kv_result r = reads_add_point(txn, reads_for(txn, flags), key);
        if (r != KV_OK)
            return r;
    }
    struct found found;
    enum kv_result r = read_committed(txn, key, &found);
    if (r != KV_OK)
        return r;
    if (w != NULL)
        return add_to(txn, w, &found, &out->value);
    out->found = found.at != 0 && !found.deleted;
    out->value = out->found ? found.value : STR_EMPTY;
    return KV_OK;
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
        *out = (struct found){tree_stamp(stamped), false, tree_value(stamped)};
    return rc == MDB_NOTFOUND ? 0 : rc;
}
