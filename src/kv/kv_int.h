// What an engine implements: the calls of kv.h as a table. kv.c finds the engine by the URL's scheme and forwards every
// call through the table; engines embed `struct kv`, `struct kv_txn` and `struct kv_scan` as first members of theirs.
// Only src/kv and its subfolders include this header.
#ifndef KV_KV_INT_H
#define KV_KV_INT_H

#include "kv/kv.h"

struct kv_ops;

struct kv {
    const struct kv_ops *ops;
};

struct kv_txn {
    const struct kv_ops *ops;
    struct kv_meter *meter; // kv.c's
};

struct kv_scan {
    const struct kv_ops *ops;
    struct kv_meter *meter; // kv.c's
};

// Each member has the contract of the kv.h function of its name. kv.c has already checked that a range is not reversed
// and that handles are not NULL; everything else is the engine's.
struct kv_ops {
    void (*close)(struct kv *kv);
    struct kv_limits (*limits)(const struct kv *kv);
    uint64_t (*now)(struct kv *kv);
    uint64_t (*oldest_readable)(struct kv *kv);
    void (*set_history)(struct kv *kv, int64_t history_ns);
    uint64_t (*oldest_writer)(struct kv *kv);
    const char *(*failure)(struct kv *kv);
    void (*get_stats)(struct kv *kv, struct kv_stats *out);
    bool (*space_bytes)(struct kv *kv, uint64_t space, struct kv_range range, uint64_t *bytes); // NULL: never known
    enum kv_result (*checkpoint)(struct kv *kv);
    int (*verify)(struct kv *kv, struct err *err); // NULL: nothing to verify

    enum kv_result (*begin)(struct kv *kv, const struct kv_begin_options *options, struct kv_txn **out);
    enum kv_result (*commit)(struct kv_txn *txn, uint64_t *version);
    void (*abort)(struct kv_txn *txn);
    enum kv_result (*reset)(struct kv_txn *txn);
    uint64_t (*read_version)(const struct kv_txn *txn);
    uint64_t (*txn_id)(const struct kv_txn *txn);
    enum kv_isolation (*isolation)(const struct kv_txn *txn);
    bool (*has_writes)(const struct kv_txn *txn);
    enum kv_result (*refresh)(struct kv_txn *txn);
    enum kv_result (*new_statement)(struct kv_txn *txn);
    bool (*must_reset)(const struct kv_txn *txn);
    void (*cancel)(struct kv_txn *txn);
    void (*clear_cancel)(struct kv_txn *txn);
    const struct kv_conflict *(*last_conflict)(const struct kv_txn *txn);

    enum kv_result (*get)(struct kv_txn *txn, struct str key, unsigned flags, struct kv_value *out);
    enum kv_result (*get_many)(struct kv_txn *txn, const struct str *keys, size_t n, unsigned flags,
                               struct kv_value *out);
    enum kv_result (*scan_open)(struct kv_txn *txn, struct kv_range range, unsigned flags, uint64_t limit,
                                struct kv_scan **out);
    enum kv_result (*scan_next)(struct kv_scan *scan, size_t max, struct kv_batch *out);
    void (*scan_close)(struct kv_scan *scan);

    enum kv_result (*put)(struct kv_txn *txn, struct str key, struct str value);
    enum kv_result (*del)(struct kv_txn *txn, struct str key);
    enum kv_result (*delete_range)(struct kv_txn *txn, struct kv_range range);
    enum kv_result (*add)(struct kv_txn *txn, struct str key, int64_t delta);
    enum kv_result (*add_read_conflict)(struct kv_txn *txn, struct kv_range range, unsigned flags);
    enum kv_result (*lock)(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                           int64_t timeout_ns);
    enum kv_result (*lock_guard)(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                                 int64_t timeout_ns);
    uint64_t (*mark)(const struct kv_txn *txn);
    void (*set_read_mark)(struct kv_txn *txn, uint64_t mark);
    unsigned (*savepoint)(struct kv_txn *txn);
    enum kv_result (*rollback_to)(struct kv_txn *txn, unsigned savepoint);
    void (*list_locks)(struct kv *kv, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg);
};

// Opens the part of the URL after "scheme:".
typedef int kv_open_fn(const char *rest, const struct kv_options *options, struct kv **out, struct err *err);

int kv_local_open(const char *rest, const struct kv_options *options, struct kv **out, struct err *err) MUST_CHECK;
int kv_mem_open(const char *rest, const struct kv_options *options, struct kv **out, struct err *err) MUST_CHECK;

// Whether two transactions may hold the lock in these modes at once.
static inline bool kv_lock_compatible(enum kv_lock_mode a, enum kv_lock_mode b)
{
    static const unsigned excluded[] = {
        [KV_LOCK_KEY_SHARE] = 1 << KV_LOCK_EXCLUSIVE,
        [KV_LOCK_SHARED] = 1 << KV_LOCK_NO_KEY_EXCLUSIVE | 1 << KV_LOCK_EXCLUSIVE,
        [KV_LOCK_NO_KEY_EXCLUSIVE] = 1 << KV_LOCK_SHARED | 1 << KV_LOCK_NO_KEY_EXCLUSIVE | 1 << KV_LOCK_EXCLUSIVE,
        [KV_LOCK_EXCLUSIVE] = 15,
    };
    return (excluded[a] & 1u << b) == 0;
}

// Makes a further scheme known to kv_open ("model", by the tests that link it). Before any threads; the name is kept.
void kv_register_engine(const char *scheme, kv_open_fn *open);

#endif
