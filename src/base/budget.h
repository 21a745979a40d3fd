// Memory accounts. Whatever grows with data is charged to an account; accounts form a chain statement -> session ->
// process, and a charge that any of them refuses is refused. Thread-safe (atomic counters).
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/base.h"
#include <stdatomic.h>

struct err;

struct budget {
    struct budget *parent;
    const char *name;          // printed in the error: "statement", "session", "process"
    _Atomic size_t used_bytes; // relaxed: a statistic and a limit, orders nothing
    _Atomic size_t peak_bytes;
    size_t limit_bytes; // SIZE_MAX: none
    // Tests only: asked about every charge beyond the limit, forced ones included; true refuses it. NULL: all are.
    bool (*refuses)(struct budget *b);
    // The account, this or an ancestor, that a forced charge to this one took over its limit; sticky until
    // budget_forgive.
    _Atomic(struct budget *) exceeded;
};

void budget_init(struct budget *b, const char *name, size_t limit_bytes, struct budget *parent);
// Charges, or fails with 53200 and charges nothing.
int budget_charge(struct budget *b, size_t bytes, struct err *err) MUST_CHECK;
// True when the charge fitted; charges nothing otherwise. For operators that spill instead of failing.
bool budget_try_charge(struct budget *b, size_t bytes) MUST_CHECK;
// Charges whatever happens and marks the account exceeded when it is over its limit, or an ancestor is and the account
// itself holds more than BUDGET_SMALL_BYTES: who needs little is served although others have taken everything. Used by
// arenas, whose callers poll budget_check once per batch.
enum { BUDGET_SMALL_BYTES = 64 << 10 };
void budget_charge_forced(struct budget *b, size_t bytes);
void budget_release(struct budget *b, size_t bytes);
// 53200 when a forced charge went over the limit.
int budget_check(struct budget *b, struct err *err) MUST_CHECK;
// A new piece of work begins on an account that lives longer: what an earlier one went over by is not held against it.
void budget_forgive(struct budget *b);

#endif
