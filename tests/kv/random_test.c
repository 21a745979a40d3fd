// Random transactions, several at once and interleaved from one thread, on an engine and on the reference engine: every
// answer must be the same, commit by commit. `random_test [SEED [ENGINE]]` replays one seed; PALMETTO_TEST_TRACE=1
// prints every step.
#include "kvtest.h"

#include "base/arena.h"
#include "kv/model/model.h"
#include <stdarg.h>
#include <stdlib.h>

enum { SLOTS = 6, KEYS = 48, COUNTERS = 4, SAVEPOINTS_MAX = 4, KEPT_MAX = 16 };

// A slice read earlier and what it said then.
struct kept {
    struct str slice, copy;
};

// One transaction, run on both stores.
struct slot {
    struct kv_txn *engine, *model; // NULL: none
    enum kv_isolation isolation;
    bool read_only;
    bool broken; // after a conflict: reset or abort only
    unsigned savepoints;
    struct kv_scan *engine_scan, *model_scan;
    unsigned scan_flags;
    struct arena arena;
    struct kept kept[KEPT_MAX];
    size_t nkept;
};

struct version_pair {
    uint64_t engine, model;
};

struct run {
    uint64_t seed;
    struct rng rng;
    struct store engine, model;
    struct slot slots[SLOTS];
    struct str keys[KEYS];
    struct arena arena;
    ARENA_VEC(struct version_pair) versions;
    int step;
    bool trace, failed;
    uint64_t commits, conflicts, extra_conflicts, restarts;
};

static void trace(struct run *run, const struct slot *s, const char *fmt, ...)
{
    if (!run->trace)
        return;
    va_list ap;
    printf("%6d [%d] ", run->step, s != NULL ? (int)(s - run->slots) : -1);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

static void mismatch(struct run *run, const char *fmt, ...)
{
    va_list ap;
    run->failed = true;
    printf("  seed %" PRIu64 " engine %s step %d: ", run->seed, run->engine.engine->name, run->step);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

static uint64_t below(struct run *run, uint64_t n)
{
    return rng_below(&run->rng, n);
}

// --- keys and values ----------------------------------------------------------------------------------------------

static void make_keys(struct run *run)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t len = 1 + below(run, 4);
        size_t pad = below(run, 5) == 0 ? 500 + below(run, 30) : below(run, 9) == 0 ? 1500 : 0;
        char *p = arena_alloc(&run->arena, len + pad + 1);
        memset(p, 'm', pad);
        for (size_t k = 0; k < len; k++)
            p[pad + k] = "\x00\x01"
                         "ab\xff"[below(run, 5)];
        run->keys[i] = (struct str){p, len + pad};
    }
    for (size_t i = 0; i < COUNTERS; i++) // no other key has this form
        run->keys[i] = arena_printf(&run->arena, "counter%zu", i);
}

static struct str some_key(struct run *run)
{
    return run->keys[COUNTERS + below(run, KEYS - COUNTERS)];
}

static struct str any_key(struct run *run)
{
    return run->keys[below(run, KEYS)];
}

static struct kv_range some_range(struct run *run)
{
    struct str a = any_key(run), b = any_key(run);
    if (below(run, 4) == 0)
        a = STR_EMPTY;
    if (below(run, 4) == 0)
        return (struct kv_range){a, STR_NONE};
    if (str_cmp(a, b) > 0 && below(run, 8) != 0)
        return (struct kv_range){b, a};
    return (struct kv_range){a, b};
}

static struct str some_value(struct run *run, struct arena *a)
{
    size_t len = below(run, 4) == 0 ? 0 : below(run, 30) == 0 ? 5000 : below(run, 20);
    char *p = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i++)
        p[i] = (char)rng_u64(&run->rng);
    return (struct str){p, len};
}

// --- comparing ----------------------------------------------------------------------------------------------------

static bool same_result(struct run *run, const char *what, enum kv_result engine, enum kv_result model)
{
    if (engine != model)
        mismatch(run, "%s: %s, expected %s", what, kv_result_name(engine), kv_result_name(model));
    return engine == model;
}

static void keep_slice(struct slot *s, struct str slice)
{
    if (s->nkept < KEPT_MAX)
        s->kept[s->nkept++] = (struct kept){slice, arena_str(&s->arena, slice)};
}

static void check_kept(struct run *run, struct slot *s)
{
    for (size_t i = 0; i < s->nkept; i++)
        if (!str_eq(s->kept[i].slice, s->kept[i].copy))
            mismatch(run, "a slice changed before its transaction ended");
    s->nkept = 0;
}

// The commit of one store and that of the other.
static bool same_version(const struct run *run, uint64_t engine, uint64_t model)
{
    for (size_t i = run->versions.len; i-- > 0;) {
        const struct version_pair *v = &run->versions.ptr[i];
        if (v->engine == engine || v->model == model)
            return v->engine == engine && v->model == model;
    }
    return engine == 0 && model == 0; // own writes
}

static bool same_bytes(const struct run *run, unsigned flags, struct str e, struct str m)
{
    if ((flags & (KV_READ_STAMPED | KV_READ_KEYS_ONLY)) != KV_READ_STAMPED)
        return str_eq(e, m);
    return e.len >= KV_STAMP_BYTES && m.len >= KV_STAMP_BYTES &&
           same_version(run, kv_take_stamp(&e), kv_take_stamp(&m)) && str_eq(e, m);
}

static void same_value(struct run *run, const char *what, unsigned flags, const struct kv_value *e,
                       const struct kv_value *m)
{
    if (e->found != m->found || (e->found && !same_bytes(run, flags, e->value, m->value)))
        mismatch(run, "%s: %s of %zu bytes, expected %s of %zu bytes", what, e->found ? "a value" : "none",
                 e->found ? e->value.len : 0, m->found ? "a value" : "none", m->found ? m->value.len : 0);
}

static bool same_pair(struct run *run, unsigned flags, const struct kv_pair *e, const struct kv_pair *m)
{
    if (str_eq(e->key, m->key) && same_bytes(run, flags, e->value, m->value))
        return true;
    mismatch(run, "scan gives key of %zu bytes %.*s value of %zu bytes, expected key of %zu bytes %.*s value of %zu",
             e->key.len, STR_FMT(e->key), e->value.len, m->key.len, STR_FMT(m->key), m->value.len);
    return false;
}

// Pulls up to `max` pairs `calls` times (0: until dry) from both and compares.
static void pull_both(struct run *run, struct slot *s, size_t max, size_t calls)
{
    for (size_t call = 0; calls == 0 || call < calls; call++) {
        struct kv_batch e, m;
        enum kv_result r = kv_scan_next(s->engine_scan, max, &e);
        if (r != KV_OK) {
            mismatch(run, "scan_next: %s", kv_result_name(r));
            return;
        }
        size_t at = 0;
        for (; at < e.n; at++) { // the engine's batches may be shorter than the model's
            if (kv_scan_next(s->model_scan, 1, &m) != KV_OK || m.n == 0) {
                mismatch(run, "scan gives more than expected: key %.*s", STR_FMT(e.pairs[at].key));
                return;
            }
            if (!same_pair(run, s->scan_flags, &e.pairs[at], &m.pairs[0]))
                return;
        }
        if (e.n > max)
            mismatch(run, "batch of %zu, asked for %zu", e.n, max);
        if (e.n > 0)
            keep_slice(s, e.pairs[e.n - 1].value);
        if (e.n == 0) {
            if (kv_scan_next(s->model_scan, 1, &m) == KV_OK && m.n != 0)
                mismatch(run, "scan ends before key %.*s", STR_FMT(m.pairs[0].key));
            return;
        }
    }
}

static void close_scans(struct slot *s)
{
    kv_scan_close(s->engine_scan);
    kv_scan_close(s->model_scan);
    s->engine_scan = s->model_scan = NULL;
}

// Whole contents of both stores as of now.
static void compare_stores(struct run *run)
{
    struct slot s = {.engine = begin_read_only(&run->engine), .model = begin_read_only(&run->model)};
    arena_init(&s.arena, NULL);
    unsigned flags = (below(run, 2) ? KV_READ_REVERSE : 0) | (below(run, 2) ? KV_READ_STAMPED : 0);
    s.scan_flags = flags;
    struct kv_range all = {STR_EMPTY, STR_NONE};
    if (kv_scan_open(s.engine, all, flags, 0, &s.engine_scan) != KV_OK ||
        kv_scan_open(s.model, all, flags, 0, &s.model_scan) != KV_OK)
        mismatch(run, "scan_open failed");
    else
        pull_both(run, &s, 7, 0);
    close_scans(&s);
    check_kept(run, &s);
    kv_abort(s.engine);
    kv_abort(s.model);
    arena_release(&s.arena);
}

// --- steps --------------------------------------------------------------------------------------------------------

static void slot_done(struct slot *s)
{
    arena_release(&s->arena);
    *s = (struct slot){0};
}

static void step_abort(struct run *run, struct slot *s)
{
    trace(run, s, "abort");
    check_kept(run, s);
    if (below(run, 2))
        close_scans(s);
    kv_abort(s->engine);
    kv_abort(s->model);
    slot_done(s);
}

static void step_begin(struct run *run, struct slot *s)
{
    static const enum kv_isolation isolations[] = {KV_SERIALIZABLE, KV_SERIALIZABLE, KV_SERIALIZABLE, KV_SNAPSHOT,
                                                   KV_READ_COMMITTED};
    struct kv_begin_options e = {.isolation = isolations[below(run, ARRAY_LEN(isolations))]};
    e.read_only = below(run, 10) == 0;
    struct kv_begin_options m = e;
    if (run->versions.len > 0 && below(run, 8) == 0) {
        const struct version_pair *v = &run->versions.ptr[below(run, run->versions.len)];
        e.as_of = v->engine;
        m.as_of = v->model;
    }
    enum kv_result er = kv_begin(run->engine.kv, &e, &s->engine), mr = kv_begin(run->model.kv, &m, &s->model);
    if (er == KV_TOO_OLD && mr == KV_OK && e.as_of != 0 && e.as_of < kv_oldest_readable(run->engine.kv)) {
        trace(run, s, "begin as of: too old");
        kv_abort(s->model);
        s->model = NULL;
        return;
    }
    if (er != KV_OK || mr != KV_OK) {
        mismatch(run, "begin%s: %s", e.as_of != 0 ? " as of" : "", kv_result_name(er));
        return;
    }
    s->isolation = e.isolation;
    s->read_only = e.read_only || e.as_of != 0;
    arena_init(&s->arena, NULL);
    trace(run, s, "begin isolation %d%s%s", e.isolation, s->read_only ? " read only" : "", e.as_of ? " as of" : "");
}

// What the engine answered against what it had to answer; true when the transaction conflicted.
static bool judge_conflict(struct run *run, const char *what, enum kv_result r, enum kv_model_conflict c)
{
    if (r == KV_OK && c == KV_MODEL_CONFLICT_MUST)
        mismatch(run, "%s: ok, expected a conflict", what);
    if (r == KV_CONFLICT && c == KV_MODEL_CONFLICT_NO)
        mismatch(run, "%s: conflict, expected ok", what);
    if (r != KV_OK && r != KV_CONFLICT && r != KV_TOO_OLD)
        mismatch(run, "%s: %s", what, kv_result_name(r));
    run->conflicts += r != KV_OK;
    run->extra_conflicts += r != KV_OK && c != KV_MODEL_CONFLICT_MUST;
    return r != KV_OK;
}

static void step_commit(struct run *run, struct slot *s)
{
    struct version_pair v = {0};
    enum kv_model_conflict c = kv_model_commit_conflict(s->model);
    bool writes = kv_has_writes(s->model);
    if (kv_has_writes(s->engine) != writes)
        mismatch(run, "has_writes is wrong");
    check_kept(run, s);
    close_scans(s);
    uint64_t before = kv_now(run->engine.kv);
    enum kv_result r = kv_commit(s->engine, &v.engine);
    trace(run, s, "commit: %s", kv_result_name(r));
    if (judge_conflict(run, "commit", r, c)) {
        kv_abort(s->model);
    } else {
        if (kv_commit(s->model, &v.model) != KV_OK)
            mismatch(run, "the model does not commit");
        run->commits++;
        if (writes && v.engine <= before)
            mismatch(run, "commit version does not increase");
        if (writes)
            ARENA_PUSH(&run->arena, &run->versions, v);
    }
    slot_done(s);
}

static void step_get(struct run *run, struct slot *s)
{
    struct str key = any_key(run);
    static const unsigned kinds[] = {0, 0, 0, KV_READ_VALIDATED, KV_READ_SNAPSHOT, KV_READ_MARKED};
    unsigned flags = kinds[below(run, ARRAY_LEN(kinds))] | (below(run, 2) ? KV_READ_STAMPED : 0);
    struct kv_value e = {0}, m = {0};
    trace(run, s, "get %.*s flags %u", STR_FMT(key), flags);
    if (!same_result(run, "get", kv_get(s->engine, key, flags, &e), kv_get(s->model, key, flags, &m)))
        return;
    same_value(run, "get", flags, &e, &m);
    if (e.found)
        keep_slice(s, e.value);
}

static void step_get_many(struct run *run, struct slot *s)
{
    struct str keys[8];
    struct kv_value e[8], m[8];
    size_t n = below(run, 8);
    unsigned flags = below(run, 2) ? KV_READ_STAMPED : 0;
    for (size_t i = 0; i < n; i++)
        keys[i] = any_key(run);
    trace(run, s, "get_many %zu", n);
    if (!same_result(run, "get_many", kv_get_many(s->engine, keys, n, flags, e),
                     kv_get_many(s->model, keys, n, flags, m)))
        return;
    for (size_t i = 0; i < n; i++)
        same_value(run, "get_many", flags, &e[i], &m[i]);
}

static void step_scan(struct run *run, struct slot *s)
{
    struct kv_range range = some_range(run);
    unsigned flags = (unsigned)below(run, 64);
    uint64_t limit = below(run, 2) ? below(run, 6) : 0;
    trace(run, s, "scan [%.*s, %.*s) flags %u limit %d", STR_FMT(range.start), STR_FMT(range.end), flags, (int)limit);
    close_scans(s);
    s->scan_flags = flags;
    if (!same_result(run, "scan_open", kv_scan_open(s->engine, range, flags, limit, &s->engine_scan),
                     kv_scan_open(s->model, range, flags, limit, &s->model_scan)))
        return;
    if (below(run, 3) == 0) { // stays open; pulled one by one by later steps
        pull_both(run, s, 1, 1);
        return;
    }
    if (below(run, 3) == 0)
        pull_both(run, s, 1, 1 + below(run, 5));
    else
        pull_both(run, s, 1 + below(run, 9), 0);
    close_scans(s);
}

static void step_scan_on(struct run *run, struct slot *s)
{
    if (s->engine_scan == NULL) {
        step_scan(run, s);
        return;
    }
    trace(run, s, "scan on");
    pull_both(run, s, 1, 1);
}

static void step_put(struct run *run, struct slot *s)
{
    struct str key = some_key(run), value = some_value(run, &s->arena);
    trace(run, s, "put %.*s, %zu bytes", STR_FMT(key), value.len);
    close_scans(s);
    same_result(run, "put", kv_put(s->engine, key, value), kv_put(s->model, key, value));
}

static void step_put_counter(struct run *run, struct slot *s)
{
    int64_t n = (int64_t)below(run, 1000);
    struct str key = run->keys[below(run, COUNTERS)], value = {(char *)&n, sizeof(n)};
    trace(run, s, "put %.*s = %d", STR_FMT(key), (int)n);
    close_scans(s);
    same_result(run, "put", kv_put(s->engine, key, value), kv_put(s->model, key, value));
}

static void step_add(struct run *run, struct slot *s)
{
    struct str key = run->keys[below(run, COUNTERS)];
    int64_t delta = (int64_t)below(run, 100) - 50;
    trace(run, s, "add %.*s %d", STR_FMT(key), (int)delta);
    close_scans(s);
    same_result(run, "add", kv_add(s->engine, key, delta), kv_add(s->model, key, delta));
}

static void step_delete(struct run *run, struct slot *s)
{
    struct str key = any_key(run);
    trace(run, s, "delete %.*s", STR_FMT(key));
    close_scans(s);
    same_result(run, "delete", kv_delete(s->engine, key), kv_delete(s->model, key));
}

static void step_delete_range(struct run *run, struct slot *s)
{
    struct kv_range range = some_range(run);
    trace(run, s, "delete_range [%.*s, %.*s)", STR_FMT(range.start), STR_FMT(range.end));
    close_scans(s);
    same_result(run, "delete_range", kv_delete_range(s->engine, range), kv_delete_range(s->model, range));
}

// Marked reads see what both have written until now.
static void step_mark(struct run *run, struct slot *s)
{
    trace(run, s, "mark");
    kv_set_read_mark(s->engine, kv_mark(s->engine));
    kv_set_read_mark(s->model, kv_mark(s->model));
}

static void step_savepoint(struct run *run, struct slot *s)
{
    if (s->savepoints < SAVEPOINTS_MAX) {
        trace(run, s, "savepoint");
        s->savepoints++;
        if (kv_savepoint(s->engine) != s->savepoints || kv_savepoint(s->model) != s->savepoints)
            mismatch(run, "wrong savepoint number");
    }
}

static void step_rollback(struct run *run, struct slot *s)
{
    if (s->savepoints == 0)
        return;
    unsigned to = 1 + (unsigned)below(run, s->savepoints);
    trace(run, s, "rollback to %u", to);
    close_scans(s);
    same_result(run, "rollback", kv_rollback_to(s->engine, to), kv_rollback_to(s->model, to));
    s->savepoints = to;
}

static void step_reset(struct run *run, struct slot *s)
{
    trace(run, s, "reset");
    check_kept(run, s);
    close_scans(s);
    same_result(run, "reset", kv_reset(s->engine), kv_reset(s->model));
    s->savepoints = 0;
    s->broken = false;
}

static void step_refresh(struct run *run, struct slot *s)
{
    if (s->read_only)
        return;
    enum kv_model_conflict c = kv_model_refresh_conflict(s->model);
    close_scans(s);
    enum kv_result r = kv_refresh(s->engine);
    trace(run, s, "refresh: %s", kv_result_name(r));
    s->broken = judge_conflict(run, "refresh", r, c);
    if (!s->broken && kv_refresh(s->model) != KV_OK)
        mismatch(run, "the model does not refresh");
}

static void step_new_statement(struct run *run, struct slot *s)
{
    if (s->isolation != KV_READ_COMMITTED || s->read_only)
        return;
    close_scans(s);
    enum kv_model_conflict c = kv_model_statement_conflict(s->model);
    enum kv_result r = kv_new_statement(s->engine);
    trace(run, s, "new statement: %s", kv_result_name(r));
    s->broken = judge_conflict(run, "new statement", r, c);
    if (!s->broken && kv_new_statement(s->model) != KV_OK)
        mismatch(run, "the model does not begin a statement");
}

// Without waiting, since one thread runs all. Getting a lock may refresh the transaction.
static void step_lock(struct run *run, struct slot *s)
{
    struct str key = any_key(run);
    enum kv_lock_mode mode = (enum kv_lock_mode)below(run, 4);
    close_scans(s);
    enum kv_model_conflict c = kv_model_refresh_conflict(s->model);
    enum kv_result m = kv_lock(s->model, key, mode, KV_LOCK_NOWAIT, 0);
    uint64_t before = kv_read_version(s->engine);
    enum kv_result r = kv_lock(s->engine, key, mode, KV_LOCK_NOWAIT, 0);
    bool moved = kv_read_version(s->engine) != before;
    trace(run, s, "lock %.*s mode %d: %s%s", STR_FMT(key), mode, kv_result_name(r), moved ? ", refreshed" : "");
    if (m != KV_OK || (r != KV_OK && r != KV_CONFLICT)) {
        same_result(run, "lock", r, m);
        return;
    }
    if (r == KV_CONFLICT || moved)
        s->broken = judge_conflict(run, "refresh by lock", r, c);
    if (moved && !s->broken && kv_refresh(s->model) != KV_OK)
        mismatch(run, "the model does not refresh");
}

static void step_read_conflict(struct run *run, struct slot *s)
{
    struct kv_range range = some_range(run);
    trace(run, s, "add read conflict");
    same_result(run, "add_read_conflict", kv_add_read_conflict(s->engine, range, KV_READ_VALIDATED),
                kv_add_read_conflict(s->model, range, KV_READ_VALIDATED));
}

// Weights of the steps inside a transaction; `writes` are refused in read-only ones and compared as such.
static const struct {
    void (*run)(struct run *run, struct slot *s);
    int weight;
} steps[] = {
    {step_get, 16},          {step_get_many, 3},     {step_scan, 10},   {step_scan_on, 6},       {step_put, 20},
    {step_delete, 6},        {step_delete_range, 2}, {step_add, 4},     {step_put_counter, 1},   {step_savepoint, 3},
    {step_rollback, 2},      {step_reset, 1},        {step_refresh, 4}, {step_new_statement, 3}, {step_lock, 4},
    {step_read_conflict, 1}, {step_commit, 10},      {step_abort, 1},   {step_mark, 3},
};

static void step_in_slot(struct run *run, struct slot *s)
{
    if (s->engine == NULL) {
        step_begin(run, s);
        return;
    }
    if (s->broken) {
        (below(run, 2) ? step_reset : step_abort)(run, s);
        return;
    }
    int total = 0;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        total += steps[i].weight;
    int pick = (int)below(run, (uint64_t)total);
    size_t i = 0;
    while (pick >= steps[i].weight)
        pick -= steps[i++].weight;
    steps[i].run(run, s);
}

static void end_all(struct run *run)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &run->slots[i];
        if (s->engine != NULL)
            (s->broken || below(run, 2) ? step_abort : step_commit)(run, s);
    }
}

static void restart(struct run *run)
{
    end_all(run);
    if (!store_has_files(&run->engine))
        return;
    trace(run, NULL, "restart");
    store_reopen(&run->engine);
    run->restarts++;
    compare_stores(run);
}

static void step_any(struct run *run)
{
    uint64_t dice = below(run, 1000);
    if (dice < 2) {
        restart(run);
    } else if (dice < 12) {
        trace(run, NULL, "checkpoint");
        if (kv_checkpoint(run->engine.kv) != KV_OK)
            mismatch(run, "checkpoint: %s", kv_failure(run->engine.kv));
    } else if (dice < 30) {
        compare_stores(run);
    } else {
        step_in_slot(run, &run->slots[below(run, SLOTS)]);
    }
}

static bool run_seed(uint64_t seed, const struct engine *engine, int steps_max)
{
    static const size_t memtables[] = {4 << 10, 64 << 10, 0};
    struct run *run = mem_zalloc(sizeof(*run));
    struct engine shaped = *engine;
    run->seed = seed;
    run->trace = getenv("PALMETTO_TEST_TRACE") != NULL;
    rng_seed(&run->rng, seed);
    arena_init(&run->arena, NULL);
    make_keys(run);
    shaped.memtable_bytes = memtables[below(run, 3)];
    struct kv_options options = {.no_sync = true};
    if (below(run, 4) == 0)
        options.history_bytes_max = 32 << 10;
    if (below(run, 4) == 0)
        options.history_ns = 1 + (int64_t)below(run, 3000000);
    store_open_with(&run->engine, &shaped, &options);
    store_open(&run->model, &engines[0]);
    for (run->step = 0; run->step < steps_max && !run->failed; run->step++)
        step_any(run);
    end_all(run);
    if (!run->failed)
        compare_stores(run);
    bool ok = !run->failed;
    if (!ok)
        printf("  replay: random_test %" PRIu64 " %s\n", seed, engine->name);
    trace(run, NULL, "%d commits, %d conflicts (%d beyond the model's), %d restarts", (int)run->commits,
          (int)run->conflicts, (int)run->extra_conflicts, (int)run->restarts);
    store_close(&run->engine);
    store_close(&run->model);
    arena_release(&run->arena);
    mem_free(run);
    return ok;
}

int main(int argc, char **argv)
{
    bool many = getenv("PALMETTO_TEST_LONG") != NULL;
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t n = argc > 1 ? 1 : many ? 20000 : 100;
    int passed = 0, failed = 0;
    for (size_t e = 0; e < engines_count; e++) {
        bool wanted = argc > 2 ? strcmp(argv[2], engines[e].name) == 0 : e > 0; // the first is the model itself
        if (!wanted || engines[e].checkpoint_always || engines[e].memtable_bytes != 0)
            continue; // the seed chooses those itself
        for (uint64_t seed = first; seed < first + n; seed++) {
            bool ok = run_seed(seed, &engines[e], 3000);
            passed += ok;
            failed += !ok;
            fflush(stdout);
        }
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
