#include "base/util.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static atomic_int lowest_level = LOG_LEVEL_INFO; // relaxed: a filter
static atomic_int log_fd = STDERR_FILENO;

void log_set_level(enum log_level lowest)
{
    atomic_store_explicit(&lowest_level, (int)lowest, memory_order_relaxed);
}

void log_set_fd(int fd)
{
    atomic_store_explicit(&log_fd, fd, memory_order_relaxed);
}

void log_write(enum log_level level, const char *fmt, ...)
{
    if ((int)level < atomic_load_explicit(&lowest_level, memory_order_relaxed))
        return;
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    struct tm tm;
    gmtime_r(&ts.tv_sec, &tm);
    struct buf line = BUF_INIT;
    buf_printf(&line, "%c%02d%02d%02d %02d:%02d:%02d.%06ld ", "DIWEF"[level], tm.tm_year % 100, tm.tm_mon + 1,
               tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&line, fmt, ap);
    va_end(ap);
    buf_putc(&line, '\n');
    // One write per line keeps lines of several threads whole; a log that cannot be written is not worth failing for.
    if (write(atomic_load_explicit(&log_fd, memory_order_relaxed), line.ptr, line.len) < 0)
        line.failed = true;
    buf_release(&line);
}
