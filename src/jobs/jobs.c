// The registry of jobs and the life of their threads.
#include "jobs/jobs.h"
#include "base/util.h"
#include "kv/kv.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS_MAX = 100, WAIT_POLL_NS = 50000000, WAIT_AFTER_CONFLICT_US = 200 };
static const int64_t kept_micros = 14ll * 86400 * 1000000;

enum job_request { REQUEST_NONE, REQUEST_STOP, REQUEST_PAUSE, REQUEST_CANCEL };

struct job {
    struct jobs *jobs;
    struct job *next; // jobs->mutex
    unsigned refs;    // jobs->mutex
    int64_t id;
    const struct job_type *type;
    struct arena arena; // strings of the record
    struct str payload, owner, progress;
    double fraction;
    _Atomic int request; // enum job_request; relaxed: a flag polled
    bool finished;       // by job_finish_in, once its transaction is committed
    bool ended;          // jobs->mutex: the thread has nothing left to do
    pthread_t thread;
    int rc; // what job_wait returns; set before `ended`
    struct err err;
};

struct jobs {
    struct kv *kv;
    struct catalog *catalog;
    const struct job_type *types;
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t changed; // a job has ended
    struct job *list;       // running, and ended ones not joined yet
    bool closing;
};

// ---- transactions

// Runs `work` in a transaction of its own, again on conflicts.
static int in_txn(struct jobs *jobs, int (*work)(struct jobs *jobs, struct kv_txn *txn, void *arg, struct err *err),
                  void *arg, struct err *err)
{
    int rc = 0;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        err_reset(err);
        enum kv_result r = kv_begin(jobs->kv, &(struct kv_begin_options){0}, &txn);
        if (r != KV_OK)
            return cat_kv_error(NULL, (int)r, err);
        struct cat_txn_summary summary = cat_txn_summarize(txn);
        rc = work(jobs, txn, arg, err);
        if (rc != 0) {
            kv_abort(txn);
        } else {
            r = kv_commit(txn, &version);
            rc = r == KV_OK ? 0 : cat_commit_error(&summary, (int)r, err);
        }
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
        usleep((useconds_t)attempt * WAIT_AFTER_CONFLICT_US); // whoever was first may wait for the disk
    }
    return rc;
}

static int64_t now_micros(void)
{
    return clock_wall_ns() / 1000;
}

static int no_such_job(int64_t id, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "job with ID %lld does not exist", (long long)id);
}

// Changes one record: reads, lets `change` decide, writes.
struct record_change {
    int64_t id;
    int (*change)(struct cat_job *record, void *arg, struct err *err);
    void *arg;
};

static int apply_change(struct jobs *jobs, struct kv_txn *txn, void *arg, struct err *err)
{
    const struct record_change *rc = arg;
    struct arena a;
    struct cat_job record;
    bool found;
    arena_init(&a, NULL);
    int code = cat_job_get(jobs->catalog, txn, &a, rc->id, &record, &found, err);
    if (code == 0 && !found)
        code = no_such_job(rc->id, err);
    if (code == 0)
        code = rc->change(&record, rc->arg, err);
    record.modified_micros = now_micros();
    if (code == 0)
        code = cat_job_put(jobs->catalog, txn, &record, err);
    arena_release(&a);
    return code;
}

static int change_record(struct jobs *jobs, int64_t id,
                         int (*change)(struct cat_job *record, void *arg, struct err *err), void *arg, struct err *err)
{
    struct record_change rc = {id, change, arg};
    return in_txn(jobs, apply_change, &rc, err);
}

// ---- for runners

int64_t job_id(const struct job *job)
{
    return job->id;
}

void *job_arg(const struct job *job)
{
    return job->jobs->arg;
}

struct kv *job_kv(const struct job *job)
{
    return job->jobs->kv;
}

struct catalog *job_catalog(const struct job *job)
{
    return job->jobs->catalog;
}

struct str job_payload(const struct job *job)
{
    return job->payload;
}

struct str job_owner(const struct job *job)
{
    return job->owner;
}

struct str job_progress(const struct job *job)
{
    return job->progress;
}

static enum job_request request_of(const struct job *job)
{
    return (enum job_request)atomic_load_explicit(&job->request, memory_order_relaxed);
}

int job_check(struct job *job, struct err *err)
{
    switch (request_of(job)) {
    case REQUEST_NONE:
        break;
    case REQUEST_STOP:
        return err_set(err, ERR_ADMIN_SHUTDOWN, "the server is shutting down");
    case REQUEST_PAUSE:
        return err_set(err, ERR_QUERY_CANCELED, "job paused");
    case REQUEST_CANCEL:
        return err_set(err, ERR_QUERY_CANCELED, "job canceled by user");
    }
    return 0;
}

static int pausepoints(struct job *job, struct arena *a, struct str *out, struct err *err)
{
    struct kv_txn *txn;
    struct cat_view *view;
    struct str text;
    enum kv_result r = kv_begin(job->jobs->kv, &(struct kv_begin_options){.read_only = true}, &txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = cat_view_open(job->jobs->catalog, txn, &view, err);
    if (rc == 0) {
        rc = cat_setting_get(view, STR("jobs.debug.pausepoints"), &text, err);
        *out = rc == 0 ? arena_str(a, text) : STR_EMPTY;
        cat_view_close(view);
    }
    kv_abort(txn);
    return rc;
}

int job_pausepoint(struct job *job, const char *name, struct err *err)
{
    struct arena a;
    struct str list;
    arena_init(&a, NULL);
    int rc = pausepoints(job, &a, &list, err);
    while (rc == 0 && list.len > 0) {
        ptrdiff_t comma = str_find(list, STR(","), 0);
        size_t end = comma < 0 ? list.len : (size_t)comma;
        if (str_eqc(str_trim(str_slice(list, 0, end)), name)) {
            atomic_store_explicit(&job->request, REQUEST_PAUSE, memory_order_relaxed);
            rc = err_set(err, ERR_QUERY_CANCELED, "pause point \"%s\" hit", name);
        }
        list = str_slice(list, MIN(end + 1, list.len), list.len);
    }
    arena_release(&a);
    return rc;
}

static int set_progress(struct cat_job *record, void *arg, struct err *err)
{
    const struct job *job = arg;
    record->progress = job->progress;
    record->fraction = job->fraction;
    return 0;
}

int job_update(struct job *job, double fraction, struct str progress, struct err *err)
{
    job->progress = arena_str(&job->arena, progress);
    job->fraction = fraction;
    TRY(job_check(job, err));
    return change_record(job->jobs, job->id, set_progress, job, err);
}

struct job_mark job_mark(const struct job *job)
{
    return (struct job_mark){job->progress, job->fraction, job->finished};
}

void job_reset(struct job *job, struct job_mark mark)
{
    job->progress = mark.progress;
    job->fraction = mark.fraction;
    job->finished = mark.finished;
}

int job_update_in(struct job *job, struct kv_txn *txn, double fraction, struct str progress, struct err *err)
{
    struct record_change rc = {job->id, set_progress, job};
    job->progress = arena_str(&job->arena, progress);
    job->fraction = fraction;
    return apply_change(job->jobs, txn, &rc, err);
}

// Tells the thread of a job what its record asks for.
static void request(struct job *job, enum cat_job_status status)
{
    if (status == CAT_JOB_PAUSE_REQUESTED)
        atomic_store_explicit(&job->request, REQUEST_PAUSE, memory_order_relaxed);
    if (status == CAT_JOB_CANCEL_REQUESTED)
        atomic_store_explicit(&job->request, REQUEST_CANCEL, memory_order_relaxed);
}

static int set_finished(struct cat_job *record, void *arg, struct err *err)
{
    request(arg, record->status); // who asks writes the record first: nothing is published any more
    TRY(job_check(arg, err));
    TRY(set_progress(record, arg, err));
    record->status = CAT_JOB_SUCCEEDED;
    record->fraction = 1;
    record->finished_micros = now_micros();
    return 0;
}

int job_finish_in(struct job *job, struct kv_txn *txn, struct str progress, struct err *err)
{
    struct record_change rc = {job->id, set_finished, job};
    struct job_mark before = job_mark(job);
    job->progress = arena_str(&job->arena, progress);
    job->finished = true;
    int code = apply_change(job->jobs, txn, &rc, err);
    if (code != 0)
        job_reset(job, before);
    return code;
}

// ---- the life of a run

struct beginning {
    struct job *job;
    enum cat_job_status status; // found, as far as it says what is to be done
};

static int set_running(struct cat_job *record, void *arg, struct err *err)
{
    struct beginning *b = arg;
    struct job *job = b->job;
    b->status = record->status;
    if (cat_job_ended(record->status))
        return 0;
    record->runs++;
    record->last_run_micros = now_micros();
    if (record->status == CAT_JOB_PENDING)
        record->status = CAT_JOB_RUNNING;
    if (record->status == CAT_JOB_CANCEL_REQUESTED)
        record->status = CAT_JOB_REVERTING;
    if (record->status == CAT_JOB_PAUSE_REQUESTED)
        record->status = CAT_JOB_PAUSED;
    job->payload = arena_str(&job->arena, record->payload);
    job->progress = arena_str(&job->arena, record->progress);
    job->owner = arena_str(&job->arena, record->owner);
    b->status = record->status;
    return 0;
}

struct ending {
    struct job *job;
    enum cat_job_status status;
    const char *error; // NULL: stays
};

static int set_ending(struct cat_job *record, void *arg, struct err *err)
{
    const struct ending *e = arg;
    record->status = e->status;
    record->progress = e->job->progress;
    if (e->error != NULL)
        record->error = str_of(e->error);
    if (cat_job_ended(e->status))
        record->finished_micros = now_micros();
    if (e->status == CAT_JOB_SUCCEEDED)
        record->fraction = 1;
    return 0;
}

static int write_ending(struct job *job, enum cat_job_status status, const char *error)
{
    struct err failed = ERR_INIT;
    struct ending e = {job, status, error};
    int rc = change_record(job->jobs, job->id, set_ending, &e, &failed);
    if (rc != 0)
        log_warning("job %lld: its record could not be written: %s", (long long)job->id, failed.message);
    err_reset(&failed);
    return rc;
}

static int revert(struct job *job)
{
    struct err failed = ERR_INIT;
    if (job->type->revert == NULL)
        return 0;
    int rc = job->type->revert(job, &failed);
    if (rc != 0)
        log_warning("job %lld: what it left could not be removed and will be at the next start: %s", (long long)job->id,
                    failed.message);
    err_reset(&failed);
    return rc;
}

// The work failed or was canceled: undo it, then say so. `error` is in the record already when only undoing is left.
static void end_badly(struct job *job, const char *error, bool canceled)
{
    if (error != NULL && write_ending(job, CAT_JOB_REVERTING, error) != 0)
        return;
    if (revert(job) == 0)
        write_ending(job, canceled ? CAT_JOB_CANCELED : CAT_JOB_FAILED, NULL);
}

static bool is_cancel_text(const char *text)
{
    return text == NULL || strcmp(text, "job canceled by user") == 0;
}

static void work(struct job *job, enum cat_job_status status)
{
    struct err *err = &job->err;
    if (status == CAT_JOB_PAUSED || cat_job_ended(status))
        return;
    if (status == CAT_JOB_REVERTING) {
        job->rc = err_set(err, ERR_QUERY_CANCELED, "job canceled by user");
        end_badly(job, NULL, true);
        return;
    }
    job->rc = job->type->run(job, err);
    enum job_request request = request_of(job);
    if (job->rc == 0) {
        if (!job->finished)
            write_ending(job, CAT_JOB_SUCCEEDED, NULL);
    } else if (request == REQUEST_STOP) {
        return;
    } else if (request == REQUEST_PAUSE) {
        write_ending(job, CAT_JOB_PAUSED, NULL);
    } else {
        bool canceled = request == REQUEST_CANCEL || is_cancel_text(err->message);
        end_badly(job, err->message != NULL ? err->message : "failed", canceled);
    }
}

static void *run_job(void *arg)
{
    struct job *job = arg;
    struct jobs *jobs = job->jobs;
    struct beginning b = {.job = job};
    job->rc = change_record(jobs, job->id, set_running, &b, &job->err);
    if (job->rc == 0)
        work(job, b.status);
    pthread_mutex_lock(&jobs->mutex);
    job->ended = true;
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->mutex);
    return NULL;
}

// ---- the registry

static void unref_locked(struct job *job)
{
    if (--job->refs > 0)
        return;
    err_reset(&job->err);
    arena_release(&job->arena);
    mem_free(job);
}

void job_unref(struct job *job)
{
    struct jobs *jobs = job->jobs;
    pthread_mutex_lock(&jobs->mutex);
    unref_locked(job);
    pthread_mutex_unlock(&jobs->mutex);
}

bool jobs_running(struct jobs *jobs)
{
    bool running = false;
    pthread_mutex_lock(&jobs->mutex);
    for (const struct job *j = jobs->list; j != NULL; j = j->next)
        running = running || !j->ended;
    pthread_mutex_unlock(&jobs->mutex);
    return running;
}

// Joins threads that have ended. The mutex is held at both ends.
static void reap_locked(struct jobs *jobs)
{
    for (struct job **at = &jobs->list; *at != NULL;) {
        struct job *job = *at;
        if (!job->ended) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        pthread_join(job->thread, NULL); // it has nothing left to do but return
        unref_locked(job);
    }
}

static struct job *find_locked(struct jobs *jobs, int64_t id)
{
    struct job *job = jobs->list;
    while (job != NULL && job->id != id)
        job = job->next;
    return job;
}

static const struct job_type *type_of(const struct jobs *jobs, struct str name)
{
    for (const struct job_type *t = jobs->types; t->name != NULL; t++) {
        if (str_eqc(name, t->name))
            return t;
    }
    return NULL;
}

static struct job *launch_locked(struct jobs *jobs, const struct job_type *type, int64_t id)
{
    struct job *job = mem_zalloc(sizeof(*job));
    *job = (struct job){.jobs = jobs, .refs = 1, .id = id, .type = type};
    arena_init(&job->arena, NULL);
    if (pthread_create(&job->thread, NULL, run_job, job) != 0) {
        log_warning("job %lld: no thread could be started", (long long)id);
        unref_locked(job);
        return NULL;
    }
    job->next = jobs->list;
    jobs->list = job;
    return job;
}

// What a record asks of its job, running or not.
static void adopt_record_locked(struct jobs *jobs, const struct cat_job *record)
{
    struct job *job = find_locked(jobs, record->id);
    const struct job_type *type = type_of(jobs, record->type);
    while (job != NULL && record->status == CAT_JOB_RUNNING && request_of(job) == REQUEST_PAUSE) {
        if (!job->ended) // it has paused, was resumed, and its thread is not gone yet
            pthread_cond_wait(&jobs->changed, &jobs->mutex);
        reap_locked(jobs);
        job = find_locked(jobs, record->id);
    }
    if (job != NULL) {
        request(job, record->status);
        return;
    }
    if (type != NULL && record->status != CAT_JOB_PAUSED && !cat_job_ended(record->status))
        (void)launch_locked(jobs, type, record->id);
}

struct listing {
    struct arena arena;
    struct cat_job *records;
    size_t n;
};

static int list_records(struct jobs *jobs, struct listing *out, struct err *err)
{
    struct kv_txn *txn;
    enum kv_result r = kv_begin(jobs->kv, &(struct kv_begin_options){.read_only = true}, &txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = cat_job_list(jobs->catalog, txn, &out->arena, &out->records, &out->n, err);
    kv_abort(txn);
    return rc;
}

static int delete_record(struct jobs *jobs, struct kv_txn *txn, void *arg, struct err *err)
{
    return cat_job_delete(jobs->catalog, txn, *(const int64_t *)arg, err);
}

// Removes records of jobs that ended long ago.
static void forget_old(struct jobs *jobs, const struct listing *l)
{
    int64_t before = now_micros() - kept_micros;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < l->n; i++) {
        const struct cat_job *record = &l->records[i];
        if (cat_job_ended(record->status) && record->finished_micros < before &&
            in_txn(jobs, delete_record, (void *)&record->id, &err) != 0)
            log_warning("the record of job %lld could not be removed: %s", (long long)record->id, err.message);
    }
    err_reset(&err);
}

void jobs_adopt(struct jobs *jobs)
{
    struct listing l = {0};
    struct err err = ERR_INIT;
    arena_init(&l.arena, NULL);
    if (list_records(jobs, &l, &err) != 0)
        log_warning("jobs could not be listed: %s", err.message);
    err_reset(&err);
    pthread_mutex_lock(&jobs->mutex);
    reap_locked(jobs);
    for (size_t i = 0; i < l.n && !jobs->closing; i++)
        adopt_record_locked(jobs, &l.records[i]);
    pthread_mutex_unlock(&jobs->mutex);
    forget_old(jobs, &l);
    arena_release(&l.arena);
}

struct jobs *jobs_new(struct kv *kv, struct catalog *catalog, const struct job_type *types, void *arg)
{
    struct jobs *jobs = mem_zalloc(sizeof(*jobs));
    pthread_condattr_t monotonic;
    *jobs = (struct jobs){.kv = kv, .catalog = catalog, .types = types, .arg = arg};
    pthread_mutex_init(&jobs->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    jobs->closing = true;
    for (struct job *job = jobs->list; job != NULL; job = job->next)
        atomic_store_explicit(&job->request, REQUEST_STOP, memory_order_relaxed);
    for (reap_locked(jobs); jobs->list != NULL; reap_locked(jobs))
        pthread_cond_wait(&jobs->changed, &jobs->mutex);
    pthread_mutex_unlock(&jobs->mutex);
    pthread_cond_destroy(&jobs->changed);
    pthread_mutex_destroy(&jobs->mutex);
    mem_free(jobs);
}

// ---- creating and controlling

int jobs_create(struct jobs *jobs, struct kv_txn *txn, const char *type, struct str owner, struct str description,
                struct str payload, int64_t *id, struct err *err)
{
    struct cat_job record = {.id = cat_unique_rowid(),
                             .status = CAT_JOB_PENDING,
                             .type = str_of(type),
                             .owner = owner,
                             .description = description,
                             .payload = payload,
                             .created_micros = now_micros(),
                             .modified_micros = now_micros()};
    *id = record.id;
    return cat_job_put(jobs->catalog, txn, &record, err);
}

struct creation {
    const char *type;
    struct str owner, description, payload;
    int64_t id;
};

static int create(struct jobs *jobs, struct kv_txn *txn, void *arg, struct err *err)
{
    struct creation *c = arg;
    return jobs_create(jobs, txn, c->type, c->owner, c->description, c->payload, &c->id, err);
}

int jobs_start(struct jobs *jobs, const char *type, struct str owner, struct str description, struct str payload,
               struct job **out, struct err *err)
{
    struct creation c = {type, owner, description, payload, 0};
    TRY(in_txn(jobs, create, &c, err));
    pthread_mutex_lock(&jobs->mutex);
    reap_locked(jobs);
    struct job *job = find_locked(jobs, c.id); // adopted by somebody else already?
    if (job == NULL && !jobs->closing)
        job = launch_locked(jobs, type_of(jobs, str_of(type)), c.id);
    if (job != NULL)
        job->refs++;
    pthread_mutex_unlock(&jobs->mutex);
    *out = job;
    return job != NULL ? 0 : err_set(err, ERR_ADMIN_SHUTDOWN, "the job could not be started");
}

// Returns the waiter's interruption, not the job's error.
static int wait_for_end(struct job *job, int (*interrupted)(void *arg, struct err *err), void *arg, struct err *err)
{
    struct jobs *jobs = job->jobs;
    int rc = 0;
    block_enter();
    pthread_mutex_lock(&jobs->mutex);
    while (!job->ended && rc == 0) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WAIT_POLL_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&jobs->changed, &jobs->mutex, &until);
        rc = job->ended ? 0 : interrupted(arg, err);
    }
    pthread_mutex_unlock(&jobs->mutex);
    block_leave();
    return rc;
}

int job_wait(struct job *job, int (*interrupted)(void *arg, struct err *err), void *arg, struct err *err)
{
    TRY(wait_for_end(job, interrupted, arg, err));
    if (job->rc == 0)
        return 0;
    err_set(err, job->rc, "%s", job->err.message != NULL ? job->err.message : "the job failed");
    if (job->err.detail != NULL)
        err_detail(err, "%s", job->err.detail);
    return job->err.hint != NULL ? err_hint(err, "%s", job->err.hint) : job->rc;
}

int jobs_await(struct jobs *jobs, int64_t id, int (*interrupted)(void *arg, struct err *err), void *arg,
               struct err *err)
{
    pthread_mutex_lock(&jobs->mutex);
    struct job *job = find_locked(jobs, id);
    if (job != NULL)
        job->refs++;
    pthread_mutex_unlock(&jobs->mutex);
    if (job == NULL)
        return 0;
    int rc = wait_for_end(job, interrupted, arg, err);
    job_unref(job);
    return rc;
}

static int not_possible(const struct cat_job *record, const char *what, struct err *err)
{
    return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "job %lld: cannot %s a job with status %s",
                   (long long)record->id, what, cat_job_status_name(record->status));
}

struct control {
    struct jobs *jobs;
    enum job_action action;
};

static int control(struct cat_job *record, void *arg, struct err *err)
{
    const struct control *c = arg;
    enum cat_job_status now = record->status;
    const struct job_type *type = type_of(c->jobs, record->type);
    switch (c->action) {
    case JOB_PAUSE:
        if (now == CAT_JOB_PAUSED || now == CAT_JOB_PAUSE_REQUESTED)
            return 0;
        if (now != CAT_JOB_PENDING && now != CAT_JOB_RUNNING)
            return not_possible(record, "pause", err);
        record->status = CAT_JOB_PAUSE_REQUESTED;
        return 0;
    case JOB_RESUME:
        if (now == CAT_JOB_RUNNING || now == CAT_JOB_PENDING)
            return 0;
        if (now != CAT_JOB_PAUSED)
            return not_possible(record, "resume", err);
        record->status = CAT_JOB_RUNNING;
        return 0;
    case JOB_CANCEL:
        if (now == CAT_JOB_CANCELED || now == CAT_JOB_CANCEL_REQUESTED)
            return 0;
        if (type != NULL && type->no_cancel)
            return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "job %lld: not cancelable",
                           (long long)record->id);
        if (cat_job_ended(now) || now == CAT_JOB_REVERTING)
            return not_possible(record, "cancel", err);
        record->status = CAT_JOB_CANCEL_REQUESTED;
        return 0;
    }
    return 0;
}

int jobs_control(struct jobs *jobs, struct kv_txn *txn, int64_t id, enum job_action action, struct err *err)
{
    struct control c = {jobs, action};
    struct record_change rc = {id, control, &c};
    return apply_change(jobs, txn, &rc, err);
}
