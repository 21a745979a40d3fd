// Column definitions: types, SERIAL and IDENTITY, defaults, computed columns, and the constraints written with them.

#include "sql/analyze/analyze.h"
#include "sql/ddl/ddl_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

// ---- constraints written at a column become table constraints over that column

static struct ast *column_name_node(struct arena *a, struct str name)
{
    struct ast_name *n = AST_NEW(a, NAME, name, 0);
    n->name = name;
    return &n->base;
}

static struct ast *single_column_index(struct arena *a, const struct ast *from, struct str column)
{
    struct ast_index_def *def = AST_NEW(a, INDEX_DEF, index_def, 0);
    struct ast_index_elem *elem = AST_NEW(a, INDEX_ELEM, index_elem, 0);
    if (from != NULL)
        *def = *ast_as_index_def(from);
    elem->column = column;
    def->columns = (struct ast_list){0};
    ast_list_push(a, &def->columns, &elem->base);
    return &def->base;
}

const struct ast_constraint *constraint_over_column(struct arena *a, const struct ast_constraint *c, struct str column)
{
    struct ast_constraint *copy = AST_NEW(a, CONSTRAINT, constraint, c->base.position);
    *copy = *c;
    copy->columns = (struct ast_list){0};
    ast_list_push(a, &copy->columns, column_name_node(a, column));
    if (c->kind == AST_CONSTRAINT_PRIMARY_KEY || c->kind == AST_CONSTRAINT_UNIQUE)
        copy->index = single_column_index(a, c->index, column);
    return copy;
}

// ---- SERIAL and IDENTITY

// Width of the integer a SERIAL type stands for, 0 when it is none.
static int32_t serial_width(const struct ast_type_name *t)
{
    if (t->schema.ptr != NULL || t->array_dims > 0)
        return 0;
    if (str_eqc(t->name, "serial8"))
        return 64;
    return str_eqc(t->name, "serial4") ? 32 : str_eqc(t->name, "serial2") ? 16 : 0;
}

static struct type int_type(int32_t width)
{
    return width == 16 ? T_INT2 : width == 32 ? T_INT4 : T_INT8;
}

static struct str nextval_text(struct arena *a, struct str schema, struct str sequence)
{
    struct buf name = BUF_INIT, b = BUF_INIT;
    print_identifier(&name, schema);
    buf_putc(&name, '.');
    print_identifier(&name, sequence);
    buf_cstr(&b, "nextval(");
    print_string_literal(&b, buf_view(&name));
    buf_cstr(&b, "::REGCLASS)");
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&name);
    buf_release(&b);
    return text;
}

static int free_sequence_name(struct table_work *w, struct str column, struct str *out, struct err *err)
{
    const struct cat_table *taken;
    struct arena *a = w->dc->arena;
    *out = arena_printf(a, "%.*s_%.*s_seq", STR_FMT(w->edit.t.name), STR_FMT(column));
    struct str base = *out;
    for (int i = 1;; i++) {
        TRY(cat_table_by_name(w->dc->view, w->database->id, w->schema->id, *out, &taken, err));
        if (taken == NULL)
            return 0;
        *out = arena_printf(a, "%.*s%d", STR_FMT(base), i);
    }
}

static int sequence_name(struct table_work *w, const struct cat_column *c, const struct ast_object_name *wanted,
                         struct str *out, struct err *err)
{
    if (wanted == NULL)
        return free_sequence_name(w, c->name, out, err);
    if (wanted->schema.ptr != NULL && !str_eq(wanted->schema, w->schema->name))
        return ddl_unimplemented(err, "identity sequence in another schema than its table");
    *out = wanted->name;
    return 0;
}

// Creates the sequence behind a column and makes it the column's default.
static int own_sequence(struct table_work *w, struct cat_column *c, struct cat_sequence s,
                        const struct ast_object_name *wanted, struct err *err)
{
    struct str name;
    uint32_t id;
    s.owner_table_id = w->edit.t.id;
    s.owner_column_id = c->id;
    TRY(sequence_name(w, c, wanted, &name, err));
    TRY(sequence_create(w->dc, w->database, w->schema, name, &s, &id, err));
    c->default_sql = nextval_text(w->dc->arena, w->schema->name, name);
    c->owns_sequence_id = id;
    c->not_null = true;
    ARENA_PUSH(w->dc->arena, &w->edit.depends_on, id);
    ARENA_PUSH(w->dc->arena, &w->new_sequences, id);
    return 0;
}

static int make_serial(struct table_work *w, struct cat_column *c, int32_t width, struct err *err)
{
    struct cat_sequence s = sequence_defaults();
    c->not_null = true;
    if (w->dc->serial == DDL_SERIAL_ROWID || w->dc->serial == DDL_SERIAL_UNORDERED) {
        if (width < 64)
            ddl_notice(w->dc, 0,
                       "upgrading the column %.*s to INT8 to utilize the session serial_normalization setting",
                       STR_FMT(c->name));
        c->default_sql = w->dc->serial == DDL_SERIAL_ROWID ? STR("unique_rowid()") : STR("unordered_unique_rowid()");
        return 0;
    }
    s.is_virtual = w->dc->serial == DDL_SERIAL_VIRTUAL;
    s.cache = w->dc->serial == DDL_SERIAL_SQL_CACHED ? 256 : 1;
    return own_sequence(w, c, s, NULL, err);
}

int column_make_identity(struct table_work *w, struct cat_column *c, const struct ast_constraint *identity,
                         struct err *err)
{
    struct cat_sequence s = sequence_defaults();
    struct sequence_request request = {0};
    if (!type_is(c->type, TYPE_INT))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "identity column type must be INT, INT2, INT4 or INT8");
    s.type = c->type;
    TRY(sequence_apply_options(&s, &identity->options, false, &request, err));
    c->identity = identity->kind == AST_CONSTRAINT_IDENTITY_ALWAYS ? 'a' : 'd';
    return own_sequence(w, c, s, request.name, err);
}

// ---- definitions

static int duplicate_column(struct table_work *w, struct str name, struct err *err)
{
    if (w->is_new)
        return err_set(err, ERR_DUPLICATE_COLUMN, "duplicate column name: \"%.*s\"", STR_FMT(name));
    return err_set(err, ERR_DUPLICATE_COLUMN, "column \"%.*s\" of relation \"%.*s\" already exists", STR_FMT(name),
                   STR_FMT(w->edit.t.name));
}

static int specified_twice(struct table_work *w, const char *what, struct str column, struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "%s specified for column \"%.*s\" of table \"%.*s\"", what, STR_FMT(column),
                   STR_FMT(w->edit.t.name));
}

static int add_to_family(struct table_work *w, const struct cat_column *c, const struct ast_constraint *f,
                         struct err *err)
{
    struct arena *a = w->dc->arena;
    struct str name = f->text.len > 0 ? f->text : STR("fam");
    struct cat_family *family = NULL;
    for (size_t i = 0; i < w->edit.families.len; i++)
        if (str_eq(w->edit.families.ptr[i].name, name))
            family = &w->edit.families.ptr[i];
    if (family == NULL && !f->create && f->text.len > 0 && !w->is_new)
        return err_set(err, ERR_UNDEFINED_OBJECT, "unknown family \"%.*s\"", STR_FMT(name));
    if (family != NULL && f->create && !f->if_not_exists && !w->is_new)
        return err_set(err, ERR_DUPLICATE_OBJECT, "family \"%.*s\" already exists", STR_FMT(name));
    if (family == NULL) {
        ARENA_PUSH(a, &w->edit.families, ((struct cat_family){.name = name}));
        family = &w->edit.families.ptr[w->edit.families.len - 1];
    }
    uint32_t *columns = ARENA_ARRAY(a, uint32_t, family->n_columns + 1);
    for (size_t i = 0; i < family->n_columns; i++)
        columns[i] = family->columns[i];
    columns[family->n_columns++] = c->id;
    family->columns = columns;
    return 0;
}

static struct str as_written(struct arena *a, const struct ast *expr)
{
    struct buf b = BUF_INIT;
    ast_print(&b, expr, AST_PRINT_DEFAULT);
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

struct column_flags {
    bool null, not_null;
};

static int take_expr(struct table_work *w, const struct ast **slot, const struct ast *expr, const char *twice,
                     struct str column, struct err *err)
{
    if (*slot != NULL)
        return specified_twice(w, twice, column, err);
    *slot = expr;
    return 0;
}

int column_set_collation(struct cat_column *c, struct str name, struct err *err)
{
    struct type e = c->type.family == TYPE_ARRAY ? type_element(c->type) : c->type;
    int16_t collation;
    if (type_is_citext(e))
        return err_set(err, ERR_SYNTAX_ERROR, "multiple COLLATE declarations for column \"%.*s\"", STR_FMT(c->name));
    if (collation_is_plain(name))
        return 0;
    if (e.family != TYPE_STRING || e.oid == TYPE_OID_NAME || e.oid == TYPE_OID_QCHAR)
        return err_set(err, ERR_SYNTAX_ERROR, "COLLATE declaration for non-string-typed column \"%.*s\"",
                       STR_FMT(c->name));
    TRY(collation_find(name, &collation, err));
    c->type = type_collated(c->type, collation);
    return 0;
}

// One qualification. May add columns' sequences, so `c` is looked up by the caller each time.
static int apply_qualification(struct table_work *w, struct column_work *cw, struct cat_column *c,
                               const struct ast_constraint *q, struct column_flags *flags, struct err *err)
{
    switch (q->kind) {
    case AST_CONSTRAINT_NOT_NULL:
        flags->not_null = c->not_null = true;
        return 0;
    case AST_CONSTRAINT_NULL:
        flags->null = true;
        return 0;
    case AST_CONSTRAINT_DEFAULT:
        return take_expr(w, &cw->default_expr, q->expr, "multiple default values", c->name, err);
    case AST_CONSTRAINT_ON_UPDATE:
        return take_expr(w, &cw->on_update_expr, q->expr, "multiple ON UPDATE values", c->name, err);
    case AST_CONSTRAINT_COMPUTED_STORED:
    case AST_CONSTRAINT_COMPUTED_VIRTUAL:
        c->computed_virtual = q->kind == AST_CONSTRAINT_COMPUTED_VIRTUAL;
        if (c->computed_virtual)
            w->edit.slot_types.ptr[c->id - 1] = T_VOID;
        c->computed_sql = as_written(w->dc->arena, q->expr); // until column_finish: others must not refer to it
        return take_expr(w, &cw->computed_expr, q->expr, "multiple computed expressions", c->name, err);
    case AST_CONSTRAINT_IDENTITY_ALWAYS:
    case AST_CONSTRAINT_IDENTITY_BY_DEFAULT:
        return column_make_identity(w, c, q, err);
    case AST_CONSTRAINT_NOT_VISIBLE:
        c->hidden = true;
        return 0;
    case AST_CONSTRAINT_FAMILY:
        return add_to_family(w, c, q, err);
    case AST_CONSTRAINT_COLLATE:
        return column_set_collation(c, q->text, err);
    case AST_CONSTRAINT_PRIMARY_KEY:
    case AST_CONSTRAINT_UNIQUE:
    case AST_CONSTRAINT_CHECK:
    case AST_CONSTRAINT_FOREIGN_KEY:
        ARENA_PUSH(w->dc->arena, &w->constraints, constraint_over_column(w->dc->arena, q, c->name));
        return 0;
    }
    return 0;
}

static int check_combination(struct table_work *w, const struct column_work *cw, const struct cat_column *c,
                             const struct column_flags *flags, struct err *err)
{
    if (flags->null && (flags->not_null || c->not_null))
        return specified_twice(w, "conflicting NULL/NOT NULL declarations", c->name, err);
    bool has_default = cw->default_expr != NULL;
    if (c->default_sql.len > 0 && has_default)
        return err_set(err, ERR_SYNTAX_ERROR, "multiple default values specified for column \"%.*s\" of table \"%.*s\"",
                       STR_FMT(c->name), STR_FMT(w->edit.t.name));
    if (cw->computed_expr != NULL && (has_default || c->default_sql.len > 0))
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "computed columns cannot have default values");
    return 0;
}

int column_read_type(struct table_work *w, const struct ast *node, struct type *out, struct err *err)
{
    TRY(analyze_type(w->dc->view, &w->dc->scope, node, out, err));
    if (type_is(*out, TYPE_VOID) || type_is(*out, TYPE_UNKNOWN) || type_is(*out, TYPE_ANY) ||
        (type_is(*out, TYPE_TUPLE) && out->def == NULL))
        return err_set(err, ERR_INVALID_TABLE_DEFINITION, "value type %s cannot be used for table columns",
                       type_family_name(*out));
    return ddl_use_type(w->dc, w->edit.t.database_id, *out, err);
}

static int column_type(struct table_work *w, const struct ast_column_def *def, struct cat_column *c, bool *serial,
                       struct err *err)
{
    const struct ast_type_name *t = ast_as_type_name(def->type);
    int32_t width = serial_width(t);
    *serial = width != 0;
    if (*serial) {
        bool sequence = w->dc->serial == DDL_SERIAL_SQL_SEQUENCE || w->dc->serial == DDL_SERIAL_SQL_CACHED;
        c->type = sequence ? int_type(width) : T_INT8;
        return 0;
    }
    return column_read_type(w, def->type, &c->type, err);
}

int column_add(struct table_work *w, const struct ast_column_def *def, struct err *err)
{
    struct cat_column column = {.name = def->name};
    struct column_flags flags = {0};
    bool serial;
    if (edit_column(&w->edit, def->name) != NULL)
        return duplicate_column(w, def->name, err);
    TRY(edit_check_name(def->name, err));
    TRY(column_type(w, def, &column, &serial, err));
    struct cat_column *c = edit_add_column(&w->edit, column);
    struct column_work cw = {.def = def, .column_id = c->id};
    if (serial)
        TRY(make_serial(w, c, serial_width(ast_as_type_name(def->type)), err));
    for (size_t i = 0; i < def->constraints.n; i++)
        TRY(apply_qualification(w, &cw, c, ast_as_constraint(def->constraints.items[i]), &flags, err));
    TRY(check_combination(w, &cw, c, &flags, err));
    ARENA_PUSH(w->dc->arena, &w->columns, cw);
    return 0;
}

// ---- expressions, once all columns are known

static int check_expr(struct table_work *w, const struct ast *expr, struct type expected, enum ddl_expr_place place,
                      struct ddl_expr *out, struct err *err)
{
    struct ddl_services *s = w->dc->services;
    *out = (struct ddl_expr){0};
    return s->check_expr(s, w->dc, edit_table(&w->edit), expr, expected, place, out, err);
}

int column_set_default(struct table_work *w, struct cat_column *c, const struct ast *expr, struct ddl_expr *checked,
                       struct err *err)
{
    TRY(check_expr(w, expr, c->type, DDL_EXPR_DEFAULT, checked, err));
    c->default_sql = ast_is(expr, AST_NULL_LITERAL) ? STR_EMPTY : checked->sql;
    for (size_t i = 0; i < checked->n_sequences; i++) {
        ARENA_PUSH(w->dc->arena, &w->edit.depends_on, checked->sequences[i]);
        TRY(ddl_add_dependent(w->dc, checked->sequences[i], w->edit.t.id, err));
    }
    return 0;
}

int column_finish(struct table_work *w, const struct column_work *cw, struct err *err)
{
    struct cat_column *c = edit_column_by_id(&w->edit, cw->column_id);
    struct ddl_expr e;
    if (cw->default_expr != NULL)
        TRY(column_set_default(w, c, cw->default_expr, &e, err));
    if (cw->on_update_expr != NULL) {
        TRY(check_expr(w, cw->on_update_expr, c->type, DDL_EXPR_ON_UPDATE, &e, err));
        c->on_update_sql = e.sql;
    }
    if (cw->computed_expr != NULL) {
        TRY(check_expr(w, cw->computed_expr, c->type, DDL_EXPR_COMPUTED, &e, err));
        c->computed_sql = e.sql;
    }
    return 0;
}

// ---- sequences used by defaults

struct name_search {
    struct str name;
    bool found;
};

bool literal_names(struct str literal, struct str name)
{
    struct str bare = literal;
    for (size_t i = 0; i < literal.len; i++)
        if (literal.ptr[i] == '.')
            bare = str_slice(literal, i + 1, literal.len);
    if (bare.len > 2 && bare.ptr[0] == '"')
        bare = str_slice(bare, 1, bare.len - 1);
    return str_eq(bare, name);
}

static bool search_literal(void *arg, struct ast *n)
{
    struct name_search *s = arg;
    if (n->kind == AST_STRING)
        s->found |= literal_names(ast_as_string(n)->value, s->name);
    return true;
}

bool sql_mentions_name(struct str sql, struct str name)
{
    struct arena a;
    struct ast *expr;
    struct name_search s = {name, false};
    arena_init(&a, NULL);
    if (sql.len > 0 && parse_expr(&a, sql, &expr, NULL) == 0)
        ast_walk(expr, search_literal, &s);
    arena_release(&a);
    return s.found;
}

int column_prune_sequences(struct table_work *w, struct err *err)
{
    struct table_edit *e = &w->edit;
    size_t kept = 0;
    for (size_t i = 0; i < e->depends_on.len; i++) {
        const struct cat_table *s;
        bool used = false;
        TRY(cat_table_by_id(w->dc->view, e->depends_on.ptr[i], &s, err));
        for (size_t k = 0; s != NULL && k < e->columns.len; k++)
            used |= sql_mentions_name(e->columns.ptr[k].default_sql, s->name);
        if (used)
            e->depends_on.ptr[kept++] = e->depends_on.ptr[i];
        else if (s != NULL)
            TRY(ddl_remove_dependent(w->dc, s->id, e->t.id, err));
    }
    e->depends_on.len = kept;
    return 0;
}
