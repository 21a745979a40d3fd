// palmetto start-single-node: one server on one directory.
#include "base/util.h"
#include "cli/launch_int.h"
#include "cli/verb_int.h"
#include "sql/session/session.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct launch_options options = {
    .listen.port = -1,
    .http.port = -1,
    .advertise.port = -1,
    .store.path = "palmetto-data",
};
static bool background, log_to_stderr;
static const char *log_dir;

static int apply_log_to_stderr(void *target, const char *value, struct err *err)
{
    static const char *const levels[] = {"true", "INFO", "WARNING", "ERROR", "FATAL", "NONE", "false"};
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        if (strcmp(value, levels[i]) == 0) {
            log_to_stderr = i < 5;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "must be INFO, WARNING, ERROR, FATAL or NONE");
}

static const struct flag flags[] = {
    {"store", 's', FLAG_KIND_CUSTOM, &options, "<path | type=mem,size=N>",
     "where data is kept: a directory (default palmetto-data) or memory", NULL, launch_apply_store},
    {"listen-addr", 0, FLAG_KIND_CUSTOM, &options, "<host:port>",
     "address for SQL clients (default :26257; port 0: any)", NULL, launch_apply_listen},
    {"sql-addr", 0, FLAG_KIND_CUSTOM, &options, "<host:port>", "the same as --listen-addr", NULL, launch_apply_listen},
    {"http-addr", 0, FLAG_KIND_CUSTOM, &options, "<host:port>", "address of the console (default :8080; port 0: any)",
     NULL, launch_apply_http},
    {"advertise-addr", 0, FLAG_KIND_CUSTOM, &options, "<host>", "name under which clients reach the server", NULL,
     launch_apply_advertise},
    {"certs-dir", 0, FLAG_KIND_STRING, &options.certs_dir, "<path>",
     "directory of certificates, created when missing (default ~/.palmetto-certs)", "CERTS_DIR"},
    {"insecure", 0, FLAG_KIND_BOOL, &options.insecure, NULL, "no TLS and no passwords: for tests only", "INSECURE"},
    {"listening-url-file", 0, FLAG_KIND_STRING, &options.listening_url_file, "<path>",
     "write the connection URL to a file when ready"},
    {"pid-file", 0, FLAG_KIND_STRING, &options.pid_file, "<path>", "write the process id to a file when ready"},
    {"socket-dir", 0, FLAG_KIND_STRING, &options.socket_dir, "<path>", "also listen on a Unix socket there"},
    {"background", 0, FLAG_KIND_BOOL, &background, NULL,
     "return when the server accepts clients, and leave it running"},
    {"cache", 0, FLAG_KIND_SIZE, &options.cache_bytes, "<size>", "memory for recent data of the store"},
    {"max-sql-memory", 0, FLAG_KIND_SIZE, &options.sql_memory_bytes, "<size>", "memory for all running statements"},
    {"external-io-dir", 0, FLAG_KIND_STRING, &options.external_io_dir, "<path>",
     "directory of nodelocal backups (default extern in the store; disabled: none)"},
    {"cluster-name", 0, FLAG_KIND_STRING, &options.cluster_name, "<name>", "name of the cluster"},
    {"log-dir", 0, FLAG_KIND_STRING, &log_dir, "<path>", "directory of the log (default logs in the store)"},
    {"logtostderr", 0, FLAG_KIND_CUSTOM, NULL, NULL, "log to standard error instead of a file", NULL,
     apply_log_to_stderr, true},
};

static void warn_insecure(void)
{
    fputs("*\n* WARNING: ALL SECURITY CONTROLS HAVE BEEN DISABLED!\n*\n"
          "* This mode is intended for non-production testing only.\n*\n* In this mode:\n"
          "* - Your server is open to any client that can reach its address.\n"
          "* - Intruders with access to your machine or network can observe client-server traffic.\n"
          "* - Intruders can log in without password and read or write any data in the server.\n*\n",
          stderr);
}

// --- the log

static int make_dirs(const char *path, struct err *err)
{
    char *copy = str_dup_c(str_of(path));
    int rc = 0;
    for (char *slash = strchr(copy + 1, '/'); rc == 0; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            rc = err_set(err, ERR_IO_ERROR, "mkdir %s: %s", copy, strerror(errno));
        if (slash == NULL)
            break;
        *slash = '/';
    }
    mem_free(copy);
    return rc;
}

static int open_log(struct arena *arena, struct err *err)
{
    if (log_to_stderr || (log_dir == NULL && options.store.memory))
        return 0;
    if (log_dir == NULL)
        log_dir = arena_printf(arena, "%s/logs", options.store.path).ptr;
    TRY(make_dirs(log_dir, err));
    const char *path = arena_printf(arena, "%s/palmetto.log", log_dir).ptr;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set(err, ERR_IO_ERROR, "open %s: %s", path, strerror(errno));
    log_set_fd(fd);
    return 0;
}

// --- the banner

static void label(const char *name, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void label(const char *name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("%-20s ", name);
    vprintf(fmt, ap);
    putchar('\n');
    va_end(ap);
}

static void client_flags(struct arena *arena, struct server *server)
{
    struct server_address sql = server_sql_address(server);
    struct str security =
        options.insecure ? STR("--insecure") : arena_printf(arena, "--certs-dir=%s", options.certs_dir);
    label("RPC client flags:", "palmetto <client cmd> --host=%s:%d %.*s", sql.host, sql.port, STR_FMT(security));
}

static void print_banner(struct arena *arena, struct server *server, int64_t start_ns)
{
    char when[64];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
    struct str url = launch_url(arena, server, "root", NULL, NULL);
    struct str console = launch_console_url(arena, server);
    bool is_new = sql_engine_is_new(server_engine(server));
    printf("Palmetto node starting at %s.%06ld +0000 UTC (took %.2fs)\n", when, now.tv_nsec / 1000,
           (double)(clock_mono_ns() - start_ns) / 1e9);
    label("build:", "Palmetto %s (%s)", PALMETTO_VERSION_TAG, PALMETTO_COMPILER);
    if (console.len > 0)
        label("webui:", "%.*s", STR_FMT(console));
    label("sql:", "%.*s", STR_FMT(url));
    label("sql (JDBC):", "%.*s", STR_FMT(launch_jdbc_url(arena, url)));
    client_flags(arena, server);
    if (server_socket_path(server) != NULL)
        label("socket:", "%s", server_socket_path(server));
    if (log_dir != NULL && !log_to_stderr)
        label("logs:", "%s", log_dir);
    if (options.store.memory)
        label("store[0]:", "type=mem");
    else
        label("store[0]:", "path=%s", options.store.path);
    label("status:", "%s", is_new ? "initialized new cluster" : "restarted pre-existing node");
    label("clusterID:", "%.*s", STR_FMT(sql_engine_cluster_id(server_engine(server))));
    label("nodeID:", "1");
    fflush(stdout);
}

// --- running

static int complete_options(struct arena *arena, struct err *err)
{
    const char *home = getenv("HOME");
    if (options.certs_dir == NULL)
        options.certs_dir = arena_printf(arena, "%s/.palmetto-certs", home != NULL ? home : ".").ptr;
    if (options.cache_bytes < 0 || options.sql_memory_bytes < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "sizes must not be negative");
    if (!options.insecure) { // URLs name the certificates by absolute paths
        TRY(launch_ensure_certificates(&options, err));
        char *absolute = realpath(options.certs_dir, NULL);
        if (absolute != NULL)
            options.certs_dir = absolute;
    }
    return 0;
}

// The parent of --background waits on this pipe for one byte.
static void report_ready(int ready_fd)
{
    if (ready_fd < 0)
        return;
    int null_fd = open("/dev/null", O_RDWR);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && null_fd >= 0; fd++)
        dup2(null_fd, fd);
    if (write(ready_fd, "1", 1) != 1)
        log_warning("cannot report to the starting process: %s", strerror(errno));
    close(ready_fd);
}

static int serve(struct arena *arena, int ready_fd, struct err *err)
{
    int64_t start_ns = clock_mono_ns();
    struct server *server;
    if (options.insecure)
        warn_insecure();
    TRY(complete_options(arena, err));
    TRY(open_log(arena, err));
    TRY(launch_start(&options, &server, err));
    int rc = launch_write_files(&options, server, err);
    if (rc == 0) {
        print_banner(arena, server, start_ns);
        report_ready(ready_fd);
        server_wait(server);
        puts("initiating graceful shutdown of server");
        fflush(stdout);
    }
    server_stop(server);
    if (rc == 0)
        puts("server drained and shutdown completed");
    return rc;
}

// Waits until the child is ready or gone; one that failed has said why.
static int await_child(pid_t child, int ready_fd)
{
    char byte;
    ssize_t n;
    do
        n = read(ready_fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    close(ready_fd);
    if (n == 1)
        return 0;
    waitpid(child, NULL, 0);
    _exit(EXIT_STATUS_ERROR);
}

static int run(const struct cli_args *args, struct err *err)
{
    int pipe_fds[2] = {-1, -1};
    if (background) {
        if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
            err_set(err, ERR_SYSTEM_ERROR, "pipe: %s", strerror(errno));
            return EXIT_STATUS_ERROR;
        }
        pid_t child = fork();
        if (child > 0) {
            close(pipe_fds[1]);
            return await_child(child, pipe_fds[0]);
        }
        if (child < 0) {
            err_set(err, ERR_SYSTEM_ERROR, "fork: %s", strerror(errno));
            return EXIT_STATUS_ERROR;
        }
        close(pipe_fds[0]);
        setsid();
    }
    struct arena arena;
    arena_init(&arena, NULL);
    int rc = serve(&arena, pipe_fds[1], err);
    arena_release(&arena);
    return rc == 0 ? 0 : EXIT_STATUS_ERROR;
}

const struct verb verb_start_single_node = {
    .name = "start-single-node",
    .arguments = "",
    .summary = "start a server",
    .description = "Starts a server on one directory. Unless --insecure is given it speaks TLS only; certificates are "
                   "made\nin --certs-dir when that holds none. SIGTERM and SIGINT end it gracefully.",
    .flags = flags,
    .flags_len = ARRAY_LEN(flags),
    .args_max = 0,
    .run = run,
};
