// Virtual clusters over the fake session, without a store: "system", "alpha" and "beta" are in service, "gamma" is not.
#include "server/clusters.h"
#include "base/util.h"
#include "sql/session/session.h"

static const char *const names[] = {"system", "alpha", "beta"};

struct clusters {
    struct sql_engine *engines[ARRAY_LEN(names)];
};

int clusters_open(struct kv *kv, const struct clusters_options *options, struct clusters **out, struct err *err)
{
    struct clusters *c = mem_zalloc(sizeof(*c));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct sql_engine_options engine = *options->engine;
        engine.virtual_cluster_name = names[i];
        TRY(sql_engine_open(&engine, &c->engines[i], err));
    }
    *out = c;
    return 0;
}

void clusters_close(struct clusters *c)
{
    for (size_t i = 0; c != NULL && i < ARRAY_LEN(names); i++)
        sql_engine_close(c->engines[i]);
    mem_free(c);
}

struct sql_engine *clusters_system(struct clusters *c)
{
    return c->engines[0];
}

int clusters_connect(struct clusters *c, struct str name, struct sql_engine **out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!str_eqc(name, names[i]))
            continue;
        *out = c->engines[i];
        return 0;
    }
    return err_set(err, ERR_CONNECTION_REJECTED, "service unavailable for target tenant (%.*s)", STR_FMT(name));
}

void clusters_add_login_hint(struct clusters *c, struct err *err)
{
}

void clusters_disconnect(struct clusters *c, struct sql_engine *engine)
{
}

bool clusters_cancel(struct clusters *c, int32_t pid, int32_t secret)
{
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        found = sql_engine_cancel(c->engines[i], pid, secret) || found;
    return found;
}

int clusters_list(struct clusters *c, struct arena *a, struct cluster_info **out, size_t *n, struct err *err)
{
    *n = 0;
    return 0;
}

int clusters_acquire(struct clusters *c, struct cluster_spec spec, struct sql_engine **out, struct err *err)
{
    return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "not in tests of the wire protocol");
}

void clusters_release(struct clusters *c, struct sql_engine *engine)
{
}
