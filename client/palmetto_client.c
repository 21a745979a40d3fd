// The retry loop is a small state machine. With the restart savepoint (S) and without it (P):
//
//   begin ──> attempt ──ok──> commit point: S RELEASE, P COMMIT ──ok──> S COMMIT (a formality) ──> committed
//     ^          │                  │
//     │        error              error
//     │          ├── retryable ─────┤── S, up to three times: ROLLBACK TO, attempt
//     │          │                  │── else, attempts and time left: ROLLBACK, sleep, begin
//     └──────────┘                  │
//                └── else ──> ROLLBACK ──> failed or retries exhausted
//                                   └── connection lost or 40003 at the commit point ──> ambiguous
//
// A transaction that is restarted at the savepoint keeps its row locks, so that the next attempt is not overtaken. It
// must not sleep meanwhile: everyone who wants those rows would sleep with it. Hence a few restarts at once, and when
// they do not do, a sleep with nothing held.
#include "palmetto_client_int.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DEADLINE_MS_DEFAULT 60000
#define BACKOFF_INITIAL_MS_DEFAULT 10
#define BACKOFF_MAX_MS_DEFAULT 2000
#define RESTARTS_IN_PLACE_MAX 3

#define SQLSTATE_SERIALIZATION_FAILURE "40001"
#define SQLSTATE_DEADLOCK "40P01" // PostgreSQL; the others report deadlocks as serialization failures
#define SQLSTATE_COMPLETION_UNKNOWN "40003"
#define SQLSTATE_RETRY_SAVEPOINT "CR000" // CockroachDB before 1.1 sent this instead of 40001

enum step { STEP_BEGIN, STEP_ATTEMPT, STEP_COMMIT, STEP_DONE };

void txn_error(struct palmetto_txn *txn, const char *sqlstate, const char *message)
{
    struct palmetto_txn_result *result = txn->result;
    snprintf(result->sqlstate, sizeof result->sqlstate, "%s", sqlstate != NULL ? sqlstate : "");
    snprintf(result->message, sizeof result->message, "%s", message != NULL ? message : "");
    size_t len = strlen(result->message);
    while (len > 0 && result->message[len - 1] == '\n')
        result->message[--len] = '\0';
}

static bool is_retryable(const struct palmetto_txn *txn)
{
    const char *code = txn->result->sqlstate;
    return strcmp(code, SQLSTATE_SERIALIZATION_FAILURE) == 0 || strcmp(code, SQLSTATE_RETRY_SAVEPOINT) == 0 ||
           (!txn->restart_savepoint && strcmp(code, SQLSTATE_DEADLOCK) == 0);
}

static void clear_error(struct palmetto_txn *txn)
{
    txn->result->sqlstate[0] = '\0';
    txn->result->message[0] = '\0';
}

// xorshift64*: spreads clients apart, nothing more.
static uint64_t next_random(struct palmetto_txn *txn)
{
    uint64_t x = txn->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    txn->random = x;
    return x * 0x2545F4914F6CDD1Du;
}

// Between half and the whole of initial * 2^(attempts - 1), at most the maximum.
static int64_t backoff_ms(struct palmetto_txn *txn)
{
    int64_t longest = txn->options.backoff_initial_ms;
    for (int i = 1; i < txn->result->attempts && longest < txn->options.backoff_max_ms; i++)
        longest *= 2;
    if (longest > txn->options.backoff_max_ms)
        longest = txn->options.backoff_max_ms;
    return longest / 2 + (int64_t)(next_random(txn) % (uint64_t)(longest / 2 + 1));
}

static enum step finish(struct palmetto_txn *txn, enum palmetto_txn_outcome outcome)
{
    txn->result->outcome = outcome;
    return STEP_DONE;
}

// Ends the transaction without effect; the error that led here stays the reported one.
static enum step give_up(struct palmetto_txn *txn, enum palmetto_txn_outcome outcome)
{
    struct palmetto_txn_result reported = *txn->result;
    if (txn->ops->connected(txn))
        txn->ops->execute(txn, "ROLLBACK");
    *txn->result = reported;
    return finish(txn, outcome);
}

static bool may_retry(struct palmetto_txn *txn, int64_t pause_ms)
{
    bool attempts_left = txn->options.attempts_max == 0 || txn->result->attempts < txn->options.attempts_max;
    int64_t elapsed_ms = txn->ops->now_ms(txn) - txn->start_ms;
    return attempts_left && elapsed_ms + pause_ms < txn->options.deadline_ms;
}

static enum step retry_or_give_up(struct palmetto_txn *txn)
{
    if (!is_retryable(txn) || !txn->ops->connected(txn))
        return give_up(txn, PALMETTO_TXN_FAILED);
    bool in_place = txn->restart_savepoint && txn->restarts < RESTARTS_IN_PLACE_MAX;
    int64_t pause_ms = in_place ? 0 : backoff_ms(txn);
    if (!may_retry(txn, pause_ms))
        return give_up(txn, PALMETTO_TXN_RETRIES_EXHAUSTED);
    txn->restarts = in_place ? txn->restarts + 1 : 0;
    if (!txn->ops->execute(txn, in_place ? "ROLLBACK TO SAVEPOINT cockroach_restart" : "ROLLBACK"))
        return give_up(txn, PALMETTO_TXN_FAILED);
    if (in_place)
        return STEP_ATTEMPT;
    txn->ops->sleep_ms(txn, pause_ms);
    return STEP_BEGIN;
}

static enum step begin(struct palmetto_txn *txn)
{
    if (!txn->ops->execute(txn, txn->options.begin))
        return finish(txn, PALMETTO_TXN_FAILED);
    if (txn->restart_savepoint && !txn->ops->execute(txn, "SAVEPOINT cockroach_restart"))
        return give_up(txn, PALMETTO_TXN_FAILED);
    return STEP_ATTEMPT;
}

static enum step attempt(struct palmetto_txn *txn)
{
    txn->result->attempts++;
    clear_error(txn);
    return txn->callback(txn, txn->arg) == 0 ? STEP_COMMIT : retry_or_give_up(txn);
}

static enum step commit(struct palmetto_txn *txn)
{
    clear_error(txn);
    if (txn->ops->execute(txn, txn->restart_savepoint ? "RELEASE SAVEPOINT cockroach_restart" : "COMMIT")) {
        if (txn->restart_savepoint) // already durable; this only leaves the transaction block
            txn->ops->execute(txn, "COMMIT");
        clear_error(txn);
        return finish(txn, PALMETTO_TXN_COMMITTED);
    }
    if (!txn->ops->connected(txn) || strcmp(txn->result->sqlstate, SQLSTATE_COMPLETION_UNKNOWN) == 0)
        return give_up(txn, PALMETTO_TXN_AMBIGUOUS);
    return retry_or_give_up(txn);
}

enum palmetto_txn_outcome txn_run(struct palmetto_txn *txn)
{
    txn->start_ms = txn->ops->now_ms(txn);
    for (enum step step = STEP_BEGIN; step != STEP_DONE;) {
        switch (step) {
        case STEP_BEGIN:
            step = begin(txn);
            break;
        case STEP_ATTEMPT:
            step = attempt(txn);
            break;
        case STEP_COMMIT:
            step = commit(txn);
            break;
        case STEP_DONE:
            break;
        }
    }
    return txn->result->outcome;
}

// --- on libpq

void palmetto_txn_fail(struct palmetto_txn *txn, const PGresult *failed)
{
    const char *message = PQresultErrorField(failed, PG_DIAG_MESSAGE_PRIMARY);
    txn_error(txn, PQresultErrorField(failed, PG_DIAG_SQLSTATE),
              message != NULL ? message : PQresultErrorMessage(failed));
    if (failed == NULL)
        txn_error(txn, "", PQerrorMessage(txn->conn));
}

static bool succeeded(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

PGresult *palmetto_txn_exec(struct palmetto_txn *txn, const char *sql, int parameters, const char *const *values)
{
    PGresult *result = parameters == 0 ? PQexec(txn->conn, sql)
                                       : PQexecParams(txn->conn, sql, parameters, NULL, values, NULL, NULL, 0);
    if (succeeded(result))
        return result;
    palmetto_txn_fail(txn, result);
    PQclear(result);
    return NULL;
}

static bool libpq_execute(struct palmetto_txn *txn, const char *sql)
{
    PGresult *result = palmetto_txn_exec(txn, sql, 0, NULL);
    // A COMMIT of a transaction that has failed is answered with the tag ROLLBACK.
    bool rolled_back = result != NULL && strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(result), "ROLLBACK") == 0;
    if (rolled_back)
        txn_error(txn, "25P02", "the transaction had failed and was rolled back");
    PQclear(result);
    return result != NULL && !rolled_back;
}

static bool libpq_connected(struct palmetto_txn *txn)
{
    return PQstatus(txn->conn) == CONNECTION_OK;
}

static int64_t monotonic_ms(struct palmetto_txn *txn)
{
    struct timespec now;
    (void)txn;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_for(struct palmetto_txn *txn, int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)txn;
    nanosleep(&pause, NULL);
}

static const struct txn_ops libpq_ops = {libpq_execute, libpq_connected, monotonic_ms, sleep_for};

static struct palmetto_txn_options with_defaults(const struct palmetto_txn_options *given)
{
    struct palmetto_txn_options o = given != NULL ? *given : (struct palmetto_txn_options){0};
    if (o.deadline_ms == 0)
        o.deadline_ms = DEADLINE_MS_DEFAULT;
    if (o.backoff_initial_ms == 0)
        o.backoff_initial_ms = BACKOFF_INITIAL_MS_DEFAULT;
    if (o.backoff_max_ms == 0)
        o.backoff_max_ms = BACKOFF_MAX_MS_DEFAULT;
    if (o.begin == NULL)
        o.begin = "BEGIN";
    return o;
}

enum palmetto_txn_outcome palmetto_run_transaction(PGconn *conn, const struct palmetto_txn_options *options,
                                                   palmetto_txn_callback callback, void *arg,
                                                   struct palmetto_txn_result *result)
{
    struct palmetto_txn txn = {
        .ops = &libpq_ops,
        .conn = conn,
        .options = with_defaults(options),
        .callback = callback,
        .arg = arg,
        .result = result,
        .restart_savepoint = PQparameterStatus(conn, "crdb_version") != NULL,
    };
    memset(result, 0, sizeof *result);
    uint64_t seed = (uint64_t)monotonic_ms(&txn) ^ (uint64_t)PQbackendPID(conn) << 32 ^ (uint64_t)(uintptr_t)&txn;
    txn.random = seed * 0x9E3779B97F4A7C15u | 1;
    return txn_run(&txn);
}

PGconn *palmetto_txn_conn(struct palmetto_txn *txn)
{
    return txn->conn;
}

int palmetto_txn_attempt(const struct palmetto_txn *txn)
{
    return txn->result->attempts;
}

const char *palmetto_txn_outcome_name(enum palmetto_txn_outcome outcome)
{
    switch (outcome) {
    case PALMETTO_TXN_COMMITTED:
        return "committed";
    case PALMETTO_TXN_FAILED:
        return "failed";
    case PALMETTO_TXN_RETRIES_EXHAUSTED:
        return "retries exhausted";
    case PALMETTO_TXN_AMBIGUOUS:
        return "commit ambiguous";
    }
    return "unknown";
}
