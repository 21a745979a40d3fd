// Advisory locks between two sessions of one thread: conflicts, sharing, counts, ends, deadlocks.
#include "tests/functions/fixture.h"
#include "sql/functions/advisory.h"
#include "tests/unit/check.h"
#include <pthread.h>

static struct fixture fixture;
static struct arena arena;

struct client {
    struct session_functions session;
    struct eval_context ec;
};

static struct client client_of(int32_t pid)
{
    struct client c = {.ec = {.arena = &arena}};
    fixture_session(&fixture, &c.ec);
    c.session = fixture.session;
    c.session.backend_pid = pid;
    return c;
}

// 1 for true or void, 0 for false, -1 for an error (whose code goes to *code).
static int call(struct client *c, const char *name, int64_t key, int *code)
{
    size_t n;
    const struct fn_overload *const *list = fn_lookup(str_of(name), &n);
    const struct fn_overload *fn = NULL;
    for (size_t i = 0; i < n; i++)
        fn = list[i]->n_args <= 1 ? list[i] : fn;
    struct fn_call call = {.fn = fn, .arg_types = fn->args, .n_args = fn->n_args, .result = fn->result};
    struct datum args[1] = {datum_int(key)}, out;
    struct err err = ERR_INIT;
    c->ec.call = &call;
    c->ec.session = &c->session;
    int rc = fn->scalar(&c->ec, args, fn->n_args, &out, &err);
    err_reset(&err);
    if (code != NULL)
        *code = rc;
    return rc != 0 ? -1 : type_is(fn->result, TYPE_VOID) ? 1 : out.b;
}

static void test_conflicts(void)
{
    struct client a = client_of(1), b = client_of(2);
    int code;
    CHECK_INT(call(&a, "pg_advisory_lock", 5, NULL), 1);
    CHECK_INT(call(&a, "pg_try_advisory_lock", 5, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 5, NULL), 0);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 6, NULL), 1);
    CHECK_INT(call(&b, "pg_advisory_lock", 5, &code), -1); // the fixture's sleep is canceled
    CHECK_INT(code, ERR_QUERY_CANCELED);
    CHECK_INT(call(&a, "pg_advisory_unlock", 5, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 5, NULL), 0); // taken twice
    CHECK_INT(call(&a, "pg_advisory_unlock", 5, NULL), 1);
    CHECK_INT(call(&a, "pg_advisory_unlock", 5, NULL), 0);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 5, NULL), 1);
    advisory_end_session(2);
    CHECK_INT(call(&a, "pg_try_advisory_lock", 6, NULL), 1);
    CHECK_INT(call(&a, "pg_advisory_unlock_all", 0, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 6, NULL), 1);
    advisory_end_session(2);
}

static void test_sharing(void)
{
    struct client a = client_of(1), b = client_of(2);
    CHECK_INT(call(&a, "pg_try_advisory_lock_shared", 5, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_lock_shared", 5, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 5, NULL), 0);
    CHECK_INT(call(&a, "pg_advisory_unlock_shared", 5, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_lock", 5, NULL), 1);
    advisory_end_session(2);
}

static void test_transactions(void)
{
    struct client a = client_of(1), b = client_of(2);
    CHECK_INT(call(&a, "pg_advisory_xact_lock", 5, NULL), 1);
    CHECK_INT(call(&a, "pg_advisory_lock", 6, NULL), 1);
    CHECK_INT(call(&a, "pg_advisory_unlock", 5, NULL), 0); // only the transaction's
    CHECK_INT(call(&b, "pg_try_advisory_xact_lock", 5, NULL), 0);
    advisory_end_transaction(1);
    CHECK_INT(call(&b, "pg_try_advisory_xact_lock", 5, NULL), 1);
    CHECK_INT(call(&b, "pg_try_advisory_xact_lock", 6, NULL), 0);
    advisory_end_session(1);
    advisory_end_session(2);
}

static int nap(struct session_functions *sf, int64_t micros, struct err *err)
{
    struct timespec t = {.tv_nsec = micros * 1000};
    nanosleep(&t, NULL);
    return 0;
}

static void *lock_both(void *arg)
{
    struct client *c = arg;
    int code = 0, first = c->session.backend_pid;
    call(c, "pg_advisory_lock", 3 - first, &code); // the other one's
    advisory_end_session(first);
    return (void *)(intptr_t)code;
}

static void test_deadlock(void)
{
    struct client a = client_of(1), b = client_of(2);
    a.session.sleep = b.session.sleep = nap;
    CHECK_INT(call(&a, "pg_advisory_lock", 1, NULL), 1);
    CHECK_INT(call(&b, "pg_advisory_lock", 2, NULL), 1);
    pthread_t threads[2];
    void *codes[2];
    pthread_create(&threads[0], NULL, lock_both, &a);
    pthread_create(&threads[1], NULL, lock_both, &b);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], &codes[i]);
    int failed = ((intptr_t)codes[0] == ERR_DEADLOCK_DETECTED) + ((intptr_t)codes[1] == ERR_DEADLOCK_DETECTED);
    CHECK(failed >= 1);
}

static void test_all(void)
{
    struct err err = ERR_INIT;
    arena_init(&arena, NULL);
    CHECK_INT(fixture_open(&fixture, &err), 0);
    test_conflicts();
    test_sharing();
    test_transactions();
    test_deadlock();
    fixture_close(&fixture);
    arena_release(&arena);
}

CHECK_MAIN({"advisory", test_all})
