// A copy of a relation's descriptor whose expressions, query and comments have their constants between marks, or marks
// in place of them: what SHOW CREATE then prints may be shown to who may not see data.
#include "sql/ddl/show_create.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

struct marking {
    struct arena *arena;
    bool redact;
};

static struct str taken(struct arena *a, struct buf *b)
{
    struct str text = arena_str(a, buf_view(b));
    buf_release(b);
    return text;
}

// What cannot be parsed might be all constants.
static struct str marked(const struct marking *m, const struct ast *node, struct str sql)
{
    struct buf b = BUF_INIT;
    if (node != NULL)
        ast_print(&b, node, m->redact ? AST_PRINT_REDACT_CONSTANTS : AST_PRINT_MARK_CONSTANTS);
    else if (m->redact)
        buf_cstr(&b, "‹×›");
    else
        buf_printf(&b, "‹%.*s›", STR_FMT(sql));
    return taken(m->arena, &b);
}

static struct str marked_expr(const struct marking *m, struct str sql)
{
    struct err ignored = ERR_INIT;
    struct ast *node = NULL;
    if (sql.len == 0)
        return sql;
    if (parse_expr(m->arena, sql, &node, &ignored) != 0)
        node = NULL;
    err_reset(&ignored);
    return marked(m, node, sql);
}

static struct str marked_query(const struct marking *m, struct str sql)
{
    struct parsed_statements parsed;
    struct err ignored = ERR_INIT;
    if (sql.len == 0)
        return sql;
    bool one = parse_sql(m->arena, sql, NULL, &parsed, &ignored) == 0 && parsed.n == 1;
    err_reset(&ignored);
    return marked(m, one ? parsed.items[0].ast : NULL, sql);
}

static struct str marked_comment(const struct marking *m, struct str comment)
{
    return comment.len > 0 ? marked(m, NULL, comment) : comment;
}

static void mark_columns(const struct marking *m, struct cat_table *t)
{
    struct cat_column *columns = arena_dup(m->arena, t->columns, t->n_columns * sizeof(*columns));
    for (size_t i = 0; i < t->n_columns; i++) {
        columns[i].default_sql = marked_expr(m, columns[i].default_sql);
        columns[i].on_update_sql = marked_expr(m, columns[i].on_update_sql);
        columns[i].computed_sql = marked_expr(m, columns[i].computed_sql);
        columns[i].comment = marked_comment(m, columns[i].comment);
    }
    t->columns = columns;
}

static void mark_indexes(const struct marking *m, struct cat_table *t)
{
    struct cat_index *indexes = arena_dup(m->arena, t->indexes, t->n_indexes * sizeof(*indexes));
    for (size_t i = 0; i < t->n_indexes; i++) {
        indexes[i].predicate_sql = marked_expr(m, indexes[i].predicate_sql);
        indexes[i].comment = marked_comment(m, indexes[i].comment);
    }
    t->indexes = indexes;
}

struct cat_table show_marked(struct arena *a, const struct cat_table *table, bool redact)
{
    struct marking m = {a, redact};
    struct cat_table t = *table;
    struct cat_check *checks = arena_dup(a, t.checks, t.n_checks * sizeof(*checks));
    mark_columns(&m, &t);
    mark_indexes(&m, &t);
    for (size_t i = 0; i < t.n_checks; i++)
        checks[i].sql = marked_expr(&m, checks[i].sql);
    t.checks = checks;
    t.view_sql = marked_query(&m, t.view_sql);
    t.comment = marked_comment(&m, t.comment);
    return t;
}
