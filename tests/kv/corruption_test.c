// Damage to a small store, everywhere: bits flipped, pages zeroed and swapped, files cut. Whatever is done, opening the
// store is refused, or what it holds is what was acknowledged. One thing nobody can tell: whether the end of the log
// was never written or has been destroyed with all that came after; then the store is what it was some commits before,
// and that is counted by itself. `corruption_test [STEP]`: one bit in every STEP bytes.
#include "kvtest.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, FILES_MAX = 16, KEYS = 1200, FLIP_STEP_DEFAULT = 4999 };

static char original[200], damaged[200];

static struct kv *open_store(const char *dir, struct err *err)
{
    char url[220];
    struct kv *kv = NULL;
    struct kv_options options = {.memtable_bytes = 64 << 10, .must_exist = true, .no_sync = true};
    snprintf(url, sizeof(url), "local:%s", dir);
    return kv_open(url, &options, &kv, err) == 0 ? kv : NULL;
}

static void put_some(struct kv *kv, int from, int to, const char *prefix)
{
    char key[600], value[9000];
    for (int i = from; i < to; i += 10) {
        struct kv_txn *t;
        CHECK_OK(kv_begin(kv, NULL, &t));
        for (int k = i; k < i + 10; k++) {
            int key_len = snprintf(key, sizeof(key), "%s%06d", prefix, k % KEYS);
            if (k % 97 == 0) { // long keys share buckets, long values have pages of their own
                memset(key + key_len, 'k', 560 - (size_t)key_len);
                key_len = 560;
            }
            size_t len = k % 61 == 0 ? sizeof(value) : (size_t)(20 + k % 180);
            memset(value, 'a' + k % 26, len);
            memcpy(value, &k, sizeof(k));
            CHECK_OK(kv_put(t, (struct str){key, (size_t)key_len}, (struct str){value, len}));
        }
        if (i % 100 == 0)
            CHECK_OK(kv_delete(t, (struct str){key, 7}));
        CHECK_OK(kv_commit(t, &(uint64_t){0}));
    }
}

// What the store holds, in one number; false: reading failed.
static bool fingerprint(struct kv *kv, uint64_t *out)
{
    struct kv_txn *t;
    struct kv_scan *scan;
    struct kv_batch b = {0};
    *out = 0;
    if (kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &t) != KV_OK)
        return false;
    enum kv_result r = kv_scan_open(t, (struct kv_range){STR_EMPTY, STR_NONE}, 0, 0, &scan);
    while (r == KV_OK && (r = kv_scan_next(scan, 100, &b)) == KV_OK && b.n > 0) {
        for (size_t i = 0; i < b.n; i++) {
            uint32_t crc =
                crc32c(crc32c(0, b.pairs[i].key.ptr, b.pairs[i].key.len), b.pairs[i].value.ptr, b.pairs[i].value.len);
            *out = *out * 1000003 + crc;
        }
    }
    kv_abort(t);
    return r == KV_OK;
}

struct file {
    char name[256];
    char *bytes;
    size_t len;
};
static struct file files[FILES_MAX];
static size_t n_files;

static void read_files(void)
{
    DIR *d = opendir(original);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[600];
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", original, e->d_name);
        if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || strcmp(e->d_name, "lock.mdb") == 0)
            continue;
        CHECK(n_files < FILES_MAX);
        struct file *f = &files[n_files++];
        snprintf(f->name, sizeof(f->name), "%s", e->d_name);
        f->bytes = malloc((size_t)st.st_size + 1);
        FILE *in = fopen(path, "r");
        f->len = fread(f->bytes, 1, (size_t)st.st_size, in);
        fclose(in);
    }
    closedir(d);
}

static void write_file(const struct file *f, const char *bytes, size_t len)
{
    char path[8192];
    snprintf(path, sizeof(path), "%s/%s", damaged, f->name);
    FILE *out = fopen(path, "w");
    if (out == NULL || fwrite(bytes, 1, len, out) != len)
        abort();
    fclose(out);
}

// A fresh copy of the store, without what the last trial has left.
static void restore_all(void)
{
    char command[500];
    snprintf(command, sizeof(command), "rm -rf '%s' && mkdir '%s'", damaged, damaged);
    if (system(command) != 0)
        abort();
    for (size_t i = 0; i < n_files; i++)
        write_file(&files[i], files[i].bytes, files[i].len);
}

static struct counts {
    uint64_t trials, refused, harmless, torn, wrong;
} counts;
enum { LOGGED = 10 };
static uint64_t expected, before_end[LOGGED]; // content, and what it was before each commit that is in the log only
static bool dirty = true;                     // the copy is not as it was

// Damages one file as given, opens, compares.
static void trial(const struct file *f, const char *bytes, size_t len, const char *what, size_t at)
{
    struct err err = ERR_INIT;
    uint64_t found = 0;
    if (dirty)
        restore_all();
    write_file(f, bytes, len);
    struct kv *kv = open_store(damaged, &err);
    counts.trials++;
    dirty = kv != NULL;
    if (kv == NULL) { // refused stores are left as they are
        write_file(f, f->bytes, f->len);
        counts.refused++;
        err_reset(&err);
        return;
    }
    bool read = fingerprint(kv, &found);
    kv_close(kv);
    if (read && found == expected) {
        counts.harmless++;
        return;
    }
    for (int i = 0; read && i < LOGGED && strncmp(f->name, "wal-", 4) == 0; i++) {
        if (found == before_end[i]) {
            counts.torn++;
            return;
        }
    }
    counts.wrong++;
    printf("  %s: %s at %zu of %zu: %s\n", f->name, what, at, f->len, read ? "other content" : "reading failed");
    CHECK(!"damage is detected or harmless");
}

static void flip_bits(struct file *f, size_t step)
{
    for (size_t at = 0; at < f->len; at += step) {
        f->bytes[at] ^= (char)(1 << at / step % 8);
        char *copy = malloc(f->len);
        memcpy(copy, f->bytes, f->len);
        f->bytes[at] ^= (char)(1 << at / step % 8);
        trial(f, copy, f->len, "bit flipped", at);
        free(copy);
    }
}

static void zero_and_swap_pages(struct file *f, size_t step)
{
    char *copy = malloc(f->len + 1);
    for (size_t at = 0; at + PAGE <= f->len; at += PAGE * step) {
        memcpy(copy, f->bytes, f->len);
        memset(copy + at, 0, PAGE);
        trial(f, copy, f->len, "page zeroed", at);
        size_t other = (at + 7 * PAGE) % (f->len / PAGE * PAGE);
        memcpy(copy + at, f->bytes + other, PAGE);
        memcpy(copy + other, f->bytes + at, PAGE);
        trial(f, copy, f->len, "pages swapped", at);
    }
    free(copy);
}

static void truncate_everywhere(struct file *f, size_t step)
{
    for (size_t len = 0; len < f->len; len += step)
        trial(f, f->bytes, len, "truncated", len);
}

static void make_store(void)
{
    struct err err = ERR_INIT;
    struct kv *kv;
    char url[220];
    const char *tmp = getenv("TMPDIR");
    snprintf(original, sizeof(original), "%s/palmetto-corruption-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(original) == NULL)
        exit(2);
    snprintf(damaged, sizeof(damaged), "%.150s.damaged", original);
    snprintf(url, sizeof(url), "local:%s", original);
    struct kv_options options = {.memtable_bytes = 64 << 10};
    CHECK_INT(kv_open(url, &options, &kv, &err), 0);
    put_some(kv, 0, KEYS * 2, "a"); // several checkpoints, pages freed and used again
    put_some(kv, 0, KEYS, "b");
    CHECK_OK(kv_checkpoint(kv));
    for (int i = 0; i < LOGGED; i++) {
        CHECK(fingerprint(kv, &before_end[i]));
        put_some(kv, i * 10, i * 10 + 10, "c");
    }
    CHECK(fingerprint(kv, &expected));
    read_files(); // as a killed process leaves them
    kv_close(kv);
}

int main(int argc, char **argv)
{
    size_t step = argc > 1 ? (size_t)atoi(argv[1]) : FLIP_STEP_DEFAULT;
    make_store();
    for (size_t i = 0; i < n_files; i++) {
        struct file *f = &files[i];
        struct counts before = counts;
        flip_bits(f, f->len < 100 ? 1 : step);
        zero_and_swap_pages(f, 1);
        truncate_everywhere(f, f->len < 100 ? 1 : step * 4 + 1);
        printf("%-22s %8zu bytes: %6llu trials, %6llu refused, %6llu harmless, %llu cut, %llu wrong\n", f->name, f->len,
               (unsigned long long)(counts.trials - before.trials),
               (unsigned long long)(counts.refused - before.refused),
               (unsigned long long)(counts.harmless - before.harmless), (unsigned long long)(counts.torn - before.torn),
               (unsigned long long)(counts.wrong - before.wrong));
    }
    char command[500];
    snprintf(command, sizeof(command), "rm -rf '%s' '%s'", original, damaged);
    if (system(command) != 0)
        printf("cannot remove %s\n", original);
    printf("%llu trials: %llu refused, %llu harmless, %llu whose log just ends earlier, %llu wrong\n",
           (unsigned long long)counts.trials, (unsigned long long)counts.refused, (unsigned long long)counts.harmless,
           (unsigned long long)counts.torn, (unsigned long long)counts.wrong);
    printf("%llu passed, %llu failed, 0 skipped\n", (unsigned long long)(counts.trials - counts.wrong),
           (unsigned long long)counts.wrong);
    return kvtest_failures() != 0;
}
