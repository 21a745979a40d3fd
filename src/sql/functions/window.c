// Window functions: their types. The executor computes them by name over whole partitions.
#include "sql/functions/functions_int.h"

static const struct fn_row rows[] = {
#include "sql/functions/window.def"
};
const struct fn_family fn_family_window = {"WINDOW", rows, ARRAY_LEN(rows)};
