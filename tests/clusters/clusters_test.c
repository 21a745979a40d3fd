// Virtual clusters over a store in memory: their records, their engines, and that they share nothing.
#include "server/clusters.h"
#include "base/util.h"
#include "check.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "sql/session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct kv *kv;
static struct clusters *clusters;
static struct sql_engine *stopped; // by end_connections
static char files[64];             // directory of backups; empty: none

static void on_stop(void *arg, struct sql_engine *engine)
{
    stopped = engine;
    clusters_disconnect(clusters, engine);
}

static void open_clusters(void)
{
    struct err err = ERR_INIT;
    struct sql_engine_options engine = {.kv = kv, .insecure = true, .external_io_dir = files};
    struct clusters_options options = {.engine = &engine, .end_connections = on_stop};
    INVARIANT(clusters_open(kv, &options, &clusters, &err) == 0);
}

static void begin(void)
{
    struct err err = ERR_INIT;
    INVARIANT(kv_open("mem:", &(struct kv_options){.space_of = key_counted_cluster}, &kv, &err) == 0);
    open_clusters();
}

static void end(void)
{
    clusters_close(clusters);
    kv_close(kv);
}

// Runs a call that fails with this code and text.
#define FAILS(call, expected_code, text)                           \
    do {                                                           \
        struct err err_ = ERR_INIT, *err = &err_;                  \
        CHECK_INT(call, expected_code);                            \
        CHECK_STR(str_of(err_.message ? err_.message : ""), text); \
        err_reset(&err_);                                          \
    } while (0)
#define OK(call)                                                 \
    do {                                                         \
        struct err err_ = ERR_INIT, *err = &err_;                \
        CHECK_INT(call, 0);                                      \
        CHECK_STR(str_of(err_.message ? err_.message : ""), ""); \
        err_reset(&err_);                                        \
    } while (0)

// ---- SQL

struct text_sink {
    struct result_sink sink;
    struct buf text;
};

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct buf *out = &((struct text_sink *)sink)->text;
    for (uint32_t i = 0; i < batch->n; i++)
        for (uint32_t c = 0; c < batch->ncols; c++) {
            struct datum d = vec_get(&batch->cols[c], batch_row(batch, i));
            datum_print(out, batch->cols[c].type, d, &(struct value_context){0});
            buf_putc(out, ' ');
        }
    return 0;
}

static void on_complete(struct result_sink *sink, struct str tag)
{
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
}

static size_t on_mark(struct result_sink *sink)
{
    return ((struct text_sink *)sink)->text.len;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    ((struct text_sink *)sink)->text.len = mark;
    return true;
}

static void on_parameter(struct result_sink *sink, const char *name, struct str value)
{
}

static const struct result_sink_ops sink_ops = {.describe = on_describe,
                                                .rows = on_rows,
                                                .complete = on_complete,
                                                .notice = on_notice,
                                                .parameter = on_parameter,
                                                .mark = on_mark,
                                                .rewind = on_rewind};

static struct session *session_in(struct sql_engine *engine)
{
    struct session *s = NULL;
    struct session_options options = {.user = STR("root"), .database = STR("defaultdb")};
    OK(session_new(engine, &options, &s, err));
    return s;
}

// Values of all rows, one space after each; or the error.
// Rows, or the error's message; to be released.
static struct buf run(struct session *s, const char *sql)
{
    struct text_sink sink = {.sink = {&sink_ops}};
    struct err err = ERR_INIT;
    if (session_query(s, str_of(sql), &sink.sink, &err) != 0) {
        buf_clear(&sink.text);
        buf_cstr(&sink.text, err.message);
    }
    err_reset(&err);
    return sink.text;
}

static void expect(struct session *s, const char *sql, const char *expected)
{
    struct buf text = run(s, sql);
    CHECK_STR(buf_view(&text), expected);
    buf_release(&text);
}

static struct sql_engine *acquire(const char *name)
{
    struct sql_engine *engine = NULL;
    OK(clusters_acquire(clusters, cluster_named(str_of(name)), &engine, err));
    return engine;
}

static const struct cluster_create_options in_service = {.in_service = true};

static void create(const char *name)
{
    OK(clusters_create(clusters, str_of(name), &in_service, NULL, err));
}

static void expect_list(const char *expected)
{
    struct arena a;
    struct cluster_info *list;
    size_t n = 0;
    struct buf text = BUF_INIT;
    arena_init(&a, NULL);
    OK(clusters_list(clusters, &a, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        buf_printf(&text, "%llu:%.*s:%s:%s:%lld ", (unsigned long long)list[i].id, STR_FMT(list[i].name),
                   cluster_state_name(list[i].state), list[i].in_service ? "shared" : "none",
                   (long long)list[i].usage.connections);
    CHECK_STR(buf_view(&text), expected);
    buf_release(&text);
    arena_release(&a);
}

// ---- records

static void test_create(void)
{
    uint64_t id = 0;
    begin();
    expect_list("1:system:ready:shared:0 ");
    OK(clusters_create(clusters, STR("one"), &in_service, &id, err));
    CHECK_INT(id, 2);
    OK(clusters_create(clusters, STR("two-2"), &(struct cluster_create_options){0}, &id, err));
    CHECK_INT(id, 3);
    FAILS(clusters_create(clusters, STR("one"), &in_service, &id, err), ERR_DUPLICATE_OBJECT,
          "tenant with name \"one\" already exists");
    FAILS(clusters_create(clusters, STR("system"), &in_service, &id, err), ERR_DUPLICATE_OBJECT,
          "tenant with name \"system\" already exists");
    expect_list("1:system:ready:shared:0 2:one:ready:shared:0 3:two-2:ready:none:0 ");
    clusters_close(clusters);
    open_clusters(); // they are in the store
    expect_list("1:system:ready:shared:0 2:one:ready:shared:0 3:two-2:ready:none:0 ");
    end();
}

static void test_names(void)
{
    static const char *const bad[] = {"", "A", "a_b", "a.b", "-a", "a-", "a b", "\303\251"};
    char longest[CLUSTER_NAME_BYTES_MAX + 2];
    memset(longest, 'x', sizeof(longest));
    begin();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_INT(clusters_check_name(str_of(bad[i]), NULL), ERR_INVALID_NAME);
    CHECK_INT(clusters_check_name((struct str){longest, CLUSTER_NAME_BYTES_MAX}, NULL), 0);
    CHECK_INT(clusters_check_name((struct str){longest, CLUSTER_NAME_BYTES_MAX + 1}, NULL), ERR_INVALID_NAME);
    CHECK_INT(clusters_check_name(STR("7-eleven-7"), NULL), 0);
    FAILS(clusters_create(clusters, STR("No"), &in_service, NULL, err), ERR_INVALID_NAME,
          "invalid tenant name: \"No\"");
    end();
}

static void test_rename(void)
{
    struct sql_engine *engine;
    begin();
    create("one");
    create("two");
    FAILS(clusters_rename(clusters, cluster_named(STR("one")), STR("two"), err), ERR_DUPLICATE_OBJECT,
          "tenant with name \"two\" already exists");
    FAILS(clusters_rename(clusters, cluster_named(STR("six")), STR("ten"), err), ERR_UNDEFINED_OBJECT,
          "tenant \"six\" does not exist");
    FAILS(clusters_rename(clusters, cluster_named(STR("system")), STR("ten"), err), ERR_INVALID_PARAMETER_VALUE,
          "cannot rename tenant \"1\", ID assigned to system tenant");
    FAILS(clusters_rename(clusters, (struct cluster_spec){.id = 9}, STR("ten"), err), ERR_UNDEFINED_OBJECT,
          "tenant \"9\" does not exist");
    OK(clusters_rename(clusters, cluster_named(STR("one")), STR("one"), err));
    engine = acquire("one");
    OK(clusters_rename(clusters, (struct cluster_spec){.id = 2}, STR("uno"), err));
    struct session *s = session_in(engine);
    expect(s, "SHOW virtual_cluster_name", "uno ");
    session_free(s);
    clusters_release(clusters, engine);
    create("one"); // the name is free again
    expect_list("1:system:ready:shared:0 2:uno:ready:shared:0 3:two:ready:shared:0 4:one:ready:shared:0 ");
    FAILS(clusters_connect(clusters, STR("dos"), &engine, err), ERR_CONNECTION_REJECTED,
          "service unavailable for target tenant (dos): no such virtual cluster");
    end();
}

static void test_service(void)
{
    struct sql_engine *engine = NULL;
    begin();
    create("one");
    OK(clusters_connect(clusters, STR("one"), &engine, err));
    expect_list("1:system:ready:shared:0 2:one:ready:shared:1 ");
    OK(clusters_set_service(clusters, cluster_named(STR("one")), false, err));
    CHECK(stopped == engine);
    FAILS(clusters_connect(clusters, STR("one"), &engine, err), ERR_CONNECTION_REJECTED,
          "service unavailable for target tenant (one): it is suspended");
    OK(clusters_set_service(clusters, cluster_named(STR("one")), true, err));
    OK(clusters_connect(clusters, STR("one"), &engine, err));
    clusters_disconnect(clusters, engine);
    FAILS(clusters_set_service(clusters, cluster_named(STR("system")), false, err), ERR_INVALID_PARAMETER_VALUE,
          "cannot stop service of tenant \"1\", ID assigned to system tenant");
    end();
}

static void test_connection_limit(void)
{
    struct cluster_create_options options = {.in_service = true, .limits = {.connections = 2}};
    struct sql_engine *engines[3];
    begin();
    OK(clusters_create(clusters, STR("small"), &options, NULL, err));
    OK(clusters_connect(clusters, STR("small"), &engines[0], err));
    OK(clusters_connect(clusters, STR("small"), &engines[1], err));
    FAILS(clusters_connect(clusters, STR("small"), &engines[2], err), ERR_TOO_MANY_CONNECTIONS,
          "virtual cluster \"small\" has reached its limit of 2 connections");
    clusters_disconnect(clusters, engines[1]);
    OK(clusters_connect(clusters, STR("small"), &engines[1], err));
    clusters_disconnect(clusters, engines[0]);
    clusters_disconnect(clusters, engines[1]);
    end();
}

// ---- isolation

static void test_apart(void)
{
    begin();
    create("one");
    create("two");
    struct sql_engine *e1 = acquire("one"), *e2 = acquire("two");
    CHECK(e1 != e2 && e1 != clusters_system(clusters) && acquire("one") == e1);
    clusters_release(clusters, e1);
    struct session *s0 = session_in(clusters_system(clusters)), *s1 = session_in(e1), *s2 = session_in(e2);
    expect(s1,
           "CREATE TABLE t (a INT PRIMARY KEY, b INT DEFAULT 5); CREATE USER carl; CREATE SEQUENCE q;"
           "INSERT INTO t VALUES (1, 1); SELECT nextval('q')",
           "1 ");
    expect(s2, "SELECT * FROM t", "relation \"t\" does not exist");
    expect(s0, "SELECT * FROM t", "relation \"t\" does not exist");
    expect(s2, "CREATE TABLE t (a INT PRIMARY KEY); CREATE SEQUENCE q; INSERT INTO t VALUES (2); SELECT nextval('q')",
           "1 ");
    expect(s1, "SELECT * FROM t", "1 1 ");
    expect(s2, "SELECT * FROM t", "2 ");
    expect(s2, "SELECT username FROM [SHOW USERS] ORDER BY 1", "admin root ");
    expect(s1, "SELECT username FROM [SHOW USERS] ORDER BY 1", "admin carl root ");
    expect(s1, "SELECT crdb_internal.cluster_id() = crdb_internal.cluster_id()", "t ");
    expect(s1, "SHOW virtual_cluster_name", "one ");
    expect(s0, "SHOW virtual_cluster_name", "system ");
    session_free(s0);
    session_free(s1);
    session_free(s2);
    clusters_release(clusters, e1);
    clusters_release(clusters, e2);
    end();
}

// The data is still there when an engine is opened again.
static void test_reopened(void)
{
    begin();
    for (int i = 0; i < 24; i++) { // more than stay open
        char name[16];
        snprintf(name, sizeof(name), "c%d", i);
        create(name);
        struct sql_engine *e = acquire(name);
        struct session *s = session_in(e);
        expect(s, "CREATE TABLE t (n STRING); INSERT INTO t SELECT current_setting('virtual_cluster_name')", "");
        session_free(s);
        clusters_release(clusters, e);
    }
    for (int i = 0; i < 24; i++) {
        char name[16], expected[20];
        snprintf(name, sizeof(name), "c%d", i);
        snprintf(expected, sizeof(expected), "c%d ", i);
        struct sql_engine *e = acquire(name);
        struct session *s = session_in(e);
        expect(s, "SELECT n FROM t", expected);
        session_free(s);
        clusters_release(clusters, e);
    }
    end();
}

// ---- drop

static size_t keys_below(struct buf *prefix)
{
    struct arena a;
    struct kv_txn *txn;
    struct kv_scan *scan;
    struct kv_batch batch;
    size_t n = 0;
    arena_init(&a, NULL);
    INVARIANT(kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &txn) == KV_OK);
    INVARIANT(kv_scan_open(txn, key_prefix_range(&a, buf_view(prefix)), 0, 0, &scan) == KV_OK);
    while (kv_scan_next(scan, 1000, &batch) == KV_OK && batch.n > 0)
        n += batch.n;
    kv_abort(txn);
    buf_release(prefix);
    arena_release(&a);
    return n;
}

static size_t keys_of(uint64_t cluster)
{
    struct buf prefix = BUF_INIT;
    key_put_cluster(&prefix, cluster);
    return keys_below(&prefix);
}

static size_t activity_keys_of(uint64_t cluster)
{
    struct buf prefix = BUF_INIT;
    key_put_meta(&prefix, KEY_META_ACTIVITY);
    key_put_uvarint(&prefix, cluster);
    return keys_below(&prefix);
}

static void use(const char *name)
{
    struct sql_engine *e = acquire(name);
    struct session *s = session_in(e);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 25000); SELECT 1", "1 ");
    session_free(s);
    clusters_release(clusters, e);
}

static void wait_until_purged(uint64_t cluster)
{
    for (int i = 0; i < 10000 && keys_of(cluster) > 0; i++)
        usleep(1000);
    CHECK_INT(keys_of(cluster), 0);
}

static void test_drop(void)
{
    struct cluster_spec one = cluster_named(STR("one"));
    begin();
    create("one");
    create("two");
    use("one");
    use("two");
    OK(clusters_snapshot(clusters, one, err));
    CHECK(keys_of(4) == keys_of(2));
    FAILS(clusters_drop(clusters, one, false, err), ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
          "cannot drop tenant \"one\" in service mode shared");
    OK(clusters_set_service(clusters, one, false, err));
    OK(clusters_drop(clusters, one, false, err));
    expect_list("1:system:ready:shared:0 2:one:drop:none:0 3:two:ready:shared:0 ");
    clusters_close(clusters);
    open_clusters();
    CHECK(keys_of(2) > 25000); // its time has not come
    OK(clusters_undrop(clusters, one, err));
    OK(clusters_drop(clusters, one, true, err));
    wait_until_purged(4); // the snapshot
    wait_until_purged(2);
    CHECK(keys_of(3) > 25000);
    create("one");
    expect_list("1:system:ready:shared:0 3:two:ready:shared:0 5:one:ready:shared:0 ");
    end();
}

// One in use is purged when it is given back. (Nothing new can take it.)
static void test_drop_in_use(void)
{
    struct sql_engine *engine = NULL, *none;
    begin();
    OK(clusters_create(clusters, STR("one"), &(struct cluster_create_options){0}, NULL, err));
    engine = acquire("one");
    struct session *s = session_in(engine);
    OK(clusters_drop(clusters, cluster_named(STR("one")), true, err));
    FAILS(clusters_acquire(clusters, cluster_named(STR("one")), &none, err), ERR_UNDEFINED_OBJECT,
          "tenant \"one\" does not exist");
    expect(s, "SELECT 1", "1 ");
    session_free(s);
    clusters_release(clusters, engine);
    wait_until_purged(2);
    end();
}

// A clone and a snapshot that were not finished when the process ended are no clusters.
static void test_recovery(void)
{
    begin();
    create("one");
    use("one");
    OK(clusters_clone(clusters, cluster_named(STR("one")), STR("two"), NULL, err));
    clusters_close(clusters);
    // What the record of an unfinished clone looks like: the state is the byte after version, length and name.
    struct buf key = BUF_INIT;
    struct kv_txn *txn;
    struct kv_value v;
    uint64_t version;
    char record[100];
    key_put_meta(&key, KEY_META_CLUSTER_RECORD);
    key_put_uvarint(&key, 3);
    INVARIANT(kv_begin(kv, &(struct kv_begin_options){0}, &txn) == KV_OK);
    INVARIANT(kv_get(txn, buf_view(&key), 0, &v) == KV_OK && v.found && v.value.len < sizeof(record));
    memcpy(record, v.value.ptr, v.value.len);
    record[5] = CLUSTER_STATE_ADD;
    INVARIANT(kv_put(txn, buf_view(&key), (struct str){record, v.value.len}) == KV_OK);
    INVARIANT(kv_commit(txn, &version) == KV_OK);
    buf_release(&key);
    open_clusters();
    expect_list("1:system:ready:shared:0 2:one:ready:shared:0 ");
    wait_until_purged(3);
    create("two");
    expect_list("1:system:ready:shared:0 2:one:ready:shared:0 4:two:ready:shared:0 ");
    end();
}

// ---- going back in time

static void test_reset_to_time(void)
{
    begin();
    create("one");
    uint64_t before = kv_now(kv);
    struct sql_engine *e = acquire("one");
    struct session *s = session_in(e);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)", "");
    uint64_t then = kv_now(kv);
    expect(s, "DELETE FROM t WHERE a = 2; UPDATE t SET a = 9 WHERE a = 3; CREATE TABLE u (a INT); SELECT a FROM t",
           "1 9 ");
    OK(clusters_reset(clusters, cluster_named(STR("one")), then, err));
    expect(s, "SELECT a FROM t", "1 2 3 ");
    expect(s, "SELECT a FROM u", "relation \"u\" does not exist");
    expect(s, "SELECT count(*) FROM t AS OF SYSTEM TIME '-1us'", "3 ");
    FAILS(clusters_reset(clusters, cluster_named(STR("one")), before, err), ERR_INVALID_PARAMETER_VALUE,
          "the virtual cluster had no data at that time");
    expect(s, "SELECT a FROM t", "1 2 3 ");
    session_free(s);
    clusters_release(clusters, e);
    end();
}

// ---- backups

// The error's SQLSTATE, and that the session goes on.
static void expect_error(struct session *s, const char *sql, int code)
{
    struct text_sink sink = {.sink = {&sink_ops}};
    struct err err = ERR_INIT;
    CHECK_INT(session_query(s, str_of(sql), &sink.sink, &err), code);
    err_reset(&err);
    buf_release(&sink.text);
}

static void limit(const char *name, struct cluster_limits limits)
{
    OK(clusters_set_limits(clusters, cluster_named(str_of(name)), &limits, err));
}

// BACKUP or RESTORE that succeeds with so many rows.
static void expect_job(struct session *s, const char *sql, const char *rows)
{
    struct text_sink sink = {.sink = {&sink_ops}};
    struct err err = ERR_INIT;
    CHECK_INT(session_query(s, str_of(sql), &sink.sink, &err), 0);
    CHECK_STR(str_of(err.message != NULL ? err.message : ""), "");
    ptrdiff_t at = str_find(buf_view(&sink.text), STR(" "), 0);
    CHECK(at > 0);
    CHECK_STR(str_slice(buf_view(&sink.text), (size_t)(at + 1), sink.text.len), rows);
    err_reset(&err);
    buf_release(&sink.text);
}

// The keys of a whole cluster out of the system cluster and back under another name: users, sequences and all.
static void test_backup(void)
{
    snprintf(files, sizeof(files), "/tmp/palmetto-clusters-XXXXXX");
    INVARIANT(mkdtemp(files) != NULL);
    begin();
    create("one");
    limit("one", (struct cluster_limits){.storage_bytes = 10000000});
    struct sql_engine *e = acquire("one");
    struct session *s0 = session_in(clusters_system(clusters)), *s = session_in(e);
    expect(s,
           "CREATE TABLE t (a INT PRIMARY KEY, b STRING, INDEX (b)); CREATE USER carl CONNECTION LIMIT 3;"
           "GRANT SELECT ON t TO carl; CREATE SEQUENCE q; SELECT nextval('q'); CREATE DATABASE other;"
           "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 9000) AS g(i)",
           "1 ");
    expect_job(s0, "BACKUP VIRTUAL CLUSTER one INTO 'nodelocal://1/c'", "succeeded 1 9000 ");
    expect(s, "DELETE FROM t WHERE a > 10; UPDATE t SET b = 'y' WHERE a = 1; INSERT INTO t VALUES (0, 'z')", "");
    expect_job(s0, "BACKUP VIRTUAL CLUSTER [2] INTO LATEST IN 'nodelocal://1/c'",
               "succeeded 1 8992 "); // changed and gone
    expect(s0,
           "SELECT object_name, object_type, backup_type, rows, is_full_cluster FROM [SHOW BACKUP FROM LATEST IN "
           "'nodelocal://1/c'] ORDER BY end_time",
           "one virtual cluster full 9000 t one virtual cluster incremental 8992 t ");
    expect_job(s0, "RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/c' WITH virtual_cluster_name = 'two'",
               "succeeded 1 11 ");
    expect_list("1:system:ready:shared:1 2:one:ready:shared:0 3:two:ready:none:0 ");
    struct sql_engine *e2 = acquire("two");
    struct session *s2 = session_in(e2);
    expect(s2, "SELECT a, left(b, 1) FROM t WHERE a < 3", "0 z 1 y 2 x ");
    expect(s2, "SELECT count(*) FROM t@t_b_idx", "11 ");
    expect(s2, "SELECT count(*) FROM [SHOW DATABASES] WHERE database_name = 'other'", "1 ");
    expect(s2, "SELECT nextval('q') > 1, rolconnlimit FROM pg_roles WHERE rolname = 'carl'", "t 3 ");
    expect(s2, "SELECT has_table_privilege('carl', 't', 'SELECT')", "t ");
    expect(s2, "INSERT INTO t VALUES (100, 'new'); CREATE TABLE u (a INT PRIMARY KEY)", "");
    expect(s, "SELECT count(*) FROM t", "11 ");
    CHECK(!str_eq(sql_engine_cluster_id(e), sql_engine_cluster_id(e2)));
    session_free(s2);
    clusters_release(clusters, e2);
    expect(s0, "RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/c'",
           "tenant with name \"one\" already exists");
    expect(s0, "RESTORE VIRTUAL CLUSTER three FROM LATEST IN 'nodelocal://1/c'",
           "the backup does not contain virtual cluster \"three\": it is of \"one\"");
    expect(s0, "RESTORE FROM LATEST IN 'nodelocal://1/c'",
           "full cluster RESTORE can only be used on full cluster BACKUP files");
    expect(s0, "RESTORE DATABASE defaultdb FROM LATEST IN 'nodelocal://1/c'",
           "unknown database in backup: \"defaultdb\"");
    expect(s0, "BACKUP VIRTUAL CLUSTER two INTO LATEST IN 'nodelocal://1/c'",
           "the backup that this one stands on is of something else");
    expect(s0, "BACKUP VIRTUAL CLUSTER nine INTO 'nodelocal://1/c'", "tenant \"nine\" does not exist");
    expect(s0, "CREATE TABLE t (a INT PRIMARY KEY)", "");
    expect_job(s0, "BACKUP TABLE t INTO 'nodelocal://1/t'", "succeeded 1 0 ");
    expect(s0, "RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/t'",
           "the backup does not contain virtual clusters");
    expect(s, "BACKUP VIRTUAL CLUSTER one INTO 'nodelocal://1/c'", "only the system tenant can backup other tenants");
    expect(s, "RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/c'",
           "only the system tenant can restore other tenants");
    char command[200];
    snprintf(
        command, sizeof(command),
        "for f in $(find %s/c -name data.pbk); do printf zz | dd of=$f bs=1 seek=500 conv=notrunc status=none; done",
        files);
    INVARIANT(system(command) == 0);
    expect_error(s0, "RESTORE VIRTUAL CLUSTER one FROM LATEST IN 'nodelocal://1/c' WITH virtual_cluster_name = 'three'",
                 ERR_DATA_CORRUPTED); // what came before the damage is removed
    expect_list("1:system:ready:shared:1 2:one:ready:shared:0 3:two:ready:none:0 ");
    session_free(s0);
    session_free(s);
    clusters_release(clusters, e);
    end();
    snprintf(command, sizeof(command), "rm -r %s", files);
    INVARIANT(system(command) == 0);
    files[0] = 0;
}

// ---- statistics

#define COUNTED                                                                                       \
    "SELECT metadata->>'query', (statistics->'statistics'->>'cnt')::INT, metadata->>'fullScan' FROM " \
    "crdb_internal.statement_statistics WHERE metadata->>'query' LIKE '%FROM t%' AND app_name = '' ORDER BY 1"

// What statements have cost outlives the engine, apart for each cluster; what was reset does not come back.
static void test_statistics(void)
{
    begin();
    create("one");
    create("two");
    struct sql_engine *e = acquire("one");
    struct session *s = session_in(e);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY)", "");
    for (int i = 0; i < 3; i++)
        expect(s, "SELECT count(*) FROM t", "0 ");
    expect(s, "SELECT a FROM t WHERE a = 1", "");
    expect(s, "SET application_name = 'other'; SELECT a FROM t WHERE a = 1", "");
    struct sql_counters counted;
    sql_engine_get_counters(e, &counted);
    CHECK_INT(counted.statements, 7);
    CHECK_INT(counted.sessions, 1);
    session_free(s);
    clusters_release(clusters, e);
    use("two");
    for (int i = 1; i < 3; i++) {
        clusters_close(clusters);
        open_clusters();
        e = acquire("one");
        s = session_in(e);
        expect(s, "SET application_name = 'other'; " COUNTED,
               i == 1 ? "SELECT a FROM t WHERE a = _ 1 false SELECT count(*) FROM t 3 false "
                      : "SELECT a FROM t WHERE a = _ 1 false SELECT count(*) FROM t 4 false ");
        expect(s, "SET application_name = ''; SELECT count(*) FROM t", "0 ");
        session_free(s);
        clusters_release(clusters, e);
    }
    sql_engine_reset_activity(acquire("one"));
    clusters_release(clusters, e);
    clusters_close(clusters);
    open_clusters();
    e = acquire("one");
    s = session_in(e);
    expect(s, COUNTED, "");
    expect(s, "SELECT 1", "1 ");
    session_free(s);
    clusters_release(clusters, e);
    clusters_close(clusters); // stores it
    open_clusters();
    CHECK(activity_keys_of(2) > 0 && activity_keys_of(3) > 0);
    OK(clusters_set_service(clusters, cluster_named(STR("one")), false, err));
    OK(clusters_drop(clusters, cluster_named(STR("one")), true, err));
    wait_until_purged(2);
    for (int i = 0; i < 10000 && activity_keys_of(2) > 0; i++)
        usleep(1000);
    CHECK_INT(activity_keys_of(2), 0);
    CHECK(activity_keys_of(3) > 0);
    end();
}

// ---- how long the past is kept

static int64_t history_seconds(void)
{
    struct kv_stats stats;
    kv_get_stats(kv, &stats);
    return stats.history_ns / 1000000000;
}

static void test_history(void)
{
    begin();
    struct session *s = session_in(clusters_system(clusters));
    CHECK_INT(history_seconds(), 14400);
    expect(s, "ALTER RANGE default CONFIGURE ZONE USING gc.ttlseconds = 60", "");
    CHECK_INT(history_seconds(), 60);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY); ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 100", "");
    CHECK_INT(history_seconds(), 100);
    expect(s, "BEGIN; ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 99; ROLLBACK", "");
    CHECK_INT(history_seconds(), 100);
    create("one"); // has the default
    CHECK_INT(history_seconds(), 14400);
    struct sql_engine *e = acquire("one");
    struct session *other = session_in(e);
    expect(other, "ALTER RANGE default CONFIGURE ZONE USING gc.ttlseconds = 300", "");
    CHECK_INT(history_seconds(), 300);
    session_free(other);
    clusters_release(clusters, e);
    OK(clusters_set_service(clusters, cluster_named(STR("one")), false, err));
    OK(clusters_drop(clusters, cluster_named(STR("one")), false, err));
    CHECK_INT(history_seconds(), 100);
    OK(clusters_undrop(clusters, cluster_named(STR("one")), err));
    CHECK_INT(history_seconds(), 300);
    expect(s, "ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 1000; DROP TABLE t", "");
    CHECK_INT(history_seconds(), 300);
    session_free(s);
    end();
}

static void put_version(struct buf *b, uint64_t version)
{
    buf_printf(b, "%llu.%09llu,0", (unsigned long long)(version / 1000000000),
               (unsigned long long)(version % 1000000000));
}

// What is no longer kept cannot be read, in CockroachDB's words.
static void test_too_old(void)
{
    begin();
    struct session *s = session_in(clusters_system(clusters));
    struct buf sql = BUF_INIT, expected = BUF_INIT;
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1)", "");
    uint64_t then = kv_now(kv);
    buf_printf(&sql, "SELECT a FROM t AS OF SYSTEM TIME %llu", (unsigned long long)then);
    expect(s, "UPDATE t SET a = 2 WHERE true", "");
    CHECK_INT(kv_checkpoint(kv), KV_OK);
    expect(s, buf_c(&sql), "1 ");
    kv_set_history(kv, 1);
    expect(s, "UPDATE t SET a = 3 WHERE true", "");
    CHECK_INT(kv_checkpoint(kv), KV_OK);
    CHECK(kv_oldest_readable(kv) > then);
    buf_cstr(&expected, "batch timestamp ");
    put_version(&expected, then);
    buf_cstr(&expected, " must be after replica GC threshold ");
    put_version(&expected, kv_oldest_readable(kv));
    expect(s, buf_c(&sql), buf_c(&expected));
    expect(s, "SELECT a FROM t", "3 ");
    buf_release(&sql);
    buf_release(&expected);
    session_free(s);
    end();
}

// A table keeps to its own time, whatever the store still has for others.
static void test_too_old_for_table(void)
{
    begin();
    struct session *s = session_in(clusters_system(clusters));
    struct buf sql = BUF_INIT, expected = BUF_INIT;
    expect(s,
           "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE u (a INT PRIMARY KEY); INSERT "
           "INTO u VALUES (2); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t CONFIGURE ZONE USING gc.ttlseconds = 1",
           "");
    unsigned long long then = kv_now(kv);
    buf_printf(&expected, "batch timestamp %llu.%09llu,0 must be after replica GC threshold ", then / 1000000000,
               then % 1000000000);
    static const char *const reads[] = {"SELECT a FROM t AS OF SYSTEM TIME %llu",
                                        "SELECT a FROM v AS OF SYSTEM TIME %llu",
                                        "BEGIN AS OF SYSTEM TIME %llu; SELECT a FROM t"};
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        struct buf got = BUF_INIT;
        buf_clear(&sql);
        buf_printf(&sql, reads[i], then);
        do { // for a second
            buf_release(&got);
            got = run(s, buf_c(&sql));
        } while (str_eqc(buf_view(&got), "1 "));
        CHECK(str_has_prefix(buf_view(&got), buf_view(&expected)));
        buf_release(&got);
        expect(s, "ROLLBACK", "");
    }
    buf_clear(&sql);
    buf_printf(&sql, "SELECT a FROM u AS OF SYSTEM TIME %llu", then);
    expect(s, buf_c(&sql), "2 ");
    expect(s, "ALTER TABLE t CONFIGURE ZONE DISCARD", "");
    buf_clear(&sql);
    buf_printf(&sql, "SELECT a FROM t AS OF SYSTEM TIME %llu", then);
    expect(s, buf_c(&sql), "1 ");
    buf_release(&sql);
    buf_release(&expected);
    session_free(s);
    end();
}

// ---- limits

static struct cluster_usage usage_of(const char *name)
{
    struct arena a;
    struct cluster_info info = {0};
    arena_init(&a, NULL);
    OK(clusters_find(clusters, &a, cluster_named(str_of(name)), &info, err));
    arena_release(&a);
    return info.usage;
}

static void test_usage(void)
{
    begin();
    create("one");
    create("two");
    struct sql_engine *e = acquire("one");
    struct session *s = session_in(e);
    int64_t empty = usage_of("one").storage_bytes;
    CHECK(empty > 1000 && empty < 100000);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY, b STRING)", "");
    expect(s, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 1000) AS g(i)", "");
    struct cluster_usage used = usage_of("one");
    CHECK(used.storage_bytes > empty + 1000000 && used.storage_bytes < empty + 1200000);
    CHECK(used.request_units > 980 && used.request_units < 100000); // a kilobyte written is one
    expect(s, "SELECT sum(length(b)) FROM t", "1000000 ");
    double after_read = usage_of("one").request_units;
    CHECK(after_read > used.request_units + 15); // 64 kilobytes read are one
    CHECK(usage_of("two").request_units == 0);
    session_free(s);
    clusters_release(clusters, e);
    clusters_close(clusters);
    open_clusters(); // it is stored
    CHECK(usage_of("one").request_units >= after_read - 1);
    CHECK(usage_of("one").storage_bytes > empty + 1000000);
    end();
}

static uint64_t bytes_read(uint64_t cluster)
{
    struct arena a;
    struct buf prefix = BUF_INIT;
    struct kv_txn *txn;
    struct kv_scan *scan;
    struct kv_batch batch;
    struct kv_meter read = {0};
    arena_init(&a, NULL);
    key_put_cluster(&prefix, cluster);
    INVARIANT(kv_begin(kv, &(struct kv_begin_options){.read_only = true, .meter = &read}, &txn) == KV_OK);
    INVARIANT(kv_scan_open(txn, key_prefix_range(&a, buf_view(&prefix)), 0, 0, &scan) == KV_OK);
    while (kv_scan_next(scan, 1000, &batch) == KV_OK && batch.n > 0)
        continue;
    kv_abort(txn);
    buf_release(&prefix);
    arena_release(&a);
    return read.read_bytes;
}

static void check_counted(uint64_t cluster)
{
    struct arena a;
    struct buf prefix = BUF_INIT;
    uint64_t bytes = 0;
    arena_init(&a, NULL);
    key_put_cluster(&prefix, cluster);
    CHECK(kv_space_bytes(kv, cluster, key_prefix_range(&a, buf_view(&prefix)), &bytes));
    CHECK_INT(bytes, bytes_read(cluster));
    buf_release(&prefix);
    arena_release(&a);
}

// What the store counts as it writes is what is there, merged or not, over clones, resets and purges.
static void test_counted_storage(void)
{
    static const char *const changes[] = {
        "CREATE TABLE t (a INT PRIMARY KEY, b STRING, INDEX (b))",
        "INSERT INTO t SELECT i, repeat('x', i % 700) FROM generate_series(1, 2000) AS g(i)",
        "UPDATE t SET b = b || 'more' WHERE a % 3 = 0",
        "DELETE FROM t WHERE a % 2 = 0",
        "INSERT INTO t SELECT i, repeat('long key ', 200) FROM generate_series(5000, 5010) AS g(i)",
        "UPDATE t SET b = '' WHERE a > 1000; INSERT INTO t VALUES (2, 'again')",
        "DELETE FROM t WHERE a < 5005; CREATE SEQUENCE q; SELECT nextval('q')",
        "TRUNCATE t; DROP TABLE t",
    };
    begin();
    create("one");
    create("two");
    use("two");
    struct sql_engine *e = acquire("one");
    struct session *s = session_in(e);
    for (unsigned seed = 0; seed < 2; seed++)
        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
            expect(s, i == 6 && seed > 0 ? "SELECT nextval('q')" : changes[i], i == 6 ? (seed > 0 ? "2 " : "1 ") : "");
            check_counted(2);
            check_counted(3);
            if ((i + seed) % 2 == 0)
                INVARIANT(kv_checkpoint(kv) == KV_OK);
            check_counted(2);
            check_counted(3);
            if (i == 4)
                OK(clusters_snapshot(clusters, cluster_named(STR("one")), err));
        }
    OK(clusters_reset(clusters, cluster_named(STR("one")), 0, err));
    check_counted(2);
    session_free(s);
    clusters_release(clusters, e);
    OK(clusters_set_service(clusters, cluster_named(STR("one")), false, err));
    OK(clusters_drop(clusters, cluster_named(STR("one")), true, err));
    wait_until_purged(2);
    check_counted(2);
    check_counted(3);
    INVARIANT(kv_checkpoint(kv) == KV_OK);
    check_counted(2);
    check_counted(3);
    end();
}

static void test_storage_limit(void)
{
    begin();
    create("one");
    limit("one", (struct cluster_limits){.storage_bytes = 1000000});
    struct sql_engine *e = acquire("one");
    struct session *s = session_in(e);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY, b STRING)", "");
    expect(s, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 900) AS g(i)", "");
    // One that would pass it by far is stopped on its way and leaves nothing.
    expect_error(s, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1001, 9000) AS g(i)",
                 ERR_DISK_FULL);
    expect(s, "SELECT count(*) FROM t", "900 ");
    for (int i = 0; i < 1000; i++) { // until it is full
        struct err err = ERR_INIT;
        struct text_sink sink = {.sink = {&sink_ops}};
        char sql[100];
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, repeat('x', 1000))", 10000 + i);
        int rc = session_query(s, str_of(sql), &sink.sink, &err);
        buf_release(&sink.text);
        if (rc != 0) {
            CHECK_INT(rc, ERR_DISK_FULL);
            CHECK_STR(str_of(err.message), "virtual cluster \"one\" is out of storage");
        }
        err_reset(&err);
    }
    int64_t full = usage_of("one").storage_bytes;
    CHECK(full > 900000 && full < 1010000);
    expect_error(s, "INSERT INTO t VALUES (0, repeat('x', 100000))", ERR_DISK_FULL);
    expect_error(s, "UPDATE t SET b = b || 'x'", ERR_DISK_FULL);
    expect_error(s, "CREATE INDEX ON t (b)", ERR_DISK_FULL);
    expect(s, "SELECT count(*) > 900 FROM t", "t ");
    expect(s, "DELETE FROM t WHERE a > 100", "");
    for (int i = 0; i < 1000 && usage_of("one").storage_bytes > 900000; i++)
        usleep(1000); // measured again
    expect(s, "INSERT INTO t VALUES (101, 'x')", "");
    limit("one", (struct cluster_limits){0});
    expect(s, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1001, 3000) AS g(i)", "");
    session_free(s);
    clusters_release(clusters, e);
    end();
}

static void test_request_units(void)
{
    begin();
    create("one");
    struct sql_engine *e = acquire("one");
    struct session *s = session_in(e);
    expect(s, "CREATE TABLE t (a INT PRIMARY KEY, b STRING)", "");
    // Ten units a second, a hundred saved up.
    limit("one", (struct cluster_limits){.request_units_per_month = 10 * 30 * 86400, .request_units_burst = 100});
    expect(s, "SELECT 1", "1 ");
    // A statement runs to its end, and is paid for by those after it: this one costs hundreds.
    expect(s, "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 500) AS g(i)", "");
    struct err err = ERR_INIT;
    struct text_sink sink = {.sink = {&sink_ops}};
    CHECK_INT(session_query(s, STR("SELECT 1"), &sink.sink, &err), ERR_CONFIGURATION_LIMIT_EXCEEDED);
    CHECK_STR(str_of(err.message), "virtual cluster \"one\" has used up its request units");
    CHECK(err.hint != NULL && strstr(err.hint, "10 request units per second") != NULL);
    err_reset(&err);
    buf_release(&sink.text);
    expect(s, "BEGIN; ROLLBACK", ""); // transactions can be ended
    // With a faster rate the debt is paid by waiting: a statement is delayed, not refused.
    limit("one", (struct cluster_limits){.request_units_per_month = (int64_t)5000 * 30 * 86400});
    expect(s, "SELECT 1", "1 ");
    limit("one", (struct cluster_limits){0});
    expect(s, "SELECT 1", "1 ");
    session_free(s);
    clusters_release(clusters, e);
    end();
}

CHECK_MAIN({"create", test_create}, {"names", test_names}, {"rename", test_rename}, {"service", test_service},
           {"connection_limit", test_connection_limit}, {"apart", test_apart}, {"reopened", test_reopened},
           {"drop", test_drop}, {"drop_in_use", test_drop_in_use}, {"recovery", test_recovery},
           {"reset_to_time", test_reset_to_time}, {"backup", test_backup}, {"statistics", test_statistics},
           {"history", test_history}, {"too_old", test_too_old}, {"too_old_for_table", test_too_old_for_table},
           {"usage", test_usage}, {"storage_limit", test_storage_limit}, {"counted_storage", test_counted_storage},
           {"request_units", test_request_units})
