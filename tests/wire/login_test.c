// Logins: startup messages, TLS, certificates, SCRAM-SHA-256, limits.
#include "base/util.h"
#include "check.h"
#include "fake_session.h"
#include "server/certs.h"
#include "wire.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

static char certs[] = "/tmp/palmetto-certs-XXXXXX";
static struct server *insecure, *secure;

// ---- raw startup

static void test_startup(void)
{
    struct wire *w = wire_open(insecure);
    wire_send(w, 0, "i", 80877103); // SSLRequest
    char answer;
    CHECK(read(w->fd, &answer, 1) == 1 && answer == 'N');
    wire_send(w, 0, "i", 80877104); // GSSENCRequest
    CHECK(read(w->fd, &answer, 1) == 1 && answer == 'N');
    wire_startup(w, 3 << 16, "user", "root", "database", "db", "application_name", "it's", "options",
                 "-c a=1 -cb=x\\ y --long-name=2", "client_encoding", "'utf-8'", NULL);
    struct buf message = BUF_INIT;
    while (wire_read(w, &message) && message.ptr[0] != 'Z')
        buf_clear(&message);
    wire_send(w, 'Q', "s", "show application_name;show a;show b;show long_name;show client_encoding;show database");
    wire_expect(w, "T(?column?:25:0) D(it's) C(SELECT 1) T(?column?:25:0) D(1) C(SELECT 1) T(?column?:25:0) D(x y) "
                   "C(SELECT 1) T(?column?:25:0) D(2) C(SELECT 1) T(?column?:25:0) D(utf-8) C(SELECT 1) "
                   "T(?column?:25:0) D(db) C(SELECT 1) Z(I)");
    buf_release(&message);
    wire_close(w);
}

static void expect_refused(const char *expected, uint32_t version, const char *name, const char *value)
{
    struct wire *w = wire_open(insecure);
    wire_startup(w, version, "user", "root", name, value, NULL);
    wire_expect(w, expected);
    wire_expect(w, "EOF");
    wire_close(w);
}

static void test_refused_startup(void)
{
    expect_refused("E(0A000:unsupported frontend protocol 2.0: server supports 3.0 to 3.0)", 2 << 16, "a", "b");
    expect_refused("E(0A000:replication connections are not supported)", 3 << 16, "replication", "database");
    expect_refused("E(42704:unrecognized configuration parameter \"unknown_x\")", 3 << 16, "unknown_x", "b");
    expect_refused("E(08P01:option \"x=1\" is invalid, must have prefix '-c' or '--')", 3 << 16, "options", "x=1");
    expect_refused("E(08P01:option \"nothing\" is invalid, check '=')", 3 << 16, "options", "--nothing");
    expect_refused("E(22021:invalid byte sequence for encoding \"UTF8\": 0xff)", 3 << 16, "application_name", "\xff");
    struct wire *w = wire_open(insecure);
    wire_startup(w, 3 << 16, "database", "x", NULL);
    wire_expect(w, "E(28000:no user specified in startup packet) EOF");
    wire_close(w);
    // Not the protocol at all: nothing is said.
    w = wire_open(insecure);
    wire_raw(w, "GET / HTTP/1.1\r\n\r\n", 18);
    wire_expect(w, "EOF");
    wire_close(w);
    w = wire_open(insecure);
    wire_raw(w, "\0\0\0\4", 4);
    wire_expect(w, "EOF");
    wire_close(w);
}

static void test_version_negotiation(void)
{
    struct wire *w = wire_open(insecure);
    wire_startup(w, 3 << 16 | 2, "user", "root", NULL);
    wire_expect(w, "v(196608,0) R(0)");
    wire_close(w);
    w = wire_open(insecure);
    wire_startup(w, 3 << 16, "user", "root", "_pq_.feature", "on", NULL);
    wire_expect(w, "v(196608,1) R(0)");
    wire_close(w);
}

static void test_insecure_users(void)
{
    struct wire *w = wire_open(insecure);
    wire_startup(w, 3 << 16, "user", "nobody", NULL);
    wire_expect(w, "E(28P01:password authentication failed for user nobody) EOF");
    wire_close(w);
    w = wire_open(insecure);
    wire_startup(w, 3 << 16, "user", "NoLogin", NULL);
    wire_expect(w, "E(28000:nologin does not have login privilege) EOF");
    wire_close(w);
}

// ---- libpq against the secure server

// Appends parameters to the address, connects, and checks the error ("" for none).
static PGconn *login(const char *parameters, const char *expected)
{
    char address[1000];
    snprintf(address, sizeof(address), "host=localhost port=%d dbname=d sslrootcert=%s/ca.crt %s",
             server_sql_address(secure).port, certs, parameters);
    PGconn *c = PQconnectdb(address);
    const char *message = PQerrorMessage(c);
    bool ok = expected[0] == 0 ? PQstatus(c) == CONNECTION_OK : strstr(message, expected) != NULL;
    CHECK(ok);
    if (!ok)
        printf("  %s: %s\n", parameters, message);
    return c;
}

static void expect_login(const char *parameters, const char *expected)
{
    PQfinish(login(parameters, expected));
}

static void expect_auth_method(PGconn *c, const char *method)
{
    PGresult *r = PQexec(c, "show auth_method");
    CHECK_STR(str_of(PQresultStatus(r) == PGRES_TUPLES_OK ? PQgetvalue(r, 0, 0) : PQerrorMessage(c)), method);
    PQclear(r);
    PQfinish(c);
}

static void test_passwords(void)
{
    expect_auth_method(login("user=alice password=secret sslmode=verify-full sslcert=none", ""), "scram-sha-256");
    expect_auth_method(login("user=ALICE password=secret sslmode=require sslcert=none channel_binding=require", ""),
                       "scram-sha-256");
    expect_auth_method(login("user=alice password=secret sslmode=require sslcert=none channel_binding=disable", ""),
                       "scram-sha-256");
    expect_login("user=root password=secret sslmode=verify-full sslcert=none", "");
    expect_login("user=alice password=wrong sslmode=verify-full sslcert=none",
                 "password authentication failed for user alice");
    // An unknown user looks like a wrong password; so does one without a password.
    expect_login("user=nobody password=secret sslmode=verify-full sslcert=none",
                 "password authentication failed for user nobody");
    expect_login("user=nopassword password=secret sslmode=verify-full sslcert=none",
                 "password authentication failed for user nopassword");
    expect_login("user=nologin password=wrong sslmode=verify-full sslcert=none",
                 "password authentication failed for user nologin");
    expect_login("user=nologin password=secret sslmode=verify-full sslcert=none",
                 "nologin does not have login privilege");
    expect_login("user=expired password=secret sslmode=verify-full sslcert=none", "password is expired");
    expect_login("user=alice password=secret sslmode=disable", "node is running secure mode, SSL connection required");
}

static void test_certificates(void)
{
    char parameters[500];
    snprintf(parameters, sizeof(parameters),
             "user=root sslmode=verify-full sslcert=%s/client.root.crt "
             "sslkey=%s/client.root.key",
             certs, certs);
    expect_auth_method(login(parameters, ""), "cert");
    snprintf(parameters, sizeof(parameters),
             "user=alice password=secret sslmode=verify-full "
             "sslcert=%s/client.root.crt sslkey=%s/client.root.key",
             certs, certs);
    expect_login(parameters, "certificate authentication failed for user \"alice\"");
    // Made by another CA.
    snprintf(parameters, sizeof(parameters),
             "user=root sslmode=require sslcert=%s/other/client.root.crt "
             "sslkey=%s/other/client.root.key",
             certs, certs);
    expect_login(parameters, "unknown ca");
}

static void test_tls_versions(void)
{
    expect_login("user=alice password=secret sslmode=verify-full sslcert=none ssl_min_protocol_version=TLSv1.3", "");
    expect_login("user=alice password=secret sslmode=verify-full sslcert=none ssl_max_protocol_version=TLSv1.2", "");
}

static void test_url(void)
{
    struct buf url = BUF_INIT;
    server_url(secure, "root", NULL, NULL, &url);
    PGconn *c = PQconnectdb(buf_c(&url));
    CHECK(PQstatus(c) == CONNECTION_OK);
    CHECK(PQsslInUse(c));
    CHECK_STR(str_of(PQdb(c)), "defaultdb");
    PQfinish(c);
    buf_clear(&url);
    server_url(secure, "alice", "secret", "d b", &url);
    c = PQconnectdb(buf_c(&url));
    CHECK(PQstatus(c) == CONNECTION_OK);
    PQfinish(c);
    buf_clear(&url);
    server_url(insecure, "root", NULL, NULL, &url);
    c = PQconnectdb(buf_c(&url));
    CHECK(PQstatus(c) == CONNECTION_OK);
    PQfinish(c);
    buf_release(&url);
}

static void test_reload(void)
{
    struct err err = ERR_INIT;
    struct certs_options options = {.dir = certs, .overwrite = true};
    const char *hosts[] = {"localhost", "127.0.0.1"};
    PGconn *before = login("user=alice password=secret sslmode=verify-full sslcert=none", "");
    CHECK_INT(certs_create_node(&options, hosts, 2, &err), 0);
    CHECK_INT(server_reload_certificates(secure, &err), 0);
    expect_login("user=alice password=secret sslmode=verify-full sslcert=none", "");
    expect_auth_method(before, "scram-sha-256");
}

// What is sent in the clear behind an SSLRequest must not be taken for protected.
static void test_injection(void)
{
    struct wire *w = wire_open(secure);
    struct buf b = BUF_INIT;
    buf_be32(&b, 8);
    buf_be32(&b, 80877103);
    buf_append(&b, "\0\0\0\x13\0\3\0\0user\0root\0\0", 19);
    wire_raw(w, b.ptr, b.len);
    char answer = 0;
    CHECK(read(w->fd, &answer, 1) <= 1);
    CHECK(read(w->fd, &answer, 1) <= 0);
    buf_release(&b);
    wire_close(w);
}

// ---- limits

static void test_too_many(void)
{
    struct server *small =
        wire_server_with((struct server_config){.insecure = true, .http_disabled = true, .connections_max = 2});
    struct wire *a = wire_connect(small, "alice"), *b = wire_connect(small, "alice"), *c = wire_open(small);
    wire_startup(c, 3 << 16, "user", "alice", NULL);
    wire_expect(c, "E(53300:sorry, too many clients already) EOF");
    wire_close(c);
    c = wire_connect(small, "root"); // a reserved session
    wire_close(b);
    wire_close(c);
    WIRE_WAIT(atomic_load(&fake_sessions_alive) == 1);
    b = wire_connect(small, "alice");
    wire_close(a);
    wire_close(b);
    server_stop(small);
}

static void test_login_timeout(void)
{
    struct server *quick = wire_server_with(
        (struct server_config){.insecure = true, .http_disabled = true, .login_timeout_ns = 50 * 1000000});
    struct wire *w = wire_open(quick), *ready = wire_connect(quick, "root");
    wire_expect(w, "EOF");
    wire_send(ready, 'Q', "s", "echo in");
    wire_expect(ready, "T(?column?:25:0) D(in) C(SELECT 1) Z(I)");
    wire_close(w);
    wire_close(ready);
    server_stop(quick);
}

static void test_directory_in_use(void)
{
    struct server *server;
    struct server_config config = {.store_url = "local:/x", .insecure = true, .listen_host = "127.0.0.1"};
    struct err err = ERR_INIT;
    CHECK_INT(server_start(&config, &server, &err), ERR_OBJECT_IN_USE);
    err_reset(&err);
    config = (struct server_config){.store_url = "mem:", .insecure = true, .listen_host = "127.0.0.1"};
    config.listen_port = server_sql_address(insecure).port;
    CHECK_INT(server_start(&config, &server, &err), ERR_SYSTEM_ERROR);
    err_reset(&err);
    config = (struct server_config){.store_url = "mem:", .certs_dir = "/nonexistent", .listen_host = "127.0.0.1"};
    CHECK_INT(server_start(&config, &server, &err), ERR_CONFIG_FILE_ERROR);
    err_reset(&err);
}

static void test_unix_socket(void)
{
    struct server *server =
        wire_server_with((struct server_config){.certs_dir = certs, .socket_dir = certs, .http_disabled = true});
    char address[300];
    snprintf(address, sizeof(address), "host=%s port=%d user=alice password=secret", certs,
             server_sql_address(server).port);
    PGconn *c = PQconnectdb(address);
    CHECK(PQstatus(c) == CONNECTION_OK);
    expect_auth_method(c, "scram-sha-256");
    server_stop(server);
}

// ---- set-up

static void make_certs(void)
{
    struct err err = ERR_INIT;
    char other[100];
    const char *hosts[] = {"localhost", "127.0.0.1"};
    INVARIANT(mkdtemp(certs) != NULL);
    struct certs_options options = {.dir = certs};
    INVARIANT(certs_create_ca(&options, &err) == 0 && certs_create_node(&options, hosts, 2, &err) == 0);
    INVARIANT(certs_create_client(&options, "root", &err) == 0);
    snprintf(other, sizeof(other), "%s/other", certs);
    options.dir = other;
    INVARIANT(certs_create_ca(&options, &err) == 0 && certs_create_client(&options, "root", &err) == 0);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"startup", test_startup},
        {"refused_startup", test_refused_startup},
        {"version_negotiation", test_version_negotiation},
        {"insecure_users", test_insecure_users},
        {"passwords", test_passwords},
        {"certificates", test_certificates},
        {"tls_versions", test_tls_versions},
        {"url", test_url},
        {"reload", test_reload},
        {"injection", test_injection},
        {"too_many", test_too_many},
        {"login_timeout", test_login_timeout},
        {"directory_in_use", test_directory_in_use},
        {"unix_socket", test_unix_socket},
    };
    char remove[100];
    log_set_level(LOG_LEVEL_WARNING);
    make_certs();
    insecure = wire_server();
    secure = wire_server_with(
        (struct server_config){.certs_dir = certs, .http_disabled = true, .advertise_host = "localhost"});
    int rc = check_main(tests, ARRAY_LEN(tests), argc, argv);
    server_stop(insecure);
    server_stop(secure);
    snprintf(remove, sizeof(remove), "rm -r %s", certs);
    return system(remove) != 0 || rc;
}
