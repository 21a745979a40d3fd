// The reference engine of tests: `model:` behind kv.h, simple enough to be believed. Keeps every version of every key
// in one sorted array, validates serially, uses one mutex for everything. Nothing is ever collected; no files; a store
// lives until it is closed.
#ifndef KV_MODEL_MODEL_H
#define KV_MODEL_MODEL_H

#include "kv/kv.h"

// Makes `model:` known to kv_open.
void kv_model_register(void);
// What engines may answer to kv_commit (or kv_refresh, or kv_new_statement) of this transaction now. Between NO and
// MUST lie conflicts that an engine may or may not see: deleting what is absent, reading what one has written, reads of
// a transaction that holds locks and writes nothing.
enum kv_model_conflict { KV_MODEL_CONFLICT_NO, KV_MODEL_CONFLICT_MAY, KV_MODEL_CONFLICT_MUST };
enum kv_model_conflict kv_model_commit_conflict(struct kv_txn *txn);
enum kv_model_conflict kv_model_refresh_conflict(struct kv_txn *txn);
enum kv_model_conflict kv_model_statement_conflict(struct kv_txn *txn);

#endif
