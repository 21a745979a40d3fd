// Conformance: bounds, budgets, stores with files, opening and reopening.
#include "kvtest.h"

#include "base/budget.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void distributed_limits(struct store *unused)
{
    struct store s;
    struct kv_options options = {.impose_distributed_limits = true, .no_sync = true};
    store_open_with(&s, unused->engine, &options);
    struct kv_limits l = kv_limits(s.kv);
    CHECK_INT(l.key_bytes_max, 10000);
    CHECK_INT(l.value_bytes_max, 100000);
    CHECK_INT(l.txn_bytes_max, 10000000);
    char *bytes = calloc(1, 200000);
    struct kv_txn *t = begin_txn(&s);
    CHECK_OK(kv_put(t, (struct str){bytes, l.key_bytes_max}, (struct str){bytes, l.value_bytes_max}));
    CHECK_RESULT(kv_put(t, (struct str){bytes, l.key_bytes_max + 1}, STR("")), KV_TOO_LARGE);
    kv_abort(t);
    t = begin_txn(&s);
    CHECK_RESULT(kv_put(t, STR("k"), (struct str){bytes, l.value_bytes_max + 1}), KV_TOO_LARGE);
    kv_abort(t);
    t = begin_txn(&s);
    enum kv_result r = KV_OK;
    int puts = 0;
    for (; r == KV_OK && puts < 200; puts++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", puts);
        r = kv_put(t, str_of(key), (struct str){bytes, l.value_bytes_max});
    }
    if (r == KV_OK)
        r = kv_commit(t, &(uint64_t){0});
    else
        kv_abort(t);
    CHECK_RESULT(r, KV_TOO_LARGE);
    CHECK(puts >= 99);
    HOLDS(&s, "");
    free(bytes);
    store_close(&s);
}

static void budget_bounds_writes(struct store *s)
{
    struct budget budget;
    budget_init(&budget, "statement", 1 << 20, NULL);
    struct kv_txn *t = begin_with(s, (struct kv_begin_options){.budget = &budget});
    char key[16], value[1000] = {0};
    enum kv_result r = KV_OK;
    int i = 0;
    for (; i < 5000 && r == KV_OK; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        r = kv_put(t, str_of(key), (struct str){value, sizeof(value)});
    }
    CHECK_RESULT(r, KV_MEMORY);
    CHECK(i > 300);
    kv_abort(t);
    CHECK_INT(budget.used_bytes, 0);
    HOLDS(s, "");
}

static void budget_bounds_reads(struct store *s)
{
    struct budget budget;
    budget_init(&budget, "statement", 1 << 20, NULL);
    struct kv_txn *t = begin_with(s, (struct kv_begin_options){.budget = &budget});
    char key[100];
    enum kv_result r = KV_OK;
    struct kv_value v;
    for (int i = 0; i < 100000 && r == KV_OK; i++) {
        snprintf(key, sizeof(key), "key number %d of those that are read one by one", i * 10);
        r = kv_get(t, str_of(key), 0, &v);
    }
    // An engine may summarize what was read in bounded memory instead of failing.
    CHECK(r == KV_MEMORY || r == KV_OK);
    CHECK(budget.peak_bytes <= 2 << 20);
    kv_abort(t);
    CHECK_INT(budget.used_bytes, 0);
}

static void stats_count(struct store *s)
{
    struct kv_stats before, after;
    kv_get_stats(s->kv, &before);
    WRITE(s, "a=1");
    WRITE(s, "b=1");
    struct kv_txn *t = begin_txn(s);
    GET(t, "a", "1");
    PUT(t, "c", "1");
    WRITE(s, "a=2");
    COMMIT_CONFLICT(s, t);
    kv_get_stats(s->kv, &after);
    CHECK_INT(after.commits - before.commits, 3);
    CHECK_INT(after.conflicts - before.conflicts, 1);
    CHECK(kv_failure(s->kv) == NULL);
}

static void reopen_keeps_everything(struct store *s)
{
    if (!store_has_files(s))
        return;
    uint64_t v = WRITE(s, "a=1 b=2 c=3");
    v = WRITE(s, "-b d=4");
    store_reopen(s);
    HOLDS(s, "a=1 c=3 d=4");
    CHECK(kv_now(s->kv) >= v);
    CHECK(WRITE(s, "e=5") > v);
    CHECK_OK(kv_checkpoint(s->kv));
    v = WRITE(s, "-a f=6");
    store_reopen(s);
    HOLDS(s, "c=3 d=4 e=5 f=6");
    store_reopen(s);
    struct kv_txn *t = begin_txn(s);
    CHECK_OK(kv_delete_range(t, range_of("d", "f")));
    CHECK_OK(kv_add(t, STR("n"), 0x3131313131313131));
    COMMIT(s, t);
    store_reopen(s);
    HOLDS(s, "c=3 f=6 n=11111111");
    t = begin_txn(s);
    CHECK_OK(kv_add(t, STR("n"), 1));
    CHECK(COMMIT(s, t) > v);
    store_reopen(s);
    HOLDS(s, "c=3 f=6 n=21111111");
}

static void reopen_many_times(struct store *s)
{
    if (!store_has_files(s))
        return;
    char what[64], expected[64];
    for (int i = 0; i < 25; i++) {
        snprintf(what, sizeof(what), "a=%d b%d=x", i, i % 2);
        WRITE(s, what);
        if (i % 5 == 4)
            CHECK_OK(kv_checkpoint(s->kv));
        store_reopen(s);
        snprintf(expected, sizeof(expected), i == 0 ? "a=%d b0=x" : "a=%d b0=x b1=x", i);
        HOLDS(s, expected);
    }
}

static void history_survives_reopening(struct store *s)
{
    if (!store_has_files(s))
        return;
    uint64_t v1 = WRITE(s, "a=1 b=1"), v2 = WRITE(s, "a=2 -b");
    CHECK_OK(kv_checkpoint(s->kv));
    uint64_t v3 = WRITE(s, "a=3");
    store_reopen(s);
    static const char *const expected[] = {"a=1 b=1", "a=2", "a=3"};
    uint64_t versions[] = {v1, v2, v3};
    for (int i = 0; i < 3; i++) {
        struct kv_txn *t = begin_with(s, (struct kv_begin_options){.as_of = versions[i]});
        SCAN(t, "", NULL, 0, 0, expected[i]);
        kv_abort(t);
    }
}

static void one_owner_per_directory(struct store *s)
{
    if (!store_has_files(s))
        return;
    struct kv *second = NULL;
    struct err err = ERR_INIT;
    CHECK_INT(kv_open(s->url, &s->options, &second, &err), err_code_of(STR("55006")));
    CHECK(err.message != NULL && err.message[0] != '\0');
    err_reset(&err);
    WRITE(s, "a=1");
    HOLDS(s, "a=1");
}

static void missing_directory(struct store *s)
{
    if (!store_has_files(s))
        return;
    char dir[200], url[260];
    make_temp_dir(dir, sizeof(dir));
    snprintf(url, sizeof(url), "local:%s/below", dir);
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    CHECK(kv_open(url, &(struct kv_options){.must_exist = true}, &kv, &err) != 0);
    CHECK(err.message != NULL && strstr(err.message, dir) != NULL);
    err_reset(&err);
    CHECK_INT(kv_open(url, NULL, &kv, &err), 0);
    kv_close(kv);
    CHECK_INT(kv_open(url, &(struct kv_options){.must_exist = true}, &kv, &err), 0);
    kv_close(kv);
    remove_tree(dir);
}

static void directory_is_private(struct store *s)
{
    struct stat st;
    if (!store_has_files(s))
        return;
    WRITE(s, "a=1");
    CHECK(stat(s->url + strlen("local:"), &st) == 0 && (st.st_mode & 077) == 0);
}

static void unknown_scheme(struct store *s)
{
    struct kv *kv = NULL;
    struct err err = ERR_INIT;
    CHECK_INT(kv_open("what:ever", NULL, &kv, &err), ERR_INVALID_PARAMETER_VALUE);
    err_reset(&err);
    CHECK(kv_open("nothing", NULL, &kv, &err) != 0);
    err_reset(&err);
}

// The store shrinks what was superseded: many rewrites of few keys stay small once checkpointed.
static void garbage_does_not_pile_up(struct store *s)
{
    if (!store_has_files(s) || s->engine->checkpoint_always)
        return;
    kv_set_history(s->kv, 1);
    char value[1001];
    memset(value, 'v', 1000);
    value[1000] = '\0';
    for (int i = 0; i < 20000; i++) {
        struct kv_txn *t = begin_txn(s);
        char key[8];
        snprintf(key, sizeof(key), "k%d", i % 10);
        PUT(t, key, value);
        COMMIT(s, t);
    }
    CHECK_OK(kv_checkpoint(s->kv));
    struct kv_stats stats;
    kv_get_stats(s->kv, &stats);
    CHECK(stats.live_bytes < 1 << 20);
}

const struct kv_case store_cases[] = {
    {"distributed_limits", distributed_limits, false},
    {"budget_bounds_writes", budget_bounds_writes, true},
    {"budget_bounds_reads", budget_bounds_reads, true},
    {"stats_count", stats_count, false},
    {"reopen_keeps_everything", reopen_keeps_everything, true},
    {"reopen_many_times", reopen_many_times, true},
    {"history_survives_reopening", history_survives_reopening, true},
    {"one_owner_per_directory", one_owner_per_directory, true},
    {"missing_directory", missing_directory, true},
    {"directory_is_private", directory_is_private, true},
    {"unknown_scheme", unknown_scheme, false},
    {"garbage_does_not_pile_up", garbage_does_not_pile_up, true},
};
const size_t store_cases_count = ARRAY_LEN(store_cases);
