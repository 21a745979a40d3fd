// CREATE, ALTER and DROP VIRTUAL CLUSTER: checks, and the command for the server's hooks. What they change is not part
// of the session's transaction: each runs by itself.
#include "sql/session/session_int.h"

bool is_cluster_statement(const struct ast *ast)
{
    return ast->kind == AST_CREATE_VIRTUAL_CLUSTER || ast->kind == AST_ALTER_VIRTUAL_CLUSTER ||
           ast->kind == AST_DROP_VIRTUAL_CLUSTER;
}

int cluster_check_access(struct session *s, const char *verb, struct err *err)
{
    if (s->engine->clusters == NULL) {
        err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "only the system tenant can %s other tenants", verb);
        return err_hint(err, "Connect to the system cluster: without the name of a cluster, or with "
                             "options=--cluster=system.");
    }
    return cat_check_system_privilege(s->view, s->user, CAT_SYSTEM_MANAGEVIRTUALCLUSTER, err);
}

// [5], or a name.
int cluster_name_of(const struct ast *name, struct sql_cluster_name *out, struct err *err)
{
    int64_t id;
    *out = (struct sql_cluster_name){0};
    if (name->kind == AST_STRING) {
        out->name = ast_as_string(name)->value;
        return 0;
    }
    if (name->kind == AST_ARRAY && ast_as_array(name)->items.n == 1) {
        const struct ast *item = ast_as_array(name)->items.items[0];
        if (item->kind == AST_NUMBER && ast_as_number(item)->is_integer && str_to_i64(ast_as_number(item)->text, &id) &&
            id > 0 && id <= UINT32_MAX) {
            out->id = (uint64_t)id;
            return 0;
        }
    }
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                   "unimplemented: a virtual cluster is named by a constant: a name, or its number in brackets");
}

static int create(struct session *s, const struct ast_create_virtual_cluster *ast, struct err *err)
{
    struct sql_cluster_command c = {.verb = ast->source != NULL ? SQL_CLUSTER_CLONE : SQL_CLUSTER_CREATE};
    const struct ast *other = ast->source != NULL ? ast->source : ast->like;
    TRY(cluster_check_access(s, "create", err));
    TRY(cluster_name_of(ast->name, &c.target, err));
    if (c.target.id != 0)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: CREATE VIRTUAL CLUSTER takes a name");
    if (other != NULL)
        TRY(cluster_name_of(other, &c.other, err));
    int rc = s->engine->clusters->run(s->engine->clusters->arg, &c, err);
    if (rc != ERR_DUPLICATE_OBJECT || !ast->if_not_exists)
        return rc;
    err_reset(err);
    return 0;
}

static int drop(struct session *s, const struct ast_drop_virtual_cluster *ast, struct err *err)
{
    struct sql_cluster_command c = {.verb = SQL_CLUSTER_DROP, .immediate = ast->immediate};
    TRY(cluster_check_access(s, "drop", err));
    TRY(cluster_name_of(ast->name, &c.target, err));
    int rc = s->engine->clusters->run(s->engine->clusters->arg, &c, err);
    if (rc != ERR_UNDEFINED_OBJECT || !ast->if_exists)
        return rc;
    err_reset(err);
    return 0;
}

// ---- limits

static int limit_value(struct session *s, const struct ast *value, struct arena *a, int64_t *out, struct err *err)
{
    struct analyze_options options;
    struct eval_context ec;
    struct query *q;
    struct expr *e;
    *out = 0;
    if (value->kind == AST_NULL_LITERAL)
        return 0;
    analyze_options_init(s, &options, &ec, a);
    TRY(analyze_table_expr(a, &options, NULL, value, T_INT8, "SET LIMIT", &q, &e, err));
    if (e->kind != EXPR_CONST || e->value.null || e->value.i < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "limits must be constants and not negative");
    *out = e->value.i;
    return 0;
}

static int limits(struct session *s, struct ast_list options, struct arena *a, struct sql_cluster_limits *out,
                  struct err *err)
{
    static const char *const names[SQL_CLUSTER_LIMIT_COUNT] = {"storage_bytes", "connections",
                                                               "request_units_per_month", "request_units_burst"};
    for (size_t i = 0; i < options.n; i++) {
        const struct ast_option *o = ast_as_option(options.items[i]);
        size_t k = 0;
        while (k < SQL_CLUSTER_LIMIT_COUNT && !str_eqc(o->name, names[k]))
            k++;
        if (k == SQL_CLUSTER_LIMIT_COUNT || o->value == NULL) {
            err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid limit \"%.*s\"", STR_FMT(o->name));
            return err_hint(err, "Limits are %s, %s, %s and %s, each = NUMBER, or = NULL for none.", names[0], names[1],
                            names[2], names[3]);
        }
        out->set |= 1u << k;
        TRY(limit_value(s, o->value, a, &out->values[k], err));
    }
    return 0;
}

// ---- ALTER

static const struct {
    enum ast_virtual_cluster_action action;
    enum sql_cluster_verb verb;
    const char *verb_text;
} actions[] = {
    {AST_VIRTUAL_CLUSTER_RENAME, SQL_CLUSTER_RENAME, "rename"},
    {AST_VIRTUAL_CLUSTER_START_SHARED, SQL_CLUSTER_START, "start service of"},
    {AST_VIRTUAL_CLUSTER_STOP, SQL_CLUSTER_STOP, "stop service of"},
    {AST_VIRTUAL_CLUSTER_SET_LIMIT, SQL_CLUSTER_LIMIT, "limit"},
    {AST_VIRTUAL_CLUSTER_SET_SNAPSHOT, SQL_CLUSTER_SNAPSHOT, "alter"},
    {AST_VIRTUAL_CLUSTER_RESET_TO_SNAPSHOT, SQL_CLUSTER_RESET, "alter"},
    {AST_VIRTUAL_CLUSTER_RESET_TO_TIME, SQL_CLUSTER_RESET, "alter"},
    {AST_VIRTUAL_CLUSTER_CREATE_USER, SQL_CLUSTER_USER, "alter"},
    {AST_VIRTUAL_CLUSTER_CANCEL_DROP, SQL_CLUSTER_UNDROP, "alter"},
};

static int new_user(struct session *s, const struct ast *password, struct sql_cluster_command *c, struct err *err)
{
    TRY(ddl_check_role_name(c->new_name, err));
    if (password->kind == AST_NULL_LITERAL)
        return 0;
    if (password->kind != AST_STRING)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: the password must be a constant");
    if (s->engine->insecure)
        return err_set(err, ERR_INVALID_PASSWORD, "setting or updating a password is not supported in insecure mode");
    c->password = ast_as_string(password)->value;
    return 0;
}

static int alter(struct session *s, const struct ast_alter_virtual_cluster *ast, struct arena *a, struct err *err)
{
    struct sql_cluster_command c = {0};
    struct sql_cluster_name new_name;
    size_t i = 0;
    while (i < ARRAY_LEN(actions) && actions[i].action != ast->action)
        i++;
    if (i == ARRAY_LEN(actions) || ast->all)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: ALTER VIRTUAL CLUSTER %s%s",
                       ast->all ? "ALL " : "", ast_virtual_cluster_action_sql(ast->action));
    c.verb = actions[i].verb;
    TRY(cluster_check_access(s, actions[i].verb_text, err));
    TRY(cluster_name_of(ast->name, &c.target, err));
    if (ast->new_name != NULL) {
        TRY(cluster_name_of(ast->new_name, &new_name, err));
        c.new_name = new_name.name;
    }
    if (c.verb == SQL_CLUSTER_USER)
        TRY(new_user(s, ast->value, &c, err));
    else if (ast->value != NULL)
        TRY(as_of_version(s, ast->value, a, &c.version, err));
    TRY(limits(s, ast->capabilities, a, &c.limits, err));
    return s->engine->clusters->run(s->engine->clusters->arg, &c, err);
}

int run_cluster_statement(struct session *s, const struct ast *ast, struct arena *a, struct err *err)
{
    if (s->txn_read_only)
        return err_set(err, ERR_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction",
                       ast_tag(ast));
    if (s->txn_state == TXN_EXPLICIT)
        return err_set(err, ERR_ACTIVE_SQL_TRANSACTION, "%s cannot run inside a transaction block", ast_tag(ast));
    if (ast->kind == AST_CREATE_VIRTUAL_CLUSTER)
        return create(s, ast_as_create_virtual_cluster(ast), err);
    if (ast->kind == AST_DROP_VIRTUAL_CLUSTER)
        return drop(s, ast_as_drop_virtual_cluster(ast), err);
    return alter(s, ast_as_alter_virtual_cluster(ast), a, err);
}
