// Hash map from byte strings to pointers (open addressing). Keys are copied. Not thread-safe.
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/base.h"
#include "base/str.h"

struct map_entry {
    struct str key; // ptr NULL: empty; ptr map_tombstone: deleted
    uint64_t hash;
    void *value;
};

struct map {
    struct map_entry *entries;
    size_t cap;  // power of two or 0
    size_t len;  // live entries
    size_t used; // live and deleted
};

#define MAP_INIT ((struct map){0})

void map_release(struct map *m);                    // values are the caller's
void *map_get(const struct map *m, struct str key); // NULL when absent
// Returns the value that was there before, or NULL. `value` must not be NULL.
void *map_put(struct map *m, struct str key, void *value);
void *map_remove(struct map *m, struct str key);
void map_clear(struct map *m);
// Iteration in no order: for (size_t it = 0; (e = map_next(m, &it)) != NULL;). Removing while iterating is allowed.
struct map_entry *map_next(const struct map *m, size_t *it);

// 64-bit hash of bytes; stable within a process run only.
uint64_t hash_bytes(const void *ptr, size_t len, uint64_t seed);
static inline uint64_t hash_u64(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

#endif
