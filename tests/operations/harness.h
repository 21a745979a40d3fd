// An engine and sessions for tests in C: statements in, results as text out.
#ifndef TESTS_OPERATIONS_HARNESS_H
#define TESTS_OPERATIONS_HARNESS_H

#include "base/buf.h"
#include "base/err.h"
#include "kv/kv.h"
#include "sql/session/session.h"
#include "unit/check.h"

struct harness {
    char dir[200];          // of the store; empty: in memory
    char external_dir[200]; // nodelocal://1
    struct kv *kv;
    struct sql_engine *engine;
    struct session *session; // root's, in defaultdb
    struct buf text;         // of the last statements: rows a|b, one per line, tags, errors
};

// An engine on memory, or on a new temporary directory.
void harness_open(struct harness *h, bool on_disk);
// Closes and opens again what is on disk.
void harness_reopen(struct harness *h);
// The two halves of it.
void harness_suspend(struct harness *h);
void harness_resume(struct harness *h);
void harness_close(struct harness *h); // removes the directory
struct session *harness_session(struct harness *h, const char *user);
// Runs statements; the text is valid until the next call. An error is `ERROR SQLSTATE message`.
struct str harness_run_in(struct harness *h, struct session *s, const char *sql);
struct str harness_run(struct harness *h, const char *sql);
// Lines of what sql_engine_check finds, "" when consistent.
struct str harness_check(struct harness *h);

#define CHECK_SQL(h, sql, expected) CHECK_STR(harness_run((h), (sql)), (expected))

#endif
