// Printing of queries, INSERT, UPDATE, DELETE and COPY.
#include "sql/parse/print_int.h"

void print_select(struct printer *pr, const struct ast_select *n)
{
    emit_node(pr, "%n ", n->with);
    // A query with clauses of its own inside a query keeps its parentheses.
    emit(pr, n->body->kind == AST_SELECT ? "(%n)" : "%n", n->body);
    emit_list(pr, " ORDER BY %L", n->order_by);
    emit_node(pr, " LIMIT %n", n->limit);
    emit_if(pr, n->limit_all, "%s", " LIMIT ALL");
    emit_node(pr, " OFFSET %n", n->offset);
    for (size_t i = 0; i < n->locking.n; i++)
        emit(pr, " %n", n->locking.items[i]);
}

static void print_windows(struct printer *pr, struct ast_list windows)
{
    for (size_t i = 0; i < windows.n; i++)
        emit(pr, "%s %i AS %n", i == 0 ? " WINDOW" : ",", ast_as_window_def(windows.items[i])->name, windows.items[i]);
}

void print_select_core(struct printer *pr, const struct ast_select_core *n)
{
    if (n->table_stmt) {
        emit(pr, "TABLE %n", n->from.items[0]);
        return;
    }
    emit(pr, n->targets.n > 0 ? "SELECT " : "SELECT");
    emit_list(pr, "DISTINCT ON (%L) ", n->distinct_on);
    emit_if(pr, n->distinct, "%s", "DISTINCT ");
    emit(pr, "%L", n->targets);
    emit_list(pr, " FROM %L", n->from);
    emit_node(pr, " AS OF SYSTEM TIME %n", n->as_of);
    emit_node(pr, " WHERE %n", n->where);
    emit_list(pr, " GROUP BY %L", n->group_by);
    emit_node(pr, " HAVING %n", n->having);
    print_windows(pr, n->windows);
}

// The left operand may be a chain of set operations, which associate to the left.
static void print_set_operand(struct printer *pr, const struct ast *n, bool left)
{
    bool parentheses = n->kind == AST_SELECT || (n->kind == AST_SET_OP && !left);
    emit(pr, parentheses ? "(%n)" : "%n", n);
}

void print_set_op(struct printer *pr, const struct ast_set_op *n)
{
    // INTERSECT binds tighter: UNION and EXCEPT to its left need parentheses.
    bool left =
        n->op != AST_SET_INTERSECT || !ast_is(n->left, AST_SET_OP) || ast_as_set_op(n->left)->op == AST_SET_INTERSECT;
    print_set_operand(pr, n->left, left);
    emit(pr, " %s%s ", ast_set_op_kind_sql(n->op), n->all ? " ALL" : "");
    print_set_operand(pr, n->right, false);
}

void print_values(struct printer *pr, const struct ast_values *n)
{
    bool hide = (pr->flags & AST_PRINT_HIDE_CONSTANTS) != 0;
    emit(pr, "VALUES ");
    for (size_t i = 0; i < n->rows.n; i++) {
        struct ast_list items = ast_as_tuple(n->rows.items[i])->items;
        emit_if(pr, i > 0, "%s", ", ");
        if (hide && i > 0) {
            emit(pr, "(__more__)");
            break;
        }
        if (hide)
            emit(pr, items.n == 1 ? "(%n)" : "%n", items.n == 1 ? items.items[0] : n->rows.items[i]);
        else
            emit(pr, "(%L)", items);
    }
}

void print_with(struct printer *pr, const struct ast_with *n)
{
    emit(pr, "WITH %s%L", n->recursive ? "RECURSIVE " : "", n->ctes);
}

void print_cte(struct printer *pr, const struct ast_cte *n)
{
    emit(pr, "%i", n->name);
    emit_list(pr, " (%L)", n->columns);
    emit(pr, " AS");
    emit_choice(pr, ast_materialize_sql(n->materialize));
    emit(pr, " (%n)", n->statement);
}

void print_target(struct printer *pr, const struct ast_target *n)
{
    emit(pr, "%n", n->expr);
    emit_text(pr, " AS %i", n->alias);
}

void print_order_item(struct printer *pr, const struct ast_order_item *n)
{
    if (n->index != NULL) {
        bool primary = ast_as_index_name(n->index)->index.ptr == NULL;
        emit(pr, "%s %n", primary ? "PRIMARY KEY" : "INDEX", n->index);
    } else {
        emit(pr, "%n", n->expr);
    }
    emit_choice(pr, ast_direction_sql(n->direction));
    emit_choice(pr, ast_nulls_sql(n->nulls));
}

void print_locking(struct printer *pr, const struct ast_locking *n)
{
    emit(pr, "%s", n->strength == AST_LOCK_NONE ? "FOR READ ONLY" : ast_lock_strength_sql(n->strength));
    emit_list(pr, " OF %L", n->tables);
    emit_choice(pr, ast_lock_wait_sql(n->wait));
}

// FROM -----------------------------------------------------------------------------------------------------------

void print_aliased_table(struct printer *pr, const struct ast_aliased_table *n)
{
    if (ast_is(n->source, AST_TABLE_ID)) {
        // The alias of a numeric reference is inside its brackets.
        emit(pr, "[%n AS %i]", n->source, n->alias);
        emit_node(pr, "%n", n->hint);
        return;
    }
    emit_if(pr, n->lateral, "%s", "LATERAL ");
    emit(pr, ast_is(n->source, AST_JOIN) ? "(%n)" : "%n", n->source);
    emit_node(pr, "%n", n->hint);
    emit_if(pr, n->ordinality, "%s", " WITH ORDINALITY");
    emit_text(pr, " AS %i", n->alias);
    emit_if(pr, n->alias.ptr == NULL && n->columns.n > 0, "%s", " AS");
    emit_list(pr, " (%L)", n->columns);
}

void print_table_id(struct printer *pr, const struct ast_table_id *n)
{
    struct printer plain = {pr->out, pr->flags & ~PRINT_CONSTANTS};
    emit(pr, "%d", n->id);
    emit_list(&plain, "(%L)", n->column_ids);
}

void print_rows_from(struct printer *pr, const struct ast_rows_from *n)
{
    emit(pr, n->explicit_syntax ? "ROWS FROM (%L)" : "%L", n->functions);
}

void print_statement_source(struct printer *pr, const struct ast_statement_source *n)
{
    emit(pr, "[%n]", n->statement);
}

void print_index_hint(struct printer *pr, const struct ast_index_hint *n)
{
    bool flags = n->direction != AST_DIRECTION_DEFAULT || n->no_index_join || n->no_full_scan || n->avoid_full_scan ||
                 n->no_zigzag_join || n->force_zigzag || n->force_inverted || n->ignore_foreign_keys ||
                 n->ignore_unique_without_index;
    if (!flags && n->index.ptr != NULL) {
        emit(pr, "@%i", n->index);
        return;
    }
    if (!flags) {
        emit(pr, "@[%d]", n->index_id);
        return;
    }
    struct {
        bool set;
        const char *sql;
    } parts[] = {
        {n->direction != AST_DIRECTION_DEFAULT, ast_direction_sql(n->direction)},
        {n->no_index_join, "NO_INDEX_JOIN"},
        {n->no_full_scan, "NO_FULL_SCAN"},
        {n->avoid_full_scan, "AVOID_FULL_SCAN"},
        {n->no_zigzag_join, "NO_ZIGZAG_JOIN"},
        {n->force_zigzag, "FORCE_ZIGZAG"},
        {n->force_inverted, "FORCE_INVERTED_INDEX"},
        {n->ignore_foreign_keys, "IGNORE_FOREIGN_KEYS"},
        {n->ignore_unique_without_index, "IGNORE_UNIQUE_WITHOUT_INDEX"},
    };
    emit(pr, "@{");
    emit_text(pr, "FORCE_INDEX=%i", n->index);
    emit_if(pr, n->index_id != 0, "FORCE_INDEX=[%d]", n->index_id);
    bool comma = n->index.ptr != NULL || n->index_id != 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].set) {
            emit(pr, "%s%s", comma ? "," : "", parts[i].sql);
            comma = true;
        }
    }
    emit(pr, "}");
}

// The right operand of a join is one table; a join there is in parentheses, as it must be to parse.
void print_join(struct printer *pr, const struct ast_join *n)
{
    emit(pr, "%n ", n->left);
    emit_if(pr, n->natural, "%s", "NATURAL ");
    bool plain = n->type == AST_JOIN_INNER && n->hint == AST_JOIN_HINT_NONE;
    emit_if(pr, !plain, "%s ", ast_join_type_sql(n->type));
    emit_if(pr, n->hint != AST_JOIN_HINT_NONE, "%s ", ast_join_hint_sql(n->hint));
    emit(pr, ast_is(n->right, AST_JOIN) ? "JOIN (%n)" : "JOIN %n", n->right);
    emit_node(pr, " ON %n", n->on);
    emit_list(pr, " USING (%L)", n->using);
}

// Data changes ---------------------------------------------------------------------------------------------------

static void print_returning(struct printer *pr, struct ast_list returning, bool nothing)
{
    emit_list(pr, " RETURNING %L", returning);
    emit_if(pr, nothing, "%s", " RETURNING NOTHING");
}

void print_insert(struct printer *pr, const struct ast_insert *n)
{
    emit_node(pr, "%n ", n->with);
    emit(pr, "%s INTO %n", n->upsert ? "UPSERT" : "INSERT", n->table);
    emit_list(pr, "(%L)", n->columns);
    emit_if(pr, n->default_values, "%s", " DEFAULT VALUES");
    emit_node(pr, " %n", n->query);
    emit_node(pr, " %n", n->on_conflict);
    print_returning(pr, n->returning, n->returning_nothing);
}

void print_on_conflict(struct printer *pr, const struct ast_on_conflict *n)
{
    emit(pr, "ON CONFLICT");
    emit_list(pr, " (%L)", n->columns);
    emit_node(pr, " WHERE %n", n->arbiter_where);
    emit_text(pr, " ON CONSTRAINT %i", n->constraint);
    emit(pr, n->do_nothing ? " DO NOTHING" : " DO UPDATE SET ");
    emit_list(pr, "%L", n->set);
    emit_node(pr, " WHERE %n", n->where);
}

void print_set_clause(struct printer *pr, const struct ast_set_clause *n)
{
    emit(pr, n->tuple ? "(%L) = " : "%L = ", n->columns);
    const struct ast *v = n->value;
    bool single = n->tuple && v->kind == AST_TUPLE && ast_as_tuple(v)->items.n == 1 && !ast_as_tuple(v)->row;
    if (single)
        emit(pr, "(%n)", ast_as_tuple(v)->items.items[0]);
    else
        emit(pr, "%n", v);
}

void print_update(struct printer *pr, const struct ast_update *n)
{
    emit_node(pr, "%n ", n->with);
    emit(pr, "UPDATE %n SET %L", n->table, n->set);
    emit_list(pr, " FROM %L", n->from);
    emit_node(pr, " WHERE %n", n->where);
    emit_list(pr, " ORDER BY %L", n->order_by);
    emit_node(pr, " LIMIT %n", n->limit);
    print_returning(pr, n->returning, n->returning_nothing);
}

void print_delete(struct printer *pr, const struct ast_delete *n)
{
    emit_node(pr, "%n ", n->with);
    emit(pr, "DELETE ");
    emit_if(pr, n->batch, "%s", "BATCH ");
    emit_node(pr, "(SIZE %n) ", n->batch_size);
    emit(pr, "FROM %n", n->table);
    emit_list(pr, " USING %L", n->using);
    emit_node(pr, " WHERE %n", n->where);
    emit_list(pr, " ORDER BY %L", n->order_by);
    emit_node(pr, " LIMIT %n", n->limit);
    print_returning(pr, n->returning, n->returning_nothing);
}

void print_truncate(struct printer *pr, const struct ast_truncate *n)
{
    emit(pr, "TRUNCATE TABLE %L", n->tables);
    emit_if(pr, n->restart_identity, "%s", " RESTART IDENTITY");
    emit_choice(pr, ast_drop_behavior_sql(n->behavior));
}

static void print_copy_options(struct printer *pr, struct ast_list options)
{
    for (size_t i = 0; i < options.n; i++) {
        const struct ast_option *o = ast_as_option(options.items[i]);
        emit(pr, "%s", i == 0 ? " WITH (" : ", ");
        emit(pr, str_eqc(o->name, "null") ? "%u" : "%w", o->name);
        if (ast_is(o->value, AST_TUPLE))
            emit(pr, " (%L)", ast_as_tuple(o->value)->items);
        else
            emit_node(pr, " %n", o->value);
    }
    emit_if(pr, options.n > 0, "%s", ")");
}

void print_copy(struct printer *pr, const struct ast_copy *n)
{
    emit(pr, "COPY ");
    if (n->query != NULL)
        emit(pr, "(%n)", n->query);
    else
        emit(pr, "%n", n->table);
    emit_list(pr, " (%L)", n->columns);
    emit(pr, n->from ? " FROM STDIN" : " TO STDOUT");
    print_copy_options(pr, n->options);
}
