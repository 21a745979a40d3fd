// What one condition says about another: whether the rows that pass a filter pass the predicate of a partial index.
#ifndef SQL_ANALYZE_IMPLY_H
#define SQL_ANALYZE_IMPLY_H

#include "sql/analyze/tree.h"

// The filter is the conjunction of `n` conditions. True only when it can be shown that every row for which they are all
// true has a true predicate. Memory comes from the query's arena.
bool filter_implies(struct query *q, struct expr *const *filter, size_t n, const struct expr *predicate);

#endif
