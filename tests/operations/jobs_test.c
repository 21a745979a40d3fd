// The registry of jobs with runners of the test: steps that are counted, a gate at each, errors at will.
#include "jobs/jobs.h"
#include "jobs/payload.h"
#include "kv/kv.h"
#include "unit/check.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static struct kv *kv;
static struct catalog *catalog;
static struct jobs *jobs;
static struct err err;

// What the runner of the test does: `steps` steps, waiting before each until `allowed` is greater.
static _Atomic int allowed, done, reverted, runs;
static int fail_at;

#define OK(call)                                                        \
    do {                                                                \
        if ((call) != 0) {                                              \
            CHECK(!"call succeeds: " #call);                            \
            printf("    %s\n", err.message != NULL ? err.message : ""); \
            err_reset(&err);                                            \
        }                                                               \
    } while (0)

static int steps_run(struct job *job, struct err *e)
{
    struct str payload = job_payload(job), progress = job_progress(job);
    uint64_t steps = payload_get_u64(&payload), step = payload_get_u64(&progress);
    atomic_fetch_add(&runs, 1);
    for (; step < steps; step++) {
        while (atomic_load(&allowed) <= (int)step) {
            TRY(job_check(job, e));
            usleep(200);
        }
        if (fail_at == (int)step + 1)
            return err_set(e, ERR_DATA_CORRUPTED, "step %d failed", fail_at);
        struct buf b = BUF_INIT;
        payload_put_u64(&b, step + 1);
        int rc = job_update(job, (double)(step + 1) / (double)steps, buf_view(&b), e);
        buf_release(&b);
        TRY(rc);
        atomic_store(&done, (int)step + 1);
    }
    return 0;
}

static int steps_revert(struct job *job, struct err *e)
{
    atomic_fetch_add(&reverted, 1);
    return 0;
}

// Publishes a key together with its end.
static int publish_run(struct job *job, struct err *e)
{
    struct kv_txn *txn;
    uint64_t version;
    while (atomic_load(&allowed) == 0)
        usleep(200);
    CHECK_INT(kv_begin(job_kv(job), &(struct kv_begin_options){0}, &txn), KV_OK);
    CHECK_INT(kv_put(txn, STR("published"), STR("1")), KV_OK);
    int rc = job_finish_in(job, txn, STR_EMPTY, e);
    if (rc != 0)
        kv_abort(txn);
    else
        CHECK_INT(kv_commit(txn, &version), KV_OK);
    return rc;
}

static const struct job_type types[] = {
    {"STEPS", steps_run, steps_revert}, {"PUBLISH", publish_run, steps_revert}, {0}};

static void setup(void)
{
    bool fresh;
    allowed = done = reverted = runs = fail_at = 0;
    OK(kv_open("mem:", NULL, &kv, &err));
    OK(catalog_open(kv, 1, &catalog, &fresh, &err));
    jobs = jobs_new(kv, catalog, types, NULL);
}

static void teardown(void)
{
    jobs_free(jobs);
    catalog_close(catalog);
    kv_close(kv);
    err_reset(&err);
}

static struct job *start(const char *type, uint64_t steps)
{
    struct buf payload = BUF_INIT;
    struct job *job = NULL;
    payload_put_u64(&payload, steps);
    OK(jobs_start(jobs, type, STR("root"), STR("steps"), buf_view(&payload), &job, &err));
    buf_release(&payload);
    return job;
}

static int never(void *arg, struct err *e)
{
    return 0;
}

static struct arena arena;
static struct cat_job record_of(int64_t id)
{
    struct cat_job record = {0};
    struct kv_txn *txn;
    bool found;
    arena_reset(&arena);
    CHECK_INT(kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &txn), KV_OK);
    OK(cat_job_get(catalog, txn, &arena, id, &record, &found, &err));
    CHECK(found);
    kv_abort(txn);
    return record;
}

#define CHECK_STATUS(id, expected) CHECK_STR(str_of(cat_job_status_name(record_of(id).status)), expected)

// Writes what is asked of a job into its record, of which its thread learns by jobs_adopt.
static int ask(int64_t id, enum job_action action)
{
    struct kv_txn *txn;
    uint64_t version;
    CHECK_INT(kv_begin(kv, &(struct kv_begin_options){0}, &txn), KV_OK);
    int rc = jobs_control(jobs, txn, id, action, &err);
    if (rc == 0)
        CHECK_INT(kv_commit(txn, &version), KV_OK);
    else
        kv_abort(txn);
    return rc;
}

static int control(int64_t id, enum job_action action)
{
    int rc = ask(id, action);
    jobs_adopt(jobs);
    return rc;
}

static void await_step(int step)
{
    while (atomic_load(&done) < step)
        usleep(200);
}

static void test_success(void)
{
    setup();
    allowed = 3;
    struct job *job = start("STEPS", 3);
    OK(job_wait(job, never, NULL, &err));
    struct cat_job r = record_of(job_id(job));
    CHECK_STATUS(r.id, "succeeded");
    CHECK(r.fraction == 1 && r.finished_micros >= r.last_run_micros && r.runs == 1 && reverted == 0);
    CHECK_INT(control(r.id, JOB_PAUSE), ERR_OBJECT_NOT_IN_PREREQUISITE_STATE);
    CHECK_INT(control(r.id, JOB_CANCEL), ERR_OBJECT_NOT_IN_PREREQUISITE_STATE);
    CHECK_INT(control(7, JOB_CANCEL), ERR_UNDEFINED_OBJECT);
    job_unref(job);
    teardown();
}

static void test_failure(void)
{
    setup();
    allowed = 3;
    fail_at = 2;
    struct job *job = start("STEPS", 3);
    CHECK_INT(job_wait(job, never, NULL, &err), ERR_DATA_CORRUPTED);
    CHECK_STR(str_of(err.message), "step 2 failed");
    CHECK_STATUS(job_id(job), "failed");
    CHECK_STR(record_of(job_id(job)).error, "step 2 failed");
    CHECK_INT(reverted, 1);
    job_unref(job);
    teardown();
}

static void test_pause(void)
{
    setup();
    allowed = 1;
    struct job *job = start("STEPS", 3);
    int64_t id = job_id(job);
    await_step(1);
    CHECK_INT(control(id, JOB_PAUSE), 0);
    CHECK_INT(job_wait(job, never, NULL, &err), ERR_QUERY_CANCELED);
    job_unref(job);
    CHECK_STATUS(id, "paused");
    jobs_adopt(jobs);
    CHECK_INT(runs, 1);
    allowed = 3;
    CHECK_INT(control(id, JOB_RESUME), 0);
    OK(jobs_await(jobs, id, never, NULL, &err));
    CHECK_STATUS(id, "succeeded");
    CHECK_INT(runs, 2);
    CHECK_INT(done, 3);
    teardown();
}

static void test_cancel(void)
{
    setup();
    allowed = 1;
    struct job *job = start("STEPS", 3);
    int64_t id = job_id(job);
    await_step(1);
    CHECK_INT(control(id, JOB_CANCEL), 0);
    CHECK_INT(job_wait(job, never, NULL, &err), ERR_QUERY_CANCELED);
    job_unref(job);
    CHECK_STATUS(id, "canceled");
    CHECK_STR(record_of(id).error, "job canceled by user");
    CHECK_INT(reverted, 1);
    CHECK_INT(control(id, JOB_RESUME), ERR_OBJECT_NOT_IN_PREREQUISITE_STATE);
    teardown();
}

// A process that ends leaves its jobs as they are; the next one goes on after the last step stored.
static void test_restart(void)
{
    setup();
    allowed = 2;
    struct job *job = start("STEPS", 4);
    int64_t id = job_id(job);
    await_step(2);
    job_unref(job);
    jobs_free(jobs);
    CHECK_STATUS(id, "running");
    CHECK(record_of(id).fraction == 0.5);
    done = 0;
    allowed = 4;
    jobs = jobs_new(kv, catalog, types, NULL);
    jobs_adopt(jobs);
    OK(jobs_await(jobs, id, never, NULL, &err));
    CHECK_STATUS(id, "succeeded");
    CHECK_INT(record_of(id).runs, 2);
    CHECK_INT(reverted, 0);
    teardown();
}

// Canceled while no process runs: the next one reverts it.
static void test_cancel_between(void)
{
    setup();
    struct job *job = start("STEPS", 1);
    int64_t id = job_id(job);
    while (runs == 0)
        usleep(200);
    job_unref(job);
    jobs_free(jobs);
    jobs = jobs_new(kv, catalog, types, NULL);
    CHECK_INT(control(id, JOB_CANCEL), 0);
    OK(jobs_await(jobs, id, never, NULL, &err));
    CHECK_STATUS(id, "canceled");
    CHECK_INT(reverted, 1);
    CHECK_INT(runs, 1);
    teardown();
}

static bool published(void)
{
    struct kv_txn *txn;
    struct kv_value v;
    CHECK_INT(kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &txn), KV_OK);
    CHECK_INT(kv_get(txn, STR("published"), KV_READ_SNAPSHOT, &v), KV_OK);
    kv_abort(txn);
    return v.found;
}

static struct job *start_publishing(void)
{
    setup();
    struct job *job = start("PUBLISH", 0);
    while (record_of(job_id(job)).status != CAT_JOB_RUNNING)
        usleep(200);
    return job;
}

static void test_publish(void)
{
    struct job *job = start_publishing();
    allowed = 1;
    OK(job_wait(job, never, NULL, &err));
    CHECK_STATUS(job_id(job), "succeeded");
    CHECK(published());
    job_unref(job);
    teardown();
}

// What a job publishes and that it has succeeded are one commit: canceled or paused before it, nothing is published,
// also when its thread has not heard of it yet.
static void test_stopped_before_publishing(void)
{
    int (*const askers[])(int64_t id, enum job_action action) = {control, ask};
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        for (enum job_action action = JOB_PAUSE; action <= JOB_CANCEL; action++) {
            if (action == JOB_RESUME)
                continue;
            struct job *job = start_publishing();
            CHECK_INT(askers[i](job_id(job), action), 0);
            allowed = 1;
            CHECK_INT(job_wait(job, never, NULL, &err), ERR_QUERY_CANCELED);
            CHECK_STATUS(job_id(job), action == JOB_PAUSE ? "paused" : "canceled");
            CHECK_INT(reverted, action == JOB_CANCEL);
            CHECK(!published());
            job_unref(job);
            teardown();
        }
    }
    arena_release(&arena);
}

CHECK_MAIN({"success", test_success}, {"failure", test_failure}, {"pause", test_pause}, {"cancel", test_cancel},
           {"restart", test_restart}, {"cancel_between", test_cancel_between}, {"publish", test_publish},
           {"stopped_before_publishing", test_stopped_before_publishing}, )
