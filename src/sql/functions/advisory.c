// Advisory locks. Holds are a small array under one mutex; a waiter polls, first every millisecond, later every
// sixteen, through the session's interruptible sleep, so that cancellation and timeouts work. A cycle of waiters is
// 40P01.
#include "sql/functions/advisory.h"
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include <pthread.h>
#include <stdatomic.h>

struct lock_key {
    const struct catalog *catalog; // of the cluster: others' locks are not ours
    uint32_t database;
    bool is_pair; // (int4, int4), else int8
    int64_t value;
};

struct hold {
    struct lock_key key;
    int32_t session;
    bool shared;
    uint32_t for_session, for_transaction; // times taken
};

struct waiter {
    struct lock_key key;
    int32_t session;
    bool shared;
};

static struct {
    pthread_mutex_t mutex;
    atomic_size_t n_relaxed; // n as seen without the mutex: zero means nothing to release
    struct hold *holds;
    size_t n, cap;
    struct waiter *waiters;
    size_t n_waiters, waiters_cap;
} locks = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool same_key(const struct lock_key *a, const struct lock_key *b)
{
    return a->value == b->value && a->is_pair == b->is_pair && a->database == b->database && a->catalog == b->catalog;
}

static bool conflicts(const struct hold *h, const struct waiter *w)
{
    return h->session != w->session && same_key(&h->key, &w->key) && !(h->shared && w->shared);
}

static struct hold *find_hold(const struct waiter *w)
{
    for (size_t i = 0; i < locks.n; i++) {
        struct hold *h = &locks.holds[i];
        if (h->session == w->session && h->shared == w->shared && same_key(&h->key, &w->key))
            return h;
    }
    return NULL;
}

static void remove_hold(struct hold *h)
{
    *h = locks.holds[--locks.n];
    atomic_store_explicit(&locks.n_relaxed, locks.n, memory_order_relaxed);
}

// Takes the lock unless another session's hold conflicts.
static bool try_take(const struct waiter *w, bool for_transaction)
{
    for (size_t i = 0; i < locks.n; i++) {
        if (conflicts(&locks.holds[i], w))
            return false;
    }
    struct hold *h = find_hold(w);
    if (h == NULL) {
        if (locks.n == locks.cap) {
            locks.cap = locks.cap == 0 ? 16 : locks.cap * 2;
            locks.holds = mem_realloc(locks.holds, size_mul(locks.cap, sizeof(*locks.holds)));
        }
        h = &locks.holds[locks.n++];
        *h = (struct hold){.key = w->key, .session = w->session, .shared = w->shared};
        atomic_store_explicit(&locks.n_relaxed, locks.n, memory_order_relaxed);
    }
    (*(for_transaction ? &h->for_transaction : &h->for_session))++;
    return true;
}

// Does `session` wait, through others, for `target`? Depth bounds what a changing table could make endless.
static bool waits_for(int32_t session, int32_t target, size_t depth)
{
    for (size_t i = 0; i < locks.n_waiters && depth > 0; i++) {
        const struct waiter *w = &locks.waiters[i];
        for (size_t k = 0; w->session == session && k < locks.n; k++) {
            const struct hold *h = &locks.holds[k];
            if (conflicts(h, w) && (h->session == target || waits_for(h->session, target, depth - 1)))
                return true;
        }
    }
    return false;
}

static void add_waiter(const struct waiter *w)
{
    if (locks.n_waiters == locks.waiters_cap) {
        locks.waiters_cap = locks.waiters_cap == 0 ? 16 : locks.waiters_cap * 2;
        locks.waiters = mem_realloc(locks.waiters, size_mul(locks.waiters_cap, sizeof(*locks.waiters)));
    }
    locks.waiters[locks.n_waiters++] = *w;
}

static void remove_waiter(int32_t session)
{
    for (size_t i = 0; i < locks.n_waiters; i++) {
        if (locks.waiters[i].session == session) {
            locks.waiters[i] = locks.waiters[--locks.n_waiters];
            return;
        }
    }
}

static int wait_for(struct eval_context *ec, const struct waiter *w, bool for_transaction, struct err *err)
{
    enum { DEADLOCK_DEPTH = 64 };
    int rc = 0;
    bool taken = false;
    pthread_mutex_lock(&locks.mutex);
    add_waiter(w);
    for (int64_t micros = 1000; rc == 0 && !(taken = try_take(w, for_transaction)); micros = MIN(micros * 2, 16000)) {
        if (waits_for(w->session, w->session, DEADLOCK_DEPTH)) {
            rc = err_set(err, ERR_DEADLOCK_DETECTED, "deadlock detected");
            break;
        }
        pthread_mutex_unlock(&locks.mutex);
        rc = ec->session->sleep(ec->session, micros, err);
        pthread_mutex_lock(&locks.mutex);
    }
    remove_waiter(w->session);
    pthread_mutex_unlock(&locks.mutex);
    return rc;
}

// ---- functions

static int describe(struct eval_context *ec, const struct datum *args, int n_args, bool shared, struct waiter *w,
                    struct err *err)
{
    if (ec->session == NULL || ec->catalog == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
    *w = (struct waiter){.session = ec->session->backend_pid,
                         .shared = shared,
                         .key = {.catalog = cat_view_catalog(ec->catalog),
                                 .database = ec->database_id,
                                 .is_pair = n_args == 2,
                                 .value = args[0].i}};
    if (n_args == 2)
        w->key.value = (int64_t)((uint64_t)args[0].i << 32 | (uint32_t)args[1].i);
    return 0;
}

static int lock(struct eval_context *ec, const struct datum *args, int n_args, bool shared, bool for_transaction,
                struct datum *out, struct err *err)
{
    struct waiter w;
    TRY(describe(ec, args, n_args, shared, &w, err));
    TRY(wait_for(ec, &w, for_transaction, err));
    return fn_return_str(out, STR_EMPTY);
}

static int try_lock(struct eval_context *ec, const struct datum *args, int n_args, bool shared, bool for_transaction,
                    struct datum *out, struct err *err)
{
    struct waiter w;
    TRY(describe(ec, args, n_args, shared, &w, err));
    pthread_mutex_lock(&locks.mutex);
    bool taken = try_take(&w, for_transaction);
    pthread_mutex_unlock(&locks.mutex);
    return fn_return_bool(out, taken);
}

static int unlock(struct eval_context *ec, const struct datum *args, int n_args, bool shared, struct datum *out,
                  struct err *err)
{
    struct waiter w;
    TRY(describe(ec, args, n_args, shared, &w, err));
    pthread_mutex_lock(&locks.mutex);
    struct hold *h = find_hold(&w);
    bool held = h != NULL && h->for_session > 0;
    if (held && --h->for_session == 0 && h->for_transaction == 0)
        remove_hold(h);
    pthread_mutex_unlock(&locks.mutex);
    if (!held) {
        struct err warning = ERR_INIT;
        (void)err_set(&warning, ERR_WARNING, "you don't own a lock of type %s", shared ? "ShareLock" : "ExclusiveLock");
        warning.severity = ERR_SEVERITY_WARNING;
        ec->session->notice(ec->session, &warning);
        err_reset(&warning);
    }
    return fn_return_bool(out, held);
}

#define LOCKS(suffix, shared)                                       \
    BODY(session_lock##suffix)                                      \
    {                                                               \
        return lock(ec, args, n_args, shared, false, out, err);     \
    }                                                               \
    BODY(transaction_lock##suffix)                                  \
    {                                                               \
        return lock(ec, args, n_args, shared, true, out, err);      \
    }                                                               \
    BODY(try_session_lock##suffix)                                  \
    {                                                               \
        return try_lock(ec, args, n_args, shared, false, out, err); \
    }                                                               \
    BODY(try_transaction_lock##suffix)                              \
    {                                                               \
        return try_lock(ec, args, n_args, shared, true, out, err);  \
    }                                                               \
    BODY(session_unlock##suffix)                                    \
    {                                                               \
        return unlock(ec, args, n_args, shared, out, err);          \
    }
LOCKS(, false)
LOCKS(_shared, true)

// Drops the session's counts of one kind, or of both.
static void release(int32_t session, bool session_too)
{
    if (atomic_load_explicit(&locks.n_relaxed, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&locks.mutex);
    for (size_t i = locks.n; i-- > 0;) {
        struct hold *h = &locks.holds[i];
        if (h->session != session)
            continue;
        h->for_transaction = 0;
        if (session_too || h->for_session == 0)
            remove_hold(h);
    }
    pthread_mutex_unlock(&locks.mutex);
}

void advisory_end_transaction(int32_t session)
{
    release(session, false);
}

void advisory_end_session(int32_t session)
{
    release(session, true);
}

BODY(unlock_all)
{
    struct waiter w;
    struct datum none = datum_int(0);
    TRY(describe(ec, &none, 1, false, &w, err));
    pthread_mutex_lock(&locks.mutex);
    for (size_t i = locks.n; i-- > 0;) {
        struct hold *h = &locks.holds[i];
        if (h->session != w.session)
            continue;
        h->for_session = 0;
        if (h->for_transaction == 0)
            remove_hold(h);
    }
    pthread_mutex_unlock(&locks.mutex);
    return fn_return_str(out, STR_EMPTY);
}

static const struct fn_row rows[] = {
#include "sql/functions/advisory.def"
};
const struct fn_family fn_family_advisory = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
