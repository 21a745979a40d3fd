// Appending to the write-ahead log. Reading it back: replay.c.
#include "kv/local/log_int.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { STAGED_BYTES_MAX = 256 * 1024, ZERO_BYTES = 256 * 1024 };

void log_segment_path(const struct log *log, uint64_t segment, char *out, size_t out_size)
{
    snprintf(out, out_size, "%s/wal-%016llx", log->dir, (unsigned long long)segment);
}

bool log_parse_name(const char *name, uint64_t *segment)
{
    unsigned long long n;
    char end;
    if (strlen(name) != 20 || sscanf(name, "wal-%16llx%c", &n, &end) != 1)
        return false;
    *segment = n;
    return true;
}

void log_init(struct log *log, const struct os *os, const char *dir, size_t segment_bytes, bool no_sync)
{
    *log = (struct log){.os = os, .dir = str_dup_c(str_of(dir)), .segment_bytes = segment_bytes, .no_sync = no_sync};
    pthread_mutex_init(&log->free_mutex, NULL);
}

void log_release(struct log *log)
{
    if (log->file != NULL)
        log->os->close(log->file);
    buf_release(&log->staged);
    mem_free(log->dir);
    pthread_mutex_destroy(&log->free_mutex);
}

static int fail(struct log *log, int error, const char *what)
{
    if (error != 0 && log->error == 0) {
        log->error = error;
        log->failed = what;
    }
    return log->error;
}

// A file with its space reserved, made under a name of its own: the rename then puts it in the place of an unfinished
// segment of the same number, so that there is one or the other at every moment.
static int create_segment_file(struct log *log, const char *path)
{
    char made[4096];
    snprintf(made, sizeof(made), "%s/wal.new", log->dir);
    int rc = log->os->open(log->os, made, OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &log->file);
    if (rc == 0)
        rc = log->os->allocate(log->file, 0, log->segment_bytes);
    if (rc == EOPNOTSUPP || rc == ENOSYS)
        rc = 0;
    log->zeroed_to = 0;
    return rc == 0 ? log->os->rename(log->os, made, path) : rc;
}

static int recycle_segment_file(struct log *log, uint64_t recycled, const char *path)
{
    char old[4096];
    log_segment_path(log, recycled, old, sizeof(old));
    int rc = log->os->rename(log->os, old, path);
    if (rc == 0)
        rc = log->os->open(log->os, path, 0, &log->file);
    return rc == 0 ? log->os->size(log->file, &log->zeroed_to) : rc;
}

// Opens the file of a new segment: a recycled one under its new name, or a new one.
static int open_segment(struct log *log, uint64_t segment)
{
    char path[4096];
    log_segment_path(log, segment, path, sizeof(path));
    uint64_t recycled = 0;
    pthread_mutex_lock(&log->free_mutex);
    if (log->recycled_count > 0)
        recycled = log->recycled[--log->recycled_count];
    pthread_mutex_unlock(&log->free_mutex);
    int rc = recycled != 0 ? recycle_segment_file(log, recycled, path) : create_segment_file(log, path);
    if (rc == 0)
        rc = log->os->sync_dir(log->os, log->dir);
    return fail(log, rc, "creating a write-ahead log segment");
}

static int write_segment_header(struct log *log, uint64_t previous_end)
{
    char header[LOG_HEADER_BYTES] = "PALMWAL1";
    memcpy(header + 8, &log->segment, 8);
    memcpy(header + 16, &previous_end, 8);
    uint32_t crc = crc32c(0, header, LOG_HEADER_BYTES - 4);
    memcpy(header + LOG_HEADER_BYTES - 4, &crc, 4);
    return fail(log, log->os->write_at(log->file, header, sizeof(header), 0), "writing the write-ahead log");
}

int log_start_segment(struct log *log, uint64_t segment, uint64_t previous_end)
{
    if (log->file != NULL)
        log->os->close(log->file);
    log->file = NULL;
    int rc = open_segment(log, segment);
    if (rc != 0)
        return rc;
    log->segment = segment;
    log->offset = LOG_HEADER_BYTES;
    log->synced = 0;
    log->zeroed_to = MAX(log->zeroed_to, (uint64_t)LOG_HEADER_BYTES);
    pthread_mutex_lock(&log->free_mutex);
    log->live_last = segment;
    pthread_mutex_unlock(&log->free_mutex);
    return write_segment_header(log, previous_end);
}

// Zeroes ahead so that the next small appends overwrite blocks the file has already.
static int zero_ahead(struct log *log, uint64_t end)
{
    static const char zeros[ZERO_BYTES];
    if (end <= log->zeroed_to)
        return 0;
    uint64_t to = MIN((end + ZERO_BYTES) & ~(uint64_t)(ZERO_BYTES - 1), MAX(log->segment_bytes, end));
    int rc = 0;
    for (uint64_t at = end; at < to && rc == 0; at += ZERO_BYTES)
        rc = log->os->write_at(log->file, zeros, (size_t)MIN(to - at, (uint64_t)ZERO_BYTES), at);
    log->zeroed_to = to;
    return rc;
}

static void flush(struct log *log)
{
    if (log->error != 0 || log->staged.len == 0)
        return;
    uint64_t end = log->offset + log->staged.len;
    int rc = log->os->write_at(log->file, log->staged.ptr, log->staged.len, log->offset);
    if (rc == 0)
        rc = zero_ahead(log, end);
    fail(log, rc, "writing the write-ahead log");
    atomic_fetch_add_explicit(&log->bytes_logged, log->staged.len, memory_order_relaxed);
    log->offset = end;
    buf_clear(&log->staged);
}

static void append(struct log *log, const void *bytes, size_t len)
{
    log->crc = crc32c(log->crc, bytes, len);
    buf_append(&log->staged, bytes, len);
    if (log->staged.len >= STAGED_BYTES_MAX)
        flush(log);
}

static uint64_t record_bytes(uint64_t payload_len)
{
    return (LOG_RECORD_HEADER_BYTES + payload_len + LOG_RECORD_TRAILER_BYTES + 7) & ~(uint64_t)7;
}

void log_begin(struct log *log, uint64_t version, uint64_t payload_len)
{
    INVARIANT(log->record_left == 0 && payload_len <= UINT32_MAX);
    uint64_t at = log->offset + log->staged.len;
    if (log->error == 0 && at > LOG_HEADER_BYTES && at + record_bytes(payload_len) > log->segment_bytes &&
        log_roll(log) != 0)
        return;
    char header[LOG_RECORD_HEADER_BYTES] = {0};
    uint32_t len = (uint32_t)payload_len, synced = (uint32_t)(log->synced / 8);
    memcpy(header, &len, 4);
    memcpy(header + 4, &synced, 4);
    memcpy(header + 8, &log->segment, 8);
    memcpy(header + 16, &version, 8);
    log->crc = 0;
    log->record_left = payload_len;
    append(log, header, sizeof(header));
}

void log_op(struct log *log, enum log_op_kind kind, struct str key, struct str value)
{
    char header[LOG_OP_HEADER_BYTES] = {(char)kind};
    uint32_t key_len = (uint32_t)key.len, value_len = (uint32_t)value.len;
    memcpy(header + 1, &key_len, 4);
    memcpy(header + 5, &value_len, 4);
    size_t bytes = log_op_bytes(key.len, value.len);
    INVARIANT(log->error != 0 || log->record_left >= bytes);
    log->record_left -= bytes;
    append(log, header, sizeof(header));
    append(log, key.ptr, key.len);
    append(log, value.ptr, value.len);
}

void log_end(struct log *log)
{
    INVARIANT(log->error != 0 || log->record_left == 0);
    log->record_left = 0;
    uint32_t crc = log->crc;
    append(log, &crc, sizeof(crc));
    buf_fill(&log->staged, 0, (8 - (log->offset + log->staged.len) % 8) % 8);
}

int log_sync(struct log *log)
{
    flush(log);
    if (log->error != 0 || log->no_sync)
        return log->error;
    atomic_fetch_add_explicit(&log->syncs, 1, memory_order_relaxed);
    int rc = fail(log, log->os->sync(log->file), "syncing the write-ahead log");
    log->synced = rc == 0 ? log->offset : log->synced;
    return rc;
}

int log_roll(struct log *log)
{
    if (log_sync(log) != 0)
        return log->error;
    return log_start_segment(log, log->segment + 1, log->offset);
}

void log_free_before(struct log *log, uint64_t first)
{
    for (;;) {
        pthread_mutex_lock(&log->free_mutex);
        uint64_t segment = log->live_first;
        bool done = segment >= first || segment >= log->live_last;
        bool keep = !done && log->recycled_count < LOG_RECYCLED_MAX;
        if (!done)
            log->live_first++;
        if (keep)
            log->recycled[log->recycled_count++] = segment;
        pthread_mutex_unlock(&log->free_mutex);
        if (done)
            return;
        char path[4096];
        log_segment_path(log, segment, path, sizeof(path));
        if (!keep && log->os->unlink(log->os, path) != 0)
            log_warning("cannot remove %s, which is no longer needed", path);
    }
}

uint64_t log_disk_bytes(struct log *log)
{
    pthread_mutex_lock(&log->free_mutex);
    uint64_t files = log->live_last - log->live_first + 1 + log->recycled_count;
    pthread_mutex_unlock(&log->free_mutex);
    return files * log->segment_bytes;
}
