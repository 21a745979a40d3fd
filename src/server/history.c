#include "server/history.h"
#include "base/map.h"
#include "base/util.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "server/clusters.h"
#include "sql/session/session.h"

#include <inttypes.h>
#include <pthread.h>

enum metric_scope { SCOPE_ALL, SCOPE_METERED };
static const struct series_info infos[] = {
#define CLUSTER_METRIC(name, kind, scope, help, expression) {name, #kind, help},
#include "server/cluster_metrics.def"
#undef CLUSTER_METRIC
};
static const enum metric_scope scopes[] = {
#define CLUSTER_METRIC(name, kind, scope, help, expression) SCOPE_##scope,
#include "server/cluster_metrics.def"
#undef CLUSTER_METRIC
};
enum { METRICS = ARRAY_LEN(infos), CONNECTIONS = 0 };

// Rings in the order of enum series_ring.
static const enum key_meta ring_items[SERIES_RINGS] = {KEY_META_SERIES, KEY_META_SERIES_COARSE};
static const int64_t ring_seconds[SERIES_RINGS] = {SERIES_FINE_SECONDS, SERIES_COARSE_SECONDS};
enum { SERVER_ID = 0, KEEP_SECONDS = 3600 }; // series of a cluster without changes stay in memory for so long

struct cluster_history {
    uint64_t id;
    struct series *series;
    bool has_last; // what follows is known
    uint64_t last[SERIES_RINGS][METRICS];
    int64_t last_s[SERIES_RINGS];
    bool unsaved;
    uint64_t round; // of sampling, when it was last open
};

struct history {
    struct history_options options;
    pthread_mutex_t mutex; // guards what follows; before the clusters' mutex
    struct map clusters;   // number -> struct cluster_history
    uint64_t round;
    int64_t saved_s;
    pthread_t saver;
    bool has_saver, saving;
};

// ---- in the store

static void series_key(struct buf *key, enum series_ring ring, uint64_t cluster)
{
    key_put_meta(key, ring_items[ring]);
    key_put_uvarint(key, cluster);
}

static enum kv_result read_rings(struct kv_txn *txn, uint64_t cluster, struct series *s)
{
    enum kv_result r = KV_OK;
    for (enum series_ring ring = 0; ring < SERIES_RINGS && r == KV_OK; ring++) {
        struct buf key = BUF_INIT;
        struct kv_value v;
        series_key(&key, ring, cluster);
        r = kv_get(txn, buf_view(&key), KV_READ_SNAPSHOT, &v);
        buf_release(&key);
        if (r == KV_OK && v.found && !series_decode(s, ring, v.value))
            log_warning("stored metrics over time are not readable and begin anew");
    }
    return r;
}

static int load(struct kv *kv, uint64_t cluster, struct series *s, struct err *err)
{
    struct kv_txn *txn;
    enum kv_result r = kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &txn);
    if (r == KV_OK) {
        r = read_rings(txn, cluster, s);
        kv_abort(txn);
    }
    return r == KV_OK ? 0 : sql_store_error(r, err);
}

// What is to be written: the bytes of a series' rings.
struct record {
    uint64_t cluster;
    struct str rings[SERIES_RINGS];
};
enum { RECORDS_MAX = 32 }; // of one transaction
struct records {
    struct arena arena;
    struct record v[RECORDS_MAX];
    size_t n;
};

static void add_record(struct records *r, uint64_t cluster, struct series *s)
{
    struct record *record = &r->v[r->n++];
    record->cluster = cluster;
    for (enum series_ring ring = 0; ring < SERIES_RINGS; ring++) {
        struct buf bytes = BUF_INIT;
        series_encode(s, ring, &bytes);
        record->rings[ring] = arena_str(&r->arena, buf_view(&bytes));
        buf_release(&bytes);
    }
}

// A cluster that was dropped and purged meanwhile leaves nothing.
static enum kv_result is_there(struct kv_txn *txn, uint64_t cluster, bool *out)
{
    struct buf key = BUF_INIT;
    struct kv_value v = {.found = true};
    enum kv_result r = KV_OK;
    key_put_meta(&key, KEY_META_CLUSTER_RECORD);
    key_put_uvarint(&key, cluster);
    if (cluster > CLUSTER_SYSTEM_ID)
        r = kv_get(txn, buf_view(&key), 0, &v);
    buf_release(&key);
    *out = v.found;
    return r;
}

static enum kv_result write_record(struct kv_txn *txn, const struct record *record)
{
    bool there;
    enum kv_result r = is_there(txn, record->cluster, &there);
    for (enum series_ring ring = 0; ring < SERIES_RINGS && r == KV_OK && there; ring++) {
        struct buf key = BUF_INIT;
        series_key(&key, ring, record->cluster);
        r = kv_put(txn, buf_view(&key), record->rings[ring]);
        buf_release(&key);
    }
    return r;
}

static int write_records(struct kv *kv, const struct records *records, struct err *err)
{
    struct kv_txn *txn;
    uint64_t version;
    enum kv_result r = kv_begin(kv, &(struct kv_begin_options){0}, &txn);
    if (r != KV_OK)
        return sql_store_error(r, err);
    for (size_t i = 0; i < records->n && r == KV_OK; i++)
        r = write_record(txn, &records->v[i]);
    if (r == KV_OK)
        r = kv_commit(txn, &version);
    else
        kv_abort(txn);
    return r == KV_OK ? 0 : sql_store_error(r, err);
}

// ---- clusters. Under the mutex.

static struct str id_key(const uint64_t *id)
{
    return (struct str){(const char *)id, sizeof(*id)};
}

static int history_of(struct history *h, uint64_t id, struct cluster_history **out, struct err *err)
{
    struct cluster_history *e = *out = map_get(&h->clusters, id_key(&id));
    if (e != NULL)
        return 0;
    e = *out = mem_zalloc(sizeof(*e));
    e->id = id;
    e->series = series_new(&(struct series_options){.infos = infos, .n = METRICS});
    map_put(&h->clusters, id_key(&id), e);
    return load(h->options.kv, id, e->series, err);
}

static void cluster_history_free(struct cluster_history *e)
{
    series_free(e->series);
    mem_free(e);
}

static void add_change(struct cluster_history *e, enum series_ring ring, int64_t at_s, const uint64_t *values)
{
    uint64_t *last = e->last[ring];
    if (e->has_last && memcmp(values, last, sizeof(e->last[ring])) == 0)
        return;
    if (e->has_last && at_s - e->last_s[ring] > ring_seconds[ring] * 3 / 2) // nothing has changed until just now
        series_add(e->series, ring, at_s - ring_seconds[ring], last);
    series_add(e->series, ring, at_s, values);
    memcpy(last, values, sizeof(e->last[ring]));
    e->last_s[ring] = at_s;
    e->unsaved = true;
}

static void add_values(struct cluster_history *e, int64_t at_s, bool is_coarse, const uint64_t *values)
{
    add_change(e, SERIES_FINE, at_s, values);
    if (is_coarse || !e->has_last)
        add_change(e, SERIES_COARSE, at_s, values);
    e->has_last = true;
}

static void values_of(const struct cluster_counters *c, uint64_t *out)
{
#define CLUSTER_METRIC(name, kind, scope, help, expression) *out++ = (expression);
#include "server/cluster_metrics.def"
#undef CLUSTER_METRIC
}

static void sample_clusters(struct history *h, int64_t at_s, bool is_coarse)
{
    struct cluster_counters *list;
    struct arena a;
    size_t n, it = 0;
    arena_init(&a, NULL);
    clusters_counters(h->options.clusters, &a, &list, &n);
    h->round++;
    for (size_t i = 0; i < n; i++) {
        struct cluster_history *e;
        uint64_t values[METRICS];
        struct err err = ERR_INIT;
        if (history_of(h, list[i].id, &e, &err) != 0)
            log_warning("metrics over time of virtual cluster %s were not read: %s", list[i].name, err.message);
        err_reset(&err);
        values_of(&list[i], values);
        add_values(e, at_s, is_coarse, values);
        e->round = h->round;
    }
    for (struct map_entry *m; (m = map_next(&h->clusters, &it)) != NULL;) {
        struct cluster_history *e = m->value;
        uint64_t values[METRICS];
        if (e->round == h->round || !e->has_last)
            continue; // closed: nobody is connected, the rest stays
        memcpy(values, e->last[SERIES_FINE], sizeof(values));
        values[CONNECTIONS] = 0;
        add_values(e, at_s, is_coarse, values);
    }
    arena_release(&a);
}

// ---- saving

// Series that have changed; those of clusters that have not for long leave the memory. True when there are more.
static bool collect(struct history *h, int64_t now_s, struct records *out)
{
    size_t it = 0;
    pthread_mutex_lock(&h->mutex);
    for (struct map_entry *m; out->n < RECORDS_MAX && (m = map_next(&h->clusters, &it)) != NULL;) {
        struct cluster_history *e = m->value;
        if (e->unsaved)
            add_record(out, e->id, e->series);
        else if (e->round != h->round && now_s - e->last_s[SERIES_FINE] > KEEP_SECONDS) {
            cluster_history_free(map_remove(&h->clusters, m->key));
            continue;
        }
        e->unsaved = false;
    }
    pthread_mutex_unlock(&h->mutex);
    return out->n == RECORDS_MAX;
}

static void save(struct history *h)
{
    struct records *records = mem_zalloc(sizeof(*records));
    struct err err = ERR_INIT;
    int64_t now_s = clock_wall_ns() / 1000000000;
    int rc = 0;
    arena_init(&records->arena, NULL);
    add_record(records, SERVER_ID, h->options.server);
    for (bool more = true; more && rc == 0 && kv_failure(h->options.kv) == NULL;) {
        more = collect(h, now_s, records);
        rc = write_records(h->options.kv, records, &err);
        records->n = 0;
        arena_reset(&records->arena);
    }
    if (rc != 0)
        log_warning("metrics over time were not stored: %s", err.message);
    err_reset(&err);
    arena_release(&records->arena);
    mem_free(records);
    clusters_save(h->options.clusters);
}

static void *saver(void *arg)
{
    struct history *h = arg;
    save(h);
    pthread_mutex_lock(&h->mutex);
    h->saving = false;
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

// Under the mutex, when no saver runs.
static void start_saver(struct history *h, int64_t at_s)
{
    if (h->has_saver)
        pthread_join(h->saver, NULL); // it has ended
    h->saving = h->has_saver = pthread_create(&h->saver, NULL, saver, h) == 0;
    h->saved_s = at_s;
}

void history_sampled(struct history *h, int64_t at_s, bool is_coarse)
{
    pthread_mutex_lock(&h->mutex);
    sample_clusters(h, at_s, is_coarse);
    if (!h->saving && at_s - h->saved_s >= SERIES_COARSE_SECONDS)
        start_saver(h, at_s);
    pthread_mutex_unlock(&h->mutex);
}

// ---- life

int history_open(const struct history_options *options, struct history **out, struct err *err)
{
    struct history *h = mem_zalloc(sizeof(*h));
    h->options = *options;
    h->saved_s = clock_wall_ns() / 1000000000;
    pthread_mutex_init(&h->mutex, NULL);
    *out = h;
    return load(options->kv, SERVER_ID, options->server, err);
}

void history_close(struct history *h)
{
    size_t it = 0;
    if (h == NULL)
        return;
    if (h->has_saver)
        pthread_join(h->saver, NULL);
    sample_clusters(h, clock_wall_ns() / 1000000000, true);
    save(h);
    for (struct map_entry *m; (m = map_next(&h->clusters, &it)) != NULL;)
        cluster_history_free(m->value);
    map_release(&h->clusters);
    pthread_mutex_destroy(&h->mutex);
    mem_free(h);
}

// ---- reading

static bool has_metric(uint64_t cluster, size_t i)
{
    return cluster != CLUSTER_SYSTEM_ID || scopes[i] == SCOPE_ALL;
}

size_t history_cluster_metrics(uint64_t cluster)
{
    size_t n = 0;
    while (n < METRICS && has_metric(cluster, n))
        n++;
    return n;
}

const struct series_info *history_cluster_info(size_t i)
{
    return &infos[i];
}

// The values at this moment. False: not known.
static bool values_now(struct history *h, struct arena *a, const struct cluster_history *e, uint64_t *out)
{
    struct cluster_counters *list;
    size_t n;
    clusters_counters(h->options.clusters, a, &list, &n);
    for (size_t i = 0; i < n; i++)
        if (list[i].id == e->id) {
            values_of(&list[i], out);
            return true;
        }
    memcpy(out, e->last[SERIES_FINE], METRICS * sizeof(*out));
    out[CONNECTIONS] = 0;
    return e->has_last;
}

int history_read(struct history *h, struct arena *a, uint64_t cluster, size_t i, int64_t from_s, int64_t to_s,
                 struct series_data *out, struct err *err)
{
    struct cluster_history *e;
    uint64_t values[METRICS];
    int64_t now_s = clock_wall_ns() / 1000000000;
    pthread_mutex_lock(&h->mutex);
    int rc = history_of(h, cluster, &e, err);
    series_read(e->series, a, i, from_s, to_s, out);
    if (now_s <= to_s && values_now(h, a, e, values)) {
        struct series_point *points = ARENA_ARRAY(a, struct series_point, out->n + 1);
        for (size_t k = 0; k < out->n; k++)
            points[k] = out->points[k];
        points[out->n++] = (struct series_point){now_s, values[i]};
        out->points = points;
    }
    pthread_mutex_unlock(&h->mutex);
    return rc;
}

void history_print_clusters(struct history *h, struct buf *out)
{
    struct cluster_counters *list;
    struct arena a;
    size_t n;
    arena_init(&a, NULL);
    clusters_counters(h->options.clusters, &a, &list, &n);
    uint64_t(*values)[METRICS] = arena_zalloc(&a, n * sizeof(*values));
    for (size_t k = 0; k < n; k++)
        values_of(&list[k], values[k]);
    for (size_t i = 0; i < METRICS; i++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", infos[i].name, infos[i].help, infos[i].name, infos[i].kind);
        for (size_t k = 0; k < n; k++)
            if (has_metric(list[k].id, i))
                buf_printf(out, "%s{cluster=\"%s\"} %" PRIu64 "\n", infos[i].name, list[k].name, values[k][i]);
    }
    arena_release(&a);
}
