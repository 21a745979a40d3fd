// Memory refused in COMMIT: the first charge, the second … until one gets all it asks for. Each that does not has done
// nothing, keeps nothing, and its session goes on.
#include "base/budget.h"
#include "operations/harness.h"

static struct harness h;
static struct budget account; // above all others
static uint64_t refused_nth, seen;
static _Thread_local bool refusing; // what others do meanwhile is not counted

static bool refuses(struct budget *b)
{
    return refusing && ++seen == refused_nth;
}

struct work {
    const char *name;
    const char *sql;                    // of the transaction, without COMMIT
    const char *query, *before, *after; // what it changes
};

static const char schema_sql[] =
    "CREATE TABLE t (k INT PRIMARY KEY, v INT, w STRING, INDEX (v), UNIQUE (w)); INSERT INTO t VALUES (1, 1, 'one');"
    "CREATE TABLE parent (k INT PRIMARY KEY); CREATE TABLE child (k INT PRIMARY KEY, p INT REFERENCES parent "
    "DEFERRABLE "
    "INITIALLY DEFERRED); CREATE TABLE big (k INT PRIMARY KEY); CREATE SEQUENCE s; CREATE USER u;"
    "INSERT INTO big SELECT i FROM generate_series(1, 3000) g(i)";

static const struct work works[] = {
    {"rows", "INSERT INTO t SELECT i, i, i::STRING FROM generate_series(2, 300) g(i); DELETE FROM t WHERE k = 7",
     "SELECT count(*), sum(v) FROM t", "1|1", "299|45143"},
    {"read committed", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; UPDATE t SET v = 2; SELECT * FROM big",
     "SELECT v FROM t", "1", "2"},
    {"repeatable read", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT * FROM big; UPDATE t SET v = 2",
     "SELECT v FROM t", "1", "2"},
    {"deferred keys",
     "INSERT INTO child SELECT i, i FROM generate_series(1, 200) g(i); INSERT INTO parent SELECT i FROM "
     "generate_series(1, 200) g(i)",
     "SELECT (SELECT count(*) FROM child), (SELECT count(*) FROM parent)", "0|0", "200|200"},
    {"notifications", "NOTIFY c, 'one'; NOTIFY c, 'two'; UPDATE t SET v = 3", "SELECT v FROM t", "1", "3"},
    {"schema",
     "CREATE TABLE made (a INT PRIMARY KEY, b INT, INDEX (b)); INSERT INTO made VALUES (1, 2); DROP TABLE big",
     "SELECT table_name FROM [SHOW TABLES] WHERE table_name IN ('made', 'big')", "big", "made"},
    {"roles", "CREATE USER x; GRANT SELECT ON t TO x; REVOKE ALL ON t FROM u; ALTER USER u NOLOGIN",
     "SELECT count(*) FROM pg_roles WHERE rolname = 'x'", "0", "1"},
    {"cursors",
     "DECLARE c CURSOR WITH HOLD FOR SELECT k, repeat('x', 2000) FROM big; FETCH 1 FROM c; UPDATE t SET v = 4",
     "SELECT v FROM t", "1", "4"},
    {"locks and settings",
     "SET LOCAL application_name = 'x'; SAVEPOINT a; SELECT pg_advisory_xact_lock(7); SELECT * FROM t FOR UPDATE; "
     "SELECT nextval('s'); RELEASE SAVEPOINT a; UPDATE t SET v = 5",
     "SELECT v FROM t", "1", "5"},
    {"zones and jobs",
     "ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 700; TRUNCATE big; ANALYZE t; UPDATE t SET v = 6",
     "SELECT v FROM t", "1", "6"},
    {"temporary tables", "CREATE TEMP TABLE mine (a INT); INSERT INTO mine SELECT k FROM big; UPDATE t SET v = 7",
     "SELECT v FROM t", "1", "7"},
};

static void expect(const struct work *w, const char *what, struct str actual, const char *expected)
{
    bool ok = str_eqc(actual, expected);
    CHECK(ok);
    if (!ok)
        printf("  %s, charge %llu: %s is %.*s, not %s\n", w->name, (unsigned long long)refused_nth, what,
               STR_FMT(actual), expected);
}

static void open_store(void)
{
    harness_open(&h, false);
    budget_init(&account, "test", 0, NULL);
    account.refuses = refuses;
    h.budget = &account;
    harness_reopen(&h);
    CHECK(str_find(harness_run(&h, schema_sql), STR("ERROR"), 0) < 0);
}

static void close_store(const struct work *w)
{
    expect(w, "the check", harness_check(&h), "");
    expect(w, "locks", harness_run(&h, "SELECT count(*) FROM crdb_internal.cluster_locks"), "0");
    harness_close(&h);
    CHECK_INT(atomic_load(&account.used_bytes), 0);
}

// *committed although a charge may have been refused. True when all were granted.
static bool try_commit(const struct work *w, struct session *s, bool *committed)
{
    char sql[1000];
    snprintf(sql, sizeof(sql), "BEGIN; %s", w->sql);
    bool failed = str_find(harness_run_in(&h, s, sql), STR("ERROR"), 0) >= 0;
    CHECK(!failed);
    if (failed)
        printf("  %s: %.*s\n", w->name, STR_FMT(buf_view(&h.text)));
    seen = 0;
    refusing = true;
    *committed = str_find(harness_run_in(&h, s, "COMMIT"), STR("ERROR"), 0) < 0;
    refusing = false;
    bool happened = seen >= refused_nth;
    CHECK(*committed || str_has_prefix(buf_view(&h.text), STR("ERROR 53200")));
    CHECK(*committed || happened);
    CHECK_INT(session_transaction_status(s), 'I');
    expect(w, "what there is", harness_run(&h, w->query), *committed ? w->after : w->before);
    expect(w, "a row that was locked", harness_run(&h, "SELECT k FROM t WHERE k = 1 FOR UPDATE NOWAIT"), "1");
    expect(w, "an advisory lock", harness_run(&h, "SELECT pg_try_advisory_lock(7), pg_advisory_unlock(7)"), "t|t");
    expect(w, "a setting", harness_run_in(&h, s, "SHOW application_name"), "");
    expect(w, "another statement", harness_run_in(&h, s, "SELECT 1 + 1"), "2");
    return !happened;
}

static void commit_in_the_end(const struct work *w)
{
    size_t refusals = 0, served = 0;
    bool done = false;
    refused_nth = 1;
    while (!done) {
        bool committed = false;
        open_store();
        struct session *s = harness_session(&h, "root");
        harness_run_in(&h, s, "SET experimental_enable_temp_tables = on");
        while (!committed && !done) {
            done = try_commit(w, s, &committed);
            refusals += !committed;
            served += committed && !done;
            refused_nth++;
        }
        session_free(s);
        close_store(w);
    }
    printf("  %s: %zu commits refused, %zu served all the same\n", w->name, refusals, served);
}

static void test_commit(void)
{
    for (size_t i = 0; i < ARRAY_LEN(works); i++)
        commit_in_the_end(&works[i]);
}

CHECK_MAIN({"commit", test_commit}, )
