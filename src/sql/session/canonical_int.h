// Canonical SQL text of expressions and queries stored in descriptors.
#ifndef SQL_SESSION_CANONICAL_INT_H
#define SQL_SESSION_CANONICAL_INT_H

#include "sql/analyze/analyze.h"

// Columns unqualified, sequences by schema-qualified name, constants annotated (0:::INT8) wherever the annotated text
// still means the same.
struct canonical {
    struct arena *arena;
    const struct analyze_options *options;
    const struct cat_table *table; // its columns may be used; NULL: none
    bool trigger;                  // … as those of old and new rows, which keeps them qualified
    struct type want;              // as given to analyze_table_expr
    const char *context;
    const struct query *query;     // as analyzed
    const struct expr *expr;       // its expression
    struct str sql;                // result
    ARENA_VEC(uint32_t) sequences; // ids of those used, result
};
int canonical_expr(struct canonical *c, const struct ast *expr, struct err *err) MUST_CHECK;

// Tables by full name, stars spelled out, so that columns added to a table later do not change the query.
struct canonical_query {
    struct arena *arena;
    const struct analyze_options *options;
    const struct query *query;     // as analyzed
    struct str sql;                // result
    ARENA_VEC(uint32_t) relations; // ids of relations and sequences read, result
};
int canonical_query(struct canonical_query *c, const struct ast *query, struct err *err) MUST_CHECK;

#endif
