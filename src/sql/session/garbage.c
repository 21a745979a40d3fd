// Deleting what dropped tables and indexes leave, a piece at a time: a job that the transaction which drops them makes
// (catalog/garbage.c).
//
// An index that went while transactions could still write into it is deleted when those have ended. They are not waited
// for without end: after a while the table is declared changed, and what is still open then conflicts when it commits.
#include "keys/keys.h"
#include "sql/session/jobs_int.h"
#include <unistd.h>

enum { PIECE_PAIRS = 10000, PIECE_ATTEMPTS_MAX = 100, STRAGGLERS_POLL_US = 2000 };
static const int64_t stragglers_wait_ns = 5ll * 1000000000;

// Progress: items done, the key of the one at work.
struct garbage {
    struct job *job;
    struct arena arena;
    struct cat_garbage *items;
    size_t n, at;
    struct str start; // empty: the beginning
    struct str next;  // of the piece at work; empty: the item has come to its end
    bool disturb;     // the table is to be declared changed
};

static struct cat_garbage *item(const struct garbage *g)
{
    return &g->items[g->at];
}

static int store_progress(struct garbage *g, struct kv_txn *txn, size_t at, struct err *err)
{
    struct buf b = BUF_INIT;
    payload_put_u64(&b, at);
    payload_put_str(&b, g->next);
    int rc = job_update_in(g->job, txn, (double)at / (double)g->n, buf_view(&b), err);
    buf_release(&b);
    return rc;
}

// Never of what is there: the list is of what was dropped, whatever has happened since.
static int is_alive(struct garbage *g, struct kv_txn *txn, bool *out, struct err *err)
{
    struct cat_view *v;
    const struct cat_table *t = NULL;
    TRY(cat_view_open(job_catalog(g->job), txn, &v, err));
    int rc = cat_table_by_id(v, item(g)->table_id, &t, err);
    *out = rc == 0 && t != NULL && (item(g)->index_id == 0 || cat_index_by_id(t, item(g)->index_id) != NULL);
    if (rc == 0 && g->disturb && t != NULL)
        rc = cat_table_changed(v, t->id, err);
    cat_view_close(v);
    return rc;
}

static int delete_pairs(struct garbage *g, struct kv_txn *txn, struct err *err)
{
    uint32_t cluster = catalog_cluster(job_catalog(g->job));
    struct kv_range range = item(g)->index_id == 0
                                ? key_table_range(&g->arena, cluster, item(g)->table_id)
                                : key_index_range(&g->arena, cluster, item(g)->table_id, item(g)->index_id);
    struct kv_scan *scan;
    struct kv_batch batch = {0};
    if (g->start.len > 0)
        range.start = g->start;
    enum kv_result r = kv_scan_open(txn, range, KV_READ_SNAPSHOT | KV_READ_KEYS_ONLY, PIECE_PAIRS, &scan);
    g->next = STR_EMPTY;
    while (r == KV_OK && (r = kv_scan_next(scan, PIECE_PAIRS, &batch)) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n && r == KV_OK; i++)
            r = kv_delete(txn, batch.pairs[i].key);
        g->next = key_next(&g->arena, batch.pairs[batch.n - 1].key);
    }
    return r == KV_OK ? 0 : cat_kv_error(txn, (int)r, err);
}

static int piece(struct garbage *g, struct kv_txn *txn, struct err *err)
{
    bool alive;
    TRY(is_alive(g, txn, &alive, err));
    g->next = STR_EMPTY;
    if (!alive)
        TRY(delete_pairs(g, txn, err));
    return store_progress(g, txn, g->at + (g->next.len == 0), err);
}

static int in_txn(struct garbage *g, struct err *err)
{
    struct job_mark before = job_mark(g->job);
    int rc = 0;
    for (int attempt = 0; attempt < PIECE_ATTEMPTS_MAX; attempt++) {
        struct kv_txn *txn;
        uint64_t version;
        err_reset(err);
        TRY(job_check(g->job, err));
        enum kv_result r = kv_begin(job_kv(g->job), &(struct kv_begin_options){0}, &txn);
        if (r != KV_OK)
            return cat_kv_error(NULL, (int)r, err);
        struct cat_txn_summary summary = cat_txn_summarize(txn);
        rc = piece(g, txn, err);
        if (rc != 0) {
            kv_abort(txn);
        } else {
            r = kv_commit(txn, &version);
            rc = r == KV_OK ? 0 : cat_commit_error(&summary, (int)r, err);
        }
        if (rc != 0)
            job_reset(g->job, before);
        if (rc != ERR_SERIALIZATION_FAILURE)
            break;
    }
    return rc;
}

static int await_stragglers(struct garbage *g, struct err *err)
{
    struct kv *kv = job_kv(g->job);
    uint64_t now = kv_now(kv);
    int64_t deadline = clock_mono_ns() + stragglers_wait_ns;
    bool open = item(g)->stragglers && g->start.len == 0;
    while (open && (open = kv_oldest_writer(kv) < now) && clock_mono_ns() < deadline) {
        TRY(job_check(g->job, err));
        usleep(STRAGGLERS_POLL_US);
    }
    g->disturb = open;
    return 0;
}

int garbage_run(struct job *job, struct err *err)
{
    struct garbage g = {.job = job};
    struct str progress = job_progress(job);
    int rc = 0;
    arena_init(&g.arena, NULL);
    g.n = cat_garbage_of(&g.arena, job_payload(job), &g.items);
    if (progress.len > 0) {
        g.at = payload_get_u64(&progress);
        // The job may have begun in another cluster, of which this one is a copy.
        g.start = key_in_cluster(&g.arena, payload_get_str(&progress), catalog_cluster(job_catalog(job)));
        g.start = arena_str(&g.arena, g.start);
    }
    while (rc == 0 && g.at < g.n) {
        rc = await_stragglers(&g, err);
        if (rc == 0)
            rc = in_txn(&g, err);
        g.start = g.next;
        g.at += rc == 0 && g.next.len == 0;
        if (rc == 0 && g.at < g.n)
            rc = job_pausepoint(job, "garbage.after_piece", err);
    }
    arena_release(&g.arena);
    return rc;
}
