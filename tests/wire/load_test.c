// Many connections at once, long statements, cancelling, lost and slow clients, draining.
#include "base/util.h"
#include "check.h"
#include "fake_session.h"
#include "server/certs.h"
#include "wire.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ECHO_REPLY "T(?column?:25:0) D(x) C(SELECT 1) Z(I)"

static struct server_config small(void)
{
    return (struct server_config){.insecure = true, .http_disabled = true, .workers = 2};
}

static int64_t now_ms(void)
{
    return clock_mono_ns() / 1000000;
}

static void send_cancel(struct server *server, int32_t pid, int32_t secret)
{
    struct wire *w = wire_open(server);
    wire_send(w, 0, "iii", 80877102, pid, secret);
    wire_expect(w, "EOF");
    wire_close(w);
}

static void test_cancel(void)
{
    struct server *server = wire_server_with(small());
    struct wire *w = wire_connect(server, "root");
    static const char *const statements[] = {"sleep 60000", "spin 60000"};
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        wire_send(w, 'Q', "s", statements[i]);
        wire_pause_ms(20);
        send_cancel(server, w->pid, w->secret + 1);
        send_cancel(server, w->pid, w->secret);
        wire_expect(w, "E(57014:query execution canceled) Z(I)");
    }
    wire_close(w);
    server_stop(server);
}

// Blocked statements do not hold workers back.
static void test_blocking(void)
{
    enum { N = 50 };
    struct server *server = wire_server_with(small());
    struct wire *w[N];
    for (int i = 0; i < N; i++)
        w[i] = wire_connect(server, "root");
    int64_t before = now_ms();
    for (int i = 0; i < N; i++)
        wire_send(w[i], 'Q', "s", "sleep 500");
    for (int i = 0; i < N; i++)
        wire_expect(w[i], "C(OK) Z(I)");
    CHECK(now_ms() - before < 5000); // one after the other: 25 s
    for (int i = 0; i < N; i++)
        wire_close(w[i]);
    server_stop(server);
}

// Nor do burning ones keep others out, even when they are more than there are workers.
static void test_starvation(void)
{
    enum { N = 8 };
    struct server *server = wire_server_with(small());
    struct wire *w[N];
    for (int i = 0; i < N; i++) {
        w[i] = wire_connect(server, "root");
        wire_send(w[i], 'Q', "s", "spin 60000");
    }
    wire_pause_ms(50);
    int64_t before = now_ms();
    struct wire *other = wire_connect(server, "root");
    wire_send(other, 'Q', "s", "echo x");
    wire_expect(other, ECHO_REPLY);
    CHECK(now_ms() - before < 5000);
    wire_close(other);
    for (int i = 0; i < N; i++)
        send_cancel(server, w[i]->pid, w[i]->secret);
    for (int i = 0; i < N; i++) {
        wire_expect(w[i], "E(57014:query execution canceled) Z(I)");
        wire_close(w[i]);
    }
    server_stop(server);
}

static void test_lost_client(void)
{
    struct server *server = wire_server_with(small());
    struct wire *w = wire_connect(server, "root"), *burning = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "sleep 600000");
    wire_send(burning, 'Q', "s", "spin 600000");
    wire_pause_ms(20);
    CHECK_INT(atomic_load(&fake_sessions_alive), 2);
    wire_close(w);
    wire_close(burning);
    WIRE_WAIT(atomic_load(&fake_sessions_alive) == 0);
    server_stop(server);
}

static void test_idle_timeout(void)
{
    struct server *server = wire_server_with(small());
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "idle 100");
    wire_expect(w, "C(OK) Z(I)");
    wire_send(w, 'Q', "s", "sleep 200");
    wire_expect(w, "C(OK) Z(I) E(57P05:terminating connection due to idle-session timeout) EOF");
    wire_close(w);
    server_stop(server);
}

static void test_slow_reader(void)
{
    struct server_config config = small();
    config.write_timeout_ns = 200 * 1000000;
    struct server *server = wire_server_with(config);
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "big 100000 100000"); // 10 GB, never read
    WIRE_WAIT(atomic_load(&fake_sessions_alive) == 0);
    wire_close(w);
    server_stop(server);
    // One that reads late gets everything.
    server = wire_server_with(small());
    w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "buffer 100000000; big 4000000 4; echo x");
    wire_pause_ms(100);
    wire_expect(w, "C(OK) T(?column?:25:0)");
    struct buf message = BUF_INIT;
    size_t bytes = 0;
    for (int i = 0; i < 4 && wire_read(w, &message); i++) {
        bytes += message.len;
        buf_clear(&message);
    }
    CHECK_INT(bytes, 4 * (4000000 + 3));
    wire_expect(w, "C(SELECT 4) " ECHO_REPLY);
    buf_release(&message);
    wire_close(w);
    server_stop(server);
}

// ---- draining

static void *stop(void *server)
{
    server_stop(server);
    return NULL;
}

static void test_drain(void)
{
    struct server_config config = small();
    pthread_t thread;
    config.drain_timeout_ns = (int64_t)20 * 1000000000;
    struct server *server = wire_server_with(config);
    struct wire *idle = wire_connect(server, "root"), *busy = wire_connect(server, "root"),
                *open = wire_connect(server, "root"), *silent = wire_open(server);
    wire_send(open, 'Q', "s", "begin");
    wire_expect(open, "C(BEGIN) Z(T)");
    wire_send(busy, 'Q', "s", "sleep 500");
    wire_pause_ms(50);
    pthread_create(&thread, NULL, stop, server);
    wire_expect(idle, "E(57P01:server is shutting down) EOF");
    wire_expect(silent, "EOF");
    wire_send(open, 'Q', "s", "echo x");
    wire_expect(open, "T(?column?:25:0) D(x) C(SELECT 1) Z(T)");
    wire_send(open, 'Q', "s", "commit");
    wire_expect(open, "C(COMMIT) Z(I) E(57P01:server is shutting down) EOF");
    wire_expect(busy, "C(OK) Z(I) E(57P01:server is shutting down) EOF");
    pthread_join(thread, NULL);
    wire_close(idle);
    wire_close(busy);
    wire_close(open);
    wire_close(silent);
}

static void test_drain_timeout(void)
{
    struct server_config config = small();
    pthread_t thread;
    config.drain_timeout_ns = 100 * 1000000;
    struct server *server = wire_server_with(config);
    struct wire *busy = wire_connect(server, "root"), *open = wire_connect(server, "root");
    wire_send(open, 'Q', "s", "begin");
    wire_expect(open, "C(BEGIN) Z(T)");
    wire_send(busy, 'Q', "s", "sleep 60000");
    wire_pause_ms(20);
    int64_t before = now_ms();
    pthread_create(&thread, NULL, stop, server);
    wire_expect(busy, "E(57014:query execution canceled) Z(I) E(57P01:server is shutting down) EOF");
    wire_expect(open, "E(57P01:server is shutting down) EOF");
    pthread_join(thread, NULL);
    CHECK(now_ms() - before < 5000);
    wire_close(busy);
    wire_close(open);
}

static void *shut_down_soon(void *server)
{
    wire_pause_ms(50);
    server_shutdown(server);
    return NULL;
}

static void *terminate_soon(void *unused)
{
    wire_pause_ms(50);
    kill(getpid(), SIGHUP);
    wire_pause_ms(50);
    kill(getpid(), SIGTERM);
    return NULL;
}

static void test_wait(void)
{
    pthread_t thread;
    struct server *server = wire_server_with(small());
    pthread_create(&thread, NULL, shut_down_soon, server);
    server_wait(server);
    pthread_join(thread, NULL);
    server_stop(server);
    server = wire_server_with(small());
    pthread_create(&thread, NULL, terminate_soon, NULL);
    server_wait(server);
    pthread_join(thread, NULL);
    server_stop(server);
}

// ---- numbers

static size_t resident_bytes(void)
{
    unsigned long long total, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

// Times that threads of this process other than the caller went to sleep: all wake-ups.
static uint64_t switches(void)
{
    uint64_t sum = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[300], line[200];
        if (e->d_name[0] == '.' || atoi(e->d_name) == gettid())
            continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
        FILE *f = fopen(path, "r");
        unsigned long long n;
        while (f != NULL && fgets(line, sizeof(line), f) != NULL)
            if (sscanf(line, "voluntary_ctxt_switches: %llu", &n) == 1)
                sum += n;
        if (f != NULL)
            fclose(f);
    }
    closedir(d);
    return sum;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IDLE_BYTES_MAX = INT32_MAX, IDLE_WAKEUPS_MAX = INT32_MAX, CONNECTIONS = 300 };
#else
enum { IDLE_BYTES_MAX = 20 * 1000, IDLE_WAKEUPS_MAX = 2, CONNECTIONS = 2000 };
#endif

static void test_idle_connections(void)
{
    struct server *server = wire_server_with(small());
    struct wire **w = calloc(CONNECTIONS, sizeof(*w));
    wire_close(wire_connect(server, "root")); // what is allocated once
    size_t before = resident_bytes();
    for (int i = 0; i < CONNECTIONS; i++) {
        w[i] = wire_connect(server, "root");
        wire_send(w[i], 'Q', "s", "rows 100");
        struct buf message = BUF_INIT;
        while (wire_read(w[i], &message) && message.ptr[0] != 'Z')
            buf_clear(&message);
        buf_release(&message);
        buf_release(&w[i]->in); // the client's own memory
        w[i]->in = BUF_INIT;
    }
    size_t each = (resident_bytes() - before) / CONNECTIONS;
    printf("  idle connection: %zu bytes\n", each);
    CHECK(each <= IDLE_BYTES_MAX);
    wire_pause_ms(200);
    uint64_t woken = switches();
    wire_pause_ms(1000);
    woken = switches() - woken;
    printf("  idle wake-ups per second: %llu\n", (unsigned long long)woken);
    CHECK(woken <= IDLE_WAKEUPS_MAX);
    for (int i = 0; i < CONNECTIONS; i += 7) {
        wire_send(w[i], 'Q', "s", "echo x");
        wire_expect(w[i], ECHO_REPLY);
    }
    for (int i = 0; i < CONNECTIONS; i++)
        wire_close(w[i]);
    free(w);
    server_stop(server);
}

static void test_idle_tls(void)
{
    enum { N = CONNECTIONS / 5 };
    char certs[] = "/tmp/palmetto-certs-XXXXXX", command[64];
    struct err err = ERR_INIT;
    const char *hosts[] = {"localhost", "127.0.0.1"};
    CHECK(mkdtemp(certs) != NULL);
    struct certs_options options = {.dir = certs};
    CHECK(certs_create_ca(&options, &err) == 0 && certs_create_node(&options, hosts, 2, &err) == 0 &&
          certs_create_client(&options, "root", &err) == 0);
    struct server *server = wire_server_with((struct server_config){.certs_dir = certs, .http_disabled = true});
    struct buf url = BUF_INIT;
    server_url(server, "root", NULL, NULL, &url);
    PGconn **c = calloc(N, sizeof(*c));
    size_t before = 0;
    for (int i = 0; i < N; i++) {
        c[i] = PQconnectdb(buf_c(&url));
        CHECK(PQstatus(c[i]) == CONNECTION_OK);
        if (i == N / 10)
            before = resident_bytes();
    }
    // The client's half of OpenSSL and libpq's buffers (32 kB) live in this process too.
    size_t each = (resident_bytes() - before) / (N - N / 10);
    printf("  idle TLS connection, both ends: %zu bytes\n", each);
    for (int i = 0; i < N; i++)
        PQfinish(c[i]);
    free(c);
    buf_release(&url);
    server_stop(server);
    snprintf(command, sizeof(command), "rm -r %s", certs);
    CHECK_INT(system(command), 0);
}

static void *storm(void *arg)
{
    struct server *server = arg;
    for (int i = 0; i < 100; i++) {
        struct wire *w = wire_open(server);
        struct buf message = BUF_INIT;
        wire_startup(w, 3 << 16, "user", "root", NULL);
        if (i % 4 != 0) { // some go away amid their login
            wire_send(w, 'Q', "s", "echo x");
            while (wire_read(w, &message) && strcmp(buf_c(&message), "C(SELECT 1)") != 0)
                buf_clear(&message);
            if (message.len == 0)
                atomic_fetch_add((atomic_int *)(void *)&wire_failures, 1);
        }
        buf_release(&message);
        wire_close(w);
    }
    return NULL;
}

static void test_storm(void)
{
    enum { THREADS = 20 };
    struct server *server = wire_server_with(small());
    pthread_t threads[THREADS];
    int64_t before = now_ms();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, storm, server);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("  2000 connections in %lld ms\n", (long long)(now_ms() - before));
    CHECK_INT(wire_failures, 0);
    WIRE_WAIT(atomic_load(&fake_sessions_alive) == 0);
    server_stop(server);
}

// Without descriptors a client is told so, and accepting goes on when there are some again.
static void test_descriptors(void)
{
    enum { N = 40 };
    struct rlimit limit, old;
    struct server *server = wire_server_with(small());
    struct wire *w[N];
    int n = 0, refused = 0;
    int held[21], top = 0; // leave 21 descriptors
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        top = MAX(top, held[i] = dup(0));
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        close(held[i]);
    getrlimit(RLIMIT_NOFILE, &old);
    limit = old;
    limit.rlim_cur = (rlim_t)top + 1;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (n < 10)
        w[n++] = wire_connect(server, "root");
    // Every descriptor is taken by the ten pairs, but for one: the client's end.
    struct wire *extra = wire_open(server);
    wire_startup(extra, 3 << 16, "user", "root", NULL);
    struct buf message = BUF_INIT;
    refused += wire_read(extra, &message) && strstr(buf_c(&message), "53300") != NULL;
    CHECK_INT(refused, 1);
    wire_close(extra);
    wire_close(w[--n]);
    WIRE_WAIT(atomic_load(&fake_sessions_alive) == (size_t)n);
    w[n] = wire_connect(server, "root");
    wire_send(w[n], 'Q', "s", "echo x");
    wire_expect(w[n], ECHO_REPLY);
    n++;
    while (n > 0)
        wire_close(w[--n]);
    setrlimit(RLIMIT_NOFILE, &old);
    buf_release(&message);
    server_stop(server);
}

// Incomplete messages of all clients are bounded together; who goes over the bound is told and dropped.
static void test_incomplete_messages(void)
{
    enum { N = 40, BYTES = 15 << 20 };
    struct server *server = wire_server_with(small());
    struct wire *w[N], *other = wire_connect(server, "root");
    struct buf message = BUF_INIT;
    char *bytes = calloc(1, BYTES);
    int dropped = 0;
    for (int i = 0; i < N && dropped == 0; i++) {
        w[i] = wire_connect(server, "root");
        wire_raw(w[i], "Q\0\xff\0\0", 5); // just under 16 MiB
        wire_raw(w[i], bytes, BYTES);
        if (recv(w[i]->fd, bytes, 1, MSG_PEEK | MSG_DONTWAIT) > 0 || i == N - 1) {
            CHECK(wire_read(w[i], &message) && strstr(buf_c(&message), "E(53200:memory budget exceeded") != NULL);
            dropped = i + 1;
        }
    }
    CHECK(dropped > 4);
    wire_send(other, 'Q', "s", "echo x");
    wire_expect(other, ECHO_REPLY);
    for (int i = 0; i < dropped; i++)
        wire_close(w[i]);
    wire_close(other);
    buf_release(&message);
    free(bytes);
    server_stop(server);
}

CHECK_MAIN({"incomplete_messages", test_incomplete_messages}, {"cancel", test_cancel}, {"blocking", test_blocking},
           {"starvation", test_starvation}, {"lost_client", test_lost_client}, {"idle_timeout", test_idle_timeout},
           {"slow_reader", test_slow_reader}, {"drain", test_drain}, {"drain_timeout", test_drain_timeout},
           {"wait", test_wait}, {"idle_connections", test_idle_connections}, {"idle_tls", test_idle_tls},
           {"storm", test_storm}, {"descriptors", test_descriptors})
