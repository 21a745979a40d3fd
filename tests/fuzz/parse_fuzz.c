// SQL text from arbitrary bytes: the parser neither crashes nor reads outside, and whatever it accepts prints as text
// that reads back as an equal tree and prints the same.
#include "fuzz.h"
#include "base/util.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include <stdio.h>

const struct str fuzz_seeds[] = {
    STR("SELECT a.b, 'x' || e'\\n', $1::INT[] FROM t@i AS u (x, y) LEFT JOIN v USING (c) WHERE a IN (1, 2) AND NOT b"),
    STR("WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT sum(n) OVER (PARTITION BY a ORDER BY "
        "b "
        "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM r GROUP BY a HAVING count(*) > 1 ORDER BY 1 DESC NULLS LAST"),
    STR("INSERT INTO t (a, b) VALUES (1, DEFAULT), (-5, x'00') ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING "
        "*"),
    STR("UPDATE t SET a = 1, (b, c) = (SELECT 1, 2) FROM u WHERE t.a = u.a ORDER BY a LIMIT 5 RETURNING NOTHING"),
    STR("CREATE TABLE t (a INT8 PRIMARY KEY DEFAULT 1 + 2, b STRING REFERENCES u ON DELETE CASCADE ON UPDATE now(), "
        "UNIQUE INDEX i (lower(b) DESC) STORING (a) WHERE a > 1, FAMILY f (a)) WITH (ttl = 'on')"),
    STR("ALTER TABLE t ADD COLUMN c DECIMAL(10, 2) NOT NULL, ALTER d TYPE STRING USING d::STRING, DROP CONSTRAINT e"),
    STR("SELECT CASE a WHEN 1 THEN EXTRACT(year FROM b) ELSE TRIM(BOTH 'x' FROM c) END, (d).e[1:2], ROW(1, 2) = ANY "
        "(f), "
        "INTERVAL '1' DAY, a BETWEEN SYMMETRIC 1 AND 2, g LIKE 'x' ESCAPE '!', ARRAY[[1], [2]], ((1, 2) AS x, y)"),
    STR("GRANT SELECT ON TABLE a.*, b TO c WITH GRANT OPTION; SHOW GRANTS ON DATABASE d; SET a.b = 'x', on; BEGIN READ "
        "ONLY"),
    STR("CREATE FUNCTION f(a INT, OUT b INT) RETURNS SETOF t LANGUAGE sql AS $x$ SELECT 1 $x$; EXPLAIN (OPT) SELECT 1"),
    STR("BACKUP DATABASE d INTO LATEST IN ('x', 'y') WITH detached; FETCH BACKWARD 5 c; COPY t FROM STDIN WITH CSV "
        "HEADER"),
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);

// Reports what did not survive the trip before it aborts.
static void broken(struct str text, const char *what)
{
    fprintf(stderr, "%s: %.*s\n", what, STR_FMT(text));
    INVARIANT(!"round trip");
}

static void round_trip(struct arena *a, const struct ast *n)
{
    struct parsed_statements again;
    struct buf first = BUF_INIT, second = BUF_INIT;
    ast_print(&first, n, AST_PRINT_PASSWORDS);
    struct str text = buf_view(&first);
    struct err err = ERR_INIT;
    int rc = parse_sql(a, text, NULL, &again, &err);
    // Canonical text may nest deeper than the limit where the source did not.
    if (rc != 0 && rc != ERR_STATEMENT_TOO_COMPLEX)
        broken(text, err.message);
    if (rc == 0) {
        if (again.n != 1 || !ast_equal(n, again.items[0].ast))
            broken(text, "reads back as another tree");
        ast_print(&second, again.items[0].ast, AST_PRINT_PASSWORDS);
        if (!str_eq(text, buf_view(&second)))
            broken(text, "prints differently again");
    }
    buf_clear(&second);
    ast_print(&second, n, AST_PRINT_HIDE_CONSTANTS);
    err_reset(&err);
    buf_release(&first);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct parsed_statements s;
    struct err err = ERR_INIT;
    struct ast *n;
    struct str text = {(const char *)data, size};
    arena_init(&a, NULL);
    if (parse_sql(&a, text, NULL, &s, &err) == 0) {
        for (size_t i = 0; i < s.n; i++) {
            ast_tag(s.items[i].ast);
            ast_is_read_only(s.items[i].ast);
            INVARIANT(ast_equal(s.items[i].ast, ast_copy(&a, s.items[i].ast)));
            round_trip(&a, s.items[i].ast);
        }
    }
    err_reset(&err);
    if (parse_expr(&a, text, &n, &err) != 0)
        err_reset(&err);
    if (parse_type(&a, text, NULL, &n, &err) != 0)
        err_reset(&err);
    arena_release(&a);
    return 0;
}
