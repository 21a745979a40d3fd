// Access paths: which index of a table to read, between which keys, in which direction.
//
// Costs are in units of one row read from a range scan, about 40 ns of data in memory. A point or range start costs
// SEEK; a row fetched through a secondary index costs FETCH more: both as measured. A row that is locked costs others
// LOCKED.
#include "sql/analyze/imply.h"
#include "sql/optimize/optimize_int.h"
#include <math.h>

static const double SEEK = 20, FETCH = 25, EQUAL_SELECTIVITY = 0.01, INVERTED_SELECTIVITY = 0.02, RULED_OUT = 1e12,
                    LOCKED = 10, LOCKED_LEAST = 100;

static bool is_comparison(const struct expr *e, const char *symbol)
{
    return e->kind == EXPR_CALL && e->n_args == 2 && e->fn->is_operator && strcmp(e->fn->name, symbol) == 0;
}

// ---- matching conditions to index columns

struct matcher {
    struct optimizer *o;
    const struct access_request *request;
    const struct conjuncts *filter; // the request's, or one case of it
    struct col_set inside;          // the scan's columns
    bool *consumed;                 // per conjunct of `filter`: the spans enforce it exactly
};

static bool independent(struct matcher *m, const struct expr *e)
{
    struct col_set cols = col_set_new(m->o->arena, m->o->q);
    expr_columns(e, &cols);
    return !col_set_intersects(&cols, &m->inside) && expr_volatility(e) != FN_VOLATILE &&
           subqueries_are_constant(m->o, e);
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
    bool one_item = e->kind == EXPR_IN && !e->flag && e->n_args == 2 && is_column(e->args[0], c);
    if (one_item && comparable(t, e->args[1]->type) && independent(m, e->args[1]))
        return e->args[1];
    return compared_value(m, e, c, t, "=", "=");
}

static bool find_equal(struct matcher *m, col_id c, struct type t, struct index_constraint *ic)
{
    const struct conjuncts *f = m->filter;
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
    const struct conjuncts *f = m->filter;
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
    const struct conjuncts *f = m->filter;
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

col_id scan_column(const struct rel *scan, uint32_t column_id)
{
    for (uint32_t i = 0; i < scan->n_cols; i++) {
        if (scan->scan.table_columns[i] == column_id)
            return scan->cols[i];
    }
    return 0;
}

// Whether values of a type that are equal are the same to every function: not 1.0 and 1.00, 1 day and 24 hours.
static bool equal_is_same(struct type t)
{
    switch (t.family) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_STRING:
    case TYPE_BYTES:
    case TYPE_UUID:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_OID:
    case TYPE_ENUM:
        return true;
    default:
        return false;
    }
}

// What equalities in the filter make of an expression over the scan's columns; NULL when they do not fix it. `as_key`:
// the values are made into keys of indexes, which equal values share.
static struct expr *with_values(struct matcher *m, struct expr *e, bool as_key)
{
    if (e->kind == EXPR_COLUMN && !as_key && !equal_is_same(e->type))
        return NULL;
    if (e->kind == EXPR_COLUMN) {
        for (size_t i = 0; i < m->filter->items.len; i++) {
            struct expr *value = equal_value(m, m->filter->items.ptr[i], e->column, e->type);
            if (value != NULL)
                return value;
        }
        return NULL;
    }
    if (e->n_args == 0)
        return e;
    as_key |= e->kind == EXPR_CALL && strcmp(e->fn->name, "crdb_internal.datums_to_bytes") == 0;
    struct expr *copy = arena_dup(m->o->arena, e, sizeof(*e));
    copy->args = ARENA_ARRAY(m->o->arena, struct expr *, e->n_args);
    for (uint32_t i = 0; i < e->n_args; i++) {
        copy->args[i] = e->args[i] != NULL ? with_values(m, e->args[i], as_key) : NULL;
        if (copy->args[i] == NULL && e->args[i] != NULL)
            return NULL;
    }
    return copy;
}

// An indexed computed column has the value of its expression, which may be NULL.
static bool find_computed(struct matcher *m, uint32_t column_id, struct index_constraint *ic)
{
    const struct rel *scan = m->request->scan;
    if (scan->scan.computed == NULL || !rule_on(m->o, OPTIMIZE_RULE_COMPUTED_VALUES))
        return false;
    uint32_t at = 0;
    while (scan->scan.table->columns[at].id != column_id)
        at++;
    struct expr *computed = scan->scan.computed[at], *value = computed != NULL ? with_values(m, computed, false) : NULL;
    if (value == NULL || value->subquery != NULL || ic->n_equal >= 64)
        return false;
    if (!scan->scan.table->columns[at].not_null)
        ic->equal_nulls |= UINT64_C(1) << ic->n_equal;
    ic->equal[ic->n_equal++] = value;
    return true;
}

// ---- inverted indexes

static const struct {
    const char *name;
    enum inverted_op op;
    bool mirrored; // the column stands on the right
    enum type_family family;
} inverted_operators[] = {
    {"@>", INVERTED_CONTAINS, false, TYPE_JSONB},  {"<@", INVERTED_CONTAINS, true, TYPE_JSONB},
    {"?", INVERTED_KEY, false, TYPE_JSONB},        {"?|", INVERTED_ANY_KEY, false, TYPE_JSONB},
    {"?&", INVERTED_ALL_KEYS, false, TYPE_JSONB},  {"@>", INVERTED_CONTAINS, false, TYPE_ARRAY},
    {"<@", INVERTED_CONTAINS, true, TYPE_ARRAY},   {"&&", INVERTED_OVERLAPS, false, TYPE_ARRAY},
    {"&&", INVERTED_OVERLAPS, true, TYPE_ARRAY},   {"LIKE", INVERTED_LIKE, false, TYPE_STRING},
    {"ILIKE", INVERTED_LIKE, false, TYPE_STRING},  {"%", INVERTED_SIMILAR, false, TYPE_STRING},
    {"%", INVERTED_SIMILAR, true, TYPE_STRING},    {"@@", INVERTED_MATCHES, false, TYPE_TSVECTOR},
    {"@@", INVERTED_MATCHES, true, TYPE_TSVECTOR},
};

// column -> step -> step: the steps; false when it is something else.
static bool json_path(struct matcher *m, struct expr *e, col_id c, struct index_constraint *ic)
{
    if (is_column(e, c))
        return true;
    if (!is_comparison(e, "->") || !json_path(m, e->args[0], c, ic) || !independent(m, e->args[1]))
        return false;
    enum type_family step = e->args[1]->type.family;
    if ((step != TYPE_STRING && step != TYPE_INT) || ic->n_path == 8)
        return false;
    ic->path[ic->n_path++] = e->args[1];
    return true;
}

static bool match_inverted(struct matcher *m, struct expr *e, col_id c, struct type t, struct index_constraint *ic)
{
    if (e->kind == EXPR_ANY && !e->flag && strcmp(e->fn->name, "=") == 0 && is_column(e->args[1], c) &&
        t.family == TYPE_ARRAY && e->args[0]->type.family == t.element && independent(m, e->args[0])) {
        ic->inverted = e->args[0];
        ic->inverted_op = INVERTED_ELEMENT;
        return true;
    }
    if (e->kind != EXPR_CALL || e->n_args != 2 || !e->fn->is_operator)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(inverted_operators); i++) {
        struct expr *column = e->args[inverted_operators[i].mirrored],
                    *value = e->args[!inverted_operators[i].mirrored];
        if (inverted_operators[i].family != t.family || strcmp(e->fn->name, inverted_operators[i].name) != 0 ||
            !is_column(column, c) || !independent(m, value))
            continue;
        ic->inverted = value;
        ic->inverted_op = inverted_operators[i].op;
        return true;
    }
    for (int side = 0; side < 2 && t.family == TYPE_JSONB && is_comparison(e, "="); side++) {
        ic->path = ARENA_ARRAY(m->o->arena, struct expr *, 8);
        ic->n_path = 0;
        if (!json_path(m, e->args[side], c, ic) || ic->n_path == 0 || !independent(m, e->args[1 - side]))
            continue;
        ic->inverted = e->args[1 - side];
        ic->inverted_op = INVERTED_AT;
        return true;
    }
    return false;
}

// Equalities for all columns but the last, and something that the keys of the last one answer. Never exact.
static void build_inverted(struct matcher *m, const struct cat_index *index, struct index_constraint *ic)
{
    const struct rel *scan = m->request->scan;
    *ic = (struct index_constraint){.equal = ARENA_ARRAY(m->o->arena, struct expr *, index->n_columns)};
    for (size_t i = 0; i < index->n_columns; i++) {
        uint32_t id = index->columns[i].column_id;
        col_id c = scan_column(scan, id);
        struct type t = cat_column_by_id(scan->scan.table, id)->type;
        if (i + 1 < index->n_columns) {
            if (!(c != 0 && find_equal(m, c, t, ic)) && !find_computed(m, id, ic))
                return;
            continue;
        }
        for (size_t k = 0; c != 0 && k < m->filter->items.len && ic->inverted == NULL; k++)
            match_inverted(m, m->filter->items.ptr[k], c, t, ic);
    }
}

// `first`: what the first column is known to equal beside the filter; may be NULL.
static void build_constraint(struct matcher *m, const struct cat_index *index, struct expr *first,
                             struct index_constraint *ic)
{
    const struct rel *scan = m->request->scan;
    if (index->kind == CAT_INDEX_INVERTED) {
        build_inverted(m, index, ic);
        return;
    }
    *ic = (struct index_constraint){.equal = ARENA_ARRAY(m->o->arena, struct expr *, index->n_columns)};
    if (first != NULL)
        ic->equal[ic->n_equal++] = first;
    for (size_t i = ic->n_equal; i < index->n_columns; i++) {
        uint32_t id = index->columns[i].column_id;
        col_id c = scan_column(scan, id);
        struct type t = cat_column_by_id(scan->scan.table, id)->type;
        if ((c != 0 && find_equal(m, c, t, ic)) || find_computed(m, id, ic))
            continue;
        if (c != 0 && !find_any(m, c, t, ic))
            find_range(m, c, t, ic);
        return;
    }
}

// ---- estimates

static double equal_fraction(struct optimizer *o, const struct cat_table *t, uint32_t column_id,
                             const struct expr *value, double rows)
{
    double fraction = table_equal_fraction(o, t, column_id, cat_column_by_id(t, column_id)->type, value);
    return fraction > 0 ? fraction : fmax(EQUAL_SELECTIVITY, 1 / rows);
}

// Of the rows that the equalities leave: those under the alternatives, or in the range, of the next column.
static double next_fraction(struct optimizer *o, const struct cat_table *t, const struct cat_index *index,
                            const struct index_constraint *ic, double rows)
{
    if (ic->n_equal >= index->n_columns)
        return 1;
    uint32_t id = index->columns[ic->n_equal].column_id;
    double sum = ic->any_array != NULL ? 10 * equal_fraction(o, t, id, NULL, rows) : 0;
    for (uint32_t i = 0; i < ic->n_any; i++)
        sum += equal_fraction(o, t, id, ic->any[i], rows);
    if (ic->n_any > 0 || ic->any_array != NULL)
        return fmin(1, sum);
    if (ic->low == NULL && ic->high == NULL)
        return 1;
    return table_range_fraction(o, t, id, cat_column_by_id(t, id)->type, ic->low, ic->low_exclusive, ic->high,
                                ic->high_exclusive);
}

static double scanned_rows(struct optimizer *o, const struct cat_table *t, const struct cat_index *index,
                           const struct index_constraint *ic, bool unique_point, double rows)
{
    if (unique_point)
        return ic->n_any > 0 ? ic->n_any : ic->any_array != NULL ? 10 : 1;
    double n = ic->inverted != NULL ? rows * INVERTED_SELECTIVITY : rows;
    for (uint32_t i = 0; i < ic->n_equal; i++)
        n *= equal_fraction(o, t, index->columns[i].column_id, ic->equal[i], rows);
    return fmax(n * next_fraction(o, t, index, ic, rows), 1);
}

// ---- one candidate

static bool index_holds(const struct cat_table *t, const struct cat_index *index, uint32_t id)
{
    size_t n_key = index->n_columns - (index->kind == CAT_INDEX_INVERTED ? 1 : 0);
    for (size_t k = 0; k < n_key; k++) {
        if (index->columns[k].column_id == id)
            return true;
    }
    for (size_t k = 0; k < index->n_storing; k++) {
        if (index->storing[k] == id)
            return true;
    }
    for (size_t k = 0; k < t->primary->n_columns; k++) {
        if (t->primary->columns[k].column_id == id)
            return true;
    }
    return false;
}

// Columns that must be read: those used above and by what the spans leave of the filter. True when the index has them.
static bool scan_columns(struct optimizer *o, const struct access_request *request, struct access_path *path)
{
    const struct rel *scan = request->scan;
    struct col_set read = col_set_new(o->arena, o->q);
    col_id *cols = ARENA_ARRAY(o->arena, col_id, scan->n_cols);
    uint32_t *ids = ARENA_ARRAY(o->arena, uint32_t, scan->n_cols), n = 0;
    bool covered = true;
    if (path->scan.filter != NULL)
        expr_columns(path->scan.filter, &read);
    for (uint32_t i = 0; i < scan->n_cols; i++) {
        col_id c = scan->cols[i];
        if (scan->scan.needed != NULL && !col_set_has(scan->scan.needed, c) && !col_set_has(&read, c))
            continue;
        cols[n] = c;
        ids[n++] = scan->scan.table_columns[i];
        covered &= index_holds(scan->scan.table, path->scan.index, scan->scan.table_columns[i]);
    }
    path->cols = cols;
    path->n_cols = n;
    path->scan.table_columns = ids;
    return covered;
}

static bool has_column(const struct cat_index *index, uint32_t column_id)
{
    bool has = false;
    for (size_t i = 0; i < index->n_columns; i++)
        has |= index->columns[i].column_id == column_id;
    return has;
}

// The order in which the path delivers rows: index columns behind the fixed ones, then the primary key's, which entries
// of the same key have behind it.
static void path_orders(struct optimizer *o, const struct access_request *request, struct access_path *path)
{
    const struct cat_table *t = request->scan->scan.table;
    const struct cat_index *index = path->scan.index;
    const struct index_constraint *ic = &path->scan.constraint;
    struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, index->n_columns + t->primary->n_columns);
    uint32_t n = 0;
    if (index->kind == CAT_INDEX_INVERTED)
        return;
    // Alternatives are read in key order, so the order holds from their column on.
    size_t first = path->scan.n_more > 0 ? 0 : ic->n_equal, end = index->n_columns + t->primary->n_columns;
    for (size_t i = first; i < end; i++) {
        bool own = i < index->n_columns;
        struct cat_index_column key = own ? index->columns[i] : t->primary->columns[i - index->n_columns];
        if (!own && has_column(index, key.column_id))
            continue;
        col_id c = scan_column(request->scan, key.column_id);
        if (c == 0)
            break;
        orders[n++] = (struct plan_order){c, own && key.descending};
    }
    path->orders = orders;
    path->n_orders = n;
}

static bool is_fixed(const struct access_request *request, const struct access_path *path, col_id c)
{
    for (uint32_t i = 0; path->scan.n_more == 0 && i < path->scan.constraint.n_equal; i++) {
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

// What a partial index has is part of the table, unless it is the index that must be read.
static bool full_scan_avoided(struct optimizer *o, const struct access_path *path)
{
    const struct scan_hints *hints = path->scan.hints;
    bool partial = path->scan.index->predicate_sql.len > 0;
    if (!path->scan.full || (partial && hints->index == NULL))
        return false;
    return hints->no_full_scan || hints->avoid_full_scan ||
           (!partial && o->options->avoid_full_scans && path->scanned > o->options->large_scan_rows);
}

// Others wait for what is locked, or pass it by. Under a limit, rows that come in order are locked as they are taken,
// others all before they are sorted: the table may have more of them when the plan runs, as queues do.
static double locked_rows(const struct access_request *request, const struct access_path *path, double rows)
{
    bool all = request->limit > 0 && request->n_order > 0 && !path->ordered;
    return all ? fmax(rows, LOCKED_LEAST) : rows;
}

// `passing`: the part of the rows read that leaves the scan.
static void price(struct optimizer *o, const struct access_request *request, struct access_path *path, double passing)
{
    const struct scan_plan *s = &path->scan;
    double n = path->scanned;
    if (request->limit > 0 && (path->ordered || request->n_order == 0))
        n = fmin(n, request->limit / passing);
    double starts = s->n_more + (s->constraint.n_any > 0 ? s->constraint.n_any : 1);
    path->cost = SEEK * starts + n * (s->lookup_primary ? 1 + FETCH : 1);
    if (s->unique_point && s->constraint.any_array == NULL && s->constraint.n_any == 0)
        path->cost = request->lookup ? SEEK : 1; // an equality on a unique key is never a scan, however small the table
    if (request->n_order > 0 && !path->ordered)
        path->cost += path->scanned * fmax(1, log2(path->scanned)) * 0.3;
    if (s->lock != LOCK_NONE)
        path->cost += locked_rows(request, path, n * passing) * LOCKED;
    path->cost = perturbed(o, path->cost);
    path->cost += full_scan_avoided(o, path) ? RULED_OUT : 0;
}

static bool is_full(const struct index_constraint *ic)
{
    return ic->n_equal == 0 && ic->inverted == NULL && ic->n_any == 0 && ic->any_array == NULL && ic->low == NULL &&
           ic->high == NULL && !ic->not_null;
}

static struct matcher matcher_new(struct optimizer *o, const struct access_request *request,
                                  const struct conjuncts *filter)
{
    struct matcher m = {.o = o,
                        .request = request,
                        .filter = filter,
                        .inside = col_set_new(o->arena, o->q),
                        .consumed = ARENA_ARRAY(o->arena, bool, filter->items.len + 1)};
    col_set_add_list(&m.inside, request->scan->cols, request->scan->n_cols);
    return m;
}

// ---- a filter by cases: an OR, an IN list or the shards of an index give spans for each alternative

enum { CASES_MAX = 64 };

struct cases {
    size_t at;           // the conjunct they are the alternatives of; SIZE_MAX: none
    struct expr *one_of; // IN: its first operand
    struct expr **alternatives;
    uint32_t n;
    bool shards; // alternatives are values of the index's first column
};

static bool conjunct_cases(struct optimizer *o, const struct conjuncts *f, size_t at, struct cases *out)
{
    struct expr *e = f->items.ptr[at];
    bool list = e->kind == EXPR_IN && !e->flag;
    if ((e->kind != EXPR_OR && !list) || expr_has_subquery(e))
        return false;
    *out = (struct cases){.at = at, .alternatives = e->args, .n = e->n_args};
    if (list) {
        out->n--;
        out->alternatives = ARENA_ARRAY(o->arena, struct expr *, out->n);
        for (uint32_t i = 0; i < out->n; i++) {
            struct expr *one = expr_new(o->arena, EXPR_IN, T_BOOL, 2);
            one->args[0] = e->args[0];
            one->args[1] = e->args[1 + i];
            out->alternatives[i] = one;
        }
    }
    return out->n <= CASES_MAX;
}

static bool shard_cases(struct optimizer *o, const struct access_request *request, const struct cat_index *index,
                        struct cases *out)
{
    uint32_t n = cat_index_shards(request->scan->scan.table, index);
    if (n == 0 || n > CASES_MAX)
        return false;
    *out = (struct cases){.at = SIZE_MAX, .n = n, .shards = true};
    out->alternatives = ARENA_ARRAY(o->arena, struct expr *, n);
    struct type t = cat_column_by_id(request->scan->scan.table, index->columns[0].column_id)->type;
    for (uint32_t i = 0; i < n; i++)
        out->alternatives[i] = expr_const(o->arena, t, datum_int(i));
    return true;
}

// Spans of an index with what they leave of the filter.
struct index_spans {
    struct index_constraint first;
    struct index_constraint *more;
    uint32_t n_more;
    bool *consumed; // per conjunct of the request's filter
    double scanned;
};

static bool spans_by_cases(struct optimizer *o, const struct access_request *request, const struct cat_index *index,
                           double rows, const struct cases *cases, struct index_spans *out)
{
    const struct conjuncts *f = request->filter;
    size_t n = f->items.len;
    *out = (struct index_spans){.more = ARENA_ARRAY(o->arena, struct index_constraint, cases->n),
                                .consumed = ARENA_ARRAY(o->arena, bool, n + 1)};
    for (size_t i = 0; i < n; i++)
        out->consumed[i] = true;
    for (uint32_t k = 0; k < cases->n; k++) {
        struct conjuncts one = {0};
        for (size_t i = 0; i < n; i++) {
            if (i != cases->at)
                ARENA_PUSH(o->arena, &one.items, f->items.ptr[i]);
        }
        size_t own = one.items.len;
        if (!cases->shards)
            conjuncts_add(o, &one, cases->alternatives[k]);
        struct matcher m = matcher_new(o, request, &one);
        struct index_constraint ic;
        build_constraint(&m, index, cases->shards ? cases->alternatives[k] : NULL, &ic);
        if (is_full(&ic) || (cases->shards && ic.n_equal == 1 && ic.n_any == 0 && ic.low == NULL && ic.high == NULL))
            return false;
        for (size_t i = 0, j = 0; i < n; i++) {
            if (i != cases->at)
                out->consumed[i] &= m.consumed[j++];
        }
        for (size_t i = own; i < one.items.len; i++)
            out->consumed[cases->at] &= m.consumed[i];
        out->scanned += scanned_rows(o, request->scan->scan.table, index, &ic, false, rows);
        if (k == 0)
            out->first = ic;
        else
            out->more[out->n_more++] = ic;
    }
    return cases->n > 0;
}

static struct index_spans index_spans(struct optimizer *o, const struct access_request *request,
                                      const struct cat_index *index, double rows)
{
    struct matcher m = matcher_new(o, request, request->filter);
    struct index_spans best, other;
    build_constraint(&m, index, NULL, &best.first);
    const struct index_constraint *ic = &best.first;
    bool point = index->unique && ic->equal_nulls == 0 &&
                 ic->n_equal + (ic->n_any > 0 || ic->any_array != NULL) == index->n_columns;
    best = (struct index_spans){
        .first = *ic,
        .consumed = m.consumed,
        .scanned = scanned_rows(o, request->scan->scan.table, index, ic, point, rows),
    };
    if (point || request->lookup || index->kind == CAT_INDEX_INVERTED || !rule_on(o, OPTIMIZE_RULE_SPANS_BY_CASES))
        return best;
    struct cases cases;
    for (size_t i = 0; i < request->filter->items.len; i++) {
        if (conjunct_cases(o, request->filter, i, &cases) && spans_by_cases(o, request, index, rows, &cases, &other) &&
            other.scanned < best.scanned)
            best = other;
    }
    if (best.n_more == 0 && best.first.n_equal == 0 && shard_cases(o, request, index, &cases) &&
        spans_by_cases(o, request, index, rows, &cases, &other) && other.scanned < best.scanned)
        best = other;
    return best;
}

// Whether the index has all rows that pass the filter; what its predicate says by itself is consumed.
static bool partial_serves(struct optimizer *o, const struct access_request *request, const struct expr *predicate,
                           bool *consumed)
{
    const struct conjuncts *f = request->filter;
    bool asked = request->scan->scan.hints.index != NULL || rule_on(o, OPTIMIZE_RULE_PARTIAL_INDEX);
    if (!asked || !filter_implies(o->q, f->items.ptr, f->items.len, predicate))
        return false;
    struct conjuncts parts = {0};
    conjuncts_add(o, &parts, (struct expr *)predicate);
    for (size_t i = 0; i < f->items.len; i++) {
        for (size_t k = 0; k < parts.items.len; k++)
            consumed[i] |= expr_equal(f->items.ptr[i], parts.items.ptr[k]);
    }
    return true;
}

static const struct expr *index_predicate(const struct rel *scan, const struct cat_index *index)
{
    if (index->predicate_sql.len == 0 || scan->scan.predicates == NULL)
        return NULL;
    return scan->scan.predicates[index - scan->scan.table->indexes];
}

// Forwards or backwards: as hinted, else as the wished order asks for.
static void path_direction(const struct access_request *request, struct access_path *path)
{
    const struct scan_hints *hints = path->scan.hints;
    path->scan.reverse = hints->descending && path->scan.index->kind != CAT_INDEX_INVERTED;
    path->ordered = order_satisfied(request, path, path->scan.reverse);
    if (!path->ordered && request->n_order > 0 && !hints->ascending && !hints->descending &&
        order_satisfied(request, path, true))
        path->ordered = path->scan.reverse = true;
}

static bool try_index(struct optimizer *o, const struct access_request *request, const struct cat_index *index,
                      double rows, struct access_path *path)
{
    const struct conjuncts *f = request->filter;
    const struct expr *predicate = index_predicate(request->scan, index);
    if (predicate != NULL) {
        struct conjuncts own = {0};
        conjuncts_add(o, &own, (struct expr *)predicate);
        rows = fmax(1, rows * filter_selectivity(o, &own));
    }
    struct index_spans spans = index_spans(o, request, index, rows);
    *path = (struct access_path){.scan = {.table = request->scan->scan.table,
                                          .index = index,
                                          .hints = &request->scan->scan.hints,
                                          .constraint = spans.first,
                                          .more = spans.more,
                                          .n_more = spans.n_more,
                                          .lock = request->scan->scan.lock,
                                          .lock_wait = request->scan->scan.lock_wait}};
    const struct index_constraint *ic = &path->scan.constraint;
    uint32_t fixed = ic->n_equal + (ic->n_any > 0 || ic->any_array != NULL);
    if (index->kind == CAT_INDEX_INVERTED && (ic->inverted == NULL || request->lookup))
        return false;
    if ((request->lookup && ic->n_equal == 0) ||
        (index->predicate_sql.len > 0 && (predicate == NULL || !partial_serves(o, request, predicate, spans.consumed))))
        return false;
    path->scan.unique_point = index->unique && ic->equal_nulls == 0 && fixed == index->n_columns && spans.n_more == 0;
    path->scan.full = is_full(ic);
    path->scanned = path->scan.rows = spans.scanned;
    struct conjuncts left = {0};
    for (size_t i = 0; i < f->items.len; i++) {
        if (!spans.consumed[i])
            ARENA_PUSH(o->arena, &left.items, f->items.ptr[i]);
    }
    path->scan.filter = conjuncts_join(o, &left);
    bool covered = scan_columns(o, request, path);
    bool primary = index->id == path->scan.table->primary->id;
    // Locks are on rows: on the keys of the primary index.
    bool locks = request->scan->scan.lock != LOCK_NONE;
    path->scan.lookup_primary = !primary && (!covered || locks || index->kind == CAT_INDEX_INVERTED);
    if (path->scan.lookup_primary && path->scan.hints->no_index_join)
        return false;
    path_orders(o, request, path);
    path_direction(request, path);
    double passing = filter_selectivity(o, &left);
    price(o, request, path, passing);
    path->rows = fmax(path->scanned * passing, left.items.len > 0 ? 0.1 : 0);
    return true;
}

static void reverse_orders(struct optimizer *o, struct access_path *path)
{
    struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, path->n_orders);
    for (uint32_t i = 0; i < path->n_orders; i++)
        orders[i] = (struct plan_order){path->orders[i].column, !path->orders[i].descending};
    path->orders = orders;
}

// Whether an index may be read as far as hints, its state and its visibility go.
static bool is_candidate(struct optimizer *o, const struct scan_hints *hints, const struct cat_index *index)
{
    if (index->state != CAT_INDEX_PUBLIC || (hints->force_inverted && index->kind != CAT_INDEX_INVERTED))
        return false;
    if (hints->index != NULL)
        return hints->index->id == index->id;
    return o->options->visibility_draw < cat_index_visibility(index);
}

static bool cheapest_index(struct optimizer *o, const struct access_request *request, const struct scan_hints *hints,
                           struct access_path *out)
{
    const struct cat_table *t = request->scan->scan.table;
    double rows = table_rows(o, t);
    bool found = false;
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        struct access_path path;
        if (!is_candidate(o, hints, index) || !try_index(o, request, index, rows, &path))
            continue;
        if (!found || path.cost < out->cost)
            *out = path;
        found = true;
    }
    return found;
}

bool access_best(struct optimizer *o, const struct access_request *asked, struct access_path *out)
{
    static const struct scan_hints none;
    struct access_request request = *asked;
    if (!rule_on(o, OPTIMIZE_RULE_INDEX_ORDER))
        request.n_order = 0;
    bool found = cheapest_index(o, &request, &request.scan->scan.hints, out);
    if (!found && !request.lookup) { // what the hints force cannot serve: plan_conforms says so
        found = cheapest_index(o, &request, &none, out);
        out->cost += RULED_OUT;
    }
    if (found && out->scan.reverse)
        reverse_orders(o, out);
    return found;
}
