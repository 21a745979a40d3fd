// Power failures at every sync of a scripted load, on the simulated file system: what was acknowledged is there, what
// was not is there whole or not at all, and the store goes on. `power_test [SEED [SYNC [LOSS]]]` replays one failure.
#include "os/sim/sim.h"
#include "script.h"

#include <stdlib.h>

enum { TRANSACTIONS = 60, MORE = 5 };

static const char *const loss_names[] = {"all unsynced", "some 512", "some 4096", "nothing"};

struct failure {
    uint64_t seed, sync, second_sync; // power goes off before these syncs: of the load, of the recovery (0: never)
    enum sim_loss loss;
};

static int open_store(struct sim *sim, struct kv **kv, struct err *err)
{
    struct kv_options options = {.os = sim_os(sim), .memtable_bytes = 24 << 10};
    return kv_open("local:store", &options, kv, err);
}

// Transactions from..to; the number of the last acknowledged. Stops at the first failure.
static int run_load(const struct script *script, struct kv *kv, int from, int to)
{
    int acknowledged = from - 1;
    while (acknowledged < to && script_run(script, kv, acknowledged + 1) == KV_OK)
        acknowledged++;
    return acknowledged;
}

static void report(const struct failure *f, const char *what, const char *detail)
{
    check_failed_at(__FILE__, __LINE__, "%s%s%s", what, detail != NULL ? ": " : "", detail != NULL ? detail : "");
    printf("  replay: power_test %" PRIu64 " %" PRIu64 " %d # %s, recovery %" PRIu64 "\n", f->seed, f->sync, f->loss,
           loss_names[f->loss], f->second_sync);
}

static void report_number(const struct failure *f, int n, int least)
{
    char detail[64];
    snprintf(detail, sizeof(detail), "%d, acknowledged %d", n, least);
    report(f, "wrong number of transactions survive", detail);
}

// After power is back: `least` transactions must be there, at most one more than that may be.
static void recover_and_go_on(struct sim *sim, struct script *script, const struct failure *f, int least)
{
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    if (open_store(sim, &kv, &err) != 0) {
        report(f, "cannot recover", err.message);
        err_reset(&err);
        return;
    }
    int n = script_verify(script, kv);
    if (n < least || n > least + 1)
        report_number(f, n, least);
    if (n >= 0 && run_load(script, kv, n + 1, n + MORE) != n + MORE)
        report(f, "the recovered store refuses transactions", kv_failure(kv));
    if (n >= 0 && kv_checkpoint(kv) != KV_OK)
        report(f, "the recovered store refuses a checkpoint", kv_failure(kv));
    if (n >= 0 && script_verify(script, kv) != n + MORE)
        report(f, "the recovered store is wrong after more transactions", NULL);
    kv_close(kv);
    if (n < 0)
        return;
    if (open_store(sim, &kv, &err) != 0) {
        report(f, "cannot open after recovery", err.message);
        err_reset(&err);
        return;
    }
    if (script_verify(script, kv) != n + MORE)
        report(f, "the store is wrong after closing", NULL);
    kv_close(kv);
}

static void fail_once(struct script *script, const struct failure *f)
{
    struct sim *sim = sim_new(f->seed * 131 + f->sync * 7 + f->loss);
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    int acknowledged = 0;
    sim_power_off_at(sim, f->sync);
    if (open_store(sim, &kv, &err) == 0) {
        acknowledged = run_load(script, kv, 1, TRANSACTIONS);
        if (!sim_is_off(sim))
            sim_power_off_at(sim, 0);
        kv_close(kv);
    }
    err_reset(&err);
    sim_power_on(sim, f->loss);
    if (f->second_sync > 0) {
        sim_power_off_at(sim, f->second_sync);
        if (open_store(sim, &kv, &err) == 0) {
            if (!sim_is_off(sim))
                sim_power_off_at(sim, 0);
            kv_close(kv);
        }
        err_reset(&err);
        sim_power_on(sim, f->loss);
    }
    recover_and_go_on(sim, script, f, acknowledged);
    sim_free(sim);
}

// Syncs of a whole load without failure.
static uint64_t count_syncs(struct script *script)
{
    struct sim *sim = sim_new(1);
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    if (open_store(sim, &kv, &err) != 0) {
        printf("cannot open: %s\n", err.message);
        exit(2);
    }
    if (run_load(script, kv, 1, TRANSACTIONS) != TRANSACTIONS)
        check_failed_at(__FILE__, __LINE__, "the load fails by itself");
    kv_close(kv);
    uint64_t n = sim_count(sim, SIM_OP_SYNC | SIM_OP_SYNC_DIR);
    sim_free(sim);
    return n;
}

int main(int argc, char **argv)
{
    bool many = getenv("PALMETTO_TEST_LONG") != NULL;
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, seeds = argc > 1 ? 1 : many ? 50 : 3;
    uint64_t stride = argc > 1 || many ? 1 : seeds; // by default the seeds share the syncs among them
    int passed = 0, failed = 0;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct script script;
        script_init(&script, seed);
        uint64_t syncs = count_syncs(&script);
        for (uint64_t sync = 1 + seed % stride; sync <= syncs + 1; sync += stride) {
            if (argc > 2 && sync != strtoull(argv[2], NULL, 10))
                continue;
            for (int loss = SIM_LOSE_ALL_UNSYNCED; loss <= SIM_LOSE_NOTHING; loss++) {
                if (argc > 3 && loss != atoi(argv[3]))
                    continue;
                int before = kvtest_failures();
                fail_once(&script, &(struct failure){seed, sync, 0, loss});
                fail_once(&script, &(struct failure){seed, sync, 1 + sync % 6, loss});
                passed += kvtest_failures() == before;
                failed += kvtest_failures() != before;
                fflush(stdout);
            }
        }
        script_release(&script);
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
