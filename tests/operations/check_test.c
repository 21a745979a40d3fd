// The consistency check finds what is planted, and nothing else: each test damages one thing through the key-value
// store behind the back of SQL.
#include "keys/keys.h"
#include "operations/harness.h"

static struct harness h;

static void setup(void)
{
    harness_open(&h, false);
    CHECK_SQL(&h,
              "CREATE TABLE p (a INT PRIMARY KEY, b STRING NOT NULL, c INT CHECK (c > 0), UNIQUE (b), INDEX ci (c), "
              "INDEX pi (c) WHERE c > 10)",
              "CREATE TABLE");
    CHECK_SQL(&h, "CREATE TABLE f (x INT PRIMARY KEY, y INT REFERENCES p (a))", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO p VALUES (1, 'one', 5), (2, 'two', 15), (3, 'three', NULL)", "INSERT 0 3");
    CHECK_SQL(&h, "INSERT INTO f VALUES (7, 1), (8, NULL)", "INSERT 0 2");
    CHECK_STR(harness_check(&h), "");
}

static struct kv_txn *begin(void)
{
    struct kv_txn *txn;
    CHECK_INT(kv_begin(h.kv, &(struct kv_begin_options){0}, &txn), KV_OK);
    return txn;
}

static void commit(struct kv_txn *txn)
{
    uint64_t version;
    CHECK_INT(kv_commit(txn, &version), KV_OK);
}

// The stored pair whose key prints like this, copied; fails the test when there is none.
static bool find(const char *printed, struct buf *key, struct buf *value)
{
    struct kv_txn *txn = begin();
    struct kv_scan *scan;
    struct kv_batch batch;
    struct buf text = BUF_INIT;
    bool found = false;
    CHECK_INT(kv_scan_open(txn, (struct kv_range){STR_EMPTY, STR_NONE}, KV_READ_SNAPSHOT, 0, &scan), KV_OK);
    while (!found && kv_scan_next(scan, 100, &batch) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n && !found; i++) {
            buf_clear(&text);
            key_print(&text, batch.pairs[i].key);
            found = str_eqc(buf_view(&text), printed);
            buf_clear(key);
            buf_clear(value);
            buf_str(key, batch.pairs[i].key);
            buf_str(value, batch.pairs[i].value);
        }
    }
    kv_abort(txn);
    buf_release(&text);
    if (!found)
        printf("  no key prints as %s\n", printed);
    CHECK(found);
    return found;
}

static struct buf key, value;

static void remove_key(const char *printed)
{
    if (!find(printed, &key, &value))
        return;
    struct kv_txn *txn = begin();
    CHECK_INT(kv_delete(txn, buf_view(&key)), KV_OK);
    commit(txn);
}

static void put(struct str k, struct str v)
{
    struct kv_txn *txn = begin();
    CHECK_INT(kv_put(txn, k, v), KV_OK);
    commit(txn);
}

static void teardown(void)
{
    harness_close(&h);
    buf_release(&key);
    buf_release(&value);
}

static void run(void (*damage)(void), const char *expected)
{
    setup();
    damage();
    CHECK_STR(harness_check(&h), expected);
    teardown();
}

// ---- index entries

static void missing_entry(void)
{
    remove_key("/Table/104/2/5/1");
}

static void test_missing_entry(void)
{
    run(missing_entry, "defaultdb.public.p@ci: missing_secondary_index_entry at (1): the row has no entry "
                       "/Table/104/2/5/1");
}

static void missing_row(void)
{
    remove_key("/Table/104/1/3");
}

static void test_missing_row(void)
{
    run(missing_row,
        "defaultdb.public.p@ci: dangling_secondary_index_entry at /Table/104/1/3: the entry /Table/104/2/NULL/3 is of "
        "a row that does not exist\n"
        "defaultdb.public.p@p_b_key: dangling_secondary_index_entry at /Table/104/1/3: the entry "
        "/Table/104/4/\"three\" is of a row that does not exist\n"
        "defaultdb.public.p: wrong_row_count: the table has 2 rows, its counter says 3");
}

// The row of 2 with the values of 1: its entries are of a former life.
static void changed_row(void)
{
    if (!find("/Table/104/1/1", &key, &value))
        return;
    struct buf other = BUF_INIT, unused = BUF_INIT;
    if (find("/Table/104/1/2", &other, &unused))
        put(buf_view(&other), buf_view(&value));
    buf_release(&other);
    buf_release(&unused);
}

static void test_changed_row(void)
{
    run(changed_row, "defaultdb.public.p@ci: missing_secondary_index_entry at (2): the row has no entry "
                     "/Table/104/2/5/2\n"
                     "defaultdb.public.p@p_b_key: wrong_secondary_index_entry at (2): the entry /Table/104/4/\"one\" "
                     "does not say what the row does\n"
                     "defaultdb.public.p@ci: dangling_secondary_index_entry at (2): the entry /Table/104/2/15/2 is of "
                     "a row that has other values now\n"
                     "defaultdb.public.p@pi: dangling_secondary_index_entry at (2): the entry /Table/104/3/15/2 is of "
                     "a row that has other values now\n"
                     "defaultdb.public.p@p_b_key: dangling_secondary_index_entry at (2): the entry "
                     "/Table/104/4/\"two\" is of a row that has other values now");
}

static void damaged_value(void)
{
    if (find("/Table/104/4/\"two\"", &key, &value))
        put(buf_view(&key), STR("\x0e"));
}

static void test_damaged_value(void)
{
    run(damaged_value, "defaultdb.public.p@p_b_key: wrong_secondary_index_entry at (2): the entry "
                       "/Table/104/4/\"two\" does not say what the row does\n"
                       "defaultdb.public.p@p_b_key: damaged_index_entry: the entry /Table/104/4/\"two\" cannot be "
                       "decoded");
}

// ---- rows

static void damaged_row(void)
{
    if (find("/Table/105/1/8", &key, &value))
        put(buf_view(&key), STR("\x0f\x01"));
}

static void test_damaged_row(void)
{
    run(damaged_row, "defaultdb.public.f: damaged_row: the row /Table/105/1/8 cannot be decoded");
}

static void broken_reference(void)
{
    if (!find("/Table/105/1/7", &key, &value))
        return;
    ((char *)value.ptr)[value.len - 8] = 9; // y, the last slot: 1 becomes 9
    put(buf_view(&key), buf_view(&value));
}

static void test_broken_reference(void)
{
    run(broken_reference, "defaultdb.public.f: foreign_key_violation at (7): foreign key violation: \"f\" row x=7, y=9 "
                          "has no match in \"p\"");
}

static void wrong_counter(void)
{
    struct buf k = BUF_INIT;
    key_put_table_item(&k, KEY_CLUSTER_DEFAULT, 105, KEY_TABLE_ROW_COUNT);
    struct kv_txn *txn = begin();
    CHECK_INT(kv_add(txn, buf_view(&k), 3), KV_OK);
    commit(txn);
    buf_release(&k);
}

static void test_wrong_counter(void)
{
    run(wrong_counter, "defaultdb.public.f: wrong_row_count: the table has 2 rows, its counter says 5");
}

// Constraints added as NOT VALID hold for new rows only; said to be validated, the old row breaks them.
static void test_constraints(void)
{
    setup();
    CHECK_SQL(&h, "ALTER TABLE p ADD CONSTRAINT big CHECK (c > 10) NOT VALID", "ALTER TABLE");
    CHECK_STR(harness_check(&h), "");
    if (find("/Table/3/1/104", &key, &value)) {
        // the descriptor says "validated" in a field that is left out while false; make the expression weaker instead
        struct str bytes = buf_view(&value);
        ptrdiff_t at = str_find(bytes, STR("c > 0:::INT8"), 0);
        CHECK(at > 0);
        ((char *)value.ptr)[at + 4] = '9';
        put(buf_view(&key), buf_view(&value));
        struct kv_txn *txn = begin();
        struct buf version = BUF_INIT;
        key_put_table_item(&version, KEY_CLUSTER_DEFAULT, 3, KEY_TABLE_VERSION);
        CHECK_INT(kv_add(txn, buf_view(&version), 1), KV_OK);
        commit(txn);
        buf_release(&version);
    }
    CHECK_STR(harness_check(&h), "defaultdb.public.p: check_violation at (1): CHECK \"check_c\" is not satisfied");
    teardown();
}

// ---- names and descriptors

static void missing_name(void)
{
    remove_key("/Table/30/1/100/101/\"f\"");
}

static void test_missing_name(void)
{
    run(missing_name, "f: missing_name: descriptor 105 has no entry in system.namespace");
}

static void missing_descriptor(void)
{
    remove_key("/Table/3/1/105");
}

static void test_missing_descriptor(void)
{
    setup();
    missing_descriptor();
    struct str found = harness_check(&h);
    CHECK(str_find(found, STR("f: dangling_name: the name stands for descriptor 105, which does not exist"), 0) >= 0);
    CHECK(str_find(found,
                   STR("defaultdb.public.p: invalid_descriptor: foreign key \"f_y_fkey\" is not known to table 105"),
                   0) >= 0);
    CHECK(str_find(found, STR("[105]: orphaned_data: keys of index 1 of table 105, which does not exist"), 0) >= 0);
    teardown();
}

static void damaged_descriptor(void)
{
    if (find("/Table/3/1/105", &key, &value))
        put(buf_view(&key), str_slice(buf_view(&value), 0, value.len / 2));
}

static void test_damaged_descriptor(void)
{
    setup();
    damaged_descriptor();
    CHECK_STR(harness_check(&h),
              "f: dangling_name: the name stands for descriptor 105, which does not exist\n"
              "defaultdb.public.p: invalid_descriptor: foreign key \"f_y_fkey\" is not known to table 105\n"
              "descriptor: damaged_row: a row of system.descriptor cannot be decoded\n"
              "[105]: orphaned_data: keys of index 0 of table 105, which does not exist\n"
              "[105]: orphaned_data: keys of index 1 of table 105, which does not exist\n"
              "system.public.descriptor: damaged_row: the row /Table/3/1/105 cannot be decoded");
    teardown();
}

static void orphaned_index(void)
{
    struct buf k = BUF_INIT;
    key_put_index(&k, KEY_CLUSTER_DEFAULT, 104, 9);
    buf_cstr(&k, "x");
    put(buf_view(&k), STR("y"));
    buf_release(&k);
}

static void test_orphaned_index(void)
{
    run(orphaned_index, "defaultdb.public.p: orphaned_data: keys of index 9, which does not exist");
}

static void test_sequence(void)
{
    setup();
    CHECK_SQL(&h, "CREATE SEQUENCE s MAXVALUE 10", "CREATE SEQUENCE");
    struct buf k = BUF_INIT;
    key_put_table_item(&k, KEY_CLUSTER_DEFAULT, 106, KEY_TABLE_SEQUENCE);
    put(buf_view(&k), (struct str){"\x0b\0\0\0\0\0\0\0\x01", 9});
    buf_release(&k);
    CHECK_STR(harness_check(&h), "defaultdb.public.s: invalid_sequence: its value 11 is not within 1 and 10");
    CHECK_SQL(&h, "DROP SEQUENCE s", "DROP SEQUENCE");
    CHECK_SQL(&h, "BEGIN; CREATE SEQUENCE s; SELECT nextval('s'); ROLLBACK", "BEGIN\nCREATE SEQUENCE\n1\nROLLBACK");
    CHECK_STR(harness_check(&h), "");
    teardown();
}

// Another version of the library that ordered an index may order it differently.
static void test_collation(void)
{
    harness_open(&h, true);
    CHECK_SQL(&h, "CREATE TABLE n (name STRING COLLATE de PRIMARY KEY, v STRING, INDEX v (v))", "CREATE TABLE");
    CHECK_SQL(&h, "INSERT INTO n VALUES ('b', 'x'), ('A', 'x'), ('ä', 'x')", "INSERT 0 3");
    harness_reopen(&h);
    CHECK_SQL(&h, "SELECT name FROM n ORDER BY name", "A\nä\nb");
    CHECK_SQL(&h, "SELECT v FROM n WHERE name = 'ä'", "x");
    CHECK_STR(harness_check(&h), "");
    if (find("/Table/3/1/104", &key, &value)) {
        ptrdiff_t at = str_find(buf_view(&value), STR("de "), 0);
        CHECK(at > 0);
        value.ptr[at + 3] = value.ptr[at + 3] == '9' ? '8' : '9'; // first digit of the version
        put(buf_view(&key), buf_view(&value));
    }
    harness_reopen(&h);
    struct str found = harness_check(&h);
    CHECK(str_has_prefix(found,
                         STR("defaultdb.public.n: collation_changed: index \"n_pkey\" was made in the order of de 9")));
    CHECK(str_find(found, STR("\n"), 0) < 0);
    teardown();
}

// INSPECT finds the same, in its job.
static void test_inspect(void)
{
    setup();
    missing_entry();
    CHECK_SQL(&h, "INSPECT TABLE p", "ERROR XX001 INSPECT found inconsistencies");
    CHECK_SQL(&h, "SELECT status, error FROM [SHOW JOBS]", "failed|INSPECT found inconsistencies");
    CHECK_SQL(&h,
              "SELECT error_type, database_name, schema_name, object_name, primary_key, details FROM [SHOW INSPECT "
              "ERRORS FOR TABLE p WITH DETAILS]",
              "missing_secondary_index_entry|defaultdb|public|p@ci|(1)|"
              "{\"details\": \"the row has no entry /Table/104/2/5/1\"}");
    CHECK_SQL(&h, "SELECT count(*) FROM [SHOW INSPECT ERRORS FOR TABLE f]", "0");
    CHECK_SQL(&h, "INSPECT TABLE p WITH OPTIONS (INDEX (pi))", "INSPECT");
    CHECK_SQL(&h, "INSPECT DATABASE defaultdb", "ERROR XX001 INSPECT found inconsistencies");
    teardown();
}

CHECK_MAIN({"missing_entry", test_missing_entry}, {"missing_row", test_missing_row}, {"changed_row", test_changed_row},
           {"damaged_value", test_damaged_value}, {"damaged_row", test_damaged_row},
           {"broken_reference", test_broken_reference}, {"wrong_counter", test_wrong_counter},
           {"constraints", test_constraints}, {"missing_name", test_missing_name},
           {"missing_descriptor", test_missing_descriptor}, {"damaged_descriptor", test_damaged_descriptor},
           {"orphaned_index", test_orphaned_index}, {"sequence", test_sequence}, {"collation", test_collation},
           {"inspect", test_inspect}, )
