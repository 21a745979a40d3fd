// Scalar expressions: syntax to typed expressions. Function calls are in call.c, overloads in overload.c, subqueries'
// bodies in select.c.
#include "sql/analyze/analyze_int.h"
#include "sql/parse/parse.h"
#include "types/datetime.h"

int unsupported(struct err *err, const struct ast *at, const char *feature)
{
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: %s", feature);
    err_hint(err, "You have attempted to use a feature that is not yet implemented.");
    return err_at(err, at == NULL ? 0 : at->position);
}

// ---- constants, casts, folding

static bool foldable(const struct expr *e)
{
    if (e->kind != EXPR_CALL && e->kind != EXPR_CAST)
        return false;
    if (e->kind == EXPR_CALL && (e->fn->kind != FN_SCALAR || e->fn->scalar == NULL ||
                                 (e->fn->volatility != FN_IMMUTABLE && e->fn->volatility != FN_LEAKPROOF)))
        return false;
    if (e->kind == EXPR_CAST && cast_volatility(e->args[0]->type, e->type) != FN_IMMUTABLE)
        return false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (e->args[i]->kind != EXPR_CONST)
            return false;
    }
    return e->n_args <= FN_ARGS_MAX;
}

struct expr *expr_fold(struct analyzer *an, struct expr *e)
{
    if (an->options->fold == NULL || !foldable(e))
        return e;
    struct datum args[FN_ARGS_MAX];
    bool any_null = false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        args[i] = e->args[i]->value;
        any_null |= args[i].null;
    }
    if (any_null && (e->kind == EXPR_CAST || e->fn->strict))
        return expr_const(an->arena, e->type, DATUM_NULL);
    struct datum value = DATUM_NULL;
    struct eval_context fold = *an->options->fold;
    fold.arena = an->arena;
    struct type arg_types[FN_ARGS_MAX];
    for (uint32_t i = 0; i < e->n_args; i++)
        arg_types[i] = e->args[i]->type;
    struct fn_call call = {e->fn, arg_types, (uint8_t)e->n_args, e->type};
    fold.call = &call;
    int rc = e->kind == EXPR_CAST ? cast_datum(&fold, e->args[0]->type, e->type, e->flag, args[0], &value, NULL)
                                  : e->fn->scalar(&fold, args, (int)e->n_args, &value, NULL);
    return rc == 0 ? expr_const(an->arena, e->type, value) : e;
}

static bool is_literal_expr(const struct expr *e)
{
    return (e->kind == EXPR_CONST && (e->position != 0 || e->value.null)) || e->kind == EXPR_PARAM;
}

// The relation that a constant names in the scope's database, NULL when there is none or it is no name.
static int named_relation(struct analyzer *an, const struct expr *e, const struct cat_table **out, struct err *err)
{
    struct ast *node;
    struct err ignored = ERR_INIT;
    *out = NULL;
    int rc = parse_expr(an->arena, e->value.s, &node, &ignored);
    err_reset(&ignored);
    if (rc != 0 || node->kind != AST_COLUMN_REF)
        return 0;
    const struct ast_column_ref *ref = ast_as_column_ref(node);
    const struct str all[] = {ref->schema, ref->table, ref->column};
    size_t first = ref->schema.ptr != NULL ? 0 : ref->table.ptr != NULL ? 1 : 2;
    return cat_resolve_table(an->options->view, &an->options->scope, all + first, ARRAY_LEN(all) - first, true, out,
                             err);
}

int expr_cast(struct analyzer *an, struct expr *e, struct type to, bool explicit_cast, struct expr **out,
              struct err *err)
{
    const struct cat_table *named = NULL;
    bool is_text = e->kind == EXPR_CONST && !e->value.null && e->type.family == TYPE_STRING;
    if (an->options->other_database && to.oid == TYPE_OID_REGCLASS && is_text)
        TRY(named_relation(an, e, &named, err));
    if (named != NULL) {
        *out = expr_const(an->arena, to, datum_int(named->id));
        return 0;
    }
    if (type_identical(e->type, to)) {
        *out = e;
        return 0;
    }
    if (e->kind == EXPR_CONST && e->value.null) {
        *out = expr_const(an->arena, to, DATUM_NULL);
        return 0;
    }
    if (e->kind == EXPR_PARAM && e->type.family == TYPE_UNKNOWN)
        return parameter_type(an, e->parameter, to, out, err);
    enum cast_context allowed = cast_allowed(e->type, to);
    if (allowed == CAST_NONE) {
        err_set(err, ERR_CANNOT_COERCE, "invalid cast: %s -> %s", type_family_name(e->type), type_family_name(to));
        return err_at(err, e->position);
    }
    struct expr *cast = expr_new(an->arena, EXPR_CAST, to, 1);
    cast->args[0] = e;
    cast->flag = explicit_cast;
    cast->position = e->position;
    *out = cast;
    if (!foldable(cast) || an->options->fold == NULL)
        return 0;
    struct eval_context fold = *an->options->fold;
    fold.arena = an->arena;
    struct datum value = DATUM_NULL;
    // A literal that cannot be converted is an error now; what has been computed is one where it is evaluated.
    bool literal = is_literal_expr(e);
    int rc = cast_datum(&fold, e->type, to, explicit_cast, e->value, &value, literal ? err : NULL);
    if (rc == 0)
        *out = expr_const(an->arena, to, value);
    return literal ? rc : 0;
}

static int mismatch(struct err *err, struct type want, const struct expr *e, struct str what)
{
    err_set(err, ERR_DATATYPE_MISMATCH, "value type %s doesn't match type %s of column \"%.*s\"",
            type_family_name(e->type), type_family_name(want), STR_FMT(what));
    err_hint(err, "you will need to rewrite or cast the expression");
    return err_at(err, e->position);
}

int expr_coerce_assign(struct analyzer *an, struct expr *e, struct type want, struct str what, struct expr **out,
                       struct err *err)
{
    // What a client declares a parameter to be is how it sends it; CockroachDB converts it to what the column wants. A
    // literal can be the name of what a REGCLASS column refers to.
    bool name = is_literal_expr(e) && e->type.family == TYPE_STRING && want.family == TYPE_OID;
    enum cast_context least = e->kind == EXPR_PARAM || name ? CAST_EXPLICIT : CAST_ASSIGNMENT;
    if (e->type.family != TYPE_UNKNOWN && !type_identical(e->type, want) && cast_allowed(e->type, want) < least)
        return mismatch(err, want, e, what);
    return expr_cast(an, e, want, false, out, err);
}

int expr_analyze_assign(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct str what,
                        struct expr **out, struct err *err)
{
    struct expr *value;
    TRY(expr_analyze(an, s, e, want, &value, err));
    return expr_coerce_assign(an, value, want, what, out, err);
}

int expr_analyze_bool(struct analyzer *an, struct scope *s, const struct ast *e, const char *clause, struct expr **out,
                      struct err *err)
{
    TRY(expr_analyze(an, s, e, T_BOOL, out, err));
    if ((*out)->type.family == TYPE_UNKNOWN)
        return expr_cast(an, *out, T_BOOL, false, out, err);
    if ((*out)->type.family != TYPE_BOOL) {
        bool is_operator = strcmp(clause, "AND") == 0 || strcmp(clause, "OR") == 0 || strcmp(clause, "NOT") == 0;
        err_set(err, ERR_DATATYPE_MISMATCH,
                is_operator ? "incompatible %s argument type: %s" : "argument of %s must be type bool, not type %s",
                clause, type_family_name((*out)->type));
        return err_at(err, e->position);
    }
    return 0;
}

struct type parameter_unlimited(struct type t)
{
    if (t.oid == TYPE_OID_BIT || t.oid == TYPE_OID_BIT_ARRAY)
        t.width = 0;
    return t;
}

int parameter_type(struct analyzer *an, uint32_t index, struct type want, struct expr **out, struct err *err)
{
    while (an->parameters.len <= index)
        ARENA_PUSH(an->arena, &an->parameters, T_UNKNOWN);
    struct type *known = &an->parameters.ptr[index];
    if (known->family == TYPE_UNKNOWN && want.family != TYPE_ANY && want.family != TYPE_UNKNOWN) {
        *known = want;
        known->width = type_is(want, TYPE_INT) || type_is(want, TYPE_FLOAT) ? want.width
                       : type_is(want, TYPE_TIMESTAMP)                      ? -1
                                                                            : known->width;
        struct type plain;
        if (type_from_oid(want.oid, &plain))
            *known = plain;
        *known = parameter_unlimited(*known);
    }
    struct expr *e = expr_new(an->arena, EXPR_PARAM, *known, 0);
    e->parameter = index;
    *out = e;
    return 0;
}

static struct type number_type(const struct ast_number *n, struct type want)
{
    switch (want.family) {
    case TYPE_FLOAT:
    case TYPE_DECIMAL:
        return want.family == TYPE_FLOAT ? want : T_DECIMAL;
    case TYPE_INT:
    case TYPE_OID:
        if (n->is_integer && n->fits_int64)
            return want.family == TYPE_INT ? T_INT8 : want;
        break;
    default:
        break;
    }
    return n->is_integer && n->fits_int64 ? T_INT8 : T_DECIMAL;
}

static int literal(struct analyzer *an, struct type t, struct str text, int position, struct expr **out,
                   struct err *err)
{
    struct datum value = DATUM_NULL;
    const struct value_context *vc = an->options->fold != NULL ? an->options->fold->vc : NULL;
    int rc = datum_parse(an->arena, t, text, vc, &value, err);
    if (rc == 0 && t.family == TYPE_INT)
        rc = datum_fit(an->arena, t, true, value, &value, err); // no cast follows that would look at the width
    if (rc != 0)
        return err_at(err, position);
    *out = expr_const(an->arena, t, datum_copy(an->arena, t, value));
    (*out)->position = position;
    return 0;
}

static int number(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err)
{
    const struct ast_number *n = ast_as_number(e);
    struct type t = number_type(n, want);
    if (t.family == TYPE_INT || t.family == TYPE_OID) {
        *out = expr_const(an->arena, t, datum_int(n->value));
        (*out)->position = e->position;
        return 0;
    }
    return literal(an, t, n->text, e->position, out, err);
}

static bool text_can_be(struct type t)
{
    if (t.family == TYPE_ARRAY && t.element == TYPE_OID && type_element(t).oid != TYPE_OID_OID)
        return false; // names of objects
    return t.family != TYPE_ANY && t.family != TYPE_UNKNOWN && t.family != TYPE_VOID &&
           !(t.family == TYPE_TUPLE && t.def == NULL) && !type_is_any_kind(t) &&
           !(t.family == TYPE_OID && t.oid != TYPE_OID_OID) &&
           !(t.family == TYPE_ARRAY && t.element == TYPE_OID && t.oid != TYPE_OID_OID_ARRAY) &&
           !(t.family == TYPE_ARRAY && t.element == TYPE_ANY);
}

// Whether a date or time means the same in every session and at all times: it is read as in three that have nothing in
// common.
static bool is_absolute(struct analyzer *an, struct type t, struct str text)
{
    if (t.family != TYPE_DATE && t.family != TYPE_TIME && t.family != TYPE_TIMETZ && t.family != TYPE_TIMESTAMP &&
        t.family != TYPE_TIMESTAMPTZ)
        return false;
    const struct value_context sessions[] = {
        {.date_order = DATE_ORDER_MDY},
        {.date_order = DATE_ORDER_DMY, .zone = zone_fixed(5 * 3600), .txn_now_micros = 400 * MICROS_PER_DAY},
        {.date_order = DATE_ORDER_YMD, .zone = zone_fixed(-7 * 3600), .txn_now_micros = 9000 * MICROS_PER_DAY + 1},
    };
    struct datum first = DATUM_NULL;
    for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
        struct datum value = DATUM_NULL;
        if (datum_parse(an->arena, t, text, &sessions[i], &value, NULL) != 0)
            return false;
        if (i > 0 && datum_compare(t, &first, &value) != 0)
            return false;
        first = value;
    }
    return true;
}

static int string(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err)
{
    struct str text = ast_as_string(e)->value;
    if (want.family == TYPE_STRING || !text_can_be(want)) {
        *out = expr_const(an->arena, T_STRING, datum_str(text));
        (*out)->position = e->position;
        return 0;
    }
    struct type plain; // modifiers are applied by the cast or assignment
    if (want.family == TYPE_DECIMAL || want.family == TYPE_BIT || want.family == TYPE_VECTOR)
        want = type_from_oid(want.oid, &plain) ? plain : want;
    if (want.family == TYPE_BIT)
        want = T_VARBIT;
    if (want.family == TYPE_COLLATED)
        want = type_collated_unlimited(want);
    // Text that depends on the session's time zone or clock must not be frozen into a cached plan.
    if (cast_volatility(T_STRING, want) != FN_IMMUTABLE && want.family != TYPE_INTERVAL && want.family != TYPE_ENUM &&
        !is_absolute(an, want, text)) {
        struct expr *constant;
        TRY(literal(an, want, text, e->position, &constant, err)); // bad text is reported now
        struct expr *cast = expr_new(an->arena, EXPR_CAST, want, 1);
        cast->args[0] = expr_const(an->arena, T_STRING, datum_str(text));
        cast->flag = true;
        *out = cast;
        return 0;
    }
    return literal(an, want, text, e->position, out, err);
}

static int bytes(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                 struct err *err)
{
    *out = expr_const(an->arena, T_BYTES, datum_str(ast_as_bytes(e)->value));
    return 0;
}

static int bits(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                struct err *err)
{
    return literal(an, T_VARBIT, ast_as_bits(e)->value, e->position, out, err);
}

static int boolean(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    *out = expr_bool(an->arena, ast_as_boolean(e)->value);
    return 0;
}

static int null_literal(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                        struct err *err)
{
    *out = expr_const(an->arena, want.family == TYPE_ANY ? T_UNKNOWN : want, DATUM_NULL);
    (*out)->position = e->position;
    return 0;
}

static int placeholder(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                       struct err *err)
{
    const struct ast_placeholder *p = ast_as_placeholder(e);
    if (an->options->variables == NULL)
        return parameter_type(an, (uint32_t)p->index - 1, want, out, err);
    struct ast_column_ref ref = {.base = {AST_COLUMN_REF, e->position}};
    ref.column = arena_printf(an->arena, "$%lld", (long long)p->index);
    TRY(variable_find(an, &ref, out, err));
    if (*out != NULL)
        return 0;
    err_set(err, ERR_UNDEFINED_PARAMETER, "there is no parameter $%lld", (long long)p->index);
    return err_at(err, e->position);
}

static int column_ref(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                      struct err *err)
{
    const struct ast_column_ref *ref = ast_as_column_ref(e);
    if (ref->star && ref->table.ptr == NULL) {
        err_set(err, ERR_SYNTAX_ERROR, "cannot use \"*\" in this context");
        return err_at(err, e->position);
    }
    return scope_resolve(an, s, ref, out, err);
}

// @1: the first column of FROM.
static int column_ordinal(struct analyzer *an, struct scope *s, const struct ast *e, struct type want,
                          struct expr **out, struct err *err)
{
    int64_t ordinal = ast_as_column_ordinal(e)->ordinal, at = 0;
    if (!an->options->ordinal_columns) {
        err_set(err, ERR_SYNTAX_ERROR, "invalid syntax @%lld", (long long)ordinal);
        err_hint(err, "SET allow_ordinal_column_references = on allows references to columns by number");
        return err_at(err, e->position);
    }
    for (size_t i = 0; i < s->columns.len; i++) {
        const struct scope_column *c = &s->columns.ptr[i];
        if (c->system || c->qualified_only || ++at != ordinal)
            continue;
        *out = expr_column(an->query, c->column);
        (*out)->position = e->position;
        return 0;
    }
    err_set(err, ERR_UNDEFINED_COLUMN, "invalid column ordinal: @%lld", (long long)ordinal);
    return err_at(err, e->position);
}

// INTERVAL '1' DAY, INTERVAL '2-3' YEAR TO MONTH: the last field is the unit of a bare number.
static int interval_literal(struct analyzer *an, const struct ast_cast *c, struct type to, struct expr **out,
                            struct err *err)
{
    static const enum interval_field last_fields[] = {
        [AST_INTERVAL_YEAR] = INTERVAL_FIELD_YEAR,
        [AST_INTERVAL_MONTH] = INTERVAL_FIELD_MONTH,
        [AST_INTERVAL_DAY] = INTERVAL_FIELD_DAY,
        [AST_INTERVAL_HOUR] = INTERVAL_FIELD_HOUR,
        [AST_INTERVAL_MINUTE] = INTERVAL_FIELD_MINUTE,
        [AST_INTERVAL_SECOND] = INTERVAL_FIELD_SECOND,
        [AST_INTERVAL_YEAR_TO_MONTH] = INTERVAL_FIELD_MONTH,
        [AST_INTERVAL_DAY_TO_HOUR] = INTERVAL_FIELD_HOUR,
        [AST_INTERVAL_DAY_TO_MINUTE] = INTERVAL_FIELD_MINUTE,
        [AST_INTERVAL_DAY_TO_SECOND] = INTERVAL_FIELD_SECOND,
        [AST_INTERVAL_HOUR_TO_MINUTE] = INTERVAL_FIELD_MINUTE,
        [AST_INTERVAL_HOUR_TO_SECOND] = INTERVAL_FIELD_SECOND,
        [AST_INTERVAL_MINUTE_TO_SECOND] = INTERVAL_FIELD_SECOND,
    };
    struct datum value = {0}, fitted;
    enum interval_field last = last_fields[ast_as_type_name(c->type)->interval_fields];
    TRY(interval_parse(ast_as_string(c->operand)->value, last, INTERVAL_STYLE_POSTGRES, &value.iv, err));
    TRY(datum_fit(an->arena, to, true, value, &fitted, err));
    *out = expr_const(an->arena, to, fitted);
    return 0;
}

static int cast(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                struct err *err)
{
    const struct ast_cast *c = ast_as_cast(e);
    struct type to;
    TRY(analyze_type(an->options->view, &an->options->scope, c->type, &to, err));
    if (ast_as_type_name(c->type)->interval_fields != AST_INTERVAL_ANY && type_is(to, TYPE_INTERVAL) &&
        c->operand->kind == AST_STRING)
        return interval_literal(an, c, to, out, err);
    struct expr *operand;
    bool literal_like =
        ast_is_literal_like(c->operand) || c->operand->kind == AST_ARRAY || c->operand->kind == AST_TUPLE;
    TRY(expr_analyze(an, s, c->operand, literal_like ? to : T_ANYELEMENT, &operand, err));
    TRY(expr_cast(an, operand, to, true, out, err));
    if ((*out)->kind == EXPR_CONST) // of this type from now on: no literal that adapts (is_literal_expr)
        *out = expr_const(an->arena, to, (*out)->value);
    return 0;
}

static int annotate(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                    struct err *err)
{
    const struct ast_annotate *c = ast_as_annotate(e);
    struct type to;
    TRY(analyze_type(an->options->view, &an->options->scope, c->type, &to, err));
    TRY(expr_analyze(an, s, c->operand, to, out, err));
    if ((*out)->type.family == TYPE_UNKNOWN || (*out)->type.family == to.family)
        return expr_cast(an, *out, to, true, out, err);
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "incompatible type annotation for %s as %s, found type: %s",
            type_family_name((*out)->type), type_family_name(to), type_family_name((*out)->type));
    return err_at(err, e->position);
}

// ---- unification

// 'text' takes any type that it can be read as.
static bool is_text_literal(const struct expr *e)
{
    return e->kind == EXPR_CONST && e->position != 0 && !e->value.null && e->type.family == TYPE_STRING;
}

static bool is_numeric(struct type t)
{
    return t.family == TYPE_INT || t.family == TYPE_FLOAT || t.family == TYPE_DECIMAL;
}

static bool literal_becomes(const struct expr *e, struct type t)
{
    if (!is_literal_expr(e))
        return false;
    if (is_text_literal(e) || e->kind == EXPR_PARAM)
        return cast_allowed(e->type, t) >= CAST_ASSIGNMENT || is_text_literal(e);
    return is_numeric(e->type) && (is_numeric(t) || t.family == TYPE_OID) &&
           cast_allowed(e->type, t) >= CAST_ASSIGNMENT;
}

static int cannot_unify(const char *what, struct type t, const struct expr *e, struct err *err)
{
    if (strcmp(what, "VALUES") == 0)
        err_set(err, ERR_DATATYPE_MISMATCH, "VALUES types %s and %s cannot be matched", type_family_name(e->type),
                type_family_name(t));
    else
        err_set(err, ERR_DATATYPE_MISMATCH, "incompatible %s types: expected %s, found type %s", what,
                type_family_name(t), type_family_name(e->type));
    return err_at(err, e->position);
}

static int family_rank(struct type t)
{
    switch (t.family) {
    case TYPE_UNKNOWN:
        return 0;
    case TYPE_INT:
        return 2;
    case TYPE_DECIMAL:
        return 3;
    case TYPE_FLOAT:
        return 4;
    default:
        return 5;
    }
}

static struct type wider(struct type a, struct type b)
{
    if (a.family != b.family)
        return family_rank(a) >= family_rank(b) ? a : b;
    if (a.family == TYPE_INT || a.family == TYPE_FLOAT)
        return a.width >= b.width ? a : b;
    if (a.oid == b.oid && a.width == b.width && a.scale == b.scale)
        return a;
    struct type plain = a;
    if (a.family == TYPE_STRING && a.oid != b.oid)
        return T_STRING;
    if (a.family == TYPE_COLLATED)
        return a.oid == b.oid ? type_collated_unlimited(a) : type_collated(T_STRING, a.scale);
    return type_from_oid(a.oid, &plain) ? plain : a;
}

// NULL::FLOAT8, $1::FLOAT8
static bool is_typed(const struct expr *e)
{
    return e->kind == EXPR_PARAM ? is_numeric(e->type) : e->value.null && e->position == 0;
}

int expr_unify(struct analyzer *an, struct expr **items, size_t n, const char *what, struct type *common,
               struct err *err)
{
    struct type t = T_UNKNOWN;
    for (int pass = 0; pass < 3; pass++) { // typed ones decide; then literals, of which texts adapt to the others
        for (size_t i = 0; i < n; i++) {
            int level = is_text_literal(items[i]) ? 2 : is_literal_expr(items[i]) && !is_typed(items[i]) ? 1 : 0;
            if (level == pass && items[i]->type.family != TYPE_UNKNOWN)
                t = t.family == TYPE_UNKNOWN ? items[i]->type : wider(t, items[i]->type);
        }
        if (t.family == TYPE_UNKNOWN)
            continue;
        for (size_t i = 0; i < n && pass == 0; i++) { // a numeric literal may widen the result: 1, 1.5
            if (is_literal_expr(items[i]) && items[i]->type.family == TYPE_DECIMAL && t.family == TYPE_INT)
                t = T_DECIMAL;
        }
        break;
    }
    for (size_t i = 0; i < n; i++) {
        if (items[i]->type.family == t.family && items[i]->type.family != TYPE_ARRAY && items[i]->type.oid == t.oid &&
            items[i]->type.width == t.width && (!type_has_collation(t) || items[i]->type.scale == t.scale))
            continue;
        bool ok = items[i]->type.family == TYPE_UNKNOWN ||
                  (items[i]->type.family == t.family && !type_has_collation(t)) ||
                  cast_allowed(items[i]->type, t) >= CAST_IMPLICIT || literal_becomes(items[i], t);
        if (!ok)
            return cannot_unify(what, t, items[i], err);
        TRY(expr_cast(an, items[i], t, false, &items[i], err));
    }
    *common = t;
    return 0;
}

int expr_analyze_list(struct analyzer *an, struct scope *s, const struct ast_list *list, struct type want,
                      const char *what, struct expr **out, struct type *common, struct err *err)
{
    struct type hint = want;
    for (size_t i = 0; i < list->n; i++) {
        if (ast_is_literal_like(list->items[i]))
            continue;
        TRY(expr_analyze(an, s, list->items[i], want, &out[i], err));
        if (hint.family == TYPE_ANY || hint.family == TYPE_UNKNOWN)
            hint = out[i]->type;
    }
    for (size_t i = 0; i < list->n; i++) {
        if (ast_is_literal_like(list->items[i]))
            TRY(expr_analyze(an, s, list->items[i], hint.family == TYPE_UNKNOWN ? T_ANYELEMENT : hint, &out[i], err));
    }
    return expr_unify(an, out, list->n, what, common, err);
}

// ---- operators

static const struct op_symbol {
    const char *symbol;
    bool negated;
} op_symbols[] = {
    [AST_OP_NE] = {"<>", false},
    [AST_OP_NOT_LIKE] = {"LIKE", true},
    [AST_OP_NOT_ILIKE] = {"ILIKE", true},
    [AST_OP_NOT_SIMILAR] = {"SIMILAR TO", true},
};

static struct op_symbol op_symbol(enum ast_op op)
{
    if ((size_t)op < ARRAY_LEN(op_symbols) && op_symbols[op].symbol != NULL)
        return op_symbols[op];
    return (struct op_symbol){ast_op_sql(op), false};
}

// / in the dialect of PostgreSQL is // where both sides become integers.
static int take_quotient(struct analyzer *an, struct scope *s, const struct ast_binary *b, struct expr *const *args,
                         struct type want, struct op_symbol *op, struct err *err)
{
    size_t n = 0;
    struct str name = str_of(op->symbol);
    const struct fn_overload *const *candidates = fn_lookup_operator(name, &n);
    struct ast *operands[2] = {b->left, b->right};
    struct expr *typed[2] = {args[0], args[1]};
    const struct fn_overload *fn;
    struct type result;
    TRY(overload_resolve(an, s, "binary operator", name, true, candidates, n, operands, typed, 2, want,
                         b->base.position, &fn, &result, err));
    if (typed[0]->type.family == TYPE_INT && typed[1]->type.family == TYPE_INT) {
        op->symbol = ast_op_sql(AST_OP_FLOOR_DIV);
        ARENA_PUSH(an->arena, &an->query->postgresql_readings, &b->base);
    }
    return 0;
}

static struct expr *negate(struct analyzer *an, struct expr *e)
{
    struct expr *not = expr_new(an->arena, EXPR_NOT, T_BOOL, 1);
    not ->args[0] = e;
    return not ;
}

int compare_exprs(struct analyzer *an, const char *symbol, struct expr *l, struct expr *r, int position,
                  struct expr **out, struct err *err)
{
    struct expr *args[2] = {l, r};
    struct ast *none[2] = {NULL, NULL};
    return operator_call(an, NULL, symbol, none, args, 2, T_ANYELEMENT, position, out, err);
}

static bool is_row(const struct expr *e)
{
    return e->kind == EXPR_TUPLE;
}

static struct expr *field_of(struct analyzer *an, struct expr *row, struct type type, uint32_t number)
{
    struct expr *field = expr_new(an->arena, EXPR_FIELD, type, 1);
    field->args[0] = row;
    field->parameter = number;
    return field;
}

// The fields of a value that is a row: it is computed once for all of them. Anything else stays.
static struct expr *spread(struct analyzer *an, struct expr *e)
{
    struct tuple_shape shape;
    if (is_row(e) || e->kind != EXPR_SUBQUERY || !tuple_shape(an, e, &shape))
        return e;
    struct expr *row = expr_new(an->arena, EXPR_TUPLE, T_RECORD, shape.n);
    for (uint32_t i = 0; i < shape.n; i++)
        row->args[i] = field_of(an, e, shape.types[i], i);
    row->field_types = shape.types;
    row->field_names = shape.names;
    row->parameter = shape.n;
    row->position = e->position;
    return row;
}

static int row_size_mismatch(const struct expr *l, const struct expr *r, int position, struct err *err)
{
    err_set(err, ERR_DATATYPE_MISMATCH, "expected tuple to have a length of %u, found %u", l->n_args, r->n_args);
    return err_at(err, position);
}

// The field of a row when it is a text, which takes the type of what it is compared with.
static struct ast *text_field(const struct ast *row, uint32_t i)
{
    struct ast *field = row->kind == AST_TUPLE ? ast_as_tuple(row)->items.items[i] : NULL;
    return field != NULL && field->kind == AST_STRING ? field : NULL;
}

// Two rows, and how they were written.
struct row_pair {
    struct expr *l, *r;
    const struct ast *left, *right;
};

static int compare_fields(struct analyzer *an, struct scope *s, const char *symbol, const struct row_pair *rows,
                          uint32_t i, int position, struct expr **out, struct err *err)
{
    struct ast *operands[2] = {text_field(rows->left, i), text_field(rows->right, i)};
    struct expr *args[2] = {operands[0] == NULL ? rows->l->args[i] : NULL,
                            operands[1] == NULL ? rows->r->args[i] : NULL};
    return operator_call(an, s, symbol, operands, args, 2, T_ANYELEMENT, position, out, err);
}

// (a, b) < (c, d) is a < c OR (a = c AND b < d); = and <> are conjunctions and disjunctions.
static int compare_rows(struct analyzer *an, struct scope *s, const char *symbol, const struct row_pair *rows,
                        int position, struct expr **out, struct err *err)
{
    const struct expr *l = rows->l, *r = rows->r;
    if (l->n_args != r->n_args)
        return row_size_mismatch(l, r, position, err);
    bool equality = strcmp(symbol, "=") == 0, inequality = strcmp(symbol, "<>") == 0;
    char strict[2] = {symbol[0], '\0'};
    struct expr *result = NULL;
    for (uint32_t i = l->n_args; i-- > 0;) {
        struct expr *last, *eq;
        bool final = i == l->n_args - 1;
        const char *op = equality || inequality || final ? symbol : strict;
        TRY(compare_fields(an, s, op, rows, i, position, &last, err));
        if (result == NULL) {
            result = last;
            continue;
        }
        struct expr *combined = expr_new(an->arena, equality ? EXPR_AND : EXPR_OR, T_BOOL, 2);
        combined->args[0] = last;
        combined->args[1] = result;
        if (!equality && !inequality) {
            TRY(compare_fields(an, s, "=", rows, i, position, &eq, err));
            combined->args[1] = expr_and(an->arena, eq, result);
        }
        result = combined;
    }
    *out = result != NULL ? result : expr_bool(an->arena, !inequality);
    return 0;
}

static int analyze_operands(struct analyzer *an, struct scope *s, struct ast *const *operands, struct expr **args,
                            struct err *err)
{
    for (int i = 0; i < 2; i++) {
        if (args[i] == NULL && !ast_is_literal_like(operands[i]))
            TRY(expr_analyze(an, s, operands[i], T_ANYELEMENT, &args[i], err));
    }
    return 0;
}

static int distinct_from(struct analyzer *an, struct scope *s, const struct ast_binary *b, struct expr **out,
                         struct err *err)
{
    struct ast_list list = {(struct ast *[]){b->left, b->right}, 2};
    struct expr *e = expr_new(an->arena, EXPR_IS_DISTINCT, T_BOOL, 2);
    struct type common;
    TRY(expr_analyze_list(an, s, &list, T_ANYELEMENT, "IS DISTINCT FROM", e->args, &common, err));
    e->flag = b->op == AST_OP_IS_NOT_DISTINCT;
    *out = e;
    return 0;
}

static int like_with_escape(struct analyzer *an, struct scope *s, const struct ast_binary *b, struct expr **out,
                            struct err *err)
{
    static const struct {
        enum ast_op op;
        const char *function;
    } forms[] = {{AST_OP_LIKE, "like_escape"},          {AST_OP_NOT_LIKE, "not_like_escape"},
                 {AST_OP_ILIKE, "ilike_escape"},        {AST_OP_NOT_ILIKE, "not_ilike_escape"},
                 {AST_OP_SIMILAR, "similar_to_escape"}, {AST_OP_NOT_SIMILAR, "not_similar_to_escape"}};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (forms[i].op != b->op)
            continue;
        struct ast *operands[3] = {b->left, b->right, b->escape};
        struct expr *args[3] = {NULL, NULL, NULL};
        for (int k = 0; k < 3; k++)
            TRY(expr_analyze(an, s, operands[k], T_STRING, &args[k], err));
        size_t n;
        struct str name = str_of(forms[i].function);
        const struct fn_overload *const *candidates = fn_lookup(name, &n);
        struct expr *call = expr_new(an->arena, EXPR_CALL, T_BOOL, 3);
        TRY(overload_resolve(an, s, "function", name, false, candidates, n, operands, args, 3, T_ANYELEMENT,
                             b->base.position, &call->fn, &call->type, err));
        memcpy(call->args, args, sizeof(args));
        *out = call;
        return 0;
    }
    return unsupported(err, &b->base, "ESCAPE");
}

static int binary(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err)
{
    const struct ast_binary *b = ast_as_binary(e);
    if (b->op == AST_OP_IS_DISTINCT || b->op == AST_OP_IS_NOT_DISTINCT)
        return distinct_from(an, s, b, out, err);
    if (b->escape != NULL)
        return like_with_escape(an, s, b, out, err);
    struct op_symbol op = op_symbol(b->op);
    struct ast *operands[2] = {b->left, b->right};
    struct expr *args[2] = {NULL, NULL};
    bool ordering = b->op >= AST_OP_EQ && b->op <= AST_OP_GE;
    TRY(analyze_operands(an, s, operands, args, err));
    bool both = ordering && args[0] != NULL && args[1] != NULL && args[0]->type.family == TYPE_TUPLE &&
                args[1]->type.family == TYPE_TUPLE;
    for (int i = 0; i < 2 && both; i++) // (a, b) = (SELECT c, d …)
        args[i] = spread(an, args[i]);
    if (both && is_row(args[0]) && is_row(args[1])) {
        const struct row_pair rows = {args[0], args[1], b->left, b->right};
        return compare_rows(an, s, op.symbol, &rows, e->position, out, err);
    }
    if (b->op == AST_OP_QUOTIENT)
        TRY(take_quotient(an, s, b, args, want, &op, err));
    TRY(operator_call(an, s, op.symbol, operands, args, 2, want, e->position, out, err));
    if (op.negated)
        *out = negate(an, *out);
    return 0;
}

static int unary(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                 struct err *err)
{
    const struct ast_unary *u = ast_as_unary(e);
    struct ast *operands[1] = {u->operand};
    struct expr *args[1] = {NULL};
    if (u->op == AST_UNARY_PLUS)
        return expr_analyze(an, s, u->operand, want, out, err);
    if (!ast_is_literal_like(u->operand))
        TRY(expr_analyze(an, s, u->operand, want, &args[0], err));
    return operator_call(an, s, ast_unary_op_sql(u->op), operands, args, 1, want, e->position, out, err);
}

static int logical(struct analyzer *an, struct scope *s, const struct ast_list *args, enum expr_kind kind,
                   struct expr **out, struct err *err)
{
    struct expr *e = expr_new(an->arena, kind, T_BOOL, (uint32_t)args->n);
    for (size_t i = 0; i < args->n; i++)
        TRY(expr_analyze_bool(an, s, args->items[i], kind == EXPR_AND ? "AND" : "OR", &e->args[i], err));
    *out = e;
    return 0;
}

static int and_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                    struct err *err)
{
    return logical(an, s, &ast_as_and(e)->args, EXPR_AND, out, err);
}

static int or_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    return logical(an, s, &ast_as_or(e)->args, EXPR_OR, out, err);
}

static int not_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                    struct err *err)
{
    struct expr *operand;
    TRY(expr_analyze_bool(an, s, ast_as_not(e)->operand, "NOT", &operand, err));
    *out = negate(an, operand);
    return 0;
}

static int is_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    const struct ast_is *is = ast_as_is(e);
    struct expr *operand;
    bool truth = is->test == AST_IS_TRUE || is->test == AST_IS_FALSE;
    TRY(expr_analyze(an, s, is->operand, truth || is->test == AST_IS_UNKNOWN ? T_BOOL : T_ANYELEMENT, &operand, err));
    if (is->test == AST_IS_NAN) {
        struct expr *nan;
        TRY(literal(an, operand->type, STR("NaN"), e->position, &nan, err));
        TRY(compare_exprs(an, "=", operand, nan, e->position, out, err));
        if (is->negated)
            *out = negate(an, *out);
        return 0;
    }
    struct expr *test = expr_new(an->arena, truth ? EXPR_IS_DISTINCT : EXPR_IS_NULL, T_BOOL, truth ? 2 : 1);
    test->args[0] = operand;
    if (truth) {
        TRY(expr_cast(an, operand, T_BOOL, false, &test->args[0], err));
        test->args[1] = expr_bool(an->arena, is->test == AST_IS_TRUE);
    }
    test->flag = truth ? !is->negated : is->negated;
    *out = test;
    return 0;
}

// The type of an expression is known here; what is left for each row is that NULL is of no type.
static int is_of(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                 struct err *err)
{
    const struct ast_is_of *is = ast_as_is_of(e);
    struct expr *operand;
    bool listed = false;
    TRY(expr_analyze(an, s, is->operand, T_ANYELEMENT, &operand, err));
    for (size_t i = 0; i < is->types.n; i++) {
        struct type t;
        TRY(analyze_type(an->options->view, &an->options->scope, is->types.items[i], &t, err));
        listed |= type_equivalent(operand->type, t);
    }
    struct expr *test = expr_new(an->arena, EXPR_IS_NULL, T_BOOL, 1);
    test->args[0] = operand;
    test->flag = !is->negated;
    *out = listed ? test : expr_bool(an->arena, is->negated);
    return 0;
}

static int between(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    const struct ast_between *b = ast_as_between(e);
    struct ast_list list = {(struct ast *[]){b->operand, b->low, b->high}, 3};
    struct expr *items[3];
    struct type common;
    TRY(expr_analyze_list(an, s, &list, T_ANYELEMENT, "BETWEEN", items, &common, err));
    struct expr *result = NULL;
    for (int turn = 0; turn < (b->symmetric ? 2 : 1); turn++) {
        struct expr *low, *high;
        TRY(compare_exprs(an, ">=", items[0], items[turn == 0 ? 1 : 2], e->position, &low, err));
        TRY(compare_exprs(an, "<=", items[0], items[turn == 0 ? 2 : 1], e->position, &high, err));
        struct expr *both = expr_and(an->arena, low, high);
        if (result == NULL) {
            result = both;
            continue;
        }
        struct expr *either = expr_new(an->arena, EXPR_OR, T_BOOL, 2);
        either->args[0] = result;
        either->args[1] = both;
        result = either;
    }
    *out = b->negated ? negate(an, result) : result;
    return 0;
}

// ---- IN, ANY, subqueries

static struct expr *subquery_expr(struct analyzer *an, enum expr_kind kind, struct type t, uint32_t n_args,
                                  const struct select_result *sub)
{
    struct expr *e = expr_new(an->arena, kind, t, n_args);
    e->subquery = sub->rel;
    return e;
}

// The subquery with these columns, which are its own, casts or fields of them.
static struct rel *project_columns(struct analyzer *an, struct select_result *sub, struct expr **columns, uint32_t n)
{
    struct projection *items = ARENA_ARRAY(an->arena, struct projection, n);
    for (uint32_t i = 0; i < n; i++) {
        items[i].expr = columns[i];
        items[i].column = columns[i]->kind == EXPR_COLUMN
                              ? columns[i]->column
                              : query_add_column(an->query, sub->names[MIN(i, sub->n_cols - 1)], columns[i]->type);
    }
    return project_items(an, sub->rel, items, n);
}

// What the left side of a comparison with a subquery is compared with: its columns, or the fields of its only one when
// both are rows.
static uint32_t compared_columns(struct analyzer *an, const struct select_result *sub, bool with_row,
                                 struct expr ***out)
{
    struct tuple_shape shape;
    struct expr *first = sub->n_cols == 1 ? expr_column(an->query, sub->cols[0]) : NULL;
    bool fields = with_row && first != NULL && tuple_shape(an, first, &shape);
    uint32_t n = fields ? shape.n : sub->n_cols;
    *out = ARENA_ARRAY(an->arena, struct expr *, n);
    for (uint32_t i = 0; i < n; i++)
        (*out)[i] = fields ? field_of(an, first, shape.types[i], i) : expr_column(an->query, sub->cols[i]);
    return n;
}

// Values of two families are compared as those of the one that the other becomes by itself: rows are compared and
// hashed by their values.
static int same_family(struct analyzer *an, struct expr **l, struct expr **r, struct err *err)
{
    struct type left = (*l)->type, right = (*r)->type, plain;
    if (left.family == right.family || left.family == TYPE_UNKNOWN || right.family == TYPE_UNKNOWN)
        return 0;
    if (cast_allowed(left, right) >= CAST_IMPLICIT && type_from_oid(right.oid, &plain))
        return expr_cast(an, *l, plain, false, l, err);
    if (cast_allowed(right, left) >= CAST_IMPLICIT && type_from_oid(left.oid, &plain))
        return expr_cast(an, *r, plain, false, r, err);
    return 0;
}

static int compare_item(struct analyzer *an, const char *symbol, struct expr *l, struct expr *r, bool of_row,
                        int position, struct expr **out, struct err *err)
{
    TRY(same_family(an, &l, &r, err));
    TRY(compare_exprs(an, symbol, l, r, position, out, err));
    INVARIANT((*out)->kind == EXPR_CALL);
    struct type left = (*out)->args[0]->type, right = (*out)->args[1]->type;
    bool fits = left.family == right.family || left.family == TYPE_UNKNOWN || right.family == TYPE_UNKNOWN;
    if (!of_row || (fits && strpbrk(symbol, "<>=") == symbol))
        return 0;
    err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported comparison operator: <%s> %s ANY <%s>",
            type_family_name(left), symbol, type_family_name(right));
    return err_at(err, position);
}

static int any_query(struct analyzer *an, struct scope *s, const struct ast *left, const struct ast *query,
                     const char *symbol, bool all, bool negated, int position, struct expr **out, struct err *err)
{
    struct select_result sub;
    TRY(select_analyze(an, s, query, NULL, 0, &sub, err));
    struct type want = sub.n_cols == 1 ? query_column(an->query, sub.cols[0])->type : T_ANYELEMENT;
    struct expr *l, **columns;
    TRY(expr_analyze(an, s, left, want, &l, err));
    l = spread(an, l);
    bool row = is_row(l);
    uint32_t n = row ? l->n_args : 1, n_columns = compared_columns(an, &sub, row, &columns);
    if (n != n_columns) {
        err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported comparison operator: subquery must return %s (%u != %u)",
                n == 1 ? "only one column" : "matching columns", n, n_columns);
        return err_at(err, position);
    }
    struct expr *compared = expr_new(an->arena, EXPR_ANY_QUERY, T_BOOL, 1);
    for (uint32_t i = 0; i < n; i++) {
        struct expr *call, *item = row ? l->args[i] : l;
        TRY(compare_item(an, symbol, item, columns[i], row, position, &call, err));
        columns[i] = call->args[1];
        compared->fn = call->fn;
        if (row)
            l->args[i] = call->args[0];
        else
            l = call->args[0];
    }
    compared->args[0] = l;
    compared->flag = all;
    compared->position = position;
    compared->subquery = project_columns(an, &sub, columns, n);
    *out = negated ? negate(an, compared) : compared;
    return 0;
}

static int in_rows(struct analyzer *an, struct scope *s, struct expr *operand, const struct ast_in *in,
                   struct expr **out, struct err *err)
{
    struct expr *any = expr_new(an->arena, EXPR_OR, T_BOOL, (uint32_t)in->items.n);
    for (size_t i = 0; i < in->items.n; i++) {
        struct expr *item;
        TRY(expr_analyze(an, s, in->items.items[i], T_ANYELEMENT, &item, err));
        item = spread(an, item);
        if (!is_row(item) || !is_row(operand)) {
            err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported comparison operator: <%s> IN <%s>",
                    type_family_name(operand->type), type_family_name(item->type));
            return err_at(err, in->base.position);
        }
        const struct row_pair rows = {operand, item, in->operand, in->items.items[i]};
        TRY(compare_rows(an, s, "=", &rows, in->base.position, &any->args[i], err));
    }
    *out = in->items.n == 1 ? any->args[0] : any;
    return 0;
}

static int in_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    const struct ast_in *in = ast_as_in(e);
    if (in->subquery != NULL)
        return any_query(an, s, in->operand, in->subquery, "=", false, in->negated, e->position, out, err);
    bool rows = in->operand->kind == AST_SUBQUERY && in->items.n > 0 && in->items.items[0]->kind == AST_TUPLE;
    if (in->operand->kind == AST_TUPLE || rows) {
        struct expr *operand;
        TRY(expr_analyze(an, s, in->operand, T_ANYELEMENT, &operand, err));
        operand = spread(an, operand);
        if (in->items.n == 0)
            *out = expr_bool(an->arena, false);
        else
            TRY(in_rows(an, s, operand, in, out, err));
        if (in->negated)
            *out = negate(an, *out);
        return 0;
    }
    struct ast_list list = {ARENA_ARRAY(an->arena, struct ast *, in->items.n + 1), in->items.n + 1};
    list.items[0] = in->operand;
    for (size_t i = 0; i < in->items.n; i++)
        list.items[i + 1] = in->items.items[i];
    struct expr *result = expr_new(an->arena, EXPR_IN, T_BOOL, (uint32_t)list.n);
    struct type common;
    TRY(expr_analyze_list(an, s, &list, T_ANYELEMENT, "IN", result->args, &common, err));
    result->flag = in->negated;
    *out = result;
    return 0;
}

static int quantified_tuple(struct analyzer *an, struct scope *s, const struct ast_quantified *q, const char *symbol,
                            bool all, struct expr **out, struct err *err)
{
    const struct ast_tuple *items = ast_as_tuple(q->right);
    if (items->items.n == 0) {
        *out = expr_bool(an->arena, all);
        return 0;
    }
    struct expr *e = expr_new(an->arena, all ? EXPR_AND : EXPR_OR, T_BOOL, (uint32_t)items->items.n);
    for (size_t i = 0; i < items->items.n; i++) {
        struct ast *operands[2] = {q->left, items->items.items[i]};
        struct expr *args[2] = {NULL, NULL};
        TRY(analyze_operands(an, s, operands, args, err));
        TRY(operator_call(an, s, symbol, operands, args, 2, T_ANYELEMENT, q->base.position, &e->args[i], err));
    }
    *out = e->n_args == 1 ? e->args[0] : e;
    return 0;
}

static int quantified(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                      struct err *err)
{
    const struct ast_quantified *q = ast_as_quantified(e);
    struct op_symbol op = op_symbol(q->op);
    bool all = q->quantifier == AST_QUANTIFIER_ALL;
    if (op.negated)
        return unsupported(err, e, "negated pattern operators with ANY or ALL");
    if (q->right->kind == AST_SUBQUERY)
        return any_query(an, s, q->left, ast_as_subquery(q->right)->query, op.symbol, all, false, e->position, out,
                         err);
    if (q->right->kind == AST_TUPLE)
        return quantified_tuple(an, s, q, op.symbol, all, out, err);
    struct expr *l = NULL, *r = NULL;
    bool left_literal = ast_is_literal_like(q->left);
    if (!left_literal)
        TRY(expr_analyze(an, s, q->left, T_ANYELEMENT, &l, err));
    struct type array = l != NULL && type_has_array(l->type) ? type_array_of(l->type) : T_ANYELEMENT;
    TRY(expr_analyze(an, s, q->right, array, &r, err));
    if (r->type.family == TYPE_UNKNOWN && l != NULL)
        TRY(expr_cast(an, r, array, false, &r, err));
    if (r->type.family != TYPE_ARRAY) {
        err_set(err, ERR_DATATYPE_MISMATCH, "op ANY/ALL (array) requires array on right side");
        return err_at(err, e->position);
    }
    struct type element = type_element(r->type);
    if (l == NULL)
        TRY(expr_analyze(an, s, q->left, element, &l, err));
    struct expr *element_column = expr_new(an->arena, EXPR_COLUMN, element, 0); // stands for each element
    struct expr *call;
    TRY(compare_exprs(an, op.symbol, l, element_column, e->position, &call, err));
    if (call->kind != EXPR_CALL || call->args[1] != element_column) {
        TRY(expr_cast(an, r, type_array_of(call->args[1]->type), false, &r, err));
    }
    struct expr *any = expr_new(an->arena, EXPR_ANY, T_BOOL, 2);
    any->args[0] = call->args[0];
    any->args[1] = r;
    any->fn = call->fn;
    any->flag = all;
    *out = any;
    return 0;
}

// The subquery's columns as fields of one value, NULL without a row.
static struct expr *row_of(struct analyzer *an, struct select_result *sub, int position)
{
    struct expr *row = expr_new(an->arena, EXPR_TUPLE, T_RECORD, sub->n_cols);
    struct type *types = ARENA_ARRAY(an->arena, struct type, sub->n_cols);
    for (uint32_t i = 0; i < sub->n_cols; i++) {
        row->args[i] = expr_column(an->query, sub->cols[i]);
        types[i] = row->args[i]->type;
    }
    row->field_types = types;
    row->field_names = sub->names;
    row->parameter = sub->n_cols;
    struct projection *item = ARENA_NEW(an->arena, struct projection);
    *item = (struct projection){query_add_column(an->query, STR("row"), T_RECORD), row};
    sub->rel = project_items(an, sub->rel, item, 1);
    struct expr *e = subquery_expr(an, EXPR_SUBQUERY, T_RECORD, 0, sub);
    e->field_types = types;
    e->field_names = sub->names;
    e->parameter = sub->n_cols;
    e->position = position;
    return e;
}

static struct expr *column_of(struct analyzer *an, const struct select_result *sub)
{
    const struct col_info *c = query_column(an->query, sub->cols[0]);
    struct expr *e = subquery_expr(an, EXPR_SUBQUERY, c->type, 0, sub);
    e->field_types = c->field_types;
    e->field_names = c->field_names;
    e->parameter = c->n_fields;
    return e;
}

static int subquery(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                    struct err *err)
{
    struct select_result sub;
    TRY(select_analyze(an, s, ast_as_subquery(e)->query, &want, want.family == TYPE_ANY ? 0 : 1, &sub, err));
    if (sub.n_cols == 0) {
        err_set(err, ERR_SYNTAX_ERROR, "subquery must return only one column, found 0");
        return err_at(err, e->position);
    }
    *out = sub.n_cols == 1 ? column_of(an, &sub) : row_of(an, &sub, e->position);
    return 0;
}

int row_subquery(struct analyzer *an, struct scope *s, const struct ast *e, uint32_t n, struct expr **out,
                 struct err *err)
{
    struct select_result sub;
    TRY(select_analyze(an, s, ast_as_subquery(e)->query, NULL, 0, &sub, err));
    if (sub.n_cols != n) {
        err_set(err, ERR_SYNTAX_ERROR, "subquery must return %u columns, found %u", n, sub.n_cols);
        return err_at(err, e->position);
    }
    *out = row_of(an, &sub, e->position);
    return 0;
}

static int exists(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err)
{
    struct select_result sub;
    TRY(select_analyze(an, s, ast_as_exists(e)->query, NULL, 0, &sub, err));
    *out = subquery_expr(an, EXPR_EXISTS, T_BOOL, 0, &sub);
    return 0;
}

static int array_subquery(struct analyzer *an, struct scope *s, const struct ast *e, struct type want,
                          struct expr **out, struct err *err)
{
    struct select_result sub;
    TRY(select_analyze(an, s, ast_as_array_subquery(e)->query, NULL, 0, &sub, err));
    if (sub.n_cols != 1) {
        err_set(err, ERR_SYNTAX_ERROR, "subquery must return only one column, found %u", sub.n_cols);
        return err_at(err, e->position);
    }
    struct type element = query_column(an->query, sub.cols[0])->type;
    if (!type_has_array(element)) // of an untyped NULL
        element = T_STRING;
    *out = subquery_expr(an, EXPR_ARRAY_QUERY, type_array_of(element), 0, &sub);
    return 0;
}

// ---- conditionals

static int case_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                     struct err *err)
{
    const struct ast_case *c = ast_as_case(e);
    size_t n = c->whens.n;
    struct expr *result = expr_new(an->arena, EXPR_CASE, want, (uint32_t)(2 * n + 1));
    struct ast_list results = {ARENA_ARRAY(an->arena, struct ast *, n + 1), n + 1};
    for (size_t i = 0; i < n; i++) {
        const struct ast_when *when = ast_as_when(c->whens.items[i]);
        results.items[i] = when->result;
        if (c->operand == NULL) {
            TRY(expr_analyze_bool(an, s, when->condition, "CASE/WHEN", &result->args[2 * i], err));
            continue;
        }
        struct ast *operands[2] = {c->operand, when->condition};
        struct expr *args[2] = {NULL, NULL};
        TRY(analyze_operands(an, s, operands, args, err));
        TRY(operator_call(an, s, "=", operands, args, 2, T_ANYELEMENT, e->position, &result->args[2 * i], err));
    }
    struct ast_null_literal missing = {.base = {AST_NULL_LITERAL, 0}};
    results.items[n] = c->otherwise != NULL ? c->otherwise : &missing.base;
    struct expr **values = ARENA_ARRAY(an->arena, struct expr *, n + 1);
    TRY(expr_analyze_list(an, s, &results, want, "CASE", values, &result->type, err));
    for (size_t i = 0; i < n; i++)
        result->args[2 * i + 1] = values[i];
    result->args[2 * n] = values[n];
    *out = result;
    return 0;
}

static int if_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    const struct ast_if *i = ast_as_if(e);
    struct expr *result = expr_new(an->arena, EXPR_CASE, want, 3);
    TRY(expr_analyze_bool(an, s, i->condition, "IF", &result->args[0], err));
    struct ast_list list = {(struct ast *[]){i->then, i->otherwise}, 2};
    TRY(expr_analyze_list(an, s, &list, want, "IF", &result->args[1], &result->type, err));
    *out = result;
    return 0;
}

static int coalesce(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                    struct err *err)
{
    const struct ast_coalesce *c = ast_as_coalesce(e);
    struct expr *result = expr_new(an->arena, EXPR_COALESCE, want, (uint32_t)c->args.n);
    TRY(expr_analyze_list(an, s, &c->args, want, "COALESCE", result->args, &result->type, err));
    *out = result;
    return 0;
}

static int nullif(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err)
{
    const struct ast_nullif *n = ast_as_nullif(e);
    struct ast_list list = {(struct ast *[]){n->left, n->right}, 2};
    struct expr *result = expr_new(an->arena, EXPR_NULLIF, want, 2);
    TRY(expr_analyze_list(an, s, &list, want, "NULLIF", result->args, &result->type, err));
    struct expr *call;
    TRY(compare_exprs(an, "=", result->args[0], result->args[1], e->position, &call, err));
    result->fn = call->kind == EXPR_CALL ? call->fn : NULL;
    *out = result;
    return 0;
}

static int iferror(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    const struct ast_iferror *i = ast_as_iferror(e);
    struct expr *result = expr_new(an->arena, EXPR_IFERROR, T_BOOL, 3);
    if (i->is_error) {
        TRY(expr_analyze(an, s, i->operand, T_ANYELEMENT, &result->args[0], err));
    } else {
        struct ast_list list = {(struct ast *[]){i->operand, i->otherwise}, 2};
        TRY(expr_analyze_list(an, s, &list, want, "IFERROR", result->args, &result->type, err));
    }
    if (i->code != NULL)
        TRY(expr_analyze(an, s, i->code, T_STRING, &result->args[2], err));
    *out = result;
    return 0;
}

static int func_call(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                     struct err *err)
{
    return call_function(an, s, ast_as_func_call(e), want, out, err);
}

static int collate(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                   struct err *err)
{
    struct str name = ast_as_collate(e)->collation;
    struct expr *operand;
    int16_t collation;
    TRY(expr_analyze(an, s, ast_as_collate(e)->operand, T_STRING, &operand, err));
    struct type t = operand->type;
    if (t.family == TYPE_UNKNOWN)
        t = T_STRING;
    if (t.family != TYPE_STRING && t.family != TYPE_COLLATED) {
        err_set(err, ERR_DATATYPE_MISMATCH, "incompatible type for COLLATE: %s", type_family_name(t));
        return err_at(err, e->position);
    }
    if (collation_is_plain(name)) {
        *out = operand;
        return t.family == TYPE_COLLATED ? expr_cast(an, operand, T_STRING, true, out, err) : 0;
    }
    if (collation_find(name, &collation, err) != 0)
        return err_at(err, e->position);
    return expr_cast(an, operand, type_collated(T_STRING, collation), true, out, err);
}

typedef int (*expr_fn)(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                       struct err *err);
static const expr_fn expr_table[AST_KIND_COUNT] = {
    [AST_NUMBER] = number,
    [AST_STRING] = string,
    [AST_BYTES] = bytes,
    [AST_BITS] = bits,
    [AST_BOOLEAN] = boolean,
    [AST_NULL_LITERAL] = null_literal,
    [AST_PLACEHOLDER] = placeholder,
    [AST_COLUMN_REF] = column_ref,
    [AST_COLUMN_ORDINAL] = column_ordinal,
    [AST_CAST] = cast,
    [AST_ANNOTATE] = annotate,
    [AST_BINARY] = binary,
    [AST_UNARY] = unary,
    [AST_AND] = and_expr,
    [AST_OR] = or_expr,
    [AST_NOT] = not_expr,
    [AST_IS] = is_expr,
    [AST_IS_OF] = is_of,
    [AST_BETWEEN] = between,
    [AST_IN] = in_expr,
    [AST_QUANTIFIED] = quantified,
    [AST_SUBQUERY] = subquery,
    [AST_EXISTS] = exists,
    [AST_ARRAY_SUBQUERY] = array_subquery,
    [AST_CASE] = case_expr,
    [AST_IF] = if_expr,
    [AST_COALESCE] = coalesce,
    [AST_NULLIF] = nullif,
    [AST_IFERROR] = iferror,
    [AST_ARRAY] = analyze_array_expr,
    [AST_SUBSCRIPT] = analyze_subscript,
    [AST_TUPLE] = analyze_tuple,
    [AST_FIELD_ACCESS] = analyze_field_access,
    [AST_FUNC_CALL] = func_call,
    [AST_COLLATE] = collate,
};

int expr_analyze(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                 struct err *err)
{
    if (e->kind == AST_DEFAULT) {
        err_set(err, ERR_SYNTAX_ERROR,
                "DEFAULT can only appear in a VALUES list within INSERT or on the right side of "
                "a SET");
        return err_at(err, e->position);
    }
    if (expr_table[e->kind] == NULL)
        return unsupported(err, e, ast_kind_name(e->kind));
    return expr_table[e->kind](an, s, e, want, out, err);
}
