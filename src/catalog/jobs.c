// Job records: rows of system.jobs. What only the job itself understands is in its payload (written once) and in its
// progress, which begins with when it was written and how much is done.

#include "base/util.h"
#include "catalog/catalog_int.h"
#include "catalog/jobs.h"

enum {
    JOB_ID,
    JOB_STATUS,
    JOB_CREATED,
    JOB_PAYLOAD,
    JOB_PROGRESS,
    JOB_CREATOR,
    JOB_CREATOR_ID,
    JOB_RUNS = 9,
    JOB_LAST_RUN,
    JOB_TYPE,
    JOB_OWNER,
    JOB_DESCRIPTION,
    JOB_ERROR,
    JOB_FINISHED,
    JOB_COLUMNS,
    PROGRESS_HEADER_BYTES = 16, // micros, double
};

static const char *const status_names[] = {
    [CAT_JOB_PENDING] = "pending",
    [CAT_JOB_RUNNING] = "running",
    [CAT_JOB_PAUSE_REQUESTED] = "pause-requested",
    [CAT_JOB_PAUSED] = "paused",
    [CAT_JOB_CANCEL_REQUESTED] = "cancel-requested",
    [CAT_JOB_REVERTING] = "reverting",
    [CAT_JOB_SUCCEEDED] = "succeeded",
    [CAT_JOB_CANCELED] = "canceled",
    [CAT_JOB_FAILED] = "failed",
};

const char *cat_job_status_name(enum cat_job_status status)
{
    return status_names[status];
}

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

int cat_job_put(struct catalog *c, struct kv_txn *txn, const struct cat_job *job, struct err *err)
{
    struct datum row[JOB_COLUMNS];
    struct buf progress = BUF_INIT;
    for (size_t i = 0; i < ARRAY_LEN(row); i++)
        row[i] = DATUM_NULL;
    buf_append(&progress, &job->modified_micros, sizeof(job->modified_micros));
    buf_append(&progress, &job->fraction, sizeof(job->fraction));
    buf_str(&progress, job->progress);
    row[JOB_ID] = datum_int(job->id);
    row[JOB_STATUS] = datum_str(str_of(status_names[job->status]));
    row[JOB_CREATED] = datum_int(job->created_micros);
    row[JOB_PAYLOAD] = datum_str(job->payload);
    row[JOB_PROGRESS] = datum_str(buf_view(&progress));
    if (job->schedule_id != 0) {
        row[JOB_CREATOR] = datum_str(STR("crdb_schedule"));
        row[JOB_CREATOR_ID] = datum_int(job->schedule_id);
    }
    row[JOB_RUNS] = datum_int(job->runs);
    row[JOB_LAST_RUN] = time_or_null(job->last_run_micros);
    row[JOB_TYPE] = datum_str(job->type);
    row[JOB_OWNER] = datum_str(job->owner);
    row[JOB_DESCRIPTION] = datum_str(job->description);
    row[JOB_ERROR] = job->error.len > 0 ? datum_str(job->error) : DATUM_NULL;
    row[JOB_FINISHED] = time_or_null(job->finished_micros);
    int rc = system_put(c, txn, SYSTEM_JOBS, row, err);
    buf_release(&progress);
    return rc;
}

static struct str text_of(struct arena *a, struct datum d)
{
    return d.null ? STR_EMPTY : arena_str(a, d.s);
}

static void job_of_row(struct arena *a, const struct datum *row, struct cat_job *out)
{
    *out = (struct cat_job){.id = row[JOB_ID].i,
                            .status = CAT_JOB_FAILED,
                            .created_micros = row[JOB_CREATED].i,
                            .payload = text_of(a, row[JOB_PAYLOAD]),
                            .progress = text_of(a, row[JOB_PROGRESS]),
                            .schedule_id = row[JOB_CREATOR_ID].null ? 0 : row[JOB_CREATOR_ID].i,
                            .runs = row[JOB_RUNS].null ? 0 : row[JOB_RUNS].i,
                            .last_run_micros = row[JOB_LAST_RUN].null ? 0 : row[JOB_LAST_RUN].i,
                            .type = text_of(a, row[JOB_TYPE]),
                            .owner = text_of(a, row[JOB_OWNER]),
                            .description = text_of(a, row[JOB_DESCRIPTION]),
                            .error = text_of(a, row[JOB_ERROR]),
                            .finished_micros = row[JOB_FINISHED].null ? 0 : row[JOB_FINISHED].i};
    for (size_t i = 0; i < ARRAY_LEN(status_names); i++) {
        if (str_eqc(row[JOB_STATUS].s, status_names[i]))
            out->status = (enum cat_job_status)i;
    }
    out->modified_micros = out->created_micros;
    if (out->progress.len < PROGRESS_HEADER_BYTES)
        return;
    memcpy(&out->modified_micros, out->progress.ptr, sizeof(out->modified_micros));
    memcpy(&out->fraction, out->progress.ptr + 8, sizeof(out->fraction));
    out->progress = str_slice(out->progress, PROGRESS_HEADER_BYTES, out->progress.len);
}

int cat_job_get(struct catalog *c, struct kv_txn *txn, struct arena *a, int64_t id, struct cat_job *out, bool *found,
                struct err *err)
{
    struct datum key = datum_int(id), row[SYSTEM_COLUMNS_MAX];
    TRY(system_get(c, txn, a, SYSTEM_JOBS, 0, &key, row, found, err));
    if (*found)
        job_of_row(a, row, out);
    return 0;
}

int cat_job_list(struct catalog *c, struct kv_txn *txn, struct arena *a, struct cat_job **out, size_t *n,
                 struct err *err)
{
    struct system_scan scan;
    struct datum row[SYSTEM_COLUMNS_MAX];
    ARENA_VEC(struct cat_job) jobs = {0};
    bool found = true;
    int rc = system_scan_open(c, txn, a, SYSTEM_JOBS, NULL, 0, &scan, err);
    while (rc == 0 && found) {
        struct cat_job job;
        rc = system_scan_next(&scan, row, &found, err);
        if (rc == 0 && found) {
            job_of_row(a, row, &job);
            ARENA_PUSH(a, &jobs, job);
        }
    }
    system_scan_close(&scan);
    *out = jobs.ptr;
    *n = jobs.len;
    return rc;
}

int cat_job_delete(struct catalog *c, struct kv_txn *txn, int64_t id, struct err *err)
{
    struct datum key = datum_int(id);
    return system_delete(c, txn, SYSTEM_JOBS, &key, err);
}
