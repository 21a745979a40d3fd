// CREATE FUNCTION and CREATE PROCEDURE, ALTER, DROP, and what stands in their way.

#include "sql/analyze/analyze.h"
#include "sql/ddl/drop_int.h"
#include "sql/ddl/trigger_int.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

enum { PARAMS_MAX = 30 };

static const char *kind_name(bool procedure)
{
    return procedure ? "procedure" : "function";
}

// ---- types of parameters and results

static int routine_type(struct ddl_context *dc, uint32_t database_id, const struct ast *node, struct type *out,
                        struct err *err)
{
    TRY(analyze_type(dc->view, &dc->scope, node, out, err));
    if (out->def != NULL && out->def->array_oid == 0)
        return err_set(err, ERR_UNDEFINED_OBJECT, "type \"%s\" does not exist", out->def->text_name);
    if (type_is(*out, TYPE_ANY) || type_is(*out, TYPE_UNKNOWN))
        return ddl_unimplemented(err, "polymorphic and unknown types of parameters");
    return ddl_use_type(dc, database_id, *out, err);
}

static struct str print_type(struct ddl_context *dc, struct type t)
{
    struct buf b = BUF_INIT;
    type_print(&b, t);
    struct str out = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return out;
}

struct routine_work {
    struct ddl_context *dc;
    const struct ast_create_function *s;
    struct cat_function f;
    ARENA_VEC(struct cat_function_param) params;
    struct str body_text;
    bool has_language, has_volatility, has_strict, has_leakproof;
};

static int add_param(struct routine_work *w, struct cat_function_param p, struct err *err)
{
    for (size_t i = 0; i < w->params.len && p.name.len > 0; i++)
        if (str_eq(w->params.ptr[i].name, p.name) &&
            (cat_param_is_input(&p) == cat_param_is_input(&w->params.ptr[i]) || p.mode == 't'))
            return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "parameter name \"%.*s\" used more than once",
                           STR_FMT(p.name));
    if (w->params.len >= PARAMS_MAX)
        return err_set(err, ERR_TOO_MANY_ARGUMENTS, "functions cannot have more than %d arguments", PARAMS_MAX);
    ARENA_PUSH(w->dc->arena, &w->params, p);
    return 0;
}

static int param_default(struct routine_work *w, const struct ast_func_param *node, struct cat_function_param *p,
                         struct err *err)
{
    struct ddl_services *services = w->dc->services;
    struct ddl_expr checked = {0};
    if (node->default_value == NULL) {
        bool earlier = false;
        for (size_t i = 0; i < w->params.len; i++)
            earlier |= w->params.ptr[i].default_sql.len > 0;
        return earlier && cat_param_is_input(p)
                   ? err_set(err, ERR_INVALID_FUNCTION_DEFINITION,
                             "input parameters after one with a default value must also have defaults")
                   : 0;
    }
    if (!cat_param_is_input(p))
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "only input parameters can have default values");
    TRY(services->check_expr(services, w->dc, NULL, node->default_value, p->type, DDL_EXPR_DEFAULT, &checked, err));
    p->default_sql = checked.sql;
    return 0;
}

static int read_params(struct routine_work *w, struct err *err)
{
    static const char modes[] = {[AST_PARAM_DEFAULT] = 'i',
                                 [AST_PARAM_IN] = 'i',
                                 [AST_PARAM_OUT] = 'o',
                                 [AST_PARAM_INOUT] = 'b',
                                 [AST_PARAM_VARIADIC] = 'v'};
    for (size_t i = 0; i < w->s->params.n; i++) {
        if (w->s->params.items[i] == NULL)
            continue;
        const struct ast_func_param *node = ast_as_func_param(w->s->params.items[i]);
        struct cat_function_param p = {.name = node->name, .mode = modes[node->mode]};
        if (p.mode == 'v')
            return ddl_unimplemented(err, "VARIADIC user-defined functions are not yet supported");
        TRY(routine_type(w->dc, w->f.database_id, node->type, &p.type, err));
        if (p.type.oid == TYPE_OID_TRIGGER)
            return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "SQL functions cannot have arguments of type trigger");
        TRY(param_default(w, node, &p, err));
        TRY(add_param(w, p, err));
    }
    return 0;
}

// ---- what it returns

static size_t count_outputs(const struct routine_work *w, struct type *only)
{
    size_t n = 0;
    for (size_t i = 0; i < w->params.len; i++) {
        if (w->params.ptr[i].mode == 'i')
            continue;
        *only = w->params.ptr[i].type;
        n++;
    }
    return n;
}

// RETURNS [SETOF] t, where t is a table: its columns.
static int returns_table(struct routine_work *w, const struct ast_type_name *node, bool *found, struct err *err)
{
    const struct cat_table *t;
    struct str parts[] = {node->schema, node->name};
    size_t first = node->schema.ptr != NULL ? 0 : 1;
    *found = false;
    if (node->array_dims > 0 || node->oid != 0)
        return 0;
    TRY(cat_resolve_table(w->dc->view, &w->dc->scope, parts + first, ARRAY_LEN(parts) - first, true, &t, err));
    if (t == NULL || t->kind == CAT_SEQUENCE || t->kind == CAT_VIRTUAL)
        return 0;
    *found = true;
    for (size_t i = 0; i < t->n_columns; i++)
        if (!t->columns[i].hidden)
            TRY(add_param(w, (struct cat_function_param){t->columns[i].name, t->columns[i].type, 't', STR_EMPTY}, err));
    w->f.result = T_RECORD;
    w->f.row_table = t->id;
    struct buf b = BUF_INIT;
    ast_print(&b, &node->base, AST_PRINT_DEFAULT);
    w->f.returns_sql = arena_printf(w->dc->arena, "%s%.*s", w->s->setof ? "SETOF " : "", STR_FMT(buf_view(&b)));
    buf_release(&b);
    return 0;
}

static int read_table_columns(struct routine_work *w, struct err *err)
{
    struct buf b = BUF_INIT;
    buf_cstr(&b, "TABLE (");
    int rc = 0;
    for (size_t i = 0; i < w->s->table_columns.n && rc == 0; i++) {
        const struct ast_column_def *c = ast_as_column_def(w->s->table_columns.items[i]);
        struct cat_function_param p = {.name = c->name, .mode = 't'};
        rc = routine_type(w->dc, w->f.database_id, c->type, &p.type, err);
        if (rc == 0)
            rc = add_param(w, p, err);
        buf_cstr(&b, i > 0 ? ", " : "");
        print_identifier(&b, c->name);
        buf_putc(&b, ' ');
        type_print(&b, p.type);
    }
    buf_putc(&b, ')');
    w->f.returns_sql = arena_str(w->dc->arena, buf_view(&b));
    buf_release(&b);
    return rc;
}

static int read_returns(struct routine_work *w, struct err *err)
{
    struct type only = T_VOID;
    size_t given = count_outputs(w, &only);
    w->f.returns_set = w->s->setof;
    if (w->s->table_columns.n > 0)
        TRY(read_table_columns(w, err));
    size_t n = count_outputs(w, &only);
    w->f.result = n > 1 ? T_RECORD : only;
    if (n > given || w->s->procedure)
        return 0;
    if (w->s->returns == NULL) {
        if (n == 0)
            return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "function result type must be specified");
        w->f.returns_sql = print_type(w->dc, w->f.result);
        return 0;
    }
    struct type declared;
    struct err first = ERR_INIT;
    int rc = routine_type(w->dc, w->f.database_id, w->s->returns, &declared, &first);
    if (rc == ERR_UNDEFINED_OBJECT && n == 0) {
        bool found;
        err_reset(&first);
        TRY(returns_table(w, ast_as_type_name(w->s->returns), &found, err));
        if (found)
            return 0;
        return routine_type(w->dc, w->f.database_id, w->s->returns, &declared, err);
    }
    err_take(err, &first);
    TRY(rc);
    if (n > 0 && !type_equivalent(declared, w->f.result))
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION,
                       "function result type must be %s because of OUT parameters", type_family_name(w->f.result));
    if (n == 0)
        w->f.result = declared;
    w->f.returns_sql =
        arena_printf(w->dc->arena, "%s%.*s", w->s->setof ? "SETOF " : "", STR_FMT(print_type(w->dc, w->f.result)));
    return 0;
}

// ---- options

static int conflicting(struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "conflicting or redundant options");
}

static int read_option(struct routine_work *w, const struct ast_option *o, struct err *err)
{
    static const char *const volatilities[] = {"immutable", "stable", "volatile"};
    struct cat_function *f = &w->f;
    for (size_t i = 0; i < ARRAY_LEN(volatilities); i++) {
        if (!str_eqc(o->name, volatilities[i]))
            continue;
        if (w->has_volatility)
            return conflicting(err);
        w->has_volatility = true;
        f->volatility = volatilities[i][0];
        return 0;
    }
    if (str_eqc(o->name, "as")) {
        if (w->body_text.ptr != NULL)
            return conflicting(err);
        w->body_text = ast_as_string(o->value)->value;
        return 0;
    }
    if (str_eqc(o->name, "language")) {
        if (w->has_language)
            return conflicting(err);
        w->has_language = true;
        struct str language = ast_as_name(o->value)->name;
        f->plpgsql = str_ieqc(language, "plpgsql");
        if (f->plpgsql || str_ieqc(language, "sql"))
            return 0;
        return err_set(err, ERR_UNDEFINED_OBJECT, "language \"%.*s\" does not exist", STR_FMT(language));
    }
    if (str_eqc(o->name, "strict") || str_eqc(o->name, "called on null input")) {
        if (w->has_strict)
            return conflicting(err);
        w->has_strict = true;
        f->strict = str_eqc(o->name, "strict");
        return 0;
    }
    if (str_eqc(o->name, "leakproof") || str_eqc(o->name, "not leakproof")) {
        if (w->has_leakproof)
            return conflicting(err);
        w->has_leakproof = true;
        f->leakproof = str_eqc(o->name, "leakproof");
        return 0;
    }
    if (str_eqc(o->name, "security definer"))
        return ddl_unimplemented(err, "SECURITY DEFINER");
    return 0; // security invoker, cost, rows, parallel: nothing follows from them
}

static int check_trigger(struct routine_work *w, struct err *err)
{
    if (w->f.result.oid != TYPE_OID_TRIGGER)
        return 0;
    if (!w->f.plpgsql)
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "SQL functions cannot return type trigger");
    if (w->params.len == 0)
        return 0;
    err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "trigger functions cannot have declared arguments");
    return err_hint(err, "The arguments of the trigger can be accessed through TG_NARGS and TG_ARGV instead.");
}

static int read_options(struct routine_work *w, struct err *err)
{
    w->f.volatility = 'v';
    for (size_t i = 0; i < w->s->options.n; i++)
        if (w->s->options.items[i] != NULL)
            TRY(read_option(w, ast_as_option(w->s->options.items[i]), err));
    if (w->body_text.ptr == NULL)
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "no function body specified");
    if (!w->has_language)
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "no language specified");
    TRY(check_trigger(w, err));
    if (w->f.leakproof && w->f.volatility != 'i')
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION,
                       "cannot set leakproof on function with non-immutable volatility: %s",
                       w->f.volatility == 's' ? "STABLE" : "VOLATILE");
    return 0;
}

// ---- relations and the functions that use them

int ddl_function_using(struct ddl_context *dc, const struct cat_table *t, struct str column,
                       const struct cat_function **out, struct err *err)
{
    *out = NULL;
    for (size_t i = 0; i < t->n_functions && *out == NULL; i++) {
        const struct cat_function *f;
        TRY(cat_function_by_id(dc->view, t->functions[i], &f, err));
        if (f != NULL && (column.len == 0 || query_mentions_column(f->body, t->name, column)))
            *out = f;
    }
    return 0;
}

// Notes at every relation in the list that the function uses it, or that it does no more. That a descriptor changes
// also makes a concurrent DROP conflict.
static int note_use(struct ddl_context *dc, const struct cat_function *f, const uint32_t *relations, size_t n,
                    bool uses, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct cat_table *t;
        TRY(cat_table_by_id(dc->view, relations[i], &t, err));
        if (t == NULL || t->kind == CAT_VIRTUAL)
            continue;
        struct cat_table changed = *t;
        uint32_t *list = ARENA_ARRAY(dc->arena, uint32_t, t->n_functions + 1);
        changed.functions = list;
        changed.n_functions = 0;
        for (size_t k = 0; k < t->n_functions; k++)
            if (t->functions[k] != f->id)
                list[changed.n_functions++] = t->functions[k];
        if (uses)
            list[changed.n_functions++] = f->id;
        TRY(cat_put_table_compatible(dc->view, &changed, err));
    }
    return 0;
}

static int remove_function(struct ddl_context *dc, const struct cat_function *f, struct err *err)
{
    TRY(drop_triggers_calling(dc, f, err));
    TRY(note_use(dc, f, f->depends_on, f->n_depends_on, false, err));
    return cat_remove(dc->view, f->id, err);
}

// ---- the body

static int bad_result(struct routine_work *w, const char *detail, const char *what, struct err *err)
{
    err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "return type mismatch in function declared to return %s",
            type_is(w->f.result, TYPE_TUPLE) && w->f.result.def == NULL ? "record" : type_family_name(w->f.result));
    return what != NULL ? err_detail(err, "%s%s", detail, what) : err_detail(err, "%s", detail);
}

static int check_column(struct routine_work *w, struct type from, struct type to, struct err *err)
{
    if (cast_allowed(from, to) >= CAST_ASSIGNMENT)
        return 0;
    return bad_result(w, "Actual return type is ", type_family_name(from), err);
}

static int check_result(struct routine_work *w, const struct ddl_routine *r, struct err *err)
{
    struct cat_function_column *columns;
    size_t n = cat_function_columns(&w->f, w->dc->arena, &columns);
    if (type_is(w->f.result, TYPE_VOID))
        return 0;
    if (!r->returns_rows)
        return bad_result(w, "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.", NULL, err);
    struct type t = columns[0].type;
    if (n == 1 && type_is(t, TYPE_TUPLE) && !(r->n_columns == 1 && type_is(r->types[0], TYPE_TUPLE))) {
        if (t.def == NULL || t.def->n_fields != r->n_columns)
            return t.def == NULL ? 0 : bad_result(w, "Actual return type is record", NULL, err);
        for (size_t i = 0; i < r->n_columns; i++)
            TRY(check_column(w, r->types[i], t.def->fields[i].type, err));
        return 0;
    }
    if (r->n_columns != n)
        return n == 1 ? bad_result(w, "Final statement must return exactly one column.", NULL, err)
                      : bad_result(w, "Final statement returns too few or too many columns.", NULL, err);
    for (size_t i = 0; i < n; i++)
        TRY(check_column(w, r->types[i], columns[i].type, err));
    return 0;
}

static int read_body(struct routine_work *w, struct err *err)
{
    struct ddl_services *services = w->dc->services;
    struct ddl_routine r = {0};
    TRY(services->check_routine(services, w->dc, &w->f, w->body_text, &r, err));
    w->f.body = r.sql;
    w->f.reading = r.reading;
    if (w->f.plpgsql)
        return 0;
    if (w->f.volatility == 'i' && r.n_relations > 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "referencing relations is not allowed in immutable function");
    if (w->f.volatility != 'v' && r.has_mutation)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "%s", "volatile statement not allowed in stable function");
    TRY(check_result(w, &r, err));
    w->f.depends_on = r.relations;
    w->f.n_depends_on = r.n_relations;
    return note_use(w->dc, &w->f, r.relations, r.n_relations, true, err);
}

// ---- CREATE

static bool same_inputs(const struct cat_function *a, const struct cat_function *b)
{
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < a->n_params && !cat_param_is_input(&a->params[i]))
            i++;
        while (k < b->n_params && !cat_param_is_input(&b->params[k]))
            k++;
        if (i == a->n_params || k == b->n_params)
            return i == a->n_params && k == b->n_params;
        if (a->params[i].type.oid != b->params[k].type.oid)
            return false;
    }
}

// An overload with the same input types may be replaced by one that returns the same.
static int replaced(struct routine_work *w, const struct cat_function **replaced_one, struct err *err)
{
    const struct cat_function **list, *old = NULL;
    size_t n;
    TRY(cat_list_functions(w->dc->view, w->dc->arena, w->f.database_id, w->f.schema_id, w->f.name, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        if (same_inputs(list[i], &w->f))
            old = list[i];
    *replaced_one = old;
    if (old == NULL)
        return cat_new_id(w->dc->view, &w->f.id, err);
    if (!w->s->replace)
        return err_set(err, ERR_DUPLICATE_FUNCTION, "%s \"%.*s\" already exists with same argument types",
                       kind_name(old->is_procedure), STR_FMT(w->f.name));
    TRY(ddl_need_owner(w->dc, &old->acl, kind_name(old->is_procedure), old->name, err));
    if (old->is_procedure != w->f.is_procedure)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "cannot change routine kind");
    if (old->returns_set != w->f.returns_set || !str_eq(old->returns_sql, w->f.returns_sql))
        return err_set(err, ERR_INVALID_FUNCTION_DEFINITION, "cannot change return type of existing function");
    w->f.id = old->id;
    w->f.acl = old->acl;
    w->f.version = old->version;
    return 0;
}

int ddl_create_function(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    struct routine_work w = {.dc = dc, .s = ast_as_create_function(statement)};
    const struct cat_function *old;
    struct ddl_target target;
    TRY(ddl_find_target(dc, w.s->name, &target, err));
    w.f = (struct cat_function){.database_id = target.database->id,
                                .schema_id = target.schema->id,
                                .name = target.name,
                                .is_procedure = w.s->procedure,
                                .acl = ddl_new_acl(dc, target.database, target.schema, CAT_DEFAULTS_FUNCTIONS,
                                                   dc->scope.user, CAT_PRIVILEGE_EXECUTE)};
    TRY(read_params(&w, err));
    TRY(read_returns(&w, err));
    TRY(read_options(&w, err));
    w.f.params = w.params.ptr;
    w.f.n_params = w.params.len;
    TRY(replaced(&w, &old, err));
    if (old != NULL)
        TRY(note_use(dc, old, old->depends_on, old->n_depends_on, false, err));
    TRY(read_body(&w, err));
    return cat_put_function(dc->view, &w.f, err);
}

// ---- finding

static int signature_matches(struct ddl_context *dc, const struct ast_func_signature *s, const struct cat_function *f,
                             bool *out, struct err *err)
{
    size_t k = 0;
    *out = true;
    for (size_t i = 0; i < s->params.n && s->has_args; i++) {
        struct type t;
        if (s->params.items[i] == NULL)
            continue;
        const struct ast_func_param *p = ast_as_func_param(s->params.items[i]);
        if (p->mode == AST_PARAM_OUT)
            continue;
        while (k < f->n_params && !cat_param_is_input(&f->params[k]))
            k++;
        TRY(analyze_type(dc->view, &dc->scope, p->type, &t, err));
        if (k == f->n_params || f->params[k++].type.oid != t.oid) {
            *out = false;
            return 0;
        }
    }
    while (k < f->n_params && !cat_param_is_input(&f->params[k]))
        k++;
    *out = !s->has_args || k == f->n_params;
    return 0;
}

int ddl_find_function(struct ddl_context *dc, const struct ast *signature, bool procedure, bool missing_ok,
                      const struct cat_function **out, struct err *err)
{
    const struct ast_func_signature *s = ast_as_func_signature(signature);
    struct ddl_parts p = ddl_parts_of(s->name);
    const struct cat_function **list;
    size_t n, n_found = 0;
    *out = NULL;
    TRY(cat_resolve_functions(dc->view, &dc->scope, dc->arena, p.parts, p.n, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool matches;
        TRY(signature_matches(dc, s, list[i], &matches, err));
        if (!matches || list[i]->is_procedure != procedure)
            continue;
        *out = list[i];
        n_found++;
    }
    if (n_found > 1)
        return err_set(err, ERR_AMBIGUOUS_FUNCTION, "%s name \"%.*s\" is not unique", kind_name(procedure),
                       STR_FMT(p.parts[p.n - 1]));
    if (n_found == 1 || missing_ok)
        return 0;
    if (!s->has_args)
        return err_set(err, ERR_UNDEFINED_FUNCTION, "unknown %s: %.*s()", kind_name(procedure),
                       STR_FMT(ddl_object_text(dc, s->name)));
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < s->params.n; i++) {
        if (s->params.items[i] == NULL)
            continue;
        buf_cstr(&b, b.len > 0 ? ", " : "");
        ast_print(&b, ast_as_func_param(s->params.items[i])->type, AST_PRINT_DEFAULT);
    }
    err_set(err, ERR_UNDEFINED_FUNCTION, "%s %.*s(%s) does not exist", kind_name(procedure),
            STR_FMT(ddl_object_text(dc, s->name)), buf_c(&b));
    buf_release(&b);
    return ERR_UNDEFINED_FUNCTION;
}

// ---- what uses a function: expressions and queries kept as text

struct call_search {
    const struct cat_function *f;
    bool found;
};

static bool search_call(void *arg, struct ast *n)
{
    struct call_search *s = arg;
    if (n->kind == AST_FUNC_CALL)
        s->found |= str_eq(ast_as_object_name(ast_as_func_call(n)->name)->name, s->f->name);
    return !s->found;
}

static bool text_calls(struct arena *a, const struct cat_function *f, struct str sql, bool statements)
{
    struct parsed_statements p;
    struct ast *expr;
    struct call_search s = {f, false};
    if (sql.len == 0 || str_find(sql, f->name, 0) < 0)
        return false;
    if (!statements) {
        if (parse_expr(a, sql, &expr, NULL) == 0)
            ast_walk(expr, search_call, &s);
        return s.found;
    }
    if (parse_sql(a, sql, NULL, &p, NULL) == 0)
        for (size_t i = 0; i < p.n && !s.found; i++)
            ast_walk(p.items[i].ast, search_call, &s);
    return s.found;
}

static bool table_calls(struct arena *a, const struct cat_function *f, const struct cat_table *t)
{
    bool used = text_calls(a, f, t->view_sql, true);
    for (size_t i = 0; i < t->n_columns && !used; i++)
        used = text_calls(a, f, t->columns[i].default_sql, false) ||
               text_calls(a, f, t->columns[i].on_update_sql, false) ||
               text_calls(a, f, t->columns[i].computed_sql, false);
    for (size_t i = 0; i < t->n_checks && !used; i++)
        used = text_calls(a, f, t->checks[i].sql, false);
    for (size_t i = 0; i < t->n_triggers && !used; i++)
        used = text_calls(a, f, t->triggers[i].when_sql, false);
    for (size_t i = 0; i < t->n_indexes && !used; i++)
        used = text_calls(a, f, t->indexes[i].predicate_sql, false);
    return used;
}

// What keeps a function from going or changing its name; empty: nothing does. Triggers do not know its name.
static int list_callers(struct ddl_context *dc, const struct cat_function *f, bool triggers, struct str *out,
                        struct err *err)
{
    const struct cat_table **tables;
    const struct cat_function **functions;
    size_t n;
    struct buf b = BUF_INIT;
    TRY(cat_list_tables(dc->view, dc->arena, f->database_id, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++)
        if (table_calls(dc->arena, f, tables[i]) || (triggers && table_triggers_call(tables[i], f)))
            buf_printf(&b, "%s%.*s", b.len > 0 ? ", " : "", STR_FMT(ddl_qualified_name(dc, tables[i])));
    TRY(cat_list_functions(dc->view, dc->arena, f->database_id, 0, STR_EMPTY, &functions, &n, err));
    for (size_t i = 0; i < n; i++)
        if (functions[i]->id != f->id && !functions[i]->plpgsql && text_calls(dc->arena, f, functions[i]->body, true))
            buf_printf(&b, "%s%.*s", b.len > 0 ? ", " : "", STR_FMT(functions[i]->name));
    *out = arena_str(dc->arena, buf_view(&b));
    buf_release(&b);
    return 0;
}

static int nothing_calls(struct ddl_context *dc, const struct cat_function *f, const char *action, bool triggers,
                         struct err *err)
{
    struct str callers;
    TRY(list_callers(dc, f, triggers, &callers, err));
    if (callers.len == 0)
        return 0;
    return err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST,
                   "cannot %s %s \"%.*s\" because other objects ([%.*s]) still depend on it", action,
                   kind_name(f->is_procedure), STR_FMT(f->name), STR_FMT(callers));
}

// ---- DROP, ALTER

int drop_function(struct ddl_context *dc, const struct cat_function *f, struct err *err)
{
    TRY(nothing_calls(dc, f, "drop", true, err));
    return remove_function(dc, f, err);
}

// Triggers go with it; what else uses it does not, yet.
static int drop_function_cascade(struct ddl_context *dc, const struct cat_function *f, struct err *err)
{
    struct str callers;
    TRY(list_callers(dc, f, false, &callers, err));
    if (callers.len > 0)
        return ddl_unimplemented(err, "DROP %s ... CASCADE", f->is_procedure ? "PROCEDURE" : "FUNCTION");
    return remove_function(dc, f, err);
}

int drop_functions(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err)
{
    bool procedure = s->kind == AST_OBJECT_PROCEDURE;
    out->changed_schema = false;
    for (size_t i = 0; i < s->names.n; i++) {
        const struct cat_function *f;
        TRY(ddl_find_function(dc, s->names.items[i], procedure, s->if_exists, &f, err));
        if (f == NULL)
            continue;
        TRY(ddl_need_owner(dc, &f->acl, kind_name(procedure), f->name, err));
        TRY((ddl_cascade(s->behavior) ? drop_function_cascade : drop_function)(dc, f, err));
        out->changed_schema = true;
    }
    return 0;
}

int drop_functions_of(struct ddl_context *dc, uint32_t database_id, uint32_t schema_id, struct err *err)
{
    const struct cat_function **list;
    size_t n;
    TRY(cat_list_functions(dc->view, dc->arena, database_id, schema_id, STR_EMPTY, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(remove_function(dc, list[i], err));
    return 0;
}

static int used_by(const struct cat_function *f, const char *action, struct str name, struct err *err)
{
    err_set(err, ERR_DEPENDENT_OBJECTS_STILL_EXIST, "cannot %s \"%.*s\" because %s \"%.*s\" depends on it", action,
            STR_FMT(name), kind_name(f->is_procedure), STR_FMT(f->name));
    return err_hint(err, "you can drop %.*s instead.", STR_FMT(f->name));
}

int ddl_no_function_uses(struct ddl_context *dc, const struct cat_table *t, struct str column, const char *action,
                         struct str name, struct err *err)
{
    const struct cat_function *f;
    TRY(ddl_function_using(dc, t, column, &f, err));
    return f != NULL ? used_by(f, action, name, err) : 0;
}

int drop_functions_using(struct ddl_context *dc, const struct cat_table *t, struct str column, const char *what,
                         struct str name, bool cascade, struct err *err)
{
    for (;;) {
        const struct cat_function *f;
        TRY(ddl_function_using(dc, t, column, &f, err));
        if (f == NULL)
            return 0;
        if (!cascade)
            return used_by(f, arena_printf(dc->arena, "drop %s", what).ptr, name, err);
        TRY(remove_function(dc, f, err));
    }
}

int ddl_alter_function_object(struct ddl_context *dc, const struct ast_alter_object *s, struct err *err)
{
    const struct cat_function *f, **list;
    const struct cat_schema *schema;
    size_t n;
    bool procedure = s->kind == AST_OBJECT_PROCEDURE;
    TRY(ddl_find_function(dc, s->name, procedure, false, &f, err));
    TRY(ddl_need_owner(dc, &f->acl, kind_name(procedure), f->name, err));
    struct cat_function changed = *f;
    if (s->action == AST_ALTER_OWNER) {
        TRY(ddl_check_new_owner(dc, s->new_name, err));
        changed.acl.owner = s->new_name;
        return cat_put_function(dc->view, &changed, err);
    }
    if (s->action == AST_ALTER_SET_SCHEMA) {
        TRY(cat_schema_by_name(dc->view, f->database_id, s->new_name, &schema, err));
        if (schema == NULL || schema->is_virtual)
            return err_set(err, ERR_UNDEFINED_SCHEMA, "unknown schema \"%.*s\"", STR_FMT(s->new_name));
        TRY(ddl_need_schema(dc, schema, CAT_PRIVILEGE_CREATE, err));
        changed.schema_id = schema->id;
    } else {
        changed.name = s->new_name;
    }
    if (changed.schema_id == f->schema_id && str_eq(changed.name, f->name))
        return 0;
    TRY(cat_list_functions(dc->view, dc->arena, f->database_id, changed.schema_id, changed.name, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        if (same_inputs(list[i], f))
            return err_set(err, ERR_DUPLICATE_FUNCTION, "%s \"%.*s\" already exists with same argument types",
                           kind_name(procedure), STR_FMT(changed.name));
    TRY(nothing_calls(dc, f, "rename", false, err));
    return cat_put_function(dc->view, &changed, err);
}
