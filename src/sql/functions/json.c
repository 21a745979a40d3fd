// JSONB operators and functions over types/json.h.
#include "sql/functions/functions_int.h"
#include "types/array.h"
#include "types/json.h"
#include "types/tuple.h"

// ---- access

static int return_json_text(struct eval_context *ec, struct str json, struct datum *out)
{
    struct str text;
    return json_as_text(ec->arena, json, &text) ? fn_return_str(out, text) : fn_return_null(out);
}

BODY(get_key)
{
    struct str v;
    return json_get_key(args[0].s, args[1].s, &v) ? fn_return_str(out, v) : fn_return_null(out);
}
BODY(get_index)
{
    struct str v;
    return json_get_index(args[0].s, args[1].i, &v) ? fn_return_str(out, v) : fn_return_null(out);
}
BODY(get_key_text)
{
    struct str v;
    return json_get_key(args[0].s, args[1].s, &v) ? return_json_text(ec, v, out) : fn_return_null(out);
}
BODY(get_index_text)
{
    struct str v;
    return json_get_index(args[0].s, args[1].i, &v) ? return_json_text(ec, v, out) : fn_return_null(out);
}

// Steps of a string[] argument; false when one is NULL.
static bool path_of_array(struct arena *a, struct str bytes, const struct str **path, size_t *n)
{
    struct array array = array_open(type_array_of(T_STRING), bytes);
    struct str *steps = ARENA_ARRAY(a, struct str, array.count);
    for (uint32_t i = 0; i < array.count; i++) {
        struct datum step = array_get(&array, i);
        if (step.null)
            return false;
        steps[i] = step.s;
    }
    *path = steps;
    *n = array.count;
    return true;
}

static bool get_path_array(struct eval_context *ec, const struct datum *args, struct str *out)
{
    const struct str *path;
    size_t n;
    return path_of_array(ec->arena, args[1].s, &path, &n) && json_get_path(args[0].s, path, n, out);
}
BODY(get_path)
{
    struct str v;
    return get_path_array(ec, args, &v) ? fn_return_str(out, v) : fn_return_null(out);
}
BODY(get_path_text)
{
    struct str v;
    return get_path_array(ec, args, &v) ? return_json_text(ec, v, out) : fn_return_null(out);
}

static bool extract_path_value(struct eval_context *ec, const struct datum *args, int n_args, struct str *out)
{
    struct str *path = ARENA_ARRAY(ec->arena, struct str, (size_t)n_args);
    for (int i = 1; i < n_args; i++)
        path[i - 1] = args[i].s;
    return json_get_path(args[0].s, path, (size_t)n_args - 1, out);
}
BODY(extract_path)
{
    struct str v;
    return extract_path_value(ec, args, n_args, &v) ? fn_return_str(out, v) : fn_return_null(out);
}
BODY(extract_path_text)
{
    struct str v;
    return extract_path_value(ec, args, n_args, &v) ? return_json_text(ec, v, out) : fn_return_null(out);
}

// ---- tests

BODY(contains)
{
    return fn_return_bool(out, json_contains(args[0].s, args[1].s));
}
BODY(contained_by)
{
    return fn_return_bool(out, json_contains(args[1].s, args[0].s));
}
BODY(exists)
{
    return fn_return_bool(out, json_exists(args[0].s, args[1].s));
}

static bool exists_count(const struct datum *args, bool all)
{
    struct array keys = array_open(type_array_of(T_STRING), args[1].s);
    for (uint32_t i = 0; i < keys.count; i++) {
        struct datum key = array_get(&keys, i);
        if (!key.null && json_exists(args[0].s, key.s) != all)
            return !all;
    }
    return all;
}
BODY(exists_any)
{
    return fn_return_bool(out, exists_count(args, false));
}
BODY(exists_all)
{
    return fn_return_bool(out, exists_count(args, true));
}
BODY(type_name)
{
    return fn_return_str(out, str_of(json_typeof(args[0].s)));
}
BODY(array_length)
{
    enum json_kind kind = json_kind(args[0].s);
    if (kind != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot get array length of a %s",
                       kind == JSON_OBJECT ? "non-array" : "scalar");
    return fn_return_int(out, json_count(args[0].s));
}
BODY(valid)
{
    struct str json;
    return fn_return_bool(out, json_parse(ec->arena, args[0].s, &json, NULL) == 0);
}

// ---- edits

BODY(concat)
{
    *out = (struct datum){0};
    return json_concat(ec->arena, args[0].s, args[1].s, &out->s, err);
}
BODY(delete_key)
{
    *out = (struct datum){0};
    return json_delete_key(ec->arena, args[0].s, args[1].s, &out->s, err);
}
BODY(delete_index)
{
    *out = (struct datum){0};
    return json_delete_index(ec->arena, args[0].s, args[1].i, &out->s, err);
}
BODY(delete_keys)
{
    struct array keys = array_open(type_array_of(T_STRING), args[1].s);
    *out = args[0];
    for (uint32_t i = 0; i < keys.count; i++) {
        struct datum key = array_get(&keys, i);
        if (!key.null)
            TRY(json_delete_key(ec->arena, out->s, key.s, &out->s, err));
    }
    return 0;
}

static int fault_null_path(struct err *err)
{
    return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "path element at position 1 is null");
}

BODY(delete_path)
{
    const struct str *path;
    size_t n;
    *out = (struct datum){0};
    if (!path_of_array(ec->arena, args[1].s, &path, &n))
        return fault_null_path(err);
    return json_delete_path(ec->arena, args[0].s, path, n, &out->s, err);
}
BODY(set_path)
{
    const struct str *path;
    size_t n;
    *out = (struct datum){0};
    if (!path_of_array(ec->arena, args[1].s, &path, &n))
        return fault_null_path(err);
    return json_set_path(ec->arena, args[0].s, path, n, args[2].s, n_args > 3 ? args[3].b : true, &out->s, err);
}
// What a NULL value means is said by the last argument.
BODY(set_path_lax)
{
    struct datum with_null[4] = {args[0], args[1], [3] = n_args > 3 ? args[3] : datum_bool(true)};
    bool null_mode = n_args > 4 && args[4].null;
    struct str mode = n_args > 4 ? args[4].s : STR("use_json_null");
    if (args[0].null || args[1].null || with_null[3].null)
        return fn_return_null(out);
    if (!args[2].null)
        return set_path(ec, args, MIN(n_args, 4), out, err);
    if (!null_mode && str_eqc(mode, "use_json_null")) {
        TRY(json_parse(ec->arena, STR("null"), &with_null[2].s, err));
        return set_path(ec, with_null, 4, out, err);
    }
    if (!null_mode && str_eqc(mode, "delete_key"))
        return delete_path(ec, args, 2, out, err);
    if (!null_mode && str_eqc(mode, "return_target")) {
        *out = args[0];
        return 0;
    }
    if (!null_mode && str_eqc(mode, "raise_exception"))
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "JSON value must not be null");
    return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                   "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or "
                   "\"raise_exception\"");
}
BODY(insert_path)
{
    const struct str *path;
    size_t n;
    *out = (struct datum){0};
    if (!path_of_array(ec->arena, args[1].s, &path, &n))
        return fault_null_path(err);
    return json_insert_path(ec->arena, args[0].s, path, n, args[2].s, n_args > 3 && args[3].b, &out->s, err);
}
BODY(strip_nulls)
{
    *out = (struct datum){0};
    return json_strip_nulls(ec->arena, args[0].s, &out->s, err);
}
BODY(pretty)
{
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    json_print_pretty(&b, args[0].s);
    return fn_return_buf(ec, &b, out, err);
}

// ---- construction

static int finish(struct eval_context *ec, struct json_builder *b, int rc, struct datum *out, struct err *err)
{
    *out = (struct datum){0};
    if (rc == 0)
        rc = json_builder_finish(b, ec->arena, &out->s, err);
    json_builder_release(b);
    return rc;
}

static int add_value(struct eval_context *ec, struct json_builder *b, struct type t, struct datum d, struct err *err)
{
    if (d.null) {
        json_add_null(b);
        return 0;
    }
    return json_add_datum(b, t, d, ec->vc, err);
}

BODY(to_json)
{
    struct json_builder b;
    json_builder_init(&b);
    int rc = add_value(ec, &b, fn_arg_type(ec, 0), args[0], err);
    return finish(ec, &b, rc, out, err);
}

BODY(array_to_json)
{
    if (args[1].b)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "pretty printing is not supported");
    return to_json(ec, args, n_args, out, err);
}

BODY(build_array)
{
    struct json_builder b;
    int rc = 0;
    json_builder_init(&b);
    json_begin_array(&b);
    for (int i = 0; i < n_args && rc == 0; i++)
        rc = add_value(ec, &b, fn_arg_type(ec, i), args[i], err);
    json_end(&b);
    return finish(ec, &b, rc, out, err);
}

static int add_key(struct eval_context *ec, struct json_builder *b, struct type t, struct datum d, int position,
                   struct err *err)
{
    if (d.null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "argument %d cannot be null", position);
    struct buf key = BUF_INIT;
    int rc = fn_text_of(ec, t, d, &key, err);
    if (rc == 0)
        json_key(b, buf_view(&key));
    buf_release(&key);
    return rc;
}

BODY(build_object)
{
    if (n_args % 2 != 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "argument list must have even number of elements");
    struct json_builder b;
    int rc = 0;
    json_builder_init(&b);
    json_begin_object(&b);
    for (int i = 0; i < n_args && rc == 0; i += 2) {
        rc = add_key(ec, &b, fn_arg_type(ec, i), args[i], i + 1, err);
        if (rc == 0)
            rc = add_value(ec, &b, fn_arg_type(ec, i + 1), args[i + 1], err);
    }
    json_end(&b);
    return finish(ec, &b, rc, out, err);
}

static int object_of(struct eval_context *ec, const struct array *keys, uint32_t key_step, const struct array *values,
                     uint32_t value_from, struct datum *out, struct err *err)
{
    struct json_builder b;
    int rc = 0;
    json_builder_init(&b);
    json_begin_object(&b);
    for (uint32_t i = 0; i * key_step < keys->count && rc == 0; i++) {
        rc = add_key(ec, &b, T_STRING, array_get(keys, i * key_step), (int)(i * key_step) + 1, err);
        struct datum value = array_get(values, i * key_step + value_from);
        if (rc == 0)
            rc = add_value(ec, &b, T_STRING, value, err);
    }
    json_end(&b);
    return finish(ec, &b, rc, out, err);
}

BODY(object_of_pairs)
{
    struct array pairs = array_open(type_array_of(T_STRING), args[0].s);
    if (pairs.count % 2 != 0)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "array must have even number of elements");
    return object_of(ec, &pairs, 2, &pairs, 1, out, err);
}
BODY(object_of_arrays)
{
    struct array keys = array_open(type_array_of(T_STRING), args[0].s);
    struct array values = array_open(type_array_of(T_STRING), args[1].s);
    if (keys.count != values.count)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "mismatched array dimensions");
    return object_of(ec, &keys, 1, &values, 0, out, err);
}

// ---- as rows

static int fault_not(struct str json, const char *wanted, struct err *err)
{
    enum json_kind kind = json_kind(json);
    const char *what = kind == JSON_ARRAY ? "an array" : kind == JSON_OBJECT ? "an object" : "a scalar";
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot be called on %s: %s expected", what, wanted);
}

static int each_element(struct eval_context *ec, struct str json, bool as_text, struct fn_emit *emit, struct err *err)
{
    if (json_kind(json) != JSON_ARRAY)
        return fault_not(json, "array", err);
    for (uint32_t i = 0; i < json_count(json); i++) {
        struct datum row = datum_str(json_at(json, i));
        if (as_text)
            return_json_text(ec, row.s, &row);
        TRY(emit->row(emit, &row, err));
    }
    return 0;
}

BODY(array_to_strings)
{
    if (json_kind(args[0].s) != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "input argument must be JSON array type");
    uint32_t n = json_count(args[0].s);
    struct datum *texts = ARENA_ARRAY(ec->arena, struct datum, n);
    for (uint32_t i = 0; i < n; i++)
        return_json_text(ec, json_at(args[0].s, i), &texts[i]);
    return fn_return_str(out, array_build(ec->arena, T_STRING, texts, n));
}

static int array_elements(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                          struct err *err)
{
    return each_element(ec, args[0].s, false, emit, err);
}
static int array_elements_text(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                               struct err *err)
{
    return each_element(ec, args[0].s, true, emit, err);
}

static int each_pair(struct eval_context *ec, struct str json, bool as_text, struct fn_emit *emit, struct err *err)
{
    if (json_kind(json) != JSON_OBJECT)
        return fault_not(json, "object", err);
    for (uint32_t i = 0; i < json_count(json); i++) {
        struct datum row[2] = {0};
        json_pair_at(json, i, &row[0].s, &row[1].s);
        if (as_text)
            return_json_text(ec, row[1].s, &row[1]);
        TRY(emit->row(emit, row, err));
    }
    return 0;
}

static int each(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit, struct err *err)
{
    return each_pair(ec, args[0].s, false, emit, err);
}
static int each_text(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                     struct err *err)
{
    return each_pair(ec, args[0].s, true, emit, err);
}

static int object_keys(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                       struct err *err)
{
    if (json_kind(args[0].s) != JSON_OBJECT)
        return fault_not(args[0].s, "object", err);
    for (uint32_t i = 0; i < json_count(args[0].s); i++) {
        struct str key, value;
        json_pair_at(args[0].s, i, &key, &value);
        struct datum row = datum_str(key);
        TRY(emit->row(emit, &row, err));
    }
    return 0;
}

static const struct fn_row rows[] = {
#include "sql/functions/json.def"
};
const struct fn_family fn_family_json = {"JSONB", rows, ARRAY_LEN(rows)};
