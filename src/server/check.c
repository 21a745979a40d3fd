// Checking the store of a server that is not running. The files are left as they are.
#include "base/err.h"
#include "kv/kv.h"
#include "server/server.h"
#include "sql/session/session.h"

int server_check_store(const char *store_url, struct sql_check *check, struct err *err)
{
    struct kv *kv;
    struct kv_options options = {.read_only = true};
    TRY(kv_open(store_url, &options, &kv, err));
    struct sql_engine_options engine_options = {.kv = kv, .insecure = true};
    struct sql_engine *engine;
    int rc = sql_engine_open(&engine_options, &engine, err);
    if (rc == 0) {
        rc = sql_engine_check(engine, check, err);
        sql_engine_close(engine);
    }
    kv_close(kv);
    return rc;
}
