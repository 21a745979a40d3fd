// A raw protocol client and in-process servers for tests. A conversation is checked as text: every message the server
// sends prints as its type letter and, in parentheses, what matters of it:
//
//     T(name:oid:format,…) D(value,~,…) C(tag) Z(status) E(sqlstate:message) N(…) S(name=value) t(oid,…) d(bytes)
//     R(code) K v(version,names) G(n) H(n) and bare letters
//
// Unprintable bytes show as \xNN, NULL as ~.
#ifndef TESTS_WIRE_WIRE_H
#define TESTS_WIRE_WIRE_H

#include "base/buf.h"
#include "server/server.h"

struct wire {
    int fd;
    struct buf in;
    int32_t pid, secret;
};

// Connects over TCP; nothing is sent yet.
struct wire *wire_open(struct server *server);
void wire_close(struct wire *w);
// A startup message: name and value pairs after the version, NULL at the end.
void wire_startup(struct wire *w, uint32_t version, ...);
// wire_open, startup as `user`, everything read up to ReadyForQuery.
struct wire *wire_connect(struct server *server, const char *user);
// Sends a message (type 0: none). `format`: s string with NUL, i int32, h int16, c one byte, b length and bytes
// (size_t, pointer) without the length, and a length of -1 as `i`.
void wire_send(struct wire *w, char type, const char *format, ...);
void wire_raw(struct wire *w, const void *bytes, size_t len);
// Reads as many messages as `expected` has and compares; "EOF" stands for the end. K and S of a login are not shown by
// wire_connect.
#define wire_expect(w, expected) \
    (wire_expect_at((w), (expected), __FILE__, __LINE__), check_failures += wire_failures, wire_failures = 0)
void wire_expect_at(struct wire *w, const char *expected, const char *file, int line);
extern int wire_failures; // since the last wire_expect
// Parse, Bind, Describe portal, Execute, Sync of a statement without parameters.
void wire_extended(struct wire *w, const char *text);
// One message as text. False at the end.
bool wire_read(struct wire *w, struct buf *out);

// An insecure server over the fake session.
struct server *wire_server(void);
struct server *wire_server_with(struct server_config config);
// Polls until the condition holds or ten seconds have passed.
#define WIRE_WAIT(condition)                               \
    do {                                                   \
        for (int i_ = 0; i_ < 10000 && !(condition); i_++) \
            wire_pause_ms(1);                              \
        CHECK(condition);                                  \
    } while (0)
void wire_pause_ms(int ms);

#endif
