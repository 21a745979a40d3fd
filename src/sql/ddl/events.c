// What the statements of this folder write into the event log, by CockroachDB's names: one event for each object that a
// statement is about, in the same transaction. What is dropped or gets another name is looked up before it does.
#include "base/util.h"
#include "sql/ddl/ddl_int.h"
#include "sql/parse/ast_print.h"
#include "types/json.h"

struct noun {
    const char *word, *key; // drop_<word>; the member that names the object
};
static const struct noun nouns[] = {
    [AST_OBJECT_TABLE] = {"table", "TableName"},
    [AST_OBJECT_VIEW] = {"view", "ViewName"},
    [AST_OBJECT_MATERIALIZED_VIEW] = {"view", "ViewName"},
    [AST_OBJECT_SEQUENCE] = {"sequence", "SequenceName"},
    [AST_OBJECT_INDEX] = {"index", "IndexName"},
    [AST_OBJECT_DATABASE] = {"database", "DatabaseName"},
    [AST_OBJECT_SCHEMA] = {"schema", "SchemaName"},
    [AST_OBJECT_TYPE] = {"type", "TypeName"},
    [AST_OBJECT_FUNCTION] = {"function", "FunctionName"},
    [AST_OBJECT_PROCEDURE] = {"function", "FunctionName"},
    [AST_OBJECT_COLUMN] = {"column", "ColumnName"},
    [AST_OBJECT_CONSTRAINT] = {"constraint", "ConstraintName"},
    [AST_OBJECT_ROLE] = {"role", "RoleName"},
};

static bool has_noun(enum ast_object kind)
{
    return (size_t)kind < ARRAY_LEN(nouns) && nouns[kind].word != NULL;
}

// ---- one event

struct event {
    struct json_builder json;
    struct ddl_context *dc;
    int64_t micros;
};

static void add_text(struct event *e, const char *key, struct str value)
{
    json_key(&e->json, str_of(key));
    json_add_string(&e->json, value);
}

static struct str statement_text(struct arena *a, const struct ast *statement)
{
    struct buf b = BUF_INIT;
    ast_print(&b, statement, AST_PRINT_DEFAULT);
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

static void begin(struct event *e, struct ddl_context *dc, const struct ast *statement, struct str type)
{
    *e = (struct event){.dc = dc, .micros = cat_event_time(dc->view)};
    json_builder_init(&e->json);
    json_begin_object(&e->json);
    add_text(e, "EventType", type);
    json_key(&e->json, STR("Timestamp"));
    json_add_i64(&e->json, e->micros * 1000);
    add_text(e, "Statement", statement_text(dc->arena, statement));
    add_text(e, "Tag", str_of(ast_tag(statement)));
    add_text(e, "User", dc->scope.user);
    if (dc->application_name.len > 0)
        add_text(e, "ApplicationName", dc->application_name);
}

static void add_id(struct event *e, uint32_t id)
{
    if (id == 0)
        return;
    json_key(&e->json, STR("DescriptorID"));
    json_add_i64(&e->json, id);
}

static void add_names(struct event *e, const char *key, struct ast_list names)
{
    json_key(&e->json, str_of(key));
    json_begin_array(&e->json);
    for (size_t i = 0; i < names.n; i++)
        json_add_string(&e->json, ast_as_name(names.items[i])->name);
    json_end(&e->json);
}

static int put(struct event *e, struct err *err)
{
    struct str json;
    json_end(&e->json);
    int rc = json_builder_finish(&e->json, e->dc->arena, &json, err);
    json_builder_release(&e->json);
    return rc != 0 ? rc : cat_event_put(e->dc->view, e->micros, json, err);
}

// ---- objects

static struct str text_of(struct ddl_context *dc, const struct ast *name)
{
    return name != NULL ? statement_text(dc->arena, name) : STR_EMPTY;
}

// A lookup that fails finds nothing: the statement itself says why.
static void find_relation(struct ddl_context *dc, const struct ast *name, struct ddl_event_object *out)
{
    struct err ignored = ERR_INIT;
    const struct cat_table *t;
    if (name != NULL && name->kind == AST_OBJECT_NAME && ddl_find_relation(dc, name, true, &t, &ignored) == 0 &&
        t != NULL)
        *out = (struct ddl_event_object){t->id, arena_str(dc->arena, ddl_qualified_name(dc, t))};
    err_reset(&ignored);
}

static void find_database(struct ddl_context *dc, struct str name, struct ddl_event_object *out)
{
    const struct cat_database *d = NULL;
    if (cat_database_by_name(dc->view, name, &d, NULL) == 0 && d != NULL)
        *out = (struct ddl_event_object){d->id, arena_str(dc->arena, d->name)};
}

static void find_schema(struct ddl_context *dc, const struct ast *name, struct ddl_event_object *out)
{
    struct err ignored = ERR_INIT;
    const struct cat_schema *s;
    const struct cat_database *d;
    if (ddl_find_schema(dc, name, true, &s, &d, &ignored) == 0 && s != NULL && d != NULL)
        *out =
            (struct ddl_event_object){s->id, arena_printf(dc->arena, "%.*s.%.*s", STR_FMT(d->name), STR_FMT(s->name))};
    err_reset(&ignored);
}

static void find_type(struct ddl_context *dc, const struct ast *name, struct ddl_event_object *out)
{
    struct err ignored = ERR_INIT;
    const struct cat_type *t;
    if (ddl_find_type(dc, name, true, &t, &ignored) == 0 && t != NULL)
        *out = (struct ddl_event_object){t->id, text_of(dc, name)};
    err_reset(&ignored);
}

// Name empty: there is no such object.
static struct ddl_event_object find(struct ddl_context *dc, enum ast_object kind, const struct ast *name)
{
    struct ddl_event_object o = {0, STR_EMPTY};
    const struct cat_role *role = NULL;
    switch (kind) {
    case AST_OBJECT_TABLE:
    case AST_OBJECT_VIEW:
    case AST_OBJECT_MATERIALIZED_VIEW:
    case AST_OBJECT_SEQUENCE:
        find_relation(dc, name, &o);
        break;
    case AST_OBJECT_DATABASE:
        find_database(dc, ast_as_name(name)->name, &o);
        break;
    case AST_OBJECT_SCHEMA:
        find_schema(dc, name, &o);
        break;
    case AST_OBJECT_TYPE:
        find_type(dc, name, &o);
        break;
    case AST_OBJECT_ROLE:
        if (cat_role_by_name(dc->view, ast_as_name(name)->name, &role, NULL) == 0 && role != NULL)
            o.name = arena_str(dc->arena, role->name);
        break;
    default:
        o.name = text_of(dc, name);
    }
    return o;
}

static int object_event(struct ddl_context *dc, const struct ast *statement, struct str type, enum ast_object kind,
                        struct ddl_event_object o, struct err *err)
{
    struct event e;
    if (o.name.len == 0)
        return 0;
    begin(&e, dc, statement, type);
    add_id(&e, o.id);
    add_text(&e, nouns[kind].key, o.name);
    return put(&e, err);
}

static int named_event(struct ddl_context *dc, const struct ast *statement, const char *type, enum ast_object kind,
                       const struct ast *name, struct err *err)
{
    return object_event(dc, statement, str_of(type), kind, find(dc, kind, name), err);
}

// ---- before: what goes, what gets another name

void ddl_events_before(struct ddl_context *dc, const struct ast *statement, struct ddl_events *out)
{
    *out = (struct ddl_events){0};
    if (statement->kind == AST_ALTER_OBJECT && has_noun(ast_as_alter_object(statement)->kind)) {
        const struct ast_alter_object *s = ast_as_alter_object(statement);
        out->objects = ARENA_NEW(dc->arena, struct ddl_event_object);
        out->objects[out->n++] = find(dc, s->kind, s->name);
    }
    if (statement->kind != AST_DROP || !has_noun(ast_as_drop(statement)->kind))
        return;
    const struct ast_drop *s = ast_as_drop(statement);
    out->objects = ARENA_ARRAY(dc->arena, struct ddl_event_object, s->names.n);
    for (size_t i = 0; i < s->names.n; i++)
        out->objects[out->n++] = find(dc, s->kind, s->names.items[i]);
}

// ---- after

static int drop_events(struct ddl_context *dc, const struct ast *statement, const struct ddl_events *before,
                       struct err *err)
{
    enum ast_object kind = ast_as_drop(statement)->kind;
    struct str type = before->n > 0 ? arena_printf(dc->arena, "drop_%s", nouns[kind].word) : STR_EMPTY;
    for (size_t i = 0; i < before->n; i++)
        TRY(object_event(dc, statement, type, kind, before->objects[i], err));
    return 0;
}

static int alter_object_event(struct ddl_context *dc, const struct ast *statement, const struct ddl_events *before,
                              struct err *err)
{
    const struct ast_alter_object *s = ast_as_alter_object(statement);
    struct event e;
    if (before->n == 0 || before->objects[0].name.len == 0)
        return 0;
    const char *word = nouns[s->kind].word;
    struct str type = s->action == AST_ALTER_RENAME && s->kind != AST_OBJECT_INDEX
                          ? arena_printf(dc->arena, "rename_%s", word)
                      : s->action == AST_ALTER_OWNER      ? arena_printf(dc->arena, "alter_%s_owner", word)
                      : s->action == AST_ALTER_SET_SCHEMA ? STR("set_schema")
                                                          : STR("alter_index");
    begin(&e, dc, statement, type);
    add_id(&e, before->objects[0].id);
    add_text(&e, nouns[s->kind].key, before->objects[0].name);
    if (s->action == AST_ALTER_RENAME)
        add_text(&e, arena_printf(dc->arena, "New%s", nouns[s->kind].key).ptr, s->new_name);
    if (s->action == AST_ALTER_OWNER)
        add_text(&e, "Owner", s->new_name);
    if (s->action == AST_ALTER_SET_SCHEMA)
        add_text(&e, "NewSchemaName", s->new_name);
    return put(&e, err);
}

static int create_schema_event(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_create_schema *s = ast_as_create_schema(statement);
    if (s->name != NULL)
        return named_event(dc, statement, "create_schema", AST_OBJECT_SCHEMA, s->name, err);
    struct ddl_event_object o = {0, s->owner};
    return object_event(dc, statement, STR("create_schema"), AST_OBJECT_SCHEMA, o, err);
}

static int create_index_event(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_create_index *s = ast_as_create_index(statement);
    struct ddl_event_object o = find(dc, AST_OBJECT_TABLE, s->table);
    const struct cat_table *t = NULL;
    struct event e;
    if (o.id != 0)
        TRY(cat_table_by_id(dc->view, o.id, &t, err));
    if (t == NULL || t->n_indexes == 0)
        return 0;
    begin(&e, dc, statement, STR("create_index"));
    add_id(&e, o.id);
    add_text(&e, "TableName", o.name);
    add_text(&e, "IndexName", t->indexes[t->n_indexes - 1].name); // the newest is the last
    return put(&e, err);
}

static int truncate_events(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_truncate *s = ast_as_truncate(statement);
    for (size_t i = 0; i < s->tables.n; i++)
        TRY(named_event(dc, statement, "truncate_table", AST_OBJECT_TABLE, s->tables.items[i], err));
    return 0;
}

static int comment_event(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_comment_on *s = ast_as_comment_on(statement);
    struct event e;
    if (!has_noun(s->kind))
        return 0;
    struct ddl_event_object o = find(dc, s->kind, s->name);
    begin(&e, dc, statement, arena_printf(dc->arena, "comment_on_%s", nouns[s->kind].word));
    add_id(&e, o.id);
    add_text(&e, s->kind == AST_OBJECT_CONSTRAINT ? "TableName" : nouns[s->kind].key, o.name);
    if (s->constraint.ptr != NULL)
        add_text(&e, "ConstraintName", s->constraint);
    if (s->comment.ptr != NULL) {
        add_text(&e, "Comment", s->comment);
    } else {
        json_key(&e.json, STR("NullComment"));
        json_add_bool(&e.json, true);
    }
    return put(&e, err);
}

static int zone_event(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_configure_zone *s = ast_as_configure_zone(statement);
    struct event e;
    struct str target = s->range.ptr != NULL ? arena_printf(dc->arena, "RANGE %.*s", STR_FMT(s->range))
                                             : arena_printf(dc->arena, "%s %.*s", ast_object_sql(s->kind),
                                                            STR_FMT(text_of(dc, s->name)));
    begin(&e, dc, statement, s->discard ? STR("remove_zone_config") : STR("set_zone_config"));
    add_text(&e, "Target", target);
    return put(&e, err);
}

// ---- roles and privileges

static int role_event(struct ddl_context *dc, const struct ast *statement, const char *type, struct str name,
                      struct ast_list options, struct err *err)
{
    struct event e;
    begin(&e, dc, statement, str_of(type));
    add_text(&e, "RoleName", name.ptr != NULL ? name : STR("ALL"));
    json_key(&e.json, STR("Options"));
    json_begin_array(&e.json);
    for (size_t i = 0; i < options.n; i++) {
        struct str option = arena_str(dc->arena, ast_as_option(options.items[i])->name);
        for (size_t k = 0; k < option.len; k++)
            if (option.ptr[k] >= 'a' && option.ptr[k] <= 'z')
                ((char *)option.ptr)[k] = (char)(option.ptr[k] - 'a' + 'A');
        json_add_string(&e.json, option);
    }
    json_end(&e.json);
    return put(&e, err);
}

static int membership_event(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_grant_role *s = ast_as_grant_role(statement);
    struct event e;
    begin(&e, dc, statement, s->revoke ? STR("revoke_role") : STR("grant_role"));
    add_names(&e, "GranteeRoles", s->roles);
    add_names(&e, "Members", s->members);
    return put(&e, err);
}

static enum ast_object granted_kind(enum ast_grant_target target)
{
    switch (target) {
    case AST_GRANT_ON_DATABASE:
        return AST_OBJECT_DATABASE;
    case AST_GRANT_ON_TYPE:
        return AST_OBJECT_TYPE;
    case AST_GRANT_ON_FUNCTION:
    case AST_GRANT_ON_PROCEDURE:
        return AST_OBJECT_FUNCTION;
    case AST_GRANT_ON_TABLE:
    case AST_GRANT_ON_SEQUENCE:
        return AST_OBJECT_TABLE;
    default: // with ALL … IN SCHEMA the schema stands for what is in it
        return AST_OBJECT_SCHEMA;
    }
}

static int privilege_event(struct ddl_context *dc, const struct ast *statement, const struct ast *target,
                           const struct ast *grantee, struct err *err)
{
    const struct ast_grant *s = ast_as_grant(statement);
    enum ast_object kind = granted_kind(s->target);
    struct event e;
    struct ddl_event_object o = find(dc, kind, target);
    begin(&e, dc, statement, arena_printf(dc->arena, "change_%s_privilege", nouns[kind].word));
    add_id(&e, o.id);
    add_text(&e, nouns[kind].key, o.name.len > 0 ? o.name : text_of(dc, target));
    add_text(&e, "Grantee", ast_as_name(grantee)->name);
    add_names(&e, s->revoke ? "RevokedPrivileges" : "GrantedPrivileges", s->privileges);
    return put(&e, err);
}

static int privilege_events(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    const struct ast_grant *s = ast_as_grant(statement);
    for (size_t i = 0; i < s->targets.n; i++)
        for (size_t k = 0; k < s->grantees.n; k++)
            TRY(privilege_event(dc, statement, s->targets.items[i], s->grantees.items[k], err));
    return 0;
}

static int defaults_event(struct ddl_context *dc, const struct ast *statement, struct err *err)
{
    struct ddl_event_object o = {0, dc->scope.database};
    find_database(dc, dc->scope.database, &o);
    return object_event(dc, statement, STR("alter_default_privileges"), AST_OBJECT_DATABASE, o, err);
}

// ---- all statements

static int wanted(struct ddl_context *dc, bool *out, struct err *err)
{
    struct str value;
    TRY(cat_setting_get(dc->view, STR("server.eventlog.enabled"), &value, err));
    *out = value.ptr == NULL || !str_eqc(value, "false");
    return 0;
}

int ddl_events_after(struct ddl_context *dc, const struct ast *s, const struct ddl_events *before, struct err *err)
{
    bool log;
    TRY(wanted(dc, &log, err));
    if (!log)
        return 0;
    switch ((int)s->kind) {
#define OBJECT(KIND, name_, event, object) \
    case AST_##KIND:                       \
        return named_event(dc, s, event, AST_OBJECT_##object, ast_as_##name_(s)->name, err);
        OBJECT(CREATE_TABLE, create_table, "create_table", TABLE)
        OBJECT(ALTER_TABLE, alter_table, "alter_table", TABLE)
        OBJECT(CREATE_VIEW, create_view, "create_view", VIEW)
        OBJECT(REFRESH_VIEW, refresh_view, "refresh_materialized_view", VIEW)
        OBJECT(CREATE_SEQUENCE, create_sequence, "create_sequence", SEQUENCE)
        OBJECT(ALTER_SEQUENCE, alter_sequence, "alter_sequence", SEQUENCE)
        OBJECT(CREATE_TYPE, create_type, "create_type", TYPE)
        OBJECT(ALTER_TYPE, alter_type, "alter_type", TYPE)
        OBJECT(CREATE_FUNCTION, create_function, "create_function", FUNCTION)
#undef OBJECT
    case AST_CREATE_DATABASE: {
        struct ddl_event_object o = {0, STR_EMPTY};
        find_database(dc, ast_as_create_database(s)->name, &o);
        return object_event(dc, s, STR("create_database"), AST_OBJECT_DATABASE, o, err);
    }
    case AST_CREATE_SCHEMA:
        return create_schema_event(dc, s, err);
    case AST_CREATE_INDEX:
        return create_index_event(dc, s, err);
    case AST_DROP:
        return drop_events(dc, s, before, err);
    case AST_ALTER_OBJECT:
        return alter_object_event(dc, s, before, err);
    case AST_TRUNCATE:
        return truncate_events(dc, s, err);
    case AST_COMMENT_ON:
        return comment_event(dc, s, err);
    case AST_CONFIGURE_ZONE:
        return zone_event(dc, s, err);
    case AST_CREATE_ROLE:
        return role_event(dc, s, "create_role", ast_as_create_role(s)->name, ast_as_create_role(s)->options, err);
    case AST_ALTER_ROLE:
        return role_event(dc, s, "alter_role", ast_as_alter_role(s)->name, ast_as_alter_role(s)->options, err);
    case AST_GRANT_ROLE:
        return membership_event(dc, s, err);
    case AST_GRANT:
        return privilege_events(dc, s, err);
    case AST_ALTER_DEFAULT_PRIVILEGES:
        return defaults_event(dc, s, err);
    default:
        return 0;
    }
}

int ddl_event_setting(struct ddl_context *dc, const struct ast *statement, struct str name, struct str value,
                      struct err *err)
{
    struct event e;
    bool log;
    TRY(wanted(dc, &log, err));
    if (!log)
        return 0;
    begin(&e, dc, statement, STR("set_cluster_setting"));
    add_text(&e, "SettingName", name);
    add_text(&e, "Value", value.ptr != NULL ? value : STR("DEFAULT"));
    return put(&e, err);
}
