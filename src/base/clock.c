#include "base/util.h"
#include <time.h>

static int64_t now_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_wall_ns(void)
{
    return now_ns(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
    return now_ns(CLOCK_MONOTONIC);
}

static _Thread_local struct block_hooks hooks;

void block_hooks_install(const struct block_hooks *h)
{
    hooks = h != NULL ? *h : (struct block_hooks){0};
}

void block_enter(void)
{
    if (hooks.enter != NULL)
        hooks.enter(hooks.arg);
}

void block_leave(void)
{
    if (hooks.leave != NULL)
        hooks.leave(hooks.arg);
}
