// libpalmetto-client against a server: `client_server_test` with the server's URL in PALMETTO_TEST_URL. Without it
// every test is skipped.
#include "palmetto_client.h"
#include "unit/check.h"
#include <stdlib.h>
#include <string.h>

static const char *url;

struct step {
    PGconn *conn;
    int calls;
    const char *sql; // run by every attempt
};

static PGconn *open_connection(void)
{
    PGconn *conn = PQconnectdb(url);
    if (PQstatus(conn) != CONNECTION_OK) {
        printf("%s", PQerrorMessage(conn));
        exit(1);
    }
    return conn;
}

static void execute(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        check_failures++;
        printf("  %s: %s", sql, PQerrorMessage(conn));
    }
    PQclear(result);
}

static long long read_number(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    long long number = PQntuples(result) == 1 ? atoll(PQgetvalue(result, 0, 0)) : -1;
    PQclear(result);
    return number;
}

static PGconn *prepare(void)
{
    PGconn *conn = open_connection();
    execute(conn, "DROP TABLE IF EXISTS client_test");
    execute(conn, "CREATE TABLE client_test (id INT8 PRIMARY KEY, n INT8)");
    execute(conn, "INSERT INTO client_test VALUES (1, 0)");
    return conn;
}

static void finish(PGconn *conn)
{
    CHECK_INT(PQtransactionStatus(conn), PQTRANS_IDLE);
    execute(conn, "DROP TABLE client_test");
    PQfinish(conn);
}

static int run_step(struct palmetto_txn *txn, void *arg)
{
    struct step *step = arg;
    step->calls++;
    PGresult *result = palmetto_txn_exec(txn, step->sql, 0, NULL);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static void commits(void)
{
    PGconn *conn = prepare();
    struct step step = {.sql = "UPDATE client_test SET n = n + 1 WHERE id = 1"};
    struct palmetto_txn_result result;
    CHECK_INT(palmetto_run_transaction(conn, NULL, run_step, &step, &result), PALMETTO_TXN_COMMITTED);
    CHECK_INT(result.attempts, 1);
    CHECK_INT(read_number(conn, "SELECT n FROM client_test"), 1);
    finish(conn);
}

static void fails_without_effect(void)
{
    PGconn *conn = prepare();
    struct step step = {.sql = "INSERT INTO client_test VALUES (2, 0), (1, 0)"};
    struct palmetto_txn_result result;
    CHECK_INT(palmetto_run_transaction(conn, NULL, run_step, &step, &result), PALMETTO_TXN_FAILED);
    CHECK_STR(str_of(result.sqlstate), "23505");
    CHECK_INT(result.attempts, 1);
    CHECK_INT(read_number(conn, "SELECT count(*) FROM client_test"), 1);
    finish(conn);
}

// Another connection changes the row between this transaction's read and its write.
static int read_then_write(struct palmetto_txn *txn, void *arg)
{
    struct step *step = arg;
    PGresult *result = palmetto_txn_exec(txn, "SELECT n FROM client_test WHERE id = 1", 0, NULL);
    if (result == NULL)
        return -1;
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE client_test SET n = %lld WHERE id = 1", atoll(PQgetvalue(result, 0, 0)) + 1);
    PQclear(result);
    if (step->calls++ == 0)
        execute(step->conn, "UPDATE client_test SET n = n + 10 WHERE id = 1");
    result = palmetto_txn_exec(txn, sql, 0, NULL);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static void retries_after_a_conflict(void)
{
    PGconn *conn = prepare(), *other = open_connection();
    struct step step = {.conn = other};
    struct palmetto_txn_options options = {.begin = "BEGIN ISOLATION LEVEL SERIALIZABLE"};
    struct palmetto_txn_result result;
    CHECK_INT(palmetto_run_transaction(conn, &options, read_then_write, &step, &result), PALMETTO_TXN_COMMITTED);
    CHECK(result.attempts > 1);
    CHECK_INT(read_number(conn, "SELECT n FROM client_test"), 11);
    PQfinish(other);
    finish(conn);
}

static void retries_injected_errors(void)
{
    PGconn *conn = prepare();
    struct step step = {.sql = "UPDATE client_test SET n = n + 1 WHERE id = 1"};
    struct palmetto_txn_result result;
    if (PQparameterStatus(conn, "crdb_version") != NULL) {
        execute(conn, "SET inject_retry_errors_enabled = true");
        CHECK_INT(palmetto_run_transaction(conn, NULL, run_step, &step, &result), PALMETTO_TXN_COMMITTED);
        CHECK(result.attempts > 1);
        execute(conn, "SET inject_retry_errors_enabled = false");
        CHECK_INT(read_number(conn, "SELECT n FROM client_test"), 1);
    }
    finish(conn);
}

static int lose_connection(struct palmetto_txn *txn, void *arg)
{
    struct step *step = arg;
    char sql[64];
    step->calls++;
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d)", PQbackendPID(palmetto_txn_conn(txn)));
    PGresult *result = PQexec(step->conn, sql);
    bool ended = PQresultStatus(result) == PGRES_TUPLES_OK && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return ended ? 0 : -1; // the commit finds the connection lost
}

static void reports_an_ambiguous_commit(void)
{
    PGconn *conn = prepare(), *other = open_connection();
    struct step step = {.conn = other};
    struct palmetto_txn_result result;
    if (PQparameterStatus(conn, "crdb_version") == NULL) { // PostgreSQL can end other sessions
        CHECK_INT(palmetto_run_transaction(conn, NULL, lose_connection, &step, &result), PALMETTO_TXN_AMBIGUOUS);
        CHECK_INT(step.calls, 1);
        PQfinish(conn);
        finish(other);
        return;
    }
    PQfinish(other);
    finish(conn);
}

// A session that is idle in a transaction for too long is ended by the server, which frees its locks.
static void ends_idle_transactions(void)
{
    PGconn *conn = prepare(), *other = open_connection();
    execute(conn, "SET idle_in_transaction_session_timeout = '1ms'");
    PQclear(PQexec(conn, "BEGIN; UPDATE client_test SET n = n + 1 WHERE id = 1"));
    execute(other, "UPDATE client_test SET n = n + 10 WHERE id = 1"); // waits for it
    CHECK_INT(read_number(other, "SELECT n FROM client_test"), 10);
    PGresult *result = PQexec(conn, "SELECT 1");
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    CHECK(state == NULL || strcmp(state, "25P03") == 0); // NULL: the connection was found lost first
    CHECK_INT(PQstatus(conn), CONNECTION_BAD);
    PQclear(result);
    PQfinish(conn);
    finish(other);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {{"commits", commits},
                                              {"fails_without_effect", fails_without_effect},
                                              {"retries_after_a_conflict", retries_after_a_conflict},
                                              {"retries_injected_errors", retries_injected_errors},
                                              {"reports_an_ambiguous_commit", reports_an_ambiguous_commit},
                                              {"ends_idle_transactions", ends_idle_transactions}};
    url = getenv("PALMETTO_TEST_URL");
    if (url == NULL) {
        printf("0 passed, 0 failed, %zu skipped\n", ARRAY_LEN(tests));
        return 0;
    }
    return check_main(tests, ARRAY_LEN(tests), argc, argv);
}
