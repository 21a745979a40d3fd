// Between net.c and listener.c.
#ifndef SERVER_NET_NET_INT_H
#define SERVER_NET_NET_INT_H

#include "server/net/net.h"

struct listener {
    struct source source;
    struct net *net;
    struct listener *next;
    struct listener_options options;
    char *host, *unix_path;
    int fd;
    int reserved_fd; // given up to accept and refuse one connection when descriptors run out
    // Monotonic ns when a paused listener is armed again, 0: not paused. Written before pausing by the worker that runs
    // the listener, cleared by the watch.
    _Atomic int64_t resume_at;
};

// Arms a paused listener whose time has come. Returns when to be called again.
int64_t listener_resume(struct listener *l, int64_t now);
void listener_close(struct listener *l);

#endif
