#include "catalog/splits.h"
#include "base/util.h"
#include "catalog/catalog_int.h"

static void put_key(struct buf *out, const struct catalog *c, const struct str *at)
{
    key_put_index(out, c->cluster, KEY_TABLE_SPLITS, KEY_INDEX_PRIMARY);
    if (at == NULL)
        return;
    struct datum d = datum_str(*at);
    key_put_datum(out, T_BYTES, &d, KEY_ASC);
}

static int read_split(struct arena *a, const struct kv_pair *pair, struct cat_range *out, struct err *err)
{
    struct key_reader r = key_reader(pair->key);
    struct key_prefix prefix;
    struct datum at;
    if (!key_get_prefix(&r, &prefix) || pair->value.len != 16)
        return err_set(err, ERR_DATA_CORRUPTED, "damaged record of a split");
    TRY(key_get_datum(&r, a, T_BYTES, KEY_ASC, &at, err));
    *out = (struct cat_range){.start = arena_str(a, at.s),
                              .id = (int64_t)load_be64(pair->value.ptr),
                              .until_micros = (int64_t)load_be64(pair->value.ptr + 8)};
    return 0;
}

// All, those whose time has passed too. The first is that of no split.
static int list(struct cat_view *v, struct arena *a, struct cat_range **out, size_t *n, struct err *err)
{
    ARENA_VEC(struct cat_range) ranges = {0};
    struct buf prefix = BUF_INIT;
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    put_key(&prefix, v->catalog, NULL);
    struct kv_range all = key_prefix_range(a, arena_str(a, buf_view(&prefix)));
    buf_release(&prefix);
    TRY_KV(v->txn, kv_scan_open(v->txn, all, KV_READ_SNAPSHOT, 0, &scan), err);
    enum kv_result r = KV_OK;
    int rc = 0;
    ARENA_PUSH(a, &ranges, ((struct cat_range){.start = STR_EMPTY, .id = 1}));
    while (rc == 0 && r == KV_OK && batch.n > 0) {
        r = kv_scan_next(scan, BATCH_ROWS_MAX, &batch);
        for (size_t i = 0; rc == 0 && r == KV_OK && i < batch.n; i++) {
            struct cat_range split;
            rc = read_split(a, &batch.pairs[i], &split, err);
            ARENA_PUSH(a, &ranges, split);
        }
    }
    kv_scan_close(scan);
    TRY(rc);
    TRY_KV(v->txn, r, err);
    *out = ranges.ptr;
    *n = ranges.len;
    return 0;
}

int cat_ranges(struct cat_view *v, struct arena *a, struct cat_range **out, size_t *n, struct err *err)
{
    size_t n_all, kept = 1;
    int64_t now = clock_wall_ns() / 1000;
    TRY(list(v, a, out, &n_all, err));
    struct cat_range *ranges = *out;
    for (size_t i = 1; i < n_all; i++)
        if (ranges[i].until_micros > now)
            ranges[kept++] = ranges[i];
    for (size_t i = 0; i < kept; i++)
        ranges[i].end = i + 1 < kept ? ranges[i + 1].start : STR_NONE;
    *n = kept;
    return 0;
}

bool cat_range_overlaps(const struct cat_range *r, struct kv_range span)
{
    return (span.end.ptr == NULL || str_cmp(r->start, span.end) < 0) &&
           (r->end.ptr == NULL || str_cmp(r->end, span.start) > 0);
}

static struct kv_range clamped(const struct catalog *c, struct arena *a, const struct cat_range *r)
{
    struct kv_range range = {r->start, r->end};
    struct buf prefix = BUF_INIT;
    if (c->cluster == KEY_CLUSTER_DEFAULT)
        return range;
    key_put_cluster(&prefix, c->cluster);
    struct kv_range own = key_prefix_range(a, arena_str(a, buf_view(&prefix)));
    buf_release(&prefix);
    if (str_cmp(range.start, own.start) < 0)
        range.start = own.start;
    if (range.end.ptr == NULL || str_cmp(range.end, own.end) > 0)
        range.end = own.end;
    return range;
}

int cat_range_bytes(struct cat_view *v, struct arena *a, const struct cat_range *r, int64_t *bytes, struct err *err)
{
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    *bytes = 0;
    TRY_KV(v->txn, kv_scan_open(v->txn, clamped(v->catalog, a, r), KV_READ_SNAPSHOT, 0, &scan), err);
    enum kv_result rc = KV_OK;
    while (rc == KV_OK && batch.n > 0) {
        rc = kv_scan_next(scan, BATCH_ROWS_MAX, &batch);
        for (size_t i = 0; rc == KV_OK && i < batch.n; i++)
            *bytes += (int64_t)(batch.pairs[i].key.len + batch.pairs[i].value.len);
    }
    kv_scan_close(scan);
    TRY_KV(v->txn, rc, err);
    return 0;
}

int cat_split_put(struct cat_view *v, struct arena *a, struct str at, int64_t until_micros, struct err *err)
{
    struct cat_range *ranges;
    struct buf key = BUF_INIT;
    char value[16];
    size_t n;
    int64_t id = 0;
    TRY(list(v, a, &ranges, &n, err));
    for (size_t i = 0; i < n; i++)
        id = MAX(id, ranges[i].id + 1);
    for (size_t i = 1; i < n; i++)
        if (str_eq(ranges[i].start, at))
            id = ranges[i].id;
    store_be64(value, (uint64_t)id);
    store_be64(value + 8, (uint64_t)until_micros);
    put_key(&key, v->catalog, &at);
    enum kv_result r = kv_put(v->txn, buf_view(&key), (struct str){value, sizeof(value)});
    buf_release(&key);
    TRY_KV(v->txn, r, err);
    return 0;
}

int cat_splits_remove(struct cat_view *v, struct kv_range span, struct err *err)
{
    struct buf start = BUF_INIT, end = BUF_INIT;
    put_key(&start, v->catalog, &span.start);
    put_key(&end, v->catalog, &span.end);
    enum kv_result r = kv_delete_range(v->txn, (struct kv_range){buf_view(&start), buf_view(&end)});
    buf_release(&start);
    buf_release(&end);
    TRY_KV(v->txn, r, err);
    return 0;
}
