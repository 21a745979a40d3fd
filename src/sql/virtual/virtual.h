// Virtual schemas: pg_catalog, information_schema, crdb_internal. A relation is a row of a schema's .def file with its
// columns and the function that makes its rows (execute/execute.h: struct virtual_table) from the catalog view of the
// running statement. Nothing is stored; every scan makes the rows anew.
//
// What only a session or the engine above it knows (settings, other sessions, prepared statements) comes through
// `struct virtual_session`: exec_context.virtual_arg points at one.
#ifndef SQL_VIRTUAL_VIRTUAL_H
#define SQL_VIRTUAL_VIRTUAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "types/types.h"

struct catalog;
struct cat_view;
struct kv;

// Makes the virtual schemas known to the catalog. Once per catalog, before sessions exist.
void virtual_register(struct catalog *c);

// ---- what sessions tell

struct virtual_setting {
    const char *name;
    struct str value, default_value, reset_value;
    bool read_only;
    const char *type;   // "bool", "integer", "string", "enum"
    const char *values; // enum: "a|b|c"; else NULL
};
struct virtual_session_info {
    struct str session_id, query_id, user, client_address, application_name, database, auth_method;
    int32_t pid;
    struct str active_query; // ptr NULL: none running
    struct str last_query;
    int64_t started_micros, query_started_micros, txn_started_micros; // 0: none
    uint64_t txn;                                                     // number of the open transaction
    const char *txn_isolation;                                        // SERIALIZABLE, SNAPSHOT, READ COMMITTED
    uint64_t statements_in_txn, txns_executed, restarts;
    bool is_open_txn;
};
struct virtual_prepared {
    struct str name, text;
    int64_t created_micros;
    const uint32_t *parameter_oids;
    size_t n_parameters;
    bool from_sql;
};
struct virtual_cursor {
    struct str name, text;
    bool hold;
};
// What a statement or a transaction has cost, by fingerprint.
struct virtual_activity {
    uint64_t id;
    struct str query, application, database; // of a statement
    const char *kind;                        // "SELECT"
    bool implicit, full_scan;
    struct str plan;              // ptr NULL: none seen
    const struct str *statements; // of a transaction
    size_t n_statements;
    uint64_t count, failures, retries, rows;
    double total_ms, max_ms, p50_ms, p90_ms, p99_ms;
    int64_t last_micros;
    int last_error; // SQLSTATE, 0: none
};
// A wait for a lock, or a lock or commit that met a conflict.
struct virtual_contention {
    int64_t at_micros, waited_ns;
    uint64_t waiting_txn, blocking_txn; // 0: unknown
    uint64_t statement;                 // fingerprint of the one that waited; 0: unknown
    struct str statement_id;
    struct str key;
    bool hidden; // the user may not see the key
    bool conflict;
};

// An execution of a statement or a transaction that was slow, failed, was retried often or waited for others.
struct virtual_insight {
    uint64_t txn, txn_fingerprint, statement; // fingerprints, 0: unknown
    struct str session_id, statement_id, user, application, database, query;
    const char *kind; // of a statement: "SELECT"
    int64_t start_micros, end_micros, contended_ns;
    uint64_t rows, retries;
    int code; // SQLSTATE; 0: it did not fail
    bool implicit, full_scan, slow, contended, retried;
};
struct virtual_metric {
    const char *name; // sys.rss
    bool of_store;
    double value;
};
struct virtual_cluster {
    uint64_t id;
    struct str name;
    const char *data_state;
    bool in_service;
};

struct virtual_session {
    const struct virtual_session_ops *ops;
};
// Lists are copies in the arena.
struct virtual_session_ops {
    void (*settings)(struct virtual_session *vs, struct arena *a, struct virtual_setting **out, size_t *n);
    // Those that the session's user may see.
    int (*sessions)(struct virtual_session *vs, struct arena *a, struct virtual_session_info **out, size_t *n,
                    struct err *err);
    void (*prepared)(struct virtual_session *vs, struct arena *a, struct virtual_prepared **out, size_t *n);
    void (*cursors)(struct virtual_session *vs, struct arena *a, struct virtual_cursor **out, size_t *n);
    int (*activity)(struct virtual_session *vs, bool transactions, struct arena *a, struct virtual_activity **out,
                    size_t *n, struct err *err) MUST_CHECK;
    struct str (*cluster_id)(struct virtual_session *vs);
    void (*address)(struct virtual_session *vs, const char **host, int32_t *sql_port, int32_t *http_port);
    int64_t (*started_micros)(struct virtual_session *vs); // of the process
    struct kv *(*kv)(struct virtual_session *vs);
    // The last ones of the cluster, oldest first.
    int (*contention)(struct virtual_session *vs, struct arena *a, struct virtual_contention **out, size_t *n,
                      struct err *err) MUST_CHECK;
    // How often statements have read the index, and when the last time; 0: never.
    void (*index_usage)(struct virtual_session *vs, uint32_t table_id, uint32_t index_id, uint64_t *reads,
                        int64_t *last_micros);
    // The last ones of the cluster, oldest first.
    void (*insights)(struct virtual_session *vs, bool transactions, struct arena *a, struct virtual_insight **out,
                     size_t *n);
    // Of the server, as they are now; none in other clusters than the system cluster.
    void (*metrics)(struct virtual_session *vs, struct arena *a, struct virtual_metric **out, size_t *n);
    // Virtual clusters, likewise.
    int (*clusters)(struct virtual_session *vs, struct arena *a, struct virtual_cluster **out, size_t *n,
                    struct err *err) MUST_CHECK;
};

// ---- cluster settings known by name (cluster_settings.def)

struct cluster_setting {
    const char *name;
    const char *type; // as SHOW CLUSTER SETTINGS prints it: b, d, e, f, i, s, z
    const char *default_text;
    const char *description;
};
// NULL: no such setting.
const struct cluster_setting *cluster_setting_find(struct str name);
const struct cluster_setting *cluster_settings(size_t *n); // sorted by name
// 22023 when the text is no value of the setting's type. ptr NULL: the default, always right.
int cluster_setting_check(const struct cluster_setting *setting, struct str text, struct arena *a,
                          struct err *err) MUST_CHECK;
// The type its value is shown in.
bool cluster_setting_is_sql(struct str name); // sql.defaults.*: MODIFYSQLCLUSTERSETTING is enough for them
// 42501 unless the user may set the setting, or see it.
int cluster_setting_check_access(struct cat_view *v, struct str user, struct str name, bool set,
                                 struct err *err) MUST_CHECK;
// 42501 naming `what` unless the user may see settings; *sql_only: no others than those.
int cluster_settings_visible(struct cat_view *v, struct str user, bool *sql_only, const char *what,
                             struct err *err) MUST_CHECK;
struct type cluster_setting_type(const struct cluster_setting *setting);
// A value as CockroachDB stores it, and back as it is shown: byte sizes as numbers of bytes, others as they are. 22023
// when the stored text is no value of the setting's type.
struct str cluster_setting_encode(const struct cluster_setting *setting, struct str text, struct arena *a);
int cluster_setting_decode(const struct cluster_setting *setting, struct str stored, struct arena *a, struct str *out,
                           struct err *err) MUST_CHECK;
// The stored value or the default.
int cluster_setting_value(struct cat_view *v, const struct cluster_setting *setting, struct arena *a, struct str *value,
                          bool *is_default, struct err *err) MUST_CHECK;
// The same as a value of the setting's type, for the server's own use: the setting exists.
int cluster_setting_get(struct cat_view *v, const char *name, struct arena *a, struct datum *out,
                        struct err *err) MUST_CHECK;

#endif
