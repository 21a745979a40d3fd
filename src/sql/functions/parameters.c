// Names of built-ins' parameters.
#include "sql/functions/functions_int.h"

static const struct {
    const char *function, *parameters;
} named[] = {
#define PARAMETERS(function, parameters) {function, parameters},
#include "sql/functions/parameters.def"
#undef PARAMETERS
};

const char *fn_parameters(struct str function)
{
    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (str_eqc(function, named[i].function))
            return named[i].parameters;
    }
    return NULL;
}
