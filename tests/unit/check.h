// A tiny unit test harness: TEST functions registered in a table, CHECK macros that report and go on, one line
// `N passed, N failed, N skipped` at the end, exit status 1 on failure. `prog NAME` runs the tests whose name contains
// NAME.
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include "base/base.h"
#include "base/str.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int check_failures UNUSED;

#define CHECK(cond)                                             \
    do {                                                        \
        if (!(cond)) {                                          \
            check_failures++;                                   \
            printf("  %s:%d: %s\n", __FILE__, __LINE__, #cond); \
        }                                                       \
    } while (0)
#define CHECK_INT(actual, expected)                                                              \
    do {                                                                                         \
        long long a_ = (long long)(actual), e_ = (long long)(expected);                          \
        if (a_ != e_) {                                                                          \
            check_failures++;                                                                    \
            printf("  %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #actual, a_, e_); \
        }                                                                                        \
    } while (0)
#define CHECK_STR(actual, expected)                                                                                 \
    do {                                                                                                            \
        struct str a_ = (actual), e_ = str_of(expected);                                                            \
        if (!str_eq(a_, e_)) {                                                                                      \
            check_failures++;                                                                                       \
            printf("  %s:%d: %s is \"%.*s\", expected \"%s\"\n", __FILE__, __LINE__, #actual, STR_FMT(a_), e_.ptr); \
        }                                                                                                           \
    } while (0)

struct check_test {
    const char *name;
    void (*run)(void);
};

static int UNUSED check_main(const struct check_test *tests, size_t n, int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL)
            continue;
        int before = check_failures;
        tests[i].run();
        bool ok = check_failures == before;
        printf("%s %s\n", ok ? "ok  " : "FAIL", tests[i].name);
        fflush(stdout);
        passed += ok;
        failed += !ok;
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}

#define CHECK_MAIN(...)                                         \
    int main(int argc, char **argv)                             \
    {                                                           \
        static const struct check_test tests[] = {__VA_ARGS__}; \
        return check_main(tests, ARRAY_LEN(tests), argc, argv); \
    }

#endif
