// Superseded versions, for reads at an older version than the tree's.
//
// A checkpoint writes the versions it supersedes to the newest partition, each with the versions between which it was
// current; so a partition holds what was superseded after its start, up to the start of the next. A snapshot needs the
// partitions that end after it. What no snapshot may ask for any more is left out, hence a version counts for a
// snapshot only if that lies before its end. Partitions are bounded in size and number, and so is history.
//
//   value of a key   its versions, newest first: u64 commit version, u64 version that superseded it, u32 length, bytes
#include "kv/local/history_int.h"

#include "base/buf.h"

#include <string.h>

enum { VERSION_HEADER_BYTES = 20 };

struct found history_pick(struct str versions, uint64_t snapshot)
{
    for (size_t at = 0; at < versions.len;) {
        uint64_t version, superseded_at;
        uint32_t len;
        INVARIANT(versions.len - at >= VERSION_HEADER_BYTES);
        memcpy(&version, versions.ptr + at, 8);
        memcpy(&superseded_at, versions.ptr + at + 8, 8);
        memcpy(&len, versions.ptr + at + 16, 4);
        at += VERSION_HEADER_BYTES;
        INVARIANT(versions.len - at >= len);
        if (superseded_at <= snapshot)
            break; // and so are all older ones
        if (version <= snapshot)
            return (struct found){.at = version, .value = {versions.ptr + at, len}};
        at += len;
    }
    return (struct found){0};
}

unsigned history_first(const struct tree_state *state, uint64_t snapshot)
{
    unsigned i = 0;
    while (i + 1 < state->partition_count && state->partitions[i + 1].start <= snapshot)
        i++;
    return i;
}

int history_lookup(const struct tree_reader *reader, struct str key, uint64_t snapshot, struct found *out)
{
    const struct tree_state *state = &reader->state;
    unsigned first = history_first(state, snapshot);
    for (unsigned i = state->partition_count; i-- > first;) {
        struct str versions;
        int rc = tree_get(reader->txn, state->partitions[i].dbi, key, &versions);
        if (rc == 0)
            *out = history_pick(versions, snapshot);
        if (rc != MDB_NOTFOUND && (rc != 0 || out->at != 0))
            return rc;
    }
    return MDB_NOTFOUND;
}

void history_append(struct buf *versions, uint64_t at, uint64_t superseded_at, struct str value)
{
    uint32_t len = (uint32_t)value.len;
    buf_append(versions, &at, 8);
    buf_append(versions, &superseded_at, 8);
    buf_append(versions, &len, 4);
    buf_str(versions, value);
}

int history_store(struct tree_write *w, struct str key, struct buf *versions, bool *heavy)
{
    MDB_dbi dbi = w->state.partitions[w->state.partition_count - 1].dbi;
    struct str before;
    int rc = tree_get(w->txn, dbi, key, &before);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == 0)
        buf_str(versions, before);
    *heavy = *heavy || versions->len > HISTORY_LIST_BYTES;
    return tree_put(w->txn, dbi, key, buf_view(versions), &w->scratch);
}

uint64_t history_bound(const struct tree_state *state)
{
    return state->partition_count < HISTORY_PARTITIONS_MAX ? 0 : state->partitions[1].start;
}

static size_t partition_bytes_max(const struct store *s)
{
    size_t all = s->history_disk_bytes_max;
    if (all == 0)
        all = s->dir != NULL ? (size_t)1 << 30 : (size_t)256 << 20;
    return all / HISTORY_PARTITIONS_MAX;
}

static int newest_partition_bytes(struct tree_write *w, size_t *out)
{
    MDB_stat stat;
    int rc = mdb_stat(w->txn, w->state.partitions[w->state.partition_count - 1].dbi, &stat);
    *out = rc == 0 ? (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize : 0;
    return rc;
}

// Whether the newest partition holds enough.
static int newest_is_full(struct tree_write *w, const struct store *store, bool *out)
{
    const struct tree_state *s = &w->state;
    int64_t history_ns = atomic_load_explicit(&store->history_ns, memory_order_relaxed);
    uint64_t width = (uint64_t)MAX(history_ns / HISTORY_PARTITIONS, (int64_t)1000000000);
    size_t bytes;
    *out = true;
    if (s->partition_count == 0)
        return 0;
    int rc = newest_partition_bytes(w, &bytes);
    *out = store->checkpoint.history_heavy || bytes >= partition_bytes_max(store) ||
           s->version - s->partitions[s->partition_count - 1].start >= width;
    return rc;
}

int history_prepare(struct tree_write *w, const struct store *store, uint64_t oldest_readable)
{
    struct tree_state *s = &w->state;
    uint64_t merged = s->version; // by the checkpoint before this one
    bool due;
    int rc = newest_is_full(w, store, &due);
    while (rc == 0 && s->partition_count > 1 && s->partitions[1].start <= oldest_readable)
        rc = tree_partition_drop_first(w);
    if (rc == 0 && due && s->partition_count < TREE_PARTITIONS_MAX)
        rc = tree_partition_add(w, merged);
    s->oldest_readable = oldest_readable;
    return rc;
}
