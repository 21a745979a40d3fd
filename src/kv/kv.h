// The key-value contract: ordered bytes to bytes, strictly serializable optimistic transactions, row locks.
//
// Engines implement it behind `struct kv_ops` (kv_int.h); callers see only this header. Engines: `local:DIR` and `mem:`
// (the local engine with and without files, src/kv/local), `model:` (tests, src/kv/model). Only server/ and tests name
// an engine. Design: docs/ARCHITECTURE.md "Storage"; the commit protocol is backward-validating optimistic concurrency
// control (Kung and Robinson 1981) over a multiversion memtable.
//
// Threads: a store may be used by any number of threads; a transaction by one thread at a time (kv_cancel excepted).
// Slices returned by reads stay valid until the transaction ends (commit or abort, or kv_reset).
// Versions are hybrid timestamps: nanoseconds since the Unix epoch, strictly increasing per commit. A commit version is
// the SQL commit timestamp.
#ifndef KV_KV_H
#define KV_KV_H

#include "base/base.h"
#include "base/str.h"

#include <string.h>

struct err;
struct budget;
struct os;
struct kv;      // a store
struct kv_txn;  // a transaction
struct kv_scan; // an open scan

// Result of a transactional call. Values other than KV_OK leave the transaction usable only for kv_abort, kv_reset or
// kv_rollback_to, except KV_LOCK_UNAVAILABLE, KV_TIMEOUT and KV_CANCELED, after which it goes on as it was.
enum kv_result {
    KV_OK = 0,
    KV_CONFLICT,         // a read was overtaken by another commit, refresh failed: retry the transaction
    KV_DEADLOCK,         // chosen as victim of a lock cycle: retry the transaction
    KV_TOO_OLD,          // the snapshot is older than the history kept: retry the transaction (or AS OF too far back)
    KV_TOO_LARGE,        // over kv_limits(), or an empty key
    KV_AMBIGUOUS,        // the commit may or may not have happened: its log write or sync failed
    KV_IO,               // the store failed and is now read-only, if it can be read at all; nothing was written
    KV_READ_ONLY,        // write on a read-only store or transaction
    KV_LOCK_UNAVAILABLE, // KV_LOCK_NOWAIT or KV_LOCK_SKIP and the lock is held
    KV_TIMEOUT,          // lock wait longer than its limit
    KV_CANCELED,         // kv_cancel
    KV_MEMORY,           // over the memory budget
};
const char *kv_result_name(enum kv_result r);

struct kv_limits {
    size_t key_bytes_max;
    size_t value_bytes_max;
    size_t txn_bytes_max;        // sum of written keys and values
    int64_t txn_duration_ns_max; // 0: none
    bool has_locks;
};

// What a checker of serializability must notice when it is missing.
enum kv_skip {
    KV_SKIP_VALIDATION = 1,      // a committer's look at what it has read, before its turn
    KV_SKIP_LATE_VALIDATION = 2, // ... at what was committed between that and its turn
    KV_SKIP_RANGES = 4,          // scans are not remembered
    KV_SKIP_REFRESH = 8,         // a refresh moves the snapshot whatever has changed
    KV_SKIP_FRESHNESS = 16,      // read-only transactions miss the last commit
};

struct kv_options {
    const struct os *os;            // file system and clock; NULL: the real one (os_real())
    size_t memtable_bytes;          // size at which a memtable is frozen and checkpointed; 0: default 64 MiB
    size_t history_bytes_max;       // frozen memtables kept in memory for old snapshots; 0: default 256 MiB
    int64_t history_ns;             // how far back AS OF reads reach; 0: default 10 min; see kv_set_history
    size_t history_disk_bytes_max;  // about what superseded versions take; 0: default 1 GiB, 256 MiB without files
    bool impose_distributed_limits; // publish and enforce FoundationDB's bounds (10 MB, 5 s, 10 kB, 100 kB)
    bool no_sync;                   // tests only: skip fdatasync
    unsigned skip;                  // tests only: enum kv_skip, steps that are not taken
    bool must_exist;                // fail instead of creating a missing directory
    bool read_only;                 // checked as a whole, read, left as they are: writes get KV_READ_ONLY or KV_IO
    // The number of the space a key counts for, 0: none; the keys of a space stand together. NULL: nothing is counted.
    uint64_t (*space_of)(struct str key);
};

// Opens `local:DIR`, `mem:` or `model:`. Errors (58030, 55006 when another process holds the directory, XX001 on
// damage, 0A000 for a newer format version) say what to do.
int kv_open(const char *url, const struct kv_options *options, struct kv **out, struct err *err) MUST_CHECK;
// All transactions must have ended. Leaves a clean log; safe to skip (recovery does the rest).
void kv_close(struct kv *kv);
struct kv_limits kv_limits(const struct kv *kv);
// Newest durable version: what a transaction beginning now reads at.
uint64_t kv_now(struct kv *kv);
// Oldest version AS OF reads may ask for.
uint64_t kv_oldest_readable(struct kv *kv);
// How long superseded versions are kept from now on, unless they come to more than history_disk_bytes_max: then the
// oldest go before their time. What is gone does not come back.
void kv_set_history(struct kv *kv, int64_t history_ns);
enum { KV_HISTORY_FOREVER_S = 10 * 365 * 86400 }; // for an opener that sets it right away
// No open transaction that may write has an older snapshot. May be lower than it has to be.
uint64_t kv_oldest_writer(struct kv *kv);
// Why the store is read-only, or NULL when it is healthy. Static until close.
const char *kv_failure(struct kv *kv);

struct kv_stats {
    uint64_t commits, conflicts, deadlocks, lock_waits, syncs, checkpoints, bytes_logged;
    uint64_t live_bytes, disk_bytes, memtable_bytes, history_bytes;
    int64_t history_ns; // how long superseded versions are wanted
};
void kv_get_stats(struct kv *kv, struct kv_stats *out);
// Forces the memtable into the B+tree; returns when it is durable there. For tests, backup and clean shutdown.
enum kv_result kv_checkpoint(struct kv *kv) MUST_CHECK;
// Reads all that is on the disk and compares it with its checksums: XX001 when something has changed. Reads by
// transactions do not look at them. Checkpoints wait meanwhile.
int kv_verify(struct kv *kv, struct err *err) MUST_CHECK;

enum kv_isolation {
    KV_SERIALIZABLE,   // the commit validates everything read
    KV_SNAPSHOT,       // the commit validates what is written and what was read with KV_READ_VALIDATED
    KV_READ_COMMITTED, // as KV_SNAPSHOT, and kv_new_statement moves the snapshot forward
};

// What a transaction reads and writes, in bytes of keys and values; added up as it goes, by its thread.
struct kv_meter {
    uint64_t read_bytes, written_bytes;
};

// A wait for a lock that is over, however it ended.
struct kv_wait {
    struct str key;               // for the call
    uint64_t other_id, other_tag; // transaction that stood in the way when it began
    int64_t waited_ns;
    enum kv_result result;
};
struct kv_conflict;
// Told by the transaction's own thread, outside all locks. The local engine calls both.
struct kv_observer {
    void (*waited)(struct kv_observer *o, const struct kv_wait *wait);
    // kv_commit or kv_lock ends with KV_CONFLICT: what kv_last_conflict says, or would say if the commit had not freed
    // the handle; for the call.
    void (*conflicted)(struct kv_observer *o, const struct kv_conflict *conflict);
};

struct kv_begin_options {
    enum kv_isolation isolation;
    bool read_only;         // no writes, no locks, never conflicts: strict serializability comes from the snapshot
    uint64_t as_of;         // 0: now. Otherwise read_only is implied and the version must be readable (else KV_TOO_OLD)
    int priority;           // of victims in a deadlock: lower dies first
    struct budget *budget;  // charged with buffered writes and read sets; may be NULL
    struct kv_meter *meter; // outlives the transaction; may be NULL
    uint64_t tag;           // caller's number (session id), reported to those who wait for this transaction
    struct kv_observer *observer; // outlives the transaction; may be NULL
};

enum kv_result kv_begin(struct kv *kv, const struct kv_begin_options *options, struct kv_txn **out) MUST_CHECK;
// Commits, releases locks. On KV_OK with writes *version is the commit version and the writes are durable; without
// writes it is the read version, where the transaction takes place whatever has been committed since. The handle is
// freed whatever the result.
enum kv_result kv_commit(struct kv_txn *txn, uint64_t *version) MUST_CHECK;
void kv_abort(struct kv_txn *txn); // drops writes, releases locks, frees the handle
// Restarts in place: drops writes, reads and savepoints, takes a new snapshot, KEEPS locks held (so that the retry of a
// contended transaction is not overtaken), except after KV_DEADLOCK, when they are released: the victim lets the others
// through.
enum kv_result kv_reset(struct kv_txn *txn) MUST_CHECK;
uint64_t kv_read_version(const struct kv_txn *txn);
uint64_t kv_txn_id(const struct kv_txn *txn);
enum kv_isolation kv_txn_isolation(const struct kv_txn *txn);
bool kv_has_writes(const struct kv_txn *txn);
// Snapshot to now if nothing read so far has changed since; else KV_CONFLICT and nothing moves.
enum kv_result kv_refresh(struct kv_txn *txn) MUST_CHECK;
// READ COMMITTED only: a new statement reads at a new snapshot. What was read with KV_READ_VALIDATED is forgotten while
// nothing is written; after that it must still hold (KV_CONFLICT, and nothing moves).
enum kv_result kv_new_statement(struct kv_txn *txn) MUST_CHECK;
// Whether only a reset helps: the transaction was the victim of a deadlock and its locks stand in the way of others.
bool kv_must_reset(const struct kv_txn *txn);
// From any thread: the transaction's current or next wait ends with KV_CANCELED. kv_clear_cancel re-arms.
void kv_cancel(struct kv_txn *txn);
void kv_clear_cancel(struct kv_txn *txn);

// What a failed call ran into; valid until the next call on the transaction.
struct kv_conflict {
    struct str key;    // ptr NULL when unknown
    uint64_t other_id; // transaction that holds or wrote it; 0 when unknown, as it is when it wrote long ago
    uint64_t other_tag;
    uint64_t version;      // its commit version when committed
    const uint64_t *cycle; // KV_DEADLOCK: tags of those that waited for each other, where the engine tells
    unsigned n_cycle;
};
const struct kv_conflict *kv_last_conflict(const struct kv_txn *txn);

enum kv_read_flags {
    KV_READ_SNAPSHOT = 1, // not remembered as a conflict
    KV_READ_REVERSE = 2,  // scans: descending
    KV_READ_KEYS_ONLY = 4,
    KV_READ_VALIDATED = 8, // validated by the commit at every isolation level: what constraints and schemas rest on
    KV_READ_MARKED = 16,   // own writes up to the read mark only
    KV_READ_STAMPED = 32,  // values begin with the version they were committed at, see kv_take_stamp
};
// Takes the version from the front of a value read with KV_READ_STAMPED; 0: it is the transaction's own.
enum { KV_STAMP_BYTES = 8 };
static inline uint64_t kv_take_stamp(struct str *value)
{
    uint64_t version;
    memcpy(&version, value->ptr, KV_STAMP_BYTES);
    *value = (struct str){value->ptr + KV_STAMP_BYTES, value->len - KV_STAMP_BYTES};
    return version;
}
// The mark of now: a read with KV_READ_MARKED under it sees the transaction's writes so far and none that follow. So a
// statement reads what was there when it began, whatever it writes itself. Scans keep the read mark of their opening.
uint64_t kv_mark(const struct kv_txn *txn);
void kv_set_read_mark(struct kv_txn *txn, uint64_t mark);

struct kv_value {
    bool found;
    struct str value;
};
enum kv_result kv_get(struct kv_txn *txn, struct str key, unsigned flags, struct kv_value *out) MUST_CHECK;
// One call for many keys, so that a remote engine pays one round trip. `out` has n slots, in the order of `keys`.
enum kv_result kv_get_many(struct kv_txn *txn, const struct str *keys, size_t n, unsigned flags,
                           struct kv_value *out) MUST_CHECK;

// [start, end); end.ptr NULL: to the end of the store.
struct kv_range {
    struct str start, end;
};
// Bytes of the keys and values that a space has now, whose keys are all in `range`: counted as they are written, so it
// takes the time of what has been written to it lately. False when that is not known: the store was made or written
// without space_of, or is of an engine that does not count.
bool kv_space_bytes(struct kv *kv, uint64_t space, struct kv_range range, uint64_t *bytes) MUST_CHECK;
struct kv_pair {
    struct str key, value;
};
// Up to `pairs` of them per batch; arrays are owned by the scan, slices live until the transaction ends.
struct kv_batch {
    const struct kv_pair *pairs;
    size_t n;
};
// Opens a scan over the range as of now (own later writes may or may not be seen; callers that write while scanning
// use the halloween-safe order of the executor). `limit` 0: none; it also bounds the conflict range remembered.
// Range bytes are copied. Only what was actually read (up to the last key returned, or the whole range when the scan
// ran dry) is remembered as a conflict.
enum kv_result kv_scan_open(struct kv_txn *txn, struct kv_range range, unsigned flags, uint64_t limit,
                            struct kv_scan **out) MUST_CHECK;
// Next batch of at most `max` pairs; n == 0 at the end.
enum kv_result kv_scan_next(struct kv_scan *scan, size_t max, struct kv_batch *out) MUST_CHECK;
void kv_scan_close(struct kv_scan *scan); // NULL allowed; also done by the end of the transaction

enum kv_result kv_put(struct kv_txn *txn, struct str key, struct str value) MUST_CHECK; // bytes are copied
enum kv_result kv_delete(struct kv_txn *txn, struct str key) MUST_CHECK;
// Counts as a read of the range: a key committed into it meanwhile is a conflict and does not survive unseen.
enum kv_result kv_delete_range(struct kv_txn *txn, struct kv_range range) MUST_CHECK;
// Adds to a little-endian int64 at `key` (absent: 0) at commit time, without reading it: row counters that never
// conflict. Reading the key in the same transaction sees the sum and does count as a read.
enum kv_result kv_add(struct kv_txn *txn, struct str key, int64_t delta) MUST_CHECK;
// Remembers a read of the range without reading it, as if it had been read at the snapshot with these flags: 0 or
// KV_READ_VALIDATED.
enum kv_result kv_add_read_conflict(struct kv_txn *txn, struct kv_range range, unsigned flags) MUST_CHECK;

// Each mode excludes what the one before it does and more:
//     KEY_SHARE          EXCLUSIVE                        the key stays, its value may change
//     SHARED             NO_KEY_EXCLUSIVE and EXCLUSIVE   neither changes
//     NO_KEY_EXCLUSIVE   all but KEY_SHARE                to change the value
//     EXCLUSIVE          all                              to delete
enum kv_lock_mode { KV_LOCK_KEY_SHARE, KV_LOCK_SHARED, KV_LOCK_NO_KEY_EXCLUSIVE, KV_LOCK_EXCLUSIVE };
enum kv_lock_wait { KV_LOCK_WAIT, KV_LOCK_NOWAIT, KV_LOCK_SKIP };
// Takes a lock held until the end of the transaction (savepoint rollback keeps it). FIFO queues; a weaker lock is
// upgraded in place. On success under KV_LOCK_WAIT, when the key has a committed version newer than the snapshot, tries
// kv_refresh; KV_CONFLICT if that fails (the lock stays held so that the retry goes first).
// Under KV_LOCK_NOWAIT and KV_LOCK_SKIP nothing is refreshed; asking again under KV_LOCK_WAIT for the key then held
// does so without waiting. timeout_ns 0: wait without limit. On an engine without locks: KV_OK at once.
enum kv_result kv_lock(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                       int64_t timeout_ns) MUST_CHECK;
// The same for a key that stands for many others and is written only by transactions that got it by this call in the
// mode EXCLUSIVE. All others have it in weaker modes, often and many at once: they are not made to look for a newer
// version of it unless somebody has had it in that mode since their snapshot.
enum kv_result kv_lock_guard(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                             int64_t timeout_ns) MUST_CHECK;

// Savepoints nest and are numbered from 1. Rolling back to n drops the writes made after it; n stays valid. Reads stay
// remembered: what was seen was seen. Releasing needs no call.
unsigned kv_savepoint(struct kv_txn *txn);
enum kv_result kv_rollback_to(struct kv_txn *txn, unsigned savepoint) MUST_CHECK;

// Lock table listing for crdb_internal.cluster_locks. Calls visit with copies of nothing held: slices live for the
// call.
struct kv_lock_info {
    struct str key;
    uint64_t txn_id, tag;
    enum kv_lock_mode mode;
    enum kv_isolation isolation; // of the transaction
    bool granted;
    int64_t since_mono_ns;
};
void kv_list_locks(struct kv *kv, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg);

#endif
