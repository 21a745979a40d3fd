// Deterministic simulation of the SQL engine: sessions, jobs and the store's own threads on one real thread under a
// seeded scheduler (os/sim/threads.h), in virtual time, on a simulated disk. Sessions move money, write rows to two
// tables in one transaction, change schemas and make indexes by jobs; power fails at a random sync, or a write or sync
// fails, and all is opened again. Nothing acknowledged is lost, nothing is half visible, no money is made, and the
// consistency check is clean. The same seed is the same run.
//
//     sql_simulation_test [SEED [COUNT]]
#include "base/util.h"
#include "operations/harness.h"
#include "os/sim/sim.h"
#include "os/sim/threads.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 3, ACCOUNTS = 6, LIVES = 3, TXNS_PER_LIFE = 12, CHANGES_PER_LIFE = 8, SEEDS_DEFAULT = 40 };

struct run {
    uint64_t seed;
    struct rng rng;
    struct sim *sim;
    struct harness h;
    int life;
    int acknowledged[WRITERS];
    bool failed;
    int commits, changes;
};

struct worker {
    struct run *run;
    struct harness in;
    struct rng rng;
    int number;
};

static void wrong(struct run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void wrong(struct run *run, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("  ");
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n  replay: sql_simulation_test %" PRIu64 " # life %d\n", run->seed, run->life);
    run->failed = true;
}

static bool dead(struct run *run)
{
    return kv_failure(run->h.kv) != NULL;
}

static bool does(struct worker *w, const char *sql)
{
    struct str text = harness_run(&w->in, sql);
    bool ok = str_find(text, STR("ERROR"), 0) < 0;
    sim_threads_note(text.len);
    if (!ok)
        harness_run(&w->in, "ROLLBACK");
    return ok;
}

static int number_of(struct run *run, struct harness *in, const char *sql)
{
    char *text = str_dup_c(harness_run(in, sql));
    if (strstr(text, "ERROR") != NULL)
        wrong(run, "%s: %s", sql, text);
    int n = atoi(text);
    mem_free(text);
    return n;
}

static void *write_rows(void *arg)
{
    struct worker *w = arg;
    struct run *run = w->run;
    char sql[500];
    int n = run->acknowledged[w->number] + 1;
    for (int i = 0; i < TXNS_PER_LIFE && !dead(run); i++) {
        int from = (int)rng_below(&w->rng, ACCOUNTS), to = (int)rng_below(&w->rng, ACCOUNTS);
        snprintf(
            sql, sizeof(sql),
            "BEGIN; INSERT INTO a VALUES (%d, %d, 'row %d'); UPDATE bank SET v = v - 3 WHERE k = %d; UPDATE bank SET "
            "v = v + 3 WHERE k = %d; INSERT INTO b VALUES (%d, %d); COMMIT",
            w->number, n, n, from, to, w->number, n);
        if (does(w, sql)) {
            run->acknowledged[w->number] = n++;
            run->commits++;
        }
    }
    return NULL;
}

static void *change_schema(void *arg)
{
    static const char *const changes[] = {
        "CREATE INDEX IF NOT EXISTS a_c ON a (c) STORING (w)",
        "DROP INDEX IF EXISTS a@a_c",
        "CREATE UNIQUE INDEX IF NOT EXISTS bank_u ON bank (v, k)",
        "DROP INDEX IF EXISTS bank@bank_u CASCADE",
        "CREATE TABLE IF NOT EXISTS d (x INT PRIMARY KEY, y INT DEFAULT 7)",
        "INSERT INTO d SELECT i, i FROM generate_series(1, 20) g(i) ON CONFLICT DO NOTHING",
        "ALTER TABLE d ADD COLUMN IF NOT EXISTS z STRING DEFAULT 'z'",
        "ALTER TABLE d DROP COLUMN IF EXISTS z",
        "DROP TABLE IF EXISTS d",
        "ALTER TABLE bank ADD CONSTRAINT some CHECK (v > -1000)",
        "ALTER TABLE bank DROP CONSTRAINT IF EXISTS some",
        "TRUNCATE d",
    };
    struct worker *w = arg;
    for (int i = 0; i < CHANGES_PER_LIFE && !dead(w->run); i++)
        w->run->changes += does(w, changes[rng_below(&w->rng, ARRAY_LEN(changes))]);
    return NULL;
}

static void make_tables(struct run *run)
{
    harness_run(&run->h, "SET CLUSTER SETTING sql.online_index.min_rows = 1");
    harness_run(&run->h,
                "CREATE TABLE a (w INT, n INT, c STRING, PRIMARY KEY (w, n)); CREATE TABLE b (w INT, n INT, "
                "PRIMARY KEY (n, w), FOREIGN KEY (w, n) REFERENCES a (w, n)); CREATE TABLE bank (k INT PRIMARY "
                "KEY, v INT, INDEX (v)); INSERT INTO bank SELECT i, 100 FROM generate_series(0, 5) g(i)");
}

static void check(struct run *run)
{
    struct harness *h = &run->h;
    char sql[200];
    for (int i = 0; i < WRITERS; i++) {
        snprintf(sql, sizeof(sql), "SELECT coalesce(max(n), 0)::STRING FROM a WHERE w = %d", i);
        int last = number_of(run, h, sql);
        if (last != run->acknowledged[i] && last != run->acknowledged[i] + 1)
            wrong(run, "writer %d: %d acknowledged, %d found", i, run->acknowledged[i], last);
        run->acknowledged[i] = last;
    }
    if (number_of(run, h, "SELECT count(*)::STRING FROM (SELECT w, n FROM a EXCEPT SELECT w, n FROM b)") != 0)
        wrong(run, "a transaction is half visible");
    if (number_of(run, h, "SELECT sum(v)::STRING FROM bank") != ACCOUNTS * 100)
        wrong(run, "money was made or lost");
    struct str found = harness_check(h);
    if (found.len > 0)
        wrong(run, "inconsistent:\n%.*s", STR_FMT(found));
}

static void run_workers(struct run *run)
{
    struct worker workers[WRITERS + 1];
    pthread_t threads[WRITERS + 1];
    for (int i = 0; i <= WRITERS; i++) {
        struct worker *w = &workers[i];
        *w = (struct worker){.run = run, .number = i};
        harness_enter(&run->h, "system", &w->in);
        rng_seed(&w->rng, run->seed * 100 + (uint64_t)(run->life * 10 + i));
        if (pthread_create(&threads[i], NULL, i < WRITERS ? write_rows : change_schema, w) != 0)
            wrong(run, "no thread");
    }
    for (int i = 0; i <= WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i <= WRITERS; i++)
        harness_leave(&workers[i].in);
}

// Opens, works until the power goes off or the work is done, closes; power comes back.
static void live(void *arg)
{
    struct run *run = arg;
    harness_open_on(&run->h, sim_os(run->sim));
    make_tables(run);
    for (run->life = 0; run->life < LIVES && !run->failed; run->life++) {
        uint64_t end = rng_below(&run->rng, 5);
        struct sim_fault fault = {end == 0 ? SIM_OP_WRITE : SIM_OP_SYNC, 1 + rng_below(&run->rng, 150), EIO, false,
                                  true};
        if (end < 2)
            sim_set_fault(run->sim, fault);
        else if (end < 4)
            sim_power_off_at(run->sim, fault.n);
        run_workers(run);
        sim_set_fault(run->sim, (struct sim_fault){0});
        if (rng_below(&run->rng, 2) == 0)
            sim_power_off_at(run->sim, 0);
        harness_suspend(&run->h);
        sim_power_on(run->sim, (enum sim_loss)rng_below(&run->rng, SIM_LOSE_NOTHING + 1));
        harness_resume(&run->h);
        check(run);
    }
    harness_suspend(&run->h);
}

struct totals {
    uint64_t hash, steps;
    int commits, changes;
};

static void simulate_here(uint64_t seed, struct totals *out)
{
    static struct run run;
    run.seed = seed;
    run.sim = sim_new(seed);
    rng_seed(&run.rng, seed);
    sim_threads_run(seed, live, &run);
    *out = (struct totals){run.failed ? 0 : sim_threads_hash() | 1, sim_threads_steps(), run.commits, run.changes};
    harness_remove(&run.h);
    sim_free(run.sim);
}

// In a process of its own, so that nothing is left of the run before.
static uint64_t simulate(uint64_t seed, struct totals *totals)
{
    struct totals one = {0};
    int fds[2];
    fflush(stdout);
    if (pipe(fds) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        simulate_here(seed, &one);
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
    totals->changes += one.changes;
    return one.hash;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : SEEDS_DEFAULT, failed = 0;
    struct totals t = {0};
    log_set_level(LOG_LEVEL_FATAL); // failures are the point
    for (uint64_t seed = first; seed < first + count && failed < 5; seed++) {
        uint64_t hash = simulate(seed, &t);
        bool same = hash == 0 || seed % 10 != first % 10 || simulate(seed, &t) == hash;
        if (!same)
            printf("  seed %" PRIu64 " does not run the same way twice\n", seed);
        if (count == 1)
            printf("seed %" PRIu64 ": %016" PRIx64 "\n", seed, hash);
        failed += hash == 0 || !same;
    }
    printf("%" PRIu64 " steps, %d transactions, %d schema changes\n", t.steps, t.commits, t.changes);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n", count - failed, failed);
    return failed > 0;
}
