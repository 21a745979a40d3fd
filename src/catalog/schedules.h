// Schedules as rows of system.scheduled_jobs: what is to be started again and again, and when next. Plain
// transactional reads and writes; sql/session/schedules.c starts what is due.
#ifndef CATALOG_SCHEDULES_H
#define CATALOG_SCHEDULES_H

#include "catalog/catalog.h"

#define CAT_SCHEDULE_TTL "scheduled-row-level-ttl-executor"
#define CAT_SCHEDULE_BACKUP "scheduled-backup-executor"

// What happens when the run before has not ended; when a run cannot be started.
enum cat_schedule_wait { CAT_SCHEDULE_WAIT, CAT_SCHEDULE_SKIP, CAT_SCHEDULE_START };
enum cat_schedule_failure { CAT_SCHEDULE_RETRY_SCHED, CAT_SCHEDULE_RETRY_SOON, CAT_SCHEDULE_PAUSE };

// Times are microseconds since the Unix epoch.
struct cat_schedule {
    int64_t id;
    struct str name, owner;
    int64_t created_micros;
    int64_t next_run_micros; // 0: paused
    struct str state;        // what is to be said of it; empty: nothing
    struct str cron;         // empty: never again
    enum cat_schedule_wait wait;
    enum cat_schedule_failure failure;
    struct str executor; // CAT_SCHEDULE_…
    struct str args;     // JSON: {"tableId": 104}; a BACKUP's are its database and statement
};
int cat_schedule_put(struct cat_view *v, const struct cat_schedule *s, struct err *err) MUST_CHECK;
// The strings are copied into `a`.
int cat_schedule_get(struct cat_view *v, struct arena *a, int64_t id, struct cat_schedule *out, bool *found,
                     struct err *err) MUST_CHECK;
// In the order of their ids, which is that of creation.
int cat_schedule_list(struct cat_view *v, struct arena *a, struct cat_schedule **out, size_t *n,
                      struct err *err) MUST_CHECK;
int cat_schedule_delete(struct cat_view *v, int64_t id, struct err *err) MUST_CHECK;
// Whether the view's transaction has written schedules: who commits it tells who starts what is due.
bool cat_schedules_changed(const struct cat_view *v);

// The schedule of a table's row-level TTL.
int cat_schedule_of_table(struct cat_view *v, struct arena *a, uint32_t table_id, struct cat_schedule *out, bool *found,
                          struct err *err) MUST_CHECK;
// Makes or changes it to what the table's parameters say.
int cat_schedule_ttl(struct cat_view *v, struct arena *a, const struct cat_table *t, struct err *err) MUST_CHECK;
// The table of such a schedule; 0: it is none.
uint32_t cat_schedule_table(const struct cat_schedule *s);

#endif
