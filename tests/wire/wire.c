#include "wire.h"
#include "base/util.h"

#include <netdb.h>
#include <stdio.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void wire_pause_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

int wire_failures;

// ---- servers

struct server *wire_server_with(struct server_config config)
{
    struct server *server = NULL;
    struct err err = ERR_INIT;
    if (config.store_url == NULL)
        config.store_url = "mem:";
    config.listen_host = "127.0.0.1";
    if (server_start(&config, &server, &err) != 0) {
        fprintf(stderr, "server_start: %s\n", err.message);
        INVARIANT(false);
    }
    return server;
}

struct server *wire_server(void)
{
    return wire_server_with((struct server_config){.insecure = true, .http_disabled = true});
}

// ---- sending

struct wire *wire_open(struct server *server)
{
    struct wire *w = mem_zalloc(sizeof(*w));
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;
    char port[16];
    snprintf(port, sizeof(port), "%d", server_sql_address(server).port);
    INVARIANT(getaddrinfo("127.0.0.1", port, &hints, &found) == 0);
    w->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    INVARIANT(w->fd >= 0 && connect(w->fd, found->ai_addr, found->ai_addrlen) == 0);
    freeaddrinfo(found);
    return w;
}

void wire_close(struct wire *w)
{
    close(w->fd);
    buf_release(&w->in);
    mem_free(w);
}

void wire_raw(struct wire *w, const void *bytes, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(w->fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        sent += (size_t)n;
    }
}

void wire_startup(struct wire *w, uint32_t version, ...)
{
    struct buf b = BUF_INIT;
    va_list ap;
    va_start(ap, version);
    buf_be32(&b, 0);
    buf_be32(&b, version);
    for (const char *s; (s = va_arg(ap, const char *)) != NULL;)
        buf_append(&b, s, strlen(s) + 1);
    va_end(ap);
    buf_putc(&b, 0);
    buf_patch_be32(&b, 0, (uint32_t)b.len);
    wire_raw(w, b.ptr, b.len);
    buf_release(&b);
}

void wire_send(struct wire *w, char type, const char *format, ...)
{
    struct buf b = BUF_INIT;
    va_list ap;
    size_t len, at = type != 0;
    va_start(ap, format);
    if (type != 0)
        buf_putc(&b, type);
    buf_be32(&b, 0);
    for (; *format != 0; format++)
        switch (*format) {
        case 's': {
            const char *s = va_arg(ap, const char *);
            buf_append(&b, s, strlen(s) + 1);
            break;
        }
        case 'i':
            buf_be32(&b, va_arg(ap, uint32_t));
            break;
        case 'h':
            buf_be16(&b, (uint16_t)va_arg(ap, int));
            break;
        case 'c':
            buf_putc(&b, (char)va_arg(ap, int));
            break;
        case 'b':
            len = va_arg(ap, size_t);
            buf_append(&b, va_arg(ap, const void *), len);
            break;
        }
    va_end(ap);
    buf_patch_be32(&b, at, (uint32_t)(b.len - at));
    wire_raw(w, b.ptr, b.len);
    buf_release(&b);
}

void wire_extended(struct wire *w, const char *text)
{
    wire_send(w, 'P', "ssh", "", text, 0);
    wire_send(w, 'B', "sshhh", "", "", 0, 0, 0);
    wire_send(w, 'D', "cs", 'P', "");
    wire_send(w, 'E', "si", "", 0);
    wire_send(w, 'S', "");
}

// ---- receiving

static bool fill(struct wire *w, size_t len)
{
    while (w->in.len < len) {
        char bytes[8192];
        ssize_t n = recv(w->fd, bytes, sizeof(bytes), 0);
        if (n <= 0)
            return false;
        buf_append(&w->in, bytes, (size_t)n);
    }
    return true;
}

static void print_bytes(struct buf *out, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] >= 0x20 && p[i] < 0x7f)
            buf_putc(out, p[i]);
        else
            buf_printf(out, "\\x%02x", (unsigned char)p[i]);
}

static void print_row(struct buf *out, const char *p)
{
    int n = load_be16(p);
    p += 2;
    for (int i = 0; i < n; i++) {
        int32_t len = (int32_t)load_be32(p);
        p += 4;
        if (i > 0)
            buf_putc(out, ',');
        if (len < 0) {
            buf_putc(out, '~');
            continue;
        }
        print_bytes(out, p, (size_t)len);
        p += len;
    }
}

static void print_description(struct buf *out, const char *p)
{
    int n = load_be16(p);
    p += 2;
    for (int i = 0; i < n; i++) {
        const char *fields = p + strlen(p) + 1;
        buf_printf(out, "%s%s:%u:%u", i > 0 ? "," : "", p, load_be32(fields + 6), load_be16(fields + 16));
        p = fields + 18;
    }
}

static void print_error(struct buf *out, const char *p)
{
    const char *code = "", *message = "";
    for (; *p != 0; p += strlen(p) + 1) {
        if (*p == 'C')
            code = p + 1;
        if (*p == 'M')
            message = p + 1;
    }
    buf_printf(out, "%s:%s", code, message);
}

static void print_oids(struct buf *out, const char *p)
{
    int n = load_be16(p);
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s%u", i > 0 ? "," : "", load_be32(p + 2 + 4 * i));
}

static void print_body(struct wire *w, struct buf *out, char type, const char *p, size_t len)
{
    switch (type) {
    case 'T':
        print_description(out, p);
        break;
    case 'D':
        print_row(out, p);
        break;
    case 'E':
    case 'N':
        print_error(out, p);
        break;
    case 't':
        print_oids(out, p);
        break;
    case 'S':
        buf_printf(out, "%s=%s", p, p + strlen(p) + 1);
        break;
    case 'R':
        buf_printf(out, "%u", load_be32(p));
        break;
    case 'v':
        buf_printf(out, "%u,%u", load_be32(p), load_be32(p + 4));
        break;
    case 'G':
    case 'H':
        buf_printf(out, "%u", load_be16(p + 1));
        break;
    case 'C':
        buf_printf(out, "%s", p);
        break;
    case 'K':
        w->pid = (int32_t)load_be32(p);
        w->secret = (int32_t)load_be32(p + 4);
        break;
    default:
        print_bytes(out, p, len);
    }
}

bool wire_read(struct wire *w, struct buf *out)
{
    if (!fill(w, 5))
        return false;
    size_t len = load_be32(w->in.ptr + 1);
    INVARIANT(len >= 4 && fill(w, 1 + len));
    buf_putc(out, w->in.ptr[0]);
    size_t open = out->len;
    buf_putc(out, '(');
    print_body(w, out, w->in.ptr[0], w->in.ptr + 5, len - 4);
    if (out->len == open + 1)
        out->len = open;
    else
        buf_putc(out, ')');
    buf_consume(&w->in, 1 + len);
    return true;
}

// A message is expected for each run of characters outside of parentheses.
static size_t count_messages(const char *expected)
{
    size_t n = 0;
    int depth = 0;
    bool inside = false;
    for (const char *p = expected; *p != 0; p++) {
        depth += *p == '(';
        depth -= *p == ')';
        if (depth > 0 || *p == ')')
            continue;
        if (*p != ' ' && !inside)
            n++;
        inside = *p != ' ';
    }
    return n;
}

void wire_expect_at(struct wire *w, const char *expected, const char *file, int line)
{
    struct buf got = BUF_INIT;
    size_t n = count_messages(expected);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&got, ' ');
        if (!wire_read(w, &got)) {
            buf_cstr(&got, "EOF");
            break;
        }
    }
    if (strcmp(buf_c(&got), expected) != 0) {
        wire_failures++;
        printf("  %s:%d: got      %s\n  %*sexpected %s\n", file, line, got.ptr, (int)strlen(file) + 6, "", expected);
    }
    buf_release(&got);
}

struct wire *wire_connect(struct server *server, const char *user)
{
    struct wire *w = wire_open(server);
    struct buf message = BUF_INIT;
    wire_startup(w, 3 << 16, "user", user, NULL);
    do {
        buf_clear(&message);
        if (!wire_read(w, &message) || message.ptr[0] == 'E') {
            printf("  login failed: %s\n", buf_c(&message));
            wire_failures++;
            break;
        }
    } while (message.ptr[0] != 'Z');
    buf_release(&message);
    return w;
}
