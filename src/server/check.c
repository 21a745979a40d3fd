// Checking the store of a server that is not running. The files are left as they are.
#include "base/err.h"
#include "kv/kv.h"
#include "server/clusters.h"
#include "server/server.h"
#include "sql/session/session.h"

// Each cluster that was ever used: others have nothing.
static int check_clusters(struct clusters *c, struct arena *a, struct sql_check *check, struct err *err)
{
    struct cluster_info *list;
    size_t n;
    TRY(clusters_list(c, a, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct sql_engine *engine;
        if (list[i].state != CLUSTER_STATE_READY || !list[i].has_data)
            continue;
        TRY(clusters_acquire(c, (struct cluster_spec){.id = list[i].id}, &engine, err));
        const struct sql_check before = *check;
        int rc = sql_engine_check(engine, check, err);
        clusters_release(c, engine);
        TRY(rc);
        check->findings += before.findings;
        check->tables += before.tables;
        check->rows += before.rows;
        check->entries += before.entries;
    }
    return 0;
}

int server_check_store(const char *store_url, struct sql_check *check, struct err *err)
{
    struct kv *kv;
    struct clusters *clusters = NULL;
    struct arena a;
    struct kv_options options = {.read_only = true};
    TRY(kv_open(store_url, &options, &kv, err));
    struct sql_engine_options engine_options = {.kv = kv, .insecure = true};
    arena_init(&a, NULL);
    int rc = clusters_open(kv, &(struct clusters_options){.engine = &engine_options}, &clusters, err);
    if (rc == 0)
        rc = check_clusters(clusters, &a, check, err);
    clusters_close(clusters);
    arena_release(&a);
    kv_close(kv);
    return rc;
}
