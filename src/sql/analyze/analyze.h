// Analysis: syntax tree to typed relational tree (tree.h). Resolves names against the catalog view, infers types,
// chooses overloads, expands stars, defaults, computed columns and views, and records which relations and privileges a
// statement uses. Does not look at data and does not choose how to execute.
//
// Errors carry CockroachDB's SQLSTATEs and words and the position in the statement where it is known.
// Thread-safe: all state is in the arguments.
#ifndef SQL_ANALYZE_ANALYZE_H
#define SQL_ANALYZE_ANALYZE_H

#include "sql/analyze/tree.h"
#include "sql/parse/ast.h"

// The variables of a procedural language around the SQL.
struct analyze_variables {
    // The variable, or the field of one, that a name stands for as an expression over EXPR_PARAMs, whose numbers are
    // the caller's; NULL: none. A star is asked for as the variable before it.
    int (*find)(void *arg, struct arena *a, const struct ast_column_ref *ref, struct expr **out, struct err *err);
    void *arg;
    enum { VARIABLE_OR_COLUMN, VARIABLE_FIRST, COLUMN_FIRST } conflict; // a name of both: 42702, or which it is
};

struct analyze_options {
    struct cat_view *view;
    struct cat_name_scope scope;
    struct eval_context *fold;      // for literals and constant folding: time zone and so on
    const uint32_t *parameter_oids; // 0: to be inferred
    size_t n_parameter_oids;
    const struct str *parameter_names;         // of a function's body, as many; NULL: they have none
    struct str routine_name;                   // whose they are
    const struct analyze_variables *variables; // NULL: there are none
    const struct ast *procedure_call;          // of CALL: this call is of a procedure
    bool safe_updates;                         // sql_safe_updates
    bool null_ordered_last;
    bool avoid_full_scans_in_mutations;
    bool ordinal_columns;               // allow_ordinal_column_references: @1
    bool integer_sums;                  // sum() of INT4 and INT2 is an INT8, as in PostgreSQL
    bool fills_materialized_views;      // they may be inserted into
    const struct trigger_call *trigger; // of its function's body: transition tables can be named; else NULL
    // The scope's database is not the session's, which what runs would look up names in: 'name'::REGCLASS is taken now.
    bool other_database;
    // A statement used as a table, [SHOW …]: gives the query that stands for it, or NULL when the statement has no
    // rows.
    int (*statement_source)(void *arg, struct arena *a, const struct ast *statement, const struct ast **query,
                            struct err *err);
    void *statement_source_arg;
};

// SELECT, VALUES, INSERT, UPSERT, UPDATE, DELETE (with or without WITH). The query lives in the arena.
int analyze(struct arena *a, const struct analyze_options *options, const struct ast *statement, struct query **out,
            struct err *err) MUST_CHECK;

// An expression over the columns of one table (DEFAULT, CHECK, computed column, partial index predicate), cast to
// `want` unless that is T_ANYELEMENT. Column references become EXPR_COLUMN with the table's columns numbered 1..n in
// table order; `table` NULL: none are allowed. `context` names it in errors: "DEFAULT", "CHECK" …
int analyze_table_expr(struct arena *a, const struct analyze_options *options, const struct cat_table *table,
                       const struct ast *expr, struct type want, const char *context, struct query **query,
                       struct expr **out, struct err *err) MUST_CHECK;
// WHEN of a trigger: BOOL over old.… and new.…, whose columns are numbered 1..n and n+1..2n.
int analyze_trigger_condition(struct arena *a, const struct analyze_options *options, const struct cat_table *table,
                              const struct ast *e, struct query **query, struct expr **out, struct err *err) MUST_CHECK;

// 42P02: $number has no value.
int parameter_missing(int64_t number, struct err *err);

// A type written in SQL.
int analyze_type(struct cat_view *view, const struct cat_name_scope *scope, const struct ast *type_name,
                 struct type *out, struct err *err) MUST_CHECK;

// Table rows of COPY FROM: an INSERT query whose source is a REL_VALUES with no rows and the given columns, to be fed
// by the executor.
int analyze_copy_target(struct arena *a, const struct analyze_options *options, const struct ast *copy,
                        struct query **out, const col_id **source_cols, size_t *n_source_cols,
                        struct err *err) MUST_CHECK;

#endif
