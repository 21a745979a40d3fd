// Opening the tree, its states, its readers and the checkpoint's write transaction.
#include "kv/local/spaces_int.h"
#include "kv/local/tree_int.h"

#include "base/err.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READERS_MAX = 32768, DATABASES_MAX = TREE_PARTITIONS_MAX + 8 };

static const char STATE_KEY[] = "state";

// The stored form of a tree_state: this, then one u64 start per partition.
struct stored_state {
    uint64_t version, log_first, oldest_readable, partition_count;
};

static int tree_error(int rc, const char *what, const char *dir, struct err *err)
{
    bool damage = rc == MDB_CORRUPTED || rc == MDB_INVALID || rc == MDB_PAGE_NOTFOUND || rc == MDB_VERSION_MISMATCH;
    err_set(err, damage ? ERR_DATA_CORRUPTED : ERR_IO_ERROR, "%s \"%s\": %s", what, dir, mdb_strerror(rc));
    return damage
               ? err_hint(err, "Restore the store from a backup; its files have been changed or the disk is failing.")
               : err->code;
}

static void partition_name(uint64_t start, char out[24])
{
    snprintf(out, 24, "h%016llx", (unsigned long long)start);
}

static int read_state(struct tree *tree, MDB_txn *txn, struct tree_state *out)
{
    MDB_val key = {sizeof(STATE_KEY) - 1, (void *)STATE_KEY}, value;
    int rc = mdb_get(txn, tree->meta, &key, &value);
    *out = (struct tree_state){.txn_id = mdb_txn_id(txn), .log_first = 1};
    if (rc == MDB_NOTFOUND)
        return 0;
    struct stored_state stored;
    if (rc != 0 || value.mv_size < sizeof(stored))
        return rc != 0 ? rc : MDB_CORRUPTED;
    memcpy(&stored, value.mv_data, sizeof(stored));
    if (stored.partition_count > TREE_PARTITIONS_MAX ||
        value.mv_size != sizeof(stored) + stored.partition_count * sizeof(uint64_t))
        return MDB_CORRUPTED;
    out->version = stored.version;
    out->log_first = stored.log_first;
    out->oldest_readable = stored.oldest_readable;
    out->partition_count = (uint32_t)stored.partition_count;
    for (uint32_t i = 0; i < out->partition_count && rc == 0; i++) {
        char name[24];
        memcpy(&out->partitions[i].start, (char *)value.mv_data + sizeof(stored) + i * sizeof(uint64_t), 8);
        partition_name(out->partitions[i].start, name);
        rc = mdb_dbi_open(txn, name, 0, &out->partitions[i].dbi);
    }
    return rc;
}

static int write_state(struct tree *tree, MDB_txn *txn, const struct tree_state *state)
{
    char bytes[sizeof(struct stored_state) + TREE_PARTITIONS_MAX * sizeof(uint64_t)];
    struct stored_state stored = {state->version, state->log_first, state->oldest_readable, state->partition_count};
    memcpy(bytes, &stored, sizeof(stored));
    for (uint32_t i = 0; i < state->partition_count; i++)
        memcpy(bytes + sizeof(stored) + i * sizeof(uint64_t), &state->partitions[i].start, sizeof(uint64_t));
    MDB_val key = {sizeof(STATE_KEY) - 1, (void *)STATE_KEY};
    MDB_val value = {sizeof(stored) + state->partition_count * sizeof(uint64_t), bytes};
    return mdb_put(txn, tree->meta, &key, &value, 0);
}

// The map is address space only: halved until the process may have it. A failed environment cannot be opened again.
static int make_env(MDB_env **out, const char *path, unsigned flags)
{
    for (size_t map_bytes = (size_t)1 << 40;; map_bytes /= 2) {
        int rc = mdb_env_create(out);
        if (rc != 0)
            return rc;
        if ((rc = mdb_env_set_maxdbs(*out, DATABASES_MAX)) == 0 &&
            (rc = mdb_env_set_maxreaders(*out, READERS_MAX)) == 0 && (rc = mdb_env_set_mapsize(*out, map_bytes)) == 0)
            rc = mdb_env_open(*out, path, flags, 0600);
        if (rc == 0)
            return 0;
        mdb_env_close(*out);
        *out = NULL;
        if (rc != ENOMEM || map_bytes <= (size_t)1 << 28)
            return rc;
    }
}

// Opens the databases; with MDB_CREATE makes them and writes the first state.
static int open_databases(struct tree *tree, unsigned create)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(tree->env, NULL, create != 0 ? 0 : MDB_RDONLY, &txn);
    if (rc != 0)
        return rc;
    struct tree_state state;
    if ((rc = mdb_dbi_open(txn, "meta", create, &tree->meta)) == 0 &&
        (rc = mdb_dbi_open(txn, "data", create, &tree->data)) == 0 && (rc = read_state(tree, txn, &state)) == 0 &&
        (create == 0 || ((rc = write_state(tree, txn, &state)) == 0 && (rc = spaces_create(txn, tree->meta)) == 0))) {
        tree->states[0] = state;
        return mdb_txn_commit(txn); // keeps the handles, in a read transaction too
    }
    mdb_txn_abort(txn);
    return rc;
}

// The data of a volatile store lives in anonymous memory; LMDB reaches it through a link that is gone after opening.
static int open_volatile(struct tree *tree, struct err *err)
{
    const char *places[] = {getenv("TMPDIR"), "/tmp", "/dev/shm", "."};
    char dir[1024], data[1100], lock[1100], target[64];
    bool made = false;
    for (size_t i = 0; i < ARRAY_LEN(places) && !made; i++) {
        if (places[i] == NULL || strlen(places[i]) > 900)
            continue;
        snprintf(dir, sizeof(dir), "%s/palmetto-XXXXXX", places[i]);
        made = mkdtemp(dir) != NULL;
    }
    if (!made)
        return err_set(err, ERR_IO_ERROR, "could not create a temporary directory: %s", strerror(errno));
    snprintf(data, sizeof(data), "%s/data.mdb", dir);
    snprintf(lock, sizeof(lock), "%s/lock.mdb", dir);
    int fd = memfd_create("palmetto", MFD_CLOEXEC);
    snprintf(target, sizeof(target), "/proc/self/fd/%d", fd);
    int rc = fd < 0 || symlink(target, data) != 0 ? errno : 0;
    if (rc == 0)
        rc = make_env(&tree->env, dir, MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMEMINIT | MDB_NOSYNC);
    if (fd >= 0)
        close(fd);
    unlink(data);
    unlink(lock);
    rmdir(dir);
    return rc == 0 ? 0 : tree_error(rc, "could not open a temporary store in", dir, err);
}

// A store that fails to open is freed as a whole later: the tree counts as open while env is set.
static void close_env(struct tree *tree)
{
    mdb_env_close(tree->env);
    tree->env = NULL;
}

static int open_durable(struct tree *tree, const char *dir, struct err *err)
{
    int rc = make_env(&tree->env, dir, MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMEMINIT);
    // What a killed process wrote last may be in the page cache only, and log segments are freed on the strength of it.
    if (rc == 0 && (rc = mdb_env_sync(tree->env, 1)) != 0)
        close_env(tree);
    return rc == 0 ? 0 : tree_error(rc, "could not open the store in", dir, err);
}

// The directory's lock keeps writers away, so LMDB's own lock file is not needed.
static int open_read_only(struct tree *tree, const char *dir, struct err *err)
{
    int rc = make_env(&tree->env, dir, MDB_NOTLS | MDB_NORDAHEAD | MDB_RDONLY | MDB_NOLOCK);
    return rc == 0 ? 0 : tree_error(rc, "could not open the store in", dir, err);
}

int tree_open(struct tree *tree, const char *dir, enum tree_mode mode, struct err *err)
{
    memset(tree, 0, sizeof(*tree));
    TRY(mode == TREE_VOLATILE    ? open_volatile(tree, err)
        : mode == TREE_READ_ONLY ? open_read_only(tree, dir, err)
                                 : open_durable(tree, dir, err));
    int rc = open_databases(tree, 0);
    if (rc == MDB_NOTFOUND && mode != TREE_READ_ONLY)
        rc = open_databases(tree, MDB_CREATE);
    if (rc != 0) {
        close_env(tree);
        return tree_error(rc, "could not read the store in", dir, err);
    }
    pthread_mutex_init(&tree->state_mutex, NULL);
    for (size_t i = 0; i < TREE_READER_SHARDS; i++)
        pthread_mutex_init(&tree->pools[i].mutex, NULL);
    return 0;
}

void tree_close(struct tree *tree)
{
    for (size_t i = 0; i < TREE_READER_SHARDS; i++) {
        for (struct tree_reader *r = tree->pools[i].idle, *next; r != NULL; r = next) {
            next = r->next;
            if (r->idle_cursor != NULL)
                mdb_cursor_close(r->idle_cursor);
            mdb_txn_abort(r->txn);
            mem_free(r);
        }
        pthread_mutex_destroy(&tree->pools[i].mutex);
    }
    pthread_mutex_destroy(&tree->state_mutex);
    mdb_env_close(tree->env);
}

struct tree_state tree_newest_state(struct tree *tree)
{
    pthread_mutex_lock(&tree->state_mutex);
    struct tree_state state = tree->states[tree->newest];
    pthread_mutex_unlock(&tree->state_mutex);
    return state;
}

uint64_t tree_disk_bytes(struct tree *tree)
{
    mdb_filehandle_t fd;
    struct stat st;
    if (mdb_env_get_fd(tree->env, &fd) != 0 || fstat(fd, &st) != 0)
        return 0;
    return (uint64_t)st.st_size;
}

static bool find_state(struct tree *tree, struct tree_reader *reader)
{
    size_t id = mdb_txn_id(reader->txn);
    if (reader->state.txn_id == id)
        return true;
    bool found = false;
    pthread_mutex_lock(&tree->state_mutex);
    for (size_t i = 0; i < TREE_STATES_KEPT && !found; i++) {
        found = tree->states[i].txn_id == id;
        if (found)
            reader->state = tree->states[i];
    }
    pthread_mutex_unlock(&tree->state_mutex);
    return found;
}

struct tree_reader *tree_reader_take(struct tree *tree, unsigned shard)
{
    struct tree_pool *pool = &tree->pools[shard % TREE_READER_SHARDS];
    pthread_mutex_lock(&pool->mutex);
    struct tree_reader *r = pool->idle;
    if (r != NULL)
        pool->idle = r->next;
    pthread_mutex_unlock(&pool->mutex);
    int rc = 0;
    if (r != NULL) {
        rc = mdb_txn_renew(r->txn);
    } else {
        r = mem_zalloc(sizeof(*r));
        rc = mdb_txn_begin(tree->env, NULL, MDB_RDONLY, &r->txn);
    }
    // So many checkpoints between the renewal and the look-up that the state is gone: renew.
    while (rc == 0 && !find_state(tree, r)) {
        mdb_txn_reset(r->txn);
        rc = mdb_txn_renew(r->txn);
    }
    if (rc == 0)
        return r;
    log_error("reading the store: %s", mdb_strerror(rc));
    if (r->idle_cursor != NULL)
        mdb_cursor_close(r->idle_cursor);
    if (r->txn != NULL)
        mdb_txn_abort(r->txn);
    mem_free(r);
    return NULL;
}

void tree_reader_give(struct tree *tree, struct tree_reader *reader, unsigned shard)
{
    struct tree_pool *pool = &tree->pools[shard % TREE_READER_SHARDS];
    mdb_txn_reset(reader->txn);
    pthread_mutex_lock(&pool->mutex);
    reader->next = pool->idle;
    pool->idle = reader;
    pthread_mutex_unlock(&pool->mutex);
}

int tree_write_begin(struct tree *tree, struct tree_write *w)
{
    *w = (struct tree_write){.tree = tree, .state = tree_newest_state(tree)};
    arena_init(&w->scratch, NULL);
    int rc = mdb_txn_begin(tree->env, NULL, 0, &w->txn);
    w->state.txn_id = rc == 0 ? mdb_txn_id(w->txn) : 0;
    return rc;
}

void tree_write_abort(struct tree_write *w)
{
    mdb_txn_abort(w->txn);
    arena_release(&w->scratch);
}

static void publish(struct tree *tree, const struct tree_state *state)
{
    pthread_mutex_lock(&tree->state_mutex);
    tree->newest = (tree->newest + 1) % TREE_STATES_KEPT;
    tree->states[tree->newest] = *state;
    pthread_mutex_unlock(&tree->state_mutex);
}

int tree_write_commit(struct tree_write *w)
{
    int rc = write_state(w->tree, w->txn, &w->state);
    if (rc != 0) {
        tree_write_abort(w);
        return rc;
    }
    // Before the commit: a reader may meet the new snapshot as soon as that is done. If it fails the store does too.
    publish(w->tree, &w->state);
    rc = mdb_txn_commit(w->txn);
    arena_release(&w->scratch);
    return rc;
}

int tree_partition_add(struct tree_write *w, uint64_t start)
{
    struct tree_state *s = &w->state;
    INVARIANT(s->partition_count < TREE_PARTITIONS_MAX);
    char name[24];
    partition_name(start, name);
    MDB_dbi dbi;
    int rc = mdb_dbi_open(w->txn, name, MDB_CREATE, &dbi);
    if (rc == 0)
        s->partitions[s->partition_count++] = (struct tree_partition){start, dbi};
    return rc;
}

int tree_partition_drop_first(struct tree_write *w)
{
    struct tree_state *s = &w->state;
    int rc = mdb_drop(w->txn, s->partitions[0].dbi, 1);
    if (rc != 0)
        return rc;
    s->partition_count--;
    memmove(s->partitions, s->partitions + 1, s->partition_count * sizeof(s->partitions[0]));
    return 0;
}
