// Failing operations on temporary files, the first, the second, the third … until a run stays clean: a statement that
// spills ends with the right SQLSTATE or with its rows, never with others; the session goes on, memory comes back and
// no file is left.
#include "../unit/check.h"
#include "base/budget.h"
#include "kv/kv.h"
#include "os/sim/sim.h"
#include "sql/session/session.h"
#include <errno.h>

static const struct kind {
    const char *name;
    unsigned ops;
    int error;
    bool partly;
    const char *sqlstate;
} kinds[] = {
    {"create", SIM_OP_OPEN, EACCES, false, "58030"}, {"unlink", SIM_OP_UNLINK, EIO, false, "58030"},
    {"write", SIM_OP_WRITE, EIO, false, "58030"},    {"full disk", SIM_OP_WRITE, ENOSPC, true, "53100"},
    {"read", SIM_OP_READ, EIO, false, "58030"},
};

static const char *const statements[] = {
    "SELECT sum(k * r) FROM (SELECT k, row_number() OVER (PARTITION BY b ORDER BY a) AS r FROM t)",
    "SELECT max(k) FROM (SELECT k, a FROM t ORDER BY a, b OFFSET 10)",
    "SELECT count(*) FROM (SELECT a, count(DISTINCT b), array_agg(k ORDER BY b) FROM t GROUP BY a)",
    "SELECT count(*), sum(x.k) FROM t AS x FULL JOIN t AS y ON x.a = y.a AND x.b <> y.b",
    "SELECT count(*) FROM (SELECT DISTINCT a, b FROM t)",
    "SELECT count(*) FROM (SELECT a FROM t EXCEPT SELECT b FROM t UNION SELECT k FROM t)",
};

struct collector {
    struct result_sink sink;
    struct buf text;
};

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
}

static int on_rows(struct result_sink *sink, const struct batch *b, struct err *err)
{
    struct collector *c = CONTAINER_OF(sink, struct collector, sink);
    static const struct value_context vc;
    for (uint32_t k = 0; k < b->n; k++) {
        for (uint32_t i = 0; i < b->ncols; i++) {
            datum_print(&c->text, b->cols[i].type, vec_get(&b->cols[i], batch_row(b, k)), &vc);
            buf_putc(&c->text, '|');
        }
    }
    return 0;
}

static void on_text(struct result_sink *sink, struct str tag)
{
}

static void on_event(struct result_sink *sink)
{
}

static void on_notice(struct result_sink *sink, const struct err *notice)
{
}

static void on_parameter(struct result_sink *sink, const char *name, struct str value)
{
}

static size_t on_mark(struct result_sink *sink)
{
    return CONTAINER_OF(sink, struct collector, sink)->text.len;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    CONTAINER_OF(sink, struct collector, sink)->text.len = mark;
    return true;
}

static const struct result_sink_ops collector_ops = {
    .describe = on_describe,
    .rows = on_rows,
    .complete = on_text,
    .empty = on_event,
    .suspended = on_event,
    .notice = on_notice,
    .parameter = on_parameter,
    .mark = on_mark,
    .rewind = on_rewind,
};

struct fixture {
    struct sim *sim;
    struct kv *kv;
    struct sql_engine *engine;
    struct session *session;
    struct collector out;
};

static void fail(const char *sql, const struct err *err)
{
    check_failures++;
    printf("  %s: %s\n", sql, err->message);
}

static int query(struct fixture *f, const char *sql, struct err *err)
{
    buf_clear(&f->out.text);
    *err = ERR_INIT;
    return session_query(f->session, str_of(sql), &f->out.sink, err);
}

static void must(struct fixture *f, const char *sql)
{
    struct err err;
    if (query(f, sql, &err) != 0)
        fail(sql, &err);
    err_reset(&err);
}

static void open_fixture(struct fixture *f)
{
    struct err err = ERR_INIT;
    *f = (struct fixture){.sim = sim_new(1), .out = {.sink = {&collector_ops}}};
    const struct os *os = sim_os(f->sim);
    struct kv_options kv_options = {0};
    CHECK(os->make_dir(os, "temp") == 0);
    CHECK(kv_open("mem:", &kv_options, &f->kv, &err) == 0);
    struct sql_engine_options options = {.kv = f->kv, .cluster_name = "test", .os = os, .temp_dir = "temp"};
    CHECK(sql_engine_open(&options, &f->engine, &err) == 0);
    struct session_parameter tiny = {STR("distsql_workmem"), STR("1")};
    struct session_options session = {
        .user = STR("root"), .database = STR("defaultdb"), .parameters = &tiny, .n_parameters = 1};
    CHECK(session_new(f->engine, &session, &f->session, &err) == 0);
    must(f, "CREATE TABLE t (k INT PRIMARY KEY, a INT, b INT)");
    must(f, "INSERT INTO t SELECT g, g * 7919 % 211, g % 17 FROM generate_series(1, 3000) AS g(g)");
}

static void close_fixture(struct fixture *f)
{
    session_free(f->session);
    sql_engine_close(f->engine);
    kv_close(f->kv);
    sim_free(f->sim);
    buf_release(&f->out.text);
}

static void count_name(void *arg, const char *name)
{
    ++*(int *)arg;
}

// One statement, the n-th operation failing; true when nothing failed.
static bool run(struct fixture *f, const struct kind *kind, uint64_t n, const char *sql, struct str expected)
{
    struct err err;
    sim_set_fault(f->sim, (struct sim_fault){.ops = kind->ops, .n = n, .error = kind->error, .partly = kind->partly});
    int rc = query(f, sql, &err);
    bool happened = sim_fault_happened(f->sim);
    sim_set_fault(f->sim, (struct sim_fault){0});
    char sqlstate[6];
    err_sqlstate(rc, sqlstate);
    if (happened ? strcmp(sqlstate, kind->sqlstate) != 0 : rc != 0)
        fail(sql, &err);
    err_reset(&err);
    if (rc == 0)
        CHECK(str_eq(buf_view(&f->out.text), expected));
    // An unlink that fails leaves the name: everything else leaves nothing.
    int names = 0;
    const struct os *os = sim_os(f->sim);
    CHECK(os->list(os, "temp", count_name, &names) == 0);
    CHECK(names == 0 || kind->ops == SIM_OP_UNLINK);
    return !happened;
}

static void test_faults(void)
{
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct fixture f;
        open_fixture(&f);
        for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
            must(&f, statements[i]);
            struct buf expected = BUF_INIT;
            buf_str(&expected, buf_view(&f.out.text));
            CHECK(sim_count(f.sim, SIM_OP_WRITE) > 0); // it does spill
            uint64_t n = 1, step = 1;
            while (!run(&f, &kinds[k], n, statements[i], buf_view(&expected))) {
                n += step;
                step = n < 20 ? 1 : n / 8;
            }
            CHECK(n > 1);
            buf_release(&expected);
        }
        close_fixture(&f);
    }
}

CHECK_MAIN({"faults", test_faults})
