// Printing of transactions, settings, SHOW, prepared statements, cursors, and operations.
#include "sql/parse/print_int.h"

// Transactions ---------------------------------------------------------------------------------------------------

// Modes are separated by commas.
void print_txn_modes(struct printer *pr, const struct ast_txn_modes *n)
{
    const char *separator = " ";
    if (n->isolation != AST_ISOLATION_DEFAULT) {
        emit(pr, "%sISOLATION LEVEL %s", separator, ast_isolation_sql(n->isolation));
        separator = ", ";
    }
    if (n->priority != AST_PRIORITY_DEFAULT) {
        emit(pr, "%sPRIORITY %s", separator, ast_priority_sql(n->priority));
        separator = ", ";
    }
    if (n->access != AST_ACCESS_DEFAULT) {
        emit(pr, "%s%s", separator, ast_access_sql(n->access));
        separator = ", ";
    }
    if (n->as_of != NULL) {
        emit(pr, "%sAS OF SYSTEM TIME %n", separator, n->as_of);
        separator = ", ";
    }
    if (n->deferrable != AST_TXN_DEFERRABLE_DEFAULT)
        emit(pr, "%s%s", separator, ast_txn_deferrable_sql(n->deferrable));
}

void print_begin(struct printer *pr, const struct ast_begin *n)
{
    emit(pr, "BEGIN TRANSACTION%n", n->modes);
}

void print_commit(struct printer *pr, const struct ast_commit *n)
{
    emit(pr, n->chain ? "COMMIT TRANSACTION AND CHAIN" : "COMMIT TRANSACTION");
}

void print_rollback(struct printer *pr, const struct ast_rollback *n)
{
    emit(pr, n->chain ? "ROLLBACK TRANSACTION AND CHAIN" : "ROLLBACK TRANSACTION");
}

void print_savepoint(struct printer *pr, const struct ast_savepoint *n)
{
    emit(pr, "SAVEPOINT %i", n->name);
}

void print_release(struct printer *pr, const struct ast_release *n)
{
    emit(pr, "RELEASE SAVEPOINT %i", n->name);
}

void print_rollback_to(struct printer *pr, const struct ast_rollback_to *n)
{
    emit(pr, "ROLLBACK TRANSACTION TO SAVEPOINT %i", n->name);
}

void print_set_transaction(struct printer *pr, const struct ast_set_transaction *n)
{
    emit(pr, n->session ? "SET SESSION CHARACTERISTICS AS TRANSACTION%n" : "SET TRANSACTION%n", n->modes);
}

void print_prepare_transaction(struct printer *pr, const struct ast_prepare_transaction *n)
{
    emit(pr, "PREPARE TRANSACTION %q", n->gid);
}

void print_commit_prepared(struct printer *pr, const struct ast_commit_prepared *n)
{
    emit(pr, n->rollback ? "ROLLBACK PREPARED %q" : "COMMIT PREPARED %q", n->gid);
}

void print_lock_table(struct printer *pr, const struct ast_lock_table *n)
{
    emit(pr, "LOCK TABLE %L IN %s MODE%s", n->tables, ast_table_lock_sql(n->mode), n->nowait ? " NOWAIT" : "");
}

void print_set_constraints(struct printer *pr, const struct ast_set_constraints *n)
{
    emit(pr, "SET CONSTRAINTS ");
    if (n->names.n > 0)
        emit(pr, "%L", n->names);
    else
        emit(pr, "ALL");
    emit(pr, n->deferred ? " DEFERRED" : " IMMEDIATE");
}

// Settings -------------------------------------------------------------------------------------------------------

void print_setting_name(struct printer *pr, struct str name)
{
    ptrdiff_t dot;
    while ((dot = str_find(name, STR("."), 0)) > 0 && (size_t)dot + 1 < name.len) {
        emit(pr, "%i.", str_slice(name, 0, (size_t)dot));
        name = str_slice(name, (size_t)dot + 1, name.len);
    }
    emit(pr, "%i", name);
}

void print_set_var(struct printer *pr, const struct ast_set_var *n)
{
    emit(pr, "SET");
    emit_choice(pr, ast_set_scope_sql(n->scope));
    emit(pr, " ");
    print_setting_name(pr, n->name);
    emit(pr, " = ");
    emit_list(pr, "%L", n->values);
    emit_if(pr, n->to_default, "%s", "DEFAULT");
}

void print_reset_var(struct printer *pr, const struct ast_reset_var *n)
{
    emit(pr, "RESET ");
    if (n->name.ptr != NULL)
        print_setting_name(pr, n->name);
    else
        emit(pr, "ALL");
}

void print_set_cluster_setting(struct printer *pr, const struct ast_set_cluster_setting *n)
{
    emit(pr, n->reset ? "RESET CLUSTER SETTING " : "SET CLUSTER SETTING ");
    print_setting_name(pr, n->name);
    emit_node(pr, " = %n", n->value);
    emit_if(pr, n->to_default && !n->reset, "%s", " = DEFAULT");
}

void print_discard(struct printer *pr, const struct ast_discard *n)
{
    emit(pr, "DISCARD %s", ast_discard_what_sql(n->what));
}

// Prepared statements, cursors, notifications --------------------------------------------------------------------

void print_prepare(struct printer *pr, const struct ast_prepare *n)
{
    emit(pr, "PREPARE %i", n->name);
    emit_list(pr, " (%L)", n->types);
    emit(pr, " AS %n", n->statement);
}

void print_execute(struct printer *pr, const struct ast_execute *n)
{
    emit(pr, "EXECUTE %i", n->name);
    emit_list(pr, " (%L)", n->args);
}

void print_deallocate(struct printer *pr, const struct ast_deallocate *n)
{
    emit_if(pr, n->name.ptr == NULL, "%s", "DEALLOCATE ALL");
    emit_text(pr, "DEALLOCATE %i", n->name);
}

void print_declare_cursor(struct printer *pr, const struct ast_declare_cursor *n)
{
    emit(pr, "DECLARE %i", n->name);
    emit_if(pr, n->binary, "%s", " BINARY");
    emit_choice(pr, ast_sensitivity_sql(n->sensitivity));
    emit_choice(pr, ast_scroll_sql(n->scroll));
    emit(pr, " CURSOR%s FOR %n", n->hold ? " WITH HOLD" : "", n->query);
}

void print_fetch(struct printer *pr, const struct ast_fetch *n)
{
    emit(pr, "%s ", n->move ? "MOVE" : "FETCH");
    if (n->direction == AST_FETCH_COUNT)
        emit(pr, "%d", n->count);
    else
        emit(pr, "%s", ast_fetch_direction_sql(n->direction));
    bool counted = n->direction == AST_FETCH_ABSOLUTE || n->direction == AST_FETCH_RELATIVE;
    emit_if(pr, counted, " %d", n->count);
    emit(pr, " FROM %i", n->cursor);
}

void print_close_cursor(struct printer *pr, const struct ast_close_cursor *n)
{
    emit_if(pr, n->name.ptr == NULL, "%s", "CLOSE ALL");
    emit_text(pr, "CLOSE %i", n->name);
}

void print_explain(struct printer *pr, const struct ast_explain *n)
{
    emit(pr, n->analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ");
    for (size_t i = 0; i < n->options.n; i++)
        emit(pr, "%s%t", i == 0 ? "(" : ", ", ast_as_name(n->options.items[i])->name);
    emit_if(pr, n->options.n > 0, "%s", ") ");
    emit(pr, "%n", n->statement);
}

void print_listen(struct printer *pr, const struct ast_listen *n)
{
    emit(pr, "LISTEN %i", n->channel);
}

void print_notify(struct printer *pr, const struct ast_notify *n)
{
    emit(pr, "NOTIFY %i", n->channel);
    emit_text(pr, ", %q", n->payload);
}

void print_unlisten(struct printer *pr, const struct ast_unlisten *n)
{
    emit_if(pr, n->channel.ptr == NULL, "%s", "UNLISTEN *");
    emit_text(pr, "UNLISTEN %i", n->channel);
}

// SHOW -----------------------------------------------------------------------------------------------------------

static void print_show_grants(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW %s", ast_show_what_sql(n->what));
    emit_if(pr, n->on_target, " ON %s", ast_grant_target_sql(n->target_kind));
    emit_list(pr, " %L", n->targets);
    emit_list(pr, " FOR %L", n->names);
}

static void print_show_privileges(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW DEFAULT PRIVILEGES");
    emit_list(pr, " FOR ROLE %L", n->names);
    emit_list(pr, " FOR GRANTEE %L", n->targets);
    emit_if(pr, n->all, "%s", " FOR ALL ROLES");
    emit_node(pr, " IN SCHEMA %n", n->object);
}

static void print_show_create(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW CREATE ");
    if (n->object_kind == AST_OBJECT_TRIGGER) {
        emit(pr, "TRIGGER %i ON %n", n->name, n->object);
        return;
    }
    emit_text(pr, "%t ", n->name);
    emit(pr, "%s %n", n->object_kind == AST_OBJECT_INDEX ? "INDEXES FROM" : ast_object_sql(n->object_kind), n->object);
    for (size_t i = 0; i < n->options.n; i++)
        emit(pr, "%s%n", i == 0 ? " WITH " : ", ", n->options.items[i]);
}

static void print_show_activity(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW %s%s %s", n->all ? "ALL " : "", n->local ? "LOCAL" : "CLUSTER", ast_show_what_sql(n->what));
}

static void print_show_jobs(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW %s%s", n->automatic ? "AUTOMATIC " : "", ast_show_what_sql(n->what));
    emit_if(pr, n->when_complete, "%s", " WHEN COMPLETE");
    emit_node(pr, " %n", n->expr);
    for (size_t i = 0; i < n->options.n; i++)
        emit(pr, "%s%n", i == 0 ? " WITH " : ", ", n->options.items[i]);
}

static void print_show_settings(struct printer *pr, const struct ast_show *n)
{
    if (n->what == AST_SHOW_CLUSTER_SETTING) {
        emit(pr, "SHOW CLUSTER SETTING ");
        print_setting_name(pr, n->name);
        emit_node(pr, " FOR VIRTUAL CLUSTER %n", n->expr);
    } else {
        emit(pr, "SHOW %s CLUSTER SETTINGS", n->all ? "ALL" : "PUBLIC");
    }
}

static void print_show_text(struct printer *pr, const struct ast_show *n)
{
    if (n->what == AST_SHOW_SYNTAX) {
        emit(pr, "SHOW SYNTAX %q", n->name);
        return;
    }
    emit(pr, "SHOW COMPLETIONS");
    emit_node(pr, " AT OFFSET %n", n->expr);
    emit(pr, " FOR %q", n->name);
}

static void print_show_statistics(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW STATISTICS");
    emit_text(pr, " USING %t", n->name);
    emit(pr, " FOR TABLE %n", n->object);
    emit_list(pr, " WITH %L", n->options);
}

static void print_show_regions(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW REGIONS");
    emit_text(pr, " FROM %t", n->name);
    emit_node(pr, " %n", n->object);
}

static void print_show_backup(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW BACKUP FROM ");
    if (n->expr2 != NULL)
        emit(pr, "%n", n->expr2);
    else
        emit(pr, "LATEST");
    emit(pr, " IN %n", n->expr);
    emit_list(pr, " WITH %L", n->options);
}

static void print_show_inspect(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW INSPECT ERRORS");
    emit_node(pr, " FOR TABLE %n", n->object);
    emit_node(pr, " FOR JOB %n", n->expr);
    emit_if(pr, n->all, "%s", " WITH DETAILS");
}

// The many forms SHOW thing [FROM object] [WITH …].
static void print_show_plain(struct printer *pr, const struct ast_show *n)
{
    emit(pr, "SHOW %s", ast_show_what_sql(n->what));
    emit_node(pr, " FROM %n", n->object);
    emit_if(pr, n->with_comment, "%s", " WITH COMMENT");
    emit_node(pr, " %n", n->expr);
    emit_list(pr, " WITH %L", n->options);
}

static void print_show_target(struct printer *pr, const struct ast_show *n)
{
    bool cluster = n->what == AST_SHOW_RANGES && n->name.ptr != NULL;
    emit(pr, "SHOW %s%s", cluster ? "CLUSTER " : "", n->expr != NULL ? "RANGE" : ast_show_what_sql(n->what));
    emit_if(pr, n->object != NULL, " FROM %s %n", ast_object_sql(n->object_kind), n->object);
    if (!cluster)
        emit_text(pr, " FROM RANGE %i", n->name);
    if (n->what == AST_SHOW_RANGES && n->expr != NULL)
        emit(pr, " FOR ROW (%L)", ast_as_tuple(n->expr)->items);
    emit_list(pr, " WITH %L", n->options);
}

static void print_show_named(struct printer *pr, const struct ast_show *n)
{
    switch (n->what) {
    case AST_SHOW_SCHEDULES:
        emit(pr, "SHOW ");
        emit_text(pr, "%t ", n->name);
        emit(pr, n->expr != NULL ? "SCHEDULE" : "SCHEDULES");
        emit_node(pr, " %n", n->expr);
        break;
    case AST_SHOW_TRACE:
        emit(pr, "SHOW ");
        emit_text(pr, "%t ", n->name);
        emit(pr, "TRACE FOR SESSION");
        break;
    case AST_SHOW_EXTERNAL_CONNECTIONS:
        emit(pr, n->name.ptr != NULL ? "SHOW EXTERNAL CONNECTION" : "SHOW EXTERNAL CONNECTIONS");
        emit_text(pr, " %i", n->name);
        break;
    case AST_SHOW_DEFAULT_SESSION_VARIABLES:
        emit(pr, "SHOW DEFAULT SESSION VARIABLES FOR ROLE");
        emit_text(pr, " %i", n->name);
        emit_if(pr, n->all, "%s", " ALL");
        break;
    default:
        emit(pr, "SHOW ");
        print_setting_name(pr, n->name);
        break;
    }
}

static void print_show_words(struct printer *pr, const struct ast_show *n)
{
    switch (n->what) {
    case AST_SHOW_LAST_QUERY_STATISTICS:
        emit(pr, "SHOW LAST QUERY STATISTICS");
        emit_list(pr, " RETURNING %L", n->names);
        break;
    case AST_SHOW_BACKUPS:
        emit(pr, "SHOW BACKUPS IN %n", n->expr);
        break;
    case AST_SHOW_FINGERPRINTS:
        emit(pr, "SHOW EXPERIMENTAL_FINGERPRINTS FROM TABLE %n", n->object);
        break;
    case AST_SHOW_SURVIVAL_GOAL:
        emit(pr, "SHOW SURVIVAL GOAL FROM DATABASE");
        emit_node(pr, " %n", n->object);
        break;
    case AST_SHOW_TRANSFER_STATE:
        emit(pr, "SHOW TRANSFER STATE");
        emit_node(pr, " WITH %n", n->expr);
        break;
    default:
        emit(pr, "SHOW INDEXES FROM DATABASE %n", n->object);
        emit_if(pr, n->with_comment, "%s", " WITH COMMENT");
        break;
    }
}

// Forms that are not plain.
static void (*const show_printers[])(struct printer *pr, const struct ast_show *n) = {
    [AST_SHOW_VARIABLE] = print_show_named,
    [AST_SHOW_SCHEDULES] = print_show_named,
    [AST_SHOW_TRACE] = print_show_named,
    [AST_SHOW_EXTERNAL_CONNECTIONS] = print_show_named,
    [AST_SHOW_DEFAULT_SESSION_VARIABLES] = print_show_named,
    [AST_SHOW_DATABASE_INDEXES] = print_show_words,
    [AST_SHOW_LAST_QUERY_STATISTICS] = print_show_words,
    [AST_SHOW_BACKUPS] = print_show_words,
    [AST_SHOW_FINGERPRINTS] = print_show_words,
    [AST_SHOW_SURVIVAL_GOAL] = print_show_words,
    [AST_SHOW_TRANSFER_STATE] = print_show_words,
    [AST_SHOW_PARTITIONS] = print_show_target,
    [AST_SHOW_RANGES] = print_show_target,
    [AST_SHOW_ZONE_CONFIGURATION] = print_show_target,
    [AST_SHOW_CREATE] = print_show_create,
    [AST_SHOW_GRANTS] = print_show_grants,
    [AST_SHOW_GRANTS_ON_ROLE] = print_show_grants,
    [AST_SHOW_SYSTEM_GRANTS] = print_show_grants,
    [AST_SHOW_DEFAULT_PRIVILEGES] = print_show_privileges,
    [AST_SHOW_CLUSTER_SETTING] = print_show_settings,
    [AST_SHOW_CLUSTER_SETTINGS] = print_show_settings,
    [AST_SHOW_SESSIONS] = print_show_activity,
    [AST_SHOW_STATEMENTS] = print_show_activity,
    [AST_SHOW_TRANSACTIONS] = print_show_activity,
    [AST_SHOW_JOBS] = print_show_jobs,
    [AST_SHOW_JOBS_FOR_SCHEDULES] = print_show_jobs,
    [AST_SHOW_CHANGEFEED_JOBS] = print_show_jobs,
    [AST_SHOW_STATISTICS] = print_show_statistics,
    [AST_SHOW_REGIONS] = print_show_regions,
    [AST_SHOW_SYNTAX] = print_show_text,
    [AST_SHOW_COMPLETIONS] = print_show_text,
    [AST_SHOW_BACKUP] = print_show_backup,
    [AST_SHOW_INSPECT_ERRORS] = print_show_inspect,
};

void print_show(struct printer *pr, const struct ast_show *n)
{
    if (n->what < ARRAY_LEN(show_printers) && show_printers[n->what] != NULL)
        show_printers[n->what](pr, n);
    else
        print_show_plain(pr, n);
}

// Operations -----------------------------------------------------------------------------------------------------

void print_control(struct printer *pr, const struct ast_control *n)
{
    emit(pr, "%s ", ast_control_action_sql(n->action));
    if (n->ids == NULL) {
        emit(pr, "ALL %w %s", n->type, ast_controlled_sql(n->what));
        return;
    }
    emit(pr, "%s %s%s%n", ast_controlled_sql(n->what), n->if_exists ? "IF EXISTS " : "",
         n->type.ptr != NULL ? "FOR SCHEDULES " : "", n->ids);
    emit_node(pr, " WITH REASON = %n", n->reason);
}

static void print_cluster_name(struct printer *pr, const struct ast *n)
{
    if (ast_is(n, AST_ARRAY))
        emit(pr, "[%L]", ast_as_array(n)->items);
    else
        emit(pr, "%n", n);
}

void print_create_virtual_cluster(struct printer *pr, const struct ast_create_virtual_cluster *n)
{
    emit(pr, "CREATE VIRTUAL CLUSTER %s", n->if_not_exists ? "IF NOT EXISTS " : "");
    print_cluster_name(pr, n->name);
    if (n->like != NULL) {
        emit(pr, " LIKE ");
        print_cluster_name(pr, n->like);
    }
    if (n->source != NULL) {
        emit(pr, " FROM ");
        print_cluster_name(pr, n->source);
    }
}

void print_alter_virtual_cluster(struct printer *pr, const struct ast_alter_virtual_cluster *n)
{
    emit(pr, "ALTER VIRTUAL CLUSTER ");
    if (n->all)
        emit(pr, "ALL");
    else
        print_cluster_name(pr, n->name);
    emit(pr, " %s", ast_virtual_cluster_action_sql(n->action));
    if (n->new_name != NULL) {
        emit(pr, " ");
        print_cluster_name(pr, n->new_name);
    }
    if (n->setting.ptr != NULL) {
        emit(pr, " ");
        print_setting_name(pr, n->setting);
        emit_node(pr, " = %n", n->value);
    } else if (n->action == AST_VIRTUAL_CLUSTER_CREATE_USER) {
        bool secret = ast_is(n->value, AST_STRING) && !(pr->flags & AST_PRINT_PASSWORDS);
        emit(pr, secret ? " WITH PASSWORD '*****'" : " WITH PASSWORD %n", n->value);
    } else {
        emit_node(pr, " %n", n->value);
    }
    emit_list(pr, " %L", n->capabilities);
}

void print_drop_virtual_cluster(struct printer *pr, const struct ast_drop_virtual_cluster *n)
{
    emit(pr, "DROP VIRTUAL CLUSTER %s", n->if_exists ? "IF EXISTS " : "");
    print_cluster_name(pr, n->name);
    emit_if(pr, n->immediate, "%s", " IMMEDIATE");
}

static void print_backup_targets(struct printer *pr, enum ast_backup_target target, struct ast_list targets)
{
    if (target == AST_BACKUP_VIRTUAL_CLUSTER) {
        emit(pr, " VIRTUAL CLUSTER ");
        print_cluster_name(pr, targets.items[0]);
    } else if (target != AST_BACKUP_ALL) {
        emit(pr, " %s %L", ast_backup_target_sql(target), targets);
    }
}

static void print_locations(struct printer *pr, struct ast_list locations)
{
    emit(pr, locations.n == 1 ? " %L" : " (%L)", locations);
}

void print_backup(struct printer *pr, const struct ast_backup *n)
{
    emit(pr, "BACKUP");
    print_backup_targets(pr, n->target, n->targets);
    emit(pr, " INTO");
    emit_if(pr, n->latest, "%s", " LATEST IN");
    emit_node(pr, " %n IN", n->subdirectory);
    print_locations(pr, n->to);
    emit_node(pr, " AS OF SYSTEM TIME %n", n->as_of);
    emit_list(pr, " WITH OPTIONS (%L)", n->options);
}

void print_create_schedule(struct printer *pr, const struct ast_create_schedule *n)
{
    emit(pr, "CREATE SCHEDULE");
    emit_if(pr, n->if_not_exists, "%s", " IF NOT EXISTS");
    emit_node(pr, " %n", n->label);
    emit(pr, " FOR %n RECURRING ", n->backup);
    emit(pr, n->recurring != NULL ? "%n" : "NEVER", n->recurring);
    emit_node(pr, " FULL BACKUP %n", n->full);
    emit_if(pr, n->full_always, "%s", " FULL BACKUP ALWAYS");
    emit_list(pr, " WITH SCHEDULE OPTIONS (%L)", n->options);
}

void print_inspect(struct printer *pr, const struct ast_inspect *n)
{
    emit(pr, "INSPECT %s %n", n->database ? "DATABASE" : "TABLE", n->object);
    emit_node(pr, " AS OF SYSTEM TIME %n", n->as_of);
    if (n->indexes.n == 0 && !n->detached)
        return;
    emit(pr, " WITH OPTIONS (");
    emit_list(pr, "INDEX (%L)", n->indexes);
    emit_if(pr, n->detached, "%s", n->indexes.n > 0 ? ", DETACHED)" : "DETACHED)");
    emit_if(pr, !n->detached, "%s", ")");
}

void print_restore(struct printer *pr, const struct ast_restore *n)
{
    emit(pr, "RESTORE");
    print_backup_targets(pr, n->target, n->targets);
    emit(pr, " FROM");
    emit_if(pr, n->latest, "%s", " LATEST IN");
    emit_node(pr, " %n IN", n->subdirectory);
    print_locations(pr, n->from);
    emit_node(pr, " AS OF SYSTEM TIME %n", n->as_of);
    emit_list(pr, " WITH OPTIONS (%L)", n->options);
}
