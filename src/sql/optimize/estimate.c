// Estimates: rows of tables, different values of columns, the part of the rows that passes a condition, rows of joins.
// What is known is counted (statistics.c of the session); the constants are for what is not.
#include "sql/optimize/optimize_int.h"
#include <math.h>

static const double DEFAULT_ROWS = 1000, UNKNOWN = 0.33, BETWEEN_UNKNOWN = 0.03, EQUAL_UNKNOWN = 0.05,
                    NULL_UNKNOWN = 0.1, LIKE_UNKNOWN = 0.1, LEAST = 1e-6, VIRTUAL_ROWS = 1000, CTE_ROWS = 100;

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

// ---- columns

// Whether a unique index is over this column alone, which cannot be NULL.
static bool is_unique(const struct cat_table *t, uint32_t column_id)
{
    if (t->kind != CAT_TABLE)
        return false;
    for (size_t i = 0; i <= t->n_indexes; i++) {
        const struct cat_index *index = i == 0 ? t->primary : &t->indexes[i - 1];
        if (index->unique && index->n_columns == 1 && index->columns[0].column_id == column_id &&
            index->predicate_sql.len == 0 && cat_column_by_id(t, column_id)->not_null)
            return true;
    }
    return false;
}

double table_column_distinct(struct optimizer *o, const struct cat_table *t, uint32_t column_id)
{
    const struct optimize_statistics *s = &o->options->statistics;
    double distinct = s->distinct_count == NULL ? 0 : s->distinct_count(s->arg, t, column_id);
    return distinct <= 0 && is_unique(t, column_id) ? table_rows(o, t) : distinct;
}

double column_distinct(struct optimizer *o, col_id c)
{
    const struct col_info *info = query_column(o->q, c);
    return info->table == NULL ? 0 : table_column_distinct(o, info->table, info->table_column_id);
}

double rows_alike(struct optimizer *o, const struct sort_key *keys, uint32_t n, double rows)
{
    enum { ALIKE_UNKNOWN = 10 };
    double distinct = 1;
    for (uint32_t i = 0; i < n; i++) {
        double of_column = column_distinct(o, keys[i].expr->column);
        distinct *= of_column > 0 ? of_column : fmax(1, rows / ALIKE_UNKNOWN);
    }
    return fmax(1, rows / distinct);
}

static double null_fraction(struct optimizer *o, col_id c)
{
    const struct col_info *info = query_column(o->q, c);
    const struct optimize_statistics *s = &o->options->statistics;
    double known = info->table == NULL || s->null_fraction == NULL
                       ? -1
                       : s->null_fraction(s->arg, info->table, info->table_column_id);
    return known >= 0 ? known : info->not_null ? 0 : NULL_UNKNOWN;
}

// ---- values of constant expressions as they are now: what is estimated with them may differ when the plan runs

static bool may_evaluate(const struct expr *e)
{
    static const char *const names[] = {"now", "current_timestamp", "current_date", "localtimestamp", "date_trunc"};
    if (e->kind == EXPR_CAST)
        return cast_volatility(e->args[0]->type, e->type) != FN_VOLATILE && e->type.family != TYPE_OID;
    if (e->kind != EXPR_CALL || e->fn->scalar == NULL || e->fn->volatility == FN_VOLATILE || e->n_args > FN_ARGS_MAX)
        return false;
    bool known = e->fn->is_operator;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        known |= strcmp(e->fn->name, names[i]) == 0;
    return known;
}

static bool evaluate(struct optimizer *o, const struct expr *e, struct datum *out)
{
    if (e->kind == EXPR_CONST) {
        *out = e->value;
        return true;
    }
    if (o->options->eval == NULL || !may_evaluate(e))
        return false;
    struct datum args[FN_ARGS_MAX];
    struct type types[FN_ARGS_MAX];
    for (uint32_t i = 0; i < e->n_args; i++) {
        if (!evaluate(o, e->args[i], &args[i]) || args[i].null)
            return false;
        types[i] = e->args[i]->type;
    }
    struct eval_context ec = *o->options->eval;
    struct fn_call call = {e->fn, types, (uint8_t)e->n_args, e->type};
    ec.arena = o->arena;
    ec.call = &call;
    *out = DATUM_NULL;
    return (e->kind == EXPR_CAST ? cast_datum(&ec, types[0], e->type, e->flag, args[0], out, NULL)
                                 : e->fn->scalar(&ec, args, (int)e->n_args, out, NULL)) == 0;
}

static const struct datum *constant(struct optimizer *o, const struct expr *e, struct type t)
{
    struct datum value;
    if (e == NULL || e->type.family != t.family || !evaluate(o, e, &value))
        return NULL;
    return arena_dup(o->arena, &value, sizeof(value));
}

double table_range_fraction(struct optimizer *o, const struct cat_table *t, uint32_t column_id, struct type type,
                            const struct expr *low, bool low_exclusive, const struct expr *high, bool high_exclusive)
{
    const struct optimize_statistics *s = &o->options->statistics;
    struct histogram_range r = {constant(o, low, type), constant(o, high, type), low_exclusive, high_exclusive};
    bool known = s->range_fraction != NULL && (low == NULL || r.low != NULL) && (high == NULL || r.high != NULL);
    double fraction = known ? s->range_fraction(s->arg, t, column_id, &r) : -1;
    if (fraction >= 0)
        return fmin(1, fmax(fraction, LEAST));
    return low != NULL && high != NULL ? BETWEEN_UNKNOWN : UNKNOWN;
}

double table_equal_fraction(struct optimizer *o, const struct cat_table *t, uint32_t column_id, struct type type,
                            const struct expr *value)
{
    const struct optimize_statistics *s = &o->options->statistics;
    struct histogram_range r = {.low = constant(o, value, type)};
    r.high = r.low;
    double fraction = r.low == NULL || s->range_fraction == NULL ? -1 : s->range_fraction(s->arg, t, column_id, &r);
    if (fraction >= 0)
        return fmin(1, fmax(fraction, LEAST));
    double distinct = table_column_distinct(o, t, column_id);
    return distinct > 0 ? 1 / distinct : -1;
}

// ---- conditions

static bool is_comparison(const struct expr *e, const char *symbol)
{
    return e->kind == EXPR_CALL && e->n_args == 2 && e->fn->is_operator && strcmp(e->fn->name, symbol) == 0;
}

// The column whose different values stay different in an expression, more or less: lower(c), c::TEXT. NULL: none.
static const struct expr *same_distinct(const struct expr *e)
{
    static const char *const names[] = {"lower", "upper", "btrim", "ltrim", "rtrim"};
    bool keeps = e->kind == EXPR_CAST && e->type.family == TYPE_STRING;
    for (size_t i = 0; e->kind == EXPR_CALL && e->n_args > 0 && i < ARRAY_LEN(names); i++)
        keeps |= strcmp(e->fn->name, names[i]) == 0;
    return e->kind == EXPR_COLUMN ? e : keeps ? same_distinct(e->args[0]) : NULL;
}

// The part of the rows whose expression is a value that is not known to be more or less frequent than others; -1:
// unknown.
static double any_value_fraction(struct optimizer *o, const struct expr *e)
{
    const struct expr *c = same_distinct(e);
    double distinct = c != NULL ? column_distinct(o, c->column) : 0;
    return distinct > 0 ? 1 / distinct : -1;
}

static double equal_fraction(struct optimizer *o, const struct expr *a, const struct expr *b)
{
    double least = 1;
    bool known = false;
    for (int side = 0; side < 2; side++) {
        const struct expr *c = side == 0 ? a : b, *value = side == 0 ? b : a;
        const struct col_info *info = c->kind == EXPR_COLUMN ? query_column(o->q, c->column) : NULL;
        double fraction = info == NULL || info->table == NULL
                              ? any_value_fraction(o, c)
                              : table_equal_fraction(o, info->table, info->table_column_id, info->type, value);
        known |= fraction > 0;
        least = fraction > 0 ? fmin(least, fraction) : least;
    }
    return known ? least : EQUAL_UNKNOWN;
}

static double in_fraction(struct optimizer *o, const struct expr *e)
{
    double sum = 0;
    for (uint32_t i = 1; i < e->n_args; i++)
        sum += equal_fraction(o, e->args[0], e->args[i]);
    sum = fmin(sum, 0.9);
    return e->flag ? 1 - sum : sum;
}

// LIKE 'abc%…' is the range of what begins so.
static double like_fraction(struct optimizer *o, const struct expr *e)
{
    const struct expr *c = e->args[0], *pattern = e->args[1];
    const struct col_info *info = c->kind == EXPR_COLUMN ? query_column(o->q, c->column) : NULL;
    if (info == NULL || info->table == NULL || pattern->kind != EXPR_CONST || pattern->value.null)
        return LIKE_UNKNOWN;
    struct str s = pattern->value.s;
    size_t n = 0;
    while (n < s.len && strchr("%_\\", s.ptr[n]) == NULL)
        n++;
    if (n == 0 || (uint8_t)s.ptr[n - 1] >= 0x7F)
        return LIKE_UNKNOWN;
    char *next = arena_cstr(o->arena, (struct str){s.ptr, n});
    next[n - 1]++;
    struct expr *low = expr_const(o->arena, info->type, datum_str((struct str){s.ptr, n}));
    struct expr *high = expr_const(o->arena, info->type, datum_str((struct str){next, n}));
    double fraction = table_range_fraction(o, info->table, info->table_column_id, info->type, low, false, high, true);
    return n < s.len && s.len - n > 1 ? fmin(fraction, LIKE_UNKNOWN) : fraction;
}

static bool is_pattern(const struct expr *e)
{
    return is_comparison(e, "ILIKE") || is_comparison(e, "SIMILAR TO") || is_comparison(e, "~") ||
           is_comparison(e, "~*");
}

static double selectivity(struct optimizer *o, const struct expr *e);

static double or_fraction(struct optimizer *o, const struct expr *e)
{
    double none = 1;
    for (uint32_t i = 0; i < e->n_args; i++)
        none *= 1 - selectivity(o, e->args[i]);
    double some = 1 - none;
    for (size_t i = 0; i < o->implied.len; i++) {
        if (o->implied.ptr[i].condition == e)
            some = fmin(1, some / o->implied.ptr[i].part);
    }
    return some;
}

static double and_fraction(struct optimizer *o, const struct expr *e)
{
    struct conjuncts c = {0};
    conjuncts_add(o, &c, (struct expr *)e);
    return filter_selectivity(o, &c);
}

static double selectivity(struct optimizer *o, const struct expr *e)
{
    switch (e->kind) {
    case EXPR_AND:
        return and_fraction(o, e);
    case EXPR_OR:
        return or_fraction(o, e);
    case EXPR_NOT:
        return fmax(1 - selectivity(o, e->args[0]), LEAST);
    case EXPR_IN:
        return in_fraction(o, e);
    case EXPR_IS_NULL: {
        double nulls = e->args[0]->kind == EXPR_COLUMN ? null_fraction(o, e->args[0]->column) : NULL_UNKNOWN;
        return fmax(e->flag ? 1 - nulls : nulls, LEAST);
    }
    case EXPR_COLUMN:
        return fmax(equal_fraction(o, e, expr_const(o->arena, T_BOOL, datum_bool(true))), LEAST);
    case EXPR_CALL:
        break;
    default:
        return UNKNOWN;
    }
    if (is_comparison(e, "="))
        return equal_fraction(o, e->args[0], e->args[1]);
    if (is_comparison(e, "<>"))
        return fmax(1 - equal_fraction(o, e->args[0], e->args[1]), LEAST);
    return is_comparison(e, "LIKE") ? like_fraction(o, e) : is_pattern(e) ? LIKE_UNKNOWN : UNKNOWN;
}

// A bound that a conjunct puts on a column of a table.
struct bound {
    col_id column;
    const struct expr *value;
    bool low, exclusive;
};

static bool is_bound(struct optimizer *o, const struct expr *e, struct bound *out)
{
    static const struct {
        const char *symbol;
        bool low, exclusive;
    } ops[] = {{">", true, true}, {">=", true, false}, {"<", false, true}, {"<=", false, false}};
    for (size_t k = 0; k < ARRAY_LEN(ops); k++) {
        for (uint32_t side = 0; side < 2 && is_comparison(e, ops[k].symbol); side++) {
            const struct expr *c = e->args[side], *value = e->args[1 - side];
            if (c->kind != EXPR_COLUMN || value->kind == EXPR_COLUMN || query_column(o->q, c->column)->table == NULL)
                continue;
            *out = (struct bound){c->column, value, ops[k].low != (side == 1), ops[k].exclusive};
            return true;
        }
    }
    return false;
}

// The part within the bounds that begin with conjunct `at`; those used are marked. 1 when another has counted it.
static double bounds_fraction(struct optimizer *o, const struct conjuncts *c, size_t at, const struct bound *first,
                              bool *used)
{
    const struct bound *low = first->low ? first : NULL, *high = first->low ? NULL : first;
    struct bound other;
    for (size_t i = at + 1; i < c->items.len; i++) {
        if (used[i] || !is_bound(o, c->items.ptr[i], &other) || other.column != first->column ||
            (other.low ? low : high) != NULL)
            continue;
        *(other.low ? &low : &high) = arena_dup(o->arena, &other, sizeof(other));
        used[i] = true;
    }
    const struct col_info *info = query_column(o->q, first->column);
    return table_range_fraction(o, info->table, info->table_column_id, info->type, low != NULL ? low->value : NULL,
                                low != NULL && low->exclusive, high != NULL ? high->value : NULL,
                                high != NULL && high->exclusive);
}

double filter_selectivity(struct optimizer *o, const struct conjuncts *c)
{
    bool *used = ARENA_ARRAY(o->arena, bool, c->items.len);
    struct bound bound;
    double s = 1;
    for (size_t i = 0; i < c->items.len; i++) {
        if (!used[i] && is_bound(o, c->items.ptr[i], &bound))
            s *= bounds_fraction(o, c, i, &bound, used);
        else if (!used[i])
            s *= selectivity(o, c->items.ptr[i]);
    }
    return fmax(s, LEAST);
}

// ---- joins

double hash_join_cost(double left_cost, double left_rows, double right_cost, double right_rows, uint32_t n_keys)
{
    return left_cost + right_cost + left_rows * 2 + right_rows * 4 + (n_keys == 0 ? left_rows * right_rows : 0);
}

// How many combinations of values the expressions have: no more than a table has rows where they are its columns.
// 0: unknown. `tables`: how many tables they are of; what is of several may be tied together by other joins.
static double combinations(struct optimizer *o, const struct join_key *keys, uint32_t n, bool right, uint32_t *tables)
{
    double all = 1;
    *tables = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct expr *e = right ? keys[i].right : keys[i].left;
        const struct cat_table *t = e->kind == EXPR_COLUMN ? query_column(o->q, e->column)->table : NULL;
        double of_table = 1;
        bool counted = t == NULL;
        for (uint32_t k = 0; k < n && t != NULL; k++) {
            const struct expr *other = right ? keys[k].right : keys[k].left;
            if (other->kind != EXPR_COLUMN || query_column(o->q, other->column)->table != t)
                continue;
            counted |= k < i;
            of_table *= col_set_has(&o->fixed, other->column) ? 1 : column_distinct(o, other->column);
        }
        if (t == NULL || of_table <= 0)
            return 0;
        if (!counted)
            all *= fmin(of_table, table_rows(o, t));
        *tables += !counted;
    }
    return all;
}

static double matched_part(enum join_kind kind, double left, double right)
{
    double matched = left > 0 && right > 0 ? fmin(1, right / left) : 0.5;
    return kind == JOIN_SEMI ? matched : fmax(1 - matched, 0.05);
}

double join_rows(struct optimizer *o, enum join_kind kind, double left, double right, const struct join_key *keys,
                 uint32_t n_keys, struct expr *on)
{
    uint32_t l_tables, r_tables;
    double l = combinations(o, keys, n_keys, false, &l_tables), r = combinations(o, keys, n_keys, true, &r_tables);
    if (l_tables > 1 && r > 0)
        l = fmin(l, fmax(left, r));
    if (r_tables > 1 && l > 0)
        r = fmin(r, fmax(right, l));
    double part = n_keys == 0 ? 1 : l > 0 || r > 0 ? 1 / fmax(l, r) : 1 / fmax(1, fmin(left, right));
    struct conjuncts rest = {0};
    conjuncts_add(o, &rest, on);
    double matched = fmax(left * right * part * filter_selectivity(o, &rest), 0.1);
    switch (kind) {
    case JOIN_SEMI:
    case JOIN_ANTI:
        return fmax(0.1, left * (n_keys == 0 ? 0.5 : matched_part(kind, l, fmin(r, right))));
    case JOIN_LEFT:
        return fmax(matched, left);
    case JOIN_RIGHT:
        return fmax(matched, right);
    case JOIN_FULL:
        return fmax(matched, left + right);
    case JOIN_INNER:
        break;
    }
    return matched;
}

// ---- relations before they are planned

static double rough_join(const struct rel *r, double left, double right)
{
    switch (r->join.kind) {
    case JOIN_SEMI:
    case JOIN_ANTI:
        return left / 2;
    default:
        return r->join.on == NULL ? left * right : fmax(left, right);
    }
}

double rough_rows(struct optimizer *o, const struct rel *r)
{
    struct conjuncts filter = {0};
    double input = r->input != NULL ? rough_rows(o, r->input) : 1;
    switch (r->kind) {
    case REL_SCAN:
        return r->scan.table->kind == CAT_TABLE ? table_rows(o, r->scan.table) : VIRTUAL_ROWS;
    case REL_VALUES:
        return r->values.n_rows;
    case REL_FILTER:
        conjuncts_add(o, &filter, r->predicate);
        return input * filter_selectivity(o, &filter);
    case REL_JOIN:
        return rough_join(r, input, rough_rows(o, r->right));
    case REL_SET_OP:
        return input + rough_rows(o, r->right);
    case REL_GROUP:
        return r->group.n_keys == 0 ? 1 : fmax(1, input / 10);
    case REL_LIMIT: {
        const struct expr *count = r->limit.count;
        bool known = count != NULL && count->kind == EXPR_CONST && !count->value.null;
        return known ? fmin(input, (double)count->value.i) : input;
    }
    case REL_MAX_ONE:
        return 1;
    case REL_CTE:
        return CTE_ROWS;
    default:
        return input;
    }
}

static bool reads_catalog(const struct plan *p)
{
    bool stable = true;
    for (uint32_t i = 0; i < p->srf.n_calls; i++)
        stable &= expr_volatility(p->srf.calls[i]) == FN_STABLE;
    return stable;
}

// Whether the rows are few for sure, not by an estimate: a lookup of a catalog relation bounds them.
bool plan_bounded(const struct plan *p)
{
    switch (p->kind) {
    case PLAN_VIRTUAL_SCAN:
        return p->scan.virtual_lookup > 0 || p->scan.table->virtual_empty;
    case PLAN_VALUES:
        return true;
    case PLAN_SRF: // one that reads the catalog gives parts of one object
        return p->input->kind == PLAN_VALUES ? reads_catalog(p) : plan_bounded(p->input);
    case PLAN_FILTER:
    case PLAN_PROJECT:
    case PLAN_SORT:
    case PLAN_DISTINCT:
    case PLAN_ORDINALITY:
        return plan_bounded(p->input);
    case PLAN_SET_OP:
        return plan_bounded(p->input) && plan_bounded(p->right);
    case PLAN_HASH_JOIN:
    case PLAN_NESTED_JOIN:
        return p->join.kind == JOIN_INNER ? plan_bounded(p->input) || plan_bounded(p->right) : plan_bounded(p->input);
    default:
        return false;
    }
}
