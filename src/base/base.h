// Common macros used everywhere. GNU C extensions the tree relies on: statement expressions, __attribute__,
// __builtin_*_overflow, typeof. They are listed in docs/ARCHITECTURE.md.
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

// Propagates the nonzero return code of a fallible call. `err` records travel beside it as a parameter.
#define TRY(call)                   \
    do {                            \
        int try_rc_ = (call);       \
        if (UNLIKELY(try_rc_ != 0)) \
            return try_rc_;         \
    } while (0)

// As TRY, but jumps to the function's single clean-up label with the code in `rc`.
#define TRY_GOTO(rc, label, call) \
    do {                          \
        (rc) = (call);            \
        if (UNLIKELY((rc) != 0))  \
            goto label;           \
    } while (0)

// A broken invariant in storage or transactions: logs and aborts, in release builds too.
#define INVARIANT(cond)                                  \
    do {                                                 \
        if (UNLIKELY(!(cond)))                           \
            invariant_failed(#cond, __FILE__, __LINE__); \
    } while (0)
__attribute__((noreturn, cold)) void invariant_failed(const char *cond, const char *file, int line);

// Size arithmetic that aborts on overflow instead of wrapping.
static inline size_t size_mul(size_t a, size_t b)
{
    size_t r;
    if (__builtin_mul_overflow(a, b, &r))
        invariant_failed("size overflow", __FILE__, __LINE__);
    return r;
}
static inline size_t size_add(size_t a, size_t b)
{
    size_t r;
    if (__builtin_add_overflow(a, b, &r))
        invariant_failed("size overflow", __FILE__, __LINE__);
    return r;
}

// malloc/realloc that abort with a log line when memory is really exhausted. Budgets (budget.h) fail long before.
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *ptr, size_t size);
void mem_free(void *ptr);

#endif
