#include "base/base.h"
#include "base/util.h"
#include <stdlib.h>
#include <stdio.h>

void invariant_failed(const char *cond, const char *file, int line)
{
    log_write(LOG_LEVEL_FATAL, "invariant broken: %s (%s:%d)", cond, file, line);
    abort();
}

static void *checked(void *p, size_t size)
{
    if (UNLIKELY(p == NULL && size != 0)) {
        log_write(LOG_LEVEL_FATAL, "out of memory allocating %zu bytes", size);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size), size);
}

void *mem_zalloc(size_t size)
{
    return checked(calloc(1, size), size);
}

void *mem_realloc(void *ptr, size_t size)
{
    return checked(realloc(ptr, size), size);
}

void mem_free(void *ptr)
{
    free(ptr);
}
