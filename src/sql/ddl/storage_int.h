// Storage parameters of tables: WITH (…), ALTER TABLE SET/RESET (…), and row-level TTL, which they describe.
#ifndef SQL_DDL_STORAGE_INT_H
#define SQL_DDL_STORAGE_INT_H

#include "sql/ddl/ddl_int.h"

// Merges the options into *text ("a = 1, b = true"), a later value replacing an earlier one. 22023 for unknown names.
int storage_parameters_set(struct ddl_context *dc, const struct ast_list *options, struct str *text,
                           struct err *err) MUST_CHECK;
int storage_parameters_reset(struct ddl_context *dc, const struct ast_list *options, struct str *text,
                             struct err *err) MUST_CHECK;

// The list with another value, SQL, of the parameter.
struct str storage_parameter_put(struct arena *a, struct str list, const char *name, struct str value);

// ttl.c
bool ttl_is_on(const struct cat_table *t);
// The table's ttl_expiration_expression; NULL: none. A list of parameters with another.
struct str ttl_expression(struct arena *a, const struct cat_table *t);
struct str ttl_with_expression(struct arena *a, struct str parameters, struct str expression);
// 42P16 for the hidden column, and for those in the expression: they cannot be what `action` says.
int ttl_keeps_own_column(const struct cat_table *t, struct str column, const char *action, struct err *err) MUST_CHECK;
int ttl_keeps_column(struct ddl_context *dc, const struct cat_table *t, struct str column, const char *action,
                     struct err *err) MUST_CHECK;
// The hidden column of a table that is being created, where its parameters want one.
int ttl_add_column(struct table_work *w, struct err *err) MUST_CHECK;
// Makes the hidden column and the schedule what the table's parameters say. 22023, 42804.
int ttl_follow(struct ddl_context *dc, uint32_t table_id, struct err *err) MUST_CHECK;
int ttl_drop_schedule(struct ddl_context *dc, uint32_t table_id, struct err *err) MUST_CHECK;

#endif
