// Function calls: scalars, aggregates, window functions, set-returning functions.
#include "sql/analyze/analyze_int.h"
#include "sql/parse/parse.h"

// "f", or "schema.f" for functions outside pg_catalog.
static struct str function_name(struct analyzer *an, const struct ast_object_name *n)
{
    if (n->schema.ptr == NULL || str_eqc(n->schema, "pg_catalog") || str_eqc(n->schema, "public"))
        return n->name;
    return arena_printf(an->arena, "%.*s.%.*s", STR_FMT(n->schema), STR_FMT(n->name));
}

static int extremum(struct analyzer *an, struct scope *s, const struct ast_func_call *call, enum expr_kind kind,
                    struct type want, struct expr **out, struct err *err)
{
    struct expr *e = expr_new(an->arena, kind, want, (uint32_t)call->args.n);
    TRY(expr_analyze_list(an, s, &call->args, want, kind == EXPR_GREATEST ? "GREATEST" : "LEAST", e->args, &e->type,
                          err));
    *out = e;
    return 0;
}

static int analyze_args(struct analyzer *an, struct scope *s, const struct ast_list *list, struct expr ***args,
                        struct err *err)
{
    *args = ARENA_ARRAY(an->arena, struct expr *, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        if (!ast_is_literal_like(list->items[i]))
            TRY(expr_analyze(an, s, list->items[i], T_ANYELEMENT, &(*args)[i], err));
    }
    return 0;
}

// What is an INT4 to PostgreSQL: besides columns and casts, small literals, and what chooses among such values.
static bool is_small_int(const struct expr *e)
{
    bool small = true;
    switch (e->kind) {
    case EXPR_CONST:
        return e->value.null || (e->type.family == TYPE_INT && e->value.i >= INT32_MIN && e->value.i <= INT32_MAX);
    case EXPR_CASE:
        for (uint32_t i = 1; i < e->n_args; i += 2)
            small &= is_small_int(e->args[i]);
        return small && is_small_int(e->args[e->n_args - 1]);
    case EXPR_COALESCE:
    case EXPR_GREATEST:
    case EXPR_LEAST:
        for (uint32_t i = 0; i < e->n_args; i++)
            small &= is_small_int(e->args[i]);
        return small;
    case EXPR_NULLIF:
        return is_small_int(e->args[0]);
    default:
        return e->type.width <= 32;
    }
}

// The dialect of PostgreSQL: sum() of INT4 and INT2 is sum_int().
static void narrow_sum(struct analyzer *an, const struct ast_func_call *call, struct expr *e)
{
    size_t n;
    if (!an->options->integer_sums || strcmp(e->fn->name, "sum") != 0 || e->args[0]->type.family != TYPE_INT ||
        !is_small_int(e->args[0]))
        return;
    e->fn = fn_lookup(STR("sum_int"), &n)[0];
    e->type = T_INT8;
    ARENA_PUSH(an->arena, &an->query->postgresql_readings, &call->base);
}

static bool is_logarithm(const char *name)
{
    return strcmp(name, "ln") == 0 || strcmp(name, "log") == 0 || strcmp(name, "log10") == 0;
}

// The dialect of PostgreSQL: logarithms of integers are of FLOAT.
static int float_logarithm(struct analyzer *an, const struct ast_func_call *call, struct expr *e, struct err *err)
{
    size_t n;
    if (!an->options->integer_sums || !is_logarithm(e->fn->name) || e->fn->args[0].family != TYPE_INT)
        return 0;
    const struct fn_overload *const *all = fn_lookup(str_of(e->fn->name), &n);
    for (size_t i = 0; i < n; i++) {
        if (all[i]->n_args == e->n_args && all[i]->args[0].family == TYPE_FLOAT)
            e->fn = all[i];
    }
    for (uint32_t i = 0; i < e->n_args; i++)
        TRY(expr_cast(an, e->args[i], T_FLOAT8, false, &e->args[i], err));
    e->type = e->fn->result;
    ARENA_PUSH(an->arena, &an->query->postgresql_readings, &call->base);
    return 0;
}

static int resolve(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct str name,
                   const struct fn_overload *const *candidates, size_t n, struct type want, struct expr **out,
                   struct err *err)
{
    struct expr **args;
    TRY(analyze_args(an, s, &call->args, &args, err));
    struct expr *e = expr_new(an->arena, EXPR_CALL, T_UNKNOWN, 0);
    TRY(overload_resolve(an, s, "function", name, false, candidates, n, call->args.items, args, (uint32_t)call->args.n,
                         want, call->base.position, &e->fn, &e->type, err));
    e->args = args;
    e->n_args = (uint32_t)call->args.n;
    e->position = call->base.position;
    narrow_sum(an, call, e);
    TRY(float_logarithm(an, call, e, err));
    if (e->fn->volatility == FN_STABLE || e->fn->volatility == FN_VOLATILE)
        an->query->stable = true;
    *out = e;
    return 0;
}

static int not_allowed(const struct ast_func_call *call, const char *kind, const char *clause, struct err *err)
{
    err_set(err, ERR_GROUPING_ERROR, "%s functions are not allowed in %s", kind,
            clause != NULL ? clause : "this context");
    return err_at(err, call->base.position);
}

static int order_items(struct analyzer *an, struct scope *s, const struct ast_list *list, struct expr *e,
                       struct err *err)
{
    e->n_order = (uint32_t)list->n;
    e->order = ARENA_ARRAY(an->arena, struct sort_key, list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct ast_order_item *item = ast_as_order_item(list->items[i]);
        if (item->index != NULL)
            return unsupported(err, &item->base, "ORDER BY INDEX in an aggregate or window");
        TRY(order_key(an, item, &e->order[i], err));
        TRY(expr_analyze(an, s, item->expr, T_ANYELEMENT, &e->order[i].expr, err));
    }
    return 0;
}

static int within_group(struct analyzer *an, struct ast_func_call *call, struct err *err)
{
    struct ast_list args = {0};
    if (call->order_by.n != 1)
        return unsupported(err, &call->base, "WITHIN GROUP with several sort expressions");
    const struct ast_order_item *item = ast_as_order_item(call->order_by.items[0]);
    if (item->index != NULL)
        return unsupported(err, &item->base, "ORDER BY INDEX in an aggregate or window");
    for (size_t i = 0; i < call->args.n; i++)
        ast_list_push(an->arena, &args, call->args.items[i]);
    ast_list_push(an->arena, &args, item->expr);
    if (item->direction == AST_DIRECTION_DESC) {
        struct ast_boolean *descending = AST_NEW(an->arena, BOOLEAN, boolean, call->base.position);
        descending->value = true;
        ast_list_push(an->arena, &args, &descending->base);
    }
    call->args = args;
    call->order_by = (struct ast_list){0};
    return 0;
}

// The call becomes a column of the grouping above the FROM clause.
static int aggregate(struct analyzer *an, const struct ast_func_call *call, struct str name,
                     const struct fn_overload *const *candidates, size_t n, struct expr **out, struct err *err)
{
    struct select_context *sc = an->select;
    if (sc == NULL || !sc->aggregates_allowed)
        return not_allowed(call, "aggregate", sc == NULL ? NULL : sc->clause, err);
    if (sc->in_aggregate) {
        err_set(err, ERR_GROUPING_ERROR, "aggregate function calls cannot be nested");
        return err_at(err, call->base.position);
    }
    struct ast_func_call ordered_set = *call; // f(x) WITHIN GROUP (ORDER BY y DESC) is computed as f(x, y, true)
    if (call->within_group) {
        TRY(within_group(an, &ordered_set, err));
        call = &ordered_set;
    }
    sc->in_aggregate = true;
    struct expr *e = NULL;
    int rc = resolve(an, sc->input_scope, call, name, candidates, n, T_ANYELEMENT, &e, err);
    if (rc == 0)
        rc = order_items(an, sc->input_scope, &call->order_by, e, err);
    if (rc == 0 && call->filter != NULL)
        rc = expr_analyze_bool(an, sc->input_scope, call->filter, "FILTER", &e->filter, err);
    sc->in_aggregate = false;
    TRY(rc);
    e->kind = EXPR_AGGREGATE;
    e->aggregate_distinct = call->distinct;
    struct projection item = {query_add_column(an->query, name, e->type), e};
    ARENA_PUSH(an->arena, &sc->aggregates, item);
    *out = expr_column(an->query, item.column);
    (*out)->position = call->base.position;
    return 0;
}

static const struct ast_window_def *named_window(const struct select_context *sc, struct str name)
{
    for (size_t i = 0; sc->named_windows != NULL && i < sc->named_windows->n; i++) {
        const struct ast_window_def *w = ast_as_window_def(sc->named_windows->items[i]);
        if (str_eq(w->name, name))
            return w;
    }
    return NULL;
}

static int frame_offset(struct analyzer *an, struct scope *s, const struct ast *offset, const struct expr *window,
                        bool range, const char *mode, struct expr **out, struct err *err)
{
    if (offset == NULL)
        return 0;
    struct type want = T_INT8;
    if (range && window->n_order == 1) {
        struct type key = window->order[0].expr->type;
        bool temporal = key.family == TYPE_DATE || key.family == TYPE_TIMESTAMP || key.family == TYPE_TIMESTAMPTZ ||
                        key.family == TYPE_TIME || key.family == TYPE_INTERVAL;
        want = temporal ? T_INTERVAL : key;
    }
    TRY(expr_analyze_assign(an, s, offset, want, STR("frame offset"), out, err));
    struct col_set used = col_set_new(an->arena, an->query), none = col_set_new(an->arena, an->query);
    expr_columns(*out, &used);
    if (!col_set_subset(&used, &none)) {
        err_set(err, ERR_INVALID_COLUMN_REFERENCE, "argument of %s must not contain variables", mode);
        return err_at(err, offset->position);
    }
    return 0;
}

static int window_frame(struct analyzer *an, struct scope *s, const struct ast *node, struct expr *e, struct err *err)
{
    if (node == NULL)
        return 0;
    const struct ast_window_frame *f = ast_as_window_frame(node);
    struct window_frame *frame = ARENA_NEW(an->arena, struct window_frame);
    frame->mode = f->mode == AST_FRAME_ROWS ? FRAME_ROWS : f->mode == AST_FRAME_RANGE ? FRAME_RANGE : FRAME_GROUPS;
    static const enum frame_bound bounds[] = {
        [AST_BOUND_UNBOUNDED_PRECEDING] = FRAME_UNBOUNDED_PRECEDING,
        [AST_BOUND_OFFSET_PRECEDING] = FRAME_PRECEDING,
        [AST_BOUND_CURRENT_ROW] = FRAME_CURRENT_ROW,
        [AST_BOUND_OFFSET_FOLLOWING] = FRAME_FOLLOWING,
        [AST_BOUND_UNBOUNDED_FOLLOWING] = FRAME_UNBOUNDED_FOLLOWING,
    };
    frame->start = bounds[f->start];
    frame->end = bounds[f->end];
    bool range = frame->mode == FRAME_RANGE;
    if (range && (f->start_offset != NULL || f->end_offset != NULL) && e->n_order != 1) {
        err_set(err, ERR_WINDOWING_ERROR, "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
        return err_at(err, node->position);
    }
    if (frame->mode == FRAME_GROUPS && e->n_order == 0) {
        err_set(err, ERR_WINDOWING_ERROR, "GROUPS mode requires an ORDER BY clause");
        return err_at(err, node->position);
    }
    const char *mode = ast_frame_mode_sql(f->mode);
    TRY(frame_offset(an, s, f->start_offset, e, range, mode, &frame->start_offset, err));
    TRY(frame_offset(an, s, f->end_offset, e, range, mode, &frame->end_offset, err));
    frame->exclude = f->exclusion == AST_EXCLUDE_CURRENT_ROW ? EXCLUDE_CURRENT_ROW
                     : f->exclusion == AST_EXCLUDE_GROUP     ? EXCLUDE_GROUP
                     : f->exclusion == AST_EXCLUDE_TIES      ? EXCLUDE_TIES
                                                             : EXCLUDE_NONE;
    e->frame = frame;
    return 0;
}

// OVER (base …) may add to a window but not change what it has.
static int window_copy_allowed(const struct ast_window_def *w, const struct ast_window_def *base, struct err *err)
{
    if (w->base_name.ptr == NULL)
        return 0;
    if (w->partition_by.n > 0)
        err_set(err, ERR_WINDOWING_ERROR, "cannot override PARTITION BY clause of window \"%.*s\"",
                STR_FMT(base->name));
    else if (w->order_by.n > 0 && base->order_by.n > 0)
        err_set(err, ERR_WINDOWING_ERROR, "cannot override ORDER BY clause of window \"%.*s\"", STR_FMT(base->name));
    else if (base->frame != NULL)
        err_set(err, ERR_WINDOWING_ERROR, "cannot copy window \"%.*s\" because it has a frame clause",
                STR_FMT(base->name));
    else
        return 0;
    return err_at(err, w->base.position);
}

static int window_parts(struct analyzer *an, struct scope *s, const struct ast_window_def *w, struct expr *e,
                        struct err *err)
{
    if (w->base_name.ptr != NULL || (w->name.ptr != NULL && w->partition_by.n == 0 && w->order_by.n == 0)) {
        struct str base = w->base_name.ptr != NULL ? w->base_name : w->name;
        const struct ast_window_def *def = named_window(an->select, base);
        if (def == NULL) {
            err_set(err, ERR_UNDEFINED_OBJECT, "window \"%.*s\" does not exist", STR_FMT(base));
            return err_at(err, w->base.position);
        }
        TRY(window_copy_allowed(w, def, err));
        if (def != w)
            TRY(window_parts(an, s, def, e, err));
    }
    if (w->partition_by.n > 0) {
        e->n_partition = (uint32_t)w->partition_by.n;
        e->partition = ARENA_ARRAY(an->arena, struct expr *, w->partition_by.n);
        for (size_t i = 0; i < w->partition_by.n; i++)
            TRY(expr_analyze(an, s, w->partition_by.items[i], T_ANYELEMENT, &e->partition[i], err));
    }
    if (w->order_by.n > 0)
        TRY(order_items(an, s, &w->order_by, e, err));
    return window_frame(an, s, w->frame, e, err);
}

static int window_call(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct str name,
                       const struct fn_overload *const *candidates, size_t n, struct expr **out, struct err *err)
{
    struct select_context *sc = an->select;
    if (sc == NULL || !sc->windows_allowed || sc->in_window) {
        err_set(err, ERR_WINDOWING_ERROR, "window functions are not allowed in %s",
                sc == NULL || sc->clause == NULL ? "this context" : sc->clause);
        return err_at(err, call->base.position);
    }
    if (candidates[0]->kind != FN_AGGREGATE && candidates[0]->kind != FN_WINDOW) {
        err_set(err, ERR_WRONG_OBJECT_TYPE,
                "OVER specified, but %.*s() is neither a window function nor an aggregate function", STR_FMT(name));
        return err_at(err, call->base.position);
    }
    if (call->filter != NULL && candidates[0]->kind == FN_WINDOW) {
        err_set(err, ERR_WRONG_OBJECT_TYPE, "FILTER specified, but %.*s() is not an aggregate function", STR_FMT(name));
        return err_at(err, call->base.position);
    }
    if (call->distinct || call->order_by.n > 0) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s is not implemented for window functions",
                call->distinct ? "DISTINCT" : "aggregate ORDER BY");
        return err_at(err, call->base.position);
    }
    sc->in_window = true;
    struct expr *e = NULL;
    int rc = resolve(an, s, call, name, candidates, n, T_ANYELEMENT, &e, err);
    if (rc == 0)
        rc = window_parts(an, s, ast_as_window_def(call->window), e, err);
    if (rc == 0 && call->filter != NULL)
        rc = expr_analyze_bool(an, s, call->filter, "FILTER", &e->filter, err);
    sc->in_window = false;
    TRY(rc);
    e->kind = EXPR_WINDOW;
    struct projection item = {query_add_column(an->query, name, e->type), e};
    ARENA_PUSH(an->arena, &sc->windows, item);
    *out = expr_column(an->query, item.column);
    return 0;
}

// A set-returning call's columns, and a row of them in its place.
static void add_set_call(struct analyzer *an, struct expr *e, struct str name, struct expr **out)
{
    struct select_context *sc = an->select;
    uint32_t n_cols = e->fn->n_columns > 0 ? e->fn->n_columns : 1;
    col_id *cols = ARENA_ARRAY(an->arena, col_id, n_cols);
    struct expr *row = expr_new(an->arena, EXPR_TUPLE, T_RECORD, n_cols);
    struct type *types = ARENA_ARRAY(an->arena, struct type, n_cols);
    struct str *names = ARENA_ARRAY(an->arena, struct str, n_cols);
    for (uint32_t i = 0; i < n_cols; i++) {
        types[i] = e->fn->n_columns > 0 ? e->fn->columns[i].type : e->type;
        names[i] = e->fn->n_columns > 0 ? str_of(e->fn->columns[i].name) : name;
        if (types[i].family == TYPE_ANY) // of a tuple: the elements of the array it is made from
            types[i] = e->type.family == TYPE_TUPLE && e->n_args > 0 && e->args[0]->type.family == TYPE_ARRAY
                           ? type_element(e->args[0]->type)
                           : e->type;
        cols[i] = query_add_column(an->query, names[i], types[i]);
        row->args[i] = expr_column(an->query, cols[i]);
    }
    ARENA_PUSH(an->arena, &sc->srf_calls, e);
    ARENA_PUSH(an->arena, &sc->srf_cols, cols);
    ARENA_PUSH(an->arena, &sc->srf_n_cols, n_cols);
    row->field_types = types;
    row->field_names = names;
    row->parameter = n_cols;
    *out = n_cols == 1 ? row->args[0] : row;
}

static int set_allowed(struct analyzer *an, const struct ast_func_call *call, struct err *err)
{
    const struct select_context *sc = an->select;
    if (sc != NULL && sc->srf_allowed && !sc->in_srf)
        return 0;
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in %s",
            sc == NULL || sc->clause == NULL ? "this context" : sc->clause);
    return err_at(err, call->base.position);
}

// In a target list: its rows multiply those of the query.
static int set_returning(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct str name,
                         const struct fn_overload *const *candidates, size_t n, struct expr **out, struct err *err)
{
    TRY(set_allowed(an, call, err));
    struct select_context *sc = an->select;
    sc->in_srf = true;
    struct expr *e = NULL;
    int rc = resolve(an, s, call, name, candidates, n, T_ANYELEMENT, &e, err);
    sc->in_srf = false;
    TRY(rc);
    add_set_call(an, e, name, out);
    return 0;
}

// ---- user-defined functions

// An overload for calls with the first n of the input parameters, the others by default. `expand`: in FROM, where a row
// is its columns.
static struct fn_overload *routine_overload(struct analyzer *an, const struct cat_function *f, uint32_t n, bool expand)
{
    static const enum fn_volatility volatilities[] = {['i'] = FN_IMMUTABLE, ['s'] = FN_STABLE, ['v'] = FN_VOLATILE};
    struct arena *a = an->arena;
    struct fn_overload *fn = ARENA_NEW(a, struct fn_overload);
    struct type *args = ARENA_ARRAY(a, struct type, n);
    for (size_t i = 0, k = 0; i < f->n_params && k < n; i++) {
        if (cat_param_is_input(&f->params[i]))
            args[k++] = f->params[i].type;
    }
    *fn = (struct fn_overload){.name = arena_cstr(a, f->name),
                               .oid = TYPE_OID_USER_FIRST + f->id,
                               .volatility = volatilities[(unsigned char)f->volatility],
                               .strict = f->strict,
                               .n_args = (uint8_t)n,
                               .args = args,
                               .result = f->result,
                               .routine = f,
                               .scalar = fn_routine_scalar,
                               .set = fn_routine_set};
    struct cat_function_column *columns;
    size_t n_columns = cat_function_columns(f, a, &columns);
    const struct type_def *def = n_columns == 1 ? columns[0].type.def : NULL;
    bool composite = def != NULL && def->is_composite && columns[0].type.family == TYPE_TUPLE;
    fn->kind = f->returns_set || (expand && (n_columns > 1 || composite)) ? FN_SET_RETURNING : FN_SCALAR;
    if (fn->kind == FN_SCALAR || (n_columns == 1 && !(expand && composite)))
        return fn;
    fn->n_columns = (uint8_t)(composite ? def->n_fields : n_columns);
    struct fn_column *list = ARENA_ARRAY(a, struct fn_column, fn->n_columns);
    for (uint8_t i = 0; i < fn->n_columns; i++) {
        list[i].name = arena_cstr(a, composite ? def->fields[i].name : columns[i].name);
        list[i].type = composite ? def->fields[i].type : columns[i].type;
    }
    fn->columns = list;
    return fn;
}

static bool routine_takes(const struct cat_function *f, size_t n_args)
{
    size_t n = 0, required = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        n += cat_param_is_input(&f->params[i]);
        if (cat_param_is_input(&f->params[i]) && f->params[i].default_sql.len == 0)
            required = n;
    }
    return n_args >= required && n_args <= n;
}

// Gives every argument exactly its parameter's type, and those left out their default.
static int routine_arguments(struct analyzer *an, struct scope *s, const struct cat_function *f, struct expr *e,
                             struct err *err)
{
    struct expr **args = ARENA_ARRAY(an->arena, struct expr *, f->n_params + 1);
    uint32_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        const struct cat_function_param *p = &f->params[i];
        struct ast *node;
        if (!cat_param_is_input(p))
            continue;
        if (n < e->n_args) {
            args[n] = e->args[n];
        } else {
            TRY(parse_expr(an->arena, p->default_sql, &node, err));
            TRY(expr_analyze(an, s, node, p->type, &args[n], err));
        }
        TRY(expr_cast(an, args[n], p->type, false, &args[n], err));
        n++;
    }
    e->args = args;
    e->n_args = n;
    return 0;
}

static int may_execute(struct analyzer *an, const struct cat_function *f, struct err *err)
{
    bool ok;
    TRY(cat_check_schema_usage(an->options->view, an->options->scope.user, f->schema_id, err));
    TRY(cat_has_privilege(an->options->view, an->options->scope.user, &f->acl, CAT_PRIVILEGE_EXECUTE, &ok, err));
    return ok ? 0 : cat_no_privilege(err, an->options->scope.user, CAT_PRIVILEGE_EXECUTE, "function", f->name);
}

// A row of several output parameters, as far as the analyzer knows it.
static void record_shape(struct analyzer *an, struct expr *e)
{
    struct cat_function_column *columns;
    size_t n = cat_function_columns(e->fn->routine, an->arena, &columns);
    if (n < 2)
        return;
    struct type *types = ARENA_ARRAY(an->arena, struct type, n);
    struct str *names = ARENA_ARRAY(an->arena, struct str, n);
    for (size_t i = 0; i < n; i++) {
        types[i] = columns[i].type;
        names[i] = columns[i].name;
    }
    e->field_types = types;
    e->field_names = names;
    e->parameter = (uint32_t)n;
}

static int unknown_routine(const struct ast_func_call *call, const char *kind, struct str name, struct err *err)
{
    err_set(err, ERR_UNDEFINED_FUNCTION, "unknown %s: %.*s()", kind, STR_FMT(name));
    return err_at(err, call->base.position);
}

static int finish_routine(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct expr *e,
                          struct str name, struct expr **out, struct err *err)
{
    const struct cat_function *f = e->fn->routine;
    TRY(may_execute(an, f, err));
    TRY(routine_arguments(an, s, f, e, err));
    an->query->stable = true;
    *out = e;
    if (e->fn->kind != FN_SET_RETURNING) {
        record_shape(an, e);
        return 0;
    }
    TRY(set_allowed(an, call, err));
    add_set_call(an, e, name, out);
    return 0;
}

static int routine_call(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct type want,
                        struct expr **out, struct err *err)
{
    const struct ast_object_name *n = ast_as_object_name(call->name);
    const struct str all[] = {n->database, n->schema, n->name};
    size_t first = n->database.ptr != NULL ? 0 : n->schema.ptr != NULL ? 1 : 2, n_found = 0, n_candidates = 0;
    const struct cat_function **found;
    bool procedures = an->options->procedure_call == &call->base;
    const char *kind = procedures ? "procedure" : "function";
    if (an->options->view != NULL)
        TRY(cat_resolve_functions(an->options->view, &an->options->scope, an->arena, all + first,
                                  ARRAY_LEN(all) - first, &found, &n_found, err));
    bool expand = an->select != NULL && an->select->srf_allowed && !an->select->in_srf && an->select->clause != NULL &&
                  strcmp(an->select->clause, "FROM") == 0;
    TRY(place_routine_arguments(an, n->name, found, n_found, &call, err));
    const struct fn_overload **candidates = ARENA_ARRAY(an->arena, const struct fn_overload *, n_found);
    bool other_kind = false;
    for (size_t i = 0; i < n_found; i++) {
        other_kind |= found[i]->is_procedure != procedures;
        if (found[i]->is_procedure == procedures && routine_takes(found[i], call->args.n))
            candidates[n_candidates++] = routine_overload(an, found[i], (uint32_t)call->args.n, expand);
    }
    if (n_found == 0)
        return unknown_routine(call, kind, function_name(an, n), err);
    if (n_candidates == 0 && other_kind) {
        err_set(err, ERR_WRONG_OBJECT_TYPE, "%.*s() is not a %s", STR_FMT(n->name), kind);
        err_hint(err, procedures ? "To call a function, use SELECT." : "To call a procedure, use CALL.");
        return err_at(err, call->base.position);
    }
    if (call->window != NULL || call->filter != NULL || call->distinct)
        return unsupported(err, &call->base, "aggregate and window clauses with user-defined functions");
    struct expr *e;
    TRY(resolve(an, s, call, n->name, candidates, n_candidates, want, &e, err));
    return finish_routine(an, s, call, e, n->name, out, err);
}

// normalize(text, NFC): the form is a word, not a column.
static void name_form(struct analyzer *an, struct ast_func_call *call)
{
    static const char *const forms[] = {"nfc", "nfd", "nfkc", "nfkd"};
    const struct ast *form = call->args.n == 2 ? call->args.items[1] : NULL;
    if (form == NULL || form->kind != AST_COLUMN_REF || ast_as_column_ref(form)->table.len > 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (!str_eqc(ast_as_column_ref(form)->column, forms[i]))
            continue;
        struct ast_string *text = AST_NEW(an->arena, STRING, string, form->position);
        struct ast_list args = {0};
        text->value = str_of(forms[i]);
        ast_list_push(an->arena, &args, call->args.items[0]);
        ast_list_push(an->arena, &args, &text->base);
        call->args = args;
    }
}

int call_function(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct type want,
                  struct expr **out, struct err *err)
{
    struct str name = function_name(an, ast_as_object_name(call->name));
    if (str_eqc(name, "greatest") || str_eqc(name, "least"))
        return extremum(an, s, call, str_eqc(name, "greatest") ? EXPR_GREATEST : EXPR_LEAST, want, out, err);
    if (str_eqc(name, "grouping"))
        return grouping_call(an, s, call, out, err);
    if (call->star && str_eqc(name, "count"))
        name = STR("count_rows");
    size_t n = 0;
    const struct fn_overload *const *candidates = fn_lookup(name, &n);
    if (n == 0 || an->options->procedure_call == &call->base)
        return routine_call(an, s, call, want, out, err);
    TRY(place_built_in_arguments(an, name, &call, err));
    if (call->variadic)
        return unsupported(err, &call->base, "VARIADIC arguments");
    if (call->window != NULL)
        return window_call(an, s, call, name, candidates, n, out, err);
    switch (candidates[0]->kind) {
    case FN_AGGREGATE:
        return aggregate(an, call, name, candidates, n, out, err);
    case FN_WINDOW:
        if (call->within_group) {
            candidates = fn_lookup(arena_printf(an->arena, "%.*s_within_group", STR_FMT(name)), &n);
            if (n > 0)
                return aggregate(an, call, name, candidates, n, out, err);
        }
        err_set(err, ERR_WINDOWING_ERROR, "window function %.*s() requires an OVER clause", STR_FMT(name));
        return err_at(err, call->base.position);
    case FN_SET_RETURNING:
        return set_returning(an, s, call, name, candidates, n, out, err);
    case FN_SCALAR:
        break;
    }
    struct ast_func_call with_form;
    if (str_eqc(name, "normalize")) {
        with_form = *call;
        name_form(an, &with_form);
        call = &with_form;
    }
    TRY(resolve(an, s, call, name, candidates, n, want, out, err));
    *out = expr_fold(an, *out);
    return 0;
}
