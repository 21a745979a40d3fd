// Bump allocation with one lifetime. Arenas are named by lifetime (session, txn, stmt, batch, message) and passed as
// parameters. Never thread-safe. Allocation does not fail; an attached budget is charged per block and polled by the
// owner (budget_check).
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"
#include "base/str.h"
#include <stdarg.h>

struct budget;
struct arena_block;

struct arena {
    char *cursor; // next free byte of the newest block
    char *limit;
    struct arena_block *blocks; // newest first
    struct budget *budget;      // may be NULL
    size_t next_block_bytes;
};

struct arena_mark {
    struct arena_block *block;
    char *cursor;
};

// No memory is taken until the first allocation. `budget` may be NULL.
void arena_init(struct arena *a, struct budget *budget);
void arena_release(struct arena *a);
// Frees everything but keeps one block for reuse.
void arena_reset(struct arena *a);
void *arena_alloc_slow(struct arena *a, size_t size, size_t align);
size_t arena_bytes(const struct arena *a);
// Everything allocated after the mark is freed by the rewind.
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark mark);

static inline void *arena_alloc_aligned(struct arena *a, size_t size, size_t align)
{
    uintptr_t p = ((uintptr_t)a->cursor + align - 1) & ~(uintptr_t)(align - 1);
    if (LIKELY(a->cursor != NULL && p <= (uintptr_t)a->limit && size <= (uintptr_t)a->limit - p)) {
        a->cursor = (char *)p + size;
        return (void *)p;
    }
    return arena_alloc_slow(a, size, align);
}
// 8-byte aligned, uninitialized.
static inline void *arena_alloc(struct arena *a, size_t size)
{
    return arena_alloc_aligned(a, size, 8);
}
void *arena_zalloc(struct arena *a, size_t size);
void *arena_dup(struct arena *a, const void *ptr, size_t size);
struct str arena_str(struct arena *a, struct str s);                              // copy
char *arena_cstr(struct arena *a, struct str s);                                  // NUL-terminated copy
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3); // also NUL-terminated
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_zalloc((a), size_mul(sizeof(type), (n))))

// Growable arena array: struct { T *ptr; size_t len, cap; }. Old storage stays in the arena until it is reset.
#define ARENA_VEC(T)     \
    struct {             \
        T *ptr;          \
        size_t len, cap; \
    }
#define ARENA_PUSH(a, v, item)                                                            \
    do {                                                                                  \
        if ((v)->len == (v)->cap)                                                         \
            (v)->ptr = arena_grow((a), (v)->ptr, (v)->len, &(v)->cap, sizeof(*(v)->ptr)); \
        (v)->ptr[(v)->len++] = (item);                                                    \
    } while (0)
void *arena_grow(struct arena *a, void *ptr, size_t len, size_t *cap, size_t item_size);

#endif
