// Sockets that listen.
#include "base/util.h"
#include "server/net/net_int.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// A free port is one that is free on every address of the host: how often to look for one.
enum { BACKLOG = 4096, FREE_PORT_TRIES = 16 };

static int bind_error(struct err *err, const char *where, int error)
{
    err_set(err, ERR_SYSTEM_ERROR, "cannot listen on %s: %s", where, strerror(error));
    if (error == EADDRINUSE)
        return err_hint(err, "Another server is running there; stop it or choose another address.");
    return err != NULL ? err->code : ERR_SYSTEM_ERROR;
}

static int bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    getsockname(fd, (struct sockaddr *)&address, &len);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return address.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&address)->sin_port) : 0;
}

// Returns 0 or errno's value.
static int try_bind(const struct sockaddr *address, socklen_t len, struct bound *bound)
{
    int on = 1, off = 0;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)); // [::] serves both families
    if (bind(fd, address, len) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    bound->fds[bound->n++] = fd;
    bound->port = bound_port(fd);
    return 0;
}

static void unbind(struct bound *bound)
{
    while (bound->n > 0)
        close(bound->fds[--bound->n]);
}

// All addresses: the IPv6 wildcard, which takes IPv4 too, else the IPv4 one.
static int bind_any(int port, struct bound *bound)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int error = try_bind((struct sockaddr *)&v6, sizeof(v6), bound);
    if (error != 0 && error != EADDRINUSE)
        error = try_bind((struct sockaddr *)&v4, sizeof(v4), bound);
    return error;
}

static bool is_repeated(const struct addrinfo *all, const struct addrinfo *a)
{
    for (; all != a; all = all->ai_next)
        if (all->ai_addrlen == a->ai_addrlen && memcmp(all->ai_addr, a->ai_addr, a->ai_addrlen) == 0)
            return true;
    return false;
}

static int bind_address(const struct addrinfo *a, int port, struct bound *bound)
{
    struct sockaddr_storage address = {0};
    memcpy(&address, a->ai_addr, a->ai_addrlen);
    if (address.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&address)->sin_port = htons((uint16_t)port);
    return try_bind((struct sockaddr *)&address, a->ai_addrlen, bound);
}

// One port on all addresses. An address that this machine does not have is left out; one in use fails the whole, or
// half of the clients would reach another server.
static int bind_each(const struct addrinfo *found, int port, struct bound *bound)
{
    int last = EADDRNOTAVAIL;
    for (const struct addrinfo *a = found; a != NULL && bound->n < BOUND_MAX; a = a->ai_next) {
        if (is_repeated(found, a))
            continue;
        int error = bind_address(a, bound->n > 0 ? bound->port : port, bound);
        if (error == EADDRINUSE) {
            unbind(bound);
            return error;
        }
        if (error != 0)
            last = error;
    }
    return bound->n > 0 ? 0 : last;
}

static int bind_named(const char *host, int port, struct bound *bound, const char **reason)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0) {
        *reason = gai_strerror(rc);
        return 0;
    }
    int tries = port == 0 ? FREE_PORT_TRIES : 1, error;
    do
        error = bind_each(found, port, bound);
    while (error == EADDRINUSE && --tries > 0);
    freeaddrinfo(found);
    return error;
}

int bind_tcp(const char *host, int port, struct bound *bound, struct err *err)
{
    const char *name = host != NULL ? host : "", *reason = NULL;
    char where[300];
    snprintf(where, sizeof(where), strchr(name, ':') != NULL ? "[%s]:%d" : "%s:%d", name, port);
    int error = name[0] == 0 ? bind_any(port, bound) : bind_named(name, port, bound, &reason);
    if (reason != NULL)
        return err_set(err, ERR_SYSTEM_ERROR, "cannot listen on %s: %s", where, reason);
    return error != 0 ? bind_error(err, where, error) : 0;
}

int bind_unix(const char *path, struct bound *bound, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, ERR_SYSTEM_ERROR, "cannot listen on %s: the path is too long", path);
    memcpy(address.sun_path, path, strlen(path));
    unlink(path); // of a server that is gone: the store's lock proves that none lives
    int error = try_bind((struct sockaddr *)&address, sizeof(address), bound);
    if (error != 0)
        return bind_error(err, path, error);
    chmod(path, 0777);
    return 0;
}
