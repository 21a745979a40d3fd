// Jobs: work that outlives its statement and its process. A job is a row of system.jobs; while it runs it has a thread,
// and what it has done so far is in its row, so that it goes on where it was after a crash.
//
//   pending -> running -> succeeded
//              running -> reverting -> failed, canceled
//              running -> pause-requested -> paused -> running
//
// Whoever creates or controls a job writes its row in a transaction of his and, when that is committed, calls
// jobs_adopt, which gives threads to jobs that want to run and tells the running ones what is asked of them.
//
// Threads: every call may come from any thread, except those that take a `struct job`: they are its runner's, and
// job_wait, job_unref for those who hold a reference.
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include "base/arena.h"
#include "base/err.h"
#include "catalog/jobs.h"

struct kv;
struct kv_txn;
struct catalog;
struct jobs;
struct job;

// What can run. `run` does the work; it polls job_check and returns its code. `revert` undoes what an unfinished run
// has left, also one of a process that is gone; it may be called again. NULL: nothing to undo.
struct job_type {
    const char *name;
    int (*run)(struct job *job, struct err *err);
    int (*revert)(struct job *job, struct err *err);
    bool no_cancel; // what has been decided goes on to its end
};

// `types` is ended by a row without name and lives as long as the registry; `arg` is for the runners. Starts nothing.
struct jobs *jobs_new(struct kv *kv, struct catalog *catalog, const struct job_type *types, void *arg);
// Gives threads to what is unfinished: at start and after a commit that touched job rows. A failure is logged.
void jobs_adopt(struct jobs *jobs);
// Asks running jobs to stop, waits for their threads, frees. Their rows stay as they are: they go on at the next start.
void jobs_free(struct jobs *jobs);

// Whether a job has its thread at work.
bool jobs_running(struct jobs *jobs);

// Writes the row of a new job; *id is set.
int jobs_create(struct jobs *jobs, struct kv_txn *txn, const char *type, struct str owner, struct str description,
                struct str payload, int64_t *id, struct err *err) MUST_CHECK;
// The same in a transaction of its own, and starts it. *out is a reference.
int jobs_start(struct jobs *jobs, const char *type, struct str owner, struct str description, struct str payload,
               struct job **out, struct err *err) MUST_CHECK;
// Blocks until the job has ended or is paused, and returns the error it ended with. `interrupted` is polled; the job
// goes on when it returns an error.
int job_wait(struct job *job, int (*interrupted)(void *arg, struct err *err), void *arg, struct err *err) MUST_CHECK;
void job_unref(struct job *job);
// Blocks until the job of this id does not run.
int jobs_await(struct jobs *jobs, int64_t id, int (*interrupted)(void *arg, struct err *err), void *arg,
               struct err *err) MUST_CHECK;

enum job_action { JOB_PAUSE, JOB_RESUME, JOB_CANCEL };
// Changes the row as asked: 42704 when there is none, 55000 when its status or type does not allow it.
int jobs_control(struct jobs *jobs, struct kv_txn *txn, int64_t id, enum job_action action, struct err *err) MUST_CHECK;

// ---- for runners and reverters

int64_t job_id(const struct job *job);
void *job_arg(const struct job *job);
struct kv *job_kv(const struct job *job);
struct catalog *job_catalog(const struct job *job);
struct str job_payload(const struct job *job);
struct str job_owner(const struct job *job);
struct str job_progress(const struct job *job); // as last stored
// Nonzero when the job is to stop: paused, canceled, the process ends.
int job_check(struct job *job, struct err *err) MUST_CHECK;
// A named place in the work: pauses the job there when the cluster setting jobs.debug.pausepoints lists it.
int job_pausepoint(struct job *job, const char *name, struct err *err) MUST_CHECK;
// Stores the progress.
int job_update(struct job *job, double fraction, struct str progress, struct err *err) MUST_CHECK;
// The same in the transaction of a step of the work, so that both are done or neither.
int job_update_in(struct job *job, struct kv_txn *txn, double fraction, struct str progress,
                  struct err *err) MUST_CHECK;
// The same, and that the job has succeeded, within the transaction that publishes its work: all or nothing.
int job_finish_in(struct job *job, struct kv_txn *txn, struct str progress, struct err *err) MUST_CHECK;
// What the job says of itself; job_reset goes back to it when the transaction of job_update_in or job_finish_in did not
// commit.
struct job_mark {
    struct str progress;
    double fraction;
    bool finished;
};
struct job_mark job_mark(const struct job *job);
void job_reset(struct job *job, struct job_mark mark);

#endif
