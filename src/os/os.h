// Files and clocks behind a table of functions, so that tests can fail, delay or lose any operation (os/sim does).
// Everything that must survive a crash goes through here; os_real() is the kernel.
//
// Errors: functions return 0 or a positive errno value. Nothing is retried except EINTR.
// Threads: any number may use one `struct os`; a file may be used by several threads at once.
// Paths are NUL-terminated; relative ones are relative to the working directory.
//
// Durability is POSIX at its weakest: bytes written are on the disk only after `sync` of that file returned 0, names
// (created, renamed, removed) only after `sync_dir` of their directory returned 0; until then any subset may survive,
// torn at sector bounds. After a failed sync nothing is known about the file, and syncing again proves nothing.
//
// LMDB's files. The B+tree (kv/local) maps its data file into memory and writes it by itself, in the directory that
// `native_path` gives for the store's directory. It uses exactly these calls on `data.mdb`: pwrite(2), pwritev(2) or
// writev(2) after lseek(2), fdatasync(2), and pwrite(2) of the 4 KiB meta page on a second descriptor opened with
// O_DSYNC; ftruncate(2) only when creating. A test that simulates power loss defines these symbols in its executable
// (the executable's definitions win over those liblmdb.so would call), tells the file by fstat(2), and keeps what was
// written since the last sync; `lock.mdb` is rebuilt at every open and needs no care.
#ifndef OS_OS_H
#define OS_OS_H

#include "base/base.h"

struct os;

// An open file. Implementations embed this as first member.
struct os_file {
    const struct os *os;
};

enum os_open_flags {
    OS_OPEN_CREATE = 1,    // make it when missing
    OS_OPEN_EXCLUSIVE = 2, // with CREATE: EEXIST when there
    OS_OPEN_TRUNCATE = 4,
    OS_OPEN_READ_ONLY = 8,
};

struct os {
    const char *name; // for log lines: "real", "sim"

    // Files are made with mode 0600.
    int (*open)(const struct os *os, const char *path, unsigned flags, struct os_file **out) MUST_CHECK;
    void (*close)(struct os_file *file);
    // Reads up to len bytes; *got is less than len only at the end of the file.
    int (*read_at)(struct os_file *file, void *bytes, size_t len, uint64_t offset, size_t *got) MUST_CHECK;
    // Writes all len bytes or fails (having written any part of them).
    int (*write_at)(struct os_file *file, const void *bytes, size_t len, uint64_t offset) MUST_CHECK;
    int (*sync)(struct os_file *file) MUST_CHECK; // fdatasync: the bytes and what is needed to read them back
    int (*size)(struct os_file *file, uint64_t *out) MUST_CHECK;
    int (*truncate)(struct os_file *file, uint64_t size) MUST_CHECK;
    // Reserves disk space and extends the size to offset + len; new bytes read as zero. EOPNOTSUPP is not a failure.
    int (*allocate)(struct os_file *file, uint64_t offset, uint64_t len) MUST_CHECK;
    // Exclusive lock of the whole file until close; EAGAIN when another open file (of any process) holds it.
    int (*lock)(struct os_file *file) MUST_CHECK;

    int (*make_dir)(const struct os *os, const char *path) MUST_CHECK; // mode 0700; EEXIST when there
    int (*sync_dir)(const struct os *os, const char *path) MUST_CHECK;
    int (*rename)(const struct os *os, const char *from, const char *to) MUST_CHECK; // replaces `to`
    int (*unlink)(const struct os *os, const char *path) MUST_CHECK;
    // Calls visit for each name in the directory but "." and "..", in no order.
    int (*list)(const struct os *os, const char *path, void (*visit)(void *arg, const char *name),
                void *arg) MUST_CHECK;
    // Where in the kernel's file system the directory `path` keeps files that are mapped into memory. The real os
    // answers the path itself; a simulated one a directory of its own, which it has created.
    int (*native_path)(const struct os *os, const char *path, char *out, size_t out_size) MUST_CHECK;

    int64_t (*wall_ns)(const struct os *os); // since the Unix epoch
    int64_t (*mono_ns)(const struct os *os);
};

const struct os *os_real(void);

// Blocks the calling thread while *word == expected, until os_wake or for timeout_ns (negative: without limit).
// Returns on a change, a wake-up, a signal or the time-out: the caller looks at *word again. Uses no CPU meanwhile.
void os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);
void os_wake(_Atomic uint32_t *word); // one waiter
void os_wake_all(_Atomic uint32_t *word);

#endif
