// SQL in bodies of PL/pgSQL: analysis with the variables in sight, plans, evaluation. An expression without a subquery
// is compiled once per frame and evaluated over the variables as they are; anything else is run as a statement.
#include "sql/session/plpgsql_int.h"

// ---- names to parameters

struct binder {
    struct pl_frame *f;
    struct pl_plan *plan;
    const struct pl_name *names;
};

static struct expr *parameter(struct binder *b, struct arena *a, uint32_t variable, int64_t field, struct type t)
{
    struct pl_plan *p = b->plan;
    struct expr *e = expr_new(a, EXPR_PARAM, t, 0);
    size_t i = 0;
    while (i < p->refs.len && (p->refs.ptr[i].variable != variable || p->refs.ptr[i].field != field))
        i++;
    if (i == p->refs.len)
        ARENA_PUSH(&p->arena, &p->refs, ((struct pl_ref){variable, field, t}));
    e->parameter = (uint32_t)i;
    return e;
}

static struct pl_shape copy_shape(struct arena *a, const struct pl_shape *from)
{
    struct type *types = ARENA_ARRAY(a, struct type, from->n);
    struct str *names = ARENA_ARRAY(a, struct str, from->n);
    for (uint32_t i = 0; i < from->n; i++) {
        types[i] = from->types[i];
        names[i] = arena_str(a, from->names[i]);
    }
    return (struct pl_shape){from->n, types, names};
}

// The shape of a row now. That of a record is part of what the plan is made for.
static int shape_of(struct binder *b, uint32_t variable, const struct pl_shape **out, struct err *err)
{
    const struct pl_slot *slot = &b->f->slots[variable];
    struct pl_plan *p = b->plan;
    *out = b->f->r->variables[variable].shape;
    if (*out != NULL)
        return 0;
    if (slot->shape == NULL) {
        err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "record \"%.*s\" is not assigned yet",
                STR_FMT(b->f->r->tree.variables[variable].name));
        return err_detail(err, "The tuple structure of a not-yet-assigned record is indeterminate.");
    }
    for (size_t i = 0; i < p->records.len; i++) {
        *out = p->records.ptr[i].shape;
        if (p->records.ptr[i].variable == variable)
            return 0;
    }
    struct pl_shape *copy = ARENA_NEW(&p->arena, struct pl_shape);
    *copy = copy_shape(&p->arena, slot->shape);
    ARENA_PUSH(&p->arena, &p->records, ((struct pl_record_use){variable, copy}));
    *out = copy;
    return 0;
}

static int whole_variable(struct binder *b, struct arena *a, uint32_t variable, struct expr **out, struct err *err)
{
    const struct pl_info *info = &b->f->r->variables[variable];
    const struct pl_shape *shape;
    if (!info->is_row || info->type.def != NULL) {
        *out = parameter(b, a, variable, -1, info->type);
        return 0;
    }
    TRY(shape_of(b, variable, &shape, err));
    struct expr *row = expr_new(a, EXPR_TUPLE, T_RECORD, shape->n);
    for (uint32_t i = 0; i < shape->n; i++)
        row->args[i] = parameter(b, a, variable, i, shape->types[i]);
    row->field_types = shape->types;
    row->field_names = shape->names;
    row->parameter = shape->n;
    *out = row;
    return 0;
}

static int no_field(struct binder *b, uint32_t variable, struct str name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_COLUMN, "record \"%.*s\" has no field \"%.*s\"",
                   STR_FMT(b->f->r->tree.variables[variable].name), STR_FMT(name));
}

static int field_of(struct binder *b, struct arena *a, uint32_t variable, const struct str *names, size_t n,
                    struct expr **out, struct err *err)
{
    const struct pl_shape *shape;
    TRY(shape_of(b, variable, &shape, err));
    uint32_t i = 0;
    while (i < shape->n && !str_eq(shape->names[i], names[0]))
        i++;
    if (i == shape->n)
        return no_field(b, variable, names[0], err);
    struct expr *e = parameter(b, a, variable, i, shape->types[i]);
    for (size_t k = 1; k < n; k++) { // fields of fields
        const struct type_def *def = e->type.def;
        uint32_t at = 0;
        while (def != NULL && at < def->n_fields && !str_eq(def->fields[at].name, names[k]))
            at++;
        if (def == NULL || at == def->n_fields)
            return no_field(b, variable, names[k], err);
        struct expr *inner = expr_new(a, EXPR_FIELD, def->fields[at].type, 1);
        inner->args[0] = e;
        inner->parameter = at;
        e = inner;
    }
    *out = e;
    return 0;
}

static int find_variable(void *arg, struct arena *a, const struct ast_column_ref *ref, struct expr **out,
                         struct err *err)
{
    struct binder *b = arg;
    struct str all[] = {ref->database, ref->schema, ref->table, ref->star ? STR_NONE : ref->column}, parts[4];
    size_t n = 0, used;
    uint32_t variable;
    *out = NULL;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i].ptr != NULL)
            parts[n++] = all[i];
    if (n == 0 || !pl_find_variable(b->names, parts, n, &variable, &used))
        return 0;
    if (used == n)
        return whole_variable(b, a, variable, out, err);
    return b->f->r->variables[variable].is_row ? field_of(b, a, variable, parts + used, n - used, out, err) : 0;
}

// ---- plans

static void plan_free(struct session *s, struct pl_plan *p)
{
    cat_unpin(s->engine->catalog, p->pin);
    arena_release(&p->arena);
    mem_free(p);
}

void pl_plan_done(struct session *s, struct pl_plan *p)
{
    if (p != NULL && --p->uses == 0 && p->stale)
        plan_free(s, p);
}

static struct pl_plan *plan_new(struct session *s)
{
    struct pl_plan *p = mem_zalloc(sizeof(*p));
    arena_init(&p->arena, NULL);
    p->stamp = pl_stamp_now(s);
    p->pin = cat_view_pin(s->view);
    p->serial = ++s->plpgsql_serial;
    p->uses = 1;
    return p;
}

static void set_shape(struct pl_plan *p)
{
    const struct query *q = p->query;
    struct type *types = ARENA_ARRAY(&p->arena, struct type, q->n_output);
    struct str *names = ARENA_ARRAY(&p->arena, struct str, q->n_output);
    for (uint32_t i = 0; i < q->n_output; i++) {
        struct type t = q->columns.ptr[q->output[i]].type;
        types[i] = type_is(t, TYPE_UNKNOWN) ? T_STRING : t;
        names[i] = q->output_names[i];
    }
    p->shape = (struct pl_shape){q->returns_rows ? q->n_output : 0, types, names};
}

static int plan_query(struct pl_frame *f, struct pl_plan *p, const struct ast *ast, struct analyze_options *o,
                      bool expression, struct err *err)
{
    const struct cat_function *fn = f->r->f;
    if (fn->database_id != 0)
        TRY(analyze_options_in_database(f->s, o, fn->database_id, err));
    o->integer_sums = (fn->reading & CAT_READING_POSTGRESQL) != 0;
    TRY(analyze(&p->arena, o, ast, &p->query, err));
    set_shape(p);
    p->scalar = expression ? query_scalar(p->query) : NULL;
    if (p->scalar != NULL) {
        p->quick = pl_quick_compile(f, p, p->scalar);
        return 0;
    }
    struct optimize_options opt;
    optimize_options_init(f->s, &opt);
    optimize_options_for_routine(&opt);
    p->plan = optimize(p->query, &opt);
    return plan_conforms(p->plan, err);
}

static int make_plan(struct pl_frame *f, const struct pl_sql *sql, struct pl_plan **out, struct err *err)
{
    struct pl_plan *p = plan_new(f->s);
    p->variables_serial = f->r->variables_serial;
    struct binder b = {f, p, sql->names};
    struct analyze_variables variables = {find_variable, &b, VARIABLE_OR_COLUMN};
    struct analyze_options o;
    struct eval_context fold;
    variables.conflict = f->r->tree.conflict == PL_CONFLICT_VARIABLE ? VARIABLE_FIRST
                         : f->r->tree.conflict == PL_CONFLICT_COLUMN ? COLUMN_FIRST
                                                                     : VARIABLE_OR_COLUMN;
    analyze_options_init(f->s, &o, &fold, &p->arena);
    o.variables = &variables;
    o.trigger = f->trigger;
    const struct ast *ast = sql->ast;
    int rc = ast->kind == AST_CALL ? call_as_query(f->s, &p->arena, ast, &o, &p->procedure, &ast, err) : 0;
    if (rc == 0)
        rc = plan_query(f, p, ast, &o, sql->kind == PL_SQL_EXPRESSION || sql->ast->kind == AST_CALL, err);
    if (rc != 0) {
        err_at(err, 0);
        plan_free(f->s, p);
        return rc;
    }
    *out = p;
    return 0;
}

int pl_plan_text(struct pl_frame *f, const struct ast *ast, const struct type *types, size_t n, struct pl_plan **out,
                 struct err *err)
{
    struct pl_plan *p = plan_new(f->s);
    struct analyze_options o;
    struct eval_context fold;
    uint32_t *oids = ARENA_ARRAY(&p->arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++)
        oids[i] = types[i].oid;
    p->stale = true;
    analyze_options_init(f->s, &o, &fold, &p->arena);
    o.trigger = f->trigger;
    o.parameter_oids = oids;
    o.n_parameter_oids = n;
    int rc = plan_query(f, p, ast, &o, false, err);
    if (rc == 0 && p->query->n_parameters > n)
        rc = err_set(err, ERR_UNDEFINED_PARAMETER, "there is no parameter $%zu", n + 1);
    if (rc != 0) {
        err_at(err, 0);
        plan_free(f->s, p);
        return rc;
    }
    *out = p;
    return 0;
}

static bool is_current(struct pl_frame *f, const struct pl_plan *p)
{
    if (!pl_stamp_is(&p->stamp, f->s) || p->variables_serial != f->r->variables_serial)
        return false;
    for (size_t i = 0; i < p->records.len; i++) {
        const struct pl_shape *now = f->slots[p->records.ptr[i].variable].shape;
        if (now == NULL || !pl_shape_equal(now, p->records.ptr[i].shape))
            return false;
    }
    return true;
}

int pl_plan_take(struct pl_frame *f, const struct pl_sql *sql, struct pl_plan **out, struct err *err)
{
    struct pl_plan **kept = &f->r->plans[sql->number];
    if (*kept == NULL || !is_current(f, *kept)) {
        struct pl_plan *fresh;
        TRY(make_plan(f, sql, &fresh, err));
        if (*kept != NULL) {
            (*kept)->stale = true;
            pl_plan_done(f->s, *kept);
        }
        *kept = fresh; // whose one use is to be kept
    }
    (*kept)->uses++;
    *out = *kept;
    return 0;
}

// ---- parameters

static struct datum ref_value(struct pl_frame *f, const struct pl_ref *ref, struct arena *a)
{
    const struct pl_slot *slot = &f->slots[ref->variable];
    if (ref->field >= 0)
        return slot->fields != NULL ? slot->fields[ref->field] : DATUM_NULL;
    return f->r->variables[ref->variable].is_row ? pl_slot_value(f, ref->variable, a).value : slot->value;
}

struct datum *pl_parameters(struct pl_frame *f, const struct pl_plan *p, struct arena *keep)
{
    struct datum *values = keep != NULL ? ARENA_ARRAY(keep, struct datum, p->refs.len + 1) : f->parameters;
    if (keep == NULL && p->refs.len > f->n_parameters) {
        f->n_parameters = p->refs.len * 2;
        values = f->parameters = ARENA_ARRAY(&f->arena, struct datum, f->n_parameters);
    }
    for (size_t i = 0; i < p->refs.len; i++) {
        values[i] = ref_value(f, &p->refs.ptr[i], &f->scratch);
        if (keep != NULL)
            values[i] = datum_copy(keep, p->refs.ptr[i].type, values[i]);
    }
    return values;
}

// ---- evaluation

static int evaluate_scalar(struct pl_frame *f, const struct pl_sql *sql, struct pl_plan *p, struct pl_value *out,
                           struct err *err)
{
    struct pl_compiled *c = &f->compiled[sql->number];
    f->x.parameters = pl_parameters(f, p, NULL);
    f->x.eval.arena = &f->scratch;
    if (c->serial != p->serial) {
        c->ev = exec_compile(&f->x, p->scalar);
        c->serial = p->serial;
    }
    out->type = p->scalar->type;
    return exec_evaluate(c->ev, &out->value, err);
}

static int first_row(struct pl_frame *f, const struct pl_sql *sql, struct pl_rows *rows, struct pl_plan *p,
                     struct pl_value *out, struct err *err)
{
    bool found, more = false;
    *out = (struct pl_value){p->shape.types[0], DATUM_NULL};
    TRY(pl_rows_next(rows, &found, err));
    if (found)
        out->value = datum_copy(&f->scratch, out->type, rows->values[0]);
    if (found)
        TRY(pl_rows_next(rows, &more, err));
    if (!more)
        return 0;
    err_set(err, ERR_CARDINALITY_VIOLATION, "query returned more than one row");
    return err_context(err, "query: SELECT %.*s", STR_FMT(sql->text));
}

static int evaluate_query(struct pl_frame *f, const struct pl_sql *sql, struct pl_plan *p, struct pl_value *out,
                          struct err *err)
{
    struct pl_rows rows;
    if (p->shape.n != 1) {
        err_set(err, ERR_SYNTAX_ERROR, "query returned %u columns", p->shape.n);
        return err_context(err, "query: SELECT %.*s", STR_FMT(sql->text));
    }
    TRY(pl_rows_open(f, p, pl_parameters(f, p, &f->scratch), sql->text, &rows, err));
    rows.expression = true;
    int rc = first_row(f, sql, &rows, p, out, err);
    pl_rows_close(&rows);
    return rc;
}

int pl_evaluate(struct pl_frame *f, const struct pl_sql *sql, struct pl_value *out, struct err *err)
{
    struct pl_plan *p;
    int rc;
    arena_reset(&f->scratch);
    TRY(pl_plan_take(f, sql, &p, err));
    if (p->quick != NULL) {
        out->type = p->scalar->type;
        f->x.eval.arena = &f->scratch;
        rc = pl_quick_run(f, p->quick, &out->value, err);
    } else {
        rc = p->scalar != NULL ? evaluate_scalar(f, sql, p, out, err) : evaluate_query(f, sql, p, out, err);
    }
    pl_plan_done(f->s, p);
    return rc;
}

int pl_evaluate_as(struct pl_frame *f, const struct pl_sql *sql, struct type t, struct datum *out, struct err *err)
{
    struct pl_value v;
    TRY(pl_evaluate(f, sql, &v, err));
    return pl_cast(f, v, t, out, err);
}

int pl_evaluate_condition(struct pl_frame *f, const struct pl_sql *sql, bool *out, struct err *err)
{
    struct datum d;
    TRY(pl_evaluate_as(f, sql, T_BOOL, &d, err));
    *out = !d.null && d.b;
    return 0;
}

// As clients see the value, which is not always what a cast makes of it.
int pl_evaluate_text(struct pl_frame *f, const struct pl_sql *sql, struct arena *a, struct str *out, struct err *err)
{
    struct pl_value v;
    struct buf b = BUF_INIT;
    TRY(pl_evaluate(f, sql, &v, err));
    *out = STR_NONE;
    if (v.value.null)
        return 0;
    if (type_is(v.type, TYPE_OID)) {
        TRY(pl_cast(f, v, T_STRING, &v.value, err));
        v.type = T_STRING;
    }
    datum_print(&b, v.type, v.value, &f->s->vc);
    *out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return 0;
}

// ---- rows

static void begin_sql(struct pl_rows *r)
{
    r->f->running = r->text;
}

static int end_sql(const struct pl_rows *r, int rc, struct err *err)
{
    r->f->running = STR_EMPTY;
    if (rc != 0)
        (void)err_context(err, r->expression ? "SQL expression \"%.*s\"" : "SQL statement \"%.*s\"", STR_FMT(r->text));
    return rc;
}

static int next_batch(struct pl_rows *r, struct err *err)
{
    begin_sql(r);
    TRY(end_sql(r, exec_next(&r->e->x, &r->batch, err), err));
    r->at = 0;
    r->e->finished = r->batch.n == 0;
    return 0;
}

int pl_rows_open(struct pl_frame *f, struct pl_plan *p, const struct datum *parameters, struct str text,
                 struct pl_rows *out, struct err *err)
{
    *out = (struct pl_rows){.f = f, .text = text};
    begin_sql(out);
    TRY(end_sql(out, execution_start(f->s, p->plan, parameters, &out->e, err), err));
    out->n_output = p->shape.n;
    f->open_rows++;
    out->values = ARENA_ARRAY(&out->e->arena, struct datum, out->n_output + 1);
    return 0;
}

int pl_rows_next(struct pl_rows *r, bool *found, struct err *err)
{
    *found = false;
    if (r->e->finished)
        return 0;
    if (r->at == r->batch.n) {
        TRY(next_batch(r, err));
        if (r->e->finished)
            return 0;
    }
    uint32_t row = batch_row(&r->batch, r->at++);
    for (uint32_t i = 0; i < r->n_output; i++)
        r->values[i] = vec_get(&r->batch.cols[r->e->map[i]], row);
    *found = true;
    return 0;
}

int pl_rows_drain(struct pl_rows *r, uint64_t *n, struct err *err)
{
    *n = r->batch.n - r->at;
    while (!r->e->finished) {
        TRY(next_batch(r, err));
        *n += r->batch.n;
    }
    return 0;
}

void pl_rows_close(struct pl_rows *r)
{
    r->f->open_rows--;
    execution_free(r->e);
}
