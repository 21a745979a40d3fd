// An engine and sessions for tests in C: statements in, results as text out.
#ifndef TESTS_OPERATIONS_HARNESS_H
#define TESTS_OPERATIONS_HARNESS_H

#include "base/buf.h"
#include "base/err.h"
#include "kv/kv.h"
#include "server/clusters.h"
#include "sql/session/session.h"
#include "unit/check.h"

struct harness {
    char dir[200];          // of the store; empty: in memory
    char external_dir[200]; // nodelocal://1
    const struct os *os;    // of the store, when it is a simulated one
    size_t memtable_bytes;  // of the store at its next opening; 0: as a server's
    struct budget *budget;  // above those of engines opened from now on; NULL: none
    struct kv *kv;
    struct clusters *clusters;
    struct sql_engine *engine; // of the system cluster, or of the one entered
    struct session *session;   // root's, in defaultdb
    struct buf text;           // of the last statements: rows a|b, one per line, tags, errors
};

// An engine on memory, or on a new temporary directory.
void harness_open(struct harness *h, bool on_disk);
// An engine on a new store of a simulated file system.
void harness_open_on(struct harness *h, const struct os *os);
// Closes and opens again what is on disk.
void harness_reopen(struct harness *h);
// The two halves of it.
void harness_suspend(struct harness *h);
void harness_resume(struct harness *h);
void harness_close(struct harness *h);  // and removes the directory
void harness_remove(struct harness *h); // the directory of one that is suspended
// Another engine and session over the same store, in that virtual cluster; left before the store is closed.
void harness_enter(const struct harness *h, const char *cluster, struct harness *out);
void harness_leave(struct harness *entered);
struct session *harness_session(struct harness *h, const char *user);
// Runs statements; the text is valid until the next call. An error is `ERROR SQLSTATE message`.
struct str harness_run_in(struct harness *h, struct session *s, const char *sql);
struct str harness_run(struct harness *h, const char *sql);
// Lines of what sql_engine_check finds, "" when consistent.
struct str harness_check(struct harness *h);

#define CHECK_SQL(h, sql, expected) CHECK_STR(harness_run((h), (sql)), (expected))

#endif
