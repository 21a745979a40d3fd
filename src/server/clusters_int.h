// Between the files of the virtual clusters.
#ifndef SERVER_CLUSTERS_INT_H
#define SERVER_CLUSTERS_INT_H

#include "base/budget.h"
#include "kv/kv.h"
#include "server/clusters.h"
#include "sql/session/session.h"

#include <pthread.h>
#include <stdatomic.h>

// Limits and use of an open cluster. Fields are guarded by `mutex`, which is a leaf.
struct cluster_meter {
    struct clusters *clusters;
    uint64_t id;
    struct sql_meter hooks;
    pthread_mutex_t mutex;
    char name[CLUSTER_NAME_BYTES_MAX + 1];
    struct cluster_limits limits;
    int month;              // year * 12 + month
    double request_units;   // of that month
    double units_in_all;    // since the meter was opened
    double balance;         // request units saved up; below zero: used in advance
    int64_t accrued_micros; // until when the balance has grown (wall time)
    uint64_t storage_bytes; // as last measured
    uint64_t written_bytes; // since then, deletes too: storage is at most the sum
    int64_t measure_micros; // not to be measured again before (monotonic)
    int64_t saved_micros;   // monotonic
    bool dirty;             // differs from the stored record
};

// A cluster whose engine is open, or being opened or closed.
struct open_cluster {
    struct open_cluster *next;
    uint64_t id;
    char *name;                // as it was when opened
    struct sql_engine *engine; // NULL: being opened or closed
    size_t refs;               // who has got the engine, connections included
    size_t connections;
    uint64_t used_at; // count of releases when it was last given back
    struct cluster_meter meter;
};

struct clusters {
    struct kv *kv;
    struct sql_engine_options engine_options;
    struct budget budget; // of all engines
    struct sql_engine *system;
    int64_t undo_ns;
    void (*end_connections)(void *arg, struct sql_engine *engine);
    void *arg;
    atomic_bool has_others; // there is or was another cluster than the system's

    pthread_mutex_t mutex;  // guards what follows; never held across a call into the store or an engine's opening
    pthread_cond_t changed; // an engine was opened or closed, `recovered`, closing
    bool recovered;         // what a former process has left is taken up
    struct open_cluster *open;
    size_t n_idle; // open with no references
    uint64_t releases;

    struct sql_cluster_hooks hooks;
    pthread_t purger; // joinable when has_purger
    bool has_purger, purging, purge_again;
    bool purge_waits;          // for an engine that is in use
    pthread_cond_t purge_wake; // more to purge, or closing
    atomic_bool closing;
};

// Work in a transaction, which may have to run again: what it allocates in `a` is thrown away before.
typedef int cluster_work(struct kv_txn *txn, struct arena *a, void *arg, struct err *err);

// ---- clusters.c

int cluster_not_system(struct cluster_spec spec, const char *verb, struct err *err) MUST_CHECK;
bool cluster_is_system(struct cluster_spec spec);
// A cluster_txn that allocates nothing to keep.
int cluster_change(struct clusters *c, cluster_work *work, void *arg, struct err *err) MUST_CHECK;
// Closes the cluster's engine if it is open. False when it is in use.
bool cluster_close_unused(struct clusters *c, uint64_t id) MUST_CHECK;

// ---- clusters_history.c

// `clusters`: the store keeps history as long as zone configurations say now.
void clusters_update_history(void *clusters);

// ---- clusters_usage.c

// Reads limits and stored use of the cluster.
int cluster_meter_open(struct cluster_meter *m, struct clusters *c, uint64_t id, const char *name,
                       struct err *err) MUST_CHECK;
void cluster_meter_close(struct cluster_meter *m); // stores its use
void cluster_meter_set_name(struct cluster_meter *m, const char *name);
void cluster_meter_set_limits(struct cluster_meter *m, const struct cluster_limits *limits);
void cluster_meter_get(struct cluster_meter *m, struct cluster_usage *out);
// As it is known, without measuring.
void cluster_meter_count(struct cluster_meter *m, struct cluster_counters *out);
// Of a cluster that is not open, as stored.
int cluster_usage_get(struct kv_txn *txn, uint64_t id, struct cluster_usage *out, struct err *err) MUST_CHECK;

// ---- clusters_drop.c

// Takes up what a former process has left: copies that were not finished, dropped clusters.
int clusters_recover(struct clusters *c, struct err *err) MUST_CHECK;
// There is something to purge, now or later.
void clusters_wake_purger(struct clusters *c);
void clusters_stop_purger(struct clusters *c);

// ---- clusters_record.c: records in the store

struct cluster_record {
    uint64_t id;
    struct str name; // kept when dropped
    enum cluster_state state;
    bool in_service;
    int64_t created_micros, dropped_micros, purge_micros;
    uint64_t snapshot; // number under which a copy of the data is kept; 0: none
    int64_t snapshot_micros;
    struct cluster_limits limits;
};

// Runs `work`, again after conflicts, and commits.
int cluster_txn(struct clusters *c, bool read_only, struct arena *a, cluster_work *work, void *arg,
                struct err *err) MUST_CHECK;
#define TRY_STORE(call, err)                        \
    do {                                            \
        enum kv_result store_rc_ = (call);          \
        if (UNLIKELY(store_rc_ != KV_OK))           \
            return sql_store_error(store_rc_, err); \
    } while (0)

int cluster_record_get(struct kv_txn *txn, struct arena *a, uint64_t id, struct cluster_record *out, bool *found,
                       struct err *err) MUST_CHECK;
int cluster_record_put(struct kv_txn *txn, const struct cluster_record *r, struct err *err) MUST_CHECK;
int cluster_record_delete(struct kv_txn *txn, uint64_t id, struct err *err) MUST_CHECK;
// All of them by number.
int cluster_record_list(struct kv_txn *txn, struct arena *a, struct cluster_record **out, size_t *n,
                        struct err *err) MUST_CHECK;
// 42704 when there is none, or only a dropped one.
int cluster_record_find(struct kv_txn *txn, struct arena *a, struct cluster_spec spec, struct cluster_record *out,
                        struct err *err) MUST_CHECK;
// The number that has this name; 0: none.
int cluster_name_get(struct kv_txn *txn, struct str name, uint64_t *id, struct err *err) MUST_CHECK;
// 42710 when another cluster has it.
int cluster_name_put(struct kv_txn *txn, struct str name, uint64_t id, struct err *err) MUST_CHECK;
int cluster_name_delete(struct kv_txn *txn, struct str name, struct err *err) MUST_CHECK;
// Whether the cluster has its first contents.
int cluster_has_data(struct kv_txn *txn, uint64_t id, bool *out, struct err *err) MUST_CHECK;
int cluster_next_id(struct kv_txn *txn, uint64_t *id, struct err *err) MUST_CHECK;
int cluster_not_found(struct cluster_spec spec, struct err *err);

#endif
