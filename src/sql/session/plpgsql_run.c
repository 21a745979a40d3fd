// The statements of PL/pgSQL at work: blocks, branches, loops, RETURN.
#include "sql/session/plpgsql_int.h"

void pl_set_found(struct pl_frame *f, bool found)
{
    f->slots[f->r->found].value = datum_bool(found);
}

// ---- results

static int emit(struct pl_frame *f, const struct datum *row, struct err *err)
{
    if (f->rows_max != 0 && f->rows_emitted++ >= f->rows_max)
        return 0;
    return f->emit->row(f->emit, row, err);
}

static int wrong_columns(uint32_t n, size_t expected, struct err *err)
{
    err_set(err, ERR_DATATYPE_MISMATCH, "returned record type does not match expected record type");
    return err_detail(err, "Number of returned columns (%u) does not match expected column count (%zu).", n, expected);
}

int pl_emit_row(struct pl_frame *f, const struct pl_shape *shape, const struct datum *values, struct err *err)
{
    const struct pl_routine *r = f->r;
    struct type t = r->columns[0].type;
    struct arena *a = &f->scratch;
    if (r->n_columns == 1 && type_is(t, TYPE_TUPLE) && !(shape->n == 1 && type_is(shape->types[0], TYPE_TUPLE))) {
        uint32_t n = t.def != NULL ? (uint32_t)t.def->n_fields : shape->n;
        struct tuple_field *fields = ARENA_ARRAY(a, struct tuple_field, n + 1);
        if (n != shape->n)
            return wrong_columns(shape->n, n, err);
        for (uint32_t i = 0; i < n; i++) {
            fields[i] = (struct tuple_field){shape->types[i], shape->names[i], values[i]};
            if (t.def == NULL)
                continue;
            fields[i].type = t.def->fields[i].type;
            TRY(pl_cast(f, (struct pl_value){shape->types[i], values[i]}, fields[i].type, &fields[i].value, err));
        }
        struct datum row = datum_str(tuple_build(a, t, fields, n));
        return emit(f, &row, err);
    }
    if (shape->n != r->n_columns)
        return wrong_columns(shape->n, r->n_columns, err);
    struct datum *row = ARENA_ARRAY(a, struct datum, r->n_columns + 1);
    for (size_t i = 0; i < r->n_columns; i++)
        TRY(pl_cast(f, (struct pl_value){shape->types[i], values[i]}, r->columns[i].type, &row[i], err));
    return emit(f, row, err);
}

int pl_emit_value(struct pl_frame *f, struct pl_value v, struct err *err)
{
    const struct pl_routine *r = f->r;
    struct pl_shape shape;
    struct datum *values;
    bool row = r->n_columns > 1 || type_is(r->columns[0].type, TYPE_TUPLE);
    if (row && v.value.null) {
        if (!r->f->returns_set)
            return 0; // no row stands for a NULL one
        values = ARENA_ARRAY(&f->scratch, struct datum, r->n_columns + 1);
        for (size_t i = 0; i < r->n_columns; i++)
            values[i] = DATUM_NULL;
        return emit(f, values, err);
    }
    if (row && type_is(v.type, TYPE_TUPLE)) {
        pl_tuple_fields(&f->scratch, v, &shape, &values);
        return pl_emit_row(f, &shape, values, err);
    }
    if (row)
        return err_set(err, ERR_DATATYPE_MISMATCH,
                       "cannot return non-composite value from function returning composite type");
    struct datum d;
    TRY(pl_cast(f, v, r->columns[0].type, &d, err));
    return emit(f, &d, err);
}

int pl_emit_outputs(struct pl_frame *f, struct err *err)
{
    const struct pl_routine *r = f->r;
    struct datum *row = ARENA_ARRAY(&f->scratch, struct datum, r->n_columns + 1);
    for (size_t i = 0; i < r->n_columns; i++)
        row[i] = pl_slot_value(f, r->outputs[i], &f->scratch).value;
    return emit(f, row, err);
}

static int run_return(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    *out = PL_RETURNED;
    if (s->use.value == NULL)
        return 0;
    TRY(pl_evaluate(f, s->use.value, &f->result, err));
    f->result.value = datum_copy(&f->call, f->result.type, f->result.value);
    f->has_result = true;
    return 0;
}

static int run_return_next(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_value v;
    arena_reset(&f->scratch);
    if (s->use.value == NULL)
        return pl_emit_outputs(f, err);
    TRY(pl_evaluate(f, s->use.value, &v, err));
    return pl_emit_value(f, v, err);
}

// ---- branches

static int run_if(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    for (size_t i = 0; i < s->branches.n_branches; i++) {
        const struct pl_branch *b = &s->branches.branches[i];
        bool holds = true;
        if (b->condition != NULL)
            TRY(pl_evaluate_condition(f, b->condition, &holds, err));
        if (holds)
            return pl_run_body(f, &b->body, out, err);
    }
    if (s->kind == PL_IF || s->branches.has_else)
        return 0;
    err_set(err, ERR_CASE_NOT_FOUND, "case not found");
    return err_hint(err, "CASE statement is missing ELSE part.");
}

// The operand's type is the variable's from now on.
static int run_case(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    if (s->branches.operand != NULL) {
        struct pl_value v;
        TRY(pl_evaluate(f, s->branches.operand, &v, err));
        struct pl_info *info = &f->r->variables[s->branches.variable];
        struct type t = type_is(v.type, TYPE_UNKNOWN) ? T_STRING : v.type;
        if (!type_identical(info->type, t)) {
            info->type = t;
            f->r->variables_serial++;
        }
        pl_set_now(f, s->branches.variable, v.value);
    }
    return run_if(f, s, out, err);
}

// ---- loops

bool pl_loop_goes_on(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out)
{
    if (*out == PL_NEXT_STATEMENT)
        return true;
    if (*out == PL_RETURNED || (f->leave.len > 0 && !str_eq(f->leave, s->label)))
        return false;
    bool again = *out == PL_AGAIN;
    *out = PL_NEXT_STATEMENT;
    return again;
}

static int run_loop(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    bool on = true;
    while (on) {
        f->at = s;
        TRY(session_interrupted(f->s, err));
        TRY(budget_check(&f->s->budget, err));
        if (s->loop.condition != NULL)
            TRY(pl_evaluate_condition(f, s->loop.condition, &on, err));
        if (!on)
            break;
        TRY(pl_run_body(f, &s->loop.body, out, err));
        on = pl_loop_goes_on(f, s, out);
    }
    return 0;
}

static int bound(struct pl_frame *f, const struct pl_sql *sql, const char *what, int64_t *out, struct err *err)
{
    struct datum d;
    TRY(pl_evaluate_as(f, sql, f->r->variables[f->at->for_integer.variable].type, &d, err));
    if (d.null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "%s of FOR loop cannot be null", what);
    *out = d.i;
    return 0;
}

static int run_for_integer(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    int64_t i, to, by = 1;
    TRY(bound(f, s->for_integer.from, "lower bound", &i, err));
    TRY(bound(f, s->for_integer.to, "upper bound", &to, err));
    if (s->for_integer.by != NULL)
        TRY(bound(f, s->for_integer.by, "BY value", &by, err));
    if (by <= 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "BY value of FOR loop must be greater than zero");
    bool any = false, reverse = s->for_integer.reverse;
    while (reverse ? i >= to : i <= to) {
        any = true;
        TRY(session_interrupted(f->s, err));
        TRY(budget_check(&f->s->budget, err));
        f->slots[s->for_integer.variable].value = datum_int(i);
        TRY(pl_run_body(f, &s->for_integer.body, out, err));
        f->at = s;
        if (!pl_loop_goes_on(f, s, out) ||
            (reverse ? __builtin_sub_overflow(i, by, &i) : __builtin_add_overflow(i, by, &i)))
            break;
    }
    pl_set_found(f, any);
    return 0;
}

static int loop_over_array(struct pl_frame *f, const struct pl_statement *s, struct pl_value v, struct arena *a,
                           enum pl_outcome *out, struct err *err)
{
    if (v.value.null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "FOREACH expression must not be null");
    if (!type_is(v.type, TYPE_ARRAY))
        return err_set(err, ERR_DATATYPE_MISMATCH, "FOREACH expression must yield an array, not type %s",
                       type_family_name(v.type));
    if (s->foreach.slice > 1)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "slice dimension (%lld) is out of the valid range 0..1",
                       (long long)s->foreach.slice);
    struct array array = array_open(v.type, datum_copy(a, v.type, v.value).s);
    struct type element = type_element(v.type);
    uint32_t n = s->foreach.slice == 1 ? 1 : array.count;
    bool on = true;
    for (uint32_t i = 0; i < n && on; i++) {
        struct pl_value item = {element, DATUM_NULL};
        f->at = s;
        TRY(session_interrupted(f->s, err));
        if (s->foreach.slice == 0)
            item.value = array_get(&array, i);
        else
            item = v;
        TRY(pl_assign(f, &s->foreach.targets.items[0], item, err));
        TRY(pl_run_body(f, &s->foreach.body, out, err));
        on = pl_loop_goes_on(f, s, out);
    }
    pl_set_found(f, n > 0);
    return 0;
}

static int run_foreach(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    struct pl_value v;
    struct arena a;
    TRY(pl_evaluate(f, s->foreach.array, &v, err));
    arena_init(&a, &f->s->budget);
    v.value = datum_copy(&a, v.type, v.value);
    int rc = loop_over_array(f, s, v, &a, out, err);
    arena_release(&a);
    return rc;
}

static int run_exit(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    bool holds = true;
    if (s->exit.condition != NULL)
        TRY(pl_evaluate_condition(f, s->exit.condition, &holds, err));
    if (!holds)
        return 0;
    f->leave = s->label;
    *out = s->exit.is_continue ? PL_AGAIN : PL_LEAVE;
    return 0;
}

// ---- blocks

static int set_initial(struct pl_frame *f, uint32_t variable, struct err *err)
{
    const struct pl_variable *v = &f->r->tree.variables[variable];
    struct pl_value value = {T_UNKNOWN, DATUM_NULL};
    f->line = v->line;
    if (v->default_value != NULL)
        TRY(pl_evaluate(f, v->default_value, &value, err));
    else if (v->kind == PL_VARIABLE_CURSOR)
        value = (struct pl_value){T_STRING, datum_str(v->name)};
    if (value.value.null && f->r->variables[variable].is_row && v->default_value == NULL) {
        f->slots[variable].fields = NULL;
        f->slots[variable].shape = f->r->variables[variable].shape;
        return 0;
    }
    return pl_set(f, variable, value, err);
}

int pl_run_block(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    f->doing = "during statement block local variable initialization";
    for (size_t i = 0; i < s->block.n_variables; i++)
        TRY(set_initial(f, s->block.variables[i], err));
    f->doing = NULL;
    return pl_run_body(f, &s->block.body, out, err);
}

static int run_block(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    TRY(s->block.n_handlers > 0 ? pl_run_guarded(f, s, out, err) : pl_run_block(f, s, out, err));
    if (*out == PL_LEAVE && s->label.len > 0 && str_eq(f->leave, s->label))
        *out = PL_NEXT_STATEMENT;
    return 0;
}

// ---- all of them

static int run_assign(struct pl_frame *f, const struct pl_statement *s, struct err *err)
{
    struct pl_value v;
    TRY(pl_evaluate(f, s->assign.value, &v, err));
    return pl_assign(f, &s->assign.target, v, err);
}

static int not_built(const struct pl_statement *s, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s in PL/pgSQL", pl_statement_name(s));
}

static int run_statement_of(struct pl_frame *f, const struct pl_statement *s, enum pl_outcome *out, struct err *err)
{
    switch (s->kind) {
    case PL_BLOCK:
        return run_block(f, s, out, err);
    case PL_ASSIGN:
        return run_assign(f, s, err);
    case PL_IF:
        return run_if(f, s, out, err);
    case PL_CASE:
        return run_case(f, s, out, err);
    case PL_LOOP:
    case PL_WHILE:
        return run_loop(f, s, out, err);
    case PL_FOR_INTEGER:
        return run_for_integer(f, s, out, err);
    case PL_FOR_QUERY:
    case PL_FOR_EXECUTE:
    case PL_FOR_CURSOR:
        return pl_run_for_query(f, s, out, err);
    case PL_FOREACH:
        return run_foreach(f, s, out, err);
    case PL_EXIT:
        return run_exit(f, s, out, err);
    case PL_RETURN:
        return run_return(f, s, out, err);
    case PL_RETURN_NEXT:
        return run_return_next(f, s, err);
    case PL_RETURN_QUERY:
    case PL_RETURN_EXECUTE:
        return pl_run_return_query(f, s, err);
    case PL_RAISE:
        return pl_run_raise(f, s, err);
    case PL_ASSERT:
        return pl_run_assert(f, s, err);
    case PL_SQL:
        return pl_run_sql(f, s, err);
    case PL_EXECUTE:
        return pl_run_execute(f, s, err);
    case PL_PERFORM:
        return pl_run_perform(f, s, err);
    case PL_CALL:
        return pl_run_call(f, s, err);
    case PL_DO:
        return run_do(f->s, s->use.value->ast, err);
    case PL_OPEN:
        return pl_run_open(f, s, err);
    case PL_FETCH:
        return pl_run_fetch(f, s, err);
    case PL_CLOSE:
        return pl_run_close(f, s, err);
    case PL_DIAGNOSTICS:
        return pl_run_diagnostics(f, s, err);
    case PL_COMMIT:
    case PL_ROLLBACK:
        return pl_run_txn(f, s, err);
    case PL_NULL:
        return 0;
    default:
        return not_built(s, err);
    }
}

int pl_run_body(struct pl_frame *f, const struct pl_body *body, enum pl_outcome *out, struct err *err)
{
    *out = PL_NEXT_STATEMENT;
    for (size_t i = 0; i < body->n && *out == PL_NEXT_STATEMENT; i++) {
        f->at = body->items[i];
        TRY(run_statement_of(f, body->items[i], out, err));
    }
    return 0;
}
