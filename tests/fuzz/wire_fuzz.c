// What clients send: framing, startup messages, every message body, and the SCRAM exchange. The first byte chooses the
// phase; the rest is the byte stream, cut in two at a place the second byte chooses: framing must not depend on how
// bytes arrive.
#include "base/util.h"
#include "fuzz.h"
#include "server/auth/scram_exchange.h"
#include "server/pgwire/protocol.h"
#include "server/pgwire/route.h"

static void decode(struct arena *a, enum framer_phase phase, const struct frame *f)
{
    struct err err = ERR_INIT;
    struct startup_message startup;
    struct str text;
    struct parse_message parse;
    struct bind_arguments bind;
    struct target_message target;
    struct execute_message execute;
    struct sasl_initial_message sasl;
    if (phase == FRAMER_STARTUP) {
        struct str cluster;
        if (startup_decode(a, f->body, &startup, &err) == 0 && startup.kind == STARTUP_SESSION) {
            int rc = route_startup(&startup, STR("host"), &cluster, &err);
            INVARIANT(rc == 0 ? cluster.len > 0 : rc == ERR_CONNECTION_REJECTED);
        }
        err_reset(&err);
        return;
    }
    int results[] = {
        query_decode(f->body, &text, &err),        parse_decode(a, f->body, &parse, &err),
        bind_decode(a, f->body, &bind, &err),      target_decode(f->body, &target, &err),
        execute_decode(f->body, &execute, &err),   copy_fail_decode(f->body, &text, &err),
        sasl_initial_decode(f->body, &sasl, &err),
    };
    for (size_t i = 0; i < ARRAY_LEN(results); i++)
        INVARIANT(results[i] == 0 || results[i] == ERR_PROTOCOL_VIOLATION ||
                  results[i] == ERR_CHARACTER_NOT_IN_REPERTOIRE);
    err_reset(&err);
}

// Hash over what the framer cut out.
static uint64_t frames(enum framer_phase phase, const uint8_t *data, size_t size, size_t cut)
{
    struct framer framer = {.phase = phase};
    struct buf input = BUF_INIT;
    uint64_t hash = 0;
    struct arena a;
    arena_init(&a, NULL);
    for (int part = 0; part < 2; part++) {
        buf_append(&input, data + (part == 0 ? 0 : cut), part == 0 ? cut : size - cut);
        struct str rest = buf_view(&input);
        struct frame f;
        for (enum frame_result r; (r = framer_next(&framer, &rest, &f)) != FRAME_PARTIAL;) {
            hash = hash * 31 + (uint64_t)r;
            if (r == FRAME_INVALID)
                goto out;
            hash = hash * 31 + f.declared_bytes + (uint8_t)f.type;
            if (r == FRAME_COMPLETE)
                decode(&a, phase, &f);
            arena_reset(&a);
        }
        buf_consume(&input, input.len - rest.len);
    }
out:
    arena_release(&a);
    buf_release(&input);
    return hash;
}

static void exchange(const uint8_t *data, size_t size, size_t cut)
{
    struct scram_exchange x;
    struct buf out = BUF_INIT;
    struct err err = ERR_INIT;
    bool proven = false;
    scram_exchange_init(&x, NULL, STR("secret"), STR("user"), SCRAM_ITERATIONS_DEFAULT);
    if (scram_exchange_first(&x, (struct str){(const char *)data, cut}, &out, &err) == 0)
        (void)!scram_exchange_final(&x, (struct str){(const char *)data + cut, size - cut}, &out, &proven, &err);
    INVARIANT(!proven);
    scram_exchange_release(&x);
    buf_release(&out);
    err_reset(&err);
}

static void verifier(const uint8_t *data, size_t size)
{
    struct scram_verifier v, again;
    struct buf text = BUF_INIT;
    if (scram_verifier_parse(&v, (struct str){(const char *)data, size})) {
        scram_verifier_print(&v, &text);
        INVARIANT(scram_verifier_parse(&again, buf_view(&text)));
    }
    buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    unsigned mode = data[0] % 5;
    size_t n = size - 2, cut = n * data[1] / 256;
    if (mode < 3)
        INVARIANT(frames((enum framer_phase)mode, data + 2, n, cut) == frames((enum framer_phase)mode, data + 2, n, n));
    else if (mode == 3)
        exchange(data + 2, n, cut);
    else
        verifier(data + 2, n);
    return 0;
}

#define SEED(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
const struct str fuzz_seeds[] = {
    SEED("\0\x40\0\0\0\x10\4\xd2\x16\x2e\0\0\0\1\0\0\0\2"),
    SEED("\0\x40\0\0\0\x08\4\xd2\x16\x2f"),
    SEED("\0\x40\0\0\0\x31\0\3\0\0user\0root\0options\0-c a=1 --b=x\\ y\0client_enc\0u\0\0"),
    SEED("\0\x40\0\0\0\x3d\0\3\0\0user\0root\0database\0alpha.db\0options\0--cluster=alpha\0\0"),
    SEED("\1\x40p\0\0\0\x36SCRAM-SHA-256\0\0\0\0\x20n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
    SEED("\2\x40Q\0\0\0\x0dselect 1\0"),
    SEED("\2\x40P\0\0\0\x18s\0select $1\0\0\1\0\0\0\x17S\0\0\0\4"),
    SEED("\2\x40"
         "B\0\0\0\x1ap\0s\0\0\1\0\1\0\1\0\0\0\4\0\0\0\7\0\1\0\1"),
    SEED("\2\x40"
         "D\0\0\0\7Ss\0"
         "E\0\0\0\x0ap\0\0\0\0\5C\0\0\0\7Pp\0H\0\0\0\4"),
    SEED("\2\x40"
         "d\0\0\0\x08"
         "1\t2\nc\0\0\0\4f\0\0\0\6x\0X\0\0\0\4"),
    SEED("\2\x40Q\x7f\xff\xff\xff"),
    SEED("\3\x50n,,n=user,r=rOprNGfwEbeRWgbNEkqOc=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz"
         "7AndVQ="),
    SEED("\4\0SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
         "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
};
const size_t fuzz_seeds_len = ARRAY_LEN(fuzz_seeds);
