// Schedules at work: rows expire, jobs are those of their schedules, and all of it goes on after a restart.
#include "operations/harness.h"
#include "base/util.h"
#include <stdlib.h>
#include <unistd.h>

enum { POLL_US = 20000, POLLS_MAX = 1500 };
static struct harness h;

// Runs the query until it gives `expected`.
static void await(const char *sql, const char *expected)
{
    for (int i = 0; i < POLLS_MAX && !str_eqc(harness_run(&h, sql), expected); i++)
        usleep(POLL_US);
    CHECK_SQL(&h, sql, expected);
}

#define FAST "ttl_job_cron = '@every 1s', ttl_delete_rate_limit = 0"

// Keys of several columns in both directions, an index, rows of which every second has expired.
static void test_rows_expire(void)
{
    harness_open(&h, false);
    CHECK_SQL(&h,
              "CREATE TABLE t (a INT, b STRING, c DECIMAL, d INT, PRIMARY KEY (a, b DESC, c), INDEX (d), INDEX "
              "(crdb_internal_expiration)) WITH (ttl_expire_after = '1 day', ttl_pause = true, ttl_delete_batch_size = "
              "7, " FAST ")",
              "CREATE TABLE");
    CHECK_SQL(&h,
              "INSERT INTO t (a, b, c, d, crdb_internal_expiration) SELECT i // 10, 'b' || (i % 10)::STRING, i / 3, i, "
              "now() + CASE WHEN i % 2 = 0 THEN '-1 h' ELSE '1 h' END::INTERVAL FROM generate_series(1, 500) AS i",
              "INSERT 0 500");
    await("SELECT DISTINCT error FROM [SHOW JOBS] WHERE job_type = 'ROW LEVEL TTL' AND status = 'failed'",
          "ttl jobs on table t are currently paused");
    CHECK_SQL(&h, "SELECT count(*) FROM t", "500");
    CHECK_SQL(&h, "ALTER TABLE t RESET (ttl_pause)", "ALTER TABLE");
    await("SELECT count(*) FROM t", "250");
    CHECK_SQL(&h, "SELECT count(*) FROM t WHERE d % 2 = 0", "0");
    await("SELECT count(*) > 0 FROM [SHOW JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES]] WHERE description = 'ttl "
          "for "
          "defaultdb.public.t' AND user_name = 'node' AND status = 'succeeded'",
          "t");
    CHECK_SQL(&h, "PAUSE SCHEDULES SELECT id FROM [SHOW SCHEDULES]", "PAUSE SCHEDULES 1");
    CHECK_STR(harness_check(&h), "");
    harness_close(&h);
}

// What an expression over columns says; rows that it says nothing of stay.
static void test_expression(void)
{
    harness_open(&h, false);
    CHECK_SQL(
        &h,
        "CREATE TABLE e (id INT PRIMARY KEY, day DATE, keep BOOL) WITH (ttl_expiration_expression = $$IF(keep, NULL, "
        "day::TIMESTAMPTZ + '2 days')$$, " FAST ")",
        "CREATE TABLE");
    CHECK_SQL(
        &h,
        "INSERT INTO e VALUES (1, current_date() - 10, false), (2, current_date() - 10, true), (3, NULL, false), (4, "
        "current_date(), false)",
        "INSERT 0 4");
    await("SELECT string_agg(id::STRING, ',' ORDER BY id) FROM e", "2,3,4");
    CHECK_SQL(&h, "SET CLUSTER SETTING sql.ttl.default_delete_batch_size = 1", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "INSERT INTO e SELECT g, current_date() - 10, false FROM generate_series(100, 109) AS g",
              "INSERT 0 10");
    await("SELECT count(*) FROM e", "3");
    CHECK_SQL(&h, "SET CLUSTER SETTING sql.ttl.job.enabled = false", "SET CLUSTER SETTING");
    CHECK_SQL(&h, "INSERT INTO e VALUES (5, current_date() - 10, false)", "INSERT 0 1");
    await("SELECT count(*) > 0 FROM [SHOW JOBS] WHERE error = 'ttl jobs are currently disabled by CLUSTER SETTING "
          "sql.ttl.job.enabled'",
          "t");
    CHECK_SQL(&h, "SELECT count(*) FROM e", "4");
    harness_close(&h);
}

// Foreign keys hold; a job that may not delete says why, and what others delete is deleted.
static void test_foreign_keys(void)
{
    harness_open(&h, false);
    CHECK_SQL(&h,
              "CREATE TABLE p (id INT PRIMARY KEY, at TIMESTAMPTZ) WITH (ttl_expiration_expression = 'at', " FAST ")",
              "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE c (id INT PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE)", "CREATE TABLE");
    CHECK_SQL(&h,
              "BEGIN; INSERT INTO p VALUES (1, now() + '-1 h'), (2, NULL); INSERT INTO c VALUES (1, 1), (2, 2); COMMIT",
              "BEGIN\nINSERT 0 2\nINSERT 0 2\nCOMMIT");
    await("SELECT string_agg(id::STRING, ',') FROM c", "2");
    CHECK_SQL(&h, "CREATE TABLE r (id INT PRIMARY KEY, p INT REFERENCES p)", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO r VALUES (1, 2)", "INSERT 0 1");
    CHECK_SQL(&h, "UPDATE p SET at = now() + '-1 h'", "UPDATE 1");
    await("SELECT count(*) > 0 FROM [SHOW JOBS] WHERE status = 'failed' AND error LIKE '%violates foreign key "
          "constraint%'",
          "t");
    CHECK_SQL(&h, "SELECT count(*) FROM p", "1");
    CHECK_SQL(&h, "SELECT schedule_status FROM [SHOW SCHEDULES]", "ACTIVE"); // the next run may do better
    harness_close(&h);
}

static void test_restart(void)
{
    harness_open(&h, true);
    CHECK_SQL(&h, "CREATE TABLE t (a INT PRIMARY KEY) WITH (ttl_expire_after = '1 h', ttl_job_cron = '@yearly')",
              "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE u (a INT PRIMARY KEY, at TIMESTAMPTZ)", "CREATE TABLE");
    harness_reopen(&h);
    CHECK_SQL(&h, "SELECT label, recurrence FROM [SHOW SCHEDULES]", "row-level-ttl: t [104]|@yearly");
    CHECK_SQL(&h, "INSERT INTO u VALUES (1, now() + '-1 h'), (2, now() + '1 h')", "INSERT 0 2");
    CHECK_SQL(&h, "ALTER TABLE u SET (ttl_expiration_expression = 'at', " FAST ")", "ALTER TABLE");
    harness_reopen(&h);
    await("SELECT a FROM u", "2");
    harness_close(&h);
}

// A restored table has its schedule.
static void test_backup(void)
{
    harness_open(&h, false);
    CHECK_SQL(&h, "CREATE TABLE t (a INT PRIMARY KEY) WITH (ttl_expire_after = '1 h', ttl_job_cron = '@yearly')",
              "CREATE TABLE");
    harness_run(&h, "BACKUP TABLE t INTO 'nodelocal://1/b'");
    CHECK_SQL(&h, "DROP TABLE t", "DROP TABLE");
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW SCHEDULES]", "0");
    harness_run(&h, "RESTORE TABLE t FROM LATEST IN 'nodelocal://1/b'");
    CHECK_SQL(&h, "SELECT label LIKE 'row-level-ttl: t [%', recurrence FROM [SHOW SCHEDULES]", "t|@yearly");
    harness_close(&h);
}

#define CREATED \
    "SELECT label, recurrence, on_previous_running, on_execution_failure, command FROM [SHOW SCHEDULES] ORDER BY id"

// What CREATE SCHEDULE makes of its clauses.
static void test_backup_schedules(void)
{
    harness_open(&h, false);
    struct str made = harness_run(&h, "CREATE SCHEDULE nightly FOR BACKUP INTO 'nodelocal://1/n' RECURRING '@daily'");
    CHECK(str_find(made, STR("|nightly|ACTIVE|"), 0) > 0 &&
          str_find(made, STR("|@daily|BACKUP INTO LATEST IN 'nodelocal://1/n' WITH OPTIONS (detached)\n"), 0) > 0 &&
          str_find(made, STR("|@weekly|BACKUP INTO 'nodelocal://1/n' WITH OPTIONS (detached)"), 0) > 0);
    CHECK_SQL(
        &h, CREATED,
        "nightly|@daily|WAIT|RETRY_SCHED|{\"backup_stmt\": \"BACKUP INTO LATEST IN 'nodelocal://1/n' WITH OPTIONS "
        "(detached)\", \"backup_type\": 1, \"database\": \"defaultdb\"}\n"
        "nightly|@weekly|WAIT|RETRY_SCHED|{\"backup_stmt\": \"BACKUP INTO 'nodelocal://1/n' WITH OPTIONS (detached)\", "
        "\"backup_type\": 0, \"database\": \"defaultdb\"}");
    CHECK_SQL(&h, "CREATE SCHEDULE IF NOT EXISTS nightly FOR BACKUP INTO 'nodelocal://1/n' RECURRING '@daily'", "");
    CHECK_SQL(&h, "DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]", "DROP SCHEDULES 2");
    CHECK_SQL(&h, "CREATE TABLE t (a INT)", "CREATE TABLE");
    harness_run(
        &h, "CREATE SCHEDULE 'full only' FOR BACKUP TABLE t INTO 'nodelocal://1/t' RECURRING '0 3 * * *' FULL BACKUP "
            "ALWAYS WITH SCHEDULE OPTIONS on_previous_running = 'skip', on_execution_failure = 'pause', first_run = "
            "'2100-01-01 00:00:00+00'");
    CHECK_SQL(&h, "SELECT next_run, on_previous_running, on_execution_failure FROM [SHOW SCHEDULES]",
              "2100-01-01 00:00:00+00|SKIP|PAUSE_SCHED");
    CHECK_SQL(&h, "DROP SCHEDULES SELECT id FROM [SHOW SCHEDULES]", "DROP SCHEDULES 1");
    harness_run(&h, "CREATE SCHEDULE FOR BACKUP INTO 'nodelocal://1/a' RECURRING '*/30 * * * *'");
    harness_run(&h, "CREATE SCHEDULE FOR BACKUP INTO 'nodelocal://1/b' RECURRING '@weekly'");
    harness_run(&h, "CREATE SCHEDULE FOR BACKUP INTO 'nodelocal://1/c' RECURRING '@hourly' FULL BACKUP '0 4 * * sun'");
    CHECK_SQL(&h,
              "SELECT string_agg(recurrence, ', ' ORDER BY id), bool_and(label LIKE 'BACKUP %') FROM [SHOW SCHEDULES]",
              "*/30 * * * *, @daily, @weekly, @hourly, 0 4 * * sun|t");
    CHECK_SQL(&h, "CREATE SCHEDULE FOR BACKUP TABLE nope INTO 'nodelocal://1/x' RECURRING '@daily'",
              "ERROR 42P01 relation \"nope\" does not exist");
    harness_run(&h, "BACKUP INTO 'nodelocal://1/x'");
    CHECK_SQL(&h, "CREATE SCHEDULE FOR BACKUP INTO 'nodelocal://1/x' RECURRING '@daily'",
              "ERROR 55000 backups already created in the collection");
    harness_run(&h, "CREATE SCHEDULE FOR BACKUP INTO 'nodelocal://1/x' RECURRING '@daily' WITH SCHEDULE OPTIONS "
                    "ignore_existing_backups");
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW SCHEDULES]", "7");
    harness_close(&h);
}

// A full backup, then what has changed since: restored, all is there.
static void test_backups_are_taken(void)
{
    harness_open(&h, true);
    CHECK_SQL(&h, "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY); INSERT INTO d.t VALUES (1)",
              "CREATE DATABASE\nCREATE TABLE\nINSERT 0 1");
    CHECK_SQL(&h, "USE d", "SET");
    harness_run(
        &h, "CREATE SCHEDULE s FOR BACKUP TABLE t INTO 'nodelocal://1/s' RECURRING '@every 1s' FULL BACKUP '@yearly' "
            "WITH SCHEDULE OPTIONS first_run = 'now'");
    await(
        "SELECT count(*) FROM [SHOW JOBS FOR SCHEDULES SELECT id FROM [SHOW SCHEDULES]] WHERE status = 'succeeded' AND "
        "description LIKE 'BACKUP TABLE t INTO ''%'",
        "1");
    CHECK_SQL(&h, "INSERT INTO t VALUES (2)", "INSERT 0 1");
    harness_reopen(&h);
    CHECK_SQL(&h, "USE d", "SET");
    await("SELECT count(*) > 0 FROM [SHOW BACKUP FROM LATEST IN 'nodelocal://1/s'] WHERE backup_type = 'incremental'",
          "t");
    await("SELECT count(*) >= 2 FROM [SHOW BACKUP FROM LATEST IN 'nodelocal://1/s'] WHERE rows > 0", "t");
    CHECK_SQL(&h, "PAUSE SCHEDULES SELECT id FROM [SHOW SCHEDULES]", "PAUSE SCHEDULES 2");
    await("SELECT count(*) FROM [SHOW JOBS] WHERE status = 'running'", "0");
    harness_run(&h, "RESTORE TABLE d.t FROM LATEST IN 'nodelocal://1/s' WITH into_db = 'defaultdb'");
    CHECK_SQL(&h, "SELECT string_agg(a::STRING, ',' ORDER BY a) FROM defaultdb.t", "1,2");
    // the table goes: the schedule says so and goes on
    CHECK_SQL(&h, "DROP TABLE t", "DROP TABLE");
    CHECK_SQL(&h, "RESUME SCHEDULES SELECT id FROM [SHOW SCHEDULES]", "RESUME SCHEDULES 2");
    await("SELECT state FROM [SHOW SCHEDULES] WHERE recurrence = '@every 1s'", "relation \"t\" does not exist");
    CHECK_SQL(&h, "SELECT DISTINCT schedule_status FROM [SHOW SCHEDULES]", "ACTIVE");
    harness_close(&h);
}

CHECK_MAIN({"rows_expire", test_rows_expire}, {"expression", test_expression}, {"foreign_keys", test_foreign_keys},
           {"restart", test_restart}, {"backup", test_backup}, {"backup_schedules", test_backup_schedules},
           {"backups_are_taken", test_backups_are_taken})
