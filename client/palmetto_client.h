// libpalmetto-client: run a transaction again when the server asks for it. On libpq, for Palmetto, CockroachDB and
// PostgreSQL servers.
//
//     static int transfer(struct palmetto_txn *txn, void *arg)
//     {
//         PGresult *r = palmetto_txn_exec(txn, "UPDATE accounts SET balance = balance - $1 WHERE id = $2", 2, values);
//         if (r == NULL)
//             return -1;       // give up this attempt; the library decides whether to try again
//         PQclear(r);
//         …
//         return 0;            // commit
//     }
//
//     struct palmetto_txn_result result;
//     if (palmetto_run_transaction(conn, NULL, transfer, &argument, &result) != PALMETTO_TXN_COMMITTED)
//         fprintf(stderr, "%s: %s\n", palmetto_txn_outcome_name(result.outcome), result.message);
//
// A server at SERIALIZABLE may end a transaction with SQLSTATE 40001: its work has been undone and may succeed when it
// is done again. The callback must therefore have no effects besides those in the database. On Palmetto and CockroachDB
// the first three retries are immediate and in the same transaction, through the savepoint `cockroach_restart`: it
// keeps its row locks and thus its place in the queue. Later retries, and all of them elsewhere, give the locks up and
// sleep first: exponential backoff with jitter.
//
// Thread safety: that of libpq, one thread per connection at a time.
#ifndef PALMETTO_CLIENT_H
#define PALMETTO_CLIENT_H

#include <libpq-fe.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PALMETTO_API __attribute__((visibility("default")))
#else
#define PALMETTO_API
#endif

enum palmetto_txn_outcome {
    // The transaction is durable.
    PALMETTO_TXN_COMMITTED,
    // It has had no effect: an error that trying again does not cure, or the callback gave up without one.
    PALMETTO_TXN_FAILED,
    // It has had no effect: every attempt was asked to retry until attempts or time ran out.
    PALMETTO_TXN_RETRIES_EXHAUSTED,
    // It may or may not have taken effect: the connection was lost while it committed, or the server said so (40003).
    // Find out by reading before doing it again.
    PALMETTO_TXN_AMBIGUOUS,
};

// Zero means the default in brackets.
struct palmetto_txn_options {
    int attempts_max;           // [unlimited while the deadline lasts]
    int64_t deadline_ms;        // no new attempt begins after so long [60,000]
    int64_t backoff_initial_ms; // longest sleep after the first attempt; doubles with every further one [10]
    int64_t backoff_max_ms;     // [2,000]
    const char *begin;          // statement that begins the transaction ["BEGIN"]
};

struct palmetto_txn_result {
    enum palmetto_txn_outcome outcome;
    int attempts;      // 1: no retry was needed
    char sqlstate[6];  // of the error that ended it, "" when there was none
    char message[512]; // of that error, the server's words
};

struct palmetto_txn;

// Does the work of one attempt. 0: commit. Anything else: roll back; the attempt is repeated when the last statement
// failed with a retryable error, else the transaction fails.
typedef int (*palmetto_txn_callback)(struct palmetto_txn *txn, void *arg);

// `options` may be NULL. The connection must be outside a transaction; it is again when the call returns, unless the
// connection is lost. `result` must not be NULL. Returns result->outcome.
PALMETTO_API enum palmetto_txn_outcome palmetto_run_transaction(PGconn *conn,
                                                                const struct palmetto_txn_options *options,
                                                                palmetto_txn_callback callback, void *arg,
                                                                struct palmetto_txn_result *result);

// For callbacks. Runs one statement with text parameters ($1, $2, …; NULL values are SQL NULLs) and returns its result,
// which the caller clears; on an error remembers it and returns NULL.
PALMETTO_API PGresult *palmetto_txn_exec(struct palmetto_txn *txn, const char *sql, int parameters,
                                         const char *const *values);
// The connection, for anything that palmetto_txn_exec does not offer. Report its failed results with palmetto_txn_fail.
PALMETTO_API PGconn *palmetto_txn_conn(struct palmetto_txn *txn);
PALMETTO_API void palmetto_txn_fail(struct palmetto_txn *txn, const PGresult *failed);
// 1 for the first attempt.
PALMETTO_API int palmetto_txn_attempt(const struct palmetto_txn *txn);
PALMETTO_API const char *palmetto_txn_outcome_name(enum palmetto_txn_outcome outcome);

#ifdef __cplusplus
}
#endif

#endif
