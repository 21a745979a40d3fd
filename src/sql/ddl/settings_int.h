// Default session variables of roles and databases: ALTER ROLE/DATABASE … SET and RESET.
#ifndef SQL_DDL_SETTINGS_INT_H
#define SQL_DDL_SETTINGS_INT_H

#include "sql/ddl/ddl_int.h"

// One of set (SET_VAR) and reset (RESET_VAR) is given.
int settings_edit(struct ddl_context *dc, uint32_t database_id, struct str role, const struct ast *set,
                  const struct ast *reset, struct err *err) MUST_CHECK;

#endif
