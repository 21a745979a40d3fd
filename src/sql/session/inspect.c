// INSPECT TABLE and INSPECT DATABASE: the consistency check as a job, and SHOW INSPECT ERRORS. The job reads at one
// timestamp; what it finds is its progress.
#include "catalog/check.h"
#include "sql/session/as_of_int.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"
#include "types/json.h"

enum { FINDINGS_MAX = 1000 };

// Payload: version to read at, database or table id, is it a database, names of indexes. Progress: version, then the
// fields of each finding.
struct inspection {
    uint64_t version;
    uint32_t id;
    bool database;
    struct str indexes; // names, one payload string each; empty: all
};

static struct inspection decode(struct str payload)
{
    struct inspection in;
    in.version = payload_get_u64(&payload);
    in.id = (uint32_t)payload_get_u64(&payload);
    in.database = payload_get_u64(&payload) != 0;
    in.indexes = payload;
    return in;
}

// ---- the statement

static int check_allowed(struct session *s, const struct ast_inspect *in, struct err *err)
{
    TRY(cat_check_system_privilege(s->view, s->user, CAT_SYSTEM_INSPECT, err));
    if (s->txn_state == TXN_EXPLICIT && !in->detached)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION,
                       "INSPECT cannot be used inside a multi-statement transaction without DETACHED option");
    return 0;
}

static int check_indexes(const struct cat_table *t, const struct ast_inspect *in, struct buf *payload, struct err *err)
{
    for (size_t i = 0; i < in->indexes.n; i++) {
        struct str name = ast_as_name(in->indexes.items[i])->name;
        if (cat_index_by_name(t, name) == NULL)
            return err_set(err, ERR_UNDEFINED_OBJECT, "index \"%.*s\" does not exist", STR_FMT(name));
        payload_put_str(payload, name);
    }
    return 0;
}

static int encode_target(struct session *s, const struct ast_inspect *in, struct arena *a, struct buf *payload,
                         struct err *err)
{
    struct show sh = {.session = s, .arena = a, .view = s->view};
    const struct cat_table *t;
    const struct cat_database *d;
    if (in->database) {
        TRY(show_database(&sh, ast_as_name(in->object)->name, &d, err));
        payload_put_u64(payload, d->id);
        payload_put_u64(payload, 1);
        return 0;
    }
    TRY(show_table(&sh, in->object, &t, err));
    if (t->primary == NULL || t->kind == CAT_VIRTUAL)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a table", STR_FMT(t->name));
    payload_put_u64(payload, t->id);
    payload_put_u64(payload, 0);
    return check_indexes(t, in, payload, err);
}

static int start_and_wait(struct session *s, const struct ast *ast, struct str payload, struct err *err)
{
    struct job *job;
    TRY(session_start_job(s, "INSPECT", ast, payload, &job, err));
    send_notice(s, ERR_SUCCESSFUL_COMPLETION,
                "waiting for INSPECT job to complete: %lld\nIf the statement is canceled, the job will continue in the "
                "background.",
                (long long)job_id(job));
    int rc = job_wait(job, session_interrupted, s, err);
    job_unref(job);
    return rc;
}

static int start_detached(struct session *s, const struct ast *ast, struct str payload, struct err *err)
{
    int64_t id;
    TRY(session_create_job(s, "INSPECT", ast, payload, &id, err));
    send_notice(s, ERR_SUCCESSFUL_COMPLETION, "INSPECT job %lld running in the background", (long long)id);
    return 0;
}

int run_inspect(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    const struct ast_inspect *in = ast_as_inspect(ast);
    struct buf payload = BUF_INIT;
    uint64_t version = kv_now(s->engine->kv);
    TRY(check_allowed(s, in, err));
    if (in->as_of != NULL)
        TRY(as_of_version(s, in->as_of, a, &version, err));
    payload_put_u64(&payload, version);
    int rc = encode_target(s, in, a, &payload, err);
    uint32_t id = decode(buf_view(&payload)).id;
    if (rc == 0 && in->as_of != NULL)
        rc = as_of_check_ages(s, version, &id, 1, err);
    if (rc == 0)
        rc = in->detached ? start_detached(s, ast, buf_view(&payload), err)
                          : start_and_wait(s, ast, buf_view(&payload), err);
    buf_release(&payload);
    return rc;
}

// ---- the job

struct findings {
    struct check_sink sink;
    struct str indexes;
    struct buf progress;
    uint64_t kept;
};

// With a list of indexes, what is found in others is left out.
static bool is_wanted(struct str indexes, struct str object)
{
    ptrdiff_t at = str_find(object, STR("@"), 0);
    bool any = indexes.len == 0;
    while (at >= 0 && !any && indexes.len > 0)
        any = str_eq(payload_get_str(&indexes), str_slice(object, (size_t)at + 1, object.len));
    return any;
}

static void keep_finding(struct check_sink *sink, const struct check_finding *f)
{
    struct findings *all = CONTAINER_OF(sink, struct findings, sink);
    if (!is_wanted(all->indexes, f->object) || all->kept++ >= FINDINGS_MAX)
        return;
    payload_put_str(&all->progress, str_of(f->type));
    payload_put_str(&all->progress, f->database);
    payload_put_str(&all->progress, f->schema);
    payload_put_str(&all->progress, f->object);
    payload_put_str(&all->progress, f->primary_key);
    payload_put_str(&all->progress, f->details);
}

static int check_target(struct session *s, const struct inspection *in, struct check_sink *sink, struct err *err)
{
    const struct cat_table *t;
    if (in->database)
        return check_database(s, in->id, sink, err);
    TRY(cat_table_by_id(s->view, in->id, &t, err));
    return t != NULL ? check_one_table(s, t, sink, err) : 0;
}

static int found_something(struct job *job, struct err *err)
{
    err_set(err, ERR_DATA_CORRUPTED, "INSPECT found inconsistencies");
    return err_hint(err, "Run 'SHOW INSPECT ERRORS FOR JOB %lld WITH DETAILS' for more information.",
                    (long long)job_id(job));
}

int inspect_run(struct job *job, struct err *err)
{
    struct inspection in = decode(job_payload(job));
    struct findings all = {.sink.found = keep_finding, .indexes = in.indexes};
    struct session *s;
    TRY(kv_verify(job_kv(job), err));
    TRY(check_session_open(job_arg(job), &s, err));
    session_works_for(s, job);
    int rc = txn_read_at(s, in.version, err);
    payload_put_u64(&all.progress, in.version);
    if (rc == 0)
        rc = check_target(s, &in, &all.sink, err);
    if (rc == 0)
        rc = job_update(job, 1, buf_view(&all.progress), err);
    session_free(s);
    buf_release(&all.progress);
    return rc != 0 ? rc : all.kept > 0 ? found_something(job, err) : 0;
}

// ---- SHOW INSPECT ERRORS

static void show_finding(struct show *sh, int64_t job, uint64_t version, struct str *progress, struct str table)
{
    struct str fields[6];
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        fields[i] = payload_get_str(progress);
    ptrdiff_t at = str_find(fields[3], STR("@"), 0);
    struct str of = at < 0 ? fields[3] : str_slice(fields[3], 0, (size_t)at);
    if (table.ptr != NULL && !str_eq(of, table))
        return;
    struct datum *row = show_row(sh);
    for (size_t i = 0; i < 5; i++)
        row[i] = datum_str(fields[i]);
    row[5] = datum_int(job);
    row[6] = datum_int((int64_t)(version / 1000));
    if (sh->ast->all) {
        struct buf details = BUF_INIT;
        buf_cstr(&details, "{\"details\": ");
        json_print_string(&details, fields[5]);
        buf_putc(&details, '}');
        row[7] = show_take(sh, &details);
    }
}

// The job asked for, else the newest that has ended and was of the table (or of any).
static const struct cat_job *choose(const struct cat_job *jobs, size_t n, int64_t id, const struct cat_table *t)
{
    for (size_t i = n; i-- > 0;) {
        struct inspection in = decode(jobs[i].payload);
        bool covers = t == NULL || in.id == (in.database ? t->database_id : t->id);
        if (str_eqc(jobs[i].type, "INSPECT") && (id != 0 ? jobs[i].id == id : cat_job_ended(jobs[i].status) && covers))
            return &jobs[i];
    }
    return NULL;
}

#define TEXT(name)            \
    {                         \
        name, TYPE_OID_STRING \
    }
static const struct show_column columns[] = {
    TEXT("error_type"),  TEXT("database_name"),     TEXT("schema_name"),          TEXT("object_name"),
    TEXT("primary_key"), {"job_id", TYPE_OID_INT8}, {"aost", TYPE_OID_TIMESTAMP}, TEXT("details")};

int show_inspect_errors(struct show *sh, struct err *err)
{
    struct session *s = sh->session;
    struct cat_job *jobs;
    size_t n;
    const struct cat_table *t = NULL;
    show_columns(sh, columns, ARRAY_LEN(columns) - !sh->ast->all);
    TRY(cat_check_system_privilege(s->view, s->user, CAT_SYSTEM_INSPECT, err));
    if (sh->ast->object != NULL)
        TRY(show_table(sh, sh->ast->object, &t, err));
    int64_t id = sh->ast->expr != NULL ? ast_as_number(sh->ast->expr)->value : 0;
    TRY(cat_job_list(s->engine->catalog, s->txn, sh->arena, &jobs, &n, err));
    const struct cat_job *job = choose(jobs, n, id, t);
    if (job == NULL)
        return 0;
    struct str progress = job->progress;
    uint64_t version = payload_get_u64(&progress);
    while (progress.ptr != NULL && progress.len > 0)
        show_finding(sh, job->id, version, &progress, t != NULL ? t->name : STR_NONE);
    return 0;
}
