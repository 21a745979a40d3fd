// Shared by model.c and lock.c.
#ifndef KV_MODEL_MODEL_INT_H
#define KV_MODEL_MODEL_INT_H

#include "base/arena.h"
#include "base/budget.h"
#include "kv/kv_int.h"
#include "kv/model/model.h"
#include <pthread.h>

// One version of one key.
struct model_cell {
    struct str key;
    uint64_t version;
    bool deleted;
    bool idle; // deletes what was absent: an engine need not keep it
    struct str value;
};

// What a transaction saw.
struct model_read {
    struct kv_range range;
    bool lasting; // validated by the commit at every level
    bool soft; // an engine may or may not remember it: a key whose value the transaction had set itself, the rest of a
               // scan that was at its end but had not yet said so
};

// A lock request, granted or waiting. Requests of a key are granted in order of `ticket`.
struct model_lock {
    struct model_lock *next;
    struct str key;
    struct model_txn *txn;
    enum kv_lock_mode mode;
    bool granted;
    bool upgrade; // the transaction holds the key shared already: goes before others
    bool victim;  // chosen to break a deadlock
    uint64_t ticket;
    int64_t since_mono_ns;
};

struct model {
    struct kv kv;
    pthread_mutex_t mutex; // guards everything below and all transactions
    pthread_cond_t changed;
    struct arena arena;       // bytes of cells; never reset, so slices outlive transactions
    struct model_cell *cells; // by key, then newest version first
    size_t ncells, cells_cap;
    uint64_t now;
    uint64_t next_txn_id, next_ticket;
    int64_t history_ns;
    struct model_lock *locks; // in order of ticket
    struct kv_limits limits;
    struct kv_stats stats;
    size_t live_txns;
};

enum model_op_kind { MODEL_PUT, MODEL_DELETE, MODEL_ADD };
struct model_op {
    enum model_op_kind kind;
    struct str key, value;
    int64_t delta;
    uint64_t snapshot; // the transaction's when the operation was made
    uint64_t mark;     // which of the transaction's operations it is
};

struct model_txn {
    struct kv_txn txn;
    struct model *store;
    struct kv_begin_options options;
    uint64_t id, snapshot;
    struct arena arena;
    ARENA_VEC(struct model_op) ops; // in order
    ARENA_VEC(struct model_read) reads;
    ARENA_VEC(size_t) savepoints; // number of ops at each
    size_t write_bytes;
    uint64_t ops_made, read_mark;
    bool canceled;
    bool deadlocked; // chosen as victim: a reset releases its locks
    struct kv_conflict conflict;
    struct model_scan *scans;
};

bool model_range_has(struct kv_range range, struct str key);
// Newest version of the key at or before `snapshot`, or NULL.
const struct model_cell *model_find(const struct model *m, struct str key, uint64_t snapshot);
enum kv_result model_refresh_locked(struct model_txn *t);

// lock.c
enum kv_result model_lock(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                          int64_t timeout_ns);
void model_unlock_all(struct model_txn *t); // the mutex is held
void model_list_locks(struct kv *kv, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg);

#endif
