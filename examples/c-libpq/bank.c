#include "bank.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

PGconn *bank_connect(void)
{
    const char *url = getenv("DATABASE_URL");
    if (url == NULL)
        die("DATABASE_URL", "set it to the connection URL of the server");
    PGconn *conn = PQconnectdb(url);
    if (PQstatus(conn) != CONNECTION_OK)
        die("connect", PQerrorMessage(conn));
    return conn;
}

// A random (version 4) UUID.
void account_id_make(char id[ACCOUNT_ID_SIZE])
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != sizeof b)
        die("getrandom", "no random bytes");
    b[6] = (b[6] & 0x0F) | 0x40;
    b[8] = (b[8] & 0x3F) | 0x80;
    char *out = id;
    for (int i = 0; i < 16; i++)
        out += sprintf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
}

void bank_execute(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        die(sql, PQerrorMessage(conn));
    PQclear(result);
}

int bank_transaction(PGconn *conn, palmetto_txn_callback callback, void *arg)
{
    struct palmetto_txn_result result;
    if (palmetto_run_transaction(conn, NULL, callback, arg, &result) != PALMETTO_TXN_COMMITTED)
        die(palmetto_txn_outcome_name(result.outcome), result.message);
    return result.attempts - 1;
}

int balance_read(struct palmetto_txn *txn, const char *id, long long *balance)
{
    PGresult *result = palmetto_txn_exec(txn, "SELECT balance FROM accounts WHERE id = $1", 1, &id);
    if (result == NULL)
        return -1;
    int found = PQntuples(result) == 1 ? 0 : -1;
    if (found == 0)
        *balance = atoll(PQgetvalue(result, 0, 0));
    PQclear(result);
    return found;
}
