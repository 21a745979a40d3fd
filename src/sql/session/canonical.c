// Canonical SQL text of stored expressions and queries: written once, when a descriptor is made, and read back by every
// statement that uses it. Annotations are tried against the analyzer: a literal gets a type only where the text then is
// analyzed to the same expression.
#include "sql/session/canonical_int.h"
#include "base/util.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

static struct str printed(struct arena *a, const struct ast *n)
{
    struct buf b = BUF_INIT;
    ast_print(&b, n, AST_PRINT_DEFAULT);
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

// ---- sequences: nextval('s') and friends

static bool is_sequence_function(const struct ast *n)
{
    static const char *const names[] = {"nextval", "currval", "setval"};
    if (n->kind != AST_FUNC_CALL || ast_as_func_call(n)->args.n == 0)
        return false;
    struct str name = ast_as_object_name(ast_as_func_call(n)->name)->name;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqc(name, names[i]))
            return true;
    }
    return false;
}

// 's', or that cast to REGCLASS; else NULL.
static struct ast_string *sequence_literal(struct ast *arg)
{
    if (arg->kind == AST_CAST)
        arg = ((struct ast_cast *)arg)->operand;
    else if (arg->kind == AST_ANNOTATE)
        arg = ((struct ast_annotate *)arg)->operand;
    return arg->kind == AST_STRING ? (struct ast_string *)arg : NULL;
}

// The relation that a text names; NULL when it is no name, or there may be none of that name and is none.
static int relation_of_text(struct arena *a, const struct analyze_options *o, struct str text, bool missing_ok,
                            const struct cat_table **out, struct err *err)
{
    struct ast *node;
    struct err ignored = ERR_INIT;
    *out = NULL;
    int rc = parse_expr(a, text, &node, &ignored);
    err_reset(&ignored);
    if (rc != 0 || node->kind != AST_COLUMN_REF)
        return 0;
    const struct ast_column_ref *ref = ast_as_column_ref(node);
    const struct str all[] = {ref->schema, ref->table, ref->column};
    size_t first = ref->schema.ptr != NULL ? 0 : ref->table.ptr != NULL ? 1 : 2;
    return cat_resolve_table(o->view, &o->scope, all + first, ARRAY_LEN(all) - first, missing_ok, out, err);
}

static int schema_qualified(struct arena *a, const struct analyze_options *o, const struct cat_table *t,
                            struct str *out, struct err *err)
{
    const struct cat_schema *schema;
    struct buf b = BUF_INIT;
    TRY(cat_schema_by_id(o->view, t->schema_id, &schema, err));
    print_identifier(&b, schema->name);
    buf_putc(&b, '.');
    print_identifier(&b, t->name);
    *out = arena_str(a, buf_view(&b));
    buf_release(&b);
    return 0;
}

static struct ast *cast_node(struct arena *a, struct ast *operand, const char *type)
{
    struct ast_cast *cast = AST_NEW(a, CAST, cast, 0);
    struct ast_type_name *t = AST_NEW(a, TYPE_NAME, type_name, 0);
    t->name = str_of(type);
    cast->operand = operand;
    cast->type = &t->base;
    cast->syntax = AST_CAST_SHORT;
    return &cast->base;
}

// ---- the dialect of PostgreSQL

static bool is_float_cast(const struct ast *n)
{
    return n->kind == AST_CAST && str_eqc(ast_as_type_name(ast_as_cast(n)->type)->name, "float8");
}

static void leave_call(struct arena *a, struct ast_func_call *call)
{
    struct ast_object_name *name = (struct ast_object_name *)call->name;
    if (str_eqc(name->name, "sum")) {
        name->name = STR("sum_int");
        return;
    }
    for (size_t i = 0; i < call->args.n; i++) { // a logarithm; once, however often the call has been analyzed
        if (!is_float_cast(call->args.items[i]))
            call->args.items[i] = cast_node(a, call->args.items[i], "float8");
    }
}

// What is stored is in no dialect: divisions of integers are written //, sums of small ones sum_int(), logarithms of
// integers ln(n::FLOAT8).
static void leave_dialect(struct arena *a, const struct query *q)
{
    for (size_t i = 0; i < q->postgresql_readings.len; i++) {
        struct ast *n = (struct ast *)q->postgresql_readings.ptr[i];
        if (n->kind == AST_BINARY)
            ((struct ast_binary *)n)->op = AST_OP_FLOOR_DIV;
        else
            leave_call(a, (struct ast_func_call *)n);
    }
}

struct sequence_walk {
    struct arena *arena;
    const struct analyze_options *options;
    bool rewrite; // to schema-qualified names
    ARENA_VEC(uint32_t) ids;
    int rc;
    struct err *err;
};

static int use_sequence(struct sequence_walk *w, struct ast_func_call *call, struct err *err)
{
    const struct cat_table *t;
    struct ast_string *literal = sequence_literal(call->args.items[0]);
    if (literal == NULL)
        return 0;
    TRY(relation_of_text(w->arena, w->options, literal->value, !w->rewrite, &t, err));
    if (t == NULL || t->kind != CAT_SEQUENCE)
        return 0;
    ARENA_PUSH(w->arena, &w->ids, t->id);
    if (!w->rewrite)
        return 0;
    struct ast_string *name = AST_NEW(w->arena, STRING, string, 0);
    TRY(schema_qualified(w->arena, w->options, t, &name->value, err));
    call->args.items[0] = cast_node(w->arena, &name->base, "regclass");
    return 0;
}

static bool visit_sequence(void *arg, struct ast *n)
{
    struct sequence_walk *w = arg;
    if (w->rc == 0 && is_sequence_function(n))
        w->rc = use_sequence(w, (struct ast_func_call *)n, w->err);
    return w->rc == 0;
}

// ---- user-defined types and functions: by schema-qualified name

struct type_walk {
    struct arena *arena;
    const struct analyze_options *options;
    int rc;
    struct err *err;
};

static bool qualify_type(void *arg, struct ast *n)
{
    struct type_walk *w = arg;
    struct type t;
    if (n->kind != AST_TYPE_NAME || w->rc != 0)
        return w->rc == 0;
    struct ast_type_name *name = (struct ast_type_name *)n;
    if (name->schema.ptr != NULL || name->oid != 0 || type_from_name(name->name, &t))
        return true;
    w->rc = analyze_type(w->options->view, &w->options->scope, n, &t, w->err);
    if (w->rc == 0 && t.def != NULL)
        name->schema = t.def->schema;
    return w->rc == 0;
}

// User-defined functions too.
static bool qualify_call(void *arg, struct ast *n)
{
    struct type_walk *w = arg;
    const struct cat_function **found;
    size_t n_found, n_built_in;
    if (n->kind != AST_FUNC_CALL || w->rc != 0)
        return w->rc == 0;
    struct ast_object_name *name = (struct ast_object_name *)ast_as_func_call(n)->name;
    fn_lookup(name->name, &n_built_in);
    if (name->schema.ptr != NULL || n_built_in > 0)
        return true;
    w->rc =
        cat_resolve_functions(w->options->view, &w->options->scope, w->arena, &name->name, 1, &found, &n_found, w->err);
    const struct cat_schema *schema = NULL;
    if (w->rc == 0 && n_found > 0)
        w->rc = cat_schema_by_id(w->options->view, found[0]->schema_id, &schema, w->err);
    if (schema != NULL)
        name->schema = schema->name;
    return w->rc == 0;
}

static int qualify_types(struct arena *a, const struct analyze_options *options, struct ast *n, struct err *err)
{
    struct type_walk w = {a, options, 0, err};
    ast_walk(n, qualify_type, &w);
    ast_walk(n, qualify_call, &w);
    return w.rc;
}

// ---- expressions

static bool unqualify(void *arg, struct ast *n)
{
    (void)arg;
    if (n->kind == AST_COLUMN_REF) {
        struct ast_column_ref *ref = (struct ast_column_ref *)n;
        ref->database = ref->schema = ref->table = STR_NONE;
    }
    return true;
}

// A literal with its type: 0:::INT8, '2020-01-01':::DATE.
static struct ast *annotated(struct arena *a, struct ast *literal, struct type t)
{
    struct buf b = BUF_INIT;
    struct ast *type;
    type_print(&b, t);
    struct ast_annotate *out = AST_NEW(a, ANNOTATE, annotate, 0);
    int rc = parse_type(a, buf_view(&b), NULL, &type, NULL);
    buf_release(&b);
    if (rc != 0)
        return literal;
    out->operand = literal;
    out->type = type;
    return &out->base;
}

static bool is_literal(const struct ast *n)
{
    return n->kind == AST_NUMBER || n->kind == AST_STRING;
}

static struct type literal_type(const struct ast *n)
{
    if (n->kind == AST_STRING)
        return T_STRING;
    const struct ast_number *number = ast_as_number(n);
    return number->is_integer && number->fits_int64 ? T_INT8 : T_DECIMAL;
}

// A literal that may be annotated, and the type it most likely has.
struct literal_slot {
    struct ast **node, *literal;
    struct type likely;
};

struct annotation {
    struct arena *arena;
    const struct cat_table *table;
    ARENA_VEC(struct literal_slot) slots;
};

static struct type plain_type(struct type t)
{
    struct type plain;
    return type_from_oid(t.oid, &plain) ? plain : t;
}

// Beside a column a literal has the column's type, else its own.
static void add_literal(struct annotation *an, struct ast **node, const struct ast *beside)
{
    const struct cat_column *c = NULL;
    if (*node == NULL || !is_literal(*node))
        return;
    struct literal_slot slot = {node, *node, literal_type(*node)};
    if (beside != NULL && beside->kind == AST_COLUMN_REF && an->table != NULL)
        c = cat_column_by_name(an->table, ast_as_column_ref(beside)->column);
    if (c != NULL && c->type.family != TYPE_STRING)
        slot.likely = plain_type(c->type);
    ARENA_PUSH(an->arena, &an->slots, slot);
}

static void add_literals(struct annotation *an, struct ast_list list, const struct ast *beside)
{
    for (size_t i = 0; i < list.n; i++)
        add_literal(an, &list.items[i], beside);
}

static void add_case_literals(struct annotation *an, struct ast_case *c)
{
    for (size_t i = 0; i < c->whens.n; i++) {
        struct ast_when *w = (struct ast_when *)c->whens.items[i];
        add_literal(an, &w->result, NULL);
        add_literal(an, &w->condition, c->operand);
    }
    add_literal(an, &c->otherwise, NULL);
}

static bool find_literals(void *arg, struct ast *n)
{
    struct annotation *an = arg;
    switch (n->kind) {
    case AST_BINARY: {
        struct ast_binary *b = (struct ast_binary *)n;
        add_literal(an, &b->left, b->right);
        add_literal(an, &b->right, b->left);
        return true;
    }
    case AST_BETWEEN: {
        struct ast_between *b = (struct ast_between *)n;
        add_literal(an, &b->low, b->operand);
        add_literal(an, &b->high, b->operand);
        return true;
    }
    case AST_IN:
        add_literals(an, ((struct ast_in *)n)->items, ((struct ast_in *)n)->operand);
        return true;
    case AST_FUNC_CALL:
        add_literals(an, ((struct ast_func_call *)n)->args, NULL);
        return true;
    case AST_COALESCE:
        add_literals(an, ((struct ast_coalesce *)n)->args, NULL);
        return true;
    case AST_ARRAY:
        add_literals(an, ((struct ast_array *)n)->items, NULL);
        return true;
    case AST_TUPLE:
        add_literals(an, ((struct ast_tuple *)n)->items, NULL);
        return true;
    case AST_CASE:
        add_case_literals(an, (struct ast_case *)n);
        return true;
    case AST_CAST:
        return !is_literal(((struct ast_cast *)n)->operand);
    case AST_ANNOTATE:
        return false;
    default:
        return true;
    }
}

// Functions whose overloads differ in result only are stored with the result they were resolved to.
static bool is_clock_function(const struct ast *n)
{
    static const char *const names[] = {"now",
                                        "current_timestamp",
                                        "transaction_timestamp",
                                        "statement_timestamp",
                                        "clock_timestamp",
                                        "localtimestamp",
                                        "current_time",
                                        "localtime"};
    if (n->kind != AST_FUNC_CALL)
        return false;
    struct str name = ast_as_object_name(ast_as_func_call(n)->name)->name;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqc(name, names[i]))
            return true;
    }
    return false;
}

// A literal alone takes the type wanted: a constant is written as its value.
static struct str literal_sql(struct canonical *c, struct ast *n)
{
    struct type plain = plain_type(c->expr->type);
    if (c->expr->kind != EXPR_CONST || c->expr->value.null)
        return printed(c->arena, annotated(c->arena, n, plain));
    struct buf b = BUF_INIT;
    datum_print_sql(&b, plain, c->expr->value, true);
    struct str text = arena_str(c->arena, buf_view(&b));
    buf_release(&b);
    return text;
}

// Whether the text is analyzed to the same expression. A literal that is read anew at every use (a DATE, which may be
// 'today') only has to be accepted.
static bool means_the_same(struct canonical *c, struct str sql, bool literal)
{
    struct ast *node;
    struct query *q;
    struct expr *e = NULL;
    struct err ignored = ERR_INIT;
    bool ok = parse_expr(c->arena, sql, &node, &ignored) == 0;
    if (ok && c->trigger)
        ok = analyze_trigger_condition(c->arena, c->options, c->table, node, &q, &e, &ignored) == 0;
    else if (ok)
        ok = analyze_table_expr(c->arena, c->options, c->table, node, c->want, c->context, &q, &e, &ignored) == 0;
    err_reset(&ignored);
    return ok && (expr_equal(e, c->expr) || (literal && c->expr->kind != EXPR_CONST));
}

// One literal at a time: the first type under which the whole still means the same.
static void annotate_each(struct canonical *c, struct annotation *an, struct ast *whole)
{
    const struct type others[] = {T_INT8,     T_DECIMAL,     T_FLOAT8,    T_STRING,
                                  T_INTERVAL, T_TIMESTAMPTZ, T_TIMESTAMP, T_DATE};
    for (size_t i = 0; i < an->slots.len; i++) {
        struct literal_slot *slot = &an->slots.ptr[i];
        bool number = slot->literal->kind == AST_NUMBER, done = false;
        *slot->node = annotated(c->arena, slot->literal, slot->likely);
        done = means_the_same(c, printed(c->arena, whole), false);
        for (size_t k = number ? 0 : 3; k < (number ? 3 : ARRAY_LEN(others)) && !done; k++) {
            *slot->node = annotated(c->arena, slot->literal, others[k]);
            done = means_the_same(c, printed(c->arena, whole), false);
        }
        if (!done)
            *slot->node = slot->literal;
    }
}

// Annotates the literals inside the expression, all at once when that works. Long lists are not tried one by one.
static struct str annotated_sql(struct canonical *c, struct ast *n)
{
    enum { TRIED_MAX = 40 };
    struct annotation an = {.arena = c->arena, .table = c->table};
    if (is_clock_function(n))
        return printed(c->arena, annotated(c->arena, n, c->expr->type));
    ast_walk(n, find_literals, &an);
    for (size_t i = 0; i < an.slots.len; i++)
        *an.slots.ptr[i].node = annotated(c->arena, an.slots.ptr[i].literal, an.slots.ptr[i].likely);
    struct str sql = printed(c->arena, n);
    if (means_the_same(c, sql, false))
        return sql;
    for (size_t i = 0; i < an.slots.len; i++)
        *an.slots.ptr[i].node = an.slots.ptr[i].literal;
    if (an.slots.len <= TRIED_MAX)
        annotate_each(c, &an, n);
    return printed(c->arena, n);
}

int canonical_expr(struct canonical *c, const struct ast *expr, struct err *err)
{
    leave_dialect(c->arena, c->query);
    struct ast *copy = ast_copy(c->arena, expr);
    if (!c->trigger)
        ast_walk(copy, unqualify, NULL);
    TRY(qualify_types(c->arena, c->options, copy, err));
    struct sequence_walk w = {.arena = c->arena, .options = c->options, .rewrite = true, .err = err};
    ast_walk(copy, visit_sequence, &w);
    TRY(w.rc);
    for (size_t i = 0; i < w.ids.len; i++)
        ARENA_PUSH(c->arena, &c->sequences, w.ids.ptr[i]);
    struct str plain = printed(c->arena, copy);
    c->sql = plain;
    if (w.ids.len > 0)
        return 0;
    bool literal = is_literal(copy) || copy->kind == AST_BYTES;
    struct str sql = literal ? literal_sql(c, copy) : annotated_sql(c, copy);
    if (means_the_same(c, sql, literal))
        c->sql = sql;
    return 0;
}

// ---- queries

struct qualification {
    struct canonical_query *c;
    ARENA_VEC(struct str) ctes;
    int rc;
    struct err *err;
};

static bool collect_cte(void *arg, struct ast *n)
{
    struct qualification *q = arg;
    if (n->kind == AST_CTE)
        ARENA_PUSH(q->c->arena, &q->ctes, ast_as_cte(n)->name);
    return true;
}

static bool is_cte(const struct qualification *q, const struct ast_object_name *n)
{
    for (size_t i = 0; n->schema.ptr == NULL && i < q->ctes.len; i++) {
        if (str_eq(q->ctes.ptr[i], n->name))
            return true;
    }
    return false;
}

static int qualify_name(struct canonical_query *c, struct ast_object_name *n, struct err *err)
{
    const struct str all[] = {n->database, n->schema, n->name};
    size_t first = n->database.ptr != NULL ? 0 : n->schema.ptr != NULL ? 1 : 2;
    const struct cat_table *t;
    const struct cat_database *d;
    const struct cat_schema *schema;
    const struct analyze_options *o = c->options;
    TRY(cat_resolve_table(o->view, &o->scope, all + first, ARRAY_LEN(all) - first, true, &t, err));
    if (t == NULL)
        return 0;
    TRY(cat_schema_by_id(o->view, t->schema_id, &schema, err));
    if (schema == NULL)
        return 0;
    n->schema = schema->name;
    if (t->database_id == 0) // virtual: in every database
        return 0;
    TRY(cat_database_by_id(o->view, t->database_id, &d, err));
    n->database = d->name;
    bool listed = false;
    for (size_t i = 0; i < c->relations.len; i++)
        listed |= c->relations.ptr[i] == t->id;
    if (!listed)
        ARENA_PUSH(c->arena, &c->relations, t->id);
    return 0;
}

static bool qualify(void *arg, struct ast *n)
{
    struct qualification *q = arg;
    if (n->kind != AST_ALIASED_TABLE || q->rc != 0)
        return q->rc == 0;
    struct ast *source = ((struct ast_aliased_table *)n)->source;
    if (source->kind == AST_OBJECT_NAME && !is_cte(q, ast_as_object_name(source)))
        q->rc = qualify_name(q->c, (struct ast_object_name *)source, q->err);
    return q->rc == 0;
}

// ---- stars

struct star_expansion {
    struct canonical_query *c;
    const struct ast *with; // of the whole query
};

static bool is_star(const struct ast *target)
{
    const struct ast *e = ast_as_target(target)->expr;
    return e != NULL && e->kind == AST_COLUMN_REF && ast_as_column_ref(e)->star;
}

static bool has_duplicates(const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_eq(names[i], names[k]))
                return true;
        }
    }
    return false;
}

// The columns that a star stands for: those of SELECT <star> FROM <the same>. None when that is no query of its own (it
// is LATERAL) or when names are not enough to tell the columns apart.
static void star_columns(struct star_expansion *s, const struct ast_select_core *core, struct ast *target,
                         struct ast_list *out)
{
    struct arena *a = s->c->arena;
    struct ast_select *select = AST_NEW(a, SELECT, select, 0);
    struct ast_select_core *alone = AST_NEW(a, SELECT_CORE, select_core, 0);
    struct query *q;
    struct err ignored = ERR_INIT;
    select->with = (struct ast *)s->with;
    select->body = &alone->base;
    alone->from = core->from;
    ast_list_push(a, &alone->targets, target);
    int rc = analyze(a, s->c->options, &select->base, &q, &ignored);
    err_reset(&ignored);
    if (rc != 0 || has_duplicates(q->output_names, q->n_output)) {
        ast_list_push(a, out, target);
        return;
    }
    struct str table = ast_as_column_ref(ast_as_target(target)->expr)->table;
    for (uint32_t i = 0; i < q->n_output; i++) {
        struct ast_target *t = AST_NEW(a, TARGET, target, 0);
        struct ast_column_ref *ref = AST_NEW(a, COLUMN_REF, column_ref, 0);
        ref->table = table;
        ref->column = q->output_names[i];
        t->expr = &ref->base;
        ast_list_push(a, out, &t->base);
    }
}

static bool expand_stars(void *arg, struct ast *n)
{
    struct star_expansion *s = arg;
    if (n->kind != AST_SELECT_CORE)
        return true;
    struct ast_select_core *core = (struct ast_select_core *)n;
    struct ast_list targets = {0};
    for (size_t i = 0; i < core->targets.n; i++) {
        if (is_star(core->targets.items[i]))
            star_columns(s, core, core->targets.items[i], &targets);
        else
            ast_list_push(s->c->arena, &targets, core->targets.items[i]);
    }
    core->table_stmt &= targets.n == 1 && is_star(targets.items[0]);
    core->targets = targets;
    return true;
}

int canonical_query(struct canonical_query *c, const struct ast *query, struct err *err)
{
    leave_dialect(c->arena, c->query);
    struct ast *copy = ast_copy(c->arena, query);
    struct qualification q = {.c = c, .err = err};
    struct star_expansion stars = {c, copy->kind == AST_SELECT ? ast_as_select(copy)->with : NULL};
    ast_walk(copy, expand_stars, &stars);
    ast_walk(copy, collect_cte, &q);
    ast_walk(copy, qualify, &q);
    TRY(q.rc);
    TRY(qualify_types(c->arena, c->options, copy, err));
    struct sequence_walk w = {.arena = c->arena, .options = c->options, .rewrite = true, .err = err};
    ast_walk(copy, visit_sequence, &w);
    TRY(w.rc);
    for (size_t i = 0; i < w.ids.len; i++)
        ARENA_PUSH(c->arena, &c->relations, w.ids.ptr[i]);
    c->sql = printed(c->arena, copy);
    return 0;
}
