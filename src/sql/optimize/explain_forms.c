// EXPLAIN (OPT) and EXPLAIN (VEC): a plan as a tree of relational expressions, and as its operators alone.
#include "base/util.h"
#include "sql/optimize/optimize_int.h"

struct tree {
    const struct statement_plan *sp;
    bool verbose;
    void (*line)(void *arg, struct str text);
    void *arg;
    struct buf indent; // prefix of the lines below the current one
};

static void put(struct tree *t, const char *prefix, struct buf *text)
{
    struct buf b = BUF_INIT;
    buf_str(&b, buf_view(&t->indent));
    buf_cstr(&b, prefix);
    buf_str(&b, buf_view(text));
    t->line(t->arg, buf_view(&b));
    buf_release(&b);
    buf_release(text);
}

static const struct plan *computing(const struct plan *p)
{
    while (p != NULL && p->kind == PLAN_PROJECT && p->project.n_items == 0)
        p = p->input;
    return p;
}

// ---- OPT

static void opt_name(struct buf *b, const struct plan *p)
{
    static const char *const joins[] = {"inner", "left", "right", "full", "semi", "anti"};
    static const char *const names[PLAN_KIND_COUNT] = {
        [PLAN_VALUES] = "values",         [PLAN_FILTER] = "select",
        [PLAN_PROJECT] = "project",       [PLAN_HASH_JOIN] = " (hash)",
        [PLAN_MERGE_JOIN] = " (merge)",   [PLAN_LOOKUP_JOIN] = " (lookup",
        [PLAN_NESTED_JOIN] = " (cross)",  [PLAN_GROUP] = "group-by",
        [PLAN_DISTINCT] = "distinct-on",  [PLAN_SORT] = "sort",
        [PLAN_LIMIT] = "limit",           [PLAN_SET_OP] = "",
        [PLAN_WINDOW] = "window",         [PLAN_SRF] = "project-set",
        [PLAN_ORDINALITY] = "ordinality", [PLAN_COUNTER] = "row-counter",
        [PLAN_CTE] = "with-scan",         [PLAN_RECURSIVE] = "recursive-c-t-e",
        [PLAN_MAX_ONE] = "max1-row",      [PLAN_INSERT] = "insert",
        [PLAN_UPDATE] = "update",         [PLAN_DELETE] = "delete"};
    static const char *const sets[] = {[SET_UNION] = "union", [SET_INTERSECT] = "intersect", [SET_EXCEPT] = "except"};
    switch (p->kind) {
    case PLAN_HASH_JOIN:
    case PLAN_MERGE_JOIN:
    case PLAN_LOOKUP_JOIN:
    case PLAN_NESTED_JOIN:
        buf_printf(b, "%s-join%s", joins[p->join.kind], names[p->kind]);
        break;
    case PLAN_SET_OP:
        buf_printf(b, "%s%s", sets[p->set.op], p->set.all ? "-all" : "");
        break;
    case PLAN_GROUP:
        buf_cstr(b, p->group.n_keys == 0 ? "scalar-group-by" : names[p->kind]);
        break;
    case PLAN_SORT:
        buf_cstr(b, p->sort.limit != NULL ? "top-k" : names[p->kind]);
        break;
    case PLAN_INSERT:
        buf_cstr(b, p->mutation->upsert ? "upsert" : names[p->kind]);
        break;
    default:
        buf_cstr(b, names[p->kind]);
    }
}

static void opt_table(struct buf *b, const struct scan_plan *s)
{
    buf_printf(b, " %.*s", STR_FMT(s->table->name));
    if (s->index != NULL && s->index != s->table->primary)
        buf_printf(b, "@%.*s", STR_FMT(s->index->name));
    if (s->reverse)
        buf_cstr(b, ",rev");
}

static void opt_columns(struct tree *t, struct buf *b, const col_id *cols, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        buf_printf(b, "%s%.*s:%u", i > 0 ? " " : "", STR_FMT(t->sp->query->columns.ptr[cols[i]].name), cols[i]);
}

// What a node has below it beside its inputs: a title over one expression per line.
struct scalars {
    const char *title;
    struct expr *const *list;
    uint32_t n;
};

static void opt_scalars(struct tree *t, const struct scalars *s, bool last)
{
    struct buf title = BUF_INIT;
    buf_cstr(&title, s->title);
    put(t, last ? " └── " : " ├── ", &title);
    size_t before = t->indent.len;
    buf_cstr(&t->indent, last ? "     " : " │   ");
    for (uint32_t i = 0; i < s->n; i++) {
        struct buf b = BUF_INIT;
        expr_print(&b, t->sp->query, s->list[i]);
        put(t, i + 1 == s->n ? " └── " : " ├── ", &b);
    }
    t->indent.len = before;
}

static struct scalars conjuncts(const char *title, struct expr *const *e)
{
    if (*e == NULL)
        return (struct scalars){title, NULL, 0};
    if ((*e)->kind == EXPR_AND)
        return (struct scalars){title, (*e)->args, (*e)->n_args};
    return (struct scalars){title, e, 1};
}

static struct scalars computed(struct tree *t, const char *title, const struct projection *items, uint32_t n)
{
    struct expr **list = ARENA_ARRAY(t->sp->query->arena, struct expr *, n);
    for (uint32_t i = 0; i < n; i++)
        list[i] = items[i].expr;
    return (struct scalars){title, list, n};
}

static struct scalars opt_scalars_of(struct tree *t, const struct plan *p)
{
    switch (p->kind) {
    case PLAN_SCAN:
    case PLAN_VIRTUAL_SCAN:
        return conjuncts("filters", &p->scan.filter);
    case PLAN_FILTER:
        return conjuncts("filters", &p->predicate);
    case PLAN_PROJECT:
        return computed(t, "projections", p->project.items, p->project.n_items);
    case PLAN_GROUP:
        return computed(t, "aggregations", p->group.aggregates, p->group.n_aggregates);
    case PLAN_WINDOW:
        return computed(t, "windows", p->window.functions, p->window.n_functions);
    case PLAN_SRF:
        return (struct scalars){"zip", p->srf.calls, p->srf.n_calls};
    case PLAN_LIMIT:
        return conjuncts("count", &p->limit.count);
    case PLAN_HASH_JOIN:
    case PLAN_MERGE_JOIN:
    case PLAN_LOOKUP_JOIN:
    case PLAN_NESTED_JOIN:
        return conjuncts("filters", &p->join.on);
    default:
        return (struct scalars){0};
    }
}

static void opt_attribute(struct tree *t, const char *name, struct buf *value, bool more)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s: ", name);
    buf_str(&b, buf_view(value));
    buf_release(value);
    put(t, more ? " ├── " : " └── ", &b);
}

static void opt_join_keys(struct tree *t, const struct plan *p)
{
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < p->join.n_keys; i++) {
        buf_cstr(&b, i > 0 ? " AND " : "");
        expr_print(&b, t->sp->query, p->join.keys[i].left);
        buf_cstr(&b, " = ");
        expr_print(&b, t->sp->query, p->join.keys[i].right);
    }
    opt_attribute(t, "equality", &b, true);
}

static void opt_attributes(struct tree *t, const struct plan *p, bool more)
{
    bool join = p->kind == PLAN_HASH_JOIN || p->kind == PLAN_MERGE_JOIN;
    if (join && p->join.n_keys > 0)
        opt_join_keys(t, p);
    if (p->kind == PLAN_GROUP && p->group.n_keys > 0) {
        struct buf keys = BUF_INIT;
        opt_columns(t, &keys, p->group.keys, p->group.n_keys);
        opt_attribute(t, "grouping columns", &keys, true);
    }
    if (p->kind == PLAN_SCAN && !p->scan.full) {
        struct buf spans = BUF_INIT;
        plan_print_spans(&spans, t->sp->query, &p->scan);
        opt_attribute(t, "constraint", &spans, t->verbose);
    }
    if (!t->verbose)
        return;
    struct buf columns = BUF_INIT, rows = BUF_INIT, cost = BUF_INIT;
    opt_columns(t, &columns, p->cols, p->n_cols);
    if (p->n_cols > 0)
        opt_attribute(t, "columns", &columns, true);
    buf_printf(&rows, "[rows=%.6g]", p->rows);
    opt_attribute(t, "stats", &rows, true);
    buf_printf(&cost, "%.6g", p->cost);
    opt_attribute(t, "cost", &cost, more);
}

static void opt_line(struct tree *t, const struct plan *p, const char *prefix, bool select)
{
    struct buf b = BUF_INIT;
    if (select)
        buf_cstr(&b, "select");
    else if (p->kind == PLAN_SCAN || p->kind == PLAN_VIRTUAL_SCAN)
        opt_table((buf_cstr(&b, "scan"), &b), &p->scan);
    else
        opt_name(&b, p);
    if (p->kind == PLAN_LOOKUP_JOIN)
        opt_table(&b, &p->join.lookup), buf_putc(&b, ')');
    if (p->kind == PLAN_CTE)
        buf_printf(&b, " %.*s", STR_FMT(t->sp->ctes[p->cte.number].name));
    if (p->kind == PLAN_INSERT || p->kind == PLAN_UPDATE || p->kind == PLAN_DELETE)
        buf_printf(&b, " %.*s", STR_FMT(p->mutation->table->name));
    put(t, prefix, &b);
}

static void opt_node(struct tree *t, const struct plan *p, const char *prefix, const char *below);

// A scan that filters is a select over a scan, as its index join is over the scan of the index.
static void opt_scan(struct tree *t, const struct plan *p, const char *prefix, const char *below)
{
    struct scalars filters = opt_scalars_of(t, p);
    size_t before = t->indent.len;
    if (filters.n > 0) {
        opt_line(t, p, prefix, true);
        buf_cstr(&t->indent, below);
        prefix = " ├── ";
    }
    if (p->scan.lookup_primary) {
        struct buf b = BUF_INIT;
        size_t outer = t->indent.len;
        buf_printf(&b, "index-join %.*s", STR_FMT(p->scan.table->name));
        put(t, prefix, &b);
        buf_cstr(&t->indent, filters.n > 0 ? " │   " : below);
        opt_line(t, p, " └── ", false);
        buf_cstr(&t->indent, "     ");
        opt_attributes(t, p, false);
        t->indent.len = outer;
    } else {
        size_t outer = t->indent.len;
        opt_line(t, p, prefix, false);
        buf_cstr(&t->indent, filters.n > 0 ? " │   " : below);
        opt_attributes(t, p, false);
        t->indent.len = outer;
    }
    if (filters.n > 0)
        opt_scalars(t, &filters, true);
    t->indent.len = before;
}

static void opt_node(struct tree *t, const struct plan *p, const char *prefix, const char *below)
{
    p = computing(p);
    if (p->kind == PLAN_SCAN || p->kind == PLAN_VIRTUAL_SCAN) {
        opt_scan(t, p, prefix, below);
        return;
    }
    const struct plan *children[2] = {computing(p->input), computing(p->right)};
    struct scalars scalars = opt_scalars_of(t, p);
    size_t before = t->indent.len;
    opt_line(t, p, prefix, false);
    buf_cstr(&t->indent, below);
    opt_attributes(t, p, children[0] != NULL || children[1] != NULL || scalars.n > 0);
    for (int i = 0; i < 2; i++) {
        if (children[i] == NULL)
            continue;
        bool last = scalars.n == 0 && (i == 1 || children[1] == NULL);
        opt_node(t, children[i], last ? " └── " : " ├── ", last ? "     " : " │   ");
    }
    if (scalars.n > 0)
        opt_scalars(t, &scalars, true);
    t->indent.len = before;
}

void plan_explain_opt(const struct statement_plan *sp, bool verbose, void (*line)(void *arg, struct str text),
                      void *arg)
{
    struct tree t = {.sp = sp, .verbose = verbose, .line = line, .arg = arg};
    for (uint32_t i = 0; i < sp->n_ctes; i++) {
        if (sp->ctes[i].plan == NULL)
            continue;
        struct buf b = BUF_INIT;
        buf_printf(&b, "with %.*s", STR_FMT(sp->ctes[i].name));
        put(&t, "", &b);
        opt_node(&t, sp->ctes[i].plan, " └── ", "     ");
    }
    opt_node(&t, sp->root, "", "");
    for (uint32_t i = 0; i < sp->n_subqueries; i++) {
        struct buf b = BUF_INIT;
        buf_printf(&b, "subquery%s", sp->subqueries[i].correlated ? " (correlated)" : "");
        put(&t, "", &b);
        opt_node(&t, sp->subqueries[i].plan, " └── ", "     ");
    }
    buf_release(&t.indent);
}

// ---- VEC

static void vec_node(struct tree *t, const struct plan *p)
{
    struct buf b = BUF_INIT;
    p = computing(p);
    buf_cstr(&b, plan_node_name(p));
    put(t, "└ ", &b);
    size_t before = t->indent.len;
    buf_cstr(&t->indent, "  ");
    if (p->input != NULL)
        vec_node(t, p->input);
    if (p->right != NULL)
        vec_node(t, p->right);
    t->indent.len = before;
}

void plan_explain_vec(const struct statement_plan *sp, void (*line)(void *arg, struct str text), void *arg)
{
    struct tree t = {.sp = sp, .line = line, .arg = arg};
    struct buf bar = BUF_INIT, node = BUF_INIT;
    buf_cstr(&bar, "│");
    put(&t, "", &bar);
    buf_cstr(&node, "└ Node 1");
    put(&t, "", &node);
    buf_cstr(&t.indent, "  ");
    vec_node(&t, sp->root);
    buf_release(&t.indent);
}
