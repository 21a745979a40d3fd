// Row-level TTL: what the storage parameters of a table say is made true of its hidden column crdb_internal_expiration
// and of its schedule. The schedule's jobs delete rows (sql/session/ttl.c).
#include "catalog/schedules.h"
#include "sql/ddl/storage_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

#define EXPIRATION_COLUMN "crdb_internal_expiration"

struct ttl {
    struct str expire_after; // SQL of an interval; NULL: none
    struct str expression;   // unquoted; NULL: none
};

struct str ttl_expression(struct arena *a, const struct cat_table *t)
{
    return cat_storage_text(a, t->storage_parameters, STR("ttl_expiration_expression"));
}

struct str ttl_with_expression(struct arena *a, struct str parameters, struct str expression)
{
    struct buf literal = BUF_INIT;
    datum_print_sql(&literal, T_STRING, datum_str(expression), false);
    struct str out = storage_parameter_put(a, parameters, "ttl_expiration_expression", buf_view(&literal));
    buf_release(&literal);
    return out;
}

static struct ttl ttl_of(struct arena *a, const struct cat_table *t)
{
    return (struct ttl){cat_storage_parameter(t->storage_parameters, STR("ttl_expire_after")), ttl_expression(a, t)};
}

bool ttl_is_on(const struct cat_table *t)
{
    return t->kind == CAT_TABLE && cat_storage_parameter(t->storage_parameters, STR("ttl")).ptr != NULL;
}

int ttl_keeps_own_column(const struct cat_table *t, struct str column, const char *action, struct err *err)
{
    if (!str_eqc(column, EXPIRATION_COLUMN) ||
        cat_storage_parameter(t->storage_parameters, STR("ttl_expire_after")).ptr == NULL)
        return 0;
    err_set(err, ERR_INVALID_TABLE_DEFINITION, "cannot %s column " EXPIRATION_COLUMN " while row-level TTL is active",
            action);
    return err_hint(err, "use ALTER TABLE %.*s RESET (ttl) instead", STR_FMT(t->name));
}

int ttl_keeps_column(struct ddl_context *dc, const struct cat_table *t, struct str column, const char *action,
                     struct err *err)
{
    TRY(ttl_keeps_own_column(t, column, action, err));
    struct str expression = ttl_expression(dc->arena, t);
    if (expression.ptr == NULL || !expr_mentions(expression, column))
        return 0;
    return err_set(err, ERR_INVALID_TABLE_DEFINITION,
                   "cannot %s column \"%.*s\" because it is referenced by TTL expiration expression \"%.*s\"", action,
                   STR_FMT(column), STR_FMT(expression));
}

// ---- the column

static void print_new_column(struct buf *sql, struct str after)
{
    buf_printf(sql,
               "ALTER TABLE t ADD COLUMN " EXPIRATION_COLUMN
               " TIMESTAMPTZ NOT VISIBLE NOT NULL DEFAULT current_timestamp() + %.*s"
               " ON UPDATE current_timestamp() + %.*s",
               STR_FMT(after), STR_FMT(after));
}

int ttl_add_column(struct table_work *w, struct err *err)
{
    struct str after = cat_storage_parameter(w->edit.t.storage_parameters, STR("ttl_expire_after"));
    struct parsed_statements parsed;
    struct buf sql = BUF_INIT;
    if (after.ptr == NULL || edit_column(&w->edit, STR(EXPIRATION_COLUMN)) != NULL)
        return 0;
    print_new_column(&sql, after);
    int rc = parse_sql(w->dc->arena, arena_str(w->dc->arena, buf_view(&sql)), NULL, &parsed, err);
    buf_release(&sql);
    TRY(rc);
    const struct ast_list *cmds = &ast_as_alter_table(parsed.items[0].ast)->cmds;
    return column_add(w, ast_as_column_def(ast_as_alter_table_cmd(cmds->items[0])->def), err);
}

static int follow_column(struct ddl_context *dc, const struct cat_table *t, const struct ttl *ttl, struct err *err)
{
    const struct cat_column *c = cat_column_by_name(t, STR(EXPIRATION_COLUMN));
    struct str after = ttl->expire_after;
    struct buf sql = BUF_INIT;
    if (c != NULL && after.ptr != NULL && !type_is(c->type, TYPE_TIMESTAMPTZ))
        return err_set(err, ERR_INVALID_TABLE_DEFINITION,
                       "table %.*s has TTL defined, but column " EXPIRATION_COLUMN " is not a TIMESTAMPTZ",
                       STR_FMT(t->name));
    if (after.ptr != NULL && c == NULL)
        print_new_column(&sql, after);
    else if (after.ptr != NULL)
        buf_printf(&sql,
                   "ALTER TABLE t ALTER COLUMN " EXPIRATION_COLUMN " SET DEFAULT current_timestamp() + %.*s,"
                   " ALTER COLUMN " EXPIRATION_COLUMN " SET ON UPDATE current_timestamp() + %.*s",
                   STR_FMT(after), STR_FMT(after));
    else if (c != NULL)
        buf_cstr(&sql, "ALTER TABLE t DROP COLUMN " EXPIRATION_COLUMN);
    bool safe = dc->safe_updates; // who resets the parameter means the column
    dc->safe_updates = false;
    int rc = sql.len > 0 ? alter_table_by_text(dc, t->id, buf_view(&sql), err) : 0;
    dc->safe_updates = safe;
    buf_release(&sql);
    return rc;
}

// ---- the expression

static int follow_expression(struct ddl_context *dc, const struct cat_table *t, const struct ttl *ttl, struct err *err)
{
    struct ddl_services *s = dc->services;
    struct ddl_expr e;
    struct ast *expr;
    if (ttl->expression.ptr == NULL)
        return 0;
    if (parse_expr(dc->arena, ttl->expression, &expr, NULL) != 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "ttl_expiration_expression \"%.*s\" must be a valid expression", STR_FMT(ttl->expression));
    if (s->check_expr(s, dc, t, expr, T_TIMESTAMPTZ, DDL_EXPR_TTL, &e, err) == 0)
        return 0;
    if (err->code != ERR_DATATYPE_MISMATCH)
        return err->code;
    return err_set(err, ERR_DATATYPE_MISMATCH,
                   "expected TTL EXPIRATION EXPRESSION expression to have type timestamptz");
}

// ---- the schedule

int ttl_drop_schedule(struct ddl_context *dc, uint32_t table_id, struct err *err)
{
    struct cat_schedule s;
    bool found;
    TRY(cat_schedule_of_table(dc->view, dc->arena, table_id, &s, &found, err));
    return found ? cat_schedule_delete(dc->view, s.id, err) : 0;
}

int ttl_follow(struct ddl_context *dc, uint32_t table_id, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_table_by_id(dc->view, table_id, &t, err));
    struct ttl ttl = ttl_of(dc->arena, t);
    TRY(follow_column(dc, t, &ttl, err));
    TRY(cat_table_by_id(dc->view, table_id, &t, err));
    TRY(follow_expression(dc, t, &ttl, err));
    return ttl_is_on(t) ? cat_schedule_ttl(dc->view, dc->arena, t, err) : ttl_drop_schedule(dc, table_id, err);
}
