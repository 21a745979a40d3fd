// User-defined functions at work: the statements of a body are planned once per session and state of the catalog, and
// run in the caller's transaction, each seeing what those before it did.
#include "sql/parse/parse.h"
#include "sql/session/session_int.h"
#include "types/tuple.h"

struct routine_plans {
    struct arena arena;
    uint32_t id;
    uint64_t catalog_version; // 0: of a transaction with schema changes, for one call
    uint64_t settings_epoch;
    struct cat_pin *pin;
    struct statement_plan **plans;
    size_t n_plans;
    uint32_t uses;
    bool stale; // freed with its last use
};

static void plans_free(struct session *s, struct routine_plans *p)
{
    cat_unpin(s->engine->catalog, p->pin);
    arena_release(&p->arena);
    mem_free(p);
}

static void plans_drop(struct session *s, struct routine_plans *p)
{
    p->stale = true;
    if (p->uses == 0)
        plans_free(s, p);
}

void routines_release(struct session *s)
{
    struct map_entry *m;
    for (size_t it = 0; (m = map_next(&s->routines, &it)) != NULL;)
        plans_drop(s, m->value);
    map_release(&s->routines);
    plpgsql_release(s);
}

void routine_options(struct arena *a, const struct cat_function *f, struct analyze_options *o)
{
    uint32_t *oids = ARENA_ARRAY(a, uint32_t, f->n_params + 1);
    struct str *names = ARENA_ARRAY(a, struct str, f->n_params + 1);
    size_t n = 0;
    for (size_t i = 0; i < f->n_params; i++) {
        if (!cat_param_is_input(&f->params[i]))
            continue;
        oids[n] = f->params[i].type.oid;
        names[n++] = f->params[i].name;
    }
    o->parameter_oids = oids;
    o->n_parameter_oids = n;
    o->parameter_names = names;
    o->routine_name = f->name;
}

static int plan_body(struct session *s, const struct cat_function *f, struct routine_plans *p, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct parsed_statements body;
    TRY(parse_sql(&p->arena, arena_str(&p->arena, f->body), NULL, &body, err));
    analyze_options_init(s, &options, &fold, &p->arena);
    TRY(analyze_options_in_database(s, &options, f->database_id, err));
    options.integer_sums = false; // the text is in no dialect
    routine_options(&p->arena, f, &options);
    struct optimize_options opt;
    optimize_options_init(s, &opt);
    optimize_options_for_routine(&opt);
    p->plans = ARENA_ARRAY(&p->arena, struct statement_plan *, body.n);
    for (size_t i = 0; i < body.n; i++) {
        struct query *q;
        TRY(analyze(&p->arena, &options, body.items[i].ast, &q, err));
        p->plans[p->n_plans] = optimize(q, &opt);
        TRY(plan_conforms(p->plans[p->n_plans++], err));
    }
    return 0;
}

static struct str id_key(const uint32_t *id)
{
    return (struct str){(const char *)id, sizeof(*id)};
}

// Plans for one call, which gives them back by plans_done.
static int plans_take(struct session *s, const struct cat_function *f, struct routine_plans **out, struct err *err)
{
    uint64_t version = cat_view_version(s->view);
    struct routine_plans *p = map_get(&s->routines, id_key(&f->id));
    if (p == NULL || version == 0 || p->catalog_version != version || p->settings_epoch != s->settings_epoch) {
        p = mem_zalloc(sizeof(*p));
        arena_init(&p->arena, NULL);
        p->id = f->id;
        p->catalog_version = version;
        p->settings_epoch = s->settings_epoch;
        p->pin = cat_view_pin(s->view);
        int rc = plan_body(s, f, p, err);
        if (rc != 0) {
            plans_free(s, p);
            return rc;
        }
        struct routine_plans *before = version != 0 ? map_put(&s->routines, id_key(&p->id), p) : NULL;
        if (before != NULL)
            plans_drop(s, before);
        p->stale = version == 0;
    }
    p->uses++;
    *out = p;
    return 0;
}

static void plans_done(struct session *s, struct routine_plans *p)
{
    if (--p->uses == 0 && p->stale)
        plans_free(s, p);
}

// ---- rows

struct routine_output {
    struct eval_context *ec;
    const struct cat_function_column *columns;
    size_t n_columns;
    struct fn_emit *emit;
    uint64_t max_rows, n_rows;
    struct datum *values, *row;
    struct type *types; // of the statement's columns
};

// One column of a composite type may be given as the columns of its fields.
static bool gives_fields(const struct routine_output *o, size_t n)
{
    struct type t = o->columns[0].type;
    return o->n_columns == 1 && type_is(t, TYPE_TUPLE) &&
           (t.def != NULL ? n == t.def->n_fields && !(n == 1 && o->types[0].oid == t.oid) : n > 1);
}

static int emit_values(struct routine_output *o, size_t n, struct err *err)
{
    if (gives_fields(o, n)) {
        struct tuple_field *fields = ARENA_ARRAY(o->ec->arena, struct tuple_field, n);
        for (size_t i = 0; i < n; i++)
            fields[i] = (struct tuple_field){o->types[i], STR_EMPTY, o->values[i]};
        struct datum row = datum_str(tuple_build(o->ec->arena, T_RECORD, fields, (uint32_t)n));
        TRY(cast_datum(o->ec, T_RECORD, o->columns[0].type, false, row, &o->row[0], err));
        return o->emit->row(o->emit, o->row, err);
    }
    for (size_t i = 0; i < o->n_columns; i++) {
        o->row[i] = o->values[i];
        if (!o->values[i].null && !type_identical(o->types[i], o->columns[i].type))
            TRY(cast_datum(o->ec, o->types[i], o->columns[i].type, false, o->values[i], &o->row[i], err));
    }
    return o->emit->row(o->emit, o->row, err);
}

static int emit_rows(struct routine_output *o, struct execution *e, struct err *err)
{
    const struct query *q = e->plan->query;
    o->values = ARENA_ARRAY(&e->arena, struct datum, q->n_output + 1);
    o->row = ARENA_ARRAY(&e->arena, struct datum, o->n_columns);
    o->types = ARENA_ARRAY(&e->arena, struct type, q->n_output + 1);
    for (uint32_t i = 0; i < q->n_output; i++)
        o->types[i] = q->columns.ptr[q->output[i]].type;
    for (;;) {
        struct batch b;
        TRY(exec_next(&e->x, &b, err));
        if (b.n == 0)
            return 0;
        for (uint32_t k = 0; k < b.n; k++) {
            for (uint32_t i = 0; i < q->n_output; i++)
                o->values[i] = vec_get(&b.cols[e->map[i]], batch_row(&b, k));
            if (o->max_rows == 0 || o->n_rows++ < o->max_rows)
                TRY(emit_values(o, q->n_output, err));
        }
        if (o->max_rows != 0 && o->n_rows >= o->max_rows && !q->has_mutation)
            return 0;
    }
}

static int run_statement_of(struct session *s, struct statement_plan *plan, const struct datum *args, bool last,
                            struct routine_output *o, struct err *err)
{
    struct execution *e;
    TRY(execution_start(s, plan, args, &e, err));
    bool wanted = last && plan->query->returns_rows && !type_is(o->columns[0].type, TYPE_VOID);
    int rc = wanted ? emit_rows(o, e, err) : exec_drain(&e->x, err);
    execution_free(e);
    return rc;
}

int session_call_routine(struct session *s, struct eval_context *ec, const struct cat_function *f,
                         const struct datum *args, struct fn_emit *emit, uint64_t max_rows, struct err *err)
{
    struct routine_plans *p;
    struct cat_function_column *columns;
    if (f->plpgsql)
        return plpgsql_call(s, ec, f, args, emit, max_rows, err);
    if (s->routine_depth >= ROUTINE_DEPTH_MAX)
        return err_set(err, ERR_STATEMENT_TOO_COMPLEX, "functions are nested too deeply");
    TRY(plans_take(s, f, &p, err));
    const struct fn_call *call = ec->call;
    struct arena *arena = ec->arena;
    struct routine_output o = {.ec = ec, .emit = emit, .max_rows = max_rows};
    o.n_columns = cat_function_columns(f, arena, &columns);
    o.columns = columns;
    s->routine_depth++;
    int rc = 0;
    for (size_t i = 0; i < p->n_plans && rc == 0; i++)
        rc = run_statement_of(s, p->plans[i], args, i + 1 == p->n_plans, &o, err);
    s->routine_depth--;
    ec->call = call;
    plans_done(s, p);
    return rc;
}
