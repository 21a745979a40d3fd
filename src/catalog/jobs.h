// Job records as rows of system.jobs (src/jobs runs them). Plain transactional reads and writes.
#ifndef CATALOG_JOBS_H
#define CATALOG_JOBS_H

#include "catalog/catalog.h"

enum cat_job_status {
    CAT_JOB_PENDING,
    CAT_JOB_RUNNING,
    CAT_JOB_PAUSE_REQUESTED,
    CAT_JOB_PAUSED,
    CAT_JOB_CANCEL_REQUESTED,
    CAT_JOB_REVERTING,
    CAT_JOB_SUCCEEDED, // this and what follows: the end
    CAT_JOB_CANCELED,
    CAT_JOB_FAILED,
};
static inline bool cat_job_ended(enum cat_job_status status)
{
    return status >= CAT_JOB_SUCCEEDED;
}
const char *cat_job_status_name(enum cat_job_status status);

// Times are microseconds since the Unix epoch, 0: not yet.
struct cat_job {
    int64_t id;
    enum cat_job_status status;
    struct str type; // "BACKUP"
    struct str owner, description, error;
    int64_t created_micros, last_run_micros, modified_micros, finished_micros;
    int64_t runs;
    int64_t schedule_id;          // that started it; 0: none
    double fraction;              // done, 0 to 1
    struct str payload, progress; // the job's own
};
int cat_job_put(struct catalog *c, struct kv_txn *txn, const struct cat_job *job, struct err *err) MUST_CHECK;
// The strings are copied into `a`.
int cat_job_get(struct catalog *c, struct kv_txn *txn, struct arena *a, int64_t id, struct cat_job *out, bool *found,
                struct err *err) MUST_CHECK;
// In the order of their ids, which is that of creation.
int cat_job_list(struct catalog *c, struct kv_txn *txn, struct arena *a, struct cat_job **out, size_t *n,
                 struct err *err) MUST_CHECK;
// The job that deletes what schema changes leave, and what its payload lists.
#define CAT_GARBAGE_JOB "SCHEMA CHANGE GC"
struct cat_garbage {
    uint32_t table_id, index_id; // index_id 0: all of the table
    bool stragglers;
};
size_t cat_garbage_of(struct arena *a, struct str payload, struct cat_garbage **out);
// What jobs that have not ended are to delete.
int cat_garbage_list(struct catalog *c, struct kv_txn *txn, struct arena *a, struct cat_garbage **out, size_t *n,
                     struct err *err) MUST_CHECK;
int cat_job_delete(struct catalog *c, struct kv_txn *txn, int64_t id, struct err *err) MUST_CHECK;

#endif
