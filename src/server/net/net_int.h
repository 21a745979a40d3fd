// Between the files of this folder.
#ifndef SERVER_NET_NET_INT_H
#define SERVER_NET_NET_INT_H

#include "server/net/net.h"

struct listener {
    struct source source;
    struct net *net;
    struct listener *next;
    struct listener_options options;
    char *unix_path;
    int fd;
    int reserved_fd; // given up to accept and refuse one connection when descriptors run out
    // Monotonic ns when a paused listener is armed again, 0: not paused. Written before pausing by the worker that runs
    // the listener, cleared by the watch.
    _Atomic int64_t resume_at;
};

// Arms a paused listener whose time has come. Returns when to be called again.
int64_t listener_resume(struct listener *l, int64_t now);
void listener_close(struct listener *l);

// ---- bind.c

enum { BOUND_MAX = 16 };
// Sockets that listen, for the caller to close: one for each address.
struct bound {
    int fds[BOUND_MAX];
    int n, port;
};
// Every address of the host, all on one port; port 0 takes a free one. NULL or "": all of this machine.
int bind_tcp(const char *host, int port, struct bound *bound, struct err *err) MUST_CHECK;
int bind_unix(const char *path, struct bound *bound, struct err *err) MUST_CHECK;

#endif
