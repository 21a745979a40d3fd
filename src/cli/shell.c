#include "cli/shell_int.h"
#include "cli/verb_int.h"
#include "base/util.h"
#include <errno.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

PGresult *shell_query(struct shell *sh, const char *sql)
{
    PGresult *result = PQexec(sh->conn, sql);
    if (PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK)
        return result;
    PQclear(result);
    return NULL;
}

static void ignore_notice(void *arg, const PGresult *result)
{
}

// Asks for a password on the terminal when the server wants one that the URL does not have.
static PGconn *open_with_password(struct shell *sh, struct err *err)
{
    struct url *url = &sh->conn_options->url;
    PGconn *conn = conn_open(sh->conn_options, err);
    bool wanted = conn == NULL && url->password.len == 0 && err->message != NULL &&
                  strstr(err->message, "no password supplied") != NULL;
    char *password = wanted && isatty(STDIN_FILENO) ? getpass("Enter password: ") : NULL;
    if (password == NULL)
        return conn;
    err_reset(err);
    url->password = arena_str(url->arena, str_of(password));
    return conn_open(sh->conn_options, err);
}

int shell_connect(struct shell *sh, struct err *err)
{
    PGconn *conn = open_with_password(sh, err);
    if (conn == NULL)
        return err->code;
    if (sh->conn != NULL)
        PQfinish(sh->conn);
    sh->conn = conn;
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    PGresult *version = shell_query(sh, "SELECT version()");
    sh->cockroach = version != NULL && PQntuples(version) == 1 &&
                    (strstr(PQgetvalue(version, 0, 0), "CockroachDB") || strstr(PQgetvalue(version, 0, 0), "Palmetto"));
    PQclear(version);
    if (sh->cockroach) {
        PGresult *probe = shell_query(sh, "SHOW LAST QUERY STATISTICS RETURNING x");
        sh->statistics = probe != NULL;
        PQclear(probe);
    }
    PQsetNoticeReceiver(conn, shell_notice, sh);
    return 0;
}

// --- prompts

static const char *transaction_mark(struct shell *sh)
{
    switch (PQtransactionStatus(sh->conn)) {
    case PQTRANS_IDLE:
        return "";
    case PQTRANS_INERROR:
        return " ERROR";
    case PQTRANS_INTRANS:
        break;
    default:
        return " ?";
    }
    PGresult *result = sh->cockroach ? shell_query(sh, "SHOW TRANSACTION STATUS") : NULL;
    bool done = result != NULL && PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "CommitWait") == 0;
    PQclear(result);
    return done ? "  DONE" : "  OPEN";
}

static void append_database(struct shell *sh, struct buf *b)
{
    if (PQtransactionStatus(sh->conn) == PQTRANS_INERROR) {
        buf_putc(b, '?');
        return;
    }
    PGresult *result = sh->cockroach ? shell_query(sh, "SHOW DATABASE") : NULL;
    buf_cstr(b, result != NULL && PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : PQdb(sh->conn));
    PQclear(result);
}

// The name after --cluster= in the connection's options, with a slash.
static void append_cluster(struct shell *sh, struct buf *b)
{
    struct str options = url_param(&sh->conn_options->url, "options");
    ptrdiff_t at = options.ptr == NULL ? -1 : str_find(options, STR("--cluster="), 0);
    if (at < 0)
        return;
    size_t i = (size_t)at + strlen("--cluster=");
    while (i < options.len && options.ptr[i] != ' ')
        buf_putc(b, options.ptr[i++]);
    buf_putc(b, '/');
}

static void append_host(struct shell *sh, struct buf *b, bool full)
{
    const char *host = PQhost(sh->conn);
    size_t len = full || host[0] == '/' ? strlen(host) : strcspn(host, ".");
    buf_append(b, host, len);
}

static void append_escape(struct shell *sh, struct buf *b, char c)
{
    switch (c) {
    case 'M':
    case 'm':
        append_host(sh, b, c == 'M');
        break;
    case '>':
        buf_cstr(b, PQport(sh->conn));
        break;
    case 'n':
        buf_cstr(b, PQuser(sh->conn));
        break;
    case '/':
        append_database(sh, b);
        break;
    case 'x':
        buf_cstr(b, transaction_mark(sh));
        break;
    case 'C':
        append_cluster(sh, b);
        break;
    case '%':
        buf_putc(b, '%');
        break;
    default:
        buf_printf(b, "%%%c", c);
    }
}

// The default prompt reads user@host:port/[cluster/]database[mark]>.
static void build_prompt(struct shell *sh, struct buf *first, struct buf *continuation)
{
    buf_clear(first);
    buf_clear(continuation);
    if (PQstatus(sh->conn) != CONNECTION_OK) {
        buf_cstr(first, "?> ");
    } else {
        const char *pattern = sh->options.prompt1;
        for (const char *c = pattern; *c != '\0'; c++) {
            if (*c == '%' && c[1] != '\0')
                append_escape(sh, first, *++c);
            else
                buf_putc(first, *c);
        }
    }
    size_t width = (size_t)display_width(buf_view(first));
    buf_fill(continuation, ' ', width > 3 ? width - 3 : 0);
    buf_cstr(continuation, "-> ");
}

// --- the read loop

static void reset_pending(struct shell *sh)
{
    buf_clear(&sh->pending);
    sql_scanner_reset(&sh->scanner);
}

static void reconnect_if_lost(struct shell *sh)
{
    if (PQstatus(sh->conn) == CONNECTION_OK || !sh->interactive)
        return;
    struct err err = ERR_INIT;
    fputs("warning: connection lost, reconnecting\n", stderr);
    if (shell_connect(sh, &err) != 0)
        fprintf(stderr, "ERROR: %s\n", err.message);
    err_reset(&err);
}

static void execute_pending(struct shell *sh)
{
    int statements = sh->scanner.statements + sh->scanner.in_statement;
    input_remember(sh, buf_view(&sh->pending));
    if (statements > 0) {
        // The text leaves `pending` first: COPY reads lines while the statement runs.
        struct buf text = sh->pending;
        sh->pending = BUF_INIT;
        reset_pending(sh);
        shell_execute(sh, str_trim(buf_view(&text)), statements);
        buf_release(&text);
        reconnect_if_lost(sh);
    }
    reset_pending(sh);
}

static void handle_line(struct shell *sh, struct str line)
{
    bool fresh = sh->pending.len == 0 || sql_scanner_empty(&sh->scanner);
    struct str trimmed = str_trim(line);
    bool meta = trimmed.len > 0 && trimmed.ptr[0] == '\\' && sh->scanner.state == SCAN_STATE_NORMAL;
    if (meta || (fresh && shell_is_word_command(trimmed))) {
        if (fresh)
            input_remember(sh, line);
        shell_meta(sh, trimmed);
        return;
    }
    if (fresh && trimmed.len == 0)
        return;
    if (sh->pending.len > 0) {
        buf_putc(&sh->pending, '\n');
        sql_scan(&sh->scanner, STR("\n"));
    }
    buf_str(&sh->pending, line);
    sql_scan(&sh->scanner, line);
    if (sh->scanner.complete && sh->scanner.state == SCAN_STATE_NORMAL)
        execute_pending(sh);
}

static bool stopped(const struct shell *sh)
{
    return sh->quit || (sh->failed && sh->options.errexit);
}

void shell_run_input(struct shell *sh, struct input *input)
{
    struct buf line = BUF_INIT, first = BUF_INIT, continuation = BUF_INIT;
    bool interrupted = false, terminal = input->kind == INPUT_KIND_TERMINAL;
    input->below = sh->input;
    sh->input = input;
    while (!stopped(sh)) {
        if (terminal && sh->pending.len == 0)
            build_prompt(sh, &first, &continuation);
        const char *prompt = buf_c(sh->pending.len == 0 ? &first : &continuation);
        if (!input_line(sh, prompt, &line, &interrupted))
            break;
        if (interrupted) {
            if (sh->pending.len == 0)
                fputs("Use \\q or terminate input to exit.\n", stdout);
            reset_pending(sh);
            continue;
        }
        if (terminal)
            sh->failed = false;
        handle_line(sh, buf_view(&line));
    }
    if (!stopped(sh) && !terminal) // the last statement needs no semicolon
        execute_pending(sh);
    else if (terminal && !sh->quit)
        putchar('\n');
    sh->input = input->below;
    buf_release(&line);
    buf_release(&first);
    buf_release(&continuation);
}

// --- the session

static void print_welcome(struct shell *sh)
{
    puts("#\n# Welcome to the Palmetto SQL shell.\n# All statements must be terminated by a semicolon.\n"
         "# To exit, type: \\q.\n#");
}

static void print_server(struct shell *sh)
{
    PGresult *version = shell_query(sh, "SELECT version()");
    printf("# Client version: Palmetto %s\n", PALMETTO_VERSION_TAG);
    if (version != NULL && PQntuples(version) == 1)
        printf("# Server version: %s\n", PQgetvalue(version, 0, 0));
    PQclear(version);
    PGresult *info = sh->cockroach ? shell_query(sh, "SELECT field, value FROM crdb_internal.node_build_info") : NULL;
    for (int i = 0; info != NULL && i < PQntuples(info); i++) {
        const char *field = PQgetvalue(info, i, 0), *value = PQgetvalue(info, i, 1);
        if (strcmp(field, "ClusterID") == 0)
            printf("# Cluster ID: %s\n", value);
        else if (strcmp(field, "Organization") == 0 && value[0] != '\0')
            printf("# Organization: %s\n", value);
    }
    PQclear(info);
    puts("#\n# Enter \\? for a brief introduction.\n#");
}

static void session_settings(struct shell *sh, const struct shell_config *config)
{
    bool safe = config->safe_updates_set ? config->safe_updates : sh->interactive;
    if (safe && sh->cockroach)
        PQclear(shell_query(sh, "SET sql_safe_updates = true"));
    if (config->read_only)
        PQclear(shell_query(sh, "SET default_transaction_read_only = true"));
}

static int initial_options(struct shell *sh, const struct shell_config *config, struct err *err)
{
    sh->options.errexit = !sh->interactive;
    sh->options.show_times = sh->terminal_output;
    sh->options.echo = config->echo;
    sh->options.display_format = sh->terminal_output ? DISPLAY_FORMAT_TABLE : DISPLAY_FORMAT_TSV;
    if (config->format != NULL)
        TRY(shell_option_set(&sh->options, STR("display_format"), str_of(config->format), err));
    for (size_t i = 0; i < config->settings.len; i++) {
        struct str setting = str_of(config->settings.items[i]);
        ptrdiff_t equals = str_find(setting, STR("="), 0);
        struct str name = equals < 0 ? setting : str_slice(setting, 0, (size_t)equals);
        struct str value = equals < 0 ? STR_NONE : str_slice(setting, (size_t)equals + 1, setting.len);
        TRY(shell_option_set(&sh->options, name, value, err));
    }
    return 0;
}

static void run_statements(struct shell *sh, const struct shell_config *config)
{
    do {
        for (size_t i = 0; i < config->statements_len && !stopped(sh); i++) {
            struct input input = {.kind = INPUT_KIND_TEXT, .text = str_of(config->statements[i])};
            shell_run_input(sh, &input);
        }
        if (config->watch_ns > 0 && !sh->failed) {
            struct timespec pause = {config->watch_ns / 1000000000, config->watch_ns % 1000000000};
            nanosleep(&pause, NULL);
        }
    } while (config->watch_ns > 0 && !sh->failed);
}

static int run_inputs(struct shell *sh, const struct shell_config *config, FILE *file)
{
    if (sh->interactive) {
        if (config->banner != NULL)
            config->banner(config->banner_arg);
        else
            print_welcome(sh);
        print_server(sh);
    }
    session_settings(sh, config);
    if (config->statements_len > 0) {
        // COPY … FROM STDIN on the command line reads standard input.
        struct input below = {.kind = INPUT_KIND_FILE, .file = stdin};
        sh->input = &below;
        run_statements(sh, config);
        sh->input = NULL;
    } else {
        struct input input = {.kind = sh->interactive ? INPUT_KIND_TERMINAL : INPUT_KIND_FILE, .file = file};
        shell_run_input(sh, &input);
    }
    return sh->failed && !sh->interactive ? EXIT_STATUS_ERROR : 0;
}

static int shell_start(struct shell *sh, const struct shell_config *config, struct err *err)
{
    FILE *file = stdin;
    if (config->file != NULL && (file = fopen(config->file, "r")) == NULL) {
        err_set(err, ERR_UNDEFINED_FILE, "open %s: %s", config->file, strerror(errno));
        return EXIT_STATUS_ERROR;
    }
    int status = EXIT_STATUS_ERROR;
    if (initial_options(sh, config, err) == 0 && shell_connect(sh, err) == 0) {
        input_setup(sh);
        status = run_inputs(sh, config, file);
        input_finish(sh);
    }
    if (file != stdin)
        fclose(file);
    return status;
}

int shell_run(const struct shell_config *config, struct err *err)
{
    struct shell sh = {.config = config,
                       .conn_options = config->conn_options,
                       .out = stdout,
                       .no_line_editor = config->no_line_editor};
    sh.interactive = config->statements_len == 0 && config->file == NULL && isatty(STDIN_FILENO);
    sh.terminal_output = isatty(STDOUT_FILENO);
    arena_init(&sh.result, NULL);
    shell_options_init(&sh.options);
    sql_scanner_reset(&sh.scanner);
    int status = shell_start(&sh, config, err);
    if (sh.conn != NULL)
        PQfinish(sh.conn);
    if (sh.out != stdout)
        fclose(sh.out);
    shell_options_release(&sh.options);
    buf_release(&sh.pending);
    arena_release(&sh.result);
    return status;
}
