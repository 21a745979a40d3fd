// The pure parts of the command line: scanner, flags, sizes, histograms.
#include "cli/flags_int.h"
#include "cli/format_int.h"
#include "cli/scan_int.h"
#include "cli/workload_int.h"
#include "base/err.h"
#include "unit/check.h"

static struct sql_scanner scan(const char *text)
{
    struct sql_scanner scanner;
    sql_scanner_reset(&scanner);
    for (struct str rest = str_of(text); rest.len > 0;) { // line by line, as the shell feeds it
        ptrdiff_t newline = str_find(rest, STR("\n"), 0);
        size_t end = newline < 0 ? rest.len : (size_t)newline + 1;
        sql_scan(&scanner, str_slice(rest, 0, end));
        rest = str_slice(rest, end, rest.len);
    }
    return scanner;
}

static bool complete(const char *text)
{
    struct sql_scanner s = scan(text);
    return s.complete && s.state == SCAN_STATE_NORMAL;
}

static void statements_end_at_semicolons(void)
{
    CHECK(complete("SELECT 1;"));
    CHECK(complete("SELECT 1 ; -- done"));
    CHECK(complete("SELECT 1; /* a ; */ \n"));
    CHECK(!complete("SELECT 1"));
    CHECK(!complete("SELECT 1; SELECT 2"));
    CHECK(!complete(""));
    CHECK_INT(scan("SELECT 1; ;; SELECT 2;").statements, 2);
    CHECK(sql_scanner_empty(&(struct sql_scanner){.complete = true}));
}

static void quotes_hide_semicolons(void)
{
    CHECK(!complete("SELECT ';"));
    CHECK(!complete("SELECT 'it''s;"));
    CHECK(complete("SELECT 'it''s;';"));
    CHECK(!complete("SELECT \"a;"));
    CHECK(complete("SELECT \"a\"\";\";"));
    CHECK(complete("SELECT 'back\\';"));
    CHECK(!complete("SELECT e'back\\';"));
    CHECK(complete("SELECT e'back\\';';"));
    CHECK(!complete("SELECT b'\\';"));
    CHECK(complete("SELECT note'\\';")); // the word is no prefix
    CHECK(!complete("SELECT 'two\nlines;\n"));
    CHECK(complete("SELECT 'two\nlines;\n';"));
}

static void comments_hide_semicolons(void)
{
    CHECK(!complete("SELECT 1 -- ;\n"));
    CHECK(!complete("SELECT 1 /* ; /* nested */ ;"));
    CHECK(complete("SELECT 1 /* ; /* nested */ */;"));
    CHECK(complete("SELECT 2 - - 1;"));
}

static void dollar_strings_hide_semicolons(void)
{
    CHECK(!complete("SELECT $$ ; "));
    CHECK(complete("SELECT $$ ; $$;"));
    CHECK(!complete("SELECT $a$ ; $$ ; $b$;"));
    CHECK(complete("SELECT $a$ ;\n $$ ; $a$;"));
    CHECK(complete("SELECT $1;"));
    CHECK(complete("SELECT a$b$c;"));
}

static void durations(void)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"10s", 10000000000},    {"1m30s", 90000000000},
                {"500ms", 500000000},    {"87840h", 87840 * 3600000000000},
                {"1.5h", 5400000000000}, {"0", 0},
                {"3us", 3000},           {"7ns", 7}};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t ns = -1;
        CHECK(duration_parse(str_of(good[i].text), &ns));
        CHECK_INT(ns, good[i].ns);
    }
    static const char *const bad[] = {"", "10", "s", "1x", "1.2.3s", "-1s", "999999999h"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!duration_parse(str_of(bad[i]), &(int64_t){0}));
}

static void sizes(void)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"128MiB", 134217728}, {"1GB", 1000000000}, {"64", 64}, {"1.5KiB", 1536}, {"2G", 2147483648}};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t bytes = -1;
        CHECK(size_parse(str_of(good[i].text), &bytes));
        CHECK_INT(bytes, good[i].bytes);
    }
    int64_t quarter, fraction;
    CHECK(size_parse(STR("25%"), &quarter) && size_parse(STR(".25"), &fraction));
    CHECK_INT(quarter, fraction);
    static const char *const bad[] = {"", "much", "1XB", "150%", "-1", "99999999TiB"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!size_parse(str_of(bad[i]), &(int64_t){0}));
}

static void flags_apply_in_order(void)
{
    bool on = false, help = false;
    const char *name = NULL;
    int64_t number = 0;
    struct string_list list = {0};
    const struct flag flags[] = {{"on", 'o', FLAG_KIND_BOOL, &on},
                                 {"name", 'n', FLAG_KIND_STRING, &name, "<name>"},
                                 {"number", 0, FLAG_KIND_INT, &number, "<n>"},
                                 {"item", 'i', FLAG_KIND_STRINGS, &list, "<item>"}};
    char *argv[] = {"first", "-on", "x", "--name=y", "--number", "7", "-i", "a", "-ib", "--", "--item"};
    struct cli_args args;
    struct err err = ERR_INIT;
    CHECK_INT(flags_parse(flags, ARRAY_LEN(flags), (int)ARRAY_LEN(argv), argv, &args, &help, &err), 0);
    CHECK(on && !help);
    CHECK_STR(str_of(name), "y");
    CHECK_INT(number, 7);
    CHECK_INT(list.len, 2);
    CHECK_STR(str_of(list.items[1]), "b");
    CHECK_INT(args.len, 2);
    CHECK_STR(str_of(args.items[1]), "--item");
    mem_free(args.items);
    mem_free(list.items);
    err_reset(&err);
}

static void widths(void)
{
    CHECK_INT(display_width(STR("plain")), 5);
    CHECK_INT(display_width(STR("日本")), 4);
    CHECK_INT(display_width(STR("nai\u0308ve")), 5); // a combining diaeresis
    CHECK_INT(display_width(STR("")), 0);
}

static void quantiles(void)
{
    static struct histogram h, before;
    for (uint64_t i = 1; i <= 1000; i++)
        histogram_add(&h, i * 1000000);
    CHECK_INT(h.total, 1000);
    double p50 = histogram_quantile_ms(&h, 0.5), p99 = histogram_quantile_ms(&h, 0.99);
    CHECK(p50 > 484 && p50 < 516);
    CHECK(p99 > 959 && p99 < 1000.1);
    CHECK(histogram_quantile_ms(&h, 1) <= 1000.0);
    before = h;
    histogram_add(&h, 5000000);
    histogram_subtract(&h, &before);
    CHECK_INT(h.total, 1);
    CHECK(histogram_quantile_ms(&h, 0.5) > 4.8 && histogram_quantile_ms(&h, 0.5) < 5.2);
}

CHECK_MAIN({"statements_end_at_semicolons", statements_end_at_semicolons},
           {"quotes_hide_semicolons", quotes_hide_semicolons}, {"comments_hide_semicolons", comments_hide_semicolons},
           {"dollar_strings_hide_semicolons", dollar_strings_hide_semicolons}, {"durations", durations},
           {"sizes", sizes}, {"flags_apply_in_order", flags_apply_in_order}, {"widths", widths},
           {"quantiles", quantiles})
