// Limits and use of virtual clusters.
//
// Request units measure what statements cost: CPU_NS_PER_UNIT of CPU, or READ_BYTES_PER_UNIT of keys and values read,
// or WRITTEN_BYTES_PER_UNIT written, are one each. A cluster with a monthly limit gets units at an even rate and saves
// up as many as its burst; a statement runs while there are any, and pays afterwards, so the balance may go below zero:
// then the next ones wait until it is not.
//
// Storage is what the cluster's keys and values take at present, as the store has counted (kv_space_bytes), or if it
// has not by reading them all. Between measurements it is the last result plus all bytes written since, which is never
// too little. A measurement is made when that sum passes the limit, and seldom enough to cost little.
//
// What was used is stored now and then and when the engine closes: a crash forgets the last minute.
#include "base/buf.h"
#include "base/util.h"
#include "keys/keys.h"
#include "server/clusters_int.h"

#include <stdio.h>
#include <time.h>

enum {
    CPU_NS_PER_UNIT = 3000000,
    READ_BYTES_PER_UNIT = 64 * 1024,
    WRITTEN_BYTES_PER_UNIT = 1024,
    MONTH_SECONDS = 30 * 24 * 3600,
    BURST_SECONDS_DEFAULT = 3600,
    MEASURE_SHARE = 20, // of the time, at most one part in so many goes into measuring
};
static const int64_t wait_micros_max = 10 * 1000000; // statements that would wait longer are refused
static const int64_t save_micros = 60 * 1000000;

static int64_t mono_micros(void)
{
    return clock_mono_ns() / 1000;
}

static int month_of(int64_t wall_micros)
{
    time_t t = (time_t)(wall_micros / 1000000);
    struct tm utc;
    gmtime_r(&t, &utc);
    return utc.tm_year * 12 + utc.tm_mon;
}

// ---- the stored record: version, month, request units, balance plus an offset, its time, storage. Units in
// thousandths.

enum { USAGE_VERSION = 1, USAGE_FIELDS = 6 };
static const int64_t balance_offset = (int64_t)1 << 60;

static void usage_key(struct buf *key, uint64_t id)
{
    key_put_meta(key, KEY_META_CLUSTER_USAGE);
    key_put_uvarint(key, id);
}

static int read_usage(struct kv_txn *txn, uint64_t id, uint64_t fields[USAGE_FIELDS], bool *found, struct err *err)
{
    struct buf key = BUF_INIT;
    struct kv_value v;
    usage_key(&key, id);
    enum kv_result r = kv_get(txn, buf_view(&key), KV_READ_SNAPSHOT, &v);
    buf_release(&key);
    TRY_STORE(r, err);
    *found = v.found;
    struct key_reader in = key_reader(v.found ? v.value : STR_EMPTY);
    for (size_t i = 0; i < USAGE_FIELDS && v.found; i++)
        if (!key_get_uvarint(&in, &fields[i]) || (i == 0 && fields[0] != USAGE_VERSION))
            return err_set(err, ERR_DATA_CORRUPTED, "record of a virtual cluster is damaged");
    return 0;
}

int cluster_usage_get(struct kv_txn *txn, uint64_t id, struct cluster_usage *out, struct err *err)
{
    uint64_t f[USAGE_FIELDS];
    bool found;
    *out = (struct cluster_usage){0};
    TRY(read_usage(txn, id, f, &found, err));
    if (!found)
        return 0;
    if ((int)f[1] == month_of(clock_wall_ns() / 1000))
        out->request_units = (double)f[2] / 1000;
    out->storage_bytes = (int64_t)f[5];
    return 0;
}

static int write_usage(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    const struct cluster_meter *m = arg; // a copy
    struct buf key = BUF_INIT, value = BUF_INIT;
    const uint64_t fields[USAGE_FIELDS] = {USAGE_VERSION,
                                           (uint64_t)m->month,
                                           (uint64_t)(m->request_units * 1000),
                                           (uint64_t)((int64_t)(m->balance * 1000) + balance_offset),
                                           (uint64_t)m->accrued_micros,
                                           m->storage_bytes + m->written_bytes};
    usage_key(&key, m->id);
    for (size_t i = 0; i < USAGE_FIELDS; i++)
        key_put_uvarint(&value, fields[i]);
    enum kv_result r = kv_put(txn, buf_view(&key), buf_view(&value));
    buf_release(&key);
    buf_release(&value);
    TRY_STORE(r, err);
    return 0;
}

static void save(struct cluster_meter *m)
{
    struct err err = ERR_INIT;
    pthread_mutex_lock(&m->mutex);
    struct cluster_meter copy = *m;
    m->dirty = false;
    m->saved_micros = mono_micros();
    pthread_mutex_unlock(&m->mutex);
    if (copy.dirty && cluster_change(m->clusters, write_usage, &copy, &err) != 0)
        log_warning("use of virtual cluster %s was not stored: %s", copy.name, err.message);
    err_reset(&err);
}

// ---- request units. With the mutex held.

static double rate_per_second(const struct cluster_meter *m)
{
    return (double)m->limits.request_units_per_month / MONTH_SECONDS;
}

static double burst(const struct cluster_meter *m)
{
    return m->limits.request_units_burst > 0 ? (double)m->limits.request_units_burst
                                             : rate_per_second(m) * BURST_SECONDS_DEFAULT;
}

static void accrue(struct cluster_meter *m)
{
    int64_t now = clock_wall_ns() / 1000;
    if (now > m->accrued_micros)
        m->balance = MIN(m->balance + rate_per_second(m) * (double)(now - m->accrued_micros) / 1e6, burst(m));
    m->accrued_micros = now;
}

static double units_of(const struct sql_usage *u)
{
    return (double)u->cpu_ns / CPU_NS_PER_UNIT + (double)u->read_bytes / READ_BYTES_PER_UNIT +
           (double)u->written_bytes / WRITTEN_BYTES_PER_UNIT;
}

static void used(void *arg, const struct sql_usage *usage)
{
    struct cluster_meter *m = arg;
    double units = units_of(usage);
    pthread_mutex_lock(&m->mutex);
    int64_t now = mono_micros();
    bool due = now - m->saved_micros > save_micros;
    if (due) {
        int month = month_of(clock_wall_ns() / 1000);
        if (month != m->month)
            m->request_units = 0;
        m->month = month;
        m->saved_micros = now;
    }
    m->request_units += units;
    m->units_in_all += units;
    m->balance -= m->limits.request_units_per_month > 0 ? units : 0;
    m->written_bytes += usage->written_bytes;
    m->dirty = true;
    pthread_mutex_unlock(&m->mutex);
    if (due)
        save(m);
}

static int out_of_units(const struct cluster_meter *m, int64_t wait_micros, struct err *err)
{
    err_set(err, ERR_CONFIGURATION_LIMIT_EXCEEDED, "virtual cluster \"%s\" has used up its request units", m->name);
    return err_hint(err, "It gets %.3g request units per second, so statements run again in %lld seconds.",
                    rate_per_second(m), (long long)(wait_micros / 1000000 + 1));
}

static int admit_units(struct cluster_meter *m, int64_t *wait_micros, struct err *err)
{
    *wait_micros = 0;
    if (m->limits.request_units_per_month == 0)
        return 0;
    accrue(m);
    if (m->balance >= 0)
        return 0;
    *wait_micros = (int64_t)MIN(-m->balance / rate_per_second(m) * 1e6, 1e15) + 1;
    return *wait_micros > wait_micros_max ? out_of_units(m, *wait_micros, err) : 0;
}

// ---- storage

static int scan_space(struct clusters *c, struct kv_range range, uint64_t *bytes, struct err *err)
{
    struct kv_txn *txn;
    struct kv_scan *scan;
    struct kv_batch batch;
    struct kv_meter read = {0};
    TRY_STORE(kv_begin(c->kv, &(struct kv_begin_options){.read_only = true, .meter = &read}, &txn), err);
    enum kv_result r = kv_scan_open(txn, range, KV_READ_SNAPSHOT, 0, &scan);
    while (r == KV_OK && (r = kv_scan_next(scan, 1024, &batch)) == KV_OK && batch.n > 0)
        continue;
    kv_abort(txn);
    *bytes = read.read_bytes;
    TRY_STORE(r, err);
    return 0;
}

static int measure_space(struct clusters *c, uint64_t id, uint64_t *bytes, struct err *err)
{
    struct arena a;
    struct buf prefix = BUF_INIT;
    arena_init(&a, NULL);
    key_put_cluster(&prefix, id);
    struct kv_range range = key_prefix_range(&a, buf_view(&prefix));
    int rc = kv_space_bytes(c->kv, id, range, bytes) ? 0 : scan_space(c, range, bytes, err);
    buf_release(&prefix);
    arena_release(&a);
    return rc;
}

// Measures unless that was done a moment ago. The mutex is held at both ends.
static int measure(struct cluster_meter *m, struct err *err)
{
    uint64_t bytes, before = m->written_bytes;
    int64_t start = mono_micros();
    if (before == 0 || start < m->measure_micros)
        return 0;
    m->measure_micros = INT64_MAX; // one at a time
    pthread_mutex_unlock(&m->mutex);
    int rc = measure_space(m->clusters, m->id, &bytes, err);
    int64_t end = mono_micros();
    pthread_mutex_lock(&m->mutex);
    m->measure_micros = end + (end - start) * MEASURE_SHARE;
    TRY(rc);
    m->storage_bytes = bytes;
    m->written_bytes -= MIN(before, m->written_bytes);
    m->dirty = true;
    return 0;
}

static int admit_data(struct cluster_meter *m, uint64_t *headroom, struct err *err)
{
    uint64_t limit = (uint64_t)m->limits.storage_bytes;
    if (limit == 0)
        return 0;
    if (m->storage_bytes + m->written_bytes >= limit)
        TRY(measure(m, err));
    uint64_t taken = m->storage_bytes + m->written_bytes;
    if (taken < limit) {
        *headroom = limit - taken;
        return 0;
    }
    err_set(err, ERR_DISK_FULL, "virtual cluster \"%s\" is out of storage", m->name);
    return err_hint(err, "It takes %llu bytes, its limit is %llu. Delete data, or have the limit raised.",
                    (unsigned long long)taken, (unsigned long long)limit);
}

static int admit(void *arg, bool adds_data, int64_t *wait_micros, uint64_t *headroom, struct err *err)
{
    struct cluster_meter *m = arg;
    pthread_mutex_lock(&m->mutex);
    int rc = admit_units(m, wait_micros, err);
    if (rc == 0 && adds_data && *wait_micros == 0)
        rc = admit_data(m, headroom, err);
    pthread_mutex_unlock(&m->mutex);
    return rc;
}

// ---- life

struct open_work {
    struct cluster_meter *meter;
    bool found;
    uint64_t fields[USAGE_FIELDS];
};

static int load(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct open_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, (struct cluster_spec){.id = w->meter->id}, &r, err));
    w->meter->limits = r.limits;
    return read_usage(txn, r.id, w->fields, &w->found, err);
}

int cluster_meter_open(struct cluster_meter *m, struct clusters *c, uint64_t id, const char *name, struct err *err)
{
    struct open_work w = {.meter = m};
    int64_t now = clock_wall_ns() / 1000;
    *m = (struct cluster_meter){.clusters = c,
                                .id = id,
                                .hooks = {admit, used, m},
                                .month = month_of(now),
                                .accrued_micros = now,
                                .saved_micros = mono_micros()};
    snprintf(m->name, sizeof(m->name), "%s", name);
    TRY(cluster_change(c, load, &w, err));
    pthread_mutex_init(&m->mutex, NULL);
    m->written_bytes = 1; // what is stored may be too much: measured when asked for
    m->balance = burst(m);
    if (!w.found)
        return 0;
    m->request_units = (int)w.fields[1] == m->month ? (double)w.fields[2] / 1000 : 0;
    m->balance = MIN((double)((int64_t)w.fields[3] - balance_offset) / 1000, m->balance);
    m->accrued_micros = MIN((int64_t)w.fields[4], now);
    m->storage_bytes = w.fields[5];
    return 0;
}

void cluster_meter_close(struct cluster_meter *m)
{
    save(m);
    pthread_mutex_destroy(&m->mutex);
}

void cluster_meter_set_name(struct cluster_meter *m, const char *name)
{
    pthread_mutex_lock(&m->mutex);
    snprintf(m->name, sizeof(m->name), "%s", name);
    pthread_mutex_unlock(&m->mutex);
}

void cluster_meter_set_limits(struct cluster_meter *m, const struct cluster_limits *limits)
{
    pthread_mutex_lock(&m->mutex);
    bool was_free = m->limits.request_units_per_month == 0;
    m->limits = *limits;
    m->balance = was_free ? burst(m) : MIN(m->balance, burst(m));
    pthread_mutex_unlock(&m->mutex);
}

void cluster_meter_count(struct cluster_meter *m, struct cluster_counters *out)
{
    pthread_mutex_lock(&m->mutex);
    out->storage_bytes = m->storage_bytes + m->written_bytes;
    out->request_units = (uint64_t)m->units_in_all;
    pthread_mutex_unlock(&m->mutex);
}

void cluster_meter_get(struct cluster_meter *m, struct cluster_usage *out)
{
    struct err ignored = ERR_INIT;
    pthread_mutex_lock(&m->mutex);
    if (measure(m, &ignored) != 0)
        log_warning("storage of virtual cluster %s was not measured: %s", m->name, ignored.message);
    out->storage_bytes = (int64_t)(m->storage_bytes + m->written_bytes);
    out->request_units = m->request_units;
    pthread_mutex_unlock(&m->mutex);
    err_reset(&ignored);
}
