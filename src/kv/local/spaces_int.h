// Counting bytes by space: spaces.c.
#ifndef KV_LOCAL_SPACES_INT_H
#define KV_LOCAL_SPACES_INT_H

#include "kv/local/store_int.h"

// Of one merge.
struct space_counter {
    struct tree_write *w;
    uint64_t (*space_of)(struct str key);
    bool counts;
    uint64_t space; // of the keys at hand; 0: counted for none
    int64_t change; // of its bytes, not written yet
};
// All give 0 or an LMDB code.
int spaces_create(MDB_txn *txn, MDB_dbi meta); // a new tree: every count is zero
int spaces_begin(struct space_counter *c, uint64_t (*space_of)(struct str key), struct tree_write *w);
// Before the key is changed in the tree; keys in order.
int spaces_count(struct space_counter *c, struct str key, const struct version *newest);
int spaces_end(struct space_counter *c);

bool store_space_bytes(struct kv *kv, uint64_t space, struct kv_range range, uint64_t *bytes);

#endif
