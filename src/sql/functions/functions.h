// Built-in functions, operators, casts, aggregates and window functions: tables of overloads and the code behind them.
//
// One overload is one row of a .def table: name, argument types, result type, volatility, NULL rule, implementation,
// one-line description. Operators are overloads whose name is the operator ("+", "<=", "||", "->"). The analyzer
// resolves calls to a `const struct fn_overload *`; the executor calls its implementation. All overloads are static and
// immutable.
#ifndef SQL_FUNCTIONS_FUNCTIONS_H
#define SQL_FUNCTIONS_FUNCTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/util.h"
#include "types/collation.h"

struct cat_view; // catalog/catalog.h
struct cat_function;
struct fn_emit;
struct kv_txn;

struct fn_overload;

// The call being evaluated: what overloads with ANY, array or tuple arguments need to know of their call site. Whoever
// calls a scalar, vector, set or aggregate implementation points eval_context.call at it first (it may stay pointed at
// one expression's call for a whole batch).
struct fn_call {
    const struct fn_overload *fn;
    const struct type *arg_types; // as resolved: ANY and array-of-ANY are replaced by real types
    uint8_t n_args;               // variadic arguments counted each
    struct type result;           // as resolved
};

// What a function may know about its surroundings. One per statement execution.
struct eval_context {
    const struct fn_call *call;     // set before every call of an implementation
    struct arena *arena;            // results live here: the current batch; the executor resets it
    const struct value_context *vc; // time zone and styles of the session
    int64_t txn_micros;             // now(): Unix microseconds, fixed for the transaction
    int64_t statement_micros;
    struct cat_view *catalog; // NULL when constant folding
    struct kv_txn *txn;       // NULL when constant folding
    uint32_t database_id;
    struct str database, user, session_user, application_name;
    const struct str *search_path; // schema names in effect, with "$user" as written
    size_t n_search_path;
    struct str temp_schema;            // as in struct cat_name_scope
    bool postgresql;                   // the dialect
    struct session_functions *session; // what only a session can do; NULL when constant folding
    struct rng *rng;
};

// Rows of a transition table, each of all columns.
struct trigger_rows {
    ARENA_VEC(const struct datum *) rows;
};
// One firing of a trigger. Rows have all columns of the table, in the order of table->columns: hidden and computed
// ones, and those that a job is making. Computed columns of a row that BEFORE triggers see are those of the row as the
// statement has made it; they are computed again afterwards.
struct trigger_call {
    const struct cat_table *table;
    const struct cat_trigger *trigger;
    char event; // 'I', 'U', 'D', 'T'
    bool before, per_row;
    const struct datum *old_row, *new_row; // NULL: the event has none
    // What REFERENCING names; else NULL. Queries of the function read them where analyze_options.trigger says so.
    const struct trigger_rows *old_table, *new_table;
    // Of BEFORE ROW: the row to be written, in the arena of the eval_context; or skip, when NULL was returned.
    struct datum *result;
    bool skip;
};

// Upcalls of functions into the session (settings, sequences' session state, sleep, cancel, forced errors).
struct session_functions {
    int (*setting_get)(struct session_functions *sf, struct arena *a, struct str name, bool missing_ok,
                       struct datum *out, struct err *err);
    int (*setting_set)(struct session_functions *sf, struct str name, struct str value, bool local, struct err *err);
    int (*sleep)(struct session_functions *sf, int64_t micros, struct err *err); // interruptible
    int (*force_retry)(struct session_functions *sf, struct interval age, struct err *err);
    void (*sequence_value_set)(struct session_functions *sf, uint32_t sequence_id, int64_t value);
    bool (*sequence_value_get)(struct session_functions *sf, uint32_t sequence_id, int64_t *value);
    bool (*sequence_value_last)(struct session_functions *sf, int64_t *value);
    // Interrupts the statement of the session with this number, or ends the session; *found: there is one.
    int (*signal_backend)(struct session_functions *sf, int64_t pid, bool end, bool *found, struct err *err);
    void (*notice)(struct session_functions *sf, const struct err *notice);
    void (*reset_statistics)(struct session_functions *sf); // of statements
    void (*reset_index_usage)(struct session_functions *sf);
    // Runs a user-defined function: every row of its last statement to `emit`, at most max_rows (0: all).
    int (*call_routine)(struct session_functions *sf, struct eval_context *ec, const struct cat_function *routine,
                        const struct datum *args, struct fn_emit *emit, uint64_t max_rows, struct err *err);
    // The default (ptr NULL) or a value of a cluster setting: as it is stored, as it is shown.
    int (*cluster_setting)(struct session_functions *sf, struct arena *a, struct str name, struct str value,
                           struct str *out, struct err *err);
    // The rows of SHOW CREATE ALL for a database: "tables", "schemas", "types", "routines", "triggers".
    int (*show_create_all)(struct session_functions *sf, struct arena *a, struct str objects, struct str database,
                           struct fn_emit *emit, struct err *err);
    // Calls a trigger's function.
    int (*fire_trigger)(struct session_functions *sf, struct eval_context *ec, const struct cat_function *f,
                        struct trigger_call *call, struct err *err);
    // Its variables as bytes, and a session's bytes into this one.
    int (*serialize)(struct session_functions *sf, struct arena *a, struct str *out, struct err *err);
    int (*deserialize)(struct session_functions *sf, struct str bytes, struct err *err);
    int (*notify)(struct session_functions *sf, struct str channel, struct str payload, struct err *err);
    size_t (*listening)(struct session_functions *sf, struct arena *a, struct str **channels);
    double (*notify_queue_usage)(struct session_functions *sf);
    int32_t backend_pid;
    uint32_t trigger_depth;             // triggers being called, one within the other
    const struct trigger_call *trigger; // the innermost
    struct str session_id;
    struct str client_address;
    struct str cluster_id;
};

enum { FOLLOWER_READ_MICROS = 4200000 }; // how far behind now follower_read_timestamp() is

enum fn_kind { FN_SCALAR, FN_AGGREGATE, FN_WINDOW, FN_SET_RETURNING };
enum fn_volatility { FN_IMMUTABLE, FN_STABLE, FN_VOLATILE, FN_LEAKPROOF };

// One row. Not called when strict and an argument is NULL.
typedef int (*fn_scalar)(struct eval_context *ec, const struct datum *args, int n_args, struct datum *out,
                         struct err *err);
// Whole vectors: rows sel[0..n) (or 0..n). `out` is initialized by the caller for `rows` values with a zeroed null
// array; for strict overloads the caller has already merged argument NULLs into out->nulls and the kernel may compute
// garbage for those rows but must not fail on them.
typedef int (*fn_vector)(struct eval_context *ec, const struct vec *const *args, int n_args, struct vec *out,
                         const uint16_t *sel, uint32_t n, struct err *err);

// Aggregates and window aggregates. State is `state_bytes` of zeroed memory per group, in the group arena.
struct fn_aggregate {
    size_t state_bytes;
    // Rows of a batch, each to the state of its group: states[k] for the k-th live row. `arena` outlives the groups.
    int (*accumulate)(struct eval_context *ec, struct arena *arena, void *const *states, const struct vec *const *args,
                      int n_args, const uint16_t *sel, uint32_t n, struct err *err);
    int (*result)(struct eval_context *ec, const struct fn_overload *fn, const void *state, struct datum *out,
                  struct err *err);
    // Serializes and merges partial states (spill); NULL: the executor must not spill this aggregate's state.
    void (*save)(const void *state, struct buf *out);
    int (*load)(struct arena *arena, void *state, struct str saved, struct err *err); // merges into `state`
    // Takes rows out of states that have them, as accumulate put them in; NULL: that cannot be done exactly.
    int (*remove)(struct eval_context *ec, struct arena *arena, void *const *states, const struct vec *const *args,
                  int n_args, const uint16_t *sel, uint32_t n, struct err *err);
};

// Set-returning: called once per input row, appends result rows as `n_columns` vectors through `emit`.
struct fn_emit {
    int (*row)(struct fn_emit *emit, const struct datum *columns, struct err *err);
};
typedef int (*fn_set)(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err);

struct fn_column {
    const char *name;
    struct type type;
};

enum { FN_ARGS_MAX = 8 }; // of built-in functions

// Parameter types match by family: any INT or FLOAT width, any string-like, any reg* for OID. Three kinds match more:
//   TYPE_ANY             T_ANYELEMENT: any type, the same for all T_ANYELEMENT arguments of the call
//   array of TYPE_ANY    an array of that type
//   fn_type_is_every     any type, each argument its own (concat, format, json_build_array); PostgreSQL's "any"
enum { TYPE_OID_ANY = 2276, TYPE_OID_INTERNAL = 2281, TYPE_OID_ANYENUM = 3500 };
static inline bool fn_type_is_every(struct type t)
{
    return t.family == TYPE_ANY && t.oid == TYPE_OID_ANY;
}

// ENUM in a signature is any enumerated type, the same for all ENUM arguments of the call; so are strings of a
// collation.
static inline bool type_is_any_kind(struct type t)
{
    if (type_is_any_collated(t))
        return true;
    return (t.family == TYPE_ENUM || (t.family == TYPE_ARRAY && t.element == TYPE_ENUM)) && t.def == NULL;
}

struct fn_overload {
    const char *name;
    uint32_t oid; // pg_proc.oid; operators' functions too
    enum fn_kind kind;
    enum fn_volatility volatility;
    bool strict; // NULL in, NULL out
    bool is_operator;
    bool variadic;  // the last argument type repeats, zero or more times
    uint8_t n_args; // counting a variadic one once
    const struct type *args;
    // T_ANYELEMENT: the type the ANY arguments were resolved to; array of ANY (element TYPE_ANY): array of that.
    struct type result;
    const struct cat_function *routine; // a user-defined function; NULL: built in
    fn_scalar scalar;                   // FN_SCALAR has scalar or vector or both
    fn_vector vector;
    const struct fn_aggregate *aggregate;
    fn_set set;
    const struct fn_column *columns; // set-returning with several columns; NULL: one column named like the function
    uint8_t n_columns;
    const char *category;
    const char *description;
};

// All overloads of a name (lower case, without schema), NULL and *n = 0 when unknown.
const struct fn_overload *const *fn_lookup(struct str name, size_t *n);
// Same for an operator symbol ("=", "<>" or "!=", "LIKE", "NOT SIMILAR TO"); unary operators have n_args 1.
const struct fn_overload *const *fn_lookup_operator(struct str symbol, size_t *n);
// The names of a built-in function's parameters, as parameters.def has them; NULL when they have none.
const char *fn_parameters(struct str function);
// Every overload, operators included, for pg_proc, pg_operator and SHOW FUNCTIONS.
const struct fn_overload *const *fn_all(size_t *n);

// Window functions proper (row_number, lag …) see the whole partition.
struct fn_window_frame; // execute/window
// Overloads of kind FN_WINDOW are implemented by the executor by name; the table gives their types only.

// The bodies of overloads of user-defined functions (analyze/call.c makes them).
int fn_routine_scalar(struct eval_context *ec, const struct datum *args, int n_args, struct datum *out,
                      struct err *err);
int fn_routine_set(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                   struct err *err);

// Transition tables, as overloads that the analyzer makes for them.
int fn_transition_old(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err);
int fn_transition_new(struct eval_context *ec, const struct datum *args, int n_args, struct fn_emit *emit,
                      struct err *err);

// ---- casts

enum cast_context { CAST_NONE, CAST_EXPLICIT, CAST_ASSIGNMENT, CAST_IMPLICIT }; // each includes the ones before it
// How a value of `from` may become `to`; CAST_IMPLICIT when the types are equivalent.
enum cast_context cast_allowed(struct type from, struct type to);
enum fn_volatility cast_volatility(struct type from, struct type to);
// Converts one non-NULL value, including modifiers (VARCHAR(3), DECIMAL(10,2)). `explicit_cast` truncates over-length
// strings; assignment refuses them (22001). Knows the catalog for reg* types.
int cast_datum(struct eval_context *ec, struct type from, struct type to, bool explicit_cast, struct datum in,
               struct datum *out, struct err *err) MUST_CHECK;

// Text of a reg* value (REGCLASS, REGTYPE …): the object's name as ::STRING gives it, or the number when there is no
// such object or no catalog in the context. Results of these types are sent to clients like this in text format.
int fn_reg_print(struct eval_context *ec, struct type t, int64_t oid, struct buf *out, struct err *err) MUST_CHECK;

#endif
