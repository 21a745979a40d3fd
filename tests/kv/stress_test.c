// Serializability under real concurrency: threads on one store, invariants that any other order than a serial one
// breaks. Runs on every engine and under the thread sanitizer. `stress_test [CASE [ENGINE]]`.
#include "kvtest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 6, ACCOUNTS = 12, BALANCE = 100, PAIRS = 8, COUNTERS = 3 };

struct work {
    struct store *store;
    int thread;
    int64_t until_ns;
    atomic_uint_fast64_t *commits, *retries, *wrong;
    const struct activity *activity;
    int64_t by_hand, by_add; // what this thread's acknowledged transactions counted
};

static void note_wrong(struct work *w, const char *what, int64_t n)
{
    if (atomic_fetch_add(w->wrong, 1) < 5)
        check_failed_at(__FILE__, __LINE__, "%s: %" PRId64, what, n);
}

static enum kv_result get_number(struct kv_txn *t, const char *key, int64_t *n)
{
    struct kv_value v = {0};
    enum kv_result r = kv_get(t, str_of(key), 0, &v);
    *n = 0;
    if (v.found && v.value.len == sizeof(*n))
        memcpy(n, v.value.ptr, sizeof(*n));
    return r;
}

static enum kv_result put_number(struct kv_txn *t, const char *key, int64_t n)
{
    return kv_put(t, str_of(key), (struct str){(char *)&n, sizeof(n)});
}

static void key_of(char out[24], const char *what, uint64_t i)
{
    snprintf(out, 24, "%s%04d", what, (int)i);
}

// Sum of all numbers whose keys begin with `what`.
static enum kv_result sum_of(struct kv_txn *t, const char *what, unsigned flags, int64_t *sum)
{
    char end[24];
    struct kv_scan *scan;
    struct kv_batch batch;
    snprintf(end, sizeof(end), "%s\xff", what);
    enum kv_result r = kv_scan_open(t, range_of(what, end), flags, 0, &scan);
    *sum = 0;
    while (r == KV_OK && (r = kv_scan_next(scan, 5, &batch)) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n; i++) {
            int64_t n = 0;
            memcpy(&n, batch.pairs[i].value.ptr, MIN(batch.pairs[i].value.len, sizeof(n)));
            *sum += n;
        }
    }
    return r;
}

// --- what the transactions do -------------------------------------------------------------------------------------

// Locks the two keys in order, so that waiters queue.
static enum kv_result lock_two(struct kv_txn *t, const char *a, const char *b)
{
    enum kv_result r = kv_lock(t, str_of(strcmp(a, b) < 0 ? a : b), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 0);
    return r == KV_OK ? kv_lock(t, str_of(strcmp(a, b) < 0 ? b : a), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 0) : r;
}

static enum kv_result transfer(struct work *w, struct kv_txn *t, struct rng *rng)
{
    char a[24], b[24];
    int64_t x, y;
    uint64_t from = rng_below(rng, ACCOUNTS), to = (from + 1 + rng_below(rng, ACCOUNTS - 1)) % ACCOUNTS;
    key_of(a, "account", from);
    key_of(b, "account", to);
    enum kv_result r = rng_below(rng, 2) ? lock_two(t, a, b) : KV_OK;
    if (r == KV_OK)
        r = get_number(t, a, &x);
    if (r == KV_OK)
        r = get_number(t, b, &y);
    if (r == KV_OK)
        r = put_number(t, a, x - 1);
    return r == KV_OK ? put_number(t, b, y + 1) : r;
}

static enum kv_result check_total(struct work *w, struct kv_txn *t, struct rng *rng)
{
    int64_t sum;
    enum kv_result r = sum_of(t, "account", rng_below(rng, 2) ? KV_READ_REVERSE : 0, &sum);
    if (r == KV_OK && sum != ACCOUNTS * BALANCE)
        note_wrong(w, "total of the accounts", sum);
    return r;
}

// Closes an account by moving all of it: scans see keys come and go.
static enum kv_result move_account(struct work *w, struct kv_txn *t, struct rng *rng)
{
    char from[24], to[24];
    int64_t x, y;
    key_of(from, "account", rng_below(rng, ACCOUNTS));
    key_of(to, "account", ACCOUNTS + rng_below(rng, 4));
    if (rng_below(rng, 2))
        memcpy(from, to, sizeof(from)), key_of(to, "account", rng_below(rng, ACCOUNTS));
    enum kv_result r = get_number(t, from, &x);
    if (r == KV_OK)
        r = get_number(t, to, &y);
    if (r == KV_OK)
        r = kv_delete(t, str_of(from));
    return r == KV_OK ? put_number(t, to, x + y) : r;
}

// Write skew: of each pair at most one may be taken; each transaction looks at both and takes one.
static enum kv_result take_one(struct work *w, struct kv_txn *t, struct rng *rng)
{
    char key[2][24];
    int64_t n[2];
    uint64_t pair = rng_below(rng, PAIRS), mine = rng_below(rng, 2);
    key_of(key[0], "left", pair);
    key_of(key[1], "right", pair);
    enum kv_result r = get_number(t, key[0], &n[0]);
    if (r == KV_OK)
        r = get_number(t, key[1], &n[1]);
    if (r != KV_OK)
        return r;
    if (n[0] + n[1] > 1)
        note_wrong(w, "both of a pair are taken", n[0] + n[1]);
    return put_number(t, key[mine], n[0] + n[1] == 0 ? 1 : 0);
}

// Lost update: read, add one, write.
static enum kv_result count_by_hand(struct work *w, struct kv_txn *t, struct rng *rng)
{
    char key[24];
    int64_t n;
    uint64_t i = rng_below(rng, COUNTERS);
    key_of(key, "hand", i);
    enum kv_result r = get_number(t, key, &n);
    return r == KV_OK ? put_number(t, key, n + 1) : r;
}

static enum kv_result count_by_add(struct work *w, struct kv_txn *t, struct rng *rng)
{
    char key[24];
    key_of(key, "add", rng_below(rng, COUNTERS));
    return kv_add(t, str_of(key), 1);
}

// Phantoms: inserts a row only if the range has an even number of rows, twice: the number stays even.
static enum kv_result insert_two(struct work *w, struct kv_txn *t, struct rng *rng)
{
    char key[24];
    int64_t sum;
    enum kv_result r = sum_of(t, "row", 0, &sum);
    if (r == KV_OK && sum % 2 != 0)
        note_wrong(w, "rows seen", sum);
    if (r == KV_OK && sum > 60)
        return kv_delete_range(t, range_of("row", "row\xff"));
    for (int i = 0; i < 2 && r == KV_OK; i++) {
        key_of(key, "row", (uint64_t)sum + (uint64_t)i);
        r = put_number(t, key, 1);
    }
    return r;
}

// Keys that each land right before one that is there, while others look that one up: it is always found.
static enum kv_result insert_before(struct work *w, struct kv_txn *t, struct rng *rng)
{
    static atomic_uint next;
    char key[24];
    snprintf(key, sizeof(key), "account0005/%010u", atomic_fetch_add(&next, 1));
    return kv_put(t, str_of(key), STR(""));
}

static enum kv_result look_up(struct work *w, struct kv_txn *t, struct rng *rng)
{
    struct kv_value v;
    enum kv_result r = KV_OK;
    for (int i = 0; i < 200 && r == KV_OK; i++) {
        r = kv_get(t, STR("account0006"), KV_READ_SNAPSHOT, &v);
        if (r == KV_OK && !v.found)
            note_wrong(w, "a key that is there is not found", i);
    }
    return r;
}

struct activity {
    const char *name;
    enum kv_result (*run[3])(struct work *w, struct kv_txn *t, struct rng *rng); // drawn from, with equal weights
};
static const struct activity activities[] = {
    {"bank", {transfer, transfer, check_total}},        {"moving", {move_account, transfer, check_total}},
    {"skew", {take_one, take_one, take_one}},           {"counters", {count_by_hand, count_by_add, count_by_hand}},
    {"phantoms", {insert_two, insert_two, insert_two}}, {"neighbours", {insert_before, insert_before, look_up}},
};

static void *work_run(void *arg)
{
    struct work *w = arg;
    const struct activity *activity = w->activity;
    struct rng rng;
    rng_seed(&rng, (uint64_t)w->thread + 1);
    for (size_t i = 0; clock_mono_ns() < w->until_ns; i++) {
        size_t which = rng_below(&rng, 3);
        struct kv_txn *t =
            begin_with(w->store, (struct kv_begin_options){.read_only = activity->run[which] == check_total});
        enum kv_result r = activity->run[which](w, t, &rng);
        if (r == KV_OK)
            r = kv_commit(t, &(uint64_t){0});
        else
            kv_abort(t);
        atomic_fetch_add(r == KV_OK ? w->commits : w->retries, 1);
        if (r == KV_OK && activity->run[which] == count_by_hand)
            w->by_hand++;
        if (r == KV_OK && activity->run[which] == count_by_add)
            w->by_add++;
        if (r != KV_OK && r != KV_CONFLICT && r != KV_DEADLOCK && r != KV_TOO_OLD)
            note_wrong(w, kv_result_name(r), r);
    }
    return NULL;
}

static void check_sum(struct store *s, const char *what, int64_t expected)
{
    struct kv_txn *t = begin_read_only(s);
    int64_t sum = 0;
    CHECK_OK(sum_of(t, what, 0, &sum));
    CHECK_INT(sum, expected);
    kv_abort(t);
}

static void run_activity(size_t which, const struct engine *engine, int64_t duration_ns)
{
    struct store s;
    struct work work[THREADS];
    pthread_t threads[THREADS];
    atomic_uint_fast64_t commits = 0, retries = 0, wrong = 0;
    int64_t by_hand = 0, by_add = 0;
    store_open(&s, engine);
    struct kv_txn *t = begin_txn(&s);
    char key[24];
    for (int i = 0; i < ACCOUNTS; i++) {
        key_of(key, "account", (uint64_t)i);
        CHECK_OK(put_number(t, key, BALANCE));
    }
    COMMIT(&s, t);
    for (int i = 0; i < THREADS; i++) {
        work[i] =
            (struct work){&s, i, clock_mono_ns() + duration_ns, &commits, &retries, &wrong, &activities[which], 0, 0};
        if (pthread_create(&threads[i], NULL, work_run, &work[i]) != 0)
            exit(2);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        by_hand += work[i].by_hand;
        by_add += work[i].by_add;
    }
    check_sum(&s, "account", ACCOUNTS * BALANCE);
    check_sum(&s, "hand", by_hand);
    check_sum(&s, "add", by_add);
    CHECK(commits > 0 && wrong == 0);
    printf("%s/%s: %d commits, %d retries\n", engine->name, activities[which].name, (int)commits, (int)retries);
    store_close(&s);
}

int main(int argc, char **argv)
{
    bool many = getenv("PALMETTO_TEST_LONG") != NULL;
    int64_t duration_ns = many ? 20000000000 : 800000000;
    int passed = 0, failed = 0;
    for (size_t e = 0; e < engines_count; e++) {
        if (argc > 2 ? strcmp(engines[e].name, argv[2]) != 0 : engines[e].checkpoint_always)
            continue;
        for (size_t i = 0; i < ARRAY_LEN(activities); i++) {
            if (argc > 1 && strstr(activities[i].name, argv[1]) == NULL)
                continue;
            int before = kvtest_failures();
            run_activity(i, &engines[e], duration_ns);
            passed += kvtest_failures() == before;
            failed += kvtest_failures() != before;
            fflush(stdout);
        }
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
