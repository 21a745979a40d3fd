// Private to src/sql/session: statements that are jobs.
#ifndef SQL_SESSION_JOBS_INT_H
#define SQL_SESSION_JOBS_INT_H

#include "jobs/jobs.h"
#include "jobs/payload.h"
#include "sql/parse/ast_print.h"
#include "sql/session/session_int.h"

struct show;

extern const struct job_type session_job_types[];

struct job_ids {
    ARENA_VEC(int64_t) ids;
};
int job_ids_of_query(struct session *s, struct arena *a, const struct ast *query, struct job_ids *out,
                     struct err *err) MUST_CHECK;

// A job for the statement, described by it: at once in a transaction of its own, or with the session's.
int session_start_job(struct session *s, const char *type, const struct ast *ast, struct str payload, struct job **out,
                      struct err *err) MUST_CHECK;
int session_create_job(struct session *s, const char *type, const struct ast *ast, struct str payload, int64_t *id,
                       struct err *err) MUST_CHECK;

int run_control_jobs(struct session *s, const struct ast *ast, struct arena *a, struct str *tag,
                     struct err *err) MUST_CHECK;
int show_jobs(struct show *sh, struct err *err) MUST_CHECK;

// inspect.c
int run_inspect(struct session *s, const struct ast *ast, struct arena *a, struct err *err) MUST_CHECK;
int inspect_run(struct job *job, struct err *err) MUST_CHECK;
int show_inspect_errors(struct show *sh, struct err *err) MUST_CHECK;

// auto_statistics.c
int auto_statistics_run(struct job *job, struct err *err) MUST_CHECK;

// ttl.c
#define TTL_JOB_TYPE "ROW LEVEL TTL"
int ttl_run(struct job *job, struct err *err) MUST_CHECK;

// schedules.c: `adopt` when schedules have changed, and at the start.
bool engine_has_schedules(struct sql_engine *e); // engine.c
struct schedules *schedules_new(struct sql_engine *e);
void schedules_adopt(struct schedules *w);
bool schedules_waiting(struct schedules *w);
void schedules_free(struct schedules *w);
struct cat_schedule;
int64_t schedule_next_run(const struct cat_schedule *s); // after now, microseconds; 0: never again
// A session without a transaction, for the server's own work.
int job_session_open(struct sql_engine *e, struct str user, struct str database, struct session **out,
                     struct err *err) MUST_CHECK;

// schedule_backup.c
enum { SCHEDULE_COLUMNS = 6, SCHEDULE_LATER = -1 };
extern const char *const schedule_column_names[SCHEDULE_COLUMNS];
const struct type *schedule_column_types(void);
int run_create_schedule(struct session *s, const struct ast *ast, bool describe, struct arena *a,
                        struct err *err) MUST_CHECK;
int schedule_start_backup(struct session *s, const struct cat_schedule *schedule, struct arena *a, int64_t *job,
                          struct err *err) MUST_CHECK;
// backup.c, for them: whether the statement can be run again and again, and its job (SCHEDULE_LATER: see above).
int backup_check_schedulable(struct session *s, const struct ast *backup, bool ignore_existing, struct arena *a,
                             struct err *err) MUST_CHECK;
int backup_create_job(struct session *s, struct str owner, const struct ast *backup, struct arena *a, int64_t *job,
                      struct err *err) MUST_CHECK;

// schedule_control.c
int run_control_schedules(struct session *s, const struct ast *ast, struct arena *a, struct str *tag,
                          struct err *err) MUST_CHECK;
// The jobs that schedules have started.
int job_ids_of_schedules(struct session *s, struct arena *a, const struct ast *query, struct job_ids *out,
                         struct err *err) MUST_CHECK;
int show_schedules(struct show *sh, struct err *err) MUST_CHECK;

// backup.c
// A constant string: a location, the value of an option. 22023 naming `what`.
int constant_text(struct session *s, const struct ast *e, const char *what, struct arena *a, struct str *out,
                  struct err *err) MUST_CHECK;
enum { BULK_COLUMNS = 4 };
extern const char *const bulk_column_names[BULK_COLUMNS]; // detached: the first alone
const struct type *bulk_column_types(void);
int session_restore_run(struct job *job, struct err *err) MUST_CHECK;
bool bulk_is_detached(const struct ast *ast);
int run_backup(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err) MUST_CHECK;
int run_restore(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err) MUST_CHECK;
int show_backups(struct show *sh, struct err *err) MUST_CHECK;
int show_backup(struct show *sh, struct err *err) MUST_CHECK;

int garbage_run(struct job *job, struct err *err) MUST_CHECK; // garbage.c

// A session of a job: interrupted with it.
void session_works_for(struct session *s, struct job *job);

// online.c
// Whether the statement is a schema change that is to run as a job.
int online_wanted(struct session *s, const struct ast *ast, bool *out, struct err *err) MUST_CHECK;
// Whether the statement at work is a transaction of its own, of somebody who waits for it.
bool online_by_itself(const struct session *s);
// A job changes the table (55006): a new transaction after a while.
int online_await_turn(struct session *s, struct err *err) MUST_CHECK;
int run_online(struct session *s, const struct ast *ast, struct err *err) MUST_CHECK;
int online_run(struct job *job, struct err *err) MUST_CHECK;
int online_revert(struct job *job, struct err *err) MUST_CHECK;
int session_backfill_piece(struct session *s, const struct cat_table *table, const struct cat_index *index,
                           struct table_piece *piece, struct err *err) MUST_CHECK;
int session_validate_check(struct session *s, const struct cat_table *table, const struct cat_check *check,
                           struct table_piece *piece, struct err *err) MUST_CHECK;
int session_validate_foreign_key(struct session *s, const struct cat_table *table, const struct cat_foreign_key *fk,
                                 struct table_piece *piece, struct err *err) MUST_CHECK;
// Runs the statement with what takes long left to the job.
int run_ddl_online(struct session *s, const struct ast *ast, struct arena *a, int64_t job, struct ddl_result *out,
                   struct err *err) MUST_CHECK;

#endif
