#include "base/arena.h"
#include "base/budget.h"
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BLOCK_BYTES = 1008, MAX_BLOCK_BYTES = 256 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size; // of the payload
    _Alignas(16) char data[];
};

void arena_init(struct arena *a, struct budget *budget)
{
    *a = (struct arena){.budget = budget, .next_block_bytes = FIRST_BLOCK_BYTES};
}

static void free_block(struct arena *a, struct arena_block *block)
{
    if (a->budget != NULL)
        budget_release(a->budget, sizeof(*block) + block->size);
    mem_free(block);
}

static void use_block(struct arena *a, struct arena_block *block, char *cursor)
{
    a->cursor = cursor;
    a->limit = block == NULL ? NULL : block->data + block->size;
}

void arena_release(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *older = a->blocks->older;
        free_block(a, a->blocks);
        a->blocks = older;
    }
    use_block(a, NULL, NULL);
    a->next_block_bytes = FIRST_BLOCK_BYTES;
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->blocks;
    if (keep == NULL)
        return;
    if (keep->size > MAX_BLOCK_BYTES) {
        arena_release(a);
        return;
    }
    for (struct arena_block *b = keep->older, *older; b != NULL; b = older) {
        older = b->older;
        free_block(a, b);
    }
    keep->older = NULL;
    use_block(a, keep, keep->data);
}

static void *take(struct arena *a, size_t size, size_t align)
{
    uintptr_t p = ((uintptr_t)a->cursor + align - 1) & ~(uintptr_t)(align - 1);
    a->cursor = (char *)p + size;
    return (void *)p;
}

void *arena_alloc_slow(struct arena *a, size_t size, size_t align)
{
    uintptr_t p = ((uintptr_t)a->cursor + align - 1) & ~(uintptr_t)(align - 1);
    if (a->cursor != NULL && p <= (uintptr_t)a->limit && size <= (uintptr_t)a->limit - p)
        return take(a, size, align);
    if (a->next_block_bytes == 0)
        a->next_block_bytes = FIRST_BLOCK_BYTES;
    size_t want = size_add(size, align);
    size_t payload = MAX(want, a->next_block_bytes);
    a->next_block_bytes = MIN(a->next_block_bytes * 2, (size_t)MAX_BLOCK_BYTES);
    struct arena_block *block = mem_alloc(size_add(sizeof(*block), payload));
    block->older = a->blocks;
    block->size = payload;
    a->blocks = block;
    if (a->budget != NULL)
        budget_charge_forced(a->budget, sizeof(*block) + payload);
    use_block(a, block, block->data);
    return take(a, size, align);
}

size_t arena_bytes(const struct arena *a)
{
    size_t total = 0;
    for (const struct arena_block *b = a->blocks; b != NULL; b = b->older)
        total += b->size;
    return total;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->blocks, a->cursor};
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
    if (mark.block == NULL) {
        arena_reset(a);
        return;
    }
    while (a->blocks != mark.block) {
        struct arena_block *older = a->blocks->older;
        free_block(a, a->blocks);
        a->blocks = older;
    }
    use_block(a, a->blocks, mark.cursor);
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

void *arena_dup(struct arena *a, const void *ptr, size_t size)
{
    void *copy = arena_alloc(a, size);
    if (size != 0)
        memcpy(copy, ptr, size);
    return copy;
}

char *arena_cstr(struct arena *a, struct str s)
{
    char *copy = arena_alloc_aligned(a, s.len + 1, 1);
    if (s.len != 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str arena_str(struct arena *a, struct str s)
{
    return (struct str){arena_cstr(a, s), s.len};
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    size_t room = a->cursor != NULL ? (size_t)(a->limit - a->cursor) : 0;
    int n = vsnprintf(a->cursor, room, fmt, ap); // most texts fit
    INVARIANT(n >= 0);
    char *out = arena_alloc_aligned(a, (size_t)n + 1, 1);
    if ((size_t)n >= room)
        vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct str){out, (size_t)n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

void *arena_grow(struct arena *a, void *ptr, size_t len, size_t *cap, size_t item_size)
{
    size_t bigger = *cap == 0 ? 8 : size_mul(*cap, 2);
    void *fresh = arena_alloc(a, size_mul(bigger, item_size));
    if (len != 0)
        memcpy(fresh, ptr, len * item_size);
    *cap = bigger;
    return fresh;
}
