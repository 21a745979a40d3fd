// A deterministic load for the power and fault tests, and what the store must hold after any number of its
// transactions.
#ifndef TESTS_KV_SCRIPT_H
#define TESTS_KV_SCRIPT_H

#include "kvtest.h"

struct script {
    uint64_t seed;
    struct kv *model; // grown as transactions are verified
    int model_at;     // transactions that it holds
};
void script_init(struct script *s, uint64_t seed);
void script_release(struct script *s);
// Runs transaction number `n` (from 1). Checkpoints now and then.
enum kv_result script_run(const struct script *s, struct kv *kv, int n);
// The number of transactions that the store holds, if its content is exactly theirs; -1 and a report when not.
int script_verify(struct script *s, struct kv *kv);

#endif
