// The kernel's files and clocks.
#include "os/os.h"
#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct real_file {
    struct os_file file;
    int fd;
};

static int fd_of(struct os_file *file)
{
    return ((struct real_file *)file)->fd;
}

static int real_open(const struct os *os, const char *path, unsigned flags, struct os_file **out)
{
    int mode = (flags & OS_OPEN_READ_ONLY) != 0 ? O_RDONLY : O_RDWR;
    if ((flags & OS_OPEN_CREATE) != 0)
        mode |= O_CREAT;
    if ((flags & OS_OPEN_EXCLUSIVE) != 0)
        mode |= O_EXCL;
    if ((flags & OS_OPEN_TRUNCATE) != 0)
        mode |= O_TRUNC;
    int fd;
    do
        fd = open(path, mode | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return errno;
    struct real_file *f = mem_alloc(sizeof(*f));
    *f = (struct real_file){.file = {os}, .fd = fd};
    *out = &f->file;
    return 0;
}

static void real_close(struct os_file *file)
{
    close(fd_of(file));
    mem_free(file);
}

static int real_read_at(struct os_file *file, void *bytes, size_t len, uint64_t offset, size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd_of(file), (char *)bytes + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

static int real_write_at(struct os_file *file, const void *bytes, size_t len, uint64_t offset)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(fd_of(file), (const char *)bytes + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        done += (size_t)n;
    }
    return 0;
}

static int real_sync(struct os_file *file)
{
    return fdatasync(fd_of(file)) == 0 ? 0 : errno;
}

static int real_size(struct os_file *file, uint64_t *out)
{
    struct stat st;
    if (fstat(fd_of(file), &st) != 0)
        return errno;
    *out = (uint64_t)st.st_size;
    return 0;
}

static int real_truncate(struct os_file *file, uint64_t size)
{
    return ftruncate(fd_of(file), (off_t)size) == 0 ? 0 : errno;
}

static int real_allocate(struct os_file *file, uint64_t offset, uint64_t len)
{
    int rc;
    do
        rc = fallocate(fd_of(file), 0, (off_t)offset, (off_t)len);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

static int real_lock(struct os_file *file)
{
    if (flock(fd_of(file), LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? EAGAIN : errno;
}

static int real_make_dir(const struct os *os, const char *path)
{
    return mkdir(path, 0700) == 0 ? 0 : errno;
}

static int real_sync_dir(const struct os *os, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int rc = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

static int real_rename(const struct os *os, const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : errno;
}

static int real_unlink(const struct os *os, const char *path)
{
    return unlink(path) == 0 ? 0 : errno;
}

static int real_list(const struct os *os, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return errno;
    struct dirent *entry;
    while ((errno = 0, entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            visit(arg, entry->d_name);
    }
    int rc = errno;
    closedir(dir);
    return rc;
}

static int real_native_path(const struct os *os, const char *path, char *out, size_t out_size)
{
    int n = snprintf(out, out_size, "%s", path);
    return n >= 0 && (size_t)n < out_size ? 0 : ENAMETOOLONG;
}

static int64_t real_wall_ns(const struct os *os)
{
    return clock_wall_ns();
}

static int64_t real_mono_ns(const struct os *os)
{
    return clock_mono_ns();
}

const struct os *os_real(void)
{
    static const struct os real = {
        .name = "real",
        .open = real_open,
        .close = real_close,
        .read_at = real_read_at,
        .write_at = real_write_at,
        .sync = real_sync,
        .size = real_size,
        .truncate = real_truncate,
        .allocate = real_allocate,
        .lock = real_lock,
        .make_dir = real_make_dir,
        .sync_dir = real_sync_dir,
        .rename = real_rename,
        .unlink = real_unlink,
        .list = real_list,
        .native_path = real_native_path,
        .wall_ns = real_wall_ns,
        .mono_ns = real_mono_ns,
    };
    return &real;
}
