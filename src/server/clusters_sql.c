// The statements of the system cluster about virtual clusters: hooks of sql/session.
#include "base/buf.h"
#include "crypto/scram.h"
#include "server/clusters_int.h"

static struct cluster_spec spec_of(struct sql_cluster_name n)
{
    return (struct cluster_spec){n.id, n.name};
}

static void limits_to_values(const struct cluster_limits *l, int64_t values[SQL_CLUSTER_LIMIT_COUNT])
{
    values[SQL_CLUSTER_STORAGE_BYTES] = l->storage_bytes;
    values[SQL_CLUSTER_CONNECTIONS] = l->connections;
    values[SQL_CLUSTER_REQUEST_UNITS_PER_MONTH] = l->request_units_per_month;
    values[SQL_CLUSTER_REQUEST_UNITS_BURST] = l->request_units_burst;
}

// LIKE: the limits of another.
static int create(struct clusters *c, const struct sql_cluster_command *command, struct err *err)
{
    struct cluster_create_options options = {0};
    if (command->other.id != 0 || command->other.name.len > 0) {
        struct cluster_info like;
        struct arena a;
        arena_init(&a, NULL);
        int rc = clusters_find(c, &a, spec_of(command->other), &like, err);
        options.limits = like.limits;
        arena_release(&a);
        TRY(rc);
    }
    return clusters_create(c, command->target.name, &options, NULL, err);
}

static int limit(struct clusters *c, const struct sql_cluster_command *command, struct err *err)
{
    struct cluster_info info;
    struct arena a;
    int64_t values[SQL_CLUSTER_LIMIT_COUNT];
    arena_init(&a, NULL);
    int rc = clusters_find(c, &a, spec_of(command->target), &info, err);
    arena_release(&a);
    TRY(rc);
    limits_to_values(&info.limits, values);
    for (size_t i = 0; i < SQL_CLUSTER_LIMIT_COUNT; i++)
        if (command->limits.set & 1u << i)
            values[i] = command->limits.values[i];
    struct cluster_limits limits = {
        .storage_bytes = values[SQL_CLUSTER_STORAGE_BYTES],
        .connections = values[SQL_CLUSTER_CONNECTIONS],
        .request_units_per_month = values[SQL_CLUSTER_REQUEST_UNITS_PER_MONTH],
        .request_units_burst = values[SQL_CLUSTER_REQUEST_UNITS_BURST],
    };
    return clusters_set_limits(c, spec_of(command->target), &limits, err);
}

static int create_user(struct sql_engine *engine, struct str name, struct str password, struct err *err)
{
    struct scram_verifier verifier;
    struct sql_user user;
    struct buf text = BUF_INIT;
    struct arena a;
    arena_init(&a, NULL);
    int rc = sql_lookup_user(engine, &a, name, &user, err);
    arena_release(&a);
    TRY(rc);
    if (user.exists)
        return err_set(err, ERR_DUPLICATE_OBJECT, "a role/user named %.*s already exists", STR_FMT(name));
    if (scram_verifier_parse(&verifier, password)) {
        buf_str(&text, password);
    } else if (password.len > 0) {
        scram_verifier_build(&verifier, password, SCRAM_ITERATIONS_DEFAULT);
        scram_verifier_print(&verifier, &text);
    }
    rc = sql_ensure_user(engine, name, buf_view(&text), true, err);
    buf_release(&text);
    return rc;
}

int clusters_create_user(struct clusters *c, struct cluster_spec spec, struct str name, struct str password,
                         struct err *err)
{
    struct sql_engine *engine;
    TRY(clusters_acquire(c, spec, &engine, err));
    int rc = create_user(engine, name, password, err);
    clusters_release(c, engine);
    return rc;
}

static int run(void *arg, const struct sql_cluster_command *command, struct err *err)
{
    struct clusters *c = arg;
    struct cluster_spec target = spec_of(command->target);
    switch (command->verb) {
    case SQL_CLUSTER_CREATE:
        return create(c, command, err);
    case SQL_CLUSTER_CLONE:
        return clusters_clone(c, spec_of(command->other), target.name, NULL, err);
    case SQL_CLUSTER_RENAME:
        return clusters_rename(c, target, command->new_name, err);
    case SQL_CLUSTER_START:
        return clusters_set_service(c, target, true, err);
    case SQL_CLUSTER_STOP:
        return clusters_set_service(c, target, false, err);
    case SQL_CLUSTER_DROP:
        return clusters_drop(c, target, command->immediate, err);
    case SQL_CLUSTER_UNDROP:
        return clusters_undrop(c, target, err);
    case SQL_CLUSTER_LIMIT:
        return limit(c, command, err);
    case SQL_CLUSTER_SNAPSHOT:
        return clusters_snapshot(c, target, err);
    case SQL_CLUSTER_USER:
        return clusters_create_user(c, target, command->new_name, command->password, err);
    case SQL_CLUSTER_RESET:
        return clusters_reset(c, target, command->version, err);
    }
    __builtin_unreachable();
}

static struct sql_cluster_info info_of(const struct cluster_info *i)
{
    struct sql_cluster_info out = {
        .id = i->id,
        .name = i->name,
        .data_state = cluster_state_name(i->state),
        .in_service = i->in_service,
        .created_micros = i->created_micros,
        .dropped_micros = i->dropped_micros,
        .purge_micros = i->purge_micros,
        .snapshot_micros = i->snapshot_micros,
        .storage_bytes = i->usage.storage_bytes,
        .connections = i->usage.connections,
        .request_units = i->usage.request_units,
    };
    limits_to_values(&i->limits, out.limits);
    return out;
}

static int list(void *arg, struct arena *a, struct sql_cluster_info **out, size_t *n, struct err *err)
{
    struct cluster_info *infos;
    TRY(clusters_list(arg, a, &infos, n, err));
    *out = ARENA_ARRAY(a, struct sql_cluster_info, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = info_of(&infos[i]);
    return 0;
}

static int fill(void *arg, struct str name, const struct sql_pair_source *source, struct err *err)
{
    return clusters_fill(arg, name, source, err);
}

struct sql_cluster_hooks clusters_sql_hooks(struct clusters *c)
{
    return (struct sql_cluster_hooks){run, list, fill, c};
}
