// Schedules: what is due is started, one transaction each, which also says when next. A thread waits for the earliest;
// it exists while there is something to wait for.
#include "catalog/schedules.h"
#include "base/cron.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"

enum { MICROS_PER_S = 1000000, WAIT_S_MAX = 60, ATTEMPTS_MAX = 20, RETRY_SOON_S = 60 };

struct schedules {
    struct sql_engine *engine;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool running, closing, look; // mutex
    pthread_t thread;
    bool joinable; // mutex: a thread was started and not joined
};

static int64_t now_micros(void)
{
    return clock_wall_ns() / 1000;
}

// When the schedule is to run after now; 0: never again.
int64_t schedule_next_run(const struct cat_schedule *s)
{
    struct cron cron;
    struct err ignored = ERR_INIT;
    int rc = s->cron.len > 0 ? cron_parse(s->cron, &cron, &ignored) : 1;
    err_reset(&ignored);
    return rc == 0 ? cron_next(&cron, now_micros() / MICROS_PER_S) * MICROS_PER_S : 0;
}

static int64_t soon(void)
{
    return now_micros() + (int64_t)RETRY_SOON_S * MICROS_PER_S;
}

// What a transaction is about: a schedule, and why it could not be started.
struct turn {
    int64_t id;
    struct str failure;
};

// ---- what a schedule starts

static int description(struct session *s, const struct cat_table *t, struct arena *a, struct str *out, struct err *err)
{
    const struct cat_database *d;
    const struct cat_schema *schema;
    TRY(cat_database_by_id(s->view, t->database_id, &d, err));
    TRY(cat_schema_by_id(s->view, t->schema_id, &schema, err));
    *out = arena_printf(a, "ttl for %.*s.%.*s.%.*s", STR_FMT(d->name), STR_FMT(schema->name), STR_FMT(t->name));
    return 0;
}

static int start_ttl(struct session *s, const struct cat_schedule *schedule, struct arena *a, int64_t *job,
                     struct err *err)
{
    uint32_t table_id = cat_schedule_table(schedule);
    const struct cat_table *t;
    TRY(cat_table_by_id(s->view, table_id, &t, err));
    if (t == NULL) // left by a table that is gone
        return cat_schedule_delete(s->view, schedule->id, err);
    struct buf payload = BUF_INIT;
    payload_put_u64(&payload, table_id);
    struct str text;
    TRY(description(s, t, a, &text, err));
    int rc = jobs_create(s->engine->jobs, s->txn, TTL_JOB_TYPE, STR("node"), text, buf_view(&payload), job, err);
    buf_release(&payload);
    return rc;
}

static const struct executor {
    const char *name;
    int (*start)(struct session *s, const struct cat_schedule *schedule, struct arena *a, int64_t *job,
                 struct err *err);
} executors[] = {
    {CAT_SCHEDULE_TTL, start_ttl},
    {CAT_SCHEDULE_BACKUP, schedule_start_backup},
};

static const struct executor *executor_of(const struct cat_schedule *schedule)
{
    for (size_t i = 0; i < ARRAY_LEN(executors); i++) {
        if (str_eqc(schedule->executor, executors[i].name))
            return &executors[i];
    }
    return NULL;
}

// Jobs of the schedule that have not ended.
static int unfinished(struct session *s, int64_t schedule_id, struct arena *a, size_t *out, struct err *err)
{
    struct cat_job *jobs;
    size_t n;
    *out = 0;
    TRY(cat_job_list(s->engine->catalog, s->txn, a, &jobs, &n, err));
    for (size_t i = 0; i < n; i++)
        *out += jobs[i].schedule_id == schedule_id && !cat_job_ended(jobs[i].status);
    return 0;
}

static int note_creator(struct session *s, int64_t id, int64_t schedule_id, struct arena *a, struct err *err)
{
    struct cat_job job;
    bool found;
    TRY(cat_job_get(s->engine->catalog, s->txn, a, id, &job, &found, err));
    job.schedule_id = schedule_id;
    s->touched_jobs = true;
    return cat_job_put(s->engine->catalog, s->txn, &job, err);
}

static int run_now(struct session *s, struct cat_schedule *schedule, struct arena *a, struct err *err)
{
    const struct executor *executor = executor_of(schedule);
    int64_t job = 0;
    if (executor == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %.*s", STR_FMT(schedule->executor));
    TRY(executor->start(s, schedule, a, &job, err));
    if (job == SCHEDULE_LATER) {
        schedule->next_run_micros = soon();
        schedule->state = STR("waiting for initial backup to complete");
        return cat_schedule_put(s->view, schedule, err);
    }
    return job != 0 ? note_creator(s, job, schedule->id, a, err) : 0;
}

// Starts the schedule if it is due in the session's transaction. It may be gone afterwards.
static int start_if_due(struct session *s, const struct turn *turn, struct arena *a, struct err *err)
{
    struct cat_schedule schedule;
    bool found;
    size_t busy;
    TRY(cat_schedule_get(s->view, a, turn->id, &schedule, &found, err));
    if (!found || schedule.next_run_micros == 0 || schedule.next_run_micros > now_micros())
        return 0;
    TRY(unfinished(s, turn->id, a, &busy, err));
    if (busy > 0 && schedule.wait == CAT_SCHEDULE_WAIT) {
        schedule.next_run_micros = soon();
        schedule.state = STR("waiting for the run before to end");
        return cat_schedule_put(s->view, &schedule, err);
    }
    schedule.next_run_micros = schedule_next_run(&schedule);
    schedule.state = STR_EMPTY;
    TRY(cat_schedule_put(s->view, &schedule, err));
    return busy > 0 && schedule.wait == CAT_SCHEDULE_SKIP ? 0 : run_now(s, &schedule, a, err);
}

// ---- transactions

static int in_txn(struct session *s, const struct turn *turn,
                  int (*work)(struct session *s, const struct turn *turn, struct arena *a, struct err *err),
                  struct err *err)
{
    int rc = 0;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct arena a;
        arena_init(&a, &s->budget);
        err_reset(err);
        rc = session_begin(s, TXN_IMPLICIT, err);
        if (rc == 0)
            rc = work(s, turn, &a, err);
        if (rc == 0)
            rc = session_commit(s, err);
        else if (s->txn_state != TXN_NONE)
            session_rollback(s);
        arena_release(&a);
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
    }
    return rc;
}

// A run that could not be started: the schedule says so, and goes on as it was told to.
static int note_failure(struct session *s, const struct turn *turn, struct arena *a, struct err *err)
{
    struct cat_schedule schedule;
    bool found;
    TRY(cat_schedule_get(s->view, a, turn->id, &schedule, &found, err));
    if (!found)
        return 0;
    schedule.state = turn->failure;
    schedule.next_run_micros = schedule.failure == CAT_SCHEDULE_PAUSE        ? 0
                               : schedule.failure == CAT_SCHEDULE_RETRY_SOON ? soon()
                                                                             : schedule_next_run(&schedule);
    return cat_schedule_put(s->view, &schedule, err);
}

static void start(struct session *s, int64_t id)
{
    struct err failed = ERR_INIT, ignored = ERR_INIT;
    struct turn turn = {.id = id};
    if (in_txn(s, &turn, start_if_due, &failed) != 0) {
        log_warning("schedule %lld: %s", (long long)id, failed.message);
        turn.failure = str_of(failed.message);
        if (in_txn(s, &turn, note_failure, &ignored) != 0)
            log_warning("schedule %lld: %s", (long long)id, ignored.message);
    }
    err_reset(&failed);
    err_reset(&ignored);
}

// ---- the thread

int job_session_open(struct sql_engine *e, struct str user, struct str database, struct session **out, struct err *err)
{
    struct session_options options = {.user = user,
                                      .database = database,
                                      .client_address = STR("internal"),
                                      .auth_method = STR(INTERNAL_AUTH_METHOD)};
    return session_new(e, &options, out, err);
}

// Schedules as they are, in an arena.
static int read_all(struct session *s, struct arena *a, struct cat_schedule **out, size_t *n, struct err *err)
{
    TRY(session_begin(s, TXN_IMPLICIT, err));
    int rc = cat_schedule_list(s->view, a, out, n, err);
    session_rollback(s);
    return rc;
}

// Starts what is due. Returns when to look again; 0: there is nothing to wait for.
static int64_t pass(struct session *s)
{
    struct arena a;
    struct cat_schedule *all = NULL;
    size_t n = 0;
    struct err failed = ERR_INIT;
    int64_t next = 0, now = now_micros();
    bool started = false;
    arena_init(&a, &s->budget);
    if (read_all(s, &a, &all, &n, &failed) != 0) {
        log_warning("schedules: %s", failed.message);
        next = soon();
    }
    err_reset(&failed);
    for (size_t i = 0; i < n; i++) {
        int64_t at = all[i].next_run_micros;
        if (at != 0 && at <= now) {
            start(s, all[i].id);
            started = true;
        } else if (at != 0 && (next == 0 || at < next)) {
            next = at;
        }
    }
    arena_release(&a);
    return started ? now : next;
}

static int64_t pass_in_session(struct sql_engine *e)
{
    struct session *s;
    struct err failed = ERR_INIT;
    if (job_session_open(e, STR("root"), STR("defaultdb"), &s, &failed) != 0) {
        log_warning("schedules: %s", failed.message);
        err_reset(&failed);
        return soon();
    }
    int64_t next = pass(s);
    session_free(s);
    return next;
}

// With the mutex held. The clock may be set: no wait is long.
static void wait_until(struct schedules *w, int64_t micros)
{
    int64_t latest = now_micros() + (int64_t)WAIT_S_MAX * MICROS_PER_S;
    int64_t until = micros < latest ? micros : latest;
    struct timespec t = {.tv_sec = until / MICROS_PER_S, .tv_nsec = until % MICROS_PER_S * 1000};
    pthread_cond_timedwait(&w->changed, &w->mutex, &t);
}

static void *watch(void *arg)
{
    struct schedules *w = arg;
    pthread_mutex_lock(&w->mutex);
    while (!w->closing) {
        w->look = false;
        pthread_mutex_unlock(&w->mutex);
        int64_t next = pass_in_session(w->engine);
        pthread_mutex_lock(&w->mutex);
        if (w->look || w->closing)
            continue;
        if (next == 0)
            break;
        wait_until(w, next);
    }
    w->running = false;
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

struct schedules *schedules_new(struct sql_engine *e)
{
    struct schedules *w = mem_zalloc(sizeof(*w));
    w->engine = e;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->changed, NULL);
    return w;
}

void schedules_adopt(struct schedules *w)
{
    pthread_mutex_lock(&w->mutex);
    w->look = true;
    pthread_cond_signal(&w->changed);
    if (!w->running && !w->closing) {
        if (w->joinable)
            pthread_join(w->thread, NULL);
        w->running = w->joinable = pthread_create(&w->thread, NULL, watch, w) == 0;
        if (!w->running)
            log_warning("schedules: no thread could be started");
    }
    pthread_mutex_unlock(&w->mutex);
}

bool schedules_waiting(struct schedules *w)
{
    pthread_mutex_lock(&w->mutex);
    bool running = w->running;
    pthread_mutex_unlock(&w->mutex);
    return running;
}

void schedules_free(struct schedules *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->mutex);
    w->closing = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    if (w->joinable)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->mutex);
    mem_free(w);
}
