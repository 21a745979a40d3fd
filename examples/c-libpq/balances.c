// A bank with two accounts: creates them, moves 100 from one to the other in a transaction that is retried when the
// server asks for it, prints the balances before and after, and removes the rows so that it can be run again.
#include "bank.h"
#include <stdio.h>
#include <time.h>

struct accounts {
    char first[ACCOUNT_ID_SIZE], second[ACCOUNT_ID_SIZE];
};

static int execute(struct palmetto_txn *txn, const char *sql, int parameters, const char *const *values)
{
    PGresult *result = palmetto_txn_exec(txn, sql, parameters, values);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static int create_accounts(struct palmetto_txn *txn, void *arg)
{
    struct accounts *accounts = arg;
    const char *ids[] = {accounts->first, accounts->second};
    return execute(txn, "UPSERT INTO accounts (id, balance) VALUES ($1, 1000), ($2, 250)", 2, ids);
}

static int transfer(struct palmetto_txn *txn, void *arg)
{
    struct accounts *accounts = arg;
    const char *debit[] = {"100", accounts->first}, *credit[] = {"100", accounts->second};
    long long balance;
    if (balance_read(txn, accounts->first, &balance) != 0)
        return -1;
    if (balance < 100) {
        fprintf(stderr, "account %s holds only %lld\n", accounts->first, balance);
        return -1;
    }
    if (execute(txn, "UPDATE accounts SET balance = balance - $1 WHERE id = $2", 2, debit) != 0)
        return -1;
    return execute(txn, "UPDATE accounts SET balance = balance + $1 WHERE id = $2", 2, credit);
}

static int print_balances(struct palmetto_txn *txn, void *arg)
{
    PGresult *result = palmetto_txn_exec(txn, "SELECT id, balance FROM accounts ORDER BY balance DESC", 0, NULL);
    if (result == NULL)
        return -1;
    time_t now = time(NULL);
    printf("Balances at %.24s:\n", ctime(&now));
    for (int i = 0; i < PQntuples(result); i++)
        printf("(%s, %s)\n", PQgetvalue(result, i, 0), PQgetvalue(result, i, 1));
    PQclear(result);
    (void)arg;
    return 0;
}

static int delete_accounts(struct palmetto_txn *txn, void *arg)
{
    (void)arg;
    return execute(txn, "DELETE FROM accounts", 0, NULL);
}

int main(void)
{
    struct accounts accounts;
    PGconn *conn = bank_connect();
    account_id_make(accounts.first);
    account_id_make(accounts.second);
    bank_execute(conn, "CREATE TABLE IF NOT EXISTS accounts (id UUID PRIMARY KEY, balance INT)");
    bank_transaction(conn, create_accounts, &accounts);
    bank_transaction(conn, print_balances, NULL);
    int retries = bank_transaction(conn, transfer, &accounts);
    if (retries > 0)
        printf("The transfer took %d retries.\n", retries);
    bank_transaction(conn, print_balances, NULL);
    bank_transaction(conn, delete_accounts, NULL);
    PQfinish(conn);
    return 0;
}
