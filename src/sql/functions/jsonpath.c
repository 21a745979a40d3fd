// Evaluation of SQL/JSON paths. A path gives a list of items; predicates are true, false or unknown. In lax mode arrays
// are opened where a single item is wanted, single items stand for arrays of one, and what is not there is nothing; in
// strict mode these are errors.
#include "sql/functions/functions_int.h"
#include "types/jsonpath.h"
#include "sql/functions/pattern_int.h"
#include "types/json.h"

struct path_items {
    struct str *ptr;
    size_t len, cap;
};

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

struct path_run {
    struct arena *arena;
    bool strict;
    bool forgiving; // behind .**: what does not fit is nothing in strict mode too
    struct str root, variables;
    struct str current;
    int64_t last; // highest subscript of the array whose subscripts are computed
    struct err *err;
};

static int evaluate(struct path_run *r, const struct path_node *n, struct path_items *out);
static int predicate(struct path_run *r, const struct path_node *n, enum truth *out);

static void add(struct path_run *r, struct path_items *items, struct str json)
{
    ARENA_PUSH(r->arena, items, json);
}

static struct str json_of_bool(struct path_run *r, bool v)
{
    struct json_builder b;
    struct str out = STR_EMPTY;
    json_builder_init(&b);
    json_add_bool(&b, v);
    INVARIANT(json_builder_finish(&b, r->arena, &out, NULL) == 0);
    return out;
}

static struct str json_of_decimal(struct path_run *r, const struct decimal *d)
{
    struct json_builder b;
    struct str out = STR_EMPTY;
    json_builder_init(&b);
    json_add_number(&b, d);
    INVARIANT(json_builder_finish(&b, r->arena, &out, NULL) == 0);
    return out;
}

static struct str json_of_string(struct path_run *r, struct str text)
{
    struct json_builder b;
    struct str out = STR_EMPTY;
    json_builder_init(&b);
    json_add_string(&b, text);
    INVARIANT(json_builder_finish(&b, r->arena, &out, NULL) == 0);
    return out;
}

// Is it an error that an item is not what an accessor wants?
static bool complains(const struct path_run *r)
{
    return r->strict && !r->forgiving;
}

// ---- accessors, item by item

static int key(struct path_run *r, const struct path_node *n, struct str item, bool opened, struct path_items *out)
{
    struct str member;
    if (json_kind(item) == JSON_OBJECT) {
        if (json_get_key(item, n->name, &member))
            add(r, out, member);
        else if (complains(r))
            return err_set(r->err, ERR_SQL_JSON_MEMBER_NOT_FOUND, "JSON object does not contain key \"%.*s\"",
                           STR_FMT(n->name));
        return 0;
    }
    if (json_kind(item) == JSON_ARRAY && !r->strict && !opened) {
        for (uint32_t i = 0; i < json_count(item); i++)
            TRY(key(r, n, json_at(item, i), true, out));
        return 0;
    }
    return complains(r) ? err_set(r->err, ERR_SQL_JSON_MEMBER_NOT_FOUND,
                                  "jsonpath member accessor can only be applied to an object")
                        : 0;
}

static int any_key(struct path_run *r, struct str item, bool opened, struct path_items *out)
{
    struct str name, value;
    if (json_kind(item) == JSON_OBJECT) {
        for (uint32_t i = 0; i < json_count(item); i++) {
            json_pair_at(item, i, &name, &value);
            add(r, out, value);
        }
        return 0;
    }
    if (json_kind(item) == JSON_ARRAY && !r->strict && !opened) {
        for (uint32_t i = 0; i < json_count(item); i++)
            TRY(any_key(r, json_at(item, i), true, out));
        return 0;
    }
    return complains(r) ? err_set(r->err, ERR_SQL_JSON_OBJECT_NOT_FOUND,
                                  "jsonpath wildcard member accessor can only be applied to an object")
                        : 0;
}

static bool is_container(struct str item)
{
    return json_kind(item) == JSON_OBJECT || json_kind(item) == JSON_ARRAY;
}

// An item and what is within it, at levels from n->from to n->to; "last": what contains nothing.
static void any_depth(struct path_run *r, const struct path_node *n, struct str item, uint32_t at,
                      struct path_items *out)
{
    struct str name, value;
    bool leaves = n->from == UINT32_MAX && n->to == UINT32_MAX;
    if (at >= n->from || (leaves && at > 0 && !is_container(item)))
        add(r, out, item);
    if (at >= n->to || !is_container(item))
        return;
    for (uint32_t i = 0; i < json_count(item); i++) {
        value = json_kind(item) == JSON_ARRAY ? json_at(item, i) : STR_EMPTY;
        if (json_kind(item) == JSON_OBJECT)
            json_pair_at(item, i, &name, &value);
        any_depth(r, n, value, at + 1, out);
    }
}

static int not_an_array(struct path_run *r, const char *what)
{
    return err_set(r->err, ERR_SQL_JSON_ARRAY_NOT_FOUND, "jsonpath %s accessor can only be applied to an array", what);
}

static int any_index(struct path_run *r, struct str item, struct path_items *out)
{
    if (json_kind(item) != JSON_ARRAY) {
        if (complains(r))
            return not_an_array(r, "wildcard array");
        if (!r->strict)
            add(r, out, item);
        return 0;
    }
    for (uint32_t i = 0; i < json_count(item); i++)
        add(r, out, json_at(item, i));
    return 0;
}

static int subscript(struct path_run *r, const struct path_node *n, int64_t *out)
{
    struct path_items items = {0};
    struct decimal whole, number;
    TRY(evaluate(r, n, &items));
    if (items.len != 1 || json_kind(items.ptr[0]) != JSON_NUMBER)
        return err_set(r->err, ERR_INVALID_SQL_JSON_SUBSCRIPT,
                       "jsonpath array subscript is not a single numeric value");
    number = json_number_value(items.ptr[0]);
    TRY(decimal_rescale(r->arena, &number, 0, DECIMAL_DOWN, &whole, r->err));
    struct buf b = BUF_INIT;
    decimal_print_plain(&b, &whole);
    bool fits = str_to_i64(buf_view(&b), out) && *out >= INT32_MIN && *out <= INT32_MAX;
    buf_release(&b);
    return fits ? 0
                : err_set(r->err, ERR_INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of integer range");
}

static int subscripts(struct path_run *r, const struct path_node *n, struct str item, struct path_items *out)
{
    bool array = json_kind(item) == JSON_ARRAY;
    if (!array && r->strict)
        return complains(r) ? not_an_array(r, "array") : 0;
    int64_t count = array ? json_count(item) : 1, outer_last = r->last;
    r->last = count - 1;
    for (const struct path_node *range = n->items; range != NULL; range = range->next) {
        int64_t from, to;
        TRY(subscript(r, range->left, &from));
        TRY(subscript(r, range->right, &to));
        if (complains(r) && (from < 0 || from > to || to >= count))
            return err_set(r->err, ERR_INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of bounds");
        for (int64_t i = MAX(from, (int64_t)0); i <= MIN(to, count - 1); i++)
            add(r, out, array ? json_at(item, (uint32_t)i) : item);
    }
    r->last = outer_last;
    return 0;
}

static int filter(struct path_run *r, const struct path_node *n, struct str item, bool opened, struct path_items *out)
{
    if (json_kind(item) == JSON_ARRAY && !r->strict && !opened) {
        for (uint32_t i = 0; i < json_count(item); i++)
            TRY(filter(r, n, json_at(item, i), true, out));
        return 0;
    }
    struct str outer = r->current;
    enum truth truth;
    r->current = item;
    TRY(predicate(r, n->right, &truth));
    r->current = outer;
    if (truth == TRUTH_TRUE)
        add(r, out, item);
    return 0;
}

// ---- methods and arithmetic

static int bad_method(struct path_run *r, struct str name, const char *wants)
{
    return err_set(r->err, ERR_NON_NUMERIC_SQL_JSON_ITEM, "jsonpath item method .%.*s() can only be applied to %s",
                   STR_FMT(name), wants);
}

static int number_method(struct path_run *r, struct str name, struct str item, struct path_items *out)
{
    struct decimal d, result;
    bool out_of_range;
    if (str_eqc(name, "double") && json_kind(item) == JSON_STRING) {
        if (!decimal_parse(r->arena, json_string_value(item), &d, &out_of_range) || d.form != DECIMAL_FINITE)
            return bad_method(r, name, "a string or numeric value");
        add(r, out, json_of_decimal(r, &d));
        return 0;
    }
    if (json_kind(item) != JSON_NUMBER)
        return bad_method(r, name, str_eqc(name, "double") ? "a string or numeric value" : "a numeric value");
    d = json_number_value(item);
    result = d;
    if (str_eqc(name, "abs"))
        result.negative = false;
    else if (str_eqc(name, "floor") || str_eqc(name, "ceiling"))
        TRY(decimal_rescale(r->arena, &d, 0, str_eqc(name, "floor") ? DECIMAL_FLOOR : DECIMAL_CEILING, &result,
                            r->err));
    add(r, out, json_of_decimal(r, &result));
    return 0;
}

// {"id": …, "key": …, "value": …} of each member. The id tells objects apart: where they are in the document, else 0.
static int keyvalue(struct path_run *r, struct str item, bool opened, struct path_items *out)
{
    if (json_kind(item) == JSON_ARRAY && !r->strict && !opened) {
        for (uint32_t i = 0; i < json_count(item); i++)
            TRY(keyvalue(r, json_at(item, i), true, out));
        return 0;
    }
    if (json_kind(item) != JSON_OBJECT)
        return err_set(r->err, ERR_SQL_JSON_OBJECT_NOT_FOUND,
                       "jsonpath item method .keyvalue() can only be applied to an object");
    bool within = item.ptr >= r->root.ptr && item.ptr < r->root.ptr + r->root.len;
    struct decimal id = decimal_from_i64(within ? item.ptr - r->root.ptr : 0);
    for (uint32_t i = 0; i < json_count(item); i++) {
        struct str name, value, pair = STR_EMPTY;
        struct json_builder b;
        json_pair_at(item, i, &name, &value);
        json_builder_init(&b);
        json_begin_object(&b);
        json_key(&b, STR("id"));
        json_add_number(&b, &id);
        json_key(&b, STR("key"));
        json_add_string(&b, name);
        json_key(&b, STR("value"));
        json_add_value(&b, value);
        json_end(&b);
        int rc = json_builder_finish(&b, r->arena, &pair, r->err);
        json_builder_release(&b);
        TRY(rc);
        add(r, out, pair);
    }
    return 0;
}

static int method(struct path_run *r, const struct path_node *n, struct str item, bool opened, struct path_items *out)
{
    static const char *const numeric[] = {"abs", "ceiling", "double", "floor"};
    if (str_eqc(n->name, "type")) {
        add(r, out, json_of_string(r, str_of(json_typeof(item))));
        return 0;
    }
    if (str_eqc(n->name, "keyvalue"))
        return keyvalue(r, item, opened, out);
    if (str_eqc(n->name, "size")) {
        if (json_kind(item) != JSON_ARRAY && r->strict)
            return r->forgiving ? 0
                                : err_set(r->err, ERR_SQL_JSON_ARRAY_NOT_FOUND,
                                          "jsonpath item method .size() can only be applied to an array");
        struct decimal d = decimal_from_i64(json_kind(item) == JSON_ARRAY ? json_count(item) : 1);
        add(r, out, json_of_decimal(r, &d));
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(numeric); i++) {
        if (!str_eqc(n->name, numeric[i]))
            continue;
        if (json_kind(item) != JSON_ARRAY || r->strict || opened)
            return number_method(r, n->name, item, out);
        for (uint32_t k = 0; k < json_count(item); k++)
            TRY(method(r, n, json_at(item, k), true, out));
        return 0;
    }
    return err_set(r->err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: jsonpath method .%.*s()", STR_FMT(n->name));
}

static int operand(struct path_run *r, const struct path_node *n, const char *side, char op, struct decimal *out)
{
    struct path_items items = {0};
    TRY(evaluate(r, n, &items));
    struct str item = items.len == 1 ? items.ptr[0] : STR_NONE;
    if (item.ptr != NULL && json_kind(item) == JSON_ARRAY && !r->strict && json_count(item) == 1)
        item = json_at(item, 0);
    if (item.ptr == NULL || json_kind(item) != JSON_NUMBER)
        return err_set(r->err, ERR_SINGLETON_SQL_JSON_ITEM_REQUIRED,
                       "%s operand of jsonpath operator %c is not a single numeric value", side, op);
    *out = json_number_value(item);
    return 0;
}

static int arithmetic(struct path_run *r, const struct path_node *n, struct path_items *out)
{
    struct decimal x, y, result = {0};
    TRY(operand(r, n->left, "left", n->op, &x));
    TRY(operand(r, n->right, "right", n->op, &y));
    if ((n->op == '/' || n->op == '%') && decimal_sign(&y) == 0)
        return err_set(r->err, ERR_DIVISION_BY_ZERO, "division by zero");
    switch (n->op) {
    case '+':
        TRY(decimal_add(r->arena, &x, &y, &result, r->err));
        break;
    case '-':
        TRY(decimal_sub(r->arena, &x, &y, &result, r->err));
        break;
    case '*':
        TRY(decimal_mul(r->arena, &x, &y, &result, r->err));
        break;
    case '/':
        TRY(decimal_quo(r->arena, &x, &y, &result, r->err));
        break;
    default:
        TRY(decimal_rem(r->arena, &x, &y, &result, r->err));
        break;
    }
    add(r, out, json_of_decimal(r, &result));
    return 0;
}

static int sign(struct path_run *r, const struct path_node *n, struct path_items *out)
{
    struct path_items items = {0};
    TRY(evaluate(r, n->left, &items));
    for (size_t i = 0; i < items.len; i++) {
        if (json_kind(items.ptr[i]) != JSON_NUMBER)
            return err_set(r->err, ERR_NON_NUMERIC_SQL_JSON_ITEM,
                           "operand of unary jsonpath operator %c is not a numeric value", n->op);
        struct decimal d = json_number_value(items.ptr[i]);
        d.negative ^= n->op == '-' && decimal_sign(&d) != 0;
        add(r, out, json_of_decimal(r, &d));
    }
    return 0;
}

// ---- predicates

static enum truth compare_items(struct str x, struct str y, char op)
{
    enum json_kind a = json_kind(x), b = json_kind(y);
    bool booleans = (a == JSON_TRUE || a == JSON_FALSE) && (b == JSON_TRUE || b == JSON_FALSE);
    if (a != b && !booleans) {
        if (a != JSON_NULL && b != JSON_NULL)
            return TRUTH_UNKNOWN;
        return op == '!' ? TRUTH_TRUE : TRUTH_FALSE; // null and something else
    }
    if (a == JSON_ARRAY || a == JSON_OBJECT)
        return TRUTH_UNKNOWN;
    int c = booleans ? (int)(a == JSON_TRUE) - (int)(b == JSON_TRUE) : json_compare(x, y);
    bool result = op == '='   ? c == 0
                  : op == '!' ? c != 0
                  : op == '<' ? c < 0
                  : op == '{' ? c <= 0
                  : op == '>' ? c > 0
                              : c >= 0;
    return result ? TRUTH_TRUE : TRUTH_FALSE;
}

// The items of an operand of a predicate; in lax mode arrays are opened.
static int operands(struct path_run *r, const struct path_node *n, struct path_items *out)
{
    struct path_items items = {0};
    TRY(evaluate(r, n, &items));
    for (size_t i = 0; i < items.len; i++) {
        if (r->strict || json_kind(items.ptr[i]) != JSON_ARRAY)
            add(r, out, items.ptr[i]);
        else
            TRY(any_index(r, items.ptr[i], out));
    }
    return 0;
}

static int test_item(struct path_run *r, const struct path_node *n, struct str x, struct str y, enum truth *out)
{
    pcre2_code *code;
    bool found;
    *out = TRUTH_UNKNOWN;
    if (n->kind == PATH_COMPARE) {
        *out = compare_items(x, y, n->op);
        return 0;
    }
    if (json_kind(x) != JSON_STRING)
        return 0;
    if (n->kind == PATH_STARTS_WITH) {
        if (json_kind(y) == JSON_STRING)
            *out = str_has_prefix(json_string_value(x), json_string_value(y)) ? TRUTH_TRUE : TRUTH_FALSE;
        return 0;
    }
    TRY(pattern_regex(n->name, n->flags, &code, r->err));
    TRY(pattern_find(code, json_string_value(x), 0, NULL, &found, r->err));
    *out = found ? TRUTH_TRUE : TRUTH_FALSE;
    return 0;
}

// True for some pair of items; in strict mode unknown for any makes all unknown. Errors in operands are unknown.
static int test(struct path_run *r, const struct path_node *n, enum truth *out)
{
    struct path_items left = {0}, right = {0};
    struct err *outer = r->err, ignored = ERR_INIT;
    *out = TRUTH_UNKNOWN;
    r->err = &ignored;
    int rc = operands(r, n->left, &left);
    if (rc == 0 && n->right != NULL)
        rc = operands(r, n->right, &right);
    r->err = outer;
    err_reset(&ignored);
    if (rc != 0)
        return 0;
    if (n->right == NULL)
        add(r, &right, STR_EMPTY);
    bool any_true = false, any_unknown = false;
    for (size_t i = 0; i < left.len; i++) {
        for (size_t k = 0; k < right.len; k++) {
            enum truth truth;
            TRY(test_item(r, n, left.ptr[i], right.ptr[k], &truth));
            any_true |= truth == TRUTH_TRUE;
            any_unknown |= truth == TRUTH_UNKNOWN;
        }
    }
    *out = any_unknown && (r->strict || !any_true) ? TRUTH_UNKNOWN : any_true ? TRUTH_TRUE : TRUTH_FALSE;
    return 0;
}

static int exists(struct path_run *r, const struct path_node *n, enum truth *out)
{
    struct path_items items = {0};
    struct err *outer = r->err, ignored = ERR_INIT;
    r->err = &ignored;
    int rc = evaluate(r, n->left, &items);
    r->err = outer;
    err_reset(&ignored);
    *out = rc != 0 ? TRUTH_UNKNOWN : items.len > 0 ? TRUTH_TRUE : TRUTH_FALSE;
    return 0;
}

static int predicate(struct path_run *r, const struct path_node *n, enum truth *out)
{
    enum truth a, b;
    switch (n->kind) {
    case PATH_AND:
    case PATH_OR: {
        enum truth decides = n->kind == PATH_AND ? TRUTH_FALSE : TRUTH_TRUE;
        TRY(predicate(r, n->left, &a));
        *out = a;
        if (a == decides)
            return 0;
        TRY(predicate(r, n->right, &b));
        *out = b == decides ? b : a == TRUTH_UNKNOWN ? a : b;
        return 0;
    }
    case PATH_NOT:
        TRY(predicate(r, n->left, &a));
        *out = a == TRUTH_UNKNOWN ? a : a == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
        return 0;
    case PATH_IS_UNKNOWN:
        TRY(predicate(r, n->left, &a));
        *out = a == TRUTH_UNKNOWN ? TRUTH_TRUE : TRUTH_FALSE;
        return 0;
    case PATH_EXISTS:
        return exists(r, n, out);
    default:
        return test(r, n, out);
    }
}

// ---- paths

static int apply(struct path_run *r, const struct path_node *n, struct str item, struct path_items *out)
{
    switch (n->kind) {
    case PATH_KEY:
        return key(r, n, item, false, out);
    case PATH_ANY_KEY:
        return any_key(r, item, false, out);
    case PATH_ANY_DEPTH:
        any_depth(r, n, item, 0, out);
        return 0;
    case PATH_ANY_INDEX:
        return any_index(r, item, out);
    case PATH_SUBSCRIPTS:
        return subscripts(r, n, item, out);
    case PATH_FILTER:
        return filter(r, n, item, false, out);
    default:
        return method(r, n, item, false, out);
    }
}

static int variable(struct path_run *r, const struct path_node *n, struct path_items *out)
{
    struct str value;
    if (r->variables.len == 0 || !json_get_key(r->variables, n->name, &value))
        return err_set(r->err, ERR_UNDEFINED_OBJECT, "could not find jsonpath variable \"%.*s\"", STR_FMT(n->name));
    add(r, out, value);
    return 0;
}

static bool is_behind_any_depth(const struct path_node *n)
{
    for (n = n->left; n != NULL; n = n->left) {
        if (n->kind == PATH_ANY_DEPTH)
            return true;
    }
    return false;
}

static int evaluate(struct path_run *r, const struct path_node *n, struct path_items *out)
{
    struct decimal last;
    enum truth truth;
    switch (n->kind) {
    case PATH_ROOT:
    case PATH_CURRENT:
        add(r, out, n->kind == PATH_ROOT ? r->root : r->current);
        return 0;
    case PATH_LAST:
        last = decimal_from_i64(r->last);
        add(r, out, json_of_decimal(r, &last));
        return 0;
    case PATH_LITERAL:
        add(r, out, n->value);
        return 0;
    case PATH_VARIABLE:
        return variable(r, n, out);
    case PATH_ARITHMETIC:
        return arithmetic(r, n, out);
    case PATH_SIGN:
        return sign(r, n, out);
    default:
        break;
    }
    if (path_is_predicate(n)) {
        TRY(predicate(r, n, &truth));
        struct str null;
        TRY(json_parse(r->arena, STR("null"), &null, r->err));
        add(r, out, truth == TRUTH_UNKNOWN ? null : json_of_bool(r, truth == TRUTH_TRUE));
        return 0;
    }
    struct path_items items = {0};
    TRY(evaluate(r, n->left, &items));
    bool outer = r->forgiving;
    r->forgiving |= is_behind_any_depth(n);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < items.len; i++)
        rc = apply(r, n, items.ptr[i], out);
    r->forgiving = outer;
    return rc;
}

// Runs the path of a call; *failed when it failed and the call wants errors to be nothing.
static int run_path(struct eval_context *ec, const struct datum *args, int n_args, struct path_items *out, bool *failed,
                    struct err *err)
{
    struct path path;
    bool silent = n_args > 3 && args[3].b;
    *failed = false;
    *out = (struct path_items){0};
    TRY(path_parse(ec->arena, args[1].s, &path, err));
    struct path_run r = {.arena = ec->arena, .strict = path.strict, .root = args[0].s, .current = args[0].s};
    if (n_args > 2 && json_kind(args[2].s) != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"vars\" argument is not an object");
    if (n_args > 2)
        r.variables = args[2].s;
    struct err ignored = ERR_INIT;
    r.err = silent ? &ignored : err;
    int rc = evaluate(&r, path.root, out);
    if (silent && rc == ERR_UNDEFINED_OBJECT) { // a variable that is missing is a fault of the call, not of the JSON
        err_take(err, &ignored);
        return rc;
    }
    err_reset(&ignored);
    *failed = rc != 0 && silent;
    return silent ? 0 : rc;
}

BODY(path_exists)
{
    struct path_items items;
    bool failed;
    TRY(run_path(ec, args, n_args, &items, &failed, err));
    return failed ? fn_return_null(out) : fn_return_bool(out, items.len > 0);
}

BODY(path_match)
{
    struct path_items items;
    bool failed;
    TRY(run_path(ec, args, n_args, &items, &failed, err));
    enum json_kind kind = items.len == 1 ? json_kind(items.ptr[0]) : JSON_OBJECT;
    if (failed || kind == JSON_NULL)
        return fn_return_null(out);
    if (kind == JSON_TRUE || kind == JSON_FALSE)
        return fn_return_bool(out, kind == JSON_TRUE);
    if (n_args > 3 && args[3].b)
        return fn_return_null(out);
    return err_set(err, ERR_SINGLETON_SQL_JSON_ITEM_REQUIRED, "single boolean result is expected");
}

// The operators @? and @@: errors are NULL.
static int run_silently(struct eval_context *ec, const struct datum *args, fn_scalar body, struct datum *out,
                        struct err *err)
{
    struct datum all[4] = {args[0], args[1], [3] = datum_bool(true)};
    TRY(json_parse(ec->arena, STR("{}"), &all[2].s, err));
    return body(ec, all, 4, out, err);
}
BODY(path_exists_silently)
{
    return run_silently(ec, args, path_exists, out, err);
}
BODY(path_match_silently)
{
    return run_silently(ec, args, path_match, out, err);
}

BODY(path_query_array)
{
    struct path_items items;
    struct json_builder b;
    bool failed;
    TRY(run_path(ec, args, n_args, &items, &failed, err));
    json_builder_init(&b);
    json_begin_array(&b);
    for (size_t i = 0; i < items.len && !failed; i++)
        json_add_value(&b, items.ptr[i]);
    json_end(&b);
    struct str json;
    TRY(json_builder_finish(&b, ec->arena, &json, err));
    return fn_return_str(out, json);
}

BODY(path_query_first)
{
    struct path_items items;
    bool failed;
    TRY(run_path(ec, args, n_args, &items, &failed, err));
    return failed || items.len == 0 ? fn_return_null(out) : fn_return_str(out, items.ptr[0]);
}

static int path_query(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err)
{
    struct path_items items;
    bool failed;
    TRY(run_path(ec, args, n_args, &items, &failed, err));
    for (size_t i = 0; i < items.len && !failed; i++) {
        struct datum row = datum_str(items.ptr[i]);
        TRY(emit->row(emit, &row, err));
    }
    return 0;
}

static const struct fn_row rows[] = {
#include "sql/functions/jsonpath.def"
};
const struct fn_family fn_family_jsonpath = {"JSONB", rows, ARRAY_LEN(rows)};
