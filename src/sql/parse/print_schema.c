// Printing of DDL other than tables: views, sequences, types, databases, functions, comments; and of access control.
#include "sql/parse/print_int.h"

void print_word_options(struct printer *pr, struct ast_list options)
{
    for (size_t i = 0; i < options.n; i++) {
        const struct ast_option *o = ast_as_option(options.items[i]);
        bool none = str_eqc(o->name, "owned by") && o->value == NULL;
        bool no = (str_eqc(o->name, "minvalue") || str_eqc(o->name, "maxvalue")) && o->value == NULL;
        emit(pr, "%s%s%u%s", i > 0 ? " " : "", no ? "NO " : "", o->name, none ? " NONE" : "");
        emit_node(pr, " %n", o->value);
    }
}

static void print_if_exists(struct printer *pr, bool if_exists)
{
    emit_if(pr, if_exists, "%s", " IF EXISTS");
}

static void print_if_not_exists(struct printer *pr, bool if_not_exists)
{
    emit_if(pr, if_not_exists, "%s", " IF NOT EXISTS");
}

// Objects in general ---------------------------------------------------------------------------------------------

static void print_visibility(struct printer *pr, const struct ast_alter_object *n)
{
    emit(pr, " %n ", n->name);
    if (str_eqc(n->new_name, "1.0"))
        emit(pr, "VISIBLE");
    else if (str_eqc(n->new_name, "0.0"))
        emit(pr, "NOT VISIBLE");
    else
        emit(pr, "VISIBILITY %t", n->new_name);
}

void print_alter_object(struct printer *pr, const struct ast_alter_object *n)
{
    emit(pr, "ALTER %s", ast_object_sql(n->kind));
    print_if_exists(pr, n->if_exists);
    if (n->action == AST_ALTER_INDEX_VISIBILITY) {
        print_visibility(pr, n);
        return;
    }
    emit(pr, " %n", n->name);
    emit_node(pr, " ON %n", n->table);
    emit(pr, " %s", ast_alter_action_sql(n->action));
    emit_text(pr, " %i", n->new_name);
}

void print_drop(struct printer *pr, const struct ast_drop *n)
{
    emit(pr, "DROP %s", ast_object_sql(n->kind));
    emit_if(pr, n->concurrently, "%s", " CONCURRENTLY");
    print_if_exists(pr, n->if_exists);
    emit(pr, " %L", n->names);
    emit_node(pr, " ON %n", n->table);
    emit_choice(pr, ast_drop_behavior_sql(n->behavior));
}

void print_comment_on(struct printer *pr, const struct ast_comment_on *n)
{
    emit(pr, "COMMENT ON %s ", ast_object_sql(n->kind));
    emit_text(pr, "%i ON ", n->constraint);
    emit(pr, "%n IS ", n->name);
    if (n->comment.ptr != NULL)
        emit(pr, "%q", n->comment);
    else
        emit(pr, "NULL");
}

void print_configure_zone(struct printer *pr, const struct ast_configure_zone *n)
{
    emit(pr, "ALTER ");
    if (n->range.ptr != NULL)
        emit(pr, "RANGE %i", n->range);
    else {
        emit_text(pr, "PARTITION %i OF ", n->partition);
        emit(pr, "%s %n", ast_object_sql(n->kind), n->name);
    }
    emit(pr, " CONFIGURE ZONE %s", n->discard ? "DISCARD" : n->use_default ? "USING DEFAULT" : "USING ");
    for (size_t i = 0; i < n->options.n; i++) {
        const struct ast_option *o = ast_as_option(n->options.items[i]);
        emit(pr, i > 0 ? ", " : "");
        print_setting_name(pr, o->name);
        emit_node(pr, " = %n", o->value);
        emit_if(pr, o->value == NULL, "%s", " = COPY FROM PARENT");
    }
}

// Views, sequences, types ----------------------------------------------------------------------------------------

void print_create_view(struct printer *pr, const struct ast_create_view *n)
{
    emit(pr, "CREATE");
    emit_if(pr, n->replace, "%s", " OR REPLACE");
    emit_choice(pr, ast_persistence_sql(n->persistence));
    emit_if(pr, n->materialized, "%s", " MATERIALIZED");
    emit(pr, " VIEW");
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %n", n->name);
    emit_list(pr, " (%L)", n->columns);
    emit_list(pr, " WITH (%L)", n->options);
    emit(pr, " AS %n", n->query);
    emit_choice(pr, ast_with_data_sql(n->with_data));
}

void print_refresh_view(struct printer *pr, const struct ast_refresh_view *n)
{
    emit(pr, "REFRESH MATERIALIZED VIEW %s%n", n->concurrently ? "CONCURRENTLY " : "", n->name);
    emit_node(pr, " AS OF SYSTEM TIME %n", n->as_of);
    emit_choice(pr, ast_with_data_sql(n->with_data));
}

void print_create_sequence(struct printer *pr, const struct ast_create_sequence *n)
{
    emit(pr, "CREATE");
    emit_choice(pr, ast_persistence_sql(n->persistence));
    emit(pr, " SEQUENCE");
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %n%s", n->name, n->options.n > 0 ? " " : "");
    print_word_options(pr, n->options);
}

void print_alter_sequence(struct printer *pr, const struct ast_alter_sequence *n)
{
    emit(pr, "ALTER SEQUENCE");
    print_if_exists(pr, n->if_exists);
    emit(pr, " %n ", n->name);
    print_word_options(pr, n->options);
}

void print_create_type(struct printer *pr, const struct ast_create_type *n)
{
    emit(pr, "CREATE %s", ast_object_sql(n->kind));
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %n AS ", n->name);
    if (n->type != NULL) {
        emit(pr, "%n", n->type);
        for (size_t i = 0; i < n->constraints.n; i++)
            emit(pr, " %n", n->constraints.items[i]);
    } else if (n->is_enum) {
        emit(pr, "ENUM (%L)", n->labels);
    } else {
        emit(pr, "(%L)", n->fields);
    }
}

void print_alter_type(struct printer *pr, const struct ast_alter_type *n)
{
    emit(pr, "ALTER TYPE %n %s", n->name, ast_alter_type_action_sql(n->action));
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %q", n->value);
    emit_text(pr, " TO %q", n->new_value);
    emit_text(pr, n->before ? " BEFORE %q" : " AFTER %q", n->neighbour);
}

// Databases, schemas, extensions, statistics ---------------------------------------------------------------------

void print_create_database(struct printer *pr, const struct ast_create_database *n)
{
    emit(pr, "CREATE DATABASE");
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %i", n->name);
    for (size_t i = 0; i < n->options.n; i++) {
        const struct ast_option *o = ast_as_option(n->options.items[i]);
        if (ast_is(o->value, AST_TUPLE))
            emit(pr, " %u = %L", o->name, ast_as_tuple(o->value)->items);
        else
            emit(pr, " %u = %n", o->name, o->value);
    }
}

void print_alter_database(struct printer *pr, const struct ast_alter_database *n)
{
    emit(pr, "ALTER DATABASE %i %n", n->name, n->set != NULL ? n->set : n->reset);
}

void print_create_schema(struct printer *pr, const struct ast_create_schema *n)
{
    emit(pr, "CREATE SCHEMA");
    print_if_not_exists(pr, n->if_not_exists);
    emit_node(pr, " %n", n->name);
    emit_text(pr, " AUTHORIZATION %i", n->owner);
}

void print_create_extension(struct printer *pr, const struct ast_create_extension *n)
{
    emit(pr, "CREATE EXTENSION");
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %i", n->name);
    emit_text(pr, " SCHEMA %i", n->schema);
    emit_text(pr, " version %q", n->version);
    emit_if(pr, n->cascade, "%s", " CASCADE");
}

void print_create_statistics(struct printer *pr, const struct ast_create_statistics *n)
{
    emit(pr, "CREATE STATISTICS %i", n->name);
    emit_list(pr, " ON %L", n->columns);
    emit(pr, " FROM %n", n->table);
    emit_if(pr, n->using_extremes, "%s", " USING EXTREMES");
    emit_node(pr, " WHERE %n", n->where);
    for (size_t i = 0; i < n->options.n; i++) {
        const struct ast_option *o = ast_as_option(n->options.items[i]);
        emit_if(pr, str_eqc(o->name, "throttling"), " WITH OPTIONS THROTTLING %n", o->value);
    }
    emit_node(pr, " AS OF SYSTEM TIME %n", n->as_of);
}

void print_analyze(struct printer *pr, const struct ast_analyze *n)
{
    emit(pr, "ANALYZE");
    emit_list(pr, " %L", n->tables);
}

void print_vacuum(struct printer *pr, const struct ast_vacuum *n)
{
    emit(pr, "VACUUM");
    emit_list(pr, " (%L)", n->options);
    emit_list(pr, " %L", n->tables);
}

// Functions ------------------------------------------------------------------------------------------------------

void print_func_signature(struct printer *pr, const struct ast_func_signature *n)
{
    emit(pr, "%n", n->name);
    emit_if(pr, n->has_args, "(%L)", n->params);
}

void print_func_param(struct printer *pr, const struct ast_func_param *n)
{
    emit_if(pr, n->mode != AST_PARAM_DEFAULT, "%s ", ast_func_param_mode_sql(n->mode));
    emit_text(pr, "%i ", n->name);
    emit(pr, "%n", n->type);
    emit_node(pr, " DEFAULT %n", n->default_value);
}

void print_create_function(struct printer *pr, const struct ast_create_function *n)
{
    emit(pr, "CREATE %s%s %n(%L)", n->replace ? "OR REPLACE " : "", n->procedure ? "PROCEDURE" : "FUNCTION", n->name,
         n->params);
    emit_if(pr, n->returns != NULL, " RETURNS %s%n", n->setof ? "SETOF " : "", n->returns);
    emit_list(pr, " RETURNS TABLE (%L)", n->table_columns);
    emit_if(pr, n->options.n > 0, "%s", " ");
    print_word_options(pr, n->options);
}

// Triggers --------------------------------------------------------------------------------------------------------

void print_trigger_event(struct printer *pr, const struct ast_trigger_event *n)
{
    emit(pr, "%s", ast_trigger_verb_sql(n->verb));
    emit_list(pr, " OF %L", n->columns);
}

void print_transition(struct printer *pr, const struct ast_transition *n)
{
    emit(pr, "%s %s AS %i", n->is_new ? "NEW" : "OLD", n->row ? "ROW" : "TABLE", n->name);
}

void print_create_trigger(struct printer *pr, const struct ast_create_trigger *n)
{
    emit(pr, "CREATE %s%sTRIGGER %i %s", n->replace ? "OR REPLACE " : "", n->constraint ? "CONSTRAINT " : "", n->name,
         ast_trigger_timing_sql(n->timing));
    for (size_t i = 0; i < n->events.n; i++)
        emit(pr, i > 0 ? " OR %n" : " %n", n->events.items[i]);
    emit(pr, " ON %n", n->table);
    emit_node(pr, " FROM %n", n->referenced);
    emit_choice(pr, ast_deferrable_sql(n->deferrable));
    for (size_t i = 0; i < n->transitions.n; i++)
        emit(pr, i > 0 ? " %n" : " REFERENCING %n", n->transitions.items[i]);
    emit(pr, " FOR EACH %s", n->per_row ? "ROW" : "STATEMENT");
    emit_node(pr, " WHEN (%n)", n->when);
    emit(pr, " EXECUTE FUNCTION %n(%L)", n->function, n->args);
}

void print_call(struct printer *pr, const struct ast_call *n)
{
    emit(pr, "CALL %n", n->call);
}

void print_do(struct printer *pr, const struct ast_do *n)
{
    emit(pr, "DO ");
    emit_text(pr, "LANGUAGE %i ", n->language);
    emit(pr, "%q", n->body);
}

// Roles and privileges -------------------------------------------------------------------------------------------

static void print_role_options(struct printer *pr, struct ast_list options)
{
    for (size_t i = 0; i < options.n; i++) {
        const struct ast_option *o = ast_as_option(options.items[i]);
        bool secret = str_eqc(o->name, "password") && !(pr->flags & AST_PRINT_PASSWORDS);
        emit(pr, "%s %u", i == 0 ? " WITH" : "", o->name);
        if (secret && ast_is(o->value, AST_STRING))
            emit(pr, " '*****'");
        else
            emit_node(pr, " %n", o->value);
    }
}

void print_create_role(struct printer *pr, const struct ast_create_role *n)
{
    emit(pr, "CREATE %s", n->user ? "USER" : "ROLE");
    print_if_not_exists(pr, n->if_not_exists);
    emit(pr, " %i", n->name);
    print_role_options(pr, n->options);
}

void print_alter_role(struct printer *pr, const struct ast_alter_role *n)
{
    emit(pr, "ALTER %s", n->user ? "USER" : "ROLE");
    print_if_exists(pr, n->if_exists);
    if (n->name.ptr != NULL)
        emit(pr, " %i", n->name);
    else
        emit(pr, " ALL");
    emit_text(pr, " IN DATABASE %i", n->database);
    print_role_options(pr, n->options);
    emit_node(pr, " %n", n->set);
    emit_node(pr, " %n", n->reset);
}

// Privileges are words, held in upper case.
static void print_privileges(struct printer *pr, struct ast_list privileges)
{
    static const char *const reserved[] = {"ALL", "CREATE", "GRANT", "SELECT", "REFERENCES"};
    for (size_t i = 0; i < privileges.n; i++) {
        struct str name = ast_as_name(privileges.items[i])->name;
        bool bare = false;
        for (size_t j = 0; j < ARRAY_LEN(reserved); j++)
            bare |= str_eqc(name, reserved[j]);
        emit(pr, i > 0 ? ", " : "");
        if (bare)
            emit(pr, "%t", name);
        else
            print_upper_word(pr->out, name);
    }
}

// Everything after the privileges; without targets in ALTER DEFAULT PRIVILEGES.
static void print_grantees(struct printer *pr, const struct ast_grant *n)
{
    emit(pr, n->revoke ? " FROM %L" : " TO %L", n->grantees);
    emit_if(pr, n->grant_option && !n->revoke, "%s", " WITH GRANT OPTION");
    emit_choice(pr, ast_drop_behavior_sql(n->behavior));
}

void print_grant(struct printer *pr, const struct ast_grant *n)
{
    emit(pr, n->revoke ? "REVOKE " : "GRANT ");
    emit_if(pr, n->revoke && n->grant_option, "%s", "GRANT OPTION FOR ");
    emit_if(pr, n->target == AST_GRANT_ON_SYSTEM, "%s", "SYSTEM ");
    print_privileges(pr, n->privileges);
    emit_if(pr, n->targets.n > 0, " ON %s %L", ast_grant_target_sql(n->target), n->targets);
    emit_if(pr, n->targets.n == 0 && n->target != AST_GRANT_ON_SYSTEM, " ON %sS", ast_grant_target_sql(n->target));
    print_grantees(pr, n);
}

void print_grant_role(struct printer *pr, const struct ast_grant_role *n)
{
    emit(pr, n->revoke ? "REVOKE " : "GRANT ");
    emit_if(pr, n->revoke && n->admin_option, "%s", "ADMIN OPTION FOR ");
    emit(pr, "%L", n->roles);
    emit(pr, n->revoke ? " FROM %L" : " TO %L", n->members);
    emit_if(pr, n->admin_option && !n->revoke, "%s", " WITH ADMIN OPTION");
}

void print_alter_default_privileges(struct printer *pr, const struct ast_alter_default_privileges *n)
{
    emit(pr, "ALTER DEFAULT PRIVILEGES");
    emit_list(pr, " FOR ROLE %L", n->for_roles);
    emit_if(pr, n->for_all_roles, "%s", " FOR ALL ROLES");
    emit_list(pr, " IN SCHEMA %L", n->schemas);
    emit(pr, " %n", n->grant);
}

void print_reassign_owned(struct printer *pr, const struct ast_reassign_owned *n)
{
    emit(pr, "REASSIGN OWNED BY %L TO %i", n->from, n->to);
}

void print_drop_owned(struct printer *pr, const struct ast_drop_owned *n)
{
    emit(pr, "DROP OWNED BY %L", n->roles);
    emit_choice(pr, ast_drop_behavior_sql(n->behavior));
}
