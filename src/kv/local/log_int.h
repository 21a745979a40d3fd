// The write-ahead log: numbered segment files, each a header and a run of records, one record per transaction.
//
//   segment  wal-0000000000000007   header (64 bytes), records, zeros
//   header   magic, segment number, where the segment before ended, CRC32C
//   record   u32 payload length, u32 synced, u64 segment number, u64 commit version, payload, u32 CRC32C, padding to 8
//   payload  operations: u8 kind, u32 key length, u32 value length, key, value (all integers little-endian)
//
// Invariants
//  1. A record lies in one segment. The CRC covers its header and payload; the segment number inside keeps records of a
//     recycled file's former life from being taken for this one's.
//  2. A segment is appended to by one process life only: opening a store starts a new segment, whose header says where
//     the one before ended. So a bad record at exactly that place is a torn tail that was cut once and for all, and a
//     bad record earlier is damage.
//     A record says up to where its segment was synced before it was written (in units of 8 bytes; 0: not at all). So a
//     bad record in the last segment before that place of any later one is no torn tail either, nor is a bad header.
//  3. Nothing is acknowledged before its record, its segment's header and the segment's name are synced.
//  4. After any failed write or sync the log refuses everything (`error` is sticky).
//
// Space is reserved per segment and zeroed ahead of the writing position, so that a sync of a small append writes no
// file system metadata; segments no longer needed are renamed and overwritten instead of made anew.
//
// Threads: appending and rolling belong to the commit leader; log_free_before to the checkpoint. `free_mutex` guards
// what the two share.
#ifndef KV_LOCAL_LOG_INT_H
#define KV_LOCAL_LOG_INT_H

#include "base/buf.h"
#include "os/os.h"
#include <pthread.h>
#include <stdatomic.h>

struct err;

enum log_op_kind { LOG_OP_PUT = 1, LOG_OP_DELETE = 2, LOG_OP_ADD = 3 };
enum { LOG_OP_HEADER_BYTES = 9, LOG_SEGMENT_NAME_MAX = 32, LOG_RECYCLED_MAX = 4 };

struct log {
    const struct os *os;
    char *dir;
    size_t segment_bytes;
    bool no_sync, read_only;
    struct os_file *file; // the segment being written; NULL: read_only
    uint64_t segment;
    uint64_t offset;      // where the staged bytes begin
    uint64_t synced;      // what is before is on the disk; 0: not even the header is
    uint64_t zeroed_to;   // the file is written up to here
    uint32_t crc;         // of the record being built
    struct buf staged;    // not yet written
    uint64_t record_left; // payload bytes the open record still expects
    int error;            // errno of the first failure; sticky
    const char *failed;   // which operation failed
    _Atomic uint64_t bytes_logged, syncs;

    pthread_mutex_t free_mutex;
    uint64_t live_first;                 // oldest segment that recovery needs
    uint64_t live_last;                  // newest
    uint64_t recycled[LOG_RECYCLED_MAX]; // numbers (names) of files to reuse
    size_t recycled_count;
};

// One operation found by replay.
struct log_op {
    enum log_op_kind kind;
    struct str key, value;
};
struct log_replay {
    // Called for each operation of a whole record, then `commit` at its end. Nonzero stops.
    int (*op)(void *arg, uint64_t version, const struct log_op *op, struct err *err);
    int (*commit)(void *arg, uint64_t version, struct err *err);
    int (*segment_end)(void *arg, uint64_t next_segment, struct err *err);
    void *arg;
};

void log_init(struct log *log, const struct os *os, const char *dir, size_t segment_bytes, bool no_sync);
void log_release(struct log *log);
// Replays segments from `first` on, syncs what it read, starts a new segment after the last (read_only: neither).
int log_recover(struct log *log, uint64_t first, const struct log_replay *replay, struct err *err) MUST_CHECK;

// Payload size of one operation.
static inline size_t log_op_bytes(size_t key_len, size_t value_len)
{
    return LOG_OP_HEADER_BYTES + key_len + value_len;
}
// A record: begin, `payload_len` bytes of operations, end. Failures show at log_sync.
void log_begin(struct log *log, uint64_t version, uint64_t payload_len);
void log_op(struct log *log, enum log_op_kind kind, struct str key, struct str value);
void log_end(struct log *log);
// Everything appended is on the disk, or an errno value.
int log_sync(struct log *log) MUST_CHECK;
// Starts a new segment; its number is log->segment afterwards.
int log_roll(struct log *log) MUST_CHECK;
// The segments before `first` are no longer needed.
void log_free_before(struct log *log, uint64_t first);
uint64_t log_disk_bytes(struct log *log); // about

// Shared by log.c and replay.c.
enum { LOG_HEADER_BYTES = 64, LOG_RECORD_HEADER_BYTES = 24, LOG_RECORD_TRAILER_BYTES = 4 };
void log_segment_path(const struct log *log, uint64_t segment, char *out, size_t out_size);
bool log_parse_name(const char *name, uint64_t *segment);
int log_start_segment(struct log *log, uint64_t segment, uint64_t previous_end);

#endif
