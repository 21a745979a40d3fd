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

// backup.c
enum { BULK_COLUMNS = 4 };
extern const char *const bulk_column_names[BULK_COLUMNS]; // detached: the first alone
const struct type *bulk_column_types(void);
bool bulk_is_detached(const struct ast *ast);
int run_backup(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err) MUST_CHECK;
int run_restore(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err) MUST_CHECK;
int show_backups(struct show *sh, struct err *err) MUST_CHECK;
int show_backup(struct show *sh, struct err *err) MUST_CHECK;

#endif
