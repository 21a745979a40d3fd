// Backward validation: has anything that the transaction read, or below SERIALIZABLE anything that it wrote or rests
// on, a version newer than its snapshot? The memtables are the index of recent versions.
//
// A committer first looks every span up by itself, in parallel with others (validate_commit). What is committed between
// that and its turn in the queue is few versions, found through the memtables' commit order (validate_since).
#include "kv/local/store_int.h"

static enum kv_result conflict(struct txn *txn, const struct version *v)
{
    txn->conflict = (struct kv_conflict){.key = arena_str(&txn->arena, skip_key(v->node)), .version = v->at};
    commit_author(txn->store, v->at, &txn->conflict);
    return KV_CONFLICT;
}

static bool serializable(const struct txn *txn)
{
    return txn->isolation == KV_SERIALIZABLE;
}

bool validation_needed(const struct txn *txn)
{
    return serializable(txn) ? txn->reads.spans.len > 0 : txn->write_count > 0;
}

// The memtables, newest first, as long as they may hold versions newer than `since`; an empty one says nothing about
// those behind it.
static struct memtable *next_newer(struct view *view, unsigned *i, uint64_t since)
{
    while (*i < view->count && memtable_max(view->tables[*i]) == 0)
        ++*i;
    return *i < view->count && memtable_max(view->tables[*i]) > since ? view->tables[(*i)++] : NULL;
}

static enum kv_result validate_span(struct txn *txn, struct memtable *m, const struct span *span)
{
    struct skip_node *node = skip_seek(&m->keys, span->start);
    for (; node != NULL && span_before_end(span, skip_key(node)); node = skip_next(node)) {
        struct version *v = memtable_newest_of(node);
        if (v != NULL && v->at > txn->snapshot)
            return conflict(txn, v);
    }
    return KV_OK;
}

static enum kv_result validate_writes(struct txn *txn, struct view *view)
{
    for (struct skip_node *node = skip_first(&txn->writes); node != NULL; node = skip_next(node)) {
        const struct write *w = skip_payload(node);
        if (w == NULL || w->kind == WRITE_ADD)
            continue;
        if (w->snapshot < atomic_load_explicit(&txn->store->validation_floor, memory_order_acquire))
            return KV_TOO_OLD;
        struct memtable *m;
        for (unsigned i = 0; (m = next_newer(view, &i, w->snapshot)) != NULL;) {
            struct skip_node *found = skip_find(&m->keys, skip_key(node));
            struct version *v = found != NULL ? memtable_newest_of(found) : NULL;
            if (v != NULL && v->at > w->snapshot)
                return conflict(txn, v);
        }
    }
    return KV_OK;
}

static enum kv_result validate_set(struct txn *txn, struct view *view, const struct read_set *set)
{
    if (set->spans.len == 0)
        return KV_OK;
    if (txn->snapshot < atomic_load_explicit(&txn->store->validation_floor, memory_order_acquire))
        return KV_TOO_OLD;
    struct memtable *m;
    for (unsigned i = 0; (m = next_newer(view, &i, txn->snapshot)) != NULL;) {
        for (size_t j = 0; j < set->spans.len; j++) {
            enum kv_result r = validate_span(txn, m, &set->spans.ptr[j]);
            if (r != KV_OK)
                return r;
        }
    }
    return KV_OK;
}

enum kv_result validate_reads(struct txn *txn, struct view *view)
{
    enum kv_result r = validate_set(txn, view, &txn->reads);
    return r == KV_OK ? validate_set(txn, view, &txn->lasting) : r;
}

enum kv_result validate_commit(struct txn *txn, struct view *view)
{
    if (serializable(txn))
        return validate_set(txn, view, &txn->reads);
    enum kv_result r = validate_writes(txn, view);
    return r == KV_OK ? validate_set(txn, view, &txn->lasting) : r;
}

static bool touches(struct txn *txn, struct str key)
{
    if (serializable(txn))
        return reads_contain(&txn->reads, key);
    const struct write *w = write_find(txn, key);
    return (w != NULL && w->kind != WRITE_ADD) || reads_contain(&txn->lasting, key);
}

enum kv_result validate_since(struct txn *txn, struct view *view, uint64_t since)
{
    struct memtable *m;
    for (unsigned i = 0; (m = next_newer(view, &i, since)) != NULL;) {
        struct version *v = atomic_load_explicit(&m->newest, memory_order_acquire);
        for (; v != NULL && v->at > since; v = v->committed_before) {
            if (touches(txn, skip_key(v->node)))
                return conflict(txn, v);
        }
    }
    return KV_OK;
}
