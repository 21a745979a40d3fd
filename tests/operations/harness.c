#include "operations/harness.h"
#include <stdlib.h>
#include <unistd.h>

struct text_sink {
    struct result_sink sink;
    struct buf *text;
    struct session *session;
    bool rows;
};

static struct text_sink *of(struct result_sink *sink)
{
    return CONTAINER_OF(sink, struct text_sink, sink);
}

static void on_describe(struct result_sink *sink, const struct result_column *columns, size_t n)
{
    of(sink)->rows = true;
}

static int on_rows(struct result_sink *sink, const struct batch *batch, struct err *err)
{
    struct buf *text = of(sink)->text;
    for (uint32_t k = 0; k < batch->n; k++) {
        buf_cstr(text, text->len > 0 ? "\n" : "");
        for (uint32_t c = 0; c < batch->ncols; c++) {
            struct datum d = vec_get(&batch->cols[c], batch_row(batch, k));
            buf_cstr(text, c > 0 ? "|" : "");
            if (d.null)
                buf_cstr(text, "NULL");
            else
                datum_print(text, batch->cols[c].type, d, session_value_context(of(sink)->session));
        }
    }
    return 0;
}

static void on_complete(struct result_sink *sink, struct str tag)
{
    struct buf *text = of(sink)->text;
    if (!of(sink)->rows) {
        buf_cstr(text, text->len > 0 ? "\n" : "");
        buf_str(text, tag);
    }
    of(sink)->rows = false;
}

static void on_nothing(struct result_sink *sink)
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
    return of(sink)->text->len;
}

static bool on_rewind(struct result_sink *sink, size_t mark)
{
    of(sink)->text->len = mark;
    return true;
}

static const struct result_sink_ops ops = {
    .describe = on_describe,
    .rows = on_rows,
    .complete = on_complete,
    .empty = on_nothing,
    .suspended = on_nothing,
    .notice = on_notice,
    .parameter = on_parameter,
    .mark = on_mark,
    .rewind = on_rewind,
};

static void must(int rc, struct err *err)
{
    if (rc == 0)
        return;
    printf("harness: %s\n", err->message != NULL ? err->message : "failed");
    exit(1);
}

static void open_engine(struct harness *h)
{
    struct err err = ERR_INIT;
    char url[220] = "mem:";
    if (h->dir[0] != '\0' || h->os != NULL)
        snprintf(url, sizeof(url), "local:%s", h->os != NULL ? "store" : h->dir);
    struct kv_options kv_options = {.os = h->os, .memtable_bytes = h->memtable_bytes};
    must(kv_open(url, &kv_options, &h->kv, &err), &err);
    struct sql_engine_options options = {.kv = h->kv,
                                         .os = h->os,
                                         .budget = h->budget,
                                         .cluster_name = "test",
                                         .sql_port = 26257,
                                         .advertise_host = STR("localhost"),
                                         .external_io_dir = h->external_dir};
    must(clusters_open(h->kv, &(struct clusters_options){.engine = &options}, &h->clusters, &err), &err);
    h->engine = clusters_system(h->clusters);
    h->session = harness_session(h, "root");
}

static void close_engine(struct harness *h)
{
    session_free(h->session);
    clusters_close(h->clusters);
    kv_close(h->kv);
}

void harness_enter(const struct harness *h, const char *cluster, struct harness *out)
{
    struct err err = ERR_INIT;
    *out = *h;
    out->text = BUF_INIT;
    must(clusters_acquire(h->clusters, cluster_named(str_of(cluster)), &out->engine, &err), &err);
    out->session = harness_session(out, "root");
}

void harness_leave(struct harness *entered)
{
    session_free(entered->session);
    clusters_release(entered->clusters, entered->engine);
    buf_release(&entered->text);
}

static void make_dir(char *out, size_t size)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(out, size, "%s/palmetto-operations-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(out) == NULL)
        exit(1);
}

void harness_open(struct harness *h, bool on_disk)
{
    *h = (struct harness){0};
    if (on_disk)
        make_dir(h->dir, sizeof(h->dir));
    make_dir(h->external_dir, sizeof(h->external_dir));
    open_engine(h);
}

void harness_open_on(struct harness *h, const struct os *os)
{
    *h = (struct harness){.os = os, .memtable_bytes = 64 << 10};
    make_dir(h->external_dir, sizeof(h->external_dir));
    open_engine(h);
}

void harness_suspend(struct harness *h)
{
    close_engine(h);
}

void harness_resume(struct harness *h)
{
    open_engine(h);
}

void harness_reopen(struct harness *h)
{
    close_engine(h);
    open_engine(h);
}

void harness_remove(struct harness *h)
{
    char command[500];
    buf_release(&h->text);
    snprintf(command, sizeof(command), "rm -rf '%s' '%s'", h->external_dir,
             h->dir[0] != '\0' ? h->dir : h->external_dir);
    if (system(command) != 0)
        printf("harness: cannot remove %s\n", h->dir);
}

void harness_close(struct harness *h)
{
    close_engine(h);
    harness_remove(h);
}

struct session *harness_session(struct harness *h, const char *user)
{
    struct err err = ERR_INIT;
    struct session *s;
    struct session_options options = {.user = str_of(user),
                                      .database = STR("defaultdb"),
                                      .client_address = STR("127.0.0.1:1"),
                                      .auth_method = STR("trust")};
    must(session_new(h->engine, &options, &s, &err), &err);
    return s;
}

struct str harness_run_in(struct harness *h, struct session *s, const char *sql)
{
    struct err err = ERR_INIT;
    struct text_sink sink = {.sink.ops = &ops, .text = &h->text, .session = s};
    buf_clear(&h->text);
    if (session_query(s, str_of(sql), &sink.sink, &err) != 0) {
        char state[6];
        err_sqlstate(err.code, state);
        buf_printf(&h->text, "%sERROR %s %s", h->text.len > 0 ? "\n" : "", state, err.message);
    }
    err_reset(&err);
    return buf_view(&h->text);
}

struct str harness_run(struct harness *h, const char *sql)
{
    return harness_run_in(h, h->session, sql);
}

struct lines {
    struct sql_check check;
    struct buf *text;
};

static void on_finding(struct sql_check *check, struct str line)
{
    struct buf *text = CONTAINER_OF(check, struct lines, check)->text;
    buf_cstr(text, text->len > 0 ? "\n" : "");
    buf_str(text, line);
}

struct str harness_check(struct harness *h)
{
    struct err err = ERR_INIT;
    struct lines lines = {.check.found = on_finding, .text = &h->text};
    buf_clear(&h->text);
    must(sql_engine_check(h->engine, &lines.check, &err), &err);
    return buf_view(&h->text);
}
