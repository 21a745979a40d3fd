// Metrics over time of clusters: what is kept, over restarts too, and that saving, sampling and reading go on beside
// each other and beside clusters that open, close and go.
#include "base/util.h"
#include "check.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "server/clusters.h"
#include "server/history.h"
#include "sql/session/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static struct kv *kv;
static struct clusters *clusters;
static struct series *server;
static struct history *history;

static const struct series_info server_infos[] = {{"one", "counter", "first"}, {"two", "gauge", "second"}};

static void open_history(void)
{
    struct err err = ERR_INIT;
    server = series_new(&(struct series_options){.infos = server_infos, .n = ARRAY_LEN(server_infos)});
    struct history_options options = {kv, clusters, server};
    INVARIANT(history_open(&options, &history, &err) == 0);
}

static void close_history(void)
{
    history_close(history);
    series_free(server);
}

static void begin(void)
{
    struct err err = ERR_INIT;
    struct sql_engine_options engine = {.insecure = true};
    INVARIANT(kv_open("mem:", &(struct kv_options){.space_of = key_counted_cluster}, &kv, &err) == 0);
    engine.kv = kv;
    INVARIANT(clusters_open(kv, &(struct clusters_options){.engine = &engine}, &clusters, &err) == 0);
    open_history();
}

static void end(void)
{
    close_history();
    clusters_close(clusters);
    kv_close(kv);
}

static uint64_t create(const char *name)
{
    struct err err = ERR_INIT;
    uint64_t id = 0;
    INVARIANT(
        clusters_create(clusters, str_of(name), &(struct cluster_create_options){.in_service = true}, &id, &err) == 0);
    return id;
}

static void ignore_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}
static int ignore_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    return 0;
}
static void ignore_complete(struct result_sink *sink, struct str tag)
{
}
static size_t ignore_mark(struct result_sink *sink)
{
    return 0;
}
static bool ignore_rewind(struct result_sink *sink, size_t mark)
{
    return true;
}
static const struct result_sink_ops sink_ops = {.describe = ignore_describe,
                                                .rows = ignore_rows,
                                                .complete = ignore_complete,
                                                .mark = ignore_mark,
                                                .rewind = ignore_rewind};

// Runs a statement so many times in a session of its own.
static void work(uint64_t cluster, int times)
{
    struct err err = ERR_INIT;
    struct sql_engine *engine;
    struct session *s;
    struct result_sink sink = {&sink_ops};
    struct session_options options = {.user = STR("root"), .database = STR("defaultdb")};
    if (clusters_acquire(clusters, (struct cluster_spec){.id = cluster}, &engine, &err) != 0) { // it was dropped
        err_reset(&err);
        return;
    }
    INVARIANT(session_new(engine, &options, &s, &err) == 0);
    for (int i = 0; i < times; i++)
        INVARIANT(session_query(s, STR("SELECT 1"), &sink, &err) == 0);
    session_free(s);
    clusters_release(clusters, engine);
}

// The points of a cluster's statements in [from, to), "at:value …".
static struct str points(struct arena *a, uint64_t cluster, int64_t from_s, int64_t to_s)
{
    struct series_data data;
    struct err err = ERR_INIT;
    struct buf text = BUF_INIT;
    CHECK_INT(history_read(history, a, cluster, 1, from_s, to_s, &data, &err), 0);
    CHECK_STR(str_of(data.info->name), "cluster_query_count");
    for (size_t i = 0; i < data.n; i++)
        buf_printf(&text, "%lld:%llu ", (long long)data.points[i].at_s, (unsigned long long)data.points[i].value);
    struct str out = arena_str(a, buf_view(&text));
    buf_release(&text);
    return out;
}

// Samples only where something has changed, with the last one before a change; coarse ones where fine ones have ended.
static void test_kept(void)
{
    struct arena a;
    begin();
    arena_init(&a, NULL);
    uint64_t one = create("one"), two = create("two");
    history_sampled(history, 1000, true);
    CHECK_STR(points(&a, one, 0, 5000), ""); // never opened
    work(one, 3);
    history_sampled(history, 1010, false);
    history_sampled(history, 1020, false);
    history_sampled(history, 1030, false);
    work(one, 2);
    history_sampled(history, 1040, false);
    CHECK_STR(points(&a, one, 0, 5000), "1010:3 1030:3 1040:5 ");
    CHECK_STR(points(&a, one, 1011, 1040), "1030:3 1040:5 ");
    CHECK_STR(points(&a, two, 0, 5000), "");
    uint64_t values[] = {7, 8};
    series_add(server, SERIES_FINE, 1000, values);
    for (int restart = 0; restart < 2; restart++) {
        close_history();
        open_history();
        struct str kept = points(&a, one, 0, 5000);
        CHECK_STR(kept, "1010:3 1030:3 1040:5 ");
        struct series_data data;
        series_read(server, &a, 1, 0, 5000, &data);
        CHECK(data.n == 1 && data.points[0].at_s == 1000 && data.points[0].value == 8);
    }
    for (int i = 0; i < 400; i++) { // more than the fine ring holds
        work(one, 1);
        history_sampled(history, 1000000 + i * 10, i % 60 == 0);
    }
    struct series_data data;
    struct err err = ERR_INIT;
    CHECK_INT(history_read(history, &a, one, 1, 0, 2000000, &data, &err), 0);
    CHECK(data.n > 360 && data.points[data.n - 1].value == 405);
    for (size_t i = 1; i < data.n; i++)
        CHECK(data.points[i].at_s > data.points[i - 1].at_s && data.points[i].value >= data.points[i - 1].value);
    arena_release(&a);
    end();
}

// What was stored by another version: metrics that are not known, and such as it did not have; damage.
static void test_encoding(void)
{
    static const struct series_info others[] = {{"two", "gauge", ""}, {"three", "gauge", ""}};
    struct series *s = series_new(&(struct series_options){.infos = server_infos, .n = 2});
    struct series *t = series_new(&(struct series_options){.infos = others, .n = 2});
    struct buf bytes = BUF_INIT;
    struct arena a;
    struct series_data data;
    arena_init(&a, NULL);
    for (uint64_t i = 0; i < 1500; i++) { // more than there is room for
        uint64_t values[] = {i * i * i, UINT64_MAX - i * 1000};
        series_add(s, SERIES_COARSE, (int64_t)i * 600, values);
    }
    series_encode(s, SERIES_COARSE, &bytes);
    CHECK(bytes.len < 20000);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 16) {
        CHECK(!series_decode(t, SERIES_COARSE, str_slice(buf_view(&bytes), 0, len)));
        series_read(t, &a, 0, 0, INT64_MAX, &data);
        CHECK_INT(data.n, 0);
    }
    CHECK(series_decode(t, SERIES_COARSE, buf_view(&bytes)));
    series_read(t, &a, 0, 0, INT64_MAX, &data);
    CHECK_INT(data.n, 1008);
    CHECK(data.points[1007].at_s == 1499 * 600 && data.points[1007].value == UINT64_MAX - 1499000);
    CHECK(data.points[0].at_s == 492 * 600 && data.points[0].value == UINT64_MAX - 492000);
    series_read(t, &a, 1, 0, INT64_MAX, &data);
    CHECK(data.n == 1008 && data.points[500].value == 0);
    buf_release(&bytes);
    arena_release(&a);
    series_free(s);
    series_free(t);
}

enum { BESIDE_CLUSTERS = 20, BESIDE_ROUNDS = 60 };
static uint64_t beside[BESIDE_CLUSTERS];
static atomic_bool stop;

static void *worker(void *arg)
{
    for (size_t i = (size_t)arg; !atomic_load(&stop); i++)
        work(beside[i % BESIDE_CLUSTERS], 2);
    return NULL;
}

static void *reader(void *arg)
{
    for (size_t i = 0; !atomic_load(&stop); i++) {
        struct arena a;
        struct err err = ERR_INIT;
        struct series_data data;
        struct buf text = BUF_INIT;
        arena_init(&a, NULL);
        INVARIANT(history_read(history, &a, beside[i % BESIDE_CLUSTERS], 1, 0, INT64_MAX, &data, &err) == 0);
        history_print_clusters(history, &text);
        buf_release(&text);
        arena_release(&a);
    }
    return NULL;
}

static bool is_stored(uint64_t cluster)
{
    struct buf key = BUF_INIT;
    struct kv_txn *txn;
    struct kv_value v;
    key_put_meta(&key, KEY_META_SERIES);
    key_put_uvarint(&key, cluster);
    INVARIANT(kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &txn) == KV_OK);
    INVARIANT(kv_get(txn, buf_view(&key), 0, &v) == KV_OK);
    kv_abort(txn);
    buf_release(&key);
    return v.found;
}

// Every sample starts the saver; half of the clusters are dropped meanwhile, and nothing of them is left.
static void test_beside(void)
{
    pthread_t threads[3];
    struct err err = ERR_INIT;
    begin();
    for (size_t i = 0; i < BESIDE_CLUSTERS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "c%zu", i);
        beside[i] = create(name);
    }
    atomic_store(&stop, false);
    pthread_create(&threads[0], NULL, worker, (void *)0);
    pthread_create(&threads[1], NULL, worker, (void *)7);
    pthread_create(&threads[2], NULL, reader, NULL);
    int64_t now_s = clock_wall_ns() / 1000000000;
    for (int64_t i = 1; i <= BESIDE_ROUNDS; i++) {
        work(beside[BESIDE_CLUSTERS - 1 - (size_t)i % (BESIDE_CLUSTERS / 2)], 5);
        history_sampled(history, now_s + i * 600, true);
        if (i % 6 == 0) {
            struct cluster_spec spec = {.id = beside[i / 6 - 1]};
            CHECK_INT(clusters_set_service(clusters, spec, false, &err), 0);
            CHECK_INT(clusters_drop(clusters, spec, true, &err), 0);
        }
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    size_t n = SIZE_MAX, kept = BESIDE_CLUSTERS + 1 - BESIDE_ROUNDS / 6;
    for (int attempt = 0; attempt < 20000 && n > kept; attempt++) { // purged in the background
        struct cluster_info *list;
        struct arena a;
        arena_init(&a, NULL);
        CHECK_INT(clusters_list(clusters, &a, &list, &n, &err), 0);
        arena_release(&a);
        usleep(1000);
    }
    CHECK_INT(n, kept);
    close_history();
    for (size_t i = 0; i < BESIDE_CLUSTERS; i++)
        CHECK(i >= BESIDE_ROUNDS / 6 || !is_stored(beside[i]));
    CHECK(is_stored(beside[BESIDE_CLUSTERS - 1]) && is_stored(CLUSTER_SYSTEM_ID) && is_stored(0));
    clusters_close(clusters);
    kv_close(kv);
    err_reset(&err);
}

CHECK_MAIN({"kept", test_kept}, {"encoding", test_encoding}, {"beside", test_beside})
