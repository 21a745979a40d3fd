// CREATE TYPE, ALTER TYPE, DROP TYPE, and what follows from them: tables carry the definitions of their types, and the
// texts of defaults, checks and views name types and labels.

#include "sql/analyze/analyze.h"
#include "sql/ddl/drop_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

enum { LABEL_GAP_BITS = 40 }; // between neighbours that are made one after the other

// ---- finding

// database.schema.name of a type that exists or would.
static struct str full_name(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s,
                            struct str name)
{
    struct buf b = BUF_INIT;
    print_identifier(&b, d->name);
    buf_putc(&b, '.');
    print_identifier(&b, s->name);
    buf_putc(&b, '.');
    print_identifier(&b, name);
    struct str out = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return out;
}

int ddl_find_type(struct ddl_context *dc, const struct ast *name, bool missing_ok, const struct cat_type **out,
                  struct err *err)
{
    struct ddl_parts p = ddl_parts_of(name);
    TRY(cat_resolve_type(dc->view, &dc->scope, p.parts, p.n, out, err));
    if (*out != NULL || missing_ok)
        return 0;
    return err_set(err, ERR_UNDEFINED_OBJECT, "type \"%.*s\" does not exist", STR_FMT(ddl_object_text(dc, name)));
}

static int need_owner(struct ddl_context *dc, const struct cat_type *t, struct err *err)
{
    return ddl_need_owner(dc, &t->acl, "type", t->name, err);
}

int ddl_use_type(struct ddl_context *dc, uint32_t database_id, struct type type, struct err *err)
{
    const struct cat_type *t;
    if (type.def == NULL)
        return 0;
    TRY(cat_type_by_id(dc->view, type.def->oid - TYPE_OID_USER_FIRST, &t, err));
    if (t == NULL) // the rows of a table
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "value type %s cannot be used for table columns",
                       type.def->text_name);
    if (t->database_id != database_id)
        return ddl_unimplemented(err, "cross database type references are not supported: %s", type.def->text_name);
    TRY(cat_check_schema_usage(dc->view, dc->scope.user, t->schema_id, err));
    TRY(cat_check_type_privilege(dc->view, dc->scope.user, t, CAT_PRIVILEGE_USAGE, err));
    return cat_put_type(dc->view, t, err); // so that a concurrent DROP TYPE conflicts
}

// ---- what uses a type

struct type_change {
    const struct type_def *before;
    struct str schema, name;         // new ones
    struct str old_label, new_label; // of RENAME VALUE; empty: labels stay
    bool found;
};

static bool names_type(const struct type_change *c, const struct ast *node)
{
    if (!ast_is(node, AST_TYPE_NAME))
        return false;
    const struct ast_type_name *t = ast_as_type_name(node);
    return str_eq(t->name, c->before->name) && (t->schema.ptr == NULL || str_eq(t->schema, c->before->schema));
}

static void change_label(const struct type_change *c, struct ast *operand, const struct ast *type)
{
    if (c->old_label.ptr != NULL && ast_is(operand, AST_STRING) && names_type(c, type) &&
        str_eq(ast_as_string(operand)->value, c->old_label))
        ((struct ast_string *)operand)->value = c->new_label;
}

static bool visit_type(void *arg, struct ast *n)
{
    struct type_change *c = arg; // a cast comes before the type in it
    if (n->kind == AST_CAST)
        change_label(c, ((struct ast_cast *)n)->operand, ((struct ast_cast *)n)->type);
    if (n->kind == AST_ANNOTATE)
        change_label(c, ((struct ast_annotate *)n)->operand, ((struct ast_annotate *)n)->type);
    if (names_type(c, n)) {
        c->found = true;
        ((struct ast_type_name *)n)->schema = c->schema;
        ((struct ast_type_name *)n)->name = c->name;
    }
    return true;
}

// True when the text, an expression or statements, uses the type; the text then says what the change makes of it.
static bool change_text(struct arena *a, struct type_change *c, struct str *sql, bool query)
{
    struct ast *root;
    struct parsed_statements p;
    if (sql->len == 0 || str_find(*sql, c->before->name, 0) < 0)
        return false;
    if (query ? parse_sql(a, *sql, NULL, &p, NULL) != 0 : parse_expr(a, *sql, &root, NULL) != 0)
        return false;
    c->found = false;
    for (size_t i = 0; i < (query ? p.n : 1); i++)
        ast_walk(query ? p.items[i].ast : root, visit_type, c);
    if (!c->found)
        return false;
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < (query ? p.n : 1); i++) {
        buf_cstr(&b, i > 0 ? ";\n" : "");
        ast_print(&b, query ? p.items[i].ast : root, AST_PRINT_DEFAULT);
    }
    *sql = arena_str(a, buf_view(&b));
    buf_release(&b);
    return true;
}

static bool change_texts(struct table_edit *e, struct type_change *c)
{
    bool used = false;
    for (size_t i = 0; i < e->columns.len; i++) {
        struct cat_column *column = &e->columns.ptr[i];
        used |= change_text(e->a, c, &column->default_sql, false);
        used |= change_text(e->a, c, &column->on_update_sql, false);
        used |= change_text(e->a, c, &column->computed_sql, false);
    }
    for (size_t i = 0; i < e->checks.len; i++)
        used |= change_text(e->a, c, &e->checks.ptr[i].sql, false);
    for (size_t i = 0; i < e->indexes.len; i++)
        used |= change_text(e->a, c, &e->indexes.ptr[i].predicate_sql, false);
    struct cat_trigger *triggers = ARENA_ARRAY(e->a, struct cat_trigger, e->t.n_triggers + 1);
    for (size_t i = 0; i < e->t.n_triggers; i++) {
        triggers[i] = e->t.triggers[i];
        used |= change_text(e->a, c, &triggers[i].when_sql, false);
    }
    e->t.triggers = triggers;
    return used | change_text(e->a, c, &e->t.view_sql, true);
}

static bool uses_type(struct type t, const struct type_def *def)
{
    return t.def != NULL && t.def->oid == def->oid;
}

// Whether values of the type may hold values of the other, at any depth.
static bool holds_type(struct type t, const struct type_def *def)
{
    if (t.def == NULL || t.def->oid == def->oid)
        return t.def != NULL;
    for (size_t i = 0; i < t.def->n_fields; i++)
        if (holds_type(t.def->fields[i].type, def))
            return true;
    return false;
}

static bool has_field_of(const struct type_def *def, const struct type_def *of)
{
    for (size_t i = 0; i < def->n_fields; i++)
        if (uses_type(def->fields[i].type, of))
            return true;
    return false;
}

static struct type_change no_change(const struct type_def *def)
{
    return (struct type_change){.before = def, .schema = def->schema, .name = def->name};
}

// A function with the type changed in its parameters, result and body; false when it does not use the type.
static bool change_function(struct ddl_context *dc, struct cat_function *f, const struct type_def *now,
                            struct type_change *c)
{
    struct cat_function_param *params = arena_dup(dc->arena, f->params, f->n_params * sizeof(*params));
    bool used = uses_type(f->result, c->before);
    if (used)
        f->result.def = now;
    for (size_t i = 0; i < f->n_params; i++) {
        bool of_type = uses_type(params[i].type, c->before);
        if (of_type)
            params[i].type.def = now;
        used |= of_type;
        used |= change_text(dc->arena, c, &params[i].default_sql, false);
    }
    f->params = params;
    if (uses_type(f->result, c->before) && f->returns_sql.len > 0) {
        struct buf b = BUF_INIT;
        buf_cstr(&b, f->returns_set ? "SETOF " : "");
        type_print(&b, f->result);
        f->returns_sql = arena_str(dc->arena, buf_view(&b));
        buf_release(&b);
    }
    return used | (!f->plpgsql && change_text(dc->arena, c, &f->body, true));
}

// Names of the relations that use the type, comma-separated; empty: none does.
static int list_users(struct ddl_context *dc, const struct cat_type *t, struct str *out, struct err *err)
{
    const struct cat_table **tables;
    size_t n;
    const struct cat_type **types;
    const struct cat_database *d;
    struct buf b = BUF_INIT;
    TRY(cat_database_by_id(dc->view, t->database_id, &d, err));
    TRY(cat_list_types(dc->view, dc->arena, t->database_id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        if (has_field_of(&types[i]->def, &t->def))
            buf_printf(&b, "%s%.*s.%.*s", b.len > 0 ? " " : "", STR_FMT(d->name), STR_FMT(types[i]->def.sql_name));
    TRY(cat_list_tables(dc->view, dc->arena, t->database_id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct table_edit e;
        struct type_change c = no_change(&t->def);
        bool used = false;
        edit_open(&e, dc->arena, tables[i]);
        for (size_t k = 0; k < e.columns.len; k++)
            used |= uses_type(e.columns.ptr[k].type, &t->def);
        if (used || change_texts(&e, &c))
            buf_printf(&b, "%s%.*s", b.len > 0 ? " " : "", STR_FMT(ddl_qualified_name(dc, tables[i])));
    }
    const struct cat_function **functions;
    TRY(cat_list_functions(dc->view, dc->arena, t->database_id, 0, STR_EMPTY, &functions, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct cat_function f = *functions[i];
        struct type_change c = no_change(&t->def);
        if (change_function(dc, &f, t->type.def, &c))
            buf_printf(&b, "%s%.*s", b.len > 0 ? " " : "", STR_FMT(f.name));
    }
    *out = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return 0;
}

static int follow_table(struct ddl_context *dc, const struct cat_table *t, const struct cat_type *now,
                        struct type_change *c, struct err *err)
{
    struct table_edit e;
    edit_open(&e, dc->arena, t);
    bool used = change_texts(&e, c);
    for (size_t i = 0; i < e.columns.len; i++) {
        struct cat_column *column = &e.columns.ptr[i];
        if (!uses_type(column->type, c->before))
            continue;
        column->type.def = now->type.def;
        if (!type_is(e.slot_types.ptr[column->id - 1], TYPE_VOID))
            e.slot_types.ptr[column->id - 1].def = now->type.def;
        used = true;
    }
    return used ? edit_save(&e, dc, err) : 0;
}

static int change_type(struct ddl_context *dc, const struct cat_type *changed, struct type_change *c, struct err *err);

// A composite type with fields of the type: its definition holds the other's.
static int follow_type(struct ddl_context *dc, const struct cat_type *t, const struct cat_type *now, struct err *err)
{
    if (!has_field_of(&t->def, &now->def))
        return 0;
    struct cat_type changed = *t;
    struct type_change none = no_change(&t->def);
    struct type_field *fields = arena_dup(dc->arena, t->def.fields, t->def.n_fields * sizeof(*fields));
    for (size_t i = 0; i < t->def.n_fields; i++)
        if (uses_type(fields[i].type, &now->def))
            fields[i].type.def = now->type.def;
    changed.def.fields = fields;
    return change_type(dc, &changed, &none, err);
}

// Stores the type and everything that uses it.
static int change_type(struct ddl_context *dc, const struct cat_type *changed, struct type_change *c, struct err *err)
{
    const struct cat_table **tables;
    const struct cat_type *now, **types;
    const struct cat_schema *s;
    size_t n;
    TRY(cat_put_type(dc->view, changed, err));
    TRY(cat_type_by_id(dc->view, changed->id, &now, err));
    TRY(cat_schema_by_id(dc->view, changed->schema_id, &s, err));
    c->schema = s->name;
    c->name = changed->name;
    TRY(cat_list_types(dc->view, dc->arena, changed->database_id, 0, &types, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(follow_type(dc, types[i], now, err));
    TRY(cat_list_tables(dc->view, dc->arena, changed->database_id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(follow_table(dc, tables[i], now, c, err));
    const struct cat_function **functions;
    TRY(cat_list_functions(dc->view, dc->arena, changed->database_id, 0, STR_EMPTY, &functions, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct cat_function f = *functions[i];
        if (change_function(dc, &f, now->type.def, c))
            TRY(cat_put_function(dc->view, &f, err));
    }
    return 0;
}

int ddl_types_follow_schema(struct ddl_context *dc, const struct cat_schema *s, struct err *err)
{
    const struct cat_type **types;
    size_t n;
    TRY(cat_list_types(dc->view, dc->arena, s->database_id, s->id, &types, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct type_change c = no_change(&types[i]->def);
        TRY(change_type(dc, types[i], &c, err));
    }
    return 0;
}

// ---- CREATE TYPE

static int enum_labels(struct ddl_context *dc, const struct ast_create_type *s, struct type_def *def, struct err *err)
{
    struct type_label *labels = ARENA_ARRAY(dc->arena, struct type_label, s->labels.n);
    for (size_t i = 0; i < s->labels.n; i++) {
        if (s->labels.items[i] == NULL)
            continue;
        struct str text = ast_as_string(s->labels.items[i])->value;
        if (type_label_named(def, text) != NULL)
            return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "enum definition contains duplicate value \"%.*s\"",
                           STR_FMT(text));
        labels[def->n_labels++] = (struct type_label){text, (int64_t)(i + 1) << LABEL_GAP_BITS};
        def->labels = labels;
    }
    return 0;
}

static int composite_fields(struct ddl_context *dc, const struct ast_create_type *s, struct cat_type *t,
                            struct err *err)
{
    struct type_field *fields = ARENA_ARRAY(dc->arena, struct type_field, s->fields.n);
    t->def.is_composite = true;
    t->def.fields = fields;
    for (size_t i = 0; i < s->fields.n; i++) {
        if (s->fields.items[i] == NULL)
            continue;
        const struct ast_column_def *f = ast_as_column_def(s->fields.items[i]);
        struct type_field field = {.name = f->name};
        for (size_t k = 0; k < t->def.n_fields; k++)
            if (str_eq(fields[k].name, f->name))
                return err_set(err, ERR_DUPLICATE_COLUMN, "attribute \"%.*s\" specified more than once",
                               STR_FMT(f->name));
        TRY(analyze_type(dc->view, &dc->scope, f->type, &field.type, err));
        if (type_is(field.type, TYPE_VOID) || type_is(field.type, TYPE_UNKNOWN) || type_is(field.type, TYPE_ANY) ||
            (type_is(field.type, TYPE_TUPLE) && field.type.def == NULL))
            return err_set(err, ERR_INVALID_OBJECT_DEFINITION, "value type %s cannot be used in a composite type",
                           type_family_name(field.type));
        TRY(ddl_use_type(dc, t->database_id, field.type, err));
        fields[t->def.n_fields++] = field;
    }
    return 0;
}

static int type_exists(struct ddl_context *dc, const struct ast_create_type *s, const struct ddl_target *target,
                       struct ddl_result *out, struct err *err)
{
    if (!s->if_not_exists)
        return err_set(err, ERR_DUPLICATE_OBJECT, "type \"%.*s\" already exists",
                       STR_FMT(full_name(dc, target->database, target->schema, target->name)));
    out->changed_schema = false;
    ddl_notice(dc, ERR_DUPLICATE_OBJECT, "type \"%.*s\" already exists, skipping", STR_FMT(target->name));
    return 0;
}

int ddl_create_type(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_type *s = ast_as_create_type(statement);
    const struct cat_type *existing;
    struct ddl_target target;
    if (s->kind != AST_OBJECT_TYPE)
        return ddl_unimplemented(err, "CREATE DOMAIN");
    TRY(ddl_find_target(dc, s->name, &target, err));
    TRY(cat_type_by_name(dc->view, target.database->id, target.schema->id, target.name, &existing, err));
    if (existing != NULL || target.existing != NULL)
        return type_exists(dc, s, &target, out, err);
    struct cat_type t = {.database_id = target.database->id,
                         .schema_id = target.schema->id,
                         .name = target.name,
                         .acl = ddl_new_acl(dc, target.database, target.schema, CAT_DEFAULTS_TYPES, dc->scope.user,
                                            CAT_PRIVILEGE_USAGE)};
    TRY(s->is_enum ? enum_labels(dc, s, &t.def, err) : composite_fields(dc, s, &t, err));
    TRY(cat_new_type_id(dc->view, &t.id, err));
    return cat_put_type(dc->view, &t, err);
}

// ---- ALTER TYPE … VALUE

static int not_a_value(struct str label, struct err *err)
{
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"%.*s\" is not an existing enum value", STR_FMT(label));
}

static int value_exists(struct str label, struct err *err)
{
    return err_set(err, ERR_DUPLICATE_OBJECT, "enum value \"%.*s\" already exists", STR_FMT(label));
}

// Where a label goes and the number it gets; 54000 when its neighbours leave no number between them.
static int place_label(const struct type_def *def, const struct ast_alter_type *s, size_t *at, int64_t *number,
                       struct err *err)
{
    *at = def->n_labels;
    if (s->neighbour.ptr != NULL) {
        const struct type_label *beside = type_label_named(def, s->neighbour);
        if (beside == NULL)
            return not_a_value(s->neighbour, err);
        *at = (size_t)(beside - def->labels) + !s->before;
    }
    int64_t gap = INT64_C(1) << LABEL_GAP_BITS;
    int64_t low = *at > 0 ? def->labels[*at - 1].number : 0;
    int64_t high = *at < def->n_labels ? def->labels[*at].number : 0;
    if (def->n_labels == 0 || *at == def->n_labels)
        *number = low + gap;
    else if (*at == 0)
        *number = high - gap;
    else
        *number = low + (high - low) / 2;
    return *number == low && *at > 0
               ? err_set(err, ERR_PROGRAM_LIMIT_EXCEEDED, "no more values fit between two of the enum's")
               : 0;
}

static int add_value(struct ddl_context *dc, const struct cat_type *t, const struct ast_alter_type *s,
                     struct ddl_result *out, struct err *err)
{
    size_t at;
    int64_t number = 0;
    if (type_label_named(&t->def, s->value) != NULL) {
        if (!s->if_not_exists)
            return value_exists(s->value, err);
        out->changed_schema = false;
        ddl_notice(dc, ERR_DUPLICATE_OBJECT, "enum value \"%.*s\" already exists, skipping", STR_FMT(s->value));
        return 0;
    }
    TRY(place_label(&t->def, s, &at, &number, err));
    struct type_label *labels = ARENA_ARRAY(dc->arena, struct type_label, t->def.n_labels + 1);
    if (at > 0)
        memcpy(labels, t->def.labels, at * sizeof(*labels));
    labels[at] = (struct type_label){s->value, number};
    if (at < t->def.n_labels)
        memcpy(&labels[at + 1], &t->def.labels[at], (t->def.n_labels - at) * sizeof(*labels));
    struct cat_type changed = *t;
    struct type_change c = no_change(&t->def);
    changed.def.labels = labels;
    changed.def.n_labels++;
    return change_type(dc, &changed, &c, err);
}

static int rename_value(struct ddl_context *dc, const struct cat_type *t, const struct ast_alter_type *s,
                        struct err *err)
{
    const struct type_label *label = type_label_named(&t->def, s->value);
    if (label == NULL)
        return not_a_value(s->value, err);
    if (type_label_named(&t->def, s->new_value) != NULL)
        return value_exists(s->new_value, err);
    struct type_label *labels = arena_dup(dc->arena, t->def.labels, t->def.n_labels * sizeof(*labels));
    labels[label - t->def.labels].text = s->new_value;
    struct cat_type changed = *t;
    struct type_change c = no_change(&t->def);
    c.old_label = s->value;
    c.new_label = s->new_value;
    changed.def.labels = labels;
    return change_type(dc, &changed, &c, err);
}

// ---- DROP VALUE

static int value_in_use(struct str label, const struct cat_table *t, const char *where, struct err *err)
{
    return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                   "could not remove enum value \"%.*s\" as it is being used %s \"%.*s\"", STR_FMT(label), where,
                   STR_FMT(t->name));
}

// A row whose column has the value, or an array with it.
static int check_rows(struct ddl_context *dc, const struct cat_table *t, const struct cat_column *c, struct str label,
                      struct err *err)
{
    struct ddl_services *s = dc->services;
    struct buf b = BUF_INIT;
    print_string_literal(&b, label);
    buf_printf(&b, ":::%.*s %s", STR_FMT(c->type.def->sql_name), type_is(c->type, TYPE_ARRAY) ? "<> ALL " : "<> ");
    print_identifier(&b, c->name);
    struct cat_check check = {.name = STR("dropped_value"), .sql = arena_str(dc->arena, buf_view(&b))};
    buf_release(&b);
    int rc = s->validate_check(s, dc, t, &check, err);
    if (rc != ERR_CHECK_VIOLATION)
        return rc;
    err_reset(err);
    return value_in_use(label, t, "by", err);
}

static int check_table(struct ddl_context *dc, const struct cat_table *t, const struct cat_type *type, struct str label,
                       struct err *err)
{
    struct table_edit e;
    struct type_change c = no_change(&type->def);
    c.old_label = label;
    c.new_label = STR("\x01"); // a text that changes with the label mentions it
    edit_open(&e, dc->arena, t);
    if (change_texts(&e, &c)) {
        struct table_edit plain;
        struct type_change same = no_change(&type->def);
        edit_open(&plain, dc->arena, t);
        change_texts(&plain, &same);
        for (size_t i = 0; i < e.columns.len; i++)
            if (!str_eq(e.columns.ptr[i].default_sql, plain.columns.ptr[i].default_sql))
                return value_in_use(label, t, "in a default expression of", err);
        for (size_t i = 0; i < e.checks.len; i++)
            if (!str_eq(e.checks.ptr[i].sql, plain.checks.ptr[i].sql))
                return value_in_use(label, t, "in a check constraint of", err);
        if (!str_eq(e.t.view_sql, plain.t.view_sql))
            return value_in_use(label, t, "by view", err);
    }
    for (size_t i = 0; i < t->n_columns && t->primary != NULL; i++)
        if (uses_type(t->columns[i].type, &type->def))
            TRY(check_rows(dc, t, &t->columns[i], label, err));
        else if (holds_type(t->columns[i].type, &type->def))
            return ddl_unimplemented(err, "DROP VALUE of an enum inside a composite type that a table uses");
    return 0;
}

static int drop_value(struct ddl_context *dc, const struct cat_type *t, const struct ast_alter_type *s, struct err *err)
{
    const struct type_label *label = type_label_named(&t->def, s->value);
    const struct cat_table **tables;
    size_t n;
    if (label == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "enum value \"%.*s\" does not exist", STR_FMT(s->value));
    TRY(cat_list_tables(dc->view, dc->arena, t->database_id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(check_table(dc, tables[i], t, s->value, err));
    size_t at = (size_t)(label - t->def.labels);
    struct type_label *labels = arena_dup(dc->arena, t->def.labels, t->def.n_labels * sizeof(*labels));
    memmove(&labels[at], &labels[at + 1], (t->def.n_labels - at - 1) * sizeof(*labels));
    struct cat_type changed = *t;
    struct type_change c = no_change(&t->def);
    changed.def.labels = labels;
    changed.def.n_labels--;
    return change_type(dc, &changed, &c, err);
}

int ddl_alter_type(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_alter_type *s = ast_as_alter_type(statement);
    const struct cat_type *t;
    TRY(ddl_find_type(dc, s->name, false, &t, err));
    TRY(need_owner(dc, t, err));
    if (t->def.is_composite)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not an enum", STR_FMT(t->name));
    switch (s->action) {
    case AST_ALTER_TYPE_ADD_VALUE:
        return add_value(dc, t, s, out, err);
    case AST_ALTER_TYPE_RENAME_VALUE:
        return rename_value(dc, t, s, err);
    case AST_ALTER_TYPE_DROP_VALUE:
        return drop_value(dc, t, s, err);
    }
    return ddl_unimplemented(err, "ALTER TYPE ... %s", ast_alter_type_action_sql(s->action));
}

// ---- ALTER TYPE … RENAME TO, SET SCHEMA, OWNER TO

static int name_is_free(struct ddl_context *dc, const struct cat_type *t, const struct cat_schema *s, struct str name,
                        struct err *err)
{
    const struct cat_type *type;
    const struct cat_table *table;
    const struct cat_database *d;
    TRY(cat_type_by_name(dc->view, t->database_id, s->id, name, &type, err));
    TRY(cat_table_by_name(dc->view, t->database_id, s->id, name, &table, err));
    TRY(cat_database_by_id(dc->view, t->database_id, &d, err));
    if (type == NULL && table == NULL)
        return 0;
    return err_set(err, ERR_DUPLICATE_OBJECT, "type \"%.*s\" already exists", STR_FMT(full_name(dc, d, s, name)));
}

int ddl_alter_type_object(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err)
{
    const struct cat_type *t;
    const struct cat_schema *schema;
    TRY(ddl_find_type(dc, s->name, false, &t, err));
    TRY(need_owner(dc, t, err));
    struct cat_type changed = *t;
    struct type_change c = no_change(&t->def);
    if (s->action == AST_ALTER_OWNER) {
        TRY(ddl_check_new_owner(dc, s->new_name, err));
        changed.acl.owner = s->new_name;
        return cat_put_type(dc->view, &changed, err);
    }
    if (s->action == AST_ALTER_SET_SCHEMA) {
        TRY(cat_schema_by_name(dc->view, t->database_id, s->new_name, &schema, err));
        if (schema == NULL || schema->is_virtual)
            return err_set(err, ERR_UNDEFINED_SCHEMA, "unknown schema \"%.*s\"", STR_FMT(s->new_name));
        TRY(ddl_need_schema(dc, schema, CAT_PRIVILEGE_CREATE, err));
        changed.schema_id = schema->id;
    } else {
        TRY(cat_schema_by_id(dc->view, t->schema_id, &schema, err));
        changed.name = s->new_name;
    }
    if (changed.schema_id == t->schema_id && str_eq(changed.name, t->name))
        return 0;
    TRY(name_is_free(dc, t, schema, changed.name, err));
    return change_type(dc, &changed, &c, err);
}

// ---- DROP TYPE

int drop_type(struct ddl_context *dc, const struct cat_type *t, struct err *err)
{
    struct str users;
    TRY(list_users(dc, t, &users, err));
    if (users.len > 0)
        return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                       "cannot drop type \"%.*s\" because other objects ([%.*s]) still depend on it", STR_FMT(t->name),
                       STR_FMT(users));
    TRY(cat_comments_remove(dc->view, CAT_COMMENT_TYPE, t->id, err));
    return cat_remove(dc->view, t->id, err);
}

int drop_types(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    out->changed_schema = false;
    if (ddl_cascade(s->behavior))
        return ddl_unimplemented(err, "DROP TYPE CASCADE is not yet supported");
    for (size_t i = 0; i < s->names.n; i++) {
        const struct cat_type *t;
        TRY(ddl_find_type(dc, s->names.items[i], s->if_exists, &t, err));
        if (t == NULL)
            continue;
        TRY(need_owner(dc, t, err));
        TRY(drop_type(dc, t, err));
        out->changed_schema = true;
    }
    return 0;
}

int drop_types_of(struct ddl_context *dc, uint32_t database_id, uint32_t schema_id, struct err *err)
{
    const struct cat_type **types;
    size_t n;
    TRY(cat_list_types(dc->view, dc->arena, database_id, schema_id, &types, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(cat_comments_remove(dc->view, CAT_COMMENT_TYPE, types[i]->id, err));
        TRY(cat_remove(dc->view, types[i]->id, err));
    }
    return 0;
}
