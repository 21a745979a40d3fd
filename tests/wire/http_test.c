// Health and metrics pages.
#include "base/util.h"
#include "check.h"
#include "server/server.h"
#include "wire.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

// Sends the request, reads to the end.
static void request(struct server *server, const char *text, struct buf *reply)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server_http_address(server).port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char bytes[4096];
    buf_clear(reply);
    INVARIANT(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    size_t half = strlen(text) / 2; // it may come in pieces
    CHECK(send(fd, text, half, MSG_NOSIGNAL) == (ssize_t)half);
    wire_pause_ms(5);
    CHECK(send(fd, text + half, strlen(text) - half, MSG_NOSIGNAL) >= 0);
    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
        buf_append(reply, bytes, (size_t)n);
    close(fd);
}

static void expect(struct server *server, const char *text, const char *start, const char *part)
{
    struct buf reply = BUF_INIT;
    request(server, text, &reply);
    bool ok = str_has_prefix(buf_view(&reply), str_of(start)) && strstr(buf_c(&reply), part) != NULL;
    CHECK(ok);
    if (!ok)
        printf("  %s\n", buf_c(&reply));
    buf_release(&reply);
}

static void test_pages(void)
{
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    expect(server, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\n{\n}");
    expect(server, "GET /health?ready=1 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "{\n}");
    struct wire *w = wire_connect(server, "root");
    expect(server, "GET /_status/vars HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n",
           "# TYPE sql_conns gauge\nsql_conns 1\n");
    expect(server, "GET /_status/vars HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\nkv_commits 42\n");
    expect(server, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 3");
    expect(server, "GET /nothing HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "");
    expect(server, "POST /health HTTP/1.1\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n", "");
    expect(server, "nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "");
    wire_close(w);
    server_stop(server);
}

CHECK_MAIN({"pages", test_pages})
