// Functions in PL/pgSQL made ready and called: parsed bodies, types of variables, frames; triggers, DO.
#include "sql/parse/ast_print.h"
#include "sql/session/plpgsql_int.h"

enum { FRAMES_IDLE_MAX = 4, TRIGGER_VARIABLES = 12 };

// ---- what a routine is good for

struct pl_stamp pl_stamp_now(struct session *s)
{
    struct pl_stamp stamp = {.catalog_version = cat_view_version(s->view), .settings_epoch = s->settings_epoch};
    if (stamp.catalog_version == 0) {
        stamp.txn = s->observed_txn;
        stamp.schema_serial = s->schema_serial;
    }
    return stamp;
}

bool pl_stamp_is(const struct pl_stamp *stamp, struct session *s)
{
    uint64_t version = cat_view_version(s->view);
    if (stamp->catalog_version != version || stamp->settings_epoch != s->settings_epoch)
        return false;
    return version != 0 || (stamp->txn == s->observed_txn && stamp->schema_serial == s->schema_serial);
}

void pl_signature(struct buf *out, const struct cat_function *f)
{
    if (f->name.len == 0) {
        buf_cstr(out, "inline_code_block");
        return;
    }
    print_identifier(out, f->name);
    buf_putc(out, '(');
    size_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        if (!cat_param_is_input(&f->params[i]))
            continue;
        buf_cstr(out, n++ > 0 ? "," : "");
        type_print_pg(out, f->params[i].type);
    }
    buf_putc(out, ')');
}

void pl_where(struct pl_frame *f, struct err *err)
{
    struct str name = f->r->signature;
    if (f->doing != NULL && f->line > 0)
        (void)err_context(err, "PL/pgSQL function %.*s line %d %s", STR_FMT(name), f->line, f->doing);
    else if (f->doing != NULL)
        (void)err_context(err, "PL/pgSQL function %.*s %s", STR_FMT(name), f->doing);
    else if (f->at != NULL)
        (void)err_context(err, "PL/pgSQL function %.*s line %d at %s", STR_FMT(name), f->at->line,
                          pl_statement_name(f->at));
    else
        (void)err_context(err, "PL/pgSQL function %.*s", STR_FMT(name));
}

void pl_where_all(struct pl_frame *f, struct err *err)
{
    for (; f != NULL; f = f->caller) {
        if (f->running.len > 0)
            (void)err_context(err, "SQL statement \"%.*s\"", STR_FMT(f->running));
        pl_where(f, err);
    }
}

// ---- frames

static void frame_free(struct pl_frame *f)
{
    for (size_t i = 0; i < f->r->tree.n_variables; i++)
        pl_slot_release(&f->slots[i]);
    exec_close(&f->x);
    arena_release(&f->call);
    arena_release(&f->scratch);
    arena_release(&f->arena);
    mem_free(f);
}

static struct pl_frame *frame_new(struct session *s, struct pl_routine *r)
{
    struct pl_frame *f = mem_zalloc(sizeof(*f));
    f->r = r;
    f->s = s;
    arena_init(&f->arena, &s->budget);
    arena_init(&f->scratch, &s->budget);
    arena_init(&f->call, &s->budget);
    f->slots = ARENA_ARRAY(&f->arena, struct pl_slot, r->tree.n_variables + 1);
    f->compiled = ARENA_ARRAY(&f->arena, struct pl_compiled, r->tree.n_sql + 1);
    f->n_parameters = 8;
    f->parameters = ARENA_ARRAY(&f->arena, struct datum, f->n_parameters);
    f->no_query.arena = &f->arena;
    f->no_plan.query = &f->no_query;
    for (size_t i = 0; i < r->tree.n_variables; i++) {
        arena_init(&f->slots[i].memory[0], &s->budget);
        arena_init(&f->slots[i].memory[1], &s->budget);
    }
    exec_context_init(s, &f->x, &f->arena, &s->budget);
    f->x.parameters_change = true;
    f->x.plan = &f->no_plan;
    return f;
}

static struct pl_frame *frame_take(struct session *s, struct pl_routine *r)
{
    struct pl_frame *f = r->idle;
    if (f != NULL)
        r->idle = f->next;
    else
        f = frame_new(s, r);
    f->x.txn = s->txn;
    f->x.view = s->view;
    eval_context_init(s, &f->x.eval, &f->scratch);
    f->x.outer = NULL;
    f->has_result = false;
    f->at = NULL;
    f->doing = NULL;
    f->line = 0;
    f->caught = NULL;
    f->rethrown = false;
    f->guards = f->open_rows = 0;
    f->caller = s->plpgsql_frame;
    s->plpgsql_frame = f;
    f->trigger = NULL;
    f->row_count = f->rows_emitted = 0;
    f->leave = f->running = STR_EMPTY;
    r->uses++;
    return f;
}

static void routine_free(struct session *s, struct pl_routine *r)
{
    for (size_t i = 0; i < r->tree.n_sql; i++) {
        if (r->plans[i] == NULL)
            continue;
        r->plans[i]->stale = true;
        pl_plan_done(s, r->plans[i]);
    }
    while (r->idle != NULL) {
        struct pl_frame *f = r->idle;
        r->idle = f->next;
        frame_free(f);
    }
    cat_unpin(s->engine->catalog, r->pin);
    arena_release(&r->arena);
    mem_free(r);
}

static void frame_give(struct pl_frame *f)
{
    struct pl_routine *r = f->r;
    struct session *s = f->s;
    s->plpgsql_frame = f->caller;
    size_t idle = 0;
    for (struct pl_frame *other = r->idle; other != NULL; other = other->next)
        idle++;
    arena_reset(&f->call);
    arena_reset(&f->scratch);
    for (size_t i = 0; i < r->tree.n_variables; i++) {
        arena_reset(&f->slots[i].memory[0]);
        arena_reset(&f->slots[i].memory[1]);
    }
    if (idle < FRAMES_IDLE_MAX) {
        f->next = r->idle;
        r->idle = f;
    } else {
        frame_free(f);
    }
    if (--r->uses == 0 && r->stale)
        routine_free(s, r);
}

void plpgsql_release(struct session *s)
{
    struct map_entry *m;
    for (size_t it = 0; (m = map_next(&s->plpgsql_routines, &it)) != NULL;)
        routine_free(s, m->value);
    map_release(&s->plpgsql_routines);
}

// ---- types of variables

static const struct pl_shape *shape_of_def(struct arena *a, const struct type_def *def)
{
    struct pl_shape *shape = ARENA_NEW(a, struct pl_shape);
    struct type *types = ARENA_ARRAY(a, struct type, def->n_fields);
    struct str *names = ARENA_ARRAY(a, struct str, def->n_fields);
    for (size_t i = 0; i < def->n_fields; i++) {
        types[i] = def->fields[i].type;
        names[i] = def->fields[i].name;
    }
    *shape = (struct pl_shape){(uint32_t)def->n_fields, types, names};
    return shape;
}

static struct pl_info info_of(struct arena *a, struct type t)
{
    struct pl_info info = {.type = t, .is_row = type_is(t, TYPE_TUPLE)};
    if (info.is_row && t.def != NULL)
        info.shape = shape_of_def(a, t.def);
    return info;
}

static int find_table(struct session *s, const struct cat_name_scope *scope, const struct str *parts, size_t n,
                      const struct cat_table **out, struct err *err)
{
    TRY(cat_resolve_table(s->view, scope, parts, n, true, out, err));
    if (*out != NULL)
        return 0;
    return err_set(err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", STR_FMT(parts[n - 1]));
}

static int like_column(struct session *s, const struct cat_name_scope *scope, const struct pl_variable *v,
                       struct type *out, struct err *err)
{
    const struct cat_table *t;
    TRY(find_table(s, scope, v->like, v->n_like - 1, &t, err));
    const struct cat_column *c = cat_column_by_name(t, v->like[v->n_like - 1]);
    if (c == NULL)
        return err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" of relation \"%.*s\" does not exist",
                       STR_FMT(v->like[v->n_like - 1]), STR_FMT(t->name));
    *out = c->type;
    return 0;
}

// The row type of a table, or a composite type of that name.
static int like_row(struct session *s, const struct cat_name_scope *scope, struct arena *a, const struct pl_variable *v,
                    struct type *out, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_resolve_table(s->view, scope, v->like, v->n_like, true, &t, err));
    if (t != NULL)
        return cat_type_of_table(s->view, t, out, err);
    struct ast_type_name *name = AST_NEW(a, TYPE_NAME, type_name, 0);
    name->name = v->like[v->n_like - 1];
    if (v->n_like > 1)
        name->schema = v->like[v->n_like - 2];
    if (analyze_type(s->view, scope, &name->base, out, NULL) == 0 && type_is(*out, TYPE_TUPLE))
        return 0;
    return err_set(err, ERR_UNDEFINED_TABLE, "relation \"%.*s\" does not exist", STR_FMT(v->like[v->n_like - 1]));
}

// A type by name, which may be a table's.
static int named_type(struct session *s, const struct cat_name_scope *scope, const struct ast *type, struct type *out,
                      struct err *err)
{
    struct err first = ERR_INIT;
    int rc = analyze_type(s->view, scope, type, out, &first);
    const struct ast_type_name *name = ast_as_type_name(type);
    const struct cat_table *t = NULL;
    if (rc == ERR_UNDEFINED_OBJECT && name->array_dims == 0 && name->name.len > 0) {
        struct str parts[] = {name->schema, name->name};
        size_t skip = name->schema.ptr != NULL ? 0 : 1;
        if (cat_resolve_table(s->view, scope, parts + skip, ARRAY_LEN(parts) - skip, true, &t, NULL) != 0)
            t = NULL;
    }
    if (t != NULL) {
        err_reset(&first);
        return cat_type_of_table(s->view, t, out, err);
    }
    if (rc != 0) {
        err_at(&first, 0);
        err_take(err, &first);
    }
    return rc;
}

static int variable_type(struct session *s, struct pl_routine *r, const struct cat_name_scope *scope, size_t i,
                         struct err *err)
{
    const struct pl_variable *v = &r->tree.variables[i];
    struct type t = T_RECORD;
    switch (v->kind) {
    case PL_VARIABLE_GIVEN:
        return 0;
    case PL_VARIABLE:
        TRY(named_type(s, scope, v->type, &t, err));
        if (type_is(t, TYPE_VOID) || type_is(t, TYPE_ANY))
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "variable \"%.*s\" has pseudo-type %s", STR_FMT(v->name),
                           type_family_name(t));
        break;
    case PL_VARIABLE_LIKE:
        if (v->like_variable >= 0)
            t = r->variables[v->like_variable].type;
        else
            TRY(like_column(s, scope, v, &t, err));
        break;
    case PL_VARIABLE_ROW:
        TRY(like_row(s, scope, &r->arena, v, &t, err));
        break;
    case PL_VARIABLE_CURSOR:
        t = T_REFCURSOR;
        break;
    case PL_VARIABLE_INT:
        t = (r->f->reading & CAT_READING_INT4) != 0 ? T_INT4 : T_INT8;
        break;
    case PL_VARIABLE_TEXT:
    case PL_VARIABLE_ANY:
        t = T_STRING;
        break;
    case PL_VARIABLE_RECORD:
        break;
    }
    r->variables[i] = info_of(&r->arena, t);
    return 0;
}

// ---- making a routine

struct parse_options routine_reading(const struct cat_function *f)
{
    return (struct parse_options){.default_int_size = (f->reading & CAT_READING_INT4) != 0 ? 4 : 8,
                                  .integer_division = (f->reading & CAT_READING_POSTGRESQL) != 0};
}

static const char *const trigger_names[TRIGGER_VARIABLES] = {
    "new",      "old",        "tg_name",       "tg_when",         "tg_level", "tg_op",
    "tg_relid", "tg_relname", "tg_table_name", "tg_table_schema", "tg_nargs", "tg_argv"};

// Columns of the table whose rows are returned are no variables, as those of RETURNS TABLE are.
static bool is_table_column(const struct cat_function *f, size_t i)
{
    return f->params[i].mode == 't' && f->row_table != 0;
}

static bool is_trigger(const struct cat_function *f)
{
    return f->result.oid == TYPE_OID_TRIGGER;
}

int plpgsql_parse(struct arena *a, const struct cat_function *f, struct pl_function *out, struct err *err)
{
    struct str *names = ARENA_ARRAY(a, struct str, f->n_params + TRIGGER_VARIABLES + 1);
    struct parse_options options = routine_reading(f);
    struct pl_input in = {.body = f->body,
                          .name = f->name,
                          .given = names,
                          .returns_set = f->returns_set,
                          .returns_void = type_is(f->result, TYPE_VOID) && !is_trigger(f),
                          .procedure = f->is_procedure && f->name.len > 0,
                          .trigger = is_trigger(f),
                          .options = &options};
    size_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        bool column = is_table_column(f, i);
        in.has_outputs |= !column && f->params[i].mode != 'i';
        if (!column)
            names[n++] = f->params[i].name;
    }
    in.n_parameters = n;
    names[n++] = STR("found");
    for (size_t i = 0; i < TRIGGER_VARIABLES && in.trigger; i++)
        names[n++] = str_of(trigger_names[i]);
    in.n_given = n;
    return pl_parse(a, &in, out, err);
}

// The fields of NEW and OLD: the columns that are not hidden.
static int trigger_types(struct session *s, struct pl_routine *r, uint32_t first, struct err *err)
{
    static const struct type texts[] = {T_STRING};
    struct type row;
    r->trigger_first = first;
    for (uint32_t i = 2; i < TRIGGER_VARIABLES; i++)
        r->variables[first + i] = info_of(&r->arena, texts[0]);
    r->variables[first + 6] = info_of(&r->arena, T_OID);
    r->variables[first + 10] = info_of(&r->arena, T_INT8);
    r->variables[first + 11] = info_of(&r->arena, type_array_of(T_STRING));
    r->variables[first] = r->variables[first + 1] = info_of(&r->arena, T_RECORD);
    if (r->table == NULL)
        return 0;
    TRY(cat_type_of_table(s->view, r->table, &row, err));
    r->variables[first] = r->variables[first + 1] = info_of(&r->arena, row);
    uint32_t *columns = ARENA_ARRAY(&r->arena, uint32_t, r->table->n_columns + 1);
    for (uint32_t i = 0, n = 0; i < r->table->n_columns; i++)
        if (!r->table->columns[i].hidden && !cat_column_inaccessible(&r->table->columns[i]))
            columns[n++] = i;
    r->table_columns = columns;
    return 0;
}

static int make_variables(struct session *s, struct pl_routine *r, struct err *err)
{
    const struct cat_function *f = r->f;
    struct analyze_options o;
    struct eval_context fold;
    r->variables = ARENA_ARRAY(&r->arena, struct pl_info, r->tree.n_variables + 1);
    uint32_t *outputs = ARENA_ARRAY(&r->arena, uint32_t, f->n_params + 1);
    size_t n_outputs = 0;
    uint32_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        if (is_table_column(f, i))
            continue;
        if (f->params[i].mode != 'i')
            outputs[n_outputs++] = n;
        r->variables[n++] = info_of(&r->arena, f->params[i].type);
    }
    r->outputs = n_outputs > 0 ? outputs : NULL;
    r->found = n;
    r->variables[n++] = info_of(&r->arena, T_BOOL);
    if (is_trigger(f))
        TRY(trigger_types(s, r, n, err));
    analyze_options_init(s, &o, &fold, &r->arena);
    if (f->database_id != 0)
        TRY(analyze_options_in_database(s, &o, f->database_id, err));
    for (size_t i = n; i < r->tree.n_variables; i++)
        TRY(variable_type(s, r, &o.scope, i, err));
    return 0;
}

static int make_routine(struct session *s, struct pl_routine *r, struct err *err)
{
    struct buf b = BUF_INIT;
    pl_signature(&b, r->f);
    r->signature = arena_str(&r->arena, buf_view(&b));
    buf_release(&b);
    r->options = routine_reading(r->f);
    TRY(plpgsql_parse(&r->arena, r->f, &r->tree, err));
    r->plans = ARENA_ARRAY(&r->arena, struct pl_plan *, r->tree.n_sql + 1);
    r->n_columns = cat_function_columns(r->f, &r->arena, &r->columns);
    return make_variables(s, r, err);
}

static int routine_new(struct session *s, const struct cat_function *f, const struct cat_table *table,
                       struct pl_routine **out, struct err *err)
{
    struct pl_routine *r = mem_zalloc(sizeof(*r));
    arena_init(&r->arena, NULL);
    r->stamp = pl_stamp_now(s);
    r->pin = cat_view_pin(s->view);
    r->f = arena_dup(&r->arena, f, sizeof(*f)); // a procedure that commits outlives the view
    r->table = table;
    int rc = make_routine(s, r, err);
    if (rc == 0) {
        *out = r;
        return 0;
    }
    r->tree.n_sql = 0;
    routine_free(s, r);
    return rc;
}

// trigger_id: of a trigger with transition tables, whose names its plans know; else 0.
static int routine_take(struct session *s, const struct cat_function *f, const struct cat_table *table,
                        uint32_t trigger_id, struct pl_routine **out, struct err *err)
{
    uint32_t ids[3] = {f->id, table != NULL ? table->id : 0, trigger_id};
    struct str key = {(const char *)ids, sizeof(ids)};
    struct pl_routine *r = map_get(&s->plpgsql_routines, key);
    *out = r;
    if (r != NULL && pl_stamp_is(&r->stamp, s))
        return 0;
    TRY(routine_new(s, f, table, out, err));
    struct pl_routine *before = map_put(&s->plpgsql_routines, key, *out);
    if (before != NULL) {
        before->stale = true;
        if (before->uses == 0)
            routine_free(s, before);
    }
    return 0;
}

// ---- running

static int run_frame(struct pl_frame *f, struct err *err)
{
    enum pl_outcome out = PL_NEXT_STATEMENT;
    const struct pl_statement *block = f->r->tree.block;
    struct pl_body body = {(struct pl_statement *const *)&block, 1};
    struct session *s = f->s;
    struct eval_context *ec = f->ec;
    const struct fn_call *call = ec != NULL ? ec->call : NULL;
    s->routine_depth++;
    int rc = pl_run_body(f, &body, &out, err);
    s->routine_depth--;
    if (ec != NULL)
        ec->call = call;
    if (rc != 0)
        return rc;
    const struct cat_function *fn = f->r->f;
    bool needs_value = !fn->returns_set && f->r->outputs == NULL && !fn->is_procedure &&
                       (!type_is(fn->result, TYPE_VOID) || is_trigger(fn));
    if (out == PL_RETURNED || !needs_value)
        return 0;
    f->at = NULL;
    return err_set(err, ERR_FUNCTION_EXECUTED_NO_RETURN_STATEMENT, "control reached end of %s without RETURN",
                   is_trigger(fn) ? "trigger procedure" : "function");
}

static int give_result(struct pl_frame *f, struct err *err)
{
    const struct cat_function *fn = f->r->f;
    f->doing = "while casting return value to function's return type";
    f->line = 0;
    if (fn->returns_set || f->emit == NULL)
        return 0;
    if (f->r->outputs != NULL)
        return pl_emit_outputs(f, err);
    if (type_is(fn->result, TYPE_VOID)) {
        struct datum nothing = datum_str(STR_EMPTY);
        return fn->is_procedure ? 0 : f->emit->row(f->emit, &nothing, err);
    }
    return pl_emit_value(f, f->result, err);
}

static void add_where(struct pl_frame *f, struct err *err)
{
    err_at(err, 0);
    if (!f->rethrown)
        pl_where(f, err);
}

static int call_frame(struct pl_frame *f, struct err *err)
{
    int rc = run_frame(f, err);
    if (rc == 0)
        rc = give_result(f, err);
    if (rc != 0)
        add_where(f, err);
    return rc;
}

static int too_deep(struct err *err)
{
    err_set(err, ERR_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    return err_hint(err, "Functions may call each other %d levels deep.", ROUTINE_DEPTH_MAX);
}

static int set_given(struct pl_frame *f, uint32_t variable, struct datum d, struct err *err)
{
    f->slots[variable].value = DATUM_NULL;
    f->slots[variable].fields = NULL;
    f->slots[variable].shape = f->r->variables[variable].shape;
    if (f->r->variables[variable].is_row)
        return pl_set(f, variable, (struct pl_value){f->r->variables[variable].type, d}, err);
    pl_set_now(f, variable, d);
    return 0;
}

static int set_arguments(struct pl_frame *f, const struct datum *args, struct err *err)
{
    const struct cat_function *fn = f->r->f;
    uint32_t n = 0;
    for (size_t i = 0, k = 0; i < fn->n_params; i++) {
        if (is_table_column(fn, i))
            continue;
        TRY(set_given(f, n++, cat_param_is_input(&fn->params[i]) ? args[k++] : DATUM_NULL, err));
    }
    pl_set_found(f, false);
    return 0;
}

int plpgsql_call(struct session *s, struct eval_context *ec, const struct cat_function *fn, const struct datum *args,
                 struct fn_emit *emit, uint64_t max_rows, struct err *err)
{
    struct pl_routine *r;
    if (is_trigger(fn))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "trigger functions can only be called as triggers");
    if (s->routine_depth >= ROUTINE_DEPTH_MAX)
        return too_deep(err);
    TRY(routine_take(s, fn, NULL, 0, &r, err));
    struct pl_frame *f = frame_take(s, r);
    f->ec = ec;
    f->emit = emit;
    f->rows_max = fn->returns_set ? max_rows : 0;
    int rc = set_arguments(f, args, err);
    if (rc == 0)
        rc = call_frame(f, err);
    frame_give(f);
    return rc;
}

// ---- triggers

static int set_trigger_row(struct pl_frame *f, uint32_t variable, const struct datum *row, struct err *err)
{
    const struct pl_shape *shape = f->r->variables[variable].shape;
    f->slots[variable].fields = NULL;
    f->slots[variable].shape = shape;
    if (row == NULL)
        return 0;
    struct datum *values = ARENA_ARRAY(&f->call, struct datum, shape->n + 1);
    for (uint32_t i = 0; i < shape->n; i++)
        values[i] = row[f->r->table_columns[i]];
    return pl_set_row(f, variable, shape, values, err);
}

static int set_trigger(struct pl_frame *f, const struct trigger_call *call, struct err *err)
{
    static const struct {
        char event;
        const char *name;
    } events[] = {{'I', "INSERT"}, {'U', "UPDATE"}, {'D', "DELETE"}, {'T', "TRUNCATE"}};
    const struct cat_trigger *t = call->trigger;
    const struct cat_schema *schema;
    uint32_t at = f->r->trigger_first;
    const char *op = "";
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (events[i].event == call->event)
            op = events[i].name;
    TRY(cat_schema_by_id(f->s->view, call->table->schema_id, &schema, err));
    TRY(set_trigger_row(f, at, call->new_row, err));
    TRY(set_trigger_row(f, at + 1, call->old_row, err));
    struct datum *arguments = ARENA_ARRAY(&f->call, struct datum, t->n_args + 1);
    for (size_t i = 0; i < t->n_args; i++)
        arguments[i] = datum_str(t->args[i]);
    const struct datum values[] = {
        datum_str(t->name),
        datum_str(call->before ? STR("BEFORE") : STR("AFTER")),
        datum_str(call->per_row ? STR("ROW") : STR("STATEMENT")),
        datum_str(str_of(op)),
        datum_int(call->table->id),
        datum_str(call->table->name),
        datum_str(call->table->name),
        datum_str(schema != NULL ? schema->name : STR_EMPTY),
        datum_int((int64_t)t->n_args),
        datum_str(array_build(&f->call, T_STRING, arguments, (uint32_t)t->n_args)),
    };
    for (uint32_t i = 0; i < ARRAY_LEN(values); i++)
        pl_set_now(f, at + 2 + i, values[i]);
    pl_set_found(f, false);
    return 0;
}

static int trigger_result(struct pl_frame *f, struct trigger_call *call, struct err *err)
{
    struct pl_shape shape;
    struct datum *values;
    call->skip = f->result.value.null;
    if (!call->before || !call->per_row)
        return 0;
    if (call->skip)
        return 0;
    if (!type_is(f->result.type, TYPE_TUPLE))
        return err_set(err, ERR_DATATYPE_MISMATCH,
                       "cannot return non-composite value from function returning composite type");
    pl_tuple_fields(&f->call, f->result, &shape, &values);
    const struct pl_shape *row = f->r->variables[f->r->trigger_first].shape;
    if (shape.n != row->n) {
        err_set(err, ERR_DATATYPE_MISMATCH,
                "returned row structure does not match the structure of the triggering "
                "table");
        return err_detail(err, "Number of returned columns (%u) does not match expected column count (%u).", shape.n,
                          row->n);
    }
    const struct datum *from = call->new_row != NULL ? call->new_row : call->old_row;
    struct arena *a = f->ec->arena;
    call->result = ARENA_ARRAY(a, struct datum, call->table->n_columns + 1);
    for (size_t i = 0; i < call->table->n_columns; i++)
        call->result[i] = from[i];
    for (uint32_t i = 0; i < row->n; i++) {
        struct datum d;
        TRY(pl_cast(f, (struct pl_value){shape.types[i], values[i]}, row->types[i], &d, err));
        call->result[f->r->table_columns[i]] = datum_copy(a, row->types[i], d);
    }
    return 0;
}

int session_call_trigger(struct session *s, struct eval_context *ec, const struct cat_function *fn,
                         struct trigger_call *call, struct err *err)
{
    struct pl_routine *r;
    if (s->routine_depth >= ROUTINE_DEPTH_MAX)
        return too_deep(err);
    const struct cat_trigger *t = call->trigger;
    TRY(routine_take(s, fn, call->table, t->old_table.len + t->new_table.len > 0 ? t->id : 0, &r, err));
    struct pl_frame *f = frame_take(s, r);
    f->ec = ec;
    f->emit = NULL;
    f->trigger = call;
    int rc = set_trigger(f, call, err);
    if (rc == 0)
        rc = run_frame(f, err);
    if (rc == 0) {
        f->doing = "during function exit";
        f->line = 0;
        rc = trigger_result(f, call, err);
    }
    if (rc != 0)
        add_where(f, err);
    frame_give(f);
    return rc;
}

// ---- DO

int run_do(struct session *s, const struct ast *ast, struct err *err)
{
    const struct ast_do *d = ast_as_do(ast);
    struct cat_function fn = {.name = STR_EMPTY,
                              .returns_sql = STR_EMPTY,
                              .result = T_VOID,
                              .is_procedure = true,
                              .plpgsql = true,
                              .reading = session_reading(s),
                              .body = d->body};
    struct pl_routine *r;
    if (d->language.ptr != NULL && !str_ieqc(d->language, "plpgsql"))
        return str_ieqc(d->language, "sql")
                   ? err_set(err, ERR_FEATURE_NOT_SUPPORTED, "language \"sql\" does not support inline code execution")
                   : err_set(err, ERR_UNDEFINED_OBJECT, "language \"%.*s\" does not exist", STR_FMT(d->language));
    if (s->routine_depth >= ROUTINE_DEPTH_MAX)
        return too_deep(err);
    TRY(routine_new(s, &fn, NULL, &r, err));
    r->stale = true;
    struct pl_frame *f = frame_take(s, r);
    f->ec = NULL;
    f->emit = NULL;
    pl_set_found(f, false);
    txn_may_end(s);
    int rc = call_frame(f, err);
    if (s->routine_depth == 0)
        s->may_end_txn = false;
    frame_give(f);
    return rc;
}
