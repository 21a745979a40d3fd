// Small leaf utilities: clocks, random numbers, UTF-8, CRC32C, hex and base64, logging, blocking notification.
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include "base/base.h"
#include "base/str.h"
#include "base/buf.h"

// Clocks, nanoseconds. Wall time since the Unix epoch; monotonic time since an arbitrary point.
int64_t clock_wall_ns(void);
int64_t clock_mono_ns(void);

// Deterministic generator (xoshiro256**) for tests and sampling; never for secrets.
struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t bound); // [0, bound)
double rng_unit(struct rng *r);                    // [0, 1)
// Cryptographically secure bytes from the kernel; aborts if the kernel cannot give them.
void secure_random(void *out, size_t len);

// UTF-8. Decodes one code point at s[*at], advances; -1 on an invalid sequence (advances by one byte).
int32_t utf8_next(struct str s, size_t *at);
// The bytes of the character at `at` of well-formed text, for messages that name it.
struct str utf8_char(struct str s, size_t at);
void utf8_put(struct buf *b, uint32_t code_point);
bool utf8_valid(struct str s);
size_t utf8_length(struct str s); // code points
// Byte offset of the n-th code point, or s.len when shorter.
size_t utf8_offset(struct str s, size_t n);

// Bytes as people read them, in binary units: "512 B", "1.5 KiB", "64 MiB".
void size_print(struct buf *b, uint64_t bytes);

uint32_t crc32c(uint32_t crc, const void *ptr, size_t len);

void hex_encode(struct buf *b, struct str bytes);
bool hex_decode(struct buf *b, struct str hex);
void base64_encode(struct buf *b, struct str bytes);
bool base64_decode(struct buf *b, struct str text);

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR, LOG_LEVEL_FATAL };
// One line to standard error (or the file set): "I261123 10:00:00.123456 message". Thread-safe.
void log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
void log_set_level(enum log_level lowest);
void log_set_fd(int fd);

// A thread that is about to block for long (lock wait, commit, sleep) says so, so that a worker pool can start another
// worker meanwhile. The pool installs the hooks per thread; without them these do nothing.
struct block_hooks {
    void (*enter)(void *arg);
    void (*leave)(void *arg);
    void *arg;
};
void block_hooks_install(const struct block_hooks *hooks_or_null); // this thread
void block_enter(void);
void block_leave(void);

#endif
