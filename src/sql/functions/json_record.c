// JSON objects as rows: values become those of the fields' types as text would, objects and arrays inside them too.
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include "types/json.h"
#include "types/tuple.h"

static int object_to_row(struct eval_context *ec, struct type t, struct datum base, struct str json, struct datum *out,
                         struct err *err);

static int array_to_array(struct eval_context *ec, struct type t, struct str json, struct datum *out, struct err *err);

static int json_to_value(struct eval_context *ec, struct type t, struct str json, struct datum *out, struct err *err)
{
    struct str text;
    enum json_kind kind = json_kind(json);
    *out = DATUM_NULL;
    if (type_is(t, TYPE_JSONB)) {
        *out = datum_str(json);
        return 0;
    }
    if (kind == JSON_NULL)
        return 0;
    if (type_is(t, TYPE_ARRAY) && kind == JSON_ARRAY)
        return array_to_array(ec, t, json, out, err);
    if (type_is(t, TYPE_TUPLE) && kind == JSON_OBJECT)
        return object_to_row(ec, t, DATUM_NULL, json, out, err);
    json_as_text(ec->arena, json, &text);
    return cast_datum(ec, T_STRING, t, true, datum_str(text), out, err);
}

static int array_to_array(struct eval_context *ec, struct type t, struct str json, struct datum *out, struct err *err)
{
    uint32_t n = json_count(json);
    struct type element = type_element(t);
    struct datum *items = ARENA_ARRAY(ec->arena, struct datum, n);
    for (uint32_t i = 0; i < n; i++)
        TRY(json_to_value(ec, element, json_at(json, i), &items[i], err));
    return fn_return_str(out, array_build(ec->arena, element, items, n));
}

// The fields of the row's type; a row of no named type has those of the base value.
static int row_fields(struct eval_context *ec, struct type t, struct datum base, struct tuple_field **fields,
                      uint32_t *n, struct err *err)
{
    struct tuple_reader r = tuple_open(t, base.s);
    *n = t.def != NULL ? (uint32_t)t.def->n_fields : base.null ? 0 : tuple_count(base.s);
    *fields = ARENA_ARRAY(ec->arena, struct tuple_field, *n);
    for (uint32_t i = 0; i < *n; i++) {
        bool has = !base.null && tuple_next(&r, &(*fields)[i]);
        if (!has && t.def != NULL)
            (*fields)[i] = (struct tuple_field){t.def->fields[i].type, t.def->fields[i].name, DATUM_NULL};
    }
    return *n > 0 || t.def != NULL ? 0
                                   : err_set(err, ERR_DATATYPE_MISMATCH,
                                             "could not determine row type for result of %s", ec->call->fn->name);
}

static int object_to_row(struct eval_context *ec, struct type t, struct datum base, struct str json, struct datum *out,
                         struct err *err)
{
    struct tuple_field *fields;
    struct str member;
    uint32_t n;
    if (json_kind(json) != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid non-object argument to %s", ec->call->fn->name);
    TRY(row_fields(ec, t, base, &fields, &n, err));
    for (uint32_t i = 0; i < n; i++) {
        if (fields[i].label.len > 0 && json_get_key(json, fields[i].label, &member))
            TRY(json_to_value(ec, fields[i].type, member, &fields[i].value, err));
    }
    return fn_return_str(out, tuple_build(ec->arena, t, fields, n));
}

static int need_row_type(struct eval_context *ec, struct type t, struct err *err)
{
    if (type_is(t, TYPE_TUPLE))
        return 0;
    return err_set(err, ERR_DATATYPE_MISMATCH, "first argument of %s must be a row type", ec->call->fn->name);
}

BODY(populate_record)
{
    struct type t = fn_arg_type(ec, 0);
    TRY(need_row_type(ec, t, err));
    if (args[1].null) {
        *out = args[0];
        return 0;
    }
    return object_to_row(ec, t, args[0], args[1].s, out, err);
}

BODY(to_record)
{
    return object_to_row(ec, fn_result_type(ec), DATUM_NULL, args[0].s, out, err);
}

static int each_object(struct eval_context *ec, struct type t, struct datum base, struct str json, struct fn_emit *emit,
                       struct err *err)
{
    if (json_kind(json) != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "argument of %s must be an array of objects",
                       ec->call->fn->name);
    for (uint32_t i = 0; i < json_count(json); i++) {
        struct datum row;
        TRY(object_to_row(ec, t, base, json_at(json, i), &row, err));
        TRY(emit->row(emit, &row, err));
    }
    return 0;
}

static int populate_recordset(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                              struct err *err)
{
    struct type t = fn_arg_type(ec, 0);
    TRY(need_row_type(ec, t, err));
    return args[1].null ? 0 : each_object(ec, t, args[0], args[1].s, emit, err);
}

static int to_recordset(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                        struct err *err)
{
    return each_object(ec, fn_result_type(ec), DATUM_NULL, args[0].s, emit, err);
}

static const struct fn_row rows[] = {
#include "sql/functions/json_record.def"
};
const struct fn_family fn_family_json_record = {"JSONB", rows, ARRAY_LEN(rows)};
