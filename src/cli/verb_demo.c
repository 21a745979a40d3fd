// palmetto demo: a temporary server in memory, with sample data and a shell.
#include "base/util.h"
#include "cli/launch_int.h"
#include "cli/movr_int.h"
#include "cli/shell_int.h"
#include "cli/verb_int.h"
#include "crypto/crypto.h"
#include "crypto/scram.h"
#include "sql/session/session.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEMO_USER "demo"
#define DEMO_PASSWORD_LENGTH 12
#define DEMO_INSECURE_PASSWORD "demodemo" // of the console: everybody is let in by SQL

static struct launch_options options = {
    .listen = {"127.0.0.1", -1},
    .http = {"127.0.0.1", -1},
    .advertise.port = -1,
    .store.memory = true,
    .cache_bytes = 64 << 20,
    .sql_memory_bytes = 128 << 20,
};
static struct shell_config shell;
static struct string_list statements;
static bool empty;
static int64_t sql_port = -1, http_port = -1;

static int apply_format(void *target, const char *value, struct err *err)
{
    enum display_format format;
    if (!display_format_by_name(str_of(value), &format))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid table display format: %s", value);
    shell.format = value;
    return 0;
}

static const struct flag flags[] = {
    {"no-example-database", 0, FLAG_KIND_BOOL, &empty, NULL, "start without the sample data", "NO_EXAMPLE_DATABASE"},
    {"empty", 0, FLAG_KIND_BOOL, &empty, NULL, "the same as --no-example-database"},
    {"execute", 'e', FLAG_KIND_STRINGS, &statements, "<sql>", "run the statements and exit; repeatable"},
    {"format", 0, FLAG_KIND_CUSTOM, NULL, "<format>", "how results are printed, as in palmetto sql", NULL,
     apply_format},
    {"set", 0, FLAG_KIND_STRINGS, &shell.settings, "<name=value>", "set a client-side option, as \\set; repeatable"},
    {"echo-sql", 0, FLAG_KIND_BOOL, &shell.echo, NULL, "print each statement before it is run"},
    {"no-line-editor", 0, FLAG_KIND_BOOL, &shell.no_line_editor, NULL, "read plain lines from the terminal"},
    {"insecure", 0, FLAG_KIND_BOOL, &options.insecure, NULL, "no TLS and no passwords"},
    {"sql-port", 0, FLAG_KIND_INT, &sql_port, "<port>", "port for SQL clients (default 26257, or a free one)"},
    {"http-port", 0, FLAG_KIND_INT, &http_port, "<port>", "port of the console (default 8080, or a free one)"},
    {"listening-url-file", 0, FLAG_KIND_STRING, &options.listening_url_file, "<path>",
     "write the connection URL to a file when ready"},
    {"pid-file", 0, FLAG_KIND_STRING, &options.pid_file, "<path>", "write the process id to a file when ready"},
    {"cache", 0, FLAG_KIND_SIZE, &options.cache_bytes, "<size>", "memory for recent data of the store"},
    {"max-sql-memory", 0, FLAG_KIND_SIZE, &options.sql_memory_bytes, "<size>", "memory for all running statements"},
};

// A running demo.
struct demo {
    struct arena arena;
    struct server *server;
    char password[DEMO_PASSWORD_LENGTH + 1];
    struct str url; // of user demo
    const char *database;
};

// --- starting

static int start_on_free_ports(struct demo *demo, struct err *err)
{
    int rc = launch_start(&options, &demo->server, err);
    if (rc == 0 || (sql_port >= 0 && http_port >= 0) || err->message == NULL || strstr(err->message, "address") == NULL)
        return rc;
    err_reset(err);
    if (sql_port < 0)
        options.listen.port = 0;
    if (http_port < 0)
        options.http.port = 0;
    return launch_start(&options, &demo->server, err);
}

static int make_certificates(char *dir, struct err *err)
{
    if (mkdtemp(dir) == NULL)
        return err_set(err, ERR_IO_ERROR, "mkdtemp %s: %s", dir, strerror(errno));
    options.certs_dir = dir;
    return launch_ensure_certificates(&options, err);
}

static void remove_certificates(const char *dir)
{
    DIR *handle = opendir(dir);
    for (struct dirent *file; handle != NULL && (file = readdir(handle)) != NULL;)
        if (file->d_name[0] != '.')
            unlinkat(dirfd(handle), file->d_name, 0);
    if (handle != NULL)
        closedir(handle);
    rmdir(dir);
}

static int create_user(struct demo *demo, struct err *err)
{
    struct buf text = BUF_INIT;
    if (options.insecure)
        return sql_ensure_user(server_engine(demo->server), STR(DEMO_USER), STR_EMPTY, true, err);
    random_password(&text, DEMO_PASSWORD_LENGTH);
    memcpy(demo->password, text.ptr, DEMO_PASSWORD_LENGTH);
    struct scram_verifier verifier;
    scram_verifier_build(&verifier, buf_view(&text), SCRAM_ITERATIONS_DEFAULT);
    buf_clear(&text);
    scram_verifier_print(&verifier, &text);
    int rc = sql_ensure_user(server_engine(demo->server), STR(DEMO_USER), buf_view(&text), true, err);
    buf_release(&text);
    return rc;
}

// The SQL user's name and password also open the console.
static int create_console_account(struct demo *demo, struct err *err)
{
    struct str password = options.insecure ? STR(DEMO_INSECURE_PASSWORD) : str_of(demo->password);
    return server_add_console_account(demo->server, STR(DEMO_USER), password, err);
}

static int connect_to(struct demo *demo, struct conn_options *conn, struct err *err)
{
    struct str url = launch_url(&demo->arena, demo->server, DEMO_USER, options.insecure ? NULL : demo->password, NULL);
    TRY(conn_options_apply_url(conn, url, err));
    return conn_options_complete(conn, err);
}

static int load_sample(struct demo *demo, struct err *err)
{
    struct conn_options conn = CONN_OPTIONS_INIT(conn, "$ palmetto demo");
    TRY(connect_to(demo, &conn, err));
    PGconn *pg = conn_open(&conn, err);
    int rc = pg == NULL ? err->code : movr_load(pg, err);
    if (pg != NULL)
        PQfinish(pg);
    conn_options_release(&conn);
    return rc;
}

static int demo_start(struct demo *demo, char *certs_dir, struct err *err)
{
    if (sql_port > 65535 || http_port > 65535)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid argument \"%lld\" for \"--%s\" flag: no such port",
                       (long long)MAX(sql_port, http_port), sql_port > 65535 ? "sql-port" : "http-port");
    options.listen.port = (int)sql_port;
    options.http.port = (int)http_port;
    log_set_level(LOG_LEVEL_ERROR);
    if (!options.insecure)
        TRY(make_certificates(certs_dir, err));
    TRY(start_on_free_ports(demo, err));
    TRY(create_user(demo, err));
    TRY(create_console_account(demo, err));
    demo->database = empty ? "defaultdb" : MOVR_DATABASE;
    if (!empty)
        TRY(load_sample(demo, err));
    demo->url =
        launch_url(&demo->arena, demo->server, DEMO_USER, options.insecure ? NULL : demo->password, demo->database);
    if (options.listening_url_file != NULL) {
        struct str line = arena_printf(&demo->arena, "%.*s\n", STR_FMT(demo->url));
        TRY(launch_write_file(options.listening_url_file, line, err));
        options.listening_url_file = NULL;
    }
    return launch_write_files(&options, demo->server, err);
}

// --- the banner

static void print_details(void *arg)
{
    struct demo *demo = arg;
    struct arena *arena = &demo->arena;
    struct str console = launch_console_url(arena, demo->server);
    struct server_address sql = server_sql_address(demo->server);
    struct str security =
        options.insecure ? STR("--insecure") : arena_printf(arena, "--certs-dir=%s", options.certs_dir);
    puts("#   - Connection parameters:");
    if (console.len > 0)
        printf("#     (webui)    %.*s\n", STR_FMT(console));
    printf("#     (cli)      palmetto sql %.*s --host=%s:%d -u " DEMO_USER " -d %s\n", STR_FMT(security), sql.host,
           sql.port, demo->database);
    printf("#     (sql)      %.*s\n", STR_FMT(demo->url));
    printf("#     (sql/jdbc) %.*s\n", STR_FMT(launch_jdbc_url(arena, demo->url)));
    if (!options.insecure) {
        printf("#   - Username: \"" DEMO_USER "\", password: \"%s\", also for the console\n", demo->password);
        printf("#   - Directory with certificate files (for certain SQL drivers/tools): %s\n", options.certs_dir);
    } else {
        puts("#   - Console account: \"" DEMO_USER "\", password: \"" DEMO_INSECURE_PASSWORD "\"");
    }
}

static void print_banner(void *arg)
{
    puts("#\n# Welcome to the Palmetto demo database!\n#\n"
         "# You are connected to a temporary, in-memory Palmetto cluster of 1 node.\n#");
    if (!empty)
        puts("# The cluster has been preloaded with the \"movr\" dataset\n"
             "# (MovR is a fictional vehicle sharing company).\n#");
    puts("# Reminder: your changes to data stored in the demo session will not be saved!\n#\n"
         "# If you wish to access this demo cluster using another tool, you will need\n# the following details:\n#");
    print_details(arg);
    puts("#\n# You can enter \\info to print these details again.\n#");
    fflush(stdout);
}

// --- running

// Nothing can come from standard input: it is closed or the null device.
static bool stdin_is_void(void)
{
    struct stat st;
    if (fstat(STDIN_FILENO, &st) != 0)
        return true;
    return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static int demo_run(struct demo *demo, struct err *err)
{
    struct conn_options conn = CONN_OPTIONS_INIT(conn, "$ palmetto demo");
    if (statements.len == 0 && stdin_is_void()) {
        print_banner(demo);
        server_wait(demo->server);
        return 0;
    }
    if (conn_options_apply_url(&conn, demo->url, err) != 0 || conn_options_complete(&conn, err) != 0)
        return EXIT_STATUS_ERROR;
    shell.conn_options = &conn;
    shell.statements = statements.items;
    shell.statements_len = statements.len;
    shell.banner = print_banner;
    shell.details = print_details;
    shell.banner_arg = demo;
    int status = shell_run(&shell, err);
    conn_options_release(&conn);
    return status;
}

static int run(const struct cli_args *args, struct err *err)
{
    struct demo demo = {0};
    char certs_dir[] = "/tmp/palmetto-demo-XXXXXX";
    if (args->len == 1 && strcmp(args->items[0], MOVR_DATABASE) != 0) {
        err_set(err, ERR_INVALID_PARAMETER_VALUE, "unknown dataset \"%s\": there is \"" MOVR_DATABASE "\"",
                args->items[0]);
        return EXIT_STATUS_ERROR;
    }
    arena_init(&demo.arena, NULL);
    int status = demo_start(&demo, certs_dir, err) == 0 ? demo_run(&demo, err) : EXIT_STATUS_ERROR;
    if (demo.server != NULL)
        server_stop(demo.server);
    if (options.certs_dir != NULL)
        remove_certificates(options.certs_dir);
    arena_release(&demo.arena);
    return status;
}

const struct verb verb_demo = {
    .name = "demo",
    .arguments = "[movr]",
    .summary = "open a shell on a temporary server in memory",
    .description = "Starts a temporary server in memory, with sample data and a user with a generated password, and "
                   "opens a\nSQL shell on it. Without a terminal it runs --execute or standard input; without either "
                   "it prints its\naddress and waits for SIGTERM.",
    .flags = flags,
    .flags_len = ARRAY_LEN(flags),
    .args_max = 1,
    .run = run,
};
