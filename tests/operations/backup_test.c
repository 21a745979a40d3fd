// Backups and what comes back of them: schema and rows, layers on top of each other, under load, damaged.
#include "backup/backup.h"
#include "base/util.h"
#include "operations/harness.h"
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct harness h;

static const char schema_sql[] =
    "CREATE DATABASE shop; USE shop; CREATE SCHEMA extra; CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
    "CREATE SEQUENCE seq START 100;"
    "CREATE TABLE customers (id INT PRIMARY KEY DEFAULT nextval('seq'), name STRING NOT NULL UNIQUE, m mood DEFAULT "
    "'ok', ms mood[], doc JSONB, CHECK (length(name) > 0), INDEX by_mood (m DESC) STORING (doc));"
    "CREATE TABLE extra.orders (id UUID PRIMARY KEY, customer INT REFERENCES customers (id) ON DELETE CASCADE, total "
    "DECIMAL(10, 2), at TIMESTAMPTZ, old INT, INDEX (customer), UNIQUE INDEX big (total) WHERE total > 100);"
    "CREATE VIEW rich AS SELECT c.name, sum(o.total) AS total FROM customers c JOIN extra.orders o ON o.customer = "
    "c.id "
    "GROUP BY c.name;"
    "COMMENT ON TABLE customers IS 'who pays'; COMMENT ON COLUMN customers.m IS 'how they feel';"
    "INSERT INTO customers (name, m, ms, doc) VALUES ('ann', 'happy', ARRAY['sad', 'ok'], '{\"a\": [1]}'), ('bob', "
    "NULL, "
    "NULL, NULL), ('cid', 'sad', '{}', 'null');"
    "INSERT INTO extra.orders (id, customer, total, at, old) SELECT gen_random_uuid(), 100 + i % 3, i, '2026-01-01'::"
    "TIMESTAMPTZ + i * '1 hour'::INTERVAL, i FROM generate_series(1, 1500) g(i);"
    "CREATE FUNCTION spent(who STRING) RETURNS DECIMAL LANGUAGE SQL AS $$ SELECT sum(total) FROM rich WHERE name = who "
    "$$;"
    "CREATE FUNCTION better(m mood) RETURNS BOOL LANGUAGE SQL AS $$ SELECT m > 'ok' $$;"
    "COMMENT ON DATABASE shop IS 'all of it'; COMMENT ON SCHEMA extra IS 'more'; COMMENT ON TYPE mood IS 'feelings';"
    "COMMENT ON CONSTRAINT check_name ON customers IS 'no empty ones';"
    "COMMENT ON CONSTRAINT orders_customer_fkey ON extra.orders IS 'whose';"
    "ALTER DATABASE shop CONFIGURE ZONE USING gc.ttlseconds = 700; ALTER TABLE customers CONFIGURE ZONE USING "
    "gc.ttlseconds = 800, num_replicas = 3; ALTER INDEX customers@by_mood CONFIGURE ZONE USING gc.ttlseconds = 900;"
    "ALTER DATABASE shop SET statement_timeout = '7s'; ALTER ROLE root IN DATABASE shop SET lock_timeout = '8s';"
    "ALTER TABLE extra.orders DROP COLUMN old; ALTER TABLE extra.orders ADD COLUMN late BOOL DEFAULT false;"
    "USE defaultdb";

static void setup(void)
{
    harness_open(&h, false);
    struct str text = harness_run(&h, schema_sql);
    CHECK(str_find(text, STR("ERROR"), 0) < 0);
    if (str_find(text, STR("ERROR"), 0) >= 0)
        printf("%.*s\n", STR_FMT(text));
}

static void teardown(void)
{
    CHECK_STR(harness_check(&h), "");
    harness_close(&h);
}

static char *run_copy(const char *sql)
{
    return str_dup_c(harness_run(&h, sql));
}

// Everything there is to see of a database, its name left out.
static char *look_at(const char *database)
{
    char sql[1000];
    snprintf(
        sql, sizeof(sql),
        "USE %s; SELECT table_name, create_statement FROM [SHOW CREATE ALL TABLES], [SHOW TABLES] LIMIT 0; SELECT "
        "create_statement FROM [SHOW CREATE ALL TABLES]; SELECT * FROM customers ORDER BY id; SELECT * FROM "
        "extra.orders ORDER BY id; SELECT * FROM customers@by_mood ORDER BY id; SELECT * FROM rich ORDER BY name; "
        "SELECT enum_range(NULL::mood), spent('ann'), better('happy'); SELECT total FROM extra.orders@big WHERE "
        "total > 100 ORDER BY total; SELECT raw_config_sql FROM [SHOW ZONE CONFIGURATION FROM TABLE customers]; SELECT "
        "raw_config_sql FROM [SHOW ZONE CONFIGURATION FROM INDEX customers@by_mood]; SELECT raw_config_sql FROM "
        "[SHOW ZONE CONFIGURATION FROM TABLE extra.orders]; SELECT description FROM pg_description WHERE classoid "
        "<> 'pg_proc'::REGCLASS ORDER BY 1; SELECT description FROM pg_shdescription ORDER BY 1; SELECT setrole, "
        "setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = '%s' ORDER "
        "BY 1; USE defaultdb",
        database, database);
    struct str text = harness_run(&h, sql);
    struct buf out = BUF_INIT;
    for (size_t at = 0; at < text.len;) { // the database's name is in views
        ptrdiff_t next = str_find(text, str_of(database), at);
        size_t end = next < 0 ? text.len : (size_t)next;
        buf_str(&out, str_slice(text, at, end));
        at = next < 0 ? text.len : end + strlen(database);
    }
    char *copy = str_dup_c(buf_view(&out));
    buf_release(&out);
    CHECK(strstr(copy, "ERROR") == NULL);
    if (strstr(copy, "ERROR") != NULL)
        printf("%s\n", strstr(copy, "ERROR"));
    return copy;
}

#define RESULT "SELECT status, fraction_completed, rows FROM "

static void check_same(const char *a, const char *b)
{
    char *x = look_at(a), *y = look_at(b);
    CHECK(strcmp(x, y) == 0);
    if (strcmp(x, y) != 0) {
        size_t i = 0;
        while (x[i] == y[i])
            i++;
        i = i > 60 ? i - 60 : 0;
        printf("  %s: …%.200s…\n  %s: …%.200s…\n", a, x + i, b, y + i);
    }
    mem_free(x);
    mem_free(y);
}

// The text of the last statement ends so (the job's number is before it).
static void check_ends(const char *sql, const char *expected)
{
    struct str text = harness_run(&h, sql);
    size_t len = strlen(expected);
    bool ok = text.len >= len && str_eqc(str_slice(text, text.len - len, text.len), expected);
    CHECK(ok);
    if (!ok)
        printf("  %s: %.*s\n", sql, STR_FMT(text));
}

static void test_database(void)
{
    setup();
    check_ends("BACKUP DATABASE shop INTO 'nodelocal://1/b'", "|succeeded|1|1503");
    check_ends("RESTORE DATABASE shop FROM LATEST IN 'nodelocal://1/b'",
               "ERROR 42P04 database \"shop\" already exists");
    check_ends("RESTORE DATABASE shop FROM LATEST IN 'nodelocal://1/b' WITH new_db_name = 'shop2'",
               "|succeeded|1|1503");
    check_same("shop", "shop2");
    CHECK_SQL(&h,
              "SELECT object_id > 0, sub_id <> 0, comment FROM system.comments WHERE type IN (0, 4, 5, 6) ORDER BY 3",
              "t|f|all of it\nt|f|all of it\nt|f|feelings\nt|f|feelings\nt|f|more\nt|f|more\nt|t|no empty ones\nt|t|no "
              "empty ones\nt|t|whose\nt|t|whose");
    CHECK_SQL(&h,
              "SELECT strpos(raw_config_sql, 'gc.ttlseconds = 900') > 0 FROM [SHOW ZONE CONFIGURATION FROM INDEX "
              "shop2.customers@by_mood]",
              "t");
    CHECK_SQL(&h,
              "SELECT strpos(raw_config_sql, 'gc.ttlseconds = 700') > 0 FROM [SHOW ZONE CONFIGURATION FROM TABLE "
              "shop2.extra.orders]",
              "t");
    CHECK_SQL(&h, "SELECT role_name, settings FROM system.database_role_settings ORDER BY 1, database_id",
              "|{statement_timeout=7s}\n|{statement_timeout=7s}\nroot|{lock_timeout=8s}\nroot|{lock_timeout=8s}");
    // the copy is a database of its own
    CHECK_SQL(&h, "USE shop2; INSERT INTO customers (name) VALUES ('dan') RETURNING id > 102", "SET\nt");
    CHECK_SQL(&h, "INSERT INTO shop2.customers (name) VALUES ('ann')",
              "ERROR 23505 duplicate key value violates unique constraint \"customers_name_key\"");
    CHECK_SQL(&h, "INSERT INTO shop2.extra.orders VALUES (gen_random_uuid(), 7, 1)",
              "ERROR 23503 insert on table \"orders\" violates foreign key constraint \"orders_customer_fkey\"");
    CHECK_SQL(&h, "DELETE FROM shop2.customers WHERE name = 'bob'", "DELETE 1");
    CHECK_SQL(&h, "SELECT count(*) FROM shop2.extra.orders", "1000");
    CHECK_SQL(&h, "SELECT count(*) FROM shop.extra.orders", "1500");
    CHECK_SQL(&h, "ALTER TYPE mood ADD VALUE 'mad'; USE defaultdb", "ALTER TYPE\nSET");
    CHECK_SQL(&h, "DROP DATABASE shop CASCADE", "DROP DATABASE");
    CHECK_SQL(&h, "SELECT name, total > 0 FROM shop2.rich ORDER BY name", "ann|t\ncid|t");
    check_ends("RESTORE DATABASE shop FROM LATEST IN 'nodelocal://1/b'", "|succeeded|1|1503");
    CHECK_SQL(&h, "SELECT count(*) FROM shop.extra.orders", "1500");
    teardown();
}

static void test_show(void)
{
    setup();
    check_ends("BACKUP DATABASE shop INTO 'nodelocal://1/b'", "|1503");
    CHECK_SQL(&h, "SELECT count(*), min(length(path)) FROM [SHOW BACKUPS IN 'nodelocal://1/b']", "1|21");
    CHECK_SQL(&h, "SHOW BACKUPS IN 'nodelocal://1/nothing'", "");
    CHECK_SQL(&h,
              "SELECT database_name, parent_schema_name, object_name, object_type, backup_type, start_time, end_time > "
              "now() - '1h'::INTERVAL, size_bytes > 0, rows, is_full_cluster, regions FROM [SHOW BACKUP FROM LATEST IN "
              "'nodelocal://1/b']",
              "NULL|NULL|shop|database|full|NULL|t|NULL|NULL|f|NULL\n"
              "shop|NULL|extra|schema|full|NULL|t|NULL|NULL|f|NULL\n"
              "shop|NULL|public|schema|full|NULL|t|NULL|NULL|f|NULL\n"
              "shop|public|mood|type|full|NULL|t|NULL|NULL|f|NULL\n"
              "shop|public|customers|table|full|NULL|t|t|3|f|NULL\n"
              "shop|extra|orders|table|full|NULL|t|t|1500|f|NULL\n"
              "shop|public|rich|view|full|NULL|t|f|0|f|NULL\n"
              "shop|public|seq|sequence|full|NULL|t|t|0|f|NULL\n"
              "shop|public|better|function|full|NULL|t|NULL|NULL|f|NULL\n"
              "shop|public|spent|function|full|NULL|t|NULL|NULL|f|NULL");
    CHECK(str_has_prefix(harness_run(&h, "SHOW BACKUP FROM LATEST IN 'nodelocal://1/nothing'"),
                         STR("ERROR 58P01 no backup found in ")));
    CHECK_SQL(&h, "SELECT job_type, description, status FROM [SHOW JOBS]",
              "BACKUP|BACKUP DATABASE shop INTO 'nodelocal://1/b'|succeeded");
    teardown();
}

static void test_tables(void)
{
    setup();
    check_ends("BACKUP TABLE shop.customers, shop.extra.orders INTO 'nodelocal://1/t'", "|succeeded|1|1503");
    check_ends("RESTORE TABLE shop.customers FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'nope'",
               "ERROR 3D000 a database named \"nope\" needs to exist");
    CHECK_SQL(&h, "CREATE DATABASE other", "CREATE DATABASE");
    check_ends("RESTORE TABLE shop.extra.orders FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'other'",
               "ERROR 23503 cannot restore table \"orders\" without referenced table (or \"skip_missing_foreign_keys\" "
               "option)");
    check_ends("RESTORE TABLE shop.customers FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'other'",
               "ERROR 2BP01 cannot restore \"customers\" without what it depends on (or \"skip_missing_sequences\" "
               "option)");
    CHECK_SQL(&h, "CREATE SCHEMA other.extra", "CREATE SCHEMA");
    check_ends("RESTORE TABLE shop.* FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'other', skip_missing_sequences",
               "|succeeded|1|1503");
    CHECK_SQL(&h, "SELECT count(*), max(m::STRING) FROM other.customers", "3|sad");
    CHECK_SQL(&h, "SELECT count(*) FROM other.extra.orders@big WHERE total > 100", "1400");
    check_ends("RESTORE TABLE shop.customers FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'other', "
               "skip_missing_sequences",
               "ERROR 42P07 relation \"customers\" already exists");
    CHECK_SQL(&h, "DROP TABLE other.extra.orders, other.customers", "DROP TABLE");
    check_ends("RESTORE TABLE shop.customers FROM LATEST IN 'nodelocal://1/t' WITH into_db = 'other', "
               "skip_missing_sequences",
               "|succeeded|1|3");
    check_ends("RESTORE TABLE shop.nope FROM LATEST IN 'nodelocal://1/t'",
               "ERROR 42P01 table \"shop.public.nope\" does not exist in the backup");
    check_ends("RESTORE DATABASE nope FROM LATEST IN 'nodelocal://1/t'",
               "ERROR 3D000 unknown database in backup: \"nope\"");
    check_ends("RESTORE FROM LATEST IN 'nodelocal://1/t'",
               "ERROR 22023 full cluster RESTORE can only be used on full cluster BACKUP files");
    teardown();
}

static void test_triggers(void)
{
    setup();
    CHECK_SQL(
        &h,
        "CREATE DATABASE tr; USE tr; CREATE TABLE t (a INT PRIMARY KEY, b INT); CREATE FUNCTION f() RETURNS TRIGGER "
        "LANGUAGE plpgsql AS $$ BEGIN NEW.b := NEW.a + 1; RETURN NEW; END $$; CREATE TRIGGER g BEFORE INSERT ON t FOR "
        "EACH ROW WHEN (NEW.b IS NULL) EXECUTE FUNCTION f('x', ''); COMMENT ON TRIGGER g ON t IS 'says'",
        "CREATE DATABASE\nSET\nCREATE TABLE\nCREATE FUNCTION\nCREATE TRIGGER\nCOMMENT ON TRIGGER");
    check_ends("BACKUP DATABASE tr INTO 'nodelocal://1/g'", "|succeeded|1|0");
    check_ends("RESTORE DATABASE tr FROM LATEST IN 'nodelocal://1/g' WITH new_db_name = 'tr2'", "|succeeded|1|0");
    CHECK_SQL(&h, "USE tr2; DROP DATABASE tr CASCADE; INSERT INTO t VALUES (1), (2) RETURNING b",
              "SET\nDROP DATABASE\n2\n3");
    CHECK_SQL(&h, "SHOW CREATE ALL TRIGGERS",
              "CREATE TRIGGER g BEFORE INSERT ON tr2.public.t FOR EACH ROW WHEN (new.b IS NULL) EXECUTE FUNCTION "
              "tr2.public.f('x', '');");
    CHECK_SQL(&h, "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger", "says");
    CHECK_SQL(&h, "CREATE DATABASE other", "CREATE DATABASE");
    check_ends("RESTORE TABLE tr.t FROM LATEST IN 'nodelocal://1/g' WITH into_db = 'other'",
               "ERROR 2BP01 cannot restore table \"t\" without the functions of its triggers (or \"skip_missing_udfs\" "
               "option)");
    check_ends("RESTORE TABLE tr.t FROM LATEST IN 'nodelocal://1/g' WITH into_db = 'other', skip_missing_udfs",
               "|succeeded|1|0");
    CHECK_SQL(&h, "SHOW TRIGGERS FROM other.t; SELECT 'none'", "none");
    teardown();
}

// Layers: rows changed, deleted and added, tables made and dropped; every layer comes back as it was.
static void test_incremental(void)
{
    char sql[300], *states[5], *ends[5];
    setup();
    CHECK_SQL(&h, "CREATE DATABASE d; CREATE TABLE d.a (k INT PRIMARY KEY, v STRING, INDEX (v))",
              "CREATE DATABASE\nCREATE TABLE");
    static const char *const changes[] = {
        "INSERT INTO d.a SELECT i, 'v' || i FROM generate_series(1, 200) g(i)",
        "UPDATE d.a SET v = v || '!' WHERE k % 3 = 0",
        "DELETE FROM d.a WHERE k % 2 = 0; CREATE TABLE d.b (x INT PRIMARY KEY); INSERT INTO d.b VALUES (1), (2)",
        "DROP TABLE d.b; TRUNCATE d.a; INSERT INTO d.a VALUES (7, 'seven'), (12, 'twelve')",
        "INSERT INTO d.a SELECT i, repeat('x', 3000) FROM generate_series(1000, 1999) g(i)"};
    for (int i = 0; i < 5; i++) {
        mem_free(run_copy(changes[i]));
        if (i == 0) {
            mem_free(run_copy("BACKUP DATABASE d INTO 'nodelocal://1/i' WITH OPTIONS (detached)"));
            CHECK_SQL(&h, "SELECT status FROM [SHOW JOBS WHEN COMPLETE SELECT max(id) FROM system.jobs]", "succeeded");
        } else {
            check_ends("BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/i'; SELECT 'done'", "done");
        }
        states[i] = run_copy("SELECT * FROM d.a ORDER BY k");
        ends[i] = run_copy("SELECT max(end_time)::STRING FROM [SHOW BACKUP FROM LATEST IN 'nodelocal://1/i']");
    }
    CHECK_SQL(&h,
              "SELECT backup_type, object_name, rows FROM [SHOW BACKUP FROM LATEST IN 'nodelocal://1/i'] WHERE "
              "object_type = 'table'",
              "full|a|200\nincremental|a|66\nincremental|a|100\nincremental|b|2\nincremental|a|2\nincremental|a|1000");
    for (int i = 0; i < 5; i++) {
        snprintf(sql, sizeof(sql),
                 "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/i' AS OF SYSTEM TIME '%s' WITH new_db_name = 'r%d'; "
                 "SELECT 'done'",
                 ends[i], i);
        check_ends(sql, "done");
        snprintf(sql, sizeof(sql), "SELECT * FROM r%d.a ORDER BY k", i);
        CHECK_SQL(&h, sql, states[i]);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM [SHOW TABLES FROM r%d]", i);
        CHECK_SQL(&h, sql, i == 2 ? "2" : "1");
        mem_free(states[i]);
        mem_free(ends[i]);
    }
    check_ends("RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/i' AS OF SYSTEM TIME '2020-01-01' WITH new_db_name = "
               "'x'",
               "ERROR 22023 invalid RESTORE timestamp: restoring to arbitrary time requires that BACKUP for requested "
               "time be created with 'revision_history' option");
    check_ends("BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/none'", "none\"");
    teardown();
}

static void test_cluster(void)
{
    setup();
    CHECK_SQL(
        &h,
        "CREATE USER ann WITH PASSWORD 'secret'; CREATE ROLE r; GRANT r TO ann; GRANT SELECT ON shop.customers TO r",
        "CREATE ROLE\nCREATE ROLE\nGRANT\nGRANT");
    CHECK_SQL(&h,
              "ALTER ROLE ann SET lock_timeout = '9s'; ALTER ROLE ann IN DATABASE shop SET lock_timeout = '10s'; GRANT "
              "SYSTEM VIEWACTIVITY TO ann; ALTER RANGE default CONFIGURE ZONE USING gc.ttlseconds = 17000",
              "ALTER ROLE\nALTER ROLE\nGRANT\nCONFIGURE ZONE 1");
    CHECK_SQL(&h, "CREATE TABLE here (a INT PRIMARY KEY); INSERT INTO here VALUES (1)", "CREATE TABLE\nINSERT 0 1");
    check_ends("BACKUP INTO 'nodelocal://1/c'", "|1504");
    check_ends("RESTORE FROM LATEST IN 'nodelocal://1/c'",
               "ERROR 55000 full cluster restore can only be run on a cluster with no tables or databases but found "
               "\"here\"");
    char *before = look_at("shop");
    // a second, empty cluster on the same files
    struct harness second;
    harness_open(&second, true);
    struct harness first = h;
    h = second;
    snprintf(h.external_dir, sizeof(h.external_dir), "%s", first.external_dir);
    harness_reopen(&h);
    check_ends("RESTORE FROM LATEST IN 'nodelocal://1/c'", "|1504");
    char *after = look_at("shop");
    CHECK(strcmp(before, after) == 0);
    CHECK_SQL(&h, "SELECT * FROM here", "1");
    CHECK_SQL(&h, "SELECT count(*) FROM system.users WHERE username = 'ann' AND \"hashedPassword\" IS NOT NULL", "1");
    CHECK_SQL(&h, "SELECT role, member FROM system.role_members WHERE member = 'ann'", "r|ann");
    CHECK_SQL(&h,
              "SELECT d.name, role_name, settings FROM system.database_role_settings s LEFT JOIN system.namespace d "
              "ON d.id = s.database_id::INT AND d.\"parentID\" = 0 WHERE role_name = 'ann' ORDER BY 1",
              "NULL|ann|{lock_timeout=9s}\nshop|ann|{lock_timeout=10s}");
    CHECK_SQL(&h, "SELECT username, privileges FROM system.privileges", "ann|{VIEWACTIVITY}");
    CHECK_SQL(&h,
              "SELECT raw_config_sql LIKE '%gc.ttlseconds = 17000%' FROM [SHOW ZONE CONFIGURATION FROM RANGE default]",
              "t");
    struct session *ann = harness_session(&h, "ann");
    CHECK_STR(harness_run_in(&h, ann, "SHOW lock_timeout"), "9000");
    CHECK_STR(harness_run_in(&h, ann, "SELECT count(*) FROM shop.customers"), "3");
    CHECK_STR(harness_run_in(&h, ann, "SELECT count(*) FROM here"),
              "ERROR 42501 user ann does not have SELECT privilege on relation here");
    session_free(ann);
    harness_reopen(&h); // and it is all in the store
    CHECK_SQL(&h, "SELECT count(*) FROM shop.extra.orders", "1500");
    CHECK_STR(harness_check(&h), "");
    mem_free(before);
    mem_free(after);
    snprintf(h.external_dir, sizeof(h.external_dir), "%s", second.external_dir);
    harness_close(&h);
    h = first;
    teardown();
}

// ---- what is refused

static void test_refused(void)
{
    setup();
    static const struct {
        const char *sql, *expected;
    } cases[] = {
        {"BACKUP INTO 'nodelocal://1/../x'",
         "ERROR 42501 local file access to paths outside of external-io-dir is not allowed: /../x"},
        {"BACKUP INTO 'nodelocal://1/a/../../x'",
         "ERROR 42501 local file access to paths outside of external-io-dir is not allowed: /a/../../x"},
        {"RESTORE FROM '../../x' IN 'nodelocal://1/a'",
         "ERROR 42501 local file access to paths outside of external-io-dir is not allowed: ../../x"},
        {"BACKUP INTO 'nodelocal://1/link/x'",
         "ERROR 42501 local file access through symbolic links is not allowed: /link/x"},
        {"BACKUP INTO 'nodelocal://1'", "ERROR 22023 the URI of a collection needs a path"},
        {"BACKUP INTO 'nodelocal://2/x'",
         "ERROR 22023 host component of nodelocal URI must be a node ID: nodelocal://2/x"},
        {"BACKUP INTO 's3://bucket/x'", "ERROR 0A000 unimplemented: unsupported storage scheme: \"s3\""},
        {"BACKUP INTO 'x'", "ERROR 22023 unsupported storage scheme: \"\" in x"},
        {"BACKUP INTO ('nodelocal://1/a', 'nodelocal://1/b')",
         "ERROR 0A000 unimplemented: locality-aware backups are not supported"},
        {"BACKUP INTO 'nodelocal://1/a' WITH revision_history",
         "ERROR 0A000 unimplemented: BACKUP option \"revision_history\" is not supported"},
        {"BACKUP INTO 'nodelocal://1/a' AS OF SYSTEM TIME '10s'",
         "ERROR XXUUU AS OF SYSTEM TIME: interval value '10s' too large, AS OF interval must be <= -1µs"},
        {"BACKUP TABLE nope INTO 'nodelocal://1/a'", "ERROR 42P01 relation \"nope\" does not exist"},
        {"BACKUP DATABASE nope INTO 'nodelocal://1/a'", "ERROR 3D000 database \"nope\" does not exist"},
        {"BEGIN; BACKUP INTO 'nodelocal://1/a'",
         "BEGIN\nERROR 25001 BACKUP cannot be used inside a multi-statement transaction without DETACHED option"},
        {"ROLLBACK; RESTORE TABLE a FROM LATEST IN 'nodelocal://1/a' WITH new_db_name = 'x'",
         "ROLLBACK\nERROR 42601 new_db_name can only be used for RESTORE DATABASE with a single target database"},
    };
    char link[300];
    snprintf(link, sizeof(link), "%s/link", h.external_dir);
    CHECK_INT(symlink("/tmp", link), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_SQL(&h, cases[i].sql, cases[i].expected);
    CHECK_SQL(&h, "CREATE USER u", "CREATE ROLE");
    struct session *u = harness_session(&h, "u");
    CHECK_STR(harness_run_in(&h, u, "BACKUP INTO 'nodelocal://1/a'"),
              "ERROR 42501 only users with the admin role are allowed to take backups");
    CHECK_STR(harness_run_in(&h, u, "RESTORE FROM LATEST IN 'nodelocal://1/a'"),
              "ERROR 42501 only users with the admin role are allowed to restore backups");
    CHECK_STR(harness_run_in(&h, u, "SHOW BACKUPS IN 'nodelocal://1/a'"),
              "ERROR 42501 only users with the admin role are allowed to look at backups");
    session_free(u);
    teardown();
}

// ---- damage

static bool find_file(const char *dir, const char *name, char *out, size_t size)
{
    DIR *d = opendir(dir);
    bool found = false;
    for (struct dirent *e; d != NULL && !found && (e = readdir(d)) != NULL;) {
        char path[1000];
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0)
            continue;
        if (strcmp(e->d_name, name) == 0) {
            snprintf(out, size, "%s", path);
            found = true;
        } else if (S_ISDIR(st.st_mode)) {
            found = find_file(path, name, out, size);
        }
    }
    if (d != NULL)
        closedir(d);
    return found;
}

static char *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "r");
    struct stat st;
    if (f == NULL || fstat(fileno(f), &st) != 0)
        exit(1);
    char *bytes = malloc((size_t)st.st_size + 1);
    *len = fread(bytes, 1, (size_t)st.st_size, f);
    fclose(f);
    return bytes;
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(bytes, 1, len, f) != len)
        exit(1);
    fclose(f);
}

static void check_refused(const char *what, size_t at)
{
    struct str text = harness_run(&h, "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/x' WITH new_db_name = 'r'");
    bool refused = str_has_prefix(text, STR("ERROR XX001"));
    CHECK(refused);
    if (!refused)
        printf("  %s at %zu: %.*s\n", what, at, STR_FMT(text));
}

// Flips a bit of each byte in turn (every `step`-th) and cuts the file there: never restored, and nothing stays behind.
static void sweep(const char *name, size_t step)
{
    char path[1000];
    size_t len;
    CHECK(find_file(h.external_dir, name, path, sizeof(path)));
    char *bytes = read_file(path, &len);
    for (size_t at = 0; at < len; at += step) {
        bytes[at] ^= (char)(1 << at % 8);
        write_file(path, bytes, len);
        bytes[at] ^= (char)(1 << at % 8);
        check_refused(name, at);
        write_file(path, bytes, at);
        check_refused("truncated", at);
    }
    write_file(path, bytes, len);
    free(bytes);
}

static void test_damage(void)
{
    harness_open(&h, false);
    CHECK_SQL(
        &h,
        "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY, b STRING); INSERT INTO d.t SELECT i, 'row ' || i "
        "FROM generate_series(1, 50) g(i)",
        "CREATE DATABASE\nCREATE TABLE\nINSERT 0 50");
    check_ends("BACKUP DATABASE d INTO 'nodelocal://1/x'", "|50");
    sweep("MANIFEST", 7);
    sweep("data.pbk", 5);
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW DATABASES] WHERE database_name = 'r'", "0");
    CHECK_STR(harness_check(&h), "");
    check_ends("RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/x' WITH new_db_name = 'r'", "|50");
    teardown();
}

// ---- under load

enum { ACCOUNTS = 40, WRITERS = 3, BACKUPS = 12 };
static _Atomic bool stop;

static void *write_load(void *arg)
{
    struct harness mine = h; // its own buffer; the engine is shared
    mine.text = BUF_INIT;
    struct session *s = harness_session(&mine, "root");
    struct rng rng;
    char sql[300];
    rng_seed(&rng, (uint64_t)(uintptr_t)arg);
    for (int i = 0; !atomic_load(&stop); i++) {
        int from = (int)rng_below(&rng, ACCOUNTS), to = (int)rng_below(&rng, ACCOUNTS);
        snprintf(
            sql, sizeof(sql),
            "BEGIN; UPDATE d.a SET v = v - 1 WHERE k = %d; UPDATE d.a SET v = v + 1 WHERE k = %d; INSERT INTO d.log "
            "(t) VALUES ('%d to %d'); DELETE FROM d.log WHERE t LIKE '%d %%'; COMMIT",
            from, to, from, to, (int)rng_below(&rng, ACCOUNTS));
        if (str_find(harness_run_in(&mine, s, sql), STR("ERROR"), 0) >= 0)
            harness_run_in(&mine, s, "ROLLBACK");
    }
    session_free(s);
    buf_release(&mine.text);
    return NULL;
}

// The version of the newest layer, finer than the microseconds that SHOW BACKUP prints.
static uint64_t newest_version(void)
{
    struct arena a;
    struct backup_chain chain;
    struct err err = ERR_INIT;
    uint64_t end = 0;
    arena_init(&a, NULL);
    if (backup_open(arena_printf(&a, "%s/l", h.external_dir), STR_EMPTY, 0, &a, &chain, &err) == 0)
        end = chain.layers.ptr[chain.layers.len - 1].end;
    CHECK(end != 0);
    err_reset(&err);
    arena_release(&a);
    return end;
}

static void compare_at(int i, uint64_t end, const char *table, const char *order)
{
    char sql[300];
    snprintf(sql, sizeof(sql), "SELECT * FROM d.%s AS OF SYSTEM TIME '%llu' ORDER BY %s", table,
             (unsigned long long)end, order);
    char *then = run_copy(sql);
    snprintf(sql, sizeof(sql), "SELECT * FROM r%d.%s ORDER BY %s", i, table, order);
    CHECK_SQL(&h, sql, then);
    mem_free(then);
}

// Backups under load, restored: no difference to what the tables were at that time.
static void test_load(void)
{
    pthread_t threads[WRITERS];
    char sql[300];
    harness_open(&h, false);
    CHECK_SQL(&h,
              "CREATE DATABASE d; CREATE TABLE d.a (k INT PRIMARY KEY, v INT, INDEX (v)); CREATE TABLE d.log (t "
              "STRING, INDEX (t)); INSERT INTO d.a SELECT i, 100 FROM generate_series(0, 39) g(i)",
              "CREATE DATABASE\nCREATE TABLE\nCREATE TABLE\nINSERT 0 40");
    stop = false;
    for (int i = 0; i < WRITERS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, write_load, (void *)(uintptr_t)(i + 1)), 0);
    for (int i = 0; i < BACKUPS; i++) {
        check_ends(i % 4 == 0 ? "BACKUP DATABASE d INTO 'nodelocal://1/l'; SELECT 'done'"
                              : "BACKUP DATABASE d INTO LATEST IN 'nodelocal://1/l'; SELECT 'done'",
                   "done");
        uint64_t end = newest_version();
        snprintf(sql, sizeof(sql),
                 "RESTORE DATABASE d FROM LATEST IN 'nodelocal://1/l' WITH new_db_name = 'r%d'; SELECT 'done'", i);
        check_ends(sql, "done");
        snprintf(sql, sizeof(sql), "SELECT sum(v) FROM r%d.a", i);
        CHECK_SQL(&h, sql, "4000");
        compare_at(i, end, "a", "k");
        compare_at(i, end, "log", "t");
    }
    atomic_store(&stop, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    teardown();
}

// What is older than a table's gc.ttlseconds is not read, whatever the store still has for others.
static void test_too_old(void)
{
    static const char *const refused[] = {
        "BACKUP TABLE t INTO 'nodelocal://1/o' AS OF SYSTEM TIME %llu",
        "BACKUP DATABASE defaultdb INTO 'nodelocal://1/o' AS OF SYSTEM TIME %llu",
        "BACKUP INTO 'nodelocal://1/o' AS OF SYSTEM TIME %llu",
        "INSPECT TABLE t AS OF SYSTEM TIME %llu",
        "INSPECT DATABASE defaultdb AS OF SYSTEM TIME %llu",
    };
    static const char *const taken[] = {
        "BACKUP TABLE u INTO 'nodelocal://1/u' AS OF SYSTEM TIME %llu",
        "BACKUP DATABASE d INTO 'nodelocal://1/d' AS OF SYSTEM TIME %llu",
        "INSPECT TABLE u AS OF SYSTEM TIME %llu",
    };
    char sql[200], expected[100];
    harness_open(&h, false);
    harness_run(&h, "CREATE DATABASE d; CREATE TABLE d.t (a INT); CREATE TABLE t (a INT); CREATE TABLE u (a INT)");
    harness_run(&h, "ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 1");
    unsigned long long then = kv_now(h.kv);
    snprintf(expected, sizeof(expected), "ERROR XXUUU batch timestamp %llu.%09llu,0 must be after replica GC threshold",
             then / 1000000000, then % 1000000000);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM t AS OF SYSTEM TIME %llu", then);
    while (str_eqc(harness_run(&h, sql), "0")) // for a second
        continue;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        snprintf(sql, sizeof(sql), refused[i], then);
        struct str text = harness_run(&h, sql);
        CHECK_STR(str_slice(text, 0, MIN(text.len, strlen(expected))), expected);
    }
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        snprintf(sql, sizeof(sql), taken[i], then);
        CHECK(str_find(harness_run(&h, sql), STR("ERROR"), 0) < 0);
    }
    CHECK_SQL(&h, "SELECT DISTINCT status FROM [SHOW JOBS WHEN COMPLETE SELECT id FROM system.jobs]", "succeeded");
    harness_close(&h);
}

CHECK_MAIN({"database", test_database}, {"show", test_show}, {"tables", test_tables}, {"triggers", test_triggers},
           {"incremental", test_incremental}, {"cluster", test_cluster}, {"refused", test_refused},
           {"damage", test_damage}, {"load", test_load}, {"too_old", test_too_old}, )
