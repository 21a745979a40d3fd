// A load for the checker of histories: transactions that append to lists and read them, in SQL, over whatever carries
// statements to a server.
//
//     CREATE TABLE lists (k INT PRIMARY KEY, g INT, v STRING, INDEX (g))      a list is "1,2,3"
//
// Keys come in generations of a few, which all clients work on at once for some hundred transactions.
#ifndef TESTS_ISOLATION_LISTS_H
#define TESTS_ISOLATION_LISTS_H

#include "base/util.h"
#include "isolation/history.h"

enum { LISTS_LOST = -1, LISTS_KEYS_AT_ONCE = 6, LISTS_TXNS_PER_GENERATION = 300 };
#define LISTS_SETUP "CREATE TABLE lists (k INT PRIMARY KEY, g INT, v STRING, INDEX (g))"

struct lists_client {
    // Runs a statement; rows become `a|b\n` in `rows`, an UPDATE that finds nothing "none". 0, an error's code, or
    // LISTS_LOST when there is no answer any more.
    int (*query)(struct lists_client *c, const char *sql);
    struct buf rows;
    struct rng rng;
    struct arena arena;
    struct history history; // its own transactions
    _Atomic int *next_element;
};

void lists_client_init(struct lists_client *c, int (*query)(struct lists_client *c, const char *sql), uint64_t seed,
                       _Atomic int *next_element);
void lists_client_release(struct lists_client *c);
int lists_run(struct lists_client *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
// Transaction `number` of all clients together, as one more of the history; its result.
int lists_transaction(struct lists_client *c, int number);
// The last transaction of a history of so many, which reads all: 0, or an error's code.
int lists_read_all(struct lists_client *c, int transactions, struct history_txn *out);

#endif
