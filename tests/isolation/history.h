// Histories of transactions that append to lists and read them, and a checker of strict serializability in the style of
// Elle (Kingsbury and Alvaro 2020): since every element is unique and a list shows the order of all appends before it,
// reads tell who wrote after whom; dependencies between transactions and their order in real time make a graph, and a
// cycle in it is a violation.
#ifndef TESTS_ISOLATION_HISTORY_H
#define TESTS_ISOLATION_HISTORY_H

#include "base/arena.h"
#include "base/buf.h"

struct history_op {
    bool append;
    int key;
    int element;     // appended
    const int *list; // read
    int n;
};

struct history_txn {
    ARENA_VEC(struct history_op) ops;
    int64_t began_ns, ended_ns; // before the first and after the last answer of the server
    bool committed;
    bool unknown; // no answer to its COMMIT: it took place if an append of it is there at the end, whenever that was
};

struct history {
    struct arena *arena;
    ARENA_VEC(struct history_txn) txns;
};

// What every list ends as: the last transaction of the history has read all keys.
// Returns the number of violations and describes the first ones.
int history_check(const struct history *h, struct buf *report);

#endif
