// Opening, recovering and closing a store.
//
//   DIR/FORMAT            "palmetto store 1": written last when a store is made, so without it there is none yet
//   DIR/LOCK              locked while a process has the store open
//   DIR/data.mdb lock.mdb the tree (LMDB)
//   DIR/data.sum          checksums of its pages
//   DIR/wal-…             the write-ahead log
//
// Opening: lock, check the format, open the tree, replay the log from the position the tree records, start a new
// log segment. Old formats are upgraded here (there is one format so far), newer ones refused.
#include "kv/local/spaces_int.h"
#include "kv/local/store_int.h"

#include "base/err.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    FORMAT_VERSION = 1,
    SEGMENT_BYTES_MIN = 256 * 1024,
    SEGMENT_BYTES_MAX = 16 * 1024 * 1024,
    LEFTOVER_BYTES_MAX = 1024 * 1024,
};
#define FORMAT_PREFIX "palmetto store "

static void store_close(struct kv *kv);

void store_fail(struct store *s, const char *what, const char *reason)
{
    struct buf text = BUF_INIT;
    buf_printf(&text, "%s failed: %s; the store is read-only until the server is restarted", what, reason);
    const char *owned = str_dup_c(buf_view(&text)), *none = NULL;
    buf_release(&text);
    if (atomic_compare_exchange_strong(&s->failure, &none, owned))
        log_error("%s", owned);
    else
        mem_free((void *)owned);
}

static void path_of(const struct store *s, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", s->dir, name);
}

static int io_error(const struct store *s, const char *what, int error, struct err *err)
{
    return err_set(err, ERR_IO_ERROR, "could not %s \"%s\": %s", what, s->dir, strerror(error));
}

static int sync_parent(const struct store *s)
{
    const char *slash = strrchr(s->dir, '/');
    if (slash == NULL || slash == s->dir)
        return s->os->sync_dir(s->os, slash == NULL ? "." : "/");
    char *parent = str_dup_c((struct str){s->dir, (size_t)(slash - s->dir)});
    int rc = s->os->sync_dir(s->os, parent);
    mem_free(parent);
    return rc;
}

static int make_dir(struct store *s, bool must_exist, struct err *err)
{
    if (must_exist) // a missing one shows when the lock file is opened
        return 0;
    int rc = s->os->make_dir(s->os, s->dir);
    if (rc == 0)
        rc = sync_parent(s);
    return rc == 0 || rc == EEXIST ? 0 : io_error(s, "create store directory", rc, err);
}

static int lock_dir(struct store *s, struct err *err)
{
    char path[4096];
    path_of(s, "LOCK", path, sizeof(path));
    int rc = s->os->open(s->os, path, OS_OPEN_CREATE, &s->lock_file);
    if (rc == ENOENT)
        return err_set(err, ERR_UNDEFINED_FILE, "store directory \"%s\" does not exist", s->dir);
    if (rc == 0)
        rc = s->os->lock(s->lock_file);
    if (rc == EAGAIN) {
        err_set(err, ERR_OBJECT_IN_USE, "store directory \"%s\" is in use by another process", s->dir);
        return err_hint(err, "Stop the other server, or choose another directory with --store.");
    }
    return rc == 0 ? 0 : io_error(s, "lock store directory", rc, err);
}

// *version 0: no FORMAT file.
static int read_format(struct store *s, int64_t *version, struct err *err)
{
    char path[4096], text[64];
    path_of(s, "FORMAT", path, sizeof(path));
    struct os_file *file;
    size_t got = 0;
    *version = 0;
    int rc = s->os->open(s->os, path, OS_OPEN_READ_ONLY, &file);
    if (rc == ENOENT)
        return 0;
    if (rc == 0) {
        rc = s->os->read_at(file, text, sizeof(text), 0, &got);
        s->os->close(file);
    }
    if (rc != 0)
        return io_error(s, "read FORMAT in", rc, err);
    struct str line = str_trim((struct str){text, got}), prefix = STR(FORMAT_PREFIX);
    if (!str_has_prefix(line, prefix) || !str_to_i64(str_slice(line, prefix.len, line.len), version) || *version < 1) {
        err_set(err, ERR_DATA_CORRUPTED, "FORMAT in \"%s\" is damaged", s->dir);
        return err_hint(err, "It should read \"" FORMAT_PREFIX "%d\".", FORMAT_VERSION);
    }
    if (*version > FORMAT_VERSION) {
        err_set(err, ERR_FEATURE_NOT_SUPPORTED, "store \"%s\" has format version %lld; this server knows up to %d",
                s->dir, (long long)*version, FORMAT_VERSION);
        return err_hint(err, "Use the newer server version that wrote the store.");
    }
    return 0;
}

static int write_format(struct store *s, struct err *err)
{
    char path[4096], temporary[4096], text[64];
    path_of(s, "FORMAT", path, sizeof(path));
    path_of(s, "FORMAT.new", temporary, sizeof(temporary));
    int len = snprintf(text, sizeof(text), FORMAT_PREFIX "%d\n", FORMAT_VERSION);
    struct os_file *file;
    int rc = s->os->open(s->os, temporary, OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &file);
    if (rc == 0) {
        rc = s->os->write_at(file, text, (size_t)len, 0);
        if (rc == 0)
            rc = s->os->sync(file);
        s->os->close(file);
    }
    if (rc == 0)
        rc = s->os->rename(s->os, temporary, path);
    if (rc == 0)
        rc = s->os->sync_dir(s->os, s->dir);
    return rc == 0 ? 0 : io_error(s, "write FORMAT in", rc, err);
}

struct leftovers {
    struct store *s;
    int error;
};

static void remove_log(void *arg, const char *name)
{
    struct leftovers *l = arg;
    char path[4096];
    uint64_t segment;
    if (!log_parse_name(name, &segment))
        return;
    path_of(l->s, name, path, sizeof(path));
    int rc = l->s->os->unlink(l->s->os, path);
    l->error = l->error != 0 ? l->error : rc;
}

// Empties a small data.mdb; a large one is not what a creation that was cut short leaves.
static int empty_data(struct store *s, const char *native, struct err *err)
{
    const struct os *real = os_real(); // LMDB's files are the kernel's
    char path[4200];
    snprintf(path, sizeof(path), "%s/data.mdb", native);
    struct os_file *file;
    uint64_t size = 0;
    int rc = real->open(real, path, 0, &file);
    if (rc == ENOENT)
        return 0;
    if (rc == 0) {
        rc = real->size(file, &size);
        if (rc == 0 && size <= LEFTOVER_BYTES_MAX)
            rc = real->truncate(file, 0);
        real->close(file);
    }
    if (size > LEFTOVER_BYTES_MAX) {
        err_set(err, ERR_DATA_CORRUPTED, "store \"%s\" has data but no FORMAT file", s->dir);
        return err_hint(err, "Restore the store from a backup.");
    }
    return rc == 0 ? 0 : io_error(s, "clear", rc, err);
}

// Removes what a creation that was cut short has left.
static int remove_leftovers(struct store *s, const char *native, struct err *err)
{
    TRY(empty_data(s, native, err));
    struct leftovers l = {.s = s};
    int rc = s->os->list(s->os, s->dir, remove_log, &l);
    rc = rc != 0 ? rc : l.error;
    return rc == 0 ? 0 : io_error(s, "clear", rc, err);
}

// Replay of the log into the memtable.
struct recovery {
    struct store *s;
    uint64_t last_version;
};

static int replay_add(struct recovery *r, struct memtable *active, uint64_t version, const struct log_op *op,
                      struct err *err)
{
    struct store *s = r->s;
    struct tree_reader *reader = tree_reader_take(&s->tree, 0);
    struct found before = {0};
    int rc = reader != NULL ? newest_value(s->view, &s->tree, reader->txn, op->key, &before) : MDB_PANIC;
    if (rc == 0) {
        int64_t base = before.at != 0 && !before.deleted ? counter_decode(before.value) : 0;
        int64_t sum = (int64_t)((uint64_t)base + (uint64_t)counter_decode(op->value));
        memtable_add(active, op->key, version, false, (struct str){(const char *)&sum, sizeof(sum)});
    }
    if (reader != NULL)
        tree_reader_give(&s->tree, reader, 0);
    return rc == 0 ? 0 : err_set(err, ERR_IO_ERROR, "could not read \"%s\": %s", s->dir, mdb_strerror(rc));
}

static int replay_op(void *arg, uint64_t version, const struct log_op *op, struct err *err)
{
    struct recovery *r = arg;
    struct memtable *active = r->s->view->tables[0];
    if (version <= r->last_version)
        return err_set(err, ERR_DATA_CORRUPTED, "the write-ahead log in \"%s\" is out of order", r->s->dir);
    if (op->kind == LOG_OP_ADD)
        return replay_add(r, active, version, op, err);
    memtable_add(active, op->key, version, op->kind == LOG_OP_DELETE, op->value);
    return 0;
}

static int replay_commit(void *arg, uint64_t version, struct err *err)
{
    ((struct recovery *)arg)->last_version = version;
    return 0;
}

static void push_active(struct store *s, uint64_t log_first)
{
    atomic_fetch_add_explicit(&s->checkpoint.unmerged_frozen, 1, memory_order_relaxed);
    view_push_active(s, memtable_new(log_first));
}

// A long log is merged as it is read, so that memory stays bounded.
static int replay_segment_end(void *arg, uint64_t next_segment, struct err *err)
{
    struct recovery *r = arg;
    struct store *s = r->s;
    if (memtable_bytes(s->view->tables[0]) < s->memtable_bytes || s->read_only)
        return 0;
    atomic_store_explicit(&s->durable, r->last_version, memory_order_release);
    push_active(s, next_segment);
    s->log.live_last = next_segment; // nothing from here on is freed
    int rc = checkpoint_merge_oldest(s);
    return rc == 0 ? 0 : err_set(err, ERR_IO_ERROR, "could not write \"%s\": %s", s->dir, mdb_strerror(rc));
}

static void set_versions(struct store *s, uint64_t last)
{
    s->last_version = last;
    atomic_store_explicit(&s->inserted, last, memory_order_release);
    atomic_store_explicit(&s->durable, last, memory_order_release);
}

static void start_view(struct store *s)
{
    struct tree_state state = tree_newest_state(&s->tree);
    struct memtable *active = memtable_new(state.log_first);
    view_install(s, &active, 1, state.version);
    atomic_store_explicit(&s->oldest_readable, state.oldest_readable, memory_order_release);
    // Nothing is known in memory of what came before.
    atomic_store_explicit(&s->validation_floor, state.version, memory_order_release);
    set_versions(s, MAX(state.version, 1));
}

static int open_log(struct store *s, const struct kv_options *options, struct err *err)
{
    size_t segment = MIN(MAX(s->memtable_bytes / 4, (size_t)SEGMENT_BYTES_MIN), (size_t)SEGMENT_BYTES_MAX);
    log_init(&s->log, s->os, s->dir, segment, options->no_sync);
    s->log.read_only = s->read_only;
    struct tree_state state = tree_newest_state(&s->tree);
    struct recovery r = {.s = s, .last_version = state.version};
    struct log_replay replay = {replay_op, replay_commit, replay_segment_end, &r};
    TRY(log_recover(&s->log, state.log_first, &replay, err));
    set_versions(s, MAX(r.last_version, s->last_version));
    return 0;
}

static struct store *store_new(const struct kv_options *options)
{
    struct store *s = mem_zalloc(sizeof(*s));
    s->kv.ops = &local_ops;
    s->os = options->os != NULL ? options->os : os_real();
    s->read_only = options->read_only;
    s->memtable_bytes = options->memtable_bytes != 0 ? options->memtable_bytes : (size_t)64 << 20;
    s->history_bytes_max = options->history_bytes_max != 0 ? options->history_bytes_max : (size_t)256 << 20;
    s->history_disk_bytes_max = options->history_disk_bytes_max;
    s->skip = options->skip;
    s->space_of = options->space_of;
    atomic_init(&s->history_ns, options->history_ns != 0 ? options->history_ns : 600ll * 1000000000);
    s->limits = (struct kv_limits){.key_bytes_max = 64 << 10,
                                   .value_bytes_max = (size_t)256 << 20,
                                   .txn_bytes_max = (size_t)512 << 20,
                                   .has_locks = true};
    if (options->impose_distributed_limits)
        s->limits = (struct kv_limits){.key_bytes_max = 10000,
                                       .value_bytes_max = 100000,
                                       .txn_bytes_max = 10000000,
                                       .txn_duration_ns_max = 5ll * 1000000000,
                                       .has_locks = true};
    atomic_init(&s->next_txn_id, 1);
    lock_table_init(&s->locks, s->os, &s->durable);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&s->shards[i].mutex, NULL);
    pthread_mutex_init(&s->queue.mutex, NULL);
    pthread_mutex_init(&s->queue.unlogged_mutex, NULL);
    pthread_mutex_init(&s->checkpoint.mutex, NULL);
    pthread_mutex_init(&s->checkpoint.state_mutex, NULL);
    return s;
}

static void free_idle_txns(struct shard *shard)
{
    INVARIANT(shard->live == NULL);
    for (struct txn *t = shard->idle, *next; t != NULL; t = next) {
        next = t->next;
        scan_free_idle(t);
        arena_release(&t->arena);
        mem_free(t);
    }
}

// Works on a store in any state of opening.
static void store_free(struct store *s)
{
    for (size_t i = 0; i < SHARDS; i++) {
        free_idle_txns(&s->shards[i]);
        pthread_mutex_destroy(&s->shards[i].mutex);
    }
    view_unref(s->view);
    lock_table_release(&s->locks);
    if (s->log.dir != NULL)
        log_release(&s->log);
    if (s->tree.env != NULL)
        tree_close(&s->tree);
    if (s->lock_file != NULL)
        s->os->close(s->lock_file);
    pthread_mutex_destroy(&s->queue.mutex);
    pthread_mutex_destroy(&s->queue.unlogged_mutex);
    pthread_mutex_destroy(&s->checkpoint.mutex);
    pthread_mutex_destroy(&s->checkpoint.state_mutex);
    mem_free((void *)atomic_load(&s->failure));
    page_sums_release(&s->sums);
    mem_free(s->data_path);
    mem_free(s->dir);
    mem_free(s);
}

// A new store has no data yet. One that was made without checksums gets them below.
static int check_data(struct store *s, const char *native, int64_t format, struct err *err)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/data.mdb", native);
    s->data_path = str_dup_c(str_of(path));
    if (format == 0)
        return 0;
    TRY(page_sums_load(&s->sums, s->os, s->dir, err));
    return pages_check(path, &s->sums, s->read_only ? PAGES_ALL : PAGES_AS_SMALL, err);
}

static int keep_sums(struct store *s, struct err *err)
{
    if (s->read_only)
        return 0;
    int rc = page_sums_update(&s->sums, s->os, s->dir, s->data_path);
    return rc == 0 ? 0 : io_error(s, "write data.sum in", rc, err);
}

static int store_verify(struct kv *kv, struct err *err)
{
    struct store *s = store_of(kv);
    if (s->data_path == NULL)
        return 0;
    pthread_mutex_lock(&s->checkpoint.mutex);
    int rc = pages_check(s->data_path, &s->sums, PAGES_ALL, err);
    pthread_mutex_unlock(&s->checkpoint.mutex);
    return rc;
}

static int open_files(struct store *s, const struct kv_options *options, struct err *err)
{
    char native[4096];
    int64_t format;
    TRY(make_dir(s, options->must_exist || s->read_only, err));
    TRY(lock_dir(s, err));
    TRY(read_format(s, &format, err));
    if (format == 0 && s->read_only)
        return err_set(err, ERR_UNDEFINED_FILE, "there is no store in \"%s\"", s->dir);
    int rc = s->os->native_path(s->os, s->dir, native, sizeof(native));
    if (rc != 0)
        return io_error(s, "open", rc, err);
    if (format == 0)
        TRY(remove_leftovers(s, native, err));
    TRY(check_data(s, native, format, err));
    TRY(tree_open(&s->tree, native, s->read_only ? TREE_READ_ONLY : TREE_DURABLE, err));
    TRY(keep_sums(s, err));
    start_view(s);
    TRY(open_log(s, options, err));
    if (s->read_only)
        atomic_store(&s->failure, str_dup_c(STR("the store was opened for reading only")));
    return format == 0 ? write_format(s, err) : 0;
}

int kv_local_open(const char *rest, const struct kv_options *options, struct kv **out, struct err *err)
{
    size_t len = strlen(rest);
    if (len == 0 || len > 3000)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\"local:\" needs a directory name of at most 3000 bytes");
    struct store *s = store_new(options);
    while (len > 1 && rest[len - 1] == '/')
        len--;
    s->dir = str_dup_c((struct str){rest, len});
    int rc = open_files(s, options, err);
    if (rc != 0) {
        store_free(s);
        return rc;
    }
    *out = &s->kv;
    return 0;
}

int kv_mem_open(const char *rest, const struct kv_options *options, struct kv **out, struct err *err)
{
    struct store *s = store_new(options);
    int rc = tree_open(&s->tree, "", TREE_VOLATILE, err);
    if (rc != 0) {
        store_free(s);
        return rc;
    }
    start_view(s);
    *out = &s->kv;
    return 0;
}

static void store_close(struct kv *kv)
{
    struct store *s = store_of(kv);
    checkpoint_join(s);
    if (s->dir != NULL && !store_failed(s) && checkpoint_now(kv) != KV_OK)
        log_warning("the store was closed without a checkpoint; the next start replays its log");
    checkpoint_join(s); // freezing may have started it again
    store_free(s);
}

static struct kv_limits store_limits(const struct kv *kv)
{
    return ((const struct store *)kv)->limits;
}

static uint64_t store_now(struct kv *kv)
{
    return atomic_load_explicit(&store_of(kv)->durable, memory_order_acquire);
}

static uint64_t store_oldest_readable(struct kv *kv)
{
    return atomic_load_explicit(&store_of(kv)->oldest_readable, memory_order_acquire);
}

static uint64_t store_oldest_writer(struct kv *kv)
{
    return view_oldest_writer(store_of(kv));
}

static void store_set_history(struct kv *kv, int64_t history_ns)
{
    atomic_store_explicit(&store_of(kv)->history_ns, history_ns, memory_order_relaxed);
}

static const char *store_failure(struct kv *kv)
{
    return atomic_load_explicit(&store_of(kv)->failure, memory_order_acquire);
}

static uint64_t tree_live_bytes(struct store *s)
{
    struct tree_reader *reader = tree_reader_take(&s->tree, 0);
    MDB_stat stat = {0};
    if (reader != NULL && mdb_stat(reader->txn, s->tree.data, &stat) != 0)
        stat = (MDB_stat){0};
    if (reader != NULL)
        tree_reader_give(&s->tree, reader, 0);
    return (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
}

static void store_get_stats(struct kv *kv, struct kv_stats *out)
{
    struct store *s = store_of(kv);
    *out = (struct kv_stats){
        .commits = atomic_load_explicit(&s->stats.commits, memory_order_relaxed),
        .conflicts = atomic_load_explicit(&s->stats.conflicts, memory_order_relaxed),
        .checkpoints = atomic_load_explicit(&s->stats.checkpoints, memory_order_relaxed),
        .deadlocks = atomic_load_explicit(&s->locks.deadlocks, memory_order_relaxed),
        .lock_waits = atomic_load_explicit(&s->locks.waits, memory_order_relaxed),
        .syncs = atomic_load_explicit(&s->log.syncs, memory_order_relaxed),
        .bytes_logged = atomic_load_explicit(&s->log.bytes_logged, memory_order_relaxed),
        .history_ns = atomic_load_explicit(&s->history_ns, memory_order_relaxed),
        .disk_bytes = tree_disk_bytes(&s->tree) + (s->dir != NULL ? log_disk_bytes(&s->log) : 0),
    };
    struct view *view = view_acquire(s, 0);
    for (unsigned i = 0; i < view->count; i++) {
        size_t bytes = memtable_bytes(view->tables[i]);
        uint64_t max = memtable_max(view->tables[i]);
        if (i > 0 && max <= view->merged)
            out->history_bytes += bytes;
        else
            out->memtable_bytes += bytes;
    }
    view_unref(view);
    out->live_bytes = tree_live_bytes(s) + out->memtable_bytes;
}

static void store_list_locks(struct kv *kv, void (*visit)(void *arg, const struct kv_lock_info *info), void *arg)
{
    lock_list(&store_of(kv)->locks, visit, arg);
}

const struct kv_ops local_ops = {
    .close = store_close,
    .limits = store_limits,
    .now = store_now,
    .oldest_readable = store_oldest_readable,
    .oldest_writer = store_oldest_writer,
    .set_history = store_set_history,
    .failure = store_failure,
    .get_stats = store_get_stats,
    .space_bytes = store_space_bytes,
    .checkpoint = checkpoint_now,
    .verify = store_verify,
    .begin = txn_begin,
    .commit = txn_commit,
    .abort = txn_abort,
    .reset = txn_reset,
    .read_version = txn_read_version,
    .txn_id = txn_id,
    .isolation = txn_isolation,
    .has_writes = txn_has_writes,
    .refresh = txn_refresh,
    .new_statement = txn_new_statement,
    .must_reset = txn_must_reset,
    .cancel = txn_cancel,
    .clear_cancel = txn_clear_cancel,
    .last_conflict = txn_last_conflict,
    .get = txn_get,
    .get_many = txn_get_many,
    .scan_open = scan_open,
    .scan_next = scan_next,
    .scan_close = scan_close,
    .put = txn_put,
    .del = txn_delete,
    .delete_range = txn_delete_range,
    .add = txn_add,
    .add_read_conflict = txn_add_read_conflict,
    .lock = txn_lock,
    .lock_guard = txn_lock_guard,
    .mark = txn_mark,
    .set_read_mark = txn_set_read_mark,
    .savepoint = txn_savepoint,
    .rollback_to = txn_rollback_to,
    .list_locks = store_list_locks,
};
