// Printing of tables: CREATE TABLE and what it is made of, ALTER TABLE, indexes.
#include "sql/parse/print_int.h"

static void print_storage(struct printer *pr, struct ast_list storage)
{
    emit_list(pr, " WITH (%L)", storage);
}

static void emit_name(struct printer *pr, bool if_not_exists, const struct ast *name)
{
    emit(pr, if_not_exists ? " IF NOT EXISTS %n" : " %n", name);
}

void print_create_table(struct printer *pr, const struct ast_create_table *n)
{
    emit(pr, "CREATE");
    emit_choice(pr, ast_persistence_sql(n->persistence));
    emit(pr, " TABLE");
    emit_name(pr, n->if_not_exists, n->name);
    if (n->elements.n > 0 || n->as_query == NULL)
        emit(pr, " (%L)", n->elements);
    emit_node(pr, " %n", n->partition_by);
    print_storage(pr, n->storage);
    emit_choice(pr, ast_on_commit_sql(n->on_commit));
    emit_node(pr, " %n", n->locality);
    emit_node(pr, " AS %n", n->as_query);
    emit_choice(pr, ast_with_data_sql(n->with_data));
}

void print_column_def(struct printer *pr, const struct ast_column_def *n)
{
    emit(pr, "%i", n->name);
    emit_node(pr, " %n", n->type);
    for (size_t i = 0; i < n->constraints.n; i++)
        emit(pr, " %n", n->constraints.items[i]);
}

// Constraints ----------------------------------------------------------------------------------------------------

static void print_references(struct printer *pr, const struct ast_constraint *n)
{
    emit_list(pr, "FOREIGN KEY (%L) ", n->columns);
    emit(pr, "REFERENCES %n", n->ref_table);
    emit_list(pr, " (%L)", n->ref_columns);
    emit_choice(pr, ast_fk_match_sql(n->match));
    emit_if(pr, n->on_delete != AST_FK_NO_ACTION, " ON DELETE %s", ast_fk_action_sql(n->on_delete));
    emit_if(pr, n->on_update != AST_FK_NO_ACTION, " ON UPDATE %s", ast_fk_action_sql(n->on_update));
}

// What follows the name in an index or key definition: columns and clauses.
static void print_index_body(struct printer *pr, const struct ast_index_def *n)
{
    emit_list(pr, " (%L)", n->columns);
    emit_if(pr, n->hash_sharded, "%s", " USING HASH");
    emit_node(pr, " WITH BUCKET_COUNT = %n", n->hash_buckets);
    emit_list(pr, " STORING (%L)", n->storing);
    emit_node(pr, " %n", n->partition_by);
    print_storage(pr, n->storage);
    emit_node(pr, " WHERE %n", n->where);
    emit_if(pr, n->not_visible, "%s", " NOT VISIBLE");
    emit_node(pr, " VISIBILITY %n", n->visibility);
}

static void print_key(struct printer *pr, const struct ast_constraint *n)
{
    emit(pr, "%s", ast_constraint_kind_sql(n->kind));
    emit_if(pr, n->without_index, "%s", " WITHOUT INDEX");
    print_index_body(pr, ast_as_index_def(n->index));
}

static void print_identity_options(struct printer *pr, struct ast_list options);

static void print_family(struct printer *pr, const struct ast_constraint *n)
{
    emit_if(pr, n->create, "%s", n->if_not_exists ? "CREATE IF NOT EXISTS " : "CREATE ");
    emit(pr, "FAMILY");
    emit_text(pr, " %i", n->text);
}

static void print_constraint_core(struct printer *pr, const struct ast_constraint *n)
{
    switch (n->kind) {
    case AST_CONSTRAINT_PRIMARY_KEY:
    case AST_CONSTRAINT_UNIQUE:
        print_key(pr, n);
        break;
    case AST_CONSTRAINT_CHECK:
        emit(pr, "CHECK (%n)", n->expr);
        break;
    case AST_CONSTRAINT_FOREIGN_KEY:
        print_references(pr, n);
        break;
    case AST_CONSTRAINT_DEFAULT:
    case AST_CONSTRAINT_ON_UPDATE:
        emit(pr, "%s %b", ast_constraint_kind_sql(n->kind), n->expr);
        break;
    case AST_CONSTRAINT_COMPUTED_STORED:
    case AST_CONSTRAINT_COMPUTED_VIRTUAL:
        emit(pr, "AS (%n) %s", n->expr, ast_constraint_kind_sql(n->kind));
        break;
    case AST_CONSTRAINT_IDENTITY_ALWAYS:
    case AST_CONSTRAINT_IDENTITY_BY_DEFAULT:
        emit(pr, "%s", ast_constraint_kind_sql(n->kind));
        print_identity_options(pr, n->options);
        break;
    case AST_CONSTRAINT_FAMILY:
        print_family(pr, n);
        break;
    case AST_CONSTRAINT_COLLATE:
        emit(pr, "COLLATE %i", n->text);
        break;
    default:
        emit(pr, "%s", ast_constraint_kind_sql(n->kind));
        break;
    }
}

void print_constraint(struct printer *pr, const struct ast_constraint *n)
{
    bool family = n->kind == AST_CONSTRAINT_FAMILY;
    emit_if(pr, n->name.ptr != NULL, n->if_not_exists && !family ? "CONSTRAINT IF NOT EXISTS %i " : "CONSTRAINT %i ",
            n->name);
    print_constraint_core(pr, n);
    emit_choice(pr, ast_deferrable_sql(n->deferrable));
}

void print_index_def(struct printer *pr, const struct ast_index_def *n)
{
    emit_if(pr, n->unique, "%s", "UNIQUE ");
    emit_if(pr, n->method != AST_INDEX_BTREE, "%s ", ast_index_method_sql(n->method));
    emit(pr, "INDEX");
    emit_text(pr, " %i", n->name);
    print_index_body(pr, n);
}

// A call needs no parentheses as index key; every other expression has them.
void print_index_elem(struct printer *pr, const struct ast_index_elem *n)
{
    if (n->expr != NULL)
        emit(pr, "(%n)", n->expr);
    else
        emit(pr, "%i", n->column);
    emit_text(pr, " %i", n->opclass);
    emit_choice(pr, ast_direction_sql(n->direction));
    emit_choice(pr, ast_nulls_sql(n->nulls));
}

void print_family_def(struct printer *pr, const struct ast_family_def *n)
{
    emit(pr, "FAMILY");
    emit_text(pr, " %i", n->name);
    emit(pr, " (%L)", n->columns);
}

void print_like_table(struct printer *pr, const struct ast_like_table *n)
{
    emit(pr, "LIKE %n", n->table);
    for (size_t i = 0; i < n->options.n; i++)
        emit(pr, " %u", ast_as_option(n->options.items[i])->name);
}

// Partitioning ---------------------------------------------------------------------------------------------------

void print_partition_by(struct printer *pr, const struct ast_partition_by *n)
{
    emit(pr, "PARTITION %sBY %s", n->all ? "ALL " : "", ast_partition_kind_sql(n->kind));
    if (n->kind != AST_PARTITION_NOTHING)
        emit(pr, " (%L) (%L)", n->columns, n->partitions);
}

void print_partition(struct printer *pr, const struct ast_partition *n)
{
    emit(pr, "PARTITION %i VALUES", n->name);
    if (n->from.n > 0)
        emit(pr, " FROM (%L) TO (%L)", n->from, n->to);
    else
        emit(pr, " IN (%L)", n->values);
    emit_node(pr, " %n", n->subpartition);
}

void print_locality(struct printer *pr, const struct ast_locality *n)
{
    emit(pr, "LOCALITY %s", ast_locality_kind_sql(n->kind));
    emit_text(pr, " IN %i", n->region);
    emit_text(pr, " AS %i", n->column);
}

// ALTER TABLE ----------------------------------------------------------------------------------------------------

void print_alter_table(struct printer *pr, const struct ast_alter_table *n)
{
    emit(pr, "ALTER %s %s%n %L", n->name->kind == AST_INDEX_NAME ? "INDEX" : "TABLE", n->if_exists ? "IF EXISTS " : "",
         n->name, n->cmds);
}

static void print_column_type_cmd(struct printer *pr, const struct ast_alter_table_cmd *n)
{
    emit(pr, "ALTER COLUMN %i SET DATA TYPE %n", n->name, n->type);
    emit_text(pr, " COLLATE %i", n->collation);
    emit_node(pr, " USING %n", n->expr);
}

static void print_column_cmd(struct printer *pr, const struct ast_alter_table_cmd *n)
{
    emit(pr, "ALTER COLUMN %i", n->name);
    if (n->action == AST_ALTER_COLUMN_SET_IDENTITY) {
        for (size_t i = 0; i < n->options.n; i++) {
            bool restart = str_eqc(ast_as_option(n->options.items[i])->name, "restart");
            emit(pr, restart ? " " : " SET ");
            print_word_options(pr, (struct ast_list){&n->options.items[i], 1});
        }
        return;
    }
    emit(pr, " %s", ast_alter_table_action_sql(n->action));
    emit_node(pr, " %n", n->expr);
    emit_node(pr, " %n", n->def);
    emit_list(pr, " (%L)", n->options);
    emit_if(pr, n->if_exists, "%s", " IF EXISTS");
}

static void print_name_cmd(struct printer *pr, const struct ast_alter_table_cmd *n)
{
    emit(pr, "%s%s %i", ast_alter_table_action_sql(n->action), n->if_exists ? " IF EXISTS" : "", n->name);
    emit_text(pr, " TO %i", n->new_name);
    emit_choice(pr, ast_drop_behavior_sql(n->behavior));
}

static void print_primary_key_cmd(struct printer *pr, const struct ast_alter_table_cmd *n)
{
    emit(pr, "%s", ast_alter_table_action_sql(n->action));
    print_index_body(pr, ast_as_index_def(n->def));
}

void print_alter_table_cmd(struct printer *pr, const struct ast_alter_table_cmd *n)
{
    switch (n->action) {
    case AST_ALTER_COLUMN_TYPE:
        print_column_type_cmd(pr, n);
        break;
    case AST_ALTER_DROP_COLUMN:
    case AST_ALTER_RENAME_COLUMN:
    case AST_ALTER_DROP_CONSTRAINT:
    case AST_ALTER_RENAME_CONSTRAINT:
    case AST_ALTER_VALIDATE_CONSTRAINT:
        print_name_cmd(pr, n);
        break;
    case AST_ALTER_PRIMARY_KEY:
        print_primary_key_cmd(pr, n);
        break;
    case AST_ALTER_SET_STORAGE:
    case AST_ALTER_RESET_STORAGE:
        emit(pr, "%s (%L)", ast_alter_table_action_sql(n->action), n->options);
        break;
    case AST_ALTER_INJECT_STATISTICS:
        emit(pr, "INJECT STATISTICS %n", n->expr);
        break;
    case AST_ALTER_SET_LOCALITY:
        emit(pr, "SET %n", n->def);
        break;
    case AST_ALTER_PARTITION_BY:
    case AST_ALTER_PARTITION_ALL_BY:
        emit(pr, "%n", n->def);
        break;
    case AST_ALTER_ENABLE_TRIGGER:
    case AST_ALTER_ENABLE_ALWAYS_TRIGGER:
    case AST_ALTER_ENABLE_REPLICA_TRIGGER:
    case AST_ALTER_DISABLE_TRIGGER:
        emit(pr, "%s", ast_alter_table_action_sql(n->action));
        emit_text(pr, " %i", n->name);
        emit_text(pr, " %t", n->new_name);
        break;
    case AST_ALTER_ADD_CONSTRAINT:
        emit(pr, "ADD %n", n->def);
        emit_if(pr, ast_as_constraint(n->def)->not_valid, "%s", " NOT VALID");
        break;
    default:
        if (n->name.ptr != NULL) {
            print_column_cmd(pr, n);
            break;
        }
        emit(pr, "%s", ast_alter_table_action_sql(n->action));
        emit_if(pr, n->if_not_exists, "%s", " IF NOT EXISTS");
        emit_node(pr, " %n", n->def);
        emit_node(pr, " WITH EXPIRATION %n", n->expr);
        break;
    }
}

void print_create_index(struct printer *pr, const struct ast_create_index *n)
{
    const struct ast_index_def *i = ast_as_index_def(n->index);
    emit(pr, "CREATE ");
    emit_if(pr, i->unique, "%s", "UNIQUE ");
    emit_if(pr, i->method != AST_INDEX_BTREE, "%s ", ast_index_method_sql(i->method));
    emit(pr, "INDEX ");
    emit_if(pr, n->concurrently, "%s", "CONCURRENTLY ");
    emit_if(pr, n->if_not_exists, "%s", "IF NOT EXISTS ");
    emit_text(pr, "%i ", i->name);
    emit(pr, "ON %n", n->table);
    print_index_body(pr, i);
}

static void print_identity_options(struct printer *pr, struct ast_list options)
{
    if (options.n == 0)
        return;
    emit(pr, " (");
    print_word_options(pr, options);
    emit(pr, ")");
}
