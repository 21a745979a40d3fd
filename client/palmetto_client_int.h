// The retry loop apart from libpq, so that tests can drive it with a scripted server and clock.
#ifndef PALMETTO_CLIENT_INT_H
#define PALMETTO_CLIENT_INT_H

#include "palmetto_client.h"
#include <stdbool.h>

struct txn_ops {
    // Runs a statement of the transaction protocol; false on an error, which txn_error has recorded.
    bool (*execute)(struct palmetto_txn *txn, const char *sql);
    bool (*connected)(struct palmetto_txn *txn);
    int64_t (*now_ms)(struct palmetto_txn *txn);
    void (*sleep_ms)(struct palmetto_txn *txn, int64_t ms);
};

struct palmetto_txn {
    const struct txn_ops *ops;
    PGconn *conn;
    struct palmetto_txn_options options;
    palmetto_txn_callback callback;
    void *arg;
    struct palmetto_txn_result *result;
    bool restart_savepoint; // the server knows `cockroach_restart`; releasing it commits
    int restarts;           // at the savepoint since the transaction began
    int64_t start_ms;
    uint64_t random; // state of the jitter's generator
};

void txn_error(struct palmetto_txn *txn, const char *sqlstate, const char *message);
enum palmetto_txn_outcome txn_run(struct palmetto_txn *txn);

#endif
