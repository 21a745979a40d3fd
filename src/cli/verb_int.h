// A verb of the command line. Each verb is one file `verb_*.c` that defines a `struct verb`; verbs.def lists them.
#ifndef CLI_VERB_INT_H
#define CLI_VERB_INT_H

#include "cli/flags_int.h"

struct err;

struct verb {
    const char *name;        // "sql", "cert create-ca"
    const char *arguments;   // positional arguments as the usage line shows them, "" when there are none
    const char *summary;     // one line, for the list of verbs
    const char *description; // a paragraph, for --help
    const struct flag *flags;
    size_t flags_len;
    int args_min, args_max; // positional arguments; args_max -1: any number
    // Prints its results itself. Returns the exit status; a recorded err is printed by the caller.
    int (*run)(const struct cli_args *args, struct err *err);
};

#define VERB(symbol) extern const struct verb symbol;
#include "cli/verbs.def"
#undef VERB

#define PALMETTO_VERSION_TAG "v" PALMETTO_VERSION
#define EXIT_STATUS_ERROR 1

#endif
