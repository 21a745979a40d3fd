// Versions, transactions and serial validation of the reference engine.

#include "kv/model/model_int.h"

#include "base/err.h"
#include "base/util.h"
#include <stdlib.h>

struct model_scan {
    struct kv_scan scan;
    struct model_txn *txn;
    struct model_scan *next;
    struct kv_range range;
    unsigned flags;
    struct kv_pair *pairs; // the whole result, taken at open
    size_t n, at;
    bool limited; // the result was cut at the limit
};

static struct model *store_of(const struct kv *kv)
{
    return (struct model *)kv;
}

static struct model_txn *txn_of(const struct kv_txn *txn)
{
    return (struct model_txn *)txn;
}

bool model_range_has(struct kv_range range, struct str key)
{
    return str_cmp(key, range.start) >= 0 && (range.end.ptr == NULL || str_cmp(key, range.end) < 0);
}

// Index of the first cell not before (key, version), newer versions of a key coming first.
static size_t cell_lower_bound(const struct model *m, struct str key, uint64_t version)
{
    size_t low = 0, high = m->ncells;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = str_cmp(m->cells[mid].key, key);
        if (c < 0 || (c == 0 && m->cells[mid].version > version))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct model_cell *model_find(const struct model *m, struct str key, uint64_t snapshot)
{
    size_t i = cell_lower_bound(m, key, snapshot);
    return i < m->ncells && str_eq(m->cells[i].key, key) ? &m->cells[i] : NULL;
}

// The newest write to a key of the range, idle deletes left out unless asked for.
static const struct model_cell *newest_in(const struct model *m, struct kv_range range, bool idle_too)
{
    const struct model_cell *newest = NULL;
    for (size_t i = cell_lower_bound(m, range.start, UINT64_MAX); i < m->ncells; i++) {
        const struct model_cell *c = &m->cells[i];
        if (!model_range_has(range, c->key))
            break;
        if ((idle_too || !c->idle) && (newest == NULL || c->version > newest->version))
            newest = c;
    }
    return newest;
}

static void store_set(struct model *m, struct str key, uint64_t version, bool deleted, struct str value)
{
    size_t i = cell_lower_bound(m, key, version);
    bool again = i < m->ncells && m->cells[i].version == version && str_eq(m->cells[i].key, key);
    if (!again) {
        if (m->ncells == m->cells_cap) {
            m->cells_cap = m->cells_cap == 0 ? 256 : m->cells_cap * 2;
            m->cells = mem_realloc(m->cells, size_mul(m->cells_cap, sizeof(*m->cells)));
        }
        memmove(&m->cells[i + 1], &m->cells[i], (m->ncells - i) * sizeof(*m->cells));
        m->ncells++;
        m->cells[i].key = arena_str(&m->arena, key);
    }
    m->cells[i].version = version;
    m->cells[i].deleted = deleted;
    const struct model_cell *before = model_find(m, key, version - 1);
    m->cells[i].idle = deleted && (before == NULL || before->deleted);
    m->cells[i].value = deleted ? STR_EMPTY : arena_str(&m->arena, value);
}

static int64_t as_counter(struct str value)
{
    int64_t n = 0;
    memcpy(&n, value.ptr, MIN(value.len, sizeof(n)));
    return n;
}

static struct str counter_bytes(struct arena *a, int64_t n)
{
    return (struct str){arena_dup(a, &n, sizeof(n)), sizeof(n)};
}

static struct str stamped(struct arena *a, uint64_t version, struct str value)
{
    char *p = arena_alloc(a, KV_STAMP_BYTES + value.len);
    memcpy(p, &version, KV_STAMP_BYTES);
    if (value.len > 0)
        memcpy(p + KV_STAMP_BYTES, value.ptr, value.len);
    return (struct str){p, KV_STAMP_BYTES + value.len};
}

static uint64_t read_mark_for(const struct model_txn *t, unsigned flags)
{
    return (flags & KV_READ_MARKED) != 0 ? t->read_mark : UINT64_MAX;
}

// What the transaction sees under the key: the committed value at its snapshot, then its own operations in order.
static struct kv_value value_seen(struct model_txn *t, struct str key, unsigned flags)
{
    const struct model_cell *c = model_find(t->store, key, t->snapshot);
    struct kv_value v = {c != NULL && !c->deleted, c != NULL && !c->deleted ? c->value : STR_EMPTY};
    uint64_t version = c != NULL ? c->version : 0;
    for (size_t i = 0; i < t->ops.len; i++) {
        const struct model_op *op = &t->ops.ptr[i];
        if (!str_eq(op->key, key) || op->mark > read_mark_for(t, flags))
            continue;
        version = 0;
        if (op->kind == MODEL_PUT)
            v = (struct kv_value){true, op->value};
        else if (op->kind == MODEL_ADD)
            v = (struct kv_value){true, counter_bytes(&t->arena, as_counter(v.value) + op->delta)};
        else
            v = (struct kv_value){false, STR_EMPTY};
    }
    if (v.found && (flags & KV_READ_STAMPED) != 0)
        v.value = stamped(&t->arena, version, v.value);
    return v;
}

static void remember_read(struct model_txn *t, struct kv_range range, unsigned flags, bool soft)
{
    ARENA_PUSH(&t->arena, &t->reads, ((struct model_read){range, (flags & KV_READ_VALIDATED) != 0, soft}));
}

// The transaction's operations alone decide the key's value.
static bool is_own(const struct model_txn *t, struct str key, unsigned flags)
{
    for (size_t i = 0; i < t->ops.len; i++) {
        const struct model_op *op = &t->ops.ptr[i];
        if (op->kind != MODEL_ADD && str_eq(op->key, key) && op->mark <= read_mark_for(t, flags))
            return true;
    }
    return false;
}

static struct kv_range point_range(struct arena *a, struct str key)
{
    char *p = arena_alloc(a, key.len + 1);
    memcpy(p, key.ptr, key.len);
    p[key.len] = 0;
    return (struct kv_range){{p, key.len}, {p, key.len + 1}};
}

// Whether something in the range changed after the snapshot; a change that must be seen fills the conflict record.
static enum kv_model_conflict overtaken(struct model_txn *t, struct kv_range range, uint64_t snapshot)
{
    const struct model *m = t->store;
    const struct model_cell *c = newest_in(m, range, false);
    if (c != NULL && c->version > snapshot) {
        t->conflict = (struct kv_conflict){.key = c->key, .version = c->version};
        return KV_MODEL_CONFLICT_MUST;
    }
    c = newest_in(m, range, true);
    return c != NULL && c->version > snapshot ? KV_MODEL_CONFLICT_MAY : KV_MODEL_CONFLICT_NO;
}

static enum kv_model_conflict reads_overtaken(struct model_txn *t, bool only_lasting)
{
    enum kv_model_conflict worst = KV_MODEL_CONFLICT_NO;
    for (size_t i = 0; i < t->reads.len && worst != KV_MODEL_CONFLICT_MUST; i++) {
        if (only_lasting && !t->reads.ptr[i].lasting)
            continue;
        enum kv_model_conflict c = overtaken(t, t->reads.ptr[i].range, t->snapshot);
        if (c == KV_MODEL_CONFLICT_MUST && t->reads.ptr[i].soft)
            c = KV_MODEL_CONFLICT_MAY;
        worst = MAX(worst, c);
    }
    return worst;
}

// Write-write conflicts, as the weaker isolation levels have them.
static enum kv_model_conflict writes_overtaken(struct model_txn *t)
{
    enum kv_model_conflict worst = KV_MODEL_CONFLICT_NO;
    for (size_t i = 0; i < t->ops.len && worst != KV_MODEL_CONFLICT_MUST; i++) {
        const struct model_op *op = &t->ops.ptr[i];
        if (op->kind != MODEL_ADD)
            worst = MAX(worst, overtaken(t, point_range(&t->arena, op->key), op->snapshot));
    }
    return worst;
}

static bool holds_locks(const struct model_txn *t)
{
    const struct model_lock *l = t->store->locks;
    while (l != NULL && l->txn != t)
        l = l->next;
    return l != NULL;
}

static enum kv_model_conflict commit_conflict(struct model_txn *t)
{
    bool serializable = t->options.isolation == KV_SERIALIZABLE;
    if (t->ops.len > 0)
        return serializable ? reads_overtaken(t, false) : MAX(writes_overtaken(t), reads_overtaken(t, true));
    // Reads alone hold at their snapshot; an engine may insist that those of a transaction with locks are current.
    return serializable && holds_locks(t) && reads_overtaken(t, false) != KV_MODEL_CONFLICT_NO ? KV_MODEL_CONFLICT_MAY
                                                                                               : KV_MODEL_CONFLICT_NO;
}

enum kv_model_conflict kv_model_commit_conflict(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    pthread_mutex_lock(&t->store->mutex);
    enum kv_model_conflict c = commit_conflict(t);
    pthread_mutex_unlock(&t->store->mutex);
    return c;
}

enum kv_model_conflict kv_model_refresh_conflict(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    pthread_mutex_lock(&t->store->mutex);
    enum kv_model_conflict c = reads_overtaken(t, false);
    pthread_mutex_unlock(&t->store->mutex);
    return c;
}

enum kv_model_conflict kv_model_statement_conflict(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    pthread_mutex_lock(&t->store->mutex);
    enum kv_model_conflict c = t->ops.len > 0 ? reads_overtaken(t, true) : KV_MODEL_CONFLICT_NO;
    pthread_mutex_unlock(&t->store->mutex);
    return c;
}

// --- transactions -------------------------------------------------------------------------------------------------

static const struct kv_ops model_ops;

static void txn_init(struct model_txn *t)
{
    arena_init(&t->arena, NULL);
    t->ops.ptr = NULL;
    t->ops.len = t->ops.cap = 0;
    t->reads.ptr = NULL;
    t->reads.len = t->reads.cap = 0;
    t->savepoints.ptr = NULL;
    t->savepoints.len = t->savepoints.cap = 0;
    t->scans = NULL;
    t->write_bytes = 0;
    t->ops_made = t->read_mark = 0;
    t->conflict = (struct kv_conflict){0};
}

static uint64_t oldest_readable(struct model *m)
{
    int64_t oldest = (int64_t)m->now - m->history_ns;
    return oldest > 1 ? (uint64_t)oldest : 1;
}

static enum kv_result model_begin(struct kv *kv, const struct kv_begin_options *options, struct kv_txn **out)
{
    struct model *m = store_of(kv);
    struct model_txn *t = mem_zalloc(sizeof(*t));
    pthread_mutex_lock(&m->mutex);
    if (options->as_of != 0 && options->as_of < oldest_readable(m)) {
        pthread_mutex_unlock(&m->mutex);
        mem_free(t);
        return KV_TOO_OLD;
    }
    t->txn.ops = &model_ops;
    t->store = m;
    t->options = *options;
    t->options.read_only |= options->as_of != 0;
    t->id = ++m->next_txn_id;
    t->snapshot = options->as_of != 0 ? options->as_of : m->now;
    m->live_txns++;
    pthread_mutex_unlock(&m->mutex);
    txn_init(t);
    *out = &t->txn;
    return KV_OK;
}

static void close_scans(struct model_txn *t)
{
    while (t->scans != NULL) {
        struct model_scan *next = t->scans->next;
        mem_free(t->scans);
        t->scans = next;
    }
}

// The mutex is held; the handle is gone afterwards.
static void txn_end(struct model_txn *t)
{
    struct model *m = t->store;
    model_unlock_all(t);
    m->live_txns--;
    pthread_cond_broadcast(&m->changed);
    close_scans(t);
    arena_release(&t->arena);
    mem_free(t);
}

static void apply(struct model *m, const struct model_op *op, uint64_t version)
{
    if (op->kind == MODEL_PUT) {
        store_set(m, op->key, version, false, op->value);
    } else if (op->kind == MODEL_DELETE) {
        store_set(m, op->key, version, true, STR_EMPTY);
    } else {
        const struct model_cell *c = model_find(m, op->key, UINT64_MAX);
        int64_t sum = (c == NULL || c->deleted ? 0 : as_counter(c->value)) + op->delta;
        store_set(m, op->key, version, false, (struct str){(char *)&sum, sizeof(sum)});
    }
}

static enum kv_result model_commit(struct kv_txn *txn, uint64_t *version)
{
    struct model_txn *t = txn_of(txn);
    struct model *m = t->store;
    enum kv_result result = KV_OK;
    pthread_mutex_lock(&m->mutex);
    if (commit_conflict(t) == KV_MODEL_CONFLICT_MUST) {
        m->stats.conflicts++;
        result = KV_CONFLICT;
    } else if (t->ops.len == 0) {
        *version = t->snapshot;
    } else {
        uint64_t wall = (uint64_t)clock_wall_ns();
        m->now = MAX(m->now + 1, wall);
        for (size_t i = 0; i < t->ops.len; i++)
            apply(m, &t->ops.ptr[i], m->now);
        *version = m->now;
        m->stats.commits++;
    }
    txn_end(t);
    pthread_mutex_unlock(&m->mutex);
    return result;
}

static void model_abort(struct kv_txn *txn)
{
    struct model *m = txn_of(txn)->store;
    pthread_mutex_lock(&m->mutex);
    txn_end(txn_of(txn));
    pthread_mutex_unlock(&m->mutex);
}

static enum kv_result model_reset(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    close_scans(t);
    arena_release(&t->arena);
    txn_init(t);
    pthread_mutex_lock(&t->store->mutex);
    if (t->deadlocked) {
        model_unlock_all(t);
        pthread_cond_broadcast(&t->store->changed);
    }
    t->deadlocked = false;
    t->snapshot = t->options.as_of != 0 ? t->options.as_of : t->store->now;
    pthread_mutex_unlock(&t->store->mutex);
    return KV_OK;
}

static uint64_t model_read_version(const struct kv_txn *txn)
{
    return txn_of(txn)->snapshot;
}

static uint64_t model_txn_id(const struct kv_txn *txn)
{
    return txn_of(txn)->id;
}

static enum kv_isolation model_isolation(const struct kv_txn *txn)
{
    return ((const struct model_txn *)(const void *)txn)->options.isolation;
}

static bool model_has_writes(const struct kv_txn *txn)
{
    return txn_of(txn)->ops.len > 0;
}

enum kv_result model_refresh_locked(struct model_txn *t)
{
    if (reads_overtaken(t, false) == KV_MODEL_CONFLICT_MUST)
        return KV_CONFLICT;
    t->snapshot = t->store->now;
    return KV_OK;
}

static enum kv_result model_refresh(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    pthread_mutex_lock(&t->store->mutex);
    enum kv_result result = model_refresh_locked(t);
    pthread_mutex_unlock(&t->store->mutex);
    return result;
}

static void forget_reads(struct model_txn *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->reads.len; i++) {
        if (t->reads.ptr[i].lasting && t->ops.len > 0)
            t->reads.ptr[kept++] = t->reads.ptr[i];
    }
    t->reads.len = kept;
}

static enum kv_result model_new_statement(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    enum kv_result r = KV_OK;
    pthread_mutex_lock(&t->store->mutex);
    if (t->options.isolation == KV_READ_COMMITTED && t->options.as_of == 0) {
        forget_reads(t);
        r = model_refresh_locked(t);
    }
    pthread_mutex_unlock(&t->store->mutex);
    return r;
}

static bool model_must_reset(const struct kv_txn *txn)
{
    return txn_of(txn)->deadlocked;
}

static void set_canceled(struct kv_txn *txn, bool canceled)
{
    struct model_txn *t = txn_of(txn);
    pthread_mutex_lock(&t->store->mutex);
    t->canceled = canceled;
    pthread_cond_broadcast(&t->store->changed);
    pthread_mutex_unlock(&t->store->mutex);
}

static void model_cancel(struct kv_txn *txn)
{
    set_canceled(txn, true);
}

static void model_clear_cancel(struct kv_txn *txn)
{
    set_canceled(txn, false);
}

static const struct kv_conflict *model_last_conflict(const struct kv_txn *txn)
{
    return &txn_of(txn)->conflict;
}

static uint64_t model_mark(const struct kv_txn *txn)
{
    return txn_of(txn)->ops_made;
}

static void model_set_read_mark(struct kv_txn *txn, uint64_t mark)
{
    txn_of(txn)->read_mark = mark;
}

static unsigned model_savepoint(struct kv_txn *txn)
{
    struct model_txn *t = txn_of(txn);
    ARENA_PUSH(&t->arena, &t->savepoints, t->ops.len);
    return (unsigned)t->savepoints.len;
}

static enum kv_result model_rollback_to(struct kv_txn *txn, unsigned savepoint)
{
    struct model_txn *t = txn_of(txn);
    INVARIANT(savepoint >= 1 && savepoint <= t->savepoints.len);
    t->ops.len = t->savepoints.ptr[savepoint - 1];
    t->savepoints.len = savepoint;
    return KV_OK;
}

// --- reads --------------------------------------------------------------------------------------------------------

static enum kv_result model_get(struct kv_txn *txn, struct str key, unsigned flags, struct kv_value *out)
{
    struct model_txn *t = txn_of(txn);
    pthread_mutex_lock(&t->store->mutex);
    *out = value_seen(t, key, flags);
    if ((flags & KV_READ_SNAPSHOT) == 0)
        remember_read(t, point_range(&t->arena, key), flags, is_own(t, key, flags));
    pthread_mutex_unlock(&t->store->mutex);
    return KV_OK;
}

static enum kv_result model_get_many(struct kv_txn *txn, const struct str *keys, size_t n, unsigned flags,
                                     struct kv_value *out)
{
    for (size_t i = 0; i < n; i++) {
        enum kv_result result = model_get(txn, keys[i], flags, &out[i]);
        if (result != KV_OK)
            return result;
    }
    return KV_OK;
}

static int compare_keys(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

// Every key of the range that was ever written, in order, without duplicates; in the arena.
static struct str *candidate_keys(struct model_txn *t, struct kv_range range, size_t *n)
{
    ARENA_VEC(struct str) keys = {0};
    struct model *m = t->store;
    for (size_t i = cell_lower_bound(m, range.start, UINT64_MAX); i < m->ncells; i++) {
        if (!model_range_has(range, m->cells[i].key))
            break;
        ARENA_PUSH(&t->arena, &keys, m->cells[i].key);
    }
    for (size_t i = 0; i < t->ops.len; i++) {
        const struct model_op *op = &t->ops.ptr[i];
        if (model_range_has(range, op->key))
            ARENA_PUSH(&t->arena, &keys, op->key);
    }
    if (keys.len > 0)
        qsort(keys.ptr, keys.len, sizeof(*keys.ptr), compare_keys);
    *n = 0;
    for (size_t i = 0; i < keys.len; i++)
        if (*n == 0 || !str_eq(keys.ptr[*n - 1], keys.ptr[i]))
            keys.ptr[(*n)++] = keys.ptr[i];
    return keys.ptr;
}

static void scan_fill(struct model_scan *s, uint64_t limit)
{
    struct model_txn *t = s->txn;
    size_t nkeys;
    struct str *keys = candidate_keys(t, s->range, &nkeys);
    s->pairs = ARENA_ARRAY(&t->arena, struct kv_pair, nkeys + 1);
    for (size_t i = 0; i < nkeys; i++) {
        struct str key = keys[(s->flags & KV_READ_REVERSE) != 0 ? nkeys - 1 - i : i];
        struct kv_value v = value_seen(t, key, s->flags);
        if (!v.found)
            continue;
        if (limit != 0 && s->n == limit) {
            s->limited = true;
            return;
        }
        s->pairs[s->n++] = (struct kv_pair){key, (s->flags & KV_READ_KEYS_ONLY) != 0 ? STR_EMPTY : v.value};
    }
    // Reaching the limit ends the scan at the last key, whether or not more follow.
    s->limited = limit != 0 && s->n == limit;
}

static enum kv_result model_scan_open(struct kv_txn *txn, struct kv_range range, unsigned flags, uint64_t limit,
                                      struct kv_scan **out)
{
    struct model_txn *t = txn_of(txn);
    struct model_scan *s = mem_zalloc(sizeof(*s));
    pthread_mutex_lock(&t->store->mutex);
    s->scan.ops = &model_ops;
    s->txn = t;
    s->next = t->scans;
    t->scans = s;
    s->range.start = arena_str(&t->arena, range.start);
    s->range.end = range.end.ptr != NULL ? arena_str(&t->arena, range.end) : STR_NONE;
    s->flags = flags;
    scan_fill(s, limit);
    pthread_mutex_unlock(&t->store->mutex);
    *out = &s->scan;
    return KV_OK;
}

// The part of the range read once the first `n` pairs have been returned.
static struct kv_range scanned_range(struct model_scan *s, size_t n, bool dry)
{
    if (dry || n == 0)
        return s->range;
    struct kv_range last = point_range(&s->txn->arena, s->pairs[n - 1].key);
    if ((s->flags & KV_READ_REVERSE) != 0)
        return (struct kv_range){last.start, s->range.end};
    return (struct kv_range){s->range.start, last.end};
}

static enum kv_result model_scan_next(struct kv_scan *scan, size_t max, struct kv_batch *out)
{
    struct model_scan *s = (struct model_scan *)scan;
    struct model *m = s->txn->store;
    pthread_mutex_lock(&m->mutex);
    size_t n = MIN(max, s->n - s->at);
    *out = (struct kv_batch){s->pairs + s->at, n};
    s->at += n;
    bool dry = n == 0 && !s->limited;
    if ((s->flags & KV_READ_SNAPSHOT) == 0 && (n > 0 || dry))
        remember_read(s->txn, scanned_range(s, s->at, dry), s->flags, false);
    if ((s->flags & KV_READ_SNAPSHOT) == 0 && s->at == s->n && !s->limited)
        remember_read(s->txn, s->range, s->flags, true);
    pthread_mutex_unlock(&m->mutex);
    return KV_OK;
}

static void model_scan_close(struct kv_scan *scan)
{
    struct model_scan *s = (struct model_scan *)scan;
    struct model_scan **at = &s->txn->scans;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    mem_free(s);
}

static enum kv_result model_add_read_conflict(struct kv_txn *txn, struct kv_range range, unsigned flags)
{
    struct model_txn *t = txn_of(txn);
    range.start = arena_str(&t->arena, range.start);
    range.end = range.end.ptr != NULL ? arena_str(&t->arena, range.end) : STR_NONE;
    remember_read(t, range, flags, false);
    return KV_OK;
}

// --- writes -------------------------------------------------------------------------------------------------------

static enum kv_result write_op(struct kv_txn *txn, struct model_op op)
{
    struct model_txn *t = txn_of(txn);
    const struct kv_limits *l = &t->store->limits;
    if (t->options.read_only)
        return KV_READ_ONLY;
    if (op.key.len > l->key_bytes_max || op.value.len > l->value_bytes_max ||
        t->write_bytes + op.key.len + op.value.len > l->txn_bytes_max)
        return KV_TOO_LARGE;
    t->write_bytes += op.key.len + op.value.len;
    op.key = arena_str(&t->arena, op.key);
    op.value = arena_str(&t->arena, op.value);
    op.snapshot = t->snapshot;
    op.mark = ++t->ops_made;
    ARENA_PUSH(&t->arena, &t->ops, op);
    return KV_OK;
}

static enum kv_result model_put(struct kv_txn *txn, struct str key, struct str value)
{
    return write_op(txn, (struct model_op){.kind = MODEL_PUT, .key = key, .value = value});
}

static enum kv_result model_delete(struct kv_txn *txn, struct str key)
{
    return write_op(txn, (struct model_op){.kind = MODEL_DELETE, .key = key});
}

// Reads the range, so that a key committed into it meanwhile is a conflict, and deletes what is there.
static enum kv_result model_delete_range(struct kv_txn *txn, struct kv_range range)
{
    struct model_txn *t = txn_of(txn);
    if (t->options.read_only)
        return KV_READ_ONLY;
    enum kv_result result = model_add_read_conflict(txn, range, KV_READ_VALIDATED);
    pthread_mutex_lock(&t->store->mutex);
    size_t nkeys;
    struct str *keys = candidate_keys(t, range, &nkeys);
    for (size_t i = 0; i < nkeys && result == KV_OK; i++)
        if (value_seen(t, keys[i], 0).found)
            result = model_delete(txn, keys[i]);
    pthread_mutex_unlock(&t->store->mutex);
    return result;
}

static enum kv_result model_add(struct kv_txn *txn, struct str key, int64_t delta)
{
    return write_op(txn, (struct model_op){.kind = MODEL_ADD, .key = key, .delta = delta});
}

// --- store --------------------------------------------------------------------------------------------------------

static void model_close(struct kv *kv)
{
    struct model *m = store_of(kv);
    INVARIANT(m->live_txns == 0);
    arena_release(&m->arena);
    mem_free(m->cells);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->mutex);
    mem_free(m);
}

static struct kv_limits model_limits(const struct kv *kv)
{
    return store_of(kv)->limits;
}

static uint64_t model_now(struct kv *kv)
{
    struct model *m = store_of(kv);
    pthread_mutex_lock(&m->mutex);
    uint64_t now = m->now;
    pthread_mutex_unlock(&m->mutex);
    return now;
}

static uint64_t model_oldest_readable(struct kv *kv)
{
    struct model *m = store_of(kv);
    pthread_mutex_lock(&m->mutex);
    uint64_t oldest = oldest_readable(m);
    pthread_mutex_unlock(&m->mutex);
    return oldest;
}

static uint64_t model_oldest_writer(struct kv *kv)
{
    struct model *m = store_of(kv);
    pthread_mutex_lock(&m->mutex);
    uint64_t oldest = m->live_txns == 0 ? m->now : 0;
    pthread_mutex_unlock(&m->mutex);
    return oldest;
}

static void model_set_history(struct kv *kv, int64_t history_ns)
{
    struct model *m = store_of(kv);
    pthread_mutex_lock(&m->mutex);
    m->history_ns = history_ns;
    pthread_mutex_unlock(&m->mutex);
}

static const char *model_failure(struct kv *kv)
{
    return NULL;
}

static void model_get_stats(struct kv *kv, struct kv_stats *out)
{
    struct model *m = store_of(kv);
    pthread_mutex_lock(&m->mutex);
    *out = m->stats;
    out->history_ns = m->history_ns;
    pthread_mutex_unlock(&m->mutex);
}

static enum kv_result model_checkpoint(struct kv *kv)
{
    return KV_OK;
}

static const struct kv_ops model_ops = {
    .close = model_close,
    .limits = model_limits,
    .now = model_now,
    .oldest_readable = model_oldest_readable,
    .oldest_writer = model_oldest_writer,
    .set_history = model_set_history,
    .failure = model_failure,
    .get_stats = model_get_stats,
    .checkpoint = model_checkpoint,
    .begin = model_begin,
    .commit = model_commit,
    .abort = model_abort,
    .reset = model_reset,
    .read_version = model_read_version,
    .txn_id = model_txn_id,
    .isolation = model_isolation,
    .has_writes = model_has_writes,
    .refresh = model_refresh,
    .new_statement = model_new_statement,
    .must_reset = model_must_reset,
    .cancel = model_cancel,
    .clear_cancel = model_clear_cancel,
    .last_conflict = model_last_conflict,
    .get = model_get,
    .get_many = model_get_many,
    .scan_open = model_scan_open,
    .scan_next = model_scan_next,
    .scan_close = model_scan_close,
    .put = model_put,
    .del = model_delete,
    .delete_range = model_delete_range,
    .add = model_add,
    .add_read_conflict = model_add_read_conflict,
    .lock = model_lock,
    .lock_guard = model_lock, // which looks for newer versions always
    .mark = model_mark,
    .set_read_mark = model_set_read_mark,
    .savepoint = model_savepoint,
    .rollback_to = model_rollback_to,
    .list_locks = model_list_locks,
};

static int model_open(const char *rest, const struct kv_options *options, struct kv **out, struct err *err)
{
    struct model *m = mem_zalloc(sizeof(*m));
    m->kv.ops = &model_ops;
    pthread_mutex_init(&m->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    arena_init(&m->arena, NULL);
    m->now = (uint64_t)clock_wall_ns();
    m->history_ns = options->history_ns != 0 ? options->history_ns : INT64_C(600000000000);
    bool bounded = options->impose_distributed_limits;
    m->limits = (struct kv_limits){
        .key_bytes_max = bounded ? 10000 : SIZE_MAX / 4,
        .value_bytes_max = bounded ? 100000 : SIZE_MAX / 4,
        .txn_bytes_max = bounded ? 10000000 : SIZE_MAX / 2,
        .has_locks = true,
    };
    *out = &m->kv;
    return 0;
}

void kv_model_register(void)
{
    kv_register_engine("model", model_open);
}
