// Access paths: which index of a table to read, between which keys, in which direction.
//
// Costs are in units of one row read from a range scan. A point or range start costs SEEK; a row fetched through a
// secondary index costs FETCH more.
#include "sql/optimize/optimize_int.h"
#include <math.h>

static const double SEEK = 3, FETCH = 4, DEFAULT_ROWS = 1000, EQUAL_SELECTIVITY = 0.05, RANGE_SELECTIVITY = 0.33;

double table_rows(struct optimizer *o, const struct cat_table *t)
{
    double rows =
        o->options->statistics.row_count == NULL ? -1 : o->options->statistics.row_count(o->options->statistics.arg, t);
    if (rows < 0) {
        o->plan->missing_stats = true;
        rows = DEFAULT_ROWS;
    }
    return rows < 1 ? 1 : rows;
}

static bool is_comparison(const struct expr *e, const char *symbol)
{
    return e->kind == EXPR_CALL && e->n_args == 2 && e->fn->is_operator && strcmp(e->fn->name, symbol) == 0;
}

static double selectivity(const struct expr *e)
{
    if (is_comparison(e, "="))
        return 0.1;
    if (e->kind == EXPR_IN)
        return fmin(0.5, 0.1 * (e->n_args - 1));
    if (e->kind == EXPR_OR)
        return 0.5;
    return RANGE_SELECTIVITY;
}

double filter_selectivity(const struct conjuncts *c)
{
    double s = 1;
    for (size_t i = 0; i < c->items.len; i++)
        s *= selectivity(c->items.ptr[i]);
    return fmax(s, 1e-6);
}

// ---- matching conditions to index columns

struct matcher {
    struct optimizer *o;
    const struct access_request *request;
    struct col_set inside; // the scan's columns
    bool *consumed;        // per conjunct: the spans enforce it exactly
};

static bool independent(struct matcher *m, const struct expr *e)
{
    struct col_set cols = col_set_new(m->o->arena, m->o->q);
    expr_columns(e, &cols);
    return !col_set_intersects(&cols, &m->inside) && expr_volatility(e) != FN_VOLATILE && !expr_has_subquery(e);
}

static bool is_column(const struct expr *e, col_id c)
{
    return e->kind == EXPR_COLUMN && e->column == c;
}

// The two types have the same key encoding for equal values.
static bool comparable(struct type column, struct type value)
{
    return column.family == value.family && (column.family != TYPE_ARRAY || column.element == value.element) &&
           column.oid != TYPE_OID_BPCHAR;
}

// `column symbol value` or its mirror image.
static struct expr *compared_value(struct matcher *m, const struct expr *e, col_id c, struct type t, const char *symbol,
                                   const char *mirrored)
{
    if (is_comparison(e, symbol) && is_column(e->args[0], c) && comparable(t, e->args[1]->type) &&
        independent(m, e->args[1]))
        return e->args[1];
    if (is_comparison(e, mirrored) && is_column(e->args[1], c) && comparable(t, e->args[0]->type) &&
        independent(m, e->args[0]))
        return e->args[0];
    return NULL;
}

static struct expr *equal_value(struct matcher *m, const struct expr *e, col_id c, struct type t)
{
    if (t.family == TYPE_BOOL && is_column(e, c))
        return expr_bool(m->o->arena, true);
    if (t.family == TYPE_BOOL && e->kind == EXPR_NOT && is_column(e->args[0], c))
        return expr_bool(m->o->arena, false);
    return compared_value(m, e, c, t, "=", "=");
}

static bool find_equal(struct matcher *m, col_id c, struct type t, struct index_constraint *ic)
{
    const struct conjuncts *f = m->request->filter;
    for (size_t i = 0; i < f->items.len; i++) {
        struct expr *value = equal_value(m, f->items.ptr[i], c, t);
        if (value == NULL)
            continue;
        ic->equal[ic->n_equal++] = value;
        m->consumed[i] = true;
        return true;
    }
    return false;
}

static bool find_any(struct matcher *m, col_id c, struct type t, struct index_constraint *ic)
{
    const struct conjuncts *f = m->request->filter;
    for (size_t i = 0; i < f->items.len; i++) {
        const struct expr *e = f->items.ptr[i];
        if (e->kind == EXPR_IN && !e->flag && is_column(e->args[0], c)) {
            bool usable = true;
            for (uint32_t k = 1; k < e->n_args && usable; k++)
                usable = comparable(t, e->args[k]->type) && independent(m, e->args[k]);
            if (!usable)
                continue;
            ic->any = e->args + 1;
            ic->n_any = e->n_args - 1;
        } else if (e->kind == EXPR_ANY && !e->flag && is_column(e->args[0], c) && strcmp(e->fn->name, "=") == 0 &&
                   comparable(t, type_element(e->args[1]->type)) && independent(m, e->args[1])) {
            ic->any_array = e->args[1];
        } else {
            continue;
        }
        m->consumed[i] = true;
        return true;
    }
    return false;
}

static void find_range(struct matcher *m, col_id c, struct type t, struct index_constraint *ic)
{
    const struct conjuncts *f = m->request->filter;
    static const struct {
        const char *symbol, *mirrored;
        bool low, exclusive;
    } ops[] = {{">", "<", true, true}, {">=", "<=", true, false}, {"<", ">", false, true}, {"<=", ">=", false, false}};
    for (size_t i = 0; i < f->items.len; i++) {
        const struct expr *e = f->items.ptr[i];
        if (e->kind == EXPR_IS_NULL && e->flag && is_column(e->args[0], c)) {
            ic->not_null = true;
            m->consumed[i] = true;
            continue;
        }
        for (size_t k = 0; k < ARRAY_LEN(ops); k++) {
            struct expr **bound = ops[k].low ? &ic->low : &ic->high;
            struct expr *value = *bound == NULL ? compared_value(m, e, c, t, ops[k].symbol, ops[k].mirrored) : NULL;
            if (value == NULL)
                continue;
            *bound = value;
            *(ops[k].low ? &ic->low_exclusive : &ic->high_exclusive) = ops[k].exclusive;
            m->consumed[i] = true;
            break;
        }
    }
}

static col_id scan_column(const struct rel *scan, uint32_t column_id)
{
    for (uint32_t i = 0; i < scan->n_cols; i++) {
        if (scan->scan.table_columns[i] == column_id)
            return scan->cols[i];
    }
    return 0;
}

static void build_constraint(struct matcher *m, const struct cat_index *index, struct index_constraint *ic)
{
    const struct rel *scan = m->request->scan;
    *ic = (struct index_constraint){.equal = ARENA_ARRAY(m->o->arena, struct expr *, index->n_columns)};
    for (size_t i = 0; i < index->n_columns; i++) {
        col_id c = scan_column(scan, index->columns[i].column_id);
        if (c == 0)
            return;
        struct type t = cat_column_by_id(scan->scan.table, index->columns[i].column_id)->type;
        if (find_equal(m, c, t, ic))
            continue;
        if (find_any(m, c, t, ic))
            return;
        find_range(m, c, t, ic);
        return;
    }
}

// ---- estimates

static double equal_fraction(struct optimizer *o, const struct cat_table *t, uint32_t column_id, double rows)
{
    double distinct = o->options->statistics.distinct_count == NULL
                          ? 0
                          : o->options->statistics.distinct_count(o->options->statistics.arg, t, column_id);
    if (distinct > 0)
        return 1 / distinct;
    return fmax(EQUAL_SELECTIVITY, 1 / rows);
}

static double scanned_rows(struct optimizer *o, const struct cat_table *t, const struct cat_index *index,
                           const struct index_constraint *ic, bool unique_point, double rows)
{
    double alternatives = ic->n_any > 0 ? ic->n_any : ic->any_array != NULL ? 10 : 1;
    if (unique_point)
        return alternatives;
    double n = rows;
    for (uint32_t i = 0; i < ic->n_equal; i++)
        n *= equal_fraction(o, t, index->columns[i].column_id, rows);
    if (ic->n_any > 0 || ic->any_array != NULL)
        n *= fmin(1, alternatives * equal_fraction(o, t, index->columns[ic->n_equal].column_id, rows));
    if (ic->low != NULL)
        n *= RANGE_SELECTIVITY;
    if (ic->high != NULL)
        n *= RANGE_SELECTIVITY;
    return fmax(n, 1);
}

// ---- one candidate

static bool scan_covers(const struct access_request *request, const struct cat_index *index)
{
    const struct cat_table *t = request->scan->scan.table;
    for (uint32_t i = 0; i < request->scan->n_cols; i++) {
        uint32_t id = request->scan->scan.table_columns[i];
        bool there = false;
        for (size_t k = 0; k < index->n_columns && !there; k++)
            there = index->columns[k].column_id == id;
        for (size_t k = 0; k < index->n_storing && !there; k++)
            there = index->storing[k] == id;
        for (size_t k = 0; k < t->primary->n_columns && !there; k++)
            there = t->primary->columns[k].column_id == id;
        if (!there)
            return false;
    }
    return true;
}

// The order in which the path delivers rows: index columns behind the fixed ones, then the primary key's.
static void path_orders(struct optimizer *o, const struct access_request *request, struct access_path *path)
{
    const struct cat_table *t = request->scan->scan.table;
    const struct cat_index *index = path->scan.index;
    const struct index_constraint *ic = &path->scan.constraint;
    struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, index->n_columns + t->primary->n_columns);
    uint32_t n = 0;
    // Alternatives of an IN list are read in key order, so the order holds from that column on.
    for (size_t i = ic->n_equal; i < index->n_columns; i++) {
        col_id c = scan_column(request->scan, index->columns[i].column_id);
        if (c == 0)
            break;
        orders[n++] = (struct plan_order){c, index->columns[i].descending};
    }
    path->orders = orders;
    path->n_orders = n;
}

static bool is_fixed(const struct access_request *request, const struct access_path *path, col_id c)
{
    for (uint32_t i = 0; i < path->scan.constraint.n_equal; i++) {
        if (scan_column(request->scan, path->scan.index->columns[i].column_id) == c)
            return true;
    }
    return false;
}

// Whether the path's order is the wished one, read forwards (false) or backwards (true).
static bool order_satisfied(const struct access_request *request, const struct access_path *path, bool backwards)
{
    const struct cat_table *t = request->scan->scan.table;
    if (path->scan.unique_point && path->scan.constraint.n_any == 0 && path->scan.constraint.any_array == NULL)
        return true;
    uint32_t at = 0;
    for (uint32_t i = 0; i < request->n_order; i++) {
        const struct sort_key *key = &request->order[i];
        if (is_fixed(request, path, key->expr->column))
            continue;
        if (at == path->n_orders || path->orders[at].column != key->expr->column)
            return false;
        if ((path->orders[at].descending != backwards) != key->descending)
            return false;
        const struct cat_column *c = NULL;
        for (uint32_t k = 0; k < request->scan->n_cols; k++) {
            if (request->scan->cols[k] == key->expr->column)
                c = cat_column_by_id(t, request->scan->scan.table_columns[k]);
        }
        // An index keeps NULLs first ascending, last descending.
        if (key->nulls_last != key->descending && !(c != NULL && c->not_null))
            return false;
        at++;
    }
    return request->n_order > 0;
}

static void price(struct optimizer *o, const struct access_request *request, struct access_path *path, double rows,
                  bool residual)
{
    const struct scan_plan *s = &path->scan;
    path->scanned = scanned_rows(o, s->table, s->index, &s->constraint, s->unique_point, rows);
    double n = path->scanned;
    if (request->limit > 0 && (path->ordered || request->n_order == 0) && !residual)
        n = fmin(n, request->limit);
    double starts = s->constraint.n_any > 0 ? s->constraint.n_any : 1;
    path->cost = SEEK * starts + n * (s->lookup_primary ? 1 + FETCH : 1);
    if (s->unique_point && s->constraint.any_array == NULL && s->constraint.n_any == 0)
        path->cost = request->lookup ? SEEK : 1; // an equality on a unique key is never a scan, however small the table
    if (request->n_order > 0 && !path->ordered)
        path->cost += path->scanned * fmax(1, log2(path->scanned)) * 0.3;
}

static bool try_index(struct optimizer *o, const struct access_request *request, const struct cat_index *index,
                      double rows, struct access_path *path)
{
    const struct conjuncts *f = request->filter;
    struct matcher m = {.o = o,
                        .request = request,
                        .inside = col_set_new(o->arena, o->q),
                        .consumed = ARENA_ARRAY(o->arena, bool, f->items.len + 1)};
    col_set_add_list(&m.inside, request->scan->cols, request->scan->n_cols);
    *path = (struct access_path){.scan = {.table = request->scan->scan.table,
                                          .index = index,
                                          .lock = request->scan->scan.lock,
                                          .lock_wait = request->scan->scan.lock_wait}};
    struct index_constraint *ic = &path->scan.constraint;
    build_constraint(&m, index, ic);
    uint32_t fixed = ic->n_equal + (ic->n_any > 0 || ic->any_array != NULL);
    if (request->lookup && ic->n_equal == 0)
        return false;
    path->scan.unique_point = index->unique && fixed == index->n_columns;
    path->scan.full = fixed == 0 && ic->low == NULL && ic->high == NULL && !ic->not_null;
    bool primary = index->id == path->scan.table->primary->id;
    path->scan.lookup_primary = !primary && !scan_covers(request, index);
    struct conjuncts left = {0};
    for (size_t i = 0; i < f->items.len; i++) {
        if (!m.consumed[i])
            ARENA_PUSH(o->arena, &left.items, f->items.ptr[i]);
    }
    path->scan.filter = conjuncts_join(o, &left);
    path_orders(o, request, path);
    path->ordered = order_satisfied(request, path, false);
    if (!path->ordered && request->n_order > 0 && order_satisfied(request, path, true))
        path->ordered = path->scan.reverse = true;
    price(o, request, path, rows, left.items.len > 0);
    path->rows = fmax(path->scanned * filter_selectivity(&left), left.items.len > 0 ? 0.1 : 0);
    return true;
}

static void reverse_orders(struct optimizer *o, struct access_path *path)
{
    struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, path->n_orders);
    for (uint32_t i = 0; i < path->n_orders; i++)
        orders[i] = (struct plan_order){path->orders[i].column, !path->orders[i].descending};
    path->orders = orders;
}

bool access_best(struct optimizer *o, const struct access_request *asked, struct access_path *out)
{
    struct access_request request = *asked;
    if (!rule_on(o, OPTIMIZE_RULE_INDEX_ORDER))
        request.n_order = 0;
    const struct cat_table *t = request.scan->scan.table;
    const struct scan_hints *hints = &request.scan->scan.hints;
    double rows = table_rows(o, t);
    bool found = false;
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        if (hints->index != NULL && hints->index->id != index->id)
            continue;
        if (index->state != CAT_INDEX_PUBLIC || index->kind != CAT_INDEX_BTREE || index->predicate_sql.len > 0 ||
            (index->not_visible && hints->index == NULL))
            continue;
        struct access_path path;
        if (!try_index(o, &request, index, rows, &path))
            continue;
        if (!found || path.cost < out->cost)
            *out = path;
        found = true;
    }
    if (found && hints->descending && !out->scan.reverse && !out->ordered)
        out->scan.reverse = true;
    if (found && out->scan.reverse)
        reverse_orders(o, out);
    if (!found && !request.lookup && hints->index != NULL) { // a hinted index that cannot serve: fall back
        struct rel plain = *request.scan;
        plain.scan.hints.index = NULL;
        request.scan = &plain;
        found = access_best(o, &request, out);
    }
    return found;
}
