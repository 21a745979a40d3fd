// Portals: Bind, Execute, Sync, and SQL cursors (DECLARE, FETCH, MOVE, CLOSE), which are portals with a name.
#include "sql/session/plpgsql_int.h"
#include "sql/session/as_of_int.h"

enum { RETRIES_MAX = 100 };

static struct portal *portal_find(struct session *s, struct str name)
{
    return map_get(&s->portals, name);
}

static void stop(struct session *s, struct portal *p)
{
    execution_free(p->execution);
    p->execution = NULL;
    if (p->running_plan != NULL)
        prepared_plan_free_in(s->engine, p->running_plan);
    p->running_plan = NULL;
    pl_plan_done(s, p->pl_plan);
    p->pl_plan = NULL;
}

void portal_free(struct session *s, struct portal *p)
{
    stop(s, p);
    if (s->implicit_portal == p)
        s->implicit_portal = NULL;
    if (p->held_ready)
        row_buffer_release(p->held);
    prepared_release(s, p->statement);
    arena_release(&p->arena);
    mem_free(p);
}

// At the end of a transaction only held cursors stay.
void portals_end_txn(struct session *s, bool committed)
{
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->portals, &it)) != NULL;) {
        struct portal *p = e->value;
        if (committed && p->hold && p->held_ready)
            continue;
        if (p == s->implicit_portal && p->execution == NULL)
            continue; // may have to run again
        map_remove(&s->portals, e->key);
        portal_free(s, p);
    }
}

int portals_detach(struct session *s, struct err *err)
{
    struct map_entry *e;
    for (size_t it = 0; (e = map_next(&s->portals, &it)) != NULL;) {
        struct portal *p = e->value;
        if (p->state == PORTAL_RUNNING && !p->held_ready)
            TRY(row_buffer_fill(s, p, err));
    }
    return 0;
}

static struct portal *portal_new(struct session *s, struct str name, struct prepared *statement)
{
    struct portal *p = mem_zalloc(sizeof(*p));
    arena_init(&p->arena, NULL);
    p->name = arena_str(&p->arena, name);
    p->statement = statement;
    statement->refs++;
    return p;
}

static void portal_put(struct session *s, struct portal *p)
{
    struct portal *before = map_put(&s->portals, p->name, p);
    if (before != NULL)
        portal_free(s, before);
}

// ---- Bind

// Text of a REGCLASS and its kin may be a name, which only the catalog knows.
static int bind_name(struct session *s, struct portal *p, struct type t, struct str text, struct datum *out,
                     struct err *err)
{
    struct eval_context ec;
    if (s->txn_state == TXN_NONE)
        TRY(session_begin(s, TXN_IMPLICIT, err));
    eval_context_init(s, &ec, &p->arena);
    return cast_datum(&ec, T_STRING, t, true, datum_str(text), out, err);
}

static int bind_text(struct session *s, struct portal *p, struct type t, struct str text, struct datum *out,
                     struct err *err)
{
    bool may_be_name = t.family == TYPE_OID && t.oid != TYPE_OID_OID;
    if (may_be_name && (text.len == 0 || text.ptr[0] < '0' || text.ptr[0] > '9'))
        return bind_name(s, p, t, text, out, err);
    return datum_parse(&p->arena, t, text, &s->vc, out, err);
}

static int bind_value(struct session *s, struct portal *p, size_t i, const struct bind_arguments *b, struct err *err)
{
    const struct bind_value *v = &b->values[i];
    struct type t = p->statement->parameter_types[i];
    if (v->null) {
        p->parameters[i] = DATUM_NULL;
        return 0;
    }
    int16_t format = b->n_parameter_formats == 0   ? 0
                     : b->n_parameter_formats == 1 ? b->parameter_formats[0]
                                                   : b->parameter_formats[i];
    struct str bytes = arena_str(&p->arena, v->bytes);
    int rc = format == 1 ? datum_from_binary(&p->arena, t, bytes, &p->parameters[i], err)
                         : bind_text(s, p, t, bytes, &p->parameters[i], err);
    if (rc != 0)
        return err_wrap(err, "error in argument for $%zu", i + 1);
    if ((t.family == TYPE_STRING || t.family == TYPE_COLLATED) && !utf8_valid(p->parameters[i].s))
        return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid UTF-8 sequence in argument for $%zu", i + 1);
    return datum_fit(&p->arena, t, false, p->parameters[i], &p->parameters[i], err);
}

static int bind_formats(struct portal *p, const struct bind_arguments *b, struct err *err)
{
    size_t n = p->statement->n_columns;
    if (b->n_result_formats > 1 && b->n_result_formats != n)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "expected 0, 1, or %zu for number of format codes, got %zu", n,
                       b->n_result_formats);
    p->formats = ARENA_ARRAY(&p->arena, int16_t, n);
    for (size_t i = 0; i < n && b->n_result_formats > 0; i++)
        p->formats[i] = b->result_formats[b->n_result_formats == 1 ? 0 : i];
    return 0;
}

static int bind(struct session *s, const struct bind_arguments *b, struct err *err)
{
    struct prepared *st = prepared_find(s, b->statement);
    if (st == NULL)
        return err_set(err, ERR_INVALID_SQL_STATEMENT_NAME, "prepared statement \"%.*s\" does not exist",
                       STR_FMT(b->statement));
    if (b->portal.len > 0 && portal_find(s, b->portal) != NULL)
        return err_set(err, ERR_DUPLICATE_CURSOR, "portal \"%.*s\" already exists", STR_FMT(b->portal));
    size_t n = st->parameter_types != NULL ? st->n_parameters : 0;
    if (b->n_values != n)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "expected %zu arguments, got %zu", n, b->n_values);
    if (b->n_parameter_formats > 1 && b->n_parameter_formats != n)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "wrong number of format codes specified: %zu for %zu arguments",
                       b->n_parameter_formats, n);
    if (st->ast != NULL)
        TRY(txn_check_state(s, st->ast, err));
    TRY(prepared_types_now(s, st, err));
    struct portal *p = portal_new(s, b->portal, st);
    p->parameters = ARENA_ARRAY(&p->arena, struct datum, n);
    int rc = bind_formats(p, b, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = bind_value(s, p, i, b, err);
    if (rc != 0) {
        portal_free(s, p);
        return rc;
    }
    portal_put(s, p);
    return 0;
}

int session_bind(struct session *s, const struct bind_arguments *b, struct err *err)
{
    int rc = bind(s, b, err);
    if (rc != 0)
        txn_fail(s, rc);
    return rc;
}

static int no_portal(struct str name, struct err *err)
{
    return err_set(err, ERR_INVALID_CURSOR_NAME, "unknown portal \"%.*s\"", STR_FMT(name));
}

int session_describe_portal(struct session *s, struct str name, struct statement_description *out, struct err *err)
{
    struct portal *p = portal_find(s, name);
    if (p == NULL) {
        txn_fail(s, ERR_INVALID_CURSOR_NAME);
        return no_portal(name, err);
    }
    const struct prepared *st = p->statement;
    if (p->formats == NULL)
        p->formats = ARENA_ARRAY(&p->arena, int16_t, st->n_columns);
    *out = (struct statement_description){
        .columns = st->columns, .n_columns = st->n_columns, .returns_rows = st->returns_rows, .formats = p->formats};
    return 0;
}

void session_close_portal(struct session *s, struct str name)
{
    struct portal *p = map_remove(&s->portals, name);
    if (p != NULL)
        portal_free(s, p);
}

// ---- Execute

static bool is_plan(const struct prepared *st)
{
    return st->plan != NULL;
}

static int start(struct session *s, struct portal *p, struct err *err)
{
    struct statement_plan *plan;
    TRY(prepared_plan_locked(s, p->statement, &plan, err));
    p->running_plan = p->statement->plan;
    p->running_plan->refs++;
    int rc = check_full_scans(s, plan, err);
    if (rc == 0)
        rc = execution_start(s, plan, p->parameters, &p->execution, err);
    if (rc == 0) {
        p->execution->formats = p->formats;
        p->state = PORTAL_RUNNING;
    } else {
        stop(s, p);
    }
    return rc;
}

// Runs a query portal; *tag has length 0 when it was suspended.
static int run_query_portal(struct session *s, struct portal *p, int64_t max_rows, struct arena *a, struct str *tag,
                            uint64_t *sent, struct err *err)
{
    if (p->state == PORTAL_READY)
        TRY(start(s, p, err));
    bool done;
    if (p->held_ready)
        TRY(row_buffer_send(s, p, max_rows > 0 ? (uint64_t)max_rows : UINT64_MAX, sent, &done, err));
    else
        TRY(execution_send(s, p->execution, max_rows > 0 ? (uint64_t)max_rows : 0, sent, &done, err));
    p->rows_sent += *sent;
    if (!done) {
        *tag = STR_EMPTY;
        return 0;
    }
    const struct ast *ast = p->statement->ast;
    uint64_t rows = ast->kind == AST_SELECT ? *sent : p->execution->x.rows_affected;
    *tag = statement_tag(a, ast, rows);
    s->activity.run.rows = rows;
    stop(s, p);
    p->state = PORTAL_DONE;
    return 0;
}

static int run_portal(struct session *s, struct portal *p, int64_t max_rows, struct arena *a, struct str *tag,
                      bool *suspended, struct err *err)
{
    struct prepared *st = p->statement;
    *suspended = false;
    if (is_plan(st)) {
        uint64_t sent;
        struct statement_input query = {
            .ast = st->ast, .text = st->text, .parameters = p->parameters, .prepared = p->statement};
        if (p->state == PORTAL_READY)
            TRY(query_begin(s, &query, a, err));
        TRY(run_query_portal(s, p, max_rows, a, tag, &sent, err));
        *suspended = tag->len == 0;
        return 0;
    }
    struct statement_input in = {.ast = st->ast, .text = st->text, .parameters = p->parameters, .prepared = st};
    s->implicit_portal = p; // a procedure may end the transaction: the portal stays
    int rc = run_statement(s, &in, false, a, tag, err);
    p->state = PORTAL_DONE;
    return rc;
}

static int execute_control(struct session *s, const struct prepared *st, struct arena *a, struct err *err)
{
    struct str tag;
    if (s->txn_state == TXN_IMPLICIT) {
        if (st->ast->kind == AST_BEGIN && s->statements_in_txn == 0)
            session_rollback(s); // only Parse and Bind have used it
        else if (st->ast->kind != AST_BEGIN)
            TRY(session_commit(s, err));
    }
    TRY(txn_run(s, st->ast, &tag, a, err));
    s->sink->ops->complete(s->sink, tag);
    return 0;
}

// A portal that goes on, and FETCH, stay at the snapshot where they are.
static int begin_portal(struct session *s, const struct portal *p, struct err *err)
{
    if (p->state == PORTAL_READY && p->statement->ast->kind != AST_FETCH)
        return txn_statement_begin(s, err);
    s->statement_savepoint = 0;
    return 0;
}

static int execute_once(struct session *s, struct portal *p, int64_t max_rows, struct arena *a, struct err *err)
{
    if (s->txn_state == TXN_NONE) {
        s->implicit_mark = s->sink->ops->mark(s->sink);
        TRY(session_begin(s, TXN_IMPLICIT, err));
        s->implicit_executes = 0;
    } else if (s->implicit_executes == 0) {
        s->implicit_mark = s->sink->ops->mark(s->sink);
    }
    size_t mark = s->sink->ops->mark(s->sink);
    s->ended_txn = false;
    for (uint32_t attempt = 0;; attempt++) {
        struct str tag;
        bool suspended;
        int rc = begin_portal(s, p, err);
        if (rc == 0)
            rc = run_portal(s, p, max_rows, a, &tag, &suspended, err);
        if (rc == 0) {
            s->statements_in_txn++;
            s->implicit_executes++;
            s->implicit_portal = s->implicit_executes == 1 && p->state == PORTAL_DONE ? p : NULL;
            if (suspended)
                s->sink->ops->suspended(s->sink);
            else
                s->sink->ops->complete(s->sink, tag);
            return 0;
        }
        stop(s, p);
        p->state = PORTAL_FAILED;
        bool again =
            txn_can_retry(s, rc) && p->rows_sent == 0 && attempt < RETRIES_MAX && s->sink->ops->rewind(s->sink, mark);
        if (!again)
            return rc;
        err_reset(err);
        p->state = PORTAL_READY;
        s->activity.txn.retries++;
        session_backoff(attempt);
        TRY(session_interrupted(s, err));
        TRY(txn_retry(s, err));
    }
}

static int execute(struct session *s, struct str name, int64_t max_rows, struct arena *a, struct err *err)
{
    struct portal *p = portal_find(s, name);
    if (p == NULL)
        return no_portal(name, err);
    const struct prepared *st = p->statement;
    if (st->ast == NULL) {
        s->sink->ops->empty(s->sink);
        return 0;
    }
    session_show_statement(s, st->ast, st->text);
    TRY(txn_check_state(s, st->ast, err));
    if (p->state == PORTAL_DONE) {
        s->sink->ops->complete(s->sink, statement_tag(a, st->ast, 0));
        return 0;
    }
    if (ast_is_txn_control(st->ast))
        return execute_control(s, st, a, err);
    if (st->ast->kind == AST_COPY) {
        struct str tag;
        bool in_progress = false;
        if (s->txn_state == TXN_NONE)
            TRY(session_begin(s, TXN_IMPLICIT, err));
        TRY(copy_start(s, st->ast, a, &tag, &in_progress, err));
        if (in_progress)
            copy_by_execute(s);
        else
            s->sink->ops->complete(s->sink, tag);
        return 0;
    }
    activity_begin(s, st->ast, st->text, p->statement);
    return execute_once(s, p, max_rows, a, err);
}

int session_execute(struct session *s, struct str name, int64_t max_rows, struct result_sink *sink, struct err *err)
{
    struct arena a;
    arena_init(&a, &s->budget);
    session_call_begin(s, sink);
    metering_begin(s);
    statement_clock_start(s);
    int rc = execute(s, name, max_rows, &a, err);
    if (rc != 0) {
        rc = session_final_error(s, rc, err);
        s->activity.run.code = rc;
        txn_fail(s, rc);
        s->protocol_failed = true;
    }
    session_show_query(s, STR_NONE);
    session_call_end(s);
    arena_release(&a);
    return rc;
}

// ---- Sync

// The commit of the implicit transaction met a conflict: when it consisted of one statement whose results are still
// here, that runs again.
static int rerun(struct session *s, struct portal *p, struct err *err)
{
    struct arena a;
    arena_init(&a, &s->budget);
    p->state = PORTAL_READY;
    p->rows_sent = 0;
    int rc = session_begin(s, TXN_IMPLICIT, err);
    s->implicit_executes = 0;
    if (rc == 0)
        rc = execute_once(s, p, 0, &a, err);
    if (rc == 0)
        rc = session_commit(s, err);
    else
        session_rollback(s);
    arena_release(&a);
    return rc;
}

static int sync_commit(struct session *s, struct err *err)
{
    int rc = session_commit(s, err);
    for (uint32_t attempt = 0; rc == ERR_SERIALIZATION_FAILURE && attempt < RETRIES_MAX; attempt++) {
        struct portal *p = s->implicit_portal;
        if (p == NULL || s->ended_txn || !s->sink->ops->rewind(s->sink, s->implicit_mark))
            break;
        err_reset(err);
        rc = rerun(s, p, err);
    }
    return rc;
}

int session_sync(struct session *s, struct result_sink *sink, struct err *err)
{
    session_call_begin(s, sink);
    if (s->txn != NULL && kv_has_writes(s->txn)) // a commit without writes costs less than looking at the clock
        metering_begin(s);
    int rc = 0;
    if (s->txn_state == TXN_IMPLICIT) {
        if (s->protocol_failed)
            session_rollback(s);
        else
            rc = s->activity.run.code = sync_commit(s, err);
    }
    struct portal *last = s->implicit_portal;
    s->implicit_portal = NULL;
    if (last != NULL && s->txn_state == TXN_NONE) {
        map_remove(&s->portals, last->name);
        portal_free(s, last);
    }
    s->implicit_executes = 0;
    s->protocol_failed = false;
    session_call_end(s);
    return rc;
}

void session_protocol_error(struct session *s)
{
    s->protocol_failed = true;
    txn_fail(s, ERR_PROTOCOL_VIOLATION);
}

// ---- cursors

// The cursor's query with the parameters of the DECLARE that was bound, if it was.
static int cursor_new(struct session *s, const struct ast_declare_cursor *d, const struct statement_input *in,
                      struct portal **out, struct err *err)
{
    struct prepared *st;
    struct arena a;
    arena_init(&a, NULL);
    size_t n;
    const uint32_t *oids = bound_oids(in, &a, &n);
    int rc = prepared_make(s, STR(""), STR_EMPTY, d->query, oids, n, &st, err);
    arena_release(&a);
    TRY(rc);
    if (st->n_parameters > n) {
        prepared_release(s, st);
        return parameter_missing((int64_t)n + 1, err);
    }
    struct portal *p = *out = portal_new(s, d->name, st);
    prepared_release(s, st); // the portal keeps it
    p->cursor = true;
    p->hold = d->hold || !setting_bool(s, SETTING_CLOSE_CURSORS_AT_COMMIT);
    p->parameters = ARENA_ARRAY(&p->arena, struct datum, n);
    for (size_t i = 0; i < n; i++)
        p->parameters[i] = datum_copy(&p->arena, in->prepared->parameter_types[i], in->parameters[i]);
    return 0;
}

struct portal *portal_for_plan(struct session *s, struct str name, const struct ast *ast, struct pl_plan *plan)
{
    struct prepared *st = mem_zalloc(sizeof(*st));
    arena_init(&st->arena, NULL);
    st->name = st->text = STR_EMPTY;
    st->ast = ast_copy(&st->arena, ast);
    st->columns = plan_columns(&st->arena, plan->plan, &st->n_columns);
    st->returns_rows = true;
    struct portal *p = portal_new(s, name, st);
    p->cursor = true;
    p->pl_plan = plan;
    return p;
}

int portal_start_plan(struct session *s, struct portal *p, struct err *err)
{
    int rc = execution_start(s, p->pl_plan->plan, p->parameters, &p->execution, err);
    if (rc != 0) {
        portal_free(s, p);
        return rc;
    }
    p->state = PORTAL_RUNNING;
    portal_put(s, p);
    return 0;
}

int run_declare(struct session *s, const struct statement_input *in, struct arena *a, struct err *err)
{
    const struct ast_declare_cursor *d = ast_as_declare_cursor(in->ast);
    if (s->txn_state != TXN_EXPLICIT && !d->hold)
        return err_set(err, ERR_NO_ACTIVE_SQL_TRANSACTION, "DECLARE CURSOR can only be used in transaction blocks");
    if (d->binary)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: DECLARE BINARY CURSOR");
    if (d->scroll == AST_SCROLL_YES)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: DECLARE SCROLL CURSOR");
    if (portal_find(s, d->name) != NULL)
        return err_set(err, ERR_DUPLICATE_CURSOR, "cursor \"%.*s\" already exists", STR_FMT(d->name));
    struct portal *p;
    TRY(as_of_begin_bound(s, in, a, err));
    TRY(cursor_new(s, d, in, &p, err));
    int rc = start(s, p, err);
    if (rc == 0 && p->hold)
        rc = row_buffer_fill(s, p, err);
    if (rc != 0) {
        portal_free(s, p);
        return rc;
    }
    portal_put(s, p);
    return 0;
}

static int find_cursor(struct session *s, struct str name, struct portal **out, struct err *err)
{
    *out = portal_find(s, name);
    if (*out != NULL)
        return 0;
    return err_set(err, ERR_INVALID_CURSOR_NAME, "cursor \"%.*s\" does not exist", STR_FMT(name));
}

int fetch_columns(struct session *s, const struct ast *ast, const struct result_column **columns, size_t *n,
                  struct err *err)
{
    const struct ast_fetch *f = ast_as_fetch(ast);
    struct portal *p;
    *columns = NULL;
    *n = 0;
    if (f->move)
        return 0;
    TRY(find_cursor(s, f->cursor, &p, err));
    *columns = p->statement->columns;
    *n = p->statement->n_columns;
    return 0;
}

static int fetch_count(const struct ast_fetch *f, uint64_t position, uint64_t *skip, uint64_t *count, struct err *err)
{
    *skip = 0;
    switch (f->direction) {
    case AST_FETCH_NEXT:
        *count = 1;
        return 0;
    case AST_FETCH_COUNT:
        if (f->count < 0)
            break;
        *count = (uint64_t)f->count;
        return 0;
    case AST_FETCH_ALL:
        *count = UINT64_MAX;
        return 0;
    case AST_FETCH_FIRST:
        if (position > 0)
            break;
        *count = 1;
        return 0;
    case AST_FETCH_ABSOLUTE:
        if (f->count <= 0 || (uint64_t)f->count <= position)
            break;
        *skip = (uint64_t)f->count - 1 - position;
        *count = 1;
        return 0;
    case AST_FETCH_RELATIVE:
        if (f->count <= 0)
            break;
        *skip = (uint64_t)f->count - 1;
        *count = 1;
        return 0;
    default:
        break;
    }
    return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward");
}

static void discard_rows_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int discard_rows(struct result_sink *sink, const struct batch *b, struct err *err)
{
    return 0;
}

// Rows are drawn without being sent: MOVE, and what ABSOLUTE and RELATIVE pass over.
static int cursor_rows(struct session *s, struct portal *p, uint64_t count, bool send, uint64_t *sent, struct err *err)
{
    static const struct result_sink_ops nowhere_ops = {.describe = discard_rows_describe, .rows = discard_rows};
    static struct result_sink nowhere = {&nowhere_ops};
    struct result_sink *sink = s->sink;
    *sent = 0;
    if (p->state == PORTAL_DONE || count == 0)
        return 0;
    if (!send)
        s->sink = &nowhere;
    int rc;
    bool done;
    if (p->held_ready) {
        rc = row_buffer_send(s, p, count, sent, &done, err);
    } else {
        rc = execution_send(s, p->execution, count == UINT64_MAX ? 0 : count, sent, &done, err);
        if (rc == 0 && done) {
            stop(s, p);
            p->state = PORTAL_DONE;
        }
    }
    s->sink = sink;
    p->rows_sent += *sent;
    return rc;
}

int cursor_fetch(struct session *s, const struct ast_fetch *f, bool describe, uint64_t *n, struct err *err)
{
    struct portal *p;
    TRY(find_cursor(s, f->cursor, &p, err));
    uint64_t skip, count = 0, passed;
    TRY(fetch_count(f, p->rows_sent, &skip, &count, err));
    if (describe && !f->move)
        s->sink->ops->describe(s->sink, p->statement->columns, p->statement->n_columns);
    TRY(cursor_rows(s, p, skip, false, &passed, err));
    return cursor_rows(s, p, count, !f->move, n, err);
}

int run_fetch(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct str *tag,
              struct err *err)
{
    const struct ast_fetch *f = ast_as_fetch(ast);
    uint64_t sent;
    TRY(cursor_fetch(s, f, describe, &sent, err));
    *tag = arena_printf(a, "%s %llu", f->move ? "MOVE" : "FETCH", (unsigned long long)sent);
    return 0;
}

int run_close_cursor(struct session *s, const struct ast *ast, struct err *err)
{
    struct str name = ast_as_close_cursor(ast)->name;
    struct map_entry *e;
    if (name.ptr != NULL) {
        struct portal *p;
        TRY(find_cursor(s, name, &p, err));
        map_remove(&s->portals, name);
        portal_free(s, p);
        return 0;
    }
    for (size_t it = 0; (e = map_next(&s->portals, &it)) != NULL;) {
        struct portal *p = e->value;
        if (!p->cursor)
            continue;
        map_remove(&s->portals, e->key);
        portal_free(s, p);
    }
    return 0;
}
