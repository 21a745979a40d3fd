// palmetto cluster: the virtual clusters of a server, by statements in its system cluster.
#include "cli/format_int.h"
#include "cli/url_int.h"
#include "cli/verb_int.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "crypto/scram.h"

#include <stdio.h>
#include <string.h>

#define PASSWORD_LENGTH 22

static struct conn_options options = CONN_OPTIONS_INIT(options, "$ palmetto cluster");
static const char *user, *from, *at_time;
static bool immediate;
static int64_t storage_bytes = -1, connections = -1, request_units = -1, burst = -1;

// ---- statements

static int failed(const PGresult *r, struct err *err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE), *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    int code = state != NULL ? err_code_of(str_of(state)) : 0;
    err_set(err, code != 0 ? code : ERR_CONNECTION_FAILURE, "%s", message != NULL ? message : PQresultErrorMessage(r));
    return hint != NULL ? err_hint(err, "%s", hint) : err->code;
}

// The result is the caller's to clear.
static int query(PGconn *c, const char *sql, PGresult **out, struct err *err)
{
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        *out = r;
        return 0;
    }
    int rc = failed(r, err);
    PQclear(r);
    return rc;
}

static int execute(PGconn *c, const char *sql, struct err *err)
{
    PGresult *r;
    TRY(query(c, sql, &r, err));
    PQclear(r);
    return 0;
}

// `before "name" after`
static int on_cluster(PGconn *c, const char *before, const char *name, const char *after, struct err *err)
{
    struct buf sql = BUF_INIT;
    char *quoted = PQescapeIdentifier(c, name, strlen(name));
    buf_printf(&sql, "%s VIRTUAL CLUSTER %s %s", before, quoted != NULL ? quoted : "''", after);
    int rc = execute(c, buf_c(&sql), err);
    PQfreemem(quoted);
    buf_release(&sql);
    return rc;
}

static int in_system_cluster(int (*work)(PGconn *c, const struct cli_args *args, struct err *err),
                             const struct cli_args *args, struct err *err)
{
    int rc = conn_options_complete(&options, err);
    PGconn *c = rc == 0 ? conn_open(&options, err) : NULL;
    if (c != NULL) {
        rc = work(c, args, err);
        PQfinish(c);
    }
    conn_options_release(&options);
    return c == NULL || rc != 0 ? EXIT_STATUS_ERROR : 0;
}

// ---- limits

static int set_limits(PGconn *c, const char *name, struct err *err)
{
    const struct {
        const char *name;
        int64_t value;
    } limits[] = {{"storage_bytes", storage_bytes},
                  {"connections", connections},
                  {"request_units_per_month", request_units},
                  {"request_units_burst", burst}};
    struct buf list = BUF_INIT;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        if (limits[i].value >= 0)
            buf_printf(&list, "%s%s = %lld", list.len > 0 ? ", " : "SET LIMIT ", limits[i].name,
                       (long long)limits[i].value);
    int rc = list.len > 0 ? on_cluster(c, "ALTER", name, buf_c(&list), err) : 0;
    buf_release(&list);
    return rc;
}

static int limit_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    if (storage_bytes < 0 && connections < 0 && request_units < 0 && burst < 0)
        return err_set(err, ERR_SYNTAX_ERROR, "give at least one limit; 0 means none");
    return set_limits(c, args->items[0], err);
}

// ---- create

// The server gets the verifier only.
static int create_user(PGconn *c, const char *cluster, struct buf *password, struct err *err)
{
    struct scram_verifier verifier;
    struct buf text = BUF_INIT, clause = BUF_INIT;
    char *name = PQescapeIdentifier(c, user, strlen(user));
    if (options.insecure) {
        buf_printf(&clause, "CREATE USER %s WITH PASSWORD NULL", name != NULL ? name : "''");
    } else {
        random_password(password, PASSWORD_LENGTH);
        scram_verifier_build(&verifier, buf_view(password), SCRAM_ITERATIONS_DEFAULT);
        scram_verifier_print(&verifier, &text);
        buf_printf(&clause, "CREATE USER %s WITH PASSWORD '%s'", name != NULL ? name : "''", buf_c(&text));
    }
    int rc = on_cluster(c, "ALTER", cluster, buf_c(&clause), err);
    PQfreemem(name);
    buf_release(&text);
    buf_release(&clause);
    return rc;
}

// How clients reach the cluster: as this command reached the server, with the new user's password if there is one.
static struct str connection_url(struct arena *arena, const char *cluster, struct str password)
{
    struct url url = options.url, out = {.arena = arena};
    out.user = user != NULL ? str_of(user) : url.user;
    out.password = user != NULL ? password : url.password;
    out.host = url.host;
    out.port = url.port;
    out.database = arena_printf(arena, "%s.defaultdb", cluster);
    for (size_t i = 0; i < url.params.len; i++) {
        struct str name = url.params.ptr[i].name;
        bool own = str_eqc(name, "application_name") || str_eqc(name, "options") ||
                   (user != NULL && (str_eqc(name, "sslcert") || str_eqc(name, "sslkey")));
        if (!own)
            url_set_param(&out, arena_cstr(arena, name), url.params.ptr[i].value);
    }
    return url_format(arena, &out, URL_STYLE_PQ);
}

static int print_created(PGconn *c, const char *cluster, struct str password, struct err *err)
{
    struct buf sql = BUF_INIT;
    struct arena arena;
    PGresult *r;
    char *quoted = PQescapeIdentifier(c, cluster, strlen(cluster));
    buf_printf(&sql, "SHOW VIRTUAL CLUSTER %s", quoted);
    int rc = query(c, buf_c(&sql), &r, err);
    PQfreemem(quoted);
    buf_release(&sql);
    TRY(rc);
    arena_init(&arena, NULL);
    printf("%-10s %s\n%-10s %s\n", "cluster:", cluster, "id:", PQgetvalue(r, 0, 0));
    if (user != NULL)
        printf("%-10s %s\n", "user:", user);
    if (password.len > 0)
        printf("%-10s %.*s (not shown again)\n", "password:", STR_FMT(password));
    printf("%-10s %.*s\n", "sql:", STR_FMT(connection_url(&arena, cluster, password)));
    arena_release(&arena);
    PQclear(r);
    return 0;
}

static int create_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    const char *name = args->items[0];
    struct buf password = BUF_INIT, source = BUF_INIT;
    char *quoted = from != NULL ? PQescapeIdentifier(c, from, strlen(from)) : NULL;
    if (quoted != NULL)
        buf_printf(&source, "FROM %s", quoted);
    PQfreemem(quoted);
    int rc = on_cluster(c, "CREATE", name, source.len > 0 ? buf_c(&source) : "", err);
    if (rc == 0)
        rc = set_limits(c, name, err);
    if (rc == 0 && user != NULL)
        rc = create_user(c, name, &password, err);
    if (rc == 0)
        rc = on_cluster(c, "ALTER", name, "START SERVICE SHARED", err);
    if (rc == 0)
        rc = print_created(c, name, buf_view(&password), err);
    buf_release(&password);
    buf_release(&source);
    return rc;
}

// ---- list

static int list_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    static const struct display_column columns[] = {
        {{"id", 2}, COLUMN_ALIGN_RIGHT},
        {{"name", 4}, COLUMN_ALIGN_LEFT},
        {{"state", 5}, COLUMN_ALIGN_LEFT},
        {{"service", 7}, COLUMN_ALIGN_LEFT},
        {{"connections", 11}, COLUMN_ALIGN_RIGHT},
        {{"storage", 7}, COLUMN_ALIGN_RIGHT},
        {{"request units", 13}, COLUMN_ALIGN_RIGHT},
    };
    struct arena arena;
    PGresult *r;
    TRY(query(c,
              "SELECT id, name, data_state, service_mode, connections, storage_bytes, round(request_units::DECIMAL, 1) "
              "FROM [SHOW VIRTUAL CLUSTERS WITH USAGE] ORDER BY id",
              &r, err));
    arena_init(&arena, NULL);
    struct formatter *f = formatter_begin(&arena, stdout, DISPLAY_FORMAT_TABLE, 0, columns, ARRAY_LEN(columns));
    for (int i = 0; i < PQntuples(r); i++) {
        struct str row[ARRAY_LEN(columns)];
        for (int k = 0; k < (int)ARRAY_LEN(columns); k++)
            row[k] = str_of(PQgetvalue(r, i, k));
        formatter_row(f, row);
    }
    formatter_end(f);
    arena_release(&arena);
    PQclear(r);
    return 0;
}

// ---- the others

static int delete_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    TRY(on_cluster(c, "ALTER", args->items[0], "STOP SERVICE", err));
    return on_cluster(c, "DROP", args->items[0], immediate ? "IMMEDIATE" : "", err);
}

static int undelete_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    TRY(on_cluster(c, "ALTER", args->items[0], "CANCEL DROP", err));
    return on_cluster(c, "ALTER", args->items[0], "START SERVICE SHARED", err);
}

static int rename_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    struct buf clause = BUF_INIT;
    char *quoted = PQescapeIdentifier(c, args->items[1], strlen(args->items[1]));
    buf_printf(&clause, "RENAME TO %s", quoted != NULL ? quoted : "''");
    int rc = on_cluster(c, "ALTER", args->items[0], buf_c(&clause), err);
    PQfreemem(quoted);
    buf_release(&clause);
    return rc;
}

static int suspend_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    return on_cluster(c, "ALTER", args->items[0], "STOP SERVICE", err);
}

static int resume_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    return on_cluster(c, "ALTER", args->items[0], "START SERVICE SHARED", err);
}

static int snapshot_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    return on_cluster(c, "ALTER", args->items[0], "SET SNAPSHOT", err);
}

static int reset_work(PGconn *c, const struct cli_args *args, struct err *err)
{
    struct buf clause = BUF_INIT;
    char *quoted = at_time != NULL ? PQescapeLiteral(c, at_time, strlen(at_time)) : NULL;
    if (quoted != NULL)
        buf_printf(&clause, "RESET DATA TO SYSTEM TIME %s", quoted);
    else
        buf_cstr(&clause, "RESET DATA TO SNAPSHOT");
    int rc = on_cluster(c, "ALTER", args->items[0], buf_c(&clause), err);
    PQfreemem(quoted);
    buf_release(&clause);
    return rc;
}

#define LIMIT_FLAGS                                                                                          \
    {"storage", 0, FLAG_KIND_SIZE, &storage_bytes, "<size>", "limit of what it stores; 0: none"},            \
        {"connections", 0, FLAG_KIND_INT, &connections, "<n>", "limit of its connections; 0: none"},         \
        {"request-units", 0, FLAG_KIND_INT, &request_units, "<n>", "request units per month; 0: no limit"},  \
    {                                                                                                        \
        "burst", 0, FLAG_KIND_INT, &burst, "<n>", "request units that can be saved up; 0: those of one hour" \
    }

static const struct flag create_flags[] = {
    CONN_FLAGS(options),
    {"new-user", 0, FLAG_KIND_STRING, &user, "<name>", "also create this SQL user, with a generated password"},
    {"from", 0, FLAG_KIND_STRING, &from, "<name>", "copy this cluster"},
    LIMIT_FLAGS,
};
static const struct flag limit_flags[] = {CONN_FLAGS(options), LIMIT_FLAGS};
static const struct flag delete_flags[] = {
    CONN_FLAGS(options),
    {"immediate", 0, FLAG_KIND_BOOL, &immediate, NULL, "remove its data at once: there is no way back"},
};
static const struct flag reset_flags[] = {
    CONN_FLAGS(options),
    {"to", 0, FLAG_KIND_STRING, &at_time, "<time>", "to this time instead of the snapshot, as in AS OF SYSTEM TIME"},
};
static const struct flag flags[] = {CONN_FLAGS(options)};

// CLUSTER_VERB(word, flags, arguments, number of them, summary, description)
#define CLUSTER_VERB(word, flag_table, args_text, n_args, summary_text, description_text) \
    static int run_##word(const struct cli_args *args, struct err *err)                   \
    {                                                                                     \
        return in_system_cluster(word##_work, args, err);                                 \
    }                                                                                     \
    const struct verb verb_cluster_##word = {                                             \
        .name = "cluster " #word,                                                         \
        .arguments = args_text,                                                           \
        .summary = summary_text,                                                          \
        .description = description_text,                                                  \
        .flags = flag_table,                                                              \
        .flags_len = ARRAY_LEN(flag_table),                                               \
        .args_min = n_args,                                                               \
        .args_max = n_args,                                                               \
        .run = run_##word,                                                                \
    };
CLUSTER_VERB(
    create, create_flags, "<name>", 1, "create a virtual cluster",
    "Creates a virtual cluster and prints how to connect to it. Names consist of lower-case letters, digits and "
    "hyphens.")
CLUSTER_VERB(list, flags, "", 0, "list the virtual clusters",
             "Lists the virtual clusters of a server with their state and what they use.")
CLUSTER_VERB(delete, delete_flags, "<name>", 1, "delete a virtual cluster",
             "Ends the cluster's connections and deletes it. For a day \"cluster undelete\" brings it back, unless "
             "--immediate is given.")
CLUSTER_VERB(undelete, flags, "<name>", 1, "bring a deleted virtual cluster back",
             "Brings the cluster back that was deleted last under this name.")
CLUSTER_VERB(rename, flags, "<name> <new name>", 2, "rename a virtual cluster",
             "Gives the cluster another name. Open connections go on.")
CLUSTER_VERB(suspend, flags, "<name>", 1, "suspend a virtual cluster",
             "Ends the cluster's connections and refuses new ones until \"cluster resume\".")
CLUSTER_VERB(resume, flags, "<name>", 1, "let a suspended virtual cluster serve again",
             "Accepts connections to the cluster again.")
CLUSTER_VERB(limit, limit_flags, "<name>", 1, "change the limits of a virtual cluster",
             "Changes the limits that are given and leaves the others.")
CLUSTER_VERB(snapshot, flags, "<name>", 1, "keep the data of a virtual cluster",
             "Keeps a copy of the cluster's data as it is now, for \"cluster reset\".")
CLUSTER_VERB(reset, reset_flags, "<name>", 1, "reset a virtual cluster to its snapshot",
             "Makes the cluster's data again what it was at the last \"cluster snapshot\". Connections stay.")
