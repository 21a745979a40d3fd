// Point access and cursors of one database of the tree, with keys longer than LMDB's in buckets (tree_int.h).
#include "kv/local/tree_int.h"

#include <string.h>

enum { ENTRY_HEADER_BYTES = 8 };

static bool is_long(struct str key)
{
    return key.len > TREE_DIRECT_KEY_MAX;
}

// What LMDB is asked for: the key or its bucket's.
static MDB_val stored_key(struct str key)
{
    return (MDB_val){MIN(key.len, (size_t)TREE_BUCKET_KEY), (void *)key.ptr};
}

struct entry {
    struct str key, value;
    size_t end; // offset after it
};

static struct entry entry_at(struct str bucket, size_t at)
{
    uint32_t key_len, value_len;
    INVARIANT(at + ENTRY_HEADER_BYTES <= bucket.len);
    memcpy(&key_len, bucket.ptr + at, 4);
    memcpy(&value_len, bucket.ptr + at + 4, 4);
    struct entry e;
    e.key = (struct str){bucket.ptr + at + ENTRY_HEADER_BYTES, key_len};
    e.value = (struct str){e.key.ptr + key_len, value_len};
    e.end = at + ENTRY_HEADER_BYTES + key_len + value_len;
    INVARIANT(e.end <= bucket.len);
    return e;
}

// Offset of the first entry >= key, or bucket.len; *exact when equal.
static size_t entry_seek(struct str bucket, struct str key, bool *exact)
{
    *exact = false;
    for (size_t at = 0; at < bucket.len;) {
        struct entry e = entry_at(bucket, at);
        int c = str_cmp(e.key, key);
        if (c >= 0) {
            *exact = c == 0;
            return at;
        }
        at = e.end;
    }
    return bucket.len;
}

// Offset of the last entry that begins before `limit`; limit > 0.
static size_t entry_before(struct str bucket, size_t limit)
{
    size_t at = 0;
    for (;;) {
        size_t end = entry_at(bucket, at).end;
        if (end >= limit)
            return at;
        at = end;
    }
}

static struct str str_of_val(MDB_val v)
{
    return (struct str){v.mv_data, v.mv_size};
}

int tree_get(MDB_txn *txn, MDB_dbi dbi, struct str key, struct str *value)
{
    MDB_val k = stored_key(key), v;
    int rc = mdb_get(txn, dbi, &k, &v);
    if (rc != 0)
        return rc;
    *value = str_of_val(v);
    if (LIKELY(!is_long(key)))
        return 0;
    bool exact;
    size_t at = entry_seek(*value, key, &exact);
    if (!exact)
        return MDB_NOTFOUND;
    *value = entry_at(*value, at).value;
    return 0;
}

// Stores the bucket with [from, to) replaced by `entry`; removes it when that leaves nothing.
static int bucket_replace(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, struct str bucket, size_t from, size_t to,
                          struct str entry, struct arena *scratch)
{
    size_t len = from + entry.len + (bucket.len - to);
    if (len == 0)
        return mdb_del(txn, dbi, k, NULL);
    char *bytes = arena_alloc(scratch, len); // the old bucket is LMDB's memory, which the put may reuse
    if (from > 0)
        memcpy(bytes, bucket.ptr, from);
    if (entry.len > 0)
        memcpy(bytes + from, entry.ptr, entry.len);
    if (bucket.len > to)
        memcpy(bytes + from + entry.len, bucket.ptr + to, bucket.len - to);
    MDB_val v = {len, bytes};
    return mdb_put(txn, dbi, k, &v, 0);
}

static int put_long(MDB_txn *txn, MDB_dbi dbi, struct str key, struct str value, struct arena *scratch)
{
    MDB_val k = stored_key(key), v = {0, NULL};
    int rc = mdb_get(txn, dbi, &k, &v);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    struct str bucket = rc == 0 ? str_of_val(v) : STR_EMPTY;
    bool exact;
    size_t at = entry_seek(bucket, key, &exact);
    uint32_t key_len = (uint32_t)key.len, value_len = (uint32_t)value.len;
    size_t len = ENTRY_HEADER_BYTES + key.len + value.len;
    char *entry = arena_alloc(scratch, len);
    memcpy(entry, &key_len, 4);
    memcpy(entry + 4, &value_len, 4);
    memcpy(entry + ENTRY_HEADER_BYTES, key.ptr, key.len);
    if (value.len > 0)
        memcpy(entry + ENTRY_HEADER_BYTES + key.len, value.ptr, value.len);
    return bucket_replace(txn, dbi, &k, bucket, at, exact ? entry_at(bucket, at).end : at, (struct str){entry, len},
                          scratch);
}

int tree_put(MDB_txn *txn, MDB_dbi dbi, struct str key, struct str value, struct arena *scratch)
{
    if (is_long(key))
        return put_long(txn, dbi, key, value, scratch);
    MDB_val k = stored_key(key), v = {value.len, (void *)value.ptr};
    return mdb_put(txn, dbi, &k, &v, 0);
}

int tree_delete(MDB_txn *txn, MDB_dbi dbi, struct str key, struct arena *scratch)
{
    MDB_val k = stored_key(key), v;
    if (!is_long(key))
        return mdb_del(txn, dbi, &k, NULL);
    int rc = mdb_get(txn, dbi, &k, &v);
    if (rc != 0)
        return rc;
    struct str bucket = str_of_val(v);
    bool exact;
    size_t at = entry_seek(bucket, key, &exact);
    if (!exact)
        return MDB_NOTFOUND;
    return bucket_replace(txn, dbi, &k, bucket, at, entry_at(bucket, at).end, STR_EMPTY, scratch);
}

static void show_entry(struct tree_cursor *c, size_t at)
{
    struct entry e = entry_at(c->bucket, at);
    c->entry = at;
    c->key = e.key;
    c->value = e.value;
    c->valid = true;
}

enum landing { LAND_FIRST, LAND_LAST };

// Takes over where LMDB's cursor moved to; in a bucket at its first or last entry.
static inline void land(struct tree_cursor *c, int rc, MDB_val k, MDB_val v, enum landing side)
{
    c->valid = rc == 0;
    c->bucket.ptr = NULL;
    if (UNLIKELY(rc != 0)) {
        c->error = rc == MDB_NOTFOUND ? 0 : rc;
        return;
    }
    if (UNLIKELY(k.mv_size == TREE_BUCKET_KEY)) {
        c->bucket = str_of_val(v);
        show_entry(c, side == LAND_FIRST ? 0 : entry_before(c->bucket, c->bucket.len));
        return;
    }
    c->key = str_of_val(k);
    c->value = str_of_val(v);
}

static inline void move(struct tree_cursor *c, MDB_cursor_op op, enum landing side)
{
    MDB_val k, v;
    int rc = mdb_cursor_get(c->cursor, &k, &v, op);
    land(c, rc, k, v, side);
}

void tree_cursor_next(struct tree_cursor *c)
{
    if (UNLIKELY(c->bucket.ptr != NULL)) {
        size_t end = entry_at(c->bucket, c->entry).end;
        if (end < c->bucket.len) {
            show_entry(c, end);
            return;
        }
    }
    move(c, MDB_NEXT, LAND_FIRST);
}

void tree_cursor_previous(struct tree_cursor *c)
{
    if (UNLIKELY(c->bucket.ptr != NULL && c->entry > 0)) {
        show_entry(c, entry_before(c->bucket, c->entry));
        return;
    }
    move(c, MDB_PREV, LAND_LAST);
}

void tree_cursor_last(struct tree_cursor *c)
{
    move(c, MDB_LAST, LAND_LAST);
}

void tree_cursor_seek(struct tree_cursor *c, struct str key)
{
    if (key.len == 0) {
        move(c, MDB_FIRST, LAND_FIRST);
        return;
    }
    MDB_val k = stored_key(key), v;
    int rc = mdb_cursor_get(c->cursor, &k, &v, MDB_SET_RANGE);
    land(c, rc, k, v, LAND_FIRST);
    while (c->valid && c->bucket.ptr != NULL && str_cmp(c->key, key) < 0)
        tree_cursor_next(c);
}

void tree_cursor_before(struct tree_cursor *c, struct str key)
{
    tree_cursor_seek(c, key);
    if (c->valid)
        tree_cursor_previous(c);
    else if (c->error == 0)
        tree_cursor_last(c);
}

size_t tree_cursor_run(struct tree_cursor *c, bool reverse, struct kv_pair *out, size_t max)
{
    MDB_cursor_op op = reverse ? MDB_PREV : MDB_NEXT;
    enum landing side = reverse ? LAND_LAST : LAND_FIRST;
    size_t n = 0;
    while (n < max && c->valid) {
        out[n++] = (struct kv_pair){c->key, tree_value(c->value)};
        if (LIKELY(c->bucket.ptr == NULL))
            move(c, op, side);
        else if (reverse)
            tree_cursor_previous(c);
        else
            tree_cursor_next(c);
    }
    return n;
}
