// Jobs: crdb_internal.jobs for who may see them, and as system has them for administrators.
#include "catalog/jobs.h"
#include "sql/virtual/virtual_int.h"

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

static int list_jobs(struct exec_context *x, struct cat_job **jobs, size_t *n, struct err *err)
{
    return cat_job_list(cat_view_catalog(x->view), x->txn, x->eval.arena, jobs, n, err);
}

GENERATOR(crdb_jobs_rows)
{
    struct cat_job *jobs;
    size_t n;
    bool all;
    TRY(cat_job_list(cat_view_catalog(x->view), x->txn, x->eval.arena, &jobs, &n, err));
    TRY(cat_has_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWJOB | CAT_SYSTEM_CONTROLJOB, &all, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_job *job = &jobs[i];
        if (!all && !str_eq(job->owner, x->eval.user))
            continue;
        ROW(crdb_jobs);
        row[crdb_jobs_job_id] = datum_int(job->id);
        row[crdb_jobs_job_type] = datum_str(job->type);
        row[crdb_jobs_description] = datum_str(job->description);
        row[crdb_jobs_statement] = datum_str(STR_EMPTY);
        row[crdb_jobs_user_name] = datum_str(job->owner);
        row[crdb_jobs_status] = datum_c(cat_job_status_name(job->status));
        row[crdb_jobs_created] = datum_int(job->created_micros);
        row[crdb_jobs_finished] = time_or_null(job->finished_micros);
        row[crdb_jobs_modified] = time_or_null(job->modified_micros);
        row[crdb_jobs_fraction_completed] = datum_float(job->fraction);
        row[crdb_jobs_error] = datum_str(job->error);
        if (job->status == CAT_JOB_RUNNING || job->status == CAT_JOB_REVERTING)
            row[crdb_jobs_coordinator_id] = datum_int(1);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(crdb_system_jobs_rows)
{
    struct cat_job *jobs;
    size_t n;
    TRY(cat_check_system_privilege(x->view, x->eval.user, CAT_SYSTEM_VIEWJOB, err));
    TRY(list_jobs(x, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(crdb_system_jobs);
        row[crdb_system_jobs_id] = datum_int(jobs[i].id);
        row[crdb_system_jobs_status] = datum_c(cat_job_status_name(jobs[i].status));
        row[crdb_system_jobs_created] = datum_int(jobs[i].created_micros);
        row[crdb_system_jobs_payload] = datum_str(jobs[i].payload);
        row[crdb_system_jobs_progress] = datum_str(jobs[i].progress);
        row[crdb_system_jobs_num_runs] = datum_int(jobs[i].runs);
        row[crdb_system_jobs_last_run] = time_or_null(jobs[i].last_run_micros);
        row[crdb_system_jobs_job_type] = datum_str(jobs[i].type);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

// ---- system

static int64_t written(const struct cat_job *job)
{
    return job->finished_micros != 0 ? job->finished_micros : MAX(job->created_micros, job->modified_micros);
}

GENERATOR(system_job_status_rows)
{
    struct cat_job *jobs;
    size_t n;
    TRY(list_jobs(x, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(system_job_status);
        row[system_job_status_job_id] = datum_int(jobs[i].id);
        row[system_job_status_written] = datum_int(written(&jobs[i]));
        row[system_job_status_status] = datum_c(cat_job_status_name(jobs[i].status));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(system_job_progress_rows)
{
    struct cat_job *jobs;
    size_t n;
    TRY(list_jobs(x, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        ROW(system_job_progress);
        row[system_job_progress_job_id] = datum_int(jobs[i].id);
        row[system_job_progress_written] = datum_int(written(&jobs[i]));
        row[system_job_progress_fraction] = datum_float(jobs[i].fraction);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(system_job_message_rows)
{
    struct cat_job *jobs;
    size_t n;
    TRY(list_jobs(x, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].error.len == 0)
            continue;
        ROW(system_job_message);
        row[system_job_message_job_id] = datum_int(jobs[i].id);
        row[system_job_message_written] = datum_int(written(&jobs[i]));
        row[system_job_message_kind] = datum_c("error");
        row[system_job_message_message] = datum_str(jobs[i].error);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
