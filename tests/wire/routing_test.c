// Which virtual cluster a connection reaches: by database name, option and host name, alone and together.
#include "base/util.h"
#include "check.h"
#include "server/certs.h"
#include "wire.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char certs[] = "/tmp/palmetto-certs-XXXXXX";
static struct server *insecure, *secure;

// ---- startup messages

// NULL: the parameter is not sent. The answer: cluster, then database.
static void expect_route(const char *database, const char *options, const char *cluster, const char *plain_database)
{
    struct wire *w = wire_open(insecure);
    struct buf message = BUF_INIT, expected = BUF_INIT;
    if (database == NULL)
        wire_startup(w, 3 << 16, "user", "root", "options", options, NULL);
    else
        wire_startup(w, 3 << 16, "user", "root", "database", database, "options", options, NULL);
    while (wire_read(w, &message) && message.ptr[0] != 'Z')
        buf_clear(&message);
    wire_send(w, 'Q', "s", "show virtual_cluster_name;show database");
    buf_printf(&expected, "T(?column?:25:0) D(%s) C(SELECT 1) T(?column?:25:0) D", cluster);
    if (plain_database[0] != 0)
        buf_printf(&expected, "(%s)", plain_database);
    buf_cstr(&expected, " C(SELECT 1) Z(I)");
    wire_expect(w, buf_c(&expected));
    buf_release(&message);
    buf_release(&expected);
    wire_close(w);
}

static void expect_refused(const char *database, const char *options, const char *expected)
{
    struct wire *w = wire_open(insecure);
    wire_startup(w, 3 << 16, "user", "root", "database", database, "options", options, NULL);
    wire_expect(w, expected);
    wire_expect(w, "EOF");
    wire_close(w);
}

static void test_database(void)
{
    expect_route(NULL, "", "system", "");
    expect_route("defaultdb", "", "system", "defaultdb");
    expect_route("alpha.defaultdb", "", "alpha", "defaultdb");
    expect_route("beta.my.db", "", "beta", "my.db");
    expect_route("alpha.", "", "alpha", "defaultdb");
    expect_route("system.x", "", "system", "x");
    expect_route("cluster:alpha/db", "", "alpha", "db");
    expect_route("cluster:alpha", "", "alpha", "defaultdb");
    expect_route("Alpha.db", "", "system", "Alpha.db"); // no cluster can have this name
    expect_route("a_b.db", "", "system", "a_b.db");
}

static void test_options(void)
{
    expect_route("db", "--cluster=alpha", "alpha", "db");
    expect_route("db", "-ccluster=beta", "beta", "db");
    expect_route("db", "-c cluster=beta -c a=1", "beta", "db");
    expect_route(NULL, "--cluster=alpha", "alpha", "");
    expect_route("alpha.db", "--cluster=alpha", "alpha", "db");
    expect_route("db", "--cluster=system", "system", "db");
}

static void test_refused(void)
{
    expect_refused("gamma.db", "", "E(08004:service unavailable for target tenant (gamma))");
    expect_refused("db", "--cluster=nothing", "E(08004:service unavailable for target tenant (nothing))");
    expect_refused("alpha.db", "--cluster=beta", "E(08004:conflicting cluster identifiers: \"alpha\" and \"beta\")");
    expect_refused(".db", "", "E(08004:missing cluster identifier)");
    expect_refused("cluster:", "", "E(08004:missing cluster identifier)");
    expect_refused("db", "--cluster=", "E(08004:missing cluster identifier)");
}

// A cancel request does not say which cluster it is for.
static void test_cancel(void)
{
    struct wire *w = wire_open(insecure);
    struct buf message = BUF_INIT;
    wire_startup(w, 3 << 16, "user", "root", "database", "beta.db", NULL);
    while (wire_read(w, &message) && message.ptr[0] != 'Z')
        buf_clear(&message);
    wire_send(w, 'Q', "s", "sleep 60000");
    struct pollfd answer = {.fd = w->fd, .events = POLLIN};
    do { // one that comes before the statement runs has no effect
        struct wire *cancel = wire_open(insecure);
        wire_send(cancel, 0, "iii", 80877102, w->pid, w->secret);
        wire_expect(cancel, "EOF");
        wire_close(cancel);
    } while (poll(&answer, 1, 10) == 0);
    wire_expect(w, "E(57014:query execution canceled) Z(I)");
    buf_release(&message);
    wire_close(w);
}

// ---- TLS

static void expect_host(const char *host, const char *database, const char *expected)
{
    char text[512];
    snprintf(text, sizeof(text),
             "host=%s hostaddr=127.0.0.1 port=%d dbname=%s user=alice password=secret sslmode=verify-full "
             "sslrootcert=%s/ca.crt sslcert=/none sslkey=/none",
             host, server_sql_address(secure).port, database, certs);
    PGconn *c = PQconnectdb(text);
    CHECK_STR(str_of(PQerrorMessage(c)), "");
    PGresult *r = PQexec(c, "show virtual_cluster_name");
    CHECK_STR(str_of(PQgetvalue(r, 0, 0)), expected);
    PQclear(r);
    PQfinish(c);
}

static void test_host_name(void)
{
    expect_host("db.example.test", "db", "system");
    expect_host("alpha.db.example.test", "db", "alpha");
    expect_host("BETA.db.example.test", "db", "beta");
    expect_host("alpha.db.example.test", "beta.db", "beta"); // what is said expressly goes first
    expect_host("exact.db.example.test", "db", "system");    // a name of the certificate itself
}

static void test_unknown_host_name(void)
{
    char text[512];
    snprintf(text, sizeof(text),
             "host=gamma.db.example.test hostaddr=127.0.0.1 port=%d dbname=db user=alice password=secret "
             "sslmode=verify-full sslrootcert=%s/ca.crt sslcert=/none sslkey=/none",
             server_sql_address(secure).port, certs);
    PGconn *c = PQconnectdb(text);
    CHECK(strstr(PQerrorMessage(c), "service unavailable for target tenant (gamma)") != NULL);
    PQfinish(c);
}

static void make_certs(void)
{
    static const char *const hosts[] = {"db.example.test", "*.db.example.test", "exact.db.example.test"};
    struct certs_options options = {.dir = certs};
    struct err err = ERR_INIT;
    INVARIANT(mkdtemp(certs) != NULL);
    INVARIANT(certs_create_ca(&options, &err) == 0 && certs_create_node(&options, hosts, ARRAY_LEN(hosts), &err) == 0);
}

int main(int argc, char **argv)
{
    static const struct check_test tests[] = {
        {"database", test_database}, {"options", test_options},     {"refused", test_refused},
        {"cancel", test_cancel},     {"host_name", test_host_name}, {"unknown_host_name", test_unknown_host_name},
    };
    char remove[100];
    log_set_level(LOG_LEVEL_WARNING);
    make_certs();
    insecure = wire_server();
    secure = wire_server_with((struct server_config){.certs_dir = certs, .http_disabled = true});
    int rc = check_main(tests, ARRAY_LEN(tests), argc, argv);
    server_stop(insecure);
    server_stop(secure);
    snprintf(remove, sizeof(remove), "rm -r %s", certs);
    return system(remove) != 0 || rc;
}
