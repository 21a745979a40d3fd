// Virtual clusters: many SQL engines over one store. A cluster has a number, which is the key-space prefix of all it
// holds (keys/keys.h), and a name, by which clients ask for it. The system cluster is number 1, named "system", always
// there and not in the store's records. Everything else about clusters is records of the store (KEY_META_CLUSTER_…),
// changed by its transactions.
//
// An engine is opened when its cluster is first used and closed some time after its last use: an unused cluster costs
// no memory, and a new one no disk beyond its record. Engines share the memory budget of the process.
//
// Thread-safe. Errors beside those of the store: 42704 no such cluster, 42710 name taken, 42602 not a name for a
// cluster, 22023 not allowed for the system cluster, 55000 not in the state for it; for connections 08004 no such
// cluster or not in service, with a hint that says how to name one, and 53300 too many.
#ifndef SERVER_CLUSTERS_H
#define SERVER_CLUSTERS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct kv;
struct sql_engine;
struct sql_engine_options;
struct clusters;

#define CLUSTER_SYSTEM_NAME STR("system")
enum { CLUSTER_SYSTEM_ID = 1, CLUSTER_NAME_BYTES_MAX = 100 };

struct clusters_options {
    const struct sql_engine_options *engine; // of the system cluster; the others differ by number and name
    int64_t undo_ns;                         // how long a dropped cluster can be brought back; 0: 24 hours
    // A cluster stops serving: ends its connections. May be NULL. Called without locks held.
    void (*end_connections)(void *arg, struct sql_engine *engine);
    void *arg;
};
// Opens the system cluster's engine; bootstraps an empty store. Errors: those of sql_engine_open.
int clusters_open(struct kv *kv, const struct clusters_options *options, struct clusters **out,
                  struct err *err) MUST_CHECK;
// All engines must have been given back and their sessions freed. NULL allowed.
void clusters_close(struct clusters *c);
struct sql_engine *clusters_system(struct clusters *c);

// ---- what there is

enum cluster_state {   // stored
    CLUSTER_STATE_ADD, // being filled by a clone
    CLUSTER_STATE_READY,
    CLUSTER_STATE_DROP, // dropped; can be brought back until purge_micros
};
const char *cluster_state_name(enum cluster_state state); // "add", "ready", "drop"

// Zero: no limit.
struct cluster_limits {
    int64_t storage_bytes;           // beyond it 53100 for what adds data
    int64_t connections;             // beyond it 53300
    int64_t request_units_per_month; // what accrues in a month; when used up statements are delayed
    int64_t request_units_burst;     // what can be saved up; 0 with a monthly limit: that of one hour
};
struct cluster_usage {
    int64_t storage_bytes; // keys and values
    int64_t connections;
    double request_units; // of this month
};

struct cluster_info {
    uint64_t id;
    struct str name; // of a dropped one: the name it had
    enum cluster_state state;
    bool in_service; // accepts connections: service mode "shared", else "none"
    bool has_data;   // was used at least once
    int64_t created_micros;
    int64_t dropped_micros, purge_micros; // of a dropped one, else 0
    int64_t snapshot_micros;              // when the kept snapshot was taken; 0: none
    struct cluster_limits limits;
    struct cluster_usage usage;
};

// By number, or by name when the number is 0. A name never means a dropped cluster, except for clusters_undrop: the one
// dropped last.
struct cluster_spec {
    uint64_t id;
    struct str name;
};
static inline struct cluster_spec cluster_named(struct str name)
{
    return (struct cluster_spec){.name = name};
}

// By number, the system cluster first, dropped ones included. In `a`.
int clusters_list(struct clusters *c, struct arena *a, struct cluster_info **out, size_t *n,
                  struct err *err) MUST_CHECK;
int clusters_find(struct clusters *c, struct arena *a, struct cluster_spec spec, struct cluster_info *out,
                  struct err *err) MUST_CHECK;
// Lower-case letters, digits and inner hyphens, as CockroachDB: 42602 otherwise.
int clusters_check_name(struct str name, struct err *err) MUST_CHECK;

// What clusters whose engines are open do, the system cluster first. Nothing is measured for it. In `a`.
struct cluster_counters {
    uint64_t id;
    const char *name;
    uint64_t connections;
    uint64_t statements, failures, request_units; // since the engine was opened
    uint64_t storage_bytes; // at most; this and request_units are 0 for the system cluster, which is not metered
};
void clusters_counters(struct clusters *c, struct arena *a, struct cluster_counters **out, size_t *n);
// Puts the statistics of open clusters into the store (sql_engine_save). From one thread at a time.
void clusters_save(struct clusters *c);

// ---- changes. Each is one transaction of its own unless it says otherwise.

struct cluster_create_options {
    bool in_service; // accept connections at once
    struct cluster_limits limits;
};
// The new cluster is empty until first used: then it gets what every new cluster has. `id` may be NULL.
int clusters_create(struct clusters *c, struct str name, const struct cluster_create_options *options, uint64_t *id,
                    struct err *err) MUST_CHECK;
int clusters_rename(struct clusters *c, struct cluster_spec spec, struct str name, struct err *err) MUST_CHECK;
// Stopping ends the cluster's connections: the operation to suspend a cluster.
int clusters_set_service(struct clusters *c, struct cluster_spec spec, bool in_service, struct err *err) MUST_CHECK;

int clusters_set_limits(struct clusters *c, struct cluster_spec spec, const struct cluster_limits *limits,
                        struct err *err) MUST_CHECK;
// A copy of the cluster as of now, in service like it. Copies in chunks; until it is done the new one is in state
// "add".
int clusters_clone(struct clusters *c, struct cluster_spec from, struct str name, uint64_t *id,
                   struct err *err) MUST_CHECK;
// A new cluster, out of service, with the keys that the source gives (session.h); in state "add" until it has them.
struct sql_pair_source;
int clusters_fill(struct clusters *c, struct str name, const struct sql_pair_source *source,
                  struct err *err) MUST_CHECK;
// The cluster must not be in service (55000). Its data is removed in the background when the time to bring it back has
// passed, at once if `immediate`.
int clusters_drop(struct clusters *c, struct cluster_spec spec, bool immediate, struct err *err) MUST_CHECK;
// Brings a dropped cluster back, out of service.
int clusters_undrop(struct clusters *c, struct cluster_spec spec, struct err *err) MUST_CHECK;
// Keeps a copy of the data as of now, in place of the one kept before.
int clusters_snapshot(struct clusters *c, struct cluster_spec spec, struct err *err) MUST_CHECK;
// The data becomes again what it was: as of `version` (a kv version still readable), or with 0 that of the snapshot,
// 55000 when none is kept. One transaction that writes only what differs, so connections stay and sessions go on.
// Sequences go back, numbers of objects do not.
int clusters_reset(struct clusters *c, struct cluster_spec spec, uint64_t version, struct err *err) MUST_CHECK;

// A new SQL user in the cluster, member of admin. The name is normalized and valid; `password` may be a SCRAM verifier,
// empty: none. 42710 when the user exists.
int clusters_create_user(struct clusters *c, struct cluster_spec spec, struct str name, struct str password,
                         struct err *err) MUST_CHECK;

// What the statements of the system cluster ask for: implements struct sql_cluster_hooks, with `c` as argument.
struct sql_cluster_hooks;
struct sql_cluster_hooks clusters_sql_hooks(struct clusters *c);

// ---- engines

// For connections of clients, which are counted against the limit and refused while the cluster is not in service. An
// engine got is given back by clusters_disconnect after its sessions have been freed.
int clusters_connect(struct clusters *c, struct str name, struct sql_engine **out, struct err *err) MUST_CHECK;
void clusters_disconnect(struct clusters *c, struct sql_engine *engine);
// After a login to the system cluster failed: whether another cluster may have been meant, and the hint that says how
// to name one.
void clusters_add_login_hint(struct clusters *c, struct err *err);
// For the server's own work in a cluster, in service or not. Given back by clusters_release.
int clusters_acquire(struct clusters *c, struct cluster_spec spec, struct sql_engine **out, struct err *err) MUST_CHECK;
void clusters_release(struct clusters *c, struct sql_engine *engine);
// CancelRequest, whatever the cluster: false when there is no such session.
bool clusters_cancel(struct clusters *c, int32_t pid, int32_t secret);

#endif
