// Backups of tables that a job is changing. Each kind of change is stopped at its stages and backed up there, as a
// database and as a table, in layers and by itself. What comes back is the table as it was before the change, or after:
// consistent, writable, ready for the same change.
#include "base/util.h"
#include "operations/harness.h"

static struct harness h;

static const char schema_sql[] =
    "SET CLUSTER SETTING sql.online_index.min_rows = 100; CREATE DATABASE d; USE d;"
    "CREATE TYPE mood AS ENUM ('sad', 'ok');"
    "CREATE TABLE p (k INT PRIMARY KEY); INSERT INTO p SELECT i FROM generate_series(0, 9) g(i);"
    "CREATE TABLE t (a INT PRIMARY KEY, b INT, c STRING, m mood, FAMILY one (a, b), FAMILY two (c, m), INDEX tc (c));"
    "ALTER TABLE t ADD CONSTRAINT later CHECK (b < 100) NOT VALID;"
    "INSERT INTO t SELECT i, i % 10, 'row ' || i, 'ok' FROM generate_series(0, 299) g(i);"
    "CREATE TABLE n (a INT, b INT, c STRING, INDEX nc (c));"
    "INSERT INTO n SELECT i, i % 10, 'row ' || i FROM generate_series(0, 299) g(i);"
    "USE defaultdb";

struct change {
    const char *table, *sql;
};
static const struct change changes[] = {
    {"t", "CREATE INDEX i1 ON t (b) STORING (c)"},
    {"t", "CREATE UNIQUE INDEX i2 ON t (c, a) WHERE b > 3"},
    {"t", "CREATE INDEX i3 ON t ((b % 7), lower(c))"},
    {"t", "CREATE INDEX i4 ON t (b) USING HASH"},
    {"t", "CREATE INVERTED INDEX i5 ON t (c gin_trgm_ops)"},
    {"t", "ALTER TABLE t ADD CONSTRAINT c1 CHECK (b < 50)"},
    {"t", "ALTER TABLE t VALIDATE CONSTRAINT later"},
    {"t", "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES p"},
    {"t", "ALTER TABLE t ALTER COLUMN b SET NOT NULL"},
    {"t", "ALTER TABLE t ADD CONSTRAINT u UNIQUE (c)"},
    {"t", "ALTER TABLE t ADD COLUMN x INT NOT NULL AS (b * 2) STORED"},
    {"t", "ALTER TABLE t ADD COLUMN y UUID NOT NULL DEFAULT gen_random_uuid()"},
    {"t", "ALTER TABLE t ADD COLUMN z mood DEFAULT (IF(random() < 2, 'ok', 'sad'))::mood FAMILY two"},
    {"t", "ALTER TABLE t ALTER COLUMN c TYPE BYTES USING c::BYTES"},
    {"t", "ALTER TABLE t ALTER COLUMN m TYPE STRING USING m::STRING"},
    {"t", "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (a DESC)"},
    {"t", "ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (c, a) USING HASH"},
    {"n", "ALTER TABLE n ADD PRIMARY KEY (a)"},
    {"n", "ALTER TABLE n ALTER PRIMARY KEY USING COLUMNS (a, c)"},
};
static const char *const stages[] = {"online.before_pieces", "online.after_piece", "online.before_publish"};

static const struct change *current; // of messages
static const char *stage;

static void expect(const char *what, struct str found, const char *expected)
{
    bool ok = str_eqc(found, expected);
    CHECK(ok);
    if (!ok)
        printf("  %s at %s: %s: %.*s, not %s\n", current->sql, stage, what, STR_FMT(found), expected);
}

static struct str run(const char *fmt, const char *a, const char *b)
{
    char sql[800];
    snprintf(sql, sizeof(sql), fmt, a, b);
    return harness_run(&h, sql);
}

static void run_well(const char *fmt, const char *a, const char *b)
{
    struct str text = run(fmt, a, b);
    bool ok = str_find(text, STR("ERROR"), 0) < 0;
    CHECK(ok);
    if (!ok)
        printf("  %s at %s: %s (%s, %s): %.*s\n", current->sql, stage, fmt, a, b, STR_FMT(text));
}

static void setup(void)
{
    harness_open(&h, false);
    struct str text = harness_run(&h, schema_sql);
    CHECK(str_find(text, STR("ERROR"), 0) < 0);
}

// The change waits at the stage, or is through if that has none.
static bool stop_at_stage(void)
{
    run_well("SET CLUSTER SETTING jobs.debug.pausepoints = '%s'", stage, "");
    run_well("USE d", "", "");
    struct str text = harness_run(&h, current->sql); // by itself, else it is no job
    bool stopped = str_find(text, STR("ERROR 57014 pause point"), 0) >= 0;
    CHECK(stopped);
    if (!stopped)
        printf("  %s at %s: %.*s\n", current->sql, stage, STR_FMT(text));
    run_well("USE defaultdb; RESET CLUSTER SETTING jobs.debug.pausepoints", "", "");
    return stopped;
}

static void finish(void)
{
    run_well("RESUME JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused')", "", "");
    expect("the jobs",
           harness_run(&h, "SELECT description, error FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs] WHERE "
                           "status <> 'succeeded'"),
           "");
}

// Definitions of all there is in a database, without its name.
static char *definitions(const char *database)
{
    run_well("USE %s", database, "");
    char *text = str_dup_c(harness_run(&h, "SELECT create_statement FROM [SHOW CREATE ALL TABLES] ORDER BY 1"));
    run_well("USE defaultdb", "", "");
    return text;
}

static void expect_definitions(const char *database, const char *expected)
{
    char *text = definitions(database);
    CHECK_STR(str_of(text), expected);
    if (strcmp(text, expected) != 0)
        printf("  %s at %s: definitions of %s\n", current->sql, stage, database);
    mem_free(text);
}

// The table takes rows and gives them up, through every index, and the same change if it was not to be there.
static void use(const char *database, bool changed)
{
    const char *table = current->table;
    expect("consistent", harness_check(&h), "");
    run_well("USE %s", database, "");
    expect("rows", run("SELECT count(*) FROM %s", table, ""), "300");
    run_well("INSERT INTO %s (a, b, c) VALUES (1000, 1, '1000'), (1001, 2, '1001')", table, "");
    run_well("UPDATE %s SET b = 3 WHERE a IN (5, 1000)", table, "");
    run_well("DELETE FROM %s WHERE a IN (6, 1001)", table, "");
    expect("rows", run("SELECT count(*) FROM %s", table, ""), "300");
    if (!changed)
        run_well(current->sql, "", "");
    run_well("ALTER TABLE %s ADD COLUMN after INT DEFAULT 3; UPDATE %s SET after = 4 WHERE a = 7", table, table);
    expect("the new column", run("SELECT sum(after) FROM %s", table, ""), "901");
    run_well("USE defaultdb", "", "");
    expect("consistent", harness_check(&h), "");
    run_well("DROP DATABASE %s CASCADE", database, "");
}

static void restore_database(const char *definitions, bool changed)
{
    run_well("RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/d' WITH new_db_name = 'e'", "", "");
    expect_definitions("e", definitions);
    use("e", changed);
}

static void restore_table(bool changed)
{
    run_well("CREATE DATABASE e", "", "");
    run_well("RESTORE TABLE d.p, d.%s FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'e'", current->table, "");
    use("e", changed);
}

// Layers from before, during and after the change; one of a time during it that is taken afterwards.
static void back_up(const char *before)
{
    char *during = str_dup_c(harness_run(&h, "SELECT cluster_logical_timestamp()"));
    run_well("BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/d'", "", "");
    run_well("BACKUP TABLE d.p, d.%s INTO 'nodelocal://1/t'", current->table, "");
    restore_database(before, false);
    restore_table(false);
    finish();
    char *after = definitions("d");
    run_well("BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/d'", "", "");
    run_well("BACKUP TABLE d.p, d.%s INTO LATEST IN 'nodelocal://1/t'", current->table, "");
    restore_database(after, true);
    restore_table(true);
    run_well("BACKUP DATABASE d INTO 'nodelocal://1/d' AS OF SYSTEM TIME '%s'", during, "");
    restore_database(before, false);
    mem_free(after);
    mem_free(during);
}

static void test_stages(void)
{
    for (size_t i = 0; i < ARRAY_LEN(changes) * ARRAY_LEN(stages); i++) {
        size_t change = i / ARRAY_LEN(stages), at = i % ARRAY_LEN(stages);
        if (at != 1 && (change + at) % 3 != 0)
            continue; // in between says most
        current = &changes[change];
        stage = stages[at];
        setup();
        char *before = definitions("d");
        run_well("BACKUP DATABASE d INTO 'nodelocal://1/d'", "", "");
        if (stop_at_stage())
            back_up(before);
        mem_free(before);
        harness_close(&h);
    }
}

// ---- virtual clusters, whose jobs are backed up with them

static const char *const moved[] = {
    "CREATE INDEX i4 ON t (b) USING HASH",
    "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES p",
    "ALTER TABLE t ADD COLUMN y UUID NOT NULL DEFAULT gen_random_uuid()",
    "ALTER TABLE t ALTER COLUMN c TYPE BYTES USING c::BYTES",
    "ALTER TABLE n ADD PRIMARY KEY (a)",
};

static uint64_t now(void)
{
    return kv_now(h.kv);
}

// As it was at that time, under another name: there the job ends what it has begun.
static void restore_cluster(struct harness *system, uint64_t version, const char *before, const char *after)
{
    char sql[200];
    h = *system;
    snprintf(sql, sizeof(sql), "BACKUP VIRTUAL CLUSTER one INTO 'nodelocal://1/v' AS OF SYSTEM TIME %llu",
             (unsigned long long)version);
    run_well(sql, "", "");
    run_well("RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/v' WITH virtual_cluster_name = 'two'", "", "");
    *system = h;
    harness_enter(system, "two", &h);
    expect("the jobs",
           harness_run(&h, "SELECT description, error FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM "
                           "system.jobs] WHERE status <> 'succeeded'"),
           "");
    bool begun =
        !str_eqc(harness_run(&h, "SELECT count(*) FROM system.jobs WHERE job_type = 'NEW SCHEMA CHANGE'"), "0");
    expect_definitions("d", begun ? after : before);
    use("d", begun);
    harness_leave(&h);
    h = *system;
    run_well("DROP VIRTUAL CLUSTER two IMMEDIATE", "", "");
    *system = h;
}

static void test_virtual_cluster(void)
{
    enum { TIMES = 4 };
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        struct change change = {i + 1 < ARRAY_LEN(moved) ? "t" : "n", moved[i]};
        struct harness system;
        current = &change;
        stage = "some time";
        harness_open(&h, false);
        run_well("CREATE VIRTUAL CLUSTER one", "", "");
        system = h;
        harness_enter(&system, "one", &h);
        harness_run(&h, schema_sql);
        char *before = definitions("d");
        run_well("USE d", "", "");
        uint64_t first = now();
        run_well(change.sql, "", "");
        uint64_t last = now();
        char *after = definitions("d");
        harness_leave(&h);
        for (uint64_t k = 0; k <= TIMES; k++)
            restore_cluster(&system, first + (last - first) / TIMES * k, before, after);
        mem_free(before);
        mem_free(after);
        h = system;
        harness_close(&h);
    }
}

static void resume_and_check(const char *rows)
{
    run_well("RESET CLUSTER SETTING jobs.debug.pausepoints", "", "");
    run_well("RESUME JOBS (SELECT job_id FROM [SHOW JOBS] WHERE status = 'paused')", "", "");
    CHECK_SQL(&h, "SELECT DISTINCT status FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "succeeded");
    CHECK_SQL(&h, "SELECT count(*) FROM kept", rows);
    CHECK_STR(harness_check(&h), "");
}

// A job that was in the middle of its rows in one cluster goes on with those of the other, and leaves the first alone.
static void test_copied_in_the_middle(void)
{
    static const char *const works[][2] = {
        {"garbage.after_piece", "DROP TABLE t"},
        {"online.after_piece", "CREATE INDEX i ON t (b)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(works); i++) {
        struct harness system;
        struct change change = {"t", works[i][1]};
        current = &change;
        stage = works[i][0];
        harness_open(&h, false);
        run_well("CREATE VIRTUAL CLUSTER one", "", "");
        system = h;
        harness_enter(&system, "one", &h);
        harness_run(&h,
                    "SET CLUSTER SETTING sql.online_index.min_rows = 1000; CREATE TABLE t (a INT PRIMARY KEY, b INT); "
                    "CREATE TABLE kept (a INT PRIMARY KEY)");
        harness_run(&h, "INSERT INTO t SELECT i, i FROM generate_series(1, 15000) g(i); "
                        "INSERT INTO kept SELECT i FROM generate_series(1, 20000) g(i)");
        run_well("SET CLUSTER SETTING jobs.debug.pausepoints = '%s'", stage, "");
        harness_run(&h, change.sql);
        CHECK_SQL(&h, "SELECT DISTINCT status FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "paused");
        harness_leave(&h);
        h = system;
        run_well("BACKUP VIRTUAL CLUSTER one INTO 'nodelocal://1/v'", "", "");
        run_well("RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/v' WITH virtual_cluster_name = 'two'", "",
                 "");
        system = h;
        for (size_t k = 0; k < 2; k++) {
            harness_enter(&system, k == 0 ? "two" : "one", &h);
            resume_and_check("20000");
            harness_leave(&h);
        }
        h = system;
        harness_close(&h);
    }
}

// A cluster comes back in an empty one, without jobs.
static void test_cluster(void)
{
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        struct change change = {i + 1 < ARRAY_LEN(moved) ? "t" : "n", moved[i]};
        struct harness first, second;
        current = &change;
        stage = stages[1];
        setup();
        char *before = definitions("d");
        if (stop_at_stage()) {
            run_well("BACKUP INTO 'nodelocal://1/c'", "", "");
            first = h;
            harness_open(&second, false);
            h = second;
            snprintf(h.external_dir, sizeof(h.external_dir), "%s", first.external_dir);
            harness_reopen(&h);
            run_well("RESTORE FROM LATEST IN 'nodelocal://1/c'", "", "");
            expect_definitions("d", before);
            use("d", false);
            snprintf(h.external_dir, sizeof(h.external_dir), "%s", second.external_dir);
            harness_close(&h);
            h = first;
        }
        mem_free(before);
        harness_close(&h);
    }
}

CHECK_MAIN({"stages", test_stages}, {"virtual_cluster", test_virtual_cluster}, {"cluster", test_cluster},
           {"copied_in_the_middle", test_copied_in_the_middle}, )
