// The simulated file system: names, open files, faults and power failures. Contents are in disk.c.

#include "os/sim/sim_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sim_handle {
    struct os_file file; // first
    struct sim_file *content;
    bool locks;
};

static struct sim *sim_of(const struct os *os)
{
    return (struct sim *)os;
}

// --- faults -------------------------------------------------------------------------------------------------------

// Counts a sync; true when the power goes off now.
static bool power_fails(struct sim *sim, enum sim_op op)
{
    if ((op & (SIM_OP_SYNC | SIM_OP_SYNC_DIR)) != 0 && sim->syncs_left > 0 && --sim->syncs_left == 0)
        sim->off = true;
    return sim->off;
}

int sim_gate(struct sim *sim, enum sim_op op, size_t *len)
{
    if (power_fails(sim, op)) {
        if (len != NULL)
            *len = 0;
        return EIO;
    }
    sim->counts[__builtin_ctz(op)]++;
    if ((sim->fault.ops & op) == 0 || sim->fault.n == 0)
        return 0;
    sim->matched++;
    if (sim->matched != sim->fault.n && !(sim->fault.forever && sim->matched > sim->fault.n))
        return 0;
    sim->fault_happened = true;
    if (len != NULL)
        *len = sim->fault.partly ? *len / 2 : 0;
    return sim->fault.error;
}

void sim_set_fault(struct sim *sim, struct sim_fault fault)
{
    pthread_mutex_lock(&sim->lock);
    sim->fault = fault;
    sim->fault_happened = false;
    sim->matched = 0;
    memset(sim->counts, 0, sizeof(sim->counts));
    pthread_mutex_unlock(&sim->lock);
}

bool sim_fault_happened(struct sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    bool happened = sim->fault_happened;
    pthread_mutex_unlock(&sim->lock);
    return happened;
}

uint64_t sim_count(struct sim *sim, unsigned ops)
{
    uint64_t sum = 0;
    pthread_mutex_lock(&sim->lock);
    for (size_t i = 0; i < ARRAY_LEN(sim->counts); i++)
        sum += (ops >> i & 1) != 0 ? sim->counts[i] : 0;
    pthread_mutex_unlock(&sim->lock);
    return sum;
}

void sim_power_off_at(struct sim *sim, uint64_t n)
{
    pthread_mutex_lock(&sim->lock);
    sim->syncs_left = n;
    sim->off = sim->off || n == 0;
    pthread_mutex_unlock(&sim->lock);
}

bool sim_is_off(struct sim *sim)
{
    pthread_mutex_lock(&sim->lock);
    bool off = sim->off;
    pthread_mutex_unlock(&sim->lock);
    return off;
}

// --- names --------------------------------------------------------------------------------------------------------

static struct sim_name *names_find(struct sim_names *names, const char *path)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i].path, path) == 0)
            return &names->list[i];
    return NULL;
}

static void file_unref(struct sim_file *f)
{
    if (f == NULL || --f->refs > 0)
        return;
    disk_release(&f->disk);
    mem_free(f->live);
    mem_free(f);
}

static void names_set(struct sim_names *names, const char *path, struct sim_file *file)
{
    struct sim_name *at = names_find(names, path);
    if (file != NULL)
        file->refs++;
    if (at != NULL) {
        file_unref(at->file);
        at->file = file;
        return;
    }
    if (names->n == names->cap) {
        names->cap = names->cap == 0 ? 16 : names->cap * 2;
        names->list = mem_realloc(names->list, size_mul(names->cap, sizeof(*names->list)));
    }
    names->list[names->n++] = (struct sim_name){strdup(path), file};
}

static void names_remove(struct sim_names *names, const char *path)
{
    struct sim_name *at = names_find(names, path);
    if (at == NULL)
        return;
    file_unref(at->file);
    free(at->path);
    *at = names->list[--names->n];
}

static void names_clear(struct sim_names *names)
{
    while (names->n > 0)
        names_remove(names, names->list[0].path);
}

static void names_release(struct sim_names *names)
{
    names_clear(names);
    mem_free(names->list);
}

// The directory part of a path, without its last slash; "" for a bare name.
static struct str dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (struct str){path, slash == NULL ? 0 : (size_t)(slash - path)};
}

static bool in_dir(const char *path, const char *dir)
{
    return str_eqc(dir_of(path), dir);
}

static bool dir_exists(struct sim *sim, const char *path)
{
    struct str dir = dir_of(path);
    for (size_t i = 0; i < sim->live.n; i++)
        if (sim->live.list[i].file == NULL && str_eqc(dir, sim->live.list[i].path))
            return true;
    return dir.len == 0;
}

static void add_name_op(struct sim *sim, const char *removed, const char *added, struct sim_file *file)
{
    if (sim->nname_ops == sim->name_ops_cap) {
        sim->name_ops_cap = sim->name_ops_cap == 0 ? 16 : sim->name_ops_cap * 2;
        sim->name_ops = mem_realloc(sim->name_ops, size_mul(sim->name_ops_cap, sizeof(*sim->name_ops)));
    }
    if (file != NULL)
        file->refs++;
    sim->name_ops[sim->nname_ops++] =
        (struct name_op){removed != NULL ? strdup(removed) : NULL, added != NULL ? strdup(added) : NULL, file};
}

static void apply_name_op(struct sim_names *names, const struct name_op *op)
{
    if (op->removed != NULL)
        names_remove(names, op->removed);
    if (op->added != NULL)
        names_set(names, op->added, op->file);
}

static void name_op_release(struct name_op *op)
{
    free(op->removed);
    free(op->added);
    file_unref(op->file);
}

// --- files --------------------------------------------------------------------------------------------------------

static struct sim_file *content_of(struct os_file *file)
{
    return ((struct sim_handle *)file)->content;
}

static void live_resize(struct sim_file *f, size_t size)
{
    if (size > f->live_cap) {
        f->live_cap = MAX(size, f->live_cap * 2);
        f->live = mem_realloc(f->live, f->live_cap);
    }
    if (size > f->live_size)
        memset(f->live + f->live_size, 0, size - f->live_size);
    f->live_size = size;
}

static int open_name(struct sim *sim, const char *path, unsigned flags, struct sim_file **out)
{
    struct sim_name *name = names_find(&sim->live, path);
    if (name != NULL && name->file == NULL)
        return EISDIR;
    if (name != NULL) {
        *out = name->file;
        return (flags & OS_OPEN_CREATE) != 0 && (flags & OS_OPEN_EXCLUSIVE) != 0 ? EEXIST : 0;
    }
    if ((flags & OS_OPEN_CREATE) == 0 || !dir_exists(sim, path))
        return ENOENT;
    *out = mem_zalloc(sizeof(**out));
    names_set(&sim->live, path, *out);
    add_name_op(sim, NULL, path, *out);
    return 0;
}

static int sim_open(const struct os *os, const char *path, unsigned flags, struct os_file **out)
{
    struct sim *sim = sim_of(os);
    struct sim_file *f = NULL;
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_OPEN, NULL);
    if (rc == 0)
        rc = open_name(sim, path, flags, &f);
    if (rc == 0) {
        if ((flags & OS_OPEN_TRUNCATE) != 0 && f->live_size > 0) {
            live_resize(f, 0);
            disk_resize(&f->disk, 0);
        }
        struct sim_handle *h = mem_zalloc(sizeof(*h));
        h->file.os = os;
        h->content = f;
        f->refs++;
        *out = &h->file;
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static void sim_close(struct os_file *file)
{
    struct sim_handle *h = (struct sim_handle *)file;
    struct sim *sim = sim_of(file->os);
    pthread_mutex_lock(&sim->lock);
    if (h->locks)
        h->content->locked = false;
    file_unref(h->content);
    pthread_mutex_unlock(&sim->lock);
    mem_free(h);
}

static int sim_read_at(struct os_file *file, void *bytes, size_t len, uint64_t offset, size_t *got)
{
    struct sim *sim = sim_of(file->os);
    struct sim_file *f = content_of(file);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_READ, NULL);
    *got = rc != 0 || offset >= f->live_size ? 0 : MIN(len, f->live_size - offset);
    if (*got > 0)
        memcpy(bytes, f->live + offset, *got);
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_write_at(struct os_file *file, const void *bytes, size_t len, uint64_t offset)
{
    struct sim *sim = sim_of(file->os);
    struct sim_file *f = content_of(file);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_WRITE, &len);
    if (len > 0) {
        if (offset + len > f->live_size)
            live_resize(f, offset + len);
        memcpy(f->live + offset, bytes, len);
        disk_write(&f->disk, bytes, len, offset);
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_sync(struct os_file *file)
{
    struct sim *sim = sim_of(file->os);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_SYNC, NULL);
    if (rc == 0)
        disk_sync(&content_of(file)->disk);
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_size(struct os_file *file, uint64_t *out)
{
    struct sim *sim = sim_of(file->os);
    pthread_mutex_lock(&sim->lock);
    *out = content_of(file)->live_size;
    pthread_mutex_unlock(&sim->lock);
    return 0;
}

static int sim_truncate(struct os_file *file, uint64_t size)
{
    struct sim *sim = sim_of(file->os);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_TRUNCATE, NULL);
    if (rc == 0) {
        live_resize(content_of(file), size);
        disk_resize(&content_of(file)->disk, size);
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_allocate(struct os_file *file, uint64_t offset, uint64_t len)
{
    struct sim *sim = sim_of(file->os);
    struct sim_file *f = content_of(file);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_ALLOCATE, NULL);
    if (rc == 0 && offset + len > f->live_size) {
        live_resize(f, offset + len);
        disk_resize(&f->disk, offset + len);
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_lock_file(struct os_file *file)
{
    struct sim_handle *h = (struct sim_handle *)file;
    struct sim *sim = sim_of(file->os);
    pthread_mutex_lock(&sim->lock);
    int rc = h->content->locked && !h->locks ? EAGAIN : 0;
    if (rc == 0)
        h->locks = h->content->locked = true;
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

// --- directories --------------------------------------------------------------------------------------------------

static int sim_make_dir(const struct os *os, const char *path)
{
    struct sim *sim = sim_of(os);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_OPEN, NULL);
    if (rc == 0 && names_find(&sim->live, path) != NULL)
        rc = EEXIST;
    if (rc == 0) {
        names_set(&sim->live, path, NULL);
        names_set(&sim->durable, path, NULL);
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_sync_dir(const struct os *os, const char *path)
{
    struct sim *sim = sim_of(os);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_SYNC_DIR, NULL);
    size_t kept = 0;
    for (size_t i = 0; rc == 0 && i < sim->nname_ops; i++) {
        struct name_op *op = &sim->name_ops[i];
        if (!in_dir(op->added != NULL ? op->added : op->removed, path)) {
            sim->name_ops[kept++] = *op;
            continue;
        }
        apply_name_op(&sim->durable, op);
        name_op_release(op);
    }
    if (rc == 0)
        sim->nname_ops = kept;
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_rename(const struct os *os, const char *from, const char *to)
{
    struct sim *sim = sim_of(os);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_RENAME, NULL);
    struct sim_name *name = names_find(&sim->live, from);
    if (rc == 0 && (name == NULL || name->file == NULL))
        rc = name == NULL ? ENOENT : EISDIR;
    if (rc == 0) {
        struct sim_file *f = name->file;
        add_name_op(sim, from, to, f);
        names_set(&sim->live, to, f);
        names_remove(&sim->live, from);
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_unlink(const struct os *os, const char *path)
{
    struct sim *sim = sim_of(os);
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_UNLINK, NULL);
    if (rc == 0 && names_find(&sim->live, path) == NULL)
        rc = ENOENT;
    if (rc == 0) {
        add_name_op(sim, path, NULL, NULL);
        names_remove(&sim->live, path);
    }
    pthread_mutex_unlock(&sim->lock);
    return rc;
}

static int sim_list(const struct os *os, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    struct sim *sim = sim_of(os);
    size_t n = 0;
    pthread_mutex_lock(&sim->lock);
    int rc = sim_gate(sim, SIM_OP_READ, NULL);
    char **names = mem_alloc(size_mul(sim->live.n + 1, sizeof(*names)));
    for (size_t i = 0; rc == 0 && i < sim->live.n; i++)
        if (in_dir(sim->live.list[i].path, path))
            names[n++] = strdup(strrchr(sim->live.list[i].path, '/') + 1);
    pthread_mutex_unlock(&sim->lock);
    for (size_t i = 0; i < n; i++) {
        visit(arg, names[i]);
        free(names[i]);
    }
    mem_free(names);
    return rc;
}

static int sim_native_path(const struct os *os, const char *path, char *out, size_t out_size)
{
    struct sim *sim = sim_of(os);
    int n = snprintf(out, out_size, "%s", sim->native_dir);
    return (size_t)n < out_size ? 0 : ENAMETOOLONG;
}

static int64_t sim_wall_ns(const struct os *os)
{
    return clock_wall_ns();
}

static int64_t sim_mono_ns(const struct os *os)
{
    return clock_mono_ns();
}

// --- power --------------------------------------------------------------------------------------------------------

static void crash_names(struct sim *sim, enum sim_loss loss)
{
    for (size_t i = 0; i < sim->nname_ops; i++) {
        bool survives = loss == SIM_LOSE_NOTHING || (loss != SIM_LOSE_ALL_UNSYNCED && rng_below(&sim->rng, 2) == 0);
        if (survives)
            apply_name_op(&sim->durable, &sim->name_ops[i]);
    }
    names_clear(&sim->live);
    for (size_t i = 0; i < sim->durable.n; i++)
        names_set(&sim->live, sim->durable.list[i].path, sim->durable.list[i].file);
    for (size_t i = 0; i < sim->nname_ops; i++)
        name_op_release(&sim->name_ops[i]);
    sim->nname_ops = 0;
}

void sim_power_on(struct sim *sim, enum sim_loss loss)
{
    pthread_mutex_lock(&sim->lock);
    crash_names(sim, loss);
    for (size_t i = 0; i < sim->live.n; i++) {
        struct sim_file *f = sim->live.list[i].file;
        if (f == NULL)
            continue;
        INVARIANT(!f->locked);
        disk_crash(&f->disk, loss, &sim->rng);
        live_resize(f, 0);
        live_resize(f, f->disk.durable_size);
        if (f->live_size > 0)
            memcpy(f->live, f->disk.durable, f->live_size);
    }
    disk_crash(&sim->native, loss, &sim->rng);
    native_restore(sim);
    sim->off = false;
    sim->syncs_left = 0;
    pthread_mutex_unlock(&sim->lock);
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *sim = mem_zalloc(sizeof(*sim));
    sim->os = (struct os){
        .name = "sim",
        .open = sim_open,
        .close = sim_close,
        .read_at = sim_read_at,
        .write_at = sim_write_at,
        .sync = sim_sync,
        .size = sim_size,
        .truncate = sim_truncate,
        .allocate = sim_allocate,
        .lock = sim_lock_file,
        .make_dir = sim_make_dir,
        .sync_dir = sim_sync_dir,
        .rename = sim_rename,
        .unlink = sim_unlink,
        .list = sim_list,
        .native_path = sim_native_path,
        .wall_ns = sim_wall_ns,
        .mono_ns = sim_mono_ns,
    };
    pthread_mutex_init(&sim->lock, NULL);
    rng_seed(&sim->rng, seed);
    native_attach(sim);
    return sim;
}

void sim_free(struct sim *sim)
{
    native_detach(sim);
    names_release(&sim->live);
    names_release(&sim->durable);
    for (size_t i = 0; i < sim->nname_ops; i++)
        name_op_release(&sim->name_ops[i]);
    mem_free(sim->name_ops);
    disk_release(&sim->native);
    pthread_mutex_destroy(&sim->lock);
    mem_free(sim);
}

const struct os *sim_os(struct sim *sim)
{
    return &sim->os;
}
