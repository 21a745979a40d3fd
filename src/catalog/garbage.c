// Data of dropped tables and indexes: deleted with the statement, or of large tables listed in a job's record. One
// transaction makes one such job; savepoints it rolls back to take entries off the list, as the list is a row.

#include "catalog/splits.h"
#include "base/util.h"
#include "catalog/catalog_int.h"
#include "catalog/jobs.h"

enum { ENTRY_BYTES = 24, ROWS_MIN_DEFAULT = 50000 };

size_t cat_garbage_of(struct arena *a, struct str payload, struct cat_garbage **out)
{
    size_t n = payload.len / ENTRY_BYTES;
    *out = ARENA_ARRAY(a, struct cat_garbage, n);
    for (size_t i = 0; i < n; i++) {
        const char *at = payload.ptr + i * ENTRY_BYTES;
        (*out)[i] = (struct cat_garbage){(uint32_t)load_be64(at), (uint32_t)load_be64(at + 8), load_be64(at + 16) != 0};
    }
    return n;
}

static void put_garbage(struct buf *b, struct cat_garbage g)
{
    buf_be64(b, g.table_id);
    buf_be64(b, g.index_id);
    buf_be64(b, g.stragglers);
}

int cat_garbage_list(struct catalog *c, struct kv_txn *txn, struct arena *a, struct cat_garbage **out, size_t *n,
                     struct err *err)
{
    struct cat_job *jobs;
    size_t n_jobs;
    ARENA_VEC(struct cat_garbage) all = {0};
    TRY(cat_job_list(c, txn, a, &jobs, &n_jobs, err));
    for (size_t i = 0; i < n_jobs; i++) {
        struct cat_garbage *list = NULL;
        size_t n_list = 0;
        if (str_eqc(jobs[i].type, CAT_GARBAGE_JOB) && !cat_job_ended(jobs[i].status))
            n_list = cat_garbage_of(a, jobs[i].payload, &list);
        for (size_t k = 0; k < n_list; k++)
            ARENA_PUSH(a, &all, list[k]);
    }
    *out = all.ptr;
    *n = all.len;
    return 0;
}

static int new_job(struct cat_view *v, const struct cat_garbage *g, struct cat_job *out, struct err *err)
{
    const struct cat_table *t;
    TRY(cat_table_by_id(v, g->table_id, &t, err));
    struct str name = t != NULL ? t->name : arena_printf(&v->arena, "[%u]", g->table_id);
    *out = (struct cat_job){.id = cat_unique_rowid(),
                            .status = CAT_JOB_PENDING,
                            .type = STR(CAT_GARBAGE_JOB),
                            .owner = STR("root"),
                            .description = arena_printf(&v->arena, "GC of dropped data of %.*s", STR_FMT(name)),
                            .created_micros = clock_wall_ns() / 1000};
    out->modified_micros = out->created_micros;
    return 0;
}

int cat_delete_data_later(struct cat_view *v, uint32_t table_id, uint32_t index_id, bool stragglers, struct err *err)
{
    struct cat_garbage g = {table_id, index_id, stragglers};
    struct cat_job job;
    bool found = false;
    if (v->garbage != 0)
        TRY(cat_job_get(v->catalog, v->txn, &v->arena, v->garbage, &job, &found, err));
    if (!found)
        TRY(new_job(v, &g, &job, err));
    struct buf payload = BUF_INIT;
    buf_str(&payload, job.payload);
    put_garbage(&payload, g);
    job.payload = buf_view(&payload);
    v->garbage = job.id;
    int rc = cat_job_put(v->catalog, v->txn, &job, err);
    buf_release(&payload);
    return rc;
}

bool cat_view_left_garbage(const struct cat_view *v)
{
    return v->garbage != 0;
}

// The setting by which schema changes of large tables are jobs.
static int is_large(struct cat_view *v, uint32_t table_id, bool *out, struct err *err)
{
    int64_t rows, min;
    struct str text;
    TRY(cat_row_count(v, table_id, &rows, err));
    TRY(cat_setting_get(v, STR("sql.online_index.min_rows"), &text, err));
    if (text.ptr == NULL || !str_to_i64(text, &min))
        min = ROWS_MIN_DEFAULT;
    *out = rows > 0 && rows >= min;
    return 0;
}

static int forget_splits(struct cat_view *v, uint32_t table_id, uint32_t index_id, struct err *err)
{
    struct arena_mark mark = arena_mark(&v->arena);
    uint32_t cluster = v->catalog->cluster;
    int rc = cat_splits_remove(v,
                               index_id == 0 ? key_table_range(&v->arena, cluster, table_id)
                                             : key_index_range(&v->arena, cluster, table_id, index_id),
                               err);
    arena_rewind(&v->arena, mark);
    return rc;
}

int cat_delete_data(struct cat_view *v, uint32_t table_id, uint32_t index_id, struct err *err)
{
    bool large;
    TRY(forget_splits(v, table_id, index_id, err));
    TRY(is_large(v, table_id, &large, err));
    if (large)
        return cat_delete_data_later(v, table_id, index_id, false, err);
    struct arena_mark mark = arena_mark(&v->arena);
    struct kv_range range = index_id == 0 ? key_table_range(&v->arena, v->catalog->cluster, table_id)
                                          : key_index_range(&v->arena, v->catalog->cluster, table_id, index_id);
    enum kv_result rc = kv_delete_range(v->txn, range);
    arena_rewind(&v->arena, mark);
    TRY_KV(v->txn, rc, err);
    return 0;
}
