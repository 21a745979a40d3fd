// Runs data-driven parser tests: files of cases, each
//
//     parse | expr | type | dump | fingerprint
//     input, any number of lines
//     ----
//     expected output, up to an empty line
//
// `parse` prints each statement canonically with its command tag when that is no prefix of it, or the error with
// SQLSTATE, DETAIL and HINT. Whatever parses must also print, parse again to an equal tree, and copy to an equal tree.
// usage: parse_test [--rewrite] FILE…
#include "base/buf.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int passed, failed;

static void put_error(struct buf *out, struct err *err)
{
    char code[6];
    err_sqlstate(err->code, code);
    buf_printf(out, "%s: %s\n", code, err->message);
    if (err->detail != NULL)
        buf_printf(out, "DETAIL: %s\n", err->detail);
    if (err->hint != NULL)
        buf_printf(out, "HINT: %s\n", err->hint);
    err_reset(err);
}

typedef int parse_function(struct arena *a, struct str text, struct ast **out, struct err *err);

static int parse_statement(struct arena *a, struct str text, struct ast **out, struct err *err)
{
    struct parsed_statements s;
    int rc = parse_sql(a, text, NULL, &s, err);
    *out = rc == 0 && s.n == 1 ? s.items[0].ast : NULL;
    return rc;
}

// Printed text must read back as the same tree, and print the same again.
static void check_round_trip(struct arena *a, struct buf *out, const struct ast *n, parse_function *parse)
{
    struct buf first = BUF_INIT, second = BUF_INIT;
    struct err err = ERR_INIT;
    struct ast *again = NULL;
    ast_print(&first, n, AST_PRINT_PASSWORDS);
    if (parse(a, arena_str(a, buf_view(&first)), &again, &err) != 0 || again == NULL) {
        buf_printf(out, "ROUND TRIP: does not parse: %s\n", buf_c(&first));
        if (err.code != 0)
            put_error(out, &err);
    } else {
        ast_print(&second, again, AST_PRINT_PASSWORDS);
        if (!str_eq(buf_view(&first), buf_view(&second)))
            buf_printf(out, "ROUND TRIP: prints differently:\n%s\n%s\n", buf_c(&first), buf_c(&second));
        if (!ast_equal(n, again)) {
            buf_printf(out, "ROUND TRIP: another tree from %s\n", buf_c(&first));
            ast_dump(out, n);
            ast_dump(out, again);
        }
    }
    if (!ast_equal(n, ast_copy(a, n)))
        buf_cstr(out, "COPY: not equal\n");
    buf_release(&first);
    buf_release(&second);
}

static void put_statement(struct arena *a, struct buf *out, const struct ast *n)
{
    size_t at = out->len;
    ast_print(out, n, AST_PRINT_DEFAULT);
    struct str printed = str_slice(buf_view(out), at, out->len);
    if (!str_has_prefix(printed, str_of(ast_tag(n))))
        buf_printf(out, " -- %s", ast_tag(n));
    buf_putc(out, '\n');
    check_round_trip(a, out, n, parse_statement);
}

static void run_statements(struct arena *a, struct buf *out, struct str input, const char *directive)
{
    struct parsed_statements s;
    struct err err = ERR_INIT;
    if (parse_sql(a, input, NULL, &s, &err) != 0) {
        put_error(out, &err);
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (strcmp(directive, "dump") == 0) {
            ast_dump(out, s.items[i].ast);
        } else if (strcmp(directive, "fingerprint") == 0) {
            ast_print(out, s.items[i].ast, AST_PRINT_HIDE_CONSTANTS);
            buf_putc(out, '\n');
        } else {
            put_statement(a, out, s.items[i].ast);
        }
    }
}

static int parse_plain_type(struct arena *a, struct str text, struct ast **out, struct err *err)
{
    return parse_type(a, text, NULL, out, err);
}

static void run_fragment(struct arena *a, struct buf *out, struct str input, parse_function *parse)
{
    struct err err = ERR_INIT;
    struct ast *n;
    if (parse(a, input, &n, &err) != 0) {
        put_error(out, &err);
        return;
    }
    ast_print(out, n, AST_PRINT_DEFAULT);
    buf_putc(out, '\n');
    check_round_trip(a, out, n, parse);
}

static void run_case(struct buf *out, const char *directive, struct str input)
{
    struct arena a;
    arena_init(&a, NULL);
    if (strcmp(directive, "expr") == 0)
        run_fragment(&a, out, input, parse_expr);
    else if (strcmp(directive, "type") == 0)
        run_fragment(&a, out, input, parse_plain_type);
    else
        run_statements(&a, out, input, directive);
    arena_release(&a);
}

// Files ----------------------------------------------------------------------------------------------------------

static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        buf_append(out, chunk, n);
    fclose(f);
    return true;
}

static struct str next_line(struct str text, size_t *at)
{
    size_t start = *at;
    ptrdiff_t end = str_find(text, STR("\n"), start);
    size_t stop = end < 0 ? text.len : (size_t)end;
    *at = stop + 1;
    return str_slice(text, start, stop);
}

// One case from its directive on: input up to ----, expected up to an empty line.
static void take_case(struct str text, size_t *at, struct buf *input, struct buf *expected)
{
    struct str line;
    while (*at < text.len && !str_eqc(line = next_line(text, at), "----")) {
        buf_str(input, line);
        buf_putc(input, '\n');
    }
    if (input->len > 0)
        input->len--;
    while (*at < text.len && (line = next_line(text, at)).len > 0) {
        buf_str(expected, line);
        buf_putc(expected, '\n');
    }
}

static void report(const char *path, const struct buf *input, struct buf *expected, struct buf *actual)
{
    if (str_eq(buf_view(expected), buf_view(actual))) {
        passed++;
        return;
    }
    failed++;
    printf("%s:\n%.*s\n---- expected\n%s---- actual\n%s\n", path, STR_FMT(buf_view(input)), buf_c(expected),
           buf_c(actual));
}

static void run_file(const char *path, bool rewrite)
{
    struct buf text = BUF_INIT, rewritten = BUF_INIT;
    if (!read_file(path, &text)) {
        failed++;
        return;
    }
    struct str view = buf_view(&text);
    for (size_t at = 0; at < view.len;) {
        struct str line = next_line(view, &at);
        buf_printf(&rewritten, "%.*s\n", STR_FMT(line));
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        struct buf input = BUF_INIT, expected = BUF_INIT, actual = BUF_INIT;
        char directive[32];
        snprintf(directive, sizeof(directive), "%.*s", STR_FMT(line));
        take_case(view, &at, &input, &expected);
        run_case(&actual, directive, buf_view(&input));
        buf_printf(&rewritten, "%.*s\n----\n%s\n", STR_FMT(buf_view(&input)), buf_c(&actual));
        report(path, &input, &expected, &actual);
        buf_release(&input);
        buf_release(&expected);
        buf_release(&actual);
    }
    if (rewrite) {
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(rewritten.ptr, 1, rewritten.len, f) != rewritten.len)
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (f != NULL)
            fclose(f);
    }
    buf_release(&text);
    buf_release(&rewritten);
}

int main(int argc, char **argv)
{
    bool rewrite = argc > 1 && strcmp(argv[1], "--rewrite") == 0;
    for (int i = rewrite ? 2 : 1; i < argc; i++)
        run_file(argv[i], rewrite);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0 && !rewrite;
}
