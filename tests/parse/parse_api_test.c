// The parser's interface beyond what the data-driven files show: slices and positions, limits, options, keywords, tags.
#include "tests/unit/check.h"
#include "base/util.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/keywords.h"
#include "sql/parse/parse.h"

static struct arena arena;
static struct parsed_statements statements;

static int parse(struct str text, struct err *err)
{
    arena_reset(&arena);
    return parse_sql(&arena, text, NULL, &statements, err);
}

static const struct ast *parse_one(const char *text)
{
    struct err err = ERR_INIT;
    int rc = parse(str_of(text), &err);
    CHECK_INT(rc, 0);
    CHECK_INT(statements.n, 1);
    err_reset(&err);
    return rc == 0 && statements.n == 1 ? statements.items[0].ast : NULL;
}

static void test_slices(void)
{
    struct err err = ERR_INIT;
    CHECK_INT(parse(STR("/* x */ SELECT 'é', $3 ; -- y\n  SELECT $2 + b ;;"), &err), 0);
    CHECK_INT(statements.n, 2);
    CHECK_STR(statements.items[0].text, "SELECT 'é', $3");
    CHECK_STR(statements.items[1].text, "SELECT $2 + b");
    CHECK_INT(statements.items[0].n_placeholders, 3);
    CHECK_INT(statements.items[1].n_placeholders, 2);
    CHECK_INT(statements.items[0].position, 9);
    CHECK_INT(statements.items[1].position, 33);
    const struct ast_select *s = ast_as_select(statements.items[1].ast);
    const struct ast_target *t = ast_as_target(ast_as_select_core(s->body)->targets.items[0]);
    // Positions count characters, not bytes.
    CHECK_INT(ast_as_binary(t->expr)->right->position, 45);
}

static void test_empty(void)
{
    struct err err = ERR_INIT;
    CHECK_INT(parse(STR(""), &err), 0);
    CHECK_INT(statements.n, 0);
    CHECK_INT(parse(STR(" ; -- nothing\n;"), &err), 0);
    CHECK_INT(statements.n, 0);
}

static struct str repeated(struct buf *b, const char *before, const char *piece, size_t n, const char *after)
{
    buf_clear(b);
    buf_cstr(b, before);
    for (size_t i = 0; i < n; i++)
        buf_cstr(b, piece);
    buf_cstr(b, after);
    return buf_view(b);
}

static void check_code(struct str text, int code)
{
    struct err err = ERR_INIT;
    CHECK_INT(parse(text, &err), code);
    err_reset(&err);
}

static void test_depth(void)
{
    struct buf b = BUF_INIT;
    check_code(repeated(&b, "SELECT a", " + a", 380, ""), 0);
    check_code(repeated(&b, "SELECT a", " + a", 410, ""), ERR_STATEMENT_TOO_COMPLEX);
    check_code(repeated(&b, "SELECT ", "(", 100000, "1"), ERR_STATEMENT_TOO_COMPLEX);
    check_code(repeated(&b, "SELECT ", "ARRAY[", 100000, "1"), ERR_STATEMENT_TOO_COMPLEX);
    check_code(repeated(&b, "SELECT ", "NOT ", 100000, "a"), ERR_STATEMENT_TOO_COMPLEX);
    check_code(repeated(&b, "SELECT 1", " UNION ALL SELECT 1", 5000, ""), ERR_STATEMENT_TOO_COMPLEX);
    // Chains of AND and OR are flat, however long.
    check_code(repeated(&b, "SELECT a", " AND a", 100000, ""), 0);
    check_code(repeated(&b, "SELECT a", " OR b = 1", 100000, ""), 0);
    check_code(repeated(&b, "SELECT 1;", "SELECT 1;", 10000, ""), 0);
    buf_release(&b);
}

static void test_large(void)
{
    struct buf b = BUF_INIT;
    struct str text = repeated(&b, "INSERT INTO t VALUES (0, 'x')", ", (123456, 'some text value')", 100000, "");
    check_code(text, 0);
    const struct ast_insert *i = ast_as_insert(statements.items[0].ast);
    CHECK_INT(ast_as_values(ast_as_select(i->query)->body)->rows.n, 100001);
    CHECK(arena_bytes(&arena) < 100u << 20);
    check_code(repeated(&b, "SELECT '", "x", PARSE_TEXT_BYTES_MAX, "'"), ERR_PROGRAM_LIMIT_EXCEEDED);
    check_code(repeated(&b, "SELECT '", "x", PARSE_TEXT_BYTES_MAX - 9, "'"), 0);
    buf_release(&b);
}

static void test_options(void)
{
    struct parse_options four = {.default_int_size = 4};
    struct err err = ERR_INIT;
    struct buf b = BUF_INIT;
    arena_reset(&arena);
    CHECK_INT(parse_sql(&arena, STR("SELECT 1::INT, 2::INTEGER, 3::BIGINT"), &four, &statements, &err), 0);
    ast_print(&b, statements.items[0].ast, 0);
    CHECK_STR(buf_view(&b), "SELECT 1::INT4, 2::INT4, 3::INT8");
    buf_release(&b);
}

static void test_text_is_copied(void)
{
    char text[] = "SELECT abc";
    struct err err = ERR_INIT;
    CHECK_INT(parse(str_of(text), &err), 0);
    memset(text, 'x', sizeof(text) - 1);
    CHECK_STR(statements.items[0].text, "SELECT abc");
}

static void test_bad_bytes(void)
{
    check_code((struct str){"SELECT '\xff'", 10}, ERR_SYNTAX_ERROR);
    check_code((struct str){"SELECT \xc3(", 9}, ERR_SYNTAX_ERROR);
    check_code((struct str){"SELECT \0", 8}, ERR_SYNTAX_ERROR);
    check_code((struct str){"SELECT 'a\0b'", 12}, 0);
}

static void test_keywords(void)
{
    size_t n;
    const struct keyword *table = keyword_table(&n);
    CHECK(n > 400);
    for (size_t i = 0; i < n; i++) {
        CHECK(keyword_find(table[i].word) == &table[i]);
        // The category says what the grammar takes as a name of a table.
        struct buf b = BUF_INIT;
        struct err err = ERR_INIT;
        buf_printf(&b, "SELECT a.%.*s FROM a", STR_FMT(table[i].word));
        CHECK_INT(parse(buf_view(&b), &err), 0);
        buf_clear(&b);
        buf_printf(&b, "INSERT INTO %.*s DEFAULT VALUES", STR_FMT(table[i].word));
        bool name = table[i].category == KEYWORD_UNRESERVED || table[i].category == KEYWORD_COLUMN_NAME;
        CHECK_INT(parse(buf_view(&b), &err) == 0, name);
        err_reset(&err);
        buf_release(&b);
    }
    CHECK(keyword_find(STR("selects")) == NULL);
    CHECK(keyword_find(STR("")) == NULL);
}

static void check_properties(const char *text, const char *tag, bool ddl, bool rows, bool read_only, bool txn)
{
    const struct ast *n = parse_one(text);
    if (n == NULL)
        return;
    CHECK_STR(str_of(ast_tag(n)), tag);
    CHECK_INT(ast_is_ddl(n), ddl);
    CHECK_INT(ast_returns_rows(n), rows);
    CHECK_INT(ast_is_read_only(n), read_only);
    CHECK_INT(ast_is_txn_control(n), txn);
}

static void test_properties(void)
{
    check_properties("SELECT 1", "SELECT", false, true, true, false);
    check_properties("SELECT 1 FOR UPDATE", "SELECT", false, true, false, false);
    check_properties("SELECT * FROM [DELETE FROM t RETURNING a]", "SELECT", false, true, false, false);
    check_properties("WITH x AS (INSERT INTO t VALUES (1)) SELECT 1", "SELECT", false, true, false, false);
    check_properties("INSERT INTO t VALUES (1)", "INSERT", false, false, false, false);
    check_properties("UPDATE t SET a = 1 RETURNING a", "UPDATE", false, true, false, false);
    check_properties("CREATE TABLE t (a INT)", "CREATE TABLE", true, false, false, false);
    check_properties("GRANT a TO b", "GRANT", true, false, false, false);
    check_properties("BEGIN", "BEGIN", false, false, true, true);
    check_properties("ROLLBACK TO SAVEPOINT a", "ROLLBACK", false, false, true, true);
    check_properties("SHOW TABLES", "SHOW", false, true, true, false);
    check_properties("SET a = 1", "SET", false, false, true, false);
    check_properties("EXPLAIN DELETE FROM t", "EXPLAIN", false, true, true, false);
    check_properties("EXPLAIN ANALYZE DELETE FROM t", "EXPLAIN", false, true, false, false);
    check_properties("COPY t TO STDOUT", "COPY", false, false, true, false);
    check_properties("COPY t FROM STDIN", "COPY", false, false, false, false);
    check_properties("FETCH 1 FROM c", "FETCH", false, true, true, false);
    check_properties("MOVE 1 FROM c", "MOVE", false, false, true, false);
}

static void test_identifiers(void)
{
    static const struct {
        const char *name, *printed;
    } cases[] = {
        {"a", "a"},
        {"_a1$", "_a1$"},
        {"A", "\"A\""},
        {"select", "\"select\""},
        {"time", "\"time\""},
        {"left", "\"left\""},
        {"1a", "\"1a\""},
        {"", "\"\""},
        {"a\"b", "\"a\"\"b\""},
        {"begin", "begin"},
        {"é", "\"é\""},
        {"a b", "\"a b\""},
        {"index", "\"index\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT;
        print_identifier(&b, str_of(cases[i].name));
        CHECK_STR(buf_view(&b), cases[i].printed);
        buf_release(&b);
    }
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"slices", test_slices},         {"empty", test_empty},
        {"depth", test_depth},           {"large", test_large},
        {"options", test_options},       {"text_is_copied", test_text_is_copied},
        {"bad_bytes", test_bad_bytes},   {"keywords", test_keywords},
        {"properties", test_properties}, {"identifiers", test_identifiers},
    };
    arena_init(&arena, NULL);
    int failed = check_main(tests, ARRAY_LEN(tests), argc, argv);
    arena_release(&arena);
    return failed;
}
