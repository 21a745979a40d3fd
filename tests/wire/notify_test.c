// LISTEN and NOTIFY over sockets, of a real server (PALMETTO_TEST_URL): connections at rest are told, in the order of
// commits, whatever they do meanwhile, and none hears what was rolled back.
#include "unit/check.h"
#include "base/util.h"
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENDERS = 6, MESSAGES = 150, LISTENERS = 12, WAIT_MS = 30000 };

static PGconn *open_conn(void)
{
    PGconn *c = PQconnectdb(getenv("PALMETTO_TEST_URL"));
    CHECK(PQstatus(c) == CONNECTION_OK);
    return c;
}

static void run(PGconn *c, const char *sql)
{
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        printf("  %s: %s", sql, PQerrorMessage(c));
    CHECK(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    PQclear(r);
}

// The next notification without asking the server anything; NULL when none comes.
static PGnotify *await(PGconn *c, int timeout_ms)
{
    for (;;) {
        PGnotify *n = PQnotifies(c);
        if (n != NULL)
            return n;
        struct pollfd fd = {.fd = PQsocket(c), .events = POLLIN};
        if (poll(&fd, 1, timeout_ms) != 1 || PQconsumeInput(c) != 1)
            return NULL;
    }
}

static void expect(PGconn *c, const char *channel, const char *payload, int pid)
{
    PGnotify *n = await(c, WAIT_MS);
    CHECK(n != NULL);
    if (n == NULL)
        return;
    CHECK_STR(str_of(n->relname), channel);
    CHECK_STR(str_of(n->extra), payload);
    CHECK_INT(n->be_pid, pid);
    PQfreemem(n);
}

static void test_at_rest(void)
{
    PGconn *listener = open_conn(), *sender = open_conn();
    int pid = PQbackendPID(sender);
    run(listener, "LISTEN a");
    run(sender, "NOTIFY a, 'one'");
    expect(listener, "a", "one", pid);
    run(sender, "BEGIN; NOTIFY a, 'two'; NOTIFY b; SELECT pg_notify('a', 'three'); COMMIT");
    expect(listener, "a", "two", pid);
    expect(listener, "a", "three", pid);
    run(sender, "BEGIN; NOTIFY a, 'not said'; ROLLBACK; NOTIFY a, 'last'");
    expect(listener, "a", "last", pid);
    run(sender, "LISTEN a; NOTIFY a, 'to myself'"); // before the command ends
    PGnotify *n = PQnotifies(sender);
    CHECK(n != NULL && n->be_pid == pid);
    PQfreemem(n);
    expect(listener, "a", "to myself", pid);
    PQfinish(sender);
    PQfinish(listener);
}

// Nothing comes while a transaction is open, and all at its end.
static void test_in_transaction(void)
{
    PGconn *listener = open_conn(), *sender = open_conn();
    run(listener, "LISTEN a");
    run(listener, "BEGIN");
    run(listener, "SELECT 1");
    run(sender, "NOTIFY a, 'x'");
    CHECK(await(listener, 100) == NULL);
    run(listener, "SELECT 2");
    CHECK(PQnotifies(listener) == NULL);
    run(listener, "COMMIT");
    expect(listener, "a", "x", PQbackendPID(sender));
    PQfinish(sender);
    PQfinish(listener);
}

// ---- many at once

struct sender {
    int number;
    pthread_t thread;
};

// Every transaction says its place in the order of commits, which a row that all change gives.
static void *send_all(void *arg)
{
    const struct sender *me = arg;
    PGconn *c = open_conn();
    for (int i = 0; i < MESSAGES; i++) {
        char sql[300];
        snprintf(sql, sizeof(sql),
                 "WITH u AS (UPDATE orders SET n = n + 1 RETURNING n) SELECT pg_notify('orders', n::STRING), "
                 "pg_notify('from', '%d ' || n::STRING) FROM u",
                 me->number);
        run(c, sql);
    }
    PQfinish(c);
    return NULL;
}

struct listener {
    pthread_t thread;
    PGconn *conn;
    bool restless; // asks things meanwhile, in transactions
    int heard, misplaced;
};

static void *listen_to_all(void *arg)
{
    struct listener *l = arg;
    while (l->heard < SENDERS * MESSAGES) {
        PGnotify *n = l->restless ? PQnotifies(l->conn) : await(l->conn, WAIT_MS);
        if (n == NULL && !l->restless)
            break;
        if (n == NULL) {
            run(l->conn, "BEGIN; SELECT 1; COMMIT");
            continue;
        }
        l->heard++;
        l->misplaced += atoi(n->extra) != l->heard;
        PQfreemem(n);
    }
    return NULL;
}

static void test_order(void)
{
    struct sender senders[SENDERS];
    struct listener listeners[LISTENERS] = {0};
    PGconn *c = open_conn();
    run(c, "CREATE TABLE orders (n INT); INSERT INTO orders VALUES (0)");
    for (int i = 0; i < LISTENERS; i++) {
        listeners[i].restless = i % 3 == 0;
        listeners[i].conn = open_conn();
        run(listeners[i].conn, "LISTEN orders");
        CHECK_INT(pthread_create(&listeners[i].thread, NULL, listen_to_all, &listeners[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        senders[i].number = i;
        CHECK_INT(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    for (int i = 0; i < LISTENERS; i++) {
        pthread_join(listeners[i].thread, NULL);
        CHECK_INT(listeners[i].heard, SENDERS * MESSAGES);
        CHECK_INT(listeners[i].misplaced, 0);
        PQfinish(listeners[i].conn);
    }
    run(c, "DROP TABLE orders");
    PQfinish(c);
}

// ---- connections that come and go, with and without a word

static atomic_bool stop;

static void *come_and_go(void *arg)
{
    while (!atomic_load(&stop)) {
        PGconn *c = open_conn();
        run(c, "LISTEN noise");
        PQfreemem(await(c, WAIT_MS));
        if (rand() % 2)
            shutdown(PQsocket(c), SHUT_RDWR);
        PQfinish(c);
    }
    return NULL;
}

static void test_come_and_go(void)
{
    pthread_t threads[4];
    PGconn *c = open_conn();
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        CHECK_INT(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (int i = 0; i < 400; i++)
        run(c, "NOTIFY noise");
    atomic_store(&stop, true);
    for (int i = 0; i < 100; i++) { // the last ones may have begun to listen late
        run(c, "NOTIFY noise");
        usleep(2000);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    PQfinish(c);
}

// ---- one that does not read: what it is owed waits, and nobody else waits for it

static void test_slow_reader(void)
{
    PGconn *slow = open_conn(), *quick = open_conn(), *sender = open_conn();
    run(slow, "LISTEN bulk");
    run(quick, "LISTEN bulk");
    for (int i = 0; i < 100; i++) {
        run(sender, "SELECT count(pg_notify('bulk', repeat('x', 7000) || i::STRING)) FROM generate_series(1, 40) g(i)");
        for (int k = 0; k < 40; k++) {
            PGnotify *n = await(quick, WAIT_MS);
            CHECK(n != NULL && strlen(n->extra) >= 7001);
            PQfreemem(n);
        }
    }
    for (int i = 0; i < 100 * 40; i++) {
        PGnotify *n = await(slow, WAIT_MS);
        CHECK(n != NULL && atoi(n->extra + 7000) == i % 40 + 1);
        PQfreemem(n);
    }
    run(slow, "UNLISTEN *");
    PQfinish(slow);
    PQfinish(quick);
    PQfinish(sender);
}

CHECK_MAIN({"at_rest", test_at_rest}, {"in_transaction", test_in_transaction}, {"order", test_order},
           {"come_and_go", test_come_and_go}, {"slow_reader", test_slow_reader}, )
