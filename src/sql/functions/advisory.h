// Advisory locks: pg_advisory_lock() and its kin. One lock table per process, in memory; keys are per database. A lock
// is held for the session or for the transaction; the same key may be held several times and counts.
//
// Sessions must report their ends: locks are theirs by number (backend_pid). Both calls are nearly free for a process
// without advisory locks. Thread-safe.
#ifndef SQL_FUNCTIONS_ADVISORY_H
#define SQL_FUNCTIONS_ADVISORY_H

#include "base/base.h"

// After COMMIT or ROLLBACK (and before the retry of a transaction): drops the locks taken for the transaction.
void advisory_end_transaction(int32_t session);
// When the session ends (and for DISCARD ALL): drops all its locks.
void advisory_end_session(int32_t session);

#endif
