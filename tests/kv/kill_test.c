// kill -9 under concurrent load, again and again on one store. A child process runs transactions on several threads and
// reports each acknowledged one through a pipe; the parent kills it at a random moment, opens the store and checks that
// nothing acknowledged is lost, nothing is half visible and no money is made. `kill_test [SEED [CYCLES]]`.
#include "kvtest.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 4, RING = 20, ACCOUNTS = 16, BALANCE = 1000 };

static char dir[200];

static struct kv *open_store(bool must_exist)
{
    char url[220];
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    struct kv_options options = {.memtable_bytes = 64 << 10, .must_exist = must_exist};
    snprintf(url, sizeof(url), "local:%s", dir);
    if (kv_open(url, &options, &kv, &err) != 0) {
        printf("cannot open: %s\n", err.message);
        exit(2);
    }
    return kv;
}

static enum kv_result put_number(struct kv_txn *t, const char *key, uint64_t n)
{
    return kv_put(t, str_of(key), (struct str){(char *)&n, sizeof(n)});
}

static enum kv_result get_number(struct kv_txn *t, const char *key, uint64_t *n)
{
    struct kv_value v = {0};
    enum kv_result r = kv_get(t, str_of(key), 0, &v);
    *n = 0;
    if (v.found && v.value.len == sizeof(*n))
        memcpy(n, v.value.ptr, sizeof(*n));
    return r;
}

// --- the child ----------------------------------------------------------------------------------------------------

struct writer {
    struct kv *kv;
    int number, pipe;
    uint64_t seed;
};

struct acknowledged {
    uint64_t writer, n;
};

// Moves an amount between two accounts: no transaction leaves another total.
static enum kv_result transfer(struct kv_txn *t, struct rng *rng)
{
    char a[16], b[16];
    uint64_t x, y, amount = rng_below(rng, 10);
    int from = (int)rng_below(rng, ACCOUNTS), to = (from + 1 + (int)rng_below(rng, ACCOUNTS - 1)) % ACCOUNTS;
    snprintf(a, sizeof(a), "account%d", from);
    snprintf(b, sizeof(b), "account%d", to);
    enum kv_result r = get_number(t, a, &x);
    if (r == KV_OK)
        r = get_number(t, b, &y);
    if (r == KV_OK && x >= amount)
        r = put_number(t, a, x - amount);
    if (r == KV_OK && x >= amount)
        r = put_number(t, b, y + amount);
    return r;
}

// Writes number n to the writer's `last` and to one key of its ring, some padding, and a transfer: all or nothing.
static enum kv_result run_transaction(struct kv_txn *t, const struct writer *w, struct rng *rng, uint64_t n)
{
    char last[16], ring[24], padding[2000];
    snprintf(last, sizeof(last), "w%d/last", w->number);
    snprintf(ring, sizeof(ring), "w%d/ring%02d", w->number, (int)(n % RING));
    memset(padding, 'p', sizeof(padding));
    enum kv_result r = put_number(t, last, n);
    if (r == KV_OK)
        r = put_number(t, ring, n);
    snprintf(ring, sizeof(ring), "w%d/padding%02d", w->number, (int)rng_below(rng, 50));
    if (r == KV_OK)
        r = kv_put(t, str_of(ring), (struct str){padding, rng_below(rng, sizeof(padding))});
    return r == KV_OK ? transfer(t, rng) : r;
}

static void *writer_run(void *arg)
{
    struct writer *w = arg;
    struct rng rng;
    struct kv_txn *t;
    char last[16];
    uint64_t n = 0;
    rng_seed(&rng, w->seed * 16 + (uint64_t)w->number);
    snprintf(last, sizeof(last), "w%d/last", w->number);
    if (kv_begin(w->kv, NULL, &t) != KV_OK || get_number(t, last, &n) != KV_OK)
        _exit(3);
    kv_abort(t);
    for (n++;;) {
        if (kv_begin(w->kv, NULL, &t) != KV_OK)
            _exit(3);
        enum kv_result r = run_transaction(t, w, &rng, n);
        if (r == KV_OK)
            r = kv_commit(t, &(uint64_t){0});
        else
            kv_abort(t);
        if (r == KV_CONFLICT || r == KV_TOO_OLD)
            continue;
        struct acknowledged a = {(uint64_t)w->number, n};
        if (r != KV_OK || write(w->pipe, &a, sizeof(a)) != sizeof(a))
            _exit(3);
        n++;
    }
}

static void child_run(uint64_t seed, int pipe)
{
    struct kv *kv = open_store(true);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){kv, i, pipe, seed};
        if (pthread_create(&threads[i], NULL, writer_run, &writers[i]) != 0)
            _exit(3);
    }
    pthread_join(threads[0], NULL);
}

// --- the parent ---------------------------------------------------------------------------------------------------

static void create_accounts(void)
{
    struct kv *kv = open_store(false);
    struct kv_txn *t;
    char key[16];
    CHECK_OK(kv_begin(kv, NULL, &t));
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(key, sizeof(key), "account%d", i);
        CHECK_OK(put_number(t, key, BALANCE));
    }
    CHECK_OK(kv_commit(t, &(uint64_t){0}));
    kv_close(kv);
}

// Lets a child work for a while, kills it; the greatest acknowledged number per writer.
static uint64_t run_child(uint64_t seed, struct rng *rng, uint64_t acknowledged[WRITERS])
{
    int ends[2];
    uint64_t count = 0;
    if (pipe(ends) != 0)
        exit(2);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        child_run(seed, ends[1]);
        _exit(3);
    }
    close(ends[1]);
    struct acknowledged a;
    // It is killed after some transactions, and at a random moment after that.
    uint64_t until = rng_below(rng, 60);
    for (; count < until && read(ends[0], &a, sizeof(a)) == sizeof(a); count++)
        acknowledged[a.writer] = MAX(acknowledged[a.writer], a.n);
    usleep((useconds_t)rng_below(rng, 20000));
    kill(child, SIGKILL);
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status))
        check_failed_at(__FILE__, __LINE__, "the child ended by itself with status %d", WEXITSTATUS(status));
    for (; read(ends[0], &a, sizeof(a)) == sizeof(a); count++)
        acknowledged[a.writer] = MAX(acknowledged[a.writer], a.n);
    close(ends[0]);
    return count;
}

static void check_writer(struct kv_txn *t, int number, uint64_t acknowledged)
{
    char key[24];
    uint64_t last, n;
    snprintf(key, sizeof(key), "w%d/last", number);
    CHECK_OK(get_number(t, key, &last));
    if (last < acknowledged || last > acknowledged + 1)
        check_failed_at(__FILE__, __LINE__, "writer %d: %" PRIu64 " transactions, acknowledged %" PRIu64, number, last,
                        acknowledged);
    for (uint64_t i = 0; i < RING; i++) { // each ring key holds the newest number that falls on it
        uint64_t back = (last % RING + RING - i) % RING;
        uint64_t expected = last >= back ? last - back : 0;
        snprintf(key, sizeof(key), "w%d/ring%02d", number, (int)i);
        CHECK_OK(get_number(t, key, &n));
        if (n != expected)
            check_failed_at(__FILE__, __LINE__, "%s is %" PRIu64 ", expected %" PRIu64, key, n, expected);
    }
}

static void check_store(const uint64_t acknowledged[WRITERS])
{
    struct kv *kv = open_store(true);
    struct kv_txn *t;
    uint64_t total = 0, n;
    char key[16];
    CHECK_OK(kv_begin(kv, NULL, &t));
    for (int i = 0; i < WRITERS; i++)
        check_writer(t, i, acknowledged[i]);
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(key, sizeof(key), "account%d", i);
        CHECK_OK(get_number(t, key, &n));
        total += n;
    }
    CHECK_INT(total, ACCOUNTS * BALANCE);
    kv_abort(t);
    kv_close(kv);
}

// What the store holds counts as acknowledged from now on.
static void read_lasts(uint64_t acknowledged[WRITERS])
{
    struct kv *kv = open_store(true);
    struct kv_txn *t;
    char key[16];
    CHECK_OK(kv_begin(kv, NULL, &t));
    for (int i = 0; i < WRITERS; i++) {
        snprintf(key, sizeof(key), "w%d/last", i);
        CHECK_OK(get_number(t, key, &acknowledged[i]));
    }
    kv_abort(t);
    kv_close(kv);
}

int main(int argc, char **argv)
{
    bool many = getenv("PALMETTO_TEST_LONG") != NULL;
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)clock_wall_ns() % 1000000;
    int cycles = argc > 2 ? atoi(argv[2]) : many ? 3000 : 200;
    int passed = 0, failed = 0;
    uint64_t count = 0, acknowledged[WRITERS] = {0};
    struct rng rng;
    rng_seed(&rng, seed);
    log_set_level(LOG_LEVEL_ERROR);
    make_temp_dir(dir, sizeof(dir));
    create_accounts();
    for (int cycle = 0; cycle < cycles && failed == 0; cycle++) {
        int before = kvtest_failures();
        count += run_child(seed + (uint64_t)cycle, &rng, acknowledged);
        check_store(acknowledged);
        read_lasts(acknowledged);
        passed += kvtest_failures() == before;
        failed += kvtest_failures() != before;
        if (kvtest_failures() != before)
            printf("  seed %" PRIu64 " cycle %d; the store is left in %s\n", seed, cycle, dir);
    }
    if (failed == 0)
        remove_tree(dir);
    printf("%" PRIu64 " acknowledged transactions in %d cycles\n", count, passed + failed);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
