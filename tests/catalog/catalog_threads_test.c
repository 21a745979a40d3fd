// Views, schema changes and sequences from several threads over one catalog. Run under ThreadSanitizer too.

#include "base/util.h"
#include "catalog/catalog.h"
#include "kv/kv.h"
#include "unit/check.h"
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 4, ROUNDS = 200 };

static struct kv *kv;
static struct catalog *catalog;
static const struct cat_table sequence = {
    .id = 999,
    .name = {"s", 1},
    .kind = CAT_SEQUENCE,
    .sequence = {.increment = 1, .min = 1, .max = INT64_MAX, .start = 1, .cache = 1}};

static void fill_table(struct cat_table *t, uint32_t id, struct str name, struct arena *a)
{
    *t = (struct cat_table){.id = id,
                            .database_id = CAT_ID_DEFAULTDB,
                            .schema_id = CAT_ID_DEFAULTDB_PUBLIC,
                            .name = name,
                            .kind = CAT_VIEW,
                            .next_column_id = 1,
                            .acl = cat_default_acl(a, STR("root"), 0)};
}

struct worker {
    pthread_t thread;
    int number;
    int64_t values[ROUNDS];
    int committed, conflicts, errors;
};

// Creates or drops the worker's own table and takes a sequence value.
static int change(struct worker *w, struct cat_view *v, struct arena *a, int round, struct err *err)
{
    const struct cat_table *t;
    struct cat_table made;
    uint32_t id;
    struct str name = arena_printf(a, "t%d", w->number);
    TRY(cat_table_by_name(v, CAT_ID_DEFAULTDB, CAT_ID_DEFAULTDB_PUBLIC, name, &t, err));
    if (t != NULL)
        return cat_remove(v, t->id, err);
    TRY(cat_new_id(v, &id, err));
    fill_table(&made, id, name, a);
    return cat_put_table(v, &made, err);
}

// What a view lists it can also find.
static int look(struct worker *w, struct cat_view *v, struct arena *a, struct err *err)
{
    const struct cat_table **tables, *t;
    bool admin;
    size_t n;
    TRY(cat_list_tables(v, a, CAT_ID_DEFAULTDB, 0, &tables, &n, err));
    for (size_t i = 0; i < n; i++) {
        TRY(cat_table_by_name(v, CAT_ID_DEFAULTDB, CAT_ID_DEFAULTDB_PUBLIC, tables[i]->name, &t, err));
        w->errors += t != tables[i];
    }
    return cat_is_admin(v, STR("somebody"), &admin, err);
}

static enum kv_result run_round(struct worker *w, int round)
{
    struct arena a;
    struct kv_txn *txn;
    struct cat_view *v;
    struct err err = ERR_INIT;
    uint64_t version;
    arena_init(&a, NULL);
    enum kv_result rc = kv_begin(kv, &(struct kv_begin_options){0}, &txn);
    if (rc != KV_OK)
        return rc;
    int failed = cat_view_open(catalog, txn, &v, &err);
    if (failed == 0) {
        failed = look(w, v, &a, &err);
        if (failed == 0 && round % 2 == 0)
            failed = change(w, v, &a, round, &err);
        if (failed == 0)
            failed = cat_sequence_next(v, &sequence, &w->values[round], &err);
        cat_view_close(v);
    }
    w->errors += failed != 0;
    err_reset(&err);
    arena_release(&a);
    if (failed == 0)
        return kv_commit(txn, &version);
    kv_abort(txn);
    return KV_OK;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (run_round(w, i) == KV_OK)
            w->committed++;
        else
            w->conflicts++;
    }
    return NULL;
}

static int compare_values(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void test_threads(void)
{
    static struct worker workers[THREADS];
    static int64_t all[THREADS * ROUNDS];
    struct err err = ERR_INIT;
    bool fresh;
    CHECK_INT(kv_open("mem:", NULL, &kv, &err), 0);
    CHECK_INT(catalog_open(kv, 1, &catalog, &fresh, &err), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK_INT(workers[i].errors, 0);
        CHECK_INT(workers[i].conflicts, 0); // changes of different objects, snapshot reads of the others
        memcpy(&all[i * ROUNDS], workers[i].values, sizeof(workers[i].values));
    }
    qsort(all, ARRAY_LEN(all), sizeof(*all), compare_values);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        CHECK_INT(all[i], (int64_t)i + 1); // every value once, no gaps
    catalog_close(catalog);
    kv_close(kv);
}

CHECK_MAIN({"threads", test_threads})
