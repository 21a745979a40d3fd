// LMDB's data file under simulation. The functions of libc that liblmdb writes with are defined here, exported from the
// test's executable, and so win over libc's for the shared library too. On any other file they do what libc does.
//
// Reads are not caught: LMDB reads through its mapping, which shows the file as written, as after real writes.

#undef _FILE_OFFSET_BITS // else the headers rename pwrite to pwrite64, and both are defined here

#include "os/sim/sim_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default"), used))

static _Atomic(struct sim *) attached; // set before the store is opened, cleared after it is closed

void native_attach(struct sim *sim)
{
    const char *base = getenv("TMPDIR");
    INVARIANT(attached == NULL);
    snprintf(sim->native_dir, sizeof(sim->native_dir), "%s/palmetto-sim-XXXXXX", base != NULL ? base : "/tmp");
    INVARIANT(mkdtemp(sim->native_dir) != NULL);
    attached = sim;
}

static void native_file(const struct sim *sim, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", sim->native_dir, name);
}

void native_detach(struct sim *sim)
{
    char path[128];
    attached = NULL;
    native_file(sim, "data.mdb", path, sizeof(path));
    unlink(path);
    native_file(sim, "lock.mdb", path, sizeof(path));
    unlink(path);
    rmdir(sim->native_dir);
}

static void write_all(int fd, const char *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        long n = syscall(SYS_pwrite64, fd, bytes + done, len - done, done);
        INVARIANT(n > 0);
        done += (size_t)n;
    }
}

void native_restore(struct sim *sim)
{
    char path[128];
    native_file(sim, "lock.mdb", path, sizeof(path));
    unlink(path);
    native_file(sim, "data.mdb", path, sizeof(path));
    sim->native_ino = 0;
    if (sim->native.durable_size == 0) {
        unlink(path);
        return;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    INVARIANT(fd >= 0 && syscall(SYS_ftruncate, fd, 0) == 0);
    write_all(fd, sim->native.durable, sim->native.durable_size);
    struct stat st;
    INVARIANT(fstat(fd, &st) == 0);
    sim->native_dev = st.st_dev;
    sim->native_ino = st.st_ino;
    close(fd);
}

// The simulation that `fd` belongs to, locked; NULL for other files.
static struct sim *simulated(int fd)
{
    struct sim *sim = attached;
    struct stat st, data;
    char path[128];
    if (sim == NULL || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return NULL;
    pthread_mutex_lock(&sim->lock);
    if (sim->native_ino == 0) {
        native_file(sim, "data.mdb", path, sizeof(path));
        if (stat(path, &data) == 0) {
            sim->native_dev = data.st_dev;
            sim->native_ino = data.st_ino;
        }
    }
    if (sim->native_ino != 0 && st.st_ino == sim->native_ino && st.st_dev == sim->native_dev)
        return sim;
    pthread_mutex_unlock(&sim->lock);
    return NULL;
}

static bool writes_through(int fd)
{
    return (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
}

// One contiguous write. Unlocks the simulation.
static ssize_t simulated_write(struct sim *sim, int fd, const char *bytes, size_t len, off_t offset)
{
    size_t part = len;
    bool through = writes_through(fd);
    int rc = sim_gate(sim, SIM_OP_WRITE, &part);
    if (rc == 0 && through)
        rc = sim_gate(sim, SIM_OP_SYNC, NULL);
    if (part > 0) {
        INVARIANT(syscall(SYS_pwrite64, fd, bytes, part, offset) == (long)part);
        disk_write(&sim->native, bytes, part, (uint64_t)offset);
        if (rc == 0 && through)
            disk_force_last(&sim->native);
    }
    pthread_mutex_unlock(&sim->lock);
    if (rc != 0 && part > 0 && part < len)
        return (ssize_t)part; // a short write, as a full disk gives
    errno = rc;
    return rc != 0 ? -1 : (ssize_t)len;
}

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    struct sim *sim = simulated(fd);
    if (sim != NULL)
        return simulated_write(sim, fd, bytes, len, offset);
    return syscall(SYS_pwrite64, fd, bytes, len, offset);
}

EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    return pwrite(fd, bytes, len, offset);
}

static ssize_t simulated_writev(struct sim *sim, int fd, const struct iovec *parts, int n, off_t offset)
{
    struct buf all = BUF_INIT;
    for (int i = 0; i < n; i++)
        buf_append(&all, parts[i].iov_base, parts[i].iov_len);
    ssize_t written = simulated_write(sim, fd, all.ptr, all.len, offset);
    buf_release(&all);
    return written;
}

EXPORTED ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
    struct sim *sim = simulated(fd);
    if (sim != NULL)
        return simulated_writev(sim, fd, parts, n, offset);
    return syscall(SYS_pwritev, fd, parts, n, offset, 0);
}

EXPORTED ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t offset)
{
    return pwritev(fd, parts, n, offset);
}

EXPORTED ssize_t writev(int fd, const struct iovec *parts, int n)
{
    struct sim *sim = simulated(fd);
    if (sim == NULL)
        return syscall(SYS_writev, fd, parts, n);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t written = simulated_writev(sim, fd, parts, n, at);
    if (written > 0)
        lseek(fd, at + written, SEEK_SET);
    return written;
}

static int simulated_sync(struct sim *sim)
{
    int rc = sim_gate(sim, SIM_OP_SYNC, NULL);
    if (rc == 0)
        disk_sync(&sim->native);
    pthread_mutex_unlock(&sim->lock);
    errno = rc;
    return rc != 0 ? -1 : 0;
}

EXPORTED int fdatasync(int fd)
{
    struct sim *sim = simulated(fd);
    return sim != NULL ? simulated_sync(sim) : (int)syscall(SYS_fdatasync, fd);
}

EXPORTED int fsync(int fd)
{
    struct sim *sim = simulated(fd);
    return sim != NULL ? simulated_sync(sim) : (int)syscall(SYS_fsync, fd);
}

EXPORTED int ftruncate(int fd, off_t size)
{
    struct sim *sim = simulated(fd);
    if (sim == NULL)
        return (int)syscall(SYS_ftruncate, fd, size);
    int rc = sim_gate(sim, SIM_OP_TRUNCATE, NULL);
    if (rc == 0) {
        INVARIANT(syscall(SYS_ftruncate, fd, size) == 0);
        disk_resize(&sim->native, (uint64_t)size);
    }
    pthread_mutex_unlock(&sim->lock);
    errno = rc;
    return rc != 0 ? -1 : 0;
}

EXPORTED int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}
