// What the C examples share: connecting, account ids, running transactions.
#ifndef EXAMPLES_BANK_H
#define EXAMPLES_BANK_H

#include "palmetto_client.h"

#define ACCOUNT_ID_SIZE 37 // a UUID as text, with its NUL

// Connects to DATABASE_URL; ends the program when that fails.
PGconn *bank_connect(void);
void account_id_make(char id[ACCOUNT_ID_SIZE]);
// Runs a statement outside a transaction; ends the program when it fails.
void bank_execute(PGconn *conn, const char *sql);
// Runs the callback in a transaction; ends the program unless it commits. Returns the number of retries.
int bank_transaction(PGconn *conn, palmetto_txn_callback callback, void *arg);
// Reads the balance of an account in a transaction; false on an error or when there is no such account.
int balance_read(struct palmetto_txn *txn, const char *id, long long *balance);

#endif
