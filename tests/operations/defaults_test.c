// Defaults of roles and databases that hold no longer: they keep nobody out.
#include "catalog/catalog.h"
#include "operations/harness.h"

static void put_defaults(struct harness *h, const char *role, const struct str *settings, size_t n)
{
    struct err err = ERR_INIT;
    struct catalog *catalog;
    struct cat_view *view;
    struct kv_txn *txn;
    bool fresh;
    uint64_t version;
    CHECK_INT(catalog_open(h->kv, 1, &catalog, &fresh, &err), 0);
    CHECK_INT(kv_begin(h->kv, &(struct kv_begin_options){0}, &txn), KV_OK);
    CHECK_INT(cat_view_open(catalog, txn, &view, &err), 0);
    CHECK_INT(cat_role_settings_put(view, 0, str_of(role), settings, n, &err), 0);
    cat_view_close(view);
    CHECK_INT(kv_commit(txn, &version), KV_OK);
    catalog_close(catalog);
    err_reset(&err);
}

static void add_warning(void *arg, const struct err *warning)
{
    CHECK_INT(warning->severity, ERR_SEVERITY_WARNING);
    char state[6];
    err_sqlstate(warning->code, state);
    buf_printf(arg, "%s %s\n", state, warning->message);
}

static void test_login(void)
{
    struct harness h;
    struct buf warnings = BUF_INIT;
    harness_open(&h, false);
    CHECK_SQL(&h, "CREATE USER u", "CREATE ROLE");
    put_defaults(&h, "u",
                 (struct str[]){STR("gone=1"), STR("a=.b=1"), STR("default_int_size=5"), STR("timezone=Nowhere/Else"),
                                STR("application_name=kept"), STR("database=nowhere"), STR("role=admin"),
                                STR("damaged")},
                 8);
    struct session *s = harness_session(&h, "u");
    session_visit_warnings(s, add_warning, &warnings);
    CHECK_STR(buf_view(&warnings), "42704 unrecognized configuration parameter \"gone\"\n"
                                   "42704 unrecognized configuration parameter \"a\"\n"
                                   "22023 only 4 or 8 are supported by default_int_size\n"
                                   "22023 invalid value for parameter \"timezone\": \"Nowhere/Else\"\n"
                                   "3D000 database \"nowhere\" does not exist\n"
                                   "42501 permission denied to set role \"admin\"\n");
    CHECK_STR(harness_run_in(&h, s, "SHOW application_name"), "kept");
    CHECK_STR(harness_run_in(&h, s, "SELECT current_user, current_database()"), "u|defaultdb");
    buf_clear(&warnings);
    CHECK_SQL(&h, "ALTER ROLE u RESET ALL", "ALTER ROLE");
    struct session *again = harness_session(&h, "u");
    session_visit_warnings(again, add_warning, &warnings);
    CHECK_STR(buf_view(&warnings), "");
    session_free(s);
    session_free(again);
    buf_release(&warnings);
    harness_close(&h);
}

CHECK_MAIN({"login", test_login}, )
