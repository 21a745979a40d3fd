// Backups at any moment: while two sessions write to a table and a third changes its schema all the time, so that a job
// is nearly always in the middle of its rows, the database is backed up, in layers and by itself, restored and
// inspected. Writers move amounts from row to row: every restored state has the same total.
//
//     backup_race_test [SEED [ROUNDS]]
#include "base/util.h"
#include "operations/harness.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 6000, AMOUNT = 10, WRITERS = 2, ROUNDS_DEFAULT = 12, LAYERS_MAX = 4 };

static const char *const changes[] = {
    "CREATE INDEX x ON t (b) STORING (c)",
    "DROP INDEX t@x",
    "ALTER TABLE t ADD COLUMN y UUID NOT NULL DEFAULT gen_random_uuid()",
    "CREATE UNIQUE INDEX z ON t (y)",
    "ALTER TABLE t DROP COLUMN y",
    "ALTER TABLE t ADD CONSTRAINT positive CHECK (b > -1000000)",
    "ALTER TABLE t DROP CONSTRAINT positive",
    "ALTER TABLE t ALTER COLUMN c TYPE BYTES USING c::BYTES",
    "ALTER TABLE t ALTER COLUMN c TYPE STRING USING c::STRING",
    "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a DESC)",
    "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a)",
    "TRUNCATE junk; INSERT INTO junk SELECT i FROM generate_series(1, 3000) g(i)",
};

static struct harness h;
static uint64_t seed;
static unsigned long failures;
static _Atomic bool stop;
static _Atomic unsigned long moved, changed, running; // running: jobs at work when a backup began

struct worker {
    pthread_t thread;
    struct harness in; // its own text; the engine is shared
    struct session *session;
    struct rng rng;
};

static void fail(const char *what, struct str text)
{
    printf("  seed %llu: %s: %.*s\n", (unsigned long long)seed, what, STR_FMT(text));
    failures++;
}

static bool is_error(struct str text)
{
    return str_find(text, STR("ERROR"), 0) >= 0;
}

static void *write_rows(void *arg)
{
    struct worker *w = arg;
    while (!atomic_load(&stop)) {
        char sql[300];
        unsigned from = (unsigned)rng_below(&w->rng, ROWS), to = (unsigned)rng_below(&w->rng, ROWS);
        unsigned more = (unsigned)rng_below(&w->rng, 5);
        snprintf(
            sql, sizeof(sql),
            "BEGIN; UPDATE t SET b = b - %u, c = 'from' WHERE a = %u; UPDATE t SET b = b + %u, c = 'to' WHERE a = %u; "
            "COMMIT",
            more, from, more, to);
        if (is_error(harness_run_in(&w->in, w->session, sql)))
            harness_run_in(&w->in, w->session, "ROLLBACK");
        else
            atomic_fetch_add(&moved, 1);
    }
    return NULL;
}

static void *change_schema(void *arg)
{
    struct worker *w = arg;
    while (!atomic_load(&stop)) {
        struct str text = harness_run_in(&w->in, w->session, changes[rng_below(&w->rng, ARRAY_LEN(changes))]);
        atomic_fetch_add(&changed, !is_error(text)); // many find things otherwise
    }
    return NULL;
}

static void start(struct worker *w, void *(*body)(void *arg), uint64_t number)
{
    w->in = h;
    w->in.text = BUF_INIT;
    w->session = harness_session(&w->in, "root");
    rng_seed(&w->rng, seed * 31 + number);
    harness_run_in(&w->in, w->session, "USE d");
    INVARIANT(pthread_create(&w->thread, NULL, body, w) == 0);
}

static void finish(struct worker *w)
{
    pthread_join(w->thread, NULL);
    session_free(w->session);
    buf_release(&w->in.text);
}

static void must(const char *sql)
{
    struct str text = harness_run(&h, sql);
    if (is_error(text))
        fail(sql, text);
}

static void back_up(struct rng *rng)
{
    static unsigned layers;
    usleep((useconds_t)rng_below(rng, 30000)); // any moment will do
    atomic_fetch_add(&running,
                     !str_eqc(harness_run(&h, "SELECT count(*) FROM system.jobs WHERE status = 'running'"), "0"));
    bool fresh = layers == 0 || layers == LAYERS_MAX;
    layers = fresh ? 1 : layers + 1;
    must(fresh ? "BACKUP DATABASE d INTO 'nodelocal://1/d'" : "BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/d'");
}

static void restore_and_check(void)
{
    char expected[40];
    snprintf(expected, sizeof(expected), "%d|%d", ROWS, ROWS * AMOUNT);
    must("RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/d' WITH new_db_name = 'r'");
    must("INSPECT DATABASE r");
    struct str sums = harness_run(&h, "SELECT count(*), sum(b) FROM r.t");
    if (!str_eqc(sums, expected))
        fail("rows and total", sums);
    must("UPDATE r.t SET b = b + 1, c = 'restored' WHERE a % 7 = 0");
    must("CREATE INDEX again ON r.t (c, b)");
    must("DROP DATABASE r");
}

static void setup(void)
{
    harness_open(&h, false);
    must("SET CLUSTER SETTING sql.online_index.min_rows = 1000; CREATE DATABASE d; CREATE TABLE d.junk (a INT PRIMARY "
         "KEY)");
    must("CREATE TABLE d.t (a INT PRIMARY KEY, b INT, c STRING, FAMILY one (a), FAMILY two (b, c), INDEX tc (c))");
    char sql[200];
    snprintf(sql, sizeof(sql), "INSERT INTO d.t SELECT i, %d, 'row ' || i FROM generate_series(0, %d) g(i)", AMOUNT,
             ROWS - 1);
    must(sql);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)clock_wall_ns() % 1000000;
    int rounds = argc > 2 ? atoi(argv[2]) : ROUNDS_DEFAULT, done = 0;
    struct worker writers[WRITERS], changer;
    struct rng rng;
    rng_seed(&rng, seed);
    printf("seed %llu\n", (unsigned long long)seed);
    log_set_level(LOG_LEVEL_ERROR);
    setup();
    for (size_t i = 0; i < WRITERS; i++)
        start(&writers[i], write_rows, i);
    start(&changer, change_schema, WRITERS);
    for (; done < rounds && failures == 0; done++) {
        back_up(&rng);
        restore_and_check();
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < WRITERS; i++)
        finish(&writers[i]);
    finish(&changer);
    must("SELECT id FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs] AS j (id)");
    struct str findings = harness_check(&h);
    if (findings.len > 0)
        fail("the check", findings);
    printf("rounds: %d, with jobs running %lu, transactions %lu, schema changes %lu\n", done, atomic_load(&running),
           atomic_load(&moved), atomic_load(&changed));
    harness_close(&h);
    printf("%d passed, %d failed, 0 skipped\n", failures == 0, failures != 0);
    return failures != 0;
}
