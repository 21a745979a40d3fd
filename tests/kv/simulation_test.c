// Deterministic simulation: the store on one real thread, its own threads and those of its clients interleaved by a
// seeded scheduler (os/sim/threads.h), its disk in memory, its time virtual. Clients run random transactions; the store
// is closed, or loses power at some sync, or meets failing I/O, and is opened again, several times. What was
// acknowledged, and of what was under way that which has left its mark, in the order of versions and applied to an
// array one by one, must explain every answer and every state found.
//
//     simulation_test [SEED [COUNT]]      COUNT seeds from SEED on; each prints what to replay when it fails
//     PALMETTO_TEST_TRACE=1               prints every transaction
//
// Without arguments it proves itself too: on stores that leave a step out, which it must find.
#include "kvtest.h"

#include "base/arena.h"
#include "os/sim/sim.h"
#include "os/sim/threads.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CLIENTS = 6,
    SHARED_KEYS = 20,
    KEYS = SHARED_KEYS + CLIENTS, // and one per client, which says how far it is
    LOCKED_KEYS = 4,
    LIVES = 4,
    TXNS_PER_LIFE = 30,
    OPS_MAX = 10,
    SEEDS_DEFAULT = 60,
    PLANTED_SEEDS_MAX = 60,
};

enum op_kind { OP_READ, OP_PUT, OP_DELETE, OP_ADD };

struct op {
    enum op_kind kind;
    int key;
    int64_t value; // 0: none; of OP_ADD: how much
};

enum fate { FATE_LOST, FATE_ACKNOWLEDGED, FATE_UNKNOWN };

struct record {
    int client, life;
    int64_t serial; // 0: has not written its mark
    enum kv_isolation isolation;
    bool read_only;
    enum fate fate;
    uint64_t version, snapshot;
    struct op ops[KEYS + 4 * OPS_MAX];
    int n;
};

// What the store is told to leave out, which must be found.
struct planted {
    const char *name;
    unsigned skip;
    bool no_sync;
};
static const struct planted planted_bugs[] = {
    {"no validation before the turn", KV_SKIP_VALIDATION, false},
    {"no validation in the turn", KV_SKIP_LATE_VALIDATION, false},
    {"ranges are not remembered", KV_SKIP_RANGES, false},
    {"a refresh validates nothing", KV_SKIP_REFRESH, false},
    {"no syncs", 0, true},
};

struct run {
    uint64_t seed;
    struct rng rng; // of what comes before and after the clients
    struct sim *sim;
    struct kv *kv;
    int life;
    struct arena arena;
    ARENA_VEC(struct record *) records;
    int64_t serials[CLIENTS]; // tried
    int64_t certain[CLIENTS]; // acknowledged
    int64_t model[KEYS];
    const struct planted *planted;
    bool trace, failed;
    uint64_t commits, conflicts, deadlocks, power_failures, faults;
};

struct client {
    struct run *run;
    int number;
    struct rng rng;
    struct kv_txn *txn;
    struct record *record;
    bool dead; // the store has failed
};

static void wrong(struct run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void wrong(struct run *run, const char *fmt, ...)
{
    va_list ap;
    if (!run->failed && run->planted == NULL) {
        va_start(ap, fmt);
        printf("  ");
        vprintf(fmt, ap);
        va_end(ap);
        printf("\n  replay: simulation_test %" PRIu64 " # life %d\n", run->seed, run->life);
    }
    run->failed = true;
}

// ---- keys and values

static struct str key_name(int key, char buf[16])
{
    snprintf(buf, 16, "key%02d", key);
    return str_of(buf);
}

// Values of some length, so that memtables fill up; the number is their beginning.
static struct str value_bytes(struct rng *rng, int64_t value, char buf[600])
{
    memset(buf, 'v', 600);
    memcpy(buf, &value, sizeof(value));
    return (struct str){buf, sizeof(value) + (rng_below(rng, 3) == 0 ? rng_below(rng, 590) : 0)};
}

static int64_t value_of(struct str bytes)
{
    int64_t value = 0;
    if (bytes.len >= sizeof(value))
        memcpy(&value, bytes.ptr, sizeof(value));
    return value;
}

// The last shared keys are counters, only added to and read.
static bool is_counter(int key)
{
    return key >= SHARED_KEYS - 3 && key < SHARED_KEYS;
}

// ---- a client

static void note(struct client *c, enum op_kind kind, int key, int64_t value)
{
    struct record *r = c->record;
    INVARIANT((size_t)r->n < ARRAY_LEN(r->ops));
    r->ops[r->n++] = (struct op){kind, key, value};
}

static enum kv_result read_key(struct client *c)
{
    char name[16];
    int key = (int)rng_below(&c->rng, SHARED_KEYS);
    struct kv_value v = {0};
    enum kv_result r = kv_get(c->txn, key_name(key, name), 0, &v);
    if (r == KV_OK)
        note(c, OP_READ, key, v.found ? value_of(v.value) : 0);
    return r;
}

static enum kv_result read_range(struct client *c)
{
    char start[16], end[16];
    int from = (int)rng_below(&c->rng, SHARED_KEYS), to = from + 1 + (int)rng_below(&c->rng, 8);
    struct kv_range range = {key_name(from, start), key_name(MIN(to, SHARED_KEYS), end)};
    struct kv_scan *scan;
    struct kv_batch batch;
    int next = from;
    enum kv_result r = kv_scan_open(c->txn, range, 0, 0, &scan);
    if (r != KV_OK)
        return r;
    while ((r = kv_scan_next(scan, 3, &batch)) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n; i++) {
            const char *digits = batch.pairs[i].key.ptr + 3;
            int key = (digits[0] - '0') * 10 + digits[1] - '0';
            if (key < next || key >= MIN(to, SHARED_KEYS))
                wrong(c->run, "a scan of %d to %d returned key %d", from, MIN(to, SHARED_KEYS), key);
            for (; next < key; next++)
                note(c, OP_READ, next, 0);
            note(c, OP_READ, next++, value_of(batch.pairs[i].value));
        }
    }
    for (; r == KV_OK && next < MIN(to, SHARED_KEYS); next++)
        note(c, OP_READ, next, 0);
    kv_scan_close(scan);
    return r;
}

static enum kv_result lock_key(struct client *c)
{
    char name[16];
    enum kv_lock_mode mode = (enum kv_lock_mode)rng_below(&c->rng, 4);
    int64_t timeout = rng_below(&c->rng, 3) == 0 ? 1000000 : 0;
    enum kv_result r =
        kv_lock(c->txn, key_name((int)rng_below(&c->rng, LOCKED_KEYS), name), mode, KV_LOCK_WAIT, timeout);
    c->run->deadlocks += r == KV_DEADLOCK;
    return r == KV_TIMEOUT ? KV_OK : r;
}

static enum kv_result write_key(struct client *c)
{
    char name[16], bytes[600];
    int key = (int)rng_below(&c->rng, SHARED_KEYS);
    enum kv_result r;
    if (is_counter(key)) {
        int64_t delta = 1 + (int64_t)rng_below(&c->rng, 9);
        r = kv_add(c->txn, key_name(key, name), delta);
        note(c, OP_ADD, key, delta);
    } else if (rng_below(&c->rng, 4) == 0) {
        r = kv_delete(c->txn, key_name(key, name));
        note(c, OP_DELETE, key, 0);
    } else {
        int64_t value = 1 + (int64_t)rng_below(&c->rng, 1000000);
        r = kv_put(c->txn, key_name(key, name), value_bytes(&c->rng, value, bytes));
        note(c, OP_PUT, key, value);
    }
    return r;
}

static enum kv_result delete_range(struct client *c)
{
    char start[16], end[16];
    int from = (int)rng_below(&c->rng, SHARED_KEYS), to = from + 1 + (int)rng_below(&c->rng, 4);
    to = MIN(to, SHARED_KEYS);
    for (int key = from; key < to; key++)
        note(c, OP_DELETE, key, 0);
    return kv_delete_range(c->txn, (struct kv_range){key_name(from, start), key_name(to, end)});
}

// Some operations that are taken back: what they have read may have been written by them.
static enum kv_result try_and_undo(struct client *c)
{
    int before = c->record->n;
    unsigned savepoint = kv_savepoint(c->txn);
    enum kv_result r = KV_OK;
    for (int i = 0; i < 2 && r == KV_OK; i++)
        r = rng_below(&c->rng, 2) == 0 ? read_key(c) : write_key(c);
    c->record->n = before;
    return r == KV_OK ? kv_rollback_to(c->txn, savepoint) : r;
}

static enum kv_result one_op(struct client *c)
{
    uint64_t kind = rng_below(&c->rng, 12);
    if (kind < 3)
        return read_key(c);
    if (kind == 3)
        return read_range(c);
    if (c->record->read_only)
        return KV_OK;
    if (kind == 10)
        return rng_below(&c->rng, 3) == 0 ? delete_range(c) : KV_OK;
    if (kind == 11)
        return try_and_undo(c);
    return kind < 6 ? lock_key(c) : write_key(c);
}

static enum kv_result write_mark(struct client *c)
{
    char name[16], bytes[600];
    if (c->record->read_only)
        return KV_OK;
    c->record->serial = ++c->run->serials[c->number];
    note(c, OP_PUT, SHARED_KEYS + c->number, c->record->serial);
    return kv_put(c->txn, key_name(SHARED_KEYS + c->number, name), value_bytes(&c->rng, c->record->serial, bytes));
}

static void judge_commit(struct client *c, enum kv_result r)
{
    struct run *run = c->run;
    struct record *record = c->record;
    record->fate = r == KV_OK ? FATE_ACKNOWLEDGED : r == KV_AMBIGUOUS ? FATE_UNKNOWN : FATE_LOST;
    if (r == KV_OK && record->serial != 0)
        run->certain[c->number] = record->serial;
    run->commits += r == KV_OK;
    run->conflicts += r == KV_CONFLICT;
    c->dead |= r == KV_AMBIGUOUS || r == KV_IO || r == KV_READ_ONLY;
    if (run->trace)
        printf("client %d serial %" PRId64 "%s: %s at %" PRIu64 ", snapshot %" PRIu64 "\n", c->number, record->serial,
               record->isolation == KV_SNAPSHOT ? " (snapshot)" : "", kv_result_name(r), record->version,
               record->snapshot);
    static const char *const op_names[] = {"read", "put", "delete", "add"};
    for (int i = 0; i < record->n && run->trace; i++)
        printf("    %s %d: %" PRId64 "\n", op_names[record->ops[i].kind], record->ops[i].key, record->ops[i].value);
    sim_threads_note((uint64_t)r * 31 + record->version);
}

// A version of the past to read at, of somebody's commit; 0: none.
static uint64_t some_version(struct client *c)
{
    const struct run *run = c->run;
    if (run->records.len == 0 || rng_below(&c->rng, 3) != 0)
        return 0;
    const struct record *r = run->records.ptr[rng_below(&c->rng, run->records.len)];
    return r->fate == FATE_ACKNOWLEDGED ? r->version : 0;
}

static void one_transaction(struct client *c)
{
    struct run *run = c->run;
    struct record *record = c->record = ARENA_NEW(&run->arena, struct record);
    *record = (struct record){.client = c->number, .life = run->life, .read_only = rng_below(&c->rng, 5) == 0};
    record->isolation = rng_below(&c->rng, 4) == 0 ? KV_SNAPSHOT : KV_SERIALIZABLE;
    struct kv_begin_options options = {.isolation = record->isolation, .read_only = record->read_only};
    options.as_of = record->read_only ? some_version(c) : 0;
    enum kv_result r = kv_begin(run->kv, &options, &c->txn);
    if (r != KV_OK) {
        c->dead = r != KV_TOO_OLD;
        return;
    }
    int n = 1 + (int)rng_below(&c->rng, OPS_MAX / 2);
    for (int i = 0; i < n && r == KV_OK; i++)
        r = one_op(c);
    if (r == KV_OK)
        r = write_mark(c);
    if (r != KV_OK || rng_below(&c->rng, 10) == 0) {
        kv_abort(c->txn);
        c->dead |= r == KV_IO || r == KV_READ_ONLY;
        return;
    }
    ARENA_PUSH(&run->arena, &run->records, record);
    record->snapshot = kv_read_version(c->txn);
    r = kv_commit(c->txn, &record->version);
    judge_commit(c, r);
}

static void *client_run(void *arg)
{
    struct client *c = arg;
    for (int i = 0; i < TXNS_PER_LIFE && !c->dead; i++) {
        one_transaction(c);
        if (rng_below(&c->rng, 20) == 0 && kv_checkpoint(c->run->kv) != KV_OK)
            c->dead = true;
    }
    return NULL;
}

// ---- what must be

static int by_version(const void *a, const void *b)
{
    const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
    if (x->version != y->version)
        return x->version < y->version ? -1 : 1;
    return (x->serial == 0) - (y->serial == 0); // who only reads reads at a version, after its writer
}

static bool reads_hold(const struct run *run, const struct record *r, int *key, int64_t *expected)
{
    int64_t own[KEYS];
    memcpy(own, run->model, sizeof(own));
    for (int i = 0; i < r->n; i++) {
        const struct op *op = &r->ops[i];
        *key = op->key;
        *expected = own[op->key];
        if (op->kind == OP_READ && own[op->key] != op->value)
            return false;
        if (op->kind != OP_READ)
            own[op->key] = op->kind == OP_ADD ? own[op->key] + op->value : op->value;
    }
    return true;
}

static void apply(struct run *run, const struct record *r)
{
    for (int i = 0; i < r->n; i++) {
        const struct op *op = &r->ops[i];
        if (op->kind != OP_READ)
            run->model[op->key] = op->kind == OP_ADD ? run->model[op->key] + op->value : op->value;
    }
}

// All that took place, one after the other. A snapshot transaction's reads are those of its snapshot: they are looked
// at when the model has got there.
static void replay(struct run *run)
{
    struct record **list = run->records.ptr;
    size_t n = 0;
    int key;
    int64_t expected;
    for (size_t i = 0; i < run->records.len; i++)
        if (list[i]->fate == FATE_ACKNOWLEDGED)
            list[n++] = list[i];
    run->records.len = n;
    if (n > 0)
        qsort(list, n, sizeof(struct record *), by_version);
    memset(run->model, 0, sizeof(run->model));
    for (size_t i = 0; i < n; i++) {
        bool early = list[i]->isolation == KV_SNAPSHOT && list[i]->serial != 0;
        if (!early && !reads_hold(run, list[i], &key, &expected))
            wrong(run, "client %d serial %" PRId64 " at %" PRIu64 ": key %d was %" PRId64 " in its place",
                  list[i]->client, list[i]->serial, list[i]->version, key, expected);
        apply(run, list[i]);
        uint64_t until = i + 1 < n ? list[i + 1]->version : UINT64_MAX;
        for (size_t k = i + 1; k < n && list[k]->version < list[i]->version + 1000000000; k++) {
            bool here = list[k]->isolation == KV_SNAPSHOT && list[k]->serial != 0 &&
                        list[k]->snapshot >= list[i]->version && list[k]->snapshot < until;
            if (here && !reads_hold(run, list[k], &key, &expected))
                wrong(run, "client %d serial %" PRId64 ": key %d was %" PRId64 " in its snapshot", list[k]->client,
                      list[k]->serial, key, expected);
        }
    }
}

// What is there after a restart decides about what was under way.
static void settle(struct run *run, const int64_t found[KEYS])
{
    for (int i = 0; i < CLIENTS; i++) {
        int64_t mark = found[SHARED_KEYS + i];
        if (mark < run->certain[i] || mark > run->serials[i])
            wrong(run, "client %d: %" PRId64 " acknowledged, %" PRId64 " tried, %" PRId64 " found", i, run->certain[i],
                  run->serials[i], mark);
    }
    for (size_t i = 0; i < run->records.len; i++) {
        struct record *r = run->records.ptr[i];
        if (r->fate != FATE_UNKNOWN)
            continue;
        bool there = found[SHARED_KEYS + r->client] == r->serial;
        r->fate = there ? FATE_ACKNOWLEDGED : FATE_LOST;
        run->certain[r->client] = MAX(run->certain[r->client], there ? r->serial : 0);
    }
}

static void read_all(struct run *run, int64_t found[KEYS])
{
    struct kv_txn *t;
    struct kv_value v;
    char name[16];
    if (kv_begin(run->kv, &(struct kv_begin_options){.read_only = true}, &t) != KV_OK) {
        wrong(run, "the store cannot be read");
        return;
    }
    for (int key = 0; key < KEYS; key++) {
        if (kv_get(t, key_name(key, name), 0, &v) != KV_OK)
            wrong(run, "key %d cannot be read", key);
        found[key] = v.found ? value_of(v.value) : 0;
    }
    kv_abort(t);
}

static void check_state(struct run *run)
{
    int64_t found[KEYS] = {0};
    struct err err = ERR_INIT;
    read_all(run, found);
    settle(run, found);
    replay(run);
    for (int key = 0; key < KEYS; key++)
        if (found[key] != run->model[key])
            wrong(run, "key %d is %" PRId64 ", expected %" PRId64, key, found[key], run->model[key]);
    if (kv_verify(run->kv, &err) != 0)
        wrong(run, "damaged: %s", err.message);
    err_reset(&err);
}

// ---- lives

static bool open_store(struct run *run)
{
    struct kv_options options = {.os = sim_os(run->sim), .memtable_bytes = 8 << 10};
    static const int64_t histories[] = {0, 1000000, 20000000}; // all, or some time of a life
    options.history_ns = histories[rng_below(&run->rng, ARRAY_LEN(histories))];
    options.skip = run->planted != NULL ? run->planted->skip : 0;
    options.no_sync = run->planted != NULL && run->planted->no_sync;
    struct err err = ERR_INIT;
    bool ok = kv_open("local:store", &options, &run->kv, &err) == 0;
    if (!ok && run->trace)
        printf("not opened: %s\n", err.message);
    err_reset(&err);
    return ok;
}

// What will go wrong in this life, and maybe while it begins.
static void plan_end(struct run *run)
{
    static const struct sim_fault faults[] = {
        {SIM_OP_WRITE, 0, EIO, false, true},       {SIM_OP_WRITE, 0, ENOSPC, true, true},
        {SIM_OP_SYNC, 0, EIO, false, false},       {SIM_OP_SYNC, 0, EIO, true, false},
        {SIM_OP_ALLOCATE, 0, ENOSPC, true, false}, {SIM_OP_OPEN | SIM_OP_RENAME, 0, EIO, true, false},
    };
    uint64_t kind = rng_below(&run->rng, 5);
    if (kind < 2) {
        sim_power_off_at(run->sim, 1 + rng_below(&run->rng, kind == 0 ? 8 : 150));
        run->power_failures++;
    } else if (kind == 2) {
        struct sim_fault fault = faults[rng_below(&run->rng, ARRAY_LEN(faults))];
        fault.n = 1 + rng_below(&run->rng, 60);
        sim_set_fault(run->sim, fault);
        run->faults++;
    }
}

static void run_clients(struct run *run)
{
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.run = run, .number = i};
        rng_seed(&clients[i].rng, run->seed * 1000 + (uint64_t)(run->life * CLIENTS + i));
        if (pthread_create(&threads[i], NULL, client_run, &clients[i]) != 0)
            wrong(run, "no thread");
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
}

static void one_life(struct run *run)
{
    plan_end(run);
    if (open_store(run)) {
        run_clients(run);
        bool healthy = kv_failure(run->kv) == NULL;
        if (!healthy && rng_below(&run->rng, 2) == 0)
            sim_power_off_at(run->sim, 0);
        kv_close(run->kv);
    }
    sim_set_fault(run->sim, (struct sim_fault){0});
    sim_power_on(run->sim, (enum sim_loss)rng_below(&run->rng, SIM_LOSE_NOTHING + 1));
    if (!open_store(run)) {
        wrong(run, "the store does not open any more");
        return;
    }
    check_state(run);
    kv_close(run->kv);
}

static void live(void *arg)
{
    struct run *run = arg;
    for (run->life = 0; run->life < LIVES && !run->failed; run->life++)
        one_life(run);
}

struct totals {
    uint64_t hash; // of the last run; 0 when it failed
    uint64_t steps, commits, conflicts, deadlocks, power_failures, faults;
};

static void simulate_here(uint64_t seed, const struct planted *planted, struct totals *out)
{
    struct run run = {.seed = seed, .planted = planted, .sim = sim_new(seed)};
    run.trace = getenv("PALMETTO_TEST_TRACE") != NULL && planted == NULL;
    rng_seed(&run.rng, seed);
    arena_init(&run.arena, NULL);
    sim_threads_run(seed, live, &run);
    *out = (struct totals){.hash = run.failed ? 0 : sim_threads_hash() | 1,
                           .steps = sim_threads_steps(),
                           .commits = run.commits,
                           .conflicts = run.conflicts,
                           .deadlocks = run.deadlocks,
                           .power_failures = run.power_failures,
                           .faults = run.faults};
    arena_release(&run.arena);
    sim_free(run.sim);
}

// In a process of its own, so that nothing is left of the run before. The hash of the run; 0 when it failed.
static uint64_t simulate(uint64_t seed, const struct planted *planted, struct totals *totals)
{
    struct totals one = {0};
    int fds[2];
    fflush(stdout);
    if (pipe(fds) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        simulate_here(seed, planted, &one);
        fflush(stdout);
        _exit(write(fds[1], &one, sizeof(one)) != sizeof(one));
    }
    close(fds[1]);
    if (read(fds[0], &one, sizeof(one)) != sizeof(one))
        printf("  seed %" PRIu64 ": the process ended\n", seed);
    close(fds[0]);
    waitpid(child, NULL, 0);
    totals->steps += one.steps;
    totals->commits += one.commits;
    totals->conflicts += one.conflicts;
    totals->deadlocks += one.deadlocks;
    totals->power_failures += one.power_failures;
    totals->faults += one.faults;
    return one.hash;
}

static bool is_found(const struct planted *planted)
{
    struct totals t = {0};
    for (uint64_t seed = 1; seed <= PLANTED_SEEDS_MAX; seed++)
        if (simulate(seed, planted, &t) == 0)
            return true;
    printf("  not found: %s\n", planted->name);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : SEEDS_DEFAULT, failed = 0;
    struct totals t = {0};
    log_set_level(LOG_LEVEL_FATAL); // failures are the point
    for (uint64_t seed = first; seed < first + count && failed < 5; seed++) {
        uint64_t hash = simulate(seed, NULL, &t);
        bool same = hash == 0 || seed % 20 != first % 20 || simulate(seed, NULL, &t) == hash;
        if (!same)
            printf("  seed %" PRIu64 " does not run the same way twice\n", seed);
        if (count == 1)
            printf("seed %" PRIu64 ": %016" PRIx64 "\n", seed, hash);
        failed += hash == 0 || !same;
    }
    for (size_t i = 0; i < ARRAY_LEN(planted_bugs) && argc <= 1; i++, count++)
        failed += !is_found(&planted_bugs[i]);
    printf("%" PRIu64 " steps, %" PRIu64 " commits, %" PRIu64 " conflicts, %" PRIu64 " deadlocks, %" PRIu64
           " power failures, %" PRIu64 " I/O faults\n",
           t.steps, t.commits, t.conflicts, t.deadlocks, t.power_failures, t.faults);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n", count - failed, failed);
    return failed > 0;
}
