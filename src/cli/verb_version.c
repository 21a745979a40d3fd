// palmetto version.
#include "cli/verb_int.h"
#include <stdio.h>
#include <sys/utsname.h>

static bool build_tag_only;

static const struct flag flags[] = {
    {"build-tag", 0, FLAG_KIND_BOOL, &build_tag_only, NULL, "print the build tag only"},
};

static int run(const struct cli_args *args, struct err *err)
{
    struct utsname system;
    if (build_tag_only) {
        puts(PALMETTO_VERSION_TAG);
        return 0;
    }
    uname(&system);
    printf("Build Tag:        %s\n", PALMETTO_VERSION_TAG);
    printf("Distribution:     OSS\n");
    printf("Platform:         linux %s\n", system.machine);
    printf("C Compiler:       %s\n", PALMETTO_COMPILER);
    printf("Build Type:       %s\n", PALMETTO_BUILD_TYPE);
    return 0;
}

const struct verb verb_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version of this binary",
    .description = "Prints the version of this binary and how it was built.",
    .flags = flags,
    .flags_len = ARRAY_LEN(flags),
    .args_max = 0,
    .run = run,
};
