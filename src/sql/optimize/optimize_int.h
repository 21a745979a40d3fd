// Private to src/sql/optimize.
#ifndef SQL_OPTIMIZE_OPTIMIZE_INT_H
#define SQL_OPTIMIZE_OPTIMIZE_INT_H

#include "base/util.h"
#include "sql/optimize/optimize.h"
#include <string.h>

// A condition of a join parts of which are checked before it: of the rows that come to it, those are gone.
struct implied_part {
    const struct expr *condition;
    double part;
};

struct optimizer {
    struct query *q;
    struct arena *arena;
    const struct optimize_options *options;
    struct statement_plan *plan;
    uint32_t next_number;
    struct rng rng;       // of cost_perturbation
    struct col_set fixed; // columns that are known to equal a constant
    ARENA_VEC(struct implied_part) implied;
    ARENA_VEC(struct planned_join {
        const struct rel *rel;
        struct plan *plan;
    })
    joins; // found again by their relation
    ARENA_VEC(struct hoisted {
        const struct rel *subquery;
        struct expr *result;
        col_id column; // the join's last
    })
    hoisted;
};

static inline double perturbed(struct optimizer *o, double cost)
{
    double most = o->options->cost_perturbation, factor = most > 0 ? 1 + rng_unit(&o->rng) * most : 1;
    return most > 0 && (rng_u64(&o->rng) & 1) != 0 ? cost / factor : cost * factor;
}

static inline bool rule_on(const struct optimizer *o, enum optimize_rule rule)
{
    return (o->options->disabled_rules >> rule & 1) == 0;
}

// optimize.c: whether the expression's subqueries, if any, are scalar and read nothing from outside. They run once,
// when their value is first asked for, so that a scan may use it in its ranges and its filter.
bool subqueries_are_constant(struct optimizer *o, const struct expr *e);
// normalize.c
struct rel *normalize(struct optimizer *o, struct rel *r);
// Splits what reads outer columns off the filters on top of a subquery, which itself stays as it is; false when it
// reads them elsewhere too.
bool decorrelate(struct optimizer *o, struct rel **sub, struct expr **on);
// Of a comparison with a subquery's rows: left fn column, or a tuple's column by column; NULL when types differ.
struct expr *compare_columns(struct optimizer *o, const struct expr *e);
// hoist.c: whether an equality of the condition is one of something of the subquery with something from outside: a join
// without would hold the subquery's rows in memory.
bool ties_by_equality(struct optimizer *o, const struct rel *sub, struct expr *on);
// A lateral join, its left side normalized, as one that is none; NULL when it stays.
struct rel *lateral_to_join(struct optimizer *o, struct rel *r);
// The expression with its correlated subqueries computed by joins put on top of `input`.
struct expr *hoist_subqueries(struct optimizer *o, struct rel **input, struct expr *e);
// Checks the condition in the relation or, when it cannot go down, above it.
struct rel *push_or_filter(struct optimizer *o, struct rel *r, struct expr *e);
// computed.c
void use_computed(struct optimizer *o, struct rel *r);
// prune.c
void prune(struct optimizer *o, struct rel *r, const struct col_set *needed);
// hints.c: what the finished plan reads without bounds.
void find_full_scans(struct statement_plan *sp);
// pull.c
struct rel *pull_up(struct optimizer *o, struct rel *r);
// What is below projections that compute nothing: they only hide columns.
struct rel *without_projection(struct rel *r);
// joins.c
struct rel *reorder(struct optimizer *o, struct rel *r);
struct rel *join_pair(struct optimizer *o, struct rel *l, struct rel *r, struct expr *on);
// semi.c: a semi join as a join of its left side with the base of the right one, the rest of which comes after; NULL
// when it has no such shape.
struct rel *semi_by_lookup(struct optimizer *o, struct rel *r);

// Conjuncts of a predicate.
struct conjuncts {
    ARENA_VEC(struct expr *) items;
};
void conjuncts_add(struct optimizer *o, struct conjuncts *c, struct expr *e);
struct expr *conjuncts_join(struct optimizer *o, const struct conjuncts *c);

// access.c: the cheapest way to read a table under some conditions.
struct access_request {
    const struct rel *scan;
    const struct conjuncts *filter; // over the scan's columns and outer ones
    const struct sort_key *order;   // wished; may be NULL
    uint32_t n_order;
    double limit; // rows that will be asked for; 0: all
    bool lookup;  // inner side of a lookup join: conditions may use the left side's columns
};
struct access_path {
    struct scan_plan scan;
    const col_id *cols; // of the scan, as many as are needed; parallel to scan.table_columns
    uint32_t n_cols;
    double rows;    // that leave the scan
    double scanned; // that are read
    double cost;
    const struct plan_order *orders;
    uint32_t n_orders;
    bool ordered; // satisfies request->order
};
// The scan's column of a table's column; 0: it has none.
col_id scan_column(const struct rel *scan, uint32_t column_id);
// False when a lookup finds no index whose first column is fixed.
bool access_best(struct optimizer *o, const struct access_request *request, struct access_path *out);

// estimate.c
double table_rows(struct optimizer *o, const struct cat_table *t);
double filter_selectivity(struct optimizer *o, const struct conjuncts *c);
// Distinct values of a table's column, as far as counted or known by a unique index; 0: unknown.
double table_column_distinct(struct optimizer *o, const struct cat_table *t, uint32_t column_id);
double column_distinct(struct optimizer *o, col_id c);
// Of so many rows those that have the same values of the keys.
double rows_alike(struct optimizer *o, const struct sort_key *keys, uint32_t n, double rows);
// Of a table's rows: those with this value in the column (negative: unknown), those within bounds (NULL: open).
double table_equal_fraction(struct optimizer *o, const struct cat_table *t, uint32_t column_id, struct type type,
                            const struct expr *value);
double table_range_fraction(struct optimizer *o, const struct cat_table *t, uint32_t column_id, struct type type,
                            const struct expr *low, bool low_exclusive, const struct expr *high, bool high_exclusive);
// Of a join of so many rows, by the keys and what else its condition says.
double join_rows(struct optimizer *o, enum join_kind kind, double left, double right, const struct join_key *keys,
                 uint32_t n_keys, struct expr *on);
// Of a hash join with its sides; the right one is held in memory.
double hash_join_cost(double left_cost, double left_rows, double right_cost, double right_rows, uint32_t n_keys);

// Of a relation that is not planned yet.
double rough_rows(struct optimizer *o, const struct rel *r);

// physical.c
// Whether rows of the relation can be looked up by an index, as far as its kind goes.
bool lookup_possible(const struct rel *r);
// The scan when a condition is checked above it.
struct rel *scan_needing(struct optimizer *o, struct rel *scan, const struct expr *above);
// count.c: the whole plan of a grouping that is its table's row count; NULL: it is not.
struct plan *count_by_counter(struct optimizer *o, const struct rel *r);
struct plan *plan_rel(struct optimizer *o, struct rel *r, const struct sort_key *order, uint32_t n_order, double limit);

// Whether the rows are few for sure, not by an estimate: a lookup of a catalog relation bounds them.
bool plan_bounded(const struct plan *p);
// Finding the rows of a leaf that is a catalog relation by the conditions, once, and how many there are; negative when
// it cannot be looked up by them.
double virtual_lookup_cost(struct optimizer *o, const struct rel *leaf, const struct conjuncts *on, double *rows);

void plan_print_spans(struct buf *out, const struct query *q, const struct scan_plan *s);
const char *plan_node_name(const struct plan *p); // as EXPLAIN shows it

#endif
