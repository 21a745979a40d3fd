// Conditions over one column and constants are turned into sets of intervals of the column's values: a filter implies a
// predicate when its set lies within the predicate's. Everything else is implied by an equal condition only. What
// cannot be shown counts as not implied.
#include "sql/analyze/imply.h"
#include <string.h>

// ---- sets of values of one column, NULL never among them

struct interval_set {
    struct value_range {
        struct datum low, high;   // as far as not open
        bool low_open, high_open; // unbounded
        bool low_exclusive, high_exclusive;
    } * ranges; // disjoint, ascending
    uint32_t n;
};

static const struct value_range everything = {.low_open = true, .high_open = true};

// Whether a begins before b.
static int compare_low(struct type t, const struct value_range *a, const struct value_range *b)
{
    if (a->low_open || b->low_open)
        return (int)b->low_open - (int)a->low_open;
    int c = datum_compare(t, &a->low, &b->low);
    return c != 0 ? c : (int)a->low_exclusive - (int)b->low_exclusive;
}

static int compare_high(struct type t, const struct value_range *a, const struct value_range *b)
{
    if (a->high_open || b->high_open)
        return (int)a->high_open - (int)b->high_open;
    int c = datum_compare(t, &a->high, &b->high);
    return c != 0 ? c : (int)b->high_exclusive - (int)a->high_exclusive;
}

static bool is_empty(struct type t, const struct value_range *r)
{
    if (r->low_open || r->high_open)
        return false;
    int c = datum_compare(t, &r->low, &r->high);
    return c > 0 || (c == 0 && (r->low_exclusive || r->high_exclusive));
}

static struct interval_set set_of(struct query *q, struct value_range r)
{
    struct interval_set s = {ARENA_ARRAY(q->arena, struct value_range, 1), 1};
    s.ranges[0] = r;
    return s;
}

static struct interval_set intersect(struct query *q, struct type t, const struct interval_set *a,
                                     const struct interval_set *b)
{
    struct interval_set out = {ARENA_ARRAY(q->arena, struct value_range, a->n * b->n), 0};
    for (uint32_t i = 0; i < a->n; i++) {
        for (uint32_t k = 0; k < b->n; k++) {
            const struct value_range *x = &a->ranges[i], *y = &b->ranges[k];
            struct value_range r = compare_low(t, x, y) >= 0 ? *x : *y;
            const struct value_range *high = compare_high(t, x, y) <= 0 ? x : y;
            r.high = high->high;
            r.high_open = high->high_open;
            r.high_exclusive = high->high_exclusive;
            if (!is_empty(t, &r))
                out.ranges[out.n++] = r;
        }
    }
    return out;
}

// Whether b begins where a ends or before: together they have no gap.
static bool touches(struct type t, const struct value_range *a, const struct value_range *b)
{
    if (a->high_open || b->low_open)
        return true;
    int c = datum_compare(t, &b->low, &a->high);
    return c < 0 || (c == 0 && !(a->high_exclusive && b->low_exclusive));
}

static struct interval_set unite(struct query *q, struct type t, const struct interval_set *a,
                                 const struct interval_set *b)
{
    struct interval_set out = {ARENA_ARRAY(q->arena, struct value_range, a->n + b->n), 0};
    for (uint32_t i = 0, k = 0; i < a->n || k < b->n;) {
        bool left = k == b->n || (i < a->n && compare_low(t, &a->ranges[i], &b->ranges[k]) <= 0);
        const struct value_range *r = left ? &a->ranges[i++] : &b->ranges[k++];
        struct value_range *last = out.n > 0 ? &out.ranges[out.n - 1] : NULL;
        if (last == NULL || !touches(t, last, r)) {
            out.ranges[out.n++] = *r;
        } else if (compare_high(t, last, r) < 0) {
            last->high = r->high;
            last->high_open = r->high_open;
            last->high_exclusive = r->high_exclusive;
        }
    }
    return out;
}

static bool within(struct type t, const struct interval_set *inner, const struct interval_set *outer)
{
    for (uint32_t i = 0; i < inner->n; i++) {
        bool found = false;
        for (uint32_t k = 0; k < outer->n && !found; k++)
            found = compare_low(t, &outer->ranges[k], &inner->ranges[i]) <= 0 &&
                    compare_high(t, &outer->ranges[k], &inner->ranges[i]) >= 0;
        if (!found)
            return false;
    }
    return true;
}

// ---- conditions to sets

static bool constant_of(const struct expr *e, struct type t, struct datum *out)
{
    if (e->kind != EXPR_CONST || e->value.null || e->type.family != t.family || e->type.oid == TYPE_OID_BPCHAR)
        return false;
    *out = e->value;
    return true;
}

static bool comparison_set(struct query *q, const struct expr *e, col_id c, struct type t, struct interval_set *out)
{
    static const struct {
        const char *symbol, *mirrored;
        bool low, high, exclusive;
    } ops[] = {{"=", "=", true, true, false},
               {">", "<", true, false, true},
               {">=", "<=", true, false, false},
               {"<", ">", false, true, true},
               {"<=", ">=", false, true, false}};
    if (e->n_args != 2 || !e->fn->is_operator)
        return false;
    bool mirrored = e->args[1]->kind == EXPR_COLUMN && e->args[1]->column == c;
    const struct expr *column = e->args[mirrored], *value = e->args[!mirrored];
    struct datum d;
    if (column->kind != EXPR_COLUMN || column->column != c || !constant_of(value, t, &d))
        return false;
    if (strcmp(e->fn->name, "<>") == 0 || strcmp(e->fn->name, "!=") == 0) {
        struct value_range below = {.low_open = true, .high = d, .high_exclusive = true},
                           above = {.low = d, .low_exclusive = true, .high_open = true};
        struct interval_set l = set_of(q, below), r = set_of(q, above);
        *out = unite(q, t, &l, &r);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (strcmp(e->fn->name, mirrored ? ops[i].mirrored : ops[i].symbol) != 0)
            continue;
        struct value_range r = everything;
        if (ops[i].low) {
            r.low_open = false;
            r.low = d;
            r.low_exclusive = ops[i].exclusive;
        }
        if (ops[i].high) {
            r.high_open = false;
            r.high = d;
            r.high_exclusive = ops[i].exclusive;
        }
        *out = set_of(q, r);
        return true;
    }
    return false;
}

static bool in_set(struct query *q, const struct expr *e, col_id c, struct type t, struct interval_set *out)
{
    if (e->flag || e->args[0]->kind != EXPR_COLUMN || e->args[0]->column != c)
        return false;
    *out = (struct interval_set){0};
    for (uint32_t i = 1; i < e->n_args; i++) {
        struct value_range r = {0};
        if (!constant_of(e->args[i], t, &r.low))
            return false;
        r.high = r.low;
        struct interval_set one = set_of(q, r);
        *out = unite(q, t, out, &one);
    }
    return true;
}

static bool value_set(struct query *q, const struct expr *e, col_id c, struct type t, bool exact,
                      struct interval_set *out);

static bool combined_set(struct query *q, const struct expr *e, col_id c, struct type t, bool exact,
                         struct interval_set *out)
{
    struct interval_set next;
    bool known = false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (!value_set(q, e->args[i], c, t, exact, &next)) {
            if (exact || e->kind == EXPR_OR)
                return false;
            continue; // what an AND says beside only makes the set smaller
        }
        if (!known)
            *out = next;
        else
            *out = e->kind == EXPR_AND ? intersect(q, t, out, &next) : unite(q, t, out, &next);
        known = true;
    }
    return known;
}

// Values of the column for which the condition is true (`exact`) or can be true; false when that is not known.
static bool value_set(struct query *q, const struct expr *e, col_id c, struct type t, bool exact,
                      struct interval_set *out)
{
    bool column = e->kind == EXPR_COLUMN && e->column == c;
    bool negated = e->kind == EXPR_NOT && e->args[0]->kind == EXPR_COLUMN && e->args[0]->column == c;
    if ((column || negated) && t.family == TYPE_BOOL) {
        struct value_range r = {.low = datum_bool(column), .high = datum_bool(column)};
        *out = set_of(q, r);
        return true;
    }
    switch (e->kind) {
    case EXPR_AND:
    case EXPR_OR:
        return combined_set(q, e, c, t, exact, out);
    case EXPR_IS_NULL:
        if (!e->flag || e->args[0]->kind != EXPR_COLUMN || e->args[0]->column != c)
            return false;
        *out = set_of(q, everything);
        return true;
    case EXPR_IN:
        return in_set(q, e, c, t, out);
    case EXPR_CALL:
        return comparison_set(q, e, c, t, out);
    default:
        return false;
    }
}

// NULL in the column makes it NULL.
static bool is_strict(const struct expr *e, col_id c)
{
    if (e->kind == EXPR_COLUMN)
        return e->column == c;
    if (e->kind == EXPR_IN || e->kind == EXPR_NOT || e->kind == EXPR_CAST)
        return is_strict(e->args[0], c);
    if (e->kind != EXPR_CALL || !e->fn->strict)
        return false;
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (is_strict(e->args[i], c))
            return true;
    }
    return false;
}

// Where the condition is true the column is not NULL.
static bool rejects_null(const struct expr *e, col_id c)
{
    return is_strict(e->kind == EXPR_IS_NULL && e->flag ? e->args[0] : e, c);
}

// ---- implication

static col_id only_column(struct query *q, const struct expr *e)
{
    struct col_set cols = col_set_new(q->arena, q);
    expr_columns(e, &cols);
    col_id found = 0;
    for (uint32_t w = 0; w < cols.n_words; w++) {
        for (uint64_t bits = cols.words[w]; bits != 0; bits &= bits - 1) {
            if (found != 0)
                return 0;
            found = w * 64 + (col_id)__builtin_ctzll(bits);
        }
    }
    return found;
}

static bool implied_by_values(struct query *q, struct expr *const *filter, size_t n, const struct expr *predicate)
{
    col_id c = only_column(q, predicate);
    struct interval_set wanted, have = set_of(q, everything), next;
    if (c == 0)
        return false;
    struct type t = query_column(q, c)->type;
    if (!value_set(q, predicate, c, t, true, &wanted))
        return false;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        const struct expr *e = filter[i];
        if (value_set(q, e, c, t, false, &next))
            have = intersect(q, t, &have, &next);
        else if (!rejects_null(e, c))
            continue;
        any = true;
    }
    return (any || query_column(q, c)->not_null) && within(t, &have, &wanted);
}

// One conjunct of the filter by itself.
static bool conjunct_implies(struct query *q, struct expr *e, const struct expr *predicate)
{
    if (expr_equal(e, predicate))
        return true;
    if (e->kind != EXPR_OR)
        return false;
    for (uint32_t i = 0; i < e->n_args; i++) { // each alternative must
        const struct expr *one = e->args[i];
        bool and = one->kind == EXPR_AND;
        if (!filter_implies(q, and? one->args : &e->args[i], and? one->n_args : 1, predicate))
            return false;
    }
    return true;
}

bool filter_implies(struct query *q, struct expr *const *filter, size_t n, const struct expr *predicate)
{
    if (predicate->kind == EXPR_AND) {
        for (uint32_t i = 0; i < predicate->n_args; i++) {
            if (!filter_implies(q, filter, n, predicate->args[i]))
                return false;
        }
        return true;
    }
    if (implied_by_values(q, filter, n, predicate))
        return true;
    for (uint32_t i = 0; predicate->kind == EXPR_OR && i < predicate->n_args; i++) {
        if (filter_implies(q, filter, n, predicate->args[i]))
            return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (conjunct_implies(q, filter[i], predicate))
            return true;
    }
    return false;
}
