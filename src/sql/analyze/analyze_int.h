// Private to src/sql/analyze: the analyzer's state, scopes, and the entry points of its files.
#ifndef SQL_ANALYZE_ANALYZE_INT_H
#define SQL_ANALYZE_ANALYZE_INT_H

#include "sql/analyze/analyze.h"

// A column that can be named.
struct scope_column {
    struct str name;
    struct str table;            // alias or table name; empty: none (JOIN USING column, output alias)
    struct str schema, database; // set when the table was not given an alias
    col_id column;
    bool hidden;         // not part of *
    bool qualified_only; // merged by USING: found only as table.column
    bool system;         // tableoid …: never part of *
    uint32_t key_of;     // the first column of the primary key of that stored table, as FROM names it; else 0
};

struct scope {
    struct scope *outer; // enclosing query, or the left side of LATERAL
    bool lateral_only;   // earlier FROM items: a derived table sees them with LATERAL only
    ARENA_VEC(struct scope_column) columns;
    struct cte_binding *ctes; // innermost first
};

struct cte_binding {
    struct cte_binding *next;
    struct cte *cte;
    bool working_table; // while the recursive step is analyzed
    const struct str *column_names;
};

// What is collected while the expressions of one SELECT are analyzed.
// A call of grouping(): `column` holds its value above the grouping.
struct grouping_call {
    col_id column;
    struct expr **args;
    uint32_t n_args;
    int position;
};

struct select_context {
    struct scope *scope;
    struct scope *input_scope; // FROM columns, for aggregate arguments
    bool aggregates_allowed, windows_allowed, srf_allowed;
    const char *clause; // for "aggregate functions are not allowed in WHERE"
    bool in_aggregate, in_window, in_srf;
    ARENA_VEC(struct projection) aggregates;
    ARENA_VEC(struct projection) windows;
    ARENA_VEC(struct grouping_call) groupings;
    ARENA_VEC(struct expr *) srf_calls;
    ARENA_VEC(const col_id *) srf_cols;
    ARENA_VEC(uint32_t) srf_n_cols;
    const struct ast_list *named_windows;
};

struct source {
    struct str name; // as the query calls it
    struct rel *rel;
};

struct analyzer {
    struct arena *arena;
    const struct analyze_options *options;
    struct query *query;
    ARENA_VEC(struct type) parameters; // TYPE_UNKNOWN: not known yet
    ARENA_VEC(struct cte *) ctes;
    ARENA_VEC(struct relation_use) relations;
    ARENA_VEC(struct source) sources; // what the FROM clauses of the queries around this point have, by name
    struct select_context *select;    // innermost
    uint32_t view_depth;
};

// Until the caller puts the options back, names are looked up as in a session of this database, and none is a variable
// of a routine around the statement: what is stored with a table was written so.
int analyze_in_database(struct analyzer *an, uint32_t database_id, struct err *err) MUST_CHECK;

// ---- scopes (scope.c)
struct scope *scope_new(struct analyzer *an, struct scope *outer);
void scope_add(struct analyzer *an, struct scope *s, struct scope_column column);
void scope_append(struct analyzer *an, struct scope *to, const struct scope *from);
int scope_resolve(struct analyzer *an, struct scope *s, const struct ast_column_ref *ref, struct expr **out,
                  struct err *err) MUST_CHECK;
// The variable that a name stands for; NULL: none.
int variable_find(struct analyzer *an, const struct ast_column_ref *ref, struct expr **out, struct err *err) MUST_CHECK;
// True and *out set when exactly this unqualified name is a column here (not in outer scopes).
bool scope_has(const struct scope *s, struct str name);
bool scope_has_table(const struct scope *s, struct str table);
struct cte_binding *scope_find_cte(struct scope *s, struct str name);

// ---- expressions (expr.c, overload.c, call.c)
// `want` T_ANYELEMENT: no preference. It guides literals and placeholders; the result may still be of another type.
int expr_analyze(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                 struct err *err) MUST_CHECK;
// As above, and the result must be BOOL (42804 `argument of WHERE must be type bool, not type int`).
int expr_analyze_bool(struct analyzer *an, struct scope *s, const struct ast *e, const char *clause, struct expr **out,
                      struct err *err) MUST_CHECK;
// As above, converted to `want` as an assignment would (42804 otherwise). `what` names the column in the error.
int expr_analyze_assign(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct str what,
                        struct expr **out, struct err *err) MUST_CHECK;
int expr_coerce_assign(struct analyzer *an, struct expr *e, struct type want, struct str what, struct expr **out,
                       struct err *err) MUST_CHECK;
// composite.c: bodies of expr.c's table.
int analyze_array_expr(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                       struct err *err) MUST_CHECK;
int analyze_subscript(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                      struct err *err) MUST_CHECK;
int analyze_tuple(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                  struct err *err) MUST_CHECK;
int analyze_field_access(struct analyzer *an, struct scope *s, const struct ast *e, struct type want, struct expr **out,
                         struct err *err) MUST_CHECK;
// A subquery's only row as a tuple of n fields; NULL without one.
int row_subquery(struct analyzer *an, struct scope *s, const struct ast *e, uint32_t n, struct expr **out,
                 struct err *err) MUST_CHECK;
// The fields of a tuple or a value of a composite type; false when they are not known.
struct tuple_shape {
    const struct type *types;
    const struct str *names; // NULL: none
    uint32_t n;
};
bool tuple_shape(struct analyzer *an, const struct expr *e, struct tuple_shape *out);
// Wraps in a cast when the type differs; literals are converted now.
int expr_cast(struct analyzer *an, struct expr *e, struct type to, bool explicit_cast, struct expr **out,
              struct err *err) MUST_CHECK;
// Brings several expressions to one type (CASE, COALESCE, arrays, VALUES, UNION). Literal-like ones adapt to the rest.
int expr_unify(struct analyzer *an, struct expr **items, size_t n, const char *what, struct type *common,
               struct err *err) MUST_CHECK;
// A list analyzed and unified. `want` as in expr_analyze.
int expr_analyze_list(struct analyzer *an, struct scope *s, const struct ast_list *list, struct type want,
                      const char *what, struct expr **out, struct type *common, struct err *err) MUST_CHECK;
bool ast_is_literal_like(const struct ast *e); // adapts to its context: literal, NULL, placeholder
int call_function(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct type want,
                  struct expr **out, struct err *err) MUST_CHECK;
// Resolves among candidates. `args` are analyzed already where not literal-like, NULL where literal-like; fills them
// in.
// A call with arguments by name as one by position: replaces *call. 42883 when no parameters have the names.
int place_built_in_arguments(struct analyzer *an, struct str name, const struct ast_func_call **call,
                             struct err *err) MUST_CHECK;
int place_routine_arguments(struct analyzer *an, struct str name, const struct cat_function **found, size_t n_found,
                            const struct ast_func_call **call, struct err *err) MUST_CHECK;
int overload_resolve(struct analyzer *an, struct scope *s, const char *what, struct str name, bool is_operator,
                     const struct fn_overload *const *candidates, size_t n_candidates, struct ast *const *ast_args,
                     struct expr **args, uint32_t n_args, struct type want, int position, const struct fn_overload **fn,
                     struct type *result, struct err *err) MUST_CHECK;
int operator_call(struct analyzer *an, struct scope *s, const char *symbol, struct ast *const *ast_args,
                  struct expr **args, uint32_t n_args, struct type want, int position, struct expr **out,
                  struct err *err) MUST_CHECK;
// Comparison of two analyzed expressions with an operator symbol, casting as needed.
int compare_exprs(struct analyzer *an, const char *symbol, struct expr *l, struct expr *r, int position,
                  struct expr **out, struct err *err) MUST_CHECK;
// Folds a call or cast of constants into a constant when it is immutable; errors of folding are left to run time.
struct expr *expr_fold(struct analyzer *an, struct expr *e);
// BIT as the type of a parameter is of any length; as SQL has it, it would be BIT(1).
struct type parameter_unlimited(struct type t);
int parameter_type(struct analyzer *an, uint32_t index, struct type want, struct expr **out,
                   struct err *err) MUST_CHECK;

// ---- relations (from.c, select.c, mutate.c)
int from_analyze(struct analyzer *an, struct scope *outer, const struct ast_list *from, struct scope *into,
                 struct rel **out, struct err *err) MUST_CHECK;
// One base table with all its public columns visible under its alias; returns the scan. `table_out` may be NULL.
int from_table(struct analyzer *an, struct scope *into, const struct cat_table *table, struct str alias,
               const struct ast *hint, bool all_columns, uint32_t privileges, struct rel **out,
               struct err *err) MUST_CHECK;
int from_resolve(struct analyzer *an, const struct ast *name, const struct cat_table **out, struct err *err) MUST_CHECK;
// [id AS alias]: a relation of any database by its id.
int from_resolve_id(struct analyzer *an, const struct ast_aliased_table *at, const struct cat_table **out,
                    struct err *err) MUST_CHECK;
// Expressions stored with the table that access paths are chosen by: predicates of partial indexes, indexed computed
// columns. `cols`: the col_id of each table column.
int table_index_exprs(struct analyzer *an, const struct cat_table *t, const col_id *cols, struct rel *scan,
                      struct err *err) MUST_CHECK;
void use_relation(struct analyzer *an, const struct cat_table *table, uint32_t privileges);
struct select_result {
    struct rel *rel;
    const col_id *cols;
    const struct str *names;
    uint32_t n_cols;
};
// A query (AST_SELECT) with its own WITH. `want`: wished column types, may be NULL (literals in VALUES adapt).
int select_analyze(struct analyzer *an, struct scope *outer, const struct ast *query, const struct type *want,
                   size_t n_want, struct select_result *out, struct err *err) MUST_CHECK;
int statement_analyze(struct analyzer *an, struct scope *outer, const struct ast *statement, struct select_result *out,
                      struct err *err) MUST_CHECK;
int with_analyze(struct analyzer *an, struct scope *s, const struct ast *with, struct err *err) MUST_CHECK;
int insert_analyze(struct analyzer *an, struct scope *outer, const struct ast_insert *ins, struct select_result *out,
                   struct err *err) MUST_CHECK;
int update_analyze(struct analyzer *an, struct scope *outer, const struct ast_update *upd, struct select_result *out,
                   struct err *err) MUST_CHECK;
int delete_analyze(struct analyzer *an, struct scope *outer, const struct ast_delete *del, struct select_result *out,
                   struct err *err) MUST_CHECK;
int copy_analyze(struct analyzer *an, const struct ast_copy *copy, struct select_result *out,
                 const col_id **source_cols, size_t *n_source_cols, struct err *err) MUST_CHECK;
// Output names, stars expanded, over a scope; used by SELECT targets and RETURNING.
int targets_analyze(struct analyzer *an, struct scope *s, const struct ast_list *targets, struct projection **items,
                    struct str **names, uint32_t *n, struct err *err) MUST_CHECK;
// Wraps `input` so that the items are columns; those that already are columns are passed through.
struct rel *project_items(struct analyzer *an, struct rel *input, struct projection *items, uint32_t n);
// The items of an ORDER BY with ORDER BY INDEX and PRIMARY KEY written as the columns they stand for.
int order_expand(struct analyzer *an, const struct ast_list *items, struct ast_list *out, struct err *err) MUST_CHECK;
int order_key(struct analyzer *an, const struct ast_order_item *item, struct sort_key *key, struct err *err) MUST_CHECK;
int limit_analyze(struct analyzer *an, struct rel *input, const struct ast *limit, const struct ast *offset,
                  struct rel **out, struct err *err) MUST_CHECK;

// ---- GROUP BY (grouping_sets.c)
// The sets of keys of a GROUP BY clause: bit i of a mask stands for key i. `written`: with ROLLUP, CUBE or GROUPING
// SETS.
struct grouping_sets {
    ARENA_VEC(uint64_t) masks;
    bool written;
};
// Adds an expression to the keys unless it is there, and says which one it is.
struct grouping_keys {
    int (*add)(void *arg, const struct ast *e, uint32_t *key, struct err *err);
    void *arg;
};
size_t grouping_expressions(const struct ast_list *items); // at most so many keys
int grouping_sets_analyze(struct analyzer *an, const struct ast_list *items, const struct grouping_keys *keys,
                          struct grouping_sets *out, struct err *err) MUST_CHECK;
// Joins *input with the sets, and makes keys NULL where the set has them not. There is room for 1 more key, and for one
// per call of grouping().
int grouping_sets_expand(struct analyzer *an, const struct grouping_sets *sets, struct select_context *sc,
                         struct projection *keys, uint32_t *n_keys, struct rel **input, struct err *err) MUST_CHECK;
int grouping_call(struct analyzer *an, struct scope *s, const struct ast_func_call *call, struct expr **out,
                  struct err *err) MUST_CHECK;

int unsupported(struct err *err, const struct ast *at, const char *feature); // 0A000

#endif
