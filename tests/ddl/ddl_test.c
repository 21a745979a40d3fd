// Schema statements on an in-memory store, with services that understand only literals and column names: what is tested
// is names, dependencies, privileges and the resulting descriptors. Statements over rows are tested through SQL.

#include "base/util.h"
#include "catalog/catalog.h"
#include "kv/kv.h"
#include "sql/ddl/ddl.h"
#include "sql/ddl/show_create.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include "unit/check.h"

// ---- services

struct fake {
    struct ddl_services services;
    struct str calls[64]; // names of what was asked for, in order
    size_t n_calls;
    bool rows_violate; // validations fail
};
static struct fake fake;

static void note(const char *what)
{
    if (fake.n_calls < ARRAY_LEN(fake.calls))
        fake.calls[fake.n_calls++] = str_of(what);
}

struct expr_scan {
    struct arena *a;
    const struct cat_table *table;
    ARENA_VEC(uint32_t) columns;
    bool calls_function, unknown_column;
};

static bool scan_expr(void *arg, struct ast *n)
{
    struct expr_scan *s = arg;
    if (n->kind == AST_FUNC_CALL)
        s->calls_function = true;
    if (n->kind != AST_COLUMN_REF)
        return true;
    const struct cat_column *c = cat_column_by_name(s->table, ast_as_column_ref(n)->column);
    if (c == NULL)
        s->unknown_column = true;
    else
        ARENA_PUSH(s->a, &s->columns, c->id);
    return true;
}

static int fake_check_expr(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                           const struct ast *expr, struct type expected, enum ddl_expr_place place,
                           struct ddl_expr *out, struct err *err)
{
    struct expr_scan s = {.a = dc->arena, .table = table};
    struct buf b = BUF_INIT;
    ast_walk((struct ast *)expr, scan_expr, &s);
    if (s.unknown_column)
        return err_set(err, ERR_UNDEFINED_COLUMN, "column does not exist");
    ast_print(&b, expr, AST_PRINT_DEFAULT);
    *out = (struct ddl_expr){.sql = arena_str(dc->arena, buf_view(&b)),
                             .type = expected,
                             .columns = s.columns.ptr,
                             .n_columns = s.columns.len,
                             .is_constant = s.columns.len == 0 && !s.calls_function,
                             .value = datum_int(0)};
    buf_release(&b);
    return 0;
}

static int fake_describe(struct ddl_services *services, struct ddl_context *dc, const struct ast *query,
                         struct ddl_query *out, struct err *err)
{
    static const struct str names[] = {{"a", 1}, {"b", 1}};
    static struct type types[2];
    const struct cat_table *t;
    const struct str part = STR("p");
    types[0] = T_INT8;
    types[1] = T_STRING;
    TRY(cat_resolve_table(dc->view, &dc->scope, &part, 1, true, &t, err));
    uint32_t *ids = ARENA_NEW(dc->arena, uint32_t);
    if (t != NULL)
        *ids = t->id;
    *out = (struct ddl_query){STR("SELECT a, b FROM defaultdb.public.p"), names, types, 2, ids, t != NULL};
    return 0;
}

static int fake_insert(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                       const uint32_t *columns, size_t n_columns, const struct ast *query, int64_t *rows,
                       struct err *err)
{
    note("insert");
    *rows = 3;
    return 0;
}

static int fake_backfill(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                         const struct cat_index *index, struct err *err)
{
    note("backfill");
    CHECK(index != NULL);
    return 0;
}

static int fake_rewrite(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *before,
                        const struct cat_table *after, const struct ddl_column_value *values, size_t n_values,
                        struct err *err)
{
    note("rewrite");
    CHECK(before != after && after->row_layout != NULL);
    return 0;
}

static int violated(int code, const char *text, struct err *err)
{
    return fake.rows_violate ? err_set(err, code, "%s", text) : 0;
}

static int fake_check(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                      const struct cat_check *check, struct err *err)
{
    note("check");
    return violated(ERR_CHECK_VIOLATION, "check", err);
}

static int fake_not_null(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                         const struct cat_column *column, struct err *err)
{
    note("not null");
    return violated(ERR_NOT_NULL_VIOLATION, "not null", err);
}

static int fake_foreign_key(struct ddl_services *services, struct ddl_context *dc, const struct cat_table *table,
                            const struct cat_foreign_key *fk, struct err *err)
{
    note("foreign key");
    return violated(ERR_FOREIGN_KEY_VIOLATION, "foreign key", err);
}

// ---- the store and one transaction per statement

static struct kv *kv;
static struct catalog *catalog;
static struct arena arena;
static struct err err;
static struct str last_notice;
static struct str user;

static void take_notice(void *arg, const struct err *notice)
{
    last_notice = arena_str(&arena, str_of(notice->message));
}

static void setup(void)
{
    bool fresh;
    arena_init(&arena, NULL);
    user = STR("root");
    fake = (struct fake){.services = {fake_check_expr, fake_describe, NULL, fake_insert, fake_backfill, fake_rewrite,
                                      fake_check, fake_not_null, fake_foreign_key}};
    CHECK_INT(kv_open("mem:", NULL, &kv, &err), 0);
    CHECK_INT(catalog_open(kv, 1, &catalog, &fresh, &err), 0);
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
    struct ddl_context dc;
};

static void open_session(struct session *s)
{
    static const struct str path[] = {{"$user", 5}, {"public", 6}};
    CHECK_INT(kv_begin(kv, &(struct kv_begin_options){0}, &s->txn), KV_OK);
    CHECK_INT(cat_view_open(catalog, s->txn, &s->view, &err), 0);
    s->dc = (struct ddl_context){.view = s->view,
                                 .txn = s->txn,
                                 .arena = &arena,
                                 .scope = {STR("defaultdb"), path, 2, user},
                                 .notice = take_notice,
                                 .services = &fake.services};
}

// Runs the statements, each in its own transaction; the code of the first that fails.
static int run(const char *sql)
{
    struct parsed_statements p;
    uint64_t version;
    err_reset(&err);
    int rc = parse_sql(&arena, str_of(sql), NULL, &p, &err);
    for (size_t i = 0; rc == 0 && i < p.n; i++) {
        struct session s;
        struct ddl_result result;
        open_session(&s);
        rc = ddl_execute(&s.dc, p.items[i].ast, &result, &err);
        cat_view_close(s.view);
        if (rc != 0)
            kv_abort(s.txn);
        else
            CHECK_INT(kv_commit(s.txn, &version), KV_OK);
    }
    return rc;
}

#define RUN(sql)                                                                   \
    do {                                                                           \
        if (run(sql) != 0) {                                                       \
            check_failures++;                                                      \
            printf("  %s:%d: %s\n    %s\n", __FILE__, __LINE__, sql, err.message); \
        }                                                                          \
    } while (0)
#define FAILS(sql, code, text)                    \
    do {                                          \
        CHECK_INT(run(sql), code);                \
        if (err.message != NULL)                  \
            CHECK_STR(str_of(err.message), text); \
    } while (0)

static struct str show(const char *table)
{
    struct session s;
    const struct cat_table *t;
    const struct str part = str_of(table);
    struct buf b = BUF_INIT;
    open_session(&s);
    CHECK_INT(cat_resolve_table(s.view, &s.dc.scope, &part, 1, false, &t, &err), 0);
    if (t != NULL)
        CHECK_INT(show_create_relation(&b, s.view, t, &err), 0);
    cat_view_close(s.view);
    kv_abort(s.txn);
    struct str out = arena_str(&arena, buf_view(&b));
    buf_release(&b);
    return out;
}

static bool called(const char *what)
{
    bool found = false;
    for (size_t i = 0; i < fake.n_calls; i++)
        found |= str_eqc(fake.calls[i], what);
    fake.n_calls = 0;
    return found;
}

// ---- tests

static void test_create_table(void)
{
    setup();
    RUN("CREATE TABLE accounts (id UUID PRIMARY KEY, balance INT8)");
    CHECK_STR(show("accounts"), "CREATE TABLE public.accounts (\n\tid UUID NOT NULL,\n\tbalance INT8 NULL,\n"
                                "\tCONSTRAINT accounts_pkey PRIMARY KEY (id ASC)\n)");
    RUN("CREATE TABLE t (a INT NOT NULL, b STRING DEFAULT 'x', \"C d\" DECIMAL(10,2), UNIQUE (b), INDEX (a DESC, b) "
        "STORING (\"C d\"), CHECK (a > 0), CONSTRAINT named CHECK (a < 9))");
    CHECK_STR(
        show("t"),
        "CREATE TABLE public.t (\n\ta INT8 NOT NULL,\n\tb STRING NULL DEFAULT 'x',\n\t\"C d\" DECIMAL(10,2) "
        "NULL,\n\trowid INT8 NOT VISIBLE NOT NULL DEFAULT unique_rowid(),\n\tCONSTRAINT t_pkey PRIMARY KEY (rowid "
        "ASC),\n\tINDEX t_a_b_idx (a DESC, b ASC) STORING (\"C d\"),\n\tUNIQUE INDEX t_b_key (b ASC),\n"
        "\tCONSTRAINT check_a CHECK (a > 0),\n\tCONSTRAINT named CHECK (a < 9)\n)");
    FAILS("CREATE TABLE t (a INT)", ERR_DUPLICATE_TABLE, "relation \"defaultdb.public.t\" already exists");
    RUN("CREATE TABLE IF NOT EXISTS t (a INT)");
    CHECK_STR(last_notice, "relation \"t\" already exists, skipping");
    FAILS("CREATE TABLE u (a INT, a INT)", ERR_DUPLICATE_COLUMN, "duplicate column name: \"a\"");
    FAILS("CREATE TABLE u (a INT PRIMARY KEY, b INT PRIMARY KEY)", ERR_INVALID_TABLE_DEFINITION,
          "multiple primary keys for table \"u\" are not allowed");
    FAILS("CREATE TABLE u (a INT, PRIMARY KEY (b))", ERR_UNDEFINED_COLUMN, "column \"b\" does not exist");
    FAILS("CREATE TABLE nope.public.u (a INT)", ERR_INVALID_SCHEMA_NAME,
          "cannot create \"nope.public.u\" because the target database or schema does not exist");
    RUN("CREATE TABLE f (a INT PRIMARY KEY, b INT, c INT, FAMILY one (a, b), FAMILY two (c))");
    CHECK_STR(show("f"), "CREATE TABLE public.f (\n\ta INT8 NOT NULL,\n\tb INT8 NULL,\n\tc INT8 NULL,\n\tCONSTRAINT "
                         "f_pkey PRIMARY KEY (a ASC),\n\tFAMILY one (a, b),\n\tFAMILY two (c)\n)");
    RUN("CREATE TABLE copy (LIKE t INCLUDING ALL)");
    CHECK(str_find(show("copy"), STR("UNIQUE INDEX t_b_key (b ASC)"), 0) > 0);
    RUN("CREATE TABLE q AS SELECT 1");
    CHECK(called("insert"));
    CHECK_STR(show("q"), "CREATE TABLE public.q (\n\ta INT8 NULL,\n\tb STRING NULL,\n\trowid INT8 NOT VISIBLE NOT NULL "
                         "DEFAULT unique_rowid(),\n\tCONSTRAINT q_pkey PRIMARY KEY (rowid ASC)\n)");
    teardown();
}

static void test_foreign_keys(void)
{
    setup();
    RUN("CREATE TABLE p (id INT PRIMARY KEY, x INT UNIQUE, s STRING)");
    RUN("CREATE TABLE c (id INT PRIMARY KEY, p_id INT NOT NULL REFERENCES p ON DELETE CASCADE, x INT, CONSTRAINT fx "
        "FOREIGN KEY (x) REFERENCES p (x) ON UPDATE SET NULL)");
    CHECK_STR(show("c"), "CREATE TABLE public.c (\n\tid INT8 NOT NULL,\n\tp_id INT8 NOT NULL,\n\tx INT8 NULL,\n"
                         "\tCONSTRAINT c_pkey PRIMARY KEY (id ASC),\n\tCONSTRAINT c_p_id_fkey FOREIGN KEY (p_id) "
                         "REFERENCES public.p(id) ON DELETE CASCADE,\n\tCONSTRAINT fx FOREIGN KEY (x) REFERENCES "
                         "public.p(x) ON UPDATE SET NULL\n)");
    FAILS("CREATE TABLE d (a STRING REFERENCES p (id))", ERR_DATATYPE_MISMATCH,
          "type of \"a\" (string) does not match foreign key \"p\".\"id\" (int)");
    FAILS("CREATE TABLE d (a STRING REFERENCES p (s))", ERR_INVALID_FOREIGN_KEY,
          "there is no unique constraint matching given keys for referenced table p");
    FAILS("CREATE TABLE d (a INT REFERENCES nope)", ERR_UNDEFINED_TABLE, "relation \"nope\" does not exist");
    FAILS("DROP TABLE p", ERR_DEPENDENT_OBJECTS_STILL_EXIST, "\"p\" is referenced by foreign key from table \"c\"");
    FAILS("TRUNCATE p", ERR_DEPENDENT_OBJECTS_STILL_EXIST, "\"p\" is referenced by foreign key from table \"c\"");
    RUN("TRUNCATE p, c");
    RUN("TRUNCATE p CASCADE");
    RUN("CREATE TABLE tree (id INT PRIMARY KEY, parent INT REFERENCES tree (id))");
    RUN("DROP TABLE tree");
    FAILS("DROP INDEX p@p_x_key", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "index \"p_x_key\" is in use as unique constraint");
    RUN("DROP INDEX p@p_x_key CASCADE");
    CHECK(str_find(show("c"), STR("fx"), 0) < 0);
    RUN("DROP TABLE p CASCADE");
    CHECK(str_find(show("c"), STR("REFERENCES"), 0) < 0);
    teardown();
}

static void test_alter_table(void)
{
    setup();
    RUN("CREATE TABLE t (a INT, b INT)");
    RUN("ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 5, ADD COLUMN d STRING");
    CHECK(!called("rewrite"));
    RUN("ALTER TABLE t ADD COLUMN r UUID DEFAULT gen_random_uuid()");
    CHECK(called("rewrite"));
    FAILS("ALTER TABLE t ADD COLUMN c INT", ERR_DUPLICATE_COLUMN, "column \"c\" of relation \"t\" already exists");
    RUN("ALTER TABLE t ADD COLUMN IF NOT EXISTS c INT");
    RUN("ALTER TABLE t ADD CONSTRAINT positive CHECK (b > 0)");
    CHECK(called("check"));
    RUN("ALTER TABLE t RENAME COLUMN b TO bb");
    CHECK(str_find(show("t"), STR("CONSTRAINT positive CHECK (bb > 0)"), 0) > 0);
    RUN("ALTER TABLE t RENAME CONSTRAINT positive TO above");
    RUN("ALTER TABLE t DROP CONSTRAINT above");
    FAILS("ALTER TABLE t DROP CONSTRAINT above", ERR_UNDEFINED_OBJECT,
          "constraint \"above\" of relation \"t\" does not exist");
    RUN("ALTER TABLE t ALTER COLUMN a SET NOT NULL");
    CHECK(called("not null"));
    RUN("ALTER TABLE t ADD PRIMARY KEY (a)");
    CHECK(called("rewrite"));
    CHECK_STR(show("t"), "CREATE TABLE public.t (\n\ta INT8 NOT NULL,\n\tbb INT8 NULL,\n\tc INT8 NOT NULL DEFAULT "
                         "5,\n\td STRING NULL,\n\tr UUID NULL DEFAULT gen_random_uuid(),\n\tCONSTRAINT t_pkey PRIMARY "
                         "KEY (a ASC)\n)");
    FAILS("ALTER TABLE t ADD PRIMARY KEY (c)", ERR_INVALID_TABLE_DEFINITION,
          "multiple primary keys for table \"t\" are not allowed");
    FAILS("ALTER TABLE t DROP COLUMN a", ERR_INVALID_COLUMN_REFERENCE, "column \"a\" is referenced by the primary key");
    RUN("ALTER TABLE t ALTER PRIMARY KEY USING COLUMNS (c)");
    CHECK(str_find(show("t"), STR("UNIQUE INDEX t_a_key (a ASC)"), 0) > 0);
    RUN("ALTER TABLE t DROP COLUMN a, DROP COLUMN IF EXISTS zz");
    CHECK(str_find(show("t"), STR("t_a_key"), 0) < 0);
    RUN("ALTER TABLE t ALTER COLUMN d SET DEFAULT 'q', ALTER COLUMN d SET NOT NULL");
    RUN("ALTER TABLE t ALTER COLUMN d DROP DEFAULT, ALTER COLUMN d DROP NOT NULL");
    called("");
    RUN("ALTER TABLE t ALTER COLUMN bb TYPE STRING");
    CHECK(called("rewrite"));
    RUN("ALTER TABLE t RENAME TO u");
    RUN("ALTER TABLE u SET (fillfactor = 70)");
    CHECK_STR(last_notice, "storage parameter \"fillfactor\" is ignored");
    FAILS("ALTER TABLE u SET (nonsense = 1)", ERR_INVALID_PARAMETER_VALUE, "invalid storage parameter \"nonsense\"");
    FAILS("ALTER TABLE t ADD COLUMN x INT", ERR_UNDEFINED_TABLE, "relation \"t\" does not exist");
    RUN("ALTER TABLE IF EXISTS t ADD COLUMN x INT");
    fake.rows_violate = true;
    CHECK_INT(run("ALTER TABLE u ADD COLUMN n INT NOT NULL"), ERR_NOT_NULL_VIOLATION);
    teardown();
}

static void test_indexes(void)
{
    setup();
    RUN("CREATE TABLE t (id INT PRIMARY KEY, a INT, b STRING, j JSONB)");
    RUN("CREATE INDEX ON t (a); CREATE UNIQUE INDEX u ON t (b DESC) STORING (a) WHERE a > 0");
    CHECK(called("backfill"));
    CHECK(str_find(show("t"), STR("UNIQUE INDEX u (b DESC) STORING (a) WHERE a > 0"), 0) > 0);
    FAILS("CREATE INDEX u ON t (a)", ERR_DUPLICATE_TABLE, "index with name \"u\" already exists");
    RUN("CREATE INDEX IF NOT EXISTS u ON t (a)");
    FAILS("CREATE INDEX ON t (zz)", ERR_UNDEFINED_COLUMN, "column \"zz\" does not exist");
    RUN("CREATE INVERTED INDEX ON t (j)");
    CHECK(str_find(show("t"), STR("INVERTED INDEX t_j_idx (j)"), 0) > 0);
    FAILS("CREATE INVERTED INDEX ON t (a)", ERR_FEATURE_NOT_SUPPORTED,
          "column a of type int is not allowed as the last column in an inverted index");
    FAILS("DROP INDEX t@nope", ERR_UNDEFINED_OBJECT, "index \"nope\" does not exist");
    RUN("ALTER INDEX t@t_a_idx RENAME TO ai; DROP INDEX ai; DROP INDEX IF EXISTS ai");
    RUN("DROP INDEX t@u");
    teardown();
}

static void test_serial_and_sequences(void)
{
    setup();
    RUN("CREATE TABLE t (id SERIAL PRIMARY KEY, n INT GENERATED BY DEFAULT AS IDENTITY (START 10))");
    CHECK_STR(show("t"), "CREATE TABLE public.t (\n\tid INT8 NOT NULL DEFAULT unique_rowid(),\n\tn INT8 NOT NULL "
                         "GENERATED BY DEFAULT AS IDENTITY (START 10),\n\tCONSTRAINT t_pkey PRIMARY KEY (id ASC)\n)");
    CHECK_STR(show("t_n_seq"),
              "CREATE SEQUENCE public.t_n_seq MINVALUE 1 MAXVALUE 9223372036854775807 INCREMENT 1 START 10");
    FAILS("DROP SEQUENCE t_n_seq", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "cannot drop sequence t_n_seq because other objects depend on it");
    RUN("DROP TABLE t");
    FAILS("DROP SEQUENCE t_n_seq", ERR_UNDEFINED_TABLE, "relation \"t_n_seq\" does not exist");
    RUN("CREATE SEQUENCE s INCREMENT -2");
    CHECK_STR(show("s"), "CREATE SEQUENCE public.s MINVALUE -9223372036854775808 MAXVALUE -1 INCREMENT -2 START -1");
    FAILS("CREATE SEQUENCE s2 MINVALUE 5 MAXVALUE 4", ERR_INVALID_PARAMETER_VALUE,
          "MINVALUE (5) must be less than MAXVALUE (4)");
    FAILS("DROP TABLE s", ERR_WRONG_OBJECT_TYPE, "\"s\" is not a table");
    RUN("ALTER SEQUENCE s RENAME TO s3; DROP SEQUENCE s3");
    teardown();
}

static void test_views(void)
{
    setup();
    RUN("CREATE TABLE p (a INT, b STRING)");
    RUN("CREATE VIEW v AS SELECT a, b FROM p");
    CHECK_STR(show("v"), "CREATE VIEW public.v (\n\ta,\n\tb\n) AS SELECT a, b FROM defaultdb.public.p");
    FAILS("DROP TABLE p", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "cannot drop relation \"p\" because view \"v\" depends on it");
    CHECK_STR(str_of(err.hint), "you can drop v instead.");
    FAILS("ALTER TABLE p DROP COLUMN a", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "cannot drop column \"a\" because view \"v\" depends on it");
    FAILS("ALTER TABLE p RENAME TO pp", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "cannot rename relation \"p\" because view \"v\" depends on it");
    FAILS("CREATE VIEW v AS SELECT 1", ERR_DUPLICATE_TABLE, "relation \"defaultdb.public.v\" already exists");
    RUN("CREATE OR REPLACE VIEW v AS SELECT 1, 2");
    RUN("DROP TABLE p CASCADE");
    FAILS("DROP VIEW v", ERR_UNDEFINED_TABLE, "relation \"v\" does not exist");
    RUN("CREATE MATERIALIZED VIEW m AS SELECT 1, 2; REFRESH MATERIALIZED VIEW m");
    CHECK(called("insert"));
    RUN("DROP MATERIALIZED VIEW m");
    teardown();
}

static void test_databases_and_schemas(void)
{
    setup();
    RUN("CREATE DATABASE d");
    FAILS("CREATE DATABASE d", ERR_DUPLICATE_DATABASE, "database \"d\" already exists");
    RUN("CREATE DATABASE IF NOT EXISTS d");
    RUN("CREATE TABLE d.public.t (a INT); CREATE SCHEMA d.s; CREATE TABLE d.s.t (a INT)");
    FAILS("DROP DATABASE d RESTRICT", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "database \"d\" is not empty and RESTRICT was specified");
    FAILS("DROP SCHEMA d.s", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "schema \"s\" is not empty and CASCADE was not specified");
    RUN("DROP SCHEMA d.s CASCADE");
    FAILS("CREATE TABLE d.s.t (a INT)", ERR_INVALID_SCHEMA_NAME,
          "cannot create \"d.s.t\" because the target database or schema does not exist");
    RUN("ALTER DATABASE d RENAME TO e; DROP DATABASE e");
    FAILS("DROP DATABASE e", ERR_UNDEFINED_DATABASE, "database \"e\" does not exist");
    FAILS("DROP DATABASE system", ERR_INSUFFICIENT_PRIVILEGE,
          "user root does not have DROP privilege on database system");
    FAILS("DROP SCHEMA public", ERR_INVALID_SCHEMA_NAME, "cannot drop schema \"public\"");
    FAILS("CREATE SCHEMA pg_x", ERR_RESERVED_NAME, "unacceptable schema name \"pg_x\"");
    RUN("CREATE SCHEMA IF NOT EXISTS s2; CREATE SCHEMA IF NOT EXISTS s2; CREATE TABLE s2.x (a INT)");
    RUN("ALTER TABLE s2.x SET SCHEMA public; DROP SCHEMA s2");
    CHECK(show("x").len > 0);
    teardown();
}

static void test_roles_and_grants(void)
{
    setup();
    RUN("CREATE USER maria WITH PASSWORD 'secret'; CREATE ROLE dev; GRANT dev TO maria");
    FAILS("CREATE USER maria", ERR_DUPLICATE_OBJECT, "a role/user named maria already exists");
    RUN("CREATE USER IF NOT EXISTS maria");
    FAILS("CREATE USER public", ERR_RESERVED_NAME, "role name \"public\" is reserved");
    FAILS("GRANT nope TO maria", ERR_UNDEFINED_OBJECT, "role/user \"nope\" does not exist");
    FAILS("GRANT maria TO dev", ERR_INVALID_GRANT_OPERATION, "making dev a member of maria would create a cycle");
    RUN("CREATE TABLE t (a INT)");
    user = STR("maria");
    FAILS("DROP TABLE t", ERR_INSUFFICIENT_PRIVILEGE, "user maria does not have DROP privilege on relation t");
    FAILS("GRANT SELECT ON t TO maria", ERR_INSUFFICIENT_PRIVILEGE,
          "user maria missing WITH GRANT OPTION privilege on SELECT");
    FAILS("CREATE DATABASE x", ERR_INSUFFICIENT_PRIVILEGE, "permission denied to create database");
    FAILS("CREATE USER x", ERR_INSUFFICIENT_PRIVILEGE, "user maria does not have CREATEROLE privilege");
    FAILS("ALTER USER maria WITH PASSWORD 'other'", ERR_INSUFFICIENT_PRIVILEGE,
          "user maria does not have CREATEROLE privilege");
    RUN("CREATE TABLE mine (a INT); DROP TABLE mine"); // CREATE on public is everybody's
    user = STR("root");
    RUN("GRANT SELECT, INSERT ON TABLE t TO dev WITH GRANT OPTION; GRANT DROP ON t TO maria");
    FAILS("GRANT USAGE ON TABLE t TO dev", ERR_INVALID_GRANT_OPERATION, "invalid privilege type USAGE for table");
    FAILS("GRANT SELECT ON t TO nobody", ERR_UNDEFINED_OBJECT, "role/user \"nobody\" does not exist");
    FAILS("REVOKE SELECT ON t FROM root", ERR_INVALID_GRANT_OPERATION,
          "user root must have exactly ALL privileges on table \"t\"");
    FAILS("DROP USER maria", ERR_DEPENDENT_OBJECTS_STILL_EXIST,
          "cannot drop role/user maria: grants still exist on defaultdb.public.t");
    user = STR("maria");
    RUN("GRANT SELECT ON t TO public");
    user = STR("root");
    RUN("REVOKE ALL ON t FROM maria, dev, public; DROP USER maria; DROP ROLE IF EXISTS dev, gone");
    FAILS("DROP USER root", ERR_INVALID_PARAMETER_VALUE, "cannot drop special user root");
    RUN("CREATE USER z CREATEDB LOGIN VALID UNTIL '2030-01-01'; ALTER USER z NOCREATEDB; ALTER ROLE z SET timezone = "
        "'utc'; DROP USER z");
    teardown();
}

static void test_comments(void)
{
    setup();
    RUN("CREATE TABLE t (a INT PRIMARY KEY); COMMENT ON TABLE t IS 'it''s'; COMMENT ON COLUMN t.a IS 'col'");
    CHECK_STR(show("t"), "CREATE TABLE public.t (\n\ta INT8 NOT NULL,\n\tCONSTRAINT t_pkey PRIMARY KEY (a "
                         "ASC)\n);\nCOMMENT ON TABLE public.t IS e'it\\'s';\nCOMMENT ON COLUMN public.t.a IS 'col'");
    RUN("COMMENT ON TABLE t IS NULL; COMMENT ON DATABASE defaultdb IS 'x'; COMMENT ON SCHEMA public IS 'y'; COMMENT ON "
        "INDEX t_pkey IS 'z'");
    teardown();
}

static void test_refused(void)
{
    setup();
    FAILS("CREATE TEMP TABLE t (a INT)", ERR_FEATURE_NOT_SUPPORTED,
          "temporary tables are only supported experimentally");
    RUN("CREATE EXTENSION IF NOT EXISTS pgcrypto");
    RUN("DROP TYPE IF EXISTS e");
    teardown();
}

static void test_speed(void)
{
    enum { ROUNDS = 300 };
    setup();
    char sql[128];
    int64_t from = clock_mono_ns();
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(sql, sizeof(sql), "CREATE TABLE t%d (a INT PRIMARY KEY, b STRING, c INT UNIQUE)", i);
        RUN(sql);
    }
    int64_t created = clock_mono_ns();
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(sql, sizeof(sql), "TRUNCATE t%d", i);
        RUN(sql);
    }
    int64_t truncated = clock_mono_ns();
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(sql, sizeof(sql), "DROP TABLE t%d", i);
        RUN(sql);
    }
    printf("  CREATE TABLE %lld us, TRUNCATE %lld us, DROP TABLE %lld us\n",
           (long long)(created - from) / ROUNDS / 1000, (long long)(truncated - created) / ROUNDS / 1000,
           (long long)(clock_mono_ns() - truncated) / ROUNDS / 1000);
    teardown();
}

CHECK_MAIN({"create_table", test_create_table}, {"foreign_keys", test_foreign_keys}, {"alter_table", test_alter_table},
           {"indexes", test_indexes}, {"serial_and_sequences", test_serial_and_sequences}, {"views", test_views},
           {"databases_and_schemas", test_databases_and_schemas}, {"roles_and_grants", test_roles_and_grants},
           {"comments", test_comments}, {"refused", test_refused}, {"speed", test_speed})
