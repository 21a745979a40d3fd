// Private to src/sql/session: SPLIT AT and its kin.
#ifndef SQL_SESSION_SPLITS_INT_H
#define SQL_SESSION_SPLITS_INT_H

#include "sql/session/show_int.h"

// Whether the statement is ALTER TABLE or INDEX with SPLIT AT, UNSPLIT or SCATTER, which give rows.
bool is_split(const struct ast *statement);
// Columns of its result.
void split_columns(struct show *sh, const struct ast *statement);
int run_split(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct err *err) MUST_CHECK;
// [table@]index; in `database` when it is named alone.
int show_index(struct show *sh, const struct ast_index_name *name, const struct cat_database *database,
               const struct cat_table **t, const struct cat_index **index, struct err *err) MUST_CHECK;
// The key in the index of each row that the query gives: values of the first columns, or of all.
struct split_keys {
    ARENA_VEC(struct str) v;
};
int split_keys(struct show *sh, const struct cat_table *t, const struct cat_index *index, const struct ast *query,
               bool whole, struct split_keys *out, struct err *err) MUST_CHECK;

#endif
