// Conformance: row locks, with threads. No case depends on time: waiters are seen in the lock listing before the next
// step is taken.
#include "kvtest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct counts {
    int held, waiting;
};

static void count_lock(void *arg, const struct kv_lock_info *info)
{
    struct counts *c = arg;
    c->held += info->granted;
    c->waiting += !info->granted;
}

static struct counts lock_counts(struct store *s)
{
    struct counts c = {0};
    kv_list_locks(s->kv, count_lock, &c);
    return c;
}

// Until `n` requests wait; gives up after ten seconds.
static void await_waiters(struct store *s, int n)
{
    for (int i = 0; i < 100000 && lock_counts(s).waiting < n; i++)
        usleep(100);
    CHECK_INT(lock_counts(s).waiting, n);
}

static enum kv_result lock(struct kv_txn *t, const char *key, enum kv_lock_mode mode, enum kv_lock_wait wait)
{
    return kv_lock(t, str_of(key), mode, wait, 0);
}

// One lock request on a thread of its own.
struct waiter {
    pthread_t thread;
    struct kv_txn *txn;
    const char *key;
    enum kv_lock_mode mode;
    int64_t timeout_ns;
    enum kv_result result;
    bool end; // abort the transaction once the request is answered
    atomic_int *order;
    int position; // among the answered
};

static void *waiter_run(void *arg)
{
    struct waiter *w = arg;
    w->result = kv_lock(w->txn, str_of(w->key), w->mode, KV_LOCK_WAIT, w->timeout_ns);
    if (w->order != NULL)
        w->position = atomic_fetch_add(w->order, 1);
    if (w->end)
        kv_abort(w->txn);
    return NULL;
}

static void waiter_start(struct waiter *w)
{
    if (pthread_create(&w->thread, NULL, waiter_run, w) != 0)
        CHECK(!"thread");
}

static enum kv_result waiter_join(struct waiter *w)
{
    pthread_join(w->thread, NULL);
    return w->result;
}

static void exclusive_excludes(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_with(s, (struct kv_begin_options){.tag = 77});
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT)); // again
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_NOWAIT));
    CHECK_RESULT(lock(u, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    CHECK_INT(kv_last_conflict(u)->other_id, kv_txn_id(t));
    CHECK_STR(kv_last_conflict(u)->key, "a");
    CHECK_RESULT(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_SKIP), KV_LOCK_UNAVAILABLE);
    CHECK_OK(lock(u, "b", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT));
    CHECK_RESULT(lock(t, "b", KV_LOCK_SHARED, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    CHECK_INT(kv_last_conflict(t)->other_tag, 77);
    kv_abort(t);
    CHECK_OK(lock(u, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT)); // goes on as it was
    PUT(u, "a", "1");
    COMMIT(s, u);
    CHECK_INT(lock_counts(s).held, 0);
}

static void shared_share(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s), *w = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    CHECK_OK(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_NOWAIT));
    CHECK_RESULT(lock(w, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    kv_abort(t);
    CHECK_RESULT(lock(w, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    kv_abort(u);
    CHECK_OK(lock(w, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT));
    kv_abort(w);
}

static void modes_exclude_each_other(struct store *s)
{
    static const bool together[4][4] = {{true, true, true, false}, {true, true}, {true}};
    for (int a = KV_LOCK_KEY_SHARE; a <= KV_LOCK_EXCLUSIVE; a++) {
        for (int b = KV_LOCK_KEY_SHARE; b <= KV_LOCK_EXCLUSIVE; b++) {
            struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
            CHECK_OK(lock(t, "a", (enum kv_lock_mode)a, KV_LOCK_WAIT));
            CHECK_INT(lock(u, "a", (enum kv_lock_mode)b, KV_LOCK_NOWAIT) == KV_OK, together[a][b]);
            kv_abort(t);
            CHECK_OK(lock(u, "a", (enum kv_lock_mode)MAX(a, b), KV_LOCK_NOWAIT)); // upgraded
            kv_abort(u);
        }
    }
}

// Who is compatible with all in front of it does not queue; who waits behind one that stays is not let out of turn.
static void queue_of_modes(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s), *v = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_NO_KEY_EXCLUSIVE, KV_LOCK_WAIT));
    struct waiter w = {.txn = u, .key = "a", .mode = KV_LOCK_NO_KEY_EXCLUSIVE};
    waiter_start(&w);
    await_waiters(s, 1);
    CHECK_OK(lock(v, "a", KV_LOCK_KEY_SHARE, KV_LOCK_NOWAIT)); // passes both
    kv_abort(t);
    CHECK_OK(waiter_join(&w));
    kv_abort(v);
    v = begin_txn(s);
    t = begin_txn(s);
    struct waiter x = {.txn = v, .key = "a", .mode = KV_LOCK_EXCLUSIVE};
    waiter_start(&x);
    await_waiters(s, 1);
    CHECK_RESULT(lock(t, "a", KV_LOCK_KEY_SHARE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    struct waiter y = {.txn = t, .key = "a", .mode = KV_LOCK_KEY_SHARE};
    waiter_start(&y);
    await_waiters(s, 2);
    kv_abort(u);
    CHECK_OK(waiter_join(&x));
    kv_abort(v);
    CHECK_OK(waiter_join(&y));
    kv_abort(t);
}

static void upgrade(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT));
    CHECK_RESULT(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    kv_abort(t);
    t = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    CHECK_OK(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    CHECK_RESULT(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    struct waiter w = {.txn = t, .key = "a", .mode = KV_LOCK_EXCLUSIVE};
    waiter_start(&w);
    await_waiters(s, 1);
    kv_abort(u);
    CHECK_OK(waiter_join(&w));
    kv_abort(t);
}

// An upgrade does not queue behind those that wait for the upgrader itself.
static void upgrade_passes_waiters(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    struct waiter w = {.txn = u, .key = "a", .mode = KV_LOCK_EXCLUSIVE, .end = true};
    waiter_start(&w);
    await_waiters(s, 1);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    kv_abort(t);
    CHECK_OK(waiter_join(&w));
}

static void first_in_first_out(struct store *s)
{
    enum { N = 6 };
    struct waiter w[N];
    atomic_int order = 0;
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    for (int i = 0; i < N; i++) {
        w[i] =
            (struct waiter){.txn = begin_txn(s), .key = "a", .mode = KV_LOCK_EXCLUSIVE, .end = true, .order = &order};
        waiter_start(&w[i]);
        await_waiters(s, i + 1);
    }
    kv_abort(t);
    for (int i = 0; i < N; i++) {
        CHECK_OK(waiter_join(&w[i]));
        CHECK_INT(w[i].position, i);
    }
}

// A shared request behind a waiting exclusive one does not overtake it.
static void writers_are_not_starved(struct store *s)
{
    struct waiter writer, reader;
    atomic_int order = 0;
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    writer = (struct waiter){.txn = begin_txn(s), .key = "a", .mode = KV_LOCK_EXCLUSIVE, .end = true, .order = &order};
    waiter_start(&writer);
    await_waiters(s, 1);
    reader = (struct waiter){.txn = begin_txn(s), .key = "a", .mode = KV_LOCK_SHARED, .end = true, .order = &order};
    waiter_start(&reader);
    await_waiters(s, 2);
    kv_abort(t);
    CHECK_OK(waiter_join(&writer));
    CHECK_OK(waiter_join(&reader));
    CHECK(writer.position < reader.position);
}

static void time_limit(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    int64_t before = clock_mono_ns();
    CHECK_RESULT(kv_lock(u, STR("a"), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 20000000), KV_TIMEOUT);
    CHECK(clock_mono_ns() - before >= 20000000);
    CHECK_INT(lock_counts(s).waiting, 0);
    PUT(u, "b", "1"); // goes on as it was
    kv_abort(t);
    CHECK_OK(kv_lock(u, STR("a"), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 20000000));
    COMMIT(s, u);
    HOLDS(s, "b=1");
}

static void cancel(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    struct waiter w = {.txn = u, .key = "a", .mode = KV_LOCK_EXCLUSIVE};
    waiter_start(&w);
    await_waiters(s, 1);
    kv_cancel(u);
    CHECK_RESULT(waiter_join(&w), KV_CANCELED);
    CHECK_RESULT(lock(u, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT), KV_CANCELED); // until cleared
    kv_clear_cancel(u);
    CHECK_RESULT(kv_lock(u, STR("a"), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 1000000), KV_TIMEOUT);
    PUT(u, "b", "1");
    kv_abort(t);
    COMMIT(s, u);
    HOLDS(s, "b=1");
}

// A canceled waiter lets those behind it through.
static void cancel_unblocks_the_queue(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    struct waiter writer = {.txn = begin_txn(s), .key = "a", .mode = KV_LOCK_EXCLUSIVE};
    waiter_start(&writer);
    await_waiters(s, 1);
    struct waiter reader = {.txn = begin_txn(s), .key = "a", .mode = KV_LOCK_SHARED, .end = true};
    waiter_start(&reader);
    await_waiters(s, 2);
    kv_cancel(writer.txn);
    CHECK_RESULT(waiter_join(&writer), KV_CANCELED);
    CHECK_OK(waiter_join(&reader));
    kv_abort(writer.txn);
    kv_abort(t);
}

static void deadlock(struct store *s)
{
    for (int waiter_dies = 0; waiter_dies < 2; waiter_dies++) {
        struct kv_txn *t = begin_with(s, (struct kv_begin_options){.priority = waiter_dies ? 1 : 9});
        struct kv_txn *u = begin_with(s, (struct kv_begin_options){.priority = 5, .tag = 42});
        CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
        CHECK_OK(lock(u, "b", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
        struct waiter w = {.txn = t, .key = "b", .mode = KV_LOCK_EXCLUSIVE, .end = true};
        waiter_start(&w);
        await_waiters(s, 1);
        CHECK_RESULT(lock(u, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT), waiter_dies ? KV_OK : KV_DEADLOCK);
        const struct kv_conflict *c = kv_last_conflict(u);
        if (!waiter_dies && c->n_cycle > 0) // engines need not tell
            CHECK(c->n_cycle == 2 && c->cycle[0] + c->cycle[1] == 42);
        if (!waiter_dies)
            kv_abort(u);
        CHECK_RESULT(waiter_join(&w), waiter_dies ? KV_DEADLOCK : KV_OK);
        if (waiter_dies)
            kv_abort(u);
    }
    struct kv_stats stats;
    kv_get_stats(s->kv, &stats);
    CHECK_INT(stats.deadlocks, 2);
}

static void deadlock_of_upgrades(struct store *s)
{
    struct kv_txn *t = begin_with(s, (struct kv_begin_options){.priority = 9});
    struct kv_txn *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    CHECK_OK(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_WAIT));
    struct waiter w = {.txn = t, .key = "a", .mode = KV_LOCK_EXCLUSIVE, .end = true};
    waiter_start(&w);
    await_waiters(s, 1);
    CHECK_RESULT(lock(u, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT), KV_DEADLOCK);
    kv_abort(u);
    CHECK_OK(waiter_join(&w));
}

static void deadlock_of_many(struct store *s)
{
    enum { N = 5 };
    struct waiter w[N];
    char keys[N][2];
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%c", 'a' + i);
        w[i] = (struct waiter){.txn = begin_with(s, (struct kv_begin_options){.priority = i == 2 ? -1 : 0}),
                               .mode = KV_LOCK_EXCLUSIVE,
                               .end = true};
        CHECK_OK(lock(w[i].txn, keys[i], KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    }
    for (int i = 0; i < N; i++) {
        w[i].key = keys[(i + 1) % N];
        waiter_start(&w[i]);
        if (i < N - 1)
            await_waiters(s, i + 1);
    }
    for (int i = 0; i < N; i++)
        CHECK_RESULT(waiter_join(&w[i]), i == 2 ? KV_DEADLOCK : KV_OK);
}

static void reset_keeps_locks(struct store *s)
{
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    unsigned sp = kv_savepoint(t);
    CHECK_OK(lock(t, "b", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    CHECK_OK(kv_rollback_to(t, sp));
    CHECK_RESULT(lock(u, "b", KV_LOCK_SHARED, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    CHECK_OK(kv_reset(t));
    CHECK_RESULT(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    CHECK_RESULT(lock(u, "b", KV_LOCK_SHARED, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    kv_abort(t);
    CHECK_OK(lock(u, "a", KV_LOCK_SHARED, KV_LOCK_NOWAIT));
    CHECK_OK(lock(u, "b", KV_LOCK_SHARED, KV_LOCK_NOWAIT));
    kv_abort(u);
}

static void locking_refreshes(struct store *s)
{
    WRITE(s, "a=1 b=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "b", "1");
    uint64_t v = WRITE(s, "a=2");
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    CHECK(kv_read_version(t) >= v);
    GET(t, "a", "2");
    PUT(t, "a", "3");
    COMMIT(s, t);
    HOLDS(s, "a=3 b=1");
}

static void locking_what_was_read_and_changed(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    GET(t, "a", "1");
    WRITE(s, "a=2");
    CHECK_RESULT(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT), KV_CONFLICT);
    CHECK_RESULT(lock(u, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    CHECK_OK(kv_reset(t));
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    GET(t, "a", "2");
    PUT(t, "a", "3");
    COMMIT(s, t);
    kv_abort(u);
    HOLDS(s, "a=3");
}

// A waiter that gets the lock after a commit sees that commit.
static void contended_counter(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    GET(t, "a", "1");
    PUT(t, "a", "2");
    struct waiter w = {.txn = u, .key = "a", .mode = KV_LOCK_EXCLUSIVE};
    waiter_start(&w);
    await_waiters(s, 1);
    COMMIT(s, t);
    CHECK_OK(waiter_join(&w));
    GET(u, "a", "2");
    PUT(u, "a", "3");
    COMMIT(s, u);
    HOLDS(s, "a=3");
}

static enum kv_result guard(struct kv_txn *t, const char *key, enum kv_lock_mode mode, enum kv_lock_wait wait)
{
    return kv_lock_guard(t, str_of(key), mode, wait, 0);
}

// Who comes after a writer of the guard sees what it wrote, or has read it before and conflicts.
static void guards(struct store *s)
{
    WRITE(s, "g=1");
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s), *v = begin_txn(s), *w = begin_txn(s);
    GET(v, "g", "1");
    CHECK_OK(guard(t, "g", KV_LOCK_KEY_SHARE, KV_LOCK_WAIT));
    CHECK_OK(guard(w, "g", KV_LOCK_KEY_SHARE, KV_LOCK_WAIT));
    kv_abort(w);
    CHECK_OK(guard(t, "g", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    CHECK_RESULT(guard(u, "g", KV_LOCK_KEY_SHARE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    PUT(t, "g", "2");
    uint64_t written = COMMIT(s, t);
    CHECK_OK(guard(u, "g", KV_LOCK_KEY_SHARE, KV_LOCK_WAIT));
    CHECK(kv_read_version(u) >= written);
    GET(u, "g", "2");
    CHECK_RESULT(guard(v, "g", KV_LOCK_KEY_SHARE, KV_LOCK_WAIT), KV_CONFLICT);
    kv_abort(v);
    kv_abort(u);
}

// What was not written moves nothing.
static void guard_of_an_abort(struct store *s)
{
    WRITE(s, "a=1 g=1");
    struct kv_txn *t = begin_txn(s), *u = begin_txn(s);
    uint64_t before = kv_read_version(u);
    GET(u, "a", "1");
    CHECK_OK(guard(t, "g", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    PUT(t, "g", "2");
    kv_abort(t);
    WRITE(s, "a=2");
    CHECK_OK(guard(u, "g", KV_LOCK_KEY_SHARE, KV_LOCK_WAIT));
    CHECK(kv_read_version(u) == before);
    kv_abort(u);
}

// Holders of many locks and locks of many holders are found and let go of alike.
static void many_guards(struct store *s)
{
    enum { N = 40 };
    struct kv_txn *t[N];
    char keys[N][3];
    for (int i = 0; i < N; i++) {
        t[i] = begin_txn(s);
        snprintf(keys[i], sizeof(keys[i]), "%02d", i);
        for (int k = 0; k <= i; k++)
            CHECK_OK(guard(t[i], keys[k], KV_LOCK_KEY_SHARE, KV_LOCK_WAIT));
    }
    CHECK_INT(lock_counts(s).held, N * (N + 1) / 2);
    CHECK_OK(guard(t[N - 1], keys[N - 1], KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    for (int i = 0; i < N - 1; i += 2)
        kv_abort(t[i]);
    CHECK_RESULT(guard(t[N - 1], keys[0], KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT), KV_LOCK_UNAVAILABLE);
    for (int i = 1; i < N - 1; i += 2)
        kv_abort(t[i]);
    CHECK_OK(guard(t[N - 1], keys[0], KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT));
    kv_abort(t[N - 1]);
    CHECK_INT(lock_counts(s).held, 0);
}

static void locks_do_not_stop_plain_writes(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(lock(t, "a", KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    WRITE(s, "a=1");
    kv_abort(t);
    HOLDS(s, "a=1");
}

static void read_only_takes_no_locks(struct store *s)
{
    struct kv_txn *t = begin_read_only(s);
    CHECK_RESULT(lock(t, "a", KV_LOCK_SHARED, KV_LOCK_WAIT), KV_READ_ONLY);
    kv_abort(t);
    CHECK_INT(lock_counts(s).held, 0);
}

static void many_locks(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    char key[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        CHECK_OK(lock(t, key, i % 2 ? KV_LOCK_SHARED : KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT));
    }
    CHECK_INT(lock_counts(s).held, 5000);
    COMMIT(s, t);
    CHECK_INT(lock_counts(s).held, 0);
}

const struct kv_case lock_cases[] = {
    {"exclusive_excludes", exclusive_excludes, false},
    {"shared_share", shared_share, false},
    {"modes_exclude_each_other", modes_exclude_each_other, false},
    {"queue_of_modes", queue_of_modes, false},
    {"upgrade", upgrade, false},
    {"upgrade_passes_waiters", upgrade_passes_waiters, false},
    {"first_in_first_out", first_in_first_out, false},
    {"writers_are_not_starved", writers_are_not_starved, false},
    {"time_limit", time_limit, false},
    {"cancel", cancel, false},
    {"cancel_unblocks_the_queue", cancel_unblocks_the_queue, false},
    {"deadlock", deadlock, false},
    {"deadlock_of_upgrades", deadlock_of_upgrades, false},
    {"deadlock_of_many", deadlock_of_many, false},
    {"reset_keeps_locks", reset_keeps_locks, false},
    {"locking_refreshes", locking_refreshes, false},
    {"locking_what_was_read_and_changed", locking_what_was_read_and_changed, false},
    {"contended_counter", contended_counter, false},
    {"guards", guards, false},
    {"guard_of_an_abort", guard_of_an_abort, false},
    {"many_guards", many_guards, false},
    {"locks_do_not_stop_plain_writes", locks_do_not_stop_plain_writes, false},
    {"read_only_takes_no_locks", read_only_takes_no_locks, false},
    {"many_locks", many_locks, false},
};
const size_t lock_cases_count = ARRAY_LEN(lock_cases);
