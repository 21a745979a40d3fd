// The local engine's store and transaction, shared by the files of this folder.
//
// A read of transaction T at snapshot S sees, newest first: T's own writes; the memtables of T's view; the tree at T's
// reader; and, when that reader is ahead of S, the history partitions. The version with the greatest number not above S
// wins wherever it is found.
//
// Invariants
//  1. durable <= inserted: a version is published only when its log record is synced. Snapshots are taken at `durable`,
//     validation sees up to `inserted`.
//  2. Every commit newer than view.merged is in the view's memtables; every one up to it is in the tree, or in its
//     history if superseded after oldest_readable. A transaction's reader is never behind its view.
//  3. A read-write transaction with snapshot < validation_floor cannot validate any more: KV_TOO_OLD.
//  4. `failure` is set once; from then on nothing is acknowledged and nothing reaches log or tree.
//
// Locks, in order: checkpoint.mutex, then commit leadership (not a mutex: one thread owns it), then queue.mutex or all
// shard mutexes ascending, then lock_table.mutex / tree.state_mutex / tree pool mutexes / log.free_mutex (leaves).
// The view pointer is read under any one shard mutex and changed under all of them.
#ifndef KV_LOCAL_STORE_INT_H
#define KV_LOCAL_STORE_INT_H

#include "base/arena.h"
#include "kv/kv_int.h"
#include "kv/local/locks_int.h"
#include "kv/local/log_int.h"
#include "kv/local/memtable_int.h"
#include "kv/local/pages_int.h"
#include "os/os.h"
#include "kv/local/tree_int.h"

enum {
    SHARDS = 16,
    RETAINED_TABLES_MAX = 16, // frozen, merged, kept for validation
    UNMERGED_FROZEN_MAX = 2,  // more: committers wait for the checkpoint
    READ_SPANS_MAX = 16384,   // more: neighbours are joined
};

// What a transaction reads beside the tree. Immutable but for the count of references.
struct view {
    _Atomic uint32_t refs;
    uint64_t merged; // commits up to this are in the tree
    unsigned count;
    struct memtable *tables[]; // newest first; [0] is the active one
};

enum write_kind { WRITE_PUT, WRITE_DELETE, WRITE_ADD };

// Payload of a node of a transaction's write set; NULL payload: rolled back.
struct write {
    enum write_kind kind;
    struct str value;
    int64_t delta;        // WRITE_ADD
    uint64_t snapshot;    // at the first write of the key
    uint64_t mark;        // which of the transaction's writes it is
    struct write *before; // of the same key
};

struct undo {
    struct skip_node *node;
    struct write *before;
};

enum span_end { SPAN_END_EXCLUDED, SPAN_END_INCLUDED, SPAN_END_NONE };

// Keys read: from start to end.
struct span {
    struct str start, end;
    enum span_end end_kind;
};

// Points and ranges read. `epoch` changes when spans move.
struct read_set {
    ARENA_VEC(struct span) spans;
    unsigned epoch;
};

// A snapshot's sources that the transaction has left by refreshing but whose slices live on.
struct retired {
    struct view *view;
    struct tree_reader *reader;
    struct retired *next;
};

enum commit_turn { TURN_WAIT, TURN_LEAD, TURN_DONE };

// A place in the commit queue.
struct commit_request {
    struct txn *txn; // NULL: freeze the active memtable
    struct commit_request *next;
    _Atomic uint32_t turn; // enum commit_turn; release after the result is in place
    enum kv_result result;
    uint64_t version;
    uint64_t validated;     // nothing read has changed up to this version
    uint64_t payload_bytes; // of the log record
};

struct txn {
    struct kv_txn base;
    struct store *store;
    struct lock_owner owner; // id, tag, priority, canceled
    enum kv_isolation isolation;
    bool read_only, as_of;
    bool deadlocked; // victim of a lock cycle: its locks go at the reset, so that the others get through
    unsigned shard;
    struct txn *next, *previous; // registered: the shard's list; idle: its pool
    uint64_t snapshot;           // changed under the shard's mutex
    int64_t began_mono_ns;       // when a duration limit is imposed
    struct view *view;
    struct tree_reader *reader; // NULL until the tree is read
    struct retired *retired;
    struct scan *scans;     // open ones
    struct scan *idle_scan; // memory for the next one
    struct arena arena;
    struct budget *budget;
    size_t charged_bytes;

    struct skiplist writes;
    size_t write_count, write_bytes; // live ones
    uint64_t writes_made, read_mark;
    ARENA_VEC(struct undo) undo;
    ARENA_VEC(size_t) savepoints; // undo length at each
    struct read_set reads;
    struct read_set lasting; // below SERIALIZABLE: what the commit validates; `reads` then only serve refreshing

    struct kv_observer *observer;
    struct kv_conflict conflict;
    struct commit_request request;
};

// Who made a recent commit, for those that run into it: a table by version in which newer ones replace older ones.
enum { RECENT_COMMITS = 1024 };
struct recent_commit {
    _Atomic uint64_t version; // release after the rest is in place; 0: being replaced
    _Atomic uint64_t id, tag;
};

struct shard {
    _Alignas(64) pthread_mutex_t mutex;
    struct txn *live;
    struct txn *idle;
};

struct store {
    struct kv kv;
    const struct os *os;
    char *dir; // NULL: nothing on disk
    bool read_only;
    struct os_file *lock_file;
    struct kv_limits limits;
    size_t memtable_bytes, history_bytes_max, history_disk_bytes_max;
    unsigned skip; // enum kv_skip
    uint64_t (*space_of)(struct str key);
    struct tree tree;
    struct page_sums sums; // of the tree's file; guarded by checkpoint.mutex
    char *data_path;       // of data.mdb in the kernel's file system; NULL: nothing on disk
    struct log log;        // only with dir
    struct lock_table locks;

    _Atomic uint64_t durable;          // release after the sync, acquire by snapshots
    _Atomic uint64_t inserted;         // release after the memtable insertions, acquire by validation
    uint64_t last_version;             // leader only
    _Atomic uint64_t oldest_readable;  // raised under all shard mutexes
    _Atomic uint64_t validation_floor; // raised before the memtable leaves the view
    _Atomic uint64_t retained_max;     // newest version in a memtable kept only for validation; 0: none
    _Atomic int64_t history_ns;
    _Atomic(const char *) failure; // release after the text is complete
    _Atomic uint64_t next_txn_id;

    struct shard shards[SHARDS];
    struct view *view;
    struct recent_commit recent[RECENT_COMMITS]; // written by the leader only

    struct {
        pthread_mutex_t mutex;
        struct commit_request *first, *last;
        unsigned length, last_group;
        bool led;
        pthread_mutex_t unlogged_mutex; // commit leadership of a store without log
    } queue;

    struct {
        pthread_mutex_t mutex;       // one merge at a time
        bool history_heavy;          // guarded by it: a key's history has grown long in the newest partition
        pthread_mutex_t state_mutex; // guards what follows; taken after any other
        bool running, joinable;
        pthread_t thread;
        _Atomic uint32_t progress;        // changes when a merge ends; waited upon
        _Atomic uint32_t unmerged_frozen; // frozen memtables not in the tree yet
        // Deleted keys that scans have stepped over since the last freeze, a statistic: a table from whose front rows
        // are taken all the time would be read ever more slowly. Relaxed.
        _Atomic uint64_t dead_passed;
    } checkpoint;

    struct {
        _Atomic uint64_t commits, conflicts, checkpoints;
    } stats;
};

static inline struct store *store_of(const struct kv *kv)
{
    return (struct store *)kv;
}
static inline struct txn *txn_of(const struct kv_txn *txn)
{
    return (struct txn *)txn;
}

// view.c: views, registered transactions, what they still need.
struct view *view_acquire(struct store *s, unsigned shard);
void view_unref(struct view *v);
// Makes the view of `tables` current; takes over one reference of each.
void view_install(struct store *s, struct memtable **tables, unsigned count, uint64_t merged);
void view_push_active(struct store *s, struct memtable *active);
// After a checkpoint: commits up to `merged` are in the tree.
void view_set_merged(struct store *s, uint64_t merged);
void view_prune(struct store *s);
void txn_register(struct txn *txn); // takes snapshot and view
// Moves the snapshot to `at`, the view to now; the old sources are retired.
void txn_reregister(struct txn *txn, uint64_t at);
void txn_unregister(struct txn *txn);
// Raises oldest_readable to the greater of what the history's duration asks for and `at_least`, but not above a live
// snapshot; returns it.
uint64_t store_raise_oldest_readable(struct store *s, uint64_t at_least);
uint64_t view_oldest_writer(struct store *s); // kv_oldest_writer

// store.c
void store_fail(struct store *s, const char *what, const char *reason);
static inline bool store_failed(struct store *s)
{
    return atomic_load_explicit(&s->failure, memory_order_acquire) != NULL;
}
extern const struct kv_ops local_ops;

// txn.c
enum kv_result txn_charge(struct txn *txn, size_t bytes);
enum kv_result txn_check(struct txn *txn); // duration limit
// The reader of the transaction's snapshot, taken on first use; NULL: the store failed or its reader table is full.
struct tree_reader *txn_reader(struct txn *txn);
// What that there is none means: a failed checkpoint can leave LMDB such that nothing new is read either.
enum kv_result txn_no_reader(struct txn *txn);

enum kv_result txn_begin(struct kv *kv, const struct kv_begin_options *options, struct kv_txn **out);
void txn_abort(struct kv_txn *base);
void txn_end(struct txn *txn);
enum kv_result txn_reset(struct kv_txn *base);
uint64_t txn_read_version(const struct kv_txn *base);
uint64_t txn_id(const struct kv_txn *base);
enum kv_isolation txn_isolation(const struct kv_txn *base);
bool txn_has_writes(const struct kv_txn *base);
enum kv_result txn_refresh(struct kv_txn *base);
enum kv_result txn_new_statement(struct kv_txn *base);
bool txn_must_reset(const struct kv_txn *base);
void txn_cancel(struct kv_txn *base);
void txn_clear_cancel(struct kv_txn *base);
const struct kv_conflict *txn_last_conflict(const struct kv_txn *base);
enum kv_result txn_lock(struct kv_txn *base, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                        int64_t timeout_ns);
enum kv_result txn_lock_guard(struct kv_txn *base, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                              int64_t timeout_ns);

// write.c
struct write *write_find(struct txn *txn, struct str key);
// The write that a read under `mark` sees of a key whose last write is `w`; NULL: none.
const struct write *write_under(const struct write *w, uint64_t mark);
uint64_t txn_mark(const struct kv_txn *base);
void txn_set_read_mark(struct kv_txn *base, uint64_t mark);
// The read mark under these flags.
uint64_t read_mark_for(const struct txn *txn, unsigned flags);
int64_t counter_decode(struct str value);
enum kv_result txn_put(struct kv_txn *base, struct str key, struct str value);
enum kv_result txn_delete(struct kv_txn *base, struct str key);
enum kv_result txn_delete_range(struct kv_txn *base, struct kv_range range);
enum kv_result txn_add(struct kv_txn *base, struct str key, int64_t delta);
unsigned txn_savepoint(struct kv_txn *base);
enum kv_result txn_rollback_to(struct kv_txn *base, unsigned savepoint);

// readset.c
// The set that remembers a read with these flags.
struct read_set *reads_for(struct txn *txn, unsigned flags);
enum kv_result reads_add_point(struct txn *txn, struct read_set *set, struct str key);
enum kv_result reads_add(struct txn *txn, struct read_set *set, struct span span);
enum kv_result txn_add_read_conflict(struct kv_txn *base, struct kv_range range, unsigned flags);
void reads_forget(struct read_set *set);
void reads_normalize(struct read_set *set); // sorted and disjoint
bool reads_contain(const struct read_set *set, struct str key);
bool span_before_end(const struct span *span, struct str key);

// validate.c
// What the commit rests on, against every version in the view newer than the snapshot: all reads, or below SERIALIZABLE
// the lasting ones and all writes.
enum kv_result validate_commit(struct txn *txn, struct view *view);
// All reads at any level.
enum kv_result validate_reads(struct txn *txn, struct view *view);
// As validate_commit against versions newer than `since` only; reads are normalized.
enum kv_result validate_since(struct txn *txn, struct view *view, uint64_t since);
bool validation_needed(const struct txn *txn);

// commit.c
enum kv_result txn_commit(struct kv_txn *base, uint64_t *version);
enum kv_result commit_freeze(struct store *s); // freezes the active memtable unless it is empty
// Sets who committed the version, if that is still known.
void commit_author(struct store *s, uint64_t version, struct kv_conflict *out);

// read.c
// A version found for a key.
struct found {
    uint64_t at; // 0: nothing found; UINT64_MAX: an own write
    bool deleted;
    bool in_tree; // the stamp is before the value
    struct str value;
};
static inline struct found found_in_tree(struct str stamped)
{
    return (struct found){.at = tree_stamp(stamped), .in_tree = true, .value = tree_value(stamped)};
}
// KV_READ_STAMPED: puts the version in front of the value.
enum kv_result found_stamp(struct txn *txn, struct found *f);
// The value under an own addition.
enum kv_result found_add(struct txn *txn, const struct write *w, struct found *f);
enum kv_result read_committed(struct txn *txn, struct str key, struct found *out);
enum kv_result txn_get(struct kv_txn *base, struct str key, unsigned flags, struct kv_value *out);
enum kv_result txn_get_many(struct kv_txn *base, const struct str *keys, size_t n, unsigned flags,
                            struct kv_value *out);
// Newest committed or committing version of the key in the view, 0 when the memtables have none.
uint64_t view_newest_version(struct view *view, struct str key);
// Newest value whatever the snapshot, for the leader and for replay; false when absent.
int newest_value(struct view *view, struct tree *tree, MDB_txn *txn, struct str key, struct found *out);

// scan.c
enum kv_result scan_open(struct kv_txn *base, struct kv_range range, unsigned flags, uint64_t limit,
                         struct kv_scan **out);
enum kv_result scan_next(struct kv_scan *base, size_t max, struct kv_batch *out);
void scan_close(struct kv_scan *base);
void scan_untrack_all(struct txn *txn); // open scans stay at their snapshot
void scan_free_idle(struct txn *txn);
void scan_shrink_idle(struct txn *txn);

// history.c
struct found history_pick(struct str versions, uint64_t snapshot);
int history_lookup(const struct tree_reader *reader, struct str key, uint64_t snapshot, struct found *out);
// First partition index that may hold what a snapshot needs.
unsigned history_first(const struct tree_state *state, uint64_t snapshot);

// checkpoint.c
enum kv_result checkpoint_now(struct kv *kv);
void checkpoint_kick(struct store *s); // starts the background thread unless it runs
void checkpoint_join(struct store *s);
enum kv_result checkpoint_throttle(struct store *s); // waits while too much is unmerged
int checkpoint_merge_oldest(struct store *s);        // 0 or an LMDB code; nothing to do: 0

#endif
