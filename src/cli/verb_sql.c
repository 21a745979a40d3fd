// palmetto sql: the SQL shell.
#include "cli/shell_int.h"
#include "cli/verb_int.h"

static struct conn_options conn = CONN_OPTIONS_INIT(conn, "$ palmetto sql");
static struct shell_config config;
static struct string_list statements;

static int apply_safe_updates(void *target, const char *value, struct err *err)
{
    config.safe_updates_set = true;
    config.safe_updates = strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
    return 0;
}

static int apply_format(void *target, const char *value, struct err *err)
{
    enum display_format format;
    if (!display_format_by_name(str_of(value), &format))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid table display format: %s", value);
    config.format = value;
    return 0;
}

static const struct flag flags[] = {
    CONN_FLAGS(conn),
    {"execute", 'e', FLAG_KIND_STRINGS, &statements, "<sql>", "run the statements and exit; repeatable"},
    {"file", 'f', FLAG_KIND_STRING, &config.file, "<path>", "run the statements of a file and exit"},
    {"format", 0, FLAG_KIND_CUSTOM, NULL, "<format>",
     "table, tsv, csv, records, ndjson, json, sql, html, unnumbered-html or raw", NULL, apply_format},
    {"set", 0, FLAG_KIND_STRINGS, &config.settings, "<name=value>", "set a client-side option, as \\set; repeatable"},
    {"watch", 0, FLAG_KIND_DURATION, &config.watch_ns, "<duration>", "repeat the statements of --execute"},
    {"echo-sql", 0, FLAG_KIND_BOOL, &config.echo, NULL, "print each statement before it is run"},
    {"safe-updates", 0, FLAG_KIND_CUSTOM, NULL, NULL, "refuse UPDATE and DELETE without WHERE", NULL,
     apply_safe_updates, true},
    {"read-only", 0, FLAG_KIND_BOOL, &config.read_only, NULL, "start with read-only transactions"},
    {"no-line-editor", 0, FLAG_KIND_BOOL, &config.no_line_editor, NULL, "read plain lines from the terminal"},
};

static int run(const struct cli_args *args, struct err *err)
{
    config.conn_options = &conn;
    config.statements = statements.items;
    config.statements_len = statements.len;
    if (config.file != NULL && strcmp(config.file, "-") == 0)
        config.file = NULL;
    if (statements.len > 0 && config.file != NULL) {
        err_set(err, ERR_SYNTAX_ERROR, "cannot specify both an input file and discrete statements");
        return EXIT_STATUS_ERROR;
    }
    if (config.watch_ns > 0 && statements.len == 0) {
        err_set(err, ERR_SYNTAX_ERROR, "--watch can only be used in combination with --execute");
        return EXIT_STATUS_ERROR;
    }
    if (conn_options_complete(&conn, err) != 0)
        return EXIT_STATUS_ERROR;
    int status = shell_run(&config, err);
    conn_options_release(&conn);
    return status;
}

const struct verb verb_sql = {
    .name = "sql",
    .arguments = "",
    .summary = "open a SQL shell",
    .description = "Opens a SQL shell against a running server: interactive on a terminal, else it runs the statements "
                   "of\n--execute, --file or standard input.",
    .flags = flags,
    .flags_len = ARRAY_LEN(flags),
    .args_max = 0,
    .run = run,
};
