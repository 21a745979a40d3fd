// CANCEL QUERY and CANCEL SESSION.
#include "sql/session/session_int.h"

// ---- the values of a query with one column

static void take_batch(const struct vec *v, const struct batch *b, struct arena *a, struct query_values *out)
{
    for (uint32_t k = 0; k < b->n; k++) {
        struct datum d = vec_get(v, batch_row(b, k));
        if (d.null)
            continue;
        ARENA_PUSH(a, &out->items, datum_copy(a, v->type, d));
    }
}

int query_values(struct session *s, struct arena *a, const struct ast *query, struct query_values *out, struct err *err)
{
    struct statement_plan *plan;
    struct execution *e;
    struct batch batch;
    *out = (struct query_values){0};
    TRY(plan_statement(s, a, query, NULL, 0, &plan, err));
    if (plan->query->n_output != 1)
        return err_set(err, ERR_SYNTAX_ERROR, "the query of IDs must have one column");
    out->type = query_column(plan->query, plan->query->output[0])->type;
    TRY(execution_start(s, plan, NULL, &e, err));
    int rc = exec_next(&e->x, &batch, err);
    while (rc == 0 && batch.n > 0) {
        take_batch(&batch.cols[e->map[0]], &batch, a, out);
        rc = exec_next(&e->x, &batch, err);
    }
    execution_free(e);
    return rc;
}

// ---- the statements

static int check_may_cancel(struct session *s, struct str owner, struct err *err)
{
    bool admin, may, theirs;
    TRY(session_is_admin(s, &admin, err));
    if (admin || str_eq(owner, s->user))
        return 0;
    TRY(session_has(s, CAT_SYSTEM_CANCELQUERY, &may, err));
    if (!may)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "this operation requires CANCELQUERY privilege");
    TRY(cat_is_admin(s->view, owner, &theirs, err));
    return theirs ? err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to cancel admin session") : 0;
}

static bool is_id(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!(text.ptr[i] >= '0' && text.ptr[i] <= '9') && !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
            return false;
    return text.len > 0 && text.len <= 32;
}

static int cancel_one(struct session *s, const struct ast_control *c, struct arena *a, struct str id, struct err *err)
{
    const char *what = c->what == AST_CONTROLLED_SESSIONS ? "session" : "query";
    const char *upper = c->what == AST_CONTROLLED_SESSIONS ? "session ID" : "query ID";
    struct str owner;
    if (!is_id(id))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid %s ID: %.*s", what, STR_FMT(id));
    if (engine_find(s->engine, c->what, id, a, &owner)) {
        TRY(check_may_cancel(s, owner, err));
        if (engine_cancel(s->engine, c->what, id))
            return 0;
    }
    if (c->if_exists)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "could not cancel %s %.*s: %s %.*s not found", what, STR_FMT(id), upper,
                   STR_FMT(id));
}

int session_signal(struct session *s, int64_t pid, bool end, bool *found, struct err *err)
{
    struct arena a;
    struct str id, owner;
    arena_init(&a, &s->budget);
    int rc = 0;
    *found = engine_session_of(s->engine, pid, &a, &id, &owner);
    if (*found)
        rc = check_may_cancel(s, owner, err);
    if (*found && rc == 0 && end)
        *found = engine_cancel(s->engine, AST_CONTROLLED_SESSIONS, id);
    else if (*found && rc == 0)
        engine_interrupt(s->engine, pid);
    if (rc == 0 && !*found)
        send_notice(s, ERR_WARNING, "PID %lld is not a PostgreSQL backend process", (long long)pid);
    arena_release(&a);
    return rc;
}

static int not_strings(const char *word, struct type t, struct err *err)
{
    struct buf type = BUF_INIT;
    type_print(&type, t);
    int rc = err_set(err, ERR_DATATYPE_MISMATCH, "CANCEL %s requires string values, not type %s", word, buf_c(&type));
    buf_release(&type);
    return rc;
}

int run_cancel(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, struct err *err)
{
    const struct ast_control *c = ast_as_control(ast);
    const char *word = ast_controlled_sql(c->what);
    struct query_values ids;
    TRY(query_values(s, a, c->ids, &ids, err));
    if (ids.type.family != TYPE_STRING)
        return not_strings(word, ids.type, err);
    for (size_t i = 0; i < ids.items.len; i++)
        TRY(cancel_one(s, c, a, ids.items.ptr[i].s, err));
    *tag = arena_printf(a, "CANCEL %s %zu", word, ids.items.len);
    return 0;
}
