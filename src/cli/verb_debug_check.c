// palmetto debug check: is what a store holds consistent?
#include "base/buf.h"
#include "base/err.h"
#include "cli/verb_int.h"
#include "server/server.h"
#include "sql/session/session.h"
#include <stdio.h>

static void print_finding(struct sql_check *check, struct str line)
{
    printf("%.*s\n", STR_FMT(line));
}

static int run(const struct cli_args *args, struct err *err)
{
    struct sql_check check = {.found = print_finding};
    struct buf url = BUF_INIT;
    buf_printf(&url, "local:%s", args->items[0]);
    int rc = server_check_store(buf_c(&url), &check, err);
    buf_release(&url);
    if (rc != 0)
        return EXIT_STATUS_ERROR;
    printf("%llu tables, %llu rows, %llu index entries: ", (unsigned long long)check.tables,
           (unsigned long long)check.rows, (unsigned long long)check.entries);
    if (check.findings == 0)
        puts("consistent");
    else
        printf("%llu inconsistencies\n", (unsigned long long)check.findings);
    return check.findings == 0 ? 0 : EXIT_STATUS_ERROR;
}

const struct verb verb_debug_check = {
    .name = "debug check",
    .arguments = "DIRECTORY",
    .summary = "check the files, rows and indexes of a store",
    .description =
        "Checks a store whose server is not running: the structure of its files and the checksums of its log,\n"
        "names and descriptors, every row against its constraints, every index entry against its row. Prints\n"
        "a line for each inconsistency and leaves the files as they are. The exit status is 0 if there is none.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
