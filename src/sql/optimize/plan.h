// Physical plans: what the optimizer decides and the executor runs. Immutable once built; run-time state lives in the
// executor's operators, so that one plan serves any number of concurrent executions.
//
// Columns are named by col_id as in the typed tree. A plan's expressions read columns of its inputs; a column found in
// no input is an outer column of the correlated subquery the plan belongs to.
#ifndef SQL_OPTIMIZE_PLAN_H
#define SQL_OPTIMIZE_PLAN_H

#include "keys/inverted.h"
#include "sql/analyze/tree.h"

enum plan_kind {
    PLAN_SCAN,
    PLAN_VIRTUAL_SCAN,
    PLAN_VALUES,
    PLAN_FILTER,
    PLAN_PROJECT,
    PLAN_HASH_JOIN,
    PLAN_MERGE_JOIN,
    PLAN_LOOKUP_JOIN,
    PLAN_NESTED_JOIN, // right side re-run per row when it uses columns of the left, else buffered once
    PLAN_GROUP,
    PLAN_DISTINCT,
    PLAN_SORT, // with `limit`: top-k
    PLAN_LIMIT,
    PLAN_SET_OP,
    PLAN_WINDOW,
    PLAN_SRF,
    PLAN_ORDINALITY,
    PLAN_COUNTER, // one row: how many rows the table has, in every column
    PLAN_CTE,
    PLAN_RECURSIVE,
    PLAN_MAX_ONE,
    PLAN_INSERT,
    PLAN_UPDATE,
    PLAN_DELETE,
    PLAN_KIND_COUNT,
};

// What is known of an index's leading columns: equalities, then one list of alternatives or one range. Expressions read
// no columns of the scanned table (constants, parameters, stable functions, outer columns; for lookup joins columns of
// the left input). A NULL value makes the constraint empty, but where it is what a computed column has.
struct index_constraint {
    struct expr **equal; // one per leading index column
    uint32_t n_equal;
    uint64_t equal_nulls; // bit i: rows with NULL in column i are looked for when equal[i] is NULL
    struct expr **any;    // then: the next column is one of these (n_any > 0) …
    uint32_t n_any;
    struct expr *any_array;  // … or an element of this array
    struct expr *low, *high; // or: the next column lies between these; NULL: open
    bool low_exclusive, high_exclusive;
    bool not_null; // open side without bound: NULLs are excluded
    // Inverted indexes: the last column's keys under the prefixes that keys/inverted.h gives for this operand.
    struct expr *inverted; // NULL: none
    enum inverted_op inverted_op;
    struct expr **path; // steps of INVERTED_AT
    uint32_t n_path;
};

struct plan_order {
    col_id column;
    bool descending;
};

struct scan_plan {
    const struct cat_table *table;
    const struct cat_index *index;
    const struct scan_hints *hints;
    struct index_constraint constraint;
    const struct index_constraint *more; // others whose keys are read as well
    uint32_t n_more;
    bool unique_point; // at most one row per alternative: all columns of a unique index are equal to something not NULL
    bool reverse;
    bool lookup_primary;           // the index lacks columns: fetch rows by primary key
    const uint32_t *table_columns; // cat_column id of cols[i]
    struct expr *filter;           // applied by the scan before rows leave it; NULL: none
    uint64_t limit;                // stop after that many rows; 0: none
    enum lock_strength lock;
    enum lock_wait_policy lock_wait;
    double rows; // read, estimated
    bool full;   // no constraint at all
    // With virtual_lookup: that value has _ for any character and \ before what stands for itself; any case is the
    // same.
    bool virtual_pattern, virtual_any_case;
    uint32_t virtual_lookup; // PLAN_VIRTUAL_SCAN: position + 1 of the column that constraint.equal[0] fixes; 0: none
};

struct join_key {
    struct expr *left, *right; // equal, of types that hash and compare alike
    bool null_equal;           // IS NOT DISTINCT FROM
};

struct plan {
    enum plan_kind kind;
    struct plan *input, *right;
    const col_id *cols;
    uint32_t n_cols;
    uint32_t number; // depth-first, for counts of EXPLAIN ANALYZE
    double rows;     // estimated
    double cost;
    const struct plan_order *order; // order of the output, as far as known
    uint32_t n_order;
    union {
        struct scan_plan scan; // PLAN_SCAN, PLAN_VIRTUAL_SCAN
        struct {
            struct expr ***rows;
            uint32_t n_rows;
        } values;
        struct expr *predicate;
        struct {
            struct projection *items;
            uint32_t n_items;
        } project;
        struct {
            enum join_kind kind;
            enum join_hint hint;
            struct join_key *keys;
            uint32_t n_keys;
            struct expr *on;         // what remains beside the keys; NULL: true
            struct scan_plan lookup; // PLAN_LOOKUP_JOIN: the right side; constraint reads columns of the left
            const col_id *lookup_cols;
            uint32_t n_lookup_cols;
            bool correlated; // PLAN_NESTED_JOIN
        } join;
        struct {
            const col_id *keys;
            uint32_t n_keys;
            struct projection *aggregates;
            uint32_t n_aggregates;
            uint32_t n_deciding; // rows equal in the first so many keys are in all
            bool ordered;        // equal keys are adjacent: a group is done when the next one begins
        } group;
        struct {
            const col_id *keys;
            uint32_t n_keys;
            bool ordered; // equal keys are adjacent
        } distinct;
        struct {
            const struct cat_table *table;
        } counter;
        struct {
            struct sort_key *keys;
            uint32_t n_keys;
            uint32_t n_ordered; // so many of the keys the rows come in the order of, if it is a top-k
            struct expr *limit; // top-k: count plus offset of the LIMIT above; NULL: all
            struct expr *offset;
        } sort;
        struct {
            struct expr *count, *offset;
        } limit;
        struct {
            enum set_op op;
            bool all;
        } set;
        struct {
            struct projection *functions;
            uint32_t n_functions;
        } window;
        struct {
            struct expr **calls;
            const col_id *const *call_cols;
            const uint32_t *n_call_cols;
            uint32_t n_calls;
        } srf;
        struct {
            col_id column;
        } ordinality;
        struct {
            uint32_t number; // of the statement's CTEs
            bool working_table;
        } cte;
        struct {
            uint32_t number;
            bool distinct;
        } recursive;
        const struct mutation *mutation;
    };
};

struct cte_plan {
    struct plan *plan;
    struct str name;
    const col_id *cols;
    bool inlined;      // read through its only use instead
    bool has_mutation; // runs even if nobody reads it
    bool recursive;
};

// Subqueries of expressions, planned on their own: found by their rel.
struct subquery_plan {
    const struct rel *rel;
    struct plan *plan;
    bool correlated; // reads outer columns: run per row; else once per execution
};

struct statement_plan {
    struct query *query;
    struct plan *root;
    struct cte_plan *ctes;
    uint32_t n_ctes;
    struct subquery_plan *subqueries;
    uint32_t n_subqueries;
    uint32_t n_nodes;      // plan numbers are below this
    bool full_scan;        // some scan reads a whole table or index
    double full_scan_rows; // of the largest of those
    bool missing_stats;
};

#endif
