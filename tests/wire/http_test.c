// HTTP connections: framing of requests, limits, persistence. What the API answers is tests/http's.
#include "base/util.h"
#include "check.h"
#include "server/http/request.h"
#include "server/server.h"
#include "wire.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)server_http_address(server).port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    INVARIANT(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void read_to_end(int fd, struct buf *reply)
{
    char bytes[4096];
    for (ssize_t n; (n = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
        buf_append(reply, bytes, (size_t)n);
}

// Sends the text in two pieces, reads to the end, and looks for `start` and then `part`.
static void expect(struct server *server, const char *text, const char *start, const char *part)
{
    struct buf reply = BUF_INIT;
    int fd = connect_to(server);
    size_t half = strlen(text) / 2;
    CHECK(send(fd, text, half, MSG_NOSIGNAL) == (ssize_t)half);
    wire_pause_ms(5); // it may come in pieces
    send(fd, text + half, strlen(text) - half, MSG_NOSIGNAL);
    read_to_end(fd, &reply);
    close(fd);
    bool ok = str_has_prefix(buf_view(&reply), str_of(start)) && strstr(buf_c(&reply), part) != NULL;
    CHECK(ok);
    if (!ok)
        printf("  sent %s\n  got %s\n", text, buf_c(&reply));
    buf_release(&reply);
}

#define CLOSE "Host: x\r\nConnection: close\r\n"

static void test_requests(void)
{
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    expect(server, "GET /a?b=c HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nGET /a b=c ");
    expect(server, "GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Connection: close\r\n");
    expect(server, "HEAD /a HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "Content-Length: 8\r\n");
    expect(server, "POST /a HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n",
           "POST /a  hello");
    expect(server, "BREW /a HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "OTHER /a");
    expect(server, "GET /closed HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 403 Forbidden\r\n", "Content-Security-Policy: ");
    server_stop(server);
}

static void test_malformed(void)
{
    static const struct {
        const char *text, *status;
    } cases[] = {
        {"nonsense\r\n\r\n", "400"},
        {"GET  /a HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        {"GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
        {"GET /a HTTP/1.1\r\n\r\n", "400"}, // no Host
        {"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
        {"GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
        {"GET /a HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
        {"GET /a HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", "400"},
        {"GET /a HTTP/1.1\r\nHost: x\nX: y\r\n\r\n", "400"}, // a bare line feed
        {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"},
        {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello", "400"},
        {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"},
        {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"},
        {"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "411"},
        {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "411"},
        {"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", "413"},
        {"POST /closed HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "403"}, // before its body
    };
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char start[32];
        snprintf(start, sizeof(start), "HTTP/1.1 %s ", cases[i].status);
        expect(server, cases[i].text, start, "Connection: close\r\n");
    }
    server_stop(server);
}

static void test_large_heads(void)
{
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    struct buf text = BUF_INIT;
    buf_cstr(&text, "GET /a HTTP/1.1\r\n" CLOSE "X: ");
    buf_fill(&text, 'x', HTTP_HEAD_BYTES_MAX);
    buf_cstr(&text, "\r\n\r\n");
    expect(server, buf_c(&text), "HTTP/1.1 431 ", "");
    buf_clear(&text);
    buf_cstr(&text, "GET /a HTTP/1.1\r\n" CLOSE "X: ");
    buf_fill(&text, 'x', HTTP_HEAD_BYTES_MAX - 100);
    buf_cstr(&text, "\r\n\r\n");
    expect(server, buf_c(&text), "HTTP/1.1 200 ", "");
    buf_release(&text);
    server_stop(server);
}

// Several on one connection, at once and after one another; a body that contains a head is none.
static void test_persistence(void)
{
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    struct buf reply = BUF_INIT;
    int fd = connect_to(server);
    send_text(fd, "GET /one HTTP/1.1\r\nHost: x\r\n\r\nPOST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\n"
                  "GET /no HTTP/1.1\r\nGET /three HTTP/1.1\r\nHost: x\r\n\r\n");
    for (char c; strstr(buf_c(&reply), "GET /three") == NULL && recv(fd, &c, 1, 0) == 1;)
        buf_putc(&reply, c);
    send_text(fd, "GET /four HTTP/1.1\r\n" CLOSE "\r\n");
    read_to_end(fd, &reply);
    const char *one = strstr(buf_c(&reply), "GET /one"), *two = strstr(reply.ptr, "POST /two  GET /no HTTP/1.1\r\n"),
               *three = strstr(reply.ptr, "GET /three"), *four = strstr(reply.ptr, "GET /four");
    CHECK(one != NULL && two > one && three > two && four > three);
    close(fd);
    buf_release(&reply);
    server_stop(server);
}

static void test_continue(void)
{
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    struct buf reply = BUF_INIT;
    int fd = connect_to(server);
    send_text(fd, "POST /a HTTP/1.1\r\n" CLOSE "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    for (char c; strstr(buf_c(&reply), "\r\n\r\n") == NULL && recv(fd, &c, 1, 0) == 1;)
        buf_putc(&reply, c);
    CHECK(str_eqc(buf_view(&reply), "HTTP/1.1 100 Continue\r\n\r\n"));
    send_text(fd, "ok");
    read_to_end(fd, &reply);
    CHECK(strstr(buf_c(&reply), "POST /a  ok") != NULL);
    close(fd);
    buf_release(&reply);
    server_stop(server);
}

// One byte after the other, each within the limit, all together beyond it.
static void test_slow_client(void)
{
    struct server *server =
        wire_server_with((struct server_config){.insecure = true, .login_timeout_ns = 50 * 1000 * 1000});
    struct buf reply = BUF_INIT;
    char c;
    int fd = connect_to(server);
    send_text(fd, "GET /a HTTP/1.1\r\nHost: x\r\nX: ");
    for (int i = 0; i < 10000 && recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) < 0; i++) {
        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
            break;
        wire_pause_ms(1);
    }
    read_to_end(fd, &reply);
    CHECK(str_has_prefix(buf_view(&reply), STR("HTTP/1.1 408 ")));
    close(fd);
    buf_clear(&reply);
    fd = connect_to(server); // says nothing at all
    read_to_end(fd, &reply);
    CHECK(reply.len == 0);
    close(fd);
    buf_release(&reply);
    server_stop(server);
}

static void test_draining(void)
{
    struct server *server = wire_server_with((struct server_config){.insecure = true});
    struct buf reply = BUF_INIT;
    char c;
    int idle = connect_to(server), fd = connect_to(server);
    send_text(fd, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(recv(fd, &c, 1, 0) == 1);
    server_stop(server);
    read_to_end(fd, &reply);
    CHECK(strstr(buf_c(&reply), "GET /one") != NULL);
    CHECK(recv(idle, &c, 1, 0) == 0);
    close(fd);
    close(idle);
    buf_release(&reply);
}

static void decodes(const char *text, bool form, const char *want)
{
    struct arena a;
    struct str out;
    arena_init(&a, NULL);
    bool good = http_decode(&a, str_of(text), form, &out);
    CHECK(good == (want != NULL));
    if (good && want != NULL)
        CHECK_STR(out, want);
    arena_release(&a);
}

static void test_decoding(void)
{
    decodes("a%20b+c", false, "a b+c");
    decodes("a%20b+c", true, "a b c");
    decodes("%c3%A9%2f", false, "\xc3\xa9/");
    decodes("%", false, NULL);
    decodes("%4", false, NULL);
    decodes("%zz", false, NULL);
    decodes("a%00b", false, NULL);
    decodes("%ff", false, NULL); // not UTF-8
    decodes("%41", false, "A");
}

static void test_codings(void)
{
    static const struct {
        const char *line;
        bool gzip;
    } cases[] = {
        {"", true},
        {"Accept-Encoding: gzip\r\n", true},
        {"Accept-Encoding: deflate, GZIP;q=0.5, br\r\n", true},
        {"Accept-Encoding: *\r\n", true},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding:\r\n", false},
        {"Accept-Encoding: gzip;q=0\r\n", false},
        {"Accept-Encoding: *, gzip; q=0.000\r\n", false},
        {"Accept-Encoding: br, *;q=0\r\n", false},
        {"Accept-Encoding: gzipped, x-gzip\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_request q;
        char head[200];
        size_t len;
        snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", cases[i].line);
        CHECK_INT(http_parse_head(str_of(head), &q, &len), HTTP_OK);
        CHECK_INT(http_accepts_coding(&q, "gzip"), cases[i].gzip);
    }
}

CHECK_MAIN({"requests", test_requests}, {"malformed", test_malformed}, {"codings", test_codings},
           {"large heads", test_large_heads}, {"persistence", test_persistence}, {"continue", test_continue},
           {"slow client", test_slow_client}, {"draining", test_draining}, {"decoding", test_decoding})
