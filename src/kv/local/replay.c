// Reading the write-ahead log back when a store is opened.
//
//   for each segment from the checkpoint's on:  header valid? -> records until one is invalid -> is that the end that
//   the next segment's header states?  yes: next segment  no: damage (XX001)  no next segment: torn tail, cut
#include "kv/local/log_int.h"

#include "base/err.h"
#include "base/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct segment_list {
    uint64_t *numbers;
    size_t len, cap;
};

struct segment {
    uint64_t number;
    struct buf bytes;
    bool valid; // header in order
    uint64_t previous_end;
};

static void collect(void *arg, const char *name)
{
    struct segment_list *list = arg;
    uint64_t number;
    if (!log_parse_name(name, &number))
        return;
    if (list->len == list->cap) {
        list->cap = MAX(list->cap * 2, (size_t)16);
        list->numbers = mem_realloc(list->numbers, size_mul(list->cap, sizeof(uint64_t)));
    }
    list->numbers[list->len++] = number;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int io_error(struct log *log, int error, uint64_t segment, struct err *err)
{
    return err_set(err, ERR_IO_ERROR, "could not read write-ahead log segment %016llx in \"%s\": %s",
                   (unsigned long long)segment, log->dir, strerror(error));
}

static int damaged(struct log *log, uint64_t segment, uint64_t offset, struct err *err)
{
    err_set(err, ERR_DATA_CORRUPTED, "write-ahead log segment %016llx in \"%s\" is damaged at offset %llu",
            (unsigned long long)segment, log->dir, (unsigned long long)offset);
    return err_hint(err, "Restore the store from a backup; its files have been changed or the disk is failing.");
}

// Reads a segment whole and syncs it: what a former process wrote without syncing is about to be relied upon.
static int load(struct log *log, uint64_t number, struct segment *out, struct err *err)
{
    char path[4096];
    log_segment_path(log, number, path, sizeof(path));
    *out = (struct segment){.number = number};
    struct os_file *file;
    int rc = log->os->open(log->os, path, log->read_only ? OS_OPEN_READ_ONLY : 0, &file);
    if (rc != 0)
        return io_error(log, rc, number, err);
    uint64_t size;
    size_t got = 0;
    rc = log->no_sync || log->read_only ? 0 : log->os->sync(file);
    if (rc == 0)
        rc = log->os->size(file, &size);
    if (rc == 0 && size > 0) {
        buf_reserve(&out->bytes, size);
        rc = log->os->read_at(file, out->bytes.ptr, size, 0, &got);
        out->bytes.len = got;
    }
    log->os->close(file);
    if (rc != 0)
        return io_error(log, rc, number, err);
    uint32_t crc;
    if (got < LOG_HEADER_BYTES)
        return 0;
    const char *header = out->bytes.ptr;
    memcpy(&crc, header + LOG_HEADER_BYTES - 4, 4);
    uint64_t stated;
    memcpy(&stated, header + 8, 8);
    memcpy(&out->previous_end, header + 16, 8);
    out->valid =
        memcmp(header, "PALMWAL1", 8) == 0 && crc == crc32c(0, header, LOG_HEADER_BYTES - 4) && stated == number;
    return 0;
}

struct record {
    uint64_t version;
    uint64_t synced; // the segment was on the disk up to there
    struct str payload;
    uint64_t end; // offset after the record
};

static bool parse_record(const struct segment *s, uint64_t at, struct record *out)
{
    if (s->bytes.len - at < LOG_RECORD_HEADER_BYTES + LOG_RECORD_TRAILER_BYTES)
        return false;
    const char *p = s->bytes.ptr + at;
    uint32_t len, synced, crc;
    uint64_t number;
    memcpy(&len, p, 4);
    memcpy(&synced, p + 4, 4);
    memcpy(&number, p + 8, 8);
    out->synced = (uint64_t)synced * 8;
    memcpy(&out->version, p + 16, 8);
    if (number != s->number || len > s->bytes.len - at - LOG_RECORD_HEADER_BYTES - LOG_RECORD_TRAILER_BYTES)
        return false;
    memcpy(&crc, p + LOG_RECORD_HEADER_BYTES + len, 4);
    if (crc != crc32c(0, p, LOG_RECORD_HEADER_BYTES + len))
        return false;
    out->payload = (struct str){p + LOG_RECORD_HEADER_BYTES, len};
    out->end = (at + LOG_RECORD_HEADER_BYTES + len + LOG_RECORD_TRAILER_BYTES + 7) & ~(uint64_t)7;
    return true;
}

static bool parse_op(struct str *payload, struct log_op *out)
{
    uint32_t key_len, value_len;
    if (payload->len < LOG_OP_HEADER_BYTES)
        return false;
    memcpy(&key_len, payload->ptr + 1, 4);
    memcpy(&value_len, payload->ptr + 5, 4);
    if ((uint64_t)key_len + value_len > payload->len - LOG_OP_HEADER_BYTES)
        return false;
    out->kind = (enum log_op_kind)payload->ptr[0];
    out->key = (struct str){payload->ptr + LOG_OP_HEADER_BYTES, key_len};
    out->value = (struct str){out->key.ptr + key_len, value_len};
    *payload = str_slice(*payload, log_op_bytes(key_len, value_len), payload->len);
    return out->kind >= LOG_OP_PUT && out->kind <= LOG_OP_ADD;
}

static int replay_segment(struct log *log, const struct segment *s, const struct log_replay *replay, uint64_t *end,
                          struct err *err)
{
    struct record record;
    for (*end = LOG_HEADER_BYTES; *end < s->bytes.len && parse_record(s, *end, &record); *end = record.end) {
        while (record.payload.len > 0) {
            struct log_op op;
            if (!parse_op(&record.payload, &op))
                return damaged(log, s->number, *end, err);
            TRY(replay->op(replay->arg, record.version, &op, err));
        }
        TRY(replay->commit(replay->arg, record.version, err));
    }
    return 0;
}

// Whether a record from `end` on proves that the segment was on the disk beyond `end`: then what is there is not the
// torn tail of a write that never was acknowledged.
static bool was_synced_beyond(const struct segment *s, uint64_t end)
{
    struct record record;
    for (uint64_t at = end; at + LOG_RECORD_HEADER_BYTES < s->bytes.len; at += 8) {
        if (parse_record(s, at, &record) && record.synced > end)
            return true;
    }
    return false;
}

// Replays `numbers`, which are consecutive. *previous_end: where the last segment with a header ended; *headless: there
// is one without after it.
static int replay_all(struct log *log, const uint64_t *numbers, size_t n, const struct log_replay *replay,
                      uint64_t *previous_end, bool *headless, struct err *err)
{
    struct segment s = {0}, following = {0};
    int rc = n > 0 ? load(log, numbers[0], &s, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        bool last = i + 1 == n;
        if (!last)
            TRY_GOTO(rc, done, load(log, numbers[i + 1], &following, err));
        uint64_t end = LOG_HEADER_BYTES;
        if (s.valid)
            TRY_GOTO(rc, done, replay_segment(log, &s, replay, &end, err));
        // A last segment that never got its header ends the log before it.
        if (!last && (following.valid ? following.previous_end != end || !s.valid : i + 2 < n)) {
            rc = damaged(log, s.number, end, err);
            goto done;
        }
        if (last && was_synced_beyond(&s, s.valid ? end : 0)) {
            rc = damaged(log, s.number, s.valid ? end : 0, err);
            goto done;
        }
        *previous_end = end;
        *headless = last ? !s.valid : !following.valid;
        if (last || *headless)
            break;
        buf_release(&s.bytes);
        s = following;
        following = (struct segment){0};
        TRY_GOTO(rc, done, replay->segment_end(replay->arg, s.number, err));
    }
done:
    buf_release(&s.bytes);
    buf_release(&following.bytes);
    return rc;
}

// Files below `first` are left from before a checkpoint: kept for reuse, the surplus removed.
static void adopt_old(struct log *log, const struct segment_list *list, uint64_t first)
{
    for (size_t i = 0; i < list->len && list->numbers[i] < first; i++) {
        char path[4096];
        log_segment_path(log, list->numbers[i], path, sizeof(path));
        if (log->recycled_count < LOG_RECYCLED_MAX)
            log->recycled[log->recycled_count++] = list->numbers[i];
        else if (log->os->unlink(log->os, path) != 0)
            log_warning("cannot remove %s, which is no longer needed", path);
    }
}

int log_recover(struct log *log, uint64_t first, const struct log_replay *replay, struct err *err)
{
    struct segment_list list = {0};
    int rc = log->os->list(log->os, log->dir, collect, &list);
    if (rc != 0) {
        rc = err_set(err, ERR_IO_ERROR, "could not list \"%s\": %s", log->dir, strerror(rc));
        goto done;
    }
    if (list.len > 1)
        qsort(list.numbers, list.len, sizeof(uint64_t), by_number);
    size_t from = 0;
    while (from < list.len && list.numbers[from] < first)
        from++;
    for (size_t i = from; i < list.len; i++) {
        if (list.numbers[i] != first + (i - from)) {
            rc = damaged(log, first + (i - from), 0, err);
            goto done;
        }
    }
    if (!log->read_only)
        adopt_old(log, &list, first);
    log->live_first = first; // replay may free segments already
    if (from == list.len && first > 1) {
        rc = damaged(log, first, 0, err);
        goto done;
    }
    uint64_t previous_end = 0, next = first + (list.len - from);
    bool headless = false;
    TRY_GOTO(rc, done, replay_all(log, list.numbers + from, list.len - from, replay, &previous_end, &headless, err));
    if (log->read_only)
        goto done;
    // An unfinished segment is replaced, not reused: records written to it but never synced could pass for later ones.
    rc = log_start_segment(log, headless ? next - 1 : next, previous_end);
    if (rc != 0)
        rc = err_set(err, ERR_IO_ERROR, "%s in \"%s\": %s", log->failed, log->dir, strerror(rc));
done:
    mem_free(list.numbers);
    return rc;
}
