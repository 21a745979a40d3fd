// READ COMMITTED and implicit transactions beside others like them and schema changes of all their tables: they wait
// for each other and none is told to restart. Every transaction takes rows and tables in the same order, so that there
// are no deadlocks.
//
//   read_committed_test [transactions per writer]
#include "base/util.h"
#include "operations/harness.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static struct harness h;
enum { WRITERS = 6, CHANGERS = 2 };
static int transactions = 150;
static _Atomic int working;
static _Atomic int done_transactions, done_changes, errors;

static void run(struct harness *mine, struct session *s, const char *sql)
{
    struct str text = harness_run_in(mine, s, sql);
    if (str_find(text, STR("ERROR"), 0) < 0)
        return;
    atomic_fetch_add(&errors, 1);
    printf("  %s: %.*s\n", sql, STR_FMT(text));
}

static void run_transaction(struct harness *mine, struct session *s, struct rng *rng, int id)
{
    int parent = (int)rng_below(rng, 3) + 1, key = (int)rng_below(rng, 5);
    char sql[200];
#define RUN(...) (snprintf(sql, sizeof(sql), __VA_ARGS__), run(mine, s, sql))
    RUN("BEGIN ISOLATION LEVEL READ COMMITTED");
    RUN("SELECT count(*) FROM parent");
    RUN("UPDATE parent SET v = v + 1 WHERE id = %d", parent);
    RUN("INSERT INTO child VALUES (%d, %d)", id, parent);
    RUN("INSERT INTO counter VALUES (%d, 1) ON CONFLICT (id) DO UPDATE SET v = counter.v + 1", key);
    RUN("SAVEPOINT s");
    RUN("SELECT v FROM counter WHERE id = %d FOR UPDATE", key);
    RUN("ROLLBACK TO s");
    RUN("DELETE FROM slot WHERE k = %d", key);
    RUN("INSERT INTO slot VALUES (%d, %d) ON CONFLICT (k) DO NOTHING", id, key);
    RUN("SELECT sum(v) FROM other");
    RUN("UPDATE q SET v = v + 1 WHERE v %% 2 = 0 AND id <= 2");
    RUN("COMMIT");
    RUN("UPDATE q SET v = v + 1 WHERE id = 3");
#undef RUN
}

static void *write_load(void *arg)
{
    int number = (int)(intptr_t)arg;
    struct harness mine = h; // its own buffer; the engine is shared
    mine.text = BUF_INIT;
    struct session *s = harness_session(&mine, "root");
    struct rng rng;
    rng_seed(&rng, (uint64_t)number);
    for (int i = 0; i < transactions; i++) {
        run_transaction(&mine, s, &rng, number * 1000000 + i);
        atomic_fetch_add(&done_transactions, 1);
    }
    session_free(s);
    buf_release(&mine.text);
    atomic_fetch_sub(&working, 1);
    return NULL;
}

static void *change_schemas(void *arg)
{
    static const char *const changes[] = {
        "ALTER TABLE parent ADD COLUMN IF NOT EXISTS w INT DEFAULT 1",
        "ALTER TABLE parent DROP COLUMN IF EXISTS w",
        "CREATE INDEX IF NOT EXISTS counter_v ON counter (v)",
        "DROP INDEX IF EXISTS counter@counter_v",
        "BEGIN; ALTER TABLE other ADD COLUMN IF NOT EXISTS w INT DEFAULT 1; COMMIT",
        "ALTER TABLE other DROP COLUMN IF EXISTS w",
        "TRUNCATE other",
        "COMMENT ON TABLE q IS 'queue'",
        "GRANT SELECT ON q TO public",
        "ALTER TABLE q ALTER COLUMN v SET DEFAULT 4",
        "BEGIN ISOLATION LEVEL READ COMMITTED; CREATE TABLE IF NOT EXISTS n (a INT PRIMARY KEY); COMMIT",
        "DROP TABLE IF EXISTS n",
    };
    struct harness mine = h;
    mine.text = BUF_INIT;
    struct session *s = harness_session(&mine, "root");
    struct rng rng;
    rng_seed(&rng, 100 + (uint64_t)(intptr_t)arg);
    while (atomic_load(&working) > 0) {
        run(&mine, s, changes[rng_below(&rng, ARRAY_LEN(changes))]);
        atomic_fetch_add(&done_changes, 1);
        usleep(500); // the writers are to come to something too
    }
    session_free(s);
    buf_release(&mine.text);
    return NULL;
}

static void test_beside_schema_changes(void)
{
    pthread_t threads[WRITERS + CHANGERS];
    harness_open(&h, false);
    CHECK_SQL(&h, "CREATE TABLE parent (id INT PRIMARY KEY, v INT)", "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE child (id INT PRIMARY KEY, p INT REFERENCES parent)", "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE counter (id INT PRIMARY KEY, v INT)", "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE slot (id INT PRIMARY KEY, k INT UNIQUE)", "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE other (id INT PRIMARY KEY, v INT)", "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE q (id INT PRIMARY KEY, v INT)", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO parent VALUES (1, 0), (2, 0), (3, 0)", "INSERT 0 3");
    CHECK_SQL(&h, "INSERT INTO q VALUES (1, 0), (2, 0), (3, 0)", "INSERT 0 3");
    working = WRITERS;
    for (int i = 0; i < WRITERS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, write_load, (void *)(intptr_t)(i + 1)), 0);
    for (int i = 0; i < CHANGERS; i++)
        CHECK_INT(pthread_create(&threads[WRITERS + i], NULL, change_schemas, (void *)(intptr_t)i), 0);
    for (int i = 0; i < WRITERS + CHANGERS; i++)
        pthread_join(threads[i], NULL);
    printf("  %d transactions and %d schema changes\n", done_transactions, done_changes);
    CHECK_INT(errors, 0);
    CHECK(done_changes > 10);
    char total[30];
    snprintf(total, sizeof(total), "%d|t", WRITERS * transactions);
    CHECK_SQL(&h, "SELECT sum(v), (SELECT count(*) FROM child) = sum(v) FROM parent", total);
    CHECK_SQL(&h, "SELECT sum(v) = (SELECT sum(v) FROM parent) FROM counter", "t");
    CHECK_SQL(&h, "SELECT v = (SELECT sum(v) FROM parent) FROM q WHERE id = 3", "t");
    CHECK_STR(harness_check(&h), "");
    harness_close(&h);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {{"beside_schema_changes", test_beside_schema_changes}};
    if (argc > 1)
        transactions = atoi(argv[1]);
    return check_main(tests, ARRAY_LEN(tests), 1, argv);
}
