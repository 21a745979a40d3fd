// Writing of history by a checkpoint; reading is in store_int.h.
#ifndef KV_LOCAL_HISTORY_INT_H
#define KV_LOCAL_HISTORY_INT_H

#include "kv/local/store_int.h"

enum { HISTORY_PARTITIONS = 8 }; // about as many are alive

// Drops partitions nobody may read any more and opens a new one when the newest is old enough.
int history_prepare(struct tree_write *w, uint64_t oldest_readable, int64_t history_ns);
// Adds a version to the list being built for a key, newest first.
void history_append(struct buf *versions, uint64_t at, bool deleted, struct str value);
// Puts the list, which is newer than any before, to the newest partition.
int history_store(struct tree_write *w, struct str key, struct buf *versions);

#endif
