// Renewal of certificates, at times of the test's choosing.
#include "base/util.h"
#include "check.h"
#include "server/certs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 24 * 3600, LIFETIME_S = 100 * DAY_S };

static char dir[] = "/tmp/palmetto-certs-XXXXXX";

static void make_all(void)
{
    static const char *const hosts[] = {"localhost", "db.example.com", "127.0.0.1"};
    struct err err = ERR_INIT;
    struct certs_options options = {.dir = dir, .lifetime_s = LIFETIME_S};
    struct certs_options ca = {.dir = dir, .lifetime_s = 10 * (int64_t)LIFETIME_S};
    CHECK(mkdtemp(dir) != NULL);
    CHECK(certs_create_ca(&ca, &err) == 0 && certs_create_node(&options, hosts, 3, &err) == 0 &&
          certs_create_client(&options, "root", &err) == 0);
    err_reset(&err);
}

static void remove_all(void)
{
    DIR *d = opendir(dir);
    for (struct dirent *file; (file = readdir(d)) != NULL;)
        if (file->d_name[0] != '.')
            unlinkat(dirfd(d), file->d_name, 0);
    closedir(d);
    rmdir(dir);
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
}

static size_t renew(int64_t now_s, int64_t *next_s)
{
    struct certs_options options = {.dir = dir};
    struct err err = ERR_INIT;
    size_t renewed = 0;
    CHECK(certs_renew(&options, now_s, &renewed, next_s, &err) == 0);
    err_reset(&err);
    return renewed;
}

// The entry of that usage; its text is in the arena.
static struct certs_entry entry(struct arena *a, const char *usage)
{
    struct certs_entry *list;
    struct err err = ERR_INIT;
    size_t n;
    CHECK(certs_list(dir, a, &list, &n, &err) == 0);
    for (size_t i = 0; i < n; i++)
        if (str_eqc(list[i].usage, usage))
            return list[i];
    CHECK(false);
    return (struct certs_entry){0};
}

static bool near(int64_t a, int64_t b)
{
    return a - b <= 60 && b - a <= 60;
}

static void test_leaves(void)
{
    struct arena a;
    int64_t now_s = time(NULL), next_s;
    arena_init(&a, NULL);
    make_all();
    CHECK(renew(now_s, &next_s) == 0);
    CHECK(near(next_s, now_s + LIFETIME_S * 4 / 5));
    CHECK(renew(now_s + LIFETIME_S * 4 / 5 - 60, &next_s) == 0);
    int64_t later_s = now_s + LIFETIME_S * 4 / 5 + 60;
    CHECK(renew(later_s, &next_s) == 2);
    struct certs_entry node = entry(&a, "Node"), client = entry(&a, "Client"), ca = entry(&a, "Certificate Authority");
    CHECK(near(node.expires_s, later_s + LIFETIME_S) && near(client.expires_s, later_s + LIFETIME_S));
    CHECK(near(ca.expires_s, now_s + 10 * (int64_t)LIFETIME_S));
    CHECK_STR(node.notes, "addresses: localhost,db.example.com,127.0.0.1");
    CHECK_STR(client.notes, "user: root");
    CHECK(node.error.len == 0 && client.error.len == 0); // their keys still fit
    CHECK(near(next_s, later_s + LIFETIME_S * 4 / 5));
    CHECK(renew(later_s, &next_s) == 0);
    remove_all();
    arena_release(&a);
}

static void test_ca(void)
{
    struct arena a;
    int64_t now_s = time(NULL), next_s, later_s = now_s + 10 * (int64_t)LIFETIME_S - 30 * DAY_S;
    arena_init(&a, NULL);
    make_all();
    CHECK(renew(later_s, &next_s) == 3);
    struct certs_entry ca = entry(&a, "Certificate Authority");
    CHECK(near(ca.expires_s, later_s + 10 * (int64_t)LIFETIME_S));
    CHECK_STR(ca.notes, "num certs: 2"); // the old one stays beside it
    remove_all();
    arena_release(&a);
}

// Without the CA's key everything stays as it is.
static void test_no_key(void)
{
    struct arena a;
    int64_t now_s = time(NULL), next_s;
    char path[64];
    arena_init(&a, NULL);
    make_all();
    snprintf(path, sizeof(path), "%s/ca.key", dir);
    unlink(path);
    log_set_level(LOG_LEVEL_FATAL);
    CHECK(renew(now_s + LIFETIME_S - DAY_S, &next_s) == 0);
    log_set_level(LOG_LEVEL_INFO);
    CHECK(near(entry(&a, "Node").expires_s, now_s + LIFETIME_S));
    remove_all();
    arena_release(&a);
}

CHECK_MAIN({"leaves", test_leaves}, {"ca", test_ca}, {"no key", test_no_key})
