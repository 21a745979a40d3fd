// Functions over catalog objects by OID or name: definitions, comments, visibility, types. Most answer NULL when there
// is no such object, as PostgreSQL's do. OIDs of indexes and constraints are those of oids.h.
#include "sql/functions/functions_int.h"
#include "sql/functions/regtypes_int.h"
#include "catalog/catalog.h"
#include "catalog/text.h"
#include "sql/functions/oids.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/keywords.h"
#include "types/array.h"
#include "types/tuple.h"

static int need_catalog(const struct eval_context *ec, struct err *err)
{
    if (ec->catalog != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

// The relation of an OID, also of one of its indexes, constraints or triggers; NULL when there is none.
static int relation_of(struct eval_context *ec, int64_t oid, const struct cat_table **out, struct err *err)
{
    TRY(need_catalog(ec, err));
    *out = NULL;
    if (oid < 0 || oid > UINT32_MAX)
        return 0;
    uint32_t id = (uint32_t)oid;
    TRY(cat_table_by_id(ec->catalog, id, out, err)); // OIDs of virtual tables are in the range of constraints
    if (*out == NULL && (oid_is_index(id) || oid_is_constraint(id) || oid_is_trigger(id)))
        return cat_table_by_id(ec->catalog, oid_table_id(id), out, err);
    return 0;
}

// pg_dump, and applications in the dialect of PostgreSQL, get definitions that PostgreSQL understands too.
static bool wants_portable(const struct eval_context *ec)
{
    return ec->postgresql || str_eqc(ec->application_name, "pg_dump");
}

// Is the name found through the search path without its schema?
static int table_visible(struct eval_context *ec, const struct cat_table *t, bool *out, struct err *err)
{
    const struct cat_table *visible;
    struct cat_name_scope scope = {ec->database, ec->search_path, ec->n_search_path, ec->user, ec->temp_schema};
    TRY(cat_resolve_table(ec->catalog, &scope, &t->name, 1, true, &visible, err));
    *out = visible != NULL && visible->id == t->id;
    return 0;
}

static int type_visible(struct eval_context *ec, struct type t, bool *out, struct err *err)
{
    const struct cat_type *visible;
    *out = true;
    if (t.def == NULL)
        return 0;
    struct cat_name_scope scope = {ec->database, ec->search_path, ec->n_search_path, ec->user, ec->temp_schema};
    TRY(cat_resolve_type(ec->catalog, &scope, &t.def->name, 1, &visible, err));
    *out = visible != NULL && visible->type.oid == t.def->oid;
    return 0;
}

// ---- types

// Types that stand only in signatures.
static struct str pseudo_type_name(int64_t oid)
{
    switch (oid) {
    case 0:
        return STR("-");
    case TYPE_OID_ANY:
        return STR("\"any\"");
    case TYPE_OID_INTERNAL:
        return STR("internal");
    case TYPE_OID_ANYENUM:
        return STR("anyenum");
    default:
        return STR("???");
    }
}

BODY(format_type)
{
    if (args[0].null)
        return fn_return_null(out);
    struct type t;
    bool found;
    TRY(cat_type_of_oid(ec->catalog, (uint32_t)args[0].i, &t, &found, err));
    if (!found)
        return fn_return_str(out, pseudo_type_name(args[0].i));
    if (!args[1].null && args[1].i >= 0)
        t = type_with_modifier(t, (int32_t)args[1].i);
    else if (t.oid == TYPE_OID_BIT)
        return fn_return_str(out, STR("bit")); // that without a modifier is not BIT(1)
    bool visible;
    TRY(type_visible(ec, t, &visible, err));
    struct buf b = BUF_INIT;
    bool dump = wants_portable(ec) && !ec->postgresql;
    if (dump && t.oid == TYPE_OID_INT4 && !args[1].null)
        buf_cstr(&b, "int4"); // "integer" is 64 bits wide when it comes back
    else if (dump && t.oid == TYPE_OID_INT4_ARRAY)
        buf_cstr(&b, "int4[]");
    else if (visible)
        type_print_pg(&b, t);
    else
        buf_printf(&b, "%.*s%s", STR_FMT(t.def->sql_name), type_is(t, TYPE_ARRAY) ? "[]" : "");
    return fn_return_buf(ec, &b, out, err);
}

BODY(vector_types)
{
    struct array oids = array_open(fn_arg_type(ec, 0), args[0].s);
    struct buf b = BUF_INIT;
    int rc = 0;
    for (uint32_t i = 0; i < oids.count; i++) {
        struct type t;
        bool found;
        TRY_GOTO(rc, failed, cat_type_of_oid(ec->catalog, (uint32_t)array_get(&oids, i).i, &t, &found, err));
        buf_cstr(&b, i > 0 ? ", " : "");
        if (found)
            type_print_pg(&b, t);
        else
            buf_str(&b, pseudo_type_name(array_get(&oids, i).i));
    }
    return fn_return_buf(ec, &b, out, err);
failed:
    buf_release(&b);
    return rc;
}

BODY(name_with_oid)
{
    enum { NAME_BYTES_MAX = 63 };
    struct buf b = BUF_INIT, number = BUF_INIT;
    buf_printf(&number, "_%lld", (long long)args[1].i);
    size_t keep = MIN(args[0].s.len, NAME_BYTES_MAX - number.len);
    while (keep < args[0].s.len && keep > 0 && ((unsigned char)args[0].s.ptr[keep] & 0xC0) == 0x80)
        keep--; // not within a character
    buf_str(&b, str_slice(args[0].s, 0, keep));
    buf_str(&b, buf_view(&number));
    buf_release(&number);
    return fn_return_buf(ec, &b, out, err);
}

// ---- definitions

BODY(get_expr)
{
    struct buf b = BUF_INIT;
    (wants_portable(ec) ? cat_text_expr_portable : cat_text_expr)(&b, args[0].s);
    return fn_return_buf(ec, &b, out, err);
}

static int print_constraint(struct eval_context *ec, const struct cat_table *t, const struct oid_constraint *c,
                            struct buf *b, struct err *err)
{
    if (c->foreign_key != NULL) {
        const struct cat_table *to;
        bool visible = true;
        TRY(cat_table_by_id(ec->catalog, c->foreign_key->referenced_table_id, &to, err));
        if (to != NULL)
            TRY(table_visible(ec, to, &visible, err));
        return cat_text_foreign_key(b, ec->catalog, t, c->foreign_key, !visible, err);
    }
    if (c->check != NULL && wants_portable(ec)) {
        buf_cstr(b, "CHECK ((");
        cat_text_expr_portable(b, c->check->sql);
        buf_cstr(b, c->check->validated ? "))" : ")) NOT VALID");
    } else if (c->check != NULL)
        cat_text_check(b, c->check);
    else
        (wants_portable(ec) ? cat_text_unique_portable : cat_text_unique)(b, t, c->index);
    return 0;
}

BODY(get_constraint_definition)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    struct oid_constraint c;
    uint32_t oid = (uint32_t)args[0].i;
    if (t == NULL || !oid_is_constraint(oid) || !oid_constraint_at(t, oid & 0x3FF, &c) || c.oid != oid)
        return fn_return_null(out);
    struct buf b = BUF_INIT;
    int rc = print_constraint(ec, t, &c, &b, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}

// Name of the n-th column of an index, from 1.
static int index_column(const struct cat_table *t, const struct cat_index *index, int64_t n, struct datum *out)
{
    const struct cat_column *c = NULL;
    if (n >= 1 && (uint64_t)n <= index->n_columns)
        c = cat_column_by_id(t, index->columns[n - 1].column_id);
    else if (n >= 1 && (uint64_t)n <= index->n_columns + index->n_storing)
        c = cat_column_by_id(t, index->storing[n - 1 - (int64_t)index->n_columns]);
    return c != NULL ? fn_return_str(out, c->name) : fn_return_str(out, STR_EMPTY);
}

BODY(get_index_definition)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    const struct cat_index *index = t != NULL ? oid_find_index(t, (uint32_t)args[0].i) : NULL;
    if (index == NULL)
        return fn_return_null(out);
    if (n_args > 1 && args[1].i != 0)
        return index_column(t, index, args[1].i, out);
    struct buf b = BUF_INIT;
    int rc = (wants_portable(ec) ? cat_text_index_portable : cat_text_create_index)(&b, ec->catalog, t, index, err);
    if (rc != 0) {
        buf_release(&b);
        return rc;
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(get_view_definition)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    if (t == NULL || (t->kind != CAT_VIEW && t->kind != CAT_MATERIALIZED_VIEW))
        return fn_return_null(out);
    struct buf b = BUF_INIT;
    if (wants_portable(ec))
        cat_text_query_portable(&b, t->view_sql);
    else
        buf_str(&b, t->view_sql);
    buf_putc(&b, ';');
    return fn_return_buf(ec, &b, out, err);
}

BODY(get_serial_sequence)
{
    int64_t oid;
    bool found;
    const struct cat_table *t, *sequence;
    TRY(reg_parse(ec, T_REGCLASS, args[0].s, false, &found, &oid, err));
    TRY(relation_of(ec, oid, &t, err));
    const struct cat_column *c = t != NULL ? cat_column_by_name(t, args[1].s) : NULL;
    if (t != NULL && c == NULL)
        return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" of relation \"%.*s\" does not exist",
                       STR_FMT(args[1].s), STR_FMT(t->name));
    if (c == NULL || c->owns_sequence_id == 0)
        return fn_return_null(out);
    TRY(cat_table_by_id(ec->catalog, c->owns_sequence_id, &sequence, err));
    const struct cat_schema *schema;
    if (sequence == NULL)
        return fn_return_null(out);
    TRY(cat_schema_by_id(ec->catalog, sequence->schema_id, &schema, err));
    struct buf b = BUF_INIT;
    print_identifier(&b, schema->name);
    buf_putc(&b, '.');
    print_identifier(&b, sequence->name);
    return fn_return_buf(ec, &b, out, err);
}

static int sequence_standing(struct eval_context *ec, int64_t id, bool *is_called, struct datum *out, struct err *err)
{
    const struct cat_table *t;
    *is_called = false;
    TRY(relation_of(ec, id, &t, err));
    if (t == NULL || t->kind != CAT_SEQUENCE)
        return fn_return_null(out);
    *out = (struct datum){0};
    return cat_sequence_peek(ec->catalog, t, &out->i, is_called, err);
}

BODY(sequence_value)
{
    bool is_called;
    return sequence_standing(ec, args[0].i, &is_called, out, err);
}

BODY(sequence_last_value)
{
    bool is_called;
    TRY(sequence_standing(ec, args[0].i, &is_called, out, err));
    out->null = !is_called;
    return 0;
}

BODY(get_user)
{
    struct buf b = BUF_INIT;
    TRY(fn_reg_print(ec, T_REGROLE, args[0].i, &b, err));
    int64_t number;
    if (str_to_i64(buf_view(&b), &number) || str_eqc(buf_view(&b), "-")) {
        buf_release(&b);
        return fn_return_str(out, arena_printf(ec->arena, "unknown (OID=%lld)", (long long)args[0].i));
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(null_text)
{
    return fn_return_null(out);
}

// ---- built-in functions

static const struct fn_overload *find_function(int64_t oid)
{
    size_t n;
    const struct fn_overload *const *all = fn_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->oid == oid)
            return all[i];
    }
    return NULL;
}

// A user-defined function by its OID; NULL when there is none.
static int find_routine(struct eval_context *ec, int64_t oid, const struct cat_function **out, struct err *err)
{
    *out = NULL;
    if (ec->catalog == NULL || oid <= TYPE_OID_USER_FIRST || oid > UINT32_MAX)
        return 0;
    return cat_function_by_id(ec->catalog, (uint32_t)oid - TYPE_OID_USER_FIRST, out, err);
}

// The table whose rows a function returns, with its schema where the search path does not have it.
static int print_row_table(struct eval_context *ec, const struct cat_function *f, struct buf *b, bool *found,
                           struct err *err)
{
    const struct cat_table *t = NULL;
    const struct cat_schema *s = NULL;
    *found = false;
    if (f->row_table != 0)
        TRY(cat_table_by_id(ec->catalog, f->row_table, &t, err));
    if (t == NULL)
        return 0;
    TRY(cat_schema_by_id(ec->catalog, t->schema_id, &s, err));
    bool visible = false;
    for (size_t i = 0; i < ec->n_search_path && s != NULL; i++)
        visible |= str_eq(ec->search_path[i], s->name);
    buf_cstr(b, f->returns_set ? "SETOF " : "");
    if (!visible && s != NULL) {
        print_identifier(b, s->name);
        buf_putc(b, '.');
    }
    print_identifier(b, t->name);
    *found = true;
    return 0;
}

static void print_routine_result(struct buf *b, const struct cat_function *f)
{
    bool first = true;
    for (size_t i = 0; i < f->n_params; i++) {
        if (f->params[i].mode != 't')
            continue;
        buf_cstr(b, first ? "TABLE(" : ", ");
        first = false;
        print_identifier(b, f->params[i].name);
        buf_putc(b, ' ');
        type_print_pg(b, f->params[i].type);
    }
    if (!first) {
        buf_putc(b, ')');
        return;
    }
    buf_cstr(b, f->returns_set ? "SETOF " : "");
    type_print_pg(b, f->result);
}

BODY(get_function_result)
{
    const struct fn_overload *fn = find_function(args[0].i);
    const struct cat_function *f;
    struct buf b = BUF_INIT;
    TRY(find_routine(ec, args[0].i, &f, err));
    if (f != NULL && !f->is_procedure) {
        bool found;
        TRY(print_row_table(ec, f, &b, &found, err));
        if (!found)
            print_routine_result(&b, f);
        return fn_return_buf(ec, &b, out, err);
    }
    if (fn == NULL)
        return fn_return_null(out);
    if (fn->kind == FN_SET_RETURNING)
        buf_cstr(&b, "SETOF ");
    type_print_pg(&b, fn->result);
    return fn_return_buf(ec, &b, out, err);
}

BODY(get_function_definition)
{
    const struct cat_function *f;
    const struct cat_schema *s = NULL;
    struct buf b = BUF_INIT;
    TRY(find_routine(ec, args[0].i, &f, err));
    if (f == NULL)
        return fn_return_null(out);
    TRY(cat_schema_by_id(ec->catalog, f->schema_id, &s, err));
    cat_text_create_function(&b, f, s != NULL ? s->name : STR_EMPTY);
    return fn_return_buf(ec, &b, out, err);
}

// `identity`: what tells overloads apart, the input parameters without defaults.
static int function_arguments(struct eval_context *ec, int64_t oid, bool identity, struct datum *out, struct err *err)
{
    const struct fn_overload *fn = find_function(oid);
    const struct cat_function *f;
    struct buf b = BUF_INIT;
    TRY(find_routine(ec, oid, &f, err));
    if (f != NULL) {
        cat_text_function_params(&b, f, identity, true);
        return fn_return_buf(ec, &b, out, err);
    }
    if (fn == NULL)
        return fn_return_null(out);
    for (int i = 0; i < fn->n_args; i++) {
        if (i > 0)
            buf_cstr(&b, ", ");
        if (fn->variadic && i == fn->n_args - 1)
            buf_cstr(&b, "VARIADIC ");
        type_print_pg(&b, fn->args[i]);
    }
    return fn_return_buf(ec, &b, out, err);
}

BODY(get_function_arguments)
{
    return function_arguments(ec, args[0].i, false, out, err);
}
BODY(get_function_identity)
{
    return function_arguments(ec, args[0].i, true, out, err);
}

// ---- triggers

static int function_visible(struct eval_context *ec, const struct cat_function *f, bool *out, struct err *err)
{
    const struct cat_function **found;
    size_t n;
    struct cat_name_scope scope = {ec->database, ec->search_path, ec->n_search_path, ec->user, ec->temp_schema};
    *out = false;
    TRY(cat_resolve_functions(ec->catalog, &scope, ec->arena, &f->name, 1, &found, &n, err));
    for (size_t i = 0; i < n; i++)
        *out |= found[i]->id == f->id;
    return 0;
}

static int qualified(struct eval_context *ec, uint32_t schema_id, struct str name, bool visible, struct str *out,
                     struct err *err)
{
    const struct cat_schema *s = NULL;
    struct buf b = BUF_INIT;
    if (!visible)
        TRY(cat_schema_by_id(ec->catalog, schema_id, &s, err));
    if (s != NULL) {
        print_identifier(&b, s->name);
        buf_putc(&b, '.');
    }
    print_identifier(&b, name);
    *out = arena_str(ec->arena, buf_view(&b));
    buf_release(&b);
    return 0;
}

static int trigger_names(struct eval_context *ec, const struct cat_table *t, const struct cat_trigger *g, bool pretty,
                         struct cat_trigger_names *out, struct err *err)
{
    const struct cat_function *f;
    const struct cat_table *r = NULL;
    bool visible = false;
    *out = (struct cat_trigger_names){0};
    if (pretty)
        TRY(table_visible(ec, t, &visible, err));
    TRY(qualified(ec, t->schema_id, t->name, visible, &out->table, err));
    if (g->referenced_table_id != CAT_ID_NONE)
        TRY(cat_table_by_id(ec->catalog, g->referenced_table_id, &r, err));
    if (r != NULL) {
        TRY(table_visible(ec, r, &visible, err));
        TRY(qualified(ec, r->schema_id, r->name, visible, &out->referenced, err));
    }
    TRY(cat_function_by_id(ec->catalog, g->function_id, &f, err));
    if (f == NULL)
        return 0;
    TRY(function_visible(ec, f, &visible, err));
    return qualified(ec, f->schema_id, f->name, visible, &out->function, err);
}

BODY(get_trigger_definition)
{
    const struct cat_table *t;
    struct cat_trigger_names names;
    TRY(relation_of(ec, args[0].i, &t, err));
    const struct cat_trigger *g = t != NULL ? oid_find_trigger(t, (uint32_t)args[0].i) : NULL;
    if (g == NULL)
        return fn_return_null(out);
    TRY(trigger_names(ec, t, g, n_args > 1 && args[1].b, &names, err));
    struct buf b = BUF_INIT;
    cat_text_create_trigger(&b, t, g, &names, n_args > 1 && args[1].b ? CAT_TRIGGER_PRETTY : CAT_TRIGGER_PORTABLE);
    return fn_return_buf(ec, &b, out, err);
}

// ---- comments

static int return_comment(struct eval_context *ec, enum cat_comment_kind kind, int64_t id, int64_t sub_id,
                          struct datum *out, struct err *err)
{
    struct str comment = STR_NONE;
    TRY(need_catalog(ec, err));
    if (id > 0 && id <= UINT32_MAX)
        TRY(cat_comment_get(ec->catalog, kind, (uint32_t)id, (uint32_t)sub_id, &comment, err));
    return comment.ptr == NULL ? fn_return_null(out) : fn_return_str(out, comment);
}

static int constraint_comment(struct eval_context *ec, int64_t oid, struct datum *out, struct err *err)
{
    const struct cat_table *t;
    struct oid_constraint c;
    TRY(relation_of(ec, oid, &t, err));
    if (t == NULL || !oid_is_constraint((uint32_t)oid) || !oid_constraint_at(t, (uint32_t)oid & 0x3FF, &c))
        return fn_return_null(out);
    struct str name = c.index != NULL ? c.index->name : c.check != NULL ? c.check->name : c.foreign_key->name;
    return return_comment(ec, CAT_COMMENT_CONSTRAINT, t->id, cat_constraint_comment_id(name), out, err);
}

static int trigger_comment(struct eval_context *ec, int64_t oid, struct datum *out, struct err *err)
{
    const struct cat_table *t;
    TRY(relation_of(ec, oid, &t, err));
    const struct cat_trigger *g = t != NULL ? oid_find_trigger(t, (uint32_t)oid) : NULL;
    return g == NULL ? fn_return_null(out) : return_comment(ec, CAT_COMMENT_TRIGGER, t->id, g->id, out, err);
}

BODY(object_comment)
{
    uint32_t oid = (uint32_t)args[0].i;
    struct str catalog = n_args > 1 ? args[1].s : STR("pg_class");
    if (str_eqc(catalog, "pg_namespace"))
        return return_comment(ec, CAT_COMMENT_SCHEMA, args[0].i, 0, out, err);
    if (str_eqc(catalog, "pg_database"))
        return return_comment(ec, CAT_COMMENT_DATABASE, args[0].i, 0, out, err);
    if (str_eqc(catalog, "pg_type") && args[0].i > TYPE_OID_USER_FIRST)
        return return_comment(ec, CAT_COMMENT_TYPE, args[0].i - TYPE_OID_USER_FIRST, 0, out, err);
    if (str_eqc(catalog, "pg_constraint"))
        return constraint_comment(ec, args[0].i, out, err);
    if (str_eqc(catalog, "pg_trigger"))
        return trigger_comment(ec, args[0].i, out, err);
    if (!str_eqc(catalog, "pg_class"))
        return fn_return_null(out);
    if (!oid_is_index(oid))
        return return_comment(ec, CAT_COMMENT_TABLE, args[0].i, 0, out, err);
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    const struct cat_index *index = t != NULL ? oid_find_index(t, oid) : NULL;
    return index == NULL ? fn_return_null(out) : return_comment(ec, CAT_COMMENT_INDEX, t->id, index->id, out, err);
}
BODY(column_comment)
{
    if (args[1].i <= 0)
        return fn_return_null(out);
    return return_comment(ec, CAT_COMMENT_COLUMN, args[0].i, args[1].i, out, err);
}
BODY(shared_comment)
{
    if (!str_eqc(args[1].s, "pg_database"))
        return fn_return_null(out);
    return return_comment(ec, CAT_COMMENT_DATABASE, args[0].i, 0, out, err);
}

// ---- visibility

static int composite_is_visible(struct eval_context *ec, int64_t oid, struct datum *out, struct err *err)
{
    const struct cat_type *t = NULL, *visible;
    if (oid > 0 && oid <= INT32_MAX)
        TRY(cat_type_by_id(ec->catalog, (uint32_t)oid, &t, err));
    if (t == NULL)
        return fn_return_null(out);
    struct cat_name_scope scope = {ec->database, ec->search_path, ec->n_search_path, ec->user, ec->temp_schema};
    TRY(cat_resolve_type(ec->catalog, &scope, &t->name, 1, &visible, err));
    return fn_return_bool(out, visible != NULL && visible->id == t->id);
}

BODY(table_is_visible)
{
    const struct cat_table *t;
    bool visible;
    TRY(relation_of(ec, args[0].i, &t, err));
    if (t == NULL) // the relation of a composite type, maybe
        return composite_is_visible(ec, args[0].i, out, err);
    TRY(table_visible(ec, t, &visible, err));
    return fn_return_bool(out, visible);
}
BODY(type_is_visible)
{
    struct type t;
    bool found, visible;
    TRY(cat_type_of_oid(ec->catalog, (uint32_t)args[0].i, &t, &found, err));
    if (!found)
        return fn_return_null(out);
    TRY(type_visible(ec, t, &visible, err));
    return fn_return_bool(out, visible);
}
BODY(function_is_visible)
{
    const struct fn_overload *fn = find_function(args[0].i);
    const struct cat_function *f, **visible;
    TRY(find_routine(ec, args[0].i, &f, err));
    if (f == NULL)
        return fn != NULL ? fn_return_bool(out, strchr(fn->name, '.') == NULL) : fn_return_null(out);
    struct cat_name_scope scope = {ec->database, ec->search_path, ec->n_search_path, ec->user, ec->temp_schema};
    size_t n;
    TRY(cat_resolve_functions(ec->catalog, &scope, ec->arena, &f->name, 1, &visible, &n, err));
    return fn_return_bool(out, n > 0 && visible[0]->schema_id == f->schema_id);
}

// Operators, their classes and collations are all built in.
BODY(built_in_is_visible)
{
    return fn_return_bool(out, true);
}

// There is one tablespace, and it is where the store is.
BODY(tablespace_location)
{
    return fn_return_str(out, STR_EMPTY);
}

BODY(relation_is_publishable)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    return t == NULL ? fn_return_null(out) : fn_return_bool(out, t->kind == CAT_TABLE);
}

// INSERT, UPDATE and DELETE as PostgreSQL numbers them: 8, 4, 16.
BODY(relation_is_updatable)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    return fn_return_int(out, t != NULL && t->kind == CAT_TABLE ? 28 : 0);
}
BODY(column_is_updatable)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    const struct cat_column *c = t != NULL && args[1].i > 0 ? cat_column_by_id(t, (uint32_t)args[1].i) : NULL;
    return fn_return_bool(out, c != NULL && t->kind == CAT_TABLE && c->computed_sql.len == 0);
}

// ---- collations and sequences

BODY(collation_for)
{
    struct type t = fn_arg_type(ec, 0);
    if (type_is(t, TYPE_COLLATED) && !type_is_citext(t))
        return fn_return_str(out, arena_printf(ec->arena, "\"%s\"", collation_name(t.scale)));
    if (!type_is(t, TYPE_STRING) && !type_is_citext(t))
        return err_set(err, ERR_DATATYPE_MISMATCH, "collations are not supported by type: %s",
                       type_family_name(fn_arg_type(ec, 0)));
    return fn_return_str(out, STR("\"default\""));
}

// start_value, minimum_value, maximum_value, increment, cycle_option, cache_size, data_type
BODY(sequence_parameters)
{
    const struct cat_table *t;
    TRY(relation_of(ec, args[0].i, &t, err));
    if (t == NULL || t->kind != CAT_SEQUENCE)
        return err_set(err, ERR_UNDEFINED_TABLE, "unknown sequence (OID=%lld)", (long long)args[0].i);
    const struct cat_sequence *s = &t->sequence;
    const struct tuple_field fields[] = {
        {T_INT8, STR("start_value"), datum_int(s->start)},   {T_INT8, STR("minimum_value"), datum_int(s->min)},
        {T_INT8, STR("maximum_value"), datum_int(s->max)},   {T_INT8, STR("increment"), datum_int(s->increment)},
        {T_BOOL, STR("cycle_option"), datum_bool(s->cycle)}, {T_INT8, STR("cache_size"), datum_int(s->cache)},
        {T_OID, STR("data_type"), datum_int(s->type.oid)},
    };
    return fn_return_str(out, tuple_build(ec->arena, T_RECORD, fields, ARRAY_LEN(fields)));
}

// ---- to_reg…

static int to_reg(struct eval_context *ec, struct type t, struct str name, struct datum *out, struct err *err)
{
    int64_t number;
    if (str_to_i64(str_trim(name), &number)) // names only
        return fn_return_null(out);
    bool found;
    *out = (struct datum){0};
    TRY(reg_parse(ec, t, name, true, &found, &out->i, err));
    return found ? 0 : fn_return_null(out);
}

#define TO_REG(name, type)                            \
    BODY(name)                                        \
    {                                                 \
        return to_reg(ec, type, args[0].s, out, err); \
    }
TO_REG(to_regclass, T_REGCLASS)
TO_REG(to_regtype, T_REGTYPE)
TO_REG(to_regnamespace, T_REGNAMESPACE)
TO_REG(to_regrole, T_REGROLE)
TO_REG(to_regproc, T_REGPROC)
TO_REG(to_regprocedure, T_REGPROCEDURE)

// ---- lists

static int get_keywords(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                        struct err *err)
{
    static const struct {
        struct str code, description;
    } categories[] = {
        [KEYWORD_UNRESERVED] = {{"U", 1}, {"unreserved", 10}},
        [KEYWORD_COLUMN_NAME] = {{"C", 1}, {"unreserved (cannot be function or type name)", 44}},
        [KEYWORD_TYPE_OR_FUNCTION] = {{"T", 1}, {"reserved (can be function or type name)", 39}},
        [KEYWORD_RESERVED] = {{"R", 1}, {"reserved", 8}},
    };
    size_t n;
    const struct keyword *words = keyword_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct datum row[3] = {datum_str(words[i].word), datum_str(categories[words[i].category].code),
                               datum_str(categories[words[i].category].description)};
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

// No relation is a partition.
static int partition_ancestors(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                               struct err *err)
{
    return 0;
}

// name=value settings as rows.
static int options_to_table(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                            struct err *err)
{
    struct array options = array_open(fn_arg_type(ec, 0), args[0].s);
    for (uint32_t i = 0; i < options.count; i++) {
        struct datum option = array_get(&options, i);
        if (option.null)
            continue;
        ptrdiff_t equal = str_find(option.s, STR("="), 0);
        struct datum row[2] = {option, DATUM_NULL};
        if (equal >= 0) {
            row[0] = datum_str(str_slice(option.s, 0, (size_t)equal));
            row[1] = datum_str(str_slice(option.s, (size_t)equal + 1, option.s.len));
        }
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

static const struct fn_row rows[] = {
#include "sql/functions/catalog.def"
};
const struct fn_family fn_family_catalog = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
