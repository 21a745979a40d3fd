#include "kvtest.h"

#include "base/buf.h"
#include "kv/model/model.h"
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

const struct engine engines[] = {
    {"model", "model:", 0, false},
    {"mem", "mem:", 0, false},
    {"mem-checkpointed", "mem:", 0, true},
    {"local", "local:", 0, false},
    {"local-checkpointed", "local:", 0, true},
    {"local-tiny", "local:", 16 << 10, false},
};
const size_t engines_count = ARRAY_LEN(engines);

static int failures;

void check_failed_at(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    failures++;
    printf("  %s:%d: ", file, line);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

int kvtest_failures(void)
{
    return failures;
}

void make_temp_dir(char *out, size_t size)
{
    const char *base = getenv("TMPDIR");
    snprintf(out, size, "%s/palmetto-kv-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(out) == NULL) {
        perror(out);
        exit(2);
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool store_has_files(const struct store *s)
{
    return strcmp(s->engine->scheme, "local:") == 0;
}

bool store_is_model(const struct store *s)
{
    return strcmp(s->engine->scheme, "model:") == 0;
}

static void open_again(struct store *s)
{
    struct err err = ERR_INIT;
    if (kv_open(s->url, &s->options, &s->kv, &err) != 0) {
        printf("cannot open %s: %s\n", s->url, err.message);
        exit(2);
    }
}

void store_open_with(struct store *s, const struct engine *engine, const struct kv_options *options)
{
    kv_model_register();
    *s = (struct store){.engine = engine, .options = *options};
    s->options.memtable_bytes = engine->memtable_bytes;
    char dir[150] = "";
    if (store_has_files(s))
        make_temp_dir(dir, sizeof(dir));
    snprintf(s->url, sizeof(s->url), "%s%s", engine->scheme, dir);
    open_again(s);
}

void store_open(struct store *s, const struct engine *engine)
{
    struct kv_options options = {.no_sync = true};
    store_open_with(s, engine, &options);
}

void store_reopen(struct store *s)
{
    kv_close(s->kv);
    open_again(s);
}

void store_close(struct store *s)
{
    kv_close(s->kv);
    if (store_has_files(s))
        remove_tree(s->url + strlen("local:"));
}

struct kv_txn *begin_with(struct store *s, struct kv_begin_options options)
{
    struct kv_txn *t = NULL;
    enum kv_result r = kv_begin(s->kv, &options, &t);
    if (r != KV_OK) {
        printf("cannot begin: %s\n", kv_result_name(r));
        exit(2);
    }
    return t;
}

struct kv_txn *begin_txn(struct store *s)
{
    return begin_with(s, (struct kv_begin_options){0});
}

struct kv_txn *begin_read_only(struct store *s)
{
    return begin_with(s, (struct kv_begin_options){.read_only = true});
}

struct kv_range range_of(const char *start, const char *end_or_null)
{
    return (struct kv_range){str_of(start), end_or_null != NULL ? str_of(end_or_null) : STR_NONE};
}

void put_at(int line, struct kv_txn *t, const char *key, const char *value)
{
    enum kv_result r = kv_put(t, str_of(key), str_of(value));
    if (r != KV_OK)
        check_failed_at("", line, "put %s: %s", key, kv_result_name(r));
}

void get_at(int line, struct kv_txn *t, unsigned flags, const char *key, const char *expected_or_null)
{
    struct kv_value v = {0};
    enum kv_result r = kv_get(t, str_of(key), flags, &v);
    if (r != KV_OK)
        check_failed_at("", line, "get %s: %s", key, kv_result_name(r));
    else if (expected_or_null == NULL ? v.found : !v.found || !str_eqc(v.value, expected_or_null))
        check_failed_at("", line, "get %s is %.*s, expected %s", key, v.found ? (int)v.value.len : 4,
                        v.found ? v.value.ptr : "none", expected_or_null != NULL ? expected_or_null : "none");
}

void scan_at(int line, struct kv_txn *t, const char *start, const char *end_or_null, unsigned flags, uint64_t limit,
             const char *expected)
{
    struct kv_scan *scan = NULL;
    struct kv_batch batch = {0};
    struct buf got = BUF_INIT;
    enum kv_result r = kv_scan_open(t, range_of(start, end_or_null), flags, limit, &scan);
    while (r == KV_OK && (r = kv_scan_next(scan, 3, &batch)) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n; i++)
            buf_printf(&got, "%s%.*s=%.*s", got.len > 0 ? " " : "", STR_FMT(batch.pairs[i].key),
                       STR_FMT(batch.pairs[i].value));
    }
    if (r != KV_OK)
        check_failed_at("", line, "scan [%s, %s): %s", start, end_or_null, kv_result_name(r));
    else if (!str_eqc(buf_view(&got), expected))
        check_failed_at("", line, "scan [%s, %s) is \"%s\", expected \"%s\"", start, end_or_null, buf_c(&got),
                        expected);
    kv_scan_close(scan);
    buf_release(&got);
}

uint64_t commit_at(int line, struct store *s, struct kv_txn *t, enum kv_result expected)
{
    uint64_t version = 0;
    enum kv_result r = kv_commit(t, &version);
    if (r != expected)
        check_failed_at("", line, "commit is %s, expected %s", kv_result_name(r), kv_result_name(expected));
    if (s->engine->checkpoint_always && kv_checkpoint(s->kv) != KV_OK)
        check_failed_at("", line, "checkpoint failed: %s", kv_failure(s->kv));
    return version;
}

uint64_t write_at(int line, struct store *s, const char *what)
{
    struct kv_txn *t = begin_txn(s);
    char key[64], value[64];
    int n = 0;
    for (const char *p = what; *p != '\0'; p += n) {
        if (sscanf(p, " -%63[^= ] %n", key, &n) == 1)
            CHECK_OK(kv_delete(t, str_of(key)));
        else if (sscanf(p, " %63[^= ]=%63[^ ] %n", key, value, &n) == 2)
            put_at(line, t, key, value);
        else
            INVARIANT(!"bad text for write_at");
    }
    return commit_at(line, s, t, KV_OK);
}

void holds_at(int line, struct store *s, const char *expected)
{
    struct kv_txn *t = begin_read_only(s);
    scan_at(line, t, "", NULL, 0, 0, expected);
    kv_abort(t);
}
