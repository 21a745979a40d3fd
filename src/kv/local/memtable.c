#include "kv/local/memtable_int.h"

struct memtable *memtable_new(uint64_t log_first)
{
    struct memtable *m = mem_zalloc(sizeof(*m));
    atomic_init(&m->refs, 1);
    m->log_first = log_first;
    arena_init(&m->arena, NULL);
    skip_init(&m->keys, &m->arena);
    return m;
}

void memtable_ref(struct memtable *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
}

void memtable_unref(struct memtable *m)
{
    if (atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_release(&m->arena);
    mem_free(m);
}

void memtable_add(struct memtable *m, struct str key, uint64_t at, bool deleted, struct str value)
{
    size_t nodes = m->keys.count;
    struct skip_node *node = skip_insert(&m->keys, key);
    struct version *older = memtable_newest_of(node);
    INVARIANT(older == NULL || older->at < at);
    INVARIANT(value.len <= UINT32_MAX);
    struct version *v = arena_alloc(&m->arena, sizeof(*v) + value.len);
    v->at = at;
    v->older = older;
    v->committed_before = atomic_load_explicit(&m->newest, memory_order_relaxed);
    v->node = node;
    v->value_len = (uint32_t)value.len;
    v->deleted = deleted;
    if (value.len > 0)
        memcpy(v->value, value.ptr, value.len);
    if (m->min_version == 0)
        m->min_version = at;
    size_t added = sizeof(*v) + value.len + (m->keys.count > nodes ? sizeof(*node) + key.len + 16 : 0);
    atomic_fetch_add_explicit(&m->bytes, added, memory_order_relaxed);
    // The maximum first: a validator that sees the version must not skip this memtable for its maximum.
    atomic_store_explicit(&m->max_version, at, memory_order_release);
    skip_set_payload(node, v);
    atomic_store_explicit(&m->newest, v, memory_order_release);
}
