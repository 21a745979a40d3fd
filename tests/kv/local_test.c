// What is particular to the local engine: recovery, checkpoints, history partitions, buckets of long keys, the bounds
// of its read sets and memtables. The contract itself is tested by the conformance suite.
#include "kv/kv.h"

#include "base/err.h"
#include "base/util.h"
#include "../unit/check.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void fresh_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/local_test-XXXXXX");
    if (mkdtemp(dir) == NULL)
        abort();
}

static void remove_dir(void)
{
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static struct kv *open_kv(const char *url, const struct kv_options *options)
{
    struct err err = ERR_INIT;
    struct kv *kv = NULL;
    if (kv_open(url, options, &kv, &err) != 0) {
        printf("  open %s: %s\n", url, err.message);
        abort();
    }
    return kv;
}

static struct kv *open_dir(const struct kv_options *options)
{
    char url[128];
    snprintf(url, sizeof(url), "local:%s", dir);
    return open_kv(url, options);
}

static struct kv_txn *begin(struct kv *kv)
{
    struct kv_txn *txn = NULL;
    CHECK_INT(kv_begin(kv, NULL, &txn), KV_OK);
    return txn;
}

static struct kv_txn *begin_as_of(struct kv *kv, uint64_t version)
{
    struct kv_txn *txn = NULL;
    struct kv_begin_options options = {.as_of = version};
    CHECK_INT(kv_begin(kv, &options, &txn), KV_OK);
    return txn;
}

static uint64_t put_one(struct kv *kv, struct str key, struct str value)
{
    uint64_t version = 0;
    struct kv_txn *txn = begin(kv);
    CHECK_INT(kv_put(txn, key, value), KV_OK);
    CHECK_INT(kv_commit(txn, &version), KV_OK);
    return version;
}

static uint64_t delete_one(struct kv *kv, struct str key)
{
    uint64_t version = 0;
    struct kv_txn *txn = begin(kv);
    CHECK_INT(kv_delete(txn, key), KV_OK);
    CHECK_INT(kv_commit(txn, &version), KV_OK);
    return version;
}

static void check_get(struct kv_txn *txn, struct str key, const char *expected)
{
    struct kv_value v;
    CHECK_INT(kv_get(txn, key, 0, &v), KV_OK);
    CHECK_INT(v.found, expected != NULL);
    if (v.found && expected != NULL)
        CHECK_STR(v.value, expected);
}

static void check_now(struct kv *kv, struct str key, const char *expected)
{
    struct kv_txn *txn = begin(kv);
    check_get(txn, key, expected);
    kv_abort(txn);
}

// "k=v k=v" of a scan.
static const char *scan_text(struct kv_txn *txn, unsigned flags)
{
    static char text[4096];
    struct kv_scan *scan;
    struct kv_batch batch;
    size_t at = 0;
    text[0] = '\0';
    CHECK_INT(kv_scan_open(txn, (struct kv_range){STR_EMPTY, STR_NONE}, flags, 0, &scan), KV_OK);
    for (;;) {
        CHECK_INT(kv_scan_next(scan, 3, &batch), KV_OK);
        if (batch.n == 0)
            break;
        for (size_t i = 0; i < batch.n; i++)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s=%.*s", at > 0 ? " " : "",
                                   STR_FMT(batch.pairs[i].key), STR_FMT(batch.pairs[i].value));
    }
    kv_scan_close(scan);
    return text;
}

static void check_scan(struct kv_txn *txn, unsigned flags, const char *expected)
{
    CHECK_STR(str_of(scan_text(txn, flags)), expected);
}

static void test_reopen(void)
{
    fresh_dir();
    struct kv *kv = open_dir(NULL);
    put_one(kv, STR("a"), STR("1"));
    put_one(kv, STR("b"), STR("2"));
    put_one(kv, STR("a"), STR("3"));
    kv_close(kv);
    kv = open_dir(NULL);
    check_now(kv, STR("a"), "3");
    CHECK_INT(kv_checkpoint(kv), KV_OK);
    check_now(kv, STR("a"), "3");
    put_one(kv, STR("c"), STR("4"));
    struct kv_txn *txn = begin(kv);
    check_scan(txn, 0, "a=3 b=2 c=4");
    check_scan(txn, KV_READ_REVERSE, "c=4 b=2 a=3");
    kv_abort(txn);
    struct kv *second = NULL;
    struct err err = ERR_INIT;
    char url[128];
    snprintf(url, sizeof(url), "local:%s", dir);
    CHECK_INT(kv_open(url, NULL, &second, &err), ERR_OBJECT_IN_USE);
    err_reset(&err);
    kv_close(kv);
    remove_dir();
}

static void run_history(struct kv *kv)
{
    uint64_t v1 = put_one(kv, STR("a"), STR("1"));
    uint64_t v2 = put_one(kv, STR("a"), STR("2"));
    uint64_t v3 = delete_one(kv, STR("a"));
    uint64_t v4 = put_one(kv, STR("b"), STR("x"));
    uint64_t versions[] = {v1, v2, v3, v4};
    const char *a[] = {"1", "2", NULL, NULL};
    const char *all[] = {"a=1", "a=2", "", "b=x"};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 4; i++) {
            struct kv_txn *txn = begin_as_of(kv, versions[i]);
            check_get(txn, STR("a"), a[i]);
            check_scan(txn, 0, all[i]);
            check_scan(txn, KV_READ_REVERSE, all[i]);
            kv_abort(txn);
        }
        if (round == 1) {
            put_one(kv, STR("a"), STR("4"));
            put_one(kv, STR("b"), STR("y"));
        }
        CHECK_INT(kv_checkpoint(kv), KV_OK);
    }
    check_now(kv, STR("a"), "4");
}

static void test_history(void)
{
    struct kv *kv = open_kv("mem:", NULL);
    run_history(kv);
    kv_close(kv);
    fresh_dir();
    kv = open_dir(NULL);
    run_history(kv);
    kv_close(kv);
    remove_dir();
}

static void test_long_keys(void)
{
    struct kv *kv = open_kv("mem:", NULL);
    char key[2048];
    memset(key, 'k', sizeof(key));
    const size_t lens[] = {509, 510, 511, 512, 600, 2000};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        char value[16];
        snprintf(value, sizeof(value), "%zu", lens[i]);
        put_one(kv, (struct str){key, lens[i]}, str_of(value));
        CHECK_INT(kv_checkpoint(kv), KV_OK);
    }
    for (unsigned flags = 0; flags <= KV_READ_REVERSE; flags += KV_READ_REVERSE) {
        struct kv_txn *txn = begin(kv);
        struct kv_scan *scan;
        struct kv_batch batch;
        CHECK_INT(kv_scan_open(txn, (struct kv_range){STR_EMPTY, STR_NONE}, flags, 0, &scan), KV_OK);
        CHECK_INT(kv_scan_next(scan, 100, &batch), KV_OK);
        CHECK_INT(batch.n, ARRAY_LEN(lens));
        for (size_t i = 0; i < batch.n; i++)
            CHECK_INT(batch.pairs[i].key.len, lens[flags == 0 ? i : batch.n - 1 - i]);
        kv_abort(txn);
    }
    CHECK_INT(delete_one(kv, (struct str){key, 512}) != 0, true);
    CHECK_INT(kv_checkpoint(kv), KV_OK);
    check_now(kv, (struct str){key, 511}, "511");
    check_now(kv, (struct str){key, 512}, NULL);
    check_now(kv, (struct str){key, 600}, "600");
    kv_close(kv);
}

static void test_conflicts(void)
{
    struct kv *kv = open_kv("mem:", NULL);
    put_one(kv, STR("a"), STR("1"));
    struct kv_txn *t1 = begin(kv), *t2 = begin(kv);
    check_get(t1, STR("a"), "1");
    check_get(t2, STR("a"), "1");
    CHECK_INT(kv_put(t1, STR("a"), STR("2")), KV_OK);
    CHECK_INT(kv_put(t2, STR("a"), STR("3")), KV_OK);
    CHECK_INT(kv_commit(t1, NULL), KV_OK);
    CHECK_INT(kv_checkpoint(kv), KV_OK);
    CHECK_INT(kv_commit(t2, NULL), KV_CONFLICT);
    t1 = begin(kv);
    check_scan(t1, 0, "a=2"); // a range read sees insertions
    put_one(kv, STR("b"), STR("1"));
    CHECK_INT(kv_put(t1, STR("z"), STR("1")), KV_OK);
    CHECK_INT(kv_commit(t1, NULL), KV_CONFLICT);
    t1 = begin(kv);
    t2 = begin(kv);
    CHECK_INT(kv_add(t1, STR("n"), 5), KV_OK);
    CHECK_INT(kv_add(t2, STR("n"), 7), KV_OK);
    CHECK_INT(kv_commit(t1, NULL), KV_OK);
    CHECK_INT(kv_commit(t2, NULL), KV_OK);
    t1 = begin(kv);
    struct kv_value v;
    CHECK_INT(kv_get(t1, STR("n"), 0, &v), KV_OK);
    CHECK_INT(v.value.len, 8);
    CHECK_INT(*v.value.ptr, 12);
    kv_abort(t1);
    kv_close(kv);
}

struct load {
    struct kv *kv;
    int rounds;
};

static void *transfer_loop(void *arg)
{
    struct load *load = arg;
    struct rng rng;
    rng_seed(&rng, (uint64_t)(uintptr_t)&rng);
    for (int i = 0; i < load->rounds; i++) {
        struct kv_txn *txn;
        if (kv_begin(load->kv, NULL, &txn) != KV_OK)
            abort();
        int64_t values[2];
        char keys[2][16];
        uint64_t a = rng_below(&rng, 8), b = (a + 1 + rng_below(&rng, 7)) % 8;
        snprintf(keys[0], 16, "acct%d", (int)a);
        snprintf(keys[1], 16, "acct%d", (int)b);
        enum kv_result r = KV_OK;
        for (int k = 0; k < 2 && r == KV_OK; k++) {
            struct kv_value v;
            r = kv_get(txn, str_of(keys[k]), 0, &v);
            if (r == KV_OK)
                memcpy(&values[k], v.value.ptr, 8);
        }
        values[0] -= 3;
        values[1] += 3;
        for (int k = 0; k < 2 && r == KV_OK; k++)
            r = kv_put(txn, str_of(keys[k]), (struct str){(char *)&values[k], 8});
        if (r == KV_OK)
            r = kv_commit(txn, NULL);
        else
            kv_abort(txn);
        if (r != KV_OK && r != KV_CONFLICT && r != KV_TOO_OLD) {
            printf("  commit: %s\n", kv_result_name(r));
            abort();
        }
    }
    return NULL;
}

static int64_t total(struct kv *kv)
{
    struct kv_txn *txn = begin(kv);
    int64_t sum = 0;
    for (int i = 0; i < 8; i++) {
        char key[16];
        int64_t value = 0;
        struct kv_value v;
        snprintf(key, 16, "acct%d", i);
        CHECK_INT(kv_get(txn, str_of(key), 0, &v), KV_OK);
        memcpy(&value, v.value.ptr, 8);
        sum += value;
    }
    kv_abort(txn);
    return sum;
}

static void run_transfers(struct kv *kv, int rounds)
{
    for (int i = 0; i < 8; i++) {
        char key[16];
        int64_t value = 100;
        snprintf(key, 16, "acct%d", i);
        put_one(kv, str_of(key), (struct str){(char *)&value, 8});
    }
    struct load load = {kv, rounds};
    pthread_t threads[6];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, transfer_loop, &load);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(total(kv), 800);
}

// Small memtables: freezing and merging go on all the time under the load.
static void test_transfers(void)
{
    struct kv_options options = {.memtable_bytes = 16 << 10, .history_bytes_max = 64 << 10};
    struct kv *kv = open_kv("mem:", &options);
    run_transfers(kv, 2000);
    kv_close(kv);
    fresh_dir();
    kv = open_dir(&options);
    run_transfers(kv, 1000);
    struct kv_stats stats;
    kv_get_stats(kv, &stats);
    CHECK(stats.checkpoints > 3);
    kv_close(kv);
    kv = open_dir(&options);
    CHECK_INT(total(kv), 800);
    kv_close(kv);
    remove_dir();
}

// A row rewritten so often that its history closes partition after partition: the oldest go early, a live snapshot
// keeps what it needs, the newest stay readable.
static void test_history_pressure(void)
{
    enum { ROUNDS = 60, WRITES = 40, VALUE_BYTES = 32 << 10 };
    struct kv_options options = {.memtable_bytes = 1 << 20};
    struct kv *kv = open_kv("mem:", &options);
    char *value = mem_zalloc(VALUE_BYTES + 1);
    uint64_t first = 0, last = 0;
    memset(value, 'a', VALUE_BYTES);
    struct kv_txn *pin = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WRITES; i++) {
            value[0] = (char)('a' + (round + i) % 26);
            last = put_one(kv, STR("hot"), (struct str){value, VALUE_BYTES});
            first = first == 0 ? last : first;
        }
        if (round == 5) {
            pin = begin(kv);
            put_one(kv, STR("later"), STR("1"));
        }
        CHECK_INT(kv_checkpoint(kv), KV_OK);
    }
    uint64_t pinned = kv_read_version(pin);
    struct kv_value v;
    CHECK_INT(kv_get(pin, STR("hot"), KV_READ_SNAPSHOT, &v), KV_OK);
    CHECK(v.found && v.value.len == VALUE_BYTES && v.value.ptr[0] == (char)('a' + (5 + WRITES - 1) % 26));
    check_get(pin, STR("later"), NULL);
    CHECK(kv_oldest_readable(kv) <= pinned);
    kv_abort(pin);
    for (int i = 0; i < 3; i++) {
        put_one(kv, STR("a"), STR("1"));
        CHECK_INT(kv_checkpoint(kv), KV_OK);
    }
    CHECK(kv_oldest_readable(kv) > first);
    struct kv_begin_options as_of = {.as_of = first};
    CHECK_INT(kv_begin(kv, &as_of, &pin), KV_TOO_OLD);
    pin = begin_as_of(kv, last - 1);
    CHECK_INT(kv_get(pin, STR("hot"), 0, &v), KV_OK);
    CHECK(v.found && v.value.ptr[0] == (char)('a' + (ROUNDS - 1 + WRITES - 2) % 26));
    kv_abort(pin);
    mem_free(value);
    kv_close(kv);
}

// History is asked for without end and bounded in bytes: the file stops growing, the newest stays readable.
static void test_history_bytes(void)
{
    enum { ROUNDS = 150, KEYS = 400, VALUE_BYTES = 200 };
    struct kv_options options = {.memtable_bytes = 1 << 20,
                                 .history_ns = KV_HISTORY_FOREVER_S * INT64_C(1000000000),
                                 .history_disk_bytes_max = 2 << 20};
    struct kv *kv = open_kv("mem:", &options);
    char value[VALUE_BYTES + 1];
    uint64_t first = 0, last = 0, half_bytes = 0;
    struct kv_stats stats;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KEYS; i++) {
            char key[16];
            snprintf(key, sizeof(key), "k%08d", i);
            memset(value, 'a' + round % 26, VALUE_BYTES);
            last = put_one(kv, str_of(key), (struct str){value, VALUE_BYTES});
            first = first == 0 ? last : first;
        }
        CHECK_INT(kv_checkpoint(kv), KV_OK);
        kv_get_stats(kv, &stats);
        half_bytes = round == ROUNDS / 2 ? stats.disk_bytes : half_bytes;
    }
    CHECK(stats.disk_bytes <= half_bytes + (256 << 10));
    CHECK(stats.disk_bytes < 16 << 20); // all of it would be more
    CHECK(kv_oldest_readable(kv) > first);
    struct kv_txn *txn;
    CHECK_INT(kv_begin(kv, &(struct kv_begin_options){.as_of = first}, &txn), KV_TOO_OLD);
    txn = begin_as_of(kv, last - 1);
    struct kv_value v;
    CHECK_INT(kv_get(txn, STR("k00000399"), 0, &v), KV_OK);
    CHECK(v.found && v.value.ptr[0] == 'a' + (ROUNDS - 2) % 26);
    kv_abort(txn);
    kv_close(kv);
}

// More reads than are remembered one by one: still no conflict is missed, and none found far away.
static void test_many_reads(void)
{
    enum { READS = 40000 };
    struct kv *kv = open_kv("mem:", NULL);
    for (int overtaken = 0; overtaken < 2; overtaken++) {
        struct kv_txn *txn = begin(kv);
        struct kv_value v;
        char key[16];
        for (int i = 0; i < READS; i++) {
            snprintf(key, sizeof(key), "k%08d", (i * 7919) % READS);
            CHECK_INT(kv_get(txn, str_of(key), 0, &v), KV_OK);
        }
        put_one(kv, overtaken ? STR("k00012345") : STR("z"), STR("1"));
        CHECK_INT(kv_put(txn, STR("y"), STR("1")), KV_OK);
        CHECK_INT(kv_commit(txn, NULL), overtaken ? KV_CONFLICT : KV_OK);
    }
    kv_close(kv);
}

// A process that ends without closing, having written `key`.
static void crash_after_put(struct str key)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct kv *kv = open_dir(NULL);
        put_one(kv, key, STR("some value"));
        _exit(0);
    }
    int status = 1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void change_byte(const char *name, long offset)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "r+");
    if (f == NULL)
        abort();
    fseek(f, offset, SEEK_SET);
    int c = fgetc(f);
    fseek(f, offset, SEEK_SET);
    fputc(c ^ 0x40, f);
    fclose(f);
}

static void check_refused(int code)
{
    struct err err = ERR_INIT;
    struct kv *kv = NULL;
    char url[128];
    snprintf(url, sizeof(url), "local:%s", dir);
    CHECK_INT(kv_open(url, NULL, &kv, &err), code);
    CHECK(err.hint != NULL);
    err_reset(&err);
}

static void test_damage(void)
{
    fresh_dir();
    crash_after_put(STR("a"));
    crash_after_put(STR("b"));
    change_byte("wal-0000000000000002", 100); // in the last segment: a torn tail
    struct kv *kv = open_dir(NULL);
    check_now(kv, STR("a"), "some value");
    check_now(kv, STR("b"), NULL);
    kv_close(kv);
    crash_after_put(STR("c"));
    crash_after_put(STR("d"));
    // The opening above wrote segment 3, its close began 4; c is in 5 and d in 6.
    change_byte("wal-0000000000000005", 100); // with a segment after it: acknowledged commits are damaged
    check_refused(ERR_DATA_CORRUPTED);
    change_byte("wal-0000000000000005", 100);
    kv = open_dir(NULL);
    check_now(kv, STR("c"), "some value");
    check_now(kv, STR("d"), "some value");
    kv_close(kv);
    change_byte("FORMAT", 0);
    check_refused(ERR_DATA_CORRUPTED);
    change_byte("FORMAT", 0);
    remove_dir();
}

static void test_newer_format(void)
{
    fresh_dir();
    kv_close(open_dir(NULL));
    char path[128];
    snprintf(path, sizeof(path), "%s/FORMAT", dir);
    FILE *f = fopen(path, "w");
    fputs("palmetto store 99\n", f);
    fclose(f);
    check_refused(ERR_FEATURE_NOT_SUPPORTED);
    remove_dir();
}

CHECK_MAIN({"reopen", test_reopen}, {"history", test_history}, {"long_keys", test_long_keys},
           {"conflicts", test_conflicts}, {"transfers", test_transfers}, {"history_pressure", test_history_pressure},
           {"history_bytes", test_history_bytes}, {"many_reads", test_many_reads}, {"damage", test_damage},
           {"newer_format", test_newer_format})
