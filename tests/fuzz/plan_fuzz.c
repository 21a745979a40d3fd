// Statements from arbitrary bytes against a fixed schema: what parses is analyzed and planned (EXPLAIN), which neither
// crashes nor breaks an invariant of the planner (XX000).
#include "fuzz.h"
#include "base/util.h"
#include "kv/kv.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include "sql/session/session.h"
#include <stdio.h>

const struct str fuzz_seeds[] = {
    STR("SELECT a, sum(b) FROM t WHERE s LIKE 'x%' AND a IN (1, 2, $1) GROUP BY a HAVING count(*) > 1 ORDER BY 2 DESC"),
    STR("SELECT * FROM t JOIN u USING (a) LEFT JOIN t AS v ON v.b = u.c WHERE u.c > 3 OR t.s IS NULL LIMIT 5 OFFSET 1"),
    STR("SELECT (SELECT max(c) FROM u WHERE u.a = t.a), EXISTS (SELECT 1 FROM u WHERE c = b) FROM t WHERE b = ANY "
        "(SELECT c FROM u)"),
    STR("WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT n, sum(n) OVER (PARTITION "
        "BY n % 2 ORDER BY n) FROM r"),
    STR("INSERT INTO t (a, b, s) SELECT a, c, 'x' FROM u ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING a + 1"),
    STR("UPDATE t SET b = u.c, s = lower(s) FROM u WHERE t.a = u.a AND j->>'k' = 'v' RETURNING *"),
    STR("DELETE FROM u USING t WHERE u.a = t.a AND t.d BETWEEN 1.5 AND 2 ORDER BY u.a LIMIT 3"),
    STR("SELECT DISTINCT ON (b) b, d::INT, j @> '{\"a\": 1}', ARRAY[a, b][1], CASE WHEN a > 1 THEN s ELSE 'z' END FROM "
        "t@t_b_idx ORDER BY b, a"),
    STR("SELECT a FROM t UNION SELECT c FROM u EXCEPT ALL SELECT 1 INTERSECT VALUES (1), (2)"),
    STR("SELECT * FROM w, LATERAL (SELECT * FROM t WHERE t.a = w.a LIMIT 1) AS l, generate_series(1, 3) AS g (n)"),
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);

static const char *const schema[] = {
    "CREATE TABLE t (a INT PRIMARY KEY, b INT, s STRING, d DECIMAL(10, 2), j JSONB, INDEX (b) STORING (s), UNIQUE "
    "INDEX "
    "(s, a DESC), INVERTED INDEX (j), INDEX (lower(s)) WHERE b > 1, CHECK (b < 1000))",
    "CREATE TABLE u (a INT REFERENCES t, c INT, v INT AS (c + 1) VIRTUAL, PRIMARY KEY (a, c), INDEX (c) USING HASH)",
    "CREATE VIEW w AS SELECT t.a, count(*) AS n FROM t JOIN u USING (a) GROUP BY t.a",
    "INSERT INTO t SELECT i, i % 7, 's' || i, i, NULL FROM generate_series(1, 50) AS g(i)",
    "INSERT INTO u SELECT i, i % 5 FROM generate_series(1, 50) AS g(i)",
    "ANALYZE t",
    "SET statement_timeout = '5s'",
};

struct text_sink {
    struct result_sink sink;
    struct buf text;
};

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int on_rows(struct result_sink *sink, const struct batch *b, struct err *err)
{
    static const struct value_context vc;
    struct buf *text = &CONTAINER_OF(sink, struct text_sink, sink)->text;
    for (uint32_t k = 0; k < b->n; k++) {
        for (uint32_t i = 0; i < b->ncols; i++)
            datum_print(text, b->cols[i].type, vec_get(&b->cols[i], batch_row(b, k)), &vc);
        buf_putc(text, '\n');
    }
    return 0;
}

static void on_text(struct result_sink *sink, struct str tag)
{
}

static void on_event(struct result_sink *sink)
{
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
}

static void on_parameter(struct result_sink *sink, const char *name, struct str value)
{
}

static size_t on_mark(struct result_sink *sink)
{
    return CONTAINER_OF(sink, struct text_sink, sink)->text.len;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    CONTAINER_OF(sink, struct text_sink, sink)->text.len = mark;
    return true;
}

static const struct result_sink_ops ops = {
    .describe = on_describe,
    .rows = on_rows,
    .complete = on_text,
    .empty = on_event,
    .suspended = on_event,
    .notice = on_notice,
    .parameter = on_parameter,
    .mark = on_mark,
    .rewind = on_rewind,
};

static struct text_sink out = {.sink = {&ops}};

static int query(struct session *s, struct str sql, struct err *err)
{
    buf_clear(&out.text);
    return session_query(s, sql, &out.sink, err);
}

// The engine and its schema are made once and live as long as the process.
static struct session *fixture(void)
{
    static struct kv *kv;
    static struct sql_engine *engine;
    static struct session *session;
    struct err err = ERR_INIT;
    if (session != NULL)
        return session;
    struct kv_options kv_options = {0};
    INVARIANT(kv_open("mem:", &kv_options, &kv, &err) == 0);
    struct sql_engine_options options = {.kv = kv, .cluster_name = "test"};
    INVARIANT(sql_engine_open(&options, &engine, &err) == 0);
    struct session_options root = {.user = STR("root"), .database = STR("defaultdb")};
    INVARIANT(session_new(engine, &root, &session, &err) == 0);
    for (size_t i = 0; i < ARRAY_LEN(schema); i++)
        INVARIANT(query(session, str_of(schema[i]), &err) == 0);
    return session;
}

static void plan(struct session *s, struct str sql)
{
    struct err err = ERR_INIT;
    int rc = query(s, sql, &err);
    if (rc == ERR_INTERNAL_ERROR) {
        fprintf(stderr, "%.*s: %s\n", STR_FMT(sql), err.message);
        INVARIANT(!"the planner broke");
    }
    INVARIANT(rc != 0 || out.text.len > 0);
    err_reset(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session *s = fixture();
    struct arena a;
    struct parsed_statements parsed;
    struct err err = ERR_INIT;
    arena_init(&a, NULL);
    if (parse_sql(&a, (struct str){(const char *)data, size}, NULL, &parsed, &err) == 0 && parsed.n == 1 &&
        str_find((struct str){(const char *)data, size}, STR("ANALY"), 0) < 0) {
        struct buf sql = BUF_INIT;
        buf_cstr(&sql, "EXPLAIN ");
        ast_print(&sql, parsed.items[0].ast, AST_PRINT_PASSWORDS);
        plan(s, buf_view(&sql));
        buf_release(&sql);
    }
    err_reset(&err);
    arena_release(&a);
    return 0;
}
