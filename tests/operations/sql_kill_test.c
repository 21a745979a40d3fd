// kill -9 of a server's engines under SQL load with schema changes, again and again on one store. A child process opens
// the store, checks it, and then runs sessions on several threads in two virtual clusters, which report each
// acknowledged transaction through a pipe. The parent kills it at a random moment: after some transactions, while an
// index job runs, or while it still recovers and checks. The next child finds: nothing acknowledged is lost, nothing is
// half visible, no money is made, and the consistency check of both clusters is clean.
//
//     sql_kill_test [SEED [CYCLES]]
#include "base/util.h"
#include "operations/harness.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLUSTERS = 2, WRITERS = 2, ACCOUNTS = 12, CYCLES_DEFAULT = 40, MEMTABLE_BYTES = 256 << 10 };
static const char *const cluster_names[CLUSTERS] = {"system", "second"};

enum note_kind {
    NOTE_THERE,     // transaction n of the writer is acknowledged, or was found
    NOTE_READY,     // checked; n: microseconds that opening took
    NOTE_JOB_BEGUN, // an index job is about to be made
    NOTE_JOB_ENDED,
    NOTE_SCHEMA_CHANGE,
};
struct note {
    int32_t kind, cluster, writer, n;
};

typedef int lasts[CLUSTERS][WRITERS];

struct worker {
    struct harness in;
    struct rng rng;
    int cluster, number, pipe;
};

static uint64_t seed;

static void tell(int pipe, struct note note)
{
    if (write(pipe, &note, sizeof(note)) != sizeof(note))
        _exit(3);
}

// ---- the child: what it finds

#define MUST(cond, ...)                                        \
    do {                                                       \
        if (!(cond)) {                                         \
            printf("  seed %llu: ", (unsigned long long)seed); \
            printf(__VA_ARGS__);                               \
            putchar('\n');                                     \
            fflush(stdout);                                    \
            _exit(2);                                          \
        }                                                      \
    } while (0)

static int number_of(struct harness *in, const char *sql)
{
    char *text = str_dup_c(harness_run(in, sql));
    MUST(strstr(text, "ERROR") == NULL, "%s: %s", sql, text);
    int n = atoi(text);
    mem_free(text);
    return n;
}

// What was committed and not acknowledged counts from now on.
static void check_cluster(struct harness *in, int cluster, lasts acknowledged, int pipe)
{
    char sql[300];
    for (int i = 0; i < WRITERS; i++) {
        snprintf(sql, sizeof(sql), "SELECT coalesce(max(n), 0)::STRING FROM a WHERE w = %d", i);
        int last = number_of(in, sql), known = acknowledged[cluster][i];
        MUST(last == known || last == known + 1, "cluster %d writer %d: %d acknowledged, %d found", cluster, i, known,
             last);
        tell(pipe, (struct note){NOTE_THERE, cluster, i, last});
    }
    MUST(number_of(in, "SELECT count(*)::STRING FROM (SELECT w, n FROM a EXCEPT SELECT w, n FROM b)") == 0 &&
             number_of(in, "SELECT count(*)::STRING FROM (SELECT w, n FROM b EXCEPT SELECT w, n FROM a)") == 0,
         "cluster %d: a transaction is half visible", cluster);
    MUST(number_of(in, "SELECT sum(v)::STRING FROM bank") == ACCOUNTS * 100, "cluster %d: money was made or lost",
         cluster);
    struct str found = harness_check(in);
    MUST(found.len == 0, "cluster %d is inconsistent:\n%.*s", cluster, STR_FMT(found));
}

// ---- the child: what it does

static bool run(struct worker *w, const char *sql)
{
    struct str text = harness_run(&w->in, sql);
    if (str_find(text, STR("ERROR"), 0) < 0)
        return true;
    harness_run(&w->in, "ROLLBACK");
    return false;
}

// Transaction n of a writer: a row in each of two tables, a transfer, the oldest rows go.
static void *write_rows(void *arg)
{
    struct worker *w = arg;
    char sql[700];
    snprintf(sql, sizeof(sql), "SELECT coalesce(max(n), 0)::STRING FROM a WHERE w = %d", w->number);
    int n = number_of(&w->in, sql) + 1;
    for (;;) {
        int from = (int)rng_below(&w->rng, ACCOUNTS), to = (int)rng_below(&w->rng, ACCOUNTS);
        snprintf(
            sql, sizeof(sql),
            "BEGIN; INSERT INTO a (w, n, pad) VALUES (%d, %d, repeat('p', %d)); UPDATE bank SET v = v - 3 WHERE k = "
            "%d; UPDATE bank SET v = v + 3 WHERE k = %d; INSERT INTO b VALUES (%d, %d); DELETE FROM a WHERE w = %d AND "
            "n < %d; DELETE FROM b WHERE w = %d AND n < %d; COMMIT",
            w->number, n, (int)rng_below(&w->rng, 900), from, to, w->number, n, w->number, n - 40, w->number, n - 40);
        if (run(w, sql))
            tell(w->pipe, (struct note){NOTE_THERE, w->cluster, w->number, n++});
    }
    return NULL;
}

static const char *const index_jobs[] = {
    "CREATE INDEX IF NOT EXISTS big_y ON big (y) STORING (z); DROP INDEX IF EXISTS big@big_y",
    "CREATE UNIQUE INDEX IF NOT EXISTS big_u ON big (z, x); DROP INDEX IF EXISTS big@big_u CASCADE",
    "CREATE INDEX IF NOT EXISTS a_pad ON a (pad); DROP INDEX IF EXISTS a@a_pad",
    "CREATE UNIQUE INDEX IF NOT EXISTS never ON big (y)", // has duplicates: undone
};

static const char *const changes[] = {
    "CREATE TABLE IF NOT EXISTS d%d (x INT PRIMARY KEY, y INT, z STRING, INDEX (y))",
    "INSERT INTO d%d SELECT i, i %% 7, 'z' || i FROM generate_series(1, 50) g(i) ON CONFLICT DO NOTHING",
    "CREATE INDEX IF NOT EXISTS by_z ON d%d (z, y) STORING (x)",
    "DROP INDEX IF EXISTS d%1$d@by_z",
    "ALTER TABLE d%d ADD COLUMN IF NOT EXISTS more DECIMAL DEFAULT 1.5",
    "ALTER TABLE d%d DROP COLUMN IF EXISTS more",
    "ALTER TABLE d%d ALTER COLUMN z SET NOT NULL",
    "ALTER TABLE d%d ADD CONSTRAINT small CHECK (y < 1000)",
    "ALTER TABLE d%d DROP CONSTRAINT IF EXISTS small",
    "ALTER TABLE d%d ALTER COLUMN y TYPE STRING",
    "ALTER TABLE d%d ALTER COLUMN y TYPE INT USING y::INT",
    "ALTER TABLE d%d ADD CONSTRAINT one UNIQUE (z)",
    "DROP INDEX IF EXISTS d%1$d@one CASCADE",
    "TRUNCATE d%d",
    "BEGIN; DROP TABLE IF EXISTS d%1$d; CREATE TABLE d%1$d (x INT PRIMARY KEY, y INT, z STRING UNIQUE); INSERT INTO "
    "d%1$d VALUES (1, 2, 'three'); COMMIT",
    "DROP TABLE IF EXISTS d%d",
    "UPDATE d%d SET y = y + 1, z = z || '!' WHERE x %% 3 = 0",
    "DELETE FROM d%d WHERE x %% 4 = 1",
    "ALTER TABLE d%1$d RENAME TO e%1$d",
    "ALTER TABLE e%1$d RENAME TO d%1$d",
    "CREATE SEQUENCE IF NOT EXISTS s%d; SELECT nextval('s%1$d')",
    "CREATE VIEW IF NOT EXISTS v%1$d AS SELECT x, y FROM d%1$d",
    "DROP VIEW IF EXISTS v%d",
    "CREATE TYPE IF NOT EXISTS t%d AS ENUM ('a', 'b')",
    "DROP TYPE IF EXISTS t%d",
};
// In the system cluster alone.
static const char *const cluster_changes[] = {
    "CREATE VIRTUAL CLUSTER IF NOT EXISTS other%d",
    "ALTER VIRTUAL CLUSTER other%d STOP SERVICE",
    "DROP VIRTUAL CLUSTER IF EXISTS other%d IMMEDIATE",
};

static void *change_schema(void *arg)
{
    struct worker *w = arg;
    char sql[700];
    for (;;) {
        int n = (int)rng_below(&w->rng, 4);
        uint64_t kind = rng_below(&w->rng, 30);
        if (kind == 0) {
            tell(w->pipe, (struct note){.kind = NOTE_JOB_BEGUN, .cluster = w->cluster});
            run(w, index_jobs[n]);
            tell(w->pipe, (struct note){.kind = NOTE_JOB_ENDED, .cluster = w->cluster});
            continue;
        }
        if (kind == 1 && w->cluster == 0)
            snprintf(sql, sizeof(sql), cluster_changes[rng_below(&w->rng, ARRAY_LEN(cluster_changes))], n);
        else
            snprintf(sql, sizeof(sql), changes[rng_below(&w->rng, ARRAY_LEN(changes))], n);
        if (run(w, sql))
            tell(w->pipe, (struct note){.kind = NOTE_SCHEMA_CHANGE});
    }
    return NULL;
}

static void start_worker(struct worker *w, const struct harness *h, int cluster, int number, int pipe)
{
    pthread_t thread;
    *w = (struct worker){.cluster = cluster, .number = number, .pipe = pipe};
    harness_enter(h, cluster_names[cluster], &w->in);
    rng_seed(&w->rng, seed * 16 + (uint64_t)(cluster * (WRITERS + 1) + number));
    if (pthread_create(&thread, NULL, number < WRITERS ? write_rows : change_schema, w) != 0)
        _exit(3);
}

// Does not come back; the last one only looks.
static void child_run(struct harness *h, lasts acknowledged, int pipe, bool last)
{
    struct worker workers[CLUSTERS][WRITERS + 1];
    struct harness in;
    int64_t start = clock_mono_ns();
    harness_resume(h);
    int64_t took = clock_mono_ns() - start;
    for (int c = 0; c < CLUSTERS; c++) {
        harness_enter(h, cluster_names[c], &in);
        check_cluster(&in, c, acknowledged, pipe);
        harness_leave(&in);
    }
    tell(pipe, (struct note){.kind = NOTE_READY, .n = (int32_t)(took / 1000)});
    if (last)
        _exit(0);
    for (int c = 0; c < CLUSTERS; c++) {
        for (int i = 0; i <= WRITERS; i++)
            start_worker(&workers[c][i], h, c, i, pipe);
    }
    for (;;)
        pause();
}

// ---- the parent

struct totals {
    int cycles, failures, transactions, schema_changes, in_job, in_recovery;
    int64_t restart_us, slowest_us;
    int restarts;
};

struct run {
    int pipe;
    pid_t child;
    lasts *acknowledged;
    bool ready;
    int in_job[CLUSTERS];
    struct totals *totals;
};

// False at the end of what the child has said.
static bool next_note(struct run *r, struct note *note)
{
    if (read(r->pipe, note, sizeof(*note)) != sizeof(*note))
        return false;
    switch ((enum note_kind)note->kind) {
    case NOTE_THERE:
        r->totals->transactions += note->n - (*r->acknowledged)[note->cluster][note->writer];
        (*r->acknowledged)[note->cluster][note->writer] = note->n;
        break;
    case NOTE_READY:
        r->ready = true;
        r->totals->restarts++;
        r->totals->restart_us += note->n;
        r->totals->slowest_us = MAX(r->totals->slowest_us, note->n);
        break;
    case NOTE_JOB_BEGUN:
    case NOTE_JOB_ENDED:
        r->in_job[note->cluster] = note->kind == NOTE_JOB_BEGUN;
        break;
    case NOTE_SCHEMA_CHANGE:
        r->totals->schema_changes++;
        break;
    }
    return true;
}

// Reads on until the moment has come: one in eight while the store is opened and checked, three in eight in an index
// job, the others after some transactions.
static void await_moment(struct run *r, struct rng *rng)
{
    struct note note;
    uint64_t moment = rng_below(rng, 8), acks = 1 + rng_below(rng, 30);
    if (moment == 0) {
        usleep((useconds_t)rng_below(rng, 30000));
        return;
    }
    for (uint64_t n = 0; n < acks && next_note(r, &note);) {
        if (moment < 4 && r->ready && note.kind == NOTE_JOB_BEGUN)
            break;
        n += moment >= 4 && r->ready && note.kind == NOTE_THERE;
    }
    usleep((useconds_t)rng_below(rng, moment < 4 ? 20000 : 3000));
}

static void run_child(struct harness *h, struct rng *rng, lasts *acknowledged, struct totals *totals, bool last)
{
    int fds[2], status;
    struct note note;
    fflush(stdout);
    if (pipe(fds) != 0)
        exit(2);
    struct run r = {.pipe = fds[0], .acknowledged = acknowledged, .totals = totals, .child = fork()};
    if (r.child == 0) {
        close(fds[0]);
        child_run(h, *acknowledged, fds[1], last);
    }
    close(fds[1]);
    if (!last) {
        await_moment(&r, rng);
        kill(r.child, SIGKILL);
    }
    while (next_note(&r, &note))
        ;
    close(fds[0]);
    waitpid(r.child, &status, 0);
    bool expected = last ? status == 0 : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!expected)
        printf("  seed %llu: the child ended by itself: %d\n", (unsigned long long)seed, status);
    totals->failures += !expected;
    totals->in_recovery += !r.ready;
    totals->in_job += r.in_job[0] || r.in_job[1];
}

static void make_tables(struct harness *in)
{
    harness_run(in, "SET CLUSTER SETTING sql.online_index.min_rows = 1");
    harness_run(in, "CREATE TABLE a (w INT, n INT, pad STRING, PRIMARY KEY (w, n), INDEX (n) STORING (pad)); CREATE "
                    "TABLE b (w INT, n INT, PRIMARY KEY (n, w), FOREIGN KEY (w, n) REFERENCES a (w, n) ON DELETE "
                    "CASCADE); CREATE TABLE bank (k INT PRIMARY KEY, v INT, INDEX (v)); INSERT INTO bank SELECT i, 100 "
                    "FROM generate_series(0, 11) g(i); CREATE TABLE big (x INT PRIMARY KEY, y INT, z STRING); INSERT "
                    "INTO big SELECT i, i % 100, 'row ' || i FROM generate_series(1, 1500) g(i)");
}

static void report(const struct totals *t)
{
    printf("%d kills: %d in an index job, %d in a restart; %d transactions and %d schema changes acknowledged\n",
           t->cycles, t->in_job, t->in_recovery, t->transactions, t->schema_changes);
    printf("restart: %.1f ms on average, %.1f ms at most\n", (double)t->restart_us / 1e3 / MAX(t->restarts, 1),
           (double)t->slowest_us / 1e3);
}

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)clock_wall_ns() % 1000000;
    int cycles = argc > 2 ? atoi(argv[2]) : CYCLES_DEFAULT;
    struct harness h, second;
    struct totals totals = {0};
    lasts acknowledged = {0};
    struct rng rng;
    rng_seed(&rng, seed);
    printf("seed %llu\n", (unsigned long long)seed);
    log_set_level(LOG_LEVEL_ERROR);
    harness_open(&h, true);
    harness_run(&h, "CREATE VIRTUAL CLUSTER second");
    make_tables(&h);
    harness_enter(&h, "second", &second);
    make_tables(&second);
    harness_leave(&second);
    harness_suspend(&h);
    h.memtable_bytes = MEMTABLE_BYTES; // checkpoints come often, and what a restart reads is short
    for (; totals.cycles < cycles && totals.failures == 0; totals.cycles++, seed++) {
        run_child(&h, &rng, &acknowledged, &totals, false);
        if (totals.cycles % 1000 == 999)
            report(&totals);
    }
    if (totals.failures == 0)
        run_child(&h, &rng, &acknowledged, &totals, true);
    report(&totals);
    if (totals.failures > 0)
        printf("the store is left in %s\n", h.dir);
    else
        harness_remove(&h);
    printf("%d passed, %d failed, 0 skipped\n", totals.cycles - totals.failures, totals.failures);
    return totals.failures > 0;
}
