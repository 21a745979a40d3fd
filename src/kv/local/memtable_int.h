// A memtable: the versions of recent commits in memory, by key and by commit. One generation is active and grows;
// older ones are frozen, merged into the tree by a checkpoint, and kept while live snapshots still need them to
// validate against.
//
// Invariants
//  1. Versions of a key are chained newest first with strictly decreasing commit versions.
//  2. All versions of a generation are newer than all of the generation before.
//  3. Once frozen a memtable never changes.
//
// Threads: memtable_add by the commit leader only; everything else lock-free at any time.
#ifndef KV_LOCAL_MEMTABLE_INT_H
#define KV_LOCAL_MEMTABLE_INT_H

#include "kv/local/skiplist_int.h"

struct version {
    uint64_t at;                      // commit version
    struct version *older;            // of the same key
    struct version *committed_before; // the one added before it to this memtable, whatever its key
    struct skip_node *node;
    uint32_t value_len;
    bool deleted;
    char value[];
};

struct memtable {
    _Atomic uint32_t refs; // views that list it
    uint64_t log_first;    // log segment in which its commits begin
    struct skiplist keys;  // payload: struct version *, newest
    struct arena arena;
    _Atomic(struct version *) newest; // in commit order; release by the writer after the chain is linked
    uint64_t min_version;             // writer only; 0: empty
    _Atomic uint64_t max_version;     // 0: empty
    _Atomic size_t bytes;
    bool merged; // guarded by the store's checkpoint mutex
};

struct memtable *memtable_new(uint64_t log_first);
void memtable_ref(struct memtable *m);
void memtable_unref(struct memtable *m);
// Adds a version; `at` is not older than any before. A second write of a key at the same version replaces nothing:
// callers add a key once per commit.
void memtable_add(struct memtable *m, struct str key, uint64_t at, bool deleted, struct str value);

static inline struct version *memtable_newest_of(struct skip_node *node)
{
    return skip_payload(node);
}
// Newest version of the node not newer than `snapshot`, or NULL.
static inline struct version *memtable_visible(struct skip_node *node, uint64_t snapshot)
{
    struct version *v = memtable_newest_of(node);
    while (v != NULL && v->at > snapshot)
        v = v->older;
    return v;
}
static inline uint64_t memtable_max(const struct memtable *m)
{
    return atomic_load_explicit(&m->max_version, memory_order_acquire);
}
static inline size_t memtable_bytes(const struct memtable *m)
{
    return atomic_load_explicit(&m->bytes, memory_order_relaxed);
}
static inline struct str version_value(const struct version *v)
{
    return (struct str){v->value, v->value_len};
}

#endif
