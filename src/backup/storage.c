// Files of backups, and which directory a URI means.
#include "backup/backup_int.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int backup_io_error(int error, const char *what, const char *path, struct err *err)
{
    return err_set(err, ERR_IO_ERROR, "could not %s \"%s\": %s", what, path, strerror(error));
}

int backup_damaged(const char *path, const char *what, struct err *err)
{
    err_set(err, ERR_DATA_CORRUPTED, "backup file \"%s\" is damaged: %s", path, what);
    return err_hint(err, "Use another backup; this one has been changed or its disk is failing.");
}

const char *backup_path(struct arena *a, struct str directory, const char *name)
{
    return arena_printf(a, "%.*s/%s", STR_FMT(directory), name).ptr;
}

// ---- URIs

// Components that lead out of the directory, and links that may.
static int check_component(struct str path, struct str component, const char *so_far, struct err *err)
{
    struct stat st;
    if (str_eqc(component, "..") || memchr(component.ptr, '\0', component.len) != NULL)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                       "local file access to paths outside of external-io-dir is not allowed: %.*s", STR_FMT(path));
    if (lstat(so_far, &st) == 0 && S_ISLNK(st.st_mode))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "local file access through symbolic links is not allowed: %.*s",
                       STR_FMT(path));
    return 0;
}

static int append_path(struct str path, struct buf *out, struct err *err)
{
    bool any = false;
    for (size_t at = 0; at < path.len;) {
        ptrdiff_t slash = str_find(path, STR("/"), at);
        size_t end = slash < 0 ? path.len : (size_t)slash;
        struct str component = str_slice(path, at, end);
        at = end + 1;
        if (component.len == 0 || str_eqc(component, "."))
            continue;
        any = true;
        buf_putc(out, '/');
        buf_str(out, component);
        TRY(check_component(path, component, buf_c(out), err));
    }
    return any ? 0 : err_set(err, ERR_INVALID_PARAMETER_VALUE, "the URI of a collection needs a path");
}

int backup_resolve(struct str base, struct str uri, struct buf *out, struct err *err)
{
    const struct str scheme = STR("nodelocal://");
    ptrdiff_t colon = str_find(uri, STR("://"), 0);
    if (colon < 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "unsupported storage scheme: \"\" in %.*s", STR_FMT(uri));
    if (!str_has_prefix(uri, scheme))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: unsupported storage scheme: \"%.*s\"",
                       (int)colon, uri.ptr);
    struct str rest = str_slice(uri, scheme.len, uri.len);
    ptrdiff_t slash = str_find(rest, STR("/"), 0);
    struct str host = slash < 0 ? rest : str_slice(rest, 0, (size_t)slash);
    if (!str_eqc(host, "1") && !str_eqc(host, "self"))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "host component of nodelocal URI must be a node ID: %.*s",
                       STR_FMT(uri));
    if (base.len == 0)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "local file access is disabled");
    buf_str(out, base);
    return append_path(slash < 0 ? STR_EMPTY : str_slice(rest, (size_t)slash, rest.len), out, err);
}

// ---- files

static int sync_parent(const char *path)
{
    const struct os *os = os_real();
    char *parent = str_dup_c(str_of(path));
    char *slash = strrchr(parent, '/');
    if (slash != NULL)
        *slash = '\0';
    int rc = os->sync_dir(os, slash != NULL && parent[0] != '\0' ? parent : "/");
    mem_free(parent);
    return rc;
}

int backup_make_dirs(const char *path, struct err *err)
{
    const struct os *os = os_real();
    char *copy = str_dup_c(str_of(path));
    int rc = 0;
    for (char *slash = strchr(copy + 1, '/'); rc == 0; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        int made = backup_exists(copy) ? EEXIST : os->make_dir(os, copy);
        if (made == 0)
            made = sync_parent(copy);
        if (made != 0 && made != EEXIST)
            rc = backup_io_error(made, "create", copy, err);
        if (slash == NULL)
            break;
        *slash = '/';
    }
    mem_free(copy);
    return rc;
}

bool backup_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int backup_rename(const char *from, const char *to, struct err *err)
{
    int rc = os_real()->rename(os_real(), from, to);
    if (rc == 0)
        rc = sync_parent(to);
    return rc == 0 ? 0 : backup_io_error(rc, "rename to", to, err);
}

int backup_write_file(const char *path, struct str bytes, struct err *err)
{
    const struct os *os = os_real();
    struct os_file *file;
    struct buf temporary = BUF_INIT;
    buf_printf(&temporary, "%s.new", path);
    int rc = os->open(os, buf_c(&temporary), OS_OPEN_CREATE | OS_OPEN_TRUNCATE, &file);
    if (rc == 0) {
        rc = os->write_at(file, bytes.ptr, bytes.len, 0);
        if (rc == 0)
            rc = os->sync(file);
        os->close(file);
    }
    rc = rc != 0 ? backup_io_error(rc, "write", path, err) : backup_rename(buf_c(&temporary), path, err);
    buf_release(&temporary);
    return rc;
}

int backup_read_file(const char *path, struct buf *out, struct err *err)
{
    const struct os *os = os_real();
    struct os_file *file;
    uint64_t size = 0;
    size_t got = 0;
    int rc = os->open(os, path, OS_OPEN_READ_ONLY, &file);
    if (rc == 0) {
        rc = os->size(file, &size);
        if (rc == 0 && buf_reserve(out, (size_t)size))
            rc = os->read_at(file, out->ptr + out->len, (size_t)size, 0, &got);
        out->len += got;
        os->close(file);
    }
    return rc == 0 ? 0 : backup_io_error(rc, "read", path, err);
}

// ---- directories

struct listing {
    struct arena *arena;
    bool (*wanted)(struct str name);
    ARENA_VEC(struct str) names;
};

static void collect(void *arg, const char *name)
{
    struct listing *l = arg;
    if (l->wanted(str_of(name)))
        ARENA_PUSH(l->arena, &l->names, arena_str(l->arena, str_of(name)));
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

int backup_list_dir(const char *path, bool (*wanted)(struct str name), struct arena *a, const struct str **out,
                    size_t *n, struct err *err)
{
    const struct os *os = os_real();
    struct listing l = {.arena = a, .wanted = wanted};
    int rc = os->list(os, path, collect, &l);
    if (rc != 0 && rc != ENOENT)
        return backup_io_error(rc, "list", path, err);
    if (l.names.len > 1)
        qsort(l.names.ptr, l.names.len, sizeof(struct str), by_name);
    *out = l.names.ptr;
    *n = l.names.len;
    return 0;
}
