// How long the store keeps what has been superseded: as long as the most patient zone configuration of any virtual
// cluster says.
#include "server/clusters_int.h"

#include "base/err.h"
#include "base/util.h"

struct wanted {
    struct clusters *c;
    int64_t ns;
};

static int want(struct wanted *w, struct kv_txn *txn, uint64_t cluster, struct err *err)
{
    int64_t ns;
    TRY(sql_history_wanted(w->c->system, txn, cluster, &ns, err));
    w->ns = MAX(w->ns, ns);
    return 0;
}

static int longest(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct wanted *w = arg;
    struct cluster_record *list;
    size_t n;
    w->ns = 0;
    TRY(want(w, txn, CLUSTER_SYSTEM_ID, err));
    TRY(cluster_record_list(txn, a, &list, &n, err));
    for (size_t i = 0; i < n; i++)
        if (list[i].state != CLUSTER_STATE_DROP)
            TRY(want(w, txn, list[i].id, err));
    return 0;
}

void clusters_update_history(void *arg)
{
    struct clusters *c = arg;
    struct wanted w = {.c = c};
    struct err err = ERR_INIT;
    struct arena a;
    if (c->system == NULL)
        return;
    arena_init(&a, NULL);
    if (cluster_txn(c, true, &a, longest, &w, &err) == 0)
        kv_set_history(c->kv, w.ns);
    else
        log_warning("zone configurations were not read: %s", err.message);
    arena_release(&a);
    err_reset(&err);
}
