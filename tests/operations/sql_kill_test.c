// kill -9 of a server's engine under SQL load with schema changes, again and again on one store. A child process runs
// sessions on several threads and reports each acknowledged transaction through a pipe; the parent kills it at a random
// moment, opens the store and checks: nothing acknowledged is lost, nothing is half visible, no money is made, and the
// consistency check finds nothing. `sql_kill_test [SEED [CYCLES]]`
#include "base/util.h"
#include "operations/harness.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 3, ACCOUNTS = 12, CYCLES_DEFAULT = 40 };

static struct harness h;
static uint64_t seed;
static int failures;

#define MUST(cond, ...)                                        \
    do {                                                       \
        if (!(cond)) {                                         \
            failures++;                                        \
            printf("  seed %llu: ", (unsigned long long)seed); \
            printf(__VA_ARGS__);                               \
            putchar('\n');                                     \
        }                                                      \
    } while (0)

// ---- the child

struct acknowledged {
    int32_t writer;
    int32_t n;
};
struct worker {
    struct harness harness; // its own buffer; the engine is shared
    struct session *session;
    struct rng rng;
    int number, pipe;
};

static bool run(struct worker *w, const char *sql)
{
    struct str text = harness_run_in(&w->harness, w->session, sql);
    if (str_find(text, STR("ERROR"), 0) < 0)
        return true;
    harness_run_in(&w->harness, w->session, "ROLLBACK");
    return false;
}

static void worker_open(struct worker *w, int number, int pipe)
{
    *w = (struct worker){.harness = h, .number = number, .pipe = pipe};
    w->harness.text = BUF_INIT;
    w->session = harness_session(&w->harness, "root");
    rng_seed(&w->rng, seed * 16 + (uint64_t)number);
}

// Transaction n of a writer: a row in each of two tables, a transfer.
static void *write_rows(void *arg)
{
    struct worker *w = arg;
    char sql[700];
    snprintf(sql, sizeof(sql), "SELECT coalesce(max(n), 0)::STRING FROM a WHERE w = %d", w->number);
    char *last = str_dup_c(harness_run_in(&w->harness, w->session, sql));
    int n = atoi(last) + 1;
    mem_free(last);
    for (;;) {
        int from = (int)rng_below(&w->rng, ACCOUNTS), to = (int)rng_below(&w->rng, ACCOUNTS);
        snprintf(
            sql, sizeof(sql),
            "BEGIN; INSERT INTO a (w, n, pad) VALUES (%d, %d, repeat('p', %d)); UPDATE bank SET v = v - 3 WHERE k = "
            "%d; UPDATE bank SET v = v + 3 WHERE k = %d; INSERT INTO b VALUES (%d, %d); DELETE FROM a WHERE w = %d AND "
            "n < %d; DELETE FROM b WHERE w = %d AND n < %d; COMMIT",
            w->number, n, (int)rng_below(&w->rng, 900), from, to, w->number, n, w->number, n - 40, w->number, n - 40);
        if (!run(w, sql))
            continue;
        struct acknowledged ack = {w->number, n++};
        if (write(w->pipe, &ack, sizeof(ack)) != sizeof(ack))
            _exit(3);
    }
}

static void *change_schema(void *arg)
{
    static const char *const changes[] = {
        "CREATE TABLE IF NOT EXISTS d%d (x INT PRIMARY KEY, y INT, z STRING, INDEX (y))",
        "INSERT INTO d%d SELECT i, i %% 7, 'z' || i FROM generate_series(1, 50) g(i) ON CONFLICT DO NOTHING",
        "CREATE INDEX IF NOT EXISTS by_z ON d%d (z, y) STORING (x)",
        "DROP INDEX IF EXISTS d%1$d@by_z",
        "ALTER TABLE d%d ADD COLUMN IF NOT EXISTS more DECIMAL DEFAULT 1.5",
        "ALTER TABLE d%d DROP COLUMN IF EXISTS more",
        "TRUNCATE d%d",
        "BEGIN; DROP TABLE IF EXISTS d%1$d; CREATE TABLE d%1$d (x INT PRIMARY KEY, y INT, z STRING UNIQUE); INSERT "
        "INTO "
        "d%1$d VALUES (1, 2, 'three'); COMMIT",
        "DROP TABLE IF EXISTS d%d",
        "UPDATE d%d SET y = y + 1, z = z || '!' WHERE x %% 3 = 0",
        "DELETE FROM d%d WHERE x %% 4 = 1",
        "ALTER TABLE d%1$d RENAME TO e%1$d",
        "ALTER TABLE e%1$d RENAME TO d%1$d",
        "CREATE SEQUENCE IF NOT EXISTS s%d; SELECT nextval('s%1$d')",
        "CREATE VIEW IF NOT EXISTS v%1$d AS SELECT x, y FROM d%1$d",
        "DROP VIEW IF EXISTS v%d",
    };
    struct worker *w = arg;
    char sql[700];
    for (;;) {
        snprintf(sql, sizeof(sql), changes[rng_below(&w->rng, ARRAY_LEN(changes))], (int)rng_below(&w->rng, 4));
        run(w, sql);
    }
    return NULL;
}

static void child_run(int pipe)
{
    struct worker workers[WRITERS + 1];
    pthread_t threads[WRITERS + 1];
    harness_resume(&h);
    for (int i = 0; i <= WRITERS; i++) {
        worker_open(&workers[i], i, pipe);
        if (pthread_create(&threads[i], NULL, i < WRITERS ? write_rows : change_schema, &workers[i]) != 0)
            _exit(3);
    }
    pthread_join(threads[0], NULL);
}

// ---- the parent

// Lets a child work for a while and kills it; the last transaction acknowledged per writer.
static void run_child(struct rng *rng, int acknowledged[WRITERS])
{
    int fds[2];
    struct acknowledged ack;
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
    uint64_t acks = 1 + rng_below(rng, 60); // so many, and then at any moment
    for (uint64_t i = 0; i < acks && read(fds[0], &ack, sizeof(ack)) == sizeof(ack); i++)
        acknowledged[ack.writer] = ack.n;
    usleep((useconds_t)rng_below(rng, 5000));
    kill(child, SIGKILL);
    while (read(fds[0], &ack, sizeof(ack)) == sizeof(ack))
        acknowledged[ack.writer] = ack.n;
    close(fds[0]);
    int status;
    waitpid(child, &status, 0);
    MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %d", status);
}

static int number_of(const char *sql)
{
    char *text = str_dup_c(harness_run(&h, sql));
    int n = atoi(text);
    mem_free(text);
    return n;
}

// What was committed and not acknowledged any more counts from now on.
static void check_store(int acknowledged[WRITERS])
{
    char sql[300];
    for (int i = 0; i < WRITERS; i++) {
        snprintf(sql, sizeof(sql), "SELECT coalesce(max(n), 0)::STRING FROM a WHERE w = %d", i);
        int last = number_of(sql);
        MUST(last == acknowledged[i] || last == acknowledged[i] + 1, "writer %d: %d acknowledged, %d found", i,
             acknowledged[i], last);
        acknowledged[i] = last;
    }
    MUST(number_of("SELECT count(*)::STRING FROM (SELECT w, n FROM a EXCEPT SELECT w, n FROM b)") == 0 &&
             number_of("SELECT count(*)::STRING FROM (SELECT w, n FROM b EXCEPT SELECT w, n FROM a)") == 0,
         "a transaction is half visible");
    MUST(number_of("SELECT sum(v)::STRING FROM bank") == ACCOUNTS * 100, "money was made or lost");
    struct str found = harness_check(&h);
    MUST(found.len == 0, "inconsistent:\n%.*s", STR_FMT(found));
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)clock_wall_ns() % 1000000;
    int cycles = argc > 2 ? atoi(argv[2]) : CYCLES_DEFAULT, total = 0;
    int acknowledged[WRITERS] = {0};
    int64_t slowest_ns = 0, sum_ns = 0;
    struct rng rng;
    rng_seed(&rng, seed);
    printf("seed %llu\n", (unsigned long long)seed);
    log_set_level(LOG_LEVEL_ERROR);
    harness_open(&h, true);
    harness_run(
        &h, "CREATE TABLE a (w INT, n INT, pad STRING, PRIMARY KEY (w, n), INDEX (n) STORING (pad)); CREATE TABLE b "
            "(w INT, n INT, PRIMARY KEY (n, w), FOREIGN KEY (w, n) REFERENCES a (w, n) ON DELETE CASCADE); CREATE "
            "TABLE bank (k INT PRIMARY KEY, v INT, INDEX (v)); INSERT INTO bank SELECT i, 100 FROM "
            "generate_series(0, 11) g(i)");
    harness_suspend(&h);
    for (int cycle = 0; cycle < cycles && failures == 0; cycle++, seed++) {
        run_child(&rng, acknowledged);
        int64_t start = clock_mono_ns();
        harness_resume(&h);
        int64_t took = clock_mono_ns() - start;
        slowest_ns = MAX(slowest_ns, took);
        sum_ns += took;
        check_store(acknowledged);
        harness_suspend(&h);
        total++;
    }
    for (int i = 0; i < WRITERS; i++)
        printf("writer %d: %d transactions\n", i, acknowledged[i]);
    printf("restart: %.1f ms on average, %.1f ms at most\n", (double)sum_ns / 1e6 / MAX(total, 1),
           (double)slowest_ns / 1e6);
    harness_resume(&h);
    harness_close(&h);
    printf("%d passed, %d failed, 0 skipped\n", total - (failures > 0), failures);
    return failures > 0;
}
