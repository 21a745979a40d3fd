// The catalog on an in-memory store: bootstrap, descriptors, caching, savepoints, conflicts, roles, sequences.

#include "catalog/catalog.h"
#include "base/util.h"
#include "catalog/rows.h"
#include "catalog/text.h"
#include "keys/keys.h"
#include "kv/kv.h"
#include "unit/check.h"

static struct kv *kv;
static struct catalog *catalog;
static struct arena arena;
static struct err err;

#define OK(call)                                                        \
    do {                                                                \
        if ((call) != 0) {                                              \
            CHECK(!"call succeeds: " #call);                            \
            printf("    %s\n", err.message != NULL ? err.message : ""); \
            err_reset(&err);                                            \
        }                                                               \
    } while (0)

static void setup(void)
{
    bool fresh;
    arena_init(&arena, NULL);
    OK(kv_open("mem:", NULL, &kv, &err));
    OK(catalog_open(kv, 1, &catalog, &fresh, &err));
    CHECK(fresh);
}

static void teardown(void)
{
    catalog_close(catalog);
    kv_close(kv);
    arena_release(&arena);
    err_reset(&err);
}

struct session {
    struct kv_txn *txn;
    struct cat_view *view;
};

static struct session begin(void)
{
    struct session s;
    CHECK_INT(kv_begin(kv, &(struct kv_begin_options){0}, &s.txn), KV_OK);
    OK(cat_view_open(catalog, s.txn, &s.view, &err));
    return s;
}

static enum kv_result commit(struct session *s)
{
    uint64_t version;
    cat_view_close(s->view);
    return kv_commit(s->txn, &version);
}

static void rollback(struct session *s)
{
    cat_view_close(s->view);
    kv_abort(s->txn);
}

static const struct str public_path[] = {{"$user", 5}, {"public", 6}};
static const struct cat_name_scope scope = {{"defaultdb", 9}, public_path, 2, {"root", 4}};

// A table (id INT8 primary key, name STRING NOT NULL, note STRING).
static struct cat_table simple_table(uint32_t id, const char *name)
{
    struct cat_column *c = ARENA_ARRAY(&arena, struct cat_column, 3);
    struct type *types = ARENA_ARRAY(&arena, struct type, 3);
    struct cat_index *primary = ARENA_NEW(&arena, struct cat_index);
    struct cat_index_column *pk = ARENA_NEW(&arena, struct cat_index_column);
    types[0] = T_INT8;
    types[1] = types[2] = T_STRING;
    c[0] = (struct cat_column){.id = 1, .name = STR("id"), .type = T_INT8, .not_null = true};
    c[1] = (struct cat_column){.id = 2, .name = STR("name"), .type = T_STRING, .not_null = true};
    c[2] = (struct cat_column){.id = 3,
                               .name = STR("note"),
                               .type = T_STRING,
                               .default_sql = STR("'x':::STRING"),
                               .has_missing_value = true,
                               .missing_value = datum_str(STR("x"))};
    pk->column_id = 1;
    *primary = (struct cat_index){.id = 1, .name = STR("pk"), .unique = true, .columns = pk, .n_columns = 1};
    return (struct cat_table){.id = id,
                              .database_id = CAT_ID_DEFAULTDB,
                              .schema_id = CAT_ID_DEFAULTDB_PUBLIC,
                              .name = arena_str(&arena, str_of(name)),
                              .columns = c,
                              .n_columns = 3,
                              .next_column_id = 4,
                              .next_index_id = 2,
                              .slot_types = types,
                              .primary = primary,
                              .acl = cat_default_acl(&arena, STR("root"), 0)};
}

static const struct cat_table *find(struct session *s, const char *name)
{
    const struct cat_table *t = NULL;
    struct str part = str_of(name);
    OK(cat_resolve_table(s->view, &scope, &part, 1, true, &t, &err));
    return t;
}

static uint32_t create(struct session *s, const char *name)
{
    uint32_t id = 0;
    OK(cat_new_id(s->view, &id, &err));
    struct cat_table t = simple_table(id, name);
    OK(cat_put_table(s->view, &t, &err));
    return id;
}

static void test_bootstrap(void)
{
    setup();
    struct session s = begin();
    const struct cat_database **databases;
    const struct cat_table **tables;
    const struct cat_role *root;
    size_t n;
    bool admin;
    OK(cat_list_databases(s.view, &arena, &databases, &n, &err));
    CHECK_INT(n, 3);
    CHECK_STR(databases[0]->name, "defaultdb");
    CHECK_INT(databases[0]->id, CAT_ID_DEFAULTDB);
    OK(cat_list_tables(s.view, &arena, CAT_ID_SYSTEM_DATABASE, CAT_ID_SYSTEM_PUBLIC, &tables, &n, &err));
    CHECK(n >= 10);
    CHECK_STR(tables[0]->name, "comments");
    OK(cat_role_by_name(s.view, STR("root"), &root, &err));
    CHECK(root != NULL && root->n_member_of == 1 && root->login);
    OK(cat_is_admin(s.view, STR("root"), &admin, &err));
    CHECK(admin);
    OK(cat_is_admin(s.view, STR("stranger"), &admin, &err));
    CHECK(!admin);
    CHECK_INT(catalog_cluster_id(catalog).len, 36);
    CHECK(cat_view_version(s.view) > 0);
    rollback(&s);
    teardown();
}

static void test_descriptor_round_trip(void)
{
    setup();
    struct session s = begin();
    uint32_t id = create(&s, "t");
    CHECK_INT(id, CAT_ID_FIRST_USER);
    CHECK_INT(cat_view_version(s.view), 0);
    CHECK(find(&s, "t") != NULL);
    CHECK_INT(commit(&s), KV_OK);
    s = begin();
    const struct cat_table *t = find(&s, "t");
    CHECK(t != NULL);
    CHECK_INT(t->n_columns, 3);
    CHECK_STR(t->columns[2].default_sql, "'x':::STRING");
    CHECK_STR(t->columns[2].missing_value.s, "x");
    CHECK(t->columns[1].not_null && !t->columns[2].not_null);
    CHECK_STR(t->primary->name, "pk");
    CHECK_STR(t->acl.owner, "root");
    CHECK_INT(t->acl.n_grants, 2);
    CHECK_INT(t->acl.grants[0].privileges, CAT_PRIVILEGE_ALL);
    CHECK(type_identical(t->slot_types[2], T_STRING));
    CHECK(t->row_layout != NULL && t->row_layout->n == 3 && type_is(t->row_layout->types[0], TYPE_VOID));
    CHECK(find(&s, "t") == t); // cached
    CHECK_INT(cat_view_version(s.view) > 0, 1);
    rollback(&s);
    teardown();
}

static void test_rows(void)
{
    setup();
    struct session s = begin();
    create(&s, "t");
    const struct cat_table *t = find(&s, "t");
    struct datum in[] = {datum_int(7), datum_str(STR("seven")), DATUM_NULL}, out[3];
    struct buf key = BUF_INIT, value = BUF_INIT;
    cat_row_key(&key, 1, t, in);
    cat_row_value(&value, t, in);
    OK(cat_row_decode(&arena, t, buf_view(&key), buf_view(&value), out, &err));
    CHECK_INT(out[0].i, 7);
    CHECK_STR(out[1].s, "seven");
    CHECK(out[2].null);
    buf_release(&key);
    buf_release(&value);
    rollback(&s);
    teardown();
}

static void test_savepoint(void)
{
    setup();
    struct session s = begin();
    uint64_t before = cat_view_version(s.view);
    unsigned sp = kv_savepoint(s.txn);
    create(&s, "t");
    CHECK(find(&s, "t") != NULL);
    CHECK_INT(kv_rollback_to(s.txn, sp), KV_OK);
    OK(cat_view_refresh(s.view, &err));
    CHECK(find(&s, "t") == NULL);
    CHECK_INT(cat_view_version(s.view), before);
    create(&s, "u");
    sp = kv_savepoint(s.txn);
    create(&s, "v");
    CHECK_INT(kv_rollback_to(s.txn, sp), KV_OK);
    OK(cat_view_refresh(s.view, &err));
    CHECK(find(&s, "u") != NULL);
    CHECK(find(&s, "v") == NULL);
    CHECK_INT(cat_view_version(s.view), 0);
    CHECK_INT(commit(&s), KV_OK);
    teardown();
}

static void test_names(void)
{
    setup();
    struct session s = begin();
    uint32_t id = create(&s, "t");
    struct cat_table twin = simple_table(id + 1, "t");
    CHECK_INT(cat_put_table(s.view, &twin, &err), ERR_DUPLICATE_TABLE);
    CHECK_STR(str_of(err.message), "relation \"t\" already exists");
    struct cat_table renamed = *find(&s, "t");
    renamed.name = STR("u");
    OK(cat_put_table(s.view, &renamed, &err));
    CHECK(find(&s, "t") == NULL);
    CHECK(find(&s, "u") != NULL && find(&s, "u")->id == id);
    const struct cat_table *t;
    const struct str missing[] = {STR("public"), STR("Nope")};
    CHECK_INT(cat_resolve_table(s.view, &scope, missing, 2, false, &t, &err), ERR_UNDEFINED_TABLE);
    CHECK_STR(str_of(err.message), "relation \"public.\"Nope\"\" does not exist");
    const struct str by_database[] = {STR("defaultdb"), STR("u")};
    OK(cat_resolve_table(s.view, &scope, by_database, 2, false, &t, &err));
    CHECK(t != NULL && t->id == id);
    const struct str system_table[] = {STR("system"), STR("public"), STR("users")};
    OK(cat_resolve_table(s.view, &scope, system_table, 3, false, &t, &err));
    CHECK(t != NULL && t->id == 4);
    OK(cat_remove(s.view, id, &err));
    CHECK(find(&s, "u") == NULL);
    rollback(&s);
    teardown();
}

static void test_conflicts(void)
{
    setup();
    struct session a = begin(), b = begin();
    create(&a, "a");
    create(&b, "b");
    CHECK_INT(commit(&a), KV_OK); // different objects do not conflict
    CHECK_INT(commit(&b), KV_OK);
    a = begin();
    b = begin();
    uint32_t second; // the name is locked, and has come since its snapshot
    OK(cat_new_id(b.view, &second, &err));
    struct cat_table same = simple_table(second, "same");
    create(&a, "same");
    cat_view_set_lock_wait(b.view, 1, false);
    CHECK_INT(cat_put_table(b.view, &same, &err), ERR_LOCK_NOT_AVAILABLE);
    CHECK_INT(commit(&a), KV_OK);
    err_reset(&err);
    CHECK_INT(cat_put_table(b.view, &same, &err), ERR_SERIALIZATION_FAILURE);
    err_reset(&err);
    rollback(&b);
    // A writer that depends on a descriptor conflicts with its change; others do not.
    a = begin();
    b = begin();
    OK(cat_table_depend(a.view, find(&a, "same"), true, &err));
    OK(cat_add_row_count(a.view, 1, 1, &err));
    struct cat_table changed = *find(&b, "same");
    changed.comment = STR("c");
    OK(cat_put_table(b.view, &changed, &err));
    CHECK_INT(commit(&b), KV_OK);
    CHECK_INT(commit(&a), KV_CONFLICT);
    teardown();
}

static void test_old_snapshot(void)
{
    setup();
    struct session a = begin();
    create(&a, "t");
    CHECK_INT(commit(&a), KV_OK);
    struct session old = begin();
    const struct cat_table *before = find(&old, "t");
    struct session b = begin();
    struct cat_table changed = *find(&b, "t");
    changed.comment = STR("new");
    OK(cat_put_table(b.view, &changed, &err));
    CHECK_INT(commit(&b), KV_OK);
    struct session now = begin();
    CHECK_STR(find(&now, "t")->comment, "new");
    CHECK_INT(find(&old, "t")->comment.len, 0);
    CHECK(find(&old, "t") == before);
    CHECK(cat_view_version(now.view) > cat_view_version(old.view));
    rollback(&old);
    rollback(&now);
    teardown();
}

static void test_roles(void)
{
    setup();
    struct session s = begin();
    const struct str options[] = {STR("CREATEDB"), STR("VALID UNTIL=2030-01-01 00:00:00+00:00")};
    struct cat_role carl = {.name = STR("carl"), .id = 100, .options = options, .n_options = 2};
    struct cat_role dev = {.name = STR("dev"), .id = 101, .is_role = true};
    struct cat_role staff = {.name = STR("staff"), .id = 102, .is_role = true};
    bool is;
    OK(cat_put_role(s.view, &carl, &err));
    OK(cat_put_role(s.view, &dev, &err));
    OK(cat_put_role(s.view, &staff, &err));
    OK(cat_put_member(s.view, STR("dev"), STR("carl"), false, &err));
    OK(cat_put_member(s.view, STR("staff"), STR("dev"), false, &err));
    OK(cat_is_member(s.view, STR("carl"), STR("staff"), &is, &err));
    CHECK(is);
    OK(cat_is_member(s.view, STR("staff"), STR("carl"), &is, &err));
    CHECK(!is);
    const struct cat_role *r;
    OK(cat_role_by_name(s.view, STR("carl"), &r, &err));
    CHECK(r->option_privileges == CAT_SYSTEM_CREATEDB && r->login && r->n_options == 2);
    CHECK_INT(r->valid_until_micros, INT64_C(1893456000000000));
    const struct cat_grant grants[] = {{STR("staff"), CAT_PRIVILEGE_SELECT, 0}};
    const struct cat_acl acl = {STR("root"), grants, 1};
    OK(cat_has_privilege(s.view, STR("carl"), &acl, CAT_PRIVILEGE_SELECT, &is, &err));
    CHECK(is);
    OK(cat_has_privilege(s.view, STR("carl"), &acl, CAT_PRIVILEGE_INSERT, &is, &err));
    CHECK(!is);
    create(&s, "t");
    CHECK_INT(cat_check_table_privilege(s.view, STR("carl"), find(&s, "t"), CAT_PRIVILEGE_SELECT, &err),
              ERR_INSUFFICIENT_PRIVILEGE);
    CHECK_STR(str_of(err.message), "user carl does not have SELECT privilege on relation t");
    OK(cat_remove_role(s.view, STR("dev"), &err));
    OK(cat_is_member(s.view, STR("carl"), STR("staff"), &is, &err));
    CHECK(!is);
    CHECK_INT(commit(&s), KV_OK);
    teardown();
}

static void test_sequences(void)
{
    setup();
    struct session s = begin();
    struct cat_table t = {.id = 200, .name = STR("s"), .kind = CAT_SEQUENCE, .next_column_id = 1};
    t.sequence = (struct cat_sequence){.type = T_INT8, .increment = 2, .min = 1, .max = 99, .start = 1, .cache = 1};
    int64_t value, expected = 1;
    bool called;
    OK(cat_sequence_peek(s.view, &t, &value, &called, &err));
    CHECK(value == 1 && !called);
    for (; expected <= 99; expected += 2) {
        OK(cat_sequence_next(s.view, &t, &value, &err));
        CHECK_INT(value, expected);
    }
    CHECK_INT(cat_sequence_next(s.view, &t, &value, &err), ERR_SEQUENCE_GENERATOR_LIMIT_EXCEEDED);
    CHECK_STR(str_of(err.message), "reached maximum value of sequence \"s\" (99)");
    OK(cat_sequence_set(s.view, &t, 41, false, &err));
    OK(cat_sequence_next(s.view, &t, &value, &err));
    CHECK_INT(value, 41);
    rollback(&s);
    // A clean close gives unused values back.
    catalog_close(catalog);
    bool fresh;
    OK(catalog_open(kv, 1, &catalog, &fresh, &err));
    CHECK(!fresh);
    s = begin();
    OK(cat_sequence_next(s.view, &t, &value, &err));
    CHECK_INT(value, 43);
    OK(cat_sequence_peek(s.view, &t, &value, &called, &err));
    CHECK(value == 43 && called);
    rollback(&s);
    teardown();
}

static void test_settings_and_comments(void)
{
    setup();
    struct session s = begin();
    struct str value;
    OK(cat_setting_put(s.view, STR("cluster.name"), STR("x"), &err));
    OK(cat_setting_get(s.view, STR("cluster.name"), &value, &err));
    CHECK_STR(value, "x");
    OK(cat_setting_put(s.view, STR("cluster.name"), STR_NONE, &err));
    OK(cat_setting_get(s.view, STR("cluster.name"), &value, &err));
    CHECK(value.ptr == NULL);
    OK(cat_comment_put(s.view, CAT_COMMENT_DATABASE, 100, 0, STR("hello"), &err));
    OK(cat_comment_get(s.view, CAT_COMMENT_DATABASE, 100, 0, &value, &err));
    CHECK_STR(value, "hello");
    const struct str settings[] = {STR("timezone=utc")}, *got;
    size_t n;
    OK(cat_role_settings_put(s.view, 0, STR("root"), settings, 1, &err));
    OK(cat_role_settings_get(s.view, &arena, 0, STR("root"), &got, &n, &err));
    CHECK(n == 1 && str_eqc(got[0], "timezone=utc"));
    int64_t count;
    OK(cat_add_row_count(s.view, 104, 5, &err));
    OK(cat_add_row_count(s.view, 104, -2, &err));
    OK(cat_row_count(s.view, 104, &count, &err));
    CHECK_INT(count, 3);
    rollback(&s);
    teardown();
}

static void test_retry_text(void)
{
    setup();
    struct session a = begin(), b = begin();
    struct kv_value v;
    struct buf key = BUF_INIT;
    uint64_t version;
    key_put_index(&key, 1, 104, 1);
    key_put_int(&key, 1);
    CHECK_INT(kv_get(a.txn, buf_view(&key), 0, &v), KV_OK);
    CHECK_INT(kv_put(b.txn, buf_view(&key), STR("x")), KV_OK);
    CHECK_INT(commit(&b), KV_OK);
    enum kv_result rc = kv_refresh(a.txn);
    CHECK_INT(rc, KV_CONFLICT);
    CHECK_INT(cat_kv_error(a.txn, rc, &err), ERR_SERIALIZATION_FAILURE);
    CHECK(strstr(err.message,
                 "restart transaction: TransactionRetryWithProtoRefreshError: TransactionRetryError: retry "
                 "txn (RETRY_SERIALIZABLE - failed preemptive refresh due to encountered recently written "
                 "committed value /Table/104/1/1 @") == err.message);
    CHECK(strstr(err.message, "\"sql txn\" meta={id=") != NULL);
    CHECK(strstr(err.hint, "#retry_serializable") != NULL);
    rollback(&a);
    // Failing at commit, where the handle is gone.
    a = begin();
    b = begin();
    CHECK_INT(kv_get(a.txn, buf_view(&key), 0, &v), KV_OK);
    CHECK_INT(kv_put(a.txn, STR("zz"), STR("x")), KV_OK);
    CHECK_INT(kv_put(b.txn, buf_view(&key), STR("y")), KV_OK);
    CHECK_INT(commit(&b), KV_OK);
    struct cat_txn_summary summary = cat_txn_summarize(a.txn);
    cat_view_close(a.view);
    rc = kv_commit(a.txn, &version);
    CHECK_INT(rc, KV_CONFLICT);
    CHECK_INT(cat_commit_error(&summary, rc, &err), ERR_SERIALIZATION_FAILURE);
    buf_release(&key);
    teardown();
}

static void test_lock_text(void)
{
    setup();
    struct session s = begin();
    uint32_t id = create(&s, "t");
    CHECK_INT(commit(&s), KV_OK);
    struct session a = begin(), b = begin();
    struct buf key = BUF_INIT;
    key_put_index(&key, 1, id, 1);
    key_put_int(&key, 1);
    CHECK_INT(kv_lock(a.txn, buf_view(&key), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 0), KV_OK);
    enum kv_result rc = kv_lock(b.txn, buf_view(&key), KV_LOCK_EXCLUSIVE, KV_LOCK_NOWAIT, 0);
    CHECK_INT(rc, KV_LOCK_UNAVAILABLE);
    CHECK_INT(cat_kv_write_error(b.view, b.txn, rc, &err), ERR_LOCK_NOT_AVAILABLE);
    CHECK_STR(str_of(err.message), "could not obtain lock on row (id)=(1) in t@pk");
    rollback(&a);
    // A conflict tells which row it was about.
    a = begin();
    struct kv_value v;
    CHECK_INT(kv_get(a.txn, buf_view(&key), 0, &v), KV_OK);
    CHECK_INT(kv_put(b.txn, buf_view(&key), STR("x")), KV_OK);
    CHECK_INT(commit(&b), KV_OK);
    rc = kv_lock(a.txn, buf_view(&key), KV_LOCK_EXCLUSIVE, KV_LOCK_WAIT, 0);
    CHECK_INT(rc, KV_CONFLICT);
    CHECK_INT(cat_kv_error(a.txn, rc, &err), ERR_SERIALIZATION_FAILURE);
    cat_kv_detail(a.view, a.txn, rc, &err);
    CHECK(str_has_prefix(str_of(err.detail),
                         STR("Row (id)=(1) in t@pk was written by the transaction that committed at ")));
    buf_release(&key);
    rollback(&a);
    teardown();
}

static void test_definitions(void)
{
    setup();
    struct session s = begin();
    create(&s, "t");
    const struct cat_table *t = find(&s, "t");
    struct buf b = BUF_INIT;
    OK(cat_text_create_index(&b, s.view, t, t->primary, &err));
    CHECK_STR(buf_view(&b), "CREATE UNIQUE INDEX pk ON defaultdb.public.t USING btree (id ASC)");
    buf_clear(&b);
    OK(cat_text_column(&b, s.view, &t->columns[2], &err));
    CHECK_STR(buf_view(&b), "note STRING NULL DEFAULT 'x':::STRING");
    buf_clear(&b);
    cat_text_check(&b, &(struct cat_check){.sql = STR("id > 0:::INT8"), .validated = true});
    CHECK_STR(buf_view(&b), "CHECK ((id > 0))");
    buf_release(&b);
    rollback(&s);
    teardown();
}

static void test_many_tables(void)
{
    enum { TABLES = 1500 };
    setup();
    struct session s = begin();
    char name[16];
    for (int i = 0; i < TABLES; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        create(&s, name);
    }
    CHECK_INT(commit(&s), KV_OK);
    const struct cat_table **tables;
    size_t n;
    for (int round = 0; round < 3; round++) {
        s = begin();
        int64_t from = clock_mono_ns();
        OK(cat_list_tables(s.view, &arena, CAT_ID_DEFAULTDB, 0, &tables, &n, &err));
        printf("  %zu tables listed in %lld us\n", n, (long long)(clock_mono_ns() - from) / 1000);
        CHECK_INT(n, TABLES);
        if (round == 1)
            create(&s, "one_more");
        rollback(&s);
    }
    teardown();
}

CHECK_MAIN({"bootstrap", test_bootstrap}, {"descriptor_round_trip", test_descriptor_round_trip}, {"rows", test_rows},
           {"savepoint", test_savepoint}, {"names", test_names}, {"conflicts", test_conflicts},
           {"old_snapshot", test_old_snapshot}, {"roles", test_roles}, {"sequences", test_sequences},
           {"settings_and_comments", test_settings_and_comments}, {"retry_text", test_retry_text},
           {"lock_text", test_lock_text}, {"definitions", test_definitions}, {"many_tables", test_many_tables})
