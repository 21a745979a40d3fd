// SHOW SCHEDULES, and PAUSE, RESUME and DROP SCHEDULES.
#include "catalog/schedules.h"
#include "sql/parse/parse.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"

// ---- control

static int check_may_control(struct session *s, const struct cat_schedule *schedule, struct err *err)
{
    bool admin;
    TRY(session_is_admin(s, &admin, err));
    if (admin || str_eq(schedule->owner, s->user))
        return 0;
    return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "must have admin privileges or be owner of the schedule %lld",
                   (long long)schedule->id);
}

static int drop(struct session *s, const struct cat_schedule *schedule, struct err *err)
{
    const struct cat_table *t = NULL;
    uint32_t table_id = cat_schedule_table(schedule);
    if (table_id != 0)
        TRY(cat_table_by_id(s->view, table_id, &t, err));
    if (t == NULL)
        return cat_schedule_delete(s->view, schedule->id, err);
    err_set(err, ERR_INVALID_TABLE_DEFINITION, "cannot drop a row level TTL schedule");
    return err_hint(err, "use ALTER TABLE %.*s RESET (ttl) instead", STR_FMT(t->name));
}

static int resume(struct session *s, struct cat_schedule *schedule, struct err *err)
{
    if (schedule->next_run_micros != 0)
        return 0;
    schedule->next_run_micros = schedule_next_run(schedule);
    schedule->state = STR_EMPTY;
    return cat_schedule_put(s->view, schedule, err);
}

static int control_one(struct session *s, enum ast_control_action action, struct cat_schedule *schedule,
                       struct err *err)
{
    TRY(check_may_control(s, schedule, err));
    if (action == AST_CONTROL_DROP)
        return drop(s, schedule, err);
    if (action == AST_CONTROL_RESUME)
        return resume(s, schedule, err);
    schedule->next_run_micros = 0;
    schedule->state = STR("schedule paused by user");
    return cat_schedule_put(s->view, schedule, err);
}

int run_control_schedules(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, struct err *err)
{
    const struct ast_control *c = ast_as_control(ast);
    struct job_ids ids;
    size_t done = 0;
    TRY(job_ids_of_query(s, a, c->ids, &ids, err));
    for (size_t i = 0; i < ids.ids.len; i++) {
        struct cat_schedule schedule;
        bool found;
        TRY(cat_schedule_get(s->view, a, ids.ids.ptr[i], &schedule, &found, err));
        if (!found)
            continue; // as CockroachDB counts only those there are
        TRY(control_one(s, c->action, &schedule, err));
        done++;
    }
    *tag = arena_printf(a, "%s %zu", ast_tag(ast), done);
    return 0;
}

int job_ids_of_schedules(struct session *s, struct arena *a, const struct ast *query, struct job_ids *out,
                         struct err *err)
{
    struct job_ids schedules;
    struct cat_job *jobs;
    size_t n;
    *out = (struct job_ids){0};
    TRY(job_ids_of_query(s, a, query, &schedules, err));
    TRY(cat_job_list(s->engine->catalog, s->txn, a, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < schedules.ids.len; k++) {
            if (jobs[i].schedule_id != 0 && jobs[i].schedule_id == schedules.ids.ptr[k])
                ARENA_PUSH(a, &out->ids, jobs[i].id);
        }
    }
    return 0;
}

// ---- showing

static const char *const wait_names[] = {
    [CAT_SCHEDULE_WAIT] = "WAIT", [CAT_SCHEDULE_SKIP] = "SKIP", [CAT_SCHEDULE_START] = "START"};
static const char *const failure_names[] = {[CAT_SCHEDULE_RETRY_SCHED] = "RETRY_SCHED",
                                            [CAT_SCHEDULE_RETRY_SOON] = "RETRY_SOON",
                                            [CAT_SCHEDULE_PAUSE] = "PAUSE_SCHED"};

static int64_t jobs_of(const struct cat_job *jobs, size_t n, int64_t schedule_id)
{
    int64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += jobs[i].schedule_id == schedule_id && !cat_job_ended(jobs[i].status);
    return count;
}

static int schedule_row(struct show *sh, const struct cat_schedule *schedule, int64_t running, struct err *err)
{
    struct datum *row = show_row(sh);
    size_t i = 0;
    bool active = schedule->next_run_micros != 0;
    row[i++] = datum_int(schedule->id);
    row[i++] = datum_str(schedule->name);
    row[i++] = datum_c(active ? "ACTIVE" : "PAUSED");
    row[i++] = active ? datum_int(schedule->next_run_micros) : DATUM_NULL;
    row[i++] = schedule->state.len > 0 ? datum_str(schedule->state) : DATUM_NULL;
    row[i++] = schedule->cron.len > 0 ? datum_str(schedule->cron) : datum_c("NEVER");
    row[i++] = datum_int(running);
    row[i++] = datum_str(schedule->owner);
    row[i++] = datum_int(schedule->created_micros);
    row[i++] = datum_c(wait_names[schedule->wait]);
    row[i++] = datum_c(failure_names[schedule->failure]);
    return datum_parse(sh->arena, T_JSONB, schedule->args, session_value_context(sh->session), &row[i], err);
}

// SHOW SCHEDULE <expression>
static int one_id(struct show *sh, struct job_ids *out, struct err *err)
{
    struct parsed_statements parsed;
    struct buf text = BUF_INIT;
    buf_cstr(&text, "VALUES (");
    ast_print(&text, sh->ast->expr, AST_PRINT_DEFAULT);
    buf_cstr(&text, ")");
    int rc = parse_sql(sh->arena, arena_str(sh->arena, buf_view(&text)), NULL, &parsed, err);
    buf_release(&text);
    return rc == 0 ? job_ids_of_query(sh->session, sh->arena, parsed.items[0].ast, out, err) : rc;
}

// All of them, those that run or are paused, or one.
static bool is_wanted(const struct show *sh, const struct cat_schedule *schedule, const struct job_ids *ids)
{
    bool active = schedule->next_run_micros != 0;
    if (sh->ast->expr != NULL)
        return ids->ids.len > 0 && schedule->id == ids->ids.ptr[0];
    return str_eqc(sh->ast->name, "RUNNING") ? active : str_eqc(sh->ast->name, "PAUSED") ? !active : true;
}

int show_schedules(struct show *sh, struct err *err)
{
    struct session *s = sh->session;
    struct cat_schedule *all;
    struct cat_job *jobs;
    struct job_ids ids = {0};
    size_t n, n_jobs;
    if (sh->view == NULL) // what is described only
        return 0;
    if (sh->ast->expr != NULL)
        TRY(one_id(sh, &ids, err));
    TRY(cat_schedule_list(sh->view, sh->arena, &all, &n, err));
    TRY(cat_job_list(s->engine->catalog, s->txn, sh->arena, &jobs, &n_jobs, err));
    for (size_t i = 0; i < n; i++) {
        if (is_wanted(sh, &all[i], &ids))
            TRY(schedule_row(sh, &all[i], jobs_of(jobs, n_jobs, all[i].id), err));
    }
    return 0;
}
