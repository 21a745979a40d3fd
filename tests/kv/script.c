#include "script.h"

#include "kv/model/model.h"
#include <stdlib.h>

enum { NAMES = 40 };

void script_init(struct script *s, uint64_t seed)
{
    kv_model_register();
    *s = (struct script){.seed = seed};
    struct err err = ERR_INIT;
    if (kv_open("model:", NULL, &s->model, &err) != 0)
        exit(2);
}

void script_release(struct script *s)
{
    kv_close(s->model);
}

static enum kv_result write_number(struct kv_txn *t, const char *key, int n)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", n);
    return kv_put(t, str_of(key), str_of(text));
}

// A few random changes, drawn from the seed and the transaction's number alone.
static enum kv_result random_changes(struct rng *rng, struct kv_txn *t, int n)
{
    char key[700], value[9000];
    enum kv_result r = KV_OK;
    for (uint64_t i = 1 + rng_below(rng, 6); i > 0 && r == KV_OK; i--) {
        int len = snprintf(key, sizeof(key), "k%02d", (int)rng_below(rng, NAMES));
        if (rng_below(rng, 5) == 0) { // a long key
            memset(key + len, 'l', 550);
            key[len + 550] = '\0';
        }
        size_t size = rng_below(rng, 6) == 0 ? 9000 : rng_below(rng, 200);
        memset(value, 'a' + n % 26, size);
        uint64_t what = rng_below(rng, 10);
        if (what < 7)
            r = kv_put(t, str_of(key), (struct str){value, size});
        else if (what < 9)
            r = kv_delete(t, str_of(key));
        else
            r = kv_add(t, STR("counter"), n);
    }
    return r;
}

static enum kv_result checkpoint_sometimes(struct rng *rng, struct kv *kv)
{
    // Its failure shows in the transactions after it.
    enum kv_result ignored = rng_below(rng, 7) == 0 ? kv_checkpoint(kv) : KV_OK;
    (void)ignored;
    return KV_OK;
}

enum kv_result script_run(const struct script *s, struct kv *kv, int n)
{
    struct rng rng;
    struct kv_txn *t = NULL;
    rng_seed(&rng, s->seed * 1000003 + (uint64_t)n);
    enum kv_result r = kv_begin(kv, NULL, &t);
    if (r != KV_OK)
        return r;
    r = write_number(t, "last", n);
    if (r == KV_OK)
        r = random_changes(&rng, t, n);
    if (r != KV_OK) {
        kv_abort(t);
        return r;
    }
    r = kv_commit(t, &(uint64_t){0});
    return r == KV_OK ? checkpoint_sometimes(&rng, kv) : r;
}

static int last_of(struct kv_txn *t)
{
    struct kv_value v;
    if (kv_get(t, STR("last"), 0, &v) != KV_OK)
        return -1;
    char text[16] = "";
    if (v.found)
        snprintf(text, sizeof(text), "%.*s", STR_FMT(v.value));
    return atoi(text);
}

static bool same_content(struct kv_txn *x, struct kv_txn *y)
{
    struct kv_scan *sx, *sy;
    struct kv_batch bx, by;
    struct kv_range all = {STR_EMPTY, STR_NONE};
    if (kv_scan_open(x, all, 0, 0, &sx) != KV_OK || kv_scan_open(y, all, 0, 0, &sy) != KV_OK)
        return false;
    do {
        if (kv_scan_next(sx, 1, &bx) != KV_OK || kv_scan_next(sy, 1, &by) != KV_OK || bx.n != by.n)
            return false;
        if (bx.n == 1 && (!str_eq(bx.pairs[0].key, by.pairs[0].key) || !str_eq(bx.pairs[0].value, by.pairs[0].value)))
            return false;
    } while (bx.n == 1);
    return true;
}

// The model with transactions 1..n, started anew when it is ahead.
static void model_bring_to(struct script *s, int n)
{
    if (s->model_at > n) {
        kv_close(s->model);
        uint64_t seed = s->seed;
        script_init(s, seed);
    }
    while (s->model_at < n)
        if (script_run(s, s->model, ++s->model_at) != KV_OK)
            exit(2);
}

int script_verify(struct script *s, struct kv *kv)
{
    struct kv_txn *t = NULL, *m = NULL;
    if (kv_begin(kv, &(struct kv_begin_options){.read_only = true}, &t) != KV_OK)
        return -1;
    int n = last_of(t);
    model_bring_to(s, n < 0 ? 0 : n);
    if (n >= 0 && kv_begin(s->model, &(struct kv_begin_options){.read_only = true}, &m) != KV_OK)
        exit(2);
    bool same = n >= 0 && same_content(t, m);
    if (!same)
        check_failed_at(__FILE__, __LINE__, "seed %" PRIu64 ": the store is not what %d transactions leave", s->seed,
                        n);
    kv_abort(t);
    kv_abort(m);
    return same ? n : -1;
}
