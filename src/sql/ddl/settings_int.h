// Default session variables of roles and databases: ALTER ROLE/DATABASE … SET and RESET.
#ifndef SQL_DDL_SETTINGS_INT_H
#define SQL_DDL_SETTINGS_INT_H

#include "sql/ddl/ddl_int.h"

// `set` (SET_VAR) NULL: RESET. Of dc->setting.
int settings_edit(struct ddl_context *dc, uint32_t database_id, struct str role, const struct ast *set,
                  struct err *err) MUST_CHECK;

#endif
