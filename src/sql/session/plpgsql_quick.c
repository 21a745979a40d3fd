// Expressions of PL/pgSQL evaluated value by value, without vectors: most of what bodies compute with. A kind of
// expression that is not here is left to the executor's kernels, which everything can be evaluated with.
#include "sql/session/plpgsql_int.h"

typedef int (*quick_fn)(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err);

struct pl_quick {
    quick_fn run;
    struct pl_quick *const *args;
    uint32_t n_args;
    bool flag; // as in struct expr
    struct type type;
    struct fn_call call;
    uint32_t variable, field;
    struct datum value;
};

static inline int run(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    return q->run(f, q, out, err);
}

// ---- leaves

static int run_constant(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    *out = q->value;
    return 0;
}

static int run_variable(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    *out = f->slots[q->variable].value;
    return 0;
}

static int run_field(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    const struct pl_slot *slot = &f->slots[q->variable];
    *out = slot->fields != NULL ? slot->fields[q->field] : DATUM_NULL;
    return 0;
}

static int run_row(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    *out = pl_slot_value(f, q->variable, &f->scratch).value;
    return 0;
}

// ---- calls

static int run_call(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    struct datum args[FN_ARGS_MAX];
    bool null = false;
    for (uint32_t i = 0; i < q->n_args; i++) {
        TRY(run(f, q->args[i], &args[i], err));
        null |= args[i].null;
    }
    *out = DATUM_NULL;
    if (null && q->call.fn->strict)
        return 0;
    out->null = false;
    f->x.eval.call = &q->call;
    return q->call.fn->scalar(&f->x.eval, args, (int)q->n_args, out, err);
}

static int run_cast(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    struct datum in;
    TRY(run(f, q->args[0], &in, err));
    *out = DATUM_NULL;
    if (in.null)
        return 0;
    out->null = false;
    return cast_datum(&f->x.eval, q->args[0]->type, q->type, q->flag, in, out, err);
}

// Integers: what does not fit is for the function, which says so.
#define INTEGER_OPERATOR(name, builtin)                                                                     \
    static int run_##name(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err) \
    {                                                                                                       \
        struct datum args[2];                                                                               \
        TRY(run(f, q->args[0], &args[0], err));                                                             \
        TRY(run(f, q->args[1], &args[1], err));                                                             \
        out->null = args[0].null | args[1].null;                                                            \
        if (UNLIKELY(!out->null && builtin(args[0].i, args[1].i, &out->i))) {                               \
            f->x.eval.call = &q->call;                                                                      \
            return q->call.fn->scalar(&f->x.eval, args, 2, out, err);                                       \
        }                                                                                                   \
        return 0;                                                                                           \
    }
INTEGER_OPERATOR(add, __builtin_add_overflow)
INTEGER_OPERATOR(subtract, __builtin_sub_overflow)
INTEGER_OPERATOR(multiply, __builtin_mul_overflow)

#define INTEGER_COMPARISON(name, op)                                                                        \
    static int run_##name(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err) \
    {                                                                                                       \
        struct datum l, r;                                                                                  \
        TRY(run(f, q->args[0], &l, err));                                                                   \
        TRY(run(f, q->args[1], &r, err));                                                                   \
        *out = datum_bool(l.i op r.i);                                                                      \
        out->null = l.null | r.null;                                                                        \
        return 0;                                                                                           \
    }
INTEGER_COMPARISON(eq, ==)
INTEGER_COMPARISON(ne, !=)
INTEGER_COMPARISON(lt, <)
INTEGER_COMPARISON(le, <=)
INTEGER_COMPARISON(gt, >)
INTEGER_COMPARISON(ge, >=)

static const struct {
    const char *name;
    quick_fn run;
} integer_operators[] = {{"+", run_add}, {"-", run_subtract}, {"*", run_multiply}, {"=", run_eq}, {"!=", run_ne},
                         {"<>", run_ne}, {"<", run_lt},       {"<=", run_le},      {">", run_gt}, {">=", run_ge}};

// ---- logic

// Three-valued; the rest is not looked at once the outcome is known.
static int run_and_or(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    bool decides = q->flag, null = false; // AND: false decides, OR: true
    for (uint32_t i = 0; i < q->n_args; i++) {
        TRY(run(f, q->args[i], out, err));
        if (!out->null && out->b == decides)
            return 0;
        null |= out->null;
    }
    *out = null ? DATUM_NULL : datum_bool(!decides);
    return 0;
}

static int run_not(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    TRY(run(f, q->args[0], out, err));
    if (!out->null)
        out->b = !out->b;
    return 0;
}

static int run_is_null(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    struct datum d;
    TRY(run(f, q->args[0], &d, err));
    *out = datum_bool(d.null != q->flag);
    return 0;
}

static int run_case(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    for (uint32_t i = 0; i + 1 < q->n_args; i += 2) {
        struct datum when;
        TRY(run(f, q->args[i], &when, err));
        if (!when.null && when.b)
            return run(f, q->args[i + 1], out, err);
    }
    return run(f, q->args[q->n_args - 1], out, err);
}

static int run_coalesce(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    *out = DATUM_NULL;
    for (uint32_t i = 0; i < q->n_args && out->null; i++)
        TRY(run(f, q->args[i], out, err));
    return 0;
}

static int run_in(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    struct datum d, item;
    bool null = false;
    TRY(run(f, q->args[0], &d, err));
    *out = DATUM_NULL;
    if (d.null)
        return 0;
    for (uint32_t i = 1; i < q->n_args; i++) {
        TRY(run(f, q->args[i], &item, err));
        null |= item.null;
        if (!item.null && datum_compare(q->args[0]->type, &d, &item) == 0) {
            *out = datum_bool(!q->flag);
            return 0;
        }
    }
    if (!null)
        *out = datum_bool(q->flag);
    return 0;
}

// ---- compilation

static quick_fn call_fn(const struct expr *e)
{
    const struct fn_overload *fn = e->fn;
    if (fn->kind != FN_SCALAR || fn->scalar == NULL || e->n_args > FN_ARGS_MAX)
        return NULL;
    bool integers = fn->is_operator && e->n_args == 2 && fn->strict && type_is(e->args[0]->type, TYPE_INT) &&
                    type_is(e->args[1]->type, TYPE_INT);
    for (size_t i = 0; integers && i < ARRAY_LEN(integer_operators); i++)
        if (strcmp(fn->name, integer_operators[i].name) == 0)
            return integer_operators[i].run;
    return run_call;
}

static quick_fn fn_of(const struct expr *e)
{
    switch (e->kind) {
    case EXPR_CONST:
        return run_constant;
    case EXPR_CALL:
        return call_fn(e);
    case EXPR_CAST:
        return run_cast;
    case EXPR_AND:
    case EXPR_OR:
        return run_and_or;
    case EXPR_NOT:
        return run_not;
    case EXPR_IS_NULL:
        return type_is(e->args[0]->type, TYPE_TUPLE) ? NULL : run_is_null;
    case EXPR_CASE:
        return run_case;
    case EXPR_COALESCE:
        return run_coalesce;
    case EXPR_IN:
        return type_is(e->args[0]->type, TYPE_TUPLE) ? NULL : run_in;
    default:
        return NULL;
    }
}

static void compile_parameter(struct pl_frame *f, const struct pl_plan *p, const struct expr *e, struct pl_quick *q)
{
    const struct pl_ref *ref = &p->refs.ptr[e->parameter];
    q->variable = ref->variable;
    q->field = (uint32_t)ref->field;
    q->run = ref->field >= 0 ? run_field : f->r->variables[ref->variable].is_row ? run_row : run_variable;
}

static struct fn_call call_of(struct arena *a, const struct expr *e)
{
    struct type *types = ARENA_ARRAY(a, struct type, e->n_args + 1);
    for (uint32_t i = 0; i < e->n_args; i++)
        types[i] = e->args[i]->type;
    return (struct fn_call){e->fn, types, (uint8_t)e->n_args, e->type};
}

struct pl_quick *pl_quick_compile(struct pl_frame *f, struct pl_plan *p, const struct expr *e)
{
    struct arena *a = &p->arena;
    struct pl_quick *q = ARENA_NEW(a, struct pl_quick);
    q->type = e->type;
    q->value = e->value;
    q->flag = e->kind == EXPR_OR || (e->kind != EXPR_AND && e->flag);
    if (e->kind == EXPR_PARAM) {
        compile_parameter(f, p, e, q);
        return q;
    }
    q->run = fn_of(e);
    if (q->run == NULL)
        return NULL;
    struct pl_quick **args = ARENA_ARRAY(a, struct pl_quick *, e->n_args + 1);
    for (uint32_t i = 0; i < e->n_args; i++) {
        args[i] = e->args[i] != NULL ? pl_quick_compile(f, p, e->args[i]) : NULL;
        if (args[i] == NULL)
            return NULL;
    }
    q->args = args;
    q->n_args = e->n_args;
    if (e->kind == EXPR_CALL)
        q->call = call_of(a, e);
    return q;
}

int pl_quick_run(struct pl_frame *f, const struct pl_quick *q, struct datum *out, struct err *err)
{
    return run(f, q, out, err);
}
