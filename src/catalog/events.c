// The event log: what statements have changed of the schema, roles, privileges and settings. Each event is a key of its
// own under the number of system.eventlog, by time: writers do not meet. There is no descriptor: sql/virtual shows
// them.
#include "base/util.h"
#include "catalog/catalog_int.h"
#include "types/json.h"

enum { UNIQUE_BYTES = 16 };

static void put_prefix(struct buf *key, const struct catalog *c)
{
    key_put_index(key, c->cluster, KEY_TABLE_EVENTS, KEY_INDEX_PRIMARY);
}

static void put_time(struct buf *key, int64_t micros)
{
    struct datum d = datum_int(micros);
    key_put_datum(key, T_TIMESTAMP, &d, KEY_ASC);
}

int64_t cat_event_time(struct cat_view *v)
{
    return MAX(clock_wall_ns() / 1000, v->last_event_micros + 1);
}

int cat_event_put(struct cat_view *v, int64_t micros, struct str info, struct err *err)
{
    struct buf key = BUF_INIT;
    char unique[UNIQUE_BYTES];
    struct datum d = datum_str((struct str){unique, sizeof(unique)});
    secure_random(unique, sizeof(unique));
    put_prefix(&key, v->catalog);
    put_time(&key, micros);
    key_put_datum(&key, T_BYTES, &d, KEY_ASC);
    enum kv_result r = kv_put(v->txn, buf_view(&key), info);
    buf_release(&key);
    TRY_KV(v->txn, r, err);
    v->last_event_micros = micros;
    return 0;
}

bool cat_view_left_events(const struct cat_view *v)
{
    return v->last_event_micros != 0;
}

static int read_event(struct arena *a, const struct kv_pair *pair, struct cat_event *out, struct err *err)
{
    struct key_reader r = key_reader(pair->key);
    struct key_prefix prefix;
    struct datum time, unique;
    if (!key_get_prefix(&r, &prefix))
        return err_set(err, ERR_DATA_CORRUPTED, "damaged key of an event");
    TRY(key_get_datum(&r, a, T_TIMESTAMP, KEY_ASC, &time, err));
    TRY(key_get_datum(&r, a, T_BYTES, KEY_ASC, &unique, err));
    *out = (struct cat_event){.micros = time.i, .unique = unique.s, .info = pair->value};
    if (!json_get_key(pair->value, STR("EventType"), &out->type))
        return err_set(err, ERR_DATA_CORRUPTED, "damaged event");
    out->type = json_string_value(out->type);
    return 0;
}

int cat_event_each(struct cat_view *v, struct arena *a, int (*each)(void *arg, const struct cat_event *, struct err *),
                   void *arg, struct err *err)
{
    struct buf prefix = BUF_INIT;
    struct kv_scan *scan;
    struct kv_batch batch = {.n = 1};
    put_prefix(&prefix, v->catalog);
    struct kv_range range = key_prefix_range(a, arena_str(a, buf_view(&prefix)));
    buf_release(&prefix);
    TRY_KV(v->txn, kv_scan_open(v->txn, range, KV_READ_SNAPSHOT, 0, &scan), err);
    enum kv_result r = KV_OK;
    int rc = 0;
    while (rc == 0 && r == KV_OK && batch.n > 0) {
        r = kv_scan_next(scan, BATCH_ROWS_MAX, &batch);
        for (size_t i = 0; rc == 0 && r == KV_OK && i < batch.n; i++) {
            struct cat_event event;
            rc = read_event(a, &batch.pairs[i], &event, err);
            if (rc == 0)
                rc = each(arg, &event, err);
        }
    }
    kv_scan_close(scan);
    TRY(rc);
    TRY_KV(v->txn, r, err);
    return 0;
}

int cat_events_trim(struct cat_view *v, int64_t before_micros, struct err *err)
{
    struct buf start = BUF_INIT, end = BUF_INIT;
    put_prefix(&start, v->catalog);
    put_prefix(&end, v->catalog);
    put_time(&end, before_micros);
    enum kv_result r = kv_delete_range(v->txn, (struct kv_range){buf_view(&start), buf_view(&end)});
    buf_release(&start);
    buf_release(&end);
    TRY_KV(v->txn, r, err);
    return 0;
}
