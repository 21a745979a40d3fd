// Isolation specifications: sessions, steps and orders of them, run against a server through libpq.
//
//     isolation_test [--rewrite | --observe] [--table FILE] URL LABEL FILE.iso…
//
// A file has cases:
//
//     case NAME TITLE
//     setup STATEMENT               before every run; `cleanup STATEMENT` after it
//     levels A, B                   isolation levels to run at; without it all three
//     session a
//       STATEMENT                   its steps, one to a line, are a1, a2, …
//     session b
//       STATEMENT
//     order a1 b1 a2 …              one run; `order all` runs every interleaving of the sessions
//     end STATEMENT                 asked after a run
//     anomaly STEP RESULT           the anomaly has shown itself when all such lines hold; `end` is a step as well
//
// A step is sent when its turn comes. When the server says that it waits for a lock (pg_locks), `<waiting>` is recorded
// and the next one follows; steps of a session that waits are sent when it is free. What is recorded is compared with
// outcomes/NAME.LABEL beside the file; --rewrite puts it there, --observe does without. --table appends lines of NAME,
// TITLE, LABEL, level and what was observed, separated by tabs.
#include "base/base.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include <libgen.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SESSIONS_MAX = 4, STEPS_MAX = 12, ORDER_MAX = 48, LINES_MAX = 16, ORDERS_MAX = 32 };

enum level { READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE, LEVELS };
static const char *const level_names[LEVELS] = {"read committed", "repeatable read", "serializable"};

struct step {
    int session, number; // from 0
};

struct order {
    struct step steps[ORDER_MAX];
    int n;
};

struct spec {
    char *name, *title;
    char *setup[LINES_MAX], *cleanup[LINES_MAX];
    int n_setup, n_cleanup;
    bool levels[LEVELS];
    char session_names[SESSIONS_MAX];
    char *steps[SESSIONS_MAX][STEPS_MAX];
    int n_steps[SESSIONS_MAX], n_sessions;
    struct order orders[ORDERS_MAX];
    int n_orders;
    bool all_orders;
    char *end;
    struct {
        char *step, *result;
    } anomaly[LINES_MAX];
    int n_anomaly;
};

struct client {
    PGconn *conn;
    int sent, done;  // steps sent and answered
    int due;         // steps whose turn has come
    bool waiting;    // recorded as such
    struct buf text; // recorded since the last flush
};

// What the runs of one case at one level have shown.
struct verdict {
    int runs, anomalies;
    bool waited, failed, deadlocked;
};

static struct {
    const char *url, *label;
    FILE *table;
    bool rewrite, observe;
    PGconn *monitor;
    int passed, failed;
} test;

static void die(const char *what, const char *text)
{
    fprintf(stderr, "%s: %s\n", what, text);
    exit(2);
}

static PGconn *connect_to(void)
{
    PGconn *conn = PQconnectdb(test.url);
    if (PQstatus(conn) != CONNECTION_OK)
        die("connect", PQerrorMessage(conn));
    return conn;
}

static void execute(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        die(sql, PQresultErrorMessage(r));
    PQclear(r);
}

static void ignore_notice(void *arg, const PGresult *r)
{
}

// ---- results as text

static void put_rows(struct buf *b, const PGresult *r)
{
    if (PQntuples(r) == 0)
        buf_cstr(b, "no rows");
    for (int i = 0; i < PQntuples(r); i++) {
        buf_cstr(b, i > 0 ? " / " : "");
        for (int c = 0; c < PQnfields(r); c++)
            buf_printf(b, "%s%s", c > 0 ? " " : "", PQgetisnull(r, i, c) ? "NULL" : PQgetvalue(r, i, c));
    }
}

static void put_result(struct buf *b, PGresult *r)
{
    switch (PQresultStatus(r)) {
    case PGRES_TUPLES_OK:
        put_rows(b, r);
        break;
    case PGRES_COMMAND_OK:
        buf_cstr(b, PQcmdStatus(r));
        break;
    default:
        buf_printf(b, "ERROR %s", PQresultErrorField(r, PG_DIAG_SQLSTATE));
        break;
    }
}

// ---- running one order

struct run {
    const struct spec *spec;
    struct client clients[SESSIONS_MAX];
    char *results[SESSIONS_MAX][STEPS_MAX];
    char *end;
    struct buf *out;
    struct verdict *verdict;
};

static void put_step(struct run *run, int session, int number)
{
    buf_printf(&run->clients[session].text, "%c%d ", run->spec->session_names[session], number + 1);
}

static bool is_blocked(const struct client *c)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = %d AND NOT granted",
             PQbackendPID(c->conn));
    PGresult *r = PQexec(test.monitor, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        die(sql, PQresultErrorMessage(r));
    bool blocked = strcmp(PQgetvalue(r, 0, 0), "0") != 0;
    PQclear(r);
    return blocked;
}

static void send_due(struct run *run, int session)
{
    struct client *c = &run->clients[session];
    if (c->sent == c->due || c->sent > c->done)
        return;
    if (!PQsendQuery(c->conn, run->spec->steps[session][c->sent]))
        die("send", PQerrorMessage(c->conn));
    c->sent++;
    c->waiting = false;
}

// The answer of the step under way.
static void take_answer(struct run *run, int session)
{
    struct client *c = &run->clients[session];
    struct buf text = BUF_INIT;
    PGresult *r;
    while ((r = PQgetResult(c->conn)) != NULL) {
        buf_cstr(&text, text.len > 0 ? "; " : "");
        put_result(&text, r);
        PQclear(r);
    }
    run->verdict->failed |= str_has_prefix(buf_view(&text), STR("ERROR 40001"));
    run->verdict->deadlocked |= str_has_prefix(buf_view(&text), STR("ERROR 40P01"));
    put_step(run, session, c->done);
    buf_printf(&c->text, "%s\n", buf_c(&text));
    run->results[session][c->done] = strdup(buf_c(&text));
    c->done++;
    buf_release(&text);
    send_due(run, session);
}

// Until the session's step is answered or waits; false when it waits.
static bool settle(struct run *run, int session)
{
    struct client *c = &run->clients[session];
    while (c->sent > c->done) {
        if (!PQconsumeInput(c->conn))
            die("receive", PQerrorMessage(c->conn));
        if (!PQisBusy(c->conn)) {
            take_answer(run, session);
            continue;
        }
        if (is_blocked(c)) {
            if (!c->waiting) {
                put_step(run, session, c->done);
                buf_cstr(&c->text, "<waiting>\n");
            }
            c->waiting = run->verdict->waited = true;
            return false;
        }
        nanosleep(&(struct timespec){0, 200000}, NULL); // runs, and holds no lock back
    }
    return true;
}

// What one step has set free may set others free in turn.
static bool settle_all(struct run *run)
{
    bool all, progress;
    do {
        all = true;
        progress = false;
        for (int i = 0; i < run->spec->n_sessions; i++) {
            int done = run->clients[i].done;
            all &= settle(run, i);
            progress |= run->clients[i].done != done;
        }
    } while (progress);
    return all;
}

// Of several that one step has set free, who is done first is up to chance: they are recorded in the order of sessions.
static void flush(struct run *run)
{
    for (int i = 0; i < run->spec->n_sessions; i++) {
        buf_str(run->out, buf_view(&run->clients[i].text));
        buf_clear(&run->clients[i].text);
    }
}

static void take_turn(struct run *run, struct step step)
{
    struct client *c = &run->clients[step.session];
    c->due++;
    send_due(run, step.session);
    settle(run, step.session);
    flush(run);
    settle_all(run);
    flush(run);
}

static void begin_clients(struct run *run, enum level level)
{
    for (int i = 0; i < run->spec->n_sessions; i++) {
        struct client *c = &run->clients[i];
        *c = (struct client){.conn = connect_to()};
        PQsetNoticeReceiver(c->conn, ignore_notice, NULL);
        char sql[128];
        snprintf(sql, sizeof(sql), "SET default_transaction_isolation = '%s'", level_names[level]);
        execute(c->conn, sql);
        if (strcmp(test.label, "postgresql") == 0)
            execute(c->conn, "SET deadlock_timeout = '100ms'");
    }
}

static const char *result_of(const struct run *run, const char *step)
{
    if (strcmp(step, "end") == 0)
        return run->end;
    for (int i = 0; i < run->spec->n_sessions; i++) {
        if (step[0] == run->spec->session_names[i])
            return run->results[i][atoi(step + 1) - 1];
    }
    die("no such step", step);
    return NULL;
}

static bool has_anomaly(const struct run *run)
{
    const struct spec *s = run->spec;
    for (int i = 0; i < s->n_anomaly; i++) {
        const char *result = result_of(run, s->anomaly[i].step);
        if (result == NULL || strcmp(result, s->anomaly[i].result) != 0)
            return false;
    }
    return s->n_anomaly > 0;
}

static void finish_run(struct run *run)
{
    const struct spec *s = run->spec;
    for (int i = 0; i < s->n_sessions; i++) {
        PQfinish(run->clients[i].conn);
        buf_release(&run->clients[i].text);
    }
    if (s->end != NULL) {
        struct buf text = BUF_INIT;
        PGresult *r = PQexec(test.monitor, s->end);
        put_result(&text, r);
        PQclear(r);
        run->end = strdup(buf_c(&text));
        buf_printf(run->out, "end %s\n", run->end);
        buf_release(&text);
    }
    run->verdict->runs++;
    if (has_anomaly(run)) {
        run->verdict->anomalies++;
        buf_cstr(run->out, "anomaly\n");
    }
    for (int i = 0; i < s->n_sessions; i++) {
        for (int k = 0; k < s->n_steps[i]; k++)
            free(run->results[i][k]);
    }
    free(run->end);
}

static void run_order(const struct spec *s, enum level level, const struct order *order, struct verdict *v,
                      struct buf *out)
{
    struct run run = {.spec = s, .out = out, .verdict = v};
    buf_printf(out, "\n# %s, %s:", s->name, level_names[level]);
    for (int i = 0; i < order->n; i++)
        buf_printf(out, " %c%d", s->session_names[order->steps[i].session], order->steps[i].number + 1);
    buf_putc(out, '\n');
    for (int i = 0; i < s->n_setup; i++)
        execute(test.monitor, s->setup[i]);
    begin_clients(&run, level);
    for (int i = 0; i < order->n; i++)
        take_turn(&run, order->steps[i]);
    for (int tries = 0; !settle_all(&run); tries++) { // a deadlock that the server finds after a while
        if (tries == 5000)
            die(s->name, "a step waits for ever");
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    flush(&run);
    finish_run(&run);
    for (int i = 0; i < s->n_cleanup; i++)
        execute(test.monitor, s->cleanup[i]);
}

// Every interleaving, by choosing whose step comes next.
static void run_all(const struct spec *s, enum level level, struct order *order, int *taken, struct verdict *v,
                    struct buf *out)
{
    bool complete = true;
    for (int i = 0; i < s->n_sessions; i++) {
        if (taken[i] == s->n_steps[i])
            continue;
        complete = false;
        order->steps[order->n++] = (struct step){i, taken[i]++};
        run_all(s, level, order, taken, v, out);
        order->n--;
        taken[i]--;
    }
    if (complete)
        run_order(s, level, order, v, out);
}

static void tabulate(const struct spec *s, enum level level, const struct verdict *v)
{
    if (test.table == NULL || s->n_anomaly == 0)
        return;
    char cell[96];
    if (v->anomalies > 0 && v->runs > 1)
        snprintf(cell, sizeof(cell), "**in %d of %d orders**", v->anomalies, v->runs);
    else if (v->anomalies > 0)
        snprintf(cell, sizeof(cell), "**yes**");
    else
        snprintf(cell, sizeof(cell), "no%s%s%s", v->waited ? ", waits" : "", v->failed ? ", 40001" : "",
                 v->deadlocked ? ", 40P01" : "");
    fprintf(test.table, "%s\t%s\t%s\t%s\t%s\n", s->name, s->title, test.label, level_names[level], cell);
}

static void run_spec(const struct spec *s, struct buf *out)
{
    for (int level = 0; level < LEVELS; level++) {
        struct verdict v = {0};
        if (!s->levels[level])
            continue;
        for (int i = 0; i < s->n_orders; i++)
            run_order(s, (enum level)level, &s->orders[i], &v, out);
        if (s->all_orders) {
            struct order order = {.n = 0};
            int taken[SESSIONS_MAX] = {0};
            run_all(s, (enum level)level, &order, taken, &v, out);
        }
        tabulate(s, (enum level)level, &v);
    }
}

// ---- reading a file

static char *rest_of(char *line, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0'))
        return NULL;
    return line[n] == ' ' ? line + n + 1 : line + n;
}

static void add_line(char **lines, int *n, const char *text)
{
    if (*n == LINES_MAX)
        die("too many lines", text);
    lines[(*n)++] = strdup(text);
}

static void read_order(struct spec *s, char *text)
{
    if (strcmp(text, "all") == 0) {
        s->all_orders = true;
        return;
    }
    struct order *o = &s->orders[s->n_orders++];
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        int session = 0;
        while (session < s->n_sessions && s->session_names[session] != word[0])
            session++;
        if (session == s->n_sessions || o->n == ORDER_MAX)
            die("bad order", word);
        o->steps[o->n++] = (struct step){session, atoi(word + 1) - 1};
    }
}

static void read_levels(struct spec *s, const char *text)
{
    for (int i = 0; i < LEVELS; i++)
        s->levels[i] = strstr(text, level_names[i]) != NULL;
}

static void read_anomaly(struct spec *s, char *text)
{
    char *result = strchr(text, ' ');
    if (result == NULL || s->n_anomaly == LINES_MAX)
        die("bad anomaly", text);
    *result++ = '\0';
    s->anomaly[s->n_anomaly].step = strdup(text);
    s->anomaly[s->n_anomaly++].result = strdup(result);
}

static void read_step(struct spec *s, char *line)
{
    int session = s->n_sessions - 1;
    while (*line == ' ')
        line++;
    if (session < 0 || s->n_steps[session] == STEPS_MAX)
        die("step out of place", line);
    s->steps[session][s->n_steps[session]++] = strdup(line);
}

static void spec_release(struct spec *s)
{
    free(s->name);
    free(s->title);
    free(s->end);
    for (int i = 0; i < LINES_MAX; i++) {
        free(s->setup[i]);
        free(s->cleanup[i]);
        free(s->anomaly[i].step);
        free(s->anomaly[i].result);
    }
    for (int i = 0; i < SESSIONS_MAX; i++) {
        for (int k = 0; k < STEPS_MAX; k++)
            free(s->steps[i][k]);
    }
    *s = (struct spec){0};
}

static void begin_case(struct spec *s, char *text)
{
    char *title = strchr(text, ' ');
    *s = (struct spec){.levels = {true, true, true}};
    if (title != NULL)
        *title++ = '\0';
    s->name = strdup(text);
    s->title = strdup(title != NULL ? title : "");
}

static void read_line(struct spec *s, char *line, struct buf *out)
{
    char *rest;
    if ((rest = rest_of(line, "case")) != NULL) {
        if (s->name != NULL)
            run_spec(s, out);
        spec_release(s);
        begin_case(s, rest);
    } else if ((rest = rest_of(line, "setup")) != NULL) {
        add_line(s->setup, &s->n_setup, rest);
    } else if ((rest = rest_of(line, "cleanup")) != NULL) {
        add_line(s->cleanup, &s->n_cleanup, rest);
    } else if ((rest = rest_of(line, "levels")) != NULL) {
        read_levels(s, rest);
    } else if ((rest = rest_of(line, "session")) != NULL) {
        s->session_names[s->n_sessions++] = rest[0];
    } else if ((rest = rest_of(line, "order")) != NULL) {
        read_order(s, rest);
    } else if ((rest = rest_of(line, "end")) != NULL) {
        s->end = strdup(rest);
    } else if ((rest = rest_of(line, "anomaly")) != NULL) {
        read_anomaly(s, rest);
    } else if (line[0] == ' ') {
        read_step(s, line);
    } else if (line[0] != '\0' && line[0] != '#') {
        die("unknown line", line);
    }
}

static void run_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        die("cannot open", path);
    static struct spec spec;
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, f) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        read_line(&spec, line, out);
    }
    if (spec.name != NULL)
        run_spec(&spec, out);
    spec_release(&spec);
    free(line);
    fclose(f);
}

// ---- outcomes

// `outcomes/NAME.LABEL` in the file's folder.
static char *outcome_path(const char *path)
{
    struct buf b = BUF_INIT;
    char *folder = strdup(path), *file = strdup(path), *name = basename(file);
    buf_printf(&b, "%s/outcomes/%.*s.%s", dirname(folder), (int)strcspn(name, "."), name, test.label);
    char *result = strdup(buf_c(&b));
    free(folder);
    free(file);
    buf_release(&b);
    return result;
}

static void read_whole(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    char part[4096];
    size_t n;
    if (f == NULL)
        return;
    while ((n = fread(part, 1, sizeof(part), f)) > 0)
        buf_str(out, (struct str){part, n});
    fclose(f);
}

static void show_difference(const char *path, const char *actual, const char *expected)
{
    size_t at = 0, line = 1, begin = 0;
    for (; actual[at] == expected[at] && actual[at] != '\0'; at++) {
        if (actual[at] == '\n') {
            line++;
            if (actual[at + 1] == '#' || actual[at + 1] == '\n')
                begin = at + 1;
        }
    }
    printf("%s:%zu: differs from what is expected\n--- actual\n%.600s\n--- expected\n%.600s\n", path, line,
           actual + begin, expected + MIN(begin, strlen(expected)));
}

static void check_file(const char *path)
{
    struct buf actual = BUF_INIT, expected = BUF_INIT;
    char *outcome = outcome_path(path);
    run_file(path, &actual);
    read_whole(outcome, &expected);
    if (test.observe) {
        test.passed++;
    } else if (test.rewrite) {
        FILE *f = fopen(outcome, "w");
        if (f == NULL)
            die("cannot write", outcome);
        fwrite(actual.ptr, 1, actual.len, f);
        fclose(f);
        test.passed++;
    } else if (str_eq(buf_view(&actual), buf_view(&expected))) {
        test.passed++;
    } else {
        test.failed++;
        show_difference(outcome, buf_c(&actual), buf_c(&expected));
    }
    free(outcome);
    buf_release(&actual);
    buf_release(&expected);
}

int main(int argc, char **argv)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--rewrite") == 0)
            test.rewrite = true;
        else if (strcmp(argv[at], "--observe") == 0)
            test.observe = true;
        else if (strcmp(argv[at], "--table") == 0 && at + 1 < argc)
            test.table = fopen(argv[++at], "a");
    }
    if (argc - at < 3)
        die("usage", "isolation_test [--rewrite | --observe] [--table FILE] URL LABEL FILE.iso...");
    test.url = argv[at++];
    test.label = argv[at++];
    test.monitor = connect_to();
    PQsetNoticeReceiver(test.monitor, ignore_notice, NULL);
    for (; at < argc; at++)
        check_file(argv[at]);
    PQfinish(test.monitor);
    if (test.table != NULL)
        fclose(test.table);
    printf("%d passed, %d failed, 0 skipped\n", test.passed, test.failed);
    return test.failed > 0;
}
