// Functions of CockroachDB about what does not exist here, so that who calls them reads that and not of an unknown
// name.
#include "sql/functions/functions_int.h"

BODY(absent)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "%s() is not supported", ec->call->fn->name);
}

#define ABSENT(name, signature) FN_NULL(name, signature, VOLATILE, absent, "Not supported.")
static const struct fn_row rows[] = {
#include "sql/functions/absent.def"
};
const struct fn_family fn_family_absent = {"SYSTEM INFO", rows, ARRAY_LEN(rows)};
