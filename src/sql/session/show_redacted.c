// SHOW CREATE … WITH REDACT: a copy of a relation's descriptor whose expressions, query and comments have marks in
// place of constants.
#include "sql/parse/ast_print.h"
#include "sql/session/show_int.h"

#define REDACTED "‹×›"

static struct str redacted_expr(struct arena *a, struct str sql)
{
    struct err ignored = ERR_INIT;
    struct buf b = BUF_INIT;
    struct ast *node;
    if (sql.len == 0)
        return sql;
    if (parse_expr(a, sql, &node, &ignored) == 0)
        ast_print(&b, node, AST_PRINT_REDACT_CONSTANTS);
    else
        buf_cstr(&b, REDACTED);
    err_reset(&ignored);
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

static struct str redacted_query(struct arena *a, struct str sql)
{
    struct parsed_statements parsed;
    struct err ignored = ERR_INIT;
    struct buf b = BUF_INIT;
    if (sql.len == 0)
        return sql;
    if (parse_sql(a, sql, NULL, &parsed, &ignored) == 0 && parsed.n == 1)
        ast_print(&b, parsed.items[0].ast, AST_PRINT_REDACT_CONSTANTS);
    else
        buf_cstr(&b, REDACTED);
    err_reset(&ignored);
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

static struct str redacted_comment(struct str comment)
{
    return comment.len > 0 ? STR(REDACTED) : comment;
}

static void redact_columns(struct arena *a, struct cat_table *t)
{
    struct cat_column *columns = arena_dup(a, t->columns, t->n_columns * sizeof(*columns));
    for (size_t i = 0; i < t->n_columns; i++) {
        columns[i].default_sql = redacted_expr(a, columns[i].default_sql);
        columns[i].on_update_sql = redacted_expr(a, columns[i].on_update_sql);
        columns[i].computed_sql = redacted_expr(a, columns[i].computed_sql);
        columns[i].comment = redacted_comment(columns[i].comment);
    }
    t->columns = columns;
}

static void redact_indexes(struct arena *a, struct cat_table *t)
{
    struct cat_index *indexes = arena_dup(a, t->indexes, t->n_indexes * sizeof(*indexes));
    for (size_t i = 0; i < t->n_indexes; i++) {
        indexes[i].predicate_sql = redacted_expr(a, indexes[i].predicate_sql);
        indexes[i].comment = redacted_comment(indexes[i].comment);
    }
    t->indexes = indexes;
}

struct cat_table show_redacted(struct arena *a, const struct cat_table *table)
{
    struct cat_table t = *table;
    struct cat_check *checks = arena_dup(a, t.checks, t.n_checks * sizeof(*checks));
    redact_columns(a, &t);
    redact_indexes(a, &t);
    for (size_t i = 0; i < t.n_checks; i++)
        checks[i].sql = redacted_expr(a, checks[i].sql);
    t.checks = checks;
    t.view_sql = redacted_query(a, t.view_sql);
    t.comment = redacted_comment(t.comment);
    return t;
}
