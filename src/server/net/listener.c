// Listening sockets. A worker accepts what is there and arms the listener again.
#include "base/util.h"
#include "server/net/net_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 32 };
static const int64_t pause_ns = 100 * 1000 * 1000;

static void set_tcp_options(int fd)
{
    int on = 1, idle_s = 60, interval_s = 15, probes = 4;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void print_peer(const struct sockaddr_storage *address, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
        snprintf(out, size, "%s:%d", host, ntohs(v4->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
        snprintf(out, size, "[%s]:%d", host, ntohs(v6->sin6_port));
    } else {
        snprintf(out, size, "local");
    }
}

// A best effort: the peer may not read it.
static void refuse(struct listener *l, int fd)
{
    char scrap[1024];
    atomic_fetch_add_explicit(&l->net->refused, 1, memory_order_relaxed);
    send(fd, l->options.full_message.ptr, l->options.full_message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    while (recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT) > 0)
        ;
    close(fd);
}

static bool is_full(struct listener *l)
{
    pthread_mutex_lock(&l->net->lock);
    bool full = l->net->n_conns >= l->options.connections_max;
    pthread_mutex_unlock(&l->net->lock);
    return full;
}

static void begin(struct listener *l, int fd, const struct sockaddr_storage *address)
{
    char peer[64];
    print_peer(address, peer, sizeof(peer));
    struct conn *c = conn_new(l->net, fd, peer);
    c->unix_socket = address->ss_family == AF_UNIX;
    if (!c->unix_socket)
        set_tcp_options(fd);
    if (pool_add(l->net->pool, fd, &c->source) != 0 || !l->options.open(c, l->options.arg))
        conn_free(c);
    else
        conn_begin(c);
}

// Out of descriptors: gives up the reserved one for a moment to tell a client so. False when that does not help.
static bool refuse_with_reserved(struct listener *l)
{
    if (l->reserved_fd < 0)
        return false;
    close(l->reserved_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        refuse(l, fd);
    l->reserved_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && l->reserved_fd >= 0;
}

// False when accepting must pause.
static bool accept_batch(struct listener *l)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof(address);
        int fd = accept4(l->fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (fd < 0 && (errno == EMFILE || errno == ENFILE) && refuse_with_reserved(l))
            continue;
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            return false;
        if (fd < 0)
            continue; // the client gave up meanwhile
        atomic_fetch_add_explicit(&l->net->accepted, 1, memory_order_relaxed);
        if (is_full(l))
            refuse(l, fd);
        else
            begin(l, fd, &address);
    }
    return true;
}

static void listener_ready(struct source *source, struct worker *worker, uint32_t events)
{
    struct listener *l = CONTAINER_OF(source, struct listener, source);
    if (atomic_load(&l->net->draining))
        return; // stays disarmed
    if (accept_batch(l)) {
        pool_arm(l->net->pool, l->fd, &l->source, EPOLLIN);
        return;
    }
    log_warning("accepting connections pauses: out of file descriptors or memory");
    int64_t at = clock_mono_ns() + pause_ns;
    atomic_store(&l->resume_at, at);
    pool_alarm(l->net->pool, at);
}

int64_t listener_resume(struct listener *l, int64_t now)
{
    int64_t at = atomic_load(&l->resume_at);
    if (at == 0)
        return INT64_MAX;
    if (at > now)
        return at;
    atomic_store(&l->resume_at, 0);
    pool_arm(l->net->pool, l->fd, &l->source, EPOLLIN);
    return INT64_MAX;
}

// ---- opening

static void listener_add(struct net *net, const struct listener_options *options, int fd)
{
    struct listener *l = mem_zalloc(sizeof(*l));
    l->source.ready = listener_ready;
    l->net = net;
    l->options = *options;
    l->fd = fd;
    l->reserved_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    l->unix_path = options->unix_path != NULL ? str_dup_c(str_of(options->unix_path)) : NULL;
    pthread_mutex_lock(&net->lock);
    l->next = net->listeners;
    net->listeners = l;
    pthread_mutex_unlock(&net->lock);
}

int net_listen(struct net *net, const struct listener_options *options, int *port, struct err *err)
{
    struct bound bound = {0};
    if (options->unix_path != NULL)
        TRY(bind_unix(options->unix_path, &bound, err));
    else
        TRY(bind_tcp(options->host, options->port, &bound, err));
    *port = bound.port;
    for (int i = 0; i < bound.n; i++)
        listener_add(net, options, bound.fds[i]);
    return 0;
}

int net_accept(struct net *net, struct err *err)
{
    for (struct listener *l = net->listeners; l != NULL; l = l->next)
        if (pool_add(net->pool, l->fd, &l->source) != 0)
            return err_set(err, ERR_SYSTEM_ERROR, "cannot watch a listener: %s", strerror(errno));
    for (struct listener *l = net->listeners; l != NULL; l = l->next)
        pool_arm(net->pool, l->fd, &l->source, EPOLLIN);
    return 0;
}

void listener_close(struct listener *l)
{
    close(l->fd);
    if (l->reserved_fd >= 0)
        close(l->reserved_fd);
    if (l->unix_path != NULL)
        unlink(l->unix_path);
    mem_free(l->unix_path);
    mem_free(l);
}
