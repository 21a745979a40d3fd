// Arrays and tuples: their constructors, elements and fields.
#include "sql/analyze/analyze_int.h"

int analyze_array_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                       struct err *err)
{
    const struct ast_array *a = ast_as_array(e);
    bool wanted = want.family == TYPE_ARRAY && want.element != TYPE_ANY;
    struct type element = wanted ? type_element(want) : T_ANYELEMENT;
    struct expr *result = expr_new(an->arena, EXPR_ARRAY, want, (uint32_t)a->items.n);
    TRY(expr_analyze_list(an, s, &a->items, element, "array", result->args, &element, err));
    if (element.family == TYPE_UNKNOWN) {
        if (!wanted && a->items.n == 0) {
            err_set(err, ERR_INDETERMINATE_DATATYPE,
                    "cannot determine type of empty array. Consider casting to the "
                    "desired type, for example ARRAY[]:::INT[]");
            return err_at(err, e->position);
        }
        element = wanted ? type_element(want) : T_STRING;
        for (uint32_t i = 0; i < result->n_args; i++)
            TRY(expr_cast(an, result->args[i], element, false, &result->args[i], err));
    }
    if (!type_has_array(element))
        return unsupported(err, e, "nested arrays");
    result->type = type_array_of(element);
    *out = result;
    return 0;
}

int analyze_subscript(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                      struct err *err)
{
    const struct ast_subscript *sub = ast_as_subscript(e);
    struct expr *operand;
    TRY(expr_analyze(an, s, sub->operand, T_ANYELEMENT, &operand, err));
    if (operand->type.family == TYPE_JSONB && !sub->slice) {
        struct ast *operands[2] = {sub->operand, sub->begin};
        struct expr *args[2] = {operand, NULL};
        if (!ast_is_literal_like(sub->begin))
            TRY(expr_analyze(an, s, sub->begin, T_ANYELEMENT, &args[1], err));
        return operator_call(an, s, "->", operands, args, 2, T_ANYELEMENT, e->position, out, err);
    }
    bool is_name = operand->type.oid == TYPE_OID_NAME && !sub->slice;
    if (operand->type.family != TYPE_ARRAY && !is_name) {
        err_set(err, ERR_DATATYPE_MISMATCH, "cannot subscript type %s because it is not an array",
                type_family_name(operand->type));
        return err_at(err, e->position);
    }
    struct type type = sub->slice ? operand->type : is_name ? T_QCHAR : type_element(operand->type);
    struct expr *result = expr_new(an->arena, EXPR_SUBSCRIPT, type, sub->slice ? 3 : 2);
    result->flag = sub->slice;
    result->args[0] = operand;
    struct ast *bounds[2] = {sub->begin, sub->end};
    for (uint32_t i = 1; i < result->n_args; i++) {
        if (bounds[i - 1] == NULL) // the first or the last there is
            result->args[i] = expr_const(an->arena, T_INT8, datum_int(i == 1 ? INT64_MIN : INT64_MAX));
        else
            TRY(expr_analyze_assign(an, s, bounds[i - 1], T_INT8, STR("subscript"), &result->args[i], err));
    }
    *out = result;
    return 0;
}

bool tuple_shape(struct analyzer *an, const struct expr *e, struct tuple_shape *out)
{
    const struct type_def *def = e->type.def;
    if (e->type.family != TYPE_TUPLE || (def == NULL && e->field_types == NULL))
        return false;
    if (def == NULL) {
        *out = (struct tuple_shape){e->field_types, e->field_names, e->parameter};
        return true;
    }
    struct type *types = ARENA_ARRAY(an->arena, struct type, def->n_fields);
    struct str *names = ARENA_ARRAY(an->arena, struct str, def->n_fields);
    for (size_t i = 0; i < def->n_fields; i++) {
        types[i] = def->fields[i].type;
        names[i] = def->fields[i].name;
    }
    *out = (struct tuple_shape){types, names, (uint32_t)def->n_fields};
    return true;
}

// ROW(…) where a composite type is wanted becomes one, field by field.
static int become_composite(struct analyzer *an, struct expr *row, struct type want, struct err *err)
{
    for (uint32_t i = 0; i < row->n_args; i++)
        TRY(expr_coerce_assign(an, row->args[i], want.def->fields[i].type, want.def->fields[i].name, &row->args[i],
                               err));
    row->type = want;
    return 0;
}

int analyze_tuple(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err)
{
    const struct ast_tuple *t = ast_as_tuple(e);
    uint32_t n = (uint32_t)t->items.n;
    bool composite = want.family == TYPE_TUPLE && want.def != NULL && want.def->n_fields == n;
    struct expr *result = expr_new(an->arena, EXPR_TUPLE, T_RECORD, n);
    struct type *types = ARENA_ARRAY(an->arena, struct type, n);
    struct str *names = t->labels.n == n && n > 0 ? ARENA_ARRAY(an->arena, struct str, n) : NULL;
    for (uint32_t i = 0; i < n; i++) {
        struct type field = composite ? want.def->fields[i].type : T_ANYELEMENT;
        TRY(expr_analyze(an, s, t->items.items[i], field, &result->args[i], err));
        types[i] = result->args[i]->type;
        if (names != NULL)
            names[i] = ast_as_name(t->labels.items[i])->name;
    }
    result->position = e->position;
    *out = result;
    if (composite)
        return become_composite(an, result, want, err);
    result->field_types = types;
    result->field_names = names;
    result->parameter = n;
    return 0;
}

int analyze_field_access(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                         struct err *err)
{
    const struct ast_field_access *f = ast_as_field_access(e);
    struct expr *operand;
    struct tuple_shape shape;
    TRY(expr_analyze(an, s, f->operand, T_ANYELEMENT, &operand, err));
    if (!tuple_shape(an, operand, &shape) || f->star) {
        err_set(err, ERR_DATATYPE_MISMATCH, "type %s is not composite", type_family_name(operand->type));
        return err_at(err, e->position);
    }
    uint32_t n = shape.n, index = n;
    if (f->ordinal > 0)
        index = (uint32_t)f->ordinal - 1;
    for (uint32_t i = 0; i < n && f->ordinal == 0 && shape.names != NULL; i++) {
        if (str_eq(shape.names[i], f->name))
            index = i;
    }
    if (index >= n) {
        err_set(err, ERR_DATATYPE_MISMATCH, "could not identify column \"%.*s\" in record", STR_FMT(f->name));
        return err_at(err, e->position);
    }
    if (operand->kind == EXPR_TUPLE) {
        *out = operand->args[index];
        return 0;
    }
    struct expr *result = expr_new(an->arena, EXPR_FIELD, shape.types[index], 1);
    result->args[0] = operand;
    result->parameter = index;
    *out = result;
    return 0;
}
