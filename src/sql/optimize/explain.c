// EXPLAIN: a plan as CockroachDB draws it.
#include "base/util.h"
#include "sql/optimize/optimize_int.h"

struct explainer {
    const struct statement_plan *sp;
    unsigned detail;                  // PLAN_EXPLAIN_…
    const struct plan_counts *counts; // NULL: not run
    void (*line)(void *arg, struct str text);
    void *arg;
    struct buf indent; // prefix of the lines of the current node
};

static void emit(struct explainer *x, const char *prefix, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void emit(struct explainer *x, const char *prefix, const char *fmt, ...)
{
    struct buf b = BUF_INIT;
    buf_str(&b, buf_view(&x->indent));
    buf_cstr(&b, prefix);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    x->line(x->arg, buf_view(&b));
    buf_release(&b);
}

// ---- expressions

static void print_list(struct buf *out, const struct query *q, struct expr *const *items, uint32_t n, const char *sep)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_cstr(out, sep);
        if (items[i] != NULL)
            expr_print(out, q, items[i]);
    }
}

static bool is_simple(const struct expr *e)
{
    return e->kind == EXPR_COLUMN || e->kind == EXPR_CONST || e->kind == EXPR_PARAM ||
           (e->kind == EXPR_CALL && !e->fn->is_operator) || e->kind == EXPR_CAST;
}

static void print_operand(struct buf *out, const struct query *q, const struct expr *e)
{
    if (!is_simple(e))
        buf_putc(out, '(');
    expr_print(out, q, e);
    if (!is_simple(e))
        buf_putc(out, ')');
}

static void print_joined(struct buf *out, const struct query *q, const struct expr *e, const char *word)
{
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (i > 0)
            buf_printf(out, " %s ", word);
        print_operand(out, q, e->args[i]);
    }
}

static void print_call(struct buf *out, const struct query *q, const struct expr *e)
{
    if (e->fn->is_operator && e->n_args == 2) {
        print_operand(out, q, e->args[0]);
        buf_printf(out, " %s ", strcmp(e->fn->name, "<>") == 0 ? "!=" : e->fn->name);
        print_operand(out, q, e->args[1]);
        return;
    }
    buf_printf(out, "%s(", e->fn->name);
    if (e->aggregate_distinct)
        buf_cstr(out, "DISTINCT ");
    print_list(out, q, e->args, e->n_args, ", ");
    buf_putc(out, ')');
}

void expr_print(struct buf *out, const struct query *q, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_CONST:
        if (q->redact)
            buf_cstr(out, "‹×›");
        else
            datum_print_sql(out, e->type, e->value, false);
        break;
    case EXPR_COLUMN:
        buf_str(out, q->columns.ptr[e->column].name);
        break;
    case EXPR_PARAM:
        buf_printf(out, "$%u", e->parameter + 1);
        break;
    case EXPR_CALL:
    case EXPR_AGGREGATE:
    case EXPR_WINDOW:
        print_call(out, q, e);
        break;
    case EXPR_CAST:
        print_operand(out, q, e->args[0]);
        buf_cstr(out, "::");
        type_print(out, e->type);
        break;
    case EXPR_AND:
        print_joined(out, q, e, "AND");
        break;
    case EXPR_OR:
        print_joined(out, q, e, "OR");
        break;
    case EXPR_NOT:
        buf_cstr(out, "NOT ");
        print_operand(out, q, e->args[0]);
        break;
    case EXPR_IS_NULL:
        print_operand(out, q, e->args[0]);
        buf_cstr(out, e->flag ? " IS NOT NULL" : " IS NULL");
        break;
    case EXPR_IS_DISTINCT:
        print_operand(out, q, e->args[0]);
        buf_cstr(out, e->flag ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
        print_operand(out, q, e->args[1]);
        break;
    case EXPR_IN:
        print_operand(out, q, e->args[0]);
        buf_cstr(out, e->flag ? " NOT IN (" : " IN (");
        print_list(out, q, e->args + 1, e->n_args - 1, ", ");
        buf_putc(out, ')');
        break;
    case EXPR_ANY:
        print_operand(out, q, e->args[0]);
        buf_printf(out, " %s %s ", e->fn->name, e->flag ? "ALL" : "ANY");
        print_operand(out, q, e->args[1]);
        break;
    case EXPR_TUPLE:
        buf_putc(out, '(');
        print_list(out, q, e->args, e->n_args, ", ");
        buf_putc(out, ')');
        break;
    default: {
        static const char *const names[] = {
            [EXPR_CASE] = "CASE",         [EXPR_COALESCE] = "COALESCE", [EXPR_NULLIF] = "NULLIF",
            [EXPR_GREATEST] = "GREATEST", [EXPR_LEAST] = "LEAST",       [EXPR_IFERROR] = "IFERROR",
            [EXPR_ARRAY] = "ARRAY",       [EXPR_FIELD] = "FIELD",       [EXPR_SUBSCRIPT] = "SUBSCRIPT",
            [EXPR_SUBQUERY] = "SUBQUERY", [EXPR_EXISTS] = "EXISTS",     [EXPR_ANY_QUERY] = "ANY",
            [EXPR_ARRAY_QUERY] = "ARRAY"};
        buf_printf(out, "%s(", names[e->kind]);
        print_list(out, q, e->args, e->n_args, ", ");
        buf_putc(out, ')');
        break;
    }
    }
}

// ---- attributes

static void attribute_expr(struct explainer *x, const char *prefix, const char *name, const struct expr *e)
{
    if (e == NULL)
        return;
    struct buf b = BUF_INIT;
    expr_print(&b, x->sp->query, e);
    emit(x, prefix, "%s: %s", name, buf_c(&b));
    buf_release(&b);
}

static void print_bound(struct buf *out, const struct query *q, struct expr *const *equal, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        buf_putc(out, '/');
        expr_print(out, q, equal[i]);
    }
}

// The bound of the column behind the fixed ones; whole numbers next to an exclusive bound stand for it.
static void print_edge(struct buf *out, const struct query *q, const struct expr *e, bool exclusive, int step,
                       bool *open)
{
    buf_putc(out, '/');
    bool whole = exclusive && e->kind == EXPR_CONST && e->type.family == TYPE_INT && !e->value.null &&
                 e->value.i > INT64_MIN && e->value.i < INT64_MAX;
    if (whole)
        buf_printf(out, "%lld", (long long)e->value.i + step);
    else
        expr_print(out, q, e);
    *open = exclusive && !whole;
}

// One side of a span: -1 the start, 1 the end. True in *open when it is exclusive.
static void print_side(struct buf *out, const struct query *q, const struct index_constraint *c, bool descending,
                       uint32_t alternative, int side, bool *open)
{
    bool low = (side < 0) != descending, range = c->low != NULL || c->high != NULL || c->not_null;
    const struct expr *bound = low ? c->low : c->high;
    *open = false;
    print_bound(out, q, c->equal, c->n_equal);
    if (c->n_any > 0)
        print_bound(out, q, &c->any[alternative], 1);
    if (c->any_array != NULL)
        print_bound(out, q, (struct expr *const *)&c->any_array, 1);
    if (bound != NULL) {
        print_edge(out, q, bound, low ? c->low_exclusive : c->high_exclusive, low ? 1 : -1, open);
    } else if (range && low) { // NULLs come before all values and are left out
        buf_cstr(out, "/NULL");
        *open = true;
    }
}

// Inverted keys are known when the operand is: the span names what they are looked for by.
static void print_inverted(struct buf *out, const struct query *q, const struct index_constraint *c)
{
    static const char *const ops[] = {"@>", "?", "?|", "?&", "=", "&&", "= ANY", "LIKE", "@@", "%"};
    print_bound(out, q, c->equal, c->n_equal);
    for (uint32_t i = 0; i < c->n_path; i++) {
        buf_cstr(out, i > 0 ? " -> " : "/");
        expr_print(out, q, c->path[i]);
    }
    buf_printf(out, "%s%s ", c->n_path > 0 ? " " : "/", ops[c->inverted_op]);
    expr_print(out, q, c->inverted);
}

static void print_constraint(struct buf *out, const struct query *q, const struct index_constraint *c, bool descending)
{
    uint32_t n = c->n_any > 0 ? c->n_any : 1;
    for (uint32_t i = 0; i < n; i++) {
        struct buf start = BUF_INIT, end = BUF_INIT;
        bool start_open, end_open;
        print_side(&start, q, c, descending, i, -1, &start_open);
        print_side(&end, q, c, descending, i, 1, &end_open);
        buf_cstr(out, out->len > 0 ? " " : "");
        buf_printf(out, "%c%s - %s%c", start_open ? '(' : '[', buf_c(&start), buf_c(&end), end_open ? ')' : ']');
        buf_release(&start);
        buf_release(&end);
    }
}

void plan_print_spans(struct buf *out, const struct query *q, const struct scan_plan *s)
{
    for (uint32_t i = 0; i <= s->n_more; i++) {
        const struct index_constraint *c = i == 0 ? &s->constraint : &s->more[i - 1];
        if (c->inverted != NULL) {
            print_inverted(out, q, c);
            continue;
        }
        bool descending = c->n_equal < s->index->n_columns && s->index->columns[c->n_equal].descending;
        print_constraint(out, q, c, descending);
    }
}

static void estimate(struct explainer *x, const char *prefix, double rows)
{
    if (x->sp->missing_stats)
        emit(x, prefix, "missing stats");
    else
        emit(x, prefix, "estimated row count: %.0f", rows < 1 ? 1 : rows);
}

// Without its filter.
static void scan_attributes(struct explainer *x, const char *prefix, const struct scan_plan *s, double rows)
{
    estimate(x, prefix, rows);
    emit(x, prefix, "table: %.*s@%.*s%s", STR_FMT(s->table->name), STR_FMT(s->index->name),
         s->index->predicate_sql.len > 0 ? " (partial index)" : "");
    if (s->full) {
        emit(x, prefix, "spans: %s", s->limit > 0 ? "LIMITED SCAN" : "FULL SCAN");
    } else {
        struct buf b = BUF_INIT;
        plan_print_spans(&b, x->sp->query, s);
        emit(x, prefix, "spans: %s", buf_c(&b));
        buf_release(&b);
    }
    if (s->limit > 0 && s->filter == NULL)
        emit(x, prefix, "limit: %llu", (unsigned long long)s->limit);
    static const char *const strengths[] = {"", "for key share", "for share", "for no key update", "for update"};
    if (s->lock != LOCK_NONE)
        emit(x, prefix, "locking strength: %s", strengths[s->lock]);
}

static void column_list(struct explainer *x, const char *prefix, const char *name, const col_id *cols, uint32_t n)
{
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < n; i++) {
        buf_cstr(&b, i > 0 ? ", " : "");
        buf_str(&b, x->sp->query->columns.ptr[cols[i]].name);
    }
    emit(x, prefix, "%s: %s", name, buf_c(&b));
    buf_release(&b);
}

static void order_list(struct explainer *x, const char *prefix, const char *name, const struct plan_order *order,
                       uint32_t n)
{
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < n; i++) {
        buf_cstr(&b, i > 0 ? "," : "");
        buf_putc(&b, order[i].descending ? '-' : '+');
        buf_str(&b, x->sp->query->columns.ptr[order[i].column].name);
    }
    emit(x, prefix, "%s: %s", name, buf_c(&b));
    buf_release(&b);
}

static void sort_keys(struct explainer *x, const char *prefix, const char *name, const struct sort_key *keys,
                      uint32_t n)
{
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < n; i++) {
        buf_cstr(&b, i > 0 ? "," : "");
        buf_putc(&b, keys[i].descending ? '-' : '+');
        buf_str(&b, x->sp->query->columns.ptr[keys[i].expr->column].name);
    }
    emit(x, prefix, "%s: %s", name, buf_c(&b));
    buf_release(&b);
}

static void sort_attributes(struct explainer *x, const char *prefix, const struct plan *p)
{
    sort_keys(x, prefix, "order", p->sort.keys, p->sort.n_keys);
    if (p->sort.n_ordered > 0)
        sort_keys(x, prefix, "already ordered", p->sort.keys, p->sort.n_ordered);
    attribute_expr(x, prefix, "k", p->sort.limit);
}

static void join_attributes(struct explainer *x, const char *prefix, const struct plan *p)
{
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < p->join.n_keys; i++) {
        buf_cstr(&b, i > 0 ? ", (" : "(");
        expr_print(&b, x->sp->query, p->join.keys[i].left);
        buf_cstr(&b, ") = (");
        expr_print(&b, x->sp->query, p->join.keys[i].right);
        buf_putc(&b, ')');
    }
    if (b.len > 0)
        emit(x, prefix, "equality: %s", buf_c(&b));
    buf_release(&b);
    if (p->kind == PLAN_LOOKUP_JOIN) {
        scan_attributes(x, prefix, &p->join.lookup, p->rows);
        attribute_expr(x, prefix, "filter", p->join.lookup.filter);
    }
    attribute_expr(x, prefix, "pred", p->join.on);
}

static void mutation_attributes(struct explainer *x, const char *prefix, const struct plan *p)
{
    const struct mutation *m = p->mutation;
    const char *verb = p->kind == PLAN_INSERT ? "into" : p->kind == PLAN_UPDATE ? "table" : "from";
    emit(x, prefix, "%s: %.*s", verb, STR_FMT(m->table->name));
    if (m->arbiter != NULL)
        emit(x, prefix, "arbiter indexes: %.*s", STR_FMT(m->arbiter->name));
}

static void count_attributes(struct explainer *x, const char *prefix, const struct plan *p)
{
    emit(x, prefix, "actual row count: %llu", (unsigned long long)x->counts->rows[p->number]);
    if (x->counts->spilled_bytes[p->number] == 0)
        return;
    struct buf b = BUF_INIT;
    size_print(&b, x->counts->spilled_bytes[p->number]);
    emit(x, prefix, "estimated max sql temp disk usage: %s", buf_c(&b));
    buf_release(&b);
}

// VERBOSE, TYPES: columns: (a, b), or (a INT8, b STRING).
static void output_attribute(struct explainer *x, const char *prefix, const struct plan *p)
{
    if (x->detail == 0)
        return;
    struct buf b = BUF_INIT;
    for (uint32_t i = 0; i < p->n_cols; i++) {
        const struct col_info *c = &x->sp->query->columns.ptr[p->cols[i]];
        buf_printf(&b, "%s%.*s", i > 0 ? ", " : "", STR_FMT(c->name));
        if ((x->detail & PLAN_EXPLAIN_TYPES) != 0) {
            buf_putc(&b, ' ');
            buf_cstr(&b, type_family_name(c->type));
        }
    }
    emit(x, prefix, "columns: (%s)", buf_c(&b));
    buf_release(&b);
}

static void attributes(struct explainer *x, const char *prefix, const struct plan *p)
{
    output_attribute(x, prefix, p);
    if (x->counts != NULL)
        count_attributes(x, prefix, p);
    switch (p->kind) {
    case PLAN_VIRTUAL_SCAN:
        emit(x, prefix, "table: %.*s", STR_FMT(p->scan.table->name));
        attribute_expr(x, prefix, "filter", p->scan.filter);
        break;
    case PLAN_VALUES:
        emit(x, prefix, "size: %u column%s, %u row%s", p->n_cols, p->n_cols == 1 ? "" : "s", p->values.n_rows,
             p->values.n_rows == 1 ? "" : "s");
        break;
    case PLAN_FILTER:
        attribute_expr(x, prefix, "filter", p->predicate);
        break;
    case PLAN_HASH_JOIN:
    case PLAN_MERGE_JOIN:
    case PLAN_LOOKUP_JOIN:
    case PLAN_NESTED_JOIN:
        join_attributes(x, prefix, p);
        break;
    case PLAN_GROUP:
        if (p->group.n_keys > 0)
            column_list(x, prefix, "group by", p->group.keys, p->group.n_deciding);
        if (p->group.ordered)
            order_list(x, prefix, "ordered", p->order, p->n_order);
        break;
    case PLAN_DISTINCT:
        column_list(x, prefix, "distinct on", p->distinct.keys, p->distinct.n_keys);
        break;
    case PLAN_COUNTER:
        emit(x, prefix, "table: %.*s", STR_FMT(p->counter.table->name));
        break;
    case PLAN_SORT:
        sort_attributes(x, prefix, p);
        break;
    case PLAN_LIMIT:
        attribute_expr(x, prefix, "count", p->limit.count);
        attribute_expr(x, prefix, "offset", p->limit.offset);
        break;
    case PLAN_CTE:
        emit(x, prefix, "label: %.*s", STR_FMT(x->sp->ctes[p->cte.number].name));
        break;
    case PLAN_INSERT:
    case PLAN_UPDATE:
    case PLAN_DELETE:
        mutation_attributes(x, prefix, p);
        break;
    default:
        break;
    }
}

// ---- the tree

const char *plan_node_name(const struct plan *p)
{
    static const char *const names[] = {[PLAN_SCAN] = "scan",
                                        [PLAN_VIRTUAL_SCAN] = "virtual table",
                                        [PLAN_VALUES] = "values",
                                        [PLAN_FILTER] = "filter",
                                        [PLAN_PROJECT] = "render",
                                        [PLAN_HASH_JOIN] = "hash join",
                                        [PLAN_MERGE_JOIN] = "merge join",
                                        [PLAN_LOOKUP_JOIN] = "lookup join",
                                        [PLAN_NESTED_JOIN] = "cross join",
                                        [PLAN_GROUP] = "group (hash)",
                                        [PLAN_DISTINCT] = "distinct",
                                        [PLAN_SORT] = "sort",
                                        [PLAN_LIMIT] = "limit",
                                        [PLAN_SET_OP] = "union",
                                        [PLAN_WINDOW] = "window",
                                        [PLAN_SRF] = "project set",
                                        [PLAN_ORDINALITY] = "ordinality",
                                        [PLAN_COUNTER] = "row counter",
                                        [PLAN_CTE] = "scan buffer",
                                        [PLAN_RECURSIVE] = "recursive cte",
                                        [PLAN_MAX_ONE] = "max1row",
                                        [PLAN_INSERT] = "insert",
                                        [PLAN_UPDATE] = "update",
                                        [PLAN_DELETE] = "delete"};
    if (p->kind == PLAN_GROUP && p->group.n_keys == 0)
        return "group (scalar)";
    if (p->kind == PLAN_GROUP && p->group.ordered)
        return "group (streaming)";
    if (p->kind == PLAN_SORT && p->sort.limit != NULL)
        return "top-k";
    if (p->kind == PLAN_INSERT && p->mutation->upsert)
        return "upsert";
    if (p->kind == PLAN_NESTED_JOIN && p->join.correlated && p->right->kind == PLAN_SCAN &&
        p->right->scan.constraint.inverted != NULL)
        return "inverted join";
    if (p->kind == PLAN_SET_OP && p->set.op == SET_INTERSECT)
        return p->set.all ? "intersect all" : "intersect";
    if (p->kind == PLAN_SET_OP && p->set.op == SET_EXCEPT)
        return p->set.all ? "except all" : "except";
    if (p->kind == PLAN_SET_OP && p->set.all)
        return "union all";
    return names[p->kind];
}

static const char *join_suffix(const struct plan *p)
{
    static const char *const names[] = {"", " (left outer)", " (right outer)", " (full outer)", " (semi)", " (anti)"};
    bool join = p->kind == PLAN_HASH_JOIN || p->kind == PLAN_LOOKUP_JOIN || p->kind == PLAN_NESTED_JOIN ||
                p->kind == PLAN_MERGE_JOIN;
    return join ? names[p->join.kind] : "";
}

// A projection that computes nothing is not shown.
static const struct plan *visible(const struct plan *p)
{
    while (p != NULL && p->kind == PLAN_PROJECT && p->project.n_items == 0)
        p = p->input;
    return p;
}

enum scan_part { SCAN_PART_FILTER, SCAN_PART_INDEX_JOIN, SCAN_PART_SCAN };

static void scan_part(struct explainer *x, const struct plan *p, enum scan_part part, const char *bar)
{
    const struct scan_plan *s = &p->scan;
    if (part == SCAN_PART_SCAN) {
        scan_attributes(x, bar, s, s->rows);
        return;
    }
    estimate(x, bar, part == SCAN_PART_FILTER ? p->rows : s->rows);
    if (part == SCAN_PART_FILTER)
        attribute_expr(x, bar, "filter", s->filter);
    else
        emit(x, bar, "table: %.*s@%.*s", STR_FMT(s->table->name), STR_FMT(s->table->primary->name));
}

// One operator, shown as the filter over the index join over the scan that it is.
static void scan_node(struct explainer *x, const struct plan *p, const char *connector, const char *below)
{
    static const char *const names[] = {"filter", "index join", "scan"};
    const bool there[] = {p->scan.filter != NULL, p->scan.lookup_primary, true};
    size_t before = x->indent.len;
    bool first = true;
    for (enum scan_part part = SCAN_PART_FILTER; part <= SCAN_PART_SCAN; part++) {
        if (!there[part])
            continue;
        bool last = part == SCAN_PART_SCAN;
        if (!first)
            emit(x, "│", "%s", "");
        emit(x, first ? connector : "└── ", "• %s", last && p->scan.reverse ? "revscan" : names[part]);
        buf_cstr(&x->indent, first ? below : "    ");
        if (first)
            output_attribute(x, last ? "  " : "│ ", p);
        if (first && x->counts != NULL)
            count_attributes(x, last ? "  " : "│ ", p);
        scan_part(x, p, part, last ? "  " : "│ ");
        first = false;
    }
    x->indent.len = before;
}

static void node(struct explainer *x, const struct plan *p, const char *connector, const char *below)
{
    p = visible(p);
    if (p->kind == PLAN_SCAN) {
        scan_node(x, p, connector, below);
        return;
    }
    const struct plan *children[2] = {visible(p->input), visible(p->right)};
    bool any = children[0] != NULL || children[1] != NULL;
    emit(x, connector, "• %s%s", plan_node_name(p), join_suffix(p));
    size_t before = x->indent.len;
    buf_cstr(&x->indent, below);
    const char *bar = any ? "│ " : "  ";
    attributes(x, bar, p);
    for (int i = 0; i < 2; i++) {
        if (children[i] == NULL)
            continue;
        bool last = i == 1 || children[1] == NULL;
        emit(x, "│", "%s", "");
        node(x, children[i], last ? "└── " : "├── ", last ? "    " : "│   ");
    }
    x->indent.len = before;
}

void plan_explain(const struct statement_plan *sp, unsigned detail, const struct plan_counts *counts,
                  void (*line)(void *arg, struct str text), void *arg)
{
    struct explainer x = {.sp = sp, .detail = detail, .counts = counts, .line = line, .arg = arg};
    node(&x, sp->root, "", "");
    for (uint32_t i = 0; i < sp->n_ctes; i++) {
        if (sp->ctes[i].plan == NULL)
            continue;
        emit(&x, "", "%s", "");
        emit(&x, "", "• subquery");
        emit(&x, "│ ", "id: @S%u", i + 1);
        emit(&x, "│ ", "original sql: WITH %.*s", STR_FMT(sp->ctes[i].name));
        emit(&x, "│", "%s", "");
        node(&x, sp->ctes[i].plan, "└── ", "    ");
    }
    for (uint32_t i = 0; i < sp->n_subqueries; i++) {
        emit(&x, "", "%s", "");
        emit(&x, "", "• subquery%s", sp->subqueries[i].correlated ? " (correlated)" : "");
        emit(&x, "│", "%s", "");
        node(&x, sp->subqueries[i].plan, "└── ", "    ");
    }
    buf_release(&x.indent);
}
