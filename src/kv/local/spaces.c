// How much of what is live each space has: a space is the keys to which kv_options.space_of gives the same number.
//
// The tree's part is counted when a memtable is merged, in the transaction that merges it, and kept in the meta
// database:
//
//   spaces              present: the counts are right
//   space NNNNNNNN      u64: bytes of keys and values of the space with this number (big-endian)
//
// What is not merged yet is compared with the tree when somebody asks, in the time that takes.
//
// A merge by a store that was opened without space_of takes the mark away for good.
#include "kv/local/spaces_int.h"

#include "base/buf.h"
#include "base/util.h"

static const char MARK[] = "spaces";
enum { COUNT_KEY_BYTES = 6 + 8 };

static MDB_val mark_key(void)
{
    return (MDB_val){sizeof(MARK) - 1, (void *)MARK};
}

static MDB_val count_key(uint64_t space, char bytes[COUNT_KEY_BYTES])
{
    memcpy(bytes, "space ", 6);
    store_be64(bytes + 6, space);
    return (MDB_val){COUNT_KEY_BYTES, bytes};
}

static int read_count(MDB_txn *txn, MDB_dbi meta, uint64_t space, uint64_t *out)
{
    char bytes[COUNT_KEY_BYTES];
    MDB_val key = count_key(space, bytes), value;
    int rc = mdb_get(txn, meta, &key, &value);
    *out = 0;
    if (rc == 0 && value.mv_size != sizeof(*out))
        return MDB_CORRUPTED;
    if (rc == 0)
        memcpy(out, value.mv_data, sizeof(*out));
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int spaces_create(MDB_txn *txn, MDB_dbi meta)
{
    MDB_val key = mark_key(), value = {0, NULL};
    return mdb_put(txn, meta, &key, &value, 0);
}

static int has_mark(MDB_txn *txn, MDB_dbi meta, bool *out)
{
    MDB_val key = mark_key(), value;
    int rc = mdb_get(txn, meta, &key, &value);
    *out = rc == 0;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

// ---- merging

int spaces_begin(struct space_counter *c, uint64_t (*space_of)(struct str key), struct tree_write *w)
{
    MDB_val key = mark_key();
    *c = (struct space_counter){.w = w};
    int rc = has_mark(w->txn, w->tree->meta, &c->counts);
    if (rc != 0 || !c->counts || space_of != NULL) {
        c->space_of = space_of;
        c->counts = c->counts && space_of != NULL;
        return rc;
    }
    c->counts = false;
    return mdb_del(w->txn, w->tree->meta, &key, NULL);
}

int spaces_end(struct space_counter *c)
{
    char bytes[COUNT_KEY_BYTES];
    uint64_t count;
    if (!c->counts || c->change == 0)
        return 0;
    MDB_val key = count_key(c->space, bytes), value = {sizeof(count), &count};
    int rc = read_count(c->w->txn, c->w->tree->meta, c->space, &count);
    if (rc != 0)
        return rc;
    count += (uint64_t)c->change;
    c->change = 0;
    return count != 0 ? mdb_put(c->w->txn, c->w->tree->meta, &key, &value, 0)
                      : mdb_del(c->w->txn, c->w->tree->meta, &key, NULL);
}

// What the newest version of the key changes.
static int change_of(MDB_txn *txn, MDB_dbi data, struct str key, const struct version *newest, int64_t *change)
{
    struct str current;
    int rc = tree_get(txn, data, key, &current);
    if (!newest->deleted)
        *change += (int64_t)(key.len + newest->value_len);
    if (rc == 0)
        *change -= (int64_t)(key.len + tree_value(current).len);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int spaces_count(struct space_counter *c, struct str key, const struct version *newest)
{
    uint64_t space = c->counts ? c->space_of(key) : 0;
    if (space != c->space) { // keys come in order, so one space after the other
        int rc = spaces_end(c);
        if (rc != 0)
            return rc;
        c->space = space;
    }
    return space != 0 ? change_of(c->w->txn, c->w->tree->data, key, newest, &c->change) : 0;
}

// ---- asking

static bool in_newer_table(struct view *view, unsigned i, struct str key)
{
    for (unsigned k = 0; k < i; k++)
        if (skip_find(&view->tables[k]->keys, key) != NULL)
            return true;
    return false;
}

// Of one memtable, the keys that no newer one has.
static int add_unmerged(struct store *s, MDB_txn *txn, struct view *view, unsigned i, struct kv_range range,
                        int64_t *change)
{
    struct skip_node *node = skip_seek(&view->tables[i]->keys, range.start);
    for (; node != NULL; node = skip_next(node)) {
        struct str key = skip_key(node);
        const struct version *newest = memtable_newest_of(node);
        if (range.end.ptr != NULL && str_cmp(key, range.end) >= 0)
            return 0;
        if (newest == NULL || in_newer_table(view, i, key)) // NULL: just being added
            continue;
        int rc = change_of(txn, s->tree.data, key, newest, change);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int add_up(struct store *s, struct tree_reader *reader, struct view *view, uint64_t space, struct kv_range range,
                  bool *counts, uint64_t *bytes)
{
    int64_t change = 0;
    int rc = has_mark(reader->txn, s->tree.meta, counts);
    if (rc == 0 && *counts)
        rc = read_count(reader->txn, s->tree.meta, space, bytes);
    for (unsigned i = 0; i < view->count && rc == 0 && *counts; i++)
        if (memtable_max(view->tables[i]) > reader->state.version)
            rc = add_unmerged(s, reader->txn, view, i, range, &change);
    *bytes += (uint64_t)change;
    return rc;
}

bool store_space_bytes(struct kv *kv, uint64_t space, struct kv_range range, uint64_t *bytes)
{
    struct store *s = (struct store *)kv;
    bool counts = false;
    // The view first: what is merged meanwhile is in the reader's tree.
    struct view *view = view_acquire(s, 0);
    struct tree_reader *reader = tree_reader_take(&s->tree, 0);
    *bytes = 0;
    int rc = reader != NULL ? add_up(s, reader, view, space, range, &counts, bytes) : MDB_READERS_FULL;
    if (reader != NULL)
        tree_reader_give(&s->tree, reader, 0);
    view_unref(view);
    return rc == 0 && counts;
}
