// The typed relational tree: what the analyzer makes of a statement and the optimizer turns into a plan.
//
// Columns are numbered per statement (`col_id`, from 1): a column keeps its number wherever it flows, so operators can
// be moved without renaming. Trees live in one arena and are immutable for everyone but the optimizer, which rewrites
// its own copy. A correlated subquery simply uses col_ids that its own relations do not produce.
#ifndef SQL_ANALYZE_TREE_H
#define SQL_ANALYZE_TREE_H

#include "base/arena.h"
#include "base/err.h"
#include "catalog/catalog.h"
#include "sql/functions/functions.h"
#include "types/types.h"

typedef uint32_t col_id; // the one typedef of an integer in the tree: it must never be mistaken for a position

struct rel;
struct expr;
struct col_set;

enum expr_kind {
    EXPR_CONST,       // value
    EXPR_COLUMN,      // column
    EXPR_PARAM,       // parameter: $1 is 0
    EXPR_CALL,        // fn(args)
    EXPR_CAST,        // args[0] to type; flag: explicit
    EXPR_AND,         // args
    EXPR_OR,          // args
    EXPR_NOT,         // args[0]
    EXPR_IS_NULL,     // args[0]; flag: IS NOT NULL
    EXPR_IS_DISTINCT, // args[0], args[1]; flag: IS NOT DISTINCT FROM
    EXPR_CASE,        // args: when, then, when, then …, else (always present)
    EXPR_COALESCE,    // args
    EXPR_NULLIF,      // args[0], args[1]; fn: "="
    EXPR_GREATEST,    // args
    EXPR_LEAST,       // args
    EXPR_IFERROR,     // args[0], args[1] (NULL: ISERROR), args[2]: SQLSTATE or NULL
    EXPR_IN,          // args[0] IN (args[1..]), all of one type; flag: NOT IN
    EXPR_ANY,         // args[0] fn ANY(array args[1]); flag: ALL
    EXPR_ARRAY,       // ARRAY[args]
    EXPR_TUPLE,       // (args)
    EXPR_FIELD,       // args[0].parameter-th field
    EXPR_SUBSCRIPT,   // args[0][args[1]] on arrays; flag: slice args[0][args[1]:args[2]]
    EXPR_SUBQUERY,    // scalar: first column of subquery's row, NULL without row, 21000 when more
    EXPR_EXISTS,      // subquery has a row; flag: NOT EXISTS
    EXPR_ANY_QUERY,   // args[0] fn ANY(subquery column); flag: ALL. Tuples on the left compare column by column
    EXPR_ARRAY_QUERY, // ARRAY(subquery)
    EXPR_AGGREGATE,   // only in rel_group.aggregates: fn(args), aggregate modifiers
    EXPR_WINDOW,      // only in rel_window.functions
};

struct sort_key {
    struct expr *expr; // after analysis always EXPR_COLUMN
    bool descending;
    bool nulls_last;
};

struct window_frame {
    enum { FRAME_ROWS, FRAME_RANGE, FRAME_GROUPS } mode;
    enum frame_bound {
        FRAME_UNBOUNDED_PRECEDING,
        FRAME_PRECEDING,
        FRAME_CURRENT_ROW,
        FRAME_FOLLOWING,
        FRAME_UNBOUNDED_FOLLOWING,
    } start,
        end;
    struct expr *start_offset, *end_offset;
    enum { EXCLUDE_NONE, EXCLUDE_CURRENT_ROW, EXCLUDE_GROUP, EXCLUDE_TIES } exclude;
};

struct expr {
    enum expr_kind kind;
    bool flag;
    bool aggregate_distinct;
    struct type type;
    int position; // in the statement text, 0 unknown
    uint32_t n_args;
    struct expr **args;
    struct datum value;
    col_id column;
    uint32_t parameter;
    const struct fn_overload *fn;
    struct rel *subquery;
    struct expr *filter;    // aggregates: FILTER (WHERE …)
    struct sort_key *order; // aggregates: ORDER BY inside; windows: ORDER BY
    uint32_t n_order;
    struct expr **partition; // windows
    uint32_t n_partition;
    struct window_frame *frame;     // windows; NULL: default
    const struct type *field_types; // TUPLE: of the args (also for subquery rows)
    const struct str *field_names;  // TUPLE with labels; may be NULL
};

struct col_info {
    struct str name;
    struct type type;
    bool not_null;
    const struct cat_table *table; // base table column: where it comes from; NULL: computed
    uint32_t table_column_id;
    const struct type *field_types; // TUPLE columns: as in struct expr
    const struct str *field_names;
    uint32_t n_fields;
};

enum rel_kind {
    REL_SCAN,       // base or virtual table
    REL_VALUES,     // rows of expressions; no columns and one row: SELECT without FROM
    REL_FILTER,     // input, predicate
    REL_PROJECT,    // input plus computed columns; output narrows to `cols`
    REL_JOIN,       // input, right
    REL_GROUP,      // input; aggregates over keys
    REL_DISTINCT,   // input; keeps the first row per keys
    REL_SORT,       // input; keys
    REL_LIMIT,      // input; count, offset
    REL_SET_OP,     // input, right
    REL_WINDOW,     // input; functions
    REL_SRF,        // input; set-returning calls, rows zipped (ROWS FROM); adds their columns
    REL_ORDINALITY, // input; adds one INT8 column counting from 1
    REL_CTE,        // reads a common table expression
    REL_RECURSIVE,  // WITH RECURSIVE body: input (start), right (step, reads the working table)
    REL_MAX_ONE,    // input; 21000 when more than one row
    REL_INSERT,
    REL_UPDATE,
    REL_DELETE,
};

enum join_kind { JOIN_INNER, JOIN_LEFT, JOIN_RIGHT, JOIN_FULL, JOIN_SEMI, JOIN_ANTI };
// How a join must be done, its sides in the order written. STRAIGHT: in any way.
enum join_hint {
    JOIN_HINT_NONE,
    JOIN_HINT_HASH,
    JOIN_HINT_MERGE,
    JOIN_HINT_LOOKUP,
    JOIN_HINT_INVERTED,
    JOIN_HINT_STRAIGHT,
};
enum set_op { SET_UNION, SET_INTERSECT, SET_EXCEPT };
enum lock_strength { LOCK_NONE, LOCK_KEY_SHARE, LOCK_SHARE, LOCK_NO_KEY_UPDATE, LOCK_UPDATE };
enum lock_wait_policy { LOCK_WAIT_BLOCK, LOCK_WAIT_NOWAIT, LOCK_WAIT_SKIP };

struct scan_hints {
    const struct cat_index *index; // FORCE_INDEX
    bool descending, ascending;    // with it
    bool no_full_scan, avoid_full_scan, no_index_join, force_inverted, force_zigzag;
};

// A common table expression: evaluated once, read by any number of REL_CTE.
struct cte {
    struct str name;
    struct rel *rel;
    bool recursive;
    bool materialized, not_materialized;
    bool has_mutation;
    uint32_t uses;
    uint32_t number; // index in statement's list
};

// Computed column of PROJECT: column := expr.
struct projection {
    col_id column;
    struct expr *expr;
};

// What INSERT/UPDATE/DELETE do to a table. Parallel to table->columns.
struct mutation {
    const struct cat_table *table;
    const col_id *old_cols;  // UPDATE, DELETE, ON CONFLICT DO UPDATE: value read; per table column
    const col_id *new_cols;  // INSERT, UPDATE: value written; 0: unchanged (UPDATE)
    enum lock_strength lock; // UPDATE, DELETE: of the rows to change, unless their scan has locked them
    // Boolean expressions over new_cols (old where unchanged) that must not be false.
    struct expr **checks;
    uint32_t n_checks;
    const struct cat_check **check_descriptors; // parallel to checks
    // Partial index predicates over the columns: old row, new row; NULL where not partial. Parallel to table->indexes.
    struct expr **old_predicates, **new_predicates;
    // INSERT:
    bool upsert;
    bool on_conflict, do_nothing;
    const struct cat_index *arbiter; // NULL with do_nothing: any unique index
    // DO UPDATE: assignments computed over existing row (old_cols) and excluded row (new_cols)
    struct projection *set; // columns: those of set_cols
    uint32_t n_set;
    const col_id *set_cols; // per table column; 0 unchanged
    struct expr *set_where;
    struct expr **set_checks; // checks over the row after SET
    struct expr **set_predicates;
    // RETURNING: expressions see return_cols, one per table column (the new row; DELETE: the old one).
    bool returning;
    const col_id *return_cols;
};

struct rel {
    enum rel_kind kind;
    struct rel *input, *right;
    const col_id *cols; // output columns in order
    uint32_t n_cols;
    union {
        struct { // REL_SCAN: cols[i] is table column table_columns[i] (cat_column ids)
            const struct cat_table *table;
            const uint32_t *table_columns;
            struct scan_hints hints;
            enum lock_strength lock; // set for FOR UPDATE and for the scans of UPDATE/DELETE
            enum lock_wait_policy lock_wait;
            uint64_t as_of;
            struct expr **predicates; // partial indexes: over `cols`, parallel to table->indexes; NULL: none is partial
            const struct col_set *needed; // optimizer: columns read above the filter over this scan; NULL: all
            struct expr **computed;       // indexed computed columns: parallel to table->columns; NULL: there are none
        } scan;
        struct { // REL_VALUES
            struct expr ***rows;
            uint32_t n_rows;
        } values;
        struct expr *predicate; // REL_FILTER
        struct {                // REL_PROJECT
            struct projection *items;
            uint32_t n_items;
        } project;
        struct { // REL_JOIN
            enum join_kind kind;
            enum join_hint hint;
            struct expr *on; // NULL: true
            bool lateral;    // right uses columns of input
        } join;
        struct { // REL_GROUP; no keys: exactly one row
            const col_id *keys;
            uint32_t n_keys;
            uint32_t n_deciding;           // optimizer: rows equal in the first so many are in all; 0: not known
            struct projection *aggregates; // EXPR_AGGREGATE
            uint32_t n_aggregates;
        } group;
        struct { // REL_DISTINCT
            const col_id *keys;
            uint32_t n_keys;
            bool ordered; // the input is sorted so that equal keys are adjacent
        } distinct;
        struct {
            struct sort_key *keys;
            uint32_t n_keys;
        } sort;
        struct { // NULL: none
            struct expr *count, *offset;
        } limit;
        struct { // cols[i] from input->cols[left[i]] … both sides have the same number and types of columns
            enum set_op op;
            bool all;
        } set;
        struct {
            struct projection *functions; // EXPR_WINDOW, all of one partition and order
            uint32_t n_functions;
        } window;
        struct {
            struct expr **calls;            // EXPR_CALL of set-returning functions (or scalars: one row)
            const col_id *const *call_cols; // result columns per call
            const uint32_t *n_call_cols;
            uint32_t n_calls;
        } srf;
        struct {
            col_id column;
            bool any_order; // optimizer: any numbers will do that tell rows apart
        } ordinality;
        struct { // cols[i] is the CTE's i-th output column
            struct cte *cte;
            bool working_table; // inside REL_RECURSIVE's step
        } cte;
        struct {
            struct cte *cte;
            bool distinct; // UNION, not UNION ALL
        } recursive;
        struct mutation *mutation;
    };
};

// An analyzed statement.
struct query {
    struct arena *arena;
    struct rel *root;
    // Result columns in order, with names as the client sees them.
    const col_id *output;
    const struct str *output_names;
    uint32_t n_output;
    bool returns_rows;
    bool has_mutation;
    const char *row_lock; // FOR UPDATE … of its tables; NULL: it has none
    struct cte **ctes;    // in order of definition; those with mutations run even if unused
    uint32_t n_ctes;
    struct type *parameter_types;
    uint32_t n_parameters;
    ARENA_VEC(struct col_info) columns; // by col_id; [0] unused
    // Relations read or written, for cat_table_depend and for privileges (bits of cat_privilege).
    struct relation_use {
        const struct cat_table *table;
        uint32_t privileges;
    } * relations;
    uint32_t n_relations;
    // What the dialect of PostgreSQL reads in its own way: divisions of integers, sums of small ones.
    ARENA_VEC(const struct ast *) postgresql_readings;
    bool redact; // EXPLAIN (REDACT): constants print as ‹×›
    bool stable; // uses STABLE/VOLATILE functions or settings: the plan may be cached but not folded
};

static inline struct col_info *query_column(struct query *q, col_id c)
{
    return &q->columns.ptr[c];
}
col_id query_add_column(struct query *q, struct str name, struct type type);

// Construction and walking, shared by analyzer and optimizer.
struct expr *expr_new(struct arena *a, enum expr_kind kind, struct type type, uint32_t n_args);
struct expr *expr_const(struct arena *a, struct type type, struct datum value);
struct expr *expr_column(struct query *q, col_id column);
struct expr *expr_bool(struct arena *a, bool value);
// Conjunction that flattens ANDs; either may be NULL (true).
struct expr *expr_and(struct arena *a, struct expr *l, struct expr *r);
struct rel *rel_new(struct arena *a, enum rel_kind kind, struct rel *input);
// Set of column numbers.
struct col_set {
    uint64_t *words;
    uint32_t n_words;
};
struct col_set col_set_new(struct arena *a, const struct query *q);
static inline void col_set_add(struct col_set *s, col_id c)
{
    if (c / 64 < s->n_words)
        s->words[c / 64] |= 1ull << (c % 64);
}
static inline bool col_set_has(const struct col_set *s, col_id c)
{
    return c / 64 < s->n_words && (s->words[c / 64] >> (c % 64) & 1) != 0;
}
void col_set_remove(struct col_set *s, col_id c);
void col_set_union(struct col_set *into, const struct col_set *from);
bool col_set_subset(const struct col_set *inner, const struct col_set *outer);
bool col_set_intersects(const struct col_set *a, const struct col_set *b);
void col_set_add_list(struct col_set *s, const col_id *cols, uint32_t n);
// Columns an expression reads, those free in its subqueries included.
void expr_columns(const struct expr *e, struct col_set *out);
// Columns a relation reads from outside itself.
void rel_outer_columns(struct query *q, const struct rel *r, struct col_set *out);
bool expr_has_subquery(const struct expr *e);
enum fn_volatility expr_volatility(const struct expr *e);
// Structural equality (same columns, functions, constants).
bool expr_equal(const struct expr *a, const struct expr *b);
// Deep copy with a mapping of columns: map[c] != 0 replaces c. Subqueries are shared unless they use mapped columns.
struct expr *expr_map_columns(struct query *q, const struct expr *e, const col_id *map, uint32_t n_map);

#endif
