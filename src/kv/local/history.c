// Superseded versions, for reads at an older version than the tree's.
//
// A checkpoint writes the versions it supersedes (and the deletions it applies) to the newest partition, so a partition
// holds what was superseded after its start, up to the start of the next. A snapshot needs the partitions that end
// after it; among them, a newer one's versions of a key are all newer.
//
//   value of a key   its versions, newest first: u64 commit version, u32 length (top bit: deletion), bytes
#include "kv/local/history_int.h"

#include "base/buf.h"

#include <string.h>

enum { VERSION_HEADER_BYTES = 12 };
#define VERSION_DELETED 0x80000000u

struct found history_pick(struct str versions, uint64_t snapshot)
{
    for (size_t at = 0; at < versions.len;) {
        uint64_t version;
        uint32_t len;
        INVARIANT(versions.len - at >= VERSION_HEADER_BYTES);
        memcpy(&version, versions.ptr + at, 8);
        memcpy(&len, versions.ptr + at + 8, 4);
        bool deleted = (len & VERSION_DELETED) != 0;
        len &= ~VERSION_DELETED;
        INVARIANT(versions.len - at - VERSION_HEADER_BYTES >= len);
        if (version <= snapshot)
            return (struct found){version, deleted, {versions.ptr + at + VERSION_HEADER_BYTES, len}};
        at += VERSION_HEADER_BYTES + len;
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

int history_get(const struct tree_reader *reader, struct str key, uint64_t snapshot, struct found *out)
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

void history_append(struct buf *versions, uint64_t at, bool deleted, struct str value)
{
    uint32_t len = (uint32_t)value.len | (deleted ? VERSION_DELETED : 0);
    buf_append(versions, &at, 8);
    buf_append(versions, &len, 4);
    buf_str(versions, value);
}

int history_store(struct tree_write *w, struct str key, struct buf *versions)
{
    MDB_dbi dbi = w->state.partitions[w->state.partition_count - 1].dbi;
    struct str before;
    int rc = tree_get(w->txn, dbi, key, &before);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    if (rc == 0)
        buf_str(versions, before);
    return tree_put(w->txn, dbi, key, buf_view(versions), &w->scratch);
}

int history_prepare(struct tree_write *w, uint64_t oldest_readable, int64_t history_ns)
{
    struct tree_state *s = &w->state;
    uint64_t merged = s->version; // by the checkpoint before this one
    uint64_t width = (uint64_t)MAX(history_ns / HISTORY_PARTITIONS, (int64_t)1000000000);
    bool due = s->partition_count == 0 || merged - s->partitions[s->partition_count - 1].start >= width;
    int rc = 0;
    while (rc == 0 && s->partition_count > 1 && s->partitions[1].start <= oldest_readable)
        rc = tree_partition_drop_first(w);
    if (rc == 0 && due && s->partition_count < TREE_PARTITIONS_MAX)
        rc = tree_partition_add(w, merged);
    s->oldest_readable = oldest_readable;
    return rc;
}
