// AS OF SYSTEM TIME: at which version a statement or a transaction reads.
//
// The clause that counts is that of a statement's outermost SELECT; those further inside have to mean the same time. A
// statement of its own moves its implicit transaction to the version, in an explicit one the time must be that of the
// transaction. Bounded staleness (with_min_timestamp, with_max_staleness) asks for the newest data at hand that are not
// older than a bound: here that is always the newest.
#include "sql/session/as_of_int.h"
#include "catalog/zone.h"
#include "sql/parse/ast_print.h"

static bool follower_function(struct str name)
{
    return str_ieqc(name, "follower_read_timestamp") || str_ieqc(name, "experimental_follower_read_timestamp");
}

static bool bounded_function(struct str name)
{
    return str_ieqc(name, "with_min_timestamp") || str_ieqc(name, "with_max_staleness");
}

// The name of the function that the whole expression calls; empty: it is no such call.
static struct str called(const struct ast *e)
{
    if (!ast_is(e, AST_FUNC_CALL))
        return STR_EMPTY;
    const struct ast *name = ast_as_func_call(e)->name;
    return ast_is(name, AST_OBJECT_NAME) ? ast_as_object_name(name)->name : STR_EMPTY;
}

bool as_of_is_bounded(const struct ast *e)
{
    return bounded_function(called(e));
}

static int not_constant(bool bounded_allowed, struct err *err)
{
    return err_set(err, ERR_UNCATEGORIZED,
                   "AS OF SYSTEM TIME: only constant expressions%s or follower_read_timestamp are allowed",
                   bounded_allowed ? ", with_min_timestamp, with_max_staleness," : "");
}

static bool find_call(void *arg, struct ast *n)
{
    bool *found = arg;
    *found |= n->kind == AST_FUNC_CALL;
    return true;
}

// The lowest number of a parameter, 0: none so far.
static bool find_parameter(void *arg, struct ast *n)
{
    int64_t *lowest = arg, index = n->kind == AST_PLACEHOLDER ? ast_as_placeholder(n)->index : 0;
    if (index != 0 && (*lowest == 0 || index < *lowest))
        *lowest = index;
    return true;
}

static int check_constant(const struct ast *e, const struct expr *value, bool bounded_allowed, struct err *err)
{
    struct str name = called(e);
    if (follower_function(name) || (bounded_allowed && bounded_function(name)))
        return 0;
    bool calls = false;
    ast_walk((struct ast *)e, find_call, &calls);
    enum fn_volatility volatility = expr_volatility(value);
    if (volatility == FN_VOLATILE || (calls && volatility == FN_STABLE))
        return not_constant(bounded_allowed, err);
    return 0;
}

// ---- values to versions

struct reading {
    struct session *s;
    struct arena *arena;
    struct str text; // the value as errors show it
    int64_t ns;
};

static int not_a_time(struct err *err)
{
    return err_set(err, ERR_UNCATEGORIZED, "AS OF SYSTEM TIME: value is neither timestamp, decimal, nor interval");
}

static int read_micros(struct reading *r, int64_t micros, struct err *err)
{
    return __builtin_mul_overflow(micros, (int64_t)1000, &r->ns) ? not_a_time(err) : 0;
}

static int interval_before_now(struct reading *r, struct interval iv, struct err *err)
{
    int64_t micros;
    TRY(timestamp_add(r->s->statement_micros, iv, NULL, &micros, err));
    if (micros == r->s->statement_micros)
        return err_set(err, ERR_UNCATEGORIZED,
                       "AS OF SYSTEM TIME: interval value '%.*s' too small, absolute value must be >= 1µs",
                       STR_FMT(r->text));
    if (micros > r->s->statement_micros)
        return err_set(err, ERR_UNCATEGORIZED,
                       "AS OF SYSTEM TIME: interval value '%.*s' too large, AS OF interval must be <= -1µs",
                       STR_FMT(r->text));
    return read_micros(r, micros, err);
}

// Nanoseconds with the logical clock behind the point, which is always 0 here.
static bool read_decimal(struct str text, int64_t *ns)
{
    const char *point = memchr(text.ptr, '.', text.len);
    size_t end = point != NULL ? (size_t)(point - text.ptr) : text.len;
    int64_t logical = 0;
    return str_to_i64(str_slice(text, 0, end), ns) &&
           (point == NULL || str_to_i64(str_slice(text, end + 1, text.len), &logical)) && logical >= 0;
}

static int read_text(struct reading *r, struct str text, struct err *err)
{
    struct datum d;
    r->text = text;
    if (read_decimal(text, &r->ns))
        return 0;
    if (datum_parse(r->arena, T_TIMESTAMPTZ, text, &r->s->vc, &d, NULL) == 0)
        return read_micros(r, d.i, err);
    if (datum_parse(r->arena, T_INTERVAL, text, &r->s->vc, &d, NULL) == 0)
        return interval_before_now(r, d.iv, err);
    return not_a_time(err);
}

static int read_value(struct reading *r, struct type t, struct datum d, struct err *err)
{
    struct buf b = BUF_INIT;
    if (d.null)
        return not_a_time(err);
    datum_print(&b, t, d, &r->s->vc);
    r->text = arena_str(r->arena, buf_view(&b));
    buf_release(&b);
    switch (t.family) {
    case TYPE_INTERVAL:
        return interval_before_now(r, d.iv, err);
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        return read_micros(r, d.i, err);
    case TYPE_INT:
        r->ns = d.i;
        return 0;
    case TYPE_DECIMAL:
        return read_decimal(r->text, &r->ns) ? 0 : not_a_time(err);
    case TYPE_STRING:
        return read_text(r, d.s, err);
    default:
        return err_set(err, ERR_UNCATEGORIZED, "AS OF SYSTEM TIME: expected timestamp, decimal, or interval, got %s",
                       type_family_name(t));
    }
}

static struct str version_text(struct arena *a, uint64_t version)
{
    return arena_printf(a, "%llu.%09llu,0", (unsigned long long)(version / 1000000000),
                        (unsigned long long)(version % 1000000000));
}

static int too_old(uint64_t version, uint64_t threshold, struct err *err)
{
    struct arena a;
    arena_init(&a, NULL);
    int rc = err_set(err, ERR_UNCATEGORIZED, "batch timestamp %.*s must be after replica GC threshold %.*s",
                     STR_FMT(version_text(&a, version)), STR_FMT(version_text(&a, threshold)));
    arena_release(&a);
    return rc;
}

static int check_range(struct reading *r, struct err *err)
{
    int64_t now = clock_wall_ns();
    if (r->ns == 0)
        return err_set(err, ERR_UNCATEGORIZED, "AS OF SYSTEM TIME: zero timestamp is invalid");
    if (r->ns < 0)
        return err_set(err, ERR_UNCATEGORIZED, "AS OF SYSTEM TIME: timestamp before 1970-01-01T00:00:00Z is invalid");
    if (r->ns > now)
        return err_set(
            err, ERR_UNCATEGORIZED, "AS OF SYSTEM TIME: cannot specify timestamp in the future (%.*s > %.*s)",
            STR_FMT(version_text(r->arena, (uint64_t)r->ns)), STR_FMT(version_text(r->arena, (uint64_t)now)));
    uint64_t oldest = kv_oldest_readable(r->s->engine->kv);
    return (uint64_t)r->ns < oldest ? too_old((uint64_t)r->ns, oldest, err) : 0;
}

static int evaluate(struct session *s, const struct ast *e, const struct as_of_arguments *args, bool bounded_allowed,
                    struct arena *a, uint64_t *out, struct err *err)
{
    struct analyze_options options;
    struct eval_context fold;
    struct query *q;
    struct expr *value;
    int64_t parameter = 0;
    ast_walk((struct ast *)e, find_parameter, &parameter);
    if (parameter != 0 && args->values == NULL)
        return parameter_missing(parameter, err);
    analyze_options_init(s, &options, &fold, a);
    options.parameter_oids = args->oids;
    options.n_parameter_oids = args->n;
    TRY(analyze_table_expr(a, &options, NULL, e, T_ANYELEMENT, "AS OF SYSTEM TIME", &q, &value, err));
    TRY(check_constant(e, value, bounded_allowed, err));
    struct exec_context x;
    struct statement_plan none = {.query = q};
    exec_context_init(s, &x, a, &s->budget);
    x.plan = &none;
    x.parameters = args->values;
    struct datum d;
    TRY(exec_scalar(&x, value, &d, err));
    struct reading r = {.s = s, .arena = a};
    TRY(read_value(&r, value->type, d, err));
    TRY(check_range(&r, err));
    *out = as_of_is_bounded(e) ? MAX((uint64_t)r.ns, kv_now(s->engine->kv)) : (uint64_t)r.ns;
    return 0;
}

// `now`: what zones there are.
static int check_age(struct cat_view *now, const struct cat_table *t, uint64_t version, struct err *err)
{
    int64_t seconds = 0;
    if (t->kind == CAT_VIEW || t->id < CAT_ID_DEFAULTDB)
        return 0;
    TRY(cat_zone_ttl(now, t, &seconds, err));
    uint64_t threshold = (uint64_t)(clock_wall_ns() - seconds * 1000000000);
    return version < threshold ? too_old(version, threshold, err) : 0;
}

int as_of_check_age(struct session *s, const struct cat_table *t, struct err *err)
{
    struct past now;
    if (s->txn_as_of == 0)
        return 0;
    TRY(past_open(s, 0, &now, err));
    int rc = check_age(now.view, t, s->txn_as_of, err);
    past_close(&now);
    return rc;
}

static bool listed(const uint32_t *ids, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

static int check_ages(struct past *then, struct past *now, struct arena *a, const uint32_t *ids, size_t n,
                      struct err *err)
{
    const struct cat_database **databases;
    const struct cat_table **tables;
    size_t n_databases, n_tables;
    TRY(cat_list_databases(then->view, a, &databases, &n_databases, err));
    for (size_t i = 0; i < n_databases; i++) {
        bool whole = n == 0 || listed(ids, n, databases[i]->id);
        TRY(cat_list_tables(then->view, a, databases[i]->id, 0, &tables, &n_tables, err));
        for (size_t k = 0; k < n_tables; k++) {
            if (whole || listed(ids, n, tables[k]->id))
                TRY(check_age(now->view, tables[k], then->version, err));
        }
    }
    return 0;
}

int as_of_check_ages(struct session *s, uint64_t version, const uint32_t *ids, size_t n, struct err *err)
{
    struct past now, then;
    TRY(past_open(s, 0, &now, err));
    int rc = past_open(s, version, &then, err);
    if (rc == 0) {
        struct arena a;
        arena_init(&a, &s->budget);
        rc = check_ages(&then, &now, &a, ids, n, err);
        arena_release(&a);
        past_close(&then);
    }
    past_close(&now);
    return rc;
}

int as_of_version(struct session *s, const struct ast *e, struct arena *a, uint64_t *out, struct err *err)
{
    return evaluate(s, e, &(struct as_of_arguments){0}, false, a, out, err);
}

// ---- statements

static const struct ast *of_select(const struct ast *select)
{
    const struct ast *body = ast_as_select(select)->body;
    while (ast_is(body, AST_SELECT)) // parentheses
        body = ast_as_select(body)->body;
    return ast_is(body, AST_SELECT_CORE) ? ast_as_select_core(body)->as_of : NULL;
}

const struct ast *as_of_clause(const struct ast *ast)
{
    switch (ast->kind) {
    case AST_SELECT:
        return of_select(ast);
    case AST_EXPLAIN:
        return as_of_clause(ast_as_explain(ast)->statement);
    case AST_COPY:
        return ast_as_copy(ast)->query != NULL ? as_of_clause(ast_as_copy(ast)->query) : NULL;
    case AST_DECLARE_CURSOR:
        return as_of_clause(ast_as_declare_cursor(ast)->query);
    case AST_CREATE_TABLE:
        return ast_as_create_table(ast)->as_query != NULL ? as_of_clause(ast_as_create_table(ast)->as_query) : NULL;
    case AST_CREATE_VIEW:
        return ast_as_create_view(ast)->materialized ? as_of_clause(ast_as_create_view(ast)->query) : NULL;
    case AST_REFRESH_VIEW:
        return ast_as_refresh_view(ast)->as_of;
    case AST_CREATE_STATISTICS:
        return ast_as_create_statistics(ast)->as_of;
    default:
        return NULL;
    }
}

struct clauses {
    struct session *s;
    const struct ast *top; // the statement's own
    const struct as_of_arguments *args;
    struct arena *arena;
    uint64_t version; // of `top`, or of the transaction
    bool any;
    int rc;
    struct err *err;
};

static bool note_any(void *arg, struct ast *n)
{
    struct clauses *c = arg;
    c->any |= n->kind == AST_SELECT_CORE && ast_as_select_core(n)->as_of != NULL;
    return !c->any;
}

bool as_of_anywhere(const struct ast *statement)
{
    struct clauses c = {0};
    ast_walk((struct ast *)statement, note_any, &c);
    return c.any || as_of_clause(statement) != NULL;
}

static bool note_parameter(void *arg, struct ast *n)
{
    if (n->kind == AST_SELECT_CORE)
        ast_walk(ast_as_select_core(n)->as_of, find_parameter, arg);
    return true;
}

bool as_of_has_parameter(const struct ast *statement)
{
    int64_t lowest = 0;
    ast_walk((struct ast *)statement, note_parameter, &lowest);
    return lowest != 0;
}

static bool check_inner(void *arg, struct ast *n)
{
    struct clauses *c = arg;
    const struct ast *as_of = n->kind == AST_SELECT_CORE ? ast_as_select_core(n)->as_of : NULL;
    if (as_of == NULL || c->rc != 0 || ast_equal(as_of, c->top))
        return c->rc == 0;
    uint64_t version;
    if (c->top == NULL && c->version == 0)
        c->rc = err_set(c->err, ERR_SYNTAX_ERROR, "AS OF SYSTEM TIME must be provided on a top-level statement");
    else
        c->rc = evaluate(c->s, as_of, c->args, false, c->arena, &version, c->err);
    if (c->rc == 0 && version != c->version)
        c->rc = err_set(c->err, ERR_FEATURE_NOT_SUPPORTED,
                        "unimplemented: cannot specify AS OF SYSTEM TIME with different timestamps");
    return c->rc == 0;
}

int as_of_evaluate(struct session *s, const struct ast *statement, const struct as_of_arguments *args, struct arena *a,
                   uint64_t *version, struct err *err)
{
    const struct ast *top = as_of_clause(statement);
    *version = s->txn_as_of;
    if (top != NULL)
        TRY(evaluate(s, top, args, true, a, version, err));
    struct clauses c = {.s = s, .top = top, .args = args, .arena = a, .version = *version, .err = err};
    ast_walk((struct ast *)statement, check_inner, &c);
    return c.rc;
}

static int inconsistent(struct session *s, uint64_t version, struct arena *a, struct err *err)
{
    err_set(err, ERR_FEATURE_NOT_SUPPORTED, "inconsistent AS OF SYSTEM TIME timestamp; expected: %.*s, got: %.*s",
            STR_FMT(version_text(a, kv_read_version(s->txn))), STR_FMT(version_text(a, version)));
    return s->txn_state == TXN_EXPLICIT ? err_hint(err, "try SET TRANSACTION AS OF SYSTEM TIME") : err->code;
}

int as_of_begin(struct session *s, const struct ast *statement, const struct as_of_arguments *args, struct arena *a,
                struct err *err)
{
    uint64_t version;
    TRY(as_of_evaluate(s, statement, args, a, &version, err));
    if (version == s->txn_as_of)
        return 0;
    if (s->txn_state == TXN_IMPLICIT && s->statements_in_txn == 0)
        return txn_read_at(s, version, err);
    if (as_of_is_bounded(as_of_clause(statement)))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot use a bounded staleness query in a transaction");
    return version == kv_read_version(s->txn) ? 0 : inconsistent(s, version, a, err);
}

int as_of_begin_bound(struct session *s, const struct statement_input *in, struct arena *a, struct err *err)
{
    const struct prepared *p = in->prepared;
    struct as_of_arguments args = {0};
    if (p == NULL)
        return as_of_begin(s, in->ast, &args, a, err);
    if (LIKELY(!p->as_of))
        return 0;
    args.values = in->parameters;
    args.oids = bound_oids(in, a, &args.n);
    return as_of_begin(s, in->ast, &args, a, err);
}

// ---- statements that read then and write now

int as_of_backfill(struct session *s, const struct ast *statement, struct arena *a, uint64_t *version, struct err *err)
{
    const struct ast *top = as_of_clause(statement);
    *version = 0;
    if (!as_of_anywhere(statement))
        return 0;
    if (top != NULL && as_of_is_bounded(top))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "unimplemented: cannot use bounded staleness with a statement that writes");
    if (top != NULL && s->txn_state != TXN_IMPLICIT)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "unimplemented: cannot run a backfill with AS OF SYSTEM TIME in a transaction");
    TRY(as_of_evaluate(s, statement, &(struct as_of_arguments){0}, a, version, err));
    if (top == NULL)
        *version = 0;
    return 0;
}

int past_open(struct session *s, uint64_t version, struct past *p, struct err *err)
{
    struct kv_begin_options options = {.read_only = true,
                                       .as_of = version,
                                       .budget = &s->budget,
                                       .meter = s->engine->meter != NULL ? &s->meter : NULL,
                                       .tag = (uint64_t)s->pid};
    *p = (struct past){.session = s, .version = version};
    enum kv_result r = kv_begin(s->engine->kv, &options, &p->txn);
    if (r != KV_OK)
        return cat_kv_error(NULL, (int)r, err);
    int rc = cat_view_open(s->engine->catalog, p->txn, &p->view, err);
    if (rc != 0)
        kv_abort(p->txn);
    return rc;
}

void past_switch(struct past *p)
{
    struct session *s = p->session;
    struct past before = {.txn = s->txn, .view = s->view, .version = s->txn_as_of};
    s->txn = p->txn;
    s->view = p->view;
    s->txn_as_of = p->version;
    p->txn = before.txn;
    p->view = before.view;
    p->version = before.version;
}

void past_close(struct past *p)
{
    cat_view_close(p->view);
    kv_abort(p->txn);
}
