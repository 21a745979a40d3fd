#include "base/map.h"
#include <stdlib.h>

static const char tombstone_mark[1];

static bool is_live(const struct map_entry *e)
{
    return e->key.ptr != NULL && e->key.ptr != tombstone_mark;
}

uint64_t hash_bytes(const void *ptr, size_t len, uint64_t seed)
{
    const unsigned char *p = ptr;
    uint64_t h = seed ^ (len * 0x9E3779B97F4A7C15u);
    while (len >= 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        h = hash_u64(h ^ w) + 0x9E3779B97F4A7C15u;
        p += 8;
        len -= 8;
    }
    uint64_t tail = 0;
    if (len > 0) {
        memcpy(&tail, p, len);
        h ^= tail;
    }
    return hash_u64(h);
}

void map_clear(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        if (is_live(&m->entries[i]))
            mem_free((char *)m->entries[i].key.ptr);
    }
    if (m->cap != 0)
        memset(m->entries, 0, m->cap * sizeof(*m->entries));
    m->len = m->used = 0;
}

void map_release(struct map *m)
{
    map_clear(m);
    mem_free(m->entries);
    *m = MAP_INIT;
}

static struct map_entry *find(const struct map *m, struct str key, uint64_t hash)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_entry *e = &m->entries[i];
        if (e->key.ptr == NULL)
            return NULL;
        if (e->hash == hash && is_live(e) && str_eq(e->key, key))
            return e;
    }
}

static void place(struct map *m, struct map_entry entry)
{
    size_t i = entry.hash & (m->cap - 1);
    while (m->entries[i].key.ptr != NULL)
        i = (i + 1) & (m->cap - 1);
    m->entries[i] = entry;
    m->used++;
    m->len++;
}

static void grow(struct map *m)
{
    struct map old = *m;
    m->cap = MAX((size_t)16, old.len * 4);
    while ((m->cap & (m->cap - 1)) != 0)
        m->cap &= m->cap - 1;
    if (m->cap < old.len * 2)
        m->cap *= 2;
    m->entries = mem_zalloc(size_mul(m->cap, sizeof(*m->entries)));
    m->len = m->used = 0;
    for (size_t i = 0; i < old.cap; i++) {
        if (is_live(&old.entries[i]))
            place(m, old.entries[i]);
    }
    mem_free(old.entries);
}

void *map_get(const struct map *m, struct str key)
{
    struct map_entry *e = find(m, key, hash_bytes(key.ptr, key.len, 0));
    return e == NULL ? NULL : e->value;
}

void *map_put(struct map *m, struct str key, void *value)
{
    INVARIANT(value != NULL);
    uint64_t hash = hash_bytes(key.ptr, key.len, 0);
    struct map_entry *e = find(m, key, hash);
    if (e != NULL) {
        void *before = e->value;
        e->value = value;
        return before;
    }
    if ((m->used + 1) * 4 > m->cap * 3)
        grow(m);
    place(m, (struct map_entry){{str_dup_c(key), key.len}, hash, value});
    return NULL;
}

void *map_remove(struct map *m, struct str key)
{
    struct map_entry *e = find(m, key, hash_bytes(key.ptr, key.len, 0));
    if (e == NULL)
        return NULL;
    mem_free((char *)e->key.ptr);
    e->key.ptr = tombstone_mark;
    m->len--;
    return e->value;
}

struct map_entry *map_next(const struct map *m, size_t *it)
{
    while (*it < m->cap) {
        struct map_entry *e = &m->entries[(*it)++];
        if (is_live(e))
            return e;
    }
    return NULL;
}
