// Sixteen threads move money between four accounts. No money may appear or vanish, however often the server asks the
// threads to retry.
#include "bank.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 16
#define TRANSFERS 50 // per thread
#define ACCOUNTS 4
#define OPENING_BALANCE 1000

static char ids[ACCOUNTS][ACCOUNT_ID_SIZE];

struct worker {
    pthread_t thread;
    unsigned seed;
    int retries;
    int source, target;
};

static int read_account(struct palmetto_txn *txn, const char *id, long long *balance)
{
    PGresult *result = palmetto_txn_exec(txn, "SELECT balance FROM contended_accounts WHERE id = $1", 1, &id);
    if (result == NULL)
        return -1;
    *balance = PQntuples(result) == 1 ? atoll(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return 0;
}

static int write_account(struct palmetto_txn *txn, const char *id, long long balance)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", balance);
    const char *values[] = {text, id};
    PGresult *result = palmetto_txn_exec(txn, "UPDATE contended_accounts SET balance = $1 WHERE id = $2", 2, values);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

// Reads both balances, then writes what it computed from them: the pattern that loses updates where transactions are
// not serializable.
static int transfer(struct palmetto_txn *txn, void *arg)
{
    struct worker *w = arg;
    long long from, to;
    if (read_account(txn, ids[w->source], &from) != 0 || read_account(txn, ids[w->target], &to) != 0)
        return -1;
    long long amount = from / 2 > 0 ? rand_r(&w->seed) % (from / 2) : 0;
    if (write_account(txn, ids[w->source], from - amount) != 0)
        return -1;
    return write_account(txn, ids[w->target], to + amount);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    PGconn *conn = bank_connect();
    for (int i = 0; i < TRANSFERS; i++) {
        w->source = (int)(rand_r(&w->seed) % ACCOUNTS);
        w->target = (w->source + 1 + (int)(rand_r(&w->seed) % (ACCOUNTS - 1))) % ACCOUNTS;
        w->retries += bank_transaction(conn, transfer, w);
    }
    PQfinish(conn);
    return NULL;
}

static void create_accounts(PGconn *conn)
{
    char sql[256];
    bank_execute(conn, "DROP TABLE IF EXISTS contended_accounts");
    bank_execute(conn, "CREATE TABLE contended_accounts (id UUID PRIMARY KEY, balance INT8)");
    for (int i = 0; i < ACCOUNTS; i++) {
        account_id_make(ids[i]);
        snprintf(sql, sizeof sql, "INSERT INTO contended_accounts VALUES ('%s', %d)", ids[i], OPENING_BALANCE);
        bank_execute(conn, sql);
    }
}

static int sum_accounts(struct palmetto_txn *txn, void *arg)
{
    long long *total = arg, balance;
    *total = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        if (read_account(txn, ids[i], &balance) != 0)
            return -1;
        *total += balance;
    }
    return 0;
}

int main(void)
{
    static struct worker workers[THREADS];
    long long total = 0;
    int retries = 0;
    PGconn *conn = bank_connect();
    create_accounts(conn);
    for (int i = 0; i < THREADS; i++) {
        workers[i].seed = (unsigned)i + 1;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        retries += workers[i].retries;
    }
    bank_transaction(conn, sum_accounts, &total);
    bank_execute(conn, "DROP TABLE contended_accounts");
    PQfinish(conn);
    printf("transfers: %d, retries: %d, total: %lld\n", THREADS * TRANSFERS, retries, total);
    if (total != ACCOUNTS * OPENING_BALANCE) {
        fprintf(stderr, "expected a total of %d\n", ACCOUNTS * OPENING_BALANCE);
        return 1;
    }
    return 0;
}
