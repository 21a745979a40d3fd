// Jobs as SQL sees them: what can run, PAUSE, RESUME and CANCEL JOB, SHOW JOBS. Running them: src/jobs.
#include "backup/backup.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"

const struct job_type session_job_types[] = {
    {"INSPECT", inspect_run, NULL},
    {"BACKUP", backup_run, backup_revert},
    {"RESTORE", session_restore_run, restore_revert},
    {"NEW SCHEMA CHANGE", online_run, online_revert},
    {CAT_GARBAGE_JOB, garbage_run, NULL, .no_cancel = true},
    {AUTO_STATISTICS_TYPE, auto_statistics_run, NULL},
    {TTL_JOB_TYPE, ttl_run, NULL},
    {0},
};

// ---- lists of job ids, given by queries

int job_ids_of_query(struct session *s, struct arena *a, const struct ast *query, struct job_ids *out, struct err *err)
{
    struct query_values values;
    *out = (struct job_ids){0};
    TRY(query_values(s, a, query, &values, err));
    if (values.type.family != TYPE_INT)
        return err_set(err, ERR_DATATYPE_MISMATCH, "job IDs must be of type int");
    for (size_t i = 0; i < values.items.len; i++)
        ARENA_PUSH(a, &out->ids, values.items.ptr[i].i);
    return 0;
}

// ---- control

static const struct {
    enum job_action action;
    const char *word;
} actions[] = {
    [AST_CONTROL_PAUSE] = {JOB_PAUSE, "PAUSE"},
    [AST_CONTROL_RESUME] = {JOB_RESUME, "RESUME"},
    [AST_CONTROL_CANCEL] = {JOB_CANCEL, "CANCEL"},
};

static bool of_type(const struct cat_job *job, struct str plural)
{
    return job->type.len + 1 >= plural.len && strncasecmp(job->type.ptr, plural.ptr, job->type.len) == 0;
}

// ALL <type> JOBS: those that have not ended.
static int all_of_type(struct session *s, struct arena *a, struct str type, struct job_ids *out, struct err *err)
{
    struct cat_job *jobs;
    size_t n;
    *out = (struct job_ids){0};
    TRY(cat_job_list(s->engine->catalog, s->txn, a, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (!cat_job_ended(jobs[i].status) && of_type(&jobs[i], type))
            ARENA_PUSH(a, &out->ids, jobs[i].id);
    }
    return 0;
}

static int check_control_privilege(struct session *s, struct arena *a, int64_t id, struct err *err)
{
    struct cat_job job;
    bool found, admin, control, theirs;
    TRY(session_is_admin(s, &admin, err));
    if (admin)
        return 0;
    TRY(cat_job_get(s->engine->catalog, s->txn, a, id, &job, &found, err));
    if (!found || str_eq(job.owner, s->user))
        return 0;
    TRY(session_has(s, CAT_SYSTEM_CONTROLJOB, &control, err));
    TRY(cat_is_admin(s->view, job.owner, &theirs, err));
    if (control && theirs)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only admins can control jobs owned by other admins");
    if (control)
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "user %.*s does not have privileges for job %lld", STR_FMT(s->user),
                   (long long)id);
}

int run_control_jobs(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, struct err *err)
{
    const struct ast_control *c = ast_as_control(ast);
    struct job_ids ids;
    if (c->ids == NULL)
        TRY(all_of_type(s, a, c->type, &ids, err));
    else if (c->type.ptr != NULL)
        TRY(job_ids_of_schedules(s, a, c->ids, &ids, err));
    else
        TRY(job_ids_of_query(s, a, c->ids, &ids, err));
    for (size_t i = 0; i < ids.ids.len; i++) {
        TRY(check_control_privilege(s, a, ids.ids.ptr[i], err));
        TRY(jobs_control(s->engine->jobs, s->txn, ids.ids.ptr[i], actions[c->action].action, err));
    }
    s->touched_jobs = true;
    *tag = arena_printf(a, "%s JOBS %zu", actions[c->action].word, ids.ids.len);
    return 0;
}

// ---- showing

static struct datum time_or_null(int64_t micros)
{
    return micros != 0 ? datum_int(micros) : DATUM_NULL;
}

static void job_row(struct datum *row, const struct cat_job *job)
{
    size_t i = 0;
    row[i++] = datum_int(job->id);
    row[i++] = datum_str(job->type);
    row[i++] = datum_str(job->description);
    row[i++] = datum_str(STR_EMPTY); // statement: what differs from the description
    row[i++] = datum_str(job->owner);
    row[i++] = datum_str(str_of(cat_job_status_name(job->status)));
    row[i++] = DATUM_NULL; // running_status
    row[i++] = time_or_null(job->created_micros);
    row[i++] = time_or_null(job->last_run_micros);
    row[i++] = time_or_null(job->finished_micros);
    row[i++] = time_or_null(job->modified_micros);
    row[i++] = datum_float(job->fraction);
    row[i++] = datum_str(job->error);
    row[i] = job->status == CAT_JOB_RUNNING || job->status == CAT_JOB_REVERTING ? datum_int(1) : DATUM_NULL;
}

static bool listed(const struct job_ids *ids, int64_t id)
{
    for (size_t i = 0; i < ids->ids.len; i++) {
        if (ids->ids.ptr[i] == id)
            return true;
    }
    return false;
}

static const int64_t shown_micros = 12ll * 3600 * 1000000;

// Without ids: jobs that have not ended, and those that ended in the last twelve hours; the unended first.
static int show_rows(struct show *sh, struct kv_txn *txn, const struct job_ids *ids, struct err *err)
{
    struct session *s = sh->session;
    struct cat_job *jobs;
    size_t n;
    bool all;
    int64_t since = clock_wall_ns() / 1000 - shown_micros;
    TRY(session_has(s, CAT_SYSTEM_VIEWJOB | CAT_SYSTEM_CONTROLJOB, &all, err));
    TRY(cat_job_list(s->engine->catalog, txn, sh->arena, &jobs, &n, err));
    for (int ended = 0; ended < 2; ended++) {
        for (size_t i = n; i-- > 0;) {
            const struct cat_job *job = &jobs[i];
            bool automatic = str_eqc(job->type, AUTO_STATISTICS_TYPE) == sh->ast->automatic;
            bool wanted =
                ids != NULL ? listed(ids, job->id) : automatic && (ended == 0 || job->finished_micros > since);
            if (wanted && cat_job_ended(job->status) == (ended != 0) && (all || str_eq(job->owner, s->user)))
                job_row(show_row(sh), job);
        }
    }
    return 0;
}

// The records as they are now: those who waited know more than their transaction's snapshot.
static int show_rows_now(struct show *sh, const struct job_ids *ids, struct err *err)
{
    struct kv_txn *txn;
    enum kv_result r = kv_begin(sh->session->engine->kv, &(struct kv_begin_options){.read_only = true}, &txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = show_rows(sh, txn, ids, err);
    kv_abort(txn);
    return rc;
}

int show_jobs(struct show *sh, struct err *err)
{
    struct session *s = sh->session;
    struct job_ids ids;
    if (sh->ast->expr == NULL)
        return show_rows(sh, sh->view != NULL ? s->txn : NULL, NULL, err);
    if (sh->ast->what == AST_SHOW_JOBS_FOR_SCHEDULES)
        TRY(job_ids_of_schedules(s, sh->arena, sh->ast->expr, &ids, err));
    else
        TRY(job_ids_of_query(s, sh->arena, sh->ast->expr, &ids, err));
    if (!sh->ast->when_complete)
        return show_rows(sh, s->txn, &ids, err);
    for (size_t i = 0; i < ids.ids.len; i++)
        TRY(jobs_await(s->engine->jobs, ids.ids.ptr[i], session_interrupted, s, err));
    return show_rows_now(sh, &ids, err);
}

// ---- working for one

static int job_interrupted(void *job, struct err *err)
{
    return job_check(job, err);
}

void session_works_for(struct session *s, struct job *job)
{
    s->job_interrupted = job_interrupted;
    s->job = job;
}

// ---- starting one for a statement

int session_start_job(struct session *s, const char *type, const struct ast *ast, struct str payload, struct job **out,
                      struct err *err)
{
    struct buf text = BUF_INIT;
    ast_print(&text, ast, AST_PRINT_DEFAULT);
    int rc = jobs_start(s->engine->jobs, type, s->user, buf_view(&text), payload, out, err);
    buf_release(&text);
    return rc;
}

int session_create_job(struct session *s, const char *type, const struct ast *ast, struct str payload, int64_t *id,
                       struct err *err)
{
    struct buf text = BUF_INIT;
    ast_print(&text, ast, AST_PRINT_DEFAULT);
    int rc = jobs_create(s->engine->jobs, s->txn, type, s->user, buf_view(&text), payload, id, err);
    buf_release(&text);
    s->touched_jobs = true;
    return rc;
}
