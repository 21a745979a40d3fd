// Row locks of the reference engine: one list of requests in order of arrival, looked through from the start on every
// change.

#include "kv/model/model_int.h"

#include "base/util.h"
#include <time.h>

static bool compatible(const struct model_lock *a, const struct model_lock *b)
{
    return a->txn == b->txn || kv_lock_compatible(a->mode, b->mode);
}

// Whether `held` stands in the way of `wanted`: it is granted and incompatible, or came earlier and waits incompatibly
// (queues are FIFO; an upgrade waits for holders only).
static bool blocks(const struct model_lock *held, const struct model_lock *wanted)
{
    if (held == wanted || !str_eq(held->key, wanted->key) || compatible(held, wanted))
        return false;
    if (held->granted)
        return true;
    return !held->victim && !wanted->upgrade && (held->upgrade || held->ticket < wanted->ticket);
}

static const struct model_lock *blocker(const struct model *m, const struct model_lock *wanted)
{
    for (const struct model_lock *l = m->locks; l != NULL; l = l->next)
        if (blocks(l, wanted))
            return l;
    return NULL;
}

static void grant_all(struct model *m)
{
    for (struct model_lock *l = m->locks; l != NULL; l = l->next)
        if (!l->granted && !l->victim && blocker(m, l) == NULL)
            l->granted = true;
    pthread_cond_broadcast(&m->changed);
}

static void lock_remove(struct model *m, struct model_lock *gone)
{
    struct model_lock **at = &m->locks;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    mem_free((char *)gone->key.ptr);
    mem_free(gone);
    grant_all(m);
}

static struct model_lock *lock_add(struct model_txn *t, struct str key, enum kv_lock_mode mode, bool upgrade)
{
    struct model *m = t->store;
    struct model_lock *l = mem_zalloc(sizeof(*l));
    char *bytes = mem_alloc(key.len + 1);
    memcpy(bytes, key.ptr, key.len);
    l->key = (struct str){bytes, key.len};
    l->txn = t;
    l->mode = mode;
    l->upgrade = upgrade;
    l->ticket = ++m->next_ticket;
    l->since_mono_ns = clock_mono_ns();
    struct model_lock **at = &m->locks;
    while (*at != NULL)
        at = &(*at)->next;
    *at = l;
    return l;
}

// The transaction's granted lock on the key, the strongest one.
static struct model_lock *held_by(const struct model_txn *t, struct str key)
{
    struct model_lock *found = NULL;
    for (struct model_lock *l = t->store->locks; l != NULL; l = l->next)
        if (l->granted && l->txn == t && str_eq(l->key, key) && (found == NULL || l->mode > found->mode))
            found = l;
    return found;
}

void model_unlock_all(struct model_txn *t)
{
    struct model_lock *next;
    for (struct model_lock *l = t->store->locks; l != NULL; l = next) {
        next = l->next;
        if (l->txn == t)
            lock_remove(t->store, l);
    }
}

static struct model_lock *waiting_of(const struct model *m, const struct model_txn *t)
{
    for (struct model_lock *l = m->locks; l != NULL; l = l->next)
        if (!l->granted && !l->victim && l->txn == t)
            return l;
    return NULL;
}

enum { CYCLE_MAX = 64 };

// Follows who waits for whom from `l`; true when that leads back to `target`. `path` collects the requests passed.
static bool reaches(const struct model *m, struct model_lock *l, const struct model_txn *target,
                    struct model_lock **path, int depth)
{
    if (depth == CYCLE_MAX)
        return false;
    path[depth] = l;
    for (struct model_lock *held = m->locks; held != NULL; held = held->next) {
        if (!blocks(held, l))
            continue;
        if (held->txn == target) {
            path[depth + 1] = NULL;
            return true;
        }
        struct model_lock *next = waiting_of(m, held->txn);
        bool seen = false;
        for (int i = 0; i <= depth; i++)
            seen |= path[i] == next;
        if (next != NULL && !seen && reaches(m, next, target, path, depth + 1))
            return true;
    }
    return false;
}

// Breaks a cycle through this request, if there is one: the lowest priority dies, the youngest among equals.
static void break_deadlock(struct model *m, struct model_lock *l)
{
    struct model_lock *path[CYCLE_MAX + 1];
    while (!l->granted && !l->victim && reaches(m, l, l->txn, path, 0)) {
        struct model_lock *victim = path[0];
        for (int i = 1; path[i] != NULL; i++) {
            int by = path[i]->txn->options.priority - victim->txn->options.priority;
            if (by < 0 || (by == 0 && path[i]->txn->id > victim->txn->id))
                victim = path[i];
        }
        victim->victim = true;
        m->stats.deadlocks++;
        grant_all(m);
    }
}

// Waits until the request is granted or fails. The mutex is held.
static enum kv_result wait_granted(struct model *m, struct model_lock *l, int64_t timeout_ns)
{
    int64_t deadline = clock_mono_ns() + timeout_ns;
    struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    while (!l->granted) {
        if (l->victim)
            return KV_DEADLOCK;
        if (l->txn->canceled)
            return KV_CANCELED;
        if (timeout_ns == 0)
            pthread_cond_wait(&m->changed, &m->mutex);
        else if (pthread_cond_timedwait(&m->changed, &m->mutex, &until) != 0 && !l->granted)
            return KV_TIMEOUT;
    }
    return KV_OK;
}

static void note_holder(struct model_txn *t, const struct model_lock *by)
{
    t->conflict = (struct kv_conflict){
        .key = arena_str(&t->arena, by->key), .other_id = by->txn->id, .other_tag = by->txn->options.tag};
}

static enum kv_result acquire(struct model_txn *t, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                              int64_t timeout_ns)
{
    struct model *m = t->store;
    const struct model_lock *held = held_by(t, key);
    if (held != NULL && held->mode >= mode)
        return KV_OK;
    struct model_lock *l = lock_add(t, key, mode, held != NULL);
    const struct model_lock *by = blocker(m, l);
    enum kv_result result = KV_OK;
    if (by == NULL) {
        l->granted = true;
    } else {
        note_holder(t, by);
        m->stats.lock_waits += wait == KV_LOCK_WAIT;
        if (wait == KV_LOCK_WAIT)
            break_deadlock(m, l);
        result = wait == KV_LOCK_WAIT ? wait_granted(m, l, timeout_ns) : KV_LOCK_UNAVAILABLE;
        t->deadlocked |= result == KV_DEADLOCK;
    }
    if (result != KV_OK)
        lock_remove(m, l);
    return result;
}

enum kv_result model_lock(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                          int64_t timeout_ns)
{
    struct model_txn *t = (struct model_txn *)txn;
    struct model *m = t->store;
    if (t->options.read_only)
        return KV_READ_ONLY;
    pthread_mutex_lock(&m->mutex);
    enum kv_result result = acquire(t, key, mode, wait, timeout_ns);
    if (result == KV_OK && wait == KV_LOCK_WAIT) {
        const struct model_cell *newest = model_find(m, key, UINT64_MAX);
        if (newest != NULL && newest->version > t->snapshot)
            result = model_refresh_locked(t);
    }
    pthread_mutex_unlock(&m->mutex);
    return result;
}

void model_list_locks(struct kv *kv, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg)
{
    struct model *m = (struct model *)kv;
    struct arena a;
    ARENA_VEC(struct kv_lock_info) infos = {0};
    arena_init(&a, NULL);
    pthread_mutex_lock(&m->mutex);
    for (const struct model_lock *l = m->locks; l != NULL; l = l->next) {
        struct kv_lock_info info = {arena_str(&a, l->key),     l->txn->id, l->txn->options.tag, l->mode,
                                    l->txn->options.isolation, l->granted, l->since_mono_ns};
        ARENA_PUSH(&a, &infos, info);
    }
    pthread_mutex_unlock(&m->mutex);
    for (size_t i = 0; i < infos.len; i++)
        visit(arg, &infos.ptr[i]);
    arena_release(&a);
}
