// Times that come again: what is read, what is refused, and when next.
#include "base/cron.h"
#include "check.h"
#include <time.h>

static int64_t seconds(const char *text)
{
    struct tm t = {0};
    CHECK(strptime(text, "%Y-%m-%d %H:%M:%S", &t) != NULL);
    return timegm(&t);
}

static const char *next(const char *cron, const char *after)
{
    static char text[100];
    struct cron c;
    struct err err = ERR_INIT;
    if (cron_parse(str_of(cron), &c, &err) != 0) {
        snprintf(text, sizeof(text), "%s", err.message);
        err_reset(&err);
        return text;
    }
    time_t at = (time_t)cron_next(&c, seconds(after));
    struct tm t;
    gmtime_r(&at, &t);
    if (at == 0)
        return "never";
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &t);
    return text;
}

#define CHECK_NEXT(cron, after, expected) CHECK_STR(str_of(next(cron, after)), expected)

static void words(void)
{
    CHECK_NEXT("@hourly", "2026-01-31 23:00:00", "2026-02-01 00:00:00");
    CHECK_NEXT("@daily", "2026-02-28 00:00:00", "2026-03-01 00:00:00");
    CHECK_NEXT("@midnight", "2028-02-28 10:00:00", "2028-02-29 00:00:00");
    CHECK_NEXT("@weekly", "2026-11-28 10:00:00", "2026-11-29 00:00:00");
    CHECK_NEXT("@monthly", "2026-12-01 00:00:00", "2027-01-01 00:00:00");
    CHECK_NEXT("@yearly", "2026-12-01 00:00:00", "2027-01-01 00:00:00");
    CHECK_NEXT("@annually", "2026-12-01 00:00:00", "2027-01-01 00:00:00");
    CHECK_NEXT(" @daily ", "2026-12-01 00:00:00", "2026-12-02 00:00:00");
}

static void fields(void)
{
    CHECK_NEXT("* * * * *", "2026-11-28 10:00:00", "2026-11-28 10:01:00");
    CHECK_NEXT("* * * * *", "2026-11-28 10:00:59", "2026-11-28 10:01:00");
    CHECK_NEXT("*/15 * * * *", "2026-11-28 10:46:00", "2026-11-28 11:00:00");
    CHECK_NEXT("5,35 9-17 * * mon-fri", "2026-11-28 10:46:00", "2026-11-30 09:05:00");
    CHECK_NEXT("0 22/1 * * *", "2026-11-28 22:00:00", "2026-11-28 23:00:00");
    CHECK_NEXT("30 3 31 * *", "2026-11-28 22:00:00", "2026-12-31 03:30:00");
    CHECK_NEXT("0 0 29 feb *", "2026-11-28 22:00:00", "2028-02-29 00:00:00");
    CHECK_NEXT("0 0 13 * FRI", "2026-11-28 22:00:00", "2026-12-04 00:00:00"); // either will do
    CHECK_NEXT("0 0 */13 * FRI", "2026-11-28 22:00:00", "2026-12-01 00:00:00");
    CHECK_NEXT("0 0 ? * 0", "2026-11-28 22:00:00", "2026-11-29 00:00:00");
    CHECK_NEXT("0 0 30 2 *", "2026-11-28 22:00:00", "never");
    CHECK_NEXT("59  23\t31 12 *", "2026-12-31 23:59:00", "2027-12-31 23:59:00");
}

static void every(void)
{
    CHECK_NEXT("@every 1h30m", "2026-11-28 22:00:10", "2026-11-28 23:30:10");
    CHECK_NEXT("@every 5s", "2026-11-28 22:00:10", "2026-11-28 22:00:15");
}

static void refused(void)
{
    static const char *const bad[] = {"",
                                      "* * * *",
                                      "* * * * * *",
                                      "60 * * * *",
                                      "* 24 * * *",
                                      "* * 0 * *",
                                      "* * * 13 *",
                                      "* * * * 7",
                                      "a * * * *",
                                      "5-1 * * * *",
                                      "*/0 * * * *",
                                      "1,,2 * * * *",
                                      "@often",
                                      "@every",
                                      "@every 5",
                                      "@every x",
                                      "@every 0s",
                                      "-1 * * * *",
                                      "+1 * * * *",
                                      "@every 99999999h",
                                      "@every 99999999999999999999s"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct cron c;
        struct err err = ERR_INIT;
        CHECK_INT(cron_parse(str_of(bad[i]), &c, &err), ERR_INVALID_PARAMETER_VALUE);
        err_reset(&err);
    }
}

CHECK_MAIN({"words", words}, {"fields", fields}, {"every", every}, {"refused", refused})
