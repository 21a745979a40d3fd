// kill -9 in the middle of schema changes that are jobs, with writers beside them. A child process runs one schema
// change after the other on a table and writers that change its rows; the parent kills it at a random moment and opens
// the store, where the job goes on or is undone. Checked at once and when all jobs have ended: the consistency check
// finds nothing, no row is lost, each index has every row, no job has failed without cause. `online_kill_test [SEED
// [CYCLES]]`
#include "base/util.h"
#include "operations/harness.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 2, ROWS = 1500, CYCLES_DEFAULT = 12 };

static struct harness h;
static uint64_t seed;
static int failures;

struct worker {
    struct harness harness; // its own buffer; the engine is shared
    struct session *session;
    struct rng rng;
    int number, pipe;
};

// ---- the child

static void tell(const struct worker *w, char what)
{
    if (write(w->pipe, &what, 1) != 1)
        _exit(3);
}

static void row_changes(struct worker *w, char *sql, size_t size)
{
    static const char *const forms[] = {
        "BEGIN; UPDATE t SET n = n - 1, s = 'changed' WHERE k = %d; UPDATE t SET n = n + 1, r = (r + 1) %% 50 WHERE k "
        "= %d; UPSERT INTO t (k, n, r, s) VALUES (%d, 0, 3, 'new'); DELETE FROM t WHERE k = %d; COMMIT",
        // Without a key, or with one that comes at any moment.
        "BEGIN; UPDATE h SET n = n - 1, s = 'changed' WHERE k = %1$d; UPDATE h SET n = n + 1 WHERE k = %2$d; DELETE "
        "FROM h "
        "WHERE k = %3$d; INSERT INTO h VALUES (%3$d, 0, 'new'); DELETE FROM h WHERE k = %4$d; COMMIT",
    };
    int from = (int)rng_below(&w->rng, ROWS), to = (int)rng_below(&w->rng, ROWS);
    const char *form = forms[rng_below(&w->rng, 4) == 0];
    snprintf(sql, size, form, from, to, ROWS + from, ROWS + to);
}

// Rows change, come and go; the sums of all `n` stay.
static void *write_rows(void *arg)
{
    struct worker *w = arg;
    char sql[500];
    for (;;) {
        row_changes(w, sql, sizeof(sql));
        struct str text = harness_run_in(&w->harness, w->session, sql);
        bool failed = str_find(text, STR("ERROR"), 0) >= 0;
        // What does not hold is kept by writers until the job finds that out.
        bool expected = str_find(text, STR("ERROR 40001"), 0) >= 0 || str_find(text, STR("\"u\""), 0) >= 0 ||
                        str_find(text, STR("(n < 0:::INT8)"), 0) >= 0;
        if (failed && !expected) {
            printf("  writer: %.*s\n", STR_FMT(text));
            fflush(stdout);
            tell(w, 'e');
        }
        if (failed)
            harness_run_in(&w->harness, w->session, "ROLLBACK");
        else
            tell(w, 'w');
    }
    return NULL;
}

static const char *const changes[] = {
    "CREATE INDEX i1 ON t (n) STORING (s)",
    "CREATE INDEX i2 ON t (s, r) WHERE n > 0",
    "CREATE UNIQUE INDEX i3 ON t (r, k)",
    "CREATE INVERTED INDEX i4 ON t (s gin_trgm_ops)",
    "DROP INDEX i1",
    "DROP INDEX i2",
    "DROP INDEX i3 CASCADE",
    "DROP INDEX i4",
    "CREATE INDEX i5 ON t ((n % 7), lower(s))",
    "DROP INDEX i5",
    "CREATE INDEX i6 ON t (r) USING HASH",
    "DROP INDEX i6",
    "DROP INDEX t_k_key CASCADE",
    "ALTER TABLE t ADD CONSTRAINT c1 CHECK (r < 50)",
    "ALTER TABLE t ADD CONSTRAINT c1 CHECK (r < 50) NOT VALID",
    "ALTER TABLE t ADD CONSTRAINT c2 CHECK (n < 0)", // does not hold
    "ALTER TABLE t VALIDATE CONSTRAINT c1",
    "ALTER TABLE t DROP CONSTRAINT c1",
    "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (r) REFERENCES p",
    "ALTER TABLE t DROP CONSTRAINT f",
    "ALTER TABLE t ALTER COLUMN s SET NOT NULL",
    "ALTER TABLE t ALTER COLUMN s DROP NOT NULL",
    "ALTER TABLE t ADD CONSTRAINT u UNIQUE (s)", // does not hold
    "ALTER TABLE t ADD COLUMN x INT AS (n * 2 + r) STORED",
    "ALTER TABLE t DROP COLUMN x",
    "ALTER TABLE t ADD COLUMN y UUID NOT NULL DEFAULT gen_random_uuid()",
    "ALTER TABLE t DROP COLUMN y",
    "ALTER TABLE t ALTER COLUMN s TYPE BYTES USING s::BYTES",
    "ALTER TABLE t ALTER COLUMN s TYPE STRING USING convert_from(s, 'utf8')",
    "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (k DESC)",
    "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (k)",
    "ALTER TABLE h ADD PRIMARY KEY (k)",
    "CREATE INDEX h1 ON h (k) STORING (s)",
    "ALTER TABLE h ALTER PRIMARY KEY USING COLUMNS (k, n) USING HASH",
    "ALTER TABLE h ADD COLUMN id UUID DEFAULT gen_random_uuid()",
    "BEGIN; CREATE TABLE g AS SELECT k, n, s FROM h; DROP TABLE h; ALTER TABLE g RENAME TO h; COMMIT",
    "REFRESH MATERIALIZED VIEW v",
};

static void *change_schema(void *arg)
{
    struct worker *w = arg;
    for (;;) {
        tell(w, 's');
        harness_run_in(&w->harness, w->session, changes[rng_below(&w->rng, ARRAY_LEN(changes))]);
    }
    return NULL;
}

static void child_run(int pipe)
{
    struct worker workers[WRITERS + 1];
    pthread_t threads[WRITERS + 1];
    harness_resume(&h);
    for (int i = 0; i <= WRITERS; i++) {
        struct worker *w = &workers[i];
        *w = (struct worker){.harness = h, .number = i, .pipe = pipe};
        w->harness.text = BUF_INIT;
        w->session = harness_session(&w->harness, "root");
        rng_seed(&w->rng, seed * 16 + (uint64_t)i);
        if (pthread_create(&threads[i], NULL, i < WRITERS ? write_rows : change_schema, w) != 0)
            _exit(3);
    }
    pthread_join(threads[0], NULL);
}

// ---- the parent

static void expect(bool ok, const char *what, struct str found)
{
    if (ok)
        return;
    failures++;
    printf("  seed %llu: %s: %.*s\n", (unsigned long long)seed, what, STR_FMT(found));
}

static void run_child(struct rng *rng)
{
    int fds[2], status;
    char what = 0;
    fflush(stdout);
    if (pipe(fds) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        child_run(fds[1]);
        _exit(3);
    }
    close(fds[1]);
    uint64_t begun = 1 + rng_below(rng, 6); // so many changes, and then at any moment
    while (begun > 0 && what != 'e' && read(fds[0], &what, 1) == 1)
        begun -= what == 's';
    usleep((useconds_t)rng_below(rng, 30000));
    kill(child, SIGKILL);
    while (what != 'e' && read(fds[0], &what, 1) == 1)
        ;
    expect(what != 'e', "a writer failed", STR_EMPTY);
    close(fds[0]);
    waitpid(child, &status, 0);
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself", STR_EMPTY);
}

static void check_rows(void)
{
    struct str sum = harness_run(&h, "SELECT (SELECT sum(n) FROM t), (SELECT sum(n) FROM h), (SELECT count(*) FROM h "
                                     "WHERE k < 1500), (SELECT count(*) FROM t WHERE k < 1500)");
    expect(str_eqc(sum, "0|0|1500|1500"), "sums and counts", sum);
    struct str found = harness_check(&h);
    expect(found.len == 0, "inconsistent", found);
}

static void await_jobs(void)
{
    while (!str_eqc(harness_run(&h, "SELECT count(*) FROM [SHOW JOBS] WHERE status NOT IN "
                                    "('succeeded', 'canceled', 'failed')"),
                    "0"))
        usleep(300);
}

// No job fails but for what is wrong with it: it is there already, is of another type by now, does not hold.
static void check_jobs(void)
{
    struct str found =
        harness_run(&h, "SELECT description, error FROM [SHOW JOBS] WHERE status <> 'succeeded' AND error !~ "
                        "'already exists|does not exist|unknown signature|multiple primary keys|"
                        "duplicate constraint name|constraint \"u\"|n < 0'");
    expect(found.len == 0, "failed without cause", found);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)clock_wall_ns() % 1000000;
    int cycles = argc > 2 ? atoi(argv[2]) : CYCLES_DEFAULT, total = 0;
    struct rng rng;
    rng_seed(&rng, seed);
    printf("seed %llu\n", (unsigned long long)seed);
    log_set_level(LOG_LEVEL_ERROR);
    harness_open(&h, true);
    harness_run(&h, "SET CLUSTER SETTING sql.online_index.min_rows = 100");
    harness_run(&h, "CREATE TABLE p (k INT PRIMARY KEY); INSERT INTO p SELECT i FROM generate_series(0, 49) g(i); "
                    "CREATE TABLE t (k INT PRIMARY KEY, n INT, r INT, s STRING); INSERT INTO t SELECT i, 0, i % 50, "
                    "'s' || i FROM generate_series(0, 1499) g(i); CREATE TABLE h AS SELECT k, n, s FROM t; "
                    "CREATE MATERIALIZED VIEW v AS SELECT r, sum(n) FROM t GROUP BY r");
    harness_suspend(&h);
    for (int cycle = 0; cycle < cycles && failures == 0; cycle++, seed++) {
        run_child(&rng);
        harness_resume(&h);
        check_rows();
        await_jobs();
        check_rows();
        check_jobs();
        harness_suspend(&h);
        total++;
    }
    harness_resume(&h);
    struct str jobs = harness_run(&h, "SELECT count(*)::STRING || ' jobs, ' || (count(*) FILTER (WHERE num_runs > 1))"
                                      "::STRING || ' went on after a kill' FROM system.jobs");
    printf("%.*s\n", STR_FMT(jobs));
    harness_close(&h);
    printf("%d passed, %d failed, 0 skipped\n", total - (failures > 0), failures);
    return failures > 0;
}
