// Command-line flags from a table: `--name=value`, `--name value`, `-nvalue`, `-n value`, and environment variables.
// Every flag may appear anywhere among the positional arguments; `--` ends the flags.
#ifndef CLI_FLAGS_INT_H
#define CLI_FLAGS_INT_H

#include "base/base.h"
#include "base/str.h"

struct err;

enum flag_kind {
    FLAG_KIND_BOOL,     // bool *
    FLAG_KIND_STRING,   // const char **
    FLAG_KIND_STRINGS,  // struct string_list *, repeatable
    FLAG_KIND_INT,      // int64_t *
    FLAG_KIND_DURATION, // int64_t *, nanoseconds; written "1m30s", "500ms"
    FLAG_KIND_SIZE,     // int64_t *, bytes; written "128MiB", "1GB", "25%" of physical memory
    FLAG_KIND_CUSTOM,   // parsed by `apply`
};

struct string_list {
    const char **items; // malloc'd
    size_t len;
};

struct flag {
    const char *name;
    char short_name; // 0: none
    enum flag_kind kind;
    void *target;
    const char *value_name; // "<path>"; NULL for booleans
    const char *help;
    const char *env; // the variable is PALMETTO_<env>, or COCKROACH_<env> when that one is not set; NULL: none
    // FLAG_KIND_CUSTOM: applies one occurrence, in command-line order. Fails with a short reason.
    int (*apply)(void *target, const char *value, struct err *err);
    bool optional_value; // FLAG_KIND_CUSTOM: `--name` alone means `--name=true`
};

struct cli_args {
    const char **items; // positional arguments, borrowed from argv
    size_t len;
};

// Applies the environment, then argv[0..argc). Fails with a message naming the flag.
// `help_wanted` is set when --help or -h was among them.
int flags_parse(const struct flag *flags, size_t flags_len, int argc, char **argv, struct cli_args *args,
                bool *help_wanted, struct err *err) MUST_CHECK;
void flags_print_help(const struct flag *flags, size_t flags_len);
// The value of PALMETTO_<name>, else COCKROACH_<name>, else NULL.
const char *cli_getenv(const char *name);

bool duration_parse(struct str text, int64_t *out_ns);
bool size_parse(struct str text, int64_t *out_bytes);
void string_list_push(struct string_list *list, const char *item);

#endif
