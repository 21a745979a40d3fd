// The key-value store beside bare LMDB on the same data in the same run: point reads, scans, bulk writes, small durable
// commits at 1, 8 and 32 threads. Prints one table. `kv_bench [ROWS [SECONDS [DIR]]]`, SECONDS for one measurement of
// ten.
#include "base/err.h"
#include "base/util.h"
#include "kv/kv.h"

#include <ftw.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_BYTES = 16, VALUE_BYTES = 100, THREADS_MAX = 32, READS_PER_TXN = 1000, PUTS_PER_TXN = 1000, ROUNDS = 5 };

struct bench {
    uint64_t rows;
    int64_t duration_ns;
    const char *only; // part of the names of the operations to measure
    struct kv *kv;
    MDB_env *env;
    MDB_dbi dbi;
};

// One measurement: what one thread does until `until_ns`; adds what it has done to `done`.
struct run {
    const struct bench *bench;
    void (*body)(struct run *run);
    int64_t until_ns;
    struct rng rng;
    uint64_t done;
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "kv_bench: %s: %s\n", what, why);
    exit(1);
}

static void must(enum kv_result r, const char *what)
{
    if (r != KV_OK)
        fail(what, kv_result_name(r));
}

static void must_lmdb(int rc, const char *what)
{
    if (rc != 0)
        fail(what, mdb_strerror(rc));
}

static void key_of(char key[KEY_BYTES + 1], uint64_t i)
{
    snprintf(key, KEY_BYTES + 1, "k%015llu", (unsigned long long)(i % 1000000000000000));
}

static struct str random_key(struct run *run, char key[KEY_BYTES + 1])
{
    key_of(key, rng_below(&run->rng, run->bench->rows));
    return (struct str){key, KEY_BYTES};
}

static struct str some_value(struct run *run, char value[VALUE_BYTES])
{
    memset(value, (int)rng_below(&run->rng, 256), VALUE_BYTES);
    return (struct str){value, VALUE_BYTES};
}

static bool time_is_up(const struct run *run)
{
    return clock_mono_ns() >= run->until_ns;
}

static volatile uint64_t sink; // keeps reads from being optimized away

// --- ours ---------------------------------------------------------------------------------------------------------

static struct kv_txn *begin(const struct bench *b, bool read_only)
{
    struct kv_txn *t;
    must(kv_begin(b->kv, &(struct kv_begin_options){.read_only = read_only}, &t), "begin");
    return t;
}

static void kv_gets(struct run *run)
{
    char key[KEY_BYTES + 1];
    uint64_t sum = 0;
    while (!time_is_up(run)) {
        struct kv_txn *t = begin(run->bench, true);
        for (int i = 0; i < READS_PER_TXN; i++) {
            struct kv_value v;
            must(kv_get(t, random_key(run, key), 0, &v), "get");
            sum += (uint8_t)v.value.ptr[0];
        }
        kv_abort(t);
        run->done += READS_PER_TXN;
    }
    sink = sum;
}

static void kv_scans(struct run *run)
{
    uint64_t sum = 0;
    while (!time_is_up(run)) {
        struct kv_txn *t = begin(run->bench, true);
        struct kv_scan *scan;
        struct kv_batch batch;
        must(kv_scan_open(t, (struct kv_range){STR_EMPTY, STR_NONE}, 0, 0, &scan), "scan_open");
        do {
            must(kv_scan_next(scan, 1024, &batch), "scan_next");
            for (size_t i = 0; i < batch.n; i++)
                sum += (uint8_t)batch.pairs[i].key.ptr[15] + (uint8_t)batch.pairs[i].value.ptr[0];
            run->done += batch.n;
        } while (batch.n > 0);
        kv_abort(t);
    }
    sink = sum;
}

static void kv_puts(struct run *run)
{
    char key[KEY_BYTES + 1], value[VALUE_BYTES];
    while (!time_is_up(run)) {
        struct kv_txn *t = begin(run->bench, false);
        for (int i = 0; i < PUTS_PER_TXN; i++)
            must(kv_put(t, random_key(run, key), some_value(run, value)), "put");
        must(kv_commit(t, &(uint64_t){0}), "commit");
        run->done += PUTS_PER_TXN;
    }
}

static void kv_commits(struct run *run)
{
    char key[KEY_BYTES + 1], value[VALUE_BYTES];
    while (!time_is_up(run)) {
        struct kv_txn *t = begin(run->bench, false);
        must(kv_put(t, random_key(run, key), some_value(run, value)), "put");
        must(kv_commit(t, &(uint64_t){0}), "commit");
        run->done++;
    }
}

// --- bare LMDB ----------------------------------------------------------------------------------------------------

static MDB_val val_of(struct str s)
{
    return (MDB_val){s.len, (void *)s.ptr};
}

static MDB_txn *lmdb_begin(const struct bench *b, unsigned flags)
{
    MDB_txn *t;
    must_lmdb(mdb_txn_begin(b->env, NULL, flags, &t), "mdb_txn_begin");
    return t;
}

static void lmdb_gets(struct run *run)
{
    char key[KEY_BYTES + 1];
    uint64_t sum = 0;
    while (!time_is_up(run)) {
        MDB_txn *t = lmdb_begin(run->bench, MDB_RDONLY);
        for (int i = 0; i < READS_PER_TXN; i++) {
            MDB_val k = val_of(random_key(run, key)), v;
            must_lmdb(mdb_get(t, run->bench->dbi, &k, &v), "mdb_get");
            sum += *(uint8_t *)v.mv_data;
        }
        mdb_txn_abort(t);
        run->done += READS_PER_TXN;
    }
    sink = sum;
}

static void lmdb_scans(struct run *run)
{
    uint64_t sum = 0;
    while (!time_is_up(run)) {
        MDB_txn *t = lmdb_begin(run->bench, MDB_RDONLY);
        MDB_cursor *cursor;
        MDB_val k, v;
        must_lmdb(mdb_cursor_open(t, run->bench->dbi, &cursor), "mdb_cursor_open");
        while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) {
            sum += ((uint8_t *)k.mv_data)[15] + *(uint8_t *)v.mv_data;
            run->done++;
        }
        mdb_cursor_close(cursor);
        mdb_txn_abort(t);
    }
    sink = sum;
}

static void lmdb_put(struct run *run, MDB_txn *t)
{
    char key[KEY_BYTES + 1], value[VALUE_BYTES];
    MDB_val k = val_of(random_key(run, key)), v = val_of(some_value(run, value));
    must_lmdb(mdb_put(t, run->bench->dbi, &k, &v, 0), "mdb_put");
}

static void lmdb_puts(struct run *run)
{
    while (!time_is_up(run)) {
        MDB_txn *t = lmdb_begin(run->bench, 0);
        for (int i = 0; i < PUTS_PER_TXN; i++)
            lmdb_put(run, t);
        must_lmdb(mdb_txn_commit(t), "mdb_txn_commit");
        run->done += PUTS_PER_TXN;
    }
}

static void lmdb_commits(struct run *run)
{
    while (!time_is_up(run)) {
        MDB_txn *t = lmdb_begin(run->bench, 0);
        lmdb_put(run, t);
        must_lmdb(mdb_txn_commit(t), "mdb_txn_commit");
        run->done++;
    }
}

// --- measuring ----------------------------------------------------------------------------------------------------

static void *run_body(void *arg)
{
    struct run *run = arg;
    run->body(run);
    return NULL;
}

// Operations per second of `threads` threads.
static double measure(const struct bench *b, void (*body)(struct run *run), int threads)
{
    struct run runs[THREADS_MAX];
    pthread_t ids[THREADS_MAX];
    uint64_t done = 0;
    int64_t began = clock_mono_ns();
    for (int i = 0; i < threads; i++) {
        runs[i] = (struct run){.bench = b, .body = body, .until_ns = began + b->duration_ns};
        rng_seed(&runs[i].rng, (uint64_t)i + 1);
        if (pthread_create(&ids[i], NULL, run_body, &runs[i]) != 0)
            fail("pthread_create", "no thread");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        done += runs[i].done;
    }
    return (double)done / ((double)(clock_mono_ns() - began) / 1e9);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Both sides in turn, ROUNDS times, and the median of the ratios: the machine's speed drifts less within a round.
static void compare(const struct bench *b, const char *what, int threads, void (*ours)(struct run *run),
                    void (*theirs)(struct run *run))
{
    double sum[2] = {0}, ratios[ROUNDS];
    if (strstr(what, b->only) == NULL)
        return;
    for (int i = 0; i < ROUNDS; i++) {
        double one = measure(b, ours, threads), other = measure(b, theirs, threads);
        sum[0] += one / ROUNDS;
        sum[1] += other / ROUNDS;
        ratios[i] = one / other;
    }
    qsort(ratios, ROUNDS, sizeof(ratios[0]), compare_doubles);
    printf("| %-28s | %7d | %12.0f | %12.0f | %5.2fx |\n", what, threads, sum[0], sum[1], ratios[ROUNDS / 2]);
    fflush(stdout);
}

static void print_all(const struct bench *b)
{
    static const int threads[] = {1, 8, 32};
    printf("%llu rows of %d + %d bytes; operations per second\n", (unsigned long long)b->rows, KEY_BYTES, VALUE_BYTES);
    printf("| %-28s | threads | %12s | %12s | %6s |\n", "operation", "palmetto", "bare LMDB", "ratio");
    printf("| ---------------------------- | ------: | -----------: | -----------: | -----: |\n");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        compare(b, "get", threads[i], kv_gets, lmdb_gets);
    compare(b, "scan, all checkpointed", 1, kv_scans, lmdb_scans);
    compare(b, "scan, all checkpointed", 8, kv_scans, lmdb_scans);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        compare(b, "commit of one put", threads[i], kv_commits, lmdb_commits);
    compare(b, "put, 1000 per commit", 1, kv_puts, lmdb_puts);
    compare(b, "put, 1000 per commit", 8, kv_puts, lmdb_puts);
    compare(b, "get after those writes", 1, kv_gets, lmdb_gets);
    compare(b, "scan after those writes", 1, kv_scans, lmdb_scans);
}

// --- set-up -------------------------------------------------------------------------------------------------------

static void load_ours(struct bench *b, const char *dir)
{
    char url[1100], key[KEY_BYTES + 1], value[VALUE_BYTES];
    struct err err = ERR_INIT;
    snprintf(url, sizeof(url), "local:%s/palmetto", dir);
    if (kv_open(url, NULL, &b->kv, &err) != 0)
        fail(url, err.message);
    memset(value, 'v', sizeof(value));
    for (uint64_t i = 0; i < b->rows;) {
        struct kv_txn *t = begin(b, false);
        for (uint64_t end = MIN(b->rows, i + 10000); i < end; i++) {
            key_of(key, i);
            must(kv_put(t, (struct str){key, KEY_BYTES}, (struct str){value, VALUE_BYTES}), "put");
        }
        must(kv_commit(t, &(uint64_t){0}), "commit");
    }
    must(kv_checkpoint(b->kv), "checkpoint");
}

static void load_lmdb(struct bench *b, const char *dir)
{
    char path[1100], key[KEY_BYTES + 1], value[VALUE_BYTES];
    snprintf(path, sizeof(path), "%s/lmdb", dir);
    mkdir(path, 0700);
    must_lmdb(mdb_env_create(&b->env), "mdb_env_create");
    must_lmdb(mdb_env_set_mapsize(b->env, (size_t)1 << 34), "mdb_env_set_mapsize");
    must_lmdb(mdb_env_open(b->env, path, MDB_NOTLS | MDB_NORDAHEAD, 0600), path);
    MDB_txn *t = lmdb_begin(b, 0);
    must_lmdb(mdb_dbi_open(t, NULL, 0, &b->dbi), "mdb_dbi_open");
    memset(value, 'v', sizeof(value));
    for (uint64_t i = 0; i < b->rows; i++) {
        key_of(key, i);
        MDB_val k = {KEY_BYTES, key}, v = {VALUE_BYTES, value};
        must_lmdb(mdb_put(t, b->dbi, &k, &v, MDB_APPEND), "mdb_put");
    }
    must_lmdb(mdb_txn_commit(t), "mdb_txn_commit");
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

int main(int argc, char **argv)
{
    struct bench b = {.rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 500000};
    b.only = argc > 4 ? argv[4] : "";
    b.duration_ns = (int64_t)((argc > 2 ? atof(argv[2]) : 0.3) * 1e9);
    char dir[1000];
    const char *base = argc > 3 ? argv[3] : getenv("TMPDIR");
    snprintf(dir, sizeof(dir), "%s/palmetto-bench-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(dir) == NULL)
        fail(dir, "cannot create");
    load_ours(&b, dir);
    load_lmdb(&b, dir);
    print_all(&b);
    kv_close(b.kv);
    mdb_env_close(b.env);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
