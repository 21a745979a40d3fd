// Conformance: reads, scans, own writes, savepoints.
#include "kvtest.h"

#include <stdlib.h>

static void absent_and_present(struct store *s)
{
    WRITE(s, "a=1 b=2");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    GET(t, "b", "2");
    GET(t, "c", NULL);
    GET(t, "", NULL);
    CHECK(!kv_has_writes(t));
    CHECK_INT(COMMIT(s, t), kv_now(s->kv));
}

static void overwrite_and_delete(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3");
    WRITE(s, "a=10 -b");
    HOLDS(s, "a=10 c=3");
    WRITE(s, "b=20 -a -zzz");
    HOLDS(s, "b=20 c=3");
}

static void own_writes(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3");
    struct kv_txn *t = begin_txn(s);
    PUT(t, "a", "x");
    PUT(t, "bb", "y");
    DELETE(t, "c");
    CHECK(kv_has_writes(t));
    GET(t, "a", "x");
    GET(t, "bb", "y");
    GET(t, "c", NULL);
    SCAN(t, "", NULL, 0, 0, "a=x b=2 bb=y");
    PUT(t, "c", "again");
    DELETE(t, "a");
    PUT(t, "a", "z");
    SCAN(t, "", NULL, KV_READ_REVERSE, 0, "c=again bb=y b=2 a=z");
    HOLDS(s, "a=1 b=2 c=3");
    COMMIT(s, t);
    HOLDS(s, "a=z b=2 bb=y c=again");
}

static void abort_drops_writes(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    PUT(t, "a", "2");
    PUT(t, "b", "2");
    kv_abort(t);
    HOLDS(s, "a=1");
}

static void snapshot_is_stable(struct store *s)
{
    WRITE(s, "a=1 b=2");
    struct kv_txn *t = begin_read_only(s);
    uint64_t version = kv_read_version(t);
    WRITE(s, "a=9 -b c=3");
    GET(t, "a", "1");
    GET(t, "b", "2");
    GET(t, "c", NULL);
    SCAN(t, "", NULL, 0, 0, "a=1 b=2");
    SCAN(t, "", NULL, KV_READ_REVERSE, 0, "b=2 a=1");
    CHECK_INT(COMMIT(s, t), version);
}

static void get_many(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3");
    struct kv_txn *t = begin_txn(s);
    PUT(t, "b", "own");
    DELETE(t, "c");
    struct str keys[] = {STR("c"), STR("b"), STR("zz"), STR("a"), STR("a")};
    struct kv_value out[5];
    CHECK_OK(kv_get_many(t, keys, 5, 0, out));
    CHECK(!out[0].found && !out[2].found);
    CHECK_STR(out[1].value, "own");
    CHECK_STR(out[3].value, "1");
    CHECK_STR(out[4].value, "1");
    kv_abort(t);
}

static void scan_bounds(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3 d=4 e=5");
    struct kv_txn *t = begin_read_only(s);
    SCAN(t, "b", "d", 0, 0, "b=2 c=3");
    SCAN(t, "b", "d", KV_READ_REVERSE, 0, "c=3 b=2");
    SCAN(t, "b\x01", "d\x01", 0, 0, "c=3 d=4");
    SCAN(t, "", "b", 0, 0, "a=1");
    SCAN(t, "d", NULL, 0, 0, "d=4 e=5");
    SCAN(t, "d", NULL, KV_READ_REVERSE, 0, "e=5 d=4");
    SCAN(t, "f", NULL, 0, 0, "");
    SCAN(t, "f", NULL, KV_READ_REVERSE, 0, "");
    SCAN(t, "c", "c", 0, 0, "");
    SCAN(t, "d", "b", 0, 0, "");
    SCAN(t, "", NULL, KV_READ_KEYS_ONLY, 0, "a= b= c= d= e=");
    SCAN(t, "a", "a\x01", 0, 0, "a=1");
    kv_abort(t);
}

static void scan_limits(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3 d=4 e=5");
    struct kv_txn *t = begin_read_only(s);
    SCAN(t, "", NULL, 0, 1, "a=1");
    SCAN(t, "", NULL, 0, 3, "a=1 b=2 c=3");
    SCAN(t, "", NULL, 0, 4, "a=1 b=2 c=3 d=4");
    SCAN(t, "", NULL, 0, 5, "a=1 b=2 c=3 d=4 e=5");
    SCAN(t, "", NULL, 0, 50, "a=1 b=2 c=3 d=4 e=5");
    SCAN(t, "b", "d", KV_READ_REVERSE, 1, "c=3");
    SCAN(t, "", NULL, KV_READ_REVERSE, 4, "e=5 d=4 c=3 b=2");
    kv_abort(t);
}

// Resuming after the last key of a batch gives the rest, whatever the batch size.
static void scan_resumption(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    for (int i = 0; i < 500; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%05d", i * 2);
        PUT(t, key, key);
    }
    COMMIT(s, t);
    t = begin_txn(s);
    for (int i = 0; i < 500; i += 7) { // own writes in between
        char key[16];
        snprintf(key, sizeof(key), "k%05d", i * 2 + 1);
        PUT(t, key, key);
    }
    for (int reverse = 0; reverse < 2; reverse++) {
        char from[16] = "k", last[16] = "";
        int seen = 0;
        for (size_t want = 1;; want = want % 13 + 1) {
            struct kv_range range = reverse ? range_of("k", from[1] == '\0' ? NULL : from) : range_of(from, NULL);
            struct kv_scan *scan;
            struct kv_batch batch;
            CHECK_OK(kv_scan_open(t, range, reverse ? KV_READ_REVERSE : 0, want, &scan));
            CHECK_OK(kv_scan_next(scan, 100, &batch));
            CHECK(batch.n <= want);
            for (size_t i = 0; i < batch.n; i++) {
                CHECK(str_eq(batch.pairs[i].key, batch.pairs[i].value));
                int c = str_cmp(batch.pairs[i].key, str_of(last));
                CHECK(last[0] == '\0' || (reverse ? c < 0 : c > 0));
                snprintf(last, sizeof(last), "%.*s", STR_FMT(batch.pairs[i].key));
                seen++;
            }
            size_t n = batch.n;
            kv_scan_close(scan);
            if (n == 0)
                break;
            snprintf(from, sizeof(from), "%s%s", last, reverse ? "" : "\x01");
        }
        CHECK_INT(seen, 500 + 72);
    }
    kv_abort(t);
}

static void several_scans_at_once(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3 d=4");
    struct kv_txn *t = begin_read_only(s);
    struct kv_scan *x, *y;
    struct kv_batch bx, by;
    CHECK_OK(kv_scan_open(t, range_of("", NULL), 0, 0, &x));
    CHECK_OK(kv_scan_open(t, range_of("", NULL), KV_READ_REVERSE, 0, &y));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(kv_scan_next(x, 1, &bx));
        CHECK_OK(kv_scan_next(y, 1, &by));
        CHECK(bx.n == 1 && by.n == 1);
        CHECK(bx.pairs[0].key.ptr[0] == 'a' + i && by.pairs[0].key.ptr[0] == 'd' - i);
    }
    CHECK_OK(kv_scan_next(x, 1, &bx));
    CHECK_INT(bx.n, 0);
    kv_scan_close(x);
    kv_abort(t); // closes the other
}

static void slices_live_until_the_end(struct store *s)
{
    WRITE(s, "a=old b=keep");
    struct kv_txn *t = begin_txn(s);
    struct kv_value v;
    struct kv_scan *scan;
    struct kv_batch batch;
    CHECK_OK(kv_get(t, STR("a"), 0, &v));
    CHECK_OK(kv_scan_open(t, range_of("b", NULL), 0, 0, &scan));
    CHECK_OK(kv_scan_next(scan, 1, &batch));
    struct kv_pair pair = batch.pairs[0];
    PUT(t, "a", "new");
    for (int i = 0; i < 50; i++) {
        char what[64];
        snprintf(what, sizeof(what), "a=%d b=%d x%d=1", i, i, i);
        WRITE(s, what);
    }
    CHECK_OK(kv_checkpoint(s->kv));
    CHECK_STR(v.value, "old");
    CHECK_STR(pair.key, "b");
    CHECK_STR(pair.value, "keep");
    kv_abort(t);
}

static void delete_range(struct store *s)
{
    WRITE(s, "a=1 b=2 c=3 d=4 e=5");
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(kv_delete_range(t, range_of("b", "d")));
    GET(t, "b", NULL);
    GET(t, "d", "4");
    SCAN(t, "", NULL, 0, 0, "a=1 d=4 e=5");
    PUT(t, "bb", "new");
    SCAN(t, "", NULL, KV_READ_REVERSE, 0, "e=5 d=4 bb=new a=1");
    COMMIT(s, t);
    HOLDS(s, "a=1 bb=new d=4 e=5");
    t = begin_txn(s);
    PUT(t, "own", "1");
    CHECK_OK(kv_delete_range(t, range_of("d", NULL)));
    GET(t, "own", NULL);
    CHECK_OK(kv_delete_range(t, range_of("x", "x")));
    COMMIT(s, t);
    HOLDS(s, "a=1 bb=new");
    t = begin_txn(s);
    CHECK_OK(kv_delete_range(t, range_of("", NULL)));
    SCAN(t, "", NULL, 0, 0, "");
    PUT(t, "z", "26");
    COMMIT(s, t);
    HOLDS(s, "z=26");
}

static void delete_range_of_many(struct store *s)
{
    for (int round = 0; round < 2; round++) {
        struct kv_txn *t = begin_txn(s);
        for (int i = 0; i < 3000; i++) {
            char key[16];
            snprintf(key, sizeof(key), "k%05d", i);
            PUT(t, key, "v");
        }
        COMMIT(s, t);
        if (round == 1)
            CHECK_OK(kv_checkpoint(s->kv));
        struct kv_txn *before = begin_read_only(s);
        t = begin_txn(s);
        CHECK_OK(kv_delete_range(t, range_of("k00001", "k02999")));
        PUT(t, "k01500", "kept");
        COMMIT(s, t);
        HOLDS(s, "k00000=v k01500=kept k02999=v");
        SCAN(before, "k01499", "k01502", 0, 0, "k01499=v k01500=v k01501=v");
        kv_abort(before);
    }
}

static void put_counter(struct kv_txn *t, const char *key, int64_t n)
{
    CHECK_OK(kv_put(t, str_of(key), (struct str){(char *)&n, sizeof(n)}));
}

static int64_t get_counter(struct kv_txn *t, const char *key)
{
    struct kv_value v = {0};
    int64_t n = 0;
    CHECK_OK(kv_get(t, str_of(key), 0, &v));
    CHECK(!v.found || v.value.len == sizeof(n));
    if (v.found && v.value.len == sizeof(n))
        memcpy(&n, v.value.ptr, sizeof(n));
    return n;
}

static void add(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(kv_add(t, STR("n"), 5));
    CHECK_INT(get_counter(t, "n"), 5);
    CHECK_OK(kv_add(t, STR("n"), -7));
    CHECK_INT(get_counter(t, "n"), -2);
    COMMIT(s, t);
    t = begin_txn(s);
    CHECK_INT(get_counter(t, "n"), -2);
    CHECK_OK(kv_add(t, STR("n"), 100));
    CHECK_INT(get_counter(t, "n"), 98);
    put_counter(t, "n", 1000);
    CHECK_OK(kv_add(t, STR("n"), 1));
    CHECK_INT(get_counter(t, "n"), 1001);
    DELETE(t, "n");
    CHECK_OK(kv_add(t, STR("n"), 3));
    CHECK_INT(get_counter(t, "n"), 3);
    CHECK_OK(kv_add(t, STR("m"), INT64_MAX));
    COMMIT(s, t);
    t = begin_txn(s);
    CHECK_INT(get_counter(t, "n"), 3);
    CHECK_INT(get_counter(t, "m"), INT64_MAX);
    struct kv_scan *scan;
    struct kv_batch batch;
    CHECK_OK(kv_add(t, STR("n"), 4));
    CHECK_OK(kv_scan_open(t, range_of("", NULL), 0, 0, &scan));
    CHECK_OK(kv_scan_next(scan, 10, &batch));
    CHECK_INT(batch.n, 2);
    int64_t seen = 0;
    if (batch.n == 2)
        memcpy(&seen, batch.pairs[1].value.ptr, sizeof(seen));
    CHECK_INT(seen, 7);
    kv_abort(t);
}

static void savepoints(struct store *s)
{
    WRITE(s, "a=1 b=2");
    struct kv_txn *t = begin_txn(s);
    PUT(t, "a", "x");
    CHECK_INT(kv_savepoint(t), 1);
    PUT(t, "a", "y");
    PUT(t, "c", "3");
    CHECK_INT(kv_savepoint(t), 2);
    DELETE(t, "b");
    PUT(t, "c", "4");
    CHECK_OK(kv_add(t, STR("n"), 1));
    SCAN(t, "", "n", 0, 0, "a=y c=4");
    CHECK_OK(kv_rollback_to(t, 2));
    SCAN(t, "", NULL, 0, 0, "a=y b=2 c=3");
    PUT(t, "d", "5");
    CHECK_OK(kv_rollback_to(t, 2)); // it is still there
    SCAN(t, "", NULL, 0, 0, "a=y b=2 c=3");
    CHECK_OK(kv_rollback_to(t, 1));
    SCAN(t, "", NULL, 0, 0, "a=x b=2");
    CHECK_INT(kv_savepoint(t), 2);
    CHECK_OK(kv_delete_range(t, range_of("", NULL)));
    SCAN(t, "", NULL, 0, 0, "");
    CHECK_OK(kv_rollback_to(t, 2));
    GET(t, "b", "2");
    PUT(t, "e", "6");
    COMMIT(s, t);
    HOLDS(s, "a=x b=2 e=6");
}

static void marked_reads(struct store *s)
{
    WRITE(s, "a=1 b=2");
    struct kv_txn *t = begin_txn(s);
    PUT(t, "a", "x");
    PUT(t, "c", "3");
    kv_set_read_mark(t, kv_mark(t));
    PUT(t, "a", "y");
    PUT(t, "a", "z");
    PUT(t, "d", "4");
    DELETE(t, "b");
    CHECK_OK(kv_add(t, STR("n"), 1));
    SCAN(t, "", NULL, KV_READ_MARKED, 0, "a=x b=2 c=3");
    SCAN(t, "", NULL, KV_READ_MARKED | KV_READ_REVERSE, 2, "c=3 b=2");
    SCAN(t, "", "e", 0, 0, "a=z c=3 d=4");
    struct kv_value v;
    CHECK_OK(kv_get(t, STR("a"), KV_READ_MARKED, &v));
    CHECK(str_eq(v.value, STR("x")));
    CHECK_OK(kv_get(t, STR("d"), KV_READ_MARKED, &v));
    CHECK(!v.found);
    unsigned sp = kv_savepoint(t);
    DELETE(t, "a");
    CHECK_OK(kv_rollback_to(t, sp));
    SCAN(t, "", NULL, KV_READ_MARKED, 0, "a=x b=2 c=3");
    kv_set_read_mark(t, kv_mark(t));
    SCAN(t, "", "e", KV_READ_MARKED, 0, "a=z c=3 d=4");
    kv_abort(t);
}

static void savepoint_rolls_back_everything(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    unsigned sp = kv_savepoint(t);
    PUT(t, "a", "1");
    CHECK_OK(kv_rollback_to(t, sp));
    CHECK(!kv_has_writes(t));
    COMMIT(s, t);
    HOLDS(s, "");
}

static void reset_restarts(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    PUT(t, "b", "2");
    WRITE(s, "a=5");
    CHECK_OK(kv_reset(t));
    CHECK(!kv_has_writes(t));
    GET(t, "a", "5");
    GET(t, "b", NULL);
    CHECK_INT(kv_savepoint(t), 1);
    PUT(t, "c", "3");
    COMMIT(s, t);
    HOLDS(s, "a=5 c=3");
}

static void read_only_refuses_writes(struct store *s)
{
    WRITE(s, "a=1");
    struct kv_txn *t = begin_read_only(s);
    CHECK_RESULT(kv_put(t, STR("b"), STR("2")), KV_READ_ONLY);
    CHECK_RESULT(kv_delete(t, STR("a")), KV_READ_ONLY);
    CHECK_RESULT(kv_delete_range(t, range_of("", NULL)), KV_READ_ONLY);
    CHECK_RESULT(kv_add(t, STR("n"), 1), KV_READ_ONLY);
    kv_abort(t);
    t = begin_read_only(s);
    GET(t, "a", "1");
    COMMIT(s, t);
}

static void empty_values(struct store *s)
{
    struct kv_txn *t = begin_txn(s);
    PUT(t, "a", "");
    PUT(t, "b", "1");
    GET(t, "a", "");
    COMMIT(s, t);
    t = begin_read_only(s);
    GET(t, "a", "");
    SCAN(t, "", NULL, 0, 0, "a= b=1");
    kv_abort(t);
    WRITE(s, "-a");
    HOLDS(s, "b=1");
}

// Keys of bytes 0 and 255, keys that are prefixes of others.
static void awkward_keys(struct store *s)
{
    static const struct str keys[] = {{"\0", 1},    {"\0\0", 2}, {"\0\1", 2},  {"\1", 1}, {"a", 1},    {"a\0", 2},
                                      {"a\0\0", 3}, {"a\1", 2},  {"a\xff", 2}, {"b", 1},  {"\xff", 1}, {"\xff\xff", 2}};
    struct kv_txn *t = begin_txn(s);
    for (size_t i = ARRAY_LEN(keys); i-- > 0;)
        CHECK_OK(kv_put(t, keys[i], keys[i]));
    COMMIT(s, t);
    t = begin_read_only(s);
    for (int reverse = 0; reverse < 2; reverse++) {
        struct kv_scan *scan;
        struct kv_batch batch;
        CHECK_OK(kv_scan_open(t, range_of("", NULL), reverse ? KV_READ_REVERSE : 0, 0, &scan));
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            CHECK_OK(kv_scan_next(scan, 1, &batch));
            struct str expected = keys[reverse ? ARRAY_LEN(keys) - 1 - i : i];
            CHECK(batch.n == 1 && str_eq(batch.pairs[0].key, expected) && str_eq(batch.pairs[0].value, expected));
        }
    }
    kv_abort(t);
}

static struct str long_key(char *out, size_t len, int common, int i)
{
    memset(out, 'p', len);
    snprintf(out + common, len - (size_t)common, "%06d", i);
    out[common + 6] = i % 2 ? 'q' : 'p';
    return (struct str){out, len};
}

// Beyond what the tree stores as one key: in order, both ways, among keys sharing hundreds of bytes, and gone again.
static void long_keys(struct store *s)
{
    enum { N = 60 };
    char key[3000];
    static const int commons[] = {3, 480, 505, 511, 600, 2000};
    for (size_t c = 0; c < ARRAY_LEN(commons); c++) {
        struct kv_txn *t = begin_txn(s);
        for (int i = 0; i < N; i++)
            CHECK_OK(kv_put(t, long_key(key, (size_t)commons[c] + 20 + (size_t)i % 7, commons[c], i), STR("v")));
        CHECK_OK(kv_put(t, long_key(key, (size_t)commons[c] + 20, commons[c], N), STR("last")));
        COMMIT(s, t);
        CHECK_OK(kv_checkpoint(s->kv));
        t = begin_txn(s);
        for (int reverse = 0; reverse < 2; reverse++) {
            struct kv_scan *scan;
            struct kv_batch batch;
            CHECK_OK(kv_scan_open(t, range_of("", NULL), reverse ? KV_READ_REVERSE : 0, 0, &scan));
            for (int k = 0; k < N; k++) {
                int i = reverse ? N - k : k;
                struct str expected =
                    long_key(key, (size_t)commons[c] + 20 + (i == N ? 0 : (size_t)i % 7), commons[c], i);
                CHECK_OK(kv_scan_next(scan, 1, &batch));
                CHECK(batch.n == 1 && str_eq(batch.pairs[0].key, expected));
            }
            kv_scan_close(scan);
        }
        struct kv_value v;
        CHECK_OK(kv_get(t, long_key(key, (size_t)commons[c] + 20, commons[c], N), 0, &v));
        CHECK(v.found && str_eqc(v.value, "last"));
        CHECK_OK(kv_get(t, long_key(key, (size_t)commons[c] + 19, commons[c], N), 0, &v));
        CHECK(!v.found);
        for (int i = 0; i < N; i += 2)
            CHECK_OK(kv_delete(t, long_key(key, (size_t)commons[c] + 20 + (size_t)i % 7, commons[c], i)));
        COMMIT(s, t);
        CHECK_OK(kv_checkpoint(s->kv));
        t = begin_txn(s);
        struct kv_scan *scan;
        struct kv_batch batch;
        size_t n = 0;
        CHECK_OK(kv_scan_open(t, range_of("", NULL), KV_READ_KEYS_ONLY, 0, &scan));
        do {
            CHECK_OK(kv_scan_next(scan, 7, &batch));
            n += batch.n;
        } while (batch.n > 0);
        CHECK_INT(n, N / 2 + 1);
        CHECK_OK(kv_delete_range(t, range_of("", NULL)));
        COMMIT(s, t);
        CHECK_OK(kv_checkpoint(s->kv));
        HOLDS(s, "");
    }
}

static void big_values(struct store *s)
{
    static const size_t sizes[] = {4000, 4096, 70000, 1 << 20, 5 << 20};
    char *bytes = malloc(5 << 20);
    for (size_t i = 0; i < (5 << 20); i++)
        bytes[i] = (char)(i * 31 + (i >> 8));
    char key[16];
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct kv_txn *t = begin_txn(s);
        snprintf(key, sizeof(key), "k%zu", i);
        CHECK_OK(kv_put(t, str_of(key), (struct str){bytes + i, sizes[i] - i}));
        COMMIT(s, t);
    }
    for (int round = 0; round < 2; round++) {
        struct kv_txn *t = begin_read_only(s);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            struct kv_value v;
            snprintf(key, sizeof(key), "k%zu", i);
            CHECK_OK(kv_get(t, str_of(key), 0, &v));
            CHECK(v.found && str_eq(v.value, (struct str){bytes + i, sizes[i] - i}));
        }
        kv_abort(t);
        CHECK_OK(kv_checkpoint(s->kv));
    }
    free(bytes);
}

static void versions_increase(struct store *s)
{
    uint64_t last = kv_now(s->kv);
    for (int i = 0; i < 200; i++) {
        uint64_t v = WRITE(s, "a=1");
        CHECK(v > last);
        CHECK_INT(kv_now(s->kv), v);
        last = v;
    }
    int64_t lead = (int64_t)last - clock_wall_ns();
    CHECK(lead < INT64_C(10000000000) && lead > -INT64_C(10000000000));
}

static void as_of(struct store *s)
{
    uint64_t v1 = WRITE(s, "a=1 b=1");
    uint64_t v2 = WRITE(s, "a=2 c=2");
    uint64_t v3 = WRITE(s, "-b -a");
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(kv_delete_range(t, range_of("", NULL)));
    PUT(t, "a", "4");
    uint64_t v4 = COMMIT(s, t);
    CHECK_OK(kv_checkpoint(s->kv));
    uint64_t v5 = WRITE(s, "b=5");
    static const char *const expected[] = {"", "a=1 b=1", "a=2 b=1 c=2", "c=2", "a=4", "a=4 b=5"};
    uint64_t versions[] = {v1 - 1, v1, v2, v3, v4, v5};
    for (size_t i = 0; i < 6; i++) {
        t = begin_with(s, (struct kv_begin_options){.as_of = versions[i]});
        CHECK_INT(kv_read_version(t), versions[i]);
        SCAN(t, "", NULL, 0, 0, expected[i]);
        SCAN(t, "", "b", KV_READ_REVERSE, 1, i == 0 || i == 3 ? "" : i == 1 ? "a=1" : i == 2 ? "a=2" : "a=4");
        GET(t, "b", i == 1 || i == 2 ? "1" : i == 5 ? "5" : NULL);
        CHECK_RESULT(kv_put(t, STR("z"), STR("")), KV_READ_ONLY);
        kv_abort(t);
        t = begin_with(s, (struct kv_begin_options){.as_of = versions[i]});
        SCAN(t, "", NULL, KV_READ_REVERSE | KV_READ_KEYS_ONLY, 0,
             i == 0   ? ""
             : i == 1 ? "b= a="
             : i == 2 ? "c= b= a="
             : i == 3 ? "c="
             : i == 4 ? "a="
                      : "b= a=");
        kv_abort(t);
    }
    CHECK(kv_oldest_readable(s->kv) <= v1);
    struct kv_txn *none = NULL;
    CHECK_RESULT(kv_begin(s->kv, &(struct kv_begin_options){.as_of = 1}, &none),
                 kv_oldest_readable(s->kv) > 1 ? KV_TOO_OLD : KV_OK);
    if (none != NULL)
        kv_abort(none);
}

// "key@i=value": committed by the i-th of `versions`, @- by nobody yet.
static void check_stamped(int line, const struct kv_pair *p, const uint64_t *versions, const char *expected)
{
    char text[64];
    struct str value = p->value;
    uint64_t version = kv_take_stamp(&value);
    int at = 0;
    while (version != 0 && versions[at] != version && at < 9)
        at++;
    snprintf(text, sizeof(text), "%.*s@%c=%.*s", STR_FMT(p->key), version == 0 ? '-' : '0' + at, STR_FMT(value));
    if (strcmp(text, expected) != 0)
        check_failed_at(__FILE__, line, "%s, expected %s", text, expected);
}

static void stamped_at(int line, struct kv_txn *t, unsigned flags, const uint64_t *versions,
                       const char *const *expected, size_t n)
{
    struct kv_scan *scan;
    struct kv_batch b;
    CHECK_OK(kv_scan_open(t, range_of("", NULL), flags | KV_READ_STAMPED, 0, &scan));
    CHECK_OK(kv_scan_next(scan, 100, &b));
    CHECK_INT(b.n, n);
    for (size_t i = 0; i < b.n && i < n; i++) {
        const char *e = expected[(flags & KV_READ_REVERSE) != 0 ? n - 1 - i : i];
        check_stamped(line, &b.pairs[i], versions, e);
        struct kv_value v;
        CHECK_OK(kv_get(t, b.pairs[i].key, flags | KV_READ_STAMPED, &v));
        CHECK(v.found);
        check_stamped(line, &(struct kv_pair){b.pairs[i].key, v.value}, versions, e);
    }
    kv_scan_close(scan);
}
#define STAMPED(t, flags, versions, ...)                                         \
    stamped_at(__LINE__, t, flags, versions, (const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void stamps(struct store *s)
{
    uint64_t v[10] = {0};
    v[0] = WRITE(s, "a=1 b=2 c=3 d=4 e=5");
    CHECK_OK(kv_checkpoint(s->kv));
    v[1] = WRITE(s, "b=20 -d");
    CHECK_OK(kv_checkpoint(s->kv));
    v[2] = WRITE(s, "a=10 d=40");
    struct kv_txn *t = begin_txn(s);
    STAMPED(t, 0, v, "a@2=10", "b@1=20", "c@0=3", "d@2=40", "e@0=5");
    PUT(t, "c", "x");
    kv_set_read_mark(t, kv_mark(t));
    PUT(t, "e", "");
    STAMPED(t, 0, v, "a@2=10", "b@1=20", "c@-=x", "d@2=40", "e@-=");
    STAMPED(t, KV_READ_MARKED | KV_READ_REVERSE, v, "a@2=10", "b@1=20", "c@-=x", "d@2=40", "e@0=5");
    v[3] = COMMIT(s, t);
    t = begin_with(s, (struct kv_begin_options){.as_of = v[1]});
    STAMPED(t, 0, v, "a@0=1", "b@1=20", "c@0=3", "e@0=5");
    kv_abort(t);
    CHECK_OK(kv_checkpoint(s->kv));
    t = begin_with(s, (struct kv_begin_options){.as_of = v[2]});
    STAMPED(t, KV_READ_REVERSE, v, "a@2=10", "b@1=20", "c@0=3", "d@2=40", "e@0=5");
    kv_abort(t);
    t = begin_txn(s);
    STAMPED(t, 0, v, "a@2=10", "b@1=20", "c@3=x", "d@2=40", "e@3=");
    SCAN(t, "", NULL, KV_READ_STAMPED | KV_READ_KEYS_ONLY, 0, "a= b= c= d= e=");
    kv_abort(t);
}

const struct kv_case read_cases[] = {
    {"absent_and_present", absent_and_present, false},
    {"overwrite_and_delete", overwrite_and_delete, false},
    {"stamps", stamps, false},
    {"own_writes", own_writes, false},
    {"abort_drops_writes", abort_drops_writes, false},
    {"snapshot_is_stable", snapshot_is_stable, false},
    {"get_many", get_many, false},
    {"scan_bounds", scan_bounds, false},
    {"scan_limits", scan_limits, false},
    {"scan_resumption", scan_resumption, false},
    {"several_scans_at_once", several_scans_at_once, false},
    {"slices_live_until_the_end", slices_live_until_the_end, false},
    {"delete_range", delete_range, false},
    {"delete_range_of_many", delete_range_of_many, false},
    {"add", add, false},
    {"savepoints", savepoints, false},
    {"marked_reads", marked_reads, false},
    {"savepoint_rolls_back_everything", savepoint_rolls_back_everything, false},
    {"reset_restarts", reset_restarts, false},
    {"read_only_refuses_writes", read_only_refuses_writes, false},
    {"empty_values", empty_values, false},
    {"awkward_keys", awkward_keys, false},
    {"long_keys", long_keys, false},
    {"big_values", big_values, false},
    {"versions_increase", versions_increase, false},
    {"as_of", as_of, false},
};
const size_t read_cases_count = ARRAY_LEN(read_cases);
