#ifndef SQL_DDL_OWNED_INT_H
#define SQL_DDL_OWNED_INT_H

#include "sql/ddl/ddl_int.h"

// 2BP01 naming what the role still owns, is granted, or has default privileges in, in all databases.
int owned_check_nothing(struct ddl_context *dc, struct str role, struct err *err) MUST_CHECK;

#endif
