// How often statements have read each index, for crdb_internal.index_usage_statistics. In memory: counted anew from the
// start of the process.
//
// Threads: sessions count without locks. The buckets are made with the first count, so that clusters at rest cost
// nothing. An entry is put once and stays until the engine is closed; beyond ENTRIES_MAX indexes further ones are not
// counted.
#include "sql/session/session_int.h"

enum { BUCKETS = 1024, ENTRIES_MAX = 1 << 16 };

struct usage_entry {
    struct usage_entry *next;
    uint32_t table_id, index_id;
    _Atomic(uint64_t) reads;
    _Atomic(int64_t) last_micros;
};

typedef _Atomic(struct usage_entry *) bucket; // release when an entry is put: its fields are seen with it
struct index_usage {
    _Atomic(bucket *) buckets; // NULL: nothing is counted yet
    _Atomic(uint32_t) n_entries;
};

struct index_usage *index_usage_new(void)
{
    return mem_zalloc(sizeof(struct index_usage));
}

void index_usage_free(struct index_usage *u)
{
    if (u == NULL)
        return;
    bucket *buckets = atomic_load(&u->buckets);
    for (size_t i = 0; buckets != NULL && i < BUCKETS; i++)
        for (struct usage_entry *e = buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            mem_free(e);
        }
    mem_free(buckets);
    mem_free(u);
}

void index_usage_reset(struct index_usage *u)
{
    bucket *buckets = atomic_load(&u->buckets);
    for (size_t i = 0; buckets != NULL && i < BUCKETS; i++)
        for (struct usage_entry *e = atomic_load_explicit(&buckets[i], memory_order_acquire); e != NULL; e = e->next) {
            atomic_store_explicit(&e->reads, 0, memory_order_relaxed);
            atomic_store_explicit(&e->last_micros, 0, memory_order_relaxed);
        }
}

static bucket *bucket_in(bucket *buckets, uint32_t table_id, uint32_t index_id)
{
    return &buckets[(table_id * 31 + index_id) % BUCKETS];
}

static struct usage_entry *find_from(struct usage_entry *e, uint32_t table_id, uint32_t index_id)
{
    while (e != NULL && (e->table_id != table_id || e->index_id != index_id))
        e = e->next;
    return e;
}

static struct usage_entry *find(struct index_usage *u, uint32_t table_id, uint32_t index_id)
{
    bucket *buckets = atomic_load_explicit(&u->buckets, memory_order_acquire);
    if (buckets == NULL)
        return NULL;
    return find_from(atomic_load_explicit(bucket_in(buckets, table_id, index_id), memory_order_acquire), table_id,
                     index_id);
}

static bucket *make_buckets(struct index_usage *u)
{
    bucket *made = mem_zalloc(BUCKETS * sizeof(bucket)), *there = NULL;
    if (atomic_compare_exchange_strong(&u->buckets, &there, made))
        return made;
    mem_free(made); // somebody else was first
    return there;
}

// NULL: there are too many.
static struct usage_entry *add(struct index_usage *u, uint32_t table_id, uint32_t index_id)
{
    bucket *buckets = atomic_load_explicit(&u->buckets, memory_order_acquire);
    bucket *at = bucket_in(buckets != NULL ? buckets : make_buckets(u), table_id, index_id);
    if (atomic_fetch_add_explicit(&u->n_entries, 1, memory_order_relaxed) >= ENTRIES_MAX) {
        atomic_fetch_sub_explicit(&u->n_entries, 1, memory_order_relaxed);
        return NULL;
    }
    struct usage_entry *made = mem_zalloc(sizeof(*made)), *other;
    made->table_id = table_id;
    made->index_id = index_id;
    made->next = atomic_load_explicit(at, memory_order_acquire);
    while ((other = find_from(made->next, table_id, index_id)) == NULL)
        if (atomic_compare_exchange_weak_explicit(at, &made->next, made, memory_order_acq_rel, memory_order_acquire))
            return made;
    mem_free(made); // somebody else was first
    atomic_fetch_sub_explicit(&u->n_entries, 1, memory_order_relaxed);
    return other;
}

void session_index_read(void *session, const struct cat_table *t, const struct cat_index *index)
{
    struct session *s = session;
    struct index_usage *u = s->engine->index_usage;
    if (t->id < CAT_ID_FIRST_USER)
        return;
    struct usage_entry *e = find(u, t->id, index->id);
    if (e == NULL)
        e = add(u, t->id, index->id);
    if (e == NULL)
        return;
    atomic_fetch_add_explicit(&e->reads, 1, memory_order_relaxed);
    atomic_store_explicit(&e->last_micros, s->statement_micros, memory_order_relaxed);
}

void index_usage_get(struct index_usage *u, uint32_t table_id, uint32_t index_id, uint64_t *reads, int64_t *last_micros)
{
    const struct usage_entry *e = find(u, table_id, index_id);
    *reads = e != NULL ? atomic_load_explicit(&e->reads, memory_order_relaxed) : 0;
    *last_micros = e != NULL ? atomic_load_explicit(&e->last_micros, memory_order_relaxed) : 0;
}
