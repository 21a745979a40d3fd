// Serializability at random: clients on the SQL interface append to lists and read them, move money, and a checker
// (history.h) looks for cycles. The checker proves itself: on histories made by hand, at the weaker levels, and on
// stores with one validation step switched off, each of which must be found within some rounds.
//
//     serializability_test [--transactions=N] [--clients=N] [--seed=N] [CASE]
#include "base/util.h"
#include "isolation/lists.h"
#include "kv/kv.h"
#include "sql/session/session.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 10, ACCOUNTS = 8, ACCOUNT_BALANCE = 100 };

static struct {
    int transactions, clients;
    uint64_t seed;
    int passed, failed;
} test = {.transactions = 1500, .clients = 16, .seed = 1};

// ---- a session and the text of its rows

struct client {
    struct lists_client lists;
    struct result_sink sink;
    struct session *session;
    struct load *load;
    pthread_t thread;
};

struct load {
    struct kv *kv;
    struct sql_engine *engine;
    const char *level;
    struct client *clients; // and one more, which sets up and reads what is left
    int transactions;       // to run by all
    _Atomic int started, next_element, aborted;
    _Atomic bool broken; // an error other than a conflict, or money made
};

static struct client *client_of(struct result_sink *sink)
{
    return CONTAINER_OF(sink, struct client, sink);
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct client *c = client_of(sink);
    for (uint32_t k = 0; k < batch->n; k++) {
        for (uint32_t i = 0; i < batch->ncols; i++) {
            struct datum d = vec_get(&batch->cols[i], batch_row(batch, k));
            buf_cstr(&c->lists.rows, i > 0 ? "|" : "");
            if (!d.null)
                datum_print(&c->lists.rows, batch->cols[i].type, d, session_value_context(c->session));
        }
        buf_putc(&c->lists.rows, '\n');
    }
    return 0;
}

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static void on_complete(struct result_sink *sink, struct str tag)
{
    if (str_has_prefix(tag, STR("UPDATE 0")))
        buf_cstr(&client_of(sink)->lists.rows, "none");
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
}

static size_t on_mark(struct result_sink *sink)
{
    return client_of(sink)->lists.rows.len;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    client_of(sink)->lists.rows.len = mark;
    return true;
}

static const struct result_sink_ops sink_ops = {.describe = on_describe,
                                                .rows = on_rows,
                                                .complete = on_complete,
                                                .notice = on_notice,
                                                .mark = on_mark,
                                                .rewind = on_rewind};

static int query(struct lists_client *lists, const char *sql)
{
    struct client *c = CONTAINER_OF(lists, struct client, lists);
    struct err err = ERR_INIT;
    int rc = session_query(c->session, str_of(sql), &c->sink, &err);
    if (rc != 0 && rc != ERR_SERIALIZATION_FAILURE && rc != ERR_UNIQUE_VIOLATION && rc != ERR_CHECK_VIOLATION &&
        !atomic_exchange(&c->load->broken, true))
        printf("  %s: %s\n", sql, err.message);
    err_reset(&err);
    return rc;
}

static void client_open(struct client *c, struct load *load, uint64_t seed)
{
    struct err err = ERR_INIT;
    struct session_options options = {
        .user = STR("root"), .database = STR("defaultdb"), .client_address = STR(""), .auth_method = STR("trust")};
    *c = (struct client){.sink = {&sink_ops}, .load = load};
    lists_client_init(&c->lists, query, seed, &load->next_element);
    if (session_new(load->engine, &options, &c->session, &err) != 0) {
        printf("%s\n", err.message);
        exit(1);
    }
    if (lists_run(&c->lists, "SET default_transaction_isolation = '%s'", load->level) != 0)
        exit(1);
}

static void client_close(struct client *c)
{
    session_free(c->session);
    lists_client_release(&c->lists);
}

static int below(struct client *c, int n)
{
    return (int)rng_below(&c->lists.rng, (uint64_t)n);
}

// ---- lists

static void *run_lists(void *arg)
{
    struct client *c = arg;
    int number;
    while ((number = atomic_fetch_add(&c->load->started, 1)) < c->load->transactions && !c->load->broken)
        if (lists_transaction(&c->lists, number) != 0)
            atomic_fetch_add(&c->load->aborted, 1);
    return NULL;
}

// ---- money

static void *run_bank(void *arg)
{
    struct client *c = arg;
    while (atomic_fetch_add(&c->load->started, 1) < c->load->transactions && !c->load->broken) {
        int from = below(c, ACCOUNTS), to = below(c, ACCOUNTS), amount = 1 + below(c, 20);
        int rc = lists_run(&c->lists, "BEGIN");
        if (rc == 0)
            rc = lists_run(&c->lists, "SELECT sum(balance) FROM accounts");
        if (rc == 0 && atoi(buf_c(&c->lists.rows)) != ACCOUNTS * ACCOUNT_BALANCE &&
            !atomic_exchange(&c->load->broken, true))
            printf("  a transaction has seen %s in all\n", buf_c(&c->lists.rows));
        if (rc == 0)
            rc = lists_run(&c->lists, "UPDATE accounts SET balance = balance - %d WHERE id = %d", amount, from);
        if (rc == 0)
            rc = lists_run(&c->lists, "UPDATE accounts SET balance = balance + %d WHERE id = %d", amount, to);
        if (rc == 0)
            rc = lists_run(&c->lists, "COMMIT");
        if (rc != 0) {
            int ignored = lists_run(&c->lists, "ROLLBACK");
            (void)ignored;
            atomic_fetch_add(&c->load->aborted, 1);
        }
    }
    return NULL;
}

// ---- runs

static void load_open(struct load *load, const char *level, unsigned skip)
{
    struct err err = ERR_INIT;
    struct kv_options options = {.skip = skip};
    *load = (struct load){.level = level, .transactions = test.transactions};
    if (kv_open("mem:", &options, &load->kv, &err) != 0) {
        printf("%s\n", err.message);
        exit(1);
    }
    struct sql_engine_options engine = {.kv = load->kv, .cluster_name = "test", .advertise_host = STR("localhost")};
    if (sql_engine_open(&engine, &load->engine, &err) != 0) {
        printf("%s\n", err.message);
        exit(1);
    }
}

static void load_close(struct load *load)
{
    for (int i = 0; i <= test.clients; i++)
        client_close(&load->clients[i]);
    mem_free(load->clients);
    sql_engine_close(load->engine);
    kv_close(load->kv);
}

static void run_clients(struct load *load, const char *setup, void *(*body)(void *arg), struct history *all,
                        struct arena *a)
{
    struct client *clients = mem_zalloc(sizeof(*clients) * (size_t)(test.clients + 1));
    struct client *last = &clients[test.clients];
    load->clients = clients;
    client_open(last, load, test.seed);
    if (lists_run(&last->lists, "%s", setup) != 0 ||
        lists_run(&last->lists, "CREATE TABLE after_it (k INT PRIMARY KEY)") != 0)
        exit(1); // two commits: a reader that misses one still finds its tables
    for (int i = 0; i < test.clients; i++)
        client_open(&clients[i], load, test.seed * 1000 + (uint64_t)i);
    for (int i = 0; i < test.clients; i++) {
        if (pthread_create(&clients[i].thread, NULL, body, &clients[i]) != 0)
            exit(1);
    }
    for (int i = 0; i < test.clients; i++) {
        pthread_join(clients[i].thread, NULL);
        for (size_t k = 0; k < clients[i].lists.history.txns.len; k++)
            ARENA_PUSH(a, &all->txns, clients[i].lists.history.txns.ptr[k]);
    }
    struct history_txn all_read;
    if (body != run_lists)
        return;
    if (lists_read_all(&last->lists, load->transactions, &all_read) != 0)
        exit(1);
    ARENA_PUSH(a, &all->txns, all_read);
}

// Runs the load and returns how many violations there were.
static int violations(const char *level, unsigned skip, void *(*body)(void *arg), const char *setup, struct buf *report)
{
    struct load load;
    struct history all = {0};
    struct arena a;
    arena_init(&a, NULL);
    load_open(&load, level, skip);
    run_clients(&load, setup, body, &all, &a);
    int n = body == run_lists ? history_check(&all, report) : 0;
    n += load.broken;
    printf("  %s, %d transactions, %d rolled back: %d violations\n", level, load.transactions, load.aborted, n);
    load_close(&load);
    arena_release(&a);
    return n;
}

static void judge(const char *name, bool ok, struct buf *report)
{
    printf("%s %s\n", ok ? "ok  " : "FAIL", name);
    if (!ok)
        printf("%s", buf_c(report));
    test.passed += ok;
    test.failed += !ok;
    buf_clear(report);
}

static const char lists_setup[] = LISTS_SETUP;
static const char bank_setup[] = "CREATE TABLE accounts (id INT PRIMARY KEY, balance INT CHECK (balance >= 0)); "
                                 "INSERT INTO accounts SELECT i, 100 FROM generate_series(0, 7) AS g(i)";

// ---- the checker on what is known

static void made_by_hand(struct buf *report)
{
    struct arena a;
    arena_init(&a, NULL);
    static const int none[1], zero[] = {0}, both[] = {0, 1}, one[] = {1};
    // Two append to different keys and miss each other's: write skew.
    struct history h = {.arena = &a};
    struct history_txn t0 = {.began_ns = 1, .ended_ns = 10, .committed = true}, t1 = t0,
                       last = {.began_ns = 20, .ended_ns = 21, .committed = true};
    ARENA_PUSH(&a, &t0.ops, ((struct history_op){.key = 1, .list = none}));
    ARENA_PUSH(&a, &t0.ops, ((struct history_op){.append = true, .key = 0, .element = 0}));
    ARENA_PUSH(&a, &t1.ops, ((struct history_op){.key = 0, .list = none}));
    ARENA_PUSH(&a, &t1.ops, ((struct history_op){.append = true, .key = 1, .element = 1}));
    ARENA_PUSH(&a, &last.ops, ((struct history_op){.key = 0, .list = zero, .n = 1}));
    ARENA_PUSH(&a, &last.ops, ((struct history_op){.key = 1, .list = one, .n = 1}));
    ARENA_PUSH(&a, &h.txns, t0);
    ARENA_PUSH(&a, &h.txns, t1);
    ARENA_PUSH(&a, &h.txns, last);
    judge("by hand: write skew is a cycle", history_check(&h, report) == 1, report);
    // One sees the other: a serial history.
    h.txns.ptr[1].ops.ptr[0] = (struct history_op){.key = 0, .list = zero, .n = 1};
    judge("by hand: a serial history is none", history_check(&h, report) == 0, report);
    // ... unless the one that is seen began after the other's end.
    h.txns.ptr[0].began_ns = 12;
    h.txns.ptr[0].ended_ns = 15;
    judge("by hand: a read from the future", history_check(&h, report) == 1, report);
    // A stale read: the append had ended before the reader began.
    h.txns.ptr[0] = t0;
    h.txns.ptr[1].ops.ptr[0] = (struct history_op){.key = 0, .list = none};
    h.txns.ptr[0].ops.len = 0;
    ARENA_PUSH(&a, &h.txns.ptr[0].ops, ((struct history_op){.append = true, .key = 0, .element = 0}));
    h.txns.ptr[1].began_ns = 11;
    h.txns.ptr[1].ended_ns = 12;
    judge("by hand: a stale read", history_check(&h, report) == 1, report);
    // An append that is acknowledged and gone.
    h.txns.ptr[2].ops.ptr[0].n = 0;
    judge("by hand: a lost append", history_check(&h, report) > 0, report);
    // A read of what was rolled back.
    h.txns.ptr[2].ops.ptr[0] = (struct history_op){.key = 0, .list = both, .n = 1};
    h.txns.ptr[0].committed = false;
    judge("by hand: an aborted append", history_check(&h, report) > 0, report);
    // Without an answer it may have been rolled back or not.
    h.txns.ptr[0].unknown = true;
    h.txns.ptr[1].ops.len = 1;
    h.txns.ptr[2].ops.len = 1;
    h.txns.ptr[2].ops.ptr[0] = (struct history_op){.key = 0, .list = none};
    judge("by hand: an append without an answer", history_check(&h, report) == 0, report);
    h.txns.ptr[2].ops.ptr[0] = (struct history_op){.key = 0, .list = zero, .n = 1};
    judge("by hand: one that took place later", history_check(&h, report) == 0, report);
    h.txns.ptr[1].ops.ptr[0] = (struct history_op){.key = 0, .list = zero, .n = 1};
    h.txns.ptr[2].ops.ptr[0] = (struct history_op){.key = 0, .list = none};
    judge("by hand: one that was seen and is gone", history_check(&h, report) > 0, report);
    arena_release(&a);
}

// ---- cases

static const struct {
    const char *name, *level;
    unsigned skip;
    void *(*body)(void *arg);
    const char *setup;
    bool holds;
} cases[] = {
    {"lists at serializable", "serializable", 0, run_lists, lists_setup, true},
    {"bank at serializable", "serializable", 0, run_bank, bank_setup, true},
    {"bank at repeatable read", "repeatable read", 0, run_bank, bank_setup, true},
    {"repeatable read is caught", "repeatable read", 0, run_lists, lists_setup, false},
    {"read committed is caught", "read committed", 0, run_lists, lists_setup, false},
    {"no validation before the turn", "serializable", KV_SKIP_VALIDATION, run_lists, lists_setup, false},
    {"no validation in the turn", "serializable", KV_SKIP_LATE_VALIDATION, run_lists, lists_setup, false},
    {"ranges are not remembered", "serializable", KV_SKIP_RANGES, run_lists, lists_setup, false},
    {"a refresh validates nothing", "serializable", KV_SKIP_REFRESH, run_lists, lists_setup, false},
    {"old snapshots for readers", "serializable", KV_SKIP_FRESHNESS, run_lists, lists_setup, false},
};

int main(int argc, char **argv)
{
    const char *only = NULL;
    struct buf report = BUF_INIT;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--transactions=", 15) == 0)
            test.transactions = atoi(argv[i] + 15);
        else if (strncmp(argv[i], "--clients=", 10) == 0)
            test.clients = atoi(argv[i] + 10);
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            test.seed = strtoull(argv[i] + 7, NULL, 10);
        else
            only = argv[i];
    }
    printf("seed %llu\n", (unsigned long long)test.seed);
    if (only == NULL)
        made_by_hand(&report);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (only != NULL && strcmp(only, cases[i].name) != 0)
            continue;
        int n = 0; // what is to be found may take some rounds
        for (int round = 0; round < (cases[i].holds ? 1 : ROUNDS_MAX) && n == 0; round++, test.seed++)
            n = violations(cases[i].level, cases[i].skip, cases[i].body, cases[i].setup, &report);
        judge(cases[i].name, (n == 0) == cases[i].holds, &report);
    }
    buf_release(&report);
    printf("%d passed, %d failed, 0 skipped\n", test.passed, test.failed);
    return test.failed > 0;
}
