// Backward validation: has anything that the transaction read, or for the lower levels wrote, a version newer than its
// snapshot? The memtables are the index of recent versions.
//
// A committer first looks every span up by itself, in parallel with others (validate_all). What is committed between
// that and its turn in the queue is few versions, found through the memtables' commit order (validate_since).
#include "kv/local/store_int.h"

static enum kv_result conflict(struct txn *txn, const struct version *v)
{
    txn->conflict = (struct kv_conflict){.key = arena_str(&txn->arena, skip_key(v->node)), .version = v->at};
    return KV_CONFLICT;
}

static bool serializable(const struct txn *txn)
{
    return txn->isolation == KV_SERIALIZABLE;
}

bool validation_needed(const struct txn *txn)
{
    return serializable(txn) ? txn->reads.len > 0 : txn->write_count > 0;
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

enum kv_result validate_all(struct txn *txn, struct view *view, bool writes_too)
{
    if (writes_too && !serializable(txn))
        return validate_writes(txn, view);
    if (txn->reads.len > 0 && txn->snapshot < atomic_load_explicit(&txn->store->validation_floor, memory_order_acquire))
        return KV_TOO_OLD;
    struct memtable *m;
    for (unsigned i = 0; (m = next_newer(view, &i, txn->snapshot)) != NULL;) {
        for (size_t j = 0; j < txn->reads.len; j++) {
            enum kv_result r = validate_span(txn, m, &txn->reads.ptr[j]);
            if (r != KV_OK)
                return r;
        }
    }
    return KV_OK;
}

static bool touches(struct txn *txn, struct str key)
{
    if (serializable(txn))
        return reads_contain(txn, key);
    const struct write *w = write_find(txn, key);
    return w != NULL && w->kind != WRITE_ADD;
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
