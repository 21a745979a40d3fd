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

// The relation that a text names, NULL when there is none.
static int relation_of_text(struct arena *a, const struct analyze_options *o, struct str text,
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
    return cat_resolve_table(o->view, &o->scope, all + first, ARRAY_LEN(all) - first, true, out, err);
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
    TRY(relation_of_text(w->arena, w->options, literal->value, &t, err));
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
    int rc = parse_type(a, buf_view(&b), &type, NULL);
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

struct annotation {
    struct arena *arena;
    const struct cat_table *table;
};

// Type that a literal takes from what it stands beside: the plain type of a column, else the literal's own.
static struct type type_beside(const struct annotation *an, const struct ast *literal, const struct ast *other)
{
    const struct cat_column *c = NULL;
    if (other->kind == AST_COLUMN_REF && an->table != NULL)
        c = cat_column_by_name(an->table, ast_as_column_ref(other)->column);
    struct type t = literal_type(literal);
    if (c == NULL || c->type.family == TYPE_STRING)
        return t;
    struct type plain;
    return type_from_oid(c->type.oid, &plain) ? plain : c->type;
}

static void annotate_pair(const struct annotation *an, struct ast **left, struct ast **right)
{
    if (is_literal(*left))
        *left = annotated(an->arena, *left, type_beside(an, *left, *right));
    else if (is_literal(*right))
        *right = annotated(an->arena, *right, type_beside(an, *right, *left));
}

static void annotate_list(const struct annotation *an, struct ast_list list, const struct ast *beside)
{
    for (size_t i = 0; i < list.n; i++) {
        if (is_literal(list.items[i]))
            list.items[i] =
                annotated(an->arena, list.items[i],
                          beside != NULL ? type_beside(an, list.items[i], beside) : literal_type(list.items[i]));
    }
}

static void annotate_case(const struct annotation *an, struct ast_case *c)
{
    for (size_t i = 0; i < c->whens.n; i++) {
        struct ast_when *w = (struct ast_when *)c->whens.items[i];
        if (is_literal(w->result))
            w->result = annotated(an->arena, w->result, literal_type(w->result));
        if (c->operand != NULL)
            annotate_pair(an, &c->operand, &w->condition);
    }
    if (c->otherwise != NULL && is_literal(c->otherwise))
        c->otherwise = annotated(an->arena, c->otherwise, literal_type(c->otherwise));
}

static bool annotate_node(void *arg, struct ast *n)
{
    const struct annotation *an = arg;
    switch (n->kind) {
    case AST_BINARY: {
        struct ast_binary *b = (struct ast_binary *)n;
        annotate_pair(an, &b->left, &b->right);
        return true;
    }
    case AST_BETWEEN: {
        struct ast_between *b = (struct ast_between *)n;
        annotate_pair(an, &b->operand, &b->low);
        annotate_pair(an, &b->operand, &b->high);
        return true;
    }
    case AST_IN:
        annotate_list(an, ((struct ast_in *)n)->items, ((struct ast_in *)n)->operand);
        return true;
    case AST_FUNC_CALL:
        annotate_list(an, ((struct ast_func_call *)n)->args, NULL);
        return true;
    case AST_COALESCE:
        annotate_list(an, ((struct ast_coalesce *)n)->args, NULL);
        return true;
    case AST_ARRAY:
        annotate_list(an, ((struct ast_array *)n)->items, NULL);
        return true;
    case AST_CASE:
        annotate_case(an, (struct ast_case *)n);
        return true;
    case AST_CAST:
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

// The whole expression: a constant is written as its value of the type wanted.
static struct str top_level_sql(struct canonical *c, struct ast *n)
{
    bool literal = is_literal(n) || n->kind == AST_CAST || n->kind == AST_ANNOTATE;
    if (is_literal(n) && c->expr->kind == EXPR_CONST && !c->expr->value.null) {
        struct buf b = BUF_INIT;
        struct type plain;
        datum_print_sql(&b, type_from_oid(c->expr->type.oid, &plain) ? plain : c->expr->type, c->expr->value, true);
        struct str text = arena_str(c->arena, buf_view(&b));
        buf_release(&b);
        return text;
    }
    struct annotation an = {c->arena, c->table};
    if (!literal)
        ast_walk(n, annotate_node, &an);
    if (is_clock_function(n))
        n = annotated(c->arena, n, c->expr->type);
    return printed(c->arena, n);
}

// Whether the text is analyzed to the same expression.
static bool means_the_same(struct canonical *c, struct str sql)
{
    struct ast *node;
    struct query *q;
    struct expr *e = NULL;
    struct err ignored = ERR_INIT;
    bool ok = parse_expr(c->arena, sql, &node, &ignored) == 0 &&
              analyze_table_expr(c->arena, c->options, c->table, node, c->want, c->context, &q, &e, &ignored) == 0;
    err_reset(&ignored);
    return ok && expr_equal(e, c->expr);
}

int canonical_expr(struct canonical *c, const struct ast *expr, struct err *err)
{
    struct ast *copy = ast_copy(c->arena, expr);
    ast_walk(copy, unqualify, NULL);
    struct sequence_walk w = {.arena = c->arena, .options = c->options, .rewrite = true, .err = err};
    ast_walk(copy, visit_sequence, &w);
    TRY(w.rc);
    for (size_t i = 0; i < w.ids.len; i++)
        ARENA_PUSH(c->arena, &c->sequences, w.ids.ptr[i]);
    struct str plain = printed(c->arena, copy);
    c->sql = w.ids.len > 0 ? plain : top_level_sql(c, copy);
    if (!str_eq(c->sql, plain) && !means_the_same(c, c->sql))
        c->sql = plain;
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

int canonical_query(struct canonical_query *c, const struct ast *query, struct err *err)
{
    struct ast *copy = ast_copy(c->arena, query);
    struct qualification q = {.c = c, .err = err};
    ast_walk(copy, collect_cte, &q);
    ast_walk(copy, qualify, &q);
    TRY(q.rc);
    struct sequence_walk w = {.arena = c->arena, .options = c->options, .rewrite = true, .err = err};
    ast_walk(copy, visit_sequence, &w);
    TRY(w.rc);
    for (size_t i = 0; i < w.ids.len; i++)
        ARENA_PUSH(c->arena, &c->relations, w.ids.ptr[i]);
    c->sql = printed(c->arena, copy);
    return 0;
}
