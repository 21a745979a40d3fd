// Schema changes of large tables without stopping their writers: a job.
//
//   1. the statement is run with its long part left out (ddl_context.online_job): new indexes are write-only, new
//      constraints pending. Who writes rows from then on keeps them, nobody relies on them
//   2. the entries of rows there were before are put, a piece of the table at a time, each piece in a transaction of
//      its own that validates what it has read: a row changed meanwhile is read again. Of a unique index, pieces are
//      put once more until none is missing: a duplicate removed in between takes the entry of its twin with it
//   3. constraints are compared with the rows, a piece at a time: a row changed meanwhile was checked by its writer
//   4. all becomes public together with the job's success (ddl_online_publish)
//
// After a crash the job goes on at the piece it was at. When it fails or is canceled what it was to make goes away
// again (ddl_online_revert). Small tables and explicit transactions do not come here: their changes are part of the
// transaction. One job at a time changes a table (cat_table.job); other schema changes of it wait, or fail with 55006.
//
// The first and the last step need the table's lock, for which open writers have to end. While the job asks for it new
// writers wait behind it, so it asks for a moment only, lets them through and asks again; after
// sql.online_index.writers_wait it goes on without: who still writes ends in 40001.
#include "keys/keys.h"
#include "sql/session/jobs_int.h"
#include "sql/session/show_int.h"
#include "sql/virtual/virtual.h"
#include "types/datetime.h"
#include <unistd.h>

enum {
    PIECE_ROWS = 2000,      // to begin with
    PIECE_ROWS_MAX = 16000, // while nobody comes in between
    PIECE_ROWS_MIN = 8,
    PIECE_ATTEMPTS_MAX = 1000,
    BUSY_POLL_US = 5000,
    LOCK_MOMENT_NS = 50000000,   // new writers of the table wait no longer than this …
    LOCK_LAST_NS = 1000000000,   // but for the last time …
    LET_THROUGH_US = 100000,     // and then have this long to go on
    LET_THROUGH_MAX_US = 800000, // when it takes longer
};

enum task_kind { TASK_INDEX, TASK_CHECK, TASK_FOREIGN_KEY };
struct task {
    enum task_kind kind;
    size_t at; // in the table's list
};

// Payload: statement, database, search path. Progress: table, tasks done, passes over the one at work, whether this
// pass has put entries, the key where it is.
struct online {
    struct job *job;
    struct session *session;
    struct arena arena;
    uint32_t table_id;
    uint64_t tasks_done, passes;
    bool put_any;
    struct str at;            // empty: the beginning
    struct table_piece piece; // counts when its transaction is committed
    uint32_t piece_rows;
    uint32_t let_through_us;
    int64_t rows; // of the table, for the fraction done
    int64_t rows_seen;
    size_t n_tasks;
    bool reverting; // goes on whatever is asked of the job
};

// ---- the statement

static int threshold(struct session *s, int64_t *out, struct err *err)
{
    struct datum d;
    struct arena a;
    arena_init(&a, NULL);
    int rc = cluster_setting_get(s->view, "sql.online_index.min_rows", &a, &d, err);
    arena_release(&a);
    *out = rc == 0 ? d.i : 0;
    return rc;
}

static bool find_call(void *arg, struct ast *n)
{
    *(bool *)arg |= n->kind == AST_FUNC_CALL;
    return true;
}

// A new column whose rows may each have a value of their own.
static bool has_values(const struct ast_column_def *def)
{
    bool found = false;
    for (size_t i = 0; i < def->constraints.n; i++) {
        const struct ast_constraint *c = ast_as_constraint(def->constraints.items[i]);
        if (c->kind == AST_CONSTRAINT_DEFAULT)
            ast_walk(c->expr, find_call, &found);
        found |= c->kind == AST_CONSTRAINT_COMPUTED_STORED;
    }
    return found;
}

// Whether one command of ALTER TABLE may look at or write all rows.
static bool takes_long(const struct ast_alter_table_cmd *cmd)
{
    switch (cmd->action) {
    case AST_ALTER_ADD_COLUMN:
        return has_values(ast_as_column_def(cmd->def));
    case AST_ALTER_ADD_CONSTRAINT:
        return !ast_as_constraint(cmd->def)->not_valid;
    case AST_ALTER_ADD_INDEX:
    case AST_ALTER_VALIDATE_CONSTRAINT:
    case AST_ALTER_COLUMN_SET_NOT_NULL:
    case AST_ALTER_COLUMN_TYPE:
    case AST_ALTER_PRIMARY_KEY:
        return true;
    default:
        return false;
    }
}

// The table that a statement changes in a way that may be left to a job, NULL: it does not.
static const struct ast *table_of(const struct ast *ast)
{
    if (ast->kind == AST_CREATE_INDEX)
        return ast_as_create_index(ast)->table;
    if (ast->kind != AST_ALTER_TABLE || ast_as_alter_table(ast)->cmds.n != 1)
        return NULL;
    const struct ast_alter_table *alter = ast_as_alter_table(ast);
    return takes_long(ast_as_alter_table_cmd(alter->cmds.items[0])) ? alter->name : NULL;
}

bool online_by_itself(const struct session *s)
{
    return s->job == NULL && s->routine_depth == 0 && s->txn_state == TXN_IMPLICIT && s->statements_in_txn == 0 &&
           s->batch_statements <= 1;
}

int online_await_turn(struct session *s, struct err *err)
{
    err_reset(err);
    session_rollback(s);
    block_enter();
    usleep(BUSY_POLL_US);
    block_leave();
    TRY(session_interrupted(s, err));
    return session_begin(s, TXN_IMPLICIT, err);
}

int online_wanted(struct session *s, const struct ast *ast, bool *out, struct err *err)
{
    struct show sh = {.session = s, .view = s->view};
    const struct ast *name = table_of(ast);
    const struct cat_table *t;
    int64_t rows, min;
    *out = false;
    if (name == NULL || !online_by_itself(s) || s->txn_read_only || show_table(&sh, name, &t, NULL) != 0 ||
        t->kind != CAT_TABLE)
        return 0;
    TRY(cat_row_count(s->view, t->id, &rows, err));
    TRY(threshold(s, &min, err));
    *out = rows >= min;
    return 0;
}

int run_online(struct session *s, const struct ast *ast, struct err *err)
{
    struct buf payload = BUF_INIT, text = BUF_INIT;
    struct job *job;
    ast_print(&text, ast, AST_PRINT_DEFAULT);
    payload_put_str(&payload, buf_view(&text));
    payload_put_str(&payload, str_of(s->values[SETTING_DATABASE]));
    payload_put_str(&payload, str_of(setting_text(s, SETTING_SEARCH_PATH)));
    int rc = session_start_job(s, "NEW SCHEMA CHANGE", ast, buf_view(&payload), &job, err);
    if (rc == 0) {
        rc = job_wait(job, session_interrupted, s, err);
        job_unref(job);
    }
    buf_release(&payload);
    buf_release(&text);
    return rc;
}

// ---- progress

static void encode_progress(const struct online *o, struct buf *out)
{
    payload_put_u64(out, o->table_id);
    payload_put_u64(out, o->tasks_done);
    payload_put_u64(out, o->passes);
    payload_put_u64(out, o->put_any);
    payload_put_str(out, o->at);
}

static void decode_progress(struct online *o)
{
    struct str progress = job_progress(o->job);
    if (progress.len == 0)
        return;
    o->table_id = (uint32_t)payload_get_u64(&progress);
    o->tasks_done = payload_get_u64(&progress);
    o->passes = payload_get_u64(&progress);
    o->put_any = payload_get_u64(&progress) != 0;
    // The job may have begun in another cluster, of which this one is a copy.
    o->at = key_in_cluster(&o->arena, payload_get_str(&progress), catalog_cluster(job_catalog(o->job)));
    o->at = arena_str(&o->arena, o->at);
}

// What is done of all: whole tasks, and rows of the one at work.
static double fraction(const struct online *o)
{
    double seen = o->rows > 0 ? (double)MIN(o->rows_seen, o->rows) / (double)o->rows : 0;
    return o->n_tasks > 0 ? ((double)o->tasks_done + (o->passes > 0 ? 0.9 : 0.9 * seen)) / (double)o->n_tasks : 0;
}

static int store_progress(struct online *o, struct err *err)
{
    struct buf progress = BUF_INIT;
    encode_progress(o, &progress);
    int rc = job_update(o->job, fraction(o), buf_view(&progress), err);
    buf_release(&progress);
    return rc;
}

// ---- steps in transactions of the job's session

static int writers_wait(struct session *s, int64_t *out_ns, struct err *err)
{
    struct datum d;
    struct arena a;
    arena_init(&a, NULL);
    int rc = cluster_setting_get(s->view, "sql.online_index.writers_wait", &a, &d, err);
    arena_release(&a);
    *out_ns = rc == 0 ? MIN(interval_to_micros(d.iv), INT64_MAX / 1000) * 1000 : 0;
    return rc;
}

// How the attempt at hand asks for the table's lock.
static int choose_lock(struct online *o, int64_t began_ns, struct err *err)
{
    int64_t wait_ns;
    TRY(writers_wait(o->session, &wait_ns, err));
    bool patient = clock_mono_ns() - began_ns < wait_ns;
    o->session->online_lock = (struct online_lock){patient ? LOCK_MOMENT_NS : LOCK_LAST_NS, !patient};
    return 0;
}

// Whether the work is to be tried again although nothing has come in between: after a while.
static bool must_wait(struct online *o, int rc)
{
    bool writers = rc == ERR_LOCK_NOT_AVAILABLE && !o->session->online_lock.optional;
    if (writers) {
        usleep(o->let_through_us);
        o->let_through_us = MIN(o->let_through_us * 2, (uint32_t)LET_THROUGH_MAX_US);
    } else if (rc == ERR_OBJECT_IN_USE) { // another job changes the table
        usleep(BUSY_POLL_US);
    }
    return writers || rc == ERR_OBJECT_IN_USE;
}

static int in_txn(struct online *o, int (*work)(struct online *o, struct err *err), struct err *err)
{
    struct session *s = o->session;
    struct job_mark before = job_mark(o->job);
    int64_t began_ns = clock_mono_ns();
    int rc = 0;
    o->let_through_us = LET_THROUGH_US;
    for (int attempt = 0; attempt < PIECE_ATTEMPTS_MAX;) {
        err_reset(err);
        if (!o->reverting)
            TRY(job_check(o->job, err));
        statement_clock_start(s);
        TRY(session_begin(s, TXN_IMPLICIT, err));
        rc = choose_lock(o, began_ns, err);
        rc = rc == 0 ? work(o, err) : rc;
        rc = rc == 0 ? session_commit(s, err) : rc;
        if (rc != 0) {
            session_rollback(s);
            job_reset(o->job, before);
        }
        if (must_wait(o, rc))
            continue;
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
        attempt++;
        o->piece_rows = MAX(o->piece_rows / 2, (uint32_t)PIECE_ROWS_MIN);
    }
    return rc;
}

static int prepare(struct online *o, struct err *err)
{
    struct session *s = o->session;
    struct str payload = job_payload(o->job);
    struct parsed_statements parsed;
    struct parse_options options = {.default_int_size = 8};
    struct ddl_result result;
    struct buf progress = BUF_INIT;
    TRY(parse_sql(&o->arena, payload_get_str(&payload), &options, &parsed, err));
    TRY(run_ddl_online(s, parsed.items[0].ast, &o->arena, job_id(o->job), &result, err));
    o->table_id = result.online_table_id;
    if (o->table_id == 0) // it is done
        return job_finish_in(o->job, s->txn, STR_EMPTY, err);
    encode_progress(o, &progress);
    int rc = job_update_in(o->job, s->txn, 0, buf_view(&progress), err);
    buf_release(&progress);
    return rc;
}

static int find(struct online *o, const struct cat_table **t, struct err *err)
{
    TRY(cat_table_by_id(o->session->view, o->table_id, t, err));
    if (*t == NULL || (*t)->job != job_id(o->job))
        return err_set(err, ERR_UNDEFINED_OBJECT, "the table was dropped while the job was changing it");
    return cat_table_depend(o->session->view, *t, true, err);
}

// The task at work; false: all are done.
static bool current_task(const struct online *o, const struct cat_table *t, struct task *out, size_t *n)
{
    *n = 0;
    bool found = false;
#define TASKS(task_kind, list, count, condition)  \
    for (size_t i = 0; i < (count); i++) {        \
        if (!(condition))                         \
            continue;                             \
        if ((*n)++ == o->tasks_done) {            \
            *out = (struct task){(task_kind), i}; \
            found = true;                         \
        }                                         \
    }
    TASKS(TASK_INDEX, indexes, t->n_indexes, t->indexes[i].state == CAT_INDEX_WRITE_ONLY)
    TASKS(TASK_CHECK, checks, t->n_checks, t->checks[i].pending != CAT_PENDING_NONE)
    TASKS(TASK_FOREIGN_KEY, outbound, t->n_outbound, t->outbound[i].pending != CAT_PENDING_NONE)
#undef TASKS
    return found;
}

static int do_piece(struct online *o, struct err *err)
{
    struct session *s = o->session;
    const struct cat_table *t;
    struct task task;
    o->piece = (struct table_piece){.start = o->at, .rows_max = o->piece_rows, .arena = &o->arena};
    TRY(find(o, &t, err));
    TRY(cat_row_count(s->view, t->id, &o->rows, err));
    if (!current_task(o, t, &task, &o->n_tasks))
        return 0;
    switch (task.kind) {
    case TASK_INDEX:
        return session_backfill_piece(s, t, &t->indexes[task.at], &o->piece, err);
    case TASK_CHECK:
        return session_validate_check(s, t, &t->checks[task.at], &o->piece, err);
    case TASK_FOREIGN_KEY:
        return session_validate_foreign_key(s, t, &t->outbound[task.at], &o->piece, err);
    }
    return 0;
}

static int do_pass(struct online *o, struct err *err)
{
    o->rows_seen = 0;
    do {
        TRY(in_txn(o, do_piece, err));
        o->at = o->piece.next;
        o->put_any |= o->piece.put > 0;
        o->rows_seen += o->piece.rows_max;
        o->piece_rows = MIN(o->piece_rows * 2, (uint32_t)PIECE_ROWS_MAX);
        TRY(store_progress(o, err));
        TRY(job_pausepoint(o->job, "online.after_piece", err));
    } while (o->at.len > 0);
    o->passes++;
    return 0;
}

struct situation {
    bool more;   // tasks are left
    bool unique; // … the one at work is a unique index
};

static int look(struct online *o, struct situation *out, struct err *err)
{
    const struct cat_table *t;
    struct task task;
    TRY(session_begin(o->session, TXN_IMPLICIT, err));
    int rc = find(o, &t, err);
    out->more = rc == 0 && current_task(o, t, &task, &o->n_tasks);
    out->unique = out->more && task.kind == TASK_INDEX && t->indexes[task.at].unique &&
                  !cat_index_keeps_key(t, &t->indexes[task.at]);
    session_rollback(o->session);
    return rc;
}

static int do_tasks(struct online *o, struct err *err)
{
    struct situation now;
    for (;;) {
        TRY(look(o, &now, err));
        if (!now.more)
            return 0;
        do {
            if (o->at.len == 0)
                o->put_any = false;
            TRY(do_pass(o, err));
            TRY(store_progress(o, err));
        } while (now.unique && o->put_any);
        o->tasks_done++;
        o->passes = 0;
        TRY(store_progress(o, err));
    }
}

static int publish(struct online *o, struct err *err)
{
    const struct cat_table *t;
    TRY(find(o, &t, err));
    cat_view_set_lock_wait(o->session->view, o->session->online_lock.wait_ns, o->session->online_lock.optional);
    TRY(ddl_online_publish(o->session->view, &o->arena, t->id, err));
    return job_finish_in(o->job, o->session->txn, STR_EMPTY, err);
}

// ---- the job

static int open_session(struct online *o, struct job *job, struct err *err)
{
    struct str payload = job_payload(job);
    (void)payload_get_str(&payload); // the statement
    struct session_options options = {.user = job_owner(job),
                                      .database = payload_get_str(&payload),
                                      .client_address = STR("internal"),
                                      .auth_method = STR(INTERNAL_AUTH_METHOD)};
    *o = (struct online){.job = job, .piece_rows = PIECE_ROWS};
    TRY(session_new(job_arg(job), &options, &o->session, err));
    arena_init(&o->arena, NULL);
    session_works_for(o->session, job);
    decode_progress(o);
    // A piece is right only if nothing it has read has changed when it is committed.
    TRY(setting_set(o->session, STR("default_transaction_isolation"), STR("serializable"), false, err));
    return setting_set(o->session, STR("search_path"), payload_get_str(&payload), false, err);
}

static void close_session(struct online *o)
{
    if (o->session == NULL)
        return;
    session_free(o->session);
    arena_release(&o->arena);
}

int online_run(struct job *job, struct err *err)
{
    struct online o;
    int rc = open_session(&o, job, err);
    if (rc == 0 && o.table_id == 0)
        rc = in_txn(&o, prepare, err);
    if (rc == 0 && o.table_id != 0)
        rc = job_pausepoint(job, "online.before_pieces", err);
    if (rc == 0 && o.table_id != 0)
        rc = do_tasks(&o, err);
    if (rc == 0 && o.table_id != 0)
        rc = job_pausepoint(job, "online.before_publish", err);
    if (rc == 0 && o.table_id != 0)
        rc = in_txn(&o, publish, err);
    close_session(&o);
    return rc;
}

static int give_up(struct online *o, struct err *err)
{
    return ddl_online_revert(o->session->view, &o->arena, o->table_id, job_id(o->job), err);
}

int online_revert(struct job *job, struct err *err)
{
    struct online o;
    int rc = open_session(&o, job, err);
    o.reverting = true;
    if (rc == 0 && o.table_id != 0) {
        o.session->job = NULL; // it is asked to stop, which must not stop this
        rc = in_txn(&o, give_up, err);
    }
    close_session(&o);
    return rc;
}
