// Finds the engine by URL and forwards the calls of kv.h to it.
#include "kv/kv_int.h"

#include "base/err.h"

static struct engine {
    const char *scheme;
    kv_open_fn *open;
} engines[8] = {{"local", kv_local_open}, {"mem", kv_mem_open}};

void kv_register_engine(const char *scheme, kv_open_fn *open)
{
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        if (engines[i].scheme == NULL || strcmp(engines[i].scheme, scheme) == 0) {
            engines[i] = (struct engine){scheme, open};
            return;
        }
    }
    INVARIANT(!"too many engines");
}

int kv_open(const char *url, const struct kv_options *options, struct kv **out, struct err *err)
{
    const char *colon = strchr(url, ':');
    struct kv_options defaults = {0};
    for (size_t i = 0; colon != NULL && i < ARRAY_LEN(engines) && engines[i].scheme != NULL; i++) {
        if (str_eqc((struct str){url, (size_t)(colon - url)}, engines[i].scheme))
            return engines[i].open(colon + 1, options != NULL ? options : &defaults, out, err);
    }
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "unknown store \"%s\"", url);
    return err_hint(err, "Use \"local:DIRECTORY\" or \"mem:\".");
}

const char *kv_result_name(enum kv_result r)
{
    static const char *const names[] = {
        "ok", "conflict",  "deadlock",         "too old",           "too large", "ambiguous",
        "io", "read only", "lock unavailable", "lock wait timeout", "canceled",  "out of memory",
    };
    return names[r];
}

static bool range_is_empty(struct kv_range range)
{
    return range.end.ptr != NULL && str_cmp(range.start, range.end) >= 0;
}

void kv_close(struct kv *kv)
{
    if (kv != NULL)
        kv->ops->close(kv);
}

struct kv_limits kv_limits(const struct kv *kv)
{
    return kv->ops->limits(kv);
}

uint64_t kv_now(struct kv *kv)
{
    return kv->ops->now(kv);
}

uint64_t kv_oldest_writer(struct kv *kv)
{
    return kv->ops->oldest_writer(kv);
}

uint64_t kv_oldest_readable(struct kv *kv)
{
    return kv->ops->oldest_readable(kv);
}

void kv_set_history(struct kv *kv, int64_t history_ns)
{
    kv->ops->set_history(kv, history_ns);
}

const char *kv_failure(struct kv *kv)
{
    return kv->ops->failure(kv);
}

void kv_get_stats(struct kv *kv, struct kv_stats *out)
{
    kv->ops->get_stats(kv, out);
}

bool kv_space_bytes(struct kv *kv, uint64_t space, struct kv_range range, uint64_t *bytes)
{
    return kv->ops->space_bytes != NULL && kv->ops->space_bytes(kv, space, range, bytes);
}

int kv_verify(struct kv *kv, struct err *err)
{
    return kv->ops->verify != NULL ? kv->ops->verify(kv, err) : 0;
}

enum kv_result kv_checkpoint(struct kv *kv)
{
    return kv->ops->checkpoint(kv);
}

enum kv_result kv_begin(struct kv *kv, const struct kv_begin_options *options, struct kv_txn **out)
{
    struct kv_begin_options defaults = {0};
    enum kv_result r = kv->ops->begin(kv, options != NULL ? options : &defaults, out);
    if (r == KV_OK)
        (*out)->meter = options != NULL ? options->meter : NULL;
    return r;
}

enum kv_result kv_commit(struct kv_txn *txn, uint64_t *version)
{
    uint64_t ignored;
    return txn->ops->commit(txn, version != NULL ? version : &ignored);
}

void kv_abort(struct kv_txn *txn)
{
    if (txn != NULL)
        txn->ops->abort(txn);
}

enum kv_result kv_reset(struct kv_txn *txn)
{
    return txn->ops->reset(txn);
}

uint64_t kv_read_version(const struct kv_txn *txn)
{
    return txn->ops->read_version(txn);
}

uint64_t kv_txn_id(const struct kv_txn *txn)
{
    return txn->ops->txn_id(txn);
}

enum kv_isolation kv_txn_isolation(const struct kv_txn *txn)
{
    return txn->ops->isolation(txn);
}

bool kv_has_writes(const struct kv_txn *txn)
{
    return txn->ops->has_writes(txn);
}

enum kv_result kv_refresh(struct kv_txn *txn)
{
    return txn->ops->refresh(txn);
}

enum kv_result kv_new_statement(struct kv_txn *txn)
{
    return txn->ops->new_statement(txn);
}

bool kv_must_reset(const struct kv_txn *txn)
{
    return txn->ops->must_reset(txn);
}

void kv_cancel(struct kv_txn *txn)
{
    txn->ops->cancel(txn);
}

void kv_clear_cancel(struct kv_txn *txn)
{
    txn->ops->clear_cancel(txn);
}

const struct kv_conflict *kv_last_conflict(const struct kv_txn *txn)
{
    return txn->ops->last_conflict(txn);
}

enum kv_result kv_get(struct kv_txn *txn, struct str key, unsigned flags, struct kv_value *out)
{
    enum kv_result r = txn->ops->get(txn, key, flags, out);
    if (UNLIKELY(txn->meter != NULL) && r == KV_OK && out->found)
        txn->meter->read_bytes += key.len + out->value.len;
    return r;
}

enum kv_result kv_get_many(struct kv_txn *txn, const struct str *keys, size_t n, unsigned flags, struct kv_value *out)
{
    enum kv_result r = txn->ops->get_many(txn, keys, n, flags, out);
    for (size_t i = 0; UNLIKELY(txn->meter != NULL) && r == KV_OK && i < n; i++)
        if (out[i].found)
            txn->meter->read_bytes += keys[i].len + out[i].value.len;
    return r;
}

enum kv_result kv_scan_open(struct kv_txn *txn, struct kv_range range, unsigned flags, uint64_t limit,
                            struct kv_scan **out)
{
    if (range_is_empty(range))
        range.end = range.start; // a reversed range is an empty one
    enum kv_result r = txn->ops->scan_open(txn, range, flags, limit, out);
    if (r == KV_OK)
        (*out)->meter = txn->meter;
    return r;
}

enum kv_result kv_scan_next(struct kv_scan *scan, size_t max, struct kv_batch *out)
{
    enum kv_result r = scan->ops->scan_next(scan, max, out);
    for (size_t i = 0; UNLIKELY(scan->meter != NULL) && r == KV_OK && i < out->n; i++)
        scan->meter->read_bytes += out->pairs[i].key.len + out->pairs[i].value.len;
    return r;
}

void kv_scan_close(struct kv_scan *scan)
{
    if (scan != NULL)
        scan->ops->scan_close(scan);
}

enum kv_result kv_put(struct kv_txn *txn, struct str key, struct str value)
{
    if (UNLIKELY(txn->meter != NULL))
        txn->meter->written_bytes += key.len + value.len;
    return txn->ops->put(txn, key, value);
}

enum kv_result kv_delete(struct kv_txn *txn, struct str key)
{
    if (UNLIKELY(txn->meter != NULL))
        txn->meter->written_bytes += key.len;
    return txn->ops->del(txn, key);
}

enum kv_result kv_delete_range(struct kv_txn *txn, struct kv_range range)
{
    if (range_is_empty(range))
        range.end = range.start;
    return txn->ops->delete_range(txn, range);
}

enum kv_result kv_add(struct kv_txn *txn, struct str key, int64_t delta)
{
    return txn->ops->add(txn, key, delta);
}

enum kv_result kv_add_read_conflict(struct kv_txn *txn, struct kv_range range, unsigned flags)
{
    return range_is_empty(range) ? KV_OK : txn->ops->add_read_conflict(txn, range, flags);
}

enum kv_result kv_lock(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                       int64_t timeout_ns)
{
    return txn->ops->lock(txn, key, mode, wait, timeout_ns);
}

enum kv_result kv_lock_guard(struct kv_txn *txn, struct str key, enum kv_lock_mode mode, enum kv_lock_wait wait,
                             int64_t timeout_ns)
{
    return txn->ops->lock_guard(txn, key, mode, wait, timeout_ns);
}

uint64_t kv_mark(const struct kv_txn *txn)
{
    return txn->ops->mark(txn);
}

void kv_set_read_mark(struct kv_txn *txn, uint64_t mark)
{
    txn->ops->set_read_mark(txn, mark);
}

unsigned kv_savepoint(struct kv_txn *txn)
{
    return txn->ops->savepoint(txn);
}

enum kv_result kv_rollback_to(struct kv_txn *txn, unsigned savepoint)
{
    return txn->ops->rollback_to(txn, savepoint);
}

void kv_list_locks(struct kv *kv, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg)
{
    kv->ops->list_locks(kv, visit, arg);
}
