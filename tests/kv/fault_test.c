// Failing writes, syncs, truncations and name changes, the first, the second, the third … of a scripted load until a
// run stays clean: nothing is acknowledged that is not there afterwards, the store turns read-only and says why, and a
// restart mends it. `fault_test [KIND [N]]` runs one kind of fault, one position.
#include "os/sim/sim.h"
#include "script.h"

#include <errno.h>
#include <stdlib.h>

enum { TRANSACTIONS = 40, MORE = 5 };

// What fails and how. A tolerated operation may fail without the store minding.
static const struct kind {
    const char *name;
    unsigned ops;
    int error;
    bool forever, partly, tolerated;
} kinds[] = {
    {"write EIO once", SIM_OP_WRITE, EIO, false, false, false},
    {"write EIO", SIM_OP_WRITE, EIO, true, false, false},
    {"write ENOSPC once", SIM_OP_WRITE, ENOSPC, false, false, false},
    {"write ENOSPC", SIM_OP_WRITE, ENOSPC, true, false, false},
    {"short write once", SIM_OP_WRITE, ENOSPC, false, true, false},
    {"short write", SIM_OP_WRITE, ENOSPC, true, true, false},
    {"sync EIO once", SIM_OP_SYNC, EIO, false, false, false},
    {"sync EIO", SIM_OP_SYNC, EIO, true, false, false},
    {"sync ENOSPC once", SIM_OP_SYNC, ENOSPC, false, false, false},
    {"sync_dir EIO once", SIM_OP_SYNC_DIR, EIO, false, false, false},
    {"sync_dir EIO", SIM_OP_SYNC_DIR, EIO, true, false, false},
    {"truncate EIO once", SIM_OP_TRUNCATE, EIO, false, false, true},
    {"truncate EIO", SIM_OP_TRUNCATE, EIO, true, false, true},
    {"allocate ENOSPC once", SIM_OP_ALLOCATE, ENOSPC, false, false, true},
    {"allocate ENOSPC", SIM_OP_ALLOCATE, ENOSPC, true, false, true},
    {"open EIO once", SIM_OP_OPEN, EIO, false, false, true},
    {"open EMFILE", SIM_OP_OPEN, EMFILE, true, false, true},
    {"rename EIO once", SIM_OP_RENAME, EIO, false, false, true},
    {"unlink EIO", SIM_OP_UNLINK, EIO, true, false, true},
    {"read EIO once", SIM_OP_READ, EIO, false, false, true},
};

struct position {
    const struct kind *kind;
    uint64_t n;
};

static void report(const struct position *p, const char *what, const char *detail)
{
    check_failed_at(__FILE__, __LINE__, "%s number %" PRIu64 ": %s%s%s", p->kind->name, p->n, what,
                    detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static int open_store(struct sim *sim, struct kv **kv, struct err *err)
{
    struct kv_options options = {.os = sim_os(sim), .memtable_bytes = 24 << 10};
    return kv_open("local:store", &options, kv, err);
}

// A store that failed: refuses every change, says why, still reads.
static void check_read_only(const struct position *p, struct kv *kv)
{
    struct kv_txn *t = NULL;
    const char *why = kv_failure(kv);
    if (why == NULL || why[0] == '\0')
        report(p, "a failed store does not say why", NULL);
    if (kv_begin(kv, NULL, &t) == KV_OK) {
        enum kv_result r = kv_put(t, STR("after"), STR("failure"));
        if (r == KV_OK)
            r = kv_commit(t, &(uint64_t){0});
        else
            kv_abort(t);
        if (r != KV_IO && r != KV_READ_ONLY)
            report(p, "a failed store answers a commit with", kv_result_name(r));
    }
    if (kv_checkpoint(kv) == KV_OK)
        report(p, "a failed store makes a checkpoint", NULL);
}

// Runs the load with the fault; the number of acknowledged transactions. *ambiguous: one more may be there.
static int run_with_fault(struct sim *sim, const struct script *script, const struct position *p, bool *ambiguous)
{
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    int acknowledged = 0;
    const struct kind *k = p->kind;
    sim_set_fault(sim, (struct sim_fault){k->ops, p->n, k->error, k->forever, k->partly});
    *ambiguous = false;
    if (open_store(sim, &kv, &err) != 0) {
        if (err.message == NULL || err.message[0] == '\0' || err.code == 0)
            report(p, "opening fails without a message", NULL);
        err_reset(&err);
        return 0;
    }
    enum kv_result r = KV_OK;
    while (acknowledged < TRANSACTIONS && (r = script_run(script, kv, acknowledged + 1)) == KV_OK)
        acknowledged++;
    *ambiguous = r == KV_AMBIGUOUS;
    if (r == KV_OK)
        r = kv_checkpoint(kv); // so that no checkpoint in the background meets the fault behind the checks below
    if (r != KV_OK && r != KV_IO && r != KV_READ_ONLY && r != KV_AMBIGUOUS)
        report(p, "a transaction fails with", kv_result_name(r));
    if (kv_failure(kv) != NULL)
        check_read_only(p, kv);
    else if (r != KV_OK)
        report(p, "a transaction fails but the store counts as healthy", NULL);
    else if (sim_fault_happened(sim) && !k->tolerated && !sim_is_off(sim))
        report(p, "the fault is not noticed", NULL);
    kv_close(kv);
    return acknowledged;
}

static void restart(struct sim *sim, struct script *script, const struct position *p, int acknowledged, bool ambiguous)
{
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    if (open_store(sim, &kv, &err) != 0) {
        report(p, "cannot open after the fault", err.message);
        err_reset(&err);
        return;
    }
    int n = script_verify(script, kv);
    if (n < acknowledged || n > acknowledged + ambiguous)
        report(p, "acknowledged transactions are missing, or others are there", NULL);
    for (int i = 1; i <= MORE && n >= 0; i++)
        if (script_run(script, kv, n + i) != KV_OK)
            report(p, "the restarted store refuses a transaction", kv_failure(kv));
    if (n >= 0 && script_verify(script, kv) != n + MORE)
        report(p, "the restarted store is wrong", NULL);
    kv_close(kv);
}

// True when the fault happened: there may be a further position.
static bool run_position(struct script *script, const struct position *p)
{
    bool happened = true;
    for (int loss = SIM_LOSE_SOME_4096; loss <= SIM_LOSE_NOTHING && happened; loss++) { // restart of the machine, of us
        bool ambiguous;
        struct sim *sim = sim_new(p->n);
        int acknowledged = run_with_fault(sim, script, p, &ambiguous);
        happened = sim_fault_happened(sim);
        sim_set_fault(sim, (struct sim_fault){0});
        sim_power_on(sim, loss);
        restart(sim, script, p, acknowledged, ambiguous);
        sim_free(sim);
    }
    return happened;
}

int main(int argc, char **argv)
{
    bool many = getenv("PALMETTO_TEST_LONG") != NULL;
    int passed = 0, failed = 0;
    struct script script;
    script_init(&script, 1);
    log_set_level(LOG_LEVEL_FATAL); // failures are the point
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        if (argc > 1 && strstr(kinds[k].name, argv[1]) == NULL)
            continue;
        struct position p = {&kinds[k], argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
        int before;
        bool happened;
        do {
            before = kvtest_failures();
            happened = run_position(&script, &p);
            passed += kvtest_failures() == before;
            failed += kvtest_failures() != before;
            p.n += many || p.n < 30 ? 1 : 7;
        } while (happened && argc <= 2 && kvtest_failures() - before < 5);
        fflush(stdout);
    }
    script_release(&script);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
