// Choice among overloads, and the adaptation of literals and placeholders to their context.
//
// An argument is typed (it has a type of its own) or literal-like (a literal, NULL or placeholder, which adapts). Each
// candidate gets a cost; the cheapest wins, the first one on ties. Typed arguments match exactly, or through an
// implicit cast at a price; literal-like ones prefer the type of their typed siblings, then their natural type.
#include "sql/analyze/analyze_int.h"
#include <stdio.h>

enum { COST_IMPOSSIBLE = 1000000, COST_UNNATURAL = 3, COST_CAST = 20, COST_NO_SIBLING = 1 };

bool ast_is_literal_like(const struct ast *e)
{
    switch (e->kind) {
    case AST_NUMBER:
    case AST_STRING:
    case AST_NULL_LITERAL:
    case AST_PLACEHOLDER:
        return true;
    case AST_UNARY: {
        const struct ast_unary *u = ast_as_unary(e);
        return u->op == AST_UNARY_MINUS && u->operand->kind == AST_NUMBER;
    }
    default:
        return false;
    }
}

static const struct ast *literal_of(const struct ast *e)
{
    return e->kind == AST_UNARY ? ast_as_unary(e)->operand : e;
}

// Cost of giving a literal the type.
static int literal_cost(struct analyzer *an, const struct ast *e, struct type to)
{
    e = literal_of(e);
    if (to.family == TYPE_ANY)
        return COST_NO_SIBLING;
    switch (e->kind) {
    case AST_NUMBER: {
        bool is_int = ast_as_number(e)->is_integer;
        if (to.family == TYPE_INT)
            return is_int ? 0 : COST_IMPOSSIBLE;
        if (to.family == TYPE_DECIMAL)
            return is_int ? COST_UNNATURAL : 0;
        if (to.family == TYPE_FLOAT)
            return is_int ? COST_UNNATURAL + 1 : 1;
        return to.family == TYPE_OID && is_int ? COST_UNNATURAL + 2 : COST_IMPOSSIBLE;
    }
    case AST_STRING:
        if (to.family == TYPE_STRING)
            return 0;
        return (to.family == TYPE_TUPLE && to.def == NULL) || to.family == TYPE_VOID || type_is_any_kind(to)
                   ? COST_IMPOSSIBLE
                   : COST_UNNATURAL;
    case AST_PLACEHOLDER: {
        uint32_t index = (uint32_t)ast_as_placeholder(e)->index - 1;
        if (index < an->parameters.len && an->parameters.ptr[index].family != TYPE_UNKNOWN) {
            struct type known = an->parameters.ptr[index];
            if (type_equivalent(known, to) || known.family == to.family)
                return 0;
            if (known.family == TYPE_STRING && to.family == TYPE_COLLATED && !type_is_any_kind(to))
                return 0; // drivers declare every string as text; it is taken like a literal
            return cast_allowed(known, to) >= CAST_IMPLICIT ? COST_CAST : COST_IMPOSSIBLE;
        }
        if (type_is_any_kind(to))
            return COST_IMPOSSIBLE;
        return COST_UNNATURAL;
    }
    default: // NULL
        return COST_UNNATURAL;
    }
}

static struct type overload_arg_type(const struct fn_overload *fn, uint32_t i)
{
    uint32_t last = fn->n_args - 1u;
    return fn->args[i < last ? i : last];
}

// What an ANY parameter stands for in this call, given one typed argument.
static bool bind_any(struct type parameter, struct type argument, struct type *any)
{
    if (parameter.family == TYPE_ARRAY) {
        if (argument.family != TYPE_ARRAY)
            return argument.family == TYPE_UNKNOWN;
        argument = type_element(argument);
        parameter = type_element(parameter);
    }
    if (type_is_any_kind(parameter) && argument.family != parameter.family)
        return argument.family == TYPE_UNKNOWN && any->family != TYPE_ANY;
    if (any->family == TYPE_ANY || any->family == TYPE_UNKNOWN) {
        *any = argument;
        return true;
    }
    return argument.family == TYPE_UNKNOWN || type_equivalent(*any, argument) ||
           (any->family == argument.family && any->def == NULL && argument.def == NULL &&
            (any->scale == argument.scale || !type_has_collation(argument)));
}

static bool is_any(struct type t)
{
    return (t.family == TYPE_ANY && !fn_type_is_every(t)) || (t.family == TYPE_ARRAY && t.element == TYPE_ANY) ||
           type_is_any_kind(t);
}

static int typed_cost(const struct expr *arg, struct type to, struct type *any)
{
    if (fn_type_is_every(to))
        return 1;
    if (is_any(to))
        return bind_any(to, arg->type, any) ? 1 : COST_IMPOSSIBLE;
    if (arg->type.family == to.family && (to.family != TYPE_ARRAY || arg->type.element == to.element) &&
        (!type_has_collation(to) || arg->type.scale == to.scale))
        return arg->type.oid == to.oid || to.family == TYPE_INT ? 0 : 1;
    if (arg->type.family == TYPE_UNKNOWN)
        return COST_UNNATURAL;
    return cast_allowed(arg->type, to) >= CAST_IMPLICIT ? COST_CAST : COST_IMPOSSIBLE;
}

static int sibling_bonus(struct expr **args, uint32_t n_args, struct type to)
{
    for (uint32_t i = 0; i < n_args; i++) {
        if (args[i] != NULL && args[i]->type.family == to.family)
            return 0;
    }
    return COST_NO_SIBLING;
}

static bool arity_fits(const struct fn_overload *fn, uint32_t n_args)
{
    return fn->variadic ? n_args + 1 >= fn->n_args : n_args == fn->n_args;
}

// A name next to an OID is no OID: has_table_privilege('bob', c.oid, 'SELECT').
static bool is_name_for_oid(const struct ast *e, struct type to)
{
    int64_t number;
    return e->kind == AST_STRING && type_equivalent(to, T_OID) && !str_to_i64(ast_as_string(e)->value, &number);
}

// What it costs, so far as that is less than `limit`; else a number that is not less.
static int overload_cost(struct analyzer *an, const struct fn_overload *fn, struct ast *const *ast_args,
                         struct expr **args, uint32_t n_args, struct type want, int limit, struct type *any)
{
    *any = T_ANYELEMENT;
    if (!arity_fits(fn, n_args))
        return COST_IMPOSSIBLE;
    int cost = 0;
    for (uint32_t i = 0; i < n_args && cost < limit; i++) {
        if (args[i] != NULL)
            cost += typed_cost(args[i], overload_arg_type(fn, i), any);
    }
    bool has_typed = false;
    for (uint32_t i = 0; i < n_args; i++)
        has_typed |= args[i] != NULL;
    for (uint32_t i = 0; i < n_args && cost < limit; i++) {
        if (args[i] != NULL)
            continue;
        struct type to = overload_arg_type(fn, i);
        if (is_any(to) && any->family != TYPE_ANY)
            to = to.family == TYPE_ARRAY ? type_array_of(*any) : *any;
        int c = literal_cost(an, ast_args[i], to);
        int s = has_typed ? sibling_bonus(args, n_args, to) : COST_NO_SIBLING;
        // Next to a typed sibling of the same type a literal is at home there whatever its natural type.
        bool at_home = has_typed && s == 0 && c < COST_IMPOSSIBLE && !is_name_for_oid(ast_args[i], to);
        cost += at_home ? 0 : c + s;
    }
    if (want.family != TYPE_ANY && cost < limit && fn->result.family != want.family && !is_any(fn->result))
        cost += 1;
    return cost;
}

static void print_arg_types(struct buf *out, struct expr **args, struct ast *const *ast_args, uint32_t n,
                            const char *separator)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_cstr(out, separator);
        const char *name = "unknown";
        if (args[i] != NULL)
            name = type_family_name(args[i]->type);
        else if (literal_of(ast_args[i])->kind == AST_NUMBER)
            name = ast_as_number(literal_of(ast_args[i]))->is_integer ? "int" : "decimal";
        else if (literal_of(ast_args[i])->kind == AST_STRING)
            name = "string";
        bool angle = strcmp(separator, ", ") != 0;
        buf_printf(out, angle ? "<%s>" : "%s", name);
    }
}

static int no_overload(const char *what, struct str name, bool is_operator, struct ast *const *ast_args,
                       struct expr **args, uint32_t n_args, int position, struct err *err)
{
    struct buf text = BUF_INIT;
    if (is_operator && n_args == 2) {
        char separator[32];
        snprintf(separator, sizeof(separator), " %.*s ", STR_FMT(name));
        print_arg_types(&text, args, ast_args, n_args, separator);
        err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported %s: %s", what, buf_c(&text));
    } else if (is_operator) {
        print_arg_types(&text, args, ast_args, n_args, " ");
        err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported unary operator: %.*s %s", STR_FMT(name), buf_c(&text));
    } else {
        print_arg_types(&text, args, ast_args, n_args, ", ");
        err_set(err, ERR_UNDEFINED_FUNCTION, "unknown signature: %.*s(%s)", STR_FMT(name), buf_c(&text));
    }
    buf_release(&text);
    return err_at(err, position);
}

static struct type natural_type(struct analyzer *an, const struct ast *e)
{
    e = literal_of(e);
    if (e->kind == AST_NUMBER)
        return ast_as_number(e)->is_integer ? T_INT8 : T_DECIMAL;
    if (e->kind == AST_STRING)
        return T_STRING;
    if (e->kind == AST_PLACEHOLDER) {
        uint32_t index = (uint32_t)ast_as_placeholder(e)->index - 1;
        if (index < an->parameters.len)
            return an->parameters.ptr[index];
    }
    return T_UNKNOWN;
}

// Gives every argument its final type for the chosen overload.
static int finish_args(struct analyzer *an, struct scope *s, const struct fn_overload *fn, struct ast *const *ast_args,
                       struct expr **args, uint32_t n_args, struct type any, struct type *any_out, struct err *err)
{
    for (uint32_t i = 0; i < n_args && any.family == TYPE_ANY; i++) {
        if (args[i] == NULL && is_any(overload_arg_type(fn, i))) {
            struct type t = natural_type(an, ast_args[i]);
            if (t.family != TYPE_UNKNOWN)
                any = t;
        }
    }
    for (uint32_t i = 0; i < n_args; i++) {
        struct type to = overload_arg_type(fn, i);
        if (fn_type_is_every(to))
            to = T_UNKNOWN;
        else if (is_any(to))
            to = any.family == TYPE_ANY ? T_UNKNOWN : to.family == TYPE_ARRAY ? type_array_of(any) : any;
        if (args[i] == NULL)
            TRY(expr_analyze(an, s, ast_args[i], to.family == TYPE_UNKNOWN ? T_ANYELEMENT : to, &args[i], err));
        if (to.family != TYPE_UNKNOWN && args[i]->type.family != to.family)
            TRY(expr_cast(an, args[i], to, false, &args[i], err));
        else if (to.family == TYPE_ARRAY && !is_any(to) &&
                 type_element(args[i]->type).family != type_element(to).family)
            TRY(expr_cast(an, args[i], to, false, &args[i], err));
    }
    *any_out = any;
    return 0;
}

static struct type result_type(const struct fn_overload *fn, struct type any)
{
    if (type_is_any_collated(fn->result))
        return type_collated_unlimited(any);
    if (fn->result.family == TYPE_ANY || (fn->result.family != TYPE_ARRAY && type_is_any_kind(fn->result)))
        return any.family == TYPE_ANY ? T_UNKNOWN : any;
    if (fn->result.family == TYPE_ARRAY &&
        (fn->result.element == TYPE_ANY || (fn->result.element == TYPE_ENUM && fn->result.def == NULL)))
        return any.family == TYPE_ANY || any.family == TYPE_UNKNOWN ? type_array_of(T_STRING) : type_array_of(any);
    return fn->result;
}

int overload_resolve(struct analyzer *an, struct scope *s, const char *what, struct str name, bool is_operator,
                     const struct fn_overload *const *candidates, size_t n_candidates, struct ast *const *ast_args,
                     struct expr **args, uint32_t n_args, struct type want, int position, const struct fn_overload **fn,
                     struct type *result, struct err *err)
{
    const struct fn_overload *best = NULL;
    int best_cost = COST_IMPOSSIBLE;
    struct type best_any = T_ANYELEMENT;
    for (size_t i = 0; i < n_candidates && best_cost > 0; i++) {
        struct type any;
        int cost = overload_cost(an, candidates[i], ast_args, args, n_args, want, best_cost, &any);
        if (cost < best_cost) {
            best = candidates[i];
            best_cost = cost;
            best_any = any;
        }
    }
    if (best == NULL)
        return no_overload(what, name, is_operator, ast_args, args, n_args, position, err);
    struct type any;
    TRY(finish_args(an, s, best, ast_args, args, n_args, best_any, &any, err));
    *fn = best;
    *result = result_type(best, any);
    return 0;
}

int operator_call(struct analyzer *an, struct scope *s, const char *symbol, struct ast *const *ast_args,
                  struct expr **args, uint32_t n_args, struct type want, int position, struct expr **out,
                  struct err *err)
{
    size_t n = 0;
    struct str name = str_of(symbol);
    const struct fn_overload *const *candidates = fn_lookup_operator(name, &n);
    bool comparison = n_args == 2 && n > 0 && candidates[0]->result.family == TYPE_BOOL;
    struct expr **final = ARENA_ARRAY(an->arena, struct expr *, n_args);
    memcpy(final, args, n_args * sizeof(*args));
    const struct fn_overload *fn;
    struct type result;
    TRY(overload_resolve(an, s, comparison ? "comparison operator" : "binary operator", name, true, candidates, n,
                         ast_args, final, n_args, comparison ? T_ANYELEMENT : want, position, &fn, &result, err));
    struct expr *e = expr_new(an->arena, EXPR_CALL, result, 0);
    e->fn = fn;
    e->args = final;
    e->n_args = n_args;
    e->position = position;
    *out = expr_fold(an, e);
    return 0;
}
