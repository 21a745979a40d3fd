// Contention events: waits for locks, locks and commits that met a conflict, the last ones of the engine. Each is
// written by the session that it happened to, after the fact; crdb_internal's tables of contention are made from them.
#include "sql/session/contention_int.h"
#include "sql/session/session_int.h"

enum { EVENTS_MAX = 1024, KEY_BYTES_MAX = 256 }; // about 400 kB, from the first event on

struct event {
    struct virtual_contention shown; // its texts point below
    char stmt_id[40];
    char key[KEY_BYTES_MAX];
};

struct contention {
    pthread_mutex_t mutex;
    struct event *events; // a ring; NULL: there were none
    uint64_t count;       // ever
};

struct contention *contention_new(void)
{
    struct contention *c = mem_zalloc(sizeof(*c));
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void contention_free(struct contention *c)
{
    if (c == NULL)
        return;
    mem_free(c->events);
    pthread_mutex_destroy(&c->mutex);
    mem_free(c);
}

void contention_reset(struct contention *c)
{
    pthread_mutex_lock(&c->mutex);
    mem_free(c->events);
    c->events = NULL;
    c->count = 0;
    pthread_mutex_unlock(&c->mutex);
}

static void note(struct session *s, struct str key, uint64_t other_id, int64_t waited_ns, bool conflict)
{
    struct contention *c = s->engine->contention;
    s->activity.run.contended_ns += waited_ns;
    pthread_mutex_lock(&c->mutex);
    if (c->events == NULL)
        c->events = mem_zalloc(EVENTS_MAX * sizeof(*c->events));
    struct event *e = &c->events[c->count++ % EVENTS_MAX];
    size_t len = MIN(key.len, (size_t)KEY_BYTES_MAX);
    memcpy(e->key, key.ptr, len);
    memcpy(e->stmt_id, s->query_id, sizeof(e->stmt_id));
    e->shown = (struct virtual_contention){
        .at_micros = clock_wall_ns() / 1000,
        .waiting_txn = s->observed_txn,
        .blocking_txn = other_id,
        .statement = s->activity.run.entry != NULL ? s->activity.run.entry->id : 0,
        .waited_ns = waited_ns,
        .conflict = conflict,
        .key = {e->key, len},
    };
    pthread_mutex_unlock(&c->mutex);
}

static void waited(struct kv_observer *o, const struct kv_wait *wait)
{
    note(CONTAINER_OF(o, struct session, observer), wait->key, wait->other_id, wait->waited_ns, false);
}

static void conflicted(struct kv_observer *o, const struct kv_conflict *conflict)
{
    struct session *s = CONTAINER_OF(o, struct session, observer);
    buf_clear(&s->commit_conflict_key);
    buf_str(&s->commit_conflict_key, conflict->key);
    s->commit_conflict = *conflict;
    s->commit_conflict.key = buf_view(&s->commit_conflict_key);
    note(s, conflict->key, conflict->other_id, 0, true);
}

void contention_observe(struct session *s)
{
    s->observer = (struct kv_observer){.waited = waited, .conflicted = conflicted};
}

void contention_list(struct contention *c, struct arena *a, struct virtual_contention **out, size_t *n)
{
    pthread_mutex_lock(&c->mutex);
    *n = (size_t)MIN(c->count, (uint64_t)EVENTS_MAX);
    *out = ARENA_ARRAY(a, struct virtual_contention, *n);
    for (size_t i = 0; i < *n; i++) { // oldest first
        const struct event *e = &c->events[(c->count - *n + i) % EVENTS_MAX];
        (*out)[i] = e->shown;
        (*out)[i].key = arena_str(a, e->shown.key);
        (*out)[i].statement_id = arena_str(a, str_of(e->stmt_id));
    }
    pthread_mutex_unlock(&c->mutex);
}
