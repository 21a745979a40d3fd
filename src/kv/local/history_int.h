// Writing of history by a checkpoint; reading is in store_int.h.
#ifndef KV_LOCAL_HISTORY_INT_H
#define KV_LOCAL_HISTORY_INT_H

#include "kv/local/store_int.h"

enum {
    HISTORY_PARTITIONS = 8,       // about as many are alive
    HISTORY_PARTITIONS_MAX = 32,  // more when much changes; then the oldest go before their time
    HISTORY_LIST_BYTES = 1 << 20, // a longer list of one key closes its partition, lest it is rewritten again and again
};

// What oldest_readable has to be raised to, that the number of partitions stays bounded; 0: nothing.
uint64_t history_bound(const struct tree_state *state);
// Drops partitions nobody may read any more and opens a new one when the newest is old or large enough or `heavy`.
int history_prepare(struct tree_write *w, const struct store *s, uint64_t oldest_readable);
// Adds a version to the list being built for a key, newest first.
void history_append(struct buf *versions, uint64_t at, uint64_t superseded_at, struct str value);
// Puts the list, which is newer than any before, to the newest partition. Sets *heavy when the key's list is long.
int history_store(struct tree_write *w, struct str key, struct buf *versions, bool *heavy);

#endif
