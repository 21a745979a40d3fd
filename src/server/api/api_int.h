// Private to src/server/api.
#ifndef SERVER_API_API_INT_H
#define SERVER_API_API_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/util.h"
#include "server/api/api.h"
#include "server/clusters.h"
#include "sql/session/session.h"
#include "types/json.h"

// ---- writing JSON (json.c): to a buffer as it comes, commas by themselves

enum { JW_DEPTH_MAX = 16 };
struct jw {
    struct buf *out;
    unsigned depth;
    bool comma[JW_DEPTH_MAX + 1]; // a value has been written at this depth
    bool after_key;
    char closer[JW_DEPTH_MAX + 1];
};
void jw_object(struct jw *w); // begins one
void jw_array(struct jw *w);
void jw_end(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_key_str(struct jw *w, struct str key);
void jw_null(struct jw *w);
void jw_bool(struct jw *w, bool v);
void jw_i64(struct jw *w, int64_t v);
void jw_double(struct jw *w, double v);
void jw_str(struct jw *w, struct str v); // ptr NULL: null
void jw_raw(struct jw *w, struct str json);
void jw_time(struct jw *w, int64_t micros); // 0: null
// Text of a TIMESTAMPTZ, UTC: as RFC 3339. ptr NULL: null.
void jw_sql_time(struct jw *w, struct str text);
// Text of an integer, a number, a boolean as SQL prints it, as that. ptr NULL: null.
void jw_sql_number(struct jw *w, struct str text);
void jw_sql_bool(struct jw *w, struct str text);
void jw_err(struct jw *w, const struct err *err); // the record
// One value as /sql answers it.
int jw_datum(struct jw *w, struct arena *a, struct type t, struct datum d, const struct value_context *vc,
             struct err *err) MUST_CHECK;

// ---- reading JSON bodies: fields of an object. Absent or null: false; of another kind: 22023 in err.

bool body_str(struct str object, const char *key, struct str *out);
int body_need_str(struct str object, const char *key, struct str *out, struct err *err) MUST_CHECK;
bool body_bool(struct str object, const char *key);
bool body_i64(struct str object, const char *key, int64_t *out);

// ---- accounts (accounts.c): records of the store

enum { ACCOUNT_NAME_BYTES_MAX = 100, TOKEN_CHARACTERS = 43, PASSWORD_CHARACTERS_MIN = 8 };

struct account {
    struct str name;
    bool admin;
    int64_t created_micros;
    struct str verifier; // scrypt$N$r$p$salt$hash
    struct str clusters; // that it sees, by number; ptr NULL: all (sight.c)
};
struct api_token {
    struct str id, name, account;
    int64_t created_micros, expires_micros; // 0: never
};
// All results in the arena.
int account_get(struct api *api, struct arena *a, struct str name, struct account *out, bool *found,
                struct err *err) MUST_CHECK;
int account_list(struct api *api, struct arena *a, struct account **out, size_t *n, struct err *err) MUST_CHECK;
// `first`: only while there is none (55000). 42710 when it exists, 42602 for a bad name, 28P01 for a bad password.
int account_create(struct api *api, const struct account *account, struct str password, bool first,
                   struct err *err) MUST_CHECK;
int account_set_clusters(struct api *api, struct str name, struct str clusters, struct err *err) MUST_CHECK;
int account_set_password(struct api *api, struct str name, struct str password, struct err *err) MUST_CHECK;
// With its tokens. 55000 for the last administrator.
int account_delete(struct api *api, struct str name, struct err *err) MUST_CHECK;
// Slow on purpose, and one at a time. With an account that is not `found` it takes as long and is false.
bool account_check_password(struct api *api, const struct account *account, bool found, struct str password);
int token_create(struct api *api, struct arena *a, const struct api_token *token, struct str *secret,
                 struct err *err) MUST_CHECK;
int token_list(struct api *api, struct arena *a, struct str account, struct api_token **out, size_t *n,
               struct err *err) MUST_CHECK;
int token_delete(struct api *api, struct str account, struct str id, struct err *err) MUST_CHECK;
// The account that a secret stands for.
int token_find(struct api *api, struct arena *a, struct str secret, struct account *out, bool *found,
               struct err *err) MUST_CHECK;

// Sessions as they are stored.
struct stored_session {
    struct str hash; // SHA-256 of the secret
    struct str account;
    bool admin; // of the account as it is now
    int64_t begun_micros, used_micros;
    bool again; // stored before: not put if it has been removed
};
// Puts one (NULL: none) and removes others, in one transaction.
int sessions_change(struct api *api, const struct stored_session *put, const struct str *deleted, size_t n_deleted,
                    struct err *err) MUST_CHECK;
int sessions_list(struct api *api, struct arena *a, struct stored_session **out, size_t *n, struct err *err) MUST_CHECK;

// ---- sessions (logins.c): in memory, from where they are stored

struct identity {
    struct str name;
    bool known, admin;
    bool by_cookie;    // a browser: needs the CSRF token
    struct str secret; // of the session; empty for a token of /tokens
    struct str csrf;
    int64_t expires_micros; // 0: never
    struct str clusters;    // of the account
};
struct login_table;
// Takes up the sessions that are stored.
int logins_open(struct api *api, struct login_table **out, struct err *err) MUST_CHECK;
void logins_free(struct login_table *t);
// Begins a session; strings in `a`.
void logins_begin(struct login_table *t, struct arena *a, const struct account *account, struct identity *out);
bool logins_find(struct login_table *t, struct arena *a, struct str secret, struct identity *out);
void logins_end(struct login_table *t, struct str secret);
// Whoever deletes an account or changes its password has removed the stored ones with it.
void logins_end_account(struct login_table *t, struct str name);
size_t logins_count(struct login_table *t, struct str name);
// Seconds to wait before another try, 0: go ahead. Counted as a failure until told otherwise.
int64_t logins_try(struct login_table *t, struct str name, struct str address);
void logins_succeeded(struct login_table *t, struct str name, struct str address);

// ---- requests

// OPTIONAL: anybody, and whose token is good is known.
enum route_auth { AUTH_NONE, AUTH_OPTIONAL, AUTH_ACCOUNT, AUTH_ADMIN };
enum { ROUTE_PARAMETERS_MAX = 4 };

struct api_call;
struct route {
    enum http_method method;
    const char *path; // "/api/v2/clusters/{cluster}"
    enum route_auth auth;
    int (*run)(struct api_call *call, struct err *err);
};
// What is known of a request once its head is there.
struct admission {
    const struct route *route; // NULL: a file of the console
    struct str parameters[ROUTE_PARAMETERS_MAX];
    struct identity identity;
};
struct api_call {
    struct api *api;
    const struct http_request *request;
    struct http_response *response;
    const struct admission *admission;
    struct arena *arena;
    struct str body; // encoded JSON object; an empty one without a body
    struct jw json;
};

struct api {
    struct api_options options;
    struct login_table *logins;
    pthread_mutex_t password_lock; // one scrypt at a time: memory
    pthread_mutex_t setup_lock;    // setup_token
    char setup_token[TOKEN_CHARACTERS + 1];
};

extern const char api_description[]; // console/openapi.yaml
extern const size_t api_description_len;
bool api_setup_needed(struct api *api);
void api_forget_setup(struct api *api);

#define ROUTE(method, path, auth, name) int api_##name(struct api_call *call, struct err *err) MUST_CHECK;
#include "server/api/routes.def"
#undef ROUTE

static inline struct str call_parameter(const struct api_call *call, size_t i)
{
    return call->admission->parameters[i];
}
bool call_query(const struct api_call *call, const char *name, struct str *value);
// An error with a status of its own.
int call_fail(struct api_call *call, int status, int code, struct err *err) MUST_CHECK;
void call_no_content(struct api_call *call);
// The body's password, or a new one; and the answer that shows it once.
struct str call_password(struct api_call *call);
void call_write_password(struct api_call *call, struct str name, struct str password);
void random_token(char *out, size_t characters); // NUL-terminated
bool api_duration_parse(struct str text, int64_t *ms);

// ---- which clusters an account sees (sight.c)

bool identity_sees(const struct identity *who, uint64_t cluster);
int call_check_sight(struct api_call *call, struct str cluster, struct err *err) MUST_CHECK; // 42704
int call_check_sees_all(struct api_call *call, struct err *err) MUST_CHECK;                  // 42501
int body_sight(struct api_call *call, struct str *out, struct err *err) MUST_CHECK;
int write_sight(struct api_call *call, struct str clusters, struct err *err) MUST_CHECK;

// ---- SQL for handlers (sql.c)

struct api_sql {
    struct api_call *call;
    struct sql_engine *engine;
    struct session *session;
    uint64_t key; // pid and secret, for cancelling
};
struct api_sql_options {
    struct str database, user, application_name; // ptr NULL: defaults, user root
    int64_t timeout_ms;                          // 0: 30 s
};
// A session in the cluster of the path's first parameter. Close it whatever happens after 0.
int api_sql_open(struct api_call *call, const struct api_sql_options *options, struct api_sql *out,
                 struct err *err) MUST_CHECK;
void api_sql_close(struct api_sql *sql);

// The cluster of that name or number; the one that the path's first parameter names.
struct cluster_spec cluster_of(struct str name);
struct cluster_spec call_cluster(const struct api_call *call);
// Parses and binds the unnamed statement and describes its portal; arguments are text, ptr NULL is NULL.
int api_sql_prepare(struct session *s, struct arena *a, struct str text, const struct str *arguments, size_t n,
                    struct result_sink *sink, struct statement_description *out, struct err *err) MUST_CHECK;

// Rows as text; ptr NULL is NULL. In the call's arena.
struct api_rows {
    size_t n, n_columns;
    const struct str *cells;
};
static inline struct str api_cell(const struct api_rows *rows, size_t row, size_t column)
{
    return rows->cells[row * rows->n_columns + column];
}
// One statement with arguments as text. `rows` may be NULL.
int api_sql_query(struct api_sql *sql, const char *text, const struct str *arguments, size_t n, struct api_rows *rows,
                  struct err *err) MUST_CHECK;
// Statements in the words of the server, names in them quoted by quote_name and quote_text.
int api_sql_run(struct api_sql *sql, struct str text, struct err *err) MUST_CHECK;
void quote_name(struct buf *out, struct str name);
void quote_text(struct buf *out, struct str text);
// The rows of a query as objects, of which `list` makes an array under `key`, and `answer` the whole answer from a
// session of its own in the path's cluster. Column names ending in `:n`, `:b`, `:t`, `:a` are written as number,
// boolean, time and array of strings (text of a JSON array), without the ending.
int api_sql_objects(struct api_sql *sql, const char *text, const struct str *arguments, size_t n,
                    struct err *err) MUST_CHECK;
int api_sql_list(struct api_sql *sql, const char *key, const char *text, const struct str *arguments, size_t n,
                 struct err *err) MUST_CHECK;
int api_sql_answer(struct api_call *call, const char *key, const char *text, const struct str *arguments, size_t n,
                   struct err *err) MUST_CHECK;
// The first row's columns as members of the object being written; 42704 with `missing` when there is none.
int api_sql_members(struct api_sql *sql, const char *text, const struct str *arguments, size_t n, const char *missing,
                    struct err *err) MUST_CHECK;

#endif
