// Statistics that are collected by themselves. What transactions change is counted per table, in memory; the commit
// that makes enough of it starts a job for the table, which reads at one snapshot and writes in a transaction of its
// own.
//
// Enough: sql.stats.automatic_collection.min_stale_rows and .fraction_stale_rows of the table's rows, as in
// CockroachDB; within a minute of the last time only when the table has doubled. Counters begin anew with the process.
#include "sql/session/jobs_int.h"
#include "sql/virtual/virtual.h"

enum { NS_PER_S = 1000000000, RECENT_S = 60, WRITE_ATTEMPTS_MAX = 20, LOOK_FROM = 500 };
static const double NEVER = 1e18;

// Of a table with changes since its last statistics; statistics_mutex guards it.
struct table_changes {
    struct table_changes *next;
    uint32_t table_id;
    uint64_t changed;
    uint64_t due; // below it there is nothing to look at
    uint64_t collected_ns;
    int64_t rows; // when they were collected
    bool running;
};

void auto_statistics_release(struct sql_engine *e)
{
    for (size_t i = 0; i < ARRAY_LEN(e->table_changes); i++) {
        while (e->table_changes[i] != NULL) {
            struct table_changes *c = e->table_changes[i];
            e->table_changes[i] = c->next;
            mem_free(c);
        }
    }
}

static struct table_changes *changes_of(struct sql_engine *e, uint32_t table_id)
{
    struct table_changes **list = &e->table_changes[table_id % ARRAY_LEN(e->table_changes)], *c = *list;
    while (c != NULL && c->table_id != table_id)
        c = c->next;
    if (c != NULL)
        return c;
    c = mem_zalloc(sizeof(*c));
    *c = (struct table_changes){.next = *list, .table_id = table_id, .due = LOOK_FROM};
    return *list = c;
}

static void set_idle(struct sql_engine *e, uint32_t table_id)
{
    pthread_mutex_lock(&e->statistics_mutex);
    changes_of(e, table_id)->running = false;
    pthread_mutex_unlock(&e->statistics_mutex);
}

// ---- counting

void session_rows_changed(void *session, const struct cat_table *t, uint64_t rows)
{
    struct session *s = session;
    uint32_t i = 0;
    while (i < s->n_changed && s->changed[i].table_id != t->id)
        i++;
    if (t->kind != CAT_TABLE || t->id < CAT_ID_FIRST_USER || i == ARRAY_LEN(s->changed))
        return; // a transaction that changes that many tables: those it began with count
    if (i == s->n_changed)
        s->changed[s->n_changed++] = (struct changed_table){.table_id = t->id};
    s->changed[i].rows += rows;
}

// From how many changes on statistics of a table are stale; without an answer never.
static double stale_from(struct session *s, int64_t rows)
{
    struct datum least, fraction;
    struct arena a;
    arena_init(&a, NULL);
    bool known =
        cluster_setting_get(s->view, "sql.stats.automatic_collection.min_stale_rows", &a, &least, NULL) == 0 &&
        cluster_setting_get(s->view, "sql.stats.automatic_collection.fraction_stale_rows", &a, &fraction, NULL) == 0;
    arena_release(&a);
    return known ? (double)least.i + fraction.f * (double)rows : NEVER;
}

static bool is_enabled(struct session *s)
{
    struct str text;
    if (cat_setting_get(s->view, STR("sql.stats.automatic_collection.enabled"), &text, NULL) != 0)
        return false;
    return text.ptr != NULL ? str_eqc(text, "true") : s->engine->automatic_statistics;
}

// With the mutex held: whether to collect now; when not, from how many changes on to look again.
static bool is_due(struct table_changes *c, double stale, int64_t rows, bool enabled)
{
    if ((double)c->changed < stale) {
        c->due = (uint64_t)stale;
        return false;
    }
    bool recent = c->collected_ns != 0 && clock_mono_ns() - c->collected_ns < (uint64_t)RECENT_S * NS_PER_S;
    if (c->running || !enabled || (recent && rows < 2 * c->rows)) {
        c->due = c->changed + (uint64_t)(stale / 8) + 1;
        return false;
    }
    return true;
}

// Counts, and says whether it may be enough.
static bool count(struct sql_engine *e, const struct changed_table *t)
{
    pthread_mutex_lock(&e->statistics_mutex);
    struct table_changes *c = changes_of(e, t->table_id);
    c->changed += t->rows;
    bool look = !c->running && c->changed >= c->due;
    pthread_mutex_unlock(&e->statistics_mutex);
    return look;
}

void auto_statistics_count(struct session *s)
{
    struct sql_engine *e = s->engine;
    for (uint32_t i = 0; i < s->n_changed; i++) {
        struct changed_table *t = &s->changed[i];
        int64_t rows = 0;
        if (!count(e, t) || cat_row_count(s->view, t->table_id, &rows, NULL) != 0)
            continue;
        bool enabled = is_enabled(s);
        double stale = stale_from(s, rows);
        pthread_mutex_lock(&e->statistics_mutex);
        struct table_changes *c = changes_of(e, t->table_id);
        t->due = is_due(c, stale, rows, enabled);
        c->running |= t->due;
        pthread_mutex_unlock(&e->statistics_mutex);
    }
}

static int start(struct session *s, uint32_t table_id, struct err *err)
{
    struct buf payload = BUF_INIT, text = BUF_INIT;
    struct job *job;
    payload_put_u64(&payload, table_id);
    buf_printf(&text, "Table statistics refresh for table %u", table_id);
    int rc =
        jobs_start(s->engine->jobs, AUTO_STATISTICS_TYPE, STR("node"), buf_view(&text), buf_view(&payload), &job, err);
    buf_release(&payload);
    buf_release(&text);
    if (rc == 0)
        job_unref(job);
    return rc;
}

void auto_statistics_start(struct session *s, bool committed)
{
    for (uint32_t i = 0; i < s->n_changed; i++) {
        struct err failed = ERR_INIT;
        if (!s->changed[i].due || (committed && start(s, s->changed[i].table_id, &failed) == 0))
            continue;
        set_idle(s->engine, s->changed[i].table_id);
        if (committed)
            log_warning("statistics of table %u: %s", s->changed[i].table_id, failed.message);
        err_reset(&failed);
    }
    s->n_changed = 0;
}

// ---- the job

// Records of what was done for the table before: this one takes their place.
static int forget_earlier(struct session *s, struct job *job, struct arena *a, struct err *err)
{
    struct cat_job *jobs;
    size_t n;
    TRY(cat_job_list(s->engine->catalog, s->txn, a, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (str_eqc(jobs[i].type, AUTO_STATISTICS_TYPE) && jobs[i].id != job_id(job) && cat_job_ended(jobs[i].status) &&
            str_eq(jobs[i].payload, job_payload(job)))
            TRY(cat_job_delete(s->engine->catalog, s->txn, jobs[i].id, err));
    }
    return 0;
}

static int store(struct session *s, struct job *job, struct arena *a, uint32_t table_id,
                 const struct collected_statistics *all, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_table_by_id(s->view, table_id, &t, err));
    if (t == NULL)
        return 0;
    TRY(cat_table_depend(s->view, t, true, err));
    TRY(cat_put_statistics(s->view, a, table_id, all->list, all->n, err));
    return forget_earlier(s, job, a, err);
}

static int store_in_txn(struct session *s, struct job *job, struct arena *a, uint32_t table_id,
                        const struct collected_statistics *all, struct err *err)
{
    int rc = 0;
    for (int attempt = 0; attempt < WRITE_ATTEMPTS_MAX; attempt++) {
        err_reset(err);
        TRY(job_check(job, err));
        TRY(session_begin(s, TXN_IMPLICIT, err));
        rc = store(s, job, a, table_id, all, err);
        if (rc == 0)
            rc = session_commit(s, err);
        else
            session_rollback(s);
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
    }
    return rc;
}

static int collect(struct session *s, struct job *job, uint32_t table_id, int64_t *rows, struct err *err)
{
    struct arena a;
    struct collected_statistics all = {0};
    const struct cat_table *t;
    arena_init(&a, &s->budget);
    int rc = cat_table_by_id(s->view, table_id, &t, err);
    if (rc == 0 && t != NULL)
        rc = statistics_collect(s, &a, t, STR("__auto__"), &all, err);
    session_rollback(s);
    if (rc == 0 && all.n > 0) {
        *rows = all.list[0].rows;
        rc = store_in_txn(s, job, &a, table_id, &all, err);
    }
    arena_release(&a);
    return rc;
}

int auto_statistics_run(struct job *job, struct err *err)
{
    struct str payload = job_payload(job);
    uint32_t table_id = (uint32_t)payload_get_u64(&payload);
    struct sql_engine *e = job_arg(job);
    struct session *s;
    int64_t rows = 0;
    pthread_mutex_lock(&e->statistics_mutex);
    changes_of(e, table_id)->changed = 0; // what comes now may be missing
    pthread_mutex_unlock(&e->statistics_mutex);
    int rc = check_session_open(e, &s, err);
    if (rc == 0) {
        session_works_for(s, job);
        statement_clock_start(s);
        rc = collect(s, job, table_id, &rows, err);
        session_free(s);
    }
    pthread_mutex_lock(&e->statistics_mutex);
    struct table_changes *c = changes_of(e, table_id);
    c->collected_ns = clock_mono_ns();
    c->rows = rows;
    c->due = LOOK_FROM;
    c->running = false;
    pthread_mutex_unlock(&e->statistics_mutex);
    return rc;
}
