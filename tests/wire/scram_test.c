// SCRAM-SHA-256: verifiers and the exchange, with the example of RFC 7677.
#include "check.h"
#include "server/auth/scram_exchange.h"

// Password "pencil", the salt and iterations of the example.
static const char rfc_verifier[] = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
                                   "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                                   "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

static void test_verifier(void)
{
    struct scram_verifier v;
    struct buf text = BUF_INIT;
    CHECK(scram_verifier_parse(&v, STR(rfc_verifier)));
    CHECK(scram_verifier_check_password(&v, STR("pencil")));
    CHECK(!scram_verifier_check_password(&v, STR("pencil ")));
    scram_verifier_print(&v, &text);
    CHECK_STR(buf_view(&text), rfc_verifier);
    buf_clear(&text);
    scram_verifier_build(&v,
                         STR("s\xc3\xa9"
                             "cret"),
                         5);
    scram_verifier_print(&v, &text);
    CHECK(scram_verifier_parse(&v, buf_view(&text)));
    CHECK(scram_verifier_check_password(&v, STR("s\xc3\xa9"
                                                "cret")));
    // SASLprep: a decomposed letter is the composed one, a soft hyphen nothing.
    CHECK(scram_verifier_check_password(&v, STR("se\xcc\x81"
                                                "cr\xc2\xad"
                                                "et")));
    buf_release(&text);
}

static void test_verifier_malformed(void)
{
    static const char *const bad[] = {
        "",
        "SCRAM-SHA-256$",
        "md5abc",
        "SCRAM-SHA-256$0:W22Z$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:W22Z$WG5d:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        "SCRAM-SHA-256$4096:W22Z$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
    };
    struct scram_verifier v;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(!scram_verifier_parse(&v, str_of(bad[i])));
}

static void begin(struct scram_exchange *x)
{
    struct scram_verifier v;
    CHECK(scram_verifier_parse(&v, STR(rfc_verifier)));
    scram_exchange_init(x, &v, STR("secret"), STR("user"), SCRAM_ITERATIONS_DEFAULT);
    snprintf(x->nonce, sizeof(x->nonce), "%s", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
}

static const char first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
static const char final[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                            "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

static void test_rfc_example(void)
{
    struct scram_exchange x;
    struct buf out = BUF_INIT;
    struct err err = ERR_INIT;
    bool proven = false;
    begin(&x);
    CHECK_INT(scram_exchange_first(&x, STR(first), &out, &err), 0);
    CHECK_STR(buf_view(&out), "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    buf_clear(&out);
    CHECK_INT(scram_exchange_final(&x, STR(final), &out, &proven, &err), 0);
    CHECK_STR(buf_view(&out), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    CHECK(proven);
    scram_exchange_release(&x);
    buf_release(&out);
}

static int try_exchange(const char *first_message, const char *final_message, bool *proven)
{
    struct scram_exchange x;
    struct buf out = BUF_INIT;
    struct err err = ERR_INIT;
    begin(&x);
    *proven = false;
    int rc = scram_exchange_first(&x, str_of(first_message), &out, &err);
    if (rc == 0)
        rc = scram_exchange_final(&x, str_of(final_message), &out, proven, &err);
    scram_exchange_release(&x);
    buf_release(&out);
    err_reset(&err);
    return rc;
}

static void test_refused(void)
{
    bool proven;
    CHECK_INT(try_exchange("", final, &proven), ERR_PROTOCOL_VIOLATION);
    CHECK_INT(try_exchange("n,,n=user", final, &proven), ERR_PROTOCOL_VIOLATION);
    CHECK_INT(try_exchange("n,,n=user,r=", final, &proven), ERR_PROTOCOL_VIOLATION);
    CHECK_INT(try_exchange("n,a=x,n=user,r=abc", final, &proven), ERR_FEATURE_NOT_SUPPORTED);
    CHECK_INT(try_exchange("p=tls-unique,,n=user,r=abc", final, &proven), ERR_PROTOCOL_VIOLATION);
    CHECK_INT(try_exchange("n,,m=x,n=user,r=abc", final, &proven), ERR_FEATURE_NOT_SUPPORTED);
    CHECK_INT(try_exchange(first, "", &proven), ERR_PROTOCOL_VIOLATION);
    // Another nonce, another header, no proof, a short proof.
    CHECK_INT(try_exchange("n,,n=user,r=x", final, &proven), ERR_PROTOCOL_VIOLATION);
    CHECK_INT(try_exchange("y,,n=user,r=rOprNGfwEbeRWgbNEkqO", final, &proven),
              ERR_INVALID_AUTHORIZATION_SPECIFICATION);
    CHECK_INT(try_exchange(first, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", &proven),
              ERR_PROTOCOL_VIOLATION);
    CHECK_INT(try_exchange(first, "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=AAAA", &proven),
              ERR_PROTOCOL_VIOLATION);
    // A wrong proof is no protocol error.
    CHECK_INT(try_exchange(first,
                           "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                           "p=AHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                           &proven),
              0);
    CHECK(!proven);
}

// The salt for an unknown user is always the same, as a real one is.
static void test_mock(void)
{
    struct scram_exchange a, b, c;
    scram_exchange_init(&a, NULL, STR("secret"), STR("nobody"), SCRAM_ITERATIONS_DEFAULT);
    scram_exchange_init(&b, NULL, STR("secret"), STR("nobody"), SCRAM_ITERATIONS_DEFAULT);
    scram_exchange_init(&c, NULL, STR("secret"), STR("somebody"), SCRAM_ITERATIONS_DEFAULT);
    CHECK(memcmp(a.verifier.salt, b.verifier.salt, SCRAM_SALT_BYTES) == 0);
    CHECK(memcmp(a.verifier.salt, c.verifier.salt, SCRAM_SALT_BYTES) != 0);
    CHECK(a.mock && a.verifier.iterations == SCRAM_ITERATIONS_DEFAULT);
    CHECK(strcmp(a.nonce, b.nonce) != 0);
    scram_exchange_release(&a);
    scram_exchange_release(&b);
    scram_exchange_release(&c);
}

static void test_random_password(void)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    random_password(&a, 24);
    random_password(&b, 24);
    CHECK_INT(a.len, 24);
    CHECK(!str_eq(buf_view(&a), buf_view(&b)));
    buf_release(&a);
    buf_release(&b);
}

CHECK_MAIN({"verifier", test_verifier}, {"verifier_malformed", test_verifier_malformed},
           {"rfc_example", test_rfc_example}, {"refused", test_refused}, {"mock", test_mock},
           {"random_password", test_random_password})
