// An ordered map from byte strings to pointers: a skip list (Pugh 1990) in an arena, with one writer and any number of
// lock-free readers. Nodes are never removed or moved; they live as long as the arena.
//
// Threads: skip_insert and skip_reset need the writer's own exclusion. Everything else may run at the same time.
// A reader that meets a node sees its key and whatever payload was stored before (release/acquire on every link).
#ifndef KV_LOCAL_SKIPLIST_INT_H
#define KV_LOCAL_SKIPLIST_INT_H

#include "base/arena.h"
#include "base/str.h"
#include <stdatomic.h>

enum { SKIP_HEIGHT_MAX = 12 };

struct skip_node {
    _Atomic(void *) payload; // owner's; release by the writer, acquire by readers
    uint32_t key_len;
    uint32_t height;
    _Atomic(struct skip_node *) next[]; // `height` links, then the key
};

typedef _Atomic(struct skip_node *) skip_link;

struct skiplist {
    struct arena *arena;
    uint64_t random;    // writer only
    size_t count;       // writer only
    _Atomic int height; // levels in use
    skip_link head[SKIP_HEIGHT_MAX];
    // Where the last insertion happened, so that ascending insertions start there. Writer only.
    struct skip_node *finger;
    skip_link *finger_links[SKIP_HEIGHT_MAX];
};

void skip_init(struct skiplist *list, struct arena *arena);
// The node of `key`, made (with NULL payload) when missing. The key is copied.
struct skip_node *skip_insert(struct skiplist *list, struct str key);
struct skip_node *skip_find(struct skiplist *list, struct str key); // NULL when missing
// The same for the writer: faster just behind the last insertion.
struct skip_node *skip_find_near(struct skiplist *list, struct str key);
struct skip_node *skip_seek(struct skiplist *list, struct str key);   // first node >= key, or NULL
struct skip_node *skip_before(struct skiplist *list, struct str key); // last node < key, or NULL
struct skip_node *skip_last(struct skiplist *list);

static inline struct str skip_key(const struct skip_node *node)
{
    return (struct str){(const char *)&node->next[node->height], node->key_len};
}
static inline struct skip_node *skip_first(struct skiplist *list)
{
    return atomic_load_explicit(&list->head[0], memory_order_acquire);
}
static inline struct skip_node *skip_next(struct skip_node *node)
{
    return atomic_load_explicit(&node->next[0], memory_order_acquire);
}
static inline void *skip_payload(struct skip_node *node)
{
    return atomic_load_explicit(&node->payload, memory_order_acquire);
}
static inline void skip_set_payload(struct skip_node *node, void *payload)
{
    atomic_store_explicit(&node->payload, payload, memory_order_release);
}

#endif
