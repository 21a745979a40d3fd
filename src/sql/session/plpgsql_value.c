// Variables of PL/pgSQL: what they hold, and assignment to them, their fields and elements.
#include "sql/session/plpgsql_int.h"
#include "types/json.h"

// ---- conversion

// As an assignment of SQL, or by the text of the value where SQL knows no way.
int pl_cast(struct pl_frame *f, struct pl_value from, struct type to, struct datum *out, struct err *err)
{
    struct eval_context *ec = &f->x.eval;
    *out = from.value;
    if (from.value.null || type_identical(from.type, to) || type_is(to, TYPE_VOID))
        return 0;
    ec->arena = &f->scratch;
    if (type_is(from.type, TYPE_INT) && type_is(to, TYPE_INT) && (to.width == 64 || out->i == (int32_t)out->i) &&
        to.width >= 32)
        return 0;
    enum cast_context allowed = cast_allowed(from.type, to);
    if (allowed >= CAST_ASSIGNMENT || (allowed == CAST_EXPLICIT && type_is(from.type, TYPE_TUPLE)))
        return cast_datum(ec, from.type, to, false, from.value, out, err);
    struct datum text = from.value;
    if (!type_is(from.type, TYPE_STRING))
        TRY(cast_datum(ec, from.type, T_STRING, true, from.value, &text, err));
    return cast_datum(ec, T_STRING, to, !type_is(to, TYPE_STRING), text, out, err);
}

// ---- rows

bool pl_shape_equal(const struct pl_shape *a, const struct pl_shape *b)
{
    if (a == b)
        return true;
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!type_identical(a->types[i], b->types[i]) || !str_eq(a->names[i], b->names[i]))
            return false;
    return true;
}

// The shape as the frame keeps it.
static const struct pl_shape *frame_shape(struct pl_frame *f, const struct pl_shape *shape)
{
    for (struct pl_seen_shape *s = f->shapes; s != NULL; s = s->next)
        if (pl_shape_equal(&s->shape, shape))
            return &s->shape;
    struct pl_seen_shape *s = ARENA_NEW(&f->arena, struct pl_seen_shape);
    struct type *types = ARENA_ARRAY(&f->arena, struct type, shape->n);
    struct str *names = ARENA_ARRAY(&f->arena, struct str, shape->n);
    for (uint32_t i = 0; i < shape->n; i++) {
        types[i] = shape->types[i];
        names[i] = arena_str(&f->arena, shape->names[i]);
    }
    s->shape = (struct pl_shape){shape->n, types, names};
    s->next = f->shapes;
    f->shapes = s;
    return &s->shape;
}

void pl_tuple_fields(struct arena *a, struct pl_value v, struct pl_shape *shape, struct datum **values)
{
    ARENA_VEC(struct tuple_field) list = {0};
    struct tuple_field field;
    struct tuple_reader r = tuple_open(v.type, v.value.s);
    while (tuple_next(&r, &field)) {
        ARENA_PUSH(a, &list, field);
    }
    struct type *types = ARENA_ARRAY(a, struct type, list.len);
    struct str *names = ARENA_ARRAY(a, struct str, list.len);
    *values = ARENA_ARRAY(a, struct datum, list.len + 1);
    for (size_t i = 0; i < list.len; i++) {
        types[i] = list.ptr[i].type;
        names[i] = list.ptr[i].label.len > 0 ? list.ptr[i].label : arena_printf(a, "f%zu", i + 1);
        (*values)[i] = list.ptr[i].value;
    }
    *shape = (struct pl_shape){(uint32_t)list.len, types, names};
}

struct pl_value pl_slot_value(struct pl_frame *f, uint32_t variable, struct arena *a)
{
    const struct pl_info *info = &f->r->variables[variable];
    const struct pl_slot *slot = &f->slots[variable];
    struct pl_value v = {info->type, slot->value};
    if (!info->is_row)
        return v;
    v.value = DATUM_NULL;
    if (slot->fields == NULL)
        return v;
    struct tuple_field *fields = ARENA_ARRAY(a, struct tuple_field, slot->shape->n);
    for (uint32_t i = 0; i < slot->shape->n; i++)
        fields[i] = (struct tuple_field){slot->shape->types[i], slot->shape->names[i], slot->fields[i]};
    v.value = datum_str(tuple_build(a, info->type, fields, slot->shape->n));
    return v;
}

static int refuse_null(struct pl_frame *f, uint32_t variable, struct err *err)
{
    const struct pl_variable *v = &f->r->tree.variables[variable];
    if (!v->not_null)
        return 0;
    return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED,
                   "null value cannot be assigned to variable \"%.*s\" declared NOT NULL", STR_FMT(v->name));
}

static struct arena *next_memory(struct pl_slot *slot)
{
    slot->side ^= 1;
    arena_reset(&slot->memory[slot->side]);
    return &slot->memory[slot->side];
}

int pl_set_row(struct pl_frame *f, uint32_t variable, const struct pl_shape *shape, const struct datum *values,
               struct err *err)
{
    const struct pl_info *info = &f->r->variables[variable];
    struct pl_slot *slot = &f->slots[variable];
    if (values == NULL) {
        TRY(refuse_null(f, variable, err));
        slot->fields = NULL;
        slot->shape = info->shape;
        return 0;
    }
    const struct pl_shape *to = info->shape != NULL ? info->shape : frame_shape(f, shape);
    struct arena *memory = next_memory(slot);
    struct datum *fields = ARENA_ARRAY(memory, struct datum, to->n + 1);
    for (uint32_t i = 0; i < to->n; i++) {
        struct datum d = DATUM_NULL;
        if (i < shape->n)
            TRY(pl_cast(f, (struct pl_value){shape->types[i], values[i]}, to->types[i], &d, err));
        fields[i] = datum_copy(memory, to->types[i], d);
    }
    slot->fields = fields;
    slot->shape = to;
    return 0;
}

// ---- whole variables

void pl_set_now(struct pl_frame *f, uint32_t variable, struct datum d)
{
    const struct pl_info *info = &f->r->variables[variable];
    struct pl_slot *slot = &f->slots[variable];
    if (!d.null && type_physical(info->type) == PHYSICAL_STR)
        d = datum_copy(next_memory(slot), info->type, d);
    slot->value = d;
}

static int set_row_value(struct pl_frame *f, uint32_t variable, struct pl_value v, struct err *err)
{
    struct pl_shape shape;
    struct datum *values;
    if (v.value.null)
        return pl_set_row(f, variable, NULL, NULL, err);
    if (!type_is(v.type, TYPE_TUPLE))
        return err_set(err, ERR_DATATYPE_MISMATCH, "cannot assign non-composite value to a %s variable",
                       f->r->variables[variable].type.def != NULL ? "row" : "record");
    pl_tuple_fields(&f->scratch, v, &shape, &values);
    return pl_set_row(f, variable, &shape, values, err);
}

int pl_set(struct pl_frame *f, uint32_t variable, struct pl_value v, struct err *err)
{
    const struct pl_info *info = &f->r->variables[variable];
    struct datum d;
    if (info->is_row)
        return set_row_value(f, variable, v, err);
    TRY(pl_cast(f, v, info->type, &d, err));
    if (d.null)
        TRY(refuse_null(f, variable, err));
    pl_set_now(f, variable, d);
    return 0;
}

void pl_slot_release(struct pl_slot *slot)
{
    arena_release(&slot->memory[0]);
    arena_release(&slot->memory[1]);
}

// ---- fields and elements

static int store(struct pl_frame *f, struct arena *a, struct pl_value in, const struct pl_step *steps, size_t n,
                 struct pl_value v, struct datum *out, struct err *err);

enum { ARRAY_ELEMENTS_MAX = 16 << 20 };

static int bound_of(struct pl_frame *f, const struct pl_sql *sql, int64_t *out, struct err *err)
{
    struct datum d;
    TRY(pl_evaluate_as(f, sql, T_INT8, &d, err));
    if (d.null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "array subscript in assignment must not be null");
    *out = d.i;
    return d.i >= 1 && d.i <= ARRAY_ELEMENTS_MAX
               ? 0
               : err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "array subscript out of range");
}

// The elements from one bound to the other become those of an array, which may have more.
static int store_slice(struct pl_frame *f, struct arena *a, struct pl_value in, const struct pl_step *steps, size_t n,
                       struct pl_value v, struct datum *out, struct err *err)
{
    int64_t from, to;
    struct datum source;
    if (n > 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: assignment to a part of a slice");
    TRY(bound_of(f, steps->index, &from, err));
    TRY(bound_of(f, steps->to, &to, err));
    TRY(pl_cast(f, v, in.type, &source, err));
    *out = in.value;
    if (source.null)
        return 0;
    if (from > to)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "upper bound cannot be less than lower bound");
    struct array given = array_open(in.type, source.s), old = {0};
    if (!in.value.null)
        old = array_open(in.type, in.value.s);
    if (given.count < to - from + 1)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "source array too small");
    uint32_t count = MAX(old.count, (uint32_t)to);
    struct datum *items = ARENA_ARRAY(a, struct datum, count);
    for (uint32_t i = 0; i < count; i++) {
        bool replaced = i + 1 >= from && i + 1 <= to;
        items[i] = replaced        ? array_get(&given, i + 1 - (uint32_t)from)
                   : i < old.count ? array_get(&old, i)
                                   : DATUM_NULL;
    }
    *out = datum_str(array_build(a, type_element(in.type), items, count));
    return 0;
}

// The steps are a path into the document, which is made as far as it is missing.
static int store_json(struct pl_frame *f, struct arena *a, struct pl_value in, const struct pl_step *steps, size_t n,
                      struct pl_value v, struct datum *out, struct err *err)
{
    struct str *path = ARENA_ARRAY(a, struct str, n), document = in.value.s, value;
    struct datum d;
    bool array = false;
    for (size_t i = 0; i < n; i++) {
        struct pl_value key = {T_UNKNOWN, DATUM_NULL};
        if (steps[i].index != NULL)
            TRY(pl_evaluate(f, steps[i].index, &key, err));
        if (key.value.null || steps[i].to != NULL)
            return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "jsonb subscript in assignment must not be null");
        array |= i == 0 && type_is(key.type, TYPE_INT);
        TRY(pl_cast(f, key, T_STRING, &d, err));
        path[i] = arena_str(a, d.s);
    }
    TRY(pl_cast(f, v, T_JSONB, &d, err));
    if (d.null || in.value.null) {
        TRY(json_parse(a, in.value.null ? array ? STR("[]") : STR("{}") : STR("null"), &value, err));
        document = in.value.null ? value : document;
    }
    if (d.null)
        TRY(json_parse(a, STR("null"), &value, err));
    *out = datum_str(STR_EMPTY);
    return json_set_path(a, document, path, n, d.null ? value : d.s, true, &out->s, err);
}

static int store_element(struct pl_frame *f, struct arena *a, struct pl_value in, const struct pl_step *steps, size_t n,
                         struct pl_value v, struct datum *out, struct err *err)
{
    struct datum index;
    if (type_is(in.type, TYPE_JSONB))
        return store_json(f, a, in, steps, n, v, out, err);
    if (!type_is(in.type, TYPE_ARRAY))
        return err_set(err, ERR_DATATYPE_MISMATCH, "cannot subscript type %s because it does not support subscripting",
                       type_family_name(in.type));
    if (steps->to != NULL)
        return store_slice(f, a, in, steps, n, v, out, err);
    TRY(pl_evaluate_as(f, steps->index, T_INT8, &index, err));
    if (index.null)
        return err_set(err, ERR_NULL_VALUE_NOT_ALLOWED, "array subscript in assignment must not be null");
    struct type element = type_element(in.type);
    struct array old = {0};
    if (!in.value.null)
        old = array_open(in.type, in.value.s);
    if (index.i < 1 || index.i > ARRAY_ELEMENTS_MAX)
        return err_set(err, ERR_ARRAY_SUBSCRIPT_ERROR, "array subscript out of range");
    uint32_t at = (uint32_t)index.i - 1, count = MAX(old.count, at + 1);
    struct datum *items = ARENA_ARRAY(a, struct datum, count);
    for (uint32_t i = 0; i < count; i++)
        items[i] = i < old.count ? array_get(&old, i) : DATUM_NULL;
    TRY(store(f, a, (struct pl_value){element, items[at]}, steps + 1, n - 1, v, &items[at], err));
    *out = datum_str(array_build(a, element, items, count));
    return 0;
}

static int unknown_field(struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_COLUMN, "record has no field \"%.*s\"", STR_FMT(name));
}

static int store_field(struct pl_frame *f, struct arena *a, struct pl_value in, const struct pl_step *steps, size_t n,
                       struct pl_value v, struct datum *out, struct err *err)
{
    const struct type_def *def = in.type.def;
    if (!type_is(in.type, TYPE_TUPLE) || def == NULL)
        return unknown_field(steps->field, err);
    struct tuple_field *fields = ARENA_ARRAY(a, struct tuple_field, def->n_fields);
    size_t at = def->n_fields;
    for (size_t i = 0; i < def->n_fields; i++) {
        if (in.value.null || !tuple_get(in.type, in.value.s, (uint32_t)i, &fields[i]))
            fields[i] = (struct tuple_field){def->fields[i].type, def->fields[i].name, DATUM_NULL};
        if (str_eq(def->fields[i].name, steps->field))
            at = i;
    }
    if (at == def->n_fields)
        return unknown_field(steps->field, err);
    struct pl_value old = {fields[at].type, fields[at].value};
    TRY(store(f, a, old, steps + 1, n - 1, v, &fields[at].value, err));
    *out = datum_str(tuple_build(a, in.type, fields, (uint32_t)def->n_fields));
    return 0;
}

// The value `in` with `v` put where the steps lead.
static int store(struct pl_frame *f, struct arena *a, struct pl_value in, const struct pl_step *steps, size_t n,
                 struct pl_value v, struct datum *out, struct err *err)
{
    if (n == 0) {
        TRY(pl_cast(f, v, in.type, out, err));
        *out = datum_copy(a, in.type, *out);
        return 0;
    }
    return steps->field.len > 0 ? store_field(f, a, in, steps, n, v, out, err)
                                : store_element(f, a, in, steps, n, v, out, err);
}

static int assign_field(struct pl_frame *f, struct arena *a, const struct pl_target *t, struct pl_value v,
                        struct err *err)
{
    struct pl_slot *slot = &f->slots[t->variable];
    struct str variable = f->r->tree.variables[t->variable].name, name = t->steps[0].field;
    if (slot->shape == NULL) {
        err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "record \"%.*s\" is not assigned yet", STR_FMT(variable));
        return err_detail(err, "The tuple structure of a not-yet-assigned record is indeterminate.");
    }
    uint32_t at = 0;
    while (at < slot->shape->n && !str_eq(slot->shape->names[at], name))
        at++;
    if (at == slot->shape->n)
        return err_set(err, ERR_UNDEFINED_COLUMN, "record \"%.*s\" has no field \"%.*s\"", STR_FMT(variable),
                       STR_FMT(name));
    struct datum *values = ARENA_ARRAY(a, struct datum, slot->shape->n);
    for (uint32_t i = 0; i < slot->shape->n; i++)
        values[i] = slot->fields != NULL ? slot->fields[i] : DATUM_NULL;
    struct pl_value old = {slot->shape->types[at], values[at]};
    TRY(store(f, a, old, t->steps + 1, t->n_steps - 1, v, &values[at], err));
    return pl_set_row(f, t->variable, slot->shape, values, err);
}

static int assign_part(struct pl_frame *f, struct arena *a, const struct pl_target *t, struct pl_value v,
                       struct err *err)
{
    const struct pl_info *info = &f->r->variables[t->variable];
    v.value = datum_copy(a, v.type, v.value); // subscripts are evaluated over it
    if (info->is_row && t->steps[0].field.len > 0)
        return assign_field(f, a, t, v, err);
    struct datum d;
    TRY(store(f, a, (struct pl_value){info->type, f->slots[t->variable].value}, t->steps, t->n_steps, v, &d, err));
    pl_set_now(f, t->variable, d);
    return 0;
}

int pl_assign(struct pl_frame *f, const struct pl_target *t, struct pl_value v, struct err *err)
{
    if (t->n_steps == 0)
        return pl_set(f, t->variable, v, err);
    struct arena a;
    arena_init(&a, &f->s->budget);
    int rc = assign_part(f, &a, t, v, err);
    arena_release(&a);
    return rc;
}

int pl_assign_row(struct pl_frame *f, const struct pl_targets *t, const struct pl_shape *shape,
                  const struct datum *values, struct err *err)
{
    arena_reset(&f->scratch);
    if (t->n == 1 && t->items[0].n_steps == 0 && f->r->variables[t->items[0].variable].is_row) {
        struct datum *nulls = NULL;
        if (values == NULL) { // not a NULL row, but one of NULLs
            nulls = ARENA_ARRAY(&f->scratch, struct datum, shape->n + 1);
            for (uint32_t i = 0; i < shape->n; i++)
                nulls[i] = DATUM_NULL;
        }
        return pl_set_row(f, t->items[0].variable, shape, values != NULL ? values : nulls, err);
    }
    for (size_t i = 0; i < t->n; i++) {
        struct pl_value v = {T_UNKNOWN, DATUM_NULL};
        if (values != NULL && i < shape->n)
            v = (struct pl_value){shape->types[i], values[i]};
        TRY(pl_assign(f, &t->items[i], v, err));
    }
    return 0;
}
