// Conversations: what the server answers to which messages.
#include "check.h"
#include "wire.h"

#include <stdlib.h>
#include <sys/socket.h>

static struct server *server;

static void test_simple(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "echo hi");
    wire_expect(w, "T(?column?:25:0) D(hi) C(SELECT 1) Z(I)");
    wire_send(w, 'Q', "s", "rows 2; echo x");
    wire_expect(w, "T(i:20:0,t:25:0,b:16:0) D(0,t0,t) D(1,t1,~) C(SELECT 2) T(?column?:25:0) D(x) C(SELECT 1) Z(I)");
    wire_send(w, 'Q', "s", "");
    wire_expect(w, "I Z(I)");
    wire_send(w, 'Q', "s", " -- only a comment");
    wire_expect(w, "I Z(I)");
    wire_send(w, 'Q', "s", "notice careful");
    wire_expect(w, "N(00000:careful) C(OK) Z(I)");
    wire_send(w, 'Q', "s", "set TimeZone CET");
    wire_expect(w, "S(TimeZone=CET) C(SET) Z(I)");
    wire_send(w, 'Q', "s", "uuid");
    wire_expect(w, "T(u:2950:0,i2:21:0,i4:23:0,y:17:0,n:25:0) "
                   "D(01234567-89ab-cdef-0123-456789abcdef,-2,-2147483648,\\x01ff,~) C(SELECT 1) Z(I)");
    wire_close(w);
}

static void test_errors(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "echo a; error 23505 dup; echo b");
    wire_expect(w, "T(?column?:25:0) D(a) C(SELECT 1) E(23505:dup) Z(I)");
    wire_send(w, 'Q', "s", "begin");
    wire_expect(w, "C(BEGIN) Z(T)");
    wire_send(w, 'Q', "s", "nonsense");
    wire_expect(w, "E(42601:at or near \"nonsense\": syntax error) Z(E)");
    wire_send(w, 'Q', "s", "echo a");
    wire_expect(w, "E(25P02:current transaction is aborted, commands ignored until end of transaction block) Z(E)");
    wire_send(w, 'Q', "s", "rollback");
    wire_expect(w, "C(ROLLBACK) Z(I)");
    wire_send(w, 'Q', "s", "fatal bye");
    wire_expect(w, "E(57P01:bye) EOF");
    wire_close(w);
}

static void test_extended(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_extended(w, "rows 1");
    wire_expect(w, "1 2 T(i:20:0,t:25:0,b:16:0) D(0,t0,t) C(SELECT 1) Z(I)");
    wire_extended(w, "");
    wire_expect(w, "1 2 n I Z(I)");
    // Types of parameters, both formats.
    wire_send(w, 'P', "sshi", "st", "echo $1", 1, 23);
    wire_send(w, 'D', "cs", 'S', "st");
    wire_send(w, 'H', "");
    wire_expect(w, "1 t(23) T(?column?:25:0)");
    wire_send(w, 'B', "sshhhiihh", "", "st", 1, 1, 1, 4, 77, 1, 1);
    wire_send(w, 'D', "cs", 'P', "");
    wire_send(w, 'E', "si", "", 0);
    wire_send(w, 'B', "sshhibh", "named", "st", 0, 1, 2, (size_t)2, "ab", 0);
    wire_send(w, 'E', "si", "named", 0);
    wire_send(w, 'B', "sshhih", "", "st", 0, 1, -1, 0);
    wire_send(w, 'E', "si", "", 0);
    wire_send(w, 'C', "cs", 'S', "st");
    wire_send(w, 'C', "cs", 'P', "not there");
    wire_send(w, 'S', "");
    wire_expect(w, "2 T(?column?:25:1) D(77) C(SELECT 1) 2 D(ab) C(SELECT 1) 2 D(NULL) C(SELECT 1) 3 3 Z(I)");
    // Binary results: one code for all, and one each.
    wire_send(w, 'P', "ssh", "", "rows 1", 0);
    wire_send(w, 'B', "sshhhh", "", "", 0, 0, 1, 1);
    wire_send(w, 'E', "si", "", 0);
    wire_send(w, 'B', "sshhhhhh", "p", "", 0, 0, 3, 0, 0, 1);
    wire_send(w, 'D', "cs", 'P', "p");
    wire_send(w, 'E', "si", "p", 0);
    wire_send(w, 'S', "");
    wire_expect(w, "1 2 D(\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00,t0,\\x01) C(SELECT 1) 2 "
                   "T(i:20:0,t:25:0,b:16:1) D(0,t0,\\x01) C(SELECT 1) Z(I)");
    wire_close(w);
}

static void test_skip_until_sync(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'P', "ssh", "", "syntax", 0);
    wire_send(w, 'B', "sshhh", "", "", 0, 0, 0);
    wire_send(w, 'E', "si", "", 0);
    wire_send(w, 'Q', "s", "echo skipped");
    wire_send(w, 'S', "");
    wire_expect(w, "E(42601:at or near \"syntax\": syntax error) Z(I)");
    wire_send(w, 'E', "si", "nope", 0);
    wire_send(w, 'S', "");
    wire_expect(w, "E(34000:unknown portal \"nope\") Z(I)");
    wire_extended(w, "echo fine");
    wire_expect(w, "1 2 T(?column?:25:0) D(fine) C(SELECT 1) Z(I)");
    wire_close(w);
}

static void test_portal_suspension(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "begin");
    wire_expect(w, "C(BEGIN) Z(T)");
    wire_send(w, 'P', "ssh", "", "rows 3", 0);
    wire_send(w, 'B', "sshhh", "c", "", 0, 0, 0);
    wire_send(w, 'E', "si", "c", 2);
    wire_send(w, 'S', "");
    wire_expect(w, "1 2 D(0,t0,t) D(1,t1,~) s Z(T)");
    wire_send(w, 'E', "si", "c", 2);
    wire_send(w, 'S', "");
    wire_expect(w, "D(2,t2,t) C(SELECT 1) Z(T)");
    wire_close(w);
}

static void test_pipeline(void)
{
    struct wire *w = wire_connect(server, "root");
    struct buf all = BUF_INIT, message = BUF_INIT;
    enum { ROUNDS = 500 };
    for (int i = 0; i < ROUNDS; i++) {
        buf_append(&all, "P\0\0\0\x0f\0echo me\0\0\0", 16);
        buf_append(&all, "B\0\0\0\x0c\0\0\0\0\0\0\0\0", 13);
        buf_append(&all, "E\0\0\0\x09\0\0\0\0\0", 10);
        buf_append(&all, "S\0\0\0\x04", 5);
    }
    wire_raw(w, all.ptr, all.len);
    for (int i = 0; i < ROUNDS; i++)
        if (check_failures == 0)
            wire_expect(w, "1 2 D(me) C(SELECT 1) Z(I)");
    // One byte at a time.
    for (size_t i = 0; i < 44; i++)
        wire_raw(w, all.ptr + i, 1);
    wire_expect(w, "1 2 D(me) C(SELECT 1) Z(I)");
    buf_release(&all);
    buf_release(&message);
    wire_close(w);
}

// A client that closes its side of the connection behind its last message still gets the answer.
static void test_half_closed(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "echo last");
    shutdown(w->fd, SHUT_WR);
    wire_expect(w, "T(?column?:25:0) D(last) C(SELECT 1) Z(I) EOF");
    wire_close(w);
}

static void test_copy_in(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "copy from stdin; echo after");
    wire_expect(w, "G(2)");
    wire_send(w, 'd', "b", (size_t)4, "1\ta\n");
    wire_send(w, 'S', "");
    wire_send(w, 'H', "");
    wire_send(w, 'd', "b", (size_t)4, "2\tb\n");
    wire_send(w, 'c', "");
    wire_expect(w, "C(COPY 8) T(?column?:25:0) D(after) C(SELECT 1) Z(I)");
    wire_send(w, 'Q', "s", "copy from stdin");
    wire_expect(w, "G(2)");
    wire_send(w, 'f', "s", "changed my mind");
    wire_expect(w, "E(57014:COPY from stdin failed: changed my mind) Z(I)");
    // The rest of the data is still under way when a line is bad.
    wire_send(w, 'Q', "s", "copy from stdin");
    wire_expect(w, "G(2)");
    wire_send(w, 'd', "b", (size_t)4, "bad\n");
    wire_send(w, 'd', "b", (size_t)4, "2\tb\n");
    wire_send(w, 'c', "");
    wire_send(w, 'Q', "s", "echo next");
    wire_expect(w, "E(22P04:bad line) Z(I) T(?column?:25:0) D(next) C(SELECT 1) Z(I)");
    // Anything else ends it.
    wire_send(w, 'Q', "s", "copy from stdin");
    wire_expect(w, "G(2)");
    wire_send(w, 'Q', "s", "echo x");
    wire_expect(w, "E(08P01:unexpected message type Q during COPY from stdin) Z(I)");
    wire_close(w);
}

static void test_copy_extended(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'P', "ssh", "", "copy from stdin", 0);
    wire_send(w, 'B', "sshhh", "", "", 0, 0, 0);
    wire_send(w, 'E', "si", "", 0);
    wire_send(w, 'H', "");
    wire_expect(w, "1 2 G(2)");
    wire_send(w, 'd', "b", (size_t)4, "1\ta\n");
    wire_send(w, 'c', "");
    wire_send(w, 'S', "");
    wire_expect(w, "C(COPY 4) Z(I)");
    wire_close(w);
}

static void test_copy_out(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "copy to stdout 2");
    wire_expect(w, "H(2) d(0\\x09line\\x0a) d(1\\x09line\\x0a) c C(COPY 2) Z(I)");
    wire_close(w);
}

static void test_malformed(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'B', "s", "cut off");
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:insufficient data left in Bind message) Z(I)");
    wire_send(w, 'B', "sshh", "", "", 0, 30000);
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:insufficient data left in Bind message) Z(I)");
    wire_send(w, 'B', "sshhih", "", "", 0, 1, -7, 0);
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:insufficient data left in Bind message) Z(I)");
    wire_send(w, 'B', "sshhhh", "", "", 0, 0, 1, 9);
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:unsupported format code: 9) Z(I)");
    wire_send(w, 'E', "sii", "", 0, 0);
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:invalid Execute message: 4 bytes left over) Z(I)");
    wire_send(w, 'D', "cs", 'Q', "");
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:invalid Describe or Close message subtype 81) Z(I)");
    wire_send(w, 'Q', "b", (size_t)3, "abc");
    wire_expect(w, "E(08P01:insufficient data left in Query message) Z(I)");
    wire_send(w, 'Q', "s", "echo \xff");
    wire_expect(w, "E(22021:invalid byte sequence for encoding \"UTF8\": 0xff) Z(I)");
    wire_send(w, '!', "");
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:unrecognized client message type !) Z(I)");
    wire_send(w, 'F', "i", 0);
    wire_expect(w, "E(0A000:function call protocol messages are not supported) Z(I)");
    wire_send(w, 'Q', "s", "echo alive");
    wire_expect(w, "T(?column?:25:0) D(alive) C(SELECT 1) Z(I)");
    wire_raw(w, "Q\0\0\0\3", 5);
    wire_expect(w, "E(08P01:invalid message length) EOF");
    wire_close(w);
}

// The connection survives messages that are too big; nothing is allocated for them.
static void test_too_big(void)
{
    struct wire *w = wire_connect(server, "root");
    size_t size = 17 << 20;
    char *text = calloc(1, size);
    wire_send(w, 'Q', "b", size, text);
    wire_expect(w, "E(08P01:message size 17 MiB bigger than maximum allowed message size 16 MiB) Z(I)");
    wire_send(w, 'P', "b", size, text);
    wire_send(w, 'S', "");
    wire_expect(w, "E(08P01:message size 17 MiB bigger than maximum allowed message size 16 MiB) Z(I)");
    // 16 MiB fit.
    memset(text, ' ', size);
    memcpy(text, "echo ", 5);
    text[16 << 20] = 0;
    wire_send(w, 'Q', "b", (size_t)(16 << 20) + 1, text);
    wire_expect(w, "T(?column?:25:0) D C(SELECT 1) Z(I)");
    free(text);
    wire_close(w);
    // A length of 1 GiB promised: refused before it comes.
    w = wire_connect(server, "root");
    wire_raw(w, "Q\x40\0\0\0", 5);
    wire_expect(w, "E(08P01:message size 1024 MiB bigger than maximum allowed message size 16 MiB) Z(I)");
    wire_close(w);
}

static void test_rewind(void)
{
    struct wire *w = wire_connect(server, "root");
    wire_send(w, 'Q', "s", "retry");
    wire_expect(w, "T(?column?:25:0) D(again) C(SELECT 1) Z(I)");
    wire_send(w, 'Q', "s", "buffer 0; retry");
    wire_expect(w, "C(OK) T(?column?:25:0) D(first) D(kept) C(SELECT 1) Z(I)");
    wire_close(w);
}

static void test_large_results(void)
{
    struct wire *w = wire_connect(server, "root");
    struct buf message = BUF_INIT;
    wire_send(w, 'Q', "s", "rows 100000");
    size_t rows = 0;
    while (wire_read(w, &message) && message.ptr[0] != 'Z') {
        rows += message.ptr[0] == 'D';
        buf_clear(&message);
    }
    CHECK_INT(rows, 100000);
    buf_release(&message);
    wire_close(w);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"simple", test_simple},
        {"errors", test_errors},
        {"extended", test_extended},
        {"skip_until_sync", test_skip_until_sync},
        {"portal_suspension", test_portal_suspension},
        {"pipeline", test_pipeline},
        {"half_closed", test_half_closed},
        {"copy_in", test_copy_in},
        {"copy_extended", test_copy_extended},
        {"copy_out", test_copy_out},
        {"malformed", test_malformed},
        {"too_big", test_too_big},
        {"rewind", test_rewind},
        {"large_results", test_large_results},
    };
    server = wire_server();
    int rc = check_main(tests, ARRAY_LEN(tests), argc, argv);
    server_stop(server);
    return rc;
}
