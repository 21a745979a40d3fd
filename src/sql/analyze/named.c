// Arguments by name: f(a => 1, b := 2) becomes the call by position.
#include "sql/analyze/analyze_int.h"
#include "sql/parse/parse.h"

struct parameter {
    struct str name, default_sql; // default NONE: it must be given
    bool always;                  // the default stands even where the call could end before it
};
struct parameters {
    struct parameter *items;
    size_t n;
};

static const struct ast_named_arg *as_named(const struct ast *e)
{
    return e->kind == AST_NAMED_ARG ? ast_as_named_arg(e) : NULL;
}

// "base vars?'{}' silent?": see parameters.def.
static struct parameters of_built_in(struct arena *a, struct str spec)
{
    struct parameters out = {ARENA_ARRAY(a, struct parameter, spec.len + 1), 0};
    while (spec.len > 0) {
        ptrdiff_t blank = str_find(spec, STR(" "), 0);
        struct str word = str_slice(spec, 0, blank < 0 ? spec.len : (size_t)blank);
        spec = blank < 0 ? STR_EMPTY : str_slice(spec, (size_t)blank + 1, spec.len);
        size_t end = 0;
        while (end < word.len && word.ptr[end] != '=' && word.ptr[end] != '?')
            end++;
        struct parameter *p = &out.items[out.n++];
        *p = (struct parameter){.name = str_slice(word, 0, end), .default_sql = STR_NONE};
        if (end < word.len) {
            p->always = word.ptr[end] == '=';
            p->default_sql = str_slice(word, end + 1, word.len);
        }
    }
    return out;
}

static struct parameters of_routine(struct arena *a, const struct cat_function *f)
{
    struct parameters out = {ARENA_ARRAY(a, struct parameter, f->n_params + 1), 0};
    for (size_t i = 0; i < f->n_params; i++) {
        const struct cat_function_param *p = &f->params[i];
        if (cat_param_is_input(p))
            out.items[out.n++] = (struct parameter){p->name, p->default_sql.len > 0 ? p->default_sql : STR_NONE, false};
    }
    return out;
}

// The arguments in the order of the parameters, NULL where none is given; false: they do not fit.
static bool place(const struct ast_list *args, const struct parameters *ps, struct ast **slots)
{
    for (size_t i = 0; i < args->n; i++) {
        const struct ast_named_arg *named = as_named(args->items[i]);
        size_t at = i;
        for (at = named == NULL ? i : 0; named != NULL && at < ps->n; at++) {
            if (str_eq(named->name, ps->items[at].name))
                break;
        }
        if (at >= ps->n || slots[at] != NULL)
            return false;
        slots[at] = named != NULL ? named->value : args->items[i];
    }
    for (size_t i = 0; i < ps->n; i++) {
        if (slots[i] == NULL && ps->items[i].default_sql.ptr == NULL)
            return false;
    }
    return true;
}

static int by_position(struct analyzer *an, const struct ast_func_call *call, const struct parameters *ps,
                       struct ast **slots, const struct ast_func_call **out, struct err *err)
{
    struct ast_func_call *placed = ARENA_NEW(an->arena, struct ast_func_call);
    struct ast_list args = {0};
    size_t n = ps->n;
    while (n > 0 && slots[n - 1] == NULL && !ps->items[n - 1].always)
        n--;
    for (size_t i = 0; i < n; i++) {
        if (slots[i] == NULL)
            TRY(parse_expr(an->arena, ps->items[i].default_sql, &slots[i], err));
        ast_list_push(an->arena, &args, slots[i]);
    }
    *placed = *call;
    placed->args = args;
    *out = placed;
    return 0;
}

static int no_such(const struct ast_func_call *call, struct str name, struct err *err)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < call->args.n; i++) {
        const struct ast_named_arg *named = as_named(call->args.items[i]);
        buf_printf(&b, "%s%.*s%s", i > 0 ? ", " : "", STR_FMT(named != NULL ? named->name : STR("_")),
                   named != NULL ? " => _" : "");
    }
    err_set(err, ERR_UNDEFINED_FUNCTION, "unknown signature: %.*s(%s)", STR_FMT(name), buf_c(&b));
    buf_release(&b);
    return err_at(err, call->base.position);
}

static int check_order(const struct ast_func_call *call, bool *any, struct err *err)
{
    *any = false;
    for (size_t i = 0; i < call->args.n; i++) {
        const struct ast_named_arg *named = as_named(call->args.items[i]);
        for (size_t k = 0; named != NULL && k < i; k++) {
            const struct ast_named_arg *other = as_named(call->args.items[k]);
            if (other != NULL && str_eq(other->name, named->name)) {
                err_set(err, ERR_SYNTAX_ERROR, "argument name \"%.*s\" used more than once", STR_FMT(named->name));
                return err_at(err, named->base.position);
            }
        }
        if (named == NULL && *any) {
            err_set(err, ERR_SYNTAX_ERROR, "positional argument cannot follow named argument");
            return err_at(err, call->args.items[i]->position);
        }
        *any |= named != NULL;
    }
    return 0;
}

int place_built_in_arguments(struct analyzer *an, struct str name, const struct ast_func_call **call, struct err *err)
{
    bool any;
    const char *spec = fn_parameters(name);
    TRY(check_order(*call, &any, err));
    struct parameters ps = of_built_in(an->arena, spec != NULL ? str_of(spec) : STR_EMPTY);
    bool short_of = ps.n > (*call)->args.n && ps.items[ps.n - 1].always; // the rest by default
    if (!any && !short_of)
        return 0;
    struct ast **slots = ARENA_ARRAY(an->arena, struct ast *, ps.n + 1);
    if (!place(&(*call)->args, &ps, slots))
        return any ? no_such(*call, name, err) : 0;
    return by_position(an, *call, &ps, slots, call, err);
}

int place_routine_arguments(struct analyzer *an, struct str name, const struct cat_function **found, size_t n_found,
                            const struct ast_func_call **call, struct err *err)
{
    bool any;
    TRY(check_order(*call, &any, err));
    for (size_t i = 0; any && i < n_found; i++) {
        struct parameters ps = of_routine(an->arena, found[i]);
        struct ast **slots = ARENA_ARRAY(an->arena, struct ast *, ps.n + 1);
        if (place(&(*call)->args, &ps, slots))
            return by_position(an, *call, &ps, slots, call, err);
    }
    return any ? no_such(*call, name, err) : 0;
}
