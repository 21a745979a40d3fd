// A bank: opens a hundred accounts, moves half of one balance to another account, closes five. The table is the one of
// dbinit.sql.
#include "bank.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEW_ACCOUNTS 100
#define CLOSED_ACCOUNTS 5

struct bank {
    char ids[NEW_ACCOUNTS][ACCOUNT_ID_SIZE];
    long long balances[NEW_ACCOUNTS]; // opening balances
    int source, target;               // of the transfer
    int closed[CLOSED_ACCOUNTS];
};

static int execute(struct palmetto_txn *txn, const char *sql, int parameters, const char *const *values)
{
    PGresult *result = palmetto_txn_exec(txn, sql, parameters, values);
    PQclear(result);
    return result != NULL ? 0 : -1;
}

static int open_accounts(struct palmetto_txn *txn, void *arg)
{
    struct bank *bank = arg;
    char balance[32];
    for (int i = 0; i < NEW_ACCOUNTS; i++) {
        snprintf(balance, sizeof balance, "%lld", bank->balances[i]);
        const char *values[] = {bank->ids[i], balance};
        if (execute(txn, "INSERT INTO accounts (id, balance) VALUES ($1, $2)", 2, values) != 0)
            return -1;
    }
    return 0;
}

static int set_balance(struct palmetto_txn *txn, const char *id, long long balance)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", balance);
    const char *values[] = {text, id};
    return execute(txn, "UPDATE accounts SET balance = $1 WHERE id = $2", 2, values);
}

static int move_half(struct palmetto_txn *txn, void *arg)
{
    struct bank *bank = arg;
    const char *source = bank->ids[bank->source], *target = bank->ids[bank->target];
    long long from, to;
    if (balance_read(txn, source, &from) != 0 || balance_read(txn, target, &to) != 0)
        return -1;
    printf("Random account balances:\nAccount %s: %lld\nAccount %s: %lld\n", source, from, target, to);
    long long amount = from / 2;
    printf("Transferring %lld from account %s to account %s...\n", amount, source, target);
    if (set_balance(txn, source, from - amount) != 0 || set_balance(txn, target, to + amount) != 0)
        return -1;
    printf("Transfer complete.\nNew balances:\nAccount %s: %lld\nAccount %s: %lld\n", source, from - amount, target,
           to + amount);
    return 0;
}

static int close_accounts(struct palmetto_txn *txn, void *arg)
{
    struct bank *bank = arg;
    for (int i = 0; i < CLOSED_ACCOUNTS; i++) {
        const char *id = bank->ids[bank->closed[i]];
        if (execute(txn, "DELETE FROM accounts WHERE id = $1", 1, &id) != 0)
            return -1;
    }
    return 0;
}

static void choose(struct bank *bank)
{
    int order[NEW_ACCOUNTS];
    for (int i = 0; i < NEW_ACCOUNTS; i++) { // a shuffle
        int j = rand() % (i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    bank->source = order[0];
    bank->target = order[1];
    memcpy(bank->closed, order + NEW_ACCOUNTS - CLOSED_ACCOUNTS, sizeof bank->closed);
}

int main(void)
{
    static struct bank bank;
    PGconn *conn = bank_connect();
    srand((unsigned)time(NULL));
    for (int i = 0; i < NEW_ACCOUNTS; i++) {
        account_id_make(bank.ids[i]);
        bank.balances[i] = rand() % 1000000;
    }
    choose(&bank);

    puts("Creating new accounts...");
    bank_transaction(conn, open_accounts, &bank);
    for (int i = 0; i < NEW_ACCOUNTS; i++)
        printf("Created new account with id %s and balance %lld.\n", bank.ids[i], bank.balances[i]);
    bank_transaction(conn, move_half, &bank);
    puts("Deleting existing accounts...");
    bank_transaction(conn, close_accounts, &bank);
    for (int i = 0; i < CLOSED_ACCOUNTS; i++)
        printf("Deleted account %s.\n", bank.ids[bank.closed[i]]);
    PQfinish(conn);
    return 0;
}
