// ALTER TABLE: one command after the other, each on the descriptor the one before left.

#include "sql/ddl/drop_int.h"
#include "sql/ddl/storage_int.h"
#include "sql/ddl/trigger_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

// ---- constraints

static int add_constraint(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct ast_constraint c = *ast_as_constraint(cmd->def);
    c.if_not_exists |= cmd->if_not_exists;
    return constraint_add(w, &c, err);
}

static int add_index(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct cat_index index;
    TRY(index_build(w, ast_as_index_def(cmd->def), &index, err));
    return index_add(w, index, err);
}

static int no_constraint(struct table_work *w, struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "constraint \"%.*s\" of relation \"%.*s\" does not exist", STR_FMT(name),
                   STR_FMT(w->edit.t.name));
}

static bool remove_check(struct table_edit *e, struct str name)
{
    size_t kept = 0, n = e->checks.len;
    for (size_t i = 0; i < n; i++)
        if (!str_eq(e->checks.ptr[i].name, name))
            e->checks.ptr[kept++] = e->checks.ptr[i];
    e->checks.len = kept;
    return kept < n;
}

// The comment of a constraint goes with its name; new_name empty: away.
static int move_comment(struct table_work *w, struct str name, struct str new_name, struct err *err)
{
    struct str text;
    struct cat_view *v = w->dc->view;
    uint32_t id = w->edit.t.id, from = cat_constraint_comment_id(name);
    TRY(cat_comment_get(v, CAT_COMMENT_CONSTRAINT, id, from, &text, err));
    if (text.ptr == NULL)
        return 0;
    TRY(cat_comment_put(v, CAT_COMMENT_CONSTRAINT, id, from, STR_NONE, err));
    return new_name.len > 0
               ? cat_comment_put(v, CAT_COMMENT_CONSTRAINT, id, cat_constraint_comment_id(new_name), text, err)
               : 0;
}

static int drop_constraint(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct table_edit *e = &w->edit;
    TRY(move_comment(w, cmd->name, STR_EMPTY, err));
    if (e->has_primary && str_eq(e->primary.name, cmd->name))
        return 0; // the key that follows replaces it
    if (remove_check(e, cmd->name))
        return 0;
    for (size_t i = 0; i < e->outbound.len; i++)
        if (str_eq(e->outbound.ptr[i].name, cmd->name))
            return drop_foreign_key(w, cmd->name, err);
    for (size_t i = 0; i < e->indexes.len; i++)
        if (e->indexes.ptr[i].unique && str_eq(e->indexes.ptr[i].name, cmd->name))
            return index_drop(w, e->indexes.ptr[i].id, ddl_cascade(cmd->behavior), err);
    return cmd->if_exists ? 0 : no_constraint(w, cmd->name, err);
}

// The copy in the referenced table follows.
static int rename_foreign_key(struct table_work *w, struct cat_foreign_key *fk, struct str name, struct err *err)
{
    struct table_edit *e = &w->edit;
    struct str old = fk->name;
    bool self = fk->referenced_table_id == e->t.id;
    if (!self)
        TRY(foreign_key_unlink(w->dc, fk, err));
    fk->name = name;
    for (size_t i = 0; self && i < e->inbound.len; i++)
        if (e->inbound.ptr[i].origin_table_id == e->t.id && str_eq(e->inbound.ptr[i].name, old))
            e->inbound.ptr[i].name = name;
    return self ? 0 : foreign_key_link(w->dc, fk, err);
}

static int rename_constraint(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct table_edit *e = &w->edit;
    if (edit_has_constraint(e, cmd->new_name))
        return err_set(err, ERR_DUPLICATE_OBJECT, "duplicate constraint name: \"%.*s\"", STR_FMT(cmd->new_name));
    TRY(move_comment(w, cmd->name, cmd->new_name, err));
    struct str *slot = NULL;
    if (e->has_primary && str_eq(e->primary.name, cmd->name))
        slot = &e->primary.name;
    for (size_t i = 0; i < e->indexes.len; i++)
        if (e->indexes.ptr[i].unique && str_eq(e->indexes.ptr[i].name, cmd->name))
            slot = &e->indexes.ptr[i].name;
    for (size_t i = 0; i < e->checks.len; i++)
        if (str_eq(e->checks.ptr[i].name, cmd->name))
            slot = &e->checks.ptr[i].name;
    for (size_t i = 0; i < e->outbound.len; i++)
        if (str_eq(e->outbound.ptr[i].name, cmd->name))
            return rename_foreign_key(w, &e->outbound.ptr[i], cmd->new_name, err);
    if (slot == NULL)
        return no_constraint(w, cmd->name, err);
    *slot = cmd->new_name;
    return 0;
}

static int validate_foreign_key(struct table_work *w, struct cat_foreign_key *fk, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct table_edit *e = &w->edit;
    if (online_can_defer(w)) {
        fk->pending = CAT_PENDING_VALIDATE;
        online_defer(w);
        return 0;
    }
    TRY(s->validate_foreign_key(s, w->dc, edit_table(e), fk, err));
    bool self = fk->referenced_table_id == e->t.id;
    if (!self)
        TRY(foreign_key_unlink(w->dc, fk, err));
    fk->validated = true;
    for (size_t i = 0; self && i < e->inbound.len; i++)
        if (e->inbound.ptr[i].origin_table_id == e->t.id && str_eq(e->inbound.ptr[i].name, fk->name))
            e->inbound.ptr[i].validated = true;
    return self ? 0 : foreign_key_link(w->dc, fk, err);
}

static int validate_constraint(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    struct table_edit *e = &w->edit;
    for (size_t i = 0; i < e->checks.len; i++) {
        if (!str_eq(e->checks.ptr[i].name, cmd->name))
            continue;
        if (online_can_defer(w)) {
            e->checks.ptr[i].pending = CAT_PENDING_VALIDATE;
            online_defer(w);
            return 0;
        }
        TRY(s->validate_check(s, w->dc, edit_table(e), &e->checks.ptr[i], err));
        e->checks.ptr[i].validated = true;
        return 0;
    }
    for (size_t i = 0; i < e->outbound.len; i++)
        if (str_eq(e->outbound.ptr[i].name, cmd->name))
            return validate_foreign_key(w, &e->outbound.ptr[i], err);
    return edit_has_constraint(e, cmd->name) ? 0 : no_constraint(w, cmd->name, err);
}

static int alter_primary_key(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    w->keep_old_key = true;
    return primary_key_set(w, ast_as_index_def(cmd->def), STR_NONE, err);
}

static int set_storage(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    return storage_parameters_set(w->dc, &cmd->options, &w->edit.t.storage_parameters, err);
}

static int reset_storage(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    return storage_parameters_reset(w->dc, &cmd->options, &w->edit.t.storage_parameters, err);
}

static int drop_key_command(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    return 0; // as drop_constraint()
}

// Every table is in the log, as with CREATE UNLOGGED TABLE.
static int keep_logged(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    return 0;
}

static int partition_by(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    return ddl_refuse_partitions(cmd->def, err);
}

static int inject_statistics(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err)
{
    return ddl_inject_statistics(w->dc, edit_table(&w->edit), cmd->expr, err);
}

// ---- commands

typedef int alter_command(struct table_work *w, const struct ast_alter_table_cmd *cmd, struct err *err);

// Commands without an entry are not supported.
static alter_command *command_of(enum ast_alter_table_action action)
{
    static alter_command *const commands[] = {
        [AST_ALTER_ADD_COLUMN] = alter_add_column,
        [AST_ALTER_DROP_COLUMN] = alter_drop_column,
        [AST_ALTER_RENAME_COLUMN] = alter_rename_column,
        [AST_ALTER_COLUMN_TYPE] = alter_column,
        [AST_ALTER_COLUMN_SET_DEFAULT] = alter_column,
        [AST_ALTER_COLUMN_DROP_DEFAULT] = alter_column,
        [AST_ALTER_COLUMN_SET_ON_UPDATE] = alter_column,
        [AST_ALTER_COLUMN_DROP_ON_UPDATE] = alter_column,
        [AST_ALTER_COLUMN_SET_NOT_NULL] = alter_column,
        [AST_ALTER_COLUMN_DROP_NOT_NULL] = alter_column,
        [AST_ALTER_COLUMN_DROP_STORED] = alter_column,
        [AST_ALTER_COLUMN_SET_OPTIONS] = alter_column,
        [AST_ALTER_COLUMN_RESET_OPTIONS] = alter_column,
        [AST_ALTER_COLUMN_SET_VISIBLE] = alter_column,
        [AST_ALTER_COLUMN_SET_NOT_VISIBLE] = alter_column,
        [AST_ALTER_COLUMN_ADD_IDENTITY] = alter_column,
        [AST_ALTER_COLUMN_SET_IDENTITY] = alter_column,
        [AST_ALTER_COLUMN_DROP_IDENTITY] = alter_column,
        [AST_ALTER_ADD_CONSTRAINT] = add_constraint,
        [AST_ALTER_ADD_INDEX] = add_index,
        [AST_ALTER_DROP_CONSTRAINT] = drop_constraint,
        [AST_ALTER_RENAME_CONSTRAINT] = rename_constraint,
        [AST_ALTER_VALIDATE_CONSTRAINT] = validate_constraint,
        [AST_ALTER_PRIMARY_KEY] = alter_primary_key,
        [AST_ALTER_DROP_PRIMARY_KEY] = drop_key_command,
        [AST_ALTER_SET_STORAGE] = set_storage,
        [AST_ALTER_RESET_STORAGE] = reset_storage,
        [AST_ALTER_INJECT_STATISTICS] = inject_statistics,
        [AST_ALTER_SET_LOGGED] = keep_logged,
        [AST_ALTER_SET_UNLOGGED] = keep_logged,
        [AST_ALTER_PARTITION_BY] = partition_by,
        [AST_ALTER_PARTITION_ALL_BY] = partition_by,
        [AST_ALTER_ENABLE_TRIGGER] = trigger_switch,
        [AST_ALTER_ENABLE_ALWAYS_TRIGGER] = trigger_switch,
        [AST_ALTER_ENABLE_REPLICA_TRIGGER] = trigger_switch,
        [AST_ALTER_DISABLE_TRIGGER] = trigger_switch,
    };
    return (size_t)action < ARRAY_LEN(commands) ? commands[action] : NULL;
}

static bool adds_primary_key(const struct ast_alter_table_cmd *cmd)
{
    return cmd->action == AST_ALTER_ADD_CONSTRAINT && ast_is(cmd->def, AST_CONSTRAINT) &&
           ast_as_constraint(cmd->def)->kind == AST_CONSTRAINT_PRIMARY_KEY;
}

static bool drops_primary_key(const struct cat_table *t, const struct ast_alter_table_cmd *cmd)
{
    return cmd->action == AST_ALTER_DROP_PRIMARY_KEY ||
           (cmd->action == AST_ALTER_DROP_CONSTRAINT && t->primary != NULL && str_eq(t->primary->name, cmd->name));
}

static bool changes_storage(const struct ast_alter_table_cmd *cmd)
{
    return cmd->action == AST_ALTER_SET_STORAGE || cmd->action == AST_ALTER_RESET_STORAGE;
}

static int run_command(struct ddl_context *dc, uint32_t table_id, const struct ast_alter_table_cmd *cmd,
                       bool key_replaced, struct err *err)
{
    const struct cat_table *t;
    struct table_work w;
    alter_command *command = command_of(cmd->action);
    if (command == NULL)
        return ddl_unimplemented(err, "ALTER TABLE ... %s", ast_alter_table_action_sql(cmd->action));
    TRY(cat_table_by_id(dc->view, table_id, &t, err));
    TRY(work_open(&w, dc, t, err));
    w.replaces_key = key_replaced && adds_primary_key(cmd);
    TRY(command(&w, cmd, err));
    return edit_save(&w.edit, dc, err);
}

static int run_text(struct ddl_context *dc, uint32_t table_id, struct str sql, bool key_replaced, struct err *err)
{
    struct parsed_statements parsed;
    TRY(parse_sql(dc->arena, arena_str(dc->arena, sql), NULL, &parsed, err));
    const struct ast_alter_table *s = ast_as_alter_table(parsed.items[0].ast);
    for (size_t i = 0; i < s->cmds.n; i++)
        TRY(run_command(dc, table_id, ast_as_alter_table_cmd(s->cmds.items[i]), key_replaced, err));
    return 0;
}

int alter_table_by_text(struct ddl_context *dc, uint32_t table_id, struct str sql, struct err *err)
{
    return run_text(dc, table_id, sql, false, err);
}

// A table without a primary key has one on a hidden column, as CREATE TABLE makes it.
static int hide_primary_key(struct ddl_context *dc, uint32_t table_id, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_table_by_id(dc->view, table_id, &t, err));
    struct buf sql = BUF_INIT, column = BUF_INIT, key = BUF_INIT;
    buf_cstr(&column, "rowid");
    for (int i = 1; cat_column_by_name(t, buf_view(&column)) != NULL; i++) {
        buf_clear(&column);
        buf_printf(&column, "rowid_%d", i);
    }
    buf_printf(&key, "%.*s_pkey", STR_FMT(t->name));
    buf_printf(&sql, "ALTER TABLE t ADD COLUMN %s INT8 NOT VISIBLE NOT NULL DEFAULT unique_rowid(), ADD CONSTRAINT ",
               buf_c(&column));
    print_identifier(&sql, buf_view(&key));
    buf_printf(&sql, " PRIMARY KEY (%s)", buf_c(&column));
    int rc = run_text(dc, table_id, buf_view(&sql), true, err);
    buf_release(&sql);
    buf_release(&column);
    buf_release(&key);
    return rc;
}

int ddl_alter_table(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_alter_table *s = ast_as_alter_table(statement);
    const struct cat_table *t;
    bool drops = false, adds = false, stores = false;
    TRY(ddl_find_table(dc, s->name, s->if_exists, &t, err));
    out->changed_schema = t != NULL;
    if (t == NULL)
        return 0;
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    TRY(ddl_lock_table(dc, t, err));
    TRY(online_none_pending(dc, t, err));
    for (size_t i = 0; i < s->cmds.n; i++) {
        drops |= drops_primary_key(t, ast_as_alter_table_cmd(s->cmds.items[i]));
        adds |= drops && adds_primary_key(ast_as_alter_table_cmd(s->cmds.items[i]));
        stores |= changes_storage(ast_as_alter_table_cmd(s->cmds.items[i]));
    }
    for (size_t i = 0; i < s->cmds.n; i++)
        TRY(run_command(dc, t->id, ast_as_alter_table_cmd(s->cmds.items[i]), drops && adds, err));
    if (drops && !adds)
        TRY(hide_primary_key(dc, t->id, err));
    return stores ? ttl_follow(dc, t->id, err) : 0;
}
