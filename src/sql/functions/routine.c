// Calls of user-defined functions: the session runs them, here rows become results.
#include "sql/functions/functions_int.h"
#include "catalog/catalog.h"
#include "types/tuple.h"

static int need_session(const struct eval_context *ec, struct err *err)
{
    if (ec->session != NULL)
        return 0;
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() cannot be used in this context", ec->call->fn->name);
}

// Keeps the first row.
struct first_row {
    struct fn_emit emit; // first member
    struct arena *arena;
    const struct cat_function_column *columns;
    size_t n_columns;
    struct datum *values;
    bool found;
};

static int keep_row(struct fn_emit *emit, const struct datum *columns, struct err *err)
{
    struct first_row *r = (struct first_row *)emit;
    for (size_t i = 0; i < r->n_columns && !r->found; i++)
        r->values[i] = datum_copy(r->arena, r->columns[i].type, columns[i]);
    r->found = true;
    return 0;
}

static int run_for_row(struct eval_context *ec, const struct datum *args, struct first_row *r, struct err *err)
{
    const struct cat_function *f = ec->call->fn->routine;
    struct cat_function_column *columns;
    *r = (struct first_row){.emit = {keep_row}, .arena = ec->arena};
    TRY(need_session(ec, err));
    r->n_columns = cat_function_columns(f, ec->arena, &columns);
    r->columns = columns;
    r->values = ARENA_ARRAY(ec->arena, struct datum, r->n_columns);
    for (size_t i = 0; i < r->n_columns; i++)
        r->values[i] = DATUM_NULL;
    return ec->session->call_routine(ec->session, ec, f, args, &r->emit, 1, err);
}

int fn_routine_scalar(struct eval_context *ec, const struct datum *args, int n_args, struct datum *out, struct err *err)
{
    struct first_row r;
    TRY(run_for_row(ec, args, &r, err));
    *out = r.values[0];
    if (r.n_columns == 1 || !r.found) {
        out->null |= r.n_columns > 1;
        return 0;
    }
    struct tuple_field *fields = ARENA_ARRAY(ec->arena, struct tuple_field, r.n_columns);
    for (size_t i = 0; i < r.n_columns; i++)
        fields[i] = (struct tuple_field){r.columns[i].type, r.columns[i].name, r.values[i]};
    return fn_return_str(out, tuple_build(ec->arena, T_RECORD, fields, (uint32_t)r.n_columns));
}

// In FROM a composite value is its fields.
struct expanded_rows {
    struct fn_emit emit; // first member
    struct fn_emit *to;
    struct type type;
    struct datum *fields;
};

static int expand_row(struct fn_emit *emit, const struct datum *columns, struct err *err)
{
    struct expanded_rows *r = (struct expanded_rows *)emit;
    struct tuple_field field;
    for (size_t i = 0; i < r->type.def->n_fields; i++) {
        bool found = !columns[0].null && tuple_get(r->type, columns[0].s, (uint32_t)i, &field);
        r->fields[i] = found ? field.value : DATUM_NULL;
    }
    return r->to->row(r->to, r->fields, err);
}

// A record becomes what a column definition list says it is.
struct defined_rows {
    struct fn_emit emit; // first member
    struct fn_emit *to;
    struct eval_context *ec;
    struct type type;
};

static int define_row(struct fn_emit *emit, const struct datum *columns, struct err *err)
{
    struct defined_rows *r = (struct defined_rows *)emit;
    struct datum row = columns[0];
    if (!row.null && tuple_count(row.s) != r->type.def->n_fields) {
        err_set(err, ERR_DATATYPE_MISMATCH, "function return row and query-specified return row do not match");
        return err_detail(err, "Returned row contains %u attributes, but query expects %zu.", tuple_count(row.s),
                          r->type.def->n_fields);
    }
    if (!row.null)
        TRY(cast_datum(r->ec, T_RECORD, r->type, false, row, &row, err));
    return r->to->row(r->to, &row, err);
}

int fn_routine_set(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit, struct err *err)
{
    const struct fn_overload *fn = ec->call->fn;
    const struct cat_function *f = fn->routine;
    struct cat_function_column *columns;
    struct expanded_rows expanded;
    TRY(need_session(ec, err));
    struct defined_rows defined = {{define_row}, emit, ec, ec->call->result};
    size_t n = cat_function_columns(f, ec->arena, &columns);
    if (n == 1 && type_is(columns[0].type, TYPE_TUPLE) && columns[0].type.def == NULL && defined.type.def != NULL)
        emit = &defined.emit;
    if (n == 1 && fn->n_columns > 0) {
        expanded = (struct expanded_rows){{expand_row}, emit, columns[0].type, NULL};
        expanded.fields = ARENA_ARRAY(ec->arena, struct datum, fn->n_columns);
        emit = &expanded.emit;
    }
    if (f->returns_set)
        return ec->session->call_routine(ec->session, ec, f, args, emit, 0, err);
    struct first_row r; // one row in any case
    TRY(run_for_row(ec, args, &r, err));
    return emit->row(emit, r.values, err);
}

// ---- transition tables

static int emit_transition(struct eval_context *ec, const struct trigger_rows *t, struct fn_emit *emit, struct err *err)
{
    for (size_t i = 0; t != NULL && i < t->rows.len; i++)
        TRY(emit->row(emit, t->rows.ptr[i], err));
    return 0;
}

int fn_transition_old(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    TRY(need_session(ec, err));
    return emit_transition(ec, ec->session->trigger != NULL ? ec->session->trigger->old_table : NULL, emit, err);
}

int fn_transition_new(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    TRY(need_session(ec, err));
    return emit_transition(ec, ec->session->trigger != NULL ? ec->session->trigger->new_table : NULL, emit, err);
}
