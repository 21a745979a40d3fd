// Virtual clusters: their engines, and the changes that are a record's.
//
// An open cluster is in one of three states: opening (engine NULL, refs > 0), open, closing (engine NULL, refs 0, not
// yet unlisted). Who wants one that is opening or closing waits for `changed`.
#include "server/clusters.h"
#include "base/util.h"
#include "server/clusters_int.h"

#include <time.h>

static const int64_t undo_ns_default = 24 * 3600 * (int64_t)1000000000;
enum {
    IDLE_MAX = 16,          // engines kept open without anybody using them
    END_ATTEMPTS_MAX = 500, // to end a connection, 10 ms apart
};

int clusters_open(struct kv *kv, const struct clusters_options *options, struct clusters **out, struct err *err)
{
    struct clusters *c = mem_zalloc(sizeof(*c));
    c->kv = kv;
    c->engine_options = *options->engine;
    c->undo_ns = options->undo_ns != 0 ? options->undo_ns : undo_ns_default;
    c->end_connections = options->end_connections;
    c->arg = options->arg;
    size_t limit = c->engine_options.sql_memory_bytes_max;
    budget_init(&c->budget, "root", limit != 0 ? limit : SQL_MEMORY_BYTES_DEFAULT, options->engine->budget);
    c->engine_options.budget = &c->budget;
    c->hooks = clusters_sql_hooks(c);
    c->engine_options.zones_changed = clusters_update_history;
    c->engine_options.zones_changed_arg = c;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    pthread_cond_init(&c->purge_wake, NULL);
    struct sql_engine_options system = c->engine_options;
    system.clusters = &c->hooks;
    int rc = sql_engine_open(&system, &c->system, err);
    if (rc == 0 && kv_failure(kv) == NULL) // else nothing can be written
        rc = clusters_recover(c, err);
    if (rc != 0) {
        clusters_close(c);
        return rc;
    }
    clusters_update_history(c);
    *out = c;
    return 0;
}

struct sql_engine *clusters_system(struct clusters *c)
{
    return c->system;
}

const char *cluster_state_name(enum cluster_state state)
{
    switch (state) {
    case CLUSTER_STATE_ADD:
        return "add";
    case CLUSTER_STATE_READY:
        return "ready";
    case CLUSTER_STATE_DROP:
        break;
    }
    return "drop";
}

// ---- engines

static struct open_cluster *find_open(struct clusters *c, uint64_t id)
{
    struct open_cluster *o = c->open;
    while (o != NULL && o->id != id)
        o = o->next;
    return o;
}

// Waits for one that is being opened or closed: it may have read its record before a change of it.
static struct open_cluster *find_settled(struct clusters *c, uint64_t id)
{
    struct open_cluster *o;
    while ((o = find_open(c, id)) != NULL && o->engine == NULL)
        pthread_cond_wait(&c->changed, &c->mutex);
    return o;
}

static void unlist(struct clusters *c, struct open_cluster *o)
{
    struct open_cluster **at = &c->open;
    while (*at != o)
        at = &(*at)->next;
    *at = o->next;
    mem_free(o->name);
    mem_free(o);
    pthread_cond_broadcast(&c->changed);
}

// Each has its own directory for backups: what one writes no other reads. One whose storage is limited has none, as
// files are not counted.
static void own_directory(struct sql_engine_options *options, const struct cluster_meter *m, struct buf *path)
{
    bool none = options->external_io_dir == NULL || options->external_io_dir[0] == 0 || m->limits.storage_bytes != 0;
    if (!none)
        buf_printf(path, "%s/clusters/%llu", options->external_io_dir, (unsigned long long)m->id);
    options->external_io_dir = none ? NULL : buf_c(path);
}

// Opens the engine of a cluster just listed. The mutex is held at both ends.
static int open_engine(struct clusters *c, struct open_cluster *o, struct err *err)
{
    struct sql_engine_options options = c->engine_options;
    struct buf path = BUF_INIT;
    struct sql_engine *engine = NULL;
    options.cluster = (uint32_t)o->id;
    options.virtual_cluster_name = o->name;
    options.meter = &o->meter.hooks;
    options.metrics = NULL;
    pthread_mutex_unlock(&c->mutex);
    int rc = cluster_meter_open(&o->meter, c, o->id, o->name, err);
    if (rc == 0) {
        own_directory(&options, &o->meter, &path);
        rc = sql_engine_open(&options, &engine, err);
        if (rc != 0)
            cluster_meter_close(&o->meter);
    }
    buf_release(&path);
    pthread_mutex_lock(&c->mutex);
    o->engine = engine;
    pthread_cond_broadcast(&c->changed);
    if (rc != 0 && --o->refs == 0)
        unlist(c, o);
    return rc;
}

// A reference to the cluster with its engine open. The mutex is held at both ends.
static int take(struct clusters *c, uint64_t id, struct str name, struct open_cluster **out, struct err *err)
{
    struct open_cluster *o = find_settled(c, id);
    if (o != NULL) {
        c->n_idle -= o->refs == 0;
        o->refs++;
        *out = o;
        return 0;
    }
    o = *out = mem_zalloc(sizeof(*o));
    *o = (struct open_cluster){.next = c->open, .id = id, .name = str_dup_c(name), .refs = 1};
    c->open = o;
    return open_engine(c, o, err);
}

// The mutex is held at both ends.
static void close_engine(struct clusters *c, struct open_cluster *o)
{
    struct sql_engine *engine = o->engine;
    o->engine = NULL;
    c->n_idle--;
    pthread_mutex_unlock(&c->mutex);
    sql_engine_close(engine);
    cluster_meter_close(&o->meter);
    pthread_mutex_lock(&c->mutex);
    unlist(c, o);
}

// Jobs go on in a cluster that nobody uses, until the process ends.
static struct open_cluster *oldest_idle(struct clusters *c, bool busy_too)
{
    struct open_cluster *oldest = NULL;
    for (struct open_cluster *o = c->open; o != NULL; o = o->next)
        if (o->refs == 0 && o->engine != NULL && (oldest == NULL || o->used_at < oldest->used_at) &&
            (busy_too || !sql_engine_is_busy(o->engine)))
            oldest = o;
    return oldest;
}

static void give_back(struct clusters *c, struct sql_engine *engine, bool connection)
{
    if (engine == c->system)
        return;
    pthread_mutex_lock(&c->mutex);
    struct open_cluster *o = c->open;
    while (o->engine != engine)
        o = o->next;
    o->connections -= connection;
    o->used_at = ++c->releases;
    bool unused = --o->refs == 0;
    if (unused && c->purge_waits) {
        c->purge_again = true;
        pthread_cond_broadcast(&c->purge_wake);
    }
    c->n_idle += unused;
    if (c->n_idle > IDLE_MAX && (o = oldest_idle(c, false)) != NULL)
        close_engine(c, o);
    pthread_mutex_unlock(&c->mutex);
}

bool cluster_close_unused(struct clusters *c, uint64_t id)
{
    pthread_mutex_lock(&c->mutex);
    struct open_cluster *o = find_open(c, id);
    bool unused = o == NULL || (o->refs == 0 && o->engine != NULL);
    if (o != NULL && unused)
        close_engine(c, o);
    pthread_mutex_unlock(&c->mutex);
    return unused;
}

void clusters_close(struct clusters *c)
{
    if (c == NULL)
        return;
    clusters_stop_purger(c);
    pthread_mutex_lock(&c->mutex);
    for (struct open_cluster *o; (o = oldest_idle(c, true)) != NULL;)
        close_engine(c, o);
    pthread_mutex_unlock(&c->mutex);
    INVARIANT(c->open == NULL);
    if (c->system != NULL)
        sql_engine_close(c->system);
    pthread_cond_destroy(&c->changed);
    pthread_cond_destroy(&c->purge_wake);
    pthread_mutex_destroy(&c->mutex);
    mem_free(c);
}

struct find_work {
    struct cluster_spec spec;
    struct cluster_record record;
    struct cluster_usage usage;
    bool has_data;
};

static int find_record(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct find_work *w = arg;
    return cluster_record_find(txn, a, w->spec, &w->record, err);
}

static int find_record_and_usage(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct find_work *w = arg;
    TRY(find_record(txn, a, arg, err));
    TRY(cluster_has_data(txn, w->record.id, &w->has_data, err));
    return cluster_usage_get(txn, w->record.id, &w->usage, err);
}

bool cluster_is_system(struct cluster_spec spec)
{
    return spec.id == CLUSTER_SYSTEM_ID || (spec.id == 0 && str_eq(spec.name, CLUSTER_SYSTEM_NAME));
}

int clusters_acquire(struct clusters *c, struct cluster_spec spec, struct sql_engine **out, struct err *err)
{
    struct find_work w = {.spec = spec};
    struct open_cluster *o;
    struct arena a;
    *out = cluster_is_system(spec) ? c->system : NULL;
    if (*out != NULL)
        return 0;
    arena_init(&a, NULL);
    int rc = cluster_txn(c, true, &a, find_record, &w, err);
    if (rc == 0) {
        pthread_mutex_lock(&c->mutex);
        rc = take(c, w.record.id, w.record.name, &o, err);
        if (rc == 0)
            *out = o->engine;
        pthread_mutex_unlock(&c->mutex);
    }
    arena_release(&a);
    return rc;
}

void clusters_release(struct clusters *c, struct sql_engine *engine)
{
    give_back(c, engine, false);
}

// ---- connections

static int routing_hint(struct err *err)
{
    return err_hint(err, "Name the cluster in one of these ways: as database \"CLUSTER.DATABASE\", for instance "
                         "\"mycluster.defaultdb\"; as connection option \"options=--cluster=CLUSTER\"; as first label "
                         "of the host name, \"CLUSTER.HOST\", over TLS.");
}

void clusters_add_login_hint(struct clusters *c, struct err *err)
{
    if (err->hint == NULL && atomic_load(&c->has_others))
        err_hint(err, "This was the system cluster. Name the cluster that the user belongs to: as database "
                      "\"CLUSTER.DATABASE\", or as connection option \"options=--cluster=CLUSTER\".");
}

static int no_such_cluster(struct str name, struct err *err)
{
    err_set(err, ERR_CONNECTION_REJECTED, "service unavailable for target tenant (%.*s): no such virtual cluster",
            STR_FMT(name));
    return routing_hint(err);
}

static int not_in_service(struct str name, struct err *err)
{
    err_set(err, ERR_CONNECTION_REJECTED, "service unavailable for target tenant (%.*s): it is suspended",
            STR_FMT(name));
    return err_hint(err,
                    "It accepts connections again after ALTER VIRTUAL CLUSTER \"%.*s\" START SERVICE SHARED in the "
                    "system cluster.",
                    STR_FMT(name));
}

// Checks the limit and counts the connection.
static int connect_to(struct clusters *c, const struct cluster_record *r, struct sql_engine **out, struct err *err)
{
    struct open_cluster *o;
    pthread_mutex_lock(&c->mutex);
    int rc = take(c, r->id, r->name, &o, err);
    if (rc == 0) {
        *out = o->engine;
        o->connections++;
        if (r->limits.connections != 0 && o->connections > (size_t)r->limits.connections)
            rc = err_set(err, ERR_TOO_MANY_CONNECTIONS,
                         "virtual cluster \"%s\" has reached its limit of %lld connections", o->name,
                         (long long)r->limits.connections);
    }
    pthread_mutex_unlock(&c->mutex);
    if (rc == ERR_TOO_MANY_CONNECTIONS)
        clusters_disconnect(c, *out);
    return rc;
}

int clusters_connect(struct clusters *c, struct str name, struct sql_engine **out, struct err *err)
{
    struct find_work w = {.spec = cluster_named(name)};
    struct arena a;
    *out = cluster_is_system(w.spec) ? c->system : NULL;
    if (*out != NULL)
        return 0;
    arena_init(&a, NULL);
    int rc = cluster_txn(c, true, &a, find_record, &w, err);
    if (rc == ERR_UNDEFINED_OBJECT)
        rc = no_such_cluster(name, err);
    else if (rc == 0 && (w.record.state != CLUSTER_STATE_READY || !w.record.in_service))
        rc = not_in_service(name, err);
    else if (rc == 0)
        rc = connect_to(c, &w.record, out, err);
    arena_release(&a);
    return rc;
}

void clusters_disconnect(struct clusters *c, struct sql_engine *engine)
{
    give_back(c, engine, true);
}

bool clusters_cancel(struct clusters *c, int32_t pid, int32_t secret)
{
    bool found = sql_engine_cancel(c->system, pid, secret);
    pthread_mutex_lock(&c->mutex);
    for (struct open_cluster *o = c->open; o != NULL && !found; o = o->next)
        found = o->engine != NULL && sql_engine_cancel(o->engine, pid, secret);
    pthread_mutex_unlock(&c->mutex);
    return found;
}

// ---- what there is

// `stored`: of a cluster that is not open.
static struct cluster_info info_of(struct clusters *c, const struct cluster_record *r,
                                   const struct cluster_usage *stored)
{
    struct cluster_info info = {
        .id = r->id,
        .name = r->name,
        .state = r->state,
        .in_service = r->in_service,
        .created_micros = r->created_micros,
        .dropped_micros = r->dropped_micros,
        .purge_micros = r->purge_micros,
        .snapshot_micros = r->snapshot_micros,
        .limits = r->limits,
        .usage = *stored,
    };
    pthread_mutex_lock(&c->mutex);
    struct open_cluster *o = find_open(c, r->id);
    bool open = o != NULL && o->engine != NULL;
    if (open) {
        info.usage.connections = (int64_t)o->connections;
        c->n_idle -= o->refs == 0;
        o->refs++;
    }
    pthread_mutex_unlock(&c->mutex);
    if (open) {
        cluster_meter_get(&o->meter, &info.usage);
        give_back(c, o->engine, false);
    }
    return info;
}

static struct cluster_info system_info(struct clusters *c)
{
    return (struct cluster_info){
        .id = CLUSTER_SYSTEM_ID,
        .name = CLUSTER_SYSTEM_NAME,
        .state = CLUSTER_STATE_READY,
        .in_service = true,
        .has_data = true,
        .usage.connections = (int64_t)sql_engine_session_count(c->system),
    };
}

struct list_work {
    struct cluster_record *records;
    struct cluster_usage *usage; // of each
    bool *has_data;
    size_t n;
};

static int list_records(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct list_work *w = arg;
    TRY(cluster_record_list(txn, a, &w->records, &w->n, err));
    w->usage = ARENA_ARRAY(a, struct cluster_usage, w->n);
    w->has_data = ARENA_ARRAY(a, bool, w->n);
    for (size_t i = 0; i < w->n; i++) {
        TRY(cluster_usage_get(txn, w->records[i].id, &w->usage[i], err));
        TRY(cluster_has_data(txn, w->records[i].id, &w->has_data[i], err));
    }
    return 0;
}

int clusters_list(struct clusters *c, struct arena *a, struct cluster_info **out, size_t *n, struct err *err)
{
    struct list_work w;
    TRY(cluster_txn(c, true, a, list_records, &w, err));
    *out = ARENA_ARRAY(a, struct cluster_info, w.n + 1);
    *n = 0;
    (*out)[(*n)++] = system_info(c);
    for (size_t i = 0; i < w.n; i++) {
        if (w.records[i].name.len == 0) // what a snapshot left
            continue;
        (*out)[*n] = info_of(c, &w.records[i], &w.usage[i]);
        (*out)[(*n)++].has_data = w.has_data[i];
    }
    return 0;
}

int clusters_find(struct clusters *c, struct arena *a, struct cluster_spec spec, struct cluster_info *out,
                  struct err *err)
{
    struct find_work w = {.spec = spec};
    if (cluster_is_system(spec)) {
        *out = system_info(c);
        return 0;
    }
    TRY(cluster_txn(c, true, a, find_record_and_usage, &w, err));
    *out = info_of(c, &w.record, &w.usage);
    out->has_data = w.has_data;
    return 0;
}

static void count(struct sql_engine *engine, struct cluster_counters *out)
{
    struct sql_counters counters;
    sql_engine_get_counters(engine, &counters);
    out->connections = counters.sessions;
    out->statements = counters.statements;
    out->failures = counters.failures;
}

void clusters_counters(struct clusters *c, struct arena *a, struct cluster_counters **out, size_t *n)
{
    ARENA_VEC(struct cluster_counters) list = {0};
    struct cluster_counters system = {.id = CLUSTER_SYSTEM_ID, .name = CLUSTER_SYSTEM_NAME.ptr};
    count(c->system, &system);
    ARENA_PUSH(a, &list, system);
    pthread_mutex_lock(&c->mutex);
    for (struct open_cluster *o = c->open; o != NULL; o = o->next) {
        struct cluster_counters one = {.id = o->id};
        if (o->engine == NULL)
            continue;
        one.name = arena_str(a, str_of(o->name)).ptr;
        count(o->engine, &one);
        one.connections = o->connections;
        cluster_meter_count(&o->meter, &one);
        ARENA_PUSH(a, &list, one);
    }
    pthread_mutex_unlock(&c->mutex);
    *out = list.ptr;
    *n = list.len;
}

// The next open cluster after this number, with a reference.
static struct sql_engine *take_next(struct clusters *c, uint64_t *id)
{
    struct open_cluster *next = NULL;
    pthread_mutex_lock(&c->mutex);
    for (struct open_cluster *o = c->open; o != NULL; o = o->next)
        if (o->engine != NULL && o->id > *id && (next == NULL || o->id < next->id))
            next = o;
    struct sql_engine *engine = next != NULL ? next->engine : NULL;
    if (next != NULL) {
        c->n_idle -= next->refs == 0;
        next->refs++;
        *id = next->id;
    }
    pthread_mutex_unlock(&c->mutex);
    return engine;
}

void clusters_save(struct clusters *c)
{
    uint64_t id = CLUSTER_SYSTEM_ID;
    sql_engine_save(c->system);
    for (struct sql_engine *engine; (engine = take_next(c, &id)) != NULL;) {
        sql_engine_save(engine);
        give_back(c, engine, false);
    }
}

static bool is_name_character(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

int clusters_check_name(struct str name, struct err *err)
{
    bool ok = name.len > 0 && name.len <= CLUSTER_NAME_BYTES_MAX && is_name_character(name.ptr[0]) &&
              is_name_character(name.ptr[name.len - 1]);
    for (size_t i = 0; i < name.len && ok; i++)
        ok = is_name_character(name.ptr[i]) || name.ptr[i] == '-';
    if (ok)
        return 0;
    err_set(err, ERR_INVALID_NAME, "invalid tenant name: \"%.*s\"", STR_FMT(name));
    return err_hint(
        err,
        "Names consist of lower-case letters, digits and hyphens, begin and end with a letter or digit, and "
        "have at most %d characters.",
        CLUSTER_NAME_BYTES_MAX);
}

// ---- changes

struct create_work {
    struct str name;
    const struct cluster_create_options *options;
    uint64_t id;
};

static int create(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct create_work *w = arg;
    TRY(cluster_next_id(txn, &w->id, err));
    TRY(cluster_name_put(txn, w->name, w->id, err));
    struct cluster_record r = {
        .id = w->id,
        .name = w->name,
        .state = CLUSTER_STATE_READY,
        .in_service = w->options->in_service,
        .created_micros = clock_wall_ns() / 1000,
        .limits = w->options->limits,
    };
    return cluster_record_put(txn, &r, err);
}

int cluster_change(struct clusters *c, cluster_work *work, void *arg, struct err *err)
{
    struct arena a;
    arena_init(&a, NULL);
    int rc = cluster_txn(c, false, &a, work, arg, err);
    arena_release(&a);
    return rc;
}

int clusters_create(struct clusters *c, struct str name, const struct cluster_create_options *options, uint64_t *id,
                    struct err *err)
{
    struct create_work w = {.name = name, .options = options};
    TRY(clusters_check_name(name, err));
    TRY(cluster_change(c, create, &w, err));
    atomic_store(&c->has_others, true);
    clusters_update_history(c);
    if (id != NULL)
        *id = w.id;
    return 0;
}

int cluster_not_system(struct cluster_spec spec, const char *verb, struct err *err)
{
    return cluster_is_system(spec)
               ? err_set(err, ERR_INVALID_PARAMETER_VALUE, "cannot %s tenant \"%d\", ID assigned to system tenant",
                         verb, CLUSTER_SYSTEM_ID)
               : 0;
}

struct rename_work {
    struct cluster_spec spec;
    struct str name;
    uint64_t id;
};

static int rename_record(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct rename_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, w->spec, &r, err));
    w->id = r.id;
    if (str_eq(r.name, w->name))
        return 0;
    TRY(cluster_name_delete(txn, r.name, err));
    TRY(cluster_name_put(txn, w->name, r.id, err));
    r.name = w->name;
    return cluster_record_put(txn, &r, err);
}

int clusters_rename(struct clusters *c, struct cluster_spec spec, struct str name, struct err *err)
{
    struct rename_work w = {.spec = spec, .name = name};
    TRY(cluster_not_system(spec, "rename", err));
    TRY(clusters_check_name(name, err));
    TRY(cluster_change(c, rename_record, &w, err));
    pthread_mutex_lock(&c->mutex);
    struct open_cluster *o = find_settled(c, w.id);
    if (o != NULL) {
        mem_free(o->name);
        o->name = str_dup_c(name);
        cluster_meter_set_name(&o->meter, o->name);
        sql_engine_rename(o->engine, o->name);
    }
    pthread_mutex_unlock(&c->mutex);
    return 0;
}

struct service_work {
    struct cluster_spec spec;
    bool in_service;
    uint64_t id;
};

static int set_service(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct service_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, w->spec, &r, err));
    if (r.state != CLUSTER_STATE_READY)
        return err_set(err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE, "tenant is not ready: data state is \"%s\"",
                       cluster_state_name(r.state));
    w->id = r.id;
    r.in_service = w->in_service;
    return cluster_record_put(txn, &r, err);
}

// Asks again until all are gone: one may just be beginning, unseen. The reference keeps the engine.
static void end_all(struct clusters *c, struct open_cluster *o)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};
    size_t left = 1;
    block_enter();
    for (int i = 0; i < END_ATTEMPTS_MAX && left > 0; i++) {
        if (i > 0)
            nanosleep(&pause, NULL);
        c->end_connections(c->arg, o->engine);
        pthread_mutex_lock(&c->mutex);
        left = o->connections;
        pthread_mutex_unlock(&c->mutex);
    }
    block_leave();
}

static void end_connections(struct clusters *c, uint64_t id)
{
    struct sql_engine *engine = NULL;
    pthread_mutex_lock(&c->mutex);
    struct open_cluster *o = find_open(c, id);
    if (o != NULL && o->connections > 0) {
        engine = o->engine;
        o->refs++;
    }
    pthread_mutex_unlock(&c->mutex);
    if (engine == NULL)
        return;
    if (c->end_connections != NULL)
        end_all(c, o);
    clusters_release(c, engine);
}

struct limits_work {
    struct cluster_spec spec;
    const struct cluster_limits *limits;
    uint64_t id;
};

static int set_limits(struct kv_txn *txn, struct arena *a, void *arg, struct err *err)
{
    struct limits_work *w = arg;
    struct cluster_record r;
    TRY(cluster_record_find(txn, a, w->spec, &r, err));
    r.limits = *w->limits;
    w->id = r.id;
    return cluster_record_put(txn, &r, err);
}

int clusters_set_limits(struct clusters *c, struct cluster_spec spec, const struct cluster_limits *limits,
                        struct err *err)
{
    struct limits_work w = {.spec = spec, .limits = limits};
    TRY(cluster_not_system(spec, "limit", err));
    TRY(cluster_change(c, set_limits, &w, err));
    pthread_mutex_lock(&c->mutex);
    struct open_cluster *o = find_settled(c, w.id);
    if (o != NULL)
        cluster_meter_set_limits(&o->meter, limits);
    pthread_mutex_unlock(&c->mutex);
    return 0;
}

int clusters_set_service(struct clusters *c, struct cluster_spec spec, bool in_service, struct err *err)
{
    struct service_work w = {.spec = spec, .in_service = in_service};
    TRY(cluster_not_system(spec, in_service ? "start service of" : "stop service of", err));
    TRY(cluster_change(c, set_service, &w, err));
    if (!in_service)
        end_connections(c, w.id);
    return 0;
}
