// Serializability over sockets while the server is killed and paused: clients append to lists and read them (lists.h);
// a tormentor kills the server with SIGKILL at random moments and starts it again on the same store and port, or stops
// it with SIGSTOP for a while. A transaction whose COMMIT got no answer may have taken place or not, one whose
// connection broke before has not; what was acknowledged must be there, and no cycle in it all. At the end the checker
// is lied to: a transaction that was rolled back is called committed, which it must notice.
//
//     crash_test PALMETTO [--seconds=N] [--clients=N] [--seed=N]
#include "base/err.h"
#include "isolation/lists.h"
#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, START_TRIES_MAX = 600, POLL_US = 50000 };

static struct {
    const char *palmetto;
    char dir[200], url[300], address[100];
    int seconds, clients;
    uint64_t seed;
    pid_t server;
    _Atomic bool stop, broken;
    _Atomic int started, next_element, committed, aborted, unknown;
    int kills, pauses;
} test = {.seconds = 8, .clients = 16, .seed = 1, .address = "localhost:0"};

// ---- the server

static void start_server(void)
{
    char listen[140], store[260], url_file[260];
    snprintf(listen, sizeof(listen), "--listen-addr=%s", test.address);
    snprintf(store, sizeof(store), "--store=%s/data", test.dir);
    snprintf(url_file, sizeof(url_file), "--listening-url-file=%s/url", test.dir);
    unlink(url_file + strlen("--listening-url-file="));
    test.server = fork();
    if (test.server == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execl(test.palmetto, test.palmetto, "start-single-node", "--insecure", listen, "--http-addr=localhost:0", store,
              url_file, (char *)NULL);
        _exit(127);
    }
}

// Until the server has written its URL; the port is then that of the starts to come.
static bool await_server(void)
{
    char path[260];
    FILE *f = NULL;
    snprintf(path, sizeof(path), "%s/url", test.dir);
    for (int i = 0; i < START_TRIES_MAX && (f = fopen(path, "r")) == NULL; i++) {
        if (waitpid(test.server, NULL, WNOHANG) == test.server)
            return false;
        usleep(POLL_US);
    }
    if (f == NULL)
        return false;
    bool read = fgets(test.url, sizeof(test.url), f) != NULL;
    fclose(f);
    const char *at = strchr(test.url, '@');
    if (!read || at == NULL)
        return false;
    snprintf(test.address, sizeof(test.address), "%.*s", (int)strcspn(at + 1, "/"), at + 1);
    test.url[strcspn(test.url, "\n")] = '\0';
    return true;
}

static void kill_server(void)
{
    kill(test.server, SIGKILL);
    waitpid(test.server, NULL, 0);
}

static void *torment(void *arg)
{
    struct rng rng;
    rng_seed(&rng, test.seed);
    while (!test.stop) {
        usleep((useconds_t)(200000 + rng_below(&rng, 1300000)));
        if (rng_below(&rng, 3) == 0) {
            kill(test.server, SIGSTOP);
            usleep((useconds_t)rng_below(&rng, 400000));
            kill(test.server, SIGCONT);
            test.pauses++;
            continue;
        }
        kill_server();
        test.kills++;
        start_server();
        if (!await_server()) {
            printf("  the server does not start again\n");
            test.broken = test.stop = true;
        }
    }
    return NULL;
}

// ---- clients

struct client {
    struct lists_client lists;
    PGconn *conn;
    pthread_t thread;
};

static void keep_rows(struct client *c, const PGresult *result)
{
    for (int i = 0; i < PQntuples(result); i++) {
        for (int k = 0; k < PQnfields(result); k++) {
            buf_cstr(&c->lists.rows, k > 0 ? "|" : "");
            buf_cstr(&c->lists.rows, PQgetvalue(result, i, k));
        }
        buf_putc(&c->lists.rows, '\n');
    }
    if (strcmp(PQcmdStatus((PGresult *)result), "UPDATE 0") == 0)
        buf_cstr(&c->lists.rows, "none");
}

static bool is_expected(int code)
{
    return code == ERR_SERIALIZATION_FAILURE || code == ERR_UNIQUE_VIOLATION ||
           code == ERR_STATEMENT_COMPLETION_UNKNOWN;
}

static int query(struct lists_client *lists, const char *sql)
{
    struct client *c = CONTAINER_OF(lists, struct client, lists);
    PGresult *result = PQexec(c->conn, sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    int code = state != NULL ? err_code_of(str_of(state)) : 0;
    bool lost = PQstatus(c->conn) != CONNECTION_OK; // or the server said farewell
    if (code == 0 && !lost)
        keep_rows(c, result);
    if (code != 0 && !lost && !is_expected(code) && !atomic_exchange(&test.broken, true))
        printf("  %s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
    return lost ? LISTS_LOST : code;
}

static void on_notice(void *arg, const PGresult *notice)
{
}

static bool connect_again(struct client *c)
{
    for (int i = 0; i < START_TRIES_MAX; i++) {
        PQfinish(c->conn);
        c->conn = PQconnectdb(test.url);
        PQsetNoticeReceiver(c->conn, on_notice, NULL);
        if (PQstatus(c->conn) == CONNECTION_OK)
            return true;
        usleep(POLL_US);
    }
    return false;
}

static void *client_run(void *arg)
{
    struct client *c = arg;
    if (!connect_again(c))
        test.broken = true;
    while (!test.stop && !test.broken) {
        int rc = lists_transaction(&c->lists, test.started++);
        const struct history_txn *t = &c->lists.history.txns.ptr[c->lists.history.txns.len - 1];
        test.committed += t->committed;
        test.unknown += t->unknown;
        test.aborted += !t->committed && !t->unknown;
        if (rc == LISTS_LOST && !connect_again(c))
            test.broken = true;
    }
    return NULL;
}

static void run_clients(struct client *clients)
{
    pthread_t tormentor;
    for (int i = 0; i < test.clients; i++) {
        lists_client_init(&clients[i].lists, query, test.seed * 1000 + (uint64_t)i, &test.next_element);
        if (pthread_create(&clients[i].thread, NULL, client_run, &clients[i]) != 0)
            exit(1);
    }
    if (pthread_create(&tormentor, NULL, torment, NULL) != 0)
        exit(1);
    for (int i = 0; i < test.seconds * 10 && !test.broken; i++)
        usleep(100000);
    test.stop = true;
    pthread_join(tormentor, NULL);
    for (int i = 0; i < test.clients; i++)
        pthread_join(clients[i].thread, NULL);
}

// ---- the history

static void collect(struct history *all, struct arena *a, struct client *clients, struct client *last)
{
    struct history_txn end;
    for (int i = 0; i < test.clients; i++)
        for (size_t k = 0; k < clients[i].lists.history.txns.len; k++)
            ARENA_PUSH(a, &all->txns, clients[i].lists.history.txns.ptr[k]);
    if (!connect_again(last) || lists_read_all(&last->lists, test.started, &end) != 0) {
        printf("  the lists cannot be read\n");
        exit(1);
    }
    ARENA_PUSH(a, &all->txns, end);
}

// Calls a transaction committed that was rolled back after an append.
static void lie(struct history *all)
{
    for (size_t i = 0; i < all->txns.len; i++) {
        struct history_txn *t = &all->txns.ptr[i];
        for (size_t k = 0; k < t->ops.len; k++) {
            if (!t->committed && !t->unknown && t->ops.ptr[k].append) {
                t->committed = true;
                return;
            }
        }
    }
}

static int judge(const char *what, bool ok, struct buf *report)
{
    printf("%s %s\n%s", ok ? "ok  " : "FAIL", what, ok ? "" : buf_c(report));
    buf_clear(report);
    return !ok;
}

static int check(struct client *clients, struct client *last)
{
    struct history all = {0};
    struct arena a;
    struct buf report = BUF_INIT;
    arena_init(&a, NULL);
    collect(&all, &a, clients, last);
    int failed = judge("no error but retries", !test.broken, &report);
    failed += judge("nothing lost, no cycle", history_check(&all, &report) == 0, &report);
    lie(&all);
    failed += judge("a lost transaction is noticed", test.aborted == 0 || history_check(&all, &report) > 0, &report);
    buf_release(&report);
    arena_release(&a);
    return failed;
}

static void read_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seconds=", 10) == 0)
            test.seconds = atoi(argv[i] + 10);
        else if (strncmp(argv[i], "--clients=", 10) == 0)
            test.clients = MIN(atoi(argv[i] + 10), CLIENTS_MAX);
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            test.seed = strtoull(argv[i] + 7, NULL, 10);
        else
            test.palmetto = argv[i];
    }
}

int main(int argc, char **argv)
{
    static struct client clients[CLIENTS_MAX], last;
    const char *tmp = getenv("TMPDIR");
    char command[300];
    read_arguments(argc, argv);
    printf("seed %llu\n", (unsigned long long)test.seed);
    snprintf(test.dir, sizeof(test.dir), "%s/palmetto-crash-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (test.palmetto == NULL || mkdtemp(test.dir) == NULL)
        return 2;
    start_server();
    lists_client_init(&last.lists, query, test.seed, &test.next_element);
    if (!await_server() || !connect_again(&last) || lists_run(&last.lists, LISTS_SETUP) != 0)
        return 2;
    run_clients(clients);
    int failed = check(clients, &last);
    printf("%d transactions: %d committed, %d rolled back or cut off, %d without an answer; %d kills, %d pauses\n",
           test.committed + test.aborted + test.unknown, test.committed, test.aborted, test.unknown, test.kills,
           test.pauses);
    for (int i = 0; i < test.clients; i++) {
        PQfinish(clients[i].conn);
        lists_client_release(&clients[i].lists);
    }
    PQfinish(last.conn);
    lists_client_release(&last.lists);
    kill_server();
    snprintf(command, sizeof(command), "rm -rf '%s'", test.dir);
    if (system(command) != 0)
        printf("cannot remove %s\n", test.dir);
    printf("%d passed, %d failed, 0 skipped\n", 3 - failed, failed);
    return failed > 0;
}
