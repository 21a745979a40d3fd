// The transaction state machine.
//
//   NONE --statement--> IMPLICIT --commit--> NONE
//   NONE --BEGIN--> EXPLICIT --COMMIT/ROLLBACK--> NONE
//   EXPLICIT --error--> ABORTED --ROLLBACK, COMMIT (rolls back)--> NONE, --ROLLBACK TO--> EXPLICIT
//   EXPLICIT --RELEASE cockroach_restart--> COMMIT_WAIT --COMMIT/ROLLBACK--> NONE
//
// A savepoint named cockroach_restart (any name with force_savepoint_restart) stands for the transaction itself:
// releasing it commits, rolling back to it starts the transaction again at a new snapshot, with its locks kept.
#include "catalog/zone.h"
#include "catalog/schedules.h"
#include "sql/session/jobs_int.h"
#include "sql/functions/advisory.h"
#include <strings.h>

const char *txn_status_text(const struct session *s)
{
    switch (s->txn_state) {
    case TXN_ABORTED:
        return "Aborted";
    case TXN_COMMIT_WAIT:
        return "CommitWait";
    case TXN_EXPLICIT:
        return "Open";
    case TXN_NONE:
    case TXN_IMPLICIT:
        break;
    }
    return "NoTxn";
}

static void publish_txn(struct session *s, struct kv_txn *txn)
{
    pthread_mutex_lock(&s->engine->mutex);
    atomic_store(&s->waiting_txn, txn);
    pthread_mutex_unlock(&s->engine->mutex);
}

static enum kv_isolation default_isolation(const struct session *s)
{
    const char *name = s->values[SETTING_DEFAULT_TRANSACTION_ISOLATION];
    if (strcmp(name, "read committed") == 0)
        return KV_READ_COMMITTED;
    return strcmp(name, "repeatable read") == 0 ? KV_SNAPSHOT : KV_SERIALIZABLE;
}

static int default_priority(const struct session *s)
{
    const char *name = s->values[SETTING_DEFAULT_TRANSACTION_PRIORITY];
    return strcmp(name, "low") == 0 ? -1 : strcmp(name, "high") == 0 ? 1 : 0;
}

static int open_kv(struct session *s, struct err *err)
{
    struct kv_begin_options options = {.isolation = s->txn_isolation,
                                       .as_of = s->txn_as_of,
                                       .read_only = s->txn_read_only || s->txn_as_of != 0,
                                       .priority = s->txn_priority,
                                       .budget = &s->budget,
                                       .meter = s->engine->meter != NULL ? &s->meter : NULL,
                                       .tag = (uint64_t)s->pid,
                                       .observer = &s->observer};
    enum kv_result r = kv_begin(s->engine->kv, &options, &s->txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = cat_view_open(s->engine->catalog, s->txn, &s->view, err);
    if (rc != 0) {
        kv_abort(s->txn);
        s->txn = NULL;
        return rc;
    }
    s->statement_savepoint = 0;
    s->observed_txn = kv_txn_id(s->txn);
    publish_txn(s, s->txn);
    return 0;
}

// now() and its kin tell the time that is read at.
static void set_as_of(struct session *s, uint64_t version)
{
    s->txn_as_of = version;
    s->txn_read_only = true;
    s->txn_micros = (int64_t)(version / 1000);
}

// default_transaction_use_follower_reads: as of follower_read_timestamp().
static void read_as_followers(struct session *s)
{
    set_as_of(s, (uint64_t)(s->statement_micros - FOLLOWER_READ_MICROS) * 1000);
}

int session_begin(struct session *s, enum txn_state state, struct err *err)
{
    s->txn_isolation = default_isolation(s);
    s->txn_read_only = setting_bool(s, SETTING_DEFAULT_TRANSACTION_READ_ONLY);
    s->txn_priority = default_priority(s);
    s->txn_as_of = 0;
    s->txn_micros = s->statement_micros;
    if (UNLIKELY(setting_bool(s, SETTING_DEFAULT_TRANSACTION_USE_FOLLOWER_READS) && s->job == NULL))
        read_as_followers(s);
    s->statements_in_txn = 0;
    s->rows_read_in_txn = s->rows_written_in_txn = 0;
    s->restarts = 0;
    s->txn_failed_retryable = false;
    s->txn_deadline_ns = state == TXN_EXPLICIT ? deadline_after(setting_int(s, SETTING_TRANSACTION_TIMEOUT)) : 0;
    TRY(open_kv(s, err));
    s->txn_state = state;
    return 0;
}

static void drop_savepoints(struct session *s)
{
    while (s->savepoints != NULL) {
        struct savepoint *sp = s->savepoints;
        s->savepoints = sp->next;
        mem_free(sp->name);
        mem_free(sp);
    }
}

static void close_view(struct session *s)
{
    cat_view_close(s->view);
    s->view = NULL;
}

static void finished(struct session *s, bool committed)
{
    s->txn_state = TXN_NONE;
    activity_txn_end(s, committed);
    s->txns_executed++;
    s->txn_as_of = 0;
    s->txn_deadline_ns = 0;
    s->touched_jobs = false;
    s->touched_roles = false;
    s->touched_insights = false;
    deferred_clear(&s->deferred);
    s->n_changed = 0;
    drop_savepoints(s);
    portals_end_txn(s, committed);
    settings_end_txn(s);
    notify_rewind(s, 0);
    advisory_end_transaction(s->functions.backend_pid);
}

// An explicit transaction's error reaches the client, who is told which row it was.
static int commit_error(struct session *s, const struct cat_txn_summary *summary, int result, struct err *err)
{
    const struct kv_conflict *conflict = s->commit_conflict.key.ptr != NULL ? &s->commit_conflict : NULL;
    struct kv_begin_options options = {.read_only = true, .budget = &s->budget};
    struct kv_txn *txn;
    struct cat_view *view;
    if (conflict == NULL)
        return cat_commit_error(summary, result, err);
    int rc = cat_commit_conflict(summary, conflict, err);
    if (s->txn_state != TXN_EXPLICIT || kv_begin(s->engine->kv, &options, &txn) != KV_OK)
        return rc;
    if (cat_view_open(s->engine->catalog, txn, &view, NULL) == 0) {
        cat_commit_detail(view, conflict, err);
        cat_view_close(view);
    }
    kv_abort(txn);
    return rc;
}

static int commit_kv(struct session *s, struct err *err)
{
    struct kv_txn *txn = s->txn;
    struct cat_txn_summary summary = cat_txn_summarize(txn);
    bool zones_changed = cat_zones_changed(s->view), schedules_changed = cat_schedules_changed(s->view);
    bool left_events = cat_view_left_events(s->view);
    auto_statistics_count(s);
    portals_end_txn(s, true);
    publish_txn(s, NULL);
    s->touched_jobs |= cat_view_left_garbage(s->view);
    close_view(s);
    s->txn = NULL;
    uint64_t version;
    s->commit_conflict = (struct kv_conflict){0};
    enum kv_result r = kv_commit(txn, &version);
    notify_after_commit(s, r == KV_OK, version);
    auto_statistics_start(s, r == KV_OK);
    if (r != KV_OK)
        return commit_error(s, &summary, (int)r, err);
    s->commit_version = version;
    if (s->touched_jobs)
        jobs_adopt(s->engine->jobs);
    s->touched_jobs = false;
    if (UNLIKELY(schedules_changed) && s->engine->schedules != NULL)
        schedules_adopt(s->engine->schedules);
    if (s->touched_roles)
        engine_end_revoked(s->engine);
    s->touched_roles = false;
    if (UNLIKELY(s->touched_insights))
        insights_configure(s->engine);
    s->touched_insights = false;
    if (UNLIKELY(left_events))
        engine_trim_events(s->engine);
    if (UNLIKELY(zones_changed) && s->engine->zones_changed != NULL)
        s->engine->zones_changed(s->engine->zones_changed_arg);
    return 0;
}

static int before_commit(struct session *s, struct err *err)
{
    TRY(constraints_before_commit(s, err));
    return notify_before_commit(s, err);
}

int session_commit(struct session *s, struct err *err)
{
    int rc = before_commit(s, err);
    if (rc != 0) {
        session_rollback(s);
        return rc;
    }
    rc = commit_kv(s, err);
    finished(s, rc == 0);
    return rc;
}

void session_rollback(struct session *s)
{
    portals_end_txn(s, false);
    if (s->txn != NULL) {
        publish_txn(s, NULL);
        close_view(s);
        kv_abort(s->txn);
        s->txn = NULL;
    }
    if (s->txn_state != TXN_NONE)
        finished(s, false);
}

// What the store holds for a failed transaction goes as soon as nothing can bring it back: at once without savepoints,
// and after a conflict, when only a restart is possible. A client that waits before it tries again must not hold up
// others.
void txn_fail(struct session *s, int code)
{
    if (s->txn_state != TXN_EXPLICIT)
        return;
    s->txn_state = TXN_ABORTED;
    s->txn_failed_retryable = code == ERR_SERIALIZATION_FAILURE;
    if (s->txn == NULL || (s->savepoints != NULL && !s->txn_failed_retryable))
        return;
    portals_end_txn(s, false);
    publish_txn(s, NULL);
    close_view(s);
    kv_abort(s->txn);
    s->txn = NULL;
}

int txn_restart(struct session *s, struct err *err)
{
    if (kv_must_reset(s->txn))
        cat_view_forget_locks(s->view);
    enum kv_result r = kv_reset(s->txn);
    if (r != KV_OK)
        return cat_kv_error(s->txn, (int)r, err);
    s->statements_in_txn = 0;
    s->statement_savepoint = 0;
    deferred_clear_checks(&s->deferred);
    notify_rewind(s, 0);
    s->n_changed = 0;
    return cat_view_refresh(s->view, err);
}

// ---- statements of READ COMMITTED
//
// Each reads at its own snapshot. One that meets a newer version of a row it has to change is undone and run again at a
// newer snapshot with the locks it has got, so its conditions are evaluated on what the row is now and all that it
// reads is of one moment. What earlier statements did stays.

static int move_snapshot(struct session *s, struct err *err)
{
    if (kv_now(s->engine->kv) == kv_read_version(s->txn))
        return 0;
    TRY(portals_detach(s, err));
    enum kv_result r = kv_new_statement(s->txn);
    if (r != KV_OK)
        return cat_kv_error(s->txn, (int)r, err);
    return cat_view_refresh(s->view, err);
}

// The time between BEGIN and the first statement is not the transaction's: what is committed in it is no conflict.
static int first_snapshot(struct session *s, struct err *err)
{
    if (kv_now(s->engine->kv) == kv_read_version(s->txn))
        return 0;
    enum kv_result r = kv_refresh(s->txn);
    return r == KV_OK ? cat_view_refresh(s->view, err) : cat_kv_error(s->txn, (int)r, err);
}

struct session_mark session_mark(struct session *s)
{
    return (struct session_mark){notify_mark(s), deferred_mark(&s->deferred)};
}

void session_rewind(struct session *s, struct session_mark mark)
{
    notify_rewind(s, mark.notify);
    deferred_rewind(&s->deferred, mark.deferred);
}

int txn_statement_begin(struct session *s, struct err *err)
{
    if (s->txn != NULL)
        TRY(cat_view_follow(s->view, err));
    if (s->txn_state != TXN_EXPLICIT || s->txn_as_of != 0)
        return 0;
    s->statement_savepoint = 0;
    if (s->statements_in_txn == 0)
        TRY(first_snapshot(s, err));
    if (s->txn_isolation != KV_READ_COMMITTED)
        return 0;
    if (s->statements_in_txn > 0)
        TRY(move_snapshot(s, err));
    s->statement_savepoint = kv_savepoint(s->txn);
    s->statement_mark = session_mark(s);
    return 0;
}

static bool is_first(const struct session *s)
{
    return s->statements_in_txn == 0 && s->savepoints == NULL;
}

bool txn_can_retry(const struct session *s, int code)
{
    return code == ERR_SERIALIZATION_FAILURE && s->txn != NULL && !s->ended_txn &&
           (is_first(s) || (s->statement_savepoint != 0 && !kv_must_reset(s->txn)));
}

int txn_retry(struct session *s, struct err *err)
{
    if (is_first(s))
        return txn_restart(s, err);
    session_rewind(s, s->statement_mark);
    enum kv_result r = kv_rollback_to(s->txn, s->statement_savepoint);
    if (r != KV_OK)
        return cat_kv_error(s->txn, (int)r, err);
    return cat_view_refresh(s->view, err);
}

// ---- procedures

void txn_may_end(struct session *s)
{
    if (s->routine_depth == 0)
        s->may_end_txn = s->txn_state == TXN_IMPLICIT && s->batch_statements <= 1;
}

int txn_end_in_procedure(struct session *s, bool commit, struct err *err)
{
    if (!s->may_end_txn)
        return err_set(err, ERR_INVALID_TRANSACTION_TERMINATION, "invalid transaction termination");
    s->ended_txn = true;
    if (commit)
        TRY(session_commit(s, err));
    else
        session_rollback(s);
    return session_begin(s, TXN_IMPLICIT, err);
}

// What only looks at the session may run in every state.
static bool is_observer(const struct session *s, const struct ast *statement)
{
    if (statement->kind != AST_SHOW)
        return false;
    enum ast_show_what what = ast_as_show(statement)->what;
    if (what == AST_SHOW_COMMIT_TIMESTAMP)
        return s->txn_state == TXN_COMMIT_WAIT;
    return what == AST_SHOW_TRANSACTION_STATUS || what == AST_SHOW_SAVEPOINT_STATUS ||
           what == AST_SHOW_LAST_QUERY_STATISTICS;
}

int txn_check_state(struct session *s, const struct ast *statement, struct err *err)
{
    TRY(session_check_ended(s, err));
    if (s->txn_state == TXN_ABORTED && statement->kind != AST_ROLLBACK && statement->kind != AST_COMMIT &&
        statement->kind != AST_ROLLBACK_TO && !is_observer(s, statement))
        return err_set(err, ERR_IN_FAILED_SQL_TRANSACTION,
                       "current transaction is aborted, commands ignored until end of transaction block");
    if (s->txn_state == TXN_COMMIT_WAIT && statement->kind != AST_COMMIT && statement->kind != AST_ROLLBACK &&
        !is_observer(s, statement))
        return err_set(err, ERR_INVALID_TRANSACTION_STATE,
                       "current transaction is committed, commands ignored until end of transaction block");
    return 0;
}

// ---- modes

// A transaction that is read-only from its start takes no part in conflicts, so it cannot begin to write later.
int txn_set_read_only(struct session *s, bool read_only, struct err *err)
{
    if (s->statements_in_txn > 0 && s->txn_read_only && !read_only)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "transaction read-write mode must be set before any query");
    bool reopens = read_only != s->txn_read_only && s->statements_in_txn == 0 && s->txn != NULL;
    s->txn_read_only = read_only;
    return reopens ? txn_reopen(s, err) : 0;
}

static int apply_modes(struct session *s, const struct ast_txn_modes *m, struct arena *a, struct err *err)
{
    if (m->isolation != AST_ISOLATION_DEFAULT) {
        struct str name = str_of(ast_isolation_sql(m->isolation));
        TRY(setting_set(s, STR("transaction_isolation"), name, false, err));
    }
    if (m->access != AST_ACCESS_DEFAULT) {
        if (m->access == AST_ACCESS_READ_WRITE && (s->txn_as_of != 0 || m->as_of != NULL))
            return err_set(err, ERR_SYNTAX_ERROR, "AS OF SYSTEM TIME specified with READ WRITE mode");
        TRY(txn_set_read_only(s, m->access == AST_ACCESS_READ_ONLY, err));
    }
    if (m->priority != AST_PRIORITY_DEFAULT)
        s->txn_priority = m->priority == AST_PRIORITY_LOW ? -1 : m->priority == AST_PRIORITY_HIGH ? 1 : 0;
    return 0;
}

static void renumber(struct session *s, struct savepoint *sp)
{
    if (sp == NULL)
        return;
    renumber(s, sp->next); // outermost first
    sp->kv = kv_savepoint(s->txn);
}

int txn_reopen(struct session *s, struct err *err)
{
    publish_txn(s, NULL);
    close_view(s);
    kv_abort(s->txn);
    s->txn = NULL;
    TRY(open_kv(s, err));
    renumber(s, s->savepoints);
    return 0;
}

int txn_read_at(struct session *s, uint64_t version, struct err *err)
{
    set_as_of(s, version);
    return txn_reopen(s, err);
}

static int modes(struct session *s, const struct ast *node, struct arena *a, struct err *err)
{
    if (node == NULL)
        return 0;
    const struct ast_txn_modes *m = ast_as_txn_modes(node);
    int priority = s->txn_priority;
    if (s->statements_in_txn > 0 && m->priority != AST_PRIORITY_DEFAULT)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "SET TRANSACTION PRIORITY must be called before any query");
    if (s->statements_in_txn > 0 && m->as_of != NULL)
        return err_set(err, ERR_INVALID_TRANSACTION_STATE,
                       "cannot set fixed timestamp, txn \"sql txn\" already performed reads");
    TRY(apply_modes(s, m, a, err));
    if (m->as_of != NULL) {
        uint64_t version;
        TRY(as_of_version(s, m->as_of, a, &version, err));
        set_as_of(s, version);
    }
    return s->txn_priority != priority || m->as_of != NULL ? txn_reopen(s, err) : 0;
}

// ---- statements

static int begin(struct session *s, const struct ast_begin *b, struct arena *a, struct err *err)
{
    static const char in_progress[] = "there is already a transaction in progress";
    if (s->txn_state == TXN_EXPLICIT && session_dialect_is_postgresql(s)) {
        send_notice(s, ERR_ACTIVE_SQL_TRANSACTION, in_progress);
        return modes(s, b->modes, a, err);
    }
    if (s->txn_state != TXN_NONE && s->txn_state != TXN_IMPLICIT)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "%s", in_progress);
    if (s->txn_state == TXN_IMPLICIT) // inside a batch: what ran before becomes part of the transaction
        s->txn_state = TXN_EXPLICIT;
    else
        TRY(session_begin(s, TXN_EXPLICIT, err));
    int rc = modes(s, b->modes, a, err);
    if (rc != 0)
        session_rollback(s);
    return rc;
}

static int injected_error(struct err *err)
{
    return err_set(err, ERR_SERIALIZATION_FAILURE,
                   "restart transaction: TransactionRetryWithProtoRefreshError: injected by "
                   "`inject_retry_errors_on_commit_enabled` session variable");
}

static int commit(struct session *s, struct str *tag, struct err *err)
{
    *tag = STR("COMMIT");
    switch (s->txn_state) {
    case TXN_NONE:
    case TXN_IMPLICIT:
        send_notice(s, ERR_NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
        return 0;
    case TXN_ABORTED:
        *tag = STR("ROLLBACK");
        session_rollback(s);
        return 0;
    case TXN_COMMIT_WAIT:
        finished(s, true);
        return 0;
    case TXN_EXPLICIT:
        break;
    }
    if (setting_bool(s, SETTING_INJECT_RETRY_ERRORS_ON_COMMIT_ENABLED) && s->restarts < 3) {
        session_rollback(s);
        return injected_error(err);
    }
    return session_commit(s, err);
}

static int rollback(struct session *s)
{
    if (s->txn_state == TXN_NONE || s->txn_state == TXN_IMPLICIT) {
        send_notice(s, ERR_NO_ACTIVE_SQL_TRANSACTION, "there is no transaction in progress");
        return 0;
    }
    session_rollback(s);
    return 0;
}

static bool is_restart_name(const struct session *s, struct str name)
{
    return (name.len >= 17 && strncasecmp(name.ptr, "cockroach_restart", 17) == 0) ||
           setting_bool(s, SETTING_FORCE_SAVEPOINT_RESTART);
}

static struct savepoint *find_savepoint(struct session *s, struct str name)
{
    for (struct savepoint *sp = s->savepoints; sp != NULL; sp = sp->next) {
        if (str_eqc(name, sp->name))
            return sp;
    }
    return NULL;
}

static int no_transaction(const char *what, struct err *err)
{
    return err_set(err, ERR_NO_ACTIVE_SQL_TRANSACTION, "%s can only be used in transaction blocks", what);
}

static int savepoint(struct session *s, const struct ast_savepoint *sv, struct err *err)
{
    if (s->txn_state != TXN_EXPLICIT)
        return no_transaction("SAVEPOINT", err);
    bool restart = is_restart_name(s, sv->name);
    if (restart && s->savepoints != NULL && s->savepoints->restart && s->savepoints->next == NULL)
        return 0; // the one marker is used again
    if (restart && s->savepoints != NULL)
        return err_set(err, ERR_SYNTAX_ERROR, "SAVEPOINT \"%.*s\" cannot be nested", STR_FMT(sv->name));
    if (restart && s->statements_in_txn > 0)
        return err_set(err, ERR_SYNTAX_ERROR, "SAVEPOINT \"%.*s\" needs to be the first statement in a transaction",
                       STR_FMT(sv->name));
    struct savepoint *sp = mem_zalloc(sizeof(*sp));
    sp->name = str_dup_c(sv->name);
    sp->kv = kv_savepoint(s->txn);
    sp->restart = restart;
    sp->initial = s->statements_in_txn == 0;
    sp->mark = session_mark(s);
    sp->next = s->savepoints;
    s->savepoints = sp;
    return 0;
}

static int unknown_savepoint(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_SAVEPOINT_SPECIFICATION, "savepoint \"%.*s\" does not exist", STR_FMT(name));
}

static void pop_until(struct session *s, const struct savepoint *keep)
{
    while (s->savepoints != keep) {
        struct savepoint *sp = s->savepoints;
        s->savepoints = sp->next;
        mem_free(sp->name);
        mem_free(sp);
    }
}

static int release(struct session *s, const struct ast_release *r, struct err *err)
{
    if (s->txn_state != TXN_EXPLICIT)
        return no_transaction("RELEASE SAVEPOINT", err);
    struct savepoint *sp = find_savepoint(s, r->name);
    if (sp == NULL)
        return unknown_savepoint(r->name, err);
    if (!sp->restart) {
        pop_until(s, sp->next);
        return 0;
    }
    if (setting_bool(s, SETTING_INJECT_RETRY_ERRORS_ON_COMMIT_ENABLED) && s->restarts < 3)
        return injected_error(err);
    TRY(before_commit(s, err));
    int rc = commit_kv(s, err);
    s->txn_state = rc == 0 ? TXN_COMMIT_WAIT : TXN_EXPLICIT; // a failure aborts it, see txn_fail
    return rc;
}

static int rollback_to_restart(struct session *s, struct savepoint *sp, struct err *err)
{
    pop_until(s, sp);
    notify_rewind(s, 0);
    if (s->txn == NULL) // the release tried to commit and failed, or the conflict left nothing
        TRY(open_kv(s, err));
    else
        TRY(txn_restart(s, err));
    s->txn_state = TXN_EXPLICIT;
    s->txn_failed_retryable = false;
    s->restarts++;
    s->statements_in_txn = 0;
    return 0;
}

static int rollback_to(struct session *s, const struct ast_rollback_to *r, struct err *err)
{
    if (s->txn_state != TXN_EXPLICIT && s->txn_state != TXN_ABORTED)
        return no_transaction("ROLLBACK TO SAVEPOINT", err);
    struct savepoint *sp = find_savepoint(s, r->name);
    if (sp == NULL)
        return unknown_savepoint(r->name, err);
    if (sp->restart)
        return rollback_to_restart(s, sp, err);
    if (s->txn_failed_retryable || s->txn == NULL) {
        if (sp->initial) // nothing came before it: the same as starting again
            return rollback_to_restart(s, sp, err);
        return err_set(err, ERR_SERIALIZATION_FAILURE,
                       "restart transaction: TransactionRetryWithProtoRefreshError: cannot rollback to savepoint after "
                       "a transaction restart");
    }
    enum kv_result kr = kv_rollback_to(s->txn, sp->kv);
    if (kr != KV_OK)
        return cat_kv_error(s->txn, (int)kr, err);
    session_rewind(s, sp->mark);
    s->schema_serial++;
    pop_until(s, sp);
    s->txn_state = TXN_EXPLICIT;
    return cat_view_refresh(s->view, err);
}

static int set_transaction(struct session *s, const struct ast_set_transaction *st, struct arena *a, struct err *err)
{
    const struct ast_txn_modes *m = ast_as_txn_modes(st->modes);
    if (st->session) {
        if (m->isolation != AST_ISOLATION_DEFAULT)
            TRY(setting_set(s, STR("default_transaction_isolation"), str_of(ast_isolation_sql(m->isolation)), false,
                            err));
        if (m->access != AST_ACCESS_DEFAULT)
            TRY(setting_set(s, STR("default_transaction_read_only"),
                            m->access == AST_ACCESS_READ_ONLY ? STR("on") : STR("off"), false, err));
        if (m->priority != AST_PRIORITY_DEFAULT)
            TRY(setting_set(s, STR("default_transaction_priority"), str_of(ast_priority_sql(m->priority)), false, err));
        return 0;
    }
    if (s->txn_state != TXN_EXPLICIT) {
        send_notice(s, ERR_NO_ACTIVE_SQL_TRANSACTION, "SET TRANSACTION can only be used in transaction blocks");
        return 0;
    }
    return modes(s, st->modes, a, err);
}

int txn_run(struct session *s, const struct ast *statement, struct str *tag, struct arena *a, struct err *err)
{
    *tag = str_of(ast_tag(statement));
    switch (statement->kind) {
    case AST_BEGIN:
        return begin(s, ast_as_begin(statement), a, err);
    case AST_COMMIT: {
        bool chain = ast_as_commit(statement)->chain;
        TRY(commit(s, tag, err));
        return chain ? session_begin(s, TXN_EXPLICIT, err) : 0;
    }
    case AST_ROLLBACK: {
        bool chain = ast_as_rollback(statement)->chain;
        TRY(rollback(s));
        return chain ? session_begin(s, TXN_EXPLICIT, err) : 0;
    }
    case AST_SAVEPOINT:
        return savepoint(s, ast_as_savepoint(statement), err);
    case AST_RELEASE:
        return release(s, ast_as_release(statement), err);
    case AST_ROLLBACK_TO:
        return rollback_to(s, ast_as_rollback_to(statement), err);
    case AST_SET_TRANSACTION:
        if (ast_as_set_transaction(statement)->session)
            *tag = STR("SET");
        return set_transaction(s, ast_as_set_transaction(statement), a, err);
    default:
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s", ast_tag(statement));
        return ERR_FEATURE_NOT_SUPPORTED;
    }
}
