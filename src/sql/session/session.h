// SQL sessions: what the wire protocol talks to, and nothing else of SQL.
//
// `struct sql_engine` is one virtual cluster's half (store, catalog cache, settings, session registry), of which a
// process may have many over one store; `struct session` is one client's half. A session is used by one thread at a
// time; session_cancel and the registry calls may come from any thread. A session owns no thread: a worker calls in,
// the call runs to completion (possibly blocking on locks, see block_enter in base/util.h) and returns.
//
// Results flow into a `struct result_sink` that the caller implements. The session may take results back (retry) as
// long as the sink says that nothing has left the server (`rewind`).
#ifndef SQL_SESSION_SESSION_H
#define SQL_SESSION_SESSION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "types/types.h"

struct kv;
struct kv_txn;
struct os;
struct budget;
struct sql_engine;
struct session;

// ---- virtual clusters: what the statements of the system cluster ask of the server

enum sql_cluster_verb {
    SQL_CLUSTER_CREATE, // name; LIKE: other
    SQL_CLUSTER_CLONE,  // of other
    SQL_CLUSTER_RENAME, // to new_name
    SQL_CLUSTER_START,
    SQL_CLUSTER_STOP,
    SQL_CLUSTER_DROP,
    SQL_CLUSTER_UNDROP,
    SQL_CLUSTER_LIMIT, // limits
    SQL_CLUSTER_SNAPSHOT,
    SQL_CLUSTER_RESET, // to version, 0: to the snapshot
    SQL_CLUSTER_USER,  // a new administrator new_name in it, with password
};
struct sql_cluster_name { // by number, else by name
    uint64_t id;
    struct str name;
};
// SET LIMIT: one bit of `set` for each that the statement names; 0: no limit.
enum sql_cluster_limit {
    SQL_CLUSTER_STORAGE_BYTES,
    SQL_CLUSTER_CONNECTIONS,
    SQL_CLUSTER_REQUEST_UNITS_PER_MONTH,
    SQL_CLUSTER_REQUEST_UNITS_BURST,
    SQL_CLUSTER_LIMIT_COUNT
};
struct sql_cluster_limits {
    unsigned set;
    int64_t values[SQL_CLUSTER_LIMIT_COUNT];
};
struct sql_cluster_command {
    enum sql_cluster_verb verb;
    struct sql_cluster_name target, other;
    struct str new_name;
    struct str password; // or a verifier; ptr NULL: none
    bool immediate;
    uint64_t version;
    struct sql_cluster_limits limits;
};
struct sql_cluster_info {
    uint64_t id;
    struct str name;
    const char *data_state;
    bool in_service;
    int64_t created_micros, dropped_micros, purge_micros, snapshot_micros; // 0: not
    int64_t limits[SQL_CLUSTER_LIMIT_COUNT];                               // 0: none
    int64_t storage_bytes, connections;
    double request_units;
};
// Keys of a cluster without its prefix, in order, with their values.
struct sql_pair_source {
    int (*next)(void *arg, struct str *key, struct str *value, bool *found, struct err *err);
    void *arg;
};
struct sql_cluster_hooks {
    int (*run)(void *arg, const struct sql_cluster_command *command, struct err *err);
    // In `a`, by number.
    int (*list)(void *arg, struct arena *a, struct sql_cluster_info **out, size_t *n, struct err *err);
    // A new cluster, out of service, with what the source gives. What it read before an error is removed.
    int (*fill)(void *arg, struct str name, const struct sql_pair_source *source, struct err *err);
    void *arg;
};

// ---- limits and metering of an engine, by the server

struct sql_usage {
    int64_t cpu_ns;
    uint64_t read_bytes, written_bytes; // of keys and values
};
struct sql_meter {
    // Before a statement runs. *wait_micros not 0: it waits so long and asks again. With adds_data *headroom_bytes gets
    // what it may write, else it is left alone. An error refuses the statement.
    int (*admit)(void *arg, bool adds_data, int64_t *wait_micros, uint64_t *headroom_bytes, struct err *err);
    // After each call that ran something.
    void (*used)(void *arg, const struct sql_usage *usage);
    void *arg;
};

// What the server counts.
struct sql_metric {
    const char *name;
    bool of_store;
    double value;
};

#define SQL_MEMORY_BYTES_DEFAULT ((size_t)1 << 30)

struct sql_engine_options {
    struct kv *kv;                            // borrowed until sql_engine_close
    uint32_t cluster;                         // number of the virtual cluster; 0: the system cluster
    const char *virtual_cluster_name;         // NULL: that of the system cluster
    size_t sql_memory_bytes_max;              // budget of all sessions; 0: SQL_MEMORY_BYTES_DEFAULT
    struct budget *budget;                    // of the process, above the engine's; may be NULL
    const struct sql_meter *meter;            // borrowed; NULL: no limits, nothing is metered
    const struct sql_cluster_hooks *clusters; // borrowed; NULL: virtual clusters cannot be managed from here
    bool insecure;                            // shown by settings; passwords are refused
    const char *cluster_name;
    int32_t sql_port, http_port; // shown by crdb_internal
    struct str advertise_host;
    const char *external_io_dir; // where nodelocal:// files of backups are; NULL: nowhere
    // What a cluster setting that the server reads may be; may be NULL.
    int (*check_setting)(struct str name, struct str value, struct err *err);
    // Called when a session was ended by others, to close its connection. Any thread; the session may be gone already.
    void (*end_session)(void *arg, int32_t pid, int32_t secret);
    void *end_session_arg;
    // A transaction has changed zone configurations: history may be wanted for another time now. May be NULL.
    void (*zones_changed)(void *arg);
    void *zones_changed_arg;
    // The server's metrics as they are now, in `a`, for crdb_internal.node_metrics of the system cluster. May be NULL.
    void (*metrics)(void *arg, struct arena *a, struct sql_metric **out, size_t *n);
    void *metrics_arg;
    // Where statements put rows that pass their work memory; temp_dir NULL: nowhere, they end in 53200. The directory
    // must be there.
    const struct os *os;
    const char *temp_dir;
    uint32_t batch_rows_max;   // tests: rows a scan gives at once; 0: as usual
    bool automatic_statistics; // collected after enough changes, unless the cluster setting says otherwise
};

// Opens the catalog, bootstrapping an empty store (databases defaultdb, postgres, system; user root; role admin).
int sql_engine_open(const struct sql_engine_options *options, struct sql_engine **out, struct err *err) MUST_CHECK;
// All sessions must have been freed.
void sql_engine_close(struct sql_engine *engine);
// The clusterID of banners: a UUID text.
struct str sql_engine_cluster_id(const struct sql_engine *engine);
// True when sql_engine_open bootstrapped a new store.
bool sql_engine_is_new(const struct sql_engine *engine);
// "CockroachDB CCL v25.4.2 (x86_64-pc-linux-gnu, built …)": what version() returns, and the crdb_version parameter.
struct str sql_version_string(void);
// The error record of a failed kv call (enum kv_result), for the server's own transactions.
int sql_store_error(int kv_result, struct err *err);

// The virtual cluster has another name: sessions to come show it.
void sql_engine_rename(struct sql_engine *engine, const char *virtual_cluster_name);
// Whether work of the engine's own goes on: it should not be closed.
bool sql_engine_is_busy(struct sql_engine *engine);
// Values of sequences that the engine has reserved: writes them back before its keys are copied (`keep`), or forgets
// them because the keys were changed under it. Everything else it keeps is under a version in the store.
void sql_engine_forget_sequences(struct sql_engine *engine, bool keep);

// The longest gc.ttlseconds in use in a virtual cluster of the engine's store, in nanoseconds.
int sql_history_wanted(struct sql_engine *engine, struct kv_txn *txn, uint64_t cluster, int64_t *ns,
                       struct err *err) MUST_CHECK;

// ---- consistency

struct sql_check {
    void (*found)(struct sql_check *check, struct str line); // one thing that is wrong, as a line of text
    uint64_t findings, tables, rows, entries;                // results
};
// Checks the catalog, every row and every index entry at one snapshot. An error says that the check could not be done.
int sql_engine_check(struct sql_engine *engine, struct sql_check *check, struct err *err) MUST_CHECK;

// ---- users, for authentication before a session exists

struct sql_user {
    bool exists;
    bool can_login;
    bool is_admin;
    bool expired;        // VALID UNTIL passed
    struct str verifier; // "SCRAM-SHA-256$iterations:salt$stored:server" or empty: no password
};
int sql_lookup_user(struct sql_engine *engine, struct arena *a, struct str name, struct sql_user *out,
                    struct err *err) MUST_CHECK;
// Creates or alters a user with a password, for first start and demo: verifier as above. `admin` grants the admin role.
int sql_ensure_user(struct sql_engine *engine, struct str name, struct str verifier, bool admin,
                    struct err *err) MUST_CHECK;

// Values of cluster settings as they are now; of one that does not exist, empty.
int sql_engine_settings(struct sql_engine *engine, struct arena *a, const char *const *names, size_t n,
                        struct str *values, struct err *err) MUST_CHECK;

// ---- sessions

struct session_parameter {
    struct str name, value;
};
struct session_options {
    struct str user;     // authenticated
    struct str database; // empty: the user's name, as PostgreSQL does; need not exist
    struct str client_address;
    bool tls;
    struct str auth_method;     // "cert", "scram-sha-256", "trust" …, shown by SHOW SESSIONS
    struct str system_identity; // what proved itself; empty: the user
    // Startup parameters except user and database, `options` already split into them. Unknown names: 42704 unless
    // dotted.
    const struct session_parameter *parameters;
    size_t n_parameters;
    // There is something to take by session_take_notifications. Any thread, and must not wait for the session or call
    // into SQL; not called any more once session_free has returned. NULL: LISTEN is refused.
    void (*notified)(void *arg);
    void *notified_arg;
};
int session_new(struct sql_engine *engine, const struct session_options *options, struct session **out,
                struct err *err) MUST_CHECK;
// Rolls back what is open.
void session_free(struct session *s);
// (pid, secret) for BackendKeyData; pid is unique among the live sessions of the process and positive.
void session_backend_key(const struct session *s, int32_t *pid, int32_t *secret);
// CancelRequest: false when no such session. Any thread.
bool sql_engine_cancel(struct sql_engine *engine, int32_t pid, int32_t secret);
// The backend key of a session by the id that SHOW SESSIONS has, or by that of the statement it runs. False when there
// is none. Any thread.
bool sql_engine_find_session(struct sql_engine *engine, struct str id, int32_t *pid, int32_t *secret);
// Ended by CANCEL SESSION, or because its user was dropped: it refuses all statements (57P01). Any thread.
bool session_is_ended(const struct session *s);
// Calls back for every ParameterStatus to send at startup.
void session_visit_parameters(struct session *s, void (*visit)(void *arg, const char *name, struct str value),
                              void *arg);
// Warnings to send at startup: of defaults of the role or the database that could not be set.
void session_visit_warnings(struct session *s, void (*visit)(void *arg, const struct err *warning), void *arg);
// 'I' idle, 'T' in transaction, 'E' failed transaction: for ReadyForQuery.
char session_transaction_status(const struct session *s);
// What LISTEN has brought, in order: to be asked for before ReadyForQuery and when told so. Nothing inside of a
// transaction.
void session_take_notifications(struct session *s,
                                void (*visit)(void *arg, int32_t pid, struct str channel, struct str payload),
                                void *arg);
// How values are printed for this client (time zone, styles). Valid until the next call on the session.
const struct value_context *session_value_context(const struct session *s);
// When the session must be ended if it stays idle (monotonic ns), or 0; `*err` gets the FATAL error to send then.
int64_t session_idle_deadline(const struct session *s, struct err *err);
// Result buffer size (bytes) after which the wire may start sending: the results_buffer_size setting.
size_t session_results_buffer_bytes(const struct session *s);
size_t sql_engine_session_count(struct sql_engine *engine);
// What crdb_internal.statement_statistics and transaction_statistics have counted begins anew; since when they count
// (microseconds since the Unix epoch). Any thread.
void sql_engine_reset_activity(struct sql_engine *engine);
int64_t sql_engine_activity_since(struct sql_engine *engine);
// Puts these into the store, as closing does. The server calls it now and then, from one thread at a time.
void sql_engine_save(struct sql_engine *engine);
struct sql_counters {
    uint64_t sessions;             // now
    uint64_t statements, failures; // since the engine was opened, those of the server's own questions left out
};
void sql_engine_get_counters(struct sql_engine *engine, struct sql_counters *out); // any thread

// ---- results

struct result_column {
    struct str name;
    struct type type;
    uint32_t table_oid; // 0: not a table column
    int16_t attnum;
};

enum copy_format { COPY_FORMAT_TEXT, COPY_FORMAT_CSV, COPY_FORMAT_BINARY };

struct result_sink;
struct result_sink_ops {
    // Columns of the rows that follow (RowDescription); simple protocol only.
    void (*describe)(struct result_sink *sink, const struct result_column *columns, size_t n);
    // Rows to send. Nonzero when the client is gone or too slow (code in err): the statement stops.
    int (*rows)(struct result_sink *sink, const struct batch *batch, struct err *err);
    void (*complete)(struct result_sink *sink, struct str tag); // CommandComplete
    void (*empty)(struct result_sink *sink);                    // EmptyQueryResponse
    void (*suspended)(struct result_sink *sink);                // PortalSuspended
    void (*notice)(struct result_sink *sink, const struct err *notice);
    void (*parameter)(struct result_sink *sink, const char *name, struct str value); // ParameterStatus
    // COPY: start of CopyIn/CopyOut, data of CopyOut, end of CopyOut.
    void (*copy_begin)(struct result_sink *sink, bool in, enum copy_format format, size_t n_columns);
    int (*copy_data)(struct result_sink *sink, struct str bytes, struct err *err);
    void (*copy_done)(struct result_sink *sink);
    // Position in the unsent output, and return to it. rewind is false when bytes after the mark have left the server;
    // the sink then keeps everything.
    size_t (*mark)(struct result_sink *sink);
    bool (*rewind)(struct result_sink *sink, size_t mark);
};
struct result_sink {
    const struct result_sink_ops *ops;
};

// ---- simple protocol

// Runs all statements of the text; one implicit transaction unless it says otherwise. On error the rest is not run, the
// implicit transaction is rolled back (an explicit one fails) and the record is returned. When a statement is COPY FROM
// STDIN, returns 0 with session_in_copy() true; feed it, then session_copy_done goes on with the rest of the text.
int session_query(struct session *s, struct str text, struct result_sink *sink, struct err *err) MUST_CHECK;

bool session_in_copy(const struct session *s);
int session_copy_data(struct session *s, struct str bytes, struct result_sink *sink, struct err *err) MUST_CHECK;
int session_copy_done(struct session *s, struct result_sink *sink, struct err *err) MUST_CHECK;
// CopyFail from the client: always returns an error (57014 with the client's reason).
int session_copy_fail(struct session *s, struct str reason, struct result_sink *sink, struct err *err) MUST_CHECK;

// ---- extended protocol. After an error the caller skips messages until Sync.

struct statement_description {
    const uint32_t *parameter_oids;
    size_t n_parameters;
    const struct result_column *columns;
    size_t n_columns;
    bool returns_rows;      // false: NoData
    const int16_t *formats; // portals only: per column 0 text, 1 binary (expanded to n_columns)
};

// name empty: the unnamed statement. parameter_oids: 0 where the client leaves it open.
int session_parse(struct session *s, struct str name, struct str text, const uint32_t *parameter_oids,
                  size_t n_parameter_oids, struct result_sink *sink, struct err *err) MUST_CHECK;
// Descriptions are valid until the next call on the session.
int session_describe_statement(struct session *s, struct str name, struct statement_description *out,
                               struct err *err) MUST_CHECK;

struct bind_value {
    bool null;
    struct str bytes;
};
// formats: none (all text), one for all, or one each (0 text, 1 binary). Values are copied.
struct bind_arguments {
    struct str portal, statement;
    const int16_t *parameter_formats;
    size_t n_parameter_formats;
    const struct bind_value *values;
    size_t n_values;
    const int16_t *result_formats;
    size_t n_result_formats;
};
int session_bind(struct session *s, const struct bind_arguments *arguments, struct err *err) MUST_CHECK;
int session_describe_portal(struct session *s, struct str name, struct statement_description *out,
                            struct err *err) MUST_CHECK;
// max_rows 0: all. Ends with complete, suspended or empty on the sink.
int session_execute(struct session *s, struct str portal, int64_t max_rows, struct result_sink *sink,
                    struct err *err) MUST_CHECK;
// Closing what does not exist is not an error.
void session_close_statement(struct session *s, struct str name);
void session_close_portal(struct session *s, struct str name);
// Ends the implicit transaction: commits it, or rolls back after an error.
int session_sync(struct session *s, struct result_sink *sink, struct err *err) MUST_CHECK;
// The caller met an error of its own (malformed message): the implicit transaction will be rolled back at Sync, an
// explicit one fails now.
void session_protocol_error(struct session *s);

#endif
