// Shared by the suites of the key-value store: stores of every engine, short verbs with checks.
#ifndef TESTS_KV_KVTEST_H
#define TESTS_KV_KVTEST_H

#include "base/err.h"
#include "base/util.h"
#include "kv/kv.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// As tests/unit/check.h, counted over several files.
void check_failed_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
int kvtest_failures(void);
#define CHECK(cond)                                           \
    do {                                                      \
        if (!(cond))                                          \
            check_failed_at(__FILE__, __LINE__, "%s", #cond); \
    } while (0)
#define CHECK_INT(actual, expected)                                                            \
    do {                                                                                       \
        long long a_ = (long long)(actual), e_ = (long long)(expected);                        \
        if (a_ != e_)                                                                          \
            check_failed_at(__FILE__, __LINE__, "%s is %lld, expected %lld", #actual, a_, e_); \
    } while (0)
#define CHECK_STR(actual, expected)                                                                               \
    do {                                                                                                          \
        struct str a_ = (actual), e_ = str_of(expected);                                                          \
        if (!str_eq(a_, e_))                                                                                      \
            check_failed_at(__FILE__, __LINE__, "%s is \"%.*s\", expected \"%s\"", #actual, STR_FMT(a_), e_.ptr); \
    } while (0)

// A way to run a store.
struct engine {
    const char *name;
    const char *scheme;
    size_t memtable_bytes;  // 0: default
    bool checkpoint_always; // kv_checkpoint after every commit of the verbs below
};
extern const struct engine engines[];
extern const size_t engines_count;

struct store {
    const struct engine *engine;
    struct kv_options options;
    struct kv *kv;
    char url[200];
};
// A fresh store (a temporary directory for engines with files). Ends the program when it cannot be opened.
void store_open(struct store *s, const struct engine *engine);
void store_open_with(struct store *s, const struct engine *engine, const struct kv_options *options);
void store_reopen(struct store *s); // closes and opens again; only engines with files
void store_close(struct store *s);  // and removes its directory
bool store_has_files(const struct store *s);
bool store_is_model(const struct store *s);
void remove_tree(const char *path);
void make_temp_dir(char *out, size_t size);

struct kv_txn *begin_txn(struct store *s);
struct kv_txn *begin_with(struct store *s, struct kv_begin_options options);
struct kv_txn *begin_read_only(struct store *s);

#define CHECK_RESULT(call, expected)                                                                \
    do {                                                                                            \
        enum kv_result a_ = (call), e_ = (expected);                                                \
        if (a_ != e_) {                                                                             \
            check_failed_at(__FILE__, __LINE__, "%s is %s, expected %s", #call, kv_result_name(a_), \
                            kv_result_name(e_));                                                    \
        }                                                                                           \
    } while (0)
#define CHECK_OK(call) CHECK_RESULT(call, KV_OK)

// Verbs; each checks its result. `where` is the caller's line.
void put_at(int line, struct kv_txn *t, const char *key, const char *value);
void get_at(int line, struct kv_txn *t, unsigned flags, const char *key, const char *expected_or_null);
void scan_at(int line, struct kv_txn *t, const char *start, const char *end_or_null, unsigned flags, uint64_t limit,
             const char *expected); // "a=1 b=2"
uint64_t commit_at(int line, struct store *s, struct kv_txn *t, enum kv_result expected);
#define PUT(t, key, value) put_at(__LINE__, t, key, value)
#define GET(t, key, expected) get_at(__LINE__, t, 0, key, expected)
#define GET_SNAPSHOT(t, key, expected) get_at(__LINE__, t, KV_READ_SNAPSHOT, key, expected)
#define SCAN(t, start, end, flags, limit, expected) scan_at(__LINE__, t, start, end, flags, limit, expected)
#define COMMIT(s, t) commit_at(__LINE__, s, t, KV_OK)
#define COMMIT_CONFLICT(s, t) ((void)commit_at(__LINE__, s, t, KV_CONFLICT))
#define DELETE(t, key) CHECK_OK(kv_delete(t, str_of(key)))
struct kv_range range_of(const char *start, const char *end_or_null);
// One transaction that puts "a=1 b=2 -c" (a minus deletes); its commit version.
uint64_t write_at(int line, struct store *s, const char *what);
#define WRITE(s, what) write_at(__LINE__, s, what)
// Checks in a new read-only transaction.
void holds_at(int line, struct store *s, const char *expected);
#define HOLDS(s, expected) holds_at(__LINE__, s, expected)

struct kv_case {
    const char *name;
    void (*run)(struct store *s);
    bool no_model; // of files, budgets and other things the model has not
};
extern const struct kv_case read_cases[], conflict_cases[], lock_cases[], store_cases[];
extern const size_t read_cases_count, conflict_cases_count, lock_cases_count, store_cases_count;

#endif
