// The write set of a transaction and its savepoints.
#include "kv/local/store_int.h"

#include <string.h>

struct write *write_find(struct txn *txn, struct str key)
{
    if (LIKELY(txn->writes.count == 0))
        return NULL;
    struct skip_node *node = skip_find_near(&txn->writes, key);
    return node != NULL ? skip_payload(node) : NULL;
}

const struct write *write_under(const struct write *w, uint64_t mark)
{
    while (w != NULL && w->mark > mark)
        w = w->before;
    return w;
}

uint64_t read_mark_for(const struct txn *txn, unsigned flags)
{
    return (flags & KV_READ_MARKED) != 0 ? txn->read_mark : UINT64_MAX;
}

uint64_t txn_mark(const struct kv_txn *base)
{
    return ((const struct txn *)base)->writes_made;
}

void txn_set_read_mark(struct kv_txn *base, uint64_t mark)
{
    txn_of(base)->read_mark = mark;
}

int64_t counter_decode(struct str value)
{
    int64_t n = 0;
    memcpy(&n, value.ptr, MIN(value.len, sizeof(n)));
    return n;
}

static void account(struct txn *txn, const struct skip_node *node, const struct write *w, bool add)
{
    if (w == NULL)
        return;
    size_t bytes = node->key_len + w->value.len;
    txn->write_bytes = add ? txn->write_bytes + bytes : txn->write_bytes - bytes;
    txn->write_count = add ? txn->write_count + 1 : txn->write_count - 1;
}

static void replace(struct txn *txn, struct skip_node *node, struct write *w)
{
    account(txn, node, skip_payload(node), false);
    account(txn, node, w, true);
    skip_set_payload(node, w);
}

static enum kv_result check_write(struct txn *txn, struct str key, size_t value_len)
{
    const struct kv_limits *limits = &txn->store->limits;
    if (txn->read_only)
        return KV_READ_ONLY;
    if (store_failed(txn->store))
        return KV_IO;
    if (key.len == 0 || key.len > limits->key_bytes_max || value_len > limits->value_bytes_max ||
        txn->write_bytes + key.len + value_len > limits->txn_bytes_max)
        return KV_TOO_LARGE;
    return txn_check(txn);
}

// Puts `w` in place of the key's write so far.
static enum kv_result store_write(struct txn *txn, struct str key, struct write w)
{
    enum kv_result r = check_write(txn, key, w.value.len);
    if (r == KV_OK)
        r = txn_charge(txn, sizeof(w) + sizeof(struct skip_node) + 2 * sizeof(void *) + key.len + w.value.len);
    if (r != KV_OK)
        return r;
    struct skip_node *node = skip_insert(&txn->writes, key);
    struct write *before = skip_payload(node);
    struct write *stored = arena_alloc(&txn->arena, sizeof(*stored));
    *stored = w;
    stored->value = arena_str(&txn->arena, w.value);
    stored->mark = ++txn->writes_made;
    stored->before = before;
    // An addition alone relies on no snapshot; what follows it does.
    stored->snapshot = before != NULL && before->kind != WRITE_ADD ? before->snapshot : txn->snapshot;
    if (txn->savepoints.len > 0)
        ARENA_PUSH(&txn->arena, &txn->undo, ((struct undo){node, before}));
    replace(txn, node, stored);
    return KV_OK;
}

enum kv_result txn_put(struct kv_txn *base, struct str key, struct str value)
{
    return store_write(txn_of(base), key, (struct write){.kind = WRITE_PUT, .value = value});
}

enum kv_result txn_delete(struct kv_txn *base, struct str key)
{
    return store_write(txn_of(base), key, (struct write){.kind = WRITE_DELETE, .value = STR_EMPTY});
}

// On top of an own write the sum is known now; else it is left to the commit.
enum kv_result txn_add(struct kv_txn *base, struct str key, int64_t delta)
{
    struct txn *txn = txn_of(base);
    const struct write *before = write_find(txn, key);
    if (before == NULL || before->kind == WRITE_ADD) {
        int64_t sum = (int64_t)((uint64_t)delta + (uint64_t)(before != NULL ? before->delta : 0));
        return store_write(txn, key, (struct write){.kind = WRITE_ADD, .value = STR_EMPTY, .delta = sum});
    }
    int64_t sum = (int64_t)((uint64_t)counter_decode(before->value) + (uint64_t)delta);
    struct str value = {(const char *)&sum, sizeof(sum)};
    return store_write(txn, key, (struct write){.kind = WRITE_PUT, .value = value});
}

// The keys present are found by a scan, which remembers the range as read: a key that another transaction commits into
// it meanwhile is a conflict, not a survivor.
enum kv_result txn_delete_range(struct kv_txn *base, struct kv_range range)
{
    struct txn *txn = txn_of(base);
    if (txn->read_only)
        return KV_READ_ONLY;
    struct kv_scan *scan;
    struct kv_batch batch;
    enum kv_result r = scan_open(base, range, KV_READ_KEYS_ONLY | KV_READ_VALIDATED, 0, &scan);
    if (r != KV_OK)
        return r;
    while ((r = scan_next(scan, 256, &batch)) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n && r == KV_OK; i++)
            r = txn_delete(base, batch.pairs[i].key);
        if (r != KV_OK)
            break;
    }
    scan_close(scan);
    return r;
}

unsigned txn_savepoint(struct kv_txn *base)
{
    struct txn *txn = txn_of(base);
    ARENA_PUSH(&txn->arena, &txn->savepoints, txn->undo.len);
    return (unsigned)txn->savepoints.len;
}

enum kv_result txn_rollback_to(struct kv_txn *base, unsigned savepoint)
{
    struct txn *txn = txn_of(base);
    INVARIANT(savepoint >= 1 && savepoint <= txn->savepoints.len);
    size_t keep = txn->savepoints.ptr[savepoint - 1];
    while (txn->undo.len > keep) {
        struct undo *u = &txn->undo.ptr[--txn->undo.len];
        replace(txn, u->node, u->before);
    }
    txn->savepoints.len = savepoint;
    return KV_OK;
}
