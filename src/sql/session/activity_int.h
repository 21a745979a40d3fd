// What statements and transactions have cost: activity.c.
#ifndef SQL_SESSION_ACTIVITY_INT_H
#define SQL_SESSION_ACTIVITY_INT_H

#include "base/arena.h"
#include "base/map.h"
#include "sql/virtual/virtual.h"

#include <pthread.h>
#include <stdatomic.h>

struct ast;
struct prepared;
struct session;
struct statement_plan;

enum {
    ACTIVITY_BUCKETS = 32,        // bucket i: latencies below 2^i microseconds
    ACTIVITY_TEXTS = 16,          // of the simple protocol that a session remembers
    ACTIVITY_TXN_STATEMENTS = 20, // of a transaction that are named; all count for its fingerprint
    ACTIVITY_PLAN_BYTES_MAX = 8000,
};

struct activity {
    _Atomic uint64_t runs, failures;     // of statements since the engine was opened
    pthread_mutex_t lock;                // a leaf; guards what follows, plans and references from the tables
    struct map statements, transactions; // key -> struct activity_entry
    size_t bytes;
    int64_t since_micros;
    bool unsaved; // was reset since it was stored
};

// A fingerprint of a statement or a transaction.
struct activity_entry {
    atomic_uint refs;
    atomic_bool evicted;                   // no longer in its table: to be looked for again
    _Atomic(struct activity_entry *) solo; // of a statement: the transaction of it alone, with a reference; set once
    // Fixed.
    struct arena arena;
    uint64_t id;
    struct str key; // in its table
    struct str query, application, database;
    const char *kind;
    bool implicit;
    struct str *statements; // of a transaction
    size_t n_statements;
    // Counted.
    _Atomic uint64_t buckets[ACTIVITY_BUCKETS]; // their sum is the number of runs
    _Atomic uint64_t total_ns, rows, failures, retries;
    _Atomic int64_t max_ns, last_micros;
    _Atomic int last_error; // SQLSTATE
    char *plan;             // the last one seen; under the table's lock
    _Atomic int64_t plan_micros;
    atomic_bool full_scan;
    uint64_t stored_runs; // that the store knows of; used by activity_save alone
};

// A session's part.
struct activity_run {
    struct activity_entry *entry; // with a reference; NULL: none
    int64_t start_ns, end_ns;     // end 0: not known
    int64_t start_micros, contended_ns;
    uint64_t rows;
    int code;
    char statement_id[40];
};
struct activity_txn {
    int64_t start_ns, end_ns, start_micros, contended_ns;
    uint64_t hash, rows;
    uint64_t statements[ACTIVITY_TXN_STATEMENTS]; // ids
    uint32_t n, retries, insights;                // those: of its statements
    int code; // of the last statement that failed; a rollback without one is no failure
    bool implicit, ended, committed, slow;
    bool repeats; // the next run is the last one again
};
struct activity_text {
    uint64_t hash;
    struct activity_entry *entry; // with a reference
};
struct session_activity {
    uint64_t epoch; // of application and database; settings.c raises it
    uint64_t texts_epoch;
    bool off;      // nothing is kept of this application
    bool sampling; // the plan of the run is wanted
    struct activity_run run;
    struct activity_txn txn;
    struct activity_text texts[ACTIVITY_TEXTS];
};

struct activity *activity_new(void);
void activity_free(struct activity *a); // NULL allowed
void activity_reset(struct activity *a);
int64_t activity_since_micros(struct activity *a);
// The entry of that key with a reference for the caller; a new one is filled in from `made`. Under the lock.
struct activity_entry *activity_entry_of(struct activity *a, struct map *table, struct str key,
                                         const struct activity_entry *made);
void activity_list(struct activity *a, bool transactions, struct arena *arena, struct virtual_activity **out,
                   size_t *n);

// A statement begins to run, after statement_clock_start. `prepared` NULL: the simple protocol.
void activity_begin(struct session *s, const struct ast *ast, struct str text, struct prepared *prepared);
// It will run again, alone or with its transaction from the start.
void activity_retry(struct session *s, bool from_start);
void activity_txn_end(struct session *s, bool committed);
void activity_call_end(struct session *s, int64_t now_ns);
// Keeps the plan's text if s->activity.sampling.
void activity_sample(struct session *s, const struct statement_plan *plan);
void activity_session_release(struct session *s);
struct activity_entry *activity_ref(struct activity_entry *e);
void activity_unref(struct activity_entry **e); // and forgets it

// activity_store.c. Puts what has changed into the store, and takes up what is there. Not at the same time in two
// threads.
struct sql_engine;
int activity_save(struct sql_engine *e, struct err *err) MUST_CHECK;
int activity_load(struct sql_engine *e, struct err *err) MUST_CHECK;

#endif
