// The optimizer: typed tree to physical plan. Pure: no store, no session; what it knows of the data comes through
// `struct optimize_statistics`. It cannot fail; whether its plan conforms to the hints is asked afterwards.
//
// Normalization rules are named functions in a table (rules.def); each can be switched off, and every query gives the
// same rows with any subset of them.
#ifndef SQL_OPTIMIZE_OPTIMIZE_H
#define SQL_OPTIMIZE_OPTIMIZE_H

#include "catalog/histogram.h"
#include "sql/optimize/plan.h"

struct optimize_statistics {
    // Rows of a table; negative: unknown.
    double (*row_count)(void *arg, const struct cat_table *table);
    // Distinct values of a column; 0 or less: unknown.
    double (*distinct_count)(void *arg, const struct cat_table *table, uint32_t column_id);
    // Part of the rows in which a column is NULL, or lies in a range; negative: unknown.
    double (*null_fraction)(void *arg, const struct cat_table *table, uint32_t column_id);
    double (*range_fraction)(void *arg, const struct cat_table *table, uint32_t column_id,
                             const struct histogram_range *range);
    void *arg;
};

enum optimize_rule {
#define RULE(NAME, function, description) OPTIMIZE_RULE_##NAME,
#include "sql/optimize/rules.def"
#undef RULE
    OPTIMIZE_RULE_COUNT
};
const char *optimize_rule_name(enum optimize_rule rule);

struct optimize_options {
    struct optimize_statistics statistics;
    int64_t reorder_joins_limit; // relations whose join order is searched through; above it is greedy; 0: as written
    bool avoid_full_scans;       // of tables with more rows than …
    double large_scan_rows;      // … this, where there is another way
    const struct eval_context *eval; // for estimates with now() and literals that depend on settings; NULL: without
    double visibility_draw;          // from 0 up to 1: indexes of no more visibility are not seen; negative: all are
    uint64_t disabled_rules;         // bits of optimize_rule
    uint64_t cost_seed;              // of what perturbs costs (tests)
    double cost_perturbation;        // costs are multiplied by up to 1 + this, or divided; 0: not
};

// Takes the query over (it is rewritten). Everything lives in the query's arena.
struct statement_plan *optimize(struct query *q, const struct optimize_options *options);
// Whether the plan is one that the query's hints ask for. 42809: a forced index does not serve the query; XXUUU: no
// plan conforms to another hint.
MUST_CHECK int plan_conforms(const struct statement_plan *sp, struct err *err);

// What EXPLAIN ANALYZE counted, per plan node.
struct plan_counts {
    uint64_t *rows;
    uint64_t *spilled_bytes; // disk space taken by temporary files, at most
};
// EXPLAIN: the plan as CockroachDB's tree, one line per call. `counts` NULL: not run.
enum plan_explain_detail { PLAN_EXPLAIN_VERBOSE = 1 << 0, PLAN_EXPLAIN_TYPES = 1 << 1 };
void plan_explain(const struct statement_plan *sp, unsigned detail, const struct plan_counts *counts,
                  void (*line)(void *arg, struct str text), void *arg);
// EXPLAIN (OPT): the relational expressions. EXPLAIN (VEC): the operators alone.
void plan_explain_opt(const struct statement_plan *sp, bool verbose, void (*line)(void *arg, struct str text),
                      void *arg);
void plan_explain_vec(const struct statement_plan *sp, void (*line)(void *arg, struct str text), void *arg);
// Prints an expression as EXPLAIN does.
void expr_print(struct buf *out, const struct query *q, const struct expr *e);

#endif
