// palmetto convert-url: one connection URL in the forms that different clients want.
#include "cli/url_int.h"
#include "cli/verb_int.h"
#include <stdio.h>

static struct conn_options conn = CONN_OPTIONS_INIT(conn, "");
static const char *format;

static const struct flag flags[] = {
    CONN_FLAGS(conn),
    {"format", 0, FLAG_KIND_STRING, &format, "<format>", "pq, dsn, jdbc or crdb (default: all)"},
};

static const struct {
    const char *name, *title;
    enum url_style style;
} styles[] = {
    {"pq",
     "# Connection URL for libpq (C/C++), psycopg (Python), lib/pq & pgx (Go), node-postgres (JS) and most "
     "pq-compatible drivers:",
     URL_STYLE_PQ},
    {"dsn", "# Connection DSN (Data Source Name) for Postgres drivers that accept DSNs - most drivers and also ODBC:",
     URL_STYLE_DSN},
    {"jdbc", "# Connection URL for JDBC (Java and JVM-based languages):", URL_STYLE_JDBC},
    {"crdb", "# Connection URL for the command-line tools:", URL_STYLE_CRDB},
};

static int run(const struct cli_args *args, struct err *err)
{
    struct arena arena;
    bool known = format == NULL;
    for (size_t i = 0; i < ARRAY_LEN(styles); i++)
        known |= format != NULL && strcmp(format, styles[i].name) == 0;
    if (!known) {
        err_set(err, ERR_INVALID_PARAMETER_VALUE,
                "invalid argument \"%s\" for \"--format\" flag: must be pq, dsn, "
                "jdbc or crdb",
                format);
        return EXIT_STATUS_ERROR;
    }
    if (conn_options_complete(&conn, err) != 0)
        return EXIT_STATUS_ERROR;
    arena_init(&arena, NULL);
    for (size_t i = 0; i < ARRAY_LEN(styles); i++) {
        if (format != NULL && strcmp(format, styles[i].name) != 0)
            continue;
        struct str text = url_format(&arena, &conn.url, styles[i].style);
        if (format == NULL)
            printf("%s\n %.*s\n\n", styles[i].title, STR_FMT(text));
        else
            printf("%.*s\n", STR_FMT(text));
    }
    arena_release(&arena);
    return 0;
}

const struct verb verb_convert_url = {
    .name = "convert-url",
    .arguments = "",
    .summary = "print a connection URL for other clients",
    .description = "Prints the connection URL made of the connection flags in the forms that other clients want.",
    .flags = flags,
    .flags_len = ARRAY_LEN(flags),
    .args_max = 0,
    .run = run,
};
