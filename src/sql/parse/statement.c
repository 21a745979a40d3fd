// Command tags and properties of statements, from statements.def.
#include "sql/parse/ast.h"

enum { DDL = 1, ROWS = 2, READ = 4, TXN = 8 };

static const struct {
    const char *tag;
    unsigned properties;
} statements[AST_KIND_COUNT] = {
#define STATEMENT(KIND, tag, properties) [AST_##KIND] = {tag, properties},
#include "sql/parse/statements.def"
#undef STATEMENT
};

static bool has(const struct ast *s, unsigned property)
{
    return (statements[s->kind].properties & property) != 0;
}

static const char *const create_tags[] = {[AST_OBJECT_TYPE] = "CREATE TYPE", [AST_OBJECT_DOMAIN] = "CREATE DOMAIN"};

static const char *const drop_tags[] = {
    [AST_OBJECT_TABLE] = "DROP TABLE",
    [AST_OBJECT_VIEW] = "DROP VIEW",
    [AST_OBJECT_MATERIALIZED_VIEW] = "DROP VIEW",
    [AST_OBJECT_SEQUENCE] = "DROP SEQUENCE",
    [AST_OBJECT_INDEX] = "DROP INDEX",
    [AST_OBJECT_DATABASE] = "DROP DATABASE",
    [AST_OBJECT_SCHEMA] = "DROP SCHEMA",
    [AST_OBJECT_TYPE] = "DROP TYPE",
    [AST_OBJECT_DOMAIN] = "DROP DOMAIN",
    [AST_OBJECT_FUNCTION] = "DROP FUNCTION",
    [AST_OBJECT_PROCEDURE] = "DROP PROCEDURE",
    [AST_OBJECT_ROLE] = "DROP ROLE",
    [AST_OBJECT_EXTENSION] = "DROP EXTENSION",
    [AST_OBJECT_TRIGGER] = "DROP TRIGGER",
};

static const char *const alter_tags[] = {
    [AST_OBJECT_TABLE] = "ALTER TABLE",
    [AST_OBJECT_VIEW] = "ALTER VIEW",
    [AST_OBJECT_MATERIALIZED_VIEW] = "ALTER VIEW",
    [AST_OBJECT_SEQUENCE] = "ALTER SEQUENCE",
    [AST_OBJECT_INDEX] = "ALTER INDEX",
    [AST_OBJECT_DATABASE] = "ALTER DATABASE",
    [AST_OBJECT_SCHEMA] = "ALTER SCHEMA",
    [AST_OBJECT_TYPE] = "ALTER TYPE",
    [AST_OBJECT_FUNCTION] = "ALTER FUNCTION",
    [AST_OBJECT_PROCEDURE] = "ALTER PROCEDURE",
    [AST_OBJECT_TRIGGER] = "ALTER TRIGGER",
};

static const char *const comment_tags[] = {
    [AST_OBJECT_TABLE] = "COMMENT ON TABLE",
    [AST_OBJECT_VIEW] = "COMMENT ON VIEW",
    [AST_OBJECT_SEQUENCE] = "COMMENT ON SEQUENCE",
    [AST_OBJECT_INDEX] = "COMMENT ON INDEX",
    [AST_OBJECT_DATABASE] = "COMMENT ON DATABASE",
    [AST_OBJECT_SCHEMA] = "COMMENT ON SCHEMA",
    [AST_OBJECT_TYPE] = "COMMENT ON TYPE",
    [AST_OBJECT_COLUMN] = "COMMENT ON COLUMN",
    [AST_OBJECT_CONSTRAINT] = "COMMENT ON CONSTRAINT",
    [AST_OBJECT_EXTENSION] = "COMMENT ON EXTENSION",
    [AST_OBJECT_TRIGGER] = "COMMENT ON TRIGGER",
};

static const char *const discard_tags[] = {[AST_DISCARD_ALL] = "DISCARD ALL",
                                           [AST_DISCARD_PLANS] = "DISCARD PLANS",
                                           [AST_DISCARD_SEQUENCES] = "DISCARD SEQUENCES",
                                           [AST_DISCARD_TEMP] = "DISCARD TEMP"};

static const char *const control_tags[][4] = {
    [AST_CONTROLLED_JOBS] = {"PAUSE JOBS", "RESUME JOBS", "CANCEL JOBS", "DROP JOBS"},
    [AST_CONTROLLED_QUERIES] = {"PAUSE QUERIES", "RESUME QUERIES", "CANCEL QUERIES", "DROP QUERIES"},
    [AST_CONTROLLED_SESSIONS] = {"PAUSE SESSIONS", "RESUME SESSIONS", "CANCEL SESSIONS", "DROP SESSIONS"},
    [AST_CONTROLLED_SCHEDULES] = {"PAUSE SCHEDULES", "RESUME SCHEDULES", "CANCEL SCHEDULES", "DROP SCHEDULES"},
};

const char *ast_tag(const struct ast *s)
{
    if (statements[s->kind].tag != NULL)
        return statements[s->kind].tag;
    switch (s->kind) {
    case AST_CREATE_TABLE:
        return ast_as_create_table(s)->as_query != NULL ? "CREATE TABLE AS" : "CREATE TABLE";
    case AST_CREATE_VIEW:
        return ast_as_create_view(s)->materialized ? "CREATE MATERIALIZED VIEW" : "CREATE VIEW";
    case AST_CREATE_TYPE:
        return create_tags[ast_as_create_type(s)->kind];
    case AST_CREATE_FUNCTION:
        return ast_as_create_function(s)->procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION";
    case AST_DROP:
        return drop_tags[ast_as_drop(s)->kind];
    case AST_ALTER_OBJECT:
        return alter_tags[ast_as_alter_object(s)->kind];
    case AST_COMMENT_ON:
        return comment_tags[ast_as_comment_on(s)->kind];
    case AST_GRANT:
        return ast_as_grant(s)->revoke ? "REVOKE" : "GRANT";
    case AST_GRANT_ROLE:
        return ast_as_grant_role(s)->revoke ? "REVOKE" : "GRANT";
    case AST_COMMIT_PREPARED:
        return ast_as_commit_prepared(s)->rollback ? "ROLLBACK PREPARED" : "COMMIT PREPARED";
    case AST_DISCARD:
        return discard_tags[ast_as_discard(s)->what];
    case AST_DEALLOCATE:
        return ast_as_deallocate(s)->name.ptr == NULL ? "DEALLOCATE ALL" : "DEALLOCATE";
    case AST_FETCH:
        return ast_as_fetch(s)->move ? "MOVE" : "FETCH";
    case AST_CLOSE_CURSOR:
        return ast_as_close_cursor(s)->name.ptr == NULL ? "CLOSE CURSOR ALL" : "CLOSE CURSOR";
    case AST_CONTROL:
        return control_tags[ast_as_control(s)->what][ast_as_control(s)->action];
    default:
        return "";
    }
}

// A statement that changes data when it runs: itself, what it explains with ANALYZE, or a CTE or source of its query.
static bool find_change(void *arg, struct ast *n)
{
    bool *found = arg;
    *found |= statements[n->kind].tag != NULL && !has(n, READ);
    *found |= n->kind == AST_LOCKING;
    return !*found;
}

bool ast_is_read_only(const struct ast *s)
{
    if (s->kind == AST_COPY)
        return !ast_as_copy(s)->from;
    if (!has(s, READ))
        return false;
    if (s->kind == AST_EXPLAIN)
        return !ast_as_explain(s)->analyze || ast_is_read_only(ast_as_explain(s)->statement);
    if (s->kind != AST_SELECT)
        return true;
    bool changes = false;
    ast_walk((struct ast *)s, find_change, &changes);
    return !changes;
}

bool ast_returns_rows(const struct ast *s)
{
    switch (s->kind) {
    case AST_INSERT:
        return ast_as_insert(s)->returning.n > 0;
    case AST_UPDATE:
        return ast_as_update(s)->returning.n > 0;
    case AST_DELETE:
        return ast_as_delete(s)->returning.n > 0;
    case AST_FETCH:
        return !ast_as_fetch(s)->move;
    default:
        return has(s, ROWS);
    }
}

bool ast_is_ddl(const struct ast *s)
{
    return has(s, DDL);
}

bool ast_is_txn_control(const struct ast *s)
{
    return has(s, TXN);
}
