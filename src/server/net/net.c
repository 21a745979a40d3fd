// The set of connections: the watch over it, and draining.
#include "base/util.h"
#include "server/net/net_int.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

static const int64_t gone_check_ns = 100 * 1000 * 1000; // how often a running connection's peer is looked at

static bool peer_closed(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

struct peer_check {
    struct net *net;
    int64_t now;
    bool found;
};

// Looks at the peer of a connection that has been running for a while.
static void check_worker(void *arg, struct worker *w)
{
    struct peer_check *check = arg;
    uint64_t runs = atomic_load_explicit(&w->runs, memory_order_relaxed);
    if (runs != w->runs_seen) {
        w->runs_seen = runs;
        w->seen_at = check->now;
        return;
    }
    if (check->now - w->seen_at < gone_check_ns)
        return;
    w->seen_at = check->now;
    pthread_mutex_lock(&check->net->lock);
    struct conn *c = atomic_load(&w->current);
    if (c != NULL && peer_closed(c->fd) && !atomic_exchange(&c->lost, true))
        check->found = true;
    pthread_mutex_unlock(&check->net->lock);
}

static void tell_lost(struct net *net)
{
    pthread_mutex_lock(&net->lock);
    for (struct conn *c = net->conns; c != NULL; c = c->next)
        if (atomic_load(&c->lost) && atomic_load(&c->busy))
            c->handler->gone(c);
    pthread_mutex_unlock(&net->lock);
}

// Wakes the connection's worker-to-be: reading sees the end, the run sees why.
static void end_at_rest(struct conn *c, enum conn_end why)
{
    atomic_store(&c->end, (int)why);
    shutdown(c->fd, atomic_load(&c->writing) ? SHUT_RDWR : SHUT_RD);
}

static int64_t check_deadlines(struct net *net, int64_t now)
{
    int64_t next = INT64_MAX;
    pthread_mutex_lock(&net->lock);
    for (struct conn *c = net->conns; c != NULL; c = c->next) {
        int64_t deadline = atomic_load(&c->deadline);
        if (deadline == 0)
            continue;
        if (deadline <= now) {
            atomic_store(&c->deadline, 0);
            end_at_rest(c, CONN_END_DEADLINE);
        } else {
            next = MIN(next, deadline);
        }
    }
    pthread_mutex_unlock(&net->lock);
    return next;
}

static int64_t run_tick(struct net *net, int64_t now)
{
    int64_t at = atomic_load(&net->tick_at);
    if (at == 0)
        return INT64_MAX;
    if (at > now)
        return at;
    int64_t next = net->tick(net->tick_arg, now);
    atomic_store(&net->tick_at, next != INT64_MAX ? next : 0);
    return next;
}

void net_start_tick(struct net *net)
{
    int64_t stopped = 0, now = clock_mono_ns();
    if (atomic_compare_exchange_strong(&net->tick_at, &stopped, now))
        pool_alarm(net->pool, now);
}

static int64_t watch(void *arg, int64_t now, bool alarm)
{
    struct net *net = arg;
    struct peer_check check = {.net = net, .now = now};
    int64_t next = INT64_MAX;
    pool_visit_workers(net->pool, check_worker, &check);
    if (check.found)
        tell_lost(net);
    if (!alarm)
        return next;
    next = MIN(check_deadlines(net, now), run_tick(net, now));
    pthread_mutex_lock(&net->lock);
    for (struct listener *l = net->listeners; l != NULL; l = l->next)
        next = MIN(next, listener_resume(l, now));
    pthread_mutex_unlock(&net->lock);
    return next;
}

int net_open(struct net *net, const struct net_options *o, struct err *err)
{
    struct pool_options options = {.target = o->workers, .watch = watch, .arg = net};
    pthread_condattr_t monotonic;
    memset(net, 0, sizeof(*net));
    net->write_timeout_ns = o->write_timeout_ns;
    net->tick = o->tick;
    net->tick_arg = o->tick_arg;
    atomic_store(&net->tick_at, o->tick != NULL ? 0 : INT64_MAX);
    budget_init(&net->input, "input buffers", o->input_bytes_max, NULL);
    pthread_mutex_init(&net->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&net->closed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = pool_start(&options, &net->pool, err);
    if (rc != 0) {
        pthread_mutex_destroy(&net->lock);
        pthread_cond_destroy(&net->closed);
    }
    return rc;
}

// Waits until no connection is left or the time has come. Under net->lock.
static bool wait_closed(struct net *net, int64_t until)
{
    struct timespec t = {until / 1000000000, until % 1000000000};
    while (net->n_conns > 0)
        if (pthread_cond_timedwait(&net->closed, &net->lock, &t) == ETIMEDOUT)
            return net->n_conns == 0;
    return true;
}

static void close_listeners(struct net *net)
{
    pthread_mutex_lock(&net->lock);
    struct listener *l = net->listeners;
    net->listeners = NULL;
    pthread_mutex_unlock(&net->lock);
    while (l != NULL) {
        struct listener *next = l->next;
        listener_close(l);
        l = next;
    }
}

void net_drain(struct net *net, int64_t timeout_ns)
{
    static const int64_t cancel_ns = 1000000000; // for statements to notice that they were cancelled
    atomic_store(&net->draining, true);
    pthread_mutex_lock(&net->lock);
    for (struct listener *l = net->listeners; l != NULL; l = l->next)
        shutdown(l->fd, SHUT_RDWR); // connecting is refused from now on
    for (struct conn *c = net->conns; c != NULL; c = c->next)
        if (!atomic_load(&c->busy) && !atomic_load(&c->in_transaction) && !atomic_load(&c->writing))
            end_at_rest(c, CONN_END_SHUTDOWN);
    if (!wait_closed(net, clock_mono_ns() + timeout_ns)) {
        for (struct conn *c = net->conns; c != NULL; c = c->next) {
            if (atomic_load(&c->busy))
                c->handler->gone(c);
            end_at_rest(c, CONN_END_SHUTDOWN);
        }
        while (!wait_closed(net, clock_mono_ns() + cancel_ns))
            for (struct conn *c = net->conns; c != NULL; c = c->next)
                shutdown(c->fd, SHUT_RDWR); // stops waiting for slow readers
    }
    pthread_mutex_unlock(&net->lock);
}

void net_end(struct net *net, bool (*match)(struct conn *c, const void *arg), const void *arg)
{
    pthread_mutex_lock(&net->lock);
    for (struct conn *c = net->conns; c != NULL; c = c->next) {
        if (!match(c, arg))
            continue;
        if (atomic_load(&c->busy))
            c->handler->gone(c);
        end_at_rest(c, CONN_END_ASKED);
    }
    pthread_mutex_unlock(&net->lock);
}

void net_close(struct net *net)
{
    pthread_mutex_lock(&net->lock);
    while (net->n_bells > 0) // about to run once more
        pthread_cond_wait(&net->closed, &net->lock);
    pthread_mutex_unlock(&net->lock);
    // The workers end first: one may be running a listener.
    pool_stop(net->pool);
    close_listeners(net);
    pthread_mutex_destroy(&net->lock);
    pthread_cond_destroy(&net->closed);
}
