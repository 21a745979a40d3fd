// Logical operators to physical ones, bottom up, with estimates of rows and cost.
#include "sql/optimize/optimize_int.h"
#include <ctype.h>
#include <math.h>

static struct plan *plan_new(struct optimizer *o, enum plan_kind kind, const struct rel *r, struct plan *input)
{
    struct plan *p = ARENA_NEW(o->arena, struct plan);
    p->kind = kind;
    p->input = input;
    p->number = o->next_number++;
    p->cols = r->cols;
    p->n_cols = r->n_cols;
    if (input != NULL) {
        p->rows = input->rows;
        p->cost = input->cost + input->rows * 0.1;
    }
    return p;
}

// Most operators hand on exactly the columns their input really has.
static void cols_of_input(struct plan *p)
{
    p->cols = p->input->cols;
    p->n_cols = p->input->n_cols;
}

static bool ordered_by(const struct plan *p, const struct sort_key *keys, uint32_t n, const struct query *q)
{
    if (p->n_order < n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        bool not_null = q->columns.ptr[keys[i].expr->column].not_null;
        if (p->order[i].column != keys[i].expr->column || p->order[i].descending != keys[i].descending ||
            (keys[i].nulls_last != keys[i].descending && !not_null))
            return false;
    }
    return true;
}

static double const_limit(const struct expr *e)
{
    return e != NULL && e->kind == EXPR_CONST && !e->value.null && e->value.i > 0 ? (double)e->value.i : 0;
}

// Of the columns a plan hands on those that its input has or it computes: a scan leaves out what nobody above it reads.
static void columns_of_both(struct optimizer *o, struct plan *p, const struct plan *input)
{
    struct col_set there = col_set_new(o->arena, o->q);
    col_set_add_list(&there, input->cols, input->n_cols);
    for (uint32_t i = 0; i < p->project.n_items; i++)
        col_set_add(&there, p->project.items[i].column);
    col_id *cols = ARENA_ARRAY(o->arena, col_id, p->n_cols);
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_cols; i++) {
        if (col_set_has(&there, p->cols[i]))
            cols[n++] = p->cols[i];
    }
    p->cols = cols;
    p->n_cols = n;
}

// Exactly these columns in this order, for parents that count on positions.
static struct plan *exactly(struct optimizer *o, struct plan *p, const struct rel *r)
{
    if (p->n_cols == r->n_cols && memcmp(p->cols, r->cols, p->n_cols * sizeof(col_id)) == 0)
        return p;
    struct plan *narrow = plan_new(o, PLAN_PROJECT, r, p);
    narrow->order = p->order;
    narrow->n_order = p->n_order;
    return narrow;
}

// ---- scans

// The name that psql asks for as '^(name)$'; ptr NULL: the pattern is another one.
static struct str anchored_name(const struct expr *e)
{
    const struct expr *pattern = e->args[1];
    if (strcmp(e->fn->name, "~") != 0 || pattern->kind != EXPR_CONST || pattern->value.null)
        return STR_NONE;
    struct str text = pattern->value.s;
    if (text.len < 4 || !str_has_prefix(text, STR("^(")) || !str_eqc(str_slice(text, text.len - 2, text.len), ")$"))
        return STR_NONE;
    struct str name = str_slice(text, 2, text.len - 2);
    for (size_t i = 0; i < name.len; i++) {
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return STR_NONE;
    }
    return name;
}

static bool in_any_case(const struct expr *e)
{
    return strcmp(e->fn->name, "ILIKE") == 0;
}

// column LIKE 'pattern' without %, or ILIKE: JDBC asks so for names, and _ is in most of them.
static bool is_short_pattern(const struct expr *e)
{
    const struct expr *pattern = e->args[1];
    bool is =
        (strcmp(e->fn->name, "LIKE") == 0 || in_any_case(e)) && pattern->kind == EXPR_CONST && !pattern->value.null;
    for (size_t i = 0; is && i < pattern->value.s.len; i++)
        is = pattern->value.s.ptr[i] != '%';
    return is && (pattern->value.s.len == 0 || pattern->value.s.ptr[pattern->value.s.len - 1] != '\\');
}

// What a pattern without % stands for when each of its _ is escaped; ptr NULL when one is not.
static struct str unescaped(struct optimizer *o, struct str pattern)
{
    char *plain = arena_alloc(o->arena, pattern.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.ptr[i] == '_')
            return STR_NONE;
        i += pattern.ptr[i] == '\\';
        plain[n++] = pattern.ptr[i];
    }
    return (struct str){plain, n};
}

// column = value, column IN (value), column LIKE or ILIKE 'short', column ~ '^(value)$':
// how many sides of it may be the column; 0: it is none of them.
static int equality_sides(const struct expr *e)
{
    if (e->kind == EXPR_IN)
        return !e->flag && e->n_args == 2 ? 1 : 0;
    if (e->kind != EXPR_CALL || e->n_args != 2 || !e->fn->is_operator)
        return 0;
    if (strcmp(e->fn->name, "=") == 0)
        return 2;
    if (anchored_name(e).ptr != NULL)
        return 1;
    return is_short_pattern(e) ? 1 : 0;
}

static struct col_set rel_columns(struct optimizer *o, const col_id *cols, uint32_t n)
{
    struct col_set s = col_set_new(o->arena, o->q);
    col_set_add_list(&s, cols, n);
    return s;
}

// How good a lookup the column is for, best 1; 0: none. *position + 1 is where it stands in the table.
static uint32_t lookup_rank(const struct rel *scan, const struct expr *c, uint32_t *position)
{
    const struct cat_table *t = scan->scan.table;
    for (uint32_t k = 0; c->kind == EXPR_COLUMN && k < scan->n_cols; k++) {
        if (scan->cols[k] != c->column)
            continue;
        *position = 0;
        while (*position < t->n_columns && t->columns[*position].id != scan->scan.table_columns[k])
            ++*position;
        for (uint32_t i = 0; i < ARRAY_LEN(t->virtual_lookups); i++)
            if (t->virtual_lookups[i] == *position + 1)
                return i + 1;
    }
    return 0;
}

// Whether the value a column is compared with is known before the scan begins.
static bool known_outside(struct optimizer *o, const struct rel *scan, const struct expr *value)
{
    struct col_set cols = col_set_new(o->arena, o->q), inside = rel_columns(o, scan->cols, scan->n_cols);
    expr_columns(value, &cols);
    return !col_set_intersects(&cols, &inside) && !expr_has_subquery(value) && expr_volatility(value) != FN_VOLATILE;
}

struct lookup {
    uint32_t position; // + 1 of the column; 0: none
    struct expr *value;
    bool pattern, any_case; // the value has wildcards; letters stand for themselves in either case
};

// What to look for when the condition compares a lookup column with a constant by a pattern. Wildcards and any case in
// names of relations only.
static bool pattern_value(struct optimizer *o, const struct rel *scan, const struct expr *e, uint32_t position,
                          struct lookup *out)
{
    struct str name = e->kind == EXPR_CALL ? anchored_name(e) : STR_NONE;
    if (name.ptr == NULL && e->kind == EXPR_CALL && is_short_pattern(e)) {
        struct str column = scan->scan.table->columns[position].name;
        out->any_case = in_any_case(e);
        name = out->any_case ? STR_NONE : unescaped(o, e->args[1]->value.s);
        out->pattern = name.ptr == NULL;
        if (out->pattern)
            return str_eqc(column, "relname") || str_eqc(column, "tablename");
    }
    if (name.ptr != NULL)
        out->value = expr_const(o->arena, out->value->type, datum_str(name));
    return true;
}

// The best of the table's lookups that the filter has an equality for.
static struct lookup virtual_lookup(const struct rel *scan, const struct conjuncts *filter, struct optimizer *o)
{
    struct lookup best = {0};
    uint32_t best_rank = UINT32_MAX, position;
    for (size_t i = 0; i < filter->items.len; i++) {
        const struct expr *e = filter->items.ptr[i];
        int sides = equality_sides(e);
        for (int side = 0; side < sides; side++) {
            struct expr *other = e->args[1 - side];
            uint32_t rank = lookup_rank(scan, e->args[side], &position);
            if (rank == 0 || rank >= best_rank || other->type.family != e->args[side]->type.family ||
                !known_outside(o, scan, other))
                continue;
            struct lookup found = {.position = position + 1, .value = other};
            if (!pattern_value(o, scan, e, position, &found))
                continue;
            best = found;
            best_rank = rank;
        }
    }
    return best;
}

enum { VIRTUAL_LOOKUP_COST = 20, VIRTUAL_PARTS = 5 };

// How many rows a lookup by the column at that position + 1 finds: one object, or the parts of one.
static double virtual_lookup_rows(const struct cat_table *t, uint32_t position)
{
    static const char *const names[] = {"oid", "relname", "typname", "indexrelid"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqc(t->columns[position - 1].name, names[i]))
            return 1;
    }
    return VIRTUAL_PARTS;
}

static bool any_volatile(struct expr *const *list, uint32_t n)
{
    bool found = false;
    for (uint32_t i = 0; i < n; i++)
        found |= expr_volatility(list[i]) == FN_VOLATILE;
    return found;
}

// The scan of a catalog relation below what only adds columns to its rows, drops or repeats them; NULL: r is not such.
static const struct rel *catalog_scan(const struct rel *r)
{
    for (; r->kind == REL_FILTER || r->kind == REL_PROJECT || r->kind == REL_SRF; r = r->input) {
        if (r->kind == REL_SRF && any_volatile(r->srf.calls, r->srf.n_calls))
            return NULL;
        for (uint32_t i = 0; r->kind == REL_PROJECT && i < r->project.n_items; i++)
            if (any_volatile(&r->project.items[i].expr, 1))
                return NULL;
    }
    return r->kind == REL_SCAN && r->scan.table->kind == CAT_VIRTUAL ? r : NULL;
}

double virtual_lookup_cost(struct optimizer *o, const struct rel *leaf, const struct conjuncts *on, double *rows)
{
    const struct rel *scan = catalog_scan(leaf);
    if (!rule_on(o, OPTIMIZE_RULE_LOOKUP_JOIN) || scan == NULL)
        return -1;
    struct lookup lookup = virtual_lookup(scan, on, o);
    if (lookup.position == 0)
        return -1;
    *rows = virtual_lookup_rows(scan->scan.table, lookup.position);
    return VIRTUAL_LOOKUP_COST;
}

static struct plan *plan_virtual(struct optimizer *o, struct rel *scan, struct conjuncts *filter)
{
    struct plan *p = plan_new(o, PLAN_VIRTUAL_SCAN, scan, NULL);
    p->scan = (struct scan_plan){.table = scan->scan.table, .table_columns = scan->scan.table_columns};
    struct lookup lookup = virtual_lookup(scan, filter, o);
    p->scan.virtual_lookup = lookup.position;
    p->scan.virtual_pattern = lookup.pattern;
    p->scan.virtual_any_case = lookup.any_case;
    if (p->scan.virtual_lookup > 0) {
        p->scan.constraint.equal = ARENA_ARRAY(o->arena, struct expr *, 1);
        p->scan.constraint.equal[0] = lookup.value;
        p->scan.constraint.n_equal = 1;
    }
    p->scan.filter = conjuncts_join(o, filter);
    // Those that have lookups describe tables and their parts; the others are few.
    double all = scan->scan.table->virtual_empty ? 0 : scan->scan.table->virtual_lookups[0] != 0 ? 1000 : 30;
    p->cost = p->scan.virtual_lookup > 0 ? VIRTUAL_LOOKUP_COST : all * 2;
    p->rows = p->scan.virtual_lookup > 0 ? virtual_lookup_rows(p->scan.table, p->scan.virtual_lookup)
                                         : fmax(1, all * filter_selectivity(o, filter));
    return p;
}

static struct plan *filter_above(struct optimizer *o, struct plan *p, const struct rel *r, struct expr *predicate)
{
    if (predicate == NULL)
        return p;
    struct plan *f = plan_new(o, PLAN_FILTER, r, p);
    cols_of_input(f);
    f->predicate = predicate;
    f->rows = fmax(p->rows / 3, 0.1);
    f->order = p->order;
    f->n_order = p->n_order;
    return f;
}

static struct plan *scan_plan_new(struct optimizer *o, const struct rel *scan, const struct access_path *path)
{
    struct plan *p = plan_new(o, PLAN_SCAN, scan, NULL);
    p->scan = path->scan;
    p->cols = path->cols;
    p->n_cols = path->n_cols;
    p->rows = path->rows;
    p->cost = path->cost;
    p->order = path->orders;
    p->n_order = path->n_orders;
    return p;
}

// The scan with its primary key among the columns that are needed.
static struct rel *scan_with_key(struct optimizer *o, const struct rel *scan, col_id **key)
{
    const struct cat_table *t = scan->scan.table;
    size_t n_key = t->primary->n_columns;
    struct rel *wide = arena_dup(o->arena, scan, sizeof(*scan));
    col_id *cols = ARENA_ARRAY(o->arena, col_id, scan->n_cols + n_key);
    uint32_t *ids = ARENA_ARRAY(o->arena, uint32_t, scan->n_cols + n_key);
    *key = ARENA_ARRAY(o->arena, col_id, n_key);
    memcpy(cols, scan->cols, scan->n_cols * sizeof(*cols));
    memcpy(ids, scan->scan.table_columns, scan->n_cols * sizeof(*ids));
    for (size_t i = 0; i < n_key; i++) {
        uint32_t id = t->primary->columns[i].column_id, at = 0;
        while (at < wide->n_cols && ids[at] != id)
            at++;
        if (at == wide->n_cols) {
            const struct cat_column *c = cat_column_by_id(t, id);
            cols[at] = query_add_column(o->q, c->name, c->type);
            query_column(o->q, cols[at])->not_null = true;
            ids[at] = id;
            wide->n_cols++;
        }
        (*key)[i] = cols[at];
    }
    struct col_set *needed = ARENA_NEW(o->arena, struct col_set);
    *needed = col_set_new(o->arena, o->q);
    if (scan->scan.needed != NULL)
        col_set_union(needed, scan->scan.needed);
    else
        col_set_add_list(needed, cols, wide->n_cols);
    col_set_add_list(needed, *key, (uint32_t)n_key);
    wide->cols = cols;
    wide->scan.table_columns = ids;
    wide->scan.needed = needed;
    return wide;
}

// The paths of an OR's alternatives, each through an index; false when one would read the whole table.
static bool disjunct_paths(struct optimizer *o, const struct rel *scan, const struct conjuncts *filter, size_t at,
                           struct access_path *paths, double *cost)
{
    const struct expr *e = filter->items.ptr[at];
    *cost = 0;
    for (uint32_t k = 0; k < e->n_args; k++) {
        struct conjuncts *one = ARENA_NEW(o->arena, struct conjuncts);
        for (size_t i = 0; i < filter->items.len; i++) {
            if (i != at)
                ARENA_PUSH(o->arena, &one->items, filter->items.ptr[i]);
        }
        conjuncts_add(o, one, e->args[k]);
        struct access_request request = {.scan = scan, .filter = one};
        if (!access_best(o, &request, &paths[k]) || paths[k].scan.full)
            return false;
        *cost += paths[k].cost + paths[k].rows * 2;
    }
    return true;
}

// Rows of the paths together, each once.
static struct plan *union_of_paths(struct optimizer *o, const struct rel *wide, const col_id *key, uint32_t n_key,
                                   const struct access_path *paths, uint32_t n)
{
    struct rel target = {0};
    col_id *cols = ARENA_ARRAY(o->arena, col_id, wide->n_cols);
    for (uint32_t i = 0; i < wide->n_cols; i++) {
        if (col_set_has(wide->scan.needed, wide->cols[i]))
            cols[target.n_cols++] = wide->cols[i];
    }
    target.cols = cols;
    struct plan *p = NULL;
    for (uint32_t k = 0; k < n; k++) {
        struct plan *one = exactly(o, scan_plan_new(o, wide, &paths[k]), &target);
        if (p == NULL) {
            p = one;
            continue;
        }
        struct plan *both = plan_new(o, PLAN_SET_OP, &target, p);
        both->right = one;
        both->set.op = SET_UNION;
        both->set.all = true;
        both->rows = p->rows + one->rows;
        both->cost = p->cost + one->cost;
        p = both;
    }
    struct plan *d = plan_new(o, PLAN_DISTINCT, &target, p);
    d->distinct.keys = key;
    d->distinct.n_keys = n_key;
    return d;
}

// An OR whose alternatives are found through several indexes: NULL when one path is cheaper or there are none.
static struct plan *split_disjunction(struct optimizer *o, const struct rel *scan, const struct conjuncts *filter,
                                      double best)
{
    if (!rule_on(o, OPTIMIZE_RULE_SPLIT_DISJUNCTION) || scan->scan.lock != LOCK_NONE || scan->scan.hints.index != NULL)
        return NULL;
    for (size_t i = 0; i < filter->items.len; i++) {
        const struct expr *e = filter->items.ptr[i];
        if (e->kind != EXPR_OR || e->n_args > 8)
            continue;
        col_id *key;
        double cost;
        struct access_path *paths = ARENA_ARRAY(o->arena, struct access_path, e->n_args);
        if (!disjunct_paths(o, scan, filter, i, paths, &cost) || cost >= best)
            continue;
        struct rel *wide = scan_with_key(o, scan, &key);
        if (disjunct_paths(o, wide, filter, i, paths, &cost) && cost < best)
            return union_of_paths(o, wide, key, (uint32_t)scan->scan.table->primary->n_columns, paths, e->n_args);
    }
    return NULL;
}

struct rel *scan_needing(struct optimizer *o, struct rel *scan, const struct expr *above)
{
    if (scan->scan.needed == NULL)
        return scan;
    struct rel *more = arena_dup(o->arena, scan, sizeof(*scan));
    struct col_set *needed = ARENA_NEW(o->arena, struct col_set);
    *needed = col_set_new(o->arena, o->q);
    col_set_union(needed, scan->scan.needed);
    expr_columns(above, needed);
    more->scan.needed = needed;
    return more;
}

static struct plan *plan_scan(struct optimizer *o, struct rel *scan, struct expr *predicate,
                              const struct sort_key *order, uint32_t n_order, double limit)
{
    struct conjuncts all = {0}, inside = {0}, above = {0};
    conjuncts_add(o, &all, predicate);
    for (size_t i = 0; i < all.items.len; i++) {
        struct conjuncts *c = subqueries_are_constant(o, all.items.ptr[i]) ? &inside : &above;
        ARENA_PUSH(o->arena, &c->items, all.items.ptr[i]);
    }
    struct expr *rest = conjuncts_join(o, &above);
    if (scan->scan.table->kind == CAT_VIRTUAL)
        return filter_above(o, plan_virtual(o, scan, &inside), scan, rest);
    if (rest != NULL)
        scan = scan_needing(o, scan, rest);
    struct access_request request = {
        .scan = scan, .filter = &inside, .order = order, .n_order = n_order, .limit = rest == NULL ? limit : 0};
    struct access_path path;
    bool found = access_best(o, &request, &path);
    INVARIANT(found);
    struct plan *split = split_disjunction(o, scan, &inside, path.cost);
    if (split != NULL)
        return filter_above(o, split, scan, rest);
    struct plan *p = scan_plan_new(o, scan, &path);
    if (path.ordered && n_order > 0) { // fixed columns are not in path.orders: state the wished order itself
        struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, n_order);
        for (uint32_t i = 0; i < n_order; i++)
            orders[i] = (struct plan_order){order[i].expr->column, order[i].descending};
        p->order = orders;
        p->n_order = n_order;
    }
    return filter_above(o, p, scan, rest);
}

// ---- joins

static bool splits(struct optimizer *o, struct expr *e, const struct col_set *left, const struct col_set *right,
                   struct join_key *key)
{
    bool equal = e->kind == EXPR_CALL && e->n_args == 2 && e->fn->is_operator && strcmp(e->fn->name, "=") == 0;
    bool same = e->kind == EXPR_IS_DISTINCT && e->flag;
    if ((!equal && !same) || expr_volatility(e) == FN_VOLATILE || expr_has_subquery(e))
        return false;
    for (int side = 0; side < 2; side++) {
        struct col_set l = col_set_new(o->arena, o->q), r = col_set_new(o->arena, o->q);
        expr_columns(e->args[side], &l);
        expr_columns(e->args[1 - side], &r);
        struct type lt = e->args[side]->type, rt = e->args[1 - side]->type;
        if (!col_set_intersects(&l, right) && !col_set_intersects(&r, left) && col_set_intersects(&l, left) &&
            col_set_intersects(&r, right) && lt.family == rt.family && lt.family != TYPE_TUPLE) {
            *key = (struct join_key){e->args[side], e->args[1 - side], same};
            return true;
        }
    }
    return false;
}

static void join_columns(struct optimizer *o, struct plan *p, const col_id *right, uint32_t n_right)
{
    bool semi = p->join.kind == JOIN_SEMI || p->join.kind == JOIN_ANTI;
    uint32_t n = p->input->n_cols + (semi ? 0 : n_right);
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n);
    memcpy(cols, p->input->cols, p->input->n_cols * sizeof(*cols));
    if (!semi)
        memcpy(cols + p->input->n_cols, right, n_right * sizeof(*cols));
    p->cols = cols;
    p->n_cols = n;
}

bool lookup_possible(const struct rel *r)
{
    const struct rel *scan = r->kind == REL_FILTER ? r->input : r;
    return scan->kind == REL_SCAN && scan->scan.table->kind == CAT_TABLE && scan->scan.lock == LOCK_NONE &&
           (r == scan || !expr_has_subquery(r->predicate));
}

// Right side an index reachable from the left side's columns? The scan's own filter becomes the lookup's.
static struct plan *try_lookup(struct optimizer *o, struct rel *r, struct plan *left, double rows, double hash_cost)
{
    struct rel *right = without_projection(r->right), *scan = right->kind == REL_FILTER ? right->input : right;
    enum join_kind kind = r->join.kind;
    bool possible = kind == JOIN_INNER || kind == JOIN_LEFT || kind == JOIN_SEMI || kind == JOIN_ANTI;
    bool asked = r->join.hint == JOIN_HINT_LOOKUP || rule_on(o, OPTIMIZE_RULE_LOOKUP_JOIN);
    if (!asked || !possible || !lookup_possible(right))
        return NULL;
    struct conjuncts on = {0}, own = {0}, both = {0};
    conjuncts_add(o, &on, r->join.on);
    conjuncts_add(o, &own, right->kind == REL_FILTER ? right->predicate : NULL);
    for (size_t i = 0; i < on.items.len; i++)
        ARENA_PUSH(o->arena, &both.items, on.items.ptr[i]);
    for (size_t i = 0; i < own.items.len; i++)
        ARENA_PUSH(o->arena, &both.items, own.items.ptr[i]);
    struct access_request request = {.scan = scan, .filter = &both, .lookup = true};
    struct access_path path;
    if (!access_best(o, &request, &path))
        return NULL;
    double cost = perturbed(o, left->cost + left->rows * path.cost);
    if (cost >= hash_cost)
        return NULL;
    // What the spans do not enforce: conditions on the scan alone stay with the lookup, the rest is the join's.
    struct conjuncts rest = {0}, lookup_filter = {0}, join_on = {0};
    struct col_set left_cols = rel_columns(o, left->cols, left->n_cols);
    conjuncts_add(o, &rest, path.scan.filter);
    for (size_t i = 0; i < rest.items.len; i++) {
        struct col_set cols = col_set_new(o->arena, o->q);
        expr_columns(rest.items.ptr[i], &cols);
        struct conjuncts *c = col_set_intersects(&cols, &left_cols) ? &join_on : &lookup_filter;
        ARENA_PUSH(o->arena, &c->items, rest.items.ptr[i]);
    }
    struct plan *p = plan_new(o, PLAN_LOOKUP_JOIN, r, left);
    p->join.kind = kind;
    p->join.on = conjuncts_join(o, &join_on);
    p->join.lookup = path.scan;
    p->join.lookup.filter = conjuncts_join(o, &lookup_filter);
    p->join.lookup_cols = path.cols;
    p->join.n_lookup_cols = path.n_cols;
    p->rows = rows;
    p->cost = cost;
    join_columns(o, p, path.cols, path.n_cols);
    p->order = left->order;
    p->n_order = left->n_order;
    return p;
}

// A right join is a left join with the sides swapped; the hash table is built from the smaller side of an inner join.
static struct plan *plan_nested(struct optimizer *o, struct rel *r)
{
    struct plan *left = plan_rel(o, r->input, NULL, 0, 0);
    struct plan *p = plan_new(o, PLAN_NESTED_JOIN, r, left);
    p->right = plan_rel(o, r->right, NULL, 0, 0);
    p->join.kind = r->join.kind;
    p->join.on = r->join.on;
    p->join.correlated = true;
    p->rows = join_rows(o, r->join.kind, left->rows, p->right->rows, NULL, 0, r->join.on);
    p->cost = left->cost + left->rows * p->right->cost;
    join_columns(o, p, p->right->cols, p->right->n_cols);
    return p;
}

static void split_keys(struct optimizer *o, struct rel *r, struct plan *p)
{
    struct conjuncts on = {0}, rest = {0};
    conjuncts_add(o, &on, r->join.on);
    struct col_set left = rel_columns(o, p->input->cols, p->input->n_cols);
    struct col_set right = rel_columns(o, p->right->cols, p->right->n_cols);
    p->join.keys = ARENA_ARRAY(o->arena, struct join_key, on.items.len);
    for (size_t i = 0; i < on.items.len; i++) {
        if (splits(o, on.items.ptr[i], &left, &right, &p->join.keys[p->join.n_keys]))
            p->join.n_keys++;
        else
            ARENA_PUSH(o->arena, &rest.items, on.items.ptr[i]);
    }
    p->join.on = conjuncts_join(o, &rest);
}

static struct plan *hash_join(struct optimizer *o, struct rel *r, struct plan *left, struct plan *right)
{
    struct plan *p = plan_new(o, PLAN_HASH_JOIN, r, left);
    p->right = right;
    p->join.kind = r->join.kind;
    p->join.hint = r->join.hint;
    split_keys(o, r, p);
    if (p->join.n_keys == 0)
        p->kind = PLAN_NESTED_JOIN;
    p->rows = join_rows(o, r->join.kind, left->rows, right->rows, p->join.keys, p->join.n_keys, p->join.on);
    p->cost = perturbed(o, hash_join_cost(left->cost, left->rows, right->cost, right->rows, p->join.n_keys));
    join_columns(o, p, right->cols, right->n_cols);
    return p;
}

// The keys that a merge join goes by, columns whose NULLs match nothing, as orders of both sides; the others become
// conditions of it when it is asked for by a hint. False: there are none, or others that are not to be.
static bool merge_keys(struct optimizer *o, struct rel *r, const struct plan *hash, struct plan *merge,
                       struct sort_key *left, struct sort_key *right)
{
    merge->join = hash->join;
    merge->join.keys = ARENA_ARRAY(o->arena, struct join_key, hash->join.n_keys);
    merge->join.n_keys = 0;
    for (uint32_t i = 0; i < hash->join.n_keys; i++) {
        const struct join_key *k = &hash->join.keys[i];
        if (k->null_equal || k->left->kind != EXPR_COLUMN || k->right->kind != EXPR_COLUMN)
            continue;
        left[merge->join.n_keys] = (struct sort_key){.expr = k->left};
        right[merge->join.n_keys] = (struct sort_key){.expr = k->right};
        merge->join.keys[merge->join.n_keys++] = *k;
    }
    if (merge->join.n_keys == hash->join.n_keys || r->join.hint != JOIN_HINT_MERGE)
        return merge->join.n_keys == hash->join.n_keys;
    merge->join.on = r->join.on; // some of it is checked twice
    return merge->join.n_keys > 0;
}

// The relation's rows in that order: as an index has them; `sorted`: else by a sort.
static struct plan *in_order(struct optimizer *o, struct rel *r, struct sort_key *keys, uint32_t n, bool sorted)
{
    struct plan *p = plan_rel(o, r, keys, n, 0);
    if (ordered_by(p, keys, n, o->q) || !sorted)
        return p;
    struct rel *sort = rel_new(o->arena, REL_SORT, r);
    sort->sort.keys = keys;
    sort->sort.n_keys = n;
    return plan_rel(o, sort, NULL, 0, 0);
}

// Both sides can be read from an index in the order of the join keys, or are sorted because a hint says so.
static struct plan *try_merge(struct optimizer *o, struct rel *r, const struct plan *hash, double limit)
{
    bool possible = r->join.kind == JOIN_INNER || r->join.kind == JOIN_LEFT || r->join.kind == JOIN_SEMI ||
                    r->join.kind == JOIN_ANTI;
    bool asked = r->join.hint == JOIN_HINT_MERGE;
    if ((!asked && !rule_on(o, OPTIMIZE_RULE_MERGE_JOIN)) || !possible || hash->kind != PLAN_HASH_JOIN)
        return NULL;
    struct sort_key *left = ARENA_ARRAY(o->arena, struct sort_key, hash->join.n_keys),
                    *right = ARENA_ARRAY(o->arena, struct sort_key, hash->join.n_keys);
    struct plan merge;
    if (!merge_keys(o, r, hash, &merge, left, right))
        return NULL;
    uint32_t n = merge.join.n_keys;
    struct plan *l = in_order(o, r->input, left, n, asked), *rr = in_order(o, r->right, right, n, asked);
    double cost = perturbed(o, l->cost + rr->cost + (l->rows + rr->rows) * 1.5);
    if (cost >= limit || !ordered_by(l, left, n, o->q) || !ordered_by(rr, right, n, o->q))
        return NULL;
    struct plan *p = plan_new(o, PLAN_MERGE_JOIN, r, l);
    p->right = rr;
    p->join = merge.join;
    p->rows = hash->rows;
    p->cost = cost;
    join_columns(o, p, rr->cols, rr->n_cols);
    p->order = l->order;
    p->n_order = l->n_order;
    return p;
}

// ---- joins whose right side is read per row: inverted ones first

// The right side is read anew for each row of the left one. NULL when that costs `limit` or more.
static struct plan *join_per_row(struct optimizer *o, struct rel *r, struct plan *left, struct plan *right, double rows,
                                 double limit)
{
    double cost = perturbed(o, left->cost + left->rows * right->cost);
    if (cost >= limit)
        return NULL;
    struct plan *p = plan_new(o, PLAN_NESTED_JOIN, r, left);
    p->right = right;
    p->join.kind = r->join.kind;
    p->join.correlated = true;
    p->rows = rows;
    p->cost = cost;
    join_columns(o, p, right->cols, right->n_cols);
    return p;
}

static bool has_inverted_index(const struct rel *scan)
{
    const struct cat_table *t = scan->scan.table;
    bool found = false;
    for (size_t i = 0; i < t->n_indexes; i++)
        found |= t->indexes[i].kind == CAT_INDEX_INVERTED;
    return found;
}

// Each row of the left side finds those of the right one by what an inverted index has of them: containing,
// overlapping.
static struct plan *inverted_join(struct optimizer *o, struct rel *r, struct plan *left, double rows, double limit)
{
    struct rel *right = without_projection(r->right), *scan = right->kind == REL_FILTER ? right->input : right;
    bool asked = r->join.hint == JOIN_HINT_INVERTED || rule_on(o, OPTIMIZE_RULE_INVERTED_JOIN);
    if (!asked || (r->join.kind != JOIN_INNER && r->join.kind != JOIN_LEFT) || r->join.on == NULL ||
        !lookup_possible(right) || !has_inverted_index(scan) || expr_has_subquery(r->join.on))
        return NULL;
    struct rel *inverted = arena_dup(o->arena, scan, sizeof(*scan));
    inverted->scan.hints.force_inverted = true;
    struct expr *all = expr_and(o->arena, right->kind == REL_FILTER ? right->predicate : NULL, r->join.on);
    struct plan *found = plan_scan(o, inverted, all, NULL, 0, 0);
    if (found->kind != PLAN_SCAN || found->scan.constraint.inverted == NULL)
        return NULL;
    return join_per_row(o, r, left, found, rows, limit);
}

static struct rel *copy_to_scan(struct optimizer *o, struct rel *r)
{
    struct rel *copy = arena_dup(o->arena, r, sizeof(*r));
    if (r->kind != REL_SCAN)
        copy->input = copy_to_scan(o, r->input);
    return copy;
}

// The catalog relation (catalog_scan) with more conditions, each as near to its scan as it can stand.
static struct rel *filter_into(struct optimizer *o, struct rel *r, struct expr *condition)
{
    struct conjuncts all = {0};
    conjuncts_add(o, &all, condition);
    r = copy_to_scan(o, r);
    for (size_t i = 0; i < all.items.len; i++)
        r = push_or_filter(o, r, all.items.ptr[i]);
    return r;
}

// A catalog relation that the left side's rows find by one of its lookup columns is made anew for each of them, instead
// of once as a whole.
static struct plan *try_virtual(struct optimizer *o, struct rel *r, struct plan *left, double limit)
{
    if (!rule_on(o, OPTIMIZE_RULE_LOOKUP_JOIN) || catalog_scan(r->right) == NULL || r->join.kind == JOIN_RIGHT ||
        r->join.kind == JOIN_FULL || r->join.on == NULL || expr_has_subquery(r->join.on) || !plan_bounded(left))
        return NULL;
    struct plan *right = plan_rel(o, filter_into(o, r->right, r->join.on), NULL, 0, 0);
    const struct plan *scan = right;
    while (scan->kind == PLAN_FILTER || scan->kind == PLAN_PROJECT || scan->kind == PLAN_SRF)
        scan = scan->input;
    if (scan->kind != PLAN_VIRTUAL_SCAN || scan->scan.virtual_lookup == 0)
        return NULL;
    return join_per_row(o, r, left, right, left->rows, limit);
}

static struct plan *cheaper(struct plan *a, struct plan *b)
{
    return b != NULL && (a == NULL || b->cost < a->cost) ? b : a;
}

// Columns of the right side that a semi join compares for equality, with values of their kind, and for nothing else;
// false: it is not so.
static bool semi_keys(const struct plan *semi, col_id *keys)
{
    for (uint32_t i = 0; i < semi->join.n_keys; i++) {
        const struct join_key *k = &semi->join.keys[i];
        const struct expr *right = k->right;
        if (right->kind == EXPR_CALL && strcmp(right->fn->name, "crdb_internal.tid_int") == 0) // of each tid another
            right = right->args[0];
        if (k->null_equal || right->kind != EXPR_COLUMN || k->left->type.family != k->right->type.family)
            return false;
        keys[i] = right->column;
    }
    return semi->join.n_keys > 0 && semi->join.on == NULL;
}

// A semi join the other way round: the right side's rows, each key once, with what they ask for by IN or EXISTS. NULL:
// that would be something else.
static struct rel *semi_turned(struct optimizer *o, struct rel *r, const struct plan *semi)
{
    col_id *keys = ARENA_ARRAY(o->arena, col_id, semi->join.n_keys + 1);
    if (r->join.kind != JOIN_SEMI || !semi_keys(semi, keys))
        return NULL;
    struct rel *distinct = rel_new(o->arena, REL_DISTINCT, r->right);
    distinct->distinct.keys = keys;
    distinct->distinct.n_keys = semi->join.n_keys;
    struct rel *join = arena_dup(o->arena, r, sizeof(*r));
    join->join.kind = JOIN_INNER;
    join->input = distinct;
    join->right = r->input;
    return join;
}

// Rows of a catalog relation that few others ask for are looked up for each of those, once.
static struct plan *try_catalog_semi(struct optimizer *o, struct rel *r, const struct plan *semi, double limit)
{
    struct rel *join = catalog_scan(r->input) != NULL && plan_bounded(semi->right) ? semi_turned(o, r, semi) : NULL;
    struct plan *p = join != NULL ? try_virtual(o, join, plan_rel(o, join->input, NULL, 0, 0), limit) : NULL;
    return p != NULL ? exactly(o, p, r->input) : NULL;
}

// So are rows of a table: where a subquery takes a few from a queue, the rest of it is not read.
static struct plan *try_semi_turned(struct optimizer *o, struct rel *r, const struct plan *semi, double limit)
{
    bool few = rule_on(o, OPTIMIZE_RULE_SEMI_TURNED) && semi->right->rows < semi->input->rows;
    struct rel *join = few ? semi_turned(o, r, semi) : NULL;
    struct plan *p = NULL;
    if (join != NULL)
        p = try_lookup(o, join, plan_rel(o, join->input, NULL, 0, 0), semi->rows, limit);
    return p != NULL ? exactly(o, p, r->input) : NULL;
}

// The cheapest way to join with the sides as they are.
static struct plan *join_sides(struct optimizer *o, struct rel *r, struct plan *left, struct plan *right)
{
    struct plan *hash = hash_join(o, r, left, right), *best = hash;
    best = cheaper(best, try_lookup(o, r, left, hash->rows, best->cost));
    best = cheaper(best, try_virtual(o, r, left, best->cost));
    best = cheaper(best, try_catalog_semi(o, r, hash, best->cost));
    best = cheaper(best, try_semi_turned(o, r, hash, best->cost));
    best = cheaper(best, inverted_join(o, r, left, hash->rows, best->cost));
    return cheaper(best, try_merge(o, r, hash, best->cost));
}

// As a hint asks for it; a hash join when that cannot be.
static struct plan *join_as_hinted(struct optimizer *o, struct rel *r, struct plan *left, struct plan *right)
{
    struct plan *hash = hash_join(o, r, left, right), *p = NULL;
    switch (r->join.hint) {
    case JOIN_HINT_MERGE:
        p = try_merge(o, r, hash, HUGE_VAL);
        break;
    case JOIN_HINT_LOOKUP:
        p = try_lookup(o, r, left, hash->rows, HUGE_VAL);
        break;
    case JOIN_HINT_INVERTED:
        p = inverted_join(o, r, left, hash->rows, HUGE_VAL);
        break;
    case JOIN_HINT_STRAIGHT:
        p = join_sides(o, r, left, right);
        break;
    case JOIN_HINT_NONE:
    case JOIN_HINT_HASH:
        break;
    }
    return p != NULL ? p : hash;
}

// Few rows look up theirs of a semi join's right side before the rest of that runs.
static struct plan *try_semi_lookup(struct optimizer *o, struct rel *r, const struct plan *left,
                                    const struct plan *best)
{
    if (left->cost + left->rows >= best->cost)
        return NULL;
    struct rel *once = semi_by_lookup(o, r);
    struct plan *p = once != NULL ? plan_rel(o, once, NULL, 0, 0) : NULL;
    if (p == NULL || p->cost >= best->cost)
        return NULL;
    struct plan *narrow = plan_new(o, PLAN_PROJECT, r->input, p);
    columns_of_both(o, narrow, p);
    narrow->rows = best->rows;
    return narrow;
}

static struct plan *plan_sides(struct optimizer *o, struct rel *r)
{
    if (r->join.lateral)
        return plan_nested(o, r);
    struct plan *left = plan_rel(o, r->input, NULL, 0, 0), *right = plan_rel(o, r->right, NULL, 0, 0), *best = NULL;
    struct rel *swapped = arena_dup(o->arena, r, sizeof(*r));
    swapped->input = r->right;
    swapped->right = r->input;
    swapped->join.kind = r->join.kind == JOIN_RIGHT ? JOIN_LEFT : r->join.kind;
    if (r->join.hint != JOIN_HINT_NONE)
        return r->join.kind == JOIN_RIGHT ? join_as_hinted(o, swapped, right, left) : join_as_hinted(o, r, left, right);
    if (r->join.kind != JOIN_RIGHT)
        best = join_sides(o, r, left, right);
    if (r->join.kind == JOIN_SEMI)
        best = cheaper(best, try_semi_lookup(o, r, left, best));
    if (r->join.kind != JOIN_RIGHT && (r->join.kind != JOIN_INNER || o->options->reorder_joins_limit == 0))
        return best;
    return cheaper(best, join_sides(o, swapped, right, left));
}

// Under a limit: rows of the left side in the order asked for, as many as it takes, each looked up; NULL when there is
// no index for that. The order stays.
static struct plan *limited_lookup(struct optimizer *o, struct rel *r, double rows, const struct sort_key *order,
                                   uint32_t n_order, double limit)
{
    struct plan *all = plan_rel(o, r->input, NULL, 0, 0);
    double wanted = fmin(all->rows, limit * fmax(1, all->rows / fmax(rows, 1)));
    struct plan *left = plan_rel(o, r->input, order, n_order, wanted);
    struct plan *p = try_lookup(o, r, left, rows, HUGE_VAL);
    if (p == NULL || !ordered_by(left, order, n_order, o->q))
        return NULL;
    p->cost = left->cost + (p->cost - left->cost) * fmin(1, wanted / fmax(left->rows, 1));
    return p;
}

static struct plan *limited_join(struct optimizer *o, struct rel *r, struct plan *best, const struct sort_key *order,
                                 uint32_t n_order, double limit)
{
    enum join_hint hint = r->join.hint;
    if (!rule_on(o, OPTIMIZE_RULE_LIMITED_JOIN) || r->join.lateral || r->join.kind == JOIN_RIGHT ||
        (hint != JOIN_HINT_NONE && hint != JOIN_HINT_LOOKUP && hint != JOIN_HINT_STRAIGHT))
        return best;
    struct plan *limited = limited_lookup(o, r, best->rows, order, n_order, limit), *other = NULL;
    if (r->join.kind == JOIN_INNER && hint == JOIN_HINT_NONE && o->options->reorder_joins_limit > 0) {
        struct rel *swapped = arena_dup(o->arena, r, sizeof(*r));
        swapped->input = r->right;
        swapped->right = r->input;
        other = limited_lookup(o, swapped, best->rows, order, n_order, limit);
    }
    limited = limited == NULL ? other : cheaper(limited, other);
    double sort = n_order > 0 ? best->rows * 0.3 : 0;
    return limited != NULL && limited->cost < best->cost + sort ? limited : best;
}

// A join is asked for several times while others weigh what to do with it.
static struct plan *plan_join_once(struct optimizer *o, struct rel *r)
{
    for (size_t i = 0; i < o->joins.len; i++) {
        if (o->joins.ptr[i].rel == r)
            return o->joins.ptr[i].plan;
    }
    struct planned_join planned = {r, plan_sides(o, r)};
    ARENA_PUSH(o->arena, &o->joins, planned);
    return planned.plan;
}

static struct plan *plan_join(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order,
                              double limit)
{
    struct plan *p = plan_join_once(o, r);
    return limit > 0 ? limited_join(o, r, p, order, n_order, limit) : p;
}

// ---- the other operators

static struct plan *plan_filter(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order,
                                double limit)
{
    if (r->input->kind == REL_SCAN)
        return plan_scan(o, r->input, r->predicate, order, n_order, limit);
    return filter_above(o, plan_rel(o, r->input, order, n_order, 0), r, r->predicate);
}

// Sort keys in terms of a projection's input: only when they pass through unchanged.
static bool keys_pass(const struct rel *project, const struct sort_key *keys, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < project->project.n_items; k++) {
            if (project->project.items[k].column == keys[i].expr->column)
                return false;
        }
    }
    return true;
}

static struct plan *plan_project(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order,
                                 double limit)
{
    bool pass = keys_pass(r, order, n_order);
    struct plan *input = plan_rel(o, r->input, pass ? order : NULL, pass ? n_order : 0, limit);
    struct plan *p = plan_new(o, PLAN_PROJECT, r, input);
    p->project.items = r->project.items;
    p->project.n_items = r->project.n_items;
    columns_of_both(o, p, input);
    p->order = input->order;
    uint32_t n = 0; // the order holds as long as its columns are still there
    while (n < input->n_order) {
        bool there = false;
        for (uint32_t i = 0; i < r->n_cols && !there; i++)
            there = r->cols[i] == input->order[n].column;
        if (!there)
            break;
        n++;
    }
    p->n_order = n;
    return p;
}

static double sort_cost(double rows)
{
    return rows * fmax(1, log2(fmax(2, rows))) * 0.3;
}

// The input of a top-k in the order of its first keys, when reading that as far as needed is cheaper than all.
static struct plan *partly_ordered(struct optimizer *o, struct rel *r, double limit, struct plan *all,
                                   uint32_t *n_ordered)
{
    double cost = all->cost + sort_cost(all->rows);
    *n_ordered = 0;
    if (limit <= 0 || !rule_on(o, OPTIMIZE_RULE_PARTIAL_ORDER) || !rule_on(o, OPTIMIZE_RULE_TOP_K))
        return all;
    for (uint32_t n = r->sort.n_keys - 1; n > 0; n--) {
        double wanted = fmin(all->rows, limit + rows_alike(o, r->sort.keys, n, all->rows));
        struct plan *p = plan_rel(o, r->input, r->sort.keys, n, wanted);
        if (!ordered_by(p, r->sort.keys, n, o->q))
            continue;
        *n_ordered = p->cost + sort_cost(wanted) < cost ? n : 0;
        return *n_ordered > 0 ? p : all;
    }
    return all;
}

static struct plan *plan_sort(struct optimizer *o, struct rel *r, double limit, struct expr *count, struct expr *offset)
{
    uint32_t n_ordered;
    struct plan *input = plan_rel(o, r->input, r->sort.keys, r->sort.n_keys, limit);
    if (ordered_by(input, r->sort.keys, r->sort.n_keys, o->q))
        return input;
    input = partly_ordered(o, r, limit, input, &n_ordered);
    struct plan *p = plan_new(o, PLAN_SORT, r, input);
    cols_of_input(p);
    p->sort.keys = r->sort.keys;
    p->sort.n_keys = r->sort.n_keys;
    p->sort.n_ordered = n_ordered;
    if (rule_on(o, OPTIMIZE_RULE_TOP_K)) {
        p->sort.limit = count;
        p->sort.offset = offset;
    }
    p->cost += n_ordered > 0 ? 0 : sort_cost(input->rows);
    struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, r->sort.n_keys);
    uint32_t n = 0;
    while (n < r->sort.n_keys && r->sort.keys[n].nulls_last == r->sort.keys[n].descending) {
        orders[n] = (struct plan_order){r->sort.keys[n].expr->column, r->sort.keys[n].descending};
        n++;
    }
    p->order = orders;
    p->n_order = n;
    return p;
}

// The limit a scan below may stop at by itself.
static void limit_scan(struct plan *p, double limit)
{
    while (p->kind == PLAN_PROJECT)
        p = p->input;
    if (p->kind == PLAN_SCAN && limit > 0)
        p->scan.limit = (uint64_t)limit;
}

// A limit that is a parameter, or computed, is expected to be one of a page.
static double likely_limit(const struct expr *e)
{
    enum { PAGE_ROWS = 100 };
    return e != NULL && e->kind != EXPR_CONST ? PAGE_ROWS : const_limit(e);
}

static struct plan *plan_limit(struct optimizer *o, struct rel *r)
{
    double count = const_limit(r->limit.count);
    bool known = count > 0 && (r->limit.offset == NULL || r->limit.offset->kind == EXPR_CONST);
    double limit = likely_limit(r->limit.count);
    if (limit > 0 && r->limit.offset != NULL)
        limit += likely_limit(r->limit.offset);
    struct rel *below = r->input;
    struct plan *input;
    if (below->kind == REL_SORT)
        input = plan_sort(o, below, limit, r->limit.count, r->limit.offset);
    else if (below->kind == REL_PROJECT && below->input->kind == REL_SORT && keys_pass(below, NULL, 0)) {
        struct plan *sorted = plan_sort(o, below->input, limit, r->limit.count, r->limit.offset);
        input = plan_new(o, PLAN_PROJECT, below, sorted);
        input->project.items = below->project.items;
        input->project.n_items = below->project.n_items;
    } else {
        input = plan_rel(o, below, NULL, 0, limit);
    }
    if (known)
        limit_scan(input, limit);
    struct plan *p = plan_new(o, PLAN_LIMIT, r, input);
    cols_of_input(p);
    p->limit.count = r->limit.count;
    p->limit.offset = r->limit.offset;
    if (count > 0)
        p->rows = fmin(p->rows, count);
    p->order = input->order;
    p->n_order = input->n_order;
    return p;
}

static bool is_key(const col_id *keys, uint32_t n, col_id c)
{
    for (uint32_t i = 0; i < n; i++) {
        if (keys[i] == c)
            return true;
    }
    return false;
}

// Whether rows with equal keys are adjacent: the order begins with the keys, whichever way.
static bool keys_adjacent(const struct plan *p, const col_id *keys, uint32_t n_keys)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < p->n_order && found < n_keys && is_key(keys, n_keys, p->order[i].column); i++) {
        bool again = false;
        for (uint32_t k = 0; k < i; k++)
            again |= p->order[k].column == p->order[i].column;
        found += !again;
    }
    return found == n_keys;
}

// The order wished of rows that are grouped, with the other keys behind it, those that `index` has first; nothing when
// it has columns that are no keys.
static struct sort_key *keys_order(struct optimizer *o, const col_id *keys, uint32_t n_keys,
                                   const struct sort_key *order, uint32_t *n_order, const struct rel *scan,
                                   const struct cat_index *index)
{
    uint32_t n = *n_order, n_index = index != NULL ? (uint32_t)index->n_columns : 0;
    struct sort_key *wish = ARENA_ARRAY(o->arena, struct sort_key, n + n_keys);
    *n_order = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!is_key(keys, n_keys, order[i].expr->column))
            return wish;
        wish[i] = order[i];
    }
    for (uint32_t i = 0; i < n_index + n_keys; i++) {
        bool of_index = i < n_index, descending = of_index && index->columns[i].descending;
        col_id c = of_index ? scan_column(scan, index->columns[i].column_id) : keys[i - n_index];
        bool there = c == 0 || !is_key(keys, n_keys, c);
        for (uint32_t k = 0; k < n; k++)
            there |= wish[k].expr->column == c;
        if (!there)
            wish[n++] =
                (struct sort_key){.expr = expr_column(o->q, c), .descending = descending, .nulls_last = descending};
    }
    *n_order = n;
    return wish;
}

// The table whose order the rows of a relation can have.
static const struct rel *scan_below(const struct rel *r)
{
    while (r->kind == REL_FILTER || r->kind == REL_PROJECT || (r->kind == REL_JOIN && r->join.kind != JOIN_RIGHT))
        r = r->input;
    return r->kind == REL_SCAN && r->scan.table->kind == CAT_TABLE ? r : NULL;
}

// The cheapest plan whose rows with equal keys are adjacent and in the order wished: `plain`, or in the order of the
// keys as written or as some index has them. NULL: there is none.
static struct plan *adjacent_input(struct optimizer *o, struct rel *r, struct plan *plain, const col_id *keys,
                                   uint32_t n_keys, const struct sort_key *order, uint32_t n_order, double limit)
{
    const struct rel *scan = scan_below(r);
    bool fits = keys_adjacent(plain, keys, n_keys) && (n_order == 0 || ordered_by(plain, order, n_order, o->q));
    struct plan *best = fits ? plain : NULL;
    for (size_t i = 0; scan != NULL && i <= scan->scan.table->n_indexes + 1; i++) {
        const struct cat_table *t = scan->scan.table;
        const struct cat_index *index = i == 0 ? NULL : i == 1 ? t->primary : &t->indexes[i - 2];
        if (index != NULL && !is_key(keys, n_keys, scan_column(scan, index->columns[0].column_id)))
            continue;
        uint32_t n = n_order;
        struct sort_key *wish = keys_order(o, keys, n_keys, order, &n, scan, index);
        struct plan *p = plan_rel(o, r, wish, n, limit);
        if (keys_adjacent(p, keys, n_keys) && (n_order == 0 || ordered_by(p, order, n_order, o->q)))
            best = cheaper(best, p);
    }
    return best;
}

// Groups over the keys: as many as their values combine to.
static double group_rows(struct optimizer *o, const struct rel *r, double rows)
{
    double groups = 1;
    for (uint32_t i = 0; i < r->group.n_keys; i++) {
        double distinct = column_distinct(o, r->group.keys[i]);
        if (distinct <= 0)
            return fmax(1, rows / 10);
        groups *= distinct;
    }
    return fmax(1, fmin(groups, rows));
}

// max(c) and min(c) alone are of one row, the first by c that is not NULL; NULL when nothing reads it in that order.
static struct plan *extreme_row(struct optimizer *o, struct rel *r)
{
    const struct expr *e = r->group.n_aggregates == 1 ? r->group.aggregates[0].expr : NULL;
    if (!rule_on(o, OPTIMIZE_RULE_EXTREME_BY_INDEX) || r->group.n_keys > 0 || e == NULL || e->n_args != 1 ||
        e->args[0]->kind != EXPR_COLUMN || e->filter != NULL || e->n_order > 0)
        return NULL;
    bool max = strcmp(e->fn->name, "max") == 0;
    if (!max && strcmp(e->fn->name, "min") != 0)
        return NULL;
    struct expr *present = expr_new(o->arena, EXPR_IS_NULL, T_BOOL, 1);
    present->args[0] = e->args[0];
    present->flag = true;
    struct rel *filter = rel_new(o->arena, REL_FILTER, r->input), *input = r->input;
    filter->predicate = present;
    if (input->kind == REL_FILTER) {
        filter->input = input->input;
        filter->predicate = expr_and(o->arena, input->predicate, present);
    }
    struct sort_key *key = ARENA_NEW(o->arena, struct sort_key);
    *key = (struct sort_key){.expr = e->args[0], .descending = max, .nulls_last = max};
    struct rel *first = query_column(o->q, e->args[0]->column)->not_null ? input : filter;
    struct plan *p = plan_rel(o, first, key, 1, 1);
    if (!ordered_by(p, key, 1, o->q))
        return NULL;
    struct plan *limit = plan_new(o, PLAN_LIMIT, first, p);
    cols_of_input(limit);
    limit->limit.count = expr_const(o->arena, T_INT8, datum_int(1));
    limit->rows = 1;
    if (p->kind == PLAN_SCAN)
        p->scan.limit = 1;
    return limit;
}

static struct plan *group_over(struct optimizer *o, struct rel *r, struct plan *input)
{
    struct plan *p = plan_new(o, PLAN_GROUP, r, input);
    p->group.keys = r->group.keys;
    p->group.n_keys = r->group.n_keys;
    p->group.aggregates = r->group.aggregates;
    p->group.n_aggregates = r->group.n_aggregates;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, r->group.n_keys + r->group.n_aggregates);
    memcpy(cols, r->group.keys, r->group.n_keys * sizeof(*cols));
    for (uint32_t i = 0; i < r->group.n_aggregates; i++)
        cols[r->group.n_keys + i] = r->group.aggregates[i].column;
    p->cols = cols;
    p->n_cols = r->group.n_keys + r->group.n_aggregates;
    p->group.n_deciding = r->group.n_deciding > 0 ? r->group.n_deciding : r->group.n_keys;
    // Grouped by rows of the left side of a left join: there are as many.
    p->rows = r->group.n_deciding > 0 && input->input != NULL ? input->input->rows : group_rows(o, r, input->rows);
    p->cost = input->cost + input->rows * 2;
    return p;
}

// DISTINCT and ORDER BY inside an aggregate hold back rows until all have come.
static bool aggregates_stream(const struct rel *r)
{
    for (uint32_t i = 0; i < r->group.n_aggregates; i++) {
        const struct expr *e = r->group.aggregates[i].expr;
        if (e->n_order > 0 || (e->aggregate_distinct && e->n_args > 0))
            return false;
    }
    return r->group.n_keys > 0;
}

// Groups by a row's number, which comes with the rows' order: the order wished is that of the rows below.
static struct plan *numbered_input(struct optimizer *o, struct rel *r, struct plan *plain, const struct sort_key *order,
                                   uint32_t n_order, double limit)
{
    struct plan *p = plain;
    for (uint32_t i = 0; i < n_order; i++) {
        if (!is_key(r->group.keys, r->group.n_keys, order[i].expr->column))
            return NULL;
    }
    if (limit > 0)
        p = plan_rel(o, r->input, order, n_order, limit);
    if (n_order > 0 && !ordered_by(p, order, n_order, o->q))
        return NULL;
    for (uint32_t i = 0; i < p->n_order && is_key(r->group.keys, r->group.n_keys, p->order[i].column); i++) {
        if (is_key(r->group.keys, r->group.n_deciding, p->order[i].column))
            return p;
    }
    return NULL;
}

// Groups of rows that come in the order of the keys; NULL when that costs more than `hash` and the sort above it.
static struct plan *stream_group(struct optimizer *o, struct rel *r, const struct plan *hash,
                                 const struct sort_key *order, uint32_t n_order, double limit)
{
    if (!rule_on(o, OPTIMIZE_RULE_STREAMING_GROUP) || !aggregates_stream(r))
        return NULL;
    double part = limit > 0 ? fmin(1, limit / fmax(hash->rows, 1)) : 1, rows = hash->input->rows;
    double few = limit > 0 ? rows * part : 0;
    struct plan *input = r->group.n_deciding > 0 ? numbered_input(o, r, hash->input, order, n_order, limit)
                                                 : adjacent_input(o, r->input, hash->input, r->group.keys,
                                                                  r->group.n_keys, order, n_order, few);
    double sort = n_order > 0 ? sort_cost(hash->rows) : 0;
    if (input == NULL || perturbed(o, input->cost + rows * part) >= hash->cost + sort)
        return NULL;
    struct plan *p = group_over(o, r, input);
    p->group.ordered = true;
    p->rows = hash->rows;
    p->cost = input->cost + rows * part;
    p->order = input->order;
    while (p->n_order < input->n_order && is_key(r->group.keys, r->group.n_keys, input->order[p->n_order].column))
        p->n_order++;
    return p;
}

static struct plan *plan_group(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order,
                               double limit)
{
    struct plan *counted = count_by_counter(o, r);
    if (counted != NULL)
        return counted;
    struct plan *input = plan_rel(o, r->input, NULL, 0, 0), *extreme = extreme_row(o, r);
    if (extreme != NULL && extreme->cost < input->cost + input->rows * 2)
        input = extreme;
    struct plan *hash = group_over(o, r, input), *streaming = stream_group(o, r, hash, order, n_order, limit);
    return streaming != NULL ? streaming : hash;
}

static struct plan *plan_window(struct optimizer *o, struct rel *r)
{
    struct plan *input = plan_rel(o, r->input, NULL, 0, 0);
    struct plan *p = plan_new(o, PLAN_WINDOW, r, input);
    p->window.functions = r->window.functions;
    p->window.n_functions = r->window.n_functions;
    col_id *cols = ARENA_ARRAY(o->arena, col_id, input->n_cols + r->window.n_functions);
    if (input->n_cols > 0)
        memcpy(cols, input->cols, input->n_cols * sizeof(*cols));
    for (uint32_t i = 0; i < r->window.n_functions; i++)
        cols[input->n_cols + i] = r->window.functions[i].column;
    p->cols = cols;
    p->n_cols = input->n_cols + r->window.n_functions;
    return p;
}

static struct plan *plan_srf(struct optimizer *o, struct rel *r)
{
    struct plan *input = plan_rel(o, r->input, NULL, 0, 0);
    struct plan *p = plan_new(o, PLAN_SRF, r, input);
    p->srf.calls = r->srf.calls;
    p->srf.call_cols = r->srf.call_cols;
    p->srf.n_call_cols = r->srf.n_call_cols;
    p->srf.n_calls = r->srf.n_calls;
    uint32_t n = input->n_cols;
    for (uint32_t i = 0; i < r->srf.n_calls; i++)
        n += r->srf.n_call_cols[i];
    col_id *cols = ARENA_ARRAY(o->arena, col_id, n);
    if (input->n_cols > 0)
        memcpy(cols, input->cols, input->n_cols * sizeof(*cols));
    n = input->n_cols;
    for (uint32_t i = 0; i < r->srf.n_calls; i++) {
        if (r->srf.n_call_cols[i] > 0)
            memcpy(cols + n, r->srf.call_cols[i], r->srf.n_call_cols[i] * sizeof(*cols));
        n += r->srf.n_call_cols[i];
    }
    p->cols = cols;
    p->n_cols = n;
    p->rows = input->rows * 10;
    return p;
}

static struct plan *plan_values(struct optimizer *o, struct rel *r)
{
    struct plan *p = plan_new(o, PLAN_VALUES, r, NULL);
    p->values.rows = r->values.rows;
    p->values.n_rows = r->values.n_rows;
    p->rows = r->values.n_rows;
    p->cost = p->rows * 0.1;
    return p;
}

static struct plan *plan_set_op(struct optimizer *o, struct rel *r)
{
    struct plan *l = exactly(o, plan_rel(o, r->input, NULL, 0, 0), r->input);
    struct plan *rr = exactly(o, plan_rel(o, r->right, NULL, 0, 0), r->right);
    struct plan *p = plan_new(o, PLAN_SET_OP, r, l);
    p->right = rr;
    p->set.op = r->set.op;
    p->set.all = r->set.all;
    p->rows = l->rows + rr->rows;
    p->cost = l->cost + rr->cost;
    return p;
}

static struct plan *plan_cte(struct optimizer *o, struct rel *r)
{
    struct cte *cte = r->cte.cte;
    struct plan *p = plan_new(o, PLAN_CTE, r, NULL);
    p->cte.number = cte->number;
    p->cte.working_table = r->cte.working_table;
    p->rows = 100;
    return p;
}

static struct plan *plan_recursive(struct optimizer *o, struct rel *r)
{
    struct plan *start = exactly(o, plan_rel(o, r->input, NULL, 0, 0), r->input);
    struct plan *p = plan_new(o, PLAN_RECURSIVE, r, start);
    p->right = exactly(o, plan_rel(o, r->right, NULL, 0, 0), r->right);
    p->recursive.number = r->recursive.cte->number;
    p->recursive.distinct = r->recursive.distinct;
    p->rows = 1000;
    return p;
}

static struct plan *plan_mutation(struct optimizer *o, struct rel *r)
{
    static const enum plan_kind kinds[] = {PLAN_INSERT, PLAN_UPDATE, PLAN_DELETE};
    struct plan *input = exactly(o, plan_rel(o, r->input, NULL, 0, 0), r->input);
    struct plan *p = plan_new(o, kinds[r->kind - REL_INSERT], r, input);
    p->mutation = r->mutation;
    return p;
}

static struct plan *distinct_over(struct optimizer *o, struct rel *r, struct plan *input)
{
    struct plan *p = plan_new(o, PLAN_DISTINCT, r, input);
    cols_of_input(p);
    p->distinct.keys = r->distinct.keys;
    p->distinct.n_keys = r->distinct.n_keys;
    p->rows = fmax(1, input->rows / 2);
    p->distinct.ordered = r->distinct.ordered || keys_adjacent(input, r->distinct.keys, r->distinct.n_keys);
    p->order = input->order;
    p->n_order = p->distinct.ordered ? input->n_order : 0; // rows that are put aside come later
    p->cost += p->distinct.ordered ? 0 : input->rows * 2;
    return p;
}

// DISTINCT of rows that come in the order of the keys; NULL when that costs more than `hash` and the sort above it.
static struct plan *stream_distinct(struct optimizer *o, struct rel *r, const struct plan *hash,
                                    const struct sort_key *order, uint32_t n_order, double limit)
{
    if (!rule_on(o, OPTIMIZE_RULE_STREAMING_DISTINCT) || r->distinct.n_keys == 0 || hash->distinct.ordered)
        return NULL;
    struct plan *input =
        adjacent_input(o, r->input, hash->input, r->distinct.keys, r->distinct.n_keys, order, n_order, limit);
    if (input == NULL)
        return NULL;
    struct plan *p = distinct_over(o, r, input);
    p->rows = hash->rows;
    return perturbed(o, p->cost) < hash->cost + (n_order > 0 ? sort_cost(hash->rows) : 0) ? p : NULL;
}

static struct plan *plan_distinct(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order,
                                  double limit)
{
    uint32_t n = n_order;
    struct sort_key *wish = keys_order(o, r->distinct.keys, r->distinct.n_keys, order, &n, NULL, NULL);
    struct plan *hash = distinct_over(o, r, plan_rel(o, r->input, n_order > 0 ? wish : NULL, n_order > 0 ? n : 0, 0));
    struct plan *streaming = stream_distinct(o, r, hash, order, n_order, limit);
    return streaming != NULL ? streaming : hash;
}

static struct plan *plan_ordinality(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order,
                                    double limit)
{
    bool any = r->ordinality.any_order;
    struct plan *input = plan_rel(o, r->input, any ? order : NULL, any ? n_order : 0, any ? limit : 0);
    struct plan *p = plan_new(o, PLAN_ORDINALITY, r, input);
    col_id *cols = ARENA_ARRAY(o->arena, col_id, input->n_cols + 1);
    if (input->n_cols > 0)
        memcpy(cols, input->cols, input->n_cols * sizeof(*cols));
    cols[input->n_cols] = p->ordinality.column = r->ordinality.column;
    p->cols = cols;
    p->n_cols = input->n_cols + 1;
    struct plan_order *orders = ARENA_ARRAY(o->arena, struct plan_order, input->n_order + 1);
    if (input->n_order > 0)
        memcpy(orders, input->order, input->n_order * sizeof(*orders));
    orders[input->n_order] = (struct plan_order){.column = r->ordinality.column};
    p->order = orders;
    p->n_order = input->n_order + 1;
    return p;
}

static struct plan *plan_max_one(struct optimizer *o, struct rel *r)
{
    struct plan *p = plan_new(o, PLAN_MAX_ONE, r, plan_rel(o, r->input, NULL, 0, 0));
    cols_of_input(p);
    return p;
}

struct plan *plan_rel(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order, double limit)
{
    switch (r->kind) {
    case REL_SCAN:
        return plan_scan(o, r, NULL, order, n_order, limit);
    case REL_FILTER:
        return plan_filter(o, r, order, n_order, limit);
    case REL_PROJECT:
        return plan_project(o, r, order, n_order, limit);
    case REL_JOIN:
        return plan_join(o, r, order, n_order, limit);
    case REL_GROUP:
        return plan_group(o, r, order, n_order, limit);
    case REL_DISTINCT:
        return plan_distinct(o, r, order, n_order, limit);
    case REL_SORT:
        return plan_sort(o, r, limit, NULL, NULL);
    case REL_LIMIT:
        return plan_limit(o, r);
    case REL_SET_OP:
        return plan_set_op(o, r);
    case REL_WINDOW:
        return plan_window(o, r);
    case REL_SRF:
        return plan_srf(o, r);
    case REL_ORDINALITY:
        return plan_ordinality(o, r, order, n_order, limit);
    case REL_CTE:
        return plan_cte(o, r);
    case REL_RECURSIVE:
        return plan_recursive(o, r);
    case REL_MAX_ONE:
        return plan_max_one(o, r);
    case REL_INSERT:
    case REL_UPDATE:
    case REL_DELETE:
        return plan_mutation(o, r);
    case REL_VALUES:
        break;
    }
    return plan_values(o, r);
}
