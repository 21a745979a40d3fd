// BACKUP: one layer written at one version.
#include "backup/backup_int.h"
#include "base/util.h"
#include "jobs/jobs.h"
#include "jobs/payload.h"
#include "keys/keys.h"
#include <stdio.h>

enum { SCAN_PAIRS = 1024, SCAN_BYTES_MAX = 64 << 20 };

// ---- payload

void backup_request_encode(struct buf *out, const struct backup_request *r)
{
    payload_put_str(out, r->collection);
    payload_put_u64(out, r->append);
    payload_put_str(out, r->subdirectory);
    payload_put_u64(out, r->version);
    payload_put_u64(out, r->as_of);
    payload_put_u64(out, r->target);
    payload_put_u64(out, r->n_ids);
    for (size_t i = 0; i < r->n_ids; i++)
        payload_put_u64(out, r->ids[i]);
    if (r->target == BACKUP_VIRTUAL_CLUSTER)
        payload_put_str(out, r->virtual_cluster);
}

static int decode_request(struct str payload, struct arena *a, struct backup_request *out, struct err *err)
{
    *out = (struct backup_request){.collection = payload_get_str(&payload)};
    out->append = payload_get_u64(&payload) != 0;
    out->subdirectory = payload_get_str(&payload);
    out->version = payload_get_u64(&payload);
    out->as_of = payload_get_u64(&payload) != 0;
    out->target = (enum backup_target)payload_get_u64(&payload);
    uint64_t n = payload_get_u64(&payload);
    if (payload.ptr == NULL || n > payload.len / 8)
        return err_set(err, ERR_DATA_CORRUPTED, "the payload of the job is damaged");
    uint32_t *ids = ARENA_ARRAY(a, uint32_t, n);
    for (uint64_t i = 0; i < n; i++)
        ids[i] = (uint32_t)payload_get_u64(&payload);
    out->ids = ids;
    out->n_ids = (size_t)n;
    if (out->target == BACKUP_VIRTUAL_CLUSTER)
        out->virtual_cluster = payload_get_str(&payload);
    return 0;
}

uint64_t backup_rows(struct str progress)
{
    return payload_get_u64(&progress);
}

// ---- the run

struct backup {
    struct job *job;
    struct arena arena;
    struct backup_request request;
    struct kv_txn *held; // keeps the version readable as long as the backup runs
    struct cat_view *view;
    struct backup_chain below; // layers that an incremental one stands on
    struct backup_layer layer;
    ARENA_VEC(struct backup_section) sections;
    struct block_writer writer;
    uint64_t rows;
};

static int kv_failed(enum kv_result r, struct err *err)
{
    return cat_kv_error(NULL, (int)r, err);
}

static int begin_at(struct backup *b, struct kv_txn **out, struct err *err)
{
    struct kv_begin_options options = {.read_only = true, .as_of = b->request.version};
    enum kv_result r = kv_begin(job_kv(b->job), &options, out);
    return r == KV_OK ? 0 : kv_failed(r, err);
}

// A version that is no longer readable, after a restart, is replaced by now unless it was asked for.
static int hold_version(struct backup *b, struct err *err)
{
    struct kv *kv = job_kv(b->job);
    TRY(kv_verify(kv, err)); // what has changed on the disk must not become a backup
    if (!b->request.as_of && b->request.version < kv_oldest_readable(kv))
        b->request.version = kv_now(kv);
    TRY(begin_at(b, &b->held, err));
    return cat_view_open(job_catalog(b->job), b->held, &b->view, err);
}

// ---- what is in it

static bool listed(const struct backup_request *r, uint32_t id)
{
    for (size_t i = 0; i < r->n_ids; i++) {
        if (r->ids[i] == id)
            return true;
    }
    return false;
}

static int gone(uint32_t id, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "what was to be backed up does not exist any more: descriptor %u", id);
}

static int export_databases(struct backup *b, struct err *err)
{
    const struct cat_database **all;
    size_t n, found = 0;
    TRY(cat_list_databases(b->view, &b->arena, &all, &n, err));
    for (size_t i = 0; i < n; i++) {
        bool wanted = b->request.target == BACKUP_CLUSTER ? all[i]->id != CAT_ID_SYSTEM_DATABASE
                                                          : listed(&b->request, all[i]->id);
        if (!wanted)
            continue;
        found++;
        TRY(cat_export_database(b->view, &b->arena, all[i]->id, NULL, 0, &b->layer.objects, err));
    }
    if (b->request.target == BACKUP_CLUSTER)
        TRY(cat_export_cluster(b->view, &b->arena, &b->layer.objects, err));
    return b->request.target == BACKUP_DATABASES && found < b->request.n_ids ? gone(b->request.ids[0], err) : 0;
}

// Tables with the databases, schemas and types around them.
static int export_tables(struct backup *b, struct err *err)
{
    const struct backup_request *r = &b->request;
    for (size_t i = 0; i < r->n_ids; i++) {
        const struct cat_table *t, *before;
        bool seen = false;
        TRY(cat_table_by_id(b->view, r->ids[i], &t, err));
        if (t == NULL)
            return gone(r->ids[i], err);
        for (size_t k = 0; k < i && !seen; k++) {
            TRY(cat_table_by_id(b->view, r->ids[k], &before, err));
            seen = before->database_id == t->database_id;
        }
        if (!seen)
            TRY(cat_export_database(b->view, &b->arena, t->database_id, r->ids, r->n_ids, &b->layer.objects, err));
    }
    return 0;
}

// ---- data

// The pairs of a table at the version, by transactions that end before they hold much.
struct table_scan {
    struct backup *b;
    struct kv_range range;
    struct kv_txn *txn;
    struct kv_scan *scan;
    struct kv_batch batch;
    size_t at, bytes;
    struct buf next_start;
};

static int scan_begin(struct table_scan *s, struct err *err)
{
    TRY(begin_at(s->b, &s->txn, err));
    enum kv_result r = kv_scan_open(s->txn, s->range, KV_READ_SNAPSHOT, 0, &s->scan);
    s->bytes = 0;
    return r == KV_OK ? 0 : cat_kv_error(s->txn, (int)r, err);
}

static void scan_end(struct table_scan *s)
{
    if (s->txn != NULL)
        kv_abort(s->txn);
    s->txn = NULL;
}

// Goes on behind the last key in a new transaction.
static int scan_renew(struct table_scan *s, struct err *err)
{
    struct str last = s->batch.pairs[s->batch.n - 1].key;
    buf_clear(&s->next_start);
    buf_str(&s->next_start, last);
    buf_putc(&s->next_start, '\0');
    s->range.start = arena_str(&s->b->arena, buf_view(&s->next_start));
    scan_end(s);
    s->batch.n = s->at = 0;
    return scan_begin(s, err);
}

static int scan_pair(struct table_scan *s, struct kv_pair *out, bool *found, struct err *err)
{
    if (s->at == s->batch.n) {
        TRY(job_check(s->b->job, err));
        if (s->bytes > SCAN_BYTES_MAX)
            TRY(scan_renew(s, err));
        enum kv_result r = kv_scan_next(s->scan, SCAN_PAIRS, &s->batch);
        if (r != KV_OK)
            return cat_kv_error(s->txn, (int)r, err);
        s->at = 0;
    }
    *found = s->at < s->batch.n;
    if (*found) {
        *out = s->batch.pairs[s->at++];
        s->bytes += out->key.len + out->value.len;
    }
    return 0;
}

static bool is_primary(const struct cat_table *t, struct str key)
{
    struct key_reader r = key_reader(key);
    uint64_t index;
    return t != NULL && t->primary != NULL && key_get_uvarint(&r, &index) && index == t->primary->id;
}

struct table_backup {
    struct backup *b;
    const struct cat_table *table; // NULL: of the system database
    struct table_scan scan;
    struct chain_reader below;
    struct kv_pair now; // without the table's prefix
    struct backup_entry then;
    bool has_now, has_then;
    size_t prefix;
};

// Not what dropped indexes have left and a job has put so far, nor what says when the schema has changed.
static bool is_content(const struct cat_table *t, struct str key)
{
    struct key_reader r = key_reader(key);
    uint64_t index;
    if (t == NULL || !key_get_uvarint(&r, &index))
        return true;
    if (index == KEY_INDEX_RECORDS)
        return key_reader_left(&r) == 0 || *r.at != KEY_TABLE_SCHEMA;
    const struct cat_index *found = cat_index_by_id(t, (uint32_t)index);
    return found != NULL && found->state == CAT_INDEX_PUBLIC;
}

static int next_now(struct table_backup *t, struct err *err)
{
    do {
        TRY(scan_pair(&t->scan, &t->now, &t->has_now, err));
        if (t->has_now)
            t->now.key = str_slice(t->now.key, t->prefix, t->now.key.len);
    } while (t->has_now && !is_content(t->table, t->now.key));
    return 0;
}

static int next_then(struct table_backup *t, struct err *err)
{
    return chain_reader_next(&t->below, &t->then, &t->has_then, err);
}

static int put(struct table_backup *t, bool deleted, struct str key, struct str value, struct err *err)
{
    struct backup *b = t->b;
    struct backup_entry e = {deleted, key, value};
    if (b->request.target == BACKUP_VIRTUAL_CLUSTER) {
        b->writer.section.rows += backup_is_cluster_row(key);
        b->rows += backup_is_cluster_row(key);
    } else if (t->table == NULL || is_primary(t->table, key)) {
        b->writer.section.rows++;
        b->rows += t->table != NULL;
    }
    return block_writer_add(&b->writer, &e, err);
}

// What differs between the layers below and now; with none below, everything.
static int write_differences(struct table_backup *t, struct err *err)
{
    TRY(next_now(t, err));
    TRY(next_then(t, err));
    while (t->has_now || t->has_then) {
        int c = !t->has_now ? 1 : !t->has_then ? -1 : str_cmp(t->now.key, t->then.key);
        if (c > 0)
            TRY(put(t, true, t->then.key, STR_EMPTY, err));
        else if (c < 0 || !str_eq(t->now.value, t->then.value))
            TRY(put(t, false, t->now.key, t->now.value, err));
        if (c <= 0)
            TRY(next_now(t, err));
        if (c >= 0)
            TRY(next_then(t, err));
    }
    return 0;
}

// All keys with the prefix, as a section under this number.
static int backup_keys(struct backup *b, struct str prefix, uint32_t id, const struct cat_table *table, struct err *err)
{
    struct table_backup t = {.b = b, .table = table, .scan.b = b, .prefix = prefix.len};
    t.scan.range = key_prefix_range(&b->arena, prefix);
    block_writer_begin(&b->writer, id);
    int rc = scan_begin(&t.scan, err);
    if (rc == 0)
        rc = chain_reader_open(&t.below, &b->arena, &b->below, id, err);
    if (rc == 0)
        rc = write_differences(&t, err);
    if (rc == 0)
        rc = block_writer_end(&b->writer, err);
    scan_end(&t.scan);
    buf_release(&t.scan.next_start);
    chain_reader_close(&t.below);
    if (rc == 0)
        ARENA_PUSH(&b->arena, &b->sections, b->writer.section);
    return rc;
}

static int backup_table(struct backup *b, uint32_t id, const struct cat_table *table, struct err *err)
{
    struct buf prefix = BUF_INIT;
    key_put_table(&prefix, catalog_cluster(job_catalog(b->job)), id);
    struct str kept = arena_str(&b->arena, buf_view(&prefix));
    buf_release(&prefix);
    return backup_keys(b, kept, id, table, err);
}

static int backup_virtual_cluster(struct backup *b, struct err *err)
{
    struct buf prefix = BUF_INIT;
    b->layer.cluster = b->request.ids[0];
    b->layer.cluster_name = b->request.virtual_cluster;
    b->layer.format = CAT_FORMAT_VERSION;
    key_put_cluster(&prefix, b->layer.cluster);
    struct str kept = arena_str(&b->arena, buf_view(&prefix));
    buf_release(&prefix);
    return backup_keys(b, kept, BACKUP_CLUSTER_SECTION, NULL, err);
}

static int backup_data(struct backup *b, struct err *err)
{
    size_t n = b->layer.objects.list.len;
    if (b->request.target == BACKUP_VIRTUAL_CLUSTER)
        return backup_virtual_cluster(b, err);
    for (size_t i = 0; b->request.target == BACKUP_CLUSTER && i < backup_system_tables_len; i++)
        TRY(backup_table(b, backup_system_tables[i], NULL, err));
    for (size_t i = 0; i < n; i++) {
        const struct cat_object *o = &b->layer.objects.list.ptr[i];
        const struct cat_table *t;
        if (o->kind != CAT_OBJECT_TABLE)
            continue;
        TRY(cat_table_by_id(b->view, o->id, &t, err));
        if (t == NULL)
            return gone(o->id, err);
        TRY(backup_table(b, o->id, t, err));
        TRY(job_update(b->job, 0.9 * (double)(i + 1) / (double)n, STR_EMPTY, err));
    }
    return 0;
}

// ---- the layer

static int open_below(struct backup *b, struct err *err)
{
    if (!b->request.append)
        return 0;
    TRY(backup_open(b->request.collection, b->request.subdirectory, 0, &b->arena, &b->below, err));
    const struct backup_layer *last = &b->below.layers.ptr[b->below.layers.len - 1];
    if (last->target != b->request.target ||
        (last->target == BACKUP_VIRTUAL_CLUSTER && last->cluster != b->request.ids[0]))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the backup that this one stands on is of something else");
    if (last->end >= b->request.version)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "the newest backup in the collection is not older than the time of this one");
    b->layer.start = last->end;
    return 0;
}

static int choose_directory(struct backup *b, struct err *err)
{
    if (!b->request.append)
        return backup_name_layer(&b->arena, b->request.collection, "%Y/%m/%d-%H%M%S", b->request.version,
                                 &b->layer.path, err);
    struct str parent = str_of(backup_path(&b->arena, b->below.layers.ptr[0].path, "incrementals"));
    return backup_name_layer(&b->arena, parent, "%Y%m%d-%H%M%S", b->request.version, &b->layer.path, err);
}

// Reads everything again.
static int verify(struct backup *b, struct err *err)
{
    struct backup_layer read = {.path = b->layer.path};
    TRY(manifest_read(backup_path(&b->arena, b->layer.path, "MANIFEST.new"), &b->arena, &read, err));
    for (size_t i = 0; i < read.n_sections; i++) {
        struct block_reader r = {0};
        struct backup_entry e;
        bool found = true;
        int rc = block_reader_open(&r, &b->arena, &read, &read.sections[i], err);
        while (rc == 0 && found) {
            rc = block_reader_next(&r, &e, &found, err);
            if (rc == 0)
                rc = job_check(b->job, err);
        }
        block_reader_close(&r);
        TRY(rc);
    }
    return 0;
}

static int write_manifest(struct backup *b, struct err *err)
{
    struct buf manifest = BUF_INIT;
    const char *path = backup_path(&b->arena, b->layer.path, "MANIFEST");
    const char *unverified = backup_path(&b->arena, b->layer.path, "MANIFEST.new");
    b->layer.sections = b->sections.ptr;
    b->layer.n_sections = b->sections.len;
    manifest_encode(&manifest, &b->layer);
    int rc = backup_write_file(unverified, buf_view(&manifest), err);
    if (rc == 0)
        rc = verify(b, err);
    buf_release(&manifest);
    return rc != 0 ? rc : backup_rename(unverified, path, err);
}

static int write_latest(struct backup *b, struct err *err)
{
    struct str collection = b->request.collection;
    if (b->request.append)
        return 0;
    TRY(backup_make_dirs(backup_path(&b->arena, collection, "metadata/latest"), err));
    return backup_write_file(backup_path(&b->arena, collection, "metadata/latest/LATEST"),
                             str_slice(b->layer.path, collection.len, b->layer.path.len), err);
}

static int export_objects(struct backup *b, struct err *err)
{
    switch (b->request.target) {
    case BACKUP_VIRTUAL_CLUSTER:
        return 0;
    case BACKUP_TABLES:
        return export_tables(b, err);
    case BACKUP_CLUSTER:
    case BACKUP_DATABASES:
        break;
    }
    return export_databases(b, err);
}

static int write_layer(struct backup *b, struct err *err)
{
    b->layer.end = b->request.version;
    b->layer.target = b->request.target;
    TRY(export_objects(b, err));
    TRY(job_pausepoint(b->job, "backup.before.flow", err));
    TRY(choose_directory(b, err));
    TRY(block_writer_open(&b->writer, backup_path(&b->arena, b->layer.path, "data.pbk"), err));
    TRY(backup_data(b, err));
    TRY(block_writer_close(&b->writer, err));
    TRY(write_manifest(b, err));
    return write_latest(b, err);
}

int backup_run(struct job *job, struct err *err)
{
    struct backup b = {.job = job};
    arena_init(&b.arena, NULL);
    int rc = decode_request(job_payload(job), &b.arena, &b.request, err);
    if (rc == 0)
        rc = hold_version(&b, err);
    if (rc == 0)
        rc = open_below(&b, err);
    if (rc == 0)
        rc = write_layer(&b, err);
    cat_view_close(b.view);
    if (b.held != NULL)
        kv_abort(b.held);
    block_writer_release(&b.writer);
    if (rc == 0) {
        struct buf progress = BUF_INIT;
        payload_put_u64(&progress, b.rows);
        rc = job_update(job, 1, buf_view(&progress), err);
        buf_release(&progress);
    }
    arena_release(&b.arena);
    return rc;
}

// Without a manifest what is there is no backup: only space is left behind, which the next one under the name takes.
int backup_revert(struct job *job, struct err *err)
{
    return 0;
}
