// Storage parameters of tables: WITH (…), ALTER TABLE SET/RESET (…).
#ifndef SQL_DDL_STORAGE_INT_H
#define SQL_DDL_STORAGE_INT_H

#include "sql/ddl/ddl_int.h"

// Merges the options into *text ("a = 1, b = true"), a later value replacing an earlier one. 22023 for unknown names.
int storage_parameters_set(struct ddl_context *dc, const struct ast_list *options, struct str *text,
                           struct err *err) MUST_CHECK;
int storage_parameters_reset(struct ddl_context *dc, const struct ast_list *options, struct str *text,
                             struct err *err) MUST_CHECK;

#endif
