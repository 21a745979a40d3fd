// Schedules in cron's form: "minute hour day-of-month month day-of-week" in UTC, each a list of `*`, a, a-b, */n,
// a-b/n; months and days by their English names too; @hourly, @daily (@midnight), @weekly, @monthly, @yearly
// (@annually);
// "@every 1h30m". Where both days are restricted, either will do.
#ifndef BASE_CRON_H
#define BASE_CRON_H

#include "base/err.h"
#include "base/str.h"

struct cron {
    uint64_t minutes; // bit 0: minute 0 …
    uint32_t hours, days, months, weekdays;
    bool any_day, any_weekday;
    int64_t every_s; // @every; 0: by the fields
};
// 22023 saying what is wrong.
int cron_parse(struct str text, struct cron *out, struct err *err) MUST_CHECK;
// The first time after `after`, both in seconds since the Unix epoch; 0 when there is none within five years.
int64_t cron_next(const struct cron *c, int64_t after);

#endif
