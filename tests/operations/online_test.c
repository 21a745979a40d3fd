// CREATE INDEX as a job: beside writers, over a restart, canceled, with duplicates.
#include "base/util.h"
#include "operations/harness.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static struct harness h;
enum { ROWS = 6000, WRITERS = 3 };

static void setup(bool on_disk)
{
    harness_open(&h, on_disk);
    CHECK_SQL(&h, "SET CLUSTER SETTING sql.online_index.min_rows = 1000", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "CREATE TABLE t (a INT PRIMARY KEY, b INT, c STRING)", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO t SELECT i, i * 7 % 6000, 'row ' || i FROM generate_series(0, 5999) g(i)",
              "INSERT 0 6000");
}

static void teardown(void)
{
    CHECK_STR(harness_check(&h), "");
    harness_close(&h);
}

static _Atomic bool stop;
static _Atomic int written, failed;

static void *write_load(void *arg)
{
    struct harness mine = h; // its own buffer; the engine is shared
    mine.text = BUF_INIT;
    struct session *s = harness_session(&mine, "root");
    struct rng rng;
    char sql[300];
    rng_seed(&rng, (uint64_t)(uintptr_t)arg);
    while (!atomic_load(&stop)) {
        int a = (int)rng_below(&rng, ROWS + 500), b = (int)rng_below(&rng, ROWS);
        int kind = (int)rng_below(&rng, 4);
        snprintf(sql, sizeof(sql),
                 kind == 0   ? "UPSERT INTO t VALUES (%d, %d, 'new')"
                 : kind == 1 ? "DELETE FROM t WHERE a = %d AND b <> %d"
                             : "UPDATE t SET b = %2$d, c = 'other' WHERE a = %1$d",
                 a, b);
        struct str text = harness_run_in(&mine, s, sql);
        atomic_fetch_add(&written, 1);
        if (str_find(text, STR("ERROR"), 0) >= 0) {
            atomic_fetch_add(&failed, 1);
            printf("  writer: %.*s\n", STR_FMT(text));
        }
    }
    session_free(s);
    buf_release(&mine.text);
    return NULL;
}

static void start_writers(pthread_t *threads)
{
    stop = false;
    written = failed = 0;
    for (int i = 0; i < WRITERS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, write_load, (void *)(uintptr_t)(i + 1)), 0);
    while (atomic_load(&written) < 20)
        usleep(500);
}

static void end_writers(pthread_t *threads)
{
    atomic_store(&stop, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(failed, 0);
}

// Writers go on, without errors; what they write is in the index.
static void test_beside_writers(void)
{
    pthread_t threads[WRITERS];
    setup(false);
    start_writers(threads);
    CHECK_SQL(&h, "CREATE INDEX tb ON t (b) STORING (c)", "CREATE INDEX");
    CHECK_SQL(&h, "CREATE INDEX tp ON t (c, b) WHERE b < 3000", "CREATE INDEX");
    CHECK_SQL(&h, "CREATE INDEX te ON t ((b % 10), lower(c))", "CREATE INDEX");
    CHECK_SQL(&h, "CREATE INDEX th ON t (b) USING HASH", "CREATE INDEX");
    CHECK_SQL(&h, "CREATE INVERTED INDEX ti ON t (c gin_trgm_ops)", "CREATE INDEX");
    end_writers(threads);
    CHECK_SQL(&h,
              "SELECT (SELECT count(*) FROM t@te WHERE b % 10 = 3) = (SELECT count(*) FROM t@t_pkey WHERE b % 10 = 3)",
              "t");
    CHECK_SQL(&h, "SELECT count(*) FROM (SELECT a FROM t@tb EXCEPT SELECT a FROM t@t_pkey)", "0");
    CHECK_SQL(&h, "SELECT (SELECT count(*) FROM t@tb) = (SELECT count(*) FROM t@t_pkey)", "t");
    CHECK_SQL(&h, "SELECT job_type, description, status FROM [SHOW JOBS] ORDER BY job_id",
              "NEW SCHEMA CHANGE|CREATE INDEX tb ON t (b) STORING (c)|succeeded\n"
              "NEW SCHEMA CHANGE|CREATE INDEX tp ON t (c, b) WHERE b < 3000|succeeded\n"
              "NEW SCHEMA CHANGE|CREATE INDEX te ON t ((b % 10), (lower(c)))|succeeded\n"
              "NEW SCHEMA CHANGE|CREATE INDEX th ON t (b) USING HASH|succeeded\n"
              "NEW SCHEMA CHANGE|CREATE INVERTED INDEX ti ON t (c gin_trgm_ops)|succeeded");
    teardown();
}

static void test_unique(void)
{
    setup(false);
    CHECK_SQL(&h, "CREATE UNIQUE INDEX u ON t (b)", "CREATE INDEX");
    CHECK_SQL(&h, "INSERT INTO t VALUES (10000, 7, '')",
              "ERROR 23505 duplicate key value violates unique constraint \"u\"");
    CHECK_SQL(&h, "INSERT INTO t VALUES (10000, 7, '') ON CONFLICT (b) DO NOTHING", "INSERT 0 0");
    CHECK_SQL(&h, "UPDATE t SET c = 'twice' WHERE a IN (17, 5900)", "UPDATE 2");
    CHECK_SQL(&h, "CREATE UNIQUE INDEX v ON t (c)", "ERROR 23505 duplicate key value violates unique constraint \"v\"");
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW INDEXES FROM t] WHERE index_name = 'v'", "0");
    CHECK_SQL(&h, "SELECT status FROM [SHOW JOBS] WHERE job_type = 'NEW SCHEMA CHANGE' ORDER BY job_id",
              "succeeded\nfailed");
    CHECK_SQL(&h, "INSERT INTO t VALUES (10000, 6000, 'twice')", "INSERT 0 1");
    CHECK_SQL(&h, "CREATE INDEX v ON t (c)", "CREATE INDEX"); // the name is free again
    CHECK_SQL(&h, "SELECT count(*) FROM t@v WHERE c = 'twice'", "3");
    CHECK_SQL(&h, "CREATE INDEX v ON t (c)", "ERROR 42P07 index with name \"v\" already exists");
    CHECK_SQL(&h, "CREATE INDEX IF NOT EXISTS v ON t (c)", "CREATE INDEX");
    teardown();
}

// Every kind of constraint, beside writers that keep it.
static void test_constraints(void)
{
    pthread_t threads[WRITERS];
    setup(false);
    CHECK_SQL(&h, "CREATE TABLE p (k INT PRIMARY KEY)", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO p SELECT i FROM generate_series(0, 5999) g(i)", "INSERT 0 6000");
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT later CHECK (b > -1) NOT VALID", "ALTER TABLE");
    start_writers(threads);
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT small CHECK (b < 6000)", "ALTER TABLE");
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p", "ALTER TABLE");
    CHECK_SQL(&h, "ALTER TABLE t ALTER COLUMN b SET NOT NULL", "ALTER TABLE");
    CHECK_SQL(&h, "ALTER TABLE t VALIDATE CONSTRAINT later", "ALTER TABLE");
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, b)", "ALTER TABLE");
    end_writers(threads);
    CHECK_SQL(&h, "SELECT constraint_name, validated FROM [SHOW CONSTRAINTS FROM t] ORDER BY 1",
              "fk|t\nlater|t\nsmall|t\nt_pkey|t\nu|t");
    CHECK_SQL(&h, "SELECT count(*), min(status) FROM [SHOW JOBS]", "5|succeeded");
    CHECK_SQL(&h, "INSERT INTO t VALUES (-1, NULL, '')",
              "ERROR 23502 null value in column \"b\" violates not-null constraint");
    CHECK_SQL(&h, "DELETE FROM p WHERE k = (SELECT min(b) FROM t)",
              "ERROR 23503 delete on table \"p\" violates foreign key constraint \"fk\" on table \"t\"");
    teardown();
}

// Rows in another form and under another key, beside writers who know nothing of it.
static void test_rewrites(void)
{
    static const struct {
        const char *sql, *check, *expected;
    } changes[] = {
        {"ALTER TABLE t ADD COLUMN twice INT NOT NULL AS (b * 2) STORED", "SELECT count(*) FROM t WHERE twice <> b * 2",
         "0"},
        {"ALTER TABLE t ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid()",
         "SELECT count(*) = count(DISTINCT id) AND count(*) = count(id) FROM t", "t"},
        {"ALTER TABLE t ALTER COLUMN c TYPE BYTES USING c::BYTES", "SELECT count(*) FROM t WHERE c = 'row 1'", NULL},
        {"CREATE INDEX tc ON t (c) STORING (b)", NULL, NULL},
        {"ALTER TABLE t ALTER COLUMN c TYPE STRING USING convert_from(c, 'utf8')",
         "SELECT (SELECT count(*) FROM t@tc WHERE c = 'other') = (SELECT count(*) FROM t@t_pkey WHERE c = 'other')",
         "t"},
        {"ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a DESC)",
         "SELECT count(*) FROM (SELECT a FROM t@t_pkey EXCEPT SELECT a FROM t@t_a_key)", "0"},
        {"ALTER TABLE t ALTER COLUMN a TYPE DECIMAL", "SELECT count(*) FROM t@t_a_key WHERE a = 17.5", "0"},
        {"ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a DESC) USING HASH",
         "SELECT (SELECT count(*) FROM t@tc) = (SELECT count(*) FROM t@t_pkey)", "t"},
        {"ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a)", "SELECT count(*) FROM t WHERE a = 17 AND a <> 17", "0"},
    };
    pthread_t threads[WRITERS];
    setup(false);
    start_writers(threads);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct str text = harness_run(&h, changes[i].sql);
        CHECK(str_find(text, STR("ERROR"), 0) < 0);
        if (str_find(text, STR("ERROR"), 0) >= 0)
            printf("  %s: %.*s\n", changes[i].sql, STR_FMT(text));
        if (changes[i].expected != NULL)
            CHECK_SQL(&h, changes[i].check, changes[i].expected);
    }
    end_writers(threads);
    CHECK_SQL(&h, "SELECT count(*), min(status), max(status) FROM [SHOW JOBS] WHERE job_type = 'NEW SCHEMA CHANGE'",
              "9|succeeded|succeeded");
    CHECK_SQL(&h, "SELECT column_name, data_type, is_nullable FROM [SHOW COLUMNS FROM t] WHERE NOT is_hidden",
              "a|DECIMAL|f\nb|INT8|t\nc|STRING|t\ntwice|INT8|f\nid|UUID|f");
    CHECK_SQL(&h, "INSERT INTO t (a, b) VALUES (99999, 4); SELECT a, b, twice FROM t WHERE a = 99999",
              "INSERT 0 1\n99999|4|8");
    teardown();
}

// A key for a table that had none: its hidden one goes.
static void test_add_key(void)
{
    setup(false);
    CHECK_SQL(&h, "CREATE TABLE n AS SELECT * FROM t", "CREATE TABLE AS");
    CHECK_SQL(&h, "CREATE INDEX nb ON n (b) STORING (c)", "CREATE INDEX");
    CHECK_SQL(&h, "ALTER TABLE n ADD PRIMARY KEY (a)", "ALTER TABLE");
    CHECK_SQL(&h, "SELECT create_statement FROM [SHOW CREATE TABLE n]",
              "CREATE TABLE public.n (\n\ta INT8 NOT NULL,\n\tb INT8 NULL,\n\tc STRING NULL,\n\tCONSTRAINT n_pkey "
              "PRIMARY KEY (a ASC),\n\tINDEX nb (b ASC) STORING (c)\n)");
    CHECK_SQL(&h, "SELECT a, c FROM n@nb WHERE b = 7", "1|row 1");
    CHECK_SQL(&h, "INSERT INTO n VALUES (1, 1, '')",
              "ERROR 23505 duplicate key value violates unique constraint \"n_pkey\"");
    CHECK_SQL(&h, "SELECT count(*) FROM n", "6000");
    teardown();
}

// A rewrite that cannot be leaves everything as it was.
static void test_failing_rewrites(void)
{
    setup(false);
    CHECK_SQL(&h, "INSERT INTO t VALUES (7000, 3, NULL)", "INSERT 0 1");
    CHECK_SQL(&h, "CREATE INDEX tc ON t (c)", "CREATE INDEX");
    CHECK_SQL(&h, "ALTER TABLE t ALTER COLUMN c TYPE INT USING c::INT",
              "ERROR 22P02 could not parse \"row 0\" as type int: strconv.ParseInt: parsing \"row 0\": invalid syntax");
    CHECK_SQL(&h, "ALTER TABLE t ADD COLUMN l INT NOT NULL AS (length(c)) STORED",
              "ERROR 23502 null value in column \"l\" violates not-null constraint");
    CHECK_SQL(&h, "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (b)",
              "ERROR 23505 duplicate key value violates unique constraint \"t_pkey\"");
    CHECK_SQL(&h, "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (c)",
              "ERROR 23502 validation of column \"c\" NOT NULL failed on row: a=7000, b=3, c=NULL");
    CHECK_SQL(&h, "SELECT create_statement FROM [SHOW CREATE TABLE t]",
              "CREATE TABLE public.t (\n\ta INT8 NOT NULL,\n\tb INT8 NULL,\n\tc STRING NULL,\n\tCONSTRAINT t_pkey "
              "PRIMARY KEY (a ASC),\n\tINDEX tc (c ASC)\n)");
    CHECK_SQL(&h, "SELECT a, c FROM t@tc WHERE c = 'row 5'", "5|row 5");
    CHECK_SQL(&h, "SELECT status, count(*) FROM [SHOW JOBS] WHERE job_type = 'NEW SCHEMA CHANGE' GROUP BY 1 ORDER BY 1",
              "failed|4\nsucceeded|1");
    teardown();
}

// What does not hold is not there afterwards; what was there before it was to be validated stays.
static void test_violations(void)
{
    setup(false);
    CHECK_SQL(&h, "CREATE TABLE p (k INT PRIMARY KEY)", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO t VALUES (7000, NULL, 'odd'); UPDATE t SET b = 7 WHERE a = 0", "INSERT 0 1\nUPDATE 1");
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT kept CHECK (c <> 'odd') NOT VALID", "ALTER TABLE");
    CHECK_SQL(&h, "ALTER TABLE t ADD CHECK (a < 7000)",
              "ERROR 23514 validation of CHECK \"a < 7000:::INT8\" failed on row: a=7000, b=NULL, c='odd'");
    CHECK_SQL(&h, "ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES p",
              "ERROR 23503 foreign key violation: \"t\" row a=0, b=7 has no match in \"p\"");
    CHECK_SQL(&h, "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
              "ERROR 23502 validation of column \"b\" NOT NULL failed on row: a=7000, b=NULL, c='odd'");
    CHECK_SQL(&h, "ALTER TABLE t VALIDATE CONSTRAINT kept",
              "ERROR 23514 validation of CHECK \"c != 'odd':::STRING\" failed on row: a=7000, b=NULL, c='odd'");
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (b)",
              "ERROR 23505 duplicate key value violates unique constraint \"u\"");
    CHECK_SQL(&h, "SELECT constraint_name, validated FROM [SHOW CONSTRAINTS FROM t] ORDER BY 1", "kept|f\nt_pkey|t");
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW CONSTRAINTS FROM p]", "1");
    CHECK_SQL(&h, "INSERT INTO t VALUES (7001, NULL, '')", "INSERT 0 1");
    CHECK_SQL(&h, "DROP TABLE p", "DROP TABLE");
    CHECK_SQL(&h, "SELECT status, count(*) FROM [SHOW JOBS] WHERE job_type = 'NEW SCHEMA CHANGE' GROUP BY 1",
              "failed|5");
    teardown();
}

static void *change_slowly(void *arg)
{
    struct harness mine = h;
    mine.text = BUF_INIT;
    struct session *s = harness_session(&mine, "root");
    harness_run_in(&mine, s, arg);
    session_free(s);
    buf_release(&mine.text);
    return NULL;
}

// The job is held up by a row that somebody keeps changing: every attempt to put its entry is overtaken. Returns when
// the index is there and write-only.
static void await_job(void)
{
    while (str_eqc(harness_run(&h, "SELECT count(*) FROM [SHOW JOBS] WHERE status = 'running'"), "0"))
        usleep(300);
}

static void test_control(void)
{
    static const char *const controls[] = {"CANCEL", "PAUSE"};
    for (size_t i = 0; i < ARRAY_LEN(controls); i++) {
        pthread_t thread;
        char sql[200];
        setup(true);
        CHECK_SQL(&h, "INSERT INTO t SELECT i, i, repeat('x', 300) FROM generate_series(10000, 70000) g(i)",
                  "INSERT 0 60001");
        CHECK_INT(pthread_create(&thread, NULL, change_slowly, "CREATE INDEX slow ON t (c)"), 0);
        await_job();
        snprintf(sql, sizeof(sql), "%s JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'running')", controls[i]);
        struct str text = harness_run(&h, sql);
        bool asked = str_find(text, STR(" 1"), 0) > 0; // it may have been through already
        pthread_join(thread, NULL);
        harness_reopen(&h);
        if (asked && i == 1) {
            CHECK_SQL(&h, "SELECT status FROM [SHOW JOBS]", "paused");
            CHECK_STR(harness_check(&h), "");
            CHECK_SQL(&h, "INSERT INTO t VALUES (-1, 1, 'while paused'); DELETE FROM t WHERE a = 20000",
                      "INSERT 0 1\nDELETE 1");
            CHECK_SQL(&h, "RESUME JOBS (SELECT job_id FROM [SHOW JOBS])", "RESUME JOBS 1");
            CHECK_SQL(&h, "SELECT status FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "succeeded");
            CHECK_SQL(&h, "SELECT count(*) FROM t@slow WHERE c = 'while paused'", "1");
        } else if (asked) {
            CHECK_SQL(&h, "SELECT status, error FROM [SHOW JOBS] WHERE job_type = 'NEW SCHEMA CHANGE'",
                      "canceled|job canceled by user");
            CHECK_SQL(&h, "SELECT count(*) FROM [SHOW INDEXES FROM t] WHERE index_name = 'slow'", "0");
        }
        teardown();
    }
}

static void await_jobs(void)
{
    while (!str_eqc(harness_run(&h, "SELECT count(*) FROM [SHOW JOBS] WHERE status NOT IN "
                                    "('succeeded', 'canceled', 'failed')"),
                    "0"))
        usleep(300);
}

// A transaction that has written into an index goes on when the index is given up; what it leaves is removed.
static void test_straggler(void)
{
    pthread_t thread;
    setup(false);
    CHECK_SQL(&h, "INSERT INTO t SELECT i, i, repeat('x', 300) FROM generate_series(10000, 70000) g(i)",
              "INSERT 0 60001");
    CHECK_INT(pthread_create(&thread, NULL, change_slowly, "CREATE INDEX slow ON t (c)"), 0);
    await_job();
    struct str text = harness_run(&h, "PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'running')");
    bool asked = str_find(text, STR(" 1"), 0) > 0; // it may have been through already
    pthread_join(thread, NULL);
    struct session *s = harness_session(&h, "root");
    CHECK_STR(harness_run_in(&h, s, "BEGIN; UPDATE t SET c = 'open' WHERE a < 10"), "BEGIN\nUPDATE 10");
    if (asked) {
        CHECK_SQL(&h, "CANCEL JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused')", "CANCEL JOBS 1");
        while (!str_eqc(harness_run(&h, "SELECT status FROM [SHOW JOBS] WHERE job_type = 'NEW SCHEMA CHANGE'"),
                        "canceled"))
            usleep(300);
    }
    CHECK_STR(harness_run_in(&h, s, "UPDATE t SET c = 'still open' WHERE a < 20; COMMIT"), "UPDATE 20\nCOMMIT");
    session_free(s);
    await_jobs();
    CHECK_SQL(&h, "SELECT count(*) FROM t WHERE c = 'still open'", "20");
    teardown();
}

// The job asks for the lock of a table that a transaction is writing to.
static void await_wait(void)
{
    while (!str_eqc(harness_run(&h, "SELECT count(*) > 0 FROM crdb_internal.cluster_locks WHERE NOT granted"), "t"))
        usleep(300);
}

static void others_write(void)
{
    for (int i = 0; i < 10; i++)
        CHECK_SQL(&h, "UPDATE t SET c = c || 'x' WHERE a = 4000", "UPDATE 1");
}

// The first step waits for a transaction that writes to the table, and others go on meanwhile.
static void test_first_step_waits(void)
{
    pthread_t thread;
    setup(false);
    struct session *s = harness_session(&h, "root");
    CHECK_STR(harness_run_in(&h, s, "BEGIN; UPDATE t SET c = 'open' WHERE a < 10"), "BEGIN\nUPDATE 10");
    CHECK_INT(pthread_create(&thread, NULL, change_slowly, "CREATE INDEX slow ON t (c)"), 0);
    await_wait();
    others_write();
    CHECK_STR(harness_run_in(&h, s, "UPDATE t SET c = 'still open' WHERE a < 20; COMMIT"), "UPDATE 20\nCOMMIT");
    pthread_join(thread, NULL);
    CHECK_SQL(&h, "SELECT count(*) FROM t@slow WHERE c = 'still open'", "20");
    CHECK_STR(harness_run_in(&h, s, "BEGIN; UPDATE t SET c = 'again' WHERE a < 10"), "BEGIN\nUPDATE 10");
    CHECK_INT(pthread_create(&thread, NULL, change_slowly, "CREATE INDEX canceled ON t (c)"), 0);
    await_wait();
    CHECK_SQL(&h, "CANCEL JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'running')", "CANCEL JOBS 1");
    pthread_join(thread, NULL);
    CHECK_STR(harness_run_in(&h, s, "COMMIT"), "COMMIT");
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW INDEXES FROM t] WHERE index_name = 'canceled'", "0");
    session_free(s);
    teardown();
}

// So does the last one, until its patience ends.
static void test_last_step_waits(void)
{
    setup(false);
    CHECK_SQL(&h, "SET CLUSTER SETTING jobs.debug.pausepoints = 'online.before_publish'", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "ALTER TABLE t ALTER COLUMN b TYPE STRING", "ERROR 57014 pause point \"online.before_publish\" hit");
    CHECK_SQL(&h, "RESET CLUSTER SETTING jobs.debug.pausepoints", "SET CLUSTER SETTING");
    struct session *s = harness_session(&h, "root");
    CHECK_STR(harness_run_in(&h, s, "BEGIN; UPDATE t SET c = 'open' WHERE a < 10"), "BEGIN\nUPDATE 10");
    CHECK_SQL(&h, "RESUME JOBS (SELECT job_id FROM [SHOW JOBS])", "RESUME JOBS 1");
    await_wait();
    others_write();
    CHECK_SQL(&h, "PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'running')", "PAUSE JOBS 1");
    while (!str_eqc(harness_run(&h, "SELECT status FROM [SHOW JOBS]"), "paused"))
        usleep(300);
    CHECK_STR(harness_run_in(&h, s, "UPDATE t SET c = 'still open' WHERE a < 20"), "UPDATE 20");
    CHECK_SQL(&h, "SET CLUSTER SETTING sql.online_index.writers_wait = '0s'", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "RESUME JOBS (SELECT job_id FROM [SHOW JOBS])", "RESUME JOBS 1");
    CHECK_SQL(&h, "SELECT status FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "succeeded");
    CHECK(str_has_prefix(harness_run_in(&h, s, "COMMIT"), STR("ERROR 40001")));
    CHECK_SQL(&h, "SELECT count(*), max(b) FROM t WHERE c = 'open'", "0|NULL");
    CHECK_SQL(&h, "SELECT pg_typeof(b) FROM t LIMIT 1", "text");
    session_free(s);
    teardown();
}

// The job has done some of its work, or all.
static void await_progress(const char *statement)
{
    char sql[300];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM [SHOW JOBS] WHERE description LIKE '%s%%' AND fraction_completed > 0", statement);
    while (str_eqc(harness_run(&h, sql), "0"))
        usleep(300);
}

// While a table is being rewritten: nobody sees it, other changes of it wait, references and actions go on.
static void test_meanwhile(void)
{
    pthread_t thread;
    setup(true);
    CHECK_SQL(&h, "INSERT INTO t SELECT i, i, repeat('x', 300) FROM generate_series(10000, 70000) g(i)",
              "INSERT 0 60001");
    CHECK_SQL(&h, "CREATE TABLE p (k INT PRIMARY KEY)", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO p SELECT DISTINCT b FROM t", "INSERT 0 66001");
    CHECK_SQL(&h, "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES p ON UPDATE CASCADE", "ALTER TABLE");
    CHECK_INT(pthread_create(&thread, NULL, change_slowly,
                             "ALTER TABLE t ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid()"),
              0);
    await_progress("ALTER TABLE t ADD COLUMN id");
    struct str text = harness_run(&h, "PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'running')");
    bool asked = str_find(text, STR(" 1"), 0) > 0; // it may have been through already
    pthread_join(thread, NULL);
    asked = asked && !str_eqc(harness_run(&h, "SELECT count(*) FROM [SHOW JOBS] WHERE status = 'paused'"), "0");
    if (asked) {
        CHECK_SQL(&h, "SELECT column_name FROM [SHOW COLUMNS FROM t]", "a\nb\nc");
        CHECK_SQL(&h, "SELECT * FROM t WHERE a = 17", "17|119|row 17");
        CHECK_SQL(&h, "SELECT count(*) FROM pg_index WHERE indrelid = 't'::REGCLASS", "1");
        CHECK_SQL(&h, "SELECT id FROM t", "ERROR 42703 column \"id\" does not exist");
        CHECK_SQL(&h, "INSERT INTO t VALUES (-1, 1, 'while paused'); DELETE FROM t WHERE a = 20000",
                  "INSERT 0 1\nDELETE 1");
        CHECK_SQL(&h, "UPDATE p SET k = -119 WHERE k = 119; UPSERT INTO t VALUES (18, 1, 'again')",
                  "UPDATE 1\nINSERT 0 1");
        text = harness_run(&h, "BEGIN; ALTER TABLE t ADD COLUMN other INT");
        CHECK(str_find(text, STR("ERROR 55006 relation \"t\" is being changed by job "), 0) > 0);
        CHECK_SQL(&h, "ROLLBACK", "ROLLBACK");
        harness_reopen(&h);
        CHECK_SQL(&h, "RESUME JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused')", "RESUME JOBS 1");
        CHECK_SQL(&h, "ALTER TABLE t ADD COLUMN other INT", "ALTER TABLE"); // when it is its turn
        CHECK_SQL(&h, "SELECT a, b, c FROM t WHERE a IN (-1, 17, 18, 20000) ORDER BY a",
                  "-1|1|while paused\n17|-119|row 17\n18|1|again");
    }
    CHECK_SQL(&h, "SELECT count(*), count(DISTINCT id) FROM t", "66001|66001");
    teardown();
}

// What large tables and indexes leave when they are dropped goes in the background, over a restart too.
static void test_drop(void)
{
    setup(true);
    CHECK_SQL(&h, "CREATE INDEX tb ON t (b); CREATE INDEX tc ON t (c); CREATE TABLE u AS SELECT * FROM t",
              "CREATE INDEX\nCREATE INDEX\nCREATE TABLE AS");
    CHECK_SQL(&h, "BEGIN; DROP INDEX t@tb; SAVEPOINT s; DROP INDEX t@tc; ROLLBACK TO s; COMMIT",
              "BEGIN\nDROP INDEX\nSAVEPOINT\nDROP INDEX\nROLLBACK\nCOMMIT");
    await_jobs();
    CHECK_SQL(&h, "SELECT count(*) FROM t@tc WHERE c LIKE 'row%'", "6000");
    CHECK_SQL(&h, "BEGIN; TRUNCATE u; INSERT INTO u VALUES (1, 2, 'x'); COMMIT", "BEGIN\nTRUNCATE\nINSERT 0 1\nCOMMIT");
    CHECK_SQL(&h, "BEGIN; DROP TABLE t; ROLLBACK", "BEGIN\nDROP TABLE\nROLLBACK");
    harness_reopen(&h);
    await_jobs();
    CHECK_SQL(&h, "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u)", "6000|1");
    CHECK_SQL(&h, "DROP TABLE t", "DROP TABLE");
    harness_reopen(&h);
    await_jobs();
    CHECK_SQL(&h,
              "SELECT job_type, description, status FROM [SHOW JOBS] WHERE job_type = 'SCHEMA CHANGE GC' "
              "ORDER BY job_id",
              "SCHEMA CHANGE GC|GC of dropped data of t|succeeded\n"
              "SCHEMA CHANGE GC|GC of dropped data of u|succeeded\n"
              "SCHEMA CHANGE GC|GC of dropped data of t|succeeded");
    teardown();
}

// A piece of the rows that is written twice, as after a crash, keeps the values its rows got the first time.
static void test_values_again(void)
{
    setup(false);
    CHECK_SQL(&h, "SET CLUSTER SETTING jobs.debug.pausepoints = 'other, online.after_piece'", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "ALTER TABLE t ADD COLUMN id UUID NOT NULL DEFAULT gen_random_uuid()",
              "ERROR 57014 pause point \"online.after_piece\" hit");
    CHECK_SQL(&h, "RESET CLUSTER SETTING jobs.debug.pausepoints", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "RESUME JOBS (SELECT job_id FROM [SHOW JOBS])", "RESUME JOBS 1");
    CHECK_SQL(&h, "SELECT status, error FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "succeeded|");
    CHECK_SQL(&h, "SELECT count(*), count(DISTINCT id) FROM t", "6000|6000");
    teardown();
}

// The process ends while the index is filled; the next one goes on.
static void test_restart(void)
{
    pthread_t thread;
    setup(true);
    CHECK_SQL(&h, "INSERT INTO t SELECT i, i, repeat('x', 300) FROM generate_series(10000, 70000) g(i)",
              "INSERT 0 60001");
    CHECK_SQL(&h, "BEGIN; CREATE INDEX in_txn ON t (b); ROLLBACK", "BEGIN\nCREATE INDEX\nROLLBACK"); // as ever
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW JOBS]", "0");
    CHECK_INT(pthread_create(&thread, NULL, change_slowly, "CREATE INDEX slow ON t (c)"), 0);
    await_job();
    CHECK_SQL(&h, "PAUSE JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'running')", "PAUSE JOBS 1");
    pthread_join(thread, NULL);
    CHECK_SQL(&h, "RESUME JOBS (SELECT job_id FROM [SHOW JOBS])", "RESUME JOBS 1");
    harness_reopen(&h); // the job is asked to stop and goes on
    CHECK_SQL(&h, "SELECT status FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "succeeded");
    CHECK_SQL(&h, "SELECT count(*) FROM t@slow", "66001");
    teardown();
}

CHECK_MAIN({"beside_writers", test_beside_writers}, {"unique", test_unique}, {"constraints", test_constraints},
           {"violations", test_violations}, {"rewrites", test_rewrites}, {"add_key", test_add_key},
           {"failing_rewrites", test_failing_rewrites}, {"control", test_control}, {"restart", test_restart},
           {"values_again", test_values_again}, {"straggler", test_straggler},
           {"first_step_waits", test_first_step_waits}, {"last_step_waits", test_last_step_waits},
           {"meanwhile", test_meanwhile}, {"drop", test_drop}, )
