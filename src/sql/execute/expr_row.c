// Expressions evaluated row by row: IN, ANY, arrays, tuples, fields, subscripts.
#include "sql/execute/expr_int.h"

// A list of constants as a hash set, for long IN lists.
struct in_set {
    uint32_t mask;
    uint32_t *slots; // 1-based index of the argument; 0: empty
    bool has_null;
};
enum { IN_SET_MIN = 8 };

static struct datum constant_of(const struct ev *ev)
{
    return vec_get(ev->result, 0);
}

static bool is_constant(const struct ev *ev)
{
    return ev->expr->kind == EXPR_CONST || (ev->expr->kind == EXPR_PARAM && !ev->x->parameters_change);
}

void in_compile(struct ev *ev)
{
    if (ev->n_args <= IN_SET_MIN)
        return;
    for (uint32_t i = 1; i < ev->n_args; i++) {
        if (!is_constant(ev->args[i]))
            return;
    }
    uint32_t cap = 16;
    while (cap < ev->n_args * 2)
        cap *= 2;
    struct in_set *set = ARENA_NEW(ev->x->arena, struct in_set);
    set->mask = cap - 1;
    set->slots = ARENA_ARRAY(ev->x->arena, uint32_t, cap);
    struct type t = ev->args[0]->expr->type;
    for (uint32_t i = 1; i < ev->n_args; i++) {
        struct datum d = constant_of(ev->args[i]);
        if (d.null) {
            set->has_null = true;
            continue;
        }
        uint32_t at = (uint32_t)datum_hash(t, &d, 0) & set->mask;
        while (set->slots[at] != 0)
            at = (at + 1) & set->mask;
        set->slots[at] = i;
    }
    ev->in_set = set;
}

static bool in_set_has(const struct ev *ev, const struct datum *d)
{
    const struct in_set *set = ev->in_set;
    struct type t = ev->args[0]->expr->type;
    for (uint32_t at = (uint32_t)datum_hash(t, d, 0) & set->mask; set->slots[at] != 0; at = (at + 1) & set->mask) {
        struct datum item = constant_of(ev->args[set->slots[at]]);
        if (datum_compare(t, d, &item) == 0)
            return true;
    }
    return false;
}

static struct datum in_row(struct ev *ev, struct datum d, uint32_t row)
{
    bool null = false, found = false;
    if (d.null)
        return DATUM_NULL;
    if (ev->in_set != NULL) {
        found = in_set_has(ev, &d);
        null = ev->in_set->has_null;
    } else {
        for (uint32_t i = 1; i < ev->n_args && !found; i++) {
            struct datum item = vec_get(ev->args[i]->result, row);
            null |= item.null;
            found = !item.null && datum_compare(ev->args[0]->expr->type, &d, &item) == 0;
        }
    }
    if (!found && null)
        return DATUM_NULL;
    return datum_bool(found != ev->expr->flag);
}

int eval_in(struct ev *ev, const struct batch *in, struct err *err)
{
    for (uint32_t i = 0; i < (ev->in_set != NULL ? 1 : ev->n_args); i++)
        TRY(ev->args[i]->eval(ev->args[i], in, err));
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        vec_set(out, row, in_row(ev, vec_get(ev->args[0]->result, row), row));
    }
    return 0;
}

static int any_row(struct ev *ev, const struct fn_call *call, struct datum l, struct datum r, struct datum *out,
                   struct err *err)
{
    bool all = ev->expr->flag, null = false;
    *out = DATUM_NULL;
    if (r.null)
        return 0;
    struct array items = array_open(ev->args[1]->expr->type, r.s);
    for (uint32_t i = 0; i < items.count; i++) {
        struct datum pair[2] = {l, array_get(&items, i)}, result;
        TRY(fn_call_row(ev->x, call, pair, &result, err));
        null |= result.null;
        if (!result.null && result.b != all) { // ANY: a true one decides; ALL: a false one
            *out = datum_bool(!all);
            return 0;
        }
    }
    if (!null)
        *out = datum_bool(all);
    return 0;
}

int eval_any(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(ev->args[0]->eval(ev->args[0], in, err));
    TRY(ev->args[1]->eval(ev->args[1], in, err));
    struct type types[2] = {ev->args[0]->expr->type, type_element(ev->args[1]->expr->type)};
    struct fn_call call = {ev->expr->fn, types, 2, T_BOOL};
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct datum value;
        TRY(any_row(ev, &call, vec_get(ev->args[0]->result, row), vec_get(ev->args[1]->result, row), &value, err));
        vec_set(out, row, value);
    }
    return 0;
}

static int eval_args(struct ev *ev, const struct batch *in, struct err *err)
{
    for (uint32_t i = 0; i < ev->n_args; i++)
        TRY(ev->args[i]->eval(ev->args[i], in, err));
    return 0;
}

int eval_array(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(eval_args(ev, in, err));
    struct vec *out = ev_out(ev, in, false);
    struct datum *items = ARENA_ARRAY(ev->x->eval.arena, struct datum, ev->n_args);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        for (uint32_t i = 0; i < ev->n_args; i++)
            items[i] = vec_get(ev->args[i]->result, row);
        vec_set(out, row, datum_str(array_build(ev->x->eval.arena, type_element(ev->expr->type), items, ev->n_args)));
    }
    return 0;
}

int eval_tuple(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(eval_args(ev, in, err));
    struct vec *out = ev_out(ev, in, false);
    struct tuple_field *fields = ARENA_ARRAY(ev->x->eval.arena, struct tuple_field, ev->n_args);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        for (uint32_t i = 0; i < ev->n_args; i++) {
            fields[i].type = ev->args[i]->expr->type;
            fields[i].label = ev->expr->field_names != NULL ? ev->expr->field_names[i] : STR_EMPTY;
            fields[i].value = vec_get(ev->args[i]->result, row);
        }
        vec_set(out, row, datum_str(tuple_build(ev->x->eval.arena, ev->expr->type, fields, ev->n_args)));
    }
    return 0;
}

int eval_field(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(eval_args(ev, in, err));
    struct vec *out = ev_out(ev, in, false);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct datum tuple = vec_get(ev->args[0]->result, row);
        struct tuple_field field = {.value = DATUM_NULL};
        bool found = !tuple.null && tuple_get(ev->args[0]->expr->type, tuple.s, ev->expr->parameter, &field);
        vec_set(out, row, found ? field.value : DATUM_NULL);
    }
    return 0;
}

// Subscripts of int2vector and oidvector start at 0, of arrays at 1.
static int64_t first_subscript(struct type t)
{
    return t.oid == TYPE_OID_INT2VECTOR || t.oid == TYPE_OID_OIDVECTOR ? 0 : 1;
}

static struct datum subscript_slice(struct ev *ev, const struct array *items, struct datum from, struct datum to,
                                    int64_t first)
{
    if (from.null || to.null)
        return DATUM_NULL;
    int64_t low = MAX(from.i, first), high = MIN(to.i, first + (int64_t)items->count - 1);
    uint32_t n = high >= low ? (uint32_t)(high - low + 1) : 0;
    struct datum *out = ARENA_ARRAY(ev->x->eval.arena, struct datum, n);
    for (uint32_t i = 0; i < n; i++)
        out[i] = array_get(items, (uint32_t)(low - first) + i);
    return datum_str(array_build(ev->x->eval.arena, items->element, out, n));
}

// A name is PostgreSQL's fixed array of characters, from 0; pg_dump looks at the first.
static struct datum subscript_name(struct str name, struct datum at)
{
    return !at.null && at.i >= 0 && at.i < (int64_t)name.len ? datum_str((struct str){name.ptr + at.i, 1}) : DATUM_NULL;
}

int eval_subscript(struct ev *ev, const struct batch *in, struct err *err)
{
    TRY(eval_args(ev, in, err));
    struct vec *out = ev_out(ev, in, false);
    struct type t = ev->args[0]->expr->type;
    int64_t first = first_subscript(t);
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t row = batch_row(in, k);
        struct datum bytes = vec_get(ev->args[0]->result, row), at = vec_get(ev->args[1]->result, row);
        struct datum value = DATUM_NULL;
        if (!bytes.null && type_is(t, TYPE_STRING)) {
            value = subscript_name(bytes.s, at);
        } else if (!bytes.null) {
            struct array items = array_open(t, bytes.s);
            if (ev->expr->flag)
                value = subscript_slice(ev, &items, at, vec_get(ev->args[2]->result, row), first);
            else if (!at.null && at.i >= first && at.i < first + (int64_t)items.count)
                value = array_get(&items, (uint32_t)(at.i - first));
        }
        vec_set(out, row, value);
    }
    return 0;
}
