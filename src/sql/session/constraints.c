// SET CONSTRAINTS, and the checks that wait for the end of the transaction.
#include "sql/session/session_int.h"

static bool waits(const struct session *s)
{
    return s->deferred.checks != NULL || s->deferred.n_waiting > 0;
}

// Checks what waits, all of it or what is not deferred any more.
static int run_waiting(struct session *s, bool all, struct err *err)
{
    if (!waits(s) || s->txn == NULL)
        return 0;
    struct arena a;
    struct exec_context x;
    struct query none = {0};
    struct statement_plan plan = {.query = &none};
    arena_init(&a, &s->budget);
    exec_context_init(s, &x, &a, &s->budget);
    x.plan = &plan;
    int rc = deferred_run(&x, all, err);
    exec_close(&x);
    arena_release(&a);
    return rc;
}

int constraints_before_commit(struct session *s, struct err *err)
{
    if (!waits(s))
        return 0;
    TRY(txn_statement_begin(s, err)); // READ COMMITTED: as things are now
    return run_waiting(s, true, err);
}

// The keys and rows that wait are in the columns' types of now.
int constraints_before_ddl(struct session *s, struct err *err)
{
    if (s->deferred.n_waiting > 0)
        return err_set(err, ERR_OBJECT_IN_USE, "cannot change the schema because there are pending trigger events");
    int rc = run_waiting(s, true, err);
    if (rc != ERR_FOREIGN_KEY_VIOLATION)
        return rc;
    err_reset(err);
    return err_set(err, ERR_OBJECT_IN_USE, "cannot change the schema because a deferred constraint is not satisfied");
}

// ---- SET CONSTRAINTS

struct constraint_search {
    struct session *s;
    struct arena *arena;
    struct str name;
    bool deferred;
    size_t found;
};

static int set_in_table(struct constraint_search *c, const struct cat_table *t, struct err *err)
{
    for (size_t i = 0; i < t->n_outbound; i++) {
        const struct cat_foreign_key *fk = &t->outbound[i];
        if (!str_eq(fk->name, c->name))
            continue;
        if (!fk->deferrable)
            return err_set(err, ERR_WRONG_OBJECT_TYPE, "constraint \"%.*s\" is not deferrable", STR_FMT(c->name));
        deferred_set_mode(&c->s->deferred, t->id, fk->name, c->deferred);
        c->found++;
    }
    const struct cat_trigger *g = cat_trigger_by_name(t, c->name);
    if (g == NULL || !g->is_constraint)
        return 0;
    if (!g->deferrable)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "constraint \"%.*s\" is not deferrable", STR_FMT(c->name));
    deferred_set_mode(&c->s->deferred, t->id, g->name, c->deferred);
    c->found++;
    return 0;
}

static int set_in_schema(struct constraint_search *c, const struct cat_schema *schema, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    TRY(cat_list_tables(c->s->view, c->arena, schema->database_id, schema->id, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(set_in_table(c, tables[i], err));
    return 0;
}

// In the schema that is named, or the first of the search path that has such a constraint.
static int set_named(struct session *s, const struct ast_object_name *n, bool deferred, struct arena *a,
                     struct err *err)
{
    struct constraint_search c = {.s = s, .arena = a, .name = n->name, .deferred = deferred};
    struct str database = n->database.ptr != NULL ? n->database : str_of(s->values[SETTING_DATABASE]);
    bool in_one = n->schema.ptr != NULL;
    const struct cat_database *d;
    TRY(cat_database_by_name(s->view, database, &d, err));
    for (size_t i = 0; d != NULL && i < (in_one ? 1 : s->n_search_path) && c.found == 0; i++) {
        const struct cat_schema *schema;
        TRY(cat_schema_by_name(s->view, d->id, in_one ? n->schema : s->search_path[i], &schema, err));
        if (schema != NULL)
            TRY(set_in_schema(&c, schema, err));
    }
    if (c.found == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "constraint \"%.*s\" does not exist", STR_FMT(n->name));
    return 0;
}

int run_set_constraints(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    const struct ast_set_constraints *n = ast_as_set_constraints(ast);
    if (s->txn_state == TXN_IMPLICIT)
        send_notice(s, ERR_NO_ACTIVE_SQL_TRANSACTION, "SET CONSTRAINTS can only be used in transaction blocks");
    if (n->names.n == 0) {
        s->deferred.modes = NULL;
        deferred_set_mode(&s->deferred, CAT_ID_NONE, STR_EMPTY, n->deferred);
    }
    for (size_t i = 0; i < n->names.n; i++)
        TRY(set_named(s, ast_as_object_name(n->names.items[i]), n->deferred, a, err));
    return n->deferred ? 0 : run_waiting(s, false, err);
}
