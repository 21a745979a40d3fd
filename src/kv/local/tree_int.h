// The tree: checkpointed data in LMDB's copy-on-write B+tree.
//
//   database    key                                  value
//   meta        a name                               see struct tree_state
//   data        the key, or its first 511 bytes      u64 commit version, value; or a bucket
//   hNNNN…      as data                              versions superseded in a span of time, newest first
//
// LMDB's keys are at most 511 bytes. A key of up to 510 bytes is stored as it is; longer ones live in a bucket under
// their first 511 bytes: a value that holds whole entries (u32 key length, u32 value length, key, value) in key order.
// A key of 511 bytes is thus always a bucket, and byte order is kept.
//
// Invariants
//  1. The tree holds exactly the commits up to state.version: one write transaction per checkpoint changes both.
//  2. A reader's state describes the very LMDB snapshot it reads.
//
// Threads: one writer at a time (the store's checkpoint mutex). Readers come from a pool, each used by one transaction
// at a time; renewing one takes no lock.
#ifndef KV_LOCAL_TREE_INT_H
#define KV_LOCAL_TREE_INT_H

#include "base/arena.h"
#include "base/str.h"
#include "kv/kv.h"
#include "os/os.h"
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

struct err;

enum {
    TREE_DIRECT_KEY_MAX = 510,
    TREE_BUCKET_KEY = 511,
    TREE_STAMP_BYTES = 8,
    TREE_PARTITIONS_MAX = 48,
    TREE_READER_SHARDS = 16,
    TREE_STATES_KEPT = 8,
};

// A history partition holds what was superseded after `start`, up to the start of the next one.
struct tree_partition {
    uint64_t start;
    MDB_dbi dbi;
};

struct tree_state {
    size_t txn_id;            // LMDB's, of the snapshot described
    uint64_t version;         // newest commit merged
    uint64_t log_first;       // segment where replay starts
    uint64_t oldest_readable; // AS OF bound
    uint32_t partition_count;
    struct tree_partition partitions[TREE_PARTITIONS_MAX]; // ascending start
};

struct tree_reader {
    MDB_txn *txn;
    MDB_cursor *idle_cursor; // a data cursor for the next scan, or NULL
    struct tree_reader *next;
    struct tree_state state;
};

struct tree {
    MDB_env *env;
    MDB_dbi meta, data;
    pthread_mutex_t state_mutex; // guards states; the writer alone changes them
    struct tree_state states[TREE_STATES_KEPT];
    unsigned newest; // index of the newest state
    struct tree_pool {
        _Alignas(64) pthread_mutex_t mutex;
        struct tree_reader *idle;
    } pools[TREE_READER_SHARDS];
};

enum tree_mode {
    TREE_DURABLE,
    TREE_VOLATILE,  // nothing survives, nothing is synced, no file stays
    TREE_READ_ONLY, // no file is changed or made
};
// `dir` is a directory of the kernel's.
int tree_open(struct tree *tree, const char *dir, enum tree_mode mode, struct err *err) MUST_CHECK;
void tree_close(struct tree *tree);
struct tree_state tree_newest_state(struct tree *tree);
uint64_t tree_disk_bytes(struct tree *tree);

// A reader at the newest state; NULL when LMDB's reader table is full or on damage.
struct tree_reader *tree_reader_take(struct tree *tree, unsigned shard);
void tree_reader_give(struct tree *tree, struct tree_reader *reader, unsigned shard);

// Reads of one database, keys of any length. 0, MDB_NOTFOUND or another LMDB code; values are LMDB's memory, valid
// until the transaction ends (in a write transaction: until the next write).
int tree_get(MDB_txn *txn, MDB_dbi dbi, struct str key, struct str *value);
int tree_put(MDB_txn *txn, MDB_dbi dbi, struct str key, struct str value, struct arena *scratch);
int tree_delete(MDB_txn *txn, MDB_dbi dbi, struct str key, struct arena *scratch);

// Moves over a database in key order, through buckets. `valid` false: before the first or after the last.
struct tree_cursor {
    MDB_cursor *cursor;
    bool valid;
    int error; // LMDB code that ended the iteration, 0 for a plain end
    struct str key, value;
    struct str bucket; // all entries of the bucket the cursor is in; ptr NULL outside
    size_t entry;      // offset of the current one
};
void tree_cursor_seek(struct tree_cursor *c, struct str key);   // first >= key
void tree_cursor_before(struct tree_cursor *c, struct str key); // last < key
void tree_cursor_last(struct tree_cursor *c);
void tree_cursor_next(struct tree_cursor *c);
void tree_cursor_previous(struct tree_cursor *c);
// Takes up to `max` pairs of the data database from where the cursor stands (it is valid), stamps stripped, and moves
// behind them. Returns how many; fewer only at the end.
size_t tree_cursor_run(struct tree_cursor *c, bool reverse, struct kv_pair *out, size_t max);

// Write transaction of a checkpoint. The new state is the caller's to fill (partitions by tree_partition_*).
struct tree_write {
    struct tree *tree;
    MDB_txn *txn;
    struct tree_state state;
    struct arena scratch; // reset between keys by the caller
};
int tree_write_begin(struct tree *tree, struct tree_write *w);
int tree_write_commit(struct tree_write *w); // publishes the state
void tree_write_abort(struct tree_write *w);
int tree_partition_add(struct tree_write *w, uint64_t start);
int tree_partition_drop_first(struct tree_write *w);

// Stamped values of the data database.
static inline uint64_t tree_stamp(struct str stamped)
{
    uint64_t at;
    memcpy(&at, stamped.ptr, sizeof(at));
    return at;
}
static inline struct str tree_value(struct str stamped)
{
    return (struct str){stamped.ptr + TREE_STAMP_BYTES, stamped.len - TREE_STAMP_BYTES};
}

#endif
