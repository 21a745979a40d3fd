// DROP, between its files.
#ifndef SQL_DDL_DROP_INT_H
#define SQL_DDL_DROP_INT_H

#include "sql/ddl/ddl_int.h"

// Relations dropped together: dependencies among them are no obstacle.
struct drop_set {
    const uint32_t *ids;
    size_t n;
};
int drop_relations(struct ddl_context *dc, const struct drop_set *set, bool cascade, struct err *err) MUST_CHECK;
int drop_named_relations(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out,
                         struct err *err) MUST_CHECK;
int drop_indexes(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err) MUST_CHECK;
int drop_databases(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out,
                   struct err *err) MUST_CHECK;
int drop_schemas(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err) MUST_CHECK;
int drop_types(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err) MUST_CHECK;
// 2BP01 when something uses it.
int drop_type(struct ddl_context *dc, const struct cat_type *t, struct err *err) MUST_CHECK;
int drop_function(struct ddl_context *dc, const struct cat_function *f, struct err *err) MUST_CHECK;
int drop_schema(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s, bool cascade,
                struct err *err) MUST_CHECK;
// All types of a schema; schema_id 0: of the database.
int drop_types_of(struct ddl_context *dc, uint32_t database_id, uint32_t schema_id, struct err *err) MUST_CHECK;
int drop_functions(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out,
                   struct err *err) MUST_CHECK;
int drop_functions_of(struct ddl_context *dc, uint32_t database_id, uint32_t schema_id, struct err *err) MUST_CHECK;
// Functions that use a relation: 2BP01 naming `what` and `name`, or dropped too.
int drop_functions_using(struct ddl_context *dc, const struct cat_table *t, struct str column, const char *what,
                         struct str name, bool cascade, struct err *err) MUST_CHECK;
int drop_roles(struct ddl_context *dc, const struct ast_drop *s, struct ddl_result *out, struct err *err) MUST_CHECK;
// Removes an index by id from an open edit, with its data. 2BP01 when a foreign key needs it and not cascade.
int index_drop(struct table_work *w, uint32_t index_id, bool cascade, struct err *err) MUST_CHECK;

#endif
