// Names of objects behind OIDs: text forms of REGCLASS, REGTYPE, REGPROC, REGNAMESPACE, REGROLE and back.
#ifndef SQL_FUNCTIONS_REGTYPES_INT_H
#define SQL_FUNCTIONS_REGTYPES_INT_H

#include "sql/functions/functions_int.h"

// Number or (qualified, quoted) name to OID. Absent: 42P01, 42883, 42704 … or, with missing_ok, *found false.
int reg_parse(struct eval_context *ec, struct type t, struct str text, bool missing_ok, bool *found, int64_t *oid,
              struct err *err) MUST_CHECK;
// Splits a possibly qualified identifier as SQL reads it: unquoted parts lower-cased. False when malformed.
bool reg_split_name(struct arena *a, struct str text, struct str parts[3], size_t *n);

#endif
