// Private to src/sql/session.
#ifndef SQL_SESSION_SESSION_INT_H
#define SQL_SESSION_SESSION_INT_H

#include "base/budget.h"
#include "base/map.h"
#include "base/util.h"
#include "base/version.h"
#include "catalog/catalog.h"
#include "kv/kv.h"
#include "sql/analyze/analyze.h"
#include "sql/ddl/ddl.h"
#include "sql/execute/execute.h"
#include "sql/optimize/optimize.h"
#include "sql/parse/parse.h"
#include "sql/session/activity_int.h"
#include "sql/session/contention_int.h"
#include "sql/session/insights_int.h"
#include "sql/session/notify_int.h"
#include "sql/session/session.h"
#include "sql/virtual/virtual.h"
#include "types/datetime.h"
#include <pthread.h>
#include <stdatomic.h>

struct sql_engine {
    struct activity *activity;
    struct contention *contention;
    struct insights *insights;
    struct notify_hub *notify;
    struct index_usage *index_usage;
    struct kv *kv;
    struct catalog *catalog;
    struct jobs *jobs;
    struct schedules *schedules;
    char *external_io_dir; // of nodelocal files; empty: none
    struct budget budget;
    bool is_new, insecure;
    char *cluster_name;
    char *virtual_cluster_name; // guarded by mutex
    int32_t sql_port, http_port;
    char *host;
    const struct sql_cluster_hooks *clusters;
    const struct sql_meter *meter;
    pthread_mutex_t mutex; // guards the list of sessions and what other sessions read of a session
    struct session *sessions;
    size_t n_sessions;
    uint64_t last_query_ns; // under the mutex: statements are known by the time they began
    int (*check_setting)(struct str name, struct str value, struct err *err);
    void (*end_session)(void *arg, int32_t pid, int32_t secret);
    void *end_session_arg;
    void (*zones_changed)(void *arg);
    void *zones_changed_arg;
    void (*metrics)(void *arg, struct arena *a, struct sql_metric **out, size_t *n);
    void *metrics_arg;
    int64_t started_micros;
    _Atomic int64_t events_trimmed_ns; // monotonic; 0: not since the start
    const struct os *os;
    char *temp_dir;                   // NULL: operators do not spill
    pthread_mutex_t statistics_mutex; // guards table_counts
    struct table_counts *table_counts;
    struct table_changes *table_changes[64]; // by table id; statistics_mutex
    bool automatic_statistics;
    uint32_t batch_rows_max;
};

// ---- settings (settings.c): session variables

enum setting_kind {
    SETTING_BOOL,
    SETTING_INT,
    SETTING_STRING,
    SETTING_DURATION,
    SETTING_ENUM,
    SETTING_BYTES,
    SETTING_LIST,
    SETTING_READ_ONLY
};
enum setting_id {
#define SETTING(NAME, name, kind, default_text, values) SETTING_##NAME,
#include "sql/session/settings.def"
#undef SETTING
    SETTING_COUNT
};
struct setting_info {
    const char *name;
    enum setting_kind kind;
    const char *default_text;
    const char *values; // ENUM: "a|b|c"
};
extern const struct setting_info setting_infos[SETTING_COUNT];

struct saved_setting {
    struct saved_setting *next;
    int id;
    char *text;
};

// ---- statements

// A plan and everything it was made from. Used by prepared statements; one execution at a time.
struct cat_pin;
struct prepared_plan {
    unsigned refs;
    struct arena arena;
    struct statement_plan *plan;
    uint64_t catalog_version, settings_epoch;
    struct cat_pin *pin; // keeps the descriptors
};
struct prepared {
    struct arena arena; // text, tree, types
    struct str name, text;
    const struct ast *ast; // NULL: empty statement
    uint32_t *parameter_oids;
    struct type *parameter_types;
    size_t n_parameters;
    struct result_column *columns;
    size_t n_columns;
    bool returns_rows;
    struct prepared_plan *plan; // NULL: not planned, or not plannable
    unsigned refs;              // portals
    bool from_sql;              // PREPARE
    bool as_of;                 // AS OF SYSTEM TIME stands somewhere in it
    size_t charged_bytes;       // to the session's account
    int64_t created_micros;
    struct activity_entry *activity[2]; // in an explicit transaction, in an implicit one; valid at this epoch
    uint64_t activity_epoch;
};

enum portal_state { PORTAL_READY, PORTAL_RUNNING, PORTAL_DONE, PORTAL_FAILED };
struct portal {
    struct arena arena;
    struct str name;
    struct prepared *statement;
    struct datum *parameters;
    int16_t *formats;
    enum portal_state state;
    struct execution *execution; // while RUNNING
    uint64_t rows_sent;
    bool cursor; // DECLAREd
    bool hold;
    bool held_ready;
    struct row_buffer *held;            // WITH HOLD, or the snapshot has moved: all rows left
    struct prepared_plan *running_plan; // kept while execution uses it
    struct pl_plan *pl_plan;            // of a cursor that PL/pgSQL has opened: the same
};

// A running query: context and operators.
struct execution {
    struct arena arena;
    struct budget budget;
    struct exec_context x;
    struct statement_plan *plan;
    struct batch pending; // rows fetched and not yet sent
    uint32_t pending_at;
    int64_t *map; // output column -> position in the root plan's columns
    struct vec *out_cols;
    const int16_t *formats; // of a portal's results, one per output column; NULL: all text
    bool finished;
};

// ---- transactions

enum txn_state { TXN_NONE, TXN_IMPLICIT, TXN_EXPLICIT, TXN_ABORTED, TXN_COMMIT_WAIT };
// What is outside of the store and goes back with it: notifications, constraint triggers that wait.
struct session_mark {
    size_t notify;
    struct deferred_mark deferred;
};
struct savepoint {
    struct savepoint *next;
    char *name;
    unsigned kv;  // kv_savepoint number
    bool restart; // cockroach_restart semantics
    bool initial; // nothing was done before it in the transaction
    struct session_mark mark;
};

// What other sessions may see of one; published at the start and end of its statements, guarded by engine->mutex.
struct session_shown {
    char application_name[64], database[64];
    int64_t txn_micros; // 0: no transaction
    uint64_t txn;       // its number
    enum kv_isolation txn_isolation;
    uint64_t statements_in_txn, txns_executed;
    uint32_t restarts;
    char *last_query;
};

#define INTERNAL_AUTH_METHOD "internal" // of sessions that the server itself has

// A table that the transaction has changed.
struct changed_table {
    uint32_t table_id;
    uint64_t rows;
    bool due; // for statistics
};

// How a job that changes a table waits for those who write to it; see cat_view_set_lock_wait.
struct online_lock {
    int64_t wait_ns;
    bool optional;
};

struct session {
    struct virtual_session virtual_session; // first: exec_context.virtual_arg points at it
    struct sql_engine *engine;
    struct session *next, *prev;
    int32_t pid, secret;
    char session_id[40];
    struct str user, client_address, auth_method;
    struct str login_user; // `user` before SET ROLE
    bool tls;
    struct arena arena; // session lifetime
    struct budget budget;
    // Texts of their own, or those of setting_infos while they are the defaults: there are many sessions.
    const char *values[SETTING_COUNT];
    const char *login_values[SETTING_COUNT]; // what RESET goes back to
    uint64_t settings_epoch;                 // bumped by every change that a plan may depend on
    struct changed_table changed[16];
    uint32_t n_changed;
    uint64_t database_version, database_epoch; // of catalog and settings at which database_id was looked up
    uint32_t database_id;
    struct saved_setting *local_settings;
    struct map custom_settings; // dotted names -> char *
    struct value_context vc;
    struct str *search_path;
    size_t n_search_path;
    size_t work_memory_bytes; // distsql_workmem
    bool testing_optimizer;   // one of testing_optimizer_… is set
    uint64_t plans_made;      // … since
    int64_t started_micros;

    struct map prepared; // name -> struct prepared *
    struct map portals;  // name -> struct portal *

    enum txn_state txn_state;
    struct kv_txn *txn;
    struct cat_view *view;
    struct kv_observer observer;        // of its transactions: contention.c
    uint64_t observed_txn;              // number of the last one begun
    struct kv_conflict commit_conflict; // what its last commit met; key NULL: nothing
    struct buf commit_conflict_key;
    struct savepoint *savepoints; // innermost first
    int64_t txn_micros, statement_micros;
    uint64_t statements_in_txn; // run so far
    uint64_t rows_read_in_txn, rows_written_in_txn;
    size_t batch_statements; // of the text at work: several make one transaction; 0: not of the simple protocol
    bool in_ddl;             // what is analyzed is stored: it must mean the same in other sessions
    bool txn_read_only, txn_read_only_set;
    bool txn_failed_retryable; // aborted by 40001: ROLLBACK TO SAVEPOINT cockroach_restart is possible
    enum kv_isolation txn_isolation;
    struct session_mark statement_mark;
    unsigned statement_savepoint; // READ COMMITTED: undoes the running statement alone; 0: it cannot be run again so
    uint64_t txn_as_of;           // 0: reads at its own snapshot
    int txn_priority;
    uint32_t restarts;       // of this transaction, by the client
    uint64_t commit_version; // of the last committed transaction
    ARENA_VEC(struct err) login_warnings;
    struct online_lock online_lock;
    bool wrote_schema;

    struct copy_in *copy;
    size_t implicit_mark;           // sink position where the implicit extended transaction began
    struct portal *implicit_portal; // the only portal executed in it; NULL: none or several
    uint32_t implicit_executes;
    bool protocol_failed; // an error since the last Sync

    _Atomic bool cancel_requested;        // set by other threads; read by this one (relaxed: a flag polled)
    _Atomic bool terminate;               // the session is to end: no more statements
    _Atomic(struct kv_txn *) waiting_txn; // guarded by engine->mutex for writing
    int64_t statement_deadline_ns, txn_deadline_ns, idle_since_ns;
    struct kv_meter meter;      // of the call in progress, when the engine has one
    int64_t metered_from_ns;    // when the call began; 0: it costs nothing
    uint64_t written_bytes_max; // by the call, so far as the cluster's storage allows; UINT64_MAX: no matter
    struct session_functions functions;
    struct rng rng;
    struct session_notify *notify;
    void (*notified)(void *arg); // NULL: LISTEN is refused
    void *notified_arg;
    struct result_sink *sink; // of the call in progress
    bool has_sequence_value;
    int64_t last_sequence_value;
    struct map sequence_values; // u32 -> boxed int64
    bool touched_jobs;          // this transaction has written job records
    struct job *job;            // that this session works for; NULL: a client's
    int (*job_interrupted)(void *job, struct err *err);
    char temp_schema[48];
    bool has_temp_schema;            // an object was made in it, perhaps undone since
    struct deferred_checks deferred; // of this transaction
    struct map routines;             // u32 -> struct routine_plans *
    struct map plpgsql_routines;     // ids of function and table -> struct pl_routine *
    struct pl_frame *plpgsql_frame;  // of the innermost call; NULL: none
    uint32_t unnamed_cursors;        // that it has opened
    uint64_t plpgsql_serial;         // of the plans of PL/pgSQL
    uint64_t schema_serial;          // counts what the session does to schemas
    bool may_end_txn;                // the statement at work is CALL or DO, which may commit
    bool ended_txn;                  // it has: it cannot be run again
    uint32_t routine_depth;
    struct session_shown shown;
    uint64_t txns_executed;
    bool touched_roles;    // this transaction has changed or dropped roles
    bool touched_insights; // … what counts as an insight
    char *current_query;   // guarded by engine->mutex: shown by other sessions
    char query_id[40];     // of that statement
    int64_t query_started_micros;
    uint64_t last_parse_ns, last_plan_ns, last_exec_ns, last_service_ns;
    struct arena describe; // of the last describe call
    struct session_activity activity;
};

// settings.c
void settings_init(struct session *s);
void setting_store(struct session *s, int id, struct str text); // as it is, without effects
void settings_keep_login(struct session *s);                    // what is there now is what RESET goes back to
void settings_release(struct session *s);
int setting_find(struct str name); // -1: unknown
const char *setting_text(struct session *s, int id);
bool setting_bool(const struct session *s, int id);
int64_t setting_int(const struct session *s, int id);
bool session_dialect_is_postgresql(const struct session *s);
struct parse_options session_parse_options(const struct session *s); // of what the client sends
int setting_set(struct session *s, struct str name, struct str value, bool local, struct err *err) MUST_CHECK;
int setting_reset(struct session *s, struct str name, struct err *err) MUST_CHECK;
// What ALTER ROLE and ALTER DATABASE … SET or RESET would make a default: 42704 and 55P02 for the names, and the errors
// of SET for the value, which is tried on this session and put back. `out` is what is to be stored.
int setting_check_default(struct session *s, struct arena *a, const struct ast *set, const struct ast *reset,
                          struct ddl_setting *out, struct err *err) MUST_CHECK;
void settings_reset_all(struct session *s);
void settings_end_txn(struct session *s); // undoes SET LOCAL
int setting_get(struct session *s, struct arena *a, struct str name, struct str *out, struct err *err) MUST_CHECK;
int run_set(struct session *s, const struct ast *statement, struct arena *a, struct err *err) MUST_CHECK;
void notify_parameter(struct session *s, int id);

// transfer.c
int session_serialize(struct session *s, struct arena *a, struct str *out, struct err *err) MUST_CHECK;
int session_deserialize(struct session *s, struct str in, struct err *err) MUST_CHECK;

// txn.c
int session_begin(struct session *s, enum txn_state state, struct err *err) MUST_CHECK; // from TXN_NONE
int session_commit(struct session *s, struct err *err) MUST_CHECK;
void session_rollback(struct session *s);
// A statement failed: an explicit transaction becomes ABORTED, an implicit one is rolled back by the caller.
void txn_fail(struct session *s, int code);
int txn_run(struct session *s, const struct ast *statement, struct str *tag, struct arena *a,
            struct err *err) MUST_CHECK;
// 25P02 and 25000 for statements that the state does not allow.
int txn_check_state(struct session *s, const struct ast *statement, struct err *err) MUST_CHECK;
// Before a statement of any kind but transaction control and FETCH: the first one, and under READ COMMITTED every one,
// reads at a new snapshot.
int txn_statement_begin(struct session *s, struct err *err) MUST_CHECK;
// The whole transaction starts again at a new snapshot, keeping its locks.
int txn_restart(struct session *s, struct err *err) MUST_CHECK;
// A procedure ends the transaction and begins another. 2D000 where it may not.
int txn_end_in_procedure(struct session *s, bool commit, struct err *err) MUST_CHECK;
void txn_may_end(struct session *s); // before a statement that may do so
// Whether the statement that failed can run again in its explicit transaction; txn_retry takes back what it did.
bool txn_can_retry(const struct session *s, int code);
int txn_retry(struct session *s, struct err *err) MUST_CHECK; // the statement begins anew then
int txn_set_read_only(struct session *s, bool read_only, struct err *err) MUST_CHECK;
// The level or priority has changed before anything was done: another kv transaction.
int txn_reopen(struct session *s, struct err *err) MUST_CHECK;
const char *txn_status_text(const struct session *s);
// The open transaction, in which nothing was done yet, reads at this version from now on.
int txn_read_at(struct session *s, uint64_t version, struct err *err) MUST_CHECK;
// as_of.c: a constant expression to a version.
int as_of_version(struct session *s, const struct ast *e, struct arena *a, uint64_t *out, struct err *err) MUST_CHECK;

// statement.c
struct statement_input {
    const struct ast *ast;
    struct str text;
    const struct datum *parameters;
    struct prepared *prepared; // NULL: simple protocol
};
// The types of `parameters`.
const uint32_t *bound_oids(const struct statement_input *in, struct arena *a, size_t *n);
// Runs one statement of any kind but transaction control, sending its rows; the tag is in `tag_arena`.
int run_statement(struct session *s, const struct statement_input *in, bool describe, struct arena *tag_arena,
                  struct str *tag, struct err *err) MUST_CHECK;
// SELECT of the procedure that CALL names, without arguments in the places of parameters that are output only. The
// options say then which call it is. *procedure: what is known of it by name, or NULL.
int call_as_query(struct session *s, struct arena *a, const struct ast *statement, struct analyze_options *o,
                  const struct cat_function **procedure, const struct ast **out, struct err *err) MUST_CHECK;
// What comes before a query is planned or a portal starts: an injected retry error, the snapshot of AS OF SYSTEM TIME.
int query_begin(struct session *s, const struct statement_input *in, struct arena *a, struct err *err) MUST_CHECK;
// SELECT expression, without FROM or a subquery: the expression alone; else NULL.
const struct expr *query_scalar(const struct query *q);
int plan_statement(struct session *s, struct arena *a, const struct ast *ast, const uint32_t *oids, size_t n_oids,
                   struct statement_plan **out, struct err *err) MUST_CHECK;
void analyze_options_init(struct session *s, struct analyze_options *o, struct eval_context *fold, struct arena *a);
// Names are those of this database: of what is stored with its objects.
int analyze_options_in_database(struct session *s, struct analyze_options *o, uint32_t database_id,
                                struct err *err) MUST_CHECK;
void eval_context_init(struct session *s, struct eval_context *ec, struct arena *a);
struct result_column *plan_columns(struct arena *a, const struct statement_plan *sp, size_t *n);
int execution_start(struct session *s, struct statement_plan *plan, const struct datum *parameters,
                    struct execution **out, struct err *err) MUST_CHECK;
// The same for an INSERT plan over some of the rows of a COPY, after the last of which AFTER triggers fire.
struct copy_piece {
    struct batch rows;
    struct trigger_queue *triggers;
    bool last;
};
int execution_start_copy(struct session *s, struct statement_plan *plan, struct copy_piece *piece,
                         struct execution **out, struct err *err) MUST_CHECK;
// Sends up to max_rows (0: all); *done when the query is exhausted.
int execution_send(struct session *s, struct execution *e, uint64_t max_rows, uint64_t *sent, bool *done,
                   struct err *err) MUST_CHECK;
void execution_free(struct execution *e);
void exec_context_init(struct session *s, struct exec_context *x, struct arena *a, struct budget *budget);
int statement_source(void *arg, struct arena *a, const struct ast *statement, const struct ast **query,
                     struct err *err);
int session_interrupted(void *arg, struct err *err);
struct str statement_tag(struct arena *a, const struct ast *ast, uint64_t rows);
void send_notice(struct session *s, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
void send_notice_record(void *session, const struct err *notice);
void statement_clock_start(struct session *s);
// Of a setting, which is in milliseconds and may be as large as an INT8.
int64_t timeout_ns(int64_t ms);
int64_t deadline_after(int64_t timeout_ms); // on the monotonic clock; 0: none
int check_statement_privileges(struct session *s, const struct query *q, struct err *err) MUST_CHECK;
// What disallow_full_table_scans refuses, of a statement that a client has sent.
int check_full_scans(struct session *s, const struct statement_plan *plan, struct err *err) MUST_CHECK;
int64_t session_lock_timeout(const struct session *s); // in nanoseconds, 0: none
// lock_table.c
int run_lock_table(struct session *s, const struct ast *ast, struct arena *a, struct err *err) MUST_CHECK;
// statement.c
int lock_written_tables(struct session *s, const struct query *q, bool *moved, struct err *err) MUST_CHECK;
// Statistics, and what tests switch off.
void optimize_options_init(struct session *s, struct optimize_options *o);
// In the middle of a statement a table's counter lacks the rows that the statement has written so far.
void optimize_options_for_routine(struct optimize_options *o);
// auto_statistics.c
#define AUTO_STATISTICS_TYPE "AUTO CREATE STATS"
void auto_statistics_release(struct sql_engine *e);
void session_rows_changed(void *session, const struct cat_table *t, uint64_t rows);

// ---- how often indexes are read (index_usage.c); called from any thread

struct index_usage *index_usage_new(void);
void index_usage_free(struct index_usage *u); // NULL allowed
void index_usage_reset(struct index_usage *u);
// A statement of the session begins to read the index.
void session_index_read(void *session, const struct cat_table *t, const struct cat_index *index);
// *last_micros 0: never.
void index_usage_get(struct index_usage *u, uint32_t table_id, uint32_t index_id, uint64_t *reads,
                     int64_t *last_micros);
// Before the commit: counts what the transaction has changed. After it: starts what that makes due.
void auto_statistics_count(struct session *s);
void auto_statistics_start(struct session *s, bool committed);
// statistics.c
void statistics_release(struct sql_engine *e);
double session_distinct_count(void *session, const struct cat_table *t, uint32_t column_id);
double session_null_fraction(void *session, const struct cat_table *t, uint32_t column_id);
double session_range_fraction(void *session, const struct cat_table *t, uint32_t column_id,
                              const struct histogram_range *r);
// What CREATE STATISTICS without columns would store; t's rows are read in the session's transaction.
struct collected_statistics {
    struct cat_statistic *list;
    size_t n;
};
int statistics_collect(struct session *s, struct arena *a, const struct cat_table *t, struct str name,
                       struct collected_statistics *out, struct err *err) MUST_CHECK;
int run_create_statistics(struct session *s, const struct ast *ast, struct arena *a, struct err *err) MUST_CHECK;
int run_analyze(struct session *s, const struct ast *ast, struct arena *a, struct err *err) MUST_CHECK;
double session_row_count(void *session, const struct cat_table *t);

// constraints.c: SET CONSTRAINTS, and what it leaves for the end of the transaction
int run_set_constraints(struct session *s, const struct ast *ast, struct arena *a, struct err *err) MUST_CHECK;
// All that waits is checked now.
int constraints_before_commit(struct session *s, struct err *err) MUST_CHECK;
int constraints_before_ddl(struct session *s, struct err *err) MUST_CHECK; // 55006 when a check that waits fails

// check.c
struct check_sink;
int check_one_table(struct session *s, const struct cat_table *t, struct check_sink *sink, struct err *err) MUST_CHECK;
int check_database(struct session *s, uint32_t database_id, struct check_sink *sink, struct err *err) MUST_CHECK;
// A session of root, in a transaction that reads as of now.
int check_session_open(struct sql_engine *engine, struct session **out, struct err *err) MUST_CHECK;

// session.c
void session_call_begin(struct session *s, struct result_sink *sink);
void session_call_end(struct session *s);
void session_backoff(uint32_t attempt);                      // before an attempt with this number, from 0
void session_show_query(struct session *s, struct str text); // ptr NULL: none running
void session_show_statement(struct session *s, const struct ast *ast, struct str text);
int session_final_error(struct session *s, int rc, struct err *err);

// introspect.c
extern const struct virtual_session_ops session_virtual_ops;
const char *setting_name(struct arena *a, int id); // as SQL shows it, in lower case
void session_publish(struct session *s);           // with engine->mutex held
// Of the current user, in the transaction under way.
int session_has(struct session *s, uint32_t any, bool *out, struct err *err) MUST_CHECK; // bits of cat_system_privilege
int session_is_admin(struct session *s, bool *out, struct err *err) MUST_CHECK;

// prepared.c, portal.c
struct prepared *prepared_find(struct session *s, struct str name);
int prepared_make(struct session *s, struct str name, struct str text, const struct ast *ast, const uint32_t *oids,
                  size_t n_oids, struct prepared **out, struct err *err) MUST_CHECK;
void prepared_drop(struct session *s, struct prepared *p);
void prepared_drop_all(struct session *s);
// User-defined parameter types as they are now: labels may have come since the statement was prepared.
int prepared_types_now(struct session *s, struct prepared *p, struct err *err) MUST_CHECK;
int prepared_plan_now(struct session *s, struct prepared *p, struct statement_plan **out, struct err *err) MUST_CHECK;
// With the tables locked that it writes to.
int prepared_plan_locked(struct session *s, struct prepared *p, struct statement_plan **out,
                         struct err *err) MUST_CHECK;
void prepared_plan_free_in(struct sql_engine *e, struct prepared_plan *pp); // gives one reference back
void prepared_release(struct session *s, struct prepared *p);
struct row_buffer;
void row_buffer_release(struct row_buffer *b);
int row_buffer_fill(struct session *s, struct portal *p, struct err *err) MUST_CHECK;
int row_buffer_send(struct session *s, struct portal *p, uint64_t count, uint64_t *sent, bool *done,
                    struct err *err) MUST_CHECK;
void portal_free(struct session *s, struct portal *p);
void portals_end_txn(struct session *s, bool committed);
// The snapshot is about to move: what running portals have not yet sent is fetched now.
int portals_detach(struct session *s, struct err *err) MUST_CHECK;
int run_prepare(struct session *s, const struct ast *ast, struct err *err) MUST_CHECK;
int run_execute(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct str *tag,
                struct err *err) MUST_CHECK;
int run_deallocate(struct session *s, const struct ast *ast, struct err *err) MUST_CHECK;
int run_declare(struct session *s, const struct statement_input *in, struct arena *a, struct err *err) MUST_CHECK;
int run_fetch(struct session *s, const struct ast *ast, bool describe, struct arena *a, struct str *tag,
              struct err *err) MUST_CHECK;
// FETCH or MOVE; *n: the rows it passed.
int cursor_fetch(struct session *s, const struct ast_fetch *f, bool describe, uint64_t *n, struct err *err) MUST_CHECK;
// A cursor over a plan, one use of which it takes over. Its parameters are to be set before it starts; a failure frees
// it.
struct portal *portal_for_plan(struct session *s, struct str name, const struct ast *ast, struct pl_plan *plan);
int portal_start_plan(struct session *s, struct portal *p, struct err *err) MUST_CHECK;
int run_close_cursor(struct session *s, const struct ast *ast, struct err *err) MUST_CHECK;
int fetch_columns(struct session *s, const struct ast *ast, const struct result_column **columns, size_t *n,
                  struct err *err) MUST_CHECK;

// show.c: SHOW as a small result set
struct show_result {
    struct arena *arena;
    const char *const *names;
    const struct type *types;
    size_t n_columns;
    ARENA_VEC(struct datum *) rows;
};
int show_run(struct session *s, struct arena *a, const struct ast *show, struct show_result *out,
             struct err *err) MUST_CHECK;
int show_send(struct session *s, const struct show_result *r, bool describe, struct err *err) MUST_CHECK;
const struct ast *show_as_query(struct arena *a, const struct show_result *r);

// metering.c
void metering_begin(struct session *s); // of a call that may cost something
void metering_end(struct session *s);   // of any call
// Waits or refuses as the cluster's limits say.
int metering_admit(struct session *s, bool adds_data, struct err *err) MUST_CHECK;
int metering_full(struct session *s, struct err *err); // 53100: the call has written more than there is room for

// virtual_clusters.c
bool is_cluster_statement(const struct ast *ast);
int run_cluster_statement(struct session *s, const struct ast *ast, struct arena *a, struct err *err) MUST_CHECK;
// 42501 outside of the system cluster, and without the system privilege MANAGEVIRTUALCLUSTER.
int cluster_check_access(struct session *s, const char *verb, struct err *err) MUST_CHECK;
int cluster_name_of(const struct ast *name, struct sql_cluster_name *out, struct err *err) MUST_CHECK;

// copy.c
int copy_start(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, bool *in_progress,
               struct err *err) MUST_CHECK;
void copy_abort(struct session *s);
void copy_by_execute(struct session *s);
void copy_set_rest(struct session *s, struct str text); // statements to run after the data

struct str session_temp_schema(const struct session *s); // empty: nothing temporary was made
int session_drop_temporary(struct session *s, struct err *err) MUST_CHECK;
void session_end_temporary(struct session *s);

// cancel.c
struct query_values {
    struct type type;
    ARENA_VEC(struct datum) items; // without NULLs
};
// What a query with one column gives.
int query_values(struct session *s, struct arena *a, const struct ast *query, struct query_values *out,
                 struct err *err) MUST_CHECK;
int run_cancel(struct session *s, const struct ast *ast, struct arena *a, struct str *tag, struct err *err) MUST_CHECK;

// engine.c: other sessions, by the id of the session or of its running statement
bool engine_find(struct sql_engine *e, enum ast_controlled what, struct str id, struct arena *a, struct str *user);
// The session with this number: its id and login user, in `a`.
bool engine_session_of(struct sql_engine *e, int64_t pid, struct arena *a, struct str *id, struct str *user);
void engine_interrupt(struct sql_engine *e, int64_t pid); // its running statement
// pg_cancel_backend(), pg_terminate_backend(); *found: there is such a session.
int session_signal(struct session *s, int64_t pid, bool end, bool *found, struct err *err) MUST_CHECK;
bool engine_cancel(struct sql_engine *e, enum ast_controlled what, struct str id); // false: it is gone
// Removes events older than server.eventlog.ttl, at most once an hour.
void engine_trim_events(struct sql_engine *e);
// Ends the sessions of users that are no more or may not log in any more.
void engine_end_revoked(struct sql_engine *e);
struct session_mark session_mark(struct session *s);
void session_rewind(struct session *s, struct session_mark mark);
int session_check_ended(const struct session *s, struct err *err) MUST_CHECK; // 57P01

// routine.c: user-defined functions
int session_call_routine(struct session *s, struct eval_context *ec, const struct cat_function *f,
                         const struct datum *args, struct fn_emit *emit, uint64_t max_rows, struct err *err) MUST_CHECK;
// What the analysis of a body has beside the session's own: parameters by number and name.
void routine_options(struct arena *a, const struct cat_function *f, struct analyze_options *o);
void routines_release(struct session *s);
enum { ROUTINE_DEPTH_MAX = 64, TRIGGER_DEPTH_MAX = 64 };

// plpgsql_routine.c: those in PL/pgSQL
int plpgsql_call(struct session *s, struct eval_context *ec, const struct cat_function *fn, const struct datum *args,
                 struct fn_emit *emit, uint64_t max_rows, struct err *err) MUST_CHECK;
int run_do(struct session *s, const struct ast *ast, struct err *err) MUST_CHECK;
void plpgsql_release(struct session *s);
// How the text of a function is read: as the session reads it that makes the function, a set of cat_reading.
uint8_t session_reading(const struct session *s);
struct parse_options routine_reading(const struct cat_function *f);
struct pl_function;
int plpgsql_parse(struct arena *a, const struct cat_function *f, struct pl_function *out, struct err *err) MUST_CHECK;

// Hidden columns of the result of a BEFORE ROW trigger are as they were given.
int session_call_trigger(struct session *s, struct eval_context *ec, const struct cat_function *fn,
                         struct trigger_call *call, struct err *err) MUST_CHECK;

// services.c: what DDL needs of analyzer and executor
struct ddl_services *ddl_services_new(struct session *s, struct arena *a);
int session_trigger_condition(void *session, struct arena *a, const struct cat_table *t, const struct cat_trigger *g,
                              struct expr **out, struct err *err) MUST_CHECK;
int session_computed_expr(void *session, struct arena *a, const struct cat_table *t, const struct cat_column *c,
                          struct expr **out, struct err *err) MUST_CHECK;
int session_table_exprs(void *session, struct arena *a, const struct cat_table *t, const struct table_exprs **out,
                        struct err *err);

#endif
