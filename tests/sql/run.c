// Data-driven SQL tests over the session interface and a store in memory: no sockets, no server process.
//
//     sql_test [--rewrite] [--extended] [--limits] FILE.test|FOLDER…
//
// Each file gets a fresh store. A file is a sequence of
//
//     # comment
//     = 1 + 1 => int8 2                        an expression: type and value of SELECT …
//     > INSERT INTO t VALUES (1) => INSERT 0 1 a statement on one line: its tag, or rows a | b / c | d, or its error
//
//     SELECT a, b FROM t                       a block: statements up to the line ----, sent as one message;
//     ----                                     then all that comes back up to an empty line
//     a int8 | b string
//     1 | x
//
// and of directives:
//     @session NAME [USER [DATABASE]]   statements that follow run in this session, opened at first mention;
//                                       CLUSTER.DATABASE: in a virtual cluster
//     @close                            ends the session opened last; the first one is current then
//     @sort                             the rows of the next block are compared sorted
//     @params a | b                     the next block runs through the extended protocol with these text parameters
//     @background                       the next block runs in a thread; it must block on a lock; its result comes with
//     @join => result                   … the result of this session's background block, in one line
//     @status => T                      the transaction status that ReadyForQuery would carry
//     @skip REASON                      the next item is counted and not run
//     @plan REASON                      the next item has its usual plan with --rules: what it says depends on it
//     @plans REASON                     so has all that follows in the file
//
// An expected result may end in …: the actual one begins with what is before. Errors print as `ERROR SQLSTATE text`, in
// blocks followed by their DETAIL and HINT, in those of 40001 versions and numbers as N. NULL prints NULL, an empty
// string prints '', a newline prints \n. --rewrite puts the actual results in; --extended runs single statements
// through the extended protocol; --limits imposes the distributed engine's bounds on the store; --spill gives
// statements hardly any work memory and tiny batches, so that sorts, joins and aggregates go through temporary files;
// --rules=SEED switches random rules of the optimizer off for every statement and perturbs its costs: rows stay, plans
// (EXPLAIN) are not compared, and @plan marks what tells of the plan in other ways (which rows are locked and read; how
// long it takes); --refuse=S runs what stands outside of transactions, and single statements in them
// (between a savepoint and its rollback), again and again, the first, the 1+Sth, the 1+2Sth … (wider steps later)
// charge of memory refused, until a run gets all it asks for, whose result must be the expected one: those before it
// have ended in 53200 and changed nothing; --fail=S keeps the store on a simulated disk and lets the 1st, the 1+Sth …
// (wider steps beyond the 256th) operation of each kind fail: what could be read when the store had failed is there
// after a restart, nothing acknowledged is missing, all is consistent.
#include "base/budget.h"
#include "base/util.h"
#include "kv/kv.h"
#include "os/sim/sim.h"
#include "server/clusters.h"
#include "sql/session/session.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SESSIONS_MAX = 16, PARAMETERS_MAX = 16 };

struct output {
    struct result_sink sink;
    struct buf text;
    bool one_line, expression, sort, columns;
    size_t n_columns;
    size_t rows_at; // where the current result's rows begin
    size_t n_rows;
    struct session *session;
};

struct client {
    char name[64];
    struct sql_engine *engine;
    struct session *session;
    pthread_t thread;               // of the background block
    bool in_background, usual_plan; // usual_plan: of the background block
    bool savepoints;                // the transaction has some
    _Atomic bool finished;
    struct buf sql;
    struct output out;
};

struct runner {
    struct kv *kv;
    struct clusters *clusters;
    struct client clients[SESSIONS_MAX];
    int n_clients;
    struct client *current;
    bool sort, background, skip, has_params, plan;
    bool plans; // of the rest of the file
    struct bind_value params[PARAMETERS_MAX];
    size_t n_params;
    struct buf param_text;
    int passed, failed, skipped; // of all files
    bool rewrite, extended, limits, spill;
    int rules;                          // seed of --rules; 0: off
    uint64_t refuse;                    // step of --refuse; 0: off
    uint64_t refusals, refusals_inside; // in explicit transactions
    struct budget account;              // above all others, of --refuse
    uint64_t fail;                      // step of --fail; 0: off
    uint64_t faults;
    struct sim *sim; // where temporary files are
    const char *file;
    int line;
    FILE *rewritten;
};

// ---- what a session sends

static struct output *output_of(struct result_sink *sink)
{
    return CONTAINER_OF(sink, struct output, sink);
}

static void separate(struct output *o)
{
    if (o->text.len > 0)
        buf_cstr(&o->text, o->one_line ? " / " : "\n");
}

static void print_type(struct buf *out, struct type t)
{
    size_t from = out->len;
    type_print(out, t);
    for (size_t i = from; i < out->len; i++)
        out->ptr[i] = (char)tolower((unsigned char)out->ptr[i]);
}

static void print_columns(struct output *o, const struct result_column *columns, size_t n)
{
    o->columns = true;
    o->n_columns = n;
    o->n_rows = 0;
    if (o->expression && n > 0)
        print_type(&o->text, columns[0].type);
    if (!o->one_line) {
        separate(o);
        for (size_t i = 0; i < n; i++) {
            buf_cstr(&o->text, i > 0 ? " | " : "");
            buf_str(&o->text, columns[i].name);
            buf_putc(&o->text, ' ');
            print_type(&o->text, columns[i].type);
        }
        if (n == 0)
            buf_cstr(&o->text, "(no columns)");
    }
    o->rows_at = o->text.len;
}

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
    print_columns(output_of(sink), columns, n);
}

static void print_value(struct output *o, struct type t, struct datum d)
{
    struct buf value = BUF_INIT;
    if (d.null) {
        buf_cstr(&o->text, "NULL");
        return;
    }
    datum_print(&value, t, d, session_value_context(o->session));
    if (value.len == 0)
        buf_cstr(&o->text, "''");
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\n')
            buf_cstr(&o->text, "\\n");
        else if (value.ptr[i] == '\t')
            buf_cstr(&o->text, "\\t");
        else
            buf_putc(&o->text, value.ptr[i]);
    }
    buf_release(&value);
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct output *o = output_of(sink);
    for (uint32_t k = 0; k < batch->n; k++) {
        uint32_t row = batch_row(batch, k);
        if (o->expression)
            buf_putc(&o->text, ' ');
        else
            separate(o);
        for (uint32_t c = 0; c < batch->ncols; c++) {
            buf_cstr(&o->text, c > 0 ? " | " : "");
            print_value(o, batch->cols[c].type, vec_get(&batch->cols[c], row));
        }
        o->n_rows++;
    }
    return 0;
}

static int compare_lines(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

// Sorts the rows since rows_at.
static void sort_rows(struct output *o)
{
    const char *separator = o->one_line ? " / " : "\n";
    struct str all = str_slice(buf_view(&o->text), o->rows_at, o->text.len), *rows;
    if (all.len == 0)
        return;
    rows = malloc(sizeof(*rows) * (o->n_rows + 1));
    size_t n = 0, at = str_has_prefix(all, str_of(separator)) ? strlen(separator) : 0, first = at;
    struct buf sorted = BUF_INIT;
    for (ptrdiff_t next; at <= all.len && n < o->n_rows; at = (size_t)next + strlen(separator)) {
        next = str_find(all, str_of(separator), at);
        if (next < 0)
            next = (ptrdiff_t)all.len;
        rows[n++] = str_slice(all, at, (size_t)next);
    }
    qsort(rows, n, sizeof(*rows), compare_lines);
    for (size_t i = 0; i < n; i++) {
        buf_cstr(&sorted, i > 0 || first > 0 ? separator : "");
        buf_str(&sorted, rows[i]);
    }
    o->text.len = o->rows_at;
    buf_str(&o->text, buf_view(&sorted));
    buf_release(&sorted);
    free(rows);
}

static void end_rows(struct output *o)
{
    if (o->columns && o->sort)
        sort_rows(o);
    if (o->columns && o->one_line && o->n_rows == 0 && !o->expression) {
        separate(o);
        buf_cstr(&o->text, "no rows");
    }
}

static void on_complete(struct result_sink *sink, struct str tag)
{
    struct output *o = output_of(sink);
    end_rows(o);
    bool derived = o->columns && (str_has_prefix(tag, STR("SELECT")) || str_has_prefix(tag, STR("SHOW")) ||
                                  str_has_prefix(tag, STR("EXPLAIN")) || o->one_line);
    o->columns = false;
    if (derived)
        return;
    separate(o);
    buf_str(&o->text, tag);
}

static void on_empty(struct result_sink *sink)
{
    separate(output_of(sink));
    buf_cstr(&output_of(sink)->text, "(empty)");
}

static void on_suspended(struct result_sink *sink)
{
    separate(output_of(sink));
    buf_cstr(&output_of(sink)->text, "(suspended)");
}

// What differs from run to run prints as N: versions, numbers of transactions and processes.
static size_t varying(const char *text, const char *at)
{
    size_t digits = strspn(at, "0123456789");
    size_t before = (size_t)(at - text);
    if (before >= 8 && strncmp(at - 8, "process ", 8) == 0)
        return digits;
    if (before >= 6 && strncmp(at - 6, "meta={", 6) == 0)
        return strcspn(at, " ");
    return digits >= 9 && (before == 0 || !isalnum((unsigned char)at[-1])) ? digits : 0;
}

static void print_stable(struct buf *out, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t n = varying(text, at);
        buf_putc(out, n > 0 ? 'N' : *at);
        at += n > 0 ? n : 1;
    }
}

static void print_record(struct output *o, const struct err *e)
{
    char state[6];
    err_sqlstate(e->code, state);
    separate(o);
    size_t from = o->text.len;
    buf_printf(&o->text, "%s %s ", err_severity_name(e->severity), state);
    if (e->code == ERR_SERIALIZATION_FAILURE)
        print_stable(&o->text, e->message);
    else
        buf_cstr(&o->text, e->message);
    if (!o->one_line && e->detail != NULL) {
        buf_cstr(&o->text, "\nDETAIL ");
        if (e->code == ERR_SERIALIZATION_FAILURE)
            print_stable(&o->text, e->detail);
        else
            buf_cstr(&o->text, e->detail);
    }
    if (!o->one_line && e->hint != NULL)
        buf_printf(&o->text, "\nHINT %s", e->hint);
    for (size_t i = from; i + 1 < o->text.len; i++) { // an empty line would end the block
        if (o->text.ptr[i] == '\n' && (o->one_line || o->text.ptr[i + 1] == '\n'))
            o->text.ptr[i] = ' ';
    }
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
    print_record(output_of(sink), notice);
}

static void on_parameter(struct result_sink *sink, const char *name, struct str value)
{
}

static void on_copy_begin(struct result_sink *sink, bool in, enum copy_format format, size_t n_columns)
{
    struct output *o = output_of(sink);
    separate(o);
    buf_printf(&o->text, "(copy %s, %zu columns)", in ? "in" : "out", n_columns);
}

static int on_copy_data(struct result_sink *sink, struct str bytes, struct err *err)
{
    separate(output_of(sink));
    buf_str(&output_of(sink)->text, str_trim(bytes));
    return 0;
}

static void on_copy_done(struct result_sink *sink)
{
}

static size_t on_mark(struct result_sink *sink)
{
    return output_of(sink)->text.len;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    output_of(sink)->text.len = mark;
    return true;
}

static const struct result_sink_ops sink_ops = {
    .describe = on_describe,
    .rows = on_rows,
    .complete = on_complete,
    .empty = on_empty,
    .suspended = on_suspended,
    .notice = on_notice,
    .parameter = on_parameter,
    .copy_begin = on_copy_begin,
    .copy_data = on_copy_data,
    .copy_done = on_copy_done,
    .mark = on_mark,
    .rewind = on_rewind,
};

static void output_start(struct output *o, struct session *s)
{
    o->sink.ops = &sink_ops;
    o->session = s;
    o->columns = o->one_line = o->expression = o->sort = false;
    o->n_rows = o->rows_at = 0;
    buf_clear(&o->text);
}

// ---- running statements

static void finish(struct output *o, int rc, struct err *err)
{
    if (rc != 0) {
        if (o->one_line)
            buf_clear(&o->text);
        else
            end_rows(o);
        print_record(o, err);
    }
    err_reset(err);
}

static void run_simple(struct output *o, struct str sql)
{
    struct err err = ERR_INIT;
    int rc = session_query(o->session, sql, &o->sink, &err);
    if (rc == 0 && session_in_copy(o->session))
        rc = session_copy_done(o->session, &o->sink, &err);
    finish(o, rc, &err);
}

static int run_messages(struct runner *r, struct output *o, struct str sql, struct err *err)
{
    struct statement_description d;
    struct bind_arguments bind = {
        .portal = STR_EMPTY, .statement = STR_EMPTY, .values = r->params, .n_values = r->n_params};
    TRY(session_parse(o->session, STR_EMPTY, sql, NULL, 0, &o->sink, err));
    TRY(session_bind(o->session, &bind, err));
    TRY(session_describe_portal(o->session, STR_EMPTY, &d, err));
    if (d.returns_rows)
        print_columns(o, d.columns, d.n_columns);
    return session_execute(o->session, STR_EMPTY, 0, &o->sink, err);
}

static void run_extended(struct runner *r, struct output *o, struct str sql)
{
    struct err err = ERR_INIT, sync_err = ERR_INIT;
    int rc = run_messages(r, o, sql, &err);
    int sync_rc = session_sync(o->session, &o->sink, rc != 0 ? &sync_err : &err);
    finish(o, rc != 0 ? rc : sync_rc, &err);
    err_reset(&sync_err);
}

// Whether rules are off and costs perturbed in the current session; a failed transaction ends with what it began with.
static void randomize(struct runner *r, bool on)
{
    struct output o = {0};
    if (session_transaction_status(r->current->session) == 'E')
        return;
    output_start(&o, r->current->session);
    run_simple(
        &o,
        on ? STR("RESET testing_optimizer_disable_rule_probability; RESET testing_optimizer_cost_perturbation")
           : STR("SET testing_optimizer_disable_rule_probability = 0; SET testing_optimizer_cost_perturbation = 0"));
    buf_release(&o.text);
}

static bool is_single(struct str sql)
{
    return memchr(sql.ptr, ';', sql.len) == NULL;
}

static void on_notification(void *arg, int32_t pid, struct str channel, struct str payload)
{
    struct output *o = arg;
    separate(o);
    buf_printf(&o->text, "NOTIFICATION %.*s '%.*s'", STR_FMT(channel), STR_FMT(payload));
}

static void run_sql(struct runner *r, struct output *o, struct str sql)
{
    if (r->has_params || (r->extended && is_single(sql)))
        run_extended(r, o, sql);
    else
        run_simple(o, sql);
    session_take_notifications(o->session, on_notification, o);
}

// Notifications are looked for after each statement.
static void notified(void *arg)
{
}

// ---- refusals of memory

// An expectation that ends in … gives only the beginning.
static bool matches(struct str actual, struct str expected)
{
    const struct str dots = STR("…");
    if (expected.len < dots.len || !str_eq(str_slice(expected, expected.len - dots.len, expected.len), dots))
        return str_eq(actual, expected);
    return str_has_prefix(actual, str_slice(expected, 0, expected.len - dots.len));
}

// Of the thread that runs the statement: what others do meanwhile is not counted.
static _Thread_local struct {
    uint64_t n, seen; // the n-th charge is refused; 0: none
} refusal;

static bool refuse_nth(struct budget *b)
{
    return refusal.n > 0 && ++refusal.seen == refusal.n;
}

static bool says(struct str text, const char *words)
{
    return str_find(text, str_of(words), 0) >= 0;
}

// Statements that may run again after they have failed, and whose second run gives what the first would have given; in
// a transaction those that a savepoint takes back, when the test has none of its own.
static bool may_repeat(const struct runner *r, struct str sql, struct str expected)
{
    static const char *const ends[] = {"BEGIN", "COMMIT", "SET ", "DECLARE", "FETCH", "MOVE", "CLOSE"};
    static const char *const others[] = {"ROLLBACK", "SAVEPOINT", "RELEASE", "nextval",    "53200", "PREPARE",
                                         "RESTART",  "END",       "ABORT",   "unique_row", "COPY",  "pg_sleep"};
    char status = session_transaction_status(r->current->session);
    if (r->background || status == 'E' || (status == 'T' && r->current->savepoints))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (says(sql, others[i]) || says(expected, others[i]))
            return false;
    for (size_t i = 0; status == 'T' && i < ARRAY_LEN(ends); i++)
        if (says(sql, ends[i]))
            return false;
    ptrdiff_t begin = str_find(sql, STR("BEGIN"), 0), commit = str_find(sql, STR("COMMIT"), 0);
    return commit < 0 || (begin == 0 && (size_t)commit + 8 >= sql.len);
}

static bool only_reads(struct str sql)
{
    static const char *const verbs[] = {"SELECT", "SHOW", "VALUES", "EXPLAIN", "TABLE"};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_has_prefix(sql, str_of(verbs[i])))
            return !says(sql, ";");
    return false;
}

static void command(struct runner *r, const char *sql)
{
    struct output o = {0};
    output_start(&o, r->current->session);
    run_simple(&o, str_of(sql));
    if (says(buf_view(&o.text), "ERROR")) {
        printf("%s:%d: %s: %.*s\n", r->file, r->line, sql, STR_FMT(buf_view(&o.text)));
        r->failed++;
    }
    buf_release(&o.text);
}

// The session and another one go on.
static void after_refusal(struct runner *r, bool inside)
{
    struct client *other = &r->clients[0];
    struct output o = {0};
    if (inside)
        command(r, "ROLLBACK TO SAVEPOINT refused");
    else if (session_transaction_status(r->current->session) != 'I')
        command(r, "ROLLBACK");
    output_start(&o, other->session);
    if (!other->in_background && session_transaction_status(other->session) == 'I') {
        run_simple(&o, STR("SELECT 1 + 1"));
        if (!says(buf_view(&o.text), "2")) {
            printf("%s:%d: another session after a refusal: %.*s\n", r->file, r->line, STR_FMT(buf_view(&o.text)));
            r->failed++;
        }
    }
    buf_release(&o.text);
}

// What the statement did although a charge was refused is nothing, or can be taken back.
static bool can_undo(const struct runner *r, bool inside, bool reads, uint64_t version)
{
    return reads && (inside ? session_transaction_status(r->current->session) == 'T' : kv_now(r->kv) == version);
}

static void run_refused(struct runner *r, struct output *o, struct str sql, struct str expected)
{
    bool reads = only_reads(sql), inside = session_transaction_status(r->current->session) == 'T';
    if (inside)
        command(r, "SAVEPOINT refused");
    for (uint64_t n = 1 + (uint64_t)r->line % r->refuse;; n += r->refuse + n / 8) {
        buf_clear(&o->text);
        o->columns = false;
        o->n_rows = o->rows_at = 0;
        uint64_t version = kv_now(r->kv);
        refusal.n = n;
        refusal.seen = 0;
        run_sql(r, o, sql);
        bool happened = refusal.seen >= n, refused = says(buf_view(&o->text), "ERROR 53200");
        refusal.n = 0;
        r->refusals += happened;
        r->refusals_inside += happened && inside;
        if (refused && happened)
            after_refusal(r, inside);
        else if (!happened || !matches(buf_view(&o->text), expected) || !can_undo(r, inside, reads, version))
            break;
        else if (inside)
            command(r, "ROLLBACK TO SAVEPOINT refused");
    }
    if (inside && session_transaction_status(r->current->session) == 'T')
        command(r, "RELEASE SAVEPOINT refused");
}

static void run_item(struct runner *r, struct output *o, struct str sql, struct str expected)
{
    bool usual = r->plan && r->rules > 0;
    if (usual)
        randomize(r, false);
    if (r->refuse > 0 && may_repeat(r, sql, expected))
        run_refused(r, o, sql, expected);
    else
        run_sql(r, o, sql);
    if (usual)
        randomize(r, true);
    r->current->savepoints =
        session_transaction_status(r->current->session) != 'I' && (r->current->savepoints || says(sql, "SAVEPOINT"));
}

static void *background_main(void *arg)
{
    struct client *c = arg;
    run_simple(&c->out, buf_view(&c->sql));
    c->finished = true;
    return NULL;
}

static uint64_t lock_waits(struct runner *r)
{
    struct kv_stats stats;
    kv_get_stats(r->kv, &stats);
    return stats.lock_waits;
}

// Starts the block and returns when it waits for a lock (or has finished, which its @join will show).
static void start_background(struct runner *r, struct str sql)
{
    struct client *c = r->current;
    uint64_t before = lock_waits(r);
    buf_clear(&c->sql);
    buf_str(&c->sql, sql);
    output_start(&c->out, c->session);
    c->out.one_line = true;
    c->finished = false;
    c->in_background = true;
    c->usual_plan = r->plan && r->rules > 0;
    if (c->usual_plan)
        randomize(r, false);
    if (pthread_create(&c->thread, NULL, background_main, c) != 0)
        abort();
    while (lock_waits(r) == before && !c->finished)
        usleep(200);
}

// ---- sessions

static void open_session(struct runner *r, struct str name, struct str user, struct str database)
{
    if (r->n_clients == SESSIONS_MAX)
        abort();
    struct client *c = &r->clients[r->n_clients++];
    *c = (struct client){0};
    snprintf(c->name, sizeof(c->name), "%.*s", STR_FMT(name));
    struct err err = ERR_INIT;
    ptrdiff_t dot = str_find(database, STR("."), 0);
    struct str cluster = dot >= 0 ? str_slice(database, 0, (size_t)dot) : CLUSTER_SYSTEM_NAME;
    struct session_options options = {.user = user,
                                      .database = str_slice(database, (size_t)(dot + 1), database.len),
                                      .client_address = STR("127.0.0.1:1"),
                                      .auth_method = STR("trust"),
                                      .notified = notified};
    char seed[16];
    snprintf(seed, sizeof(seed), "%d", r->rules);
    struct session_parameter tiny = {STR("distsql_workmem"), STR("1")};
    struct session_parameter random[] = {
        {STR("testing_optimizer_random_seed"), str_of(seed)},
        {STR("testing_optimizer_disable_rule_probability"), STR("0.4")},
        {STR("testing_optimizer_cost_perturbation"), STR("20")},
    };
    options.parameters = r->spill ? &tiny : random;
    options.n_parameters = r->spill ? 1 : r->rules > 0 && !r->plans ? ARRAY_LEN(random) : 0;
    if (clusters_acquire(r->clusters, cluster_named(cluster), &c->engine, &err) != 0 ||
        session_new(c->engine, &options, &c->session, &err) != 0) {
        if (r->fail > 0 && sim_fault_happened(r->sim)) { // the run is over, or goes on in another session
            r->n_clients--;
            if (c->engine != NULL)
                clusters_release(r->clusters, c->engine);
            err_reset(&err);
            return;
        }
        printf("%s:%d: session %s: %s\n", r->file, r->line, c->name, err.message);
        exit(1);
    }
    err_reset(&err);
    r->current = c;
}

static void use_session(struct runner *r, struct str name, struct str user, struct str database)
{
    for (int i = 0; i < r->n_clients; i++) {
        if (str_eqc(name, r->clients[i].name)) {
            r->current = &r->clients[i];
            return;
        }
    }
    open_session(r, name, user.len > 0 ? user : STR("root"), database.len > 0 ? database : STR("defaultdb"));
}

static void close_client(struct runner *r, struct client *c)
{
    if (c->in_background)
        pthread_join(c->thread, NULL);
    session_free(c->session);
    clusters_release(r->clusters, c->engine);
    buf_release(&c->sql);
    buf_release(&c->out.text);
}

// A background block of a run that ended early may wait for a lock that only the end of a later session releases.
static void cancel_background(struct runner *r)
{
    for (int i = 0; i < r->n_clients; i++) {
        struct client *c = &r->clients[i];
        int32_t pid, secret;
        session_backend_key(c->session, &pid, &secret);
        if (c->in_background)
            sql_engine_cancel(c->engine, pid, secret);
    }
}

static void close_sessions(struct runner *r)
{
    cancel_background(r);
    for (int i = 0; i < r->n_clients; i++)
        close_client(r, &r->clients[i]);
    r->n_clients = 0;
}

// The session opened last; the first one is current then.
static void close_last(struct runner *r)
{
    if (r->n_clients > 1)
        close_client(r, &r->clients[--r->n_clients]);
    r->current = &r->clients[0];
}

// ---- items of a file

static int compare_bytes(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

// With rules off a result without order may come in any: the same bytes are enough.
static bool same_bytes(struct str a, struct str b)
{
    struct buf l = BUF_INIT, r = BUF_INIT;
    buf_str(&l, a);
    buf_str(&r, b);
    qsort(l.ptr, l.len, 1, compare_bytes);
    qsort(r.ptr, r.len, 1, compare_bytes);
    bool same = str_eq(buf_view(&l), buf_view(&r));
    buf_release(&l);
    buf_release(&r);
    return same;
}

// With rules off there may be no plan that a hint or a setting asks for.
static bool hint_refused(struct str actual)
{
    return says(actual, "could not produce a query plan conforming") ||
           says(actual, "scan which is explicitly disallowed");
}

static void check(struct runner *r, struct str what, struct str actual, struct str expected)
{
    if (r->fail > 0 && sim_fault_happened(r->sim))
        return;
    bool ok = matches(actual, expected);
    bool ordered = says(what, "ORDER BY") && !says(what, "OVER") && !says(what, "RETURNING");
    if (r->rules > 0)
        ok |= says(what, "EXPLAIN") || (!ordered && same_bytes(actual, expected)) || hint_refused(actual);
    r->passed += ok;
    r->failed += !ok;
    if (!ok && !r->rewrite)
        printf("%s:%d: %.*s\n--- actual\n%.*s\n--- expected\n%.*s\n\n", r->file, r->line, STR_FMT(what),
               STR_FMT(actual), STR_FMT(expected));
}

static void keep(struct runner *r, struct str text)
{
    if (r->rewritten != NULL)
        fprintf(r->rewritten, "%.*s\n", STR_FMT(text));
}

// "SQL => result" to its halves; expected is empty when there is no arrow yet.
static void split_arrow(struct str line, struct str *sql, struct str *expected)
{
    ptrdiff_t arrow = -1;
    for (ptrdiff_t at = -1; (at = str_find(line, STR(" =>"), (size_t)(at + 1))) >= 0;)
        arrow = at;
    *sql = arrow < 0 ? line : str_slice(line, 0, (size_t)arrow);
    *expected = arrow < 0 ? STR_EMPTY : str_trim(str_slice(line, (size_t)arrow + 3, line.len));
}

static void reset_modes(struct runner *r)
{
    r->sort = r->background = r->skip = r->has_params = r->plan = false;
    r->n_params = 0;
}

static void run_one_line(struct runner *r, struct str line)
{
    struct output o = {0};
    struct str sql, expected;
    struct buf text = BUF_INIT;
    split_arrow(line, &sql, &expected);
    output_start(&o, r->current->session);
    o.one_line = true;
    o.sort = r->sort;
    o.expression = line.ptr[0] == '=';
    buf_cstr(&text, o.expression ? "SELECT " : "");
    buf_str(&text, str_trim(str_slice(sql, 1, sql.len)));
    if (r->skip) {
        r->skipped++;
        buf_str(&o.text, expected);
    } else {
        run_item(r, &o, buf_view(&text), expected);
        check(r, sql, buf_view(&o.text), expected);
    }
    if (r->rewritten != NULL)
        fprintf(r->rewritten, "%.*s => %.*s\n", STR_FMT(sql),
                STR_FMT(matches(buf_view(&o.text), expected) ? expected : buf_view(&o.text)));
    buf_release(&o.text);
    buf_release(&text);
    reset_modes(r);
}

static void run_block(struct runner *r, struct str sql, struct str expected)
{
    struct output o = {0};
    output_start(&o, r->current->session);
    o.sort = r->sort;
    if (r->skip) {
        r->skipped++;
        buf_str(&o.text, expected);
    } else if (r->background) {
        start_background(r, sql);
    } else {
        run_item(r, &o, sql, expected);
        check(r, sql, buf_view(&o.text), expected);
    }
    keep(r, sql);
    keep(r, STR("----"));
    if (o.text.len > 0)
        keep(r, buf_view(&o.text));
    keep(r, STR_EMPTY);
    buf_release(&o.text);
    reset_modes(r);
}

static void join_background(struct runner *r, struct str line, struct str expected)
{
    struct client *c = r->current;
    if (!c->in_background) {
        check(r, line, STR("(no background block)"), expected);
        return;
    }
    pthread_join(c->thread, NULL);
    c->in_background = false;
    if (c->usual_plan)
        randomize(r, true);
    check(r, line, buf_view(&c->out.text), expected);
    if (r->rewritten != NULL)
        fprintf(r->rewritten, "@join => %.*s\n", STR_FMT(buf_view(&c->out.text)));
}

static void check_status(struct runner *r, struct str line, struct str expected)
{
    char status = session_transaction_status(r->current->session);
    check(r, line, (struct str){&status, 1}, expected);
    if (r->rewritten != NULL)
        fprintf(r->rewritten, "@status => %c\n", status);
}

static void read_params(struct runner *r, struct str text)
{
    r->has_params = true;
    r->n_params = 0;
    buf_clear(&r->param_text);
    buf_str(&r->param_text, text);
    text = buf_view(&r->param_text);
    while (r->n_params < PARAMETERS_MAX) {
        ptrdiff_t bar = str_find(text, STR("|"), 0);
        struct str one = str_trim(bar < 0 ? text : str_slice(text, 0, (size_t)bar));
        r->params[r->n_params++] = (struct bind_value){.null = str_eqc(one, "NULL"), .bytes = one};
        if (bar < 0)
            break;
        text = str_slice(text, (size_t)bar + 1, text.len);
    }
}

static struct str next_word(struct str *s)
{
    *s = str_trim(*s);
    size_t n = 0;
    while (n < s->len && s->ptr[n] != ' ')
        n++;
    struct str word = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->len);
    return word;
}

static void directive(struct runner *r, struct str line)
{
    struct str sql, expected, rest = str_slice(line, 1, line.len), word = next_word(&rest);
    split_arrow(line, &sql, &expected);
    if (str_eqc(word, "join")) {
        join_background(r, line, expected);
        return;
    }
    if (str_eqc(word, "status")) {
        check_status(r, line, expected);
        return;
    }
    keep(r, line);
    if (str_eqc(word, "session")) {
        struct str name = next_word(&rest), user = next_word(&rest), database = next_word(&rest);
        use_session(r, name, user, database);
    } else if (str_eqc(word, "close")) {
        close_last(r);
    } else if (str_eqc(word, "sort")) {
        r->sort = true;
    } else if (str_eqc(word, "params")) {
        read_params(r, str_trim(rest));
    } else if (str_eqc(word, "background")) {
        r->background = true;
    } else if (str_eqc(word, "skip")) {
        r->skip = true;
    } else if (str_eqc(word, "plan")) {
        r->plan = true;
    } else if (str_eqc(word, "plans")) {
        r->plans = true;
        randomize(r, false);
    } else {
        check(r, line, STR("unknown directive"), STR_EMPTY);
    }
}

// ---- files

struct reader {
    struct str text;
    size_t at;
    int line;
};

static bool read_line(struct reader *in, struct str *line)
{
    if (in->at >= in->text.len)
        return false;
    ptrdiff_t end = str_find(in->text, STR("\n"), in->at);
    size_t to = end < 0 ? in->text.len : (size_t)end;
    *line = str_slice(in->text, in->at, to);
    in->at = to + 1;
    in->line++;
    return true;
}

// The lines from `from` up to one that equals `end` (or the file's end), without their last newline.
static struct str read_until(struct reader *in, size_t from, const char *end)
{
    struct str line;
    size_t to = from;
    while (read_line(in, &line)) {
        size_t start = (size_t)(line.ptr - in->text.ptr);
        if (str_eqc(line, end))
            return str_slice(in->text, from, MAX(to, from));
        to = start + line.len;
    }
    return str_slice(in->text, from, MAX(to, from));
}

static void run_text(struct runner *r, struct str text)
{
    struct reader in = {.text = text};
    struct str line;
    while (read_line(&in, &line) && kv_failure(r->kv) == NULL) {
        r->line = in.line;
        if (line.len == 0 || line.ptr[0] == '#') {
            keep(r, line);
        } else if (line.ptr[0] == '@') {
            directive(r, line);
        } else if (line.ptr[0] == '=' || line.ptr[0] == '>') {
            run_one_line(r, line);
        } else {
            size_t from = (size_t)(line.ptr - text.ptr);
            in.at = from;
            in.line--;
            struct str sql = read_until(&in, from, "----");
            struct str expected = read_until(&in, in.at, "");
            run_block(r, sql, expected);
        }
    }
}

static bool read_file(const char *path, struct buf *out)
{
    char chunk[65536];
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return false;
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        buf_append(out, chunk, n);
    fclose(f);
    return true;
}

static void must(int rc, struct err *err)
{
    if (rc == 0)
        return;
    printf("%s\n", err->message);
    exit(1);
}

static void open_store(struct runner *r)
{
    struct err err = ERR_INIT;
    struct kv_options options = {.impose_distributed_limits = r->limits};
    if (r->fail > 0) {
        options.os = sim_os(r->sim);
        options.memtable_bytes = 64 << 10;
    }
    must(kv_open(r->fail > 0 ? "local:store" : "mem:", &options, &r->kv, &err), &err);
}

static void open_clusters(struct runner *r)
{
    struct err err = ERR_INIT;
    struct sql_engine_options options = {
        .kv = r->kv, .cluster_name = "test", .sql_port = 26257, .http_port = 8080, .advertise_host = STR("localhost")};
    if (r->refuse > 0) {
        budget_init(&r->account, "test", 0, NULL);
        r->account.refuses = refuse_nth;
        options.budget = &r->account;
    }
    options.os = sim_os(r->sim);
    options.temp_dir = "temp";
    options.batch_rows_max = r->spill ? 3 : 0;
    int error = options.os->make_dir(options.os, "temp");
    if (error != 0 && error != EEXIST)
        exit(1);
    must(clusters_open(r->kv, &(struct clusters_options){.engine = &options}, &r->clusters, &err), &err);
}

static void open_all(struct runner *r)
{
    r->sim = sim_new(1);
    r->plans = false;
    open_store(r);
    open_clusters(r);
    use_session(r, STR("root"), STR_EMPTY, STR_EMPTY);
}

static void close_all(struct runner *r)
{
    close_sessions(r);
    clusters_close(r->clusters);
    kv_close(r->kv);
}

static void on_finding(struct sql_check *c, struct str line)
{
    printf("consistency: %.*s\n", STR_FMT(line));
}

// What the file leaves behind is consistent: every index entry has its row, every descriptor its name.
static int check_clusters(struct runner *r, struct arena *a, struct sql_check *c, struct err *err)
{
    struct cluster_info *list;
    size_t n;
    TRY(clusters_list(r->clusters, a, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct sql_engine *engine;
        if (list[i].state != CLUSTER_STATE_READY)
            continue;
        TRY(clusters_acquire(r->clusters, (struct cluster_spec){.id = list[i].id}, &engine, err));
        int rc = sql_engine_check(engine, c, err);
        clusters_release(r->clusters, engine);
        TRY(rc);
    }
    return 0;
}

static void check_consistency(struct runner *r)
{
    struct sql_check c = {.found = on_finding};
    struct err err = ERR_INIT;
    struct arena a;
    arena_init(&a, NULL);
    bool ok = check_clusters(r, &a, &c, &err) == 0 && c.findings == 0;
    arena_release(&a);
    if (err.message != NULL)
        printf("%s: check: %s\n", r->file, err.message);
    r->passed += ok;
    r->failed += !ok;
    err_reset(&err);
}

// What was charged has been given back.
static void check_account(struct runner *r)
{
    if (r->refuse == 0)
        return;
    size_t left = r->account.used_bytes;
    r->passed += left == 0;
    r->failed += left != 0;
    if (left != 0)
        printf("%s: %zu bytes are still charged\n", r->file, left);
}

// ---- failing I/O

static const struct fault_kind {
    const char *name;
    struct sim_fault fault;
} fault_kinds[] = {
    {"writes", {SIM_OP_WRITE, 0, EIO, false, true}},
    {"writes, as all after it, to a full disk", {SIM_OP_WRITE | SIM_OP_ALLOCATE, 0, ENOSPC, true, true}},
    {"syncs", {SIM_OP_SYNC, 0, EIO, false, false}},
    {"syncs of directories", {SIM_OP_SYNC_DIR, 0, EIO, false, false}},
    {"allocations and changes of size", {SIM_OP_ALLOCATE | SIM_OP_TRUNCATE, 0, EIO, false, false}},
    {"changes of names", {SIM_OP_OPEN | SIM_OP_RENAME | SIM_OP_UNLINK, 0, EACCES, false, false}},
    {"reads", {SIM_OP_READ, 0, EIO, false, false}},
};

static void fail_check(struct runner *r, struct sim_fault fault, const char *what, struct str detail)
{
    const char *name = "operations";
    for (size_t i = 0; i < ARRAY_LEN(fault_kinds); i++)
        if (fault_kinds[i].fault.ops == fault.ops)
            name = fault_kinds[i].name;
    printf("%s: number %llu of the %s fails: %s%.*s\n", r->file, (unsigned long long)fault.n, name, what,
           STR_FMT(detail));
    r->failed++;
}

// Checksum of all keys and values as of the version. False when they cannot be read.
static bool checksum(struct runner *r, uint64_t version, uint32_t *out)
{
    struct kv_txn *t;
    struct kv_scan *scan;
    struct kv_batch batch;
    uint32_t sum = 0;
    if (kv_begin(r->kv, &(struct kv_begin_options){.as_of = version}, &t) != KV_OK)
        return false;
    enum kv_result result = kv_scan_open(t, (struct kv_range){STR_EMPTY, STR_NONE}, 0, 0, &scan);
    while (result == KV_OK && (result = kv_scan_next(scan, 100, &batch)) == KV_OK && batch.n > 0) {
        for (size_t i = 0; i < batch.n; i++) {
            sum = crc32c(sum, batch.pairs[i].key.ptr, batch.pairs[i].key.len);
            sum = crc32c(sum, batch.pairs[i].value.ptr, batch.pairs[i].value.len);
        }
    }
    kv_abort(t);
    *out = sum;
    return result == KV_OK;
}

static void expect(struct runner *r, struct sim_fault fault, const char *sql, bool works, const char *or_else)
{
    struct output o = {0};
    output_start(&o, r->clients[0].session);
    run_simple(&o, str_of(sql));
    if (says(buf_view(&o.text), "ERROR") == works && !says(buf_view(&o.text), or_else))
        fail_check(r, fault, sql, buf_view(&o.text));
    buf_release(&o.text);
}

// A store that has failed takes nothing more.
static void check_failed_store(struct runner *r, struct sim_fault fault)
{
    struct output o = {0};
    if (kv_failure(r->kv) == NULL || r->clients[0].in_background)
        return;
    output_start(&o, r->clients[0].session);
    run_simple(&o, STR("ROLLBACK"));
    buf_release(&o.text);
    expect(r, fault, "SELECT count(*) FROM pg_class", true, "ERROR 58030"); // LMDB may refuse readers, too
    expect(r, fault, "CREATE TABLE in_vain (a INT)", false, "ERROR");
}

// Runs the file with the fault, restarts. True when the fault happened: there may be a next one.
static bool fail_once(struct runner *r, struct str text, struct sim_fault fault)
{
    open_all(r);
    sim_set_fault(r->sim, fault);
    run_text(r, text);
    bool happened = sim_fault_happened(r->sim);
    check_failed_store(r, fault);
    close_sessions(r);
    uint64_t version = kv_now(r->kv);
    uint32_t before, after;
    bool readable = checksum(r, version, &before);
    close_all(r);
    sim_set_fault(r->sim, (struct sim_fault){0});
    sim_power_on(r->sim, fault.n % 2 == 0 ? SIM_LOSE_NOTHING : SIM_LOSE_SOME_4096);
    open_store(r);
    if (!checksum(r, version, &after) || (readable && after != before))
        fail_check(r, fault, "the restarted store has other content", STR_EMPTY);
    open_clusters(r);
    check_consistency(r);
    use_session(r, STR("root"), STR_EMPTY, STR_EMPTY);
    expect(r, fault, "CREATE TABLE defaultdb.after_restart (a INT)", true, "after_restart already");
    close_all(r);
    sim_free(r->sim);
    r->faults += happened;
    return happened;
}

static void run_failing(struct runner *r, struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(fault_kinds); i++) {
        struct sim_fault fault = fault_kinds[i].fault;
        fault.n = 1;
        for (bool happened = true; happened; fault.n += r->fail + fault.n / 256 * 8)
            happened = fail_once(r, text, fault);
    }
}

static void run_file(struct runner *r, const char *path)
{
    struct buf text = BUF_INIT;
    char temporary[4096];
    if (!read_file(path, &text)) {
        printf("%s: cannot read\n", path);
        r->failed++;
        return;
    }
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    r->file = path;
    if (r->fail > 0) {
        run_failing(r, buf_view(&text));
        buf_release(&text);
        return;
    }
    r->rewritten = r->rewrite ? fopen(temporary, "w") : NULL;
    open_all(r);
    run_text(r, buf_view(&text));
    close_sessions(r);
    check_consistency(r);
    close_all(r);
    sim_free(r->sim);
    check_account(r);
    buf_release(&text);
    if (r->rewritten != NULL && fclose(r->rewritten) == 0)
        rename(temporary, path);
}

static int is_test(const struct dirent *entry)
{
    struct str name = str_of(entry->d_name);
    return name.len > 5 && str_eqc(str_slice(name, name.len - 5, name.len), ".test");
}

static void run_path(struct runner *r, const char *path)
{
    struct stat st;
    struct dirent **entries;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        run_file(r, path);
        return;
    }
    int n = scandir(path, &entries, is_test, alphasort);
    for (int i = 0; i < n; i++) {
        char file[4096];
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        run_file(r, file);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    struct runner r = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--rewrite") == 0)
            r.rewrite = true;
        else if (strcmp(argv[i], "--extended") == 0)
            r.extended = true;
        else if (strcmp(argv[i], "--limits") == 0)
            r.limits = true;
        else if (strcmp(argv[i], "--spill") == 0)
            r.spill = true;
        else if (strncmp(argv[i], "--rules=", 8) == 0)
            r.rules = atoi(argv[i] + 8);
        else if (strncmp(argv[i], "--refuse=", 9) == 0)
            r.refuse = strtoull(argv[i] + 9, NULL, 10);
        else if (strncmp(argv[i], "--fail=", 7) == 0)
            r.fail = strtoull(argv[i] + 7, NULL, 10);
        else
            run_path(&r, argv[i]);
    }
    buf_release(&r.param_text);
    if (r.fail > 0)
        printf("%llu faults\n", (unsigned long long)r.faults);
    if (r.refuse > 0)
        printf("%llu refusals, %llu in explicit transactions\n", (unsigned long long)r.refusals,
               (unsigned long long)r.refusals_inside);
    printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped);
    return r.failed != 0;
}
